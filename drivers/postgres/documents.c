/* SPDX-License-Identifier: MIT */
/* Documents as the server's values: structs, lists of them and JSON as jsonb, lists of scalars as
 * arrays of one dimension, points as points. */
#include "base/document.h"

#include <math.h>

#include "base/scalar.h"
#include "postgres/wire.h"

void ost__pg_append32(ost__buffer *out, uint32_t n)
{
    uint8_t bytes[4];
    ost__pg_put32(bytes, n);
    ost__buffer_bytes(out, bytes, sizeof bytes);
}

ost_status ost__pg_put_cell(ost__buffer *out, const ost__pg_cell *cell)
{
    if (!cell->data) {
        ost__pg_append32(out, UINT32_MAX);
        return OST_OK;
    }
    if (cell->size > OST__PG_MESSAGE_MAX)
        return OST_TOO_LARGE;
    ost__pg_append32(out, (uint32_t)cell->size);
    ost__buffer_bytes(out, cell->data, cell->size);
    return OST_OK;
}

OST__HOT bool ost__pg_document_of(const ost_parameter *p, const void *record,
                                  const ost__pg_parameter *as, ost__pg_document *out)
{
    *out = (ost__pg_document){ .type = p->type };
    switch (p->source) {
    case OST_FROM_RECORD: out->at = record ? (const char *)record + p->offset : NULL; break;
    case OST_FROM_MEMBER: out->at = p->list; break;
    case OST_FROM_VALUE:
        *out = (ost__pg_document){ .type = p->value.type, .at = &p->value.as };
        break;
    default: return false;
    }
    if (!as->field || out->type == OST_TYPE_NONE)
        return false;
    if (out->type < OST_TYPE_JSON || out->type > OST_TYPE_LIST)
        return as->role == OST__SQL_INSIDE;
    if (out->at && ((out->type == OST_TYPE_LIST && !ost__list_at(out->at).items) ||
                    (out->type == OST_TYPE_JSON && !((const ost_json *)out->at)->text)))
        out->at = NULL;
    return true;
}

static ost_status put_json(ost__buffer *out, const ost_field *f, const ost__pg_document *d)
{
    ost__json_writer w;
    ost__buffer_char(out, OST__PG_JSONB_VERSION);
    ost__json_begin(&w, out);
    return d->type >= OST_TYPE_EMBEDDED ? ost__document_write(&w, f, d->at)
                                        : ost__document_write_scalar(&w, f, d->type, d->at);
}

static void put_real(ost__buffer *out, double x)
{
    uint8_t bytes[8];
    uint64_t bits;
    if (x == 0)
        x = 0.0; /* without a sign */
    memcpy(&bits, &x, sizeof bits);
    ost__pg_put64(bytes, bits);
    ost__buffer_bytes(out, bytes, sizeof bytes);
}

static ost_status put_point(ost__buffer *out, const ost_point *p)
{
    if (!isfinite(p->longitude) || !isfinite(p->latitude))
        return OST_RANGE;
    put_real(out, p->longitude);
    put_real(out, p->latitude);
    return OST_OK;
}

/* Dimensions, whether there are nulls, type; of the dimension its size and first index; items. */
static ost_status put_list(ost__buffer *out, const ost_field *f, Oid type, ost__list list)
{
    const ost_field item = ost__item_field(f);
    const char *at = list.items;
    uint8_t bytes[OST__PG_CELL_SIZE];
    ost__pg_cell cell = { .bytes = bytes };
    if (list.count > INT32_MAX)
        return OST_TOO_LARGE;
    ost__pg_append32(out, list.count > 0);
    ost__pg_append32(out, 0);
    ost__pg_append32(out, type);
    if (list.count > 0) {
        ost__pg_append32(out, (uint32_t)list.count);
        ost__pg_append32(out, 1);
    }
    for (size_t i = 0; i < list.count && !out->failed; i++, at += item.size) {
        OST_TRY(ost__pg_store(item.type, at, item.size, type, &item, &cell));
        if (!cell.data)
            return OST_RANGE;
        OST_TRY(ost__pg_put_cell(out, &cell));
        if (out->size > OST__PG_MESSAGE_MAX)
            return OST_TOO_LARGE;
    }
    return OST_OK;
}

ost_status ost__pg_document_put(ost__buffer *out, const ost_field *field, Oid oid,
                                const ost__pg_document *document)
{
    Oid item = ost__pg_item_of(oid);
    if (item != 0)
        OST_TRY(put_list(out, field, item, ost__list_at(document->at)));
    else if (oid == OST__PG_JSONB)
        OST_TRY(put_json(out, field, document));
    else if (oid == OST__PG_POINT)
        OST_TRY(put_point(out, document->at));
    else
        return OST_UNSUPPORTED;
    return out->failed ? OST_NO_MEMORY : OST_OK;
}
