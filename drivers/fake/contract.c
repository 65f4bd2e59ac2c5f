/* SPDX-License-Identifier: MIT */
/* The watch over the core: what driver.h promises to a driver. */
#include "fake/inside.h"

#include <string.h>

const char *ost__fake_name_of(const ost_operation *op)
{
    if (op->shape && op->shape->table)
        return op->shape->table->name;
    return op->text ? op->text : "";
}

void ost__fake_full_name(const ost_table *t, char *out, size_t size)
{
    ost__print(out, size, t->schema ? "%s.%s" : "%s%s", t->schema ? t->schema : "", t->name);
}

bool ost__fake_enter(ost_connection *c, const char *slot)
{
    if (atomic_exchange(&c->busy, true))
        ost__fake_violate(c->fake, c, "two threads use one connection", slot);
    if (!atomic_load(&c->closed))
        return true;
    ost__fake_violate(c->fake, c, "the connection is used after it was closed", slot);
    return false;
}

void ost__fake_leave(ost_connection *c)
{
    atomic_store(&c->busy, false);
}

void ost__fake_check_deadline(ost_connection *c, const char *slot, ost_deadline deadline)
{
    if (deadline <= 0)
        ost__fake_violate(c->fake, c, "no deadline is given", slot);
}

/* ---- one operation ---- */

enum { CONTROL = 1, NEEDS_PLAN = 2, WRITES = 4, NAMED = 8 };
static const uint8_t traits[] = {
    [OST_DO_BEGIN] = CONTROL,
    [OST_DO_COMMIT] = CONTROL,
    [OST_DO_ROLLBACK] = CONTROL,
    [OST_DO_SAVEPOINT] = CONTROL | NAMED,
    [OST_DO_RELEASE] = CONTROL | NAMED,
    [OST_DO_ROLLBACK_TO] = CONTROL | NAMED,
    [OST_DO_SELECT] = NEEDS_PLAN,
    [OST_DO_INSERT] = NEEDS_PLAN | WRITES,
    [OST_DO_UPDATE] = NEEDS_PLAN | WRITES,
    [OST_DO_DELETE] = NEEDS_PLAN | WRITES,
    [OST_DO_UPSERT] = NEEDS_PLAN | WRITES,
    [OST_DO_RAW] = NAMED,
    [OST_DO_DDL] = NEEDS_PLAN | WRITES,
    [OST_DO_DESCRIBE] = 0,
    [OST_DO_EXPLAIN] = 0,
    [OST_DO_ADVISORY_LOCK] = 0,
};
typedef struct finding {
    bool broken;
    const char *what;
} finding;

static bool records_are_wrong(const ost_operation *op)
{
    return op->record_count > 0 && (!op->records || (op->record_count > 1 && !op->record_stride));
}

static bool parameters_are_wrong(const ost_operation *op)
{
    if (op->parameter_count == 0)
        return false;
    if (!op->parameters || op->parameter_size != sizeof(ost_parameter))
        return true;
    for (uint32_t i = 0; i < op->parameter_count; i++) {
        const ost_parameter *p = &op->parameters[i];
        if (p->source == OST_FROM_RECORD && op->record_count == 0)
            return true;
        if (p->source == OST_FROM_LIST && p->list_count > 0 && !p->list)
            return true;
    }
    return false;
}

static bool program_is_wrong(const ost_row_program *p)
{
    if (!p)
        return false;
    if (p->struct_size == 0 || p->step_size != sizeof(ost_row_step) || p->row_size == 0)
        return true;
    for (uint32_t i = 0; i < p->step_count; i++) {
        const ost_row_step *s = &p->steps[i];
        if (s->offset > p->row_size || s->size > p->row_size - s->offset)
            return true;
        if (i > 0 && s->column < p->steps[i - 1].column)
            return true;
    }
    return false;
}

static void check_operation(ost_connection *c, const ost_operation *op)
{
    unsigned t = op->kind < sizeof traits ? traits[op->kind] : 0;
    bool plan_wanted = t & NEEDS_PLAN;
    bool other_plan = op->plan && op->plan->backend != c->backend;
    const finding findings[] = {
        { op->struct_size != sizeof *op, "struct_size is not that of ost_operation" },
        { op->kind >= sizeof traits, "there is no such kind of operation" },
        { plan_wanted && !op->shape, "the operation has no shape" },
        { plan_wanted && !op->plan, "the operation has no plan" },
        { other_plan, "the plan is of another backend" },
        { op->shape && op->shape->kind != op->kind, "shape and operation differ in kind" },
        { (t & WRITES) && !(op->flags & OST_FLAG_WRITES), "it writes without OST_FLAG_WRITES" },
        { (t & CONTROL) && (op->flags & OST_FLAG_WRITES), "a unit's border has OST_FLAG_WRITES" },
        { (t & NAMED) && (!op->text || !op->text_size), "it has no text" },
        { records_are_wrong(op), "records or their stride are missing" },
        { parameters_are_wrong(op), "parameters are missing or of another size" },
        { program_is_wrong(op->rows), "the row program contradicts itself" },
    };
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++) {
        if (findings[i].broken)
            ost__fake_violate(c->fake, c, findings[i].what, ost_fake_kind_name(op->kind));
    }
}

/* ---- a batch ---- */

static void check_borders(ost_connection *c, const ost_operation *ops, size_t n)
{
    bool inside = ost__fake_unit_state(c) != OST_UNIT_NONE;
    bool covered = inside || ops[0].kind == OST_DO_BEGIN;
    size_t writes = 0;
    for (size_t i = 0; i < n; i++) {
        const ost_operation *op = &ops[i];
        if (op->kind == OST_DO_BEGIN && inside)
            ost__fake_violate(c->fake, c, "BEGIN inside a unit", "");
        if (op->kind == OST_DO_BEGIN && !covered && i > 0)
            ost__fake_violate(c->fake, c, "BEGIN is not the first of its batch", "");
        bool border = op->kind < sizeof traits && (traits[op->kind] & CONTROL);
        if (border && op->kind != OST_DO_BEGIN && !inside)
            ost__fake_violate(c->fake, c, "outside a unit", ost_fake_kind_name(op->kind));
        if (op->kind == OST_DO_BEGIN)
            inside = true;
        if (op->kind == OST_DO_COMMIT || op->kind == OST_DO_ROLLBACK)
            inside = covered = false;
        if ((op->flags & OST_FLAG_WRITES) && !inside) {
            writes++;
            if (op->record_count > 1)
                ost__fake_violate(c->fake, c, "several records are written outside a unit",
                                  ost__fake_name_of(op));
        }
    }
    if (writes > 1)
        ost__fake_violate(c->fake, c, "several writes of one batch are outside a unit", "");
}

static void check_streams(ost_connection *c, const ost_operation *ops, size_t n)
{
    bool beside = c->caps.abilities >> OST_CAN_STREAM_BESIDE & 1;
    if (c->streams && !beside)
        ost__fake_violate(c->fake, c, "a batch is submitted beside an open stream", "");
    for (size_t i = 0; i < n; i++) {
        if (!(ops[i].flags & OST_FLAG_STREAM))
            continue;
        if (i + 1 < n)
            ost__fake_violate(c->fake, c, "a stream is not the last of its batch", "");
        for (const ost__fake_slot *s = c->streams; s; s = s->next) {
            if (s->op.stream == ops[i].stream)
                ost__fake_violate(c->fake, c, "an open stream has this number", "");
        }
    }
}

void ost__fake_check_submit(ost_connection *c, const ost_operation *ops, size_t n)
{
    if (c->batch.next < c->batch.count && !c->batch.erred)
        ost__fake_violate(c->fake, c, "the batch before was not collected", "");
    if (c->owes)
        ost__fake_violate(c->fake, c, "replies are owed: settle or close it first", "");
    for (size_t i = 0; i < n; i++)
        check_operation(c, &ops[i]);
    check_borders(c, ops, n);
    check_streams(c, ops, n);
}

/* ---- collect ---- */

void ost__fake_check_collect(ost_connection *c, size_t i, const ost_operation *op,
                             const ost_sink *sink)
{
    const ost__fake_batch *b = &c->batch;
    /* After an error the core reads what is left of the batch, and wants nothing of it. */
    bool drains = i < b->count && b->erred;
    if (drains)
        return;
    if (c->owes)
        ost__fake_violate(c->fake, c, "replies are owed: settle or close it first", "collect");
    bool in_batch = i < b->count; /* a stream outlives its batch, and with it its operations */
    if (in_batch && b->digest != ost__fake_digest(b->ops, b->count))
        ost__fake_violate(c->fake, c, "operations were changed before they were collected",
                          ost_fake_kind_name(op->kind));
    if (!op->rows)
        return;
    if (!sink || sink->struct_size < sizeof *sink || !sink->refill_row || !sink->refill_bytes)
        ost__fake_violate(c->fake, c, "rows are wanted, but the sink is incomplete",
                          ost_fake_kind_name(op->kind));
    else if (sink->row_size < op->rows->row_size)
        ost__fake_violate(c->fake, c, "the sink's rows are smaller than the row program's",
                          ost_fake_kind_name(op->kind));
}

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3U;
    return hash;
}
#define MIX(hash, x) ((hash) = mix((hash), &(x), sizeof(x)))

/* Member by member, because padding may hold anything. */
static uint64_t digest_parameter(uint64_t hash, const ost_parameter *p)
{
    static const uint8_t sizes[] = {
        [OST_TYPE_BOOL] = sizeof(bool),
        [OST_TYPE_INT64] = 8,
        [OST_TYPE_UINT64] = 8,
        [OST_TYPE_DOUBLE] = 8,
        [OST_TYPE_TEXT] = sizeof(char *),
        [OST_TYPE_TIME] = sizeof(ost_time),
        [OST_TYPE_DATE] = sizeof(ost_date),
        [OST_TYPE_UUID] = sizeof(ost_uuid),
        [OST_TYPE_OBJECT_ID] = 12,
        [OST_TYPE_DECIMAL] = sizeof(ost_decimal),
        [OST_TYPE_BLOB] = sizeof(ost_blob),
        [OST_TYPE_JSON] = sizeof(ost_json),
        [OST_TYPE_POINT] = sizeof(ost_point),
    };
    MIX(hash, p->source);
    MIX(hash, p->type);
    if (p->source == OST_FROM_VALUE && p->value.type < sizeof sizes) {
        MIX(hash, p->value.type);
        return mix(hash, &p->value.as, sizes[p->value.type]);
    }
    if (p->source == OST_FROM_RECORD) {
        MIX(hash, p->offset);
        MIX(hash, p->size);
    } else if (p->source == OST_FROM_LIST) {
        MIX(hash, p->list);
        MIX(hash, p->list_count);
        MIX(hash, p->list_stride);
    }
    return hash;
}

uint64_t ost__fake_digest(const ost_operation *ops, size_t n)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < n; i++) {
        const ost_operation *op = &ops[i];
        MIX(hash, op->kind);
        MIX(hash, op->flags);
        MIX(hash, op->shape);
        MIX(hash, op->plan);
        MIX(hash, op->records);
        MIX(hash, op->record_count);
        MIX(hash, op->record_stride);
        MIX(hash, op->rows);
        MIX(hash, op->text);
        MIX(hash, op->text_size);
        MIX(hash, op->stream);
        bool there = op->parameters && op->parameter_size == sizeof(ost_parameter);
        for (uint32_t p = 0; there && p < op->parameter_count; p++)
            hash = digest_parameter(hash, &op->parameters[p]);
    }
    return hash;
}
