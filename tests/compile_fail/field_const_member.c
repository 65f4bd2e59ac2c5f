/* SPDX-License-Identifier: MIT */
/* expect-gcc: '_Generic' selector of type 'const int *' */
/* expect-clang: controlling expression type 'const int *' */
#include "subject.h"

const ost_field field = OST_FIELD(user, ci);
