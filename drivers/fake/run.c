/* SPDX-License-Identifier: MIT */
/* One operation: what the script says of it, what the inner driver makes of it, what the core is
 * told. */
#include "fake/inside.h"

#include <string.h>

enum ost_unit_state ost__fake_unit_state(ost_connection *c)
{
    if (c->lost)
        return OST_UNIT_LOST;
    if (c->unit_failed)
        return OST_UNIT_FAILED;
    if (c->inner && c->fake->inner.unit_state)
        return c->fake->inner.unit_state(c->inner);
    return c->unit_open ? OST_UNIT_OPEN : OST_UNIT_NONE;
}

static void unit_ends(ost_connection *c, enum ost_verdict verdict)
{
    ost__fake_unit_ended(c->fake, c->unit_number, verdict);
    c->unit_number = 0;
    c->unit_open = c->unit_failed = c->token_known = false;
}

static void unit_fails(ost_connection *c)
{
    if (!c->lost && ost__fake_unit_state(c) == OST_UNIT_OPEN)
        c->unit_failed = true;
}

void ost__fake_lose(ost_connection *c, ost_deadline deadline)
{
    pthread_mutex_lock(&c->guard);
    ost_connection *inner = c->inner;
    c->inner = NULL;
    pthread_mutex_unlock(&c->guard);
    if (inner)
        c->fake->inner.close(inner, deadline);
    for (ost__fake_slot *s = c->streams; s; s = s->next)
        s->inner_open = false;
    unit_ends(c, OST_VERDICT_ABORTED);
    c->lost = true;
    c->inner_owes = false;
}

/* ---- the inner driver ---- */

static ost_status submit_inner(ost_connection *c, const ost_operation *op, ost_deadline deadline,
                               ost_error *e)
{
    size_t accepted = 0;
    pthread_mutex_lock(&c->guard);
    c->inner_batch++;
    pthread_mutex_unlock(&c->guard);
    ost_status status = c->fake->inner.submit(c->inner, op, 1, &accepted, deadline, e);
    if (status == OST_OK && accepted != 1) {
        ost__fake_violate(c->fake, c, "the inner driver did not accept one operation",
                          ost_fake_kind_name(op->kind));
        return ost__error_set(e, OST_DRIVER_ERROR, "the inner driver accepted nothing");
    }
    return status;
}

static ost_status collect_inner(ost_connection *c, ost__fake_slot *s, ost_sink *sink,
                                ost_outcome *outcome, ost_deadline deadline, ost_error *e)
{
    ost_sink none = { .struct_size = sizeof none, .row_size = 1 };
    *outcome = (ost_outcome){ .struct_size = sizeof *outcome, .failed_record = SIZE_MAX };
    ost_status status = OST_OK;
    if (!s->inner_open)
        status = submit_inner(c, &s->inner_op, deadline, e);
    if (status != OST_OK) {
        outcome->status = (uint16_t)status;
        return status;
    }
    size_t index = s->inner_open ? OST_STREAM(s->op.stream) : 0;
    status = c->fake->inner.collect(c->inner, index, sink ? sink : &none, outcome, deadline, e);
    if (outcome->status != (uint16_t)status)
        ost__fake_violate(c->fake, c, "the inner driver's outcome has another status",
                          ost_fake_kind_name(s->op.kind));
    if (status == OST_OK && outcome->progress == OST_NOT_RUN)
        ost__fake_violate(c->fake, c, "the inner driver did not run the first operation",
                          ost_fake_kind_name(s->op.kind));
    outcome->status = (uint16_t)status;
    s->inner_open = status == OST_OK && outcome->progress == OST_MORE;
    if (status == OST_TIMEOUT || status == OST_CANCELLED)
        c->inner_owes = true;
    return status;
}

static void make_up_keys(ost_connection *c, ost__fake_slot *s, size_t count)
{
    const ost_row_program *program = s->op.rows;
    for (size_t r = 0; r < count; r++) {
        uint8_t *row = s->rows.sink.refill_row(&s->rows.sink);
        if (!row)
            return;
        int64_t key = ++c->last_key;
        for (uint32_t i = 0; i < program->step_count; i++) {
            const ost_row_step *step = &program->steps[i];
            uint32_t narrow = (uint32_t)key;
            if (step->type == OST_TYPE_INT64 || step->type == OST_TYPE_UINT64)
                memcpy(row + step->offset + step->value_offset, &key, sizeof key);
            else if (step->type == OST_TYPE_INT32 || step->type == OST_TYPE_UINT32)
                memcpy(row + step->offset + step->value_offset, &narrow, sizeof narrow);
        }
    }
}

/* Without an inner driver everything succeeds: a select finds nothing, a write meets each record.
 */
static ost_status run_alone(ost_connection *c, ost__fake_slot *s, ost_outcome *outcome)
{
    const ost_operation *op = &s->op;
    size_t records = op->record_count > 0 ? op->record_count : 1;
    *outcome = (ost_outcome){ .struct_size = sizeof *outcome, .failed_record = SIZE_MAX };
    outcome->statements = 1;
    if (op->kind >= OST_DO_INSERT && op->kind <= OST_DO_UPSERT) {
        outcome->matched = outcome->changed = (int64_t)records;
        bool inserts = op->kind == OST_DO_INSERT || op->kind == OST_DO_UPSERT;
        outcome->effect = inserts ? OST_EFFECT_INSERTED : OST_EFFECT_UPDATED;
        if (op->rows && inserts)
            make_up_keys(c, s, records);
    }
    if (op->kind == OST_DO_SELECT && op->shape && op->shape->wrap != OST_WRAP_NONE && op->rows)
        s->rows.sink.refill_row(&s->rows.sink);
    outcome->status = (uint16_t)s->rows.sink.status;
    return s->rows.sink.status;
}

/* What really happened to the unit, whatever a rule will tell the core. */
static void after_run(ost_connection *c, const ost__fake_slot *s, const ost_outcome *outcome)
{
    uint16_t kind = s->op.kind;
    if (outcome->connection_lost) {
        ost__fake_lose(c, INT64_MAX);
        return;
    }
    if (outcome->transaction_ended)
        unit_ends(c, OST_VERDICT_ABORTED);
    if (outcome->status != OST_OK) {
        if (c->fake->options.fails_units && !s->rows.spoilt)
            unit_fails(c);
        return;
    }
    if (kind == OST_DO_BEGIN) {
        c->unit_open = true;
        c->unit_number = ost__fake_unit_begun(c->fake);
    } else if (kind == OST_DO_COMMIT) {
        unit_ends(c, OST_VERDICT_COMMITTED);
    } else if (kind == OST_DO_ROLLBACK) {
        unit_ends(c, OST_VERDICT_ABORTED);
    } else if (kind == OST_DO_ROLLBACK_TO) {
        c->unit_failed = false;
    }
    if (s->op.flags & OST_FLAG_TOKEN)
        c->token_known = true;
}

ost_status ost__fake_undo(ost_connection *c, ost_deadline deadline)
{
    ost_status status = OST_OK;
    bool open = c->inner && (!c->fake->inner.unit_state ||
                             c->fake->inner.unit_state(c->inner) != OST_UNIT_NONE);
    if (open) {
        ost__fake_slot rollback = { .state = OST__FAKE_HELD };
        rollback.inner_op = (ost_operation){
            .struct_size = sizeof rollback.inner_op,
            .kind = OST_DO_ROLLBACK,
        };
        ost_error scratch = { 0 };
        status = collect_inner(c, &rollback, NULL, &rollback.outcome, deadline, &scratch);
    }
    unit_ends(c, OST_VERDICT_ABORTED);
    return status;
}

/* ---- running ---- */

static void keep_effects(ost_connection *c, ost__fake_slot *s)
{
    if (!s->outcome.effects)
        return;
    s->effects_size = s->op.record_count > 0 ? s->op.record_count : 1;
    s->effects = ost__alloc(&c->backend->memory, s->effects_size);
    if (s->effects)
        memcpy(s->effects, s->outcome.effects, s->effects_size);
    s->outcome.effects = s->effects;
}

/* Runs the operation and holds its rows and its outcome. */
static void hold(ost_connection *c, ost__fake_slot *s, ost_deadline deadline)
{
    s->state = OST__FAKE_HELD;
    ost_status status;
    ost__fake_rows_begin(&s->rows, &c->backend->memory, &s->op);
    s->inner_op.flags &= (uint16_t)~OST_FLAG_STREAM;
    s->inner_op.batch_rows = 0;
    if (c->inner)
        status = collect_inner(c, s, &s->rows.sink, &s->outcome, deadline, &s->error);
    else
        status = run_alone(c, s, &s->outcome);
    keep_effects(c, s);
    if (status == OST_NO_MEMORY && s->error.status == OST_OK)
        ost__error_set(&s->error, status, "there is no memory to hold rows");
    if (s->rows.spoilt)
        s->outcome.status = OST_OK;
    else
        s->ran_badly = status != OST_OK;
    after_run(c, s, &s->outcome);
}

/* As PostgreSQL: a failed unit answers everything but a rollback with 25P02, and its commit undoes
 * it. */
static bool refused_by_unit(ost_connection *c, ost__fake_slot *s, ost_deadline deadline)
{
    uint16_t kind = s->op.kind;
    if (!c->unit_failed || kind == OST_DO_ROLLBACK || kind == OST_DO_ROLLBACK_TO)
        return false;
    s->outcome = (ost_outcome){ .struct_size = sizeof s->outcome, .failed_record = SIZE_MAX };
    s->outcome.status = OST_DRIVER_ERROR;
    s->ran_badly = true;
    s->state = OST__FAKE_HELD;
    ost__error_set(&s->error, OST_DRIVER_ERROR, "the unit has failed: roll it back first");
    memcpy(s->error.sql_state, "25P02", sizeof s->error.sql_state);
    if (kind == OST_DO_COMMIT) {
        ost__fake_undo(c, deadline);
        s->outcome.transaction_ended = 1;
    }
    return true;
}

static void decide(ost_connection *c, ost__fake_slot *s)
{
    const ost_fake_moment moment = {
        .point = OST_FAKE_AT_OPERATION,
        .kind = s->op.kind,
        .connection = c->number,
        .batch = s->batch,
        .index = s->index,
        .op = &s->op,
        .shape = s->op.shape,
        .name = ost__fake_name_of(&s->op),
        .handle = c,
    };
    ost__fake_decision decision;
    ost__fake_decide(c->fake, &moment, &decision);
    s->rule = decision.rule;
    s->delay_ns = decision.delay_ns;
    s->state = OST__FAKE_DECIDED;
}

/* Everything but passing through. */
static void start(ost_connection *c, ost__fake_slot *s, ost_deadline deadline)
{
    uint16_t action = s->rule.action;
    if (refused_by_unit(c, s, deadline)) {
        s->rule.action = 0;
        return;
    }
    if (action == OST_FAKE_REFUSE || action == OST_FAKE_ANSWER) {
        s->state = OST__FAKE_HELD;
        s->outcome = (ost_outcome){ .struct_size = sizeof s->outcome, .failed_record = SIZE_MAX };
        if (action == OST_FAKE_ANSWER && !c->inner)
            after_run(c, s, &s->outcome);
        return;
    }
    hold(c, s, deadline);
    /* What happened in truth comes before what the script makes up. */
    if (s->ran_badly)
        s->rule.action = 0;
    if (action != OST_FAKE_SPOIL || s->ran_badly || s->rows.spoilt)
        return;
    s->rows.spoilt = true;
    s->rows.spoilt_row = s->rule.rows > SIZE_MAX ? SIZE_MAX : (size_t)s->rule.rows;
    s->rows.spoilt_column = s->rule.column;
    s->rows.why = s->rule.status ? (ost_status)s->rule.status : OST_RANGE;
}

static bool fails_by_rule(const ost__fake_slot *s)
{
    uint16_t action = s->rule.action;
    return action == OST_FAKE_REFUSE || action == OST_FAKE_LOSE_ANSWER || action == OST_FAKE_CUT;
}

bool ost__fake_run_ahead(ost_connection *c, ost__fake_slot *s, ost_deadline deadline)
{
    decide(c, s);
    start(c, s, deadline);
    return !s->ran_badly && !fails_by_rule(s);
}

/* ---- delivering ---- */

static ost_status fail_by_rule(ost_connection *c, ost__fake_slot *s, ost_outcome *outcome,
                               ost_deadline deadline, ost_error *e)
{
    const ost_fake_rule *r = &s->rule;
    ost_status status = ost__fake_rule_error(c->fake, r, &s->op, e);
    int64_t rows = outcome->rows;
    *outcome = (ost_outcome){ .struct_size = sizeof *outcome, .rows = rows, .changed = -1 };
    outcome->status = (uint16_t)status;
    outcome->failed_record = r->failed_record > 0 ? r->failed_record - 1 : SIZE_MAX;
    if (r->effects & OST_FAKE_ENDS_UNIT) {
        ost__fake_undo(c, deadline);
        outcome->transaction_ended = 1;
    }
    if (r->effects & OST_FAKE_LOSES_CONNECTION) {
        ost__fake_lose(c, deadline);
        outcome->connection_lost = 1;
    }
    if ((r->effects & OST_FAKE_FAILS_UNIT) || c->fake->options.fails_units)
        unit_fails(c);
    return status;
}

static const void *held_row(ost__fake_slot *s)
{
    const ost_fake_rule *r = &s->rule;
    if (r->action != OST_FAKE_ANSWER)
        return ost__fake_row(&s->rows, s->position);
    size_t stride = r->record_stride > 0 ? r->record_stride : s->op.rows->row_size;
    if (s->position >= r->record_count)
        return NULL;
    return (const uint8_t *)r->records + s->position * stride;
}

static void spoil(ost__fake_slot *s, ost_sink *sink)
{
    if (sink->column_failed)
        sink->column_failed(sink, s->rows.spoilt_column, s->rows.why);
}

static size_t portion_of(const ost_operation *op, const ost_sink *sink)
{
    if (!(op->flags & OST_FLAG_STREAM))
        return 0;
    return sink->max_rows > 0 ? sink->max_rows : op->batch_rows;
}

/* Copies held rows until the portion is full, the rule cuts, or none is left. */
static ost_status copy_rows(ost__fake_slot *s, ost_sink *sink, ost_outcome *outcome)
{
    uint16_t action = s->rule.action;
    bool silent = action == OST_FAKE_REFUSE || action == OST_FAKE_LOSE_ANSWER;
    uint64_t most = action == OST_FAKE_CUT ? s->rule.rows : UINT64_MAX;
    size_t portion = portion_of(&s->op, sink);
    ost_status status = OST_OK;
    const void *row;
    while (!silent && s->position < most) {
        if (portion > 0 && (uint64_t)outcome->rows >= portion) {
            outcome->progress = OST_MORE;
            return status;
        }
        row = held_row(s);
        if (!row)
            break;
        if (!ost__fake_deliver(sink, s->op.rows, row))
            return sink->status;
        if (s->rows.spoilt && s->position == s->rows.spoilt_row) {
            spoil(s, sink);
            status = s->rows.why;
        } else {
            outcome->rows++;
        }
        s->position++;
    }
    if (s->rows.spoilt && s->position <= s->rows.spoilt_row && s->rule.action != OST_FAKE_SPOIL) {
        spoil(s, sink);
        status = s->rows.why;
    }
    return sink->status != OST_OK ? sink->status : status;
}

static ost_status deliver_held(ost_connection *c, ost__fake_slot *s, ost_sink *sink,
                               ost_outcome *outcome, ost_deadline deadline, ost_error *e)
{
    *outcome = s->outcome;
    outcome->rows = 0;
    if (s->rule.action == OST_FAKE_ANSWER) {
        outcome->matched = s->rule.matched;
        outcome->changed = s->rule.changed;
        outcome->effect = s->rule.effect;
        outcome->statements = 1;
    }
    ost_status status = OST_OK;
    if (s->op.rows && sink && sink->refill_row) {
        if (!s->hinted && s->rule.action == OST_FAKE_ANSWER && sink->expect)
            sink->expect(sink, s->rule.record_count);
        s->hinted = true;
        status = copy_rows(s, sink, outcome);
    }
    if (status != OST_OK) {
        /* The sink knows what does not fit: the core words the error. */
        if (sink->status == OST_OK)
            ost__error_set(e, status, "a column does not fit its member");
        outcome->status = (uint16_t)status;
        outcome->progress = OST_DONE;
        return status;
    }
    if (outcome->progress == OST_MORE)
        return OST_OK;
    if (s->ran_badly && e)
        *e = s->error;
    if (s->ran_badly)
        return (ost_status)outcome->status;
    if (fails_by_rule(s))
        return fail_by_rule(c, s, outcome, deadline, e);
    return OST_OK;
}

static ost_status fail_late(ost_connection *c, ost_status status, ost_outcome *outcome,
                            ost_error *e)
{
    *outcome = (ost_outcome){ .struct_size = sizeof *outcome, .changed = -1 };
    outcome->failed_record = SIZE_MAX;
    outcome->status = (uint16_t)status;
    if (c->fake->options.fails_units)
        unit_fails(c);
    return ost__error_set(e, status,
                          status == OST_TIMEOUT ? "the deadline has passed"
                                                : "the operation was cancelled");
}

ost_status ost__fake_serve(ost_connection *c, ost__fake_slot *s, ost_sink *sink,
                           ost_outcome *outcome, ost_deadline deadline, ost_error *e)
{
    bool ahead = s->state == OST__FAKE_HELD;
    if (s->state == OST__FAKE_NEW)
        decide(c, s);
    ost_status status = OST_OK;
    if (!s->paused && (!ahead || s->delay_ns > 0))
        status = ost__fake_pause(c->backend, c, s->delay_ns, deadline);
    s->paused = true;
    if (status != OST_OK) {
        status = fail_late(c, status, outcome, e);
    } else {
        if (s->state == OST__FAKE_DECIDED) {
            bool wanted = sink || !s->op.rows;
            bool passes = s->rule.action == 0 && c->inner && !c->unit_failed && wanted;
            if (passes)
                s->state = OST__FAKE_PASSES;
            else
                start(c, s, deadline);
        }
        if (s->state == OST__FAKE_PASSES) {
            status = collect_inner(c, s, sink, outcome, deadline, e);
            s->rows.spoilt = sink && sink->status != OST_OK;
            if (!s->inner_open)
                after_run(c, s, outcome);
        } else {
            status = deliver_held(c, s, sink, outcome, deadline, e);
        }
    }
    if (status == OST_TIMEOUT || status == OST_CANCELLED)
        c->owes = !c->lost;
    s->delivered += outcome->rows;
    return status;
}
