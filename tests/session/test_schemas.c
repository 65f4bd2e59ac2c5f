/* SPDX-License-Identifier: MIT */
/* Tables in schemas: made there, used there, and never taken for one of the same name elsewhere. */
#include "rig.h"

#include <stdio.h>

#if defined(TEST_POSTGRES) || defined(TEST_MYSQL) || defined(TEST_MONGO)
#define TEST_SERVERS
#include "support/servers.h"
#endif

/* Two tables of one name: `entry` is in the schema, `decoy` is not. Keys go both ways. */
typedef struct entry entry;
typedef struct decoy {
    int64_t id;
    const char *code;
    int64_t entry_id;
    const entry *entry;
} decoy;
OST_RECORD(decoy, id);
typedef struct spot {
    int64_t id;
    const char *name;
} spot;
OST_RECORD(spot, id);
struct entry {
    int64_t id;
    const char *code;
    const char *note;
    int64_t spot_id;
    const spot *spot;
    int hits;
};
OST_RECORD(entry, id);

OST_MODEL(spot, OST_FIELDS(OST_FIELD(spot, id, .primary_key = true),
                           OST_FIELD(spot, name, .max_length = 20)));
OST_MODEL(entry,
          OST_FIELDS(OST_FIELD(entry, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(entry, code, .not_null = true, .unique = true, .max_length = 20),
                     OST_FIELD(entry, note, .max_length = 20), OST_FIELD(entry, spot_id),
                     OST_FIELD(entry, hits)),
          OST_RELATIONS(OST_BELONGS_TO(entry, spot, spot, spot_id)),
          OST_INDEXES(OST_INDEX(OST_ASC(entry, hits)),
                      OST_UNIQUE_INDEX(OST_ASC(entry, note), OST_ASC(entry, spot_id))));
OST_MODEL(decoy, .table = "entry",
          OST_FIELDS(OST_FIELD(decoy, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(decoy, code, .unique = true, .max_length = 20),
                     OST_FIELD(decoy, entry_id)),
          OST_RELATIONS(OST_BELONGS_TO(decoy, entry, entry, entry_id)));

/* A table of somebody else's. */
typedef struct theirs {
    int64_t id;
    const char *word;
} theirs;
OST_RECORD(theirs, id);
OST_MODEL(theirs, .adopted = true,
          OST_FIELDS(OST_FIELD(theirs, id, .primary_key = true),
                     OST_FIELD(theirs, word, .max_length = 20)));

static ost_model in_schema, others;
static char schema[64];

/* The schema's name is known once the database is. */
static const ost_model *const *models_in(rig *r)
{
    static const ost_model *models[5];
    snprintf(schema, sizeof schema, "%s", rig_schema(r));
    in_schema = entry_model;
    others = theirs_model;
    in_schema.schema = others.schema = schema;
    models[0] = &decoy_model;
    models[1] = &in_schema;
    models[2] = &spot_model;
    models[3] = &others;
    return models;
}

static rig the_rig;

static int set_up(void **state)
{
    rig_begin(&the_rig, *state);
    rig_open(&the_rig, OST_OPTIONS(.models = models_in(&the_rig)));
    *state = &the_rig;
    return 0;
}

#define ON(f, mode)                                                  \
    {                                                                \
#f " (" #mode ")", f, set_up, rig_teardown, &rig_modes[mode] \
    }
#define OWN_RIG_ALL(f)                                                           \
    ON(f, RIG_MEMORY), ON(f, RIG_FILE), ON(f, RIG_BLOCKING), ON(f, RIG_BATCHES), \
        ON(f, RIG_PIPELINE), ON(f, RIG_POSTGRES), ON(f, RIG_MYSQL), ON(f, RIG_MONGODB)

static bool is_on(const rig *r, int mode)
{
    return r->mode == &rig_modes[mode];
}

static int64_t entries(rig *r)
{
    int64_t n;
    OK(ost_count_of(ost_from(r->s, entry), &n));
    return n;
}

static int64_t decoys(rig *r)
{
    int64_t n;
    OK(ost_count_of(ost_from(r->s, decoy), &n));
    return n;
}

static int64_t add(rig *r, const char *code)
{
    entry e = { .code = code, .spot_id = 1 };
    OK(ost_insert(r->s, entry, &e));
    return e.id;
}

static void add_spot(rig *r)
{
    OK(ost_insert(r->s, spot, &(spot){ .id = 1, .name = "here" }));
}

/* How another program sees it. */
static void expect_stored(rig *r, int rows)
{
#ifdef TEST_SERVERS
    char text[200], expected[40];
    if (!r->mode->server)
        return;
    snprintf(expected, sizeof expected, is_on(r, RIG_MONGODB) ? "\"n\" : %d" : "%d", rows);
    if (is_on(r, RIG_MONGODB))
        snprintf(text, sizeof text, "{\"count\": \"entry\", \"$db\": \"%s\"}", schema);
    else
        snprintf(text, sizeof text, "SELECT count(*) FROM %s.entry", schema);
    HAS(server_text(r->url, text), expected);
#else
    (void)r, (void)rows;
#endif
}

static void tables_of_one_name_are_two(void **state)
{
    rig *r = *state;
    decoy d[2] = { { .code = "a" }, { .code = "b" } };
    add_spot(r);
    assert_int_equal(add(r, "a"), 1);
    d[0].entry_id = d[1].entry_id = 1;
    OK(ost_insert(r->s, decoy, &d[0]));
    OK(ost_insert(r->s, decoy, &d[1]));
    /* Each has keys of its own. */
    assert_int_equal(d[0].id, 1);
    assert_int_equal(add(r, "b"), 2);
    assert_int_equal(add(r, "c"), 3);
    assert_int_equal(entries(r), 3);
    assert_int_equal(decoys(r), 2);
    expect_stored(r, 3);
    HAS(ost_render(ost_from(r->s, entry)), schema);
    assert_null(strstr(ost_render(ost_from(r->s, decoy)), schema));
}

static void a_second_run_makes_nothing(void **state)
{
    rig *r = *state;
    rig_forget(r);
    if (ost_create_tables(r->db, &r->error) != OST_OK)
        fail_msg("%s", r->error.message);
    assert_int_equal(rig_count(r, "CREATE"), 0);
    assert_int_equal(rig_count(r, "ALTER"), 0);
}

static void every_path_writes_there(void **state)
{
    rig *r = *state;
    entry many[40] = { { .id = 0 } }, one = { .code = "z", .spot_id = 1, .hits = 5 };
    char codes[40][8];
    int64_t matched;
    enum ost_effect effect, effects[2];
    size_t count;
    add_spot(r);
    for (int i = 0; i < 40; i++) {
        snprintf(codes[i], sizeof codes[i], "c%02d", i);
        many[i] = (entry){ .code = codes[i], .spot_id = 1, .hits = i };
    }
    OK(ost_insert_many(r->s, entry, many, 40));
    for (int i = 0; i < 40; i++)
        assert_int_equal(many[i].id, many[0].id + i);
    assert_int_equal(ost_get(r->s, entry, many[7].id)->hits, 7);
    ost_query *q = ost_from(r->s, entry);
    ost_where(q, ost_ge(entry, hits, 20));
    OK(ost_update(q, &matched, ost_inc(entry, hits, 100)));
    assert_int_equal(matched, 20);
    q = ost_from(r->s, entry);
    ost_order_by(q, ost_asc(entry, hits));
    ost_limit(q, 2);
    entry *first = ost_all(q, entry, &count);
    assert_int_equal(count, 2);
    first[0].hits = -1;
    first[1].hits = -2;
    OK(ost_save_many(r->s, entry, first, count));
    one.id = many[3].id;
    OK(ost_replace(r->s, entry, &one));
    assert_int_equal(ost_get(r->s, entry, many[3].id)->hits, 5);
    one = (entry){ .code = "new", .spot_id = 1 };
    OK(ost_upsert(r->s, entry, &one, OST_UPSERT(OST_BY(ost_col(entry, code))), &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    entry two[2] = { { .code = "new", .spot_id = 1, .hits = 9 },
                     { .code = "newer", .spot_id = 1 } };
    OK(ost_upsert_many(r->s, entry, two, 2, OST_UPSERT(OST_BY(ost_col(entry, code))), effects));
    assert_int_equal(effects[0], OST_EFFECT_UPDATED);
    assert_int_equal(effects[1], OST_EFFECT_INSERTED);
    q = ost_from(r->s, entry);
    ost_where(q, ost_eq(entry, code, "new"));
    assert_int_equal(ost_find_and_update(q, entry, OST_RETURN_NEW, ost_inc(entry, hits, 1))->hits,
                     10);
    q = ost_from(r->s, entry);
    ost_where(q, ost_ge(entry, hits, 100));
    ost_order_by(q, ost_desc(entry, hits));
    ost_limit(q, 5);
    OK(ost_delete_all(q, &matched));
    assert_int_equal(matched, 5);
    OK(ost_delete(r->s, entry, ost_get(r->s, entry, many[0].id)));
    assert_int_equal(entries(r), 36);
    assert_int_equal(decoys(r), 0);
    expect_stored(r, 36);
}

static void long_results_are_read_to_their_end(void **state)
{
    rig *r = *state;
    entry many[300] = { { .id = 0 } };
    char codes[300][8];
    int64_t seen = 0;
    add_spot(r);
    for (int i = 0; i < 300; i++) {
        snprintf(codes[i], sizeof codes[i], "c%03d", i);
        many[i] = (entry){ .code = codes[i], .spot_id = 1 };
    }
    OK(ost_insert_many(r->s, entry, many, 300));
    ost_query *q = ost_from(r->s, entry);
    ost_order_by(q, ost_asc(entry, id));
    ost_cursor *c = ost_stream(q, 50);
    while (ost_next(c, entry))
        seen++;
    OK(ost_cursor_close(c));
    assert_int_equal(seen, 300);
    /* One that is left early. */
    q = ost_from(r->s, entry);
    c = ost_stream(q, 10);
    assert_non_null(ost_next(c, entry));
    OK(ost_cursor_close(c));
    assert_int_equal(entries(r), 300);
}

static void transactions_are_over_both(void **state)
{
    rig *r = *state;
    add_spot(r);
    OK(ost_begin(r->s, NULL));
    int64_t id = add(r, "kept");
    OK(ost_insert(r->s, decoy, &(decoy){ .code = "kept", .entry_id = id }));
    OK(ost_rollback(r->s));
    assert_int_equal(entries(r) + decoys(r), 0);
    OK(ost_begin(r->s, NULL));
    id = add(r, "kept");
    OK(ost_insert(r->s, decoy, &(decoy){ .code = "kept", .entry_id = id }));
    OK(ost_commit(r->s));
    assert_int_equal(entries(r), 1);
    assert_int_equal(decoys(r), 1);
}

static void conflicts_name_the_member(void **state)
{
    rig *r = *state;
    const ost_error *e = ost_session_error(r->s);
    add_spot(r);
    add(r, "a");
    FAILS(OST_CONFLICT, "", ost_insert(r->s, entry, &(entry){ .code = "a", .spot_id = 1 }));
    assert_string_equal(e->model, "entry");
    assert_string_equal(e->field, "code");
    OK(ost_insert(r->s, entry, &(entry){ .code = "b", .note = "n", .spot_id = 1 }));
    FAILS(OST_CONFLICT, "",
          ost_insert(r->s, entry, &(entry){ .code = "c", .note = "n", .spot_id = 1 }));
    assert_string_equal(e->constraint, "ux_entry_note_spot_id");
    if (is_on(r, RIG_MONGODB))
        return;
    FAILS(OST_FOREIGN_KEY, "", ost_insert(r->s, entry, &(entry){ .code = "d", .spot_id = 7 }));
    assert_string_equal(e->field, "spot_id");
    FAILS(OST_FOREIGN_KEY, "", ost_insert(r->s, decoy, &(decoy){ .code = "d", .entry_id = 7 }));
    assert_string_equal(e->model, "decoy");
    assert_string_equal(e->field, "entry_id");
    /* The other table refers to it, which is no fault of a member of its own. */
    OK(ost_insert(r->s, decoy, &(decoy){ .code = "d", .entry_id = 1 }));
    FAILS(OST_FOREIGN_KEY, "", ost_delete(r->s, entry, &(entry){ .id = 1 }));
    assert_string_equal(e->field, "");
}

static void tables_of_others_are_found_there(void **state)
{
    rig *r = *state;
    char sql[300], commands[300];
    if (!r->mode->server && !r->mode->file)
        return;
    if (r->mode->server)
        snprintf(sql, sizeof sql,
                 "CREATE TABLE %s.theirs (id BIGINT PRIMARY KEY, word VARCHAR(20)); "
                 "INSERT INTO %s.theirs VALUES (5, 'word')",
                 schema, schema);
    else
        snprintf(sql, sizeof sql,
                 "CREATE TABLE \"audit.theirs\" (id INTEGER PRIMARY KEY, word TEXT); "
                 "INSERT INTO \"audit.theirs\" VALUES (5, 'word')");
    snprintf(commands, sizeof commands,
             "{\"insert\": \"theirs\", \"$db\": \"%s\", \"documents\": [{\"_id\": "
             "{\"$numberLong\": \"5\"}, \"word\": \"word\"}]}",
             schema);
    rig_raw_or(r, sql, commands);
    assert_string_equal(ost_get(r->s, theirs, 5)->word, "word");
    theirs many[12] = { { .id = 0 } };
    for (int i = 0; i < 12; i++)
        many[i] = (theirs){ .id = 10 + i, .word = "x" };
    OK(ost_insert_many(r->s, theirs, many, 12));
    int64_t n;
    OK(ost_count_of(ost_from(r->s, theirs), &n));
    assert_int_equal(n, 13);
}

#ifdef TEST_SERVERS
/* A role that may use the database and make nothing beside it. */
static void who_may_not_make_it_is_told(void **state)
{
    rig world, *r = &world;
    ost_db *db = NULL;
    ost_error e;
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
        NULL
    };
    char text[500], role[80], own[64];
    rig_begin(r, *state);
    const ost_model *const *models = models_in(r);
    snprintf(role, sizeof role, "names_%s", schema);
    bool postgres = is_on(r, RIG_POSTGRES), mysql = is_on(r, RIG_MYSQL);
    snprintf(own, sizeof own, "%.*s", (int)(strlen(schema) - strlen("_beside")), schema);
    if (postgres)
        snprintf(text, sizeof text,
                 "CREATE ROLE %s LOGIN PASSWORD 'n-7391'; GRANT ALL ON SCHEMA public TO %s", role,
                 role);
    else if (mysql)
        snprintf(text, sizeof text,
                 "CREATE USER %s IDENTIFIED BY 'n-7391'; GRANT ALL ON %s.* TO %s", role, own, role);
    else
        snprintf(text, sizeof text,
                 "{\"$db\": \"admin\", \"createUser\": \"%s\", \"pwd\": \"n-7391\", \"roles\": "
                 "[{\"role\": \"readWrite\", \"db\": \"%s\"}, {\"role\": \"dbAdmin\", \"db\": "
                 "\"%s\"}]}",
                 role, own, own);
    server_sql(r->url, text);
    ost_status status = ost_open(OST_OPTIONS(.url = server_url_as(r->url, role, "n-7391"),
                                             .drivers = drivers, .models = models),
                                 &db, &e);
    if (status != OST_OK)
        fail_msg("%s", e.message);
    status = ost_create_tables(db, &e);
    print_message("%s: %s\n", ost_status_name(status), e.message);
    assert_int_equal(status, OST_AUTH);
    if (!is_on(r, RIG_MONGODB)) {
        HAS(e.message, schema);
        HAS(e.message, "grant the right");
    }
    ost_close(db);
    if (postgres)
        snprintf(text, sizeof text, "DROP OWNED BY %s; DROP ROLE %s", role, role);
    else if (mysql)
        snprintf(text, sizeof text, "DROP USER %s", role);
    else
        snprintf(text, sizeof text, "{\"$db\": \"admin\", \"dropUser\": \"%s\"}", role);
    server_sql(r->url, text);
    rig_end(r);
}

static void a_schema_that_is_there_is_used(void **state)
{
    rig world, *r = &world;
    char text[200];
    rig_begin(r, *state);
    const ost_model *const *models = models_in(r);
    snprintf(text, sizeof text, "%s %s",
             is_on(r, RIG_POSTGRES) ? "CREATE SCHEMA" : "CREATE DATABASE", schema);
    server_sql(r->url, text);
    rig_open(r, OST_OPTIONS(.models = models));
    add_spot(r);
    add(r, "a");
    expect_stored(r, 1);
    rig_close(r);
    rig_end(r);
}

static void what_changes_there_is_watched(void **state)
{
    rig *r = *state;
    ost_watch_event event;
    ost_watcher *w = ost_watch(ost_from(r->s, entry), OST_WATCH(.wait_ms = 20000));
    assert_non_null(w);
    ost_session *on = rig_session(r, NULL);
    OK(ost_insert(on, decoy, &(decoy){ .code = "not this" }));
    OK(ost_insert(on, entry, &(entry){ .code = "this" }));
    entry *e = ost_watch_next(w, entry, &event);
    assert_non_null(e);
    assert_string_equal(e->code, "this");
    OK(ost_watch_close(w));
    ost_session_close(on);
}

static void raw_pipelines_run_there(void **state)
{
    rig *r = *state;
    size_t count;
    add(r, "a");
    add(r, "b");
    entry *rows = ost_raw_all(r->s, entry, OST_RAW("[{\"$sort\": {\"_id\": -1}}]"), &count);
    assert_non_null(rows);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].code, "b");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWN_RIG_ALL(tables_of_one_name_are_two),
        OWN_RIG_ALL(a_second_run_makes_nothing),
        OWN_RIG_ALL(every_path_writes_there),
        OWN_RIG_ALL(long_results_are_read_to_their_end),
        OWN_RIG_ALL(transactions_are_over_both),
        OWN_RIG_ALL(conflicts_name_the_member),
        OWN_RIG_ALL(tables_of_others_are_found_there),
#ifdef TEST_SERVERS
        { "who_may_not_make_it_is_told (postgres)", who_may_not_make_it_is_told, NULL, NULL,
          &rig_modes[RIG_POSTGRES] },
        { "who_may_not_make_it_is_told (mysql)", who_may_not_make_it_is_told, NULL, NULL,
          &rig_modes[RIG_MYSQL] },
        { "who_may_not_make_it_is_told (mongodb)", who_may_not_make_it_is_told, NULL, NULL,
          &rig_modes[RIG_MONGODB] },
        { "a_schema_that_is_there_is_used (postgres)", a_schema_that_is_there_is_used, NULL, NULL,
          &rig_modes[RIG_POSTGRES] },
        { "a_schema_that_is_there_is_used (mysql)", a_schema_that_is_there_is_used, NULL, NULL,
          &rig_modes[RIG_MYSQL] },
        ON(what_changes_there_is_watched, RIG_MONGODB),
        ON(raw_pipelines_run_there, RIG_MONGODB),
#endif
    };
    return RIG_RUN(tests);
}
