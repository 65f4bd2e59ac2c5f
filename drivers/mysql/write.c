/* SPDX-License-Identifier: MIT */
#include "mysql/connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* ---- warnings ---- */

/* Notes that mean that something else was stored than was sent. */
static bool is_grave(long code)
{
    static const long codes[] = { 1264, 1265, 1292, 1366, 1406, 1411 };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] == code)
            return true;
    return false;
}

static ost_status judge(ost__my_run *r, MYSQL_RES *rows)
{
    MYSQL_ROW row;
    ost_status status = OST_OK;
    while (status == OST_OK && (row = mysql_fetch_row(rows)) != NULL) {
        long code = row[1] ? strtol(row[1], NULL, 10) : 0;
        ost_error own;
        if (!is_grave(code))
            continue;
        ost__my_classify(r->op, (int32_t)code, NULL, row[2], r->error ? r->error : &own);
        status = OST_RANGE;
    }
    return status;
}

ost_status ost__my_check_warnings(ost__my_run *r)
{
    static const char text[] = "SHOW WARNINGS";
    ost_connection *c = r->c;
    MYSQL_RES *rows;
    ost_status status;
    if (mysql_warning_count(c->mysql) == 0)
        return OST_OK;
    OST_TRY(ost__my_query(c, r->op, text, sizeof text - 1, &rows, r->error));
    if (!rows)
        return OST_OK;
    status = mysql_num_fields(rows) == 3 ? judge(r, rows) : OST_OK;
    mysql_free_result(rows);
    return status;
}

/* ---- one record ---- */

/* The key that the server gave to the record just inserted. */
static ost_status deliver_key(ost__my_run *r, ost__my_statement *s)
{
    const ost_row_program *program = r->op->rows;
    ost_status status;
    uint8_t *row;
    if (program->step_count != 1)
        return ost__error_set(r->error, OST_MISUSE, "an insert gives back its generated key only");
    row = ost__my_take_row(r);
    if (!row)
        return ost__my_sink_failed(r);
    status = ost__my_row_key(mysql_stmt_insert_id(s->handle), &program->steps[0], row);
    if (status != OST_OK)
        return ost__my_drop_row(r, row, status, program->steps[0].column);
    r->outcome->rows++;
    return OST_OK;
}

ost_status ost__my_write_one(ost__my_run *r, ost__my_statement *s, enum ost__my_part part,
                             const void *record)
{
    ost_connection *c = r->c;
    const ost_operation *op = r->op;
    const ost__my_text *t = &op->plan->parts[part];
    int64_t rows = r->outcome->rows;
    bool more = false;
    OST_TRY(ost__my_set_values(c, s, t->parameters, t->parameter_count, op, record, r->error));
    OST_TRY(ost__my_execute(c, s, op, r->error));
    r->outcome->statements++;
    if (s->has_rows) {
        OST_TRY(ost__my_read_rows(r, s, 0, &more));
        r->outcome->matched += r->outcome->rows - rows;
        return ost__my_check_warnings(r);
    }
    r->outcome->matched += (int64_t)mysql_stmt_affected_rows(s->handle);
    if (op->kind == OST_DO_INSERT && op->rows)
        OST_TRY(deliver_key(r, s));
    return ost__my_check_warnings(r);
}

/* ---- many ---- */

void ost__my_note_missed(ost__my_run *r, size_t record, int64_t matched)
{
    const ost_operation *op = r->op;
    bool by_condition = op->kind == OST_DO_UPDATE || op->kind == OST_DO_DELETE;
    if (by_condition && op->record_count > 0 && r->outcome->matched == matched &&
        r->outcome->failed_record == SIZE_MAX)
        r->outcome->failed_record = record;
}

static ost_status one_by_one(ost__my_run *r, size_t first, size_t end)
{
    ost__my_statement *s;
    ost_error unwanted;
    ost_status status;
    OST_TRY(ost__my_statement_of(r->c, r->op, OST__MY_WHOLE, &s, r->error));
    status = OST_OK;
    for (size_t i = first; status == OST_OK && i < end; i++) {
        int64_t matched = r->outcome->matched;
        status = ost__my_write_one(r, s, OST__MY_WHOLE, ost__my_record(r->op, i));
        if (status != OST_OK && r->op->record_count > 0)
            r->outcome->failed_record = i;
        else if (status == OST_OK)
            ost__my_note_missed(r, i, matched);
        if (status != OST_OK && i > 0 && r->error)
            r->error->nothing_sent = 0;
    }
    if (status != OST_OK) {
        (void)ost__my_release(r->c, s, &unwanted);
        return status;
    }
    return ost__my_release(r->c, s, r->error);
}

bool ost__my_is_of_a_record(ost_status status)
{
    return status == OST_CONFLICT || status == OST_FOREIGN_KEY || status == OST_NOT_NULL ||
           status == OST_CHECK || status == OST_RANGE || status == OST_INVALID;
}

/*
 * A statement of many records says neither which one the server refused nor which one was not met.
 * Nothing of it was kept, then: the records are written again one by one.
 */
static ost_status write_again(ost__my_run *r, const ost__my_chunk *chunk, ost_status status)
{
    if (status != OST_OK &&
        (!ost__my_is_of_a_record(status) || r->outcome->failed_record != SIZE_MAX))
        return status;
    if (!chunk->undone || ost__my_owes(r->c) || r->c->lost)
        return status;
    return one_by_one(r, chunk->first, chunk->first + chunk->count);
}

static ost_status many(ost__my_run *r)
{
    size_t done = 0, count = r->op->record_count;
    while (done < count) {
        ost__my_chunk chunk = { .first = done };
        ost_status status = ost__my_write_chunk(r, &chunk);
        status = write_again(r, &chunk, status);
        if (status != OST_OK && done > 0 && r->error)
            r->error->nothing_sent = 0;
        OST_TRY(status);
        if (chunk.count == 0)
            return one_by_one(r, done, count);
        done += chunk.count;
    }
    return OST_OK;
}

static ost_status write_records(ost__my_run *r)
{
    return r->op->record_count > 1 ? many(r) : one_by_one(r, 0, 1);
}

/*
 * In a column of others, which may be narrower than its member, the server rounds decimals and cuts
 * spaces with a note alone. A write of its own must not be kept before that is read.
 */
static bool is_kept_too_soon(const ost__my_run *r)
{
    return r->op->shape->table->adopted && r->op->kind != OST_DO_DELETE && !ost__my_in_unit(r->c);
}

ost_status ost__my_in_own_unit(ost__my_run *r, ost_status (*work)(ost__my_run *r))
{
    ost_connection *c = r->c;
    ost_error unwanted;
    ost_status status;
    OST_TRY(ost__my_command(c, r->op, "START TRANSACTION", r->error));
    status = work(r);
    if (status == OST_OK)
        return ost__my_command(c, r->op, "COMMIT", r->error);
    if (!ost__my_owes(c) && !c->lost)
        (void)ost__my_command(c, r->op, "ROLLBACK", &unwanted);
    return status;
}

ost_status ost__my_write(ost__my_run *r)
{
    const ost_operation *op = r->op;
    ost_status status;
    if (!op->plan)
        return ost__error_set(r->error, OST_MISUSE, "the operation was not compiled");
    if (op->plan->emulated)
        status = ost__my_emulate(r);
    else if (is_kept_too_soon(r))
        status = ost__my_in_own_unit(r, write_records);
    else
        status = write_records(r);
    if (op->kind == OST_DO_INSERT || op->kind == OST_DO_DELETE)
        r->outcome->changed = r->outcome->matched;
    return status;
}
