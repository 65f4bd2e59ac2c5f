/* SPDX-License-Identifier: MIT */
#include "conformance.h"

#include <stdlib.h>

/* ---- logic and absence ---- */

static void comparison_with_null_is_unknown(void)
{
    add_maybe(null);
    assert_int_equal(maybes(ost_eq(maybe, i32, 1)), 0);
    assert_int_equal(maybes(ost_ne(maybe, i32, 1)), 0);
    assert_int_equal(maybes(ost_lt(maybe, i32, 1)), 0);
    assert_int_equal(maybes(ost_ge(maybe, i32, 1)), 0);
    assert_int_equal(maybes(ost_cmp_eq(ost_col(maybe, i32), ost_col(maybe, i16))), 0);
    assert_int_equal(maybes(ost_is_null(maybe, i32)), 1);
    assert_int_equal(maybes(ost_not_null(maybe, i32)), 0);
}

static void not_of_unknown_is_unknown(void)
{
    add_maybe(null);
    add_maybe(one);
    assert_int_equal(maybes(ost_not(ost_eq(maybe, i32, 1))), 0);
    assert_int_equal(maybes(ost_not(ost_ne(maybe, i32, 1))), 1);
    assert_int_equal(maybes(ost_not(ost_not(ost_eq(maybe, i32, 1)))), 1);
    assert_int_equal(maybes(ost_not(ost_is_null(maybe, i32))), 1);
}

static void row_counts_only_if_true(void)
{
    add_maybe(null);
    assert_int_equal(maybes(ost_either(ost_eq(maybe, i32, 1), ost_is_null(maybe, i32))), 1);
    assert_int_equal(maybes(ost_either(ost_eq(maybe, i32, 1), ost_ne(maybe, i32, 1))), 0);
    assert_int_equal(maybes(ost_both(ost_eq(maybe, i32, 1), ost_is_null(maybe, i32))), 0);
    /* Unknown and false is false, so that its opposite is true. */
    assert_int_equal(maybes(ost_not(ost_both(ost_eq(maybe, i32, 1), ost_not_null(maybe, i32)))), 1);
}

static void absent_is_null_and_read_as_absent(void)
{
    maybe given = { .i32 = OST_SOME(0), .flag = OST_SOME(false) }, *found;
    OK(ost_insert(s, maybe, &given));
    found = ost_get(s, maybe, given.id);
    assert_non_null(found);
    assert_true(found->i32.present && found->i32.value == 0);
    assert_true(found->flag.present && !found->flag.value);
    assert_false(found->i64.present);
    assert_false(found->at.present);
    assert_false(found->vast.present);
    assert_int_equal(maybes(ost_is_null(maybe, i64)), 1);
    assert_int_equal(maybes(ost_is_null(maybe, i32)), 0);
}

static void empty_is_not_null(void)
{
    thing given = { .name = "", .note = "", .data = { "", 0 } }, *found;
    OK(ost_insert(s, thing, &given));
    found = ost_get(s, thing, given.id);
    assert_non_null(found);
    assert_string_equal(found->note, "");
    assert_non_null(found->data.data);
    assert_int_equal(found->data.size, 0);
    add_note(NULL);
    assert_int_equal(things(ost_is_null(thing, note)), 1);
    assert_int_equal(things(ost_eq(thing, note, "")), 1);
    assert_int_equal(things(ost_is_null(thing, data)), 1);
}

static void null_for_a_member_that_cannot_hold_it_is_range(void)
{
    narrow *row;
    ost_query *q = ost_from(s, thing);
    add_note(NULL);
    ost_select(q, ost_as(narrow, text, ost_col(thing, note)));
    row = ost_one(q, narrow);
    assert_null(row);
    assert_int_equal(ost_session_error(s)->status, OST_RANGE);
    assert_string_equal(ost_session_error(s)->field, "text");
    q = ost_from(s, maybe);
    add_maybe(null);
    ost_select(q, ost_as(narrow, number, ost_col(maybe, i32)));
    row = ost_one(q, narrow);
    assert_null(row);
    assert_int_equal(ost_session_error(s)->status, OST_RANGE);
    assert_string_equal(ost_session_error(s)->field, "number");
}

/* ---- lists ---- */

static void in_an_empty_list_is_false_and_not_in_it_true(void)
{
    const int none[1] = { 0 };
    add_maybe(null);
    add_maybe(one);
    assert_int_equal(maybes(ost_in(maybe, i32, none, 0)), 0);
    assert_int_equal(maybes(ost_not_in(maybe, i32, none, 0)), 2);
}

static void null_in_a_list_is_misuse(void)
{
    const char *const notes[] = { "a", NULL };
    const ost_opt_int numbers[] = { OST_SOME(1), { .present = false } };
    int64_t count;
    ost_query *q = ost_from(s, thing);
    ost_where(q, ost_in(thing, note, notes, 2));
    FAILS("OST_MISUSE", ost_count_of(q, &count));
    q = ost_from(s, maybe);
    ost_where(q, ost_in(maybe, i32, numbers, 2));
    FAILS("OST_MISUSE", ost_count_of(q, &count));
}

static void lists_may_hold_optionals(void)
{
    const ost_opt_int numbers[] = { OST_SOME(1), OST_SOME(7) };
    add_maybe(null);
    add_maybe(one);
    add_maybe(two);
    assert_int_equal(maybes(ost_in(maybe, i32, numbers, 2)), 1);
    assert_int_equal(maybes(ost_not_in(maybe, i32, numbers, 2)), 1);
}

static void lists_of_any_length_work(void)
{
    enum { MOST = 1000000 };
    static const size_t lengths[] = { 1, 2, 32765, 32766, 32767, 250000, MOST };
    int *list = calloc(MOST, sizeof *list);
    assert_non_null(list);
    for (int i = 0; i < MOST; i++)
        list[i] = i + 2;
    list[0] = 1;
    add_maybe(one);
    add_maybe(null);
    add_maybe((ost_opt_int)OST_SOME(-5));
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_int_equal(maybes(ost_in(maybe, i32, list, lengths[i])), 1);
        assert_int_equal(maybes(ost_not_in(maybe, i32, list, lengths[i])), 1);
    }
    free(list);
}

static const test_case logic_group_cases[] = {
    CASE(comparison_with_null_is_unknown, "a comparison with NULL is unknown"),
    CASE(not_of_unknown_is_unknown, "`not` of unknown is unknown"),
    CASE(row_counts_only_if_true, "a row counts only if its condition is true"),
    CASE(absent_is_null_and_read_as_absent, "absent is stored as NULL and read as absent"),
    CASE(empty_is_not_null, "an empty text or blob is not NULL"),
    CASE(null_for_a_member_that_cannot_hold_it_is_range,
         "NULL for a member that cannot hold it is refused, with its name"),
};
GROUP(logic_group, "Logic and absence");

static const test_case lists_group_cases[] = {
    CASE(in_an_empty_list_is_false_and_not_in_it_true,
         "in an empty list is false, not in it is true, also for NULL"),
    CASE(null_in_a_list_is_misuse, "NULL in a list is refused"),
    CASE(lists_may_hold_optionals, "a list may hold optionals that are present"),
    CASE(lists_of_any_length_work, "a list may have a million items"),
};
GROUP(lists_group, "Lists");
