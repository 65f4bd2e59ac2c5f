/* SPDX-License-Identifier: MIT */
/* Transactions: who decides, what dooms, nesting, and bodies that run again. */
#include "rig.h"

typedef struct work {
    rig *r;
    uint32_t runs, last_attempt;
    int depth;
    ost_status inner;
    int64_t key;
} work;

static ost_status add(ost_session *s, const char *title, const char *isbn)
{
    return ost_insert(s, book, &(book){ .title = title, .isbn = isbn });
}

/* ---- who decides ---- */

static ost_status adds_two(ost_session *s, const ost_attempt *attempt, void *context)
{
    work *w = context;
    w->runs++;
    w->last_attempt = attempt->number;
    OST_TRY(add(s, "one", NULL));
    return add(s, "two", NULL);
}

static void a_body_that_succeeds_is_committed(void **state)
{
    rig *r = *state;
    work w = { .r = r };
    rig_forget(r);
    OK(ost_transaction(r->s, adds_two, &w, NULL));
    assert_int_equal(w.runs, 1);
    assert_int_equal(w.last_attempt, 1);
    assert_int_equal(rig_sent(r), 4);
    assert_string_equal(rig_text(r, 0), "BEGIN");
    assert_string_equal(rig_text(r, 3), "COMMIT");
    assert_int_equal(rig_books(r), 2);
}

static ost_status does_nothing(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)s, (void)attempt, (void)context;
    return OST_OK;
}

static void a_body_without_statements_sends_nothing(void **state)
{
    rig *r = *state;
    rig_forget(r);
    OK(ost_transaction(r->s, does_nothing, NULL, NULL));
    assert_int_equal(rig_sent(r), 0);
}

static ost_status adds_and_says(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt;
    OST_TRY(add(s, "gone", NULL));
    return *(ost_status *)context;
}

static void a_body_that_returns_anything_else_is_rolled_back(void **state)
{
    rig *r = *state;
    ost_status says = OST_STALE;
    FAILS(OST_STALE, "the body of a transaction returned OST_STALE",
          ost_transaction(r->s, adds_and_says, &says, NULL));
    says = OST_CANCELLED;
    FAILS(OST_CANCELLED, "the body of a transaction returned OST_CANCELLED",
          ost_transaction(r->s, adds_and_says, &says, NULL));
    assert_int_equal(rig_books(r), 0);
}

static ost_status refuses(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt, (void)context;
    OST_TRY(add(s, "gone", NULL));
    return ost_fail(s, OST_INVALID, "stock", "only %d are left", 3);
}

static void ost_fail_says_why_with_its_path(void **state)
{
    rig *r = *state;
    ost_failure f;
    FAILS(OST_INVALID, "only 3 are left", ost_transaction(r->s, refuses, NULL, NULL));
    const ost_error *e = ost_session_error(r->s);
    assert_string_equal(e->field, "stock");
    assert_int_equal(e->failure_count, 1);
    assert_true(ost_error_failure(e, 0, &f));
    assert_string_equal(f.path, "stock");
    assert_string_equal(f.message, "only 3 are left");
    assert_int_equal(rig_books(r), 0);
    assert_int_equal(ost_fail(r->s, OST_OK, NULL, "x"), OST_MISUSE);
    HAS(ost_session_error(r->s)->message, "ost_fail was given OST_OK");
    FAILS(OST_CONFLICT, "no path", ost_fail(r->s, OST_CONFLICT, NULL, "no path"));
    assert_int_equal(ost_session_error(r->s)->failure_count, 0);
}

static ost_status undoes(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt, (void)context;
    OST_TRY(add(s, "gone", NULL));
    return ost_undo(s);
}

static ost_status undoes_inside(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt;
    OST_TRY(add(s, "kept", NULL));
    return ost_transaction(s, undoes, context, NULL);
}

static ost_status asks_for_undo_and_commits(ost_session *s, const ost_attempt *attempt,
                                            void *context)
{
    (void)attempt, (void)context;
    (void)ost_undo(s);
    return add(s, "kept too", NULL);
}

static void undo_is_no_failure(void **state)
{
    rig *r = *state;
    FAILS(OST_NOT_FOUND, "no book", ost_delete(r->s, book, &(book){ .id = 5 }));
    OK(ost_transaction(r->s, undoes, NULL, NULL));
    assert_int_equal(ost_session_error(r->s)->status, OST_NOT_FOUND);
    assert_int_equal(rig_books(r), 0);
    OK(ost_transaction(r->s, asks_for_undo_and_commits, NULL, NULL));
    assert_int_equal(rig_books(r), 1);
}

static void undo_inside_leaves_what_was_before(void **state)
{
    rig *r = *state;
    OK(ost_transaction(r->s, undoes_inside, NULL, NULL));
    assert_int_equal(rig_books(r), 1);
}

/* Refused before anything is sent, and the transaction goes on. */
static void without_savepoints_nesting_is_refused(void **state)
{
    rig *r = *state;
    OK(ost_begin(r->s, NULL));
    OK(add(r->s, "x", NULL));
    rig_forget(r);
    FAILS(OST_UNSUPPORTED, "has no savepoints", ost_begin(r->s, NULL));
    FAILS(OST_UNSUPPORTED, "has no savepoints", ost_transaction(r->s, does_nothing, NULL, NULL));
    assert_int_equal(rig_sent(r), 0);
    OK(add(r->s, "y", NULL));
    OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 2);
}

/* ---- dooming ---- */

static ost_status ignores_a_conflict(ost_session *s, const ost_attempt *attempt, void *context)
{
    work *w = context;
    (void)attempt;
    OST_TRY(add(s, "before", NULL));
    w->inner = add(s, "twin", "taken");
    (void)add(s, "after", NULL);
    return OST_OK;
}

static ost_status ignores_and_undoes(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)ignores_a_conflict(s, attempt, context);
    return ost_undo(s);
}

static ost_status ignores_and_says_other(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)ignores_a_conflict(s, attempt, context);
    return ost_fail(s, OST_INVALID, "x", "something else");
}

static void a_body_that_ignores_a_failed_write_is_rolled_back(void **state)
{
    rig *r = *state;
    ost_transaction_body *const bodies[] = { ignores_a_conflict, ignores_and_undoes,
                                             ignores_and_says_other };
    OK(add(r->s, "first", "taken"));
    for (size_t i = 0; i < 3; i++) {
        ost_failure f;
        work w = { .r = r };
        FAILS(OST_CONFLICT, "book.isbn", ost_transaction(r->s, bodies[i], &w, NULL));
        assert_int_equal(w.inner, OST_CONFLICT);
        const ost_error *e = ost_session_error(r->s);
        assert_string_equal(e->field, "isbn");
        assert_true(ost_error_failure(e, 0, &f));
        assert_string_equal(f.rule, "unique");
        assert_int_equal(rig_books(r), 1);
    }
}

static void later_calls_return_the_first_error(void **state)
{
    rig *r = *state;
    int64_t n;
    OK(add(r->s, "first", "taken"));
    book *b = ost_find(r->s, book, ost_eq(book, isbn, "taken"));
    OK(ost_begin(r->s, NULL));
    FAILS(OST_CONFLICT, "isbn", add(r->s, "twin", "taken"));
    rig_forget(r);
    FAILS(OST_CONFLICT, "isbn", add(r->s, "other", NULL));
    NULLS(OST_CONFLICT, "isbn", ost_get(r->s, book, b->id));
    b->stock = 2;
    FAILS(OST_CONFLICT, "isbn", ost_save(r->s, book, b));
    FAILS(OST_CONFLICT, "isbn", ost_reload(r->s, book, b));
    FAILS(OST_CONFLICT, "isbn", ost_replace(r->s, book, b));
    FAILS(OST_CONFLICT, "isbn", ost_delete(r->s, book, b));
    FAILS(OST_CONFLICT, "isbn", ost_insert_many(r->s, book, &(book){ .title = "x" }, 1));
    FAILS(OST_CONFLICT, "isbn", ost_count_of(ost_from(r->s, book), &n));
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, id, 1));
    FAILS(OST_CONFLICT, "isbn", ost_update(q, NULL, ost_set(book, stock, 1)));
    FAILS(OST_CONFLICT, "isbn", ost_update_one(q, ost_set(book, stock, 1)));
    FAILS(OST_CONFLICT, "isbn", ost_delete_all(q, NULL));
    ost_cursor *c = ost_stream(q, 0);
    assert_null(ost_next(c, book));
    FAILS(OST_CONFLICT, "isbn", ost_cursor_close(c));
    FAILS(OST_CONFLICT, "isbn", ost_begin(r->s, NULL));
    FAILS(OST_CONFLICT, "isbn", ost_transaction(r->s, does_nothing, NULL, NULL));
    assert_int_equal(rig_sent(r), 0);
    OK(ost_rollback(r->s));
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_books(r), 1);
}

static ost_status fails_quietly(ost_session *s, const ost_attempt *attempt, void *context)
{
    work *w = context;
    (void)attempt;
    w->runs++;
    OST_TRY(add(s, "in the savepoint", NULL));
    (void)add(s, "twin", "taken");
    return OST_OK;
}

static ost_status goes_on_after_a_savepoint(ost_session *s, const ost_attempt *attempt,
                                            void *context)
{
    work *w = context;
    (void)attempt;
    OST_TRY(add(s, "outside", NULL));
    w->inner = ost_transaction(s, fails_quietly, context, NULL);
    return add(s, "and on", NULL);
}

static void a_failed_write_dooms_the_innermost_savepoint(void **state)
{
    rig *r = *state;
    work w = { .r = r };
    OK(add(r->s, "first", "taken"));
    OK(ost_transaction(r->s, goes_on_after_a_savepoint, &w, NULL));
    assert_int_equal(w.inner, OST_CONFLICT);
    assert_int_equal(ost_session_error(r->s)->status, OST_CONFLICT);
    assert_int_equal(rig_books(r), 3);
}

static ost_status meets_what_does_not_doom(ost_session *s, const ost_attempt *attempt,
                                           void *context)
{
    work *w = context;
    (void)attempt;
    rig *r = w->r;
    book *b = ost_get(s, book, w->key);
    NULLS(OST_NOT_FOUND, "no book", ost_get(s, book, 999));
    FAILS(OST_NOT_FOUND, "no book", ost_delete(s, book, &(book){ .id = 999 }));
    FAILS(OST_NOT_FOUND, "no book", ost_replace(s, book, &(book){ .id = 999, .title = "x" }));
    FAILS(OST_INVALID, "title", add(s, "", NULL));
    FAILS(OST_INVALID, "stock", ost_insert(s, book, &(book){ .title = "x", .stock = -1 }));
    ost_query *q = ost_from(s, book);
    FAILS(OST_MISUSE, "ost_everything", ost_delete_all(q, NULL));
    OK(ost_delete(s, book, &(book){ .id = w->key }));
    b->stock = 3;
    FAILS(OST_STALE, "not stored any more", ost_save(s, book, b));
    NULLS(OST_RANGE, "more than one", ost_find(s, book, ost_ge(book, id, 0)));
    return add(s, "kept", NULL);
}

static void what_the_database_did_not_refuse_dooms_nothing(void **state)
{
    rig *r = *state;
    work w = { .r = r };
    rig_book(r, "one", 1);
    rig_book(r, "two", 2);
    w.key = rig_book(r, "three", 3);
    OK(ost_transaction(r->s, meets_what_does_not_doom, &w, NULL));
    assert_int_equal(rig_books(r), 3);
}

/* ---- nesting ---- */

static void savepoints_nest_sixteen_deep(void **state)
{
    rig *r = *state;
    for (int i = 0; i < 16; i++) {
        OK(ost_begin(r->s, NULL));
        OK(add(r->s, "x", NULL));
    }
    FAILS(OST_TOO_LARGE, "transactions are nested more than 16 deep", ost_begin(r->s, NULL));
    FAILS(OST_TOO_LARGE, "16 deep", ost_transaction(r->s, does_nothing, NULL, NULL));
    for (int i = 0; i < 8; i++)
        OK(ost_rollback(r->s));
    OK(add(r->s, "y", NULL));
    for (int i = 0; i < 8; i++)
        OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 9);
    FAILS(OST_MISUSE, "ost_rollback without ost_begin", ost_rollback(r->s));
}

/* BEGIN and all savepoints travel with the first statement. */
static void sixteen_at_once_are_sent_with_the_first_statement(void **state)
{
    rig *r = *state;
    for (int i = 0; i < 16; i++)
        OK(ost_begin(r->s, NULL));
    rig_forget(r);
    OK(add(r->s, "x", NULL));
    assert_int_equal(rig_sent(r), 17);
    assert_int_equal(rig_count(r, "SAVEPOINT"), 15);
    for (int i = 0; i < 16; i++)
        OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 1);
}

static ost_status nests_deeper(ost_session *s, const ost_attempt *attempt, void *context)
{
    work *w = context;
    (void)attempt;
    OST_TRY(add(s, "x", NULL));
    if (++w->depth == 16)
        return OST_OK;
    return ost_transaction(s, nests_deeper, context, NULL);
}

static ost_status nests_too_deep(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt;
    OST_TRY(add(s, "x", NULL));
    return ost_transaction(s, nests_too_deep, context, NULL);
}

static void bodies_nest_sixteen_deep(void **state)
{
    rig *r = *state;
    work w = { .r = r };
    OK(ost_transaction(r->s, nests_deeper, &w, NULL));
    assert_int_equal(rig_books(r), 16);
    FAILS(OST_TOO_LARGE, "nested more than 16 deep",
          ost_transaction(r->s, nests_too_deep, &w, NULL));
    assert_int_equal(rig_books(r), 16);
}

static void a_savepoint_has_no_options_of_its_own(void **state)
{
    rig *r = *state;
    OK(ost_begin(r->s, NULL));
    FAILS(OST_MISUSE, "a transaction inside another has no",
          ost_begin(r->s, OST_TRANSACTION(.isolation = OST_SERIALIZABLE)));
    FAILS(OST_MISUSE, "attempts of its own",
          ost_transaction(r->s, does_nothing, NULL, OST_TRANSACTION(.max_attempts = 2)));
    FAILS(OST_MISUSE, "attempts of its own", ost_begin(r->s, OST_TRANSACTION(.timeout_ms = 5)));
    OK(ost_begin(r->s, OST_TRANSACTION(.max_attempts = 1)));
    OK(ost_commit(r->s));
    OK(ost_commit(r->s));
}

/* ---- options and misuse ---- */

static void options_are_checked(void **state)
{
    rig *r = *state;
    const ost_transaction_options bare = { .read_only = true };
    FAILS(OST_MISUSE, "the options' struct_size is 0; write them with OST_TRANSACTION(…)",
          ost_begin(r->s, &bare));
    FAILS(OST_MISUSE, "write them with OST_TRANSACTION(…)",
          ost_transaction(r->s, does_nothing, NULL, &bare));
    FAILS(OST_MISUSE, "there is no isolation level 9",
          ost_begin(r->s, OST_TRANSACTION(.isolation = 9)));
    FAILS(OST_MISUSE, "ost_begin runs no body again; use ost_transaction",
          ost_begin(r->s, OST_TRANSACTION(.max_attempts = 2)));
    FAILS(OST_MISUSE, "ost_transaction needs a body", ost_transaction(r->s, NULL, NULL, NULL));
    FAILS(OST_MISUSE, "ost_commit without ost_begin", ost_commit(r->s));
    FAILS(OST_MISUSE, "ost_rollback without ost_begin", ost_rollback(r->s));
    for (uint16_t level = OST_READ_COMMITTED; level <= OST_SERIALIZABLE; level++) {
        if (level == OST_SERIALIZABLE && r->mode == &rig_modes[RIG_MONGODB]) {
            FAILS(OST_UNSUPPORTED, "does not have this isolation level",
                  ost_begin(r->s, OST_TRANSACTION(.isolation = level)));
            continue;
        }
        OK(ost_begin(r->s, OST_TRANSACTION(.isolation = level)));
        OK(add(r->s, "x", NULL));
        OK(ost_commit(r->s));
    }
}

static void a_read_only_transaction_refuses_writes(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    OK(ost_begin(r->s, OST_TRANSACTION(.read_only = true)));
    book *b = ost_get(r->s, book, id);
    assert_non_null(b);
    rig_forget(r);
    FAILS(OST_MISUSE, "a write in a read-only transaction", add(r->s, "x", NULL));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    FAILS(OST_MISUSE, "read-only transaction", ost_delete(r->s, book, b));
    if (r->mode != &rig_modes[RIG_MONGODB]) {
        OK(ost_begin(r->s, NULL));
        FAILS(OST_MISUSE, "read-only transaction", ost_delete(r->s, book, b));
        OK(ost_rollback(r->s));
    }
    assert_int_equal(rig_count(r, "INSERT") + rig_count(r, "DELETE"), 0);
    assert_non_null(ost_get(r->s, book, id));
    OK(ost_commit(r->s));
    OK(add(r->s, "x", NULL));
}

static ost_status ends_its_own(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt, (void)context;
    OST_TRY(add(s, "committed by hand", NULL));
    return ost_commit(s);
}

static ost_status leaves_one_open(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt, (void)context;
    OST_TRY(ost_begin(s, NULL));
    return add(s, "left open", NULL);
}

static void bodies_end_what_they_began_and_nothing_else(void **state)
{
    rig *r = *state;
    FAILS(OST_MISUSE, "the body ended the transaction that it runs in",
          ost_transaction(r->s, ends_its_own, NULL, NULL));
    assert_int_equal(rig_books(r), 1);
    OK(add(r->s, "x", NULL));
}

static void bodies_end_the_savepoints_that_they_began(void **state)
{
    rig *r = *state;
    FAILS(OST_MISUSE, "the body left a transaction open that it began",
          ost_transaction(r->s, leaves_one_open, NULL, NULL));
    assert_int_equal(rig_books(r), 0);
}

static void closing_rolls_back(void **state)
{
    rig *r = *state;
    ost_session *s = rig_session(r, NULL);
    assert_int_equal(ost_begin(s, NULL), OST_OK);
    assert_int_equal(add(s, "gone", NULL), OST_OK);
    if (r->mode != &rig_modes[RIG_MONGODB])
        assert_int_equal(ost_begin(s, NULL), OST_OK);
    assert_int_equal(add(s, "gone", NULL), OST_OK);
    ost_session_close(s);
    assert_int_equal(rig_books(r), 0);
    OK(add(r->s, "x", NULL));
}

static void success_leaves_the_error(void **state)
{
    rig *r = *state;
    NULLS(OST_NOT_FOUND, "no book", ost_get(r->s, book, 42));
    OK(ost_begin(r->s, NULL));
    OK(add(r->s, "x", NULL));
    OK(ost_rollback(r->s));
    OK(ost_session_clear(r->s));
    OK(ost_transaction(r->s, does_nothing, NULL, NULL));
    assert_non_null(ost_all(ost_from(r->s, book), book, NULL));
    assert_int_equal(ost_session_error(r->s)->status, OST_NOT_FOUND);
    HAS(ost_session_error(r->s)->message, "no book was found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_body_that_succeeds_is_committed),
        RIG_ALL(a_body_without_statements_sends_nothing),
        RIG_ALL(a_body_that_returns_anything_else_is_rolled_back),
        RIG_ALL(ost_fail_says_why_with_its_path),
        RIG_ALL(undo_is_no_failure),
        RIG_SQL(undo_inside_leaves_what_was_before),
        RIG_ON(without_savepoints_nesting_is_refused, RIG_MONGODB),
        RIG_ALL(a_body_that_ignores_a_failed_write_is_rolled_back),
        RIG_ALL(later_calls_return_the_first_error),
        RIG_SQL(a_failed_write_dooms_the_innermost_savepoint),
        RIG_ALL(what_the_database_did_not_refuse_dooms_nothing),
        RIG_SQL(savepoints_nest_sixteen_deep),
        RIG_SQL(sixteen_at_once_are_sent_with_the_first_statement),
        RIG_SQL(bodies_nest_sixteen_deep),
        RIG_SQL(a_savepoint_has_no_options_of_its_own),
        RIG_ALL(options_are_checked),
        RIG_ALL(a_read_only_transaction_refuses_writes),
        RIG_ALL(bodies_end_what_they_began_and_nothing_else),
        RIG_SQL(bodies_end_the_savepoints_that_they_began),
        RIG_ALL(closing_rolls_back),
        RIG_ALL(success_leaves_the_error),
    };
    return RIG_RUN(tests);
}
