/* SPDX-License-Identifier: MIT */
/* Marks of commits: what became of a unit whose answer was lost. */
#include "mysql/crates.h"

#include <pthread.h>

#include "mysql/connection.h"
#include "support/proxy.h"

static void create_marks(crates_world *w)
{
    made *m = make(&w->b, OST_DO_DDL, NULL);
    m->shape.ddl = OST_DDL_CREATE_MARKS;
    assert_int_equal(
        w->b.driver->compile(w->b.backend, &w->b.caps, &m->shape, &m->op.plan, &w->b.error),
        OST_OK);
    if (run(m) != OST_OK)
        fail_msg("%s", w->b.error.message);
    discard(m);
}

static ost_status insert_one(crates_world *w, const char *name, uint16_t flags)
{
    crate in = { .name = name }, out[1];
    made *m = crate_insert(w, &in, 1);
    size_t count;
    m->op.flags |= flags;
    ost_status status = run_rows(m, out, 1, &count);
    discard(m);
    return status;
}

static enum ost_verdict ask(crates_world *w, const ost_commit_token *token)
{
    ost_connection *fresh = bench_connect(&w->b);
    enum ost_verdict verdict = w->b.driver->resolve(fresh, token, crates_in(w, 10000));
    assert_int_equal(w->b.driver->unit_state(fresh), OST_UNIT_NONE);
    assert_true(w->b.driver->alive(fresh));
    w->b.driver->close(fresh, INT64_MAX);
    return verdict;
}

static void without_the_table_there_is_no_token(void **state)
{
    crates_world *w = *state;
    ost_commit_token token;
    assert_true(w->b.caps.abilities >> OST_CAN_MARK_COMMITS & 1);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(insert_one(w, "a", OST_FLAG_TOKEN), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &token), OST_UNSUPPORTED);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
}

static void a_commit_leaves_its_mark(void **state)
{
    crates_world *w = *state;
    ost_commit_token first, second;
    create_marks(w);
    create_marks(w);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &first), OST_UNSUPPORTED);
    assert_int_equal(insert_one(w, "a", OST_FLAG_TOKEN), OST_OK);
    assert_int_equal(insert_one(w, "b", 0), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &first), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &second), OST_UNSUPPORTED);
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM " OST_MARKS_TABLE), "1");
    assert_int_equal(ask(w, &first), OST_VERDICT_COMMITTED);
    /* A unit that only reads has none, one that is rolled back leaves none. */
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(insert_one(w, "c", OST_FLAG_TOKEN), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &second), OST_OK);
    assert_memory_not_equal(first.bytes, second.bytes, OST__MARK_SIZE);
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(ask(w, &second), OST_VERDICT_ABORTED);
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM " OST_MARKS_TABLE), "1");
}

static void another_connection_finds_the_table(void **state)
{
    crates_world *w = *state;
    crates_world other;
    ost_commit_token token;
    create_marks(w);
    crates_open(&other, w->url);
    assert_int_equal(begin_on(&other.b, other.b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(insert_one(&other, "a", OST_FLAG_TOKEN), OST_OK);
    assert_int_equal(other.b.driver->commit_token(other.b.c, &token), OST_OK);
    assert_int_equal(simple_on(&other.b, other.b.c, OST_DO_COMMIT, NULL), OST_OK);
    crates_close(&other);
    assert_int_equal(ask(w, &token), OST_VERDICT_COMMITTED);
}

static void a_table_that_was_dropped_hinders_no_commit(void **state)
{
    crates_world *w = *state;
    create_marks(w);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    server_sql(w->url, "DROP TABLE " OST_MARKS_TABLE);
    assert_int_equal(insert_one(w, "a", OST_FLAG_TOKEN), OST_OK);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "1");
}

/* COMMIT never came: the server still holds the unit open, and would for hours. */
static void an_undecided_unit_is_ended(void **state)
{
    crates_world *w = *state;
    ost_commit_token token;
    ost_operation op = { .struct_size = sizeof op, .kind = OST_DO_COMMIT };
    create_marks(w);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(insert_one(w, "a", OST_FLAG_TOKEN), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &token), OST_OK);
    ost__my_run r = { .c = w->b.c, .op = &op, .outcome = &w->b.outcome, .error = &w->b.error };
    w->b.c->deadline = INT64_MAX;
    assert_int_equal(ost__my_mark_write(&r), OST_OK);
    assert_int_equal(ask(w, &token), OST_VERDICT_ABORTED);
    /* And nothing can commit it any more. */
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_CONNECTION);
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "0");
}

static void a_strange_token_is_unknown(void **state)
{
    crates_world *w = *state;
    ost_commit_token token = { .size = 3 };
    create_marks(w);
    assert_int_equal(ask(w, &token), OST_VERDICT_UNKNOWN);
}

static void old_marks_are_swept(void **state)
{
    crates_world *w = *state;
    create_marks(w);
    server_sql(w->url,
               "INSERT INTO " OST_MARKS_TABLE " VALUES (X'01', UTC_TIMESTAMP() - INTERVAL 2 "
               "DAY), (X'02', UTC_TIMESTAMP() - INTERVAL 1 HOUR)");
    /* One unit in a thousand does it. */
    for (int i = 0; i < 20000; i++) {
        assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
        assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
        if (w->b.c->trips % 100 == 0 &&
            strcmp(crates_text(w, "SELECT COUNT(*) FROM " OST_MARKS_TABLE), "1") == 0)
            break;
    }
    assert_string_equal(crates_text(w, "SELECT HEX(id) FROM " OST_MARKS_TABLE),
                        "02000000000000000000000000000000");
}

/*
 * A relay cuts the connection at every byte of what COMMIT sends and is answered, mark and all.
 * Whatever the driver says then, the verdict is what happened.
 */
static void the_verdict_is_true_wherever_the_wire_is_cut(void **state)
{
    crates_world *w = *state;
    proxy *p = proxy_to(w->url);
    int committed = 0, aborted = 0, lost = 0;
    create_marks(w);
    for (int way = 0; way < 2; way++) {
        for (int64_t at = 0; at < 400; at += way == 0 ? 3 : 1) {
            proxy_faults faults = PROXY_HONEST;
            crates_world cut;
            ost_commit_token token;
            proxy_set(p, &faults);
            crates_open(&cut, proxy_url(p, w->url));
            server_sql(w->url, "DELETE FROM crates");
            assert_int_equal(begin_on(&cut.b, cut.b.c, OST_ACCESS_WRITE), OST_OK);
            assert_int_equal(insert_one(&cut, "a", OST_FLAG_TOKEN), OST_OK);
            assert_int_equal(cut.b.driver->commit_token(cut.b.c, &token), OST_OK);
            if (way == 0)
                faults.cut_up = at;
            else
                faults.cut_down = at;
            proxy_set(p, &faults);
            ost_status status = simple_on(&cut.b, cut.b.c, OST_DO_COMMIT, NULL);
            proxy_set(p, &(proxy_faults){ PROXY_NEVER, PROXY_NEVER, PROXY_NEVER, PROXY_NEVER, 0, 0,
                                          false });
            crates_close(&cut);
            enum ost_verdict verdict = ask(w, &token);
            bool there = strcmp(crates_text(w, "SELECT COUNT(*) FROM crates"), "1") == 0;
            assert_int_equal(verdict, there ? OST_VERDICT_COMMITTED : OST_VERDICT_ABORTED);
            if (status == OST_OK) {
                assert_true(there);
                break;
            }
            assert_int_equal(status, OST_CONNECTION);
            lost++;
            committed += there;
            aborted += !there;
        }
    }
    assert_int_not_equal(lost, 0);
    assert_int_not_equal(committed, 0);
    assert_int_not_equal(aborted, 0);
    proxy_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        TEST(without_the_table_there_is_no_token),
        TEST(a_commit_leaves_its_mark),
        TEST(another_connection_finds_the_table),
        TEST(a_table_that_was_dropped_hinders_no_commit),
        TEST(an_undecided_unit_is_ended),
        TEST(a_strange_token_is_unknown),
        TEST(old_marks_are_swept),
        TEST(the_verdict_is_true_wherever_the_wire_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
