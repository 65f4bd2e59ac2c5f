/* SPDX-License-Identifier: MIT */
/*
 * Bulk inserts. COPY gives nothing back, so generated keys are taken from their sequence before,
 * in one statement for a chunk of records, and sent with them: each record has its key, in the
 * order of the records. The same statement says whether COPY does here what INSERT would do; where
 * it does not, the records are inserted one by one, through the pipeline.
 */
#include "postgres/connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { CHUNK = 1 << 16, PIECE = 64 << 10, SLICE = 1 << 20, COUNT_SIZE = 2, LENGTH_SIZE = 4 };

/* A COPY under way. */
typedef struct bulk {
    ost__pg_run *run;
    size_t first, count; /* records of the chunk */
    size_t next;         /* the next to be encoded, from 0 */
    PGresult *keys;
    bool made; /* the keys are to be sent with the records */
} bulk;

static bool makes_keys(const ost_operation *op)
{
    return op->shape->column_count == 1;
}

static size_t chunk_at(const ost_operation *op, size_t first)
{
    size_t left = op->record_count - first;
    return left < CHUNK ? left : CHUNK;
}

bool ost__pg_copy_ask(ost_connection *c, size_t first)
{
    const ost_operation *op = &c->ops[0];
    ost__pg_token *t = &c->token;
    ost__buffer text;
    bool added;
    ost__buffer_init(&text, &c->backend->memory);
    ost__buffer_text(&text, op->plan->keys);
    ost__buffer_uint(&text, makes_keys(op) ? chunk_at(op, first) : 1);
    ost__buffer_char(&text, ')');
    added = !text.failed && ost__pg_add_text(c, OST__PG_RUN, 0, text.data, text.size);
    ost__buffer_finish(&text);
    if (!added || !t->wanted || t->known)
        return added;
    if (!ost__pg_add_plan(c, 0, c->backend->verbs[OST__PG_TAKE_TOKEN], true))
        return false;
    c->steps[c->step_count - 1].kind = OST__PG_TOKEN;
    return true;
}

/* ---- encoding ---- */

static ost_status encode_record(bulk *b)
{
    ost_connection *c = b->run->c;
    const ost_operation *op = b->run->op;
    const char *record = (const char *)op->records + (b->first + b->next) * op->record_stride;
    size_t start = c->copy.size;
    OST_TRY(ost__pg_copy_row(&c->copy, op->shape, op->plan->parameters, op, record, b->run->error));
    if (b->made && !c->copy.failed) {
        uint8_t *count = (uint8_t *)c->copy.data + start;
        int size = PQgetlength(b->keys, (int)b->next, 0);
        const char length[LENGTH_SIZE] = { 0, 0, 0, (char)size };
        unsigned columns = ((unsigned)count[0] << 8 | count[1]) + 1;
        count[0] = (uint8_t)(columns >> 8);
        count[1] = (uint8_t)columns;
        ost__buffer_bytes(&c->copy, length, sizeof length);
        ost__buffer_bytes(&c->copy, PQgetvalue(b->keys, (int)b->next, 0), (size_t)size);
    }
    if (c->copy.failed)
        return ost__error_set(b->run->error, OST_NO_MEMORY, "no memory for the records");
    b->next++;
    return OST_OK;
}

/* A piece of the chunk, with what stands before its first record and behind its last. */
static ost_status encode_piece(bulk *b)
{
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
    static const char tail[COUNT_SIZE] = { '\377', '\377' };
    ost_connection *c = b->run->c;
    ost__buffer_reset(&c->copy);
    if (b->next == 0)
        ost__buffer_bytes(&c->copy, head, sizeof head);
    while (b->next < b->count && c->copy.size < PIECE) {
        ost_status status = encode_record(b);
        if (status != OST_OK)
            b->run->outcome->failed_record = b->first + b->next;
        OST_TRY(status);
    }
    if (b->next == b->count)
        ost__buffer_bytes(&c->copy, tail, sizeof tail);
    if (c->copy.failed)
        return ost__error_set(b->run->error, OST_NO_MEMORY, "no memory for the records");
    return OST_OK;
}

/* ---- sending ---- */

static ost_status late(ost__pg_run *r, ost_status status)
{
    r->owes = true;
    return ost__error_set(r->error, status, "%s",
                          status == OST_CANCELLED ? "the records were cancelled on their way"
                                                  : "the deadline passed while the records were "
                                                    "sent");
}

/* false in *more: the server has said something, which is bad news. */
static ost_status put_slice(ost__pg_run *r, const char *data, size_t size, bool *more)
{
    ost_connection *c = r->c;
    int put;
    if (ost__pg_late(c, r->deadline))
        return late(r, OST_TIMEOUT);
    while ((put = PQputCopyData(c->pg, data, (int)size)) == 0) {
        ost_status status = ost__pg_wait(c, r->deadline);
        if (status != OST_OK && status != OST_CONNECTION)
            return late(r, status);
    }
    while (put > 0 && PQflush(c->pg) == 1) {
        ost_status status = ost__pg_wait(c, r->deadline);
        if (status == OST_CONNECTION)
            break;
        if (status != OST_OK)
            return late(r, status);
    }
    *more = put > 0;
    return OST_OK;
}

/* A large record goes out in slices: libpq copies each, and the server bounds them. */
static ost_status put_piece(ost__pg_run *r, bool *more)
{
    const ost__buffer *copy = &r->c->copy;
    *more = true;
    for (size_t at = 0; *more && at < copy->size; at += SLICE) {
        size_t left = copy->size - at;
        OST_TRY(put_slice(r, copy->data + at, left < SLICE ? left : SLICE, more));
    }
    return OST_OK;
}

static ost_status put_end(ost_connection *c, const char *why, ost_deadline deadline)
{
    while (c->feeding) {
        int put = PQputCopyEnd(c->pg, why);
        ost_status status;
        c->feeding = put == 0;
        if (put != 0)
            break;
        status = ost__pg_wait(c, deadline);
        if (status == OST_CONNECTION)
            c->feeding = false;
        else
            OST_TRY(status);
    }
    return OST_OK;
}

/* The result of COPY, and the end behind it. */
static ost_status read_result(ost_connection *c, ost_deadline deadline, PGresult **out)
{
    PGresult *result = NULL, *next;
    *out = NULL;
    for (;;) {
        ost_status status = ost__pg_result(c, deadline, &next);
        if (status != OST_OK) {
            PQclear(result);
            return status;
        }
        if (!next)
            break;
        PQclear(result);
        result = next;
        c->feeding = PQresultStatus(result) == PGRES_COPY_IN;
        if (c->feeding)
            break;
    }
    *out = result;
    return OST_OK;
}

ost_status ost__pg_copy_stop(ost_connection *c, ost_deadline deadline)
{
    do {
        PGresult *result;
        OST_TRY(put_end(c, "stopped", deadline));
        OST_TRY(read_result(c, deadline, &result));
        PQclear(result);
    } while (c->feeding);
    c->mode = OST__PG_IDLE;
    return OST_OK;
}

static ost_status copy_failed(bulk *b, const PGresult *result)
{
    const char *context = result ? PQresultErrorField(result, PG_DIAG_CONTEXT) : NULL;
    size_t line = ost__pg_copy_line(context, b->run->op->shape->table->name);
    if (line > 0 && line <= b->count)
        b->run->outcome->failed_record = b->first + line - 1;
    return ost__pg_failed(b->run->c, b->run->op, result, b->run->error);
}

static ost_status start_copy(bulk *b)
{
    ost_connection *c = b->run->c;
    PGresult *result;
    ost_status status;
    c->trips++;
    c->mode = OST__PG_COPYING;
    c->feeding = false;
    if (!PQsendQuery(c->pg, b->run->op->plan->copy))
        return copy_failed(b, NULL);
    status = read_result(c, b->run->deadline, &result);
    if (status != OST_OK)
        return late(b->run, status);
    if (!c->feeding)
        status = copy_failed(b, result);
    PQclear(result);
    return status;
}

static ost_status feed(bulk *b)
{
    for (bool more = true;;) {
        ost_status status;
        OST_TRY(put_piece(b->run, &more));
        if (!more || b->next == b->count)
            return OST_OK;
        status = encode_piece(b);
        if (status == OST_OK)
            continue;
        if (b->run->error)
            b->run->error->nothing_sent = 0;
        return status;
    }
}

static ost_status copy_chunk(bulk *b)
{
    ost__pg_run *r = b->run;
    ost_connection *c = r->c;
    PGresult *result;
    ost_status status;
    /* What cannot be encoded shows early, mostly: then the server has seen nothing of it. */
    status = encode_piece(b);
    if (status != OST_OK && b->first > 0 && r->error)
        r->error->nothing_sent = 0;
    OST_TRY(status);
    OST_TRY(start_copy(b));
    OST_TRY(feed(b));
    status = put_end(c, NULL, r->deadline);
    if (status == OST_OK)
        status = read_result(c, r->deadline, &result);
    if (status != OST_OK)
        return late(r, status);
    c->mode = OST__PG_IDLE;
    if (PQresultStatus(result) == PGRES_COMMAND_OK)
        r->outcome->matched += strtoll(PQcmdTuples(result), NULL, 10);
    else
        status = copy_failed(b, result);
    PQclear(result);
    r->outcome->statements++;
    return status;
}

/* ---- the operation ---- */

static ost_status insert_instead(ost__pg_run *r)
{
    ost_connection *c = r->c;
    ost__pg_clear_steps(c);
    if (!ost__pg_add_plan(c, 0, r->op->plan, false) || !ost__pg_add_step(c, OST__PG_SYNC, 0)) {
        ost__pg_halt(c);
        ost__pg_clear_steps(c);
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for a batch");
    }
    c->trips++;
    ost__pg_begin_sending(c);
    return ost__pg_run_steps(r);
}

/* The answer to what was asked for the chunk. */
static ost_status read_keys(bulk *b)
{
    ost__pg_run *r = b->run;
    ost_status status;
    r->keys = &b->keys;
    status = ost__pg_run_steps(r);
    r->keys = NULL;
    OST_TRY(status);
    ost__pg_end_batch(r->c);
    atomic_store(&r->c->active, r->c->batch);
    return OST_OK;
}

static bool may_copy(const bulk *b)
{
    size_t expected = b->made ? b->count : 1;
    return (size_t)PQntuples(b->keys) == expected && !PQgetisnull(b->keys, 0, 0);
}

static ost_status ask_again(bulk *b)
{
    ost_connection *c = b->run->c;
    ost__pg_clear_steps(c);
    if (!ost__pg_copy_ask(c, b->first))
        return ost__error_set(b->run->error, OST_NO_MEMORY, "no memory for a batch");
    c->trips++;
    ost__pg_begin_sending(c);
    return OST_OK;
}

static ost_status run_chunk(bulk *b)
{
    ost__pg_run *r = b->run;
    if (b->first > 0)
        OST_TRY(ask_again(b));
    OST_TRY(read_keys(b));
    if (!may_copy(b)) {
        if (b->first == 0)
            return insert_instead(r);
        return ost__error_set(r->error, OST_DRIVER_ERROR,
                              "%s: the table changed while records were copied to it",
                              r->op->shape->table->model);
    }
    if (b->made)
        OST_TRY(ost__pg_deliver(r, b->keys, 0, (int)b->count));
    return copy_chunk(b);
}

ost_status ost__pg_copy(ost__pg_run *r)
{
    const ost_operation *op = r->op;
    ost_status status = OST_OK;
    size_t done = 0;
    while (status == OST_OK && done < op->record_count) {
        bulk b = { .run = r, .first = done, .made = makes_keys(op) };
        b.count = chunk_at(op, done);
        status = run_chunk(&b);
        done = b.next > 0 || status != OST_OK ? done + b.count : op->record_count;
        PQclear(b.keys);
    }
    if (status == OST_OK)
        ost__pg_end_batch(r->c);
    return status;
}
