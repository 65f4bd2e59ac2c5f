/* SPDX-License-Identifier: MIT */
#include "postgres/wire.h"

#include <limits.h>

#include "base/error.h"

/* ---- what parameters are ---- */

/* The type in which a use of a parameter is bound; 0: it cannot be stored yet. */
static Oid type_of_use(const ost__sql_use *use)
{
    Oid type;
    switch (use->role) {
    case OST__SQL_COUNT: return OST__PG_INT8;
    case OST__SQL_NEEDLE: return OST__PG_TEXT;
    case OST__SQL_AMOUNT:
        type = ost__pg_type_of(use->type, NULL);
        return type == OST__PG_FLOAT8 || use->type == OST_TYPE_DECIMAL ? type : OST__PG_INT8;
    case OST__SQL_LIST: return ost__pg_list_of(ost__pg_type_of(use->type, use->field));
    default: return ost__pg_type_of(use->type, use->field);
    }
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

static void append32(ost__buffer *out, uint32_t n)
{
    uint8_t bytes[4];
    ost__pg_put32(bytes, n);
    ost__buffer_bytes(out, bytes, sizeof bytes);
}

/* A value with its length before it, as it stands in lists and in tuples of COPY. */
static ost_status append_cell(ost__buffer *out, const ost__pg_cell *cell)
{
    if (!cell->data) {
        append32(out, UINT32_MAX);
        return OST_OK;
    }
    if (cell->size > OST__PG_MESSAGE_MAX)
        return OST_TOO_LARGE;
    append32(out, (uint32_t)cell->size);
    ost__buffer_bytes(out, cell->data, cell->size);
    return OST_OK;
}

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
    append32(out, 1);
    append32(out, 0);
    append32(out, item);
    append32(out, 0); /* the size, once it is known */
    append32(out, 1);
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
        OST_TRY(append_cell(out, &cell));
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
 * The usual members of records, without the detour of a cell. false: there is more to it (an
 * optional, a name of an enumeration, NaN, a column of another type), which bind_value() knows.
 */
static inline bool bind_quickly(const ost_parameter *p, Oid oid, const void *record,
                                const char **value, int *length, uint8_t *bytes)
{
    const char *at, *text;
    uint64_t bits;
    double real;
    size_t size;
    if (p->source != OST_FROM_RECORD || !record)
        return false;
    at = (const char *)record + p->offset;
    *value = (const char *)bytes;
    switch (p->type) {
    case OST_TYPE_BOOL:
        bytes[0] = *(const bool *)at;
        *length = 1;
        return oid == OST__PG_BOOL;
    case OST_TYPE_INT32:
        ost__pg_put32(bytes, (uint32_t) * (const int *)at);
        *length = 4;
        return oid == OST__PG_INT4;
    case OST_TYPE_INT64:
        ost__pg_put64(bytes, (uint64_t) * (const int64_t *)at);
        *length = 8;
        return oid == OST__PG_INT8;
    case OST_TYPE_DOUBLE:
        real = *(const double *)at;
        memcpy(&bits, &real, sizeof bits);
        ost__pg_put64(bytes, bits);
        *length = 8;
        return oid == OST__PG_FLOAT8 && (real < 0 || real > 0);
    case OST_TYPE_TEXT:
        text = *(const char *const *)at;
        if (!text || oid != OST__PG_TEXT || (size = strlen(text)) > INT_MAX)
            return false;
        *value = text;
        *length = (int)size;
        return true;
    default: return false;
    }
}

/* What the server takes as one message, less what stands around the values. */
static bool is_message(size_t size, uint32_t values)
{
    return size <= OST__PG_MESSAGE_MAX - 4096 - (size_t)values * 8;
}

static ost_status bind_value(const ost_parameter *p, const ost__pg_parameter *as,
                             const void *record, const char **value, int *length, uint8_t *bytes)
{
    ost__pg_cell cell = { .bytes = bytes };
    OST_TRY(ost__pg_store_parameter(p, record, as->oid, as, &cell));
    if (cell.size > INT_MAX)
        return OST_TOO_LARGE;
    *value = cell.data;
    *length = (int)cell.size;
    return OST_OK;
}

/* Lists lie one behind the other; where, is known once they are all there. */
static void place_lists(ost__pg_values *v, const ost__pg_parameter *as, const ost_operation *op)
{
    const char *list = v->bytes.data;
    for (uint32_t i = 0; i < op->parameter_count; i++) {
        const ost_parameter *p =
            (const ost_parameter *)(const void *)((const char *)op->parameters +
                                                  (size_t)i * op->parameter_size);
        if (p->source != OST_FROM_LIST || as[i].type == OST_TYPE_NONE)
            continue;
        v->values[i] = list;
        list += v->lengths[i];
    }
}

ost_status ost__pg_bind(ost__pg_values *v, const ost__pg_parameter *p, const ost_operation *op,
                        const void *record, ost_error *e)
{
    const char *next = (const char *)op->parameters;
    size_t total = 0;
    bool lists = false;
    if (!make_room(v, op->parameter_count))
        return ost__error_set(e, OST_NO_MEMORY, "no memory for the values");
    ost__buffer_reset(&v->bytes);
    for (uint32_t i = 0; i < op->parameter_count; i++, next += op->parameter_size) {
        const ost_parameter *given = (const ost_parameter *)(const void *)next;
        uint8_t *bytes = v->cells + (size_t)i * OST__PG_CELL_SIZE;
        size_t before = v->bytes.size;
        ost_status status = OST_OK;
        if (p[i].type == OST_TYPE_NONE) {
            v->values[i] = NULL;
            v->lengths[i] = 0;
        } else if (given->source == OST_FROM_LIST) {
            lists = true;
            status = append_list(&v->bytes, given, &p[i]);
            v->lengths[i] = (int)(v->bytes.size - before);
        } else if (!bind_quickly(given, p[i].oid, record, &v->values[i], &v->lengths[i], bytes)) {
            status = bind_value(given, &p[i], record, &v->values[i], &v->lengths[i], bytes);
        }
        if (status == OST_OK)
            total += (size_t)v->lengths[i];
        if (status == OST_OK && !is_message(total, op->parameter_count))
            status = OST_TOO_LARGE;
        if (status != OST_OK)
            return ost__pg_misfit(op, given, status, e);
    }
    if (lists)
        place_lists(v, p, op);
    return OST_OK;
}
