/* SPDX-License-Identifier: MIT */
/* What a failure leaves of a transaction: whole calls are kept, or nothing is. */
#include "fake/fake.h"
#include "ostler/ostler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OK(call) assert_string_equal(ost_status_name(call), "OST_OK")
#define FAILS(name, call) assert_string_equal(ost_status_name(call), name)

typedef struct coin {
    int64_t id;
    uint64_t worth;
} coin;
OST_RECORD(coin, id);
OST_MODEL(coin,
          OST_FIELDS(OST_FIELD(coin, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(coin, worth)));

static ost_fake *fake;
static ost_db *db;
static ost_session *s;

static int set_up(void **state)
{
    ost_error error;
    (void)state;
    fake = ost_fake_open(ost_driver_sqlite(), NULL);
    assert_non_null(fake);
    if (ost_open(OST_OPTIONS(.url = "fake:sqlite::memory:",
                             .drivers = OST_DRIVERS(ost_fake_driver(fake)),
                             .models = OST_MODELS(&coin_model)),
                 &db, &error) != OST_OK ||
        ost_create_tables(db, &error) != OST_OK)
        fail_msg("%s", error.message);
    OK(ost_session_open(db, NULL, &s, NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ost_session_close(s);
    ost_close(db);
    assert_int_equal(ost_fake_violation_count(fake), 0);
    ost_fake_close(fake);
    return 0;
}

/* How many coins another session sees. */
static int64_t stored(void)
{
    int64_t n = -1;
    ost_session *other;
    OK(ost_session_open(db, NULL, &other, NULL));
    OK(ost_count_of(ost_from(other, coin), &n));
    ost_session_close(other);
    return n;
}

/* Records before the one that does not fit have been inserted: the transaction must not keep them.
 */
static void a_record_that_does_not_fit_dooms_those_before_it(void **state)
{
    (void)state;
    for (size_t bad = 0; bad < 4; bad++) {
        coin coins[4] = { { .worth = 1 }, { .worth = 2 }, { .worth = 3 }, { .worth = 4 } };
        coins[bad].worth = UINT64_MAX;
        OK(ost_begin(s, NULL));
        FAILS("OST_RANGE", ost_insert_many(s, coin, coins, 4));
        assert_string_equal(ost_session_error(s)->field, "worth");
        ost_status end = ost_commit(s);
        if (bad > 0)
            assert_int_equal(end, OST_RANGE);
        assert_int_equal(stored(), 0);
        assert_int_equal(coins[0].id, 0);
    }
}

/* Keys given and keys made go in runs of their own; the second one fails before anything of it is
 * sent. */
static void a_later_run_dooms_the_earlier_ones(void **state)
{
    coin coins[3] = { { .id = 7 }, { .id = 8 }, { .id = 0 } };
    (void)state;
    OK(ost_fake_add(fake,
                    OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .action = OST_FAKE_REFUSE,
                                  .first = 2, .status = OST_NO_MEMORY,
                                  .effects = OST_FAKE_NOTHING_SENT)));
    OK(ost_begin(s, NULL));
    FAILS("OST_NO_MEMORY", ost_insert_many(s, coin, coins, 3));
    int64_t n;
    FAILS("OST_NO_MEMORY", ost_count_of(ost_from(s, coin), &n));
    FAILS("OST_NO_MEMORY", ost_commit(s));
    assert_int_equal(stored(), 0);
    /* Alone, or around a savepoint, the rest goes on. */
    ost_fake_forget_rules(fake);
    OK(ost_begin(s, NULL));
    OK(ost_insert(s, coin, &(coin){ .worth = 5 }));
    OK(ost_begin(s, NULL));
    OK(ost_fake_add(fake,
                    OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .action = OST_FAKE_REFUSE,
                                  .first = 2, .status = OST_NO_MEMORY,
                                  .effects = OST_FAKE_NOTHING_SENT)));
    FAILS("OST_NO_MEMORY", ost_insert_many(s, coin, coins, 3));
    OK(ost_rollback(s));
    OK(ost_commit(s));
    assert_int_equal(stored(), 1);
}

/* One that was refused before anything was sent dooms nothing. */
static void what_was_not_sent_dooms_nothing(void **state)
{
    coin coins[2] = { { .id = 0 }, { .id = 0 } };
    (void)state;
    OK(ost_fake_add(fake,
                    OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .action = OST_FAKE_REFUSE,
                                  .status = OST_NO_MEMORY, .effects = OST_FAKE_NOTHING_SENT)));
    OK(ost_begin(s, NULL));
    FAILS("OST_NO_MEMORY", ost_insert_many(s, coin, coins, 2));
    OK(ost_insert_many(s, coin, coins, 2));
    OK(ost_commit(s));
    assert_int_equal(stored(), 2);
}

/*
 * The connection is closed, and with it goes all of the transaction: what follows must not be
 * written outside one, and the commit must not be taken for one.
 */
static void a_savepoint_that_cannot_be_undone_dooms_all(void **state)
{
    int64_t n;
    (void)state;
    OK(ost_fake_add(fake, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_ROLLBACK_TO),
                                        .action = OST_FAKE_REFUSE, .status = OST_NO_MEMORY)));
    OK(ost_begin(s, NULL));
    OK(ost_insert(s, coin, &(coin){ .worth = 1 }));
    OK(ost_begin(s, NULL));
    OK(ost_insert(s, coin, &(coin){ .worth = 2 }));
    OK(ost_rollback(s));
    FAILS("OST_NO_MEMORY", ost_insert(s, coin, &(coin){ .worth = 3 }));
    FAILS("OST_NO_MEMORY", ost_count_of(ost_from(s, coin), &n));
    FAILS("OST_NO_MEMORY", ost_commit(s));
    assert_int_equal(stored(), 0);
    OK(ost_insert(s, coin, &(coin){ .worth = 4 }));
    assert_int_equal(stored(), 1);
}

static ost_status body(ost_session *in, const ost_attempt *attempt, void *context)
{
    (void)attempt, (void)context;
    OST_TRY(ost_insert(in, coin, &(coin){ .worth = 1 }));
    OST_TRY(ost_begin(in, NULL));
    OST_TRY(ost_insert(in, coin, &(coin){ .worth = 2 }));
    /* The body does not look at what comes of it. */
    (void)ost_rollback(in);
    return OST_OK;
}

static void a_body_cannot_commit_what_is_doomed(void **state)
{
    (void)state;
    OK(ost_fake_add(fake, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_ROLLBACK_TO),
                                        .action = OST_FAKE_REFUSE, .status = OST_NO_MEMORY)));
    FAILS("OST_NO_MEMORY", ost_transaction(s, body, NULL, NULL));
    assert_int_equal(stored(), 0);
    OK(ost_transaction(s, body, NULL, NULL));
    assert_int_equal(stored(), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_record_that_does_not_fit_dooms_those_before_it),
        CASE(a_later_run_dooms_the_earlier_ones),
        CASE(what_was_not_sent_dooms_nothing),
        CASE(a_savepoint_that_cannot_be_undone_dooms_all),
        CASE(a_body_cannot_commit_what_is_doomed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
