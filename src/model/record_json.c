/* SPDX-License-Identifier: MIT */
#include "model/record_json.h"

#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/json_reader.h"
#include "base/scalar.h"
#include "base/utf8.h"
#include "model/convert.h"
#include "model/member.h"
#include "model/validate.h"

enum { PATH_SIZE = 256 };

/* What goes through the record: where it is written, and where a mistake is told. */
typedef struct writing {
    const ost__model *model; /* of the record itself */
    ost__json_output *o;
    ost__json_writer *w;
    ost_error *e;
} writing;

static ost_status refuse(const writing *x, const ost__place *place, const ost_field *f,
                         const char *why)
{
    char path[PATH_SIZE];
    const char *model = x->model->table.model;
    ost__place_print(place, f->name, path, sizeof path);
    ost__error_set(x->e, OST_RANGE, "%s.%s %s: it cannot be written as json", model, path, why);
    ost__error_about(x->e, model, path);
    return OST_RANGE;
}

/* Whether there is room for `levels` more inside each other. */
static ost_status check_depth(const writing *x, const ost__place *place, const ost_field *f,
                              uint32_t levels)
{
    if (x->w->depth + levels <= OST__JSON_DEPTH)
        return OST_OK;
    return refuse(x, place, f, "is nested deeper than 30 levels");
}

/* ---- scalars ---- */

/* 10^n for n of 0 to 22: the powers that a double holds exactly. */
static double power_of_ten(int n)
{
    double power = 1;
    for (int i = 0; i < n; i++)
        power *= 10;
    return power;
}

/* Of the first digit; one too small or too large does no harm. */
static int exponent_of(double size)
{
    int exponent = 0;
    while (size >= 10) {
        size /= 10;
        exponent++;
    }
    while (size < 1) {
        size *= 10;
        exponent--;
    }
    return exponent;
}

/* For numbers of at most ten digits. */
static double rounded(double x)
{
    return (double)(uint64_t)(x + 0.5);
}

/*
 * The double nearest to the shortest decimal that reads back as this float, so that 0.1f is 0.1 and
 * not 0.10000000149011612. A float needs at most nine digits. Where the power of ten is not exact
 * in a double, the float's own value is returned, which is longer but reads back the same.
 */
static double shortest_of_float(float x)
{
    double size = fabs((double)x);
    if (x == 0 || !isfinite(x))
        return (double)x;
    int exponent = exponent_of(size);
    for (int digits = 1; digits <= 9; digits++) {
        int shift = digits - 1 - exponent;
        if (shift > 22 || shift < -22)
            continue;
        double power = power_of_ten(shift < 0 ? -shift : shift);
        double whole = rounded(shift < 0 ? size / power : size * power);
        double nearest = shift < 0 ? whole * power : whole / power;
        /* Well inside the float's own interval, so that rounding twice cannot lead to its
         * neighbour. */
        if ((double)(float)(nearest * (1 - 1e-13)) == size &&
            (double)(float)(nearest * (1 + 1e-13)) == size)
            return x < 0 ? -nearest : nearest;
    }
    return (double)x;
}

static ost_status write_text(const writing *x, const ost__place *place, const ost_field *f,
                             const char *text, size_t size)
{
    if (!ost__utf8_valid(text, size))
        return refuse(x, place, f, "is not valid utf-8");
    ost__json_text(x->w, text, size);
    return OST_OK;
}

static ost_status write_enum(const writing *x, const ost__place *place, const ost_field *f,
                             const ost_value *v)
{
    bool negative = v->type == OST_TYPE_INT64 && v->as.integer < 0;
    uint64_t number = v->type == OST_TYPE_INT64 ? (uint64_t)v->as.integer : v->as.natural;
    for (uint64_t i = 0; !negative && f->values[i]; i++)
        if (i == number)
            return write_text(x, place, f, f->values[i], strlen(f->values[i]));
    return refuse(x, place, f, "has a number without a name in .values");
}

/* Kinds that are written as a text without anything to escape. */
static ost_status write_printed(const writing *x, const ost__place *place, const ost_field *f,
                                const ost_value *v)
{
    char text[64];
    size_t size = 0;
    switch (v->type) {
    case OST_TYPE_UINT64: size = ost__print_uint(v->as.natural, text); break;
    case OST_TYPE_UUID: size = ost_uuid_print(v->as.uuid, text); break;
    case OST_TYPE_OBJECT_ID: size = ost_object_id_print(v->as.object_id, text); break;
    case OST_TYPE_TIME:
        if (!ost__time_in_range(v->as.time))
            return refuse(x, place, f, "lies outside the years 1 to 9999");
        size = ost_time_print(v->as.time, text);
        break;
    case OST_TYPE_DATE:
        if (!ost__date_in_range(v->as.date))
            return refuse(x, place, f, "lies outside the years 1 to 9999");
        size = ost_date_print(v->as.date, text);
        break;
    case OST_TYPE_DECIMAL:
        if (v->as.decimal.scale < 0 || v->as.decimal.scale > OST__DECIMAL_DIGITS ||
            ost__decimal_digits(v->as.decimal) > OST__DECIMAL_DIGITS)
            return refuse(x, place, f, "is a decimal of more than 38 digits");
        size = ost_decimal_print(v->as.decimal, text);
        break;
    default: return refuse(x, place, f, "is of a kind without a form");
    }
    ost__json_text(x->w, text, size);
    return OST_OK;
}

/* As it stands, once it was read: a text from a program could be anything. */
static ost_status write_json(const writing *x, const ost__place *place, const ost_field *f,
                             const char *text)
{
    ost__json_reader r;
    uint32_t depth = 0;
    ost__json_read(&r, text, strlen(text));
    while (ost__json_next(&r) != OST__JSON_END) {
        if (r.kind == OST__JSON_ERROR)
            return refuse(x, place, f, "is not valid json");
        depth = r.depth > depth ? r.depth : depth;
    }
    OST_TRY(check_depth(x, place, f, depth));
    ost__json_raw(x->w, text, strlen(text));
    return OST_OK;
}

/* GeoJSON, RFC 7946. */
static ost_status write_point(const writing *x, const ost__place *place, const ost_field *f,
                              ost_point p)
{
    if (!isfinite(p.longitude) || !isfinite(p.latitude))
        return refuse(x, place, f, "is not a position");
    OST_TRY(check_depth(x, place, f, 2));
    ost__json_open_object(x->w);
    ost__json_key(x->w, "type");
    ost__json_text(x->w, "Point", 5);
    ost__json_key(x->w, "coordinates");
    ost__json_open_list(x->w);
    ost__json_double(x->w, p.longitude);
    ost__json_double(x->w, p.latitude);
    ost__json_close_list(x->w);
    ost__json_close_object(x->w);
    return OST_OK;
}

static ost_status write_scalar(const writing *x, const ost__place *place, const ost_field *f,
                               const ost_value *v)
{
    uint16_t base = ost__base_type(f->type);
    ost__json_writer *w = x->w;
    if (ost__field_is_enum(f))
        return write_enum(x, place, f, v);
    switch (v->type) {
    case OST_TYPE_TEXT: {
        size_t size = base == OST_TYPE_CHARS ? strnlen(v->as.text, f->size) : strlen(v->as.text);
        return write_text(x, place, f, v->as.text, size);
    }
    case OST_TYPE_BOOL: ost__json_bool(w, v->as.boolean); return OST_OK;
    case OST_TYPE_INT64: ost__json_int(w, v->as.integer); return OST_OK;
    case OST_TYPE_DOUBLE:
        ost__json_double(w, base == OST_TYPE_FLOAT ? shortest_of_float((float)v->as.real)
                                                   : v->as.real);
        return OST_OK;
    case OST_TYPE_BLOB: ost__json_base64(w, v->as.blob.data, v->as.blob.size); return OST_OK;
    case OST_TYPE_JSON: return write_json(x, place, f, v->as.json.text);
    case OST_TYPE_POINT: return write_point(x, place, f, v->as.point);
    case OST_TYPE_UINT64:
        if (base != OST_TYPE_UINT64) {
            ost__json_uint(w, v->as.natural);
            return OST_OK;
        }
        break;
    default: break;
    }
    return write_printed(x, place, f, v);
}

/* ---- structs and lists ---- */

static ost_status write_object(const writing *x, const ost__place *place, const ost_table *t,
                               const void *record);

static ost_status write_list(const writing *x, const ost__place *place, const ost_field *f,
                             ost__list list)
{
    const ost_field item = ost__item_field(f);
    const char *at = list.items;
    ost__place inner = { .outer = place, .name = f->name, .item = true };
    OST_TRY(check_depth(x, place, f, 1 + (f->part != NULL)));
    ost__json_open_list(x->w);
    for (inner.index = 0; inner.index < list.count; inner.index++, at += item.size) {
        if (f->part) {
            OST_TRY(write_object(x, &inner, f->part, at));
            continue;
        }
        ost_value v = ost__member_value(&item, at);
        if (v.type == OST_TYPE_NONE)
            return refuse(x, &inner, &item, "is NULL");
        OST_TRY(write_scalar(x, &inner, &item, &v));
    }
    ost__json_close_list(x->w);
    return OST_OK;
}

static ost_status write_value(const writing *x, const ost__place *place, const ost_field *f,
                              const void *record)
{
    const ost__place inner = { .outer = place, .name = f->name };
    if (f->type == OST_TYPE_LIST)
        return write_list(x, place, f, ost__list_at(ost__member_at(f, record)));
    if (f->type == OST_TYPE_EMBEDDED) {
        OST_TRY(check_depth(x, place, f, 1));
        return write_object(x, &inner, f->part, ost__member_at(f, record));
    }
    ost_value v = ost__member_value(f, record);
    return write_scalar(x, place, f, &v);
}

/*
 * Members of a flattened struct are named by their paths and stand together: `open` is the part of
 * the last one's name, up to a dot, for which objects are open. Closes and opens what the next one
 * needs, and writes its key.
 */
static ost_status write_key(const writing *x, const ost__place *place, const ost_field *f,
                            const char *open, size_t *open_size)
{
    const char *last = strrchr(f->name, '.');
    size_t wanted = last ? (size_t)(last + 1 - f->name) : 0, common = 0;
    for (size_t i = 0; i < *open_size && i < wanted && open[i] == f->name[i]; i++)
        if (open[i] == '.')
            common = i + 1;
    for (size_t i = common; i < *open_size; i++)
        if (open[i] == '.')
            ost__json_close_object(x->w);
    for (const char *p = f->name + common, *dot; p < f->name + wanted; p = dot + 1) {
        dot = strchr(p, '.');
        OST_TRY(check_depth(x, place, f, 1));
        ost__json_key_of(x->w, p, (size_t)(dot - p));
        ost__json_open_object(x->w);
    }
    *open_size = wanted;
    return OST_OK;
}

/* Asks for one member; a call that cannot be made is told by the error already. */
static ost_status compute(const writing *x, const ost_computed *c, const char *path,
                          const ost__model *m, const void *record, ost_value *out)
{
    ost__json_output *o = x->o;
    if (!o->call)
        o->call = o->make_call(o, m);
    if (!o->call)
        return OST_NO_MEMORY;
    o->call->model = m;
    ost_status status = ost__call_compute(o->call, c->value, path, record, out);
    if (status != OST_OK && x->e)
        memcpy(x->e, &o->call->error, sizeof *x->e);
    return status;
}

static bool is_null(const ost_value *v)
{
    switch (v->type) {
    case OST_TYPE_NONE: return true;
    case OST_TYPE_TEXT: return !v->as.text;
    case OST_TYPE_JSON: return !v->as.json.text;
    case OST_TYPE_BLOB: return !v->as.blob.data;
    default: return false;
    }
}

static ost_status write_computed(const writing *x, const ost__place *place, const ost__model *m,
                                 const void *record)
{
    char path[PATH_SIZE];
    for (const ost_computed *c = m->source->computed; c->name && x->o->make_call; c++) {
        ost_value v = { .type = OST_TYPE_NONE };
        ost__place_print(place, c->name, path, sizeof path);
        OST_TRY(compute(x, c, path, m, record, &v));
        if (is_null(&v))
            continue;
        const ost_field f = { .name = c->name, .type = v.type };
        ost__json_key(x->w, c->name);
        OST_TRY(write_scalar(x, place, &f, &v));
    }
    return OST_OK;
}

static ost_status write_object(const writing *x, const ost__place *place, const ost_table *t,
                               const void *record)
{
    const ost__model *m = ost__model_of_table(t);
    const char *open = "";
    size_t open_size = 0;
    ost__json_open_object(x->w);
    for (uint32_t i = 0; i < m->member_count; i++) {
        const ost_field *f = &t->fields[i];
        if (m->has_flattened)
            OST_TRY(write_key(x, place, f, open, &open_size));
        open = f->name;
        if (f->hidden || f->hashed || ost__member_is_null(f, record))
            continue;
        ost__json_key(x->w, f->name + open_size);
        OST_TRY(write_value(x, place, f, record));
    }
    for (size_t i = 0; i < open_size; i++)
        if (open[i] == '.')
            ost__json_close_object(x->w);
    if (m->source->computed)
        OST_TRY(write_computed(x, place, m, record));
    ost__json_close_object(x->w);
    return OST_OK;
}

ost_status ost__record_to_json(ost__json_output *o, const ost__model *m, const void *record)
{
    const writing x = { .model = m, .o = o, .w = &o->w, .e = o->error };
    OST_TRY(write_object(&x, NULL, &m->table, record));
    if (o->w.out->failed)
        return ost__error_set(o->error, OST_NO_MEMORY, "no memory for the json of %s",
                              m->table.model);
    return OST_OK;
}
