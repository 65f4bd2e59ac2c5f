/* SPDX-License-Identifier: MIT */
/* Writes of so many documents in an order. */
#include "mongo/crates.h"

#include <pthread.h>

static made *set_note(crates_world *w, const char *note)
{
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    set_to(m, "note", ost_value_text(note));
    return m;
}

static const char *noted(crates_world *w, const char *note)
{
    char filter[64];
    snprintf(filter, sizeof filter, "{\"note\": \"%s\"}", note);
    return crates_text(w, "crates", filter, "{\"_id\": 1}");
}

static void the_first_of_an_order_are_updated(void **state)
{
    crates_world *w = *state;
    made *m = set_note(w, "top");
    crates_fill(w, 10);
    order_by(m, member(m, "n"), true);
    limit_to(m, 3, -1);
    if (run(m) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(w->b.outcome.matched, 3);
    assert_int_equal(w->b.outcome.changed, 3);
    assert_string_equal(noted(w, "top"), "{ \"_id\" : 8 }|{ \"_id\" : 9 }|{ \"_id\" : 10 }");
    discard(m);
}

static void offsets_and_conditions(void **state)
{
    crates_world *w = *state;
    made *m = set_note(w, "middle");
    crates_fill(w, 10);
    m->shape.where = test(m, OST_OP_GE, "n", ost_value_int(3));
    order_by(m, member(m, "n"), false);
    limit_to(m, 2, 3);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 2);
    assert_string_equal(noted(w, "middle"), "{ \"_id\" : 6 }|{ \"_id\" : 7 }");
    discard(m);
    m = make(&w->b, OST_DO_DELETE, w->crates);
    order_by(m, member(m, "id"), false);
    limit_to(m, -1, 4);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 6);
    assert_int_equal(w->b.outcome.changed, 6);
    assert_int_equal(crates_count(w, "crates", "{}"), 4);
    discard(m);
}

static void a_limit_of_zero_writes_nothing(void **state)
{
    crates_world *w = *state;
    made *m = make(&w->b, OST_DO_DELETE, w->crates);
    crates_fill(w, 3);
    limit_to(m, 0, -1);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 0);
    assert_int_equal(crates_count(w, "crates", "{}"), 3);
    discard(m);
}

static void nobody_there_is_no_failure(void **state)
{
    crates_world *w = *state;
    made *m = set_note(w, "x");
    limit_to(m, 5, -1);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 0);
    assert_int_equal(w->b.outcome.changed, 0);
    discard(m);
}

/* Whether it meets something or nothing, and also where it gives back rows. */
static void fm36_a_value_without_a_place_is_refused_even_for_nobody(void **state)
{
    crates_world *w = *state;
    crates_fill(w, 2);
    for (int way = 0; way < 8; way++) {
        made *m = make(&w->b, OST_DO_UPDATE, w->crates);
        crate out[4];
        size_t count;
        set_to(m, "note", ost_value_text("n"));
        set_to(m, "price", ost_value_decimal(ost_decimal_of(123456, 4)));
        m->shape.where = test(m, OST_OP_GE, "n", ost_value_int(way & 1 ? 1 : 100));
        if (way & 2)
            all_columns(m, sizeof(crate));
        else
            order_by(m, member(m, "n"), true);
        if (!(way & 2))
            limit_to(m, way & 4 ? 0 : 3, -1);
        if (way & 4)
            assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
        ost_status status = way & 2 ? run_rows(m, out, 4, &count) : run(m);
        if (status != OST_RANGE || strcmp(w->b.error.field, "price") != 0 ||
            !w->b.error.nothing_sent || w->b.outcome.round_trips != 0)
            fail_msg("way %d: %s, %s: %s", way, ost_status_name(status), w->b.error.field,
                     w->b.error.message);
        if (way & 4)
            assert_int_equal(crates_simple(w, OST_DO_ROLLBACK), OST_OK);
        discard(m);
    }
    assert_int_equal(crates_count(w, "crates", "{\"note\": \"n\"}"), 0);
}

static void in_a_unit_they_belong_to_it(void **state)
{
    crates_world *w = *state;
    made *m = make(&w->b, OST_DO_DELETE, w->crates);
    crates_fill(w, 10);
    order_by(m, member(m, "n"), false);
    limit_to(m, 4, -1);
    for (int commit = 0; commit < 2; commit++) {
        assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
        assert_int_equal(run(m), OST_OK);
        assert_int_equal(w->b.outcome.matched, 4);
        assert_int_equal(crates_state(w), OST_UNIT_OPEN);
        assert_int_equal(crates_simple(w, commit ? OST_DO_COMMIT : OST_DO_ROLLBACK), OST_OK);
        assert_int_equal(crates_count(w, "crates", "{}"), commit ? 6 : 10);
    }
    discard(m);
}

/* More ids than a portion, and than a command takes. */
static void many_of_them(void **state)
{
    enum { COUNT = 40000 };
    crates_world *w = *state;
    made *m = set_note(w, "many");
    crates_fill(w, COUNT);
    order_by(m, member(m, "n"), false);
    limit_to(m, COUNT - 1, -1);
    if (run(m) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(w->b.outcome.matched, COUNT - 1);
    assert_int_equal(w->b.outcome.changed, COUNT - 1);
    assert_int_equal(crates_count(w, "crates", "{\"note\": {\"$exists\": false}}"), 1);
    discard(m);
}

static void keys_of_two_members(void **state)
{
    crates_world *w = *state;
    made *m = make(&w->b, OST_DO_DELETE, w->seats);
    for (int row = 1; row <= 3; row++)
        crates_do(w,
                  "{\"insert\": \"seats\", \"documents\": [{\"row\": {\"$numberLong\": \"%d\"}, "
                  "\"letter\": \"A\"}, {\"row\": {\"$numberLong\": \"%d\"}, \"letter\": "
                  "\"B\"}]}",
                  row, row);
    order_by(m, member(m, "letter"), true);
    order_by(m, member(m, "row"), false);
    limit_to(m, 2, -1);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 2);
    assert_string_equal(
        crates_text(w, "seats", "{}", "{\"_id\": 0, \"row\": 1, \"letter\": 1}"),
        "{ \"row\" : 1, \"letter\" : \"A\" }|{ \"row\" : 2, \"letter\" : \"A\" }|{ \"row\" : 3, "
        "\"letter\" : \"A\" }|{ \"row\" : 3, \"letter\" : \"B\" }");
    discard(m);
}

static void a_conflict_undoes_all_of_it(void **state)
{
    crates_world *w = *state;
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    crates_fill(w, 5);
    set_to(m, "name", ost_value_text("same"));
    order_by(m, member(m, "n"), false);
    limit_to(m, 3, -1);
    assert_int_equal(run(m), OST_CONFLICT);
    assert_string_equal(w->b.error.field, "name");
    assert_int_equal(crates_state(w), OST_UNIT_NONE);
    assert_int_equal(crates_count(w, "crates", "{\"name\": \"same\"}"), 0);
    discard(m);
}

/* ---- at the same time ---- */

enum { THREADS = 4, EACH = 10 };

typedef struct taker {
    crates_world w;
    int64_t taken;
    int failures;
} taker;

static void *take(void *context)
{
    taker *t = context;
    for (int i = 0; i < EACH; i++) {
        made *m = make(&t->w.b, OST_DO_DELETE, t->w.crates);
        order_by(m, member(m, "n"), false);
        limit_to(m, 3, -1);
        if (run_on(t->w.b.c, m, NULL, NULL) == OST_OK)
            t->taken += t->w.b.outcome.matched;
        else
            t->failures++;
        discard(m);
    }
    return NULL;
}

/* Each takes three, and none is taken twice. */
static void nobody_takes_what_another_took(void **state)
{
    enum { COUNT = THREADS * EACH * 3 + 20 };
    crates_world *w = *state;
    static taker takers[THREADS];
    pthread_t threads[THREADS];
    int64_t taken = 0;
    crates_fill(w, COUNT);
    for (int i = 0; i < THREADS; i++) {
        takers[i] = (taker){ .taken = 0 };
        crates_open(&takers[i].w, w->url);
        assert_int_equal(pthread_create(&threads[i], NULL, take, &takers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(takers[i].failures, 0);
        taken += takers[i].taken;
        crates_close(&takers[i].w);
    }
    assert_int_equal(taken, THREADS * EACH * 3);
    assert_int_equal(crates_count(w, "crates", "{}"), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        TEST(the_first_of_an_order_are_updated),
        TEST(offsets_and_conditions),
        TEST(a_limit_of_zero_writes_nothing),
        TEST(nobody_there_is_no_failure),
        TEST(fm36_a_value_without_a_place_is_refused_even_for_nobody),
        TEST(in_a_unit_they_belong_to_it),
        TEST(many_of_them),
        TEST(keys_of_two_members),
        TEST(a_conflict_undoes_all_of_it),
        TEST(nobody_takes_what_another_took),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
