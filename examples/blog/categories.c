/* SPDX-License-Identifier: MIT */
#include "categories.h"

/* clang-format off */

OST_MODEL(category, .table = "blog_categories",
    OST_FIELDS(
        OST_FIELD(category, slug, .primary_key = true, .max_length = 40, .format = OST_SLUG),
        OST_FIELD(category, name, .required = true, .unique = true, .max_length = 60)));

/* clang-format on */

ost_status categories_create(ost_session *s)
{
    category all[] = {
        { .slug = "engines", .name = "Engines" },
        { .slug = "languages", .name = "Languages" },
        { .slug = "life", .name = "Life and letters" },
    };
    return ost_insert_many(s, category, all, sizeof all / sizeof all[0]);
}
