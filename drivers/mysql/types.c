/* SPDX-License-Identifier: MIT */
#include "mysql/types.h"

#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/scalar.h"

static bool is_integer(uint16_t type)
{
    return type >= OST_TYPE_INT8 && type <= OST_TYPE_UINT64;
}

/* Where the member's form decides, whatever the value is. */
static enum ost__my_form form_of_member(uint16_t type, const ost_field *f)
{
    uint16_t kind = ost__my_kind_of(f);
    bool number = is_integer(type) || type == OST_TYPE_DECIMAL;
    if (is_integer(type) && ost__my_is_enumeration(f))
        return OST__MY_TEXT;
    if (number && kind == OST_TYPE_DECIMAL)
        return OST__MY_DECIMAL;
    if (number && (kind == OST_TYPE_FLOAT || kind == OST_TYPE_DOUBLE))
        return OST__MY_REAL;
    if (type == OST_TYPE_DECIMAL && is_integer(kind))
        return kind == OST_TYPE_UINT64 ? OST__MY_NATURAL : OST__MY_INTEGER;
    if (type == OST_TYPE_TIME && f->stored == OST_STORED_SECONDS_TEXT)
        return OST__MY_TEXT;
    if (type == OST_TYPE_TIME && f->stored == OST_STORED_UNIX_SECONDS)
        return OST__MY_INTEGER;
    return OST__MY_NULL;
}

enum ost__my_form ost__my_form_of(uint16_t type, const ost_field *field)
{
    enum ost__my_form form = field ? form_of_member(type, field) : OST__MY_NULL;
    if (form != OST__MY_NULL)
        return form;
    switch (type) {
    case OST_TYPE_BOOL:
    case OST_TYPE_INT8:
    case OST_TYPE_INT16:
    case OST_TYPE_INT32:
    case OST_TYPE_INT64:
    case OST_TYPE_UINT8:
    case OST_TYPE_UINT16:
    case OST_TYPE_UINT32: return OST__MY_INTEGER;
    case OST_TYPE_UINT64: return OST__MY_NATURAL;
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return OST__MY_REAL;
    case OST_TYPE_TEXT:
    case OST_TYPE_CHARS: return OST__MY_TEXT;
    case OST_TYPE_BLOB:
    case OST_TYPE_UUID:
    case OST_TYPE_OBJECT_ID:
    case OST_TYPE_POINT: return OST__MY_BYTES;
    case OST_TYPE_JSON:
    case OST_TYPE_EMBEDDED:
    case OST_TYPE_LIST: return OST__MY_TEXT;
    case OST_TYPE_TIME: return OST__MY_TIME;
    case OST_TYPE_DATE: return OST__MY_DATE;
    case OST_TYPE_DECIMAL: return OST__MY_DECIMAL;
    default: return OST__MY_NULL;
    }
}

static ost_status store_integer(int64_t n, ost__my_cell *out)
{
    out->form = OST__MY_INTEGER;
    out->as.integer = n;
    return OST_OK;
}

static ost_status store_natural(uint64_t n, ost__my_cell *out)
{
    out->form = OST__MY_NATURAL;
    out->as.natural = n;
    return OST_OK;
}

/* -0.0 would group apart from 0.0. */
static ost_status store_real(double x, ost__my_cell *out)
{
    if (!isfinite(x))
        return OST_RANGE;
    out->form = OST__MY_REAL;
    out->as.real = x == 0 ? 0.0 : x;
    return OST_OK;
}

static ost_status store_span(enum ost__my_form form, const void *data, size_t size,
                             ost__my_cell *out)
{
    out->form = (uint16_t)(data ? form : OST__MY_NULL);
    out->inside = false;
    out->as.span.data = data;
    out->as.span.size = size;
    return OST_OK;
}

static ost_status store_inside(enum ost__my_form form, size_t size, ost__my_cell *out)
{
    out->form = (uint16_t)form;
    out->inside = true;
    out->as.span.data = NULL;
    out->as.span.size = size;
    return OST_OK;
}

/* Whole: the value of a decimal that has nothing behind its point. */
static ost_status store_whole(ost_decimal d, bool natural, ost__my_cell *out)
{
    int64_t n;
    if (!ost__decimal_rescale(d, 0, &d))
        return OST_RANGE;
    if (natural)
        return d.high == 0 ? store_natural(d.low, out) : OST_RANGE;
    return ost__decimal_units(d, &n) ? store_integer(n, out) : OST_RANGE;
}

static ost_status store_decimal(ost_decimal d, const ost_field *field, ost__my_cell *out)
{
    uint16_t kind = field ? ost__my_kind_of(field) : OST_TYPE_DECIMAL;
    if (kind == OST_TYPE_FLOAT || kind == OST_TYPE_DOUBLE)
        return store_real(ost__decimal_to_double(d), out);
    if (is_integer(kind))
        return store_whole(d, kind == OST_TYPE_UINT64, out);
    if (field && field->precision > 0 && !ost__decimal_fit(d, field->precision, field->scale, &d))
        return OST_RANGE;
    return store_inside(OST__MY_DECIMAL, ost_decimal_print(d, out->bytes), out);
}

static ost_status store_name(int64_t n, const ost_field *field, ost__my_cell *out)
{
    const char *name = ost__name_of(field, n);
    return name ? store_span(OST__MY_TEXT, name, strlen(name), out) : OST_RANGE;
}

static ost_status store_number(int64_t n, const ost_field *field, ost__my_cell *out)
{
    uint16_t kind = field ? ost__my_kind_of(field) : OST_TYPE_INT64;
    if (field && field->values)
        return ost__my_is_enumeration(field) ? store_name(n, field, out) : OST_RANGE;
    if (kind == OST_TYPE_DECIMAL)
        return store_decimal(ost_decimal_of(n, 0), field, out);
    if (kind == OST_TYPE_FLOAT || kind == OST_TYPE_DOUBLE)
        return store_real((double)n, out);
    return store_integer(n, out);
}

static ost_status store_unsigned(uint64_t n, const ost_field *field, ost__my_cell *out)
{
    uint16_t kind = field ? ost__my_kind_of(field) : OST_TYPE_UINT64;
    if (field && field->values)
        return n <= INT64_MAX ? store_number((int64_t)n, field, out) : OST_RANGE;
    if (kind == OST_TYPE_DECIMAL)
        return store_decimal(ost__decimal_from_uint(n), field, out);
    if (kind == OST_TYPE_FLOAT || kind == OST_TYPE_DOUBLE)
        return store_real((double)n, out);
    return store_natural(n, out);
}

/* The civil day of a number of days since 1970-01-01, by the Gregorian calendar. */
static void set_day(int32_t days, MYSQL_TIME *out)
{
    /* Counted from March 1 of the year 0, so that a leap day is the last of its year. */
    enum { EPOCH = 719468, CYCLE = 146097 };
    uint32_t n = (uint32_t)(days + EPOCH), cycle = n / CYCLE, of_cycle = n % CYCLE;
    uint32_t year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
    uint32_t of_year = of_cycle - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153;
    *out = (MYSQL_TIME){ .time_type = MYSQL_TIMESTAMP_DATE };
    out->day = of_year - (153 * month + 2) / 5 + 1;
    out->month = month < 10 ? month + 3 : month - 9;
    out->year = cycle * 400 + year + (out->month <= 2);
}

static ost_status store_time(ost_time t, const ost_field *field, ost__my_cell *out)
{
    uint16_t stored = field ? field->stored : (uint16_t)OST_STORED_OURS;
    const int64_t day_us = INT64_C(86400) * 1000000;
    int64_t days, rest;
    uint32_t seconds;
    if (!ost__time_in_range(t))
        return OST_RANGE;
    if (stored == OST_STORED_SECONDS_TEXT || stored == OST_STORED_UNIX_SECONDS)
        t = ost__time_round_seconds(t);
    if (!ost__time_in_range(t))
        return OST_RANGE;
    if (stored == OST_STORED_UNIX_SECONDS)
        return store_integer(t.microseconds / 1000000, out);
    if (stored == OST_STORED_SECONDS_TEXT) {
        ost__time_to_seconds(t, out->bytes);
        return store_inside(OST__MY_TEXT, OST__TIME_SECONDS_SIZE, out);
    }
    days = t.microseconds / day_us - (t.microseconds % day_us < 0);
    rest = t.microseconds - days * day_us;
    set_day((int32_t)days, &out->as.time);
    seconds = (uint32_t)(rest / 1000000);
    out->as.time.hour = seconds / 3600;
    out->as.time.minute = seconds / 60 % 60;
    out->as.time.second = seconds % 60;
    out->as.time.second_part = (unsigned long)(rest % 1000000);
    out->as.time.time_type = MYSQL_TIMESTAMP_DATETIME;
    out->form = OST__MY_TIME;
    return OST_OK;
}

static ost_status store_date(ost_date d, ost__my_cell *out)
{
    if (!ost__date_in_range(d))
        return OST_RANGE;
    set_day(d.days, &out->as.time);
    out->form = OST__MY_DATE;
    return OST_OK;
}

static void put_little(void *to, uint64_t bits, size_t size)
{
    uint8_t *at = to;
    for (size_t i = 0; i < size; i++, bits >>= 8)
        at[i] = (uint8_t)bits;
}

/*
 * As the server keeps it: the number of its system of coordinates, then well-known binary,
 * longitude first. MySQL turns the order of that system's axes about where it reads or writes
 * texts, and not in what it keeps.
 */
static ost_status store_point(const ost_point *p, ost__my_cell *out)
{
    const double x[] = { p->longitude == 0 ? 0.0 : p->longitude,
                         p->latitude == 0 ? 0.0 : p->latitude };
    uint64_t bits[2];
    if (!isfinite(x[0]) || !isfinite(x[1]))
        return OST_RANGE;
    memcpy(bits, x, sizeof bits);
    put_little(out->bytes, OST__MY_WGS84, 4);
    put_little(out->bytes + 4, 1, 1); /* the lowest byte first */
    put_little(out->bytes + 5, 1, 4); /* a point */
    put_little(out->bytes + 9, bits[0], 8);
    put_little(out->bytes + 17, bits[1], 8);
    return store_inside(OST__MY_BYTES, OST__MY_POINT_SIZE, out);
}

static ost_status store_text(const char *text, ost__my_cell *out)
{
    return store_span(OST__MY_TEXT, text, text ? strlen(text) : 0, out);
}

ost_status ost__my_store(uint16_t type, const void *at, uint32_t size, const ost_field *field,
                         ost__my_cell *out)
{
    const char *end;
    switch (type) {
    case OST_TYPE_BOOL: return store_integer(*(const bool *)at, out);
    case OST_TYPE_INT8: return store_number(*(const signed char *)at, field, out);
    case OST_TYPE_INT16: return store_number(*(const short *)at, field, out);
    case OST_TYPE_INT32: return store_number(*(const int *)at, field, out);
    case OST_TYPE_INT64: return store_number(*(const int64_t *)at, field, out);
    case OST_TYPE_UINT8: return store_number(*(const unsigned char *)at, field, out);
    case OST_TYPE_UINT16: return store_number(*(const unsigned short *)at, field, out);
    case OST_TYPE_UINT32: return store_number(*(const unsigned *)at, field, out);
    case OST_TYPE_UINT64: return store_unsigned(*(const uint64_t *)at, field, out);
    case OST_TYPE_FLOAT: return store_real((double)*(const float *)at, out);
    case OST_TYPE_DOUBLE: return store_real(*(const double *)at, out);
    case OST_TYPE_TEXT: return store_text(*(const char *const *)at, out);
    case OST_TYPE_CHARS:
        end = memchr(at, '\0', size);
        if (!end)
            return OST_RANGE;
        return store_span(OST__MY_TEXT, at, (size_t)(end - (const char *)at), out);
    case OST_TYPE_BLOB:
        return store_span(OST__MY_BYTES, ((const ost_blob *)at)->data, ((const ost_blob *)at)->size,
                          out);
    case OST_TYPE_TIME: return store_time(*(const ost_time *)at, field, out);
    case OST_TYPE_DATE: return store_date(*(const ost_date *)at, out);
    case OST_TYPE_UUID: return store_span(OST__MY_BYTES, at, sizeof(ost_uuid), out);
    case OST_TYPE_OBJECT_ID: return store_span(OST__MY_BYTES, at, sizeof(ost_object_id), out);
    case OST_TYPE_DECIMAL: return store_decimal(*(const ost_decimal *)at, field, out);
    case OST_TYPE_POINT: return store_point(at, out);
    case OST_TYPE_NONE: out->form = OST__MY_NULL; return OST_OK;
    default: return OST_UNSUPPORTED;
    }
}

ost_status ost__my_store_value(const ost_value *value, const ost_field *field, ost__my_cell *out)
{
    return ost__my_store(value->type, &value->as, 0, field, out);
}
