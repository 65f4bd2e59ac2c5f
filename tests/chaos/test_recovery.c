/* SPDX-License-Identifier: MIT */
/* Servers that restart, refuse and change under the program: a clear status, and pool and session
 * are usable as soon as the server is. */
#include "chaos.h"

#include <pthread.h>
#include <stdatomic.h>

static ost_status read_one(ost_session *s)
{
    ost_status status = ost_get(s, account, 1) ? OST_OK : (ost_status)ost_session_error(s)->status;
    (void)ost_session_clear(s);
    return status;
}

/* Few connections, one of which is kept for administrators. */
enum { CONNECTIONS = 12 };

static server_instance *private_server(enum server kind)
{
    return chaos_private(kind,
                         kind == SERVER_MONGODB ? "--set maxConns=12" : "--set max_connections=12");
}

/* ---- fm04: connections that died in the pool ---- */

static void fm04_idle_connections_are_killed(void **state)
{
    enum { CHECKOUTS = 1000, EVERY = 50 };
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    chaos_begin(c, kind, kind == SERVER_MONGODB);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (int i = 0; i < CHECKOUTS; i++) {
        if (i % EVERY == 0)
            chaos_kill_connections(c);
        /* Each call outside a unit leases anew. */
        OK(read_one(c->s));
    }
    chaos_end(c);
}

/* How many others than the witness are connected to the database. */
static int others(const chaos *c)
{
    const char *sql = chaos_words(
        c,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <>"
        " pg_backend_pid() AND backend_type = 'client backend'",
        "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND id <>"
        " connection_id()",
        NULL);
    return (int)strtol(server_text(c->url, sql), NULL, 10) - 1;
}

/* The server says when it has ended them; nobody sleeps for it. MongoDB does not say whose they
 * are; there the relay has ended them before. */
static void wait_until_alone(const chaos *c)
{
    while (c->server != SERVER_MONGODB && others(c) > 0)
        continue;
}

/* From the next connection on. The witness keeps what it has. */
static void set_patience(const chaos *c, const char *postgres, const char *mysql)
{
    char sql[250];
    if (c->server == SERVER_POSTGRES)
        (void)snprintf(sql, sizeof sql,
                       "BEGIN READ WRITE; DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET %s',"
                       " current_database()); END $$; COMMIT",
                       postgres);
    else
        (void)snprintf(sql, sizeof sql, "SET GLOBAL %s", mysql);
    chaos_sql(c, sql);
}

static void fm04_server_ends_idle_connections(void **state)
{
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    chaos_begin_on(c, kind, private_server(kind), NULL);
    set_patience(c, "idle_session_timeout = 100", "wait_timeout = 1");
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (int i = 0; i < 2; i++) {
        OK(read_one(c->s));
        wait_until_alone(c);
    }
    OK(read_one(c->s));
    OK(read_one(c->witness));
    set_patience(c, "idle_session_timeout = 0", "wait_timeout = 28800");
    chaos_end(c);
}

/* It held the connection in a transaction, which is lost with it; the session is not. */
static void fm04_server_ends_an_idle_transaction(void **state)
{
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    chaos_begin_on(c, kind, private_server(kind), NULL);
    set_patience(c, "idle_in_transaction_session_timeout = 100", "idle_transaction_timeout = 1");
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    OK(ost_begin(c->s, NULL));
    OK(ost_insert(c->s, transfer, &(transfer){ .number = 4 }));
    wait_until_alone(c);
    assert_int_equal(read_one(c->s), OST_CONNECTION);
    assert_int_equal(ost_commit(c->s), OST_CONNECTION);
    assert_int_equal(chaos_count(c, 4), 0);
    OK(read_one(c->s));
    set_patience(c, "idle_in_transaction_session_timeout = 0", "idle_transaction_timeout = 0");
    chaos_end(c);
}

/* MongoDB ends what is idle in a transaction by forgetting it; the connection stays. */
static void fm04_server_forgets_a_transaction(void **state)
{
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    chaos_begin_on(c, kind, private_server(kind), NULL);
    chaos_sql(c,
              "{\"setParameter\": 1, \"transactionLifetimeLimitSeconds\": 1, \"$db\": \"admin\"}");
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    OK(ost_begin(c->s, NULL));
    OK(ost_insert(c->s, transfer, &(transfer){ .number = 4 }));
    assert_int_equal(chaos_open_transactions(c), 1);
    while (chaos_open_transactions(c) > 0)
        continue;
    assert_int_equal(read_one(c->s), OST_SERIALIZATION);
    assert_int_equal(ost_commit(c->s), OST_SERIALIZATION);
    assert_true(ost_session_error(c->s)->retryable);
    assert_int_equal(chaos_count(c, 4), 0);
    OK(read_one(c->s));
    /* The same, where the commit is the first to be told. */
    OK(ost_begin(c->s, NULL));
    OK(ost_insert(c->s, transfer, &(transfer){ .number = 4 }));
    while (chaos_open_transactions(c) > 0)
        continue;
    assert_int_equal(ost_commit(c->s), OST_SERIALIZATION);
    assert_int_equal(chaos_count(c, 4), 0);
    OK(read_one(c->s));
    chaos_sql(c,
              "{\"setParameter\": 1, \"transactionLifetimeLimitSeconds\": 60, \"$db\": \"admin\"}");
    chaos_end(c);
}

/* ---- restarts ---- */

/* A second at most, while new attempts are held back, and whatever the server needs. */
static void comes_back(chaos *c)
{
    int64_t end = chaos_now_ms() + 5000;
    ost_status status;
    do {
        status = read_one(c->s);
    } while (status != OST_OK && chaos_now_ms() < end);
    OK(status);
}

static void fm13_server_restarts(void **state)
{
    enum { RESTARTS = 4, PATIENCE_MS = 1000 };
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    server_instance *server = private_server(kind);
    chaos_begin_on(c, kind, server, NULL);
    /* Until its deadline a call waits for another primary. */
    if (kind == SERVER_MONGODB)
        c->statement_timeout_ms = PATIENCE_MS;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (int i = 0; i < RESTARTS; i++) {
        /* Each second time a transaction is open. */
        bool inside = i / 2 % 2;
        if (inside) {
            OK(ost_begin(c->s, NULL));
            OK(ost_insert(c->s, transfer, &(transfer){ .number = -1 }));
        }
        if (i % 2)
            server_kill(server);
        else
            server_stop(server);
        assert_int_equal(read_one(c->s), OST_CONNECTION);
        assert_true(ost_session_error(c->s)->message[0] != '\0');
        if (inside)
            assert_int_equal(ost_commit(c->s), OST_CONNECTION);
        server_restart(server);
        comes_back(c);
        OK(ost_begin(c->s, NULL));
        OK(ost_insert(c->s, transfer, &(transfer){ .number = i }));
        OK(ost_commit(c->s));
    }
    /* The witness had idle connections to servers that are gone, too. */
    for (int i = 0; i < RESTARTS; i++)
        assert_int_equal(chaos_count(c, i), 1);
    assert_int_equal(chaos_count(c, -1), 0);
    chaos_end(c);
}

/* ---- fm19: refused at the door ---- */

static void fm19_wrong_password(void **state)
{
    chaos world, *c = &world;
    ost_db *db = NULL;
    ost_error error;
    chaos_begin(c, chaos_server_of(state), false);
    const char *url = server_url_as(c->url, "ostler", "not-the-password-7391");
    ost_status status = ost_open(
        OST_OPTIONS(.url = url, .drivers = CHAOS_DRIVERS, .models = OST_MODELS(&account_model)),
        &db, &error);
    assert_int_equal(status, OST_AUTH);
    assert_null(db);
    assert_null(strstr(error.message, "7391"));
    chaos_end(c);
}

static void set_password(const chaos *c, const char *password)
{
    char sql[200];
    (void)snprintf(sql, sizeof sql, "%s%s%s",
                   chaos_words(c, "ALTER ROLE somebody LOGIN SUPERUSER PASSWORD '",
                               "ALTER USER somebody IDENTIFIED BY '",
                               "{\"$db\": \"admin\", \"updateUser\": \"somebody\", \"pwd\": \""),
                   password, chaos_words(c, "'", "'", "\"}"));
    chaos_sql(c, sql);
}

/* Connections that were asked for; of MongoDB, whose connections are also watched over, log-ins,
 * the one of this question among them. */
static int64_t attempts(const chaos *c)
{
    if (c->server != SERVER_MONGODB)
        return proxy_connections(c->proxy);
    const char *text = server_text(c->url, "{\"serverStatus\": 1, \"$db\": \"admin\"}"),
               *at = strstr(text, "\"SCRAM-SHA-256\"");
    int64_t sum = 0;
    at = at ? strstr(at, "\"authenticate\"") : NULL;
    at = at ? strstr(at, "\"received\"") : NULL;
    assert_non_null(at);
    sum = strtoll(strchr(at, ':') + 1, NULL, 10);
    return sum;
}

/* A password that is changed under a program must not make it knock until its account is locked. */
static void fm19_a_changed_password_is_not_tried_in_a_storm(void **state)
{
    enum { CALLS = 300, ATTEMPTS_MAX = 3 };
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    chaos_begin_on(c, kind, private_server(kind), NULL);
    chaos_sql(c, chaos_words(c, "CREATE ROLE somebody", "CREATE USER somebody",
                             "{\"$db\": \"admin\", \"createUser\": \"somebody\", \"pwd\": \"none\","
                             " \"roles\": [\"root\"]}"));
    if (kind == SERVER_MYSQL)
        chaos_sql(c, "GRANT ALL ON *.* TO somebody");
    set_password(c, "first");
    c->proxy = proxy_to(c->url);
    c->via = server_url_as(proxy_url(c->proxy, c->url), "somebody", "first");
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    OK(read_one(c->s));
    set_password(c, "second");
    proxy_cut(c->proxy);
    wait_until_alone(c);
    int64_t before = attempts(c), began = chaos_now_ms();
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(read_one(c->s), OST_AUTH);
    /* One at once, and then ever fewer: after one second, two, four. */
    assert_true(attempts(c) - before <= ATTEMPTS_MAX + (chaos_now_ms() - began) / 1000);
    set_password(c, "first");
    comes_back(c);
    chaos_end(c);
}

/* Who may read alone is told so, and reads on. */
static void fm19_user_without_rights(void **state)
{
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    chaos_begin_on(c, kind, private_server(kind), NULL);
    chaos_sql(c, "{\"$db\": \"admin\", \"createUser\": \"reader\", \"pwd\": \"r-7391\", \"roles\":"
                 " [\"readAnyDatabase\"]}");
    c->via = server_url_as(c->url, "reader", "r-7391");
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    OK(read_one(c->s));
    ost_status status = ost_insert(c->s, account, &(account){ .id = 90, .owner = "somebody" });
    assert_int_equal(status, OST_AUTH);
    assert_non_null(strstr(ost_session_error(c->s)->message, "grant"));
    assert_null(strstr(ost_session_error(c->s)->message, "7391"));
    assert_int_equal(ost_session_error(c->s)->retryable, 0);
    OK(ost_begin(c->s, NULL));
    OK(read_one(c->s));
    assert_int_equal(ost_insert(c->s, account, &(account){ .id = 90, .owner = "somebody" }),
                     OST_AUTH);
    assert_int_equal(ost_commit(c->s), OST_AUTH);
    OK(read_one(c->s));
    assert_null(ost_get(c->witness, account, 90));
    chaos_end(c);
}

static void fm19_too_many_connections(void **state)
{
    /* Long enough for the server to say no. */
    enum { SESSIONS = 16, PATIENCE_MS = 500 };
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    ost_session *s[SESSIONS];
    int refused = 0, begun = 0;
    chaos_begin_on(c, kind, private_server(kind), NULL);
    c->pool = (ost_pool_options){ .struct_size = sizeof c->pool,
                                  .max = SESSIONS,
                                  .acquire_timeout_ms = PATIENCE_MS };
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (int i = 0; i < SESSIONS; i++) {
        chaos_ok(ost_session_open(c->db, NULL, &s[i], &c->error), &c->error, "session", __FILE__,
                 __LINE__);
        /* Each holds its connection until the end of its unit. */
        assert_int_equal(ost_begin(s[i], NULL), OST_OK);
        ost_status status =
            ost_insert(s[i], account, &(account){ .id = 100 + i, .owner = "somebody" });
        if (status == OST_OK) {
            begun++;
            continue;
        }
        refused++;
        assert_int_equal(ost_session_error(s[i])->nothing_sent, 1);
        /* MongoDB hangs up without a word: it may as well be away. */
        if (kind == SERVER_MONGODB && status == OST_CONNECTION) {
            assert_non_null(strstr(ost_session_error(s[i])->message, "cannot connect to"));
            continue;
        }
        /* It waits in line for one of those that there are. */
        assert_int_equal(status, OST_POOL_TIMEOUT);
        if (kind != SERVER_MONGODB)
            assert_non_null(strstr(ost_session_error(s[i])->message, "no other could be made"));
    }
    assert_true(begun > 0 && begun <= CONNECTIONS);
    assert_true(refused > 0);
    for (int i = 0; i < SESSIONS; i++) {
        assert_int_equal(ost_rollback(s[i]), OST_OK);
        ost_session_close(s[i]);
    }
    /* As soon as some are free the pool works. */
    if (kind == SERVER_MONGODB)
        comes_back(c);
    OK(read_one(c->s));
    chaos_end(c);
}

/* ---- fm18: waiting is bounded, whoever is waited for ---- */

enum { WAITERS = 12, WAIT_MS = 400, LATE_MS = 100 };

typedef struct waiter {
    pthread_t id;
    chaos *c;
    int64_t took;
    ost_status status;
} waiter;

static void *wait_for_a_connection(void *context)
{
    waiter *w = context;
    ost_session *s;
    ost_error e;
    w->status = ost_session_open(w->c->db, NULL, &s, &e);
    int64_t began = chaos_now_ms();
    if (w->status == OST_OK)
        w->status = read_one(s);
    w->took = chaos_now_ms() - began;
    ost_session_close(s);
    return NULL;
}

/* Each of them is told within its time. */
static void many_wait(chaos *c, ost_status expected)
{
    waiter waiters[WAITERS];
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = (waiter){ .c = c };
        assert_int_equal(pthread_create(&waiters[i].id, NULL, wait_for_a_connection, &waiters[i]),
                         0);
    }
    for (int i = 0; i < WAITERS; i++)
        pthread_join(waiters[i].id, NULL);
    for (int i = 0; i < WAITERS; i++) {
        ost_status status = waiters[i].status;
        bool away = status == OST_CONNECTION || status == OST_POOL_TIMEOUT || status == OST_TIMEOUT;
        if ((status != expected && !(expected == OST_CONNECTION && away)) ||
            waiters[i].took > WAIT_MS + LATE_MS)
            fail_msg("%s after %d ms", ost_status_name(waiters[i].status), (int)waiters[i].took);
    }
}

static void fm18_waiting_is_bounded(void **state)
{
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    server_instance *server = private_server(kind);
    chaos_begin_on(c, kind, server, NULL);
    c->pool.acquire_timeout_ms = WAIT_MS;
    c->connect_timeout_ms = c->statement_timeout_ms = WAIT_MS;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    /* All connections are held. */
    ost_session *holders[2];
    for (int i = 0; i < 2; i++) {
        chaos_ok(ost_session_open(c->db, NULL, &holders[i], &c->error), &c->error, "session",
                 __FILE__, __LINE__);
        assert_int_equal(ost_begin(holders[i], NULL), OST_OK);
        assert_int_equal(ost_insert(holders[i], transfer, &(transfer){ .number = 18 }), OST_OK);
    }
    many_wait(c, OST_POOL_TIMEOUT);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ost_rollback(holders[i]), OST_OK);
        ost_session_close(holders[i]);
    }
    many_wait(c, OST_OK);
    /* There is no server: that is said, or that the time was over before it could be known. */
    server_kill(server);
    many_wait(c, OST_CONNECTION);
    many_wait(c, OST_CONNECTION);
    server_restart(server);
    comes_back(c);
    many_wait(c, OST_OK);
    chaos_end(c);
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

static void *alter_mongodb(void *context)
{
    change *x = context;
    for (int i = 0; i < x->rounds; i++) {
        server_sql(x->c->url, "{\"createIndexes\": \"accounts\", \"indexes\": [{\"key\":"
                              " {\"cents\": 1}, \"name\": \"extra\"}]}");
        server_sql(x->c->url, "{\"dropIndexes\": \"accounts\", \"index\": \"extra\"}");
        server_sql(x->c->url, i % 2
                                  ? "{\"collMod\": \"accounts\", \"validationLevel\": \"off\"}"
                                  : "{\"collMod\": \"accounts\", \"validationLevel\": \"strict\"}");
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
    assert_int_equal(pthread_create(&x.thread, NULL,
                                    c->server == SERVER_MYSQL     ? alter_mysql
                                    : c->server == SERVER_MONGODB ? alter_mongodb
                                                                  : alter,
                                    &x),
                     0);
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

/* A server of MongoDB only reads while it is not the primary, which the only one of a set is again
 * as soon as it may. */
static void set_reading(const chaos *c, bool only)
{
    static const char *const freeze = "{\"$db\": \"admin\", \"replSetFreeze\": 0}",
                             *const hello = "{\"$db\": \"admin\", \"hello\": 1}";
    if (c->server != SERVER_MONGODB)
        set_patience(
            c, only ? "default_transaction_read_only = on" : "default_transaction_read_only = off",
            only ? "read_only = 1" : "read_only = 0");
    else if (only)
        chaos_sql(c, "{\"$db\": \"admin\", \"replSetStepDown\": 600, \"force\": true}");
    else
        chaos_sql(c, freeze);
    while (c->server == SERVER_MONGODB && !only &&
           !strstr(server_text(c->url, hello), "\"isWritablePrimary\" : true"))
        continue;
}

static void fm20_read_only_server(void **state)
{
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    chaos_begin_on(c, kind, private_server(kind), NULL);
    set_reading(c, true);
    if (kind == SERVER_MYSQL) {
        /* Whoever may do everything may write all the same. */
        chaos_sql(c, "CREATE USER reader IDENTIFIED BY 'r'");
        chaos_sql(c, "GRANT SELECT, INSERT, UPDATE ON *.* TO reader");
        c->via = server_url_as(c->url, "reader", "r");
    }
    if (kind == SERVER_MONGODB) {
        c->via = server_url_with(c->url, "readPreference=primaryPreferred");
        /* So long a write waits for another primary. */
        c->statement_timeout_ms = 3000;
    }
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    OK(read_one(c->s));
    ost_status status = ost_insert(c->s, transfer, &(transfer){ .number = 1 });
    assert_int_equal(status, OST_CONNECTION);
    assert_non_null(strstr(ost_session_error(c->s)->message, "read"));
    if (kind != SERVER_MONGODB) /* whose witness reads from no other than the primary */
        assert_int_equal(chaos_count(c, 1), 0);
    /* It becomes the one that is written to. The connection that only read is not used again. */
    set_reading(c, false);
    OK(ost_insert(c->s, transfer, &(transfer){ .number = 2 }));
    assert_int_equal(chaos_count(c, 2), 1);
    assert_int_equal(chaos_count(c, 1), 0);
    chaos_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVERS(fm04_idle_connections_are_killed),
        ON_SQL(fm04_server_ends_idle_connections),
        ON_SQL(fm04_server_ends_an_idle_transaction),
        ON_MONGODB(fm04_server_forgets_a_transaction),
        ON_SERVERS(fm13_server_restarts),
        ON_SERVERS(fm18_waiting_is_bounded),
        ON_SERVERS(fm19_wrong_password),
        ON_SERVERS(fm19_a_changed_password_is_not_tried_in_a_storm),
        ON_MONGODB(fm19_user_without_rights),
        ON_SERVERS(fm19_too_many_connections),
        ON_SERVERS(fm20_read_only_server),
        ON_SERVERS(fm28_tables_change_under_load),
        ON_POOLER(fm28_tables_change_under_load),
    };
    return RUN_CHAOS(tests, NULL);
}
