/* SPDX-License-Identifier: MIT */
/* What the server's errors mean. */
#include "mongo/links.h"

#include "mongo/failing.h"

static void say(const made *m, int32_t code, const char *text, ost_error *e)
{
    memset(e, 0, sizeof *e);
    ost__mongo_classify(m ? &m->op : NULL, code, NULL, text, e);
    assert_int_equal(e->native_code, code);
}

/* ---- by number ---- */

static void codes_have_meanings(void **state)
{
    static const struct {
        int32_t code;
        ost_status status;
        int retryable, nothing_sent;
    } codes[] = {
        { 11000, OST_CONFLICT, 0, 0 },
        { 11001, OST_CONFLICT, 0, 0 },
        { 12582, OST_CONFLICT, 0, 0 },
        { 112, OST_SERIALIZATION, 1, 0 },
        { 251, OST_SERIALIZATION, 1, 0 },
        { 225, OST_SERIALIZATION, 1, 0 },
        { 246, OST_SERIALIZATION, 1, 0 },
        { 290, OST_SERIALIZATION, 1, 0 },
        { 24, OST_LOCK_TIMEOUT, 0, 0 },
        { 46, OST_LOCK_TIMEOUT, 0, 0 },
        { 50, OST_TIMEOUT, 0, 0 },
        { 262, OST_TIMEOUT, 0, 0 },
        { 11601, OST_TIMEOUT, 0, 0 },
        { 10107, OST_CONNECTION, 0, 1 },
        { 13435, OST_CONNECTION, 0, 1 },
        { 11602, OST_CONNECTION, 0, 0 },
        { 189, OST_CONNECTION, 0, 0 },
        { 91, OST_CONNECTION, 0, 0 },
        { 11600, OST_CONNECTION, 0, 0 },
        { 13, OST_AUTH, 0, 0 },
        { 18, OST_AUTH, 0, 0 },
        { 121, OST_CHECK, 0, 0 },
        { 241, OST_RANGE, 0, 0 },
        { 14, OST_RANGE, 0, 0 },
        { 10334, OST_TOO_LARGE, 0, 0 },
        { 17419, OST_TOO_LARGE, 0, 0 },
        { 17420, OST_TOO_LARGE, 0, 0 },
        { 388, OST_TOO_LARGE, 0, 0 },
        { 365, OST_SERIALIZATION, 1, 0 },
        { 146, OST_TOO_LARGE, 0, 0 },
        { 26, OST_SCHEMA, 0, 0 },
        { 85, OST_SCHEMA, 0, 0 },
        { 20, OST_UNSUPPORTED, 0, 0 },
        { 263, OST_UNSUPPORTED, 0, 0 },
        { 43, OST_DRIVER_ERROR, 0, 0 },
        { 2, OST_DRIVER_ERROR, 0, 0 },
        { 987654, OST_DRIVER_ERROR, 0, 0 },
        { 0, OST_DRIVER_ERROR, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        ost_error e;
        say(NULL, codes[i].code, "said the server", &e);
        if (e.status != codes[i].status || e.retryable != codes[i].retryable ||
            e.nothing_sent != codes[i].nothing_sent || e.message[0] == '\0' ||
            (e.message[0] >= 'A' && e.message[0] <= 'Z'))
            fail_msg("%d: %s, retryable %d, nothing sent %d: %s", codes[i].code,
                     ost_status_name((ost_status)e.status), e.retryable, e.nothing_sent, e.message);
    }
}

static void an_unknown_code_repeats_no_text(void **state)
{
    ost_error e;
    (void)state;
    say(NULL, 2, "bad value: hush", &e);
    assert_null(strstr(e.message, "hush"));
    assert_non_null(strstr(e.message, "error 2"));
    ost__mongo_classify(NULL, 2, NULL, NULL, &e);
    ost__mongo_classify(NULL, 2, NULL, "x", NULL);
    assert_int_equal(e.status, OST_DRIVER_ERROR);
}

/* ---- by text ---- */

static void a_duplicate_names_field_and_index(void **state)
{
    static const struct {
        const char *text, *field, *constraint;
    } texts[] = {
        { "E11000 duplicate key error collection: d.things index: _id_ dup key: { _id: 77 }", "id",
          "_id_" },
        { "E11000 duplicate key error collection: d.things index: things_name_unique dup key: { "
          "name: \"hush\" }",
          "name", "things_name_unique" },
        { "E11000 duplicate key error collection: d.things index: other dup key: { name: \" "
          "index: _id_ dup key: hush\" }",
          "", "other" },
        { "E11000 duplicate key error", "", "" },
        { "E11000 duplicate key error collection: d.things index: ", "", "" },
    };
    links_world w;
    (void)state;
    memset(&w, 0, sizeof w);
    bench_try(&w.b, ost_driver_mongo(), "mongodb:none");
    w.things = bench_table(&w.b, &thing_model);
    made *m = make(&w.b, OST_DO_INSERT, w.things);
    m->op.shape = &m->shape;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ost_error e;
        say(m, 11000, texts[i].text, &e);
        assert_string_equal(e.model, "thing");
        assert_string_equal(e.field, texts[i].field);
        assert_string_equal(e.constraint, texts[i].constraint);
        assert_null(strstr(e.message, "hush"));
        assert_null(strstr(e.message, "77"));
    }
    bench_close(&w.b);
}

static void our_own_refusals_are_understood(void **state)
{
    static const struct {
        const char *text;
        ost_status status;
        const char *field, *constraint;
    } texts[] = {
        { "Failed to parse number 'ostler:max:n' in $convert with no onError value", OST_INVALID,
          "n", "max" },
        { "Failed to parse number 'ostler:min:n' in $convert with no onError value", OST_INVALID,
          "n", "min" },
        { "Failed to parse number 'ostler:range:n' in $convert", OST_RANGE, "n", "range" },
        { "Failed to parse number 'ostler:max:name' in $convert", OST_INVALID, "name", "max" },
        { "Failed to parse number 'ostler:max:none' in $convert", OST_INVALID, "", "max" },
        { "Failed to parse number 'ostler:odd:n' in $convert", OST_RANGE, "", "" },
        { "Failed to parse number 'ostler:max", OST_RANGE, "", "" },
    };
    links_world w;
    (void)state;
    memset(&w, 0, sizeof w);
    bench_try(&w.b, ost_driver_mongo(), "mongodb:none");
    w.things = bench_table(&w.b, &thing_model);
    made *m = make(&w.b, OST_DO_UPDATE, w.things);
    m->op.shape = &m->shape;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ost_error e;
        say(m, 241, texts[i].text, &e);
        if (e.status != texts[i].status || strcmp(e.field, texts[i].field) != 0 ||
            strcmp(e.constraint, texts[i].constraint) != 0)
            fail_msg("%s: %u %s %s", texts[i].text, e.status, e.field, e.constraint);
    }
    bench_close(&w.b);
}

/* ---- of a real server ---- */

static void writes_are_refused_with_a_field(void **state)
{
    links_world *w = *state;
    assert_int_equal(links_insert_on(w, w->b.c, 1, "a"), OST_OK);
    assert_int_equal(links_insert_on(w, w->b.c, 1, "hush"), OST_CONFLICT);
    assert_string_equal(w->b.error.field, "id");
    assert_string_equal(w->b.error.constraint, "_id_");
    assert_int_equal(w->b.outcome.failed_record, 0);
    assert_int_equal(links_write(w, "{\"insert\": \"things\", \"documents\": [{\"_id\": 2, "
                                    "\"name\": \"b\"}, {\"_id\": 3, \"name\": \"a\"}]}"),
                     OST_CONFLICT);
    assert_string_equal(w->b.error.field, "name");
    assert_string_equal(w->b.error.constraint, "things_name_unique");
    assert_int_equal(w->b.outcome.failed_record, 1);
    assert_null(strstr(w->b.error.message, "\"a\""));
    /* The same of a command that answers in another way. */
    assert_int_equal(links_write(w, "{\"findAndModify\": \"things\", \"query\": {\"_id\": 2}, "
                                    "\"update\": {\"$set\": {\"name\": \"a\"}}}"),
                     OST_CONFLICT);
    assert_string_equal(w->b.error.field, "name");
    assert_true(w->b.driver->alive(w->b.c));
}

static void sums_that_do_not_fit_are_out_of_range(void **state)
{
    links_world *w = *state;
    server_sql(w->url, "{\"insert\": \"things\", \"documents\": [{\"_id\": 1, \"name\": \"a\", "
                       "\"n\": {\"$numberLong\": \"9223372036854775807\"}}]}");
    assert_int_equal(links_raise_on(w, w->b.c, 1), OST_RANGE);
    assert_null(strstr(w->b.error.message, "922337"));
    server_sql(w->url, "{\"update\": \"things\", \"updates\": [{\"q\": {}, \"u\": {\"$set\": "
                       "{\"n\": \"text\"}}}]}");
    assert_int_equal(links_raise_on(w, w->b.c, 1), OST_RANGE);
}

/* What somebody wrote is refused: status and member, whatever form the validator has. */
static void a_validator_names_the_field(void **state)
{
    static const struct {
        const char *validator, *document;
        ost_status status;
        const char *field;
    } cases[] = {
        { "{\"$jsonSchema\": {\"properties\": {\"n\": {\"bsonType\": \"int\"}}}}",
          "{\"_id\": 1, \"name\": \"hush\", \"n\": \"hush\"}", OST_CHECK, "n" },
        { "{\"$jsonSchema\": {\"properties\": {\"n\": {\"bsonType\": \"int\"}}}}",
          "{\"_id\": 1, \"n\": null}", OST_NOT_NULL, "n" },
        { "{\"$jsonSchema\": {\"properties\": {\"name\": {\"enum\": [\"a\"]}}}}",
          "{\"_id\": 1, \"name\": null}", OST_NOT_NULL, "name" },
        { "{\"$jsonSchema\": {\"required\": [\"n\", \"name\"]}}", "{\"_id\": 1, \"n\": 2}",
          OST_NOT_NULL, "name" },
        /* Somebody else's. */
        { "{\"$jsonSchema\": {\"required\": [\"other\"]}}", "{\"_id\": 1, \"n\": 2}", OST_NOT_NULL,
          "" },
        /* Of two the one that wants a value. */
        { "{\"$jsonSchema\": {\"properties\": {\"n\": {\"maximum\": 4}}, \"required\": "
          "[\"name\"]}}",
          "{\"_id\": 1, \"n\": 5}", OST_NOT_NULL, "name" },
        { "{\"$jsonSchema\": {\"allOf\": [{\"required\": [\"name\"]}]}}", "{\"_id\": 1}",
          OST_NOT_NULL, "name" },
        /* A value inside of the member is not the member. */
        { "{\"$jsonSchema\": {\"properties\": {\"name\": {\"required\": [\"n\"]}}}}",
          "{\"_id\": 1, \"name\": {\"hush\": 1}}", OST_CHECK, "name" },
        { "{\"$and\": [{\"$jsonSchema\": {\"required\": [\"n\"]}}, {\"name\": {\"$exists\": "
          "true}}]}",
          "{\"_id\": 1, \"name\": \"hush\"}", OST_NOT_NULL, "n" },
        /* Its name, if it is one. */
        { "{\"$jsonSchema\": {\"properties\": {\"n\": {\"maximum\": 4, \"description\": "
          "\"n_small\"}}}}",
          "{\"_id\": 1, \"n\": 5}", OST_CHECK, "n" },
        { "{\"$jsonSchema\": {\"properties\": {\"n\": {\"maximum\": 4, \"description\": \"no "
          "more than 4\"}}}}",
          "{\"_id\": 1, \"n\": 5}", OST_CHECK, "n" },
        { "{\"$jsonSchema\": {\"properties\": {\"name\": {\"maxLength\": 4, \"description\": "
          "\"things_name_unique\"}}}}",
          "{\"_id\": 1, \"name\": \"hush hush\"}", OST_CHECK, "name" },
        { "{\"n\": {\"$exists\": true}}", "{\"_id\": 1}", OST_NOT_NULL, "n" },
        { "{\"n\": {\"$type\": \"int\"}}", "{\"_id\": 1}", OST_NOT_NULL, "n" },
        { "{\"n\": {\"$ne\": null}}", "{\"_id\": 1}", OST_NOT_NULL, "n" },
        { "{\"n\": {\"$lt\": 50}}", "{\"_id\": 1, \"n\": 60}", OST_CHECK, "n" },
        /* One of several would do: none is to blame. */
        { "{\"$or\": [{\"n\": {\"$exists\": true}}, {\"name\": {\"$exists\": true}}]}",
          "{\"_id\": 1}", OST_CHECK, "" },
        { "{\"$jsonSchema\": {\"minProperties\": 3}}", "{\"_id\": 1}", OST_CHECK, "" },
        { "{\"$expr\": {\"$lt\": [\"$n\", 50]}}", "{\"_id\": 1, \"n\": 60}", OST_CHECK, "" },
    };
    links_world *w = *state;
    char json[600];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(json, sizeof json, "{\"collMod\": \"things\", \"validator\": %s}",
                 cases[i].validator);
        server_sql(w->url, json);
        snprintf(json, sizeof json, "{\"insert\": \"things\", \"documents\": [%s]}",
                 cases[i].document);
        ost_status status = links_write(w, json);
        if (status != cases[i].status || strcmp(w->b.error.field, cases[i].field) != 0)
            fail_msg("%s: %s, %s: %s", cases[i].validator, ost_status_name(status),
                     w->b.error.field, w->said);
        assert_int_equal(w->b.error.native_code, 121);
        assert_string_equal(w->b.error.constraint,
                            strstr(cases[i].validator, "n_small") ? "n_small" : "validator");
        assert_null(strstr(w->b.error.message, "hush"));
        assert_true(w->b.driver->alive(w->b.c));
    }
}

static void a_document_can_be_too_large(void **state)
{
    links_world *w = *state;
    char *json = malloc(18 << 20);
    size_t head = (size_t)sprintf(json, "{\"insert\": \"things\", \"documents\": [{\"_id\": 1, "
                                        "\"name\": \"");
    memset(json + head, 'x', 17 << 20);
    strcpy(json + head + (17 << 20), "\"}]}");
    ost_status status = links_write(w, json);
    free(json);
    assert_int_equal(status, OST_TOO_LARGE);
}

/* The text in place of the mark. */
static void write_in(char *out, size_t size, const char *form, const char *text)
{
    const char *mark = strstr(form, "%s");
    snprintf(out, size, "%.*s%s%s", (int)(mark - form), form, text, mark + 2);
}

/* A document grows on the server, in whatever way: nothing of it is done. */
static void a_document_can_become_too_large(void **state)
{
    static const char *const ways[] = {
        "{\"update\": \"things\", \"updates\": [{\"q\": {\"_id\": 1}, \"u\": {\"$set\": "
        "{\"more\": \"%s\"}}}]}",
        "{\"update\": \"things\", \"updates\": [{\"q\": {\"_id\": 1}, \"u\": [{\"$set\": "
        "{\"more\": {\"$concat\": [\"$name\", \"%s\"]}}}]}]}",
        "{\"update\": \"things\", \"updates\": [{\"q\": {\"_id\": 1}, \"u\": [{\"$set\": "
        "{\"more\": {\"$literal\": \"%s\"}}}]}]}",
        "{\"findAndModify\": \"things\", \"query\": {\"_id\": 1}, \"update\": {\"$set\": "
        "{\"more\": \"%s\"}}}",
        "{\"aggregate\": \"things\", \"cursor\": {}, \"pipeline\": [{\"$project\": {\"c\": "
        "{\"$concat\": [\"$name\", \"$name\"]}, \"d\": {\"$literal\": \"%s\"}}}]}",
    };
    enum { HALF = 9 << 20 };
    links_world *w = *state;
    char *text = malloc(HALF + 1), *json = malloc(HALF + 400);
    memset(text, 'x', HALF);
    text[HALF] = '\0';
    snprintf(json, HALF + 400,
             "{\"insert\": \"things\", \"documents\": [{\"_id\": 1, \"name\": \"%s\"}]}", text);
    assert_int_equal(links_write(w, json), OST_OK);
    for (int unit = 0; unit < 2; unit++)
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            if (unit)
                assert_int_equal(links_begin_on(w, w->b.c, OST_DEFAULT_ISOLATION, OST_ACCESS_WRITE),
                                 OST_OK);
            write_in(json, HALF + 400, ways[i], text);
            ost_status status = links_write(w, json);
            if (status != OST_TOO_LARGE || !w->b.driver->alive(w->b.c))
                fail_msg("way %zu: %s, %d: %s: %s", i, ost_status_name(status),
                         w->b.error.native_code, w->b.error.message, w->said);
            assert_string_equal(w->b.error.model, "thing");
            if (unit)
                assert_int_equal(links_end_on(w, w->b.c, OST_DO_ROLLBACK, 10000), OST_OK);
        }
    assert_int_equal(links_count(w), 1);
    assert_string_equal(
        server_text(w->url, "{\"find\": \"things\", \"projection\": {\"name\": 0}}"),
        "{ \"_id\" : 1 }");
    free(json);
    free(text);
}

static void the_server_keeps_the_time(void **state)
{
    links_world *w = *state;
    server_sql(w->url, "{\"insert\": \"things\", \"documents\": [{\"_id\": 1, \"name\": \"a\"}]}");
    assert_int_equal(links_say_on(w, w->b.c, OST__MONGO_READS, OST__MONGO_ENDLESS,
                                  "{\"find\": \"things\", \"maxTimeMS\": 100, \"filter\": "
                                  "{\"$where\": \"sleep(3000) || true\"}}",
                                  20000),
                     OST_TIMEOUT);
    /* It was the server that said so: the connection is as good as before. */
    assert_int_equal(w->b.error.native_code, 50);
    assert_true(w->b.driver->alive(w->b.c));
    assert_int_equal(w->b.driver->settle(w->b.c, bench_now(&w->b)), OST_OK);
    assert_int_equal(links_read(w, "{\"find\": \"things\"}"), OST_OK);
}

static void the_server_has_a_little_less_time_than_we(void **state)
{
    links_world *w = *state;
    ost_connection *c = w->b.c;
    c->deadline = INT64_MAX;
    assert_int_equal(ost__mongo_max_time(c), 0);
    c->deadline = links_in(w, -5);
    assert_int_equal(ost__mongo_max_time(c), 1);
    c->deadline = links_in(w, 5000);
    assert_in_range(ost__mongo_max_time(c), 4000, 4999);
    /* Commands say it, but for those that do not take it. */
    static const struct {
        const char *name;
        uint16_t flags;
        bool says;
    } commands[] = { { "find", 0, true },
                     { "find", OST_FLAG_STREAM, false },
                     { "aggregate", OST_FLAG_STREAM, false },
                     { "update", OST_FLAG_STREAM, true },
                     { "getMore", 0, false },
                     { "killCursors", 0, false } };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const ost_operation op = { .struct_size = sizeof op, .flags = commands[i].flags };
        ost__mongo_run r = { .c = c, .op = &op, .outcome = &w->b.outcome, .error = &w->b.error };
        bson_t command = BSON_INITIALIZER, reply;
        BSON_APPEND_UTF8(&command, commands[i].name, "things");
        c->deadline = links_in(w, 5000);
        c->interrupted = OST_OK;
        (void)ost__mongo_command(&r, OST__MONGO_PLAIN, 0, &command, &reply);
        if (bson_has_field(&command, "maxTimeMS") != commands[i].says)
            fail_msg("%s", commands[i].name);
        bson_destroy(&reply);
        bson_destroy(&command);
    }
}

static void fail_with(links_world *w, const char *command, const char *what)
{
    failing(w->url, command, 1, what);
}

/* What is repeated is done once, and what can be repeated is not told. */
static void fm31_a_lost_answer_is_asked_for_again(void **state)
{
    static const struct {
        const char *name, *text;
    } commands[] = {
        { "insert", "{\"insert\": \"things\", \"documents\": [{\"_id\": 7, \"name\": \"x\"}]}" },
        { "update",
          "{\"update\": \"things\", \"updates\": [{\"q\": {\"_id\": 1}, \"u\": {\"$inc\": {\"n\": "
          "1}}}]}" },
        { "findAndModify",
          "{\"findAndModify\": \"things\", \"query\": {\"_id\": 1}, \"update\": {\"$inc\": {\"n\": "
          "1}}}" },
        { "delete",
          "{\"delete\": \"things\", \"deletes\": [{\"q\": {\"_id\": 7}, \"limit\": 1}]}" },
    };
    links_world *w = *state;
    assert_int_equal(links_insert_on(w, w->b.c, 1, "a"), OST_OK);
    for (int way = 0; way < 3; way++) {
        static const char *const ways[] = {
            "\"closeConnection\": true",
            "\"errorCode\": 91, \"errorLabels\": [\"RetryableWriteError\"]",
            "\"writeConcernError\": {\"code\": 91}, \"errorLabels\": [\"RetryableWriteError\"]",
        };
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
            fail_with(w, commands[i].name, ways[way]);
            ost_status status = links_write(w, commands[i].text);
            if (status != OST_OK)
                fail_msg("%s, %s: %s: %s", commands[i].name, ways[way], ost_status_name(status),
                         w->b.error.message);
            assert_int_equal(w->b.c->lost, 0);
        }
    }
    assert_string_equal(server_text(w->url, "{\"find\": \"things\"}"),
                        "{ \"_id\" : 1, \"name\" : \"a\", \"n\" : 7 }");
    /* What meets many is not remembered by the server. */
    fail_with(w, "update", "\"closeConnection\": true");
    assert_int_equal(links_write(w, "{\"update\": \"things\", \"updates\": [{\"q\": {}, \"u\": "
                                    "{\"$inc\": {\"n\": 1}}, \"multi\": true}]}"),
                     OST_CONNECTION);
    assert_int_equal(w->b.error.nothing_sent, 0);
    assert_int_equal(w->b.c->lost, 1);
}

static void fm30_labels_are_obeyed(void **state)
{
    links_world *w = *state;
    assert_int_equal(links_insert_on(w, w->b.c, 1, "a"), OST_OK);
    fail_with(w, "find", "\"errorCode\": 91");
    assert_int_equal(links_read(w, "{\"find\": \"things\"}"), OST_OK);
    fail_with(w, "find", "\"closeConnection\": true");
    assert_int_equal(links_read(w, "{\"find\": \"things\"}"), OST_OK);
    assert_int_equal(w->b.c->lost, 0);
    fail_with(w, "findAndModify", "\"closeConnection\": true");
    assert_int_equal(links_write(w, "{\"findAndModify\": \"things\", \"query\": {\"_id\": 1}, "
                                    "\"update\": {\"$inc\": {\"n\": 1}}}"),
                     OST_OK);
    /* In a transaction all of it is run again. */
    assert_int_equal(links_begin_on(w, w->b.c, OST_DEFAULT_ISOLATION, OST_ACCESS_WRITE), OST_OK);
    fail_with(w, "find", "\"errorCode\": 91, \"errorLabels\": [\"TransientTransactionError\"]");
    assert_int_equal(links_read(w, "{\"find\": \"things\"}"), OST_SERIALIZATION);
    assert_int_equal(w->b.error.retryable, 1);
    assert_int_equal(links_end_on(w, w->b.c, OST_DO_ROLLBACK, 10000), OST_OK);
    /* And of a commit that is not known the commit alone. */
    assert_int_equal(links_begin_on(w, w->b.c, OST_DEFAULT_ISOLATION, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(links_raise_on(w, w->b.c, 1), OST_OK);
    fail_with(w, "commitTransaction",
              "\"errorCode\": 50, \"errorLabels\": [\"UnknownTransactionCommitResult\"]");
    assert_int_equal(links_end_on(w, w->b.c, OST_DO_COMMIT, 10000), OST_OK);
    assert_string_equal(server_text(w->url, "{\"find\": \"things\"}"),
                        "{ \"_id\" : 1, \"name\" : \"a\", \"n\" : 3 }");
}

static void fm20_a_server_that_only_reads_has_done_nothing(void **state)
{
    links_world *w = *state;
    /* It is asked who writes instead. */
    fail_with(w, "insert", "\"errorCode\": 10107");
    assert_int_equal(links_insert_on(w, w->b.c, 1, "a"), OST_OK);
    failing(w->url, "insert", 0, "\"errorCode\": 10107");
    assert_int_equal(links_say_on(w, w->b.c, OST__MONGO_WRITES, 0,
                                  "{\"insert\": \"things\", \"documents\": [{\"_id\": 9}]}", 1000),
                     OST_CONNECTION);
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_int_equal(w->b.c->lost, 0);
    failing_ends(w->url);
    /* One that stops in the middle of a write may have done it. */
    fail_with(w, "delete", "\"errorCode\": 11602");
    assert_int_equal(links_write(w, "{\"delete\": \"things\", \"deletes\": [{\"q\": {}, "
                                    "\"limit\": 0}]}"),
                     OST_CONNECTION);
    assert_int_equal(w->b.error.nothing_sent, 0);
    assert_int_equal(w->b.c->lost, 1);
}

static void a_write_that_is_not_safe_is_not_known(void **state)
{
    links_world *w = *state;
    fail_with(w, "insert",
              "\"writeConcernError\": {\"code\": 64, \"errmsg\": \"waiting for replication timed "
              "out\"}");
    assert_int_equal(links_insert_on(w, w->b.c, 1, "a"), OST_UNKNOWN_OUTCOME);
    assert_int_equal(w->b.error.native_code, 64);
    assert_int_equal(links_count(w), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_meanings),
        cmocka_unit_test(an_unknown_code_repeats_no_text),
        cmocka_unit_test(a_duplicate_names_field_and_index),
        cmocka_unit_test(our_own_refusals_are_understood),
        cmocka_unit_test_setup_teardown(writes_are_refused_with_a_field, links_begin, links_end),
        cmocka_unit_test_setup_teardown(sums_that_do_not_fit_are_out_of_range, links_begin,
                                        links_end),
        cmocka_unit_test_setup_teardown(a_validator_names_the_field, links_begin, links_end),
        cmocka_unit_test_setup_teardown(a_document_can_be_too_large, links_begin, links_end),
        cmocka_unit_test_setup_teardown(a_document_can_become_too_large, links_begin, links_end),
        cmocka_unit_test_setup_teardown(the_server_keeps_the_time, links_begin, links_end),
        cmocka_unit_test_setup_teardown(the_server_has_a_little_less_time_than_we, links_begin,
                                        links_end),
        cmocka_unit_test_setup_teardown(fm31_a_lost_answer_is_asked_for_again, links_begin,
                                        links_end),
        cmocka_unit_test_setup_teardown(fm30_labels_are_obeyed, links_begin, links_end),
        cmocka_unit_test_setup_teardown(fm20_a_server_that_only_reads_has_done_nothing, links_begin,
                                        links_end),
        cmocka_unit_test_setup_teardown(a_write_that_is_not_safe_is_not_known, links_begin,
                                        links_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
