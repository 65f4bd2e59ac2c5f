/* SPDX-License-Identifier: MIT */
/* Callbacks after the end of a transaction: which run, in which order, and what they may do. */
#include "hooks.h"

#include <stdio.h>

static char said[400];

static void say(ost_session *s, void *context)
{
    size_t used = strlen(said);
    (void)s;
    snprintf(said + used, sizeof said - used, "%s%s", used ? " " : "", (const char *)context);
}

/* What was said since the last look. */
static const char *heard(void)
{
    static char copy[sizeof said];
    memcpy(copy, said, sizeof copy);
    said[0] = '\0';
    return copy;
}

static void register_all(rig *r, char *commit, char *rollback, char *unknown)
{
    OK(ost_after_commit(r->s, say, commit));
    OK(ost_after_rollback(r->s, say, rollback));
    OK(ost_after_unknown_outcome(r->s, say, unknown));
}

/* ---- which, and in which order ---- */

static void they_run_once_the_outermost_has_ended(void **state)
{
    rig *r = *state;
    heard();
    OK(ost_begin(r->s, NULL));
    register_all(r, "c1", "r1", "u1");
    rig_book(r, "x", 1);
    register_all(r, "c2", "r2", "u2");
    assert_string_equal(heard(), "");
    OK(ost_commit(r->s));
    assert_string_equal(heard(), "c1 c2");
    OK(ost_begin(r->s, NULL));
    rig_book(r, "y", 1);
    register_all(r, "c1", "r1", "u1");
    register_all(r, "c2", "r2", "u2");
    OK(ost_rollback(r->s));
    assert_string_equal(heard(), "r1 r2");
    OK(ost_begin(r->s, NULL));
    OK(ost_rollback(r->s));
    OK(ost_begin(r->s, NULL));
    OK(ost_commit(r->s));
    assert_string_equal(heard(), "");
}

/* Also if nothing was ever sent. */
static void an_empty_transaction_commits_too(void **state)
{
    rig *r = *state;
    heard();
    rig_forget(r);
    OK(ost_begin(r->s, NULL));
    register_all(r, "c", "r", "u");
    OK(ost_commit(r->s));
    assert_string_equal(heard(), "c");
    assert_int_equal(rig_sent(r), 0);
}

static void what_a_savepoint_undid_did_not_happen(void **state)
{
    rig *r = *state;
    heard();
    OK(ost_begin(r->s, NULL));
    register_all(r, "c1", "r1", "u1");
    OK(ost_begin(r->s, NULL));
    rig_book(r, "x", 1);
    register_all(r, "c2", "r2", "u2");
    OK(ost_begin(r->s, NULL));
    register_all(r, "c3", "r3", "u3");
    OK(ost_commit(r->s));
    OK(ost_rollback(r->s));
    OK(ost_begin(r->s, NULL));
    register_all(r, "c4", "r4", "u4");
    OK(ost_commit(r->s));
    register_all(r, "c5", "r5", "u5");
    assert_string_equal(heard(), "");
    OK(ost_commit(r->s));
    assert_string_equal(heard(), "c1 r2 r3 c4 c5");
}

static void a_rollback_after_a_savepoints_runs_each_once(void **state)
{
    rig *r = *state;
    heard();
    OK(ost_begin(r->s, NULL));
    OK(ost_begin(r->s, NULL));
    register_all(r, "c1", "r1", "u1");
    OK(ost_rollback(r->s));
    register_all(r, "c2", "r2", "u2");
    OK(ost_rollback(r->s));
    assert_string_equal(heard(), "r1 r2");
}

static ost_status register_and_add(ost_session *s, const ost_attempt *attempt, void *context)
{
    static char numbers[4][3] = { "a0", "a1", "a2", "a3" };
    rig *r = context;
    OK(ost_after_rollback(s, say, numbers[attempt->number]));
    OK(ost_after_commit(s, say, "done"));
    return ost_insert(s, book, &(book){ .title = "x" });
}

static ost_status join(ost_session *s, const ost_attempt *attempt, void *context)
{
    rig *r = context;
    (void)attempt;
    register_all(r, "c1", "r1", "u1");
    OST_TRY(ost_transaction(s, register_and_add, r, OST_TRANSACTION(.join = true)));
    return ost_undo(s);
}

static void they_run_for_bodies_and_what_joined_them(void **state)
{
    rig *r = *state;
    heard();
    OK(ost_transaction(r->s, register_and_add, r, NULL));
    assert_string_equal(heard(), "done");
    OK(ost_transaction(r->s, join, r, NULL));
    assert_string_equal(heard(), "r1 a1");
}

static void an_attempt_that_failed_was_rolled_back(void **state)
{
    rig *r = *state;
    heard();
    rig_rule(r,
             OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_COMMIT), .action = OST_FAKE_REFUSE,
                           .status = OST_SERIALIZATION, .effects = OST_FAKE_ENDS_UNIT, .times = 2));
    OK(ost_transaction(r->s, register_and_add, r, OST_TRANSACTION(.max_attempts = 3)));
    assert_string_equal(heard(), "a1 a2 done");
}

static void a_doomed_transaction_is_rolled_back(void **state)
{
    rig *r = *state;
    heard();
    OK(ost_insert(r->s, book, &(book){ .title = "x", .isbn = "1" }));
    OK(ost_begin(r->s, NULL));
    register_all(r, "c1", "r1", "u1");
    FAILS(OST_CONFLICT, "isbn", ost_insert(r->s, book, &(book){ .title = "y", .isbn = "1" }));
    FAILS(OST_CONFLICT, "isbn", ost_after_commit(r->s, say, "c2"));
    OK(ost_after_rollback(r->s, say, "r2"));
    FAILS(OST_CONFLICT, "isbn", ost_commit(r->s));
    assert_string_equal(heard(), "r1 r2");
    HAS(ost_session_error(r->s)->message, "isbn");
}

/* Nobody knows whether it was committed: neither of the two tells the truth. */
static void after_an_unknown_outcome_neither_runs(void **state)
{
    rig *r = *state;
    heard();
    OK(ost_begin(r->s, NULL));
    OK(ost_begin(r->s, NULL));
    register_all(r, "c1", "r1", "u1");
    OK(ost_rollback(r->s));
    register_all(r, "c2", "r2", "u2");
    rig_book(r, "x", 1);
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_COMMIT), .action = OST_FAKE_LOSE_ANSWER,
                              .effects = OST_FAKE_LOSES_CONNECTION));
    FAILS(OST_UNKNOWN_OUTCOME, "the answer to COMMIT was lost", ost_commit(r->s));
    assert_string_equal(heard(), "r1 u2");
}

/* ---- outside a transaction ---- */

static void outside_a_transaction_the_commit_was_now(void **state)
{
    rig *r = *state;
    heard();
    register_all(r, "c", "r", "u");
    assert_string_equal(heard(), "c");
    FAILS(OST_MISUSE, "a NULL function", ost_after_commit(r->s, NULL, NULL));
    FAILS(OST_MISUSE, "a NULL function", ost_after_rollback(r->s, NULL, NULL));
    assert_int_equal(ost_after_commit(NULL, say, "x"), OST_MISUSE);
}

static ost_status register_in_hook(ost_call *call, void *record)
{
    rig *r = ost_call_context(call);
    (void)record;
    register_all(r, "c", "r", "u");
    assert_string_equal(heard(), "");
    return OST_OK;
}

static ost_status register_and_refuse(ost_call *call, void *record)
{
    register_in_hook(call, record);
    return ost_call_fail(call, NULL, "no");
}

static void in_a_hook_it_is_the_end_of_its_write(void **state)
{
    static const char *const hooks[] = { "before_validate", "before_insert", "after_save" };
    rig *r = *state;
    heard();
    for (size_t i = 0; i < 3; i++) {
        lodger many[2] = { { .name = "ada" }, { .name = "bob" } };
        hooks_when(hooks[i], register_in_hook);
        OK(ost_insert(r->s, lodger, &(lodger){ .name = "ada" }));
        assert_string_equal(heard(), "c");
        hooks_when(hooks[i], register_and_refuse);
        FAILS(OST_INVALID, "lodger: no", ost_insert(r->s, lodger, &(lodger){ .name = "ada" }));
        assert_string_equal(heard(), "r");
        hooks_rest();
        OK(ost_insert_many(r->s, lodger, many, 2));
        assert_string_equal(heard(), "");
    }
    visit v = { .reason = "x" };
    hooks_when("before_insert", register_in_hook);
    OK(ost_insert(r->s, visit, &v));
    assert_string_equal(heard(), "c");
}

/* ---- what they may do ---- */

static rig *the_rig;

static void use_the_session(ost_session *s, void *context)
{
    rig *r = the_rig;
    int64_t n = -1;
    (void)context;
    say(s, "in");
    OK(ost_count_of(ost_from(s, book), &n));
    assert_int_equal(n, 1);
    NULLS(OST_NOT_FOUND, "no book", ost_get(s, book, 12345));
    FAILS(OST_MISUSE, "ost_session_clear while a hook, check or callback runs",
          ost_session_clear(s));
    FAILS(OST_MISUSE, "ost_begin while a hook", ost_begin(s, NULL));
    /* A transaction of its own: what is due after it comes after this callback. */
    OK(ost_transaction(s, register_and_add, r, NULL));
    OK(ost_after_commit(s, say, "later"));
    say(s, "out");
}

static void a_callback_may_query_and_run_transactions(void **state)
{
    rig *r = *state;
    heard();
    the_rig = r;
    NULLS(OST_NOT_FOUND, "no lodger", ost_get(r->s, lodger, 5));
    OK(ost_begin(r->s, NULL));
    rig_book(r, "x", 1);
    OK(ost_after_commit(r->s, use_the_session, NULL));
    OK(ost_after_commit(r->s, say, "next"));
    OK(ost_commit(r->s));
    assert_string_equal(heard(), "in out next done later");
    assert_int_equal(rig_books(r), 2);
    /* What failed in there is not the commit's. */
    HAS(ost_session_error(r->s)->message, "no lodger");
    OK(ost_session_clear(r->s));
}

static void use_too_late(ost_session *s, void *context)
{
    say(s, context);
    assert_int_equal(ost_insert(s, book, &(book){ .title = "late" }), OST_MISUSE);
    ost_session_close(s);
}

static void a_session_that_closes_tells_of_the_rollback(void **state)
{
    rig *r = *state;
    ost_session *s = rig_session(r, NULL);
    heard();
    assert_int_equal(ost_begin(s, NULL), OST_OK);
    assert_int_equal(ost_insert(s, book, &(book){ .title = "x" }), OST_OK);
    assert_int_equal(ost_after_commit(s, say, "c"), OST_OK);
    assert_int_equal(ost_after_rollback(s, use_too_late, "r"), OST_OK);
    ost_session_close(s);
    assert_string_equal(heard(), "r");
    assert_int_equal(rig_books(r), 0);
}

static void without_memory_nothing_is_registered(void **state)
{
    rig *r = *state;
    heard();
    OK(ost_begin(r->s, NULL));
    atomic_store(&r->fail_at, atomic_load(&r->calls) + 1);
    FAILS(OST_NO_MEMORY, "no memory", ost_after_commit(r->s, say, "c"));
    atomic_store(&r->fail_at, 0);
    OK(ost_commit(r->s));
    assert_string_equal(heard(), "");
}

static const struct CMUnitTest tests[] = {
    RIG_ALL(they_run_once_the_outermost_has_ended),
    RIG_ALL(an_empty_transaction_commits_too),
    RIG_SQL(what_a_savepoint_undid_did_not_happen),
    RIG_SQL(a_rollback_after_a_savepoints_runs_each_once),
    RIG_ALL(they_run_for_bodies_and_what_joined_them),
    RIG_FAKES(an_attempt_that_failed_was_rolled_back),
    RIG_ALL(a_doomed_transaction_is_rolled_back),
    RIG_FAKES(after_an_unknown_outcome_neither_runs),
    RIG_ALL(outside_a_transaction_the_commit_was_now),
    RIG_ALL(in_a_hook_it_is_the_end_of_its_write),
    RIG_ALL(a_callback_may_query_and_run_transactions),
    RIG_ALL(a_session_that_closes_tells_of_the_rollback),
    RIG_ALL(without_memory_nothing_is_registered),
};

int main(void)
{
    return RIG_RUN(tests);
}
