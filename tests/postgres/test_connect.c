/* SPDX-License-Identifier: MIT */
#include "postgres/things.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/proxy.h"

/* ---- URLs ---- */

static const ost__memory *memory(void)
{
    static ost_platform platform;
    static ost__memory m;
    ost__platform_complete(&platform, NULL);
    m = (ost__memory){ platform.resize, platform.context };
    return &m;
}

static const char *setting(const ost__pg_settings *s, const char *name)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (strcmp(s->names[i], name) == 0)
            return s->values[i];
    return NULL;
}

static void check_setting(const char *url, const char *name, const char *expected)
{
    ost__pg_settings s;
    ost_error e;
    const char *value;
    if (ost__pg_settings_read(memory(), url, &s, &e) != OST_OK)
        fail_msg("%s: %s", url, e.message);
    value = setting(&s, name);
    if (!expected != !value || (value && strcmp(value, expected) != 0))
        fail_msg("%s: %s is %s, not %s", url, name, value ? value : "not set",
                 expected ? expected : "not set");
    assert_null(s.names[s.count]);
    ost__pg_settings_finish(memory(), &s);
}

static void urls_become_settings(void **state)
{
    static const char full[] =
        "postgresql://ada:p%40ss@db.example:6543/books?application_name=x%20y";
    (void)state;
    check_setting(full, "host", "db.example");
    check_setting(full, "port", "6543");
    check_setting(full, "user", "ada");
    check_setting(full, "password", "p@ss");
    check_setting(full, "dbname", "books");
    check_setting(full, "application_name", "x y");
    check_setting(full, "fallback_application_name", "ostler");
    check_setting(full, "client_encoding", "UTF8");
    check_setting(full, "keepalives", "1");
    check_setting(full, "gssencmode", "disable");
    check_setting("postgres:", "host", NULL);
    check_setting("postgres:", "dbname", NULL);
    check_setting("postgres:books", "dbname", "books");
    check_setting("postgres://[::1]:99/b", "host", "::1");
    check_setting("postgres:///b?socket=/run/pg", "host", "/run/pg");
    check_setting("postgres:///b?socket=/run/pg/.s.PGSQL.7777", "host", "/run/pg");
    check_setting("postgres:///b?socket=/run/pg/.s.PGSQL.7777", "port", "7777");
    check_setting("postgres://h/b?tls_cert=/c&tls_key=/k", "sslcert", "/c");
    check_setting("postgres://h/b?tls_cert=/c&tls_key=/k", "sslkey", "/k");
}

static void fm51_hosts_that_are_not_local_are_verified(void **state)
{
    static const struct {
        const char *url, *mode;
    } cases[] = {
        { "postgres://db.example/b", "verify-full" },
        { "postgres://10.0.0.1/b", "verify-full" },
        { "postgres://127.example/b", "verify-full" },
        { "postgres://localhost.example/b", "verify-full" },
        { "postgres://localhost/b", "disable" },
        { "postgres://127.9.9.9/b", "disable" },
        { "postgres://[::1]/b", "disable" },
        { "postgres:///b?socket=/run", "disable" },
        { "postgres://localhost/b?tls=verify", "verify-full" },
        { "postgres://localhost/b?tls_ca=/ca", "verify-full" },
        { "postgres://db.example/b?tls=require", "require" },
        { "postgres://db.example/b?tls=off", "disable" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_setting(cases[i].url, "sslmode", cases[i].mode);
    check_setting("postgres://h/b?tls_ca=/ca", "sslrootcert", "/ca");
    check_setting("postgres://h/b?tls=require", "sslrootcert", NULL);
}

static void urls_that_make_no_sense_are_misuse(void **state)
{
    static const struct {
        const char *url, *part;
    } cases[] = {
        { "postgres://h/b?sslmode=off", "sslmode" }, { "postgres://h/b?tls=maybe", "tls=maybe" },
        { "postgres://h/b?tls=", "tls=" },           { "postgres://h/b?tls_ca=", "tls_ca" },
        { "postgres://h/b?tls_cert=/x", "tls_key" }, { "postgres://h/b?socket=/run", "socket" },
        { "postgres:///b?socket=run", "socket" },    { "postgres://h/b/c", "path" },
        { "postgres://a,b/c", "several hosts" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ost__pg_settings s;
        ost_error e;
        assert_int_equal(ost__pg_settings_read(memory(), cases[i].url, &s, &e), OST_MISUSE);
        if (!strstr(e.message, cases[i].part))
            fail_msg("%s: %s", cases[i].url, e.message);
        assert_null(s.storage);
    }
}

/* ---- connecting ---- */

static void a_connection_knows_what_it_can(void **state)
{
    things_world *w = *state;
    bool writable = false;
    assert_string_equal(w->b.caps.server_name, "PostgreSQL");
    assert_in_range(w->b.caps.server_version, 120000, 999999);
    assert_int_equal(w->b.caps.max_identifier, 63);
    assert_int_equal(w->b.caps.abilities >> OST_CAN_STREAM_BESIDE & 1, 1);
    assert_int_equal(w->b.driver->role(w->b.c, &writable, INT64_MAX), OST_OK);
    assert_true(writable);
    assert_non_null(w->b.driver->native(w->b.c));
    assert_true(w->b.driver->alive(w->b.c));
    assert_string_equal(
        server_text(w->url, "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                            "'ostler' AND datname = current_database()"),
        "1");
}

static void refuse(const char *url, ost_status status, const char *sql_state, const char *part)
{
    bench b;
    ost_status got = bench_try(&b, ost_driver_postgres(), url);
    if (got != status || strcmp(b.error.sql_state, sql_state) != 0 ||
        !strstr(b.error.message, part))
        fail_msg("%s: %s, %s: %s", url, ost_status_name(got), b.error.sql_state, b.error.message);
    assert_null(strchr(b.error.message, '\n'));
    assert_int_equal(b.error.nothing_sent, 1);
    /* fm53: no secret is told. */
    assert_null(strstr(b.error.message, "canary"));
    bench_close(&b);
}

static void fm19_what_is_refused_says_so(void **state)
{
    const char *url = server_database(SERVER_POSTGRES, NULL);
    char text[400];
    (void)state;
    refuse(server_url_as(url, "ostler", "canary"), OST_AUTH, "28P01", "password");
    refuse(server_url_as(url, "nobody", "canary"), OST_AUTH, "28P01", "nobody");
    snprintf(text, sizeof text, "%.*s/no_such_database", (int)(strrchr(url, '/') - url), url);
    refuse(text, OST_CONNECTION, "3D000", "no_such_database");
    refuse("postgres://canary:canary2@127.0.0.1:1/b", OST_CONNECTION, "", "refused");
    refuse("postgres:///b?socket=/nowhere", OST_CONNECTION, "", "/nowhere");
    server_drop(url);
}

static void fm19_a_full_server_says_so(void **state)
{
    server_instance *s = server_private(SERVER_POSTGRES, "--set max_connections=4"
                                                         " --set superuser_reserved_connections=0");
    const char *url = server_url(s, NULL);
    bench b;
    ost_connection *more[4] = { NULL };
    ost_capabilities caps;
    int count = 0;
    (void)state;
    bench_open(&b, ost_driver_postgres(), url);
    while (count < 4 &&
           b.driver->connect(b.backend, NULL, INT64_MAX, &more[count], &caps, &b.error) == OST_OK)
        count++;
    assert_in_range(count, 1, 3);
    assert_int_equal(b.error.status, OST_CONNECTION);
    assert_string_equal(b.error.sql_state, "53300");
    while (count > 0)
        b.driver->close(more[--count], INT64_MAX);
    bench_close(&b);
    server_end(s);
}

static void fm34_only_utf8_is_taken(void **state)
{
    const char *url = server_database(SERVER_POSTGRES, NULL);
    char name[64], text[400];
    (void)state;
    snprintf(name, sizeof name, "latin_%ld", (long)getpid());
    snprintf(text, sizeof text,
             "CREATE DATABASE %s ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", name);
    server_sql(url, text);
    snprintf(text, sizeof text, "%.*s/%s", (int)(strrchr(url, '/') - url), url, name);
    refuse(text, OST_UNSUPPORTED, "", "LATIN1");
    snprintf(text, sizeof text, "DROP DATABASE %s WITH (FORCE)", name);
    server_sql(url, text);
    server_drop(url);
}

/* ---- TLS ---- */

static void with_ca(const server_instance *s, char *out, size_t size, const char *more)
{
    snprintf(out, size, "%s&tls_ca=%s%s", "tls=verify", server_tls_file(s, "ca.pem"), more);
}

static void fm51_a_good_certificate_is_taken(void **state)
{
    server_instance *s = server_private(SERVER_POSTGRES, NULL);
    char options[600], more[500];
    const char *url;
    bench b;
    (void)state;
    with_ca(s, options, sizeof options, "");
    url = server_url(s, options);
    bench_open(&b, ost_driver_postgres(), url);
    assert_true(PQsslInUse(b.driver->native(b.c)));
    assert_true(b.driver->alive(b.c));
    bench_close(&b);
    bench_open(&b, ost_driver_postgres(), server_url(s, NULL));
    assert_false(PQsslInUse(b.driver->native(b.c)));
    bench_close(&b);
    /* A certificate of the client's own instead of a password. */
    snprintf(more, sizeof more, "&tls_cert=%s&tls_key=%s", server_tls_file(s, "client.pem"),
             server_tls_file(s, "client.key"));
    with_ca(s, options, sizeof options, more);
    url = server_url_as(server_url(s, options), "certified", NULL);
    bench_open(&b, ost_driver_postgres(), url);
    bench_close(&b);
    /* Without the authority, nothing vouches for the server. */
    refuse(server_url(s, "tls=verify"), OST_CONNECTION, "", "certificate");
    server_end(s);
}

static void fm51_bad_certificates_are_refused(void **state)
{
    static const char *const kinds[] = { "wrong-host", "self-signed", "expired" };
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char words[64], options[600];
        server_instance *s;
        bench b;
        snprintf(words, sizeof words, "--tls %s", kinds[i]);
        s = server_private(SERVER_POSTGRES, words);
        with_ca(s, options, sizeof options, "");
        refuse(server_url(s, options), OST_CONNECTION, "", "certificate");
        /* What was asked for in so many words is done. */
        bench_open(&b, ost_driver_postgres(), server_url(s, "tls=require"));
        assert_true(PQsslInUse(b.driver->native(b.c)));
        bench_close(&b);
        server_end(s);
    }
}

/* Large answers come through TLS in pieces that no socket tells of. */
static void answers_through_tls_are_whole(void **state)
{
    things_world w = { .url = server_database(SERVER_POSTGRES, "tls=require") };
    made *m;
    thing *out = calloc(20000, sizeof *out);
    size_t count;
    (void)state;
    things_open(&w, w.url);
    assert_true(PQsslInUse(w.b.driver->native(w.b.c)));
    fill_things(&w, 20000);
    m = all_things(&w);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(run_rows(m, out, 20000, &count), OST_OK);
        assert_int_equal(count, 20000);
        assert_true(w.b.driver->alive(w.b.c));
    }
    discard(m);
    free(out);
    bench_close(&w.b);
    server_drop(w.url);
}

/* ---- dead servers ---- */

static void fm04_a_connection_that_was_ended_is_not_alive(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a" };
    made *m = insert_things(w, &a, 1);
    char text[200];
    int tries = 0;
    snprintf(text, sizeof text, "SELECT pg_terminate_backend(%d)",
             PQbackendPID(w->b.driver->native(w->b.c)));
    server_text(w->url, text);
    while (w->b.driver->alive(w->b.c) && tries++ < 2000)
        w->b.host.wait(&w->b, w->b.c, -1, 0, bench_now(&w->b) + 1000000);
    assert_false(w->b.driver->alive(w->b.c));
    /* Where nobody asked before, the server's last word is that the write did not happen. */
    assert_int_equal(run_insert(w, m, &a, 1), OST_CONNECTION);
    assert_int_equal(w->b.outcome.connection_lost, 1);
    assert_string_equal(w->b.error.sql_state, "57P01");
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_int_equal(unit_of(w), OST_UNIT_LOST);
    assert_int_equal(count_of(w, "true"), 0);
    assert_int_equal(w->b.driver->settle(w->b.c, INT64_MAX), OST_CONNECTION);
    discard(m);
}

static void fm01_a_server_killed_in_a_unit_loses_it(void **state)
{
    server_instance *s = server_private(SERVER_POSTGRES, NULL);
    things_world w;
    thing a = { .name = "a" };
    made *m;
    ost_capabilities caps;
    (void)state;
    things_open(&w, server_url(s, NULL));
    m = insert_things(&w, &a, 1);
    assert_int_equal(begin_unit(&w), OST_OK);
    assert_int_equal(run_insert(&w, m, &a, 1), OST_OK);
    server_kill(s);
    assert_int_equal(control(&w, OST_DO_COMMIT, NULL), OST_CONNECTION);
    assert_int_equal(w.b.outcome.connection_lost, 1);
    assert_int_equal(w.b.error.nothing_sent, 0);
    assert_int_equal(unit_of(&w), OST_UNIT_LOST);
    w.b.driver->close(w.b.c, INT64_MAX);
    w.b.c = NULL;
    assert_int_equal(w.b.driver->connect(w.b.backend, NULL, INT64_MAX, &w.b.c, &caps, &w.b.error),
                     OST_CONNECTION);
    server_restart(s);
    w.b.c = bench_connect(&w.b);
    assert_int_equal(count_of(&w, "true"), 0);
    assert_int_equal(run_insert(&w, m, &a, 1), OST_OK);
    discard(m);
    bench_close(&w.b);
    server_end(s);
}

static void fm05_a_server_that_is_silent_costs_no_more_than_the_deadline(void **state)
{
    server_instance *s = server_private(SERVER_POSTGRES, NULL);
    things_world w;
    made *m;
    ost_connection *c = NULL;
    ost_capabilities caps;
    int64_t start;
    size_t accepted;
    bool writable;
    (void)state;
    things_open(&w, server_url(s, NULL));
    m = all_things(&w);
    assert_int_equal(compile(m), OST_OK);
    server_pause(s);
    start = bench_now(&w.b);
    assert_int_equal(
        w.b.driver->connect(w.b.backend, NULL, start + 200000000, &c, &caps, &w.b.error),
        OST_TIMEOUT);
    assert_null(c);
    assert_in_range((bench_now(&w.b) - start) / 1000000, 199, 300);
    start = bench_now(&w.b);
    assert_int_equal(w.b.driver->submit(w.b.c, &m->op, 1, &accepted, start + 200000000, &w.b.error),
                     OST_OK);
    assert_int_equal(collect_rows(&w.b, w.b.c, 0, m, NULL, 0, NULL, start + 200000000),
                     OST_TIMEOUT);
    assert_int_equal(w.b.driver->settle(w.b.c, start + 300000000), OST_TIMEOUT);
    assert_int_equal(w.b.driver->reset(w.b.c, OST_TOUCHED_UNIT, start + 400000000), OST_TIMEOUT);
    assert_int_equal(w.b.driver->role(w.b.c, &writable, start + 500000000), OST_OK);
    w.b.driver->close(w.b.c, start + 500000000);
    w.b.c = NULL;
    assert_in_range((bench_now(&w.b) - start) / 1000000, 199, 600);
    server_resume(s);
    discard(m);
    bench_close(&w.b);
    server_end(s);
}

/* ---- roles ---- */

static void fm20_a_server_that_only_reads_is_left(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a" };
    made *m = insert_things(w, &a, 1);
    bool writable = true;
    char text[200];
    ost_connection *fresh;
    const char *name = strrchr(w->url, '/') + 1;
    snprintf(text, sizeof text, "ALTER DATABASE %s SET default_transaction_read_only = on", name);
    server_sql(w->url, text);
    fresh = bench_connect(&w->b);
    assert_int_equal(w->b.driver->role(fresh, &writable, INT64_MAX), OST_OK);
    assert_false(writable);
    m->op.rows = NULL;
    assert_int_equal(run_on(fresh, m, NULL, NULL), OST_CONNECTION);
    assert_string_equal(w->b.error.sql_state, "25006");
    assert_int_equal(w->b.outcome.connection_lost, 1);
    /* It is certain that nothing was written. */
    assert_int_equal(w->b.error.nothing_sent, 1);
    w->b.driver->close(fresh, INT64_MAX);
    assert_int_equal(w->b.driver->role(w->b.c, &writable, INT64_MAX), OST_OK);
    assert_true(writable);
    discard(m);
}

/* ---- the process ---- */

static void fm14_a_child_leaves_the_parents_connection_alone(void **state)
{
    things_world *w = *state;
    made *m = all_things(w);
    thing out[4];
    size_t count;
    for (int i = 0; i < 10; i++) {
        int status = 0;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            w->b.driver->abandon(w->b.c);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_true(w->b.driver->alive(w->b.c));
        assert_int_equal(run_rows(m, out, 4, &count), OST_OK);
    }
    discard(m);
}

static volatile sig_atomic_t pipe_signals;

static void on_pipe(int number)
{
    (void)number;
    pipe_signals++;
}

static void fm15_a_dead_peer_raises_no_signal(void **state)
{
    things_world *w = *state;
    proxy *p = proxy_to(w->url);
    const char *url = proxy_url(p, w->url);
    struct sigaction old, action = { .sa_handler = on_pipe };
    bench b;
    made *m;
    thing in[64] = { { 0 } };
    ost_table *t;
    char *large = malloc(1 << 20);
    assert_non_null(large);
    memset(large, 'x', (1 << 20) - 1);
    large[(1 << 20) - 1] = '\0';
    for (int i = 0; i < 64; i++)
        in[i].name = large;
    bench_open(&b, ost_driver_postgres(), url);
    t = bench_table(&b, &thing_model);
    assert_int_equal(sigaction(SIGPIPE, &action, &old), 0);
    proxy_cut(p);
    m = make(&b, OST_DO_INSERT, t);
    from_records(m, in, 1, sizeof in[0], true);
    m->op.rows = NULL;
    m->program.step_count = 0;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(run(m), OST_CONNECTION);
        assert_int_equal(b.outcome.connection_lost, 1);
    }
    assert_int_equal(pipe_signals, 0);
    assert_int_equal(sigaction(SIGPIPE, &old, NULL), 0);
    discard(m);
    bench_close(&b);
    proxy_close(p);
    free(large);
}

static void on_tick(int number)
{
    (void)number;
}

static void fm16_signals_and_slow_bytes_do_no_harm(void **state)
{
    things_world *w = *state;
    proxy *p = proxy_to(w->url);
    const char *url = proxy_url(p, w->url);
    proxy_faults faults = PROXY_HONEST;
    struct sigaction old, action = { .sa_handler = on_tick };
    const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
    bench b;
    made *m;
    thing out[100];
    size_t count;
    ost_table *t;
    fill_things(w, 100);
    faults.slice = 1;
    proxy_set(p, &faults);
    assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    bench_open(&b, ost_driver_postgres(), url);
    t = bench_table(&b, &thing_model);
    m = make(&b, OST_DO_SELECT, t);
    all_columns(m, sizeof(thing));
    order_by(m, member(m, "id"), false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_rows(m, out, 100, &count), OST_OK);
        assert_int_equal(count, 100);
        assert_string_equal(out[99].name, "thing 100");
    }
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
    discard(m);
    bench_close(&b);
    proxy_close(p);
}

/* ---- memory ---- */

/* Each allocation of the driver's fails once, and all after it. */
static void fm65_no_memory_is_an_error_and_no_more(void **state)
{
    things_world *w = *state;
    bool through = false;
    for (long n = 0; !through; n++) {
        ost_connection *c = NULL;
        ost_capabilities caps;
        made *m = all_things(w);
        thing out[4];
        size_t count = 4;
        ost_status status;
        long live = w->b.live;
        w->b.allocations = 0;
        w->b.fail_at = n;
        status = w->b.driver->connect(w->b.backend, NULL, INT64_MAX, &c, &caps, &w->b.error);
        if (status == OST_OK)
            status = run_on(c, m, out, &count);
        w->b.fail_at = -1;
        assert_true(status == OST_OK || status == OST_NO_MEMORY);
        through = status == OST_OK && w->b.allocations <= n;
        if (m->op.plan)
            discard(m);
        w->b.driver->close(c, INT64_MAX);
        assert_int_equal(w->b.live, live);
        assert_true(n < 200);
    }
}

#define CONNECT_TEST(f) cmocka_unit_test_setup_teardown(f, things_begin, things_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_become_settings),
        cmocka_unit_test(fm51_hosts_that_are_not_local_are_verified),
        cmocka_unit_test(urls_that_make_no_sense_are_misuse),
        CONNECT_TEST(a_connection_knows_what_it_can),
        cmocka_unit_test(fm19_what_is_refused_says_so),
        cmocka_unit_test(fm19_a_full_server_says_so),
        cmocka_unit_test(fm34_only_utf8_is_taken),
        cmocka_unit_test(fm51_a_good_certificate_is_taken),
        cmocka_unit_test(fm51_bad_certificates_are_refused),
        cmocka_unit_test(answers_through_tls_are_whole),
        CONNECT_TEST(fm04_a_connection_that_was_ended_is_not_alive),
        cmocka_unit_test(fm01_a_server_killed_in_a_unit_loses_it),
        cmocka_unit_test(fm05_a_server_that_is_silent_costs_no_more_than_the_deadline),
        CONNECT_TEST(fm20_a_server_that_only_reads_is_left),
        CONNECT_TEST(fm14_a_child_leaves_the_parents_connection_alone),
        CONNECT_TEST(fm15_a_dead_peer_raises_no_signal),
        CONNECT_TEST(fm16_signals_and_slow_bytes_do_no_harm),
        CONNECT_TEST(fm65_no_memory_is_an_error_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
