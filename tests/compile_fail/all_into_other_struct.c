/* SPDX-License-Identifier: MIT */
/* expect: incompatible pointer type */
/* expect-gcc: initialization of 'post *' */
/* expect-clang: initializing 'post *' */
#include "subject.h"

void use(ost_query *q)
{
    size_t n;
    post *p = ost_all(q, user, &n);
    (void)p;
}
