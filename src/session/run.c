/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <string.h>

#include "base/error.h"
#include "session/cursor.h"
#include "session/watch.h"

ost_status ost__session_lease(ost_session *s)
{
    if (s->lease)
        return OST_OK;
    ost_status status = ost__pool_lease(s->db->pool, s->now, s->deadline, &s->lease, &s->error);
    if (status != OST_OK)
        s->error.nothing_sent = 1;
    return status;
}

static bool in_use(const ost_session *s)
{
    for (uint32_t i = 0; i < s->unit_count; i++)
        if (s->units[i].sent)
            return true;
    return s->open_cursors > 0 || (s->open_watchers > 0 && ost__watches_stream(s));
}

OST__HOT void ost__session_unlease(ost_session *s, bool usable)
{
    ost__lease *lease = s->lease;
    if (!lease || (usable && in_use(s)))
        return;
    if (!usable) {
        ost__cursors_lost(s);
        ost__watches_lost(s);
        ost__unit_lost(s);
    }
    s->lease = NULL;
    ost__pool_return(s->db->pool, lease, s->now, usable);
}

/* Replies are owed on it: a thread of the pool asks the server to stop, and reads them. */
static void recover_lease(ost_session *s)
{
    ost__lease *lease = s->lease;
    ost__unit_lost(s);
    s->lease = NULL;
    ost__pool_recover(s->db->pool, lease, s->now);
}

/* ---- events ---- */

static int64_t clock_if_heard(const ost_session *s)
{
    const ost_db *db = s->db;
    return db->on_event ? db->platform.monotonic(db->platform.context) : 0;
}

static const char *text_of(const ost_session *s, const ost_operation *op)
{
    static const char *const names[] = {
        [OST_DO_BEGIN] = "BEGIN",         [OST_DO_COMMIT] = "COMMIT",
        [OST_DO_ROLLBACK] = "ROLLBACK",   [OST_DO_SAVEPOINT] = "SAVEPOINT",
        [OST_DO_RELEASE] = "RELEASE",     [OST_DO_ROLLBACK_TO] = "ROLLBACK TO",
        [OST_DO_DESCRIBE] = "(describe)",
    };
    if (op->plan)
        return s->db->driver.plan_text(op->plan);
    return op->kind < sizeof(names) / sizeof(names[0]) && names[op->kind] ? names[op->kind] : "";
}

static void report(const ost_session *s, const ost_operation *op, const ost_outcome *o,
                   int64_t started)
{
    ost_db *db = s->db;
    if (!db->on_event || o->progress == OST_NOT_RUN)
        return;
    int64_t duration = clock_if_heard(s) - started;
    bool rows = op->kind == OST_DO_SELECT || op->kind == OST_DO_DESCRIBE ||
                (op->kind == OST_DO_RAW && op->rows);
    const ost_event event = {
        .struct_size = sizeof(event),
        .kind = OST_EVENT_STATEMENT,
        .status = o->status,
        .slow = db->slow_query_ms > 0 && duration > (int64_t)db->slow_query_ms * 1000000,
        .model = op->shape && op->shape->table ? op->shape->table->model : "",
        .text = text_of(s, op),
        .duration_ns = duration,
        .rows = rows ? o->rows : o->matched,
        .round_trips = o->round_trips,
    };
    ost__db_event(db, &event);
}

/* ---- batches ---- */

/* What is owed before the operation: BEGIN, then each savepoint that was not set yet. */
static size_t owed(ost_session *s, ost_operation *ops)
{
    size_t n = 0;
    for (uint32_t i = 0; i < s->unit_count; i++) {
        const ost__unit *unit = &s->units[i];
        if (unit->sent || unit->joined)
            continue;
        ops[n++] = (ost_operation){
            .struct_size = sizeof(ost_operation),
            .kind = i == 0 ? OST_DO_BEGIN : OST_DO_SAVEPOINT,
            .text = unit->name,
            .text_size = strlen(unit->name),
            .isolation = unit->isolation,
            .access = unit->read_only ? OST_ACCESS_READ_ONLY : OST_ACCESS_WRITE,
        };
    }
    return n;
}

/* The units that an owed operation began are open from here on. */
static void mark_sent(ost_session *s, size_t begun)
{
    for (uint32_t i = 0; begun > 0 && i < s->unit_count; i++) {
        if (s->units[i].sent || s->units[i].joined)
            continue;
        s->units[i].sent = true;
        begun--;
    }
}

/* The table that has the field: the query's own, or the shape of a result; NULL for a single value.
 */
static const ost_table *owner_of(const ost_session *s, const ost_field *field)
{
    for (uint32_t i = 0; i < ost__model_count(s->db->models); i++) {
        const ost_table *t = &ost__model_at(s->db->models, i)->table;
        for (uint32_t k = 0; k < t->field_count; k++)
            if (&t->fields[k] == field)
                return t;
    }
    return NULL;
}

static void column_error(ost_session *s, const ost_operation *op, const ost__sink *k)
{
    const ost_field *field = k->program->steps[k->failed_column].field;
    const ost_table *own = op->shape ? op->shape->table : NULL, *owner = owner_of(s, field);
    const char *model = owner ? owner->model : own ? own->model : "";
    ost__error_set(
        &s->error, (ost_status)k->base.status,
        owner && owner != own
            ? "%s.%s: what was selected does not fit the member; it is NULL (an ost_opt_ "
              "member takes that), out of range, or of another kind"
            : "%s.%s: a stored value does not fit the member; it is NULL, out of range, "
              "or of another kind",
        model, field->name);
    ost__error_about(&s->error, model, field->name);
}

/* The failure of an operation, as the session's error. */
static ost_status note_failure(ost_session *s, const ost_operation *op, const ost_sink *base,
                               const ost_outcome *o, ost_error *from_driver)
{
    const ost__sink *k = (const ost__sink *)base;
    if (k && k->failed) {
        column_error(s, op, k);
        return (ost_status)s->error.status;
    }
    if (base && base->status == OST_NO_MEMORY)
        return ost__after_sending(s, ost__fail(s, OST_NO_MEMORY, "no memory for the rows"));
    memcpy(&s->error, from_driver, sizeof(s->error));
    s->error.status = o->status;
    if (op->shape && op->shape->table && s->error.model[0] == '\0')
        ost__error_about(&s->error, op->shape->table->model, NULL);
    return (ost_status)o->status;
}

static bool is_out_of_time(uint16_t status)
{
    return status == OST_TIMEOUT || status == OST_CANCELLED;
}

static ost_status after_failure(ost_session *s, const ost_operation *op, ost_outcome *o)
{
    ost_status settled = o->connection_lost ? OST_CONNECTION : OST_OK;
    if (settled == OST_OK && is_out_of_time(o->status)) {
        /* Nothing is waited for here: the deadline has passed. */
        ost__cursors_lost(s);
        ost__watches_lost(s);
        settled = s->db->driver.settle(s->lease->connection, s->now);
    }
    bool usable = settled == OST_OK;
    o->connection_lost = !usable;
    ost__unit_failed(s, op, o);
    if (settled == OST_TIMEOUT)
        recover_lease(s);
    else if (!usable)
        ost__session_unlease(s, false);
    if (usable || s->unit_count > 0 || !(op->flags & OST_FLAG_WRITES) || s->error.nothing_sent)
        return (ost_status)o->status;
    /* A write of its own has no commit that could be asked for. */
    ost__error_set(&s->error, OST_UNKNOWN_OUTCOME,
                   "the answer to a write was lost: it may have happened or not; reload what it "
                   "touched");
    if (op->shape && op->shape->table)
        ost__error_about(&s->error, op->shape->table->model, NULL);
    o->status = OST_UNKNOWN_OUTCOME;
    return OST_UNKNOWN_OUTCOME;
}

/* After a failure the rest of the batch was not run; a pipelining driver may have their answers
 * still to read. */
static void drain(ost_session *s, size_t from, size_t accepted, bool lost)
{
    ost_error unwanted;
    for (size_t i = from; i < accepted && !lost; i++) {
        ost_outcome o = { .struct_size = sizeof(o) };
        (void)s->db->driver.collect(s->lease->connection, i, NULL, &o, s->deadline, &unwanted);
        lost = o.connection_lost;
    }
}

static ost_status collect_one(ost_session *s, const ost_operation *op, size_t i, ost_sink *sink,
                              ost_outcome *o, int64_t started)
{
    *o = (ost_outcome){ .struct_size = sizeof(*o), .failed_record = SIZE_MAX, .changed = -1 };
    ost_status status =
        s->db->driver.collect(s->lease->connection, i, sink, o, s->deadline, &s->scratch_error);
    o->status = (uint16_t)status;
    report(s, op, o, started);
    if (status == OST_OK && (op->kind == OST_DO_BEGIN || op->kind == OST_DO_SAVEPOINT))
        mark_sent(s, 1);
    return status;
}

/* Submits and collects ops[0..n); sink and outcome belong to the last. */
OST__HOT static ost_status run_batch(ost_session *s, const ost_operation *ops, size_t n,
                                     ost_sink *sink, ost_outcome *o)
{
    size_t done = 0;
    s->scratch_error.status = OST_OK;
    while (done < n) {
        size_t accepted = 0;
        int64_t started = clock_if_heard(s);
        s->lease->batches++;
        ost_status status = s->db->driver.submit(s->lease->connection, ops + done, n - done,
                                                 &accepted, s->deadline, &s->scratch_error);
        if (status != OST_OK)
            *o = (ost_outcome){ .struct_size = sizeof(*o),
                                .status = (uint16_t)status,
                                .connection_lost = 1,
                                .matched = -1,
                                .changed = -1,
                                .failed_record = SIZE_MAX };
        for (size_t i = 0; status == OST_OK && i < accepted; i++) {
            bool last = ++done == n;
            status = collect_one(s, &ops[done - 1], i, last ? sink : NULL, o, started);
            if (status != OST_OK) {
                done--;
                drain(s, i + 1, accepted, o->connection_lost || is_out_of_time(o->status));
            }
        }
        if (status != OST_OK) {
            note_failure(s, &ops[done], done == n - 1 ? sink : NULL, o, &s->scratch_error);
            return after_failure(s, &ops[done], o);
        }
    }
    return OST_OK;
}

/* ---- statements ---- */

/* The operation and its outcome are written before they are read: only what ends a run must be set.
 */
void ost__run_start(ost__run *r, ost_session *s)
{
    r->session = s;
    r->plan = NULL;
    r->pinned = false;
    r->op.flags = 0;
}

static void fill_operation(ost__run *r, const ost_parameter *parameters, uint32_t count)
{
    const ost__compiled *c = &r->plan->compiled;
    r->op = (ost_operation){
        .struct_size = sizeof(r->op),
        .kind = c->shape.kind,
        .flags = c->shape.kind == OST_DO_SELECT ? 0 : OST_FLAG_WRITES,
        .shape = &c->shape,
        .plan = r->plan->driver_plan,
        .parameters = parameters,
        .parameter_count = count,
        .parameter_size = sizeof(ost_parameter),
        .rows = c->rows,
    };
}

OST__HOT ost_status ost__run_begin(ost__run *r, ost_session *s, const ost__statement *st)
{
    ost__run_start(r, s);
    OST_TRY(ost__unit_check(s));
    OST_TRY(ost__session_lease(s));
    ost_status status = ost__plans_get(s->db->plans, &s->lease->capabilities, st->bytes, st->size,
                                       &r->plan, &s->error);
    if (status != OST_OK) {
        s->error.nothing_sent = 1;
        return status;
    }
    fill_operation(r, st->parameters, st->parameter_count);
    return OST_OK;
}

OST__HOT ost_status ost__run_begin_record(ost__run *r, ost_session *s, const ost__model *m,
                                          enum ost__record_kind kind, const ost__field_set *set,
                                          const ost__record_plan **found)
{
    *found = NULL;
    ost__run_start(r, s);
    OST_TRY(ost__unit_check(s));
    OST_TRY(ost__session_lease(s));
    const ost__record_plan *ready =
        ost__record_plan_find(s->db->plans, m, kind, set, s->lease->capabilities.fingerprint);
    if (!ready)
        return OST_OK;
    r->plan = ready->plan;
    r->pinned = true;
    fill_operation(r, ready->parameters, ready->parameter_count);
    *found = ready;
    return OST_OK;
}

/* A unit's first write asks for the token of its commit. The units in which it is the first are
 * marked; how many. */
static uint32_t mark_written(ost__run *r)
{
    ost_session *s = r->session;
    uint32_t marked = 0;
    /* What holds of the innermost unit, begun and written to, holds of those around it. */
    if (!(r->op.flags & OST_FLAG_WRITES))
        return 0;
    for (uint32_t i = s->unit_count; i > 0 && !s->units[i - 1].wrote; i--, marked++)
        s->units[i - 1].wrote = true;
    if (marked > 0 && marked == s->unit_count)
        r->op.flags |= OST_FLAG_TOKEN;
    return marked;
}

OST__HOT static ost_status run_with_owed(ost__run *r, ost_sink *sink)
{
    ost_session *s = r->session;
    ost_operation ops[OST__UNITS_MAX + 1];
    size_t n = s->unit_count > 0 && !s->units[s->unit_count - 1].sent ? owed(s, ops) : 0;
    if (n > 0 && (r->op.flags & OST_FLAG_STREAM)) {
        /* A stream's operation must stay where it is for as long as it is read. */
        OST_TRY(run_batch(s, ops, n, NULL, &r->outcome));
        n = 0;
    }
    if (n == 0)
        return run_batch(s, &r->op, 1, sink, &r->outcome);
    ops[n] = r->op;
    return run_batch(s, ops, n + 1, sink, &r->outcome);
}

OST__HOT ost_status ost__may_write(ost_session *s)
{
    if (s->read_only)
        return ost__fail(s, OST_MISUSE, "a write in a read-only session");
    if (s->unit_count > 0 && s->units[0].read_only)
        return ost__fail(s, OST_MISUSE, "a write in a read-only transaction");
    return OST_OK;
}

OST__HOT ost_status ost__run_go(ost__run *r, ost_sink *sink)
{
    ost_session *s = r->session;
    if (r->op.flags & OST_FLAG_WRITES)
        OST_TRY(ost__may_write(s));
    uint32_t marked = mark_written(r);
    ost_status status = run_with_owed(r, sink);
    /* What was refused before it was sent has written nothing: the next write is the first. */
    if (status != OST_OK && s->error.nothing_sent)
        for (uint32_t i = 0; i < marked && i < s->unit_count; i++)
            s->units[s->unit_count - 1 - i].wrote = false;
    return status;
}

void ost__run_failed(ost__run *r, ost_sink *sink, ost_error *error)
{
    note_failure(r->session, &r->op, sink, &r->outcome, error);
    after_failure(r->session, &r->op, &r->outcome);
}

OST__HOT void ost__run_end(ost__run *r)
{
    if (r->plan && !r->pinned)
        ost__plan_release(r->session->db->plans, r->plan);
    ost__session_unlease(r->session, true);
}

ost_status ost__run_control(ost_session *s, uint16_t kind, const ost__unit *unit,
                            ost_outcome *outcome)
{
    const ost_operation op = {
        .struct_size = sizeof(op),
        .kind = kind,
        .text = unit->name,
        .text_size = strlen(unit->name),
    };
    return run_batch(s, &op, 1, NULL, outcome);
}
