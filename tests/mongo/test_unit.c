/* SPDX-License-Identifier: MIT */
/* Transactions, and what became of them. */
#include "mongo/links.h"

#include <pthread.h>

#include "support/proxy.h"

static enum ost_unit_state state_of(links_world *w)
{
    return w->b.driver->unit_state(w->b.c);
}

static ost_status begin(links_world *w)
{
    return links_begin_on(w, w->b.c, OST_DEFAULT_ISOLATION, OST_ACCESS_WRITE);
}

static ost_status insert(links_world *w, int64_t id, const char *name)
{
    return links_insert_on(w, w->b.c, id, name);
}

static ost_status finish(links_world *w, uint16_t kind)
{
    return links_end_on(w, w->b.c, kind, 10000);
}

/* ---- words ---- */

static void units_commit_and_roll_back(void **state)
{
    links_world *w = *state;
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 0);
    assert_int_equal(state_of(w), OST_UNIT_OPEN);
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    assert_int_equal(links_count(w), 0);
    assert_int_equal(finish(w, OST_DO_ROLLBACK), OST_OK);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    assert_int_equal(insert(w, 2, "b"), OST_OK);
    assert_int_equal(finish(w, OST_DO_COMMIT), OST_OK);
    assert_int_equal(w->b.outcome.round_trips, 1);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    assert_int_equal(links_count(w), 2);
    /* Outside again, nothing waits for a commit. */
    assert_int_equal(insert(w, 3, "c"), OST_OK);
    assert_int_equal(links_count(w), 3);
    /* What is over already can be rolled back, but not committed. */
    assert_int_equal(finish(w, OST_DO_ROLLBACK), OST_OK);
    assert_int_equal(finish(w, OST_DO_COMMIT), OST_DRIVER_ERROR);
}

static void an_empty_unit_is_not_worth_a_word(void **state)
{
    links_world *w = *state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(begin(w), OST_OK);
        assert_int_equal(finish(w, i ? OST_DO_COMMIT : OST_DO_ROLLBACK), OST_OK);
        assert_int_equal(w->b.outcome.round_trips, 0);
        assert_int_equal(state_of(w), OST_UNIT_NONE);
    }
}

static void a_unit_inside_a_unit_is_refused(void **state)
{
    links_world *w = *state;
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(begin(w), OST_MISUSE);
    assert_int_equal(finish(w, OST_DO_SAVEPOINT), OST_UNSUPPORTED);
    assert_int_equal(state_of(w), OST_UNIT_OPEN);
    assert_int_equal(finish(w, OST_DO_ROLLBACK), OST_OK);
}

static void a_unit_that_reads_cannot_write(void **state)
{
    links_world *w = *state;
    assert_int_equal(links_begin_on(w, w->b.c, OST_DEFAULT_ISOLATION, OST_ACCESS_READ_ONLY),
                     OST_OK);
    assert_int_equal(insert(w, 1, "a"), OST_MISUSE);
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_int_equal(links_read(w, "{\"find\": \"things\"}"), OST_OK);
    assert_int_equal(finish(w, OST_DO_COMMIT), OST_OK);
    assert_int_equal(links_count(w), 0);
}

static int things_seen(links_world *w)
{
    int n = 0;
    assert_int_equal(links_read(w, "{\"find\": \"things\"}"), OST_OK);
    for (const char *at = strstr(w->said, "\"_id\""); at; at = strstr(at + 1, "\"_id\""))
        n++;
    return n;
}

static void a_unit_sees_one_snapshot(void **state)
{
    static const char *const names[] = { "z", "y", "x" };
    links_world *w = *state;
    ost_connection *other = bench_connect(&w->b);
    assert_int_equal(links_begin_on(w, w->b.c, OST_SERIALIZABLE, OST_ACCESS_WRITE),
                     OST_UNSUPPORTED);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    for (uint16_t i = OST_DEFAULT_ISOLATION; i <= OST_REPEATABLE_READ; i++) {
        assert_true(w->b.caps.isolations >> i & 1);
        assert_int_equal(links_begin_on(w, w->b.c, i, OST_ACCESS_WRITE), OST_OK);
        assert_int_equal(things_seen(w), i);
        assert_int_equal(links_insert_on(w, other, i, names[i]), OST_OK);
        assert_int_equal(things_seen(w), i);
        assert_int_equal(finish(w, OST_DO_COMMIT), OST_OK);
        assert_int_equal(things_seen(w), i + 1);
    }
    w->b.driver->close(other, INT64_MAX);
}

/* ---- failures ---- */

static void a_failed_statement_ends_the_unit(void **state)
{
    links_world *w = *state;
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(insert(w, 2, "b"), OST_OK);
    assert_int_equal(insert(w, 3, "a"), OST_CONFLICT);
    assert_string_equal(w->b.error.field, "name");
    assert_int_equal(state_of(w), OST_UNIT_FAILED);
    assert_int_equal(insert(w, 4, "d"), OST_DRIVER_ERROR);
    assert_non_null(strstr(w->b.error.message, "rollback"));
    assert_int_equal(finish(w, OST_DO_COMMIT), OST_DRIVER_ERROR);
    assert_int_equal(w->b.outcome.transaction_ended, 1);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    assert_int_equal(links_count(w), 1);
    assert_int_equal(insert(w, 5, "e"), OST_OK);
}

static void fm30_a_write_conflict_is_one_to_run_again(void **state)
{
    links_world *w = *state;
    ost_connection *other = bench_connect(&w->b);
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(links_begin_on(w, other, OST_DEFAULT_ISOLATION, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(links_raise_on(w, w->b.c, 1), OST_OK);
    assert_int_equal(links_raise_on(w, other, 1), OST_SERIALIZATION);
    assert_int_equal(w->b.error.native_code, 112);
    assert_int_equal(w->b.error.retryable, 1);
    assert_int_equal(w->b.driver->unit_state(other), OST_UNIT_FAILED);
    assert_int_equal(links_end_on(w, other, OST_DO_ROLLBACK, 10000), OST_OK);
    assert_int_equal(finish(w, OST_DO_COMMIT), OST_OK);
    assert_int_equal(links_raise_on(w, other, 1), OST_OK);
    w->b.driver->close(other, INT64_MAX);
}

static void a_transaction_that_the_server_ended_is_run_again(void **state)
{
    links_world *w = *state;
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    server_sql(w->url, "{\"killAllSessions\": [], \"$db\": \"admin\"}");
    assert_int_equal(insert(w, 2, "b"), OST_SERIALIZATION);
    assert_int_equal(w->b.error.native_code, 251);
    assert_int_equal(w->b.error.retryable, 1);
    assert_int_equal(finish(w, OST_DO_ROLLBACK), OST_OK);
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    server_sql(w->url, "{\"killAllSessions\": [], \"$db\": \"admin\"}");
    assert_int_equal(finish(w, OST_DO_COMMIT), OST_SERIALIZATION);
    assert_int_equal(w->b.error.retryable, 1);
    assert_int_equal(w->b.outcome.transaction_ended, 1);
    assert_int_equal(w->b.outcome.connection_lost, 0);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    assert_int_equal(links_count(w), 0);
}

/* Nobody would be able to write what it wrote, for a minute. */
static void closing_undoes_what_is_open(void **state)
{
    links_world *w = *state;
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    for (int lost = 0; lost < 2; lost++) {
        ost_connection *other = bench_connect(&w->b);
        assert_int_equal(links_begin_on(w, other, OST_DEFAULT_ISOLATION, OST_ACCESS_WRITE), OST_OK);
        assert_int_equal(links_raise_on(w, other, 1), OST_OK);
        other->lost = lost == 1;
        w->b.driver->close(other, links_in(w, 5000));
        assert_int_equal(links_say_on(w, w->b.c, OST__MONGO_WRITES, 0,
                                      "{\"update\": \"things\", \"updates\": [{\"q\": {\"_id\": "
                                      "1}, \"u\": {\"$inc\": {\"n\": 1}}}]}",
                                      1000),
                         OST_OK);
    }
}

static void resetting_undoes_what_is_open(void **state)
{
    links_world *w = *state;
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_UNIT, links_in(w, 5000)), OST_OK);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    assert_int_equal(links_count(w), 1);
}

/* ---- several commands at once ---- */

static links_world *working;
static ost_connection *somebody;
static int runs, conflicts;

static ost_status raise_two(ost__mongo_run *r)
{
    runs++;
    for (int id = 1; id <= 2; id++) {
        bson_t *command =
            BCON_NEW("update", "things", "updates", "[", "{", "q", "{", "_id", BCON_INT32(id), "}",
                     "u", "{", "$inc", "{", "n", BCON_INT32(1), "}", "}", "}", "]");
        bson_t reply;
        ost_status status = ost__mongo_command(r, OST__MONGO_WRITES, 0, command, &reply);
        bson_destroy(&reply);
        bson_destroy(command);
        OST_TRY(status);
        r->outcome->matched++;
        /* Somebody else comes in between, for the first times. */
        if (id == 1 && runs <= conflicts) {
            const ost_outcome kept = *r->outcome;
            assert_int_equal(links_raise_on(working, somebody, 2), OST_OK);
            *r->outcome = kept;
        }
    }
    return OST_OK;
}

static ost_status together(links_world *w, int times, int64_t ms)
{
    const ost_operation op = { .struct_size = sizeof op, .kind = OST_DO_UPDATE };
    ost__mongo_run r = { .c = w->b.c, .op = &op, .outcome = &w->b.outcome, .error = &w->b.error };
    w->b.outcome = (ost_outcome){ .struct_size = sizeof(ost_outcome) };
    w->b.c->interrupted = OST_OK;
    working = w;
    somebody = bench_connect(&w->b);
    runs = 0;
    conflicts = times;
    w->b.c->deadline = links_in(w, ms);
    ost_status status = ost__mongo_together(&r, raise_two);
    w->b.driver->close(somebody, INT64_MAX);
    return status;
}

static void several_commands_are_one(void **state)
{
    links_world *w = *state;
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    assert_int_equal(insert(w, 2, "b"), OST_OK);
    assert_int_equal(together(w, 3, 10000), OST_OK);
    assert_int_equal(runs, 4);
    assert_int_equal(w->b.outcome.matched, 2);
    assert_int_equal(state_of(w), OST_UNIT_NONE);
    assert_string_equal(
        server_text(w->url, "{\"find\": \"things\", \"projection\": {\"n\": 1, \"_id\": 0}}"),
        "{ \"n\" : 2 }|{ \"n\" : 6 }");
    /* In a unit they are part of it, and it decides what is run again. */
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(together(w, 1, 10000), OST_SERIALIZATION);
    assert_int_equal(runs, 1);
    assert_int_equal(finish(w, OST_DO_ROLLBACK), OST_OK);
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(together(w, 0, 10000), OST_OK);
    assert_int_equal(finish(w, OST_DO_ROLLBACK), OST_OK);
    assert_string_equal(
        server_text(w->url, "{\"find\": \"things\", \"projection\": {\"n\": 1, \"_id\": 0}}"),
        "{ \"n\" : 2 }|{ \"n\" : 7 }");
}

static void what_never_fits_ends_at_the_deadline(void **state)
{
    links_world *w = *state;
    ost_status status;
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    assert_int_equal(insert(w, 2, "b"), OST_OK);
    status = together(w, 1000000, 400);
    /* As long as it takes to close a connection beyond. */
    links_in_time(w, w->b.c->deadline, 100, "what is run again");
    /* The last run met the other once more, or was in the middle. */
    assert_true(status == OST_SERIALIZATION || status == OST_TIMEOUT);
    assert_true(runs > 1);
    assert_int_equal(state_of(w), w->b.c->lost ? OST_UNIT_LOST : OST_UNIT_NONE);
}

/* ---- lost commits ---- */

static enum ost_verdict ask(links_world *w, const ost_commit_token *token)
{
    ost_connection *fresh = bench_connect(&w->b);
    enum ost_verdict verdict = w->b.driver->resolve(fresh, token, links_in(w, 10000));
    assert_int_equal(w->b.driver->unit_state(fresh), OST_UNIT_NONE);
    assert_true(w->b.driver->alive(fresh));
    /* It is as good as before. */
    assert_int_equal(links_say_on(w, fresh, OST__MONGO_READS, 0, "{\"find\": \"things\"}", 5000),
                     OST_OK);
    w->b.driver->close(fresh, INT64_MAX);
    return verdict;
}

static void a_token_is_known_before_the_commit(void **state)
{
    links_world *w = *state;
    ost_commit_token first, second;
    assert_true(w->b.caps.abilities >> OST_CAN_RESOLVE_COMMIT & 1);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &first), OST_UNSUPPORTED);
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &first), OST_UNSUPPORTED);
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &first), OST_OK);
    assert_int_equal(finish(w, OST_DO_COMMIT), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &second), OST_UNSUPPORTED);
    assert_int_equal(ask(w, &first), OST_VERDICT_COMMITTED);
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(insert(w, 2, "b"), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &second), OST_OK);
    assert_memory_not_equal(first.bytes, second.bytes, first.size);
    assert_int_equal(finish(w, OST_DO_ROLLBACK), OST_OK);
    assert_int_equal(ask(w, &second), OST_VERDICT_ABORTED);
    /* The session has gone on: nobody can tell any more. */
    assert_int_equal(ask(w, &first), OST_VERDICT_UNKNOWN);
    assert_int_equal(links_count(w), 1);
}

static void an_undecided_unit_is_committed(void **state)
{
    links_world *w = *state;
    ost_commit_token token;
    assert_int_equal(begin(w), OST_OK);
    assert_int_equal(insert(w, 1, "a"), OST_OK);
    assert_int_equal(w->b.driver->commit_token(w->b.c, &token), OST_OK);
    assert_int_equal(ask(w, &token), OST_VERDICT_COMMITTED);
    assert_int_equal(links_count(w), 1);
}

static void nonsense_has_no_verdict(void **state)
{
    links_world *w = *state;
    ost_commit_token token = { .size = 3 };
    assert_int_equal(ask(w, &token), OST_VERDICT_UNKNOWN);
    /* A session that never was has no such transaction, and never will. */
    token = (ost_commit_token){ .size = 24 };
    memset(token.bytes, 7, 24);
    token.bytes[23] = 0;
    assert_int_equal(ask(w, &token), OST_VERDICT_ABORTED);
}

/* A world whose first connection goes through a relay. */
typedef struct relayed {
    links_world w;
    proxy *p;
} relayed;

static void relayed_open(relayed *r, links_world *direct)
{
    r->p = proxy_to(direct->url);
    links_open(&r->w, proxy_url(r->p, direct->url));
}

static void relayed_close(relayed *r)
{
    links_close(&r->w);
    proxy_close(r->p);
}

/* Wherever the answer to COMMIT breaks off, the driver asks again, and knows. */
static void fm2_a_broken_commit_is_repeated(void **state)
{
    links_world *direct = *state;
    for (int i = 0; i < 8; i++) {
        relayed r;
        proxy_faults faults = PROXY_HONEST;
        relayed_open(&r, direct);
        assert_int_equal(begin(&r.w), OST_OK);
        assert_int_equal(links_insert_on(&r.w, r.w.b.c, i, (const char[]){ (char)('a' + i), 0 }),
                         OST_OK);
        if (i < 4)
            faults.cut_up = 1 + i * 20;
        else
            faults.cut_down = 1 + (i - 4) * 20;
        faults.reset = i & 1;
        proxy_set(r.p, &faults);
        assert_int_equal(finish(&r.w, OST_DO_COMMIT), OST_OK);
        assert_int_equal(state_of(&r.w), OST_UNIT_NONE);
        assert_int_equal(links_count(direct), i + 1);
        relayed_close(&r);
    }
}

/* The answer never comes: the token tells, from elsewhere. */
static void fm2_a_commit_that_is_not_answered_is_resolved(void **state)
{
    links_world *direct = *state;
    relayed r;
    proxy_faults faults = PROXY_HONEST;
    ost_commit_token token;
    int64_t start;
    relayed_open(&r, direct);
    assert_int_equal(begin(&r.w), OST_OK);
    assert_int_equal(links_insert_on(&r.w, r.w.b.c, 1, "a"), OST_OK);
    assert_int_equal(r.w.b.driver->commit_token(r.w.b.c, &token), OST_OK);
    faults.hold_down = 0;
    proxy_set(r.p, &faults);
    start = bench_now(&r.w.b);
    assert_int_equal(links_end_on(&r.w, r.w.b.c, OST_DO_COMMIT, 300), OST_TIMEOUT);
    links_in_time(&r.w, start, 300, "a commit");
    assert_int_equal(r.w.b.outcome.connection_lost, 1);
    assert_int_equal(r.w.b.error.nothing_sent, 0);
    assert_int_equal(state_of(&r.w), OST_UNIT_LOST);
    assert_int_equal(ask(direct, &token), OST_VERDICT_COMMITTED);
    assert_int_equal(links_count(direct), 1);
    relayed_close(&r);
    assert_int_equal(links_count(direct), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(units_commit_and_roll_back, links_begin, links_end),
        cmocka_unit_test_setup_teardown(an_empty_unit_is_not_worth_a_word, links_begin, links_end),
        cmocka_unit_test_setup_teardown(a_unit_inside_a_unit_is_refused, links_begin, links_end),
        cmocka_unit_test_setup_teardown(a_unit_that_reads_cannot_write, links_begin, links_end),
        cmocka_unit_test_setup_teardown(a_unit_sees_one_snapshot, links_begin, links_end),
        cmocka_unit_test_setup_teardown(a_failed_statement_ends_the_unit, links_begin, links_end),
        cmocka_unit_test_setup_teardown(fm30_a_write_conflict_is_one_to_run_again, links_begin,
                                        links_end),
        cmocka_unit_test_setup_teardown(a_transaction_that_the_server_ended_is_run_again,
                                        links_begin, links_end),
        cmocka_unit_test_setup_teardown(closing_undoes_what_is_open, links_begin, links_end),
        cmocka_unit_test_setup_teardown(resetting_undoes_what_is_open, links_begin, links_end),
        cmocka_unit_test_setup_teardown(several_commands_are_one, links_begin, links_end),
        cmocka_unit_test_setup_teardown(what_never_fits_ends_at_the_deadline, links_begin,
                                        links_end),
        cmocka_unit_test_setup_teardown(a_token_is_known_before_the_commit, links_begin, links_end),
        cmocka_unit_test_setup_teardown(an_undecided_unit_is_committed, links_begin, links_end),
        cmocka_unit_test_setup_teardown(nonsense_has_no_verdict, links_begin, links_end),
        cmocka_unit_test_setup_teardown(fm2_a_broken_commit_is_repeated, links_begin, links_end),
        cmocka_unit_test_setup_teardown(fm2_a_commit_that_is_not_answered_is_resolved, links_begin,
                                        links_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
