/* SPDX-License-Identifier: MIT */
/* What programs are told: of writes that did not happen, of options in the URL, of what is too
 * large. */
#include "mongo/watching.h"

#include <pthread.h>

/* The call ends so, and the session's error says so. */
#define FAILS(session, wanted, part, call)  \
    do {                                    \
        assert_int_equal((call), (wanted)); \
        SAYS((session), (wanted), (part));  \
    } while (0)

/* Another program on the same database; `option` comes with the URL. */
static void open_with(watching *p, const watched *t, const char *option)
{
    watching_open(p, server_url_with(t->url, option), 4, 10000);
}

static int64_t stored(const watched *t)
{
    int64_t count = -1;
    OK(ost_count_of(ost_from(t->writer.s, note), &count), t->writer.s);
    return count;
}

/* ---- what did not happen ---- */

static void an_update_that_waited_in_vain_did_not_happen(void **state)
{
    watched *t = *state;
    note first = { .id = 1, .text = "a" };
    OK(ost_insert(t->writer.s, note, &first), t->writer.s);
    OK(ost_begin(t->writer.s, NULL), t->writer.s);
    note *n = ost_get(t->writer.s, note, first.id);
    assert_non_null(n);
    n->n = 10;
    OK(ost_save(t->writer.s, note, n), t->writer.s);
    for (uint32_t i = 0; i < 5; i++) {
        ost_session *s;
        ost_error e;
        int64_t updated;
        assert_int_equal(
            ost_session_open(t->reader.db, OST_SESSION(.timeout_ms = 300 + 57 * i), &s, &e),
            OST_OK);
        ost_query *q = ost_from(s, note);
        ost_where(q, ost_ge(note, n, 0));
        FAILS(s, OST_TIMEOUT, "", ost_update(q, &updated, ost_inc(note, n, 1)));
        ost_session_close(s);
    }
    OK(ost_commit(t->writer.s), t->writer.s);
    OK(ost_reload(t->writer.s, note, n), t->writer.s);
    assert_int_equal(n->n, 10);
}

/* ---- concerns ---- */

static void a_commit_tells_that_w_was_not_met(void **state)
{
    watched *t = *state;
    watching p;
    note many[2] = { { .id = 3, .text = "c" }, { .id = 4, .text = "d" } };
    int64_t updated;
    open_with(&p, t, "w=2");
    FAILS(p.s, OST_UNKNOWN_OUTCOME, "not confirmed by as many servers",
          ost_insert(p.s, note, &(note){ .id = 1, .text = "a" }));
    OK(ost_begin(p.s, NULL), p.s);
    OK(ost_insert(p.s, note, &(note){ .id = 2, .text = "b" }), p.s);
    FAILS(p.s, OST_UNKNOWN_OUTCOME, "not confirmed by as many servers", ost_commit(p.s));
    assert_int_equal(stored(t), 2);
    FAILS(p.s, OST_UNKNOWN_OUTCOME, "not confirmed by as many servers",
          ost_insert_many(p.s, note, many, 2));
    assert_int_equal(stored(t), 4);
    ost_query *q = ost_from(p.s, note);
    ost_everything(q);
    FAILS(p.s, OST_UNKNOWN_OUTCOME, "not confirmed by as many servers",
          ost_update(q, &updated, ost_inc(note, n, 1)));
    watching_close(&p);
    open_with(&p, t, "w=1");
    OK(ost_begin(p.s, NULL), p.s);
    OK(ost_insert(p.s, note, &(note){ .id = 5, .text = "e" }), p.s);
    OK(ost_commit(p.s), p.s);
    watching_close(&p);
}

static void a_read_concern_is_for_reads(void **state)
{
    static const char *const levels[] = { "local", "available", "majority", "linearizable" };
    watched *t = *state;
    OK(ost_insert(t->writer.s, note, &(note){ .id = 1, .text = "a" }), t->writer.s);
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        char option[60];
        watching p;
        ost_error e;
        int64_t count;
        note *all;
        size_t rows;
        snprintf(option, sizeof option, "readConcernLevel=%s", levels[i]);
        open_with(&p, t, option);
        OK(ost_create_tables(p.db, &e), p.s);
        OK(ost_count_of(ost_from(p.s, note), &count), p.s);
        assert_int_equal(count, 1);
        all = ost_all(ost_from(p.s, note), note, &rows);
        assert_non_null(all);
        assert_int_equal(rows, 1);
        OK(ost_raw_run(p.s, OST_RAW("{\"collStats\": \"notes\"}"), NULL, NULL), p.s);
        watching_close(&p);
    }
}

/* ---- sizes ---- */

static void a_raw_command_that_is_too_large_is_refused(void **state)
{
    enum { COUNT = 3000000 };
    watched *t = *state;
    ost_session *s = t->writer.s;
    int *many = calloc(COUNT, sizeof *many);
    size_t count;
    assert_non_null(many);
    OK(ost_insert(s, note, &(note){ .id = 1, .text = "a" }), s);
    assert_null(ost_raw_all(s, note,
                            OST_RAW("[{\"$match\": {\"n\": {\"$in\": {\"$ost\": 1}}}}]",
                                    OST_BIND(ost_bind_list(many, COUNT))),
                            &count));
    SAYS(s, OST_TOO_LARGE, "bytes with its parameters");
    assert_int_equal(ost_session_error(s)->nothing_sent, 1);
    assert_non_null(ost_raw_all(s, note,
                                OST_RAW("[{\"$match\": {\"n\": {\"$in\": {\"$ost\": 1}}}}]",
                                        OST_BIND(ost_bind_list(many, 1000))),
                                &count));
    assert_int_equal(count, 1);
    free(many);
}

/* ---- the first use of a collection ---- */

typedef struct first_use {
    const char *url;
    int64_t id;
    pthread_barrier_t *barrier;
    ost_status status;
    char said[sizeof((ost_error){ 0 }.message)];
} first_use;

static void *insert_first(void *context)
{
    first_use *u = context;
    watching p;
    watching_open(&p, u->url, 1, 10000);
    pthread_barrier_wait(u->barrier);
    u->status = ost_begin(p.s, NULL);
    if (u->status == OST_OK)
        u->status = ost_insert(p.s, note, &(note){ .id = u->id, .text = "first" });
    if (u->status == OST_OK)
        u->status = ost_commit(p.s);
    snprintf(u->said, sizeof u->said, "%s", ost_session_error(p.s)->message);
    watching_close(&p);
    return NULL;
}

static void first_records_do_not_meet(void **state)
{
    enum { THREADS = 6, ROUNDS = 5 };
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        const char *url = server_database(SERVER_MONGODB, NULL);
        pthread_barrier_t barrier;
        pthread_t threads[THREADS];
        first_use uses[THREADS];
        assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
        for (int i = 0; i < THREADS; i++) {
            uses[i] = (first_use){ .url = url, .id = i, .barrier = &barrier };
            assert_int_equal(pthread_create(&threads[i], NULL, insert_first, &uses[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            if (uses[i].status != OST_OK)
                fail_msg("round %d: %s", round, uses[i].said);
        }
        pthread_barrier_destroy(&barrier);
        server_drop(url);
    }
}

#define WATCHED(f) cmocka_unit_test_setup_teardown(f, watched_begin, watched_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCHED(an_update_that_waited_in_vain_did_not_happen),
        WATCHED(a_commit_tells_that_w_was_not_met),
        WATCHED(a_read_concern_is_for_reads),
        WATCHED(a_raw_command_that_is_too_large_is_refused),
        cmocka_unit_test(first_records_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
