/* SPDX-License-Identifier: MIT */
/*
 * What every kind can do, asked of the values at its edges: the library and the evaluator answer
 * the same questions over the same rows.
 */
#include "cases_kinds.h"

#include <stdlib.h>
#include <string.h>

enum { PAIRS_MAX = 9 };

/* ---- places ---- */

bool place_at(place *p, size_t i)
{
    const ost_model *model = i < KIND_PLACES ? current->kind->places[i].model : NULL;
    for (size_t t = 0; model && t < MODEL_COUNT; t++)
        if (all_models[t] == model) {
            p->table = t;
            p->schema = &w->schemas[t];
            p->field = ev_field_named(p->schema, current->kind->places[i].member);
            p->count = kind_values(current->kind, member_of(p), p->values, &w->scratch);
            return true;
        }
    return false;
}

const ev_field *member_of(const place *p)
{
    return &p->schema->fields[p->field];
}

void fit_zeros(const place *p, void *record)
{
    for (size_t i = 0; i < p->schema->field_count; i++) {
        const ev_field *f = &p->schema->fields[i];
        ost_value v = ev_read(f, record, &w->scratch);
        if (f->type == OST_TYPE_TEXT && !f->nullable && ev_is_null(&v))
            v = ev_text("");
        if (f->type == OST_TYPE_DECIMAL && !f->nullable)
            (void)ev_fit(f, &v); /* at the member's scale */
        ev_write(f, record, &v);
    }
}

/* A zeroed record that can be stored, with one value. */
static void write_record(const place *p, void *record, const ost_value *v)
{
    ev_write(member_of(p), record, v);
    fit_zeros(p, record);
}

void know_record(const place *p, const void *record)
{
    if (ev_insert(&w->store, p->table, ev_cells(p->schema, record, &w->scratch)) != OST_OK)
        fail_msg("the evaluator has two records with one key");
}

/* Every value once, the first two once more, and NULL where it may be. */
static char *records_of(const place *p, size_t *count)
{
    size_t size = record_size(p->schema);
    char *records = ev_take_array(&w->scratch, p->count + 4, size);
    ost_value none = ev_null();
    *count = 0;
    for (size_t i = 0; i < p->count + 2; i++)
        write_record(p, records + size * (*count)++, &p->values[i % p->count]);
    for (size_t i = 0; i < 2 && member_of(p)->nullable; i++)
        write_record(p, records + size * (*count)++, &none);
    return records;
}

/* All or none; false: the backend refuses a value. */
static bool insert_all(const place *p, void *records, size_t count)
{
    ost_status status;
    OK(ost_begin(s, NULL));
    status = ost_session_insert_many(s, p->schema->model, record_size(p->schema), records, count);
    if (refused(status, OST_RANGE)) {
        OK(ost_rollback(s));
        return false;
    }
    OK(ost_commit(s));
    return true;
}

bool store_values(const place *p)
{
    size_t count;
    char *records = records_of(p, &count);
    if (!insert_all(p, records, count)) {
        assert_string_equal(ost_session_error(s)->field, member_of(p)->name);
        agree_all(p);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        know_record(p, records + i * record_size(p->schema));
    return true;
}

/* ---- asking ---- */

void begin_query(const place *p, asked *a)
{
    memset(a, 0, sizeof *a);
    a->query.table = p->table;
    a->query.result = p->schema;
}

void add_where(asked *a, const ost_expr *e)
{
    a->where[a->query.where_count] = e;
    a->query.where[a->query.where_count++] = e;
}

void add_order(asked *a, const ost_expr *key)
{
    a->query.orders[a->query.order_count++] = key;
    a->own_orders = a->query.order_count;
}

static void compare_with(const asked *a, const ev_rows *rows, const void *records, size_t count)
{
    const ost_value *cells = cells_of(w, rows, records, count);
    agree_rows(w, a, rows, cells, count);
    if (!w->failed)
        return;
    w->failed = false;
    w->trace = stderr;
    say_query(w, "asked", a);
    agree_rows(w, a, rows, cells, count);
    w->trace = NULL;
    fail_msg("the library and the evaluator disagree: %s", w->failure);
}

void ask(asked *a)
{
    ev_rows rows;
    size_t count = 0;
    void *records;
    if (a->query.order_count > 0 || a->query.has_limit || a->query.has_offset)
        complete_order(w, a);
    if (ev_select(&w->store, &a->query, &rows) != OST_OK)
        fail_msg("the evaluator finds a value that does not fit");
    records = ost_query_all(build_query(w, a), a->query.result->model, record_size(a->query.result),
                            &count);
    if (!records && refused_here())
        return;
    if (!records) {
        w->trace = stderr;
        say_query(w, "asked", a);
        w->trace = NULL;
        fail_msg("%s", ost_session_error(s)->message);
    }
    compare_with(a, &rows, records, count);
}

void ask_where(const place *p, const ost_expr *e)
{
    asked a;
    begin_query(p, &a);
    add_where(&a, e);
    ask(&a);
}

void agree_all(const place *p)
{
    asked a;
    begin_query(p, &a);
    add_order(&a, make_unary(w, OST_OP_ASC, p->schema, p->schema->unique[0].fields[0]));
    ask(&a);
}

const ost_expr *with_key(const place *p, size_t row)
{
    size_t key = p->schema->unique[0].fields[0];
    return make_compare(w, OST_OP_EQ, p->schema, key, ev_row(&w->store.tables[p->table], row)[key]);
}

/* ---- round trips ---- */

static void get_each(const place *p)
{
    const ev_table *t = &w->store.tables[p->table];
    for (size_t r = 0; r < t->count; r++) {
        const ost_value *key = &ev_row(t, r)[p->schema->unique[0].fields[0]];
        void *record = ost_session_get(s, p->schema->model, record_size(p->schema), key, 1);
        ev_rows rows = { .schema = p->schema, .count = 1, .cells = ev_row(t, r) };
        asked a;
        begin_query(p, &a);
        a.ordered = true;
        if (!record)
            fail_msg("%s", ost_session_error(s)->message);
        for (size_t i = 0; i < p->schema->field_count; i++)
            rows.selected[i] = true;
        compare_with(&a, &rows, record, 1);
    }
}

/* Every record as it is, with the value of the one behind it. */
static void rotate(const place *p, bool tracked)
{
    ev_table *t = &w->store.tables[p->table];
    size_t size = record_size(p->schema), key = p->schema->unique[0].fields[0];
    ost_value first = ev_row(t, 0)[p->field];
    for (size_t r = 0; r < t->count; r++) {
        ost_value *row = ev_row(t, r);
        ost_value next = r + 1 < t->count ? ev_row(t, r + 1)[p->field] : first;
        char *record = ev_take(&w->scratch, size);
        if (tracked) {
            record = ost_session_get(s, p->schema->model, size, &row[key], 1);
            assert_non_null(record);
            ev_write(member_of(p), record, &next);
            OK(ost_session_save(s, p->schema->model, size, record));
        } else {
            write_record(p, record, &next);
            ev_write(&p->schema->fields[key], record, &row[key]);
            OK(ost_session_replace(s, p->schema->model, size, record));
        }
        row[p->field] = next;
    }
    agree_all(p);
}

static void stream_all(const place *p)
{
    size_t size = record_size(p->schema), count = 0;
    char *records = ev_take_array(&w->scratch, w->store.tables[p->table].count + 1, size);
    ev_rows rows;
    asked a;
    void *record;
    ost_cursor *c;
    begin_query(p, &a);
    add_order(&a, make_unary(w, OST_OP_ASC, p->schema, p->schema->unique[0].fields[0]));
    complete_order(w, &a);
    (void)ev_select(&w->store, &a.query, &rows);
    c = ost_stream(build_query(w, &a), 1000);
    while (count < rows.count && (record = ost_cursor_next(c, p->schema->model, size)) != NULL)
        memcpy(records + count++ * size, record, size);
    compare_with(&a, &rows, records, count);
    OK(ost_cursor_close(c));
}

static void round_trip(void)
{
    place p;
    for (size_t i = 0; place_at(&p, i); i++) {
        if (!store_values(&p))
            return;
        agree_all(&p);
        get_each(&p);
        stream_all(&p);
        rotate(&p, false);
        rotate(&p, true);
    }
}

/* ---- conditions ---- */

static void comparisons(void)
{
    place p;
    for (size_t i = 0; place_at(&p, i); i++) {
        if (!store_values(&p))
            return;
        for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++)
            for (size_t v = 0; v < p.count; v++) {
                const ost_expr *member = make_member(w, p.schema, p.field);
                ask_where(&p, make_compare(w, op, p.schema, p.field, p.values[v]));
                ask_where(&p, make_expr(w, op, make_value(w, p.values[v]), member));
            }
    }
}

static void in_lists(void)
{
    place p;
    for (size_t i = 0; place_at(&p, i); i++) {
        const ost_expr *in;
        if (!store_values(&p))
            return;
        for (size_t first = 0; first < p.count; first++)
            for (size_t n = 0; n <= p.count - first; n += n < 2 ? 1 : p.count) {
                in = make_in(w, p.schema, p.field, p.values + first, n);
                ask_where(&p, in);
                ask_where(&p, make_expr(w, OST_OP_NOT, in, NULL));
            }
        in = make_in(w, p.schema, p.field, p.values, p.count);
        ask_where(&p, in);
        ask_where(&p, make_expr(w, OST_OP_NOT, in, NULL));
    }
}

static void null_tests(void)
{
    place p;
    for (size_t i = 0; place_at(&p, i); i++) {
        const ost_expr *equal, *is_null;
        if (!store_values(&p))
            return;
        is_null = make_unary(w, OST_OP_IS_NULL, p.schema, p.field);
        ask_where(&p, is_null);
        ask_where(&p, make_unary(w, OST_OP_NOT_NULL, p.schema, p.field));
        for (size_t v = 0; v < p.count; v++) {
            equal = make_compare(w, OST_OP_EQ, p.schema, p.field, p.values[v]);
            ask_where(&p, make_expr(w, OST_OP_NOT, equal, NULL));
            ask_where(&p, make_expr(w, OST_OP_OR, equal, is_null));
            ask_where(&p, make_expr(w, OST_OP_NOT, make_expr(w, OST_OP_OR, equal, is_null), NULL));
            ask_where(&p, make_expr(w, OST_OP_AND, make_expr(w, OST_OP_NOT, is_null, NULL),
                                    make_expr(w, OST_OP_NOT, equal, NULL)));
        }
    }
}

static void searches(void)
{
    static const char *const needles[] = {
        "A", "a", "LONG", "Q", "qB", "%", "_", "'", "\\", " ", ""
    };
    place p;
    for (size_t i = 0; place_at(&p, i); i++) {
        if (!store_values(&p))
            return;
        for (uint16_t op = OST_OP_HAS_TEXT; op <= OST_OP_ENDS_WITH; op++) {
            for (size_t n = 0; n < sizeof needles / sizeof needles[0]; n++)
                ask_where(&p, make_compare(w, op, p.schema, p.field, ev_text(needles[n])));
            for (size_t v = 0; v < p.count; v++)
                ask_where(&p, make_compare(w, op, p.schema, p.field, p.values[v]));
        }
    }
}

/* Up to PAIRS_MAX of the values, the first and the last among them. */
static size_t some_values(const place *p, ost_value *out)
{
    size_t count = p->count < PAIRS_MAX ? p->count : PAIRS_MAX;
    for (size_t i = 0; i < count; i++)
        out[i] = p->values[count == 1 ? 0 : i * (p->count - 1) / (count - 1)];
    return count;
}

/* Each of the values beside each, and beside NULL. false: refused. */
static bool store_pairs(place *p, size_t other)
{
    const ev_field *a = &p->schema->fields[p->field], *b = &p->schema->fields[other];
    ost_value values[PAIRS_MAX + 1];
    size_t count, size = record_size(p->schema), total = 0;
    char *records;
    p->count = kind_values(current->kind, a, p->values, &w->scratch);
    count = some_values(p, values);
    if (a->nullable)
        values[count++] = ev_null();
    records = ev_take_array(&w->scratch, count * count, size);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++, total++) {
            ev_write(a, records + total * size, &values[i]);
            ev_write(b, records + total * size, &values[j]);
        }
    if (!insert_all(p, records, total))
        return false;
    for (size_t i = 0; i < total; i++)
        know_record(p, records + i * size);
    return true;
}

static void members(void)
{
    place p = { .table = 4 };
    size_t other;
    asked a;
    p.schema = &w->schemas[p.table];
    assert_ptr_equal(p.schema->model, &twin_model);
    p.field = ev_field_named(p.schema, current->kind->twins[0]);
    other = ev_field_named(p.schema, current->kind->twins[1]);
    if (!store_pairs(&p, other))
        return;
    for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++) {
        const ost_expr *e =
            make_expr(w, op, make_member(w, p.schema, p.field), make_member(w, p.schema, other));
        ask_where(&p, e);
        ask_where(&p, make_expr(w, OST_OP_NOT, e, NULL));
    }
    begin_query(&p, &a);
    add_order(&a, make_unary(w, OST_OP_DESC, p.schema, p.field));
    add_order(&a, make_unary(w, OST_OP_ASC, p.schema, other));
    ask(&a);
}

/* ---- orders ---- */

static void orders(void)
{
    place p;
    for (size_t i = 0; place_at(&p, i); i++) {
        if (!store_values(&p))
            return;
        for (uint16_t op = OST_OP_ASC; op <= OST_OP_DESC; op++)
            for (size_t cut = 0; cut < 3; cut++) {
                asked a;
                begin_query(&p, &a);
                add_order(&a, make_unary(w, op, p.schema, p.field));
                a.query.has_limit = cut > 0;
                a.query.limit = 3;
                a.query.has_offset = cut > 1;
                a.query.offset = p.count / 2;
                ask(&a);
            }
    }
}

/* ---- the group of cases for each capability ---- */

static bool has_place(const kind *k)
{
    return k->places[0].model;
}

static bool is_searched(const kind *k)
{
    return strcmp(k->name, "text") == 0 || strcmp(k->name, "chars") == 0;
}

static bool has_twins(const kind *k)
{
    return k->twins[0];
}

static bool is_incremented(const kind *k)
{
    return k->amounts;
}

static const struct {
    const char *name, *title;
    void (*run)(void);
    bool (*fits)(const kind *k);
} capabilities[] = {
    { "round_trip",
      "Round trips: every value comes back as it was written, by insert, insert_many, replace, "
      "save, get, all and streams",
      round_trip, has_place },
    { "comparisons", "Comparisons: =, <>, <, <=, >, >= with every value, on either side",
      comparisons, has_place },
    { "members", "Comparisons of two members, with NULL on either side", members, has_twins },
    { "in_lists", "Lists: in and not in", in_lists, has_place },
    { "null_tests", "NULL tests: is null, not null, and conditions joined with them", null_tests,
      has_place },
    { "searches", "Searches: has_text, starts_with, ends_with", searches, is_searched },
    { "orders", "Orders: ascending and descending, NULLs included, with limit and offset", orders,
      has_place },
    { "aggregates",
      "Aggregates: count, count of different values, min, max; sum and avg of numbers",
      kind_aggregates, has_place },
    { "groups", "Groups: group by, having and distinct", kind_groups, has_place },
    { "updates", "Updates: set to every value and to NULL", kind_updates, has_place },
    { "increments", "Increments: up to the bounds of the member, and never beyond", kind_increments,
      is_incremented },
};
enum {
    CAPABILITIES = sizeof capabilities / sizeof capabilities[0],
    KINDS_MAX = 40,
    NAME_SIZE = 48
};
const size_t kind_capability_count = CAPABILITIES;

group kind_group(size_t capability)
{
    static test_case cases[CAPABILITIES][KINDS_MAX];
    static char names[CAPABILITIES][KINDS_MAX][NAME_SIZE];
    group out = { capabilities[capability].title, cases[capability], 0 };
    if (kind_count > KINDS_MAX)
        abort();
    for (size_t k = 0; k < kind_count; k++) {
        const kind *of = &kinds_of_members[k];
        char *name = names[capability][out.count];
        if (!capabilities[capability].fits(of))
            continue;
        (void)snprintf(name, NAME_SIZE, "%s.%s", of->name, capabilities[capability].name);
        cases[capability][out.count++] =
            (test_case){ name, of->words, capabilities[capability].run, INSIDE, of };
    }
    return out;
}
