/* SPDX-License-Identifier: MIT */
/* Comments live inside their post: they have no table, and are read and deleted with it. */
#ifndef BLOG_COMMENTS_H
#define BLOG_COMMENTS_H

#include <ostler/ostler.h>

typedef struct comment {
    const char *author;
    const char *text;
    ost_time at;
} comment;
OST_PART(comment);

/* OST_NOT_FOUND: there is no such post for readers. */
ost_status comments_add(ost_session *s, const char *post_slug, const char *author,
                        const char *text);
/* Removes the comments that have a text, from all posts; `posts` is set to how many had some. */
ost_status comments_remove(ost_session *s, const char *text, int64_t *posts);
/* Comments of a user stay, and name nobody. */
ost_status comments_forget_author(ost_session *s, const char *author);

#endif
