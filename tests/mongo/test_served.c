/* SPDX-License-Identifier: MIT */
/* What the compiler relies on a server for: indexes that plain matches use, expressions that are
 * exact or fail, stages that transactions know. */
#include "plan_rig.h"

#include <float.h>
#include <math.h>

#include "support/servers.h"

static const char *url;

static int set_up(void **state)
{
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    url = server_database(SERVER_MONGODB, NULL);
    bench_open(&r->b, ost_driver_mongo(), url);
    r->backend = r->b.backend;
    r->items = bench_table(&r->b, &item_model);
    create(&r->b, r->items);
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    int failed = rig_tear_down(state);
    server_drop(url);
    return failed;
}

static void add(rig *r, const item *record)
{
    static const uint8_t digest[4] = { 1, 2, 3, 4 };
    item full = *record;
    made *m = make(&r->b, OST_DO_INSERT, r->items);
    full.name = full.name ? full.name : "n";
    full.digest = (ost_blob){ digest, sizeof digest };
    from_records(m, &full, 1, sizeof full, false);
    if (run(m) != OST_OK)
        fail_msg("%s", r->b.error.message);
    discard(m);
}

static made *update_of(rig *r, int64_t id)
{
    made *m = make(&r->b, OST_DO_UPDATE, r->items);
    m->shape.where = is(m, OST_OP_EQ, "id", ost_value_int(id));
    return m;
}

/* ---- indexes ---- */

static void assert_indexed(made *m, const char *index)
{
    char command[4096], whole[sizeof command + 40];
    const char *plan;
    (void)snprintf(command, sizeof command, "%s", written(m));
    for (char *p = command; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    (void)snprintf(whole, sizeof whole, "{\"explain\": {\"find\": \"items\", %s}", command + 1);
    plan = server_text(url, whole);
    if (strstr(plan, "COLLSCAN") || !strstr(plan, "IXSCAN") || !strstr(plan, index))
        fail_msg("%s does not use %s: %.3000s", whole, index, plan);
    discard(m);
}

/* The unique index of an optional member holds only the documents that have it. */
static void plain_matches_use_partial_indexes(void **state)
{
    static const int64_t list[] = { 1, 2 };
    rig *r = *state;
    made *m;
    for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++) {
        m = select_ids(r);
        m->shape.where = is(m, op, "owner", ost_value_int(1));
        assert_indexed(m, "owner_id");
        m = select_ids(r);
        m->shape.where = not_(m, is(m, op, "owner", ost_value_int(1)));
        assert_indexed(m, "owner_id");
    }
    m = select_ids(r);
    m->shape.where = in_list(m, "owner", OST_TYPE_INT64, list, 2, 8);
    assert_indexed(m, "owner_id");
    m = select_ids(r);
    m->shape.where = node1(m, OST_OP_NOT_NULL, col(m, "owner"));
    assert_indexed(m, "owner_id");
    m = select_ids(r);
    m->shape.where = node2(m, OST_OP_AND, is(m, OST_OP_GE, "owner", ost_value_int(1)),
                           is(m, OST_OP_LE, "owner", ost_value_int(9)));
    assert_indexed(m, "owner_id");
    m = select_ids(r);
    m->shape.where = node_of(m, OST_OP_OR, NULL, 0);
    assert_indexed(m, "_id_");
}

/* ---- increments ---- */

static double stored_f(int64_t id)
{
    char command[200];
    const char *text, *number;
    (void)snprintf(command, sizeof command,
                   "{\"find\": \"items\", \"filter\": {\"_id\": %lld}, \"projection\": {\"f\": 1, "
                   "\"_id\": 0}}",
                   (long long)id);
    text = server_canonical(url, command);
    number = strstr(text, "\"$numberDouble\" : \"");
    assert_non_null(number);
    return strtod(number + strlen("\"$numberDouble\" : \""), NULL);
}

static void sums_of_floats_are_floats(void **state)
{
    static const struct {
        float f;
        double amount;
    } pairs[] = {
        { 0, 0 },
        { 0.1F, 0.2 },
        { 1, 0x1p-24 },               /* a tie, to the even one below */
        { 1.0F + 0x1p-23F, 0x1p-24 }, /* and above */
        { 16777216, 1 },
        { 16777216, 3 },
        { -16777216, -3 },
        { 1, -1 },
        { 1, -1.0 - 0x1p-30 },
        { 0, 0x1p-149 },
        { 0, 0x1p-150 }, /* half of the least */
        { 0x1p-149F, 0x1p-150 },
        { 0x1p-126F, -0x1p-150 },
        { 0, 1e-310 },
        { 0, 0x1.ffffffp-127 },
        { 0, 0x1.fffffefp10 },
        { 0, 0x1.ffffffp10 },
        { FLT_MAX, -1 },
        { 3.5F, 1e-300 },
        { -2.5F, 0.3 },
        { 1e20F, 1 },
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        int64_t id = (int64_t)i + 1;
        made *m = update_of(r, id);
        double wanted = (double)(float)((double)pairs[i].f + pairs[i].amount), found;
        add(r, &(item){ .id = id, .f = pairs[i].f });
        set_change(m, OST_OP_INC, "f", ost_value_double(pairs[i].amount));
        if (run(m) != OST_OK)
            fail_msg("%s", r->b.error.message);
        discard(m);
        found = stored_f(id);
        if (found != wanted)
            fail_msg("%a + %a became %a instead of %a", (double)pairs[i].f, pairs[i].amount, found,
                     wanted);
    }
}

static void assert_sum_refused(rig *r, const char *field, ost_value amount, ost_status status)
{
    made *m = update_of(r, 1);
    set_change(m, OST_OP_INC, field, amount);
    set_to(m, "name", ost_value_text("changed"));
    assert_int_equal(run(m), status);
    assert_string_equal(r->b.error.model, "item");
    assert_string_equal(r->b.error.field, field);
    discard(m);
    assert_string_equal(server_text(url, "{\"find\": \"items\", \"filter\": {\"name\": "
                                         "\"changed\"}}"),
                        "");
}

static void sums_that_do_not_fit_are_refused(void **state)
{
    rig *r = *state;
    add(r, &(item){ .id = 1,
                    .i8 = 127,
                    .year = INT32_MIN,
                    .big = INT64_MAX,
                    .f = FLT_MAX,
                    .wild = DBL_MAX,
                    .owner = OST_SOME(INT64_MIN),
                    .price = dec("9999999999.99"),
                    .limited = 9 });
    assert_sum_refused(r, "i8", ost_value_int(1), OST_RANGE);
    assert_sum_refused(r, "year", ost_value_int(-1), OST_RANGE);
    assert_sum_refused(r, "big", ost_value_int(1), OST_RANGE);
    assert_sum_refused(r, "big", ost_value_int(INT64_MIN), OST_RANGE);
    assert_sum_refused(r, "owner", ost_value_int(-1), OST_RANGE);
    assert_sum_refused(r, "owner", ost_value_int(INT64_MIN), OST_RANGE);
    assert_sum_refused(r, "f", ost_value_double(1e30), OST_RANGE);
    assert_sum_refused(r, "wild", ost_value_double(1e300), OST_RANGE);
    assert_sum_refused(r, "price", ost_value_decimal(dec("0.01")), OST_RANGE);
    assert_sum_refused(r, "limited", ost_value_int(1), OST_INVALID);
    assert_sum_refused(r, "limited", ost_value_int(-10), OST_INVALID);
}

static void what_does_not_differ_is_not_changed(void **state)
{
    rig *r = *state;
    made *m;
    add(r, &(item){ .id = 1, .i8 = 5, .price = dec("1.50") });
    m = update_of(r, 1);
    set_change(m, OST_OP_INC, "age", ost_value_int(5)); /* absent, and stays so */
    set_change(m, OST_OP_INC, "i8", ost_value_int(0));
    set_change(m, OST_OP_INC, "price", ost_value_decimal(dec("0.00")));
    set_change(m, OST_OP_SET_NULL, "note", ost_value_int(0));
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(r->b.outcome.matched, 1);
    assert_int_equal(r->b.outcome.changed, 0);
    discard(m);
    assert_string_equal(
        server_text(url, "{\"find\": \"items\", \"filter\": {\"age\": {\"$exists\": true}}}"), "");
}

/* ---- lists ---- */

static void a_million_items_are_one_command(void **state)
{
    enum { MILLION = 1000000 };
    rig *r = *state;
    int64_t *list = calloc(MILLION, sizeof *list);
    made *m = select_ids(r);
    item found[2];
    size_t count;
    assert_non_null(list);
    for (int64_t i = 0; i < MILLION; i++)
        list[i] = i + 7;
    add(r, &(item){ .id = 1, .year = 6 });
    add(r, &(item){ .id = 2, .year = 7 });
    add(r, &(item){ .id = 3, .year = MILLION + 6 });
    add(r, &(item){ .id = 4, .year = MILLION + 7 });
    m->shape.where = in_list(m, "year", OST_TYPE_INT64, list, MILLION, 8);
    m->program.row_size = sizeof(item);
    if (run_rows(m, found, 2, &count) != OST_OK)
        fail_msg("%s", r->b.error.message);
    assert_int_equal(count, 2);
    discard(m);
    free(list);
}

/* ---- transactions ---- */

static void one_row_of_nothing_in_a_transaction(void **state)
{
    rig *r = *state;
    made *m = select_ids(r);
    item row;
    size_t count;
    assert_int_equal(begin_on(&r->b, r->b.c, OST_ACCESS_WRITE), OST_OK);
    m->shape.wrap = OST_WRAP_COUNT;
    assert_int_equal(run_rows(m, &row, 1, &count), OST_OK);
    assert_int_equal(count, 1);
    assert_int_equal(row.id, 0);
    discard(m);
    assert_int_equal(simple_on(&r->b, r->b.c, OST_DO_ROLLBACK, NULL), OST_OK);
}

/* ---- depth ---- */

static void the_deepest_conditions_are_taken(void **state)
{
    rig *r = *state;
    made *m = select_ids(r);
    const ost_node *leaf = node2(m, OST_OP_LT, col(m, "age"), col(m, "owner")), *n = leaf;
    for (int i = 0; i < 69; i++)
        n = node2(m, i % 2 ? OST_OP_OR : OST_OP_AND, leaf, n);
    m->shape.where = n;
    m->op.rows = NULL;
    if (run(m) != OST_OK)
        fail_msg("%s", r->b.error.message);
    discard(m);
}

#define SERVED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(plain_matches_use_partial_indexes), SERVED(sums_of_floats_are_floats),
        SERVED(sums_that_do_not_fit_are_refused),  SERVED(what_does_not_differ_is_not_changed),
        SERVED(a_million_items_are_one_command),   SERVED(one_row_of_nothing_in_a_transaction),
        SERVED(the_deepest_conditions_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
