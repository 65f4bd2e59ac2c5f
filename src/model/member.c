/* SPDX-License-Identifier: MIT */
#include "model/member.h"

#include <stdalign.h>
#include <string.h>

#include "base/scalar.h"
#include "model/convert.h"
#include "model/nested.h"

typedef struct kind {
    uint32_t size, align;
    uint32_t optional_size, optional_align, value_offset;
    const char *name, *optional_name;
} kind;

#define WITH_OPTIONAL(type, name, C, optional)                                                 \
    [type] = {                                                                                 \
        sizeof(C), alignof(C), sizeof(optional), alignof(optional), offsetof(optional, value), \
        name,      #optional                                                                   \
    }
#define PLAIN(type, name, C) [type] = { sizeof(C), alignof(C), 0, 0, 0, name, NULL }
#define NAME_ONLY(type, name) [type] = { 0, 1, 0, 0, 0, name, NULL }

static const kind kinds[] = {
    NAME_ONLY(OST_TYPE_NONE, "nothing"),
    WITH_OPTIONAL(OST_TYPE_BOOL, "bool", bool, ost_opt_bool),
    WITH_OPTIONAL(OST_TYPE_INT8, "signed char", signed char, ost_opt_int8),
    WITH_OPTIONAL(OST_TYPE_INT16, "short", short, ost_opt_int16),
    WITH_OPTIONAL(OST_TYPE_INT32, "int", int, ost_opt_int),
    WITH_OPTIONAL(OST_TYPE_INT64, "int64_t", int64_t, ost_opt_int64),
    WITH_OPTIONAL(OST_TYPE_UINT8, "unsigned char", unsigned char, ost_opt_uint8),
    WITH_OPTIONAL(OST_TYPE_UINT16, "unsigned short", unsigned short, ost_opt_uint16),
    WITH_OPTIONAL(OST_TYPE_UINT32, "unsigned int", unsigned int, ost_opt_uint),
    WITH_OPTIONAL(OST_TYPE_UINT64, "uint64_t", uint64_t, ost_opt_uint64),
    WITH_OPTIONAL(OST_TYPE_FLOAT, "float", float, ost_opt_float),
    WITH_OPTIONAL(OST_TYPE_DOUBLE, "double", double, ost_opt_double),
    PLAIN(OST_TYPE_TEXT, "const char *", const char *),
    NAME_ONLY(OST_TYPE_CHARS, "char[]"),
    PLAIN(OST_TYPE_BLOB, "ost_blob", ost_blob),
    WITH_OPTIONAL(OST_TYPE_TIME, "ost_time", ost_time, ost_opt_time),
    WITH_OPTIONAL(OST_TYPE_DATE, "ost_date", ost_date, ost_opt_date),
    WITH_OPTIONAL(OST_TYPE_UUID, "ost_uuid", ost_uuid, ost_opt_uuid),
    WITH_OPTIONAL(OST_TYPE_OBJECT_ID, "ost_object_id", ost_object_id, ost_opt_object_id),
    WITH_OPTIONAL(OST_TYPE_DECIMAL, "ost_decimal", ost_decimal, ost_opt_decimal),
    PLAIN(OST_TYPE_JSON, "ost_json", ost_json),
    PLAIN(OST_TYPE_POINT, "ost_point", ost_point),
    NAME_ONLY(OST_TYPE_EMBEDDED, "an embedded struct"),
    PLAIN(OST_TYPE_LIST, "a list", ost__list),
};

static const kind *kind_of(uint16_t type)
{
    uint16_t base = ost__base_type(type);
    return base < sizeof kinds / sizeof kinds[0] ? &kinds[base] : &kinds[OST_TYPE_NONE];
}

uint32_t ost__optional_value_offset(uint16_t type)
{
    return ost__type_is_optional(type) ? kind_of(type)->value_offset : 0;
}

uint32_t ost__type_size(uint16_t type)
{
    const kind *k = kind_of(type);
    return ost__type_is_optional(type) ? k->optional_size : k->size;
}

uint32_t ost__type_align(uint16_t type)
{
    const kind *k = kind_of(type);
    uint32_t align = ost__type_is_optional(type) ? k->optional_align : k->align;
    return align ? align : 1;
}

const char *ost__type_name(uint16_t type)
{
    const kind *k = kind_of(type);
    if (ost__type_is_optional(type))
        return k->optional_name ? k->optional_name : "an unknown optional";
    return k->name;
}

bool ost__field_nullable(const ost_field *f)
{
    if (f->primary_key || f->required || f->not_null)
        return false;
    return ost__type_is_optional(f->type) || f->type == OST_TYPE_TEXT || f->type == OST_TYPE_BLOB ||
           f->type == OST_TYPE_JSON || f->type == OST_TYPE_LIST;
}

static bool is_present(const void *optional)
{
    unsigned char present;
    memcpy(&present, optional, 1);
    return present != 0;
}

static const char *text_at(const void *p)
{
    const char *text;
    memcpy(&text, p, sizeof text);
    return text;
}

static ost_blob blob_at(const void *p)
{
    ost_blob blob;
    memcpy(&blob, p, sizeof blob);
    return blob;
}

size_t ost__chars_length(const ost_field *f, const void *record)
{
    const char *text = ost__member_at(f, record);
    const char *end = memchr(text, 0, f->size);
    return end ? (size_t)(end - text) : f->size;
}

bool ost__member_is_null(const ost_field *f, const void *record)
{
    const void *p = ost__member_at(f, record);
    if (ost__type_is_optional(f->type))
        return !is_present(p);
    switch (f->type) {
    case OST_TYPE_TEXT:
    case OST_TYPE_JSON: return !text_at(p);
    case OST_TYPE_LIST: return !ost__list_at(p).items;
    case OST_TYPE_BLOB: return !blob_at(p).data;
    default: return false;
    }
}

/* Reads a member of C type `C` into a value of `kind_`. */
#define READ(C, member, kind_)   \
    do {                         \
        C x;                     \
        memcpy(&x, p, sizeof x); \
        v.type = (kind_);        \
        v.as.member = x;         \
    } while (0)
/* The same for kinds of which a pointer says whether there is a value. */
#define READ_POINTER(C, member, kind_, pointer) \
    do {                                        \
        READ(C, member, kind_);                 \
        if (!v.as.pointer)                      \
            v.type = OST_TYPE_NONE;             \
    } while (0)

ost_value ost__scalar_value(uint16_t type, uint32_t size, const void *p)
{
    ost_value v;
    memset(&v, 0, sizeof v);
    (void)size;
    switch (type) {
    case OST_TYPE_BOOL:
        v.type = OST_TYPE_BOOL;
        v.as.boolean = is_present(p);
        break;
    case OST_TYPE_INT8: READ(signed char, integer, OST_TYPE_INT64); break;
    case OST_TYPE_INT16: READ(short, integer, OST_TYPE_INT64); break;
    case OST_TYPE_INT32: READ(int, integer, OST_TYPE_INT64); break;
    case OST_TYPE_INT64: READ(int64_t, integer, OST_TYPE_INT64); break;
    case OST_TYPE_UINT8: READ(unsigned char, natural, OST_TYPE_UINT64); break;
    case OST_TYPE_UINT16: READ(unsigned short, natural, OST_TYPE_UINT64); break;
    case OST_TYPE_UINT32: READ(unsigned int, natural, OST_TYPE_UINT64); break;
    case OST_TYPE_UINT64: READ(uint64_t, natural, OST_TYPE_UINT64); break;
    case OST_TYPE_FLOAT: READ(float, real, OST_TYPE_DOUBLE); break;
    case OST_TYPE_DOUBLE: READ(double, real, OST_TYPE_DOUBLE); break;
    case OST_TYPE_TEXT: READ_POINTER(const char *, text, OST_TYPE_TEXT, text); break;
    case OST_TYPE_CHARS:
        v.type = OST_TYPE_TEXT;
        v.as.text = p;
        break;
    case OST_TYPE_BLOB: READ_POINTER(ost_blob, blob, OST_TYPE_BLOB, blob.data); break;
    case OST_TYPE_TIME: READ(ost_time, time, OST_TYPE_TIME); break;
    case OST_TYPE_DATE: READ(ost_date, date, OST_TYPE_DATE); break;
    case OST_TYPE_UUID: READ(ost_uuid, uuid, OST_TYPE_UUID); break;
    case OST_TYPE_OBJECT_ID: READ(ost_object_id, object_id, OST_TYPE_OBJECT_ID); break;
    case OST_TYPE_DECIMAL: READ(ost_decimal, decimal, OST_TYPE_DECIMAL); break;
    case OST_TYPE_JSON: READ_POINTER(ost_json, json, OST_TYPE_JSON, json.text); break;
    case OST_TYPE_POINT: READ(ost_point, point, OST_TYPE_POINT); break;
    default: break;
    }
    return v;
}

ost_value ost__member_value(const ost_field *f, const void *record)
{
    const char *p = ost__member_at(f, record);
    if (ost__type_is_optional(f->type) && !is_present(p))
        return (ost_value){ .type = OST_TYPE_NONE };
    return ost__scalar_value(ost__base_type(f->type), f->size,
                             p + ost__optional_value_offset(f->type));
}

static double real_at(uint16_t type, const void *p)
{
    double x;
    float single;
    if (type == OST_TYPE_DOUBLE) {
        memcpy(&x, p, sizeof x);
        return x;
    }
    memcpy(&single, p, sizeof single);
    return (double)single;
}

static bool real_equal(double a, double b)
{
    return a == b || (a != a && b != b);
}

static bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool blob_equal(ost_blob a, ost_blob b)
{
    if (!a.data || !b.data)
        return a.data == b.data;
    return a.size == b.size && (a.data == b.data || memcmp(a.data, b.data, a.size) == 0);
}

static bool chars_equal(const ost_field *f, const void *a, const void *b)
{
    size_t size = ost__chars_length(f, a);
    return size == ost__chars_length(f, b) &&
           memcmp(ost__member_at(f, a), ost__member_at(f, b), size) == 0;
}

static bool decimal_equal(const void *a, const void *b)
{
    ost_decimal x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    if (x.scale == y.scale)
        return x.high == y.high && x.low == y.low;
    return ost_decimal_compare(x, y) == 0;
}

static bool point_equal(const void *a, const void *b)
{
    ost_point x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return real_equal(x.longitude, y.longitude) && real_equal(x.latitude, y.latitude);
}

/* Kinds without padding, of which each value has one form, are compared by their bytes: constant
 * sizes are one load. */
OST__HOT static bool scalar_equal(uint16_t type, const void *a, const void *b)
{
    switch (type) {
    case OST_TYPE_BOOL: return is_present(a) == is_present(b);
    case OST_TYPE_INT8:
    case OST_TYPE_UINT8: return memcmp(a, b, 1) == 0;
    case OST_TYPE_INT16:
    case OST_TYPE_UINT16: return memcmp(a, b, sizeof(short)) == 0;
    case OST_TYPE_INT32:
    case OST_TYPE_UINT32:
    case OST_TYPE_DATE: return memcmp(a, b, sizeof(int32_t)) == 0;
    case OST_TYPE_INT64:
    case OST_TYPE_UINT64:
    case OST_TYPE_TIME: return memcmp(a, b, sizeof(int64_t)) == 0;
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return real_equal(real_at(type, a), real_at(type, b));
    case OST_TYPE_TEXT:
    case OST_TYPE_JSON: return text_equal(text_at(a), text_at(b));
    case OST_TYPE_BLOB: return blob_equal(blob_at(a), blob_at(b));
    case OST_TYPE_UUID: return memcmp(a, b, sizeof(ost_uuid)) == 0;
    case OST_TYPE_OBJECT_ID: return memcmp(a, b, sizeof(ost_object_id)) == 0;
    case OST_TYPE_DECIMAL: return decimal_equal(a, b);
    case OST_TYPE_POINT: return point_equal(a, b);
    default: return false;
    }
}

OST__HOT bool ost__member_equal(const ost_field *f, const void *a, const void *b)
{
    const char *x = ost__member_at(f, a);
    const char *y = ost__member_at(f, b);
    if (f->type == OST_TYPE_CHARS)
        return chars_equal(f, a, b);
    if (f->type == OST_TYPE_EMBEDDED || f->type == OST_TYPE_LIST)
        return ost__nested_equal(f, x, y);
    if (!ost__type_is_optional(f->type))
        return scalar_equal(f->type, x, y);
    if (!is_present(x) || !is_present(y))
        return is_present(x) == is_present(y);
    uint32_t offset = kind_of(f->type)->value_offset;
    return scalar_equal(ost__base_type(f->type), x + offset, y + offset);
}

int ost__member_compare(const ost_field *f, const void *a, const void *b)
{
    if (f->type == OST_TYPE_CHARS) {
        size_t m = ost__chars_length(f, a), n = ost__chars_length(f, b);
        int order = memcmp(ost__member_at(f, a), ost__member_at(f, b), m < n ? m : n);
        return order ? order : (m > n) - (m < n);
    }
    ost_value x = ost__member_value(f, a);
    ost_value y = ost__member_value(f, b);
    return ost__value_compare(&x, &y);
}

OST__HOT void ost__member_copy(const ost_field *f, void *to, const void *from)
{
    memcpy(ost__member_at(f, to), ost__member_at(f, from), f->size);
}

static bool all_zero(const void *p, size_t size)
{
    const unsigned char *bytes = p;
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

bool ost__member_is_zero(const ost_field *f, const void *record)
{
    if (ost__member_is_null(f, record))
        return true;
    ost_value v;
    switch (f->type) {
    case OST_TYPE_CHARS: return *(const char *)ost__member_at(f, record) == 0;
    case OST_TYPE_TEXT:
    case OST_TYPE_BLOB:
    case OST_TYPE_LIST:
    case OST_TYPE_EMBEDDED:
    case OST_TYPE_JSON: return false;
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return ost__member_value(f, record).as.real == 0;
    case OST_TYPE_DECIMAL:
        v = ost__member_value(f, record);
        return v.as.decimal.high == 0 && v.as.decimal.low == 0;
    default: break;
    }
    if (ost__type_is_optional(f->type))
        return false;
    return all_zero(ost__member_at(f, record), f->size);
}

ost_row_step ost__row_step(const ost_field *to, uint32_t column)
{
    uint16_t base = ost__base_type(to->type);
    bool pointer = base == OST_TYPE_TEXT || base == OST_TYPE_BLOB || base == OST_TYPE_JSON ||
                   base == OST_TYPE_LIST;
    ost_row_step step = {
        .offset = (uint32_t)to->offset,
        .size = to->size,
        .value_offset = ost__optional_value_offset(to->type),
        .type = base,
        .column = (uint16_t)column,
        .null_rule = OST_NULL_IS_RANGE,
        .column_type = base,
        .precision = to->precision,
        .scale = to->scale,
        .field = to,
        .origin = to,
    };
    if (ost__type_is_optional(to->type))
        step.null_rule = OST_NULL_IS_ABSENT;
    else if (pointer && !to->not_null && !to->required)
        step.null_rule = OST_NULL_IS_POINTER;
    return step;
}
