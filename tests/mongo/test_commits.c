/* SPDX-License-Identifier: MIT */
/* Transactions of sessions whose commands the server fails: what is not known is asked for again,
 * what was undone is run again, all of it once and in time. The server is a private one: what stays
 * undecided holds its locks for a while. */
#include "mongo/crates.h"

#include "mongo/failing.h"
#include "ostler/ostler.h"

enum { LATE_MS = 100 };

extern const ost_model crate_model;

typedef struct teller {
    crates_world w;
    ost_db *db;
    ost_session *s;
    int runs;
} teller;

static server_instance *instance;

static int start(void **state)
{
    (void)state;
    instance = server_private(SERVER_MONGODB, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    server_end(instance);
    return 0;
}

/* As it was: without what is undecided, with crates 1 to 10. */
static void tidy(teller *t)
{
    failing_ends(t->w.url);
    crates_do(&t->w,
              "{\"killAllSessions\": []}\n{\"delete\": \"crates\", \"deletes\": [{\"q\": {}, "
              "\"limit\": 0}]}");
    crates_fill(&t->w, 10);
}

static int set_up(void **state)
{
    teller *t = calloc(1, sizeof *t);
    ost_error e;
    crates_open(&t->w, server_url(instance, failing_option()));
    server_sql(t->w.url, "{\"dropDatabase\": 1}");
    create(&t->w.b, t->w.crates);
    crates_fill(&t->w, 10);
    if (ost_open(OST_OPTIONS(.url = t->w.url, .drivers = OST_DRIVERS(ost_driver_mongo()),
                             .models = OST_MODELS(&crate_model)),
                 &t->db, &e) != OST_OK)
        fail_msg("%s", e.message);
    assert_int_equal(ost_session_open(t->db, NULL, &t->s, &e), OST_OK);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    teller *t = *state;
    tidy(t);
    ost_session_close(t->s);
    ost_close(t->db);
    crates_close(&t->w);
    free(t);
    return 0;
}

static int64_t raised(teller *t)
{
    return crates_count(&t->w, "crates", "{\"n\": 107}");
}

/* n of one crate is raised by 100, and another is stored. */
static ost_status raise(ost_session *s, const ost_attempt *attempt, void *context)
{
    teller *t = context;
    ost_query *q = ost_from(s, crate);
    (void)attempt;
    t->runs++;
    ost_where(q, ost_eq(crate, id, 7));
    OST_TRY(ost_update_one(q, ost_inc(crate, n, 100)));
    return ost_insert(s, crate, &(crate){ .name = "new", .price = ost_decimal_of(0, 2) });
}

static ost_status in_time(teller *t, uint32_t attempts, uint32_t ms)
{
    int64_t start = bench_now(&t->w.b), took;
    t->runs = 0;
    ost_status status = ost_transaction(
        t->s, raise, t, OST_TRANSACTION(.max_attempts = attempts, .timeout_ms = ms));
    took = (bench_now(&t->w.b) - start) / 1000000;
    if (took > ms + LATE_MS)
        fail_msg("it took %lld ms instead of %u", (long long)took, ms);
    return status;
}

static void said(teller *t, ost_status status, const char *how)
{
    fail_msg("%s: %s: %s", how, ost_status_name(status), ost_session_error(t->s)->message);
}

/* The commit alone is asked for again, with the connection or without. */
static void fm2_a_commit_that_is_not_known_is_done_once(void **state)
{
    static const struct {
        int times;
        const char *how;
    } ways[] = {
        { 1, "\"closeConnection\": true" },
        { 3, "\"closeConnection\": true" },
        { 1, "\"errorCode\": 50, \"errorLabels\": [\"UnknownTransactionCommitResult\"]" },
        { 3, "\"errorCode\": 91, \"errorLabels\": [\"UnknownTransactionCommitResult\", "
             "\"RetryableWriteError\"]" },
        { 2, "\"errorCode\": 10107, \"errorLabels\": [\"RetryableWriteError\"]" },
        /* It is done, and the answer says something else. */
        { 1, "\"writeConcernError\": {\"code\": 64, \"errmsg\": \"waiting for replication timed "
             "out\"}" },
        { 2, "\"writeConcernError\": {\"code\": 91, \"errmsg\": \"shutting down\"}, "
             "\"errorLabels\": [\"RetryableWriteError\"]" },
        { 1, "\"blockConnection\": true, \"blockTimeMS\": 300" },
    };
    teller *t = *state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        failing(t->w.url, "commitTransaction", ways[i].times, ways[i].how);
        ost_status status = in_time(t, 1, 10000);
        failing_ends(t->w.url);
        if (status != OST_OK)
            said(t, status, ways[i].how);
        assert_int_equal(t->runs, 1);
        assert_int_equal(raised(t), 1);
        assert_int_equal(crates_count(&t->w, "crates", "{\"name\": \"new\"}"), 1);
        tidy(t);
    }
}

/* It ends at the deadline, and what it says of the commit is so. */
static void fm2_a_commit_that_is_never_known_ends_in_time(void **state)
{
    static const char *const ways[] = {
        "\"closeConnection\": true",
        "\"errorCode\": 91, \"errorLabels\": [\"UnknownTransactionCommitResult\"]",
        "\"writeConcernError\": {\"code\": 64, \"errmsg\": \"waiting for replication timed out\"}",
        "\"blockConnection\": true, \"blockTimeMS\": 3000",
    };
    teller *t = *state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        failing(t->w.url, "commitTransaction", 0, ways[i]);
        ost_status status = in_time(t, 3, 700);
        failing_ends(t->w.url);
        if (status != OST_UNKNOWN_OUTCOME && status != OST_TIMEOUT)
            said(t, status, ways[i]);
        assert_int_equal(t->runs, 1);
        ost_session_clear(t->s);
        /* The next one is as any other, whatever became of that one. */
        tidy(t);
        assert_int_equal(in_time(t, 1, 10000), OST_OK);
        tidy(t);
    }
}

/* Whatever the server undid, wherever it was: the body is run again. */
static void fm30_what_the_server_undid_is_run_again(void **state)
{
    static const char *const commands[] = { "update", "insert", "commitTransaction" };
    static const int codes[] = { 112, 251, 91, 189 };
    teller *t = *state;
    char how[120];
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        for (size_t k = 0; k < sizeof codes / sizeof codes[0]; k++) {
            snprintf(how, sizeof how,
                     "\"errorCode\": %d, \"errorLabels\": [\"TransientTransactionError\"]",
                     codes[k]);
            failing(t->w.url, commands[i], 2, how);
            ost_status status = in_time(t, 2, 10000);
            if (status != OST_SERIALIZATION)
                said(t, status, commands[i]);
            assert_int_equal(t->runs, 2);
            assert_int_equal(raised(t), 0);
            failing(t->w.url, commands[i], 2, how);
            status = in_time(t, 3, 10000);
            if (status != OST_OK)
                said(t, status, commands[i]);
            assert_int_equal(t->runs, 3);
            assert_int_equal(raised(t), 1);
            tidy(t);
        }
}

static void fm30_what_is_always_undone_ends_in_time(void **state)
{
    teller *t = *state;
    failing(t->w.url, "insert", 0,
            "\"errorCode\": 112, \"errorLabels\": [\"TransientTransactionError\"]");
    ost_status status = in_time(t, 1000000, 600);
    if (status != OST_SERIALIZATION && status != OST_TIMEOUT)
        said(t, status, "always");
    assert_true(t->runs > 2);
    failing_ends(t->w.url);
    assert_int_equal(raised(t), 0);
    assert_int_equal(in_time(t, 1, 10000), OST_OK);
    assert_int_equal(raised(t), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fm2_a_commit_that_is_not_known_is_done_once),
        TEST(fm2_a_commit_that_is_never_known_ends_in_time),
        TEST(fm30_what_the_server_undid_is_run_again),
        TEST(fm30_what_is_always_undone_ends_in_time),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
