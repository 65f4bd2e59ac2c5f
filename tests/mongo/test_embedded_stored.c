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
OST_MODEL(home,
          OST_FIELDS(OST_FIELD(home, city, .column = "town", .max_length = 20),
                     OST_FIELD(home, floor), OST_FIELD(home, rent, .precision = 8, .scale = 2)));
OST_MODEL(post, .table = "posts",
          OST_FIELDS(OST_FIELD(post, id, .primary_key = true), OST_EMBED(post, home, home),
                     OST_EMBEDS(post, comments, comment), OST_ITEMS(post, tags, .max_length = 5),
                     OST_FIELD(post, extra), OST_FIELD(post, place)),
          OST_INDEXES(OST_INDEX(OST_ASC(post, home.city), OST_DESC(post, home.floor)),
                      OST_UNIQUE_INDEX(OST_ASC(post, home.rent))));

static const char *url;
static ost_error error;
static ost_db *db;
static ost_session *s;

static char sent[1024]; /* the last statement */

static void on_event(const ost_event *event, void *context)
{
    (void)context;
    if (event->kind == OST_EVENT_STATEMENT && strstr(event->text, "posts"))
        snprintf(sent, sizeof sent, "%s", event->text);
}

static int begin(void **state)
{
    (void)state;
    url = server_database(SERVER_MONGODB, NULL);
    if (ost_open(OST_OPTIONS(.url = url, .models = OST_MODELS(&post_model), .on_event = on_event,
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
        server_sql(url, "{\"delete\": \"posts\", \"deletes\": [{\"q\": {}, \"limit\": 0}]}");
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

/* ---- what is sent ---- */

/* The statement has this in it, where every ' stands for a " and blanks do not count. */
static void has_sent(const char *part)
{
    char plain[sizeof sent], *to = plain;
    for (const char *c = sent; *c; c++)
        if (*c != ' ')
            *to++ = *c == '"' ? '\'' : *c;
    *to = '\0';
    if (!strstr(plain, part))
        fail_msg("%s is not in %s", part, plain);
}

static void asks(const ost_expr *condition, const char *filter)
{
    size_t count;
    ost_query *q = ost_from(s, post);
    ost_where(q, condition);
    if (!ost_all(q, post, &count))
        fail_msg("%s", ost_session_error(s)->message);
    has_sent(filter);
}

static void conditions_are_plain_matches(void **state)
{
    const ost_expr *stars = ost_ge(comment, stars, 3);
    (void)state;
    asks(ost_eq(post, home.city, "Rome"), "'filter':{'home.town':'$1'}");
    asks(ost_not(ost_eq(post, home.city, "Rome")), "'filter':{'home.town':{'$nin':['$1',null]}}");
    asks(ost_is_null(post, home.floor), "'filter':{'home.floor':null}");
    asks(ost_has_item(post, tags, "a"), "'filter':{'tags':{'$elemMatch':{'$eq':'$1'}}}");
    asks(ost_not(ost_has_item(post, tags, "a")),
         "'filter':{'tags':{'$not':{'$elemMatch':{'$eq':'$1'}}}}");
    asks(ost_has_part(post, comments, comment, ost_eq(comment, text, "x"), stars),
         "'filter':{'comments':{'$elemMatch':{'text':'$1','stars':{'$gte':'$2'}}}}");
    asks(ost_has_part(post, comments, comment, ost_has_part(comment, answers, comment, stars)),
         "'filter':{'comments':{'$elemMatch':{'answers':{'$elemMatch':{'stars':{'$gte':'$1'}}}}}}");
    asks(ost_is_null(post, tags), "'filter':{'tags':{'$not':{'$type':'array'}}}");
    asks(ost_has_part(post, comments, comment, ost_cmp_gt(ost_size(comment, answers), ost_lit(0))),
         "'$expr':{'$eq':[{'$cond':[{'$anyElementTrue':[{'$map':{");
}

static void updates(const char *part, const ost_expr *const *changes)
{
    int64_t matched;
    ost_query *q = ost_from(s, post);
    ost_where(q, ost_eq(post, id, 1));
    ok(ost_query_update(q, &matched, changes));
    assert_int_equal(matched, 1);
    has_sent(part);
}

#define UPDATES(part, ...) updates(part, (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end })

static void changes_are_operators_where_they_can(void **state)
{
    post p = full();
    (void)state;
    ok(ost_insert(s, post, &p));
    UPDATES("'$set':{'home.town':'$1'}", ost_set(post, home.city, "Oslo"));
    UPDATES("'$unset':{'home.town':''}", ost_set_null(post, home.city));
    UPDATES("'$push':{'tags':{'$each':'$1'}}", ost_push(post, tags, "c"));
    UPDATES("'$push':{'tags':{'$each':'$1','$position':'$2','$slice':'$3'}}",
            ost_keep_last(ost_push_at(ost_push(post, tags, "c"), 1), 9));
    UPDATES("'$addToSet':{'tags':{'$each':'$1'}}", ost_add_to_set(post, tags, "d"));
    UPDATES("'$pullAll':{'tags':'$1'}", ost_pull(post, tags, "d"));
    UPDATES("'$pull':{'comments':{'stars':{'$lt':'$1'}}}",
            ost_pull_where(post, comments, comment, ost_lt(comment, stars, 2)));
    UPDATES("[{'$set':{'home.floor':{'$cond':[", ost_inc(post, home.floor, 1));
    UPDATES("[{'$set':{'comments':{'$cond':[{'$isArray':['$comments']},{'$map':{",
            ost_update_items(post, comments, comment, ost_ge(comment, stars, 2),
                             ost_inc(comment, stars, 1)));
}

static void indexes_serve_what_is_inside(void **state)
{
    (void)state;
    const char *found = server_text(url, "{\"listIndexes\": \"posts\"}");
    assert_non_null(strstr(found, "\"key\" : { \"home.town\" : 1, \"home.floor\" : -1 }"));
    assert_non_null(strstr(found, "\"name\" : \"ux_posts_home_rent\""));
    assert_non_null(strstr(found, "\"partialFilterExpression\" : { \"$and\" : [ { \"home.rent\" :"
                                  " { \"$exists\" : true } } ] }"));
    assert_non_null(server_text(url, "{\"explain\": {\"find\": \"posts\", \"filter\": "
                                     "{\"home.town\": \"Rome\"}}}"));
    found = server_text(url, "{\"explain\": {\"find\": \"posts\", \"filter\": {\"home.town\": "
                             "{\"$nin\": [\"Rome\", null]}}}}");
    assert_non_null(strstr(found, "IXSCAN"));
    post p = full(), other = full();
    other.id = 2;
    ok(ost_insert(s, post, &p));
    assert_int_equal(ost_insert(s, post, &other), OST_CONFLICT);
    assert_string_equal(ost_session_error(s)->field, "home.rent");
}

/* What a sum does not fit is told by its path, and nothing is changed. */
static void sums_inside_are_checked(void **state)
{
    post p = full();
    (void)state;
    p.home.floor.present = true;
    p.home.floor.value = INT32_MAX;
    ok(ost_insert(s, post, &p));
    ost_query *q = ost_from(s, post);
    ost_where(q, ost_eq(post, id, 1));
    assert_int_equal(ost_update_one(q, ost_inc(post, home.floor, 1)), OST_RANGE);
    assert_string_equal(ost_session_error(s)->field, "home.floor");
    q = ost_from(s, post);
    ost_where(q, ost_eq(post, id, 1));
    assert_int_equal(
        ost_update_one(q, ost_update_items(post, comments, comment, ost_eq(comment, stars, 5),
                                           ost_inc(comment, stars, INT32_MAX))),
        OST_RANGE);
    assert_string_equal(ost_session_error(s)->field, "comments");
    const post *back = ost_get(s, post, 1);
    assert_int_equal(back->home.floor.value, INT32_MAX);
    assert_int_equal(back->comments.items[0].stars, 5);
}

/* Conditions hold of what is inside, whether a match or an expression says them. */
static void watches(const ost_expr *condition)
{
    ost_query *q = ost_from(s, post);
    ost_watch_event event;
    ost_session *writer;
    assert_int_equal(ost_session_open(db, NULL, &writer, &error), OST_OK);
    ost_where(q, condition);
    ost_watcher *w = ost_watch(q, OST_WATCH(.wait_ms = 5000));
    if (!w)
        fail_msg("%s", ost_session_error(s)->message);
    for (int i = 1; i <= 3; i++) {
        post p = full();
        p.id = i;
        p.home.rent = ost_decimal_of(i, 2);
        p.home.city = i == 2 ? "Oslo" : "Rome";
        p.comments.count = i == 2;
        p.tags.count = i == 2 ? 2 : 1;
        assert_int_equal(ost_insert(writer, post, &p), OST_OK);
        assert_int_equal(ost_delete(writer, post, &p), OST_OK);
    }
    const post *seen = ost_watch_next(w, post, &event);
    while (seen && event.kind != OST_WATCH_INSERTED)
        seen = ost_watch_next(w, post, &event);
    assert_non_null(seen);
    assert_int_equal(seen->id, 2);
    assert_string_equal(seen->home.city, "Oslo");
    assert_int_equal(seen->comments.count, 1);
    assert_string_equal(seen->comments.items[0].answers.items[0].text, "no");
    ost_watch_close(w);
    ost_session_close(writer);
}

static void watchers_look_inside(void **state)
{
    (void)state;
    watches(ost_eq(post, home.city, "Oslo"));
    watches(ost_has_item(post, tags, "b"));
    watches(ost_has_part(post, comments, comment, ost_eq(comment, text, "yes")));
    watches(
        ost_has_part(post, comments, comment, ost_cmp_eq(ost_size(comment, answers), ost_lit(1))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(others_find_plain_documents, begin, end),
        cmocka_unit_test_setup_teardown(validators_hold_inside, begin, end),
        cmocka_unit_test_setup_teardown(a_refusal_names_the_member, begin, end),
        cmocka_unit_test_setup_teardown(conditions_are_plain_matches, begin, end),
        cmocka_unit_test_setup_teardown(changes_are_operators_where_they_can, begin, end),
        cmocka_unit_test_setup_teardown(indexes_serve_what_is_inside, begin, end),
        cmocka_unit_test_setup_teardown(sums_inside_are_checked, begin, end),
        cmocka_unit_test_setup_teardown(watchers_look_inside, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
