/* SPDX-License-Identifier: MIT */
/* expect: compiles */
#include "subject.h"

void use(ost_query *q, ost_decimal d)
{
    ost_where(q, ost_ge(user, money, d));
    ost_where(q, ost_ge(user, money, 10));
}
