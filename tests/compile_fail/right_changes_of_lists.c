/* SPDX-License-Identifier: MIT */
/* expect: compiles */
#include "subject.h"

void use(ost_query *q)
{
    const char *const words[] = { "a", "b" };
    ost_where(q, ost_eq(user, home.city, "London"));
    ost_where(q, ost_has_item(user, tags, "a"));
    ost_where(q, ost_cmp_gt(ost_size(user, tags), ost_lit(1)));
    ost_update_one(q, ost_keep_last(ost_push_at(ost_push(user, tags, "a"), 0), 5));
    ost_update_one(q, ost_push_many(user, tags, words, 2), ost_set_list(user, tags, words, 2),
                   ost_add_to_set(user, tags, "c"), ost_pull(user, tags, "d"));
    ost_update_one(q, ost_set_part(user, home, address, &(address){ .city = "Paris" }),
                   ost_set(user, home.city, "Rome"), ost_set_null(user, home.city));
}
