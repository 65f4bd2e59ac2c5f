/* SPDX-License-Identifier: MIT */
/* Connections that owe replies: cancelled, read to the end, made as new, or closed. */
#include "pool_rig.h"

static ost__lease *lease_that_owes(rig *r)
{
    ost__lease *lease = NULL;
    assert_int_equal(rig_lease(r, &lease), OST_OK);
    lease->batches = 7;
    lease->connection->cancelled = 0;
    lease->connection->unit = OST_UNIT_FAILED;
    atomic_store(&lease->connection->owes, true);
    return lease;
}

static void it_is_used_again(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, OPTIONS(.max = 1));
    for (unsigned i = 1; i <= 10; i++) {
        ost__lease *lease = lease_that_owes(&r);
        ost__pool_recover(r.pool, lease, rig_now(&r));
        assert_int_equal(rig_lease(&r, &lease), OST_OK);
        assert_int_equal(rig_number(lease), 1);
        assert_int_equal(lease->connection->cancelled, 7);
        assert_int_equal(lease->connection->unit, OST_UNIT_NONE);
        assert_int_equal(atomic_load(&r.cancels), i);
        assert_int_equal(atomic_load(&r.resets), i);
        rig_return(&r, lease);
        rig_expect_counts(&r, 1, 1, 0);
    }
    rig_close(&r);
}

static void it_is_closed_where_that_is_impossible(void **state)
{
    rig r;
    (void)state;
    rig_open(&r, OPTIONS(.max = 1));
    ost__lease *lease = lease_that_owes(&r);
    atomic_store(&r.will_not_settle, true);
    ost__pool_recover(r.pool, lease, rig_now(&r));
    rig_expect_counts(&r, 0, 0, 0);
    assert_int_equal(atomic_load(&r.resets), 0);
    atomic_store(&r.will_not_settle, false);
    lease = lease_that_owes(&r);
    assert_int_equal(rig_number(lease), 2);
    lease->connection->unit = OST_UNIT_LOST;
    ost__pool_recover(r.pool, lease, rig_now(&r));
    rig_expect_counts(&r, 0, 0, 0);
    assert_int_equal(atomic_load(&r.closes), 2);
    rig_close(&r);
}

/* Meanwhile it keeps its place, and nobody is given it. */
static void fm05_a_cancel_that_hangs_holds_nobody_up(void **state)
{
    rig r;
    ost__lease *other, *none;
    ost_error error;
    (void)state;
    rig_open(&r, OPTIONS(.max = 2));
    ost__lease *lease = lease_that_owes(&r);
    assert_int_equal(rig_lease(&r, &other), OST_OK);
    pthread_mutex_lock(&r.gate);
    ost__pool_recover(r.pool, lease, rig_now(&r));
    rig_await_at_gate(&r, 1);
    assert_int_equal(ost__pool_count(r.pool).busy, 1);
    assert_int_equal(ost__pool_count(r.pool).leased, 1);
    assert_int_equal(rig_lease_within(&r, 20 * MS, &none, &error), OST_POOL_TIMEOUT);
    rig_return(&r, other);
    assert_int_equal(rig_lease(&r, &other), OST_OK);
    assert_int_equal(rig_number(other), 2);
    pthread_mutex_unlock(&r.gate);
    assert_int_equal(rig_lease(&r, &lease), OST_OK);
    assert_int_equal(rig_number(lease), 1);
    rig_return(&r, other);
    rig_return(&r, lease);
    rig_close(&r);
}

/* At the end of the pool nothing is mended any more. */
static void the_end_closes_what_would_be_mended(void **state)
{
    rig r;
    (void)state;
    for (int i = 0; i < 20; i++) {
        rig_open(&r, OPTIONS(.max = 1));
        ost__pool_recover(r.pool, lease_that_owes(&r), rig_now(&r));
        ost__pool_close(r.pool, INT64_MAX);
        rig_end(&r);
        assert_int_equal(atomic_load(&r.closes), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_used_again),
        cmocka_unit_test(it_is_closed_where_that_is_impossible),
        cmocka_unit_test(fm05_a_cancel_that_hangs_holds_nobody_up),
        cmocka_unit_test(the_end_closes_what_would_be_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
