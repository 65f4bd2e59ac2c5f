/* SPDX-License-Identifier: MIT */
/*
 * Updates and deletes that give back columns, where the server's cannot: the keys of the records
 * that are met are read and locked, then each is written by its key and read, or read and deleted.
 * All in one unit, the session's or one of its own, so that nobody sees or changes anything in
 * between.
 */
#include "mysql/connection.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"

enum { KEYS_MAX = 16, CHUNK = 4096 };

/* Keys of locked records: each lies in a struct of the model's own form, of which nothing else is
 * filled. */
typedef struct key_rows {
    ost_sink sink; /* first */
    ost__arena arena;
    ost__buffer rows; /* of pointers */
    ost_row_program program;
    ost_row_step steps[KEYS_MAX];
    const ost_table *table;
} key_rows;

static void *refill_row(ost_sink *k)
{
    key_rows *keys = (key_rows *)k;
    void *row = ost__arena_alloc_zeroed(&keys->arena, k->row_size, _Alignof(max_align_t));
    if (row)
        ost__buffer_bytes(&keys->rows, &row, sizeof row);
    if (row && !keys->rows.failed)
        return row;
    k->status = OST_NO_MEMORY;
    return NULL;
}

static void *refill_bytes(ost_sink *k, size_t size, size_t align)
{
    key_rows *keys = (key_rows *)k;
    void *p = ost__arena_alloc(&keys->arena, size, align);
    if (!p)
        k->status = OST_NO_MEMORY;
    return p;
}

static void expect(ost_sink *k, size_t rows)
{
    (void)k;
    (void)rows;
}

static void column_failed(ost_sink *k, uint16_t column, ost_status why)
{
    (void)column;
    k->status = why;
}

static void begin_keys(key_rows *k, const ost_table *t, const ost__memory *memory)
{
    size_t end = 0;
    memset(k, 0, sizeof *k);
    ost__arena_init(&k->arena, memory, CHUNK);
    ost__buffer_init(&k->rows, memory);
    k->table = t;
    for (uint32_t i = 0; i < t->key_count; i++) {
        const ost_field *f = t->keys[i];
        k->steps[i] = (ost_row_step){
            .offset = (uint32_t)f->offset,
            .size = f->size,
            .type = ost__my_kind_of(f),
            .column = (uint16_t)i,
            .column_type = ost__my_kind_of(f),
            .precision = f->precision,
            .scale = f->scale,
            .field = f,
            .origin = f,
        };
        if (f->offset + f->size > end)
            end = f->offset + f->size;
    }
    k->program = (ost_row_program){ .struct_size = sizeof k->program,
                                    .step_size = sizeof(ost_row_step),
                                    .step_count = t->key_count,
                                    .row_size = (uint32_t)end,
                                    .steps = k->steps };
    k->sink = (ost_sink){ .struct_size = sizeof k->sink,
                          .row_size = (uint32_t)end,
                          .refill_row = refill_row,
                          .refill_bytes = refill_bytes,
                          .expect = expect,
                          .column_failed = column_failed };
}

static void end_keys(key_rows *k)
{
    ost__buffer_finish(&k->rows);
    ost__arena_finish(&k->arena);
}

static size_t key_row_count(const key_rows *k)
{
    return k->rows.size / sizeof(void *);
}

static ost_value value_of(const ost_field *f, const void *at)
{
    ost_value v = { .type = ost__my_kind_of(f) };
    switch (v.type) {
    case OST_TYPE_BOOL: v.as.boolean = *(const bool *)at; break;
    case OST_TYPE_INT8: return ost_value_int(*(const signed char *)at);
    case OST_TYPE_INT16: return ost_value_int(*(const int16_t *)at);
    case OST_TYPE_INT32: return ost_value_int(*(const int32_t *)at);
    case OST_TYPE_INT64: return ost_value_int(*(const int64_t *)at);
    case OST_TYPE_UINT8: return ost_value_uint(*(const uint8_t *)at);
    case OST_TYPE_UINT16: return ost_value_uint(*(const uint16_t *)at);
    case OST_TYPE_UINT32: return ost_value_uint(*(const uint32_t *)at);
    case OST_TYPE_UINT64: return ost_value_uint(*(const uint64_t *)at);
    case OST_TYPE_TEXT: return ost_value_text(*(const char *const *)at);
    case OST_TYPE_CHARS: return ost_value_text(at);
    case OST_TYPE_BLOB: v.as.blob = *(const ost_blob *)at; break;
    case OST_TYPE_TIME: v.as.time = *(const ost_time *)at; break;
    case OST_TYPE_DATE: v.as.date = *(const ost_date *)at; break;
    case OST_TYPE_UUID: v.as.uuid = *(const ost_uuid *)at; break;
    case OST_TYPE_OBJECT_ID: v.as.object_id = *(const ost_object_id *)at; break;
    case OST_TYPE_DECIMAL: v.as.decimal = *(const ost_decimal *)at; break;
    default: v.type = OST_TYPE_NONE; break;
    }
    return v;
}

/* One emulation: the operation with the key behind its own parameters. */
typedef struct emulation {
    ost__my_run *r;
    ost_operation op;
    ost_parameter *parameters;
    size_t size;
    key_rows keys;
} emulation;

static void set_key(emulation *e, const void *row)
{
    const ost_table *t = e->keys.table;
    for (uint32_t i = 0; i < t->key_count; i++) {
        const ost_field *f = t->keys[i];
        ost_parameter *p = &e->parameters[e->r->op->parameter_count + i];
        *p = (ost_parameter){ .source = OST_FROM_VALUE,
                              .precision = f->precision,
                              .scale = f->scale,
                              .field = f,
                              .value = value_of(f, (const char *)row + f->offset) };
        p->type = p->value.type;
    }
}

/* Runs a part of the plan for one record; its rows go to `sink`, as `program` says. */
static ost_status run_part(emulation *e, enum ost__my_part part, const void *record,
                           const ost_row_program *program, ost_sink *sink)
{
    ost__my_run run = *e->r;
    ost__my_statement *s;
    ost_error unwanted;
    ost_status status;
    run.op = &e->op;
    run.sink = sink;
    e->op.rows = program;
    run.spare = sink == e->r->sink ? e->r->spare : NULL;
    OST_TRY(ost__my_statement_of(run.c, &e->op, part, &s, run.error));
    status = ost__my_write_one(&run, s, part, record);
    if (status == OST_OK)
        status = ost__my_release(run.c, s, run.error);
    else
        (void)ost__my_release(run.c, s, &unwanted);
    if (sink == e->r->sink) {
        e->r->spare = run.spare;
        e->r->failed = run.failed;
    }
    return status;
}

static ost_status write_locked(emulation *e, const void *record)
{
    const ost_operation *op = e->r->op;
    ost_outcome *o = e->r->outcome;
    size_t count = key_row_count(&e->keys);
    int64_t matched = o->matched;
    for (size_t i = 0; i < count; i++) {
        const void *row;
        memcpy(&row, e->keys.rows.data + i * sizeof row, sizeof row);
        set_key(e, row);
        if (op->kind == OST_DO_DELETE)
            OST_TRY(run_part(e, OST__MY_READ, record, op->rows, e->r->sink));
        OST_TRY(run_part(e, OST__MY_BY_KEY, record, NULL, NULL));
        if (op->kind == OST_DO_UPDATE)
            OST_TRY(run_part(e, OST__MY_READ, record, op->rows, e->r->sink));
    }
    o->matched = matched + (int64_t)count;
    return OST_OK;
}

static ost_status emulate_record(emulation *e, const void *record)
{
    ost_outcome *o = e->r->outcome;
    int64_t rows = o->rows, matched = o->matched;
    ost_status status;
    begin_keys(&e->keys, e->r->op->shape->table, &e->r->c->backend->memory);
    status = run_part(e, OST__MY_LOCK, record, &e->keys.program, &e->keys.sink);
    if (status == OST_OK && e->keys.sink.status != OST_OK)
        status = ost__error_set(e->r->error, e->keys.sink.status, "a key does not fit its member");
    /* What was locked was neither asked for nor written yet. */
    o->rows = rows;
    o->matched = matched;
    if (status == OST_OK)
        status = write_locked(e, record);
    end_keys(&e->keys);
    return status;
}

static ost_status emulate_records(emulation *e)
{
    const ost_operation *op = e->r->op;
    size_t count = op->record_count > 0 ? op->record_count : 1;
    for (size_t i = 0; i < count; i++) {
        int64_t matched = e->r->outcome->matched;
        ost_status status = emulate_record(e, ost__my_record(op, i));
        if (status != OST_OK && op->record_count > 0)
            e->r->outcome->failed_record = i;
        OST_TRY(status);
        ost__my_note_missed(e->r, i, matched);
    }
    return OST_OK;
}

static ost_status in_own_unit(emulation *e)
{
    ost_connection *c = e->r->c;
    const ost_operation *op = e->r->op;
    ost_error unwanted;
    ost_status status;
    OST_TRY(ost__my_command(c, op, "START TRANSACTION", e->r->error));
    status = emulate_records(e);
    if (status == OST_OK)
        return ost__my_command(c, op, "COMMIT", e->r->error);
    if (!ost__my_owes(c) && !c->lost)
        (void)ost__my_command(c, op, "ROLLBACK", &unwanted);
    return status;
}

ost_status ost__my_emulate(ost__my_run *r)
{
    const ost_operation *op = r->op;
    const ost__memory *memory = &r->c->backend->memory;
    const ost_table *t = op->shape->table;
    emulation e = { .r = r, .op = *op };
    ost_status status;
    if (t->key_count > KEYS_MAX)
        return ost__error_set(r->error, OST_UNSUPPORTED,
                              "%s: a write that gives back columns takes a key of %d members",
                              t->model, KEYS_MAX);
    e.size = (op->parameter_count + t->key_count) * sizeof *e.parameters;
    e.parameters = ost__alloc(memory, e.size);
    if (!e.parameters)
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for a statement");
    if (op->parameter_count > 0)
        memcpy(e.parameters, op->parameters, op->parameter_count * sizeof *e.parameters);
    e.op.parameters = e.parameters;
    e.op.parameter_count = op->parameter_count + t->key_count;
    e.op.flags &= (uint16_t) ~(OST_FLAG_SINGLE | OST_FLAG_STREAM);
    status = ost__my_in_unit(r->c) ? emulate_records(&e) : in_own_unit(&e);
    ost__free(memory, e.parameters, e.size);
    return status;
}
