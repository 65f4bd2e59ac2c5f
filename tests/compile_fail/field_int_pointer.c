/* SPDX-License-Identifier: MIT */
/* expect-gcc: '_Generic' selector of type 'int **' is not compatible */
/* expect-clang: controlling expression type 'int **' not compatible with any generic */
#include "subject.h"

const ost_field field = OST_FIELD(user, ip);
