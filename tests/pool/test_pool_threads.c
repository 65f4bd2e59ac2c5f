/* SPDX-License-Identifier: MIT */
/* The pool between threads: the line, hand-overs, and what happens when a wait ends at that moment.
 */
#include "pool_rig.h"

#include <sched.h>

/* ---- threads ---- */

enum { THREADS = 16 };

typedef struct worker {
    rig *rig;
    pthread_t thread;
    int number, turns;
    int64_t within; /* of each lease; 0: the pool's own */
    ost_status status;
    int served, late;
    atomic_int *order; /* where the next one notes its number */
    int *log;
    atomic_bool *stop;
} worker;

static void start(worker *w, void *(*run)(void *))
{
    assert_int_equal(pthread_create(&w->thread, NULL, run, w), 0);
}

static void join(worker *w)
{
    assert_int_equal(pthread_join(w->thread, NULL), 0);
}

/* Leases once, notes when it was served, returns. */
static void *once(void *context)
{
    worker *w = context;
    ost__lease *lease;
    ost_error error;
    w->status = w->within > 0 ? rig_lease_within(w->rig, w->within, &lease, &error)
                              : rig_lease(w->rig, &lease);
    if (w->status != OST_OK)
        return NULL;
    if (w->log)
        w->log[atomic_fetch_add(w->order, 1)] = w->number;
    rig_use(lease);
    rig_drop(lease);
    rig_return(w->rig, lease);
    return NULL;
}

/* ---- the line ---- */

static void fm06_waiters_are_served_in_their_order(void **state)
{
    rig r;
    ost__lease *held;
    worker workers[THREADS];
    atomic_int order;
    int log[THREADS + 1];
    (void)state;
    for (int round = 0; round < 20; round++) {
        rig_open(&r, OPTIONS(.max = 1, .acquire_timeout_ms = 60000));
        assert_int_equal(rig_lease(&r, &held), OST_OK);
        atomic_init(&order, 0);
        for (int i = 0; i < THREADS; i++) {
            workers[i] = (worker){ .rig = &r, .number = i, .order = &order, .log = log };
            start(&workers[i], once);
            rig_await_waiting(&r, (uint32_t)i + 1);
        }
        /* One that comes later, while all of them wait, is served last. */
        rig_return(&r, held);
        assert_int_equal(rig_lease(&r, &held), OST_OK);
        log[atomic_fetch_add(&order, 1)] = THREADS;
        rig_return(&r, held);
        for (int i = 0; i < THREADS; i++) {
            join(&workers[i]);
            assert_int_equal(workers[i].status, OST_OK);
            assert_int_equal(log[i], i);
        }
        rig_expect_counts(&r, 1, 1, 0);
        rig_close(&r);
    }
}

/* Those that gave up in the middle, at the front and at the end of the line leave it whole. */
static void the_line_survives_those_who_leave(void **state)
{
    rig r;
    ost__lease *held;
    worker workers[6];
    atomic_int order;
    int log[6];
    static const int64_t within[] = { 20 * MS, 0, 20 * MS, 20 * MS, 0, 20 * MS };
    (void)state;
    rig_open(&r, OPTIONS(.max = 1, .acquire_timeout_ms = 60000));
    assert_int_equal(rig_lease(&r, &held), OST_OK);
    atomic_init(&order, 0);
    for (int i = 0; i < 6; i++) {
        workers[i] =
            (worker){ .rig = &r, .number = i, .order = &order, .log = log, .within = within[i] };
        start(&workers[i], once);
    }
    for (int i = 0; i < 6; i++)
        if (within[i] > 0) {
            join(&workers[i]);
            assert_int_equal(workers[i].status, OST_POOL_TIMEOUT);
        }
    rig_await_waiting(&r, 2);
    rig_return(&r, held);
    join(&workers[1]);
    join(&workers[4]);
    assert_int_equal(workers[1].status, OST_OK);
    assert_int_equal(workers[4].status, OST_OK);
    assert_int_equal(atomic_load(&order), 2);
    rig_expect_counts(&r, 1, 1, 0);
    rig_close(&r);
}

static void the_line_has_an_end(void **state)
{
    rig r;
    ost__lease *held, *none = NULL;
    ost_error error;
    worker workers[2];
    (void)state;
    rig_open(&r, OPTIONS(.max = 1, .max_waiters = 2, .acquire_timeout_ms = 60000));
    assert_int_equal(rig_lease(&r, &held), OST_OK);
    for (int i = 0; i < 2; i++) {
        workers[i] = (worker){ .rig = &r };
        start(&workers[i], once);
        rig_await_waiting(&r, (uint32_t)i + 1);
    }
    int64_t began = rig_now(&r);
    assert_int_equal(rig_lease_within(&r, 60000 * MS, &none, &error), OST_POOL_TIMEOUT);
    assert_true(rig_now(&r) - began < 10000 * MS);
    assert_null(none);
    assert_non_null(strstr(error.message, "2 threads wait"));
    rig_return(&r, held);
    for (int i = 0; i < 2; i++) {
        join(&workers[i]);
        assert_int_equal(workers[i].status, OST_OK);
    }
    rig_close(&r);
}

/* ---- connects under way ---- */

/* The one that came first is told; the next one has an attempt of its own. */
static void a_failed_connect_hands_its_place_on(void **state)
{
    rig r;
    worker workers[4];
    (void)state;
    for (int refusals = 0; refusals <= 2; refusals++) {
        rig_open(&r, OPTIONS(.max = 1, .acquire_timeout_ms = 60000));
        atomic_store(&r.failing, refusals);
        pthread_mutex_lock(&r.gate);
        for (int i = 0; i < 4; i++) {
            workers[i] = (worker){ .rig = &r };
            start(&workers[i], once);
            rig_await_waiting(&r, (uint32_t)i + 1);
        }
        rig_await_at_gate(&r, 1);
        assert_int_equal(ost__pool_count(r.pool).open, 1);
        pthread_mutex_unlock(&r.gate);
        int failed = 0;
        for (int i = 0; i < 4; i++) {
            join(&workers[i]);
            failed += workers[i].status == OST_CONNECTION;
        }
        assert_int_equal(failed, refusals);
        rig_expect_counts(&r, 1, 1, 0);
        rig_close(&r);
    }
}

static void a_lost_connection_lets_the_next_one_connect(void **state)
{
    rig r;
    ost__lease *held;
    worker next = { .rig = &r };
    (void)state;
    rig_open(&r, OPTIONS(.max = 1, .acquire_timeout_ms = 60000));
    assert_int_equal(rig_lease(&r, &held), OST_OK);
    start(&next, once);
    rig_await_waiting(&r, 1);
    ost__pool_return(r.pool, held, rig_now(&r), false);
    join(&next);
    assert_int_equal(next.status, OST_OK);
    assert_int_equal(atomic_load(&r.connects), 2);
    rig_expect_counts(&r, 1, 1, 0);
    rig_close(&r);
}

/* ---- many ---- */

static void *turns(void *context)
{
    worker *w = context;
    ost_error error;
    for (int i = 0; i < w->turns && w->status == OST_OK; i++) {
        ost__lease *lease;
        w->status = rig_lease_within(w->rig, 60000 * MS, &lease, &error);
        if (w->status != OST_OK)
            break;
        rig_use(lease);
        if ((i + w->number) % 7 == 0)
            sched_yield();
        rig_drop(lease);
        /* Some are lost, some die while they are idle. */
        if (i % 97 == 13)
            atomic_store(&lease->connection->dead, true);
        ost__pool_return(w->rig->pool, lease, rig_now(w->rig), i % 61 != 7);
        w->served++;
    }
    return NULL;
}

static void fm06_many_threads_share_few_connections(void **state)
{
    enum { CONNECTIONS = 4 };
    const int count = rig_cycles(2000);
    rig r;
    worker workers[THREADS];
    (void)state;
    rig_open(&r, OPTIONS(.max = CONNECTIONS, .acquire_timeout_ms = 60000));
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){ .rig = &r, .number = i, .turns = count };
        start(&workers[i], turns);
    }
    for (int i = 0; i < THREADS; i++) {
        join(&workers[i]);
        assert_int_equal(workers[i].status, OST_OK);
        assert_int_equal(workers[i].served, count);
    }
    assert_true(atomic_load(&r.most_open) <= CONNECTIONS);
    rig_close(&r);
}

/* Waits so briefly that hand-over and time-out meet. */
static void *impatient(void *context)
{
    worker *w = context;
    ost_error error;
    int64_t within = 1000;
    while (!atomic_load(w->stop)) {
        ost__lease *lease = NULL;
        ost_status status = rig_lease_within(w->rig, within, &lease, &error);
        /* Half of them should be served, so the wait follows what happens. */
        within = status == OST_OK ? within - within / 16 : within + within / 16 + 1;
        if (status == OST_OK) {
            rig_use(lease);
            rig_drop(lease);
            rig_return(w->rig, lease);
            w->served++;
        } else if (status == OST_POOL_TIMEOUT && !lease) {
            w->late++;
        } else {
            w->status = status;
            break;
        }
    }
    return NULL;
}

static void fm07_a_wait_that_ends_at_the_hand_over_leaks_nothing(void **state)
{
    enum { IMPATIENT = 4 };
    const int enough = rig_cycles(8000);
    rig r;
    worker workers[IMPATIENT];
    atomic_bool stop;
    int turns_of_ours = 0, served = 0, late = 0;
    (void)state;
    ost__lease *only;
    rig_open(&r, OPTIONS(.max = 1, .acquire_timeout_ms = 60000));
    assert_int_equal(rig_lease(&r, &only), OST_OK);
    rig_return(&r, only);
    atomic_init(&stop, false);
    for (int i = 0; i < IMPATIENT; i++) {
        workers[i] = (worker){ .rig = &r, .number = i, .stop = &stop };
        start(&workers[i], impatient);
    }
    for (; turns_of_ours < enough; turns_of_ours++) {
        ost__lease *lease;
        assert_int_equal(rig_lease(&r, &lease), OST_OK);
        rig_use(lease);
        sched_yield();
        rig_drop(lease);
        rig_return(&r, lease);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < IMPATIENT; i++) {
        join(&workers[i]);
        assert_int_equal(workers[i].status, OST_OK);
        served += workers[i].served;
        late += workers[i].late;
    }
    assert_true(served > enough / 80);
    assert_true(late > enough / 80);
    /* A connection that nobody was given would be missing here. */
    rig_expect_counts(&r, 1, 1, 0);
    assert_int_equal(atomic_load(&r.connects), 1);
    rig_close(&r);
}

/* ---- threads that hold one and ask for another ---- */

static void *nests(void *context)
{
    worker *w = context;
    ost__lease *outer, *inner = NULL;
    ost_error error;
    w->status = rig_lease(w->rig, &outer);
    if (w->status != OST_OK)
        return NULL;
    atomic_fetch_add(w->order, 1);
    while (atomic_load(w->order) < w->turns)
        sched_yield();
    w->status = rig_lease_within(w->rig, w->within, &inner, &error);
    if (w->status == OST_OK)
        rig_return(w->rig, inner);
    rig_return(w->rig, outer);
    return NULL;
}

/* As many as there are connections: none can have another, and none waits for ever. */
static void fm08_nested_leases_end_at_their_deadline(void **state)
{
    enum { NESTED = 6 };
    rig r;
    worker workers[NESTED];
    atomic_int holding;
    (void)state;
    for (int spare = 0; spare < 2; spare++) {
        int late = 0;
        rig_open(&r, OPTIONS(.max = (uint32_t)(NESTED + spare), .acquire_timeout_ms = 60000));
        atomic_init(&holding, 0);
        for (int i = 0; i < NESTED; i++) {
            workers[i] = (worker){ .rig = &r,
                                   .order = &holding,
                                   .turns = NESTED,
                                   .within = spare ? 60000 * MS : 20 * MS };
            start(&workers[i], nests);
        }
        for (int i = 0; i < NESTED; i++) {
            join(&workers[i]);
            assert_true(workers[i].status == OST_OK || workers[i].status == OST_POOL_TIMEOUT);
            late += workers[i].status == OST_POOL_TIMEOUT;
        }
        /* The first that gives up lets another one go on; one to spare is enough for all. */
        assert_true(spare ? late == 0 : late > 0);
        rig_expect_counts(&r, NESTED + (uint32_t)spare, NESTED + (uint32_t)spare, 0);
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm06_waiters_are_served_in_their_order),
        cmocka_unit_test(the_line_survives_those_who_leave),
        cmocka_unit_test(the_line_has_an_end),
        cmocka_unit_test(a_failed_connect_hands_its_place_on),
        cmocka_unit_test(a_lost_connection_lets_the_next_one_connect),
        cmocka_unit_test(fm06_many_threads_share_few_connections),
        cmocka_unit_test(fm07_a_wait_that_ends_at_the_hand_over_leaks_nothing),
        cmocka_unit_test(fm08_nested_leases_end_at_their_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
