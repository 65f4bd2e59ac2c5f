/* SPDX-License-Identifier: MIT */
#include "postgres/wire.h"

#include "base/civil.h"
#include "base/document.h"
#include "base/error.h"

/* ---- what parameters are ---- */

/* The type in which a use of a parameter is bound; 0: it cannot be stored yet. */
static Oid type_of_use(const ost__sql_use *use)
{
    Oid type;
    switch (use->role) {
    case OST__SQL_COUNT: return OST__PG_INT8;
    case OST__SQL_NEEDLE: return OST__PG_TEXT;
    case OST__SQL_INSIDE: return OST__PG_JSONB;
    case OST__SQL_AMOUNT:
        type = ost__pg_type_of(use->type, NULL);
        return type == OST__PG_FLOAT8 || use->type == OST_TYPE_DECIMAL ? type : OST__PG_INT8;
    case OST__SQL_LIST: return ost__pg_list_of(ost__pg_type_of(use->type, use->field));
    default: return ost__pg_type_of(use->type, use->field);
    }
}

static bool is_document(const ost__sql_use *use)
{
    return use->role == OST__SQL_INSIDE || (use->field && ost__is_document(use->field));
}

ost_status ost__pg_parameters(const ost__sql_use *uses, size_t use_count, ost__pg_parameter *out,
                              uint32_t parameter_count, ost_error *e)
{
    /* One that the statement does not use must have a type nevertheless. */
    for (uint32_t i = 0; i < parameter_count; i++)
        out[i] = (ost__pg_parameter){ .oid = OST__PG_INT8, .type = OST_TYPE_NONE };
    for (size_t i = 0; i < use_count; i++) {
        const ost__sql_use *use = &uses[i];
        Oid oid = type_of_use(use);
        if (use->parameter >= parameter_count)
            return ost__error_set(e, OST_MISUSE, "the statement uses parameter %u of %u",
                                  (unsigned)use->parameter, (unsigned)parameter_count);
        if (oid == 0) {
            ost__error_set(e, OST_UNSUPPORTED,
                           "%s: PostgreSQL cannot store members of this kind yet",
                           use->field ? use->field->name : "a value");
            if (e)
                e->nothing_sent = 1;
            return OST_UNSUPPORTED;
        }
        out[use->parameter] = (ost__pg_parameter){ .oid = oid,
                                                   .role = use->role,
                                                   .document = is_document(use),
                                                   .type = use->type,
                                                   .precision = use->precision,
                                                   .scale = use->scale,
                                                   .field = use->field };
    }
    return OST_OK;
}

/* ---- scratch ---- */

void ost__pg_values_init(ost__pg_values *v, const ost__memory *memory)
{
    *v = (ost__pg_values){ .memory = memory };
    ost__buffer_init(&v->bytes, memory);
}

static void free_arrays(ost__pg_values *v)
{
    size_t n = v->capacity;
    ost__free(v->memory, v->values, n * sizeof *v->values);
    ost__free(v->memory, v->lengths, n * sizeof *v->lengths);
    ost__free(v->memory, v->formats, n * sizeof *v->formats);
    ost__free(v->memory, v->cells, n * OST__PG_CELL_SIZE);
    v->values = NULL;
    v->lengths = v->formats = NULL;
    v->cells = NULL;
    v->capacity = 0;
}

void ost__pg_values_finish(ost__pg_values *v)
{
    free_arrays(v);
    ost__buffer_finish(&v->bytes);
}

static bool make_room(ost__pg_values *v, uint32_t count)
{
    uint32_t n = 16;
    if (count <= v->capacity && v->values)
        return true;
    while (n < count)
        n = n > UINT32_MAX / 2 ? count : n * 2;
    free_arrays(v);
    v->capacity = n;
    /* Parameters are numbered in 16 bits, so that no product overflows. */
    v->values = ost__alloc(v->memory, n * sizeof *v->values);
    v->lengths = ost__alloc(v->memory, n * sizeof *v->lengths);
    v->formats = ost__alloc(v->memory, n * sizeof *v->formats);
    v->cells = ost__alloc(v->memory, (size_t)n * OST__PG_CELL_SIZE);
    if (!v->values || !v->lengths || !v->formats || !v->cells) {
        free_arrays(v);
        return false;
    }
    for (uint32_t i = 0; i < n; i++)
        v->formats[i] = 1;
    return true;
}

/* ---- values ---- */

enum { COUNT_AT = 12 };

/* Dimensions, whether there are nulls, type; of the dimension its size and first index; items. */
static ost_status append_list(ost__buffer *out, const ost_parameter *p, const ost__pg_parameter *as)
{
    uint8_t bytes[OST__PG_CELL_SIZE];
    ost__pg_cell cell = { .bytes = bytes };
    Oid item = ost__pg_item_of(as->oid);
    size_t start = out->size;
    uint32_t count = 0;
    uint16_t type = p->type & (uint16_t)~OST_TYPE_OPTIONAL;
    if (p->list_count > INT32_MAX)
        return OST_TOO_LARGE;
    ost__pg_append32(out, 1);
    ost__pg_append32(out, 0);
    ost__pg_append32(out, item);
    ost__pg_append32(out, 0); /* the size, once it is known */
    ost__pg_append32(out, 1);
    for (size_t i = 0; i < p->list_count && !out->failed; i++) {
        const char *at = (const char *)p->list + i * p->list_stride;
        ost_status status = ost__pg_store(type, at, p->size, item, as->field, &cell);
        /* What the column cannot hold is equal to nothing in it. */
        if (status == OST_RANGE && type == OST_TYPE_UINT64)
            continue;
        if (status != OST_OK)
            return status;
        if (!cell.data)
            return OST_RANGE;
        OST_TRY(ost__pg_put_cell(out, &cell));
        count++;
        if (out->size - start > OST__PG_MESSAGE_MAX)
            return OST_TOO_LARGE;
    }
    if (out->failed)
        return OST_NO_MEMORY;
    ost__pg_put32(out->data + start + COUNT_AT, count);
    return OST_OK;
}

/*
 * The usual values, without the detour of a cell: *value is where they are, and the size is given
 * back. SIZE_MAX: there is more to it (an optional, a name of an enumeration, NaN, a column of
 * another type), which bind_slowly() knows.
 */
static inline size_t bind_quickly(uint16_t type, const void *at, Oid oid, uint8_t *bytes,
                                  const char **value)
{
    uint64_t bits;
    double real;
    *value = (const char *)bytes;
    switch (type) {
    case OST_TYPE_BOOL: bytes[0] = *(const bool *)at; return oid == OST__PG_BOOL ? 1 : SIZE_MAX;
    case OST_TYPE_INT32:
        ost__pg_put32(bytes, (uint32_t) * (const int *)at);
        return oid == OST__PG_INT4 ? 4 : SIZE_MAX;
    case OST_TYPE_INT64:
        ost__pg_put64(bytes, (uint64_t) * (const int64_t *)at);
        return oid == OST__PG_INT8 ? 8 : SIZE_MAX;
    case OST_TYPE_DOUBLE:
        real = *(const double *)at;
        memcpy(&bits, &real, sizeof bits);
        ost__pg_put64(bytes, bits);
        return oid == OST__PG_FLOAT8 && (real < 0 || real > 0) ? 8 : SIZE_MAX;
    case OST_TYPE_TIME:
        ost__pg_put64(bytes, (uint64_t)((const ost_time *)at)->microseconds -
                                 (uint64_t)OST__PG_EPOCH_MICROSECONDS);
        return oid == OST__PG_TIMESTAMPTZ && ost__time_in_range(*(const ost_time *)at) ? 8
                                                                                       : SIZE_MAX;
    case OST_TYPE_TEXT:
        *value = *(const char *const *)at;
        return oid == OST__PG_TEXT && *value ? strlen(*value) : SIZE_MAX;
    default: return SIZE_MAX;
    }
}

/* Lists and documents lie one behind the other; where, is known once they are all there. Until then
 * each has a length, but no place. */
static void place_long_ones(ost__pg_values *v, uint32_t count)
{
    const char *at = v->bytes.data;
    for (uint32_t i = 0; i < count; i++) {
        if (v->values[i] || v->lengths[i] == 0)
            continue;
        v->values[i] = at;
        at += v->lengths[i];
    }
}

static ost_status bind_slowly(ost__pg_values *v, const ost_parameter *p,
                              const ost__pg_parameter *as, const void *record, uint8_t *bytes,
                              const char **value, size_t *size)
{
    ost__pg_cell cell = { .bytes = bytes };
    size_t before = v->bytes.size;
    ost_status status = OST_OK;
    ost__pg_document document = { .at = NULL };
    /* One that the statement does not use is null. */
    if (as->type != OST_TYPE_NONE && p->source == OST_FROM_LIST)
        status = append_list(&v->bytes, p, as);
    else if (as->type != OST_TYPE_NONE &&
             !(as->document && ost__pg_document_of(p, record, as, &document)))
        status = ost__pg_store_parameter(p, record, as->oid, as, &cell);
    else if (document.at)
        status = ost__pg_document_put(&v->bytes, as->field, as->oid, &document);
    *value = cell.data;
    *size = cell.data ? cell.size : v->bytes.size - before;
    return status;
}

/* Where the value of a kind in *type is; NULL: it is no single value. */
static inline const void *value_of(const ost_parameter *p, const void *record, uint16_t *type)
{
    if (p->source == OST_FROM_RECORD && record) {
        *type = p->type;
        return (const char *)record + p->offset;
    }
    *type = p->value.type;
    return p->source == OST_FROM_VALUE ? &p->value.as : NULL;
}

OST__HOT ost_status ost__pg_bind(ost__pg_values *v, const ost__pg_parameter *p,
                                 const ost_operation *op, const void *record, ost_error *e)
{
    const char *next = (const char *)op->parameters;
    uint32_t count = op->parameter_count, step = op->parameter_size;
    /* What the server takes as one message, less what stands around the values. */
    size_t left = OST__PG_MESSAGE_MAX - 4096 - (size_t)count * 8;
    const char **value;
    int *length;
    uint8_t *cell;
    bool long_ones = false;
    if (!make_room(v, count))
        return ost__error_set(e, OST_NO_MEMORY, "no memory for the values");
    ost__buffer_reset(&v->bytes);
    value = v->values;
    length = v->lengths;
    cell = v->cells;
    for (const ost__pg_parameter *end = p + count; p < end; p++, next += step) {
        const ost_parameter *given = (const ost_parameter *)(const void *)next;
        size_t size = SIZE_MAX;
        uint16_t type;
        const void *at = value_of(given, record, &type);
        if (at && p->type != OST_TYPE_NONE)
            size = bind_quickly(type, at, p->oid, cell, value);
        if (size == SIZE_MAX) {
            ost_status status = bind_slowly(v, given, p, record, cell, value, &size);
            long_ones |= !*value && size > 0;
            if (status != OST_OK)
                return ost__pg_misfit(op, given, status, e);
        }
        if (size > left)
            return ost__pg_misfit(op, given, OST_TOO_LARGE, e);
        left -= size;
        value++;
        *length++ = (int)size;
        cell += OST__PG_CELL_SIZE;
    }
    if (long_ones)
        place_long_ones(v, count);
    return OST_OK;
}
