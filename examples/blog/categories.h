/* SPDX-License-Identifier: MIT */
/* Categories: each post belongs to one. */
#ifndef BLOG_CATEGORIES_H
#define BLOG_CATEGORIES_H

#include <ostler/ostler.h>

typedef struct category {
    const char *slug; /* its key, and its name in addresses */
    const char *name;
} category;
OST_RECORD(category, slug);

/* Stores the categories that the blog has, all or none. */
ost_status categories_create(ost_session *s);

#endif
