/* SPDX-License-Identifier: MIT */
/* expect: bit-field */
#include "subject.h"

const ost_field field = OST_FIELD(user, bits);
