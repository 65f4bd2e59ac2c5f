/* SPDX-License-Identifier: MIT */
/* expect-gcc: '_Generic' selector of type 'post *' */
/* expect-clang: controlling expression type 'post *' */
#include "subject.h"

void use(ost_session *s, post *p)
{
    ost_insert(s, user, p);
}
