/* SPDX-License-Identifier: MIT */
/* Transactions of one session, and what others see of them. */
#include "conformance.h"

#include <string.h>

#define OTHER_OK(call) assert_string_equal(ost_status_name(call), "OST_OK")

/* Notes as another session sees them now. */
static int64_t seen_by(ost_session *other)
{
    int64_t count = -1;
    ost_query *q = ost_from(other, thing);
    ost_where(q, ost_not_null(thing, note));
    if (ost_count_of(q, &count) != OST_OK)
        fail_msg("%s", ost_session_error(other)->message);
    return count;
}

/* Each has a connection from now on, so that none is opened while the other one writes. */
static void meet(ost_session *other)
{
    OK(ost_begin(s, OST_TRANSACTION(.read_only = true)));
    (void)seen_by(s);
    (void)seen_by(other);
    OK(ost_commit(s));
}

static void a_commit_is_seen_by_others(void)
{
    ost_session *other = other_session();
    OK(ost_begin(s, NULL));
    add_note("a");
    OK(ost_commit(s));
    assert_int_equal(seen_by(other), 1);
    OK(ost_begin(s, NULL));
    add_note("b");
    OK(ost_rollback(s));
    assert_int_equal(seen_by(other), 1);
    assert_int_equal(seen_by(s), 1);
}

static void what_is_not_committed_is_not_seen(void)
{
    ost_session *other = another_session(OST_SESSION(.timeout_ms = 300));
    int64_t count;
    ost_query *q = ost_from(other, thing);
    add_note("a");
    meet(other);
    OK(ost_begin(s, NULL));
    add_note("b");
    if (refused(ost_count_of(q, &count), OST_LOCK_TIMEOUT))
        return;
    assert_int_equal(seen_by(other), 1);
    assert_int_equal(seen_by(s), 2);
    OK(ost_commit(s));
    assert_int_equal(seen_by(other), 2);
}

static void closing_the_session_rolls_back(void)
{
    ost_session *other = NULL;
    OK(ost_session_open(db, NULL, &other, NULL));
    OTHER_OK(ost_begin(other, NULL));
    OTHER_OK(ost_insert(other, thing, &(thing){ .name = "", .note = "lost" }));
    ost_session_close(other);
    assert_int_equal(seen_by(s), 0);
}

static void a_savepoint_is_undone_alone(void)
{
    OK(ost_begin(s, NULL));
    add_note("a");
    if (refused(ost_begin(s, NULL), OST_UNSUPPORTED))
        return;
    add_note("b");
    OK(ost_begin(s, NULL));
    add_note("c");
    OK(ost_commit(s));
    assert_int_equal(seen_by(s), 3);
    OK(ost_rollback(s));
    assert_int_equal(seen_by(s), 1);
    OK(ost_begin(s, NULL));
    add_note("d");
    OK(ost_commit(s));
    OK(ost_commit(s));
    assert_int_equal(seen_by(s), 2);
    assert_int_equal(things(ost_eq(thing, note, "d")), 1);
}

static void savepoints_nest(void)
{
    for (int i = 0; i < 8; i++) {
        if (refused(ost_begin(s, NULL), OST_UNSUPPORTED))
            return;
        add_note("deep");
    }
    for (int i = 7; i >= 0; i--) {
        if (i == 5) /* undoes itself and the two inside it */
            OK(ost_rollback(s));
        else
            OK(ost_commit(s));
    }
    assert_int_equal(seen_by(s), 5);
}

static void taken(void)
{
    FAILS("OST_CONFLICT", ost_insert(s, account, &(account){ .id = 1 }));
}

static void a_failed_write_dooms_the_transaction(void)
{
    int64_t count;
    OK(ost_begin(s, NULL));
    OK(ost_insert(s, account, &(account){ .id = 1 }));
    taken();
    FAILS("OST_CONFLICT", ost_insert(s, account, &(account){ .id = 2 }));
    FAILS("OST_CONFLICT", ost_count_of(ost_from(s, account), &count));
    FAILS("OST_CONFLICT", ost_commit(s));
    OK(ost_count_of(ost_from(s, account), &count));
    assert_int_equal(count, 0);
}

static void a_failed_write_dooms_the_innermost_savepoint(void)
{
    int64_t count;
    OK(ost_begin(s, NULL));
    OK(ost_insert(s, account, &(account){ .id = 1 }));
    if (refused(ost_begin(s, NULL), OST_UNSUPPORTED))
        return;
    OK(ost_insert(s, account, &(account){ .id = 2 }));
    taken();
    FAILS("OST_CONFLICT", ost_insert(s, account, &(account){ .id = 3 }));
    OK(ost_rollback(s));
    OK(ost_insert(s, account, &(account){ .id = 4 }));
    OK(ost_commit(s));
    OK(ost_count_of(ost_from(s, account), &count));
    assert_int_equal(count, 2);
    assert_non_null(ost_get(s, account, 4));
}

static void an_error_of_its_own_dooms_nothing(void)
{
    OK(ost_begin(s, NULL));
    add_note("a");
    assert_null(ost_get(s, thing, -1));
    FAILS("OST_RANGE", ost_insert(s, thing, &(thing){ .name = "\xff" }));
    FAILS("OST_MISUSE", ost_delete_all(ost_from(s, thing), NULL));
    add_note("b");
    OK(ost_commit(s));
    assert_int_equal(seen_by(s), 2);
}

static void a_failed_write_without_a_transaction_leaves_nothing(void)
{
    OK(ost_insert(s, account, &(account){ .id = 1 }));
    taken();
    OK(ost_insert(s, account, &(account){ .id = 2 }));
    account many[3] = { { .id = 3 }, { .id = 4 }, { .id = 1 } };
    FAILS("OST_CONFLICT", ost_insert_many(s, account, many, 3));
    int64_t count;
    OK(ost_count_of(ost_from(s, account), &count));
    assert_int_equal(count, 2);
}

/* ---- bodies ---- */

static ost_status body(ost_session *on, const ost_attempt *attempt, void *context)
{
    ost_status *ending = context;
    (void)attempt;
    OST_TRY(ost_insert(on, thing, &(thing){ .name = "", .note = "of a body" }));
    if (*ending == OST_CANCELLED)
        return ost_undo(on);
    return *ending == OST_OK ? OST_OK : ost_fail(on, *ending, "note", "the body says no");
}

static void bodies_commit_or_roll_back(void)
{
    ost_status ending = OST_OK;
    OK(ost_transaction(s, body, &ending, NULL));
    assert_int_equal(seen_by(s), 1);
    ending = OST_INVALID;
    FAILS("OST_INVALID", ost_transaction(s, body, &ending, NULL));
    assert_int_equal(seen_by(s), 1);
    ending = OST_CANCELLED;
    OK(ost_transaction(s, body, &ending, NULL));
    assert_int_equal(seen_by(s), 1);
}

static void bodies_nest(void)
{
    ost_status ending = OST_OK;
    OK(ost_begin(s, NULL));
    if (refused(ost_transaction(s, body, &ending, NULL), OST_UNSUPPORTED))
        return;
    ending = OST_INVALID;
    FAILS("OST_INVALID", ost_transaction(s, body, &ending, NULL));
    ending = OST_OK;
    OK(ost_transaction(s, body, &ending, NULL));
    OK(ost_commit(s));
    assert_int_equal(seen_by(s), 2);
}

/* ---- what rollback takes back ---- */

static void rollback_takes_back_what_was_set(void)
{
    thing *fresh = ost_new(s, thing), *kept;
    fresh->name = "fresh";
    kept = ost_get(s, thing, add_thing((thing){ .name = "kept" }));
    OK(ost_begin(s, NULL));
    OK(ost_insert(s, thing, fresh));
    assert_true(fresh->id > 0);
    kept->i32 = 5;
    OK(ost_save(s, thing, kept));
    OK(ost_rollback(s));
    assert_int_equal(fresh->id, 0);
    OK(ost_save(s, thing, kept)); /* what was undone is written again */
    OK(ost_insert(s, thing, fresh));
    assert_int_equal(things(ost_eq(thing, i32, 5)), 1);
    assert_int_equal(things(ost_eq(thing, name, "fresh")), 1);
}

static void a_read_only_transaction_writes_nothing(void)
{
    add_note("a");
    OK(ost_begin(s, OST_TRANSACTION(.read_only = true)));
    assert_int_equal(seen_by(s), 1);
    FAILS("OST_MISUSE", ost_insert(s, thing, &(thing){ .name = "", .note = "b" }));
    assert_int_equal(seen_by(s), 1);
    OK(ost_commit(s));
    add_note("b");
    assert_int_equal(seen_by(s), 2);
}

static void what_joins_is_part_of_the_transaction(void)
{
    const ost_transaction_options *joining = OST_TRANSACTION(.join = true);
    OK(ost_begin(s, NULL));
    add_note("a");
    OK(ost_begin(s, joining));
    add_note("b");
    OK(ost_commit(s));
    OK(ost_commit(s));
    assert_int_equal(seen_by(s), 2);
    OK(ost_begin(s, NULL));
    add_note("c");
    OK(ost_begin(s, joining));
    add_note("d");
    OK(ost_rollback(s));
    FAILS("OST_CANCELLED", ost_commit(s));
    assert_int_equal(seen_by(s), 2);
}

static void an_empty_transaction_sends_nothing(void)
{
    (void)statements_sent();
    OK(ost_begin(s, NULL));
    OK(ost_commit(s));
    OK(ost_begin(s, NULL));
    OK(ost_rollback(s));
    assert_int_equal(statements_sent(), 0);
    FAILS("OST_MISUSE", ost_commit(s));
    FAILS("OST_MISUSE", ost_rollback(s));
}

static void an_empty_savepoint_sends_nothing(void)
{
    (void)statements_sent();
    OK(ost_begin(s, NULL));
    if (refused(ost_begin(s, NULL), OST_UNSUPPORTED))
        return;
    OK(ost_commit(s));
    OK(ost_commit(s));
    assert_int_equal(statements_sent(), 0);
}

static void a_transaction_may_be_large(void)
{
    static thing many[1000];
    memset(many, 0, sizeof many);
    OK(ost_begin(s, NULL));
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 1000; i++)
            many[i] = (thing){ .name = "n", .note = "many", .i32 = i };
        OK(ost_insert_many(s, thing, many, 1000));
    }
    OK(ost_rollback(s));
    assert_int_equal(seen_by(s), 0);
}

static const test_case transactions_group_cases[] = {
    CASE_ALONE(a_commit_is_seen_by_others, "a commit is seen by others, a rollback is not"),
    CASE_ALONE(what_is_not_committed_is_not_seen,
               "others read what was there before, and need not wait"),
    CASE_ALONE(closing_the_session_rolls_back, "closing a session rolls its transaction back"),
    CASE_ALONE(a_savepoint_is_undone_alone, "a savepoint is undone alone"),
    CASE_ALONE(savepoints_nest, "savepoints nest"),
    CASE_ALONE(a_failed_write_dooms_the_transaction, "a failed write dooms the transaction"),
    CASE_ALONE(a_failed_write_dooms_the_innermost_savepoint,
               "a failed write dooms the innermost savepoint alone"),
    CASE_ALONE(an_error_of_its_own_dooms_nothing,
               "what was not found, or refused before it was sent, dooms nothing"),
    CASE_ALONE(a_failed_write_without_a_transaction_leaves_nothing,
               "a failed write without a transaction leaves nothing behind"),
    CASE_ALONE(bodies_commit_or_roll_back, "bodies commit, fail, or undo"),
    CASE_ALONE(bodies_nest, "a body inside a transaction is undone alone"),
    CASE_ALONE(what_joins_is_part_of_the_transaction,
               "what joins a transaction is kept and undone with it"),
    CASE_ALONE(rollback_takes_back_what_was_set,
               "rollback takes back keys, and knows what is stored"),
    CASE_ALONE(a_read_only_transaction_writes_nothing, "a read-only transaction writes nothing"),
    CASE_ALONE(an_empty_transaction_sends_nothing, "an empty transaction sends nothing"),
    CASE_ALONE(an_empty_savepoint_sends_nothing, "an empty savepoint sends nothing"),
    CASE_ALONE(a_transaction_may_be_large, "a transaction of 5,000 records is undone whole"),
};
GROUP(transactions_group, "Transactions");
