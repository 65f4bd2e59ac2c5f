/* SPDX-License-Identifier: MIT */
/* What functions of the program's are told, may do, and may not, while a call of the library's
 * runs. */
#include "rig.h"

#include <pthread.h>
#include <stdio.h>

#include "session/session.h"

/* ---- one function inside one call ---- */

typedef ost_status asked(ost_call *call, rig *r, book *record);
typedef struct asking {
    rig *rig;
    asked *ask;
} asking;

static ost_status ask_hook(ost_call *call, void *record)
{
    const asking *a = ost_call_context(call);
    return a->ask(call, a->rig, record);
}

static ost_status ask_check(ost_call *call, const void *value, const void *record)
{
    assert_ptr_equal(value, &((const book *)record)->stock);
    return ask_hook(call, (void *)(uintptr_t)record);
}

/* A call as an insert or a save has it. */
static ost_call *begin_call(rig *r, asking *a, enum ost_called operation)
{
    ost_error error;
    assert_true(ost__enter(r->s));
    const ost__model *m = ost__model_find(r->s->db->models, &book_model, sizeof(book), &error);
    assert_non_null(m);
    r->s->context = a;
    ost_call *call = ost__call_new(r->s, m, operation);
    assert_non_null(call);
    return call;
}

static ost_status end_call(rig *r, const ost_call *call, ost_status status)
{
    if (status != OST_OK)
        ost__call_failed(r->s, call, status);
    return ost__leave(r->s, status);
}

static ost_status hook(rig *r, asked *ask, book *record)
{
    asking a = { .rig = r, .ask = ask };
    ost_call *call = begin_call(r, &a, OST_CALL_INSERT);
    return end_call(r, call, ost__call_hook(call, ask_hook, "before_save hook", record));
}

/* ---- what it is told ---- */

static ost_status look(ost_call *call, rig *r, book *record)
{
    assert_ptr_equal(ost_call_session(call), r->s);
    assert_ptr_equal(ost_call_model(call), &book_model);
    assert_int_equal(ost_call_operation(call), OST_CALL_INSERT);
    assert_string_equal(ost_call_path(call), "");
    assert_null(ost_loaded(call, book));
    assert_true(ost_changed(call, book, title));
    assert_int_equal(record->stock, 3);
    record->stock = 4;
    return OST_OK;
}

static void a_hook_is_told_what_runs_and_changes_the_record(void **state)
{
    rig *r = *state;
    book b = { .title = "x", .stock = 3 };
    assert_int_equal(hook(r, look, &b), OST_OK);
    assert_int_equal(b.stock, 4);
}

static ost_status compare(ost_call *call, rig *r, book *record)
{
    (void)r;
    assert_int_equal(ost_loaded(call, book)->stock, 1);
    assert_string_equal(ost_call_path(call), "stock");
    assert_true(ost_changed(call, book, stock));
    assert_false(ost_changed(call, book, title));
    assert_false(ost_changed(call, book, year));
    assert_int_equal(record->stock, 2);
    return OST_OK;
}

static void a_check_may_compare_with_what_was_loaded(void **state)
{
    rig *r = *state;
    char title[] = "x";
    book before = { .title = "x", .stock = 1, .year = { .value = 7 } };
    book now = { .title = title, .stock = 2, .year = { .value = 8 } };
    asking a = { .rig = r, .ask = compare };
    ost_call *call = begin_call(r, &a, OST_CALL_SAVE);
    const ost_field stock = { .name = "stock", .check = ask_check };
    call->loaded = &before;
    call->record = &now;
    ost_status status = ost__call_check(call, &stock, "stock", &now.stock, &now);
    assert_int_equal(end_call(r, call, status), OST_OK);
}

static ost_status ask_for_a_member_of_others(ost_call *call, rig *r, book *record)
{
    const ost_member other = { .path = "shoe", .size = 4, .type = OST_TYPE_INT32 };
    (void)r, (void)record;
    assert_false(ost_call_changed(call, &other));
    assert_false(ost_call_changed(call, NULL));
    return OST_OK;
}

static void a_member_that_is_not_there_is_misuse(void **state)
{
    rig *r = *state;
    book b = { .title = "x" };
    FAILS(OST_MISUSE, "ost_call_changed asks for shoe, which book does not have",
          hook(r, ask_for_a_member_of_others, &b));
}

/* The session's own context comes before the database's. */
static void the_context_is_the_sessions_or_the_databases(void **state)
{
    rig *r = *state;
    int mine = 0;
    assert_ptr_equal(r->s->context, r->s->db->event_context);
    ost_session *s = rig_session(r, OST_SESSION(.context = &mine));
    assert_ptr_equal(s->context, &mine);
    ost_session_close(s);
}

/* ---- how it refuses ---- */

static ost_status refuse_twice(ost_call *call, rig *r, book *record)
{
    (void)r, (void)record;
    assert_int_equal(ost_call_fail(call, "stock", "must be at most %d", 3), OST_INVALID);
    return ost_call_fail(call, NULL, "is not for us");
}

static void each_reason_is_a_failure(void **state)
{
    rig *r = *state;
    ost_failure f;
    book b = { .title = "x" };
    FAILS(OST_INVALID, "book.stock: must be at most 3", hook(r, refuse_twice, &b));
    const ost_error *e = ost_session_error(r->s);
    assert_int_equal(e->failure_count, 2);
    assert_string_equal(e->model, "book");
    assert_string_equal(e->field, "stock");
    assert_true(ost_error_failure(e, 0, &f));
    assert_string_equal(f.path, "stock");
    assert_string_equal(f.rule, "custom");
    assert_true(ost_error_failure(e, 1, &f));
    assert_string_equal(f.path, "");
    assert_string_equal(f.message, "is not for us");
}

static ost_status refuse_and_forget(ost_call *call, rig *r, book *record)
{
    refuse_twice(call, r, record);
    return OST_OK;
}

static void a_reason_counts_also_if_the_function_forgets_to_return_it(void **state)
{
    rig *r = *state;
    book b = { .title = "x" };
    FAILS(OST_INVALID, "book.stock: must be at most 3", hook(r, refuse_and_forget, &b));
}

static ost_status refuse_by_status(ost_call *call, rig *r, book *record)
{
    (void)call, (void)r, (void)record;
    return OST_LOCK_TIMEOUT;
}

static ost_status refuse_with_words(ost_call *call, rig *r, book *record)
{
    (void)r, (void)record;
    return ost_fail(ost_call_session(call), OST_CONFLICT, "title", "is in the %s", "other shop");
}

static void another_status_stops_the_call(void **state)
{
    rig *r = *state;
    book b = { .title = "x" };
    FAILS(OST_LOCK_TIMEOUT, "the before_save hook of book returned OST_LOCK_TIMEOUT",
          hook(r, refuse_by_status, &b));
    /* An older error with the same status is not taken for the function's. */
    FAILS(OST_LOCK_TIMEOUT, "the before_save hook of book returned OST_LOCK_TIMEOUT",
          hook(r, refuse_by_status, &b));
    FAILS(OST_CONFLICT, "is in the other shop", hook(r, refuse_with_words, &b));
}

static ost_status fail_a_query(ost_call *call, rig *r, book *record)
{
    (void)record;
    assert_null(ost_get(ost_call_session(call), book, 77));
    return (ost_status)ost_session_error(r->s)->status;
}

static ost_status fail_a_query_and_go_on(ost_call *call, rig *r, book *record)
{
    assert_int_equal(fail_a_query(call, r, record), OST_NOT_FOUND);
    return OST_OK;
}

static void a_failed_query_says_why_if_its_status_is_returned(void **state)
{
    rig *r = *state;
    book b = { .title = "x" };
    FAILS(OST_NOT_FOUND, "no book was found", hook(r, fail_a_query, &b));
    assert_int_equal(hook(r, fail_a_query_and_go_on, &b), OST_OK);
}

/* Without a function's own failure the error from before stays. */
static void a_good_call_leaves_an_older_error(void **state)
{
    rig *r = *state;
    book b = { .title = "x", .stock = 3 };
    NULLS(OST_NOT_FOUND, "no book was found", ost_get(r->s, book, 77));
    assert_int_equal(hook(r, look, &b), OST_OK);
    assert_int_equal(ost_session_error(r->s)->status, OST_NOT_FOUND);
}

/* ---- what it may do ---- */

static ost_status count_books(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt;
    return ost_count_of(ost_from(s, book), context);
}

static ost_status query_and_write(ost_call *call, rig *r, book *record)
{
    ost_session *s = ost_call_session(call);
    size_t count;
    int64_t n = 0;
    book inner = { .title = "inner", .stock = 9 };
    OK(ost_insert(s, book, &inner));
    ost_query *q = ost_from(s, book);
    ost_where(q, ost_eq(book, title, "inner"));
    const book *found = ost_all(q, book, &count);
    assert_int_equal(count, 1);
    OK(ost_transaction(s, count_books, &n, NULL));
    assert_int_equal(n, 1);
    ost_cursor *c = ost_stream(ost_from(s, book), 1);
    assert_non_null(ost_next(c, book));
    OK(ost_cursor_close(c));
    ost_mark mark = ost_session_mark(s);
    assert_non_null(ost_get(s, book, inner.id));
    OK(ost_session_release(s, mark));
    record->title = found->title;
    return OST_OK;
}

static void it_may_query_and_write(void **state)
{
    rig *r = *state;
    book b = { .title = "x" };
    asking a = { .rig = r, .ask = query_and_write };
    ost_call *call = begin_call(r, &a, OST_CALL_INSERT);
    char *scratch = ost__arena_text(&r->s->scratch, "of the call", 11);
    ost_deadline deadline = r->s->deadline;
    ost_status status = ost__call_hook(call, ask_hook, "before_save hook", &b);
    assert_int_equal(status, OST_OK);
    assert_string_equal(b.title, "inner");
    assert_string_equal(scratch, "of the call");
    assert_true(r->s->deadline == deadline);
    assert_null(r->s->loan);
    assert_int_equal(end_call(r, call, status), OST_OK);
    assert_int_equal(rig_books(r), 1);
}

/* ---- what it may not ---- */

static ost_mark outer_mark;

static ost_status pull_the_ground(ost_call *call, rig *r, book *record)
{
    ost_session *s = ost_call_session(call);
    (void)record;
    FAILS(OST_MISUSE, "ost_session_clear while a hook", ost_session_clear(s));
    FAILS(OST_MISUSE, "ost_session_release of a mark from before while a hook",
          ost_session_release(s, outer_mark));
    FAILS(OST_MISUSE, "ost_begin while a hook", ost_begin(s, NULL));
    FAILS(OST_MISUSE, "ost_commit while a hook", ost_commit(s));
    FAILS(OST_MISUSE, "ost_rollback while a hook", ost_rollback(s));
    ost_session_close(s);
    assert_int_equal(ost_session_error(s)->status, OST_MISUSE);
    HAS(ost_session_error(s)->message, "ost_session_close while a hook");
    HAS(ost_session_error(s)->message, "do it once the call that it runs in has returned");
    assert_int_equal(ost_session_error(s)->nothing_sent, 1);
    return OST_OK;
}

static void it_may_not_clear_commit_or_close(void **state)
{
    rig *r = *state;
    book b = { .title = "x" };
    outer_mark = ost_session_mark(r->s);
    OK(ost_begin(r->s, NULL));
    rig_book(r, "kept", 1);
    OK(ost_insert(r->s, book, &b));
    assert_int_equal(hook(r, pull_the_ground, &b), OST_OK);
    OK(ost_commit(r->s));
    OK(ost_session_release(r->s, outer_mark));
    OK(ost_session_clear(r->s));
    assert_int_equal(rig_books(r), 2);
}

static ost_status call_itself(ost_call *call, rig *r, book *record)
{
    (void)call;
    record->stock++;
    return hook(r, call_itself, record);
}

static void a_function_that_causes_itself_is_stopped(void **state)
{
    rig *r = *state;
    book b = { .title = "x" };
    FAILS(OST_MISUSE, "call each other more than 16 deep", hook(r, call_itself, &b));
    assert_int_equal(b.stock, 16);
    OK(ost_insert(r->s, book, &b));
}

static void *use_from_elsewhere(void *session)
{
    book b = { .title = "of another thread" };
    return (void *)(uintptr_t)ost_insert((ost_session *)session, book, &b);
}

static ost_status let_another_thread_in(ost_call *call, rig *r, book *record)
{
    pthread_t thread;
    void *status = NULL;
    (void)call, (void)record;
    assert_int_equal(pthread_create(&thread, NULL, use_from_elsewhere, r->s), 0);
    assert_int_equal(pthread_join(thread, &status), 0);
    assert_int_equal((uintptr_t)status, OST_MISUSE);
    OK(ost_insert(r->s, book, &(book){ .title = "of this thread" }));
    return OST_OK;
}

static void another_thread_stays_outside(void **state)
{
    rig *r = *state;
    book b = { .title = "x" };
    assert_int_equal(hook(r, let_another_thread_in, &b), OST_OK);
    assert_int_equal(rig_books(r), 1);
}

static ost_status take_long(ost_call *call, rig *r, book *record)
{
    (void)record;
    rig_advance(r, INT64_C(31000000000));
    return ost_insert(ost_call_session(call), book, &(book){ .title = "late" });
}

static void its_queries_count_against_the_deadline_of_the_call(void **state)
{
    rig *r = *state;
    book b = { .title = "x" };
    assert_int_equal(hook(r, take_long, &b), OST_TIMEOUT);
    assert_int_equal(rig_books(r), 0);
}

static const struct CMUnitTest tests[] = {
    RIG_LOCAL(a_hook_is_told_what_runs_and_changes_the_record),
    RIG_LOCAL(a_check_may_compare_with_what_was_loaded),
    RIG_LOCAL(a_member_that_is_not_there_is_misuse),
    RIG_LOCAL(the_context_is_the_sessions_or_the_databases),
    RIG_LOCAL(each_reason_is_a_failure),
    RIG_LOCAL(a_reason_counts_also_if_the_function_forgets_to_return_it),
    RIG_LOCAL(another_status_stops_the_call),
    RIG_LOCAL(a_failed_query_says_why_if_its_status_is_returned),
    RIG_LOCAL(a_good_call_leaves_an_older_error),
    RIG_LOCAL(it_may_query_and_write),
    RIG_LOCAL(it_may_not_clear_commit_or_close),
    RIG_LOCAL(a_function_that_causes_itself_is_stopped),
    RIG_LOCAL(another_thread_stays_outside),
    RIG_FAKES(its_queries_count_against_the_deadline_of_the_call),
};

int main(void)
{
    return RIG_RUN(tests);
}
