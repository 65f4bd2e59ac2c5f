/* SPDX-License-Identifier: MIT */
/* ost_create_tables(): what it makes, what it leaves alone, and that it may be run by many at once.
 */
#include "schema_rig.h"

#include <pthread.h>

typedef struct shelf {
    int64_t id;
    const char *code;
    bool open;
    ost_opt_time closed_at;
} shelf;
OST_RECORD(shelf, id);
typedef struct volume {
    int64_t id;
    int64_t shelf_id;
    const shelf *shelf;
    const char *title;
    ost_decimal price;
    int year;
} volume;
OST_RECORD(volume, id);
typedef struct loan {
    int64_t volume_id;
    int32_t number;
    const volume *volume;
    ost_date until;
} loan;
OST_RECORD(loan, volume_id, number);

OST_MODEL(shelf, .table = "shelves",
          OST_FIELDS(OST_FIELD(shelf, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(shelf, code, .required = true, .unique = true, .max_length = 20),
                     OST_FIELD(shelf, open), OST_FIELD(shelf, closed_at)));
OST_MODEL(volume, .table = "volumes",
          OST_FIELDS(OST_FIELD(volume, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(volume, shelf_id, .column = "shelf"),
                     OST_FIELD(volume, title, .not_null = true, .max_length = 100),
                     OST_FIELD(volume, price, .precision = 8, .scale = 2), OST_FIELD(volume, year)),
          OST_RELATIONS(OST_BELONGS_TO(volume, shelf, shelf, shelf_id)),
          OST_INDEXES(OST_INDEX(OST_DESC(volume, year), OST_ASC(volume, title)),
                      OST_UNIQUE_INDEX(OST_ASC(volume, shelf_id), OST_ASC(volume, title)),
                      { OST_COLUMNS(OST_ASC(volume, price)), .name = "dear volumes",
                        .where = OST_WHERE_EQ(volume, year, OST_INT(1999)) }));
OST_MODEL(loan,
          OST_FIELDS(OST_FIELD(loan, volume_id, .primary_key = true),
                     OST_FIELD(loan, number, .primary_key = true), OST_FIELD(loan, until)),
          OST_RELATIONS(OST_BELONGS_TO(loan, volume, volume, volume_id)));

/* The indexes of a later version of the program. */
static const ost_index later_indexes[] = {
    { OST_COLUMNS(OST_DESC(shelf, closed_at)), .unique = true,
      .where = OST_WHERE_NULL(shelf, closed_at) },
    { OST_COLUMNS(OST_ASC(shelf, open), OST_DESC(shelf, id)),
      .where = OST_WHERE_EQ(shelf, open, OST_BOOL(true)) },
    { .name = NULL },
};
static ost_model later_shelf;

static void make_later_shelf(void)
{
    later_shelf = shelf_model;
    later_shelf.indexes = later_indexes;
}

static const ost_model *const all_models[] = { &loan_model, &volume_model, &shelf_model, NULL };
enum { TABLES = 3, INDEXES = 3 };

static void create(rig *r, ost_db *db)
{
    if (ost_create_tables(db, &r->error) != OST_OK)
        fail_msg("%s", r->error.message);
}

static void a_second_run_sends_no_ddl(void **state)
{
    rig *r = *state;
    ost_db *db = rig_open(r, all_models), *other;
    create(r, db);
    assert_int_equal(atomic_load(&r->ddl), TABLES + INDEXES);
    assert_int_equal(atomic_load(&r->begins), 1);
    char *before = rig_ask(r, "SELECT sql FROM sqlite_schema ORDER BY name");
    for (int i = 0; i < 3; i++) {
        rig_forget_counts(r);
        create(r, db);
        assert_int_equal(atomic_load(&r->ddl), 0);
        assert_int_equal(atomic_load(&r->begins), 0);
    }
    /* Another program, and one that may only read. */
    other = rig_open(r, all_models);
    create(r, other);
    ost_close(other);
    OK(rig_try_open(r, all_models, "&mode=ro", &other));
    create(r, other);
    ost_close(other);
    assert_int_equal(atomic_load(&r->ddl), 0);
    rig_expect(r, "SELECT sql FROM sqlite_schema ORDER BY name", before);
    free(before);
    ost_close(db);
}

/* SQLite takes names that differ in case alone for the same: so must we, or the second run would
 * fail. */
static void names_in_another_case_are_there(void **state)
{
    rig *r = *state;
    free(rig_ask(r, "CREATE TABLE SHELVES (ID INTEGER PRIMARY KEY, Code TEXT NOT NULL UNIQUE,"
                    " OPEN INTEGER NOT NULL, Closed_At TEXT) STRICT"));
    ost_db *db = rig_open(r, OST_MODELS(&shelf_model));
    rig_forget_counts(r);
    create(r, db);
    assert_int_equal(atomic_load(&r->ddl), 0);
    ost_close(db);
}

static void what_is_read_only_cannot_be_created(void **state)
{
    rig *r = *state;
    ost_db *db = rig_open(r, OST_MODELS(&shelf_model));
    create(r, db);
    ost_close(db);
    OK(rig_try_open(r, all_models, "&mode=ro", &db));
    ost_status status = ost_create_tables(db, &r->error);
    assert_int_not_equal(status, OST_OK);
    assert_int_equal(r->error.status, status);
    assert_true(r->error.message[0] != '\0');
    ost_close(db);
    rig_expect(r, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'", "1\n");
}

static void tables_are_as_declared(void **state)
{
    rig *r = *state;
    ost_db *db = rig_open(r, all_models);
    create(r, db);
    ost_close(db);
    rig_expect(
        r, "SELECT sql FROM sqlite_schema WHERE name = 'shelves'",
        "CREATE TABLE \"shelves\" (\"id\" INTEGER PRIMARY KEY NOT NULL, \"code\" TEXT NOT NULL,"
        " \"open\" INTEGER NOT NULL, \"closed_at\" TEXT,"
        " CONSTRAINT \"shelves_code_unique\" UNIQUE (\"code\"),"
        " CONSTRAINT \"shelves_open_check\" CHECK (\"open\" IN (0, 1))) STRICT\n");
    rig_expect(r, "SELECT sql FROM sqlite_schema WHERE name = 'volumes'",
               "CREATE TABLE \"volumes\" (\"id\" INTEGER PRIMARY KEY NOT NULL,"
               " \"shelf\" INTEGER NOT NULL, \"title\" TEXT NOT NULL, \"price\" INTEGER NOT NULL,"
               " \"year\" INTEGER NOT NULL, CONSTRAINT \"fk_volumes_shelf\" FOREIGN KEY (\"shelf\")"
               " REFERENCES \"shelves\" (\"id\")) STRICT\n");
    rig_expect(r, "SELECT sql FROM sqlite_schema WHERE name = 'loan'",
               "CREATE TABLE \"loan\" (\"volume_id\" INTEGER NOT NULL, \"number\" INTEGER NOT NULL,"
               " \"until\" TEXT NOT NULL, CONSTRAINT \"loan_primary_key\""
               " PRIMARY KEY (\"volume_id\", \"number\"), CONSTRAINT \"fk_loan_volume_id\""
               " FOREIGN KEY (\"volume_id\") REFERENCES \"volumes\" (\"id\")) STRICT\n");
    rig_expect(r,
               "SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name IN"
               " ('shelves', 'volumes', 'loan')",
               "1\n1\n1\n");
}

static void indexes_are_as_declared(void **state)
{
    rig *r = *state;
    ost_db *db = rig_open(r, OST_MODELS(&volume_model, &later_shelf));
    create(r, db);
    ost_close(db);
    rig_expect(
        r, "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY sql",
        "CREATE INDEX \"dear volumes\" ON \"volumes\" (\"price\") WHERE \"year\" = 1999\n"
        "CREATE INDEX \"ix_shelves_open_id\" ON \"shelves\" (\"open\", \"id\" DESC)"
        " WHERE \"open\" = 1\n"
        "CREATE INDEX \"ix_volumes_year_title\" ON \"volumes\" (\"year\" DESC, \"title\")\n"
        "CREATE UNIQUE INDEX \"ux_shelves_closed_at\" ON \"shelves\" (\"closed_at\" DESC)"
        " WHERE \"closed_at\" IS NULL\n"
        "CREATE UNIQUE INDEX \"ux_volumes_shelf_title\" ON \"volumes\" (\"shelf\", \"title\")\n");
    rig_expect(r,
               "SELECT l.name, l.\"unique\", l.partial, group_concat(x.name || x.\"desc\") FROM"
               " pragma_index_list('volumes') AS l, pragma_index_xinfo(l.name) AS x"
               " WHERE x.key GROUP BY l.name ORDER BY l.name",
               "dear volumes|0|1|price0\nix_volumes_year_title|0|0|year1,title0\n"
               "ux_volumes_shelf_title|1|0|shelf0,title0\n");
}

static void unique_indexes_are_kept(void **state)
{
    rig *r = *state;
    ost_session *s;
    ost_db *db = rig_open(r, OST_MODELS(&volume_model, &later_shelf));
    create(r, db);
    OK(ost_session_open(db, NULL, &s, NULL));
    shelf first = { .code = "A", .closed_at = { true, { 5 } } };
    OK(ost_insert(s, shelf, &first));
    volume some = { .shelf_id = first.id, .title = "one" };
    OK(ost_insert(s, volume, &some));
    FAILS("OST_CONFLICT", ost_insert(s, volume, &(volume){ .shelf_id = first.id, .title = "one" }));
    assert_string_equal(ost_session_error(s)->constraint, "ux_volumes_shelf_title");
    FAILS("OST_CONFLICT", ost_insert(s, shelf, &(shelf){ .code = "A" }));
    assert_string_equal(ost_session_error(s)->field, "code");
    ost_session_close(s);
    ost_close(db);
}

static void foreign_keys_are_enforced(void **state)
{
    rig *r = *state;
    ost_session *s;
    ost_db *db = rig_open(r, all_models);
    create(r, db);
    OK(ost_session_open(db, NULL, &s, NULL));
    FAILS("OST_FOREIGN_KEY", ost_insert(s, volume, &(volume){ .shelf_id = 7, .title = "none" }));
    assert_string_equal(ost_session_error(s)->constraint, "fk_volumes_shelf");
    assert_string_equal(ost_session_error(s)->field, "shelf_id");
    shelf one = { .code = "A" };
    OK(ost_insert(s, shelf, &one));
    volume some = { .shelf_id = one.id, .title = "some" };
    OK(ost_insert(s, volume, &some));
    FAILS("OST_FOREIGN_KEY", ost_delete(s, shelf, &one));
    ost_query *q = ost_from(s, volume);
    ost_where(q, ost_eq(volume, id, some.id));
    FAILS("OST_FOREIGN_KEY", ost_update(q, NULL, ost_set(volume, shelf_id, 8)));
    OK(ost_insert(s, loan, &(loan){ .volume_id = some.id, .number = 1 }));
    FAILS("OST_FOREIGN_KEY", ost_insert(s, loan, &(loan){ .volume_id = 99, .number = 1 }));
    ost_session_close(s);
    ost_close(db);
    rig_expect(r, "SELECT count(*) FROM pragma_foreign_key_check", "0\n");
    rig_expect(r, "SELECT (SELECT count(*) FROM shelves), (SELECT count(*) FROM volumes)", "1|1\n");
}

static void columns_keep_their_kinds(void **state)
{
    rig *r = *state;
    ost_db *db = rig_open(r, all_models);
    create(r, db);
    ost_close(db);
    assert_int_equal(rig_result_of(r, "INSERT INTO shelves VALUES (1, 'A', 'yes', NULL)"),
                     SQLITE_CONSTRAINT);
    assert_int_equal(rig_result_of(r, "INSERT INTO shelves VALUES (1, 'A', 2, NULL)"),
                     SQLITE_CONSTRAINT);
    assert_int_equal(rig_result_of(r, "INSERT INTO shelves VALUES (1, NULL, 1, NULL)"),
                     SQLITE_CONSTRAINT);
    rig_execute(r, "INSERT INTO shelves VALUES (1, 'A', 1, NULL)");
}

/* ---- what is there already ---- */

static void missing_columns_are_listed(void **state)
{
    rig *r = *state;
    static const char *const paths[] = { "volume.title", "volume.year", "shelf.closed_at" };
    rig_execute(r, "CREATE TABLE shelves (id INTEGER PRIMARY KEY, code TEXT, open INTEGER);"
                   "CREATE TABLE volumes (id INTEGER PRIMARY KEY, shelf INTEGER, price INTEGER);"
                   "INSERT INTO shelves VALUES (1, 'A', 1)");
    char *before = rig_ask(r, "SELECT sql FROM sqlite_schema");
    ost_db *db = rig_open(r, all_models);
    FAILS("OST_SCHEMA", ost_create_tables(db, &r->error));
    assert_int_equal(r->error.failure_count, 3);
    for (size_t i = 0; i < 3; i++) {
        ost_failure f;
        assert_true(ost_error_failure(&r->error, i, &f));
        assert_string_equal(f.path, paths[i]);
        assert_string_equal(f.rule, "column");
    }
    assert_string_equal(r->error.model, "volume");
    assert_string_equal(r->error.field, "title");
    assert_string_equal(r->error.message, "table volumes has no column title for volume.title; add "
                                          "it, or correct the model");
    ost_close(db);
    /* Nothing was made, also not the table that is missing. */
    assert_int_equal(atomic_load(&r->ddl), 0);
    rig_expect(r, "SELECT sql FROM sqlite_schema", before);
    free(before);
    /* Once they are there, the rest is made. */
    rig_execute(r, "ALTER TABLE volumes ADD COLUMN title TEXT;"
                   "ALTER TABLE volumes ADD COLUMN year INTEGER;"
                   "ALTER TABLE shelves ADD COLUMN closed_at TEXT");
    db = rig_open(r, all_models);
    create(r, db);
    assert_int_equal(atomic_load(&r->ddl), 1 + INDEXES);
    ost_close(db);
    rig_expect(r, "SELECT * FROM shelves", "1|A|1|(null)\n");
}

typedef struct label {
    int64_t id;
    const char *text;
} label;
OST_RECORD(label, id);
OST_MODEL(label, OST_FIELDS(OST_FIELD(label, id, .primary_key = true),
                            OST_FIELD(label, text, .collation = OST_CASELESS, .unique = true,
                                      .max_length = 10)));

static void caseless_texts_have_a_column_of_their_own(void **state)
{
    rig *r = *state;
    ost_failure f;
    rig_execute(r, "CREATE TABLE label (id INTEGER PRIMARY KEY, text TEXT)");
    ost_db *db = rig_open(r, OST_MODELS(&label_model));
    FAILS("OST_SCHEMA", ost_create_tables(db, &r->error));
    assert_int_equal(r->error.failure_count, 1);
    assert_true(ost_error_failure(&r->error, 0, &f));
    assert_string_equal(f.path, "label.text");
    assert_string_equal(f.rule, "column");
    assert_string_equal(r->error.message,
                        "table label has no column text_folded, by which OST_CASELESS compares "
                        "label.text; add it and store its records anew, or correct the model");
    assert_int_equal(atomic_load(&r->ddl), 0);
    ost_close(db);
    rig_execute(r, "DROP TABLE label");
    db = rig_open(r, OST_MODELS(&label_model));
    create(r, db);
    ost_close(db);
    /* The text itself may be there in two spellings; what they have in common may not. */
    rig_execute(r, "INSERT INTO label VALUES (1, 'A', 'a'), (2, 'A', 'b')");
    rig_expect(r,
               "SELECT name FROM pragma_table_info('label') UNION ALL SELECT group_concat(c.name) "
               "FROM pragma_index_list('label') l, pragma_index_info(l.name) c",
               "id\ntext\ntext_folded\ntext_folded\n");
    db = rig_open(r, OST_MODELS(&label_model));
    create(r, db);
    ost_close(db);
}

static void further_columns_and_generated_ones_do_no_harm(void **state)
{
    rig *r = *state;
    rig_execute(r, "CREATE TABLE shelves (more TEXT DEFAULT 'x', id INTEGER PRIMARY KEY, code TEXT,"
                   " open INTEGER, closed_at TEXT, twice TEXT AS (code || code) STORED);"
                   "INSERT INTO shelves (id, code, open) VALUES (1, 'A', 1)");
    ost_session *s;
    ost_db *db = rig_open(r, OST_MODELS(&shelf_model));
    create(r, db);
    assert_int_equal(atomic_load(&r->ddl), 0);
    OK(ost_session_open(db, NULL, &s, NULL));
    shelf *one = ost_get(s, shelf, 1);
    assert_non_null(one);
    one->code = "B";
    OK(ost_save(s, shelf, one));
    ost_session_close(s);
    ost_close(db);
    rig_expect(r, "SELECT * FROM shelves", "x|1|B|1|(null)|BB\n");
}

static void a_new_index_is_created(void **state)
{
    rig *r = *state;
    ost_db *db = rig_open(r, OST_MODELS(&shelf_model));
    create(r, db);
    ost_close(db);
    rig_execute(r, "INSERT INTO shelves VALUES (1, 'A', 1, NULL)");
    rig_forget_counts(r);
    db = rig_open(r, OST_MODELS(&later_shelf));
    create(r, db);
    assert_int_equal(atomic_load(&r->ddl), 2);
    assert_non_null(strstr(r->last_ddl, "ux_shelves_closed_at"));
    rig_forget_counts(r);
    create(r, db);
    assert_int_equal(atomic_load(&r->ddl), 0);
    ost_close(db);
    rig_expect(r, "SELECT id, code FROM shelves", "1|A\n");
    /* One that the program does not know any more is left. */
    db = rig_open(r, OST_MODELS(&shelf_model));
    create(r, db);
    ost_close(db);
    rig_expect(r, "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
               "2\n");
}

/* A query that says which records serves itself of the index of those alone. */
static void an_index_of_some_records_serves_them(void **state)
{
    rig *r = *state;
    char text[512];
    ost_db *db = rig_open(r, OST_MODELS(&later_shelf));
    create(r, db);
    ost_session *s;
    OK(ost_session_open(db, NULL, &s, &r->error));
    ost_query *open = ost_from(s, shelf);
    ost_where(open, ost_eq(shelf, open, true));
    snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", ost_render(open));
    char *plan = rig_ask(r, text);
    assert_non_null(strstr(plan, "USING INDEX ix_shelves_open_id"));
    free(plan);
    ost_query *closed = ost_from(s, shelf);
    ost_where(closed, ost_eq(shelf, open, false));
    snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", ost_render(closed));
    plan = rig_ask(r, text);
    assert_null(strstr(plan, "USING INDEX"));
    free(plan);
    ost_session_close(s);
    ost_close(db);
}

/* What is stored breaks the index that is to be made: the transaction is undone. */
static void what_fails_leaves_nothing(void **state)
{
    rig *r = *state;
    rig_execute(r, "CREATE TABLE volumes (id INTEGER PRIMARY KEY, shelf INTEGER, title TEXT,"
                   " price INTEGER, year INTEGER);"
                   "INSERT INTO volumes VALUES (1, 1, 'same', 0, 0), (2, 1, 'same', 0, 0)");
    ost_db *db = rig_open(r, all_models);
    FAILS("OST_CONFLICT", ost_create_tables(db, &r->error));
    ost_close(db);
    rig_expect(r, "SELECT name FROM sqlite_schema", "volumes\n");
}

static void adopted_tables_are_never_touched(void **state)
{
    rig *r = *state;
    ost_model adopted = later_shelf, absent = volume_model;
    adopted.adopted = true;
    absent.adopted = true;
    absent.relations = NULL;
    /* Without columns that the model has, and without its indexes. */
    rig_execute(r, "CREATE TABLE shelves (id INTEGER PRIMARY KEY, code TEXT)");
    ost_db *db = rig_open(r, OST_MODELS(&adopted, &absent));
    create(r, db);
    assert_int_equal(atomic_load(&r->ddl), 0);
    assert_int_equal(atomic_load(&r->begins), 0);
    ost_close(db);
    rig_expect(r, "SELECT sql FROM sqlite_schema",
               "CREATE TABLE shelves (id INTEGER PRIMARY KEY, code TEXT)\n");
}

/* ---- many at once ---- */

enum { PROGRAMS = 8, ROUNDS = 8 };

typedef struct program {
    rig *rig;
    pthread_t thread;
    atomic_int *ready;
    ost_status status;
    ost_error error;
} program;

static void *open_and_create(void *context)
{
    program *p = context;
    ost_db *db;
    atomic_fetch_add(p->ready, 1);
    while (atomic_load(p->ready) < PROGRAMS)
        ;
    p->status =
        ost_open(OST_OPTIONS(.url = p->rig->url, .drivers = OST_DRIVERS(ost_driver_sqlite()),
                             .models = all_models, .statement_timeout_ms = 60000),
                 &db, &p->error);
    if (p->status != OST_OK)
        return NULL;
    p->status = ost_create_tables(db, &p->error);
    ost_close(db);
    return NULL;
}

static void fm62_programs_create_at_the_same_time(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        program programs[PROGRAMS];
        atomic_int ready;
        void *at;
        assert_int_equal(rig_set_up(&at), 0);
        rig *r = at;
        atomic_init(&ready, 0);
        for (int i = 0; i < PROGRAMS; i++) {
            programs[i] = (program){ .rig = r, .ready = &ready };
            assert_int_equal(
                pthread_create(&programs[i].thread, NULL, open_and_create, &programs[i]), 0);
        }
        for (int i = 0; i < PROGRAMS; i++)
            assert_int_equal(pthread_join(programs[i].thread, NULL), 0);
        for (int i = 0; i < PROGRAMS; i++)
            if (programs[i].status != OST_OK)
                fail_msg("program %d: %s", i, programs[i].error.message);
        rig_expect(r, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'", "3\n");
        rig_expect(r, "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL",
                   "3\n");
        assert_int_equal(rig_tear_down(&at), 0);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
    make_later_shelf();
    const struct CMUnitTest tests[] = {
        CASE(a_second_run_sends_no_ddl),
        CASE(names_in_another_case_are_there),
        CASE(what_is_read_only_cannot_be_created),
        CASE(tables_are_as_declared),
        CASE(indexes_are_as_declared),
        CASE(unique_indexes_are_kept),
        CASE(foreign_keys_are_enforced),
        CASE(columns_keep_their_kinds),
        CASE(missing_columns_are_listed),
        CASE(caseless_texts_have_a_column_of_their_own),
        CASE(further_columns_and_generated_ones_do_no_harm),
        CASE(a_new_index_is_created),
        CASE(an_index_of_some_records_serves_them),
        CASE(what_fails_leaves_nothing),
        CASE(adopted_tables_are_never_touched),
        cmocka_unit_test(fm62_programs_create_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
