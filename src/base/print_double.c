/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* A natural number of up to 1,280 bits: 2^1077 times what scaling by 10^16 adds. */
enum { BIG_WORDS = 40 };
typedef struct big {
    uint32_t words[BIG_WORDS]; /* least significant first */
    int count;                 /* the last one is not zero */
} big;

static void big_from(big *b, uint64_t n)
{
    b->words[0] = (uint32_t)n;
    b->words[1] = (uint32_t)(n >> 32);
    b->count = b->words[1] ? 2 : b->words[0] ? 1 : 0;
}

static void big_multiply(big *b, uint32_t by)
{
    uint64_t carry = 0;
    for (int i = 0; i < b->count; i++) {
        carry += (uint64_t)b->words[i] * by;
        b->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry > 0)
        b->words[b->count++] = (uint32_t)carry;
}

static void big_multiply_power(big *b, int exponent)
{
    for (; exponent >= 9; exponent -= 9)
        big_multiply(b, 1000000000);
    for (; exponent > 0; exponent--)
        big_multiply(b, 10);
}

static void big_shift(big *b, int bits)
{
    int words = bits / 32;
    if (b->count == 0)
        return;
    memmove(b->words + words, b->words, (size_t)b->count * sizeof b->words[0]);
    memset(b->words, 0, (size_t)words * sizeof b->words[0]);
    b->count += words;
    big_multiply(b, UINT32_C(1) << bits % 32);
}

static int big_compare(const big *a, const big *b)
{
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (int i = a->count - 1; i >= 0; i--) {
        if (a->words[i] != b->words[i])
            return a->words[i] < b->words[i] ? -1 : 1;
    }
    return 0;
}

/* Compares a + b with c. */
static int big_compare_sum(const big *a, const big *b, const big *c)
{
    big sum = a->count >= b->count ? *a : *b;
    const big *other = a->count >= b->count ? b : a;
    uint64_t carry = 0;
    for (int i = 0; i < sum.count; i++) {
        carry += (uint64_t)sum.words[i] + (i < other->count ? other->words[i] : 0);
        sum.words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry > 0)
        sum.words[sum.count++] = (uint32_t)carry;
    return big_compare(&sum, c);
}

static void big_subtract(big *a, const big *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < a->count; i++) {
        uint64_t less = borrow + (i < b->count ? b->words[i] : 0);
        borrow = a->words[i] < less;
        a->words[i] = (uint32_t)(a->words[i] - less);
    }
    while (a->count > 0 && a->words[a->count - 1] == 0)
        a->count--;
}

/* The state of Steele and White's algorithm: the number is rest / scale; every text between
 * (rest - below) / scale and (rest + above) / scale reads back as the same double. */
typedef struct digit_source {
    big rest, scale, below, above;
    bool even; /* the bounds themselves belong to it */
} digit_source;

static void source_begin(digit_source *s, double x, int *exponent)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int biased = (int)(bits >> 52 & 0x7FF), power = (biased ? biased : 1) - 1075;
    uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
    /* The gap below a power of two is half the one above. */
    int narrow = mantissa == 0 && biased > 1;
    if (biased > 0)
        mantissa |= UINT64_C(1) << 52;
    s->even = mantissa % 2 == 0;
    big_from(&s->rest, mantissa);
    big_from(&s->scale, 1);
    big_from(&s->below, 1);
    big_from(&s->above, 1);
    big_shift(&s->rest, 1 + narrow + (power > 0 ? power : 0));
    big_shift(&s->scale, 1 + narrow + (power < 0 ? -power : 0));
    big_shift(&s->below, power > 0 ? power : 0);
    big_shift(&s->above, narrow + (power > 0 ? power : 0));

    /* Digits before the point of the power of two at or below x: right, or one too few for x.
     * The factor is the logarithm of 2 to base 10. */
    int top = power;
    for (uint64_t m = mantissa; m > 1; m >>= 1)
        top++;
    int k = (top * 1262611 >> 22) + 1;
    if (k >= 0) {
        big_multiply_power(&s->scale, k);
    } else {
        big_multiply_power(&s->rest, -k);
        big_multiply_power(&s->below, -k);
        big_multiply_power(&s->above, -k);
    }
    int order = big_compare_sum(&s->rest, &s->above, &s->scale);
    if (order > 0 || (order == 0 && s->even)) {
        big_multiply(&s->scale, 10);
        k++;
    }
    *exponent = k;
}

/* Writes the shortest digits, so that x is 0.digits times 10^exponent; returns how many. */
static int shortest_digits(double x, char *digits, int *exponent)
{
    digit_source s;
    int count = 0;
    source_begin(&s, x, exponent);
    for (;;) {
        int digit = 0;
        big_multiply(&s.rest, 10);
        big_multiply(&s.below, 10);
        big_multiply(&s.above, 10);
        while (big_compare(&s.rest, &s.scale) >= 0) {
            big_subtract(&s.rest, &s.scale);
            digit++;
        }
        int low = big_compare(&s.rest, &s.below);
        int high = big_compare_sum(&s.rest, &s.above, &s.scale);
        bool low_enough = low < 0 || (low == 0 && s.even);
        bool high_enough = high > 0 || (high == 0 && s.even);
        if (!low_enough && !high_enough) {
            digits[count++] = (char)('0' + digit);
            continue;
        }
        /* Of two texts that are as short, the nearer one; of two as near, the even one. */
        int nearer = big_compare_sum(&s.rest, &s.rest, &s.scale);
        if (high_enough && (!low_enough || nearer > 0 || (nearer == 0 && digit % 2 == 1)))
            digit++;
        digits[count++] = (char)('0' + digit);
        return count;
    }
}

/* Most numbers that people store have few digits: the smallest power of ten that makes x whole is
 * found by trying, and proven by dividing, which rounds correctly for such small numbers. */
static int few_digits(double x, char *digits, int *exponent)
{
    static const double powers[] = { 1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
    if (FLT_EVAL_METHOD != 0 || x >= 1e15 || x < 1e-4)
        return 0;
    for (int places = 0; places <= 15 && x * powers[places] < 1e15; places++) {
        double power = powers[places];
        uint64_t whole = (uint64_t)(x * power + 0.5);
        if ((double)whole / power < x || (double)whole / power > x)
            continue;
        char text[32];
        int count = (int)ost__print_uint(whole, text);
        *exponent = count - places;
        while (count > 1 && text[count - 1] == '0')
            count--;
        memcpy(digits, text, (size_t)count);
        return count;
    }
    return 0;
}

static size_t print_plain(char *out, const char *digits, int count, int exponent)
{
    char *p = out;
    if (exponent <= 0) {
        *p++ = '0';
        *p++ = '.';
        for (int i = exponent; i < 0; i++)
            *p++ = '0';
        memcpy(p, digits, (size_t)count);
        return (size_t)(p + count - out);
    }
    for (int i = 0; i < exponent; i++)
        *p++ = i < count ? digits[i] : '0';
    *p++ = '.';
    if (count <= exponent)
        *p++ = '0';
    for (int i = exponent; i < count; i++)
        *p++ = digits[i];
    return (size_t)(p - out);
}

static size_t print_scientific(char *out, const char *digits, int count, int power)
{
    char *p = out;
    *p++ = digits[0];
    if (count > 1) {
        *p++ = '.';
        memcpy(p, digits + 1, (size_t)count - 1);
        p += count - 1;
    }
    *p++ = 'e';
    *p++ = power < 0 ? '-' : '+';
    power = power < 0 ? -power : power;
    if (power < 10)
        *p++ = '0';
    return (size_t)(p - out) + ost__print_int(power, p);
}

size_t ost__print_double(double x, char *out)
{
    char digits[32], *p = out;
    int count, exponent = 0;
    if (isnan(x)) {
        memcpy(out, "NaN", 4);
        return 3;
    }
    if (signbit(x))
        *p++ = '-';
    x = fabs(x);
    if (isinf(x)) {
        memcpy(p, "Infinity", 9);
        return (size_t)(p - out) + 8;
    }
    if (x < DBL_TRUE_MIN) {
        memcpy(p, "0.0", 4);
        return (size_t)(p - out) + 3;
    }
    count = few_digits(x, digits, &exponent);
    if (count == 0)
        count = shortest_digits(x, digits, &exponent);
    if (exponent < -3 || exponent > 16)
        p += print_scientific(p, digits, count, exponent - 1);
    else
        p += print_plain(p, digits, count, exponent);
    *p = '\0';
    return (size_t)(p - out);
}
