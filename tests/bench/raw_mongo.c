/* SPDX-License-Identifier: MIT */
/*
 * The yardstick on MongoDB: what a careful C programmer writes on libmongoc. Many documents go by
 * bulk operations, cursors are read by iterators of libbson in the order that the documents were
 * written in, texts are malloc'd one by one. A second form writes in bulk what the first does not.
 */
#include "raw_mongo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct raw {
    raw_link link;
    size_t effects[BENCH_EFFECTS];
    bench_rows rows;
    bench_groups groups;
    bench_seen seen;
} raw;

static bool complain(const char *what, const bson_error_t *error)
{
    (void)fprintf(stderr, "bench: raw mongo: %s: %s\n", what, error->message);
    return false;
}

/* ---- connection ---- */

void raw_link_close(raw_link *l)
{
    bson_destroy(&l->in_session);
    if (l->session)
        mongoc_client_session_destroy(l->session);
    if (l->collection)
        mongoc_collection_destroy(l->collection);
    if (l->client)
        mongoc_client_destroy(l->client);
}

bool raw_link_open(raw_link *l, const char *url, const char *collection)
{
    bson_error_t error;
    mongoc_init();
    bson_init(&l->in_session);
    mongoc_uri_t *uri = mongoc_uri_new_with_error(url, &error);
    if (!uri)
        return complain("url", &error);
    const char *database = mongoc_uri_get_database(uri);
    l->client = mongoc_client_new_from_uri(uri);
    l->collection = l->client && database
                        ? mongoc_client_get_collection(l->client, database, collection)
                        : NULL;
    mongoc_uri_destroy(uri);
    if (!l->collection)
        return false;
    l->session = mongoc_client_start_session(l->client, NULL, &error);
    return (l->session && mongoc_client_session_append(l->session, &l->in_session, &error)) ||
           complain("session", &error);
}

bool raw_link_begin(const raw_link *l)
{
    bson_error_t error;
    return mongoc_client_session_start_transaction(l->session, NULL, &error) ||
           complain("begin", &error);
}

bool raw_link_commit(const raw_link *l)
{
    bson_error_t error;
    bson_t reply;
    bool good = mongoc_client_session_commit_transaction(l->session, &reply, &error);
    bson_destroy(&reply);
    return good || complain("commit", &error);
}

static void raw_close(void *state)
{
    raw *r = state;
    raw_link_close(&r->link);
    free(r);
}

static raw *raw_open(const char *url)
{
    raw *r = calloc(1, sizeof *r);
    if (!r || raw_link_open(&r->link, url, "users"))
        return r;
    raw_close(r);
    return NULL;
}

static void *open_task(const bench_task *task)
{
    return raw_open(task->place);
}

static const bench_seen *raw_seen(const void *state)
{
    return &((const raw *)state)->seen;
}

/* ---- documents ---- */

void raw_put_row(bson_t *b, const bench_row *row)
{
    bson_init(b);
    (void)(BSON_APPEND_INT64(b, "_id", row->id) && BSON_APPEND_UTF8(b, "username", row->username) &&
           BSON_APPEND_UTF8(b, "email", row->email) && BSON_APPEND_INT32(b, "age", row->age) &&
           BSON_APPEND_BOOL(b, "active", row->active) &&
           BSON_APPEND_DOUBLE(b, "score", row->score) &&
           BSON_APPEND_DATE_TIME(b, "created_at", (row->created_us + 500) / 1000) &&
           BSON_APPEND_UTF8(b, "bio", row->bio));
}

/* In the order of raw_put_row(). */
static bool read_row(const bson_t *b, bench_row *row)
{
    bson_iter_t i;
    *row = (bench_row){ 0 };
    if (!bson_iter_init(&i, b) || !next_is(&i, "_id"))
        return false;
    row->id = bson_iter_as_int64(&i);
    if (!next_is(&i, "username"))
        return false;
    row->username = raw_utf8(&i);
    if (!next_is(&i, "email"))
        return false;
    row->email = raw_utf8(&i);
    if (!next_is(&i, "age"))
        return false;
    row->age = bson_iter_int32(&i);
    if (!next_is(&i, "active"))
        return false;
    row->active = bson_iter_bool(&i);
    if (!next_is(&i, "score"))
        return false;
    row->score = bson_iter_double(&i);
    if (!next_is(&i, "created_at"))
        return false;
    row->created_us = bson_iter_date_time(&i) * 1000;
    if (!next_is(&i, "bio"))
        return false;
    row->bio = raw_utf8(&i);
    return row->username && row->email && row->bio;
}

/* ---- the cases ---- */

static bool insert_one(void *state, const bench_task *task)
{
    raw *r = state;
    bson_error_t error;
    for (size_t i = task->first; i < task->end; i++) {
        bson_t b;
        if (i % task->batch == 0 && !raw_link_begin(&r->link))
            return false;
        raw_put_row(&b, &task->rows[i]);
        bool good =
            mongoc_collection_insert_one(r->link.collection, &b, &r->link.in_session, NULL, &error);
        bson_destroy(&b);
        if (!good)
            return complain("insert", &error);
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && !raw_link_commit(&r->link))
            return false;
    }
    return true;
}

static bool run_bulk(mongoc_bulk_operation_t *bulk)
{
    bson_error_t error;
    bson_t reply;
    bool good = mongoc_bulk_operation_execute(bulk, &reply, &error) != 0;
    bson_destroy(&reply);
    mongoc_bulk_operation_destroy(bulk);
    return good || complain("bulk", &error);
}

static bool insert_rows(const raw *r, const bson_t *options, const bench_row *rows, size_t count)
{
    mongoc_bulk_operation_t *bulk =
        mongoc_collection_create_bulk_operation_with_opts(r->link.collection, options);
    for (size_t i = 0; i < count; i++) {
        bson_t b;
        raw_put_row(&b, &rows[i]);
        (void)mongoc_bulk_operation_insert_with_opts(bulk, &b, NULL, NULL);
        bson_destroy(&b);
    }
    return run_bulk(bulk);
}

static bool insert_many(void *state, const bench_task *task)
{
    raw *r = state;
    return raw_link_begin(&r->link) &&
           insert_rows(r, &r->link.in_session, task->rows, task->count) &&
           raw_link_commit(&r->link);
}

/* Reads what a cursor gives, up to `most` rows, behind r->rows. */
static bool read_all(raw *r, mongoc_cursor_t *cursor)
{
    const bson_t *b;
    bson_error_t error;
    bool good = true;
    while (good && mongoc_cursor_next(cursor, &b)) {
        bench_row *row = bench_new_row(&r->rows);
        good = row && read_row(b, row);
    }
    if (mongoc_cursor_error(cursor, &error))
        good = complain("read", &error);
    mongoc_cursor_destroy(cursor);
    return good;
}

static bool get_row(const raw *r, int64_t id, bench_row *row)
{
    bson_t filter, options;
    const bson_t *b;
    bson_init(&filter);
    bson_init(&options);
    BSON_APPEND_INT64(&filter, "_id", id);
    BSON_APPEND_INT32(&options, "limit", 1);
    BSON_APPEND_BOOL(&options, "singleBatch", true);
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(r->link.collection, &filter, &options, NULL);
    bool good = mongoc_cursor_next(cursor, &b) && read_row(b, row);
    mongoc_cursor_destroy(cursor);
    bson_destroy(&filter);
    bson_destroy(&options);
    return good;
}

static bool get(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end; i++) {
        bench_row row;
        if (!get_row(r, task->keys[i], &row))
            return false;
        bench_look(&r->seen, &row, task);
        bench_free_texts(&row, 1);
    }
    return true;
}

static bool select_all(void *state, const bench_task *task)
{
    raw *r = state;
    bson_t all;
    (void)task;
    bson_init(&all);
    bool good = read_all(r, mongoc_collection_find_with_opts(r->link.collection, &all, NULL, NULL));
    bson_destroy(&all);
    return good;
}

static void see_rows(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    for (size_t i = 0; i < r->rows.count; i++)
        bench_see_row(&r->seen, &r->rows.items[i]);
}

static bool filter(raw *r, int low)
{
    bson_t match, ages, options, order;
    bson_init(&match);
    bson_init(&options);
    BSON_APPEND_DOCUMENT_BEGIN(&match, "age", &ages);
    BSON_APPEND_INT32(&ages, "$gte", low);
    BSON_APPEND_INT32(&ages, "$lte", low + BENCH_AGE_SPAN);
    bson_append_document_end(&match, &ages);
    BSON_APPEND_BOOL(&match, "active", true);
    BSON_APPEND_DOCUMENT_BEGIN(&options, "sort", &order);
    BSON_APPEND_INT32(&order, "score", -1);
    BSON_APPEND_INT32(&order, "_id", -1);
    bson_append_document_end(&options, &order);
    BSON_APPEND_INT64(&options, "limit", BENCH_LIMIT);
    BSON_APPEND_BOOL(&options, "singleBatch", true);
    r->rows.count = 0;
    bool good =
        read_all(r, mongoc_collection_find_with_opts(r->link.collection, &match, &options, NULL));
    bson_destroy(&match);
    bson_destroy(&options);
    return good;
}

static bool filter_order_limit(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end; i++) {
        if (!filter(r, task->ages[i]))
            return false;
        for (size_t k = 0; k < r->rows.count; k++)
            bench_look(&r->seen, &r->rows.items[k], task);
        bench_free_texts(r->rows.items, r->rows.count);
    }
    return true;
}

/* The rows to change are at hand before the clock starts, on all sides. */
static bool load_rows(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = 0; i < task->count; i++) {
        bench_row *row = bench_new_row(&r->rows);
        if (!row || !get_row(r, task->keys[i], row))
            return false;
    }
    return true;
}

static void put_update(bench_row *row, bson_t *key, bson_t *change)
{
    bson_t set;
    row->age++;
    bson_init(key);
    bson_init(change);
    BSON_APPEND_INT64(key, "_id", row->id);
    BSON_APPEND_DOCUMENT_BEGIN(change, "$set", &set);
    BSON_APPEND_INT32(&set, "age", row->age);
    bson_append_document_end(change, &set);
}

static bool update_row(const raw *r, bench_row *row)
{
    bson_t key, change, reply;
    bson_iter_t i;
    bson_error_t error;
    put_update(row, &key, &change);
    bool good = mongoc_collection_update_one(r->link.collection, &key, &change, &r->link.in_session,
                                             &reply, &error);
    bool met =
        good && bson_iter_init_find(&i, &reply, "matchedCount") && bson_iter_as_int64(&i) == 1;
    bson_destroy(&key);
    bson_destroy(&change);
    bson_destroy(&reply);
    return met || complain("update", &error);
}

static bool update_batches(raw *r, const bench_task *task, size_t batch)
{
    for (size_t i = task->first; i < task->end; i++) {
        if (i % batch == 0 && !raw_link_begin(&r->link))
            return false;
        if (!update_row(r, &r->rows.items[i]))
            return false;
        if (((i + 1) % batch == 0 || i + 1 == task->end) && !raw_link_commit(&r->link))
            return false;
    }
    return true;
}

static bool update_one(void *state, const bench_task *task)
{
    return update_batches(state, task, task->batch);
}

static bool save_one_by_one(void *state, const bench_task *task)
{
    return update_batches(state, task, BENCH_MANY);
}

static bool update_in_bulk(raw *r, const bench_task *task, size_t batch)
{
    for (size_t i = task->first; i < task->end;) {
        mongoc_bulk_operation_t *bulk = mongoc_collection_create_bulk_operation_with_opts(
            r->link.collection, &r->link.in_session);
        if (!raw_link_begin(&r->link))
            return false;
        for (size_t n = 0; n < batch && i < task->end; n++, i++) {
            bson_t key, change;
            put_update(&r->rows.items[i], &key, &change);
            (void)mongoc_bulk_operation_update_one_with_opts(bulk, &key, &change, NULL, NULL);
            bson_destroy(&key);
            bson_destroy(&change);
        }
        if (!run_bulk(bulk) || !raw_link_commit(&r->link))
            return false;
    }
    return true;
}

static bool save_in_bulk(void *state, const bench_task *task)
{
    return update_in_bulk(state, task, BENCH_MANY);
}

static bool update_many_in_bulk(void *state, const bench_task *task)
{
    return update_in_bulk(state, task, task->batch);
}

typedef bool upsert_rows(const raw_link *l, const bench_row *rows, size_t count, size_t *effects);

static bool upsert_batches(raw *r, const bench_task *task, upsert_rows *upsert)
{
    bool good = true;
    for (size_t i = task->first; good && i < task->end; i += task->batch)
        good = upsert(&r->link, task->rows + i,
                      task->end - i < task->batch ? task->end - i : task->batch, r->effects);
    return good;
}

static bool upsert_many(void *state, const bench_task *task)
{
    return upsert_batches(state, task, raw_upsert_one_by_one);
}

static bool upsert_many_in_bulk(void *state, const bench_task *task)
{
    return upsert_batches(state, task, raw_upsert_in_bulk);
}

static int by_id(const void *a, const void *b)
{
    const bench_row *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

/* In the order of the keys, and not in that of the collection. */
static bool look_by_keys(raw *r, const bench_task *task, size_t first, size_t end)
{
    qsort(r->rows.items, r->rows.count, sizeof *r->rows.items, by_id);
    for (size_t i = first; i < end; i++) {
        const bench_row wanted = { .id = task->keys[i] },
                        *row = bsearch(&wanted, r->rows.items, r->rows.count, sizeof wanted, by_id);
        if (!row)
            return false;
        bench_look(&r->seen, row, task);
    }
    return true;
}

static bool get_by_list(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end;) {
        bson_t match, member, list;
        size_t first = i;
        char key[16];
        bson_init(&match);
        BSON_APPEND_DOCUMENT_BEGIN(&match, "_id", &member);
        BSON_APPEND_ARRAY_BEGIN(&member, "$in", &list);
        for (int n = 0; n < BENCH_MANY && i < task->end; n++, i++) {
            (void)snprintf(key, sizeof key, "%d", n);
            BSON_APPEND_INT64(&list, key, task->keys[i]);
        }
        bson_append_array_end(&member, &list);
        bson_append_document_end(&match, &member);
        r->rows.count = 0;
        bool good =
            read_all(r, mongoc_collection_find_with_opts(r->link.collection, &match, NULL, NULL));
        bson_destroy(&match);
        good = good && look_by_keys(r, task, first, i);
        bench_free_texts(r->rows.items, r->rows.count);
        if (!good)
            return false;
    }
    return true;
}

static bool aggregate(void *state, const bench_task *task)
{
    raw *r = state;
    const bson_t *b;
    bson_error_t error;
    bool good = true;
    (void)task;
    bson_t *stages =
        BCON_NEW("pipeline", "[", "{", "$group", "{", "_id", BCON_UTF8("$age"), "people", "{",
                 "$sum", BCON_INT32(1), "}", "average", "{", "$avg", BCON_UTF8("$score"), "}",
                 "highest", "{", "$max", BCON_UTF8("$score"), "}", "}", "}", "]");
    mongoc_cursor_t *cursor =
        mongoc_collection_aggregate(r->link.collection, MONGOC_QUERY_NONE, stages, NULL, NULL);
    while (good && mongoc_cursor_next(cursor, &b)) {
        bench_group *group = bench_new_group(&r->groups);
        bson_iter_t i;
        good = group && bson_iter_init(&i, b) && next_is(&i, "_id");
        if (good)
            group->age = bson_iter_int32(&i);
        good = good && next_is(&i, "people");
        if (good)
            group->people = bson_iter_as_int64(&i);
        good = good && next_is(&i, "average");
        if (good)
            group->average = bson_iter_double(&i);
        good = good && next_is(&i, "highest");
        if (good)
            group->highest = bson_iter_double(&i);
    }
    if (mongoc_cursor_error(cursor, &error))
        good = complain("aggregate", &error);
    mongoc_cursor_destroy(cursor);
    bson_destroy(stages);
    return good;
}

static void see_groups(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    for (size_t i = 0; i < r->groups.count; i++)
        bench_see_group(&r->seen, &r->groups.items[i]);
}

/* ---- databases ---- */

static bool fill(const char *place, const bench_row *rows, size_t count)
{
    raw *r = raw_open(place);
    bool good = r && insert_rows(r, NULL, rows, count);
    if (r)
        raw_close(r);
    return good;
}

static bool see(const char *place, bench_seen *seen)
{
    raw *r = raw_open(place);
    bson_t all, options, order;
    bson_init(&all);
    bson_init(&options);
    BSON_APPEND_DOCUMENT_BEGIN(&options, "sort", &order);
    BSON_APPEND_INT32(&order, "_id", 1);
    bson_append_document_end(&options, &order);
    bool good = r && read_all(r, mongoc_collection_find_with_opts(r->link.collection, &all,
                                                                  &options, NULL));
    bson_destroy(&all);
    bson_destroy(&options);
    *seen = (bench_seen){ 0 };
    for (size_t i = 0; good && i < r->rows.count; i++)
        bench_see_row(seen, &r->rows.items[i]);
    if (r)
        raw_close(r);
    return good;
}

/* A command in Extended JSON. */
static bool run_command(const char *place, const char *json)
{
    bson_error_t error = { 0 };
    raw *r = raw_open(place);
    bson_t *command = bson_new_from_json((const uint8_t *)json, -1, &error);
    mongoc_database_t *database = r ? mongoc_client_get_default_database(r->link.client) : NULL;
    bool good = command && database &&
                mongoc_database_command_with_opts(database, command, NULL, NULL, NULL, &error);
    if (!good)
        (void)complain(json, &error);
    if (database)
        mongoc_database_destroy(database);
    bson_destroy(command);
    if (r)
        raw_close(r);
    return good;
}

static const bench_case cases[] = {
    { "insert_one", NULL, insert_one, NULL },
    { "insert_many", NULL, insert_many, NULL },
    { "get", NULL, get, NULL },
    { "get_many", NULL, get, NULL },
    { "select_all", NULL, select_all, see_rows },
    { "filter_order_limit", NULL, filter_order_limit, NULL },
    { "update_one", load_rows, update_one, NULL },
    { "save_many", load_rows, save_one_by_one, NULL },
    { "update_many", load_rows, update_one, NULL },
    { "upsert_many", NULL, upsert_many, NULL },
    { "aggregate", NULL, aggregate, see_groups },
    { NULL, NULL, NULL, NULL },
};

static const bench_case bulk_cases[] = {
    { "get_many", NULL, get_by_list, NULL },
    { "save_many", load_rows, save_in_bulk, NULL },
    { "update_many", load_rows, update_many_in_bulk, NULL },
    { "upsert_many", NULL, upsert_many_in_bulk, NULL },
    { NULL, NULL, NULL, NULL },
};

static const bench_side raw_malloc = {
    .name = "raw_malloc", .open = open_task, .close = raw_close, .seen = raw_seen, .cases = cases
};
static const bench_side raw_bulk = { .name = "raw_pipeline",
                                     .open = open_task,
                                     .close = raw_close,
                                     .seen = raw_seen,
                                     .cases = bulk_cases };

const bench_store bench_mongo = {
    .scheme = "mongodb:",
    .sides = { &raw_malloc, &raw_bulk },
    .fill = fill,
    .see = see,
    .run_sql = run_command,
    .documents = &bench_mongo_documents,
};
