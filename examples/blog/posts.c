/* SPDX-License-Identifier: MIT */
#include "posts.h"

#include "slugs.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_A_SECOND = 4, MOST_ALIKE = 100 };

/* ---- what happens by itself ---- */

static int count_words(const char *text)
{
    int words = 0;
    for (bool inside = false; *text; text++) {
        bool letter = !strchr(" \t\r\n", *text);
        words += letter && !inside;
        inside = letter;
    }
    return words;
}

/* Whoever stores a post, and whatever changed in it: the reading time is right. */
static ost_status set_reading_time(ost_call *call, void *record)
{
    post *p = record;
    (void)call;
    p->seconds = (count_words(p->body) + WORDS_A_SECOND - 1) / WORDS_A_SECOND;
    return OST_OK;
}

/*
 * On insert alone, for links must hold when the title is corrected. Two writers of the same title
 * at the same time may get the same slug here; then the unique index refuses one of them.
 */
static ost_status set_slug(ost_call *call, void *record)
{
    post *p = record;
    ost_session *s = ost_call_session(call);
    char slug[SLUG_SIZE];
    bool taken = true;
    for (int number = 1; taken && number <= MOST_ALIKE; number++) {
        slug_write(p->title, number, slug);
        if (!slug[0])
            return ost_call_fail(call, "title", "must have a letter or a digit");
        ost_query *q = ost_from(s, post);
        ost_unscoped(q); /* a draft has its address too */
        ost_where(q, ost_eq(post, slug, slug));
        OST_TRY(ost_exists(q, &taken));
    }
    if (taken)
        return ost_call_fail(call, "title", "is one that too many posts have");
    p->slug = ost_call_text(call, slug, strlen(slug));
    return OST_OK;
}

/* Every query sees what readers may see; those for authors say ost_unscoped(). */
static void published(ost_query *q)
{
    ost_where(q, ost_not_null(post, published_at));
    ost_order_by(q, ost_desc(post, published_at));
}

/* A member of the JSON that is not stored. */
static ost_status address(ost_call *call, const void *record, ost_value *out)
{
    const post *p = record;
    char text[sizeof "/posts/" + SLUG_SIZE];
    snprintf(text, sizeof text, "/posts/%s", p->slug);
    *out = ost_value_text(ost_call_text(call, text, strlen(text)));
    return OST_OK;
}

/* clang-format off */

OST_MODEL(post, .table = "blog_posts",
    OST_FIELDS(
        OST_FIELD(post, id, .primary_key = true, .generated = OST_AUTO_INCREMENT, .hidden = true),
        OST_FIELD(post, author_id, .hidden = true, .immutable = true),
        OST_FIELD(post, author, .required = true, .max_length = 20),
        OST_FIELD(post, category_slug, .required = true, .max_length = 40),
        OST_FIELD(post, slug, .unique = true, .immutable = true, .format = OST_SLUG,
            .max_length = SLUG_SIZE - 1),
        OST_FIELD(post, title, .required = true, .trim = true, .max_length = 120),
        OST_FIELD(post, body, .required = true, .max_length = 100000),
        OST_FIELD(post, seconds),
        OST_FIELD(post, published_at),
        OST_FIELD(post, likes, .min = OST_INT(0)),
        OST_ITEMS(post, liked_by, .hidden = true),
        OST_ITEMS(post, tags, .trim = true, .lowercase = true, .max_length = 30,
            .pattern = "[a-z0-9+#]+( [a-z0-9+#]+)*"),
        OST_EMBEDS(post, comments, comment)),
    OST_RELATIONS(
        OST_BELONGS_TO(post, written_by, user, author_id),
        OST_BELONGS_TO(post, category, category, category_slug)),
    OST_INDEXES(
        OST_INDEX(OST_DESC(post, published_at)),
        OST_INDEX(OST_ASC(post, author_id)),
        OST_INDEX(OST_ASC(post, category_slug))),
    OST_COMPUTED(OST_COMPUTE("address", address)),
    .default_scope = published,
    .before_insert = set_slug,
    .before_save = set_reading_time);

/* clang-format on */

/* ---- writing ---- */

/* The posts with this address that an author may change: drafts among them, and only the own. */
static ost_query *own_post(ost_session *s, const user *author, const char *slug)
{
    ost_query *q = ost_from(s, post);
    ost_unscoped(q);
    ost_where(q, ost_eq(post, slug, slug));
    ost_where(q, ost_eq(post, author_id, author->id));
    return q;
}

ost_status posts_write(ost_session *s, const user *author, post *draft)
{
    draft->author_id = author->id;
    draft->author = author->name;
    return ost_insert(s, post, draft);
}

/* The time of a post that is published already stays what it is. */
ost_status posts_publish(ost_session *s, const user *author, const char *slug)
{
    ost_query *q = own_post(s, author, slug);
    ost_where(q, ost_is_null(post, published_at));
    return ost_update_one(q, ost_set(post, published_at, ost_now(s)));
}

/* A loaded record is changed like any struct; saving writes the members that differ. */
ost_status posts_edit(ost_session *s, const user *author, const char *slug, const char *title,
                      const char *body)
{
    post *p = ost_one(own_post(s, author, slug), post);
    if (!p)
        return (ost_status)ost_session_error(s)->status;
    if (title)
        p->title = title;
    if (body)
        p->body = body;
    return ost_save(s, post, p);
}

/* Whether the user likes it already is asked by the statement that counts: nobody likes twice. */
ost_status posts_like(ost_session *s, const user *who, const char *slug)
{
    ost_query *q = ost_from(s, post);
    ost_where(q, ost_eq(post, slug, slug));
    ost_where(q, ost_not(ost_has_item(post, liked_by, who->id)));
    return ost_update_one(q, ost_push(post, liked_by, who->id), ost_inc(post, likes, 1));
}

ost_status posts_forget_author(ost_session *s, int64_t author_id)
{
    ost_query *q = ost_from(s, post);
    ost_unscoped(q);
    ost_where(q, ost_eq(post, author_id, author_id));
    return ost_update(q, NULL, ost_set(post, author, POSTS_NOBODY));
}

/* ---- reading ---- */

post *posts_read(ost_session *s, const char *slug)
{
    return ost_find(s, post, ost_eq(post, slug, slug));
}

post *posts_page(ost_session *s, size_t number, size_t size, size_t *count, ost_page *page)
{
    return ost_paginate(ost_from(s, post), post, number, size, count, page);
}

post *posts_search(ost_session *s, const char *words, size_t *count)
{
    ost_query *q = ost_from(s, post);
    ost_where(q, ost_either(ost_has_item(post, tags, words), ost_has_text(post, title, words),
                            ost_has_text(post, body, words)));
    return ost_all(q, post, count);
}
