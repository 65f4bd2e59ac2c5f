/* SPDX-License-Identifier: MIT */
#include "postgres/things.h"

/* Names of what the server has prepared for the driver's connection. */
static const char *prepared(things_world *w, const char *what)
{
    static char out[128];
    char text[300];
    PGresult *r;
    snprintf(text, sizeof text, "SELECT %s FROM pg_prepared_statements WHERE name LIKE 'ost\\_%%'",
             what);
    r = PQexec(w->b.driver->native(w->b.c), text);
    assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
    snprintf(out, sizeof out, "%s", PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    return out;
}

static ost_status look(things_world *w, int64_t id)
{
    made *m = thing_by_id(w, id);
    thing out[1];
    size_t count;
    ost_status status = run_rows(m, out, 1, &count);
    discard(m);
    return status;
}

/* Each look is another plan, with another number: the content alone decides. */
static void names_come_from_the_content(void **state)
{
    things_world *w = *state;
    char first[128];
    thing in = { .name = "a" };
    made *m = insert_things(w, &in, 1);
    ost_connection *other;
    assert_int_equal(look(w, 1), OST_OK);
    snprintf(first, sizeof first, "%s", prepared(w, "min(name)"));
    assert_int_equal(strlen(first), 36);
    assert_int_equal(strspn(first + 4, "0123456789abcdef"), 32);
    assert_int_equal(look(w, 2), OST_OK);
    assert_string_equal(prepared(w, "count(*)"), "1");
    /* On another connection it is the same name, for another text another. */
    assert_int_equal(run_insert(w, m, &in, 1), OST_OK);
    assert_string_equal(prepared(w, "count(*)"), "2");
    other = w->b.c;
    w->b.c = bench_connect(&w->b);
    assert_int_equal(look(w, 3), OST_OK);
    assert_string_equal(prepared(w, "min(name)"), first);
    w->b.driver->close(other, INT64_MAX);
    discard(m);
}

/* As many different statements as there are lists of names to select. */
static ost_status variant(things_world *w, unsigned bits)
{
    made *m = make(&w->b, OST_DO_SELECT, w->things);
    const ost_node *parts[10];
    thing out[1];
    size_t count;
    ost_status status;
    for (uint32_t i = 0; i < 10; i++)
        parts[i] = test(m, bits >> i & 1 ? OST_OP_GT : OST_OP_LT, "n", ost_value_int(1));
    all_columns(m, sizeof(thing));
    m->shape.where = node_of(m, OST_OP_AND, parts, 10);
    status = run_rows(m, out, 1, &count);
    discard(m);
    return status;
}

static void a_connection_keeps_a_bounded_number(void **state)
{
    things_world *w = *state;
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(variant(w, i), OST_OK);
        assert_int_equal(w->b.outcome.round_trips, 1);
    }
    /* The last that was forgotten is deallocated with what comes next. */
    assert_string_equal(prepared(w, "count(*) BETWEEN 256 AND 257"), "t");
    assert_int_equal(variant(w, 299), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 1);
    assert_string_equal(prepared(w, "count(*)"), "256");
    /* What was forgotten is prepared again. */
    assert_int_equal(variant(w, 0), OST_OK);
    assert_string_equal(prepared(w, "count(*) BETWEEN 256 AND 257"), "t");
}

/* Nothing is deallocated inside a unit, where a failure would end it. */
static void units_may_run_more_than_that(void **state)
{
    things_world *w = *state;
    assert_int_equal(begin_unit(w), OST_OK);
    for (unsigned i = 0; i < 600; i++)
        assert_int_equal(variant(w, i), OST_OK);
    for (unsigned i = 0; i < 600; i++)
        assert_int_equal(variant(w, i), OST_OK);
    assert_int_equal(unit_of(w), OST_UNIT_OPEN);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(look(w, 1), OST_OK);
    assert_string_equal(prepared(w, "count(*) <= 257"), "t");
}

/* ---- what others do to them ---- */

static void fm28_statements_that_are_gone_are_prepared_again(void **state)
{
    things_world *w = *state;
    assert_int_equal(look(w, 1), OST_OK);
    assert_int_equal(control(w, OST_DO_RAW, "DEALLOCATE ALL"), OST_OK);
    assert_int_equal(look(w, 1), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 2);
    assert_int_equal(look(w, 1), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 1);
}

static void fm28_a_changed_table_is_no_error_outside_of_units(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a", .n = 5 }, out[1];
    made *insert = insert_things(w, &a, 1), *m = all_things(w);
    size_t count;
    assert_int_equal(run_insert(w, insert, &a, 1), OST_OK);
    for (int i = 0; i < 6; i++) {
        server_sql(w->url, i % 2 == 0 ? "ALTER TABLE things ALTER n TYPE int4"
                                      : "ALTER TABLE things ALTER n TYPE int8");
        assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
        assert_int_equal(count, 1);
        assert_int_equal(out[0].n, 5);
        assert_in_range(w->b.outcome.round_trips, 1, 2);
    }
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    discard(insert);
    discard(m);
}

static ost_status select_in_unit(things_world *w, made *m)
{
    ost_operation ops[2] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN } };
    thing out[1];
    size_t count = 1;
    ops[1] = m->op;
    return run_batch(w, ops, 2, m, out, &count);
}

/* As the first statement of a unit, it is run again with its BEGIN; later, the whole unit is. */
static void fm28_a_changed_table_costs_a_unit_at_most_another_run(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a" }, out[1];
    made *insert = insert_things(w, &a, 1), *m = all_things(w);
    size_t count;
    assert_int_equal(run_insert(w, insert, &a, 1), OST_OK);
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    server_sql(w->url, "ALTER TABLE things ALTER n TYPE int4");
    assert_int_equal(select_in_unit(w, m), OST_OK);
    assert_int_equal(batch_trips, 2);
    assert_int_equal(unit_of(w), OST_UNIT_OPEN);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    server_sql(w->url, "ALTER TABLE things ALTER n TYPE int8");
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_rows(m, out, 1, &count), OST_SERIALIZATION);
    assert_int_equal(w->b.error.retryable, 1);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(select_in_unit(w, m), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    discard(insert);
    discard(m);
}

/* Somebody who shares the connection has prepared the same already. */
static void a_name_that_is_taken_means_the_same_statement(void **state)
{
    things_world *w = *state;
    char name[128], text[400];
    made *m = thing_by_id(w, 1);
    thing out[1];
    size_t count;
    PGresult *r;
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    snprintf(name, sizeof name, "%s", prepared(w, "min(name)"));
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_RAW, INT64_MAX), OST_OK);
    assert_string_equal(prepared(w, "count(*)"), "0");
    snprintf(text, sizeof text, "%s", text_of(m));
    r = PQprepare(w->b.driver->native(w->b.c), name, text, 0, NULL);
    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 2);
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 1);
    discard(m);
}

static void a_statement_that_cannot_be_prepared_says_why(void **state)
{
    things_world *w = *state;
    server_sql(w->url, "ALTER TABLE things RENAME n TO m");
    assert_int_equal(look(w, 1), OST_SCHEMA);
    assert_string_equal(w->b.error.sql_state, "42703");
    server_sql(w->url, "ALTER TABLE things RENAME m TO n");
    assert_int_equal(look(w, 1), OST_OK);
    assert_string_equal(prepared(w, "count(*)"), "1");
}

/* What runs once is not kept. */
static void what_is_run_once_has_no_name(void **state)
{
    things_world *w = *state;
    made *m = thing_by_id(w, 1);
    thing out[1];
    size_t count;
    m->op.flags |= OST_FLAG_ONCE;
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 1);
    assert_string_equal(prepared(w, "count(*)"), "0");
    discard(m);
}

/* ---- behind a pooler ---- */

/* Each transaction may be on another connection of the server, where a name would mean nothing, or
 * something else. */
static void behind_a_pooler_nothing_is_named(void **state)
{
    things_world *w = *state;
    ost_connection *c[4];
    made *m = all_things(w), *insert;
    thing a = { .name = "a" }, out[8];
    size_t count;
    assert_int_equal(w->b.caps.abilities >> OST_CAN_PREPARE & 1, 0);
    insert = insert_things(w, &a, 1);
    for (int i = 0; i < 4; i++)
        c[i] = bench_connect(&w->b);
    for (int round = 0; round < 20; round++) {
        count = 8;
        assert_int_equal(begin_on(&w->b, c[round % 4], OST_ACCESS_READ_ONLY), OST_OK);
        assert_int_equal(run_on(c[(round + 1) % 4], m, out, &count), OST_OK);
        count = 8;
        assert_int_equal(run_on(c[round % 4], m, out, &count), OST_OK);
        assert_int_equal(w->b.outcome.round_trips, 1);
        assert_int_equal(simple_on(&w->b, c[round % 4], OST_DO_COMMIT, NULL), OST_OK);
    }
    assert_int_equal(run_insert(w, insert, &a, 1), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 1);
    for (int i = 0; i < 4; i++)
        w->b.driver->close(c[i], INT64_MAX);
    assert_string_equal(prepared(w, "count(*)"), "0");
    discard(m);
    discard(insert);
}

#define STATEMENT_TEST(f) cmocka_unit_test_setup_teardown(f, things_begin, things_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATEMENT_TEST(names_come_from_the_content),
        STATEMENT_TEST(a_connection_keeps_a_bounded_number),
        STATEMENT_TEST(units_may_run_more_than_that),
        STATEMENT_TEST(fm28_statements_that_are_gone_are_prepared_again),
        STATEMENT_TEST(fm28_a_changed_table_is_no_error_outside_of_units),
        STATEMENT_TEST(fm28_a_changed_table_costs_a_unit_at_most_another_run),
        STATEMENT_TEST(a_name_that_is_taken_means_the_same_statement),
        STATEMENT_TEST(a_statement_that_cannot_be_prepared_says_why),
        STATEMENT_TEST(what_is_run_once_has_no_name),
        cmocka_unit_test_setup_teardown(behind_a_pooler_nothing_is_named, things_begin_pooled,
                                        things_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
