/* SPDX-License-Identifier: MIT */
/* expect: compiles */
#include "subject.h"

void use(ost_session *s, const int *given, size_t count)
{
    int64_t keys[] = { 1, 2 };
    size_t found;
    user *users = ost_get_many(s, user, keys, 2, &found);
    users = ost_get_many(s, user, given, count, NULL);
    (void)ost_save_many(s, user, users, found);
    ost_query *q = ost_from(s, user);
    ost_lock(q, OST_LOCK_UPDATE);
}
