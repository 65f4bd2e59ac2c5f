/* SPDX-License-Identifier: MIT */
/* Children of a fork: they begin with a pool of their own, and whatever they do, the parent goes
 * on. */
#include "db_rig.h"
#include "pool_rig.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/sanitized.h"
#include "session/db.h"

enum { FORKS = 100, LIMIT_S = 60 };

/* ThreadSanitizer forbids threads in children, misses the parent's when a child ends, and takes
 * what they did for a race with a child that makes the pool anew: none of them is there. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "die_after_fork=0:report_thread_leaks=0";
}

const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:^forked$\n";
}

/* In a child there is no test that could fail: it says where in its exit code. */
#define CHECK(condition)                                \
    do {                                                \
        if (!(condition)) {                             \
            fprintf(stderr, "child: %s\n", #condition); \
            _exit(1);                                   \
        }                                               \
    } while (0)

static pid_t fork_child(void)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = { 0, 0 };
        setrlimit(RLIMIT_CORE, &none);
        alarm(LIMIT_S);
    }
    return child;
}

static int status_of(pid_t child)
{
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* ---- the pool, with threads in the midst of it ---- */

typedef struct busy {
    rig *rig;
    pthread_t thread;
    atomic_bool *stop;
    atomic_uint rounds;
    ost_status status;
} busy;

/* In the pool's lock most of the time, but never in that of an allocator, which not every one gives
 * up at a fork. */
static void *is_busy(void *context)
{
    busy *b = context;
    while (b->status == OST_OK && !atomic_load(b->stop)) {
        ost__lease *lease;
        ost_error error;
        b->status = rig_lease_within(b->rig, 60000 * MS, &lease, &error);
        if (b->status != OST_OK)
            break;
        rig_use(lease);
        rig_drop(lease);
        rig_return(b->rig, lease);
        atomic_fetch_add(&b->rounds, 1);
    }
    return NULL;
}

static void child_of_pool(rig *r, const ost__lease *held)
{
    ost__lease *leases[2];
    ost_error error;
    unsigned connects, closes;
    /* Its owner may not be here. */
    pthread_mutex_init(&r->gate, NULL);
    ost__pool_epoch(r->pool);
    CHECK(atomic_load(&r->forks) == 1);
    CHECK(atomic_load(&r->abandons) >= 1);
    connects = atomic_load(&r->connects);
    closes = atomic_load(&r->closes);
    const ost__pool_counts empty = ost__pool_count(r->pool);
    CHECK(empty.open == 0 && empty.idle == 0 && empty.waiting == 0 && empty.busy == 0);
    for (int i = 0; i < 2; i++)
        CHECK(rig_lease_within(r, 30000 * MS, &leases[i], &error) == OST_OK);
    CHECK(leases[0] != held && leases[1] != held);
    CHECK(atomic_load(&r->connects) == connects + 2);
    for (int i = 0; i < 2; i++)
        rig_return(r, leases[i]);
    ost__pool_close(r->pool, INT64_MAX);
    CHECK(atomic_load(&r->gone));
    CHECK(atomic_load(&r->closes) == closes + 2);
    _exit(0);
}

static void fm14_a_child_begins_with_an_empty_pool(void **state)
{
    enum { BUSY = 3 };
    rig r;
    busy others[BUSY];
    atomic_bool stop;
    ost__lease *held;
    (void)state;
    rig_open(&r, OPTIONS(.max = 3, .acquire_timeout_ms = 60000));
    atomic_init(&stop, false);
    assert_int_equal(rig_lease(&r, &held), OST_OK);
    for (int i = 0; i < BUSY; i++) {
        others[i] = (busy){ .rig = &r, .stop = &stop };
        assert_int_equal(pthread_create(&others[i].thread, NULL, is_busy, &others[i]), 0);
    }
    for (int i = 0; i < BUSY; i++)
        while (atomic_load(&others[i].rounds) == 0)
            sched_yield();
    while (atomic_load(&r.connects) < 3 || ost__pool_count(r.pool).busy > 0)
        sched_yield();
    await_threads(1 + BUSY);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork_child();
        if (child == 0)
            child_of_pool(&r, held);
        assert_int_equal(status_of(child), 0);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < BUSY; i++) {
        assert_int_equal(pthread_join(others[i].thread, NULL), 0);
        assert_int_equal(others[i].status, OST_OK);
    }
    rig_return(&r, held);
    assert_int_equal(atomic_load(&r.abandons), 0);
    rig_close(&r);
}

/* ---- the database ---- */

static uint64_t count_of(db_rig *r, uint64_t which(const ost_fake_counts *))
{
    ost_fake_counts counts;
    ost_fake_counted(r->fake, &counts);
    return which(&counts);
}

static uint64_t submits(const ost_fake_counts *c)
{
    return c->submits;
}

static uint64_t closes(const ost_fake_counts *c)
{
    return c->closes;
}

static uint64_t abandons(const ost_fake_counts *c)
{
    return c->abandons;
}

/* Every call with a session of the parent's is refused, and nothing is sent. */
static void use_sessions_of_the_parent(db_rig *r, ost_session *s, ost_query *q, ost_cursor *c)
{
    int64_t n;
    uint64_t sent = count_of(r, submits);
    CHECK(!ost_get(s, item, 1));
    CHECK(ost_session_error(s)->status == OST_MISUSE);
    CHECK(strstr(ost_session_error(s)->message, "before a fork"));
    CHECK(db_rig_add(s, "x") == OST_MISUSE);
    CHECK(ost_begin(s, NULL) == OST_MISUSE);
    CHECK(ost_commit(s) == OST_MISUSE);
    CHECK(ost_rollback(s) == OST_MISUSE);
    CHECK(ost_session_clear(s) == OST_MISUSE);
    CHECK(ost_count_of(q, &n) == OST_MISUSE);
    CHECK(!ost_next(c, item));
    CHECK(ost_cursor_close(c) == OST_MISUSE);
    CHECK(!ost_new(s, item));
    CHECK(count_of(r, submits) == sent);
    CHECK(count_of(r, abandons) >= 1);
}

static void close_all_of_the_parent(db_rig *r, ost_session *s)
{
    uint64_t sent = count_of(r, submits), closed = count_of(r, closes);
    ost_session_close(s);
    ost_close(r->db);
    CHECK(count_of(r, submits) == sent);
    CHECK(count_of(r, closes) == closed);
}

static void begin_anew(db_rig *r, ost_session *of_the_parent, int64_t expected)
{
    int64_t n = -1;
    ost_session *s = NULL;
    uint64_t closed = count_of(r, closes);
    CHECK(ost_session_open(r->db, NULL, &s, NULL) == OST_OK);
    CHECK(ost_count_of(ost_from(s, item), &n) == OST_OK);
    CHECK(n == expected);
    CHECK(db_rig_add(s, "of the child") == OST_OK);
    CHECK(ost_begin(s, NULL) == OST_OK);
    CHECK(db_rig_add(s, "undone") == OST_OK);
    ost_session_close(s);
    ost_session_close(of_the_parent);
    ost_close(r->db);
    CHECK(count_of(r, closes) == closed + 1);
}

enum exits { EXIT, EXIT_AT_ONCE, CLOSE, MISUSE, ABORT, USE, WAYS };

static void child_of_db(enum exits way, db_rig *r, ost_session *s, ost_query *q, ost_cursor *c,
                        int64_t items)
{
    switch (way) {
    case EXIT: exit(0);
    case EXIT_AT_ONCE: break;
    case CLOSE: close_all_of_the_parent(r, s); break;
    case MISUSE:
        use_sessions_of_the_parent(r, s, q, c);
        close_all_of_the_parent(r, s);
        break;
    case ABORT: abort();
    default: begin_anew(r, s, items); break;
    }
    _exit(0);
}

/* Half-way through a unit, with a cursor open; only where the child writes to the file itself there
 * is neither, for SQLite knows the process's locks better than a fork does. */
static void fm14_the_parent_goes_on_whatever_a_child_does(void **state)
{
    db_rig r;
    int64_t items = 0;
    (void)state;
    db_rig_open(&r, DB_FILE, DB_REAL_TIME, NULL, NULL);
    ost_session *s = db_rig_session(&r, 0);
    for (int i = 0; i < 3; i++, items++)
        assert_int_equal(db_rig_add(s, "first"), OST_OK);
    await_threads(1);
    for (int i = 0; i < FORKS; i++) {
        enum exits way = (enum exits)(i % WAYS);
        ost_query *q = ost_from(s, item);
        ost_cursor *c = NULL;
        if (way != USE) {
            assert_int_equal(ost_begin(s, NULL), OST_OK);
            assert_int_equal(db_rig_add(s, "of the parent"), OST_OK);
            c = ost_stream(q, 2);
            assert_non_null(ost_next(c, item));
        }
        pid_t child = fork_child();
        if (child == 0)
            child_of_db(way, &r, s, q, c, items);
        int status = status_of(child);
        if (way == ABORT)
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        else
            assert_int_equal(status, 0);
        if (way != USE) {
            for (int64_t rest = 1; rest <= items; rest++)
                assert_non_null(ost_next(c, item));
            assert_int_equal(ost_cursor_close(c), OST_OK);
            assert_int_equal(ost_commit(s), OST_OK);
        }
        items++;
        assert_int_equal(db_rig_items(&r), items);
        assert_int_equal(ost_session_clear(s), OST_OK);
    }
    assert_int_equal(count_of(&r, abandons), 0);
    ost_session_close(s);
    db_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm14_a_child_begins_with_an_empty_pool),
        cmocka_unit_test(fm14_the_parent_goes_on_whatever_a_child_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
