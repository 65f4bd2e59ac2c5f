/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* ---- rows ---- */

OST__HOT ost_status ost__pg_deliver(ost__pg_run *r, const PGresult *result, int first, int count)
{
    const ost_row_program *program = r->op->rows;
    uint16_t column = UINT16_MAX;
    int delivered = 0;
    ost_status status;
    if (!program || !r->sink || count == 0)
        return OST_OK;
    if ((r->op->flags & OST_FLAG_SINGLE) && count > 1)
        count = 1;
    status = ost__pg_read(result, first, count, program, &r->c->backend->memory, r->sink, &column,
                          &delivered);
    if (status == OST_MISUSE)
        return ost__error_set(r->error, OST_MISUSE, "the statement has only %d columns",
                              PQnfields(result));
    r->outcome->rows += delivered;
    if (column != UINT16_MAX && r->misfit == OST_OK)
        r->misfit = r->sink->status != OST_OK ? r->sink->status : OST_RANGE;
    if (status == OST_OK || r->misfit != OST_OK)
        return OST_OK;
    return ost__error_set(r->error, status, "%s",
                          status == OST_NO_MEMORY ? "no memory for the rows"
                                                  : "the rows were not wanted any more");
}

static ost_status misfit(ost__pg_run *r)
{
    const ost_table *t = r->op->shape ? r->op->shape->table : NULL;
    ost__error_set(r->error, r->misfit, "%s: a stored value does not fit its member",
                   t ? t->model : "a row");
    if (t)
        ost__error_about(r->error, t->model, NULL);
    return r->misfit;
}

/* ---- replies ---- */

static bool is_write(const ost_operation *op)
{
    return op->kind >= OST_DO_INSERT && op->kind <= OST_DO_UPSERT;
}

static bool succeeded(const ost__pg_reply *reply)
{
#ifdef LIBPQ_HAS_CHUNK_MODE
    if (reply->status == PGRES_TUPLES_CHUNK)
        return true;
#endif
    return reply->status == PGRES_COMMAND_OK || reply->status == PGRES_TUPLES_OK;
}

static ost_status failed(ost__pg_run *r, const ost__pg_reply *reply)
{
    const ost_operation *op = &r->c->ops[reply->step->op];
    uint8_t state = reply->status;
    ost_status status;
    if (state == PGRES_EMPTY_QUERY)
        return ost__error_set(r->error, OST_MISUSE, "the statement is empty");
    if (state == PGRES_COPY_IN || state == PGRES_COPY_OUT || state == PGRES_COPY_BOTH)
        return ost__error_set(r->error, OST_UNSUPPORTED, "COPY cannot be run as a raw statement");
    if (reply->step->kind == OST__PG_RUN && op->record_count > 0 && !reply->step->once)
        r->outcome->failed_record = reply->record;
    status = ost__pg_failed(r->c, op, reply->result, r->error);
    /*
     * A write of its own is committed behind its success. Where the server reports that it ends
     * the connection instead of a success, the write is no riddle: it did not happen.
     */
    if (r->c->lost && r->error && reply->result && !reply->answered && is_write(op) &&
        r->error->sql_state[0])
        r->error->nothing_sent = 1;
    return status;
}

/* The number at the end of "UPDATE 3", "INSERT 0 1"; 0: there is none. */
static int64_t count_in(const char *tag)
{
    uint64_t n = 0;
    while (*tag >= 'A')
        tag++;
    for (; *tag; tag++)
        n = *tag >= '0' && *tag <= '9' ? n * 10 + (uint64_t)(*tag - '0') : 0;
    return (int64_t)n;
}

static void count(ost__pg_run *r, const ost__pg_reply *reply)
{
    int64_t n = count_in(PQcmdStatus(reply->result));
    bool by_condition = r->op->kind == OST_DO_UPDATE || r->op->kind == OST_DO_DELETE;
    r->outcome->matched += n;
    if (n == 0 && by_condition && r->op->record_count > 0 && r->outcome->failed_record == SIZE_MAX)
        r->outcome->failed_record = reply->record;
}

/* ---- upserts ---- */

static ost_status room_for_effects(ost__pg_run *r)
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

/* The last column says whether the record was inserted; NULL: it was met, and is as it was. */
static enum ost_effect effect_of(const ost__pg_run *r, const PGresult *result)
{
    int last = PQnfields(result) - 1;
    if (PQntuples(result) == 0)
        return r->op->rows ? OST_EFFECT_NONE : OST_EFFECT_UNCHANGED;
    if (last < 0 || PQgetisnull(result, 0, last))
        return OST_EFFECT_UNCHANGED;
    return PQgetvalue(result, 0, last)[0] ? OST_EFFECT_INSERTED : OST_EFFECT_UPDATED;
}

static ost_status take_upsert(ost__pg_run *r, const ost__pg_reply *reply)
{
    ost_outcome *o = r->outcome;
    enum ost_effect effect = effect_of(r, reply->result);
    r->c->effects[reply->record] = (uint8_t)effect;
    o->effect = (uint16_t)effect;
    o->effects = r->c->effects;
    o->matched += effect != OST_EFFECT_NONE;
    if (o->changed < 0)
        o->changed = 0;
    o->changed += effect == OST_EFFECT_INSERTED || effect == OST_EFFECT_UPDATED;
    return ost__pg_deliver(r, reply->result, 0, PQntuples(reply->result));
}

static ost_status take_run(ost__pg_run *r, ost__pg_reply *reply)
{
    PGresult *result = reply->result;
    uint16_t kind = r->op->kind;
    if (r->keys) {
        *r->keys = result;
        reply->result = NULL;
        return OST_OK;
    }
    if (reply->step->read > reply->record) /* of several portions the last */
        r->outcome->statements++;
    if (r->stream) {
        ost__pg_stream_fill(r->stream, result);
        reply->result = NULL;
        return OST_OK;
    }
    if (kind == OST_DO_COMMIT || kind == OST_DO_ROLLBACK)
        return ost__pg_unit_ended(r, result);
    if (kind == OST_DO_UPSERT)
        return take_upsert(r, reply);
    if (is_write(r->op) || kind == OST_DO_RAW)
        count(r, reply);
    if (!r->op->rows)
        return OST_OK;
    return ost__pg_deliver(r, result, 0, PQntuples(result));
}

static ost_status take(ost__pg_run *r, ost__pg_reply *reply)
{
    const ost__pg_step *s = reply->step;
    if (s->kind == OST__PG_CHORE && reply->result)
        return OST_OK;
    if (s->kind == OST__PG_SYNC && reply->status == PGRES_PIPELINE_SYNC)
        return OST_OK;
    if (!succeeded(reply))
        return failed(r, reply);
    /* What was answered before the batch was sent again is of no interest. */
    if (s->kind == OST__PG_RUN && s->op == r->index)
        return take_run(r, reply);
    return OST_OK;
}

static ost_status late(ost__pg_run *r, ost_status status)
{
    r->owes = true;
    return ost__error_set(r->error, status, "%s",
                          status == OST_CANCELLED ? "the statement was cancelled"
                                                  : "the deadline passed while the statement ran");
}

/* ---- once more ---- */

/* Whether the server's function of this name reported it. */
static bool is_from(const PGresult *result, const char *function)
{
    const char *name = result ? PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION) : NULL;
    return name && strcmp(name, function) == 0;
}

/*
 * A prepared statement may be gone (somebody deallocated it), be there already (its name says that
 * it is the same), or have a plan whose columns are others by now. None of that is the program's
 * fault.
 */
static bool is_stale(ost__pg_run *r, const ost__pg_reply *reply)
{
    ost__pg_statement *s = reply->step->statement;
    if (!s)
        return false;
    if (reply->step->kind == OST__PG_PREPARE && ost__pg_is_state(reply->result, "42P05")) {
        s->state = OST__PG_READY;
        return true;
    }
    if (reply->step->kind != OST__PG_RUN && reply->step->kind != OST__PG_TOKEN)
        return false;
    if (ost__pg_is_state(reply->result, "26000")) {
        r->gone = true;
        return true;
    }
    /* A feature that is missing has the same state, but is told from elsewhere. */
    if (!ost__pg_is_state(reply->result, "0A000") || s->state != OST__PG_READY ||
        !is_from(reply->result, "RevalidateCachedQuery"))
        return false;
    r->stale = s;
    return true;
}

/* Nothing of what the batch did would be lost, or delivered twice. */
static bool may_run_again(const ost__pg_run *r, const ost__pg_reply *reply)
{
    const ost_connection *c = r->c;
    if (c->rerun || !c->began || reply->record > 0 || reply->step->op != r->index)
        return false;
    for (size_t i = 0; i < r->index; i++)
        if (c->ops[i].kind != OST_DO_BEGIN && c->ops[i].kind != OST_DO_SAVEPOINT)
            return false;
    return true;
}

static ost_status run_again(ost__pg_run *r, bool may)
{
    ost_connection *c = r->c;
    ost_status status = ost__pg_drain(c, r->deadline);
    if (status != OST_OK)
        return late(r, status);
    if (r->gone)
        ost__pg_statements_lost(c);
    else if (r->stale)
        ost__pg_statement_forget(c, r->stale, false);
    if (!may) {
        ost__error_set(r->error, OST_SERIALIZATION,
                       "the tables changed while the transaction ran: run it again");
        if (r->error)
            r->error->retryable = 1;
        return OST_SERIALIZATION;
    }
    atomic_store(&c->active, c->batch);
    return ost__pg_start_again(c, r->error);
}

/* ---- collect ---- */

static ost_status refused(ost__pg_run *r)
{
    const ost__pg_refusal *refusal = &r->c->refusal;
    if (r->error)
        memcpy(r->error, &refusal->error, sizeof *r->error);
    r->outcome->failed_record = refusal->record;
    return (ost_status)refusal->error.status;
}

OST__HOT ost_status ost__pg_run_steps(ost__pg_run *r)
{
    ost_connection *c = r->c;
    for (;;) {
        const ost__pg_step *next = ost__pg_next_step(c);
        ost__pg_reply reply;
        ost_status status;
        if (!next || next->op > r->index)
            break;
        status = ost__pg_advance(c, r->deadline, &reply);
        if (status != OST_OK)
            return late(r, status);
        if (!reply.step)
            break;
        status = take(r, &reply);
        if (status != OST_OK && !c->lost && is_stale(r, &reply)) {
            bool may = may_run_again(r, &reply);
            PQclear(reply.result);
            OST_TRY(run_again(r, may));
            r->outcome->failed_record = SIZE_MAX;
            continue;
        }
        PQclear(reply.result);
        OST_TRY(status);
    }
    return c->refused && c->refusal.op == r->index ? refused(r) : OST_OK;
}

static ost_status run_one(ost__pg_run *r)
{
    ost_status status;
    if (r->op->kind == OST_DO_UPSERT)
        OST_TRY(room_for_effects(r));
    if (r->stream)
        status = ost__pg_stream_read(r, r->stream);
    else if (ost__pg_copies(r->op) && !r->c->refused)
        status = ost__pg_copy(r);
    else
        status = ost__pg_run_steps(r);
    if (status == OST_OK && r->misfit != OST_OK)
        status = misfit(r);
    return status;
}

/* The connection is free again, unless replies are owed beyond the deadline. */
static void clean_up(ost__pg_run *r, bool was_open)
{
    ost_connection *c = r->c;
    bool ends = r->op->kind == OST_DO_ROLLBACK || r->op->kind == OST_DO_COMMIT;
    c->failed = true;
    r->outcome->progress = OST_DONE;
    if (!r->owes && !c->lost && ost__pg_drain(c, r->deadline) != OST_OK)
        c->lost = true;
    if (r->stream && !r->owes)
        ost__pg_stream_end(c, r->stream, r->deadline);
    if (PQstatus(c->pg) != CONNECTION_OK)
        c->lost = true;
    if (c->lost)
        c->mode = OST__PG_IDLE;
    r->outcome->connection_lost = c->lost;
    if (!c->lost && !r->owes && PQtransactionStatus(c->pg) == PQTRANS_IDLE) {
        r->outcome->transaction_ended |= was_open && r->op->kind != OST_DO_ROLLBACK;
        if (ends || was_open)
            ost__pg_streams_ended(c);
    }
}

OST__HOT ost_status ost__pg_collect(ost_connection *c, size_t i, ost_sink *sink,
                                    ost_outcome *outcome, ost_deadline deadline, ost_error *error)
{
    ost__pg_run r = {
        .c = c, .sink = sink, .outcome = outcome, .error = error, .deadline = deadline, .index = i
    };
    ost_operation resumed; /* the stream may end before its collect does */
    bool was_open;
    ost_status status;
    *outcome =
        (ost_outcome){ .struct_size = sizeof *outcome, .changed = -1, .failed_record = SIZE_MAX };
    r.stream = c->streams ? ost__pg_stream_at(c, i) : NULL;
    if (!r.stream && (i >= c->op_count || c->failed)) {
        outcome->progress = OST_NOT_RUN;
        return OST_OK;
    }
    if (r.stream)
        resumed = r.stream->op;
    r.op = r.stream ? &resumed : &c->ops[i];
    was_open = !c->began || (c->begins && i > 0);
    status = run_one(&r);
    outcome->status = (uint16_t)status;
    if (status == OST_OK && (r.op->kind == OST_DO_INSERT || r.op->kind == OST_DO_DELETE))
        outcome->changed = outcome->matched;
    if (status != OST_OK)
        clean_up(&r, was_open);
    else if (c->mode != OST__PG_IDLE && !ost__pg_next_step(c))
        ost__pg_end_batch(c);
    if (status != OST_OK || c->mode == OST__PG_IDLE) {
        outcome->round_trips = c->trips;
        c->trips = 0;
    }
    return status;
}
