/* SPDX-License-Identifier: MIT */
#include "converted.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

long converted_stores, converted_loads;
void (*crate_hook)(const char *name, ost_call *call, crate *c);

/* ---- the pairs ---- */

static ost_status money_store(ost_call *call, const money *m, ost_value *out)
{
    char text[40];
    converted_stores++;
    if (m->cents == 13)
        return ost_call_fail(call, NULL, "must not be 13 cents");
    if (m->cents == 17)
        return OST_INVALID;
    if (m->cents == 19)
        return OST_TIMEOUT;
    if (m->cents == 0 && !m->currency[0])
        return OST_OK;
    int size = snprintf(text, sizeof text, "%" PRId64 " %s", m->cents, m->currency);
    *out = ost_val(ost_call_text(call, text, (size_t)size));
    return OST_OK;
}

static ost_status money_load(ost_call *call, const ost_value *value, money *m)
{
    char *end;
    converted_loads++;
    memset(m, 0xa5, sizeof *m);
    *m = (money){ 0 };
    if (value->type == OST_TYPE_NONE)
        return OST_OK;
    if (strcmp(value->as.text, "late") == 0)
        return OST_TIMEOUT;
    m->cents = strtoll(value->as.text, &end, 10);
    if (*end != ' ' || strlen(end + 1) != 3)
        return ost_call_fail(call, NULL, "is no sum of money");
    memcpy(m->currency, end + 1, 4);
    return OST_OK;
}
OST_CONVERSION(money_text, OST_TYPE_TEXT, money_store, money_load);

static ost_status rgb_store(ost_call *call, const rgb *c, ost_value *out)
{
    (void)call;
    *out = ost_val(c->red << 16 | c->green << 8 | c->blue);
    return OST_OK;
}

static ost_status rgb_load(ost_call *call, const ost_value *value, rgb *c)
{
    int64_t n = value->as.integer;
    if (n < 0 || n > 0xffffff)
        return ost_call_fail(call, NULL, "is no colour");
    *c = (rgb){ (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
    return OST_OK;
}
OST_CONVERSION(rgb_number, OST_TYPE_INT32, rgb_store, rgb_load);

static ost_status weight_store(ost_call *call, const weight *w, ost_value *out)
{
    (void)call;
    *out = ost_val(ost_decimal_of(w->grams, 3));
    return OST_OK;
}

static ost_status weight_load(ost_call *call, const ost_value *value, weight *w)
{
    (void)call;
    assert_int_equal(value->type, OST_TYPE_DECIMAL);
    assert_int_equal(value->as.decimal.scale, 3);
    w->grams = (int)value->as.decimal.low;
    return OST_OK;
}
OST_CONVERSION(weight_decimal, OST_TYPE_DECIMAL, weight_store, weight_load);

static ost_status host_store(ost_call *call, const host *h, ost_value *out)
{
    (void)call;
    *out = ost_val(((ost_blob){ .data = *h, .size = 4 }));
    return OST_OK;
}

static ost_status host_load(ost_call *call, const ost_value *value, host *h)
{
    if (value->type == OST_TYPE_NONE || value->as.blob.size != 4)
        return ost_call_fail(call, NULL, "is no host");
    memcpy(*h, value->as.blob.data, 4);
    return OST_OK;
}
OST_CONVERSION(host_bytes, OST_TYPE_BLOB, host_store, host_load);

static ost_status span_store(ost_call *call, const span *s, ost_value *out)
{
    (void)call;
    if (!s->open)
        *out = ost_val(s->minutes);
    return OST_OK;
}

static ost_status span_load(ost_call *call, const ost_value *value, span *s)
{
    (void)call;
    *s = value->type == OST_TYPE_NONE ? (span){ .open = true }
                                      : (span){ .minutes = value->as.integer };
    return OST_OK;
}
OST_CONVERSION(span_minutes, OST_TYPE_OPTIONAL | OST_TYPE_INT64, span_store, span_load);

static ost_status person_store(ost_call *call, const person *p, ost_value *out)
{
    char text[80];
    if (!p->first)
        return OST_OK;
    int size = snprintf(text, sizeof text, "%s %s", p->first, p->last);
    *out = ost_val(ost_call_text(call, text, (size_t)size));
    return OST_OK;
}

static ost_status person_load(ost_call *call, const ost_value *value, person *p)
{
    if (value->type == OST_TYPE_NONE)
        return OST_OK;
    const char *space = strchr(value->as.text, ' ');
    if (!space)
        return ost_call_fail(call, NULL, "has no last name");
    p->first = ost_call_text(call, value->as.text, (size_t)(space - value->as.text));
    p->last = ost_call_text(call, space + 1, strlen(space + 1));
    return OST_OK;
}
OST_CONVERSION(person_text, OST_TYPE_TEXT, person_store, person_load);

/* ---- models ---- */

OST_MODEL(label, OST_FIELDS(OST_CONVERTED(label, ink, rgb_number), OST_FIELD(label, word)));

OST_MODEL(ware, .table = "wares",
          OST_FIELDS(OST_FIELD(ware, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(ware, name, .max_length = 40),
                     OST_CONVERTED(ware, price, money_text, .not_null = true, .max_length = 30),
                     OST_CONVERTED(ware, tint, rgb_number, .max = OST_INT(0xfffff0)),
                     OST_CONVERTED(ware, heavy, weight_decimal, .precision = 9, .scale = 3),
                     OST_CONVERTED(ware, from, host_bytes),
                     OST_CONVERTED(ware, lasts, span_minutes),
                     OST_CONVERTED(ware, maker, person_text),
                     OST_CONVERTED(ware, code, money_text, .unique = true, .max_length = 30),
                     OST_EMBED(ware, label, label, .flatten = true),
                     OST_CONVERTED(ware, secret, rgb_number)),
          OST_INDEXES(OST_INDEX(OST_ASC(ware, tint), OST_DESC(ware, lasts))));

OST_MODEL(ware_column, OST_FIELDS(OST_FIELD(ware_column, price), OST_FIELD(ware_column, tint),
                                  OST_FIELD(ware_column, heavy), OST_FIELD(ware_column, from),
                                  OST_FIELD(ware_column, lasts), OST_FIELD(ware_column, maker)));

OST_MODEL(price_count, OST_FIELDS(OST_CONVERTED(price_count, price, money_text),
                                  OST_CONVERTED(price_count, darkest, rgb_number),
                                  OST_FIELD(price_count, wares)));

static ost_status run(const char *name, ost_call *call, void *record)
{
    if (crate_hook)
        crate_hook(name, call, record);
    return OST_OK;
}
#define HOOK(name)                                       \
    static ost_status name(ost_call *call, void *record) \
    {                                                    \
        return run(#name, call, record);                 \
    }
HOOK(before_validate)
HOOK(before_save)
HOOK(after_save)
HOOK(before_delete)
HOOK(after_load)

OST_MODEL(crate, .table = "crates", .before_validate = before_validate, .before_save = before_save,
          .after_save = after_save, .before_delete = before_delete, .after_load = after_load,
          OST_FIELDS(OST_FIELD(crate, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_CONVERTED(crate, value, money_text, .required = true, .trim = true,
                                   .pattern = "[0-9]+ [A-Z]{3}",
                                   .messages = OST_MESSAGES(.pattern = "must be in a currency")),
                     OST_CONVERTED(crate, old, money_text, .immutable = true,
                                   .default_value = OST_TEXT("100 EUR")),
                     OST_CONVERTED(crate, paint, rgb_number, .min = OST_INT(1),
                                   .default_value = OST_INT(255)),
                     OST_FIELD(crate, version, .version = true),
                     OST_FIELD(crate, deleted_at, .stamp = OST_ON_DELETE)));

int converted_setup(void **state)
{
    static rig the;
    rig_begin(&the, *state);
    crate_hook = NULL;
    rig_open(&the, &(const ost_options){ .struct_size = sizeof(ost_options),
                                         .models = OST_MODELS(&ware_model, &crate_model) });
    *state = &the;
    return 0;
}

/* ---- records ---- */

money converted_money(int64_t cents, const char *currency)
{
    money m;
    /* Padding that differs is no difference. */
    memset(&m, (int)(cents & 0xff), sizeof m);
    m.cents = cents;
    memset(m.currency, 0, sizeof m.currency);
    memcpy(m.currency, currency, strlen(currency));
    return m;
}

bool converted_same_money(money a, money b)
{
    return a.cents == b.cents && strcmp(a.currency, b.currency) == 0;
}

ware converted_ware(int i)
{
    static char names[32][8], firsts[32][8];
    snprintf(names[i], sizeof names[i], "ware%d", i);
    snprintf(firsts[i], sizeof firsts[i], "Ada%d", i);
    ware w = { .name = names[i],
               .tint = { 1, 2, (uint8_t)i },
               .heavy = { 1500 + i },
               .from = { 10, 0, 0, (uint8_t)i },
               .lasts = { .open = i % 3 == 0, .minutes = i % 3 == 0 ? 0 : 10 * i },
               .maker = { firsts[i], "Lovelace" },
               .label = { .ink = { (uint8_t)i, 5, 6 }, .word = names[i] },
               .secret = { 7, 8, (uint8_t)i } };
    w.price = converted_money(1000 + i, "EUR");
    w.code = converted_money(500 + i, "USD");
    return w;
}

void converted_same(const ware *a, const ware *b)
{
    assert_int_equal(a->id, b->id);
    assert_string_equal(a->name, b->name);
    assert_true(converted_same_money(a->price, b->price));
    assert_memory_equal(&a->tint, &b->tint, sizeof a->tint);
    assert_int_equal(a->heavy.grams, b->heavy.grams);
    assert_memory_equal(a->from, b->from, sizeof a->from);
    assert_int_equal(a->lasts.open, b->lasts.open);
    assert_int_equal(a->lasts.minutes, b->lasts.minutes);
    assert_string_equal(a->maker.first, b->maker.first);
    assert_string_equal(a->maker.last, b->maker.last);
    assert_true(converted_same_money(a->code, b->code));
    assert_memory_equal(&a->label.ink, &b->label.ink, sizeof a->label.ink);
    assert_string_equal(a->label.word, b->label.word);
}

#define AS(m) ost_as(ware_column, m, ost_col(ware, m))
const ware_column *converted_column(rig *r, int64_t id)
{
    ost_query *q = ost_from(r->s, ware);
    ost_where(q, ost_eq(ware, id, id));
    ost_select(q, AS(price), AS(tint), AS(heavy), AS(from), AS(lasts), AS(maker));
    const ware_column *c = ost_first(q, ware_column);
    OK(c ? OST_OK : (ost_status)ost_session_error(r->s)->status);
    return c;
}
