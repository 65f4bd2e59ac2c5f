/* SPDX-License-Identifier: MIT */
/* expect: not compatible */
#include "subject.h"

void use(ost_query *q)
{
    ost_where(q, ost_has_part(user, tags, address, ost_eq(address, city, "a")));
}
