/* SPDX-License-Identifier: MIT */
#include "support/items.h"

#include <math.h>

/* ---- text ---- */

static void fm49_a_needle_is_never_a_pattern(void **state)
{
    static const char *const names[] = { "100%", "a_b", "axb", "50!%_\\", "%", "", "*", "[a]" };
    items_world *w = *state;
    item in[8] = { { 0 } };
    for (size_t i = 0; i < 8; i++) {
        in[i].id = (int64_t)i + 1;
        in[i].name = names[i];
    }
    add(w, in, 8);
    static const struct {
        uint16_t op;
        const char *needle, *ids;
    } cases[] = {
        { OST_OP_HAS_TEXT, "%", "1 4 5" },
        { OST_OP_HAS_TEXT, "_", "2 4" },
        { OST_OP_HAS_TEXT, "%_!\\", "" },
        { OST_OP_HAS_TEXT, "!%_\\", "4" },
        { OST_OP_HAS_TEXT, "*", "7" },
        { OST_OP_HAS_TEXT, "[a]", "8" },
        { OST_OP_HAS_TEXT, "", "1 2 3 4 5 6 7 8" },
        { OST_OP_STARTS_WITH, "A_", "2" },
        { OST_OP_STARTS_WITH, "a", "2 3" },
        { OST_OP_ENDS_WITH, "%", "1 5" },
        { OST_OP_ENDS_WITH, "B", "2 3" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made *m = from_items(w);
        m->shape.where = text_test(m, cases[i].op, "name", cases[i].needle);
        assert_string_equal(ids_of(m), cases[i].ids);
    }
}

static void case_is_ignored_for_every_letter(void **state)
{
    items_world *w = *state;
    item in[4] = { { .id = 1, .name = "ΟΔΟΣ" },
                   { .id = 2, .name = "Straße" },
                   { .id = 3, .name = NULL },
                   { .id = 4, .name = "ÉCOLE" } };
    made *m;
    add(w, in, 4);
    m = from_items(w);
    m->shape.where = text_test(m, OST_OP_HAS_TEXT, "name", "οδος");
    assert_string_equal(ids_of(m), "1");
    m = from_items(w);
    m->shape.where = text_test(m, OST_OP_STARTS_WITH, "name", "école");
    assert_string_equal(ids_of(m), "4");
    m = from_items(w);
    m->shape.where = text_test(m, OST_OP_ENDS_WITH, "name", "SSE");
    assert_string_equal(ids_of(m), "2");
    /* NULL is unknown, and so is its negation. */
    m = from_items(w);
    m->shape.where = node1(m, OST_OP_NOT, text_test(m, OST_OP_HAS_TEXT, "name", "x"));
    assert_string_equal(ids_of(m), "1 2 4");
    /* Equality is by bytes. */
    m = from_items(w);
    m->shape.where = test(m, OST_OP_EQ, "name", ost_value_text("École"));
    assert_string_equal(ids_of(m), "");
}

static void a_plan_runs_again_with_another_needle(void **state)
{
    items_world *w = *state;
    item in[2] = { { .id = 1, .name = "one" }, { .id = 2, .name = "two" } };
    made *m = from_items(w);
    int64_t rows[4];
    size_t count;
    add(w, in, 2);
    m->shape.where = text_test(m, OST_OP_HAS_TEXT, "name", "ONE");
    column(m, member(m, "id"), table_field(w->items, "id"));
    for (int i = 0; i < 6; i++) {
        m->parameters[0].value = ost_value_text(i % 2 ? "TWO" : "ONE");
        assert_int_equal(run_rows(m, rows, 2, &count), OST_OK);
        assert_int_equal(count, 1);
        assert_int_equal(rows[0], i % 2 ? 2 : 1);
    }
    discard(m);
}

/* ---- lists ---- */

static void lists_of_every_kind(void **state)
{
    static const int ints[] = { 5, 7 };
    static const short shorts[] = { 5 };
    static const uint64_t bigs[] = { 50, 70 };
    static const double reals[] = { 0.5, 0.25 };
    static const char *const texts[] = { "two", "three", "" };
    static const bool bools[] = { true };
    static const unsigned sizes[] = { LARGE, TINY };
    items_world *w = *state;
    item in[3] = { { .id = 1, .name = "one", .count = 5, .big = 50, .weight = 0.5, .size = SMALL },
                   { .id = 2, .name = "two", .count = 6, .big = 60, .weight = 0.1, .size = LARGE },
                   { .id = 3, .name = NULL, .count = 7, .big = 70, .weight = 1, .size = TINY } };
    ost_decimal prices[] = { dec("1.50"), dec("2.50") };
    ost_time times[] = { at("2020-01-01T00:00:00Z") };
    ost_uuid uuids[] = { { { 1, 2, 3 } } };
    in[0].price = dec("1.50");
    in[0].exact = dec("1.50");
    in[1].made = times[0];
    in[1].sold = true;
    in[2].uuid = uuids[0];
    add(w, in, 3);
    const struct {
        const char *name;
        uint16_t type;
        const void *list;
        size_t count, stride;
        const char *ids;
    } cases[] = {
        { "count", OST_TYPE_INT32, ints, 2, sizeof ints[0], "1 3" },
        { "count", OST_TYPE_INT16, shorts, 1, sizeof shorts[0], "1" },
        { "big", OST_TYPE_UINT64, bigs, 2, sizeof bigs[0], "1 3" },
        { "weight", OST_TYPE_DOUBLE, reals, 2, sizeof reals[0], "1" },
        { "name", OST_TYPE_TEXT, texts, 3, sizeof texts[0], "2" },
        { "sold", OST_TYPE_BOOL, bools, 1, sizeof bools[0], "2" },
        { "size", OST_TYPE_UINT32, sizes, 2, sizeof sizes[0], "2 3" },
        { "price", OST_TYPE_DECIMAL, prices, 2, sizeof prices[0], "1" },
        { "exact", OST_TYPE_DECIMAL, prices, 2, sizeof prices[0], "1" },
        { "price", OST_TYPE_INT32, ints, 2, sizeof ints[0], "" },
        { "made", OST_TYPE_TIME, times, 1, sizeof times[0], "2" },
        { "uuid", OST_TYPE_UUID, uuids, 1, sizeof uuids[0], "3" },
        { "count", OST_TYPE_INT32, ints, 0, sizeof ints[0], "" },
        { "name", OST_TYPE_TEXT, NULL, 0, sizeof texts[0], "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made *m = from_items(w);
        m->shape.where = in_list(m, cases[i].name, cases[i].type, cases[i].list, cases[i].count,
                                 cases[i].stride);
        assert_string_equal(ids_of(m), cases[i].ids);
    }
}

static void not_in_knows_null_and_the_empty_list(void **state)
{
    static const char *const texts[] = { "one" };
    items_world *w = *state;
    item in[3] = { { .id = 1, .name = "one" }, { .id = 2, .name = "two" }, { .id = 3 } };
    made *m = from_items(w);
    add(w, in, 3);
    m->shape.where =
        node1(m, OST_OP_NOT, in_list(m, "name", OST_TYPE_TEXT, texts, 1, sizeof texts[0]));
    assert_string_equal(ids_of(m), "2");
    m = from_items(w);
    m->shape.where =
        node1(m, OST_OP_NOT, in_list(m, "name", OST_TYPE_TEXT, texts, 0, sizeof texts[0]));
    assert_string_equal(ids_of(m), "1 2 3");
}

static void a_list_item_without_a_form_is_refused(void **state)
{
    static const double reals[] = { 1, (double)NAN };
    static const int sizes[] = { 0, 3 };
    items_world *w = *state;
    item in = { .id = 1 };
    made *m = from_items(w);
    add(w, &in, 1);
    column(m, member(m, "id"), table_field(w->items, "id"));
    m->shape.where = in_list(m, "weight", OST_TYPE_DOUBLE, reals, 2, sizeof reals[0]);
    m->op.rows = NULL;
    assert_int_equal(run(m), OST_RANGE);
    assert_string_equal(w->b.error.field, "weight");
    assert_string_equal(w->b.error.model, "item");
    discard(m);
    m->shape.where = in_list(m, "size", OST_TYPE_INT32, sizes, 2, sizeof sizes[0]);
    assert_int_equal(run(m), OST_RANGE);
    assert_string_equal(w->b.error.field, "size");
    discard(m);
}

static void fm43_lists_of_any_length_use_an_index(void **state)
{
    enum { MANY = 1000000 };
    items_world *w = *state;
    static const ost_decimal zero;
    const size_t counts[] = { 1, w->b.caps.max_parameters - 1, w->b.caps.max_parameters,
                              w->b.caps.max_parameters + 1, MANY };
    int64_t *list = malloc(MANY * sizeof *list);
    char text[300];
    sql(&w->b, "CREATE INDEX by_count ON items(count)");
    sql(&w->b, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
               " INSERT INTO items SELECT i, 'n', i, 0, 0.0, 'small', 0, 0, 0, '', '', '', '',"
               " x'', NULL FROM n");
    (void)zero;
    for (size_t i = 0; i < MANY; i++)
        list[i] = (int64_t)i + 1000;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        made *m = from_items(w);
        int64_t found[2];
        size_t count, expected = counts[i] < 1001 ? counts[i] : 1001;
        m->shape.where = in_list(m, "count", OST_TYPE_INT64, list, counts[i], sizeof list[0]);
        m->shape.wrap = OST_WRAP_COUNT;
        column(m, member(m, "id"), table_field(w->items, "id"));
        m->steps[0].column_type = OST_TYPE_INT64;
        m->steps[0].origin = NULL;
        assert_int_equal(run_rows(m, found, 1, &count), OST_OK);
        assert_int_equal(found[0], expected);
        snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", text_of(m));
        assert_non_null(strstr(sql_text(&w->b, text), "INDEX by_count (count=?)"));
        discard(m);
    }
    /* By the key, too. */
    made *m = from_items(w);
    m->shape.where = in_list(m, "id", OST_TYPE_INT64, list, 2, sizeof list[0]);
    m->shape.columns = (const ost_node *const[]){ member(m, "id") };
    m->shape.column_count = 1;
    snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", text_of(m));
    assert_non_null(strstr(sql_text(&w->b, text), "INTEGER PRIMARY KEY (rowid=?)"));
    discard(m);
    free(list);
}

/* ---- comparisons between forms ---- */

static void forms_meet_exactly(void **state)
{
    static const struct {
        const char *left, *right;
        uint16_t op;
        const char *ids;
    } cases[] = {
        { "price", "tax", OST_OP_EQ, "1" },         { "price", "tax", OST_OP_LT, "2" },
        { "price", "tax", OST_OP_GT, "3 4" },       { "price", "exact", OST_OP_EQ, "1 2 3" },
        { "exact", "tax", OST_OP_GE, "1 3 4" },     { "exact", "exact2", OST_OP_EQ, "1 2 3" },
        { "exact", "exact2", OST_OP_LT, "" },       { "price", "count", OST_OP_EQ, "3" },
        { "count", "price", OST_OP_LT, "1 4" },     { "count", "exact", OST_OP_EQ, "3" },
        { "count", "weight", OST_OP_EQ, "2 3 4" },  { "big", "count", OST_OP_NE, "1 2 3" },
        { "price", "price", OST_OP_EQ, "1 2 3 4" },
    };
    items_world *w = *state;
    item in[4] = { { .id = 1, .count = 1, .big = 9 },
                   { .id = 2, .count = 0, .big = 9 },
                   { .id = 3, .count = -7, .weight = -7, .big = 9 },
                   { .id = 4 } };
    in[0].price = dec("1.50");
    in[0].tax = dec("1.5000");
    in[0].exact = in[0].exact2 = dec("1.5");
    in[1].price = dec("-1.50");
    in[1].tax = dec("-1.4999");
    in[1].exact = in[1].exact2 = dec("-1.5");
    in[2].price = dec("-7");
    in[2].tax = dec("-7.0001");
    in[2].exact = in[2].exact2 = dec("-7");
    in[3].price = dec("99999999.99");
    in[3].tax = dec("0.0001");
    in[3].exact = dec("99999999999999999999999999999999.999999");
    in[3].exact2 = dec("-999999999999999999999999.999999");
    add(w, in, 4);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made *m = from_items(w);
        const ost_node *left = member(m, cases[i].left);
        m->shape.where = node2(m, cases[i].op, left, member(m, cases[i].right));
        assert_string_equal(ids_of(m), cases[i].ids);
    }
    /* A constant takes the form of its member. */
    made *m = from_items(w);
    m->shape.where = test(m, OST_OP_LE, "price", ost_value_decimal(dec("-1.50")));
    assert_string_equal(ids_of(m), "2 3");
    /* A constant without a member is plain. */
    m = from_items(w);
    const ost_node *left = member(m, "price");
    m->shape.where =
        node2(m, OST_OP_GT, left, value(m, NULL, ost_value_decimal(dec("-1.5000001"))));
    assert_string_equal(ids_of(m), "1 2 4");
}

/* What no INTEGER can be is compared all the same. */
static void a_constant_beyond_every_integer(void **state)
{
    static const uint64_t list[] = { 7, UINT64_MAX };
    static const char *const expected[] = { "", "1 2", "1 2", "1 2", "", "" };
    items_world *w = *state;
    item in[2] = { { .id = 1, .big = INT64_MAX }, { .id = 2, .big = 7 } };
    made *m;
    add(w, in, 2);
    for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++) {
        m = from_items(w);
        m->shape.where = test(m, op, "big", ost_value_uint((uint64_t)INT64_MAX + 1));
        assert_string_equal(ids_of(m), expected[op - OST_OP_EQ]);
    }
    m = from_items(w);
    m->shape.where = in_list(m, "big", OST_TYPE_UINT64, list, 2, sizeof list[0]);
    assert_string_equal(ids_of(m), "2");
    /* SQLite puts the constant where the member is compared a second time. */
    m = from_items(w);
    m->shape.where = node2(m, OST_OP_AND,
                           node2(m, OST_OP_OR, test(m, OST_OP_LT, "count", ost_value_int(0)),
                                 node2(m, OST_OP_LE, member(m, "big"), member(m, "exact"))),
                           test(m, OST_OP_EQ, "big", ost_value_uint((uint64_t)INT64_MAX + 1)));
    assert_string_equal(ids_of(m), "");
    /* Written, it is refused. */
    m = make(&w->b, OST_DO_UPDATE, w->items);
    set_to(m, "big", ost_value_uint((uint64_t)INT64_MAX + 1));
    assert_int_equal(run(m), OST_RANGE);
    assert_string_equal(w->b.error.field, "big");
    discard(m);
}

static void distinct_and_order_by_forms(void **state)
{
    items_world *w = *state;
    item in[4] = { { .id = 1, .size = SMALL },
                   { .id = 2, .size = LARGE },
                   { .id = 3, .size = TINY },
                   { .id = 4, .size = LARGE } };
    result rows[4];
    size_t count;
    made *m = from_items(w);
    in[0].maybe = (ost_opt_int)OST_SOME(2);
    in[2].maybe = (ost_opt_int)OST_SOME(1);
    in[3].maybe = (ost_opt_int)OST_SOME(3);
    add(w, in, 4);
    /* Enumerations order by name: large, small, tiny. NULLs come first, or last. */
    order_by(m, member(m, "size"), false);
    order_by(m, member(m, "id"), true);
    assert_string_equal(ids_of(m), "4 2 1 3");
    m = from_items(w);
    order_by(m, member(m, "maybe"), false);
    assert_string_equal(ids_of(m), "2 3 1 4");
    m = from_items(w);
    order_by(m, member(m, "maybe"), true);
    limit_to(m, 2, 1);
    assert_string_equal(ids_of(m), "1 3");
    m = from_items(w);
    limit_to(m, -1, 3);
    assert_string_equal(ids_of(m), "4");
    m = from_items(w);
    column(m, member(m, "size"), &result_n);
    m->shape.distinct = true;
    m->program.row_size = sizeof rows[0];
    order_by(m, member(m, "size"), false);
    assert_int_equal(run_rows(m, rows, 4, &count), OST_OK);
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].n.value, LARGE);
    assert_int_equal(rows[2].n.value, TINY);
    discard(m);
}

/* SQLite drops DISTINCT behind EXISTS, where an OFFSET makes it count. */
static void exists_sees_distinct_rows(void **state)
{
    static const ost_node asked = { .type = OST_TYPE_BOOL };
    items_world *w = *state;
    item in[2] = { { .id = 1, .name = "a" }, { .id = 2, .name = "a" } };
    add(w, in, 2);
    for (int offset = 0; offset < 2; offset++) {
        made *m = from_items(w);
        const ost_node *const columns[] = { member(m, "name") };
        column(m, &asked, &result_yes);
        m->shape.columns = columns;
        m->shape.wrap = OST_WRAP_EXISTS;
        m->shape.distinct = true;
        limit_to(m, -1, offset);
        assert_int_equal(one_result(m).yes, offset == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fm49_a_needle_is_never_a_pattern, items_begin, items_end),
        cmocka_unit_test_setup_teardown(case_is_ignored_for_every_letter, items_begin, items_end),
        cmocka_unit_test_setup_teardown(a_plan_runs_again_with_another_needle, items_begin,
                                        items_end),
        cmocka_unit_test_setup_teardown(lists_of_every_kind, items_begin, items_end),
        cmocka_unit_test_setup_teardown(not_in_knows_null_and_the_empty_list, items_begin,
                                        items_end),
        cmocka_unit_test_setup_teardown(a_list_item_without_a_form_is_refused, items_begin,
                                        items_end),
        cmocka_unit_test_setup_teardown(fm43_lists_of_any_length_use_an_index, items_begin,
                                        items_end),
        cmocka_unit_test_setup_teardown(forms_meet_exactly, items_begin, items_end),
        cmocka_unit_test_setup_teardown(a_constant_beyond_every_integer, items_begin, items_end),
        cmocka_unit_test_setup_teardown(distinct_and_order_by_forms, items_begin, items_end),
        cmocka_unit_test_setup_teardown(exists_sees_distinct_rows, items_begin, items_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
