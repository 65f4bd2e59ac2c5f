/* SPDX-License-Identifier: MIT */
#include "conformance.h"

#include <string.h>

/* ---- updates and deletes of many ---- */

static void matched_counts_rows_that_met_the_condition(void)
{
    int64_t matched = -1;
    ost_query *q = ost_from(s, maybe);
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

static void increment_of_null_stays_null(void)
{
    ost_query *q = ost_from(s, maybe);
    add_maybe(null);
    add_maybe(one);
    ost_everything(q);
    OK(ost_update(q, NULL, ost_inc(maybe, i32, 5)));
    assert_int_equal(maybes(ost_is_null(maybe, i32)), 1);
    assert_int_equal(maybes(ost_eq(maybe, i32, 6)), 1);
}

static void increment_beyond_the_member_is_range(void)
{
    ost_query *q = ost_from(s, thing);
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

static void several_changes_to_one_member_are_misuse(void)
{
    ost_query *q = ost_from(s, maybe);
    add_maybe(one);
    ost_everything(q);
    FAILS("OST_MISUSE", ost_update(q, NULL, ost_set(maybe, i32, 2), ost_inc(maybe, i32, 1)));
    assert_int_equal(maybes(ost_eq(maybe, i32, 1)), 1);
}

static void changes_see_the_values_from_before(void)
{
    int64_t matched = -1;
    ost_query *q = ost_from(s, maybe);
    OK(ost_insert(s, maybe, &(maybe){ .i32 = OST_SOME(1), .i64 = OST_SOME(10) }));
    OK(ost_insert(s, maybe, &(maybe){ .i32 = OST_SOME(2), .i64 = OST_SOME(20) }));
    ost_where(q, ost_lt(maybe, i32, 2));
    OK(ost_update(q, &matched, ost_inc(maybe, i32, 1), ost_inc(maybe, i64, 1)));
    assert_int_equal(matched, 1); /* the row that became 2 and the row that was 2 are told apart */
    assert_int_equal(maybes(ost_eq(maybe, i64, 11)), 1);
    assert_int_equal(maybes(ost_eq(maybe, i64, 20)), 1);
}

static int64_t number_of(int64_t id)
{
    maybe *found = ost_get(s, maybe, id);
    assert_non_null(found);
    OK(ost_reload(s, maybe, found));
    return found->i32.present ? found->i32.value : -1;
}

static void update_one_changes_exactly_one(void)
{
    ost_query *q = ost_from(s, maybe);
    add_maybe(one);
    add_maybe(two);
    add_maybe(two);
    ost_where(q, ost_eq(maybe, i32, 1));
    OK(ost_update_one(q, ost_set(maybe, i64, 5)));
    assert_int_equal(maybes(ost_eq(maybe, i64, 5)), 1);
    OK(ost_update_one(q, ost_set(maybe, i64, 5))); /* found, although nothing changes */
    ost_where(q, ost_eq(maybe, i32, 2));
    FAILS("OST_NOT_FOUND", ost_update_one(q, ost_set(maybe, i64, 6)));
    q = ost_from(s, maybe);
    ost_where(q, ost_eq(maybe, i32, 2));
    FAILS("OST_RANGE", ost_update_one(q, ost_set(maybe, i64, 6)));
    assert_int_equal(maybes(ost_eq(maybe, i64, 6)), 0);
}

static void an_update_without_a_condition_is_meant(void)
{
    int64_t matched;
    ost_query *q = ost_from(s, maybe);
    add_maybe(one);
    add_maybe(null);
    FAILS("OST_MISUSE", ost_update(q, NULL, ost_set(maybe, i32, 2)));
    FAILS("OST_MISUSE", ost_delete_all(q, NULL));
    assert_int_equal(maybes(ost_eq(maybe, i32, 2)), 0);
    ost_everything(q);
    OK(ost_update(q, &matched, ost_set(maybe, i32, 2)));
    assert_int_equal(matched, 2);
}

static void deletes_count_what_they_met(void)
{
    int64_t deleted;
    ost_query *q = ost_from(s, maybe);
    add_maybe(one);
    add_maybe(two);
    add_maybe(null);
    ost_where(q, ost_ge(maybe, i32, 1));
    OK(ost_delete_all(q, &deleted));
    assert_int_equal(deleted, 2);
    OK(ost_delete_all(q, &deleted));
    assert_int_equal(deleted, 0);
    assert_int_equal(maybes(ost_is_null(maybe, i32)), 1);
}

static void conditions_of_every_sort_choose(void)
{
    const int list[] = { 1, 2 };
    int64_t matched;
    ost_query *q = ost_from(s, thing);
    add_thing((thing){ .name = "Ada", .i32 = 1, .i64 = 1 });
    add_thing((thing){ .name = "Bob", .i32 = 2, .i64 = 9 });
    add_thing((thing){ .name = "ADA", .i32 = 3, .i64 = 3 });
    ost_where(q, ost_either(ost_has_text(thing, name, "ada"), ost_in(thing, i32, list, 2)));
    ost_where(q, ost_not(ost_cmp_lt(ost_col(thing, i32), ost_col(thing, i64))));
    OK(ost_update(q, &matched, ost_set(thing, note, "met"), ost_inc(thing, i64, 10)));
    assert_int_equal(matched, 2);
    assert_int_equal(things(ost_both(ost_eq(thing, note, "met"), ost_gt(thing, i64, 10))), 2);
    ost_query *met = ost_from(s, thing);
    ost_where(met, ost_in(thing, i32, list, 2));
    ost_where(met, ost_starts_with(thing, name, "b"));
    OK(ost_delete_all(met, &matched));
    assert_int_equal(matched, 1);
}

static void an_update_of_a_unique_member_to_itself(void)
{
    int64_t matched;
    ost_query *q = ost_from(s, account);
    OK(ost_insert(s, account, &(account){ .id = 1, .email = "a", .badge = OST_SOME(1) }));
    OK(ost_insert(s, account, &(account){ .id = 2, .email = "b", .badge = OST_SOME(2) }));
    ost_where(q, ost_eq(account, id, 1));
    OK(ost_update(q, &matched, ost_set(account, email, "a"), ost_set(account, badge, 1)));
    assert_int_equal(matched, 1);
    OK(ost_update(q, &matched, ost_set(account, email, "c")));
    FAILS("OST_CONFLICT", ost_update(q, &matched, ost_set(account, email, "b")));
}

/* ---- limited ---- */

static ost_query *numbered(int least)
{
    ost_query *q = ost_from(s, maybe);
    ost_where(q, ost_ge(maybe, i32, least));
    return q;
}

static void add_numbers(int count)
{
    maybe many[20] = { { .id = 0 } };
    for (int i = 0; i < count; i++)
        many[i].i32 = (ost_opt_int){ true, i + 1 };
    OK(ost_insert_many(s, maybe, many, (size_t)count));
}

static void a_limited_update_meets_the_first_of_the_order(void)
{
    int64_t matched;
    ost_query *q = numbered(3);
    add_numbers(9);
    ost_order_by(q, ost_desc(maybe, i32));
    ost_limit(q, 2);
    OK(ost_update(q, &matched, ost_set(maybe, i64, 1)));
    assert_int_equal(matched, 2);
    assert_int_equal(maybes(ost_both(ost_eq(maybe, i64, 1), ost_ge(maybe, i32, 8))), 2);
    ost_offset(q, 3);
    OK(ost_update(q, &matched, ost_set(maybe, i64, 2)));
    assert_int_equal(matched, 2);
    assert_int_equal(maybes(ost_both(ost_eq(maybe, i64, 2), ost_between(maybe, i32, 5, 6))), 2);
    ost_limit(q, 0);
    OK(ost_update(q, &matched, ost_set(maybe, i64, 3)));
    assert_int_equal(matched, 0);
    assert_int_equal(maybes(ost_eq(maybe, i64, 3)), 0);
}

static void a_limited_update_may_change_its_own_order(void)
{
    int64_t matched;
    ost_query *q = numbered(1);
    add_numbers(6);
    ost_order_by(q, ost_asc(maybe, i32));
    ost_limit(q, 3);
    OK(ost_update(q, &matched, ost_inc(maybe, i32, 100)));
    assert_int_equal(matched, 3);
    assert_int_equal(maybes(ost_between(maybe, i32, 101, 103)), 3);
    assert_int_equal(maybes(ost_between(maybe, i32, 4, 6)), 3);
}

static void a_limited_delete_meets_the_first_of_the_order(void)
{
    int64_t deleted;
    ost_query *q = numbered(1);
    add_numbers(9);
    ost_order_by(q, ost_desc(maybe, i32));
    ost_limit(q, 3);
    OK(ost_delete_all(q, &deleted));
    assert_int_equal(deleted, 3);
    assert_int_equal(maybes(ost_le(maybe, i32, 6)), 6);
    ost_query *rest = ost_from(s, maybe);
    ost_everything(rest);
    ost_order_by(rest, ost_asc(maybe, i32));
    ost_offset(rest, 2);
    OK(ost_delete_all(rest, &deleted));
    assert_int_equal(deleted, 4);
    assert_int_equal(maybes(ost_le(maybe, i32, 2)), 2);
}

static void limits_work_on_keys_of_two_members(void)
{
    int64_t matched;
    ost_query *q = ost_from(s, seat);
    for (int i = 0; i < 6; i++)
        OK(ost_insert(s, seat, &(seat){ .row = i / 3, .letter = { (char)('a' + i % 3) } }));
    ost_everything(q);
    ost_limit(q, 4);
    OK(ost_update(q, &matched, ost_set(seat, note, "met")));
    assert_int_equal(matched, 4);
    ost_query *met = ost_from(s, seat);
    ost_where(met, ost_eq(seat, note, "met"));
    ost_offset(met, 1);
    OK(ost_delete_all(met, &matched));
    assert_int_equal(matched, 3);
    assert_non_null(ost_find(s, seat, ost_eq(seat, row, 0), ost_eq(seat, letter, "a"),
                             ost_eq(seat, note, "met")));
}

static void an_update_keeps_what_it_does_not_name(void)
{
    maybe given = { .i32 = OST_SOME(1), .i64 = OST_SOME(7) };
    ost_query *q = numbered(1);
    OK(ost_insert(s, maybe, &given));
    OK(ost_update(q, NULL, ost_inc(maybe, i32, 4)));
    assert_int_equal(number_of(given.id), 5);
    assert_int_equal(ost_get(s, maybe, given.id)->i64.value, 7);
}

static const test_case updates_group_cases[] = {
    CASE(matched_counts_rows_that_met_the_condition,
         "an update says how many records met its condition, changed or not"),
    CASE(increment_of_null_stays_null, "an increment of NULL stays NULL"),
    CASE(increment_beyond_the_member_is_range,
         "an increment beyond the member is out of range, and changes nothing"),
    CASE(several_changes_to_one_member_are_misuse, "several changes to one member are refused"),
    CASE(changes_see_the_values_from_before, "all changes of an update see the values from before"),
    CASE(an_update_keeps_what_it_does_not_name, "an update keeps what it does not name"),
    CASE(update_one_changes_exactly_one, "`update_one` changes exactly one record, or none"),
    CASE(an_update_without_a_condition_is_meant, "an update or delete of everything must be meant"),
    CASE(deletes_count_what_they_met, "a delete says how many records it met"),
    CASE(conditions_of_every_sort_choose,
         "lists, searches and other members choose what is changed"),
    CASE(an_update_of_a_unique_member_to_itself, "a unique member may be set to what it is"),
    CASE(a_limited_update_meets_the_first_of_the_order,
         "a limited update meets the first of its order"),
    CASE(a_limited_update_may_change_its_own_order,
         "a limited update may change what it is ordered by"),
    CASE(a_limited_delete_meets_the_first_of_the_order,
         "a limited delete meets the first of its order"),
    CASE(limits_work_on_keys_of_two_members,
         "limited updates and deletes work on keys of two members"),
};
GROUP(updates_group, "Updates and deletes of many");
