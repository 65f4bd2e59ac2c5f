/* SPDX-License-Identifier: MIT */
/* expect-gcc: '_Generic' selector of type 'void **' */
/* expect-clang: controlling expression type 'void **' */
#include "subject.h"

const ost_field field = OST_FIELD(user, any);
