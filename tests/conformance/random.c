/* SPDX-License-Identifier: MIT */
#include "random.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

uint64_t rng_next(rng *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t rng_below(rng *r, size_t count)
{
    return count ? (size_t)(rng_next(r) % count) : 0;
}

bool rng_chance(rng *r, unsigned percent)
{
    return rng_below(r, 100) < percent;
}

uint64_t rng_derive(uint64_t seed, uint64_t n)
{
    rng r = { seed ^ (n + 1) * 0xd1342543de82ef95u };
    return rng_next(&r);
}

/* ---- integers ---- */

static ost_value random_integer(rng *r, uint16_t type)
{
    int64_t min;
    uint64_t max;
    ev_integer_bounds(type, &min, &max);
    if (rng_chance(r, 65))
        return ev_int((int64_t)rng_below(r, 8) - (min < 0 && rng_chance(r, 30) ? 4 : 0));
    switch (rng_below(r, 6)) {
    case 0: return ev_int(min);
    case 1: return ev_int(min + 1);
    case 2: return ev_uint(max);
    case 3: return ev_uint(max - 1);
    case 4: return ev_int(min < 0 ? -1 : 1);
    default: return ev_uint(rng_next(r) & max & (rng_chance(r, 70) ? INT64_MAX : UINT64_MAX));
    }
}

/* ---- floating point ---- */

static ost_value random_quarter(rng *r)
{
    return ev_real(((double)rng_below(r, 65) - 32.0) / 4.0);
}

/* JSON has no infinities. */
static ost_value what_fits(rng *r, const ev_field *f, ost_value (*make)(rng *r))
{
    ost_value v = make(r);
    while (f->document && isinf(v.as.real))
        v = make(r);
    return v;
}

static ost_value random_float(rng *r)
{
    static const float values[] = {
        0.0f,        -0.0f,  1.0f,     -1.0f,     0.5f,     0.1f,     16777216.0f,
        3.25f,       1e-30f, -1e-30f,  FLT_MAX,   FLT_MIN,  -FLT_MAX, 1e10f,
        33554432.0f, -0.1f,  INFINITY, -INFINITY, 1.4e-45f, 2.0f,
    };
    return ev_real((double)values[rng_below(r, COUNT(values))]);
}

static ost_value random_double(rng *r)
{
    static const double values[] = {
        0.0,    -0.0,     1.0,       -1.0,    0.5,  0.1,      9007199254740992.0,     1e15,
        1e-300, -1e-300,  DBL_MAX,   DBL_MIN, 1e18, -DBL_MAX, 9223372036854775808.0,  16777217.0,
        0.3,    INFINITY, -INFINITY, 5e-324,  2.0,  1.5,      -9223372036854775808.0,
    };
    return ev_real(values[rng_below(r, COUNT(values))]);
}

/* ---- text and bytes ---- */

#define E_ACUTE "\xc3\xa9"
#define E_ACUTE_CAPITAL "\xc3\x89"
#define F_ACUTE "f\xc3\xa9"
#define SHARP_S "\xc3\x9f"
#define SIGMA "\xcf\x83"
#define SIGMA_CAPITAL "\xce\xa3"
#define SIGMA_FINAL "\xcf\x82"

static const char *const texts[] = {
    "",
    "a",
    "A",
    "b",
    "a ",
    " a",
    "ab",
    "aB",
    "Ada",
    "ada",
    "ADA",
    "Ada ",
    "e",
    E_ACUTE,
    E_ACUTE_CAPITAL,
    "caf" E_ACUTE,
    "CAF" E_ACUTE_CAPITAL,
    "stra" SHARP_S "e",
    "STRASSE",
    "strase",
    SIGMA_CAPITAL "ie",
    SIGMA "ie",
    "x" SIGMA_FINAL,
    "X" SIGMA_CAPITAL,
    "100%",
    "1000",
    "a_b",
    "axb",
    "a\\b",
    "a%b",
    "%",
    "_",
    "\\",
    "'",
    "O'Hara",
    "\"x\"; --",
    "10",
    "9",
    "a\nb",
    "\t",
    "\xf0\x9d\x84\x9e",
    "\xef\xbf\xbd",
    "calm",
    "happy",
    "NULL",
    "null",
    "true",
    "[]",
    "{\"a\": 1}",
    "\x01\x1f\x7f",
    "\xe2\x80\xa8",
};

static const char *const needles[] = {
    "",
    "a",
    "A",
    "b",
    "ad",
    "AD",
    "da",
    " ",
    "e",
    E_ACUTE,
    E_ACUTE_CAPITAL,
    F_ACUTE,
    "ss",
    "SS",
    "S",
    SHARP_S,
    SIGMA,
    SIGMA_CAPITAL,
    SIGMA_FINAL,
    "I",
    "%",
    "_",
    "\\",
    "0%",
    "a_b",
    "a%",
    "'",
    "\n",
    "\\b",
    "\xf0\x9d\x84\x9e",
    "x",
    "hara",
    "10",
    "*",
    "?",
    "[a]",
    "^a",
};

static ost_value random_text(rng *r, const ev_field *f)
{
    enum { FEW = 12 };
    bool few = !*f->name && rng_chance(r, 60); /* items, so that some are equal */
    for (;;) {
        const char *text = texts[rng_below(r, few ? FEW : COUNT(texts))];
        if (f->type != OST_TYPE_CHARS || strlen(text) < f->size)
            return ev_text(text);
    }
}

ost_value random_needle(rng *r)
{
    return ev_text(needles[rng_below(r, COUNT(needles))]);
}

static ost_value random_blob(rng *r)
{
    static const struct {
        const char *bytes;
        size_t size;
    } blobs[] = {
        { "", 0 },         { "\0", 1 }, { "\0\0", 2 },     { "a", 1 },      { "a\0", 2 },
        { "a\0b", 3 },     { "ab", 2 }, { "\xff", 1 },     { "\xff\0", 2 }, { "\x80\x81", 2 },
        { "\x00\xff", 2 }, { "A", 1 },  { "'); DROP", 8 }, { "\x7f", 1 },
    };
    size_t i = rng_below(r, COUNT(blobs));
    ost_value v = ev_null();
    v.type = OST_TYPE_BLOB;
    v.as.blob.data = blobs[i].bytes;
    v.as.blob.size = blobs[i].size;
    return v;
}

/* As they are kept: what is stored is the value, in one form. */
static ost_value random_json(rng *r)
{
    static const char *const values[] = {
        "{}",
        "[]",
        "\"\"",
        "0",
        "-1",
        "true",
        "false",
        "\"caf" E_ACUTE "\"",
        "{\"a\":1,\"b\":[1,2.5,true,null]}",
        "[[],{}]",
        "9007199254740993",
        "0.1",
        "-0.25",
        "{\"\":\"\"}",
        "[\"'\",\"\\\"\",\"\\\\\"]",
        "{\"a\":{\"a\":{\"a\":null}}}",
        "\"%s ? $1 :a\"",
    };
    ost_value v = ev_null();
    v.type = OST_TYPE_JSON;
    v.as.json.text = values[rng_below(r, COUNT(values))];
    return v;
}

static void random_bytes(rng *r, uint8_t *bytes, size_t size)
{
    static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
    memset(bytes, values[rng_below(r, COUNT(values))], size);
    if (rng_chance(r, 60))
        bytes[rng_below(r, size)] = values[rng_below(r, COUNT(values))];
    if (rng_chance(r, 20))
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)rng_next(r);
}

/* ---- times ---- */

static ost_value random_time(rng *r)
{
    static const int64_t values[] = {
        0,
        -1,
        1,
        999999,
        1000000,
        -1000000,
        -999999,
        86400000000,
        -86400000000,
        951782400123456, /* 29 February 2000 */
        951868800000000, /* 1 March 2000 */
        1700000000000000,
        1700000000000001,
        4102444800500000,   /* 2100 */
        -2208988800000000,  /* 1900 */
        -62135596800000000, /* the first instant of the year 1 */
        253402300799999999, /* the last of the year 9999 */
    };
    ost_value v = ev_null();
    v.type = OST_TYPE_TIME;
    v.as.time.microseconds = values[rng_below(r, COUNT(values))];
    if (rng_chance(r, 15))
        v.as.time.microseconds = (int64_t)(rng_next(r) % 4000000000000000u) - 2000000000000000;
    v.as.time = in_units(v.as.time);
    return v;
}

static ost_value random_date(rng *r)
{
    static const int32_t values[] = {
        0,
        -1,
        1,
        11016,
        11017,
        10957,
        19723,
        -25567,
        47482,
        -719162 /* 0001-01-01 */,
        2932896 /* 9999-12-31 */,
    };
    ost_value v = ev_null();
    v.type = OST_TYPE_DATE;
    v.as.date.days = values[rng_below(r, COUNT(values))];
    if (rng_chance(r, 15))
        v.as.date.days = (int32_t)rng_below(r, 80000) - 40000;
    return v;
}

/* ---- decimals ---- */

static ost_value decimal_of_digits(const ev_number *n, int precision, int scale)
{
    ost_value v = ev_null();
    v.type = OST_TYPE_DECIMAL;
    if (!ev_number_to_decimal(n, precision, scale, &v.as.decimal))
        abort();
    return v;
}

/* Any number of `length` digits, `scale` of them behind the point. */
static ev_number random_number(rng *r, int length, int scale)
{
    ev_number n = ev_number_of_int(0);
    bool nines = rng_chance(r, 25);
    n.scale = scale;
    for (int i = 0; i < length; i++)
        n.digits[i] = nines ? 9 : (uint8_t)rng_below(r, 10);
    n.negative = rng_chance(r, 40) && !ev_number_is_zero(&n);
    return n;
}

static ost_value random_decimal(rng *r, const ev_field *f)
{
    ev_number n;
    if (rng_chance(r, 50)) {
        n = ev_number_of_int((int64_t)rng_below(r, 9) - 3);
        n.scale = f->scale > 0 && (f->scale == f->precision || rng_chance(r, 50)) ? 1 : 0;
    } else if (rng_chance(r, 50)) {
        n = random_number(r, f->precision < 9 ? f->precision : 9, f->scale);
    } else {
        n = random_number(r, 1 + (int)rng_below(r, (size_t)f->precision), f->scale);
    }
    return decimal_of_digits(&n, f->precision, f->scale);
}

/* ---- cells ---- */

static int64_t value_count(const ev_field *f)
{
    int64_t count = 0;
    while (f->values[count])
        count++;
    return count;
}

int64_t random_given_key(rng *r)
{
    return 1000000000 + (int64_t)rng_below(r, 60);
}

static ost_value random_key(rng *r, const ev_field *f)
{
    static const char *const letters[] = { "", "a", "A", "b", "a ", "\xc3\xa9" };
    if (f->generated)
        return ev_int(rng_chance(r, 85) ? 0 : random_given_key(r));
    if (f->type == OST_TYPE_CHARS)
        return ev_text(letters[rng_below(r, COUNT(letters))]);
    return ev_int((int64_t)rng_below(r, f->type == OST_TYPE_INT32 ? 4 : 30) - 1);
}

ost_value random_present(rng *r, const ev_field *f)
{
    ost_value v = ev_null();
    if (f->key)
        return random_key(r, f);
    if (ev_is_enum(f))
        return ev_int((int64_t)rng_below(r, (size_t)value_count(f)));
    if (ev_is_integer_type(f->type))
        return random_integer(r, f->type);
    v.type = f->type;
    switch (f->type) {
    case OST_TYPE_BOOL: return ev_bool(rng_chance(r, 50));
    case OST_TYPE_FLOAT: return what_fits(r, f, random_float);
    case OST_TYPE_DOUBLE:
        return what_fits(r, f, ev_is_called(f, "wild") ? random_double : random_quarter);
    case OST_TYPE_TEXT:
    case OST_TYPE_CHARS: return random_text(r, f);
    case OST_TYPE_BLOB: return random_blob(r);
    case OST_TYPE_JSON: return random_json(r);
    case OST_TYPE_TIME: return random_time(r);
    case OST_TYPE_DATE: return random_date(r);
    case OST_TYPE_DECIMAL: return random_decimal(r, f);
    case OST_TYPE_UUID: random_bytes(r, v.as.uuid.bytes, sizeof v.as.uuid); return v;
    case OST_TYPE_OBJECT_ID: random_bytes(r, v.as.object_id.bytes, sizeof v.as.object_id); return v;
    default: abort();
    }
}

size_t random_item_count(rng *r)
{
    return rng_chance(r, 15) ? 0 : 1 + rng_below(r, rng_chance(r, 10) ? 12 : 3);
}

ost_value random_list(rng *r, const ev_field *f, size_t count, ev_scratch *s)
{
    size_t fields = f->items->field_count;
    ost_value *cells = ev_take_array(s, count * fields + 1, sizeof *cells);
    for (size_t i = 0; i < count * fields; i++)
        cells[i] = random_cell(r, &f->items->fields[i % fields], s);
    return ev_list_value(f, cells, count, s);
}

ost_value random_cell(rng *r, const ev_field *f, ev_scratch *s)
{
    if (f->nullable && rng_chance(r, f->deletion ? 85 : 25))
        return ev_null();
    return f->type == OST_TYPE_LIST ? random_list(r, f, random_item_count(r), s)
                                    : random_present(r, f);
}

/* ---- constants ---- */

static ost_value constant_for_integer(rng *r)
{
    static const int64_t integers[] = { INT8_MIN - 1,
                                        INT8_MAX + 1,
                                        UINT8_MAX + 1,
                                        INT16_MIN - 1,
                                        INT16_MAX + 1,
                                        UINT16_MAX + 1,
                                        (int64_t)INT32_MIN - 1,
                                        (int64_t)INT32_MAX + 1,
                                        (int64_t)UINT32_MAX + 1,
                                        INT64_MIN,
                                        INT64_MAX,
                                        -1 };
    static const double reals[] = { 0.5,
                                    -0.5,
                                    1.5,
                                    2.0,
                                    -1.0,
                                    3.0,
                                    1e30,
                                    -1e30,
                                    INFINITY,
                                    -INFINITY,
                                    9223372036854775808.0,
                                    127.5,
                                    254.999,
                                    1e-300,
                                    18446744073709551616.0,
                                    -9223372036854775808.0 };
    ost_value v;
    switch (rng_below(r, 4)) {
    case 0: return ev_int(integers[rng_below(r, COUNT(integers))]);
    case 1: return ev_uint(rng_chance(r, 50) ? UINT64_MAX : (uint64_t)INT64_MAX + 1);
    case 2: return ev_real(reals[rng_below(r, COUNT(reals))]);
    default: {
        ev_number n = random_number(r, 1 + (int)rng_below(r, 22), (int)rng_below(r, 3));
        v = decimal_of_digits(&n, 38, n.scale);
        return v;
    }
    }
}

static ost_value constant_for_real(rng *r)
{
    static const int64_t integers[] = { 0,         1,        2, -1, 16777217, 9007199254740993,
                                        INT64_MAX, INT64_MIN };
    if (rng_chance(r, 40))
        return ev_int(integers[rng_below(r, COUNT(integers))]);
    return rng_chance(r, 50) ? random_double(r) : random_quarter(r);
}

static ost_value constant_for_decimal(rng *r)
{
    ev_number n;
    if (rng_chance(r, 40))
        return ev_int((int64_t)rng_below(r, 9) - 3);
    if (rng_chance(r, 20))
        return ev_int(rng_chance(r, 50) ? INT64_MAX : INT64_MIN);
    n = random_number(r, 1 + (int)rng_below(r, 38), (int)rng_below(r, 13));
    return decimal_of_digits(&n, 38, n.scale);
}

ost_value random_constant(rng *r, const ev_field *f, bool ordered)
{
    if (rng_chance(r, 70))
        return random_present(r, f);
    if (ev_is_enum(f)) {
        static const char *const names[] = { "calm", "happy", "none", "", "z", "Calm" };
        if (rng_chance(r, 60))
            return ev_text(names[rng_below(r, COUNT(names))]);
        return ordered ? random_present(r, f) : ev_int(rng_chance(r, 50) ? -1 : 77);
    }
    if (ev_is_integer_type(f->type))
        return constant_for_integer(r);
    switch (f->type) {
    case OST_TYPE_BOOL: return ev_int((int64_t)rng_below(r, 4) - 1);
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return constant_for_real(r);
    case OST_TYPE_DECIMAL: return constant_for_decimal(r);
    case OST_TYPE_CHARS: return ev_text(texts[rng_below(r, COUNT(texts))]);
    default: return random_present(r, f);
    }
}

ost_value random_amount(rng *r, const ev_field *f)
{
    if (f->type == OST_TYPE_DOUBLE)
        return rng_chance(r, 50) ? random_quarter(r) : ev_int((int64_t)rng_below(r, 5) - 2);
    if (f->type == OST_TYPE_DECIMAL && (f->scale == f->precision || rng_chance(r, 60)))
        return random_decimal(r, f);
    if (ev_is_integer_type(f->type) && rng_chance(r, 15))
        return random_integer(r, rng_chance(r, 50) ? f->type : OST_TYPE_INT64);
    return ev_int((int64_t)rng_below(r, 9) - 3);
}
