/* SPDX-License-Identifier: MIT */
/* expect: is of a kind that is stored as it is */
#include "converted.h"

typedef uint32_t number;
OST_CONVERTS(number_text, number);
const ost_field field = OST_CONVERTED(paint, number, number_text);
