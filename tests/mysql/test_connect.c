/* SPDX-License-Identifier: MIT */
#include "mysql/crates.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mysql/connection.h"
#include "support/proxy.h"

/* ---- URLs ---- */

static ost_status opened(const char *url, ost_error *e)
{
    bench b;
    ost_status status = bench_try(&b, ost_driver_mysql(), url);
    *e = b.error;
    bench_close(&b);
    return status;
}

static void urls_say_what_is_wrong_with_them(void **state)
{
    static const struct {
        const char *url, *says;
    } bad[] = {
        { "mysql://u@localhost/d?speed=9", "speed" },
        { "mysql://u@localhost/d?tls=maybe", "tls=maybe" },
        { "mysql://u@localhost", "names no database" },
        { "mysql://u@localhost/", "names no database" },
        { "mysql://u@one,two/d", "more than one host" },
        { "mysql://u@localhost/d?socket=/s", "a host and a socket" },
        { "mysql://u@/d?socket=", "socket is empty" },
        { "mysql://u@/d?socket=/s&tls=verify", "leave tls out" },
        { "mysql://u@localhost/d?tls=off&tls_ca=/ca", "TLS is off" },
    };
    ost_error e;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(opened(bad[i].url, &e), OST_MISUSE);
        if (!strstr(e.message, bad[i].says))
            fail_msg("%s: %s", bad[i].url, e.message);
    }
}

static void what_is_local_needs_no_tls(void **state)
{
    static const struct {
        const char *url;
        int tls;
    } urls[] = {
        { "mysql://u@localhost/d", OST__MY_TLS_OFF },
        { "mysql://u@127.0.0.1/d", OST__MY_TLS_OFF },
        { "mysql://u@127.9.8.7:33/d", OST__MY_TLS_OFF },
        { "mysql://u@[::1]/d", OST__MY_TLS_OFF },
        { "mysql://u@/d?socket=/s", OST__MY_TLS_OFF },
        { "mysql://u@localhost/d?tls=require", OST__MY_TLS_REQUIRE },
        { "mysql://u@localhost/d?tls_ca=/ca", OST__MY_TLS_VERIFY },
        { "mysql://u@example.org/d", OST__MY_TLS_VERIFY },
        { "mariadb://u@example.org/d?tls=off", OST__MY_TLS_OFF },
        { "mysql://u@example.org/d?tls=require", OST__MY_TLS_REQUIRE },
        { "mysql://u@127.example.org/d", OST__MY_TLS_VERIFY },
        { "mysql://u@127.0.0.1.example.org/d", OST__MY_TLS_VERIFY },
        { "mysql://u@localhost.example.org/d", OST__MY_TLS_VERIFY },
        { "mysql://u@127.1/d", OST__MY_TLS_VERIFY },
    };
    bench b = { .fail_at = -1 };
    (void)state;
    ost__platform_complete(&b.platform, NULL);
    const ost__memory memory = { b.platform.resize, b.platform.context };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        ost__my_settings s;
        ost_error e;
        assert_int_equal(ost__my_settings_read(&memory, urls[i].url, &s, &e), OST_OK);
        if (s.tls != urls[i].tls)
            fail_msg("%s: tls is %u", urls[i].url, s.tls);
        ost__my_settings_finish(&memory, &s);
    }
}

/* ---- what a connection is ---- */

static void capabilities_are_the_server_s(void **state)
{
    crates_world *w = *state;
    const ost_capabilities *caps = &w->b.caps;
    assert_string_equal(caps->server_name, "MariaDB");
    assert_true(caps->server_version >= 100600);
    assert_int_equal(caps->max_parameters, 65535);
    assert_int_equal(caps->max_identifier, 64);
    assert_int_equal(caps->max_packet + 1,
                     strtoull(crates_text(w, "SELECT @@max_allowed_packet"), NULL, 10));
    for (unsigned i = 0; i < 16; i++) {
        bool has = caps->abilities >> i & 1;
        bool wanted = i == OST_CAN_SAVEPOINT || i == OST_CAN_RETURN || i == OST_CAN_STREAM_BESIDE ||
                      i == OST_CAN_SKIP_LOCKED || i == OST_CAN_ARRAY_BIND ||
                      i == OST_CAN_BIND_LIST || i == OST_CAN_RESOLVE_COMMIT ||
                      i == OST_CAN_PREPARE || i == OST_CAN_ADD_KEYS || i == OST_CAN_MARK_COMMITS ||
                      i == OST_CAN_LOCK_ROWS;
        if (has != wanted)
            fail_msg("ability %u is %d", i, has);
    }
}

static void fm32_modes_are_strict_whatever_the_server_says(void **state)
{
    server_instance *s =
        server_private(SERVER_MYSQL, "--set sql_mode= --set default_time_zone=+05:00 "
                                     "--set character_set_server=latin1");
    crates_world w;
    (void)state;
    crates_open(&w, server_url(s, NULL));
    static const char question[] = "SELECT @@sql_mode, @@time_zone, @@collation_connection";
    MYSQL *mysql = w.b.driver->native(w.b.c);
    assert_int_equal(mysql_real_query(mysql, question, sizeof question - 1), 0);
    MYSQL_RES *rows = mysql_store_result(mysql);
    MYSQL_ROW row = mysql_fetch_row(rows);
    assert_non_null(strstr(row[0], "STRICT_ALL_TABLES"));
    assert_non_null(strstr(row[0], "NO_ZERO_DATE"));
    assert_non_null(strstr(row[0], "NO_BACKSLASH_ESCAPES"));
    assert_string_equal(row[1], "+00:00");
    assert_string_equal(row[2], "utf8mb4_nopad_bin");
    mysql_free_result(rows);
    crates_close(&w);
    server_end(s);
}

static void fm34_every_plane_of_unicode_comes_back(void **state)
{
    crates_world *w = *state;
    crate in = { .name = "planes",
                 .note = "a \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 "
                         "\xf0\xa0\x80\x80 \xf4\x8f\xbf\xbd" };
    crate out[2];
    size_t count;
    made *m = crate_insert(w, &in, 1), *get = crate_select(w);
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    assert_int_equal(run_rows(get, out, 2, &count), OST_OK);
    assert_int_equal(count, 1);
    assert_string_equal(out[0].note, in.note);
    discard(m);
    discard(get);
}

/* ---- who may not ---- */

static void fm19_a_wrong_password_is_refused(void **state)
{
    crates_world *w = *state;
    ost_error e;
    assert_int_equal(opened(server_url_as(w->url, "ostler", "wrong-and-secret"), &e), OST_AUTH);
    assert_int_equal(e.native_code, 1045);
    assert_int_equal(e.retryable, 0);
    assert_null(strstr(e.message, "wrong-and-secret"));
    assert_non_null(strstr(e.message, "user name and password"));
}

static void fm19_a_full_server_says_so(void **state)
{
    enum { MOST = 10 };
    server_instance *s = server_private(SERVER_MYSQL, "--set max_connections=10");
    crates_world w;
    ost_connection *others[MOST + 2];
    ost_capabilities caps;
    ost_status status = OST_OK;
    int count = 0;
    (void)state;
    crates_open(&w, server_url(s, NULL));
    while (status == OST_OK && count < MOST + 2) {
        status =
            w.b.driver->connect(w.b.backend, NULL, INT64_MAX, &others[count], &caps, &w.b.error);
        count += status == OST_OK;
    }
    assert_int_equal(status, OST_CONNECTION);
    assert_int_equal(w.b.error.native_code, 1040);
    assert_non_null(strstr(w.b.error.message, "too many connections"));
    /* Those that are there go on, and once one is closed there is room again. */
    assert_int_equal(crates_simple(&w, OST_DO_RAW, "DO 1"), OST_OK);
    while (count > 0)
        w.b.driver->close(others[--count], INT64_MAX);
    for (int i = 0; i < 100 && status != OST_OK; i++) {
        status = w.b.driver->connect(w.b.backend, NULL, INT64_MAX, &others[0], &caps, &w.b.error);
        assert_true(status == OST_OK || w.b.error.native_code == 1040);
    }
    assert_int_equal(status, OST_OK);
    w.b.driver->close(others[0], INT64_MAX);
    crates_close(&w);
    server_end(s);
}

static void what_is_not_there_cannot_be_reached(void **state)
{
    crates_world *w = *state;
    ost_error e;
    assert_int_equal(opened("mysql://u:secret@127.0.0.1:1/d", &e), OST_CONNECTION);
    assert_non_null(strstr(e.message, "127.0.0.1 port 1"));
    assert_null(strstr(e.message, "secret"));
    assert_int_equal(opened("mysql://u@/d?socket=/nowhere/socket", &e), OST_CONNECTION);
    assert_non_null(strstr(e.message, "/nowhere/socket"));
    assert_int_equal(opened("mysql://u@no-such-host.invalid/d?tls=off", &e), OST_CONNECTION);
    char url[600];
    snprintf(url, sizeof url, "%.*s/no_such_database", (int)(strrchr(w->url, '/') - w->url),
             w->url);
    assert_int_equal(opened(url, &e), OST_CONNECTION);
    assert_int_equal(e.native_code, 1049);
}

/* ---- TLS ---- */

static void fm51_certificates_are_verified(void **state)
{
    server_instance *s = server_private(SERVER_MYSQL, NULL);
    char ca[600], other[600];
    ost_error e;
    (void)state;
    snprintf(ca, sizeof ca, "tls=verify&tls_ca=%s", server_tls_file(s, "ca.pem"));
    assert_int_equal(opened(server_url(s, ca), &e), OST_OK);
    assert_int_equal(opened(server_url(s, "tls=require"), &e), OST_OK);
    /* Nobody but ourselves knows who signed it. */
    assert_int_equal(opened(server_url(s, "tls=verify"), &e), OST_CONNECTION);
    assert_int_equal(e.native_code, 2026);
    snprintf(other, sizeof other, "tls=verify&tls_ca=%s", server_tls_file(s, "client.pem"));
    assert_int_equal(opened(server_url(s, other), &e), OST_CONNECTION);
    assert_int_equal(e.native_code, 2026);
    server_end(s);
}

static void fm51_wrong_hosts_and_old_certificates_are_refused(void **state)
{
    static const char *const kinds[] = { "--tls wrong-host", "--tls expired", "--tls self-signed" };
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        server_instance *s = server_private(SERVER_MYSQL, kinds[i]);
        char ca[600];
        ost_error e;
        snprintf(ca, sizeof ca, "tls=verify&tls_ca=%s", server_tls_file(s, "ca.pem"));
        if (opened(server_url(s, ca), &e) != OST_CONNECTION)
            fail_msg("%s was taken", kinds[i]);
        assert_int_equal(e.native_code, 2026);
        assert_int_equal(opened(server_url(s, "tls=require"), &e), OST_OK);
        server_end(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        cmocka_unit_test(urls_say_what_is_wrong_with_them),
        cmocka_unit_test(what_is_local_needs_no_tls),
        TEST(capabilities_are_the_server_s),
        cmocka_unit_test(fm32_modes_are_strict_whatever_the_server_says),
        TEST(fm34_every_plane_of_unicode_comes_back),
        TEST(fm19_a_wrong_password_is_refused),
        cmocka_unit_test(fm19_a_full_server_says_so),
        TEST(what_is_not_there_cannot_be_reached),
        cmocka_unit_test(fm51_certificates_are_verified),
        cmocka_unit_test(fm51_wrong_hosts_and_old_certificates_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
