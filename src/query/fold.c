/* SPDX-License-Identifier: MIT */
#include "query/fold.h"

#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/utf8.h"

static const uint8_t class_of_type[] = {
    [OST_TYPE_NONE] = OST__CLASS_NONE,
    [OST_TYPE_BOOL] = OST__CLASS_BOOL,
    [OST_TYPE_INT8] = OST__CLASS_INT,
    [OST_TYPE_INT16] = OST__CLASS_INT,
    [OST_TYPE_INT32] = OST__CLASS_INT,
    [OST_TYPE_INT64] = OST__CLASS_INT,
    [OST_TYPE_UINT8] = OST__CLASS_INT,
    [OST_TYPE_UINT16] = OST__CLASS_INT,
    [OST_TYPE_UINT32] = OST__CLASS_INT,
    [OST_TYPE_UINT64] = OST__CLASS_INT,
    [OST_TYPE_FLOAT] = OST__CLASS_REAL,
    [OST_TYPE_DOUBLE] = OST__CLASS_REAL,
    [OST_TYPE_TEXT] = OST__CLASS_TEXT,
    [OST_TYPE_CHARS] = OST__CLASS_TEXT,
    [OST_TYPE_BLOB] = OST__CLASS_BLOB,
    [OST_TYPE_TIME] = OST__CLASS_TIME,
    [OST_TYPE_DATE] = OST__CLASS_DATE,
    [OST_TYPE_UUID] = OST__CLASS_UUID,
    [OST_TYPE_OBJECT_ID] = OST__CLASS_OBJECT_ID,
    [OST_TYPE_DECIMAL] = OST__CLASS_DECIMAL,
    [OST_TYPE_JSON] = OST__CLASS_NONE,
    [OST_TYPE_POINT] = OST__CLASS_NONE,
};

/* Integers of every width: what they hold, as a sign and a magnitude that fits 64 bits. */
static const struct {
    int64_t low;
    uint64_t high;
} integer_range[] = {
    [OST_TYPE_INT8] = { INT8_MIN, INT8_MAX },    [OST_TYPE_INT16] = { INT16_MIN, INT16_MAX },
    [OST_TYPE_INT32] = { INT32_MIN, INT32_MAX }, [OST_TYPE_INT64] = { INT64_MIN, INT64_MAX },
    [OST_TYPE_UINT8] = { 0, UINT8_MAX },         [OST_TYPE_UINT16] = { 0, UINT16_MAX },
    [OST_TYPE_UINT32] = { 0, UINT32_MAX },       [OST_TYPE_UINT64] = { 0, UINT64_MAX },
};

enum ost__class ost__class_of(uint16_t type, const ost_field *field)
{
    type &= (uint16_t)~OST_TYPE_OPTIONAL;
    if (type >= sizeof(class_of_type))
        return OST__CLASS_NONE;
    if (field && class_of_type[type] == OST__CLASS_INT && ost__field_is_enum(field))
        return OST__CLASS_ENUM;
    return (enum ost__class)class_of_type[type];
}

uint16_t ost__canonical_type(uint16_t type, const ost_field *field)
{
    type &= (uint16_t)~OST_TYPE_OPTIONAL;
    switch (ost__class_of(type, field)) {
    case OST__CLASS_INT: return type == OST_TYPE_UINT64 ? OST_TYPE_UINT64 : OST_TYPE_INT64;
    case OST__CLASS_ENUM: return OST_TYPE_INT64;
    case OST__CLASS_REAL: return OST_TYPE_DOUBLE;
    case OST__CLASS_TEXT: return OST_TYPE_TEXT;
    default: return type;
    }
}

OST__HOT ost__operand ost__operand_of_field(const ost_field *f)
{
    uint16_t type = f->type & (uint16_t)~OST_TYPE_OPTIONAL;
    bool pointer = type == OST_TYPE_TEXT || type == OST_TYPE_BLOB || type == OST_TYPE_JSON ||
                   type == OST_TYPE_LIST;
    return (ost__operand){
        .type = type,
        .precision = f->precision,
        .scale = f->scale,
        .field = f,
        .nullable = (f->type & OST_TYPE_OPTIONAL) || f->inside ||
                    (pointer && !f->not_null && !f->required && !f->primary_key),
    };
}

/* The constant lies below everything that the member can hold, or above it. */
static enum ost__folded below(uint16_t op)
{
    return op == OST_OP_GT || op == OST_OP_GE || op == OST_OP_NE ? OST__FOLD_ALWAYS
                                                                 : OST__FOLD_NEVER;
}

static enum ost__folded above(uint16_t op)
{
    return op == OST_OP_LT || op == OST_OP_LE || op == OST_OP_NE ? OST__FOLD_ALWAYS
                                                                 : OST__FOLD_NEVER;
}

/* The constant lies between two neighbours, of which the caller goes on with the lower. */
static bool between(uint16_t *op, enum ost__folded *result)
{
    switch (*op) {
    case OST_OP_EQ: *result = OST__FOLD_NEVER; return true;
    case OST_OP_NE: *result = OST__FOLD_ALWAYS; return true;
    case OST_OP_LT: *op = OST_OP_LE; return false;
    case OST_OP_GE: *op = OST_OP_GT; return false;
    default: return false;
    }
}

OST__HOT static enum ost__folded fold_natural(uint16_t type, uint16_t op, bool negative,
                                              uint64_t magnitude, ost_value *v)
{
    int64_t n;
    if (negative) {
        n = magnitude > INT64_MAX ? INT64_MIN : -(int64_t)magnitude;
        if (integer_range[type].low > n)
            return below(op);
        *v = ost_value_int(n);
        return OST__FOLD_VALUE;
    }
    if (magnitude > integer_range[type].high)
        return above(op);
    *v = type == OST_TYPE_UINT64 ? ost_value_uint(magnitude) : ost_value_int((int64_t)magnitude);
    return OST__FOLD_VALUE;
}

static enum ost__folded fold_real_to_integer(uint16_t type, uint16_t *op, ost_value *v)
{
    enum ost__folded result;
    double floor_of = floor(v->as.real);
    if (isnan(v->as.real))
        return OST__FOLD_BAD;
    if (floor_of >= 18446744073709551616.0)
        return above(*op);
    if (floor_of < -9223372036854775808.0)
        return below(*op);
    if (floor_of != v->as.real && between(op, &result))
        return result;
    if (floor_of < 0) {
        /* The lower neighbour of a fraction just below zero is -1, which an unsigned member is
         * above. */
        return fold_natural(type, *op, true, (uint64_t)-floor_of, v);
    }
    return fold_natural(type, *op, false, (uint64_t)floor_of, v);
}

static enum ost__folded fold_decimal_to_integer(uint16_t type, uint16_t *op, ost_value *v)
{
    enum ost__folded result;
    ost_decimal whole;
    bool exact;
    if (v->as.decimal.scale < 0 || v->as.decimal.scale > OST__DECIMAL_DIGITS)
        return OST__FOLD_BAD;
    if (!ost__decimal_floor(v->as.decimal, 0, &whole, &exact))
        return OST__FOLD_BAD;
    if (!exact && between(op, &result))
        return result;
    if (whole.high == 0)
        return fold_natural(type, *op, false, whole.low, v);
    if (whole.high == -1 && whole.low > INT64_MAX)
        return fold_natural(type, *op, true, ~whole.low + 1, v);
    return whole.high < 0 ? below(*op) : above(*op);
}

static enum ost__folded fold_integer(uint16_t type, uint16_t *op, ost_value *v)
{
    switch (v->type) {
    case OST_TYPE_BOOL: return fold_natural(type, *op, false, v->as.boolean, v);
    case OST_TYPE_INT64:
        if (v->as.integer < 0)
            return fold_natural(type, *op, true, (uint64_t)0 - (uint64_t)v->as.integer, v);
        return fold_natural(type, *op, false, (uint64_t)v->as.integer, v);
    case OST_TYPE_UINT64: return fold_natural(type, *op, false, v->as.natural, v);
    case OST_TYPE_DOUBLE: return fold_real_to_integer(type, op, v);
    case OST_TYPE_DECIMAL: return fold_decimal_to_integer(type, op, v);
    default: return OST__FOLD_MISFIT;
    }
}

static enum ost__folded fold_bool(uint16_t op, ost_value *v)
{
    if (v->type == OST_TYPE_BOOL)
        return OST__FOLD_VALUE;
    if (v->type == OST_TYPE_INT64) {
        if (v->as.integer < 0 || v->as.integer > 1)
            return v->as.integer < 0 ? below(op) : above(op);
        *v = ost_value_bool(v->as.integer == 1);
        return OST__FOLD_VALUE;
    }
    if (v->type == OST_TYPE_UINT64) {
        if (v->as.natural > 1)
            return above(op);
        *v = ost_value_bool(v->as.natural == 1);
        return OST__FOLD_VALUE;
    }
    return OST__FOLD_MISFIT;
}

static enum ost__folded fold_real(uint16_t type, ost_value *v)
{
    double x;
    switch (v->type) {
    case OST_TYPE_INT64: x = (double)v->as.integer; break;
    case OST_TYPE_UINT64: x = (double)v->as.natural; break;
    case OST_TYPE_DOUBLE: x = v->as.real; break;
    case OST_TYPE_DECIMAL: x = ost__decimal_to_double(v->as.decimal); break;
    default: return OST__FOLD_MISFIT;
    }
    if (isnan(x))
        return OST__FOLD_BAD;
    /* Beyond this bound the nearest float is an infinity; the conversion itself would be undefined.
     */
    if (type == OST_TYPE_FLOAT)
        x = fabs(x) >= 0x1.ffffffp127 ? copysign(INFINITY, x) : (double)(float)x;
    *v = ost_value_double(x == 0 ? 0.0 : x);
    return OST__FOLD_VALUE;
}

static enum ost__folded fold_decimal(const ost__operand *with, uint16_t *op, ost_value *v)
{
    enum ost__folded result;
    ost_decimal d, floor_of;
    bool exact;
    switch (v->type) {
    case OST_TYPE_INT64: d = ost_decimal_of(v->as.integer, 0); break;
    case OST_TYPE_UINT64: d = ost__decimal_from_uint(v->as.natural); break;
    case OST_TYPE_DECIMAL: d = v->as.decimal; break;
    default: return OST__FOLD_MISFIT;
    }
    if (d.scale < 0 || d.scale > OST__DECIMAL_DIGITS)
        return OST__FOLD_BAD;
    if (!ost__decimal_floor(d, with->scale, &floor_of, &exact))
        return d.high < 0 ? below(*op) : above(*op);
    if (!exact && between(op, &result))
        return result;
    if (with->precision > 0 && ost__decimal_digits(floor_of) > with->precision) {
        /* Between two neighbours the lower one counts: -99.995 at two digits acts as -100.00. */
        return floor_of.high < 0 ? below(*op) : above(*op);
    }
    *v = ost_value_decimal(floor_of);
    return OST__FOLD_VALUE;
}

static enum ost__folded fold_time(const ost__operand *with, uint16_t op, ost_value *v)
{
    uint16_t stored = with->field ? with->field->stored : (uint16_t)OST_STORED_OURS;
    if (v->type != OST_TYPE_TIME)
        return OST__FOLD_MISFIT;
    if (stored == OST_STORED_SECONDS_TEXT || stored == OST_STORED_UNIX_SECONDS)
        v->as.time = ost__time_round_seconds(v->as.time);
    if (!ost__time_in_range(v->as.time))
        return v->as.time.microseconds < 0 ? below(op) : above(op);
    return OST__FOLD_VALUE;
}

static enum ost__folded fold_enum(const ost__operand *with, uint16_t op, ost_value *v)
{
    int64_t count = 0;
    if (v->type == OST_TYPE_TEXT)
        return ost__utf8_valid(v->as.text, strlen(v->as.text)) ? OST__FOLD_VALUE : OST__FOLD_BAD;
    if (v->type == OST_TYPE_UINT64)
        *v = ost_value_int(v->as.natural > INT64_MAX ? INT64_MAX : (int64_t)v->as.natural);
    if (v->type != OST_TYPE_INT64)
        return OST__FOLD_MISFIT;
    while (with->field->values[count])
        count++;
    if (v->as.integer >= 0 && v->as.integer < count)
        return OST__FOLD_VALUE;
    if (op == OST_OP_EQ || op == OST_OP_NE)
        return op == OST_OP_EQ ? OST__FOLD_NEVER : OST__FOLD_ALWAYS;
    return OST__FOLD_BAD;
}

static enum ost__folded fold_date(uint16_t op, ost_value *v)
{
    if (v->type != OST_TYPE_DATE)
        return OST__FOLD_MISFIT;
    if (!ost__date_in_range(v->as.date))
        return v->as.date.days < 0 ? below(op) : above(op);
    return OST__FOLD_VALUE;
}

OST__HOT enum ost__folded ost__fold(const ost__operand *with, uint16_t *op, ost_value *v)
{
    if (v->type == OST_TYPE_NONE || (v->type == OST_TYPE_BLOB && !v->as.blob.data))
        return OST__FOLD_NULL;
    switch (ost__class_of(with->type, with->field)) {
    case OST__CLASS_BOOL: return fold_bool(*op, v);
    case OST__CLASS_INT: return fold_integer(with->type, op, v);
    case OST__CLASS_REAL: return fold_real(with->type, v);
    case OST__CLASS_DECIMAL: return fold_decimal(with, op, v);
    case OST__CLASS_ENUM: return fold_enum(with, *op, v);
    case OST__CLASS_TIME: return fold_time(with, *op, v);
    case OST__CLASS_DATE: return fold_date(*op, v);
    case OST__CLASS_TEXT:
        if (v->type != OST_TYPE_TEXT)
            return OST__FOLD_MISFIT;
        return ost__utf8_valid(v->as.text, strlen(v->as.text)) ? OST__FOLD_VALUE : OST__FOLD_BAD;
    case OST__CLASS_UUID: return v->type == OST_TYPE_UUID ? OST__FOLD_VALUE : OST__FOLD_MISFIT;
    case OST__CLASS_OBJECT_ID:
        return v->type == OST_TYPE_OBJECT_ID ? OST__FOLD_VALUE : OST__FOLD_MISFIT;
    case OST__CLASS_BLOB: return v->type == OST_TYPE_BLOB ? OST__FOLD_VALUE : OST__FOLD_MISFIT;
    default: return OST__FOLD_MISFIT;
    }
}
