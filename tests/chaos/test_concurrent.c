/* SPDX-License-Identifier: MIT */
/* Several programs at once: nothing is lost between them, and locks end in clear statuses. */
#include "chaos.h"

#include <pthread.h>

enum { THREADS = 16 };

/* A thread with a session of its own. It does not assert: it tells. */
typedef struct worker {
    pthread_t id;
    chaos *c;
    ost_session *s;
    uint64_t random;
    int64_t number; /* of its transfers */
    int done, again;
    ost_status status; /* of what failed, and where */
    const char *what;
    char message[256];
} worker;

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static bool failed(worker *w, ost_status status, const char *what)
{
    if (status == OST_OK)
        return false;
    w->status = status;
    w->what = what;
    (void)snprintf(w->message, sizeof w->message, "%s", ost_session_error(w->s)->message);
    return true;
}

/* Runs `work` in THREADS threads, and fails the test if one of them did. */
static void run_workers(chaos *c, worker *workers, int64_t number, void *(*work)(void *))
{
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){ .c = c, .random = (uint64_t)i, .number = number };
        chaos_ok(ost_session_open(c->db, NULL, &workers[i].s, &c->error), &c->error, "session",
                 __FILE__, __LINE__);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&workers[i].id, NULL, work, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].id, NULL);
    for (int i = 0; i < THREADS; i++) {
        ost_session_close(workers[i].s);
        if (workers[i].status != OST_OK)
            fail_msg("%s: %s: %s", workers[i].what, ost_status_name(workers[i].status),
                     workers[i].message);
    }
}

static void open_for_all(chaos *c, void **state)
{
    chaos_begin(c, chaos_server_of(state), false);
    c->pool.max = THREADS;
    c->statement_timeout_ms = 30000;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
}

/* ---- fm21: everybody transfers ---- */

enum { ROUNDS = 20, ATTEMPTS = 200 };

/* Reads both, computes in C, writes both: safe only because the database notices. Where all that is
 * read is written too, a snapshot is enough for that. */
static ost_status transfer_some(ost_session *s, const ost_attempt *attempt, void *context)
{
    worker *w = context;
    int64_t from = 1 + (int64_t)(next_random(&w->random) % ACCOUNTS);
    int64_t to = 1 + (from + (int64_t)(next_random(&w->random) % (ACCOUNTS - 1))) % ACCOUNTS;
    w->again += attempt->number > 1;
    account *a = ost_get(s, account, from), *b = a ? ost_get(s, account, to) : NULL;
    if (!b)
        return (ost_status)ost_session_error(s)->status;
    a->cents -= 7;
    b->cents += 7;
    OST_TRY(ost_save(s, account, a));
    OST_TRY(ost_save(s, account, b));
    return ost_insert(s, transfer, &(transfer){ .number = w->number, .cents = 7 });
}

static void *move_often(void *context)
{
    worker *w = context;
    for (int i = 0; i < ROUNDS; i++) {
        ost_status status = ost_transaction(
            w->s, transfer_some, w,
            OST_TRANSACTION(.isolation = w->c->server == SERVER_MONGODB ? OST_REPEATABLE_READ
                                                                        : OST_SERIALIZABLE,
                            .max_attempts = ATTEMPTS));
        if (failed(w, status, "a transfer"))
            break;
        w->done++;
        (void)ost_session_clear(w->s);
    }
    return NULL;
}

static void fm21_transfers_of_many_threads(void **state)
{
    worker workers[THREADS];
    chaos world, *c = &world;
    int done = 0, again = 0;
    open_for_all(c, state);
    run_workers(c, workers, 21, move_often);
    for (int i = 0; i < THREADS; i++) {
        done += workers[i].done;
        again += workers[i].again;
    }
    print_message("%d transfers, %d of them run again\n", done, again);
    assert_int_equal(done, THREADS * ROUNDS);
    assert_true(again > 0);
    assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS);
    assert_int_equal(chaos_count(c, 21), THREADS * ROUNDS);
    chaos_end(c);
}

/* ---- fm28: calls of every kind, on connections that are nobody's ---- */

/* Each of these is a statement of its own, which was prepared on another connection maybe. */
static bool all_kinds_of_calls(worker *w, int64_t id)
{
    ost_session *s = w->s;
    const int64_t keys[] = { 1, id, 2 };
    int64_t count = 0;
    size_t found = 0;
    account given = { .id = id, .cents = 5, .owner = "of a thread" };
    if (failed(w, ost_insert(s, account, &given), "insert"))
        return false;
    account *a = ost_get(s, account, id);
    if (!a)
        return !failed(w, (ost_status)ost_session_error(s)->status, "get");
    a->cents = 6;
    if (failed(w, ost_save(s, account, a), "save"))
        return false;
    if (!ost_get_many(s, account, keys, 3, &found) || found != 3)
        return !failed(w, OST_NOT_FOUND, "get_many");
    ost_query *q = ost_from(s, account);
    ost_where(q, ost_eq(account, id, id));
    if (failed(w, ost_update_one(q, ost_inc(account, cents, 1)), "update_one") ||
        failed(w, ost_reload(s, account, a), "reload"))
        return false;
    q = ost_from(s, account);
    ost_where(q, ost_in(account, id, keys, 3));
    if (failed(w, ost_count_of(q, &count), "count") || count != 3 || a->cents != 7)
        return !failed(w, OST_RANGE, "what was counted and reloaded");
    return !failed(w, ost_delete(s, account, a), "delete");
}

static void *call_often(void *context)
{
    worker *w = context;
    int64_t first = 1000 * (int64_t)(1 + w->random);
    for (int64_t i = 0; i < 30 && all_kinds_of_calls(w, first + i); i++)
        (void)ost_session_clear(w->s);
    return NULL;
}

static void fm28_single_calls_of_many_threads(void **state)
{
    worker workers[THREADS];
    chaos world, *c = &world;
    open_for_all(c, state);
    run_workers(c, workers, 28, call_often);
    assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS);
    chaos_end(c);
}

/* ---- fm29: increments are not lost ---- */

static ost_status add_one(ost_session *s, int64_t id)
{
    ost_query *q = ost_from(s, account);
    ost_where(q, ost_eq(account, id, id));
    return ost_update_one(q, ost_inc(account, cents, 1));
}

static ost_status add_one_of(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt;
    (void)context;
    return add_one(s, 1);
}

/* MongoDB does not let one wait for the other, but undoes it, which is why it is run again. */
static ost_status increment(worker *w)
{
    if (w->c->server != SERVER_MONGODB)
        return add_one(w->s, 1);
    return ost_transaction(w->s, add_one_of, NULL, OST_TRANSACTION(.max_attempts = ATTEMPTS));
}

static void *increment_often(void *context)
{
    worker *w = context;
    for (int i = 0; i < 50; i++) {
        if (failed(w, increment(w), "an increment"))
            break;
        (void)ost_session_clear(w->s);
    }
    return NULL;
}

static void fm29_increments_are_not_lost(void **state)
{
    worker workers[THREADS];
    chaos world, *c = &world;
    open_for_all(c, state);
    run_workers(c, workers, 29, increment_often);
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
    enum server kind = chaos_server_of(state);
    server_instance *impatient =
        kind == SERVER_MYSQL ? chaos_private(kind, "--set innodb_lock_wait_timeout=1") : NULL;
    chaos_begin_on(c, kind, impatient, NULL);
    if (!impatient)
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
    chaos_end(c);
}

/* ---- deadlocks ---- */

typedef struct crossing {
    pthread_t id;
    ost_session *s;
    pthread_barrier_t *both;
    int64_t first, second;
    ost_status begun, status, committed;
    bool retryable;
} crossing;

static void *cross(void *context)
{
    crossing *x = context;
    ost_session *s = x->s;
    x->begun = ost_begin(s, NULL);
    if (x->begun == OST_OK)
        x->begun = add_one(s, x->first);
    pthread_barrier_wait(x->both);
    x->status = add_one(s, x->second);
    x->retryable = x->status != OST_OK && ost_session_error(s)->retryable;
    x->committed = ost_commit(s);
    return NULL;
}

static void fm21_a_deadlock_ends_one_of_two(void **state)
{
    chaos world, *c = &world;
    pthread_barrier_t both;
    crossing a, b;
    ost_session *other;
    chaos_begin(c, chaos_server_of(state), false);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    assert_int_equal(pthread_barrier_init(&both, NULL, 2), 0);
    chaos_ok(ost_session_open(c->db, NULL, &other, &c->error), &c->error, "session", __FILE__,
             __LINE__);
    a = (crossing){ .s = c->s, .both = &both, .first = 1, .second = 2 };
    b = (crossing){ .s = other, .both = &both, .first = 2, .second = 1 };
    assert_int_equal(pthread_create(&a.id, NULL, cross, &a), 0);
    assert_int_equal(pthread_create(&b.id, NULL, cross, &b), 0);
    pthread_join(a.id, NULL);
    pthread_join(b.id, NULL);
    ost_session_close(other);
    const crossing *victim = a.status == OST_OK ? &b : &a, *winner = victim == &a ? &b : &a;
    assert_true(a.begun == OST_OK && b.begun == OST_OK);
    assert_int_equal(winner->status, OST_OK);
    assert_int_equal(winner->committed, OST_OK);
    assert_int_equal(victim->status, OST_DEADLOCK);
    assert_true(victim->retryable);
    assert_int_equal(victim->committed, OST_DEADLOCK);
    assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS + 2);
    pthread_barrier_destroy(&both);
    chaos_end(c);
}

/* MongoDB does not let one wait for the other: who comes second has lost, at once. */
static void fm21_the_second_writer_is_told_at_once(void **state)
{
    chaos world, *c = &world;
    ost_session *other;
    chaos_begin(c, chaos_server_of(state), false);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    chaos_ok(ost_session_open(c->db, NULL, &other, &c->error), &c->error, "session", __FILE__,
             __LINE__);
    assert_int_equal(ost_begin(other, NULL), OST_OK);
    assert_int_equal(add_one(other, 2), OST_OK);
    OK(ost_begin(c->s, NULL));
    OK(add_one(c->s, 1));
    assert_int_equal(add_one(c->s, 2), OST_SERIALIZATION);
    assert_true(ost_session_error(c->s)->retryable);
    /* It has lost what it wrote before, so that the other one can have it. */
    assert_int_equal(add_one(other, 1), OST_OK);
    assert_int_equal(ost_commit(c->s), OST_SERIALIZATION);
    assert_int_equal(ost_commit(other), OST_OK);
    assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS + 2);
    ost_session_close(other);
    chaos_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVERS(fm21_transfers_of_many_threads),
        ON_POOLER(fm21_transfers_of_many_threads),
        ON_SQL(fm21_a_deadlock_ends_one_of_two),
        ON_MONGODB(fm21_the_second_writer_is_told_at_once),
        ON_SQL(fm22_lock_wait_timeout_rolls_back),
        ON_SERVERS(fm28_single_calls_of_many_threads),
        ON_POOLER(fm28_single_calls_of_many_threads),
        ON_SERVERS(fm29_increments_are_not_lost),
        ON_POOLER(fm29_increments_are_not_lost),
        ON_SERVERS(fm29_rows_that_stay_equal_are_matched),
    };
    return RUN_CHAOS(tests, NULL);
}
