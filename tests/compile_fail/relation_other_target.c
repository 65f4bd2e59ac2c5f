/* SPDX-License-Identifier: MIT */
/* expect-gcc: '_Generic' selector of type 'post *' */
/* expect-clang: controlling expression type 'post *' */
#include "subject.h"

const ost_relation relation = OST_HAS_MANY(user, posts, user, id);
