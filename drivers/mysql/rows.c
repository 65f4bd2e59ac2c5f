/* SPDX-License-Identifier: MIT */
#include "mysql/connection.h"

#include <string.h>

#include "base/error.h"

uint8_t *ost__my_take_row(ost__my_run *r)
{
    ost_sink *k = r->sink;
    uint8_t *row = r->spare;
    if (row) {
        r->spare = NULL;
        return row;
    }
    row = k->rows.next;
    if ((size_t)(k->rows.end - row) < k->row_size)
        return k->refill_row(k);
    k->rows.next = row + k->row_size;
    return row;
}

ost_status ost__my_sink_failed(ost__my_run *r)
{
    ost_status status = r->sink->status != OST_OK ? r->sink->status : OST_NO_MEMORY;
    return ost__error_set(r->error, status,
                          status == OST_NO_MEMORY ? "no memory for the rows"
                                                  : "the rows were not wanted any more");
}

/* A row that does not fit is dropped, and its space zeroed for the next. */
ost_status ost__my_drop_row(ost__my_run *r, uint8_t *row, ost_status why, uint16_t column)
{
    if (why == OST_NO_MEMORY)
        return ost__my_sink_failed(r);
    memset(row, 0, r->sink->row_size);
    r->spare = row;
    if (r->failed == OST_OK)
        r->failed = why;
    r->sink->column_failed(r->sink, column, why);
    return OST_OK;
}

ost_status ost__my_fetch(ost__my_run *r, ost__my_statement *s, bool *more)
{
    ost_connection *c = r->c;
    int rc;
    OST_TRY(ost__my_fetch_call(c, s->handle, r->error));
    rc = c->call.rc;
    *more = rc == 0 || rc == MYSQL_DATA_TRUNCATED;
    if (*more)
        return OST_OK;
    s->has_rows = false;
    if (c->owing == s)
        c->owing = NULL;
    if (rc == MYSQL_NO_DATA)
        return OST_OK;
    /* No error, and yet no row: nothing that follows can be trusted. */
    c->lost = c->lost || (mysql_stmt_errno(s->handle) == 0 && mysql_errno(c->mysql) == 0);
    return ost__my_failed(c, s->handle, r->op, r->error);
}

ost_status ost__my_read_rows(ost__my_run *r, ost__my_statement *s, size_t most, bool *more)
{
    const ost_row_program *program = r->sink ? r->op->rows : NULL;
    if (!s->has_rows)
        return OST_OK;
    if (program)
        OST_TRY(ost__my_results_begin(&s->results, s->handle, program, r->error));
    for (;;) {
        uint16_t column = 0;
        ost_status status;
        uint8_t *row;
        bool there;
        OST_TRY(ost__my_fetch(r, s, &there));
        if (!there)
            return OST_OK;
        if (!program)
            continue;
        row = ost__my_take_row(r);
        if (!row)
            return ost__my_sink_failed(r);
        status = ost__my_row(&s->results, r->sink, row, &column);
        if (status != OST_OK) {
            OST_TRY(ost__my_drop_row(r, row, status, column));
            continue;
        }
        r->outcome->rows++;
        if (r->op->flags & OST_FLAG_SINGLE)
            return ost__my_fetch(r, s, &there);
        if (most > 0 && (size_t)r->outcome->rows >= most) {
            *more = true;
            return OST_OK;
        }
    }
}

/* ---- selects ---- */

static ost_status keep_first(ost_status status, ost_status later)
{
    return status != OST_OK ? status : later;
}

/*
 * The wire cannot carry two results at a time, so what a stream reads is a cursor at the server: it
 * writes the whole result to a table of its own, and sends a portion when it is asked. That costs
 * the table, and leaves the connection free for other statements in between.
 */
ost_status ost__my_read_on(ost__my_run *r, ost__my_statement *s)
{
    bool more = false;
    size_t most = r->sink ? r->sink->max_rows : 0;
    ost_status status;
    ost_error unwanted;
    if (most == 0 && (r->op->flags & OST_FLAG_STREAM))
        most = r->op->batch_rows;
    status = ost__my_read_rows(r, s, most, &more);
    if (status == OST_OK && more) {
        r->outcome->progress = OST_MORE;
        ost__my_stream_open(r->c, s, r->op, r->index);
        return OST_OK;
    }
    if (s->stream_batch != 0) {
        ost__my_stream_close(r->c, s);
        return status;
    }
    return keep_first(status, ost__my_release(r->c, s, status == OST_OK ? r->error : &unwanted));
}

const void *ost__my_record(const ost_operation *op, size_t i)
{
    return op->record_count > 0 ? (const char *)op->records + i * op->record_stride : NULL;
}

static ost_status run_statement(ost__my_run *r, ost__my_statement *s, const ost__my_parameter *p,
                                uint32_t count)
{
    ost_connection *c = r->c;
    ost_error unwanted;
    ost_status status =
        ost__my_set_values(c, s, p, count, r->op, ost__my_record(r->op, 0), r->error);
    r->outcome->statements++;
    if (status == OST_OK)
        status = ost__my_execute(c, s, r->op, r->error);
    if (status == OST_OK)
        return ost__my_read_on(r, s);
    (void)ost__my_release(c, s, &unwanted);
    return status;
}

ost_status ost__my_select(ost__my_run *r)
{
    const ost__my_text *t = &r->op->plan->parts[OST__MY_WHOLE];
    ost__my_statement *s;
    OST_TRY(ost__my_statement_of(r->c, r->op, OST__MY_WHOLE, &s, r->error));
    return run_statement(r, s, t->parameters, t->parameter_count);
}

/* What nobody asks rows or gives values, the server takes as a text: not every statement can be
 * prepared. */
static ost_status run_plain(ost__my_run *r, const char *text, size_t size)
{
    ost_connection *c = r->c;
    OST_TRY(ost__my_check_size(c, size, r->error));
    ost__buffer_reset(&c->text);
    ost__buffer_bytes(&c->text, text, size);
    if (c->text.failed)
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for a statement");
    r->outcome->statements++;
    OST_TRY(ost__my_query(c, r->op, c->text.data, size, NULL, r->error));
    if (mysql_field_count(c->mysql) == 0 && r->op->kind != OST_DO_DDL)
        r->outcome->matched += (int64_t)mysql_affected_rows(c->mysql);
    return OST_OK;
}

ost_status ost__my_raw(ost__my_run *r, const char *text, size_t size)
{
    const ost_operation *op = r->op;
    uint32_t count = op->parameter_count;
    ost__my_parameter uses[16], *p = uses;
    ost__my_statement *s;
    ost_status status;
    if (!op->rows && count == 0)
        return run_plain(r, text, size);
    if (count > sizeof uses / sizeof uses[0] &&
        !(p = ost__alloc(&r->c->backend->memory, count * sizeof *p)))
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for a statement");
    for (uint32_t i = 0; i < count; i++) {
        const ost_parameter *from = &op->parameters[i];
        p[i] = (ost__my_parameter){ .parameter = i,
                                    .role = OST__SQL_VALUE,
                                    .type = from->type & (uint16_t)~OST_TYPE_OPTIONAL,
                                    .precision = from->precision,
                                    .scale = from->scale,
                                    .field = from->field };
    }
    status = ost__my_statement_once(r->c, op, text, size, &s, r->error);
    if (status == OST_OK && mysql_stmt_param_count(s->handle) != count) {
        ost__my_release(r->c, s, NULL);
        status = ost__error_set(r->error, OST_MISUSE,
                                "the statement has another number of placeholders than values");
    } else if (status == OST_OK) {
        status = run_statement(r, s, p, count);
    }
    if (p != uses)
        ost__free(&r->c->backend->memory, p, count * sizeof *p);
    return status;
}
