/* SPDX-License-Identifier: MIT */
/* Isolation: what two transactions see of each other. */
#include "pair.h"

enum { SHORT_MS = 300 };

static ost_status cents(ost_session *on, int64_t id, int64_t *out)
{
    account *found = ost_get(on, account, id);
    if (found && ost_reload(on, account, found) == OST_OK) {
        *out = found->cents;
        return OST_OK;
    }
    return (ost_status)ost_session_error(on)->status;
}

static ost_status set_cents(ost_session *on, int64_t id, int64_t to)
{
    ost_query *q = ost_from(on, account);
    ost_where(q, ost_eq(account, id, id));
    return ost_update_one(q, ost_set(account, cents, to));
}

static void two_accounts(void)
{
    account many[2] = { { .id = 1, .cents = 10 }, { .id = 2, .cents = 20 } };
    OK(ost_insert_many(s, account, many, 2));
}

static void write_at(uint16_t isolation)
{
    int64_t now = 0;
    two_accounts();
    if (refused(ost_begin(s, OST_TRANSACTION(.isolation = isolation)), OST_UNSUPPORTED))
        return;
    OK(cents(s, 1, &now));
    assert_int_equal(now, 10);
    OK(set_cents(s, 1, 11));
    OK(ost_commit(s));
    OK(cents(s, 1, &now));
    assert_int_equal(now, 11);
}

static void read_committed_is_kept(void)
{
    write_at(OST_READ_COMMITTED);
}

static void repeatable_read_is_kept(void)
{
    write_at(OST_REPEATABLE_READ);
}

static void serializable_is_kept(void)
{
    write_at(OST_SERIALIZABLE);
}

/* Others commit between two reads. */
static void repeatable_reads_repeat(void)
{
    int64_t now = 0;
    ost_session *other = another_session(OST_SESSION(.timeout_ms = 5 * SHORT_MS));
    two_accounts();
    assert_int_equal(cents(other, 1, &now), OST_OK);
    OK(ost_begin(s, OST_TRANSACTION(.isolation = OST_REPEATABLE_READ, .read_only = true)));
    OK(cents(s, 1, &now));
    assert_int_equal(now, 10);
    if (refused(set_cents(other, 1, 99), OST_LOCK_TIMEOUT))
        return;
    OK(cents(s, 1, &now));
    assert_int_equal(now, 10);
    OK(ost_commit(s));
    OK(cents(s, 1, &now));
    assert_int_equal(now, 99);
}

static void committed_reads_move_on(void)
{
    int64_t now = 0;
    ost_session *other = another_session(OST_SESSION(.timeout_ms = 5 * SHORT_MS));
    two_accounts();
    assert_int_equal(cents(other, 1, &now), OST_OK);
    OK(ost_begin(s, OST_TRANSACTION(.isolation = OST_READ_COMMITTED, .read_only = true)));
    OK(cents(s, 1, &now));
    if (refused(set_cents(other, 1, 99), OST_LOCK_TIMEOUT))
        return;
    OK(cents(s, 1, &now));
    if (now == 10)
        found("keeps its snapshot");
    else
        assert_int_equal(now, 99);
    OK(ost_commit(s));
}

/* Both read, one writes and commits, the other one writes what it made of what it had read. */
static void repeatable_reads_lose_no_update(void)
{
    int64_t mine = 0, now = 0;
    ost_status status;
    ost_session *other = another_session(OST_SESSION(.timeout_ms = SHORT_MS));
    two_accounts();
    assert_int_equal(cents(other, 1, &now), OST_OK);
    OK(ost_begin(s, OST_TRANSACTION(.isolation = OST_REPEATABLE_READ)));
    OK(cents(s, 1, &mine));
    status = set_cents(other, 1, 100);
    if (status == OST_LOCK_TIMEOUT) { /* the transaction that writes is alone */
        emulated();
        OK(set_cents(s, 1, mine + 1));
        OK(ost_commit(s));
        return;
    }
    assert_int_equal(status, OST_OK);
    status = set_cents(s, 1, mine + 1);
    if (status == OST_OK)
        status = ost_commit(s);
    FAILS("OST_SERIALIZATION", status);
    assert_int_equal(ost_session_error(s)->retryable, 1);
    (void)ost_rollback(s);
    OK(cents(s, 1, &now));
    assert_int_equal(now, 100);
}

/* ---- serializable ---- */

static ost_status withdraw(ost_session *on, const ost_attempt *attempt, void *context)
{
    const int64_t *from = context;
    int64_t first = 0, second = 0;
    (void)attempt;
    OST_TRY(cents(on, 1, &first));
    OST_TRY(cents(on, 2, &second));
    if (first + second < 10)
        return OST_OK;
    return set_cents(on, *from, (*from == 1 ? first : second) - 10);
}

static ost_status withdraw_often(ost_session *on, void *context)
{
    for (int i = 0; i < 25; i++)
        OST_TRY(
            ost_transaction(on, withdraw, context,
                            OST_TRANSACTION(.isolation = OST_SERIALIZABLE, .max_attempts = 100)));
    return OST_OK;
}

/* Together the accounts never fall below zero, although each may: no write skew. */
static void serializable_is_as_if_one_by_one(void)
{
    helper h;
    int64_t first = 1, second = 2, a = 0, b = 0;
    ost_session *other = other_session();
    account many[2] = { { .id = 1, .cents = 200 }, { .id = 2, .cents = 200 } };
    OK(ost_insert_many(s, account, many, 2));
    helper_begin(&h, other, withdraw_often, &second);
    ost_status here = withdraw_often(s, &first), there = helper_end(&h);
    if (refused(here, OST_UNSUPPORTED))
        return;
    assert_string_equal(ost_status_name(there), "OST_OK");
    OK(cents(s, 1, &a));
    OK(cents(s, 2, &b));
    assert_int_equal(a + b, 0);
}

/* ---- deadlock ---- */

typedef struct crossing {
    int64_t first, second;
    atomic_int *ready;
} crossing;

static ost_status cross(ost_session *on, const ost_attempt *attempt, void *context)
{
    const crossing *c = context;
    ost_query *q = ost_from(on, account);
    ost_where(q, ost_eq(account, id, c->first));
    OST_TRY(ost_update_one(q, ost_inc(account, cents, 1)));
    if (attempt->number == 1) { /* until the other one has its first row too, or waits for ours */
        int64_t end = milliseconds_now() + SHORT_MS;
        atomic_fetch_add(c->ready, 1);
        while (atomic_load(c->ready) < 2 && milliseconds_now() < end)
            ;
    }
    q = ost_from(on, account);
    ost_where(q, ost_eq(account, id, c->second));
    return ost_update_one(q, ost_inc(account, cents, 1));
}

static ost_status cross_once(ost_session *on, void *context)
{
    return ost_transaction(on, cross, context, OST_TRANSACTION(.max_attempts = 10));
}

static void fm22_a_deadlock_is_run_again(void)
{
    helper h;
    atomic_int ready;
    int64_t a = 0, b = 0;
    ost_session *other = other_session();
    crossing one_way = { 1, 2, &ready }, other_way = { 2, 1, &ready };
    atomic_init(&ready, 0);
    two_accounts();
    helper_begin(&h, other, cross_once, &other_way);
    ost_status here = cross_once(s, &one_way), there = helper_end(&h);
    OK(here);
    assert_string_equal(ost_status_name(there), "OST_OK");
    OK(cents(s, 1, &a));
    OK(cents(s, 2, &b));
    assert_int_equal(a, 12);
    assert_int_equal(b, 22);
}

static const test_case isolation_group_cases[] = {
    CASE_ALONE(read_committed_is_kept, "`OST_READ_COMMITTED` can be asked for"),
    CASE_ALONE(repeatable_read_is_kept, "`OST_REPEATABLE_READ` can be asked for"),
    CASE_ALONE(serializable_is_kept, "`OST_SERIALIZABLE` can be asked for"),
    CASE_ALONE(committed_reads_move_on, "read committed sees what others commit meanwhile"),
    CASE_ALONE(repeatable_reads_repeat, "repeatable read sees the same twice"),
    CASE_ALONE(repeatable_reads_lose_no_update,
               "repeatable read never overwrites what was committed since it read"),
    CASE_ALONE(serializable_is_as_if_one_by_one, "serializable: no write skew, with attempts"),
    CASE_ALONE(fm22_a_deadlock_is_run_again, "two that wait for each other: one is run again"),
};
GROUP(isolation_group, "Isolation");
