/* SPDX-License-Identifier: MIT */
#include "statistics.h"

#include "posts.h"

/* clang-format off */

OST_MODEL(category_total,
    OST_FIELDS(
        OST_FIELD(category_total, category_slug),
        OST_FIELD(category_total, posts),
        OST_FIELD(category_total, likes),
        OST_FIELD(category_total, comments),
        OST_FIELD(category_total, seconds)));

/* clang-format on */

category_total *statistics_by_category(ost_session *s, size_t *count)
{
    ost_query *q = ost_from(s, post);
    ost_group_by(q, ost_col(post, category_slug));
    ost_select(q, ost_as(category_total, category_slug, ost_col(post, category_slug)),
               ost_as(category_total, posts, ost_count()),
               ost_as(category_total, likes, ost_sum(ost_col(post, likes))),
               ost_as(category_total, comments, ost_sum(ost_size(post, comments))),
               ost_as(category_total, seconds, ost_avg(ost_col(post, seconds))));
    ost_order_by(q, ost_desc(category_total, likes));
    ost_order_by(q, ost_asc(category_total, category_slug));
    return ost_all(q, category_total, count);
}

ost_status statistics_authors(ost_session *s, int64_t *authors)
{
    ost_value value;
    OST_TRY(ost_value_of(ost_from(s, post), ost_count_distinct(ost_col(post, author_id)), &value));
    *authors = value.as.integer;
    return OST_OK;
}
