/* SPDX-License-Identifier: MIT */
/* A server that has stopped without a word (SIGSTOP), or whose words are lost on the way: every
 * call is back within its deadline. */
#include "chaos.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

enum { TIMEOUT_MS = 300, LATE_MS = 100, SHORT_MS = 100 };

/* The latest of all calls, past its deadline. */
static int64_t latest;

static void note_late(int64_t took, int64_t timeout)
{
    if (took - timeout > latest)
        latest = took - timeout;
}

/* The call is back in time, and says what it should. */
static void in_time(ost_status wanted, ost_status given, int64_t began, const char *what)
{
    int64_t took = chaos_now_ms() - began;
    note_late(took, TIMEOUT_MS);
    if (given != wanted || took > TIMEOUT_MS + LATE_MS)
        fail_msg("%s: %s after %d ms; expected %s after at most %d ms", what,
                 ost_status_name(given), (int)took, ost_status_name(wanted), TIMEOUT_MS + LATE_MS);
}
#define IN_TIME(wanted, call)                     \
    do {                                          \
        int64_t began_ = chaos_now_ms();          \
        ost_status given_ = (call);               \
        in_time((wanted), given_, began_, #call); \
    } while (0)

/* ---- a server that stops ---- */

typedef struct stopped {
    server_instance *server;
    const char *url;
    ost_db *db;
    ost_session *s;
    ost_error error;
} stopped;

static const ost_pool_options pool_options = { .struct_size = sizeof(ost_pool_options),
                                               .max = 4,
                                               .acquire_timeout_ms = TIMEOUT_MS };
static bool paused;

static void pause_it(const stopped *w)
{
    server_pause(w->server);
    paused = true;
}

static void resume_it(const stopped *w)
{
    server_resume(w->server);
    paused = false;
}

static ost_status open_db(const char *url, uint32_t timeout_ms, ost_db **db, ost_error *e)
{
    return ost_open(OST_OPTIONS(.url = url, .drivers = CHAOS_DRIVERS,
                                .models = OST_MODELS(&account_model, &transfer_model),
                                .pool = &pool_options, .connect_timeout_ms = timeout_ms,
                                .statement_timeout_ms = timeout_ms),
                    db, e);
}

/* On a machine that has much else to do the server may need more: it is asked again then. */
static void open_with_little(stopped *w)
{
    int64_t deadline = chaos_now_ms() + 20000;
    ost_status status;
    do {
        status = open_db(w->url, TIMEOUT_MS, &w->db, &w->error);
    } while (status == OST_TIMEOUT && chaos_now_ms() < deadline);
    chaos_ok(status, &w->error, "open", __FILE__, __LINE__);
}

static void begin(stopped *w, enum server kind)
{
    static account accounts[1000];
    w->server = chaos_private(kind, NULL);
    if (paused)
        resume_it(w);
    w->url = chaos_private_database(w->server);
    /* Tables are made with time enough; what is tested has little. */
    chaos_ok(open_db(w->url, 20000, &w->db, &w->error), &w->error, "open", __FILE__, __LINE__);
    chaos_ok(ost_create_tables(w->db, &w->error), &w->error, "create tables", __FILE__, __LINE__);
    chaos_ok(ost_session_open(w->db, NULL, &w->s, &w->error), &w->error, "session", __FILE__,
             __LINE__);
    for (int64_t i = 0; i < 1000; i++)
        accounts[i] = (account){ .id = i + 1, .cents = i, .owner = "x" };
    chaos_ok(ost_insert_many(w->s, account, accounts, 1000), ost_session_error(w->s), "insert",
             __FILE__, __LINE__);
    ost_session_close(w->s);
    ost_close(w->db);
    open_with_little(w);
    chaos_ok(ost_session_open(w->db, NULL, &w->s, &w->error), &w->error, "session", __FILE__,
             __LINE__);
}

static void end(stopped *w)
{
    ost_session_close(w->s);
    ost_close(w->db);
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

/* The server is there again: the same session works. What the server had been sent before it
 * stopped is its own affair; a new connection is not. */
static void goes_on_with(ost_session *s)
{
    int64_t deadline = chaos_now_ms() + 10000;
    ost_status status;
    do {
        status = get(s);
    } while (status != OST_OK && chaos_now_ms() < deadline);
    chaos_ok(status, ost_session_error(s), "get", __FILE__, __LINE__);
}

static void goes_on(stopped *w)
{
    resume_it(w);
    goes_on_with(w->s);
}

static int64_t stored(stopped *w)
{
    int64_t count = -1;
    chaos_ok(ost_count_of(ost_from(w->s, transfer), &count), ost_session_error(w->s), "count",
             __FILE__, __LINE__);
    return count;
}

static void fm05_single_calls(void **state)
{
    stopped w;
    begin(&w, chaos_server_of(state));
    assert_int_equal(get(w.s), OST_OK);
    pause_it(&w);
    IN_TIME(OST_TIMEOUT, get(w.s));
    goes_on(&w);
    pause_it(&w);
    IN_TIME(OST_UNKNOWN_OUTCOME, insert(w.s, 2001));
    goes_on(&w);
    pause_it(&w);
    IN_TIME(OST_TIMEOUT, insert_many(w.s));
    goes_on(&w);
    assert_int_equal(stored(&w), 0);
    end(&w);
}

static void on_alarm(int number)
{
    (void)number;
}

/* Each begins a wait of the kernel anew. */
static void fm16_signals_put_nothing_off(void **state)
{
    const struct sigaction handler = { .sa_handler = on_alarm }; /* no SA_RESTART */
    const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
    struct sigaction before;
    stopped w;
    begin(&w, chaos_server_of(state));
    assert_int_equal(get(w.s), OST_OK);
    pause_it(&w);
    assert_int_equal(sigaction(SIGALRM, &handler, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    IN_TIME(OST_TIMEOUT, get(w.s));
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    goes_on(&w);
    end(&w);
}

static void fm05_in_a_unit(void **state)
{
    stopped w;
    begin(&w, chaos_server_of(state));
    assert_int_equal(ost_begin(w.s, NULL), OST_OK);
    assert_int_equal(insert(w.s, 3001), OST_OK);
    pause_it(&w);
    IN_TIME(OST_TIMEOUT, insert(w.s, 3002));
    int64_t began = chaos_now_ms();
    assert_int_equal(ost_rollback(w.s), OST_OK);
    assert_true(chaos_now_ms() - began <= LATE_MS);
    goes_on(&w);
    assert_null(ost_get(w.s, account, 3001));
    assert_int_equal(ost_session_error(w.s)->status, OST_NOT_FOUND);

    /* A rollback that is the first to meet the silence. */
    assert_int_equal(ost_begin(w.s, NULL), OST_OK);
    assert_int_equal(insert(w.s, 3003), OST_OK);
    pause_it(&w);
    IN_TIME(OST_OK, ost_rollback(w.s));
    goes_on(&w);
    assert_null(ost_get(w.s, account, 3003));
    assert_int_equal(ost_session_error(w.s)->status, OST_NOT_FOUND);
    end(&w);
}

/* Whether it happened cannot be asked of a server that is silent. */
static void fm05_commit(void **state)
{
    stopped w;
    begin(&w, chaos_server_of(state));
    assert_int_equal(ost_begin(w.s, NULL), OST_OK);
    assert_int_equal(insert(w.s, 4001), OST_OK);
    pause_it(&w);
    IN_TIME(OST_UNKNOWN_OUTCOME, ost_commit(w.s));
    goes_on(&w);
    end(&w);
}

static ost_status read_on(ost_cursor *c)
{
    while (ost_next(c, account))
        continue;
    return OST_OK;
}

static void fm05_cursor(void **state)
{
    stopped w;
    ost_cursor *c;
    begin(&w, chaos_server_of(state));
    c = ost_stream(ost_from(w.s, account), 10);
    assert_non_null(ost_next(c, account));
    pause_it(&w);
    IN_TIME(OST_OK, read_on(c));
    IN_TIME(OST_TIMEOUT, ost_cursor_close(c));
    goes_on(&w);
    end(&w);
}

static ost_status close_session(stopped *w)
{
    ost_session_close(w->s);
    w->s = NULL;
    return OST_OK;
}

static ost_status close_db(stopped *w)
{
    ost_close(w->db);
    w->db = NULL;
    return OST_OK;
}

static void fm05_closing(void **state)
{
    stopped w;
    begin(&w, chaos_server_of(state));
    assert_int_equal(ost_begin(w.s, NULL), OST_OK);
    assert_int_equal(insert(w.s, 5001), OST_OK);
    pause_it(&w);
    IN_TIME(OST_OK, close_session(&w));
    IN_TIME(OST_OK, close_db(&w));
    resume_it(&w);
}

static void fm05_opening(void **state)
{
    stopped w;
    ost_db *db = NULL;
    begin(&w, chaos_server_of(state));
    pause_it(&w);
    IN_TIME(OST_TIMEOUT, open_db(w.url, TIMEOUT_MS, &db, &w.error));
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
    t->status = ost_session_open(t->w->db, NULL, &s, &e);
    int64_t began = chaos_now_ms();
    if (t->status == OST_OK)
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
    pause_it(&w);
    for (int i = 0; i < THREADS; i++) {
        threads[i] = (thread){ .w = &w };
        assert_int_equal(pthread_create(&threads[i].id, NULL, use, &threads[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i].id, NULL);
    for (int i = 0; i < THREADS; i++) {
        note_late(threads[i].took, TIMEOUT_MS);
        assert_in_range(threads[i].took, 0, TIMEOUT_MS + LATE_MS);
        assert_true(threads[i].status == OST_TIMEOUT || threads[i].status == OST_POOL_TIMEOUT);
    }
    goes_on(&w);
    end(&w);
}

/* ---- every call, on a connection whose answers are lost ---- */

static ost_status failed(ost_session *s, bool ok)
{
    return ok ? OST_OK : (ost_status)ost_session_error(s)->status;
}

static ost_query *first_account(ost_session *s)
{
    ost_query *q = ost_from(s, account);
    ost_where(q, ost_eq(account, id, 1));
    return q;
}

static ost_status call_get_many(ost_session *s, account *a)
{
    const int64_t keys[] = { 1, 2, 3 };
    size_t count;
    (void)a;
    return failed(s, ost_get_many(s, account, keys, 3, &count));
}

static ost_status call_find(ost_session *s, account *a)
{
    (void)a;
    return failed(s, ost_find(s, account, ost_eq(account, id, 2)));
}

static ost_status call_get(ost_session *s, account *a)
{
    (void)a;
    return get(s);
}

static ost_status call_all(ost_session *s, account *a)
{
    (void)a;
    return failed(s, ost_all(ost_from(s, account), account, NULL));
}

static ost_status call_first(ost_session *s, account *a)
{
    (void)a;
    return failed(s, ost_first(ost_from(s, account), account));
}

static ost_status call_one(ost_session *s, account *a)
{
    (void)a;
    return failed(s, ost_one(first_account(s), account));
}

static ost_status call_count(ost_session *s, account *a)
{
    int64_t count;
    (void)a;
    return ost_count_of(ost_from(s, account), &count);
}

static ost_status call_exists(ost_session *s, account *a)
{
    bool any;
    (void)a;
    return ost_exists(ost_from(s, account), &any);
}

static ost_status call_value(ost_session *s, account *a)
{
    ost_value sum;
    (void)a;
    return ost_value_of(ost_from(s, account), ost_sum(ost_col(account, cents)), &sum);
}

static ost_status call_page(ost_session *s, account *a)
{
    ost_page page;
    (void)a;
    return failed(s, ost_paginate(ost_from(s, account), account, 1, 2, NULL, &page));
}

static ost_status call_stream(ost_session *s, account *a)
{
    ost_cursor *c = ost_stream(ost_from(s, account), 2);
    (void)a;
    (void)read_on(c);
    return ost_cursor_close(c);
}

static ost_status call_reload(ost_session *s, account *a)
{
    return ost_reload(s, account, a);
}

static ost_status call_transaction_body(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt;
    (void)context;
    return insert(s, 70);
}

static ost_status call_transaction(ost_session *s, account *a)
{
    (void)a;
    return ost_transaction(s, call_transaction_body, NULL, OST_TRANSACTION(.max_attempts = 5));
}

static ost_status call_insert(ost_session *s, account *a)
{
    (void)a;
    return insert(s, 60);
}

static ost_status call_insert_many(ost_session *s, account *a)
{
    (void)a;
    return insert_many(s);
}

static ost_status call_save(ost_session *s, account *a)
{
    a->cents++;
    return ost_save(s, account, a);
}

static ost_status call_replace(ost_session *s, account *a)
{
    (void)a;
    return ost_replace(s, account, &(account){ .id = 3, .cents = 1, .owner = "z" });
}

static ost_status call_delete(ost_session *s, account *a)
{
    (void)a;
    return ost_delete(s, account, &(account){ .id = 4 });
}

static ost_status call_update(ost_session *s, account *a)
{
    (void)a;
    return ost_update(first_account(s), NULL, ost_inc(account, cents, 1));
}

static ost_status call_update_one(ost_session *s, account *a)
{
    (void)a;
    return ost_update_one(first_account(s), ost_inc(account, cents, 1));
}

static ost_status call_delete_all(ost_session *s, account *a)
{
    ost_query *q = ost_from(s, transfer);
    (void)a;
    ost_everything(q);
    return ost_delete_all(q, NULL);
}

/* Every call of the public interface that talks to the server. */
static const struct {
    const char *name;
    ost_status (*call)(ost_session *s, account *a);
    bool single_write; /* of one statement, whose lost answer leaves its outcome unknown */
} calls[] = {
    { "ost_get", call_get, false },
    { "ost_get_many", call_get_many, false },
    { "ost_find", call_find, false },
    { "ost_all", call_all, false },
    { "ost_first", call_first, false },
    { "ost_one", call_one, false },
    { "ost_count_of", call_count, false },
    { "ost_exists", call_exists, false },
    { "ost_value_of", call_value, false },
    { "ost_paginate", call_page, false },
    { "ost_stream", call_stream, false },
    { "ost_reload", call_reload, false },
    { "ost_transaction", call_transaction, false },
    { "ost_insert_many", call_insert_many, false },
    { "ost_insert", call_insert, true },
    { "ost_save", call_save, true },
    { "ost_replace", call_replace, true },
    { "ost_delete", call_delete, true },
    { "ost_update", call_update, true },
    { "ost_update_one", call_update_one, false },
    { "ost_delete_all", call_delete_all, true },
};

static void one_call(chaos *c, size_t i)
{
    const proxy_faults honest = PROXY_HONEST;
    proxy_faults silent = PROXY_HONEST;
    silent.hold_down = 0;
    goes_on_with(c->s);
    account *a = ost_get(c->s, account, 2);
    assert_non_null(a);
    proxy_set(c->proxy, &silent);
    int64_t began = chaos_now_ms();
    ost_status status = calls[i].call(c->s, a);
    int64_t took = chaos_now_ms() - began;
    note_late(took, SHORT_MS);
    proxy_set(c->proxy, &honest);
    bool expected =
        status == OST_TIMEOUT || (calls[i].single_write && status == OST_UNKNOWN_OUTCOME);
    if (!expected || took > SHORT_MS + LATE_MS)
        fail_msg("%s: %s after %d ms", calls[i].name, ost_status_name(status), (int)took);
    (void)ost_session_clear(c->s);
}

static void fm05_every_call(void **state)
{
    chaos world, *c = &world;
    chaos_begin(c, chaos_server_of(state), true);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    ost_session_close(c->s);
    chaos_ok(ost_session_open(c->db, OST_SESSION(.timeout_ms = SHORT_MS), &c->s, &c->error),
             &c->error, "session", __FILE__, __LINE__);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        one_call(c, i);
    goes_on_with(c->s);
    chaos_end(c);
}

static int tell_latest(void **state)
{
    (void)state;
    print_message("the latest call was back %d ms past its deadline\n", (int)latest);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVERS(fm05_single_calls), ON_SERVERS(fm16_signals_put_nothing_off),
        ON_SERVERS(fm05_in_a_unit),    ON_SERVERS(fm05_commit),
        ON_SERVERS(fm05_cursor),       ON_SERVERS(fm05_closing),
        ON_SERVERS(fm05_opening),      ON_SERVERS(fm05_many_threads),
        ON_SERVERS(fm05_every_call),
    };
    return RUN_CHAOS(tests, tell_latest);
}
