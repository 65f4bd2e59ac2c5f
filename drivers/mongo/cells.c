/* SPDX-License-Identifier: MIT */
#include "mongo/cells.h"

#include <limits.h>
#include <math.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/scalar.h"
#include "base/utf8.h"

/* Doubles hold every integer up to here. */
#define EXACT_DOUBLE (INT64_C(1) << 53)
#define DAY_MS INT64_C(86400000)

/* ---- numbers ---- */

static double real_of(const ost__mongo_element *e)
{
    uint64_t bits = ost__mongo_get64(e->data);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static bool decimal_of(const ost__mongo_element *e, ost_decimal *out, int32_t *rounded)
{
    const bson_decimal128_t value = { .low = ost__mongo_get64(e->data),
                                      .high = ost__mongo_get64(e->data + 8) };
    return ost__mongo_decimal_from(&value, out, rounded);
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

static ost_decimal decimal_of_whole(ost__whole n)
{
    ost_decimal d = ost__decimal_from_uint(n.magnitude);
    return n.negative ? ost_decimal_negate(d) : d;
}

/* The element as a whole number; false: it is none. Others may keep whole numbers as doubles. */
static bool to_whole(const ost__mongo_element *e, ost__whole *out)
{
    ost_decimal d;
    double x;
    switch (e->type) {
    case BSON_TYPE_INT32: *out = ost__whole_of(ost__mongo_get_int32(e->data)); return true;
    case BSON_TYPE_INT64: *out = ost__whole_of(ost__mongo_get_int64(e->data)); return true;
    case BSON_TYPE_DECIMAL128: return decimal_of(e, &d, NULL) && whole_of_decimal(d, out);
    case BSON_TYPE_DOUBLE:
        x = real_of(e);
        if (!(fabs(x) <= (double)EXACT_DOUBLE) || (double)(int64_t)x != x)
            return false;
        *out = ost__whole_of((int64_t)x);
        return true;
    default: return false;
    }
}

static ost_status read_name(const ost_field *f, uint16_t type, const ost__mongo_element *e,
                            void *at)
{
    size_t size = e->size - 5;
    if (e->type != BSON_TYPE_UTF8)
        return OST_RANGE;
    return ost__store_named(f, type, e->data + 4, size, at);
}

/* A sum of integers that left 64 bits is a double, and has lost its last digits. */
static ost_status read_integer(const ost_row_step *step, const ost__mongo_column *column,
                               const ost__mongo_element *e, void *at)
{
    const ost_field *f = step->origin ? step->origin : step->field;
    ost__whole n;
    if (f->values)
        return read_name(f, step->type, e, at);
    if (column && column->is_sum && e->type == BSON_TYPE_DOUBLE)
        return OST_RANGE;
    return to_whole(e, &n) ? ost__store_whole(step->type, n, at) : OST_RANGE;
}

static ost_status read_real(const ost_row_step *step, const ost__mongo_element *e, void *at)
{
    ost_decimal d;
    ost__whole n;
    switch (e->type) {
    case BSON_TYPE_DOUBLE: return ost__store_real(step->type, real_of(e), at);
    case BSON_TYPE_DECIMAL128:
        if (!decimal_of(e, &d, NULL))
            return OST_RANGE;
        return ost__store_real(step->type, ost__decimal_to_double(d), at);
    default:
        if (!to_whole(e, &n) || n.magnitude > EXACT_DOUBLE)
            return OST_RANGE;
        return ost__store_real(step->type, n.negative ? -(double)n.magnitude : (double)n.magnitude,
                               at);
    }
}

/* Where digits of a sum may have been rounded off, it is not known any more. */
static bool is_exact(const ost__mongo_column *column, const ost_row_step *step, int32_t rounded)
{
    return !column || !column->is_sum || rounded == INT32_MIN || rounded <= -(int32_t)step->scale;
}

/* A decimal keeps the digits behind the point that its column has. What others stored must fit the
 * member. */
static ost_status read_decimal(const ost_row_step *step, const ost__mongo_column *column,
                               const ost__mongo_element *e, ost_decimal *out)
{
    const ost_field *f = step->field, *origin = step->origin;
    int32_t precision = f->precision > 0 ? f->precision : OST__DECIMAL_DIGITS;
    int32_t scale = f->precision > 0 ? f->scale : origin ? origin->scale : step->scale;
    /* Of a raw statement's column nothing is known but what its member says. */
    bool free = origin == f && f->precision == 0;
    int32_t rounded = INT32_MIN;
    ost_decimal d;
    ost__whole n;
    bool found;
    switch (e->type) {
    case BSON_TYPE_DECIMAL128:
        found = decimal_of(e, &d, &rounded) && is_exact(column, step, rounded);
        scale = found && free ? d.scale : scale;
        break;
    case BSON_TYPE_DOUBLE:
        found = !(column && column->is_sum) && !free &&
                ost__decimal_from_double(real_of(e), precision, scale, &d);
        break;
    default:
        found = to_whole(e, &n);
        if (found)
            d = decimal_of_whole(n);
        break;
    }
    return found && ost__decimal_fit(d, precision, scale, out) ? OST_OK : OST_RANGE;
}

ost_status ost__mongo_read_average(const ost_row_step *step, const ost__mongo_element *sum,
                                   const ost__mongo_element *count, uint8_t *row, bool *absent)
{
    const ost__mongo_column as_sum = { .is_sum = true };
    uint8_t *at = row + step->offset + step->value_offset;
    ost_row_step of_sum = *step;
    ost_decimal d;
    ost__whole n;
    int32_t rounded = INT32_MIN;
    if (!to_whole(count, &n) || n.negative || n.magnitude > INT64_MAX)
        return OST_RANGE;
    *absent = n.magnitude == 0;
    if (*absent)
        return OST_OK;
    /* An average has six more digits behind its point than what it is of. */
    of_sum.scale = step->scale > 6 ? (uint16_t)(step->scale - 6) : 0;
    if (sum->type == BSON_TYPE_DECIMAL128) {
        if (!decimal_of(sum, &d, &rounded) || !is_exact(&as_sum, &of_sum, rounded))
            return OST_RANGE;
    } else {
        ost__whole whole_sum;
        if (sum->type == BSON_TYPE_DOUBLE || !to_whole(sum, &whole_sum))
            return OST_RANGE;
        d = decimal_of_whole(whole_sum);
    }
    if (!ost__decimal_divide(d, (int64_t)n.magnitude, step->scale, &d))
        return OST_RANGE;
    if (step->null_rule == OST_NULL_IS_ABSENT)
        *(bool *)(row + step->offset) = true;
    if (step->type == OST_TYPE_FLOAT || step->type == OST_TYPE_DOUBLE)
        return ost__store_real(step->type, ost__decimal_to_double(d), at);
    if (step->type != OST_TYPE_DECIMAL)
        return OST_RANGE;
    if (step->field->precision > 0 &&
        !ost__decimal_fit(d, step->field->precision, step->field->scale, &d))
        return OST_RANGE;
    memcpy(at, &d, sizeof d);
    return OST_OK;
}

/* ---- the rest ---- */

bool ost__mongo_read_time(const ost__mongo_element *e, ost_time *out)
{
    int64_t ms;
    if (e->type != BSON_TYPE_DATE_TIME)
        return false;
    ms = ost__mongo_get_int64(e->data);
    if (ms > INT64_MAX / 1000 || ms < INT64_MIN / 1000)
        return false;
    out->microseconds = ms * 1000;
    return ost__time_in_range(*out);
}

static bool read_other_time(const ost_row_step *step, const ost__mongo_element *e, ost_time *out)
{
    uint16_t stored = step->origin ? step->origin->stored : (uint16_t)OST_STORED_OURS;
    ost__whole n;
    if (stored == OST_STORED_SECONDS_TEXT && e->type == BSON_TYPE_UTF8)
        return ost__time_from_stored((const char *)e->data + 4, e->size - 5, out);
    if (stored != OST_STORED_UNIX_SECONDS)
        return ost__mongo_read_time(e, out);
    if (!to_whole(e, &n) || n.magnitude > (uint64_t)(INT64_MAX / 1000000))
        return false;
    out->microseconds = (int64_t)n.magnitude * (n.negative ? -1000000 : 1000000);
    return ost__time_in_range(*out);
}

static bool read_date(const ost__mongo_element *e, ost_date *out)
{
    ost_time t;
    if (!ost__mongo_read_time(e, &t) || t.microseconds % (DAY_MS * 1000) != 0)
        return false;
    out->days = (int32_t)(t.microseconds / (DAY_MS * 1000));
    return true;
}

static bool read_bool(const ost__mongo_element *e, bool *out)
{
    if (e->type != BSON_TYPE_BOOL || *e->data > 1)
        return false;
    *out = *e->data == 1;
    return true;
}

static bool read_uuid(const ost__mongo_element *e, void *at)
{
    if (e->type != BSON_TYPE_BINARY || e->data[4] != BSON_SUBTYPE_UUID ||
        e->size != 5 + sizeof(ost_uuid))
        return false;
    memcpy(at, e->data + 5, sizeof(ost_uuid));
    return true;
}

static bool read_object_id(const ost__mongo_element *e, void *at)
{
    if (e->type != BSON_TYPE_OID)
        return false;
    memcpy(at, e->data, sizeof(ost_object_id));
    return true;
}

static ost_status read_text(const ost_row_step *step, const ost__mongo_element *e, ost_sink *sink,
                            void *at)
{
    size_t size = e->size - 5;
    const char *text = (const char *)e->data + 4;
    char *copy = at;
    if (e->type != BSON_TYPE_UTF8 || !ost__utf8_valid(text, size))
        return OST_RANGE;
    if (step->type == OST_TYPE_CHARS) {
        if (size >= step->size)
            return OST_RANGE;
    } else {
        copy = (char *)ost__mongo_take_bytes(sink, size + 1);
        if (!copy)
            return OST_NO_MEMORY;
        *(const char **)at = copy;
    }
    memcpy(copy, text, size);
    copy[size] = '\0';
    return OST_OK;
}

static ost_status read_blob(const ost__mongo_element *e, ost_sink *sink, void *at)
{
    size_t size;
    uint8_t *copy;
    if (e->type != BSON_TYPE_BINARY || e->data[4] != BSON_SUBTYPE_BINARY)
        return OST_RANGE;
    size = e->size - 5;
    copy = ost__mongo_take_bytes(sink, size > 0 ? size : 1);
    if (!copy)
        return OST_NO_MEMORY;
    memcpy(copy, e->data + 5, size);
    *(ost_blob *)at = (ost_blob){ .data = copy, .size = size };
    return OST_OK;
}

ost_status ost__mongo_read(const ost_row_step *step, const ost__mongo_column *column,
                           const ost__mongo_element *e, ost_sink *sink, uint8_t *row)
{
    void *at = row + step->offset;
    bool fits;
    if (step->null_rule == OST_NULL_IS_ABSENT) {
        *(bool *)at = true;
        at = row + step->offset + step->value_offset;
    }
    switch (step->type) {
    case OST_TYPE_INT8:
    case OST_TYPE_INT16:
    case OST_TYPE_INT32:
    case OST_TYPE_INT64:
    case OST_TYPE_UINT8:
    case OST_TYPE_UINT16:
    case OST_TYPE_UINT32:
    case OST_TYPE_UINT64: return read_integer(step, column, e, at);
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return read_real(step, e, at);
    case OST_TYPE_DECIMAL: return read_decimal(step, column, e, at);
    case OST_TYPE_TEXT:
    case OST_TYPE_CHARS: return read_text(step, e, sink, at);
    case OST_TYPE_BLOB: return read_blob(e, sink, at);
    case OST_TYPE_BOOL: fits = read_bool(e, at); break;
    case OST_TYPE_TIME: fits = read_other_time(step, e, at); break;
    case OST_TYPE_DATE: fits = read_date(e, at); break;
    case OST_TYPE_UUID: fits = read_uuid(e, at); break;
    case OST_TYPE_OBJECT_ID: fits = read_object_id(e, at); break;
    default: return OST_UNSUPPORTED;
    }
    return fits ? OST_OK : OST_RANGE;
}
