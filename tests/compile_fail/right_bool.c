/* SPDX-License-Identifier: MIT */
/* expect: compiles */
#include "subject.h"

void use(ost_query *q)
{
    ost_where(q, ost_eq(user, active, true));
}
