/* SPDX-License-Identifier: MIT */
/* expect-gcc: '_Generic' selector of type */
/* expect-clang: controlling expression type 'rgb' */
#include "converted.h"

void use(ost_query *q)
{
    ost_where(q, ost_eq(paint, shade, 5));
}
