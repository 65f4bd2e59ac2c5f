/* SPDX-License-Identifier: MIT */
/*
 * Streams are cursors on the server, of which each portion is a FETCH.
 *
 * Inside a unit the cursor belongs to it. Outside of one, it is declared WITH HOLD: the server
 * keeps the rows when its own short transaction ends, so that other statements may come, commit and
 * fail beside the stream as if it were not there. That costs the server a copy of the rows: of
 * 20,000, a quarter more time in all, and the first portion comes once all are copied (measured). A
 * transaction that stays open for the stream's life would save the copy, but every write beside
 * the stream would silently be a part of it, and a read that fails would end the stream.
 *
 * Behind a pooler a cursor that outlives its transaction would stay on a connection that somebody
 * else gets next. There, and only there, the stream keeps a transaction open, which reads alone may
 * join.
 */
#include "postgres/connection.h"

#include <string.h>

#include "base/error.h"

enum { PORTION = 1000, CURSOR_NAME_SIZE = 24 };

static void name_of(const ost__pg_stream *s, char out[CURSOR_NAME_SIZE])
{
    ost__print(out, CURSOR_NAME_SIZE, "ost_s%u", (unsigned)s->serial);
}

bool ost__pg_streams_alone(const ost_connection *c)
{
    for (const ost__pg_stream *s = c->streams; s; s = s->next)
        if (s->alone)
            return true;
    return false;
}

/* ---- opening ---- */

static bool add_declare(ost_connection *c, size_t i, const ost__pg_stream *s)
{
    const ost_plan *plan = c->ops[i].plan;
    char name[CURSOR_NAME_SIZE];
    ost__buffer text;
    bool added;
    name_of(s, name);
    ost__buffer_init(&text, &c->backend->memory);
    ost__buffer_text(&text, "DECLARE ");
    ost__buffer_text(&text, name);
    ost__buffer_text(&text,
                     s->held ? " NO SCROLL CURSOR WITH HOLD FOR " : " NO SCROLL CURSOR FOR ");
    ost__buffer_text(&text, plan->text);
    added = !text.failed && ost__pg_add_text(c, OST__PG_DECLARE, i, text.data, text.size);
    ost__buffer_finish(&text);
    if (added)
        c->steps[c->step_count - 1].plan = plan;
    return added;
}

static bool add_fetch(ost_connection *c, size_t i, ost__pg_stream *s, size_t rows)
{
    char name[CURSOR_NAME_SIZE], text[64];
    name_of(s, name);
    s->asked = rows > 0 && rows < INT32_MAX ? (int)rows : PORTION;
    ost__print(text, sizeof text, "FETCH %d FROM %s", s->asked, name);
    return ost__pg_add_text(c, OST__PG_RUN, i, text, strlen(text));
}

bool ost__pg_stream_open(ost_connection *c, size_t i)
{
    static const char begin[] = "BEGIN READ ONLY";
    bool outside = c->began || ost__pg_streams_alone(c), first = c->began;
    ost__pg_stream *s = ost__alloc_zeroed(&c->backend->memory, sizeof *s);
    if (!s)
        return false;
    s->op = c->ops[i];
    s->index = i;
    s->opening = true;
    s->serial = ++c->serial;
    s->held = outside && !c->pooled;
    s->alone = outside && c->pooled;
    s->next = c->streams;
    c->streams = s;
    if (s->alone && first && !ost__pg_add_text(c, OST__PG_ASIDE, i, begin, sizeof begin - 1))
        return false;
    return add_declare(c, i, s) && add_fetch(c, i, s, s->op.batch_rows);
}

ost__pg_stream *ost__pg_stream_at(const ost_connection *c, size_t index)
{
    ost__pg_stream *s = c->streams;
    while (s && (s->opening ? index != s->index : index != OST_STREAM(s->op.stream)))
        s = s->next;
    return s;
}

/* ---- reading ---- */

void ost__pg_stream_fill(ost__pg_stream *s, PGresult *rows)
{
    PQclear(s->rows);
    s->rows = rows;
    s->next_row = 0;
    s->row_count = PQntuples(rows);
    s->ended = s->row_count < s->asked;
}

/* Another portion travels as a batch of its own, so that a deadline leaves nothing half known. */
static ost_status fetch(ost__pg_run *r, ost__pg_stream *s)
{
    ost_connection *c = r->c;
    size_t rows = r->sink && r->sink->max_rows > 0 ? r->sink->max_rows : s->op.batch_rows;
    if (c->mode != OST__PG_IDLE)
        return ost__error_set(r->error, OST_MISUSE, "replies to an earlier batch are still owed");
    ost__pg_clear_steps(c);
    c->ops = &s->op;
    c->op_count = 1;
    c->refused = false;
    c->rerun = true;
    c->trips = 1;
    r->index = 0;
    if (!add_fetch(c, 0, s, rows))
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for a batch");
    atomic_store(&c->active, c->batch);
    ost__pg_begin_sending(c);
    return ost__pg_run_steps(r);
}

static ost_status deliver(ost__pg_run *r, ost__pg_stream *s)
{
    size_t most = r->sink ? r->sink->max_rows : 0;
    int count = s->row_count - s->next_row, first = s->next_row;
    if (most > 0 && most < (size_t)count)
        count = (int)most;
    s->next_row += count;
    OST_TRY(ost__pg_deliver(r, s->rows, first, count));
    if (s->next_row < s->row_count)
        return OST_OK;
    PQclear(s->rows);
    s->rows = NULL;
    return OST_OK;
}

ost_status ost__pg_stream_read(ost__pg_run *r, ost__pg_stream *s)
{
    bool first = s->opening;
    s->opening = false;
    if (!first && !s->rows && ost__pg_late(r->c, r->deadline))
        return ost__error_set(r->error, OST_TIMEOUT,
                              "the deadline passed before the next rows were asked for");
    if (first)
        OST_TRY(ost__pg_run_steps(r));
    else if (!s->rows && !s->ended)
        OST_TRY(fetch(r, s));
    ost__pg_end_batch(r->c);
    if (s->rows)
        OST_TRY(deliver(r, s));
    if (s->rows || !s->ended) {
        r->outcome->progress = OST_MORE;
        return OST_OK;
    }
    if (r->misfit != OST_OK)
        return OST_OK;
    r->stream = NULL;
    r->c->op_count = first ? r->c->op_count : 0;
    return ost__pg_stream_end(r->c, s, r->deadline);
}

/* ---- the end ---- */

void ost__pg_stream_drop(ost_connection *c, ost__pg_stream *s)
{
    ost__pg_stream **at = &c->streams;
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at)
        *at = s->next;
    PQclear(s->rows);
    ost__free(&c->backend->memory, s, sizeof *s);
}

static ost_status close_cursor(ost_connection *c, const ost__pg_stream *s, ost_deadline deadline)
{
    char name[CURSOR_NAME_SIZE], text[48];
    name_of(s, name);
    ost__print(text, sizeof text, "CLOSE %s", name);
    return ost__pg_ask(c, text, 0, NULL, deadline, NULL, NULL);
}

/* Whether the cursor is still there, and this is a moment in which it can be closed. */
static bool can_close(const ost_connection *c, const ost__pg_stream *s)
{
    PGTransactionStatusType state = PQtransactionStatus(c->pg);
    if (c->lost || c->mode != OST__PG_IDLE || s->alone)
        return false;
    if (s->held)
        return state == PQTRANS_IDLE || state == PQTRANS_INTRANS;
    return state == PQTRANS_INTRANS && !s->ended;
}

/* A unit that failed closes its cursors when it is rolled back; a held one is then closed later. */
ost_status ost__pg_stream_end(ost_connection *c, ost__pg_stream *s, ost_deadline deadline)
{
    ost_status status = OST_OK;
    bool alone = s->alone;
    if (can_close(c, s))
        status = close_cursor(c, s, deadline);
    else if (s->held)
        c->cursors_left = true;
    ost__pg_stream_drop(c, s);
    if (!alone || c->lost || c->mode != OST__PG_IDLE || ost__pg_streams_alone(c))
        return status;
    return ost__pg_ask(c, "ROLLBACK", 0, NULL, deadline, NULL, NULL);
}

void ost__pg_streams_ended(ost_connection *c)
{
    ost__pg_stream *s = c->streams;
    while (s) {
        ost__pg_stream *next = s->next;
        if (!s->held && !s->alone)
            ost__pg_stream_drop(c, s);
        s = next;
    }
}

ost_status ost__pg_streams_stop(ost_connection *c, ost_deadline deadline)
{
    while (c->streams)
        OST_TRY(ost__pg_stream_end(c, c->streams, deadline));
    return OST_OK;
}

ost_status ost__pg_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline)
{
    ost__pg_stream *s = ost__pg_stream_at(c, OST_STREAM(stream));
    return s ? ost__pg_stream_end(c, s, deadline) : OST_OK;
}
