/* SPDX-License-Identifier: MIT */
/* Tables made by others: their forms and collations. */
#include "support/items.h"

static made *from_sales(items_world *w)
{
    return make(&w->b, OST_DO_SELECT, w->sales);
}

static void fill_sales(items_world *w)
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
    items_world *w = *state;
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
    items_world *w = *state;
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
    items_world *w = *state;
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
    items_world *w = *state;
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
    items_world *w = *state;
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
        cmocka_unit_test_setup_teardown(forms_of_others_are_read_exactly, items_begin, items_end),
        cmocka_unit_test_setup_teardown(constants_take_the_forms_of_others, items_begin, items_end),
        cmocka_unit_test_setup_teardown(sums_over_reals_of_others_are_exact, items_begin,
                                        items_end),
        cmocka_unit_test_setup_teardown(exact_text_ignores_the_columns_collation, items_begin,
                                        items_end),
        cmocka_unit_test_setup_teardown(writes_take_the_forms_of_others, items_begin, items_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
