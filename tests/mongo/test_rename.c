/* SPDX-License-Identifier: MIT */
/* Members under another name: whichever command of it fails, the next run goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing.h"
#include "ostler/ostler.h"
#include "support/servers.h"

typedef struct before {
    int64_t id;
    const char *mail;
    const char *alias;
    ost_opt_int age;
} before;
OST_RECORD(before, id);
OST_MODEL(before, .table = "people",
          OST_FIELDS(OST_FIELD(before, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(before, mail, .not_null = true, .unique = true, .max_length = 20),
                     OST_FIELD(before, alias, .max_length = 20), OST_FIELD(before, age)),
          OST_INDEXES(OST_INDEX(OST_ASC(before, alias)),
                      { OST_COLUMNS(OST_ASC(before, alias), OST_ASC(before, mail)), .name = "both",
                        .unique = true }));
typedef struct after {
    int64_t id;
    const char *email;
    const char *nick;
    ost_opt_int age;
} after;
OST_RECORD(after, id);
OST_MODEL(after, .table = "people",
          OST_FIELDS(OST_FIELD(after, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(after, email, .not_null = true, .unique = true, .max_length = 20,
                               .was = "mail"),
                     OST_FIELD(after, nick, .max_length = 20, .was = "alias"),
                     OST_FIELD(after, age)),
          OST_INDEXES(OST_INDEX(OST_ASC(after, nick)),
                      { OST_COLUMNS(OST_ASC(after, nick), OST_ASC(after, email)), .name = "both",
                        .unique = true }));

static ost_db *open_models(const char *url, const ost_model *const *models)
{
    ost_db *db;
    ost_error e;
    if (ost_open(
            OST_OPTIONS(.url = url, .drivers = OST_DRIVERS(ost_driver_mongo()), .models = models),
            &db, &e) != OST_OK)
        fail_msg("%s", e.message);
    return db;
}

static void make_former(const char *url)
{
    ost_error e;
    ost_session *s;
    ost_db *db = open_models(url, OST_MODELS(&before_model));
    assert_int_equal(ost_create_tables(db, &e), OST_OK);
    assert_int_equal(ost_session_open(db, NULL, &s, &e), OST_OK);
    for (int i = 0; i < 5; i++) {
        char mail[8];
        snprintf(mail, sizeof mail, "m%d", i);
        assert_int_equal(ost_insert(s, before, &(before){ .mail = mail, .alias = mail }), OST_OK);
    }
    ost_session_close(s);
    ost_close(db);
}

static void expect_renamed(const char *url, ost_db *db)
{
    ost_error e;
    ost_session *s;
    size_t count;
    assert_int_equal(ost_session_open(db, NULL, &s, &e), OST_OK);
    ost_query *q = ost_from(s, after);
    ost_order_by(q, ost_asc(after, id));
    after *p = ost_all(q, after, &count);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        char mail[8];
        snprintf(mail, sizeof mail, "m%d", (int)i);
        assert_string_equal(p[i].email, mail);
        assert_string_equal(p[i].nick, mail);
    }
    assert_int_equal(ost_insert(s, after, &(after){ .email = "m1" }), OST_CONFLICT);
    assert_string_equal(ost_session_error(s)->field, "email");
    ost_session_close(s);
    const char *indexes = server_text(url, "{\"listIndexes\": \"people\"}");
    assert_null(strstr(indexes, "\"mail\""));
    assert_null(strstr(indexes, "\"alias\""));
    assert_non_null(strstr(indexes, "\"people_email_unique\""));
    assert_non_null(strstr(indexes, "\"ix_people_nick\""));
    assert_non_null(strstr(indexes, "\"both\""));
    assert_null(strstr(server_text(url, "{\"listCollections\": 1}"), "\"title\" : \"mail\""));
}

/* The command fails from its nth turn on; how often it was sent until it no longer matters. */
static int break_off_at_each(const char *command)
{
    for (int turn = 0; turn < 40; turn++) {
        const char *url = server_url_with(server_database(SERVER_MONGODB, NULL), failing_option());
        const char *plain = url;
        ost_error e;
        make_former(url);
        ost_db *db = open_models(url, OST_MODELS(&after_model));
        failing_after(url, command, turn, "\"errorCode\": 8000");
        ost_status status = ost_create_tables(db, &e);
        failing_ends(url);
        if (status != OST_OK && ost_create_tables(db, &e) != OST_OK)
            fail_msg("%s, turn %d: %s", command, turn, e.message);
        expect_renamed(plain, db);
        /* And that was all. */
        ost_close(db);
        db = open_models(url, OST_MODELS(&after_model));
        failing(url, "collMod", 0, "\"errorCode\": 8000");
        assert_int_equal(ost_create_tables(db, &e), OST_OK);
        failing_ends(url);
        ost_close(db);
        if (status == OST_OK)
            return turn;
    }
    fail_msg("%s fails without end", command);
    return 0;
}

static void what_broke_off_is_gone_on_with(void **state)
{
    (void)state;
    assert_int_equal(break_off_at_each("collMod"), 2);
    assert_int_equal(break_off_at_each("update"), 1);
    assert_int_equal(break_off_at_each("createIndexes"), 3);
    assert_int_equal(break_off_at_each("dropIndexes"), 3);
}

/* A document that was moved by hand, and one that has neither. */
static void documents_are_moved_once(void **state)
{
    const char *url = server_database(SERVER_MONGODB, NULL);
    ost_error e;
    (void)state;
    make_former(url);
    server_sql(url, "{\"collMod\": \"people\", \"validationLevel\": \"off\"}"
                    "{\"update\": \"people\", \"updates\": [{\"q\": {\"mail\": \"m1\"}, \"u\": "
                    "{\"$rename\": {\"mail\": \"email\"}}}]}"
                    "{\"collMod\": \"people\", \"validationLevel\": \"strict\"}");
    ost_db *db = open_models(url, OST_MODELS(&after_model));
    if (ost_create_tables(db, &e) != OST_OK)
        fail_msg("%s", e.message);
    expect_renamed(url, db);
    ost_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_broke_off_is_gone_on_with),
        cmocka_unit_test(documents_are_moved_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
