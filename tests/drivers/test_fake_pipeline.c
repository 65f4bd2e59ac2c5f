/* SPDX-License-Identifier: MIT */
/* Pipelines, streams, connections that die, several fakes, memory that runs out. */
#include "fake_rig.h"

static const ost_fake_options eager = {
    .struct_size = sizeof(ost_fake_options),
    .execution = OST_FAKE_EAGER,
};
static const item five[] = { { .id = 1, .name = "one" },
                             { .id = 2, .name = "two" },
                             { .id = 3, .name = "three" },
                             { .id = 4, .name = "four" },
                             { .id = 5, .name = "five" } };

static void add(rig *r, const ost_fake_rule *rule)
{
    assert_int_equal(ost_fake_add(r->fake, rule), OST_OK);
}

static void store_five(rig *r)
{
    assert_int_equal(rig_do(r, OST_DO_BEGIN), OST_OK);
    const ost_operation insert = rig_insert(r, five, 5);
    assert_int_equal(rig_run(r, &insert, NULL), OST_OK);
    assert_int_equal(rig_do(r, OST_DO_COMMIT), OST_OK);
}

/* ---- pipelines ---- */

static void an_eager_batch_runs_when_it_is_submitted(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, &eager);
    assert_true(r.caps.abilities >> OST_CAN_PIPELINE & 1);
    const ost_operation ops[] = { rig_op(&r, OST_DO_BEGIN), rig_insert(&r, five, 5),
                                  rig_op(&r, OST_DO_SELECT), rig_op(&r, OST_DO_UPSERT),
                                  rig_op(&r, OST_DO_COMMIT) };
    assert_int_equal(rig_submit(&r, ops, 5), 5);
    assert_int_equal(tiny_committed(), 5);
    assert_int_equal(rig_collect(&r, 0, NULL), OST_OK);
    assert_int_equal(r.outcome.round_trips, 1);
    assert_int_equal(rig_collect(&r, 1, NULL), OST_OK);
    assert_int_equal(r.outcome.matched, 5);
    assert_int_equal(r.outcome.round_trips, 0);
    sink_begin(&k, 0);
    assert_int_equal(rig_collect(&r, 2, &k), OST_OK);
    assert_int_equal(sink_count(&k), 5);
    assert_string_equal(k.rows[4].name, "five");
    assert_int_equal(rig_collect(&r, 3, NULL), OST_OK);
    assert_non_null(r.outcome.effects);
    assert_int_equal(r.outcome.effects[0], OST_EFFECT_INSERTED);
    assert_int_equal(rig_collect(&r, 4, NULL), OST_OK);
    rig_close(&r);
}

static void an_eager_batch_stops_at_its_first_failure(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, &eager);
    const ost_operation ops[] = { rig_op(&r, OST_DO_BEGIN), rig_insert(&r, five, 2),
                                  rig_raw(&r, "fail"), rig_op(&r, OST_DO_COMMIT) };
    assert_int_equal(rig_submit(&r, ops, 4), 4);
    assert_int_equal(rig_collect(&r, 0, NULL), OST_OK);
    assert_int_equal(rig_collect(&r, 1, NULL), OST_OK);
    sink_begin(&k, 0);
    assert_int_equal(rig_collect(&r, 2, &k), OST_CHECK);
    assert_string_equal(r.error.message, "it failed");
    assert_int_equal(rig_collect(&r, 3, NULL), OST_OK);
    assert_int_equal(r.outcome.progress, OST_NOT_RUN);
    assert_int_equal(r.table->unit_state(r.c), OST_UNIT_OPEN);
    assert_int_equal(rig_do(&r, OST_DO_ROLLBACK), OST_OK);
    assert_int_equal(tiny_committed(), 0);
    rig_close(&r);
}

/* A pipeline cannot take back what was sent ahead of rows that do not fit. */
static void what_was_sent_ahead_has_run(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, &eager);
    store_five(&r);
    static const item sixth = { .id = 6 };
    const ost_operation ops[] = { rig_raw(&r, "spoil"), rig_insert(&r, &sixth, 1) };
    assert_int_equal(rig_submit(&r, ops, 2), 2);
    sink_begin(&k, 0);
    assert_int_equal(rig_collect(&r, 0, &k), OST_RANGE);
    assert_int_equal(k.failed_column, 2);
    assert_int_equal(rig_collect(&r, 1, NULL), OST_OK);
    assert_int_equal(r.outcome.progress, OST_DONE);
    assert_int_equal(tiny_committed(), 6);
    rig_close(&r);
}

static void a_late_answer_of_a_pipeline_was_done(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, &eager);
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_DELAY, .delay_ns = OST_FAKE_FOREVER));
    const ost_operation insert = rig_insert(&r, five, 1);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_TIMEOUT);
    assert_int_equal(tiny_committed(), 1);
    assert_int_equal(r.table->settle(r.c, rig_deadline(&r)), OST_OK);
    rig_close(&r);
}

static void accepts_only_so_many(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, OST_FAKE_OPTIONS(.accepts = 2));
    ost_operation ops[5];
    for (size_t i = 0; i < 5; i++)
        ops[i] = rig_op(&r, OST_DO_SELECT);
    static const size_t expected[] = { 2, 2, 1 };
    for (size_t done = 0, part = 0; done < 5; part++) {
        size_t n = rig_submit(&r, ops + done, 5 - done);
        assert_int_equal(n, expected[part]);
        for (size_t i = 0; i < n; i++) {
            rig_sink k;
            sink_begin(&k, 0);
            assert_int_equal(rig_collect(&r, i, &k), OST_OK);
            assert_int_equal(r.outcome.round_trips, i == 0);
        }
        done += n;
    }
    rig_close(&r);
}

static void abilities_can_be_added_and_removed(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver,
             OST_FAKE_OPTIONS(.accepts = 1, .max_parameters = 3,
                              .add_abilities = 1U << OST_CAN_WATCH,
                              .remove_abilities = 1U << OST_CAN_SAVEPOINT));
    assert_int_equal(r.caps.abilities, 1U << OST_CAN_WATCH | 1U << OST_CAN_STREAM_BESIDE);
    assert_int_equal(r.caps.max_parameters, 3);
    assert_int_not_equal(r.caps.fingerprint, 7);
    rig_close(&r);
}

/* ---- streams ---- */

static void streams_in_portions_beside_others(const ost_driver *inner, const ost_fake_rule *rule)
{
    rig r;
    rig_sink k;
    rig_open(&r, inner, NULL);
    if (inner)
        store_five(&r);
    if (rule)
        add(&r, rule);
    ost_operation stream = rig_op(&r, OST_DO_SELECT);
    stream.flags |= OST_FLAG_STREAM;
    stream.stream = 9;
    assert_int_equal(rig_submit(&r, &stream, 1), 1);
    static const size_t expected[] = { 2, 2, 1 };
    for (size_t i = 0; i < 3; i++) {
        sink_begin(&k, 2);
        assert_int_equal(rig_collect(&r, i == 0 ? 0 : OST_STREAM(9), &k), OST_OK);
        assert_int_equal(sink_count(&k), expected[i]);
        assert_int_equal(k.rows[0].id, 1 + 2 * i);
        assert_int_equal(r.outcome.progress, i < 2 ? OST_MORE : OST_DONE);
        if (i < 2 && !rule)
            assert_int_equal(rig_do(&r, OST_DO_UPDATE), OST_OK);
    }
    ost_fake_counts counts;
    ost_fake_entry entry;
    ost_fake_counted(r.fake, &counts);
    assert_int_equal(counts.streams, 1);
    assert_true(ost_fake_log_at(r.fake, ost_fake_log_count(r.fake) - 1, &entry));
    assert_int_equal(entry.rows, 5);
    rig_close(&r);
}

static void streams_of_the_inner_driver(void **state)
{
    (void)state;
    streams_in_portions_beside_others(&tiny_driver, NULL);
}

static void streams_of_the_script(void **state)
{
    (void)state;
    streams_in_portions_beside_others(
        NULL, OST_FAKE_RULE(.action = OST_FAKE_ANSWER, OST_FAKE_RECORDS(five)));
}

static void a_stream_is_cut(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, NULL);
    store_five(&r);
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_CUT, .rows = 3));
    ost_operation stream = rig_op(&r, OST_DO_SELECT);
    stream.flags |= OST_FLAG_STREAM;
    sink_begin(&k, 2);
    assert_int_equal(rig_run(&r, &stream, &k), OST_OK);
    assert_int_equal(r.outcome.progress, OST_MORE);
    sink_begin(&k, 2);
    assert_int_equal(rig_collect(&r, OST_STREAM(0), &k), OST_DRIVER_ERROR);
    assert_int_equal(sink_count(&k), 1);
    rig_close(&r);
}

static void a_stream_is_stopped(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, NULL);
    store_five(&r);
    ost_operation stream = rig_op(&r, OST_DO_SELECT);
    stream.flags |= OST_FLAG_STREAM;
    stream.stream = 4;
    sink_begin(&k, 2);
    assert_int_equal(rig_run(&r, &stream, &k), OST_OK);
    assert_int_equal(r.table->stop_stream(r.c, 4, rig_deadline(&r)), OST_OK);
    assert_int_equal(rig_count(&r), 5);
    assert_int_equal(r.table->stop_stream(r.c, 4, rig_deadline(&r)), OST_MISUSE);
    rig_expect_violation(&r, 1, "no open stream");
    /* A stream that is still open when its connection closes is closed with it. */
    sink_begin(&k, 2);
    assert_int_equal(rig_run(&r, &stream, &k), OST_OK);
    rig_close(&r);
}

static void settling_ends_open_streams(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, NULL);
    store_five(&r);
    ost_operation stream = rig_op(&r, OST_DO_SELECT);
    stream.flags |= OST_FLAG_STREAM;
    stream.batch_rows = 2;
    sink_begin(&k, 2);
    assert_int_equal(rig_run(&r, &stream, &k), OST_OK);
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_DELAY, .delay_ns = OST_FAKE_FOREVER));
    assert_int_equal(rig_do(&r, OST_DO_UPDATE), OST_TIMEOUT);
    assert_int_equal(r.table->settle(r.c, rig_deadline(&r)), OST_OK);
    sink_begin(&k, 2);
    assert_int_equal(rig_collect(&r, OST_STREAM(0), &k), OST_MISUSE);
    rig_expect_violation(&r, 1, "no open stream");
    rig_close(&r);
}

/* ---- connections ---- */

static void fm04_connections_die_while_they_are_idle(void **state)
{
    (void)state;
    for (uint16_t death = OST_FAKE_DIES_LOUDLY; death <= OST_FAKE_DIES_SILENTLY; death++) {
        rig r;
        rig_open(&r, &tiny_driver, NULL);
        ost_fake_kill(r.fake, death);
        assert_int_equal(r.table->alive(r.c), death == OST_FAKE_DIES_SILENTLY);
        const ost_operation select = rig_op(&r, OST_DO_SELECT);
        size_t accepted = 7;
        assert_int_equal(r.table->submit(r.c, &select, 1, &accepted, rig_deadline(&r), &r.error),
                         OST_CONNECTION);
        assert_int_equal(accepted, 0);
        assert_false(r.table->alive(r.c));
        assert_int_equal(r.table->reset(r.c, 0, rig_deadline(&r)), OST_CONNECTION);
        r.table->close(r.c, rig_deadline(&r));
        r.c = rig_connect(&r);
        assert_int_equal(rig_count(&r), 0);
        rig_close(&r);
    }
}

static void fm01_a_server_dies_inside_a_unit(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, NULL);
    const ost_operation insert = rig_insert(&r, five, 5);
    assert_int_equal(rig_do(&r, OST_DO_BEGIN), OST_OK);
    assert_int_equal(rig_submit(&r, &insert, 1), 1);
    ost_fake_kill(r.fake, OST_FAKE_DIES_SILENTLY);
    assert_int_equal(rig_collect(&r, 0, NULL), OST_CONNECTION);
    assert_int_equal(r.outcome.connection_lost, 1);
    assert_int_equal(tiny_committed(), 0);
    rig_close(&r);
}

static void fails_at_each_point(void **state)
{
    (void)state;
    rig r;
    bool writable = false;
    rig_open(&r, &tiny_driver, NULL);
    ost_deadline deadline = rig_deadline(&r);
    for (uint16_t point = OST_FAKE_AT_SUBMIT; point <= OST_FAKE_AT_RESOLVE; point++)
        add(&r, OST_FAKE_RULE(.point = point, .action = OST_FAKE_REFUSE, .status = OST_AUTH));
    ost_connection *c = (ost_connection *)&r;
    assert_int_equal(r.table->connect(r.backend, "fake:x", deadline, &c, &r.caps, &r.error),
                     OST_AUTH);
    assert_null(c);
    assert_int_equal(r.error.status, OST_AUTH);
    ost_plan *plan;
    assert_int_equal(r.table->compile(r.backend, &r.caps, &r.shapes[OST_DO_SELECT], &plan, NULL),
                     OST_AUTH);
    assert_int_equal(rig_do(&r, OST_DO_UPDATE), OST_AUTH);
    assert_int_equal(r.table->reset(r.c, 0, deadline), OST_AUTH);
    assert_int_equal(r.table->settle(r.c, deadline), OST_AUTH);
    assert_false(r.table->alive(r.c));
    assert_int_equal(r.table->role(r.c, &writable, deadline), OST_AUTH);
    assert_int_equal(r.table->role(r.c, &writable, deadline), OST_OK);
    assert_true(writable);
    assert_int_equal(r.table->reset(r.c, 0, deadline), OST_OK);
    assert_int_equal(rig_do(&r, OST_DO_UPDATE), OST_OK);
    ost_fake_forget_rules(r.fake);
    rig_close(&r);
}

static void fm11_reset_undoes_an_open_unit(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, NULL);
    const ost_operation insert = rig_insert(&r, five, 5);
    assert_int_equal(rig_do(&r, OST_DO_BEGIN), OST_OK);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_OK);
    assert_int_equal(r.table->reset(r.c, OST_TOUCHED_UNIT, rig_deadline(&r)), OST_OK);
    assert_int_equal(r.table->unit_state(r.c), OST_UNIT_NONE);
    assert_int_equal(rig_count(&r), 0);
    rig_close(&r);
}

/* The core knows the outer connection: that is what it must hear of. */
static void the_inner_driver_waits_in_the_name_of_the_outer_connection(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, NULL);
    const ost_operation raw = rig_raw(&r, "wait");
    sink_begin(&k, 0);
    /* Leaves one nanosecond for the inner driver, which really waits. */
    add(&r, OST_FAKE_RULE(.action = OST_FAKE_DELAY, .delay_ns = RIG_TIME_NS - 1));
    assert_int_equal(rig_submit(&r, &raw, 1), 1);
    ost_deadline deadline = rig_deadline(&r);
    assert_int_equal(r.table->collect(r.c, 0, &k.sink, &r.outcome, deadline, &r.error),
                     OST_TIMEOUT);
    assert_ptr_equal(r.host.waited_on, r.c);
    assert_int_equal(r.table->settle(r.c, rig_deadline(&r)), OST_OK);
    rig_close(&r);
}

static void two_fakes_at_once(void **state)
{
    (void)state;
    rig one, two;
    rig_open(&one, &tiny_driver, NULL);
    ost_fake *other = ost_fake_open(NULL, OST_FAKE_OPTIONS(.scheme = "other"));
    assert_non_null(other);
    const ost_driver *const drivers[] = { ost_fake_driver(other), one.table, NULL };
    ost_options options = { .struct_size = sizeof options, .drivers = drivers };
    two = one;
    ost_fake_counts counts;
    options.url = "other:";
    assert_int_equal(one.table->open(&one.host.host, &options, &two.backend, NULL), OST_OK);
    ost_fake_counted(other, &counts);
    assert_int_equal(counts.opens, 1);
    ost_fake_driver(other)->shut(two.backend, rig_deadline(&one));
    ost_fake_counted(one.fake, &counts);
    assert_int_equal(counts.opens, 1);
    options.url = "third:";
    assert_int_equal(one.table->open(&one.host.host, &options, &two.backend, &one.error),
                     OST_MISUSE);
    options.url = "fake:nonsense";
    assert_int_equal(one.table->open(&one.host.host, &options, &two.backend, &one.error),
                     OST_MISUSE);
    assert_string_equal(one.error.message, "the url is not of this driver");
    ost_fake_close(other);
    rig_close(&one);
}

static void what_the_inner_driver_cannot_is_unsupported(void **state)
{
    (void)state;
    rig r;
    ost_position position = { .size = 0 };
    ost_commit_token token;
    bool yes;
    ost_watched watched;
    rig_open(&r, &tiny_driver, NULL);
    ost_deadline deadline = rig_deadline(&r);
    const ost_operation select = rig_op(&r, OST_DO_SELECT);
    assert_int_equal(r.table->position(r.c, &position, deadline), OST_UNSUPPORTED);
    assert_int_equal(r.table->reached(r.c, &position, &yes, deadline), OST_UNSUPPORTED);
    assert_int_equal(r.table->commit_token(r.c, &token), OST_UNSUPPORTED);
    assert_int_equal(r.table->resolve(r.c, &token, deadline), OST_VERDICT_UNKNOWN);
    assert_int_equal(r.table->watch(r.c, &select, NULL, &watched, deadline, &r.error),
                     OST_UNSUPPORTED);
    assert_int_equal(r.table->next_event(r.c, 1, NULL, &watched, deadline, &r.error),
                     OST_UNSUPPORTED);
    assert_null(r.table->native(r.c));
    rig_close(&r);
}

/* ---- bad input, no memory ---- */

static void refuses_what_makes_no_sense(void **state)
{
    (void)state;
    ost_driver lacking = tiny_driver, old = tiny_driver;
    lacking.collect = NULL;
    old.abi = OST_DRIVER_ABI + 1;
    assert_null(ost_fake_open(&lacking, NULL));
    assert_null(ost_fake_open(&old, NULL));
    assert_null(ost_fake_open(NULL, &(const ost_fake_options){ .scheme = "x" }));
    assert_null(ost_fake_open(NULL, OST_FAKE_OPTIONS(.scheme = "")));
    assert_null(ost_fake_open(NULL, OST_FAKE_OPTIONS(.scheme = "a:b")));
    assert_null(
        ost_fake_open(NULL, OST_FAKE_OPTIONS(.scheme = "a scheme of more than 31 bytes, no")));
    assert_null(ost_fake_open(NULL, OST_FAKE_OPTIONS(.execution = 2)));
    ost_fake_close(NULL);

    ost_fake *f = ost_fake_open(NULL, NULL);
    const ost_fake_rule wrong[] = {
        { .action = OST_FAKE_REFUSE },
        { .struct_size = sizeof(ost_fake_rule) },
        { .struct_size = sizeof(ost_fake_rule), .action = OST_FAKE_CALL },
        { .struct_size = sizeof(ost_fake_rule), .action = OST_FAKE_DELAY },
        { .struct_size = sizeof(ost_fake_rule), .action = OST_FAKE_CALL + 1 },
        { .struct_size = sizeof(ost_fake_rule), .action = OST_FAKE_ANSWER, .record_count = 1 },
        { .struct_size = sizeof(ost_fake_rule),
          .action = OST_FAKE_CUT,
          .point = OST_FAKE_AT_SUBMIT },
        { .struct_size = sizeof(ost_fake_rule),
          .action = OST_FAKE_REFUSE,
          .point = OST_FAKE_AT_CLOSE },
        { .struct_size = sizeof(ost_fake_rule), .action = OST_FAKE_REFUSE, .point = 99 },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(ost_fake_add(f, &wrong[i]), OST_MISUSE);
    ost_fake_close(f);
}

/* A small round; every allocation of it fails once, with all that follow. */
static ost_status round_of_work(rig *r)
{
    rig_sink k;
    sink_begin(&k, 0);
    const ost_operation ops[] = { rig_op(r, OST_DO_SELECT), rig_op(r, OST_DO_UPSERT) };
    size_t accepted;
    ost_status status = r->table->submit(r->c, ops, 2, &accepted, rig_deadline(r), &r->error);
    if (status != OST_OK)
        return status;
    status = rig_collect(r, 0, &k);
    ost_status next = rig_collect(r, 1, NULL);
    return status != OST_OK ? status : next;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    rig r;
    ost_connection *c;
    rig_open(&r, &tiny_driver, &eager);
    store_five(&r);
    long failures = 0;
    for (ost_status status = OST_NO_MEMORY; status != OST_OK; failures++) {
        atomic_store(&r.host.fail_at, atomic_load(&r.host.calls) + failures + 1);
        status = round_of_work(&r);
        atomic_store(&r.host.fail_at, 0);
        assert_true(status == OST_OK || status == OST_NO_MEMORY);
    }
    assert_true(failures > 4);
    for (long i = 1; i <= 2; i++) {
        atomic_store(&r.host.fail_at, atomic_load(&r.host.calls) + i);
        assert_int_equal(r.table->connect(r.backend, "fake:tiny:anything", rig_deadline(&r), &c,
                                          &r.caps, &r.error),
                         OST_NO_MEMORY);
        atomic_store(&r.host.fail_at, 0);
    }
    assert_int_equal(rig_count(&r), 5);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_eager_batch_runs_when_it_is_submitted),
        cmocka_unit_test(an_eager_batch_stops_at_its_first_failure),
        cmocka_unit_test(what_was_sent_ahead_has_run),
        cmocka_unit_test(a_late_answer_of_a_pipeline_was_done),
        cmocka_unit_test(accepts_only_so_many),
        cmocka_unit_test(abilities_can_be_added_and_removed),
        cmocka_unit_test(streams_of_the_inner_driver),
        cmocka_unit_test(streams_of_the_script),
        cmocka_unit_test(a_stream_is_cut),
        cmocka_unit_test(a_stream_is_stopped),
        cmocka_unit_test(settling_ends_open_streams),
        cmocka_unit_test(fm04_connections_die_while_they_are_idle),
        cmocka_unit_test(fm01_a_server_dies_inside_a_unit),
        cmocka_unit_test(fails_at_each_point),
        cmocka_unit_test(fm11_reset_undoes_an_open_unit),
        cmocka_unit_test(the_inner_driver_waits_in_the_name_of_the_outer_connection),
        cmocka_unit_test(two_fakes_at_once),
        cmocka_unit_test(what_the_inner_driver_cannot_is_unsupported),
        cmocka_unit_test(refuses_what_makes_no_sense),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
