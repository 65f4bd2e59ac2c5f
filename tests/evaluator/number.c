/* SPDX-License-Identifier: MIT */
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A double has at most 1,074 digits behind its point. */
enum { DOUBLE_FRACTION = 1080, DOUBLE_WHOLE = 320 };

ev_number ev_number_of_uint(uint64_t n)
{
    ev_number out;
    memset(&out, 0, sizeof out);
    for (int i = 0; n > 0; i++, n /= 10)
        out.digits[i] = (uint8_t)(n % 10);
    return out;
}

ev_number ev_number_of_int(int64_t n)
{
    ev_number out = ev_number_of_uint(n < 0 ? (uint64_t)(-(n + 1)) + 1 : (uint64_t)n);
    out.negative = n < 0;
    return out;
}

bool ev_number_is_zero(const ev_number *n)
{
    for (int i = 0; i < EV_DIGITS; i++)
        if (n->digits[i])
            return false;
    return true;
}

int ev_number_length(const ev_number *n)
{
    int length = EV_DIGITS;
    while (length > 1 && n->digits[length - 1] == 0)
        length--;
    return length;
}

/* The same value with more digits behind the point; there is always room for the numbers of the
 * tests. */
static ev_number at_scale(const ev_number *n, int scale)
{
    ev_number out = *n;
    int more = scale - n->scale;
    if (more < 0 || ev_number_length(n) + more > EV_DIGITS)
        abort();
    memset(out.digits, 0, (size_t)more);
    memcpy(out.digits + more, n->digits, (size_t)(EV_DIGITS - more));
    out.scale = scale;
    return out;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int compare_digits(const ev_number *a, const ev_number *b)
{
    for (int i = EV_DIGITS - 1; i >= 0; i--)
        if (a->digits[i] != b->digits[i])
            return a->digits[i] < b->digits[i] ? -1 : 1;
    return 0;
}

int ev_number_compare(const ev_number *a, const ev_number *b)
{
    int scale = larger(a->scale, b->scale);
    ev_number x = at_scale(a, scale), y = at_scale(b, scale);
    if (x.negative != y.negative)
        return x.negative ? -1 : 1;
    return x.negative ? compare_digits(&y, &x) : compare_digits(&x, &y);
}

ev_number ev_number_add(const ev_number *a, const ev_number *b)
{
    int scale = larger(a->scale, b->scale);
    ev_number x = at_scale(a, scale), y = at_scale(b, scale), out;
    int carry = 0;
    memset(&out, 0, sizeof out);
    out.scale = scale;
    out.negative = x.negative;
    if (x.negative != y.negative && compare_digits(&x, &y) < 0) {
        ev_number swap = x;
        x = y;
        y = swap;
        out.negative = x.negative;
    }
    for (int i = 0; i < EV_DIGITS; i++) {
        int digit = x.negative == y.negative ? x.digits[i] + y.digits[i] + carry
                                             : x.digits[i] - y.digits[i] + carry;
        carry = digit > 9 ? 1 : digit < 0 ? -1 : 0;
        out.digits[i] = (uint8_t)(digit - carry * 10);
    }
    if (carry)
        abort();
    if (ev_number_is_zero(&out))
        out.negative = false;
    return out;
}

ev_number ev_number_divide(const ev_number *n, uint32_t count, int scale)
{
    ev_number x = at_scale(n, scale), one = ev_number_of_int(1), out;
    uint64_t rest = 0;
    memset(&out, 0, sizeof out);
    out.scale = one.scale = scale;
    for (int i = EV_DIGITS - 1; i >= 0; i--) {
        rest = rest * 10 + x.digits[i];
        out.digits[i] = (uint8_t)(rest / count);
        rest %= count;
    }
    if (rest * 2 > count || (rest * 2 == count && out.digits[0] % 2 == 1))
        out = ev_number_add(&out, &one);
    out.negative = n->negative && !ev_number_is_zero(&out);
    return out;
}

void ev_number_print(const ev_number *n, char *out)
{
    int length = larger(ev_number_length(n), n->scale + 1);
    if (n->negative)
        *out++ = '-';
    for (int i = length - 1; i >= 0; i--) {
        *out++ = (char)('0' + n->digits[i]);
        if (i == n->scale && i > 0)
            *out++ = '.';
    }
    *out = '\0';
}

double ev_number_to_double(const ev_number *n)
{
    char text[EV_NUMBER_TEXT];
    ev_number_print(n, text);
    return strtod(text, NULL);
}

/* Compares two unsigned numbers written as "digits.digits" with the same count of digits behind the
 * point. */
static int compare_written(const char *a, const char *b)
{
    size_t whole_a = strcspn(a, "."), whole_b = strcspn(b, ".");
    int order;
    if (whole_a != whole_b)
        return whole_a < whole_b ? -1 : 1;
    order = strcmp(a, b);
    return (order > 0) - (order < 0);
}

static int sign_of(double x)
{
    return (x > 0) - (x < 0);
}

int ev_number_compare_double(const ev_number *n, double x)
{
    char left[EV_NUMBER_TEXT + DOUBLE_FRACTION], right[DOUBLE_WHOLE + DOUBLE_FRACTION];
    int sign = ev_number_is_zero(n) ? 0 : n->negative ? -1 : 1, order;
    ev_number size = *n;
    size_t length;
    if (sign != sign_of(x))
        return sign < sign_of(x) ? -1 : 1;
    if (sign == 0)
        return 0;
    if (isinf(x))
        return -sign;
    size.negative = false;
    ev_number_print(&size, left);
    length = strlen(left);
    if (n->scale == 0)
        left[length++] = '.';
    memset(left + length, '0', (size_t)(DOUBLE_FRACTION - n->scale));
    left[length + (size_t)(DOUBLE_FRACTION - n->scale)] = '\0';
    (void)snprintf(right, sizeof right, "%.*f", DOUBLE_FRACTION, fabs(x));
    order = compare_written(left, right);
    return sign * order;
}

ev_number ev_number_of_decimal(ost_decimal d)
{
    uint64_t high = (uint64_t)d.high, low = d.low;
    uint32_t limbs[4];
    ev_number out;
    memset(&out, 0, sizeof out);
    out.negative = d.high < 0;
    out.scale = d.scale;
    if (out.negative) {
        low = ~low + 1;
        high = ~high + (low == 0);
    }
    limbs[0] = (uint32_t)(high >> 32);
    limbs[1] = (uint32_t)high;
    limbs[2] = (uint32_t)(low >> 32);
    limbs[3] = (uint32_t)low;
    for (int digit = 0; digit < 40; digit++) {
        uint64_t rest = 0;
        for (int i = 0; i < 4; i++) {
            rest = rest << 32 | limbs[i];
            limbs[i] = (uint32_t)(rest / 10);
            rest %= 10;
        }
        out.digits[digit] = (uint8_t)rest;
    }
    return out;
}

bool ev_number_to_decimal(const ev_number *n, int precision, int scale, ost_decimal *out)
{
    uint32_t limbs[4] = { 0 };
    uint64_t high, low;
    ev_number x = *n;
    while (x.scale > scale && x.digits[0] == 0) {
        memmove(x.digits, x.digits + 1, EV_DIGITS - 1);
        x.digits[EV_DIGITS - 1] = 0;
        x.scale--;
    }
    if (x.scale > scale)
        return false;
    x = at_scale(&x, scale);
    if (ev_number_length(&x) > precision)
        return false;
    for (int digit = ev_number_length(&x) - 1; digit >= 0; digit--) {
        uint64_t carry = x.digits[digit];
        for (int i = 3; i >= 0; i--) {
            carry += (uint64_t)limbs[i] * 10;
            limbs[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    high = (uint64_t)limbs[0] << 32 | limbs[1];
    low = (uint64_t)limbs[2] << 32 | limbs[3];
    if (x.negative) {
        low = ~low + 1;
        high = ~high + (low == 0);
    }
    memset(out, 0, sizeof *out);
    memcpy(&out->high, &high, sizeof high);
    out->low = low;
    out->scale = scale;
    return true;
}

bool ev_number_to_uint(const ev_number *n, uint64_t *out)
{
    ev_number largest = ev_number_of_uint(UINT64_MAX);
    uint64_t value = 0;
    if (n->negative || ev_number_compare(n, &largest) > 0)
        return false;
    for (int i = 0; i < n->scale; i++)
        if (n->digits[i])
            return false;
    for (int i = ev_number_length(n) - 1; i >= n->scale; i--)
        value = value * 10 + n->digits[i];
    *out = value;
    return true;
}

bool ev_number_to_int(const ev_number *n, int64_t *out)
{
    ev_number size = *n;
    uint64_t value;
    size.negative = false;
    if (!ev_number_to_uint(&size, &value))
        return false;
    if (value > (uint64_t)INT64_MAX + (n->negative ? 1 : 0))
        return false;
    if (n->negative)
        *out = value == 0 ? 0 : -(int64_t)(value - 1) - 1;
    else
        *out = (int64_t)value;
    return true;
}
