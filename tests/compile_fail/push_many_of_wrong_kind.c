/* SPDX-License-Identifier: MIT */
/* expect: ost_never */
#include "subject.h"

void use(ost_query *q)
{
    const int numbers[] = { 1 };
    ost_update_one(q, ost_push_many(user, tags, numbers, 1));
}
