/* SPDX-License-Identifier: MIT */
#include "base/document.h"

#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/scalar.h"
#include "base/utf8.h"

static ost_status write_at(ost__json_writer *w, const ost_field *f, const void *at, int depth);

static uint16_t base_of(const ost_field *f)
{
    return f->type & (uint16_t)~OST_TYPE_OPTIONAL;
}

static bool is_null(const ost_field *f, const void *at)
{
    switch (f->type) {
    case OST_TYPE_TEXT:
    case OST_TYPE_JSON: return !*(const char *const *)at;
    case OST_TYPE_BLOB: return !((const ost_blob *)at)->data;
    case OST_TYPE_LIST: return !ost__list_at(at).items;
    default: return (f->type & OST_TYPE_OPTIONAL) && !*(const bool *)at;
    }
}

static ost_status text(ost__json_writer *w, const char *data, size_t size)
{
    if (!ost__utf8_valid(data, size) || memchr(data, '\0', size))
        return OST_RANGE;
    ost__json_text(w, data, size);
    return OST_OK;
}

static ost_status real(ost__json_writer *w, double x)
{
    if (!isfinite(x))
        return OST_RANGE;
    ost__json_double(w, x == 0 ? 0.0 : x);
    return OST_OK;
}

static int64_t integer_at(uint16_t type, const void *at)
{
    switch (type) {
    case OST_TYPE_INT8: return *(const signed char *)at;
    case OST_TYPE_INT16: return *(const short *)at;
    case OST_TYPE_INT32: return *(const int *)at;
    case OST_TYPE_UINT8: return *(const unsigned char *)at;
    case OST_TYPE_UINT16: return *(const unsigned short *)at;
    case OST_TYPE_UINT32: return *(const unsigned *)at;
    default: return *(const int64_t *)at;
    }
}

static ost_status integer(ost__json_writer *w, const ost_field *f, uint16_t type, const void *at)
{
    int64_t n = integer_at(type, at);
    bool large = type == OST_TYPE_UINT64 && n < 0;
    const char *name;
    char digits[32];
    if (large && w->signed_only)
        return OST_RANGE;
    if (!f->values && base_of(f) == OST_TYPE_UINT64) {
        size_t size = type == OST_TYPE_UINT64 ? ost__print_uint((uint64_t)n, digits)
                                              : ost__print_int(n, digits);
        ost__json_text(w, digits, size);
        return OST_OK;
    }
    if (!f->values) {
        if (large)
            ost__json_uint(w, (uint64_t)n);
        else
            ost__json_int(w, n);
        return OST_OK;
    }
    name = large ? NULL : ost__name_of(f, n);
    return name ? text(w, name, strlen(name)) : OST_RANGE;
}

static ost_status decimal(ost__json_writer *w, const ost_field *f, ost_decimal d)
{
    char digits[64];
    if (base_of(f) == OST_TYPE_DECIMAL && !ost__decimal_fit(d, f->precision, f->scale, &d))
        return OST_RANGE;
    ost__json_text(w, digits, ost_decimal_print(d, digits));
    return OST_OK;
}

static ost_status point(ost__json_writer *w, ost_point p)
{
    if (!isfinite(p.longitude) || !isfinite(p.latitude))
        return OST_RANGE;
    ost__json_open_object(w);
    ost__json_key(w, "type");
    ost__json_text(w, "Point", 5);
    ost__json_key(w, "coordinates");
    ost__json_open_list(w);
    real(w, p.longitude);
    real(w, p.latitude);
    ost__json_close_list(w);
    ost__json_close_object(w);
    return OST_OK;
}

/* Kinds with a text of their own. */
static ost_status printed(ost__json_writer *w, uint16_t type, const void *at)
{
    char out[64];
    size_t size;
    switch (type) {
    case OST_TYPE_TIME:
        if (!ost__time_in_range(*(const ost_time *)at))
            return OST_RANGE;
        ost__time_to_stored(*(const ost_time *)at, out);
        size = OST__TIME_STORED_SIZE;
        break;
    case OST_TYPE_DATE:
        if (!ost__date_in_range(*(const ost_date *)at))
            return OST_RANGE;
        ost__date_to_stored(*(const ost_date *)at, out);
        size = OST__DATE_STORED_SIZE;
        break;
    case OST_TYPE_UUID: size = ost_uuid_print(*(const ost_uuid *)at, out); break;
    default: size = ost_object_id_print(*(const ost_object_id *)at, out); break;
    }
    ost__json_text(w, out, size);
    return OST_OK;
}

ost_status ost__document_write_scalar(ost__json_writer *w, const ost_field *f, uint16_t type,
                                      const void *at)
{
    const char *data;
    const ost_blob *blob;
    switch (type) {
    case OST_TYPE_BOOL: ost__json_bool(w, *(const bool *)at); return OST_OK;
    case OST_TYPE_FLOAT: return real(w, (double)*(const float *)at);
    case OST_TYPE_DOUBLE: return real(w, *(const double *)at);
    case OST_TYPE_TEXT:
        data = *(const char *const *)at;
        return data ? text(w, data, strlen(data)) : OST_RANGE;
    case OST_TYPE_CHARS:
        data = memchr(at, '\0', f->size);
        return data ? text(w, at, (size_t)(data - (const char *)at)) : OST_RANGE;
    case OST_TYPE_BLOB:
        blob = at;
        if (!blob->data)
            return OST_RANGE;
        ost__json_hexadecimal(w, blob->data, blob->size);
        return OST_OK;
    case OST_TYPE_DECIMAL: return decimal(w, f, *(const ost_decimal *)at);
    case OST_TYPE_TIME:
    case OST_TYPE_DATE:
    case OST_TYPE_UUID:
    case OST_TYPE_OBJECT_ID: return printed(w, type, at);
    case OST_TYPE_JSON:
        data = ((const ost_json *)at)->text;
        if (!data)
            return OST_RANGE;
        ost__json_raw(w, data, strlen(data));
        return OST_OK;
    case OST_TYPE_POINT: return point(w, *(const ost_point *)at);
    default: break;
    }
    if (type < OST_TYPE_INT8 || type > OST_TYPE_UINT64)
        return OST_RANGE;
    return integer(w, f, type, at);
}

static ost_status write_part(ost__json_writer *w, const ost_table *t, const char *at, int depth)
{
    ost__json_open_object(w);
    for (uint32_t i = 0; i < t->field_count; i++) {
        const ost_field *f = &t->fields[i];
        if (is_null(f, at + f->offset))
            continue;
        ost__json_key(w, f->column);
        OST_TRY(write_at(w, f, at + f->offset, depth + 1));
    }
    ost__json_close_object(w);
    return OST_OK;
}

static ost_status write_list(ost__json_writer *w, const ost_field *f, ost__list list, int depth)
{
    const ost_field item = ost__item_field(f);
    const char *at = list.items;
    ost__json_open_list(w);
    for (size_t i = 0; i < list.count; i++, at += item.size) {
        if (f->part)
            OST_TRY(write_part(w, f->part, at, depth));
        else
            OST_TRY(ost__document_write_scalar(w, &item, item.type, at));
    }
    ost__json_close_list(w);
    return OST_OK;
}

static ost_status write_at(ost__json_writer *w, const ost_field *f, const void *at, int depth)
{
    uint16_t type = base_of(f);
    if (depth > OST__DOCUMENT_DEPTH)
        return OST_RANGE;
    if (type == OST_TYPE_EMBEDDED)
        return write_part(w, f->part, at, depth);
    if (type == OST_TYPE_LIST)
        return write_list(w, f, ost__list_at(at), depth + 1);
    if (f->type & OST_TYPE_OPTIONAL)
        at = (const char *)at + ost__value_offset(type);
    return ost__document_write_scalar(w, f, type, at);
}

ost_status ost__document_write(ost__json_writer *w, const ost_field *f, const void *at)
{
    OST_TRY(write_at(w, f, at, 0));
    return w->out->failed ? OST_NO_MEMORY : OST_OK;
}
