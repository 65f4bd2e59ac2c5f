/* SPDX-License-Identifier: MIT */
#include "mysql/cells.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/scalar.h"

/* Doubles hold every integer up to here. */
#define EXACT_DOUBLE (INT64_C(1) << 53)

/* Names have a form of their own. */
static bool is_plain(const ost_row_step *step)
{
    const ost_field *f = step->origin ? step->origin : step->field;
    return !f->values;
}

enum ost__cell_way ost__my_way_of(const ost_row_step *step, const ost__my_column *c)
{
    bool is_signed = c->kind == OST__CELL_INTEGER && !c->is_unsigned;
    switch (step->type) {
    case OST_TYPE_INT64:
        return is_signed && c->width == 8 && is_plain(step) ? OST__WAY_INT64 : OST__WAY_ANY;
    case OST_TYPE_INT32:
        return is_signed && c->width == 4 && is_plain(step) ? OST__WAY_INT32 : OST__WAY_ANY;
    case OST_TYPE_BOOL: return is_signed && c->width == 1 ? OST__WAY_BOOL : OST__WAY_ANY;
    case OST_TYPE_DOUBLE:
        return c->kind == OST__CELL_REAL && c->width == 8 ? OST__WAY_DOUBLE : OST__WAY_ANY;
    case OST_TYPE_TEXT:
        return c->kind == OST__CELL_SPAN && !c->is_binary ? OST__WAY_TEXT : OST__WAY_ANY;
    case OST_TYPE_TIME: return c->kind == OST__CELL_TIME ? OST__WAY_TIME : OST__WAY_ANY;
    default: return OST__WAY_ANY;
    }
}

/* ---- times ---- */

typedef struct civil {
    unsigned year, month, day, hour, minute, second, micro;
} civil;

#if OST__MY_FROM_WIRE

/* 0, 4, 7 or 11 bytes: as far as the rest is not zero. */
static inline bool civil_of(const ost__my_column *c, civil *out)
{
    const uint8_t *p = c->data;
    *out = (civil){ 0 };
    if (c->length != 4 && c->length != 7 && c->length != 11)
        return false;
    out->year = (unsigned)(p[0] | p[1] << 8);
    out->month = p[2];
    out->day = p[3];
    if (c->length == 4)
        return true;
    out->hour = p[4];
    out->minute = p[5];
    out->second = p[6];
    if (c->length == 11)
        out->micro = p[7] | (unsigned)p[8] << 8 | (unsigned)p[9] << 16 | (unsigned)p[10] << 24;
    return true;
}

#else

static inline bool civil_of(const ost__my_column *c, civil *out)
{
    const MYSQL_TIME *t = &c->time;
    *out = (civil){ t->year, t->month, t->day, t->hour, t->minute, t->second, 0 };
    out->micro = t->second_part > UINT_MAX ? UINT_MAX : (unsigned)t->second_part;
    return !t->neg;
}

#endif

/* Days since 1970-01-01 by the Gregorian calendar; false: there is no such day. */
static inline bool days_of(const civil *t, int32_t *out)
{
    static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    /* To the start of the year 1970 from that of March 1 of the year 0. */
    enum { EPOCH = 719468 };
    unsigned year = t->year, month = t->month, day = t->day, century, of_year;
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    if (day > lengths[month - 1]) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (month != 2 || day != 29 || !leap)
            return false;
    }
    year -= month <= 2;
    century = year / 100;
    of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    *out = (int32_t)(year * 365 + year / 4 - century + century / 4 + of_year) - EPOCH;
    return true;
}

bool ost__my_read_time(const ost__my_column *c, ost_time *out)
{
    civil t;
    int32_t days;
    if (!civil_of(c, &t) || !days_of(&t, &days) || t.hour > 23 || t.minute > 59 || t.second > 59 ||
        t.micro > 999999)
        return false;
    out->microseconds =
        ((int64_t)days * 86400 + (int64_t)(t.hour * 3600 + t.minute * 60 + t.second)) * 1000000 +
        (int64_t)t.micro;
    return true;
}

bool ost__my_read_date(const ost__my_column *c, ost_date *out)
{
    civil t;
    return civil_of(c, &t) && days_of(&t, &out->days) &&
           t.hour + t.minute + t.second + t.micro == 0;
}

/* ---- numbers ---- */

static ost__whole integer_of(const ost__my_column *c)
{
    uint64_t bits = ost__my_bits_of(c), top = UINT64_C(1) << (8 * c->width - 1);
    if (c->is_unsigned || bits < top)
        return (ost__whole){ bits, false };
    /* Of the two's complement of `width` bytes. */
    return (ost__whole){ top - (bits - top), true };
}

static double real_of(const ost__my_column *c)
{
    uint64_t bits = ost__my_bits_of(c);
    uint32_t half = (uint32_t)bits;
    double x;
    float single;
    memcpy(&x, &bits, sizeof x);
    memcpy(&single, &half, sizeof single);
    return c->width == 4 ? (double)single : x;
}

/* BIT(1) to BIT(64). */
static bool bits_of(const ost__my_column *c, ost__whole *out)
{
    *out = (ost__whole){ 0, false };
    if (c->length > sizeof out->magnitude)
        return false;
    for (size_t i = 0; i < c->length; i++)
        out->magnitude = out->magnitude << 8 | c->data[i];
    return true;
}

static bool whole_of_decimal(ost_decimal d, ost__whole *out)
{
    bool negative = d.high < 0;
    if (!ost__decimal_rescale(d, 0, &d))
        return false;
    if (negative)
        d = ost_decimal_negate(d);
    *out = (ost__whole){ d.low, negative };
    return d.high == 0;
}

static bool decimal_of_whole(ost__whole n, ost_decimal *out)
{
    *out = ost__decimal_from_uint(n.magnitude);
    if (n.negative)
        *out = ost_decimal_negate(*out);
    return true;
}

/*
 * The cell as a whole number; false: it is none. Tables made by others may keep whole numbers as
 * doubles, and sums of integers are decimals.
 */
static bool to_whole(const ost__my_column *c, ost__whole *out)
{
    ost_decimal d;
    double x;
    switch (c->kind) {
    case OST__CELL_INTEGER: *out = integer_of(c); return true;
    case OST__CELL_BITS: return bits_of(c, out);
    case OST__CELL_DECIMAL:
        return ost__decimal_parse_n((const char *)c->data, c->length, &d) &&
               whole_of_decimal(d, out);
    case OST__CELL_REAL:
        x = real_of(c);
        if (!(fabs(x) <= (double)EXACT_DOUBLE) || (double)(int64_t)x != x)
            return false;
        *out = ost__whole_of((int64_t)x);
        return true;
    default: return false;
    }
}

static ost_status read_name(const ost_field *f, uint16_t type, const ost__my_column *c, void *at)
{
    if (c->kind != OST__CELL_SPAN || c->is_binary)
        return OST_RANGE;
    return ost__store_named(f, type, c->data, c->length, at);
}

static ost_status read_integer(const ost_row_step *step, const ost__my_column *c, void *at)
{
    const ost_field *f = step->origin ? step->origin : step->field;
    ost__whole n;
    if (f->values)
        return read_name(f, step->type, c, at);
    return to_whole(c, &n) ? ost__store_whole(step->type, n, at) : OST_RANGE;
}

static ost_status read_real(const ost_row_step *step, const ost__my_column *c, void *at)
{
    ost_decimal d;
    ost__whole n;
    switch (c->kind) {
    case OST__CELL_REAL: return ost__store_real(step->type, real_of(c), at);
    case OST__CELL_DECIMAL:
        if (!ost__decimal_parse_n((const char *)c->data, c->length, &d))
            return OST_RANGE;
        return ost__store_real(step->type, ost__decimal_to_double(d), at);
    case OST__CELL_INTEGER:
        n = integer_of(c);
        if (n.magnitude > EXACT_DOUBLE)
            return OST_RANGE;
        return ost__store_real(step->type, n.negative ? -(double)n.magnitude : (double)n.magnitude,
                               at);
    default: return OST_RANGE;
    }
}

/*
 * A decimal keeps the digits behind the point that its column has. Where its column is one of a
 * table made by others, whose digits may be more or fewer, it must fit the member's.
 */
static ost_status read_decimal(const ost_row_step *step, const ost__my_column *c, ost_decimal *out)
{
    const ost_field *f = step->field, *origin = step->origin;
    unsigned precision = f->precision > 0 ? f->precision : OST__DECIMAL_DIGITS;
    unsigned scale = f->precision > 0 ? f->scale : origin ? origin->scale : step->scale;
    ost_decimal d;
    ost__whole n;
    bool found;
    switch (c->kind) {
    case OST__CELL_DECIMAL:
        found = ost__decimal_parse_n((const char *)c->data, c->length, &d);
        break;
    case OST__CELL_SPAN:
        found = !c->is_binary && origin && origin->stored == OST_STORED_NUMERIC &&
                ost__decimal_parse_n((const char *)c->data, c->length, &d);
        break;
    case OST__CELL_REAL:
        found = ost__decimal_from_double(real_of(c), (int32_t)precision, (int32_t)scale, &d);
        break;
    default: found = to_whole(c, &n) && decimal_of_whole(n, &d); break;
    }
    if (!found || !ost__decimal_fit(d, (int32_t)precision, (int32_t)scale, out))
        return OST_RANGE;
    return OST_OK;
}

/* ---- the rest ---- */

static ost_status read_time(const ost_row_step *step, const ost__my_column *c, ost_time *out)
{
    uint16_t stored = step->origin ? step->origin->stored : (uint16_t)OST_STORED_OURS;
    const int64_t most = INT64_MAX / 1000000;
    ost__whole n;
    switch (c->kind) {
    case OST__CELL_TIME: return ost__my_read_time(c, out) ? OST_OK : OST_RANGE;
    case OST__CELL_SPAN:
        if (stored != OST_STORED_SECONDS_TEXT || c->is_binary)
            return OST_RANGE;
        return ost__time_from_stored((const char *)c->data, c->length, out) ? OST_OK : OST_RANGE;
    case OST__CELL_INTEGER:
        n = integer_of(c);
        if (stored != OST_STORED_UNIX_SECONDS || n.magnitude > (uint64_t)most)
            return OST_RANGE;
        out->microseconds = (int64_t)n.magnitude * (n.negative ? -1000000 : 1000000);
        return ost__time_in_range(*out) ? OST_OK : OST_RANGE;
    default: return OST_RANGE;
    }
}

static ost_status read_bytes(const ost__my_column *c, size_t size, void *at)
{
    if (c->kind != OST__CELL_SPAN || !c->is_binary || c->length != size)
        return OST_RANGE;
    memcpy(at, c->data, size);
    return OST_OK;
}

static uint64_t little(const uint8_t *at, size_t size)
{
    uint64_t bits = 0;
    while (size > 0)
        bits = bits << 8 | at[--size];
    return bits;
}

/* As store_point() of types.c has it; the number of the system is not looked at. */
static ost_status read_point(const ost__my_column *c, ost_point *out)
{
    const uint8_t *at = c->data;
    uint64_t bits[2];
    double x[2];
    if (c->kind != OST__CELL_SPAN || !c->is_binary || c->length != OST__MY_POINT_SIZE ||
        at[4] != 1 || little(at + 5, 4) != 1)
        return OST_RANGE;
    bits[0] = little(at + 9, 8);
    bits[1] = little(at + 17, 8);
    memcpy(x, bits, sizeof x);
    if (!isfinite(x[0]) || !isfinite(x[1]))
        return OST_RANGE;
    *out = (ost_point){ .longitude = x[0], .latitude = x[1] };
    return OST_OK;
}

/* MariaDB's own kind of UUID comes as text. */
static ost_status read_uuid(const ost__my_column *c, ost_uuid *out)
{
    char text[OST_UUID_TEXT_SIZE];
    if (c->kind != OST__CELL_SPAN || c->length != sizeof text - 1)
        return read_bytes(c, sizeof *out, out);
    memcpy(text, c->data, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    return ost_uuid_parse(text, out) ? OST_OK : OST_RANGE;
}

static ost_status read_bool(const ost__my_column *c, void *at)
{
    ost__whole n;
    if ((c->kind != OST__CELL_INTEGER && c->kind != OST__CELL_BITS) || !to_whole(c, &n) ||
        n.negative || n.magnitude > 1)
        return OST_RANGE;
    *(bool *)at = n.magnitude == 1;
    return OST_OK;
}

static ost_status read_date(const ost__my_column *c, ost_date *out)
{
    if (c->kind != OST__CELL_DATE)
        return OST_RANGE;
    return ost__my_read_date(c, out) ? OST_OK : OST_RANGE;
}

ost_status ost__my_read_cell(const ost_row_step *step, const ost__my_column *c, void *at)
{
    switch (step->type) {
    case OST_TYPE_BOOL: return read_bool(c, at);
    case OST_TYPE_INT8:
    case OST_TYPE_INT16:
    case OST_TYPE_INT32:
    case OST_TYPE_INT64:
    case OST_TYPE_UINT8:
    case OST_TYPE_UINT16:
    case OST_TYPE_UINT32:
    case OST_TYPE_UINT64: return read_integer(step, c, at);
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return read_real(step, c, at);
    case OST_TYPE_TIME: return read_time(step, c, at);
    case OST_TYPE_DATE: return read_date(c, at);
    case OST_TYPE_UUID: return read_uuid(c, at);
    case OST_TYPE_OBJECT_ID: return read_bytes(c, sizeof(ost_object_id), at);
    case OST_TYPE_DECIMAL: return read_decimal(step, c, at);
    case OST_TYPE_POINT: return read_point(c, at);
    default: return OST_UNSUPPORTED;
    }
}

ost_status ost__my_row_key(uint64_t key, const ost_row_step *step, uint8_t *row)
{
    uint8_t *at = row + step->offset;
    if (step->type < OST_TYPE_INT8 || step->type > OST_TYPE_UINT64)
        return OST_RANGE;
    if (step->null_rule == OST_NULL_IS_ABSENT) {
        *(bool *)at = true;
        at += step->value_offset;
    }
    return ost__store_whole(step->type, (ost__whole){ key, false }, at);
}
