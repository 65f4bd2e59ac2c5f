/* SPDX-License-Identifier: MIT */
#include "model/convert.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "model/member.h"

uint16_t ost__value_type(uint16_t type)
{
    uint16_t base = ost__base_type(type);
    if (ost__type_is_unsigned(base))
        return OST_TYPE_UINT64;
    if (ost__type_is_integer(base))
        return OST_TYPE_INT64;
    if (base == OST_TYPE_FLOAT)
        return OST_TYPE_DOUBLE;
    return base == OST_TYPE_CHARS ? (uint16_t)OST_TYPE_TEXT : base;
}

/* The largest number of each width. */
static uint64_t integer_max(uint16_t base)
{
    switch (base) {
    case OST_TYPE_INT8: return SCHAR_MAX;
    case OST_TYPE_INT16: return SHRT_MAX;
    case OST_TYPE_INT32: return INT_MAX;
    case OST_TYPE_INT64: return INT64_MAX;
    case OST_TYPE_UINT8: return UCHAR_MAX;
    case OST_TYPE_UINT16: return USHRT_MAX;
    case OST_TYPE_UINT32: return UINT_MAX;
    default: return UINT64_MAX;
    }
}

static enum ost__fit fit_name(const ost_field *f, ost_value *v)
{
    for (uint64_t i = 0; f->values[i]; i++) {
        if (strcmp(f->values[i], v->as.text) != 0)
            continue;
        uint16_t type = ost__value_type(f->type);
        *v = (ost_value){ .type = type };
        if (type == OST_TYPE_UINT64)
            v->as.natural = i;
        else
            v->as.integer = (int64_t)i;
        return OST__FIT_OK;
    }
    return OST__FIT_VALUES;
}

static bool has_name(const ost_field *f, uint64_t number)
{
    for (uint64_t i = 0; i <= number; i++)
        if (!f->values[i])
            return false;
    return true;
}

static enum ost__fit fit_integer(const ost_field *f, ost_value *v)
{
    uint16_t base = ost__base_type(f->type);
    bool is_enum = ost__field_is_enum(f);
    if (is_enum && v->type == OST_TYPE_TEXT)
        return fit_name(f, v);
    if (v->type != OST_TYPE_INT64 && v->type != OST_TYPE_UINT64)
        return OST__FIT_KIND;
    bool negative = v->type == OST_TYPE_INT64 && v->as.integer < 0;
    uint64_t max = integer_max(base);
    if (negative) {
        if (is_enum)
            return OST__FIT_VALUES;
        if (ost__type_is_unsigned(base) || v->as.integer < -(int64_t)max - 1)
            return OST__FIT_RANGE;
        return OST__FIT_OK;
    }
    uint64_t number = v->type == OST_TYPE_INT64 ? (uint64_t)v->as.integer : v->as.natural;
    if (number > max)
        return OST__FIT_RANGE;
    if (is_enum && !has_name(f, number))
        return OST__FIT_VALUES;
    *v = (ost_value){ .type = ost__value_type(base) };
    if (v->type == OST_TYPE_UINT64)
        v->as.natural = number;
    else
        v->as.integer = (int64_t)number;
    return OST__FIT_OK;
}

static enum ost__fit fit_bool(ost_value *v)
{
    uint64_t number;
    if (v->type == OST_TYPE_BOOL)
        return OST__FIT_OK;
    if (v->type == OST_TYPE_INT64)
        number = (uint64_t)v->as.integer;
    else if (v->type == OST_TYPE_UINT64)
        number = v->as.natural;
    else
        return OST__FIT_KIND;
    if (number > 1)
        return OST__FIT_RANGE;
    *v = (ost_value){ .type = OST_TYPE_BOOL, .as = { .boolean = number == 1 } };
    return OST__FIT_OK;
}

/* Whether the double is this very integer; 2^63 and 2^64 would overflow the way back. */
static bool exact_int(int64_t n, double x)
{
    return x < 9223372036854775808.0 && (int64_t)x == n;
}
static bool exact_uint(uint64_t n, double x)
{
    return x < 18446744073709551616.0 && (uint64_t)x == n;
}

static enum ost__fit fit_real(uint16_t base, ost_value *v)
{
    double x;
    switch (v->type) {
    case OST_TYPE_DOUBLE: x = v->as.real; break;
    case OST_TYPE_INT64:
        x = (double)v->as.integer;
        if (!exact_int(v->as.integer, x))
            return OST__FIT_RANGE;
        break;
    case OST_TYPE_UINT64:
        x = (double)v->as.natural;
        if (!exact_uint(v->as.natural, x))
            return OST__FIT_RANGE;
        break;
    default: return OST__FIT_KIND;
    }
    if (isnan(x))
        return OST__FIT_NAN;
    if (base == OST_TYPE_FLOAT && isfinite(x)) {
        /* From half a step above FLT_MAX on, the nearest float is infinite. */
        if (fabs(x) >= 0x1.ffffffp127)
            return OST__FIT_RANGE;
        x = (double)(float)x;
    }
    *v = (ost_value){ .type = OST_TYPE_DOUBLE, .as = { .real = x == 0 ? 0.0 : x } };
    return OST__FIT_OK;
}

static enum ost__fit fit_decimal(const ost_field *f, ost_value *v)
{
    ost_decimal d;
    switch (v->type) {
    case OST_TYPE_DECIMAL: d = v->as.decimal; break;
    case OST_TYPE_INT64: d = ost_decimal_of(v->as.integer, 0); break;
    case OST_TYPE_UINT64: d = ost__decimal_from_uint(v->as.natural); break;
    default: return OST__FIT_KIND;
    }
    if (d.scale < 0 || d.scale > OST__DECIMAL_DIGITS)
        return OST__FIT_SCALE;
    if (f->precision == 0) {
        if (ost__decimal_digits(d) > OST__DECIMAL_DIGITS)
            return OST__FIT_PRECISION;
    } else if (!ost__decimal_fit(d, f->precision, f->scale, &d)) {
        ost_decimal floor;
        bool exact = true;
        if (ost__decimal_floor(d, f->scale, &floor, &exact) && !exact)
            return OST__FIT_SCALE;
        return OST__FIT_PRECISION;
    }
    *v = (ost_value){ .type = OST_TYPE_DECIMAL, .as = { .decimal = d } };
    return OST__FIT_OK;
}

enum ost__fit ost__value_fit(const ost_field *f, ost_value *v)
{
    uint16_t base = ost__base_type(f->type);
    if (v->type == OST_TYPE_NONE)
        return OST__FIT_OK;
    if (ost__type_is_integer(base))
        return fit_integer(f, v);
    switch (base) {
    case OST_TYPE_BOOL: return fit_bool(v);
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return fit_real(base, v);
    case OST_TYPE_DECIMAL: return fit_decimal(f, v);
    default: break;
    }
    if (v->type != ost__value_type(base))
        return OST__FIT_KIND;
    /* Rounded as it will be stored, so that what a record holds is what is read later. */
    if (base == OST_TYPE_TIME && ost__field_keeps_seconds(f))
        v->as.time = ost__time_round_seconds(v->as.time);
    if (base == OST_TYPE_TIME && !ost__time_in_range(v->as.time))
        return OST__FIT_RANGE;
    if (base == OST_TYPE_DATE && !ost__date_in_range(v->as.date))
        return OST__FIT_RANGE;
    if (base == OST_TYPE_CHARS && strlen(v->as.text) >= f->size)
        return OST__FIT_RANGE;
    return OST__FIT_OK;
}

#define WRITE(C, member)         \
    do {                         \
        C x = (C)v->as.member;   \
        memcpy(p, &x, sizeof x); \
    } while (0)

static void store_integer(uint16_t base, void *p, const ost_value *v)
{
    switch (base) {
    case OST_TYPE_INT8: WRITE(signed char, integer); break;
    case OST_TYPE_INT16: WRITE(short, integer); break;
    case OST_TYPE_INT32: WRITE(int, integer); break;
    case OST_TYPE_INT64: WRITE(int64_t, integer); break;
    case OST_TYPE_UINT8: WRITE(unsigned char, natural); break;
    case OST_TYPE_UINT16: WRITE(unsigned short, natural); break;
    case OST_TYPE_UINT32: WRITE(unsigned int, natural); break;
    default: WRITE(uint64_t, natural); break;
    }
}

static void store_scalar(const ost_field *f, uint16_t base, void *p, const ost_value *v)
{
    switch (base) {
    case OST_TYPE_BOOL: memcpy(p, &v->as.boolean, sizeof v->as.boolean); break;
    case OST_TYPE_FLOAT: WRITE(float, real); break;
    case OST_TYPE_DOUBLE: memcpy(p, &v->as.real, sizeof v->as.real); break;
    case OST_TYPE_TEXT: memcpy(p, &v->as.text, sizeof v->as.text); break;
    case OST_TYPE_CHARS: {
        size_t length = strlen(v->as.text);
        if (length >= f->size)
            length = f->size - 1;
        memmove(p, v->as.text, length);
        memset((char *)p + length, 0, f->size - length);
        break;
    }
    case OST_TYPE_BLOB: memcpy(p, &v->as.blob, sizeof v->as.blob); break;
    case OST_TYPE_TIME: memcpy(p, &v->as.time, sizeof v->as.time); break;
    case OST_TYPE_DATE: memcpy(p, &v->as.date, sizeof v->as.date); break;
    case OST_TYPE_UUID: memcpy(p, &v->as.uuid, sizeof v->as.uuid); break;
    case OST_TYPE_OBJECT_ID: memcpy(p, &v->as.object_id, sizeof v->as.object_id); break;
    case OST_TYPE_DECIMAL: memcpy(p, &v->as.decimal, sizeof v->as.decimal); break;
    case OST_TYPE_JSON: memcpy(p, &v->as.json, sizeof v->as.json); break;
    case OST_TYPE_POINT: memcpy(p, &v->as.point, sizeof v->as.point); break;
    default: store_integer(base, p, v); break;
    }
}

void ost__member_store(const ost_field *f, void *record, const ost_value *v)
{
    char *p = ost__member_at(f, record);
    if (v->type == OST_TYPE_NONE) {
        memset(p, 0, f->size);
        return;
    }
    if (ost__type_is_optional(f->type)) {
        bool present = true;
        memset(p, 0, f->size);
        memcpy(p, &present, sizeof present);
    }
    store_scalar(f, ost__base_type(f->type), p + ost__optional_value_offset(f->type), v);
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

/* NaN equals NaN and is above everything else. */
static int compare_real(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b) == 0 ? 0 : (isnan(a) ? 1 : -1);
    return (a > b) - (a < b);
}

static bool is_number(const ost_value *v)
{
    return v->type == OST_TYPE_INT64 || v->type == OST_TYPE_UINT64 || v->type == OST_TYPE_DOUBLE ||
           v->type == OST_TYPE_DECIMAL;
}

static bool is_whole(const ost_value *v)
{
    return v->type == OST_TYPE_INT64 || v->type == OST_TYPE_UINT64;
}

static int compare_whole(const ost_value *a, const ost_value *b)
{
    bool a_negative = a->type == OST_TYPE_INT64 && a->as.integer < 0;
    bool b_negative = b->type == OST_TYPE_INT64 && b->as.integer < 0;
    if (a_negative || b_negative) {
        if (a_negative != b_negative)
            return a_negative ? -1 : 1;
        return (a->as.integer > b->as.integer) - (a->as.integer < b->as.integer);
    }
    uint64_t x = a->type == OST_TYPE_INT64 ? (uint64_t)a->as.integer : a->as.natural;
    uint64_t y = b->type == OST_TYPE_INT64 ? (uint64_t)b->as.integer : b->as.natural;
    return (x > y) - (x < y);
}

/* An integer with a double, without rounding the integer. */
static int compare_whole_real(const ost_value *a, double b)
{
    if (isnan(b) || b >= 18446744073709551616.0)
        return -1;
    if (b < -9223372036854775808.0)
        return 1;
    double whole = b < 0 ? (double)(int64_t)b : (double)(uint64_t)b;
    ost_value truncated = { .type = OST_TYPE_INT64 };
    if (whole < 0) {
        truncated.as.integer = (int64_t)whole;
    } else {
        truncated.type = OST_TYPE_UINT64;
        truncated.as.natural = (uint64_t)whole;
    }
    int order = compare_whole(a, &truncated);
    return order ? order : compare_real(whole, b);
}

static ost_decimal decimal_of(const ost_value *v)
{
    if (v->type == OST_TYPE_DECIMAL)
        return v->as.decimal;
    return v->type == OST_TYPE_INT64 ? ost_decimal_of(v->as.integer, 0)
                                     : ost__decimal_from_uint(v->as.natural);
}

static int compare_numbers(const ost_value *a, const ost_value *b)
{
    if (a->type == OST_TYPE_DOUBLE && b->type == OST_TYPE_DOUBLE)
        return compare_real(a->as.real, b->as.real);
    if (is_whole(a) && is_whole(b))
        return compare_whole(a, b);
    if (is_whole(a) && b->type == OST_TYPE_DOUBLE)
        return compare_whole_real(a, b->as.real);
    if (is_whole(b) && a->type == OST_TYPE_DOUBLE)
        return -compare_whole_real(b, a->as.real);
    if (a->type == OST_TYPE_DOUBLE)
        return compare_real(a->as.real, ost__decimal_to_double(b->as.decimal));
    if (b->type == OST_TYPE_DOUBLE)
        return compare_real(ost__decimal_to_double(a->as.decimal), b->as.real);
    return ost_decimal_compare(decimal_of(a), decimal_of(b));
}

static int compare_blobs(ost_blob a, ost_blob b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? sign(order) : (a.size > b.size) - (a.size < b.size);
}

int ost__value_compare(const ost_value *a, const ost_value *b)
{
    if (is_number(a) && is_number(b))
        return compare_numbers(a, b);
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    switch (a->type) {
    case OST_TYPE_BOOL: return (int)a->as.boolean - (int)b->as.boolean;
    case OST_TYPE_TEXT: return sign(strcmp(a->as.text, b->as.text));
    case OST_TYPE_JSON: return sign(strcmp(a->as.json.text, b->as.json.text));
    case OST_TYPE_BLOB: return compare_blobs(a->as.blob, b->as.blob);
    case OST_TYPE_TIME: return ost_time_compare(a->as.time, b->as.time);
    case OST_TYPE_DATE:
        return (a->as.date.days > b->as.date.days) - (a->as.date.days < b->as.date.days);
    case OST_TYPE_UUID: return sign(memcmp(a->as.uuid.bytes, b->as.uuid.bytes, 16));
    case OST_TYPE_OBJECT_ID: return sign(memcmp(a->as.object_id.bytes, b->as.object_id.bytes, 12));
    case OST_TYPE_POINT: {
        int order = compare_real(a->as.point.longitude, b->as.point.longitude);
        return order ? order : compare_real(a->as.point.latitude, b->as.point.latitude);
    }
    default: return 0;
    }
}
