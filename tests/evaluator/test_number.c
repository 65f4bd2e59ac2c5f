/* SPDX-License-Identifier: MIT */
#include "number.h"

#include "value.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static ev_number number(const char *text)
{
    ost_decimal d;
    if (!ost_decimal_parse(text, &d))
        abort();
    return ev_number_of_decimal(d);
}

static void is(ev_number n, const char *text)
{
    char printed[EV_NUMBER_TEXT];
    ev_number_print(&n, printed);
    assert_string_equal(printed, text);
}

static ev_number sum(const char *a, const char *b)
{
    ev_number x = number(a), y = number(b);
    return ev_number_add(&x, &y);
}

static void adds_with_signs_and_scales(void **state)
{
    (void)state;
    is(sum("1.5", "2.25"), "3.75");
    is(sum("-1.5", "1.50"), "0.00");
    is(sum("-10", "0.01"), "-9.99");
    is(sum("10", "-0.01"), "9.99");
    is(sum("-10", "-0.01"), "-10.01");
    is(sum("99999999999999999999999999999999999999", "1"),
       "100000000000000000000000000000000000000");
}

static void divides_half_to_even(void **state)
{
    static const struct {
        const char *sum;
        uint32_t count;
        int scale;
        const char *quotient;
    } cases[] = {
        { "2.00", 3, 8, "0.66666667" },
        { "0.01", 128, 8, "0.00007812" },
        { "0.03", 128, 8, "0.00023438" },
        { "-0.01", 128, 8, "-0.00007812" },
        { "1", 2, 0, "0" },
        { "3", 2, 0, "2" },
        { "5", 2, 0, "2" },
        { "-7", 2, 0, "-4" },
        { "0", 7, 6, "0.000000" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ev_number n = number(cases[i].sum);
        is(ev_number_divide(&n, cases[i].count, cases[i].scale), cases[i].quotient);
    }
}

static int order(const char *a, double b)
{
    ev_number n = number(a);
    return ev_number_compare_double(&n, b);
}

static void compares_with_doubles_by_their_exact_value(void **state)
{
    (void)state;
    assert_int_equal(order("0.5", 0.5), 0);
    assert_int_equal(order("0.1", 0.1), -1); /* the double is a little more than a tenth */
    assert_int_equal(order("-0.1", -0.1), 1);
    assert_int_equal(order("9007199254740993", 9007199254740992.0), 1);
    assert_int_equal(order("9223372036854775807", 9223372036854775808.0), -1);
    assert_int_equal(order("0", -0.0), 0);
    assert_int_equal(order("0", 5e-324), -1);
    assert_int_equal(order("1", INFINITY), -1);
    assert_int_equal(order("-1", -INFINITY), 1);
    assert_int_equal(order("5", -7.0), 1);
}

static void keeps_the_ends_of_every_width(void **state)
{
    int64_t n;
    uint64_t u;
    ost_decimal d;
    ev_number low = ev_number_of_int(INT64_MIN), high = ev_number_of_uint(UINT64_MAX);
    ev_number beyond = sum("9223372036854775807", "1");
    (void)state;
    assert_true(ev_number_to_int(&low, &n) && n == INT64_MIN);
    assert_true(ev_number_to_uint(&high, &u) && u == UINT64_MAX);
    assert_false(ev_number_to_int(&beyond, &n));
    assert_false(ev_number_to_uint(&low, &u));
    assert_true(ev_number_to_decimal(&low, 38, 2, &d));
    is(ev_number_of_decimal(d), "-9223372036854775808.00");
    low = number("1.005");
    assert_false(ev_number_to_decimal(&low, 38, 2, &d));
    low = number("1.500");
    assert_true(ev_number_to_decimal(&low, 3, 2, &d));
    is(ev_number_of_decimal(d), "1.50");
    assert_false(ev_number_to_decimal(&low, 2, 2, &d));
}

static void folds_the_letters_of_the_tests(void **state)
{
    ev_scratch s = { NULL };
    (void)state;
    assert_string_equal(ev_fold("ABC xyz %_", &s), "abc xyz %_");
    assert_string_equal(ev_fold("CAF\xc3\x89", &s), "caf\xc3\xa9");
    assert_string_equal(ev_fold("stra\xc3\x9f"
                                "e",
                                &s),
                        "strasse");
    assert_string_equal(ev_fold("\xce\xa3\xcf\x82", &s), "\xcf\x83\xcf\x83");
    ev_scratch_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_with_signs_and_scales),
        cmocka_unit_test(divides_half_to_even),
        cmocka_unit_test(compares_with_doubles_by_their_exact_value),
        cmocka_unit_test(keeps_the_ends_of_every_width),
        cmocka_unit_test(folds_the_letters_of_the_tests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
