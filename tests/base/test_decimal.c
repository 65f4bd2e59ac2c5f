/* SPDX-License-Identifier: MIT */
#include "base/decimal.h"
#include "tracker.h"

#include <math.h>

/* A natural number, digit by digit as on paper: the judge of what decimal.c computes. */
enum { PAPER = 200 };
typedef struct paper {
    uint8_t digits[PAPER]; /* least significant first */
} paper;

static paper paper_from(const char *text)
{
    paper p = { { 0 } };
    size_t length = strlen(text), at = 0;
    while (length > 0 && at < PAPER) {
        if (text[--length] >= '0' && text[length] <= '9')
            p.digits[at++] = (uint8_t)(text[length] - '0');
    }
    return p;
}

static int paper_compare(const paper *a, const paper *b)
{
    for (size_t i = PAPER; i > 0; i--) {
        if (a->digits[i - 1] != b->digits[i - 1])
            return a->digits[i - 1] < b->digits[i - 1] ? -1 : 1;
    }
    return 0;
}

static paper paper_add(const paper *a, const paper *b)
{
    paper sum = { { 0 } };
    int carry = 0;
    for (size_t i = 0; i < PAPER; i++) {
        carry += a->digits[i] + b->digits[i];
        sum.digits[i] = (uint8_t)(carry % 10);
        carry /= 10;
    }
    assert_int_equal(carry, 0);
    return sum;
}

/* The larger less the smaller. */
static paper paper_difference(const paper *a, const paper *b)
{
    paper rest = { { 0 } };
    int borrow = 0;
    if (paper_compare(a, b) < 0)
        return paper_difference(b, a);
    for (size_t i = 0; i < PAPER; i++) {
        int digit = a->digits[i] - b->digits[i] - borrow;
        borrow = digit < 0;
        rest.digits[i] = (uint8_t)(digit + 10 * borrow);
    }
    return rest;
}

static paper paper_multiply(const paper *a, const paper *b)
{
    paper product = { { 0 } };
    for (size_t i = 0; i < PAPER; i++) {
        int carry = 0;
        for (size_t j = 0; a->digits[i] > 0 && i + j < PAPER; j++) {
            carry += product.digits[i + j] + a->digits[i] * b->digits[j];
            product.digits[i + j] = (uint8_t)(carry % 10);
            carry /= 10;
        }
    }
    return product;
}

static paper paper_shift(const paper *a, int32_t by)
{
    paper p = { { 0 } };
    memcpy(p.digits + by, a->digits, (size_t)(PAPER - by));
    return p;
}

static int paper_length(const paper *a)
{
    int length = PAPER;
    while (length > 0 && a->digits[length - 1] == 0)
        length--;
    return length;
}

/* A random decimal as text: any number of digits up to `most`, any scale up to that. */
static void random_text(uint64_t *seed, int most, char *out)
{
    int digits = 1 + (int)(tracker_random(seed) % (uint64_t)most);
    int scale = (int)(tracker_random(seed) % (uint64_t)digits);
    if (tracker_random(seed) % 2)
        *out++ = '-';
    for (int i = 0; i < digits; i++) {
        uint64_t kind = tracker_random(seed) % 8;
        if (i == digits - scale)
            *out++ = '.';
        *out++ = (char)('0' + (kind == 0 ? 9 : kind == 1 ? 0 : tracker_random(seed) % 10));
    }
    *out = '\0';
}

/* The same text without needless zeros in front and without the sign of a zero. */
static void plain_text(const char *text, char *out)
{
    bool negative = *text == '-';
    text += negative;
    while (text[0] == '0' && text[1] != '\0' && text[1] != '.')
        text++;
    if (negative && strspn(text, "0.") < strlen(text))
        *out++ = '-';
    memcpy(out, text, strlen(text) + 1);
}

static int32_t scale_of(const char *text)
{
    const char *point = strchr(text, '.');
    return point ? (int32_t)strlen(point + 1) : 0;
}

/* Compares two texts as numbers: all digits at the scale of 38. */
static int judge_compare(const char *a, const char *b)
{
    paper x = paper_from(a), y = paper_from(b), zero = { { 0 } };
    x = paper_shift(&x, 38 - scale_of(a));
    y = paper_shift(&y, 38 - scale_of(b));
    int x_sign = paper_compare(&x, &zero) == 0 ? 0 : *a == '-' ? -1 : 1;
    int y_sign = paper_compare(&y, &zero) == 0 ? 0 : *b == '-' ? -1 : 1;
    if (x_sign != y_sign)
        return x_sign < y_sign ? -1 : 1;
    return x_sign * paper_compare(&x, &y);
}

static int sign_of(int n)
{
    return (n > 0) - (n < 0);
}

static ost_decimal parsed(const char *text)
{
    ost_decimal d = { .scale = -1 };
    assert_true(ost_decimal_parse(text, &d));
    assert_int_equal(d.reserved, 0);
    return d;
}

static void check_print(ost_decimal d, const char *expected)
{
    char text[OST_DECIMAL_TEXT_SIZE];
    memset(text, '?', sizeof text);
    assert_int_equal(ost_decimal_print(d, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void fm38_random_decimals_are_exact(void **state)
{
    (void)state;
    uint64_t seed = 38;
    char before[64] = "0", now[64], expected[64];
    char canonical_before[OST__DECIMAL_CANONICAL_SIZE], canonical[OST__DECIMAL_CANONICAL_SIZE];
    ost__decimal_to_canonical(parsed(before), canonical_before);
    for (int i = 0; i < 100000; i++) {
        random_text(&seed, i % 3 ? 38 : 6, now);
        ost_decimal d = parsed(now), last = parsed(before);
        plain_text(now, expected);
        check_print(d, expected);
        assert_int_equal(d.scale, scale_of(now));
        paper p = paper_from(now);
        int length = paper_length(&p);
        assert_int_equal(ost__decimal_digits(d), length ? length : 1);
        assert_int_equal(ost__decimal_is_zero(d), length == 0);

        int order = judge_compare(before, now);
        assert_int_equal(ost_decimal_compare(last, d), order);
        assert_int_equal(ost_decimal_compare(d, last), -order);
        assert_int_equal(ost_decimal_compare(d, d), 0);
        ost__decimal_to_canonical(d, canonical);
        assert_int_equal(strlen(canonical), OST__DECIMAL_CANONICAL_SIZE - 1);
        assert_int_equal(sign_of(strcmp(canonical_before, canonical)), order);
        memcpy(canonical_before, canonical, sizeof canonical);
        memcpy(before, now, sizeof now);
    }
}

static void sortable_order_is_the_numbers_order(void **state)
{
    (void)state;
    uint64_t seed = 12;
    for (int i = 0; i < 100000; i++) {
        int32_t precision = 1 + (int32_t)(tracker_random(&seed) % 38);
        char a[64], b[64], x[OST__DECIMAL_SORTABLE_SIZE], y[OST__DECIMAL_SORTABLE_SIZE];
        random_text(&seed, precision, a);
        random_text(&seed, precision, b);
        ost_decimal d = parsed(a), other = parsed(b), back;
        other.scale = d.scale;
        assert_int_equal(ost__decimal_to_sortable(d, precision, x), 1 + precision);
        assert_int_equal(ost__decimal_to_sortable(other, precision, y), 1 + precision);
        assert_int_equal(strlen(x), 1 + precision);
        assert_int_equal(sign_of(strcmp(x, y)), ost_decimal_compare(d, other));
        assert_true(ost__decimal_from_sortable(x, strlen(x), precision, d.scale, &back));
        assert_memory_equal(&back, &d, sizeof d);
    }
}

static void sortable_refuses_what_it_never_writes(void **state)
{
    (void)state;
    char out[OST__DECIMAL_SORTABLE_SIZE];
    ost_decimal d;
    assert_int_equal(ost__decimal_to_sortable(parsed("12.34"), 3, out), 0);
    assert_int_equal(ost__decimal_to_sortable(parsed("12.34"), 0, out), 0);
    assert_int_equal(ost__decimal_to_sortable(parsed("12.34"), 39, out), 0);
    assert_int_equal(ost__decimal_to_sortable(parsed("12.34"), 6, out), 7);
    assert_string_equal(out, "p001234");
    assert_int_equal(ost__decimal_to_sortable(parsed("-12.34"), 6, out), 7);
    assert_string_equal(out, "n998765");
    assert_int_equal(ost__decimal_to_sortable(parsed("0.00"), 4, out), 5);
    assert_string_equal(out, "p0000");
    assert_false(ost__decimal_from_sortable("n9999", 5, 4, 2, &d));
    assert_false(ost__decimal_from_sortable("x0000", 5, 4, 2, &d));
    assert_false(ost__decimal_from_sortable("p00a0", 5, 4, 2, &d));
    assert_false(ost__decimal_from_sortable("p0000", 5, 5, 2, &d));
    assert_false(ost__decimal_from_sortable("p0000", 4, 4, 2, &d));
    assert_false(ost__decimal_from_sortable("p0000", 5, 4, 39, &d));
    assert_false(ost__decimal_from_sortable("", 0, 4, 2, &d));
}

static void texts_that_are_no_decimal(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "-",
        "+",
        ".",
        ".5",
        "5.",
        "1..2",
        "1.2.3",
        "1e5",
        " 1",
        "1 ",
        "1,5",
        "0x1",
        "--1",
        "+-1",
        "NaN",
        "-.5",
        "1.-2",
        "- 1",
        "1_0",
        "\xC2\xB2",
        "100000000000000000000000000000000000000",
        "0.000000000000000000000000000000000000001",
        "0.000000000000000000000000000000000000000",
        "99999999999999999999999999999999999999.9",
    };
    ost_decimal d = { .low = 77, .scale = 7 };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(ost_decimal_parse(texts[i], &d));
    assert_false(ost_decimal_parse(NULL, &d));
    assert_false(ost__decimal_parse_n("1\0002", 3, &d));
    assert_true(d.low == 77 && d.scale == 7);
    assert_true(ost__decimal_parse_n("12.5xyz", 4, &d));
    check_print(d, "12.5");
}

static void texts_at_the_edges(void **state)
{
    (void)state;
    check_print(parsed("+1.50"), "1.50");
    check_print(parsed("-0"), "0");
    check_print(parsed("-0.00"), "0.00");
    check_print(parsed("00000000000000000000000000000000000000000000000000007"), "7");
    check_print(parsed("0.00000000000000000000000000000000000001"),
                "0.00000000000000000000000000000000000001");
    check_print(parsed("-99999999999999999999999999999999999999"),
                "-99999999999999999999999999999999999999");
    check_print(parsed("-0.99999999999999999999999999999999999999"),
                "-0.99999999999999999999999999999999999999");
    check_print(ost_decimal_of(1050, 2), "10.50");
    check_print(ost_decimal_of(INT64_MIN, 0), "-9223372036854775808");
    check_print(ost_decimal_of(INT64_MIN, 38), "-0.00000000000000000009223372036854775808");
    check_print(ost_decimal_of(5, 39), "0");
    check_print(ost_decimal_of(5, -1), "0");
    check_print(ost__decimal_from_uint(UINT64_MAX), "18446744073709551615");
    check_print(ost_decimal_negate(parsed("1.50")), "-1.50");
    check_print(ost_decimal_negate(parsed("-1.50")), "1.50");
    check_print(ost_decimal_negate(parsed("0.0")), "0.0");
}

/* The struct is public, so that a program may put anything into it. */
static void made_by_hand_and_wrong(void **state)
{
    (void)state;
    ost_decimal least = { .high = INT64_MIN, .scale = 38 }, out = { .low = 77 };
    ost_decimal odd = { .low = 5, .scale = 1000 };
    char text[OST_DECIMAL_TEXT_SIZE], canonical[OST__DECIMAL_CANONICAL_SIZE];
    bool exact;
    assert_true(ost_decimal_print(least, text) < sizeof text);
    assert_string_equal(text, "-1.70141183460469231731687303715884105728");
    assert_int_equal(ost_decimal_compare(ost_decimal_negate(least), least), 0);
    ost_decimal_print(odd, text);
    assert_string_equal(text, "invalid");
    assert_false(ost__decimal_rescale(odd, 2, &out));
    assert_false(ost__decimal_rescale(least, 38, &out));
    assert_false(ost__decimal_fit(least, 38, 38, &out));
    assert_false(ost__decimal_add(odd, odd, &out));
    assert_false(ost__decimal_floor(odd, 2, &out, &exact));
    assert_false(ost__decimal_divide(odd, 1, 2, &out));
    assert_int_equal(ost__decimal_to_canonical(odd, canonical), 0);
    assert_true(isnan(ost__decimal_to_double(odd)));
    assert_int_equal(ost_decimal_compare(odd, parsed("4")), 1);
    assert_true(out.low == 77);
}

static void fit_never_rounds(void **state)
{
    (void)state;
    ost_decimal d = { .low = 77 };
    assert_true(ost__decimal_fit(parsed("123.4500"), 5, 2, &d));
    check_print(d, "123.45");
    assert_false(ost__decimal_fit(parsed("123.4501"), 9, 2, &d));
    assert_false(ost__decimal_fit(parsed("1234.5"), 5, 2, &d));
    assert_true(ost__decimal_fit(parsed("-999.9"), 5, 2, &d));
    check_print(d, "-999.90");
    assert_true(ost__decimal_fit(parsed("0"), 1, 38, &d));
    check_print(d, "0.00000000000000000000000000000000000000");
    assert_false(ost__decimal_fit(parsed("1"), 38, 38, &d));
    assert_false(ost__decimal_fit(parsed("1"), 0, 0, &d));
    assert_false(ost__decimal_fit(parsed("1"), 39, 0, &d));
    assert_false(ost__decimal_rescale(parsed("1"), -1, &d));
    assert_false(ost__decimal_rescale(parsed("1"), 39, &d));
    assert_true(ost__decimal_rescale(parsed("-1.00"), 0, &d));
    check_print(d, "-1");
}

static void check_floor(const char *text, int32_t scale, const char *expected, bool is_exact)
{
    ost_decimal d;
    bool exact = !is_exact;
    assert_true(ost__decimal_floor(parsed(text), scale, &d, &exact));
    check_print(d, expected);
    assert_int_equal(exact, is_exact);
}

static void floor_goes_down(void **state)
{
    (void)state;
    ost_decimal d;
    bool exact;
    check_floor("1.29", 1, "1.2", false);
    check_floor("-1.21", 1, "-1.3", false);
    check_floor("-1.20", 1, "-1.2", true);
    check_floor("-0.01", 0, "-1", false);
    check_floor("0.99", 0, "0", false);
    check_floor("7", 2, "7.00", true);
    assert_false(ost__decimal_floor(parsed("10"), 38, &d, &exact));
    assert_false(ost__decimal_floor(parsed("10"), 39, &d, &exact));
}

static void sums_agree_with_paper(void **state)
{
    (void)state;
    uint64_t seed = 77;
    int refused = 0;
    for (int i = 0; i < 50000; i++) {
        char a[64], b[64], text[OST_DECIMAL_TEXT_SIZE];
        random_text(&seed, 38, a);
        random_text(&seed, i % 2 ? 38 : 10, b);
        int32_t scale = scale_of(a) > scale_of(b) ? scale_of(a) : scale_of(b);
        paper x = paper_from(a), y = paper_from(b), z;
        x = paper_shift(&x, scale - scale_of(a));
        y = paper_shift(&y, scale - scale_of(b));
        z = (*a == '-') == (*b == '-') ? paper_add(&x, &y) : paper_difference(&x, &y);
        bool negative = paper_compare(&x, &y) >= 0 ? *a == '-' : *b == '-';
        ost_decimal sum;
        bool done = ost__decimal_add(parsed(a), parsed(b), &sum);
        assert_int_equal(done, paper_length(&z) <= 38);
        refused += !done;
        if (!done)
            continue;
        assert_int_equal(sum.scale, scale);
        ost_decimal_print(sum, text);
        paper printed = paper_from(text);
        assert_int_equal(paper_compare(&printed, &z), 0);
        assert_int_equal(*text == '-', negative && paper_length(&z) > 0);
    }
    assert_true(refused > 100 && refused < 40000);
    ost_decimal d;
    assert_true(
        ost__decimal_add(parsed("10000000000000000000000000000000000000"), parsed("-0.1"), &d));
    check_print(d, "9999999999999999999999999999999999999.9");
}

static void quotients_are_the_nearest(void **state)
{
    (void)state;
    uint64_t seed = 4;
    int refused = 0;
    for (int i = 0; i < 20000; i++) {
        char text[64], count_text[64], quotient_text[OST_DECIMAL_TEXT_SIZE];
        random_text(&seed, 38, text);
        int64_t count = (int64_t)(tracker_random(&seed) >> (1 + i % 60)) + 1;
        int32_t scale = (int32_t)(tracker_random(&seed) % 39);
        ost_decimal q = { 0 };
        bool done = ost__decimal_divide(parsed(text), count, scale, &q);
        ost_decimal_print(ost_decimal_of(count, 0), count_text);
        ost_decimal_print(q, quotient_text);
        /* |c * 10^scale - q * unit| * 2 <= unit, where unit = count * 10^(scale of c). */
        paper c = paper_from(text), unit = paper_from(count_text), product;
        c = paper_shift(&c, scale);
        unit = paper_shift(&unit, scale_of(text));
        if (!done) {
            paper limit = paper_shift(&unit, 38), twice = paper_add(&c, &c);
            limit = paper_add(&limit, &limit);
            limit = paper_difference(&limit, &unit);
            assert_true(paper_compare(&twice, &limit) >= 0);
            refused++;
            continue;
        }
        assert_int_equal(q.scale, scale);
        product = paper_from(quotient_text);
        product = paper_multiply(&product, &unit);
        paper error = paper_difference(&c, &product);
        error = paper_add(&error, &error);
        int half = paper_compare(&error, &unit);
        assert_true(half < 0 || (half == 0 && q.low % 2 == 0));
        assert_int_equal(*quotient_text == '-', *text == '-' && !ost__decimal_is_zero(q));
    }
    assert_true(refused > 100 && refused < 15000);
}

static void check_divide(const char *sum, int64_t count, int32_t scale, const char *expected)
{
    ost_decimal q;
    assert_true(ost__decimal_divide(parsed(sum), count, scale, &q));
    check_print(q, expected);
}

static void quotients_round_half_to_even(void **state)
{
    (void)state;
    ost_decimal q;
    check_divide("0.5", 1, 0, "0");
    check_divide("1.5", 1, 0, "2");
    check_divide("2.5", 1, 0, "2");
    check_divide("-2.5", 1, 0, "-2");
    check_divide("5", 2, 0, "2");
    check_divide("7", 2, 0, "4");
    check_divide("5.0000000000001", 2, 0, "3");
    check_divide("10.00", 3, 8, "3.33333333");
    check_divide("20.00", 3, 8, "6.66666667");
    check_divide("1.00", INT64_MAX, 2, "0.00");
    assert_false(ost__decimal_divide(parsed("1"), 0, 2, &q));
    assert_false(ost__decimal_divide(parsed("1"), -1, 2, &q));
    assert_false(ost__decimal_divide(parsed("1"), 1, 39, &q));
    assert_false(ost__decimal_divide(parsed("1"), 1, 38, &q));
}

static void units_that_fit(void **state)
{
    (void)state;
    int64_t n = 77;
    assert_true(ost__decimal_units(parsed("-12.50"), &n));
    assert_true(n == -1250);
    assert_true(ost__decimal_units(parsed("9223372036854775807"), &n));
    assert_true(n == INT64_MAX);
    assert_true(ost__decimal_units(parsed("-9223372036854775808"), &n));
    assert_true(n == INT64_MIN);
    assert_false(ost__decimal_units(parsed("9223372036854775808"), &n));
    assert_false(ost__decimal_units(parsed("-9223372036854775809"), &n));
    assert_false(ost__decimal_units(parsed("18446744073709551616"), &n));
    assert_true(n == INT64_MIN);
}

static void doubles_are_the_nearest(void **state)
{
    (void)state;
    uint64_t seed = 21;
    char text[64];
    for (int i = 0; i < 50000; i++) {
        random_text(&seed, i % 2 ? 38 : 16, text);
        double x = ost__decimal_to_double(parsed(text)), expected = strtod(text, NULL);
        assert_true(!(x < expected) && !(x > expected));
    }
}

static bool from_double(double x, int32_t precision, int32_t scale, const char *expected)
{
    ost_decimal d = { 0 };
    if (!ost__decimal_from_double(x, precision, scale, &d))
        return false;
    check_print(d, expected);
    return true;
}

static void doubles_as_they_print(void **state)
{
    (void)state;
    assert_true(from_double(0.1, 10, 2, "0.10"));
    assert_true(from_double(-19.99, 10, 2, "-19.99"));
    assert_true(from_double(-0.0, 10, 2, "0.00"));
    assert_true(from_double(1e22, 38, 0, "10000000000000000000000"));
    assert_true(from_double(1e-7, 10, 8, "0.00000010"));
    assert_true(from_double(123456789.125, 12, 3, "123456789.125"));
    assert_true(from_double(1e37, 38, 0, "10000000000000000000000000000000000000"));
    assert_false(from_double(0.1 + 0.2, 10, 2, ""));
    assert_false(from_double(1e38, 38, 0, ""));
    assert_false(from_double(1e300, 38, 0, ""));
    assert_false(from_double(1e-300, 38, 38, ""));
    assert_false(from_double(1000.5, 4, 2, ""));
    assert_false(from_double((double)NAN, 10, 2, ""));
    assert_false(from_double((double)INFINITY, 10, 2, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm38_random_decimals_are_exact),
        cmocka_unit_test(sortable_order_is_the_numbers_order),
        cmocka_unit_test(sortable_refuses_what_it_never_writes),
        cmocka_unit_test(texts_that_are_no_decimal),
        cmocka_unit_test(texts_at_the_edges),
        cmocka_unit_test(made_by_hand_and_wrong),
        cmocka_unit_test(fit_never_rounds),
        cmocka_unit_test(floor_goes_down),
        cmocka_unit_test(sums_agree_with_paper),
        cmocka_unit_test(quotients_are_the_nearest),
        cmocka_unit_test(quotients_round_half_to_even),
        cmocka_unit_test(units_that_fit),
        cmocka_unit_test(doubles_are_the_nearest),
        cmocka_unit_test(doubles_as_they_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
