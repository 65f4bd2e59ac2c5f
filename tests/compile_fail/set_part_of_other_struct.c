/* SPDX-License-Identifier: MIT */
/* expect: not compatible */
#include "subject.h"

void use(ost_query *q)
{
    ost_update_one(q, ost_set_part(user, home, address, &(post){ .id = 1 }));
}
