/* SPDX-License-Identifier: MIT */
/* expect-gcc: '_Generic' selector of type 'uint8_t (*)[32]' */
/* expect-clang: controlling expression type 'uint8_t (*)[32]' */
#include "subject.h"

const ost_field field = OST_FIELD(user, digest);
