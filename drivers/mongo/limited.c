/* SPDX-License-Identifier: MIT */
/*
 * Writes of so many documents in an order, which the server has no statement for: their ids are
 * read, and they are written by them, in one transaction, so that nobody changes them in between.
 */
#include "mongo/writes.h"

#include <string.h>

#include "base/error.h"
#include "mongo/writing.h"

enum { CHUNK_IDS = 10000, CHUNK_BYTES = 4 << 20, PORTION = 16384 };

/* ---- ids ---- */

static void stage(ost__mongo_writer *w, bson_t *stages, uint32_t *at, const char *word, int64_t n)
{
    bson_t one;
    ost__mongo_open_item(w, stages, at, &one);
    ost__mongo_appended(w, BSON_APPEND_INT64(&one, word, n));
    ost__mongo_close_document(w, stages, &one);
}

/* What a find cannot sort by is computed by a stage. */
static ost_status write_aggregate(ost__mongo_writer *w, bson_t *out, int64_t limit, int64_t offset)
{
    bson_t stages, one, inner;
    uint32_t at;
    bson_reinit(out);
    BSON_APPEND_UTF8(out, "aggregate", w->table->name);
    ost__mongo_open_array(w, out, "pipeline", &stages);
    at = ost__mongo_sorted_in(w, &stages);
    if (offset > 0)
        stage(w, &stages, &at, "$skip", offset);
    if (limit > 0)
        stage(w, &stages, &at, "$limit", limit);
    ost__mongo_open_item(w, &stages, &at, &one);
    ost__mongo_open_document(w, &one, "$project", &inner);
    BSON_APPEND_INT32(&inner, "_id", 1);
    ost__mongo_close_document(w, &one, &inner);
    ost__mongo_close_document(w, &stages, &one);
    ost__mongo_close_array(w, out, &stages);
    ost__mongo_open_document(w, out, "cursor", &inner);
    BSON_APPEND_INT32(&inner, "batchSize", PORTION);
    ost__mongo_close_document(w, out, &inner);
    return w->status;
}

/* *nothing: the limit is zero. */
static ost_status write_find(ost__mongo_writer *w, bson_t *out, bool *nothing)
{
    const ost_shape *s = w->op->shape;
    bson_t inner;
    ost_status status;
    int64_t limit = 0, offset = 0;
    if (s->limit_parameter != OST_NO_PARAMETER)
        limit = ost__mongo_count_of(w, s->limit_parameter);
    if (s->offset_parameter != OST_NO_PARAMETER)
        offset = ost__mongo_count_of(w, s->offset_parameter);
    *nothing = s->limit_parameter != OST_NO_PARAMETER && limit <= 0;
    if (ost__mongo_orders_are_computed(w))
        return write_aggregate(w, out, limit, offset);
    bson_reinit(out);
    BSON_APPEND_UTF8(out, "find", w->table->name);
    BSON_APPEND_DOCUMENT_BEGIN(out, "filter", &inner);
    status = ost__mongo_filter(w, s->where, &inner);
    bson_append_document_end(out, &inner);
    OST_TRY(status);
    BSON_APPEND_DOCUMENT_BEGIN(out, "projection", &inner);
    BSON_APPEND_INT32(&inner, "_id", 1);
    bson_append_document_end(out, &inner);
    if (s->order_count > 0) {
        BSON_APPEND_DOCUMENT_BEGIN(out, "sort", &inner);
        ost__mongo_sort_in(w, &inner);
        bson_append_document_end(out, &inner);
    }
    if (offset > 0)
        BSON_APPEND_INT64(out, "skip", offset);
    if (limit > 0)
        BSON_APPEND_INT64(out, "limit", limit);
    BSON_APPEND_INT32(out, "batchSize", PORTION);
    return w->status;
}

static ost_status take_ids(ost__mongo_run *r, const bson_t *reply, int64_t *cursor,
                           ost__mongo_ids *out)
{
    bson_iter_t top, inner, batch, document;
    *cursor = 0;
    if (!bson_iter_init_find(&top, reply, "cursor") || !bson_iter_recurse(&top, &inner))
        return ost__error_set(r->error, OST_DRIVER_ERROR, "the server sent no cursor");
    while (bson_iter_next(&inner)) {
        const char *key = bson_iter_key(&inner);
        if (strcmp(key, "id") == 0)
            *cursor = bson_iter_as_int64(&inner);
        if (strcmp(key, "firstBatch") != 0 && strcmp(key, "nextBatch") != 0)
            continue;
        if (!bson_iter_recurse(&inner, &batch))
            continue;
        while (bson_iter_next(&batch)) {
            char number[16];
            int size = (int)ost__mongo_index_key(out->count, number);
            if (!bson_iter_recurse(&batch, &document) || !bson_iter_find(&document, "_id") ||
                !bson_append_iter(&out->list, number, size, &document))
                return ost__error_set(r->error, OST_DRIVER_ERROR, "the server sent no keys");
            out->count++;
        }
    }
    return OST_OK;
}

ost_status ost__mongo_ids_find(ost__mongo_run *r, size_t record, ost__mongo_ids *out)
{
    const ost_operation *op = r->op;
    bson_t *command = &r->c->command;
    ost__mongo_writer w = { .plan = op->plan,
                            .table = op->shape->table,
                            .op = op,
                            .record = ost__mongo_record(op, record),
                            .error = r->error };
    uint32_t server = 0;
    int64_t cursor = 0;
    bool nothing;
    ost_status status = write_find(&w, command, &nothing);
    if (status != OST_OK && r->error)
        r->error->nothing_sent = 1;
    if (status != OST_OK || nothing)
        return status;
    do {
        bson_t reply;
        r->outcome->statements++;
        status = ost__mongo_command_at(r, OST__MONGO_PLAIN, 0, command, &server, &reply);
        if (status == OST_OK)
            status = take_ids(r, &reply, &cursor, out);
        bson_destroy(&reply);
        bson_reinit(command);
        BSON_APPEND_INT64(command, "getMore", cursor);
        BSON_APPEND_UTF8(command, "collection", op->shape->table->name);
        BSON_APPEND_INT32(command, "batchSize", PORTION);
    } while (status == OST_OK && cursor != 0);
    return status;
}

/* ---- writing ---- */

/* {_id: {$in: […]}} of the ids from the iterator on, as many as a command takes. */
static uint32_t append_query(bson_t *out, bson_iter_t *ids, bool *more)
{
    bson_t query, in, list;
    uint32_t n = 0;
    BSON_APPEND_DOCUMENT_BEGIN(out, "q", &query);
    BSON_APPEND_DOCUMENT_BEGIN(&query, "_id", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
    do {
        char key[16];
        bson_append_iter(&list, key, (int)ost__mongo_index_key(n++, key), ids);
        *more = bson_iter_next(ids);
    } while (*more && n < CHUNK_IDS && list.len < CHUNK_BYTES);
    bson_append_array_end(&in, &list);
    bson_append_document_end(&query, &in);
    bson_append_document_end(out, &query);
    return n;
}

static int64_t number_in(const bson_t *reply, const char *key)
{
    bson_iter_t i;
    return bson_iter_init_find(&i, reply, key) ? bson_iter_as_int64(&i) : 0;
}

static ost_status write_chunk(ost__mongo_run *r, size_t record, bson_iter_t *ids, bool *more)
{
    const ost_operation *op = r->op;
    bool updates = op->kind == OST_DO_UPDATE;
    bson_t *command = &r->c->command, list, statement, reply;
    ost__mongo_writer w = { .plan = op->plan,
                            .table = op->shape->table,
                            .op = op,
                            .record = ost__mongo_record(op, record),
                            .error = r->error };
    ost_status status = OST_OK;
    bson_reinit(command);
    BSON_APPEND_UTF8(command, updates ? "update" : "delete", op->shape->table->name);
    bson_append_array_begin(command, updates ? "updates" : "deletes", 7, &list);
    BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &statement);
    append_query(&statement, ids, more);
    if (updates) {
        status = ost__mongo_write_changes(&w, "u", &statement);
        BSON_APPEND_BOOL(&statement, "multi", true);
    } else {
        BSON_APPEND_INT32(&statement, "limit", 0);
    }
    bson_append_document_end(&list, &statement);
    bson_append_array_end(command, &list);
    OST_TRY(status);
    r->outcome->statements++;
    status = ost__mongo_command(r, OST__MONGO_WRITES, 0, command, &reply);
    r->outcome->matched += number_in(&reply, "n");
    r->outcome->changed += number_in(&reply, updates ? "nModified" : "n");
    bson_destroy(&reply);
    return status;
}

static ost_status write_record(ost__mongo_run *r, size_t record)
{
    ost__mongo_ids ids = { .count = 0 };
    bson_iter_t i;
    bool more;
    ost_status status;
    bson_init(&ids.list);
    status = ost__mongo_ids_find(r, record, &ids);
    more = status == OST_OK && bson_iter_init(&i, &ids.list) && bson_iter_next(&i);
    while (status == OST_OK && more)
        status = write_chunk(r, record, &i, &more);
    bson_destroy(&ids.list);
    return status;
}

ost_status ost__mongo_each_record(ost__mongo_run *r,
                                  ost_status (*write)(ost__mongo_run *r, size_t record))
{
    ost_outcome *o = r->outcome;
    size_t count = r->op->record_count > 0 ? r->op->record_count : 1, missed = SIZE_MAX;
    o->matched = o->changed = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t matched = o->matched;
        ost_status status = write(r, i);
        o->failed_record = SIZE_MAX;
        if (status != OST_OK) {
            o->failed_record = r->op->record_count > 0 ? i : SIZE_MAX;
            return status;
        }
        if (o->matched == matched && missed == SIZE_MAX && r->op->record_count > 0)
            missed = i;
    }
    o->failed_record = missed;
    return OST_OK;
}

static ost_status write_all(ost__mongo_run *r)
{
    return ost__mongo_each_record(r, write_record);
}

/* Values that cannot be stored are refused even where they meet nothing, as anywhere else. */
ost_status ost__mongo_check_values(ost__mongo_run *r)
{
    const ost_operation *op = r->op;
    size_t count = op->record_count > 0 ? op->record_count : 1;
    ost_status status = OST_OK;
    for (size_t i = 0; op->kind == OST_DO_UPDATE && status == OST_OK && i < count; i++) {
        ost__mongo_writer w = { .plan = op->plan,
                                .table = op->shape->table,
                                .op = op,
                                .record = ost__mongo_record(op, i),
                                .error = r->error };
        bson_t changes = BSON_INITIALIZER;
        bool is_pipeline;
        status = ost__mongo_changes(&w, &changes, &is_pipeline);
        bson_destroy(&changes);
        if (status != OST_OK && op->record_count > 0)
            r->outcome->failed_record = i;
    }
    if (status != OST_OK && r->error)
        r->error->nothing_sent = 1;
    return status;
}

ost_status ost__mongo_write_limited(ost__mongo_run *r)
{
    r->outcome->changed = 0;
    if (r->op->plan->nothing) {
        r->outcome->failed_record = r->op->record_count > 0 ? 0 : SIZE_MAX;
        return OST_OK;
    }
    OST_TRY(ost__mongo_check_values(r));
    return ost__mongo_together(r, write_all);
}
