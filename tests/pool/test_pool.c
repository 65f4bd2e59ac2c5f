/* SPDX-License-Identifier: MIT */
/* The pool as one thread sees it: bounds, expiry, failures, counts. */
#include "pool_rig.h"

static void options_are_completed(void **state)
{
    ost_pool_options o;
    (void)state;
    ost__pool_options_complete(&o, NULL);
    assert_int_equal(o.struct_size, sizeof o);
    assert_int_equal(o.max, 8);
    assert_int_equal(o.max_waiters, 1024);
    assert_int_equal(o.acquire_timeout_ms, 5000);
    assert_int_equal(o.idle_timeout_ms, 600000);
    assert_int_equal(o.max_lifetime_ms, 1800000);
    ost__pool_options_complete(&o, OPTIONS(.min = 9, .max = 3));
    assert_int_equal(o.max, 3);
    assert_int_equal(o.min, 3);
    /* A program that was built against a shorter struct. */
    const ost_pool_options old = { .struct_size = offsetof(ost_pool_options, max_waiters),
                                   .max = 2,
                                   .max_waiters = 77 };
    ost__pool_options_complete(&o, &old);
    assert_int_equal(o.max, 2);
    assert_int_equal(o.max_waiters, 1024);
}

static void connections_are_made_when_needed_and_used_again(void **state)
{
    rig r;
    ost__lease *a, *b;
    (void)state;
    rig_open(&r, OPTIONS(.max = 4));
    rig_expect_counts(&r, 0, 0, 0);
    assert_int_equal(rig_lease(&r, &a), OST_OK);
    assert_int_equal(rig_lease(&r, &b), OST_OK);
    rig_expect_counts(&r, 2, 0, 0);
    assert_int_equal(a->capabilities.fingerprint, 1);
    rig_return(&r, a);
    rig_return(&r, b);
    rig_expect_counts(&r, 2, 2, 0);
    /* The one used last comes first, so that those too many grow old. */
    for (int i = 0; i < 10; i++) {
        assert_int_equal(rig_lease(&r, &a), OST_OK);
        assert_int_equal(rig_number(a), 2);
        rig_return(&r, a);
    }
    assert_int_equal(atomic_load(&r.connects), 2);
    rig_close(&r);
}

static void no_more_than_max_are_open(void **state)
{
    rig r;
    ost__lease *leases[3], *further;
    ost_error error;
    (void)state;
    rig_open(&r, OPTIONS(.max = 3));
    for (int i = 0; i < 3; i++)
        assert_int_equal(rig_lease(&r, &leases[i]), OST_OK);
    assert_int_equal(rig_lease_within(&r, 2 * MS, &further, &error), OST_POOL_TIMEOUT);
    assert_int_equal(error.status, OST_POOL_TIMEOUT);
    assert_non_null(strstr(error.message, "3 are open"));
    rig_expect_counts(&r, 3, 0, 0);
    rig_return(&r, leases[1]);
    assert_int_equal(rig_lease_within(&r, 2 * MS, &further, &error), OST_OK);
    assert_int_equal(rig_number(further), 2);
    rig_return(&r, leases[0]);
    rig_return(&r, further);
    rig_return(&r, leases[2]);
    assert_int_equal(atomic_load(&r.most_open), 3);
    rig_close(&r);
}

/* Waits are measured by the machine's clock: never shorter than said, and not much longer. */
static void waits_end_at_their_deadline(void **state)
{
    rig r;
    ost__lease *held, *none = NULL;
    ost_error error;
    (void)state;
    rig_open(&r, OPTIONS(.max = 1, .acquire_timeout_ms = 30));
    assert_int_equal(rig_lease(&r, &held), OST_OK);
    static const struct {
        int64_t within, expected;
    } cases[] = { { 10 * MS, 10 * MS }, { 500 * MS, 30 * MS }, { 0, 0 }, { -500 * MS, 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t began = rig_now(&r);
        assert_int_equal(rig_lease_within(&r, cases[i].within, &none, &error), OST_POOL_TIMEOUT);
        int64_t took = rig_now(&r) - began;
        assert_true(took >= cases[i].expected);
        assert_true(took < cases[i].expected + 2000 * MS);
        assert_null(none);
    }
    rig_expect_counts(&r, 1, 0, 0);
    rig_return(&r, held);
    /* One that is free is had whatever the clock says. */
    assert_int_equal(rig_lease_within(&r, -500 * MS, &held, &error), OST_OK);
    rig_return(&r, held);
    rig_close(&r);
}

/* A connect has its own time, whatever is left to whoever asked: it may serve another. */
static void connects_have_a_deadline_of_their_own(void **state)
{
    rig r;
    ost__lease *lease, *other;
    ost_error error;
    (void)state;
    rig_open(&r, OPTIONS(.max = 2));
    rig_stop_clock(&r);
    assert_int_equal(rig_lease_within(&r, 9000 * MS, &lease, &error), OST_OK);
    assert_true(atomic_load(&r.connect_deadline) == rig_now(&r) + 10000 * MS);
    assert_int_equal(rig_lease_within(&r, 70000 * MS, &other, &error), OST_OK);
    assert_true(atomic_load(&r.connect_deadline) == rig_now(&r) + 10000 * MS);
    rig_return(&r, lease);
    rig_return(&r, other);
    rig_close(&r);
}

static void failed_connects_free_their_place(void **state)
{
    rig r;
    ost__lease *lease = NULL;
    ost_error error;
    (void)state;
    rig_open(&r, OPTIONS(.max = 1));
    atomic_store(&r.failing, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rig_lease_within(&r, 5000 * MS, &lease, &error), OST_CONNECTION);
        assert_string_equal(error.message, "the rig refuses");
        rig_expect_counts(&r, 0, 0, 0);
    }
    assert_null(lease);
    /* Without memory for the lease, and without memory for the driver's connection. */
    for (int at = 1; at <= 2; at++) {
        atomic_store(&r.fail_memory_in, at);
        assert_int_equal(rig_lease_within(&r, 5000 * MS, &lease, &error), OST_NO_MEMORY);
        assert_int_equal(atomic_load(&r.fail_memory_in), 0);
        rig_expect_counts(&r, 0, 0, 0);
    }
    assert_int_equal(rig_lease(&r, &lease), OST_OK);
    rig_return(&r, lease);
    rig_close(&r);
}

static void what_is_not_usable_is_closed(void **state)
{
    rig r;
    ost__lease *lease;
    (void)state;
    rig_open(&r, OPTIONS(.max = 1));
    for (uint32_t i = 1; i <= 5; i++) {
        assert_int_equal(rig_lease(&r, &lease), OST_OK);
        assert_int_equal(rig_number(lease), i);
        ost__pool_return(r.pool, lease, rig_now(&r), false);
        rig_expect_counts(&r, 0, 0, 0); /* once it is closed */
        assert_int_equal(atomic_load(&r.closes), i);
    }
    rig_close(&r);
}

/* A server that ends what is idle: no caller sees it, and nothing was sent on a dead connection. */
static void fm04_dead_idle_connections_are_replaced_silently(void **state)
{
    enum { CHECKOUTS = 1000, HELD = 4 };
    rig r;
    ost__lease *leases[HELD];
    (void)state;
    rig_open(&r, OPTIONS(.max = HELD));
    for (int i = 0; i < CHECKOUTS; i++) {
        for (int k = 0; k < HELD; k++) {
            assert_int_equal(rig_lease(&r, &leases[k]), OST_OK);
            assert_false(atomic_load(&leases[k]->connection->dead));
        }
        for (int k = 0; k < HELD; k++) {
            ost_connection *c = leases[k]->connection;
            rig_return(&r, leases[k]);
            if (k % 2 == i % 2)
                atomic_store(&c->dead, true);
        }
    }
    assert_int_equal(atomic_load(&r.most_open), HELD);
    assert_true(atomic_load(&r.connects) >= CHECKOUTS * HELD / 2);
    rig_expect_counts(&r, HELD, HELD, 0);
    rig_close(&r);
}

/* All the dead ones are cleared away at once, not one for each lease. */
static void dead_connections_do_not_pile_up(void **state)
{
    rig r;
    ost__lease *leases[5];
    (void)state;
    rig_open(&r, OPTIONS(.max = 5));
    for (int k = 0; k < 5; k++)
        assert_int_equal(rig_lease(&r, &leases[k]), OST_OK);
    for (int k = 0; k < 5; k++) {
        atomic_store(&leases[k]->connection->dead, true);
        rig_return(&r, leases[k]);
    }
    rig_expect_counts(&r, 5, 5, 0);
    assert_int_equal(rig_lease(&r, &leases[0]), OST_OK);
    rig_expect_counts(&r, 1, 0, 0);
    assert_int_equal(atomic_load(&r.open), 1);
    rig_return(&r, leases[0]);
    rig_close(&r);
}

static void idle_connections_expire(void **state)
{
    rig r;
    ost__lease *lease;
    (void)state;
    rig_open(&r, OPTIONS(.max = 2, .idle_timeout_ms = 1000, .max_lifetime_ms = 60000));
    rig_stop_clock(&r);
    assert_int_equal(rig_lease(&r, &lease), OST_OK);
    rig_return(&r, lease);
    /* Each use begins the time anew. */
    for (int i = 0; i < 3; i++) {
        rig_advance(&r, 1000 * MS);
        assert_int_equal(rig_lease(&r, &lease), OST_OK);
        assert_int_equal(rig_number(lease), 1);
        rig_return(&r, lease);
    }
    rig_advance(&r, 1000 * MS + 1);
    assert_int_equal(rig_lease(&r, &lease), OST_OK);
    assert_int_equal(rig_number(lease), 2);
    rig_await_quiet(&r);
    assert_int_equal(atomic_load(&r.closes), 1);
    /* What is leased is not idle. */
    rig_advance(&r, 5000 * MS);
    rig_return(&r, lease);
    assert_int_equal(rig_lease(&r, &lease), OST_OK);
    assert_int_equal(rig_number(lease), 2);
    rig_return(&r, lease);
    rig_close(&r);
}

static void old_connections_are_replaced(void **state)
{
    rig r;
    ost__lease *lease;
    (void)state;
    rig_open(&r, OPTIONS(.max = 2, .idle_timeout_ms = 1000, .max_lifetime_ms = 3000));
    rig_stop_clock(&r);
    int64_t began = rig_now(&r);
    uint32_t last = 1;
    for (int i = 0; i < 40; i++) {
        assert_int_equal(rig_lease(&r, &lease), OST_OK);
        int64_t age = rig_now(&r) - began;
        if (rig_number(lease) != last) {
            assert_true(age > 3000 * MS);
            assert_int_equal(rig_number(lease), last + 1);
            last = rig_number(lease);
            began = rig_now(&r);
        } else {
            assert_true(age <= 3000 * MS);
        }
        rig_return(&r, lease);
        rig_advance(&r, 500 * MS);
    }
    /* 40 turns of half a second: one lives for seven of them. */
    assert_int_equal(last, 6);
    rig_close(&r);
}

/* Idle ones beyond `min` expire; `min` of them stay, but not for longer than a connection lives. */
static void some_connections_stay_open(void **state)
{
    rig r;
    ost__lease *leases[4];
    (void)state;
    rig_open(&r, OPTIONS(.min = 2, .max = 4, .idle_timeout_ms = 1000, .max_lifetime_ms = 9000));
    rig_stop_clock(&r);
    for (int k = 0; k < 4; k++)
        assert_int_equal(rig_lease(&r, &leases[k]), OST_OK);
    for (int k = 0; k < 4; k++)
        rig_return(&r, leases[k]);
    rig_advance(&r, 2000 * MS);
    assert_int_equal(rig_lease(&r, &leases[0]), OST_OK);
    rig_return(&r, leases[0]);
    rig_await_quiet(&r);
    assert_true(atomic_load(&r.open) >= 2);
    assert_int_equal(atomic_load(&r.connects), 4 + (rig_number(leases[0]) > 4));
    /* However often they lie idle from here on, the same two are there. */
    while (ost__pool_count(r.pool).open > 2) {
        rig_advance(&r, 1001 * MS);
        assert_int_equal(rig_lease(&r, &leases[0]), OST_OK);
        rig_return(&r, leases[0]);
    }
    unsigned connects = atomic_load(&r.connects);
    for (int i = 0; i < 2; i++) {
        rig_advance(&r, 1001 * MS);
        assert_int_equal(rig_lease(&r, &leases[0]), OST_OK);
        assert_int_equal(rig_lease(&r, &leases[1]), OST_OK);
        rig_return(&r, leases[0]);
        rig_return(&r, leases[1]);
        assert_int_equal(atomic_load(&r.connects), connects);
    }
    rig_advance(&r, 9000 * MS);
    assert_int_equal(rig_lease(&r, &leases[0]), OST_OK);
    assert_int_equal(atomic_load(&r.connects), connects + 1);
    rig_return(&r, leases[0]);
    rig_close(&r);
}

static void long_leases_are_reported(void **state)
{
    rig r;
    ost__lease *lease;
    (void)state;
    rig_open(&r, OPTIONS(.max = 1, .leak_warning_ms = 500));
    rig_stop_clock(&r);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rig_lease(&r, &lease), OST_OK);
        rig_advance(&r, 500 * MS);
        rig_return(&r, lease);
        assert_int_equal(atomic_load(&r.events[OST_EVENT_LEAK]), i);
        assert_int_equal(rig_lease(&r, &lease), OST_OK);
        rig_advance(&r, 500 * MS + 1);
        rig_return(&r, lease);
        assert_int_equal(atomic_load(&r.events[OST_EVENT_LEAK]), i + 1);
        /* Idle time is nobody's. */
        rig_advance(&r, 5000 * MS);
    }
    rig_close(&r);
    rig_open(&r, OPTIONS(.max = 1));
    rig_stop_clock(&r);
    assert_int_equal(rig_lease(&r, &lease), OST_OK);
    rig_advance(&r, 3600000 * MS);
    rig_return(&r, lease);
    assert_int_equal(atomic_load(&r.events[OST_EVENT_LEAK]), 0);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_completed),
        cmocka_unit_test(connections_are_made_when_needed_and_used_again),
        cmocka_unit_test(no_more_than_max_are_open),
        cmocka_unit_test(waits_end_at_their_deadline),
        cmocka_unit_test(connects_have_a_deadline_of_their_own),
        cmocka_unit_test(failed_connects_free_their_place),
        cmocka_unit_test(what_is_not_usable_is_closed),
        cmocka_unit_test(fm04_dead_idle_connections_are_replaced_silently),
        cmocka_unit_test(dead_connections_do_not_pile_up),
        cmocka_unit_test(idle_connections_expire),
        cmocka_unit_test(old_connections_are_replaced),
        cmocka_unit_test(some_connections_stay_open),
        cmocka_unit_test(long_leases_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
