/* SPDX-License-Identifier: MIT */
#include "sqlite/types.h"

#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/scalar.h"

/* Doubles hold every integer up to here. */
#define EXACT_DOUBLE (INT64_C(1) << 53)

ost__form ost__form_of(const ost_field *f)
{
    ost__form form = { .kind = OST__FORM_PLAIN };
    switch (ost__kind_of(f)) {
    case OST_TYPE_DECIMAL:
        form.kind = f->stored == OST_STORED_NUMERIC     ? OST__FORM_NUMBER
                    : f->precision <= OST__UNITS_DIGITS ? OST__FORM_UNITS
                                                        : OST__FORM_SORTABLE;
        form.precision = (uint8_t)f->precision;
        form.scale = (uint8_t)f->scale;
        break;
    case OST_TYPE_TIME:
        if (f->stored == OST_STORED_SECONDS_TEXT)
            form.kind = OST__FORM_SECONDS;
        else if (f->stored == OST_STORED_UNIX_SECONDS)
            form.kind = OST__FORM_UNIX;
        break;
    default:
        if (ost__is_enumeration(f))
            form.kind = OST__FORM_NAME;
        break;
    }
    return form;
}

int ost__form_code(ost__form form)
{
    return form.kind * 10000 + form.precision * 100 + form.scale;
}

ost__form ost__form_decode(int code)
{
    return (ost__form){ .kind = (uint8_t)(code / 10000),
                        .precision = (uint8_t)(code / 100 % 100),
                        .scale = (uint8_t)(code % 100) };
}

/* ---- to a cell ---- */

static ost_status store_integer(int64_t n, ost__cell *out)
{
    out->kind = SQLITE_INTEGER;
    out->as.integer = n;
    return OST_OK;
}

/* SQLite turns NaN into NULL, and -0.0 would be another text than 0.0. */
static ost_status store_real(double x, ost__cell *out)
{
    if (isnan(x))
        return OST_RANGE;
    out->kind = SQLITE_FLOAT;
    out->as.real = x == 0 ? 0.0 : x;
    return OST_OK;
}

static ost_status store_span(int kind, const void *data, size_t size, ost__cell *out)
{
    out->kind = kind;
    out->inside = false;
    out->as.span.data = data;
    out->as.span.size = size;
    return OST_OK;
}

static ost_status store_inside(size_t size, ost__cell *out)
{
    out->kind = SQLITE_TEXT;
    out->inside = true;
    out->as.span.data = out->bytes;
    out->as.span.size = size;
    return OST_OK;
}

ost_status ost__store_decimal(ost_decimal d, ost__form form, ost__cell *out)
{
    int64_t units;
    ost_decimal whole;
    if (form.kind == OST__FORM_CANONICAL)
        return store_inside(ost__decimal_to_canonical(d, out->bytes), out);
    if (!ost__decimal_fit(d, form.precision, form.scale, &d))
        return OST_RANGE;
    switch (form.kind) {
    case OST__FORM_UNITS:
        return ost__decimal_units(d, &units) ? store_integer(units, out) : OST_RANGE;
    case OST__FORM_SORTABLE:
        return store_inside(ost__decimal_to_sortable(d, form.precision, out->bytes), out);
    default:
        /* A number that equals what a column of others holds: an integer only where a double cannot
         * tell it apart. */
        if (ost__decimal_rescale(d, 0, &whole) && ost__decimal_units(whole, &units) &&
            (units > EXACT_DOUBLE || units < -EXACT_DOUBLE))
            return store_integer(units, out);
        return store_real(ost__decimal_to_double(d), out);
    }
}

static ost_status store_decimal(ost_decimal d, const ost_field *field, ost__cell *out)
{
    int64_t units;
    if (!field)
        return ost__store_decimal(d, (ost__form){ .kind = OST__FORM_CANONICAL }, out);
    switch (ost__kind_of(field)) {
    case OST_TYPE_DECIMAL: return ost__store_decimal(d, ost__form_of(field), out);
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return store_real(ost__decimal_to_double(d), out);
    default:
        if (!ost__decimal_rescale(d, 0, &d) || !ost__decimal_units(d, &units))
            return OST_RANGE;
        return store_integer(units, out);
    }
}

static ost_status store_name(int64_t n, const ost_field *field, ost__cell *out)
{
    const char *name = ost__name_of(field, n);
    return name ? store_span(SQLITE_TEXT, name, strlen(name), out) : OST_RANGE;
}

static ost_status store_number(int64_t n, const ost_field *field, ost__cell *out)
{
    if (!field)
        return store_integer(n, out);
    if (field->values)
        return ost__is_enumeration(field) ? store_name(n, field, out) : OST_RANGE;
    switch (ost__kind_of(field)) {
    case OST_TYPE_DECIMAL: return store_decimal(ost_decimal_of(n, 0), field, out);
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return store_real((double)n, out);
    default: return store_integer(n, out);
    }
}

static ost_status store_natural(uint64_t n, const ost_field *field, ost__cell *out)
{
    if (n <= INT64_MAX)
        return store_number((int64_t)n, field, out);
    if (field && ost__kind_of(field) == OST_TYPE_DECIMAL)
        return store_decimal(ost__decimal_from_uint(n), field, out);
    return OST_RANGE;
}

static ost_status store_time(ost_time t, const ost_field *field, ost__cell *out)
{
    ost__form form = field ? ost__form_of(field) : (ost__form){ .kind = OST__FORM_PLAIN };
    if (form.kind == OST__FORM_SECONDS || form.kind == OST__FORM_UNIX) {
        if (!ost__time_in_range(t))
            return OST_RANGE;
        t = ost__time_round_seconds(t);
    }
    if (!ost__time_in_range(t))
        return OST_RANGE;
    switch (form.kind) {
    case OST__FORM_UNIX: return store_integer(t.microseconds / 1000000, out);
    case OST__FORM_SECONDS:
        ost__time_to_seconds(t, out->bytes);
        return store_inside(OST__TIME_SECONDS_SIZE, out);
    default: ost__time_to_stored(t, out->bytes); return store_inside(OST__TIME_STORED_SIZE, out);
    }
}

static ost_status store_text(const char *text, ost__cell *out)
{
    if (text)
        return store_span(SQLITE_TEXT, text, strlen(text), out);
    out->kind = SQLITE_NULL;
    return OST_OK;
}

static ost_status store_blob(const ost_blob *b, ost__cell *out)
{
    if (b->data)
        return store_span(SQLITE_BLOB, b->data, b->size, out);
    out->kind = SQLITE_NULL;
    return OST_OK;
}

ost_status ost__store(uint16_t type, const void *at, uint32_t size, const ost_field *field,
                      ost__cell *out)
{
    const char *end;
    switch (type) {
    case OST_TYPE_BOOL: return store_number(*(const bool *)at, NULL, out);
    case OST_TYPE_INT8: return store_number(*(const signed char *)at, field, out);
    case OST_TYPE_INT16: return store_number(*(const short *)at, field, out);
    case OST_TYPE_INT32: return store_number(*(const int *)at, field, out);
    case OST_TYPE_INT64: return store_number(*(const int64_t *)at, field, out);
    case OST_TYPE_UINT8: return store_number(*(const unsigned char *)at, field, out);
    case OST_TYPE_UINT16: return store_number(*(const unsigned short *)at, field, out);
    case OST_TYPE_UINT32: return store_number(*(const unsigned *)at, field, out);
    case OST_TYPE_UINT64: return store_natural(*(const uint64_t *)at, field, out);
    case OST_TYPE_FLOAT: return store_real((double)*(const float *)at, out);
    case OST_TYPE_DOUBLE: return store_real(*(const double *)at, out);
    case OST_TYPE_TEXT: return store_text(*(const char *const *)at, out);
    case OST_TYPE_CHARS:
        end = memchr(at, '\0', size);
        return end ? store_span(SQLITE_TEXT, at, (size_t)(end - (const char *)at), out) : OST_RANGE;
    case OST_TYPE_BLOB: return store_blob(at, out);
    case OST_TYPE_TIME: return store_time(*(const ost_time *)at, field, out);
    case OST_TYPE_DATE:
        if (!ost__date_in_range(*(const ost_date *)at))
            return OST_RANGE;
        ost__date_to_stored(*(const ost_date *)at, out->bytes);
        return store_inside(OST__DATE_STORED_SIZE, out);
    case OST_TYPE_UUID: return store_span(SQLITE_BLOB, at, sizeof(ost_uuid), out);
    case OST_TYPE_OBJECT_ID: return store_span(SQLITE_BLOB, at, sizeof(ost_object_id), out);
    case OST_TYPE_DECIMAL: return store_decimal(*(const ost_decimal *)at, field, out);
    case OST_TYPE_NONE: out->kind = SQLITE_NULL; return OST_OK;
    default: return OST_UNSUPPORTED;
    }
}

ost_status ost__store_compared(uint16_t type, const void *at, uint32_t size, const ost_field *field,
                               ost__cell *out)
{
    bool whole = !field || (ost__kind_of(field) >= OST_TYPE_INT8 &&
                            ost__kind_of(field) <= OST_TYPE_UINT64 && !field->values);
    if (type == OST_TYPE_UINT64 && *(const uint64_t *)at > INT64_MAX && whole)
        return store_real((double)*(const uint64_t *)at, out);
    return ost__store(type, at, size, field, out);
}

ost_status ost__store_value(const ost_value *value, const ost_field *field, ost__cell *out)
{
    return ost__store(value->type, &value->as, 0, field, out);
}

/* ---- from a cell ---- */

/* 'p' and 39 digits before the point and 38 after it, or 'n' and the complement of each. */
static bool load_canonical(const char *text, size_t size, int32_t scale, ost_decimal *out)
{
    enum { BEFORE = OST__DECIMAL_DIGITS + 1, AFTER = OST__DECIMAL_DIGITS };
    char plain[2 + BEFORE + 1 + AFTER];
    size_t n = 0, from = 1, used = AFTER;
    bool negative = size > 0 && text[0] == 'n';
    if (size != 1 + BEFORE + AFTER || (text[0] != 'p' && !negative))
        return false;
    while (from < BEFORE && text[from] == (negative ? '9' : '0'))
        from++;
    while (used > (size_t)scale && text[BEFORE + used] == (negative ? '9' : '0'))
        used--;
    if (negative)
        plain[n++] = '-';
    for (size_t i = from; i <= BEFORE + used; i++) {
        if (i == BEFORE + 1)
            plain[n++] = '.';
        if (text[i] < '0' || text[i] > '9')
            return false;
        plain[n++] = negative ? (char)('0' + '9' - text[i]) : text[i];
    }
    return ost__decimal_parse_n(plain, n, out);
}

static bool load_text_decimal(sqlite3_value *v, ost__form form, ost_decimal *out)
{
    const char *text = (const char *)sqlite3_value_text(v);
    size_t size = (size_t)sqlite3_value_bytes(v);
    if (!text)
        return false;
    if (size == OST__DECIMAL_CANONICAL_SIZE - 1)
        return load_canonical(text, size, form.scale, out);
    if (form.kind == OST__FORM_SORTABLE)
        return ost__decimal_from_sortable(text, size, form.precision, form.scale, out);
    return form.kind == OST__FORM_NUMBER && ost__decimal_parse_n(text, size, out) &&
           ost__decimal_fit(*out, form.precision, form.scale, out);
}

bool ost__load_decimal(sqlite3_value *v, ost__form form, ost_decimal *out)
{
    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER:
        if (form.kind == OST__FORM_UNITS) {
            *out = ost_decimal_of(sqlite3_value_int64(v), form.scale);
            return true;
        }
        *out = ost_decimal_of(sqlite3_value_int64(v), 0);
        return form.kind == OST__FORM_PLAIN ||
               (form.kind == OST__FORM_NUMBER &&
                ost__decimal_fit(*out, form.precision, form.scale, out));
    case SQLITE_FLOAT:
        return form.kind == OST__FORM_NUMBER &&
               ost__decimal_from_double(sqlite3_value_double(v), form.precision, form.scale, out);
    case SQLITE_TEXT: return load_text_decimal(v, form, out);
    default: return false;
    }
}

bool ost__load_time(sqlite3_value *v, ost__form form, ost_time *out)
{
    const char *text;
    int64_t seconds;
    switch (sqlite3_value_type(v)) {
    case SQLITE_TEXT:
        if (form.kind == OST__FORM_UNIX)
            return false;
        text = (const char *)sqlite3_value_text(v);
        return text && ost__time_from_stored(text, (size_t)sqlite3_value_bytes(v), out);
    case SQLITE_INTEGER:
        seconds = sqlite3_value_int64(v);
        if (form.kind != OST__FORM_UNIX || seconds > INT64_MAX / 1000000 ||
            seconds < INT64_MIN / 1000000)
            return false;
        *out = (ost_time){ .microseconds = seconds * 1000000 };
        return ost__time_in_range(*out);
    default: return false;
    }
}
