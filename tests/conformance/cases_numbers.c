/* SPDX-License-Identifier: MIT */
#include "conformance.h"

#include <math.h>

/* ---- numbers ---- */

static void fraction_against_an_integer(void)
{
    add_maybe(one);
    add_maybe(two);
    add_maybe(null);
    assert_int_equal(maybes(ost_cmp_lt(ost_col(maybe, i32), ost_lit(1.5))), 1);
    assert_int_equal(maybes(ost_cmp_le(ost_col(maybe, i32), ost_lit(1.5))), 1);
    assert_int_equal(maybes(ost_cmp_gt(ost_lit(1.5), ost_col(maybe, i32))), 1);
    assert_int_equal(maybes(ost_cmp_ge(ost_col(maybe, i32), ost_lit(1.5))), 1);
    assert_int_equal(maybes(ost_cmp_eq(ost_col(maybe, i32), ost_lit(1.5))), 0);
    assert_int_equal(maybes(ost_cmp_ne(ost_col(maybe, i32), ost_lit(1.5))), 2);
    assert_int_equal(maybes(ost_cmp_eq(ost_col(maybe, i32), ost_lit(2.0))), 1);
    assert_int_equal(maybes(ost_cmp_gt(ost_col(maybe, i32), ost_lit(-0.5))), 2);
    assert_int_equal(maybes(ost_cmp_lt(ost_col(maybe, i32), ost_lit(ost_decimal_of(15, 1)))), 1);
}

static void value_out_of_a_members_range(void)
{
    const int64_t far[] = { 300, -300, 7 };
    add_thing((thing){ .i8 = 7, .u8 = 7 });
    assert_int_equal(things(ost_eq(thing, i8, 300)), 0);
    assert_int_equal(things(ost_ne(thing, i8, 300)), 1);
    assert_int_equal(things(ost_lt(thing, i8, 300)), 1);
    assert_int_equal(things(ost_gt(thing, i8, -300)), 1);
    assert_int_equal(things(ost_ge(thing, i8, 300)), 0);
    assert_int_equal(things(ost_gt(thing, u8, -1)), 1);
    assert_int_equal(things(ost_lt(thing, u8, -1)), 0);
    assert_int_equal(things(ost_cmp_lt(ost_col(thing, i64), ost_lit(1e300))), 1);
    assert_int_equal(things(ost_cmp_lt(ost_col(thing, i64), ost_lit(UINT64_MAX))), 1);
    assert_int_equal(things(ost_lt(thing, u64, UINT64_MAX)), 1);
    assert_int_equal(things(ost_in(thing, i8, far, 3)), 1);
    assert_int_equal(things(ost_not_in(thing, i8, far, 2)), 1);
}

static void constant_against_a_float_is_rounded_to_float(void)
{
    add_thing((thing){ .f = 0.1f, .wild = 0.1 });
    assert_int_equal(things(ost_eq(thing, f, 0.1)), 1);
    assert_int_equal(things(ost_le(thing, f, 0.1)), 1);
    assert_int_equal(things(ost_lt(thing, f, 0.1)), 0);
    assert_int_equal(things(ost_eq(thing, wild, 0.1)), 1);
    assert_int_equal(things(ost_eq(thing, wild, (double)0.1f)), 0);
}

static void decimals_are_exact_at_their_scale(void)
{
    ost_decimal a, b, sum;
    ost_value total;
    assert_true(ost_decimal_parse("999999999999999999999999.000001", &a));
    assert_true(ost_decimal_parse("0.1", &b));
    assert_true(ost_decimal_parse("999999999999999999999999.100001", &sum));
    int64_t id = add_thing((thing){ .huge = a, .price = ost_decimal_of(10, 2) });
    thing *found = ost_get(s, thing, id);
    assert_non_null(found);
    assert_int_equal(ost_decimal_compare(found->huge, a), 0);
    assert_int_equal(found->huge.scale, 6);
    assert_int_equal(things(ost_eq(thing, price, b)), 1);
    assert_int_equal(things(ost_cmp_lt(ost_col(thing, price), ost_lit(ost_decimal_of(1001, 4)))),
                     1);
    add_thing((thing){ .huge = b });
    OK(ost_value_of(ost_from(s, thing), ost_sum(ost_col(thing, huge)), &total));
    assert_int_equal(ost_decimal_compare(total.as.decimal, sum), 0);
}

static void fm33_decimal_that_would_be_rounded_is_refused(void)
{
    thing given = { .name = "", .price = ost_decimal_of(1005, 3) };
    ost_status status = ost_insert(s, thing, &given);
    assert_true(status == OST_RANGE || status == OST_INVALID);
    assert_string_equal(ost_session_error(s)->model, "thing");
    assert_int_equal(given.id, 0);
    assert_int_equal(things(ost_ge(thing, id, 0)), 0);
}

static void double_arithmetic_is_ieee(void)
{
    ost_value total;
    thing *found;
    int64_t id = add_thing((thing){ .wild = -0.0, .amount = 0.1 });
    found = ost_get(s, thing, id);
    assert_non_null(found);
    assert_false(signbit(found->wild)); /* -0.0 is written as 0.0 */
    add_thing((thing){ .wild = 1e300, .amount = 0.2 });
    assert_int_equal(things(ost_eq(thing, wild, 0)), 1);
    assert_int_equal(things(ost_lt(thing, wild, INFINITY)), 2);
    assert_int_equal(things(ost_gt(thing, wild, INFINITY)), 0);
    assert_int_equal(things(ost_eq(thing, wild, -INFINITY)), 0);
    OK(ost_value_of(ost_from(s, thing), ost_sum(ost_col(thing, amount)), &total));
    assert_true(total.as.real == 0.1 + 0.2);
}

static void infinities_are_numbers(void)
{
    thing up = { .name = "", .wild = INFINITY, .f = -INFINITY };
    if (refused(ost_insert(s, thing, &up), OST_RANGE))
        return;
    assert_int_equal(things(ost_eq(thing, wild, INFINITY)), 1);
    assert_int_equal(things(ost_gt(thing, wild, 1e308)), 1);
    assert_int_equal(things(ost_lt(thing, f, -1e30)), 1);
}

/* ---- aggregates ---- */

static void count_counts_rows_or_present_values(void)
{
    ost_value rows, present, distinct;
    add_maybe(null);
    add_maybe(one);
    add_maybe(one);
    OK(ost_value_of(ost_from(s, maybe), ost_count(), &rows));
    OK(ost_value_of(ost_from(s, maybe), ost_count_present(ost_col(maybe, i32)), &present));
    OK(ost_value_of(ost_from(s, maybe), ost_count_distinct(ost_col(maybe, i32)), &distinct));
    assert_int_equal(rows.as.integer, 3);
    assert_int_equal(present.as.integer, 2);
    assert_int_equal(distinct.as.integer, 1);
}

static void sum_of_integers_is_exact(void)
{
    ost_value sum;
    add_thing((thing){ .i64 = INT64_MAX - 1 });
    add_thing((thing){ .i64 = 3 });
    add_thing((thing){ .i64 = -2 });
    OK(ost_value_of(ost_from(s, thing), ost_sum(ost_col(thing, i64)), &sum));
    assert_int_equal(sum.type, OST_TYPE_INT64);
    assert_true(sum.as.integer == INT64_MAX);
}

static void sum_beyond_int64_needs_a_decimal(void)
{
    ost_value sum;
    ost_decimal expected;
    facts *row;
    ost_query *q = ost_from(s, thing);
    add_thing((thing){ .i64 = INT64_MAX });
    add_thing((thing){ .i64 = INT64_MAX });
    OK(ost_begin(s, NULL));
    FAILS("OST_RANGE", ost_value_of(q, ost_sum(ost_col(thing, i64)), &sum));
    OK(ost_rollback(s));
    ost_select(q, ost_as(facts, exact, ost_sum(ost_col(thing, i64))));
    row = ost_one(q, facts);
    assert_non_null(row);
    assert_true(ost_decimal_parse("18446744073709551614", &expected));
    assert_int_equal(ost_decimal_compare(row->exact.value, expected), 0);
}

static void average_of_integers_is_double(void)
{
    ost_value average;
    add_maybe(one);
    add_maybe(two);
    add_maybe(null);
    OK(ost_value_of(ost_from(s, maybe), ost_avg(ost_col(maybe, i32)), &average));
    assert_int_equal(average.type, OST_TYPE_DOUBLE);
    assert_true(average.as.real == 1.5);
}

static ost_decimal average_price(void)
{
    ost_value average;
    OK(ost_value_of(ost_from(s, thing), ost_avg(ost_col(thing, price)), &average));
    assert_int_equal(average.type, OST_TYPE_DECIMAL);
    assert_int_equal(average.as.decimal.scale, 8);
    return average.as.decimal;
}

static void average_of_decimals_has_six_more_digits_half_to_even(void)
{
    add_thing((thing){ .price = ost_decimal_of(100, 2) });
    add_thing((thing){ .price = ost_decimal_of(100, 2) });
    add_thing((thing){ .price = ost_decimal_of(0, 2) });
    assert_int_equal(ost_decimal_compare(average_price(), ost_decimal_of(66666667, 8)), 0);
    /* 128 rows: 0.01 / 128 = 0.000078125, whose ninth digit is a half: to the even neighbour. */
    for (int i = 3; i < 128; i++)
        add_thing((thing){ .price = ost_decimal_of(i == 3 ? -199 : 0, 2) });
    assert_int_equal(ost_decimal_compare(average_price(), ost_decimal_of(7812, 8)), 0);
}

static void aggregates_over_nothing_are_null_in_one_row(void)
{
    size_t count;
    facts *rows;
    ost_query *q = ost_from(s, thing);
    ost_select(q, ost_as(facts, rows, ost_count()),
               ost_as(facts, whole, ost_sum(ost_col(thing, i32))),
               ost_as(facts, real, ost_avg(ost_col(thing, i32))),
               ost_as(facts, text, ost_min(ost_col(thing, note))),
               ost_as(facts, at, ost_max(ost_col(thing, at))));
    rows = ost_all(q, facts, &count);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].rows, 0);
    assert_false(rows[0].whole.present);
    assert_false(rows[0].real.present);
    assert_null(rows[0].text);
    assert_false(rows[0].at.present);
}

static void groups_compare_like_equality_and_null_is_a_group(void)
{
    size_t count;
    facts *rows;
    ost_query *q = ost_from(s, thing);
    add_note("a");
    add_note("A");
    add_note("a ");
    add_note("a");
    add_note(NULL);
    add_note(NULL);
    ost_group_by(q, ost_col(thing, note));
    ost_select(q, ost_as(facts, text, ost_col(thing, note)), ost_as(facts, rows, ost_count()));
    ost_order_by(q, ost_asc(facts, text));
    rows = ost_all(q, facts, &count);
    assert_int_equal(count, 4);
    assert_null(rows[0].text);
    assert_int_equal(rows[0].rows, 2);
    assert_string_equal(rows[1].text, "A");
    assert_int_equal(rows[1].rows, 1);
    assert_string_equal(rows[2].text, "a");
    assert_int_equal(rows[2].rows, 2);
    assert_string_equal(rows[3].text, "a ");
}

static void exists_and_count_see_distinct_rows(void)
{
    int64_t count;
    bool exists;
    ost_query *q = ost_from(s, thing);
    add_note("a");
    add_note("a");
    ost_select(q, ost_as(facts, text, ost_col(thing, note)));
    ost_distinct(q);
    OK(ost_count_of(q, &count));
    assert_int_equal(count, 1);
    ost_offset(q, 1);
    OK(ost_count_of(q, &count));
    assert_int_equal(count, 0);
    OK(ost_exists(q, &exists));
    assert_false(exists);
}

static const test_case numbers_group_cases[] = {
    CASE(fraction_against_an_integer, "a fraction against an integer compares exactly"),
    CASE(value_out_of_a_members_range,
         "a constant out of the range of its member compares exactly"),
    CASE(constant_against_a_float_is_rounded_to_float,
         "a constant against a float is rounded to float"),
    CASE(decimals_are_exact_at_their_scale, "decimals are exact at their scale"),
    CASE(fm33_decimal_that_would_be_rounded_is_refused,
         "a decimal that would be rounded is refused"),
    CASE(double_arithmetic_is_ieee, "sums of doubles are IEEE, and infinite constants compare"),
    CASE(infinities_are_numbers, "infinities are stored and compare"),
};
GROUP(numbers_group, "Numbers");

static const test_case aggregates_group_cases[] = {
    CASE(count_counts_rows_or_present_values,
         "count counts rows, present values, or different ones"),
    CASE(sum_of_integers_is_exact, "a sum of integers is exact"),
    CASE(sum_beyond_int64_needs_a_decimal,
         "a sum beyond int64 needs a decimal, else it is out of range"),
    CASE(average_of_integers_is_double, "an average of integers is a double"),
    CASE(average_of_decimals_has_six_more_digits_half_to_even,
         "an average of decimals has six more digits, half to even"),
    CASE(aggregates_over_nothing_are_null_in_one_row,
         "aggregates over nothing are NULL, in one row"),
    CASE(groups_compare_like_equality_and_null_is_a_group,
         "groups compare like equality, and NULL is a group"),
    CASE(exists_and_count_see_distinct_rows,
         "exists and count see distinct rows, limits and offsets"),
};
GROUP(aggregates_group, "Aggregates");
