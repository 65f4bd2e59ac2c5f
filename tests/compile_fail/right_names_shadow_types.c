/* SPDX-License-Identifier: MIT */
/* expect: compiles */
#include "subject.h"

void use(ost_session *s)
{
    user *user = ost_get(s, user, 1);
    (void)user;
    ost_insert(s, user, &(struct user){ .id = 1, .age = 2 });
}
