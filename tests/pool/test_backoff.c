/* SPDX-License-Identifier: MIT */
/* When attempts are held back, and for how long. */
#include "pool/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const int64_t second = 1000000000, start = 5000000000;

static ost_error failure(ost_status status, const char *sql_state)
{
    ost_error e = { .status = (uint16_t)status };
    strcpy(e.sql_state, sql_state);
    strcpy(e.message, "no");
    return e;
}

static void the_first_failures_cost_nothing(void **state)
{
    ost__backoff b = { 0 };
    const ost_error e = failure(OST_CONNECTION, "");
    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2; i++) {
            ost__backoff_begins(&b, start);
            ost__backoff_failed(&b, start, &e);
            assert_false(ost__backoff_holds(&b));
        }
        ost__backoff_succeeded(&b);
    }
}

static void fm12_then_there_is_one_attempt_a_second(void **state)
{
    ost__backoff b = { 0 };
    const ost_error e = failure(OST_CONNECTION, "");
    (void)state;
    for (int i = 0; i < 3; i++)
        ost__backoff_failed(&b, start, &e);
    assert_true(ost__backoff_holds(&b));
    assert_true(b.until == start + second);
    assert_string_equal(b.error.message, "no");
    /* A second from one beginning to the next, however fast they fail, and no longer with time. */
    for (int64_t now = b.until, i = 0; i < 100; i++, now = b.until) {
        ost__backoff_begins(&b, now);
        assert_true(b.until == now + second);
        ost__backoff_failed(&b, now, &e);
        assert_true(b.until == now + second);
    }
    ost__backoff_succeeded(&b);
    assert_false(ost__backoff_holds(&b));
    ost__backoff_failed(&b, start, &e);
    assert_false(ost__backoff_holds(&b));
}

static void fm19_refused_credentials_are_shown_ever_more_rarely(void **state)
{
    static const int64_t pauses[] = { 1, 2, 4, 8, 16, 30, 30, 30 };
    ost__backoff b = { 0 };
    const ost_error e = failure(OST_AUTH, "28P01"), other = failure(OST_CONNECTION, "");
    int64_t now = start;
    (void)state;
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        ost__backoff_begins(&b, now);
        ost__backoff_failed(&b, now, &e);
        assert_true(b.until == now + pauses[i] * second);
        now = b.until;
    }
    /* What fails otherwise begins the count anew. */
    ost__backoff_begins(&b, now);
    ost__backoff_failed(&b, now, &other);
    assert_true(b.until == now + second);
    ost__backoff_failed(&b, now + second, &e);
    assert_true(b.until == now + 2 * second);
    b.refusals = b.failures = UINT32_MAX;
    ost__backoff_failed(&b, now, &e);
    assert_true(b.until == now + 30 * second);
    assert_int_equal(b.failures, UINT32_MAX);
}

static void fm19_a_full_server_is_known_by_its_state(void **state)
{
    static const struct {
        const char *sql_state;
        bool full;
    } cases[] = { { "53300", true }, { "08004", true }, { "08006", false }, { "", false } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ost__backoff b = { 0 };
        const ost_error e = failure(OST_CONNECTION, cases[i].sql_state);
        ost__backoff_failed(&b, start, &e);
        assert_int_equal(b.full, cases[i].full);
        assert_int_equal(ost__backoff_holds(&b), cases[i].full);
        ost__backoff_succeeded(&b);
        assert_false(b.full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failures_cost_nothing),
        cmocka_unit_test(fm12_then_there_is_one_attempt_a_second),
        cmocka_unit_test(fm19_refused_credentials_are_shown_ever_more_rarely),
        cmocka_unit_test(fm19_a_full_server_is_known_by_its_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
