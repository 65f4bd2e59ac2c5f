/* SPDX-License-Identifier: MIT */
#include "postgres/things.h"

enum { ROOM = 100 };

static const ost_field fields[] = {
    { .name = "table",
      .type = OST_TYPE_TEXT,
      .offset = offsetof(ost_described, table),
      .size = sizeof(char *) },
    { .name = "name",
      .type = OST_TYPE_TEXT,
      .offset = offsetof(ost_described, name),
      .size = sizeof(char *) },
    { .name = "kind",
      .type = OST_TYPE_INT64,
      .offset = offsetof(ost_described, kind),
      .size = sizeof(int64_t) },
};

static made *description(things_world *w)
{
    made *m = make(&w->b, OST_DO_DESCRIBE, NULL);
    for (int i = 0; i < 3; i++) {
        ost_node n = { .type = fields[i].type };
        column(m, &n, &fields[i]);
        m->steps[i].origin = NULL;
    }
    m->program.row_size = sizeof(ost_described);
    return m;
}

static bool has(const ost_described *rows, size_t count, const char *table, const char *name,
                int64_t kind)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].table, table) == 0 && strcmp(rows[i].name, name) == 0 &&
            rows[i].kind == kind)
            return true;
    return false;
}

static void what_names_mean_here_is_described(void **state)
{
    things_world *w = *state;
    made *m = description(w);
    ost_described rows[ROOM];
    size_t count;
    server_sql(w->url, "CREATE SCHEMA other; CREATE TABLE other.far (id int);"
                       "CREATE TABLE other.things (hidden int);"
                       "CREATE INDEX by_n ON things (n);"
                       "CREATE TABLE \"Odd\" (\"A b\" int8 REFERENCES things, gone int);"
                       "ALTER TABLE \"Odd\" DROP gone; CREATE VIEW seen AS SELECT n FROM things");
    assert_int_equal(run_rows(m, rows, ROOM, &count), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 1);
    assert_true(has(rows, count, "things", "id", 1));
    assert_true(has(rows, count, "things", "name", 1));
    assert_true(has(rows, count, "things", "by_n", 2));
    assert_true(has(rows, count, "things", "things_name_unique", 2));
    assert_true(has(rows, count, "things", "things_primary_key", 2));
    assert_true(has(rows, count, "Odd", "A b", 1));
    assert_true(has(rows, count, "Odd", "Odd_A b_fkey", 3));
    assert_true(has(rows, count, "seen", "n", 1));
    assert_false(has(rows, count, "far", "id", 1));
    assert_false(has(rows, count, "things", "hidden", 1));
    assert_false(has(rows, count, "Odd", "gone", 1));
    for (size_t i = 0; i < count; i++) {
        assert_int_not_equal(strncmp(rows[i].table, "pg_", 3), 0);
        assert_in_range(rows[i].kind, 1, 3);
    }
}

/* Two programs that make the same tables do not both find them missing. */
static void inside_a_unit_descriptions_wait_for_each_other(void **state)
{
    things_world *w = *state;
    ost_connection *other = bench_connect(&w->b);
    made *m = description(w);
    ost_operation ops[2] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN } };
    ost_described rows[ROOM];
    size_t count = ROOM, accepted;
    int64_t deadline;
    ops[1] = m->op;
    assert_int_equal(run_batch(w, ops, 2, m, rows, &count), OST_OK);
    assert_int_equal(batch_trips, 1);
    assert_int_equal(control(w, OST_DO_RAW, "CREATE TABLE fresh (id int8)"), OST_OK);
    deadline = bench_now(&w->b) + 200000000;
    assert_int_equal(w->b.driver->submit(other, ops, 2, &accepted, INT64_MAX, &w->b.error), OST_OK);
    assert_int_equal(collect_rows(&w->b, other, 0, NULL, NULL, 0, NULL, deadline), OST_TIMEOUT);
    w->b.driver->cancel(w->b.backend, other, ((struct ost_connection *)other)->batch, INT64_MAX);
    assert_int_equal(w->b.driver->reset(other, OST_TOUCHED_UNIT, INT64_MAX), OST_OK);
    assert_int_equal(w->b.driver->submit(other, ops, 2, &accepted, INT64_MAX, &w->b.error), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(collect_rows(&w->b, other, 0, NULL, NULL, 0, NULL, INT64_MAX), OST_OK);
    assert_int_equal(collect_rows(&w->b, other, 1, m, rows, ROOM, &count, INT64_MAX), OST_OK);
    assert_true(has(rows, count, "fresh", "id", 1));
    w->b.driver->close(other, INT64_MAX);
}

#define DESCRIBE_TEST(f) cmocka_unit_test_setup_teardown(f, things_begin, things_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESCRIBE_TEST(what_names_mean_here_is_described),
        DESCRIBE_TEST(inside_a_unit_descriptions_wait_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
