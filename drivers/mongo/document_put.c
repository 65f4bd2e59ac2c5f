/* SPDX-License-Identifier: MIT */
#include "mongo/documents.h"

#include <string.h>

#include "base/scalar.h"

static ost_status put(ost__mongo_document *d, const char *key, size_t key_size, const ost_field *f,
                      const void *at, int depth);

static ost_status refuse(ost__mongo_document *d, uint16_t kind, ost_status status)
{
    if (status != OST_OK)
        d->kind = kind;
    return status;
}

static ost_status put_scalar(ost__mongo_document *d, const char *key, size_t key_size,
                             const ost_field *f, const void *at)
{
    uint16_t kind = ost__mongo_kind_of(f);
    ost__mongo_value v = { .type = BSON_TYPE_EOD };
    if (f->type & OST_TYPE_OPTIONAL) {
        if (!*(const bool *)at)
            return OST_OK;
        at = (const char *)at + ost__value_offset(kind);
    }
    OST_TRY(refuse(d, kind, ost__mongo_store(kind, at, f->size, f, false, &v)));
    ost__mongo_text_value(d->text, key, key_size, &v);
    return OST_OK;
}

static ost_status put_part(ost__mongo_document *d, const ost_table *part, const char *at, int depth)
{
    for (uint32_t i = 0; i < part->field_count; i++) {
        const ost_field *f = &part->fields[i];
        OST_TRY(put(d, f->column, strlen(f->column), f, at + f->offset, depth + 1));
    }
    return OST_OK;
}

/* An item that is NULL has no place in an array. */
static ost_status put_item(ost__mongo_document *d, const char *key, size_t key_size,
                           const ost_field *item, const void *at, int depth)
{
    uint32_t before = d->text->size, place;
    ost_status status;
    if (!item->part) {
        status = put_scalar(d, key, key_size, item, at);
        if (status == OST_OK && d->text->size == before)
            return refuse(d, item->type, d->text->failed ? OST_TOO_LARGE : OST_RANGE);
        return status;
    }
    place = ost__mongo_text_open(d->text, BSON_TYPE_DOCUMENT, key, key_size);
    status = put_part(d, item->part, at, depth);
    ost__mongo_text_close(d->text, place);
    return status;
}

static ost_status put_list(ost__mongo_document *d, const char *key, size_t key_size,
                           const ost_field *f, const void *member, int depth)
{
    const ost__list list = ost__list_at(member);
    const ost_field item = ost__item_field(f);
    const char *at = list.items;
    char number[16];
    uint32_t place;
    if (!at)
        return OST_OK;
    if (list.count > UINT32_MAX)
        return refuse(d, OST_TYPE_LIST, OST_TOO_LARGE);
    place = ost__mongo_text_open(d->text, BSON_TYPE_ARRAY, key, key_size);
    for (uint32_t i = 0; i < list.count; i++, at += item.size)
        OST_TRY(put_item(d, number, ost__mongo_index_key(i, number), &item, at, depth));
    ost__mongo_text_close(d->text, place);
    return OST_OK;
}

static ost_status put_json(ost__mongo_document *d, const char *key, size_t key_size,
                           const ost_json *json, int depth)
{
    bool null = false;
    if (!json->text)
        return OST_OK;
    OST_TRY(refuse(d, OST_TYPE_JSON,
                   ost__mongo_document_put_json(d->text, key, key_size, json->text, &null)));
    return null && depth == 0 ? refuse(d, OST_TYPE_JSON, OST_RANGE) : OST_OK;
}

static ost_status put_point(ost__mongo_document *d, const char *key, size_t key_size,
                            const ost_point *p)
{
    static const ost__mongo_value type = { .type = BSON_TYPE_UTF8, .size = 5, .as.data = "Point" };
    ost__mongo_value x, y;
    ost_status status = ost__mongo_store(OST_TYPE_DOUBLE, &p->longitude, 0, NULL, false, &x);
    if (status == OST_OK)
        status = ost__mongo_store(OST_TYPE_DOUBLE, &p->latitude, 0, NULL, false, &y);
    if (status != OST_OK)
        return refuse(d, OST_TYPE_DOUBLE, status);
    uint32_t place = ost__mongo_text_open(d->text, BSON_TYPE_DOCUMENT, key, key_size);
    ost__mongo_text_value(d->text, "type", 4, &type);
    uint32_t list = ost__mongo_text_open(d->text, BSON_TYPE_ARRAY, "coordinates", 11);
    ost__mongo_text_value(d->text, "0", 1, &x);
    ost__mongo_text_value(d->text, "1", 1, &y);
    ost__mongo_text_close(d->text, list);
    ost__mongo_text_close(d->text, place);
    return OST_OK;
}

static ost_status put(ost__mongo_document *d, const char *key, size_t key_size, const ost_field *f,
                      const void *at, int depth)
{
    ost_status status;
    uint32_t place;
    if (depth > OST__DOCUMENT_DEPTH)
        return refuse(d, f->type, OST_RANGE);
    switch (f->type) {
    case OST_TYPE_EMBEDDED:
        place = ost__mongo_text_open(d->text, BSON_TYPE_DOCUMENT, key, key_size);
        status = put_part(d, f->part, at, depth);
        ost__mongo_text_close(d->text, place);
        return status;
    case OST_TYPE_LIST: return put_list(d, key, key_size, f, at, depth + 1);
    case OST_TYPE_JSON: return put_json(d, key, key_size, at, depth);
    case OST_TYPE_POINT: return put_point(d, key, key_size, at);
    default: return put_scalar(d, key, key_size, f, at);
    }
}

ost_status ost__mongo_document_put(ost__mongo_document *d, const char *key, size_t key_size,
                                   const ost_field *f, const void *at)
{
    OST_TRY(put(d, key, key_size, f, at, 0));
    return d->text->failed ? OST_TOO_LARGE : OST_OK;
}

ost_status ost__mongo_document_put_parameter(ost__mongo_document *d, const char *key,
                                             size_t key_size, const ost_parameter *p,
                                             const void *record)
{
    const ost_field *f = p->field;
    const void *at = NULL;
    ost_field plain = { .type = p->type };
    switch (p->source) {
    case OST_FROM_VALUE:
        at = &p->value.as;
        plain.type = p->value.type;
        break;
    case OST_FROM_MEMBER: at = p->list; break;
    case OST_FROM_RECORD: at = record ? (const char *)record + p->offset : NULL; break;
    default: break;
    }
    d->kind = plain.type;
    if (!at)
        return OST_MISUSE;
    if (!f || f->type != plain.type)
        f = plain.type == OST_TYPE_JSON || plain.type == OST_TYPE_POINT ? &plain : NULL;
    return f ? ost__mongo_document_put(d, key, key_size, f, at) : OST_UNSUPPORTED;
}
