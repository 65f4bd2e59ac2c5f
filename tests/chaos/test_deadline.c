/* SPDX-License-Identifier: MIT */
/* A server that has stopped without a word (SIGSTOP): every call is back within its deadline. */
#include "chaos.h"

#include <pthread.h>

enum { TIMEOUT_MS = 300, LATE_MS = 100 };

/* The call is back in time, and says that time ran out. */
#define IN_TIME(status_wanted, call) \
    in_time((status_wanted), &(timed){ chaos_now_ms() }, (call), #call)
typedef struct timed {
    int64_t began;
} timed;

static void in_time(ost_status wanted, const timed *t, ost_status given, const char *what)
{
    int64_t took = chaos_now_ms() - t->began;
    if (given != wanted || took > TIMEOUT_MS + LATE_MS)
        fail_msg("%s: %s after %d ms; expected %s after at most %d ms", what,
                 ost_status_name(given), (int)took, ost_status_name(wanted), TIMEOUT_MS + LATE_MS);
}

typedef struct stopped {
    server_instance *server;
    ost_db *db;
    ost_session *s;
    ost_error error;
} stopped;

static const ost_pool_options pool_options = { .struct_size = sizeof(ost_pool_options),
                                               .max = 4,
                                               .acquire_timeout_ms = TIMEOUT_MS };

static ost_status open_db(const char *url, uint32_t timeout_ms, ost_db **db, ost_error *e)
{
    return ost_open(
        OST_OPTIONS(.url = url, .drivers = OST_DRIVERS(ost_driver_postgres(), ost_driver_mysql()),
                    .models = OST_MODELS(&account_model, &transfer_model), .pool = &pool_options,
                    .connect_timeout_ms = timeout_ms, .statement_timeout_ms = timeout_ms),
        db, e);
}

static void begin(stopped *w, enum server kind)
{
    w->server = server_private(kind, NULL);
    /* Tables are made with time enough; what is tested has little. */
    chaos_ok(open_db(server_url(w->server, NULL), 20000, &w->db, &w->error), &w->error, "open",
             __FILE__, __LINE__);
    chaos_ok(ost_create_tables(w->db, &w->error), &w->error, "create tables", __FILE__, __LINE__);
    ost_close(w->db);
    chaos_ok(open_db(server_url(w->server, NULL), TIMEOUT_MS, &w->db, &w->error), &w->error, "open",
             __FILE__, __LINE__);
    chaos_ok(ost_session_open(w->db, NULL, &w->s, &w->error), &w->error, "session", __FILE__,
             __LINE__);
    for (int64_t i = 1; i <= 1000; i++)
        chaos_ok(ost_insert(w->s, account, &(account){ .id = i, .cents = i, .owner = "x" }),
                 ost_session_error(w->s), "insert", __FILE__, __LINE__);
}

static void end(stopped *w)
{
    ost_session_close(w->s);
    ost_close(w->db);
    server_end(w->server);
}

static ost_status get(ost_session *s)
{
    return ost_get(s, account, 1) ? OST_OK : (ost_status)ost_session_error(s)->status;
}

static ost_status insert(ost_session *s, int64_t id)
{
    return ost_insert(s, account, &(account){ .id = id, .cents = 1, .owner = "y" });
}

static ost_status insert_many(ost_session *s)
{
    transfer many[100] = { { 0 } };
    return ost_insert_many(s, transfer, many, 100);
}

/* The server is there again: the same session works, and nothing of what failed was kept half. */
static void goes_on(stopped *w)
{
    server_resume(w->server);
    int64_t deadline = chaos_now_ms() + 10000;
    ost_status status;
    /* What the server had been sent before it stopped is its own affair; a new connection is not.
     */
    do {
        status = get(w->s);
    } while (status != OST_OK && chaos_now_ms() < deadline);
    chaos_ok(status, ost_session_error(w->s), "get", __FILE__, __LINE__);
}

static void fm05_single_calls(void **state)
{
    stopped w;
    begin(&w, chaos_server_of(state));
    assert_int_equal(get(w.s), OST_OK);
    server_pause(w.server);
    IN_TIME(OST_TIMEOUT, get(w.s));
    goes_on(&w);
    server_pause(w.server);
    IN_TIME(OST_UNKNOWN_OUTCOME, insert(w.s, 2001));
    goes_on(&w);
    server_pause(w.server);
    IN_TIME(OST_TIMEOUT, insert_many(w.s));
    goes_on(&w);
    end(&w);
}

static void fm05_in_a_unit(void **state)
{
    stopped w;
    int64_t began;
    begin(&w, chaos_server_of(state));
    assert_int_equal(ost_begin(w.s, NULL), OST_OK);
    assert_int_equal(insert(w.s, 3001), OST_OK);
    server_pause(w.server);
    IN_TIME(OST_TIMEOUT, insert(w.s, 3002));
    began = chaos_now_ms();
    assert_int_equal(ost_rollback(w.s), OST_OK);
    assert_true(chaos_now_ms() - began <= LATE_MS);
    goes_on(&w);
    assert_null(ost_get(w.s, account, 3001));
    assert_int_equal(ost_session_error(w.s)->status, OST_NOT_FOUND);

    /* A rollback that is the first to meet the silence. */
    assert_int_equal(ost_begin(w.s, NULL), OST_OK);
    assert_int_equal(insert(w.s, 3003), OST_OK);
    server_pause(w.server);
    IN_TIME(OST_OK, ost_rollback(w.s));
    goes_on(&w);
    assert_null(ost_get(w.s, account, 3003));
    end(&w);
}

static void fm05_commit(void **state)
{
    stopped w;
    begin(&w, chaos_server_of(state));
    assert_int_equal(ost_begin(w.s, NULL), OST_OK);
    assert_int_equal(insert(w.s, 4001), OST_OK);
    server_pause(w.server);
    /* Whether it happened cannot be asked of a server that is silent. */
    int64_t began = chaos_now_ms();
    assert_int_equal(ost_commit(w.s), OST_UNKNOWN_OUTCOME);
    assert_true(chaos_now_ms() - began <= 2 * TIMEOUT_MS + LATE_MS);
    goes_on(&w);
    end(&w);
}

static void fm05_cursor(void **state)
{
    stopped w;
    ost_cursor *c;
    int64_t began;
    begin(&w, chaos_server_of(state));
    c = ost_stream(ost_from(w.s, account), 10);
    assert_non_null(ost_next(c, account));
    server_pause(w.server);
    began = chaos_now_ms();
    while (ost_next(c, account))
        continue;
    assert_true(chaos_now_ms() - began <= TIMEOUT_MS + LATE_MS);
    IN_TIME(OST_TIMEOUT, ost_cursor_close(c));
    goes_on(&w);
    end(&w);
}

static void fm05_closing(void **state)
{
    stopped w;
    int64_t began;
    begin(&w, chaos_server_of(state));
    assert_int_equal(ost_begin(w.s, NULL), OST_OK);
    assert_int_equal(insert(w.s, 5001), OST_OK);
    server_pause(w.server);
    began = chaos_now_ms();
    ost_session_close(w.s);
    assert_true(chaos_now_ms() - began <= TIMEOUT_MS + LATE_MS);
    began = chaos_now_ms();
    ost_close(w.db);
    assert_true(chaos_now_ms() - began <= TIMEOUT_MS + LATE_MS);
    server_resume(w.server);
    server_end(w.server);
}

static void fm05_opening(void **state)
{
    stopped w;
    ost_db *db = NULL;
    begin(&w, chaos_server_of(state));
    server_pause(w.server);
    IN_TIME(OST_TIMEOUT, open_db(server_url(w.server, NULL), TIMEOUT_MS, &db, &w.error));
    assert_null(db);
    goes_on(&w);
    end(&w);
}

/* ---- many threads at once ---- */

typedef struct thread {
    pthread_t id;
    stopped *w;
    int64_t took;
    ost_status status;
} thread;

static void *use(void *context)
{
    thread *t = context;
    ost_session *s;
    ost_error e;
    assert_int_equal(ost_session_open(t->w->db, NULL, &s, &e), OST_OK);
    int64_t began = chaos_now_ms();
    t->status = get(s);
    t->took = chaos_now_ms() - began;
    ost_session_close(s);
    return NULL;
}

static void fm05_many_threads(void **state)
{
    enum { THREADS = 16 };
    thread threads[THREADS];
    stopped w;
    begin(&w, chaos_server_of(state));
    server_pause(w.server);
    for (int i = 0; i < THREADS; i++) {
        threads[i] = (thread){ .w = &w };
        assert_int_equal(pthread_create(&threads[i].id, NULL, use, &threads[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i].id, NULL);
        assert_true(threads[i].took <= TIMEOUT_MS + LATE_MS);
        assert_true(threads[i].status == OST_TIMEOUT || threads[i].status == OST_POOL_TIMEOUT);
    }
    goes_on(&w);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVERS(fm05_single_calls), ON_SERVERS(fm05_in_a_unit), ON_SERVERS(fm05_commit),
        ON_SERVERS(fm05_cursor),       ON_SERVERS(fm05_closing),   ON_SERVERS(fm05_opening),
        ON_SERVERS(fm05_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
