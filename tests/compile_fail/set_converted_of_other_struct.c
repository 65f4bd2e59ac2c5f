/* SPDX-License-Identifier: MIT */
/* expect: ost_never */
#include "converted.h"

void use(ost_query *q, const void *c)
{
    ost_update_one(q, ost_set_converted(paint, shade, c));
}
