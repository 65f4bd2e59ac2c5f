/* SPDX-License-Identifier: MIT */
/* Rows in portions, and what runs beside them. */
#include "mysql/crates.h"

#include "mysql/connection.h"

enum { ROWS = 1000, PORTION = 64 };

typedef struct stream {
    crates_world *w;
    made *m;
    uint32_t number;
    crate rows[PORTION];
    size_t count, seen;
} stream;

static ost_status portion(stream *s, size_t index)
{
    s->m->rows_max = PORTION;
    return collect_rows(&s->w->b, s->w->b.c, index, s->m, s->rows, PORTION, &s->count, INT64_MAX);
}

static void check(stream *s)
{
    for (size_t i = 0; i < s->count; i++)
        assert_int_equal(s->rows[i].id, ++s->seen);
}

static void open_stream(stream *s, crates_world *w, uint32_t number)
{
    size_t accepted;
    *s = (stream){ .w = w, .m = crate_select(w), .number = number };
    s->m->op.flags |= OST_FLAG_STREAM;
    s->m->op.stream = number;
    s->m->op.batch_rows = PORTION;
    assert_int_equal(compile(s->m), OST_OK);
    assert_int_equal(w->b.driver->submit(w->b.c, &s->m->op, 1, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    if (portion(s, 0) != OST_OK)
        fail_msg("%s", w->b.error.message);
    check(s);
}

static bool next(stream *s)
{
    if (portion(s, OST_STREAM(s->number)) != OST_OK)
        fail_msg("%s", s->w->b.error.message);
    check(s);
    return s->w->b.outcome.progress == OST_MORE;
}

static void rows_come_in_portions(void **state)
{
    crates_world *w = *state;
    stream s;
    crates_fill(w, ROWS);
    open_stream(&s, w, 1);
    assert_int_equal(w->b.outcome.progress, OST_MORE);
    assert_int_equal(s.count, PORTION);
    int portions = 1;
    while (next(&s))
        portions++;
    assert_int_equal(s.seen, ROWS);
    assert_int_equal(portions, ROWS / PORTION);
    discard(s.m);
}

static void few_rows_are_no_stream(void **state)
{
    crates_world *w = *state;
    stream s;
    for (int count = 0; count <= 3; count++) {
        open_stream(&s, w, 1);
        assert_int_equal(w->b.outcome.progress, OST_DONE);
        assert_int_equal(s.count, count);
        discard(s.m);
        char text[100];
        snprintf(text, sizeof text, "INSERT INTO crates (name, n, price) VALUES ('%d', 0, 0)",
                 count);
        server_sql(w->url, text);
    }
}

static void statements_run_beside_streams(void **state)
{
    crates_world *w = *state;
    stream a, b;
    made *set = crate_update(w, 500, 7), *get = crate_get(w, 500);
    crate out[1];
    size_t count;
    bool more_a = true, more_b = true;
    crates_fill(w, ROWS);
    open_stream(&a, w, 1);
    open_stream(&b, w, 2);
    for (int i = 0; more_a || more_b; i++) {
        if (more_a)
            more_a = next(&a);
        assert_int_equal(run(set), OST_OK);
        assert_int_equal(run_rows(get, out, 1, &count), OST_OK);
        assert_int_equal(out[0].n, 7);
        if (more_b && i % 2 == 0)
            more_b = next(&b);
    }
    assert_int_equal(a.seen, ROWS);
    assert_int_equal(b.seen, ROWS);
    discard(a.m);
    discard(b.m);
    discard(set);
    discard(get);
}

static void a_stream_that_is_stopped_leaves_the_unit_open(void **state)
{
    crates_world *w = *state;
    stream s;
    made *set = crate_update(w, 1, 7);
    crates_fill(w, ROWS);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run(set), OST_OK);
    for (uint32_t i = 1; i <= 3; i++) {
        open_stream(&s, w, i);
        assert_true(next(&s));
        assert_int_equal(w->b.driver->stop_stream(w->b.c, i, INT64_MAX), OST_OK);
        assert_int_equal(crates_state(w), OST_UNIT_OPEN);
        discard(s.m);
    }
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_string_equal(crates_text(w, "SELECT n FROM crates WHERE id = 1"), "7");
    /* Stopping what is not there is no failure. */
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 77, INT64_MAX), OST_OK);
    discard(set);
}

static void settle_ends_every_stream(void **state)
{
    crates_world *w = *state;
    stream a, b;
    crates_fill(w, ROWS);
    open_stream(&a, w, 1);
    open_stream(&b, w, 2);
    assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 5000)), OST_OK);
    assert_null(w->b.c->streams);
    assert_int_equal(portion(&a, OST_STREAM(1)), OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_NOT_RUN);
    discard(a.m);
    discard(b.m);
}

static void a_plan_is_streamed_twice_at_once(void **state)
{
    crates_world *w = *state;
    stream s;
    crates_fill(w, ROWS);
    open_stream(&s, w, 1);
    /* The same statement, while its cursor is open. */
    ost_operation again = s.m->op;
    again.stream = 2;
    size_t accepted, count;
    crate rows[PORTION];
    assert_int_equal(w->b.driver->submit(w->b.c, &again, 1, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, s.m, rows, PORTION, &count, INT64_MAX), OST_OK);
    assert_int_equal(rows[0].id, 1);
    assert_true(next(&s));
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 2, INT64_MAX), OST_OK);
    while (next(&s))
        ;
    assert_int_equal(s.seen, ROWS);
    discard(s.m);
}

static void closing_under_a_stream_leaks_nothing(void **state)
{
    crates_world *w = *state;
    stream s;
    crates_fill(w, ROWS);
    open_stream(&s, w, 1);
    ost_connection *other = bench_connect(&w->b);
    w->b.driver->close(w->b.c, INT64_MAX);
    w->b.c = other;
    discard(s.m);
}

/* ---- cached statements ---- */

static void statements_are_prepared_once(void **state)
{
    crates_world *w = *state;
    made *get = crate_get(w, 1);
    crate out[1];
    size_t count;
    crates_fill(w, 1);
    assert_int_equal(run_rows(get, out, 1, &count), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 2);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(run_rows(get, out, 1, &count), OST_OK);
        assert_int_equal(w->b.outcome.round_trips, 1);
        assert_int_equal(w->b.outcome.statements, 1);
        assert_int_not_equal(w->b.outcome.bytes_sent, 0);
        assert_int_not_equal(w->b.outcome.bytes_received, 0);
    }
    discard(get);
}

/* "#n" of the connection's statements, at the server. */
static long prepared(crates_world *w)
{
    const char *text = server_text(
        w->url, "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = "
                "'PREPARED_STMT_COUNT'");
    return strtol(text, NULL, 10);
}

static void statements_are_forgotten_beyond_the_bound(void **state)
{
    enum { COUNT = OST__MY_STATEMENTS_MAX + 40 };
    crates_world *w = *state;
    made **all = calloc(COUNT, sizeof *all);
    crate out[1];
    size_t count;
    crates_fill(w, 1);
    for (int i = 0; i < COUNT; i++) {
        all[i] = crate_get(w, 1);
        assert_int_equal(run_rows(all[i], out, 1, &count), OST_OK);
        assert_int_equal(count, 1);
    }
    assert_int_equal(w->b.c->statements.count, OST__MY_STATEMENTS_MAX);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(run_rows(all[i], out, 1, &count), OST_OK);
        discard(all[i]);
    }
    free(all);
}

static void a_server_without_room_for_statements_gets_some_back(void **state)
{
    enum { COUNT = 40 };
    server_instance *s = server_private(SERVER_MYSQL, "--set max_prepared_stmt_count=16");
    crates_world w;
    made *all[COUNT];
    crate out[1];
    size_t count;
    (void)state;
    crates_open(&w, server_url(s, NULL));
    crates_create(&w);
    crates_fill(&w, 1);
    for (int i = 0; i < COUNT; i++) {
        all[i] = crate_get(&w, 1);
        if (run_rows(all[i], out, 1, &count) != OST_OK)
            fail_msg("%s", w.b.error.message);
    }
    assert_in_range(prepared(&w), 1, 16);
    for (int i = 0; i < COUNT; i++)
        discard(all[i]);
    crates_close(&w);
    server_end(s);
}

/* Tables change under statements that are prepared. */
static void fm28_statements_survive_changes_of_their_tables(void **state)
{
    crates_world *w = *state;
    made *get = crate_get(w, 1), *set = crate_update(w, 1, 3);
    crate out[1];
    size_t count;
    crates_fill(w, 1);
    for (int i = 0; i < 20; i++) {
        char text[100];
        snprintf(text, sizeof text,
                 i % 2 == 0 ? "ALTER TABLE crates ADD COLUMN more%d INT FIRST"
                            : "ALTER TABLE crates DROP COLUMN more%d",
                 i / 2);
        server_sql(w->url, text);
        if (run_rows(get, out, 1, &count) != OST_OK)
            fail_msg("%s", w->b.error.message);
        assert_int_equal(count, 1);
        assert_string_equal(out[0].name, "crate 1");
        assert_int_equal(run(set), OST_OK);
    }
    discard(get);
    discard(set);
}

/* A pooler in between may know nothing of a statement: it is prepared again, once. */
static void fm28_forgotten_statements_are_prepared_again(void **state)
{
    crates_world *w = *state;
    made *get = crate_get(w, 1), *set = crate_update(w, 1, 3);
    crate in[3] = { { .name = "x" }, { .name = "y" }, { .name = "z" } }, out[3];
    made *many = crate_insert(w, in, 3);
    size_t count;
    crates_fill(w, 1);
    assert_int_equal(run_rows(get, out, 1, &count), OST_OK);
    assert_int_equal(run(set), OST_OK);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_rows(many, out, 3, &count), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    for (ost__lru_node *n = w->b.c->statements.newest; n; n = n->older)
        ((ost__my_statement *)n)->handle->stmt_id += 1000;
    assert_int_equal(run_rows(get, out, 1, &count), OST_OK);
    assert_int_equal(count, 1);
    assert_int_equal(run(set), OST_OK);
    assert_int_equal(w->b.outcome.matched, 1);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_rows(many, out, 3, &count), OST_OK);
    assert_int_equal(count, 3);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "4");
    discard(get);
    discard(set);
    discard(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        TEST(rows_come_in_portions),
        TEST(few_rows_are_no_stream),
        TEST(statements_run_beside_streams),
        TEST(a_stream_that_is_stopped_leaves_the_unit_open),
        TEST(settle_ends_every_stream),
        TEST(a_plan_is_streamed_twice_at_once),
        TEST(closing_under_a_stream_leaks_nothing),
        TEST(statements_are_prepared_once),
        TEST(statements_are_forgotten_beyond_the_bound),
        cmocka_unit_test(a_server_without_room_for_statements_gets_some_back),
        TEST(fm28_statements_survive_changes_of_their_tables),
        TEST(fm28_forgotten_statements_are_prepared_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
