/* SPDX-License-Identifier: MIT */
/* expect: ostler: this value does not fit user.home.city */
#include "subject.h"

void use(ost_query *q)
{
    ost_where(q, ost_eq(user, home.city, 3));
}
