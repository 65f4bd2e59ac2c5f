/* SPDX-License-Identifier: MIT */
/* expect: compiles */
#include "subject.h"

const ost_field field = OST_EMBED(user, home, address);
