/* SPDX-License-Identifier: MIT */
/* expect: ostler: these are no keys of user */
#include "subject.h"

void use(ost_session *s)
{
    const char *keys[] = { "a" };
    size_t found;
    (void)ost_get_many(s, user, keys, 1, &found);
}
