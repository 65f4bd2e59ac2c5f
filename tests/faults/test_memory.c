/* SPDX-License-Identifier: MIT */
/*
 * Each allocation of a round fails, once and from there on. After a failure: the status says so,
 * nothing leaks or crashes, the database holds what it held before the call, and the call works
 * when it is made again.
 */
#include "memory_round.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "session/session.h"

enum { STEPS_MAX = 96, DUMP_SIZE = 1 << 16, ROUNDS_MAX = 20000 };

static char folder[] = "ostler-memory-XXXXXX", path[64], url[128];
static char *expected[STEPS_MAX]; /* what the database holds after each step */
static size_t injections;

/* ---- what the database holds ---- */

/* Everything but what differs from round to round. */
static const char dump_text[] =
    "SELECT 'writer ' || id || name || ifnull(born, '-') || changed_at FROM writers"
    " UNION ALL SELECT 'work ' || id || '|' || writer_id || title || price || ifnull(hex(cover), "
    "'-')"
    " || year FROM works"
    " UNION ALL SELECT 'label ' || length(id) || code || weight FROM label"
    " UNION ALL SELECT 'pass ' || id || holder || (ended_at IS NULL) FROM pass ORDER BY 1";

static char *dump(void)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    char *text = calloc(1, DUMP_SIZE);
    size_t used = 0;
    assert_non_null(text);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, dump_text, -1, &stmt, NULL) != SQLITE_OK) {
        /* Before the file and its tables are there. */
        sqlite3_close(db);
        return strcpy(text, "no tables");
    }
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        int size = snprintf(text + used, DUMP_SIZE - used, "%s\n",
                            (const char *)sqlite3_column_text(stmt, 0));
        used += (size_t)size;
        assert_true(used < DUMP_SIZE);
    }
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return text;
}

static void assert_holds(const char *name, const char *when, const char *wanted)
{
    char *found = dump();
    if (strcmp(found, wanted) != 0)
        fail_msg("%s: %s the database holds\n%s\nbut should hold\n%s", name, when, found, wanted);
    free(found);
}

/* ---- one round ---- */

static void remove_file(void)
{
    char name[80];
    unlink(path);
    snprintf(name, sizeof name, "%s-wal", path);
    unlink(name);
    snprintf(name, sizeof name, "%s-shm", path);
    unlink(name);
}

/* Also the memory of earlier calls that later ones would use again, so that each must ask for its
 * own. */
static void forget_earlier_calls(round *r)
{
    r->error.status = OST_OK;
    if (!r->s)
        return;
    r->s->error.status = OST_OK;
    ost__arena_finish(&r->s->scratch);
    ost__arena_finish(&r->s->journal.memory);
}

/* A session that is idle keeps no connection, whatever failed. */
static void assert_no_lease(const round *r, const char *name)
{
    if (!r->db)
        return;
    if (ost__pool_count(r->db->pool).leased != 0)
        fail_msg("%s: a connection is still leased", name);
    if (r->s && r->s->unit_count != 0)
        fail_msg("%s: a transaction is still open", name);
}

static void check_failure(round *r, size_t i, ost_status status, size_t injected)
{
    const step *at = &round_steps[i];
    const ost_error *error = i < FIRST_STEP_WITH_SESSION ? &r->error : ost_session_error(r->s);
    if (injected == 0)
        fail_msg("%s: failed by itself: %s", at->name, error->message);
    if (status != OST_NO_MEMORY || error->status != OST_NO_MEMORY)
        fail_msg("%s: allocation %zu: returned %s, its error says %s: %s", at->name,
                 r->memory.calls, ost_status_name(status),
                 ost_status_name((ost_status)error->status), error->message);
    faulty_disarm(&r->memory);
    assert_no_lease(r, at->name);
    assert_holds(at->name, "after a failure", i > 0 ? expected[i - 1] : "no tables");
    forget_earlier_calls(r);
    status = at->run(r);
    if (status != OST_OK)
        fail_msg("%s: does not work when it is made again: %s: %s", at->name,
                 ost_status_name(status),
                 (i < FIRST_STEP_WITH_SESSION ? &r->error : ost_session_error(r->s))->message);
}

/* Returns how many allocations failed. */
static size_t run_round(size_t fail_at, bool onwards)
{
    static round r;
    memset(&r, 0, sizeof r);
    faulty_begin(&r.memory, fail_at, onwards);
    r.url = url;
    remove_file();
    for (size_t i = 0; i < round_step_count; i++) {
        size_t before = r.memory.injected;
        forget_earlier_calls(&r);
        ost_status status = round_steps[i].run(&r);
        bool touched = r.memory.injected > before;
        if (status != OST_OK)
            check_failure(&r, i, status, r.memory.injected - before);
        assert_no_lease(&r, round_steps[i].name);
        if (fail_at == 0)
            expected[i] = dump();
        else if (touched || i + 1 == round_step_count)
            assert_holds(round_steps[i].name, "after success", expected[i]);
    }
    ost_session_close(r.s);
    ost_close(r.db);
    assert_int_equal(r.memory.live, 0);
    assert_int_equal(r.memory.mismatches, 0);
    return r.memory.injected;
}

static void run_rounds(bool onwards)
{
    size_t n, sum = 0, in_round = 1;
    for (n = 1; in_round > 0 && n < ROUNDS_MAX; n++) {
        in_round = run_round(n, onwards);
        sum += in_round;
    }
    assert_int_equal(in_round, 0);
    assert_true(n > 100);
    injections += sum;
    print_message("%zu rounds, %zu allocations failed\n", n - 1, sum);
}

static void fm65_each_allocation_fails_once(void **state)
{
    (void)state;
    run_rounds(false);
}

static void fm65_each_allocation_and_all_after_it_fail(void **state)
{
    (void)state;
    run_rounds(true);
}

/* ---- setting up ---- */

static int set_up(void **state)
{
    (void)state;
    assert_true(round_step_count < STEPS_MAX);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/round.db", folder);
    snprintf(url, sizeof url, "sqlite:%s?synchronous=off", path);
    return run_round(0, false) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < round_step_count; i++)
        free(expected[i]);
    remove_file();
    print_message("%zu injections in all\n", injections);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm65_each_allocation_fails_once),
        cmocka_unit_test(fm65_each_allocation_and_all_after_it_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
