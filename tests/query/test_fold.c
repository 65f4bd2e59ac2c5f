/* SPDX-License-Identifier: MIT */
/*
 * Folding a constant must not change what a comparison says. So each comparison of a stored value
 * with a constant is judged twice: by arithmetic that is exact for both, and by what the constant
 * was folded to.
 */
#include "query_rig.h"

#include <float.h>
#include <math.h>

#include "base/decimal.h"
#include "query/fold.h"

/* ---- exact comparisons of numbers ---- */

static int compare_integers(bool negative_a, uint64_t a, bool negative_b, uint64_t b)
{
    if (negative_a != negative_b)
        return negative_a ? -1 : 1;
    int order = a < b ? -1 : a > b;
    return negative_a ? -order : order;
}

static uint64_t magnitude(int64_t n)
{
    return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

/* Of an integer with a double, without rounding either. */
static int compare_with_real(bool negative, uint64_t n, double x)
{
    double whole = floor(x);
    if (x >= 18446744073709551616.0)
        return -1;
    if (x < -9223372036854775808.0)
        return 1;
    int order = compare_integers(negative, n, whole < 0, (uint64_t)(whole < 0 ? -whole : whole));
    return order == 0 && whole != x ? -1 : order;
}

static ost_decimal decimal_of(bool negative, uint64_t n)
{
    ost_decimal d = ost__decimal_from_uint(n);
    return negative ? ost_decimal_negate(d) : d;
}

/* How the integer stands to a constant of any kind of number. */
static int compare_number(bool negative, uint64_t n, const ost_value *v)
{
    switch (v->type) {
    case OST_TYPE_BOOL: return compare_integers(negative, n, false, v->as.boolean);
    case OST_TYPE_INT64:
        return compare_integers(negative, n, v->as.integer < 0, magnitude(v->as.integer));
    case OST_TYPE_UINT64: return compare_integers(negative, n, false, v->as.natural);
    case OST_TYPE_DOUBLE: return compare_with_real(negative, n, v->as.real);
    default: return ost_decimal_compare(decimal_of(negative, n), v->as.decimal);
    }
}

/* ---- integers ---- */

static const struct integer_kind {
    const char *member;
    int64_t low;
    uint64_t high;
} integer_kinds[] = {
    { "i8", INT8_MIN, INT8_MAX },    { "i16", INT16_MIN, INT16_MAX },
    { "i32", INT32_MIN, INT32_MAX }, { "i64", INT64_MIN, INT64_MAX },
    { "u8", 0, UINT8_MAX },          { "u16", 0, UINT16_MAX },
    { "u32", 0, UINT32_MAX },        { "u64", 0, UINT64_MAX },
};

static ost_value decimal_value(const char *text)
{
    ost_decimal d;
    assert_true(ost_decimal_parse(text, &d));
    return ost_value_decimal(d);
}

static const double reals[] = {
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.5,
    -1.5,
    1e-300,
    1e300,
    -1e300,
    DBL_MAX,
    -DBL_MAX,
    9007199254740993.0,
    -9007199254740993.0,
    9223372036854775808.0,
    -9223372036854775808.0,
    18446744073709551616.0,
    9223372036854774784.0,
    18446744073709549568.0,
    -9223372036854777856.0,
};
static const char *const decimals[] = {
    "0",
    "0.5",
    "-0.5",
    "127.000",
    "127.0000001",
    "-128.5",
    "-128.0",
    "99999999999999999999",
    "-99999999999999999999",
    "9223372036854775807.5",
    "-9223372036854775808.5",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551615.1",
    "18446744073709551616",
    "0.00000000000000000000000000000000000001",
    "99999999999999999999999999999999999999",
    "-99999999999999999999999999999999999999",
};

/* Numbers around every bound that there is, in every kind that a constant may have. */
static size_t make_constants(ost_value *out)
{
    size_t n = 0;
    out[n++] = ost_value_bool(false);
    out[n++] = ost_value_bool(true);
    for (size_t i = 0; i < sizeof integer_kinds / sizeof integer_kinds[0]; i++) {
        const struct integer_kind *k = &integer_kinds[i];
        for (int64_t near = -2; near <= 2; near++) {
            if (k->low > INT64_MIN + 2)
                out[n++] = ost_value_int(k->low + near);
            if (k->high < INT64_MAX - 2)
                out[n++] = ost_value_int((int64_t)k->high + near);
            if (k->high < UINT64_MAX - 2 || near <= 0)
                out[n++] = ost_value_uint(k->high + (uint64_t)near);
            if (k->high <= UINT32_MAX)
                out[n++] = ost_value_double((double)k->high + (double)near / 4);
            if (k->low >= INT32_MIN)
                out[n++] = ost_value_double((double)k->low + (double)near / 4);
        }
    }
    out[n++] = ost_value_int(INT64_MIN);
    out[n++] = ost_value_int(INT64_MIN + 1);
    out[n++] = ost_value_int(INT64_MAX);
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
        out[n++] = ost_value_double(reals[i]);
    out[n++] = ost_value_double(INFINITY);
    out[n++] = ost_value_double(-INFINITY);
    for (size_t i = 0; i < sizeof decimals / sizeof decimals[0]; i++)
        out[n++] = decimal_value(decimals[i]);
    return n;
}
enum { CONSTANTS_MAX = 400 };

/* What a folded comparison says of a stored integer. */
static bool folded_says(enum ost__folded folded, uint16_t op, const ost_value *v, bool negative,
                        uint64_t n)
{
    if (folded != OST__FOLD_VALUE)
        return folded == OST__FOLD_ALWAYS;
    return query_holds(op, compare_number(negative, n, v));
}

static void check_integer(const struct integer_kind *k, uint16_t op, const ost_value *constant)
{
    const ost_field *f = field_of(k->member);
    const ost__operand with = ost__operand_of_field(f);
    ost_value v = *constant;
    uint16_t folded_op = op;
    enum ost__folded folded = ost__fold(&with, &folded_op, &v);
    assert_true(folded == OST__FOLD_VALUE || folded == OST__FOLD_ALWAYS ||
                folded == OST__FOLD_NEVER);
    if (folded == OST__FOLD_VALUE) {
        /* Canonical, and something that the member can hold. */
        assert_int_equal(v.type, ost__canonical_type(f->type, f));
        bool below = v.type == OST_TYPE_INT64 && v.as.integer < k->low;
        bool above = v.type == OST_TYPE_INT64 ? v.as.integer > 0 && (uint64_t)v.as.integer > k->high
                                              : v.as.natural > k->high;
        assert_false(below || above);
    }
    for (uint64_t near = 0; near <= 3; near++) {
        const struct {
            bool negative;
            uint64_t n;
        } stored[] = {
            { k->low < 0, k->low < 0 ? magnitude(k->low) - near : near },
            { false, k->high - near },
            { k->low < 0 && near > 0, near },
            { false, near },
            { false, k->high / 2 + near },
        };
        for (size_t i = 0; i < sizeof stored / sizeof stored[0]; i++) {
            bool expected =
                query_holds(op, compare_number(stored[i].negative, stored[i].n, constant));
            if (folded_says(folded, folded_op, &v, stored[i].negative, stored[i].n) != expected)
                fail_msg("%s, operator %u, constant of kind %u: wrong for %s%llu", k->member, op,
                         constant->type, stored[i].negative ? "-" : "",
                         (unsigned long long)stored[i].n);
        }
    }
}

static void integers_fold_without_a_change_of_meaning(void **state)
{
    static ost_value constants[CONSTANTS_MAX];
    size_t count = make_constants(constants);
    (void)state;
    assert_true(count > 150 && count < CONSTANTS_MAX);
    for (size_t k = 0; k < sizeof integer_kinds / sizeof integer_kinds[0]; k++)
        for (size_t op = 0; op < COMPARISONS; op++)
            for (size_t i = 0; i < count; i++)
                check_integer(&integer_kinds[k], query_comparisons[op], &constants[i]);
}

#define REAL(x)                                       \
    {                                                 \
        .type = OST_TYPE_DOUBLE, .as = {.real = (x) } \
    }
#define INTEGER(x)                                      \
    {                                                   \
        .type = OST_TYPE_INT64, .as = {.integer = (x) } \
    }

/* A few by hand, so that not only the two ways agree. */
static void integers_fold_to_their_neighbours(void **state)
{
    static const struct {
        const char *member;
        uint16_t op;
        ost_value given;
        enum ost__folded folded;
        uint16_t then;
        int64_t n;
    } cases[] = {
        { "i8", OST_OP_LT, REAL(1.5), OST__FOLD_VALUE, OST_OP_LE, 1 },
        { "i8", OST_OP_GE, REAL(-1.5), OST__FOLD_VALUE, OST_OP_GT, -2 },
        { "i8", OST_OP_LE, REAL(1.5), OST__FOLD_VALUE, OST_OP_LE, 1 },
        { "i8", OST_OP_GT, REAL(1.5), OST__FOLD_VALUE, OST_OP_GT, 1 },
        { "i8", OST_OP_EQ, REAL(1.5), OST__FOLD_NEVER, 0, 0 },
        { "i8", OST_OP_NE, REAL(1.5), OST__FOLD_ALWAYS, 0, 0 },
        { "i8", OST_OP_EQ, INTEGER(128), OST__FOLD_NEVER, 0, 0 },
        { "i8", OST_OP_LE, INTEGER(128), OST__FOLD_ALWAYS, 0, 0 },
        { "u8", OST_OP_GE, INTEGER(-1), OST__FOLD_ALWAYS, 0, 0 },
        { "u8", OST_OP_LT, REAL(-0.5), OST__FOLD_NEVER, 0, 0 },
        { "u8", OST_OP_GE, REAL(-0.5), OST__FOLD_ALWAYS, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ost__operand with = ost__operand_of_field(field_of(cases[i].member));
        ost_value v = cases[i].given;
        uint16_t op = cases[i].op;
        assert_int_equal(ost__fold(&with, &op, &v), cases[i].folded);
        if (cases[i].folded != OST__FOLD_VALUE)
            continue;
        assert_int_equal(op, cases[i].then);
        assert_true(v.as.integer == cases[i].n);
    }
}

/* ---- bool ---- */

static void bools_fold(void **state)
{
    static const int64_t numbers[] = { INT64_MIN, -1, 0, 1, 2, INT64_MAX };
    const ost__operand with = ost__operand_of_field(field_of("flag"));
    (void)state;
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < COMPARISONS; k++)
            for (int stored = 0; stored < 2; stored++) {
                ost_value v = ost_value_int(numbers[i]);
                uint16_t op = query_comparisons[k];
                enum ost__folded folded = ost__fold(&with, &op, &v);
                bool expected = query_holds(op, stored < numbers[i] ? -1 : stored > numbers[i]);
                if (folded == OST__FOLD_VALUE) {
                    assert_int_equal(v.type, OST_TYPE_BOOL);
                    assert_int_equal(query_holds(op, stored - v.as.boolean), expected);
                } else {
                    assert_int_equal(folded, expected ? OST__FOLD_ALWAYS : OST__FOLD_NEVER);
                }
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_fold_without_a_change_of_meaning),
        cmocka_unit_test(integers_fold_to_their_neighbours),
        cmocka_unit_test(bools_fold),
    };
    return cmocka_run_group_tests(tests, query_open, query_close);
}
