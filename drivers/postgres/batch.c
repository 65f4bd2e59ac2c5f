/* SPDX-License-Identifier: MIT */
/*
 * A batch becomes steps: commands that are sent one behind the other, and whose replies come in the
 * same order. One step alone is sent as it is; several travel through libpq's pipeline, in one
 * round trip.
 */
#include "postgres/connection.h"

#include <string.h>

#include "base/error.h"

static bool grow(ost_connection *c)
{
    enum { FIRST = 16 };
    size_t capacity = c->step_capacity > 0 ? c->step_capacity * 2 : FIRST, old, new;
    ost__pg_step *steps;
    if (!ost__size_mul(capacity, sizeof *steps, &new))
        return false;
    old = c->step_capacity * sizeof *steps;
    steps = ost__realloc(&c->backend->memory, c->steps, old, new);
    if (!steps)
        return false;
    c->steps = steps;
    c->step_capacity = capacity;
    return true;
}

static inline ost__pg_step *add_step(ost_connection *c, uint8_t kind, size_t op)
{
    ost__pg_step *s;
    if (c->step_count == c->step_capacity && !grow(c))
        return NULL;
    s = &c->steps[c->step_count++];
    *s = (ost__pg_step){ .kind = kind, .op = op, .runs = 1 };
    return s;
}

ost__pg_step *ost__pg_add_step(ost_connection *c, uint8_t kind, size_t op)
{
    return add_step(c, kind, op);
}

bool ost__pg_add_text(ost_connection *c, uint8_t kind, size_t op, const char *text, size_t size)
{
    ost__pg_step *s = ost__pg_add_step(c, kind, op);
    if (!s)
        return false;
    s->text = c->texts.size;
    s->how = OST__PG_AT_ONCE;
    s->once = true;
    ost__buffer_bytes(&c->texts, text, size);
    ost__buffer_char(&c->texts, '\0');
    return !c->texts.failed;
}

static bool add_prepare(ost_connection *c, size_t op, const ost_plan *plan,
                        ost__pg_statement *statement)
{
    ost__pg_step *s = ost__pg_add_step(c, OST__PG_PREPARE, op);
    if (!s)
        return false;
    s->plan = plan;
    s->statement = statement;
    if (statement)
        statement->state = OST__PG_SENT;
    return true;
}

/*
 * libpq 17 hands rows over in portions, so that a large result does not lie in its memory beside
 * the records: a quarter less time for 100,000 of them (measured). One row, or as many as a limit
 * lets through, are a portion already.
 */
static bool comes_in_portions(const ost_operation *op)
{
    return op->kind == OST_DO_SELECT && op->rows && !(op->flags & OST_FLAG_SINGLE) &&
           op->shape->limit_parameter == OST_NO_PARAMETER;
}

OST__HOT static inline bool add_plan(ost_connection *c, size_t op, const ost_plan *plan, bool once)
{
    const ost_operation *o = &c->ops[op];
    size_t runs = once || o->record_count == 0 ? 1 : o->record_count;
    bool cached = once || (o->kind != OST_DO_DDL && !(o->flags & OST_FLAG_ONCE));
    ost__pg_statement *statement = cached && !c->pooled ? ost__pg_statement_of(c, plan) : NULL;
    bool prepares = statement ? statement->state == OST__PG_UNPREPARED : runs > 1;
    ost__pg_step *s;
    if (prepares && !add_prepare(c, op, plan, statement))
        return false;
    s = add_step(c, OST__PG_RUN, op);
    if (!s)
        return false;
    s->plan = plan;
    s->statement = statement;
    s->once = once;
    s->portions = !once && comes_in_portions(o);
    s->runs = runs;
    s->how = statement ? OST__PG_BY_NAME : prepares ? OST__PG_UNNAMED : OST__PG_AT_ONCE;
    return true;
}

bool ost__pg_add_plan(ost_connection *c, size_t op, const ost_plan *plan, bool once)
{
    return add_plan(c, op, plan, once);
}

/* ---- steps of operations ---- */

static void refuse(ost_connection *c, size_t op, ost_status status, const char *why)
{
    c->refused = true;
    c->refusal.op = op;
    c->refusal.record = SIZE_MAX;
    ost__error_set(&c->refusal.error, status, "%s", why);
    c->refusal.error.nothing_sent = 1;
}

/* A write that met no record has given the unit no number: then the next is asked. */
static bool ask_token(ost_connection *c, size_t i)
{
    if (!ost__pg_add_plan(c, i, c->backend->verbs[OST__PG_ASK_TOKEN], true))
        return false;
    c->steps[c->step_count - 1].kind = OST__PG_TOKEN;
    return true;
}

static bool add_planned(ost_connection *c, size_t i)
{
    const ost_operation *op = &c->ops[i];
    const ost__pg_token *t = &c->token;
    bool writes = op->kind != OST_DO_SELECT && op->kind != OST_DO_DDL;
    if (!op->plan) {
        refuse(c, i, OST_MISUSE, "the operation was not compiled");
        return true;
    }
    if (op->kind == OST_DO_SELECT && (op->flags & OST_FLAG_STREAM))
        return ost__pg_stream_open(c, i);
    if (writes && (op->flags & OST_FLAG_TOKEN))
        c->token.wanted = c->has_fates;
    if (ost__pg_copies(op))
        return ost__pg_copy_ask(c, 0);
    if (!add_plan(c, i, op->plan, false))
        return false;
    return !writes || !t->wanted || t->known || ask_token(c, i);
}

static bool add_operation(ost_connection *c, size_t i)
{
    const ost_operation *op = &c->ops[i];
    switch (op->kind) {
    case OST_DO_SELECT:
    case OST_DO_INSERT:
    case OST_DO_UPDATE:
    case OST_DO_DELETE:
    case OST_DO_UPSERT:
    case OST_DO_DDL: return add_planned(c, i);
    case OST_DO_RAW:
        if (op->parameter_count > 0) {
            refuse(c, i, OST_UNSUPPORTED, "raw statements cannot have parameters yet");
            return true;
        }
        return ost__pg_add_text(c, OST__PG_RUN, i, op->text, op->text_size);
    case OST_DO_EXPLAIN:
    case OST_DO_ADVISORY_LOCK:
        refuse(c, i, OST_UNSUPPORTED, "PostgreSQL cannot run operations of this kind yet");
        return true;
    default: return ost__pg_add_control(c, i);
    }
}

/* ---- the batch ---- */

void ost__pg_clear_steps(ost_connection *c)
{
    c->step_count = c->send_step = c->read_step = 0;
    c->in_flight = c->queued = 0;
    c->halted = c->full = false;
    if (c->texts.size > 0 || c->texts.failed)
        ost__buffer_reset(&c->texts);
}

/* Outside of a unit: what has to be undone or forgotten before anything is run. */
static bool add_chores(ost_connection *c)
{
    char text[OST__PG_NAME_SIZE + 16];
    if (c->rerun && PQtransactionStatus(c->pg) == PQTRANS_INERROR &&
        (!ost__pg_add_text(c, OST__PG_CHORE, 0, "ROLLBACK", 8) ||
         !ost__pg_add_step(c, OST__PG_SYNC, 0)))
        return false;
    for (const ost__pg_statement *s = c->forgotten; s; s = s->next) {
        size_t size = ost__print(text, sizeof text, "DEALLOCATE %s", s->name);
        if (!ost__pg_add_text(c, OST__PG_CHORE, 0, text, size) ||
            !ost__pg_add_step(c, OST__PG_SYNC, 0))
            return false;
    }
    ost__pg_statements_closed(c);
    if (c->cursors_left && !c->streams) {
        c->cursors_left = false;
        return ost__pg_add_text(c, OST__PG_CHORE, 0, "CLOSE ALL", 9) &&
               ost__pg_add_step(c, OST__PG_SYNC, 0);
    }
    return true;
}

OST__HOT static bool add_steps(ost_connection *c)
{
    bool several, chores = c->rerun || (c->began && (c->forgotten || c->cursors_left));
    if (chores && !add_chores(c))
        return false;
    for (size_t i = 0; i < c->op_count && !c->refused; i++)
        if (!add_operation(c, i))
            return false;
    several = c->step_count > 1 || (c->step_count == 1 && c->steps[0].runs > 1);
    return !several || ost__pg_add_step(c, OST__PG_SYNC, c->op_count - 1);
}

static inline ost_status start(ost_connection *c, bool again, ost_error *error)
{
    c->rerun = again;
    c->refused = false;
    ost__pg_clear_steps(c);
    if (!add_steps(c)) {
        ost__pg_halt(c);
        ost__pg_clear_steps(c);
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a batch");
    }
    c->trips++;
    c->asked = true;
    ost__pg_begin_sending(c);
    return OST_OK;
}

ost_status ost__pg_start_again(ost_connection *c, ost_error *error)
{
    return start(c, true, error);
}

/* A cancel that is on its way must not hit this batch. */
static bool wait_for_cancel(ost_connection *c, ost_deadline deadline)
{
    const ost_host *host = &c->backend->host;
    while (atomic_load(&c->cancelling)) {
        int64_t now = host->now(host->context), until = now + 1000000;
        if (now >= deadline)
            return false;
        (void)host->wait(host->context, c, -1, 0, until < deadline ? until : deadline);
    }
    return true;
}

/* How many of the operations go into one batch: bulk inserts and streams travel alone. */
static size_t acceptable(const ost_operation *ops, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((ops[i].flags & OST_FLAG_STREAM) || ost__pg_copies(&ops[i]))
            return i > 0 ? i : 1;
    return n;
}

/* Undoing must go through whatever the clock says. */
static bool undoes(const ost_operation *op)
{
    return op->kind == OST_DO_ROLLBACK || op->kind == OST_DO_ROLLBACK_TO ||
           op->kind == OST_DO_RELEASE;
}

/* A stream of the driver's own unit makes every write beside it a part of that unit. */
static bool is_beside(const ost_connection *c)
{
    if (!ost__pg_streams_alone(c))
        return false;
    for (size_t i = 0; i < c->op_count; i++)
        if (c->ops[i].kind != OST_DO_SELECT && c->ops[i].kind != OST_DO_DESCRIBE)
            return true;
    return false;
}

OST__HOT ost_status ost__pg_submit(ost_connection *c, const ost_operation *ops, size_t n,
                                   size_t *accepted, ost_deadline deadline, ost_error *error)
{
    const ost_host *host = &c->backend->host;
    PGTransactionStatusType state = PQtransactionStatus(c->pg);
    *accepted = 0;
    if (c->mode != OST__PG_IDLE)
        return ost__error_set(error, OST_MISUSE, "replies to an earlier batch are still owed");
    *accepted = n > 1 ? acceptable(ops, n) : n;
    c->ops = ops;
    c->op_count = *accepted;
    c->failed = c->refused = false;
    c->trips = 0;
    c->began = state == PQTRANS_IDLE;
    c->begins = n > 0 && ops[0].kind == OST_DO_BEGIN;
    atomic_store(&c->active, ++c->batch);
    c->used_at = deadline == INT64_MAX ? 0 : host->now(host->context);
    if (c->lost || (state == PQTRANS_UNKNOWN && PQstatus(c->pg) != CONNECTION_OK))
        refuse(c, 0, OST_CONNECTION, "the connection to the server broke before");
    else if (c->used_at >= deadline && !undoes(ops))
        refuse(c, 0, OST_TIMEOUT, "the deadline passed before the statement ran");
    else if (atomic_load(&c->cancelling) && !wait_for_cancel(c, deadline))
        refuse(c, 0, OST_TIMEOUT, "the deadline passed while an earlier statement was cancelled");
    else if (c->streams && is_beside(c))
        refuse(c, 0, OST_UNSUPPORTED,
               "behind a pooler, only reads can run beside a stream that was opened outside of a "
               "transaction");
    if (!c->refused)
        return start(c, false, error);
    ost__pg_clear_steps(c);
    return OST_OK;
}
