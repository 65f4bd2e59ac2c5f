/* SPDX-License-Identifier: MIT */
/* Sums and averages that are exact, and the smallest and largest of every kind. */
#include "postgres/wire_rig.h"

#include <math.h>

#include "base/decimal.h"
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
    rig_sql(r,
            "CREATE TABLE sales (id int PRIMARY KEY, who text, tag text, total real, paid float8,"
            " at text, shipped bigint, ours timestamptz)");
    return failed;
}

static int clear(void **state)
{
    (void)state;
    rig_sql(r, "TRUNCATE items, sales");
    return 0;
}

static void add_items(const item *rows, size_t count)
{
    made *m = make(&r->b, OST_DO_INSERT, items);
    from_records(m, rows, count, sizeof *rows, false);
    if (rig_copy(r, m) != OST_OK)
        fail_msg("%s%s", r->message, r->b.error.message);
}

static made *from(const ost_table *t)
{
    return make(&r->b, OST_DO_SELECT, t);
}

static ost_status one(made *m, result *out)
{
    size_t count = 1;
    ost_status status;
    m->program.row_size = sizeof *out;
    status = rig_run(r, m, out, &count);
    if (status == OST_DRIVER_ERROR)
        fail_msg("%s\n%s", r->message, r->text);
    return status;
}

static uint32_t seed = 99;

static uint32_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    return seed ^= seed << 5;
}

/* As src/base/decimal divides: sum / count at six more digits, half to even. */
static void averages_of_decimals_are_ours(void **state)
{
    enum { GROUPS = 300, MOST = 16 };
    static item rows[GROUPS * MOST];
    static ost_decimal wanted[GROUPS];
    struct {
        result x;
    } got[GROUPS];
    size_t n = 0, count = GROUPS;
    made *m = from(items);
    (void)state;
    for (int g = 0; g < GROUPS; g++) {
        ost_decimal sum = ost_decimal_of(0, 4);
        int size = 1 + (int)(next() % MOST);
        for (int i = 0; i < size; i++, n++) {
            /* Halves at the tenth digit: sums that 2^k divides. */
            int64_t units = g % 2 ? (int64_t)(next() % 200001) - 100000 : (int64_t)(next() % 3) - 1;
            rows[n] = (item){ .id = (int64_t)n, .count = g, .tax = ost_decimal_of(units, 4) };
            assert_true(ost__decimal_add(sum, rows[n].tax, &sum));
        }
        assert_true(ost__decimal_divide(sum, size, 10, &wanted[g]));
    }
    add_items(rows, n);
    group_by(m, member(m, "count"));
    order_by(m, member(m, "count"), false);
    column(m, aggregate(m, OST_OP_AVG, "tax", OST_TYPE_DECIMAL, 10), &result_d);
    m->program.row_size = sizeof got[0];
    if (rig_run(r, m, got, &count) != OST_OK)
        fail_msg("%s\n%s", r->message, r->text);
    assert_int_equal(count, GROUPS);
    for (int g = 0; g < GROUPS; g++) {
        assert_true(got[g].x.d.present);
        if (ost_decimal_compare(got[g].x.d.value, wanted[g]) != 0 || got[g].x.d.value.scale != 10)
            fail_msg("group %d", g);
    }
}

/* At scale 0 + 0 there would be no halves: a scale of our own shows them. */
static void averages_round_half_to_even(void **state)
{
    static const struct {
        int64_t units[4];
        int count;
        const char *average;
    } cases[] = {
        { { 1, 0 }, 2, "0" },        { { 3, 0 }, 2, "2" },       { { -1, 0 }, 2, "0" },
        { { -3, 0 }, 2, "-2" },      { { 5, 0 }, 2, "2" },       { { 1, 1, 0 }, 3, "1" },
        { { 1, 0, 0 }, 3, "0" },     { { 7, 0, 0, 0 }, 4, "2" }, { { 6, 0, 0, 0 }, 4, "2" },
        { { 10, 0, 0, 0 }, 4, "2" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        item rows[4] = { { 0 } };
        result got;
        made *m = from(items);
        clear(NULL);
        for (int j = 0; j < cases[i].count; j++)
            rows[j] = (item){ .id = j, .price = ost_decimal_of(cases[i].units[j], 2) };
        add_items(rows, (size_t)cases[i].count);
        column(m, aggregate(m, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 2), &result_d);
        assert_int_equal(one(m, &got), OST_OK);
        ost_decimal wanted = dec(cases[i].average);
        wanted.scale = 2;
        if (ost_decimal_compare(got.d.value, wanted) != 0)
            fail_msg("case %d", (int)i);
    }
}

static void aggregates_stand_in_having_and_order(void **state)
{
    const item rows[] = {
        { .id = 1, .count = 1, .price = dec("1.00") },
        { .id = 2, .count = 1, .price = dec("2.01") },
        { .id = 3, .count = 2, .price = dec("9.00") },
        { .id = 4, .count = 3, .price = dec("5.00") },
    };
    struct {
        result x;
    } got[4];
    size_t count = 4;
    made *m = from(items);
    (void)state;
    add_items(rows, 4);
    group_by(m, member(m, "count"));
    m->shape.having = node2(m, OST_OP_GT, aggregate(m, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8),
                            value(m, NULL, ost_value_decimal(dec("1.50500000"))));
    order_by(m, aggregate(m, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8), true);
    column(m, aggregate(m, OST_OP_SUM, "price", OST_TYPE_DECIMAL, 2), &result_d);
    m->program.row_size = sizeof got[0];
    if (rig_run(r, m, got, &count) != OST_OK)
        fail_msg("%s\n%s", r->message, r->text);
    assert_int_equal(count, 2);
    assert_int_equal(ost_decimal_compare(got[0].x.d.value, dec("9.00")), 0);
    /* sum of integers against the average of integers. */
    m = from(items);
    group_by(m, member(m, "count"));
    m->shape.having = node2(m, OST_OP_GT, aggregate(m, OST_OP_SUM, "id", OST_TYPE_INT64, 0),
                            aggregate(m, OST_OP_AVG, "id", OST_TYPE_DOUBLE, 0));
    column(m, aggregate(m, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0), &result_n);
    m->program.row_size = sizeof got[0];
    count = 4;
    if (rig_run(r, m, got, &count) != OST_OK)
        fail_msg("%s\n%s", r->message, r->text);
    assert_int_equal(count, 1);
    assert_int_equal(got[0].x.n.value, 2);
}

static void sums_of_integers_are_exact(void **state)
{
    const item rows[] = { { .id = INT64_MAX, .big = UINT64_MAX, .count = INT32_MAX },
                          { .id = INT64_MAX - 1, .big = UINT64_MAX, .count = INT32_MAX },
                          { .id = -INT64_MAX, .big = 0, .count = INT32_MAX } };
    result got;
    made *m = from(items);
    (void)state;
    add_items(rows, 3);
    column(m, aggregate(m, OST_OP_SUM, "id", OST_TYPE_INT64, 0), &result_n);
    column(m, aggregate(m, OST_OP_SUM, "big", OST_TYPE_DECIMAL, 0), &result_d);
    column(m, aggregate(m, OST_OP_AVG, "id", OST_TYPE_DOUBLE, 0), &result_x);
    assert_int_equal(one(m, &got), OST_OK);
    assert_true(got.n.value == INT64_MAX - 1);
    assert_int_equal(ost_decimal_compare(got.d.value, dec("36893488147419103230")), 0);
    /* As the core divides: the sum as a double, by the count. */
    assert_true(got.x.value == (double)(INT64_MAX - 1) / 3);
    m = from(items);
    column(m, aggregate(m, OST_OP_SUM, "big", OST_TYPE_INT64, 0), &result_n);
    assert_int_equal(one(m, &got), OST_RANGE);
    m = from(items);
    column(m, aggregate(m, OST_OP_SUM, "count", OST_TYPE_INT64, 0), &result_n);
    assert_int_equal(one(m, &got), OST_OK);
    assert_true(got.n.value == 3 * (int64_t)INT32_MAX);
}

/* Wherever it stands, and also where what does not fit is a zero. */
static void more_than_38_digits_are_out_of_range(void **state)
{
    const ost_decimal most = dec("99999999999999999999999999999999.000000");
    const item rows[] = { { .id = 1, .exact = most }, { .id = 2, .exact = most } };
    result got;
    size_t count = 1;
    made *m;
    (void)state;
    add_items(rows, 2);
    for (int having = 0; having < 2; having++)
        for (int average = 0; average < 2; average++) {
            const ost_node *n;
            m = from(items);
            n = aggregate(m, average ? OST_OP_AVG : OST_OP_SUM, "exact", OST_TYPE_DECIMAL,
                          average ? 12 : 6);
            if (having)
                m->shape.having = node1(m, OST_OP_NOT_NULL, n);
            column(m, having ? aggregate(m, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0) : n,
                   having ? &result_n : &result_d);
            m->program.row_size = sizeof got;
            assert_int_equal(rig_run(r, m, &got, &count), OST_DRIVER_ERROR);
            assert_string_equal(r->state, "22003");
        }
}

static void nothing_has_no_sum(void **state)
{
    result got;
    made *m = from(items);
    (void)state;
    column(m, aggregate(m, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8), &result_d);
    column(m, aggregate(m, OST_OP_AVG, "count", OST_TYPE_DOUBLE, 0), &result_x);
    column(m, aggregate(m, OST_OP_SUM, "id", OST_TYPE_INT64, 0), &result_n);
    column(m, aggregate(m, OST_OP_MAX, "name", OST_TYPE_TEXT, 0), &result_text);
    assert_int_equal(one(m, &got), OST_OK);
    assert_false(got.d.present || got.x.present || got.n.present);
    assert_null(got.text);
}

/* The columns of others are reals: what was written is what is added. */
static void stored_reals_add_up_exactly(void **state)
{
    result got;
    made *m = from(sales);
    (void)state;
    rig_sql(r, "INSERT INTO sales SELECT i, NULL, NULL, 0.1, 0.1 FROM generate_series(1, 10) i");
    column(m, aggregate(m, OST_OP_SUM, "paid", OST_TYPE_DECIMAL, 3), &result_d);
    assert_int_equal(one(m, &got), OST_OK);
    assert_int_equal(ost_decimal_compare(got.d.value, dec("1.0")), 0);
    m = from(sales);
    column(m, aggregate(m, OST_OP_AVG, "total", OST_TYPE_DECIMAL, 8), &result_d);
    assert_int_equal(one(m, &got), OST_OK);
    assert_int_equal(ost_decimal_compare(got.d.value, dec("0.1")), 0);
}

/* ---- smallest and largest ---- */

typedef struct extremes {
    ost_opt_bool sold[2];
    ost_opt_uuid uuid[2];
    const char *name[2];
    ost_opt_int size[2];
    ost_opt_time made[2];
    ost_opt_date day[2];
    ost_opt_uint64 big[2];
    ost_opt_decimal price[2];
    ost_opt_double weight[2];
} extremes;

#define SLOT(member, kind, values_)                     \
    {                                                   \
        { .name = #member,                              \
          .type = kind,                                 \
          .offset = offsetof(extremes, member[0]),      \
          .size = sizeof((extremes *)0)->member[0],     \
          .values = values_ },                          \
            { .name = #member,                          \
              .type = kind,                             \
              .offset = offsetof(extremes, member[1]),  \
              .size = sizeof((extremes *)0)->member[1], \
              .values = values_ },                      \
    }

static void smallest_and_largest_of_every_kind(void **state)
{
    static const char *const sizes[] = { "small", "large", "tiny", NULL };
    enum { OPTIONAL = OST_TYPE_OPTIONAL };
    static const ost_field slots[][2] = {
        SLOT(sold, OST_TYPE_BOOL | OPTIONAL, NULL),
        SLOT(uuid, OST_TYPE_UUID | OPTIONAL, NULL),
        SLOT(name, OST_TYPE_TEXT, NULL),
        SLOT(size, OST_TYPE_INT32 | OPTIONAL, sizes),
        SLOT(made, OST_TYPE_TIME | OPTIONAL, NULL),
        SLOT(day, OST_TYPE_DATE | OPTIONAL, NULL),
        SLOT(big, OST_TYPE_UINT64 | OPTIONAL, NULL),
        SLOT(price, OST_TYPE_DECIMAL | OPTIONAL, NULL),
        SLOT(weight, OST_TYPE_DOUBLE | OPTIONAL, NULL),
    };
    item rows[3] = {
        { .id = 1, .name = "b", .size = SMALL, .sold = true, .price = dec("9.50"), .weight = -1 },
        { .id = 2, .name = "\xC3\xA9", .size = LARGE, .price = dec("10.00"), .weight = 1e300 },
        { .id = 3, .name = "B", .size = TINY, .sold = true, .price = dec("-3.00"), .big = 7 },
    };
    extremes got;
    size_t count = 1;
    made *m = from(items);
    (void)state;
    for (int i = 0; i < 3; i++) {
        rows[i].uuid.bytes[0] = (uint8_t)(0x7F + i);
        rows[i].made.microseconds = i - 1;
        rows[i].day.days = 1 - i;
    }
    add_items(rows, 3);
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        for (int j = 0; j < 2; j++)
            column(m,
                   aggregate(m, j ? OST_OP_MAX : OST_OP_MIN, slots[i][j].name,
                             table_field(items, slots[i][j].name)->type, 0),
                   &slots[i][j]);
    m->program.row_size = sizeof got;
    if (rig_run(r, m, &got, &count) != OST_OK)
        fail_msg("%s, column %d\n%s", r->message, (int)m->bad_column, r->text);
    assert_true(!got.sold[0].value && got.sold[1].value && got.sold[0].present);
    assert_int_equal(got.uuid[0].value.bytes[0], 0x7F);
    assert_int_equal(got.uuid[1].value.bytes[0], 0x81);
    assert_string_equal(got.name[0], "B");
    assert_string_equal(got.name[1], "\xC3\xA9");
    assert_int_equal(got.size[0].value, LARGE);
    assert_int_equal(got.size[1].value, TINY);
    assert_int_equal(got.made[0].value.microseconds, -1);
    assert_int_equal(got.day[1].value.days, 1);
    assert_int_equal(got.big[1].value, 7);
    assert_int_equal(ost_decimal_compare(got.price[0].value, dec("-3")), 0);
    assert_true(got.weight[1].value == 1e300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(averages_of_decimals_are_ours, clear),
        cmocka_unit_test_setup(averages_round_half_to_even, clear),
        cmocka_unit_test_setup(aggregates_stand_in_having_and_order, clear),
        cmocka_unit_test_setup(sums_of_integers_are_exact, clear),
        cmocka_unit_test_setup(more_than_38_digits_are_out_of_range, clear),
        cmocka_unit_test_setup(nothing_has_no_sum, clear),
        cmocka_unit_test_setup(stored_reals_add_up_exactly, clear),
        cmocka_unit_test_setup(smallest_and_largest_of_every_kind, clear),
    };
    return cmocka_run_group_tests(tests, begin, rig_end);
}
