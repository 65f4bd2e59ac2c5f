/* SPDX-License-Identifier: MIT */
#include "comments.h"

#include "posts.h"

/* clang-format off */

OST_MODEL(comment,
    OST_FIELDS(
        OST_FIELD(comment, author, .required = true, .max_length = 20),
        OST_FIELD(comment, text, .required = true, .trim = true, .max_length = 500,
            .messages = OST_MESSAGES(.required = "say something")),
        OST_FIELD(comment, at, .stamp = OST_ON_INSERT)));

/* clang-format on */

/* The database appends: nobody's comment is lost when two are written at the same time. */
ost_status comments_add(ost_session *s, const char *post_slug, const char *author, const char *text)
{
    ost_query *q = ost_from(s, post);
    ost_where(q, ost_eq(post, slug, post_slug));
    return ost_update_one(
        q, ost_push_part(post, comments, comment, &(comment){ .author = author, .text = text }));
}

ost_status comments_remove(ost_session *s, const char *text, int64_t *posts)
{
    ost_query *q = ost_from(s, post);
    ost_where(q, ost_has_part(post, comments, comment, ost_has_text(comment, text, text)));
    return ost_update(q, posts,
                      ost_pull_where(post, comments, comment, ost_has_text(comment, text, text)));
}

ost_status comments_forget_author(ost_session *s, const char *author)
{
    ost_query *q = ost_from(s, post);
    ost_unscoped(q);
    ost_where(q, ost_has_part(post, comments, comment, ost_eq(comment, author, author)));
    return ost_update(q, NULL,
                      ost_update_items(post, comments, comment, ost_eq(comment, author, author),
                                       ost_set(comment, author, POSTS_NOBODY)));
}
