/* SPDX-License-Identifier: MIT */
/* Members of different kinds compare by value, as the evaluator does it on paper. */
#include "mysql/wides.h"

#include <float.h>
#include <math.h>

#include "evaluator/value.h"

enum { ROOM = 512 };

static const int64_t wholes[] = {
    INT64_MIN,
    INT64_MIN + 1,
    INT64_MIN + 1024,
    -9007199254740993,
    -9007199254740992,
    -1,
    0,
    1,
    2,
    9007199254740992,
    9007199254740993,
    9007199254740994,
    4611686018427387905,
    INT64_MAX - 1024,
    INT64_MAX - 512,
    INT64_MAX - 1,
    INT64_MAX,
};
static const uint64_t naturals[] = {
    0,
    1,
    9007199254740993,
    INT64_MAX,
    UINT64_C(1) << 63,
    (UINT64_C(1) << 63) + 1,
    UINT64_MAX - 2048,
    UINT64_MAX - 1024,
    UINT64_MAX - 1,
    UINT64_MAX,
};
static const double reals[] = {
    -DBL_MAX,
    -0x1p64,
    -0x1p63,
    -9007199254740992.0,
    -1.5,
    -1.0,
    -5e-324,
    0.0,
    5e-324,
    0.5,
    1.0,
    1.0000000000000002,
    2.0,
    9007199254740992.0,
    9007199254740994.0,
    4611686018427387904.0,
    0x1.fffffffffffffp62,
    0x1p63,
    0x1.fffffffffffffp63,
    0x1p64,
    1e300,
    DBL_MAX,
};
#define COUNT(list) (sizeof list / sizeof list[0])

static bool holds(uint16_t op, int order)
{
    switch (op) {
    case OST_OP_EQ: return order == 0;
    case OST_OP_NE: return order != 0;
    case OST_OP_LT: return order < 0;
    case OST_OP_LE: return order <= 0;
    case OST_OP_GT: return order > 0;
    default: return order >= 0;
    }
}

/* The ids that meet `op` between two members, as the server says. */
static size_t ids_of(uint16_t op, const char *left, const char *right, bool negated, int64_t *ids)
{
    made *m = wides_select();
    const ost_node *test = node2(m, op, member(m, left), member(m, right));
    size_t count = 0;
    m->program.row_size = sizeof *ids;
    column(m, member(m, "id"), table_field(m->shape.table, "id"));
    m->program.row_size = sizeof *ids;
    m->shape.where = negated ? node1(m, OST_OP_NOT, test) : test;
    order_by(m, member(m, "id"), false);
    if (run_rows(m, ids, ROOM, &count) != OST_OK)
        fail_msg("%s: %s", text_of(m), wides_now->b.error.message);
    discard(m);
    return count;
}

/* Rows 0 to `count` hold a pair each; behind them is one with a NULL. */
static void check(const wide *rows, size_t count, const char *left, const char *right,
                  const int *orders)
{
    int64_t ids[ROOM], back[ROOM];
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, count + 1), OST_OK);
    for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++) {
        for (int negated = 0; negated < 2; negated++) {
            size_t n = ids_of(op, left, right, negated, ids), mirrored, k = 0;
            uint16_t other = op == OST_OP_LT   ? OST_OP_GT
                             : op == OST_OP_GT ? OST_OP_LT
                             : op == OST_OP_LE ? OST_OP_GE
                             : op == OST_OP_GE ? OST_OP_LE
                                               : op;
            for (size_t i = 0; i < count; i++) {
                if (holds(op, orders[i]) == (negated != 0))
                    continue;
                if (k >= n || ids[k] != (int64_t)i)
                    fail_msg("%s %u %s: row %zu is told wrong", left, (unsigned)op, right, i);
                k++;
            }
            assert_int_equal(k, n);
            mirrored = ids_of(other, right, left, negated, back);
            assert_int_equal(mirrored, n);
            assert_memory_equal(ids, back, n * sizeof *ids);
        }
    }
    wides_clear(NULL);
}

static void integers_with_doubles(void **state)
{
    wide *rows = calloc(ROOM, sizeof *rows);
    int orders[ROOM];
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(wholes); i++)
        for (size_t k = 0; k < COUNT(reals); k++, n++) {
            ost_value a = ev_int(wholes[i]), b = ev_real(reals[k]);
            rows[n] = wides_blank((int64_t)n);
            rows[n].o_i64 = (ost_opt_int64){ true, wholes[i] };
            rows[n].d = reals[k];
            orders[n] = ev_compare(&a, &b);
        }
    rows[n] = wides_blank((int64_t)n);
    check(rows, n, "o_i64", "d", orders);
    free(rows);
}

static void naturals_with_doubles(void **state)
{
    wide *rows = calloc(ROOM, sizeof *rows);
    int orders[ROOM];
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(naturals); i++)
        for (size_t k = 0; k < COUNT(reals); k++, n++) {
            ost_value a = ev_uint(naturals[i]), b = ev_real(reals[k]);
            rows[n] = wides_blank((int64_t)n);
            rows[n].u64 = naturals[i];
            rows[n].o_d = (ost_opt_double){ true, reals[k] };
            orders[n] = ev_compare(&a, &b);
        }
    rows[n] = wides_blank((int64_t)n);
    check(rows, n, "u64", "o_d", orders);
    free(rows);
}

static void integers_with_naturals(void **state)
{
    wide *rows = calloc(ROOM, sizeof *rows);
    int orders[ROOM];
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(wholes); i++)
        for (size_t k = 0; k < COUNT(naturals); k++, n++) {
            ost_value a = ev_int(wholes[i]), b = ev_uint(naturals[k]);
            rows[n] = wides_blank((int64_t)n);
            rows[n].i64 = wholes[i];
            rows[n].o_u64 = (ost_opt_uint64){ true, naturals[k] };
            orders[n] = ev_compare(&a, &b);
        }
    rows[n] = wides_blank((int64_t)n);
    check(rows, n, "i64", "o_u64", orders);
    free(rows);
}

static void integers_with_decimals(void **state)
{
    static const char *const decimals[] = {
        "-9223372036854775808.0000000001",
        "-9223372036854775808.0000000000",
        "-1.0000000001",
        "-1.0000000000",
        "0.0000000000",
        "0.0000000001",
        "1.0000000000",
        "9007199254740993.0000000000",
        "9223372036854775807.0000000000",
        "9223372036854775807.0000000001",
        "9999999999999999999999999999.9999999999",
    };
    wide *rows = calloc(ROOM, sizeof *rows);
    int orders[ROOM];
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(wholes); i++)
        for (size_t k = 0; k < COUNT(decimals); k++, n++) {
            ost_value a = ev_int(wholes[i]), b = { .type = OST_TYPE_DECIMAL };
            b.as.decimal = dec(decimals[k]);
            rows[n] = wides_blank((int64_t)n);
            rows[n].o_i64 = (ost_opt_int64){ true, wholes[i] };
            rows[n].huge = b.as.decimal;
            orders[n] = ev_compare(&a, &b);
        }
    rows[n] = wides_blank((int64_t)n);
    check(rows, n, "o_i64", "huge", orders);
    free(rows);
}

static void decimals_of_two_scales(void **state)
{
    static const char *const prices[] = { "-0.01", "0.00", "0.01", "1.10", "99999999.99" };
    static const char *const huges[] = { "-0.0100000000", "-0.0099999999", "0.0000000000",
                                         "0.0100000001",  "1.1000000000",  "99999999.9900000000" };
    wide *rows = calloc(ROOM, sizeof *rows);
    int orders[ROOM];
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(prices); i++)
        for (size_t k = 0; k < COUNT(huges); k++, n++) {
            rows[n] = wides_blank((int64_t)n);
            rows[n].o_price = (ost_opt_decimal){ true, dec(prices[i]) };
            rows[n].huge = dec(huges[k]);
            orders[n] = ost_decimal_compare(dec(prices[i]), dec(huges[k]));
        }
    rows[n] = wides_blank((int64_t)n);
    check(rows, n, "o_price", "huge", orders);
    free(rows);
}

/* A sum is a decimal at the server, and may be beyond 64 bits. */
static void sums_with_doubles(void **state)
{
    static const double sides[] = { 0x1p64, 0x1.fffffffffffffp63, 18446744073709551616.0 };
    wide rows[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        rows[i] = wides_blank(i);
        rows[i].i64 = i < 2 ? INT64_MAX : 1; /* 2^64 - 1 */
        rows[i].d = sides[i];
    }
    assert_int_equal(wides_insert(WIDES_ROWS, rows, 3), OST_OK);
    for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++) {
        made *m = wides_select();
        const ost_node *sum = aggregate(m, OST_OP_SUM, "i64", OST_TYPE_INT64, 0);
        const ost_node *most = aggregate(m, OST_OP_MAX, "d", OST_TYPE_DOUBLE, 0);
        int64_t n[2];
        size_t count;
        column(m, aggregate(m, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0),
               table_field(m->shape.table, "id"));
        m->program.row_size = sizeof n;
        m->shape.having = node2(m, op, sum, most);
        assert_int_equal(run_rows(m, n, 1, &count), OST_OK);
        assert_int_equal(count, holds(op, -1));
        discard(m);
    }
}

static void infinities_are_beyond_everything(void **state)
{
    wide rows[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        rows[i] = wides_blank(i);
        rows[i].d = reals[i == 0 ? 0 : COUNT(reals) - 1];
        rows[i].o_d = (ost_opt_double){ i < 2, 1 };
    }
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, 3), OST_OK);
    for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++) {
        made *m = wides_select();
        assert_int_equal(wides_count(m, test(m, op, "d", ost_value_double(INFINITY))),
                         holds(op, -1) ? 3 : 0);
        m = wides_select();
        assert_int_equal(wides_count(m, test(m, op, "o_d", ost_value_double(-INFINITY))),
                         holds(op, 1) ? 2 : 0);
    }
}

static void fm48_texts_are_never_numbers(void **state)
{
    static const char *const texts[] = { "abc", "0", "0.0", " 0", "0 ", "", "1" };
    static const char *const asked[] = { "0", "0", "ABC", "abc ", "" };
    static const int found[] = { 1, 1, 0, 0, 1 };
    wide rows[COUNT(texts)];
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        rows[i] = wides_blank((int64_t)i);
        rows[i].brief = rows[i].text = texts[i];
        memcpy(rows[i].chars, texts[i], strlen(texts[i]) + 1);
    }
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, COUNT(texts)), OST_OK);
    for (size_t i = 0; i < COUNT(asked); i++) {
        static const char *const names[] = { "brief", "text", "chars" };
        for (size_t k = 0; k < COUNT(names); k++) {
            made *m = wides_select();
            assert_int_equal(wides_count(m, test(m, OST_OP_EQ, names[k], ost_value_text(asked[i]))),
                             found[i]);
            m = wides_select();
            assert_int_equal(
                wides_count(m, in_list(m, names[k], OST_TYPE_TEXT, &asked[i], 1, sizeof asked[0])),
                found[i]);
        }
    }
}

/* Texts, names and bytes order by their bytes; -0.0 does not exist. */
static void orders_are_by_bytes(void **state)
{
    static const char *const texts[] = {
        "", " ", "A", "Z", "a", "a ", "aa", "b", "\xc3\xa4", "\xef\xbf\xbd", "\xf0\x90\x80\x80"
    };
    static const char *const names[] = { "brief", "text", "uuid", "blob" };
    wide rows[COUNT(texts)];
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        rows[i] = wides_blank((int64_t)(COUNT(texts) - i));
        rows[i].brief = rows[i].text = texts[i];
        rows[i].blob = (ost_blob){ texts[i], strlen(texts[i]) };
        rows[i].uuid.bytes[0] = (uint8_t)(i * 20);
        rows[i].size = (breadth)(i % 3);
    }
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, COUNT(texts)), OST_OK);
    for (size_t k = 0; k < COUNT(names); k++) {
        made *m = wides_select();
        int64_t ids[ROOM];
        size_t count;
        column(m, member(m, "id"), table_field(m->shape.table, "id"));
        m->program.row_size = sizeof ids[0];
        order_by(m, member(m, names[k]), false);
        assert_int_equal(run_rows(m, ids, ROOM, &count), OST_OK);
        assert_int_equal(count, COUNT(texts));
        for (size_t i = 0; i < count; i++)
            assert_int_equal(ids[i], COUNT(texts) - i);
        discard(m);
    }
}

/* More than the server looks at unless it is told to. */
static void long_texts_order_by_all_that_they_have(void **state)
{
    enum { SIZE = 5000 };
    char texts[4][SIZE + 2];
    wide rows[4];
    int64_t ids[4];
    size_t count;
    made *m;
    (void)state;
    for (int i = 0; i < 4; i++) {
        memset(texts[i], 'q', SIZE);
        texts[i][SIZE] = (char)('d' - i);
        texts[i][SIZE + 1] = '\0';
        rows[i] = wides_blank(i);
        rows[i].text = texts[i];
        rows[i].blob = (ost_blob){ texts[i], SIZE + 1 };
    }
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, 4), OST_OK);
    for (int by_blob = 0; by_blob < 2; by_blob++) {
        m = wides_select();
        column(m, member(m, "id"), table_field(m->shape.table, "id"));
        m->program.row_size = sizeof ids[0];
        order_by(m, member(m, by_blob ? "blob" : "text"), false);
        assert_int_equal(run_rows(m, ids, 4, &count), OST_OK);
        for (int i = 0; i < 4; i++)
            assert_int_equal(ids[i], 3 - i);
        discard(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(integers_with_doubles, wides_clear),
        cmocka_unit_test_setup(naturals_with_doubles, wides_clear),
        cmocka_unit_test_setup(integers_with_naturals, wides_clear),
        cmocka_unit_test_setup(integers_with_decimals, wides_clear),
        cmocka_unit_test_setup(decimals_of_two_scales, wides_clear),
        cmocka_unit_test_setup(sums_with_doubles, wides_clear),
        cmocka_unit_test_setup(infinities_are_beyond_everything, wides_clear),
        cmocka_unit_test_setup(fm48_texts_are_never_numbers, wides_clear),
        cmocka_unit_test_setup(orders_are_by_bytes, wides_clear),
        cmocka_unit_test_setup(long_texts_order_by_all_that_they_have, wides_clear),
    };
    return cmocka_run_group_tests(tests, wides_begin, wides_end);
}
