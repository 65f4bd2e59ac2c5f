/* SPDX-License-Identifier: MIT */
/* What the two halves of an upsert share: its documents, and how they are run. */
#ifndef OSTLER_MONGO_UPSERT_H
#define OSTLER_MONGO_UPSERT_H

#include "mongo/types.h"
#include "mongo/connection.h"
#include "mongo/writing.h"

/* Members that no document may have. */
#define OST__MONGO_UPSERT_NEW "ostler_new"
#define OST__MONGO_UPSERT_CHANGED "ostler_changed"

/* ---- upsert_text.c ---- */

/* The new document; `key` is that of the counter, or NULL. */
void ost__mongo_upsert_record_in(ost__mongo_writer *w, const int64_t *key, bson_t *out);
/* The members of a findAndModify. Of an existing document comes what `fields` says, with
 * OST__MONGO_UPSERT_CHANGED. */
void ost__mongo_upsert_in(ost__mongo_writer *w, const bson_t *record, bson_t *out);
/* The same as a statement of an update, which gives nothing back. */
void ost__mongo_upsert_statement_in(ost__mongo_writer *w, const bson_t *record, bson_t *out);
void ost__mongo_upsert_fields_in(ost__mongo_writer *w, bson_t *out);
void ost__mongo_upsert_let_in(ost__mongo_writer *w, const bson_t *record, bson_t *out);

/* ---- running them ---- */

typedef struct ost__mongo_upserting {
    ost__mongo_run *run;
    const ost_table *table;
    bool generated; /* new documents get a key of the counter */
    int64_t first_key;
    ost__mongo_reader reader;
} ost__mongo_upserting;

/* upsert.c: the new document of record i; `w` becomes its writer. */
ost_status ost__mongo_upsert_record(ost__mongo_upserting *x, size_t i, ost__mongo_writer *w,
                                    bson_t *out);
/* After OST_CONFLICT: what it was, and whether the record may be run again. */
ost_status ost__mongo_upsert_conflict(ost__mongo_upserting *x, uint8_t *effect);
ost_status ost__mongo_upsert_deliver(ost__mongo_upserting *x, const void *document, size_t size);

/* upsert_many.c: records from `first` on in a transaction, as many as belong into one command;
 * *count becomes how many those are, and is 0 if there are fewer than two. */
ost_status ost__mongo_upsert_many(ost__mongo_upserting *x, size_t first, size_t *count);

#endif
