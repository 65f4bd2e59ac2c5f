/* SPDX-License-Identifier: MIT */
/*
 * Real servers for tests. tests/services/services.py starts them and names them in the environment;
 * each test takes a database of its own from one. A test that stops, kills or reconfigures a server
 * starts a private one. Whatever goes wrong in here fails the test with a sentence.
 */
#ifndef OSTLER_TESTS_SERVERS_H
#define OSTLER_TESTS_SERVERS_H

#include <stdbool.h>

enum server { SERVER_POSTGRES, SERVER_MYSQL, SERVER_PGBOUNCER, SERVER_MONGODB };

/* Whether the environment names one: OST_TEST_POSTGRES_URL, OST_TEST_MYSQL_URL,
 * OST_TEST_PGBOUNCER_URL, OST_TEST_MONGODB_URL. */
bool server_given(enum server kind);

/* The URL of a fresh, empty database, with `options` ("tls=require&…"; NULL: none) behind it. It is
 * dropped by server_drop() or at exit. Valid until exit. */
const char *server_database(enum server kind, const char *options);
void server_drop(const char *url);
/* A name for a schema: of another database on the server, or of a schema in this one. Nobody made
 * it; what the test makes of it goes with this database. Valid until exit. */
const char *server_beside(const char *url);
/* The URL with another option, user and password, or port; NULL, 0: as they are. Valid until exit.
 */
const char *server_url_with(const char *url, const char *option);
const char *server_url_as(const char *url, const char *user, const char *password);
const char *server_url_at(const char *url, int port);

/* Runs raw SQL on a connection of its own, several statements if separated by ';'. */
void server_sql(const char *url, const char *sql);
/* The first column of all rows, joined by '|'; NULL reads "NULL". Valid until the next call. */
const char *server_text(const char *url, const char *sql);
/*
 * Of MongoDB the SQL is commands, as documents of Extended JSON one after the other, and the rows
 * are the documents of a cursor, or the reply, in relaxed Extended JSON: { "_id" : 1 }.
 * server_canonical() gives what tells kinds apart: { "_id" : { "$numberLong" : "1" } }.
 */
const char *server_canonical(const char *url, const char *command);
/* As server_sql(), where it may be refused: NULL if it was not, else the server's code ("23505",
 * "1062", "11000") and message. Valid until the next call. */
const char *server_refuses(const char *url, const char *sql);

/* A server of a test's own, in a folder of its own. It is stopped and removed by
 * server_end(), or at exit. PgBouncer comes with a PostgreSQL behind it. */
typedef struct server_instance server_instance;
/* `extra` are words for services.py: "--tls expired", "--set max_connections=5"; NULL: none. */
server_instance *server_private(enum server kind, const char *extra);
void server_end(server_instance *s);
/* Of its database "ostler", which is empty at first. Valid until exit. */
const char *server_url(const server_instance *s, const char *options);
/* Of the PostgreSQL behind a PgBouncer. */
const char *server_url_behind(const server_instance *s, const char *options);
/* The path of a file: "ca.pem", "client.pem", "client.key"; and the server's socket for `socket=`.
 * Valid until exit. */
const char *server_tls_file(const server_instance *s, const char *name);
const char *server_socket(const server_instance *s);
long server_pid(const server_instance *s);
/* Each is done when it returns. After server_pause() nothing answers, and nothing is refused. */
void server_pause(const server_instance *s);
void server_resume(const server_instance *s);
void server_kill(const server_instance *s);    /* as a crash; server_restart() brings it back */
void server_stop(const server_instance *s);    /* in order; server_restart() brings it back */
void server_restart(const server_instance *s); /* on the same port, with the same data */
/* The same for the PostgreSQL behind a PgBouncer: "pause", "resume", "kill", "stop", "restart". */
void server_behind(const server_instance *s, const char *action);

#endif
