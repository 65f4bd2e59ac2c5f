/* SPDX-License-Identifier: MIT */
/* What the commands of services.py promise beyond what support/servers.h uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/servers.h"

enum { TEXT_SIZE = 4096, FOLDER_SIZE = 256 };

/* What the last command said. */
static char said[TEXT_SIZE];

static bool is_there(const char *folder, const char *name)
{
    char path[3 * FOLDER_SIZE];
    struct stat found;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &found) == 0;
}

static void copy_line(char *out, size_t size, const char *name)
{
    const char *line = strstr(said, name);
    assert_non_null(line);
    size_t length = strcspn(line, "\n");
    assert_true(length < size);
    memcpy(out, line, length);
    out[length] = '\0';
}

/* A test's own, and where in it its servers are. */
static char top[FOLDER_SIZE], folder[2 * FOLDER_SIZE];

/* The status of services.py, which finds more in its environment. */
static int services_given(const char *given, const char *action, const char *words)
{
    char command[2 * TEXT_SIZE];
    snprintf(command, sizeof command,
             "%s python3 '" OST_SOURCE_DIR "/tests/services/services.py' %s --folder '%s' %s 2>&1",
             given, action, folder, words);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    size_t length = fread(said, 1, sizeof said - 1, out);
    said[length] = '\0';
    int status = pclose(out);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int services(const char *action, const char *words)
{
    return services_given("", action, words);
}

static int begin(void **state)
{
    const char *temporary = getenv("TMPDIR");
    (void)state;
    snprintf(top, sizeof top, "%s/ostler-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    assert_non_null(mkdtemp(top));
    memcpy(folder, top, sizeof top);
    return 0;
}

/* Nothing of a test that failed is left to run. */
static int end(void **state)
{
    (void)state;
    int status = services("stop", "");
    rmdir(top);
    return status == 0 && !is_there(top, "") ? 0 : -1;
}

static void starting_again_changes_nothing(void **state)
{
    char first[512], second[512];
    (void)state;
    assert_int_equal(services("start", "--private postgres"), 0);
    assert_string_equal(said, "");
    assert_int_equal(services("env", ""), 0);
    copy_line(first, sizeof first, "export OST_TEST_POSTGRES_URL='postgresql://ostler:");
    assert_int_equal(services("start", "--private postgres"), 0);
    assert_int_equal(services("env", ""), 0);
    copy_line(second, sizeof second, "export OST_TEST_POSTGRES_URL='");
    assert_string_equal(first, second);
    assert_null(strstr(said, "OST_TEST_MYSQL_URL"));
}

/* Its processes are stopped and take no other signal than these. */
static void paused_servers_can_be_stopped(void **state)
{
    (void)state;
    assert_int_equal(services("start", "--private postgres"), 0);
    assert_int_equal(services("pause", "postgres"), 0);
    assert_int_equal(services("stop", "postgres"), 0);
    assert_false(is_there(folder, "postgres.pid"));
    assert_int_equal(services("resume", "postgres"), 1);
    assert_string_equal(said, "services.py: postgres does not run\n");
    assert_int_equal(services("start", "--private postgres"), 0);
    assert_true(is_there(folder, "postgres.pid"));
}

static void given_servers_are_used(void **state)
{
    const char *given = "OST_TEST_MYSQL_URL=mysql://a:b@c.invalid:1/d";
    (void)state;
    assert_int_equal(services_given(given, "start", "mariadb"), 0);
    assert_false(is_there(folder, "mariadb.pid"));
    assert_int_equal(services("env", ""), 0);
    assert_non_null(strstr(said, "export OST_TEST_MYSQL_URL='mysql://a:b@c.invalid:1/d'\n"));
}

static void settings_of_a_start_hold(void **state)
{
    (void)state;
    assert_int_equal(services("start", "--private --set postgres.work_mem=3MB pgbouncer"), 0);
    assert_int_equal(services("start", "--private --set max_connections postgres"), 1);
    assert_string_equal(said, "services.py: --set takes NAME=VALUE, not max_connections\n");
    assert_int_equal(services("start", "--private --set nonsense=1 postgres"), 1);
    assert_non_null(strstr(said, "services.py: postgres does not start:\n"));
    assert_non_null(strstr(said, "nonsense"));
}

static void misuse_is_told(void **state)
{
    static const struct {
        const char *action, *words;
        int status;
        const char *sentence;
    } rows[] = {
        { "start", "oracle", 2, "there is no server oracle" },
        { "pause", "", 2, "pause takes one server" },
        { "kill", "postgres mariadb", 2, "kill takes one server" },
        { "start", "--tls none postgres", 2, "invalid choice" },
        { "fly", "", 2, "invalid choice" },
        { "pause", "mariadb", 1, "mariadb was never started in " },
        { "restart", "mariadb", 1, "mariadb was never started in " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(services(rows[i].action, rows[i].words), rows[i].status);
        assert_non_null(strstr(said, rows[i].sentence));
    }
}

/* A wrong folder costs nobody a file. */
static void stop_removes_what_start_made(void **state)
{
    char path[3 * FOLDER_SIZE];
    (void)state;
    snprintf(path, sizeof path, "%s/mine", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(services("stop", ""), 0);
    assert_true(is_there(folder, "mine"));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(services("stop", ""), 0);
    assert_false(is_there(folder, ""));
    assert_int_equal(services("stop", ""), 0);
    assert_false(is_there(folder, ""));
}

/* The path of a socket is short. A folder may be one that only its owner enters. */
static void starts_in(const char *name)
{
    char url[512];
    snprintf(folder, sizeof folder, "%s/%s", top, name);
    assert_int_equal(services("start", "--private postgres"), 0);
    assert_int_equal(services("env", ""), 0);
    copy_line(url, sizeof url, "postgresql://");
    url[strcspn(url, "'")] = '\0';
    assert_string_equal(server_text(url, "SELECT 1"), "1");
}

static void long_names_will_do(void **state)
{
    (void)state;
    starts_in("a-name-of-more-than-a-hundred-bytes-01234567890123456789012345678901234567890123456"
              "789012345678901234567890123456789");
}

static void closed_folders_will_do(void **state)
{
    (void)state;
    assert_int_equal(chmod(top, 0700), 0);
    starts_in("inside");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(starting_again_changes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(paused_servers_can_be_stopped, begin, end),
        cmocka_unit_test_setup_teardown(given_servers_are_used, begin, end),
        cmocka_unit_test_setup_teardown(settings_of_a_start_hold, begin, end),
        cmocka_unit_test_setup_teardown(misuse_is_told, begin, end),
        cmocka_unit_test_setup_teardown(stop_removes_what_start_made, begin, end),
        cmocka_unit_test_setup_teardown(long_names_will_do, begin, end),
        cmocka_unit_test_setup_teardown(closed_folders_will_do, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
