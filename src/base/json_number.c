/* SPDX-License-Identifier: MIT */
#include "base/json_number.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

/* 0.digits times 10^point; the digits begin and end with one that is not 0. None: zero. */
typedef struct number {
    const char *text; /* without the sign */
    size_t whole;     /* digits before the point */
    size_t first, count;
    int64_t point;
    size_t fraction; /* digits after the point */
    int64_t exponent;
    bool negative;
} number;

/* The digit at `i`, as if there were no point. */
static char digit_at(const number *n, size_t i)
{
    return n->text[i < n->whole ? i : i + 1];
}

static number split(const char *text, size_t size)
{
    number n = { .text = text };
    const char *p = text, *end = text + size;
    n.negative = *p == '-';
    n.text = p += n.negative;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    n.whole = (size_t)(p - n.text);
    if (p < end && *p == '.') {
        const char *from = ++p;
        while (p < end && *p >= '0' && *p <= '9')
            p++;
        n.fraction = (size_t)(p - from);
    }
    if (p < end) {
        bool down = *++p == '-';
        p += down || *p == '+';
        for (; p < end; p++)
            n.exponent = n.exponent * 10 + (*p - '0');
        n.exponent = down ? -n.exponent : n.exponent;
    }
    size_t last = n.whole + n.fraction;
    while (n.first < last && digit_at(&n, n.first) == '0')
        n.first++;
    while (last > n.first && digit_at(&n, last - 1) == '0')
        last--;
    n.count = last - n.first;
    n.point = n.count ? (int64_t)n.whole - (int64_t)n.first + n.exponent : 0;
    return n;
}

bool ost__json_is_whole(const char *text, size_t size)
{
    number n = split(text, size);
    return n.point >= (int64_t)n.count;
}

static bool magnitude(const number *n, uint64_t *out)
{
    uint64_t whole = 0;
    if (n->point < (int64_t)n->count || n->point > 20)
        return false;
    for (int64_t i = 0; i < n->point; i++) {
        bool given = i < (int64_t)n->count;
        uint64_t digit = given ? (uint64_t)(digit_at(n, n->first + (size_t)i) - '0') : 0;
        if (whole > (UINT64_MAX - digit) / 10)
            return false;
        whole = whole * 10 + digit;
    }
    *out = whole;
    return true;
}

bool ost__json_int64(const char *text, size_t size, int64_t *out)
{
    number n = split(text, size);
    uint64_t whole;
    if (!magnitude(&n, &whole) || whole > (uint64_t)INT64_MAX + n.negative)
        return false;
    uint64_t bits = n.negative ? 0 - whole : whole;
    memcpy(out, &bits, sizeof bits);
    return true;
}

bool ost__json_uint64(const char *text, size_t size, uint64_t *out)
{
    number n = split(text, size);
    uint64_t whole;
    if (!magnitude(&n, &whole) || (n.negative && whole > 0))
        return false;
    *out = whole;
    return true;
}

/* Both numbers are exact doubles, so that one operation rounds once. */
static bool simple_double(const number *n, double *out)
{
    static const double powers[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    };
    int64_t exponent = n->point - (int64_t)n->count;
    if (FLT_EVAL_METHOD != 0 || n->count > 15 || exponent < -22 || exponent > 22)
        return false;
    uint64_t digits = 0;
    for (size_t i = 0; i < n->count; i++)
        digits = digits * 10 + (uint64_t)(digit_at(n, n->first + i) - '0');
    double x = (double)digits;
    *out = exponent < 0 ? x / powers[-exponent] : x * powers[exponent];
    return true;
}

bool ost__json_double_of(const char *text, size_t size, double *out)
{
    /* A number half-way between two doubles has at most 767 digits, so that behind these it only
     * matters whether there are more. */
    enum { DIGITS_MAX = 780 };
    char copy[DIGITS_MAX + 40];
    double x;
    number n = split(text, size);
    if (!simple_double(&n, &x)) {
        if (n.point > 400 || n.point < -400) {
            x = n.point < 0 ? 0 : HUGE_VAL;
        } else {
            size_t used = n.count < DIGITS_MAX ? n.count : DIGITS_MAX;
            for (size_t i = 0; i < used; i++)
                copy[i] = digit_at(&n, n.first + i);
            if (used < n.count)
                copy[used++] = '1';
            copy[used] = 'e';
            ost__print_int(n.point - (int64_t)used, copy + used + 1);
            /* A text without a point reads the same under every locale. */
            x = strtod(copy, NULL);
        }
    }
    if (!isfinite(x))
        return false;
    *out = n.negative ? -x : x;
    return true;
}

bool ost__json_decimal(const char *text, size_t size, ost_decimal *out)
{
    char plain[2 * OST__DECIMAL_DIGITS + 8], *p = plain;
    number n = split(text, size);
    bool plain_already = !memchr(text, 'e', size) && !memchr(text, 'E', size);
    if (plain_already && n.whole + n.fraction <= OST__DECIMAL_DIGITS)
        return ost__decimal_parse_n(text, size, out);
    int64_t scale = (int64_t)n.fraction - n.exponent;
    int64_t least = n.point < (int64_t)n.count ? (int64_t)n.count - n.point : 0;
    int64_t room = OST__DECIMAL_DIGITS - (n.point > 0 ? n.point : 0);
    if (least > OST__DECIMAL_DIGITS || room < 0)
        return false;
    /* Zeros at the end are kept as far as there is room for them. */
    scale = scale > room ? room : scale;
    scale = scale < least ? least : scale;
    if (n.negative)
        *p++ = '-';
    for (int64_t i = n.point < 1 ? n.point - 1 : 0; i < n.point + scale; i++) {
        if (i == n.point)
            *p++ = '.';
        bool given = i >= 0 && i < (int64_t)n.count;
        *p++ = given ? digit_at(&n, n.first + (size_t)i) : '0';
    }
    return ost__decimal_parse_n(plain, (size_t)(p - plain), out);
}

bool ost__json_same_number(const char *a, size_t a_size, const char *b, size_t b_size)
{
    number x = split(a, a_size), y = split(b, b_size);
    if (x.count != y.count || x.point != y.point || (x.count > 0 && x.negative != y.negative))
        return false;
    for (size_t i = 0; i < x.count; i++)
        if (digit_at(&x, x.first + i) != digit_at(&y, y.first + i))
            return false;
    return true;
}

static void put_digits(ost__buffer *out, const number *n, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        ost__buffer_char(out, digit_at(n, n->first + i));
}

static void put_zeros(ost__buffer *out, int64_t count)
{
    for (; count > 0; count--)
        ost__buffer_char(out, '0');
}

void ost__json_canonical_number(ost__buffer *out, const char *text, size_t size)
{
    enum { ZEROS_BEHIND = 20, ZEROS_IN_FRONT = 6 };
    number n = split(text, size);
    int64_t count = (int64_t)n.count;
    if (n.negative && count > 0)
        ost__buffer_char(out, '-');
    if (count == 0) {
        ost__buffer_char(out, '0');
    } else if (n.point > 0 && n.point - count <= ZEROS_BEHIND) {
        size_t before = n.point < count ? (size_t)n.point : n.count;
        put_digits(out, &n, 0, before);
        put_zeros(out, n.point - count);
        if (before < n.count)
            ost__buffer_char(out, '.');
        put_digits(out, &n, before, n.count);
    } else if (n.point <= 0 && n.point >= -ZEROS_IN_FRONT) {
        ost__buffer_text(out, "0.");
        put_zeros(out, -n.point);
        put_digits(out, &n, 0, n.count);
    } else {
        put_digits(out, &n, 0, 1);
        if (n.count > 1)
            ost__buffer_char(out, '.');
        put_digits(out, &n, 1, n.count);
        ost__buffer_char(out, 'e');
        ost__buffer_int(out, n.point - 1);
    }
}
