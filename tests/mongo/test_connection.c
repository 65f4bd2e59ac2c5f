/* SPDX-License-Identifier: MIT */
/* Connections: opening, servers that go away, forks, and what is left over. */
#include "mongo/links.h"
#include "support/proxy.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- opening ---- */

static void capabilities_are_the_server_s(void **state)
{
    links_world *w = *state;
    const ost_capabilities *caps = &w->b.caps;
    assert_string_equal(caps->server_name, "MongoDB");
    assert_true(caps->server_version >= 50000);
    assert_int_equal(caps->max_document, 16777216);
    assert_int_equal(caps->max_packet, 48000000);
    assert_int_equal(caps->max_parameters, 0);
    for (unsigned i = 0; i < 16; i++) {
        bool has = caps->abilities >> i & 1;
        bool wanted = i == OST_CAN_RETURN || i == OST_CAN_STREAM_BESIDE ||
                      i == OST_CAN_ARRAY_BIND || i == OST_CAN_BIND_LIST ||
                      i == OST_CAN_RESOLVE_COMMIT || i == OST_CAN_WATCH;
        if (has != wanted)
            fail_msg("ability %u is %d", i, has);
    }
    assert_false(caps->isolations >> OST_SERIALIZABLE & 1);
}

static void a_native_handle_is_the_library_s(void **state)
{
    links_world *w = *state;
    mongoc_client_t *client = w->b.driver->native(w->b.c);
    bson_t ping = BSON_INITIALIZER;
    bson_error_t why;
    bool writable = false;
    BSON_APPEND_INT32(&ping, "ping", 1);
    w->b.c->deadline = links_in(w, 5000);
    assert_true(mongoc_client_command_simple(client, "admin", &ping, NULL, NULL, &why));
    bson_destroy(&ping);
    assert_int_equal(w->b.driver->role(w->b.c, &writable, links_in(w, 5000)), OST_OK);
    assert_true(writable);
    assert_true(w->b.driver->alive(w->b.c));
}

static ost_status opened(const char *url, int64_t ms, ost_error *e)
{
    bench b;
    /* The driver alone, so that the deadline is ours. */
    ost_status status = bench_try(&b, ost_driver_mongo(), "mongodb:none");
    const ost_options options = { .struct_size = sizeof options, .url = url };
    assert_int_equal(status, OST_MISUSE);
    memset(e, 0, sizeof *e);
    status = b.driver->open(&b.host, &options, &b.backend, e);
    int64_t start = bench_now(&b);
    if (status == OST_OK)
        status = b.driver->connect(b.backend, url, start + ms * 1000000, &b.c, &b.caps, e);
    int64_t took = (bench_now(&b) - start) / 1000000;
    if (took > ms + 100)
        fail_msg("connect took %lld ms instead of %lld", (long long)took, (long long)ms);
    bench_close(&b);
    assert_int_equal(b.live, 0);
    return status;
}

static void whom_nobody_hears_is_told_at_once(void **state)
{
    links_world *w = *state;
    ost_error e;
    int64_t start = bench_now(&w->b);
    assert_int_equal(opened("mongodb://127.0.0.1:1/d", 5000, &e), OST_CONNECTION);
    links_in_time(w, start, 2000, "a refusal");
    assert_non_null(strstr(e.message, "127.0.0.1:1"));
    assert_int_equal(opened("mongodb://127.0.0.1:1,127.0.0.1:2/d?replicaSet=none", 5000, &e),
                     OST_CONNECTION);
    links_in_time(w, start, 4000, "two refusals");
    assert_int_equal(opened("mongodb://name.invalid/d?tls=off", 8000, &e), OST_CONNECTION);
}

static void wrong_credentials_are_refused(void **state)
{
    links_world *w = *state;
    ost_error e;
    assert_int_equal(opened(server_url_as(w->url, "nobody", "hush"), 5000, &e), OST_AUTH);
    assert_null(strstr(e.message, "hush"));
    /* Without any, connecting works, and nothing else does. */
    assert_int_equal(opened(server_url_as(w->url, "ostler", "hush"), 5000, &e), OST_AUTH);
}

/* Wherever the line breaks while somebody logs in, nobody says that the password is wrong. */
static void a_log_in_that_breaks_is_no_refusal(void **state)
{
    enum { STEPS = 4 };
    static const char *const ways[] = { "tls=off", "tls=require" };
    links_world *w = *state;
    proxy *p = proxy_to(w->url);
    const char *url = proxy_url(p, w->url);
    int broke = 0;
    for (size_t way = 0; way < 2; way++) {
        const proxy_faults honest = PROXY_HONEST;
        ost_error e;
        proxy_set(p, &honest);
        assert_int_equal(opened(server_url_with(url, ways[way]), 5000, &e), OST_OK);
        int64_t up = proxy_up(p), down = proxy_down(p);
        for (int i = 1; i <= 2 * STEPS; i++) {
            proxy_faults faults = PROXY_HONEST;
            faults.reset = i % 4 < 2;
            if (i % 2 == 0)
                faults.cut_up = up * i / (2 * STEPS);
            else
                faults.cut_down = down * i / (2 * STEPS);
            proxy_set(p, &faults);
            ost_status status = opened(server_url_with(url, ways[way]), 5000, &e);
            if (status != OST_OK && status != OST_CONNECTION)
                fail_msg("%s, cut %d: %s: %s", ways[way], i, ost_status_name(status), e.message);
            broke += status != OST_OK;
        }
    }
    assert_true(broke > 0);
    proxy_close(p);
}

static void a_server_that_is_alone_has_no_transactions(void **state)
{
    server_instance *s = server_private(SERVER_MONGODB, "--set replSet=");
    links_world w;
    (void)state;
    links_open(&w, server_url(s, NULL));
    assert_false(w.b.caps.abilities >> OST_CAN_RESOLVE_COMMIT & 1);
    assert_int_equal(links_begin_on(&w, w.b.c, OST_DEFAULT_ISOLATION, OST_ACCESS_WRITE),
                     OST_UNSUPPORTED);
    assert_non_null(strstr(w.b.error.message, "--replSet"));
    assert_int_equal(w.b.driver->unit_state(w.b.c), OST_UNIT_NONE);
    assert_int_equal(links_insert_on(&w, w.b.c, 1, "a"), OST_OK);
    assert_int_equal(links_raise_on(&w, w.b.c, 1), OST_OK);
    assert_int_equal(links_write(&w, "{\"findAndModify\": \"things\", \"query\": {\"_id\": 1}, "
                                     "\"update\": {\"$inc\": {\"n\": 1}}}"),
                     OST_OK);
    links_close(&w);
    server_end(s);
}

/* ---- what is left over ---- */

static int entries(const char *folder)
{
    DIR *d = opendir(folder);
    int n = 0;
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static int64_t server_connections(links_world *w, const char *which)
{
    const char *text = server_text(w->url, "{\"serverStatus\": 1, \"$db\": \"admin\"}");
    const char *at = strstr(text, "\"connections\"");
    at = at ? strstr(at, which) : NULL;
    if (!at)
        fail_msg("the server does not say how many connections it has");
    return strtoll(strchr(at, ':') + 1, NULL, 10);
}

static void closing_leaves_no_socket_and_no_thread(void **state)
{
    links_world *w = *state;
    links_world other;
    int files = entries("/proc/self/fd"), threads = entries("/proc/self/task");
    ost_connection *more[4];
    links_open(&other, w->url);
    for (int i = 0; i < 4; i++)
        more[i] = bench_connect(&other.b);
    assert_int_equal(
        links_say_on(&other, more[0], OST__MONGO_READS, 0, "{\"find\": \"things\"}", 5000), OST_OK);
    int open = entries("/proc/self/fd");
    /* A connection that is closed is closed now, not when the next one is. */
    for (int i = 0; i < 4; i++) {
        other.b.driver->close(more[i], links_in(&other, 1000));
        assert_int_equal(entries("/proc/self/fd"), open - i - 1);
    }
    links_close(&other);
    assert_int_equal(entries("/proc/self/fd"), files);
    assert_int_equal(entries("/proc/self/task"), threads);
    assert_int_equal(other.b.live, 0);
}

static void whoever_closes_is_missed(void **state)
{
    links_world *w = *state;
    ost_connection *idle = bench_connect(&w->b);
    assert_true(w->b.driver->alive(idle));
    server_sql(w->url, "{\"dropConnections\": 1, \"hostAndPort\": [], \"$db\": \"admin\"}");
    ost__mongo_lines_close(idle);
    assert_false(w->b.driver->alive(idle));
    w->b.driver->close(idle, INT64_MAX);
    assert_true(w->b.driver->alive(w->b.c));
}

static void memory_that_runs_out_leaves_nothing(void **state)
{
    links_world *w = *state;
    links_world other;
    links_open(&other, w->url);
    long live = other.b.live;
    int files = entries("/proc/self/fd"), refused = 0;
    for (int n = 0; n < 50; n++) {
        ost_connection *c = NULL;
        ost_capabilities caps;
        other.b.allocations = 0;
        other.b.fail_at = n;
        ost_status status = other.b.driver->connect(other.b.backend, NULL, links_in(&other, 5000),
                                                    &c, &caps, &other.b.error);
        other.b.fail_at = -1;
        if (c)
            other.b.driver->close(c, INT64_MAX);
        assert_int_equal(other.b.live, live);
        /* Those that watch the servers may be closed for a moment. */
        assert_true(entries("/proc/self/fd") <= files);
        if (status == OST_OK)
            break;
        refused++;
    }
    assert_in_range(refused, 1, 40);
    assert_int_equal(
        links_say_on(&other, other.b.c, OST__MONGO_READS, 0, "{\"find\": \"things\"}", 5000),
        OST_OK);
    links_close(&other);
}

/* ---- servers that go and come ---- */

typedef struct bringer {
    server_instance *s;
} bringer;

static void *bring_back(void *context)
{
    usleep(300000);
    server_restart(((bringer *)context)->s);
    return NULL;
}

static void a_server_that_comes_back_is_waited_for(void **state)
{
    enum { AWAY_MS = 1500 };
    server_instance *s = server_private(SERVER_MONGODB, NULL);
    links_world w;
    pthread_t thread;
    bringer k = { s };
    int64_t start;
    (void)state;
    links_open(&w, server_url(s, NULL));
    assert_int_equal(links_insert_on(&w, w.b.c, 1, "a"), OST_OK);
    server_kill(s);
    assert_false(w.b.driver->alive(w.b.c));
    /* By then the library has knocked once more: that nobody opens is no time-out. */
    start = bench_now(&w.b);
    assert_int_equal(links_say_on(&w, w.b.c, OST__MONGO_WRITES, 0,
                                  "{\"insert\": \"things\", \"documents\": "
                                  "[{\"_id\": 7}]}",
                                  AWAY_MS),
                     OST_CONNECTION);
    links_in_time(&w, start, AWAY_MS, "a write to nobody");
    w.b.driver->close(w.b.c, links_in(&w, 300));
    w.b.c = NULL;
    server_restart(s);
    w.b.c = bench_connect(&w.b);
    ost_connection *other = bench_connect(&w.b);
    server_kill(s);
    assert_int_equal(pthread_create(&thread, NULL, bring_back, &k), 0);
    /* What only reads is asked of the server that comes. */
    assert_int_equal(links_say_on(&w, other, OST__MONGO_READS, 0, "{\"find\": \"things\"}", 30000),
                     OST_OK);
    assert_int_equal(other->lost, 0);
    assert_int_equal(links_raise_on(&w, other, 1), OST_OK);
    pthread_join(thread, NULL);
    w.b.driver->close(other, INT64_MAX);
    links_close(&w);
    server_end(s);
}

/* ---- TLS ---- */

static void fm51_certificates_are_verified(void **state)
{
    static const struct {
        const char *shown, *options;
        ost_status status;
    } cases[] = {
        { "good", "tls=verify&tls_ca=%s", OST_OK },
        { "good", "tls=require", OST_OK },
        { "wrong-host", "tls=verify&tls_ca=%s", OST_CONNECTION },
        { "wrong-host", "tls=require", OST_OK },
        { "self-signed", "tls=verify&tls_ca=%s", OST_CONNECTION },
    };
    server_instance *s = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char words[40], options[400];
        ost_error e;
        if (i == 0 || strcmp(cases[i].shown, cases[i - 1].shown) != 0) {
            if (s)
                server_end(s);
            snprintf(words, sizeof words, "--tls %s", cases[i].shown);
            s = server_private(SERVER_MONGODB, words);
        }
        snprintf(options, sizeof options, cases[i].options, server_tls_file(s, "ca.pem"));
        ost_status status = opened(server_url(s, options), 10000, &e);
        if (status != cases[i].status)
            fail_msg("%s, %s: %s: %s", cases[i].shown, options, ost_status_name(status), e.message);
    }
    server_end(s);
}

/* ---- forks ---- */

static int in_the_child(links_world *w, ost_connection *idle)
{
    ost_connection *c = NULL;
    ost_capabilities caps;
    w->b.driver->abandon(w->b.c);
    w->b.driver->abandon(idle);
    if (w->b.driver->connect(w->b.backend, NULL, links_in(w, 5000), &c, &caps, &w->b.error) !=
        OST_OK)
        return 1;
    if (links_say_on(w, c, OST__MONGO_READS, 0, "{\"find\": \"things\"}", 5000) != OST_OK)
        return 2;
    w->b.driver->close(c, links_in(w, 5000));
    w->b.driver->shut(w->b.backend, links_in(w, 5000));
    return 0;
}

static void fm14_a_child_begins_anew(void **state)
{
    links_world *w = *state;
    ost_connection *idle = bench_connect(&w->b);
    assert_int_equal(links_begin_on(w, w->b.c, OST_DEFAULT_ISOLATION, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(links_insert_on(w, w->b.c, 1, "a"), OST_OK);
    for (int i = 0; i < 5; i++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0)
            _exit(in_the_child(w, idle));
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_true(w->b.driver->alive(w->b.c));
        assert_int_equal(links_say_on(w, idle, OST__MONGO_READS, 0, "{\"find\": \"things\"}", 5000),
                         OST_OK);
    }
    assert_int_equal(links_end_on(w, w->b.c, OST_DO_COMMIT, 5000), OST_OK);
    assert_int_equal(links_count(w), 1);
    w->b.driver->close(idle, INT64_MAX);
}

/* ---- many at once ---- */

enum { THREADS = 8, ROUNDS = 5, MORE_THAN_THEIRS = 105 };

static void *work(void *context)
{
    links_world *w = context;
    for (int i = 0; i < ROUNDS; i++) {
        ost_connection *c = NULL;
        ost_capabilities caps;
        ost_error e;
        bson_t find = BSON_INITIALIZER, reply;
        ost_outcome outcome = { .struct_size = sizeof outcome };
        BSON_APPEND_UTF8(&find, "find", "things");
        if (w->b.driver->connect(w->b.backend, NULL, links_in(w, 20000), &c, &caps, &e) != OST_OK)
            return "connect";
        ost__mongo_run r = { .c = c, .outcome = &outcome, .error = &e };
        c->deadline = links_in(w, 10000);
        ost_status status = ost__mongo_command(&r, OST__MONGO_READS, 0, &find, &reply);
        bson_destroy(&reply);
        bson_destroy(&find);
        w->b.driver->close(c, links_in(w, 5000));
        if (status != OST_OK)
            return "find";
    }
    return NULL;
}

/* More clients than the library's pool holds unless it is told; on a server of its own, which is
 * asked how many connections it has. */
static void fm18_the_pool_of_the_library_is_no_limit(void **state)
{
    server_instance *s = server_private(SERVER_MONGODB, NULL);
    links_world world, *w = &world;
    (void)state;
    links_open(w, server_url(s, NULL));
    pthread_t threads[THREADS];
    ost_connection *many[MORE_THAN_THEIRS];
    for (int i = 0; i < MORE_THAN_THEIRS; i++)
        many[i] = bench_connect(&w->b);
    for (int i = 0; i < MORE_THAN_THEIRS; i++)
        w->b.driver->close(many[i], INT64_MAX);
    int64_t before = server_connections(w, "\"current\"");
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, w), 0);
    for (int i = 0; i < THREADS; i++) {
        void *problem;
        pthread_join(threads[i], &problem);
        if (problem)
            fail_msg("%s", (char *)problem);
    }
    /* The server takes a moment to notice. */
    for (int i = 0; i < 200 && server_connections(w, "\"current\"") > before; i++)
        usleep(10000);
    assert_true(server_connections(w, "\"current\"") <= before);
    links_close(w);
    server_end(s);
}

#define WITH_LINKS(f) cmocka_unit_test_setup_teardown(f, links_begin, links_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LINKS(capabilities_are_the_server_s),
        WITH_LINKS(a_native_handle_is_the_library_s),
        WITH_LINKS(whom_nobody_hears_is_told_at_once),
        WITH_LINKS(wrong_credentials_are_refused),
        WITH_LINKS(a_log_in_that_breaks_is_no_refusal),
        cmocka_unit_test(a_server_that_is_alone_has_no_transactions),
        WITH_LINKS(closing_leaves_no_socket_and_no_thread),
        WITH_LINKS(whoever_closes_is_missed),
        WITH_LINKS(memory_that_runs_out_leaves_nothing),
        cmocka_unit_test(a_server_that_comes_back_is_waited_for),
        cmocka_unit_test(fm51_certificates_are_verified),
        WITH_LINKS(fm14_a_child_begins_anew),
        cmocka_unit_test(fm18_the_pool_of_the_library_is_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
