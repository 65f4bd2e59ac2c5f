/* SPDX-License-Identifier: MIT */
/*
 * What can happen between a program and its server, through the public interface alone: a bank on a
 * real server, which is reached straight or through a relay that loses what passes.
 */
#ifndef OSTLER_TESTS_CHAOS_H
#define OSTLER_TESTS_CHAOS_H

#include "ostler/ostler.h"
#include "support/proxy.h"
#include "support/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct account {
    int64_t id;
    int64_t cents;
    const char *owner;
} account;
/* Every transfer leaves one, with a number that the test gives. */
typedef struct transfer {
    int64_t id;
    int64_t number;
    int64_t cents;
} transfer;
OST_RECORD(account, id);
OST_RECORD(transfer, id);
extern const ost_model account_model, transfer_model;

enum { ACCOUNTS = 4, OPENING_CENTS = 1000 };

typedef struct chaos {
    enum server server;
    server_instance *instance;      /* NULL: the server that all tests share */
    const ost_model *const *models; /* account and transfer among them */
    const char *url;                /* straight to the server */
    proxy *proxy;                   /* NULL: not used */
    const char *via;                /* the URL of the program */
    ost_pool_options pool;
    uint32_t connect_timeout_ms, statement_timeout_ms;
    ost_db *db;
    ost_session *s;
    ost_error error;
    ost_db *witness_db; /* a program of its own, straight to the server */
    ost_session *witness;
} chaos;

/* Each test runs on each server: its initial state is one of these. */
extern enum server chaos_servers[];
#define ON_POSTGRES(f)                                     \
    {                                                      \
#f " (postgres)", f, NULL, NULL, &chaos_servers[0] \
    }
#define ON_MYSQL(f)                                     \
    {                                                   \
#f " (mysql)", f, NULL, NULL, &chaos_servers[1] \
    }
/* PgBouncer, which has fewer connections than the test, and changes them between transactions. */
#define ON_POOLER(f)                                     \
    {                                                    \
#f " (pooler)", f, NULL, NULL, &chaos_servers[2] \
    }
#define ON_MONGODB(f)                                     \
    {                                                     \
#f " (mongodb)", f, NULL, NULL, &chaos_servers[3] \
    }
/* Why one that is on servers of SQL alone has no place on MongoDB is in a table in chaos.c. */
#define ON_SQL(f) ON_POSTGRES(f), ON_MYSQL(f)
#define ON_SERVERS(f) ON_SQL(f), ON_MONGODB(f)
/* In the place of cmocka_run_group_tests(): looks into that table first, and leaves out MongoDB
 * where its driver is not built. */
#define RUN_CHAOS(tests, teardown) chaos_run((tests), sizeof(tests) / sizeof *(tests), (teardown))
int chaos_run(const struct CMUnitTest *tests, size_t count, CMFixtureFunction teardown);
enum server chaos_server_of(void **state);
#ifdef TEST_MONGO
#define CHAOS_DRIVERS OST_DRIVERS(ost_driver_postgres(), ost_driver_mysql(), ost_driver_mongo())
#else
#define CHAOS_DRIVERS OST_DRIVERS(ost_driver_postgres(), ost_driver_mysql())
#endif

/* A server that a test may stop, fill and set otherwise: one for each kind in a program, until its
 * end. It is started by the first call, with `extra` for server_private(). */
server_instance *chaos_private(enum server kind, const char *extra);
/* A fresh, empty database of it. */
const char *chaos_private_database(const server_instance *s);

/* A fresh database with tables and accounts; `through_proxy`: the program reaches it by a relay. */
void chaos_begin(chaos *c, enum server server, bool through_proxy);
/* The same on a private server (NULL: the shared one), with these models (NULL: the usual ones). */
void chaos_begin_on(chaos *c, enum server server, server_instance *instance,
                    const ost_model *const *models);
/* Opens the program's database (again). */
ost_status chaos_open(chaos *c);
void chaos_close(chaos *c);
void chaos_end(chaos *c);

/* What the witness sees. */
int64_t chaos_total(chaos *c);
int64_t chaos_count(chaos *c, int64_t number); /* transfers of this number */
/* Raw SQL, or commands of MongoDB, on the database, straight to the server. */
void chaos_sql(const chaos *c, const char *sql);
/* That of these which the server understands. */
const char *chaos_words(const chaos *c, const char *postgres, const char *mysql,
                        const char *mongodb);
/* Kills the server's side of every connection to the database but the witness's own. MongoDB has no
 * command for that: there the relay, which the program must have, ends them. */
void chaos_kill_connections(chaos *c);
/* How many transactions are open at a server, which is MongoDB. */
int chaos_open_transactions(const chaos *c);

int64_t chaos_now_ms(void);
void chaos_ok(ost_status status, const ost_error *e, const char *what, const char *file, int line);
#define OK(call) chaos_ok((call), ost_session_error(c->s), #call, __FILE__, __LINE__)

#endif
