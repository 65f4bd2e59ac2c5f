/* SPDX-License-Identifier: MIT */
/* Cursors: rows in portions, statements beside them, and an end that says whether it was one. */
#include "rig.h"

static void five(rig *r)
{
    static const char *const titles[] = { "a", "b", "c", "d", "e" };
    for (int i = 0; i < 5; i++)
        rig_book(r, titles[i], 1900 + i);
    rig_forget(r);
}

static ost_query *by_id(rig *r)
{
    ost_query *q = ost_from(r->s, book);
    ost_order_by(q, ost_asc(book, id));
    return q;
}

static void rows_come_in_their_order_whatever_the_portion(void **state)
{
    rig *r = *state;
    five(r);
    static const size_t portions[] = { 0, 1, 2, 4, 5, 6, 100000 };
    for (size_t i = 0; i < sizeof portions / sizeof *portions; i++) {
        char seen[8] = "";
        ost_cursor *c = ost_stream(by_id(r), portions[i]);
        for (const book *b; (b = ost_next(c, book));)
            strcat(seen, b->title);
        assert_null(ost_next(c, book));
        OK(ost_cursor_close(c));
        assert_string_equal(seen, "abcde");
    }
    ost_query *q = by_id(r);
    ost_where(q, ost_eq(book, stock, 77));
    ost_cursor *c = ost_stream(q, 2);
    assert_null(ost_next(c, book));
    OK(ost_cursor_close(c));
}

static void nothing_is_sent_before_the_first_row_is_asked_for(void **state)
{
    rig *r = *state;
    five(r);
    ost_cursor *c = ost_stream(by_id(r), 2);
    assert_int_equal(rig_sent(r), 0);
    OK(ost_cursor_close(c));
    assert_int_equal(rig_sent(r), 0);
}

static void several_cursors_are_open_at_once(void **state)
{
    rig *r = *state;
    five(r);
    ost_cursor *a = ost_stream(by_id(r), 1);
    assert_string_equal(((book *)ost_next(a, book))->title, "a");
    ost_query *q = ost_from(r->s, book);
    ost_order_by(q, ost_desc(book, id));
    ost_cursor *b = ost_stream(q, 2);
    assert_string_equal(((book *)ost_next(b, book))->title, "e");
    ost_cursor *c = ost_stream(by_id(r), 3);
    assert_string_equal(((book *)ost_next(a, book))->title, "b");
    assert_string_equal(((book *)ost_next(c, book))->title, "a");
    assert_string_equal(((book *)ost_next(b, book))->title, "d");
    OK(ost_cursor_close(a));
    assert_string_equal(((book *)ost_next(b, book))->title, "c");
    assert_string_equal(((book *)ost_next(c, book))->title, "b");
    OK(ost_cursor_close(c));
    assert_string_equal(((book *)ost_next(b, book))->title, "b");
    assert_string_equal(((book *)ost_next(b, book))->title, "a");
    assert_null(ost_next(b, book));
    OK(ost_cursor_close(b));
}

static void statements_run_under_an_open_cursor(void **state)
{
    rig *r = *state;
    ost_page page;
    size_t count, seen = 0;
    five(r);
    ost_cursor *c = ost_stream(by_id(r), 1);
    for (const book *b; (b = ost_next(c, book)); seen++) {
        book *tracked = ost_get(r->s, book, b->id);
        tracked->stock = 100;
        OK(ost_save(r->s, book, tracked));
        assert_string_equal(b->title, tracked->title);
        assert_non_null(ost_paginate(by_id(r), book, 1, 2, &count, &page));
        assert_int_equal(page.total, 5);
        if (seen == 0) {
            OK(ost_insert(r->s, loan, &(loan){ .book = b->id, .reader = 1 }));
            OK(ost_begin(r->s, NULL));
            OK(ost_insert(r->s, loan, &(loan){ .book = b->id, .reader = 2 }));
            OK(ost_commit(r->s));
            OK(ost_begin(r->s, NULL));
            OK(ost_insert(r->s, loan, &(loan){ .book = b->id, .reader = 3 }));
            OK(ost_rollback(r->s));
        }
    }
    assert_int_equal(seen, 5);
    OK(ost_cursor_close(c));
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, stock, 100));
    int64_t n;
    OK(ost_count_of(q, &n));
    assert_int_equal(n, 5);
    OK(ost_count_of(ost_from(r->s, loan), &n));
    assert_int_equal(n, 2);
}

static void a_streamed_record_is_not_tracked(void **state)
{
    rig *r = *state;
    five(r);
    ost_cursor *c = ost_stream(by_id(r), 1);
    book *b = ost_next(c, book);
    b->stock = 5;
    FAILS(OST_MISUSE, "was not loaded by the session", ost_save(r->s, book, b));
    OK(ost_replace(r->s, book, b));
    OK(ost_cursor_close(c));
}

static void closing_early_leaves_the_session_usable(void **state)
{
    rig *r = *state;
    five(r);
    for (int i = 0; i < 3; i++) {
        ost_cursor *c = ost_stream(by_id(r), 1);
        assert_non_null(ost_next(c, book));
        OK(ost_cursor_close(c));
        FAILS(OST_MISUSE, "a cursor is closed twice", ost_cursor_close(c));
        assert_null(ost_next(c, book));
        HAS(ost_session_error(r->s)->message, "a cursor is read after it was closed");
    }
    /* Inside a unit the unit goes on. */
    OK(ost_begin(r->s, NULL));
    rig_book(r, "f", 1);
    ost_cursor *c = ost_stream(by_id(r), 1);
    assert_non_null(ost_next(c, book));
    OK(ost_cursor_close(c));
    rig_book(r, "g", 1);
    OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 7);
}

static void closing_the_session_ends_its_cursors(void **state)
{
    rig *r = *state;
    five(r);
    ost_session *s = rig_session(r, NULL);
    ost_cursor *a = ost_stream(ost_from(s, book), 1), *b = ost_stream(ost_from(s, book), 1);
    assert_non_null(ost_next(a, book));
    assert_non_null(b);
    ost_session_close(s);
    assert_int_equal(rig_books(r), 5);
}

static void mistakes_surface_at_close(void **state)
{
    rig *r = *state;
    five(r);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, NULL);
    ost_cursor *c = ost_stream(q, 0);
    assert_null(ost_next(c, book));
    FAILS(OST_MISUSE, "a NULL condition", ost_cursor_close(c));
    c = ost_stream(by_id(r), 0);
    assert_null(ost_next(c, loan));
    assert_null(ost_next(c, book));
    FAILS(OST_MISUSE, "a cursor over book is read as loan", ost_cursor_close(c));
    c = ost_stream(by_id(r), 0);
    assert_null(ost_cursor_next(c, &book_model, 8));
    FAILS(OST_MISUSE, "build all sources with the same header", ost_cursor_close(c));
    c = ost_stream(by_id(r), 0);
    assert_null(ost_cursor_next(c, NULL, 8));
    FAILS(OST_MISUSE, "no model was given", ost_cursor_close(c));
    assert_int_equal(rig_sent(r), 0);
}

static void a_cursor_over_a_shape(void **state)
{
    rig *r = *state;
    five(r);
    ost_query *q = ost_from(r->s, book);
    ost_group_by(q, ost_col(book, lent));
    ost_select(q, ost_as(year_count, books, ost_count()),
               ost_as(year_count, first, ost_min(ost_col(book, title))));
    ost_cursor *c = ost_stream(q, 1);
    const year_count *row = ost_next(c, year_count);
    assert_non_null(row);
    assert_int_equal(row->books, 5);
    assert_string_equal(row->first, "a");
    assert_null(ost_next(c, year_count));
    OK(ost_cursor_close(c));
}

/* ---- cursors and units ---- */

static void a_commit_with_a_cursor_of_its_own_is_refused(void **state)
{
    rig *r = *state;
    five(r);
    OK(ost_begin(r->s, NULL));
    rig_book(r, "f", 1);
    ost_cursor *c = ost_stream(by_id(r), 1);
    assert_non_null(ost_next(c, book));
    FAILS(OST_MISUSE, "close cursors before the transaction ends", ost_commit(r->s));
    assert_null(ost_next(c, book));
    FAILS(OST_CANCELLED, "the transaction in which the cursor was opened was rolled back",
          ost_cursor_close(c));
    FAILS(OST_MISUSE, "without ost_begin", ost_commit(r->s));
    assert_int_equal(rig_books(r), 5);
}

static void a_rollback_ends_the_cursors_of_its_unit(void **state)
{
    rig *r = *state;
    five(r);
    ost_cursor *before = ost_stream(by_id(r), 1);
    assert_non_null(ost_next(before, book));
    OK(ost_begin(r->s, NULL));
    rig_book(r, "f", 1);
    ost_cursor *outer = ost_stream(by_id(r), 1);
    assert_non_null(ost_next(outer, book));
    OK(ost_begin(r->s, NULL));
    rig_book(r, "g", 1);
    ost_cursor *inner = ost_stream(by_id(r), 1), *unread = ost_stream(by_id(r), 1);
    ost_cursor *all = ost_stream(by_id(r), 100);
    assert_non_null(ost_next(inner, book));
    while (ost_next(all, book))
        continue;
    OK(ost_rollback(r->s));
    assert_null(ost_next(inner, book));
    assert_null(ost_next(unread, book));
    FAILS(OST_CANCELLED, "rolled back", ost_cursor_close(inner));
    FAILS(OST_CANCELLED, "rolled back", ost_cursor_close(unread));
    OK(ost_cursor_close(all));
    assert_non_null(ost_next(outer, book));
    OK(ost_cursor_close(outer));
    OK(ost_commit(r->s));
    size_t rest = 0;
    while (ost_next(before, book))
        rest++;
    assert_true(rest == 4 || rest == 5); /* with or without what was committed meanwhile */
    OK(ost_cursor_close(before));
    assert_int_equal(rig_books(r), 6);
}

static ost_status leaves_a_cursor_open(ost_session *s, const ost_attempt *attempt, void *context)
{
    ost_cursor **c = context;
    (void)attempt;
    *c = ost_stream(ost_from(s, book), 1);
    return ost_next(*c, book) ? OST_OK : OST_NOT_FOUND;
}

static void a_body_that_leaves_a_cursor_open_is_rolled_back(void **state)
{
    rig *r = *state;
    ost_cursor *c = NULL;
    five(r);
    FAILS(OST_MISUSE, "close cursors before the transaction ends",
          ost_transaction(r->s, leaves_a_cursor_open, &c, NULL));
    FAILS(OST_CANCELLED, "rolled back", ost_cursor_close(c));
    rig_book(r, "f", 1);
}

/* ---- failures in the middle ---- */

static void an_error_in_the_middle_is_reported_by_close(void **state)
{
    rig *r = *state;
    five(r);
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_CUT,
                              .rows = 3, .message = "cut in the middle"));
    ost_cursor *c = ost_stream(by_id(r), 2);
    size_t seen = 0;
    while (ost_next(c, book))
        seen++;
    assert_true(seen >= 2 && seen <= 3);
    FAILS(OST_DRIVER_ERROR, "cut in the middle", ost_cursor_close(c));
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_CUT,
                              .rows = 3, .effects = OST_FAKE_LOSES_CONNECTION,
                              .message = "the server went away"));
    c = ost_stream(by_id(r), 2);
    assert_non_null(ost_next(c, book));
    assert_non_null(ost_next(c, book));
    assert_null(ost_next(c, book));
    assert_null(ost_next(c, book));
    FAILS(OST_CONNECTION, "the server went away", ost_cursor_close(c));
    assert_non_null(ost_get(r->s, book, 1));
}

static void a_value_that_does_not_fit_ends_the_stream(void **state)
{
    rig *r = *state;
    five(r);
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_SPOIL,
                              .rows = 3, .column = 5));
    ost_cursor *c = ost_stream(by_id(r), 2);
    assert_non_null(ost_next(c, book));
    assert_non_null(ost_next(c, book));
    assert_null(ost_next(c, book));
    FAILS(OST_RANGE, "book.stock", ost_cursor_close(c));
    assert_string_equal(ost_session_error(r->s)->field, "stock");
}

/* The connection was drained after a time-out of another statement: no cursor may take that for its
 * end. */
static void a_time_out_beside_a_cursor_is_not_its_end(void **state)
{
    rig *r = *state;
    five(r);
    ost_cursor *c = ost_stream(by_id(r), 1);
    assert_non_null(ost_next(c, book));
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_DELAY,
                              .delay_ns = OST_FAKE_FOREVER));
    NULLS(OST_TIMEOUT, "", ost_get(r->s, book, 1));
    assert_null(ost_next(c, book));
    FAILS(OST_CONNECTION, "the connection of a cursor was lost", ost_cursor_close(c));
    assert_non_null(ost_get(r->s, book, 1));
}

static void a_lost_connection_ends_all_its_cursors(void **state)
{
    rig *r = *state;
    five(r);
    ost_cursor *a = ost_stream(by_id(r), 1), *b = ost_stream(by_id(r), 1);
    assert_non_null(ost_next(a, book));
    assert_non_null(ost_next(b, book));
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_REFUSE,
                              .effects = OST_FAKE_LOSES_CONNECTION));
    NULLS(OST_CONNECTION, "", ost_get(r->s, book, 1));
    assert_null(ost_next(a, book));
    assert_null(ost_next(b, book));
    FAILS(OST_CONNECTION, "the connection of a cursor was lost", ost_cursor_close(a));
    FAILS(OST_CONNECTION, "the connection of a cursor was lost", ost_cursor_close(b));
    assert_non_null(ost_get(r->s, book, 1));
}

/* The stream cannot be ended, so its connection is closed, and with it the unit is gone: nothing
 * may follow in it. */
static void a_stream_that_cannot_be_ended_dooms_its_unit(void **state)
{
    rig *r = *state;
    five(r);
    OK(ost_begin(r->s, NULL));
    rig_book(r, "gone", 1);
    ost_cursor *c = ost_stream(by_id(r), 1);
    assert_non_null(ost_next(c, book));
    rig_rule(r, OST_FAKE_RULE(.point = OST_FAKE_AT_STOP_STREAM, .action = OST_FAKE_REFUSE));
    OK(ost_cursor_close(c));
    FAILS(OST_CONNECTION, "with it the transaction was undone",
          ost_insert(r->s, book, &(book){ .title = "x" }));
    FAILS(OST_CONNECTION, "with it the transaction was undone", ost_commit(r->s));
    assert_int_equal(rig_books(r), 5);
}

static void the_memory_of_rows_is_used_again(void **state)
{
    rig *r = *state;
    enum { MANY = 4000 };
    static book many[MANY];
    long long early = 0;
    size_t seen = 0;
    for (size_t i = 0; i < MANY; i++)
        many[i] = (book){ .title = "A title of some length, so that texts need memory" };
    OK(ost_insert_many(r->s, book, many, MANY));
    ost_cursor *c = ost_stream(by_id(r), 50);
    while (ost_next(c, book))
        if (++seen == 500)
            early = atomic_load(&r->live);
    assert_int_equal(seen, MANY);
    if (r->mode->options.execution == OST_FAKE_LAZY) /* an eager fake holds the rows itself */
        assert_true(atomic_load(&r->live) <= early);
    OK(ost_cursor_close(c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(rows_come_in_their_order_whatever_the_portion),
        RIG_ALL(nothing_is_sent_before_the_first_row_is_asked_for),
        RIG_ALL(several_cursors_are_open_at_once),
        RIG_ALL(statements_run_under_an_open_cursor),
        RIG_ALL(a_streamed_record_is_not_tracked),
        RIG_ALL(closing_early_leaves_the_session_usable),
        RIG_ALL(closing_the_session_ends_its_cursors),
        RIG_ALL(mistakes_surface_at_close),
        RIG_ALL(a_cursor_over_a_shape),
        RIG_ALL(a_commit_with_a_cursor_of_its_own_is_refused),
        RIG_SQL(a_rollback_ends_the_cursors_of_its_unit),
        RIG_ALL(a_body_that_leaves_a_cursor_open_is_rolled_back),
        RIG_FAKES(an_error_in_the_middle_is_reported_by_close),
        RIG_FAKES(a_value_that_does_not_fit_ends_the_stream),
        RIG_FAKES(a_time_out_beside_a_cursor_is_not_its_end),
        RIG_FAKES(a_lost_connection_ends_all_its_cursors),
        RIG_FAKES(a_stream_that_cannot_be_ended_dooms_its_unit),
        RIG_ALL(the_memory_of_rows_is_used_again),
    };
    return RIG_RUN(tests);
}
