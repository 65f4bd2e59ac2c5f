/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "base/decimal.h"
#include "base/error.h"
#include "tracker.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

static void check(double x, const char *expected)
{
    char text[32];
    assert_int_equal(ost__print_double(x, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void known_texts(void **state)
{
    (void)state;
    check(0.0, "0.0");
    check(-0.0, "-0.0");
    check(1.0, "1.0");
    check(1.5, "1.5");
    check(-19.99, "-19.99");
    check(0.1, "0.1");
    check(0.1 + 0.2, "0.30000000000000004");
    check(100.0, "100.0");
    check(0.0001, "0.0001");
    check(0.00001, "1e-05");
    check(0.000123, "0.000123");
    check(123456789012345.0, "123456789012345.0");
    check(1234567890123456.0, "1234567890123456.0");
    check(9007199254740993.0, "9007199254740992.0");
    check(1e16, "1e+16");
    check(12345678901234567890.0, "1.2345678901234567e+19");
    check(1e300, "1e+300");
    check(5e-324, "5e-324");
    check(DBL_MIN, "2.2250738585072014e-308");
    check(DBL_MAX, "1.7976931348623157e+308");
    /* Below a power of two the gap is narrower than above, and two texts of 16 digits are as near.
     */
    check(5.684341886080802e-14, "5.684341886080802e-14");
    check(9007199254740992.0 / 5, "1801439850948198.5");
    check(1801514316094494.25, "1801514316094494.2");
    check((double)0.1F, "0.10000000149011612");
}

static void fm37_every_class_has_a_text(void **state)
{
    (void)state;
    check((double)NAN, "NaN");
    check(-(double)NAN, "NaN");
    check((double)INFINITY, "Infinity");
    check(-(double)INFINITY, "-Infinity");
}

static size_t significant_digits(const char *text)
{
    size_t count = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text == '-' || *text == '.' || (*text == '0' && count == 0))
            continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

static double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void reads_back_and_is_short(double x)
{
    char text[32], other[40];
    size_t length = ost__print_double(x, text);
    assert_true(length < sizeof text && text[length] == '\0');
    double back = strtod(text, NULL);
    assert_memory_equal(&back, &x, sizeof x);
    /* No text of fewer digits that the C library finds reads back the same. */
    size_t digits = significant_digits(text);
    assert_true(digits <= 17);
    if (digits > 1) {
        snprintf(other, sizeof other, "%.*e", (int)digits - 2, x);
        assert_true(strtod(other, NULL) != x);
    }
    assert_true(strpbrk(text, ".e") != NULL);
}

static void random_numbers_read_back(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        double x = from_bits(tracker_random(&seed));
        if (isfinite(x) && fabs(x) > 0)
            reads_back_and_is_short(x);
        x = (double)(int64_t)(tracker_random(&seed) % 2000000000) / (i % 2 ? 100 : 1000);
        if (x > 0)
            reads_back_and_is_short(x);
    }
    for (int power = -1074; power < 1024; power++) {
        uint64_t bits;
        double x = ldexp(1.0, power);
        memcpy(&bits, &x, sizeof bits);
        reads_back_and_is_short(x);
        reads_back_and_is_short(from_bits(bits + 1));
        if (power > -1074)
            reads_back_and_is_short(from_bits(bits - 1));
    }
}

/* Makes a locale whose decimal point is a comma, as in most of Europe, so that no machine needs to
 * have one. */
static void use_comma_locale(void)
{
    char folder[] = "ostler_locale_XXXXXX", path[64], command[256];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/source", folder);
    FILE *source = fopen(path, "w");
    assert_non_null(source);
    fputs("LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n",
          source);
    assert_int_equal(fclose(source), 0);
    /* It complains that the other categories are missing; whether it worked is seen below. */
    snprintf(command, sizeof command, "localedef -c -i %s ./%s/comma >/dev/null 2>&1", path,
             folder);
    bool ran = system(command) != -1;
    bool set = setenv("LOCPATH", folder, 1) == 0 && setlocale(LC_NUMERIC, "comma") != NULL;
    snprintf(command, sizeof command, "rm -rf ./%s", folder);
    bool removed = system(command) == 0;
    assert_true(ran && set && removed);
}

static void fm68_comma_locale_changes_nothing(void **state)
{
    (void)state;
    char text[32];
    use_comma_locale();
    snprintf(text, sizeof text, "%.1f", 1.5);
    assert_string_equal(text, "1,5");
    check(1.5, "1.5");
    check(-1234567.25, "-1234567.25");
    check(0.1 + 0.2, "0.30000000000000004");
    check(1.7e300, "1.7e+300");
    ost_decimal d;
    assert_true(ost_decimal_parse("-12345678901234567890.25", &d));
    double x = ost__decimal_to_double(d);
    check(x, "-1.2345678901234567e+19");
    assert_true(ost__decimal_from_double(1234.5, 6, 2, &d));
    assert_int_equal(ost_decimal_compare(d, ost_decimal_of(12345, 1)), 0);
    ost__print(text, sizeof text, "%d %s", 1234567, "x");
    assert_string_equal(text, "1234567 x");
    setlocale(LC_NUMERIC, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts),
        cmocka_unit_test(fm37_every_class_has_a_text),
        cmocka_unit_test(random_numbers_read_back),
        cmocka_unit_test(fm68_comma_locale_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
