/* SPDX-License-Identifier: MIT */
/* expect: incompatible pointer type */
#include "subject.h"

void use(ost_session *s)
{
    int64_t keys[] = { 1 };
    size_t found;
    post *posts = ost_get_many(s, user, keys, 1, &found);
    (void)posts;
}
