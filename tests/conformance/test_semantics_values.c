/* SPDX-License-Identifier: MIT */
/* SEMANTICS.md, second part: numbers, aggregates, updates, and the order of the other kinds. */
#include "semantics.h"

#include <math.h>
#include <string.h>

/* ---- numbers ---- */

static void fraction_against_an_integer(void **state)
{
    (void)state;
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

static void value_out_of_a_members_range(void **state)
{
    const int64_t far[] = { 300, -300, 7 };
    (void)state;
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

static void constant_against_a_float_is_rounded_to_float(void **state)
{
    (void)state;
    add_thing((thing){ .f = 0.1f, .wild = 0.1 });
    assert_int_equal(things(ost_eq(thing, f, 0.1)), 1);
    assert_int_equal(things(ost_le(thing, f, 0.1)), 1);
    assert_int_equal(things(ost_lt(thing, f, 0.1)), 0);
    assert_int_equal(things(ost_eq(thing, wild, 0.1)), 1);
    assert_int_equal(things(ost_eq(thing, wild, (double)0.1f)), 0);
}

static void decimals_are_exact_at_their_scale(void **state)
{
    ost_decimal a, b, sum;
    ost_value total;
    (void)state;
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

static void fm33_decimal_that_would_be_rounded_is_refused(void **state)
{
    thing given = { .name = "", .price = ost_decimal_of(1005, 3) };
    (void)state;
    ost_status status = ost_insert(s, thing, &given);
    assert_true(status == OST_RANGE || status == OST_INVALID);
    assert_string_equal(ost_session_error(s)->model, "thing");
    assert_int_equal(given.id, 0);
    assert_int_equal(things(ost_ge(thing, id, 0)), 0);
}

static void double_arithmetic_is_ieee(void **state)
{
    ost_value total;
    thing *found;
    int64_t id = add_thing((thing){ .wild = -0.0, .amount = 0.1 });
    (void)state;
    found = ost_get(s, thing, id);
    assert_non_null(found);
    assert_false(signbit(found->wild)); /* -0.0 is written as 0.0 */
    add_thing((thing){ .wild = INFINITY, .amount = 0.2 });
    assert_int_equal(things(ost_eq(thing, wild, INFINITY)), 1);
    assert_int_equal(things(ost_eq(thing, wild, 0)), 1);
    OK(ost_value_of(ost_from(s, thing), ost_sum(ost_col(thing, amount)), &total));
    assert_true(total.as.real == 0.1 + 0.2);
}

/* ---- aggregates ---- */

static void count_counts_rows_or_present_values(void **state)
{
    ost_value rows, present, distinct;
    (void)state;
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

static void sum_of_integers_is_exact(void **state)
{
    ost_value sum;
    (void)state;
    add_thing((thing){ .i64 = INT64_MAX - 1 });
    add_thing((thing){ .i64 = 3 });
    add_thing((thing){ .i64 = -2 });
    OK(ost_value_of(ost_from(s, thing), ost_sum(ost_col(thing, i64)), &sum));
    assert_int_equal(sum.type, OST_TYPE_INT64);
    assert_true(sum.as.integer == INT64_MAX);
}

static void sum_beyond_int64_needs_a_decimal(void **state)
{
    ost_value sum;
    ost_decimal expected;
    facts *row;
    ost_query *q = ost_from(s, thing);
    (void)state;
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

static void average_of_integers_is_double(void **state)
{
    ost_value average;
    (void)state;
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

static void average_of_decimals_has_six_more_digits_half_to_even(void **state)
{
    (void)state;
    add_thing((thing){ .price = ost_decimal_of(100, 2) });
    add_thing((thing){ .price = ost_decimal_of(100, 2) });
    add_thing((thing){ .price = ost_decimal_of(0, 2) });
    assert_int_equal(ost_decimal_compare(average_price(), ost_decimal_of(66666667, 8)), 0);
    /* 128 rows: 0.01 / 128 = 0.000078125, whose ninth digit is a half: to the even neighbour. */
    for (int i = 3; i < 128; i++)
        add_thing((thing){ .price = ost_decimal_of(i == 3 ? -199 : 0, 2) });
    assert_int_equal(ost_decimal_compare(average_price(), ost_decimal_of(7812, 8)), 0);
}

static void aggregates_over_nothing_are_null_in_one_row(void **state)
{
    size_t count;
    facts *rows;
    ost_query *q = ost_from(s, thing);
    (void)state;
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

static void groups_compare_like_equality_and_null_is_a_group(void **state)
{
    size_t count;
    facts *rows;
    ost_query *q = ost_from(s, thing);
    (void)state;
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

static void exists_and_count_see_distinct_rows(void **state)
{
    int64_t count;
    bool exists;
    ost_query *q = ost_from(s, thing);
    (void)state;
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

/* ---- updates ---- */

static void matched_counts_rows_that_met_the_condition(void **state)
{
    int64_t matched = -1;
    ost_query *q = ost_from(s, maybe);
    (void)state;
    add_maybe(one);
    add_maybe(one);
    add_maybe(two);
    ost_where(q, ost_eq(maybe, i32, 1));
    OK(ost_update(q, &matched, ost_set(maybe, i32, 1))); /* changes nothing, but matches */
    assert_int_equal(matched, 2);
    OK(ost_update(q, &matched, ost_set(maybe, i32, 3)));
    assert_int_equal(matched, 2);
    OK(ost_update(q, &matched, ost_set(maybe, i32, 3)));
    assert_int_equal(matched, 0);
}

static void increment_of_null_stays_null(void **state)
{
    ost_query *q = ost_from(s, maybe);
    (void)state;
    add_maybe(null);
    add_maybe(one);
    ost_everything(q);
    OK(ost_update(q, NULL, ost_inc(maybe, i32, 5)));
    assert_int_equal(maybes(ost_is_null(maybe, i32)), 1);
    assert_int_equal(maybes(ost_eq(maybe, i32, 6)), 1);
}

static void increment_beyond_the_member_is_range(void **state)
{
    ost_query *q = ost_from(s, thing);
    (void)state;
    add_thing((thing){ .i8 = 1 });
    add_thing((thing){ .i8 = 127 });
    ost_everything(q);
    OK(ost_begin(s, NULL));
    FAILS("OST_RANGE", ost_update(q, NULL, ost_inc(thing, i8, 1)));
    OK(ost_rollback(s));
    assert_int_equal(things(ost_eq(thing, i8, 1)), 1);
    assert_int_equal(things(ost_eq(thing, i8, 127)), 1);
    OK(ost_update(q, NULL, ost_inc(thing, i8, -2)));
    assert_int_equal(things(ost_eq(thing, i8, -1)), 1);
    assert_int_equal(things(ost_eq(thing, i8, 125)), 1);
}

static void several_changes_to_one_member_are_misuse(void **state)
{
    ost_query *q = ost_from(s, maybe);
    (void)state;
    add_maybe(one);
    ost_everything(q);
    FAILS("OST_MISUSE", ost_update(q, NULL, ost_set(maybe, i32, 2), ost_inc(maybe, i32, 1)));
    assert_int_equal(maybes(ost_eq(maybe, i32, 1)), 1);
}

static void changes_see_the_values_from_before(void **state)
{
    int64_t matched = -1;
    ost_query *q = ost_from(s, maybe);
    (void)state;
    OK(ost_insert(s, maybe, &(maybe){ .i32 = OST_SOME(1), .i64 = OST_SOME(10) }));
    OK(ost_insert(s, maybe, &(maybe){ .i32 = OST_SOME(2), .i64 = OST_SOME(20) }));
    ost_where(q, ost_lt(maybe, i32, 2));
    OK(ost_update(q, &matched, ost_inc(maybe, i32, 1), ost_inc(maybe, i64, 1)));
    assert_int_equal(matched, 1); /* the row that became 2 and the row that was 2 are told apart */
    assert_int_equal(maybes(ost_eq(maybe, i64, 11)), 1);
    assert_int_equal(maybes(ost_eq(maybe, i64, 20)), 1);
}

/* ---- time, enumerations, booleans, bytes ---- */

static void instants_are_utc_and_exact(void **state)
{
    static const char *const given[] = { "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
                                         "2024-02-29T12:00:00.5+01:00", "9999-12-31T23:59:59Z" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        ost_time at;
        thing *found;
        int64_t id;
        assert_true(ost_time_parse(given[i], &at));
        id = add_thing((thing){ .at = at });
        found = ost_get(s, thing, id);
        assert_non_null(found);
        assert_int_equal(ost_time_compare(found->at, at), 0);
        assert_int_equal(things(ost_eq(thing, at, at)), 1);
    }
    assert_int_equal(things(ost_lt(thing, at, (ost_time){ 0 })), 2);
}

static void enumerations_order_by_name(void **state)
{
    static const mood expected[] = { MOOD_ANGRY, MOOD_BORED, MOOD_CALM, MOOD_HAPPY };
    size_t count;
    thing *rows;
    ost_value least;
    ost_query *q = ost_from(s, thing);
    (void)state;
    for (int i = 0; i < 4; i++)
        add_thing((thing){ .mood = (mood)i });
    ost_order_by(q, ost_asc(thing, mood));
    rows = ost_all(q, thing, &count);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(rows[i].mood, expected[i]);
    assert_int_equal(things(ost_lt(thing, mood, MOOD_CALM)), 2);
    assert_int_equal(things(ost_eq(thing, mood, MOOD_HAPPY)), 1);
    OK(ost_value_of(ost_from(s, thing), ost_min(ost_col(thing, mood)), &least));
    assert_int_equal(least.as.integer, MOOD_ANGRY);
}

static void booleans_order_false_before_true(void **state)
{
    size_t count;
    thing *rows;
    ost_query *q = ost_from(s, thing);
    (void)state;
    add_thing((thing){ .flag = true });
    add_thing((thing){ .flag = false });
    ost_order_by(q, ost_asc(thing, flag));
    rows = ost_all(q, thing, &count);
    assert_int_equal(count, 2);
    assert_false(rows[0].flag);
    assert_true(rows[1].flag);
    assert_int_equal(things(ost_lt(thing, flag, true)), 1);
    assert_int_equal(things(ost_eq(thing, flag, 1)), 1);
    assert_int_equal(things(ost_lt(thing, flag, 2)), 2);
}

static void uuids_object_ids_and_blobs_order_by_bytes(void **state)
{
    static const uint8_t bytes[] = { 0x00, 0x7f, 0x80, 0xff };
    size_t count;
    thing *rows;
    ost_query *q = ost_from(s, thing);
    (void)state;
    for (size_t i = 4; i > 0; i--) {
        thing t = { .data = { &bytes[i - 1], 1 } };
        t.uuid.bytes[0] = t.object.bytes[0] = bytes[i - 1];
        add_thing(t);
    }
    add_thing(
        (thing){ .data = { "\x7f\0", 2 }, .uuid = { { 0x7f, 1 } }, .object = { { 0x7f, 1 } } });
    ost_order_by(q, ost_asc(thing, data));
    rows = ost_all(q, thing, &count);
    assert_int_equal(count, 5);
    for (size_t i = 1; i < 5; i++) {
        assert_true(memcmp(rows[i - 1].uuid.bytes, rows[i].uuid.bytes, 16) < 0);
        assert_true(memcmp(rows[i - 1].object.bytes, rows[i].object.bytes, 12) < 0);
    }
    assert_int_equal(rows[2].data.size, 2);
    assert_int_equal(things(ost_lt(thing, uuid, (ost_uuid){ { 0x80 } })), 3);
    assert_int_equal(things(ost_ge(thing, object, (ost_object_id){ { 0x80 } })), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEMANTICS_CASE(fraction_against_an_integer),
        SEMANTICS_CASE(value_out_of_a_members_range),
        SEMANTICS_CASE(constant_against_a_float_is_rounded_to_float),
        SEMANTICS_CASE(decimals_are_exact_at_their_scale),
        SEMANTICS_CASE(fm33_decimal_that_would_be_rounded_is_refused),
        SEMANTICS_CASE(double_arithmetic_is_ieee),
        SEMANTICS_CASE(count_counts_rows_or_present_values),
        SEMANTICS_CASE(sum_of_integers_is_exact),
        SEMANTICS_CASE(sum_beyond_int64_needs_a_decimal),
        SEMANTICS_CASE(average_of_integers_is_double),
        SEMANTICS_CASE(average_of_decimals_has_six_more_digits_half_to_even),
        SEMANTICS_CASE(aggregates_over_nothing_are_null_in_one_row),
        SEMANTICS_CASE(groups_compare_like_equality_and_null_is_a_group),
        SEMANTICS_CASE(exists_and_count_see_distinct_rows),
        SEMANTICS_CASE(matched_counts_rows_that_met_the_condition),
        SEMANTICS_CASE(increment_of_null_stays_null),
        SEMANTICS_CASE(increment_beyond_the_member_is_range),
        SEMANTICS_CASE(several_changes_to_one_member_are_misuse),
        SEMANTICS_CASE(changes_see_the_values_from_before),
        SEMANTICS_CASE(instants_are_utc_and_exact),
        SEMANTICS_CASE(enumerations_order_by_name),
        SEMANTICS_CASE(booleans_order_false_before_true),
        SEMANTICS_CASE(uuids_object_ids_and_blobs_order_by_bytes),
    };
    return cmocka_run_group_tests(tests, semantics_open, semantics_close);
}
