/* SPDX-License-Identifier: MIT */
/* expect-gcc: '_Generic' selector of type */
/* expect-clang: controlling expression type */
#include "converted.h"

ost_status store(ost_call *call, const rgb *c, ost_value *out);
ost_status load(ost_call *call, const ost_value *value, void *c);
OST_CONVERSION(rgb_number, OST_TYPE_INT32, store, load);
