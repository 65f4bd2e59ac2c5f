/* SPDX-License-Identifier: MIT */
/* expect-gcc: '_Generic' selector of type '_Atomic int *' */
/* expect-clang: controlling expression type '_Atomic(int) *' */
#include "subject.h"

const ost_field field = OST_FIELD(user, counter);
