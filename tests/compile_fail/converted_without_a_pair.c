/* SPDX-License-Identifier: MIT */
/* expect-gcc: unknown_converts_ */
/* expect-clang: unknown_converts_ */
#include "converted.h"

const ost_field field = OST_CONVERTED(paint, shade, unknown);
