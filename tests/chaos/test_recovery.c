/* SPDX-License-Identifier: MIT */
/* Servers that restart, refuse and change under the program: a clear status, and pool and session
 * are usable as soon as the server is. */
#include "chaos.h"

#include <pthread.h>
#include <stdatomic.h>

static const ost_driver *const *drivers(void)
{
    static const ost_driver *list[3];
    list[0] = ost_driver_postgres();
    list[1] = ost_driver_mysql();
    return list;
}

static ost_status read_one(ost_session *s)
{
    ost_status status = ost_get(s, account, 1) ? OST_OK : (ost_status)ost_session_error(s)->status;
    (void)ost_session_clear(s);
    return status;
}

/* ---- fm04: connections that died in the pool ---- */

static void fm04_idle_connections_are_killed(void **state)
{
    enum { CHECKOUTS = 1000, EVERY = 50 };
    chaos world, *c = &world;
    chaos_begin(c, chaos_server_of(state), false);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (int i = 0; i < CHECKOUTS; i++) {
        if (i % EVERY == 0)
            chaos_kill_connections(c);
        /* Each call outside a unit leases anew. */
        OK(read_one(c->s));
    }
    chaos_end(c);
}

static void fm04_server_ends_idle_connections(void **state)
{
    chaos world, *c = &world;
    chaos_begin(c, chaos_server_of(state), false);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    OK(read_one(c->s));
    chaos_sql(c, "SET GLOBAL wait_timeout = 1");
    chaos_close(c);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    OK(read_one(c->s));
    /* The server says when it has ended them; nobody sleeps for it. */
    while (strcmp(server_text(c->url, "SELECT count(*) FROM information_schema.processlist WHERE"
                                      " db = database() AND id <> connection_id()"),
                  "0") != 0)
        continue;
    OK(read_one(c->s));
    OK(read_one(c->witness));
    chaos_sql(c, "SET GLOBAL wait_timeout = 28800");
    chaos_end(c);
}

/* ---- restarts ---- */

static void fm13_server_restarts(void **state)
{
    enum { ROUNDS = 5 };
    const ost_pool_options pool = { .struct_size = sizeof pool, .max = 4 };
    enum server kind = chaos_server_of(state);
    server_instance *server = server_private(kind, NULL);
    ost_db *db;
    ost_session *s;
    ost_error error;
    chaos_ok(ost_open(OST_OPTIONS(.url = server_url(server, NULL), .drivers = drivers(),
                                  .models = OST_MODELS(&account_model), .pool = &pool),
                      &db, &error),
             &error, "open", __FILE__, __LINE__);
    chaos_ok(ost_create_tables(db, &error), &error, "create", __FILE__, __LINE__);
    chaos_ok(ost_session_open(db, NULL, &s, &error), &error, "session", __FILE__, __LINE__);
    assert_int_equal(ost_insert(s, account, &(account){ .id = 1, .owner = "x" }), OST_OK);
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 2)
            server_kill(server);
        else
            server_stop(server);
        ost_status status = read_one(s);
        assert_int_equal(status, OST_CONNECTION);
        assert_true(ost_session_error(s)->message[0] != '\0');
        server_restart(server);
        /* A second at most, while new attempts are held back. */
        int64_t end = chaos_now_ms() + 2000;
        do {
            status = read_one(s);
        } while (status != OST_OK && chaos_now_ms() < end);
        chaos_ok(status, ost_session_error(s), "after the restart", __FILE__, __LINE__);
        assert_int_equal(ost_begin(s, NULL), OST_OK);
        assert_int_equal(ost_insert(s, account, &(account){ .id = 100 + i, .owner = "y" }), OST_OK);
        assert_int_equal(ost_commit(s), OST_OK);
    }
    ost_session_close(s);
    ost_close(db);
    server_end(server);
}

/* ---- fm19: refused at the door ---- */

static void fm19_wrong_password(void **state)
{
    chaos world, *c = &world;
    ost_db *db = NULL;
    ost_error error;
    chaos_begin(c, chaos_server_of(state), false);
    const char *url = server_url_as(c->url, NULL, "not-the-password-7391");
    ost_status status = ost_open(
        OST_OPTIONS(.url = url, .drivers = drivers(), .models = OST_MODELS(&account_model)), &db,
        &error);
    assert_int_equal(status, OST_AUTH);
    assert_null(db);
    assert_null(strstr(error.message, "7391"));
    chaos_end(c);
}

static void fm19_too_many_connections(void **state)
{
    enum { MOST = 8, SESSIONS = 40 };
    const ost_pool_options pool = { .struct_size = sizeof pool,
                                    .max = SESSIONS,
                                    .acquire_timeout_ms = 1000 };
    enum server kind = chaos_server_of(state);
    server_instance *server = server_private(kind, "--set max_connections=8");
    ost_db *db;
    ost_session *s[SESSIONS];
    ost_error error;
    int refused = 0, begun = 0;
    chaos_ok(ost_open(OST_OPTIONS(.url = server_url(server, NULL), .drivers = drivers(),
                                  .models = OST_MODELS(&account_model), .pool = &pool),
                      &db, &error),
             &error, "open", __FILE__, __LINE__);
    chaos_ok(ost_create_tables(db, &error), &error, "create", __FILE__, __LINE__);
    for (int i = 0; i < SESSIONS; i++) {
        chaos_ok(ost_session_open(db, NULL, &s[i], &error), &error, "session", __FILE__, __LINE__);
        /* Each holds its connection until the end of its unit. */
        assert_int_equal(ost_begin(s[i], NULL), OST_OK);
        ost_status status =
            ost_insert(s[i], account, &(account){ .id = 100 + i, .owner = "somebody" });
        if (status == OST_OK) {
            begun++;
            continue;
        }
        refused++;
        assert_true(status == OST_CONNECTION || status == OST_POOL_TIMEOUT);
    }
    assert_true(begun > 0 && begun <= MOST);
    assert_true(refused > 0);
    for (int i = 0; i < SESSIONS; i++) {
        assert_int_equal(ost_rollback(s[i]), OST_OK);
        ost_session_close(s[i]);
    }
    /* As soon as some are free the pool works. */
    chaos_ok(ost_session_open(db, NULL, &s[0], &error), &error, "session", __FILE__, __LINE__);
    assert_int_equal(read_one(s[0]), OST_NOT_FOUND);
    ost_session_close(s[0]);
    ost_close(db);
    server_end(server);
}

/* ---- fm28: the table changes under prepared statements ---- */

typedef struct change {
    chaos *c;
    pthread_t thread;
    int rounds;
    atomic_bool done;
} change;

static void *alter(void *context)
{
    change *x = context;
    for (int i = 0; i < x->rounds; i++) {
        server_sql(x->c->url, "ALTER TABLE accounts ADD COLUMN extra int");
        server_sql(x->c->url, "ALTER TABLE accounts DROP COLUMN extra");
        server_sql(x->c->url, i % 2 ? "ALTER TABLE accounts ALTER COLUMN owner TYPE varchar(60)"
                                    : "ALTER TABLE accounts ALTER COLUMN owner TYPE varchar(70)");
    }
    atomic_store(&x->done, true);
    return NULL;
}

static void *alter_mysql(void *context)
{
    change *x = context;
    for (int i = 0; i < x->rounds; i++) {
        server_sql(x->c->url, "ALTER TABLE accounts ADD COLUMN extra int");
        server_sql(x->c->url, "ALTER TABLE accounts DROP COLUMN extra");
        server_sql(x->c->url, i % 2 ? "ALTER TABLE accounts MODIFY owner varchar(60) NOT NULL"
                                    : "ALTER TABLE accounts MODIFY owner varchar(70) NOT NULL");
    }
    atomic_store(&x->done, true);
    return NULL;
}

static void fm28_tables_change_under_load(void **state)
{
    chaos world, *c = &world;
    size_t count;
    int reads = 0;
    change x = { .c = c, .rounds = 30 };
    chaos_begin(c, chaos_server_of(state), false);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    assert_int_equal(
        pthread_create(&x.thread, NULL, c->server == SERVER_POSTGRES ? alter : alter_mysql, &x), 0);
    while (!atomic_load(&x.done)) {
        const account *all = ost_all(ost_from(c->s, account), account, &count);
        if (!all)
            OK((ost_status)ost_session_error(c->s)->status);
        assert_int_equal(count, ACCOUNTS);
        OK(read_one(c->s));
        reads++;
    }
    pthread_join(x.thread, NULL);
    assert_true(reads > 0);
    chaos_end(c);
}

/* ---- fm20: a server that only reads ---- */

static void fm20_read_only_server(void **state)
{
    chaos world, *c = &world;
    chaos_begin(c, chaos_server_of(state), false);
    char sql[256];
    const char *name = server_text(c->url, "SELECT current_database()");
    (void)snprintf(sql, sizeof sql, "ALTER DATABASE \"%s\" SET default_transaction_read_only = on",
                   name);
    chaos_sql(c, sql);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    OK(read_one(c->s));
    ost_status status = ost_insert(c->s, transfer, &(transfer){ .number = 1 });
    assert_int_equal(status, OST_CONNECTION);
    assert_non_null(strstr(ost_session_error(c->s)->message, "read"));
    assert_int_equal(chaos_count(c, 1), 0);
    chaos_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVERS(fm04_idle_connections_are_killed),
        ON_MYSQL(fm04_server_ends_idle_connections),
        ON_SERVERS(fm13_server_restarts),
        ON_SERVERS(fm19_wrong_password),
        ON_SERVERS(fm19_too_many_connections),
        ON_SERVERS(fm28_tables_change_under_load),
        ON_POSTGRES(fm20_read_only_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
