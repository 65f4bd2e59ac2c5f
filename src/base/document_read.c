/* SPDX-License-Identifier: MIT */
#include "base/document.h"

#include <limits.h>
#include <stdalign.h>
#include <string.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/json_number.h"
#include "base/json_value.h"
#include "base/scalar.h"

enum {
    FIELDS_MAX = 512, /* of a struct, as models have */
    FIRST_ITEMS = 512 /* bytes of a list's items that are read before the rest are counted */
};

typedef struct reading {
    ost__json_reader r;
    const ost__document_memory *memory;
    int depth;
} reading;

/* ---- memory ---- */

static void *take_from_sink(void *context, size_t size, size_t align)
{
    ost_sink *k = context;
    size_t skip = (size_t)(-(uintptr_t)k->bytes.next & (align - 1));
    if ((size_t)(k->bytes.end - k->bytes.next) < skip + size)
        return k->refill_bytes(k, size, align);
    uint8_t *at = k->bytes.next + skip;
    k->bytes.next = at + size;
    return at;
}

ost__document_memory ost__document_memory_of(ost_sink *sink, const ost__memory *heap)
{
    return (ost__document_memory){ .take = take_from_sink, .context = sink, .heap = heap };
}

static void *take(const reading *d, size_t size, size_t align)
{
    return d->memory->take(d->memory->context, size, align);
}

/* ---- scalars ---- */

/* A string that is short or none: names, digits, times. */
static bool short_text(const reading *d, char *out, size_t room, size_t *size)
{
    if (d->r.kind != OST__JSON_STRING || d->r.decoded_size > room)
        return false;
    ost__json_decode(&d->r, out);
    *size = d->r.decoded_size;
    return true;
}

static ost_status read_text(const reading *d, const ost_field *f, char *at)
{
    size_t size = d->r.decoded_size;
    char *copy = at;
    if (d->r.kind != OST__JSON_STRING)
        return OST_RANGE;
    if (f->type == OST_TYPE_CHARS) {
        if (size >= f->size)
            return OST_RANGE;
    } else {
        copy = take(d, size + 1, 1);
        if (!copy)
            return OST_NO_MEMORY;
        *(const char **)(void *)at = copy;
    }
    ost__json_decode(&d->r, copy);
    copy[size] = '\0';
    return OST_OK;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static ost_status read_blob(const reading *d, ost_blob *at)
{
    size_t size = d->r.size / 2;
    if (d->r.kind != OST__JSON_STRING || d->r.escaped || d->r.size % 2 != 0)
        return OST_RANGE;
    uint8_t *bytes = take(d, size > 0 ? size : 1, 1);
    if (!bytes)
        return OST_NO_MEMORY;
    for (size_t i = 0; i < size; i++) {
        int high = nibble(d->r.text[2 * i]), low = nibble(d->r.text[2 * i + 1]);
        if (high < 0 || low < 0)
            return OST_RANGE;
        bytes[i] = (uint8_t)(high * 16 + low);
    }
    *at = (ost_blob){ .data = bytes, .size = size };
    return OST_OK;
}

static ost_status read_integer(const reading *d, const ost_field *f, uint16_t type, void *at)
{
    char digits[128];
    const char *text = d->r.text;
    size_t size = d->r.size;
    int64_t n;
    uint64_t natural;
    if (f->values) {
        if (!short_text(d, digits, sizeof digits, &size))
            return OST_RANGE;
        return ost__store_named(f, type, digits, size, at);
    }
    if (d->r.kind == OST__JSON_STRING && type == OST_TYPE_UINT64) {
        /* Digits alone: what would be no number is none. */
        for (size_t i = 0; i < size; i++)
            if (text[i] < '0' || text[i] > '9')
                return OST_RANGE;
    } else if (d->r.kind != OST__JSON_NUMBER) {
        return OST_RANGE;
    }
    if (size == 0)
        return OST_RANGE;
    if (ost__json_int64(text, size, &n))
        return ost__store_whole(type, ost__whole_of(n), at);
    if (!ost__json_uint64(text, size, &natural))
        return OST_RANGE;
    return ost__store_whole(type, (ost__whole){ natural, false }, at);
}

static ost_status read_decimal(const reading *d, const ost_field *f, ost_decimal *at)
{
    ost_decimal x;
    bool number = d->r.kind == OST__JSON_NUMBER && ost__json_decimal(d->r.text, d->r.size, &x);
    bool digits = d->r.kind == OST__JSON_STRING && !d->r.escaped &&
                  ost__decimal_parse_n(d->r.text, d->r.size, &x);
    if (!number && !digits)
        return OST_RANGE;
    return ost__decimal_fit(x, f->precision, f->scale, at) ? OST_OK : OST_RANGE;
}

static ost_status read_real(const reading *d, uint16_t type, void *at)
{
    double x;
    if (d->r.kind != OST__JSON_NUMBER || !ost__json_double_of(d->r.text, d->r.size, &x))
        return OST_RANGE;
    return ost__store_real(type, x, at);
}

/* Kinds with a text of their own. */
static ost_status read_printed(const reading *d, uint16_t type, void *at)
{
    char text[64];
    size_t size;
    bool ok;
    if (!short_text(d, text, sizeof text - 1, &size))
        return OST_RANGE;
    text[size] = '\0';
    switch (type) {
    case OST_TYPE_TIME: ok = ost__time_from_stored(text, size, at); break;
    case OST_TYPE_DATE: ok = ost__date_from_stored(text, size, at); break;
    case OST_TYPE_UUID: ok = ost_uuid_parse(text, at); break;
    default: ok = ost_object_id_parse(text, at); break;
    }
    return ok ? OST_OK : OST_RANGE;
}

/* The value that the last token began, in its canonical form. */
static ost_status read_json(reading *d, ost_json *at)
{
    bool string = d->r.kind == OST__JSON_STRING;
    const char *start;
    ost__json_reader inner;
    ost__buffer out;
    ost_status status;
    /* There may be no text at all. */
    if (d->r.kind == OST__JSON_ERROR || d->r.kind == OST__JSON_END)
        return OST_RANGE;
    start = d->r.text - string;
    if (!ost__json_skip(&d->r))
        return OST_RANGE;
    ost__buffer_init(&out, d->memory->heap);
    status = ost__json_canonical(d->memory->heap, start, (size_t)(d->r.at - start), &out, &inner);
    if (status == OST_OK && out.failed)
        status = OST_NO_MEMORY;
    if (status == OST_OK) {
        char *copy = take(d, out.size + 1, 1);
        if (copy) {
            memcpy(copy, out.data, out.size);
            copy[out.size] = '\0';
        }
        at->text = copy;
        status = copy ? OST_OK : OST_NO_MEMORY;
    }
    ost__buffer_finish(&out);
    return status == OST_INVALID ? OST_RANGE : status;
}

static ost_status read_coordinates(reading *d, ost_point *at)
{
    if (ost__json_next(&d->r) != OST__JSON_OPEN_LIST)
        return OST_RANGE;
    ost__json_next(&d->r);
    OST_TRY(read_real(d, OST_TYPE_DOUBLE, &at->longitude));
    ost__json_next(&d->r);
    OST_TRY(read_real(d, OST_TYPE_DOUBLE, &at->latitude));
    return ost__json_next(&d->r) == OST__JSON_CLOSE_LIST ? OST_OK : OST_RANGE;
}

static ost_status read_point(reading *d, ost_point *at)
{
    bool typed = false, placed = false;
    if (d->r.kind != OST__JSON_OPEN_OBJECT)
        return OST_RANGE;
    while (ost__json_next(&d->r) == OST__JSON_KEY) {
        if (!typed && ost__json_is(&d->r, "type", 4)) {
            if (ost__json_next(&d->r) != OST__JSON_STRING || !ost__json_is(&d->r, "Point", 5))
                return OST_RANGE;
            typed = true;
        } else if (!placed && ost__json_is(&d->r, "coordinates", 11)) {
            OST_TRY(read_coordinates(d, at));
            placed = true;
        } else if (!ost__json_skip(&d->r)) {
            return OST_RANGE;
        }
    }
    return d->r.kind == OST__JSON_CLOSE_OBJECT && typed && placed ? OST_OK : OST_RANGE;
}

static ost_status read_scalar(reading *d, const ost_field *f, uint16_t type, void *at)
{
    switch (type) {
    case OST_TYPE_BOOL:
        *(bool *)at = d->r.kind == OST__JSON_TRUE;
        return d->r.kind == OST__JSON_TRUE || d->r.kind == OST__JSON_FALSE ? OST_OK : OST_RANGE;
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return read_real(d, type, at);
    case OST_TYPE_TEXT:
    case OST_TYPE_CHARS: return read_text(d, f, at);
    case OST_TYPE_BLOB: return read_blob(d, at);
    case OST_TYPE_DECIMAL: return read_decimal(d, f, at);
    case OST_TYPE_TIME:
    case OST_TYPE_DATE:
    case OST_TYPE_UUID:
    case OST_TYPE_OBJECT_ID: return read_printed(d, type, at);
    case OST_TYPE_JSON: return read_json(d, at);
    case OST_TYPE_POINT: return read_point(d, at);
    default: return read_integer(d, f, type, at);
    }
}

/* ---- structs ---- */

static ost_status read_value(reading *d, const ost_field *f, char *at);

ost_status ost__document_missing(const ost_field *f, void *at)
{
    const ost_value *v = f->default_value;
    bool pointer = f->type == OST_TYPE_TEXT || f->type == OST_TYPE_BLOB ||
                   f->type == OST_TYPE_JSON || f->type == OST_TYPE_LIST;
    if (f->type & OST_TYPE_OPTIONAL)
        return OST_OK;
    if (f->type == OST_TYPE_EMBEDDED) {
        for (uint32_t i = 0; i < f->part->field_count; i++)
            OST_TRY(
                ost__document_missing(&f->part->fields[i], (char *)at + f->part->fields[i].offset));
        return OST_OK;
    }
    if (!v)
        return pointer && !f->required && !f->not_null ? OST_OK : OST_RANGE;
    switch (f->type) {
    case OST_TYPE_TEXT: *(const char **)at = v->as.text; return OST_OK;
    case OST_TYPE_CHARS: memcpy(at, v->as.text, strlen(v->as.text)); return OST_OK;
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return ost__store_real(f->type, v->as.real, at);
    default: break;
    }
    if (f->type < OST_TYPE_INT8 || f->type > OST_TYPE_UINT64) {
        memcpy(at, &v->as, f->size);
        return OST_OK;
    }
    if (v->type == OST_TYPE_UINT64)
        return ost__store_whole(f->type, (ost__whole){ v->as.natural, false }, at);
    return ost__store_whole(f->type, ost__whole_of(v->as.integer), at);
}

/* The field of the key, looked for from `from` on: documents of ours are in the fields' order. */
static uint32_t field_of_key(const reading *d, const ost_table *t, uint32_t from)
{
    for (uint32_t n = 0; n < t->field_count; n++, from++) {
        if (from >= t->field_count)
            from = 0;
        if (ost__json_is(&d->r, t->fields[from].column, strlen(t->fields[from].column)))
            return from;
    }
    return t->field_count;
}

static ost_status read_part(reading *d, const ost_table *t, char *at)
{
    uint64_t seen[FIELDS_MAX / 64] = { 0 };
    uint32_t next = 0;
    if (d->r.kind != OST__JSON_OPEN_OBJECT || d->depth >= OST__DOCUMENT_DEPTH)
        return OST_RANGE;
    d->depth++;
    while (ost__json_next(&d->r) == OST__JSON_KEY) {
        uint32_t i = field_of_key(d, t, next);
        if (i == t->field_count) {
            if (!ost__json_skip(&d->r))
                return OST_RANGE;
            continue;
        }
        if (seen[i / 64] >> i % 64 & 1)
            return OST_RANGE;
        next = i + 1;
        if (ost__json_next(&d->r) == OST__JSON_NULL)
            continue;
        seen[i / 64] |= UINT64_C(1) << i % 64;
        OST_TRY(read_value(d, &t->fields[i], at + t->fields[i].offset));
    }
    if (d->r.kind != OST__JSON_CLOSE_OBJECT)
        return OST_RANGE;
    for (uint32_t i = 0; i < t->field_count; i++)
        if (!(seen[i / 64] >> i % 64 & 1))
            OST_TRY(ost__document_missing(&t->fields[i], at + t->fields[i].offset));
    d->depth--;
    return OST_OK;
}

/* ---- lists ---- */

static ost_status read_item(reading *d, const ost_field *list, const ost_field *item, char *at)
{
    memset(at, 0, item->size);
    if (list->part)
        return read_part(d, list->part, at);
    return read_scalar(d, item, item->type, at);
}

/* How many items follow the one whose first token was read. */
static bool count_rest(const reading *d, size_t *count)
{
    ost__json_reader ahead = d->r;
    *count = 0;
    for (;;) {
        if (!ost__json_skip(&ahead))
            return false;
        ++*count;
        uint8_t kind = ost__json_next(&ahead);
        if (kind == OST__JSON_CLOSE_LIST)
            return true;
        if (kind == OST__JSON_ERROR || kind == OST__JSON_END)
            return false;
    }
}

/* The first items go to the stack: most lists end there, and are copied at their size. */
static ost_status read_list(reading *d, const ost_field *f, ost__list *out)
{
    const ost_field item = ost__item_field(f);
    max_align_t first[FIRST_ITEMS / sizeof(max_align_t)];
    size_t most = sizeof first / item.size, count = 0, rest, size;
    char *items = (char *)first;
    if (d->r.kind != OST__JSON_OPEN_LIST || d->depth >= OST__DOCUMENT_DEPTH)
        return OST_RANGE;
    d->depth++;
    while (ost__json_next(&d->r) != OST__JSON_CLOSE_LIST) {
        if (d->r.kind == OST__JSON_ERROR)
            return OST_RANGE;
        if (count == most) {
            if (!count_rest(d, &rest) || !ost__size_mul(count + rest, item.size, &size))
                return OST_RANGE;
            char *all = take(d, size, alignof(max_align_t));
            if (!all)
                return OST_NO_MEMORY;
            memcpy(all, items, count * item.size);
            items = all;
            most = count + rest;
        }
        OST_TRY(read_item(d, f, &item, items + count * item.size));
        count++;
    }
    d->depth--;
    if (items == (char *)first) {
        size = count * item.size;
        items = take(d, size > 0 ? size : 1, alignof(max_align_t));
        if (!items)
            return OST_NO_MEMORY;
        memcpy(items, first, size);
    }
    *out = (ost__list){ .items = items, .count = count };
    return OST_OK;
}

static ost_status read_value(reading *d, const ost_field *f, char *at)
{
    uint16_t type = f->type & (uint16_t)~OST_TYPE_OPTIONAL;
    if (type == OST_TYPE_EMBEDDED)
        return read_part(d, f->part, at);
    if (type == OST_TYPE_LIST)
        return read_list(d, f, (ost__list *)(void *)at);
    if (f->type & OST_TYPE_OPTIONAL) {
        *(bool *)(void *)at = true;
        at += ost__value_offset(type);
    }
    return read_scalar(d, f, type, at);
}

ost_status ost__document_read(const ost_field *f, const char *text, size_t size,
                              const ost__document_memory *memory, void *at)
{
    reading d = { .memory = memory };
    ost__json_read(&d.r, text, size);
    ost__json_next(&d.r);
    OST_TRY(read_value(&d, f, at));
    return ost__json_next(&d.r) == OST__JSON_END ? OST_OK : OST_RANGE;
}
