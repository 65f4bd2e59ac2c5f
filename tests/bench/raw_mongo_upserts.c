/* SPDX-License-Identifier: MIT */
/*
 * Upserts by libmongoc: each one replaces the document with a key, or adds it. The
 * answer says which are new, and how many of the others are another document now; were that some of
 * them only, they would have to be read.
 */
#include "raw_mongo.h"

#include <stdio.h>

static bool complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench: raw mongo: %s: %s\n", what, why);
    return false;
}

static void put_upsert(const bench_row *row, bson_t *key, bson_t *document)
{
    bson_init(key);
    BSON_APPEND_INT64(key, "_id", row->id);
    raw_put_row(document, row);
}

static int64_t number_in(const bson_t *reply, const char *name)
{
    bson_iter_t i;
    return bson_iter_init_find(&i, reply, name) ? bson_iter_as_int64(&i) : 0;
}

/* Of `count` upserts. */
static bool take_effects(const bson_t *reply, size_t count, const char *inserted, size_t *effects)
{
    bson_iter_t i, item;
    int64_t matched = number_in(reply, "matchedCount");
    int64_t modified = number_in(reply, "modifiedCount"), added = 0;
    if (bson_iter_init_find(&i, reply, inserted) && bson_iter_recurse(&i, &item))
        while (bson_iter_next(&item))
            added++;
    else if (bson_iter_init_find(&i, reply, inserted))
        added = 1;
    if (modified != 0 && modified != matched)
        return complain("upsert", "some are unchanged");
    effects[BENCH_INSERTED] += (size_t)added;
    effects[modified > 0 ? BENCH_UPDATED : BENCH_UNCHANGED] += (size_t)matched;
    return (size_t)(added + matched) == count || complain("upsert", "records are missing");
}

static bool upsert_row(const raw_link *l, const bson_t *options, const bench_row *row,
                       size_t *effects)
{
    bson_t key, document, reply;
    bson_error_t error;
    put_upsert(row, &key, &document);
    bool good =
        mongoc_collection_replace_one(l->collection, &key, &document, options, &reply, &error) ||
        complain("upsert", error.message);
    good = good && take_effects(&reply, 1, "upsertedId", effects);
    bson_destroy(&key);
    bson_destroy(&document);
    bson_destroy(&reply);
    return good;
}

bool raw_upsert_one_by_one(const raw_link *l, const bench_row *rows, size_t count, size_t *effects)
{
    bson_t options = BSON_INITIALIZER;
    bool good = raw_link_begin(l);
    bson_concat(&options, &l->in_session);
    BSON_APPEND_BOOL(&options, "upsert", true);
    for (size_t i = 0; good && i < count; i++)
        good = upsert_row(l, &options, &rows[i], effects);
    bson_destroy(&options);
    return good && raw_link_commit(l);
}

bool raw_upsert_in_bulk(const raw_link *l, const bench_row *rows, size_t count, size_t *effects)
{
    bson_t options = BSON_INITIALIZER, reply = BSON_INITIALIZER;
    bson_error_t error;
    mongoc_bulk_operation_t *bulk =
        mongoc_collection_create_bulk_operation_with_opts(l->collection, &l->in_session);
    bool good = raw_link_begin(l);
    BSON_APPEND_BOOL(&options, "upsert", true);
    for (size_t i = 0; good && i < count; i++) {
        bson_t key, document;
        put_upsert(&rows[i], &key, &document);
        good =
            mongoc_bulk_operation_replace_one_with_opts(bulk, &key, &document, &options, &error) ||
            complain("upsert", error.message);
        bson_destroy(&key);
        bson_destroy(&document);
    }
    if (good) {
        bson_destroy(&reply);
        good = mongoc_bulk_operation_execute(bulk, &reply, &error) != 0 ||
               complain("bulk", error.message);
    }
    /* A bulk has its own names for the same numbers. */
    int64_t matched = number_in(&reply, "nMatched"), modified = number_in(&reply, "nModified"),
            added = number_in(&reply, "nUpserted");
    if (good && modified != 0 && modified != matched)
        good = complain("bulk", "some are unchanged");
    effects[BENCH_INSERTED] += (size_t)added;
    effects[modified > 0 ? BENCH_UPDATED : BENCH_UNCHANGED] += (size_t)matched;
    good = good && (size_t)(added + matched) == count;
    mongoc_bulk_operation_destroy(bulk);
    bson_destroy(&options);
    bson_destroy(&reply);
    return good && raw_link_commit(l);
}
