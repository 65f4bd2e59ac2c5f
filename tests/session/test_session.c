/* SPDX-License-Identifier: MIT */
/* Sessions: options, memory, marks, handles, and what a missing session says. */
#include "rig.h"

#include <stdio.h>

/* ---- options ---- */

static void a_session_needs_a_database_and_sized_options(void **state)
{
    rig *r = *state;
    ost_session *s = r->s;
    ost_error e;
    assert_int_equal(ost_session_open(NULL, NULL, &s, &e), OST_MISUSE);
    assert_null(s);
    HAS(e.message, "ost_session_open needs an open database");
    assert_int_equal(ost_session_open(r->db, NULL, NULL, &e), OST_MISUSE);
    HAS(e.message, "a place for the session");
    const ost_session_options bare = { .read_only = true };
    s = r->s;
    assert_int_equal(ost_session_open(r->db, &bare, &s, &e), OST_MISUSE);
    assert_null(s);
    assert_string_equal(e.message, "the options' struct_size is 0; write them with OST_SESSION(…)");
    assert_int_equal(ost_session_open(r->db, &bare, &s, NULL), OST_MISUSE);
    ost_session_close(NULL);
}

/* A program built against a shorter struct. */
static void shorter_options_are_read_as_far_as_they_go(void **state)
{
    rig *r = *state;
    const ost_session_options o = { .struct_size = offsetof(ost_session_options, read_only),
                                    .read_only = true };
    ost_session *s = rig_session(r, &o);
    assert_int_equal(ost_insert(s, book, &(book){ .title = "x" }), OST_OK);
    ost_session_close(s);
}

static void a_missing_session_says_what_to_do(void **state)
{
    rig *r = *state;
    book b = { .title = "x" };
    int64_t n;
    bool any;
    ost_value v;
    HAS(ost_session_error(NULL)->message, "open one with ost_session_open");
    assert_int_equal(ost_session_error(NULL)->status, OST_MISUSE);
    assert_null(ost_new(NULL, book));
    assert_null(ost_get(NULL, book, 1));
    assert_null(ost_find(NULL, book, ost_eq(book, id, 1)));
    assert_int_equal(ost_insert(NULL, book, &b), OST_MISUSE);
    assert_int_equal(ost_insert_many(NULL, book, &b, 1), OST_MISUSE);
    assert_int_equal(ost_save(NULL, book, &b), OST_MISUSE);
    assert_int_equal(ost_replace(NULL, book, &b), OST_MISUSE);
    assert_int_equal(ost_reload(NULL, book, &b), OST_MISUSE);
    assert_int_equal(ost_delete(NULL, book, &b), OST_MISUSE);
    assert_int_equal(ost_begin(NULL, NULL), OST_MISUSE);
    assert_int_equal(ost_commit(NULL), OST_MISUSE);
    assert_int_equal(ost_rollback(NULL), OST_MISUSE);
    assert_int_equal(ost_transaction(NULL, NULL, NULL, NULL), OST_MISUSE);
    assert_int_equal(ost_session_clear(NULL), OST_MISUSE);
    assert_int_equal(ost_session_release(NULL, ost_session_mark(NULL)), OST_MISUSE);
    assert_int_equal(ost_fail(NULL, OST_INVALID, NULL, "no"), OST_MISUSE);
    assert_int_equal(ost_now(NULL).microseconds, 0);
    assert_null(ost_text(NULL, "x"));
    assert_null(ost_decimal_text(NULL, ost_decimal_of(1, 0)));
    assert_null(ost_to_json(NULL, book, &b));
    ost_query *q = ost_from(NULL, book);
    assert_non_null(q);
    ost_where(q, ost_eq(book, id, 1));
    ost_order_by(q, ost_asc(book, id));
    ost_limit(q, 1);
    assert_false(ost_order_by_name(q, "id", NULL));
    assert_null(ost_all(q, book, NULL));
    assert_null(ost_first(q, book));
    assert_null(ost_render(q));
    assert_int_equal(ost_count_of(q, &n), OST_MISUSE);
    assert_int_equal(ost_exists(q, &any), OST_MISUSE);
    assert_int_equal(ost_value_of(q, ost_count(), &v), OST_MISUSE);
    assert_int_equal(ost_update(q, &n, ost_set(book, stock, 1)), OST_MISUSE);
    assert_int_equal(ost_update_one(q, ost_set(book, stock, 1)), OST_MISUSE);
    assert_int_equal(ost_delete_all(q, &n), OST_MISUSE);
    ost_cursor *c = ost_stream(q, 0);
    assert_non_null(c);
    assert_null(ost_next(c, book));
    assert_int_equal(ost_cursor_close(c), OST_MISUSE);
    assert_int_equal(ost_cursor_close(NULL), OST_MISUSE);
    assert_null(ost_next(NULL, book));
    ost_where(NULL, ost_eq(book, id, 1));
    assert_null(ost_all(NULL, book, NULL));
    assert_int_equal(rig_books(r), 0);
}

/* ---- read-only ---- */

static void a_read_only_session_refuses_writes_and_tracks_nothing(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    ost_session *writer = r->s;
    r->s = rig_session(r, OST_SESSION(.read_only = true));
    book *b = ost_get(r->s, book, id);
    assert_non_null(b);
    b->stock = 9;
    FAILS(OST_MISUSE, "a read-only session tracks nothing", ost_save(r->s, book, b));
    rig_forget(r);
    FAILS(OST_MISUSE, "a write in a read-only session",
          ost_insert(r->s, book, &(book){ .title = "x" }));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    book many[2] = { { .title = "a" }, { .title = "b" } };
    FAILS(OST_MISUSE, "read-only session", ost_insert_many(r->s, book, many, 2));
    FAILS(OST_MISUSE, "read-only session", ost_replace(r->s, book, b));
    FAILS(OST_MISUSE, "read-only session", ost_delete(r->s, book, b));
    ost_query *q = ost_from(r->s, book);
    ost_everything(q);
    FAILS(OST_MISUSE, "read-only session", ost_update(q, NULL, ost_set(book, stock, 1)));
    FAILS(OST_MISUSE, "read-only session", ost_update_one(q, ost_set(book, stock, 1)));
    FAILS(OST_MISUSE, "read-only session", ost_delete_all(q, NULL));
    assert_int_equal(rig_sent(r), 0);
    OK(ost_begin(r->s, NULL));
    FAILS(OST_MISUSE, "read-only session", ost_insert(r->s, book, &(book){ .title = "x" }));
    assert_non_null(ost_get(r->s, book, id));
    OK(ost_commit(r->s));
    ost_session_close(r->s);
    r->s = writer;
    assert_int_equal(rig_books(r), 1);
}

/* ---- deadlines ---- */

/* A look through so many rows that a database has time to see its clock. */
static ost_query *a_long_look(rig *r)
{
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_has_text(book, title, "nothing of this kind"));
    return q;
}

static void a_session_has_a_deadline_of_its_own(void **state)
{
    rig *r = *state;
    enum { MANY = 1000 };
    static book many[MANY];
    int64_t n = -1;
    for (size_t i = 0; i < MANY; i++)
        many[i] = (book){ .title = "A title" };
    OK(ost_insert_many(r->s, book, many, MANY));
    ost_session *first = r->s;
    r->s = rig_session(r, OST_SESSION(.timeout_ms = 5000));
    OK(ost_count_of(a_long_look(r), &n));
    atomic_store(&r->step, INT64_C(6000000000));
    FAILS(OST_TIMEOUT, "deadline passed", ost_count_of(a_long_look(r), &n));
    atomic_store(&r->step, 0);
    OK(ost_count_of(a_long_look(r), &n));
    OK(ost_insert(r->s, book, &(book){ .title = "x" }));
    ost_session_close(r->s);
    r->s = rig_session(r, OST_SESSION(.timeout_ms = OST_NO_TIMEOUT));
    atomic_store(&r->step, INT64_C(60000000000));
    OK(ost_count_of(a_long_look(r), &n));
    atomic_store(&r->step, 0);
    ost_session_close(r->s);
    r->s = first;
}

/* ---- clear ---- */

static void handles_after_clear_are_misuse(void **state)
{
    rig *r = *state;
    int64_t n;
    bool any;
    ost_value v;
    rig_book(r, "Emma", 1815);
    ost_query *q = ost_from(r->s, book);
    assert_non_null(ost_all(q, book, NULL));
    ost_cursor *c = ost_stream(q, 0);
    OK(ost_cursor_close(c));
    OK(ost_session_clear(r->s));
    rig_forget(r);
    ost_where(q, ost_eq(book, id, 1));
    NULLS(OST_MISUSE, "a query is used after the session was cleared or released; build it anew",
          ost_all(q, book, NULL));
    NULLS(OST_MISUSE, "build it anew", ost_first(q, book));
    NULLS(OST_MISUSE, "build it anew", ost_one(q, book));
    NULLS(OST_MISUSE, "build it anew", ost_render(q));
    FAILS(OST_MISUSE, "build it anew", ost_count_of(q, &n));
    FAILS(OST_MISUSE, "build it anew", ost_exists(q, &any));
    FAILS(OST_MISUSE, "build it anew", ost_value_of(q, ost_count(), &v));
    FAILS(OST_MISUSE, "build it anew", ost_update(q, NULL, ost_set(book, stock, 1)));
    FAILS(OST_MISUSE, "build it anew", ost_update_one(q, ost_set(book, stock, 1)));
    FAILS(OST_MISUSE, "build it anew", ost_delete_all(q, NULL));
    ost_page page;
    NULLS(OST_MISUSE, "build it anew", ost_paginate(q, book, 1, 1, NULL, &page));
    ost_cursor *late = ost_stream(q, 0);
    assert_null(ost_next(late, book));
    FAILS(OST_MISUSE, "a query is streamed after", ost_cursor_close(late));
    FAILS(OST_MISUSE, "a cursor is closed twice, or after", ost_cursor_close(c));
    assert_null(ost_next(c, book));
    assert_int_equal(rig_sent(r), 0);
    /* The slots are used again; the old handles stay dead. */
    for (int i = 0; i < 9; i++) {
        assert_non_null(ost_first(ost_from(r->s, book), book));
        OK(ost_session_clear(r->s));
    }
    ost_query *fresh = ost_from(r->s, book);
    NULLS(OST_MISUSE, "build it anew", ost_all(q, book, NULL));
    assert_non_null(ost_all(fresh, book, NULL));
}

static void clear_is_refused_inside_a_transaction_and_under_a_cursor(void **state)
{
    rig *r = *state;
    book *b = ost_get(r->s, book, rig_book(r, "Emma", 1815));
    OK(ost_begin(r->s, NULL));
    FAILS(OST_MISUSE, "ost_session_clear inside a transaction", ost_session_clear(r->s));
    assert_string_equal(b->title, "Emma");
    OK(ost_rollback(r->s));
    ost_cursor *c = ost_stream(ost_from(r->s, book), 1);
    FAILS(OST_MISUSE, "while a cursor is open; close it first", ost_session_clear(r->s));
    assert_non_null(ost_next(c, book));
    FAILS(OST_MISUSE, "while a cursor is open", ost_session_clear(r->s));
    OK(ost_cursor_close(c));
    OK(ost_session_clear(r->s));
    assert_non_null(ost_get(r->s, book, 1));
}

static void a_record_of_before_the_clear_is_not_tracked(void **state)
{
    rig *r = *state;
    book *b = ost_get(r->s, book, rig_book(r, "Emma", 1815));
    OK(ost_session_clear(r->s));
    FAILS(OST_MISUSE, "was not loaded by the session", ost_save(r->s, book, b));
}

static void texts_live_as_long_as_the_session(void **state)
{
    rig *r = *state;
    char buffer[] = "text";
    ost_date day;
    const char *text = ost_text(r->s, buffer);
    buffer[0] = 'n';
    assert_string_equal(text, "text");
    assert_null(ost_text(r->s, NULL));
    assert_string_equal(ost_decimal_text(r->s, ost_decimal_of(-150, 2)), "-1.50");
    assert_string_equal(ost_time_text(r->s, (ost_time){ 0 }), "1970-01-01T00:00:00.000000Z");
    assert_true(ost_date_of(2024, 2, 29, &day));
    assert_string_equal(ost_date_text(r->s, day), "2024-02-29");
    int64_t now = ost_now(r->s).microseconds;
    rig_advance(r, 2000000000);
    assert_true(ost_now(r->s).microseconds >= now + 2000000);
}

/* ---- marks ---- */

static void a_released_mark_gives_back_what_came_since(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    book *old = ost_get(r->s, book, id);
    ost_query *before = ost_from(r->s, book);
    ost_mark mark = ost_session_mark(r->s);
    book *young = ost_get(r->s, book, id);
    ost_query *since = ost_from(r->s, book);
    OK(ost_session_release(r->s, mark));
    FAILS(OST_MISUSE, "was not loaded by the session", ost_save(r->s, book, young));
    NULLS(OST_MISUSE, "build it anew", ost_all(since, book, NULL));
    assert_non_null(ost_all(before, book, NULL));
    old->stock = 4;
    OK(ost_save(r->s, book, old));
}

static void an_older_record_saved_since_keeps_its_text(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    book *b = ost_get(r->s, book, id);
    book *fresh = ost_new(r->s, book);
    char buffer[32];
    for (int i = 0; i < 5; i++) {
        ost_mark mark = ost_session_mark(r->s);
        snprintf(buffer, sizeof buffer, "title %d", i);
        b->title = ost_text(r->s, buffer);
        b->cover = (ost_blob){ ost_text(r->s, buffer), strlen(buffer) };
        OK(ost_save(r->s, book, b));
        fresh->title = ost_text(r->s, buffer);
        OK(i == 0 ? ost_insert(r->s, book, fresh) : ost_save(r->s, book, fresh));
        OK(ost_session_release(r->s, mark));
        assert_non_null(ost_get(r->s, book, id));
        assert_string_equal(b->title, buffer);
        assert_memory_equal(b->cover.data, buffer, strlen(buffer));
        assert_string_equal(fresh->title, buffer);
        rig_forget(r);
        OK(ost_save(r->s, book, b));
        OK(ost_save(r->s, book, fresh));
        assert_int_equal(rig_sent(r), 0);
        assert_string_equal(rig_title(r, id), buffer);
    }
    ost_mark mark = ost_session_mark(r->s);
    OK(ost_replace(r->s, book, &(book){ .id = id, .title = "theirs" }));
    OK(ost_reload(r->s, book, b));
    OK(ost_session_release(r->s, mark));
    assert_non_null(ost_get(r->s, book, id));
    assert_string_equal(b->title, "theirs");
    b->stock = 3;
    OK(ost_save(r->s, book, b));
}

/* An order that was found after the mark lasts as long as the older records. */
static void a_sorted_older_array_survives_a_release(void **state)
{
    rig *r = *state;
    size_t count;
    rig_book(r, "b", 1);
    rig_book(r, "a", 2);
    book *all = ost_all(ost_from(r->s, book), book, &count);
    ost_mark mark = ost_session_mark(r->s);
    book swap = all[0];
    all[0] = all[1];
    all[1] = swap;
    all[0].stock = 7;
    OK(ost_save(r->s, book, &all[0]));
    OK(ost_session_release(r->s, mark));
    for (int i = 0; i < 20; i++)
        assert_non_null(ost_get(r->s, book, all[0].id));
    all[1].stock = 8;
    OK(ost_save(r->s, book, &all[1]));
    rig_forget(r);
    OK(ost_save(r->s, book, &all[0]));
    assert_int_equal(rig_sent(r), 0);
}

static void marks_are_used_once_and_in_their_session(void **state)
{
    rig *r = *state;
    ost_mark mark = ost_session_mark(r->s);
    OK(ost_session_release(r->s, mark));
    FAILS(OST_MISUSE, "the mark is none of this session's, or was released or cleared before",
          ost_session_release(r->s, mark));
    FAILS(OST_MISUSE, "none of this session's", ost_session_release(r->s, (ost_mark){ { 0 } }));
    ost_session *first = r->s;
    mark = ost_session_mark(first);
    r->s = rig_session(r, NULL);
    (void)ost_session_mark(r->s);
    (void)ost_session_mark(r->s);
    (void)ost_session_mark(r->s);
    FAILS(OST_MISUSE, "none of this session's", ost_session_release(r->s, mark));
    ost_session_close(r->s);
    r->s = first;
    OK(ost_session_clear(r->s));
    FAILS(OST_MISUSE, "or was released or cleared before", ost_session_release(r->s, mark));
}

static void marks_nest(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    ost_mark outer = ost_session_mark(r->s);
    book *a = ost_get(r->s, book, id);
    ost_mark inner = ost_session_mark(r->s);
    book *b = ost_get(r->s, book, id);
    a->title = "between";
    OK(ost_save(r->s, book, a));
    OK(ost_session_release(r->s, inner));
    assert_string_equal(a->title, "between");
    FAILS(OST_MISUSE, "was not loaded", ost_save(r->s, book, b));
    ost_mark second = ost_session_mark(r->s);
    OK(ost_session_release(r->s, outer));
    FAILS(OST_MISUSE, "was not loaded", ost_save(r->s, book, a));
    FAILS(OST_MISUSE, "was released", ost_session_release(r->s, second));
    FAILS(OST_MISUSE, "was released", ost_session_release(r->s, inner));
}

static void a_mark_under_an_open_cursor_is_not_released(void **state)
{
    rig *r = *state;
    rig_book(r, "Emma", 1815);
    ost_cursor *older = ost_stream(ost_from(r->s, book), 1);
    assert_non_null(ost_next(older, book));
    ost_mark mark = ost_session_mark(r->s);
    ost_cursor *c = ost_stream(ost_from(r->s, book), 1);
    FAILS(OST_MISUSE, "a cursor opened since the mark is still open",
          ost_session_release(r->s, mark));
    OK(ost_cursor_close(c));
    OK(ost_session_release(r->s, mark));
    FAILS(OST_MISUSE, "a cursor is closed twice, or after", ost_cursor_close(c));
    OK(ost_cursor_close(older));
}

/* What was appended to an older query lies behind the mark: the query goes with it. */
static void a_query_appended_to_since_goes_with_the_mark(void **state)
{
    rig *r = *state;
    size_t count;
    rig_book(r, "Emma", 1815);
    rig_book(r, "Ulysses", 1922);
    ost_query *older = ost_from(r->s, book);
    ost_query *q = ost_from(r->s, book);
    ost_query *untouched = ost_from(r->s, book);
    ost_mark mark = ost_session_mark(r->s);
    ost_where(q, ost_eq(book, title, "Emma"));
    ost_where(older, ost_eq(loan, reader, 1));
    OK(ost_session_release(r->s, mark));
    assert_non_null(ost_all(untouched, book, &count));
    assert_int_equal(count, 2);
    NULLS(OST_MISUSE, "build it anew", ost_all(q, book, &count));
    NULLS(OST_MISUSE, "build it anew", ost_all(older, book, &count));
}

static void a_loop_with_marks_needs_no_more_memory(void **state)
{
    rig *r = *state;
    long long after_some = 0;
    int64_t id = rig_book(r, "Emma", 1815);
    for (int i = 0; i < 3000; i++) {
        ost_mark mark = ost_session_mark(r->s);
        ost_query *q = ost_from(r->s, book);
        ost_where(q, ost_eq(book, id, id));
        assert_non_null(ost_one(q, book));
        assert_non_null(ost_text(r->s, "some text of the turn"));
        OK(ost_session_release(r->s, mark));
        if (i == 100)
            after_some = atomic_load(&r->live);
    }
    if (r->mode->fake) /* the log of the fake grows by itself, and not in our memory */
        assert_true(atomic_load(&r->live) <= after_some + 4096);
    else
        assert_int_equal(atomic_load(&r->live), after_some);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_session_needs_a_database_and_sized_options),
        RIG_ALL(shorter_options_are_read_as_far_as_they_go),
        RIG_ALL(a_missing_session_says_what_to_do),
        RIG_ALL(a_read_only_session_refuses_writes_and_tracks_nothing),
        RIG_ALL(a_session_has_a_deadline_of_its_own),
        RIG_ALL(handles_after_clear_are_misuse),
        RIG_ALL(clear_is_refused_inside_a_transaction_and_under_a_cursor),
        RIG_ALL(a_record_of_before_the_clear_is_not_tracked),
        RIG_ALL(texts_live_as_long_as_the_session),
        RIG_ALL(a_released_mark_gives_back_what_came_since),
        RIG_ALL(an_older_record_saved_since_keeps_its_text),
        RIG_ALL(a_sorted_older_array_survives_a_release),
        RIG_ALL(marks_are_used_once_and_in_their_session),
        RIG_ALL(marks_nest),
        RIG_ALL(a_mark_under_an_open_cursor_is_not_released),
        RIG_ALL(a_query_appended_to_since_goes_with_the_mark),
        RIG_ALL(a_loop_with_marks_needs_no_more_memory),
    };
    return RIG_RUN(tests);
}
