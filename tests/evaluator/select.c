/* SPDX-License-Identifier: MIT */
#include "evaluator.h"

#include <stdlib.h>
#include <string.h>

/* A row of the result before it is cut and checked: a row of the table, or a group of them. */
typedef struct unit {
    const ost_value **rows;
    size_t row_count;
    ost_value *keys;   /* what it is ordered by */
    ev_operand *cells; /* one for each field of the result */
} unit;

typedef struct selection {
    const ev_store *store;
    const ev_query *query;
    const ev_table *table;
    bool grouped;
    unit *units;
    size_t count;
    ost_status status;
} selection;

static ev_scope scope_of(const selection *s, const unit *u)
{
    ev_scope scope = { .store = s->store, .schema = s->table->schema, .status = OST_OK };
    if (u->row_count > 0)
        scope.row = u->rows[0];
    if (s->grouped) {
        scope.group_rows = u->rows;
        scope.group_count = u->row_count;
    }
    return scope;
}

void ev_matching(const ev_store *store, const ev_query *q, bool *rows)
{
    const ev_table *t = &store->tables[q->table];
    for (size_t i = 0; i < t->count; i++) {
        ev_scope scope = { .store = store, .schema = t->schema, .row = ev_row(t, i) };
        bool lives = ev_lives(t->schema, ev_row(t, i));
        rows[i] = q->among == EV_WITH_DELETED || lives == (q->among == EV_LIVING);
        for (size_t c = 0; c < q->where_count; c++)
            if (ev_condition(q->where[c], &scope) != EV_TRUE)
                rows[i] = false;
    }
}

static bool has_aggregates(const ev_query *q)
{
    bool found = q->group_count > 0 || q->having_count > 0;
    for (size_t i = 0; i < q->select_count; i++)
        found |= ev_is_aggregate(q->selects[i]->args[0]);
    for (size_t i = 0; i < q->order_count; i++)
        found |= q->orders[i]->args && ev_is_aggregate(q->orders[i]->args[0]);
    return found;
}

/* Whether two rows belong to one group. */
static bool same_group(const selection *s, const ost_value *a, const ost_value *b)
{
    ev_scope left = { .store = s->store, .schema = s->table->schema, .row = a };
    ev_scope right = { .store = s->store, .schema = s->table->schema, .row = b };
    for (size_t i = 0; i < s->query->group_count; i++) {
        ev_operand x = ev_evaluate(s->query->groups[i], &left);
        ev_operand y = ev_evaluate(s->query->groups[i], &right);
        if (!ev_same(&x.value, &y.value))
            return false;
    }
    return true;
}

static unit *unit_for(selection *s, const ost_value *row)
{
    unit *u;
    for (size_t i = 0; s->grouped && i < s->count; i++)
        if (s->units[i].row_count == 0 || same_group(s, s->units[i].rows[0], row))
            return &s->units[i];
    u = &s->units[s->count++];
    u->rows = ev_take_array(s->store->scratch, s->grouped ? s->table->count : 1, sizeof *u->rows);
    return u;
}

static void collect_units(selection *s)
{
    bool *matching = ev_take_array(s->store->scratch, s->table->count + 1, sizeof *matching);
    ev_matching(s->store, s->query, matching);
    s->units = ev_take_array(s->store->scratch, s->table->count + 1, sizeof *s->units);
    if (s->grouped && s->query->group_count == 0) {
        s->units[0].rows =
            ev_take_array(s->store->scratch, s->table->count + 1, sizeof *s->units[0].rows);
        s->count = 1;
    }
    for (size_t i = 0; i < s->table->count; i++)
        if (matching[i]) {
            unit *u = unit_for(s, ev_row(s->table, i));
            u->rows[u->row_count++] = ev_row(s->table, i);
        }
}

/* Takes out the units for which `drop` holds. */
static void drop_units(selection *s, bool (*drop)(selection *s, size_t i))
{
    size_t kept = 0, count = s->count;
    for (size_t i = 0; i < count; i++) {
        unit u = s->units[i];
        bool dropped;
        s->count = kept; /* what drop() sees as earlier */
        dropped = drop(s, i);
        if (!dropped)
            s->units[kept++] = u;
    }
    s->count = kept;
}

static bool fails_having(selection *s, size_t i)
{
    ev_scope scope = scope_of(s, &s->units[i]);
    bool fails = false;
    for (size_t c = 0; c < s->query->having_count; c++)
        fails |= ev_condition(s->query->having[c], &scope) != EV_TRUE;
    if (scope.status != OST_OK)
        s->status = scope.status;
    return fails;
}

static bool equals_earlier(selection *s, size_t i)
{
    size_t fields = s->query->result->field_count;
    for (size_t j = 0; j < s->count; j++) {
        bool same = true;
        for (size_t f = 0; f < fields; f++)
            same &= ev_same(&s->units[i].cells[f].value, &s->units[j].cells[f].value);
        if (same)
            return true;
    }
    return false;
}

/* A struct inside as a whole: all its members, into those of the same names. */
static void fill_part(selection *s, unit *u, const ost_expr *as)
{
    const char *from = as->args[0]->member.path, *to = as->member.path;
    const ev_schema *schema = s->table->schema;
    char path[64];
    for (size_t i = 0; i < schema->field_count; i++) {
        const char *name = schema->fields[i].name;
        if (!ev_is_inside(name, from))
            continue;
        (void)snprintf(path, sizeof path, "%s%s", to, name + strlen(from));
        u->cells[ev_field_named(s->query->result, path)] =
            (ev_operand){ .value = u->rows[0][i], .field = &schema->fields[i] };
    }
}

static void fill_cells(selection *s, unit *u)
{
    const ev_query *q = s->query;
    ev_scope scope = scope_of(s, u);
    u->cells = ev_take_array(s->store->scratch, q->result->field_count, sizeof *u->cells);
    for (size_t i = 0; i < q->select_count; i++) {
        const ost_expr *as = q->selects[i];
        size_t f = ev_find_field(q->result, as->member.path);
        if (f == SIZE_MAX)
            fill_part(s, u, as);
        else
            u->cells[f] = ev_evaluate(as->args[0], &scope);
        /* Rows that stand for themselves alone have their own text. */
        if (f != SIZE_MAX && as->args[0]->op == OST_OP_MEMBER && !s->grouped && !q->distinct)
            u->cells[f].value =
                scope.row[ev_field_named(s->table->schema, as->args[0]->member.path)];
    }
    for (size_t f = 0; q->select_count == 0 && f < q->result->field_count; f++)
        u->cells[f] = (ev_operand){ .value = scope.row[f], .field = &q->result->fields[f] };
    if (scope.status != OST_OK)
        s->status = scope.status;
}

/* What a unit is ordered by: an expression, a member of the table, or a member of the result. */
static void fill_keys(selection *s, unit *u)
{
    const ev_query *q = s->query;
    ev_scope scope = scope_of(s, u);
    u->keys = ev_take_array(s->store->scratch, q->order_count + 1, sizeof *u->keys);
    for (size_t i = 0; i < q->order_count; i++) {
        const ost_expr *order = q->orders[i];
        ev_operand o;
        if (order->args) {
            o = ev_evaluate(order->args[0], &scope);
        } else if (order->model == s->table->schema->model) {
            size_t f = ev_field_named(s->table->schema, order->member.path);
            o = (ev_operand){ .value = scope.row[f], .field = &s->table->schema->fields[f] };
        } else {
            o = u->cells[ev_field_named(q->result, order->member.path)];
        }
        u->keys[i] = ev_order_value(&o);
        u->keys[i] = ev_compared(o.field, &u->keys[i], s->store->scratch);
    }
    if (scope.status != OST_OK)
        s->status = scope.status;
}

/* NULLs first ascending, last descending. */
int ev_compare_keys(const ev_query *q, const ost_value *a, const ost_value *b)
{
    for (size_t i = 0; i < q->order_count; i++) {
        bool no_a = ev_is_null(&a[i]), no_b = ev_is_null(&b[i]);
        int order = no_a || no_b ? no_b - no_a : ev_compare(&a[i], &b[i]);
        if (order)
            return q->orders[i]->op == OST_OP_DESC ? -order : order;
    }
    return 0;
}

static void sort_units(selection *s)
{
    for (size_t i = 1; i < s->count; i++)
        for (size_t j = i; j > 0; j--) {
            unit later = s->units[j];
            if (ev_compare_keys(s->query, s->units[j - 1].keys, later.keys) <= 0)
                break;
            s->units[j] = s->units[j - 1];
            s->units[j - 1] = later;
        }
}

/* As many rows with the same value stand before it, in the order, as are wanted of each. */
static bool is_one_too_many(selection *s, size_t i)
{
    ev_scope scope = scope_of(s, &s->units[i]);
    ost_value own = ev_evaluate(s->query->per, &scope).value;
    size_t same = 0;
    for (size_t j = 0; j < s->count; j++) {
        ev_scope other = scope_of(s, &s->units[j]);
        ost_value value = ev_evaluate(s->query->per, &other).value;
        same += ev_same(&own, &value);
    }
    return same >= s->query->limit_per;
}

static ost_status deliver(const selection *s, ev_rows *out)
{
    const ev_query *q = s->query;
    size_t first = q->has_offset ? q->offset : 0, fields = q->result->field_count;
    out->schema = q->result;
    out->key_count = q->order_count;
    for (size_t f = 0; f < fields; f++)
        out->selected[f] = q->select_count == 0;
    for (size_t i = 0; i < q->select_count; i++)
        for (size_t f = 0; f < fields; f++)
            if (ev_is_inside(q->result->fields[f].name, q->selects[i]->member.path))
                out->selected[f] = true;
    out->cells = ev_take_array(s->store->scratch, s->count * fields + 1, sizeof *out->cells);
    out->keys = ev_take_array(s->store->scratch, s->count * q->order_count + 1, sizeof *out->keys);
    for (size_t i = first; i < s->count; i++) {
        if (q->has_limit && out->count == q->limit)
            break;
        for (size_t f = 0; f < fields; f++) {
            ost_value *cell = &out->cells[out->count * fields + f];
            *cell = s->units[i].cells[f].value;
            if (out->selected[f] && ev_fit(&q->result->fields[f], cell) != OST_OK)
                return OST_RANGE;
        }
        memcpy(&out->keys[out->count * q->order_count], s->units[i].keys,
               q->order_count * sizeof *out->keys);
        out->count++;
    }
    return OST_OK;
}

ost_status ev_select(const ev_store *store, const ev_query *q, ev_rows *out)
{
    selection s = { .store = store, .query = q, .table = &store->tables[q->table] };
    memset(out, 0, sizeof *out);
    s.grouped = has_aggregates(q);
    collect_units(&s);
    drop_units(&s, fails_having);
    for (size_t i = 0; i < s.count; i++) {
        fill_cells(&s, &s.units[i]);
        fill_keys(&s, &s.units[i]);
    }
    if (q->distinct)
        drop_units(&s, equals_earlier);
    sort_units(&s);
    if (q->per)
        drop_units(&s, is_one_too_many);
    return s.status == OST_OK ? deliver(&s, out) : s.status;
}

void ev_meeting(const ev_store *store, const ev_query *q, bool *rows)
{
    selection s = { .store = store, .query = q, .table = &store->tables[q->table] };
    size_t first = q->has_offset ? q->offset : 0, fields = s.table->schema->field_count;
    ev_matching(store, q, rows);
    if (!q->has_limit && !q->has_offset)
        return;
    memset(rows, 0, s.table->count * sizeof *rows);
    collect_units(&s);
    for (size_t i = 0; i < s.count; i++)
        fill_keys(&s, &s.units[i]);
    sort_units(&s);
    for (size_t i = first; i < s.count && (!q->has_limit || i - first < q->limit); i++)
        rows[(size_t)(s.units[i].rows[0] - s.table->cells) / fields] = true;
}

ost_status ev_aggregate(const ev_store *store, const ev_query *q, const ost_expr *e, ost_value *out)
{
    selection s = { .store = store, .query = q, .table = &store->tables[q->table] };
    ev_query plain = *q;
    ev_scope scope;
    plain.group_count = 0;
    s.query = &plain;
    s.grouped = true;
    collect_units(&s);
    scope = scope_of(&s, &s.units[0]);
    *out = ev_evaluate(e, &scope).value;
    return scope.status;
}
