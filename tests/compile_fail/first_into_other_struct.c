/* SPDX-License-Identifier: MIT */
/* expect: incompatible pointer type */
/* expect-gcc: assignment to 'post *' */
/* expect-clang: assigning to 'post *' */
#include "subject.h"

void use(ost_query *q, post *p)
{
    p = ost_first(q, user);
    (void)p;
}
