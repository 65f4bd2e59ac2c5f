/* SPDX-License-Identifier: MIT */
/* Documents on libmongoc: iterators go into them, in the order that they were written in. */
#include "raw_mongo.h"

#include <stdio.h>

typedef struct raw {
    raw_link link;
    bench_docs docs;
    bench_seen seen;
} raw;

static bool complain(const char *what, const bson_error_t *error)
{
    (void)fprintf(stderr, "bench: raw mongo: %s: %s\n", what, error->message);
    return false;
}

static void raw_close(void *state)
{
    raw *r = state;
    raw_link_close(&r->link);
    free(r);
}

static void *raw_open(const bench_task *task)
{
    raw *r = calloc(1, sizeof *r);
    if (!r || raw_link_open(&r->link, task->place, "docs"))
        return r;
    raw_close(r);
    return NULL;
}

static const bench_seen *raw_seen(const void *state)
{
    return &((const raw *)state)->seen;
}

static bool read_home(bson_iter_t *i, bench_home *home)
{
    if (!next_is(i, "street"))
        return false;
    home->street = raw_utf8(i);
    if (!next_is(i, "city"))
        return false;
    home->city = raw_utf8(i);
    if (!next_is(i, "floor"))
        return false;
    home->floor = bson_iter_int32(i);
    if (!next_is(i, "north"))
        return false;
    home->north = bson_iter_double(i);
    if (!next_is(i, "east"))
        return false;
    home->east = bson_iter_double(i);
    return home->street && home->city;
}

/* Room for one more of `count` items in an array that doubles from four. */
static bool make_room(void **items, size_t count, size_t size)
{
    if (count != 0 && (count < 4 || (count & (count - 1)) != 0))
        return true;
    void *moved = realloc(*items, (count ? count * 2 : 4) * size);
    if (moved)
        *items = moved;
    return moved;
}

static bool read_tags(bson_iter_t *i, bench_doc *doc)
{
    void *items = NULL;
    bool good = true;
    while (good && bson_iter_next(i)) {
        good = make_room(&items, doc->tag_count, sizeof *doc->tags);
        if (good)
            good = (((const char **)items)[doc->tag_count++] = raw_utf8(i)) != NULL;
    }
    doc->tags = items;
    return good;
}

static bool read_remark(bson_iter_t *i, bench_remark *remark)
{
    if (!next_is(i, "author"))
        return false;
    remark->author = raw_utf8(i);
    if (!next_is(i, "text"))
        return false;
    remark->text = raw_utf8(i);
    if (!next_is(i, "stars"))
        return false;
    remark->stars = bson_iter_int32(i);
    return remark->author && remark->text;
}

static bool read_remarks(bson_iter_t *i, bench_doc *doc)
{
    void *items = NULL;
    bool good = true;
    while (good && bson_iter_next(i)) {
        bson_iter_t inside;
        good = make_room(&items, doc->remark_count, sizeof *doc->remarks) &&
               bson_iter_recurse(i, &inside) &&
               read_remark(&inside, (bench_remark *)items + doc->remark_count++);
    }
    doc->remarks = items;
    return good;
}

static bool read_doc(const bson_t *b, bench_doc *doc)
{
    bson_iter_t i, inside;
    *doc = (bench_doc){ 0 };
    if (!bson_iter_init(&i, b) || !next_is(&i, "_id"))
        return false;
    doc->id = bson_iter_as_int64(&i);
    if (!next_is(&i, "name"))
        return false;
    doc->name = raw_utf8(&i);
    return doc->name && next_is(&i, "home") && bson_iter_recurse(&i, &inside) &&
           read_home(&inside, &doc->home) && next_is(&i, "tags") &&
           bson_iter_recurse(&i, &inside) && read_tags(&inside, doc) && next_is(&i, "remarks") &&
           bson_iter_recurse(&i, &inside) && read_remarks(&inside, doc);
}

static bool select_documents(void *state, const bench_task *task)
{
    raw *r = state;
    bson_t all;
    const bson_t *b;
    bson_error_t error;
    bool good = true;
    (void)task;
    bson_init(&all);
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(r->link.collection, &all, NULL, NULL);
    while (good && mongoc_cursor_next(cursor, &b)) {
        bench_doc *doc = bench_new_doc(&r->docs);
        good = doc && read_doc(b, doc);
    }
    if (mongoc_cursor_error(cursor, &error))
        good = complain("read", &error);
    mongoc_cursor_destroy(cursor);
    bson_destroy(&all);
    return good;
}

static void see_documents(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    for (size_t i = 0; i < r->docs.count; i++)
        bench_see_doc(&r->seen, &r->docs.items[i]);
}

static bool push_one(const raw *r, int64_t id, const bench_remark *remark)
{
    bson_t key, change, push, item, reply;
    bson_iter_t i;
    bson_error_t error = { 0 };
    bson_init(&key);
    bson_init(&change);
    BSON_APPEND_INT64(&key, "_id", id);
    BSON_APPEND_DOCUMENT_BEGIN(&change, "$push", &push);
    BSON_APPEND_DOCUMENT_BEGIN(&push, "remarks", &item);
    BSON_APPEND_UTF8(&item, "author", remark->author);
    BSON_APPEND_UTF8(&item, "text", remark->text);
    BSON_APPEND_INT32(&item, "stars", remark->stars);
    bson_append_document_end(&push, &item);
    bson_append_document_end(&change, &push);
    bool good = mongoc_collection_update_one(r->link.collection, &key, &change, &r->link.in_session,
                                             &reply, &error);
    bool met =
        good && bson_iter_init_find(&i, &reply, "matchedCount") && bson_iter_as_int64(&i) == 1;
    bson_destroy(&key);
    bson_destroy(&change);
    bson_destroy(&reply);
    return met || complain("push", &error);
}

static bool push(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end; i++) {
        if (i % task->batch == 0 && !raw_link_begin(&r->link))
            return false;
        if (!push_one(r, task->keys[i], &task->remarks[i]))
            return false;
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && !raw_link_commit(&r->link))
            return false;
    }
    return true;
}

static const bench_case cases[] = {
    { "select_documents", NULL, select_documents, see_documents },
    { "push", NULL, push, NULL },
    { NULL, NULL, NULL, NULL },
};

const bench_side bench_mongo_documents = {
    .name = "raw_malloc", .open = raw_open, .close = raw_close, .seen = raw_seen, .cases = cases
};
