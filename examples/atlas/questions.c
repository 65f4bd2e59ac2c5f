/* SPDX-License-Identifier: MIT */
#include "questions.h"

/* More rows than the list of island countries will ever have. */
enum { MAX_CODES = 64 };

ost_status failed(const inquiry *ask)
{
    return (ost_status)ost_session_error(ask->session)->status;
}

city *find_city(const inquiry *ask, const char *name, const char *country_code)
{
    return ost_find(ask->session, city, ost_eq(city, name, name),
                    ost_eq(city, country_code, country_code));
}

ost_status count_people(const inquiry *ask, const char *country_code, ost_opt_int64 *people)
{
    ost_value sum;
    ost_query *q = ost_from(ask->session, city);
    ost_where(q, ost_eq(city, country_code, country_code));
    OST_TRY(ost_value_of(q, ost_sum(ost_col(city, population)), &sum));
    *people = (ost_opt_int64){ .present = sum.type == OST_TYPE_INT64 };
    if (people->present)
        people->value = sum.as.integer;
    return OST_OK;
}

static ost_status largest_cities(const inquiry *ask)
{
    size_t count;
    ost_query *q = ost_from(ask->session, city);
    ost_order_by(q, ost_desc(city, population));
    ost_limit(q, 10);
    city *rows = ost_all(q, city, &count);
    return show(ask, city, rows, count, "name", "country_code", "population", "time_zone");
}

static ost_status brazilian_millions(const inquiry *ask)
{
    size_t count;
    ost_query *q = ost_from(ask->session, city);
    ost_where(q, ost_eq(city, country_code, "BR"));
    ost_where(q, ost_between(city, population, 1000000, 2000000));
    ost_order_by(q, ost_desc(city, population));
    city *rows = ost_all(q, city, &count);
    return show(ask, city, rows, count, "name", "population", "latitude", "longitude");
}

/* Text from outside is never a pattern, and case is ignored beyond ASCII: "são" finds "São". */
static ost_status saints_in_portuguese(const inquiry *ask)
{
    size_t count;
    ost_query *q = ost_from(ask->session, city);
    ost_where(q, ost_starts_with(city, name, "são "));
    ost_order_by(q, ost_desc(city, population));
    ost_limit(q, 8);
    city *rows = ost_all(q, city, &count);
    return show(ask, city, rows, count, "name", "country_code", "population");
}

static ost_status sign_languages(const inquiry *ask)
{
    size_t count;
    ost_page page;
    ost_query *q = ost_from(ask->session, language);
    ost_where(q, ost_has_text(language, name, "SIGN LANGUAGE"));
    ost_where(q, ost_eq(language, type, TYPE_LIVING));
    ost_order_by(q, ost_asc(language, name));
    language *rows = ost_paginate(q, language, 1, 8, &count, &page);
    return output_page(ask->out, ask->session, OST_OF(language), rows, &page, count,
                       (const char *const[]){ "alpha_3", "name", "type", NULL });
}

static ost_status outside_the_standard(const inquiry *ask)
{
    size_t count;
    ost_query *q = ost_from(ask->session, city);
    ost_where(q, ost_is_null(city, country_code));
    ost_order_by(q, ost_desc(city, population));
    ost_limit(q, 5);
    city *rows = ost_all(q, city, &count);
    return show(ask, city, rows, count, "name", "country_code", "population", "time_zone");
}

static ost_status everyday_names(const inquiry *ask)
{
    size_t count;
    ost_query *q = ost_from(ask->session, country);
    ost_where(q, ost_not_null(country, common_name));
    ost_order_by(q, ost_asc(country, common_name));
    country *rows = ost_all(q, country, &count);
    return show(ask, country, rows, count, "alpha_2", "name", "common_name");
}

static ost_status officially_the_same(const inquiry *ask)
{
    size_t count;
    ost_query *q = ost_from(ask->session, country);
    ost_where(q, ost_cmp_eq(ost_col(country, name), ost_col(country, official_name)));
    ost_order_by(q, ost_asc(country, name));
    country *rows = ost_all(q, country, &count);
    return show(ask, country, rows, count, "alpha_2", "numeric", "name");
}

static ost_status beyond_the_polar_circle(const inquiry *ask)
{
    size_t count;
    ost_decimal circle = ost_decimal_of(665634, 4);
    ost_query *q = ost_from(ask->session, city);
    ost_where(q, ost_either(ost_ge(city, latitude, circle),
                            ost_le(city, latitude, ost_decimal_negate(circle))));
    ost_where(q, ost_ge(city, population, 40000));
    ost_order_by(q, ost_desc(city, latitude));
    city *rows = ost_all(q, city, &count);
    return show(ask, city, rows, count, "name", "country_code", "population", "latitude");
}

/* The list of the second query is made of what the first one found. */
static ost_status island_cities(const inquiry *ask)
{
    size_t islands, count;
    const char *codes[MAX_CODES];
    ost_query *q = ost_from(ask->session, country);
    ost_where(q, ost_has_text(country, name, "island"));
    ost_limit(q, MAX_CODES);
    country *found = ost_all(q, country, &islands);
    for (size_t i = 0; found && i < islands; i++)
        codes[i] = found[i].alpha_2;
    if (!found)
        return failed(ask);
    q = ost_from(ask->session, city);
    ost_where(q, ost_in(city, country_code, codes, islands));
    ost_order_by(q, ost_desc(city, population));
    ost_limit(q, 8);
    city *rows = ost_all(q, city, &count);
    return show(ask, city, rows, count, "name", "country_code", "population");
}

static ost_status constructed_languages(const inquiry *ask)
{
    size_t count;
    static const char *const famous[] = { "epo", "ido", "ina", "vol" };
    ost_query *q = ost_from(ask->session, language);
    ost_where(q, ost_eq(language, type, TYPE_CONSTRUCTED));
    ost_where(q, ost_not_in(language, alpha_3, famous, sizeof famous / sizeof famous[0]));
    ost_order_by(q, ost_asc(language, name));
    ost_limit(q, 8);
    language *rows = ost_all(q, language, &count);
    return show(ask, language, rows, count, "alpha_3", "name", "scope", "type");
}

static void select_country_totals(ost_query *q)
{
    ost_group_by(q, ost_col(city, country_code));
    ost_select(q, ost_as(country_total, country_code, ost_col(city, country_code)),
               ost_as(country_total, cities, ost_count()),
               ost_as(country_total, people, ost_sum(ost_col(city, population))),
               ost_as(country_total, largest, ost_max(ost_col(city, population))),
               ost_as(country_total, average, ost_avg(ost_col(city, population))));
}

static ost_status urban_countries(const inquiry *ask)
{
    size_t count;
    ost_query *q = ost_from(ask->session, city);
    ost_where(q, ost_not_null(city, country_code));
    select_country_totals(q);
    ost_having(q, ost_cmp_gt(ost_count(), ost_lit(500)));
    ost_order_by(q, ost_desc(country_total, people));
    ost_limit(q, 10);
    country_total *rows = ost_all(q, country_total, &count);
    return show(ask, country_total, rows, count, NULL);
}

/* How many conditions there are is known only when the program runs. */
static ost_status named_after_saints(const inquiry *ask)
{
    enum { WORDS = 6 };
    static const char *const words[WORDS] = {
        "Saint ", "Saint-", "San ", "Santa ", "Santo ", "São "
    };
    const ost_expr *conditions[WORDS];
    size_t count;
    for (size_t i = 0; i < WORDS; i++)
        conditions[i] = ost_keep(ask->session, ost_starts_with(city, name, words[i]));
    ost_query *q = ost_from(ask->session, city);
    ost_where(q, ost_either_list(ask->session, conditions, WORDS));
    select_country_totals(q);
    ost_order_by(q, ost_desc_of(ost_count()));
    ost_order_by(q, ost_asc(country_total, country_code));
    ost_limit(q, 6);
    country_total *rows = ost_all(q, country_total, &count);
    return show(ask, country_total, rows, count, "country_code", "cities", "people", "largest");
}

static ost_status kinds_of_languages(const inquiry *ask)
{
    size_t count;
    ost_query *q = ost_from(ask->session, language);
    ost_group_by(q, ost_col(language, type));
    ost_group_by(q, ost_col(language, scope));
    ost_select(q, ost_as(language_total, type, ost_col(language, type)),
               ost_as(language_total, scope, ost_col(language, scope)),
               ost_as(language_total, languages, ost_count()));
    ost_order_by(q, ost_desc(language_total, languages));
    ost_order_by(q, ost_asc(language_total, type));
    language_total *rows = ost_all(q, language_total, &count);
    return show(ask, language_total, rows, count, NULL);
}

static ost_status kinds_of_subdivisions(const inquiry *ask)
{
    size_t count;
    ost_query *q = ost_from(ask->session, subdivision);
    ost_where(q, ost_is_null(subdivision, parent_code));
    ost_group_by(q, ost_col(subdivision, type));
    ost_select(q, ost_as(subdivision_total, type, ost_col(subdivision, type)),
               ost_as(subdivision_total, subdivisions, ost_count()),
               ost_as(subdivision_total, countries,
                      ost_count_distinct(ost_col(subdivision, country_code))));
    ost_order_by(q, ost_desc(subdivision_total, subdivisions));
    ost_limit(q, 8);
    subdivision_total *rows = ost_all(q, subdivision_total, &count);
    return show(ask, subdivision_total, rows, count, NULL);
}

static ost_status widest_time_zones(const inquiry *ask)
{
    size_t count;
    ost_query *q = ost_from(ask->session, city);
    ost_group_by(q, ost_col(city, time_zone));
    ost_select(q, ost_as(zone_total, time_zone, ost_col(city, time_zone)),
               ost_as(zone_total, cities, ost_count()),
               ost_as(zone_total, southernmost, ost_min(ost_col(city, latitude))),
               ost_as(zone_total, northernmost, ost_max(ost_col(city, latitude))));
    ost_order_by(q, ost_desc_of(ost_count()));
    ost_limit(q, 6);
    zone_total *rows = ost_all(q, zone_total, &count);
    return show(ask, zone_total, rows, count, NULL);
}

/* The order comes from the command line: it can only be the name of a declared member. */
static ost_status german_cities(const inquiry *ask)
{
    size_t count;
    ost_page page;
    ost_query *q = ost_from(ask->session, city);
    ost_where(q, ost_eq(city, country_code, "DE"));
    if (!ost_order_by_name(q, ask->sort_member, ask->sort_direction))
        return ost_fail(ask->session, OST_INVALID, NULL,
                        "cities cannot be sorted by \"%.60s:%.10s\"; give a member such as name or "
                        "population, then :asc or :desc",
                        ask->sort_member, ask->sort_direction);
    city *rows = ost_paginate(q, city, 3, 10, &count, &page);
    return output_page(ask->out, ask->session, OST_OF(city), rows, &page, count,
                       (const char *const[]){ "name", "region_code", "population", NULL });
}

static ost_status a_few_numbers(const inquiry *ask)
{
    ost_opt_int64 people;
    int64_t unknown;
    bool on_the_equator;
    OST_TRY(count_people(ask, "IN", &people));
    ost_query *q = ost_from(ask->session, city);
    ost_where(q, ost_is_null(city, population));
    OST_TRY(ost_count_of(q, &unknown));
    q = ost_from(ask->session, city);
    ost_where(q, ost_eq(city, latitude, 0));
    OST_TRY(ost_exists(q, &on_the_equator));
    const fact facts[] = {
        { "people in the cities of India", people },
        { "cities of which nobody knows the population", OST_SOME(unknown) },
        { "cities exactly on the equator", OST_SOME(on_the_equator) },
    };
    return show(ask, fact, facts, sizeof facts / sizeof facts[0], NULL);
}

static ost_status as_json(const inquiry *ask)
{
    city *found = find_city(ask, "Reykjavík", "IS");
    if (!found)
        return failed(ask);
    return output_record(ask->out, ask->session, ost_to_json(ask->session, city, found));
}

const question questions[] = {
    { "largest_cities", "Which ten cities have the most people?", largest_cities },
    { "brazilian_millions", "Which cities of Brazil have between one and two million people?",
      brazilian_millions },
    { "saints_in_portuguese",
      "Which cities whose names start with “são”, in any case, are largest?",
      saints_in_portuguese },
    { "sign_languages", "Which living languages are sign languages by their name?",
      sign_languages },
    { "outside_the_standard", "Which cities lie in no country that ISO 3166-1 lists?",
      outside_the_standard },
    { "everyday_names", "Which countries does everybody call by a shorter name?", everyday_names },
    { "officially_the_same", "Which countries are officially called just what they are called?",
      officially_the_same },
    { "beyond_the_polar_circle", "Which cities of 40,000 people or more lie beyond a polar circle?",
      beyond_the_polar_circle },
    { "island_cities", "Which are the largest cities of the countries called islands?",
      island_cities },
    { "constructed_languages", "Which languages were invented, besides the four famous ones?",
      constructed_languages },
    { "urban_countries",
      "Where do most people live in cities, among countries with over 500 of them?",
      urban_countries },
    { "named_after_saints", "Which countries have the most cities named after a saint?",
      named_after_saints },
    { "kinds_of_languages", "How many languages are there of each type and scope?",
      kinds_of_languages },
    { "kinds_of_subdivisions", "Into what are countries divided most often?",
      kinds_of_subdivisions },
    { "widest_time_zones", "Which time zones have the most cities, and from where to where?",
      widest_time_zones },
    { "german_cities", "What is on page 3 of the cities of Germany, in the order asked for?",
      german_cities },
    { "a_few_numbers", "A few single numbers, please?", a_few_numbers },
    { "as_json", "What does one record look like as JSON?", as_json },
    { .name = NULL },
};
