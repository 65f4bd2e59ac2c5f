/* SPDX-License-Identifier: MIT */
/* Deadlines, cancels, and servers that stop. */
#include "mongo/links.h"

#include <pthread.h>
#include <unistd.h>

#include "support/proxy.h"

static const char slow[] =
    "{\"find\": \"things\", \"filter\": {\"$where\": \"sleep(1500) || true\"}}";

static void fm5_a_server_that_stops_holds_nobody_up(void **state)
{
    server_instance *s = server_private(SERVER_MONGODB, NULL);
    links_world w;
    ost_connection *idle, *unit, *third, *late = NULL;
    ost_capabilities caps;
    int64_t start;
    bool writable;
    (void)state;
    links_open(&w, server_url(s, NULL));
    idle = bench_connect(&w.b);
    unit = bench_connect(&w.b);
    third = bench_connect(&w.b);
    assert_int_equal(links_insert_on(&w, w.b.c, 1, "a"), OST_OK);
    assert_int_equal(links_begin_on(&w, unit, OST_DEFAULT_ISOLATION, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(links_raise_on(&w, unit, 1), OST_OK);
    server_pause(s);
    start = bench_now(&w.b);
    assert_int_equal(links_say_on(&w, w.b.c, OST__MONGO_READS, 0, "{\"find\": \"things\"}", 300),
                     OST_TIMEOUT);
    links_in_time(&w, start, 300, "a read");
    assert_int_equal(w.b.driver->unit_state(w.b.c), OST_UNIT_LOST);
    assert_int_equal(w.b.driver->settle(w.b.c, links_in(&w, 1000)), OST_CONNECTION);
    start = bench_now(&w.b);
    w.b.driver->close(w.b.c, links_in(&w, 300));
    links_in_time(&w, start, 0, "close of a lost connection");
    w.b.c = NULL;
    start = bench_now(&w.b);
    assert_int_equal(links_say_on(&w, idle, OST__MONGO_WRITES, 0,
                                  "{\"findAndModify\": \"things\", \"query\": {\"_id\": 1}, "
                                  "\"update\": {\"$inc\": {\"n\": 1}}}",
                                  300),
                     OST_TIMEOUT);
    links_in_time(&w, start, 300, "a write that could be repeated");
    assert_int_equal(w.b.error.nothing_sent, 0);
    start = bench_now(&w.b);
    assert_int_equal(w.b.driver->role(third, &writable, links_in(&w, 300)), OST_TIMEOUT);
    links_in_time(&w, start, 300, "role");
    start = bench_now(&w.b);
    assert_int_equal(links_end_on(&w, unit, OST_DO_COMMIT, 300), OST_TIMEOUT);
    links_in_time(&w, start, 300, "a commit");
    start = bench_now(&w.b);
    assert_int_not_equal(
        w.b.driver->connect(w.b.backend, NULL, links_in(&w, 300), &late, &caps, &w.b.error),
        OST_OK);
    links_in_time(&w, start, 300, "connect");
    start = bench_now(&w.b);
    w.b.driver->cancel(w.b.backend, idle, 1, links_in(&w, 300));
    links_in_time(&w, start, 300, "cancel");
    start = bench_now(&w.b);
    w.b.driver->close(idle, links_in(&w, 300));
    w.b.driver->close(unit, links_in(&w, 300));
    w.b.driver->close(third, links_in(&w, 300));
    links_in_time(&w, start, 300, "close");
    start = bench_now(&w.b);
    w.b.driver->shut(w.b.backend, links_in(&w, 300));
    links_in_time(&w, start, 300, "shut");
    w.b.backend = NULL;
    bench_close(&w.b);
    assert_int_equal(w.b.live, 0);
    server_resume(s);
    server_end(s);
}

static void a_time_out_is_nobody_else_s(void **state)
{
    links_world *w = *state;
    ost_connection *other = bench_connect(&w->b), *third = bench_connect(&w->b);
    proxy *p = proxy_to(w->url);
    links_world relayed;
    proxy_faults faults = PROXY_HONEST;
    int64_t connections, start;
    links_open(&relayed, proxy_url(p, w->url));
    ost_connection *beside = bench_connect(&relayed.b);
    connections = proxy_connections(p);
    faults.hold_down = 0;
    proxy_set(p, &faults);
    start = bench_now(&w->b);
    assert_int_equal(
        links_say_on(&relayed, relayed.b.c, OST__MONGO_PLAIN, 0, "{\"find\": \"things\"}", 200),
        OST_TIMEOUT);
    links_in_time(w, start, 200, "a statement");
    faults.hold_down = PROXY_NEVER;
    proxy_set(p, &faults);
    /* The one beside it goes on where it was. */
    assert_int_equal(
        links_say_on(&relayed, beside, OST__MONGO_READS, 0, "{\"find\": \"things\"}", 5000),
        OST_OK);
    assert_int_equal(proxy_connections(p), connections);
    assert_int_equal(relayed.b.driver->unit_state(relayed.b.c), OST_UNIT_LOST);
    relayed.b.driver->close(beside, INT64_MAX);
    links_close(&relayed);
    proxy_close(p);
    w->b.driver->close(other, INT64_MAX);
    w->b.driver->close(third, INT64_MAX);
}

static void what_is_late_before_it_starts_is_not_sent(void **state)
{
    links_world *w = *state;
    const ost_operation op = { .struct_size = sizeof op, .kind = OST_DO_DESCRIBE };
    size_t accepted;
    assert_int_equal(w->b.driver->submit(w->b.c, &op, 1, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    assert_int_equal(
        w->b.driver->collect(w->b.c, 0, NULL, &w->b.outcome, links_in(w, -1), &w->b.error),
        OST_TIMEOUT);
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_int_equal(w->b.outcome.connection_lost, 0);
    assert_int_equal(w->b.outcome.bytes_sent, 0);
    assert_int_equal(w->b.driver->settle(w->b.c, links_in(w, -1)), OST_OK);
}

static void the_rest_of_a_failed_batch_is_not_run(void **state)
{
    links_world *w = *state;
    const ost_operation ops[] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN },
                                  { .struct_size = sizeof ops[0], .kind = OST_DO_EXPLAIN },
                                  { .struct_size = sizeof ops[0], .kind = OST_DO_COMMIT } };
    size_t accepted;
    assert_int_equal(w->b.driver->submit(w->b.c, ops, 3, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    assert_int_equal(accepted, 3);
    for (size_t i = 0; i < 3; i++) {
        ost_status status =
            w->b.driver->collect(w->b.c, i, NULL, &w->b.outcome, INT64_MAX, &w->b.error);
        assert_int_equal(status, i == 1 ? OST_UNSUPPORTED : OST_OK);
        assert_int_equal(w->b.outcome.progress, i == 2 ? OST_NOT_RUN : OST_DONE);
    }
    assert_int_equal(w->b.driver->unit_state(w->b.c), OST_UNIT_OPEN);
}

/* ---- cancelling ---- */

typedef struct canceller {
    links_world *w;
    ost_connection *c;
    uint64_t batch;
    int64_t took;
} canceller;

/* Whether the slow statement runs, of this test's: others use the server too. */
static bool is_running(const links_world *w)
{
    char command[512];
    const char *name = strrchr(w->url, '/') + 1;
    snprintf(command, sizeof command,
             "{\"aggregate\": 1, \"pipeline\": [{\"$currentOp\": {}}, {\"$match\": {\"ns\": "
             "\"%.*s.things\"}}], \"cursor\": {}, \"$db\": \"admin\"}",
             (int)strcspn(name, "?"), name);
    return strstr(server_text(w->url, command), "$where");
}

static void *cancel_soon(void *context)
{
    canceller *k = context;
    while (!is_running(k->w))
        usleep(1000);
    int64_t start = bench_now(&k->w->b);
    k->w->b.driver->cancel(k->w->b.backend, k->c, k->batch, start + INT64_C(3000000000));
    k->took = (bench_now(&k->w->b) - start) / 1000000;
    return NULL;
}

static void a_cancel_ends_what_runs(void **state)
{
    links_world *w = *state;
    ost_connection *c = bench_connect(&w->b);
    pthread_t thread;
    int64_t start = bench_now(&w->b);
    /* Of a second and a half each. */
    server_sql(w->url, "{\"insert\": \"things\", \"documents\": [{\"name\": 0}, {\"name\": 1}, "
                       "{\"name\": 2}, {\"name\": 3}, {\"name\": 4}, {\"name\": 5}]}");
    canceller k = { .w = w, .c = c, .batch = c->batch + 1 };
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &k), 0);
    assert_int_equal(links_say_on(w, c, OST__MONGO_READS, 0, slow, 20000), OST_CANCELLED);
    links_in_time(w, start, 1200, "a statement that was cancelled");
    pthread_join(thread, NULL);
    assert_int_equal(w->b.driver->unit_state(c), OST_UNIT_LOST);
    w->b.driver->close(c, INT64_MAX);
    /* The server stops it as well, long before it would have ended. */
    while (is_running(w)) {
        links_in_time(w, start, 5000, "the end of a statement that was cancelled");
        usleep(1000);
    }
}

static void a_cancel_that_is_late_hits_nothing(void **state)
{
    links_world *w = *state;
    assert_int_equal(links_read(w, "{\"find\": \"things\"}"), OST_OK);
    w->b.driver->cancel(w->b.backend, w->b.c, w->b.c->batch, links_in(w, 3000));
    assert_int_equal(links_read(w, "{\"find\": \"things\"}"), OST_OK);
    assert_true(w->b.driver->alive(w->b.c));
}

/* ---- TLS ---- */

static void fm5_deadlines_hold_with_tls(void **state)
{
    server_instance *s = server_private(SERVER_MONGODB, NULL);
    links_world w;
    (void)state;
    links_open(&w, server_url(s, "tls=require"));
    assert_int_equal(links_insert_on(&w, w.b.c, 1, "a"), OST_OK);
    assert_true(w.b.driver->alive(w.b.c));
    server_pause(s);
    int64_t start = bench_now(&w.b);
    assert_int_equal(links_say_on(&w, w.b.c, OST__MONGO_READS, 0, "{\"find\": \"things\"}", 200),
                     OST_TIMEOUT);
    links_in_time(&w, start, 200, "a read");
    server_resume(s);
    links_close(&w);
    server_end(s);
}

#define WITH_LINKS(f) cmocka_unit_test_setup_teardown(f, links_begin, links_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm5_a_server_that_stops_holds_nobody_up),
        WITH_LINKS(a_time_out_is_nobody_else_s),
        WITH_LINKS(what_is_late_before_it_starts_is_not_sent),
        WITH_LINKS(the_rest_of_a_failed_batch_is_not_run),
        WITH_LINKS(a_cancel_ends_what_runs),
        WITH_LINKS(a_cancel_that_is_late_hits_nothing),
        cmocka_unit_test(fm5_deadlines_hold_with_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
