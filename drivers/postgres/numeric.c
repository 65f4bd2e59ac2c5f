/* SPDX-License-Identifier: MIT */
/* numeric on the wire: count of digits, weight of the first, sign, digits shown behind the point;
 * then the digits, in base 10,000, without zeros at either end. */
#include "postgres/wire.h"

#include "base/decimal.h"

enum { BASE = 10000, GROUP = 4, HEAD = 8, NEGATIVE = 0x4000, SCALE_MAX = 0x3FFF };
/* Groups of 38 digits, wherever the point is. */
enum { GROUPS_MAX = 12 };

/* 128 bits, as no type of C11 holds them. */
typedef struct wide {
    uint64_t high, low;
} wide;

static const uint16_t powers[] = { 1, 10, 100, 1000, 10000 };

/* 10^38. */
static const wide limit = { UINT64_C(0x4B3B4CA85A86C47A), UINT64_C(0x098A224000000000) };

static bool below_limit(wide n)
{
    return n.high < limit.high || (n.high == limit.high && n.low < limit.low);
}

/* Divides by `by` and returns the rest. */
static uint32_t divide(wide *n, uint32_t by)
{
    uint64_t rest = n->high % by, part;
    n->high /= by;
    part = rest << 32 | n->low >> 32;
    rest = part % by;
    n->low = part / by << 32 | (n->low & UINT32_MAX);
    part = rest << 32 | (n->low & UINT32_MAX);
    n->low = (n->low & ~(uint64_t)UINT32_MAX) | part / by;
    return (uint32_t)(part % by);
}

/* n * by + more, as long as that is below 10^38; else n stays. */
static bool multiply_add(wide *n, uint32_t by, uint32_t more)
{
    uint64_t low = (n->low & UINT32_MAX) * by + more;
    uint64_t middle = (n->low >> 32) * by + (low >> 32);
    wide out;
    if (n->high > limit.high / by)
        return false;
    out.high = n->high * by + (middle >> 32);
    out.low = middle << 32 | (low & UINT32_MAX);
    if (!below_limit(out))
        return false;
    *n = out;
    return true;
}

static wide magnitude(ost_decimal d)
{
    wide n = { (uint64_t)d.high, d.low };
    if (d.high < 0) {
        n.low = 0 - n.low;
        n.high = ~n.high + (n.low == 0);
    }
    return n;
}

size_t ost__pg_numeric_put(ost_decimal d, uint8_t out[OST__PG_NUMERIC_MAX])
{
    uint16_t groups[GROUPS_MAX];
    int count = 0, skipped = 0, behind = (d.scale + GROUP - 1) / GROUP;
    wide n = magnitude(d);
    if (d.scale % GROUP != 0) {
        uint32_t part = powers[d.scale % GROUP];
        groups[count++] = (uint16_t)(divide(&n, part) * powers[GROUP - d.scale % GROUP]);
    }
    while (n.high != 0 || n.low != 0)
        groups[count++] = (uint16_t)divide(&n, BASE);
    int weight = count - 1 - behind;
    while (skipped < count && groups[skipped] == 0)
        skipped++;
    while (count > skipped && groups[count - 1] == 0) {
        count--;
        weight--;
    }
    if (count == skipped)
        weight = 0;
    ost__pg_put16(out, (uint16_t)(count - skipped));
    ost__pg_put16(out + 2, (uint16_t)weight);
    ost__pg_put16(out + 4, d.high < 0 ? NEGATIVE : 0);
    ost__pg_put16(out + 6, (uint16_t)d.scale);
    for (int i = count - 1, at = HEAD; i >= skipped; i--, at += 2)
        ost__pg_put16(out + at, groups[i]);
    return HEAD + 2 * (size_t)(count - skipped);
}

/* The digits, of which the last is worth 10^-*scale. */
static bool get_digits(const uint8_t *bytes, int count, int weight, wide *out, int *scale)
{
    /* Zeros at the end, which no server sends but which are no lie. */
    while (count > 0 && ost__pg_get16(bytes + 2 * (count - 1)) == 0)
        count--;
    *out = (wide){ 0, 0 };
    *scale = 0;
    for (int i = 0; i < count; i++) {
        uint32_t group = ost__pg_get16(bytes + 2 * i);
        int digits = GROUP;
        if (group >= BASE)
            return false;
        /* The last group may be filled up with zeros, for which there may be no room. */
        for (; i == count - 1 && weight < i && group % 10 == 0; digits--)
            group /= 10;
        if (!multiply_add(out, powers[digits], group))
            return false;
        if (i == count - 1)
            *scale = (i - weight) * GROUP - (GROUP - digits);
    }
    return true;
}

bool ost__pg_numeric_get(const uint8_t *bytes, size_t size, ost_decimal *out)
{
    int count, weight, shown, scale;
    wide n;
    if (size < HEAD)
        return false;
    count = ost__pg_get16(bytes);
    weight = (int16_t)ost__pg_get16(bytes + 2);
    shown = ost__pg_get16(bytes + 6);
    if (size != HEAD + 2 * (size_t)count || shown > SCALE_MAX ||
        (ost__pg_get16(bytes + 4) & ~NEGATIVE) != 0 ||
        !get_digits(bytes + HEAD, count, weight, &n, &scale))
        return false;
    if (shown > OST__DECIMAL_DIGITS)
        shown = OST__DECIMAL_DIGITS;
    if (n.high == 0 && n.low == 0)
        scale = shown;
    for (; scale < shown || scale < 0; scale++)
        if (!multiply_add(&n, 10, 0)) {
            /* Zeros that are only shown may be left out, those before the point not. */
            if (scale < 0)
                return false;
            break;
        }
    if (scale > OST__DECIMAL_DIGITS)
        return false;
    if (ost__pg_get16(bytes + 4) == NEGATIVE) {
        n.low = 0 - n.low;
        n.high = ~n.high + (n.low == 0);
    }
    *out = (ost_decimal){ .low = n.low, .scale = scale };
    memcpy(&out->high, &n.high, sizeof out->high);
    return true;
}
