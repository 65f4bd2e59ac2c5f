/* SPDX-License-Identifier: MIT */
/* Locks on rows. */
#include "rig.h"

static ost_query *locked(rig *r, uint16_t mode)
{
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_ge(book, year, 1815));
    ost_order_by(q, ost_asc(book, year));
    ost_lock(q, mode);
    return q;
}

static void three(rig *r)
{
    rig_book(r, "Emma", 1815);
    rig_book(r, "Persuasion", 1817);
    rig_book(r, "Ulysses", 1922);
    rig_forget(r);
}

static void a_lock_needs_a_transaction_that_writes(void **state)
{
    static const char sentence[] = "possible only inside a transaction that is not read-only";
    rig *r = *state;
    size_t count = 7;
    three(r);
    NULLS(OST_MISUSE, sentence, ost_all(locked(r, OST_LOCK_UPDATE), book, &count));
    assert_int_equal(count, 0);
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    assert_string_equal(ost_session_error(r->s)->model, "book");
    NULLS(OST_MISUSE, sentence, ost_first(locked(r, OST_LOCK_SHARE), book));
    OK(ost_begin(r->s, OST_TRANSACTION(.read_only = true)));
    NULLS(OST_MISUSE, sentence, ost_one(locked(r, OST_LOCK_UPDATE_NOWAIT), book));
    ost_cursor *c = ost_stream(locked(r, OST_LOCK_UPDATE), 1);
    assert_null(ost_next(c, book));
    FAILS(OST_MISUSE, sentence, ost_cursor_close(c));
    OK(ost_rollback(r->s));
    assert_int_equal(rig_sent(r), 0);
    /* What locks nothing may stand anywhere. */
    assert_non_null(ost_all(locked(r, OST_LOCK_NONE), book, &count));
    assert_int_equal(count, 3);
    ost_session *reader = rig_session(r, OST_SESSION(.read_only = true));
    OK(ost_begin(reader, NULL));
    ost_query *q = ost_from(reader, book);
    ost_lock(q, OST_LOCK_UPDATE);
    assert_null(ost_all(q, book, &count));
    HAS(ost_session_error(reader)->message, sentence);
    ost_session_close(reader);
}

static void locked_rows_are_read_and_tracked(void **state)
{
    rig *r = *state;
    size_t count;
    three(r);
    OK(ost_begin(r->s, NULL));
    book *books = ost_all(locked(r, OST_LOCK_UPDATE), book, &count);
    assert_int_equal(count, 3);
    books[1].stock = 7;
    OK(ost_save(r->s, book, &books[1]));
    assert_string_equal(((book *)ost_first(locked(r, OST_LOCK_SHARE), book))->title, "Emma");
    assert_non_null(ost_all(locked(r, OST_LOCK_UPDATE_NOWAIT), book, &count));
    ost_cursor *c = ost_stream(locked(r, OST_LOCK_UPDATE), 2);
    for (int i = 0; i < 3; i++)
        assert_non_null(ost_next(c, book));
    assert_null(ost_next(c, book));
    OK(ost_cursor_close(c));
    OK(ost_commit(r->s));
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, stock, 7));
    assert_string_equal(((book *)ost_one(q, book))->title, "Persuasion");
}

/* A database that knows no locks on rows was locked as a whole by BEGIN. */
static void without_locks_on_rows_nothing_is_said(void **state)
{
    rig *r = *state;
    size_t count;
    three(r);
    OK(ost_begin(r->s, NULL));
    assert_non_null(ost_all(locked(r, OST_LOCK_UPDATE), book, &count));
    OK(ost_commit(r->s));
    assert_int_equal(rig_count(r, "BEGIN"), 1);
    for (size_t i = 0; i < rig_sent(r); i++)
        assert_null(strstr(rig_text(r, i), " FOR "));
}

/* Where there are locks on rows: one row is locked by a transaction, and another meets it. */
static void a_locked_row_keeps_others_out(void **state)
{
    rig *r = *state;
    ost_session *other = rig_session(r, NULL);
    ost_query *q;
    size_t count;
    int64_t emma = rig_book(r, "Emma", 1815);
    rig_book(r, "Persuasion", 1817);
    rig_book(r, "Ulysses", 1922);
    OK(ost_begin(r->s, NULL));
    /* By its key: some databases lock every row that they look at on their way. */
    q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, id, emma));
    ost_lock(q, OST_LOCK_UPDATE);
    assert_non_null(ost_one(q, book));
    assert_int_equal(ost_begin(other, NULL), OST_OK);
    q = ost_from(other, book);
    ost_lock(q, OST_LOCK_UPDATE_NOWAIT);
    assert_null(ost_all(q, book, &count));
    assert_int_equal(ost_session_error(other)->status, OST_LOCK_TIMEOUT);
    assert_int_equal(ost_rollback(other), OST_OK);
    assert_int_equal(ost_begin(other, NULL), OST_OK);
    q = ost_from(other, book);
    ost_order_by(q, ost_asc(book, year));
    ost_lock(q, OST_LOCK_UPDATE_SKIP);
    const book *others = ost_all(q, book, &count);
    assert_non_null(others);
    assert_int_equal(count, 2);
    assert_string_equal(others[0].title, "Persuasion");
    /* What is not locked may be read. */
    assert_non_null(ost_all(ost_from(other, book), book, &count));
    assert_int_equal(count, 3);
    assert_int_equal(ost_rollback(other), OST_OK);
    OK(ost_commit(r->s));
    ost_session_close(other);
}

static void shared_locks_agree(void **state)
{
    rig *r = *state;
    ost_session *other = rig_session(r, NULL);
    size_t count;
    three(r);
    OK(ost_begin(r->s, NULL));
    assert_non_null(ost_all(locked(r, OST_LOCK_SHARE), book, &count));
    assert_int_equal(ost_begin(other, NULL), OST_OK);
    ost_query *q = ost_from(other, book);
    ost_lock(q, OST_LOCK_SHARE);
    assert_non_null(ost_all(q, book, &count));
    assert_int_equal(count, 3);
    ost_lock(q, OST_LOCK_UPDATE_NOWAIT);
    assert_null(ost_all(q, book, &count));
    assert_int_equal(ost_session_error(other)->status, OST_LOCK_TIMEOUT);
    assert_int_equal(ost_rollback(other), OST_OK);
    OK(ost_commit(r->s));
    ost_session_close(other);
}

/* MongoDB's transactions conflict instead of waiting. */
static void where_rows_cannot_be_locked_it_is_said(void **state)
{
    rig *r = *state;
    size_t count;
    three(r);
    OK(ost_begin(r->s, NULL));
    rig_book(r, "before", 1);
    rig_forget(r);
    NULLS(OST_UNSUPPORTED, "book", ost_all(locked(r, OST_LOCK_UPDATE), book, &count));
    NULLS(OST_UNSUPPORTED, "book", ost_first(locked(r, OST_LOCK_SHARE), book));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    rig_book(r, "after", 1);
    OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 5);
}

static void a_lock_can_be_taken_back(void **state)
{
    rig *r = *state;
    size_t count;
    three(r);
    ost_query *q = locked(r, OST_LOCK_UPDATE);
    HAS(ost_render(q), "SELECT");
    ost_lock(q, OST_LOCK_NONE);
    assert_non_null(ost_all(q, book, &count));
    assert_int_equal(count, 3);
}

static void skipping_is_refused_where_it_is_unknown(void **state)
{
    rig *r = *state;
    size_t count;
    three(r);
    OK(ost_begin(r->s, NULL));
    NULLS(OST_UNSUPPORTED, "skips locked rows, which SQLite cannot; use OST_LOCK_UPDATE",
          ost_all(locked(r, OST_LOCK_UPDATE_SKIP), book, &count));
    assert_int_equal(rig_sent(r), 0);
    ost_cursor *c = ost_stream(locked(r, OST_LOCK_UPDATE_SKIP), 0);
    assert_null(ost_next(c, book));
    FAILS(OST_UNSUPPORTED, "skips locked rows", ost_cursor_close(c));
    /* It dooms nothing. */
    rig_book(r, "Dubliners", 1914);
    OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 4);
}

static void a_locked_query_in_a_doomed_unit_tells_why(void **state)
{
    rig *r = *state;
    OK(ost_begin(r->s, NULL));
    OK(ost_insert(r->s, book, &(book){ .title = "a", .isbn = "1" }));
    FAILS(OST_CONFLICT, "isbn", ost_insert(r->s, book, &(book){ .title = "b", .isbn = "1" }));
    NULLS(OST_CONFLICT, "isbn", ost_first(locked(r, OST_LOCK_UPDATE), book));
    OK(ost_rollback(r->s));
}

/* ---- what the driver is told ---- */

static void note_lock(void *context, const ost_fake_moment *moment)
{
    *(int *)context = moment->shape ? moment->shape->lock_mode : -1;
}

static void the_driver_sees_the_mode(void **state)
{
    static const rig_mode skipping = {
        .name = "fake, skips locked rows",
        .fake = true,
        .options = { .struct_size = sizeof(ost_fake_options),
                     .add_abilities =
                         UINT64_C(1) << OST_CAN_SKIP_LOCKED | UINT64_C(1) << OST_CAN_LOCK_ROWS },
    };
    rig own, *r = &own;
    int seen = -1;
    (void)state;
    rig_begin(r, &skipping);
    rig_open(r, NULL);
    three(r);
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_CALL,
                              .call = note_lock, .context = &seen, .times = OST_FAKE_ALWAYS));
    OK(ost_begin(r->s, NULL));
    for (uint16_t mode = OST_LOCK_NONE; mode <= OST_LOCK_SHARE; mode++) {
        assert_non_null(ost_first(locked(r, mode), book));
        assert_int_equal(seen, mode);
    }
    OK(ost_commit(r->s));
    rig_close(r);
    rig_end(r);
}

static void a_lock_that_is_held_is_a_time_out(void **state)
{
    rig *r = *state;
    size_t count;
    three(r);
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_REFUSE,
                              .status = OST_LOCK_TIMEOUT, .message = "a row is locked"));
    OK(ost_begin(r->s, NULL));
    NULLS(OST_LOCK_TIMEOUT, "a row is locked",
          ost_all(locked(r, OST_LOCK_UPDATE_NOWAIT), book, &count));
    assert_string_equal(ost_session_error(r->s)->model, "book");
    OK(ost_rollback(r->s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_lock_needs_a_transaction_that_writes),
        RIG_SQL(locked_rows_are_read_and_tracked),
        RIG_LOCAL(without_locks_on_rows_nothing_is_said),
        RIG_SQL_SERVER(a_locked_row_keeps_others_out),
        RIG_SQL_SERVER(shared_locks_agree),
        RIG_SQL(a_lock_can_be_taken_back),
        RIG_ON(where_rows_cannot_be_locked_it_is_said, RIG_MONGODB),
        RIG_LOCAL(skipping_is_refused_where_it_is_unknown),
        RIG_ALL(a_locked_query_in_a_doomed_unit_tells_why),
        RIG_FAKES(a_lock_that_is_held_is_a_time_out),
        cmocka_unit_test(the_driver_sees_the_mode),
    };
    return RIG_RUN(tests);
}
