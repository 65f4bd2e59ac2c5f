/* SPDX-License-Identifier: MIT */
/* expect: ost_never */
#include "converted.h"

void use(ost_query *q, const hsv *list)
{
    ost_where(q, ost_in_converted(paint, shade, list, 2));
}
