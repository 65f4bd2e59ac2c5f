/* SPDX-License-Identifier: MIT */
/* Comparisons across kinds and stored forms mean what the numbers say, and increments keep rules.
 */
#include "postgres/wire_rig.h"

#include <float.h>
#include <math.h>

#include "support/items.h"

static rig *r;
static ost_table *items, *sales;

static int begin(void **state)
{
    int failed = rig_begin(state);
    r = *state;
    items = bench_table(&r->b, &item_model);
    sales = bench_table(&r->b, &sale_model);
    rig_create(r, items);
    rig_sql(r, "CREATE TABLE sales (id int PRIMARY KEY, who text COLLATE \"und-x-icu\","
               " tag varchar(20) COLLATE \"und-x-icu\", total float8, paid numeric(20,3), at text,"
               " shipped bigint, ours timestamptz)");
    return failed;
}

static int clear(void **state)
{
    (void)state;
    rig_sql(r, "TRUNCATE items, sales");
    return 0;
}

static void add_item(item x)
{
    made *m = make(&r->b, OST_DO_INSERT, items);
    from_records(m, &x, 1, sizeof x, false);
    if (rig_run(r, m, NULL, NULL) != OST_OK)
        fail_msg("%s%s", r->message, r->b.error.message);
}

/* "1 3": the ids of the rows that meet the condition. */
static const char *found(made *m, const ost_node *where)
{
    static char out[400];
    struct {
        int64_t id, pad;
    } rows[100];
    size_t count = 100, size = 0;
    m->shape.where = where;
    column(m, member(m, "id"), table_field(m->shape.table, "id"));
    if (m->shape.order_count == 0)
        order_by(m, member(m, "id"), false);
    if (rig_run(r, m, rows, &count) != OST_OK)
        fail_msg("%s%s\n%s", r->message, r->b.error.message, r->text);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(out + size, sizeof out - size, i ? " %d" : "%d", (int)rows[i].id);
    return out;
}

static made *from(const ost_table *t)
{
    return make(&r->b, OST_DO_SELECT, t);
}

/* ---- numbers ---- */

static const uint16_t ops[] = { OST_OP_EQ, OST_OP_NE, OST_OP_LT, OST_OP_LE, OST_OP_GT, OST_OP_GE };

static bool holds(uint16_t op, int order)
{
    switch (op) {
    case OST_OP_EQ: return order == 0;
    case OST_OP_NE: return order != 0;
    case OST_OP_LT: return order < 0;
    case OST_OP_LE: return order <= 0;
    case OST_OP_GT: return order > 0;
    default: return order >= 0;
    }
}

/* Where a double cannot hold the integer, the numbers decide. */
static void integers_against_reals_are_exact(void **state)
{
    static const struct {
        int64_t id;
        uint64_t big;
        double real;
        int id_order, big_order; /* of the integer against the real */
    } cases[] = {
        { 9007199254740993, 9007199254740993, 9007199254740992.0, 1, 1 },
        { 9007199254740992, 9007199254740992, 9007199254740992.0, 0, 0 },
        { 9007199254740991, 9007199254740991, 9007199254740992.0, -1, -1 },
        { INT64_MAX, UINT64_MAX, 9223372036854775808.0, -1, 1 },
        { INT64_MAX - 1, UINT64_MAX, 18446744073709551616.0, -1, -1 },
        { INT64_MAX - 511, UINT64_C(18446744073709549568), 18446744073709549568.0, -1, 0 },
        { INT64_MIN, 0, -9223372036854775808.0, 0, 1 },
        { INT64_MIN + 1, 1, -9223372036854775808.0, 1, 1 },
        { -9007199254740993, 2, -9007199254740992.0, -1, 1 },
        { 5, 5, 5.5, -1, -1 },
        { 6, 6, 5.5, 1, 1 },
        { -1, 7, -INFINITY, 1, 1 },
        { -2, 8, INFINITY, -1, -1 },
        { 1234567890123456789, 1234567890123456789, 1234567890123456768.0, 1, 1 },
        { 1234567890123456768, 1234567890123456768, 1234567890123456768.0, 0, 0 },
        { 3, 3, 5e-324, 1, 1 },
        { 0, 0, -5e-324, 1, 1 },
    };
    enum { COUNT = sizeof cases / sizeof cases[0] };
    (void)state;
    for (int i = 0; i < COUNT; i++)
        add_item((item){ .id = cases[i].id, .big = cases[i].big, .weight = cases[i].real });
    for (int o = 0; o < 6; o++)
        for (int way = 0; way < 4; way++) {
            made *m = from(items);
            const char *name = way / 2 ? "big" : "id";
            bool turned = way % 2;
            struct {
                int64_t id, pad;
            } rows[COUNT];
            size_t count = COUNT;
            int wanted = 0;
            const ost_node *integer = member(m, name), *real = member(m, "weight");
            m->shape.where =
                turned ? node2(m, ops[o], real, integer) : node2(m, ops[o], integer, real);
            column(m, member(m, "id"), table_field(items, "id"));
            if (rig_run(r, m, rows, &count) != OST_OK)
                fail_msg("%s\n%s", r->message, r->text);
            for (int i = 0; i < COUNT; i++) {
                int order = way / 2 ? cases[i].big_order : cases[i].id_order;
                bool given = false;
                for (size_t j = 0; j < count; j++)
                    given = given || rows[j].id == cases[i].id;
                if (given != holds(ops[o], turned ? -order : order))
                    fail_msg("%s of case %d, operator %d, turned %d", name, i, o, (int)turned);
                wanted += given;
            }
            assert_int_equal(count, wanted);
        }
}

/* NULL against a real that has no half, or is no number of the server's: not known, and no error.
 */
static void nothing_against_reals_is_unknown(void **state)
{
    typedef struct pair {
        int64_t id;
        ost_opt_int64 whole;
        double real;
    } pair;
    static const ost_field fields[] = {
        { .name = "id", .type = OST_TYPE_INT64, .primary_key = true, .size = sizeof(int64_t) },
        { .name = "whole",
          .type = OST_TYPE_INT64 | OST_TYPE_OPTIONAL,
          .offset = offsetof(pair, whole),
          .size = sizeof(ost_opt_int64) },
        { .name = "real",
          .type = OST_TYPE_DOUBLE,
          .offset = offsetof(pair, real),
          .size = sizeof(double) },
        { .name = NULL },
    };
    static const ost_model model = { .name = "pair", .table = "pairs", .fields = fields };
    const ost_table *pairs = bench_table(&r->b, &model);
    const pair rows[] = { { .id = 1, .real = 5e-324 }, { .id = 2, .real = INFINITY } };
    made *m = make(&r->b, OST_DO_INSERT, pairs);
    (void)state;
    rig_create(r, pairs);
    from_records(m, rows, 2, sizeof rows[0], false);
    assert_int_equal(rig_run(r, m, NULL, NULL), OST_OK);
    rig_sql(r, "INSERT INTO pairs VALUES (3, NULL, 'NaN')");
    for (int o = 0; o < 6; o++) {
        m = from(pairs);
        assert_string_equal(found(m, node2(m, ops[o], member(m, "whole"), member(m, "real"))), "");
    }
}

static void decimals_compare_by_value(void **state)
{
    made *m;
    (void)state;
    add_item((item){ .id = 1, .price = dec("1.50"), .tax = dec("1.5000"), .count = 1 });
    add_item((item){ .id = 2, .price = dec("2.00"), .tax = dec("1.9999"), .count = 2 });
    add_item((item){ .id = 3, .price = dec("-0.01"), .tax = dec("0.0000"), .count = 0 });
    add_item((item){
        .id = 4, .exact = dec("99999999999999999999999999999999.000000"), .big = UINT64_MAX });
    m = from(items);
    assert_string_equal(found(m, node2(m, OST_OP_EQ, member(m, "price"), member(m, "tax"))), "1 4");
    m = from(items);
    assert_string_equal(found(m, node2(m, OST_OP_GT, member(m, "price"), member(m, "tax"))), "2");
    m = from(items);
    assert_string_equal(found(m, node2(m, OST_OP_EQ, member(m, "price"), member(m, "count"))),
                        "2 4");
    m = from(items);
    assert_string_equal(found(m, node2(m, OST_OP_GT, member(m, "exact"), member(m, "big"))), "4");
    m = from(items);
    assert_string_equal(found(m, test(m, OST_OP_LT, "price", ost_value_decimal(dec("0")))), "3");
}

static void names_and_bools_have_their_order(void **state)
{
    made *m;
    (void)state;
    add_item((item){ .id = 1, .name = "small", .size = SMALL, .sold = true });
    add_item((item){ .id = 2, .name = "tiny", .size = LARGE });
    add_item((item){ .id = 3, .name = "x", .size = TINY });
    m = from(items);
    order_by(m, member(m, "size"), false);
    assert_string_equal(found(m, NULL), "2 1 3");
    m = from(items);
    assert_string_equal(found(m, test(m, OST_OP_LT, "size", ost_value_int(SMALL))), "2");
    m = from(items);
    assert_string_equal(found(m, node2(m, OST_OP_EQ, member(m, "size"), member(m, "name"))), "1");
    m = from(items);
    assert_string_equal(found(m, test(m, OST_OP_LT, "sold", ost_value_bool(true))), "2 3");
}

/* A text is never a number: nothing is cast on the way. */
static void fm48_values_are_bound_with_the_columns_kind(void **state)
{
    made *m = from(items);
    (void)state;
    add_item((item){ .id = 1, .name = "abc" });
    add_item((item){ .id = 2, .name = "0" });
    m->shape.where = test(m, OST_OP_EQ, "name", ost_value_int(0));
    column(m, member(m, "id"), table_field(items, "id"));
    item rows[2];
    size_t count = 2;
    assert_int_equal(rig_run(r, m, rows, &count), OST_RANGE);
    assert_int_equal(r->b.error.nothing_sent, 1);
}

/* ---- tables made by others ---- */

static void add_sales(void)
{
    rig_sql(r, "INSERT INTO sales VALUES"
               " (1, 'ada', 'x', 0.1, 0.100, '2024-01-01 00:00:00', 1704067200,"
               " '2024-01-01 00:00:00.000001+00'),"
               " (2, 'Ada', 'X', 0.2, 0.200, '2024-01-02 00:00:00', 1704067200,"
               " '2024-01-02 00:00:00+00'),"
               " (3, 'B', 'x', 12345678.91, 12345678.910, '2023-12-31 23:59:59', 1704067199,"
               " '2023-12-31 23:59:59+00'),"
               " (4, NULL, NULL, 3, 2.999, '2024-01-01 00:00:00', 0, '1970-01-01 00:00:00+00')");
}

static void stored_forms_compare_as_what_they_mean(void **state)
{
    static const char *const whos[] = { "ada", "B" };
    const ost_decimal totals[] = { dec("0.10"), dec("3.00") };
    const ost_time times[] = { at("2024-01-02T00:00:00Z") };
    made *m;
    (void)state;
    add_sales();
    m = from(sales);
    assert_string_equal(found(m, test(m, OST_OP_EQ, "total", ost_value_decimal(dec("0.10")))), "1");
    m = from(sales);
    assert_string_equal(found(m, node2(m, OST_OP_EQ, member(m, "total"), member(m, "paid"))),
                        "1 2 3");
    m = from(sales);
    assert_string_equal(found(m, node2(m, OST_OP_GT, member(m, "total"), member(m, "id"))), "3");
    m = from(sales);
    assert_string_equal(found(m, node2(m, OST_OP_EQ, member(m, "at"), member(m, "shipped"))),
                        "1 3");
    m = from(sales);
    assert_string_equal(found(m, node2(m, OST_OP_LT, member(m, "at"), member(m, "ours"))), "1");
    m = from(sales);
    assert_string_equal(
        found(m, test(m, OST_OP_GE, "at", ost_value_time(at("2024-01-01T00:00:00Z")))), "1 2 4");
    m = from(sales);
    assert_string_equal(
        found(m, test(m, OST_OP_EQ, "shipped", ost_value_time(at("2024-01-01T00:00:00Z")))), "1 2");
    m = from(sales);
    assert_string_equal(
        found(m, in_list(m, "total", OST_TYPE_DECIMAL, totals, 2, sizeof totals[0])), "1 4");
    m = from(sales);
    assert_string_equal(found(m, in_list(m, "at", OST_TYPE_TIME, times, 1, sizeof times[0])), "2");
    m = from(sales);
    assert_string_equal(found(m, in_list(m, "who", OST_TYPE_TEXT, whos, 2, sizeof whos[0])), "1 3");
    /* By bytes, whatever the column's collation is: 'Ada' < 'B' < 'ada'. */
    m = from(sales);
    order_by(m, member(m, "who"), false);
    assert_string_equal(found(m, NULL), "4 2 3 1");
    m = from(sales);
    assert_string_equal(found(m, test(m, OST_OP_LT, "who", ost_value_text("a"))), "2 3");
}

/* What is grouped or made distinct has the collation wherever it stands. */
static void others_texts_group_by_bytes(void **state)
{
    result rows[4];
    size_t count = 4;
    made *m = from(sales);
    (void)state;
    add_sales();
    group_by(m, member(m, "who"));
    m->shape.having = test(m, OST_OP_NE, "who", ost_value_text("B"));
    order_by(m, member(m, "who"), true);
    column(m, member(m, "who"), &result_text);
    column(m, aggregate(m, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0), &result_n);
    m->program.row_size = sizeof rows[0];
    if (rig_run(r, m, rows, &count) != OST_OK)
        fail_msg("%s\n%s", r->message, r->text);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].text, "ada");
    assert_string_equal(rows[1].text, "Ada");
    m = from(sales);
    m->shape.distinct = true;
    order_by(m, member(m, "who"), false);
    column(m, member(m, "who"), &result_text);
    m->program.row_size = sizeof rows[0];
    count = 4;
    if (rig_run(r, m, rows, &count) != OST_OK)
        fail_msg("%s\n%s", r->message, r->text);
    assert_int_equal(count, 4);
    assert_null(rows[0].text);
    assert_string_equal(rows[3].text, "ada");
    /* A member that is compared as its column says is left alone. */
    m = from(sales);
    assert_null(strstr(found(m, test(m, OST_OP_EQ, "tag", ost_value_text("X"))), "1"));
    assert_null(strstr(r->text, "\"tag\" COLLATE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(integers_against_reals_are_exact, clear),
        cmocka_unit_test_setup(nothing_against_reals_is_unknown, clear),
        cmocka_unit_test_setup(decimals_compare_by_value, clear),
        cmocka_unit_test_setup(names_and_bools_have_their_order, clear),
        cmocka_unit_test_setup(fm48_values_are_bound_with_the_columns_kind, clear),
        cmocka_unit_test_setup(stored_forms_compare_as_what_they_mean, clear),
        cmocka_unit_test_setup(others_texts_group_by_bytes, clear),
    };
    return cmocka_run_group_tests(tests, begin, rig_end);
}
