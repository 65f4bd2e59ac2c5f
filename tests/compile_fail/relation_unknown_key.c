/* SPDX-License-Identifier: MIT */
/* expect: no member named 'nope' */
#include "subject.h"

const ost_relation relation = OST_HAS_MANY(user, posts, post, nope);
