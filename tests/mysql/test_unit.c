/* SPDX-License-Identifier: MIT */
#include "mysql/crates.h"

#include "mysql/connection.h"

/* ---- units and savepoints ---- */

static void units_commit_and_roll_back(void **state)
{
    crates_world *w = *state;
    crate in = { .name = "a" };
    made *m = crate_insert(w, &in, 1);
    crate out[1];
    size_t count;
    assert_int_equal(crates_state(w), OST_UNIT_NONE);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(crates_state(w), OST_UNIT_OPEN);
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(crates_state(w), OST_UNIT_NONE);
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "0");
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "0");
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "1");
    /* What is over already can be rolled back, but not committed. */
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_DRIVER_ERROR);
    discard(m);
}

static void a_unit_inside_a_unit_is_refused(void **state)
{
    crates_world *w = *state;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_MISUSE);
    assert_int_equal(crates_state(w), OST_UNIT_OPEN);
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
}

static void a_unit_that_reads_cannot_write(void **state)
{
    crates_world *w = *state;
    crate in = { .name = "a" }, out[1];
    size_t count;
    made *m = crate_insert(w, &in, 1);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_READ_ONLY), OST_OK);
    assert_int_equal(run_rows(m, out, 1, &count), OST_MISUSE);
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    discard(m);
}

static int64_t n_of(made *get)
{
    crate out[1];
    size_t count;
    assert_int_equal(run_rows(get, out, 1, &count), OST_OK);
    assert_int_equal(count, 1);
    return out[0].n;
}

/* By what a unit sees of another's change, and whether it lets it happen. */
static void every_isolation_level_is_kept(void **state)
{
    crates_world *w = *state;
    ost_connection *other = bench_connect(&w->b);
    made *get = crate_get(w, 1);
    crates_fill(w, 1);
    assert_int_equal(simple_on(&w->b, other, OST_DO_RAW, "SET innodb_lock_wait_timeout = 1"),
                     OST_OK);
    for (uint16_t i = OST_DEFAULT_ISOLATION; i <= OST_SERIALIZABLE; i++) {
        ost_operation op = { .struct_size = sizeof op, .kind = OST_DO_BEGIN, .isolation = i };
        made *set = crate_update(w, 1, 100 + i);
        size_t accepted;
        assert_true(w->b.caps.isolations >> i & 1);
        assert_int_equal(w->b.driver->submit(w->b.c, &op, 1, &accepted, INT64_MAX, &w->b.error),
                         OST_OK);
        assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, INT64_MAX), OST_OK);
        int64_t before = n_of(get);
        assert_int_equal(run_on(other, set, NULL, NULL),
                         i == OST_SERIALIZABLE ? OST_LOCK_TIMEOUT : OST_OK);
        assert_int_equal(n_of(get), i == OST_READ_COMMITTED ? 100 + i : before);
        assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
        discard(set);
    }
    discard(get);
    w->b.driver->close(other, INT64_MAX);
}

static void savepoints_have_any_name(void **state)
{
    crates_world *w = *state;
    crate in[2] = { { .name = "a" }, { .name = "b" } }, out[1];
    size_t count;
    made *m = crate_insert(w, &in[0], 1);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_SAVEPOINT, "odd `name`; --"), OST_OK);
    m->op.records = &in[1];
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK_TO, "odd `name`; --"), OST_OK);
    /* It is released as well. */
    assert_int_equal(crates_simple(w, OST_DO_RELEASE, "odd `name`; --"), OST_DRIVER_ERROR);
    assert_int_equal(crates_simple(w, OST_DO_SAVEPOINT, "s"), OST_OK);
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_RELEASE, "s"), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_string_equal(crates_text(w, "SELECT name FROM crates ORDER BY id"), "a|b");
    discard(m);
}

static void fm27_tables_are_not_defined_in_a_unit(void **state)
{
    crates_world *w = *state;
    made *m = make(&w->b, OST_DO_DDL, w->slips);
    m->shape.ddl = OST_DDL_CREATE_TABLE;
    assert_false(w->b.caps.abilities >> OST_CAN_DDL_IN_UNIT & 1);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run(m), OST_UNSUPPORTED);
    assert_int_equal(crates_state(w), OST_UNIT_OPEN);
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    discard(m);
}

/* ---- what undoes them ---- */

static void fm22_a_lock_that_is_not_granted_leaves_the_unit_open(void **state)
{
    crates_world *w = *state;
    ost_connection *other = bench_connect(&w->b);
    made *first = crate_update(w, 1, 5), *second = crate_update(w, 2, 6);
    crates_fill(w, 2);
    assert_int_equal(begin_on(&w->b, other, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_on(other, second, NULL, NULL), OST_OK);
    assert_int_equal(simple_on(&w->b, w->b.c, OST_DO_RAW, "SET innodb_lock_wait_timeout = 1"),
                     OST_OK);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run(first), OST_OK);
    assert_int_equal(run(second), OST_LOCK_TIMEOUT);
    assert_int_equal(w->b.error.native_code, 1205);
    assert_int_equal(w->b.error.retryable, 0);
    /* What came before is neither undone nor kept: the unit says so, and is rolled back. */
    assert_int_equal(w->b.outcome.transaction_ended, 0);
    assert_int_equal(crates_state(w), OST_UNIT_OPEN);
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_string_equal(crates_text(w, "SELECT n FROM crates ORDER BY id"), "1|2");
    assert_int_equal(simple_on(&w->b, other, OST_DO_ROLLBACK, NULL), OST_OK);
    discard(first);
    discard(second);
    w->b.driver->close(other, INT64_MAX);
}

static void a_deadlock_ends_the_unit_and_may_be_run_again(void **state)
{
    crates_world *w = *state;
    ost_connection *other = bench_connect(&w->b);
    made *mine = crate_update(w, 1, 5), *theirs = crate_update(w, 2, 6);
    made *ahead = crate_update(w, 2, 7), *back = crate_update(w, 1, 8);
    ost_status status;
    size_t accepted;
    crates_fill(w, 2);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(begin_on(&w->b, other, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run(mine), OST_OK);
    assert_int_equal(run_on(other, theirs, NULL, NULL), OST_OK);
    assert_int_equal(compile(ahead), OST_OK);
    assert_int_equal(w->b.driver->submit(w->b.c, &ahead->op, 1, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    /* It waits for the other; the deadline leaves the call where it is. */
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, ahead, NULL, 0, NULL, crates_in(w, 200)),
                     OST_TIMEOUT);
    status = run_on(other, back, NULL, NULL);
    if (status == OST_OK) {
        /* The first was chosen: its answer, which is still owed, says so. */
        assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 5000)), OST_OK);
        assert_int_equal(simple_on(&w->b, other, OST_DO_COMMIT, NULL), OST_OK);
    } else {
        assert_int_equal(status, OST_DEADLOCK);
        assert_int_equal(w->b.error.retryable, 1);
        assert_int_equal(w->b.outcome.transaction_ended, 1);
        assert_int_equal(w->b.driver->unit_state(other), OST_UNIT_NONE);
        assert_int_equal(w->b.driver->settle(w->b.c, crates_in(w, 5000)), OST_OK);
    }
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_UNIT, INT64_MAX), OST_OK);
    assert_int_equal(crates_state(w), OST_UNIT_NONE);
    assert_true(w->b.driver->alive(w->b.c));
    discard(mine);
    discard(theirs);
    discard(ahead);
    discard(back);
    w->b.driver->close(other, INT64_MAX);
}

static void fm1_a_killed_connection_loses_its_unit(void **state)
{
    crates_world *w = *state;
    made *m = crate_update(w, 1, 5);
    char sql[64];
    crates_fill(w, 1);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run(m), OST_OK);
    snprintf(sql, sizeof sql, "KILL CONNECTION %lu", mysql_thread_id(w->b.driver->native(w->b.c)));
    server_sql(w->url, sql);
    assert_int_equal(run(m), OST_CONNECTION);
    assert_int_equal(w->b.outcome.connection_lost, 1);
    assert_int_equal(crates_state(w), OST_UNIT_LOST);
    assert_false(w->b.driver->alive(w->b.c));
    assert_string_equal(crates_text(w, "SELECT n FROM crates"), "1");
    discard(m);
}

static void fm29_an_update_that_changes_nothing_has_met_its_record(void **state)
{
    crates_world *w = *state;
    made *same = crate_update(w, 1, 1), *none = crate_update(w, 9, 1);
    crates_fill(w, 1);
    assert_int_equal(run(same), OST_OK);
    assert_int_equal(w->b.outcome.matched, 1);
    assert_int_equal(run(none), OST_OK);
    assert_int_equal(w->b.outcome.matched, 0);
    discard(same);
    discard(none);
}

/* ---- as new ---- */

static void reset_undoes_the_unit(void **state)
{
    crates_world *w = *state;
    made *m = crate_update(w, 1, 5);
    crates_fill(w, 1);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_UNIT, INT64_MAX), OST_OK);
    assert_int_equal(crates_state(w), OST_UNIT_NONE);
    assert_string_equal(crates_text(w, "SELECT n FROM crates"), "1");
    assert_int_equal(run(m), OST_OK);
    assert_string_equal(crates_text(w, "SELECT n FROM crates"), "5");
    discard(m);
}

/* Everything that a statement of ours depends on. */
static const char *settings(crates_world *w, ost_connection *c)
{
    static char text[2][2048];
    static int next;
    static const char question[] =
        "SELECT CONCAT_WS('~', @@sql_mode, @@time_zone, @@character_set_client, "
        "@@collation_connection, @@autocommit, @@foreign_key_checks, @@sql_select_limit, "
        "@@tx_isolation, @@innodb_lock_wait_timeout, IFNULL(@mine, 'none'))";
    MYSQL *mysql = w->b.driver->native(c);
    char *out = text[next++ % 2];
    assert_int_equal(mysql_real_query(mysql, question, sizeof question - 1), 0);
    MYSQL_RES *rows = mysql_store_result(mysql);
    assert_non_null(rows);
    snprintf(out, sizeof text[0], "%s", mysql_fetch_row(rows)[0]);
    mysql_free_result(rows);
    return out;
}

static void reset_undoes_settings_and_temporary_tables(void **state)
{
    static const char *const dirt[] = {
        "SET sql_mode = '', time_zone = '+05:00', autocommit = 0, foreign_key_checks = 0",
        "SET NAMES latin1",
        "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET sql_select_limit = 1, innodb_lock_wait_timeout = 7, @mine = 'mine'",
        "CREATE TEMPORARY TABLE own (id INT)",
        "DO GET_LOCK('ostler', 1)",
    };
    crates_world *w = *state;
    made *m = crate_update(w, 1, 5);
    char before[2048];
    crates_fill(w, 1);
    assert_int_equal(run(m), OST_OK);
    snprintf(before, sizeof before, "%s", settings(w, w->b.c));
    for (size_t i = 0; i < sizeof dirt / sizeof dirt[0]; i++)
        assert_int_equal(crates_simple(w, OST_DO_RAW, dirt[i]), OST_OK);
    assert_string_not_equal(settings(w, w->b.c), before);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_RAW | OST_TOUCHED_UNIT, INT64_MAX),
                     OST_OK);
    assert_string_equal(settings(w, w->b.c), before);
    assert_int_equal(crates_simple(w, OST_DO_RAW, "INSERT INTO own VALUES (1)"), OST_SCHEMA);
    assert_string_equal(crates_text(w, "SELECT IS_FREE_LOCK('ostler')"), "1");
    /* Statements that were prepared are gone with it, and are prepared again. */
    assert_int_equal(run(m), OST_OK);
    discard(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        TEST(units_commit_and_roll_back),
        TEST(a_unit_inside_a_unit_is_refused),
        TEST(a_unit_that_reads_cannot_write),
        TEST(every_isolation_level_is_kept),
        TEST(savepoints_have_any_name),
        TEST(fm27_tables_are_not_defined_in_a_unit),
        TEST(fm22_a_lock_that_is_not_granted_leaves_the_unit_open),
        TEST(a_deadlock_ends_the_unit_and_may_be_run_again),
        TEST(fm1_a_killed_connection_loses_its_unit),
        TEST(fm29_an_update_that_changes_nothing_has_met_its_record),
        TEST(reset_undoes_the_unit),
        TEST(reset_undoes_settings_and_temporary_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
