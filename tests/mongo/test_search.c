/* SPDX-License-Identifier: MIT */
/* What only a document store has, through raw statements: search with a score, distances. */
#include "ostler/ostler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/servers.h"

typedef struct article {
    int64_t id;
    const char *title;
    const char *author;
    const char *slug;
    ost_opt_int64 folder;
    ost_opt_time read_at;
} article;
OST_RECORD(article, id);
OST_MODEL(article, .table = "articles",
          OST_FIELDS(OST_FIELD(article, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(article, title, .required = true), OST_FIELD(article, author),
                     OST_FIELD(article, slug, .max_length = 80), OST_FIELD(article, folder),
                     OST_FIELD(article, read_at)),
          OST_INDEXES(OST_FULL_TEXT_INDEX(OST_ASC(article, title), OST_ASC(article, author)),
                      { OST_COLUMNS(OST_ASC(article, read_at)), .expire_after_s = 3600 },
                      { OST_COLUMNS(OST_ASC(article, folder)), .sparse = true },
                      { OST_COLUMNS(OST_ASC(article, slug)), .unique = true,
                        .collation = OST_CASELESS }));

typedef struct number {
    int64_t n;
} number;
OST_PART(number);
OST_MODEL(number, OST_FIELDS(OST_FIELD(number, n)));

/* Of a search, with its score. */
typedef struct hit {
    const char *title;
    double score;
} hit;
OST_PART(hit);
OST_MODEL(hit, OST_FIELDS(OST_FIELD(hit, title), OST_FIELD(hit, score)));

typedef struct near {
    const char *name;
    double meters;
} near;
OST_PART(near);
OST_MODEL(near, OST_FIELDS(OST_FIELD(near, name), OST_FIELD(near, meters)));

typedef struct search {
    const char *url;
    ost_db *db;
    ost_session *s;
} search;

static int set_up(void **state)
{
    search *r = calloc(1, sizeof *r);
    ost_error error;
    assert_non_null(r);
    r->url = server_database(SERVER_MONGODB, NULL);
    if (ost_open(OST_OPTIONS(.url = r->url, .drivers = OST_DRIVERS(ost_driver_mongo()),
                             .models = OST_MODELS(&article_model)),
                 &r->db, &error) != OST_OK ||
        ost_create_tables(r->db, &error) != OST_OK ||
        ost_session_open(r->db, NULL, &r->s, &error) != OST_OK)
        fail_msg("%s", error.message);
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    search *r = *state;
    ost_session_close(r->s);
    ost_close(r->db);
    server_drop(r->url);
    free(r);
    return 0;
}

static void ok(const search *r, ost_status status)
{
    if (status != OST_OK)
        fail_msg("%s", ost_session_error(r->s)->message);
}
#define OK(call) ok(r, (call))

static void add(search *r, const char *title)
{
    article a = { .title = title };
    OK(ost_insert(r->s, article, &a));
}

static void texts_are_found_with_a_score(void **state)
{
    search *r = *state;
    size_t count = 0;
    add(r, "the tale of a red fox");
    add(r, "fox and fox");
    add(r, "nothing of the kind");
    hit *h = ost_raw_all(r->s, hit,
                         OST_RAW("[{\"$match\": {\"$text\": {\"$search\": {\"$ost\": 1}}}},"
                                 " {\"$addFields\": {\"score\": {\"$meta\": \"textScore\"}}},"
                                 " {\"$sort\": {\"score\": -1}}]",
                                 .over = &article_model, OST_BIND(ost_bind("fox"))),
                         &count);
    assert_non_null(h);
    assert_int_equal(count, 2);
    assert_string_equal(h[0].title, "fox and fox");
    assert_true(h[0].score > h[1].score && h[1].score > 0);
}

static void places_are_found_by_distance(void **state)
{
    search *r = *state;
    size_t count = 0;
    OK(ost_raw_run(r->s,
                   OST_RAW("{\"insert\": \"places\", \"documents\": ["
                           "{\"name\": \"here\", \"at\": {\"type\": \"Point\", \"coordinates\": "
                           "[13.4, 52.5]}}, {\"name\": \"there\", \"at\": {\"type\": \"Point\", "
                           "\"coordinates\": [{\"$ost\": 1}, {\"$ost\": 2}]}}]}",
                           OST_BIND(ost_bind(13.5), ost_bind(52.5))),
                   NULL, NULL));
    OK(ost_raw_run(r->s,
                   OST_RAW("{\"createIndexes\": \"places\", \"indexes\": [{\"name\": \"at\","
                           " \"key\": {\"at\": \"2dsphere\"}}]}"),
                   NULL, NULL));
    near *n =
        ost_raw_all(r->s, near,
                    OST_RAW("{\"aggregate\": \"places\", \"pipeline\": [{\"$geoNear\": "
                            "{\"near\": {\"type\": \"Point\", \"coordinates\": [{\"$ost\": 1}, "
                            "{\"$ost\": 2}]}, \"distanceField\": \"meters\", \"maxDistance\": "
                            "{\"$ost\": 3}}}]}",
                            OST_BIND(ost_bind(13.4), ost_bind(52.5), ost_bind(10000))),
                    &count);
    assert_non_null(n);
    assert_int_equal(count, 2);
    assert_string_equal(n[0].name, "here");
    assert_true(n[0].meters < 1 && n[1].meters > 6000 && n[1].meters < 7000);
    number *within = ost_raw_all(
        r->s, number,
        OST_RAW("{\"count\": \"places\", \"query\": {\"at\": {\"$geoWithin\": {\"$centerSphere\": "
                "[[13.4, 52.5], {\"$ost\": 1}]}}}}",
                OST_BIND(ost_bind(1.0 / 6378.1))),
        NULL);
    assert_non_null(within);
    assert_int_equal(within->n, 1);
}

static void indexes_have_their_options(void **state)
{
    search *r = *state;
    const char *all = server_text(r->url, "{\"listIndexes\": \"articles\"}");
    ost_error error;
    static const char *const parts[] = {
        "\"weights\" : { \"author\" : 1, \"title\" : 1 }",
        "\"default_language\" : \"none\"",
        "\"name\" : \"ix_articles_read_at\", \"expireAfterSeconds\" : 3600",
        "\"name\" : \"ix_articles_folder\", \"sparse\" : true",
        "\"strength\" : 2",
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strstr(all, parts[i]))
            fail_msg("%s is not in %s", parts[i], all);
    /* A second time there is nothing to do. */
    if (ost_create_tables(r->db, &error) != OST_OK)
        fail_msg("%s", error.message);
}

static void uniqueness_may_ignore_case(void **state)
{
    search *r = *state;
    article a = { .title = "a", .slug = "Fox" }, b = { .title = "b", .slug = "fOX" },
            c = { .title = "c" }, d = { .title = "d" };
    OK(ost_insert(r->s, article, &a));
    assert_int_equal(ost_insert(r->s, article, &b), OST_CONFLICT);
    assert_string_equal(ost_session_error(r->s)->field, "slug");
    OK(ost_insert(r->s, article, &c));
    OK(ost_insert(r->s, article, &d));
}

#define SEARCH_CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEARCH_CASE(indexes_have_their_options),
        SEARCH_CASE(uniqueness_may_ignore_case),
        SEARCH_CASE(texts_are_found_with_a_score),
        SEARCH_CASE(places_are_found_by_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
