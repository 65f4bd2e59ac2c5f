/* SPDX-License-Identifier: MIT */
#include "mongo/types.h"

#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/scalar.h"

#define DAY_MS INT64_C(86400000)

static bool is_integer(uint16_t type)
{
    return type >= OST_TYPE_INT8 && type <= OST_TYPE_UINT64;
}

static bool is_real(uint16_t type)
{
    return type == OST_TYPE_FLOAT || type == OST_TYPE_DOUBLE;
}

bool ost__mongo_is_enumeration(const ost_field *f)
{
    return f->values && is_integer(ost__mongo_kind_of(f));
}

/* ---- decimals ---- */

enum {
    DECIMAL_BIAS = 6176,
    EXPONENT_SHIFT = 49,
    EXPONENT_MASK = 0x3fff,
    SCALE_MAX = OST__DECIMAL_DIGITS,
    DIGITS_MAX = 34
};

bool ost__mongo_decimal_to(ost_decimal d, bson_decimal128_t *out)
{
    bool negative = d.high < 0;
    if (d.scale < 0 || d.scale > SCALE_MAX)
        return false;
    /* What lies behind the last digit that counts may go. */
    while (ost__decimal_digits(d) > DIGITS_MAX)
        if (d.scale == 0 || !ost__decimal_rescale(d, d.scale - 1, &d))
            return false;
    if (negative)
        d = ost_decimal_negate(d);
    /* 34 digits are less than 113 bits, so that the coefficient has the lower 49 of this half. */
    out->low = d.low;
    out->high = (uint64_t)d.high | (uint64_t)(DECIMAL_BIAS - d.scale) << EXPONENT_SHIFT;
    if (negative)
        out->high |= UINT64_C(1) << 63;
    return true;
}

bool ost__mongo_decimal_from(const bson_decimal128_t *value, ost_decimal *out, int32_t *rounded)
{
    const uint64_t coefficient = (UINT64_C(1) << EXPONENT_SHIFT) - 1;
    int32_t exponent = (int32_t)(value->high >> EXPONENT_SHIFT & EXPONENT_MASK) - DECIMAL_BIAS;
    ost_decimal d = { .high = (int64_t)(value->high & coefficient), .low = value->low };
    int digits = ost__decimal_digits(d);
    /* NaN, infinities, and a form of numbers that no coefficient of 34 digits needs. */
    if ((value->high >> 61 & 3) == 3 || digits > DIGITS_MAX)
        return false;
    if (rounded)
        *rounded = digits == DIGITS_MAX ? exponent : INT32_MIN;
    if (ost__decimal_is_zero(d)) {
        d.scale = exponent >= 0 ? 0 : exponent < -SCALE_MAX ? SCALE_MAX : -exponent;
    } else if (exponent > 0) {
        if (exponent > SCALE_MAX || !ost__decimal_rescale(d, exponent, &d))
            return false;
        d.scale = 0;
    } else if (exponent < -SCALE_MAX) {
        /* As many zeros at its end as places too many. */
        d.scale = -exponent - SCALE_MAX;
        if (d.scale > SCALE_MAX || !ost__decimal_rescale(d, 0, &d))
            return false;
        d.scale = SCALE_MAX;
    } else {
        d.scale = -exponent;
    }
    *out = value->high >> 63 ? ost_decimal_negate(d) : d;
    return true;
}

/* ---- to documents ---- */

static ost_status store_int64(int64_t n, ost__mongo_value *out)
{
    out->type = BSON_TYPE_INT64;
    out->as.int64 = n;
    return OST_OK;
}

/* Members that always fit have 32 bits; their differences need not. */
static ost_status store_integer(int64_t n, uint16_t kind, ost__mongo_value *out)
{
    bool small = kind == OST_TYPE_INT8 || kind == OST_TYPE_INT16 || kind == OST_TYPE_INT32 ||
                 kind == OST_TYPE_UINT8 || kind == OST_TYPE_UINT16;
    if (!small || n < INT32_MIN || n > INT32_MAX)
        return store_int64(n, out);
    out->type = BSON_TYPE_INT32;
    out->as.int32 = (int32_t)n;
    return OST_OK;
}

/* -0.0 would group apart from 0.0. */
static ost_status store_real(double x, bool compared, ost__mongo_value *out)
{
    if (isnan(x) || (!compared && isinf(x)))
        return OST_RANGE;
    out->type = BSON_TYPE_DOUBLE;
    out->as.real = x == 0 ? 0.0 : x;
    return OST_OK;
}

static ost_status store_span(uint8_t type, uint8_t subtype, const void *data, size_t size,
                             ost__mongo_value *out)
{
    out->type = data ? type : BSON_TYPE_EOD;
    out->subtype = subtype;
    out->is_inside = false;
    if (size > OST__MONGO_DOCUMENT_MAX)
        return OST_TOO_LARGE;
    out->size = (uint32_t)size;
    out->as.data = data;
    return OST_OK;
}

/* Whole: the value of a decimal that has nothing behind its point. */
static ost_status store_whole(ost_decimal d, uint16_t kind, ost__mongo_value *out)
{
    int64_t n;
    if (!ost__decimal_rescale(d, 0, &d) || !ost__decimal_units(d, &n))
        return OST_RANGE;
    return store_integer(n, kind, out);
}

static ost_status store_decimal(ost_decimal d, const ost_field *field, bool compared,
                                ost__mongo_value *out)
{
    uint16_t kind = field ? ost__mongo_kind_of(field) : OST_TYPE_DECIMAL;
    if (is_real(kind))
        return store_real(ost__decimal_to_double(d), compared, out);
    if (is_integer(kind))
        return store_whole(d, kind, out);
    if (!compared && field && field->precision > 0 &&
        !ost__decimal_fit(d, field->precision, field->scale, &d))
        return OST_RANGE;
    out->type = BSON_TYPE_DECIMAL128;
    return ost__mongo_decimal_to(d, &out->as.decimal) ? OST_OK : OST_RANGE;
}

static ost_status store_name(int64_t n, const ost_field *field, ost__mongo_value *out)
{
    const char *name = ost__name_of(field, n);
    return name ? store_span(BSON_TYPE_UTF8, 0, name, strlen(name), out) : OST_RANGE;
}

static ost_status store_number(int64_t n, const ost_field *field, bool compared,
                               ost__mongo_value *out)
{
    uint16_t kind = field ? ost__mongo_kind_of(field) : OST_TYPE_INT64;
    if (field && field->values)
        return ost__mongo_is_enumeration(field) ? store_name(n, field, out) : OST_RANGE;
    if (kind == OST_TYPE_DECIMAL)
        return store_decimal(ost_decimal_of(n, 0), field, compared, out);
    if (is_real(kind))
        return store_real((double)n, compared, out);
    return store_integer(n, kind, out);
}

static ost_status store_unsigned(uint64_t n, const ost_field *field, bool compared,
                                 ost__mongo_value *out)
{
    uint16_t kind = field ? ost__mongo_kind_of(field) : OST_TYPE_UINT64;
    if (n <= INT64_MAX)
        return store_number((int64_t)n, field, compared, out);
    if (field && field->values)
        return OST_RANGE;
    if (is_real(kind))
        return store_real((double)n, compared, out);
    if (kind == OST_TYPE_DECIMAL)
        return store_decimal(ost__decimal_from_uint(n), field, compared, out);
    if (!compared)
        return OST_RANGE;
    out->type = BSON_TYPE_DECIMAL128;
    return ost__mongo_decimal_to(ost__decimal_from_uint(n), &out->as.decimal) ? OST_OK : OST_RANGE;
}

/* Half a millisecond goes up, before 1970 too. */
static int64_t round_milliseconds(int64_t microseconds)
{
    int64_t ms = microseconds / 1000, rest = microseconds % 1000;
    if (rest < 0) {
        rest += 1000;
        ms--;
    }
    return ms + (rest >= 500);
}

static ost_status store_time(ost_time t, const ost_field *field, bool compared,
                             ost__mongo_value *out)
{
    uint16_t stored = field ? field->stored : (uint16_t)OST_STORED_OURS;
    int64_t ms;
    if (!ost__time_in_range(t))
        return OST_RANGE;
    if (stored == OST_STORED_SECONDS_TEXT || stored == OST_STORED_UNIX_SECONDS)
        t = ost__time_round_seconds(t);
    ms = round_milliseconds(t.microseconds);
    if (!ost__time_in_range((ost_time){ ms * 1000 }) &&
        (!compared || stored == OST_STORED_SECONDS_TEXT))
        return OST_RANGE;
    if (stored == OST_STORED_UNIX_SECONDS)
        return store_int64(t.microseconds / 1000000, out);
    if (stored == OST_STORED_SECONDS_TEXT) {
        ost__time_to_seconds(t, out->as.inside);
        out->type = BSON_TYPE_UTF8;
        out->is_inside = true;
        out->size = OST__TIME_SECONDS_SIZE;
        return OST_OK;
    }
    out->type = BSON_TYPE_DATE_TIME;
    out->as.int64 = ms;
    return OST_OK;
}

static ost_status store_date(ost_date d, ost__mongo_value *out)
{
    if (!ost__date_in_range(d))
        return OST_RANGE;
    out->type = BSON_TYPE_DATE_TIME;
    out->as.int64 = d.days * DAY_MS;
    return OST_OK;
}

static ost_status store_bool(bool x, ost__mongo_value *out)
{
    out->type = BSON_TYPE_BOOL;
    out->as.boolean = x;
    return OST_OK;
}

static ost_status store_text(const char *text, ost__mongo_value *out)
{
    return store_span(BSON_TYPE_UTF8, 0, text, text ? strlen(text) : 0, out);
}

static ost_status store_chars(const char *text, uint32_t size, ost__mongo_value *out)
{
    const char *end = memchr(text, '\0', size);
    if (!end)
        return OST_RANGE;
    return store_span(BSON_TYPE_UTF8, 0, text, (size_t)(end - text), out);
}

ost_status ost__mongo_store(uint16_t type, const void *at, uint32_t size, const ost_field *field,
                            bool compared, ost__mongo_value *out)
{
    const ost_blob *blob;
    switch (type) {
    case OST_TYPE_BOOL: return store_bool(*(const bool *)at, out);
    case OST_TYPE_INT8: return store_number(*(const signed char *)at, field, compared, out);
    case OST_TYPE_INT16: return store_number(*(const short *)at, field, compared, out);
    case OST_TYPE_INT32: return store_number(*(const int *)at, field, compared, out);
    case OST_TYPE_INT64: return store_number(*(const int64_t *)at, field, compared, out);
    case OST_TYPE_UINT8: return store_number(*(const unsigned char *)at, field, compared, out);
    case OST_TYPE_UINT16: return store_number(*(const unsigned short *)at, field, compared, out);
    case OST_TYPE_UINT32: return store_number(*(const unsigned *)at, field, compared, out);
    case OST_TYPE_UINT64: return store_unsigned(*(const uint64_t *)at, field, compared, out);
    case OST_TYPE_FLOAT: return store_real((double)*(const float *)at, compared, out);
    case OST_TYPE_DOUBLE: return store_real(*(const double *)at, compared, out);
    case OST_TYPE_TEXT: return store_text(*(const char *const *)at, out);
    case OST_TYPE_CHARS: return store_chars(at, size, out);
    case OST_TYPE_BLOB:
        blob = at;
        return store_span(BSON_TYPE_BINARY, BSON_SUBTYPE_BINARY, blob->data, blob->size, out);
    case OST_TYPE_TIME: return store_time(*(const ost_time *)at, field, compared, out);
    case OST_TYPE_DATE: return store_date(*(const ost_date *)at, out);
    case OST_TYPE_UUID:
        return store_span(BSON_TYPE_BINARY, BSON_SUBTYPE_UUID, at, sizeof(ost_uuid), out);
    case OST_TYPE_OBJECT_ID: return store_span(BSON_TYPE_OID, 0, at, sizeof(ost_object_id), out);
    case OST_TYPE_DECIMAL: return store_decimal(*(const ost_decimal *)at, field, compared, out);
    case OST_TYPE_NONE: out->type = BSON_TYPE_EOD; return OST_OK;
    default: return OST_UNSUPPORTED;
    }
}

ost_status ost__mongo_store_parameter(const ost_parameter *p, const void *record, bool compared,
                                      ost__mongo_value *out)
{
    uint16_t type = p->type & (uint16_t)~OST_TYPE_OPTIONAL;
    const char *at;
    if (p->source == OST_FROM_VALUE)
        return ost__mongo_store(p->value.type, &p->value.as, p->size, p->field, compared, out);
    out->type = BSON_TYPE_EOD;
    if (p->source == OST_FROM_MEMBER)
        return OST_UNSUPPORTED;
    if (p->source != OST_FROM_RECORD)
        return p->source == OST_IS_NULL ? OST_OK : OST_MISUSE;
    if (!record)
        return OST_MISUSE;
    at = (const char *)record + p->offset;
    if (p->type & OST_TYPE_OPTIONAL) {
        if (!*(const bool *)at)
            return OST_OK;
        at += ost__value_offset(type);
    }
    return ost__mongo_store(type, at, p->size, p->field, compared, out);
}

ost_status ost__mongo_misfit(const ost_field *field, uint16_t type, ost_status status,
                             ost_error *error)
{
    const char *model = field && field->owner ? field->owner : "";
    const char *name = field && field->name ? field->name : NULL;
    const char *why = "the value does not fit its member on MongoDB";
    type &= (uint16_t)~OST_TYPE_OPTIONAL;
    if (status == OST_UNSUPPORTED)
        why = "MongoDB cannot store members of this kind yet";
    else if (status == OST_TOO_LARGE)
        why = "the value is larger than a document may be, which is 16 MiB";
    else if (status == OST_MISUSE)
        why = "its value is in a list or a record, and none was given";
    else if (is_real(type))
        why = "NaN and infinities cannot be stored by MongoDB";
    else if (type == OST_TYPE_UINT64)
        why = "MongoDB keeps no number above 2^63-1";
    else if (type == OST_TYPE_DECIMAL)
        why = "it has more digits than its member, or than the 34 that MongoDB keeps";
    else if (type == OST_TYPE_JSON)
        why = "MongoDB reads a JSON null as absent, and keeps numbers of 34 digits at most";
    ost__error_set(error, status, "%s%s%s: %s", model, *model ? "." : "",
                   name ? name : "a parameter", why);
    ost__error_about(error, model, name);
    if (error)
        error->nothing_sent = 1;
    return status;
}
