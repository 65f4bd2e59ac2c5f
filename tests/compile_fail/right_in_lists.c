/* SPDX-License-Identifier: MIT */
/* expect: compiles */
#include "subject.h"

void use(ost_query *q)
{
    int ids[] = { 1, 2, 3 };
    const char *const names[] = { "a" };
    ost_where(q, ost_in(user, id, ids, 3));
    ost_where(q, ost_in(user, name, names, 1));
}
