/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "tracker.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#endif
#ifdef WITH_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

static bool has_bytes(const uint8_t *p, size_t size, uint8_t byte)
{
    for (size_t i = 0; i < size; i++) {
        if (p[i] != byte)
            return false;
    }
    return true;
}

/* Whether given back memory can no longer be mistaken for a record. */
static bool is_dead(const uint8_t *p, size_t size)
{
#ifdef WITH_SANITIZER
    return __asan_address_is_poisoned(p) && __asan_address_is_poisoned(p + size - 1);
#else
    return has_bytes(p, size, 0xDB);
#endif
}

static void aligned_and_apart(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    uint64_t seed = 1;
    struct piece {
        uint8_t *start;
        size_t size;
    } *pieces = malloc(5000 * sizeof *pieces);
    assert_non_null(pieces);
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 256);
    for (size_t i = 0; i < 5000; i++) {
        size_t align = (size_t)1 << tracker_random(&seed) % 5;
        pieces[i].size = (size_t)(tracker_random(&seed) % 100);
        if (i % 500 == 499)
            pieces[i].size *= 3000;
        pieces[i].start = ost__arena_alloc(&a, pieces[i].size, align);
        assert_non_null(pieces[i].start);
        assert_int_equal((uintptr_t)pieces[i].start % align, 0);
        memset(pieces[i].start, (int)(i % 251), pieces[i].size);
    }
    for (size_t i = 0; i < 5000; i++)
        assert_true(has_bytes(pieces[i].start, pieces[i].size, (uint8_t)(i % 251)));
    free(pieces);
    ost__arena_finish(&a);
    assert_int_equal(t.live, 0);
}

static void size_zero_is_distinct(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 256);
    void *x = ost__arena_alloc(&a, 0, 1), *y = ost__arena_alloc_zeroed(&a, 0, 1);
    assert_non_null(x);
    assert_non_null(y);
    assert_ptr_not_equal(x, y);
    assert_ptr_not_equal(y, ost__arena_alloc(&a, 4, 1));
    ost__arena_finish(&a);
    assert_int_equal(t.live, 0);
}

static void chunks_double_up_to_the_limit(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 4096);
    size_t last = 0;
    for (int i = 0; i < 3000; i++) {
        assert_non_null(ost__arena_alloc(&a, 2000, 8));
        size_t size = a.current->size;
        assert_true(size == last || size == (last ? last * 2 : 4096) || size == OST__CHUNK_MAX);
        last = size;
    }
    assert_int_equal(last, OST__CHUNK_MAX);
    /* One that needs more gets its own chunk; the next is of the usual size again. */
    assert_non_null(ost__arena_alloc(&a, 3 * OST__CHUNK_MAX, 16));
    assert_true(a.current->size > 3 * OST__CHUNK_MAX);
    assert_true(a.current->size < 3 * OST__CHUNK_MAX + 4096);
    assert_non_null(ost__arena_alloc(&a, OST__CHUNK_MAX / 2, 16));
    assert_int_equal(a.current->size, OST__CHUNK_MAX);
    ost__arena_finish(&a);
    assert_int_equal(t.live, 0);
}

static void zeroed_after_use(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 1024);
    a.poison = true;
    memset(ost__arena_alloc(&a, 500, 1), 0xFF, 500);
    ost__arena_clear(&a);
    uint8_t *p = ost__arena_alloc_zeroed(&a, 500, 1);
    assert_true(has_bytes(p, 500, 0));
    ost__arena_finish(&a);
}

static void reserve_keeps_the_chunk(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 512);
    assert_true(ost__arena_reserve(&a, 100000));
    ost__chunk *c = a.current;
    assert_true(ost__arena_reserve(&a, 100000));
    for (int i = 0; i < 1000; i++)
        assert_non_null(ost__arena_alloc(&a, 100, 4));
    assert_ptr_equal(a.current, c);
    assert_false(ost__arena_reserve(&a, SIZE_MAX));
    assert_false(ost__arena_reserve(&a, SIZE_MAX - 20));
    assert_null(ost__arena_alloc(&a, SIZE_MAX, 1));
    assert_ptr_equal(a.current, c);
    ost__arena_finish(&a);
}

static void text_is_copied(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    char source[] = "größer";
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 512);
    char *text = ost__arena_text(&a, source, 3);
    char *empty = ost__arena_text(&a, NULL, 0);
    source[0] = 'x';
    assert_string_equal(text, "gr\xC3");
    assert_string_equal(empty, "");
    assert_null(ost__arena_text(&a, source, SIZE_MAX));
    ost__arena_finish(&a);
}

static void trim_gives_back_the_newest(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 4096);
    a.poison = true;
    uint8_t *p = ost__arena_alloc(&a, 1000, 8);
    memset(p, 1, 1000);
    ost__arena_trim(&a, p, 1000, 100);
    assert_true(has_bytes(p, 100, 1));
    assert_true(is_dead(p + 104, 890));
    uint8_t *q = ost__arena_alloc(&a, 50, 1);
    assert_ptr_equal(q, p + 100);
    /* Something was allocated since: nothing happens. */
    ost__arena_trim(&a, p, 100, 10);
    assert_true(has_bytes(p, 100, 1));
    assert_ptr_equal(ost__arena_alloc(&a, 1, 1), q + 50);
    /* Larger is not smaller, and what is elsewhere is not here. */
    ost__arena_trim(&a, q + 50, 1, 2);
    ost__arena_trim(&a, &t, sizeof t, 0);
    assert_ptr_equal(ost__arena_alloc(&a, 1, 1), q + 51);
    ost__arena_trim(&a, q + 51, 1, 0);
    assert_ptr_equal(ost__arena_alloc(&a, 1, 1), q + 51);
    ost__arena_finish(&a);
}

static void chunk_of_every_address(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    int outside = 0;
    void *pointers[400];
    ost__chunk *chunks[400];
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 64);
    assert_null(ost__arena_chunk_of(&a, &outside));
    for (int i = 0; i < 400; i++) {
        pointers[i] = ost__arena_alloc(&a, i % 7 == 0 ? 5000 : 700, 8);
        chunks[i] = a.current;
    }
    assert_true(a.chunk_count > 5);
    for (int i = 0; i < 400; i++) {
        assert_ptr_equal(ost__arena_chunk_of(&a, pointers[i]), chunks[i]);
        assert_ptr_equal(ost__arena_chunk_of(&a, (char *)pointers[i] + 699), chunks[i]);
    }
    for (uint32_t i = 1; i < a.chunk_count; i++)
        assert_true((uintptr_t)a.sorted[i - 1] < (uintptr_t)a.sorted[i]);
    assert_ptr_equal(ost__arena_chunk_of(&a, chunks[0]), chunks[0]);
    assert_null(ost__arena_chunk_of(&a, &outside));
    assert_null(ost__arena_chunk_of(&a, NULL));
    assert_null(ost__arena_chunk_of(&a, (void *)UINTPTR_MAX));
    ost__arena_finish(&a);
    assert_null(ost__arena_chunk_of(&a, pointers[0]));
    assert_int_equal(t.live, 0);
}

static void owners_go_with_the_mark(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 65536);
    for (int i = 0; i < 100; i++) {
        int *owner = ost__arena_alloc(&a, sizeof *owner, alignof(int));
        assert_true(ost__chunk_add_owner(&a, a.current, owner));
    }
    ost__arena_mark mark = ost__arena_mark_now(&a);
    void *owner = ost__arena_alloc(&a, 8, 8);
    assert_true(ost__chunk_add_owner(&a, a.current, owner));
    assert_int_equal(a.current->owner_count, 101);
    ost__arena_release(&a, mark);
    assert_int_equal(a.current->owner_count, 100);
    assert_ptr_equal(ost__arena_alloc(&a, 8, 8), owner);
    for (uint32_t i = 1; i < 100; i++)
        assert_true(a.current->owners[i - 1] < a.current->owners[i]);
    ost__arena_clear(&a);
    assert_int_equal(a.current->owner_count, 0);
    ost__arena_finish(&a);
    assert_int_equal(t.live, 0);
}

static void release_frees_what_came_later(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 1024);
    a.poison = true;
    ost__arena_mark empty = ost__arena_mark_now(&a);
    char *kept = ost__arena_text(&a, "kept", 4);
    ost__arena_mark mark = ost__arena_mark_now(&a);
    uint8_t *gone = ost__arena_alloc(&a, 64, 8);
    memset(gone, 7, 64);
    uint32_t chunks = a.chunk_count;
    for (int i = 0; i < 1000; i++)
        assert_non_null(ost__arena_alloc(&a, 300, 8));
    assert_true(a.chunk_count > chunks);
    ost__arena_release(&a, mark);
    assert_int_equal(a.chunk_count, chunks);
    assert_string_equal(kept, "kept");
    assert_true(is_dead(gone, 64));
    ost__arena_release(&a, mark);
    assert_ptr_equal(ost__arena_alloc(&a, 64, 8), gone);
    ost__arena_release(&a, empty);
    assert_int_equal(a.chunk_count, 0);
    assert_null(a.current);
    assert_non_null(ost__arena_alloc(&a, 10, 1));
    ost__arena_finish(&a);
    assert_int_equal(t.live, 0);
}

static void clear_keeps_the_oldest_chunk(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 1024);
    ost__arena_clear(&a);
    assert_int_equal(t.calls, 0);
    a.poison = true;
    uint8_t *first = ost__arena_alloc(&a, 200, 8);
    memset(first, 3, 200);
    ost__chunk *oldest = a.current;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++)
            assert_non_null(ost__arena_alloc(&a, 200, 8));
        ost__arena_clear(&a);
        assert_ptr_equal(a.current, oldest);
        assert_int_equal(a.chunk_count, 1);
        assert_true(is_dead(first, 200));
    }
    assert_ptr_equal(ost__arena_alloc(&a, 200, 8), first);
    ost__arena_finish(&a);
    assert_int_equal(t.live, 0);
}

/* The same again and again needs no more memory after a few rounds. */
static void rounds_use_the_same_chunk(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 512);
    a.poison = true;
    uint8_t *kept = ost__arena_alloc(&a, 300, 8), *last = NULL;
    memset(kept, 5, 300);
    ost__arena_mark mark = ost__arena_mark_now(&a);
    for (int round = 0; round < 10; round++) {
        size_t calls = t.calls;
        for (int i = 0; i < 30; i++) {
            uint8_t *p = ost__arena_alloc(&a, 300, 8);
            assert_ptr_equal(ost__arena_chunk_of(&a, p), a.current);
            assert_true(ost__chunk_add_owner(&a, a.current, p));
            memset(p, 7, 300);
            last = p;
        }
        assert_true(round < 3 || t.calls == calls);
        assert_true(has_bytes(kept, 300, 5));
        ost__arena_release(&a, mark);
        assert_int_equal(a.chunk_count, 1);
        assert_null(ost__arena_chunk_of(&a, last));
        assert_true(is_dead(last, 300));
    }
    ost__arena_finish(&a);
    assert_int_equal(t.live, 0);
}

static void large_chunks_are_given_back(void **state)
{
    (void)state;
    tracker t;
    ost__arena a;
    tracker_begin(&t);
    ost__arena_init(&a, &t.memory, 512);
    assert_non_null(ost__arena_alloc(&a, 10, 8));
    ost__arena_mark mark = ost__arena_mark_now(&a);
    size_t live = t.live;
    for (int round = 0; round < 3; round++) {
        assert_non_null(ost__arena_alloc(&a, 1 << 20, 8));
        ost__arena_release(&a, mark);
        assert_int_equal(t.live, live);
    }
    /* One of moderate size stays, and only one. */
    for (size_t size = 1000; size < 100000; size *= 2) {
        assert_non_null(ost__arena_alloc(&a, size, 8));
        ost__arena_release(&a, mark);
        assert_int_equal(t.live, live + 1);
    }
    ost__arena_finish(&a);
    assert_int_equal(t.live, 0);
}

/* What one long life of an arena does; false as soon as something fails. */
static bool live(ost__arena *a)
{
    ost__arena_mark mark = { 0 };
    for (int i = 0; i < 60; i++) {
        if (i == 20)
            mark = ost__arena_mark_now(a);
        void *p = ost__arena_alloc(a, 500, 8);
        if (p == NULL || !ost__chunk_add_owner(a, a->current, p) || !ost__arena_reserve(a, 300) ||
            !ost__arena_text(a, "text", 4))
            return false;
    }
    ost__arena_release(a, mark);
    return true;
}

static void fm65_each_allocation_may_fail(void **state)
{
    (void)state;
    bool done = false;
    for (size_t fail = 1; !done; fail++) {
        tracker t;
        ost__arena a;
        tracker_begin(&t);
        ost__arena_init(&a, &t.memory, 600);
        t.fail_at = fail;
        done = live(&a);
        assert_int_equal(done, t.calls < fail);
        t.fail_at = 0;
        /* It goes on as if nothing had happened, and finds its chunks. */
        void *p = ost__arena_alloc(&a, 100, 8);
        assert_non_null(p);
        assert_ptr_equal(ost__arena_chunk_of(&a, p), a.current);
        assert_true(live(&a));
        ost__arena_clear(&a);
        assert_true(live(&a));
        ost__arena_finish(&a);
        assert_int_equal(t.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligned_and_apart),
        cmocka_unit_test(size_zero_is_distinct),
        cmocka_unit_test(chunks_double_up_to_the_limit),
        cmocka_unit_test(zeroed_after_use),
        cmocka_unit_test(reserve_keeps_the_chunk),
        cmocka_unit_test(text_is_copied),
        cmocka_unit_test(trim_gives_back_the_newest),
        cmocka_unit_test(chunk_of_every_address),
        cmocka_unit_test(owners_go_with_the_mark),
        cmocka_unit_test(release_frees_what_came_later),
        cmocka_unit_test(clear_keeps_the_oldest_chunk),
        cmocka_unit_test(rounds_use_the_same_chunk),
        cmocka_unit_test(large_chunks_are_given_back),
        cmocka_unit_test(fm65_each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
