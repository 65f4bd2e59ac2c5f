/* SPDX-License-Identifier: MIT */
#include "support/server_sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <mysql.h>

#include "base/memory.h"
#include "base/url.h"
#include "support/server_mongo.h"
#include "support/servers.h"

enum { CONNECT_SECONDS = 20, PROBLEM_SIZE = 1024 };

/* The first column of the rows that came, joined by '|', and what went wrong. */
typedef struct answer {
    char *text;
    size_t length, room;
    char problem[PROBLEM_SIZE];
} answer;

static answer last;

static void begin(void)
{
    free(last.text);
    last = (answer){ .text = calloc(1, 1), .room = 1 };
    assert_non_null(last.text);
}

/* Whatever was read last is not needed at exit. */
static void forget(void)
{
    free(last.text);
    last = (answer){ 0 };
}

static void append(const char *text, size_t length)
{
    if (last.length + length + 1 > last.room) {
        last.room = 2 * (last.length + length + 1);
        last.text = realloc(last.text, last.room);
        assert_non_null(last.text);
    }
    memcpy(last.text + last.length, text, length);
    last.length += length;
    last.text[last.length] = '\0';
}

static void append_cell(int row, const char *cell, size_t length)
{
    if (row > 0)
        append("|", 1);
    if (cell)
        append(cell, length);
    else
        append("NULL", 4);
}

static void complain(const char *code, const char *message)
{
    snprintf(last.problem, sizeof last.problem, "%s %s", code, message);
}

static void postgres_row(const PGresult *result)
{
    for (int row = 0; PQnfields(result) > 0 && row < PQntuples(result); row++)
        append_cell(row, PQgetisnull(result, row, 0) ? NULL : PQgetvalue(result, row, 0),
                    (size_t)PQgetlength(result, row, 0));
}

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static const char *database_of(const ost__url *u)
{
    return u->path + (*u->path == '/');
}

/* `socket` and the TLS options of a URL in libpq's words. */
static void run_postgres(const ost__url *u, const char *sql)
{
    char seconds[12];
    snprintf(seconds, sizeof seconds, "%d", CONNECT_SECONDS);
    const char *socket = ost__url_option(u, "socket");
    const char *names[] = { "host",   "port",        "user",    "password",        "dbname",
                            "sslkey", "sslrootcert", "sslcert", "connect_timeout", NULL };
    const char *values[] = { socket ? socket : u->host,
                             u->port,
                             u->user,
                             u->password,
                             database_of(u),
                             ost__url_option(u, "tls_key"),
                             ost__url_option(u, "tls_ca"),
                             ost__url_option(u, "tls_cert"),
                             seconds,
                             NULL };
    PGconn *c = PQconnectdbParams(names, values, 0);
    PQsetNoticeProcessor(c, ignore_notice, NULL);
    if (PQstatus(c) != CONNECTION_OK) {
        complain("08006", PQerrorMessage(c));
    } else {
        PGresult *result = PQexec(c, sql);
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK) {
            postgres_row(result);
        } else if (status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
            const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
            complain(code ? code : "08006", PQerrorMessage(c));
        }
        PQclear(result);
    }
    PQfinish(c);
}

static void mysql_rows(MYSQL *c)
{
    MYSQL_RES *result = mysql_store_result(c);
    MYSQL_ROW cells;
    if (!result)
        return;
    begin();
    for (int row = 0; (cells = mysql_fetch_row(result)) != NULL; row++)
        append_cell(row, cells[0], mysql_fetch_lengths(result)[0]);
    mysql_free_result(result);
}

/* The answer is that of the last statement that gives rows. */
static void run_mysql(const ost__url *u, const char *sql)
{
    char code[16];
    unsigned int seconds = CONNECT_SECONDS;
    const char *ca = ost__url_option(u, "tls_ca"), *cert = ost__url_option(u, "tls_cert");
    MYSQL *c = mysql_init(NULL);
    assert_non_null(c);
    mysql_options(c, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    mysql_options(c, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (ca || cert)
        mysql_ssl_set(c, ost__url_option(u, "tls_key"), cert, ca, NULL, NULL);
    unsigned int port = u->port ? (unsigned int)strtoul(u->port, NULL, 10) : 0;
    const char *socket = ost__url_option(u, "socket");
    bool done = mysql_real_connect(c, socket ? NULL : u->host, u->user, u->password, database_of(u),
                                   port, socket, CLIENT_MULTI_STATEMENTS) &&
                mysql_query(c, sql) == 0;
    if (done) {
        int more;
        do {
            mysql_rows(c);
        } while ((more = mysql_next_result(c)) == 0);
        done = more < 0 && mysql_errno(c) == 0;
    }
    if (!done) {
        snprintf(code, sizeof code, "%u", mysql_errno(c));
        complain(code, mysql_error(c));
    }
    mysql_close(c);
}

static void mongo_document(void *context, const char *text, size_t length)
{
    int *count = context;
    append_cell((*count)++, text, length);
}

static void run_mongo(const ost__url *u, const char *commands, bool canonical)
{
    int count = 0;
    const char *problem = server_mongo_run(u, commands, canonical, mongo_document, &count);
    if (problem)
        snprintf(last.problem, sizeof last.problem, "%s", problem);
}

/* Fills `last`; NULL, or the problem. */
static const char *run_as(const char *url, const char *sql, bool canonical)
{
    ost_platform platform;
    ost__url u;
    ost_error e;
    static bool registered;
    if (!registered)
        registered = atexit(forget) == 0;
    ost__platform_complete(&platform, NULL);
    const ost__memory memory = { platform.resize, platform.context };
    if (ost__url_parse(&memory, url, &u, &e) != OST_OK)
        fail_msg("%s", e.message);
    begin();
    if (ost__url_has_scheme(url, "mysql") || ost__url_has_scheme(url, "mariadb"))
        run_mysql(&u, sql);
    else if (ost__url_has_scheme(url, "mongodb"))
        run_mongo(&u, sql, canonical);
    else
        run_postgres(&u, sql);
    ost__url_finish(&memory, &u);
    last.problem[strcspn(last.problem, "\n")] = '\0';
    return *last.problem ? last.problem : NULL;
}

static const char *run(const char *url, const char *sql)
{
    return run_as(url, sql, false);
}

void server_sql(const char *url, const char *sql)
{
    const char *problem = run(url, sql);
    if (problem)
        fail_msg("%s: %s", sql, problem);
}

const char *server_text(const char *url, const char *sql)
{
    server_sql(url, sql);
    return last.text;
}

const char *server_canonical(const char *url, const char *command)
{
    const char *problem = run_as(url, command, true);
    if (problem)
        fail_msg("%s: %s", command, problem);
    return last.text;
}

const char *server_refuses(const char *url, const char *sql)
{
    return run(url, sql);
}

/* MariaDB would wait for whoever still uses the database, for a day. */
static const char *drop_in_mysql(const char *admin, const char *name)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "SELECT group_concat(concat('KILL ', id) SEPARATOR ';') "
             "FROM information_schema.processlist WHERE db = '%s'",
             name);
    const char *problem = run(admin, sql);
    char *kills = problem || strcmp(last.text, "NULL") == 0 ? NULL : last.text;
    if (kills) {
        last.text = NULL;
        run(admin, kills); /* one that is gone by now is as good as killed */
        free(kills);
    }
    snprintf(sql, sizeof sql,
             "SET SESSION lock_wait_timeout = 10; SET SESSION foreign_key_checks = 0; "
             "DROP DATABASE IF EXISTS %s",
             name);
    return problem ? problem : run(admin, sql);
}

const char *server_sql_drop(const char *admin, const char *name)
{
    char sql[256];
    if (ost__url_has_scheme(admin, "mysql") || ost__url_has_scheme(admin, "mariadb"))
        return drop_in_mysql(admin, name);
    if (ost__url_has_scheme(admin, "mongodb")) {
        snprintf(sql, sizeof sql, "{\"dropDatabase\": 1, \"maxTimeMS\": 20000, \"$db\": \"%s\"}",
                 name);
        return run(admin, sql);
    }
    snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s WITH (FORCE)", name);
    return run(admin, sql);
}
