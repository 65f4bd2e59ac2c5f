/* SPDX-License-Identifier: MIT */
#include "base/decimal.h"
#include "base/buffer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum { DIGITS = OST__DECIMAL_DIGITS };

static const uint64_t small_powers[] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

/* 10^exponent, for exponents of 0 to 38. */
static uint128 power_of_ten(int exponent)
{
    if (exponent < 20)
        return small_powers[exponent];
    return (uint128)small_powers[19] * small_powers[exponent - 19];
}

static bool is_negative(ost_decimal d)
{
    return d.high < 0;
}

static uint128 magnitude(ost_decimal d)
{
    uint128 bits = (uint128)(uint64_t)d.high << 64 | d.low;
    return is_negative(d) ? 0 - bits : bits;
}

static ost_decimal compose(bool negative, uint128 size, int32_t scale)
{
    uint128 bits = negative ? 0 - size : size;
    uint64_t high = (uint64_t)(bits >> 64);
    ost_decimal d = { .low = (uint64_t)bits, .scale = scale };
    memcpy(&d.high, &high, sizeof high);
    return d;
}

static bool scale_is_valid(int32_t scale)
{
    return scale >= 0 && scale <= DIGITS;
}

/* A program can fill the struct with anything; what no parser makes is never computed with. */
static bool is_valid(ost_decimal d)
{
    return scale_is_valid(d.scale) && magnitude(d) < power_of_ten(DIGITS);
}

static int count_digits(uint128 n)
{
    int digits = 1;
    if (n >> 64 != 0)
        digits = 20;
    while (digits <= DIGITS && n >= power_of_ten(digits))
        digits++;
    return digits;
}

/* The last `width` digits, with zeros in front. */
static void put_digits(char *out, uint128 n, int width)
{
    while (width > 0) {
        uint64_t part = (uint64_t)(n % small_powers[19]);
        n /= small_powers[19];
        for (int i = 0; i < 19 && width > 0; i++) {
            out[--width] = (char)('0' + part % 10);
            part /= 10;
        }
    }
}

static unsigned digit_of(char c)
{
    return (unsigned)(unsigned char)c - '0';
}

/* Reads at most 38 digits. */
static uint128 get_digits(const char *text, int count)
{
    uint128 n = 0;
    for (int i = 0; i < count; i++)
        n = n * 10 + digit_of(text[i]);
    return n;
}

int ost__decimal_digits(ost_decimal d)
{
    return count_digits(magnitude(d));
}

bool ost__decimal_is_zero(ost_decimal d)
{
    return d.high == 0 && d.low == 0;
}

bool ost__decimal_rescale(ost_decimal d, int32_t scale, ost_decimal *out)
{
    if (!is_valid(d) || !scale_is_valid(scale))
        return false;
    if (scale == d.scale) {
        *out = d;
        return true;
    }
    uint128 size = magnitude(d);
    if (scale > d.scale) {
        int more = scale - d.scale;
        if (size >= power_of_ten(DIGITS - more))
            return false;
        size *= power_of_ten(more);
    } else {
        uint128 divisor = power_of_ten(d.scale - scale);
        if (size % divisor != 0)
            return false;
        size /= divisor;
    }
    *out = compose(is_negative(d), size, scale);
    return true;
}

bool ost__decimal_fit(ost_decimal d, int32_t precision, int32_t scale, ost_decimal *out)
{
    ost_decimal fitted;
    if (precision < 1 || precision > DIGITS || !ost__decimal_rescale(d, scale, &fitted))
        return false;
    if (magnitude(fitted) >= power_of_ten(precision))
        return false;
    *out = fitted;
    return true;
}

bool ost__decimal_floor(ost_decimal d, int32_t scale, ost_decimal *out, bool *exact)
{
    if (!is_valid(d) || !scale_is_valid(scale))
        return false;
    *exact = true;
    if (scale >= d.scale)
        return ost__decimal_rescale(d, scale, out);
    uint128 divisor = power_of_ten(d.scale - scale), size = magnitude(d);
    uint128 quotient = size / divisor;
    *exact = size % divisor == 0;
    if (is_negative(d) && !*exact)
        quotient++;
    *out = compose(is_negative(d), quotient, scale);
    return true;
}

/* size * 10^more, unless that is 2 * 10^38 or more. */
static bool widen(uint128 size, int more, uint128 *out)
{
    uint128 limit = 2 * power_of_ten(DIGITS);
    if (size > (limit - 1) / power_of_ten(more))
        return false;
    *out = size * power_of_ten(more);
    return true;
}

bool ost__decimal_add(ost_decimal a, ost_decimal b, ost_decimal *out)
{
    uint128 x, y;
    if (!is_valid(a) || !is_valid(b))
        return false;
    int32_t scale = a.scale > b.scale ? a.scale : b.scale;
    /* One of them may have 39 digits at that scale and the sum 38 again, if the signs differ. */
    if (!widen(magnitude(a), scale - a.scale, &x) || !widen(magnitude(b), scale - b.scale, &y))
        return false;
    bool negative = is_negative(a);
    if (negative != is_negative(b)) {
        negative = x > y ? negative : !negative;
        x = x > y ? x - y : y - x;
    } else if (x >= power_of_ten(DIGITS) || y >= power_of_ten(DIGITS)) {
        return false;
    } else {
        x += y;
    }
    if (x >= power_of_ten(DIGITS))
        return false;
    *out = compose(negative, x, scale);
    return true;
}

bool ost__decimal_divide(ost_decimal sum, int64_t count, int32_t scale, ost_decimal *out)
{
    if (!is_valid(sum) || !scale_is_valid(scale) || count <= 0)
        return false;
    uint128 divisor = (uint128)count;
    uint128 quotient = magnitude(sum) / divisor, rest = magnitude(sum) % divisor;
    for (int32_t i = sum.scale; i < scale; i++) {
        if (quotient >= power_of_ten(DIGITS - 1))
            return false;
        quotient = quotient * 10 + rest * 10 / divisor;
        rest = rest * 10 % divisor;
    }
    bool beyond_half = rest * 2 > divisor, half = rest * 2 == divisor;
    if (scale < sum.scale) {
        uint128 power = power_of_ten(sum.scale - scale), dropped = quotient % power;
        quotient /= power;
        beyond_half = dropped > power / 2 || (dropped == power / 2 && rest > 0);
        half = dropped == power / 2 && rest == 0;
    }
    if (beyond_half || (half && quotient % 2 == 1))
        quotient++;
    if (quotient >= power_of_ten(DIGITS))
        return false;
    *out = compose(is_negative(sum), quotient, scale);
    return true;
}

bool ost__decimal_units(ost_decimal d, int64_t *out)
{
    if (d.high != (d.low >> 63 ? -1 : 0))
        return false;
    memcpy(out, &d.low, sizeof *out);
    return true;
}

ost_decimal ost__decimal_from_uint(uint64_t n)
{
    return (ost_decimal){ .low = n };
}

double ost__decimal_to_double(ost_decimal d)
{
    uint128 size = magnitude(d);
    if (!is_valid(d))
        return NAN;
    if (size <= UINT64_C(1) << 53 && d.scale < 20) {
        double x = (double)(uint64_t)size / (double)small_powers[d.scale];
        return is_negative(d) ? -x : x;
    }
    /* A text without a point reads the same under every locale. */
    char text[DIGITS + 8], *p = text;
    if (is_negative(d))
        *p++ = '-';
    int digits = count_digits(size);
    put_digits(p, size, digits);
    p += digits;
    *p++ = 'e';
    ost__print_int(-d.scale, p);
    return strtod(text, NULL);
}

bool ost__decimal_from_double(double x, int32_t precision, int32_t scale, ost_decimal *out)
{
    char text[32];
    uint128 size = 0;
    int exponent = 0;
    if (!isfinite(x))
        return false;
    ost__print_double(x, text);
    const char *p = text;
    bool negative = *p == '-', after_point = false;
    for (p += negative; *p != '\0' && *p != 'e'; p++) {
        if (*p == '.') {
            after_point = true;
            continue;
        }
        size = size * 10 + digit_of(*p);
        exponent -= after_point;
    }
    if (*p == 'e')
        exponent += (int)strtol(p + 1, NULL, 10);
    if (size == 0)
        return ost__decimal_fit((ost_decimal){ 0 }, precision, scale, out);
    for (; size % 10 == 0; size /= 10)
        exponent++;
    if (exponent < -DIGITS || exponent > DIGITS - count_digits(size))
        return false;
    if (exponent > 0)
        size *= power_of_ten(exponent);
    ost_decimal d = compose(negative, size, exponent < 0 ? -exponent : 0);
    return ost__decimal_fit(d, precision, scale, out);
}

bool ost__decimal_parse_n(const char *text, size_t size, ost_decimal *out)
{
    const char *p = text, *end = text + size;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    uint128 n = 0;
    int32_t scale = -1;
    bool after_digit = false;
    for (; p < end; p++) {
        if (*p == '.' && after_digit && scale < 0) {
            scale = 0;
            after_digit = false;
            continue;
        }
        if (*p < '0' || *p > '9')
            return false;
        if (scale >= DIGITS || n >= power_of_ten(DIGITS - 1))
            return false;
        n = n * 10 + digit_of(*p);
        scale += scale >= 0;
        after_digit = true;
    }
    if (!after_digit)
        return false;
    *out = compose(negative, n, scale < 0 ? 0 : scale);
    return true;
}

bool ost_decimal_parse(const char *text, ost_decimal *out)
{
    return text != NULL && ost__decimal_parse_n(text, strlen(text), out);
}

size_t ost_decimal_print(ost_decimal d, char *out)
{
    char *p = out;
    if (!scale_is_valid(d.scale)) {
        memcpy(out, "invalid", 8);
        return 7;
    }
    uint128 size = magnitude(d);
    int digits = count_digits(size);
    int whole = digits > d.scale ? digits - d.scale : 1;
    if (is_negative(d))
        *p++ = '-';
    /* All digits go one place to the right, then those before the point go back. */
    put_digits(p + 1, size, whole + d.scale);
    memmove(p, p + 1, (size_t)whole);
    if (d.scale > 0)
        p[whole] = '.';
    p += whole + (d.scale > 0) + d.scale;
    *p = '\0';
    return (size_t)(p - out);
}

ost_decimal ost_decimal_of(int64_t units, int32_t scale)
{
    if (!scale_is_valid(scale))
        return (ost_decimal){ 0 };
    return (ost_decimal){ .high = units < 0 ? -1 : 0, .low = (uint64_t)units, .scale = scale };
}

ost_decimal ost_decimal_negate(ost_decimal d)
{
    return compose(!is_negative(d), magnitude(d), d.scale);
}

static int compare_sizes(uint128 a, uint128 b)
{
    return (a > b) - (a < b);
}

int ost_decimal_compare(ost_decimal a, ost_decimal b)
{
    int sign = is_negative(a) ? -1 : 1;
    if (is_negative(a) != is_negative(b))
        return sign;
    uint128 x = magnitude(a), y = magnitude(b);
    if (a.scale == b.scale || !scale_is_valid(a.scale) || !scale_is_valid(b.scale))
        return sign * compare_sizes(x, y);
    uint128 x_unit = power_of_ten(a.scale), y_unit = power_of_ten(b.scale);
    int order = compare_sizes(x / x_unit, y / y_unit);
    if (order == 0)
        order = compare_sizes(x % x_unit * power_of_ten(DIGITS - a.scale),
                              y % y_unit * power_of_ten(DIGITS - b.scale));
    return sign * order;
}

/* The nines' complement turns the order of the digits round. */
static void complement(char *digits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        digits[i] = (char)('9' - digits[i] + '0');
}

size_t ost__decimal_to_sortable(ost_decimal d, int32_t precision, char *out)
{
    uint128 size = magnitude(d);
    out[0] = '\0';
    if (precision < 1 || precision > DIGITS || size >= power_of_ten(precision))
        return 0;
    out[0] = is_negative(d) ? 'n' : 'p';
    put_digits(out + 1, size, precision);
    if (is_negative(d))
        complement(out + 1, (size_t)precision);
    out[1 + precision] = '\0';
    return 1 + (size_t)precision;
}

bool ost__decimal_from_sortable(const char *text, size_t size, int32_t precision, int32_t scale,
                                ost_decimal *out)
{
    char digits[DIGITS];
    if (precision < 1 || precision > DIGITS || !scale_is_valid(scale))
        return false;
    if (size != 1 + (size_t)precision || (text[0] != 'n' && text[0] != 'p'))
        return false;
    for (int32_t i = 0; i < precision; i++) {
        digits[i] = text[i + 1];
        if (digits[i] < '0' || digits[i] > '9')
            return false;
    }
    bool negative = text[0] == 'n';
    if (negative)
        complement(digits, (size_t)precision);
    uint128 n = get_digits(digits, precision);
    if (negative && n == 0)
        return false;
    *out = compose(negative, n, scale);
    return true;
}

size_t ost__decimal_to_canonical(ost_decimal d, char *out)
{
    out[0] = '\0';
    if (!scale_is_valid(d.scale))
        return 0;
    uint128 size = magnitude(d), unit = power_of_ten(d.scale);
    out[0] = is_negative(d) ? 'n' : 'p';
    put_digits(out + 1, size / unit, DIGITS + 1);
    put_digits(out + 1 + DIGITS + 1, size % unit * power_of_ten(DIGITS - d.scale), DIGITS);
    if (is_negative(d))
        complement(out + 1, DIGITS + 1 + DIGITS);
    out[OST__DECIMAL_CANONICAL_SIZE - 1] = '\0';
    return OST__DECIMAL_CANONICAL_SIZE - 1;
}
