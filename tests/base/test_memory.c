/* SPDX-License-Identifier: MIT */
#include "base/memory.h"
#include "tracker.h"

#include <errno.h>

static void *other_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    (void)old_size;
    ++*(int *)context;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, new_size);
}

static int64_t other_clock(void *context)
{
    (void)context;
    return 42;
}

static void completes_from_nothing(void **state)
{
    (void)state;
    ost_platform p;
    ost__platform_complete(&p, NULL);
    assert_int_equal(p.struct_size, sizeof p);
    char *block = p.resize(p.context, NULL, 0, 3);
    memcpy(block, "abc", 3);
    block = p.resize(p.context, block, 3, 1 << 20);
    assert_memory_equal(block, "abc", 3);
    assert_null(p.resize(p.context, block, 1 << 20, 0));
    int64_t before = p.monotonic(p.context);
    assert_true(p.monotonic(p.context) >= before);
    /* After 2024-01-01 and before 2200. */
    int64_t now = p.realtime(p.context);
    assert_true(now > INT64_C(1704067200000000) && now < INT64_C(7258118400000000));
}

static void random_fills_every_byte(void **state)
{
    (void)state;
    ost_platform p;
    uint8_t seen[1000] = { 0 }, bytes[1000 + 1];
    ost__platform_complete(&p, NULL);
    bytes[1000] = 0x5A;
    errno = 77;
    for (int round = 0; round < 8; round++) {
        p.random(p.context, bytes, 1000);
        for (size_t i = 0; i < sizeof seen; i++)
            seen[i] |= bytes[i];
    }
    assert_int_equal(errno, 77);
    for (size_t i = 0; i < sizeof seen; i++)
        assert_int_not_equal(seen[i], 0);
    assert_int_equal(bytes[1000], 0x5A);
}

static void keeps_given_slots(void **state)
{
    (void)state;
    int calls = 0;
    ost_platform given = { .struct_size = sizeof given, .context = &calls }, p;
    given.resize = other_resize;
    given.monotonic = other_clock;
    ost__platform_complete(&p, &given);
    assert_ptr_equal(p.context, &calls);
    assert_true(p.resize == other_resize && p.monotonic == other_clock);
    assert_true(p.realtime != NULL && p.random != NULL);
    assert_true(p.realtime(p.context) > 42);
    ost__memory m = { p.resize, p.context };
    ost__free(&m, ost__alloc(&m, 10), 10);
    assert_int_equal(calls, 2);
}

static void fm66_shorter_platform_of_an_older_program(void **state)
{
    (void)state;
    ost_platform given, p;
    /* What lies behind the older program's struct is not ours to read. */
    memset(&given, 0x77, sizeof given);
    given.struct_size = offsetof(ost_platform, monotonic);
    given.context = NULL;
    given.resize = other_resize;
    ost__platform_complete(&p, &given);
    assert_true(p.resize == other_resize);
    assert_true(p.monotonic(p.context) != 42);
    assert_true(p.realtime(p.context) > 0);

    given.struct_size = sizeof given + 64;
    given.monotonic = other_clock;
    given.realtime = other_clock;
    given.random = NULL;
    ost__platform_complete(&p, &given);
    assert_int_equal(p.struct_size, sizeof p);
    assert_int_equal(p.monotonic(p.context), 42);
    assert_non_null(p.random);
}

static void size_zero_is_a_block_of_its_own(void **state)
{
    (void)state;
    tracker t;
    tracker_begin(&t);
    void *a = ost__alloc(&t.memory, 0), *b = ost__alloc_zeroed(&t.memory, 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    a = ost__realloc(&t.memory, a, 0, 100);
    a = ost__realloc(&t.memory, a, 100, 0);
    assert_non_null(a);
    ost__free(&t.memory, a, 0);
    ost__free(&t.memory, b, 0);
    ost__free(&t.memory, NULL, 7);
    assert_int_equal(t.live, 0);
}

static void zeroed_and_kept(void **state)
{
    (void)state;
    static const uint8_t zeros[64] = { 0 };
    tracker t;
    tracker_begin(&t);
    uint8_t *p = ost__realloc(&t.memory, NULL, 0, 64);
    memset(p, 0xFF, 64);
    ost__free(&t.memory, p, 64);
    p = ost__alloc_zeroed(&t.memory, 64);
    assert_memory_equal(p, zeros, 64);
    p[63] = 9;
    p = ost__realloc(&t.memory, p, 64, 4096);
    assert_int_equal(p[63], 9);
    t.fail_at = t.calls + 1;
    assert_null(ost__realloc(&t.memory, p, 4096, 8192));
    assert_int_equal(p[63], 9);
    ost__free(&t.memory, p, 4096);
    t.fail_at = t.calls + 1;
    assert_null(ost__alloc_zeroed(&t.memory, 64));
    assert_int_equal(t.live, 0);
}

static void fm45_sizes_do_not_wrap(void **state)
{
    (void)state;
    size_t n = 5;
    assert_true(ost__size_add(SIZE_MAX - 1, 1, &n));
    assert_true(n == SIZE_MAX);
    assert_false(ost__size_add(SIZE_MAX, 1, &n));
    assert_false(ost__size_add(1, SIZE_MAX, &n));
    assert_true(n == SIZE_MAX);
    assert_true(ost__size_mul(SIZE_MAX / 2, 2, &n));
    assert_true(n == SIZE_MAX - 1);
    assert_false(ost__size_mul(SIZE_MAX / 2 + 1, 2, &n));
    assert_true(ost__size_mul(0, SIZE_MAX, &n));
    assert_int_equal(n, 0);
    assert_true(ost__size_mul(SIZE_MAX, 0, &n));
    assert_int_equal(n, 0);
    assert_true(ost__size_mul(SIZE_MAX, 1, &n));
    assert_true(n == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completes_from_nothing),
        cmocka_unit_test(random_fills_every_byte),
        cmocka_unit_test(keeps_given_slots),
        cmocka_unit_test(fm66_shorter_platform_of_an_older_program),
        cmocka_unit_test(size_zero_is_a_block_of_its_own),
        cmocka_unit_test(zeroed_and_kept),
        cmocka_unit_test(fm45_sizes_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
