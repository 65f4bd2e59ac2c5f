/* SPDX-License-Identifier: MIT */
/* Default scopes: what every query over a model gets, and the ways around it. */
#include "rig.h"

static const char *wall; /* that the scope shows; texts of a scope are copied like any others */
static int calls;

static void of_the_wall(ost_query *q)
{
    char copy[20];
    calls++;
    strcpy(copy, wall);
    ost_where(q, ost_eq(notice, wall, copy));
    ost_order_by(q, ost_desc(notice, urgency));
    memset(copy, '#', sizeof(copy) - 1);
}

static int64_t pin(rig *r, const char *on, const char *title, int urgency)
{
    notice n = { .wall = on, .title = title, .urgency = urgency };
    OK(ost_insert(r->s, notice, &n));
    return n.id;
}

static rig *start(void **state)
{
    notice_scope = of_the_wall;
    wall = "hall";
    return *state;
}

static int64_t count_of(rig *r, ost_query *q)
{
    int64_t n = -1;
    OK(ost_count_of(q, &n));
    return n;
}

static ost_query *unscoped(rig *r)
{
    ost_query *q = ost_from(r->s, notice);
    ost_unscoped(q);
    return q;
}

/* ---- reading ---- */

static void every_query_is_within_the_scope(void **state)
{
    rig *r = start(state);
    int64_t ids[] = { pin(r, "hall", "a", 1), pin(r, "hall", "b", 5), pin(r, "yard", "c", 9) };
    size_t rows;
    bool exists = true;
    ost_value v;
    ost_page page;
    notice *all = ost_all(ost_from(r->s, notice), notice, &rows);
    assert_int_equal(rows, 2);
    assert_string_equal(all[0].title, "b");
    assert_string_equal(all[1].title, "a");
    assert_int_equal(count_of(r, ost_from(r->s, notice)), 2);
    ost_query *q = ost_from(r->s, notice);
    ost_where(q, ost_eq(notice, title, "c"));
    OK(ost_exists(q, &exists));
    assert_false(exists);
    OK(ost_value_of(ost_from(r->s, notice), ost_max(ost_col(notice, urgency)), &v));
    assert_int_equal(v.as.integer, 5);
    NULLS(OST_NOT_FOUND, "no notice", ost_find(r->s, notice, ost_eq(notice, title, "c")));
    NULLS(OST_NOT_FOUND, "no notice", ost_get(r->s, notice, ids[2]));
    NULLS(OST_NOT_FOUND, "no notice", ost_get_with_deleted(r->s, notice, ids[2]));
    assert_string_equal(ost_get(r->s, notice, ids[0])->title, "a");
    all = ost_get_many(r->s, notice, ids, 3, &rows);
    assert_int_equal(rows, 2);
    assert_string_equal(all[0].title, "a");
    assert_string_equal(all[1].title, "b");
    all = ost_paginate(ost_from(r->s, notice), notice, 1, 1, &rows, &page);
    assert_int_equal(page.total, 2);
    assert_string_equal(all[0].title, "b");
    ost_cursor *c = ost_stream(ost_from(r->s, notice), 1);
    assert_string_equal(((notice *)ost_next(c, notice))->title, "b");
    assert_string_equal(((notice *)ost_next(c, notice))->title, "a");
    assert_null(ost_next(c, notice));
    OK(ost_cursor_close(c));
}

static void unscoped_goes_around_it(void **state)
{
    rig *r = start(state);
    int64_t id = pin(r, "yard", "c", 9);
    pin(r, "hall", "a", 1);
    assert_int_equal(count_of(r, unscoped(r)), 2);
    ost_query *q = ost_from(r->s, notice);
    ost_where(q, ost_eq(notice, id, id));
    assert_int_equal(count_of(r, q), 0);
    ost_unscoped(q);
    assert_string_equal(((notice *)ost_one(q, notice))->title, "c");
    ost_unscoped(NULL);
    ost_query *books = ost_from(r->s, book);
    ost_unscoped(books);
    assert_int_equal(count_of(r, books), 0);
}

static void the_querys_own_keys_order_first(void **state)
{
    rig *r = start(state);
    size_t rows;
    pin(r, "hall", "a", 1);
    pin(r, "hall", "b", 5);
    pin(r, "hall", "c", 5);
    ost_query *q = ost_from(r->s, notice);
    ost_order_by(q, ost_asc(notice, urgency));
    ost_order_by(q, ost_desc(notice, title));
    notice *all = ost_all(q, notice, &rows);
    assert_int_equal(rows, 3);
    assert_string_equal(all[0].title, "a");
    assert_string_equal(all[1].title, "c");
    assert_string_equal(((notice *)ost_first(ost_from(r->s, notice), notice))->title, "c");
}

/* There is no row whose urgency could order them. */
static void an_order_is_left_out_where_there_is_none(void **state)
{
    rig *r = start(state);
    size_t rows;
    pin(r, "hall", "a", 1);
    pin(r, "hall", "b", 1);
    ost_query *q = ost_from(r->s, notice);
    ost_group_by(q, ost_col(notice, urgency));
    ost_select(q, ost_as(year_count, year, ost_col(notice, urgency)),
               ost_as(year_count, books, ost_count()));
    year_count *c = ost_all(q, year_count, &rows);
    assert_non_null(c);
    assert_int_equal(rows, 1);
    assert_int_equal(c[0].books, 2);
    q = ost_from(r->s, notice);
    ost_select(q, ost_as(year_count, books, ost_count()));
    c = ost_all(q, year_count, &rows);
    assert_non_null(c);
    assert_int_equal(c[0].books, 2);
    q = ost_from(r->s, notice);
    ost_distinct(q);
    ost_select(q, ost_as(year_count, first, ost_col(notice, wall)));
    c = ost_all(q, year_count, &rows);
    assert_non_null(c);
    assert_int_equal(rows, 1);
    q = ost_from(r->s, notice);
    ost_select(q, ost_as(year_count, first, ost_col(notice, title)));
    ost_offset(q, 1);
    c = ost_all(q, year_count, &rows);
    assert_int_equal(rows, 1);
    assert_string_equal(c[0].first, "a");
}

static void it_is_asked_for_each_query(void **state)
{
    rig *r = start(state);
    int64_t hall = pin(r, "hall", "a", 1), yard = pin(r, "yard", "b", 1);
    ost_query *before = ost_from(r->s, notice);
    calls = 0;
    wall = "yard";
    assert_int_equal(ost_get(r->s, notice, yard)->id, yard);
    NULLS(OST_NOT_FOUND, "no notice", ost_get(r->s, notice, hall));
    assert_int_equal(calls, 2);
    size_t rows;
    notice *n = ost_all(ost_from(r->s, notice), notice, &rows);
    assert_int_equal(rows, 1);
    assert_int_equal(n[0].id, yard);
    /* Made when the hall was shown. */
    n = ost_all(before, notice, &rows);
    assert_int_equal(rows, 1);
    assert_int_equal(n[0].id, hall);
    assert_int_equal(calls, 3);
}

static void soft_deletes_are_another_matter(void **state)
{
    rig *r = start(state);
    pin(r, "yard", "a", 1);
    int64_t gone = pin(r, "hall", "b", 1);
    OK(ost_delete(r->s, notice, &(notice){ .id = gone }));
    assert_int_equal(count_of(r, ost_from(r->s, notice)), 0);
    assert_int_equal(count_of(r, unscoped(r)), 1);
    ost_query *q = ost_from(r->s, notice);
    ost_with_deleted(q);
    assert_int_equal(count_of(r, q), 1);
    ost_unscoped(q);
    assert_int_equal(count_of(r, q), 2);
    assert_string_equal(ost_get_with_deleted(r->s, notice, gone)->title, "b");
}

/* ---- writing ---- */

static void writes_by_query_are_within_the_scope(void **state)
{
    rig *r = start(state);
    int64_t n = -1;
    pin(r, "hall", "a", 1);
    pin(r, "hall", "b", 5);
    pin(r, "yard", "c", 9);
    ost_query *q = ost_from(r->s, notice);
    FAILS(OST_MISUSE, "without a condition", ost_update(q, &n, ost_set(notice, urgency, 0)));
    FAILS(OST_MISUSE, "without a condition", ost_delete_all(q, &n));
    ost_everything(q);
    OK(ost_update(q, &n, ost_inc(notice, urgency, 1)));
    assert_int_equal(n, 2);
    q = ost_from(r->s, notice);
    ost_where(q, ost_eq(notice, title, "c"));
    FAILS(OST_NOT_FOUND, "no notice", ost_update_one(q, ost_set(notice, urgency, 0)));
    OK(ost_delete_all(q, &n));
    assert_int_equal(n, 0);
    q = ost_from(r->s, notice);
    ost_everything(q);
    ost_limit(q, 1);
    OK(ost_delete_all(q, &n));
    assert_int_equal(n, 1);
    assert_string_equal(((notice *)ost_one(ost_from(r->s, notice), notice))->title, "a");
    q = ost_from(r->s, notice);
    ost_everything(q);
    OK(ost_restore_all(q, &n));
    assert_int_equal(n, 1);
    ost_with_deleted(q);
    OK(ost_purge_all(q, &n));
    assert_int_equal(n, 2);
    assert_int_equal(count_of(r, unscoped(r)), 1);
}

static void calls_on_a_record_go_around_it(void **state)
{
    rig *r = start(state);
    int64_t id = pin(r, "hall", "a", 1);
    notice *n = ost_get(r->s, notice, id);
    wall = "yard";
    n->urgency = 2;
    OK(ost_save(r->s, notice, n));
    OK(ost_reload(r->s, notice, n));
    assert_int_equal(n->urgency, 2);
    OK(ost_replace(r->s, notice, n));
    OK(ost_delete(r->s, notice, n));
    OK(ost_restore(r->s, notice, n));
    OK(ost_purge(r->s, notice, n));
    assert_int_equal(count_of(r, unscoped(r)), 0);
}

/* ---- what a scope may not do ---- */

static void limits(ost_query *q)
{
    ost_limit(q, 1);
}
static void offsets(ost_query *q)
{
    ost_offset(q, 1);
}
static void limits_per(ost_query *q)
{
    ost_limit_per(q, ost_col(notice, wall), 1);
}
static void selects(ost_query *q)
{
    ost_select(q, ost_as(year_count, books, ost_count()));
}
static void groups(ost_query *q)
{
    ost_group_by(q, ost_col(notice, wall));
}
static void has(ost_query *q)
{
    ost_having(q, ost_cmp_gt(ost_count(), ost_lit(1)));
}
static void differs(ost_query *q)
{
    ost_distinct(q);
}
static void locks(ost_query *q)
{
    ost_lock(q, OST_LOCK_UPDATE);
}
static void means_all(ost_query *q)
{
    ost_everything(q);
}
static void sees_all(ost_query *q)
{
    ost_with_deleted(q);
}
static void leaves(ost_query *q)
{
    ost_unscoped(q);
}
static void includes(ost_query *q)
{
    ost_query_include(q, &notice_model, NULL);
}

static void anything_else_is_misuse(void **state)
{
    rig *r = start(state);
    const struct {
        void (*scope)(ost_query *q);
        const char *call;
    } wrong[] = {
        { limits, "ost_limit is called in the default scope of notice" },
        { offsets, "ost_offset is called" },
        { limits_per, "ost_limit_per is called" },
        { selects, "ost_select is called" },
        { groups, "ost_group_by is called" },
        { has, "ost_having is called" },
        { differs, "ost_distinct is called" },
        { locks, "ost_lock is called" },
        { means_all, "ost_everything is called" },
        { sees_all, "ost_with_deleted is called" },
        { leaves, "ost_unscoped is called" },
        { includes, "ost_include is called" },
    };
    int64_t id = pin(r, "hall", "a", 1), n;
    size_t rows;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        notice_scope = wrong[i].scope;
        rig_forget(r);
        FAILS(OST_MISUSE, wrong[i].call, ost_count_of(ost_from(r->s, notice), &n));
        NULLS(OST_MISUSE, wrong[i].call, ost_get(r->s, notice, id));
        NULLS(OST_MISUSE, wrong[i].call, ost_get_many(r->s, notice, &id, 1, &rows));
        FAILS(OST_MISUSE, wrong[i].call, ost_count_of(unscoped(r), &n));
        assert_int_equal(rig_sent(r), 0);
        notice_scope = of_the_wall;
        assert_non_null(ost_get(r->s, notice, id));
    }
}

static ost_status inner;
static void asks(ost_query *q)
{
    int64_t n;
    ost_where(q, ost_gt(notice, urgency, 0));
    inner = ost_count_of(q, &n);
}
static void errs(ost_query *q)
{
    ost_where(q, ost_eq(book, year, 1));
}
static void gives_null(ost_query *q)
{
    ost_where(q, NULL);
}
static void adds_nothing(ost_query *q)
{
    (void)q;
}
static void orders_by_name(ost_query *q)
{
    assert_true(ost_order_by_name(q, "urgency", "desc"));
    assert_false(ost_order_by_name(q, "nothing", "desc"));
}

static void other_scopes(void **state)
{
    rig *r = start(state);
    int64_t n, id = pin(r, "hall", "a", 1);
    pin(r, "yard", "b", 2);
    notice_scope = asks;
    assert_int_equal(count_of(r, ost_from(r->s, notice)), 2);
    assert_int_equal(inner, OST_MISUSE);
    notice_scope = errs;
    FAILS(OST_MISUSE, "a condition on book.year", ost_count_of(ost_from(r->s, notice), &n));
    NULLS(OST_MISUSE, "a condition on book.year", ost_get(r->s, notice, id));
    notice_scope = gives_null;
    NULLS(OST_MISUSE, "a NULL condition", ost_get(r->s, notice, id));
    notice_scope = adds_nothing;
    assert_non_null(ost_get(r->s, notice, id));
    assert_int_equal(count_of(r, ost_from(r->s, notice)), 2);
    notice_scope = orders_by_name;
    assert_string_equal(((notice *)ost_first(ost_from(r->s, notice), notice))->title, "b");
}

/* The slots of queries that nobody sees are used again. */
static void gets_leave_no_queries_behind(void **state)
{
    rig *r = start(state);
    int64_t id = pin(r, "hall", "a", 1);
    OK(ost_session_clear(r->s));
    assert_non_null(ost_get(r->s, notice, id));
    OK(ost_session_clear(r->s));
    ost_mark mark = ost_session_mark(r->s);
    assert_non_null(ost_get(r->s, notice, id));
    OK(ost_session_release(r->s, mark));
    long long before = atomic_load(&r->live);
    for (int i = 0; i < 500; i++) {
        mark = ost_session_mark(r->s);
        assert_non_null(ost_get(r->s, notice, id));
        OK(ost_session_release(r->s, mark));
    }
    assert_int_equal(atomic_load(&r->live), before);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_ALL(every_query_is_within_the_scope),
        RIG_ALL(unscoped_goes_around_it),
        RIG_ALL(the_querys_own_keys_order_first),
        RIG_ALL(an_order_is_left_out_where_there_is_none),
        RIG_ALL(it_is_asked_for_each_query),
        RIG_ALL(soft_deletes_are_another_matter),
        RIG_ALL(writes_by_query_are_within_the_scope),
        RIG_ALL(calls_on_a_record_go_around_it),
        RIG_ALL(anything_else_is_misuse),
        RIG_ALL(other_scopes),
        RIG_ON(gets_leave_no_queries_behind, RIG_MEMORY),
    };
    return RIG_RUN(tests);
}
