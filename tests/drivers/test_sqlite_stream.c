/* SPDX-License-Identifier: MIT */
#include "support/rows.h"

#include <sqlite3.h>

#include "sqlite/connection.h"

static void submit_stream(rows_world *w, made *m, uint32_t number, uint32_t batch_rows)
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
    rows_world *w = *state;
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
    rows_world *w = *state;
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
    rows_world *w = *state;
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

static int statements_of(rows_world *w)
{
    int n = 0;
    for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(w->b.driver->native(w->b.c), s));)
        n++;
    return n;
}

static void statements_are_cached_and_bounded(void **state)
{
    enum { PLANS = OST__STATEMENTS_MAX + 40 };
    rows_world *w = *state;
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
    rows_world *w = *state;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(streams_run_beside_other_statements, rows_begin, rows_end),
        cmocka_unit_test_setup_teardown(a_stream_that_times_out_is_closed, rows_begin, rows_end),
        cmocka_unit_test_setup_teardown(a_bounded_sink_gets_the_rest_when_asked_again, rows_begin,
                                        rows_end),
        cmocka_unit_test_setup_teardown(statements_are_cached_and_bounded, rows_begin, rows_end),
        cmocka_unit_test_setup_teardown(a_changed_table_is_seen, rows_begin, rows_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
