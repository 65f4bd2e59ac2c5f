/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
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
    for (int i = 0; i < 100000; i++) {
        double x = from_bits(tracker_random(&seed));
        if (isfinite(x) && fabs(x) > 0)
            reads_back_and_is_short(x);
        x = (double)(int64_t)(tracker_random(&seed) % 2000000000) / (i % 2 ? 100 : 1000);
        if (x > 0)
            reads_back_and_is_short(x);
    }
    for (int power = -1074; power < 1024; power++) {
        double x = ldexp(1.0, power);
        reads_back_and_is_short(x);
        reads_back_and_is_short(nextafter(x, INFINITY));
        if (power > -1074)
            reads_back_and_is_short(nextafter(x, 0));
    }
}

/* A locale whose decimal point is a comma: the machine's, or one made for this test. */
static bool use_comma_locale(void)
{
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (setlocale(LC_ALL, names[i]) != NULL)
            return true;
    }
    char folder[] = "ostler_locale_XXXXXX", command[256];
    if (mkdtemp(folder) == NULL)
        return false;
    snprintf(command, sizeof command,
             "localedef -i de_DE -f UTF-8 ./%s/de_DE.UTF-8 >/dev/null 2>&1", folder);
    bool found = system(command) == 0 && setenv("LOCPATH", folder, 1) == 0 &&
                 setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
    snprintf(command, sizeof command, "rm -rf ./%s", folder);
    return system(command) == 0 && found;
}

static void fm68_comma_locale_changes_nothing(void **state)
{
    (void)state;
    char text[32];
    if (use_comma_locale()) {
        snprintf(text, sizeof text, "%.1f", 1.5);
        assert_string_equal(text, "1,5");
    } else {
        print_message("no locale with a comma on this machine: checked in the C locale only\n");
    }
    check(1.5, "1.5");
    check(-1234567.25, "-1234567.25");
    check(0.1 + 0.2, "0.30000000000000004");
    check(1.7e300, "1.7e+300");
    setlocale(LC_ALL, "C");
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
