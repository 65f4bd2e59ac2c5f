/* SPDX-License-Identifier: MIT */
#include "mongo/documents.h"

#include <math.h>
#include <stdalign.h>
#include <string.h>

#include "base/scalar.h"
#include "mongo/cells.h"

enum { FIELDS_MAX = 512 /* of a struct, as models have */ };

typedef struct reading {
    ost_sink *sink;
    const ost__memory *heap;
    int depth;
} reading;

static ost_status read_value(reading *d, const ost_field *f, const ost__mongo_element *e, char *at);

static bool is_null(const ost__mongo_element *e)
{
    return e->type == BSON_TYPE_NULL || e->type == BSON_TYPE_UNDEFINED;
}

static bool elements_of(const ost__mongo_element *e, uint8_t type, ost__mongo_elements *out)
{
    return e->type == type && ost__mongo_elements_of(e->data, e->size, out);
}

/* ---- scalars ---- */

static ost_status read_scalar(const reading *d, const ost_field *f, const ost__mongo_element *e,
                              char *at)
{
    bool optional = (f->type & OST_TYPE_OPTIONAL) != 0;
    ost_row_step step = { .size = f->size,
                          .type = ost__mongo_kind_of(f),
                          .null_rule = optional ? OST_NULL_IS_ABSENT : OST_NULL_IS_RANGE,
                          .precision = f->precision,
                          .scale = f->scale,
                          .field = f,
                          .origin = f };
    if (optional)
        step.value_offset = ost__value_offset(step.type);
    return ost__mongo_read(&step, NULL, e, d->sink, (uint8_t *)at);
}

static ost_status read_coordinates(const reading *d, const ost__mongo_element *e, ost_point *at)
{
    static const ost_field number = { .type = OST_TYPE_DOUBLE, .size = sizeof(double) };
    double *const to[] = { &at->longitude, &at->latitude };
    ost__mongo_elements list;
    ost__mongo_element item;
    size_t count = 0;
    bool broken = false;
    if (!elements_of(e, BSON_TYPE_ARRAY, &list))
        return OST_RANGE;
    for (; ost__mongo_next_element(&list, &item, &broken); count++)
        if (count == 2 || read_scalar(d, &number, &item, (char *)to[count]) != OST_OK ||
            !isfinite(*to[count]))
            return OST_RANGE;
    return count == 2 && !broken ? OST_OK : OST_RANGE;
}

static ost_status read_point(const reading *d, const ost__mongo_element *e, ost_point *at)
{
    static const char point[] = "Point";
    bool typed = false, placed = false, broken = false;
    ost__mongo_elements list;
    ost__mongo_element item;
    if (!elements_of(e, BSON_TYPE_DOCUMENT, &list))
        return OST_RANGE;
    while (ost__mongo_next_element(&list, &item, &broken)) {
        if (strcmp(item.key, "type") == 0) {
            typed = item.type == BSON_TYPE_UTF8 && item.size == 4 + sizeof point &&
                    memcmp(item.data + 4, point, sizeof point) == 0;
        } else if (strcmp(item.key, "coordinates") == 0) {
            OST_TRY(read_coordinates(d, &item, at));
            placed = true;
        }
    }
    return typed && placed && !broken ? OST_OK : OST_RANGE;
}

/* ---- structs ---- */

static bool is_of(const ost_field *f, const ost__mongo_element *e)
{
    return f->column[0] == e->key[0] && strcmp(f->column, e->key) == 0;
}

/* The field of the key, looked for from `from` on: documents of ours are in the fields' order. */
static uint32_t field_of(const ost_table *t, uint32_t from, const ost__mongo_element *e)
{
    for (uint32_t n = 0; n < t->field_count; n++, from++) {
        if (from >= t->field_count)
            from = 0;
        if (is_of(&t->fields[from], e))
            return from;
    }
    return t->field_count;
}

static ost_status read_part(reading *d, const ost_table *t, const ost__mongo_element *e, char *at)
{
    uint64_t seen[FIELDS_MAX / 64] = { 0 };
    ost__mongo_elements list;
    ost__mongo_element item;
    uint32_t next = 0, missing = t->field_count;
    bool broken = false;
    if (d->depth >= OST__DOCUMENT_DEPTH || !elements_of(e, BSON_TYPE_DOCUMENT, &list))
        return OST_RANGE;
    d->depth++;
    while (ost__mongo_next_element(&list, &item, &broken)) {
        uint32_t i = field_of(t, next, &item);
        if (i == t->field_count)
            continue;
        next = i + 1;
        if (is_null(&item))
            continue;
        if (seen[i / 64] >> i % 64 & 1)
            return OST_RANGE;
        seen[i / 64] |= UINT64_C(1) << i % 64;
        missing--;
        OST_TRY(read_value(d, &t->fields[i], &item, at + t->fields[i].offset));
    }
    d->depth--;
    if (broken)
        return OST_RANGE;
    for (uint32_t i = 0; missing > 0 && i < t->field_count; i++)
        if (!(seen[i / 64] >> i % 64 & 1)) {
            OST_TRY(ost__document_missing(&t->fields[i], at + t->fields[i].offset));
            missing--;
        }
    return OST_OK;
}

/* ---- lists ---- */

static bool count_items(ost__mongo_elements list, size_t *count)
{
    ost__mongo_element item;
    bool broken = false;
    for (*count = 0; ost__mongo_next_element(&list, &item, &broken);)
        ++*count;
    return !broken;
}

static ost_status read_list(reading *d, const ost_field *f, const ost__mongo_element *e,
                            ost__list *out)
{
    const ost_field item = ost__item_field(f);
    const ost__document_memory memory = ost__document_memory_of(d->sink, d->heap);
    ost__mongo_elements list;
    ost__mongo_element next;
    size_t size, count;
    bool broken = false;
    char *items, *at;
    if (d->depth >= OST__DOCUMENT_DEPTH || !elements_of(e, BSON_TYPE_ARRAY, &list) ||
        !count_items(list, &count) || !ost__size_mul(count, item.size, &size))
        return OST_RANGE;
    items = at = memory.take(memory.context, size > 0 ? size : 1, alignof(max_align_t));
    if (!items)
        return OST_NO_MEMORY;
    memset(items, 0, size);
    d->depth++;
    for (; ost__mongo_next_element(&list, &next, &broken); at += item.size)
        OST_TRY(item.part ? read_part(d, item.part, &next, at) : read_scalar(d, &item, &next, at));
    d->depth--;
    *out = (ost__list){ .items = items, .count = count };
    return OST_OK;
}

/* ---- any ---- */

static ost_status read_value(reading *d, const ost_field *f, const ost__mongo_element *e, char *at)
{
    switch (f->type) {
    case OST_TYPE_EMBEDDED: return read_part(d, f->part, e, at);
    case OST_TYPE_LIST: return read_list(d, f, e, (ost__list *)(void *)at);
    case OST_TYPE_JSON:
        return ost__mongo_document_read_json(e, d->sink, d->heap, (ost_json *)(void *)at);
    case OST_TYPE_POINT: return read_point(d, e, (ost_point *)(void *)at);
    default: return read_scalar(d, f, e, at);
    }
}

ost_status ost__mongo_document_read(const ost_field *f, const ost__mongo_element *e, ost_sink *sink,
                                    const ost__memory *heap, void *at)
{
    reading d = { .sink = sink, .heap = heap };
    return read_value(&d, f, e, at);
}
