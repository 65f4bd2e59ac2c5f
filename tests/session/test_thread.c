/* SPDX-License-Identifier: MIT */
/* Threads: a session is one thread's at a time, a database is everybody's. */
#include "rig.h"

#include <pthread.h>
#include <stdio.h>

/* ---- two threads in one session ---- */

typedef struct intruder {
    rig *r;
    ost_session *s;
    ost_query *q;
    book *b;
    int calls, refused;
    bool armed;
} intruder;

static void expect(intruder *i, ost_status status)
{
    i->calls++;
    i->refused += status == OST_MISUSE;
}

static void expect_null(intruder *i, const void *p)
{
    i->calls++;
    i->refused += p == NULL;
}

static void *intrude(void *context)
{
    intruder *i = context;
    int64_t n;
    bool any;
    book own = { .title = "x" };
    expect_null(i, ost_get(i->s, book, 1));
    expect_null(i, ost_new(i->s, book));
    expect_null(i, ost_text(i->s, "x"));
    expect_null(i, ost_all(i->q, book, NULL));
    expect_null(i, ost_first(i->q, book));
    expect_null(i, ost_render(i->q));
    expect_null(i, ost_to_json(i->s, book, &own));
    expect(i, ost_count_of(i->q, &n));
    expect(i, ost_exists(i->q, &any));
    expect(i, ost_insert(i->s, book, &own));
    expect(i, ost_insert_many(i->s, book, &own, 1));
    expect(i, ost_save(i->s, book, i->b));
    expect(i, ost_reload(i->s, book, i->b));
    expect(i, ost_replace(i->s, book, &own));
    expect(i, ost_delete(i->s, book, &own));
    expect(i, ost_delete_all(i->q, &n));
    expect(i, ost_update(i->q, &n, ost_set(book, stock, 1)));
    expect(i, ost_update_one(i->q, ost_set(book, stock, 1)));
    expect(i, ost_begin(i->s, NULL));
    expect(i, ost_commit(i->s));
    expect(i, ost_rollback(i->s));
    expect(i, ost_session_clear(i->s));
    expect(i, ost_session_release(i->s, ost_session_mark(i->s)));
    expect(i, ost_cursor_close(ost_stream(i->q, 1)));
    ost_query *q = ost_from(i->s, book);
    expect(i, ost_count_of(q, &n));
    return NULL;
}

/* While a statement of the session is reported, another thread tries everything. */
static void report(const ost_event *event, void *context)
{
    intruder *i = context;
    pthread_t thread;
    if (!i->armed || event->kind != OST_EVENT_STATEMENT)
        return;
    i->armed = false;
    assert_int_equal(pthread_create(&thread, NULL, intrude, i), 0);
    pthread_join(thread, NULL);
}

static void a_second_thread_in_a_session_is_refused(void **state)
{
    rig *r = *state;
    intruder i = { .r = r };
    rig_close(r);
    rig_open(r, &(const ost_options){
                    .struct_size = sizeof(ost_options), .on_event = report, .context = &i });
    int64_t id = rig_book(r, "Emma", 1815);
    i.b = ost_get(r->s, book, id);
    i.s = r->s;
    i.q = ost_from(r->s, book);
    i.armed = true;
    i.b->stock = 5;
    OK(ost_save(r->s, book, i.b));
    assert_false(i.armed);
    assert_int_equal(i.calls, 25);
    assert_int_equal(i.refused, i.calls);
    /* The session of the first thread knows nothing of it. */
    assert_int_equal(ost_session_error(r->s)->status, OST_OK);
    OK(ost_session_clear(r->s));
    assert_int_equal(((book *)ost_get(r->s, book, id))->stock, 5);
    assert_int_equal(rig_books(r), 1);
    rig_close(r);
    rig_open(r, NULL);
}

/* One after the other is allowed. */
static void *uses_it(void *context)
{
    rig *r = context;
    return ost_insert(r->s, book, &(book){ .title = "theirs" }) == OST_OK ? context : NULL;
}

static void a_session_may_go_from_thread_to_thread(void **state)
{
    rig *r = *state;
    pthread_t thread;
    void *result = NULL;
    OK(ost_begin(r->s, NULL));
    rig_book(r, "ours", 1);
    assert_int_equal(pthread_create(&thread, NULL, uses_it, r), 0);
    pthread_join(thread, &result);
    assert_ptr_equal(result, r);
    OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 2);
}

/* ---- one database, a session for each thread ---- */

enum { THREADS = 4, ROUNDS = 25 };
typedef struct worker {
    ost_db *db;
    int number;
    char failure[300];
} worker;

static ost_status raise_stock(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt;
    book *b = ost_get(s, book, *(int64_t *)context);
    if (!b)
        return (ost_status)ost_session_error(s)->status;
    b->stock++;
    return ost_save(s, book, b);
}

static ost_status one_round(ost_session *s, const worker *w, int round)
{
    char title[40];
    int64_t shared = 1;
    size_t count;
    snprintf(title, sizeof title, "thread %d round %d", w->number, round);
    book *own = ost_new(s, book);
    own->title = title;
    OST_TRY(ost_insert(s, book, own));
    own->stock = round;
    OST_TRY(ost_save(s, book, own));
    OST_TRY(ost_transaction(s, raise_stock, &shared, OST_TRANSACTION(.max_attempts = 100)));
    ost_query *q = ost_from(s, book);
    ost_where(q, ost_starts_with(book, title, "thread"));
    ost_order_by(q, ost_desc(book, id));
    ost_limit(q, 5);
    if (!ost_all(q, book, &count))
        return (ost_status)ost_session_error(s)->status;
    return round % 8 == 7 ? ost_session_clear(s) : OST_OK;
}

static void *work(void *context)
{
    worker *w = context;
    ost_session *s;
    ost_error e;
    if (ost_session_open(w->db, NULL, &s, &e) != OST_OK) {
        snprintf(w->failure, sizeof w->failure, "%s", e.message);
        return NULL;
    }
    for (int i = 0; i < ROUNDS && w->failure[0] == '\0'; i++) {
        ost_status status = one_round(s, w, i);
        if (status != OST_OK)
            snprintf(w->failure, sizeof w->failure, "round %d: %s", i,
                     ost_session_error(s)->message);
    }
    ost_session_close(s);
    return NULL;
}

/* More threads than connections: they wait for each other, and no update is lost. */
static void each_thread_has_its_session(void **state)
{
    static rig local;
    rig *r = &local;
    pthread_t threads[THREADS];
    static worker workers[THREADS];
    const ost_pool_options pool = { .struct_size = sizeof pool, .max = 3 };
    rig_begin(r, *state);
    r->real_time = true;
    rig_open(r, &(const ost_options){ .struct_size = sizeof(ost_options), .pool = &pool });
    rig_book(r, "shared", 1);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){ .db = r->db, .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        assert_string_equal(workers[i].failure, "");
    assert_int_equal(rig_books(r), 1 + THREADS * ROUNDS);
    assert_int_equal(((book *)ost_get(r->s, book, 1))->stock, 1 + THREADS * ROUNDS);
    rig_close(r);
    rig_end(r);
}

#define IN_REAL_TIME(mode)                                                                  \
    {                                                                                       \
        "each_thread_has_its_session (" #mode ")", each_thread_has_its_session, NULL, NULL, \
            &rig_modes[mode]                                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_second_thread_in_a_session_is_refused),
        RIG_ALL(a_session_may_go_from_thread_to_thread),
        IN_REAL_TIME(RIG_MEMORY),
        IN_REAL_TIME(RIG_FILE),
        IN_REAL_TIME(RIG_BLOCKING),
        IN_REAL_TIME(RIG_PIPELINE),
        IN_REAL_TIME(RIG_FAKE_FILE),
    };
    return RIG_RUN(tests);
}
