/* SPDX-License-Identifier: MIT */
#include "support/rows.h"

#include <pthread.h>
#include <sqlite3.h>

#include "sqlite/connection.h"

/* ---- units and savepoints ---- */

static void units_commit_and_roll_back(void **state)
{
    rows_world *w = *state;
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
    rows_world *w = *state;
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
    rows_world *w = *state;
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
    rows_world *w = *state;
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
    rows_world mine;
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
    rows_world w;
    writer writers[2];
    pthread_t threads[2];
    const char *url = bench_url("writers.db", "?synchronous=off");
    (void)state;
    rows_open(&w, url);
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
    rows_world *w = *state;
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

static ost_status begin_until(rows_world *w, ost_connection *c, int64_t deadline)
{
    ost_operation op = { .struct_size = sizeof op, .kind = OST_DO_BEGIN };
    size_t accepted;
    assert_int_equal(w->b.driver->submit(c, &op, 1, &accepted, deadline, &w->b.error), OST_OK);
    return collect_rows(&w->b, c, 0, NULL, NULL, 0, NULL, deadline);
}

static void waiting_for_a_lock_ends_at_the_deadline(void **state)
{
    rows_world *w = *state;
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
    rows_world *w = *state;
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
    rows_world *w = *state;
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

static ost_status run_until(rows_world *w, const char *text, int64_t deadline)
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
    rows_world *w = *state;
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
    rows_world *w = *state;
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
    rows_world *w = *state;
    ost_operation op = { .struct_size = sizeof op, .kind = OST_DO_ROLLBACK };
    size_t accepted;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(w->b.driver->submit(w->b.c, &op, 1, &accepted, 0, &w->b.error), OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, 1), OST_OK);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
}

typedef struct canceller {
    rows_world *w;
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
    rows_world *w = *state;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(units_commit_and_roll_back, rows_begin, rows_end),
        cmocka_unit_test_setup_teardown(savepoints_have_any_name, rows_begin, rows_end),
        cmocka_unit_test_setup_teardown(after_an_error_the_rest_does_not_run, rows_begin, rows_end),
        cmocka_unit_test_setup_teardown(reset_makes_it_as_new, rows_begin, rows_end),
        cmocka_unit_test(fm25_two_writers_never_see_busy),
        cmocka_unit_test_setup_teardown(an_upgrade_after_another_write_may_be_run_again, rows_begin,
                                        rows_end),
        cmocka_unit_test_setup_teardown(waiting_for_a_lock_ends_at_the_deadline, rows_begin,
                                        rows_end),
        cmocka_unit_test_setup_teardown(a_lock_that_is_let_go_is_taken, rows_begin, rows_end),
        cmocka_unit_test_setup_teardown(waiting_for_a_lock_can_be_cancelled, rows_begin, rows_end),
        cmocka_unit_test_setup_teardown(a_statement_ends_at_the_deadline, rows_begin, rows_end),
        cmocka_unit_test_setup_teardown(a_write_that_is_stopped_ends_its_unit, rows_begin,
                                        rows_end),
        cmocka_unit_test_setup_teardown(rolling_back_goes_through_at_any_time, rows_begin,
                                        rows_end),
        cmocka_unit_test_setup_teardown(cancel_hits_one_batch_alone, rows_begin, rows_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
