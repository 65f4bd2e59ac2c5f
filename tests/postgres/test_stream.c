/* SPDX-License-Identifier: MIT */
#include "postgres/things.h"

enum { ROOM = 400 };

/* The first portion of a stream over all things. */
static made *stream_of(things_world *w, uint32_t number, uint32_t portion)
{
    made *m = all_things(w);
    m->op.flags = OST_FLAG_STREAM;
    m->op.stream = number;
    m->op.batch_rows = portion;
    m->rows_max = portion;
    return m;
}

static ost_status next(things_world *w, made *m, thing *out, size_t *count)
{
    return collect_rows(&w->b, w->b.c, OST_STREAM(m->op.stream), m, out, ROOM, count, INT64_MAX);
}

static uint16_t progress(const things_world *w)
{
    return w->b.outcome.progress;
}

static const char *cursors(things_world *w)
{
    static char text[16];
    PGresult *r = PQexec(w->b.driver->native(w->b.c), "SELECT count(*) FROM pg_cursors");
    snprintf(text, sizeof text, "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    return text;
}

static void read_it_all(things_world *w)
{
    made *m = stream_of(w, 1, 100);
    thing out[ROOM];
    size_t count, total;
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 1);
    assert_int_equal(count, 100);
    for (total = count; progress(w) == OST_MORE; total += count) {
        assert_int_equal(out[0].id, total - 99);
        assert_int_equal(next(w, m, out, &count), OST_OK);
    }
    assert_int_equal(total, 250);
    assert_int_equal(next(w, m, out, &count), OST_OK);
    assert_int_equal(progress(w), OST_NOT_RUN);
    discard(m);
}

static void a_stream_comes_in_portions(void **state)
{
    things_world *w = *state;
    fill_things(w, 250);
    read_it_all(w);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    assert_string_equal(cursors(w), "0");
    assert_int_equal(begin_unit(w), OST_OK);
    read_it_all(w);
    read_it_all(w);
    assert_int_equal(unit_of(w), OST_UNIT_OPEN);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_string_equal(cursors(w), "0");
}

static void portions_may_fit_exactly_or_be_empty(void **state)
{
    things_world *w = *state;
    made *m = stream_of(w, 1, 100);
    thing out[ROOM];
    size_t count;
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(count, 0);
    assert_int_equal(progress(w), OST_DONE);
    fill_things(w, 100);
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(count, 100);
    assert_int_equal(progress(w), OST_MORE);
    assert_int_equal(next(w, m, out, &count), OST_OK);
    assert_int_equal(count, 0);
    assert_int_equal(progress(w), OST_DONE);
    /* A sink may want fewer rows than were fetched. */
    m->rows_max = 30;
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(count, 30);
    assert_int_equal(next(w, m, out, &count), OST_OK);
    assert_int_equal(out[0].id, 31);
    assert_int_equal(w->b.outcome.round_trips, 0);
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 1, INT64_MAX), OST_OK);
    discard(m);
}

static void parameters_reach_the_cursor(void **state)
{
    things_world *w = *state;
    made *m = stream_of(w, 9, 10);
    thing out[ROOM];
    size_t count;
    fill_things(w, 50);
    m->shape.where = test(m, OST_OP_GT, "n", ost_value_int(45));
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(count, 5);
    assert_string_equal(out[4].name, "thing 50");
    discard(m);
}

/* ---- beside a stream ---- */

static void other_statements_are_as_if_alone(void **state)
{
    things_world *w = *state;
    made *m = stream_of(w, 1, 100), *two = stream_of(w, 2, 60);
    thing out[ROOM], in = { .name = "new" }, clash = { .name = "new" };
    made *insert = insert_things(w, &in, 1);
    size_t count;
    fill_things(w, 250);
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    /* A write beside it is committed at once. */
    assert_int_equal(run_insert(w, insert, &in, 1), OST_OK);
    assert_int_equal(count_of(w, "name = 'new'"), 1);
    /* One that fails does no harm. */
    assert_int_equal(run_insert(w, insert, &clash, 1), OST_CONFLICT);
    assert_int_equal(run_rows(two, out, ROOM, &count), OST_OK);
    assert_int_equal(count, 60);
    /* A unit begins and is undone. */
    assert_int_equal(begin_unit(w), OST_OK);
    clash.name = "undone";
    assert_int_equal(run_insert(w, insert, &clash, 1), OST_OK);
    assert_int_equal(next(w, m, out, &count), OST_OK);
    assert_int_equal(count, 100);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(next(w, m, out, &count), OST_OK);
    assert_int_equal(count, 50);
    assert_int_equal(progress(w), OST_DONE);
    assert_int_equal(next(w, two, out, &count), OST_OK);
    assert_int_equal(out[0].id, 61);
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 2, INT64_MAX), OST_OK);
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 2, INT64_MAX), OST_OK);
    assert_string_equal(cursors(w), "0");
    assert_int_equal(count_of(w, "name = 'undone'"), 0);
    discard(m);
    discard(two);
    discard(insert);
}

static void a_stream_of_a_unit_ends_with_it(void **state)
{
    things_world *w = *state;
    made *m = stream_of(w, 1, 100);
    thing out[ROOM], in = { .name = "thing 1" };
    made *insert = insert_things(w, &in, 1);
    size_t count;
    fill_things(w, 250);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(next(w, m, out, &count), OST_OK);
    assert_int_equal(progress(w), OST_NOT_RUN);
    /* Where the unit has failed, the stream ends without a word. */
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(run_insert(w, insert, &in, 1), OST_CONFLICT);
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 1, INT64_MAX), OST_OK);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_string_equal(cursors(w), "0");
    discard(m);
    discard(insert);
}

static void a_stream_stopped_early_leaves_the_unit_open(void **state)
{
    things_world *w = *state;
    made *m = stream_of(w, 3, 100);
    thing out[ROOM];
    size_t count;
    fill_things(w, 250);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 3, INT64_MAX), OST_OK);
    assert_int_equal(unit_of(w), OST_UNIT_OPEN);
    assert_string_equal(cursors(w), "0");
    /* Its number is free again. */
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(count, 100);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    discard(m);
}

/* ---- failures ---- */

static void a_stream_that_cannot_be_opened_leaves_nothing(void **state)
{
    things_world *w = *state;
    made *m = stream_of(w, 1, 100), *look = all_things(w);
    thing out[ROOM];
    size_t count;
    assert_int_equal(compile(m), OST_OK);
    server_sql(w->url, "ALTER TABLE things RENAME TO gone");
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_SCHEMA);
    assert_string_equal(w->b.error.sql_state, "42P01");
    server_sql(w->url, "ALTER TABLE gone RENAME TO things");
    assert_int_equal(run_rows(look, out, ROOM, &count), OST_OK);
    assert_int_equal(next(w, m, out, &count), OST_OK);
    assert_int_equal(progress(w), OST_NOT_RUN);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    discard(m);
    discard(look);
}

static void a_portion_that_does_not_fit_ends_the_stream(void **state)
{
    typedef struct slim {
        int8_t n;
    } slim;
    things_world *w = *state;
    const ost_field n = {
        .name = "n", .type = OST_TYPE_INT8, .offset = offsetof(slim, n), .size = sizeof(int8_t)
    };
    made *m = make(&w->b, OST_DO_SELECT, w->things);
    struct {
        slim s;
        char space[15];
    } out[ROOM];
    size_t count;
    fill_things(w, 250);
    column(m, member(m, "n"), &n);
    order_by(m, member(m, "id"), false);
    m->op.flags = OST_FLAG_STREAM;
    m->op.stream = 1;
    m->op.batch_rows = 100;
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(next(w, m, (thing *)(void *)out, &count), OST_RANGE);
    assert_int_equal(progress(w), OST_DONE);
    assert_string_equal(cursors(w), "0");
    assert_int_equal(next(w, m, (thing *)(void *)out, &count), OST_OK);
    assert_int_equal(progress(w), OST_NOT_RUN);
    discard(m);
}

static void settle_ends_every_stream(void **state)
{
    things_world *w = *state;
    made *m = stream_of(w, 1, 100), *two = stream_of(w, 2, 100);
    thing out[ROOM];
    size_t count;
    fill_things(w, 250);
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(run_rows(two, out, ROOM, &count), OST_OK);
    assert_int_equal(w->b.driver->settle(w->b.c, bench_now(&w->b) - 1), OST_TIMEOUT);
    assert_int_equal(w->b.driver->settle(w->b.c, INT64_MAX), OST_OK);
    assert_string_equal(cursors(w), "0");
    assert_int_equal(next(w, two, out, &count), OST_OK);
    assert_int_equal(progress(w), OST_NOT_RUN);
    discard(m);
    discard(two);
}

static void fm05_a_portion_ends_at_its_deadline(void **state)
{
    things_world *w = *state;
    made *m = stream_of(w, 1, 100);
    thing out[ROOM];
    size_t count;
    int64_t start, deadline;
    /* A sort would look at every row for the first portion already. */
    m->shape.order_count = 0;
    fill_things(w, 250);
    server_sql(w->url, "ALTER TABLE things RENAME TO hidden; CREATE VIEW things AS SELECT id, name,"
                       " CASE WHEN id > 150 AND pg_sleep(0.2) IS NULL THEN 0 ELSE n END AS n, at"
                       " FROM hidden");
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(count, 100);
    start = bench_now(&w->b);
    deadline = start + 300000000;
    assert_int_equal(collect_rows(&w->b, w->b.c, OST_STREAM(1), m, out, ROOM, &count, deadline),
                     OST_TIMEOUT);
    assert_in_range((bench_now(&w->b) - start) / 1000000, 299, 400);
    assert_int_equal(w->b.driver->settle(w->b.c, deadline), OST_TIMEOUT);
    w->b.driver->cancel(w->b.backend, w->b.c, ((struct ost_connection *)w->b.c)->batch, INT64_MAX);
    assert_int_equal(w->b.driver->settle(w->b.c, INT64_MAX), OST_OK);
    assert_int_equal(unit_of(w), OST_UNIT_FAILED);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_UNIT, INT64_MAX), OST_OK);
    discard(m);
}

/* ---- behind a pooler ---- */

static void behind_a_pooler_only_reads_run_beside(void **state)
{
    things_world *w = *state;
    made *m = stream_of(w, 1, 100), *look = thing_by_id(w, 7);
    thing out[ROOM], in = { .name = "new" };
    made *insert = insert_things(w, &in, 1);
    size_t count;
    fill_things(w, 250);
    assert_int_equal(run_rows(m, out, ROOM, &count), OST_OK);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    assert_int_equal(run_rows(look, out, ROOM, &count), OST_OK);
    assert_int_equal(count, 1);
    assert_int_equal(run_insert(w, insert, &in, 1), OST_UNSUPPORTED);
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_int_equal(begin_unit(w), OST_UNSUPPORTED);
    assert_int_equal(next(w, m, out, &count), OST_OK);
    assert_int_equal(out[0].id, 101);
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 1, INT64_MAX), OST_OK);
    assert_int_equal(run_insert(w, insert, &in, 1), OST_OK);
    assert_int_equal(count_of(w, "name = 'new'"), 1);
    server_sql(w->url, "DELETE FROM things WHERE name = 'new'");
    read_it_all(w);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    assert_int_equal(run_insert(w, insert, &in, 1), OST_OK);
    discard(m);
    discard(look);
    discard(insert);
}

#define STREAM_TEST(f) cmocka_unit_test_setup_teardown(f, things_begin, things_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STREAM_TEST(a_stream_comes_in_portions),
        STREAM_TEST(portions_may_fit_exactly_or_be_empty),
        STREAM_TEST(parameters_reach_the_cursor),
        STREAM_TEST(other_statements_are_as_if_alone),
        STREAM_TEST(a_stream_of_a_unit_ends_with_it),
        STREAM_TEST(a_stream_stopped_early_leaves_the_unit_open),
        STREAM_TEST(a_stream_that_cannot_be_opened_leaves_nothing),
        STREAM_TEST(a_portion_that_does_not_fit_ends_the_stream),
        STREAM_TEST(settle_ends_every_stream),
        STREAM_TEST(fm05_a_portion_ends_at_its_deadline),
        cmocka_unit_test_setup_teardown(behind_a_pooler_only_reads_run_beside, things_begin_pooled,
                                        things_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
