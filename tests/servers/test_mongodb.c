/* SPDX-License-Identifier: MIT */
/* That the MongoDB of the tests is what the tests take it for, and that commands reach it. */
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

#include <bson/bson.h>
#include <cmocka.h>

#include "support/servers.h"

enum { QUIET_MS = 300, PATIENCE_MS = 20000, OP_MSG = 2013 };

/* For the tests that leave it as it was. */
static server_instance *instance;

static int begin(void **state)
{
    (void)state;
    instance = server_private(SERVER_MONGODB, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    server_end(instance);
    return 0;
}

static void databases_are_fresh(void **state)
{
    (void)state;
    const char *one = server_database(SERVER_MONGODB, NULL);
    const char *two = server_database(SERVER_MONGODB, "w=majority");
    server_sql(one, "{\"insert\": \"t\", \"documents\": [{\"_id\": 1, \"a\": 2}, {\"_id\": 2}]}");
    assert_string_equal(server_text(one, "{\"find\": \"t\", \"sort\": {\"a\": 1}}"),
                        "{ \"_id\" : 2 }|{ \"_id\" : 1, \"a\" : 2 }");
    assert_string_equal(server_text(two, "{\"listCollections\": 1}"), "");
    server_drop(one);
    assert_string_equal(server_text(one, "{\"listCollections\": 1}"), "");
    assert_string_equal(server_text(two, "{\"count\": \"t\"}"), "{ \"n\" : 0 }");
}

static void commands_answer_in_extended_json(void **state)
{
    char script[400];
    (void)state;
    const char *url = server_database(SERVER_MONGODB, NULL);
    /* More than one portion of a cursor, and several commands. */
    snprintf(script, sizeof script,
             "{\"insert\": \"t\", \"documents\": [{\"_id\": {\"$numberLong\": \"5\"}}]}\n"
             "{\"aggregate\": \"t\", \"cursor\": {}, \"pipeline\": [{\"$project\": {\"n\":"
             " {\"$range\": [0, 300]}}}, {\"$unwind\": \"$n\"}, {\"$project\": {\"_id\": \"$n\","
             " \"w\": {\"$toLong\": \"$n\"}}}, {\"$out\": \"many\"}]}");
    assert_string_equal(server_text(url, script), "");
    assert_string_equal(server_canonical(url, "{\"find\": \"t\"}"),
                        "{ \"_id\" : { \"$numberLong\" : \"5\" } }");
    size_t bars = 0;
    for (const char *p = server_text(url, "{\"find\": \"many\", \"sort\": {\"_id\": 1}}"); *p; p++)
        bars += *p == '|';
    assert_int_equal(bars, 299);
}

static void refusals_have_a_code(void **state)
{
    (void)state;
    const char *url = server_database(SERVER_MONGODB, NULL);
    const char *said =
        server_refuses(url, "{\"insert\": \"t\", \"documents\": [{\"_id\": 1}, {\"_id\": 1}]}");
    assert_non_null(said);
    assert_memory_equal(said, "11000 ", 6);
    said = server_refuses(url, "{\"nonsense\": 1} {\"ping\": 1}");
    assert_non_null(said);
    assert_memory_equal(said, "59 ", 3);
    assert_null(server_refuses(url, "{\"ping\": 1}"));
    said = server_refuses(server_url_as(url, "ostler", "wrong"), "{\"ping\": 1}");
    assert_non_null(said);
    assert_memory_equal(said, "11 ", 3);
    said = server_refuses(server_url_as(url, "nobody", NULL), "{\"ping\": 1}");
    assert_non_null(said);
}

/* A program that ends with a database in hand leaves none behind. */
static void databases_go_at_exit(void **state)
{
    char name[64] = "", line[64], path[512], command[600];
    (void)state;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(length > 0);
    path[length] = '\0';
    snprintf(command, sizeof command, "'%s' take", path);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    while (fgets(line, sizeof line, out))
        if (strncmp(line, "ost_", 4) == 0)
            memcpy(name, line, sizeof name);
    assert_int_equal(pclose(out), 0);
    name[strcspn(name, "?\n")] = '\0';
    assert_int_not_equal(*name, 0);
    snprintf(command, sizeof command,
             "{\"listDatabases\": 1, \"nameOnly\": true, \"filter\": {\"name\": \"%s\"}, "
             "\"$db\": \"admin\"}",
             name);
    assert_string_equal(server_text(server_database(SERVER_MONGODB, NULL), command),
                        "{ \"databases\" : [  ] }");
}

static void take_and_leave(void **state)
{
    (void)state;
    const char *url = server_database(SERVER_MONGODB, NULL);
    server_sql(url, "{\"create\": \"t\"}");
    fprintf(stdout, "%s\n", strrchr(url, '/') + 1);
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

static void say_hello(int fd)
{
    bson_t *hello = BCON_NEW("hello", BCON_INT32(1), "$db", BCON_UTF8("admin"));
    int32_t head[5] = { (int32_t)(21 + hello->len), 1, 0, OP_MSG, 0 };
    uint8_t message[256] = { 0 };
    assert_true(21 + hello->len <= sizeof message);
    for (size_t i = 0; i < 5; i++) {
        int32_t word = (int32_t)BSON_UINT32_TO_LE((uint32_t)head[i]);
        memcpy(message + 4 * i, &word, 4);
    }
    memcpy(message + 21, bson_get_data(hello), hello->len);
    assert_int_equal(write(fd, message, 21 + hello->len), 21 + hello->len);
    bson_destroy(hello);
}

static bool is_answered(int fd, int ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char byte;
    return poll(&p, 1, ms) == 1 && read(fd, &byte, 1) == 1;
}

/* The kernel still takes connections for a paused server; nobody answers them. */
static void paused_servers_hang(void **state)
{
    (void)state;
    server_pause(instance);
    int fd = connect_to(server_url(instance, NULL));
    say_hello(fd);
    assert_false(is_answered(fd, QUIET_MS));
    server_resume(instance);
    assert_true(is_answered(fd, PATIENCE_MS));
    close(fd);
    assert_null(server_refuses(server_url(instance, NULL), "{\"ping\": 1}"));
}

static void crashes_keep_what_was_committed(void **state)
{
    (void)state;
    const char *url = server_url(instance, NULL), *find = "{\"find\": \"t\"}";
    long pid = server_pid(instance);
    server_sql(url, "{\"insert\": \"t\", \"documents\": [{\"_id\": 5}]}");
    server_kill(instance);
    assert_non_null(server_refuses(url, "{\"ping\": 1}"));
    server_restart(instance);
    assert_int_not_equal(server_pid(instance), pid);
    assert_string_equal(server_text(url, find), "{ \"_id\" : 5 }");
    server_stop(instance);
    assert_non_null(server_refuses(url, "{\"ping\": 1}"));
    server_restart(instance);
    assert_string_equal(server_text(url, find), "{ \"_id\" : 5 }");
    /* It can be written to when the restart is done. */
    server_sql(url, "{\"insert\": \"t\", \"documents\": [{\"_id\": 6}]}");
}

static void servers_run_unprivileged(void **state)
{
    char path[64], line[128];
    unsigned long user = 0;
    (void)state;
    snprintf(path, sizeof path, "/proc/%ld/status", server_pid(instance));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "Uid:", 4) == 0)
            user = strtoul(line + 4, NULL, 10);
    fclose(file);
    assert_true(user != 0);
}

static void settings_are_as_promised(void **state)
{
    (void)state;
    const char *url = server_database(SERVER_MONGODB, NULL);
    assert_non_null(strstr(server_text(url, "{\"hello\": 1}"), "\"setName\" : \"ostler\""));
    assert_non_null(strstr(server_text(url, "{\"buildInfo\": 1}"), "\"version\" : \"6.0.5\""));
    server_sql(url, "{\"configureFailPoint\": \"failCommand\", \"mode\": \"off\","
                    " \"$db\": \"admin\"}");
    server_instance *s = server_private(
        SERVER_MONGODB, "--set replSet= --set setParameter.maxIndexBuildMemoryUsageMegabytes=77");
    assert_null(strstr(server_text(server_url(s, NULL), "{\"hello\": 1}"), "setName"));
    assert_non_null(
        strstr(server_text(server_url(s, NULL), "{\"getParameter\": 1, \"$db\": \"admin\","
                                                " \"maxIndexBuildMemoryUsageMegabytes\": 1}"),
               "77"));
    server_end(s);
}

/* What openssl says of the certificate that a server shows: 0 is good. */
static int verdict(const char *url, const char *ca)
{
    char command[1024], line[512];
    int code = -1;
    snprintf(command, sizeof command,
             "openssl s_client -connect 127.0.0.1:%lu -CAfile '%s' -verify_ip 127.0.0.1"
             " </dev/null 2>/dev/null",
             port_of(url), ca);
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
        server_instance *s = server_private(SERVER_MONGODB, rows[i].words);
        const char *ca = server_tls_file(s, "ca.pem");
        assert_int_equal(verdict(server_url(s, NULL), ca), rows[i].verdict);
        server_end(s);
    }
}

static void client_certificates_let_in(void **state)
{
    char option[2048];
    (void)state;
    const char *who = "{\"connectionStatus\": 1}";
    const char *plain = server_url_as(server_url(instance, NULL), "certified", NULL);
    server_sql(server_url(instance, NULL),
               "{\"createUser\": \"CN=certified\", \"$db\": \"$external\", \"roles\":"
               " [{\"role\": \"readWrite\", \"db\": \"ostler\"}]}");
    assert_non_null(server_refuses(plain, who));
    snprintf(option, sizeof option, "tls_ca=%s&tls_cert=%s", server_tls_file(instance, "ca.pem"),
             server_tls_file(instance, "client-both.pem"));
    assert_non_null(strstr(server_text(server_url_with(plain, option), who), "CN=certified"));
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(databases_are_fresh),
        cmocka_unit_test(commands_answer_in_extended_json),
        cmocka_unit_test(refusals_have_a_code),
        cmocka_unit_test(databases_go_at_exit),
        cmocka_unit_test(paused_servers_hang),
        cmocka_unit_test(crashes_keep_what_was_committed),
        cmocka_unit_test(servers_run_unprivileged),
        cmocka_unit_test(settings_are_as_promised),
        cmocka_unit_test(bad_certificates_are_bad),
        cmocka_unit_test(client_certificates_let_in),
    };
    const struct CMUnitTest child[] = { cmocka_unit_test(take_and_leave) };
    if (count > 1 && strcmp(arguments[1], "take") == 0)
        return cmocka_run_group_tests(child, NULL, NULL);
    return cmocka_run_group_tests(tests, begin, end);
}
