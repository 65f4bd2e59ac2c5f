/* SPDX-License-Identifier: MIT */
#include "base/json_number.h"
#include "tracker.h"

#include <float.h>
#include <inttypes.h>
#include <stdio.h>

typedef struct whole_case {
    const char *text;
    bool is_int, is_uint;
    int64_t integer;
    uint64_t natural;
} whole_case;

static void whole_numbers_are_exact(void **state)
{
    (void)state;
    static const whole_case cases[] = {
        { "0", true, true, 0, 0 },
        { "-0", true, true, 0, 0 },
        { "-0.0e5", true, true, 0, 0 },
        { "0e999999999", true, true, 0, 0 },
        { "42", true, true, 42, 42 },
        { "-42", true, false, -42, 0 },
        { "1e3", true, true, 1000, 1000 },
        { "1.0", true, true, 1, 1 },
        { "1.50e1", true, true, 15, 15 },
        { "1500e-2", true, true, 15, 15 },
        { "1.5", false, false, 0, 0 },
        { "1e-1", false, false, 0, 0 },
        { "15e-2", false, false, 0, 0 },
        { "9007199254740993", true, true, 9007199254740993, 9007199254740993 },
        { "9223372036854775807", true, true, INT64_MAX, INT64_MAX },
        { "9223372036854775807.000", true, true, INT64_MAX, INT64_MAX },
        { "922337203685477580700e-2", true, true, INT64_MAX, INT64_MAX },
        { "9223372036854775808", false, true, 0, UINT64_C(9223372036854775808) },
        { "-9223372036854775808", true, false, INT64_MIN, 0 },
        { "-9223372036854775809", false, false, 0, 0 },
        { "18446744073709551615", false, true, 0, UINT64_MAX },
        { "1.8446744073709551615e19", false, true, 0, UINT64_MAX },
        { "18446744073709551616", false, false, 0, 0 },
        { "18446744073709551620", false, false, 0, 0 },
        { "99999999999999999999", false, false, 0, 0 },
        { "1e999999999", false, false, 0, 0 },
        { "1e-999999999", false, false, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const whole_case *c = &cases[i];
        int64_t integer = 7;
        uint64_t natural = 7;
        assert_int_equal(ost__json_int64(c->text, strlen(c->text), &integer), c->is_int);
        assert_true(integer == (c->is_int ? c->integer : 7));
        assert_int_equal(ost__json_uint64(c->text, strlen(c->text), &natural), c->is_uint);
        assert_true(natural == (c->is_uint ? c->natural : 7));
    }
    assert_true(ost__json_is_whole("1e30", 4));
    assert_true(ost__json_is_whole("-12.50e1", 8));
    assert_false(ost__json_is_whole("12.55e1", 7));
}

static void random_integers_come_back(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252;
    char text[32];
    for (int i = 0; i < 20000; i++) {
        uint64_t n = tracker_random(&seed) >> (i % 64), natural;
        int64_t integer, signed_n;
        memcpy(&signed_n, &n, sizeof n);
        size_t size = ost__print_uint(n, text);
        assert_true(ost__json_uint64(text, size, &natural) && natural == n);
        size = ost__print_int(signed_n, text);
        assert_true(ost__json_int64(text, size, &integer) && integer == signed_n);
    }
}

static double read_double(const char *text)
{
    double x = 7;
    assert_true(ost__json_double_of(text, strlen(text), &x));
    return x;
}

/* The machine's own is right under the locale "C", which a test has. */
static void expect_double(const char *text)
{
    double x = read_double(text), y = strtod(text, NULL);
    if (memcmp(&x, &y, sizeof x) != 0)
        fail_msg("%s: %a, not %a", text, x, y);
}

static void fm37_doubles_are_the_nearest(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "-0.0",
        "0.1",
        "1e22",
        "1e23",
        "8.5e22",
        "123456789012345e22",
        "9007199254740993",
        "9007199254740992.99999999999999999999999999999999999999999999999999999",
        "9007199254740993.00000000000000000000000000000000000000000000000000001",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "17976931348623157e292",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1e-323",
        "1e-400",
        "1e-999999999",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "0.000000000000000000000000000000000000000000001",
        "100000000000000000000000000000000000000000000000000000000000000000000000000000000e-80",
        "6.631236871469758276785396630275967e-4",
    };
    double x = 7;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect_double(texts[i]);
    assert_false(ost__json_double_of("1.7976931348623159e308", 22, &x));
    assert_false(ost__json_double_of("-1e309", 6, &x));
    assert_false(ost__json_double_of("1e999999999", 11, &x));
    assert_true(x == 7);
}

/* Half-way between two doubles, with all of its digits, then one unit in a far place more. */
static void a_far_digit_decides(void **state)
{
    (void)state;
    static const char half_way[] = "1.00000000000000011102230246251565404236316680908203125";
    char text[1600];
    assert_true(read_double(half_way) == 1.0);
    memset(text, '0', sizeof text);
    memcpy(text, half_way, sizeof half_way - 1);
    text[sizeof text - 1] = '\0';
    assert_true(read_double(text) == 1.0);
    text[sizeof text - 2] = '1';
    assert_true(read_double(text) == 1.0 + DBL_EPSILON);
    /* The smallest double, with all of its digits. */
    int size = snprintf(text, sizeof text, "%.1074f", 0x1p-1074);
    assert_int_equal(size, 1076);
    assert_true(read_double(text) == 0x1p-1074);
}

static void random_doubles_come_back(void **state)
{
    (void)state;
    uint64_t seed = 362436069;
    char text[64];
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = tracker_random(&seed);
        double x;
        memcpy(&x, &bits, sizeof x);
        if (x != x || x - x != 0)
            continue;
        ost__print_double(x, text);
        assert_true(read_double(text) == x);
        snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu64 "e%d", bits % 1000000007,
                 tracker_random(&seed), (int)(bits >> 40) % 330);
        double y = 0;
        bool fits = ost__json_double_of(text, strlen(text), &y);
        assert_true(fits == (strtod(text, NULL) <= DBL_MAX));
        if (fits)
            expect_double(text);
    }
}

static void decimals_keep_their_digits(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected; /* NULL: too long */
    } cases[] = {
        { "0", "0" },
        { "-0.00", "0.00" },
        { "1.50", "1.50" },
        { "-12.5", "-12.5" },
        { "5e0", "5" },
        { "5.0E-0", "5.0" },
        { "1.5e3", "1500" },
        { "1.50e1", "15.0" },
        { "15e-1", "1.5" },
        { "150e-3", "0.150" },
        { "-5e-3", "-0.005" },
        { "1e37", "10000000000000000000000000000000000000" },
        { "1e38", NULL },
        { "1e-38", "0.00000000000000000000000000000000000001" },
        { "1e-39", NULL },
        { "0e99", "0" },
        { "0e-99", "0.00000000000000000000000000000000000000" },
        { "10e-39", "0.00000000000000000000000000000000000001" },
        { "12345678901234567890123456789012345678", "12345678901234567890123456789012345678" },
        { "123456789012345678901234567890123456789", NULL },
        { "12.00000000000000000000000000000000000000000000",
          "12.000000000000000000000000000000000000" },
        { "0.1234567890123456789012345678901234567800000",
          "0.12345678901234567890123456789012345678" },
        { "0.123456789012345678901234567890123456789", NULL },
        { "1e999999999", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ost_decimal d;
        char text[OST_DECIMAL_TEXT_SIZE];
        bool read = ost__json_decimal(cases[i].text, strlen(cases[i].text), &d);
        assert_int_equal(read, cases[i].expected != NULL);
        if (!read)
            continue;
        ost_decimal_print(d, text);
        assert_string_equal(text, cases[i].expected);
    }
}

static void expect_canonical(const char *text, const char *expected)
{
    tracker t;
    ost__buffer out;
    tracker_begin(&t);
    ost__buffer_init(&out, &t.memory);
    ost__json_canonical_number(&out, text, strlen(text));
    assert_string_equal(out.data, expected);
    ost__buffer_finish(&out);
}

static void equal_numbers_have_one_text(void **state)
{
    (void)state;
    static const char *const groups[][6] = {
        { "0", "-0", "0.0", "-0e5", "0e-999999999" },
        { "1000", "1e3", "1000.0", "0.01e5", "1.000E+3", "100000e-2" },
        { "-1.5", "-15e-1", "-1.50", "-0.15e1" },
        { "0.0000001", "1e-7", "10e-8" },
        { "1e-8", "0.00000001", "10.0e-9" },
        { "1.25e-20", "0.0000000000000000000125", "125e-22" },
        { "100000000000000000000", "1e20" },
        { "1e21", "1000000000000000000000", "10e20" },
        { "123456789012345678901234567890", "1.2345678901234567890123456789e29" },
        { "123456789012345678901234567890.5", "12345678901234567890123456789.05e1" },
        { "9007199254740993", "9007199254740993.0" },
        { "1e999999999", "1.0e999999999" },
        { "-1.5e300", "-15e299" },
    };
    enum { COUNT = sizeof groups / sizeof groups[0] };
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < 6 && groups[i][j]; j++) {
            const char *x = groups[i][j];
            expect_canonical(x, groups[i][0]);
            for (size_t k = 0; k < COUNT; k++) {
                const char *y = groups[k][0];
                assert_int_equal(ost__json_same_number(x, strlen(x), y, strlen(y)), i == k);
            }
        }
    assert_false(ost__json_same_number("1.5", 3, "-1.5", 4));
    assert_false(ost__json_same_number("1", 1, "10", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_exact),
        cmocka_unit_test(random_integers_come_back),
        cmocka_unit_test(fm37_doubles_are_the_nearest),
        cmocka_unit_test(a_far_digit_decides),
        cmocka_unit_test(random_doubles_come_back),
        cmocka_unit_test(decimals_keep_their_digits),
        cmocka_unit_test(equal_numbers_have_one_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
