/* SPDX-License-Identifier: MIT */
/*
 * Many records in one statement. MariaDB takes them as an array of parameters, and gives their
 * keys back in the order in which it was given the records (RETURNING; measured on 10.11, where
 * without it only the first key is told, and the next ones need not follow it). MySQL takes rows
 * of VALUES; the number of rows being known beforehand, their keys follow each other in every lock
 * mode of InnoDB, a step of auto_increment_increment apart.
 */
#include "mysql/connection.h"

#include <string.h>

#include "base/error.h"
#include "base/shape.h"

enum {
    /* More bytes in a packet were not faster, and a deadline would have to wait for them. */
    CHUNK_BYTES = 4 << 20,
    CHUNK_RECORDS = 16384,
    ROWS_MAX = 512,
    PARAMETERS_MAX = 65535
};

static size_t chunk_bytes(const ost_connection *c)
{
    return c->max_packet > 0 && c->max_packet < CHUNK_BYTES ? c->max_packet : CHUNK_BYTES;
}

/* ---- arrays ---- */

#if OST__MY_HAS_ARRAYS

/* Changes of several records are several statements to the server: those before a failure stay
 * done, if nothing undoes them. */
static bool is_one_statement(const ost_operation *op)
{
    return op->kind == OST_DO_INSERT || op->kind == OST_DO_UPSERT;
}

static ost_status guard(ost__my_run *r)
{
    if (is_one_statement(r->op))
        return OST_OK;
    return ost__my_command(r->c, r->op, "SAVEPOINT `ostler_chunk`", r->error);
}

static ost_status undo(ost__my_run *r, ost__my_chunk *chunk, ost_error *error)
{
    ost_status status = OST_OK;
    if (ost__my_owes(r->c) || r->c->lost || !ost__my_in_unit(r->c))
        return OST_OK;
    if (!is_one_statement(r->op))
        status = ost__my_command(r->c, r->op, "ROLLBACK TO SAVEPOINT `ostler_chunk`", error);
    chunk->undone = status == OST_OK;
    return status;
}

static ost_status run_array(ost__my_run *r, ost__my_statement *s, ost__my_chunk *chunk)
{
    int64_t rows = r->outcome->rows;
    bool more = false;
    ost_status status;
    /* The library was told with the values. */
    s->bound = true;
    OST_TRY(ost__my_execute(r->c, s, r->op, r->error));
    r->outcome->statements++;
    if (!s->has_rows) {
        int64_t matched = (int64_t)mysql_stmt_affected_rows(s->handle);
        if (r->op->kind != OST_DO_INSERT && matched != (int64_t)chunk->count)
            return undo(r, chunk, r->error);
        r->outcome->matched += matched;
        return ost__my_check_warnings(r);
    }
    status = ost__my_read_rows(r, s, 0, &more);
    /* Rows come as their records are stored: the one that is missing is the one that failed. */
    rows = r->outcome->rows - rows;
    if (status != OST_OK && status != OST_TIMEOUT && status != OST_CANCELLED &&
        (size_t)rows < chunk->count)
        r->outcome->failed_record = chunk->first + (size_t)rows;
    OST_TRY(status);
    r->outcome->matched += rows;
    return ost__my_check_warnings(r);
}

static ost_status bind_array(ost__my_run *r, ost__my_statement *s, ost__my_chunk *chunk)
{
    const ost_operation *op = r->op;
    const ost__my_text *t = &op->plan->parts[s->key.part];
    size_t left = op->record_count - chunk->first, failed = SIZE_MAX;
    ost_status status =
        ost__my_bind_array(&s->binds, s->handle, t->parameters, t->parameter_count, op,
                           chunk->first, left < CHUNK_RECORDS ? left : CHUNK_RECORDS,
                           chunk_bytes(r->c), &chunk->count, &failed, r->error);
    /* A record that is larger than a chunk goes alone, as far as a packet has room for it. */
    if (status == OST_TOO_LARGE)
        chunk->count = 0;
    if (status == OST_OK || status == OST_TOO_LARGE)
        return OST_OK;
    r->outcome->failed_record = failed;
    if (r->error)
        r->error->nothing_sent = 1;
    return status;
}

static ost_status write_array(ost__my_run *r, enum ost__my_part part, ost__my_chunk *chunk)
{
    const ost__my_key key = { .part = (uint16_t)part, .way = OST__MY_ARRAY };
    ost_connection *c = r->c;
    ost__my_statement *s;
    ost_error unwanted;
    ost_status status;
    /* Keys that nobody is asked for come one by one. */
    if (r->op->rows && part != OST__MY_KEYS && r->op->kind != OST_DO_UPSERT)
        return OST_OK;
    OST_TRY(guard(r));
    for (int tries = 0;; tries++) {
        OST_TRY(ost__my_statement_for(c, r->op, key, &s, r->error));
        status = bind_array(r, s, chunk);
        if (status == OST_OK && chunk->count > 0)
            status = run_array(r, s, chunk);
        if (status == OST_OK)
            return ost__my_release(c, s, r->error);
        if (tries > 0 || ost__my_owes(c) || c->lost || !ost__my_forgotten(c, s))
            break;
        OST_TRY(ost__my_release(c, s, r->error));
    }
    (void)undo(r, chunk, &unwanted);
    (void)ost__my_release(c, s, &unwanted);
    return status;
}

#endif

/* ---- rows ---- */

static bool room_for_rows(ost_connection *c, ost__my_statement *s, uint32_t parameters)
{
    const ost__memory *memory = &c->backend->memory;
    uint32_t rows = s->key.rows;
    if (s->together)
        return true;
    s->together_size = (size_t)rows * parameters * sizeof *s->together;
    s->together = ost__alloc(memory, s->together_size);
    s->more = ost__alloc_zeroed(memory, rows * sizeof *s->more);
    if (!s->together || !s->more)
        return false;
    for (uint32_t i = 0; i + 1 < rows; i++)
        ost__my_binds_init(&s->more[i], memory);
    return true;
}

static ost_status bind_rows(ost__my_run *r, ost__my_statement *s, const ost__my_text *t,
                            const ost__my_chunk *chunk)
{
    uint32_t count = t->parameter_count;
    if (!room_for_rows(r->c, s, count))
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for a statement");
    for (uint32_t i = 0; i < s->key.rows; i++) {
        ost__my_binds *b = i == 0 ? &s->binds : &s->more[i - 1];
        ost_status status =
            ost__my_bind(b, t->parameters, count, r->op, ost__my_record(r->op, chunk->first + i),
                         r->c->max_packet, r->error);
        if (status != OST_OK)
            r->outcome->failed_record = chunk->first + i;
        if (status != OST_OK && r->error)
            r->error->nothing_sent = 1;
        OST_TRY(status);
        memcpy(s->together + (size_t)i * count, b->list, count * sizeof *s->together);
    }
    s->bound = false;
    return OST_OK;
}

static ost_status deliver_keys(ost__my_run *r, uint64_t first, size_t count)
{
    const ost_row_step *step = &r->op->rows->steps[0];
    for (size_t i = 0; i < count; i++) {
        uint8_t *row = ost__my_take_row(r);
        ost_status status;
        if (!row)
            return ost__my_sink_failed(r);
        status = ost__my_row_key(first + i * r->c->key_step, step, row);
        if (status != OST_OK)
            OST_TRY(ost__my_drop_row(r, row, status, step->column));
        else
            r->outcome->rows++;
    }
    return OST_OK;
}

/* A power of two that the server and the packet have room for; 0: not even two. */
static ost_status choose_rows(ost__my_run *r, const ost__my_text *t, ost__my_chunk *chunk)
{
    size_t left = r->op->record_count - chunk->first, bytes = t->size, fits = 0, rows = 1;
    while (fits < left && fits < ROWS_MAX && (fits + 1) * t->parameter_count <= PARAMETERS_MAX) {
        size_t size = 0;
        ost_status status = ost__my_measure(t->parameters, t->parameter_count, r->op,
                                            ost__my_record(r->op, chunk->first + fits), &r->c->text,
                                            &size, r->error);
        if (status != OST_OK) {
            r->outcome->failed_record = chunk->first + fits;
            if (r->error)
                r->error->nothing_sent = 1;
            return status;
        }
        if (!ost__size_add(bytes, size, &bytes) || bytes > chunk_bytes(r->c))
            break;
        fits++;
    }
    while (rows * 2 <= fits)
        rows *= 2;
    chunk->count = rows < 2 ? 0 : rows;
    return OST_OK;
}

static ost_status write_rows(ost__my_run *r, ost__my_chunk *chunk)
{
    const ost_operation *op = r->op;
    const ost__my_text *t = &op->plan->parts[OST__MY_WHOLE];
    ost__my_key key = { .part = OST__MY_WHOLE };
    ost__my_statement *s;
    ost_error unwanted;
    ost_status status;
    OST_TRY(choose_rows(r, t, chunk));
    if (chunk->count == 0)
        return OST_OK;
    key.rows = (uint32_t)chunk->count;
    OST_TRY(ost__my_statement_for(r->c, op, key, &s, r->error));
    status = bind_rows(r, s, t, chunk);
    if (status == OST_OK) {
        status = ost__my_execute(r->c, s, op, r->error);
        chunk->undone = status != OST_OK;
    }
    if (status == OST_OK) {
        r->outcome->statements++;
        r->outcome->matched += (int64_t)mysql_stmt_affected_rows(s->handle);
        if (op->rows)
            status = deliver_keys(r, mysql_stmt_insert_id(s->handle), chunk->count);
    }
    if (status == OST_OK)
        status = ost__my_check_warnings(r);
    if (status == OST_OK)
        return ost__my_release(r->c, s, r->error);
    (void)ost__my_release(r->c, s, &unwanted);
    return status;
}

/* ---- which ---- */

ost_status ost__my_write_chunk(ost__my_run *r, ost__my_chunk *chunk)
{
    const ost_plan *plan = r->op->plan;
    enum ost__my_part part =
        r->op->rows && plan->parts[OST__MY_KEYS].text ? OST__MY_KEYS : OST__MY_WHOLE;
    const ost__my_text *t = &plan->parts[part];
    if (t->parameter_count == 0 || t->lists || r->op->record_count - chunk->first < 2)
        return OST_OK;
#if OST__MY_HAS_ARRAYS
    /* By keys as many are met as there are records only if each was. */
    if (r->c->arrays &&
        (is_one_statement(r->op) || (ost__my_in_unit(r->c) && ost__shape_is_by_key(r->op->shape))))
        return write_array(r, part, chunk);
#endif
    if (r->op->kind != OST_DO_INSERT || (r->op->rows && r->op->rows->step_count != 1))
        return OST_OK;
    return write_rows(r, chunk);
}
