/* SPDX-License-Identifier: MIT */
/* Rows: all at once, one, in portions; what does not fit, and cursors that are left. */
#include "mongo/crates.h"

enum { ROWS = 1000, PORTION = 64 };

/* ---- all at once ---- */

static void all_rows_are_one_round_trip(void **state)
{
    crates_world *w = *state;
    made *m = crate_select(w);
    crate *out = calloc(ROWS + 1, sizeof *out);
    size_t count;
    crates_fill(w, ROWS);
    crates_do(w, "{\"update\": \"crates\", \"updates\": [{\"q\": {\"_id\": {\"$mod\": [2, 0]}}, "
                 "\"u\": {\"$set\": {\"maybe\": 7, \"note\": \"even\"}}, \"multi\": true}]}");
    for (int chunk = 0; chunk < 3; chunk++) {
        m->row_chunk = (size_t)chunk * 3;
        assert_int_equal(run_rows(m, out, ROWS + 1, &count), OST_OK);
        assert_int_equal(count, ROWS);
        assert_int_equal(w->b.outcome.round_trips, 1);
        assert_int_equal(w->b.outcome.statements, 1);
        assert_int_not_equal(w->b.outcome.bytes_received, 0);
        for (int i = 0; i < ROWS; i++) {
            char name[32];
            snprintf(name, sizeof name, "crate %d", i + 1);
            assert_int_equal(out[i].id, i + 1);
            assert_string_equal(out[i].name, name);
            assert_int_equal(out[i].maybe.present, i % 2);
            assert_int_equal(out[i].note != NULL, i % 2);
            assert_int_equal(out[i].price.scale, 2);
        }
    }
    discard(m);
    free(out);
}

/* A reply ends at 16 MiB. */
static void more_than_a_reply_holds(void **state)
{
    enum { COUNT = 40, SIZE = 1 << 20 };
    crates_world *w = *state;
    char *note = malloc(SIZE + 1);
    crate *in = crates_named(COUNT, "crate"), *out = calloc(COUNT + 1, sizeof *out);
    made *m = crate_insert(w, in, COUNT);
    size_t count;
    memset(note, 'y', SIZE);
    note[SIZE] = '\0';
    for (size_t i = 0; i < COUNT; i++)
        in[i].note = note;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_rows(m, out, COUNT, &count), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
    discard(m);
    m = crate_select(w);
    if (run_rows(m, out, COUNT + 1, &count) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(count, COUNT);
    assert_in_range(w->b.outcome.round_trips, 3, 5);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(out[i].id, i + 1);
        assert_int_equal(strlen(out[i].note), SIZE);
    }
    discard(m);
    crates_free(in, COUNT);
    free(out);
    free(note);
}

static void one_row_is_one_round_trip(void **state)
{
    crates_world *w = *state;
    made *m = crate_get(w, 3), *none = crate_get(w, 33);
    crate out[2];
    size_t count;
    crates_fill(w, 10);
    assert_int_equal(run_rows(m, out, 2, &count), OST_OK);
    assert_int_equal(count, 1);
    assert_int_equal(out[0].id, 3);
    assert_string_equal(out[0].name, "crate 3");
    assert_int_equal(w->b.outcome.round_trips, 1);
    assert_int_equal(run_rows(none, out, 2, &count), OST_OK);
    assert_int_equal(count, 0);
    assert_int_equal(w->b.outcome.round_trips, 1);
    discard(m);
    discard(none);
}

/* It says that at most one can come: no second is looked for. */
static void a_single_row_of_many(void **state)
{
    crates_world *w = *state;
    made *m = crate_select(w);
    crate out[2];
    size_t count;
    crates_fill(w, 500);
    m->op.flags |= OST_FLAG_SINGLE;
    assert_int_equal(run_rows(m, out, 2, &count), OST_OK);
    assert_int_equal(count, 1);
    assert_int_equal(out[0].id, 1);
    discard(m);
}

static void limits_and_offsets(void **state)
{
    static const struct {
        int64_t limit, offset;
        size_t count, first;
        uint32_t trips;
    } cases[] = {
        { 3, -1, 3, 1, 1 }, { 3, 4, 3, 5, 1 }, { -1, 7, 3, 8, 1 }, { 100, 8, 2, 9, 1 },
        { 0, -1, 0, 0, 0 }, { 0, 5, 0, 0, 0 }, { 5, 10, 0, 0, 1 }, { 1, 0, 1, 1, 1 },
    };
    crates_world *w = *state;
    crates_fill(w, 10);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made *m = crate_select(w);
        crate out[12];
        size_t count;
        limit_to(m, cases[i].limit, cases[i].offset);
        assert_int_equal(run_rows(m, out, 12, &count), OST_OK);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(w->b.outcome.round_trips, cases[i].trips);
        if (count > 0)
            assert_int_equal(out[0].id, cases[i].first);
        discard(m);
    }
}

/* ---- one value ---- */

static int64_t wrapped(crates_world *w, uint16_t wrap, int64_t below)
{
    static const ost_field count = { .name = "n", .type = OST_TYPE_INT64, .size = 8 };
    static const ost_field exists = { .name = "e", .type = OST_TYPE_BOOL, .size = 1 };
    made *m = make(&w->b, OST_DO_SELECT, w->crates);
    crates_one row = { .number = -1 };
    size_t got;
    column(m, member(m, "id"), wrap == OST_WRAP_COUNT ? &count : &exists);
    m->steps[0].origin = NULL;
    m->program.row_size = sizeof row;
    m->shape.wrap = wrap;
    m->shape.where = test(m, OST_OP_LE, "n", ost_value_int(below));
    if (run_rows(m, &row, 1, &got) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(got, 1);
    assert_int_equal(w->b.outcome.round_trips, 1);
    discard(m);
    return wrap == OST_WRAP_COUNT ? row.number : row.yes;
}

static void counts_and_existence(void **state)
{
    crates_world *w = *state;
    assert_int_equal(wrapped(w, OST_WRAP_COUNT, 5), 0);
    assert_int_equal(wrapped(w, OST_WRAP_EXISTS, 5), 0);
    crates_fill(w, 10);
    assert_int_equal(wrapped(w, OST_WRAP_COUNT, 5), 5);
    assert_int_equal(wrapped(w, OST_WRAP_COUNT, 0), 0);
    assert_int_equal(wrapped(w, OST_WRAP_EXISTS, 5), 1);
    assert_int_equal(wrapped(w, OST_WRAP_EXISTS, 0), 0);
}

typedef struct totals {
    int64_t count;
    ost_opt_int64 sum;
    ost_opt_decimal price, average;
    ost_opt_int64 most;
} totals;

static ost_status total(crates_world *w, totals *out)
{
    static const ost_field fields[] = {
        { .name = "count", .offset = offsetof(totals, count), .size = 8, .type = OST_TYPE_INT64 },
        { .name = "sum",
          .offset = offsetof(totals, sum),
          .size = sizeof(ost_opt_int64),
          .type = OST_TYPE_INT64 | OST_TYPE_OPTIONAL },
        { .name = "price",
          .offset = offsetof(totals, price),
          .size = sizeof(ost_opt_decimal),
          .type = OST_TYPE_DECIMAL | OST_TYPE_OPTIONAL },
        { .name = "average",
          .offset = offsetof(totals, average),
          .size = sizeof(ost_opt_decimal),
          .type = OST_TYPE_DECIMAL | OST_TYPE_OPTIONAL },
        { .name = "most",
          .offset = offsetof(totals, most),
          .size = sizeof(ost_opt_int64),
          .type = OST_TYPE_INT64 | OST_TYPE_OPTIONAL },
    };
    made *m = make(&w->b, OST_DO_SELECT, w->crates);
    size_t got;
    ost_status status;
    column(m, aggregate(m, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0), &fields[0]);
    column(m, aggregate(m, OST_OP_SUM, "n", OST_TYPE_INT64, 0), &fields[1]);
    column(m, aggregate(m, OST_OP_SUM, "price", OST_TYPE_DECIMAL, 2), &fields[2]);
    column(m, aggregate(m, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8), &fields[3]);
    column(m, aggregate(m, OST_OP_MAX, "n", OST_TYPE_INT64, 0), &fields[4]);
    m->program.row_size = sizeof *out;
    status = run_rows(m, out, 1, &got);
    assert_int_equal(got, status == OST_OK);
    discard(m);
    return status;
}

static void sums_over_nothing_and_something(void **state)
{
    crates_world *w = *state;
    totals t;
    assert_int_equal(total(w, &t), OST_OK);
    assert_int_equal(t.count, 0);
    assert_false(t.sum.present || t.price.present || t.average.present || t.most.present);
    crates_fill(w, 3);
    crates_do(w, "{\"update\": \"crates\", \"updates\": [{\"q\": {\"_id\": 1}, \"u\": {\"$set\": "
                 "{\"price\": {\"$numberDecimal\": \"10.00\"}}}}]}");
    assert_int_equal(total(w, &t), OST_OK);
    assert_int_equal(t.count, 3);
    assert_int_equal(t.sum.value, 6);
    assert_int_equal(t.most.value, 3);
    assert_int_equal(ost_decimal_compare(t.price.value, dec("10.00")), 0);
    assert_int_equal(ost_decimal_compare(t.average.value, dec("3.33333333")), 0);
    assert_int_equal(t.average.value.scale, 8);
}

static void fm36_a_sum_that_leaves_64_bits(void **state)
{
    crates_world *w = *state;
    totals t;
    crates_do(w, "{\"insert\": \"crates\", \"bypassDocumentValidation\": true, \"documents\": ["
                 "{\"_id\": {\"$numberLong\": \"1\"}, \"name\": \"a\", \"n\": {\"$numberLong\": "
                 "\"9223372036854775807\"}},"
                 "{\"_id\": {\"$numberLong\": \"2\"}, \"name\": \"b\", \"n\": {\"$numberLong\": "
                 "\"9223372036854775807\"}}]}");
    assert_int_equal(total(w, &t), OST_RANGE);
}

/* ---- what does not fit ---- */

static void fm39_a_row_that_does_not_fit_is_dropped(void **state)
{
    crates_world *w = *state;
    made *m = crate_select(w);
    crate out[20];
    size_t count;
    crates_fill(w, 10);
    crates_do(w, "{\"update\": \"crates\", \"bypassDocumentValidation\": true, \"updates\": ["
                 "{\"q\": {\"_id\": 4}, \"u\": {\"$set\": {\"n\": \"four\"}}},"
                 "{\"q\": {\"_id\": 7}, \"u\": {\"$unset\": {\"price\": 1}}}]}");
    assert_int_equal(run_rows(m, out, 20, &count), OST_RANGE);
    assert_int_equal(m->bad_count, 2);
    assert_int_equal(m->bad_status, OST_RANGE);
    assert_string_equal(m->steps[m->bad_column].field->name, "n");
    assert_int_equal(count, 8);
    assert_int_equal(out[3].id, 5);
    assert_int_equal(out[7].id, 10);
    /* Whatever one of them is, the connection is good. */
    crates_do(w, "{\"delete\": \"crates\", \"deletes\": [{\"q\": {\"_id\": {\"$in\": [4, 7]}}, "
                 "\"limit\": 0}]}");
    m->bad_count = 0;
    assert_int_equal(run_rows(m, out, 20, &count), OST_OK);
    assert_int_equal(count, 8);
    discard(m);
}

static void documents_of_others_are_read(void **state)
{
    crates_world *w = *state;
    made *m = crate_select(w);
    crate out[4];
    size_t count;
    crates_do(w, "{\"insert\": \"crates\", \"bypassDocumentValidation\": true, \"documents\": ["
                 "{\"_id\": 1, \"extra\": {\"a\": [1, 2]}, \"price\": 2.5, \"note\": null, \"n\": "
                 "{\"$numberDouble\": \"7\"}, \"name\": \"x\", \"maybe\": {\"$numberLong\": "
                 "\"-3\"}}]}");
    if (run_rows(m, out, 4, &count) != OST_OK)
        fail_msg("%s (column %u)", w->b.error.message, (unsigned)m->bad_column);
    assert_int_equal(count, 1);
    assert_int_equal(out[0].id, 1);
    assert_int_equal(out[0].n, 7);
    assert_int_equal(out[0].maybe.value, -3);
    assert_null(out[0].note);
    assert_int_equal(ost_decimal_compare(out[0].price, dec("2.50")), 0);
    discard(m);
}

static void no_room_for_rows_ends_it(void **state)
{
    crates_world *w = *state;
    made *m = crate_select(w), *get = crate_get(w, 1);
    crate out[3];
    size_t count;
    crates_fill(w, 10);
    /* The sink of the tests says so when it is full. */
    assert_int_equal(run_rows(m, out, 3, &count), OST_CANCELLED);
    assert_int_equal(count, 3);
    assert_int_equal(run_rows(get, out, 1, &count), OST_OK);
    discard(m);
    discard(get);
}

/* ---- portions ---- */

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
    assert_int_equal(compile(s->m), OST_OK);
    s->m->op.flags |= OST_FLAG_STREAM;
    s->m->op.stream = number;
    s->m->op.batch_rows = PORTION;
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

/* Cursors of this database that nobody reads just now, at the server. */
static int idle_cursors(crates_world *w)
{
    char text[512];
    const char *name = strrchr(w->url, '/') + 1;
    snprintf(text, sizeof text,
             "{\"$db\": \"admin\", \"aggregate\": 1, \"cursor\": {}, \"pipeline\": "
             "[{\"$currentOp\": {\"idleCursors\": true, \"allUsers\": true}}, {\"$match\": "
             "{\"type\": \"idleCursor\", \"ns\": \"%.*s.crates\"}}, {\"$count\": \"n\"}]}",
             (int)strcspn(name, "?"), name);
    const char *at = strstr(server_text(w->url, text), "\"n\" : ");
    return at ? (int)strtol(at + 6, NULL, 10) : 0;
}

static void rows_come_in_portions(void **state)
{
    crates_world *w = *state;
    stream s;
    int portions = 1;
    crates_fill(w, ROWS);
    open_stream(&s, w, 1);
    assert_int_equal(w->b.outcome.progress, OST_MORE);
    assert_int_equal(s.count, PORTION);
    assert_int_equal(idle_cursors(w), 1);
    while (next(&s)) {
        portions++;
        assert_int_equal(w->b.outcome.round_trips, 1);
    }
    assert_int_equal(s.seen, ROWS);
    assert_int_equal(portions, ROWS / PORTION);
    assert_int_equal(idle_cursors(w), 0);
    assert_null(w->b.c->streams);
    discard(s.m);
}

static void few_rows_are_no_stream(void **state)
{
    crates_world *w = *state;
    stream s;
    for (int count = 0; count <= 3; count++) {
        crates_do(w, "{\"delete\": \"crates\", \"deletes\": [{\"q\": {}, \"limit\": 0}]}");
        if (count > 0)
            crates_fill(w, count);
        open_stream(&s, w, 1);
        assert_int_equal(w->b.outcome.progress, OST_DONE);
        assert_int_equal(s.count, count);
        assert_null(w->b.c->streams);
        discard(s.m);
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
        assert_null(w->b.c->streams);
        discard(s.m);
    }
    assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
    assert_int_equal(crates_count(w, "crates", "{\"_id\": 1, \"n\": 7}"), 1);
    /* Stopping what is not there is no failure. */
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 77, INT64_MAX), OST_OK);
    discard(set);
}

static void a_stream_that_is_stopped_leaves_no_cursor(void **state)
{
    crates_world *w = *state;
    stream s;
    crates_fill(w, ROWS);
    open_stream(&s, w, 1);
    assert_int_equal(idle_cursors(w), 1);
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 1, INT64_MAX), OST_OK);
    assert_int_equal(idle_cursors(w), 0);
    discard(s.m);
}

/* The sink has had enough, of rows that nobody asked to have in portions. */
static void a_select_that_is_left_leaves_no_cursor(void **state)
{
    enum { COUNT = 20, SIZE = 1 << 20 };
    crates_world *w = *state;
    char *note = malloc(SIZE + 1);
    crate *in = crates_named(COUNT, "crate"), out[COUNT];
    made *m = crate_insert(w, in, COUNT);
    size_t count;
    memset(note, 'y', SIZE);
    note[SIZE] = '\0';
    for (size_t i = 0; i < COUNT; i++)
        in[i].note = note;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_rows(m, out, COUNT, &count), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
    discard(m);
    m = crate_select(w);
    assert_int_equal(run_rows(m, out, 3, &count), OST_CANCELLED);
    assert_int_equal(idle_cursors(w), 0);
    discard(m);
    crates_free(in, COUNT);
    free(note);
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
    assert_int_equal(idle_cursors(w), 0);
    assert_int_equal(portion(&a, OST_STREAM(1)), OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_NOT_RUN);
    discard(a.m);
    discard(b.m);
}

static void closing_under_a_stream_leaks_nothing(void **state)
{
    crates_world *w = *state;
    stream s;
    ost_connection *other;
    crates_fill(w, ROWS);
    open_stream(&s, w, 1);
    other = bench_connect(&w->b);
    w->b.driver->close(w->b.c, INT64_MAX);
    w->b.c = other;
    discard(s.m);
}

/* The server forgets cursors that nobody reads for a while. */
static void a_cursor_that_is_gone_is_an_error(void **state)
{
    crates_world *w = *state;
    stream s;
    crates_fill(w, ROWS);
    open_stream(&s, w, 1);
    crates_do(w, "{\"killCursors\": \"crates\", \"cursors\": [{\"$numberLong\": \"%lld\"}]}",
              (long long)w->b.c->streams->cursor);
    assert_int_equal(portion(&s, OST_STREAM(1)), OST_DRIVER_ERROR);
    assert_int_equal(w->b.error.native_code, 43);
    assert_int_equal(w->b.outcome.connection_lost, 0);
    assert_null(w->b.c->streams);
    discard(s.m);
    open_stream(&s, w, 2);
    assert_int_equal(w->b.driver->stop_stream(w->b.c, 2, INT64_MAX), OST_OK);
    discard(s.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        TEST(all_rows_are_one_round_trip),
        TEST(more_than_a_reply_holds),
        TEST(one_row_is_one_round_trip),
        TEST(a_single_row_of_many),
        TEST(limits_and_offsets),
        TEST(counts_and_existence),
        TEST(sums_over_nothing_and_something),
        TEST(fm36_a_sum_that_leaves_64_bits),
        TEST(fm39_a_row_that_does_not_fit_is_dropped),
        TEST(documents_of_others_are_read),
        TEST(no_room_for_rows_ends_it),
        TEST(rows_come_in_portions),
        TEST(few_rows_are_no_stream),
        TEST(statements_run_beside_streams),
        TEST(a_stream_that_is_stopped_leaves_the_unit_open),
        TEST(a_stream_that_is_stopped_leaves_no_cursor),
        TEST(a_select_that_is_left_leaves_no_cursor),
        TEST(settle_ends_every_stream),
        TEST(closing_under_a_stream_leaks_nothing),
        TEST(a_cursor_that_is_gone_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
