/* SPDX-License-Identifier: MIT */
/* Queries: what is asked for, how it is cut, counted, grouped and streamed. */
#include "conformance.h"

#include <string.h>

/* Things 1 … count by i32, named "n1" …, in three groups by i16. */
static void add_things(int count)
{
    static char names[400][8];
    static thing many[400];
    memset(many, 0, sizeof many);
    assert_true(count <= 400);
    for (int i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof names[i], "n%d", i + 1);
        many[i] = (thing){ .name = names[i], .i32 = i + 1, .i16 = (short)(i % 3) };
    }
    OK(ost_insert_many(s, thing, many, (size_t)count));
}

static ost_query *by_number(void)
{
    ost_query *q = ost_from(s, thing);
    ost_order_by(q, ost_asc(thing, i32));
    return q;
}

static void no_rows_are_an_array_of_none(void)
{
    size_t count = 7;
    ost_query *q = ost_from(s, thing);
    assert_non_null(ost_all(q, thing, &count));
    assert_int_equal(count, 0);
}

static void conditions_add_up(void)
{
    size_t count;
    ost_query *q = by_number();
    add_things(10);
    ost_where(q, ost_gt(thing, i32, 2));
    ost_where(q, ost_between(thing, i32, 1, 5));
    ost_where(q, ost_either(ost_eq(thing, i32, 3), ost_eq(thing, name, "n5")));
    thing *rows = ost_all(q, thing, &count);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].name, "n3");
    assert_string_equal(rows[1].name, "n5");
}

static void conditions_may_be_deep(void)
{
    const ost_expr *e = ost_eq(thing, i32, 3);
    add_things(5);
    for (int i = 0; i < 15; i++) {
        e = ost_keep(
            s, ost_either(ost_both(e, ost_ne(thing, i32, 100 + i)), ost_eq(thing, i32, -i - 1)));
        e = ost_keep(s, ost_not(ost_not(e)));
    }
    assert_int_equal(things(e), 1);
}

static void first_is_the_first_of_the_order(void)
{
    thing *row;
    ost_query *q = ost_from(s, thing);
    add_things(7);
    ost_order_by(q, ost_desc(thing, i16));
    ost_order_by(q, ost_asc(thing, i32));
    row = ost_first(q, thing);
    assert_non_null(row);
    assert_int_equal(row->i32, 3);
    ost_where(q, ost_gt(thing, i32, 100));
    assert_null(ost_first(q, thing));
    assert_int_equal(ost_session_error(s)->status, OST_NOT_FOUND);
}

static void one_is_exactly_one(void)
{
    ost_query *q = ost_from(s, thing);
    add_things(3);
    assert_null(ost_one(q, thing));
    assert_int_equal(ost_session_error(s)->status, OST_RANGE);
    ost_where(q, ost_eq(thing, name, "n2"));
    thing *row = ost_one(q, thing);
    assert_non_null(row);
    assert_int_equal(row->i32, 2);
    ost_where(q, ost_eq(thing, i32, 3));
    assert_null(ost_one(q, thing));
    assert_int_equal(ost_session_error(s)->status, OST_NOT_FOUND);
}

static void find_takes_conditions(void)
{
    add_things(3);
    thing *row = ost_find(s, thing, ost_eq(thing, i32, 2), ost_eq(thing, name, "n2"));
    assert_non_null(row);
    assert_int_equal(row->i32, 2);
    assert_null(ost_find(s, thing, ost_eq(thing, i32, 2), ost_eq(thing, name, "n3")));
    assert_int_equal(ost_session_error(s)->status, OST_NOT_FOUND);
    assert_null(ost_find(s, thing, ost_ge(thing, i32, 2)));
    assert_int_equal(ost_session_error(s)->status, OST_RANGE);
}

static void check_cut(int64_t limit, int64_t offset, int first, size_t expected)
{
    size_t count;
    int64_t counted;
    bool exists;
    ost_query *q = by_number();
    if (limit >= 0)
        ost_limit(q, (size_t)limit);
    if (offset >= 0)
        ost_offset(q, (size_t)offset);
    thing *rows = ost_all(q, thing, &count);
    assert_non_null(rows);
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(rows[i].i32, first + (int)i);
    OK(ost_count_of(q, &counted));
    assert_int_equal(counted, expected);
    OK(ost_exists(q, &exists));
    assert_int_equal(exists, expected > 0);
}

static void limits_and_offsets_cut(void)
{
    add_things(10);
    check_cut(3, -1, 1, 3);
    check_cut(3, 0, 1, 3);
    check_cut(3, 4, 5, 3);
    check_cut(100, 8, 9, 2);
    check_cut(-1, 6, 7, 4);
    check_cut(-1, 10, 1, 0);
    check_cut(-1, 1000, 1, 0);
    check_cut(0, -1, 1, 0);
    check_cut(0, 3, 1, 0);
    check_cut(10, -1, 1, 10);
    check_cut(INT64_MAX, -1, 1, 10);
    check_cut(INT64_MAX, 9, 10, 1);
}

static void pages_know_the_total(void)
{
    size_t count;
    ost_page about;
    add_things(7);
    assert_non_null(ost_paginate(by_number(), thing, 3, 3, &count, &about));
    assert_int_equal(count, 1);
    assert_int_equal(about.total, 7);
    assert_int_equal(about.pages, 3);
    assert_false(about.has_next);
    assert_true(about.has_previous);
    assert_non_null(ost_paginate(by_number(), thing, 4, 3, &count, &about));
    assert_int_equal(count, 0);
    assert_int_equal(about.total, 7);
    ost_query *q = by_number();
    ost_where(q, ost_lt(thing, i32, 0));
    assert_non_null(ost_paginate(q, thing, 1, 3, &count, &about));
    assert_int_equal(count, 0);
    assert_int_equal(about.total, 0);
    assert_int_equal(about.pages, 0);
}

static void names_from_outside_order(void)
{
    size_t count;
    ost_query *q = ost_from(s, thing);
    add_things(4);
    assert_false(ost_order_by_name(q, "i32; DROP TABLE things", "asc"));
    assert_false(ost_order_by_name(q, "i32", "downwards"));
    assert_true(ost_order_by_name(q, "i16", NULL));
    assert_true(ost_order_by_name(q, "i32", "desc"));
    thing *rows = ost_all(q, thing, &count);
    assert_int_equal(count, 4);
    assert_int_equal(rows[0].i32, 4);
    assert_int_equal(rows[1].i32, 1);
    assert_int_equal(rows[3].i32, 3);
}

static void a_query_runs_as_often_as_wanted(void)
{
    int64_t counted;
    size_t count;
    ost_query *q = by_number();
    add_things(3);
    OK(ost_count_of(q, &counted));
    assert_int_equal(counted, 3);
    ost_where(q, ost_gt(thing, i32, 1));
    assert_non_null(ost_all(q, thing, &count));
    assert_int_equal(count, 2);
    add_things(3);
    OK(ost_count_of(q, &counted));
    assert_int_equal(counted, 4);
}

static void a_part_of_a_record_leaves_the_rest_zero(void)
{
    size_t count;
    ost_query *q = by_number();
    add_things(2);
    ost_select(q, ost_as(thing, id, ost_col(thing, id)), ost_as(thing, name, ost_col(thing, name)));
    thing *rows = ost_all(q, thing, &count);
    assert_int_equal(count, 2);
    assert_true(rows[0].id > 0);
    assert_string_equal(rows[1].name, "n2");
    assert_int_equal(rows[1].i32, 0);
}

/* ---- groups ---- */

static void groups_by_two_members(void)
{
    size_t count;
    ost_query *q = ost_from(s, thing);
    add_things(9);
    add_things(3);
    ost_group_by(q, ost_col(thing, i16));
    ost_group_by(q, ost_col(thing, flag));
    ost_select(q, ost_as(facts, whole, ost_col(thing, i16)), ost_as(facts, rows, ost_count()),
               ost_as(facts, whole2, ost_sum(ost_col(thing, i32))));
    ost_order_by(q, ost_desc_of(ost_sum(ost_col(thing, i32))));
    facts *rows = ost_all(q, facts, &count);
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].whole.value, 2);
    assert_int_equal(rows[0].rows, 4);
    assert_int_equal(rows[0].whole2.value, 3 + 6 + 9 + 3);
    assert_int_equal(rows[2].whole2.value, 1 + 4 + 7 + 1);
}

static void having_chooses_among_groups(void)
{
    size_t count;
    int64_t counted;
    ost_query *q = ost_from(s, thing);
    add_things(10);
    ost_group_by(q, ost_col(thing, i16));
    ost_having(q, ost_cmp_gt(ost_count(), ost_lit(3)));
    ost_having(q, ost_not(ost_cmp_gt(ost_max(ost_col(thing, i32)), ost_lit(10))));
    ost_select(q, ost_as(facts, whole, ost_col(thing, i16)),
               ost_as(facts, real, ost_avg(ost_col(thing, i32))));
    facts *rows = ost_all(q, facts, &count);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].whole.value, 0);
    assert_true(rows[0].real.value == 5.5);
    OK(ost_count_of(q, &counted));
    assert_int_equal(counted, 1);
}

static void distinct_rows_come_once(void)
{
    size_t count;
    ost_query *q = ost_from(s, thing);
    add_things(8);
    ost_select(q, ost_as(facts, whole, ost_col(thing, i16)));
    ost_distinct(q);
    ost_order_by(q, ost_desc(facts, whole));
    ost_limit(q, 2);
    facts *rows = ost_all(q, facts, &count);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].whole.value, 2);
    assert_int_equal(rows[1].whole.value, 1);
}

static void groups_are_ordered_by_what_is_selected(void)
{
    size_t count;
    ost_query *q = ost_from(s, thing);
    add_things(7);
    ost_group_by(q, ost_col(thing, i16));
    ost_select(q, ost_as(facts, whole, ost_col(thing, i16)), ost_as(facts, rows, ost_count()));
    ost_order_by(q, ost_desc(facts, rows));
    ost_order_by(q, ost_desc(facts, whole));
    facts *rows = ost_all(q, facts, &count);
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].whole.value, 0);
    assert_int_equal(rows[1].whole.value, 2);
    assert_int_equal(rows[2].whole.value, 1);
}

/* ---- streams ---- */

static void read_stream(size_t batch, int count)
{
    int seen = 0;
    ost_cursor *c = ost_stream(by_number(), batch);
    for (thing *row; (row = ost_next(c, thing)) != NULL; seen++)
        assert_int_equal(row->i32, seen + 1);
    OK(ost_cursor_close(c));
    assert_int_equal(seen, count);
}

static void streams_in_portions_of_any_size(void)
{
    add_things(300);
    read_stream(1, 300);
    read_stream(7, 300);
    read_stream(100, 300);
    read_stream(300, 300);
    read_stream(1000, 300);
    read_stream(0, 300);
}

static void a_stream_may_stop_early(void)
{
    add_things(300);
    for (int stop = 0; stop < 3; stop++) {
        ost_cursor *c = ost_stream(by_number(), 10);
        for (int i = 0; i < stop * 15; i++)
            assert_non_null(ost_next(c, thing));
        OK(ost_cursor_close(c));
        assert_int_equal(things(ost_ge(thing, i32, 0)), 300);
    }
}

static void statements_run_beside_a_stream(void)
{
    int seen = 0;
    ost_cursor *c;
    add_things(30);
    c = ost_stream(by_number(), 4);
    for (thing *row; (row = ost_next(c, thing)) != NULL; seen++) {
        assert_int_equal(row->i32, seen + 1);
        assert_int_equal(things(ost_le(thing, i32, row->i32)), seen + 1);
        if (seen % 10 == 0)
            add_maybe((ost_opt_int){ true, seen });
    }
    OK(ost_cursor_close(c));
    assert_int_equal(seen, 30);
    assert_int_equal(maybes(ost_not_null(maybe, i32)), 3);
}

static void two_streams_take_turns(void)
{
    ost_query *down = ost_from(s, thing);
    ost_cursor *a, *b;
    add_things(20);
    ost_order_by(down, ost_desc(thing, i32));
    a = ost_stream(by_number(), 3);
    b = ost_stream(down, 5);
    for (int i = 0; i < 20; i++) {
        thing *x = ost_next(a, thing), *y;
        assert_non_null(x);
        assert_int_equal(x->i32, i + 1);
        y = ost_next(b, thing);
        assert_non_null(y);
        assert_int_equal(y->i32, 20 - i);
    }
    assert_null(ost_next(a, thing));
    OK(ost_cursor_close(a));
    assert_null(ost_next(b, thing));
    OK(ost_cursor_close(b));
}

static void a_stream_needs_no_transaction(void)
{
    add_things(50);
    read_stream(8, 50);
    ost_cursor *c = ost_stream(by_number(), 8);
    for (int i = 0; i < 20; i++)
        assert_non_null(ost_next(c, thing));
    OK(ost_cursor_close(c));
    assert_int_equal(things(ost_ge(thing, i32, 0)), 50);
}

static const test_case queries_group_cases[] = {
    CASE(no_rows_are_an_array_of_none, "no rows are an array of none"),
    CASE(conditions_add_up, "several conditions must all hold"),
    CASE(conditions_may_be_deep, "conditions may be nested 60 levels deep"),
    CASE(first_is_the_first_of_the_order, "`first` is the first of the order, or not found"),
    CASE(one_is_exactly_one, "`one` is exactly one row"),
    CASE(find_takes_conditions, "`find` is the only record that meets all conditions"),
    CASE(limits_and_offsets_cut, "limits and offsets cut, each without the other too, and count "
                                 "and exists see them"),
    CASE(pages_know_the_total, "a page knows the total, also behind the last one"),
    CASE(names_from_outside_order, "names from outside order only by declared members"),
    CASE(a_query_runs_as_often_as_wanted, "a query runs as often as wanted"),
    CASE(a_part_of_a_record_leaves_the_rest_zero, "members that were not selected are zero"),
    CASE(groups_by_two_members, "groups by several members, ordered by an aggregate"),
    CASE(having_chooses_among_groups, "having chooses among groups, and count counts those"),
    CASE(distinct_rows_come_once, "distinct rows come once, ordered and limited"),
    CASE(groups_are_ordered_by_what_is_selected, "groups are ordered by members of the result"),
    CASE(streams_in_portions_of_any_size, "a stream gives all rows, in portions of any size"),
    CASE(a_stream_may_stop_early, "a stream may stop early, and the session goes on"),
    CASE(statements_run_beside_a_stream, "other statements run while a stream is open"),
    CASE(two_streams_take_turns, "two streams may be open at a time"),
    CASE_ALONE(a_stream_needs_no_transaction, "a stream needs no transaction"),
};
GROUP(queries_group, "Queries");
