/* SPDX-License-Identifier: MIT */
/* Threads that are cancelled at any moment: no lock is left held, no connection is lost. */
#include "db_rig.h"
#include "pool_rig.h"

#include <sched.h>
#include <unistd.h>

#include "session/db.h"

enum { THREADS = 4 };

typedef struct victim {
    rig *rig;
    db_rig *db;
    pthread_t thread;
    atomic_int turns;
} victim;

/* Between a lease and its return there is no point at which a thread may end: all of them are
 * inside. */
static void *leases(void *context)
{
    victim *v = context;
    for (;;) {
        ost__lease *lease = NULL;
        ost_error error;
        if (rig_lease_within(v->rig, 60000 * MS, &lease, &error) != OST_OK)
            return NULL;
        rig_use(lease);
        rig_drop(lease);
        ost__pool_return(v->rig->pool, lease, rig_now(v->rig), atomic_load(&v->turns) % 5 != 3);
        atomic_fetch_add(&v->turns, 1);
        pthread_testcancel();
    }
}

static void start(victim *v, void *(*run)(void *))
{
    atomic_store(&v->turns, 0);
    assert_int_equal(pthread_create(&v->thread, NULL, run, v), 0);
}

/* Cancels one after the other, some after a few turns, some before they began. */
static void cancel_all(victim *victims, void *(*run)(void *), int cycles)
{
    for (int i = 0; i < THREADS; i++)
        start(&victims[i], run);
    for (int cycle = 0; cycle < cycles; cycle++) {
        victim *v = &victims[cycle % THREADS];
        void *result = NULL;
        for (int wanted = cycle % 7; atomic_load(&v->turns) < wanted;)
            sched_yield();
        assert_int_equal(pthread_cancel(v->thread), 0);
        assert_int_equal(pthread_join(v->thread, &result), 0);
        assert_ptr_equal(result, PTHREAD_CANCELED);
        if (cycle + THREADS < cycles)
            start(v, run);
    }
}

static void fm17_a_cancelled_thread_takes_nothing_along(void **state)
{
    rig r;
    victim victims[THREADS];
    ost__lease *both[2];
    (void)state;
    rig_open(&r, OPTIONS(.max = 2));
    for (int i = 0; i < THREADS; i++)
        victims[i] = (victim){ .rig = &r };
    cancel_all(victims, leases, rig_cycles(2000));
    for (int i = 0; i < 2; i++)
        assert_int_equal(rig_lease(&r, &both[i]), OST_OK);
    for (int i = 0; i < 2; i++)
        rig_return(&r, both[i]);
    rig_expect_counts(&r, 2, 2, 0);
    rig_close(&r);
}

static void close_session(void *s)
{
    ost_session_close(s);
}

static ost_status moves(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt, (void)context;
    for (int side = 0; side < 2; side++) {
        ost_query *q = ost_from(s, item);
        ost_where(q, ost_eq(item, name, side ? "right" : "left"));
        OST_TRY(ost_update_one(q, ost_inc(item, n, side ? 1 : -1)));
        pthread_testcancel();
    }
    return OST_OK;
}

/* It may end inside a transaction, which its session's close undoes. */
static void *transfers(void *context)
{
    victim *v = context;
    ost_session *s = db_rig_session(v->db, 60000);
    bool well = true;
    pthread_cleanup_push(close_session, s);
    while (well) {
        well = ost_transaction(s, moves, NULL, NULL) == OST_OK;
        atomic_fetch_add(&v->turns, 1);
        pthread_testcancel();
    }
    pthread_cleanup_pop(1);
    return NULL;
}

static void fm17_a_cancelled_session_undoes_its_unit(void **state)
{
    db_rig r;
    victim victims[THREADS];
    const ost_pool_options pool = { .struct_size = sizeof pool,
                                    .max = 2,
                                    .acquire_timeout_ms = 60000 };
    ost_value sum;
    (void)state;
    db_rig_open(&r, DB_FILE, DB_REAL_TIME, NULL,
                &(const ost_options){ .struct_size = sizeof(ost_options), .pool = &pool });
    ost_session *s = db_rig_session(&r, 0);
    assert_int_equal(ost_insert(s, item, &(item){ .name = "left", .n = 1000 }), OST_OK);
    assert_int_equal(ost_insert(s, item, &(item){ .name = "right" }), OST_OK);
    for (int i = 0; i < THREADS; i++)
        victims[i] = (victim){ .db = &r };
    cancel_all(victims, transfers, rig_cycles(200));
    assert_int_equal(ost_value_of(ost_from(s, item), ost_sum(ost_col(item, n)), &sum), OST_OK);
    assert_int_equal(sum.as.integer, 1000);
    db_rig_counts(&r);
    assert_int_equal(ost__pool_count(r.db->pool).leased, 0);
    assert_int_equal(ost__pool_count(r.db->pool).waiting, 0);
    ost_session_close(s);
    db_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm17_a_cancelled_thread_takes_nothing_along),
        cmocka_unit_test(fm17_a_cancelled_session_undoes_its_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
