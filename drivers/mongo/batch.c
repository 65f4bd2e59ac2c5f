/* SPDX-License-Identifier: MIT */
#include "mongo/connection.h"

#include "base/error.h"

ost_status ost__mongo_submit(ost_connection *c, const ost_operation *ops, size_t n,
                             size_t *accepted, ost_deadline deadline, ost_error *error)
{
    (void)deadline;
    if (c->lost)
        return ost__error_set(error, OST_CONNECTION,
                              "the connection is of no more use: an answer is owed on it");
    c->ops = ops;
    c->op_count = n;
    c->failed = false;
    c->done = 0;
    c->batch++;
    *accepted = n;
    return OST_OK;
}

/* ---- one operation ---- */

static ost_status execute(ost__mongo_run *r)
{
    const ost_operation *op = r->op;
    if (!op->plan &&
        (op->kind == OST_DO_SELECT || op->kind == OST_DO_INSERT || op->kind == OST_DO_UPDATE ||
         op->kind == OST_DO_DELETE || op->kind == OST_DO_UPSERT || op->kind == OST_DO_RAW))
        return ost__error_set(r->error, OST_MISUSE, "the operation was not compiled");
    switch (op->kind) {
    case OST_DO_BEGIN: return ost__mongo_begin(r);
    case OST_DO_COMMIT: return ost__mongo_commit(r);
    case OST_DO_ROLLBACK: return ost__mongo_rollback(r);
    case OST_DO_SELECT: return ost__mongo_select(r);
    case OST_DO_INSERT: return ost__mongo_insert(r);
    case OST_DO_UPDATE: return ost__mongo_update(r);
    case OST_DO_DELETE: return ost__mongo_delete(r);
    case OST_DO_UPSERT: return ost__mongo_upsert(r);
    case OST_DO_RAW: return ost__mongo_statement_run(r);
    case OST_DO_DDL: return ost__mongo_define(r);
    case OST_DO_DESCRIBE: return ost__mongo_describe(r);
    case OST_DO_SAVEPOINT:
    case OST_DO_RELEASE:
    case OST_DO_ROLLBACK_TO:
        return ost__error_set(r->error, OST_UNSUPPORTED,
                              "MongoDB has no savepoints: a transaction inside another cannot be "
                              "undone alone");
    default:
        return ost__error_set(r->error, OST_UNSUPPORTED,
                              "MongoDB cannot run operations of kind %u yet", (unsigned)op->kind);
    }
}

/* Undoing must go through whatever the clock says. */
static bool may_be_late(const ost_operation *op)
{
    return op->kind == OST_DO_ROLLBACK;
}

static ost_status misfit(ost__mongo_run *r)
{
    const ost_table *t = r->op->shape ? r->op->shape->table : NULL;
    ost__error_set(r->error, r->failed, "%s: a stored value does not fit its member",
                   t ? t->model : "a row");
    if (t)
        ost__error_about(r->error, t->model, NULL);
    return r->failed;
}

static ost_status not_started(ost__mongo_run *r, ost_status status)
{
    ost__error_set(r->error, status, "%s before the statement ran",
                   status == OST_CANCELLED ? "cancelled" : "the deadline passed");
    r->error->nothing_sent = 1;
    return status;
}

static ost_status start(ost__mongo_run *r, ost__mongo_stream *stream)
{
    ost_connection *c = r->c;
    ost_status status = OST_OK;
    c->interrupted = OST_OK;
    c->asked = false;
    if (!may_be_late(r->op) && ost__mongo_cancelled(c))
        return not_started(r, OST_CANCELLED);
    if (!may_be_late(r->op) && ost__mongo_late(c))
        return not_started(r, OST_TIMEOUT);
    status = stream ? ost__mongo_read_on(r, stream) : execute(r);
    if (status == OST_OK && r->failed != OST_OK)
        status = misfit(r);
    return status;
}

static ost__mongo_stream *stream_of(const ost_connection *c, size_t i)
{
    ost__mongo_stream *s = c->streams;
    while (s && i != OST_STREAM(s->op.stream) && (i != s->index || s->batch != c->batch))
        s = s->next;
    return s;
}

ost_status ost__mongo_collect(ost_connection *c, size_t i, ost_sink *sink, ost_outcome *outcome,
                              ost_deadline deadline, ost_error *error)
{
    ost_error own;
    ost__mongo_run r = {
        .c = c, .sink = sink, .outcome = outcome, .error = error ? error : &own, .index = i
    };
    ost__mongo_stream *stream = c->streams ? stream_of(c, i) : NULL;
    uint32_t trips = c->trips;
    uint64_t sent = c->sent, received = c->received;
    ost_operation resumed;
    bool open;
    ost_status status;
    *outcome =
        (ost_outcome){ .struct_size = sizeof *outcome, .changed = -1, .failed_record = SIZE_MAX };
    if (!stream && (i >= c->op_count || c->failed)) {
        outcome->progress = OST_NOT_RUN;
        return OST_OK;
    }
    if (stream)
        resumed = stream->op;
    r.op = stream ? &resumed : &c->ops[i];
    c->deadline = deadline;
    open = c->in_unit;
    status = start(&r, stream);
    if (status != OST_OK) {
        c->failed = c->failed || !stream;
        outcome->connection_lost = c->lost;
        /* One of the driver's own was never the caller's. */
        outcome->transaction_ended = outcome->transaction_ended || (open && c->unit_failed);
    }
    outcome->status = (uint16_t)status;
    outcome->round_trips = c->trips - trips;
    outcome->bytes_sent = c->sent - sent;
    outcome->bytes_received = c->received - received;
    return status;
}

/* ---- what is left over ---- */

static void kill_stream(ost_connection *c, ost__mongo_stream *s)
{
    ost_error unwanted;
    ost_outcome outcome = { .struct_size = sizeof outcome };
    ost__mongo_run r = { .c = c, .op = &s->op, .outcome = &outcome, .error = &unwanted };
    /* With its transaction the cursor is gone already. */
    if (!c->lost && !c->unit_failed)
        ost__mongo_stream_kill(&r, s);
    ost__mongo_stream_free(c, s);
}

void ost__mongo_streams_end(ost_connection *c, ost_deadline deadline)
{
    c->deadline = deadline;
    c->interrupted = OST_OK;
    while (c->streams)
        kill_stream(c, c->streams);
    while (c->watches)
        ost__mongo_watch_kill(c, c->watches);
}

ost_status ost__mongo_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline)
{
    ost__mongo_stream *s = stream_of(c, OST_STREAM(stream));
    c->deadline = deadline;
    c->interrupted = OST_OK;
    if (s)
        kill_stream(c, s);
    else
        (void)ost__mongo_watch_stop(c, stream);
    return c->lost ? OST_CONNECTION : OST_OK;
}

/* The library reads each answer, or closes the socket: none is ever owed. */
ost_status ost__mongo_settle(ost_connection *c, ost_deadline deadline)
{
    const ost_host *host = &c->backend->host;
    c->op_count = 0;
    if (c->lost)
        return OST_CONNECTION;
    if (!c->streams && !c->watches)
        return OST_OK;
    if (host->now(host->context) >= deadline)
        return OST_TIMEOUT;
    ost__mongo_streams_end(c, deadline);
    return c->lost ? OST_CONNECTION : OST_OK;
}
