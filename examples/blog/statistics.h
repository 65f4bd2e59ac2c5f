/* SPDX-License-Identifier: MIT */
/* Statistics of what is published, counted by the database. */
#ifndef BLOG_STATISTICS_H
#define BLOG_STATISTICS_H

#include <ostler/ostler.h>

/* The shape of an answer: a struct that has no table. */
typedef struct category_total {
    const char *category_slug;
    int64_t posts;
    ost_opt_int64 likes;
    ost_opt_int64 comments; /* a sum over nothing is absent */
    ost_opt_double seconds; /* on average */
} category_total;
OST_PART(category_total);

/* The categories that have posts, the most liked first. NULL: failed. */
category_total *statistics_by_category(ost_session *s, size_t *count);
/* How many different authors there are. */
ost_status statistics_authors(ost_session *s, int64_t *authors);

#endif
