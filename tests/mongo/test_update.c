/* SPDX-License-Identifier: MIT */
/* Updates and deletes: of one, of those that meet a condition, of many records, of a batch. */
#include "mongo/crates.h"

/* ---- one ---- */

static void one_record_by_its_key(void **state)
{
    crates_world *w = *state;
    made *m = crate_update(w, 3, 70), *none = crate_update(w, 33, 70);
    crates_fill(w, 5);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 1);
    assert_int_equal(w->b.outcome.changed, 1);
    assert_int_equal(w->b.outcome.round_trips, 1);
    assert_int_equal(w->b.outcome.failed_record, SIZE_MAX);
    /* Again: it is met, and is as it was. */
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 1);
    assert_int_equal(w->b.outcome.changed, 0);
    assert_int_equal(run(none), OST_OK);
    assert_int_equal(w->b.outcome.matched, 0);
    assert_int_equal(w->b.outcome.changed, 0);
    assert_string_equal(crates_text(w, "crates", "{\"n\": 70}", "{\"_id\": 1, \"name\": 1}"),
                        "{ \"_id\" : 3, \"name\" : \"crate 3\" }");
    discard(m);
    discard(none);
}

static void those_that_meet_a_condition(void **state)
{
    crates_world *w = *state;
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    crates_fill(w, 100);
    set_to(m, "note", ost_value_text("low"));
    set_to(m, "maybe", ost_value_int(-1));
    m->shape.where = test(m, OST_OP_LE, "n", ost_value_int(40));
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 40);
    assert_int_equal(w->b.outcome.changed, 40);
    assert_int_equal(crates_count(w, "crates", "{\"note\": \"low\", \"maybe\": -1}"), 40);
    discard(m);
    m = make(&w->b, OST_DO_UPDATE, w->crates);
    set_change(m, OST_OP_SET_NULL, "note", ost_value_int(0));
    set_change(m, OST_OP_INC, "n", ost_value_int(5));
    m->shape.where = test(m, OST_OP_LE, "n", ost_value_int(10));
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 10);
    assert_int_equal(crates_count(w, "crates", "{\"note\": {\"$exists\": false}}"), 70);
    assert_int_equal(crates_count(w, "crates", "{\"n\": 15}"), 2);
    discard(m);
    m = make(&w->b, OST_DO_DELETE, w->crates);
    m->shape.where = test(m, OST_OP_GT, "n", ost_value_int(90));
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 10);
    assert_int_equal(w->b.outcome.changed, 10);
    assert_int_equal(crates_count(w, "crates", "{}"), 90);
    discard(m);
    m = make(&w->b, OST_DO_DELETE, w->crates);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 90);
    discard(m);
}

static void a_condition_that_is_false_changes_nothing(void **state)
{
    crates_world *w = *state;
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    crates_fill(w, 3);
    set_to(m, "note", ost_value_text("x"));
    m->shape.where = node_of(m, OST_OP_OR, NULL, 0);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 0);
    assert_int_equal(w->b.outcome.changed, 0);
    assert_int_equal(crates_count(w, "crates", "{\"note\": \"x\"}"), 0);
    discard(m);
}

static void a_conflict_of_an_update(void **state)
{
    crates_world *w = *state;
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    crates_fill(w, 3);
    set_to(m, "name", ost_value_text("crate 1"));
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(2));
    assert_int_equal(run(m), OST_CONFLICT);
    assert_string_equal(w->b.error.field, "name");
    assert_int_equal(w->b.outcome.failed_record, SIZE_MAX);
    discard(m);
}

static void fm47_values_are_no_expressions(void **state)
{
    static const char *const texts[] = { "$name", "$$ROOT", "{\"$literal\": 1}", "$$REMOVE" };
    crates_world *w = *state;
    crates_fill(w, 1);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        /* An increment of an optional number makes a pipeline of it, where $ has a meaning. */
        for (int pipeline = 0; pipeline < 2; pipeline++) {
            made *m = make(&w->b, OST_DO_UPDATE, w->crates), *get = crate_get(w, 1);
            crate out[1];
            size_t count;
            set_to(m, "note", ost_value_text(texts[i]));
            if (pipeline)
                set_change(m, OST_OP_INC, "maybe", ost_value_int(1));
            m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(1));
            if (run(m) != OST_OK)
                fail_msg("%s", w->b.error.message);
            assert_int_equal(run_rows(get, out, 1, &count), OST_OK);
            assert_string_equal(out[0].note, texts[i]);
            discard(m);
            discard(get);
        }
    }
}

/* ---- many records ---- */

static crate *saved(size_t count)
{
    crate *in = calloc(count, sizeof *in);
    for (size_t i = 0; i < count; i++)
        in[i] = (crate){ .id = (int64_t)i + 1, .n = 500000 + (int64_t)i };
    return in;
}

static ost_status save_in_unit(crates_world *w, const crate *in, size_t count)
{
    made *m = crate_save(w, in, count);
    ost_status status;
    ost_error kept;
    ost_outcome outcome;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    status = run(m);
    kept = w->b.error;
    outcome = w->b.outcome;
    assert_int_equal(crates_simple(w, status == OST_OK ? OST_DO_COMMIT : OST_DO_ROLLBACK), OST_OK);
    w->b.error = kept;
    w->b.outcome = outcome;
    discard(m);
    return status;
}

static void many_records_are_one_command(void **state)
{
    enum { COUNT = 3000 };
    crates_world *w = *state;
    crate *in = saved(COUNT);
    crates_fill(w, COUNT);
    if (save_in_unit(w, in, COUNT) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(w->b.outcome.matched, COUNT);
    assert_int_equal(w->b.outcome.changed, COUNT);
    assert_int_equal(w->b.outcome.statements, 1);
    assert_int_equal(w->b.outcome.round_trips, 1);
    assert_int_equal(w->b.outcome.failed_record, SIZE_MAX);
    assert_int_equal(crates_count(w, "crates",
                                  "{\"$expr\": {\"$eq\": [\"$n\", {\"$add\": "
                                  "[\"$_id\", 499999]}]}}"),
                     COUNT);
    in[7].n = 1;
    assert_int_equal(save_in_unit(w, in, COUNT), OST_OK);
    assert_int_equal(w->b.outcome.matched, COUNT);
    assert_int_equal(w->b.outcome.changed, 1);
    free(in);
}

static void the_first_that_meets_nothing_is_named(void **state)
{
    enum { COUNT = 250 };
    static const size_t places[] = { 0, 1, 99, 100, 101, 200, COUNT - 1 };
    crates_world *w = *state;
    crates_fill(w, COUNT);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        crate *in = saved(COUNT);
        in[places[i]].id = 100000;
        /* Twice the same is no failure, and must not look like one. */
        in[COUNT / 2].id = in[COUNT / 2 + 1].id;
        assert_int_equal(save_in_unit(w, in, COUNT), OST_OK);
        assert_int_equal(w->b.outcome.matched, COUNT - 1);
        assert_int_equal(w->b.outcome.failed_record, places[i]);
        free(in);
    }
}

static void a_record_that_is_refused_is_named(void **state)
{
    enum { COUNT = 300 };
    crates_world *w = *state;
    crate *in = saved(COUNT);
    made *m;
    crates_fill(w, COUNT);
    crates_do(w, "{\"collMod\": \"crates\", \"validator\": {\"n\": {\"$ne\": -13}}}");
    in[211].n = -13;
    assert_int_equal(save_in_unit(w, in, COUNT), OST_CHECK);
    assert_int_equal(w->b.outcome.failed_record, 211);
    assert_int_equal(w->b.outcome.transaction_ended, 1);
    assert_int_equal(crates_count(w, "crates", "{\"n\": {\"$gte\": 500000}}"), 0);
    free(in);
    /* Before anything is sent. */
    in = saved(COUNT);
    for (int i = 0; i < COUNT; i++)
        in[i].price = dec("1.00");
    in[150].price = dec("0.001");
    m = make(&w->b, OST_DO_UPDATE, w->crates);
    set_to(m, "price", ost_value_decimal(dec("0")));
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(0));
    for (uint32_t i = 0; i < m->op.parameter_count; i++) {
        const ost_field *f = m->parameters[i].field;
        m->parameters[i].source = OST_FROM_RECORD;
        m->parameters[i].type = f->type;
        m->parameters[i].offset = (uint32_t)f->offset;
        m->parameters[i].size = f->size;
    }
    m->op.records = in;
    m->op.record_count = COUNT;
    m->op.record_stride = sizeof *in;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run(m), OST_RANGE);
    assert_int_equal(w->b.outcome.failed_record, 150);
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_string_equal(w->b.error.field, "price");
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK), OST_OK);
    discard(m);
    free(in);
}

/* The condition is more than the key: what was met may not meet it any more. */
static void records_with_a_version(void **state)
{
    crates_world *w = *state;
    crate in[3] = { { .id = 1, .n = 1 }, { .id = 2, .n = 77 }, { .id = 3, .n = 3 } };
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    crates_fill(w, 3);
    set_change(m, OST_OP_INC, "n", ost_value_int(1));
    m->shape.where = node2(m, OST_OP_AND, test(m, OST_OP_EQ, "id", ost_value_int(0)),
                           test(m, OST_OP_EQ, "n", ost_value_int(0)));
    for (uint32_t i = 1; i < 3; i++) {
        const ost_field *f = m->parameters[i].field;
        m->parameters[i].source = OST_FROM_RECORD;
        m->parameters[i].type = f->type;
        m->parameters[i].offset = (uint32_t)f->offset;
        m->parameters[i].size = f->size;
    }
    m->op.records = in;
    m->op.record_count = 3;
    m->op.record_stride = sizeof in[0];
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    if (run(m) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(w->b.outcome.matched, 2);
    assert_int_equal(w->b.outcome.failed_record, 1);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
    assert_string_equal(crates_text(w, "crates", "{}", "{\"_id\": 0, \"n\": 1}"),
                        "{ \"n\" : 2 }|{ \"n\" : 2 }|{ \"n\" : 4 }");
    discard(m);
}

static void records_that_are_deleted(void **state)
{
    crates_world *w = *state;
    crate in[4] = { { .id = 1 }, { .id = 2 }, { .id = 2 }, { .id = 3 } };
    made *m = make(&w->b, OST_DO_DELETE, w->crates);
    const ost_field *id = table_field(w->crates, "id");
    crates_fill(w, 5);
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(0));
    m->parameters[0] = (ost_parameter){ .source = OST_FROM_RECORD,
                                        .type = id->type,
                                        .offset = (uint32_t)id->offset,
                                        .size = id->size,
                                        .field = id };
    m->op.records = in;
    m->op.record_count = 4;
    m->op.record_stride = sizeof in[0];
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 3);
    assert_int_equal(w->b.outcome.failed_record, 2);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
    assert_int_equal(crates_count(w, "crates", "{}"), 2);
    discard(m);
}

/* ---- batches ---- */

enum { BATCH = 40 };

typedef struct batch {
    crates_world *w;
    made *all[BATCH];
    ost_operation ops[BATCH];
    size_t count;
} batch;

static void batch_begin(batch *b, crates_world *w)
{
    *b = (batch){ .w = w };
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
}

static void batch_add(batch *b, made *m)
{
    assert_int_equal(compile(m), OST_OK);
    b->all[b->count] = m;
    b->ops[b->count++] = m->op;
}

static void batch_submit(batch *b)
{
    size_t accepted;
    bench *x = &b->w->b;
    assert_int_equal(x->driver->submit(x->c, b->ops, b->count, &accepted, INT64_MAX, &x->error),
                     OST_OK);
    assert_int_equal(accepted, b->count);
}

static ost_status batch_collect(batch *b, size_t i)
{
    return collect_rows(&b->w->b, b->w->b.c, i, NULL, NULL, 0, NULL, INT64_MAX);
}

static void batch_end(batch *b, uint16_t kind)
{
    assert_int_equal(crates_simple(b->w, kind), OST_OK);
    for (size_t i = 0; i < b->count; i++)
        discard(b->all[i]);
}

static void updates_of_a_batch_are_one_round_trip(void **state)
{
    crates_world *w = *state;
    batch b;
    uint32_t trips = 0;
    crates_fill(w, BATCH);
    batch_begin(&b, w);
    for (int i = 0; i < BATCH; i++)
        batch_add(&b, crate_update(w, i + 1, 1000 + i));
    batch_submit(&b);
    for (size_t i = 0; i < BATCH; i++) {
        assert_int_equal(batch_collect(&b, i), OST_OK);
        assert_int_equal(w->b.outcome.matched, 1);
        assert_int_equal(w->b.outcome.changed, 1);
        trips += w->b.outcome.round_trips;
    }
    assert_int_equal(trips, 1);
    batch_end(&b, OST_DO_COMMIT);
    assert_int_equal(crates_count(w, "crates", "{\"n\": {\"$gte\": 1000}}"), BATCH);
}

static void each_operation_of_a_batch_has_its_outcome(void **state)
{
    crates_world *w = *state;
    batch b;
    crates_fill(w, 3);
    batch_begin(&b, w);
    batch_add(&b, crate_update(w, 1, 50));
    batch_add(&b, crate_update(w, 99, 50));
    batch_add(&b, crate_update(w, 2, 2));
    batch_add(&b, crate_update(w, 3, 50));
    batch_submit(&b);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(batch_collect(&b, i), OST_OK);
        assert_int_equal(w->b.outcome.matched, i != 1);
        if (i == 1)
            assert_int_equal(w->b.outcome.changed, 0);
    }
    batch_end(&b, OST_DO_COMMIT);
    assert_int_equal(crates_count(w, "crates", "{\"n\": 50}"), 2);
}

/* Others stand in between: each keeps its place. */
static void a_batch_of_many_kinds(void **state)
{
    crates_world *w = *state;
    batch b;
    made *all, *some;
    crates_fill(w, 5);
    batch_begin(&b, w);
    batch_add(&b, crate_update(w, 1, 10));
    batch_add(&b, crate_update(w, 2, 10));
    all = make(&w->b, OST_DO_UPDATE, w->crates);
    set_change(all, OST_OP_INC, "n", ost_value_int(1));
    all->shape.where = test(all, OST_OP_EQ, "n", ost_value_int(10));
    batch_add(&b, all);
    batch_add(&b, crate_update(w, 3, 11));
    batch_add(&b, crate_update(w, 4, 11));
    some = make(&w->b, OST_DO_DELETE, w->crates);
    some->shape.where = test(some, OST_OP_EQ, "n", ost_value_int(11));
    batch_add(&b, some);
    batch_submit(&b);
    for (size_t i = 0; i < b.count; i++) {
        static const int64_t matched[] = { 1, 1, 2, 1, 1, 4 };
        assert_int_equal(batch_collect(&b, i), OST_OK);
        assert_int_equal(w->b.outcome.matched, matched[i]);
    }
    batch_end(&b, OST_DO_COMMIT);
    assert_int_equal(crates_count(w, "crates", "{}"), 1);
}

static void the_one_that_fails_is_told_in_its_place(void **state)
{
    crates_world *w = *state;
    batch b;
    made *bad;
    crates_fill(w, 5);
    batch_begin(&b, w);
    batch_add(&b, crate_update(w, 1, 10));
    batch_add(&b, crate_update(w, 2, 10));
    bad = make(&w->b, OST_DO_UPDATE, w->crates);
    set_to(bad, "name", ost_value_text("crate 1"));
    bad->shape.where = test(bad, OST_OP_EQ, "id", ost_value_int(3));
    batch_add(&b, bad);
    batch_add(&b, crate_update(w, 4, 10));
    batch_submit(&b);
    assert_int_equal(batch_collect(&b, 0), OST_OK);
    assert_int_equal(w->b.outcome.matched, 1);
    assert_int_equal(batch_collect(&b, 1), OST_OK);
    assert_int_equal(batch_collect(&b, 2), OST_CONFLICT);
    assert_string_equal(w->b.error.field, "name");
    assert_int_equal(w->b.outcome.transaction_ended, 1);
    assert_int_equal(w->b.outcome.connection_lost, 0);
    assert_int_equal(batch_collect(&b, 3), OST_OK);
    assert_int_equal(w->b.outcome.progress, OST_NOT_RUN);
    batch_end(&b, OST_DO_ROLLBACK);
    assert_int_equal(crates_count(w, "crates", "{\"n\": 10}"), 0);
}

static void one_that_cannot_be_written_says_so_in_its_turn(void **state)
{
    crates_world *w = *state;
    batch b;
    made *bad;
    crates_fill(w, 5);
    batch_begin(&b, w);
    batch_add(&b, crate_update(w, 1, 10));
    batch_add(&b, crate_update(w, 2, 10));
    bad = make(&w->b, OST_DO_UPDATE, w->crates);
    set_to(bad, "price", ost_value_decimal(dec("0.001")));
    bad->shape.where = test(bad, OST_OP_EQ, "id", ost_value_int(3));
    batch_add(&b, bad);
    batch_submit(&b);
    assert_int_equal(batch_collect(&b, 0), OST_OK);
    assert_int_equal(batch_collect(&b, 1), OST_OK);
    assert_int_equal(w->b.outcome.matched, 1);
    assert_int_equal(batch_collect(&b, 2), OST_RANGE);
    assert_string_equal(w->b.error.field, "price");
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_int_equal(crates_state(w), OST_UNIT_OPEN);
    batch_end(&b, OST_DO_COMMIT);
    assert_int_equal(crates_count(w, "crates", "{\"n\": 10}"), 2);
}

/* What is not collected any more is forgotten with the connection. */
static void a_batch_that_is_left_leaks_nothing(void **state)
{
    crates_world *w = *state;
    batch b;
    crates_fill(w, 3);
    batch_begin(&b, w);
    for (int i = 0; i < 3; i++)
        batch_add(&b, crate_update(w, i + 1, 10));
    batch_submit(&b);
    assert_int_equal(batch_collect(&b, 0), OST_OK);
    batch_end(&b, OST_DO_ROLLBACK);
}

/* ---- rows of writes ---- */

static made *returning(crates_world *w, uint16_t kind)
{
    made *m = make(&w->b, kind, w->crates);
    all_columns(m, sizeof(crate));
    return m;
}

static void writes_give_back_their_rows(void **state)
{
    crates_world *w = *state;
    crate out[10];
    size_t count;
    made *m = returning(w, OST_DO_UPDATE);
    crates_fill(w, 9);
    set_to(m, "note", ost_value_text("new"));
    set_change(m, OST_OP_INC, "n", ost_value_int(100));
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(4));
    if (run_rows(m, out, 10, &count) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(count, 1);
    assert_int_equal(w->b.outcome.matched, 1);
    assert_int_equal(w->b.outcome.round_trips, 1);
    assert_int_equal(out[0].n, 104);
    assert_string_equal(out[0].note, "new");
    discard(m);
    for (int unit = 0; unit < 2; unit++) {
        m = returning(w, OST_DO_UPDATE);
        set_change(m, OST_OP_INC, "n", ost_value_int(1));
        m->shape.where = test(m, OST_OP_GE, "id", ost_value_int(7));
        if (unit)
            assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
        if (run_rows(m, out, 10, &count) != OST_OK)
            fail_msg("%s", w->b.error.message);
        assert_int_equal(count, 3);
        assert_int_equal(w->b.outcome.matched, 3);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(out[i].n, out[i].id + unit + 1);
        if (unit)
            assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
        discard(m);
    }
    m = returning(w, OST_DO_DELETE);
    m->shape.where = test(m, OST_OP_LE, "id", ost_value_int(2));
    assert_int_equal(run_rows(m, out, 10, &count), OST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(out[0].n + out[1].n, 3);
    assert_int_equal(w->b.outcome.changed, 2);
    assert_int_equal(crates_count(w, "crates", "{}"), 7);
    discard(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        TEST(one_record_by_its_key),
        TEST(those_that_meet_a_condition),
        TEST(a_condition_that_is_false_changes_nothing),
        TEST(a_conflict_of_an_update),
        TEST(fm47_values_are_no_expressions),
        TEST(many_records_are_one_command),
        TEST(the_first_that_meets_nothing_is_named),
        TEST(a_record_that_is_refused_is_named),
        TEST(records_with_a_version),
        TEST(records_that_are_deleted),
        TEST(updates_of_a_batch_are_one_round_trip),
        TEST(each_operation_of_a_batch_has_its_outcome),
        TEST(a_batch_of_many_kinds),
        TEST(the_one_that_fails_is_told_in_its_place),
        TEST(one_that_cannot_be_written_says_so_in_its_turn),
        TEST(a_batch_that_is_left_leaks_nothing),
        TEST(writes_give_back_their_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
