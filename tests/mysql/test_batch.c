/* SPDX-License-Identifier: MIT */
/* Operations of every kind, one by one and in batches. */
#include "mysql/crates.h"

#include "mysql/connection.h"

static int64_t insert_named(crates_world *w, const char *name, int64_t n)
{
    crate in = { .name = name, .n = n }, out[1];
    made *m = crate_insert(w, &in, 1);
    size_t count;
    if (run_rows(m, out, 1, &count) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(count, 1);
    discard(m);
    return out[0].id;
}

/* ---- one by one ---- */

static void an_insert_gives_back_its_key(void **state)
{
    crates_world *w = *state;
    made *get;
    crate out[1];
    size_t count;
    assert_int_equal(insert_named(w, "a", 1), 1);
    assert_int_equal(w->b.outcome.matched, 1);
    assert_int_equal(w->b.outcome.changed, 1);
    assert_int_equal(w->b.outcome.rows, 1);
    assert_int_equal(insert_named(w, "b", 2), 2);
    get = crate_get(w, 2);
    assert_int_equal(run_rows(get, out, 1, &count), OST_OK);
    assert_int_equal(count, 1);
    assert_string_equal(out[0].name, "b");
    assert_int_equal(out[0].n, 2);
    assert_false(out[0].maybe.present);
    assert_null(out[0].note);
    discard(get);
}

static void a_key_beyond_its_member_is_refused(void **state)
{
    crates_world *w = *state;
    ost_field narrow = *table_field(w->crates, "id");
    crate in = { .name = "a" }, out[1];
    made *m = crate_insert(w, &in, 1);
    size_t count;
    server_sql(w->url, "ALTER TABLE crates AUTO_INCREMENT = 1000");
    narrow.type = OST_TYPE_INT8;
    narrow.size = 1;
    m->steps[0].type = OST_TYPE_INT8;
    m->steps[0].size = 1;
    m->steps[0].field = &narrow;
    assert_int_equal(run_rows(m, out, 1, &count), OST_RANGE);
    assert_int_equal(m->bad_count, 1);
    discard(m);
}

static void columns_come_back_with_an_insert(void **state)
{
    crates_world *w = *state;
    crate in[3] = { { .name = "a", .n = 5 }, { .name = "b", .n = 6 }, { .name = "c", .n = 7 } };
    crate out[3];
    made *m = crate_insert(w, in, 1);
    size_t count;
    m->shape.column_count = 0;
    m->program.step_count = 0;
    all_columns(m, sizeof(crate));
    m->op.rows = &m->program;
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    assert_string_equal(out[0].name, "a");
    assert_int_equal(out[0].id, 1);
    m->op.records = &in[1];
    m->op.record_count = 2;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_rows(m, out, 2, &count), OST_OK);
    assert_int_equal(count, 2);
    assert_string_equal(out[1].name, "c");
    assert_int_equal(out[1].n, 7);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
    discard(m);
}

static made *limited_update(crates_world *w)
{
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    set_change(m, OST_OP_INC, "n", ost_value_int(100));
    m->shape.where = test(m, OST_OP_GE, "n", ost_value_int(3));
    order_by(m, member(m, "n"), true);
    limit_to(m, 2, -1);
    all_columns(m, sizeof(crate));
    m->op.rows = &m->program;
    return m;
}

/* What the server cannot give back is locked, written and read. */
static void columns_come_back_with_an_update(void **state)
{
    crates_world *w = *state;
    crate out[5];
    size_t count;
    crates_fill(w, 5);
    made *m = limited_update(w);
    for (int inside = 0; inside < 2; inside++) {
        if (inside)
            assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
        if (run_rows(m, out, 5, &count) != OST_OK)
            fail_msg("%s", w->b.error.message);
        assert_int_equal(count, 2);
        assert_int_equal(w->b.outcome.matched, 2);
        assert_int_equal(out[0].n, inside ? 205 : 105);
        assert_int_equal(out[1].n, inside ? 204 : 104);
        assert_string_equal(out[0].name, "crate 5");
        assert_int_equal(crates_state(w), inside ? OST_UNIT_OPEN : OST_UNIT_NONE);
        if (inside)
            assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
    }
    assert_string_equal(crates_text(w, "SELECT n FROM crates ORDER BY id"), "1|2|3|204|205");
    discard(m);
}

static void an_update_that_fails_midway_leaves_nothing(void **state)
{
    crates_world *w = *state;
    crate out[5];
    size_t count;
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    set_to(m, "name", ost_value_text("same"));
    m->shape.where = test(m, OST_OP_GE, "n", ost_value_int(3));
    all_columns(m, sizeof(crate));
    m->op.rows = &m->program;
    crates_fill(w, 5);
    assert_int_equal(run_rows(m, out, 5, &count), OST_CONFLICT);
    assert_string_equal(w->b.error.field, "name");
    assert_int_equal(crates_state(w), OST_UNIT_NONE);
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates WHERE name = 'same'"), "0");
    discard(m);
}

static void columns_come_back_with_a_delete(void **state)
{
    crates_world *w = *state;
    crate out[5];
    size_t count;
    made *m = make(&w->b, OST_DO_DELETE, w->crates);
    m->shape.where = test(m, OST_OP_LE, "n", ost_value_int(2));
    all_columns(m, sizeof(crate));
    m->op.rows = &m->program;
    crates_fill(w, 5);
    assert_int_equal(run_rows(m, out, 5, &count), OST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(w->b.outcome.matched, 2);
    assert_int_equal(w->b.outcome.changed, 2);
    assert_string_equal(out[1].name, "crate 2");
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "3");
    discard(m);
}

static void increments_keep_their_bounds(void **state)
{
    crates_world *w = *state;
    static const struct {
        int64_t by;
        ost_status status;
        const char *rule;
    } cases[] = {
        { 1, OST_OK, "" },
        { -3, OST_INVALID, "min" },
        { 1000000, OST_INVALID, "max" },
    };
    crates_fill(w, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made *m = make(&w->b, OST_DO_UPDATE, w->crates);
        set_change(m, OST_OP_INC, "n", ost_value_int(cases[i].by));
        if (run(m) != cases[i].status)
            fail_msg("%lld: %s", (long long)cases[i].by, w->b.error.message);
        if (cases[i].status != OST_OK) {
            assert_string_equal(w->b.error.field, "n");
            assert_string_equal(w->b.error.constraint, cases[i].rule);
        }
        discard(m);
    }
    assert_string_equal(crates_text(w, "SELECT n FROM crates"), "2");
}

/* ---- batches ---- */

static void after_an_error_the_rest_does_not_run(void **state)
{
    crates_world *w = *state;
    crate in[2] = { { .name = "a" }, { .name = "a" } };
    made *m = crate_insert(w, in, 2);
    ost_operation ops[3] = { { .kind = OST_DO_BEGIN }, { 0 }, { .kind = OST_DO_COMMIT } };
    crate out[2];
    size_t accepted, count;
    assert_int_equal(compile(m), OST_OK);
    ops[1] = m->op;
    assert_int_equal(w->b.driver->submit(w->b.c, ops, 3, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    assert_int_equal(accepted, 3);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, INT64_MAX), OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 1, m, out, 2, &count, INT64_MAX), OST_CONFLICT);
    assert_int_equal(w->b.outcome.failed_record, 1);
    assert_int_equal(w->b.outcome.transaction_ended, 0);
    assert_int_equal(collect_rows(&w->b, w->b.c, 2, NULL, NULL, 0, NULL, INT64_MAX), OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_NOT_RUN);
    assert_int_equal(crates_state(w), OST_UNIT_OPEN);
    /* The next batch runs. */
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_DONE);
    discard(m);
}

/* ---- rows that are not wanted, or do not fit ---- */

static void a_row_that_does_not_fit_is_told_and_the_rest_is_read(void **state)
{
    crates_world *w = *state;
    slip out[4];
    size_t count;
    made *get = make(&w->b, OST_DO_SELECT, w->slips);
    all_columns(get, sizeof(slip));
    crates_fill(w, 1);
    server_sql(w->url, "ALTER TABLE slips MODIFY tiny INT;"
                       "INSERT INTO slips (crate_id, tiny) VALUES (1, 5), (1, 300), (1, 7)");
    assert_int_equal(run_rows(get, out, 4, &count), OST_RANGE);
    assert_int_equal(get->bad_count, 1);
    assert_int_equal(get->bad_column, 2);
    assert_int_equal(count, 2);
    assert_int_equal(out[1].tiny, 7);
    /* The connection is clean. */
    server_sql(w->url, "UPDATE slips SET tiny = 6 WHERE tiny = 300");
    assert_int_equal(run_rows(get, out, 4, &count), OST_OK);
    assert_int_equal(count, 3);
    discard(get);
}

static void rows_that_are_not_wanted_are_read_away(void **state)
{
    crates_world *w = *state;
    made *get = crate_select(w), *one = crate_get(w, 1);
    crate out[1];
    size_t count;
    crates_fill(w, 1000);
    /* The sink has room for one. */
    assert_int_not_equal(run_rows(get, out, 1, &count), OST_OK);
    assert_int_equal(w->b.outcome.connection_lost, 0);
    assert_int_equal(run_rows(one, out, 1, &count), OST_OK);
    assert_int_equal(count, 1);
    /* A select of many, of which one can come. */
    get->op.flags |= OST_FLAG_SINGLE;
    assert_int_equal(run_rows(get, out, 1, &count), OST_OK);
    assert_int_equal(count, 1);
    assert_int_equal(run_rows(one, out, 1, &count), OST_OK);
    discard(get);
    discard(one);
}

/* ---- locks ---- */

static void rows_are_locked_skipped_and_refused(void **state)
{
    crates_world *w = *state;
    ost_connection *other = bench_connect(&w->b);
    crate out[4];
    size_t count;
    made *lock = crate_get(w, 2), *skip = crate_select(w), *nowait = crate_get(w, 2);
    lock->shape.lock_mode = OST_LOCK_UPDATE;
    skip->shape.lock_mode = OST_LOCK_UPDATE_SKIP;
    nowait->shape.lock_mode = OST_LOCK_UPDATE_NOWAIT;
    crates_fill(w, 3);
    assert_int_equal(begin_on(&w->b, other, OST_ACCESS_WRITE), OST_OK);
    count = 1;
    assert_int_equal(run_on(other, lock, out, &count), OST_OK);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_rows(skip, out, 4, &count), OST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(out[0].id, 1);
    assert_int_equal(out[1].id, 3);
    assert_int_equal(run_rows(nowait, out, 4, &count), OST_LOCK_TIMEOUT);
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    w->b.driver->close(other, INT64_MAX);
    discard(lock);
    discard(skip);
    discard(nowait);
}

/* ---- raw statements, tables ---- */

static void raw_statements_take_values(void **state)
{
    crates_world *w = *state;
    made *get = crate_select(w), *m = make(&w->b, OST_DO_RAW, NULL);
    crate out[3];
    size_t count;
    crates_fill(w, 3);
    m->op.shape = NULL;
    m->op.text = "SELECT id, name, n, maybe, price, note FROM crates WHERE name = ? OR n > ?"
                 " ORDER BY id";
    m->op.text_size = strlen(m->op.text);
    m->parameters[0] = (ost_parameter){ .source = OST_FROM_VALUE,
                                        .type = OST_TYPE_TEXT,
                                        .value = ost_value_text("crate 1") };
    m->parameters[1] = (ost_parameter){ .source = OST_FROM_VALUE,
                                        .type = OST_TYPE_INT64,
                                        .value = ost_value_int(2) };
    m->op.parameter_count = 2;
    memcpy(m->steps, get->steps, sizeof m->steps);
    m->program = get->program;
    m->program.steps = m->steps;
    m->op.rows = &m->program;
    if (run_rows(m, out, 3, &count) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(count, 2);
    assert_int_equal(out[0].id, 1);
    assert_int_equal(out[1].id, 3);
    m->op.parameter_count = 1;
    assert_int_equal(run_rows(m, out, 3, &count), OST_MISUSE);
    assert_int_equal(crates_simple(w, OST_DO_RAW, "SELECT * FROM nothing"), OST_SCHEMA);
    assert_int_equal(crates_simple(w, OST_DO_RAW, "no SQL"), OST_DRIVER_ERROR);
    /* One statement is one statement. */
    assert_int_equal(crates_simple(w, OST_DO_RAW, "DO 1; DROP TABLE crates"), OST_DRIVER_ERROR);
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "3");
}

typedef struct described {
    const char *table, *name;
    int64_t kind;
} described;

static void the_database_is_described(void **state)
{
    static const ost_field fields[] = {
        { .name = "table", .type = OST_TYPE_TEXT, .offset = offsetof(described, table), .size = 8 },
        { .name = "name", .type = OST_TYPE_TEXT, .offset = offsetof(described, name), .size = 8 },
        { .name = "kind", .type = OST_TYPE_INT64, .offset = offsetof(described, kind), .size = 8 },
    };
    crates_world *w = *state;
    made *m = make(&w->b, OST_DO_DESCRIBE, NULL);
    described rows[40];
    size_t count, columns = 0, indexes = 0, keys = 0;
    m->op.shape = NULL;
    for (uint16_t i = 0; i < 3; i++)
        m->steps[i] = (ost_row_step){ .offset = (uint32_t)fields[i].offset,
                                      .size = fields[i].size,
                                      .type = fields[i].type,
                                      .column = i,
                                      .column_type = fields[i].type,
                                      .field = &fields[i] };
    m->program.step_count = 3;
    m->program.row_size = sizeof(described);
    m->op.rows = &m->program;
    if (run_rows(m, rows, 40, &count) != OST_OK)
        fail_msg("%s", w->b.error.message);
    for (size_t i = 0; i < count; i++) {
        columns += rows[i].kind == 1 && strcmp(rows[i].table, "crates") == 0;
        indexes += rows[i].kind == 2 && strcmp(rows[i].name, "crates_name_unique") == 0;
        keys += rows[i].kind == 3 && strcmp(rows[i].table, "slips") == 0 &&
                strcmp(rows[i].name, "slips_crate") == 0;
    }
    assert_int_equal(columns, 6);
    assert_int_equal(indexes, 1);
    assert_int_equal(keys, 1);
}

static void what_the_driver_lacks_is_refused(void **state)
{
    crates_world *w = *state;
    assert_int_equal(crates_simple(w, OST_DO_UPSERT, NULL), OST_MISUSE);
    assert_int_equal(crates_simple(w, OST_DO_EXPLAIN, NULL), OST_UNSUPPORTED);
    assert_int_equal(crates_simple(w, OST_DO_SELECT, NULL), OST_MISUSE);
    assert_int_equal(crates_simple(w, OST_DO_INSERT, NULL), OST_MISUSE);
    assert_int_equal(crates_simple(w, OST_DO_RAW, "DO 1"), OST_OK);
}

/* Every allocation of ours may fail: an error, and the connection goes on or is closed. */
static void no_allocation_is_taken_for_granted(void **state)
{
    crates_world *w = *state;
    crate in[3] = { { .name = "a" }, { .name = "b" }, { .name = "c" } }, out[8];
    size_t count;
    bool done = false;
    crates_fill(w, 5);
    for (long n = 0; !done; n++) {
        made *get = crate_select(w), *put = crate_insert(w, in, 3), *set = limited_update(w);
        assert_int_equal(compile(get), OST_OK);
        assert_int_equal(compile(put), OST_OK);
        assert_int_equal(compile(set), OST_OK);
        w->b.allocations = 0;
        w->b.fail_at = n;
        ost_connection *c = NULL;
        ost_capabilities caps;
        ost_status status =
            w->b.driver->connect(w->b.backend, NULL, INT64_MAX, &c, &caps, &w->b.error);
        if (status == OST_OK)
            status = begin_on(&w->b, c, OST_ACCESS_WRITE);
        count = 8;
        if (status == OST_OK)
            status = run_on(c, get, out, &count);
        count = 3;
        if (status == OST_OK)
            status = run_on(c, put, out, &count);
        count = 8;
        if (status == OST_OK)
            status = run_on(c, set, out, &count);
        done = status == OST_OK;
        w->b.fail_at = -1;
        if (!done)
            assert_int_equal(status, OST_NO_MEMORY);
        if (c)
            w->b.driver->close(c, INT64_MAX);
        discard(get);
        discard(put);
        discard(set);
    }
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        TEST(an_insert_gives_back_its_key),
        TEST(a_key_beyond_its_member_is_refused),
        TEST(columns_come_back_with_an_insert),
        TEST(columns_come_back_with_an_update),
        TEST(an_update_that_fails_midway_leaves_nothing),
        TEST(columns_come_back_with_a_delete),
        TEST(increments_keep_their_bounds),
        TEST(after_an_error_the_rest_does_not_run),
        TEST(a_row_that_does_not_fit_is_told_and_the_rest_is_read),
        TEST(rows_that_are_not_wanted_are_read_away),
        TEST(rows_are_locked_skipped_and_refused),
        TEST(raw_statements_take_values),
        TEST(the_database_is_described),
        TEST(what_the_driver_lacks_is_refused),
        TEST(no_allocation_is_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
