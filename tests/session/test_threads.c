/* SPDX-License-Identifier: MIT */
/* Threads with sessions of their own on one database, in a file and in memory. */
#include "ostler/ostler.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

typedef struct counter {
    int64_t id;
    const char *name;
    int64_t n;
} counter;
OST_RECORD(counter, id);
OST_MODEL(counter,
          OST_FIELDS(OST_FIELD(counter, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(counter, name, .required = true, .unique = true, .max_length = 40),
                     OST_FIELD(counter, n)));

typedef struct entry {
    int64_t id;
    int thread, a, b, c, d, e;
    const char *note;
} entry;
OST_RECORD(entry, id);
OST_MODEL(entry,
          OST_FIELDS(OST_FIELD(entry, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(entry, thread), OST_FIELD(entry, a), OST_FIELD(entry, b),
                     OST_FIELD(entry, c), OST_FIELD(entry, d), OST_FIELD(entry, e),
                     OST_FIELD(entry, note)));

/* Shapes of results that no call has used before the threads do, all at the same time. */
#define SHAPE(name)       \
    typedef struct name { \
        int thread;       \
        int64_t count;    \
    } name;               \
    OST_PART(name);       \
    OST_MODEL(name, OST_FIELDS(OST_FIELD(name, thread), OST_FIELD(name, count)))
SHAPE(shape_0);
SHAPE(shape_1);
SHAPE(shape_2);
SHAPE(shape_3);
SHAPE(shape_4);
SHAPE(shape_5);
SHAPE(shape_6);
SHAPE(shape_7);
static const ost_model *const shapes[] = { &shape_0_model, &shape_1_model, &shape_2_model,
                                           &shape_3_model, &shape_4_model, &shape_5_model,
                                           &shape_6_model, &shape_7_model };

/* ---- one database, several threads ---- */

enum { THREADS = 8, SHAPES = sizeof shapes / sizeof shapes[0] };

typedef struct place {
    const char *url;
    ost_db *db;
    char folder[32], path[64], text[96];
    atomic_int ready;
} place;

typedef struct worker {
    place *place;
    pthread_t thread;
    int number;
    int done, retries;
    char failure[300]; /* empty: none */
} worker;

static void open_place(place *p, bool in_memory)
{
    const ost_pool_options pool = { .struct_size = sizeof pool,
                                    .max = 4,
                                    .acquire_timeout_ms = 60000 };
    ost_error error = { 0 };
    memset(p, 0, sizeof *p);
    strcpy(p->folder, "ostler-threads-XXXXXX");
    p->url = "sqlite::memory:";
    if (!in_memory) {
        assert_non_null(mkdtemp(p->folder));
        snprintf(p->path, sizeof p->path, "%s/threads.db", p->folder);
        snprintf(p->text, sizeof p->text, "sqlite:%s?synchronous=off", p->path);
        p->url = p->text;
    }
    ost_status status =
        ost_open(OST_OPTIONS(.url = p->url, .drivers = OST_DRIVERS(ost_driver_sqlite()),
                             .models = OST_MODELS(&counter_model, &entry_model), .pool = &pool,
                             .statement_timeout_ms = 60000),
                 &p->db, &error);
    if (status == OST_OK)
        status = ost_create_tables(p->db, &error);
    if (status != OST_OK)
        fail_msg("%s", error.message);
}

static void close_place(place *p)
{
    ost_close(p->db);
    if (p->path[0] == '\0')
        return;
    unlink(p->path);
    assert_int_equal(rmdir(p->folder), 0);
}

static ost_session *session_of(const place *p)
{
    ost_session *s = NULL;
    assert_int_equal(ost_session_open(p->db, NULL, &s, NULL), OST_OK);
    return s;
}

static int64_t count_of(const place *p, const ost_model *m, size_t size)
{
    int64_t n = -1;
    ost_session *s = session_of(p);
    assert_int_equal(ost_count_of(ost_session_from(s, m, size), &n), OST_OK);
    ost_session_close(s);
    return n;
}

/* Nobody begins before all are there. */
static void meet(worker *w)
{
    atomic_fetch_add(&w->place->ready, 1);
    while (atomic_load(&w->place->ready) < THREADS)
        ;
}

static void note_failure(worker *w, const ost_session *s, const char *what)
{
    const ost_error *e = ost_session_error(s);
    snprintf(w->failure, sizeof w->failure, "thread %d, %s: %s: %s", w->number, what,
             ost_status_name((ost_status)e->status), e->message);
}

static void run_threads(place *p, void *(*run)(void *), worker workers[THREADS])
{
    atomic_store(&p->ready, 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){ .place = p, .number = i };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        if (workers[i].failure[0])
            fail_msg("%s", workers[i].failure);
}

static void in_both_places(void *(*run)(void *), void (*check)(place *, worker *))
{
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        place p;
        worker workers[THREADS];
        open_place(&p, in_memory);
        run_threads(&p, run, workers);
        check(&p, workers);
        close_place(&p);
    }
}

/* ---- inserts and queries ---- */

enum { TURNS = 40, MANY = 10 };

static bool insert_and_ask(worker *w, ost_session *s, int turn)
{
    entry many[MANY] = { { 0 } };
    int64_t n;
    for (int i = 0; i < MANY; i++)
        many[i] = (entry){ .thread = w->number, .a = turn, .b = i, .note = "one of many" };
    if (ost_insert_many(s, entry, many, MANY) != OST_OK)
        return false;
    entry *one = ost_new(s, entry);
    if (!one)
        return false;
    one->thread = w->number;
    one->a = turn;
    one->b = MANY;
    if (ost_insert(s, entry, one) != OST_OK)
        return false;
    one->note = "saved";
    if (ost_save(s, entry, one) != OST_OK || !ost_get(s, entry, many[3].id))
        return false;
    ost_query *q = ost_from(s, entry);
    ost_where(q, ost_eq(entry, thread, w->number));
    ost_where(q, ost_either(ost_has_text(entry, note, "MANY"), ost_eq(entry, note, "saved")));
    if (ost_count_of(q, &n) != OST_OK)
        return false;
    return n == (turn + 1) * (MANY + 1);
}

static void *inserts(void *context)
{
    worker *w = context;
    ost_session *s = session_of(w->place);
    meet(w);
    for (int turn = 0; turn < TURNS && !w->failure[0]; turn++) {
        if (!insert_and_ask(w, s, turn))
            note_failure(w, s, "inserts");
        if (turn % 8 == 7 && ost_session_clear(s) != OST_OK)
            note_failure(w, s, "clear");
    }
    ost_session_close(s);
    return NULL;
}

static void check_inserts(place *p, worker *workers)
{
    (void)workers;
    assert_int_equal(count_of(p, &entry_model, sizeof(entry)), THREADS * TURNS * (MANY + 1));
}

static void threads_insert_and_ask(void **state)
{
    (void)state;
    in_both_places(inserts, check_inserts);
}

/* ---- two and more writers ---- */

enum { INCREMENTS = 60 };

/* Reads, then writes what it read: SQLite answers SQLITE_BUSY_SNAPSHOT at once where such a
 * transaction began as a reader. */
static ost_status read_then_write(ost_session *s, const ost_attempt *attempt, void *context)
{
    worker *w = context;
    counter *c = ost_find(s, counter, ost_eq(counter, name, "shared"));
    w->retries += attempt->number > 1;
    if (!c)
        return (ost_status)ost_session_error(s)->status;
    c->n++;
    OST_TRY(ost_save(s, counter, c));
    return ost_insert(s, entry, &(entry){ .thread = w->number, .a = (int)c->n });
}

static void *increments(void *context)
{
    worker *w = context;
    ost_session *s = session_of(w->place);
    meet(w);
    for (int i = 0; i < INCREMENTS && !w->failure[0]; i++) {
        if (ost_transaction(s, read_then_write, w, NULL) != OST_OK)
            note_failure(w, s, "increment");
        else
            w->done++;
        if (ost_session_clear(s) != OST_OK)
            note_failure(w, s, "clear");
    }
    ost_session_close(s);
    return NULL;
}

static void add_shared_counter(place *p)
{
    ost_session *s = session_of(p);
    assert_int_equal(ost_insert(s, counter, &(counter){ .name = "shared" }), OST_OK);
    ost_session_close(s);
}

static void *with_counter(void *context)
{
    worker *w = context;
    if (w->number == 0)
        add_shared_counter(w->place);
    return increments(w);
}

static void check_increments(place *p, worker *workers)
{
    ost_session *s = session_of(p);
    counter *c = ost_find(s, counter, ost_eq(counter, name, "shared"));
    assert_non_null(c);
    assert_int_equal(c->n, THREADS * INCREMENTS);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].done, INCREMENTS);
        assert_int_equal(workers[i].retries, 0);
    }
    ost_session_close(s);
    assert_int_equal(count_of(p, &entry_model, sizeof(entry)), THREADS * INCREMENTS);
}

static void fm25_writers_that_read_first_see_no_error(void **state)
{
    (void)state;
    in_both_places(with_counter, check_increments);
}

/* Units that end all ways there are, beside readers that must never see half of one. */
static ost_status move(ost_session *s, const ost_attempt *attempt, void *context)
{
    const worker *w = context;
    int turn = w->done;
    (void)attempt;
    ost_query *q = ost_from(s, counter);
    ost_where(q, ost_eq(counter, name, "left"));
    OST_TRY(ost_update_one(q, ost_inc(counter, n, -1)));
    if (turn % 3 == 1)
        return ost_fail(s, OST_INVALID, NULL, "the body does not want this");
    OST_TRY(ost_begin(s, NULL));
    q = ost_from(s, counter);
    ost_where(q, ost_eq(counter, name, "right"));
    OST_TRY(ost_update_one(q, ost_inc(counter, n, 1)));
    OST_TRY(turn % 5 == 4 ? ost_rollback(s) : ost_commit(s));
    return turn % 5 == 4 ? ost_undo(s) : OST_OK;
}

static bool sides_agree(ost_session *s)
{
    ost_value sum;
    return ost_value_of(ost_from(s, counter), ost_sum(ost_col(counter, n)), &sum) == OST_OK &&
           sum.type == OST_TYPE_INT64 && sum.as.integer == 1000;
}

static void *moves(void *context)
{
    worker *w = context;
    ost_session *s = session_of(w->place);
    if (w->number == 0) {
        counter both[] = { { .name = "left", .n = 1000 }, { .name = "right" } };
        if (ost_insert_many(s, counter, both, 2) != OST_OK)
            note_failure(w, s, "insert");
    }
    meet(w);
    for (; w->done < INCREMENTS && !w->failure[0]; w->done++) {
        ost_status expected = w->done % 3 == 1 ? OST_INVALID : OST_OK;
        if (w->number % 2 == 0 && ost_transaction(s, move, w, NULL) != expected)
            note_failure(w, s, "move");
        if (w->number % 2 == 1 && !sides_agree(s))
            note_failure(w, s, "sum");
        if (ost_session_clear(s) != OST_OK)
            note_failure(w, s, "clear");
    }
    ost_session_close(s);
    return NULL;
}

static void check_moves(place *p, worker *workers)
{
    int kept = 0;
    ost_session *s = session_of(p);
    (void)workers;
    for (int turn = 0; turn < INCREMENTS; turn++)
        kept += turn % 3 != 1 && turn % 5 != 4;
    counter *right = ost_find(s, counter, ost_eq(counter, name, "right"));
    assert_non_null(right);
    assert_int_equal(right->n, kept * THREADS / 2);
    assert_true(sides_agree(s));
    ost_session_close(s);
}

static void readers_see_whole_transactions(void **state)
{
    (void)state;
    in_both_places(moves, check_moves);
}

/* ---- compiling at the same time ---- */

static bool ask_shape(ost_session *s, const ost_model *m)
{
    /* All shapes are alike, so one struct stands for all of them. */
    ost_member thread = OST_AT(shape_0, thread), count = OST_AT(shape_0, count);
    const ost_expr *const by[] = { ost_col(entry, thread), &ost_expr_end };
    const ost_expr *const number[] = { ost_count(), &ost_expr_end };
    const ost_expr *const list[] = {
        OST_EXPR(.op = OST_OP_AS, .model = m, .member = thread, .args = by),
        OST_EXPR(.op = OST_OP_AS, .model = m, .member = count, .args = number),
        &ost_expr_end,
    };
    size_t n;
    ost_query *q = ost_from(s, entry);
    ost_group_by(q, by[0]);
    ost_query_select(q, list);
    ost_order_by(q, ost_asc(entry, thread));
    const shape_0 *rows = ost_query_all(q, m, sizeof(shape_0), &n);
    return rows && n == 3 && rows[0].thread == 0 && rows[2].thread == 2 && rows[2].count == 3;
}

static void *ask_shapes(void *context)
{
    worker *w = context;
    ost_session *s = session_of(w->place);
    if (w->number == 0)
        for (int i = 0; i < 3; i++)
            for (int k = 0; k <= i; k++)
                if (ost_insert(s, entry, &(entry){ .thread = i }) != OST_OK)
                    note_failure(w, s, "insert");
    for (int i = 0; i < SHAPES && !w->failure[0]; i++) {
        /* All of them come to each shape together. */
        atomic_fetch_add(&w->place->ready, 1);
        while (atomic_load(&w->place->ready) < THREADS * (i + 1))
            ;
        if (!ask_shape(s, shapes[i]))
            note_failure(w, s, shapes[i]->name);
    }
    atomic_fetch_add(&w->place->ready, THREADS * SHAPES);
    ost_session_close(s);
    return NULL;
}

static void nothing_more(place *p, worker *workers)
{
    (void)p, (void)workers;
}

static void threads_compile_one_shape_together(void **state)
{
    (void)state;
    in_both_places(ask_shapes, nothing_more);
}

/* ---- more shapes than the cache holds ---- */

enum { CONDITIONS = 10, DIFFERENT = 1 << CONDITIONS };

/* Conditions by the bits of a number: each number is a query of its own. All of them hold for the
 * one entry. */
static ost_query *query_of_bits(ost_session *s, unsigned bits)
{
    const ost_expr *const all[CONDITIONS] = {
        ost_eq(entry, a, 1),       ost_ne(entry, b, 1),
        ost_lt(entry, c, 4),       ost_le(entry, d, 4),
        ost_gt(entry, e, 4),       ost_ge(entry, a, 0),
        ost_not_null(entry, note), ost_eq(entry, b, 2),
        ost_eq(entry, c, 3),       ost_cmp_lt(ost_col(entry, a), ost_col(entry, e)),
    };
    ost_query *q = ost_from(s, entry);
    for (int i = 0; i < CONDITIONS; i++)
        if (bits >> i & 1)
            ost_where(q, all[i]);
    return q;
}

static void *churn(void *context)
{
    worker *w = context;
    ost_session *s = session_of(w->place);
    int64_t n;
    if (w->number == 0 &&
        ost_insert(s, entry, &(entry){ .a = 1, .b = 2, .c = 3, .d = 4, .e = 5, .note = "" }) !=
            OST_OK)
        note_failure(w, s, "insert");
    meet(w);
    for (unsigned i = 0; i < DIFFERENT && !w->failure[0]; i++) {
        /* Each thread in an order of its own, so that what one needs another one throws out. */
        unsigned bits = (i * (2 * (unsigned)w->number + 1) + 77) % DIFFERENT;
        if (ost_count_of(query_of_bits(s, bits), &n) != OST_OK || n != 1)
            note_failure(w, s, "churn");
        if (i % 64 == 63 && ost_session_clear(s) != OST_OK)
            note_failure(w, s, "clear");
    }
    ost_session_close(s);
    return NULL;
}

static void threads_churn_the_plan_cache(void **state)
{
    place p;
    worker workers[THREADS];
    (void)state;
    open_place(&p, true);
    run_threads(&p, churn, workers);
    close_place(&p);
}

/* ---- one session, two threads ---- */

typedef struct intruder {
    ost_session *s;
    ost_status status;
    int64_t n;
    bool got;
} intruder;

static void *intrude(void *context)
{
    intruder *in = context;
    ost_query *q = ost_from(in->s, entry);
    in->status = ost_count_of(q, &in->n);
    in->got = ost_new(in->s, entry) || ost_text(in->s, "a text") ||
              ost_insert(in->s, entry, &(entry){ .a = 1 }) != OST_MISUSE ||
              ost_begin(in->s, NULL) != OST_MISUSE || ost_session_clear(in->s) != OST_MISUSE;
    return NULL;
}

/* Comes while a statement runs on the session, from another thread. */
static void on_statement(const ost_event *event, void *context)
{
    intruder *in = context;
    pthread_t thread;
    if (event->kind != OST_EVENT_STATEMENT || !in->s || in->status != OST_OK)
        return;
    assert_int_equal(pthread_create(&thread, NULL, intrude, in), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void a_session_refuses_a_second_thread(void **state)
{
    intruder in = { .status = OST_OK };
    ost_db *db;
    int64_t n = -1;
    (void)state;
    assert_int_equal(
        ost_open(OST_OPTIONS(.url = "sqlite::memory:", .drivers = OST_DRIVERS(ost_driver_sqlite()),
                             .models = OST_MODELS(&entry_model), .on_event = on_statement,
                             .context = &in),
                 &db, NULL),
        OST_OK);
    assert_int_equal(ost_create_tables(db, NULL), OST_OK);
    assert_int_equal(ost_session_open(db, NULL, &in.s, NULL), OST_OK);
    assert_int_equal(ost_count_of(ost_from(in.s, entry), &n), OST_OK);
    assert_int_equal(n, 0);
    assert_int_equal(in.status, OST_MISUSE);
    assert_false(in.got);
    ost_session_close(in.s);
    in.s = NULL;
    ost_close(db);
}

static void *go_on(void *context)
{
    ost_session *s = context;
    entry *last = ost_first(ost_from(s, entry), entry);
    if (last) {
        last->a++;
        ost_save(s, entry, last);
    }
    return NULL;
}

/* It may go from thread to thread, also inside a transaction. */
static void a_session_is_handed_on(void **state)
{
    place p;
    (void)state;
    open_place(&p, false);
    ost_session *s = session_of(&p);
    assert_int_equal(ost_insert(s, entry, &(entry){ .a = 0 }), OST_OK);
    assert_int_equal(ost_begin(s, NULL), OST_OK);
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, go_on, s), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_int_equal(ost_commit(s), OST_OK);
    const entry *e = ost_get(s, entry, 1);
    assert_non_null(e);
    assert_int_equal(e->a, THREADS);
    ost_session_close(s);
    close_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_insert_and_ask),
        cmocka_unit_test(fm25_writers_that_read_first_see_no_error),
        cmocka_unit_test(readers_see_whole_transactions),
        cmocka_unit_test(threads_compile_one_shape_together),
        cmocka_unit_test(threads_churn_the_plan_cache),
        cmocka_unit_test(a_session_refuses_a_second_thread),
        cmocka_unit_test(a_session_is_handed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
