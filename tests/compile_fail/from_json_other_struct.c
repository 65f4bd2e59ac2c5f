/* SPDX-License-Identifier: MIT */
/* expect-gcc: selector of type 'post * */
/* expect-clang: controlling expression type 'post *' */
#include "subject.h"

ost_status use(ost_session *s, post *p)
{
    return ost_from_json(s, user, "{}", 2, ost_only(user, name), p);
}
