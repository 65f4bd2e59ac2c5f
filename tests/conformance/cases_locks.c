/* SPDX-License-Identifier: MIT */
/* Locks on rows, waits, and deadlines. */
#include "pair.h"

#include <string.h>

enum { SHORT_MS = 300, SLACK_MS = 500 };

/* Accounts 1, 2 and 3. */
static void three_accounts(void)
{
    account many[3] = { { .id = 1, .cents = 10 },
                        { .id = 2, .cents = 20 },
                        { .id = 3, .cents = 30 } };
    OK(ost_insert_many(s, account, many, 3));
}

static ost_query *locked(ost_session *on, int64_t from, int64_t to, uint16_t mode)
{
    ost_query *q = ost_from(on, account);
    ost_where(q, ost_between(account, id, from, to));
    ost_order_by(q, ost_asc(account, id));
    ost_lock(q, mode);
    return q;
}

static void note_emulation(void)
{
    if (!strstr(last_statement(), " FOR ") && !strstr(last_statement(), " LOCK "))
        emulated();
}

/* Locks accounts in a transaction of the case's own session. false: the backend has no locks. */
static bool lock_here(int64_t from, int64_t to, uint16_t mode)
{
    size_t count;
    OK(ost_begin(s, NULL));
    if (!ost_all(locked(s, from, to, mode), account, &count)) {
        if (refused_here())
            return false;
        fail_msg("%s", ost_session_error(s)->message);
    }
    assert_int_equal(count, to - from + 1);
    note_emulation();
    return true;
}

static ost_status add_one(ost_session *on, void *context)
{
    ost_query *q = ost_from(on, account);
    ost_where(q, ost_eq(account, id, *(int64_t *)context));
    return ost_update_one(q, ost_inc(account, cents, 1));
}

static int64_t cents_of(int64_t id)
{
    account *found = ost_get(s, account, id);
    assert_non_null(found);
    OK(ost_reload(s, account, found));
    return found->cents;
}

static void an_update_waits_for_the_lock(void)
{
    helper h;
    int64_t id = 1;
    ost_session *other = other_session();
    three_accounts();
    if (!lock_here(1, 2, OST_LOCK_UPDATE))
        return;
    helper_begin(&h, other, add_one, &id);
    assert_true(helper_waits(&h, SHORT_MS));
    OK(add_one(s, &id));
    OK(ost_commit(s));
    assert_string_equal(ost_status_name(helper_end(&h)), "OST_OK");
    assert_int_equal(cents_of(1), 12);
}

static void rollback_releases_the_lock(void)
{
    helper h;
    int64_t id = 1;
    ost_session *other = other_session();
    three_accounts();
    if (!lock_here(1, 1, OST_LOCK_UPDATE))
        return;
    helper_begin(&h, other, add_one, &id);
    assert_true(helper_waits(&h, SHORT_MS));
    OK(ost_rollback(s));
    assert_string_equal(ost_status_name(helper_end(&h)), "OST_OK");
    assert_int_equal(cents_of(1), 11);
}

/* A row that nobody locked can be changed meanwhile. */
static void other_rows_are_free(void)
{
    int64_t id = 3;
    const int64_t keys[] = { 1, 2 };
    size_t count;
    ost_session *other = another_session(OST_SESSION(.timeout_ms = SHORT_MS));
    ost_query *q = ost_from(s, account);
    three_accounts();
    OK(ost_begin(s, NULL));
    ost_where(q, ost_in(account, id, keys, 2));
    ost_lock(q, OST_LOCK_UPDATE);
    if (!ost_all(q, account, &count) && refused_here())
        return;
    assert_int_equal(count, 2);
    note_emulation();
    if (refused(add_one(other, &id), OST_LOCK_TIMEOUT))
        return;
    OK(ost_commit(s));
    assert_int_equal(cents_of(3), 31);
}

static void rows_behind_a_range_are_free(void)
{
    int64_t id = 3;
    ost_status status;
    ost_session *other = another_session(OST_SESSION(.timeout_ms = SHORT_MS));
    three_accounts();
    if (!lock_here(1, 2, OST_LOCK_UPDATE))
        return;
    status = add_one(other, &id);
    if (status != OST_OK) {
        assert_true(status == OST_TIMEOUT || status == OST_LOCK_TIMEOUT);
        found("the next row waits");
        return;
    }
    OK(ost_commit(s));
    assert_int_equal(cents_of(3), 31);
}

static void readers_need_not_wait(void)
{
    ost_session *other = another_session(OST_SESSION(.timeout_ms = SHORT_MS));
    size_t count;
    three_accounts();
    assert_non_null(ost_all(ost_from(other, account), account, &count));
    if (!lock_here(1, 3, OST_LOCK_UPDATE))
        return;
    account *rows = ost_all(ost_from(other, account), account, &count);
    if (refused(rows ? OST_OK : (ost_status)ost_session_error(other)->status, OST_LOCK_TIMEOUT))
        return;
    assert_int_equal(count, 3);
    OK(ost_commit(s));
}

static void nowait_fails_at_once(void)
{
    int64_t before, waited;
    size_t count;
    ost_session *other = another_session(OST_SESSION(.timeout_ms = 10 * SHORT_MS));
    three_accounts();
    if (!lock_here(1, 1, OST_LOCK_UPDATE))
        return;
    assert_string_equal(ost_status_name(ost_begin(other, NULL)), "OST_OK");
    before = milliseconds_now();
    assert_null(ost_all(locked(other, 1, 2, OST_LOCK_UPDATE_NOWAIT), account, &count));
    waited = milliseconds_now() - before;
    assert_string_equal(ost_status_name(ost_session_error(other)->status), "OST_LOCK_TIMEOUT");
    if (waited > SLACK_MS)
        found("waits up to its deadline");
    assert_string_equal(ost_status_name(ost_rollback(other)), "OST_OK");
    OK(ost_commit(s));
}

static void skip_leaves_out_what_is_locked(void)
{
    size_t count;
    ost_session *other = another_session(OST_SESSION(.timeout_ms = 10 * SHORT_MS));
    account *rows;
    three_accounts();
    if (!lock_here(2, 2, OST_LOCK_UPDATE))
        return;
    assert_string_equal(ost_status_name(ost_begin(other, NULL)), "OST_OK");
    rows = ost_all(locked(other, 1, 3, OST_LOCK_UPDATE_SKIP), account, &count);
    if (refused(rows ? OST_OK : (ost_status)ost_session_error(other)->status, OST_UNSUPPORTED))
        return;
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].id, 1);
    assert_int_equal(rows[1].id, 3);
    assert_string_equal(ost_status_name(ost_commit(other)), "OST_OK");
    OK(ost_commit(s));
}

static void shared_locks_stand_together(void)
{
    helper h;
    int64_t id = 1;
    size_t count;
    ost_session *other = another_session(OST_SESSION(.timeout_ms = SHORT_MS));
    three_accounts();
    if (!lock_here(1, 2, OST_LOCK_SHARE))
        return;
    assert_string_equal(ost_status_name(ost_begin(other, NULL)), "OST_OK");
    account *rows = ost_all(locked(other, 1, 2, OST_LOCK_SHARE), account, &count);
    if (refused(rows ? OST_OK : (ost_status)ost_session_error(other)->status, OST_LOCK_TIMEOUT))
        return;
    assert_int_equal(count, 2);
    assert_string_equal(ost_status_name(ost_commit(other)), "OST_OK");
    helper_begin(&h, another_session(NULL), add_one, &id);
    assert_true(helper_waits(&h, SHORT_MS));
    OK(ost_commit(s));
    assert_string_equal(ost_status_name(helper_end(&h)), "OST_OK");
    assert_int_equal(cents_of(1), 11);
}

static void a_lock_needs_a_transaction(void)
{
    size_t count;
    three_accounts();
    assert_null(ost_all(locked(s, 1, 1, OST_LOCK_UPDATE), account, &count));
    assert_string_equal(ost_status_name(ost_session_error(s)->status), "OST_MISUSE");
}

static ost_status take_and_add(ost_session *on, const ost_attempt *attempt, void *context)
{
    account *row = ost_one(locked(on, 1, 1, OST_LOCK_UPDATE), account);
    (void)attempt;
    (void)context;
    if (!row)
        return (ost_status)ost_session_error(on)->status;
    row->cents++;
    return ost_save(on, account, row);
}

static ost_status add_often(ost_session *on, void *context)
{
    for (int i = 0; i < *(int *)context; i++)
        OST_TRY(ost_transaction(on, take_and_add, NULL, OST_TRANSACTION(.max_attempts = 20)));
    return OST_OK;
}

static void nothing_is_lost_under_locks(void)
{
    helper h;
    int times = 50;
    ost_session *other = other_session();
    three_accounts();
    helper_begin(&h, other, add_often, &times);
    ost_status here = add_often(s, &times), there = helper_end(&h);
    if (refused(here, OST_UNSUPPORTED))
        return;
    assert_string_equal(ost_status_name(there), "OST_OK");
    assert_int_equal(cents_of(1), 110);
}

/* ---- deadlines ---- */

static void a_wait_ends_at_the_deadline(void)
{
    int64_t id = 1, before, waited;
    ost_status status;
    ost_session *other = another_session(OST_SESSION(.timeout_ms = SHORT_MS));
    three_accounts();
    OK(ost_begin(s, NULL));
    OK(add_one(s, &id));
    before = milliseconds_now();
    status = add_one(other, &id);
    waited = milliseconds_now() - before;
    assert_true(waited < SHORT_MS + SLACK_MS);
    assert_true(waited >= SHORT_MS - 20);
    if (status != OST_TIMEOUT) {
        assert_int_equal(status, OST_LOCK_TIMEOUT);
        found("OST_LOCK_TIMEOUT");
    }
    OK(ost_commit(s));
    assert_string_equal(ost_status_name(add_one(other, &id)), "OST_OK");
    assert_int_equal(cents_of(1), 12);
}

static void a_unit_that_timed_out_is_lost(void)
{
    int64_t id = 1, third = 3, count;
    ost_session *other = another_session(OST_SESSION(.timeout_ms = SHORT_MS));
    ost_status status;
    three_accounts();
    OK(ost_begin(s, NULL));
    OK(add_one(s, &id));
    assert_string_equal(ost_status_name(ost_begin(other, NULL)), "OST_OK");
    status = add_one(other, &third);
    if (refused(status, OST_LOCK_TIMEOUT)) /* of the first write already */
        return;
    status = add_one(other, &id);
    if (status == OST_SERIALIZATION)
        found("OST_SERIALIZATION at once");
    else
        assert_true(status == OST_TIMEOUT || status == OST_LOCK_TIMEOUT);
    assert_int_equal(ost_count_of(ost_from(other, account), &count), status);
    assert_int_equal(ost_commit(other), status);
    OK(ost_commit(s));
    assert_int_equal(cents_of(3), 30);
    assert_string_equal(ost_status_name(add_one(other, &third)), "OST_OK");
    assert_int_equal(cents_of(3), 31);
}

static const test_case locks_group_cases[] = {
    CASE_ALONE(an_update_waits_for_the_lock, "an update waits for whoever locked its row"),
    CASE_ALONE(rollback_releases_the_lock, "a rollback releases the locks"),
    CASE_ALONE(other_rows_are_free, "rows that are not locked can be changed"),
    CASE_ALONE(rows_behind_a_range_are_free, "rows behind a range that is locked can be changed"),
    CASE_ALONE(readers_need_not_wait, "whoever reads need not wait for a lock"),
    CASE_ALONE(nowait_fails_at_once, "`OST_LOCK_UPDATE_NOWAIT` fails at once"),
    CASE_ALONE(skip_leaves_out_what_is_locked, "`OST_LOCK_UPDATE_SKIP` leaves out locked rows"),
    CASE_ALONE(shared_locks_stand_together, "shared locks stand together, and a change waits"),
    CASE_ALONE(a_lock_needs_a_transaction, "a lock needs a transaction"),
    CASE_ALONE(nothing_is_lost_under_locks, "two threads that lock, read and write lose nothing"),
    CASE_ALONE(a_wait_ends_at_the_deadline, "a wait ends at the deadline, and the session goes on"),
    CASE_ALONE(a_unit_that_timed_out_is_lost, "a transaction in which a wait ended is undone"),
};
GROUP(locks_group, "Locks and deadlines");
