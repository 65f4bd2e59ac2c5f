/* SPDX-License-Identifier: MIT */
#include "support/items.h"

static result aggregate_of(items_world *w, uint16_t op, const char *name, uint16_t type,
                           uint16_t scale, const ost_field *to)
{
    made *m = from_items(w);
    column(m, aggregate(m, op, name, type, scale), to);
    return one_result(m);
}

static void over_nothing_they_are_null(void **state)
{
    items_world *w = *state;
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
    items_world *w = *state;
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

/* On the way a sum may have more digits than at its end, whatever the order. */
static void sums_may_pass_38_digits_on_the_way(void **state)
{
    static const char most[] = "99999999999999999999999999999999.999999";
    static const struct {
        const char *sum; /* NULL: too long */
        int signs[5];    /* of `most` */
        const char *last;
    } cases[] = {
        { most, { 1, 1, 0, 0, -1 }, "0.000000" },
        { most, { 1, 1, 1, -1, -1 }, "0.000000" },
        { "-99999999999999999999999999999999.999999", { -1, -1, -1, 1, 1 }, "0.000000" },
        { "0.000000", { -1, -1, 1, 1, 0 }, "0.000000" },
        { "0.000001", { 1, 1, -1, -1, 0 }, "0.000001" },
        { "-0.000002", { -1, -1, 1, 1, 0 }, "-0.000002" },
        { NULL, { 1, 0, 0, 0, 0 }, "0.000001" },
        { NULL, { -1, 0, 0, 0, 0 }, "-0.000001" },
        { NULL, { 1, 1, 1, 1, 1 }, "0.000000" },
        { NULL, { 1, 1, 1, -1, 0 }, "-1.000000" },
    };
    items_world *w = *state;
    item in[6] = { { .id = 1 }, { .id = 2 }, { .id = 3 }, { .id = 4 }, { .id = 5 }, { .id = 6 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t count;
        result r;
        for (size_t k = 0; k < 5; k++) {
            in[k].exact = cases[i].signs[k] ? dec(most) : dec("0.000000");
            if (cases[i].signs[k] < 0)
                in[k].exact = ost_decimal_negate(in[k].exact);
        }
        in[5].exact = dec(cases[i].last);
        sql(&w->b, "DELETE FROM items");
        add(w, in, 6);
        made *m = from_items(w);
        column(m, aggregate(m, OST_OP_SUM, "exact", OST_TYPE_DECIMAL, 6), &result_d);
        m->program.row_size = sizeof(result);
        ost_status status = run_rows(m, &r, 1, &count);
        discard(m);
        assert_int_equal(status, cases[i].sum ? OST_OK : OST_RANGE);
        if (cases[i].sum)
            assert_int_equal(ost_decimal_compare(r.d.value, dec(cases[i].sum)), 0);
        else
            assert_non_null(strstr(w->b.error.message, "the sum has more than 38 digits"));
    }
}

static void averages_round_half_to_even(void **state)
{
    items_world *w = *state;
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
    items_world *w = *state;
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
    items_world *w = *state;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(over_nothing_they_are_null, items_begin, items_end),
        cmocka_unit_test_setup_teardown(sums_are_exact, items_begin, items_end),
        cmocka_unit_test_setup_teardown(sums_may_pass_38_digits_on_the_way, items_begin, items_end),
        cmocka_unit_test_setup_teardown(averages_round_half_to_even, items_begin, items_end),
        cmocka_unit_test_setup_teardown(groups_filter_and_order_by_exact_values, items_begin,
                                        items_end),
        cmocka_unit_test_setup_teardown(wraps_count_and_say_whether, items_begin, items_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
