/* SPDX-License-Identifier: MIT */
#include "evaluator.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

ev_field ev_field_of(const ost_field *f)
{
    ev_field out;
    memset(&out, 0, sizeof out);
    out.name = f->name;
    out.offset = f->offset;
    out.size = f->size;
    out.type = (uint16_t)(f->type & ~OST_TYPE_OPTIONAL);
    out.optional = (f->type & OST_TYPE_OPTIONAL) != 0;
    out.nullable =
        out.optional ||
        ((out.type == OST_TYPE_TEXT || out.type == OST_TYPE_BLOB || ev_is_document(&out)) &&
         !f->not_null && !f->required);
    out.key = f->primary_key;
    out.generated = f->generated != OST_GIVEN;
    out.caseless = f->collation == OST_CASELESS;
    out.deletion = f->stamp == OST_ON_DELETE;
    out.precision = f->precision;
    out.scale = f->scale;
    out.values = f->values;
    return out;
}

bool ev_is_integer_type(uint16_t type)
{
    return type >= OST_TYPE_INT8 && type <= OST_TYPE_UINT64;
}

bool ev_is_enum(const ev_field *f)
{
    return f->values && ev_is_integer_type(f->type);
}

bool ev_is_document(const ev_field *f)
{
    return f->type == OST_TYPE_LIST || f->type == OST_TYPE_JSON;
}

bool ev_is_called(const ev_field *f, const char *name)
{
    const char *dot = strrchr(f->name, '.');
    return strcmp(dot ? dot + 1 : f->name, name) == 0;
}

uint32_t ev_bare_size(uint16_t type)
{
    static const uint32_t plain[] = {
        [OST_TYPE_BOOL] = sizeof(bool),
        [OST_TYPE_INT8] = sizeof(signed char),
        [OST_TYPE_INT16] = sizeof(short),
        [OST_TYPE_INT32] = sizeof(int),
        [OST_TYPE_INT64] = sizeof(int64_t),
        [OST_TYPE_UINT8] = sizeof(unsigned char),
        [OST_TYPE_UINT16] = sizeof(short),
        [OST_TYPE_UINT32] = sizeof(unsigned),
        [OST_TYPE_UINT64] = sizeof(uint64_t),
        [OST_TYPE_FLOAT] = sizeof(float),
        [OST_TYPE_DOUBLE] = sizeof(double),
        [OST_TYPE_TEXT] = sizeof(const char *),
        [OST_TYPE_BLOB] = sizeof(ost_blob),
        [OST_TYPE_TIME] = sizeof(ost_time),
        [OST_TYPE_DATE] = sizeof(ost_date),
        [OST_TYPE_UUID] = sizeof(ost_uuid),
        [OST_TYPE_OBJECT_ID] = sizeof(ost_object_id),
        [OST_TYPE_DECIMAL] = sizeof(ost_decimal),
    };
    return plain[type];
}

void ev_integer_bounds(uint16_t type, int64_t *min, uint64_t *max)
{
    static const struct {
        int64_t min;
        uint64_t max;
    } bounds[] = {
        [OST_TYPE_INT8] = { INT8_MIN, INT8_MAX },    [OST_TYPE_INT16] = { INT16_MIN, INT16_MAX },
        [OST_TYPE_INT32] = { INT32_MIN, INT32_MAX }, [OST_TYPE_INT64] = { INT64_MIN, INT64_MAX },
        [OST_TYPE_UINT8] = { 0, UINT8_MAX },         [OST_TYPE_UINT16] = { 0, UINT16_MAX },
        [OST_TYPE_UINT32] = { 0, UINT32_MAX },       [OST_TYPE_UINT64] = { 0, UINT64_MAX },
    };
    *min = bounds[type].min;
    *max = bounds[type].max;
}

ost_value ev_null(void)
{
    ost_value v;
    memset(&v, 0, sizeof v);
    return v;
}

static ost_value of_type(uint16_t type)
{
    ost_value v = ev_null();
    v.type = type;
    return v;
}

ost_value ev_int(int64_t n)
{
    ost_value v = of_type(OST_TYPE_INT64);
    v.as.integer = n;
    return v;
}

ost_value ev_uint(uint64_t n)
{
    ost_value v = of_type(OST_TYPE_UINT64);
    if (n <= INT64_MAX)
        return ev_int((int64_t)n);
    v.as.natural = n;
    return v;
}

ost_value ev_real(double x)
{
    ost_value v = of_type(OST_TYPE_DOUBLE);
    v.as.real = x == 0 ? 0.0 : x;
    return v;
}

ost_value ev_bool(bool b)
{
    ost_value v = of_type(OST_TYPE_BOOL);
    v.as.boolean = b;
    return v;
}

ost_value ev_text(const char *text)
{
    ost_value v = of_type(text ? OST_TYPE_TEXT : OST_TYPE_NONE);
    v.as.text = text;
    return v;
}

bool ev_is_null(const ost_value *v)
{
    return v->type == OST_TYPE_NONE;
}

bool ev_is_number(const ost_value *v)
{
    return v->type == OST_TYPE_INT64 || v->type == OST_TYPE_UINT64 || v->type == OST_TYPE_DOUBLE ||
           v->type == OST_TYPE_DECIMAL;
}

/* ---- members and cells ---- */

/* Where an optional keeps its value. */
static size_t value_offset(uint16_t type)
{
    switch (type) {
    case OST_TYPE_BOOL: return offsetof(ost_opt_bool, value);
    case OST_TYPE_INT8: return offsetof(ost_opt_int8, value);
    case OST_TYPE_INT16: return offsetof(ost_opt_int16, value);
    case OST_TYPE_INT32: return offsetof(ost_opt_int, value);
    case OST_TYPE_INT64: return offsetof(ost_opt_int64, value);
    case OST_TYPE_UINT8: return offsetof(ost_opt_uint8, value);
    case OST_TYPE_UINT16: return offsetof(ost_opt_uint16, value);
    case OST_TYPE_UINT32: return offsetof(ost_opt_uint, value);
    case OST_TYPE_UINT64: return offsetof(ost_opt_uint64, value);
    case OST_TYPE_FLOAT: return offsetof(ost_opt_float, value);
    case OST_TYPE_DOUBLE: return offsetof(ost_opt_double, value);
    case OST_TYPE_TIME: return offsetof(ost_opt_time, value);
    case OST_TYPE_DATE: return offsetof(ost_opt_date, value);
    case OST_TYPE_UUID: return offsetof(ost_opt_uuid, value);
    case OST_TYPE_OBJECT_ID: return offsetof(ost_opt_object_id, value);
    case OST_TYPE_DECIMAL: return offsetof(ost_opt_decimal, value);
    default: abort();
    }
}

#define READ(T, make)              \
    do {                           \
        T x_;                      \
        memcpy(&x_, p, sizeof x_); \
        return make(x_);           \
    } while (0)

#define READ_AS(T, type_, member_)     \
    do {                               \
        ost_value v_ = of_type(type_); \
        T x_;                          \
        memcpy(&x_, p, sizeof x_);     \
        v_.as.member_ = x_;            \
        return v_;                     \
    } while (0)

/* A bare C value; text and bytes are borrowed. */
static ost_value read_bare(uint16_t type, const void *p)
{
    switch (type) {
    case OST_TYPE_BOOL: READ(bool, ev_bool);
    case OST_TYPE_INT8: READ(signed char, ev_int);
    case OST_TYPE_INT16: READ(short, ev_int);
    case OST_TYPE_INT32: READ(int, ev_int);
    case OST_TYPE_INT64: READ(int64_t, ev_int);
    case OST_TYPE_UINT8: READ(unsigned char, ev_uint);
    case OST_TYPE_UINT16: READ(unsigned short, ev_uint);
    case OST_TYPE_UINT32: READ(unsigned int, ev_uint);
    case OST_TYPE_UINT64: READ(uint64_t, ev_uint);
    case OST_TYPE_FLOAT: READ(float, ev_real);
    case OST_TYPE_DOUBLE: READ(double, ev_real);
    case OST_TYPE_TEXT: READ(const char *, ev_text);
    case OST_TYPE_CHARS: return ev_text(p);
    case OST_TYPE_TIME: READ_AS(ost_time, type, time);
    case OST_TYPE_DATE: READ_AS(ost_date, type, date);
    case OST_TYPE_UUID: READ_AS(ost_uuid, type, uuid);
    case OST_TYPE_OBJECT_ID: READ_AS(ost_object_id, type, object_id);
    case OST_TYPE_DECIMAL: READ_AS(ost_decimal, type, decimal);
    case OST_TYPE_BLOB: {
        ost_value v = of_type(OST_TYPE_BLOB);
        memcpy(&v.as.blob, p, sizeof v.as.blob);
        return v.as.blob.data ? v : ev_null();
    }
    case OST_TYPE_JSON: {
        ost_value v = of_type(OST_TYPE_JSON);
        memcpy(&v.as.json, p, sizeof v.as.json);
        return v.as.json.text ? v : ev_null();
    }
    default: abort();
    }
}

ost_value ev_read_item(uint16_t type, const void *item)
{
    uint16_t bare = (uint16_t)(type & ~OST_TYPE_OPTIONAL);
    bool present = true;
    if (type == bare)
        return read_bare(type, item);
    memcpy(&present, item, sizeof present);
    return present ? read_bare(bare, (const char *)item + value_offset(bare)) : ev_null();
}

ost_value ev_read(const ev_field *f, const void *record, ev_scratch *s)
{
    uint16_t type = (uint16_t)(f->type | (f->optional ? OST_TYPE_OPTIONAL : 0));
    const char *at = (const char *)record + f->offset;
    ost_value v;
    if (f->type == OST_TYPE_LIST) {
        OST_LIST(void) list;
        memcpy(&list, at, sizeof list);
        return list.items ? ev_read_list(f, list.items, list.count, s) : ev_null();
    }
    v = ev_read_item(type, at);
    if (v.type == OST_TYPE_TEXT)
        v.as.text = ev_copy_text(s, v.as.text);
    if (v.type == OST_TYPE_BLOB)
        v.as.blob.data = ev_copy(s, v.as.blob.data, v.as.blob.size);
    if (v.type == OST_TYPE_JSON)
        v.as.json.text = ev_copy_text(s, v.as.json.text);
    return v;
}

#define WRITE(T, x)                \
    do {                           \
        T x_ = (T)(x);             \
        memcpy(p, &x_, sizeof x_); \
        return;                    \
    } while (0)

#define WRITE_AS(member_)                                \
    do {                                                 \
        memcpy(p, &v->as.member_, sizeof v->as.member_); \
        return;                                          \
    } while (0)

static void write_bare(uint16_t type, uint32_t size, void *p, const ost_value *v)
{
    switch (type) {
    case OST_TYPE_BOOL: WRITE_AS(boolean);
    case OST_TYPE_INT8: WRITE(signed char, v->as.integer);
    case OST_TYPE_INT16: WRITE(short, v->as.integer);
    case OST_TYPE_INT32: WRITE(int, v->as.integer);
    case OST_TYPE_INT64: WRITE(int64_t, v->as.integer);
    case OST_TYPE_UINT8: WRITE(unsigned char, v->as.integer);
    case OST_TYPE_UINT16: WRITE(unsigned short, v->as.integer);
    case OST_TYPE_UINT32: WRITE(unsigned int, v->as.integer);
    case OST_TYPE_UINT64: WRITE_AS(natural);
    case OST_TYPE_FLOAT: WRITE(float, v->as.real);
    case OST_TYPE_DOUBLE: WRITE_AS(real);
    case OST_TYPE_TEXT: WRITE_AS(text);
    case OST_TYPE_BLOB: WRITE_AS(blob);
    case OST_TYPE_TIME: WRITE_AS(time);
    case OST_TYPE_DATE: WRITE_AS(date);
    case OST_TYPE_UUID: WRITE_AS(uuid);
    case OST_TYPE_OBJECT_ID: WRITE_AS(object_id);
    case OST_TYPE_DECIMAL: WRITE_AS(decimal);
    case OST_TYPE_JSON: WRITE_AS(json);
    case OST_TYPE_LIST: {
        OST_LIST(void) list = { ev_list_of(v)->items, ev_list_of(v)->count };
        memcpy(p, &list, sizeof list);
        return;
    }
    case OST_TYPE_CHARS:
        memset(p, 0, size);
        memcpy(p, v->as.text, strlen(v->as.text));
        return;
    default: abort();
    }
}

void ev_write(const ev_field *f, void *record, const ost_value *v)
{
    char *p = (char *)record + f->offset;
    bool present = !ev_is_null(v);
    if (!f->optional && present) {
        write_bare(f->type, f->size, p, v);
        return;
    }
    memset(p, 0, f->size);
    if (f->optional && present) {
        memcpy(p, &present, sizeof present);
        write_bare(f->type, f->size, p + value_offset(f->type), v);
    }
}

/* ---- fitting ---- */

static ost_status fit_number(const ev_field *f, ost_value *v)
{
    ev_number n;
    int64_t min, value;
    uint64_t max, natural;
    ost_decimal decimal;
    if (f->type == OST_TYPE_DOUBLE || f->type == OST_TYPE_FLOAT) {
        double x = v->as.real;
        if (v->type != OST_TYPE_DOUBLE) {
            n = ev_exact(v);
            x = ev_number_to_double(&n);
        }
        if (f->type == OST_TYPE_FLOAT && !isinf(x)) {
            if (fabs(x) > (double)FLT_MAX)
                return OST_RANGE;
            x = (double)(float)x;
        }
        *v = ev_real(x);
        return OST_OK;
    }
    if (v->type == OST_TYPE_DOUBLE)
        return OST_RANGE;
    n = ev_exact(v);
    if (f->type == OST_TYPE_DECIMAL) {
        if (!ev_number_to_decimal(&n, f->precision, f->scale, &decimal))
            return OST_RANGE;
        *v = of_type(OST_TYPE_DECIMAL);
        v->as.decimal = decimal;
        return OST_OK;
    }
    ev_integer_bounds(f->type, &min, &max);
    if (ev_number_to_int(&n, &value) && value >= min && (value < 0 || (uint64_t)value <= max))
        *v = ev_int(value);
    else if (ev_number_to_uint(&n, &natural) && natural <= max)
        *v = ev_uint(natural);
    else
        return OST_RANGE;
    return OST_OK;
}

ost_status ev_fit(const ev_field *f, ost_value *v)
{
    if (ev_is_null(v))
        return f->nullable ? OST_OK : OST_RANGE;
    if (f->type == OST_TYPE_BOOL && v->type == OST_TYPE_INT64) {
        if (v->as.integer != 0 && v->as.integer != 1)
            return OST_RANGE;
        *v = ev_bool(v->as.integer == 1);
    }
    if (f->type == OST_TYPE_CHARS && v->type == OST_TYPE_TEXT)
        return strlen(v->as.text) < f->size ? OST_OK : OST_RANGE;
    if (ev_is_number(v)) {
        if (!ev_is_integer_type(f->type) && f->type != OST_TYPE_FLOAT &&
            f->type != OST_TYPE_DOUBLE && f->type != OST_TYPE_DECIMAL)
            return OST_MISUSE;
        return fit_number(f, v);
    }
    return f->type == v->type ? OST_OK : OST_MISUSE;
}

static int digits_of(ost_decimal d)
{
    while (d.scale > 0 && ost__decimal_rescale(d, d.scale - 1, &d))
        continue;
    return ost__decimal_digits(d);
}

bool ev_keeps(const ev_limits *limits, const ev_field *f, const ost_value *v)
{
    if (v->type == OST_TYPE_UINT64 && f->type == OST_TYPE_UINT64)
        return v->as.natural <= limits->most_natural;
    if (v->type == OST_TYPE_DOUBLE && isinf(v->as.real))
        return f->document ? !*f->name && limits->infinity_listed : limits->infinity;
    if (v->type == OST_TYPE_LIST) {
        const ev_list *list = ev_list_of(v);
        size_t fields = f->items->field_count;
        for (size_t i = 0; i < list->count * fields; i++)
            if (!ev_keeps(limits, &f->items->fields[i % fields], &list->cells[i]))
                return false;
        return true;
    }
    if (v->type == OST_TYPE_DECIMAL && f->type == OST_TYPE_DECIMAL)
        return digits_of(v->as.decimal) <= limits->digits;
    return true;
}

/* ---- comparing ---- */

ev_number ev_exact(const ost_value *v)
{
    switch (v->type) {
    case OST_TYPE_BOOL: return ev_number_of_int(v->as.boolean);
    case OST_TYPE_INT64: return ev_number_of_int(v->as.integer);
    case OST_TYPE_UINT64: return ev_number_of_uint(v->as.natural);
    case OST_TYPE_DECIMAL: return ev_number_of_decimal(v->as.decimal);
    default: abort();
    }
}

static bool numeric(const ost_value *v)
{
    return ev_is_number(v) || v->type == OST_TYPE_BOOL;
}

bool ev_comparable(const ost_value *a, const ost_value *b)
{
    return a->type == b->type || (numeric(a) && numeric(b));
}

static int compare_numbers(const ost_value *a, const ost_value *b)
{
    ev_number x, y;
    if (a->type == OST_TYPE_INT64 && b->type == OST_TYPE_INT64)
        return (a->as.integer > b->as.integer) - (a->as.integer < b->as.integer);
    if (a->type == OST_TYPE_DOUBLE && b->type == OST_TYPE_DOUBLE)
        return (a->as.real > b->as.real) - (a->as.real < b->as.real);
    if (b->type == OST_TYPE_DOUBLE) {
        x = ev_exact(a);
        return ev_number_compare_double(&x, b->as.real);
    }
    if (a->type == OST_TYPE_DOUBLE) {
        y = ev_exact(b);
        return -ev_number_compare_double(&y, a->as.real);
    }
    x = ev_exact(a);
    y = ev_exact(b);
    return ev_number_compare(&x, &y);
}

static int compare_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t common = a_size < b_size ? a_size : b_size;
    int order = common ? memcmp(a, b, common) : 0;
    return order ? (order > 0) - (order < 0) : (a_size > b_size) - (a_size < b_size);
}

int ev_compare(const ost_value *a, const ost_value *b)
{
    if (numeric(a) && numeric(b))
        return compare_numbers(a, b);
    if (a->type != b->type)
        abort();
    switch (a->type) {
    case OST_TYPE_TEXT:
        return compare_bytes(a->as.text, strlen(a->as.text), b->as.text, strlen(b->as.text));
    case OST_TYPE_JSON: return strcmp(a->as.json.text, b->as.json.text);
    case OST_TYPE_BLOB:
        return compare_bytes(a->as.blob.data, a->as.blob.size, b->as.blob.data, b->as.blob.size);
    case OST_TYPE_UUID:
        return compare_bytes(a->as.uuid.bytes, sizeof a->as.uuid, b->as.uuid.bytes,
                             sizeof b->as.uuid);
    case OST_TYPE_OBJECT_ID:
        return compare_bytes(a->as.object_id.bytes, sizeof a->as.object_id, b->as.object_id.bytes,
                             sizeof b->as.object_id);
    case OST_TYPE_TIME:
        return (a->as.time.microseconds > b->as.time.microseconds) -
               (a->as.time.microseconds < b->as.time.microseconds);
    case OST_TYPE_DATE:
        return (a->as.date.days > b->as.date.days) - (a->as.date.days < b->as.date.days);
    default: abort();
    }
}

bool ev_same(const ost_value *a, const ost_value *b)
{
    if (ev_is_null(a) || ev_is_null(b))
        return ev_is_null(a) && ev_is_null(b);
    if (a->type == OST_TYPE_LIST && b->type == OST_TYPE_LIST)
        return ev_lists_same(a, b, ev_same);
    return ev_comparable(a, b) && ev_compare(a, b) == 0;
}

bool ev_identical(const ost_value *a, const ost_value *b)
{
    if (a->type != b->type || !ev_same(a, b))
        return false;
    if (a->type == OST_TYPE_LIST)
        return ev_lists_same(a, b, ev_identical);
    if (a->type == OST_TYPE_DOUBLE)
        return memcmp(&a->as.real, &b->as.real, sizeof a->as.real) == 0;
    return a->type != OST_TYPE_DECIMAL || a->as.decimal.scale == b->as.decimal.scale;
}

/* ---- printing ---- */

static void print_bytes(FILE *out, const uint8_t *bytes, size_t size)
{
    fputs("x'", out);
    for (size_t i = 0; i < size; i++)
        fprintf(out, "%02x", bytes[i]);
    fputc('\'', out);
}

static void print_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if ((unsigned char)*text < ' ' || *text == '\x7f')
            fprintf(out, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            fputc(*text, out);
    }
    fputc('"', out);
}

void ev_print(FILE *out, const ost_value *v)
{
    char text[OST_DECIMAL_TEXT_SIZE + OST_TIME_TEXT_SIZE];
    switch (v->type) {
    case OST_TYPE_NONE: fputs("NULL", out); return;
    case OST_TYPE_BOOL: fputs(v->as.boolean ? "true" : "false", out); return;
    case OST_TYPE_INT64: fprintf(out, "%" PRId64, v->as.integer); return;
    case OST_TYPE_UINT64: fprintf(out, "%" PRIu64 "u", v->as.natural); return;
    case OST_TYPE_DOUBLE: fprintf(out, "%.17gf", v->as.real); return;
    case OST_TYPE_TEXT: print_text(out, v->as.text); return;
    case OST_TYPE_BLOB: print_bytes(out, v->as.blob.data, v->as.blob.size); return;
    case OST_TYPE_JSON: fprintf(out, "json %s", v->as.json.text); return;
    case OST_TYPE_LIST: ev_print_list(out, v); return;
    case OST_TYPE_UUID: print_bytes(out, v->as.uuid.bytes, sizeof v->as.uuid); return;
    case OST_TYPE_OBJECT_ID:
        print_bytes(out, v->as.object_id.bytes, sizeof v->as.object_id);
        return;
    case OST_TYPE_TIME: fprintf(out, "%" PRId64 "us", v->as.time.microseconds); return;
    case OST_TYPE_DATE: fprintf(out, "day %" PRId32, v->as.date.days); return;
    case OST_TYPE_DECIMAL: {
        ev_number n = ev_number_of_decimal(v->as.decimal);
        char digits[EV_NUMBER_TEXT];
        ev_number_print(&n, digits);
        fprintf(out, "%sd", digits);
        return;
    }
    default:
        (void)snprintf(text, sizeof text, "type %u", v->type);
        fputs(text, out);
        return;
    }
}
