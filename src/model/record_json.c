/* SPDX-License-Identifier: MIT */
#include "model/record_json.h"

#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/utf8.h"
#include "model/convert.h"
#include "model/member.h"

/* Where a member and what is wrong with it is reported. */
static ost_status refuse(const ost__model *m, const ost_field *f, ost_error *e, const char *why)
{
    ost__error_set(e, OST_RANGE, "%s.%s %s: it cannot be written as json", m->table.model, f->name,
                   why);
    ost__error_about(e, m->table.model, f->name);
    return OST_RANGE;
}

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

static ost_status write_text(const ost__model *m, const ost_field *f, const char *text, size_t size,
                             ost__json_writer *w, ost_error *e)
{
    if (!ost__utf8_valid(text, size))
        return refuse(m, f, e, "is not valid utf-8");
    ost__json_key(w, f->name);
    ost__json_text(w, text, size);
    return OST_OK;
}

static ost_status write_enum(const ost__model *m, const ost_field *f, const ost_value *v,
                             ost__json_writer *w, ost_error *e)
{
    bool negative = v->type == OST_TYPE_INT64 && v->as.integer < 0;
    uint64_t number = v->type == OST_TYPE_INT64 ? (uint64_t)v->as.integer : v->as.natural;
    for (uint64_t i = 0; !negative && f->values[i]; i++)
        if (i == number)
            return write_text(m, f, f->values[i], strlen(f->values[i]), w, e);
    return refuse(m, f, e, "has a number without a name in .values");
}

/* Kinds that are written as a text without anything to escape. */
static ost_status write_printed(const ost__model *m, const ost_field *f, const ost_value *v,
                                ost__json_writer *w, ost_error *e)
{
    char text[64];
    size_t size = 0;
    switch (v->type) {
    case OST_TYPE_UINT64: size = ost__print_uint(v->as.natural, text); break;
    case OST_TYPE_UUID: size = ost_uuid_print(v->as.uuid, text); break;
    case OST_TYPE_OBJECT_ID: size = ost_object_id_print(v->as.object_id, text); break;
    case OST_TYPE_TIME:
        if (!ost__time_in_range(v->as.time))
            return refuse(m, f, e, "lies outside the years 1 to 9999");
        size = ost_time_print(v->as.time, text);
        break;
    case OST_TYPE_DATE:
        if (!ost__date_in_range(v->as.date))
            return refuse(m, f, e, "lies outside the years 1 to 9999");
        size = ost_date_print(v->as.date, text);
        break;
    default:
        if (v->as.decimal.scale < 0 || v->as.decimal.scale > OST__DECIMAL_DIGITS ||
            ost__decimal_digits(v->as.decimal) > OST__DECIMAL_DIGITS)
            return refuse(m, f, e, "is a decimal of more than 38 digits");
        size = ost_decimal_print(v->as.decimal, text);
        break;
    }
    ost__json_key(w, f->name);
    ost__json_text(w, text, size);
    return OST_OK;
}

static ost_status write_member(const ost__model *m, const ost_field *f, const void *record,
                               ost__json_writer *w, ost_error *e)
{
    uint16_t base = ost__base_type(f->type);
    ost_value v = ost__member_value(f, record);
    if (ost__field_is_enum(f))
        return write_enum(m, f, &v, w, e);
    switch (v.type) {
    case OST_TYPE_TEXT: {
        bool is_chars = base == OST_TYPE_CHARS;
        size_t size = is_chars ? ost__chars_length(f, record) : strlen(v.as.text);
        return write_text(m, f, v.as.text, size, w, e);
    }
    case OST_TYPE_BOOL:
        ost__json_key(w, f->name);
        ost__json_bool(w, v.as.boolean);
        return OST_OK;
    case OST_TYPE_INT64:
        ost__json_key(w, f->name);
        ost__json_int(w, v.as.integer);
        return OST_OK;
    case OST_TYPE_DOUBLE:
        ost__json_key(w, f->name);
        ost__json_double(w,
                         base == OST_TYPE_FLOAT ? shortest_of_float((float)v.as.real) : v.as.real);
        return OST_OK;
    case OST_TYPE_BLOB:
        ost__json_key(w, f->name);
        ost__json_base64(w, v.as.blob.data, v.as.blob.size);
        return OST_OK;
    case OST_TYPE_UINT64:
        if (base != OST_TYPE_UINT64) {
            ost__json_key(w, f->name);
            ost__json_uint(w, v.as.natural);
            return OST_OK;
        }
        break;
    default: break;
    }
    return write_printed(m, f, &v, w, e);
}

ost_status ost__record_to_json(const ost__model *m, const void *record, ost__json_writer *w,
                               ost_error *e)
{
    ost__json_open_object(w);
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        if (!f->hidden && !f->hashed && !ost__member_is_null(f, record))
            OST_TRY(write_member(m, f, record, w, e));
    }
    ost__json_close_object(w);
    if (w->out->failed)
        return ost__error_set(e, OST_NO_MEMORY, "no memory for the json of %s", m->table.model);
    return OST_OK;
}
