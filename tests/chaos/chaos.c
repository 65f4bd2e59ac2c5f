/* SPDX-License-Identifier: MIT */
#include "chaos.h"

#include <time.h>

OST_MODEL(account, .table = "accounts",
          OST_FIELDS(OST_FIELD(account, id, .primary_key = true), OST_FIELD(account, cents),
                     OST_FIELD(account, owner, .required = true, .max_length = 60)));
OST_MODEL(transfer, .table = "transfers",
          OST_FIELDS(OST_FIELD(transfer, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(transfer, number), OST_FIELD(transfer, cents)));

static const ost_model *const usual_models[] = { &account_model, &transfer_model, NULL };
enum server chaos_servers[] = { SERVER_POSTGRES, SERVER_MYSQL, SERVER_PGBOUNCER, SERVER_MONGODB };

enum server chaos_server_of(void **state)
{
    return *(const enum server *)*state;
}

int64_t chaos_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void chaos_ok(ost_status status, const ost_error *e, const char *what, const char *file, int line)
{
    if (status == OST_OK)
        return;
    print_error("%s: %s: %s\n", what, ost_status_name(status), e->message);
    _fail(file, line);
}

/* ---- what has no place on MongoDB ---- */

static const struct {
    const char *test, *why;
} not_on_mongodb[] = {
    { "fm04_server_ends_idle_connections", "it keeps idle connections for ever" },
    { "fm04_server_ends_an_idle_transaction",
      "it ends the transaction and keeps the connection: fm04_server_forgets_a_transaction" },
    { "fm21_a_deadlock_ends_one_of_two",
      "no lock is waited for: fm21_the_second_writer_is_told_at_once" },
    { "fm22_lock_wait_timeout_rolls_back",
      "no lock is waited for, and any error ends the whole transaction" },
    { "fm54_bytes_of_handshakes_are_flipped",
      "libmongoc 1.23 ends the process over a greeting that is no document" },
    { "fm54_bytes_of_replies_are_flipped",
      "libmongoc 1.23 crashes over a message that is none; damaged documents: mongo.cells" },
};
enum { NOT_ON_MONGODB = sizeof not_on_mongodb / sizeof *not_on_mongodb };

static const char *reason_of(const char *name, size_t length)
{
    for (size_t i = 0; i < NOT_ON_MONGODB; i++)
        if (strlen(not_on_mongodb[i].test) == length &&
            strncmp(not_on_mongodb[i].test, name, length) == 0)
            return not_on_mongodb[i].why;
    return NULL;
}

static bool is_on(const struct CMUnitTest *tests, size_t count, CMUnitTestFunction test,
                  enum server server)
{
    for (size_t i = 0; i < count; i++)
        if (tests[i].test_func == test && tests[i].initial_state == &chaos_servers[server])
            return true;
    return false;
}

static bool reasons_given(const struct CMUnitTest *tests, size_t count)
{
    bool given = true;
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(tests[i].name, " ");
        const char *why = reason_of(tests[i].name, length);
        if (tests[i].initial_state != &chaos_servers[SERVER_POSTGRES])
            continue;
        bool there = is_on(tests, count, tests[i].test_func, SERVER_MONGODB);
        if (there == (why != NULL)) {
            print_error("%s: it is %son MongoDB, and %s reason is given\n", tests[i].name,
                        there ? "" : "not ", why ? "a" : "no");
            given = false;
        } else if (!there) {
            print_message("%.*s is not on MongoDB: %s\n", (int)length, tests[i].name, why);
        }
    }
    return given;
}

int chaos_run(const struct CMUnitTest *tests, size_t count, CMFixtureFunction teardown)
{
    enum { TESTS = 64 };
    struct CMUnitTest kept[TESTS];
    size_t n = 0;
    if (count > TESTS || !reasons_given(tests, count))
        return 1;
    for (size_t i = 0; i < count; i++) {
#ifndef TEST_MONGO
        if (tests[i].initial_state == &chaos_servers[SERVER_MONGODB])
            continue;
#endif
        kept[n++] = tests[i];
    }
    return _cmocka_run_group_tests("chaos", kept, n, NULL, teardown);
}

/* ---- servers ---- */

server_instance *chaos_private(enum server kind, const char *extra)
{
    static server_instance *started[sizeof chaos_servers / sizeof *chaos_servers];
    if (!started[kind])
        started[kind] = server_private(kind, extra);
    return started[kind];
}

const char *chaos_private_database(const server_instance *s)
{
    enum { URLS = 64 };
    static char urls[URLS][256];
    static int count;
    char sql[64];
    const char *url = server_url(s, NULL), *options = strchr(url, '?'), *name = strrchr(url, '/');
    assert_non_null(name);
    assert_true(count < URLS);
    char *out = urls[count++];
    (void)snprintf(out, sizeof urls[0], "%.*s/chaos_%d%s", (int)(name - url), url, count,
                   options ? options : "");
    (void)snprintf(sql, sizeof sql, "CREATE DATABASE chaos_%d", count);
    if (strncmp(url, "mongodb:", 8) != 0) /* which makes one by its first use */
        server_sql(url, sql);
    return out;
}

/* ---- the bank ---- */

static ost_status open_database(const chaos *c, const char *url, ost_db **db, ost_session **s,
                                ost_error *e)
{
    ost_status status =
        ost_open(OST_OPTIONS(.url = url, .drivers = CHAOS_DRIVERS, .models = c->models,
                             .pool = &c->pool, .connect_timeout_ms = c->connect_timeout_ms,
                             .statement_timeout_ms = c->statement_timeout_ms),
                 db, e);
    return status == OST_OK ? ost_session_open(*db, NULL, s, e) : status;
}

static void open_accounts(chaos *c)
{
    chaos_ok(ost_create_tables(c->witness_db, &c->error), &c->error, "create tables", __FILE__,
             __LINE__);
    for (int64_t i = 1; i <= ACCOUNTS; i++) {
        account a = { .id = i, .cents = OPENING_CENTS, .owner = "somebody" };
        chaos_ok(ost_insert(c->witness, account, &a), ost_session_error(c->witness), "insert",
                 __FILE__, __LINE__);
    }
}

void chaos_begin_on(chaos *c, enum server server, server_instance *instance,
                    const ost_model *const *models)
{
    memset(c, 0, sizeof *c);
    c->server = server;
    c->instance = instance;
    c->models = models ? models : usual_models;
    c->url = instance ? chaos_private_database(instance) : server_database(server, NULL);
    c->pool = (ost_pool_options){ .struct_size = sizeof c->pool, .max = 2 };
    c->connect_timeout_ms = 5000;
    c->statement_timeout_ms = 10000;
    chaos_ok(open_database(c, c->url, &c->witness_db, &c->witness, &c->error), &c->error, "open",
             __FILE__, __LINE__);
    open_accounts(c);
    c->via = c->url;
}

void chaos_begin(chaos *c, enum server server, bool through_proxy)
{
    chaos_begin_on(c, server, NULL, NULL);
    if (through_proxy) {
        c->proxy = proxy_to(c->url);
        c->via = proxy_url(c->proxy, c->url);
    }
}

ost_status chaos_open(chaos *c)
{
    return open_database(c, c->via, &c->db, &c->s, &c->error);
}

void chaos_close(chaos *c)
{
    ost_session_close(c->s);
    ost_close(c->db);
    c->s = NULL;
    c->db = NULL;
}

void chaos_end(chaos *c)
{
    chaos_close(c);
    ost_session_close(c->witness);
    ost_close(c->witness_db);
    if (c->proxy)
        proxy_close(c->proxy);
    if (!c->instance)
        server_drop(c->url);
}

int64_t chaos_total(chaos *c)
{
    ost_value total;
    chaos_ok(ost_value_of(ost_from(c->witness, account), ost_sum(ost_col(account, cents)), &total),
             ost_session_error(c->witness), "total", __FILE__, __LINE__);
    assert_int_equal(ost_session_clear(c->witness), OST_OK);
    assert_int_equal(total.type, OST_TYPE_INT64);
    return total.as.integer;
}

int64_t chaos_count(chaos *c, int64_t number)
{
    int64_t count = -1;
    ost_query *q = ost_from(c->witness, transfer);
    ost_where(q, ost_eq(transfer, number, number));
    chaos_ok(ost_count_of(q, &count), ost_session_error(c->witness), "count", __FILE__, __LINE__);
    assert_int_equal(ost_session_clear(c->witness), OST_OK);
    return count;
}

void chaos_sql(const chaos *c, const char *sql)
{
    server_sql(c->url, sql);
}

const char *chaos_words(const chaos *c, const char *postgres, const char *mysql,
                        const char *mongodb)
{
    return c->server == SERVER_MYSQL ? mysql : c->server == SERVER_MONGODB ? mongodb : postgres;
}

void chaos_kill_connections(chaos *c)
{
    char ids[1024], sql[64], *end;
    if (c->server == SERVER_MONGODB) {
        assert_non_null(c->proxy);
        proxy_cut(c->proxy);
        return;
    }
    if (c->server != SERVER_MYSQL) {
        chaos_sql(c, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname ="
                     " current_database() AND pid <> pg_backend_pid()");
        return;
    }
    (void)snprintf(ids, sizeof ids, "%s",
                   server_text(c->url, "SELECT id FROM information_schema.processlist WHERE db ="
                                       " database() AND id <> connection_id() AND id > 0"));
    for (const char *id = ids; *id; id = *end == '|' ? end + 1 : end) {
        const char *why;
        (void)snprintf(sql, sizeof sql, "KILL CONNECTION %ld", strtol(id, &end, 10));
        why = server_refuses(c->url, sql);
        /* One that ended by itself meanwhile is as good as killed. */
        if (why && strncmp(why, "1094", 4) != 0)
            fail_msg("%s: %s", sql, why);
    }
}

int chaos_open_transactions(const chaos *c)
{
    const char *text = server_text(
        c->url, "{\"aggregate\": 1, \"pipeline\": [{\"$currentOp\": {\"allUsers\": true,"
                " \"idleSessions\": true}}, {\"$match\": {\"transaction\": {\"$exists\": true}}},"
                " {\"$count\": \"open\"}], \"cursor\": {}, \"$db\": \"admin\"}");
    return *text ? (int)strtol(strchr(text, ':') + 1, NULL, 10) : 0;
}
