/* SPDX-License-Identifier: MIT */
/* Folding of constants against the kinds that are no integers, and what is refused. */
#include "query_rig.h"

#include <float.h>
#include <math.h>

#include "base/decimal.h"
#include "query/fold.h"

static ost_value decimal_value(const char *text)
{
    ost_decimal d;
    assert_true(ost_decimal_parse(text, &d));
    return ost_value_decimal(d);
}

/* ---- decimals ---- */

static const char *const decimal_texts[] = {
    "0",
    "0.00",
    "-0.00",
    "0.01",
    "-0.01",
    "0.001",
    "-0.001",
    "0.009",
    "1",
    "1.5",
    "1.50",
    "1.500",
    "1.505",
    "-1.505",
    "9999.99",
    "9999.990",
    "9999.991",
    "9999.999",
    "10000",
    "10000.00",
    "-9999.99",
    "-9999.991",
    "-9999.999",
    "-10000",
    "99999999999999999999999999999999999999",
    "-99999999999999999999999999999999999999",
    "0.00000000000000000000000000000000000001",
    "-0.00000000000000000000000000000000000001",
    "12345678901234567890.123456789",
};
enum { DECIMALS = sizeof decimal_texts / sizeof decimal_texts[0] };

static void check_decimal(const char *member, uint16_t op, const ost_value *constant,
                          ost_decimal as_decimal)
{
    const ost_field *f = field_of(member);
    const ost__operand with = ost__operand_of_field(f);
    ost_value v = *constant;
    uint16_t folded_op = op;
    enum ost__folded folded = ost__fold(&with, &folded_op, &v);
    assert_true(folded == OST__FOLD_VALUE || folded == OST__FOLD_ALWAYS ||
                folded == OST__FOLD_NEVER);
    if (folded == OST__FOLD_VALUE) {
        assert_int_equal(v.type, OST_TYPE_DECIMAL);
        assert_int_equal(v.as.decimal.scale, f->scale);
        assert_true(ost__decimal_digits(v.as.decimal) <= f->precision);
    }
    for (size_t i = 0; i < DECIMALS; i++) {
        ost_decimal stored;
        assert_true(ost_decimal_parse(decimal_texts[i], &stored));
        if (!ost__decimal_fit(stored, f->precision, f->scale, &stored))
            continue;
        bool expected = query_holds(op, ost_decimal_compare(stored, as_decimal));
        bool found = folded == OST__FOLD_VALUE
                         ? query_holds(folded_op, ost_decimal_compare(stored, v.as.decimal))
                         : folded == OST__FOLD_ALWAYS;
        if (found != expected)
            fail_msg("%s, operator %u: wrong for %s", member, op, decimal_texts[i]);
    }
}

static void decimals_fold_without_a_change_of_meaning(void **state)
{
    static const int64_t integers[] = {
        INT64_MIN, -10000, -9999, -1, 0, 1, 9999, 10000, INT64_MAX
    };
    static const char *const members[] = { "price", "whole" };
    (void)state;
    for (size_t m = 0; m < 2; m++)
        for (size_t k = 0; k < COMPARISONS; k++) {
            for (size_t i = 0; i < DECIMALS; i++) {
                ost_value v = decimal_value(decimal_texts[i]);
                check_decimal(members[m], query_comparisons[k], &v, v.as.decimal);
            }
            for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
                ost_value v = ost_value_int(integers[i]);
                check_decimal(members[m], query_comparisons[k], &v, ost_decimal_of(integers[i], 0));
            }
            ost_value most = ost_value_uint(UINT64_MAX);
            check_decimal(members[m], query_comparisons[k], &most,
                          ost__decimal_from_uint(UINT64_MAX));
        }
}

/* ---- floating point ---- */

static void reals_fold_to_the_members_kind(void **state)
{
    static const struct {
        double given, as_float, as_double;
    } cases[] = {
        { 0.1, (double)0.1f, 0.1 },
        { -0.0, 0.0, 0.0 },
        { 1e39, INFINITY, 1e39 },
        { -1e39, -INFINITY, -1e39 },
        { FLT_MAX, FLT_MAX, FLT_MAX },
        { 3.4028235677973366e38, INFINITY, 3.4028235677973366e38 },
        { 3.4028235677973362e38, FLT_MAX, 3.4028235677973362e38 },
        { 1e-46, 0.0, 1e-46 },
        { INFINITY, INFINITY, INFINITY },
        { -INFINITY, -INFINITY, -INFINITY },
    };
    const ost__operand real = ost__operand_of_field(field_of("real"));
    const ost__operand exact = ost__operand_of_field(field_of("exact"));
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t op = OST_OP_LT;
        ost_value v = ost_value_double(cases[i].given);
        assert_int_equal(ost__fold(&real, &op, &v), OST__FOLD_VALUE);
        assert_true(v.type == OST_TYPE_DOUBLE && v.as.real == cases[i].as_float);
        assert_false(signbit(v.as.real) && v.as.real == 0);
        v = ost_value_double(cases[i].given);
        assert_int_equal(ost__fold(&exact, &op, &v), OST__FOLD_VALUE);
        assert_true(v.as.real == cases[i].as_double);
        assert_int_equal(op, OST_OP_LT);
    }
    ost_value v = ost_value_int(INT64_C(9007199254740993));
    assert_int_equal(ost__fold(&exact, &(uint16_t){ OST_OP_EQ }, &v), OST__FOLD_VALUE);
    assert_true(v.as.real == 9007199254740992.0);
    v = decimal_value("0.5");
    assert_int_equal(ost__fold(&exact, &(uint16_t){ OST_OP_EQ }, &v), OST__FOLD_VALUE);
    assert_true(v.as.real == 0.5);
}

/* ---- times, days, names ---- */

static void times_and_days_fold_at_their_bounds(void **state)
{
    const ost__operand at = ost__operand_of_field(field_of("at"));
    const ost__operand day = ost__operand_of_field(field_of("day"));
    ost_time first = { 0 }, last = { 0 };
    ost_date first_day, last_day;
    (void)state;
    assert_true(ost_time_parse("0001-01-01T00:00:00Z", &first));
    assert_true(ost_time_parse("9999-12-31T23:59:59.999999Z", &last));
    assert_true(ost_date_parse("0001-01-01", &first_day));
    assert_true(ost_date_parse("9999-12-31", &last_day));
    for (size_t k = 0; k < COMPARISONS; k++) {
        uint16_t op = query_comparisons[k];
        ost_value inside[] = { ost_value_time(first), ost_value_time(last),
                               ost_value_date(first_day), ost_value_date(last_day) };
        ost_value below[] = { ost_value_time((ost_time){ first.microseconds - 1 }),
                              ost_value_time((ost_time){ INT64_MIN }),
                              ost_value_date((ost_date){ first_day.days - 1 }),
                              ost_value_date((ost_date){ INT32_MIN }) };
        ost_value above[] = { ost_value_time((ost_time){ last.microseconds + 1 }),
                              ost_value_time((ost_time){ INT64_MAX }),
                              ost_value_date((ost_date){ last_day.days + 1 }),
                              ost_value_date((ost_date){ INT32_MAX }) };
        for (size_t i = 0; i < 4; i++) {
            const ost__operand *with = i < 2 ? &at : &day;
            assert_int_equal(ost__fold(with, &op, &inside[i]), OST__FOLD_VALUE);
            assert_int_equal(ost__fold(with, &op, &below[i]),
                             query_holds(op, 1) ? OST__FOLD_ALWAYS : OST__FOLD_NEVER);
            assert_int_equal(ost__fold(with, &op, &above[i]),
                             query_holds(op, -1) ? OST__FOLD_ALWAYS : OST__FOLD_NEVER);
            assert_int_equal(op, query_comparisons[k]);
        }
    }
}

static void enumerations_fold_to_names_that_exist(void **state)
{
    const ost__operand mood = ost__operand_of_field(field_of("mood"));
    (void)state;
    for (size_t k = 0; k < COMPARISONS; k++)
        for (int64_t n = -1; n <= 3; n++) {
            ost_value v = ost_value_int(n);
            uint16_t op = query_comparisons[k];
            enum ost__folded expected = n >= CALM && n <= SAD ? OST__FOLD_VALUE
                                        : op == OST_OP_EQ     ? OST__FOLD_NEVER
                                        : op == OST_OP_NE     ? OST__FOLD_ALWAYS
                                                              : OST__FOLD_BAD;
            assert_int_equal(ost__fold(&mood, &op, &v), expected);
        }
    ost_value v = ost_value_uint(UINT64_MAX);
    assert_int_equal(ost__fold(&mood, &(uint16_t){ OST_OP_EQ }, &v), OST__FOLD_NEVER);
    v = ost_value_text("glad");
    assert_int_equal(ost__fold(&mood, &(uint16_t){ OST_OP_EQ }, &v), OST__FOLD_VALUE);
}

/* ---- what does not fold ---- */

static void kinds_that_do_not_go_together_are_refused(void **state)
{
    static const char *const members[] = { "flag", "i32", "u64",  "exact",  "text",  "code", "data",
                                           "at",   "day", "uuid", "object", "price", "mood" };
    const ost_value values[] = {
        ost_value_bool(true),
        ost_value_int(1),
        ost_value_uint(1),
        ost_value_double(1),
        decimal_value("1"),
        ost_value_text("a"),
        ost_value_blob((ost_blob){ "a", 1 }),
        ost_value_time((ost_time){ 0 }),
        ost_value_date((ost_date){ 0 }),
        ost_value_uuid((ost_uuid){ { 0 } }),
        ost_value_object_id((ost_object_id){ { 0 } }),
        ost_value_json((ost_json){ "1" }),
        ost_value_point((ost_point){ 0, 0 }),
    };
    /* Rows as in `members`, columns as in `values`: x where they go together. */
    static const char *const table[] = {
        "xxx..........", "xxxxx........", "xxxxx........", ".xxxx........", ".....x.......",
        ".....x.......", "......x......", ".......x.....", "........x....", ".........x...",
        "..........x..", ".xx.x........", ".xx..x.......",
    };
    (void)state;
    for (size_t i = 0; i < 13; i++)
        for (size_t k = 0; k < 13; k++) {
            const ost__operand with = ost__operand_of_field(field_of(members[i]));
            ost_value v = values[k];
            enum ost__folded folded = ost__fold(&with, &(uint16_t){ OST_OP_EQ }, &v);
            if ((folded == OST__FOLD_VALUE) != (table[i][k] == 'x') ||
                (folded != OST__FOLD_VALUE && folded != OST__FOLD_MISFIT))
                fail_msg("%s with a value of kind %u: %d", members[i], values[k].type, (int)folded);
        }
}

static void nothing_nan_and_broken_text_are_refused(void **state)
{
    const ost_value nothing = { .type = OST_TYPE_NONE };
    ost_value cases[] = { nothing, ost_value_text(NULL), ost_value_blob((ost_blob){ NULL, 0 }),
                          ost_value_opt_int((ost_opt_int){ .present = false }) };
    static const char *const members[] = { "i32", "text", "data", "maybe" };
    const ost__operand text = ost__operand_of_field(field_of("text"));
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const ost__operand with = ost__operand_of_field(field_of(members[i]));
        assert_int_equal(ost__fold(&with, &(uint16_t){ OST_OP_EQ }, &cases[i]), OST__FOLD_NULL);
    }
    static const char *const numbers[] = { "i8", "u64", "real", "exact" };
    for (size_t i = 0; i < 4; i++) {
        const ost__operand with = ost__operand_of_field(field_of(numbers[i]));
        ost_value nan_value = ost_value_double((double)NAN);
        assert_int_equal(ost__fold(&with, &(uint16_t){ OST_OP_EQ }, &nan_value), OST__FOLD_BAD);
    }
    static const char *const broken[] = { "\xff", "a\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                          "\xc0\xaf" };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        ost_value v = ost_value_text(broken[i]);
        assert_int_equal(ost__fold(&text, &(uint16_t){ OST_OP_EQ }, &v), OST__FOLD_BAD);
    }
    static const char *const numbers_of_decimals[] = { "i8", "price" };
    for (size_t i = 0; i < 2; i++) {
        const ost__operand with = ost__operand_of_field(field_of(numbers_of_decimals[i]));
        ost_value v = ost_value_decimal((ost_decimal){ .low = 1, .scale = 39 });
        assert_int_equal(ost__fold(&with, &(uint16_t){ OST_OP_EQ }, &v), OST__FOLD_BAD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_fold_without_a_change_of_meaning),
        cmocka_unit_test(reals_fold_to_the_members_kind),
        cmocka_unit_test(times_and_days_fold_at_their_bounds),
        cmocka_unit_test(enumerations_fold_to_names_that_exist),
        cmocka_unit_test(kinds_that_do_not_go_together_are_refused),
        cmocka_unit_test(nothing_nan_and_broken_text_are_refused),
    };
    return cmocka_run_group_tests(tests, query_open, query_close);
}
