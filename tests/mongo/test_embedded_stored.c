/* SPDX-License-Identifier: MIT */
/* Documents inside records as the server's own client finds them, and what the validator holds them
 * to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ostler/ostler.h"
#include "support/servers.h"

typedef struct comment {
    const char *text;
    int stars;
    OST_LIST(struct comment) answers;
} comment;
typedef struct home {
    const char *city;
    ost_opt_int floor;
    ost_decimal rent;
} home;
typedef struct post {
    int64_t id;
    home home;
    OST_LIST(comment) comments;
    OST_LIST(const char *) tags;
    ost_json extra;
    ost_point place;
} post;
OST_PART(comment);
OST_PART(home);
OST_RECORD(post, id);
OST_MODEL(comment, OST_FIELDS(OST_FIELD(comment, text, .required = true, .max_length = 10),
                              OST_FIELD(comment, stars), OST_EMBEDS(comment, answers, comment)));
OST_MODEL(home, OST_FIELDS(OST_FIELD(home, city, .column = "town"), OST_FIELD(home, floor),
                           OST_FIELD(home, rent, .precision = 8, .scale = 2)));
OST_MODEL(post, .table = "posts",
          OST_FIELDS(OST_FIELD(post, id, .primary_key = true), OST_EMBED(post, home, home),
                     OST_EMBEDS(post, comments, comment), OST_ITEMS(post, tags, .max_length = 5),
                     OST_FIELD(post, extra), OST_FIELD(post, place)));

static const char *url;
static ost_error error;
static ost_db *db;
static ost_session *s;

static int begin(void **state)
{
    (void)state;
    url = server_database(SERVER_MONGODB, NULL);
    if (ost_open(OST_OPTIONS(.url = url, .models = OST_MODELS(&post_model),
                             .drivers = OST_DRIVERS(ost_driver_mongo())),
                 &db, &error) != OST_OK ||
        ost_create_tables(db, &error) != OST_OK)
        fail_msg("%s", error.message);
    if (ost_session_open(db, NULL, &s, &error) != OST_OK)
        fail_msg("%s", error.message);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ost_session_close(s);
    ost_close(db);
    server_drop(url);
    return 0;
}

static void ok(ost_status status)
{
    if (status != OST_OK)
        fail_msg("%s", ost_session_error(s)->message);
}

static post full(void)
{
    static const comment answers[] = { { .text = "no" } };
    static comment comments[] = { { .text = "yes", .stars = 5 } };
    static const char *const tags[] = { "a", "b" };
    post p = { .id = 1,
               .home = { .city = "Rome", .rent = { .low = 995, .scale = 2 } },
               .extra = { "{\"a\":[1,2.5]}" },
               .place = { 12.5, 41.75 } };
    comments[0].answers.items = answers, comments[0].answers.count = 1;
    p.comments.items = comments, p.comments.count = 1;
    p.tags.items = tags, p.tags.count = 2;
    return p;
}

static void others_find_plain_documents(void **state)
{
    post p = full();
    (void)state;
    ok(ost_insert(s, post, &p));
    const char *found = server_text(url, "{\"find\": \"posts\", \"filter\": {}}");
    const char *wanted =
        "\"home\" : { \"town\" : \"Rome\", \"rent\" : { \"$numberDecimal\" : \"9.95\" } }, "
        "\"comments\" : [ { \"text\" : \"yes\", \"stars\" : 5, \"answers\" : [ { \"text\" : "
        "\"no\", \"stars\" : 0 } ] } ], \"tags\" : [ \"a\", \"b\" ], \"extra\" : { \"a\" : [ 1, "
        "2.5 ] }, \"place\" : { \"type\" : \"Point\", \"coordinates\" : [ 12.5, 41.75 ] }";
    if (!strstr(found, wanted))
        fail_msg("%s", found);
}

#define HOME "{\"rent\": {\"$numberDecimal\": \"1.00\"}}"
#define PLACE "{\"type\": \"Point\", \"coordinates\": [1.5, 2.5]}"

/* Documents of other programs are held to it too. */
static void validators_hold_inside(void **state)
{
    static const struct {
        const char *home, *place, *more;
        bool taken;
    } rows[] = {
        { HOME, PLACE, "\"more\": 1", true },
        { HOME, PLACE, "\"extra\": [1, null, {\"$x\": 1}]", true },
        { HOME, PLACE, "\"tags\": [], \"comments\": [{\"text\": \"x\", \"stars\": 1}]", true },
        { "{\"rent\": {\"$numberDecimal\": \"1.00\"}, \"town\": \"x\", \"floor\": 1, \"y\": 2}",
          PLACE, "\"x\": 1", true },
        { "{}", PLACE, "\"x\": 1", false },
        { "[]", PLACE, "\"x\": 1", false },
        { "{\"rent\": 1}", PLACE, "\"x\": 1", false },
        { "{\"rent\": {\"$numberDecimal\": \"1.00\"}, \"town\": 1}", PLACE, "\"x\": 1", false },
        { HOME, "[1, 2]", "\"x\": 1", false },
        { HOME, "{\"type\": \"Line\", \"coordinates\": [1.5, 2.5]}", "\"x\": 1", false },
        { HOME, "{\"type\": \"Point\", \"coordinates\": [1.5, 2.5, 3.5]}", "\"x\": 1", false },
        { HOME, "{\"type\": \"Point\", \"coordinates\": [1.5, \"2\"]}", "\"x\": 1", false },
        { HOME, PLACE, "\"tags\": [\"toolong\"]", false },
        { HOME, PLACE, "\"tags\": [1]", false },
        { HOME, PLACE, "\"tags\": \"x\"", false },
        { HOME, PLACE, "\"comments\": [{\"stars\": 1}]", false },
        { HOME, PLACE, "\"comments\": [{\"text\": \"longer than ten\", \"stars\": 1}]", false },
        { HOME, PLACE, "\"comments\": [{\"text\": \"x\", \"stars\": 1, \"answers\": 1}]", false },
    };
    (void)state;
    for (int i = 0; i < (int)(sizeof rows / sizeof *rows); i++) {
        char command[400];
        snprintf(command, sizeof command,
                 "{\"insert\": \"posts\", \"documents\": [{\"_id\": {\"$numberLong\": \"%d\"}, "
                 "\"home\": %s, \"place\": %s, %s}]}",
                 i, rows[i].home, rows[i].place, rows[i].more);
        const char *said = server_refuses(url, command);
        if (!said != rows[i].taken || (said && strncmp(said, "121 ", 4) != 0))
            fail_msg("%s: %s", command, said ? said : "was taken");
    }
}

/* The driver's own refusal names the member that holds what was refused. */
static void a_refusal_names_the_member(void **state)
{
    post p = full();
    (void)state;
    ok(ost_insert(s, post, &p));
    server_sql(url, "{\"collMod\": \"posts\", \"validator\": {\"$jsonSchema\": {\"properties\": "
                    "{\"home\": {\"properties\": {\"town\": {\"enum\": [\"Rome\"]}}}}}}}");
    post *back = ost_get(s, post, 1);
    assert_non_null(back);
    back->home.city = "Paris";
    assert_int_equal(ost_save(s, post, back), OST_CHECK);
    assert_string_equal(ost_session_error(s)->field, "home");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(others_find_plain_documents, begin, end),
        cmocka_unit_test_setup_teardown(validators_hold_inside, begin, end),
        cmocka_unit_test_setup_teardown(a_refusal_names_the_member, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
