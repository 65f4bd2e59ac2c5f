/* SPDX-License-Identifier: MIT */
/* What every kind can do: aggregates, groups, updates, increments. */
#include "cases_kinds.h"

#include <string.h>

/* ---- aggregates ---- */

static void agree_value(const place *p, const asked *a, const ost_expr *e)
{
    ost_value expected, value = ev_null();
    ost_status status = ev_aggregate(&w->store, &a->query, e, &expected);
    bool integers = ev_is_integer_type(member_of(p)->type);
    if (integers && e->op == OST_OP_SUM && expected.type == OST_TYPE_DECIMAL)
        status = OST_RANGE; /* beyond int64 */
    if (status == OST_RANGE) {
        OK(ost_begin(s, NULL));
        FAILS("OST_RANGE", ost_value_of(build_query(w, a), e, &value));
        OK(ost_rollback(s));
        return;
    }
    if (ost_value_of(build_query(w, a), e, &value) != OST_OK) {
        if (refused_here())
            return;
        fail_msg("%s", ost_session_error(s)->message);
    }
    if (value.type == OST_TYPE_UINT64)
        value = ev_uint(value.as.natural);
    if (ev_identical(&value, &expected))
        return;
    ev_print_expr(stderr, e);
    fputs("\n    expected ", stderr);
    ev_print(stderr, &expected);
    fputs("\n    library  ", stderr);
    ev_print(stderr, &value);
    fputs("\n", stderr);
    fail_msg("another value of %s.%s", p->schema->model->name, member_of(p)->name);
}

static void agree_aggregates(const place *p, const asked *a)
{
    const ost_expr *member = make_member(w, p->schema, p->field);
    static const uint16_t ops[] = { OST_OP_COUNT, OST_OP_COUNT_DISTINCT,
                                    OST_OP_MIN,   OST_OP_MAX,
                                    OST_OP_SUM,   OST_OP_AVG };
    size_t count = current->kind->sums ? 6 : 4;
    for (size_t i = 0; i < count; i++)
        agree_value(p, a, make_expr(w, ops[i], member, NULL));
}

void kind_aggregates(void)
{
    place p;
    for (size_t i = 0; place_at(&p, i); i++) {
        asked all, some, nothing;
        if (!store_values(&p))
            return;
        begin_query(&p, &all);
        agree_aggregates(&p, &all);
        begin_query(&p, &some);
        add_where(&some, make_compare(w, OST_OP_LE, p.schema, p.field, p.values[p.count / 2]));
        agree_aggregates(&p, &some);
        begin_query(&p, &nothing);
        add_where(&nothing,
                  make_compare(w, OST_OP_LT, p.schema, p.schema->unique[0].fields[0], ev_int(0)));
        agree_aggregates(&p, &nothing);
    }
}

/* ---- groups ---- */

static void begin_groups(const place *p, asked *a)
{
    const ost_expr *member = make_member(w, p->schema, p->field);
    begin_query(p, a);
    a->query.result = &w->facts;
    a->query.groups[a->query.group_count++] = member;
    if (!select_into(w, a, member) || !select_into(w, a, make_expr(w, OST_OP_COUNT, NULL, NULL)))
        fail_msg("no member of the result takes %s", member_of(p)->name);
}

static void group_with(const place *p, const ost_expr *having, uint16_t direction)
{
    asked a;
    begin_groups(p, &a);
    if (having) {
        a.having[a.query.having_count] = having;
        a.query.having[a.query.having_count++] = having;
    }
    add_order(&a, make_expr(w, direction, make_member(w, p->schema, p->field), NULL));
    ask(&a);
}

static void distinct_with(const place *p, uint16_t direction)
{
    const ost_expr *member = make_member(w, p->schema, p->field);
    asked a;
    begin_query(p, &a);
    a.query.result = &w->facts;
    (void)select_into(w, &a, member);
    a.query.distinct = true;
    add_order(&a, make_expr(w, direction, member, NULL));
    ask(&a);
}

void kind_groups(void)
{
    place p;
    for (size_t i = 0; place_at(&p, i); i++) {
        const ost_expr *rows, *least;
        if (!store_values(&p))
            return;
        rows = make_expr(w, OST_OP_COUNT, NULL, NULL);
        least = make_expr(w, OST_OP_MIN, make_member(w, p.schema, p.field), NULL);
        for (uint16_t direction = OST_OP_ASC; direction <= OST_OP_DESC; direction++) {
            group_with(&p, NULL, direction);
            group_with(&p, make_expr(w, OST_OP_GT, rows, make_value(w, ev_int(1))), direction);
            distinct_with(&p, direction);
        }
        for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++)
            group_with(&p, make_expr(w, op, least, make_value(w, p.values[p.count / 2])),
                       OST_OP_ASC);
    }
}

/* ---- updates ---- */

/* Makes the change where the condition holds, on both sides; both must say the same. */
static void change_where(const place *p, const ost_expr *where, const ost_expr *change)
{
    ev_table *t = &w->store.tables[p->table];
    bool *rows = ev_take_array(&w->scratch, t->count + 1, sizeof *rows);
    const ost_expr *const *changes = make_list(w, &change, 1);
    int64_t matched = -1, expected = 0;
    ost_status status, wanted;
    asked a;
    begin_query(p, &a);
    if (where)
        add_where(&a, where);
    ev_matching(&w->store, &a.query, rows);
    for (size_t r = 0; r < t->count; r++)
        expected += rows[r];
    wanted = ev_update(&w->store, p->table, rows, changes);
    OK(ost_begin(s, NULL));
    ost_query *q = build_query(w, &a);
    ost_everything(q);
    status = ost_query_update(q, &matched, changes);
    if (status != wanted) {
        ev_print_expr(stderr, change);
        fail_msg(" %s is %s instead of %s: %s", member_of(p)->name, ost_status_name(status),
                 ost_status_name(wanted), ost_session_error(s)->message);
    }
    if (status == OST_OK) {
        assert_int_equal(matched, expected);
        OK(ost_commit(s));
    } else {
        OK(ost_rollback(s));
    }
    agree_all(p);
}

void kind_updates(void)
{
    place p;
    for (size_t i = 0; place_at(&p, i); i++) {
        size_t count;
        if (!store_values(&p))
            return;
        count = w->store.tables[p.table].count;
        for (size_t v = 0; v < p.count; v++) {
            const ost_expr *set = make_compare(w, OST_OP_SET, p.schema, p.field, p.values[v]);
            change_where(&p, with_key(&p, v % count), set);
            change_where(&p, with_key(&p, (v + 3) % count), set);
        }
        change_where(&p, make_compare(w, OST_OP_NE, p.schema, p.field, p.values[0]),
                     make_compare(w, OST_OP_SET, p.schema, p.field, p.values[p.count - 1]));
        if (member_of(&p)->nullable)
            change_where(&p, with_key(&p, 0), make_unary(w, OST_OP_SET_NULL, p.schema, p.field));
        change_where(&p, NULL, make_compare(w, OST_OP_SET, p.schema, p.field, p.values[0]));
    }
}

/* ---- increments ---- */

void kind_increments(void)
{
    place p;
    for (size_t i = 0; place_at(&p, i); i++) {
        uint16_t type;
        size_t count;
        if (!store_values(&p))
            return;
        type = member_of(&p)->type == OST_TYPE_DECIMAL || member_of(&p)->type == OST_TYPE_DOUBLE
                   ? member_of(&p)->type
                   : OST_TYPE_INT64;
        count = w->store.tables[p.table].count;
        for (const char *const *amount = current->kind->amounts; *amount; amount++) {
            ost_value by = value_of_text(type, *amount, &w->scratch);
            const ost_expr *inc = make_compare(w, OST_OP_INC, p.schema, p.field, by);
            for (size_t r = 0; r < count; r++)
                change_where(&p, with_key(&p, r), inc);
            change_where(&p, NULL, inc);
        }
    }
}
