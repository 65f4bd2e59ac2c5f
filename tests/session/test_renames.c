/* SPDX-License-Identifier: MIT */
/* Columns that were called otherwise: renamed once, with all that is in them and stands on them. */
#include "rig.h"

#include <pthread.h>
#include <stdio.h>

#if defined(TEST_POSTGRES) || defined(TEST_MYSQL) || defined(TEST_MONGO)
#define TEST_SERVERS
#include "support/servers.h"
#endif

/* ---- as it was ---- */

typedef struct chief {
    int64_t id;
} chief;
OST_RECORD(chief, id);
OST_MODEL(chief, OST_FIELDS(OST_FIELD(chief, id, .primary_key = true)));

typedef struct town {
    const char *name;
    int zip;
} town;
OST_PART(town);
OST_MODEL(town, OST_FIELDS(OST_FIELD(town, name, .max_length = 20), OST_FIELD(town, zip)));
typedef struct parts {
    const char *first;
} parts;
OST_PART(parts);
OST_MODEL(parts, OST_FIELDS(OST_FIELD(parts, first, .max_length = 20)));

typedef struct old_person {
    int64_t number;
    const char *mail;
    const char *alias;
    int8_t sort;
    bool active;
    int64_t boss;
    const chief *head;
    town lives;
    parts data;
} old_person;
OST_RECORD(old_person, number);
OST_MODEL(
    old_person, .table = "person",
    OST_FIELDS(OST_FIELD(old_person, number, .primary_key = true, .generated = OST_AUTO_INCREMENT),
               OST_FIELD(old_person, mail, .not_null = true, .unique = true, .max_length = 40),
               OST_FIELD(old_person, alias, .max_length = 20),
               OST_FIELD(old_person, sort, .values = OST_NAMES("cat", "dog")),
               OST_FIELD(old_person, active), OST_FIELD(old_person, boss),
               OST_EMBED(old_person, lives, town, .flatten = true),
               OST_EMBED(old_person, data, parts)),
    OST_RELATIONS(OST_BELONGS_TO(old_person, head, chief, boss)),
    OST_INDEXES(OST_INDEX(OST_DESC(old_person, alias), OST_ASC(old_person, sort)),
                { OST_COLUMNS(OST_ASC(old_person, alias), OST_ASC(old_person, mail)),
                  .name = "people_by_alias", .unique = true }));

/* ---- as it is ---- */

typedef struct city {
    const char *name;
    int code;
} city;
OST_PART(city);
OST_MODEL(city,
          OST_FIELDS(OST_FIELD(city, name, .max_length = 20), OST_FIELD(city, code, .was = "zip")));

typedef struct person {
    int64_t id;
    const char *email;
    const char *nick;
    int8_t kind;
    bool on;
    int64_t head_id;
    const chief *head;
    city home;
    parts info;
} person;
OST_RECORD(person, id);

/* WAS gives the fields their former names, or nothing. */
#define PERSON_FIELDS(WAS)                                                                         \
    OST_FIELDS(                                                                                    \
        OST_FIELD(person, id, .primary_key = true, .generated = OST_AUTO_INCREMENT,                \
                  WAS("number")),                                                                  \
        OST_FIELD(person, email, .not_null = true, .unique = true, .max_length = 40, WAS("mail")), \
        OST_FIELD(person, nick, .max_length = 20, WAS("alias")),                                   \
        OST_FIELD(person, kind, .values = OST_NAMES("cat", "dog"), WAS("sort")),                   \
        OST_FIELD(person, on, WAS("active")), OST_FIELD(person, head_id, WAS("boss")),             \
        OST_EMBED(person, home, city, .flatten = true, WAS("lives")),                              \
        OST_EMBED(person, info, parts, WAS("data")))
#define PERSON_REST                                                               \
    OST_RELATIONS(OST_BELONGS_TO(person, head, chief, head_id)),                  \
        OST_INDEXES(OST_INDEX(OST_DESC(person, nick), OST_ASC(person, kind)),     \
                    { OST_COLUMNS(OST_ASC(person, nick), OST_ASC(person, email)), \
                      .name = "people_by_alias", .unique = true })
#define FORMER(name) .was = name
#define NOTHING(name) .was = NULL
OST_MODEL(person, PERSON_FIELDS(FORMER), PERSON_REST);

/* A later version, which has forgotten. */
static const ost_model forgotten = { .struct_size = sizeof(ost_model),
                                     .field_size = sizeof(ost_field),
                                     .relation_size = sizeof(ost_relation),
                                     .index_size = sizeof(ost_index),
                                     .index_column_size = sizeof(ost_index_column),
                                     .member_size = sizeof(ost_member),
                                     .expr_size = sizeof(ost_expr),
                                     .abi = OST_ABI,
                                     .name = "person",
                                     .size = sizeof(person),
                                     PERSON_FIELDS(NOTHING),
                                     PERSON_REST };

#define OLD OST_MODELS(&old_person_model, &chief_model)
#define NEW OST_MODELS(&person_model, &chief_model)

static rig the_rig;
static const ost_model *used; /* which of the two the database is open with */

static int set_up(void **state)
{
    rig *r = &the_rig;
    used = &person_model;
    rig_begin(r, *state);
    rig_open(r, OST_OPTIONS(.models = OLD));
    OK(ost_insert(r->s, chief, &(chief){ .id = 7 }));
    for (int i = 0; i < 3; i++) {
        char mail[20];
        snprintf(mail, sizeof mail, "m%d", i);
        old_person p = { .mail = mail,
                         .alias = i < 2 ? mail : NULL,
                         .sort = (int8_t)(i % 2),
                         .active = i == 0,
                         .boss = 7,
                         .lives = { "Ulm", 89000 + i },
                         .data = { "f" } };
        OK(ost_insert(r->s, old_person, &p));
    }
    *state = r;
    return 0;
}

#define ON(f, mode)                                                  \
    {                                                                \
#f " (" #mode ")", f, set_up, rig_teardown, &rig_modes[mode] \
    }
#define OWN_RIG_ALL(f) \
    ON(f, RIG_FILE), ON(f, RIG_FAKE_FILE), ON(f, RIG_POSTGRES), ON(f, RIG_MYSQL), ON(f, RIG_MONGODB)

static bool is_on(const rig *r, int mode)
{
    return r->mode == &rig_modes[mode];
}

static void reopen(rig *r, const ost_model *const *models)
{
    rig_close(r);
    rig_open(r, OST_OPTIONS(.models = models));
}

static void expect_people(rig *r)
{
    size_t count;
    ost_query *q = ost_session_from(r->s, used, sizeof(person));
    assert_true(ost_order_by_name(q, "id", "asc"));
    person *p = ost_query_all(q, used, sizeof(person), &count);
    if (!p)
        fail_msg("%s", ost_session_error(r->s)->message);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++) {
        char mail[20];
        snprintf(mail, sizeof mail, "m%d", (int)i);
        assert_int_equal(p[i].id, i + 1);
        assert_string_equal(p[i].email, mail);
        if (i < 2)
            assert_string_equal(p[i].nick, mail);
        else
            assert_null(p[i].nick);
        assert_int_equal(p[i].kind, i % 2);
        assert_int_equal(p[i].on, i == 0);
        assert_int_equal(p[i].head_id, 7);
        assert_string_equal(p[i].home.name, "Ulm");
        assert_int_equal(p[i].home.code, 89000 + (int)i);
        assert_string_equal(p[i].info.first, "f");
    }
}

/* Errors of what stands on the columns name the members. */
static void expect_rules(rig *r)
{
    const ost_error *e = ost_session_error(r->s);
    person p = { .email = "m1", .head_id = 7 };
    FAILS(OST_CONFLICT, "", ost_session_insert(r->s, used, sizeof p, &p));
    assert_string_equal(e->field, "email");
    if (is_on(r, RIG_MONGODB))
        return;
    p = (person){ .email = "other", .head_id = 8 };
    FAILS(OST_FOREIGN_KEY, "", ost_session_insert(r->s, used, sizeof p, &p));
    assert_string_equal(e->field, "head_id");
}

static size_t definitions(rig *r)
{
    size_t count = rig_count(r, "CREATE") + rig_count(r, "ALTER") + rig_count(r, "DROP");
    if (is_on(r, RIG_MONGODB))
        for (size_t i = 0; rig_statement(r, i); i++)
            count += strstr(rig_text(r, i), "$rename") || strstr(rig_text(r, i), "dropIndexes");
    return count;
}

static void expect_nothing_to_do(rig *r)
{
    rig_forget(r);
    if (ost_create_tables(r->db, &r->error) != OST_OK)
        fail_msg("%s", r->error.message);
    assert_int_equal(definitions(r), 0);
}

/* The indexes that are there, in the order of their names, with '|' between them. */
static void expect_indexes(rig *r)
{
#ifdef TEST_SERVERS
    if (is_on(r, RIG_POSTGRES))
        assert_string_equal(
            server_text(r->url, "SELECT indexname FROM pg_indexes WHERE tablename = 'person' "
                                "ORDER BY indexname COLLATE \"C\""),
            "ix_person_nick_kind|people_by_alias|person_email_unique|person_primary_key");
    if (is_on(r, RIG_MYSQL))
        assert_string_equal(
            server_text(r->url, "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS "
                                "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'person' ORDER "
                                "BY INDEX_NAME"),
            "fk_person_head_id|ix_person_nick_kind|people_by_alias|person_email_unique|PRIMARY");
    if (is_on(r, RIG_MONGODB)) {
        const char *all = server_text(r->url, "{\"listIndexes\": \"person\"}");
        HAS(all, "\"name\" : \"ix_person_nick_kind\"");
        HAS(all, "\"name\" : \"people_by_alias\"");
        HAS(all, "\"name\" : \"person_email_unique\"");
        assert_null(strstr(all, "\"mail\""));
        assert_null(strstr(all, "\"alias\""));
        assert_null(strstr(all, "person_mail_unique"));
    }
#else
    (void)r;
#endif
}

static void data_and_rules_go_along(void **state)
{
    rig *r = *state;
    reopen(r, NEW);
    expect_people(r);
    expect_rules(r);
    expect_indexes(r);
    expect_nothing_to_do(r);
    person p = { .email = "new", .head_id = 7 };
    OK(ost_insert(r->s, person, &p));
    assert_true(p.id > 3);
    person many[12] = { { .id = 0 } };
    char mails[12][8];
    for (int i = 0; i < 12; i++) {
        snprintf(mails[i], sizeof mails[i], "x%d", i);
        many[i] = (person){ .email = mails[i], .head_id = 7 };
    }
    OK(ost_insert_many(r->s, person, many, 12));
    assert_true(many[0].id > p.id);
}

/* What was renamed is as if it had been called so from the start: `.was` may go. */
static void a_former_name_may_be_forgotten(void **state)
{
    rig *r = *state;
    reopen(r, NEW);
    reopen(r, OST_MODELS(&forgotten, &chief_model));
    used = &forgotten;
    expect_people(r);
    expect_rules(r);
    expect_indexes(r);
    expect_nothing_to_do(r);
}

static void an_empty_database_has_the_new_names(void **state)
{
    rig *r = *state;
    rig_raw_or(r, "DROP TABLE person", "{\"drop\": \"person\"}");
    rig_close(r);
    rig_open(r, OST_OPTIONS(.models = NEW));
    expect_nothing_to_do(r);
    OK(ost_insert(r->s, person, &(person){ .email = "a", .head_id = 7 }));
    FAILS(OST_CONFLICT, "", ost_insert(r->s, person, &(person){ .email = "a", .head_id = 7 }));
    assert_string_equal(ost_session_error(r->s)->field, "email");
}

/* ---- both are there ---- */

static void both_names_are_told(void **state)
{
    rig *r = *state;
    ost_db *db = r->db;
    ost_error e;
    ost_failure failure;
    rig other;
    if (is_on(r, RIG_FAKE_FILE))
        return;
    rig_raw_or(r,
               r->mode->server ? "ALTER TABLE person ADD COLUMN email VARCHAR(40)"
                               : "ALTER TABLE person ADD COLUMN email TEXT",
               "{\"update\": \"person\", \"updates\": [{\"q\": {\"mail\": \"m1\"}, \"u\": "
               "{\"$set\": {\"email\": \"other\"}}}]}");
    rig_close(r);
    (void)db;
    other = *r;
    const ost_driver *const drivers[] = {
#ifdef TEST_POSTGRES
        ost_driver_postgres(),
#endif
#ifdef TEST_MYSQL
        ost_driver_mysql(),
#endif
#ifdef TEST_MONGO
        ost_driver_mongo(),
#endif
        ost_driver_sqlite(), NULL
    };
    assert_int_equal(
        ost_open(OST_OPTIONS(.url = other.url, .drivers = drivers, .models = NEW), &db, &e),
        OST_OK);
    assert_int_equal(ost_create_tables(db, &e), OST_SCHEMA);
    HAS(e.message, "both email and mail");
    assert_string_equal(e.model, "person");
    assert_string_equal(e.field, "email");
    if (!is_on(r, RIG_MONGODB)) {
        assert_true(ost_error_failure(&e, 0, &failure));
        assert_string_equal(failure.path, "person.email");
        assert_string_equal(failure.rule, "was");
        assert_false(ost_error_failure(&e, 1, &failure));
    }
    ost_close(db);
    /* Nothing was touched. */
    rig_open(r, OST_OPTIONS(.models = OLD));
    old_person *p = ost_get(r->s, old_person, 2);
    assert_string_equal(p->mail, "m1");
    assert_string_equal(p->alias, "m1");
    rig_raw_or(r, "ALTER TABLE person DROP COLUMN email",
               "{\"update\": \"person\", \"updates\": [{\"q\": {}, \"u\": {\"$unset\": {\"email\": "
               "1}}, \"multi\": true}]}");
    reopen(r, NEW);
    expect_people(r);
}

/* ---- soft deletes ---- */

typedef struct old_account {
    int64_t id;
    const char *login;
    ost_opt_time gone;
} old_account;
OST_RECORD(old_account, id);
OST_MODEL(old_account, .table = "account",
          OST_FIELDS(OST_FIELD(old_account, id, .primary_key = true),
                     OST_FIELD(old_account, login, .unique = true, .max_length = 20),
                     OST_FIELD(old_account, gone, .stamp = OST_ON_DELETE)));
typedef struct account {
    int64_t id;
    const char *name;
    ost_opt_time deleted_at;
} account;
OST_RECORD(account, id);
OST_MODEL(account,
          OST_FIELDS(OST_FIELD(account, id, .primary_key = true),
                     OST_FIELD(account, name, .unique = true, .max_length = 20, .was = "login"),
                     OST_FIELD(account, deleted_at, .stamp = OST_ON_DELETE, .was = "gone")));

static void uniqueness_among_the_living_goes_along(void **state)
{
    rig *r = *state;
    reopen(r, OST_MODELS(&old_account_model));
    OK(ost_insert(r->s, old_account, &(old_account){ .id = 1, .login = "a" }));
    OK(ost_delete(r->s, old_account, &(old_account){ .id = 1 }));
    OK(ost_insert(r->s, old_account, &(old_account){ .id = 2, .login = "a" }));
    reopen(r, OST_MODELS(&account_model));
    FAILS(OST_CONFLICT, "", ost_insert(r->s, account, &(account){ .id = 3, .name = "a" }));
    assert_string_equal(ost_session_error(r->s)->field, "name");
    OK(ost_delete(r->s, account, &(account){ .id = 2 }));
    OK(ost_insert(r->s, account, &(account){ .id = 3, .name = "a" }));
    OK(ost_insert(r->s, account, &(account){ .id = 4, .name = "b" }));
    FAILS(OST_CONFLICT, "", ost_restore(r->s, account, &(account){ .id = 1 }));
    expect_nothing_to_do(r);
#ifdef TEST_SERVERS
    if (is_on(r, RIG_MYSQL))
        assert_string_equal(
            server_text(r->url, "SELECT GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) FROM "
                                "information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND "
                                "INDEX_NAME = 'ux_account_name_living'"),
            "name,ostler_living");
#endif
}

/* ---- one release after the other ---- */

typedef struct first_slot {
    int64_t id;
    const char *login;
    int aa, bb;
    ost_opt_time gone;
} first_slot;
OST_RECORD(first_slot, id);
OST_MODEL(first_slot, .table = "slot",
          OST_FIELDS(OST_FIELD(first_slot, id, .primary_key = true),
                     OST_FIELD(first_slot, login, .unique = true, .max_length = 20),
                     OST_FIELD(first_slot, aa), OST_FIELD(first_slot, bb),
                     OST_FIELD(first_slot, gone, .stamp = OST_ON_DELETE)),
          OST_INDEXES(OST_UNIQUE_INDEX(OST_ASC(first_slot, aa), OST_ASC(first_slot, bb))));
typedef struct second_slot {
    int64_t id;
    const char *name;
    int a, bb;
    ost_opt_time gone;
} second_slot;
OST_RECORD(second_slot, id);
OST_MODEL(second_slot, .table = "slot",
          OST_FIELDS(OST_FIELD(second_slot, id, .primary_key = true),
                     OST_FIELD(second_slot, name, .unique = true, .max_length = 20, .was = "login"),
                     OST_FIELD(second_slot, a, .was = "aa"), OST_FIELD(second_slot, bb),
                     OST_FIELD(second_slot, gone, .stamp = OST_ON_DELETE)),
          OST_INDEXES(OST_UNIQUE_INDEX(OST_ASC(second_slot, a), OST_ASC(second_slot, bb))));
typedef struct slot {
    int64_t id;
    const char *name;
    int a, b;
    ost_opt_time deleted_at;
} slot;
OST_RECORD(slot, id);
OST_MODEL(slot,
          OST_FIELDS(OST_FIELD(slot, id, .primary_key = true),
                     OST_FIELD(slot, name, .unique = true, .max_length = 20, .was = "login"),
                     OST_FIELD(slot, a, .was = "aa"), OST_FIELD(slot, b, .was = "bb"),
                     OST_FIELD(slot, deleted_at, .stamp = OST_ON_DELETE, .was = "gone")),
          OST_INDEXES(OST_UNIQUE_INDEX(OST_ASC(slot, a), OST_ASC(slot, b))));

/* What an earlier release renamed still says so. */
static void one_release_after_the_other(void **state)
{
    rig *r = *state;
    reopen(r, OST_MODELS(&first_slot_model));
    OK(ost_insert(r->s, first_slot, &(first_slot){ .id = 1, .login = "x", .aa = 1, .bb = 1 }));
    OK(ost_delete(r->s, first_slot, &(first_slot){ .id = 1 }));
    OK(ost_insert(r->s, first_slot, &(first_slot){ .id = 2, .login = "x", .aa = 1, .bb = 2 }));
    reopen(r, OST_MODELS(&second_slot_model));
    OK(ost_insert(r->s, second_slot, &(second_slot){ .id = 3, .name = "y", .a = 1, .bb = 3 }));
    for (int i = 0; i < 2; i++) {
        reopen(r, OST_MODELS(&slot_model));
        expect_nothing_to_do(r);
    }
    OK(ost_insert(r->s, slot, &(slot){ .id = 4, .name = "z", .a = 1, .b = 4 }));
    FAILS(OST_CONFLICT, "",
          ost_insert(r->s, slot, &(slot){ .id = 5, .name = "v", .a = 1, .b = 3 }));
    FAILS(OST_CONFLICT, "",
          ost_insert(r->s, slot, &(slot){ .id = 5, .name = "x", .a = 1, .b = 5 }));
    OK(ost_delete(r->s, slot, &(slot){ .id = 2 }));
    OK(ost_insert(r->s, slot, &(slot){ .id = 5, .name = "x", .a = 1, .b = 5 }));
}

/* ---- in a schema ---- */

static void tables_in_schemas_too(void **state)
{
    static ost_model before, after;
    rig *r = *state;
    before = old_account_model;
    after = account_model;
    before.schema = after.schema = rig_schema(r);
    reopen(r, OST_MODELS(&before));
    OK(ost_insert(r->s, old_account, &(old_account){ .id = 1, .login = "a" }));
    reopen(r, OST_MODELS(&after));
    FAILS(OST_CONFLICT, "", ost_insert(r->s, account, &(account){ .id = 3, .name = "a" }));
    assert_string_equal(ost_session_error(r->s)->field, "name");
    assert_string_equal(ost_get(r->s, account, 1)->name, "a");
    expect_nothing_to_do(r);
}

/* ---- at the same time ---- */

enum { PROGRAMS = 4 };

typedef struct program {
    rig *r;
    const ost_driver *const *drivers;
    pthread_barrier_t *start;
    ost_status status;
    ost_error error;
} program;

static void *run_program(void *context)
{
    program *p = context;
    ost_db *db = NULL;
    p->status = ost_open(OST_OPTIONS(.url = p->r->url, .drivers = p->drivers, .models = NEW,
                                     .statement_timeout_ms = 60000),
                         &db, &p->error);
    pthread_barrier_wait(p->start);
    if (p->status == OST_OK)
        p->status = ost_create_tables(db, &p->error);
    ost_close(db);
    return NULL;
}

static void several_programs_rename_at_once(void **state)
{
    rig *r = *state;
    program programs[PROGRAMS];
    pthread_t threads[PROGRAMS];
    pthread_barrier_t start;
    const ost_driver *const drivers[] = {
#ifdef TEST_POSTGRES
        ost_driver_postgres(),
#endif
#ifdef TEST_MYSQL
        ost_driver_mysql(),
#endif
#ifdef TEST_MONGO
        ost_driver_mongo(),
#endif
        ost_driver_sqlite(), NULL
    };
    if (is_on(r, RIG_FAKE_FILE))
        return;
    rig_close(r);
    pthread_barrier_init(&start, NULL, PROGRAMS);
    for (int i = 0; i < PROGRAMS; i++) {
        programs[i] = (program){ .r = r, .drivers = drivers, .start = &start };
        assert_int_equal(pthread_create(&threads[i], NULL, run_program, &programs[i]), 0);
    }
    for (int i = 0; i < PROGRAMS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
    for (int i = 0; i < PROGRAMS; i++)
        if (programs[i].status != OST_OK)
            fail_msg("%s: %s", ost_status_name(programs[i].status), programs[i].error.message);
    rig_open(r, OST_OPTIONS(.models = NEW));
    expect_people(r);
    expect_rules(r);
    expect_indexes(r);
    expect_nothing_to_do(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWN_RIG_ALL(data_and_rules_go_along),
        OWN_RIG_ALL(a_former_name_may_be_forgotten),
        OWN_RIG_ALL(an_empty_database_has_the_new_names),
        OWN_RIG_ALL(both_names_are_told),
        OWN_RIG_ALL(uniqueness_among_the_living_goes_along),
        OWN_RIG_ALL(one_release_after_the_other),
        OWN_RIG_ALL(tables_in_schemas_too),
        OWN_RIG_ALL(several_programs_rename_at_once),
    };
    return RIG_RUN(tests);
}
