/* SPDX-License-Identifier: MIT */
/* expect: ostler: this value does not fit user.id */
#include "subject.h"

void use(ost_query *q)
{
    double ids[] = { 1, 2 };
    ost_where(q, ost_in(user, id, ids, 2));
}
