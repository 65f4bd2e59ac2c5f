/* SPDX-License-Identifier: MIT */
/* Connects that hang or fail: callers leave in time, nothing is lost, and nobody storms a server.
 */
#include "pool_rig.h"

#include <sched.h>

enum { THREADS = 8 };

typedef struct caller {
    rig *rig;
    pthread_t thread;
    int64_t within; /* 0: the pool's own time */
    ost_status status;
    ost_error error;
    int64_t late; /* behind its deadline; negative: before it */
} caller;

static void *ask(void *context)
{
    caller *c = context;
    ost__lease *lease = NULL;
    int64_t began = rig_now(c->rig);
    c->status = rig_lease_within(c->rig, c->within > 0 ? c->within : 60000 * MS, &lease, &c->error);
    c->late = rig_now(c->rig) - began - c->within;
    if (c->status == OST_OK)
        rig_return(c->rig, lease);
    return NULL;
}

static void start_callers(caller *callers, int count, rig *r, int64_t within)
{
    for (int i = 0; i < count; i++) {
        callers[i] = (caller){ .rig = r, .within = within };
        assert_int_equal(pthread_create(&callers[i].thread, NULL, ask, &callers[i]), 0);
    }
}

static void join_callers(caller *callers, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
}

/* Most of them within 100 ms; a machine may be busy with something else for a moment. */
static void assert_in_time(const caller *callers, int count)
{
    int in_time = 0;
    for (int i = 0; i < count; i++) {
        assert_true(callers[i].late >= 0);
        assert_true(callers[i].late < 5000 * MS);
        in_time += callers[i].late < 100 * MS;
    }
    assert_true(in_time * 2 > count);
}

/* ---- hanging ---- */

static void fm05_a_connect_that_hangs_keeps_no_caller(void **state)
{
    rig r;
    caller callers[THREADS];
    ost__lease *leases[4];
    (void)state;
    rig_open(&r, OPTIONS(.max = 4));
    for (int round = 0; round < 5; round++) {
        pthread_mutex_lock(&r.gate);
        start_callers(callers, THREADS, &r, 30 * MS);
        join_callers(callers, THREADS);
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(callers[i].status, OST_TIMEOUT);
            assert_non_null(strstr(callers[i].error.message, "does not answer"));
        }
        assert_in_time(callers, THREADS);
        assert_int_equal(ost__pool_count(r.pool).waiting, 0);
        pthread_mutex_unlock(&r.gate);
        /* What they left behind is finished, and there for those who come later. */
        rig_await_quiet(&r);
        uint32_t made = (uint32_t)atomic_load(&r.open);
        unsigned connects = atomic_load(&r.connects);
        assert_true(made > 0 && made <= 4);
        rig_expect_counts(&r, made, made, 0);
        for (uint32_t i = 0; i < made; i++)
            assert_int_equal(rig_lease(&r, &leases[i]), OST_OK);
        assert_int_equal(atomic_load(&r.connects), connects);
        for (uint32_t i = 0; i < made; i++)
            ost__pool_return(r.pool, leases[i], rig_now(&r), false);
        rig_await_quiet(&r);
    }
    rig_close(&r);
}

/* The connection that one caller asked for goes to the one who waits when it is there. */
static void fm05_a_late_connection_serves_the_next_one(void **state)
{
    rig r;
    caller first, next;
    (void)state;
    rig_open(&r, OPTIONS(.max = 1));
    pthread_mutex_lock(&r.gate);
    start_callers(&first, 1, &r, 20 * MS);
    join_callers(&first, 1);
    assert_int_equal(first.status, OST_TIMEOUT);
    start_callers(&next, 1, &r, 0);
    rig_await_waiting(&r, 1);
    pthread_mutex_unlock(&r.gate);
    join_callers(&next, 1);
    assert_int_equal(next.status, OST_OK);
    assert_int_equal(atomic_load(&r.connects), 1);
    rig_close(&r);
}

static void fm05_the_end_does_not_wait_for_what_hangs(void **state)
{
    rig r;
    caller callers[2];
    ost__lease *idle;
    (void)state;
    rig_open(&r, OPTIONS(.max = 3));
    assert_int_equal(rig_lease(&r, &idle), OST_OK);
    pthread_mutex_lock(&r.gate);
    start_callers(callers, 2, &r, 20 * MS);
    join_callers(callers, 2);
    rig_return(&r, idle);
    int64_t began = rig_now(&r);
    ost__pool_close(r.pool, began + 50 * MS);
    int64_t took = rig_now(&r) - began;
    assert_true(took >= 50 * MS && took < 5000 * MS);
    assert_true(atomic_load(&r.deserted));
    assert_false(atomic_load(&r.gone));
    /* What does not hang is closed. */
    assert_int_equal(atomic_load(&r.closes), 1);
    pthread_mutex_unlock(&r.gate);
    while (!atomic_load(&r.gone))
        sched_yield();
    assert_int_equal(atomic_load(&r.connects), 3);
    rig_end(&r);
}

static void fm05_the_first_connection_has_its_deadline(void **state)
{
    rig r;
    ost_error error;
    (void)state;
    rig_open(&r, OPTIONS(.max = 1, .acquire_timeout_ms = 1));
    pthread_mutex_lock(&r.gate);
    int64_t began = rig_now(&r);
    assert_int_equal(ost__pool_start(r.pool, began + 40 * MS, &error), OST_TIMEOUT);
    assert_true(rig_now(&r) - began >= 40 * MS);
    pthread_mutex_unlock(&r.gate);
    /* Its time is its own: not that for a lease. */
    assert_int_equal(ost__pool_start(r.pool, INT64_MAX, &error), OST_OK);
    rig_expect_counts(&r, 1, 1, 0);
    rig_close(&r);
}

/* ---- failing ---- */

/* One that fails `attempts` times at most; the pool's clock is the test's. */
static unsigned asks(rig *r, int count, ost_status wanted)
{
    unsigned before = atomic_load(&r->refused) + atomic_load(&r->connects);
    for (int i = 0; i < count; i++) {
        ost__lease *lease = NULL;
        ost_error error = { 0 };
        ost_status status = rig_lease_within(r, 60000 * MS, &lease, &error);
        assert_int_equal(status, wanted);
        if (status == OST_OK) {
            rig_return(r, lease);
        } else {
            assert_int_equal(error.status, wanted);
            assert_string_equal(error.message, "the rig refuses");
        }
    }
    return atomic_load(&r->refused) + atomic_load(&r->connects) - before;
}

static void fm12_a_server_that_is_down_is_asked_once_a_second(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, OPTIONS(.max = 8));
    rig_stop_clock(&r);
    atomic_store(&r.failing, 1000000);
    assert_int_equal(asks(&r, 100, OST_CONNECTION), 3);
    unsigned attempts = 0;
    for (int i = 0; i < 1000; i++) {
        rig_advance(&r, 10 * MS);
        attempts += asks(&r, 3, OST_CONNECTION);
    }
    assert_int_equal(attempts, 10);
    atomic_store(&r.failing, 0);
    rig_advance(&r, 1000 * MS);
    assert_int_equal(asks(&r, 1, OST_OK), 1);
    /* Success makes it as new. */
    ost__lease *lease;
    assert_int_equal(rig_lease(&r, &lease), OST_OK);
    ost__pool_return(r.pool, lease, rig_now(&r), false);
    rig_await_quiet(&r);
    atomic_store(&r.failing, 2);
    assert_int_equal(asks(&r, 2, OST_CONNECTION), 2);
    assert_int_equal(asks(&r, 1, OST_OK), 1);
    rig_close(&r);
}

/* While the one attempt of a second is under way, whoever else comes is told at once. */
static void fm12_nobody_waits_beside_the_one_attempt(void **state)
{
    rig r;
    caller probe, other;
    (void)state;
    rig_open(&r, OPTIONS(.max = 4));
    atomic_store(&r.failing, 3);
    rig_stop_clock(&r);
    assert_int_equal(asks(&r, 3, OST_CONNECTION), 3);
    rig_advance(&r, 1000 * MS);
    pthread_mutex_lock(&r.gate);
    start_callers(&probe, 1, &r, 0);
    rig_await_at_gate(&r, 1);
    start_callers(&other, 1, &r, 0);
    join_callers(&other, 1);
    assert_int_equal(other.status, OST_CONNECTION);
    pthread_mutex_unlock(&r.gate);
    join_callers(&probe, 1);
    assert_int_equal(probe.status, OST_OK);
    rig_close(&r);
}

static void fm12_connections_do_not_expire_all_at_once(void **state)
{
    enum { ALL = 64, STEPS = 21 };
    rig r;
    ost__lease *leases[ALL];
    unsigned seen = ALL, most = 0;
    (void)state;
    rig_open(&r, OPTIONS(.max = ALL, .max_lifetime_ms = 1000000, .idle_timeout_ms = 10000000));
    rig_stop_clock(&r);
    atomic_store(&r.random_step, UINT64_C(0x9e3779b97f4a7c15));
    for (int i = 0; i < ALL; i++)
        assert_int_equal(rig_lease(&r, &leases[i]), OST_OK);
    /* From nine tenths of their life on, a two-hundredth at a time. */
    rig_advance(&r, 900000 * MS - 1);
    for (int step = 0; step <= STEPS; step++) {
        for (int i = 0; i < ALL; i++)
            rig_return(&r, leases[i]);
        for (int i = 0; i < ALL; i++)
            assert_int_equal(rig_lease(&r, &leases[i]), OST_OK);
        unsigned renewed = atomic_load(&r.connects) - seen;
        seen += renewed;
        if (step == 0)
            assert_int_equal(renewed, 0);
        most = renewed > most ? renewed : most;
        rig_advance(&r, 5000 * MS);
    }
    assert_int_equal(seen, 2 * ALL);
    assert_true(most <= ALL / 8);
    for (int i = 0; i < ALL; i++)
        rig_return(&r, leases[i]);
    rig_close(&r);
}

/* However often the server goes away and comes back, and whatever was asked meanwhile. */
static void fm13_the_pool_comes_back_with_the_server(void **state)
{
    rig r;
    uint64_t chance = 88172645463325252U;
    (void)state;
    rig_open(&r, OPTIONS(.max = 4));
    rig_stop_clock(&r);
    for (int cycle = rig_cycles(1000); cycle > 0; cycle--) {
        ost__lease *leases[4];
        chance = chance * 6364136223846793005U + 1442695040888963407U;
        int held = (int)(chance >> 33) % 5, asked = (int)(chance >> 40) % 8, waited = 0;
        for (int i = 0; i < held; i++)
            assert_int_equal(rig_lease(&r, &leases[i]), OST_OK);
        for (int i = 0; i < held; i++) {
            atomic_store(&leases[i]->connection->dead, true);
            ost__pool_return(r.pool, leases[i], rig_now(&r), i % 2);
        }
        rig_await_quiet(&r);
        atomic_store(&r.failing, 1000000);
        for (int i = 0; i < asked; i++) {
            ost__lease *lease = NULL;
            ost_error error;
            ost_status status = rig_lease_within(&r, 60000 * MS, &lease, &error);
            assert_true(status == OST_CONNECTION || status == OST_OK);
            if (status == OST_OK) /* one that was not held is still alive */
                ost__pool_return(r.pool, lease, rig_now(&r), false);
            rig_await_quiet(&r);
            rig_advance(&r, (int64_t)(chance >> 44) % 400 * MS);
        }
        atomic_store(&r.failing, 0);
        ost__lease *lease = NULL;
        ost_error error;
        while (rig_lease_within(&r, 60000 * MS, &lease, &error) != OST_OK) {
            rig_advance(&r, 50 * MS);
            waited += 50;
        }
        assert_true(waited <= 1000);
        rig_return(&r, lease);
    }
    rig_close(&r);
}

static void fm19_a_wrong_password_is_not_tried_in_a_storm(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, OPTIONS(.max = 8));
    rig_stop_clock(&r);
    atomic_store(&r.failing, 1000000);
    atomic_store(&r.failure, OST_AUTH);
    /* After 0, 1, 3, 7, 15, 31, 61 and 91 seconds. */
    unsigned attempts = 0;
    for (int i = 0; i <= 1000; i++) {
        attempts += asks(&r, 5, OST_AUTH);
        rig_advance(&r, 100 * MS);
    }
    assert_int_equal(attempts, 8);
    atomic_store(&r.failing, 0);
    rig_advance(&r, 30000 * MS);
    assert_int_equal(asks(&r, 1, OST_OK), 1);
    rig_close(&r);
}

/* Threads that all come at once are one attempt, and one more each that was under way already. */
static void fm19_threads_do_not_make_it_a_storm(void **state)
{
    rig r;
    caller callers[THREADS];
    (void)state;
    rig_open(&r, OPTIONS(.max = 1));
    atomic_store(&r.failing, 1000000);
    atomic_store(&r.failure, OST_AUTH);
    pthread_mutex_lock(&r.gate);
    start_callers(callers, THREADS, &r, 0);
    rig_await_waiting(&r, THREADS);
    pthread_mutex_unlock(&r.gate);
    join_callers(callers, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(callers[i].status, OST_AUTH);
    assert_int_equal(atomic_load(&r.refused), 1);
    rig_close(&r);
}

/* A server that takes fewer connections than the pool would make: those that it took are shared. */
static void fm19_a_full_server_makes_the_pool_a_smaller_one(void **state)
{
    rig r;
    ost__lease *held;
    caller waits;
    (void)state;
    rig_open(&r, OPTIONS(.max = 4));
    assert_int_equal(rig_lease(&r, &held), OST_OK);
    atomic_store(&r.failing, 1000000);
    r.sql_state = "53300";
    start_callers(&waits, 1, &r, 0);
    while (atomic_load(&r.refused) == 0)
        sched_yield();
    rig_await_waiting(&r, 1);
    rig_return(&r, held);
    join_callers(&waits, 1);
    assert_int_equal(waits.status, OST_OK);
    assert_int_equal(atomic_load(&r.connects), 1);
    /* It is asked again after a second, for whoever still waits then. */
    assert_int_equal(rig_lease(&r, &held), OST_OK);
    start_callers(&waits, 1, &r, 0);
    rig_await_waiting(&r, 1);
    atomic_store(&r.failing, 0);
    join_callers(&waits, 1);
    assert_int_equal(waits.status, OST_OK);
    assert_int_equal(atomic_load(&r.connects), 2);
    /* With nothing to share there is nothing to wait for. */
    ost__pool_return(r.pool, held, rig_now(&r), false);
    assert_int_equal(rig_lease(&r, &held), OST_OK);
    ost__pool_return(r.pool, held, rig_now(&r), false);
    rig_await_quiet(&r);
    atomic_store(&r.failing, 1000000);
    assert_int_equal(rig_lease(&r, &held), OST_CONNECTION);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm05_a_connect_that_hangs_keeps_no_caller),
        cmocka_unit_test(fm05_a_late_connection_serves_the_next_one),
        cmocka_unit_test(fm05_the_end_does_not_wait_for_what_hangs),
        cmocka_unit_test(fm05_the_first_connection_has_its_deadline),
        cmocka_unit_test(fm12_a_server_that_is_down_is_asked_once_a_second),
        cmocka_unit_test(fm12_nobody_waits_beside_the_one_attempt),
        cmocka_unit_test(fm12_connections_do_not_expire_all_at_once),
        cmocka_unit_test(fm13_the_pool_comes_back_with_the_server),
        cmocka_unit_test(fm19_a_wrong_password_is_not_tried_in_a_storm),
        cmocka_unit_test(fm19_threads_do_not_make_it_a_storm),
        cmocka_unit_test(fm19_a_full_server_makes_the_pool_a_smaller_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
