/* SPDX-License-Identifier: MIT */
/* Batches: submit, collect, streams, settle and cancel. */
#include "fake/inside.h"

#include <string.h>
#include <unistd.h>

/* ---- slots ---- */

static ost__fake_slot *new_slot(ost_connection *c, const ost_operation *op, size_t index)
{
    ost__fake_slot *s = ost__alloc_zeroed(&c->backend->memory, sizeof *s);
    if (!s)
        return NULL;
    s->op = s->inner_op = *op;
    s->inner_op.plan = op->plan ? op->plan->inner : NULL;
    s->batch = c->batch_number;
    s->index = index;
    return s;
}

static void free_slot(ost_connection *c, ost__fake_slot *s, ost_deadline deadline)
{
    const ost_driver *inner = &c->fake->inner;
    if (!s)
        return;
    if (s->inner_open && c->inner && inner->stop_stream)
        inner->stop_stream(c->inner, s->op.stream, deadline);
    ost__fake_rows_finish(&s->rows);
    ost__free(&c->backend->memory, s->effects, s->effects_size);
    ost__free(&c->backend->memory, s, sizeof *s);
}

void ost__fake_drop_batch(ost_connection *c, ost_deadline deadline)
{
    ost__fake_batch *b = &c->batch;
    for (size_t i = 0; b->slots && i < b->count; i++)
        free_slot(c, b->slots[i], deadline);
    ost__free(&c->backend->memory, b->slots, b->count * sizeof(ost__fake_slot *));
    *b = (ost__fake_batch){ .count = 0 };
}

void ost__fake_drop_streams(ost_connection *c, ost_deadline deadline)
{
    while (c->streams) {
        ost__fake_slot *s = c->streams;
        c->streams = s->next;
        free_slot(c, s, deadline);
    }
}

static ost__fake_slot **find_stream(ost_connection *c, uint32_t number)
{
    ost__fake_slot **at = &c->streams;
    while (*at && (*at)->op.stream != number)
        at = &(*at)->next;
    return at;
}

/* ---- submit ---- */

static bool make_slots(ost_connection *c, const ost_operation *ops, size_t n)
{
    ost__fake_batch *b = &c->batch;
    size_t size;
    if (!ost__size_mul(n, sizeof(ost__fake_slot *), &size))
        return false;
    b->slots = ost__alloc_zeroed(&c->backend->memory, size);
    if (!b->slots)
        return false;
    b->ops = ops;
    b->count = n;
    for (size_t i = 0; i < n; i++) {
        b->slots[i] = new_slot(c, &ops[i], i);
        if (!b->slots[i])
            return false;
    }
    b->digest = ost__fake_digest(ops, n);
    return true;
}

static void run_ahead(ost_connection *c, ost_deadline deadline)
{
    ost__fake_batch *b = &c->batch;
    bool well = true;
    while (well && b->ran < b->count) {
        ost__fake_slot *s = b->slots[b->ran];
        if (s->op.flags & OST_FLAG_STREAM)
            break;
        well = ost__fake_run_ahead(c, s, deadline);
        b->ran++;
    }
}

static ost_status accept(ost_connection *c, const ost_operation *ops, size_t n, size_t *accepted,
                         ost_deadline deadline, ost_error *e)
{
    const ost_fake_options *o = &c->fake->options;
    size_t taken = o->accepts > 0 && n > o->accepts ? o->accepts : n;
    if (!make_slots(c, ops, taken)) {
        ost__fake_drop_batch(c, deadline);
        return ost__error_set(e, OST_NO_MEMORY, "there is no memory for a batch");
    }
    if (o->execution == OST_FAKE_EAGER)
        run_ahead(c, deadline);
    *accepted = taken;
    return OST_OK;
}

static ost_status ask_script(ost_connection *c, const ost_operation *op, ost_deadline deadline,
                             ost_error *e)
{
    const ost_fake_moment moment = {
        .point = OST_FAKE_AT_SUBMIT,
        .kind = op->kind,
        .connection = c->number,
        .batch = c->batch_number,
        .op = op,
        .shape = op->shape,
        .name = ost__fake_name_of(op),
        .handle = c,
    };
    ost__fake_decision decision;
    ost__fake_decide(c->fake, &moment, &decision);
    ost_status status = ost__fake_pause(c->backend, c, decision.delay_ns, deadline);
    if (status != OST_OK)
        return ost__error_set(e, status, "the batch could not be sent in time");
    if (decision.rule.action == 0)
        return OST_OK;
    status = ost__fake_rule_error(c->fake, &decision.rule, op, e);
    if (decision.rule.effects & OST_FAKE_LOSES_CONNECTION)
        ost__fake_lose(c, deadline);
    return status;
}

static void note_submit(ost_connection *c, const ost_operation *op, size_t accepted,
                        ost_status status)
{
    ost_fake_entry entry = {
        .point = OST_FAKE_AT_SUBMIT,
        .kind = op->kind,
        .status = (uint16_t)status,
        .connection = c->number,
        .batch = c->batch_number,
        .index = accepted,
    };
    ost__fake_note(c->fake, &entry);
    ost__fake_lock(c->fake);
    c->fake->counts.submits += status == OST_OK;
    ost__fake_unlock(c->fake);
}

ost_status ost__fake_submit(ost_connection *c, const ost_operation *ops, size_t n, size_t *accepted,
                            ost_deadline deadline, ost_error *e)
{
    if (!ost__fake_enter(c, "submit")) {
        ost__fake_leave(c);
        return ost__error_set(e, OST_MISUSE, "the connection is closed");
    }
    *accepted = 0;
    pthread_mutex_lock(&c->guard);
    c->batch_number++;
    pthread_mutex_unlock(&c->guard);
    ost__fake_check_deadline(c, "submit", deadline);
    ost_status status;
    if (n == 0 || !ops) {
        ost__fake_violate(c->fake, c, "a batch is empty", "");
        status = ost__error_set(e, OST_MISUSE, "a batch needs at least one operation");
    } else {
        status = ost__fake_usable(c, deadline, e);
        if (status == OST_OK)
            ost__fake_check_submit(c, ops, n);
        ost__fake_drop_batch(c, deadline);
        if (status == OST_OK)
            status = ask_script(c, &ops[0], deadline, e);
        if (status == OST_OK)
            status = accept(c, ops, n, accepted, deadline, e);
        note_submit(c, &ops[0], *accepted, status);
    }
    ost__fake_leave(c);
    return status;
}

/* ---- collect ---- */

static const char *text_of(const ost_connection *c, const ost_operation *op)
{
    const char *text =
        op->plan && op->plan->backend == c->backend ? c->fake->driver.plan_text(op->plan) : NULL;
    return text ? text : (op->text ? op->text : "");
}

static void note_operation(ost_connection *c, const ost__fake_slot *s, const ost_outcome *outcome)
{
    const ost_operation *op = &s->op;
    ost_fake_entry entry = {
        .point = OST_FAKE_AT_OPERATION,
        .kind = op->kind,
        .status = outcome->status,
        .progress = outcome->progress,
        .connection = c->number,
        .flags = op->flags,
        .batch = s->batch,
        .index = s->index,
        .records = op->record_count,
        .rows = s->delivered,
        .matched = outcome->matched,
    };
    if (op->shape && op->shape->table)
        ost__fake_full_name(op->shape->table, entry.table, sizeof entry.table);
    ost__copy_text(entry.text, sizeof entry.text, text_of(c, op));
    ost__fake_note(c->fake, &entry);
}

static void count_operation(ost_fake *f, const ost_outcome *outcome)
{
    ost__fake_lock(f);
    if (outcome->progress == OST_NOT_RUN)
        f->counts.not_run++;
    else if (outcome->progress == OST_DONE)
        f->counts.operations++;
    if (outcome->progress != OST_NOT_RUN && outcome->status != OST_OK)
        f->counts.failures++;
    f->counts.rows += (uint64_t)outcome->rows;
    ost__fake_unlock(f);
}

static ost_status not_run(ost_outcome *outcome, ost_status status)
{
    *outcome = (ost_outcome){ .struct_size = sizeof *outcome, .failed_record = SIZE_MAX };
    outcome->status = (uint16_t)status;
    outcome->progress = OST_NOT_RUN;
    return status;
}

static ost_status out_of_order(ost_connection *c, const char *what, ost_outcome *outcome,
                               ost_error *e)
{
    ost__fake_violate(c->fake, c, what, "");
    not_run(outcome, OST_MISUSE);
    return ost__error_set(e, OST_MISUSE, "%s", what);
}

static void charge_round_trip(const ost_connection *c, const ost__fake_slot *s,
                              ost_outcome *outcome, bool goes_on)
{
    bool pipelines = c->fake->options.accepts != 1;
    if (goes_on || !pipelines || s->index == 0)
        outcome->round_trips++;
}

static ost_status serve_usable(ost_connection *c, ost__fake_slot *s, ost_sink *sink,
                               ost_outcome *outcome, ost_deadline deadline, ost_error *e)
{
    ost_status status = ost__fake_usable(c, deadline, e);
    /* What arrived before the connection broke is there to be read. */
    if (status != OST_OK && s->state != OST__FAKE_HELD) {
        *outcome = (ost_outcome){ .struct_size = sizeof *outcome, .failed_record = SIZE_MAX };
        outcome->status = (uint16_t)status;
        outcome->connection_lost = 1;
        return status;
    }
    return ost__fake_serve(c, s, sink, outcome, deadline, e);
}

static ost_status collect_stream(ost_connection *c, uint32_t number, ost_sink *sink,
                                 ost_outcome *outcome, ost_deadline deadline, ost_error *e)
{
    ost__fake_slot **at = find_stream(c, number), *s = *at;
    if (!s)
        return out_of_order(c, "there is no open stream of this number", outcome, e);
    ost__fake_check_collect(c, SIZE_MAX, &s->op, sink);
    ost_status status = serve_usable(c, s, sink, outcome, deadline, e);
    charge_round_trip(c, s, outcome, true);
    count_operation(c->fake, outcome);
    if (status == OST_OK && outcome->progress == OST_MORE)
        return status;
    note_operation(c, s, outcome);
    *at = s->next;
    free_slot(c, s, deadline);
    return status;
}

static void stream_goes_on(ost_connection *c, ost__fake_slot *s)
{
    s->next = c->streams;
    c->streams = s;
    c->batch.slots[s->index] = NULL;
    ost__fake_lock(c->fake);
    c->fake->counts.streams++;
    ost__fake_unlock(c->fake);
}

/* What was sent ahead has run, whatever became of this one's rows; otherwise a failure ends the
 * batch. */
static void note_failure(ost__fake_batch *b, size_t i, bool owes)
{
    b->erred = true;
    if (owes || i + 1 >= b->ran)
        b->stopped = true;
}

static ost_status collect_next(ost_connection *c, ost_sink *sink, ost_outcome *outcome,
                               ost_deadline deadline, ost_error *e)
{
    ost__fake_batch *b = &c->batch;
    size_t i = b->next++;
    ost__fake_slot *s = b->slots[i];
    ost_status status = OST_OK;
    ost__fake_check_collect(c, i, &s->op, sink);
    if (b->stopped) {
        not_run(outcome, OST_OK);
    } else {
        status = serve_usable(c, s, sink, outcome, deadline, e);
        charge_round_trip(c, s, outcome, false);
    }
    if (status != OST_OK)
        note_failure(b, i, c->owes);
    count_operation(c->fake, outcome);
    if (status == OST_OK && outcome->progress == OST_MORE) {
        if (!(s->op.flags & OST_FLAG_STREAM))
            ost__fake_violate(c->fake, c, "the inner driver has more rows of what is no stream",
                              ost_fake_kind_name(s->op.kind));
        stream_goes_on(c, s);
        return status;
    }
    note_operation(c, s, outcome);
    if (outcome->effects == NULL) {
        free_slot(c, s, deadline);
        b->slots[i] = NULL;
    }
    return status;
}

ost_status ost__fake_collect(ost_connection *c, size_t i, ost_sink *sink, ost_outcome *outcome,
                             ost_deadline deadline, ost_error *e)
{
    ost_status status;
    if (!ost__fake_enter(c, "collect")) {
        status = not_run(outcome, OST_MISUSE);
        ost__error_set(e, status, "the connection is closed");
    } else {
        ost__fake_check_deadline(c, "collect", deadline);
        if (i > SIZE_MAX / 2)
            status = collect_stream(c, (uint32_t)(SIZE_MAX - i), sink, outcome, deadline, e);
        else if (i >= c->batch.count)
            status = out_of_order(c, "there is no such operation in the batch", outcome, e);
        else if (i != c->batch.next)
            status = out_of_order(c, "operations are not collected in order", outcome, e);
        else
            status = collect_next(c, sink, outcome, deadline, e);
    }
    ost__fake_leave(c);
    return status;
}

/* ---- ends ---- */

ost_status ost__fake_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline)
{
    ost_status status = OST_MISUSE;
    if (ost__fake_enter(c, "stop_stream")) {
        ost__fake_check_deadline(c, "stop_stream", deadline);
        status = ost__fake_at(c->backend, c, OST_FAKE_AT_STOP_STREAM, "", deadline, NULL);
        ost__fake_slot **at = find_stream(c, stream), *s = *at;
        if (!s) {
            ost__fake_violate(c->fake, c, "no open stream has the number that is stopped", "");
            status = OST_MISUSE;
        } else {
            const ost_driver *inner = &c->fake->inner;
            if (s->inner_open && c->inner && inner->stop_stream) {
                ost_status truth = inner->stop_stream(c->inner, stream, deadline);
                status = status != OST_OK ? status : truth;
            }
            s->inner_open = false;
            *at = s->next;
            free_slot(c, s, deadline);
        }
        ost__fake_note_point(c->fake, c, OST_FAKE_AT_STOP_STREAM, status, "");
        if (status == OST_OK)
            status = ost__fake_usable(c, deadline, NULL);
    }
    ost__fake_leave(c);
    return status;
}

/* The server goes on with the batch for as long as nobody cancels it. */
static bool still_owes(ost_connection *c)
{
    pthread_mutex_lock(&c->guard);
    bool hit = c->cancelled != 0 && c->cancelled == c->batch_number;
    c->cancelled = 0; /* it has hit what it was for */
    pthread_mutex_unlock(&c->guard);
    return c->owes && c->fake->options.owes_until_cancel && !hit;
}

static ost_status settle(ost_connection *c, ost_deadline deadline)
{
    const ost_driver *inner = &c->fake->inner;
    int64_t delay = still_owes(c) ? OST_FAKE_FOREVER : 0;
    ost_status status = ost__fake_pause(c->backend, c, delay, deadline);
    if (status == OST_OK)
        status = ost__fake_at(c->backend, c, OST_FAKE_AT_SETTLE, "", deadline, NULL);
    if (status == OST_OK)
        status = ost__fake_usable(c, deadline, NULL);
    if (status != OST_OK)
        return status;
    if (c->inner_owes && inner->settle)
        status = inner->settle(c->inner, deadline);
    for (ost__fake_slot *s = c->streams; c->inner_owes && s; s = s->next)
        s->inner_open = false;
    ost__fake_drop_streams(c, deadline);
    ost__fake_drop_batch(c, deadline);
    if (status == OST_OK)
        c->owes = c->inner_owes = false;
    return status;
}

ost_status ost__fake_settle(ost_connection *c, ost_deadline deadline)
{
    ost_status status = OST_MISUSE;
    if (ost__fake_enter(c, "settle")) {
        ost__fake_check_deadline(c, "settle", deadline);
        status = settle(c, deadline);
        ost__fake_note_point(c->fake, c, OST_FAKE_AT_SETTLE, status, "");
        ost__fake_lock(c->fake);
        c->fake->counts.settles++;
        ost__fake_unlock(c->fake);
    }
    ost__fake_leave(c);
    return status;
}

/* On another thread: touches nothing of the connection but what the guard protects. */
void ost__fake_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline)
{
    ost_fake *f = b->fake;
    const ost_fake_moment moment = {
        .point = OST_FAKE_AT_CANCEL,
        .kind = UINT16_MAX,
        .connection = c->number,
        .batch = batch,
        .name = "",
        .handle = c,
    };
    ost__fake_decision decision;
    ost__fake_decide(f, &moment, &decision);
    ost__fake_pause(b, NULL, decision.delay_ns, deadline);
    if (atomic_load(&c->closed)) {
        ost__fake_violate(f, NULL, "a closed connection is cancelled", "");
        return;
    }
    pthread_mutex_lock(&c->guard);
    bool hits = batch == c->batch_number;
    if (hits) {
        c->cancelled = batch;
        ssize_t written = write(c->wake[1], "", 1);
        (void)written; /* a full pipe wakes as well */
    }
    if (hits && c->inner && f->inner.cancel && c->inner_batch > 0)
        f->inner.cancel(b->inner, c->inner, c->inner_batch, deadline);
    pthread_mutex_unlock(&c->guard);
    const ost_fake_entry entry = {
        .point = OST_FAKE_AT_CANCEL,
        .kind = UINT16_MAX,
        .connection = c->number,
        .batch = batch,
        .index = hits,
    };
    ost__fake_note(f, &entry);
    ost__fake_lock(f);
    f->counts.cancels++;
    ost__fake_unlock(f);
}
