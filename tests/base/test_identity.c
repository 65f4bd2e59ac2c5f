/* SPDX-License-Identifier: MIT */
#include "base/identity.h"
#include "tracker.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* A clock that the test sets, and random bytes that are all the same. */
typedef struct stage {
    tracker t;
    ost_platform platform;
    int64_t now;
    uint8_t random;
    int randoms;
} stage;

static int64_t stage_clock(void *context)
{
    return ((stage *)context)->now;
}

static void stage_random(void *context, void *out, size_t size)
{
    stage *s = context;
    s->randoms++;
    memset(out, s->random, size);
}

static ost__identity *open_stage(stage *s)
{
    ost_platform given = { .struct_size = sizeof given, .context = s };
    given.realtime = stage_clock;
    given.random = stage_random;
    *s = (stage){ .now = INT64_C(1709208000123456), .random = 0xFF };
    tracker_begin(&s->t);
    ost__platform_complete(&s->platform, &given);
    ost__identity *i = ost__identity_open(&s->t.memory, &s->platform);
    assert_non_null(i);
    return i;
}

static void close_stage(stage *s, ost__identity *i)
{
    ost__identity_close(&s->t.memory, i);
    assert_int_equal(s->t.live, 0);
}

static void check_version(ost_uuid u, int version)
{
    assert_int_equal(u.bytes[6] >> 4, version);
    assert_int_equal(u.bytes[8] >> 6, 2);
}

static void random_uuids_keep_version_and_variant(void **state)
{
    (void)state;
    stage s;
    char text[OST_UUID_TEXT_SIZE];
    ost__identity *i = open_stage(&s);
    ost_uuid_print(ost__uuid_v4(i), text);
    assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    s.random = 0;
    ost_uuid_print(ost__uuid_v4(i), text);
    assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
    close_stage(&s, i);
}

static uint64_t milliseconds_of(ost_uuid u)
{
    uint64_t ms = 0;
    for (size_t i = 0; i < 6; i++)
        ms = ms << 8 | u.bytes[i];
    return ms;
}

static void timed_uuids_increase(void **state)
{
    (void)state;
    stage s;
    uint64_t seed = 6;
    ost__identity *i = open_stage(&s);
    ost_uuid last = ost__uuid_v7(i);
    assert_true(milliseconds_of(last) == 1709208000123);
    for (int step = 0; step < 100000; step++) {
        /* The clock stands still, goes on, and now and then steps back. */
        uint64_t kind = tracker_random(&seed) % 16;
        if (kind == 0)
            s.now += 1500;
        if (kind == 1)
            s.now -= 700;
        s.random = (uint8_t)tracker_random(&seed);
        ost_uuid next = ost__uuid_v7(i);
        check_version(next, 7);
        assert_true(memcmp(last.bytes, next.bytes, sizeof next.bytes) < 0);
        last = next;
    }
    s.now = INT64_C(4102444800000000);
    assert_true(milliseconds_of(ost__uuid_v7(i)) == 4102444800000);
    s.now = -5;
    assert_true(milliseconds_of(ost__uuid_v7(i)) == 4102444800000);
    close_stage(&s, i);
}

static void clock_before_1970(void **state)
{
    (void)state;
    stage s;
    ost__identity *i = open_stage(&s);
    s.now = -1;
    ost_uuid first = ost__uuid_v7(i), second = ost__uuid_v7(i);
    assert_true(milliseconds_of(first) == 0);
    assert_true(memcmp(first.bytes, second.bytes, sizeof first.bytes) < 0);
    check_version(first, 7);
    ost_object_id id = ost__object_id_new(i);
    assert_memory_equal(id.bytes, "\0\0\0\0", 4);
    close_stage(&s, i);
}

enum { THREADS = 4, EACH = 5000 };

typedef struct worker {
    ost__identity *identity;
    ost_uuid uuids[EACH];
    ost_object_id ids[EACH];
} worker;

static void *work(void *context)
{
    worker *w = context;
    for (int i = 0; i < EACH; i++) {
        w->uuids[i] = ost__uuid_v7(w->identity);
        w->ids[i] = ost__object_id_new(w->identity);
    }
    return NULL;
}

static int compare_uuids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(ost_uuid));
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(ost_object_id));
}

static void threads_share_a_source(void **state)
{
    (void)state;
    ost_platform platform;
    pthread_t threads[THREADS];
    worker *workers = calloc(THREADS, sizeof *workers);
    ost_uuid *uuids = malloc(THREADS * EACH * sizeof *uuids);
    ost_object_id *ids = malloc(THREADS * EACH * sizeof *ids);
    assert_true(workers != NULL && uuids != NULL && ids != NULL);
    ost__platform_complete(&platform, NULL);
    ost__memory m = { platform.resize, platform.context };
    ost__identity *identity = ost__identity_open(&m, &platform);
    for (int i = 0; i < THREADS; i++) {
        workers[i].identity = identity;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        for (int k = 1; k < EACH; k++)
            assert_true(compare_uuids(&workers[i].uuids[k - 1], &workers[i].uuids[k]) < 0);
        memcpy(uuids + i * EACH, workers[i].uuids, sizeof workers[i].uuids);
        memcpy(ids + i * EACH, workers[i].ids, sizeof workers[i].ids);
    }
    qsort(uuids, THREADS * EACH, sizeof *uuids, compare_uuids);
    qsort(ids, THREADS * EACH, sizeof *ids, compare_ids);
    for (int i = 1; i < THREADS * EACH; i++) {
        assert_true(compare_uuids(&uuids[i - 1], &uuids[i]) < 0);
        assert_true(compare_ids(&ids[i - 1], &ids[i]) < 0);
    }
    ost__identity_close(&m, identity);
    free(workers);
    free(uuids);
    free(ids);
}

static void object_ids_have_their_parts(void **state)
{
    (void)state;
    stage s;
    char text[OST_OBJECT_ID_TEXT_SIZE];
    ost__identity *i = open_stage(&s);
    s.random = 0xFE;
    ost_object_id_print(ost__object_id_new(i), text);
    assert_string_equal(text, "65e071c0fefefefefefefefe");
    s.random = 0x11;
    s.now += 1000000;
    ost_object_id_print(ost__object_id_new(i), text);
    assert_string_equal(text, "65e071c1fefefefefefefeff");
    /* The counter has 24 bits and goes round. */
    for (int step = 0; step < 0x10100; step++)
        ost__object_id_new(i);
    ost_object_id_print(ost__object_id_new(i), text);
    assert_string_equal(text, "65e071c1fefefefefe000000");
    assert_int_equal(s.randoms, 1);
    close_stage(&s, i);
}

static void fm14_child_of_fork_makes_other_ids(void **state)
{
    (void)state;
    ost_platform platform;
    ost_object_id before, child, after;
    int ends[2], status;
    ost__platform_complete(&platform, NULL);
    ost__memory m = { platform.resize, platform.context };
    ost__identity *i = ost__identity_open(&m, &platform);
    before = ost__object_id_new(i);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        child = ost__object_id_new(i);
        _exit(write(ends[1], &child, sizeof child) == (ssize_t)sizeof child ? 0 : 1);
    }
    assert_int_equal(read(ends[0], &child, sizeof child), sizeof child);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    after = ost__object_id_new(i);
    assert_memory_equal(before.bytes + 4, after.bytes + 4, 5);
    assert_memory_not_equal(before.bytes + 4, child.bytes + 4, 5);
    close(ends[0]);
    close(ends[1]);
    ost__identity_close(&m, i);
}

static void texts_of_uuids(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "f81d4fae",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6 ",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6a",
        "f81d4fae7dec11d0a76500a0c91e6bf6",
        "f81d4fae-7dec-11d0-a765_00a0c91e6bf6",
        "g81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}",
        "f81d4fa-e7dec-11d0-a765-00a0c91e6bf6",
    };
    ost_uuid u = { { 77 } };
    char text[OST_UUID_TEXT_SIZE];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(ost_uuid_parse(wrong[i], &u));
    assert_false(ost_uuid_parse(NULL, &u));
    assert_int_equal(u.bytes[0], 77);
    assert_true(ost_uuid_parse("F81d4FAE-7dec-11D0-a765-00A0c91e6bf6", &u));
    assert_memory_equal(u.bytes, "\xf8\x1d\x4f\xae\x7d\xec\x11\xd0\xa7\x65\0\xa0\xc9\x1e\x6b\xf6",
                        16);
    assert_int_equal(ost_uuid_print(u, text), 36);
    assert_string_equal(text, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
}

static void texts_of_object_ids(void **state)
{
    (void)state;
    ost_object_id id = { { 77 } };
    char text[OST_OBJECT_ID_TEXT_SIZE];
    assert_false(ost_object_id_parse(NULL, &id));
    assert_false(ost_object_id_parse("", &id));
    assert_false(ost_object_id_parse("65e0734000112233445566", &id));
    assert_false(ost_object_id_parse("65e073400011223344556677a", &id));
    assert_false(ost_object_id_parse("65e07340001122334455667x", &id));
    assert_int_equal(id.bytes[0], 77);
    assert_true(ost_object_id_parse("65E0734000112233445566fF", &id));
    assert_memory_equal(id.bytes, "\x65\xe0\x73\x40\0\x11\x22\x33\x44\x55\x66\xff", 12);
    assert_int_equal(ost_object_id_print(id, text), 24);
    assert_string_equal(text, "65e0734000112233445566ff");
}

static void fm65_no_memory(void **state)
{
    (void)state;
    tracker t;
    ost_platform platform;
    tracker_begin(&t);
    ost__platform_complete(&platform, NULL);
    t.fail_at = 1;
    assert_null(ost__identity_open(&t.memory, &platform));
    ost__identity_close(&t.memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_uuids_keep_version_and_variant),
        cmocka_unit_test(timed_uuids_increase),
        cmocka_unit_test(clock_before_1970),
        cmocka_unit_test(threads_share_a_source),
        cmocka_unit_test(object_ids_have_their_parts),
        cmocka_unit_test(fm14_child_of_fork_makes_other_ids),
        cmocka_unit_test(texts_of_uuids),
        cmocka_unit_test(texts_of_object_ids),
        cmocka_unit_test(fm65_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
