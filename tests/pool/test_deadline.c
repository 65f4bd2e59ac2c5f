/* SPDX-License-Identifier: MIT */
/* Sessions on a server that stopped answering: every call ends in time, and what is left behind is
 * mended or closed. */
#include "db_rig.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>

#include "session/session.h"

/* As over a network: the server goes on until it is cancelled. */
#define OWES                    \
    (&(const ost_fake_options){ \
        .struct_size = sizeof(ost_fake_options), .accepts = 1, .owes_until_cancel = true })
#define SILENT(kind)                                                      \
    OST_FAKE_RULE(.kinds = OST_FAKE_KIND(kind), .action = OST_FAKE_DELAY, \
                  .delay_ns = OST_FAKE_FOREVER)

/* A call ended at its deadline: not before, and within 100 ms as far as it is up to the library. */
static void assert_took(int64_t began, int64_t expected)
{
    int64_t took = db_rig_now() - began;
    assert_true(took >= expected - MS);
    assert_true(took < expected + 2000 * MS);
}

/* ---- a gate, at which client libraries hang ---- */

typedef struct gate {
    pthread_mutex_t mutex;
    atomic_int at_gate;
} gate;

static void hang(void *context, const ost_fake_moment *moment)
{
    gate *g = context;
    (void)moment;
    atomic_fetch_add(&g->at_gate, 1);
    pthread_mutex_lock(&g->mutex);
    pthread_mutex_unlock(&g->mutex);
}

/* What hung comes back when nobody waits for it any more, and tidies up. */
static void open_gate(gate *g, db_rig *r)
{
    pthread_mutex_unlock(&g->mutex);
    while (atomic_load(&r->live) != 0)
        sched_yield();
    pthread_mutex_destroy(&g->mutex);
    db_rig_end(r);
}

/* ---- statements ---- */

static void fm05_a_read_without_an_answer_ends_in_time(void **state)
{
    db_rig r;
    (void)state;
    db_rig_open(&r, DB_MEMORY, DB_REAL_TIME, OWES, NULL);
    ost_session *s = db_rig_session(&r, 60);
    db_rig_rule(&r, SILENT(OST_DO_SELECT));
    int64_t began = db_rig_now();
    assert_null(ost_get(s, item, 1));
    assert_took(began, 60 * MS);
    assert_int_equal(ost_session_error(s)->status, OST_TIMEOUT);
    /* The connection is asked to stop, read to the end, made as new, and used again. */
    ost_fake_counts counts = db_rig_counts(&r);
    assert_int_equal(counts.cancels, 1);
    assert_int_equal(counts.settles, 2);
    assert_int_equal(counts.resets, 1);
    assert_int_equal(db_rig_add(s, "after"), OST_OK);
    counts = db_rig_counts(&r);
    assert_int_equal(counts.connects, 1);
    assert_int_equal(counts.closes, 0);
    ost_session_close(s);
    db_rig_close(&r);
}

static void fm05_a_unit_without_an_answer_is_lost(void **state)
{
    db_rig r;
    (void)state;
    db_rig_open(&r, DB_MEMORY, DB_REAL_TIME, OWES, NULL);
    ost_session *s = db_rig_session(&r, 60);
    for (int nested = 0; nested < 2; nested++) {
        assert_int_equal(ost_begin(s, NULL), OST_OK);
        assert_int_equal(db_rig_add(s, "undone"), OST_OK);
        if (nested)
            assert_int_equal(ost_begin(s, NULL), OST_OK);
        db_rig_rule(&r, SILENT(OST_DO_SELECT));
        int64_t began = db_rig_now();
        assert_null(ost_get(s, item, 1));
        assert_took(began, 60 * MS);
        assert_int_equal(db_rig_add(s, "late"), OST_TIMEOUT);
        began = db_rig_now();
        assert_int_equal(ost_rollback(s), OST_OK);
        if (nested) {
            assert_int_equal(db_rig_add(s, "late"), OST_TIMEOUT);
            assert_int_equal(ost_commit(s), OST_TIMEOUT);
        }
        assert_took(began, 0);
        assert_int_equal(db_rig_counts(&r).closes, 0);
        assert_int_equal(db_rig_items(&r), nested);
        assert_int_equal(db_rig_add(s, "kept"), OST_OK);
    }
    ost_session_close(s);
    db_rig_close(&r);
}

/* A write of its own: nobody can say what became of it. */
static void fm05_a_write_without_an_answer_is_unknown(void **state)
{
    db_rig r;
    (void)state;
    db_rig_open(&r, DB_MEMORY, DB_REAL_TIME, OWES, NULL);
    ost_session *s = db_rig_session(&r, 60);
    db_rig_rule(&r, SILENT(OST_DO_INSERT));
    int64_t began = db_rig_now();
    assert_int_equal(db_rig_add(s, "x"), OST_UNKNOWN_OUTCOME);
    assert_took(began, 60 * MS);
    ost_session_close(s);
    db_rig_close(&r);
}

static void fm05_a_commit_without_an_answer_is_unknown(void **state)
{
    const ost_fake_options options = { .struct_size = sizeof options,
                                       .owes_until_cancel = true,
                                       .resolves_commits = true };
    db_rig r;
    (void)state;
    db_rig_open(&r, DB_MEMORY, DB_REAL_TIME, &options, NULL);
    ost_session *s = db_rig_session(&r, 60);
    assert_int_equal(ost_begin(s, NULL), OST_OK);
    assert_int_equal(db_rig_add(s, "x"), OST_OK);
    db_rig_rule(&r, SILENT(OST_DO_COMMIT));
    int64_t began = db_rig_now();
    assert_int_equal(ost_commit(s), OST_UNKNOWN_OUTCOME);
    assert_took(began, 60 * MS);
    ost_session_close(s);
    db_rig_close(&r);
}

/* A rollback has its call's time, also where the transaction's is over, and a close a second at
 * most; then the pool's threads do it. */
static void fm05_a_rollback_without_an_answer_ends(void **state)
{
    static const struct {
        uint32_t timeout_ms;
        bool over, closes; /* the transaction's time; the session */
        int64_t expected;
    } cases[] = {
        { 60, false, false, 60 * MS },
        { 60, true, false, 60 * MS },
        { 60, false, true, 60 * MS },
        { 30000, false, true, 1000 * MS },
    };
    db_rig r;
    (void)state;
    db_rig_open(&r, DB_MEMORY, DB_REAL_TIME, OWES, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ost_session *s = db_rig_session(&r, cases[i].timeout_ms);
        assert_int_equal(ost_begin(s, NULL), OST_OK);
        assert_int_equal(db_rig_add(s, "undone"), OST_OK);
        if (cases[i].over)
            s->units[0].deadline = s->now;
        db_rig_rule(&r, SILENT(OST_DO_ROLLBACK));
        int64_t began = db_rig_now();
        if (cases[i].closes)
            ost_session_close(s);
        else
            assert_int_equal(ost_rollback(s), OST_OK);
        assert_took(began, cases[i].expected);
        assert_int_equal(db_rig_counts(&r).closes, 0);
        assert_int_equal(db_rig_items(&r), 0);
        if (!cases[i].closes)
            ost_session_close(s);
    }
    db_rig_close(&r);
}

static void fm05_a_cursor_without_an_answer_is_lost(void **state)
{
    db_rig r;
    (void)state;
    db_rig_open(&r, DB_MEMORY, DB_REAL_TIME, OWES, NULL);
    ost_session *s = db_rig_session(&r, 60);
    for (int i = 0; i < 10; i++)
        assert_int_equal(db_rig_add(s, "x"), OST_OK);
    ost_query *q = ost_from(s, item);
    ost_cursor *c = ost_stream(q, 2);
    assert_non_null(ost_next(c, item));
    db_rig_rule(&r, SILENT(OST_DO_SELECT));
    int64_t began = db_rig_now();
    assert_null(ost_get(s, item, 1));
    assert_took(began, 60 * MS);
    assert_null(ost_next(c, item));
    assert_int_equal(ost_cursor_close(c), OST_CONNECTION);
    assert_int_equal(db_rig_add(s, "after"), OST_OK);
    ost_session_close(s);
    db_rig_close(&r);
}

/* A connection that stays silent is closed after a while; the clock is the fake's. */
static void fm05_what_cannot_be_mended_is_closed(void **state)
{
    db_rig r;
    static const uint16_t points[] = { OST_FAKE_AT_SETTLE, OST_FAKE_AT_RESET };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        db_rig_open(&r, DB_MEMORY, DB_TIME_OF_FAKE, OWES, NULL);
        ost_session *s = db_rig_session(&r, 0);
        db_rig_rule(&r, SILENT(OST_DO_SELECT));
        db_rig_rule(&r, OST_FAKE_RULE(.point = points[i], .action = OST_FAKE_DELAY,
                                      .delay_ns = OST_FAKE_FOREVER));
        assert_null(ost_get(s, item, 1));
        assert_int_equal(ost_session_error(s)->status, OST_TIMEOUT);
        ost_fake_counts counts = db_rig_counts(&r);
        assert_int_equal(counts.closes, 1);
        assert_int_equal(counts.cancels, 1);
        assert_int_equal(db_rig_add(s, "after"), OST_OK);
        ost_session_close(s);
        db_rig_close(&r);
    }
}

/* ---- client libraries that hang ---- */

static void fm05_an_open_that_hangs_ends_in_time(void **state)
{
    db_rig r;
    gate g = { .at_gate = 0 };
    (void)state;
    pthread_mutex_init(&g.mutex, NULL);
    db_rig_begin(&r, DB_MEMORY, DB_REAL_TIME, NULL);
    db_rig_rule(&r, OST_FAKE_RULE(.point = OST_FAKE_AT_CONNECT, .action = OST_FAKE_CALL,
                                  .call = hang, .context = &g));
    pthread_mutex_lock(&g.mutex);
    int64_t began = db_rig_now();
    assert_int_equal(db_rig_try(&r, &(const ost_options){ .struct_size = sizeof(ost_options),
                                                          .connect_timeout_ms = 60 }),
                     OST_TIMEOUT);
    assert_took(began, 60 * MS);
    assert_null(r.db);
    assert_non_null(strstr(r.error.message, "does not answer"));
    open_gate(&g, &r);
}

static void count_event(const ost_event *event, void *context)
{
    (void)event;
    atomic_fetch_add((atomic_int *)context, 1);
}

static void fm05_a_close_beside_what_hangs_ends_in_time(void **state)
{
    static const uint16_t points[] = { OST_FAKE_AT_CANCEL, OST_FAKE_AT_CLOSE };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        db_rig r;
        gate g = { .at_gate = 0 };
        atomic_int events;
        atomic_init(&events, 0);
        pthread_mutex_init(&g.mutex, NULL);
        db_rig_open(&r, DB_MEMORY, DB_REAL_TIME, OWES,
                    &(const ost_options){ .struct_size = sizeof(ost_options),
                                          .connect_timeout_ms = 80,
                                          .on_event = count_event,
                                          .context = &events });
        ost_session *s = db_rig_session(&r, 40);
        db_rig_rule(&r, SILENT(OST_DO_SELECT));
        db_rig_rule(&r, OST_FAKE_RULE(.point = points[i], .action = OST_FAKE_CALL, .call = hang,
                                      .context = &g));
        pthread_mutex_lock(&g.mutex);
        if (points[i] == OST_FAKE_AT_CANCEL) {
            int64_t began = db_rig_now();
            assert_null(ost_get(s, item, 1));
            assert_took(began, 40 * MS);
            while (atomic_load(&g.at_gate) == 0)
                sched_yield();
        }
        ost_session_close(s);
        int64_t began = db_rig_now();
        ost_close(r.db);
        assert_took(began, 80 * MS);
        assert_int_equal(atomic_load(&g.at_gate), 1);
        /* Nobody listens any more. */
        int before = atomic_load(&events);
        open_gate(&g, &r);
        assert_int_equal(atomic_load(&events), before);
    }
}

typedef struct listener {
    ost_db *db;
    atomic_bool listening, may_end;
} listener;

/* Listens to the end of a connection until it may end. */
static void listen_long(const ost_event *event, void *context)
{
    listener *l = context;
    if (event->kind != OST_EVENT_DISCONNECT)
        return;
    atomic_store(&l->listening, true);
    while (!atomic_load(&l->may_end))
        sched_yield();
    atomic_store(&l->listening, false);
}

/* Long after nobody is told anything any more. */
static void *let_end(void *context)
{
    listener *l = context;
    while (l->db->on_event)
        sched_yield();
    for (int64_t end = db_rig_now() + 100 * MS; db_rig_now() < end;)
        sched_yield();
    atomic_store(&l->may_end, true);
    return NULL;
}

static void a_close_waits_for_who_listens(void **state)
{
    db_rig r;
    listener l = { .db = NULL };
    pthread_t other;
    (void)state;
    db_rig_open(&r, DB_MEMORY, DB_REAL_TIME, NULL,
                &(const ost_options){ .struct_size = sizeof(ost_options),
                                      .connect_timeout_ms = 80,
                                      .on_event = listen_long,
                                      .context = &l });
    ost_session *s = db_rig_session(&r, 0);
    assert_null(ost_get(s, item, 1));
    ost_session_close(s);
    l.db = r.db;
    assert_int_equal(pthread_create(&other, NULL, let_end, &l), 0);
    ost_close(r.db);
    assert_true(atomic_load(&l.may_end));
    assert_false(atomic_load(&l.listening));
    assert_int_equal(pthread_join(other, NULL), 0);
    while (atomic_load(&r.live) != 0)
        sched_yield();
    db_rig_end(&r);
}

/* ---- signals ---- */

static atomic_int alarms;

static void on_alarm(int number)
{
    (void)number;
    atomic_fetch_add(&alarms, 1);
}

static void set_alarms(suseconds_t us)
{
    const struct itimerval every = { { 0, us }, { 0, us } };
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
}

/* Interrupted a thousand times a second, no wait ends before its time, nor much after. */
static void fm16_signals_do_not_shorten_or_lengthen_waits(void **state)
{
    db_rig r;
    const struct sigaction action = { .sa_handler = on_alarm };
    struct sigaction before;
    const ost_pool_options pool = { .struct_size = sizeof pool,
                                    .max = 1,
                                    .acquire_timeout_ms = 120 };
    (void)state;
    db_rig_open(&r, DB_MEMORY, DB_REAL_TIME, OWES,
                &(const ost_options){ .struct_size = sizeof(ost_options), .pool = &pool });
    ost_session *s = db_rig_session(&r, 150), *other = db_rig_session(&r, 0);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    set_alarms(1000);
    db_rig_rule(&r, SILENT(OST_DO_SELECT));
    int64_t began = db_rig_now();
    assert_null(ost_get(s, item, 1));
    assert_took(began, 150 * MS);
    assert_int_equal(ost_begin(s, NULL), OST_OK);
    assert_int_equal(db_rig_add(s, "x"), OST_OK);
    began = db_rig_now();
    assert_int_equal(db_rig_add(other, "y"), OST_POOL_TIMEOUT);
    assert_took(began, 120 * MS);
    assert_int_equal(ost_commit(s), OST_OK);
    db_rig_rule(&r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .action = OST_FAKE_DELAY,
                                  .delay_ns = 100 * MS));
    began = db_rig_now();
    assert_int_equal(db_rig_add(s, "late"), OST_OK);
    assert_took(began, 100 * MS);
    set_alarms(0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_true(atomic_load(&alarms) > 50);
    ost_session_close(s);
    ost_session_close(other);
    db_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm05_a_read_without_an_answer_ends_in_time),
        cmocka_unit_test(fm05_a_unit_without_an_answer_is_lost),
        cmocka_unit_test(fm05_a_write_without_an_answer_is_unknown),
        cmocka_unit_test(fm05_a_commit_without_an_answer_is_unknown),
        cmocka_unit_test(fm05_a_rollback_without_an_answer_ends),
        cmocka_unit_test(fm05_a_cursor_without_an_answer_is_lost),
        cmocka_unit_test(fm05_what_cannot_be_mended_is_closed),
        cmocka_unit_test(fm05_an_open_that_hangs_ends_in_time),
        cmocka_unit_test(fm05_a_close_beside_what_hangs_ends_in_time),
        cmocka_unit_test(a_close_waits_for_who_listens),
        cmocka_unit_test(fm16_signals_do_not_shorten_or_lengthen_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
