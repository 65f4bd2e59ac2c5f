/* SPDX-License-Identifier: MIT */
/* Watchers while servers stop, die and come back, and while programs do what they should not. */
#include "mongo/watching.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LATE_MS = 100 };

static ost_watcher *watch_notes(watching *p, const ost_watch_options *options)
{
    ost_watcher *w = ost_watch(ost_from(p->s, note), options);
    if (!w)
        fail_msg("%s", ost_session_error(p->s)->message);
    return w;
}

static void tables(watching *p)
{
    ost_error error;
    if (ost_create_tables(p->db, &error))
        fail_msg("%s", error.message);
}

static void inserted(ost_watcher *w, int first, int last)
{
    for (int i = first; i <= last; i++)
        assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, i);
}

/* ---- servers ---- */

typedef struct crash {
    server_instance *server;
    const char *url;
    int first, last;
} crash;

static void *crash_and_write(void *context)
{
    const crash *c = context;
    server_kill(c->server);
    server_restart(c->server);
    watched_fill(c->url, c->first, c->last);
    return NULL;
}

static void fm13_a_server_that_crashed_and_came_back(void **state)
{
    enum { EACH = 300, CRASHES = 2 };
    crash c = { .server = server_private(SERVER_MONGODB, NULL) };
    watching p;
    pthread_t thread;
    ost_watcher *w;
    int next = 1;
    (void)state;
    c.url = server_url(c.server, NULL);
    watching_open(&p, c.url, 2, 60000);
    tables(&p);
    w = watch_notes(&p, NULL);
    for (int i = 0; i < CRASHES; i++) {
        watched_fill(c.url, next, next + EACH - 1);
        /* Some were read, others wait in the program, when the server goes. */
        inserted(w, next, next + 10);
        c.first = next + EACH;
        c.last = next + 2 * EACH - 1;
        assert_int_equal(pthread_create(&thread, NULL, crash_and_write, &c), 0);
        inserted(w, next + 11, c.last);
        pthread_join(thread, NULL);
        next = c.last + 1;
    }
    OK(ost_watch_close(w), p.s);
    watching_close(&p);
    server_end(c.server);
}

static void fm13_a_crash_between_two_calls(void **state)
{
    server_instance *server = server_private(SERVER_MONGODB, NULL);
    const char *url = server_url(server, NULL);
    watching p;
    ost_watcher *w;
    ost_watch_event event;
    ost_blob token;
    (void)state;
    watching_open(&p, url, 2, 60000);
    tables(&p);
    w = watch_notes(&p, OST_WATCH(.wait_ms = 400));
    watched_fill(url, 1, 5);
    inserted(w, 1, 2);
    token = watched_keep(ost_watch_token(w));
    server_kill(server);
    /* What waits in the program needs no server; what comes then is not there in time. */
    inserted(w, 3, 5);
    int64_t start = watched_now_ms();
    assert_null(ost_watch_next(w, note, &event));
    assert_true(watched_now_ms() - start <= 400 + LATE_MS);
    assert_int_equal(event.kind, OST_WATCH_NOTHING);
    assert_true(event.status == OST_CONNECTION || event.status == OST_TIMEOUT);
    assert_true(event.token.size > 0);
    server_restart(server);
    watched_fill(url, 6, 6);
    do {
        assert_true(watched_now_ms() - start < 30000);
        const note *n = ost_watch_next(w, note, &event);
        assert_true(!n || n->id == 6);
    } while (event.kind == OST_WATCH_NOTHING);
    OK(ost_watch_close(w), p.s);
    /* A stored token as well, in a program that begins now. */
    watching_close(&p);
    watching_open(&p, url, 2, 60000);
    w = watch_notes(&p, OST_WATCH(.after = token));
    inserted(w, 3, 6);
    watched_forget(token);
    watching_close(&p);
    server_end(server);
}

static void fm05_a_server_that_stops_holds_nobody_up(void **state)
{
    enum { WAIT = 500 };
    server_instance *server = server_private(SERVER_MONGODB, NULL);
    const char *url = server_url(server, NULL);
    watching p, other;
    ost_watch_event event;
    (void)state;
    watching_open(&p, url, 3, 3000);
    watching_open(&other, url, 1, 2000);
    tables(&p);
    ost_watcher *w = watch_notes(&p, OST_WATCH(.wait_ms = WAIT));
    ost_watcher *patient = watch_notes(&other, NULL);
    watched_fill(url, 1, 2);
    inserted(w, 1, 1);
    inserted(patient, 1, 2);
    server_pause(server);
    inserted(w, 2, 2);
    for (int i = 0; i < 3; i++) {
        int64_t start = watched_now_ms();
        assert_null(ost_watch_next(w, note, &event));
        assert_true(watched_now_ms() - start <= WAIT + LATE_MS);
        assert_int_equal(event.status, OST_TIMEOUT);
    }
    int64_t start = watched_now_ms();
    assert_null(ost_watch_next(patient, note, &event));
    assert_true(watched_now_ms() - start <= 2000 + LATE_MS);
    assert_int_equal(event.status, OST_TIMEOUT);
    start = watched_now_ms();
    ost_watcher *late = ost_watch(ost_from(p.s, note), NULL);
    assert_null(late);
    assert_true(watched_now_ms() - start <= 3000 + LATE_MS);
    server_resume(server);
    watched_fill(url, 3, 3);
    start = watched_now_ms();
    do {
        assert_true(watched_now_ms() - start < 30000);
        const note *n = ost_watch_next(w, note, &event);
        assert_true(!n || n->id == 3);
    } while (event.kind == OST_WATCH_NOTHING);
    /* Both ends are in time while it has stopped again. */
    server_pause(server);
    start = watched_now_ms();
    OK(ost_watch_close(w), p.s);
    assert_true(watched_now_ms() - start <= 1000 + LATE_MS);
    start = watched_now_ms();
    ost_session_close(other.s);
    assert_true(watched_now_ms() - start <= 1000 + LATE_MS);
    ost_close(other.db);
    server_resume(server);
    watching_close(&p);
    server_end(server);
}

static void *step_down(void *context)
{
    server_refuses(context, "{\"replSetStepDown\": 1, \"force\": true, \"$db\": \"admin\"}");
    return NULL;
}

static bool is_primary(const char *url)
{
    return strstr(server_text(url, "{\"hello\": 1}"), "\"isWritablePrimary\" : true") != NULL;
}

static void fm20_another_election(void **state)
{
    server_instance *server = server_private(SERVER_MONGODB, NULL);
    const char *url = server_url(server, NULL);
    watching p;
    (void)state;
    watching_open(&p, url, 2, 60000);
    tables(&p);
    ost_watcher *w = watch_notes(&p, NULL);
    watched_fill(url, 1, 3);
    inserted(w, 1, 1);
    step_down((void *)(uintptr_t)url);
    while (!is_primary(url))
        continue;
    watched_fill(url, 4, 5);
    inserted(w, 2, 5);
    OK(ost_watch_close(w), p.s);
    watching_close(&p);
    server_end(server);
}

static void a_server_alone_says_what_it_lacks(void **state)
{
    server_instance *server = server_private(SERVER_MONGODB, "--set replSet=");
    watching p;
    (void)state;
    watching_open(&p, server_url(server, NULL), 1, 5000);
    assert_null(ost_watch(ost_from(p.s, note), NULL));
    SAYS(p.s, OST_UNSUPPORTED, "start it with --replSet");
    assert_int_equal(ost_session_error(p.s)->nothing_sent, 1);
    watched_insert(p.s, 1, 1);
    watching_close(&p);
    server_end(server);
}

/* ---- lines ---- */

static void fm04_lines_that_break(void **state)
{
    enum { MANY = 2000 };
    watched *t = *state;
    proxy *relay = proxy_to(t->url);
    proxy_faults faults;
    watching p;
    int64_t size;
    watching_open(&p, proxy_url(relay, t->url), 2, 20000);
    watched_fill(t->url, 1, 1);
    ost_watcher *w = watch_notes(&p, NULL);
    watched_fill(t->url, 2, 200);
    proxy_set(relay, &PROXY_HONEST);
    inserted(w, 2, 2);
    size = proxy_down(relay);
    inserted(w, 3, 200);
    /* At every part of an answer, and between them. */
    for (int i = 0; i < 12; i++) {
        int first = 201 + i * 100;
        faults = PROXY_HONEST;
        faults.cut_down = i % 4 == 0 ? 1 : size * i / 24 + 1;
        faults.reset = i % 2;
        watched_fill(t->url, first, first + 99);
        proxy_set(relay, &faults);
        inserted(w, first, first + 49);
        if (i % 3 == 0)
            proxy_cut(relay);
        inserted(w, first + 50, first + 99);
    }
    OK(ost_watch_close(w), p.s);
    watching_close(&p);
    proxy_close(relay);
}

static void a_statement_that_loses_the_connection_loses_no_change(void **state)
{
    watched *t = *state;
    proxy *relay = proxy_to(t->url);
    proxy_faults faults = PROXY_HONEST;
    watching p;
    watching_open(&p, proxy_url(relay, t->url), 1, 2000);
    ost_watcher *w = watch_notes(&p, NULL);
    watched_fill(t->url, 1, 3);
    inserted(w, 1, 1);
    faults.hold_down = 0;
    proxy_set(relay, &faults);
    assert_null(ost_get(p.s, note, 1));
    SAYS(p.s, OST_TIMEOUT, "");
    faults.hold_down = PROXY_NEVER;
    proxy_set(relay, &faults);
    inserted(w, 2, 3);
    OK(ost_watch_close(w), p.s);
    watching_close(&p);
    proxy_close(relay);
}

/* ---- with the rest of a session ---- */

static void statements_share_the_connection(void **state)
{
    watched *t = *state;
    watching p;
    watching_open(&p, t->url, 1, 5000);
    ost_watcher *w = watch_notes(&p, NULL), *second = watch_notes(&p, NULL);
    for (int i = 1; i <= 20; i++) {
        watched_insert(p.s, i, i);
        assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, i);
        assert_non_null(ost_get(p.s, note, i));
    }
    inserted(second, 1, 20);
    OK(ost_watch_close(second), p.s);
    /* Transactions come and go; in one, nothing is watched. */
    ost_watch_event event;
    OK(ost_begin(p.s, NULL), p.s);
    watched_insert(p.s, 21, 21);
    assert_null(ost_watch_next(w, note, &event));
    assert_int_equal(event.status, OST_MISUSE);
    SAYS(p.s, OST_MISUSE, "inside a transaction");
    assert_null(ost_watch(ost_from(p.s, note), NULL));
    SAYS(p.s, OST_MISUSE, "inside a transaction");
    OK(ost_commit(p.s), p.s);
    inserted(w, 21, 21);
    OK(ost_watch_close(w), p.s);
    watching_close(&p);
}

static void only_conditions_are_taken(void **state)
{
    watched *t = *state;
    ost_session *s = t->reader.s;
    for (int i = 0; i < 7; i++) {
        ost_query *q = ost_from(s, note);
        switch (i) {
        case 0: ost_order_by(q, ost_asc(note, n)); break;
        case 1: ost_limit(q, 5); break;
        case 2: ost_offset(q, 5); break;
        case 3: ost_group_by(q, ost_col(note, n)); break;
        case 4: ost_distinct(q); break;
        case 5: ost_lock(q, OST_LOCK_UPDATE); break;
        default: ost_limit_per(q, ost_col(note, n), 1); break;
        }
        assert_null(ost_watch(q, NULL));
        SAYS(s, OST_MISUSE, "conditions alone");
    }
    assert_null(ost_watch(NULL, NULL));
    assert_null(ost_watch(ost_from(NULL, note), NULL));
    assert_null(ost_watch(ost_from(s, note), &(ost_watch_options){ .wait_ms = 5 }));
    SAYS(s, OST_MISUSE, "OST_WATCH");
}

static void handles_are_known(void **state)
{
    watched *t = *state;
    ost_session *s = t->reader.s;
    ost_watch_event event = { .kind = 77 };
    ost_mark mark = ost_session_mark(s);
    ost_watcher *w = watch_notes(&t->reader, NULL);
    assert_int_equal(ost_session_clear(s), OST_MISUSE);
    SAYS(s, OST_MISUSE, "while a watcher is open");
    assert_int_equal(ost_session_release(s, mark), OST_MISUSE);
    assert_null(ost_watch_next(w, cell, &event));
    assert_int_equal(event.status, OST_MISUSE);
    SAYS(s, OST_MISUSE, "a watcher of note is read as cell");
    OK(ost_watch_close(w), s);
    assert_null(ost_watch_next(w, note, &event));
    assert_int_equal(event.status, OST_MISUSE);
    assert_int_equal(ost_watch_token(w).size, 0);
    assert_int_equal(ost_watch_close(w), OST_MISUSE);
    ost_watcher *next = watch_notes(&t->reader, NULL);
    assert_ptr_not_equal(w, next);
    assert_int_equal(ost_watch_close(w), OST_MISUSE);
    OK(ost_watch_close(next), s);
    assert_null(ost_watch_next(NULL, note, &event));
    assert_int_equal(event.status, OST_MISUSE);
    assert_int_equal(ost_watch_close(NULL), OST_MISUSE);
    OK(ost_session_release(s, mark), s);
    OK(ost_session_clear(s), s);
}

/* Whoever comes second is turned away, and that may be this one. */
static void *wait_for_one(void *context)
{
    ost_watch_event event;
    void *found;
    do
        found = ost_watch_next((ost_watcher *)context, note, &event);
    while (event.status == OST_MISUSE);
    return found;
}

static void a_second_thread_is_refused(void **state)
{
    watched *t = *state;
    ost_watcher *w = watch_notes(&t->reader, NULL);
    ost_watch_event event;
    pthread_t thread;
    void *found;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_one, w), 0);
    while (ost_watch_token(w).size > 0)
        continue;
    assert_null(ost_watch_next(w, note, &event));
    assert_int_equal(event.status, OST_MISUSE);
    assert_int_equal(ost_watch_close(w), OST_MISUSE);
    watched_insert(t->writer.s, 1, 1);
    pthread_join(thread, &found);
    assert_non_null(found);
    assert_int_equal(((note *)found)->id, 1);
    OK(ost_watch_close(w), t->reader.s);
}

static void a_fork_leaves_it_to_the_parent(void **state)
{
    watched *t = *state;
    ost_watcher *w = watch_notes(&t->reader, NULL);
    int status;
    watched_insert(t->writer.s, 1, 1);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        ost_watch_event event;
        bool refused = !ost_watch_next(w, note, &event) && event.status == OST_MISUSE &&
                       ost_watch_close(w) == OST_MISUSE;
        ost_session_close(t->reader.s);
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    inserted(w, 1, 1);
    watched_insert(t->writer.s, 2, 2);
    inserted(w, 2, 2);
    OK(ost_watch_close(w), t->reader.s);
}

static void sessions_close_with_open_watchers(void **state)
{
    watched *t = *state;
    watching p;
    watching_open(&p, t->url, 2, 5000);
    ost_watcher *a = watch_notes(&p, NULL);
    (void)watch_notes(&p, NULL);
    watched_insert(t->writer.s, 1, 1);
    inserted(a, 1, 1);
    ost_close(p.db);
    watched_insert(t->writer.s, 2, 2);
    inserted(a, 2, 2);
    ost_session_close(p.s);
    /* The server has no cursor left of it. */
    const char *cursors = server_text(
        t->url, "{\"aggregate\": 1, \"$db\": \"admin\", \"cursor\": {}, \"pipeline\": "
                "[{\"$currentOp\": {\"idleCursors\": true, \"allUsers\": true}}, {\"$match\": "
                "{\"type\": \"idleCursor\"}}, {\"$project\": {\"ns\": 1}}]}");
    assert_null(strstr(cursors, strrchr(t->url, '/') + 1));
}

#define WATCHED(f) cmocka_unit_test_setup_teardown(f, watched_begin, watched_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm13_a_server_that_crashed_and_came_back),
        cmocka_unit_test(fm13_a_crash_between_two_calls),
        cmocka_unit_test(fm05_a_server_that_stops_holds_nobody_up),
        cmocka_unit_test(fm20_another_election),
        cmocka_unit_test(a_server_alone_says_what_it_lacks),
        WATCHED(fm04_lines_that_break),
        WATCHED(a_statement_that_loses_the_connection_loses_no_change),
        WATCHED(statements_share_the_connection),
        WATCHED(only_conditions_are_taken),
        WATCHED(handles_are_known),
        WATCHED(a_second_thread_is_refused),
        WATCHED(a_fork_leaves_it_to_the_parent),
        WATCHED(sessions_close_with_open_watchers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
