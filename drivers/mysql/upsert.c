/* SPDX-License-Identifier: MIT */
/*
 * Upserts. MariaDB's statement takes any unique key for the declared one, so that it is made to
 * fail where it met another (dialect.c); then, and on MySQL always, three statements stand in for
 * it: the update of what is there, else its lock, else the insert. Only the declared key decides in
 * those, and who else wrote the record in between is told by the insert.
 */
#include "mysql/connection.h"

#include <string.h>

#include "base/error.h"

/* ---- rows with an effect ---- */

/* Rows of an upsert until they are known to stay: as the operation wants them, and behind each its
 * effect. Texts go where they are wanted at once. */
typedef struct held {
    ost_sink sink; /* first */
    ost_sink *to;  /* NULL: nobody wants rows */
    ost__buffer rows;
    ost_row_program program;
    ost_row_step *steps;
    size_t steps_size, effect_at;
    const ost__memory *memory;
} held;

static const ost_field effect_field = { .name = "effect", .type = OST_TYPE_INT64, .size = 8 };

static void take_bytes_back(held *h)
{
    if (h->to)
        h->to->bytes = h->sink.bytes;
}

static void *refill_row(ost_sink *k)
{
    static const char zeros[256];
    held *h = (held *)k;
    size_t at = h->rows.size;
    for (size_t left = k->row_size; left > 0;) {
        size_t part = left < sizeof zeros ? left : sizeof zeros;
        ost__buffer_bytes(&h->rows, zeros, part);
        left -= part;
    }
    if (!h->rows.failed)
        return h->rows.data + at;
    k->status = OST_NO_MEMORY;
    return NULL;
}

static void *refill_bytes(ost_sink *k, size_t size, size_t align)
{
    held *h = (held *)k;
    void *at;
    take_bytes_back(h);
    at = h->to ? h->to->refill_bytes(h->to, size, align) : NULL;
    if (h->to)
        h->sink.bytes = h->to->bytes;
    if (!at)
        k->status = h->to && h->to->status != OST_OK ? h->to->status : OST_NO_MEMORY;
    return at;
}

static void expect(ost_sink *k, size_t rows)
{
    (void)k;
    (void)rows;
}

static void column_failed(ost_sink *k, uint16_t column, ost_status why)
{
    held *h = (held *)k;
    if (h->to && column < h->program.step_count - 1)
        h->to->column_failed(h->to, column, why);
}

static ost_status held_begin(held *h, ost__my_run *r)
{
    const ost_row_program *p = r->op->rows;
    uint32_t count = p ? p->step_count : 0;
    memset(h, 0, sizeof *h);
    h->memory = &r->c->backend->memory;
    h->to = p ? r->sink : NULL;
    h->steps_size = (count + 1) * sizeof *h->steps;
    h->steps = ost__alloc(h->memory, h->steps_size);
    if (!h->steps)
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for an upsert");
    if (count > 0)
        memcpy(h->steps, p->steps, count * sizeof *h->steps);
    h->effect_at = p ? ost__size_aligned(p->row_size) : 0;
    h->steps[count] = (ost_row_step){ .offset = (uint32_t)h->effect_at,
                                      .size = 8,
                                      .type = OST_TYPE_INT64,
                                      .column = (uint16_t)r->op->shape->column_count,
                                      .column_type = OST_TYPE_INT64,
                                      .field = &effect_field };
    h->program = (ost_row_program){ .struct_size = sizeof h->program,
                                    .step_size = sizeof *h->steps,
                                    .step_count = count + 1,
                                    .row_size = (uint32_t)ost__size_aligned(h->effect_at + 8),
                                    .steps = h->steps };
    h->sink = (ost_sink){ .struct_size = sizeof h->sink,
                          .row_size = h->program.row_size,
                          .refill_row = refill_row,
                          .refill_bytes = refill_bytes,
                          .expect = expect,
                          .column_failed = column_failed };
    ost__buffer_init(&h->rows, h->memory);
    return OST_OK;
}

static void held_end(held *h)
{
    ost__buffer_finish(&h->rows);
    ost__free(h->memory, h->steps, h->steps_size);
}

/* A row of the operation, filled from a held one. */
static ost_status deliver(ost__my_run *r, const void *row)
{
    uint8_t *to = ost__my_take_row(r);
    if (!to)
        return ost__my_sink_failed(r);
    memcpy(to, row, r->op->rows->row_size);
    r->outcome->rows++;
    return OST_OK;
}

static void note(ost__my_run *r, size_t record, int64_t effect)
{
    ost_outcome *o = r->outcome;
    r->c->effects[record] = (uint8_t)effect;
    o->matched += effect != OST_EFFECT_NONE;
    o->changed += effect == OST_EFFECT_INSERTED || effect == OST_EFFECT_UPDATED;
}

/* The rows stay: those of records from `first` on. */
static ost_status held_deliver(held *h, ost__my_run *r, size_t first)
{
    size_t size = h->program.row_size, count = h->rows.size / size;
    for (size_t i = 0; i < count; i++) {
        const char *row = h->rows.data + i * size;
        int64_t effect;
        memcpy(&effect, row + h->effect_at, sizeof effect);
        note(r, first + i, effect ? effect : OST_EFFECT_INSERTED);
        if (h->to)
            OST_TRY(deliver(r, row));
    }
    return OST_OK;
}

/* ---- one statement ---- */

/* The variable may be that of an upsert that stopped in the middle. */
static ost_status make_sure(ost__my_run *r)
{
    if (r->c->effect_unsure)
        OST_TRY(ost__my_command(r->c, r->op, "SET " OST__MY_EFFECT " = 0", r->error));
    r->c->effect_unsure = true;
    return OST_OK;
}

static ost_status run_whole(ost__my_run *r, ost__my_chunk *chunk)
{
    ost__my_statement *s;
    ost_error unwanted;
    ost_status status;
    if (chunk->count != 1)
        return ost__my_write_chunk(r, chunk);
    OST_TRY(ost__my_statement_of(r->c, r->op, OST__MY_WHOLE, &s, r->error));
    status = ost__my_write_one(r, s, OST__MY_WHOLE, ost__my_record(r->op, chunk->first));
    if (status == OST_OK)
        return ost__my_release(r->c, s, r->error);
    (void)ost__my_release(r->c, s, &unwanted);
    return status;
}

/* As many records from chunk->first on as one statement takes; chunk->count is 1 for one alone. */
static ost_status upsert_whole(ost__my_run *r, ost__my_chunk *chunk)
{
    ost_outcome outcome = *r->outcome;
    ost_operation op = *r->op;
    ost__my_run own = *r;
    ost_status status;
    held h;
    OST_TRY(make_sure(r));
    OST_TRY(held_begin(&h, r));
    op.rows = &h.program;
    op.flags &= (uint16_t)~OST_FLAG_SINGLE;
    own.op = &op;
    own.outcome = &outcome;
    own.sink = &h.sink;
    own.spare = NULL;
    if (h.to)
        h.sink.bytes = h.to->bytes;
    status = run_whole(&own, chunk);
    take_bytes_back(&h);
    r->failed = own.failed;
    r->outcome->statements = outcome.statements;
    if (status == OST_OK) {
        r->c->effect_unsure = false;
        if (own.failed == OST_OK && h.rows.size / h.program.row_size != chunk->count)
            status = ost__error_set(r->error, OST_DRIVER_ERROR, "an upsert gave back too few rows");
        else
            status = held_deliver(&h, r, chunk->first);
    }
    held_end(&h);
    return status;
}

/* ---- three statements ---- */

static bool same_fields(const ost_shape *s, const ost_field *const *fields, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < s->arbiter_count; i++)
        for (uint32_t k = 0; k < count; k++)
            found += s->arbiters[i] == fields[k];
    return found == count && count == s->arbiter_count;
}

/* Whether the key that an insert met is the declared one. */
static bool is_declared(const ost_shape *s, const ost_error *e)
{
    const ost_table *t = s->table;
    if (strcmp(e->constraint, "PRIMARY") == 0)
        return same_fields(s, t->keys, t->key_count);
    for (uint32_t i = 0; i < t->index_count; i++)
        if (strcmp(t->indexes[i].name, e->constraint) == 0)
            return same_fields(s, t->indexes[i].fields, t->indexes[i].field_count);
    return s->arbiter_count == 1 && strcmp(e->field, s->arbiters[0]->name) == 0;
}

/* Rows go to `sink`, if it is not NULL. */
static ost_status run_part(ost__my_run *r, enum ost__my_part part, size_t record, ost_sink *sink,
                           int64_t *met)
{
    ost_outcome outcome = *r->outcome;
    ost_operation op = *r->op;
    ost__my_run own = *r;
    ost__my_statement *s;
    ost_error unwanted;
    ost_status status;
    outcome.matched = outcome.rows = 0;
    op.rows = sink ? op.rows : NULL;
    own.op = &op;
    own.outcome = &outcome;
    own.sink = sink;
    OST_TRY(ost__my_statement_of(r->c, &op, part, &s, r->error));
    status = ost__my_write_one(&own, s, part, ost__my_record(&op, record));
    if (status == OST_OK)
        status = ost__my_release(r->c, s, r->error);
    else
        (void)ost__my_release(r->c, s, &unwanted);
    r->outcome->statements = outcome.statements;
    r->outcome->rows += outcome.rows;
    if (sink) {
        r->spare = own.spare;
        r->failed = own.failed;
    }
    *met = outcome.matched;
    return status;
}

/* What the insert met, and whether it was an insert after all. */
static ost_status insert(ost__my_run *r, size_t record, int64_t *effect)
{
    const ost_shape *s = r->op->shape;
    int64_t inserted;
    ost_status status = run_part(r, OST__MY_UPSERT_INSERT, record, NULL, &inserted);
    *effect = OST_EFFECT_INSERTED;
    /* In a table of others the server's idea of what is equal may not be ours. */
    if (status != OST_CONFLICT || !r->error || s->table->adopted || !is_declared(s, r->error))
        return status;
    *effect = OST_EFFECT_NONE;
    return OST_OK;
}

static ost_status upsert_by_parts(ost__my_run *r, size_t record)
{
    ost_sink *sink = r->op->rows ? r->sink : NULL;
    int64_t met, effect = OST_EFFECT_UPDATED;
    OST_TRY(run_part(r, OST__MY_UPSERT_UPDATE, record, NULL, &met));
    if (met == 0) {
        effect = OST_EFFECT_UNCHANGED;
        OST_TRY(run_part(r, OST__MY_UPSERT_READ, record, sink, &met));
        if (met == 0)
            OST_TRY(insert(r, record, &effect));
    }
    if (sink && (effect == OST_EFFECT_UPDATED || effect == OST_EFFECT_INSERTED))
        OST_TRY(run_part(r, OST__MY_UPSERT_READ, record, sink, &met));
    note(r, record, effect);
    return OST_OK;
}

/* ---- all of them ---- */

static bool met_another_key(const ost__my_run *r, ost_status status)
{
    return status == OST_CONFLICT && r->error &&
           strcmp(r->error->constraint, OST__MY_OTHER_KEY) == 0;
}

static ost_status upsert_one(ost__my_run *r, size_t record)
{
    ost__my_chunk chunk = { .first = record, .count = 1 };
    ost_status status;
    if (!r->op->plan->upserts)
        return upsert_by_parts(r, record);
    status = upsert_whole(r, &chunk);
    return met_another_key(r, status) ? upsert_by_parts(r, record) : status;
}

/* A statement of many records says badly which one it could not do, and did none of them. */
static ost_status upsert_chunk(ost__my_run *r, size_t first, size_t *count)
{
    ost_connection *c = r->c;
    ost__my_chunk chunk = { .first = first };
    ost_status status = OST_OK;
    *count = 1;
    if (r->op->plan->upserts && ost__my_in_unit(c) && r->op->record_count - first > 1) {
        status = upsert_whole(r, &chunk);
        if (chunk.count > 0)
            *count = chunk.count;
        if (status == OST_OK && chunk.count > 0)
            return OST_OK;
        if (status != OST_OK && (!ost__my_is_of_a_record(status) || !chunk.undone || c->lost))
            return status;
    }
    for (size_t i = first; i < first + *count; i++) {
        status = upsert_one(r, i);
        if (status != OST_OK && r->op->record_count > 0)
            r->outcome->failed_record = i;
        if (status != OST_OK && i > 0 && r->error)
            r->error->nothing_sent = 0;
        OST_TRY(status);
    }
    return OST_OK;
}

static ost_status upsert_records(ost__my_run *r)
{
    size_t total = r->op->record_count > 0 ? r->op->record_count : 1, count;
    for (size_t first = 0; first < total; first += count)
        OST_TRY(upsert_chunk(r, first, &count));
    return OST_OK;
}

/* Outside of a unit one statement needs none, unless it turns out not to be enough. */
static ost_status upsert_alone(ost__my_run *r)
{
    ost__my_chunk chunk = { .first = 0, .count = 1 };
    ost_status status;
    if (!r->op->plan->upserts || r->op->shape->table->adopted)
        return ost__my_in_own_unit(r, upsert_records);
    status = upsert_whole(r, &chunk);
    return met_another_key(r, status) ? ost__my_in_own_unit(r, upsert_records) : status;
}

static ost_status room_for_effects(ost__my_run *r)
{
    ost_connection *c = r->c;
    size_t count = r->op->record_count > 0 ? r->op->record_count : 1;
    uint8_t *effects;
    if (count <= c->effects_size)
        return OST_OK;
    effects = ost__realloc(&c->backend->memory, c->effects, c->effects_size, count);
    if (!effects)
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for an upsert");
    c->effects = effects;
    c->effects_size = count;
    return OST_OK;
}

ost_status ost__my_upsert(ost__my_run *r)
{
    ost_status status;
    if (!r->op->plan)
        return ost__error_set(r->error, OST_MISUSE, "the operation was not compiled");
    OST_TRY(room_for_effects(r));
    r->outcome->changed = 0;
    status = ost__my_in_unit(r->c) || r->op->record_count > 1 ? upsert_records(r) : upsert_alone(r);
    if (status != OST_OK)
        return status;
    r->outcome->effect = r->c->effects[0];
    r->outcome->effects = r->c->effects;
    return OST_OK;
}
