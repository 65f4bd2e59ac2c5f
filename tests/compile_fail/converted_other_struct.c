/* SPDX-License-Identifier: MIT */
/* expect-gcc: '_Generic' selector of type 'hsv *' */
/* expect-clang: controlling expression type 'hsv *' */
#include "converted.h"

const ost_field field = OST_CONVERTED(paint, other, rgb_number);
