/* SPDX-License-Identifier: MIT */
/* The server's values as members, whatever the column's type is. */
#include "postgres/wire.h"

#include <limits.h>
#include <math.h>
#include <stdalign.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/document.h"
#include "base/scalar.h"

/* Doubles hold every integer up to here. */
#define EXACT_DOUBLE (INT64_C(1) << 53)

/* How one column becomes one member. */
typedef struct column {
    Oid type;
    const ost_row_step *step;
    const ost__memory *heap;
    ost_sink *sink;
} column;

/* ---- what a cell holds ---- */

static bool get_integer(Oid type, const uint8_t *bytes, size_t size, int64_t *out)
{
    switch (type) {
    case OST__PG_INT8: *out = size == 8 ? (int64_t)ost__pg_get64(bytes) : 0; return size == 8;
    case OST__PG_INT4: *out = size == 4 ? (int32_t)ost__pg_get32(bytes) : 0; return size == 4;
    case OST__PG_INT2: *out = size == 2 ? (int16_t)ost__pg_get16(bytes) : 0; return size == 2;
    default: return false;
    }
}

static bool get_real(Oid type, const uint8_t *bytes, size_t size, double *out)
{
    uint64_t bits;
    uint32_t few;
    float single;
    if (type == OST__PG_FLOAT8 && size == 8) {
        bits = ost__pg_get64(bytes);
        memcpy(out, &bits, sizeof *out);
        return true;
    }
    if (type != OST__PG_FLOAT4 || size != 4)
        return false;
    few = ost__pg_get32(bytes);
    memcpy(&single, &few, sizeof single);
    *out = (double)single;
    return true;
}

/* A text, without the spaces that fill up a char(n). */
static bool get_text(Oid type, const uint8_t *bytes, size_t *size)
{
    switch (type) {
    case OST__PG_BPCHAR:
        while (*size > 0 && bytes[*size - 1] == ' ')
            (*size)--;
        return true;
    case OST__PG_TEXT:
    case OST__PG_VARCHAR:
    case OST__PG_NAME:
    case OST__PG_UNKNOWN: return true;
    default: return false;
    }
}

/* ---- members ---- */

static ost_status load_name(const column *c, const uint8_t *bytes, size_t size, const ost_field *f,
                            void *at)
{
    if (!get_text(c->type, bytes, &size))
        return OST_RANGE;
    return ost__store_named(f, c->step->type, bytes, size, at);
}

static ost_status load_integer(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    const ost_field *f = c->step->origin ? c->step->origin : c->step->field;
    ost_decimal d;
    int64_t n;
    double x;
    if (f && f->values)
        return load_name(c, bytes, size, f, at);
    if (get_integer(c->type, bytes, size, &n))
        return ost__store_int64(c->step->type, n, at);
    if (c->type == OST__PG_NUMERIC) {
        if (!ost__pg_numeric_get(bytes, size, &d) || !ost__decimal_rescale(d, 0, &d))
            return OST_RANGE;
        if (c->step->type == OST_TYPE_UINT64 && d.high == 0) {
            *(uint64_t *)at = d.low;
            return OST_OK;
        }
        return ost__decimal_units(d, &n) ? ost__store_int64(c->step->type, n, at) : OST_RANGE;
    }
    /* Tables made by others may keep whole numbers as reals. */
    if (!get_real(c->type, bytes, size, &x) || !(fabs(x) <= (double)EXACT_DOUBLE) ||
        (double)(int64_t)x != x)
        return OST_RANGE;
    return ost__store_int64(c->step->type, (int64_t)x, at);
}

static ost_status load_real(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    ost_decimal d;
    int64_t n;
    double x;
    if (get_real(c->type, bytes, size, &x))
        return ost__store_real(c->step->type, x, at);
    if (get_integer(c->type, bytes, size, &n)) {
        if (n > EXACT_DOUBLE || n < -EXACT_DOUBLE)
            return OST_RANGE;
        return ost__store_real(c->step->type, (double)n, at);
    }
    if (c->type != OST__PG_NUMERIC || !ost__pg_numeric_get(bytes, size, &d))
        return OST_RANGE;
    return ost__store_real(c->step->type, ost__decimal_to_double(d), at);
}

static ost_status load_decimal(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    const ost_field *f = c->step->field;
    int precision = f && f->precision > 0 ? f->precision : OST__DECIMAL_DIGITS;
    ost_decimal d;
    int64_t n;
    double x;
    if (c->type == OST__PG_NUMERIC) {
        if (!ost__pg_numeric_get(bytes, size, &d))
            return OST_RANGE;
    } else if (get_integer(c->type, bytes, size, &n)) {
        d = ost_decimal_of(n, 0);
    } else if (!get_real(c->type, bytes, size, &x) ||
               !ost__decimal_from_double(x, precision, f ? f->scale : 0, &d)) {
        return OST_RANGE;
    }
    if (f && f->precision > 0 && !ost__decimal_fit(d, f->precision, f->scale, &d))
        return OST_RANGE;
    *(ost_decimal *)at = d;
    return OST_OK;
}

static ost_status load_bool(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    int64_t n;
    if (c->type == OST__PG_BOOL && size == 1)
        n = bytes[0];
    else if (!get_integer(c->type, bytes, size, &n))
        return OST_RANGE;
    if (n != 0 && n != 1)
        return OST_RANGE;
    *(bool *)at = n == 1;
    return OST_OK;
}

static ost_status load_text(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    uint8_t *copy;
    if (!get_text(c->type, bytes, &size))
        return OST_RANGE;
    if (c->step->type == OST_TYPE_CHARS) {
        if (size >= c->step->size)
            return OST_RANGE;
        memcpy(at, bytes, size);
        memset((char *)at + size, 0, c->step->size - size);
        return OST_OK;
    }
    copy = ost__pg_take_bytes(c->sink, size + 1);
    if (!copy)
        return OST_NO_MEMORY;
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    *(const char **)at = (const char *)copy;
    return OST_OK;
}

static ost_status load_blob(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    uint8_t *copy;
    if (c->type != OST__PG_BYTEA)
        return OST_RANGE;
    copy = ost__pg_take_bytes(c->sink, size > 0 ? size : 1);
    if (!copy)
        return OST_NO_MEMORY;
    if (size > 0)
        memcpy(copy, bytes, size);
    *(ost_blob *)at = (ost_blob){ .data = copy, .size = size };
    return OST_OK;
}

static ost_status load_time(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    const ost_field *origin = c->step->origin;
    ost_time t;
    int64_t n;
    switch (c->type) {
    case OST__PG_TIMESTAMP:
    case OST__PG_TIMESTAMPTZ:
        if (size != 8)
            return OST_RANGE;
        n = (int64_t)ost__pg_get64(bytes);
        if (n > INT64_MAX - OST__PG_EPOCH_MICROSECONDS)
            return OST_RANGE;
        t.microseconds = n + OST__PG_EPOCH_MICROSECONDS;
        break;
    case OST__PG_INT8:
    case OST__PG_INT4:
        if (!origin || origin->stored != OST_STORED_UNIX_SECONDS ||
            !get_integer(c->type, bytes, size, &n) || n > INT64_MAX / 1000000 ||
            n < INT64_MIN / 1000000)
            return OST_RANGE;
        t.microseconds = n * 1000000;
        break;
    default:
        if (!origin || origin->stored != OST_STORED_SECONDS_TEXT ||
            !get_text(c->type, bytes, &size) ||
            !ost__time_from_stored((const char *)bytes, size, &t))
            return OST_RANGE;
        break;
    }
    if (!ost__time_in_range(t))
        return OST_RANGE;
    *(ost_time *)at = t;
    return OST_OK;
}

static ost_status load_date(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    ost_date d;
    int64_t days;
    if (c->type != OST__PG_DATE || size != 4)
        return OST_RANGE;
    days = (int64_t)(int32_t)ost__pg_get32(bytes) + OST__PG_EPOCH_DAYS;
    if (days > INT32_MAX)
        return OST_RANGE;
    d.days = (int32_t)days;
    if (!ost__date_in_range(d))
        return OST_RANGE;
    *(ost_date *)at = d;
    return OST_OK;
}

static ost_status load_bytes(const column *c, Oid type, size_t wanted, const uint8_t *bytes,
                             size_t size, void *at)
{
    if (c->type != type || size != wanted)
        return OST_RANGE;
    memcpy(at, bytes, size);
    return OST_OK;
}

static ost_status load_document(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    const ost__document_memory memory = ost__document_memory_of(c->sink, c->heap);
    if (c->type == OST__PG_JSONB && size > 0 && bytes[0] == OST__PG_JSONB_VERSION)
        return ost__document_read(c->step->field, (const char *)bytes + 1, size - 1, &memory, at);
    if (c->type == OST__PG_JSON)
        return ost__document_read(c->step->field, (const char *)bytes, size, &memory, at);
    return OST_RANGE;
}

static ost_status load_point(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    ost_point p;
    if (c->type == OST__PG_JSONB || c->type == OST__PG_JSON)
        return load_document(c, bytes, size, at);
    if (c->type != OST__PG_POINT || size != 16 ||
        !get_real(OST__PG_FLOAT8, bytes, 8, &p.longitude) ||
        !get_real(OST__PG_FLOAT8, bytes + 8, 8, &p.latitude) || !isfinite(p.longitude) ||
        !isfinite(p.latitude))
        return OST_RANGE;
    *(ost_point *)at = p;
    return OST_OK;
}

static ost_status load(const column *c, const uint8_t *bytes, size_t size, void *at);

/* Items of `c`, each behind its length. */
static ost_status load_items(const column *c, const uint8_t *bytes, size_t size, size_t count,
                             char *items)
{
    for (size_t i = 0; i < count; i++, items += c->step->size) {
        size_t length = size >= 4 ? ost__pg_get32(bytes) : SIZE_MAX;
        if (length > size - 4 || size < 4)
            return OST_RANGE;
        OST_TRY(load(c, bytes + 4, length, items));
        bytes += 4 + length;
        size -= 4 + length;
    }
    return size == 0 ? OST_OK : OST_RANGE;
}

/* Dimensions, whether there are nulls, type; of the dimension its size and first index; items. */
static ost_status load_list(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    enum { HEAD = 12, DIMENSION = 8 };
    const ost_field item = ost__item_field(c->step->field);
    const ost_row_step step = { .size = item.size, .type = item.type, .field = &item };
    const column of = { ost__pg_item_of(c->type), &step, c->heap, c->sink };
    const ost__document_memory memory = ost__document_memory_of(c->sink, c->heap);
    size_t count = 0, room;
    uint32_t dimensions;
    if (of.type == 0 || c->step->field->part)
        return load_document(c, bytes, size, at);
    dimensions = size >= HEAD ? ost__pg_get32(bytes) : UINT32_MAX;
    if (dimensions > 1 || size < HEAD + dimensions * DIMENSION ||
        ost__pg_get32(bytes + 8) != of.type)
        return OST_RANGE;
    if (dimensions == 1)
        count = ost__pg_get32(bytes + HEAD);
    size -= HEAD + dimensions * DIMENSION;
    /* Each takes a length at least. */
    if (count > size / 4 || !ost__size_mul(count, item.size, &room))
        return OST_RANGE;
    char *items = memory.take(memory.context, room > 0 ? room : 1, alignof(max_align_t));
    if (!items)
        return OST_NO_MEMORY;
    OST_TRY(load_items(&of, bytes + HEAD + dimensions * DIMENSION, size, count, items));
    *(ost__list *)at = (ost__list){ .items = items, .count = count };
    return OST_OK;
}

static ost_status load(const column *c, const uint8_t *bytes, size_t size, void *at)
{
    switch (c->step->type) {
    case OST_TYPE_BOOL: return load_bool(c, bytes, size, at);
    case OST_TYPE_INT8:
    case OST_TYPE_INT16:
    case OST_TYPE_INT32:
    case OST_TYPE_INT64:
    case OST_TYPE_UINT8:
    case OST_TYPE_UINT16:
    case OST_TYPE_UINT32:
    case OST_TYPE_UINT64: return load_integer(c, bytes, size, at);
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return load_real(c, bytes, size, at);
    case OST_TYPE_TEXT:
    case OST_TYPE_CHARS: return load_text(c, bytes, size, at);
    case OST_TYPE_BLOB: return load_blob(c, bytes, size, at);
    case OST_TYPE_TIME: return load_time(c, bytes, size, at);
    case OST_TYPE_DATE: return load_date(c, bytes, size, at);
    case OST_TYPE_UUID: return load_bytes(c, OST__PG_UUID, sizeof(ost_uuid), bytes, size, at);
    case OST_TYPE_OBJECT_ID:
        return load_bytes(c, OST__PG_BYTEA, sizeof(ost_object_id), bytes, size, at);
    case OST_TYPE_DECIMAL: return load_decimal(c, bytes, size, at);
    case OST_TYPE_POINT: return load_point(c, bytes, size, at);
    case OST_TYPE_LIST: return load_list(c, bytes, size, at);
    case OST_TYPE_JSON:
    case OST_TYPE_EMBEDDED: return load_document(c, bytes, size, at);
    default: return OST_UNSUPPORTED;
    }
}

static ost_status load_null(const ost_row_step *s, void *member)
{
    switch (s->null_rule) {
    case OST_NULL_IS_ABSENT: *(bool *)member = false; return OST_OK;
    case OST_NULL_IS_POINTER:
        if (s->type == OST_TYPE_BLOB)
            *(ost_blob *)member = (ost_blob){ NULL, 0 };
        else if (s->type == OST_TYPE_LIST)
            *(ost__list *)member = (ost__list){ NULL, 0 };
        else
            *(const char **)member = NULL;
        return OST_OK;
    default: return OST_RANGE;
    }
}

ost_status ost__pg_load(const PGresult *result, int row, const ost_row_step *s,
                        const ost__memory *heap, ost_sink *sink, void *member)
{
    /* What came as text, which nobody asked for, has a type that is not read. */
    bool binary = PQfformat(result, s->column) == 1;
    const column c = { binary ? PQftype(result, s->column) : 0, s, heap, sink };
    const uint8_t *bytes = (const uint8_t *)PQgetvalue(result, row, s->column);
    int size = PQgetlength(result, row, s->column);
    if (PQgetisnull(result, row, s->column))
        return load_null(s, member);
    if (size < 0)
        return OST_RANGE;
    if (s->null_rule == OST_NULL_IS_ABSENT)
        *(bool *)member = true;
    return load(&c, bytes, (size_t)size, (uint8_t *)member + s->value_offset);
}
