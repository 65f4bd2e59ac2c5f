/* SPDX-License-Identifier: MIT */
/* Posts: drafts until they are published, with tags and comments inside. */
#ifndef BLOG_POSTS_H
#define BLOG_POSTS_H

#include "categories.h"
#include "comments.h"
#include "users.h"

/* The author of what was written by somebody who has left. */
#define POSTS_NOBODY "nobody"

typedef struct post {
    int64_t id;
    int64_t author_id;
    const char *author; /* the name, kept here too: a page of posts needs no second table */
    const char *category_slug;
    const char *slug; /* its address, made of the title once */
    const char *title;
    const char *body;
    int seconds;               /* that reading takes */
    ost_opt_time published_at; /* absent: a draft */
    int likes;
    OST_LIST(int64_t) liked_by; /* ids of users */
    OST_LIST(const char *) tags;
    OST_LIST(comment) comments;
    user *written_by; /* these two are foreign keys of the table */
    category *category;
} post;
OST_RECORD(post, id);

/* Stores a draft. `draft` has title, body, category and tags; it is given back with the rest. */
ost_status posts_write(ost_session *s, const user *author, post *draft);
/* Lets everybody read a draft of the author's. OST_NOT_FOUND: the author has no such draft. */
ost_status posts_publish(ost_session *s, const user *author, const char *slug);
/* Another title and text for a post of the author's; NULL leaves one as it is. */
ost_status posts_edit(ost_session *s, const user *author, const char *slug, const char *title,
                      const char *body);
/* Likes a post. OST_NOT_FOUND: there is none, or the user likes it already. */
ost_status posts_like(ost_session *s, const user *who, const char *slug);

/* What readers get: published posts, the newest first. NULL: failed, or there is none. */
post *posts_read(ost_session *s, const char *slug);
post *posts_page(ost_session *s, size_t number, size_t size, size_t *count, ost_page *page);
/* Posts that have a tag, or a text in title or body, in either case. */
post *posts_search(ost_session *s, const char *words, size_t *count);

/* Posts of a user stay, and name nobody. */
ost_status posts_forget_author(ost_session *s, int64_t author_id);

#endif
