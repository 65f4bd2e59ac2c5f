/* SPDX-License-Identifier: MIT */
/* Several programs at once: nothing is lost between them, and locks end in clear statuses. */
#include "chaos.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- fm21: everybody transfers ---- */

enum { THREADS = 16, ROUNDS = 20, ATTEMPTS = 200 };

typedef struct mover {
    pthread_t id;
    chaos *c;
    uint64_t random;
    int64_t number;
    int done, again;
} mover;

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Reads both, computes in C, writes both: safe only because the database notices. */
static ost_status transfer_some(ost_session *s, const ost_attempt *attempt, void *context)
{
    mover *m = context;
    int64_t from = 1 + (int64_t)(next_random(&m->random) % ACCOUNTS);
    int64_t to = 1 + (from + (int64_t)(next_random(&m->random) % (ACCOUNTS - 1))) % ACCOUNTS;
    m->again += attempt->number > 1;
    account *a = ost_get(s, account, from), *b = a ? ost_get(s, account, to) : NULL;
    if (!b)
        return (ost_status)ost_session_error(s)->status;
    a->cents -= 7;
    b->cents += 7;
    OST_TRY(ost_save(s, account, a));
    OST_TRY(ost_save(s, account, b));
    return ost_insert(s, transfer, &(transfer){ .number = m->number, .cents = 7 });
}

static void *move_often(void *context)
{
    mover *m = context;
    ost_session *s;
    ost_error e;
    assert_int_equal(ost_session_open(m->c->db, NULL, &s, &e), OST_OK);
    for (int i = 0; i < ROUNDS; i++) {
        ost_status status = ost_transaction(
            s, transfer_some, m,
            OST_TRANSACTION(.isolation = OST_SERIALIZABLE, .max_attempts = ATTEMPTS));
        if (status != OST_OK)
            fail_msg("%s: %s", ost_status_name(status), ost_session_error(s)->message);
        m->done++;
        (void)ost_session_clear(s);
    }
    ost_session_close(s);
    return NULL;
}

static void fm21_transfers_of_many_threads(void **state)
{
    mover movers[THREADS];
    chaos world, *c = &world;
    int64_t done = 0, again = 0;
    chaos_begin(c, chaos_server_of(state), false);
    c->pool.max = THREADS;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (int i = 0; i < THREADS; i++) {
        movers[i] = (mover){ .c = c, .random = (uint64_t)i, .number = 21 };
        assert_int_equal(pthread_create(&movers[i].id, NULL, move_often, &movers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(movers[i].id, NULL);
        done += movers[i].done;
        again += movers[i].again;
    }
    assert_int_equal(done, THREADS * ROUNDS);
    assert_true(again > 0);
    assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS);
    assert_int_equal(chaos_count(c, 21), THREADS * ROUNDS);
    chaos_end(c);
}

/* ---- fm29: increments are not lost ---- */

static void *increment_often(void *context)
{
    mover *m = context;
    ost_session *s;
    ost_error e;
    assert_int_equal(ost_session_open(m->c->db, NULL, &s, &e), OST_OK);
    for (int i = 0; i < 50; i++) {
        ost_query *q = ost_from(s, account);
        ost_where(q, ost_eq(account, id, 1));
        int64_t matched = 0;
        assert_int_equal(ost_update(q, &matched, ost_inc(account, cents, 1)), OST_OK);
        assert_int_equal(matched, 1);
        (void)ost_session_clear(s);
    }
    ost_session_close(s);
    return NULL;
}

static void fm29_increments_are_not_lost(void **state)
{
    mover movers[THREADS];
    chaos world, *c = &world;
    chaos_begin(c, chaos_server_of(state), false);
    c->pool.max = THREADS;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (int i = 0; i < THREADS; i++) {
        movers[i] = (mover){ .c = c };
        assert_int_equal(pthread_create(&movers[i].id, NULL, increment_often, &movers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(movers[i].id, NULL);
    assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS + THREADS * 50);
    chaos_end(c);
}

/* A row that an update leaves as it is was met all the same. */
static void fm29_rows_that_stay_equal_are_matched(void **state)
{
    chaos world, *c = &world;
    int64_t matched = 0;
    chaos_begin(c, chaos_server_of(state), false);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    ost_query *q = ost_from(c->s, account);
    ost_everything(q);
    OK(ost_update(q, &matched, ost_set(account, cents, OPENING_CENTS)));
    assert_int_equal(matched, ACCOUNTS);
    chaos_end(c);
}

/* ---- fm22: a lock that is waited for in vain ---- */

static void fm22_lock_wait_timeout_rolls_back(void **state)
{
    chaos world, *c = &world;
    ost_session *other;
    chaos_begin(c, chaos_server_of(state), false);
    if (c->server == SERVER_MYSQL)
        chaos_sql(c, "SET GLOBAL innodb_lock_wait_timeout = 1");
    else
        chaos_sql(c, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = 300',"
                     " current_database()); END $$");
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    chaos_ok(ost_session_open(c->db, NULL, &other, &c->error), &c->error, "session", __FILE__,
             __LINE__);
    assert_int_equal(ost_begin(other, NULL), OST_OK);
    ost_query *q = ost_from(other, account);
    ost_where(q, ost_eq(account, id, 1));
    assert_int_equal(ost_update(q, NULL, ost_inc(account, cents, 5)), OST_OK);

    OK(ost_begin(c->s, NULL));
    OK(ost_insert(c->s, transfer, &(transfer){ .number = 22 }));
    q = ost_from(c->s, account);
    ost_where(q, ost_eq(account, id, 1));
    assert_int_equal(ost_update(q, NULL, ost_inc(account, cents, 7)), OST_LOCK_TIMEOUT);
    /* What was done before must not be kept alone. */
    assert_int_equal(ost_commit(c->s), OST_LOCK_TIMEOUT);
    assert_int_equal(chaos_count(c, 22), 0);

    assert_int_equal(ost_commit(other), OST_OK);
    assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS + 5);
    ost_session_close(other);
    if (c->server == SERVER_MYSQL)
        chaos_sql(c, "SET GLOBAL innodb_lock_wait_timeout = 50");
    chaos_end(c);
}

/* ---- deadlocks ---- */

typedef struct crossing {
    pthread_t id;
    chaos *c;
    pthread_barrier_t *both;
    int64_t first, second;
    ost_status status;
} crossing;

static ost_status add_one(ost_session *s, int64_t id)
{
    ost_query *q = ost_from(s, account);
    ost_where(q, ost_eq(account, id, id));
    return ost_update_one(q, ost_inc(account, cents, 1));
}

static void *cross(void *context)
{
    crossing *x = context;
    ost_session *s;
    ost_error e;
    assert_int_equal(ost_session_open(x->c->db, NULL, &s, &e), OST_OK);
    assert_int_equal(ost_begin(s, NULL), OST_OK);
    assert_int_equal(add_one(s, x->first), OST_OK);
    pthread_barrier_wait(x->both);
    x->status = add_one(s, x->second);
    if (x->status != OST_OK) {
        assert_true(ost_session_error(s)->retryable);
        assert_int_equal(ost_commit(s), x->status);
    } else {
        assert_int_equal(ost_commit(s), OST_OK);
    }
    ost_session_close(s);
    return NULL;
}

static void fm21_a_deadlock_ends_one_of_two(void **state)
{
    chaos world, *c = &world;
    pthread_barrier_t both;
    crossing a, b;
    chaos_begin(c, chaos_server_of(state), false);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    assert_int_equal(pthread_barrier_init(&both, NULL, 2), 0);
    a = (crossing){ .c = c, .both = &both, .first = 1, .second = 2 };
    b = (crossing){ .c = c, .both = &both, .first = 2, .second = 1 };
    assert_int_equal(pthread_create(&a.id, NULL, cross, &a), 0);
    assert_int_equal(pthread_create(&b.id, NULL, cross, &b), 0);
    pthread_join(a.id, NULL);
    pthread_join(b.id, NULL);
    assert_true((a.status == OST_OK && b.status == OST_DEADLOCK) ||
                (b.status == OST_OK && a.status == OST_DEADLOCK));
    assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS + 2);
    pthread_barrier_destroy(&both);
    chaos_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVERS(fm21_transfers_of_many_threads),
        ON_SERVERS(fm21_a_deadlock_ends_one_of_two),
        ON_SERVERS(fm22_lock_wait_timeout_rolls_back),
        ON_SERVERS(fm29_increments_are_not_lost),
        ON_SERVERS(fm29_rows_that_stay_equal_are_matched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
