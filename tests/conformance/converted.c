/* SPDX-License-Identifier: MIT */
/* The wrapped's types, and what each is stored as. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite_models.h"

static ost_status store_sum(ost_call *call, const sum *x, ost_value *out)
{
    char text[40];
    if (x->cents < 0)
        return ost_call_fail(call, NULL, "must not be below nothing");
    if (x->cents == 0)
        return OST_OK;
    int size = snprintf(text, sizeof text, "%03lld %s", (long long)x->cents, x->currency);
    *out = ost_val(ost_call_text(call, text, (size_t)size));
    return OST_OK;
}

static ost_status load_sum(ost_call *call, const ost_value *value, sum *x)
{
    char *end;
    if (value->type == OST_TYPE_NONE)
        return OST_OK;
    x->cents = strtoll(value->as.text, &end, 10);
    if (*end != ' ' || strlen(end) != 4)
        return ost_call_fail(call, NULL, "is no sum of money");
    memcpy(x->currency, end + 1, 4);
    return OST_OK;
}
OST_CONVERSION(sum_text, OST_TYPE_TEXT, store_sum, load_sum);

static ost_status store_shade(ost_call *call, const shade *x, ost_value *out)
{
    (void)call;
    *out = ost_val(x->red << 16 | x->green << 8 | x->blue);
    return OST_OK;
}

static ost_status load_shade(ost_call *call, const ost_value *value, shade *x)
{
    int64_t n = value->as.integer;
    (void)call;
    *x = (shade){ (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
    return OST_OK;
}
OST_CONVERSION(shade_number, OST_TYPE_INT32, store_shade, load_shade);

static ost_status store_mass(ost_call *call, const mass *x, ost_value *out)
{
    (void)call;
    *out = ost_val(ost_decimal_of(x->grams, 3));
    return OST_OK;
}

static ost_status load_mass(ost_call *call, const ost_value *value, mass *x)
{
    (void)call;
    x->grams = (int)value->as.decimal.low;
    return OST_OK;
}
OST_CONVERSION(mass_decimal, OST_TYPE_DECIMAL, store_mass, load_mass);

static ost_status store_mark(ost_call *call, const mark *x, ost_value *out)
{
    (void)call;
    *out = ost_val(((ost_blob){ .data = x->bytes, .size = sizeof x->bytes }));
    return OST_OK;
}

static ost_status load_mark(ost_call *call, const ost_value *value, mark *x)
{
    if (value->type == OST_TYPE_NONE || value->as.blob.size != sizeof x->bytes)
        return ost_call_fail(call, NULL, "is no mark");
    memcpy(x->bytes, value->as.blob.data, sizeof x->bytes);
    return OST_OK;
}
OST_CONVERSION(mark_bytes, OST_TYPE_BLOB, store_mark, load_mark);

static ost_status store_term(ost_call *call, const term *x, ost_value *out)
{
    (void)call;
    if (!x->open)
        *out = ost_val(x->days);
    return OST_OK;
}

static ost_status load_term(ost_call *call, const ost_value *value, term *x)
{
    (void)call;
    x->open = value->type == OST_TYPE_NONE;
    x->days = x->open ? 0 : (int)value->as.integer;
    return OST_OK;
}
OST_CONVERSION(term_days, OST_TYPE_OPTIONAL | OST_TYPE_INT16, store_term, load_term);

OST_MODEL(wrapped,
          OST_FIELDS(OST_FIELD(wrapped, id, .primary_key = true),
                     OST_CONVERTED(wrapped, worth, sum_text, .max_length = 20),
                     OST_CONVERTED(wrapped, paper, shade_number, .max = OST_INT(0xeeeeee)),
                     OST_CONVERTED(wrapped, heavy, mass_decimal, .precision = 12, .scale = 3),
                     OST_CONVERTED(wrapped, mark, mark_bytes, .not_null = true),
                     OST_CONVERTED(wrapped, term, term_days),
                     OST_CONVERTED(wrapped, code, sum_text, .unique = true, .max_length = 20)),
          OST_INDEXES(OST_INDEX(OST_ASC(wrapped, paper), OST_DESC(wrapped, term))));
OST_MODEL(wrapped_stored,
          OST_FIELDS(OST_FIELD(wrapped_stored, worth), OST_FIELD(wrapped_stored, paper),
                     OST_FIELD(wrapped_stored, heavy), OST_FIELD(wrapped_stored, mark),
                     OST_FIELD(wrapped_stored, term)));
