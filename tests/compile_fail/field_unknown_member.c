/* SPDX-License-Identifier: MIT */
/* expect: no member named 'nope' */
#include "subject.h"

const ost_field field = OST_FIELD(user, nope);
