/* SPDX-License-Identifier: MIT */
/* What the atlas stores, and the shapes of its answers. */
#ifndef ATLAS_MODELS_H
#define ATLAS_MODELS_H

#include <ostler/ostler.h>

/* ISO 639-3 tells single languages from groups, and says whether anybody still speaks them. */
typedef enum language_scope { SCOPE_INDIVIDUAL, SCOPE_MACROLANGUAGE, SCOPE_SPECIAL } language_scope;
typedef enum language_type {
    TYPE_LIVING,
    TYPE_EXTINCT,
    TYPE_ANCIENT,
    TYPE_HISTORICAL,
    TYPE_CONSTRUCTED,
    TYPE_SPECIAL
} language_type;

typedef struct country {
    char alpha_2[3];
    char alpha_3[4];
    short numeric;
    const char *name;
    const char *official_name; /* NULL where the standard gives none */
    const char *common_name;
    const char *flag;
} country;

typedef struct subdivision subdivision;
struct subdivision {
    const char *code;
    char country_code[3];
    const char *parent_code; /* NULL at the top */
    const char *name;
    const char *type;
    country *country;
    subdivision *parent;
};

typedef struct language {
    char alpha_3[4];
    const char *alpha_2; /* most languages have none */
    const char *bibliographic;
    const char *name;
    const char *inverted_name;
    const char *common_name;
    language_scope scope;
    language_type type;
} language;

typedef struct city {
    int64_t id;
    const char *name;
    const char *country_code; /* NULL where ISO 3166-1 does not list the territory */
    const char *region_code;
    ost_opt_int population; /* the source's 0 means that nobody knows */
    ost_decimal latitude;
    ost_decimal longitude;
    const char *time_zone;
    country *country;
} city;

/* The traveller's own notes: the one table that the questions change for good. */
typedef struct bookmark {
    int64_t id;
    int64_t city_id;
    const char *note;
    ost_opt_int stars;
    ost_time made_at;
    city *city;
} bookmark;

OST_RECORD(country, alpha_2);
OST_RECORD(subdivision, code);
OST_RECORD(language, alpha_3);
OST_RECORD(city, id);
OST_RECORD(bookmark, id);

typedef struct country_total {
    const char *country_code;
    int64_t cities;
    ost_opt_int64 people;
    ost_opt_int largest;
    ost_opt_double average;
} country_total;

typedef struct language_total {
    language_type type;
    language_scope scope;
    int64_t languages;
} language_total;

typedef struct subdivision_total {
    const char *type;
    int64_t subdivisions;
    int64_t countries;
} subdivision_total;

typedef struct zone_total {
    const char *time_zone;
    int64_t cities;
    ost_opt_decimal southernmost;
    ost_opt_decimal northernmost;
} zone_total;

/* One number, or one step of a story, with a word that says what it is. */
typedef struct fact {
    const char *what;
    ost_opt_int64 value;
} fact;

typedef struct rule_failure {
    const char *path;
    const char *rule;
    const char *message;
} rule_failure;

OST_PART(country_total);
OST_PART(language_total);
OST_PART(subdivision_total);
OST_PART(zone_total);
OST_PART(fact);
OST_PART(rule_failure);

/* Every model that has a table, ending in NULL. */
extern const ost_model *const atlas_models[];

#endif
