/* SPDX-License-Identifier: MIT */
/* Plans: each shape is compiled once, so many are kept, and none that is in use is thrown away. */
#include "query_rig.h"

#include "fake/fake.h"
#include "query/plan.h"

typedef struct rig {
    ost_fake *fake;
    ost_db *db;
    ost_session *own;
} rig;

static int set_up(void **state)
{
    static rig r;
    ost_error error;
    r.fake = ost_fake_open(ost_driver_sqlite(), NULL);
    assert_non_null(r.fake);
    ost_status status = ost_open(
        OST_OPTIONS(.url = "fake:sqlite::memory:", .drivers = OST_DRIVERS(ost_fake_driver(r.fake)),
                    .models = OST_MODELS(&sample_model, &other_model)),
        &r.db, &error);
    if (status != OST_OK)
        fail_msg("%s", error.message);
    OK(ost_create_tables(r.db, &error));
    OK(ost_session_open(r.db, NULL, &r.own, &error));
    *state = &r;
    return 0;
}

static ost_fake_counts counts(const rig *r)
{
    ost_fake_counts c;
    ost_fake_counted(r->fake, &c);
    return c;
}

static int tear_down(void **state)
{
    rig *r = *state;
    ost_session_close(r->own);
    ost_close(r->db);
    const ost_fake_counts c = counts(r);
    assert_int_equal(c.compiles, c.discards);
    assert_int_equal(c.violations, 0);
    ost_fake_close(r->fake);
    return 0;
}

/* A query of its own for each number up to 4095: conditions by its bits. */
static ost_query *query_of_bits(ost_session *s, unsigned bits)
{
    const ost_expr *const all[] = {
        ost_ge(sample, i8, 0),    ost_ge(sample, i16, 0),   ost_ge(sample, i32, 0),
        ost_ge(sample, i64, 0),   ost_ge(sample, u8, 0),    ost_ge(sample, u16, 0),
        ost_ge(sample, u32, 0),   ost_ge(sample, u64, 0),   ost_ge(sample, real, 0.0),
        ost_ge(sample, exact, 0), ost_ge(sample, whole, 0), ost_ge(sample, price, 0),
    };
    ost_query *q = ost_from(s, sample);
    for (unsigned i = 0; i < 12; i++)
        if (bits >> i & 1)
            ost_where(q, all[i]);
    return q;
}

static void run_bits(const rig *r, unsigned bits)
{
    int64_t n = -1;
    OK(ost_count_of(query_of_bits(r->own, bits), &n));
    assert_int_equal(n, 0);
}

static void a_shape_is_compiled_once(void **state)
{
    const rig *r = *state;
    run_bits(r, 1);
    uint64_t before = counts(r).compiles;
    for (int i = 0; i < 100; i++) {
        int64_t n;
        ost_query *q = ost_from(r->own, sample);
        ost_where(q, ost_cmp_le(ost_lit(i % 100), ost_col(sample, i8)));
        OK(ost_count_of(q, &n));
    }
    assert_int_equal(counts(r).compiles, before);
    run_bits(r, 2);
    assert_int_equal(counts(r).compiles, before + 1);
    /* The same conditions asked for something else. */
    bool any;
    OK(ost_exists(query_of_bits(r->own, 1), &any));
    assert_non_null(ost_render(query_of_bits(r->own, 1)));
    assert_int_equal(counts(r).compiles, before + 3);
}

static void no_more_are_kept_than_said(void **state)
{
    const rig *r = *state;
    for (unsigned bits = 0; bits < 2000; bits++) {
        run_bits(r, bits);
        const ost_fake_counts c = counts(r);
        assert_true(c.compiles - c.discards <= OST__PLANS_MAX + 1);
        if (bits % 100 == 99)
            OK(ost_session_clear(r->own));
    }
    assert_true(counts(r).compiles >= 2000);
    assert_true(counts(r).discards >= 2000 - OST__PLANS_MAX - 1);
}

static void what_was_used_last_is_kept(void **state)
{
    const rig *r = *state;
    /* One is used again and again between the others, and outlives them. */
    run_bits(r, 4095);
    for (unsigned bits = 0; bits < 3 * OST__PLANS_MAX; bits++) {
        run_bits(r, bits);
        if (bits % 100 == 0) {
            uint64_t before = counts(r).compiles;
            run_bits(r, 4095);
            assert_int_equal(counts(r).compiles, before);
            OK(ost_session_clear(r->own));
        }
    }
    uint64_t before = counts(r).compiles;
    run_bits(r, 3 * OST__PLANS_MAX - 1);
    assert_int_equal(counts(r).compiles, before);
    run_bits(r, 0);
    assert_int_equal(counts(r).compiles, before + 1);
}

static void a_plan_in_use_is_not_thrown_away(void **state)
{
    const rig *r = *state;
    sample some[20] = { { 0 } };
    OK(ost_insert_many(r->own, sample, some, 20));
    ost_cursor *c = ost_stream(query_of_bits(r->own, 77), 2);
    for (int i = 0; i < 3; i++)
        assert_non_null(ost_next(c, sample));
    int64_t n;
    for (unsigned bits = 1000; bits < 1000 + 2 * OST__PLANS_MAX; bits++)
        OK(ost_count_of(query_of_bits(r->own, bits), &n));
    assert_int_equal(n, 20);
    for (int i = 3; i < 20; i++)
        assert_non_null(ost_next(c, sample));
    assert_null(ost_next(c, sample));
    OK(ost_cursor_close(c));
}

/* ---- the cache by itself ---- */

static const char *last_table;
static ost_status compile_nothing(ost_backend *b, const ost_capabilities *caps,
                                  const ost_shape *shape, ost_plan **out, ost_error *error)
{
    (void)b, (void)caps, (void)error;
    last_table = shape->table->name;
    *out = NULL;
    return OST_OK;
}

static void connections_that_differ_have_plans_of_their_own(void **state)
{
    const ost_driver driver = { .compile = compile_nothing };
    const ost__hash_key key = { 1, 2 };
    const rig *r = *state;
    (void)r;
    ost_platform platform;
    ost__platform_complete(&platform, NULL);
    const ost__memory memory = { platform.resize, platform.context };
    ost__model_set *set;
    ost_error error = { .status = OST_CONFLICT };
    OK(ost__model_set_open(&memory, OST_MODELS(&sample_model), &set, &error));
    ost__plans *plans = ost__plans_open(&memory, &driver, NULL, set, key);
    assert_non_null(plans);
    uint8_t bytes[OST__SHAPE_HEADER + 12] = { 0 };
    ost__shape_header(bytes, OST_DO_SELECT, OST_WRAP_NONE, OST__SHAPE_RECORDS,
                      ost__model_at(set, 0), NULL);
    const ost_capabilities one = { .fingerprint = 1 }, two = { .fingerprint = 2 };
    ost__plan *a, *b, *c;
    OK(ost__plans_get(plans, &one, bytes, sizeof bytes, &a, &error));
    OK(ost__plans_get(plans, &two, bytes, sizeof bytes, &b, &error));
    OK(ost__plans_get(plans, &one, bytes, sizeof bytes, &c, &error));
    assert_ptr_equal(a, c);
    assert_ptr_not_equal(a, b);
    assert_string_equal(last_table, "sample");
    /* The bytes are a copy, and success leaves an older error as it is. */
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(a->compiled.shape.bytes[0], OST_DO_SELECT);
    assert_int_equal(error.status, OST_CONFLICT);
    ost__plan_release(plans, a);
    ost__plan_release(plans, b);
    ost__plan_release(plans, c);
    ost__plans_close(plans);
    ost__model_set_close(set);
}

static void success_leaves_an_older_error(void **state)
{
    const rig *r = *state;
    assert_null(ost_get(r->own, sample, 5));
    assert_int_equal(ost_session_error(r->own)->status, OST_NOT_FOUND);
    /* Queries that were never compiled before. */
    for (unsigned bits = 3000; bits < 3005; bits++) {
        run_bits(r, bits);
        assert_int_equal(ost_session_error(r->own)->status, OST_NOT_FOUND);
        assert_string_equal(ost_session_error(r->own)->message, "no sample was found");
    }
    /* And a result's struct that was never used before. */
    size_t n;
    ost_query *q = ost_from(r->own, sample);
    ost_select(q, ost_as(tally, count, ost_count()));
    assert_non_null(ost_all(q, tally, &n));
    assert_int_equal(ost_session_error(r->own)->status, OST_NOT_FOUND);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_shape_is_compiled_once),
        CASE(no_more_are_kept_than_said),
        CASE(what_was_used_last_is_kept),
        CASE(a_plan_in_use_is_not_thrown_away),
        CASE(connections_that_differ_have_plans_of_their_own),
        CASE(success_leaves_an_older_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
