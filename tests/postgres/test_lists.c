/* SPDX-License-Identifier: MIT */
/* Lists of every kind as one parameter, and the memory of binding. */
#include "postgres/wides.h"

typedef struct list_case {
    const char *name;
    uint16_t type;
    const void *items;
    size_t count, stride;
    int found; /* of three rows */
} list_case;

/* Row i has i in every member. */
static void fill(wide rows[3])
{
    static const char *const row_texts[] = { "a", "b", "c" };
    for (int i = 0; i < 3; i++) {
        rows[i] = wides_blank(i);
        rows[i].flag = i == 1;
        rows[i].i8 = (signed char)i;
        rows[i].i16 = (short)i;
        rows[i].i32 = i;
        rows[i].i64 = i;
        rows[i].u8 = (unsigned char)i;
        rows[i].u32 = (unsigned)i;
        rows[i].u64 = (uint64_t)i;
        rows[i].d = rows[i].f = (float)i * 0.25F;
        rows[i].text = rows[i].brief = row_texts[i];
        rows[i].chars[0] = *row_texts[i];
        rows[i].size = (breadth)i;
        rows[i].blob = (ost_blob){ "\0\1\2", (size_t)i };
        rows[i].time.microseconds = rows[i].date.days = i;
        rows[i].uuid.bytes[0] = rows[i].object.bytes[0] = (uint8_t)i;
        rows[i].price = ost_decimal_of(i * 150, 2);
    }
}

static void lists_of_every_kind(void **state)
{
    static const bool bools[] = { true };
    static const int64_t ints[] = { 1, 2, 99 };
    static const uint64_t naturals[] = { 2, UINT64_MAX };
    static const double reals[] = { 0.25, -1 };
    static const char *const texts[] = { "b", "", "a" };
    static const char *const names[] = { "large" };
    const ost_blob blobs[] = { { "\0\1", 2 }, { "", 0 } };
    const ost_time times[] = { { 1 }, { 5 } };
    const ost_date dates[] = { { 0 }, { 2 } };
    ost_uuid uuids[1] = { { { 2 } } };
    ost_object_id objects[2] = { { { 1 } }, { { 2 } } };
    const ost_decimal prices[] = { dec("1.50"), dec("7.00") };
    const list_case cases[] = {
        { "flag", OST_TYPE_BOOL, bools, 1, sizeof bools[0], 1 },
        { "i8", OST_TYPE_INT64, ints, 3, sizeof ints[0], 2 },
        { "i16", OST_TYPE_INT64, ints, 3, sizeof ints[0], 2 },
        { "i32", OST_TYPE_INT64, ints, 3, sizeof ints[0], 2 },
        { "i64", OST_TYPE_INT64, ints, 3, sizeof ints[0], 2 },
        { "u8", OST_TYPE_INT64, ints, 3, sizeof ints[0], 2 },
        { "u32", OST_TYPE_INT64, ints, 1, sizeof ints[0], 1 },
        { "u64", OST_TYPE_UINT64, naturals, 2, sizeof naturals[0], 1 },
        { "d", OST_TYPE_DOUBLE, reals, 2, sizeof reals[0], 1 },
        { "f", OST_TYPE_DOUBLE, reals, 2, sizeof reals[0], 1 },
        { "text", OST_TYPE_TEXT, texts, 3, sizeof texts[0], 2 },
        { "brief", OST_TYPE_TEXT, texts, 3, sizeof texts[0], 2 },
        { "chars", OST_TYPE_TEXT, texts, 3, sizeof texts[0], 2 },
        { "size", OST_TYPE_INT64, ints, 1, sizeof ints[0], 1 },
        { "size", OST_TYPE_TEXT, names, 1, sizeof names[0], 1 },
        { "blob", OST_TYPE_BLOB, blobs, 2, sizeof blobs[0], 2 },
        { "time", OST_TYPE_TIME, times, 2, sizeof times[0], 1 },
        { "date", OST_TYPE_DATE, dates, 2, sizeof dates[0], 2 },
        { "uuid", OST_TYPE_UUID, uuids, 1, sizeof uuids[0], 1 },
        { "object", OST_TYPE_OBJECT_ID, objects, 2, sizeof objects[0], 2 },
        { "price", OST_TYPE_DECIMAL, prices, 2, sizeof prices[0], 1 },
        { "i64", OST_TYPE_INT64, ints, 0, sizeof ints[0], 0 },
        { "text", OST_TYPE_TEXT, texts, 0, sizeof texts[0], 0 },
    };
    wide rows[3], back[WIDES_MAX];
    (void)state;
    fill(rows);
    assert_int_equal(wides_insert(rows, 3), OST_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const list_case *c = &cases[i];
        made *m = make(&wides_rig->b, OST_DO_SELECT, wides_table);
        size_t count = WIDES_MAX;
        m->shape.where = in_list(m, c->name, c->type, c->items, c->count, c->stride);
        all_columns(m, sizeof *back);
        if (rig_run(wides_rig, m, back, &count) != OST_OK)
            fail_msg("%s: %s%s", c->name, wides_rig->message, wides_rig->b.error.message);
        if ((int)count != c->found)
            fail_msg("case %d, %s: %d rows instead of %d", (int)i, c->name, (int)count, c->found);
    }
}

/* Above a scratch that grows: what was placed before moves along. */
static void fm43_long_lists_stay_one_parameter(void **state)
{
    enum { ITEMS = 1000000 };
    int64_t *items = malloc(ITEMS * sizeof *items);
    wide back[2];
    made *m = make(&wides_rig->b, OST_DO_SELECT, wides_table);
    size_t count = 2;
    const wide w = wides_blank(77);
    (void)state;
    assert_non_null(items);
    for (int64_t i = 0; i < ITEMS; i++)
        items[i] = i;
    assert_int_equal(wides_insert(&w, 1), OST_OK);
    const ost_node *args[] = {
        test(m, OST_OP_EQ, "text", ost_value_text("")),
        test(m, OST_OP_EQ, "price", ost_value_decimal(dec("0.00"))),
        in_list(m, "id", OST_TYPE_INT64, items, 3, sizeof *items),
        in_list(m, "id", OST_TYPE_INT64, items, ITEMS, sizeof *items),
        test(m, OST_OP_EQ, "i64", ost_value_int(0)),
    };
    m->shape.where = node_of(m, OST_OP_AND, args + 3, 2);
    all_columns(m, sizeof *back);
    assert_int_equal(rig_run(wides_rig, m, back, &count), OST_OK);
    assert_int_equal(count, 1);
    m = make(&wides_rig->b, OST_DO_SELECT, wides_table);
    args[0] = test(m, OST_OP_EQ, "text", ost_value_text(""));
    args[1] = test(m, OST_OP_EQ, "price", ost_value_decimal(dec("0.00")));
    args[2] = in_list(m, "i64", OST_TYPE_INT64, items, 3, sizeof *items);
    args[3] = in_list(m, "id", OST_TYPE_INT64, items, ITEMS, sizeof *items);
    args[4] = test(m, OST_OP_EQ, "time", ost_value_time((ost_time){ 0 }));
    m->shape.where = node_of(m, OST_OP_AND, args, 5);
    all_columns(m, sizeof *back);
    count = 2;
    assert_int_equal(rig_run(wides_rig, m, back, &count), OST_OK);
    assert_int_equal(count, 1);
    free(items);
}

/* A length that no message can have is refused before a byte of it is looked at. */
static void fm45_giant_lengths_are_refused(void **state)
{
    static const size_t sizes[] = { 0x3FFFFFFF, (size_t)1 << 31, ((size_t)1 << 32) + 1, SIZE_MAX };
    wide w = wides_blank(1);
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        made *m = make(&wides_rig->b, OST_DO_SELECT, wides_table);
        size_t count = 1;
        w.blob = (ost_blob){ "x", sizes[i] };
        assert_int_equal(wides_insert(&w, 1), OST_TOO_LARGE);
        assert_int_equal(wides_rig->b.error.nothing_sent, 1);
        if (i > 0)
            assert_int_equal(wides_copy(&w, 1), OST_TOO_LARGE);
        m->shape.where = in_list(m, "blob", OST_TYPE_BLOB, &w.blob, 1, sizeof w.blob);
        column(m, member(m, "id"), table_field(wides_table, "id"));
        if (i > 0)
            assert_int_equal(rig_run(wides_rig, m, &w, &count), OST_TOO_LARGE);
        w = wides_blank(1);
    }
}

/* ---- memory ---- */

/* Every allocation of binding fails once; and in the steady state there is none. */
static void binding_survives_a_lack_of_memory(void **state)
{
    ost__pg_values v;
    ost__pg_parameter p[2] = {
        { .oid = OST__PG_NUMERIC, .type = OST_TYPE_DECIMAL },
        { .oid = OST__PG_INT8_LIST, .role = OST__SQL_LIST, .type = OST_TYPE_INT64 },
    };
    static const int64_t items[100] = { 1 };
    const ost_parameter given[2] = {
        { .source = OST_FROM_VALUE, .value = ost_value_decimal(dec("1.5")) },
        { .source = OST_FROM_LIST,
          .type = OST_TYPE_INT64,
          .list = items,
          .list_count = 100,
          .list_stride = sizeof items[0] },
    };
    const ost_operation op = { .parameters = given,
                               .parameter_count = 2,
                               .parameter_size = sizeof given[0] };
    ost_status status = OST_NO_MEMORY;
    long live = wides_rig->b.live;
    (void)state;
    for (long n = 0; status != OST_OK; n++) {
        ost__pg_values_init(&v, &wides_rig->b.memory);
        wides_rig->b.fail_at = wides_rig->b.allocations + n;
        status = ost__pg_bind(&v, p, &op, NULL, &wides_rig->b.error);
        wides_rig->b.fail_at = -1;
        if (status == OST_OK)
            break;
        assert_int_equal(status, OST_NO_MEMORY);
        ost__pg_values_finish(&v);
        assert_int_equal(wides_rig->b.live, live);
        assert_true(n < 100);
    }
    long before = wides_rig->b.allocations;
    for (int i = 0; i < 10; i++)
        assert_int_equal(ost__pg_bind(&v, p, &op, NULL, &wides_rig->b.error), OST_OK);
    assert_int_equal(wides_rig->b.allocations, before);
    assert_int_equal(v.lengths[1], 20 + 100 * 12);
    ost__pg_values_finish(&v);
    assert_int_equal(wides_rig->b.live, live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lists_of_every_kind, wides_clear),
        cmocka_unit_test_setup(fm43_long_lists_stay_one_parameter, wides_clear),
        cmocka_unit_test_setup(fm45_giant_lengths_are_refused, wides_clear),
        cmocka_unit_test_setup(binding_survives_a_lack_of_memory, wides_clear),
    };
    return cmocka_run_group_tests(tests, wides_begin, rig_end);
}
