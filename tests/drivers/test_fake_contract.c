/* SPDX-License-Identifier: MIT */
/* What the fake driver notices of a core that breaks its promises. */
#include "fake_rig.h"

static const item two[] = { { .id = 1, .name = "one" }, { .id = 2, .name = "two" } };

/* Submits a batch, collects all of it, and expects one violation. */
static void breaks(rig *r, const ost_operation *ops, size_t n, const char *sentence)
{
    rig_sink k;
    size_t accepted = rig_submit(r, ops, n);
    for (size_t i = 0; i < accepted; i++) {
        sink_begin(&k, 0);
        rig_collect(r, i, &k);
    }
    rig_expect_violation(r, 1, sentence);
}

static void broken_operations(void **state)
{
    (void)state;
    rig r, other;
    rig_open(&other, NULL, NULL);
    rig_open(&r, NULL, NULL);
    const ost_operation right = rig_op(&r, OST_DO_UPDATE);
    const ost_parameter parameter = { .source = OST_FROM_RECORD };
    const ost_row_program outside = {
        .struct_size = sizeof outside,
        .step_size = sizeof(ost_row_step),
        .step_count = 1,
        .row_size = sizeof(item),
        .steps = (const ost_row_step[]){ { .offset = sizeof(item), .size = 1 } },
    };
    struct {
        ost_operation op;
        const char *sentence;
    } cases[12];
    for (size_t i = 0; i < 12; i++)
        cases[i].op = right;
    size_t n = 0;
    cases[n].op.struct_size = 0, cases[n++].sentence = "struct_size";
    cases[n].op.plan = NULL, cases[n++].sentence = "no plan";
    cases[n].op.shape = NULL, cases[n++].sentence = "no shape";
    cases[n].op.plan = other.plans[OST_DO_UPDATE], cases[n++].sentence = "of another backend";
    cases[n].op.shape = &r.shapes[OST_DO_INSERT], cases[n++].sentence = "differ in kind";
    cases[n].op.flags = 0, cases[n++].sentence = "without OST_FLAG_WRITES";
    cases[n].op.record_count = 1, cases[n++].sentence = "records or their stride";
    cases[n].op.parameter_count = 1, cases[n++].sentence = "parameters are missing";
    cases[n].op.parameters = &parameter, cases[n].op.parameter_count = 1;
    cases[n++].sentence = "parameters are missing";
    cases[n].op.rows = &outside, cases[n++].sentence = "contradicts itself";
    cases[n].op = rig_op(&r, OST_DO_SAVEPOINT), cases[n].op.text = NULL;
    cases[n++].sentence = "it has no text";
    cases[n].op = rig_op(&r, OST_DO_DESCRIBE), cases[n].op.kind = 77;
    cases[n++].sentence = "no such kind";
    assert_int_equal(n, sizeof cases / sizeof *cases);
    assert_int_equal(rig_do(&r, OST_DO_BEGIN), OST_OK);
    for (size_t i = 0; i < n; i++)
        breaks(&r, &cases[i].op, 1, cases[i].sentence);
    assert_int_equal(rig_do(&r, OST_DO_ROLLBACK), OST_OK);
    rig_close(&r);
    rig_close(&other);
}

static void broken_batches(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, NULL);
    const ost_operation begin = rig_op(&r, OST_DO_BEGIN), commit = rig_op(&r, OST_DO_COMMIT);
    const ost_operation update = rig_op(&r, OST_DO_UPDATE), select = rig_op(&r, OST_DO_SELECT);
    ost_operation stream = select;
    stream.flags |= OST_FLAG_STREAM;
    const struct {
        ost_operation ops[4];
        size_t count;
        const char *sentence;
    } cases[] = {
        { { update, update }, 2, "several writes of one batch" },
        { { rig_insert(&r, two, 2) }, 1, "several records" },
        { { select, begin, commit }, 3, "BEGIN is not the first" },
        { { commit }, 1, "outside a unit: COMMIT" },
        { { rig_op(&r, OST_DO_SAVEPOINT) }, 1, "outside a unit: SAVEPOINT" },
        { { begin, begin, commit }, 3, "BEGIN inside a unit" },
        { { stream, select }, 2, "not the last of its batch" },
        { { begin, update, commit, update }, 4, "" },
    };
    for (size_t i = 0; i + 1 < sizeof cases / sizeof *cases; i++)
        breaks(&r, cases[i].ops, cases[i].count, cases[i].sentence);
    /* The last is sound: what comes after COMMIT is one write of its own. */
    const size_t last = sizeof cases / sizeof *cases - 1;
    assert_int_equal(rig_submit(&r, cases[last].ops, 4), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(rig_collect(&r, i, NULL), OST_OK);
    rig_close(&r);
}

static void wrong_order(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, NULL);
    const ost_operation two_selects[] = { rig_op(&r, OST_DO_SELECT), rig_op(&r, OST_DO_SELECT) };
    assert_int_equal(rig_submit(&r, two_selects, 2), 2);
    sink_begin(&k, 0);
    assert_int_equal(rig_collect(&r, 1, &k), OST_MISUSE);
    assert_int_equal(r.outcome.progress, OST_NOT_RUN);
    rig_expect_violation(&r, 1, "not collected in order");
    assert_int_equal(rig_collect(&r, 2, &k), OST_MISUSE);
    rig_expect_violation(&r, 1, "no such operation");
    assert_int_equal(rig_collect(&r, OST_STREAM(3), &k), OST_MISUSE);
    rig_expect_violation(&r, 1, "no open stream");
    assert_int_equal(rig_collect(&r, 0, &k), OST_OK);
    assert_int_equal(rig_collect(&r, 0, &k), OST_MISUSE);
    rig_expect_violation(&r, 1, "not collected in order");
    assert_int_equal(rig_submit(&r, two_selects, 1), 1);
    rig_expect_violation(&r, 1, "was not collected");
    sink_begin(&k, 0);
    assert_int_equal(rig_collect(&r, 0, &k), OST_OK);
    size_t accepted;
    assert_int_equal(r.table->submit(r.c, two_selects, 0, &accepted, rig_deadline(&r), &r.error),
                     OST_MISUSE);
    rig_expect_violation(&r, 1, "a batch is empty");
    rig_close(&r);
}

static void operations_that_change(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, NULL);
    ost_parameter p = { .source = OST_FROM_VALUE, .value = { .type = OST_TYPE_INT64 } };
    ost_operation op = rig_op(&r, OST_DO_SELECT);
    op.parameters = &p;
    op.parameter_count = 1;
    sink_begin(&k, 0);
    assert_int_equal(rig_submit(&r, &op, 1), 1);
    assert_int_equal(rig_collect(&r, 0, &k), OST_OK);
    assert_int_equal(rig_submit(&r, &op, 1), 1);
    p.value.as.integer = 1;
    assert_int_equal(rig_collect(&r, 0, &k), OST_OK);
    rig_expect_violation(&r, 1, "were changed");
    rig_close(&r);
}

static void sinks_that_do_not_fit(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, NULL, NULL);
    const ost_operation select = rig_op(&r, OST_DO_SELECT);
    assert_int_equal(rig_run(&r, &select, NULL), OST_OK);
    rig_expect_violation(&r, 1, "sink is incomplete");
    sink_begin(&k, 0);
    k.sink.refill_bytes = NULL;
    assert_int_equal(rig_run(&r, &select, &k), OST_OK);
    rig_expect_violation(&r, 1, "sink is incomplete");
    sink_begin(&k, 0);
    k.sink.row_size = 8;
    assert_int_equal(rig_run(&r, &select, &k), OST_OK);
    rig_expect_violation(&r, 1, "smaller than the row program");
    rig_close(&r);
}

static void deadlines_that_are_missing(void **state)
{
    (void)state;
    rig r;
    size_t accepted;
    rig_open(&r, NULL, NULL);
    const ost_operation update = rig_op(&r, OST_DO_UPDATE);
    assert_int_equal(r.table->submit(r.c, &update, 1, &accepted, 0, &r.error), OST_OK);
    rig_expect_violation(&r, 1, "no deadline is given: submit");
    assert_int_equal(r.table->collect(r.c, 0, NULL, &r.outcome, 0, &r.error), OST_OK);
    rig_expect_violation(&r, 1, "no deadline is given: collect");
    assert_int_equal(r.table->reset(r.c, 0, INT64_MAX), OST_OK);
    rig_close(&r);
}

/* A call from inside a call is what two threads look like, without a race. */
static void calls_again(void *context, const ost_fake_moment *moment)
{
    rig *r = context;
    assert_ptr_equal(moment->handle, r->c);
    assert_int_equal(moment->kind, OST_DO_UPDATE);
    assert_string_equal(moment->name, "items");
    r->table->unit_state(r->c);
}

static void two_threads_on_one_connection(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, NULL, NULL);
    ost_fake_add(r.fake,
                 OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_UPDATE), .action = OST_FAKE_CALL,
                               .call = calls_again, .context = &r));
    assert_int_equal(rig_do(&r, OST_DO_UPDATE), OST_OK);
    rig_expect_violation(&r, 1, "two threads use one connection: unit_state");
    assert_int_equal(rig_do(&r, OST_DO_UPDATE), OST_OK);
    rig_close(&r);
}

static void use_after_close(void **state)
{
    (void)state;
    rig r;
    size_t accepted;
    rig_open(&r, &tiny_driver, NULL);
    const ost_operation update = rig_op(&r, OST_DO_UPDATE);
    ost_deadline deadline = rig_deadline(&r);
    r.table->close(r.c, deadline);
    assert_int_equal(r.table->submit(r.c, &update, 1, &accepted, deadline, &r.error), OST_MISUSE);
    rig_expect_violation(&r, 1, "after it was closed: submit");
    assert_int_equal(r.table->collect(r.c, 0, NULL, &r.outcome, deadline, &r.error), OST_MISUSE);
    rig_expect_violation(&r, 1, "after it was closed: collect");
    assert_false(r.table->alive(r.c));
    rig_expect_violation(&r, 1, "after it was closed: alive");
    r.table->cancel(r.backend, r.c, 1, deadline);
    rig_expect_violation(&r, 1, "a closed connection is cancelled");
    r.table->close(r.c, deadline);
    rig_expect_violation(&r, 1, "after it was closed: close");
    r.c = NULL;
    ost_fake_counts counts;
    ost_fake_counted(r.fake, &counts);
    assert_int_equal(counts.closes, 1);
    assert_int_equal(counts.open_connections, 0);
    rig_close(&r);
}

static void what_is_left_at_the_end(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, &tiny_driver, NULL);
    ost_plan *plan;
    assert_int_equal(
        r.table->compile(r.backend, &r.caps, &r.shapes[OST_DO_SELECT], &plan, &r.error), OST_OK);
    r.c = NULL;
    ost_fake *fake = r.fake;
    rig_close_db(&r);
    char text[256];
    assert_true(ost_fake_violation_at(fake, 0, text));
    assert_non_null(strstr(text, "while connections are open"));
    assert_true(ost_fake_violation_at(fake, 1, text));
    assert_non_null(strstr(text, "while it has plans"));
    assert_false(ost_fake_violation_at(fake, 2, text));
    assert_int_equal(atomic_load(&r.host.live), 0);
    ost_fake_close(fake);
}

static void a_stream_where_none_may_be_beside(void **state)
{
    (void)state;
    rig r;
    rig_sink k;
    rig_open(&r, &tiny_driver, OST_FAKE_OPTIONS(.remove_abilities = 1U << OST_CAN_STREAM_BESIDE));
    assert_int_equal(rig_do(&r, OST_DO_BEGIN), OST_OK);
    const ost_operation insert = rig_insert(&r, two, 2);
    assert_int_equal(rig_run(&r, &insert, NULL), OST_OK);
    ost_operation stream = rig_op(&r, OST_DO_SELECT);
    stream.flags |= OST_FLAG_STREAM;
    sink_begin(&k, 1);
    assert_int_equal(rig_run(&r, &stream, &k), OST_OK);
    assert_int_equal(rig_do(&r, OST_DO_UPDATE), OST_OK);
    rig_expect_violation(&r, 1, "beside an open stream");
    assert_int_equal(r.table->reset(r.c, 0, rig_deadline(&r)), OST_OK);
    rig_expect_violation(&r, 1, "a stream is open");
    rig_close(&r);
}

static void more_violations_than_are_kept(void **state)
{
    (void)state;
    rig r;
    char text[256];
    rig_open(&r, NULL, NULL);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(rig_do(&r, OST_DO_COMMIT), OST_OK);
    assert_int_equal(ost_fake_violation_count(r.fake), 300);
    assert_true(ost_fake_violation_at(r.fake, 255, text));
    assert_non_null(strstr(text, "connection 1, batch 256: outside a unit: COMMIT"));
    assert_false(ost_fake_violation_at(r.fake, 256, text));
    ost_fake_forget_violations(r.fake);
    rig_close(&r);
}

/* ---- the inner driver may be wrong as well ---- */

static ost_status accepts_nothing(ost_connection *c, const ost_operation *ops, size_t n,
                                  size_t *accepted, ost_deadline deadline, ost_error *e)
{
    (void)c, (void)ops, (void)n, (void)deadline, (void)e;
    *accepted = 0;
    return OST_OK;
}

static ost_status tells_two_tales(ost_connection *c, size_t i, ost_sink *k, ost_outcome *o,
                                  ost_deadline deadline, ost_error *e)
{
    (void)c, (void)i, (void)k, (void)deadline, (void)e;
    *o = (ost_outcome){ .struct_size = sizeof *o, .status = OST_CHECK };
    return OST_OK;
}

static ost_status runs_nothing(ost_connection *c, size_t i, ost_sink *k, ost_outcome *o,
                               ost_deadline deadline, ost_error *e)
{
    (void)c, (void)i, (void)k, (void)deadline, (void)e;
    *o = (ost_outcome){ .struct_size = sizeof *o, .progress = OST_NOT_RUN };
    return OST_OK;
}

static void an_inner_driver_that_breaks_its_promises(void **state)
{
    (void)state;
    ost_driver inner[3] = { tiny_driver, tiny_driver, tiny_driver };
    inner[0].submit = accepts_nothing;
    inner[1].collect = tells_two_tales;
    inner[2].collect = runs_nothing;
    static const char *const sentences[] = { "did not accept", "has another status",
                                             "did not run" };
    for (size_t i = 0; i < 3; i++) {
        rig r;
        rig_open(&r, &inner[i], NULL);
        assert_int_equal(rig_do(&r, OST_DO_UPDATE), i == 0 ? OST_DRIVER_ERROR : OST_OK);
        rig_expect_violation(&r, 1, sentences[i]);
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_operations),
        cmocka_unit_test(broken_batches),
        cmocka_unit_test(wrong_order),
        cmocka_unit_test(operations_that_change),
        cmocka_unit_test(sinks_that_do_not_fit),
        cmocka_unit_test(deadlines_that_are_missing),
        cmocka_unit_test(two_threads_on_one_connection),
        cmocka_unit_test(use_after_close),
        cmocka_unit_test(what_is_left_at_the_end),
        cmocka_unit_test(a_stream_where_none_may_be_beside),
        cmocka_unit_test(more_violations_than_are_kept),
        cmocka_unit_test(an_inner_driver_that_breaks_its_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
