/* SPDX-License-Identifier: MIT */
#include "models.h"

/* In the order of the enumerations in models.h. */
#define LANGUAGE_SCOPES OST_NAMES("individual", "macrolanguage", "special")
#define LANGUAGE_TYPES \
    OST_NAMES("living", "extinct", "ancient", "historical", "constructed", "special")

/* clang-format off */

/* A text that is unique, indexed or a key says how long it may be; some databases need to know. */
OST_MODEL(country,
    OST_FIELDS(
        OST_FIELD(country, alpha_2, .primary_key = true, .min_length = 2),
        OST_FIELD(country, alpha_3, .unique = true, .min_length = 3),
        OST_FIELD(country, numeric, .unique = true, .min = OST_INT(1), .max = OST_INT(999)),
        OST_FIELD(country, name, .required = true, .unique = true, .max_length = 80),
        OST_FIELD(country, official_name, .max_length = 120),
        OST_FIELD(country, common_name, .max_length = 80),
        OST_FIELD(country, flag, .required = true, .max_length = 2)));

OST_MODEL(subdivision,
    OST_FIELDS(
        OST_FIELD(subdivision, code, .primary_key = true, .min_length = 4, .max_length = 6),
        OST_FIELD(subdivision, country_code, .min_length = 2),
        OST_FIELD(subdivision, parent_code, .max_length = 6),
        OST_FIELD(subdivision, name, .required = true, .max_length = 120),
        OST_FIELD(subdivision, type, .required = true, .max_length = 80)),
    OST_RELATIONS(
        OST_BELONGS_TO(subdivision, country, country, country_code),
        OST_BELONGS_TO(subdivision, parent, subdivision, parent_code)),
    OST_INDEXES(
        OST_INDEX(OST_ASC(subdivision, country_code), OST_ASC(subdivision, type)),
        OST_INDEX(OST_ASC(subdivision, parent_code))));

OST_MODEL(language,
    OST_FIELDS(
        OST_FIELD(language, alpha_3, .primary_key = true, .min_length = 3),
        OST_FIELD(language, alpha_2, .unique = true, .min_length = 2, .max_length = 2),
        OST_FIELD(language, bibliographic, .unique = true, .min_length = 3, .max_length = 3),
        OST_FIELD(language, name, .required = true, .max_length = 120),
        OST_FIELD(language, inverted_name, .max_length = 120),
        OST_FIELD(language, common_name, .max_length = 120),
        OST_FIELD(language, scope, .values = LANGUAGE_SCOPES),
        OST_FIELD(language, type, .values = LANGUAGE_TYPES)),
    OST_INDEXES(OST_INDEX(OST_ASC(language, type), OST_ASC(language, name))));

/* Five digits after the point are about a metre; a decimal keeps them as the source has them. */
OST_MODEL(city,
    OST_FIELDS(
        OST_FIELD(city, id, .primary_key = true),
        OST_FIELD(city, name, .required = true, .max_length = 200),
        OST_FIELD(city, country_code, .min_length = 2, .max_length = 2),
        OST_FIELD(city, region_code, .max_length = 20),
        OST_FIELD(city, population, .min = OST_INT(1)),
        OST_FIELD(city, latitude, .precision = 7, .scale = 5,
            .min = OST_UNITS(-9000000, 5), .max = OST_UNITS(9000000, 5)),
        OST_FIELD(city, longitude, .precision = 8, .scale = 5,
            .min = OST_UNITS(-18000000, 5), .max = OST_UNITS(18000000, 5)),
        OST_FIELD(city, time_zone, .required = true, .max_length = 40)),
    OST_RELATIONS(OST_BELONGS_TO(city, country, country, country_code)),
    OST_INDEXES(
        OST_INDEX(OST_ASC(city, country_code), OST_DESC(city, population)),
        OST_INDEX(OST_DESC(city, population)),
        OST_INDEX(OST_ASC(city, name))));

OST_MODEL(bookmark,
    OST_FIELDS(
        OST_FIELD(bookmark, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
        OST_FIELD(bookmark, city_id, .unique = true,
            .messages = OST_MESSAGES(.unique = "this city has a bookmark already")),
        OST_FIELD(bookmark, note, .required = true, .trim = true, .max_length = 60,
            .messages = OST_MESSAGES(.required = "say why you want to go there")),
        OST_FIELD(bookmark, stars, .min = OST_INT(1), .max = OST_INT(5)),
        OST_FIELD(bookmark, made_at, .stamp = OST_ON_INSERT)),
    OST_RELATIONS(OST_BELONGS_TO(bookmark, city, city, city_id)));

OST_MODEL(country_total,
    OST_FIELDS(
        OST_FIELD(country_total, country_code),
        OST_FIELD(country_total, cities),
        OST_FIELD(country_total, people),
        OST_FIELD(country_total, largest),
        OST_FIELD(country_total, average)));

OST_MODEL(language_total,
    OST_FIELDS(
        OST_FIELD(language_total, type, .values = LANGUAGE_TYPES),
        OST_FIELD(language_total, scope, .values = LANGUAGE_SCOPES),
        OST_FIELD(language_total, languages)));

OST_MODEL(subdivision_total,
    OST_FIELDS(
        OST_FIELD(subdivision_total, type),
        OST_FIELD(subdivision_total, subdivisions),
        OST_FIELD(subdivision_total, countries)));

OST_MODEL(zone_total,
    OST_FIELDS(
        OST_FIELD(zone_total, time_zone),
        OST_FIELD(zone_total, cities),
        OST_FIELD(zone_total, southernmost, .precision = 7, .scale = 5),
        OST_FIELD(zone_total, northernmost, .precision = 7, .scale = 5)));

OST_MODEL(fact, OST_FIELDS(OST_FIELD(fact, what), OST_FIELD(fact, value)));

OST_MODEL(rule_failure,
    OST_FIELDS(
        OST_FIELD(rule_failure, path),
        OST_FIELD(rule_failure, rule),
        OST_FIELD(rule_failure, message)));

/* clang-format on */

const ost_model *const atlas_models[] = {
    &country_model, &subdivision_model, &language_model, &city_model, &bookmark_model, NULL,
};
