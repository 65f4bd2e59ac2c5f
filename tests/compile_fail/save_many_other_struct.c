/* SPDX-License-Identifier: MIT */
/* expect-gcc: not compatible with any association */
/* expect-clang: not compatible with any generic association */
#include "subject.h"

void use(ost_session *s, post *posts)
{
    (void)ost_save_many(s, user, posts, 2);
}
