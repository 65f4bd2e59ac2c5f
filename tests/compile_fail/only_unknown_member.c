/* SPDX-License-Identifier: MIT */
/* expect: no member named 'nope' */
#include "subject.h"

ost_status use(ost_session *s, user *u)
{
    return ost_from_json(s, user, "{}", 2, ost_only(user, name, nope), u);
}
