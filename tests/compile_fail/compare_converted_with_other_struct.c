/* SPDX-License-Identifier: MIT */
/* expect: ost_never */
#include "converted.h"

void use(ost_query *q, const hsv *c)
{
    ost_where(q, ost_eq_converted(paint, shade, c));
}
