/* SPDX-License-Identifier: MIT */
/* Deadlines, cancels, and servers that stop, vanish or crawl. */
#include "mysql/crates.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mysql/connection.h"
#include "support/proxy.h"

enum { LATE_MS = 100 };

/* Ends the test if more than `ms` and the usual lateness went by since `start`. */
static void in_time(crates_world *w, int64_t start, int64_t ms, const char *what)
{
    int64_t took = (bench_now(&w->b) - start) / 1000000;
    if (took > ms + LATE_MS)
        fail_msg("%s took %lld ms instead of %lld", what, (long long)took, (long long)ms);
}

static ost_status run_until(crates_world *w, made *m, void *rows, size_t space, size_t *count,
                            int64_t ms)
{
    size_t accepted;
    ost_deadline deadline = crates_in(w, ms);
    OST_TRY(compile(m));
    OST_TRY(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, deadline, &w->b.error));
    return collect_rows(&w->b, w->b.c, 0, m, rows, space, count, deadline);
}

static ost_status raw_until(crates_world *w, const char *text, int64_t ms)
{
    ost_operation op = {
        .struct_size = sizeof op, .kind = OST_DO_RAW, .text = text, .text_size = strlen(text)
    };
    size_t accepted;
    ost_deadline deadline = crates_in(w, ms);
    OST_TRY(w->b.driver->submit(w->b.c, &op, 1, &accepted, deadline, &w->b.error));
    return collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, deadline);
}

/* ---- deadlines ---- */

static void a_statement_that_is_late_is_owed(void **state)
{
    crates_world *w = *state;
    int64_t start = bench_now(&w->b);
    assert_int_equal(raw_until(w, "DO SLEEP(0.5)", 50), OST_TIMEOUT);
    in_time(w, start, 50, "a statement");
    assert_int_equal(w->b.outcome.connection_lost, 0);
    /* Nothing else goes through, and nobody else gets it. */
    assert_false(w->b.driver->alive(w->b.c));
    assert_int_equal(raw_until(w, "DO 1", 50), OST_CONNECTION);
    assert_int_equal(w->b.driver->settle(w->b.c, bench_now(&w->b) - 1), OST_TIMEOUT);
    assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 5000)), OST_OK);
    assert_true(w->b.driver->alive(w->b.c));
    assert_int_equal(raw_until(w, "DO 1", 5000), OST_OK);
}

/* The answer that comes between the deadline and settle says that a write happened: who drops it
 * without a word would call the write one that did not. */
static void an_answer_that_came_late_is_owed(void **state)
{
    crates_world *w = *state;
    assert_int_equal(raw_until(w, "INSERT INTO crates (name, n) SELECT 'late', SLEEP(0.2)", 50),
                     OST_TIMEOUT);
    while (strcmp(crates_text(w, "SELECT COUNT(*) FROM crates"), "1") != 0)
        usleep(1000);
    usleep(50000);
    assert_int_equal(w->b.driver->settle(w->b.c, bench_now(&w->b) - 1), OST_TIMEOUT);
    assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 5000)), OST_OK);
}

/* Wherever in its answer it is left: before it, in the middle of its rows. */
static void rows_that_are_late_are_read_afterwards(void **state)
{
    crates_world *w = *state;
    made *get = crate_select(w);
    crate *out = calloc(5000, sizeof *out);
    size_t count;
    int late = 0;
    crates_fill(w, 5000);
    for (int ms = 0; ms < 30; ms++) {
        ost_status status = run_until(w, get, out, 5000, &count, ms);
        late += status == OST_TIMEOUT;
        if (status == OST_OK) {
            assert_int_equal(count, 5000);
            continue;
        }
        assert_int_equal(status, OST_TIMEOUT);
        assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 5000)), OST_OK);
        assert_int_equal(run_until(w, get, out, 5000, &count, 5000), OST_OK);
        assert_int_equal(count, 5000);
    }
    assert_int_not_equal(late, 0);
    discard(get);
    free(out);
}

static void what_is_late_before_it_starts_is_not_sent(void **state)
{
    crates_world *w = *state;
    assert_int_equal(raw_until(w, "INSERT INTO crates (name, n) VALUES ('x', 1)", -1), OST_TIMEOUT);
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_int_equal(w->b.driver->settle(w->b.c, bench_now(&w->b) - 1), OST_OK);
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "0");
}

/* ---- a server that stops ---- */

typedef struct stopped {
    server_instance *server;
    crates_world w;
} stopped;

static int stopped_begin(void **state)
{
    stopped *s = calloc(1, sizeof *s);
    s->server = server_private(SERVER_MYSQL, NULL);
    crates_open(&s->w, server_url(s->server, NULL));
    crates_create(&s->w);
    crates_fill(&s->w, 100);
    *state = s;
    return 0;
}

static int stopped_end(void **state)
{
    stopped *s = *state;
    crates_close(&s->w);
    server_end(s->server);
    free(s);
    return 0;
}

static void fm5_every_call_returns_in_time(void **state)
{
    stopped *s = *state;
    crates_world *w = &s->w;
    ost_connection *idle = bench_connect(&w->b), *late;
    ost_capabilities caps;
    crate in = { .name = "a" }, out[1];
    made *get = crate_get(w, 1), *put = crate_insert(w, &in, 1);
    size_t count;
    int64_t start;
    assert_int_equal(run_until(w, get, out, 1, &count, 5000), OST_OK);
    server_pause(s->server);
    start = bench_now(&w->b);
    assert_int_equal(run_until(w, get, out, 1, &count, 200), OST_TIMEOUT);
    in_time(w, start, 200, "a select");
    start = bench_now(&w->b);
    assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 200)), OST_TIMEOUT);
    in_time(w, start, 200, "settle");
    start = bench_now(&w->b);
    w->b.driver->cancel(w->b.backend, w->b.c, 1, crates_in(w, 200));
    in_time(w, start, 200, "cancel");
    start = bench_now(&w->b);
    assert_int_equal(
        w->b.driver->connect(w->b.backend, NULL, crates_in(w, 200), &late, &caps, &w->b.error),
        OST_TIMEOUT);
    in_time(w, start, 200, "connect");
    start = bench_now(&w->b);
    w->b.driver->close(w->b.c, crates_in(w, 200));
    in_time(w, start, 200, "close of a connection that owes");
    w->b.c = idle;
    start = bench_now(&w->b);
    assert_int_equal(run_until(w, put, out, 1, &count, 200), OST_TIMEOUT);
    in_time(w, start, 200, "an insert");
    server_resume(s->server);
    /* It is back: what was owed comes, and the connection is as good as before. */
    assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 10000)), OST_OK);
    assert_int_equal(run_until(w, get, out, 1, &count, 5000), OST_OK);
    assert_int_equal(count, 1);
    discard(get);
    discard(put);
}

/* Below TLS the library reads records, and must not wait in the middle of one. */
static void fm5_deadlines_hold_with_tls(void **state)
{
    stopped *s = *state;
    crates_world w;
    crate *out = calloc(100, sizeof *out);
    size_t count;
    crates_open(&w, server_url(s->server, "tls=require"));
    made *get = crate_select(&w);
    assert_int_equal(run_until(&w, get, out, 100, &count, 5000), OST_OK);
    for (int i = 0; i < 3; i++) {
        server_pause(s->server);
        int64_t start = bench_now(&w.b);
        assert_int_equal(run_until(&w, get, out, 100, &count, 100), OST_TIMEOUT);
        in_time(&w, start, 100, "a select");
        start = bench_now(&w.b);
        assert_int_equal(w.b.driver->settle(w.b.c, crates_in(&w, 100)), OST_TIMEOUT);
        in_time(&w, start, 100, "settle");
        server_resume(s->server);
        assert_int_equal(w.b.driver->settle(w.b.c, crates_in(&w, 10000)), OST_OK);
        assert_int_equal(run_until(&w, get, out, 100, &count, 5000), OST_OK);
        assert_int_equal(count, 100);
    }
    discard(get);
    free(out);
    server_pause(s->server);
    int64_t start = bench_now(&w.b);
    w.b.driver->close(w.b.c, crates_in(&w, 100));
    in_time(&w, start, 100, "close");
    w.b.c = NULL;
    server_resume(s->server);
    crates_close(&w);
}

static void fm5_an_idle_connection_closes_at_once(void **state)
{
    stopped *s = *state;
    crates_world *w = &s->w;
    ost_connection *idle = bench_connect(&w->b);
    int64_t start;
    server_pause(s->server);
    start = bench_now(&w->b);
    w->b.driver->close(idle, crates_in(w, 200));
    in_time(w, start, 200, "close");
    start = bench_now(&w->b);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_RAW, crates_in(w, 200)), OST_TIMEOUT);
    in_time(w, start, 200, "reset");
    server_resume(s->server);
}

static void fm4_a_dead_connection_is_not_alive(void **state)
{
    stopped *s = *state;
    crates_world *w = &s->w;
    crate out[1];
    size_t count;
    made *get = crate_get(w, 1);
    ost_connection *other = bench_connect(&w->b);
    assert_true(w->b.driver->alive(w->b.c));
    server_kill(s->server);
    assert_false(w->b.driver->alive(w->b.c));
    assert_int_equal(run_rows(get, out, 1, &count), OST_CONNECTION);
    assert_int_equal(w->b.outcome.connection_lost, 1);
    assert_int_equal(w->b.driver->unit_state(w->b.c), OST_UNIT_LOST);
    w->b.driver->close(w->b.c, INT64_MAX);
    w->b.driver->close(other, INT64_MAX);
    server_restart(s->server);
    w->b.c = bench_connect(&w->b);
    assert_int_equal(run_rows(get, out, 1, &count), OST_OK);
    assert_int_equal(count, 1);
    discard(get);
}

/* A peer that dies while much is written to it: no signal reaches the program. */
static void fm15_no_signal_from_a_dead_peer(void **state)
{
    static const char *const ways[] = { NULL, "tls=require" };
    stopped *s = *state;
    size_t size = 8 << 20;
    char *note = malloc(size + 1);
    const struct sigaction deadly = { .sa_handler = SIG_DFL };
    struct sigaction before, after;
    memset(note, 'x', size);
    note[size] = '\0';
    assert_int_equal(sigaction(SIGPIPE, &deadly, &before), 0);
    for (int i = 0; i < 2; i++) {
        crates_world w;
        crate in = { .name = "large", .note = note }, out[1];
        size_t count;
        crates_open(&w, server_url(s->server, ways[i]));
        made *put = crate_insert(&w, &in, 1);
        server_kill(s->server);
        for (int tries = 0; tries < 3; tries++)
            assert_int_not_equal(run_rows(put, out, 1, &count), OST_OK);
        assert_int_equal(w.b.driver->reset(w.b.c, OST_TOUCHED_RAW, INT64_MAX), OST_CONNECTION);
        discard(put);
        crates_close(&w);
        server_restart(s->server);
    }
    assert_int_equal(sigaction(SIGPIPE, &before, &after), 0);
    assert_true(after.sa_handler == SIG_DFL);
    free(note);
}

/* ---- cancel ---- */

typedef struct canceller {
    crates_world *w;
    uint64_t batch;
} canceller;

static void *cancel_later(void *context)
{
    canceller *me = context;
    /* Until the server is at it. */
    for (int i = 0; i < 1000; i++) {
        const char *n = crates_text(me->w, "SELECT COUNT(*) FROM information_schema.PROCESSLIST "
                                           "WHERE INFO LIKE 'UPDATE crates%'");
        if (strcmp(n, "1") == 0)
            break;
    }
    me->w->b.driver->cancel(me->w->b.backend, me->w->b.c, me->batch, crates_in(me->w, 5000));
    return NULL;
}

static void a_cancel_ends_the_statement(void **state)
{
    crates_world *w = *state;
    canceller me = { .w = w, .batch = 1 };
    pthread_t thread;
    int64_t start = bench_now(&w->b);
    ost_connection *other = bench_connect(&w->b);
    made *hold = crate_update(w, 1, 5);
    crates_fill(w, 1);
    assert_int_equal(begin_on(&w->b, other, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_on(other, hold, NULL, NULL), OST_OK);
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &me), 0);
    /* It waits for a lock that nobody gives up. */
    assert_int_equal(raw_until(w, "UPDATE crates SET n = 3", 30000), OST_CANCELLED);
    assert_int_equal(w->b.error.native_code, 1317);
    pthread_join(thread, NULL);
    in_time(w, start, 5000, "a cancelled statement");
    w->b.driver->close(other, INT64_MAX);
    discard(hold);
    assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 5000)), OST_OK);
    assert_int_equal(raw_until(w, "DO 1", 5000), OST_OK);
}

/* The host says that nobody wants the answer any more. */
static void a_wait_that_is_cancelled_is_owed(void **state)
{
    crates_world *w = *state;
    w->b.cancel_waits = 1;
    assert_int_equal(raw_until(w, "DO SLEEP(0.3)", 5000), OST_CANCELLED);
    w->b.cancel_waits = 0;
    assert_int_equal(w->b.driver->settle(w->b.c, bench_now(&w->b) - 1), OST_TIMEOUT);
    assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 5000)), OST_OK);
    assert_int_equal(raw_until(w, "DO 1", 5000), OST_OK);
}

/* The kill comes when there is nothing left to kill, and hits nothing that comes later. */
static void a_cancel_that_is_late_hits_nothing(void **state)
{
    crates_world *w = *state;
    for (uint64_t i = 1; i <= 20; i++) {
        assert_int_equal(raw_until(w, "DO 1", 5000), OST_OK);
        w->b.driver->cancel(w->b.backend, w->b.c, i, crates_in(w, 5000));
        assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 5000)), OST_OK);
    }
    assert_int_equal(raw_until(w, "DO SLEEP(0.2)", 5000), OST_OK);
}

static void what_is_late_can_be_cancelled_and_settled(void **state)
{
    crates_world *w = *state;
    int64_t start = bench_now(&w->b);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(raw_until(w, "DO SLEEP(20)", 50), OST_TIMEOUT);
    assert_int_equal(w->b.driver->settle(w->b.c, bench_now(&w->b) - 1), OST_TIMEOUT);
    w->b.driver->cancel(w->b.backend, w->b.c, 2, crates_in(w, 5000));
    assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 5000)), OST_OK);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_UNIT, crates_in(w, 5000)), OST_OK);
    in_time(w, start, 5000, "all of it");
    assert_int_equal(crates_state(w), OST_UNIT_NONE);
    assert_int_equal(raw_until(w, "DO 1", 5000), OST_OK);
}

/* ---- processes and signals ---- */

static void fm14_a_child_leaves_its_parent_s_connection_alone(void **state)
{
    crates_world *w = *state;
    crates_fill(w, 1);
    for (int i = 0; i < 100; i++) {
        pid_t child = fork();
        if (child == 0) {
            w->b.driver->abandon(w->b.c);
            _exit(0);
        }
        int how;
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_int_equal(how, 0);
        assert_true(w->b.driver->alive(w->b.c));
        assert_int_equal(raw_until(w, "DO 1", 5000), OST_OK);
    }
}

static void on_alarm(int number)
{
    (void)number;
}

static void fm16_interruptions_and_small_pieces_change_nothing(void **state)
{
    crates_world *w = *state;
    proxy *p = proxy_to(w->url);
    proxy_faults faults = PROXY_HONEST;
    faults.slice = 1;
    const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
    const struct sigaction handler = { .sa_handler = on_alarm };
    struct sigaction before;
    crates_world slow;
    crate in[20], out[21];
    size_t count;
    for (int i = 0; i < 20; i++)
        in[i] =
            (crate){ .name =
                         (const char *[]){ "a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
                                           "k", "l", "m", "n", "o", "p", "q", "r", "s", "t" }[i],
                     .n = i + 20,
                     .note = "a note of some length" };
    proxy_set(p, &faults);
    assert_int_equal(sigaction(SIGALRM, &handler, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    crates_open(&slow, proxy_url(p, w->url));
    made *put = crate_insert(&slow, in, 20), *get = crate_select(&slow);
    assert_int_equal(begin_on(&slow.b, slow.b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_rows(put, out, 20, &count), OST_OK);
    assert_int_equal(count, 20);
    assert_int_equal(simple_on(&slow.b, slow.b.c, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(run_rows(get, out, 21, &count), OST_OK);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_int_equal(count, 20);
    for (int i = 0; i < 20; i++) {
        assert_string_equal(out[i].name, in[i].name);
        assert_string_equal(out[i].note, in[i].note);
        assert_int_equal(out[i].n, in[i].n);
    }
    discard(put);
    discard(get);
    crates_close(&slow);
    proxy_close(p);
}

static void fm45_giant_lengths_are_refused(void **state)
{
    static const size_t sizes[] = { ((size_t)1 << 31) - 1,  (size_t)1 << 31,
                                    ((size_t)1 << 32) - 1,  (size_t)1 << 32,
                                    ((size_t)1 << 32) + 10, SIZE_MAX };
    crates_world *w = *state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ost_operation op = {
            .struct_size = sizeof op, .kind = OST_DO_RAW, .text = "DO 1", .text_size = sizes[i]
        };
        size_t accepted;
        assert_int_equal(w->b.driver->submit(w->b.c, &op, 1, &accepted, INT64_MAX, &w->b.error),
                         OST_OK);
        assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, INT64_MAX),
                         OST_TOO_LARGE);
        assert_int_equal(w->b.error.nothing_sent, 1);
    }
    /* Where no limit is known, what no packet can hold is still refused. */
    w->b.c->max_packet = 0;
    assert_int_equal(ost__my_check_size(w->b.c, (size_t)1 << 32, &w->b.error), OST_TOO_LARGE);
    assert_int_equal(ost__my_check_size(w->b.c, SIZE_MAX, &w->b.error), OST_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
#define STOPPED(f) cmocka_unit_test_setup_teardown(f, stopped_begin, stopped_end)
        TEST(a_statement_that_is_late_is_owed),
        TEST(an_answer_that_came_late_is_owed),
        TEST(rows_that_are_late_are_read_afterwards),
        TEST(what_is_late_before_it_starts_is_not_sent),
        STOPPED(fm5_every_call_returns_in_time),
        STOPPED(fm5_deadlines_hold_with_tls),
        STOPPED(fm5_an_idle_connection_closes_at_once),
        STOPPED(fm4_a_dead_connection_is_not_alive),
        STOPPED(fm15_no_signal_from_a_dead_peer),
        TEST(a_cancel_ends_the_statement),
        TEST(a_wait_that_is_cancelled_is_owed),
        TEST(a_cancel_that_is_late_hits_nothing),
        TEST(what_is_late_can_be_cancelled_and_settled),
        TEST(fm14_a_child_leaves_its_parent_s_connection_alone),
        TEST(fm16_interruptions_and_small_pieces_change_nothing),
        TEST(fm45_giant_lengths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
