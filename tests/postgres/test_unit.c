/* SPDX-License-Identifier: MIT */
#include "postgres/things.h"

static void units_commit_and_roll_back(void **state)
{
    things_world *w = *state;
    thing in = { .name = "a", .n = 1 };
    made *m = insert_things(w, &in, 1);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(unit_of(w), OST_UNIT_OPEN);
    assert_int_equal(run_insert(w, m, &in, 1), OST_OK);
    assert_true(in.id > 0);
    assert_int_equal(w->b.outcome.matched, 1);
    assert_int_equal(w->b.outcome.changed, 1);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    assert_int_equal(count_of(w, "true"), 0);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, &in, 1), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(count_of(w, "name = 'a' AND n = 1"), 1);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    discard(m);
}

static void savepoints_have_any_name(void **state)
{
    things_world *w = *state;
    static const char name[] = "odd \"name\"; --";
    thing a = { .name = "a" }, b = { .name = "b" };
    made *m = insert_things(w, &a, 1);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, &a, 1), OST_OK);
    assert_int_equal(control(w, OST_DO_SAVEPOINT, name), OST_OK);
    assert_int_equal(run_insert(w, m, &b, 1), OST_OK);
    assert_int_equal(control(w, OST_DO_ROLLBACK_TO, name), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 1);
    assert_int_equal(control(w, OST_DO_SAVEPOINT, "s"), OST_OK);
    /* A failure is undone with its savepoint, and the unit goes on. */
    assert_int_equal(run_insert(w, m, &a, 1), OST_CONFLICT);
    assert_int_equal(w->b.outcome.transaction_ended, 0);
    assert_int_equal(unit_of(w), OST_UNIT_FAILED);
    assert_int_equal(control(w, OST_DO_ROLLBACK_TO, "s"), OST_OK);
    assert_int_equal(unit_of(w), OST_UNIT_OPEN);
    assert_int_equal(run_insert(w, m, &b, 1), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_string_equal(server_text(w->url, "SELECT name FROM things ORDER BY name"), "a|b");
    /* It was released as well. */
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(control(w, OST_DO_SAVEPOINT, "t"), OST_OK);
    assert_int_equal(control(w, OST_DO_ROLLBACK_TO, "t"), OST_OK);
    assert_int_equal(control(w, OST_DO_RELEASE, "t"), OST_DRIVER_ERROR);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    discard(m);
}

/* The server calls it a success, and says only in the tag that it rolled back. */
static void fm03_a_commit_that_rolled_back_is_a_failure(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a" };
    made *m = insert_things(w, &a, 1);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, &a, 1), OST_OK);
    assert_int_equal(run_insert(w, m, &a, 1), OST_CONFLICT);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_DRIVER_ERROR);
    assert_int_equal(w->b.outcome.transaction_ended, 1);
    assert_int_equal(w->b.outcome.connection_lost, 0);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    assert_int_equal(count_of(w, "true"), 0);
    discard(m);
}

static void a_commit_can_fail_for_a_deferred_constraint(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a", .n = 77 };
    made *m = insert_things(w, &a, 1);
    server_sql(w->url, "CREATE TABLE boxes (id int8 PRIMARY KEY);"
                       "ALTER TABLE things ADD CONSTRAINT in_box FOREIGN KEY (n) REFERENCES boxes"
                       " DEFERRABLE INITIALLY DEFERRED");
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, &a, 1), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_FOREIGN_KEY);
    assert_int_equal(w->b.outcome.transaction_ended, 1);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    /* The same for a write of its own: it succeeds, and then its commit does not. */
    assert_int_equal(run_insert(w, m, &a, 1), OST_FOREIGN_KEY);
    assert_string_equal(w->b.error.constraint, "in_box");
    assert_int_equal(count_of(w, "true"), 0);
    discard(m);
}

static void units_have_the_isolation_that_was_asked_for(void **state)
{
    static const char *const names[] = { "read committed", "read committed", "repeatable read",
                                         "serializable" };
    things_world *w = *state;
    for (uint16_t access = 0; access < 3; access++) {
        for (uint16_t level = 0; level < 4; level++) {
            ost_operation op = {
                .struct_size = sizeof op, .kind = OST_DO_BEGIN, .isolation = level, .access = access
            };
            bool deferrable = access == OST_ACCESS_DEFERRABLE;
            const char *name = deferrable && level == 0 ? "serializable" : names[level];
            char text[300];
            assert_int_equal(run_batch(w, &op, 1, NULL, NULL, NULL), OST_OK);
            snprintf(text, sizeof text,
                     "DO $$ BEGIN ASSERT current_setting('transaction_isolation') = '%s' AND"
                     " current_setting('transaction_read_only') = '%s' AND"
                     " current_setting('transaction_deferrable') = '%s'; END $$",
                     name, access == OST_ACCESS_WRITE ? "off" : "on", deferrable ? "on" : "off");
            assert_int_equal(control(w, OST_DO_RAW, text), OST_OK);
            assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
        }
    }
}

static void a_write_that_cannot_be_serialised_may_be_run_again(void **state)
{
    things_world *w = *state;
    thing t = { .id = 1, .name = "x", .n = 5 };
    made *m = update_things(w, &t, 1), *look = thing_by_id(w, 1);
    ost_operation op = { .struct_size = sizeof op,
                         .kind = OST_DO_BEGIN,
                         .isolation = OST_REPEATABLE_READ };
    thing out[1];
    size_t count;
    fill_things(w, 1);
    assert_int_equal(run_batch(w, &op, 1, NULL, NULL, NULL), OST_OK);
    assert_int_equal(run_rows(look, out, 1, &count), OST_OK);
    server_sql(w->url, "UPDATE things SET n = 2");
    assert_int_equal(run(m), OST_SERIALIZATION);
    assert_int_equal(w->b.error.retryable, 1);
    assert_string_equal(w->b.error.sql_state, "40001");
    assert_int_equal(unit_of(w), OST_UNIT_FAILED);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    discard(m);
    discard(look);
}

/* ---- tokens ---- */

static ost_status tokened_insert(things_world *w, made *m)
{
    ost_operation ops[2] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN } };
    assert_int_equal(compile(m), OST_OK);
    ops[1] = m->op;
    ops[1].rows = NULL;
    ops[1].flags = OST_FLAG_WRITES | OST_FLAG_TOKEN;
    return run_batch(w, ops, 2, NULL, NULL, NULL);
}

static void fm02_a_token_tells_what_became_of_a_commit(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a" }, b = { .name = "b" };
    made *m = insert_things(w, &a, 1);
    ost_commit_token token, other;
    ost_connection *fresh = bench_connect(&w->b);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &token), OST_UNSUPPORTED);
    assert_int_equal(tokened_insert(w, m), OST_OK);
    assert_int_equal(batch_trips, 1);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &token), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(w->b.driver->resolve(fresh, &token, INT64_MAX), OST_VERDICT_COMMITTED);
    m->op.records = &b;
    assert_int_equal(tokened_insert(w, m), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &other), OST_OK);
    assert_memory_not_equal(&token, &other, sizeof token);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(w->b.driver->resolve(fresh, &other, INT64_MAX), OST_VERDICT_ABORTED);
    /* A unit has none before its first write. */
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &token), OST_UNSUPPORTED);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    other.size = 3;
    assert_int_equal(w->b.driver->resolve(fresh, &other, INT64_MAX), OST_VERDICT_UNKNOWN);
    w->b.driver->close(fresh, INT64_MAX);
    discard(m);
}

/* A unit that met nothing has no number: the next write is asked for it. */
static void a_token_comes_with_the_first_write_that_met_a_record(void **state)
{
    things_world *w = *state;
    thing t = { .id = 7, .name = "x" };
    made *m = update_things(w, &t, 1);
    ost_commit_token token;
    fill_things(w, 1);
    assert_int_equal(tokened_insert(w, m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 0);
    assert_int_equal(w->b.outcome.failed_record, 0);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &token), OST_UNSUPPORTED);
    t.id = 1;
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 1);
    assert_int_equal(w->b.outcome.failed_record, SIZE_MAX);
    assert_int_equal(w->b.outcome.round_trips, 1);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &token), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    discard(m);
}

/* Whoever asks is patient for a moment, and then ends the unit, so that its fate is sure. */
static void fm02_a_unit_that_is_still_open_is_ended(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a" };
    made *m = insert_things(w, &a, 1);
    ost_commit_token token;
    ost_connection *fresh = bench_connect(&w->b);
    assert_int_equal(tokened_insert(w, m), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &token), OST_OK);
    assert_int_equal(w->b.driver->resolve(fresh, &token, bench_now(&w->b) + 20000000),
                     OST_VERDICT_UNKNOWN);
    /* An answer may be owed on it. */
    w->b.driver->close(fresh, INT64_MAX);
    fresh = bench_connect(&w->b);
    assert_int_equal(w->b.driver->resolve(fresh, &token, INT64_MAX), OST_VERDICT_ABORTED);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_CONNECTION);
    assert_int_equal(w->b.outcome.connection_lost, 1);
    assert_int_equal(w->b.error.nothing_sent, 0);
    assert_int_equal(unit_of(w), OST_UNIT_LOST);
    assert_int_equal(count_of(w, "true"), 0);
    w->b.driver->close(fresh, INT64_MAX);
    discard(m);
}

/* ---- reset ---- */

static void reset_undoes_what_a_lease_left_behind(void **state)
{
    things_world *w = *state;
    thing a = { .name = "a" };
    made *m = insert_things(w, &a, 1);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, &a, 1), OST_OK);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_UNIT, INT64_MAX), OST_OK);
    assert_int_equal(unit_of(w), OST_UNIT_NONE);
    assert_int_equal(count_of(w, "true"), 0);
    assert_int_equal(control(w, OST_DO_RAW, "SET search_path = nowhere"), OST_OK);
    assert_int_equal(run_insert(w, m, &a, 1), OST_SCHEMA);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_RAW, INT64_MAX), OST_OK);
    /* Its statements are gone with the rest, and are prepared again. */
    assert_int_equal(run_insert(w, m, &a, 1), OST_OK);
    assert_int_equal(count_of(w, "true"), 1);
    assert_true(w->b.driver->alive(w->b.c));
    discard(m);
}

#define UNIT_TEST(f) cmocka_unit_test_setup_teardown(f, things_begin, things_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(units_commit_and_roll_back),
        UNIT_TEST(savepoints_have_any_name),
        UNIT_TEST(fm03_a_commit_that_rolled_back_is_a_failure),
        UNIT_TEST(a_commit_can_fail_for_a_deferred_constraint),
        UNIT_TEST(units_have_the_isolation_that_was_asked_for),
        UNIT_TEST(a_write_that_cannot_be_serialised_may_be_run_again),
        UNIT_TEST(fm02_a_token_tells_what_became_of_a_commit),
        UNIT_TEST(a_token_comes_with_the_first_write_that_met_a_record),
        UNIT_TEST(fm02_a_unit_that_is_still_open_is_ended),
        UNIT_TEST(reset_undoes_what_a_lease_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
