/* SPDX-License-Identifier: MIT */
/* expect: no member named */
#include "subject.h"

void use(ost_query *q)
{
    ost_where(q, ost_eq(user, home.town, "a"));
}
