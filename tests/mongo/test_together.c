/* SPDX-License-Identifier: MIT */
/* Writes of many documents outside of units: all of it is done, or nothing. */
#include "mongo/crates.h"

#include "mongo/failing.h"

/* A later document fails: the first ones are as they were. */
static void what_fails_for_one_is_done_for_none(void **state)
{
    crates_world *w = *state;
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    crates_fill(w, 5);
    set_to(m, "name", ost_value_text("same"));
    m->shape.where = test(m, OST_OP_GE, "n", ost_value_int(2));
    assert_int_equal(run(m), OST_CONFLICT);
    assert_string_equal(w->b.error.field, "name");
    assert_int_equal(w->b.outcome.transaction_ended, 0);
    assert_int_equal(crates_state(w), OST_UNIT_NONE);
    assert_int_equal(crates_count(w, "crates", "{\"name\": \"same\"}"), 0);
    discard(m);
    /* A sum that leaves the bounds of the last one. */
    m = make(&w->b, OST_DO_UPDATE, w->crates);
    set_change(m, OST_OP_INC, "n", ost_value_int(999996));
    m->shape.where = test(m, OST_OP_GE, "n", ost_value_int(1));
    assert_int_equal(run(m), OST_INVALID);
    assert_string_equal(w->b.error.field, "n");
    assert_int_equal(crates_count(w, "crates", "{\"n\": {\"$gt\": 5}}"), 0);
    discard(m);
    /* A rule of the collection. */
    crates_do(w,
              "{\"collMod\": \"crates\", \"validator\": {\"$expr\": {\"$or\": [{\"$lt\": [\"$n\", "
              "5]}, {\"$ne\": [\"$note\", \"x\"]}]}}}");
    m = make(&w->b, OST_DO_UPDATE, w->crates);
    set_to(m, "note", ost_value_text("x"));
    assert_int_equal(run(m), OST_CHECK);
    assert_int_equal(crates_count(w, "crates", "{\"note\": \"x\"}"), 0);
    discard(m);
}

/* The time is over in the middle: all of them are there, or none. */
static void a_delete_that_is_late_is_undone(void **state)
{
    enum { COUNT = 20000 };
    crates_world *w = *state;
    ost_status status = OST_TIMEOUT;
    crates_fill(w, COUNT);
    for (int64_t ms = 4; status != OST_OK; ms *= 2) {
        made *m = make(&w->b, OST_DO_DELETE, w->crates);
        m->shape.where = test(m, OST_OP_GE, "n", ost_value_int(1));
        assert_int_equal(compile(m), OST_OK);
        size_t accepted;
        assert_int_equal(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, INT64_MAX, &w->b.error),
                         OST_OK);
        status = collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, crates_in(w, ms));
        if (status != OST_OK)
            assert_int_equal(status, OST_TIMEOUT);
        assert_int_equal(w->b.outcome.transaction_ended, 0);
        if (w->b.outcome.connection_lost) {
            /* What the server still does is ended with the connection. */
            w->b.driver->close(w->b.c, crates_in(w, 10000));
            w->b.c = bench_connect(&w->b);
        }
        int64_t left = crates_count(w, "crates", "{}");
        if (left != 0 && (status == OST_OK || left != COUNT))
            fail_msg("%lld are left after %lld ms: %s", (long long)left, (long long)ms,
                     ost_status_name(status));
        discard(m);
    }
}

/* One document cannot be half done: it is one command, as it always was. */
static void one_document_is_no_transaction(void **state)
{
    crates_world *w = *state;
    made *m = crate_update(w, 2, 70), *many = make(&w->b, OST_DO_DELETE, w->crates);
    crates_fill(w, 5);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 1);
    many->shape.where = test(many, OST_OP_GE, "n", ost_value_int(3));
    assert_int_equal(run(many), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 2);
    assert_int_equal(w->b.outcome.matched, 4);
    discard(m);
    discard(many);
}

/* What the server undid for no fault of the program's is run again, also at the end. */
static void fm30_a_write_of_many_is_run_again(void **state)
{
    static const char *const commands[] = { "update", "commitTransaction" };
    crates_world *w = *state;
    crates_fill(w, 5);
    for (int i = 0; i < 2; i++) {
        made *m = make(&w->b, OST_DO_UPDATE, w->crates);
        set_change(m, OST_OP_INC, "maybe", ost_value_int(1));
        m->shape.where = test(m, OST_OP_GE, "n", ost_value_int(3));
        crates_do(
            w, "{\"update\": \"crates\", \"updates\": [{\"q\": {}, \"u\": {\"$set\": {\"maybe\": "
               "0}}, \"multi\": true}]}");
        failing(w->url, commands[i], 2,
                "\"errorCode\": 251, \"errorLabels\": [\"TransientTransactionError\"]");
        assert_int_equal(run(m), OST_OK);
        assert_int_equal(w->b.outcome.matched, 3);
        assert_int_equal(w->b.outcome.transaction_ended, 0);
        assert_int_equal(crates_count(w, "crates", "{\"maybe\": 1}"), 3);
        discard(m);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, crates_begin, crates_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_fails_for_one_is_done_for_none),
        TEST(a_delete_that_is_late_is_undone),
        TEST(one_document_is_no_transaction),
        TEST(fm30_a_write_of_many_is_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
