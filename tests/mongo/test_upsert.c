/* SPDX-License-Identifier: MIT */
/* Upserts as the server is asked for them: once more where an answer is lost, and with keys of the
 * counter that others have stored before. */
#include "mongo/crates.h"
#include "mongo/failing.h"

/* Of crates by name; n is added to, the note is set. */
typedef struct upsert {
    made *m;
    const ost_field *arbiters[1];
    ost_change updates[2];
} upsert;

static void begin(upsert *u, crates_world *w, const crate *in, size_t count)
{
    static const char *const members[] = { "n", "note" };
    made *m = make(&w->b, OST_DO_UPSERT, w->crates);
    from_records(m, in, count, sizeof *in, true);
    m->shape.change_count = 0;
    for (uint32_t i = 0, n = m->op.parameter_count; i < n; i++)
        m->changes[m->shape.change_count++] =
            (ost_change){ .field = m->parameters[i].field, .op = OST_OP_SET, .parameter = i };
    m->program.step_count = 0;
    all_columns(m, sizeof(crate));
    u->m = m;
    u->arbiters[0] = table_field(w->crates, "name");
    for (size_t i = 0; i < 2; i++)
        for (uint32_t c = 0; c < m->shape.change_count; c++)
            if (m->changes[c].field == table_field(w->crates, members[i]))
                u->updates[i] = m->changes[c];
    u->updates[0].op = OST_OP_INC;
    m->shape.arbiters = u->arbiters;
    m->shape.arbiter_count = 1;
    m->shape.updates = u->updates;
    m->shape.update_count = 2;
}

static enum ost_effect run_upsert(crates_world *w, crate *in)
{
    upsert u;
    crate out = { 0 };
    size_t count = 1;
    ost_status status;
    begin(&u, w, in, 1);
    status = run_on(w->b.c, u.m, &out, &count);
    if (status != OST_OK)
        fail_msg("%s: %s", ost_status_name(status), w->b.error.message);
    discard(u.m);
    assert_int_equal(count, w->b.outcome.effect != OST_EFFECT_NONE);
    assert_ptr_equal(w->b.outcome.effects, w->b.c->effects);
    assert_int_equal(w->b.outcome.effects[0], w->b.outcome.effect);
    if (count == 1)
        *in = out;
    return (enum ost_effect)w->b.outcome.effect;
}

static void fm31_a_lost_answer_tells_what_became_of_it(void **state)
{
    static const char *const ways[] = {
        "\"closeConnection\": true",
        "\"errorCode\": 91, \"errorLabels\": [\"RetryableWriteError\"]",
        /* It was done, and is not done again. */
        "\"writeConcernError\": {\"code\": 91}, \"errorLabels\": [\"RetryableWriteError\"]",
    };
    crates_world *w = *state;
    for (int way = 0; way < 3; way++) {
        crate c = { .name = way == 0 ? "a" : way == 1 ? "b" : "c", .n = 3 }, first;
        failing(w->url, "findAndModify", 1, ways[way]);
        assert_int_equal(run_upsert(w, &c), OST_EFFECT_INSERTED);
        assert_true(c.id > 0);
        assert_int_equal(c.n, 3);
        first = c;
        c.n = 4;
        c.note = "new";
        failing(w->url, "findAndModify", 1, ways[way]);
        assert_int_equal(run_upsert(w, &c), OST_EFFECT_UPDATED);
        assert_int_equal(c.id, first.id);
        assert_int_equal(c.n, 7);
        assert_string_equal(c.note, "new");
        c.n = 0;
        failing(w->url, "findAndModify", 1, ways[way]);
        assert_int_equal(run_upsert(w, &c), OST_EFFECT_UNCHANGED);
        assert_int_equal(c.n, 7);
    }
    assert_int_equal(crates_count(w, "crates", "{\"n\": 7, \"note\": \"new\"}"), 3);
    assert_int_equal(crates_count(w, "crates", "{}"), 3);
}

/* Nothing was done then: the core runs it again, and the keys begin behind those that are there. */
static void a_key_that_others_stored_is_not_taken(void **state)
{
    crates_world *w = *state;
    crate c = { .name = "a", .n = 1 };
    int64_t first;
    assert_int_equal(run_upsert(w, &c), OST_EFFECT_INSERTED);
    first = c.id;
    for (int64_t id = first + 1; id <= first + 20; id++)
        crates_do(w,
                  "{\"insert\": \"crates\", \"documents\": [{\"_id\": {\"$numberLong\": \"%d\"}, "
                  "\"name\": \"theirs %d\", \"n\": {\"$numberLong\": \"1\"}, \"price\": "
                  "{\"$numberDecimal\": \"0.00\"}}]}",
                  (int)id, (int)id);
    c = (crate){ .name = "b", .n = 1 };
    assert_int_equal(run_upsert(w, &c), OST_EFFECT_NONE);
    assert_int_equal(w->b.outcome.matched, 0);
    assert_int_equal(crates_count(w, "crates", "{\"name\": \"b\"}"), 0);
    assert_int_equal(run_upsert(w, &c), OST_EFFECT_INSERTED);
    assert_true(c.id > first + 20);
    /* What is there needs no key. */
    c = (crate){ .name = "b", .n = 1 };
    assert_int_equal(run_upsert(w, &c), OST_EFFECT_UPDATED);
    assert_int_equal(c.n, 2);
}

/* ---- many in a transaction ---- */

enum { MANY = 1100 };

static void run_many(crates_world *w, upsert *u, crate *out, uint8_t *effects)
{
    size_t count = MANY;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    if (run_on(w->b.c, u->m, out, &count) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(count, MANY);
    memcpy(effects, w->b.outcome.effects, MANY);
    assert_int_equal(w->b.outcome.matched, MANY);
    /* More than one command, and by far not one for each. */
    assert_in_range(w->b.outcome.statements, 4, 12);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
    discard(u->m);
}

/* Of each three one is not there, one is as it is to be, and one is not. */
static void many_are_told_apart(void **state)
{
    static crate out[MANY];
    static uint8_t effects[MANY];
    crates_world *w = *state;
    crate *all = crates_named(MANY, "crate");
    upsert u;
    for (int64_t i = 0; i < MANY; i++) {
        all[i].n = i % 3 == 2 ? 1 : 0;
        all[i].note = "note";
    }
    crates_fill(w, MANY - 1);
    crates_do(w, "{\"update\": \"crates\", \"updates\": [{\"q\": {}, \"u\": {\"$set\": {\"note\": "
                 "\"note\"}}, \"multi\": true}]}");
    crates_do(w,
              "{\"delete\": \"crates\", \"deletes\": [{\"q\": {\"$expr\": {\"$eq\": [0, {\"$mod\": "
              "[\"$_id\", 3]}]}}, \"limit\": 0}]}");
    begin(&u, w, all, MANY);
    run_many(w, &u, out, effects);
    for (int64_t i = 0; i < MANY; i++) {
        assert_string_equal(out[i].name, all[i].name);
        assert_int_equal(effects[i], i % 3 == 0   ? OST_EFFECT_INSERTED
                                     : i % 3 == 1 ? OST_EFFECT_UNCHANGED
                                                  : OST_EFFECT_UPDATED);
        assert_int_equal(out[i].n, i % 3 == 0 ? 0 : i + i % 3 / 2);
        assert_true(i % 3 == 0 ? out[i].id >= MANY - 1 : out[i].id == i);
    }
    assert_int_equal(crates_count(w, "crates", "{}"), MANY);
    /* All of them are as they are to be; then none is. */
    for (int round = 0; round < 2; round++) {
        for (int64_t i = 0; i < MANY; i++)
            all[i].n = round;
        begin(&u, w, all, MANY);
        run_many(w, &u, out, effects);
        for (int64_t i = 0; i < MANY; i++)
            assert_int_equal(effects[i], round ? OST_EFFECT_UPDATED : OST_EFFECT_UNCHANGED);
    }
    assert_int_equal(out[4].n, 5);
    crates_free(all, MANY);
}

static void one_of_many_that_fails_is_named(void **state)
{
    enum { COUNT = 1020, BAD = 1003 };
    static crate out[COUNT];
    size_t count;
    crates_world *w = *state;
    crate *all = crates_named(COUNT, "crate");
    upsert u;
    crates_fill(w, 1);
    crates_do(w, "{\"update\": \"crates\", \"updates\": [{\"q\": {}, \"u\": {\"$set\": {\"name\": "
                 "\"crate 1003\", \"n\": {\"$numberLong\": \"999999\"}}}}]}");
    all[BAD].n = 2;
    begin(&u, w, all, COUNT);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    ost_status status = run_rows(u.m, out, COUNT, &count);
    if (status != OST_INVALID)
        fail_msg("%s: %s", ost_status_name(status), w->b.error.message);
    assert_int_equal(w->b.outcome.failed_record, BAD);
    assert_string_equal(w->b.error.field, "n");
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK), OST_OK);
    discard(u.m);
    assert_int_equal(crates_count(w, "crates", "{}"), 1);
    crates_free(all, COUNT);
}

static void names_that_upserts_need_are_no_columns(void **state)
{
    static const char *const names[] = { "ostler_new", "ostler_changed" };
    crates_world *w = *state;
    crate c = { .name = "a" };
    ost_field *note = (ost_field *)(uintptr_t)table_field(w->crates, "note");
    const char *column = note->column;
    for (size_t i = 0; i < 2; i++) {
        upsert u;
        begin(&u, w, &c, 1);
        note->column = names[i];
        assert_int_equal(compile(u.m), OST_UNSUPPORTED);
        assert_non_null(strstr(w->b.error.message, "crate.note: upserts need the names"));
        note->column = column;
        discard(u.m);
    }
}

static void a_plan_says_what_is_asked(void **state)
{
    crates_world *w = *state;
    crate c = { .name = "a" };
    upsert u;
    begin(&u, w, &c, 1);
    assert_int_equal(compile(u.m), OST_OK);
    const char *text = text_of(u.m);
    assert_non_null(strstr(text, "\"findAndModify\" : \"crates\""));
    assert_non_null(
        strstr(text, "\"query\" : { \"name\" : { \"$eq\" : \"$1\" }, \"ostler_new\" :"));
    assert_non_null(strstr(text, "\"upsert\" : true"));
    assert_non_null(strstr(text, "\"$literal\" : { \"name\" : \"$1\", \"n\" : \"$2\""));
    discard(u.m);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, crates_begin, crates_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(fm31_a_lost_answer_tells_what_became_of_it),
        CASE(a_key_that_others_stored_is_not_taken),
        CASE(many_are_told_apart),
        CASE(one_of_many_that_fails_is_named),
        CASE(names_that_upserts_need_are_no_columns),
        CASE(a_plan_says_what_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
