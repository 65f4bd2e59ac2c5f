/* SPDX-License-Identifier: MIT */
#include "model/json_token.h"

#include <string.h>

#include "base/base64.h"
#include "base/json_number.h"

enum { SHORT_TEXT = 128 };

const char *ost__json_token_expected(const ost_field *f)
{
    switch (ost__base_type(f->type)) {
    case OST_TYPE_BOOL: return "must be true or false";
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return "must be a number";
    case OST_TYPE_DECIMAL: return "must be a number, or a string of one";
    case OST_TYPE_TEXT:
    case OST_TYPE_CHARS: return "must be a string";
    case OST_TYPE_BLOB: return "must be a string in base64";
    case OST_TYPE_TIME: return "must be an instant such as 2024-02-29T12:00:00+01:00";
    case OST_TYPE_DATE: return "must be a day such as 2024-02-29";
    case OST_TYPE_UUID: return "must be a uuid, in a string";
    case OST_TYPE_OBJECT_ID: return "must be a string of 24 hexadecimal digits";
    case OST_TYPE_POINT: return "must be a GeoJSON point of a longitude and a latitude";
    case OST_TYPE_EMBEDDED: return "must be an object";
    case OST_TYPE_LIST: return "must be a list";
    default: return "must be a whole number";
    }
}

/* A string that has to be short to be right, with a NUL. */
static bool short_text(const ost__json_reader *r, char out[SHORT_TEXT])
{
    if (r->kind != OST__JSON_STRING || r->decoded_size >= SHORT_TEXT)
        return false;
    ost__json_decode(r, out);
    out[r->decoded_size] = '\0';
    return true;
}

static enum ost__fit parse_whole(const ost__json_reader *r, uint16_t base, ost_value *v)
{
    const char *text = r->text;
    size_t size = r->size;
    bool digits = base == OST_TYPE_UINT64 && r->kind == OST__JSON_STRING && size > 0;
    for (size_t i = 0; digits && i < size; i++)
        digits = text[i] >= '0' && text[i] <= '9';
    if ((!digits && r->kind != OST__JSON_NUMBER) || !ost__json_is_whole(text, size))
        return OST__FIT_KIND;
    v->type = OST_TYPE_INT64;
    if (ost__json_int64(text, size, &v->as.integer))
        return OST__FIT_OK;
    v->type = OST_TYPE_UINT64;
    return ost__json_uint64(text, size, &v->as.natural) ? OST__FIT_OK : OST__FIT_RANGE;
}

static enum ost__fit parse_real(const ost__json_reader *r, ost_value *v)
{
    v->type = OST_TYPE_DOUBLE;
    if (r->kind != OST__JSON_NUMBER)
        return OST__FIT_KIND;
    return ost__json_double_of(r->text, r->size, &v->as.real) ? OST__FIT_OK : OST__FIT_RANGE;
}

static enum ost__fit parse_decimal(const ost__json_reader *r, ost_value *v)
{
    char text[SHORT_TEXT];
    v->type = OST_TYPE_DECIMAL;
    if (r->kind == OST__JSON_NUMBER)
        return ost__json_decimal(r->text, r->size, &v->as.decimal) ? OST__FIT_OK : OST__FIT_RANGE;
    return short_text(r, text) && ost_decimal_parse(text, &v->as.decimal) ? OST__FIT_OK
                                                                          : OST__FIT_KIND;
}

/* Kinds with a text of their own. */
static enum ost__fit parse_printed(const ost__json_reader *r, uint16_t base, ost_value *v)
{
    char text[SHORT_TEXT];
    bool right;
    if (!short_text(r, text))
        return OST__FIT_KIND;
    v->type = base;
    switch (base) {
    case OST_TYPE_TIME: right = ost_time_parse(text, &v->as.time); break;
    case OST_TYPE_DATE: right = ost_date_parse(text, &v->as.date); break;
    case OST_TYPE_UUID: right = ost_uuid_parse(text, &v->as.uuid); break;
    default: right = ost_object_id_parse(text, &v->as.object_id); break;
    }
    return right ? OST__FIT_OK : OST__FIT_KIND;
}

static enum ost__fit parse_name(const ost__json_reader *r, const ost_field *f, ost_value *v)
{
    for (uint64_t i = 0; r->kind == OST__JSON_STRING && f->values[i]; i++) {
        if (!ost__json_is(r, f->values[i], strlen(f->values[i])))
            continue;
        *v = (ost_value){ .type = OST_TYPE_UINT64, .as = { .natural = i } };
        return OST__FIT_OK;
    }
    return OST__FIT_VALUES;
}

static char *decode(const ost__json_reader *r, ost__arena *texts)
{
    char *copy = ost__arena_alloc(texts, r->decoded_size + 1, 1);
    if (!copy)
        return NULL;
    ost__json_decode(r, copy);
    copy[r->decoded_size] = '\0';
    return copy;
}

static enum ost__fit parse_text(const ost__json_reader *r, ost__arena *texts, ost_value *v)
{
    if (r->kind != OST__JSON_STRING)
        return OST__FIT_KIND;
    v->as.text = decode(r, texts);
    v->type = v->as.text ? OST_TYPE_TEXT : OST_TYPE_NONE;
    return OST__FIT_OK;
}

static enum ost__fit parse_blob(const ost__json_reader *r, ost__arena *texts, ost_value *v)
{
    if (r->kind != OST__JSON_STRING)
        return OST__FIT_KIND;
    char *bytes = decode(r, texts);
    if (!bytes)
        return OST__FIT_OK;
    v->type = OST_TYPE_BLOB;
    v->as.blob.data = bytes;
    return ost__base64_decode(bytes, r->decoded_size, bytes, &v->as.blob.size) ? OST__FIT_OK
                                                                               : OST__FIT_KIND;
}

static bool parse_coordinate(ost__json_reader *r, double *out)
{
    return ost__json_next(r) == OST__JSON_NUMBER && ost__json_double_of(r->text, r->size, out);
}

static bool parse_coordinates(ost__json_reader *r, ost_point *out)
{
    return ost__json_next(r) == OST__JSON_OPEN_LIST && parse_coordinate(r, &out->longitude) &&
           parse_coordinate(r, &out->latitude) && ost__json_next(r) == OST__JSON_CLOSE_LIST;
}

/* RFC 7946, section 3.1.2, without what a point here cannot hold: an altitude, other members. */
static enum ost__fit parse_point(ost__json_reader *r, ost_value *v)
{
    bool typed = false, placed = false;
    v->type = OST_TYPE_POINT;
    if (r->kind != OST__JSON_OPEN_OBJECT)
        return OST__FIT_KIND;
    while (ost__json_next(r) == OST__JSON_KEY) {
        bool right = false;
        if (!typed && ost__json_is(r, "type", 4))
            right = typed = ost__json_next(r) == OST__JSON_STRING && ost__json_is(r, "Point", 5);
        else if (!placed && ost__json_is(r, "coordinates", 11))
            right = placed = parse_coordinates(r, &v->as.point);
        if (!right)
            return OST__FIT_KIND;
    }
    return typed && placed ? OST__FIT_OK : OST__FIT_KIND;
}

enum ost__fit ost__json_token_value(ost__json_reader *r, const ost_field *f, ost__arena *texts,
                                    ost_value *out)
{
    uint16_t base = ost__base_type(f->type);
    *out = (ost_value){ .type = OST_TYPE_NONE };
    if (ost__field_is_enum(f))
        return parse_name(r, f, out);
    switch (base) {
    case OST_TYPE_BOOL:
        *out = (ost_value){ .type = OST_TYPE_BOOL, .as = { .boolean = r->kind == OST__JSON_TRUE } };
        return r->kind == OST__JSON_TRUE || r->kind == OST__JSON_FALSE ? OST__FIT_OK
                                                                       : OST__FIT_KIND;
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return parse_real(r, out);
    case OST_TYPE_DECIMAL: return parse_decimal(r, out);
    case OST_TYPE_TEXT: return parse_text(r, texts, out);
    case OST_TYPE_BLOB: return parse_blob(r, texts, out);
    case OST_TYPE_TIME:
    case OST_TYPE_DATE:
    case OST_TYPE_UUID:
    case OST_TYPE_OBJECT_ID: return parse_printed(r, base, out);
    case OST_TYPE_POINT: return parse_point(r, out);
    default: return parse_whole(r, base, out);
    }
}
