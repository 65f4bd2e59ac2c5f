/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <string.h>

/* What an expression yields: the kind that a member of a result must have. */
typedef struct yield {
    uint16_t type;
    int scale;
    bool named; /* an enumeration */
} yield;

static yield yield_of(const ev_schema *schema, const ost_expr *e)
{
    const ost_expr *argument = e->op == OST_OP_MEMBER ? e : e->args ? e->args[0] : NULL;
    const ev_field *f =
        argument ? &schema->fields[ev_field_named(schema, argument->member.path)] : NULL;
    yield out = { OST_TYPE_INT64, 0, false };
    if (e->op == OST_OP_COUNT || e->op == OST_OP_COUNT_DISTINCT || e->op == OST_OP_SIZE)
        return out;
    out.scale = f->scale;
    if (e->op == OST_OP_MEMBER || e->op == OST_OP_MIN || e->op == OST_OP_MAX) {
        out.named = ev_is_enum(f);
        out.type = f->type == OST_TYPE_CHARS                                   ? OST_TYPE_TEXT
                   : ev_is_integer_type(f->type) && f->type != OST_TYPE_UINT64 ? OST_TYPE_INT64
                                                                               : f->type;
    } else if (f->type == OST_TYPE_DECIMAL) {
        out.type = OST_TYPE_DECIMAL;
        out.scale += e->op == OST_OP_AVG ? 6 : 0;
    } else if (e->op == OST_OP_AVG || f->type == OST_TYPE_DOUBLE) {
        out.type = OST_TYPE_DOUBLE;
    }
    return out;
}

static bool takes(const ev_field *to, yield from)
{
    if (from.named || ev_is_enum(to))
        return from.named && ev_is_enum(to);
    if (from.type == OST_TYPE_DECIMAL)
        return to->type == OST_TYPE_DECIMAL && to->scale == from.scale;
    return to->type == from.type;
}

bool select_into(world *w, asked *a, const ost_expr *e)
{
    const ev_schema *result = a->query.result;
    yield from = yield_of(&w->schemas[a->query.table], e);
    bool beyond = e->op == OST_OP_SUM && from.type == OST_TYPE_INT64 && rng_chance(&w->rng, 40);
    for (size_t i = 0; i < result->field_count; i++) {
        bool taken = i == 0 && e->op != OST_OP_COUNT; /* the first member counts */
        for (size_t j = 0; j < a->query.select_count; j++)
            taken |= strcmp(a->query.selects[j]->member.path, result->fields[i].name) == 0;
        if (beyond)
            taken |= strcmp(result->fields[i].name, "exact") != 0;
        else
            taken |= !takes(&result->fields[i], from);
        if (taken)
            continue;
        a->query.selects[a->query.select_count++] = make_as(w, result, i, e);
        return true;
    }
    return false;
}

/* A member of which sums are the same in any order. */
static bool is_summable(const ev_field *f)
{
    if (f->type == OST_TYPE_DOUBLE)
        return ev_is_called(f, "amount");
    if (f->type == OST_TYPE_DECIMAL)
        return f->scale <= 32; /* an average has six digits more */
    return ev_is_integer_type(f->type) && !ev_is_enum(f);
}

/* Whether sums and averages of a decimal have all their digits where numbers have fewer than 38. */
static bool has_room(const world *w, const ev_field *f)
{
    enum { MORE = 10 }; /* six of an average, the others of the sum */
    return w->limits->values.digits == 38 || f->precision + MORE <= w->limits->values.digits;
}

static bool sum_may_overflow(const ev_field *f)
{
    return f->type == OST_TYPE_INT64 || f->type == OST_TYPE_UINT64 || f->precision > 30;
}

const ost_expr *random_aggregate(world *w, const ev_schema *schema, bool *may_range)
{
    for (;;) {
        uint16_t op = (uint16_t)(OST_OP_COUNT + rng_below(&w->rng, 6));
        size_t field = rng_below(&w->rng, schema->field_count);
        const ev_field *f = &schema->fields[field];
        if (op == OST_OP_COUNT && rng_chance(&w->rng, 60))
            return make_expr(w, op, NULL, NULL);
        if (op != OST_OP_COUNT && ev_is_document(f))
            continue;
        if ((op == OST_OP_SUM || op == OST_OP_AVG) && (!is_summable(f) || !has_room(w, f)))
            continue;
        if ((op == OST_OP_SUM || op == OST_OP_AVG) && sum_may_overflow(f))
            *may_range = true;
        return make_expr(w, op, make_member(w, schema, field), NULL);
    }
}

/* A condition on groups: an aggregate or a group's member with a constant, or two aggregates. */
static condition random_having(world *w, const asked *a)
{
    const ev_schema *schema = &w->schemas[a->query.table];
    uint16_t op = (uint16_t)(OST_OP_EQ + rng_below(&w->rng, 6));
    bool may_range = false;
    condition out;
    const ost_expr *left = random_aggregate(w, schema, &may_range);
    while (may_range) {
        may_range = false;
        left = random_aggregate(w, schema, &may_range);
    }
    if (rng_chance(&w->rng, 25)) {
        const ost_expr *group = a->query.groups[rng_below(&w->rng, a->query.group_count)];
        const ev_field *f = &schema->fields[ev_field_named(schema, group->member.path)];
        ost_value v = random_constant(&w->rng, f, op != OST_OP_EQ && op != OST_OP_NE);
        out.library = out.evaluator = make_expr(w, op, group, make_value(w, v));
        return out;
    }
    if (left->op == OST_OP_MIN || left->op == OST_OP_MAX) {
        const char *path = left->args[0]->member.path;
        const ev_field *f = &schema->fields[ev_field_named(schema, path)];
        out.evaluator = make_expr(w, op, left, make_value(w, random_present(&w->rng, f)));
    } else if (rng_chance(&w->rng, 20)) {
        out.evaluator =
            make_expr(w, op, make_expr(w, OST_OP_COUNT, NULL, NULL), make_value(w, ev_real(1.5)));
    } else {
        out.evaluator =
            make_expr(w, op, left, make_value(w, ev_int((int64_t)rng_below(&w->rng, 6) - 1)));
    }
    if (rng_chance(&w->rng, 20))
        out.evaluator = make_expr(w, OST_OP_NOT, out.evaluator, NULL);
    out.library = out.evaluator;
    return out;
}

static void random_groups(world *w, asked *a)
{
    const ev_schema *schema = &w->schemas[a->query.table];
    size_t groups = rng_below(&w->rng, 3), aggregates = 1 + rng_below(&w->rng, 4);
    ev_query *q = &a->query;
    for (size_t i = 0; i < groups; i++) {
        const ost_expr *member = make_member(w, schema, random_plain_field(w, schema));
        if (i > 0 && strcmp(member->member.path, q->groups[0]->member.path) == 0)
            continue;
        q->groups[q->group_count++] = member;
        if (rng_chance(&w->rng, 85))
            (void)select_into(w, a, member);
    }
    for (size_t i = 0; i < aggregates; i++)
        (void)select_into(w, a, random_aggregate(w, schema, &a->may_range));
    if (q->select_count == 0)
        (void)select_into(w, a, make_expr(w, OST_OP_COUNT, NULL, NULL));
    if (q->group_count > 0 && !a->may_range && rng_chance(&w->rng, 40)) {
        condition c = random_having(w, a);
        a->having[q->having_count] = c.library;
        q->having[q->having_count++] = c.evaluator;
    }
}

static void random_members(world *w, asked *a)
{
    const ev_schema *schema = &w->schemas[a->query.table];
    size_t count = 1 + rng_below(&w->rng, 3);
    for (size_t i = 0; i < count || a->query.select_count == 0; i++)
        (void)select_into(w, a, make_member(w, schema, random_plain_field(w, schema)));
    a->query.distinct = rng_chance(&w->rng, 60);
}

/* Into members that some values do not fit: a failure, never a cut. false: there is no such member.
 */
static bool random_narrow(world *w, asked *a)
{
    static const struct {
        const char *from, *to;
    } pairs[] = {
        { "i8", "tiny" },           { "i16", "tiny" },
        { "i32", "tiny" },          { "i64", "number" },
        { "u8", "tiny" },           { "u32", "number" },
        { "u64", "number" },        { "u16", "number" },
        { "f", "single" },          { "name", "text" },
        { "note", "text" },         { "name", "code" },
        { "note", "code" },         { "code", "code" },
        { "code", "text" },         { "taken", "number" },
        { "cents", "tiny" },        { "email", "code" },
        { "whole_a", "number" },    { "natural_b", "tiny" },
        { "note_a", "text" },       { "note_b", "code" },
        { "code_a", "code" },       { "home.wide", "tiny" },
        { "home.floor", "number" }, { "home.city", "code" },
        { "spare.label", "text" },  { "home.nook.label", "text" },
    };
    const ev_schema *schema = &w->schemas[a->query.table];
    size_t count = sizeof pairs / sizeof pairs[0], start = rng_below(&w->rng, count);
    for (size_t n = 0; n < count && a->query.select_count == 0; n++) {
        size_t p = (start + n) % count;
        for (size_t i = 0; i < schema->field_count; i++)
            if (strcmp(schema->fields[i].name, pairs[p].from) == 0)
                a->query.selects[a->query.select_count++] =
                    make_as(w, &w->narrow, ev_field_named(&w->narrow, pairs[p].to),
                            make_member(w, schema, i));
    }
    if (a->query.select_count == 0)
        return false;
    a->query.result = &w->narrow;
    a->may_range = true;
    return true;
}

static bool has_documents(const ev_schema *schema)
{
    bool found = false;
    for (size_t i = 0; i < schema->field_count; i++)
        found |= ev_is_document(&schema->fields[i]);
    return found;
}

void random_shape(world *w, asked *a)
{
    if (has_documents(&w->schemas[a->query.table]) && rng_chance(&w->rng, 30)) {
        random_bundle(w, a);
        return;
    }
    a->query.result = &w->facts;
    if (rng_chance(&w->rng, 60))
        random_groups(w, a);
    else if (w->depth > 0 || !rng_chance(&w->rng, 30) || !random_narrow(w, a))
        random_members(w, a);
}

void random_part(world *w, asked *a)
{
    const ev_schema *schema = &w->schemas[a->query.table];
    const char *document = "";
    bool whole = true; /* the document, or a member inside it alone */
    for (size_t i = 0; i < schema->field_count; i++) {
        const ev_field *f = &schema->fields[i];
        bool another = !f->document || strcmp(f->document, document) != 0;
        if (another)
            whole = rng_chance(&w->rng, 70);
        if (!another && whole)
            continue; /* selected already, or not at all */
        document = f->document ? f->document : "";
        if (!f->key && !rng_chance(&w->rng, 30))
            continue;
        a->query.selects[a->query.select_count++] =
            f->document && whole ? make_as_part(w, schema, f->document,
                                                make_part(w, OST_OP_MEMBER, schema, f->document))
                                 : make_as(w, schema, i, make_member(w, schema, i));
    }
}
