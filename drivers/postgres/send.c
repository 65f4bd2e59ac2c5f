/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

#include <string.h>

#include "base/error.h"

/*
 * What is on its way at most. The server sends its replies when its buffer is full or when it is
 * asked to; a window that is never asked for would wait for ever.
 */
enum { WINDOW = 256, ASK_EVERY = WINDOW / 2, QUEUED_MAX = 256 << 10, PORTION_ROWS = 1024 };

static void refuse(ost_connection *c, const ost__pg_step *s, bool nothing_sent)
{
    c->refused = true;
    c->refusal.op = s->op;
    c->refusal.record = c->ops[s->op].record_count > 0 && !s->once ? s->sent : SIZE_MAX;
    c->refusal.error.nothing_sent = nothing_sent;
}

/* Something of this operation went out before. */
static bool is_first(const ost_connection *c, const ost__pg_step *s)
{
    if (s->sent > 0)
        return false;
    for (const ost__pg_step *p = c->steps; p < s; p++)
        if (p->op == s->op && p->kind != OST__PG_PREPARE && p->kind != OST__PG_CHORE &&
            p->kind != OST__PG_SYNC)
            return false;
    return true;
}

static const void *record_of(const ost_operation *op, const ost__pg_step *s)
{
    if (op->record_count == 0 || s->once)
        return NULL;
    return (const char *)op->records + s->sent * op->record_stride;
}

static int send_values(ost_connection *c, const ost__pg_step *s)
{
    const ost_plan *plan = s->plan;
    const ost__pg_values *v = &c->values;
    int count = (int)plan->parameter_count;
    if (s->runs > 1)
        for (int i = 0; i < count; i++)
            c->queued += (size_t)v->lengths[i];
    if (s->how != OST__PG_AT_ONCE)
        return PQsendQueryPrepared(c->pg, s->statement ? s->statement->name : "", count, v->values,
                                   v->lengths, v->formats, 1);
    return PQsendQueryParams(c->pg,
                             s->kind == OST__PG_DECLARE ? c->texts.data + s->text : plan->text,
                             count, plan->types, v->values, v->lengths, v->formats, 1);
}

static int send_run(ost_connection *c, const ost__pg_step *s)
{
    const ost_operation *op = &c->ops[s->op];
    if (!s->plan)
        return PQsendQueryParams(c->pg, c->texts.data + s->text, 0, NULL, NULL, NULL, NULL, 1);
    if (s->plan->parameter_count > 0 &&
        ost__pg_bind(&c->values, s->plan->parameters, op, record_of(op, s), &c->refusal.error) !=
            OST_OK) {
        refuse(c, s, is_first(c, s));
        return 0;
    }
    return send_values(c, s);
}

static int send_one(ost_connection *c, const ost__pg_step *s)
{
    const ost_plan *plan = s->plan;
    if (s->kind == OST__PG_SYNC)
        return PQpipelineSync(c->pg);
    if (s->kind == OST__PG_PREPARE)
        return PQsendPrepare(c->pg, s->statement ? s->statement->name : "", plan->text,
                             (int)plan->parameter_count, plan->types);
    return send_run(c, s);
}

static bool may_send(ost_connection *c)
{
    if (c->full && c->in_flight > WINDOW / 2)
        return false;
    c->full = c->in_flight >= WINDOW;
    if (c->full)
        return false;
    if (c->queued < QUEUED_MAX)
        return true;
    if (PQflush(c->pg) != 0)
        return false;
    c->queued = 0;
    return true;
}

/* false: not now. */
OST__HOT static bool send_step(ost_connection *c, ost__pg_step *s)
{
    while (s->sent < s->runs) {
        if (s->runs > 1 && !may_send(c))
            return false;
        if (!send_one(c, s)) {
            if (!c->refused) {
                bool first = s == c->steps && s->sent == 0;
                ost__pg_failed(c, &c->ops[s->op], NULL, &c->refusal.error);
                refuse(c, s, first);
            }
            ost__pg_halt(c);
            return false;
        }
        s->sent++;
        if (s->kind == OST__PG_RUN)
            c->in_flight++;
        if (s->sent < s->runs && s->sent % ASK_EVERY == 0) {
            (void)PQsendFlushRequest(c->pg);
            c->trips += s->sent > ASK_EVERY;
        }
    }
    return true;
}

void ost__pg_send(ost_connection *c)
{
    while (c->send_step < c->step_count && !c->halted && send_step(c, &c->steps[c->send_step]))
        c->send_step++;
}

OST__HOT void ost__pg_begin_sending(ost_connection *c)
{
    const ost__pg_step *last = c->step_count > 0 ? &c->steps[c->step_count - 1] : NULL;
    if (!last)
        return;
    c->mode = last->kind == OST__PG_SYNC ? OST__PG_PIPELINE : OST__PG_PLAIN;
    if (c->mode == OST__PG_PIPELINE && !PQenterPipelineMode(c->pg)) {
        ost__pg_failed(c, NULL, NULL, &c->refusal.error);
        refuse(c, c->steps, true);
        c->lost = true;
        ost__pg_halt(c);
    }
    ost__pg_send(c);
    if (c->mode == OST__PG_PLAIN && c->halted)
        c->mode = OST__PG_IDLE;
}

void ost__pg_halt(ost_connection *c)
{
    ost__pg_step *last = c->step_count > 0 ? &c->steps[c->step_count - 1] : NULL;
    if (c->halted)
        return;
    c->halted = true;
    for (size_t i = c->send_step; i < c->step_count; i++) {
        ost__pg_step *s = &c->steps[i];
        if (s->kind == OST__PG_PREPARE && s->sent == 0 && s->statement)
            s->statement->state = OST__PG_UNPREPARED;
    }
    c->send_step = c->step_count;
    if (last && last->kind == OST__PG_SYNC && last->sent == 0 && c->mode == OST__PG_PIPELINE &&
        PQpipelineSync(c->pg))
        last->sent = 1;
}

/* ---- replies ---- */

/* libpq would say so again and again, until the copy is over. */
static bool starts_copy(uint8_t status)
{
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* Behind the result of a command stands its end, and before it may stand a failure to commit. */
static ost_status read_end(ost_connection *c, ost_deadline deadline, ost__pg_reply *out)
{
    for (;;) {
        PGresult *more;
        ost_status status = OST_OK;
        /* Mostly it came together with the result. */
        if (!PQisBusy(c->pg))
            more = PQgetResult(c->pg);
        else
            status = ost__pg_result(c, deadline, &more);
        if (status != OST_OK) {
            PQclear(out->result);
            out->result = NULL;
            return status;
        }
        if (!more)
            return OST_OK;
        if (PQresultStatus(more) == PGRES_FATAL_ERROR) {
            out->answered = true;
            out->status = PGRES_FATAL_ERROR;
            PQclear(out->result);
            out->result = more;
        } else {
            PQclear(more);
        }
    }
}

static void note(ost_connection *c, const ost__pg_reply *reply)
{
    const ost__pg_step *s = reply->step;
    if (s->kind == OST__PG_RUN)
        c->in_flight--;
    else if (s->kind == OST__PG_PREPARE && s->statement)
        s->statement->state =
            reply->status == PGRES_COMMAND_OK ? OST__PG_READY : OST__PG_UNPREPARED;
    else if (s->kind == OST__PG_TOKEN && reply->status == PGRES_TUPLES_OK)
        ost__pg_token_read(c, reply->result);
}

/* A failure to commit comes before the sync, and ends in nothing. */
static void read_sync(ost_connection *c, ost__pg_reply *out)
{
    if (!out->result && PQstatus(c->pg) == CONNECTION_OK)
        out->result = PQgetResult(c->pg);
    out->status = (uint8_t)PQresultStatus(out->result);
    if (out->status == PGRES_PIPELINE_SYNC)
        out->step->read++;
}

/* libpq takes this for the command whose reply is read next, before any of it was read. */
static void in_portions(ost_connection *c, ost__pg_step *s)
{
#ifdef LIBPQ_HAS_CHUNK_MODE
    if (s->portions && s->read < s->sent) {
        s->portions = false;
        (void)PQsetChunkedRowsMode(c->pg, PORTION_ROWS);
    }
#else
    (void)c, (void)s;
#endif
}

/* A portion of the rows, behind which more may come. */
static bool is_portion(uint8_t status)
{
#ifdef LIBPQ_HAS_CHUNK_MODE
    return status == PGRES_TUPLES_CHUNK;
#else
    (void)status;
    return false;
#endif
}

OST__HOT ost_status ost__pg_advance(ost_connection *c, ost_deadline deadline, ost__pg_reply *out)
{
    ost__pg_step *s;
    out->step = NULL;
    for (;;) {
        if (c->send_step < c->step_count)
            ost__pg_send(c);
        s = ost__pg_next_step(c);
        if (!s)
            return OST_OK;
        in_portions(c, s);
        if (s->read < s->sent && !PQisBusy(c->pg))
            break;
        ost_status status = ost__pg_wait(c, deadline);
        if (status == OST_CONNECTION)
            break;
        OST_TRY(status);
    }
    *out = (ost__pg_reply){ .step = s, .record = s->read, .result = PQgetResult(c->pg) };
    if (s->kind == OST__PG_SYNC) {
        read_sync(c, out);
        return OST_OK;
    }
    out->status = (uint8_t)PQresultStatus(out->result);
    if (is_portion(out->status))
        return OST_OK;
    if (starts_copy(out->status))
        c->lost = true;
    else if (out->result)
        OST_TRY(read_end(c, deadline, out));
    s->read++;
    note(c, out);
    return OST_OK;
}

ost_status ost__pg_drain(ost_connection *c, ost_deadline deadline)
{
    ost__pg_halt(c);
    if (c->mode == OST__PG_COPYING)
        OST_TRY(ost__pg_copy_stop(c, deadline));
    while (c->mode == OST__PG_PLAIN || c->mode == OST__PG_PIPELINE) {
        ost__pg_reply reply;
        OST_TRY(ost__pg_advance(c, deadline, &reply));
        if (!reply.step)
            break;
        PQclear(reply.result);
        /* A statement that travelled alone may have been read to its result, and not to its end. */
        if (PQstatus(c->pg) != CONNECTION_OK || (!reply.result && c->mode == OST__PG_PIPELINE)) {
            c->lost = true;
            break;
        }
    }
    ost__pg_end_batch(c);
    return OST_OK;
}

OST__HOT void ost__pg_end_batch(ost_connection *c)
{
    if (c->mode == OST__PG_PIPELINE && !PQexitPipelineMode(c->pg))
        c->lost = true;
    c->mode = OST__PG_IDLE;
    atomic_store_explicit(&c->active, 0, memory_order_release);
}
