/* SPDX-License-Identifier: MIT */
/* fm14: children of a fork, while connections to a server are open and in use. Whatever they do,
 * the parent's connections stay the parent's. */
#include "chaos.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/sanitized.h"

#define APP_NAME "ostler-fork"
/* Of MongoDB two threads watch the server for each database that is open: this one's and the
 * witness's. */
enum { ROUNDS = 10, LIMIT_S = 60, WATCHERS = 4 };

/* What threads of the parent's own hold looks like a leak in a child, where they are not there. */
static bool is_child;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return is_child;
}

/* In a child there is no test that could fail: it says where in its exit code. */
#define CHECK(condition)                                                         \
    do {                                                                         \
        if (!(condition)) {                                                      \
            (void)fprintf(stderr, "child, line %d: %s\n", __LINE__, #condition); \
            _exit(1);                                                            \
        }                                                                        \
    } while (0)

/* The same for a call, with what the session says about it. */
#define CHECK_STATUS(call, expected)                                          \
    do {                                                                      \
        ost_status check_ = (call);                                           \
        if (check_ != (expected)) {                                           \
            (void)fprintf(stderr, "child, line %d: %s\n", __LINE__, message); \
            _exit(1);                                                         \
        }                                                                     \
    } while (0)

/* What was wrong with the last call; a session that is cleared says no more. */
static char message[256];

static ost_status told(ost_session *s, ost_status status)
{
    (void)snprintf(message, sizeof message, "%s", ost_session_error(s)->message);
    return status;
}

static ost_status read_one(ost_session *s)
{
    ost_status status =
        told(s, ost_get(s, account, 1) ? OST_OK : (ost_status)ost_session_error(s)->status);
    (void)ost_session_clear(s);
    return status;
}

/* Parent and child have one each: MongoDB does not let one wait for the other. */
static ost_status add_cent(ost_session *s)
{
    ost_query *q = ost_from(s, account);
    ost_where(q, ost_eq(account, id, is_child ? 3 : 2));
    return ost_update_one(q, ost_inc(account, cents, 1));
}

/* ---- what children do ---- */

static void leaves_at_once(chaos *c)
{
    (void)c;
}

static void leaves_by_exit(chaos *c)
{
    (void)c;
    exit(0);
}

static void is_killed(chaos *c)
{
    (void)c;
    (void)raise(SIGKILL);
}

static void becomes_another_program(chaos *c)
{
    (void)c;
    (void)execl("/bin/true", "true", (char *)NULL);
    _exit(1);
}

static void closes_what_it_inherited(chaos *c)
{
    ost_session_close(c->s);
    ost_close(c->db);
}

static void uses_an_inherited_session(chaos *c)
{
    CHECK(read_one(c->s) == OST_MISUSE);
    CHECK(ost_commit(c->s) == OST_MISUSE);
    CHECK(ost_rollback(c->s) == OST_MISUSE);
    ost_session_close(c->s);
}

static void opens_its_own_session(chaos *c)
{
    ost_session *own;
    ost_error error;
    CHECK(ost_session_open(c->db, NULL, &own, &error) == OST_OK);
    CHECK_STATUS(read_one(own), OST_OK);
    CHECK_STATUS(told(own, add_cent(own)), OST_OK);
    CHECK(ost_begin(own, NULL) == OST_OK);
    CHECK_STATUS(told(own, ost_insert(own, transfer, &(transfer){ .number = 99 })), OST_OK);
    ost_session_close(own);
    ost_close(c->db);
}

static void opens_its_own_database(chaos *c)
{
    ost_status status = chaos_open(c);
    (void)snprintf(message, sizeof message, "%s", c->error.message);
    CHECK_STATUS(status, OST_OK);
    CHECK_STATUS(told(c->s, add_cent(c->s)), OST_OK);
    chaos_close(c);
}

static const struct {
    void (*work)(chaos *c);
    int cents; /* that it adds */
    bool killed;
} ways[] = {
    { leaves_at_once, 0, false },
    { leaves_by_exit, 0, false },
    { is_killed, 0, true },
    { becomes_another_program, 0, false },
    { closes_what_it_inherited, 0, false },
    { uses_an_inherited_session, 0, false },
    { opens_its_own_session, 1, false },
    { opens_its_own_database, 1, false },
};
enum { WAYS = sizeof ways / sizeof *ways };

/* Under AddressSanitizer the thread that is at work stops between two calls; and with MongoDB,
 * whose client library has a lock for all clients of a process: in a child of a parent that was
 * just in it no connection can be made, and each attempt ends at its deadline. The turnstile lets
 * whoever forks come next. */
static bool stops_between;
static pthread_mutex_t turnstile = PTHREAD_MUTEX_INITIALIZER, at_work = PTHREAD_MUTEX_INITIALIZER;

static void begin_work(void)
{
    if (!stops_between)
        return;
    pthread_mutex_lock(&turnstile);
    pthread_mutex_lock(&at_work);
    pthread_mutex_unlock(&turnstile);
}

static void end_work(void)
{
    if (stops_between)
        pthread_mutex_unlock(&at_work);
}

static pid_t fork_between(void)
{
    begin_work();
    pid_t child = fork();
    end_work();
    return child;
}

static void run_child(chaos *c, int way)
{
    int status = -1;
    (void)fflush(NULL);
    pid_t child = fork_between();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = { 0, 0 };
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)alarm(LIMIT_S);
        is_child = true;
        ways[way].work(c);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (ways[way].killed)
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    else
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- the parent ---- */

typedef struct busy {
    pthread_t thread;
    ost_session *s;
    atomic_bool stop, begun;
    int64_t added;
    ost_status status;
    char message[256];
} busy;

static void *is_busy(void *context)
{
    busy *b = context;
    while (b->status == OST_OK && !atomic_load(&b->stop)) {
        begin_work();
        b->status = add_cent(b->s);
        if (b->status == OST_OK)
            b->added++;
        else
            (void)snprintf(b->message, sizeof b->message, "%s", ost_session_error(b->s)->message);
        (void)ost_session_clear(b->s);
        end_work();
        atomic_store(&b->begun, true);
    }
    return NULL;
}

enum { LIST_SIZE = 1000 };

/* Which connections the server knows, but for the one that asks: of all programs that use the
 * database, and of MongoDB, which does not tell them by that, the one that is tested. */
static const char *connections(const chaos *c, char out[LIST_SIZE])
{
    const char *sql =
        chaos_words(c,
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <>"
                    " pg_backend_pid() ORDER BY pid",
                    "SELECT id FROM information_schema.processlist WHERE db = database() AND id <>"
                    " connection_id() ORDER BY id",
                    "{\"aggregate\": 1, \"pipeline\": [{\"$currentOp\": {\"allUsers\": true,"
                    " \"idleConnections\": true}}, {\"$match\": {\"appName\": \"" APP_NAME "\"}},"
                    " {\"$group\": {\"_id\": \"$connectionId\"}}, {\"$sort\": {\"_id\": 1}}],"
                    " \"cursor\": {}, \"$db\": \"admin\"}");
    int length = snprintf(out, LIST_SIZE, "%s", server_text(c->url, sql));
    assert_in_range(length, 1, LIST_SIZE - 1);
    return out;
}

/* Children's own connections end with them, but a moment later. */
static void same_connections(const chaos *c, const char *before)
{
    char now[LIST_SIZE];
    int64_t end = chaos_now_ms() + 5000;
    do {
        (void)connections(c, now);
    } while (strcmp(now, before) != 0 && chaos_now_ms() < end);
    assert_string_equal(now, before);
}

static void fm14_children_leave_the_parents_connections(void **state)
{
    chaos world, *c = &world;
    busy b = { .status = OST_OK };
    char before[LIST_SIZE];
    int64_t cents = 0;
    ost_session *in_unit;
    chaos_begin(c, chaos_server_of(state), false);
    stops_between = ADDRESS_SANITIZER || c->server == SERVER_MONGODB;
    if (c->server == SERVER_MONGODB)
        c->via = server_url_with(c->url, "appname=" APP_NAME);
    c->pool.max = 4;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    chaos_ok(ost_session_open(c->db, NULL, &in_unit, &c->error), &c->error, "session", __FILE__,
             __LINE__);
    chaos_ok(ost_session_open(c->db, NULL, &b.s, &c->error), &c->error, "session", __FILE__,
             __LINE__);
    /* One connection in a transaction, one at work in another thread, one at rest. */
    assert_int_equal(ost_begin(in_unit, NULL), OST_OK);
    assert_int_equal(ost_insert(in_unit, transfer, &(transfer){ .number = 14 }), OST_OK);
    OK(ost_begin(c->s, NULL));
    assert_non_null(ost_get(c->s, account, 1));
    assert_int_equal(add_cent(b.s), OST_OK);
    b.added = 1;
    OK(ost_rollback(c->s));
    assert_int_equal(pthread_create(&b.thread, NULL, is_busy, &b), 0);
    while (!atomic_load(&b.begun))
        (void)sched_yield();
    await_threads(c->server == SERVER_MONGODB ? 2 + WATCHERS : 2);
    assert_int_equal(chaos_count(c, 14), 0);
    (void)connections(c, before);
    for (int i = 0; i < ROUNDS * WAYS; i++) {
        run_child(c, i % WAYS);
        cents += ways[i % WAYS].cents;
        OK(read_one(c->s));
        assert_int_equal(read_one(in_unit), OST_OK);
    }
    atomic_store(&b.stop, true);
    pthread_join(b.thread, NULL);
    if (b.status != OST_OK)
        fail_msg("%s: %s", ost_status_name(b.status), b.message);
    assert_int_equal(ost_commit(in_unit), OST_OK);
    assert_int_equal(chaos_count(c, 14), 1);
    assert_int_equal(chaos_count(c, 99), 0);
    assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS + cents + b.added);
    same_connections(c, before);
    ost_session_close(in_unit);
    ost_session_close(b.s);
    chaos_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVERS(fm14_children_leave_the_parents_connections),
    };
    return RUN_CHAOS(tests, NULL);
}
