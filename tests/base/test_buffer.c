/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "tracker.h"

#include <inttypes.h>
#include <stdio.h>

static void grows_and_stays_terminated(void **state)
{
    (void)state;
    tracker t;
    ost__buffer b;
    tracker_begin(&t);
    ost__buffer_init(&b, &t.memory);
    assert_null(b.data);
    for (size_t i = 0; i < 10000; i++) {
        ost__buffer_char(&b, (char)('a' + i % 26));
        assert_int_equal(b.size, i + 1);
        assert_int_equal(b.data[b.size], 0);
        assert_true(b.size < b.capacity);
    }
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(b.data[i], (int)('a' + i % 26));
    assert_true(t.calls < 20);
    ost__buffer_finish(&b);
    assert_null(b.data);
    assert_int_equal(t.live, 0);
}

static void appends_every_kind(void **state)
{
    (void)state;
    tracker t;
    ost__buffer b;
    tracker_begin(&t);
    ost__buffer_init(&b, &t.memory);
    ost__buffer_bytes(&b, NULL, 0);
    assert_string_equal(b.data, "");
    ost__buffer_text(&b, "x=");
    ost__buffer_int(&b, INT64_MIN);
    ost__buffer_char(&b, ',');
    ost__buffer_uint(&b, UINT64_MAX);
    ost__buffer_char(&b, ',');
    ost__buffer_double(&b, -2.5);
    ost__buffer_bytes(&b, "\0z", 2);
    assert_int_equal(b.size, 50);
    assert_memory_equal(b.data, "x=-9223372036854775808,18446744073709551615,-2.5\0z", 51);
    ost__buffer_reset(&b);
    assert_int_equal(b.size, 0);
    assert_string_equal(b.data, "");
    ost__buffer_finish(&b);
    assert_int_equal(t.live, 0);
}

static void fm65_failure_sticks_until_reset(void **state)
{
    (void)state;
    tracker t;
    ost__buffer b;
    tracker_begin(&t);
    ost__buffer_init(&b, &t.memory);
    ost__buffer_text(&b, "before");
    t.fail_at = t.calls + 1;
    char big[1000];
    memset(big, 'b', sizeof big);
    ost__buffer_bytes(&b, big, sizeof big);
    assert_true(b.failed);
    ost__buffer_text(&b, "c");
    ost__buffer_char(&b, 'c');
    assert_string_equal(b.data, "before");
    ost__buffer_reset(&b);
    assert_false(b.failed);
    ost__buffer_text(&b, "after");
    assert_string_equal(b.data, "after");
    ost__buffer_bytes(&b, big, SIZE_MAX - 3);
    assert_true(b.failed);
    assert_string_equal(b.data, "after");
    ost__buffer_finish(&b);
    assert_false(b.failed);
    assert_int_equal(t.live, 0);
}

static void integers_as_the_machine_prints_them(void **state)
{
    (void)state;
    uint64_t seed = 99, n = 0;
    char text[32], expected[32];
    for (int i = 0; i < 20000; i++) {
        n = tracker_random(&seed) >> (i % 64);
        if (i < 64)
            n = (UINT64_C(1) << i) - (uint64_t)(i % 2);
        size_t length = ost__print_uint(n, text);
        assert_int_equal(length, snprintf(expected, sizeof expected, "%" PRIu64, n));
        assert_string_equal(text, expected);
        length = ost__print_int((int64_t)n, text);
        assert_int_equal(length, snprintf(expected, sizeof expected, "%" PRId64, (int64_t)n));
        assert_string_equal(text, expected);
    }
    assert_int_equal(ost__print_int(-1, text), 2);
    assert_string_equal(text, "-1");
    assert_int_equal(ost__print_uint(UINT64_MAX, text), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_terminated),
        cmocka_unit_test(appends_every_kind),
        cmocka_unit_test(fm65_failure_sticks_until_reset),
        cmocka_unit_test(integers_as_the_machine_prints_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
