/* SPDX-License-Identifier: MIT */
/* Models with members of types of the tests' own. */
#ifndef OSTLER_TESTS_SESSION_CONVERTED_H
#define OSTLER_TESTS_SESSION_CONVERTED_H

#include "rig.h"

/* "1250 EUR"; it has padding. */
typedef struct money {
    int64_t cents;
    char currency[4];
} money;
/* A number. */
typedef struct rgb {
    uint8_t red, green, blue;
} rgb;
/* A decimal with three digits behind the point. */
typedef struct weight {
    int grams;
} weight;
/* Four bytes; an array is a type too. */
typedef uint8_t host[4];
/* Minutes, or nothing. */
typedef struct span {
    bool open;
    int64_t minutes;
} span;
/* "Ada Lovelace": it points to texts. */
typedef struct person {
    const char *first, *last;
} person;

OST_CONVERTS(money_text, money);
OST_CONVERTS(rgb_number, rgb);
OST_CONVERTS(weight_decimal, weight);
OST_CONVERTS(host_bytes, host);
OST_CONVERTS(span_minutes, span);
OST_CONVERTS(person_text, person);

typedef struct label {
    rgb ink;
    const char *word;
} label;
OST_PART(label);

typedef struct ware {
    int64_t id;
    const char *name;
    money price;
    rgb tint;
    weight heavy;
    host from;
    span lasts;
    person maker;
    money code;
    label label;
    rgb secret;
} ware;
OST_RECORD(ware, id);

/* Columns as they are stored. */
typedef struct ware_column {
    const char *price;
    int tint;
    ost_decimal heavy;
    ost_blob from;
    ost_opt_int64 lasts;
    const char *maker;
} ware_column;
OST_PART(ware_column);

/* With a version, soft deletes and rules, and with hooks where `crate_hook` is set. */
typedef struct crate {
    int64_t id;
    money value;
    money old;
    rgb paint;
    int version;
    ost_opt_time deleted_at;
} crate;
OST_RECORD(crate, id);
extern void (*crate_hook)(const char *name, ost_call *call, crate *c);

/* The shape of a result. */
typedef struct price_count {
    money price;
    rgb darkest;
    int64_t wares;
} price_count;
OST_PART(price_count);

/* How often a conversion ran. */
extern long converted_stores, converted_loads;

int converted_setup(void **state);

#define CONVERTED_ON(f, mode)                                                 \
    {                                                                         \
#f " (" #mode ")", f, converted_setup, rig_teardown, &rig_modes[mode] \
    }
#define CONVERTED_LOCAL(f)                                                                 \
    CONVERTED_ON(f, RIG_MEMORY), CONVERTED_ON(f, RIG_FILE), CONVERTED_ON(f, RIG_BLOCKING), \
        CONVERTED_ON(f, RIG_BATCHES), CONVERTED_ON(f, RIG_PIPELINE)
/* Named so that the programs for servers are built too. */
#define CONVERTED_RIG_ALL(f)                                                       \
    CONVERTED_LOCAL(f), CONVERTED_ON(f, RIG_POSTGRES), CONVERTED_ON(f, RIG_MYSQL), \
        CONVERTED_ON(f, RIG_MONGODB)

money converted_money(int64_t cents, const char *currency);
bool converted_same_money(money a, money b);
/* A ware with something in every member, unlike any other number's. */
ware converted_ware(int i);
void converted_same(const ware *a, const ware *b);
/* The ware as it is stored. */
const ware_column *converted_column(rig *r, int64_t id);

#endif
