/* SPDX-License-Identifier: MIT */
/* Steps that change what meets a condition, and values over what meets one. */
#include "program.h"

#include <string.h>

/* Whether two rows must not have the same in this field, or it decides whether they may. */
static bool is_unique(const ev_schema *schema, size_t field)
{
    if (field == schema->deleted)
        return true;
    for (size_t u = 0; u < schema->unique_count; u++)
        for (size_t i = 0; i < schema->unique[u].count; i++)
            if (schema->unique[u].fields[i] == field)
                return true;
    return false;
}

bool can_increment(const ev_schema *schema, size_t field)
{
    const ev_field *f = &schema->fields[field];
    if (is_unique(schema, field) || ev_is_enum(f) || f->type == OST_TYPE_UINT64)
        return false;
    return ev_is_integer_type(f->type) || f->type == OST_TYPE_DECIMAL ||
           (f->type == OST_TYPE_DOUBLE && ev_is_called(f, "amount"));
}

static const ost_expr *random_change(world *w, const ev_schema *schema, size_t field,
                                     bool increments)
{
    const ev_field *f = &schema->fields[field];
    if (ev_is_document(f))
        return random_document_change(w, schema, field);
    if (increments && can_increment(schema, field) && rng_chance(&w->rng, 50))
        return make_compare(w, OST_OP_INC, schema, field, random_amount(&w->rng, f));
    if (f->nullable && rng_chance(&w->rng, 20))
        return make_unary(w, OST_OP_SET_NULL, schema, field);
    return make_compare(w, OST_OP_SET, schema, field, random_cell(&w->rng, f, &w->scratch));
}

static bool overlap(const char *a, const char *b)
{
    return ev_is_inside(a, b) || ev_is_inside(b, a);
}

/* A member that is changed, or one in a document that is, a second time. */
static const ost_expr *again_null(world *w, const ev_schema *schema, const ost_expr *changed)
{
    size_t i = 0;
    while (!ev_is_inside(schema->fields[i].name, changed->member.path))
        i++;
    return make_unary(w, OST_OP_SET_NULL, schema, i);
}

/*
 * Changes of different members; now and then of one member twice, which is OST_MISUSE. Either
 * unique members change or members are incremented: which of two failures is met first is nobody's
 * business.
 */
static const ost_expr *const *random_changes(world *w, const ev_schema *schema)
{
    const ost_expr *changes[CHANGES_MAX];
    size_t count = 0, wanted = 1 + rng_below(&w->rng, 3);
    bool increments = rng_chance(&w->rng, 60);
    for (size_t tries = 0; count == 0 || (count < wanted && tries < 9); tries++) {
        size_t field = rng_below(&w->rng, schema->field_count);
        bool again = schema->fields[field].key || (increments && is_unique(schema, field));
        const ost_expr *part = NULL;
        if (schema->fields[field].document && rng_chance(&w->rng, 10))
            part = random_part_change(w, schema);
        for (size_t i = 0; i < count; i++)
            again |= overlap(changed_member(changes[i])->member.path,
                             part ? part->member.path : schema->fields[field].name);
        if (!again)
            changes[count++] = part ? part : random_change(w, schema, field, increments);
    }
    if (w->depth == 0 && rng_chance(&w->rng, 3))
        changes[count++] = again_null(w, schema, changed_member(changes[0]));
    return make_list(w, changes, count);
}

static void say_changes(world *w, const ost_expr *const *changes)
{
    for (size_t i = 0; changes[i]->op != OST_OP_END; i++) {
        say_expr(w, "      ", changes[i]);
        say(w, "\n");
    }
}

/* Whether a member is set to what the backend cannot keep: refused before anything is sent. */
static bool sets_too_much(const world *w, const ev_schema *schema, const ost_expr *const *changes)
{
    for (size_t i = 0; changes[i]->op != OST_OP_END; i++) {
        const ost_expr *e = changed_member(changes[i]);
        size_t field = ev_find_field(schema, e->member.path);
        const ev_field *f = field == SIZE_MAX ? NULL : &schema->fields[field];
        bool whole =
            e->op == OST_OP_SET || (e->op == OST_OP_INC && e->value.type == OST_TYPE_DECIMAL);
        if (!f || f->type == OST_TYPE_LIST) {
            if (documents_have_too_much(w, schema, e) ||
                (f && e->op == OST_OP_UPDATE_ITEMS && sets_too_much(w, f->items, e->args + 1)))
                return true;
        } else if (whole && !ev_keeps(&w->limits->values, f, &e->value)) {
            return true;
        }
    }
    return false;
}

ost_query *ask_for_write(world *w, asked *a, size_t table)
{
    ost_query *q;
    ask_records(w, a, table);
    if (rng_chance(&w->rng, 40)) {
        add_random_limits(w, a);
        add_random_orders(w, a);
        complete_order(w, a);
    }
    q = build_query(w, a);
    ost_everything(q);
    return q;
}

bool *mark_rows(world *w, const asked *a, size_t *matched)
{
    size_t most = 0;
    bool *rows;
    for (size_t t = 0; t < MODEL_COUNT; t++)
        if (w->store.tables[t].count > most)
            most = w->store.tables[t].count;
    rows = ev_take_array(&w->scratch, most + 1, sizeof(bool));
    ev_meeting(&w->store, &a->query, rows);
    *matched = 0;
    for (size_t i = 0; i < w->store.tables[a->query.table].count; i++)
        *matched += rows[i];
    return rows;
}

/* What the evaluator does, and OST_RANGE where a sum has more digits than the backend keeps. */
static ost_status update_probe(const world *w, ev_store *probe, size_t table, const bool *rows,
                               const ost_expr *const *changes)
{
    const ev_table *t = &probe->tables[table];
    ost_status status = ev_update(probe, table, rows, changes);
    bool which[EV_FIELDS_MAX] = { false };
    for (size_t i = 0; changes[i]->op != OST_OP_END; i++) {
        size_t field = ev_find_field(t->schema, changed_member(changes[i])->member.path);
        if (field == SIZE_MAX)
            continue;
        which[field] =
            changes[i]->op == OST_OP_INC && t->schema->fields[field].type == OST_TYPE_DECIMAL;
    }
    for (size_t r = 0; status == OST_OK && r < t->count; r++)
        if (rows[r] && !keeps_all(w, table, ev_row(t, r), which))
            status = OST_RANGE;
    return status;
}

void step_update(world *w)
{
    asked a;
    size_t matched;
    ost_query *q = ask_for_write(w, &a, random_table(w));
    bool *rows = mark_rows(w, &a, &matched);
    const ost_expr *const *changes = random_changes(w, &w->schemas[a.query.table]);
    ev_store probe = ev_store_copy(&w->store);
    ost_status expected = update_probe(w, &probe, a.query.table, rows, changes), status;
    int64_t reported = -1;
    say_query(w, "update", &a);
    say_changes(w, changes);
    if (expected != OST_MISUSE && w->doomed == OST_OK &&
        sets_too_much(w, &w->schemas[a.query.table], changes))
        expected = OST_RANGE;
    else
        expected = after_doom(w, expected);
    status = ost_query_update(q, &reported, changes);
    if (!agree_status(w, expected, status) || status != OST_OK)
        return;
    w->store = probe;
    if (reported != (int64_t)matched)
        disagree(w, "matched is %lld instead of %zu", (long long)reported, matched);
}

void step_update_one(world *w)
{
    asked a;
    size_t matched;
    ost_query *q = ask_for_write(w, &a, random_table(w));
    bool *rows = mark_rows(w, &a, &matched);
    const ost_expr *const *changes = random_changes(w, &w->schemas[a.query.table]);
    ev_store probe = ev_store_copy(&w->store);
    ost_status expected = update_probe(w, &probe, a.query.table, rows, changes), status;
    if (matched > 1 && expected != OST_OK)
        return; /* which of two failures is met first is nobody's business */
    if (matched == 0 && expected == OST_OK)
        expected = OST_NOT_FOUND;
    if (expected != OST_MISUSE && w->doomed == OST_OK &&
        (matched > 1 || sets_too_much(w, &w->schemas[a.query.table], changes)))
        expected = OST_RANGE;
    else
        expected = after_doom(w, expected);
    say_query(w, "update one", &a);
    say_changes(w, changes);
    status = ost_query_update_one(q, changes);
    if (agree_status(w, expected, status) && status == OST_OK)
        w->store = probe;
}

/* The first row of the order alone. */
static ost_query *ask_for_one(world *w, asked *a)
{
    ost_query *q;
    ask_records(w, a, random_table(w));
    add_random_orders(w, a);
    complete_order(w, a);
    q = build_query(w, a);
    ost_everything(q);
    a->query.has_limit = true;
    a->query.limit = 1;
    return q;
}

void step_find_and_update(world *w)
{
    asked a;
    size_t matched, row = 0;
    ost_query *q = ask_for_one(w, &a);
    bool *rows = mark_rows(w, &a, &matched), old = rng_chance(&w->rng, 50);
    const ev_schema *schema = &w->schemas[a.query.table];
    const ost_expr *const *changes = random_changes(w, schema);
    ev_store probe = ev_store_copy(&w->store);
    ost_status expected = update_probe(w, &probe, a.query.table, rows, changes);
    bool refused = sets_too_much(w, schema, changes);
    void *record;
    if (matched == 0 && refused)
        return; /* which of the two is met first is nobody's business */
    if (matched == 0 && expected == OST_OK)
        expected = OST_NOT_FOUND;
    if (expected != OST_MISUSE && w->doomed == OST_OK && refused)
        expected = OST_RANGE;
    else
        expected = after_doom(w, expected);
    say_query(w, old ? "find and update, returning the old" : "find and update", &a);
    say_changes(w, changes);
    record = ost_query_find_and_update(q, schema->model, record_size(schema),
                                       old ? OST_RETURN_OLD : OST_RETURN_NEW, changes);
    if (!agree_status(w, expected, last_status(w, record)) || !record)
        return;
    while (!rows[row])
        row++;
    if (!old)
        w->store = probe;
    agree_record(w, a.query.table, record, row);
    hold(w, a.query.table, record, NULL, ev_row(&w->store.tables[a.query.table], row));
    w->store = probe;
}

static uint16_t member_type(const ev_schema *schema, const ost_expr *member)
{
    return schema->fields[ev_field_named(schema, member->member.path)].type;
}

void step_value_of(world *w)
{
    asked a;
    bool may_range = false;
    const ost_expr *e;
    ost_value expected_value, value;
    ost_status expected, status;
    ask_records(w, &a, random_table(w));
    e = random_aggregate(w, &w->schemas[a.query.table], &may_range);
    expected = ev_aggregate(&w->store, &a.query, e, &expected_value);
    if (e->op == OST_OP_SUM && expected_value.type == OST_TYPE_DECIMAL &&
        ev_is_integer_type(member_type(&w->schemas[a.query.table], e->args[0])))
        expected = OST_RANGE; /* a sum of integers beyond int64 */
    if (expected == OST_RANGE && w->depth > 0)
        return;
    if (w->doomed != OST_OK)
        expected = w->doomed;
    say_query(w, "value of", &a);
    say_expr(w, "      ", e);
    say(w, "\n");
    status = ost_value_of(build_query(w, &a), e, &value);
    if (!agree_status(w, expected, status) || status != OST_OK)
        return;
    if (value.type == OST_TYPE_UINT64)
        value = ev_uint(value.as.natural);
    if (!ev_identical(&value, &expected_value)) {
        disagree(w, "another value");
        if (w->trace) {
            say(w, "    expected: ");
            ev_print(w->trace, &expected_value);
            say(w, "\n    library: ");
            ev_print(w->trace, &value);
            say(w, "\n");
        }
    }
}
