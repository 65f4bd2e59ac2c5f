/* SPDX-License-Identifier: MIT */
/* Keys of the counter: in blocks, once each, whoever else stores or gives some. */
#include "mongo/crates.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static ost_status insert_on(crates_world *w, ost_connection *c, const char *name, int64_t *id)
{
    crate in = { .name = name }, out = { 0 };
    made *m = crate_insert(w, &in, 1);
    size_t count = 1;
    ost_status status = run_on(c, m, &out, &count);
    *id = out.id;
    discard(m);
    return status;
}

static int64_t key_of(crates_world *w, const char *name)
{
    int64_t id;
    if (insert_on(w, w->b.c, name, &id) != OST_OK)
        fail_msg("%s: %s", name, w->b.error.message);
    return id;
}

static ost_status give(crates_world *w, int64_t id)
{
    char name[32];
    crate in = { .id = id, .name = name };
    made *m = crate_insert_given(w, &in, 1);
    ost_status status;
    snprintf(name, sizeof name, "given %lld", (long long)id);
    status = run(m);
    discard(m);
    return status;
}

static int64_t counter(crates_world *w, const char *collection)
{
    char text[200];
    const char *at;
    snprintf(text, sizeof text, "{\"find\": \"ostler_counters\", \"filter\": {\"_id\": \"%s\"}}",
             collection);
    at = strstr(server_canonical(w->url, text), "\"next\" : { \"$numberLong\" : \"");
    return at ? strtoll(at + 28, NULL, 10) : -1;
}

/* ---- blocks ---- */

static void blocks_grow_with_demand(void **state)
{
    crates_world *w = *state;
    int64_t block = 1, next = 1;
    uint32_t asked = 0;
    assert_int_equal(counter(w, "crates"), -1);
    for (int i = 0; i < 3000; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(key_of(w, name), i + 1);
        if (w->b.outcome.round_trips == 1) {
            assert_true(i + 1 < next);
            continue;
        }
        /* 1, 2, 4, … 512, and then 1,024 at a time. */
        assert_int_equal(i + 1, next);
        next += block;
        block = block < 1024 ? 2 * block : block;
        assert_int_equal(counter(w, "crates"), next);
        asked++;
    }
    assert_int_equal(asked, 12);
    assert_int_equal(counter(w, "crates"), next);
}

static void many_are_asked_for_at_once(void **state)
{
    enum { COUNT = 5000 };
    crates_world *w = *state;
    crate *in = crates_named(COUNT, "x"), *out = calloc(COUNT, sizeof *out);
    made *m = crate_insert(w, in, COUNT);
    size_t count;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_rows(m, out, COUNT, &count), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
    for (int64_t i = 0; i < COUNT; i++)
        assert_int_equal(out[i].id, i + 1);
    assert_int_equal(counter(w, "crates"), COUNT + 1);
    discard(m);
    crates_free(in, COUNT);
    free(out);
}

static void another_db_never_gets_the_same(void **state)
{
    crates_world *w = *state, other;
    char name[32];
    crates_open(&other, w->url);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "a%d", i);
        key_of(w, name);
        snprintf(name, sizeof name, "b%d", i);
        key_of(&other, name);
    }
    assert_int_equal(crates_count(w, "crates", "{}"), 200);
    crates_close(&other);
}

/* ---- threads ---- */

enum { THREADS = 4, EACH = 200 };

typedef struct taker {
    crates_world w; /* with a connection of its own; the backend is shared */
    int number, failures;
} taker;

static void *take_many(void *context)
{
    taker *t = context;
    for (int i = 0; i < EACH; i++) {
        char name[32];
        size_t count = 1;
        crate in = { .name = name }, out = { 0 };
        made *m = crate_insert(&t->w, &in, 1);
        snprintf(name, sizeof name, "%d of %d", i, t->number);
        t->failures += run_on(t->w.b.c, m, &out, &count) != OST_OK || out.id < 1;
        discard(m);
    }
    return NULL;
}

/* The bench's own counts what is live, and is one thread's. */
static void *resize_together(void *context, void *old, size_t old_size, size_t new_size)
{
    const bench *b = context;
    return b->platform.resize(b->platform.context, old, old_size, new_size);
}

static void threads_share_the_blocks(void **state)
{
    crates_world *w = *state;
    const ost_options options = { .struct_size = sizeof options, .url = w->url };
    static taker takers[THREADS];
    ost_host host = w->b.host;
    ost_backend *shared;
    ost_capabilities caps;
    pthread_t threads[THREADS];
    host.resize = resize_together;
    assert_int_equal(w->b.driver->open(&host, &options, &shared, &w->b.error), OST_OK);
    for (int i = 0; i < THREADS; i++) {
        bench *b = &takers[i].w.b;
        takers[i] = (taker){ .w = *w, .number = i };
        ost__arena_init(&b->arena, &w->b.memory, 4096);
        b->backend = shared;
        assert_int_equal(b->driver->connect(shared, NULL, INT64_MAX, &b->c, &caps, &b->error),
                         OST_OK);
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &takers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(takers[i].failures, 0);
        w->b.driver->close(takers[i].w.b.c, INT64_MAX);
        ost__arena_finish(&takers[i].w.b.arena);
    }
    w->b.driver->shut(shared, INT64_MAX);
    assert_int_equal(crates_count(w, "crates", "{}"), THREADS * EACH);
}

/* ---- processes ---- */

static int child_of(crates_world *w)
{
    ost_connection *c = bench_connect(&w->b);
    int failures = 0;
    for (int i = 0; i < 50; i++) {
        char name[32];
        int64_t id;
        snprintf(name, sizeof name, "child %d", i);
        failures += insert_on(w, c, name, &id) != OST_OK;
    }
    w->b.driver->close(c, INT64_MAX);
    return failures;
}

static void fm14_a_child_does_not_take_its_parents_keys(void **state)
{
    crates_world *w = *state;
    pid_t child;
    int status;
    char name[32];
    /* Most of a block of 32 is left. */
    for (int i = 0; i < 35; i++) {
        snprintf(name, sizeof name, "before %d", i);
        key_of(w, name);
    }
    child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0)
        _exit(child_of(w));
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "parent %d", i);
        key_of(w, name);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(crates_count(w, "crates", "{}"), 135);
}

/* ---- keys of others ---- */

static void a_new_counter_starts_behind_what_is_there(void **state)
{
    crates_world *w = *state;
    crates_fill(w, 250);
    assert_int_equal(key_of(w, "next"), 251);
}

static void keys_that_are_no_numbers_do_not_count(void **state)
{
    crates_world *w = *state;
    crates_do(w, "{\"insert\": \"crates\", \"bypassDocumentValidation\": true, \"documents\": ["
                 "{\"_id\": \"text\", \"name\": \"a\"}, {\"_id\": {\"$oid\": "
                 "\"0123456789abcdef01234567\"}, \"name\": \"b\"}, {\"_id\": 7, \"name\": \"c\"},"
                 "{\"_id\": -9, \"name\": \"d\"}]}");
    assert_int_equal(key_of(w, "next"), 8);
}

/* They are read as integers, and so they count. */
static void keys_that_are_doubles_count(void **state)
{
    crates_world *w = *state;
    crates_do(w, "{\"insert\": \"crates\", \"bypassDocumentValidation\": true, \"documents\": ["
                 "{\"_id\": 7, \"name\": \"a\"}, {\"_id\": {\"$numberDouble\": \"1000.0\"}, "
                 "\"name\": \"b\"}]}");
    assert_int_equal(key_of(w, "next"), 1001);
}

static void keys_below_one_are_no_start(void **state)
{
    crates_world *w = *state;
    crates_do(w, "{\"insert\": \"crates\", \"bypassDocumentValidation\": true, \"documents\": ["
                 "{\"_id\": -5, \"name\": \"a\"}]}");
    assert_int_equal(key_of(w, "next"), 1);
}

static void a_key_that_was_given_is_not_generated(void **state)
{
    crates_world *w = *state, other;
    assert_int_equal(give(w, 100), OST_OK);
    assert_int_equal(key_of(w, "a"), 101);
    /* One that lies in the block that is left. */
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "b%d", i);
        key_of(w, name);
    }
    assert_int_equal(give(w, 113), OST_OK);
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        assert_int_not_equal(key_of(w, name), 113);
    }
    /* Others see it too. */
    assert_int_equal(give(w, 5000), OST_OK);
    crates_open(&other, w->url);
    assert_in_range(key_of(&other, "other"), 5001, 7000);
    crates_close(&other);
}

static void keys_that_are_given_in_a_row_ask_seldom(void **state)
{
    crates_world *w = *state;
    uint32_t trips = 0;
    for (int64_t id = 1; id <= 1000; id++) {
        assert_int_equal(give(w, id), OST_OK);
        trips += w->b.outcome.round_trips;
    }
    assert_in_range(trips, 1001, 1015);
    assert_in_range(key_of(w, "next"), 1001, 2100);
}

static void the_last_key_may_be_given(void **state)
{
    crates_world *w = *state;
    assert_int_equal(key_of(w, "a"), 1);
    assert_int_equal(give(w, INT64_MAX), OST_OK);
    assert_int_equal(give(w, INT64_MIN), OST_OK);
    assert_int_equal(give(w, 0), OST_OK);
    assert_int_equal(key_of(w, "b"), 2);
}

/* Somebody stores keys without the counter, after we asked it. */
static void a_key_that_is_there_is_met_once(void **state)
{
    crates_world *w = *state;
    int64_t id;
    assert_int_equal(key_of(w, "a"), 1);
    crates_do(w, "{\"insert\": \"crates\", \"bypassDocumentValidation\": true, \"documents\": ["
                 "{\"_id\": 2, \"name\": \"x\"}, {\"_id\": 3, \"name\": \"y\"}, {\"_id\": 90, "
                 "\"name\": \"z\"}]}");
    /* By itself, an insert takes another. */
    assert_int_equal(key_of(w, "b"), 91);
    crates_do(w, "{\"insert\": \"crates\", \"bypassDocumentValidation\": true, \"documents\": ["
                 "{\"_id\": 92, \"name\": \"u\"}, {\"_id\": 200, \"name\": \"v\"}]}");
    /* In a unit the server has undone what came before: it says so, and the next one is good. */
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(insert_on(w, w->b.c, "c", &id), OST_CONFLICT);
    assert_string_equal(w->b.error.field, "id");
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK), OST_OK);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(insert_on(w, w->b.c, "c", &id), OST_OK);
    assert_int_equal(id, 201);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
}

static void another_conflict_is_told(void **state)
{
    crates_world *w = *state;
    int64_t id;
    assert_int_equal(key_of(w, "a"), 1);
    assert_int_equal(insert_on(w, w->b.c, "a", &id), OST_CONFLICT);
    assert_string_equal(w->b.error.field, "name");
    assert_int_equal(key_of(w, "b"), 3);
}

/* ---- units ---- */

static void the_counter_is_outside_of_units(void **state)
{
    crates_world *w = *state;
    ost_connection *other = bench_connect(&w->b);
    int64_t id;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(insert_on(w, w->b.c, name, &id), OST_OK);
        assert_int_equal(id, 2 * i + 1);
        /* Nobody waits for a unit to get keys. */
        snprintf(name, sizeof name, "other %d", i);
        assert_int_equal(insert_on(w, other, name, &id), OST_OK);
        assert_int_equal(id, 2 * i + 2);
    }
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK), OST_OK);
    assert_int_equal(crates_count(w, "crates", "{}"), 20);
    assert_int_equal(key_of(w, "after"), 41);
    w->b.driver->close(other, INT64_MAX);
}

/* ---- the end ---- */

static void keys_end_with_their_kind(void **state)
{
    crates_world *w = *state;
    ost_status status = OST_OK;
    int n = 0;
    while (n < 200 && status == OST_OK) {
        label in = { .n = n }, out;
        made *m = make(&w->b, OST_DO_INSERT, w->labels);
        size_t count;
        from_records(m, &in, 1, sizeof in, true);
        m->columns[0] = member(m, "id");
        m->shape.column_count = 1;
        status = run_rows(m, &out, 1, &count);
        if (status == OST_OK)
            assert_int_equal(out.id, ++n);
        discard(m);
    }
    assert_int_equal(n, INT8_MAX);
    assert_int_equal(status, OST_RANGE);
    assert_string_equal(w->b.error.field, "id");
    assert_int_equal(crates_count(w, "labels", "{}"), INT8_MAX);
}

static void a_counter_at_its_end_says_so(void **state)
{
    crates_world *w = *state;
    int64_t id;
    crates_do(w, "{\"insert\": \"ostler_counters\", \"documents\": [{\"_id\": \"crates\", "
                 "\"next\": {\"$numberLong\": \"9223372036854775807\"}}]}");
    assert_int_equal(insert_on(w, w->b.c, "a", &id), OST_RANGE);
    assert_int_equal(crates_count(w, "crates", "{}"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        TEST(blocks_grow_with_demand),
        TEST(many_are_asked_for_at_once),
        TEST(another_db_never_gets_the_same),
        TEST(threads_share_the_blocks),
        TEST(fm14_a_child_does_not_take_its_parents_keys),
        TEST(a_new_counter_starts_behind_what_is_there),
        TEST(keys_that_are_no_numbers_do_not_count),
        TEST(keys_that_are_doubles_count),
        TEST(keys_below_one_are_no_start),
        TEST(a_key_that_was_given_is_not_generated),
        TEST(keys_that_are_given_in_a_row_ask_seldom),
        TEST(the_last_key_may_be_given),
        TEST(a_key_that_is_there_is_met_once),
        TEST(another_conflict_is_told),
        TEST(the_counter_is_outside_of_units),
        TEST(keys_end_with_their_kind),
        TEST(a_counter_at_its_end_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
