/* SPDX-License-Identifier: MIT */
/* What raw C's sources on MongoDB share. */
#ifndef OSTLER_BENCH_RAW_MONGO_H
#define OSTLER_BENCH_RAW_MONGO_H

#include "bench.h"

#include <mongoc/mongoc.h>
#include <stdlib.h>
#include <string.h>

typedef struct raw_link {
    mongoc_client_t *client;
    mongoc_collection_t *collection;
    mongoc_client_session_t *session;
    bson_t in_session; /* The options that put a call into it. */
} raw_link;

/* To be closed also if it fails. */
bool raw_link_open(raw_link *l, const char *url, const char *collection);
void raw_link_close(raw_link *l);
bool raw_link_begin(const raw_link *l);
bool raw_link_commit(const raw_link *l);

void raw_put_row(bson_t *b, const bench_row *row);
/* Upserts as one transaction; adds to the numbers of what became of them. */
bool raw_upsert_one_by_one(const raw_link *l, const bench_row *rows, size_t count, size_t *effects);
bool raw_upsert_in_bulk(const raw_link *l, const bench_row *rows, size_t count, size_t *effects);

static inline const char *raw_utf8(const bson_iter_t *i)
{
    uint32_t size;
    const char *text = bson_iter_utf8(i, &size);
    char *copy = text ? malloc((size_t)size + 1) : NULL;
    if (copy)
        memcpy(copy, text, (size_t)size + 1);
    return copy;
}

static inline bool next_is(bson_iter_t *i, const char *key)
{
    return bson_iter_next(i) && strcmp(bson_iter_key(i), key) == 0;
}

#endif
