/* SPDX-License-Identifier: MIT */
/* expect-gcc: '_Generic' selector of type 'address *' */
/* expect-clang: controlling expression type 'address *' */
#include "subject.h"

const ost_field field = OST_FIELD(user, home);
