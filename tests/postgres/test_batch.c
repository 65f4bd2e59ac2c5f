/* SPDX-License-Identifier: MIT */
#include "postgres/things.h"

#include <time.h>

/* ---- round trips ---- */

/* Also the first time, when the statement is prepared on the way. */
static void everything_is_one_round_trip(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a", .n = 1 }, out[2];
    made *insert = insert_things(w, &a, 1), *look, *update = update_things(w, &a, 1);
    size_t count;
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "a%d", i);
        a.name = name;
        assert_int_equal(run_insert(w, insert, &a, 1), OST_OK);
        assert_int_equal(w->b.outcome.round_trips, 1);
        assert_int_equal(w->b.outcome.statements, 1);
        look = thing_by_id(w, a.id);
        assert_int_equal(run_rows(look, out, 1, &count), OST_OK);
        assert_int_equal(w->b.outcome.round_trips, 1);
        assert_int_equal(count, 1);
        assert_string_equal(out[0].name, name);
        a.n = 10 + i;
        assert_int_equal(run(update), OST_OK);
        assert_int_equal(w->b.outcome.round_trips, 1);
        assert_int_equal(w->b.outcome.matched, 1);
        assert_int_equal(w->b.outcome.changed, -1);
        discard(look);
    }
    assert_int_equal(count_of(w, "n >= 10"), 3);
    discard(insert);
    discard(update);
}

static void begin_travels_with_the_first_statement(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a" }, out[1];
    made *insert = insert_things(w, &a, 1), *look = all_things(w);
    ost_operation ops[4] = {
        { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN },
        { .struct_size = sizeof ops[0], .kind = OST_DO_SAVEPOINT, .text = "s", .text_size = 1 }
    };
    size_t count = 1;
    assert_int_equal(compile(insert), OST_OK);
    assert_int_equal(compile(look), OST_OK);
    ops[2] = insert->op;
    ops[2].rows = NULL;
    ops[2].flags = OST_FLAG_WRITES | OST_FLAG_TOKEN;
    ops[3] = look->op;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run_batch(w, ops, 4, look, out, &count), OST_OK);
        assert_int_equal(batch_trips, 1);
        assert_int_equal(count, 1);
        assert_string_equal(out[0].name, "a");
        assert_int_equal(unit_of(w), OST_UNIT_OPEN);
        assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
        assert_int_equal(w->b.outcome.round_trips, 1);
        count = 1;
    }
    discard(insert);
    discard(look);
}

/* ---- failures ---- */

static void after_an_error_the_rest_does_not_run(void **state)
{
    things_world *w = *state;
    thing in[2] = { { .name = "a" }, { .name = "a" } };
    made *m = insert_things(w, in, 2);
    ost_operation ops[3] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN },
                             { 0 },
                             { .struct_size = sizeof ops[0], .kind = OST_DO_COMMIT } };
    size_t accepted;
    assert_int_equal(compile(m), OST_OK);
    ops[1] = m->op;
    ops[1].rows = NULL;
    assert_int_equal(w->b.driver->submit(w->b.c, ops, 3, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    assert_int_equal(accepted, 3);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, INT64_MAX), OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 1, m, NULL, 0, NULL, INT64_MAX), OST_CONFLICT);
    assert_int_equal(w->b.outcome.failed_record, 1);
    assert_int_equal(w->b.outcome.transaction_ended, 0);
    assert_int_equal(collect_rows(&w->b, w->b.c, 2, NULL, NULL, 0, NULL, INT64_MAX), OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_NOT_RUN);
    assert_int_equal(unit_of(w), OST_UNIT_FAILED);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(count_of(w, "true"), 0);
    discard(m);
}

static void a_value_that_cannot_be_sent_is_refused_in_its_place(void **state)
{
    things_world *w = *state;
    thing in[3] = { { .name = "a" }, { .name = "b", .at = { INT64_MAX } }, { .name = "c" } };
    made *m = insert_things(w, in, 3);
    ost_operation ops[2] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN } };
    size_t accepted;
    assert_int_equal(compile(m), OST_OK);
    ops[1] = m->op;
    ops[1].rows = NULL;
    assert_int_equal(w->b.driver->submit(w->b.c, ops, 2, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, INT64_MAX), OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 1, m, NULL, 0, NULL, INT64_MAX), OST_RANGE);
    assert_int_equal(w->b.outcome.failed_record, 1);
    assert_int_equal(w->b.error.nothing_sent, 0);
    assert_string_equal(w->b.error.field, "at");
    assert_int_equal(w->b.outcome.connection_lost, 0);
    assert_int_equal(unit_of(w), OST_UNIT_OPEN);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    /* Alone, the server never sees it. */
    m->op.records = &in[1];
    m->op.record_count = 1;
    assert_int_equal(run(m), OST_RANGE);
    assert_int_equal(w->b.error.nothing_sent, 1);
    m->op.records = &in[2];
    m->op.rows = NULL;
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(count_of(w, "true"), 1);
    discard(m);
}

static void rows_that_do_not_fit_are_dropped(void **state)
{
    typedef struct slim {
        int64_t id;
        int8_t n;
    } slim;
    things_world *w = *state;
    made *m = make(&w->b, OST_DO_SELECT, w->things);
    const ost_field id = {
        .name = "id", .type = OST_TYPE_INT64, .offset = offsetof(slim, id), .size = sizeof(int64_t)
    };
    const ost_field n = {
        .name = "n", .type = OST_TYPE_INT8, .offset = offsetof(slim, n), .size = sizeof(int8_t)
    };
    slim out[4];
    size_t count;
    fill_things(w, 3);
    server_sql(w->url, "UPDATE things SET n = 300 WHERE id = 2");
    column(m, member(m, "id"), &id);
    column(m, member(m, "n"), &n);
    order_by(m, member(m, "id"), false);
    assert_int_equal(run_rows(m, out, 4, &count), OST_RANGE);
    assert_int_equal(m->bad_column, 1);
    assert_int_equal(m->bad_status, OST_RANGE);
    assert_int_equal(m->bad_count, 1);
    server_sql(w->url, "UPDATE things SET n = 3 WHERE id = 2");
    assert_int_equal(run_rows(m, out, 4, &count), OST_OK);
    assert_int_equal(count, 3);
    assert_int_equal(out[1].n, 3);
    discard(m);
}

/* ---- many records ---- */

enum { MANY = 3000 };

static thing *make_things(int count, size_t name_size)
{
    thing *in = calloc((size_t)count, sizeof *in);
    char *names = malloc((size_t)count * (name_size + 1));
    assert_non_null(in);
    assert_non_null(names);
    for (int i = 0; i < count; i++) {
        char *name = names + (size_t)i * (name_size + 1);
        memset(name, 'x', name_size);
        name[name_size] = '\0';
        snprintf(name, name_size + 1, "%06d", i);
        name[6] = name_size > 6 ? 'x' : '\0';
        in[i] = (thing){ .id = i + 1, .name = name, .n = i };
    }
    return in;
}

static void free_things(thing *in)
{
    free((void *)(uintptr_t)in[0].name);
    free(in);
}

static void many_updates_are_pipelined(void **state)
{
    things_world *w = *state;
    thing *in = make_things(MANY, 8);
    made *m = update_things(w, in, MANY);
    ost_operation ops[2] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN } };
    fill_things(w, MANY - 1);
    assert_int_equal(compile(m), OST_OK);
    ops[1] = m->op;
    assert_int_equal(run_batch(w, ops, 2, NULL, NULL, NULL), OST_OK);
    assert_int_equal(w->b.outcome.matched, MANY - 1);
    /* The last is not there. */
    assert_int_equal(w->b.outcome.failed_record, MANY - 1);
    assert_int_equal(w->b.outcome.statements, MANY);
    assert_in_range(batch_trips, 1, MANY / 100);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(count_of(w, "n = id - 1"), MANY - 1);
    assert_string_equal(server_text(w->url, "SELECT name FROM things WHERE id = 2000"), "001999xx");
    discard(m);
    free_things(in);
}

/* Sending and reading go on at once: neither side's buffers hold it all. */
static void large_records_do_not_jam_the_pipeline(void **state)
{
    enum { COUNT = 300, SIZE = 200000 };
    things_world *w = *state;
    thing *in = make_things(COUNT, SIZE);
    made *m = make(&w->b, OST_DO_UPDATE, w->things);
    ost_operation ops[2] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN } };
    server_sql(w->url, "ALTER TABLE things DROP CONSTRAINT things_name_unique;"
                       "ALTER TABLE things ALTER name TYPE text COLLATE \"C\"");
    fill_things(w, COUNT);
    m = update_things(w, in, COUNT);
    /* Each reply is as large as its record. */
    column(m, member(m, "name"), table_field(w->things, "name"));
    m->program.row_size = sizeof(thing);
    assert_int_equal(compile(m), OST_OK);
    ops[1] = m->op;
    {
        thing *out = calloc(COUNT, sizeof *out);
        size_t count = COUNT;
        assert_int_equal(run_batch(w, ops, 2, m, out, &count), OST_OK);
        assert_int_equal(count, COUNT);
        for (int i = 0; i < COUNT; i++)
            assert_string_equal(out[i].name, in[i].name);
        free(out);
    }
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(count_of(w, "length(name) = 200000"), COUNT);
    discard(m);
    free_things(in);
}

static void the_record_that_failed_is_known(void **state)
{
    things_world *w = *state;
    thing *in = make_things(1000, 8);
    made *m = update_things(w, in, 1000);
    ost_operation ops[2] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN } };
    fill_things(w, 1000);
    in[700].name = in[3].name;
    assert_int_equal(compile(m), OST_OK);
    ops[1] = m->op;
    assert_int_equal(run_batch(w, ops, 2, NULL, NULL, NULL), OST_CONFLICT);
    assert_int_equal(w->b.outcome.failed_record, 700);
    assert_string_equal(w->b.error.field, "name");
    assert_int_equal(unit_of(w), OST_UNIT_FAILED);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    in[700].name = "another";
    assert_int_equal(run_batch(w, ops, 2, NULL, NULL, NULL), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    discard(m);
    free_things(in);
}

/* ---- time ---- */

static made *slow(things_world *w)
{
    made *m = make(&w->b, OST_DO_RAW, NULL);
    m->op.text = "SELECT pg_sleep(20)";
    m->op.text_size = strlen(m->op.text);
    return m;
}

static int64_t ms_since(bench *b, int64_t start)
{
    return (bench_now(b) - start) / 1000000;
}

static void fm05_a_statement_ends_at_its_deadline(void **state)
{
    things_world *w = *state;
    made *m = slow(w), *look = all_things(w);
    int64_t start = bench_now(&w->b), deadline = start + 200000000;
    size_t accepted, count;
    thing out[1];
    assert_int_equal(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, deadline, &w->b.error),
                     OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, m, NULL, 0, NULL, deadline), OST_TIMEOUT);
    assert_in_range(ms_since(&w->b, start), 199, 300);
    assert_int_equal(w->b.outcome.connection_lost, 0);
    /* Replies are owed: nothing can be sent, and the connection is not for others. */
    assert_int_equal(w->b.driver->settle(w->b.c, deadline), OST_TIMEOUT);
    assert_false(w->b.driver->alive(w->b.c));
    assert_int_equal(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, INT64_MAX, &w->b.error),
                     OST_MISUSE);
    /* Another batch's number hits nothing. */
    start = bench_now(&w->b);
    w->b.driver->cancel(w->b.backend, w->b.c, 1, start + 1000000000);
    assert_int_equal(w->b.driver->settle(w->b.c, start + 100000000), OST_TIMEOUT);
    w->b.driver->cancel(w->b.backend, w->b.c, ((struct ost_connection *)w->b.c)->batch,
                        start + 1000000000);
    assert_int_equal(w->b.driver->settle(w->b.c, bench_now(&w->b) + 1000000000), OST_OK);
    assert_in_range(ms_since(&w->b, start), 0, 1500);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    assert_true(w->b.driver->alive(w->b.c));
    assert_int_equal(run_rows(look, out, 1, &count), OST_OK);
    discard(look);
}

static void a_unit_that_timed_out_has_failed(void **state)
{
    things_world *w = *state;
    made *m = slow(w);
    ost_operation ops[2] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN } };
    int64_t deadline = bench_now(&w->b) + 50000000;
    size_t accepted;
    ops[1] = m->op;
    assert_int_equal(w->b.driver->submit(w->b.c, ops, 2, &accepted, deadline, &w->b.error), OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, deadline), OST_TIMEOUT);
    w->b.driver->cancel(w->b.backend, w->b.c, ((struct ost_connection *)w->b.c)->batch, INT64_MAX);
    assert_int_equal(w->b.driver->settle(w->b.c, INT64_MAX), OST_OK);
    assert_int_equal(unit_of(w), OST_UNIT_FAILED);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_UNIT, INT64_MAX), OST_OK);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
}

static void a_deadline_that_has_passed_sends_nothing(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a" };
    made *m = insert_things(w, &a, 1);
    size_t accepted;
    assert_int_equal(compile(m), OST_OK);
    assert_int_equal(
        w->b.driver->submit(w->b.c, &m->op, 1, &accepted, bench_now(&w->b) - 1, &w->b.error),
        OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, m, NULL, 0, NULL, 0), OST_TIMEOUT);
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_int_equal(w->b.driver->settle(w->b.c, 0), OST_OK);
    assert_int_equal(count_of(w, "true"), 0);
    assert_true(w->b.driver->alive(w->b.c));
    discard(m);
}

static void a_cancelled_wait_owes_its_replies(void **state)
{
    things_world *w = *state;
    made *m = slow(w);
    size_t accepted;
    w->b.cancel_waits = 1;
    assert_int_equal(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, m, NULL, 0, NULL, INT64_MAX), OST_CANCELLED);
    w->b.cancel_waits = 0;
    w->b.driver->cancel(w->b.backend, w->b.c, ((struct ost_connection *)w->b.c)->batch, INT64_MAX);
    assert_int_equal(w->b.driver->settle(w->b.c, INT64_MAX), OST_OK);
    assert_true(w->b.driver->alive(w->b.c));
}

/* Two of them are owed the same: the pipeline is left in order. */
static void a_pipeline_that_timed_out_is_settled(void **state)
{
    things_world *w = *state;
    thing *in = make_things(2000, 8);
    made *m = update_things(w, in, 2000), *look = all_things(w);
    ost_operation ops[3] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN } };
    int64_t deadline = bench_now(&w->b) + 100000000;
    size_t accepted, count;
    thing out[1];
    assert_int_equal(compile(m), OST_OK);
    ops[1] = slow(w)->op;
    ops[2] = m->op;
    assert_int_equal(w->b.driver->submit(w->b.c, ops, 3, &accepted, deadline, &w->b.error), OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, deadline), OST_TIMEOUT);
    w->b.driver->cancel(w->b.backend, w->b.c, ((struct ost_connection *)w->b.c)->batch, INT64_MAX);
    assert_int_equal(w->b.driver->settle(w->b.c, INT64_MAX), OST_OK);
    assert_int_equal(w->b.driver->reset(w->b.c, 0, INT64_MAX), OST_OK);
    assert_int_equal(run_rows(look, out, 1, &count), OST_OK);
    assert_int_equal(count, 0);
    discard(look);
    discard(m);
    free_things(in);
}

/* An answer that keeps coming does not keep the deadline away. */
static void fm05_an_endless_answer_ends_at_its_deadline(void **state)
{
    things_world *w = *state;
    made *m = make(&w->b, OST_DO_RAW, NULL);
    int64_t start = bench_now(&w->b), deadline = start + 300000000;
    size_t accepted;
    m->op.text = "SELECT i, repeat('x', 1000) FROM generate_series(1, 10000000) i";
    m->op.text_size = strlen(m->op.text);
    assert_int_equal(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, deadline, &w->b.error),
                     OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, m, NULL, 0, NULL, deadline), OST_TIMEOUT);
    assert_in_range(ms_since(&w->b, start), 299, 400);
    w->b.driver->cancel(w->b.backend, w->b.c, ((struct ost_connection *)w->b.c)->batch, INT64_MAX);
    assert_int_equal(w->b.driver->settle(w->b.c, bench_now(&w->b) + 2000000000), OST_OK);
    assert_true(w->b.driver->alive(w->b.c));
}

static void operations_that_are_not_built_are_refused(void **state)
{
    things_world *w = *state;
    static const uint16_t kinds[] = { OST_DO_EXPLAIN, OST_DO_ADVISORY_LOCK };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_int_equal(control(w, kinds[i], NULL), OST_UNSUPPORTED);
        assert_int_equal(w->b.error.nothing_sent, 1);
    }
    assert_int_equal(control(w, OST_DO_SELECT, NULL), OST_MISUSE);
    assert_int_equal(control(w, OST_DO_RAW, ""), OST_MISUSE);
    assert_int_equal(control(w, OST_DO_RAW, "SELECT 1; SELECT 2"), OST_DRIVER_ERROR);
    assert_int_equal(control(w, OST_DO_RAW, "COPY things TO STDOUT"), OST_UNSUPPORTED);
    assert_int_equal(w->b.outcome.connection_lost, 1);
}

#define BATCH_TEST(f) cmocka_unit_test_setup_teardown(f, things_begin, things_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(everything_is_one_round_trip),
        BATCH_TEST(begin_travels_with_the_first_statement),
        BATCH_TEST(after_an_error_the_rest_does_not_run),
        BATCH_TEST(a_value_that_cannot_be_sent_is_refused_in_its_place),
        BATCH_TEST(rows_that_do_not_fit_are_dropped),
        BATCH_TEST(many_updates_are_pipelined),
        BATCH_TEST(large_records_do_not_jam_the_pipeline),
        BATCH_TEST(the_record_that_failed_is_known),
        BATCH_TEST(fm05_a_statement_ends_at_its_deadline),
        BATCH_TEST(a_unit_that_timed_out_has_failed),
        BATCH_TEST(a_deadline_that_has_passed_sends_nothing),
        BATCH_TEST(a_cancelled_wait_owes_its_replies),
        BATCH_TEST(a_pipeline_that_timed_out_is_settled),
        BATCH_TEST(fm05_an_endless_answer_ends_at_its_deadline),
        BATCH_TEST(operations_that_are_not_built_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
