/* SPDX-License-Identifier: MIT */
/* That the servers of the tests are what the tests take them for. */
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/servers.h"

enum { QUIET_MS = 300, PATIENCE_MS = 20000, SECURE_REQUEST = 80877103 };

static const enum server own_kinds[] = { SERVER_POSTGRES, SERVER_MYSQL };

/* One of each kind, for the tests that leave it as it was. */
static server_instance *instances[SERVER_PGBOUNCER + 1];

static int begin(void **state)
{
    (void)state;
    for (enum server kind = SERVER_POSTGRES; kind <= SERVER_PGBOUNCER; kind++)
        instances[kind] = server_private(kind, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (enum server kind = SERVER_POSTGRES; kind <= SERVER_PGBOUNCER; kind++)
        server_end(instances[kind]);
    return 0;
}

static void databases_are_fresh(void **state)
{
    (void)state;
    for (enum server kind = SERVER_POSTGRES; kind <= SERVER_PGBOUNCER; kind++) {
        const char *one = server_database(kind, NULL), *two = server_database(kind, NULL);
        assert_string_not_equal(one, two);
        server_sql(one, "CREATE TABLE t (a int)");
        server_sql(one, "INSERT INTO t VALUES (2), (NULL), (1)");
        assert_string_equal(server_text(one, "SELECT a FROM t ORDER BY coalesce(a, 9)"),
                            "1|2|NULL");
        assert_non_null(server_refuses(two, "SELECT a FROM t"));
        server_drop(one);
        if (kind != SERVER_PGBOUNCER) /* which hopes that the database will come to be */
            assert_non_null(server_refuses(one, "SELECT 1"));
        assert_null(server_refuses(two, "SELECT 1"));
    }
}

static void refusals_have_a_code(void **state)
{
    (void)state;
    const char *postgres = server_database(SERVER_POSTGRES, NULL);
    const char *mysql = server_database(SERVER_MYSQL, NULL);
    const char *twice = "INSERT INTO t VALUES (1), (1)";
    server_sql(postgres, "CREATE TABLE t (a int PRIMARY KEY)");
    server_sql(mysql, "CREATE TABLE t (a int PRIMARY KEY)");
    assert_memory_equal(server_refuses(postgres, twice), "23505 ", 6);
    assert_memory_equal(server_refuses(mysql, twice), "1062 ", 5);
}

/* A program that ends with a database in hand leaves none behind. */
static void databases_go_at_exit(void **state)
{
    static const char *const lists[] = {
        "SELECT count(*) FROM pg_database WHERE datname = '%s'",
        "SELECT count(*) FROM information_schema.schemata WHERE schema_name = '%s'",
    };
    char names[2][64], line[64], path[512], command[600], sql[200];
    (void)state;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(length > 0);
    path[length] = '\0';
    snprintf(command, sizeof command, "'%s' take", path);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    size_t taken = 0;
    while (fgets(line, sizeof line, out)) {
        if (strncmp(line, "ost_", 4) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        assert_true(taken < 2);
        memcpy(names[taken++], line, sizeof *names);
    }
    assert_int_equal(pclose(out), 0);
    assert_int_equal(taken, 2);
    for (size_t i = 0; i < 2; i++) {
        snprintf(sql, sizeof sql, lists[i], names[i]);
        assert_string_equal(server_text(server_database(own_kinds[i], NULL), sql), "0");
    }
}

static void take_and_leave(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        fprintf(stdout, "%s\n", strrchr(server_database(own_kinds[i], NULL), '/') + 1);
}

static unsigned long port_of(const char *url)
{
    return strtoul(strchr(strchr(url, '@'), ':') + 1, NULL, 10);
}

static int connect_to(const char *url)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port_of(url)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* MariaDB greets; PostgreSQL is asked whether it can do TLS. */
static bool is_answered(int fd, enum server kind, int ms)
{
    const uint32_t request[2] = { htonl(8), htonl(SECURE_REQUEST) };
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char byte;
    if (kind != SERVER_MYSQL && ms == QUIET_MS)
        assert_int_equal(write(fd, request, sizeof request), sizeof request);
    return poll(&p, 1, ms) == 1 && read(fd, &byte, 1) == 1;
}

/* The kernel still takes connections for a paused server; nobody answers them. */
static void paused_servers_hang(void **state)
{
    (void)state;
    for (enum server kind = SERVER_POSTGRES; kind <= SERVER_PGBOUNCER; kind++) {
        server_instance *s = instances[kind];
        server_pause(s);
        int fd = connect_to(server_url(s, NULL));
        assert_false(is_answered(fd, kind, QUIET_MS));
        server_resume(s);
        assert_true(is_answered(fd, kind, PATIENCE_MS));
        close(fd);
        assert_string_equal(server_text(server_url(s, NULL), "SELECT 7"), "7");
    }
}

static void crashes_keep_what_was_committed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        server_instance *s = instances[own_kinds[i]];
        const char *url = server_url(s, NULL);
        long pid = server_pid(s);
        server_sql(url, "CREATE TABLE t (a int)");
        server_sql(url, "INSERT INTO t VALUES (5)");
        server_kill(s);
        assert_non_null(server_refuses(url, "SELECT 1"));
        server_restart(s);
        assert_int_not_equal(server_pid(s), pid);
        assert_string_equal(server_text(url, "SELECT a FROM t"), "5");
        server_stop(s);
        assert_non_null(server_refuses(url, "SELECT 1"));
        server_restart(s);
        assert_string_equal(server_text(url, "SELECT a FROM t"), "5");
    }
}

static void poolers_outlive_their_server(void **state)
{
    (void)state;
    server_instance *s = instances[SERVER_PGBOUNCER];
    assert_string_equal(server_text(server_url(s, NULL), "SELECT 1"), "1");
    server_behind(s, "kill");
    assert_non_null(server_refuses(server_url_behind(s, NULL), "SELECT 1"));
    server_behind(s, "restart");
    assert_string_equal(server_text(server_url_behind(s, NULL), "SELECT 2"), "2");
}

static void servers_run_unprivileged(void **state)
{
    char path[64], line[128];
    unsigned long user = 0;
    (void)state;
    for (enum server kind = SERVER_POSTGRES; kind <= SERVER_PGBOUNCER; kind++) {
        server_instance *s = instances[kind];
        snprintf(path, sizeof path, "/proc/%ld/status", server_pid(s));
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        while (fgets(line, sizeof line, file))
            if (strncmp(line, "Uid:", 4) == 0)
                user = strtoul(line + 4, NULL, 10);
        fclose(file);
        assert_true(user != 0);
    }
}

/* What drivers have to set themselves is set otherwise here. */
static void settings_are_as_promised(void **state)
{
    (void)state;
    const char *postgres = server_database(SERVER_POSTGRES, NULL);
    const char *mysql = server_database(SERVER_MYSQL, NULL);
    assert_string_equal(server_text(postgres, "SELECT setting FROM pg_settings WHERE name IN "
                                              "('max_connections', 'max_prepared_transactions', "
                                              "'server_encoding') ORDER BY name"),
                        "60|0|UTF8");
    assert_string_not_equal(server_text(postgres, "SHOW timezone"), "UTC");
    assert_string_equal(
        server_text(mysql, "SELECT concat_ws(',', @@global.sql_mode, @@global.max_connections, "
                           "@@global.character_set_server, @@global.local_infile, "
                           "@@global.max_allowed_packet, @@global.log_bin, @@global.time_zone)"),
        ",100,latin1,ON,16777216,OFF,+03:00");
    server_instance *s = server_private(SERVER_POSTGRES, "--set max_connections=7");
    assert_string_equal(server_text(server_url(s, NULL), "SHOW max_connections"), "7");
    server_end(s);
    s = server_private(SERVER_MYSQL, "--set max-connections=13");
    assert_string_equal(server_text(server_url(s, NULL), "SELECT @@max_connections"), "13");
    server_end(s);
}

static void sockets_answer(void **state)
{
    char option[600];
    (void)state;
    for (enum server kind = SERVER_POSTGRES; kind <= SERVER_PGBOUNCER; kind++) {
        server_instance *s = instances[kind];
        snprintf(option, sizeof option, "socket=%s", server_socket(s));
        const char *url = server_url_at(server_url(s, option), 1);
        if (kind != SERVER_MYSQL) /* whose file is named after the port */
            url = server_url(s, option);
        const char *sql =
            kind == SERVER_MYSQL ? "SELECT user()" : "SELECT inet_client_addr() IS NULL";
        assert_string_equal(server_text(url, sql), kind == SERVER_MYSQL      ? "ostler@localhost"
                                                   : kind == SERVER_POSTGRES ? "t"
                                                                             : "f");
    }
}

/* What openssl says of the certificate that a server shows: 0 is good. */
static int verdict(const char *protocol, const char *url, const char *ca)
{
    char command[1024], line[512];
    int code = -1;
    snprintf(command, sizeof command,
             "openssl s_client -starttls %s -connect 127.0.0.1:%lu -CAfile '%s' "
             "-verify_ip 127.0.0.1 </dev/null 2>/dev/null",
             protocol, port_of(url), ca);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    while (fgets(line, sizeof line, out)) {
        const char *found = strstr(line, "Verify return code: ");
        if (found)
            code = (int)strtol(found + strlen("Verify return code: "), NULL, 10);
    }
    pclose(out);
    return code;
}

static void bad_certificates_are_bad(void **state)
{
    static const struct {
        const char *words;
        int verdict; /* X509_V_ERR_… */
    } rows[] = {
        { NULL, 0 },
        { "--tls expired", 10 },
        { "--tls self-signed", 18 },
        { "--tls wrong-host", 64 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        server_instance *s = server_private(SERVER_PGBOUNCER, rows[i].words);
        const char *ca = server_tls_file(s, "ca.pem");
        assert_int_equal(verdict("postgres", server_url(s, NULL), ca), rows[i].verdict);
        assert_int_equal(verdict("postgres", server_url_behind(s, NULL), ca), rows[i].verdict);
        server_end(s);
        s = server_private(SERVER_MYSQL, rows[i].words);
        ca = server_tls_file(s, "ca.pem");
        assert_int_equal(verdict("mysql", server_url(s, NULL), ca), rows[i].verdict);
        server_end(s);
    }
}

static void client_certificates_let_in(void **state)
{
    char option[2048];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        server_instance *s = instances[own_kinds[i]];
        const char *sql = own_kinds[i] == SERVER_MYSQL ? "SELECT user()" : "SELECT current_user";
        const char *plain = server_url_as(server_url(s, NULL), "certified", NULL);
        assert_non_null(server_refuses(plain, sql));
        snprintf(option, sizeof option, "tls_ca=%s&tls_cert=%s&tls_key=%s",
                 server_tls_file(s, "ca.pem"), server_tls_file(s, "client.pem"),
                 server_tls_file(s, "client.key"));
        assert_memory_equal(server_text(server_url_with(plain, option), sql), "certified", 9);
    }
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(databases_are_fresh),
        cmocka_unit_test(refusals_have_a_code),
        cmocka_unit_test(databases_go_at_exit),
        cmocka_unit_test(paused_servers_hang),
        cmocka_unit_test(crashes_keep_what_was_committed),
        cmocka_unit_test(poolers_outlive_their_server),
        cmocka_unit_test(servers_run_unprivileged),
        cmocka_unit_test(settings_are_as_promised),
        cmocka_unit_test(sockets_answer),
        cmocka_unit_test(bad_certificates_are_bad),
        cmocka_unit_test(client_certificates_let_in),
    };
    const struct CMUnitTest child[] = { cmocka_unit_test(take_and_leave) };
    if (count > 1 && strcmp(arguments[1], "take") == 0)
        return cmocka_run_group_tests(child, NULL, NULL);
    return cmocka_run_group_tests(tests, begin, end);
}
