/* SPDX-License-Identifier: MIT */
#include "support/shape_builder.h"

#include <math.h>
#include <sqlite3.h>

typedef enum girth { SMALL, LARGE, TINY } girth;
typedef struct item {
    int64_t id;
    const char *name;
    int count;
    uint64_t big;
    double weight;
    girth size;
    bool sold;
    ost_decimal price;  /* 10, 2 */
    ost_decimal tax;    /* 12, 4 */
    ost_decimal exact;  /* 38, 6 */
    ost_decimal exact2; /* 30, 6 */
    ost_time made;
    ost_date day;
    ost_uuid uuid;
    ost_opt_int maybe;
} item;
OST_RECORD(item, id);
OST_MODEL(item, .table = "items",
          OST_FIELDS(OST_FIELD(item, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(item, name), OST_FIELD(item, count), OST_FIELD(item, big),
                     OST_FIELD(item, weight),
                     OST_FIELD(item, size, .values = OST_NAMES("small", "large", "tiny")),
                     OST_FIELD(item, sold), OST_FIELD(item, price, .precision = 10, .scale = 2),
                     OST_FIELD(item, tax, .precision = 12, .scale = 4),
                     OST_FIELD(item, exact, .precision = 38, .scale = 6),
                     OST_FIELD(item, exact2, .precision = 30, .scale = 6), OST_FIELD(item, made),
                     OST_FIELD(item, day), OST_FIELD(item, uuid), OST_FIELD(item, maybe)));

/* A table that another program made. */
typedef struct sale {
    int64_t id;
    const char *who;
    const char *tag; /* compared as the column says */
    ost_decimal total;
    ost_decimal paid; /* ours would be units; this is a number as well */
    ost_time at;
    ost_time shipped;
    ost_time ours;
} sale;
OST_RECORD(sale, id);
OST_MODEL(
    sale, .table = "sales", .adopted = true,
    OST_FIELDS(OST_FIELD(sale, id, .primary_key = true), OST_FIELD(sale, who),
               OST_FIELD(sale, tag, .collation = OST_AS_STORED),
               OST_FIELD(sale, total, .precision = 10, .scale = 2, .stored = OST_STORED_NUMERIC),
               OST_FIELD(sale, paid, .precision = 20, .scale = 3, .stored = OST_STORED_NUMERIC),
               OST_FIELD(sale, at, .stored = OST_STORED_SECONDS_TEXT),
               OST_FIELD(sale, shipped, .stored = OST_STORED_UNIX_SECONDS), OST_FIELD(sale, ours)));

typedef struct result {
    ost_opt_int64 n;
    ost_opt_decimal d;
    ost_opt_double x;
    const char *text;
    bool yes;
    ost_opt_time t;
} result;
static const ost_field result_n = { .name = "n",
                                    .type = OST_TYPE_INT64 | OST_TYPE_OPTIONAL,
                                    .offset = offsetof(result, n),
                                    .size = sizeof(ost_opt_int64) };
static const ost_field result_d = { .name = "d",
                                    .type = OST_TYPE_DECIMAL | OST_TYPE_OPTIONAL,
                                    .offset = offsetof(result, d),
                                    .size = sizeof(ost_opt_decimal) };
static const ost_field result_x = { .name = "x",
                                    .type = OST_TYPE_DOUBLE | OST_TYPE_OPTIONAL,
                                    .offset = offsetof(result, x),
                                    .size = sizeof(ost_opt_double) };
static const ost_field result_text = {
    .name = "text", .type = OST_TYPE_TEXT, .offset = offsetof(result, text), .size = sizeof(char *)
};
static const ost_field result_yes = {
    .name = "yes", .type = OST_TYPE_BOOL, .offset = offsetof(result, yes), .size = sizeof(bool)
};

typedef struct world {
    bench b;
    ost_table *items, *sales;
} world;

static ost_decimal dec(const char *text)
{
    ost_decimal d;
    assert_true(ost_decimal_parse(text, &d));
    return d;
}

static ost_time at(const char *text)
{
    ost_time t;
    assert_true(ost_time_parse(text, &t));
    return t;
}

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    bench_open(&w->b, ost_driver_sqlite(), "sqlite::memory:");
    w->items = bench_table(&w->b, &item_model);
    w->sales = bench_table(&w->b, &sale_model);
    create(&w->b, w->items);
    sql(&w->b, "CREATE TABLE sales(id INTEGER PRIMARY KEY, who TEXT COLLATE NOCASE,"
               " tag TEXT COLLATE NOCASE, total DECIMAL(10,2), paid REAL, at TEXT,"
               " shipped INTEGER, ours TEXT, more BLOB)");
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    bench_close(&w->b);
    free(w);
    return 0;
}

static void add(world *w, item *in, size_t count)
{
    made *m = make(&w->b, OST_DO_INSERT, w->items);
    from_records(m, in, count, sizeof *in, false);
    if (run(m) != OST_OK)
        fail_msg("%s", w->b.error.message);
    discard(m);
}

/* The ids that meet `where`, as text in their order: "1 3 7". */
static const char *ids_of(made *m)
{
    static char out[512];
    enum { ROOM = 100 };
    struct {
        int64_t id;
        int64_t pad;
    } rows[ROOM];
    size_t count, size = 0;
    column(m, member(m, "id"), table_field(m->shape.table, "id"));
    if (m->shape.order_count == 0)
        order_by(m, member(m, "id"), false);
    if (run_rows(m, rows, ROOM, &count) != OST_OK)
        fail_msg("%s", m->b->error.message);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(out + size, sizeof out - size, i ? " %d" : "%d", (int)rows[i].id);
    discard(m);
    return out;
}

static made *from_items(world *w)
{
    return make(&w->b, OST_DO_SELECT, w->items);
}

static result one_result(made *m)
{
    result out;
    size_t count;
    m->program.row_size = sizeof out;
    if (run_rows(m, &out, 1, &count) != OST_OK)
        fail_msg("%s", m->b->error.message);
    assert_int_equal(count, 1);
    discard(m);
    return out;
}

/* ---- text ---- */

static void fm49_a_needle_is_never_a_pattern(void **state)
{
    static const char *const names[] = { "100%", "a_b", "axb", "50!%_\\", "%", "", "*", "[a]" };
    world *w = *state;
    item in[8] = { { 0 } };
    for (size_t i = 0; i < 8; i++) {
        in[i].id = (int64_t)i + 1;
        in[i].name = names[i];
    }
    add(w, in, 8);
    static const struct {
        uint16_t op;
        const char *needle, *ids;
    } cases[] = {
        { OST_OP_HAS_TEXT, "%", "1 4 5" },
        { OST_OP_HAS_TEXT, "_", "2 4" },
        { OST_OP_HAS_TEXT, "%_!\\", "" },
        { OST_OP_HAS_TEXT, "!%_\\", "4" },
        { OST_OP_HAS_TEXT, "*", "7" },
        { OST_OP_HAS_TEXT, "[a]", "8" },
        { OST_OP_HAS_TEXT, "", "1 2 3 4 5 6 7 8" },
        { OST_OP_STARTS_WITH, "A_", "2" },
        { OST_OP_STARTS_WITH, "a", "2 3" },
        { OST_OP_ENDS_WITH, "%", "1 5" },
        { OST_OP_ENDS_WITH, "B", "2 3" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made *m = from_items(w);
        m->shape.where = text_test(m, cases[i].op, "name", cases[i].needle);
        assert_string_equal(ids_of(m), cases[i].ids);
    }
}

static void case_is_ignored_for_every_letter(void **state)
{
    world *w = *state;
    item in[4] = { { .id = 1, .name = "ΟΔΟΣ" },
                   { .id = 2, .name = "Straße" },
                   { .id = 3, .name = NULL },
                   { .id = 4, .name = "ÉCOLE" } };
    made *m;
    add(w, in, 4);
    m = from_items(w);
    m->shape.where = text_test(m, OST_OP_HAS_TEXT, "name", "οδος");
    assert_string_equal(ids_of(m), "1");
    m = from_items(w);
    m->shape.where = text_test(m, OST_OP_STARTS_WITH, "name", "école");
    assert_string_equal(ids_of(m), "4");
    m = from_items(w);
    m->shape.where = text_test(m, OST_OP_ENDS_WITH, "name", "SSE");
    assert_string_equal(ids_of(m), "2");
    /* NULL is unknown, and so is its negation. */
    m = from_items(w);
    m->shape.where = node1(m, OST_OP_NOT, text_test(m, OST_OP_HAS_TEXT, "name", "x"));
    assert_string_equal(ids_of(m), "1 2 4");
    /* Equality is by bytes. */
    m = from_items(w);
    m->shape.where = test(m, OST_OP_EQ, "name", ost_value_text("École"));
    assert_string_equal(ids_of(m), "");
}

static void a_plan_runs_again_with_another_needle(void **state)
{
    world *w = *state;
    item in[2] = { { .id = 1, .name = "one" }, { .id = 2, .name = "two" } };
    made *m = from_items(w);
    int64_t rows[4];
    size_t count;
    add(w, in, 2);
    m->shape.where = text_test(m, OST_OP_HAS_TEXT, "name", "ONE");
    column(m, member(m, "id"), table_field(w->items, "id"));
    for (int i = 0; i < 6; i++) {
        m->parameters[0].value = ost_value_text(i % 2 ? "TWO" : "ONE");
        assert_int_equal(run_rows(m, rows, 2, &count), OST_OK);
        assert_int_equal(count, 1);
        assert_int_equal(rows[0], i % 2 ? 2 : 1);
    }
    discard(m);
}

/* ---- lists ---- */

static void lists_of_every_kind(void **state)
{
    static const int ints[] = { 5, 7 };
    static const short shorts[] = { 5 };
    static const uint64_t bigs[] = { 50, 70 };
    static const double reals[] = { 0.5, 0.25 };
    static const char *const texts[] = { "two", "three", "" };
    static const bool bools[] = { true };
    static const unsigned sizes[] = { LARGE, TINY };
    world *w = *state;
    item in[3] = { { .id = 1, .name = "one", .count = 5, .big = 50, .weight = 0.5, .size = SMALL },
                   { .id = 2, .name = "two", .count = 6, .big = 60, .weight = 0.1, .size = LARGE },
                   { .id = 3, .name = NULL, .count = 7, .big = 70, .weight = 1, .size = TINY } };
    ost_decimal prices[] = { dec("1.50"), dec("2.50") };
    ost_time times[] = { at("2020-01-01T00:00:00Z") };
    ost_uuid uuids[] = { { { 1, 2, 3 } } };
    in[0].price = dec("1.50");
    in[0].exact = dec("1.50");
    in[1].made = times[0];
    in[1].sold = true;
    in[2].uuid = uuids[0];
    add(w, in, 3);
    const struct {
        const char *name;
        uint16_t type;
        const void *list;
        size_t count, stride;
        const char *ids;
    } cases[] = {
        { "count", OST_TYPE_INT32, ints, 2, sizeof ints[0], "1 3" },
        { "count", OST_TYPE_INT16, shorts, 1, sizeof shorts[0], "1" },
        { "big", OST_TYPE_UINT64, bigs, 2, sizeof bigs[0], "1 3" },
        { "weight", OST_TYPE_DOUBLE, reals, 2, sizeof reals[0], "1" },
        { "name", OST_TYPE_TEXT, texts, 3, sizeof texts[0], "2" },
        { "sold", OST_TYPE_BOOL, bools, 1, sizeof bools[0], "2" },
        { "size", OST_TYPE_UINT32, sizes, 2, sizeof sizes[0], "2 3" },
        { "price", OST_TYPE_DECIMAL, prices, 2, sizeof prices[0], "1" },
        { "exact", OST_TYPE_DECIMAL, prices, 2, sizeof prices[0], "1" },
        { "price", OST_TYPE_INT32, ints, 2, sizeof ints[0], "" },
        { "made", OST_TYPE_TIME, times, 1, sizeof times[0], "2" },
        { "uuid", OST_TYPE_UUID, uuids, 1, sizeof uuids[0], "3" },
        { "count", OST_TYPE_INT32, ints, 0, sizeof ints[0], "" },
        { "name", OST_TYPE_TEXT, NULL, 0, sizeof texts[0], "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made *m = from_items(w);
        m->shape.where = in_list(m, cases[i].name, cases[i].type, cases[i].list, cases[i].count,
                                 cases[i].stride);
        assert_string_equal(ids_of(m), cases[i].ids);
    }
}

static void not_in_knows_null_and_the_empty_list(void **state)
{
    static const char *const texts[] = { "one" };
    world *w = *state;
    item in[3] = { { .id = 1, .name = "one" }, { .id = 2, .name = "two" }, { .id = 3 } };
    made *m = from_items(w);
    add(w, in, 3);
    m->shape.where =
        node1(m, OST_OP_NOT, in_list(m, "name", OST_TYPE_TEXT, texts, 1, sizeof texts[0]));
    assert_string_equal(ids_of(m), "2");
    m = from_items(w);
    m->shape.where =
        node1(m, OST_OP_NOT, in_list(m, "name", OST_TYPE_TEXT, texts, 0, sizeof texts[0]));
    assert_string_equal(ids_of(m), "1 2 3");
}

static void a_list_item_without_a_form_is_refused(void **state)
{
    static const double reals[] = { 1, (double)NAN };
    static const int sizes[] = { 0, 3 };
    world *w = *state;
    item in = { .id = 1 };
    made *m = from_items(w);
    add(w, &in, 1);
    column(m, member(m, "id"), table_field(w->items, "id"));
    m->shape.where = in_list(m, "weight", OST_TYPE_DOUBLE, reals, 2, sizeof reals[0]);
    m->op.rows = NULL;
    assert_int_equal(run(m), OST_RANGE);
    assert_string_equal(w->b.error.field, "weight");
    assert_string_equal(w->b.error.model, "item");
    discard(m);
    m->shape.where = in_list(m, "size", OST_TYPE_INT32, sizes, 2, sizeof sizes[0]);
    assert_int_equal(run(m), OST_RANGE);
    assert_string_equal(w->b.error.field, "size");
    discard(m);
}

static void fm43_lists_of_any_length_use_an_index(void **state)
{
    enum { MANY = 1000000 };
    world *w = *state;
    static const ost_decimal zero;
    const size_t counts[] = { 1, w->b.caps.max_parameters - 1, w->b.caps.max_parameters,
                              w->b.caps.max_parameters + 1, MANY };
    int64_t *list = malloc(MANY * sizeof *list);
    char text[300];
    sql(&w->b, "CREATE INDEX by_count ON items(count)");
    sql(&w->b, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
               " INSERT INTO items SELECT i, 'n', i, 0, 0.0, 'small', 0, 0, 0, '', '', '', '',"
               " x'', NULL FROM n");
    (void)zero;
    for (size_t i = 0; i < MANY; i++)
        list[i] = (int64_t)i + 1000;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        made *m = from_items(w);
        int64_t found[2];
        size_t count, expected = counts[i] < 1001 ? counts[i] : 1001;
        m->shape.where = in_list(m, "count", OST_TYPE_INT64, list, counts[i], sizeof list[0]);
        m->shape.wrap = OST_WRAP_COUNT;
        column(m, member(m, "id"), table_field(w->items, "id"));
        m->steps[0].column_type = OST_TYPE_INT64;
        m->steps[0].origin = NULL;
        assert_int_equal(run_rows(m, found, 1, &count), OST_OK);
        assert_int_equal(found[0], expected);
        snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", text_of(m));
        assert_non_null(strstr(sql_text(&w->b, text), "INDEX by_count (count=?)"));
        discard(m);
    }
    /* By the key, too. */
    made *m = from_items(w);
    m->shape.where = in_list(m, "id", OST_TYPE_INT64, list, 2, sizeof list[0]);
    m->shape.columns = (const ost_node *const[]){ member(m, "id") };
    m->shape.column_count = 1;
    snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", text_of(m));
    assert_non_null(strstr(sql_text(&w->b, text), "INTEGER PRIMARY KEY (rowid=?)"));
    discard(m);
    free(list);
}

/* ---- comparisons between forms ---- */

static void forms_meet_exactly(void **state)
{
    static const struct {
        const char *left, *right;
        uint16_t op;
        const char *ids;
    } cases[] = {
        { "price", "tax", OST_OP_EQ, "1" },         { "price", "tax", OST_OP_LT, "2" },
        { "price", "tax", OST_OP_GT, "3 4" },       { "price", "exact", OST_OP_EQ, "1 2 3" },
        { "exact", "tax", OST_OP_GE, "1 3 4" },     { "exact", "exact2", OST_OP_EQ, "1 2 3" },
        { "exact", "exact2", OST_OP_LT, "" },       { "price", "count", OST_OP_EQ, "3" },
        { "count", "price", OST_OP_LT, "1 4" },     { "count", "exact", OST_OP_EQ, "3" },
        { "count", "weight", OST_OP_EQ, "2 3 4" },  { "big", "count", OST_OP_NE, "1 2 3" },
        { "price", "price", OST_OP_EQ, "1 2 3 4" },
    };
    world *w = *state;
    item in[4] = { { .id = 1, .count = 1, .big = 9 },
                   { .id = 2, .count = 0, .big = 9 },
                   { .id = 3, .count = -7, .weight = -7, .big = 9 },
                   { .id = 4 } };
    in[0].price = dec("1.50");
    in[0].tax = dec("1.5000");
    in[0].exact = in[0].exact2 = dec("1.5");
    in[1].price = dec("-1.50");
    in[1].tax = dec("-1.4999");
    in[1].exact = in[1].exact2 = dec("-1.5");
    in[2].price = dec("-7");
    in[2].tax = dec("-7.0001");
    in[2].exact = in[2].exact2 = dec("-7");
    in[3].price = dec("99999999.99");
    in[3].tax = dec("0.0001");
    in[3].exact = dec("99999999999999999999999999999999.999999");
    in[3].exact2 = dec("-999999999999999999999999.999999");
    add(w, in, 4);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made *m = from_items(w);
        const ost_node *left = member(m, cases[i].left);
        m->shape.where = node2(m, cases[i].op, left, member(m, cases[i].right));
        assert_string_equal(ids_of(m), cases[i].ids);
    }
    /* A constant takes the form of its member. */
    made *m = from_items(w);
    m->shape.where = test(m, OST_OP_LE, "price", ost_value_decimal(dec("-1.50")));
    assert_string_equal(ids_of(m), "2 3");
    /* A constant without a member is plain. */
    m = from_items(w);
    const ost_node *left = member(m, "price");
    m->shape.where =
        node2(m, OST_OP_GT, left, value(m, NULL, ost_value_decimal(dec("-1.5000001"))));
    assert_string_equal(ids_of(m), "1 2 4");
}

/* What no INTEGER can be is compared all the same. */
static void a_constant_beyond_every_integer(void **state)
{
    static const uint64_t list[] = { 7, UINT64_MAX };
    static const char *const expected[] = { "", "1 2", "1 2", "1 2", "", "" };
    world *w = *state;
    item in[2] = { { .id = 1, .big = INT64_MAX }, { .id = 2, .big = 7 } };
    made *m;
    add(w, in, 2);
    for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++) {
        m = from_items(w);
        m->shape.where = test(m, op, "big", ost_value_uint((uint64_t)INT64_MAX + 1));
        assert_string_equal(ids_of(m), expected[op - OST_OP_EQ]);
    }
    m = from_items(w);
    m->shape.where = in_list(m, "big", OST_TYPE_UINT64, list, 2, sizeof list[0]);
    assert_string_equal(ids_of(m), "2");
    /* Written, it is refused. */
    m = make(&w->b, OST_DO_UPDATE, w->items);
    set_to(m, "big", ost_value_uint((uint64_t)INT64_MAX + 1));
    assert_int_equal(run(m), OST_RANGE);
    assert_string_equal(w->b.error.field, "big");
    discard(m);
}

static void distinct_and_order_by_forms(void **state)
{
    world *w = *state;
    item in[4] = { { .id = 1, .size = SMALL },
                   { .id = 2, .size = LARGE },
                   { .id = 3, .size = TINY },
                   { .id = 4, .size = LARGE } };
    result rows[4];
    size_t count;
    made *m = from_items(w);
    in[0].maybe = (ost_opt_int)OST_SOME(2);
    in[2].maybe = (ost_opt_int)OST_SOME(1);
    in[3].maybe = (ost_opt_int)OST_SOME(3);
    add(w, in, 4);
    /* Enumerations order by name: large, small, tiny. NULLs come first, or last. */
    order_by(m, member(m, "size"), false);
    order_by(m, member(m, "id"), true);
    assert_string_equal(ids_of(m), "4 2 1 3");
    m = from_items(w);
    order_by(m, member(m, "maybe"), false);
    assert_string_equal(ids_of(m), "2 3 1 4");
    m = from_items(w);
    order_by(m, member(m, "maybe"), true);
    limit_to(m, 2, 1);
    assert_string_equal(ids_of(m), "1 3");
    m = from_items(w);
    limit_to(m, -1, 3);
    assert_string_equal(ids_of(m), "4");
    m = from_items(w);
    column(m, member(m, "size"), &result_n);
    m->shape.distinct = true;
    m->program.row_size = sizeof rows[0];
    order_by(m, member(m, "size"), false);
    assert_int_equal(run_rows(m, rows, 4, &count), OST_OK);
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].n.value, LARGE);
    assert_int_equal(rows[2].n.value, TINY);
    discard(m);
}

/* ---- aggregates ---- */

static result aggregate_of(world *w, uint16_t op, const char *name, uint16_t type, uint16_t scale,
                           const ost_field *to)
{
    made *m = from_items(w);
    column(m, aggregate(m, op, name, type, scale), to);
    return one_result(m);
}

static void over_nothing_they_are_null(void **state)
{
    world *w = *state;
    assert_int_equal(aggregate_of(w, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0, &result_n).n.value, 0);
    assert_true(aggregate_of(w, OST_OP_COUNT, "id", OST_TYPE_INT64, 0, &result_n).n.present);
    assert_false(aggregate_of(w, OST_OP_SUM, "count", OST_TYPE_INT64, 0, &result_n).n.present);
    assert_false(aggregate_of(w, OST_OP_AVG, "count", OST_TYPE_DOUBLE, 0, &result_x).x.present);
    assert_false(aggregate_of(w, OST_OP_SUM, "weight", OST_TYPE_DOUBLE, 0, &result_x).x.present);
    assert_false(aggregate_of(w, OST_OP_SUM, "price", OST_TYPE_DECIMAL, 2, &result_d).d.present);
    assert_false(aggregate_of(w, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8, &result_d).d.present);
    assert_false(aggregate_of(w, OST_OP_MAX, "exact", OST_TYPE_DECIMAL, 6, &result_d).d.present);
    assert_null(aggregate_of(w, OST_OP_MIN, "name", OST_TYPE_TEXT, 0, &result_text).text);
    /* Nothing but NULLs is nothing. */
    item in = { .id = 1 };
    add(w, &in, 1);
    assert_false(aggregate_of(w, OST_OP_SUM, "maybe", OST_TYPE_INT64, 0, &result_n).n.present);
    assert_int_equal(aggregate_of(w, OST_OP_COUNT, "maybe", OST_TYPE_INT64, 0, &result_n).n.value,
                     0);
}

static void sums_are_exact(void **state)
{
    world *w = *state;
    item in[5] = { { .id = 1, .count = INT32_MAX, .big = INT64_MAX },
                   { .id = 2, .count = INT32_MAX, .big = 3 },
                   { .id = 3, .count = -1, .big = 3 },
                   { .id = 4, .count = INT32_MAX },
                   { .id = 5, .count = 0 } };
    made *m;
    result r;
    in[0].price = dec("0.10");
    in[1].price = dec("0.20");
    in[2].price = dec("99999999.99");
    in[3].price = dec("-0.01");
    in[0].exact = dec("99999999999999999999999999999999.999999");
    in[1].exact = dec("-99999999999999999999999999999999.999998");
    add(w, in, 5);
    r = aggregate_of(w, OST_OP_SUM, "count", OST_TYPE_INT64, 0, &result_n);
    assert_int_equal(r.n.value, 3 * (int64_t)INT32_MAX - 1);
    r = aggregate_of(w, OST_OP_SUM, "price", OST_TYPE_DECIMAL, 2, &result_d);
    assert_int_equal(ost_decimal_compare(r.d.value, dec("100000000.28")), 0);
    assert_int_equal(r.d.value.scale, 2);
    r = aggregate_of(w, OST_OP_SUM, "exact", OST_TYPE_DECIMAL, 6, &result_d);
    assert_int_equal(ost_decimal_compare(r.d.value, dec("0.000001")), 0);
    r = aggregate_of(w, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8, &result_d);
    assert_int_equal(ost_decimal_compare(r.d.value, dec("20000000.056")), 0);
    r = aggregate_of(w, OST_OP_AVG, "count", OST_TYPE_DOUBLE, 0, &result_x);
    assert_true(r.x.value == (3.0 * INT32_MAX - 1) / 5);
    r = aggregate_of(w, OST_OP_MAX, "exact", OST_TYPE_DECIMAL, 6, &result_d);
    assert_int_equal(ost_decimal_compare(r.d.value, in[0].exact), 0);
    r = aggregate_of(w, OST_OP_MIN, "price", OST_TYPE_DECIMAL, 2, &result_d);
    assert_int_equal(ost_decimal_compare(r.d.value, in[3].price), 0);
    /* Beyond 64 bits: into a decimal, or refused. */
    m = from_items(w);
    column(m, aggregate(m, OST_OP_SUM, "big", OST_TYPE_INT64, 0), &result_n);
    m->program.row_size = sizeof(result);
    size_t count;
    assert_int_equal(run_rows(m, &r, 1, &count), OST_RANGE);
    assert_non_null(strstr(w->b.error.message, "64 bits"));
    discard(m);
    r = aggregate_of(w, OST_OP_SUM, "big", OST_TYPE_DECIMAL, 0, &result_d);
    assert_int_equal(ost_decimal_compare(r.d.value, dec("9223372036854775813")), 0);
    r = aggregate_of(w, OST_OP_AVG, "big", OST_TYPE_DOUBLE, 0, &result_x);
    assert_true(r.x.value == 9223372036854775813.0 / 5);
}

static void averages_round_half_to_even(void **state)
{
    world *w = *state;
    item in[3] = { { .id = 1 }, { .id = 2 }, { .id = 3 } };
    result r;
    in[0].price = dec("0.01");
    in[1].price = dec("0.01");
    add(w, in, 3);
    r = aggregate_of(w, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8, &result_d);
    assert_int_equal(ost_decimal_compare(r.d.value, dec("0.00666667")), 0);
    sql(&w->b, "UPDATE items SET price = -price");
    r = aggregate_of(w, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8, &result_d);
    assert_int_equal(ost_decimal_compare(r.d.value, dec("-0.00666667")), 0);
}

static void groups_filter_and_order_by_exact_values(void **state)
{
    world *w = *state;
    item in[6] = { { .id = 1, .name = "a" },  { .id = 2, .name = "a" },  { .id = 3, .name = "b" },
                   { .id = 4, .name = NULL }, { .id = 5, .name = NULL }, { .id = 6, .name = "c" } };
    static const char *const prices[] = { "1.00", "-3.50", "-2.50", "10.00", "0.01", "-2.51" };
    result rows[4];
    size_t count;
    made *m = from_items(w);
    const ost_node *sum;
    for (size_t i = 0; i < 6; i++)
        in[i].price = dec(prices[i]);
    add(w, in, 6);
    column(m, member(m, "name"), &result_text);
    sum = aggregate(m, OST_OP_SUM, "price", OST_TYPE_DECIMAL, 2);
    column(m, sum, &result_d);
    m->program.row_size = sizeof rows[0];
    group_by(m, member(m, "name"));
    m->shape.having = node2(m, OST_OP_GT, sum, value(m, NULL, ost_value_decimal(dec("-2.5099"))));
    order_by(m, sum, true);
    order_by(m, member(m, "name"), false);
    assert_int_equal(run_rows(m, rows, 4, &count), OST_OK);
    assert_int_equal(count, 3);
    assert_null(rows[0].text);
    assert_int_equal(ost_decimal_compare(rows[0].d.value, dec("10.01")), 0);
    assert_string_equal(rows[1].text, "a");
    assert_string_equal(rows[2].text, "b");
    discard(m);
}

static void wraps_count_and_say_whether(void **state)
{
    static const ost_node counted = { .type = OST_TYPE_INT64 }, asked = { .type = OST_TYPE_BOOL };
    world *w = *state;
    item in[3] = { { .id = 1 }, { .id = 2 }, { .id = 3 } };
    add(w, in, 3);
    for (int limit = -1; limit < 5; limit++) {
        made *m = from_items(w);
        column(m, &counted, &result_n);
        m->shape.columns = (const ost_node *const[]){ member(m, "id") };
        m->shape.wrap = OST_WRAP_COUNT;
        limit_to(m, limit, limit == 4 ? 2 : -1);
        assert_int_equal(one_result(m).n.value, limit == 4 ? 1 : limit < 0 ? 3 : limit);
    }
    for (int64_t id = 3; id < 5; id++) {
        made *m = from_items(w);
        column(m, &asked, &result_yes);
        m->shape.columns = (const ost_node *const[]){ member(m, "id") };
        m->shape.wrap = OST_WRAP_EXISTS;
        m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(id));
        assert_int_equal(one_result(m).yes, id == 3);
    }
}

/* ---- tables made by others ---- */

static made *from_sales(world *w)
{
    return make(&w->b, OST_DO_SELECT, w->sales);
}

static void fill_sales(world *w)
{
    sql(&w->b, "INSERT INTO sales(id, who, tag, total, paid, at, shipped, ours) VALUES"
               "(1, 'Ada', 'X', 19.9, 19.9, '2024-02-29 12:00:00', 1709208000,"
               " '2024-02-29 12:00:00.000000'),"
               "(2, 'ADA', 'x', 20, 0.1, '2024-02-29 12:00:01', 1709208000,"
               " '2024-02-29 12:00:00.500000'),"
               "(3, 'bob', 'y', 0.3, 0.3, '1969-12-31 23:59:59', -1,"
               " '1969-12-31 23:59:59.000000'),"
               "(4, 'ada', NULL, '7.25', 123456.789, '2024-02-29T12:00:00', 0,"
               " '2024-02-29 12:00:00.000000')");
}

static void forms_of_others_are_read_exactly(void **state)
{
    world *w = *state;
    sale rows[4];
    size_t count;
    made *m = from_sales(w);
    fill_sales(w);
    all_columns(m, sizeof rows[0]);
    order_by(m, member(m, "id"), false);
    assert_int_equal(run_rows(m, rows, 4, &count), OST_OK);
    assert_int_equal(count, 4);
    assert_int_equal(ost_decimal_compare(rows[0].total, dec("19.9")), 0);
    assert_int_equal(rows[0].total.scale, 2);
    assert_int_equal(ost_decimal_compare(rows[1].total, dec("20")), 0);
    assert_int_equal(ost_decimal_compare(rows[2].total, dec("0.3")), 0);
    assert_int_equal(ost_decimal_compare(rows[3].total, dec("7.25")), 0);
    assert_int_equal(ost_decimal_compare(rows[3].paid, dec("123456.789")), 0);
    assert_int_equal(rows[0].at.microseconds, at("2024-02-29T12:00:00Z").microseconds);
    assert_int_equal(rows[2].at.microseconds, -1000000);
    assert_int_equal(rows[3].at.microseconds, rows[0].at.microseconds);
    assert_int_equal(rows[0].shipped.microseconds, rows[0].at.microseconds);
    assert_int_equal(rows[2].shipped.microseconds, -1000000);
    discard(m);
    /* More digits than the member has are not cut. */
    sql(&w->b, "UPDATE sales SET total = 0.301 WHERE id = 3");
    m = from_sales(w);
    all_columns(m, sizeof rows[0]);
    assert_int_equal(run_rows(m, rows, 4, &count), OST_RANGE);
    assert_string_equal(w->sales->fields[m->bad_column].name, "total");
    assert_int_equal(count, 3);
    discard(m);
}

static void constants_take_the_forms_of_others(void **state)
{
    world *w = *state;
    made *m;
    fill_sales(w);
    m = from_sales(w);
    m->shape.where = test(m, OST_OP_EQ, "total", ost_value_decimal(dec("19.90")));
    assert_string_equal(ids_of(m), "1");
    m = from_sales(w);
    m->shape.where = test(m, OST_OP_GE, "total", ost_value_decimal(dec("19.90")));
    assert_string_equal(ids_of(m), "1 2");
    m = from_sales(w);
    m->shape.where = test(m, OST_OP_EQ, "at", ost_value_time(at("2024-02-29T12:00:00Z")));
    assert_string_equal(ids_of(m), "1");
    m = from_sales(w);
    m->shape.where = test(m, OST_OP_EQ, "shipped", ost_value_time(at("2024-02-29T12:00:00.2Z")));
    assert_string_equal(ids_of(m), "1 2");
    m = from_sales(w);
    const ost_decimal totals[] = { dec("0.30"), dec("20.00"), dec("7.25") };
    m->shape.where = in_list(m, "total", OST_TYPE_DECIMAL, totals, 3, sizeof totals[0]);
    assert_string_equal(ids_of(m), "2 3 4");
    /* Members of different forms. */
    m = from_sales(w);
    m->shape.where = node2(m, OST_OP_EQ, member(m, "at"), member(m, "shipped"));
    assert_string_equal(ids_of(m), "1 3");
    m = from_sales(w);
    m->shape.where = node2(m, OST_OP_EQ, member(m, "at"), member(m, "ours"));
    assert_string_equal(ids_of(m), "1 3 4");
    m = from_sales(w);
    m->shape.where = node2(m, OST_OP_EQ, member(m, "total"), member(m, "paid"));
    assert_string_equal(ids_of(m), "1 3");
}

static void sums_over_reals_of_others_are_exact(void **state)
{
    world *w = *state;
    made *m = from_sales(w);
    result r;
    sql(&w->b, "INSERT INTO sales(id, total, paid) VALUES (1, 0.1, 0.1), (2, 0.2, 0.2),"
               "(3, -0.3, -0.3)");
    column(m, aggregate(m, OST_OP_SUM, "total", OST_TYPE_DECIMAL, 2), &result_d);
    r = one_result(m);
    assert_true(r.d.present);
    assert_int_equal(ost_decimal_compare(r.d.value, dec("0")), 0);
    m = from_sales(w);
    column(m, aggregate(m, OST_OP_MAX, "paid", OST_TYPE_DECIMAL, 3), &result_d);
    assert_int_equal(ost_decimal_compare(one_result(m).d.value, dec("0.2")), 0);
}

static void exact_text_ignores_the_columns_collation(void **state)
{
    world *w = *state;
    static const char *const names[] = { "ADA", "ada" };
    result rows[4];
    size_t count;
    made *m;
    fill_sales(w);
    m = from_sales(w);
    m->shape.where = test(m, OST_OP_EQ, "who", ost_value_text("ada"));
    assert_string_equal(ids_of(m), "4");
    m = from_sales(w);
    m->shape.where = test(m, OST_OP_EQ, "tag", ost_value_text("X"));
    assert_string_equal(ids_of(m), "1 2");
    m = from_sales(w);
    m->shape.where = in_list(m, "who", OST_TYPE_TEXT, names, 2, sizeof names[0]);
    assert_string_equal(ids_of(m), "2 4");
    m = from_sales(w);
    order_by(m, member(m, "who"), false);
    assert_string_equal(ids_of(m), "2 1 4 3");
    m = from_sales(w);
    m->shape.where = node2(m, OST_OP_EQ, member(m, "tag"), member(m, "who"));
    assert_string_equal(ids_of(m), "");
    m = from_sales(w);
    column(m, aggregate(m, OST_OP_COUNT_DISTINCT, "who", OST_TYPE_INT64, 0), &result_n);
    assert_int_equal(one_result(m).n.value, 4);
    m = from_sales(w);
    column(m, aggregate(m, OST_OP_COUNT_DISTINCT, "tag", OST_TYPE_INT64, 0), &result_n);
    assert_int_equal(one_result(m).n.value, 2);
    m = from_sales(w);
    column(m, aggregate(m, OST_OP_MIN, "who", OST_TYPE_TEXT, 0), &result_text);
    assert_string_equal(one_result(m).text, "ADA");
    m = from_sales(w);
    column(m, member(m, "who"), &result_text);
    m->program.row_size = sizeof rows[0];
    group_by(m, member(m, "who"));
    assert_int_equal(run_rows(m, rows, 4, &count), OST_OK);
    assert_int_equal(count, 4);
    discard(m);
    m = from_sales(w);
    column(m, member(m, "who"), &result_text);
    m->program.row_size = sizeof rows[0];
    m->shape.distinct = true;
    assert_int_equal(run_rows(m, rows, 4, &count), OST_OK);
    assert_int_equal(count, 4);
    discard(m);
}

static void writes_take_the_forms_of_others(void **state)
{
    world *w = *state;
    sale in = { .id = 9, .who = "Eve" };
    made *m = make(&w->b, OST_DO_INSERT, w->sales);
    in.total = dec("19.90");
    in.paid = dec("12345678901234567.000");
    in.at = at("2024-02-29T11:59:59.5Z");
    in.shipped = at("1969-12-31T23:59:58.4Z");
    from_records(m, &in, 1, sizeof in, false);
    assert_int_equal(run(m), OST_OK);
    discard(m);
    assert_string_equal(sql_text(&w->b, "SELECT typeof(total) || total FROM sales"), "real19.9");
    assert_string_equal(sql_text(&w->b, "SELECT at FROM sales"), "2024-02-29 12:00:00");
    assert_int_equal(sql_int(&w->b, "SELECT shipped FROM sales"), -2);
    assert_string_equal(sql_text(&w->b, "SELECT ours FROM sales"), "1970-01-01 00:00:00.000000");
    assert_string_equal(sql_text(&w->b, "SELECT CAST(paid AS INTEGER) FROM sales"),
                        "12345678901234568");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fm49_a_needle_is_never_a_pattern, set_up, tear_down),
        cmocka_unit_test_setup_teardown(case_is_ignored_for_every_letter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plan_runs_again_with_another_needle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_of_every_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_in_knows_null_and_the_empty_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_item_without_a_form_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fm43_lists_of_any_length_use_an_index, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forms_meet_exactly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_constant_beyond_every_integer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(distinct_and_order_by_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(over_nothing_they_are_null, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sums_are_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(averages_round_half_to_even, set_up, tear_down),
        cmocka_unit_test_setup_teardown(groups_filter_and_order_by_exact_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wraps_count_and_say_whether, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forms_of_others_are_read_exactly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(constants_take_the_forms_of_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sums_over_reals_of_others_are_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(exact_text_ignores_the_columns_collation, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(writes_take_the_forms_of_others, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
