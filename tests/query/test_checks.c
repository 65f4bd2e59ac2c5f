/* SPDX-License-Identifier: MIT */
/* What a query refuses: each mistake has a sentence, sticks to its query, and nothing is sent. */
#include "query_rig.h"

#include <math.h>

/* ---- running what is wrong ---- */

static void expect_error(const char *status, const char *sentence)
{
    const ost_error *e = ost_session_error(session);
    assert_string_equal(ost_status_name((ost_status)e->status), status);
    if (!strstr(e->message, sentence))
        fail_msg("the message is '%s', not '…%s…'", e->message, sentence);
    assert_null(strchr(e->message, '\n'));
    assert_int_equal(e->nothing_sent, 1);
    /* It says where to look, but for a copy that was made before there was a query. */
    assert_true(e->model[0] || strcmp(status, "OST_MISUSE") != 0 ||
                strstr(e->message, "expression is needed") || strstr(e->message, "was given to"));
}

/* A mistake that the query tells, whatever is asked of it. */
static void refused_as(const char *status, ost_query *q, const char *sentence)
{
    size_t count = 9;
    int64_t n;
    bool any;
    assert_null(ost_all(q, sample, &count));
    assert_int_equal(count, 0);
    expect_error(status, sentence);
    assert_null(ost_first(q, sample));
    expect_error(status, sentence);
    FAILS(status, ost_count_of(q, &n));
    FAILS(status, ost_exists(q, &any));
    FAILS(status, ost_delete_all(q, &n));
    expect_error(status, sentence);
    assert_null(ost_render(q));
    expect_error(status, sentence);
    ost_cursor *c = ost_stream(q, 0);
    assert_null(ost_next(c, sample));
    FAILS(status, ost_cursor_close(c));
    expect_error(status, sentence);
}

static void refused(ost_query *q, const char *sentence)
{
    refused_as("OST_MISUSE", q, sentence);
}

static ost_query *from(void)
{
    return ost_from(session, sample);
}

static ost_query *where(const ost_expr *condition)
{
    ost_query *q = from();
    ost_where(q, condition);
    /* A right condition afterwards does not mend it. */
    ost_where(q, ost_eq(sample, i32, 1));
    return q;
}

static ost_query *selected(const ost_expr *column)
{
    ost_query *q = from();
    ost_select(q, column);
    return q;
}

static ost_query *ordered(const ost_expr *key)
{
    ost_query *q = from();
    ost_order_by(q, key);
    return q;
}

/* A mistake that shows only when the whole is seen: asked for as `tally`. */
static void tally_refused(ost_query *q, const char *sentence)
{
    size_t count;
    assert_null(ost_all(q, tally, &count));
    expect_error("OST_MISUSE", sentence);
}

/* ---- conditions ---- */

static void conditions_on_what_is_not_there(void **state)
{
    const ost_member gone = { .path = "gone", .offset = 0, .size = 8, .type = OST_TYPE_INT64 };
    const ost_member moved = { .path = "i32", .offset = 4, .size = 4, .type = OST_TYPE_INT32 };
    (void)state;
    refused(where(ost_eq(other, text, "a")),
            "a condition on other.text was given to a query over sample");
    refused(where(OST_EXPR(.op = OST_OP_EQ, .value = ost_val(1))), "names no model");
    refused(where(OST_EXPR(.op = OST_OP_EQ, .model = &sample_model, .member = gone)),
            "sample has no field gone");
    refused(where(OST_EXPR(.op = OST_OP_EQ, .model = &sample_model, .member = moved)),
            "or its struct has changed");
    refused(where(OST_EXPR(.op = OST_OP_EQ, .model = &sample_model)), "sample has no field (none)");
    refused(where(ost_eq(sample, maybe.value, 1)),
            "sample.maybe.value is inside one value: name maybe itself");
}

static void nothing_is_widened_by_a_null(void **state)
{
    static const char *const texts[] = { "a", NULL };
    const ost_opt_int absent = { .present = false };
    const ost_expr *good = ost_eq(sample, i32, 1);
    const ost_expr *const list[] = { good, NULL };
    (void)state;
    refused(where(NULL), "a NULL condition; leave it out");
    refused(where(ost_both(good, NULL)), "holds a NULL");
    refused(where(ost_either(good, NULL)), "holds a NULL");
    refused(where(ost_not(NULL)), "holds a NULL");
    refused(where(ost_both_list(session, list, 2)), "where an expression is needed");
    refused(where(ost_keep(session, NULL)), "where an expression is needed");
    refused(where(ost_eq(sample, text, (const char *)NULL)), "sample.text: a NULL or absent value");
    refused(where(ost_eq(sample, maybe, absent)), "sample.maybe: a NULL or absent value");
    refused(where(ost_has_text(sample, text, (const char *)NULL)), "a NULL or absent value");
    refused(where(ost_in(sample, text, texts, 2)),
            "sample.text: a list of a condition holds a NULL");
    refused(where(ost_in(sample, text, (const char *const *)NULL, 2)),
            "the list of a condition is NULL");
    refused(where(ost_cmp_eq(ost_col(sample, i32), NULL)), "neither is NULL");
    refused(where(OST_EXPR(.op = OST_OP_AND)), "or has no end");
    refused(where(OST_EXPR(.op = OST_OP_NOT,
                           .args = (const ost_expr *const[]){ good, good, &ost_expr_end })),
            "not takes one condition");
}

static void kinds_must_go_together(void **state)
{
    static const ost_json documents[] = { { "1" } };
    (void)state;
    refused(where(ost_cmp_eq(ost_col(sample, i32), ost_lit("a"))),
            "sample.i32: is compared with a value of another kind");
    refused(where(ost_cmp_eq(ost_col(sample, i32), ost_col(sample, text))),
            "compared with an expression of another kind");
    refused(where(ost_cmp_eq(ost_col(sample, flag), ost_col(sample, i32))), "of another kind");
    refused(where(ost_has_text(sample, i32, 1)),
            "sample.i32: a text condition needs a text member");
    refused(where(ost_starts_with(sample, mood, 1)), "a text condition needs a text member");
    refused(where(OST_EXPR(.op = OST_OP_HAS_TEXT, .model = &sample_model,
                           .member = OST_AT(sample, text), .value = ost_val(1))),
            "of another kind");
    refused(where(OST_EXPR(.op = OST_OP_IN, .model = &sample_model, .member = OST_AT(sample, i32),
                           .list = documents, .list_count = 1, .list_type = OST_TYPE_JSON,
                           .list_stride = sizeof documents[0])),
            "sample.i32: ");
    refused(where(OST_EXPR(.op = OST_OP_IN, .model = &sample_model, .member = OST_AT(sample, i32),
                           .list = documents, .list_count = 1, .list_type = OST_TYPE_INT64,
                           .list_stride = 1)),
            "kind that cannot be compared");
    refused_as("OST_RANGE", where(ost_eq(sample, exact, (double)NAN)), "NaN");
    refused_as("OST_RANGE", where(ost_eq(sample, text, "\xff")), "not UTF-8");
    refused_as("OST_RANGE", where(ost_lt(sample, mood, 7)), "a number without a name");
}

static void things_stand_where_they_belong(void **state)
{
    const ost_expr *good = ost_eq(sample, i32, 1);
    (void)state;
    refused(where(ost_col(sample, flag)), "where a condition is needed");
    refused(where(ost_lit(true)), "where a condition is needed");
    refused(where(ost_asc(sample, i32)), "where a condition is needed");
    refused(where(ost_set(sample, i32, 1)), "where a condition is needed");
    refused(where(ost_both(good, ost_count())), "where a condition is needed");
    refused(where(ost_cmp_eq(good, ost_lit(1))), "a condition stands where a value is needed");
    refused(where(ost_cmp_gt(ost_count(), ost_lit(1))),
            "where there are no groups; use ost_having");
    refused_as("OST_UNSUPPORTED", where(ost_matches(sample, text, "a")), "not built yet");
    refused_as("OST_UNSUPPORTED", ost_include(from(), sample, id), "cannot be included yet");
}

/* ---- orders and groups ---- */

static void orders_are_checked(void **state)
{
    ost_query *q;
    (void)state;
    refused(ordered(NULL), "ost_order_by takes ost_asc");
    refused(ordered(ost_col(sample, i32)), "ost_order_by takes ost_asc");
    refused(ordered(ost_asc_of(NULL)), "which is not NULL");
    refused(ordered(ost_asc(other, text)), "was given to a query over sample");
    refused(ordered(ost_desc_of(ost_eq(sample, i32, 1))), "where a value is needed");
    q = from();
    assert_false(ost_order_by_name(q, "id; DROP TABLE sample", "asc"));
    assert_false(ost_order_by_name(q, "hidden", "asc"));
    assert_false(ost_order_by_name(q, "i32", "descending"));
    assert_false(ost_order_by_name(q, "i32", ""));
    assert_false(ost_order_by_name(q, "", NULL));
    assert_false(ost_order_by_name(q, NULL, NULL));
    assert_false(ost_order_by_name(NULL, "i32", NULL));
    assert_true(ost_order_by_name(q, "i32", "desc"));
    int64_t n;
    OK(ost_count_of(q, &n));
}

static ost_query *grouped(void)
{
    ost_query *q = from();
    ost_group_by(q, ost_col(sample, i32));
    ost_select(q, ost_as(tally, i32, ost_col(sample, i32)), ost_as(tally, count, ost_count()));
    return q;
}

static void groups_are_checked(void **state)
{
    static const char neither[] = "neither grouped by nor inside an aggregate";
    ost_query *q = from();
    (void)state;
    ost_group_by(q, NULL);
    refused(q, "where an expression is needed");
    q = from();
    ost_group_by(q, ost_lit(1));
    refused(q, "is grouped by something that is no member");
    q = from();
    ost_group_by(q, ost_count());
    refused(q, "where there are no groups");
    q = grouped();
    ost_order_by(q, ost_asc(sample, text));
    tally_refused(q, neither);
    q = grouped();
    ost_having(q, ost_eq(sample, text, "a"));
    tally_refused(q, neither);
    q = grouped();
    ost_having(q, ost_eq(tally, count, 1));
    tally_refused(q, "was given to a query over sample");
    q = from();
    ost_select(q, ost_as(tally, i32, ost_col(sample, i32)), ost_as(tally, count, ost_count()));
    tally_refused(q, neither);
    q = from();
    ost_group_by(q, ost_col(sample, i32));
    assert_null(ost_all(q, sample, &(size_t){ 0 }));
    expect_error("OST_MISUSE", neither);
    q = from();
    ost_order_by(q, ost_desc_of(ost_count()));
    assert_null(ost_all(q, sample, &(size_t){ 0 }));
    expect_error("OST_MISUSE", "is ordered by an aggregate but has no groups");
    q = grouped();
    ost_order_by(q, ost_asc(tally, sum));
    tally_refused(q, "ordered by a member of a result into which nothing was selected");
    q = grouped();
    ost_order_by(q, ost_asc(second_tally, count));
    tally_refused(q, "ordered by a member of a result into which nothing was selected");
}

static void distinct_rows_are_checked(void **state)
{
    ost_query *q = selected(ost_as(tally, i32, ost_col(sample, i32)));
    (void)state;
    ost_distinct(q);
    ost_order_by(q, ost_asc(sample, text));
    tally_refused(q, "distinct rows are ordered by something that is not selected");
    q = selected(ost_as(tally, i32, ost_col(sample, i32)));
    ost_distinct(q);
    ost_order_by(q, ost_asc(sample, i32));
    assert_non_null(ost_all(q, tally, &(size_t){ 0 }));
}

static void selections_are_checked(void **state)
{
    const ost_expr *text = ost_col(sample, text);
    const ost_expr *const two[] = { text, text, &ost_expr_end }, *const none[] = { &ost_expr_end };
    const ost_expr *const absent[] = { NULL, &ost_expr_end };
    ost_query *q;
    (void)state;
    refused(selected(NULL), "ost_select was given a NULL, or nothing");
    refused(selected(text), "ost_select takes ost_as");
    refused(selected(ost_as(tally, i32, text)), "tally.i32 cannot hold what is selected into it");
    refused(selected(ost_as(tally, text, ost_count())), "tally.text cannot hold");
    refused(selected(ost_as(tally, count, ost_avg(ost_col(sample, i32)))),
            "tally.count cannot hold");
    refused(selected(ost_as(tally, sum, ost_sum(text))), "this aggregate needs a number");
    refused(selected(ost_as(tally, sum, ost_sum(ost_count()))), "where there are no groups");
    refused(selected(OST_EXPR(.op = OST_OP_AS, .model = &tally_model, .args = two)),
            "ost_select takes ost_as");
    refused(selected(OST_EXPR(.op = OST_OP_AS, .model = &tally_model, .args = two + 1)),
            "a member that is no field");
    const ost_expr empty = { .op = OST_OP_SUM, .struct_size = sizeof empty, .args = none };
    const ost_expr with_null = { .op = OST_OP_MAX,
                                 .struct_size = sizeof with_null,
                                 .args = absent };
    refused(selected(ost_as(tally, sum, &empty)), "an aggregate takes one expression");
    refused(selected(ost_as(tally, sum, &with_null)), "an aggregate takes one expression");
    q = from();
    ost_select(q, ost_as(tally, count, ost_count()), ost_as(second_tally, count, ost_count()));
    refused(q, "one selection fills members of two structs");
    q = from();
    ost_query_select(q, none);
    refused(q, "ost_select was given a NULL, or nothing");
    q = from();
    ost_query_select(q, NULL);
    refused(q, "ost_select was given a NULL, or nothing");
    q = from();
    ost_select(q, ost_as(tally, text, text), ost_as(tally, text, ost_col(sample, code)));
    tally_refused(q, "one member of the result is selected twice");
    q = selected(ost_as(tally, text, text));
    assert_null(ost_all(q, sample, &(size_t){ 0 }));
    expect_error("OST_MISUSE", "a query over sample yields tally, but is asked for sample");
    assert_null(ost_all(from(), tally, &(size_t){ 0 }));
    expect_error("OST_MISUSE", "use ost_select to fill another struct");
}

/* ---- writes, values, pages ---- */

static void writes_take_no_groups_and_columns(void **state)
{
    const ost_expr *column = ost_col(sample, i32);
    (void)state;
    for (int i = 0; i < 4; i++) {
        ost_query *q = from();
        ost_where(q, ost_eq(sample, i32, 1));
        switch (i) {
        case 0: ost_distinct(q); break;
        case 1: ost_group_by(q, column); break;
        case 2: ost_having(q, ost_cmp_gt(ost_count(), ost_lit(1))); break;
        default: ost_select(q, ost_as(tally, i32, column)); break;
        }
        int64_t n = 7;
        FAILS("OST_MISUSE", ost_delete_all(q, &n));
        expect_error("OST_MISUSE", "takes conditions, an order and limits only");
        assert_int_equal(n, 0);
        FAILS("OST_MISUSE", ost_update(q, &n, ost_set(sample, i32, 2)));
        expect_error("OST_MISUSE", "takes conditions, an order and limits only");
    }
}

static void limited_writes_are_ordered_by_what_a_record_has(void **state)
{
    (void)state;
    ost_query *q = from();
    ost_where(q, ost_eq(sample, i32, 1));
    ost_order_by(q, ost_desc_of(ost_count()));
    ost_limit(q, 1);
    FAILS("OST_MISUSE", ost_delete_all(q, NULL));
    expect_error("OST_MISUSE", "is ordered by an aggregate but has no groups");
    q = from();
    ost_where(q, ost_eq(sample, i32, 1));
    ost_order_by(q, ost_asc(tally, sum));
    ost_offset(q, 1);
    FAILS("OST_MISUSE", ost_delete_all(q, NULL));
    expect_error("OST_MISUSE", "into which nothing was selected");
    q = from();
    ost_limit(q, 1);
    FAILS("OST_MISUSE", ost_delete_all(q, NULL));
    expect_error("OST_MISUSE", "without a condition; call ost_everything");
}

static void locks_are_checked(void **state)
{
    const ost_expr *column = ost_col(sample, i32);
    int64_t n = 7;
    (void)state;
    /* The group's setup has begun a transaction. */
    ost_query *q = from();
    ost_lock(q, OST_LOCK_SHARE + 1);
    refused(q, "there is no such lock");
    for (int i = 0; i < 5; i++) {
        q = from();
        ost_lock(q, OST_LOCK_UPDATE);
        switch (i) {
        case 0: ost_select(q, ost_as(tally, count, ost_count())); break;
        case 1: ost_group_by(q, column); break;
        case 2: ost_having(q, ost_cmp_gt(ost_count(), ost_lit(1))); break;
        case 3: ost_distinct(q); break;
        default: break;
        }
        if (i > 0 && i < 4)
            ost_select(q, ost_as(tally, i32, column));
        if (i < 4)
            assert_null(ost_all(q, tally, &(size_t){ 0 }));
        else
            FAILS("OST_MISUSE", ost_count_of(q, &n));
        expect_error("OST_MISUSE", "rows are locked only where they are read as they are stored");
    }
    q = from();
    ost_lock(q, OST_LOCK_UPDATE);
    FAILS("OST_MISUSE", ost_exists(q, &(bool){ false }));
    assert_null(ost_paginate(q, sample, 1, 1, &(size_t){ 0 }, &(ost_page){ 0 }));
    expect_error("OST_MISUSE", "without groups, aggregates, distinct, count and pages");
    ost_value v;
    FAILS("OST_MISUSE", ost_value_of(q, ost_count(), &v));
    expect_error("OST_MISUSE", "without groups, aggregates, distinct, count and pages");
    ost_where(q, ost_eq(sample, i32, 1));
    FAILS("OST_MISUSE", ost_delete_all(q, &n));
    expect_error("OST_MISUSE", "leave out ost_lock");
}

static void writes_need_a_condition(void **state)
{
    const ost_expr *all = ost_both_list(session, NULL, 0), *good = ost_eq(sample, i32, 1);
    (void)state;
    add_sample("kept");
    /* None of these leaves out a single record by what it says. */
    const ost_expr *const widest[] = { all, ost_both(all, all), ost_either(good, all) };
    for (size_t i = 0; i <= 3; i++) {
        ost_query *q = from();
        if (i < 3)
            ost_where(q, widest[i]);
        FAILS("OST_MISUSE", ost_delete_all(q, NULL));
        expect_error("OST_MISUSE", "without a condition; call ost_everything");
        FAILS("OST_MISUSE", ost_update(q, NULL, ost_set(sample, i32, 2)));
    }
    assert_int_equal(samples(ost_eq(sample, text, "kept")), 1);
    ost_query *q = from();
    ost_where(q, ost_both(all, good));
    OK(ost_delete_all(q, NULL));
    assert_int_equal(samples(ost_eq(sample, text, "kept")), 1);
    q = from();
    ost_everything(q);
    OK(ost_delete_all(q, NULL));
    assert_int_equal(samples(ost_eq(sample, text, "kept")), 0);
}

static void values_and_pages_are_checked(void **state)
{
    ost_value v;
    ost_page about;
    size_t n;
    ost_query *q = from();
    (void)state;
    FAILS("OST_MISUSE", ost_value_of(q, ost_col(sample, i32), &v));
    expect_error("OST_MISUSE", "ost_value_of takes an aggregate");
    FAILS("OST_MISUSE", ost_value_of(q, NULL, &v));
    FAILS("OST_MISUSE", ost_value_of(q, ost_count(), NULL));
    ost_group_by(q, ost_col(sample, i32));
    FAILS("OST_MISUSE", ost_value_of(q, ost_count(), &v));
    expect_error("OST_MISUSE", "over a query without groups");
    FAILS("OST_MISUSE", ost_count_of(from(), NULL));
    q = from();
    assert_null(ost_paginate(q, sample, 0, 10, &n, &about));
    assert_int_equal(ost_session_error(session)->status, OST_MISUSE);
    assert_null(ost_paginate(q, sample, 1, 0, &n, &about));
    assert_null(ost_paginate(q, sample, SIZE_MAX, SIZE_MAX, &n, &about));
    ost_limit(q, 3);
    assert_null(ost_paginate(q, sample, 1, 10, &n, &about));
    assert_non_null(strstr(ost_session_error(session)->message, "has no limit of its own"));
    assert_int_equal(n, 0);
}

/* The first mistake is told, and the query's session is as good as before. */
static void the_first_mistake_sticks(void **state)
{
    ost_query *q = from();
    int64_t n;
    (void)state;
    ost_where(q, ost_cmp_eq(ost_col(sample, i32), ost_lit("a")));
    ost_order_by(q, NULL);
    ost_where(q, NULL);
    assert_false(ost_order_by_name(q, "i32", "asc"));
    refused(q, "sample.i32: is compared with a value of another kind");
    assert_string_equal(ost_session_error(session)->field, "i32");
    OK(ost_count_of(from(), &n));
    FAILS("OST_MISUSE", ost_count_of(NULL, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUERY_CASE(conditions_on_what_is_not_there),
        QUERY_CASE(nothing_is_widened_by_a_null),
        QUERY_CASE(kinds_must_go_together),
        QUERY_CASE(things_stand_where_they_belong),
        QUERY_CASE(orders_are_checked),
        QUERY_CASE(groups_are_checked),
        QUERY_CASE(distinct_rows_are_checked),
        QUERY_CASE(selections_are_checked),
        QUERY_CASE(writes_take_no_groups_and_columns),
        QUERY_CASE(limited_writes_are_ordered_by_what_a_record_has),
        QUERY_CASE(locks_are_checked),
        QUERY_CASE(writes_need_a_condition),
        QUERY_CASE(values_and_pages_are_checked),
        QUERY_CASE(the_first_mistake_sticks),
    };
    return cmocka_run_group_tests(tests, query_open, query_close);
}
