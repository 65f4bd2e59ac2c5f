/* SPDX-License-Identifier: MIT */
/* expect: ostler: this is no key of user */
#include "subject.h"

void use(ost_session *s)
{
    (void)ost_get(s, user, "abc");
}
