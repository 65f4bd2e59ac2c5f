/* SPDX-License-Identifier: MIT */
/* The script of the fake driver: what a rule makes the core see, and what happened in truth. */
#include "fake_rig.h"

#include <pthread.h>

static const item three[] = {
    { .id = 1, .name = "anvil", .data = { "ab", 2 }, .note = OST_SOME(5) },
    { .id = 2, .name = NULL },
    { .id = 3, .name = "crate", .data = { "", 0 } },
};

static void store_three(rig *r)
{
    const ost_operation ops[] = { rig_op(r, OST_DO_BEGIN), rig_insert(r, three, 3),
                                  rig_op(r, OST_DO_COMMIT) };
    assert_int_equal(rig_submit(r, ops, 3), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(rig_collect(r, i, NULL), OST_OK);
    assert_int_equal(tiny_committed(), 3);
}

static void add(rig *r, const ost_fake_rule *rule)
{
    assert_int_equal(ost_fake_add(r->fake, rule), OST_OK);
}

/* ---- passing through ---- */

static void passes_everything_to_the_inner_driver(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, NULL);
    store_three(&r);
    const ost_operation select = rig_op(&r, OST_DO_SELECT);
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &select, &k), OST_OK);
    assert_int_equal(sink_count(&k), 3);
    assert_int_equal(r.outcome.rows, 3);
    assert_string_equal(k.rows[0].name, "anvil");
    assert_int_equal(r.table->unit_state(r.c), OST_UNIT_NONE);
    assert_true(r.table->alive(r.c));
    ost_fake_counts counts;
    ost_fake_counted(r.fake, &counts);
    assert_int_equal(counts.submits, 2);
    assert_int_equal(counts.operations, 4);
    assert_int_equal(counts.rows, 3);
    assert_int_equal(counts.connects, 1);
    assert_int_equal(counts.failures, 0);
    rig_close(&r);
}

static void logs_what_was_run(void **state)
{
    (void)state;
    static const struct {
        uint16_t point, kind;
        const char *text;
    } expected[] = {
        { OST_FAKE_AT_CONNECT, UINT16_MAX, "tiny:anything" },
        { OST_FAKE_AT_SUBMIT, OST_DO_SELECT, "" },
        { OST_FAKE_AT_OPERATION, OST_DO_SELECT, "all the items" },
        { OST_FAKE_AT_SUBMIT, OST_DO_RAW, "" },
        { OST_FAKE_AT_OPERATION, OST_DO_RAW, "fail" },
    };
    rig r;
    rig_sink k;
    ost_fake_entry entry;
    rig_open(&r, &tiny_driver, NULL);
    const ost_operation raw = rig_raw(&r, "fail");
    assert_int_equal(rig_count(&r), 0);
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &raw, &k), OST_CHECK);
    assert_int_equal(ost_fake_log_count(r.fake), sizeof expected / sizeof *expected);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(ost_fake_log_at(r.fake, i, &entry));
        assert_int_equal(entry.point, expected[i].point);
        assert_int_equal(entry.kind, expected[i].kind);
        assert_string_equal(entry.text, expected[i].text);
    }
    assert_int_equal(entry.status, OST_CHECK);
    assert_int_equal(entry.batch, 2);
    assert_false(ost_fake_log_at(r.fake, 5, &entry));
    ost_fake_forget_log(r.fake);
    assert_int_equal(ost_fake_log_count(r.fake), 0);
    rig_close(&r);
}

static void the_rest_of_a_failed_batch_does_not_run(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, NULL);
    const ost_operation ops[] = { rig_op(&r, OST_DO_BEGIN), rig_raw(&r, "fail"),
                                  rig_insert(&r, three, 3) };
    assert_int_equal(rig_submit(&r, ops, 3), 3);
    sink_begin(&k, 0);
    assert_int_equal(rig_collect(&r, 0, NULL), OST_OK);
    assert_int_equal(rig_collect(&r, 1, &k), OST_CHECK);
    assert_string_equal(r.error.message, "it failed");
    assert_int_equal(rig_collect(&r, 2, NULL), OST_OK);
    assert_int_equal(r.outcome.progress, OST_NOT_RUN);
    assert_int_equal(rig_do(&r, OST_DO_COMMIT), OST_OK);
    assert_int_equal(tiny_committed(), 0);
    rig_close(&r);
}

/* ---- failures ---- */

static void refuses_before_it_runs(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, NULL);
    add(&r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .name = "item",
                          .action = OST_FAKE_REFUSE, .status = OST_CONFLICT, .native_code = 2067,
                          .sql_state = "23505", .field = "name", .constraint = "items_name",
                          .message = "the name is taken", .failed_record = 1,
                          .effects = OST_FAKE_NOTHING_SENT));
    const ost_operation insert = rig_insert(&r, three, 1);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_CONFLICT);
    assert_int_equal(r.outcome.failed_record, 0);
    assert_int_equal(r.outcome.matched, 0);
    assert_int_equal(r.error.status, OST_CONFLICT);
    assert_int_equal(r.error.native_code, 2067);
    assert_string_equal(r.error.sql_state, "23505");
    assert_string_equal(r.error.model, "item");
    assert_string_equal(r.error.field, "name");
    assert_string_equal(r.error.constraint, "items_name");
    assert_string_equal(r.error.message, "the name is taken");
    assert_int_equal(r.error.nothing_sent, 1);
    assert_int_equal(tiny_committed(), 0);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_OK);
    assert_int_equal(tiny_committed(), 1);
    rig_close(&r);
}

static void acts_on_the_matches_that_it_names(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, NULL);
    add(&r, OST_FAKE_RULE(.name = "items", .action = OST_FAKE_REFUSE, .first = 2, .times = 2));
    add(&r, OST_FAKE_RULE(.name = "others", .action = OST_FAKE_REFUSE, .times = OST_FAKE_ALWAYS));
    static const ost_status expected[] = { OST_OK, OST_DRIVER_ERROR, OST_DRIVER_ERROR, OST_OK };
    for (size_t i = 0; i < 4; i++) {
        item one = { .id = (int64_t)i + 1 };
        const ost_operation insert = rig_insert(&r, &one, 1);
        assert_int_equal(rig_run(&r, &insert, NULL), expected[i]);
    }
    ost_fake_counts counts;
    ost_fake_counted(r.fake, &counts);
    assert_int_equal(counts.acts, 2);
    assert_int_equal(counts.failures, 2);
    assert_int_equal(tiny_committed(), 2);
    rig_close(&r);
}

static void retryable_by_status_or_by_effect(void **state)
{
    (void)state;
    static const struct {
        uint16_t status, effects;
        uint8_t retryable;
    } cases[] = {
        { OST_SERIALIZATION, 0, 1 },
        { OST_DEADLOCK, 0, 1 },
        { OST_CONFLICT, 0, 0 },
        { OST_LOCK_TIMEOUT, OST_FAKE_RETRYABLE, 1 },
    };
    rig r;
    rig_open(&r, &tiny_driver, NULL);
    const ost_operation insert = rig_insert(&r, three, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        add(&r, OST_FAKE_RULE(.action = OST_FAKE_REFUSE, .status = cases[i].status,
                              .effects = cases[i].effects));
        assert_int_equal(rig_run(&r, &insert, NULL), cases[i].status);
        assert_int_equal(r.error.retryable, cases[i].retryable);
    }
    rig_close(&r);
}

static void native_codes_are_classified_by_the_inner_driver(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, NULL);
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_REFUSE, .native_code = 40, .message = "dead lock"));
    const ost_operation insert = rig_insert(&r, three, 1);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_DEADLOCK);
    assert_int_equal(r.error.native_code, 40);
    assert_int_equal(r.error.retryable, 1);
    assert_string_equal(r.error.message, "dead lock");
    assert_ptr_equal(r.table->classify, tiny_driver.classify);
    rig_close(&r);
}

/* ---- lost answers ---- */

static const ost_fake_options resolving = {
    .struct_size = sizeof(ost_fake_options),
    .resolves_commits = true,
};

/* One unit whose commit meets `action` and loses its connection. */
static enum ost_verdict lost_commit(uint16_t action, size_t committed)
{
    rig r;
    ost_commit_token token = { 0 };
    rig_open(&r, &tiny_driver, &resolving);
    assert_true(r.caps.abilities >> OST_CAN_RESOLVE_COMMIT & 1);
    add(&r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_COMMIT), .action = action,
                          .effects = OST_FAKE_LOSES_CONNECTION));
    assert_int_equal(rig_do(&r, OST_DO_BEGIN), OST_OK);
    assert_int_equal(r.table->commit_token(r.c, &token), OST_UNSUPPORTED);
    ost_operation insert = rig_insert(&r, three, 1);
    insert.flags |= OST_FLAG_TOKEN;
    assert_int_equal(rig_run(&r, &insert, NULL), OST_OK);
    assert_int_equal(r.table->commit_token(r.c, &token), OST_OK);
    ost_connection *fresh = rig_connect(&r);
    assert_int_equal(r.table->resolve(fresh, &token, rig_deadline(&r)), OST_VERDICT_UNKNOWN);

    assert_int_equal(rig_do(&r, OST_DO_COMMIT), OST_CONNECTION);
    assert_int_equal(r.outcome.connection_lost, 1);
    assert_int_equal(r.table->unit_state(r.c), OST_UNIT_LOST);
    assert_false(r.table->alive(r.c));
    assert_int_equal(tiny_committed(), committed);
    assert_int_equal(rig_do(&r, OST_DO_SELECT), OST_CONNECTION);
    enum ost_verdict verdict = r.table->resolve(fresh, &token, rig_deadline(&r));

    ost_commit_token foreign = { .size = 4, .bytes = "abc" };
    assert_int_equal(r.table->resolve(fresh, &foreign, rig_deadline(&r)), OST_VERDICT_UNKNOWN);
    add(&r, OST_FAKE_RULE(.point = OST_FAKE_AT_RESOLVE, .action = OST_FAKE_REFUSE));
    assert_int_equal(r.table->resolve(fresh, &token, rig_deadline(&r)), OST_VERDICT_UNKNOWN);
    r.table->close(fresh, rig_deadline(&r));
    rig_close(&r);
    return verdict;
}

static void fm02_a_commit_whose_answer_is_lost_was_done(void **state)
{
    (void)state;
    assert_int_equal(lost_commit(OST_FAKE_LOSE_ANSWER, 1), OST_VERDICT_COMMITTED);
}

static void fm02_a_commit_that_was_never_sent_is_undone(void **state)
{
    (void)state;
    assert_int_equal(lost_commit(OST_FAKE_REFUSE, 0), OST_VERDICT_ABORTED);
}

static void a_failure_of_the_inner_driver_comes_before_the_script(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, NULL);
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_LOSE_ANSWER, .status = OST_TIMEOUT,
                          .effects = OST_FAKE_LOSES_CONNECTION));
    const ost_operation raw = rig_raw(&r, "fail");
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &raw, &k), OST_CHECK);
    assert_string_equal(r.error.message, "it failed");
    assert_true(r.table->alive(r.c));
    rig_close(&r);
}

static void the_inner_driver_may_lose_its_connection(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, NULL);
    const ost_operation raw = rig_raw(&r, "lose");
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &raw, &k), OST_CONNECTION);
    assert_int_equal(r.outcome.connection_lost, 1);
    assert_false(r.table->alive(r.c));
    assert_int_equal(r.table->settle(r.c, rig_deadline(&r)), OST_CONNECTION);
    rig_close(&r);
}

/* ---- rows ---- */

static void cuts_after_some_rows(void **state)
{
    (void)state;
    for (uint64_t rows = 0; rows <= 4; rows++) {
        rig r;
        rig_sink k;
        rig_open(&r, &tiny_driver, NULL);
        store_three(&r);
        add(&r, OST_FAKE_RULE(.action = OST_FAKE_CUT, .rows = rows, .status = OST_CONNECTION));
        const ost_operation select = rig_op(&r, OST_DO_SELECT);
        sink_begin(&k, 0);
        assert_int_equal(rig_run(&r, &select, &k), OST_CONNECTION);
        size_t expected = rows < 3 ? (size_t)rows : 3;
        assert_int_equal(sink_count(&k), expected);
        assert_int_equal(r.outcome.rows, expected);
        assert_int_equal(rig_count(&r), 3);
        rig_close(&r);
    }
}

static void spoils_a_column(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, NULL);
    store_three(&r);
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_SPOIL, .rows = 1, .column = 3));
    const ost_operation select = rig_op(&r, OST_DO_SELECT);
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &select, &k), OST_RANGE);
    assert_int_equal(k.failed_column, 3);
    assert_int_equal(r.outcome.rows, 2);
    assert_int_equal(r.error.status, OST_OK);
    /* Beyond the last row there is nothing to spoil. */
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_SPOIL, .rows = 3, .column = 3));
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &select, &k), OST_OK);
    assert_int_equal(k.failed_column, -1);
    rig_close(&r);
}

static void answers_with_rows_of_the_script(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, NULL, NULL);
    add(&r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_ANSWER,
                          OST_FAKE_RECORDS(three), .matched = 3));
    const ost_operation select = rig_op(&r, OST_DO_SELECT);
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &select, &k), OST_OK);
    assert_int_equal(sink_count(&k), 3);
    assert_int_equal(k.expected, 3);
    assert_int_equal(r.outcome.matched, 3);
    assert_string_equal(k.rows[0].name, "anvil");
    assert_ptr_not_equal(k.rows[0].name, three[0].name);
    assert_int_equal(k.rows[0].data.size, 2);
    assert_memory_equal(k.rows[0].data.data, "ab", 2);
    assert_ptr_not_equal(k.rows[0].data.data, three[0].data.data);
    assert_true(k.rows[0].note.present);
    assert_int_equal(k.rows[0].note.value, 5);
    assert_null(k.rows[1].name);
    assert_null(k.rows[1].data.data);
    assert_non_null(k.rows[2].data.data);
    assert_int_equal(k.rows[2].data.size, 0);
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &select, &k), OST_OK);
    assert_int_equal(sink_count(&k), 0);
    rig_close(&r);
}

static void without_an_inner_driver_writes_succeed(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, NULL, NULL);
    assert_int_equal(rig_do(&r, OST_DO_BEGIN), OST_OK);
    assert_int_equal(r.table->unit_state(r.c), OST_UNIT_OPEN);
    ost_operation insert = rig_insert(&r, three, 3);
    insert.rows = &item_rows;
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &insert, &k), OST_OK);
    assert_int_equal(r.outcome.matched, 3);
    assert_int_equal(r.outcome.effect, OST_EFFECT_INSERTED);
    assert_int_equal(sink_count(&k), 3);
    assert_int_equal(k.rows[0].id, 1);
    assert_int_equal(k.rows[2].id, 3);
    assert_int_equal(rig_do(&r, OST_DO_ROLLBACK), OST_OK);
    assert_int_equal(r.table->unit_state(r.c), OST_UNIT_NONE);
    assert_string_equal(r.table->plan_text(r.plans[OST_DO_SELECT]), "SELECT items");
    rig_close(&r);
}

/* A sink that has no room stops the rows, and its status is the outcome. */
static void a_full_sink_stops(void **state)
{
    (void)state;
    static const item many[SINK_ROWS + 1];
    rig r;
    rig_sink k;
    rig_open(&r, NULL, NULL);
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_ANSWER, OST_FAKE_RECORDS(many)));
    const ost_operation select = rig_op(&r, OST_DO_SELECT);
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &select, &k), OST_TOO_LARGE);
    assert_int_equal(r.outcome.rows, SINK_ROWS);
    rig_close(&r);
}

/* ---- units ---- */

static void fm22_the_database_may_end_the_unit(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, NULL);
    add(&r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_UPDATE), .action = OST_FAKE_REFUSE,
                          .status = OST_DEADLOCK, .effects = OST_FAKE_ENDS_UNIT));
    const ost_operation insert = rig_insert(&r, three, 3);
    assert_int_equal(rig_do(&r, OST_DO_BEGIN), OST_OK);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_OK);
    assert_int_equal(rig_do(&r, OST_DO_UPDATE), OST_DEADLOCK);
    assert_int_equal(r.outcome.transaction_ended, 1);
    assert_int_equal(r.table->unit_state(r.c), OST_UNIT_NONE);
    assert_int_equal(rig_count(&r), 0);
    rig_close(&r);
}

static void a_failed_unit_accepts_only_rollback(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, OST_FAKE_OPTIONS(.fails_units = true));
    const ost_operation raw = rig_raw(&r, "fail"), insert = rig_insert(&r, three, 1);
    assert_int_equal(rig_do(&r, OST_DO_BEGIN), OST_OK);
    assert_int_equal(rig_do(&r, OST_DO_SAVEPOINT), OST_OK);
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &raw, &k), OST_CHECK);
    assert_int_equal(r.table->unit_state(r.c), OST_UNIT_FAILED);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_DRIVER_ERROR);
    assert_string_equal(r.error.sql_state, "25P02");
    assert_int_equal(rig_do(&r, OST_DO_ROLLBACK_TO), OST_OK);
    assert_int_equal(r.table->unit_state(r.c), OST_UNIT_OPEN);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_OK);
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &raw, &k), OST_CHECK);
    assert_int_equal(rig_do(&r, OST_DO_COMMIT), OST_DRIVER_ERROR);
    assert_int_equal(r.outcome.transaction_ended, 1);
    assert_int_equal(r.table->unit_state(r.c), OST_UNIT_NONE);
    assert_int_equal(tiny_committed(), 0);
    /* Outside a unit there is nothing to fail. */
    sink_begin(&k, 0);
    assert_int_equal(rig_run(&r, &raw, &k), OST_CHECK);
    assert_int_equal(r.table->unit_state(r.c), OST_UNIT_NONE);
    rig_close(&r);
}

/* ---- time ---- */

static void a_delay_moves_the_clock(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, NULL);
    const ost_platform *p = &r.host.platform;
    int64_t before = p->monotonic(p->context), day = p->realtime(p->context);
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_DELAY, .delay_ns = 2000000000));
    assert_int_equal(rig_count(&r), 0);
    assert_int_equal(p->monotonic(p->context) - before, 2000000000);
    assert_int_equal(p->realtime(p->context) - day, 2000000);
    ost_fake_advance(r.fake, 5000);
    assert_int_equal(p->monotonic(p->context) - before, 2000005000);
    rig_close(&r);
}

static void fm05_a_silent_server_meets_the_deadline(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, NULL);
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_DELAY, .delay_ns = OST_FAKE_FOREVER));
    const ost_operation insert = rig_insert(&r, three, 1);
    ost_deadline deadline = rig_deadline(&r);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_TIMEOUT);
    assert_int_equal(r.host.platform.monotonic(r.host.platform.context), deadline);
    assert_int_equal(tiny_committed(), 0);
    /* Replies are owed: the connection may not be used as it is. */
    assert_int_equal(rig_count(&r), 0);
    rig_expect_violation(&r, 2, "replies are owed");
    assert_int_equal(r.table->settle(r.c, rig_deadline(&r)), OST_OK);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_OK);
    rig_close(&r);
}

struct canceller {
    rig *rig;
    pthread_mutex_t lock;
    pthread_cond_t waits;
    bool running;
};

static void says_that_it_waits(void *context)
{
    struct canceller *t = context;
    pthread_mutex_lock(&t->lock);
    t->running = true;
    pthread_cond_signal(&t->waits);
    pthread_mutex_unlock(&t->lock);
}

static void *cancel_it(void *context)
{
    struct canceller *t = context;
    rig *r = t->rig;
    pthread_mutex_lock(&t->lock);
    while (!t->running)
        pthread_cond_wait(&t->waits, &t->lock);
    pthread_mutex_unlock(&t->lock);
    /* A batch that is over is not hit. */
    r->table->cancel(r->backend, r->c, 1, rig_deadline(r));
    r->table->cancel(r->backend, r->c, 2, rig_deadline(r));
    return NULL;
}

static void cancel_ends_a_wait_on_another_thread(void **state)
{
    (void)state;
    rig r;
    pthread_t thread;
    rig_open_in_real_time(&r, &tiny_driver);
    struct canceller t = { .rig = &r };
    pthread_mutex_init(&t.lock, NULL);
    pthread_cond_init(&t.waits, NULL);
    assert_int_equal(rig_count(&r), 0);
    r.host.before_wait = says_that_it_waits;
    r.host.context = &t;
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_DELAY, .delay_ns = OST_FAKE_FOREVER));
    assert_int_equal(pthread_create(&thread, NULL, cancel_it, &t), 0);
    const ost_operation insert = rig_insert(&r, three, 1);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_CANCELLED);
    assert_ptr_equal(r.host.waited_on, r.c);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(tiny_committed(), 0);
    assert_int_equal(atomic_load(&tiny_cancelled), 1);
    assert_int_equal(r.table->settle(r.c, rig_deadline(&r)), OST_OK);
    /* The cancel was for that batch alone. */
    assert_int_equal(rig_run(&r, &insert, NULL), OST_OK);
    pthread_cond_destroy(&t.waits);
    pthread_mutex_destroy(&t.lock);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_everything_to_the_inner_driver),
        cmocka_unit_test(logs_what_was_run),
        cmocka_unit_test(the_rest_of_a_failed_batch_does_not_run),
        cmocka_unit_test(refuses_before_it_runs),
        cmocka_unit_test(acts_on_the_matches_that_it_names),
        cmocka_unit_test(retryable_by_status_or_by_effect),
        cmocka_unit_test(native_codes_are_classified_by_the_inner_driver),
        cmocka_unit_test(fm02_a_commit_whose_answer_is_lost_was_done),
        cmocka_unit_test(fm02_a_commit_that_was_never_sent_is_undone),
        cmocka_unit_test(a_failure_of_the_inner_driver_comes_before_the_script),
        cmocka_unit_test(the_inner_driver_may_lose_its_connection),
        cmocka_unit_test(cuts_after_some_rows),
        cmocka_unit_test(spoils_a_column),
        cmocka_unit_test(answers_with_rows_of_the_script),
        cmocka_unit_test(without_an_inner_driver_writes_succeed),
        cmocka_unit_test(a_full_sink_stops),
        cmocka_unit_test(fm22_the_database_may_end_the_unit),
        cmocka_unit_test(a_failed_unit_accepts_only_rollback),
        cmocka_unit_test(a_delay_moves_the_clock),
        cmocka_unit_test(fm05_a_silent_server_meets_the_deadline),
        cmocka_unit_test(cancel_ends_a_wait_on_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
