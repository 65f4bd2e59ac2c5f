/* SPDX-License-Identifier: MIT */
/* Sums and averages to the last digit. */
#include "mysql/wides.h"

#include <math.h>

#include "base/decimal.h"

typedef struct result {
    ost_opt_int64 n;
    ost_opt_decimal d;
    ost_opt_double x;
} result;
static const ost_field to_n = { .name = "n",
                                .type = OST_TYPE_INT64 | OST_TYPE_OPTIONAL,
                                .offset = offsetof(result, n),
                                .size = sizeof(ost_opt_int64) };
static const ost_field to_d = { .name = "d",
                                .type = OST_TYPE_DECIMAL | OST_TYPE_OPTIONAL,
                                .offset = offsetof(result, d),
                                .size = sizeof(ost_opt_decimal) };
static const ost_field to_x = { .name = "x",
                                .type = OST_TYPE_DOUBLE | OST_TYPE_OPTIONAL,
                                .offset = offsetof(result, x),
                                .size = sizeof(ost_opt_double) };

static ost_status try_aggregate(uint16_t op, const char *name, uint16_t type, uint16_t scale,
                                const ost_field *to, result *out)
{
    made *m = wides_select();
    size_t count = 0;
    ost_status status;
    column(m, aggregate(m, op, name, type, scale), to);
    m->program.row_size = sizeof *out;
    status = run_rows(m, out, 1, &count);
    if (status == OST_OK)
        assert_int_equal(count, 1);
    discard(m);
    return status;
}

static result aggregate_of(uint16_t op, const char *name, uint16_t type, uint16_t scale,
                           const ost_field *to)
{
    result out;
    memset(&out, 0, sizeof out);
    if (try_aggregate(op, name, type, scale, to, &out) != OST_OK)
        fail_msg("%s: %s", name, wides_now->b.error.message);
    return out;
}

static void over_nothing_they_are_null(void **state)
{
    wide w = wides_blank(1);
    (void)state;
    for (int rows = 0; rows < 2; rows++) {
        assert_int_equal(aggregate_of(OST_OP_COUNT, "o_i64", OST_TYPE_INT64, 0, &to_n).n.value, 0);
        assert_false(aggregate_of(OST_OP_SUM, "o_i64", OST_TYPE_INT64, 0, &to_n).n.present);
        assert_false(aggregate_of(OST_OP_AVG, "o_i64", OST_TYPE_DOUBLE, 0, &to_x).x.present);
        assert_false(aggregate_of(OST_OP_SUM, "o_d", OST_TYPE_DOUBLE, 0, &to_x).x.present);
        assert_false(aggregate_of(OST_OP_AVG, "o_d", OST_TYPE_DOUBLE, 0, &to_x).x.present);
        assert_false(aggregate_of(OST_OP_SUM, "o_price", OST_TYPE_DECIMAL, 2, &to_d).d.present);
        assert_false(aggregate_of(OST_OP_AVG, "o_price", OST_TYPE_DECIMAL, 8, &to_d).d.present);
        assert_false(aggregate_of(OST_OP_MAX, "o_price", OST_TYPE_DECIMAL, 2, &to_d).d.present);
        assert_int_equal(wides_insert(WIDES_SINGLY, &w, rows == 0), OST_OK);
    }
}

static void sums_of_integers_are_exact(void **state)
{
    wide rows[3];
    result r;
    (void)state;
    for (int i = 0; i < 3; i++) {
        rows[i] = wides_blank(i);
        rows[i].i64 = INT64_MAX - 1 + (i > 0);
        rows[i].u64 = UINT64_MAX;
        rows[i].i32 = i == 2 ? 1 : INT32_MIN;
    }
    rows[2].i64 = -INT64_MAX;
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, 3), OST_OK);
    assert_int_equal(aggregate_of(OST_OP_SUM, "i64", OST_TYPE_INT64, 0, &to_n).n.value,
                     INT64_MAX - 1);
    assert_int_equal(aggregate_of(OST_OP_SUM, "i32", OST_TYPE_INT64, 0, &to_n).n.value,
                     2 * (int64_t)INT32_MIN + 1);
    /* Beyond 64 bits: into a decimal, or refused. */
    assert_int_equal(try_aggregate(OST_OP_SUM, "u64", OST_TYPE_INT64, 0, &to_n, &r), OST_RANGE);
    r = aggregate_of(OST_OP_SUM, "u64", OST_TYPE_DECIMAL, 0, &to_d);
    assert_int_equal(ost_decimal_compare(r.d.value, dec("55340232221128654845")), 0);
    r = aggregate_of(OST_OP_AVG, "u64", OST_TYPE_DOUBLE, 0, &to_x);
    assert_true(r.x.value == 55340232221128654845.0 / 3);
    r = aggregate_of(OST_OP_AVG, "i64", OST_TYPE_DOUBLE, 0, &to_x);
    assert_true(r.x.value == (double)(INT64_MAX - 1) / 3);
}

static void sums_of_doubles(void **state)
{
    wide rows[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        rows[i] = wides_blank(i);
        rows[i].d = i + 0.25;
    }
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, 3), OST_OK);
    assert_true(aggregate_of(OST_OP_SUM, "d", OST_TYPE_DOUBLE, 0, &to_x).x.value == 3.75);
    assert_true(aggregate_of(OST_OP_AVG, "d", OST_TYPE_DOUBLE, 0, &to_x).x.value == 1.25);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* The server's average of decimals against ours, digit by digit. */
static void averages_round_half_to_even(void **state)
{
    enum { MOST = 64 };
    wide rows[MOST];
    uint64_t seed = 1181783497276652981u;
    (void)state;
    for (int round = 0; round < 300; round++) {
        int count = round < 64 ? 64 : 1 + (int)(next_random(&seed) % MOST);
        bool wide_ones = round % 2;
        ost_decimal sum = { .scale = 10 }, small = { .scale = 2 }, average;
        result r;
        for (int i = 0; i < count; i++) {
            rows[i] = wides_blank(i);
            /* A few units over a power of two give many halves. */
            rows[i].price = ost_decimal_of((int64_t)(next_random(&seed) % 7) - 3, 2);
            rows[i].huge = ost_decimal_of((int64_t)(next_random(&seed) >> (wide_ones ? 2 : 60)) -
                                              (wide_ones ? INT64_C(1) << 61 : 8),
                                          10);
            if (wide_ones && i % 5 == 0)
                rows[i].huge = dec(i % 2 ? "9999999999999999999999999999.9999999999"
                                         : "-8888888888888888888888888888.8888888888");
            assert_true(ost__decimal_add(small, rows[i].price, &small));
            if (!ost__decimal_add(sum, rows[i].huge, &sum))
                count = i;
        }
        if (count == 0)
            continue;
        small = (ost_decimal){ .scale = 2 };
        for (int i = 0; i < count; i++)
            assert_true(ost__decimal_add(small, rows[i].price, &small));
        wides_clear(NULL);
        assert_int_equal(wides_insert(WIDES_ARRAY, rows, (size_t)count), OST_OK);
        assert_true(ost__decimal_divide(small, count, 8, &average));
        r = aggregate_of(OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8, &to_d);
        assert_memory_equal(&r.d.value, &average, sizeof average);
        if (ost__decimal_divide(sum, count, 16, &average)) {
            r = aggregate_of(OST_OP_AVG, "huge", OST_TYPE_DECIMAL, 16, &to_d);
            assert_memory_equal(&r.d.value, &average, sizeof average);
        } else {
            assert_int_equal(try_aggregate(OST_OP_AVG, "huge", OST_TYPE_DECIMAL, 16, &to_d, &r),
                             OST_RANGE);
        }
    }
}

static void sums_of_decimals_are_exact(void **state)
{
    wide rows[3];
    result r;
    (void)state;
    for (int i = 0; i < 3; i++)
        rows[i] = wides_blank(i);
    rows[0].huge = dec("9999999999999999999999999999.9999999999");
    rows[1].huge = dec("-9999999999999999999999999999.9999999998");
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, 3), OST_OK);
    r = aggregate_of(OST_OP_SUM, "huge", OST_TYPE_DECIMAL, 10, &to_d);
    assert_int_equal(ost_decimal_compare(r.d.value, dec("0.0000000001")), 0);
    assert_int_equal(r.d.value.scale, 10);
    r = aggregate_of(OST_OP_MAX, "huge", OST_TYPE_DECIMAL, 10, &to_d);
    assert_int_equal(ost_decimal_compare(r.d.value, rows[0].huge), 0);
    /* A sum of more digits than a decimal has. */
    rows[1].huge = rows[0].huge;
    wides_clear(NULL);
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, 3), OST_OK);
    assert_int_equal(try_aggregate(OST_OP_SUM, "huge", OST_TYPE_DECIMAL, 10, &to_d, &r), OST_RANGE);
}

/* Averages decide as they are shown: in HAVING, and in an order. */
static void averages_filter_and_order(void **state)
{
    static const char *const prices[] = { "0.01", "0.02", "0.02", "0.03", "0.01", "0.01" };
    wide rows[6];
    result found[3];
    size_t count;
    (void)state;
    for (int i = 0; i < 6; i++) {
        rows[i] = wides_blank(i);
        rows[i].i8 = (signed char)(i / 2);
        rows[i].price = dec(prices[i]);
    }
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, 6), OST_OK);
    made *m = wides_select();
    const ost_node *average = aggregate(m, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8);
    column(m, member(m, "i8"), &to_n);
    column(m, average, &to_d);
    m->program.row_size = sizeof found[0];
    group_by(m, member(m, "i8"));
    m->shape.having =
        node2(m, OST_OP_GE, average, value(m, NULL, ost_value_decimal(dec("0.01500000"))));
    order_by(m, average, true);
    assert_int_equal(run_rows(m, found, 3, &count), OST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(found[0].n.value, 1);
    assert_int_equal(found[1].n.value, 0);
    assert_int_equal(ost_decimal_compare(found[0].d.value, dec("0.025")), 0);
    assert_int_equal(found[0].d.value.scale, 8);
    discard(m);
}

/* By bytes, and all of them. */
static void different_values_are_counted(void **state)
{
    enum { SIZE = 3000 };
    static const char *const texts[] = { "a", "A", "a ", "\xc3\xa4", NULL, "a" };
    char longer[2][SIZE + 2];
    wide rows[6];
    (void)state;
    for (int i = 0; i < 6; i++) {
        rows[i] = wides_blank(i);
        rows[i].brief = texts[i];
        if (i < 2) {
            memset(longer[i], 'q', SIZE);
            longer[i][SIZE] = (char)('a' + i);
            longer[i][SIZE + 1] = '\0';
        }
        rows[i].text = longer[i % 2];
        rows[i].blob = (ost_blob){ longer[i % 2], SIZE + 1 };
        rows[i].price = ost_decimal_of(i % 3, 2);
    }
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, 6), OST_OK);
    assert_int_equal(aggregate_of(OST_OP_COUNT_DISTINCT, "brief", OST_TYPE_INT64, 0, &to_n).n.value,
                     4);
    assert_int_equal(aggregate_of(OST_OP_COUNT_DISTINCT, "text", OST_TYPE_INT64, 0, &to_n).n.value,
                     2);
    assert_int_equal(aggregate_of(OST_OP_COUNT_DISTINCT, "blob", OST_TYPE_INT64, 0, &to_n).n.value,
                     2);
    assert_int_equal(aggregate_of(OST_OP_COUNT_DISTINCT, "price", OST_TYPE_INT64, 0, &to_n).n.value,
                     3);
    assert_int_equal(aggregate_of(OST_OP_COUNT, "brief", OST_TYPE_INT64, 0, &to_n).n.value, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(over_nothing_they_are_null, wides_clear),
        cmocka_unit_test_setup(sums_of_integers_are_exact, wides_clear),
        cmocka_unit_test_setup(sums_of_doubles, wides_clear),
        cmocka_unit_test_setup(averages_round_half_to_even, wides_clear),
        cmocka_unit_test_setup(sums_of_decimals_are_exact, wides_clear),
        cmocka_unit_test_setup(averages_filter_and_order, wides_clear),
        cmocka_unit_test_setup(different_values_are_counted, wides_clear),
    };
    return cmocka_run_group_tests(tests, wides_begin, wides_end);
}
