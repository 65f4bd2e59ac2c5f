/* SPDX-License-Identifier: MIT */
#include "support/shape_builder.h"

#include <pthread.h>
#include <sqlite3.h>
#include <time.h>

#include "sqlite/connection.h"
#include "support/failing_vfs.h"

typedef struct row {
    int64_t id;
    const char *name;
    int64_t n;
} row;
OST_RECORD(row, id);
OST_MODEL(row, .table = "rows",
          OST_FIELDS(OST_FIELD(row, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(row, name, .unique = true), OST_FIELD(row, n)));

typedef struct world {
    bench b;
    ost_table *rows;
} world;

static void begin(world *w, const char *url)
{
    bench_open(&w->b, ost_driver_sqlite(), url);
    w->rows = bench_table(&w->b, &row_model);
    create(&w->b, w->rows);
}

static int set_up(void **state)
{
    static int number;
    world *w = calloc(1, sizeof *w);
    char name[32];
    snprintf(name, sizeof name, "unit%d.db", number++);
    begin(w, bench_url(name, "?synchronous=off"));
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    bench_close(&w->b);
    free(w);
    return 0;
}

static void fill(world *w, int count)
{
    char text[200];
    snprintf(text, sizeof text,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO rows SELECT i, 'row ' || i, i FROM n",
             count);
    sql(&w->b, text);
}

static made *insert_of(world *w, row *in, size_t count)
{
    made *m = make(&w->b, OST_DO_INSERT, w->rows);
    from_records(m, in, count, sizeof *in, true);
    m->op.rows = NULL;
    return m;
}

static made *select_all(world *w)
{
    made *m = make(&w->b, OST_DO_SELECT, w->rows);
    all_columns(m, sizeof(row));
    order_by(m, member(m, "id"), false);
    return m;
}

static ost_status simple(world *w, uint16_t kind, const char *text)
{
    return simple_on(&w->b, w->b.c, kind, text);
}

static enum ost_unit_state state_of(world *w)
{
    return w->b.driver->unit_state(w->b.c);
}

/* ---- units and savepoints ---- */

static void units_commit_and_roll_back(void **state)
{
    world *w = *state;
    row in = { .name = "a" };
    made *m = insert_of(w, &in, 1);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(state_of(w), OST_UNIT_OPEN);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    assert_int_equal(sql_int(&w->b, "SELECT count(*) FROM rows"), 0);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(simple(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(sql_int(&w->b, "SELECT count(*) FROM rows"), 1);
    /* What is over already can be rolled back, but not committed. */
    assert_int_equal(simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(simple(w, OST_DO_COMMIT, NULL), OST_DRIVER_ERROR);
    discard(m);
}

static void savepoints_have_any_name(void **state)
{
    world *w = *state;
    row in[2] = { { .name = "a" }, { .name = "b" } };
    made *m = insert_of(w, &in[0], 1);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(simple(w, OST_DO_SAVEPOINT, "odd \"name\"; --"), OST_OK);
    m->op.records = &in[1];
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(simple(w, OST_DO_ROLLBACK_TO, "odd \"name\"; --"), OST_OK);
    /* It is released as well. */
    assert_int_equal(simple(w, OST_DO_RELEASE, "odd \"name\"; --"), OST_DRIVER_ERROR);
    assert_int_equal(simple(w, OST_DO_SAVEPOINT, "s"), OST_OK);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(simple(w, OST_DO_RELEASE, "s"), OST_OK);
    assert_int_equal(simple(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_string_equal(sql_text(&w->b, "SELECT name FROM rows ORDER BY id"), "a|b");
    char name[130];
    memset(name, '"', 129);
    name[129] = '\0';
    assert_int_equal(simple(w, OST_DO_SAVEPOINT, name), OST_TOO_LARGE);
    name[128] = '\0';
    assert_int_equal(simple(w, OST_DO_SAVEPOINT, name), OST_OK);
    assert_int_equal(simple(w, OST_DO_ROLLBACK_TO, name), OST_OK);
    discard(m);
}

static void after_an_error_the_rest_does_not_run(void **state)
{
    world *w = *state;
    row in[2] = { { .name = "a" }, { .name = "a" } };
    made *m = insert_of(w, in, 2);
    ost_operation ops[3] = { { .kind = OST_DO_BEGIN }, { 0 }, { .kind = OST_DO_COMMIT } };
    size_t accepted;
    assert_int_equal(compile(m), OST_OK);
    ops[1] = m->op;
    assert_int_equal(w->b.driver->submit(w->b.c, ops, 3, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    assert_int_equal(accepted, 3);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, INT64_MAX), OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 1, m, NULL, 0, NULL, INT64_MAX), OST_CONFLICT);
    assert_int_equal(w->b.outcome.failed_record, 1);
    assert_int_equal(w->b.outcome.transaction_ended, 0);
    assert_int_equal(collect_rows(&w->b, w->b.c, 2, NULL, NULL, 0, NULL, INT64_MAX), OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_NOT_RUN);
    assert_int_equal(state_of(w), OST_UNIT_OPEN);
    /* The next batch runs. */
    assert_int_equal(simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_DONE);
    discard(m);
}

static void reset_makes_it_as_new(void **state)
{
    world *w = *state;
    row in = { .name = "a" };
    made *m = insert_of(w, &in, 1);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_UNIT, INT64_MAX), OST_OK);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    assert_int_equal(sql_int(&w->b, "SELECT count(*) FROM rows"), 0);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_RAW, INT64_MAX), OST_CONNECTION);
    assert_true(w->b.driver->alive(w->b.c));
    discard(m);
}

/* ---- two connections ---- */

typedef struct writer {
    const char *url;
    int rounds, failures;
    ost_status first;
    char message[256];
} writer;

/* Reads and writes back in one unit, as the session does: begun as a writer, so never upgraded. */
static void *write_rounds(void *context)
{
    writer *me = context;
    world mine;
    bench_open(&mine.b, ost_driver_sqlite(), me->url);
    mine.rows = bench_table(&mine.b, &row_model);
    made *get = select_all(&mine), *set = make(&mine.b, OST_DO_UPDATE, mine.rows);
    row got[2];
    size_t count;
    set_to(set, "n", ost_value_int(0));
    set->shape.where = test(set, OST_OP_EQ, "id", ost_value_int(1));
    for (int i = 0; i < me->rounds; i++) {
        ost_status status = begin_on(&mine.b, mine.b.c, OST_ACCESS_WRITE);
        if (status == OST_OK)
            status = run_rows(get, got, 2, &count);
        set->parameters[0].value = ost_value_int(got[0].n + 1);
        if (status == OST_OK)
            status = run(set);
        if (status == OST_OK)
            status = simple_on(&mine.b, mine.b.c, OST_DO_COMMIT, NULL);
        if (status != OST_OK && me->failures++ == 0) {
            me->first = status;
            memcpy(me->message, mine.b.error.message, sizeof me->message);
        }
    }
    discard(get);
    discard(set);
    bench_close(&mine.b);
    return NULL;
}

static void fm25_two_writers_never_see_busy(void **state)
{
    world w;
    writer writers[2];
    pthread_t threads[2];
    const char *url = bench_url("writers.db", "?synchronous=off");
    (void)state;
    begin(&w, url);
    sql(&w.b, "INSERT INTO rows VALUES (1, 'a', 0)");
    for (int i = 0; i < 2; i++) {
        writers[i] = (writer){ .url = url, .rounds = 500 };
        assert_int_equal(pthread_create(&threads[i], NULL, write_rounds, &writers[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        if (writers[i].failures)
            fail_msg("%d failures: %s", writers[i].failures, writers[i].message);
    }
    assert_int_equal(sql_int(&w.b, "SELECT n FROM rows"), 1000);
    bench_close(&w.b);
}

static void an_upgrade_after_another_write_may_be_run_again(void **state)
{
    world *w = *state;
    ost_connection *second = bench_connect(&w->b);
    made *m = make(&w->b, OST_DO_UPDATE, w->rows);
    fill(w, 1);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_READ_ONLY), OST_OK);
    assert_int_equal(sql_int(&w->b, "SELECT n FROM rows"), 1);
    assert_int_equal(simple_on(&w->b, second, OST_DO_RAW, "UPDATE rows SET n = 5"), OST_OK);
    set_to(m, "n", ost_value_int(2));
    assert_int_equal(run(m), OST_SERIALIZATION);
    assert_int_equal(w->b.error.native_code, SQLITE_BUSY_SNAPSHOT);
    assert_int_equal(w->b.error.retryable, 1);
    assert_int_equal(w->b.outcome.transaction_ended, 0);
    /* The unit still reads what it read. */
    assert_int_equal(sql_int(&w->b, "SELECT n FROM rows"), 1);
    assert_int_equal(simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    discard(m);
    w->b.driver->close(second, INT64_MAX);
}

static ost_status begin_until(world *w, ost_connection *c, int64_t deadline)
{
    ost_operation op = { .struct_size = sizeof op, .kind = OST_DO_BEGIN };
    size_t accepted;
    assert_int_equal(w->b.driver->submit(c, &op, 1, &accepted, deadline, &w->b.error), OST_OK);
    return collect_rows(&w->b, c, 0, NULL, NULL, 0, NULL, deadline);
}

static void waiting_for_a_lock_ends_at_the_deadline(void **state)
{
    world *w = *state;
    ost_connection *second = bench_connect(&w->b);
    int64_t before = bench_now(&w->b);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(begin_until(w, second, before + 40000000), OST_LOCK_TIMEOUT);
    assert_int_equal(w->b.error.retryable, 0);
    assert_true(bench_now(&w->b) >= before + 40000000);
    assert_true(bench_now(&w->b) < before + 4000000000);
    assert_true(w->b.waits > 1);
    assert_int_equal(w->b.driver->unit_state(second), OST_UNIT_NONE);
    /* Readers do not wait for a writer. */
    assert_int_equal(simple_on(&w->b, second, OST_DO_RAW, "SELECT count(*) FROM rows"), OST_OK);
    w->b.driver->close(second, INT64_MAX);
}

static void let_go(bench *b)
{
    if (b->waits == 3)
        assert_int_equal(simple_on(b, b->context, OST_DO_COMMIT, NULL), OST_OK);
}

static void a_lock_that_is_let_go_is_taken(void **state)
{
    world *w = *state;
    ost_connection *second = bench_connect(&w->b);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    w->b.on_wait = let_go;
    w->b.context = w->b.c;
    assert_int_equal(begin_until(w, second, bench_now(&w->b) + 5000000000), OST_OK);
    assert_int_equal(w->b.driver->unit_state(second), OST_UNIT_OPEN);
    w->b.driver->close(second, INT64_MAX);
}

static void waiting_for_a_lock_can_be_cancelled(void **state)
{
    world *w = *state;
    ost_connection *second = bench_connect(&w->b);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    w->b.cancel_waits = 1;
    assert_int_equal(begin_until(w, second, INT64_MAX), OST_CANCELLED);
    w->b.cancel_waits = 0;
    w->b.driver->close(second, INT64_MAX);
}

/* ---- deadlines and cancel ---- */

static const char endless[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                              " SELECT count(*) FROM n";

static ost_status run_until(world *w, const char *text, int64_t deadline)
{
    ost_operation op = { .struct_size = sizeof op,
                         .kind = OST_DO_RAW,
                         .text = text,
                         .text_size = strlen(text),
                         .parameter_size = sizeof(ost_parameter) };
    size_t accepted;
    assert_int_equal(w->b.driver->submit(w->b.c, &op, 1, &accepted, deadline, &w->b.error), OST_OK);
    return collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, deadline);
}

static void a_statement_ends_at_the_deadline(void **state)
{
    world *w = *state;
    int64_t before = bench_now(&w->b);
    assert_int_equal(run_until(w, endless, before + 30000000), OST_TIMEOUT);
    assert_true(bench_now(&w->b) - before >= 30000000);
    assert_true(bench_now(&w->b) - before < 2000000000);
    assert_int_equal(w->b.driver->settle(w->b.c, INT64_MAX), OST_OK);
    assert_int_equal(run_until(w, "SELECT 1", INT64_MAX), OST_OK);
    /* A deadline that passed already: nothing is run. */
    assert_int_equal(run_until(w, "DELETE FROM rows", before), OST_TIMEOUT);
    assert_int_equal(w->b.error.nothing_sent, 1);
}

static void a_write_that_is_stopped_ends_its_unit(void **state)
{
    world *w = *state;
    fill(w, 10);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_until(w, "UPDATE rows SET n = 7 WHERE id = 1", INT64_MAX), OST_OK);
    assert_int_equal(run_until(w,
                               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                               " INSERT INTO rows(name, n) SELECT i, i FROM n",
                               bench_now(&w->b) + 20000000),
                     OST_TIMEOUT);
    /* SQLite rolls the whole unit back when it interrupts a write, and the outcome says so. */
    assert_int_equal(w->b.outcome.transaction_ended,
                     sqlite3_get_autocommit(w->b.driver->native(w->b.c)));
    assert_int_equal(w->b.outcome.transaction_ended, 1);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    assert_int_equal(simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(sql_int(&w->b, "SELECT n FROM rows WHERE id = 1"), 1);
}

static void rolling_back_goes_through_at_any_time(void **state)
{
    world *w = *state;
    ost_operation op = { .struct_size = sizeof op, .kind = OST_DO_ROLLBACK };
    size_t accepted;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(w->b.driver->submit(w->b.c, &op, 1, &accepted, 0, &w->b.error), OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, 1), OST_OK);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
}

typedef struct canceller {
    world *w;
    uint64_t batch;
    atomic_int running;
} canceller;

static void *cancel_soon(void *context)
{
    canceller *me = context;
    while (!atomic_load(&me->running))
        ;
    me->w->b.driver->cancel(me->w->b.backend, me->w->b.c, me->batch, INT64_MAX);
    return NULL;
}

static void cancel_hits_one_batch_alone(void **state)
{
    world *w = *state;
    canceller me = { .w = w };
    pthread_t thread;
    atomic_init(&me.running, 0);
    /* A batch that is over, or not begun, is not this one. */
    assert_int_equal(run_until(w, "SELECT 1", INT64_MAX), OST_OK);
    w->b.driver->cancel(w->b.backend, w->b.c, w->b.c->batch, INT64_MAX);
    assert_int_equal(run_until(w, "SELECT 1", INT64_MAX), OST_OK);
    me.batch = w->b.c->batch + 1;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &me), 0);
    atomic_store(&me.running, 1);
    assert_int_equal(run_until(w, endless, bench_now(&w->b) + 20000000000), OST_CANCELLED);
    pthread_join(thread, NULL);
    assert_int_equal(run_until(w, "SELECT 1", INT64_MAX), OST_OK);
    /* Cancelled before it ran. */
    w->b.driver->cancel(w->b.backend, w->b.c, w->b.c->batch + 1, INT64_MAX);
    assert_int_equal(run_until(w, "DELETE FROM rows", INT64_MAX), OST_CANCELLED);
    assert_int_equal(w->b.error.nothing_sent, 1);
}

/* ---- streams and cached statements ---- */

static void submit_stream(world *w, made *m, uint32_t number, uint32_t batch_rows)
{
    size_t accepted;
    assert_int_equal(compile(m), OST_OK);
    m->op.flags = OST_FLAG_STREAM;
    m->op.stream = number;
    m->op.batch_rows = batch_rows;
    assert_int_equal(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
}

static void streams_run_beside_other_statements(void **state)
{
    world *w = *state;
    made *a = select_all(w), *b;
    row rows[10];
    size_t count;
    fill(w, 10);
    submit_stream(w, a, 1, 4);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, a, rows, 10, &count, INT64_MAX), OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_MORE);
    assert_int_equal(count, 4);
    /* The same plan again, beside it: another statement. */
    b = make(&w->b, OST_DO_SELECT, w->rows);
    *b = *a;
    b->op.shape = &b->shape;
    submit_stream(w, b, 2, 3);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, b, rows, 10, &count, INT64_MAX), OST_OK);
    assert_int_equal(count, 3);
    assert_int_equal(rows[2].id, 3);
    b->op.flags = 0;
    assert_int_equal(run_rows(b, rows, 10, &count), OST_OK);
    assert_int_equal(count, 10);
    assert_int_equal(w->b.outcome.progress, OST_DONE);
    assert_int_equal(simple(w, OST_DO_RAW, "INSERT INTO rows(id, n) VALUES (50, 50)"), OST_OK);
    /* Each goes on where it was. */
    assert_int_equal(collect_rows(&w->b, w->b.c, OST_STREAM(1), a, rows, 10, &count, INT64_MAX),
                     OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_MORE);
    assert_int_equal(count, 4);
    assert_int_equal(rows[0].id, 5);
    assert_string_equal(rows[0].name, "row 5");
    assert_int_equal(collect_rows(&w->b, w->b.c, OST_STREAM(2), b, rows, 10, &count, INT64_MAX),
                     OST_OK);
    assert_int_equal(rows[0].id, 4);
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 2, INT64_MAX), OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, OST_STREAM(2), b, rows, 10, &count, INT64_MAX),
                     OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_NOT_RUN);
    assert_int_equal(collect_rows(&w->b, w->b.c, OST_STREAM(1), a, rows, 10, &count, INT64_MAX),
                     OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_DONE);
    assert_true(count == 2 || count == 3);
    assert_int_equal(rows[1].id, 10);
    discard(a);
}

static void a_stream_that_times_out_is_closed(void **state)
{
    world *w = *state;
    made *m = select_all(w);
    row rows[4];
    size_t count;
    fill(w, 10);
    submit_stream(w, m, 7, 4);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, m, rows, 4, &count, INT64_MAX), OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, OST_STREAM(7), m, rows, 4, &count, 1),
                     OST_TIMEOUT);
    assert_int_equal(collect_rows(&w->b, w->b.c, OST_STREAM(7), m, rows, 4, &count, INT64_MAX),
                     OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_NOT_RUN);
    /* One that is left open does not keep its connection from being reset. */
    submit_stream(w, m, 8, 4);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, m, rows, 4, &count, INT64_MAX), OST_OK);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_UNIT, INT64_MAX), OST_OK);
    assert_int_equal(simple(w, OST_DO_RAW, "DROP TABLE rows"), OST_OK);
    discard(m);
}

static void a_bounded_sink_gets_the_rest_when_asked_again(void **state)
{
    world *w = *state;
    made *m = select_all(w);
    row rows[10];
    size_t count, accepted;
    fill(w, 5);
    assert_int_equal(compile(m), OST_OK);
    m->rows_max = 5;
    assert_int_equal(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, m, rows, 10, &count, INT64_MAX), OST_OK);
    assert_int_equal(count, 5);
    assert_int_equal(w->b.outcome.progress, OST_MORE);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, m, rows, 10, &count, INT64_MAX), OST_OK);
    assert_int_equal(count, 0);
    assert_int_equal(w->b.outcome.progress, OST_DONE);
    discard(m);
}

static int statements_of(world *w)
{
    int n = 0;
    for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(w->b.driver->native(w->b.c), s));)
        n++;
    return n;
}

static void statements_are_cached_and_bounded(void **state)
{
    enum { PLANS = OST__STATEMENTS_MAX + 40 };
    world *w = *state;
    made *plans[PLANS];
    row rows[4];
    size_t count;
    int before;
    fill(w, 3);
    before = statements_of(w);
    for (int i = 0; i < PLANS; i++) {
        plans[i] = select_all(w);
        assert_int_equal(run_rows(plans[i], rows, 4, &count), OST_OK);
    }
    assert_int_equal(statements_of(w), OST__STATEMENTS_MAX);
    assert_true(before < OST__STATEMENTS_MAX);
    /* A cached one is not prepared again, a forgotten one is. */
    sqlite3_stmt *newest = sqlite3_next_stmt(w->b.driver->native(w->b.c), NULL);
    assert_int_equal(run_rows(plans[PLANS - 1], rows, 4, &count), OST_OK);
    assert_ptr_equal(sqlite3_next_stmt(w->b.driver->native(w->b.c), NULL), newest);
    assert_int_equal(run_rows(plans[0], rows, 4, &count), OST_OK);
    assert_int_equal(count, 3);
    assert_int_equal(statements_of(w), OST__STATEMENTS_MAX);
    /* One that is run once is not kept. */
    made *once = select_all(w);
    once->op.flags = OST_FLAG_ONCE;
    assert_int_equal(run_rows(once, rows, 4, &count), OST_OK);
    assert_int_equal(statements_of(w), OST__STATEMENTS_MAX);
    discard(once);
    for (int i = 0; i < PLANS; i++)
        discard(plans[i]);
}

static void a_changed_table_is_seen(void **state)
{
    world *w = *state;
    ost_connection *second = bench_connect(&w->b);
    made *m = select_all(w);
    row rows[4];
    size_t count;
    fill(w, 2);
    assert_int_equal(run_rows(m, rows, 4, &count), OST_OK);
    assert_int_equal(simple_on(&w->b, second, OST_DO_RAW, "ALTER TABLE rows ADD COLUMN more TEXT"),
                     OST_OK);
    assert_int_equal(run_rows(m, rows, 4, &count), OST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(simple_on(&w->b, second, OST_DO_RAW, "DROP TABLE rows"), OST_OK);
    assert_int_equal(run_rows(m, rows, 4, &count), OST_SCHEMA);
    discard(m);
    w->b.driver->close(second, INT64_MAX);
}

/* ---- short of memory, failing disks ---- */

static void every_allocation_may_fail(void **state)
{
    static const char *const names[] = { "row 1", "x" };
    world *w = *state;
    fill(w, 3);
    for (long fail_at = 0; fail_at < 200; fail_at++) {
        const ost_options options = { .struct_size = sizeof options, .url = "sqlite::memory:" };
        ost_backend *b = NULL;
        ost_connection *c = NULL;
        ost_capabilities caps;
        long live = w->b.live;
        ost_status status;
        w->b.allocations = 0;
        w->b.fail_at = fail_at;
        status = w->b.driver->open(&w->b.host, &options, &b, &w->b.error);
        if (status == OST_OK)
            status = w->b.driver->connect(b, NULL, INT64_MAX, &c, &caps, &w->b.error);
        w->b.fail_at = -1;
        if (c)
            w->b.driver->close(c, INT64_MAX);
        if (b)
            w->b.driver->shut(b, INT64_MAX);
        assert_int_equal(w->b.live, live);
        if (status == OST_OK)
            break;
        assert_int_equal(status, OST_NO_MEMORY);
        assert_int_equal(w->b.error.status, OST_NO_MEMORY);
        assert_true(fail_at < 100);
    }
    /* A statement that needs all of it: a list, a folded needle, converted values. */
    for (long fail_at = 0;; fail_at++) {
        made *m = select_all(w);
        const ost_node *needle = text_test(m, OST_OP_HAS_TEXT, "name", "ROW");
        row rows[4];
        size_t count;
        ost_status status;
        m->shape.where = node2(m, OST_OP_AND, needle,
                               in_list(m, "name", OST_TYPE_TEXT, names, 2, sizeof names[0]));
        w->b.allocations = 0;
        w->b.fail_at = fail_at;
        status = run_rows(m, rows, 4, &count);
        w->b.fail_at = -1;
        if (status == OST_OK) {
            assert_int_equal(count, 1);
            assert_true(fail_at > 4);
            discard(m);
            break;
        }
        assert_int_equal(status, OST_NO_MEMORY);
        assert_int_equal(w->b.error.status, OST_NO_MEMORY);
        /* With memory it works again, on the same connection. */
        assert_int_equal(run_rows(m, rows, 4, &count), OST_OK);
        assert_int_equal(count, 1);
        discard(m);
    }
    /* Savepoints need no memory of ours: what is to be undone can be undone. */
    w->b.fail_at = 0;
    w->b.allocations = 0;
    assert_int_equal(simple(w, OST_DO_SAVEPOINT, "s"), OST_OK);
    assert_int_equal(simple(w, OST_DO_ROLLBACK_TO, "s"), OST_OK);
    w->b.fail_at = -1;
}

/* Inserts in one unit while write number `fail_at` fails. What is found afterwards is what was
 * reported. */
static bool fails_once(const failing_vfs *limits, failing_vfs *v, long fail_at)
{
    enum { COUNT = 40 };
    world w;
    row in[COUNT];
    char names[COUNT][400], url_name[32];
    static int number;
    ost_status status;
    bool failed, ended;
    snprintf(url_name, sizeof url_name, "disk%d.db", number++);
    begin(&w, bench_url(url_name, ""));
    for (int i = 0; i < COUNT; i++) {
        memset(names[i], 'n', sizeof names[i]);
        names[i][0] = (char)('0' + i / 10);
        names[i][1] = (char)('0' + i % 10);
        names[i][sizeof names[i] - 1] = '\0';
        in[i] = (row){ .name = names[i] };
    }
    made *m = insert_of(&w, in, COUNT);
    sql(&w.b, "PRAGMA cache_size = 3");
    *v = *limits;
    v->fail_at = fail_at;
    v->writes = 0;
    status = begin_on(&w.b, w.b.c, OST_ACCESS_WRITE);
    ended = status != OST_OK;
    if (status == OST_OK) {
        status = run(m);
        ended = w.b.outcome.transaction_ended;
    }
    if (status == OST_OK) {
        status = simple(&w, OST_DO_COMMIT, NULL);
        ended = w.b.outcome.transaction_ended;
    }
    failed = status != OST_OK;
    if (failed) {
        assert_int_equal(ended, sqlite3_get_autocommit(w.b.driver->native(w.b.c)) != 0);
        assert_true(status == OST_CONNECTION || status == OST_DRIVER_ERROR);
        assert_int_equal(w.b.outcome.connection_lost, status == OST_CONNECTION);
        v->fail_at = -1;
        assert_int_equal(simple(&w, OST_DO_ROLLBACK, NULL), OST_OK);
    }
    v->fail_at = -1;
    discard(m);
    bench_close(&w.b);
    begin(&w, bench_url(url_name, ""));
    assert_int_equal(sql_int(&w.b, "SELECT count(*) FROM rows"), failed ? 0 : COUNT);
    assert_string_equal(sql_text(&w.b, "PRAGMA integrity_check"), "ok");
    bench_close(&w.b);
    return v->writes > fail_at || failed;
}

static void fm26_failing_writes_leave_all_or_nothing(void **state)
{
    static const failing_vfs kinds[] = {
        { .code = SQLITE_IOERR_WRITE },
        { .code = SQLITE_FULL, .stays = 1 },
        { .code = SQLITE_IOERR_WRITE, .torn = 1, .stays = 1 },
    };
    failing_vfs *v = failing_vfs_install();
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        long fail_at = 0;
        while (fails_once(&kinds[i], v, fail_at) && fail_at < 60)
            fail_at += fail_at < 8 ? 1 : 5;
        assert_true(fail_at > 3);
    }
    failing_vfs_remove();
}

static void fm45_lengths_beyond_int_are_refused(void **state)
{
    world *w = *state;
    ost_operation op = { .struct_size = sizeof op,
                         .kind = OST_DO_RAW,
                         .text = "SELECT 1",
                         .parameter_size = sizeof(ost_parameter) };
    made *m = make(&w->b, OST_DO_SELECT, w->rows);
    const size_t sizes[] = { (size_t)INT32_MAX, (size_t)INT32_MAX + 1, (size_t)UINT32_MAX,
                             (size_t)UINT32_MAX + 1 };
    size_t accepted;
    /* The lengths are lies: nothing of the text may be read. */
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        op.text_size = sizes[i];
        assert_int_equal(w->b.driver->submit(w->b.c, &op, 1, &accepted, INT64_MAX, &w->b.error),
                         OST_OK);
        assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, INT64_MAX),
                         OST_TOO_LARGE);
    }
    column(m, value(m, NULL, ost_value_blob((ost_blob){ .data = "x", .size = 1 })),
           &(const ost_field){ .name = "b", .type = OST_TYPE_BLOB, .size = sizeof(ost_blob) });
    m->op.rows = NULL;
    assert_int_equal(compile(m), OST_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        m->parameters[0].value.as.blob.size = sizes[i];
        assert_int_equal(run(m), OST_TOO_LARGE);
    }
    discard(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(units_commit_and_roll_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(savepoints_have_any_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_an_error_the_rest_does_not_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reset_makes_it_as_new, set_up, tear_down),
        cmocka_unit_test(fm25_two_writers_never_see_busy),
        cmocka_unit_test_setup_teardown(an_upgrade_after_another_write_may_be_run_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(waiting_for_a_lock_ends_at_the_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lock_that_is_let_go_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waiting_for_a_lock_can_be_cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_statement_ends_at_the_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_write_that_is_stopped_ends_its_unit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rolling_back_goes_through_at_any_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cancel_hits_one_batch_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_run_beside_other_statements, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stream_that_times_out_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bounded_sink_gets_the_rest_when_asked_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(statements_are_cached_and_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_table_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, set_up, tear_down),
        cmocka_unit_test(fm26_failing_writes_leave_all_or_nothing),
        cmocka_unit_test_setup_teardown(fm45_lengths_beyond_int_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
