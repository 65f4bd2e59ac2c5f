/* SPDX-License-Identifier: MIT */
#include "sqlite/connection.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/document.h"
#include "base/scalar.h"
#include "base/utf8.h"

/* Doubles hold every integer up to here. */
#define EXACT_DOUBLE (INT64_C(1) << 53)

static ost__form form_of(const ost_row_step *step)
{
    if (step->origin)
        return ost__form_of(step->origin);
    return (ost__form){ .kind = OST__FORM_PLAIN, .scale = (uint8_t)step->scale };
}

/* A number whose column is of another kind than the member, or has a form of its own. */
static ost_status read_decimal(const ost_row_step *step, sqlite3_value *v, void *at)
{
    ost_decimal d;
    int64_t n;
    if (!ost__load_decimal(v, form_of(step), &d))
        return OST_RANGE;
    if (step->type == OST_TYPE_DECIMAL) {
        if (step->field->precision > 0 &&
            !ost__decimal_fit(d, step->field->precision, step->field->scale, &d))
            return OST_RANGE;
        *(ost_decimal *)at = d;
        return OST_OK;
    }
    if (step->type == OST_TYPE_FLOAT || step->type == OST_TYPE_DOUBLE)
        return ost__store_real(step->type, ost__decimal_to_double(d), at);
    if (!ost__decimal_rescale(d, 0, &d) || !ost__decimal_units(d, &n))
        return OST_RANGE;
    return ost__store_int64(step->type, n, at);
}

static ost_status read_name(const ost_field *f, uint16_t type, sqlite3_value *v, void *at)
{
    const char *text = (const char *)sqlite3_value_text(v);
    size_t size = (size_t)sqlite3_value_bytes(v);
    if (sqlite3_value_type(v) != SQLITE_TEXT || !text)
        return OST_RANGE;
    return ost__store_named(f, type, text, size, at);
}

/* Tables made by others may keep whole numbers as REAL. */
static ost_status read_whole_real(const ost_row_step *step, sqlite3_value *v, void *at)
{
    double x = sqlite3_value_double(v);
    if (sqlite3_value_type(v) != SQLITE_FLOAT || !(fabs(x) <= (double)EXACT_DOUBLE) ||
        (double)(int64_t)x != x)
        return OST_RANGE;
    return ost__store_int64(step->type, (int64_t)x, at);
}

/* Neither an enumeration nor a decimal. */
static inline bool is_plain(const ost_row_step *step)
{
    const ost_field *f = step->origin ? step->origin : step->field;
    return !f->values && step->column_type != OST_TYPE_DECIMAL;
}

static ost_status read_integer(const ost_row_step *step, sqlite3_value *v, void *at)
{
    const ost_field *f = step->origin ? step->origin : step->field;
    if (f->values)
        return read_name(f, step->type, v, at);
    if (step->column_type == OST_TYPE_DECIMAL)
        return read_decimal(step, v, at);
    if (sqlite3_value_type(v) != SQLITE_INTEGER)
        return read_whole_real(step, v, at);
    return ost__store_int64(step->type, sqlite3_value_int64(v), at);
}

static inline ost_status read_real(const ost_row_step *step, sqlite3_value *v, void *at)
{
    int64_t n;
    if (step->column_type == OST_TYPE_DECIMAL)
        return read_decimal(step, v, at);
    switch (sqlite3_value_type(v)) {
    case SQLITE_FLOAT: return ost__store_real(step->type, sqlite3_value_double(v), at);
    case SQLITE_INTEGER:
        n = sqlite3_value_int64(v);
        if (n > EXACT_DOUBLE || n < -EXACT_DOUBLE)
            return OST_RANGE;
        return ost__store_real(step->type, (double)n, at);
    default: return OST_RANGE;
    }
}

/* `size` bytes that live as long as the rows; NULL: no memory. */
static inline uint8_t *take_bytes(ost_sink *sink, size_t size)
{
    uint8_t *at = sink->bytes.next;
    if ((size_t)(sink->bytes.end - at) < size)
        return sink->refill_bytes(sink, size, 1);
    sink->bytes.next = at + size;
    return at;
}

static inline ost_status read_text(const ost_row_step *step, sqlite3_value *v, ost_sink *sink,
                                   void *at)
{
    const char *text = (const char *)sqlite3_value_text(v);
    size_t size = (size_t)sqlite3_value_bytes(v);
    uint8_t *copy;
    if (!text)
        return OST_NO_MEMORY;
    if (!ost__utf8_valid(text, size))
        return OST_RANGE;
    if (step->type == OST_TYPE_CHARS) {
        if (size >= step->size)
            return OST_RANGE;
        memcpy(at, text, size);
        return OST_OK;
    }
    copy = take_bytes(sink, size + 1);
    if (!copy)
        return OST_NO_MEMORY;
    memcpy(copy, text, size);
    copy[size] = '\0';
    *(const char **)at = (const char *)copy;
    return OST_OK;
}

static ost_status read_blob(sqlite3_value *v, ost_sink *sink, void *at)
{
    ost_blob *blob = at;
    size_t size = (size_t)sqlite3_value_bytes(v);
    uint8_t *copy;
    if (sqlite3_value_type(v) != SQLITE_BLOB)
        return OST_RANGE;
    copy = take_bytes(sink, size > 0 ? size : 1);
    if (!copy)
        return OST_NO_MEMORY;
    if (size > 0)
        memcpy(copy, sqlite3_value_blob(v), size);
    *blob = (ost_blob){ .data = copy, .size = size };
    return OST_OK;
}

static ost_status read_bytes(sqlite3_value *v, size_t size, void *at)
{
    if (sqlite3_value_type(v) != SQLITE_BLOB || (size_t)sqlite3_value_bytes(v) != size)
        return OST_RANGE;
    memcpy(at, sqlite3_value_blob(v), size);
    return OST_OK;
}

static ost_status read_bool(sqlite3_value *v, void *at)
{
    int64_t n = sqlite3_value_int64(v);
    if (sqlite3_value_type(v) != SQLITE_INTEGER || (n != 0 && n != 1))
        return OST_RANGE;
    *(bool *)at = n == 1;
    return OST_OK;
}

static ost_status read_date(sqlite3_value *v, void *at)
{
    const char *text = (const char *)sqlite3_value_text(v);
    if (sqlite3_value_type(v) != SQLITE_TEXT || !text ||
        !ost__date_from_stored(text, (size_t)sqlite3_value_bytes(v), at))
        return OST_RANGE;
    return OST_OK;
}

static ost_status read_document(const ost_row_step *step, sqlite3_value *v, ost_sink *sink,
                                const ost__memory *heap, void *at)
{
    const ost__document_memory memory = ost__document_memory_of(sink, heap);
    const char *text = (const char *)sqlite3_value_text(v);
    if (sqlite3_value_type(v) != SQLITE_TEXT || !text)
        return OST_RANGE;
    return ost__document_read(step->field, text, (size_t)sqlite3_value_bytes(v), &memory, at);
}

static ost_status read_cell(const ost_row_step *step, sqlite3_value *v, ost_sink *sink,
                            const ost__memory *heap, void *at)
{
    switch (step->type) {
    case OST_TYPE_BOOL: return read_bool(v, at);
    case OST_TYPE_INT8:
    case OST_TYPE_INT16:
    case OST_TYPE_INT32:
    case OST_TYPE_INT64:
    case OST_TYPE_UINT8:
    case OST_TYPE_UINT16:
    case OST_TYPE_UINT32:
    case OST_TYPE_UINT64: return read_integer(step, v, at);
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return read_real(step, v, at);
    case OST_TYPE_TEXT:
    case OST_TYPE_CHARS:
        return sqlite3_value_type(v) == SQLITE_TEXT ? read_text(step, v, sink, at) : OST_RANGE;
    case OST_TYPE_BLOB: return read_blob(v, sink, at);
    case OST_TYPE_TIME: return ost__load_time(v, form_of(step), at) ? OST_OK : OST_RANGE;
    case OST_TYPE_DATE: return read_date(v, at);
    case OST_TYPE_UUID: return read_bytes(v, sizeof(ost_uuid), at);
    case OST_TYPE_OBJECT_ID: return read_bytes(v, sizeof(ost_object_id), at);
    case OST_TYPE_DECIMAL: return read_decimal(step, v, at);
    case OST_TYPE_JSON:
    case OST_TYPE_POINT:
    case OST_TYPE_EMBEDDED:
    case OST_TYPE_LIST: return read_document(step, v, sink, heap, at);
    default: return OST_UNSUPPORTED;
    }
}

/* The usual cells in a few instructions each; whatever else there may be is left to read_cell(). */
static inline ost_status read_quickly(const ost_row_step *step, sqlite3_value *v, int cell,
                                      ost_sink *sink, const ost__memory *heap, void *at)
{
    const char *text;
    size_t size;
    int64_t n;
    switch (cell) {
    case SQLITE_INTEGER:
        if (!is_plain(step))
            break;
        n = sqlite3_value_int64(v);
        if (step->type == OST_TYPE_INT64) {
            *(int64_t *)at = n;
            return OST_OK;
        }
        if (step->type == OST_TYPE_INT32 && n >= INT_MIN && n <= INT_MAX) {
            *(int *)at = (int)n;
            return OST_OK;
        }
        if (step->type == OST_TYPE_BOOL && (n == 0 || n == 1)) {
            *(bool *)at = n == 1;
            return OST_OK;
        }
        break;
    case SQLITE_FLOAT:
        if (step->type != OST_TYPE_DOUBLE || step->column_type == OST_TYPE_DECIMAL)
            break;
        *(double *)at = sqlite3_value_double(v);
        return OST_OK;
    case SQLITE_TEXT:
        if (step->type == OST_TYPE_TEXT)
            return read_text(step, v, sink, at);
        if (step->type != OST_TYPE_TIME || (step->origin && step->origin->stored))
            break;
        text = (const char *)sqlite3_value_text(v);
        size = (size_t)sqlite3_value_bytes(v);
        return text && ost__time_from_stored(text, size, at) ? OST_OK : OST_RANGE;
    default: break;
    }
    return read_cell(step, v, sink, heap, at);
}

ost_status ost__sqlite_row(const ost_connection *c, sqlite3_stmt *stmt,
                           const ost_row_program *program, ost_sink *sink, uint8_t *row,
                           uint16_t *column)
{
    const ost_row_step *step = program->steps, *end = step + program->step_count;
    for (; step < end; step++) {
        /* Fetched once: each call by column checks its statement and index anew. */
        sqlite3_value *v = sqlite3_column_value(stmt, step->column);
        int cell = sqlite3_value_type(v);
        uint8_t *at = row + step->offset;
        ost_status status;
        if (cell == SQLITE_NULL) {
            status = step->null_rule == OST_NULL_IS_RANGE ? OST_RANGE : OST_OK;
        } else {
            if (step->null_rule == OST_NULL_IS_ABSENT) {
                *(bool *)at = true;
                at += step->value_offset;
            }
            status = read_quickly(step, v, cell, sink, &c->backend->memory, at);
        }
        if (status != OST_OK) {
            *column = step->column;
            return status;
        }
    }
    return OST_OK;
}

ost_status ost__sqlite_row_id(int64_t id, const ost_row_step *step, uint8_t *row)
{
    uint8_t *at = row + step->offset;
    if (step->type < OST_TYPE_INT8 || step->type > OST_TYPE_UINT64)
        return OST_RANGE;
    if (step->null_rule == OST_NULL_IS_ABSENT) {
        *(bool *)at = true;
        at += step->value_offset;
    }
    return ost__store_int64(step->type, id, at);
}
