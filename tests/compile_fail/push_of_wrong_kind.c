/* SPDX-License-Identifier: MIT */
/* expect: ostler: this value does not fit an item of user.tags */
#include "subject.h"

void use(ost_query *q)
{
    ost_update_one(q, ost_push(user, tags, 3));
}
