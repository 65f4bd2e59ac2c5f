/* SPDX-License-Identifier: MIT */
/*
 * Writes that give back columns. The server gives back one document at a time: one that is named by
 * its key, or is the first in an order, takes one command, others take one for each of them,
 * together. Rows are delivered once everything is stored, for a transaction may have to run again.
 */
#include "mongo/writes.h"

#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/shape.h"
#include "mongo/cells.h"
#include "mongo/writing.h"

typedef struct returning {
    ost__mongo_run run; /* first: what the work is given */
    ost__buffer documents;
} returning;

static void append_fields(const ost_plan *plan, bson_t *out)
{
    bool has_id = false;
    bson_t fields;
    BSON_APPEND_DOCUMENT_BEGIN(out, "fields", &fields);
    for (uint32_t i = 0; i < plan->shape->column_count; i++) {
        const char *name = plan->columns[i].name;
        has_id = has_id || strcmp(name, "_id") == 0;
        if (!bson_has_field(&fields, name))
            BSON_APPEND_INT32(&fields, name, 1);
    }
    if (!has_id)
        BSON_APPEND_INT32(&fields, "_id", 0);
    bson_append_document_end(out, &fields);
}

static ost__mongo_writer writer_of(const ost__mongo_run *r, size_t record)
{
    return (ost__mongo_writer){ .plan = r->op->plan,
                                .table = r->op->shape->table,
                                .op = r->op,
                                .record = ost__mongo_record(r->op, record),
                                .error = r->error };
}

/* Whether it is about one document at most. */
static bool is_one(const ost__mongo_run *r)
{
    const ost_shape *s = r->op->shape;
    const ost__mongo_writer w = writer_of(r, 0);
    if (!ost__mongo_is_limited(s))
        return ost__shape_is_by_key(s);
    return s->limit_parameter != OST_NO_PARAMETER && !ost__mongo_orders_are_computed(&w) &&
           ost__mongo_count_of(&w, s->limit_parameter) == 1 &&
           (s->offset_parameter == OST_NO_PARAMETER ||
            ost__mongo_count_of(&w, s->offset_parameter) <= 0);
}

/* `id`: the one document; NULL: by the operation's own condition. */
static ost_status write_command(returning *x, size_t record, const bson_iter_t *id)
{
    const ost_operation *op = x->run.op;
    bson_t *command = &x->run.c->command, query;
    ost__mongo_writer w = writer_of(&x->run, record);
    ost_status status = OST_OK;
    bson_reinit(command);
    BSON_APPEND_UTF8(command, "findAndModify", op->shape->table->name);
    BSON_APPEND_DOCUMENT_BEGIN(command, "query", &query);
    if (id)
        bson_append_iter(&query, "_id", 3, id);
    else
        status = ost__mongo_filter(&w, op->shape->where, &query);
    bson_append_document_end(command, &query);
    OST_TRY(status);
    if (!id && op->shape->order_count > 0) {
        BSON_APPEND_DOCUMENT_BEGIN(command, "sort", &query);
        ost__mongo_sort_in(&w, &query);
        bson_append_document_end(command, &query);
        OST_TRY(w.status);
    }
    append_fields(op->plan, command);
    if (op->kind == OST_DO_DELETE) {
        BSON_APPEND_BOOL(command, "remove", true);
        return OST_OK;
    }
    BSON_APPEND_BOOL(command, "new", !(op->flags & OST_FLAG_BEFORE));
    return ost__mongo_write_changes(&w, "update", command);
}

static ost_status keep_document(returning *x, const bson_t *reply)
{
    bson_iter_t i;
    const uint8_t *data;
    uint32_t size;
    if (!bson_iter_init_find(&i, reply, "value") || !BSON_ITER_HOLDS_DOCUMENT(&i))
        return OST_OK;
    bson_iter_document(&i, &size, &data);
    ost__buffer_bytes(&x->documents, data, size);
    x->run.outcome->matched++;
    if (x->documents.failed)
        return ost__error_set(x->run.error, OST_NO_MEMORY, "no memory for the rows");
    return OST_OK;
}

static ost_status write_one(returning *x, size_t record, const bson_iter_t *id)
{
    ost__mongo_run *r = &x->run;
    bson_t reply;
    ost_status status = write_command(x, record, id);
    if (status != OST_OK && r->error)
        r->error->nothing_sent = 1;
    OST_TRY(status);
    r->outcome->statements++;
    status = ost__mongo_command(r, OST__MONGO_WRITES, 0, &r->c->command, &reply);
    if (status == OST_OK)
        status = keep_document(x, &reply);
    bson_destroy(&reply);
    return status;
}

static ost_status write_record(ost__mongo_run *r, size_t record)
{
    returning *x = (returning *)r;
    ost__mongo_ids ids = { .count = 0 };
    bson_iter_t i;
    ost_status status;
    if (is_one(r))
        return write_one(x, record, NULL);
    bson_init(&ids.list);
    status = ost__mongo_ids_find(&x->run, record, &ids);
    if (status == OST_OK && bson_iter_init(&i, &ids.list))
        while (status == OST_OK && bson_iter_next(&i))
            status = write_one(x, record, &i);
    bson_destroy(&ids.list);
    return status;
}

static ost_status write_all(ost__mongo_run *r)
{
    ost__buffer_reset(&((returning *)r)->documents);
    return ost__mongo_each_record(r, write_record);
}

static ost_status deliver(returning *x)
{
    ost__mongo_run *r = &x->run;
    const uint8_t *at = (const uint8_t *)x->documents.data;
    size_t left = x->documents.size;
    ost__mongo_reader reader;
    if (!r->sink)
        return OST_OK;
    OST_TRY(ost__mongo_reader_begin(&reader, r->op->plan, r->op->rows, r->sink));
    while (left >= 4) {
        uint32_t size = ost__mongo_get32(at);
        if (size > left)
            break;
        if (ost__mongo_reader_row(&reader, at, size) != OST_OK)
            return ost__mongo_sink_failed(r->sink, r->error);
        at += size;
        left -= size;
    }
    r->outcome->rows += (int64_t)reader.rows;
    if (r->failed == OST_OK)
        r->failed = reader.failed;
    return OST_OK;
}

ost_status ost__mongo_write_returning(ost__mongo_run *r)
{
    returning x = { .run = *r };
    const ost_operation *op = r->op;
    ost_status status;
    bool one = is_one(r);
    if (!one)
        OST_TRY(ost__mongo_check_values(r));
    ost__buffer_init(&x.documents, &r->c->backend->memory);
    if (r->c->in_unit || (op->record_count <= 1 && one))
        status = write_all(&x.run);
    else
        status = ost__mongo_together(&x.run, write_all);
    if (status == OST_OK)
        status = deliver(&x);
    r->failed = x.run.failed;
    r->outcome->changed = op->kind == OST_DO_DELETE ? r->outcome->matched : -1;
    ost__buffer_finish(&x.documents);
    return status;
}
