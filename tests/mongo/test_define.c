/* SPDX-License-Identifier: MIT */
/* What ost_create_tables() makes of models in MongoDB, as its own client finds it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ostler/ostler.h"
#include "support/servers.h"

/* ---- models ---- */

typedef struct every {
    int64_t id;
    bool flag;
    int8_t i8;
    int16_t i16;
    int32_t i32;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    float f;
    double d;
    const char *text;
    char code[8];
    int mood;
    ost_time at;
    ost_date day;
    ost_uuid uuid;
    ost_object_id object;
    ost_decimal price;
    ost_blob bytes;
    ost_opt_int maybe;
} every;
OST_RECORD(every, id);
OST_MODEL(every, .table = "everything",
          OST_FIELDS(OST_FIELD(every, id, .primary_key = true), OST_FIELD(every, flag),
                     OST_FIELD(every, i8), OST_FIELD(every, i16), OST_FIELD(every, i32),
                     OST_FIELD(every, u8), OST_FIELD(every, u16), OST_FIELD(every, u32),
                     OST_FIELD(every, u64), OST_FIELD(every, f), OST_FIELD(every, d),
                     OST_FIELD(every, text, .not_null = true, .max_length = 5),
                     OST_FIELD(every, code), OST_FIELD(every, mood, .values = OST_NAMES("b", "a")),
                     OST_FIELD(every, at), OST_FIELD(every, day), OST_FIELD(every, uuid),
                     OST_FIELD(every, object), OST_FIELD(every, price, .precision = 8, .scale = 2),
                     OST_FIELD(every, bytes), OST_FIELD(every, maybe)));

typedef struct shelf {
    int64_t id;
    const char *code;   /* unique */
    ost_opt_int number; /* unique */
    bool open;
    ost_opt_time closed_at;
} shelf;
OST_RECORD(shelf, id);
#define SHELF_FIELDS                                                                             \
    OST_FIELDS(OST_FIELD(shelf, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),       \
               OST_FIELD(shelf, code, .required = true, .unique = true, .max_length = 20),       \
               OST_FIELD(shelf, number, .unique = true, .column = "no"), OST_FIELD(shelf, open), \
               OST_FIELD(shelf, closed_at))
OST_MODEL(shelf, .table = "shelves", SHELF_FIELDS);

typedef struct seat {
    int32_t row;
    const char *letter;
    int64_t shelf_id;
    shelf *shelf;
    ost_opt_int price;
    ost_blob key;
} seat;
OST_RECORD(seat, row, letter);
#define SEAT_FIELDS                                                           \
    OST_FIELDS(OST_FIELD(seat, row, .primary_key = true),                     \
               OST_FIELD(seat, letter, .primary_key = true, .max_length = 2), \
               OST_FIELD(seat, shelf_id), OST_FIELD(seat, price), OST_FIELD(seat, key))
OST_MODEL(seat, .table = "seats", SEAT_FIELDS,
          OST_RELATIONS(OST_BELONGS_TO(seat, shelf, shelf, shelf_id)),
          OST_INDEXES(OST_INDEX(OST_DESC(seat, price), OST_ASC(seat, letter)),
                      OST_UNIQUE_INDEX(OST_ASC(seat, shelf_id), OST_ASC(seat, price))));

/* The same table, as a later version of the program sees it. */
typedef struct wide_shelf {
    int64_t id;
    const char *code;
    int width;
} wide_shelf;
OST_RECORD(wide_shelf, id);
OST_MODEL(wide_shelf, .table = "shelves",
          OST_FIELDS(OST_FIELD(wide_shelf, id, .primary_key = true),
                     OST_FIELD(wide_shelf, code, .required = true, .unique = true,
                               .max_length = 20),
                     OST_FIELD(wide_shelf, width)));

/* ---- around a test ---- */

static const char *url;
static ost_error error;
static atomic_uint made;

static void on_event(const ost_event *event, void *context)
{
    (void)context;
    if (event->kind == OST_EVENT_STATEMENT && strstr(event->text, "\"create"))
        atomic_fetch_add(&made, 1);
}

static int begin(void **state)
{
    (void)state;
    url = server_database(SERVER_MONGODB, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    server_drop(url);
    return 0;
}

static ost_status create(const ost_model *const *models)
{
    ost_db *db;
    ost_status status = ost_open(OST_OPTIONS(.url = url, .models = models, .on_event = on_event,
                                             .drivers = OST_DRIVERS(ost_driver_mongo())),
                                 &db, &error);
    atomic_store(&made, 0);
    if (status == OST_OK)
        status = ost_create_tables(db, &error);
    ost_close(db);
    return status;
}

static void creates(const ost_model *const *models)
{
    if (create(models) != OST_OK)
        fail_msg("%s", error.message);
}

static void fails(ost_status status, const char *part, const ost_model *const *models)
{
    assert_string_equal(ost_status_name(create(models)), ost_status_name(status));
    if (!strstr(error.message, part))
        fail_msg("\"%s\" is not in: %s", part, error.message);
}

/* What a collection was created with. */
static const char *options_of(const char *collection)
{
    static char options[4096];
    char command[200];
    snprintf(command, sizeof command, "{\"listCollections\": 1, \"filter\": {\"name\": \"%s\"}}",
             collection);
    const char *text = server_text(url, command), *from = strstr(text, "\"options\" : ");
    const char *to = from ? strstr(from, ", \"info\" : ") : NULL;
    if (!to)
        fail_msg("there is no %s: %s", collection, text);
    from += strlen("\"options\" : ");
    snprintf(options, sizeof options, "%.*s", (int)(to - from), from);
    return options;
}

static const char *indexes_of(const char *collection)
{
    char command[128];
    snprintf(command, sizeof command, "{\"listIndexes\": \"%s\"}", collection);
    return server_text(url, command);
}

static bool has_index(const char *collection, const char *name)
{
    char pattern[128];
    snprintf(pattern, sizeof pattern, "\"name\" : \"%s\"", name);
    return strstr(indexes_of(collection), pattern) != NULL;
}

/* ---- validators ---- */

#define LONG "\"bsonType\" : \"long\""
#define INT "\"bsonType\" : \"int\""
static const char every_options[] =
    "{ \"validator\" : { \"$jsonSchema\" : { \"bsonType\" : \"object\", \"title\" : \"ostler\", "
    "\"required\" : [ \"_id\", \"flag\","
    " \"i8\", \"i16\", \"i32\", \"u8\", \"u16\", \"u32\", \"u64\", \"f\", \"d\", \"text\","
    " \"code\", \"mood\", \"at\", \"day\", \"uuid\", \"object\", \"price\" ],"
    " \"properties\" : { \"_id\" : { \"title\" : \"id\", " LONG " },"
    " \"flag\" : { \"bsonType\" : \"bool\" },"
    " \"i8\" : { " INT ", \"minimum\" : -128, \"maximum\" : 127 },"
    " \"i16\" : { " INT ", \"minimum\" : -32768, \"maximum\" : 32767 },"
    " \"i32\" : { " INT " },"
    " \"u8\" : { " INT ", \"minimum\" : 0, \"maximum\" : 255 },"
    " \"u16\" : { " INT ", \"minimum\" : 0, \"maximum\" : 65535 },"
    " \"u32\" : { " LONG ", \"minimum\" : 0, \"maximum\" : 4294967295 },"
    " \"u64\" : { " LONG ", \"minimum\" : 0 },"
    " \"f\" : { \"bsonType\" : \"double\" }, \"d\" : { \"bsonType\" : \"double\" },"
    " \"text\" : { \"bsonType\" : \"string\", \"maxLength\" : 5 },"
    " \"code\" : { \"bsonType\" : \"string\", \"maxLength\" : 7 },"
    " \"mood\" : { \"enum\" : [ \"b\", \"a\" ] },"
    " \"at\" : { \"bsonType\" : \"date\" }, \"day\" : { \"bsonType\" : \"date\" },"
    " \"uuid\" : { \"bsonType\" : \"binData\" }, \"object\" : { \"bsonType\" : \"objectId\" },"
    " \"price\" : { \"bsonType\" : \"decimal\" }, \"bytes\" : { \"bsonType\" : \"binData\" },"
    " \"maybe\" : { " INT " } } } } }";

static void a_validator_knows_each_kind(void **state)
{
    (void)state;
    creates(OST_MODELS(&every_model));
    assert_string_equal(options_of("everything"), every_options);
}

/* Documents of other programs are held to it too. */
static void validators_hold(void **state)
{
    static const struct {
        const char *document;
        const char *code; /* NULL: it is taken */
    } rows[] = {
        { "{\"_id\": {\"$numberLong\": \"1\"}, \"code\": \"a\", \"open\": true}", NULL },
        { "{\"_id\": {\"$numberLong\": \"2\"}, \"code\": \"b\", \"open\": true, \"more\": 1}",
          NULL },
        { "{\"_id\": {\"$numberLong\": \"3\"}, \"open\": true}", "121 " },
        { "{\"_id\": {\"$numberLong\": \"3\"}, \"code\": null, \"open\": true}", "121 " },
        { "{\"_id\": {\"$numberLong\": \"3\"}, \"code\": \"c\", \"open\": 1}", "121 " },
        { "{\"_id\": 3, \"code\": \"c\", \"open\": true}", "121 " },
        { "{\"_id\": {\"$numberLong\": \"3\"}, \"code\": \"ccccccccccccccccccccc\","
          " \"open\": true}",
          "121 " },
        { "{\"_id\": {\"$numberLong\": \"3\"}, \"code\": \"a\", \"open\": true}", "11000 " },
    };
    (void)state;
    creates(OST_MODELS(&shelf_model));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char command[400];
        snprintf(command, sizeof command, "{\"insert\": \"shelves\", \"documents\": [%s]}",
                 rows[i].document);
        const char *said = server_refuses(url, command);
        if (!rows[i].code != !said || (said && strncmp(said, rows[i].code, 4) != 0))
            fail_msg("%s: %s", rows[i].document, said ? said : "was taken");
    }
}

/* ---- indexes ---- */

static void unique_members_get_indexes(void **state)
{
    (void)state;
    creates(OST_MODELS(&shelf_model, &seat_model));
    assert_string_equal(
        indexes_of("shelves"),
        "{ \"v\" : 2, \"key\" : { \"_id\" : 1 }, \"name\" : \"_id_\" }|"
        "{ \"v\" : 2, \"key\" : { \"code\" : 1 }, \"name\" : \"shelves_code_unique\","
        " \"unique\" : true }|"
        "{ \"v\" : 2, \"key\" : { \"no\" : 1 }, \"name\" : \"shelves_no_unique\","
        " \"unique\" : true, \"partialFilterExpression\" :"
        " { \"$and\" : [ { \"no\" : { \"$exists\" : true } } ] } }");
    const char *found = indexes_of("seats");
    assert_non_null(strstr(found, "\"key\" : { \"row\" : 1, \"letter\" : 1 },"
                                  " \"name\" : \"seats_primary_key\", \"unique\" : true }"));
    assert_non_null(strstr(found, "\"key\" : { \"price\" : -1, \"letter\" : 1 },"
                                  " \"name\" : \"ix_seats_price_letter\" }"));
    assert_non_null(strstr(found, "\"key\" : { \"shelf_id\" : 1, \"price\" : 1 },"
                                  " \"name\" : \"ux_seats_shelf_id_price\", \"unique\" : true,"
                                  " \"partialFilterExpression\" :"
                                  " { \"$and\" : [ { \"price\" : { \"$exists\" : true } } ] } }"));
}

static void what_is_absent_never_conflicts(void **state)
{
    (void)state;
    creates(OST_MODELS(&shelf_model));
    server_sql(url, "{\"insert\": \"shelves\", \"documents\": ["
                    "{\"_id\": {\"$numberLong\": \"1\"}, \"code\": \"a\", \"open\": true},"
                    "{\"_id\": {\"$numberLong\": \"2\"}, \"code\": \"b\", \"open\": true},"
                    "{\"_id\": {\"$numberLong\": \"3\"}, \"code\": \"c\", \"open\": true,"
                    " \"no\": 1}]}");
    const char *said =
        server_refuses(url, "{\"insert\": \"shelves\", \"documents\": [{\"_id\":"
                            " {\"$numberLong\": \"4\"}, \"code\": \"d\", \"open\": true,"
                            " \"no\": 1}]}");
    assert_non_null(said);
    assert_non_null(strstr(said, "shelves_no_unique"));
}

/* ---- partial indexes ---- */

#define COMPARE(op_, m, value) \
    OST_EXPR(.op = (op_), .model = &shelf_model, .member = OST_AT(shelf, m), .constant = (value))
#define PARTIAL(name_, where_)                                                \
    {                                                                         \
        OST_COLUMNS(OST_ASC(shelf, open)), .name = (name_), .where = (where_) \
    }

static const ost_index partial_indexes[] = {
    PARTIAL("p0", COMPARE(OST_OP_EQ, code, OST_TEXT("a$b"))),
    PARTIAL("p1", COMPARE(OST_OP_NE, code, OST_TEXT("a"))),
    PARTIAL("p2", OST_ARGS(OST_OP_NOT, COMPARE(OST_OP_LT, number, OST_INT(5)))),
    PARTIAL("p3", OST_ARGS(OST_OP_NOT, COMPARE(OST_OP_NE, open, OST_BOOL(true)))),
    PARTIAL("p4", OST_WHERE_NULL(shelf, closed_at)),
    PARTIAL("p5", OST_ARGS(OST_OP_NOT, OST_WHERE_NULL(shelf, closed_at))),
    PARTIAL("p6", OST_ARGS(OST_OP_NOT, OST_ARGS(OST_OP_AND, OST_WHERE_NULL(shelf, number),
                                                COMPARE(OST_OP_LE, number, OST_INT(-1))))),
    PARTIAL("p7", OST_ARGS(OST_OP_AND, COMPARE(OST_OP_GT, number, OST_INT(1)),
                           OST_ARGS(OST_OP_OR, COMPARE(OST_OP_GE, id, OST_INT(7)),
                                    COMPARE(OST_OP_LT, code, OST_TEXT("m"))))),
    { OST_COLUMNS(OST_ASC(shelf, number), OST_DESC(shelf, closed_at)), .name = "p8", .unique = true,
      .where = OST_WHERE_EQ(shelf, open, OST_BOOL(true)) },
    { .name = NULL },
};

static void conditions_of_partial_indexes(void **state)
{
    static const char *const expected[] = {
        "{ \"code\" : { \"$eq\" : \"a$b\" } }",
        "{ \"$or\" : [ { \"code\" : { \"$lt\" : \"a\" } },"
        " { \"code\" : { \"$gt\" : \"a\" } } ] }",
        "{ \"no\" : { \"$gte\" : 5 } }",
        "{ \"open\" : { \"$eq\" : true } }",
        "{ \"closed_at\" : null }",
        "{ \"closed_at\" : { \"$exists\" : true } }",
        "{ \"$or\" : [ { \"no\" : { \"$exists\" : true } }, { \"no\" : { \"$gt\" : -1 } } ] }",
        "{ \"$and\" : [ { \"no\" : { \"$gt\" : 1 } }, { \"$or\" :"
        " [ { \"_id\" : { \"$gte\" : 7 } }, { \"code\" : { \"$lt\" : \"m\" } } ] } ] }",
        "{ \"open\" : { \"$eq\" : true } }, { \"no\" : { \"$exists\" : true } },"
        " { \"closed_at\" : { \"$exists\" : true } }",
    };
    ost_model model = shelf_model;
    (void)state;
    model.indexes = partial_indexes;
    creates(OST_MODELS(&model));
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 "\"name\" : \"p%zu\",%s \"partialFilterExpression\" : { \"$and\" : [ %s ] }", i,
                 i == 8 ? " \"unique\" : true," : "", expected[i]);
        if (!strstr(indexes_of("shelves"), text))
            fail_msg("%s is not in: %s", text, indexes_of("shelves"));
    }
    creates(OST_MODELS(&model));
    assert_int_equal(atomic_load(&made), 0);
}

/* The server orders blobs by their length first. */
static const ost_value a_blob = { .type = OST_TYPE_BLOB, .as = { .blob = { "\x80", 1 } } };
static const ost_index blob_indexes[] = {
    { OST_COLUMNS(OST_ASC(seat, price)), .name = "p",
      .where = OST_EXPR(.op = OST_OP_LT, .model = &seat_model, .member = OST_AT(seat, key),
                        .constant = &a_blob) },
    { .name = NULL },
};

static void conditions_that_mean_something_else_are_refused(void **state)
{
    ost_model model = seat_model;
    (void)state;
    model.indexes = blob_indexes;
    fails(OST_UNSUPPORTED, "seat: the condition of index p", OST_MODELS(&shelf_model, &model));
    assert_string_equal(error.model, "seat");
}

/* ---- again, and beside others ---- */

static void a_second_run_makes_nothing(void **state)
{
    (void)state;
    creates(OST_MODELS(&every_model, &shelf_model, &seat_model));
    assert_int_equal(atomic_load(&made), 5);
    creates(OST_MODELS(&every_model, &shelf_model, &seat_model));
    assert_int_equal(atomic_load(&made), 0);
}

/* As after a program that ended between a collection and its indexes. */
static void unique_indexes_that_are_missing_are_made(void **state)
{
    (void)state;
    creates(OST_MODELS(&shelf_model, &seat_model));
    server_sql(url, "{\"dropIndexes\": \"shelves\", \"index\": \"shelves_code_unique\"}"
                    "{\"dropIndexes\": \"seats\", \"index\": \"seats_primary_key\"}");
    creates(OST_MODELS(&shelf_model, &seat_model));
    assert_true(has_index("shelves", "shelves_code_unique"));
    assert_true(has_index("seats", "seats_primary_key"));
    creates(OST_MODELS(&shelf_model, &seat_model));
    assert_int_equal(atomic_load(&made), 0);
}

static void collections_of_others_keep_their_rules(void **state)
{
    static const char *const makers[] = {
        "{\"create\": \"shelves\"}",
        ("{\"create\": \"shelves\", \"validator\": {\"$jsonSchema\": {\"title\": \"theirs\","
         " \"properties\": {\"x\": {}}}}, \"validationAction\": \"warn\"}"),
        "{\"create\": \"shelves\", \"validator\": {\"x\": {\"$exists\": false}}}",
    };
    char before[400];
    (void)state;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        server_sql(url, "{\"drop\": \"shelves\"}");
        server_sql(url, makers[i]);
        server_sql(url, "{\"insert\": \"shelves\", \"documents\": [{\"strange\": 1}]}");
        snprintf(before, sizeof before, "%s", options_of("shelves"));
        for (int again = 0; again < 2; again++) {
            creates(OST_MODELS(&shelf_model));
            assert_string_equal(options_of("shelves"), before);
            assert_true(has_index("shelves", "shelves_code_unique"));
        }
    }
}

static void a_member_that_is_missing_is_told(void **state)
{
    ost_failure failure;
    (void)state;
    creates(OST_MODELS(&shelf_model));
    fails(OST_SCHEMA, "table shelves has no column width for wide_shelf.width",
          OST_MODELS(&wide_shelf_model));
    assert_int_equal(atomic_load(&made), 0);
    assert_true(ost_error_failure(&error, 0, &failure));
    assert_string_equal(failure.path, "wide_shelf.width");
    assert_false(ost_error_failure(&error, 1, &failure));
}

static void an_index_of_another_definition_is_told(void **state)
{
    (void)state;
    server_sql(url, "{\"createIndexes\": \"seats\", \"indexes\": [{\"key\": {\"letter\": 1},"
                    " \"name\": \"ix_seats_price_letter\"}]}");
    fails(OST_SCHEMA, "ix_seats_price_letter", OST_MODELS(&shelf_model, &seat_model));
    assert_string_equal(error.model, "seat");
    assert_string_equal(error.constraint, "ix_seats_price_letter");
    server_sql(url, "{\"dropIndexes\": \"seats\", \"index\": \"ix_seats_price_letter\"}"
                    "{\"createIndexes\": \"seats\", \"indexes\": [{\"name\": \"theirs\","
                    " \"key\": {\"price\": -1, \"letter\": 1}}]}");
    fails(OST_SCHEMA, "ix_seats_price_letter", OST_MODELS(&shelf_model, &seat_model));
    server_sql(url, "{\"dropIndexes\": \"seats\", \"index\": \"theirs\"}");
    creates(OST_MODELS(&shelf_model, &seat_model));
}

static void values_that_are_there_twice_are_told(void **state)
{
    (void)state;
    server_sql(url, "{\"insert\": \"shelves\", \"documents\": [{\"code\": \"a\"},"
                    " {\"code\": \"a\"}]}");
    fails(OST_CONFLICT, "shelf", OST_MODELS(&shelf_model));
    assert_null(strstr(error.message, "\"a\""));
}

static void a_view_is_told(void **state)
{
    (void)state;
    server_sql(url, "{\"create\": \"shelves\", \"viewOn\": \"boards\", \"pipeline\": []}");
    fails(OST_SCHEMA, "is a view", OST_MODELS(&shelf_model));
}

/* More collections than one portion of the list has. */
static void all_collections_are_described(void **state)
{
    (void)state;
    for (int i = 0; i < 110; i++) {
        char command[200];
        snprintf(command, sizeof command,
                 "{\"create\": \"more%d\", \"validator\": {\"$jsonSchema\": {\"title\":"
                 " \"ostler\", \"properties\": {}}}}",
                 i);
        server_sql(url, command);
    }
    creates(OST_MODELS(&every_model, &shelf_model, &seat_model));
    creates(OST_MODELS(&every_model, &shelf_model, &seat_model));
    assert_int_equal(atomic_load(&made), 0);
}

/* ---- at the same time ---- */

enum { PROGRAMS = 6 };

static void *create_at_once(void *given)
{
    ost_db *db;
    ost_error *e = given;
    if (ost_open(OST_OPTIONS(.url = url, .models = OST_MODELS(&shelf_model, &seat_model),
                             .drivers = OST_DRIVERS(ost_driver_mongo())),
                 &db, e) == OST_OK)
        (void)ost_create_tables(db, e);
    ost_close(db);
    return NULL;
}

static void programs_may_create_at_once(void **state)
{
    pthread_t threads[PROGRAMS];
    static ost_error errors[PROGRAMS];
    (void)state;
    memset(errors, 0, sizeof errors);
    for (size_t i = 0; i < PROGRAMS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, create_at_once, &errors[i]), 0);
    for (size_t i = 0; i < PROGRAMS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < PROGRAMS; i++)
        if (errors[i].status != OST_OK)
            fail_msg("%s", errors[i].message);
    creates(OST_MODELS(&shelf_model, &seat_model));
    assert_int_equal(atomic_load(&made), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_validator_knows_each_kind, begin, end),
        cmocka_unit_test_setup_teardown(validators_hold, begin, end),
        cmocka_unit_test_setup_teardown(unique_members_get_indexes, begin, end),
        cmocka_unit_test_setup_teardown(what_is_absent_never_conflicts, begin, end),
        cmocka_unit_test_setup_teardown(conditions_of_partial_indexes, begin, end),
        cmocka_unit_test_setup_teardown(conditions_that_mean_something_else_are_refused, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_second_run_makes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(unique_indexes_that_are_missing_are_made, begin, end),
        cmocka_unit_test_setup_teardown(collections_of_others_keep_their_rules, begin, end),
        cmocka_unit_test_setup_teardown(a_member_that_is_missing_is_told, begin, end),
        cmocka_unit_test_setup_teardown(an_index_of_another_definition_is_told, begin, end),
        cmocka_unit_test_setup_teardown(values_that_are_there_twice_are_told, begin, end),
        cmocka_unit_test_setup_teardown(a_view_is_told, begin, end),
        cmocka_unit_test_setup_teardown(all_collections_are_described, begin, end),
        cmocka_unit_test_setup_teardown(programs_may_create_at_once, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
