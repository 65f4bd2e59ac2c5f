/* SPDX-License-Identifier: MIT */
/*
 * What ost_create_tables() sends, and in which order, to databases that are unlike SQLite: a fake
 * stands in for them, with the abilities and the description that a test gives it.
 */
#include "schema_rig.h"

#include "fake/fake.h"

typedef struct crew crew;
typedef struct ship {
    int64_t id;
    int64_t captain_id;
    const crew *captain;
    const char *name;
} ship;
OST_RECORD(ship, id);
struct crew {
    int64_t id;
    int64_t ship_id;
    const ship *ship;
    int64_t mate_id;
    const crew *mate;
};
OST_RECORD(crew, id);
typedef struct port {
    int64_t id;
} port;
OST_RECORD(port, id);

OST_MODEL(ship, .table = "ships",
          OST_FIELDS(OST_FIELD(ship, id, .primary_key = true), OST_FIELD(ship, captain_id),
                     OST_FIELD(ship, name, .max_length = 40)),
          OST_RELATIONS(OST_BELONGS_TO(ship, captain, crew, captain_id)),
          OST_INDEXES(OST_INDEX(OST_ASC(ship, name))));
OST_MODEL(crew,
          OST_FIELDS(OST_FIELD(crew, id, .primary_key = true), OST_FIELD(crew, ship_id),
                     OST_FIELD(crew, mate_id)),
          OST_RELATIONS(OST_BELONGS_TO(crew, ship, ship, ship_id),
                        OST_BELONGS_TO(crew, mate, crew, mate_id)));
OST_MODEL(port, .table = "ports", .adopted = true,
          OST_FIELDS(OST_FIELD(port, id, .primary_key = true)));

#define BIT(ability) (UINT64_C(1) << (ability))
#define ALL_MODELS OST_MODELS(&ship_model, &crew_model, &port_model)

/* A database that is not there: it says what it is told to say, and what it is asked is noted. */
typedef struct server {
    ost_fake *fake;
    ost_db *db;
    ost_error error;
    char log[600];
} server;

static void note(void *context, const ost_fake_moment *m)
{
    static const char *const names[] = { "none",   "table",  "index",  "marks",  "key",
                                         "schema", "column", "unique", "rename", "rekey" };
    server *v = context;
    char line[80];
    if (m->kind == OST_DO_DDL)
        snprintf(line, sizeof line, "%s %s %u%s\n", names[m->shape->ddl], m->name,
                 (unsigned)m->shape->ddl_index, m->op->flags & OST_FLAG_ONCE ? "" : " kept");
    else
        snprintf(line, sizeof line, "%s\n", ost_fake_kind_name(m->kind));
    assert_true(strlen(v->log) + strlen(line) < sizeof v->log);
    strcat(v->log, line);
}

static void rule(server *v, const ost_fake_rule *r)
{
    assert_int_equal(ost_fake_add(v->fake, r), OST_OK);
}

static server *server_open(server *v, const ost_fake_options *options,
                           const ost_model *const *models)
{
    memset(v, 0, sizeof *v);
    v->fake = ost_fake_open(NULL, options);
    assert_non_null(v->fake);
    rule(v, OST_FAKE_RULE(.action = OST_FAKE_CALL, .call = note, .context = v,
                          .times = OST_FAKE_ALWAYS));
    if (ost_open(OST_OPTIONS(.url = "fake:", .drivers = OST_DRIVERS(ost_fake_driver(v->fake)),
                             .models = models),
                 &v->db, &v->error) != OST_OK)
        fail_msg("%s", v->error.message);
    return v;
}

static void server_close(server *v)
{
    char violation[256] = "";
    ost_close(v->db);
    ost_fake_violation_at(v->fake, 0, violation);
    assert_string_equal(violation, "");
    ost_fake_close(v->fake);
}

/* From here on the database describes itself so, `times` times. */
static void describes(server *v, const ost_described *rows, size_t count, uint32_t times)
{
    static const ost_described nothing;
    rule(v, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DESCRIBE), .action = OST_FAKE_ANSWER,
                          .records = rows ? rows : &nothing, .record_count = count,
                          .record_stride = sizeof *rows, .times = times));
}
#define DESCRIBES(v, rows, times) describes((v), (rows), sizeof(rows) / sizeof *(rows), (times))

static const ost_described everything[] = {
    { "ships", "id", 1 },
    { "ships", "captain_id", 1 },
    { "ships", "name", 1 },
    { "ships", "ix_ships_name", 2 },
    { "crew", "id", 1 },
    { "crew", "ship_id", 1 },
    { "crew", "mate_id", 1 },
    { "ships", "fk_ships_captain_id", 3 },
    { "CREW", "fk_crew_ship_id", 3 },
    { "crew", "fk_crew_mate_id", 3 },
    { OST_MARKS_TABLE, "id", 1 },
};
enum { TABLES = 7, KEYS = 3 };

static void create(server *v, const char *expected)
{
    v->log[0] = '\0';
    if (ost_create_tables(v->db, &v->error) != OST_OK)
        fail_msg("%s", v->error.message);
    assert_string_equal(v->log, expected);
}

static void without_added_keys_they_come_with_the_table(void **state)
{
    server v;
    (void)state;
    server_open(&v, NULL, ALL_MODELS);
    create(&v, "DESCRIBE\nBEGIN\nDESCRIBE\ntable ships 0\nindex ships 0\ntable crew 0\nCOMMIT\n");
    DESCRIBES(&v, everything, OST_FAKE_ALWAYS);
    create(&v, "DESCRIBE\n");
    server_close(&v);
}

static void keys_follow_once_all_tables_are_there(void **state)
{
    server v;
    (void)state;
    server_open(&v, OST_FAKE_OPTIONS(.add_abilities = BIT(OST_CAN_ADD_KEYS)), ALL_MODELS);
    create(&v, "DESCRIBE\nBEGIN\nDESCRIBE\ntable ships 0\nindex ships 0\ntable crew 0\n"
               "key ships 0\nkey crew 0\nkey crew 1\nCOMMIT\n");
    /* One key is missing alone. */
    describes(&v, everything, TABLES + 2, 2);
    create(&v, "DESCRIBE\nBEGIN\nDESCRIBE\nkey crew 1\nCOMMIT\n");
    describes(&v, everything, TABLES + KEYS, OST_FAKE_ALWAYS);
    create(&v, "DESCRIBE\n");
    server_close(&v);
}

static void marks_are_made_once(void **state)
{
    server v;
    (void)state;
    server_open(&v, OST_FAKE_OPTIONS(.add_abilities = BIT(OST_CAN_MARK_COMMITS)), ALL_MODELS);
    create(&v, "DESCRIBE\nBEGIN\nDESCRIBE\ntable ships 0\nindex ships 0\ntable crew 0\n"
               "marks  0\nCOMMIT\n");
    describes(&v, everything, TABLES, 2);
    create(&v, "DESCRIBE\nBEGIN\nDESCRIBE\nmarks  0\nCOMMIT\n");
    DESCRIBES(&v, everything, OST_FAKE_ALWAYS);
    create(&v, "DESCRIBE\n");
    server_close(&v);
}

static void adopted_models_need_nothing(void **state)
{
    server v;
    (void)state;
    server_open(
        &v, OST_FAKE_OPTIONS(.add_abilities = BIT(OST_CAN_MARK_COMMITS) | BIT(OST_CAN_ADD_KEYS)),
        OST_MODELS(&port_model));
    create(&v, "DESCRIBE\n");
    server_close(&v);
}

#define ALONE                                                      \
    OST_FAKE_OPTIONS(.remove_abilities = BIT(OST_CAN_DDL_IN_UNIT), \
                     .add_abilities = BIT(OST_CAN_ADD_KEYS) | BIT(OST_CAN_MARK_COMMITS))

static void without_units_each_stands_alone(void **state)
{
    server v;
    (void)state;
    server_open(&v, ALONE, ALL_MODELS);
    create(&v, "DESCRIBE\ntable ships 0\nindex ships 0\ntable crew 0\nkey ships 0\nkey crew 0\n"
               "key crew 1\nmarks  0\n");
    DESCRIBES(&v, everything, OST_FAKE_ALWAYS);
    create(&v, "DESCRIBE\n");
    server_close(&v);
}

static void a_second_run_goes_on_where_the_first_failed(void **state)
{
    server v;
    (void)state;
    server_open(&v, ALONE, ALL_MODELS);
    rule(&v, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DDL), .name = "crew",
                           .action = OST_FAKE_REFUSE, .status = OST_AUTH,
                           .message = "no right to make tables"));
    FAILS("OST_AUTH", ost_create_tables(v.db, &v.error));
    assert_string_equal(v.error.message, "no right to make tables");
    assert_string_equal(v.error.model, "crew");
    /* What failed is looked for, and is not there. */
    assert_string_equal(v.log, "DESCRIBE\ntable ships 0\nindex ships 0\ntable crew 0\nDESCRIBE\n");
    describes(&v, everything, 4, 1);
    create(&v, "DESCRIBE\ntable crew 0\nkey ships 0\nkey crew 0\nkey crew 1\nmarks  0\n");
    server_close(&v);
}

static void what_another_program_made_counts_as_made(void **state)
{
    server v;
    (void)state;
    server_open(&v, ALONE, ALL_MODELS);
    describes(&v, NULL, 0, 1);
    describes(&v, everything, 4, OST_FAKE_ALWAYS);
    rule(&v, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DDL), .name = "ships", .first = 2,
                           .action = OST_FAKE_REFUSE, .status = OST_CONFLICT,
                           .message = "the index is there already"));
    create(&v, "DESCRIBE\ntable ships 0\nindex ships 0\nDESCRIBE\ntable crew 0\nkey ships 0\n"
               "key crew 0\nkey crew 1\nmarks  0\n");
    server_close(&v);
}

static void a_lost_answer_is_looked_up(void **state)
{
    server v;
    (void)state;
    server_open(&v, ALONE, ALL_MODELS);
    describes(&v, NULL, 0, 1);
    describes(&v, everything, TABLES, OST_FAKE_ALWAYS);
    rule(&v, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DDL), .name = "crew",
                           .action = OST_FAKE_LOSE_ANSWER, .effects = OST_FAKE_LOSES_CONNECTION));
    create(&v, "DESCRIBE\ntable ships 0\nindex ships 0\ntable crew 0\nDESCRIBE\nkey ships 0\n"
               "key crew 0\nkey crew 1\nmarks  0\n");
    server_close(&v);
}

static void in_a_unit_another_program_may_be_quicker_too(void **state)
{
    server v;
    (void)state;
    server_open(&v, NULL, ALL_MODELS);
    describes(&v, NULL, 0, 2);
    DESCRIBES(&v, everything, OST_FAKE_ALWAYS);
    rule(&v, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DDL), .name = "ships",
                           .action = OST_FAKE_REFUSE, .status = OST_CONFLICT));
    create(&v, "DESCRIBE\nBEGIN\nDESCRIBE\ntable ships 0\nROLLBACK\nDESCRIBE\n");
    server_close(&v);
}

/* ---- schemas ---- */

static ost_model dock_ship, dock_port;

static const ost_model *const *docked(void)
{
    static const ost_model *const models[] = { &dock_ship, &crew_model, &dock_port, NULL };
    dock_ship = ship_model;
    dock_port = port_model;
    dock_ship.schema = "dock";
    /* What others made is not made, nor what it is in. */
    dock_port.schema = "theirs";
    return models;
}

/* What the schema is said to hold; what is beside it is said of the others. */
static void describes_dock(server *v, const ost_described *rows, size_t count)
{
    rule(v, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DESCRIBE), .name = "dock",
                          .action = OST_FAKE_ANSWER, .records = rows, .record_count = count,
                          .record_stride = sizeof *rows, .times = OST_FAKE_ALWAYS));
}

static void a_missing_schema_is_made_first(void **state)
{
    static const ost_described there[] = { { "dock", "dock", 4 } };
    server v;
    (void)state;
    server_open(&v, NULL, docked());
    create(&v, "DESCRIBE\nDESCRIBE\nBEGIN\nDESCRIBE\nDESCRIBE\nschema ships 0\ntable ships 0\n"
               "index ships 0\ntable crew 0\nCOMMIT\n");
    describes_dock(&v, there, 1);
    create(&v, "DESCRIBE\nDESCRIBE\nBEGIN\nDESCRIBE\nDESCRIBE\ntable ships 0\n"
               "index ships 0\ntable crew 0\nCOMMIT\n");
    server_close(&v);
}

static void tables_are_looked_for_in_their_schema(void **state)
{
    static const ost_described dock[] = { { "dock", "dock", 4 },
                                          { "ships", "id", 1 },
                                          { "ships", "captain_id", 1 },
                                          { "ships", "name", 1 },
                                          { "ships", "ix_ships_name", 2 } };
    server v;
    (void)state;
    server_open(&v, NULL, docked());
    describes_dock(&v, dock, 1);
    DESCRIBES(&v, everything, OST_FAKE_ALWAYS);
    create(&v, "DESCRIBE\nDESCRIBE\nBEGIN\nDESCRIBE\nDESCRIBE\ntable ships 0\nindex ships 0\n"
               "COMMIT\n");
    ost_fake_forget_rules(v.fake);
    rule(&v, OST_FAKE_RULE(.action = OST_FAKE_CALL, .call = note, .context = &v,
                           .times = OST_FAKE_ALWAYS));
    describes_dock(&v, dock, 5);
    DESCRIBES(&v, everything, OST_FAKE_ALWAYS);
    create(&v, "DESCRIBE\nDESCRIBE\n");
    server_close(&v);
}

static void who_may_not_make_a_schema_is_told(void **state)
{
    server v;
    (void)state;
    server_open(&v, ALONE, docked());
    rule(&v, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DDL), .action = OST_FAKE_REFUSE,
                           .status = OST_AUTH, .native_code = 1044, .message = "no"));
    FAILS("OST_AUTH", ost_create_tables(v.db, &v.error));
    assert_string_equal(v.error.message,
                        "ship: the schema dock is not there and could not be made; have it made, "
                        "or grant the right to: no");
    assert_string_equal(v.error.model, "ship");
    assert_int_equal(v.error.native_code, 1044);
    server_close(&v);
}

/* Another program made it between the look and the statement. */
static void a_schema_that_came_meanwhile_counts(void **state)
{
    static const ost_described dock[] = { { "dock", "dock", 4 } };
    server v;
    (void)state;
    server_open(&v, ALONE, docked());
    describes(&v, NULL, 0, 2);
    describes_dock(&v, dock, 1);
    rule(&v, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DDL), .action = OST_FAKE_REFUSE,
                           .status = OST_CONFLICT));
    create(&v, "DESCRIBE\nDESCRIBE\nschema ships 0\nDESCRIBE\nDESCRIBE\ntable ships 0\n"
               "index ships 0\ntable crew 0\nkey ships 0\nkey crew 0\nkey crew 1\nmarks  0\n");
    server_close(&v);
}

static void a_database_without_schemas_is_told_at_open(void **state)
{
    server v;
    (void)state;
    memset(&v, 0, sizeof v);
    v.fake = ost_fake_open(NULL, OST_FAKE_OPTIONS(.remove_abilities = BIT(OST_CAN_SCHEMAS)));
    assert_non_null(v.fake);
    FAILS("OST_UNSUPPORTED",
          ost_open(OST_OPTIONS(.url = "fake:", .drivers = OST_DRIVERS(ost_fake_driver(v.fake)),
                               .models = docked()),
                   &v.db, &v.error));
    assert_non_null(strstr(v.error.message, "has no tables in schemas"));
    ost_fake_close(v.fake);
}

/* ---- renames ---- */

typedef struct boat {
    int64_t id;
    int64_t master_id;
    const crew *master;
    const char *title;
} boat;
OST_RECORD(boat, id);
OST_MODEL(boat, .table = "ships",
          OST_FIELDS(OST_FIELD(boat, id, .primary_key = true),
                     OST_FIELD(boat, master_id, .was = "captain_id"),
                     OST_FIELD(boat, title, .max_length = 40, .unique = true, .was = "name")),
          OST_RELATIONS(OST_BELONGS_TO(boat, master, crew, master_id)),
          OST_INDEXES(OST_INDEX(OST_ASC(boat, title))));

static ost_model lone_crew;

static const ost_described boats_before[] = {
    { "ships", "id", 1 },
    { "ships", "captain_id", 1 },
    { "ships", "Name", 1 },
    { "ships", "ships_name_unique", 2 },
    { "ships", "ix_ships_name", 2 },
    { "ships", "fk_ships_captain_id", 3 },
    { "crew", "id", 1 },
    { "crew", "ship_id", 1 },
    { "crew", "mate_id", 1 },
    { OST_MARKS_TABLE, "id", 1 },
};
static const ost_described boats_after[] = {
    { "ships", "id", 1 },
    { "ships", "master_id", 1 },
    { "ships", "title", 1 },
    { "ships", "ships_title_unique", 2 },
    { "ships", "ix_ships_title", 2 },
    { "ships", "fk_ships_master_id", 3 },
    { "crew", "id", 1 },
    { "crew", "ship_id", 1 },
    { "crew", "mate_id", 1 },
    { OST_MARKS_TABLE, "id", 1 },
};

static const ost_model *const *boats(void)
{
    static const ost_model *const models[] = { &boat_model, &lone_crew, NULL };
    lone_crew = crew_model;
    lone_crew.relations = NULL;
    return models;
}

static void columns_are_renamed_before_anything_is_made(void **state)
{
    server v;
    (void)state;
    server_open(&v, ALONE, boats());
    DESCRIBES(&v, boats_before, 1);
    DESCRIBES(&v, boats_after, OST_FAKE_ALWAYS);
    create(&v, "DESCRIBE\ncolumn ships 1\ncolumn ships 2\nunique ships 2\nrename ships 0\n"
               "rekey ships 0\nDESCRIBE\n");
    create(&v, "DESCRIBE\n");
    server_close(&v);
}

static void in_a_unit_what_is_there_is_asked_again(void **state)
{
    server v;
    (void)state;
    server_open(&v, OST_FAKE_OPTIONS(.add_abilities = BIT(OST_CAN_ADD_KEYS)), boats());
    DESCRIBES(&v, boats_before, 2);
    DESCRIBES(&v, boats_after, OST_FAKE_ALWAYS);
    create(&v, "DESCRIBE\nBEGIN\nDESCRIBE\ncolumn ships 1\ncolumn ships 2\nunique ships 2\n"
               "rename ships 0\nrekey ships 0\nDESCRIBE\nCOMMIT\n");
    server_close(&v);
}

/* Half of it was done when a program died. */
static void a_second_run_renames_the_rest(void **state)
{
    static const ost_described half[] = {
        { "ships", "id", 1 },
        { "ships", "master_id", 1 },
        { "ships", "title", 1 },
        { "ships", "ships_title_unique", 2 },
        { "ships", "ix_ships_name", 2 },
        { "ships", "fk_ships_captain_id", 3 },
        { "crew", "id", 1 },
        { "crew", "ship_id", 1 },
        { "crew", "mate_id", 1 },
        { OST_MARKS_TABLE, "id", 1 },
    };
    server v;
    (void)state;
    server_open(&v, ALONE, boats());
    DESCRIBES(&v, half, 1);
    DESCRIBES(&v, boats_after, OST_FAKE_ALWAYS);
    create(&v, "DESCRIBE\nrename ships 0\nrekey ships 0\nDESCRIBE\n");
    server_close(&v);
}

/* A driver that cannot rename an index drops it; and another program may have been quicker. */
static void what_is_gone_is_made(void **state)
{
    server v;
    (void)state;
    server_open(&v, ALONE, boats());
    DESCRIBES(&v, boats_before, 1);
    rule(&v, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DESCRIBE), .action = OST_FAKE_ANSWER,
                           .records = boats_after, .record_count = 4,
                           .record_stride = sizeof *boats_after));
    create(&v, "DESCRIBE\ncolumn ships 1\ncolumn ships 2\nunique ships 2\nrename ships 0\n"
               "rekey ships 0\nDESCRIBE\nindex ships 0\ntable crew 0\nkey ships 0\nmarks  0\n");
    server_close(&v);
}

static void a_column_that_another_program_renamed_counts(void **state)
{
    server v;
    (void)state;
    server_open(&v, ALONE, boats());
    DESCRIBES(&v, boats_before, 1);
    DESCRIBES(&v, boats_after, OST_FAKE_ALWAYS);
    rule(&v, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DDL), .action = OST_FAKE_REFUSE,
                           .status = OST_SCHEMA, .message = "there is no such column"));
    create(&v, "DESCRIBE\ncolumn ships 1\nDESCRIBE\n");
    server_close(&v);
}

static void a_rename_that_is_refused_is_told(void **state)
{
    server v;
    (void)state;
    server_open(&v, ALONE, boats());
    DESCRIBES(&v, boats_before, OST_FAKE_ALWAYS);
    rule(&v,
         OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DDL), .first = 2, .action = OST_FAKE_REFUSE,
                       .status = OST_AUTH, .message = "no right to alter it"));
    FAILS("OST_AUTH", ost_create_tables(v.db, &v.error));
    assert_string_equal(v.error.message, "no right to alter it");
    assert_string_equal(v.log, "DESCRIBE\ncolumn ships 1\ncolumn ships 2\nDESCRIBE\n");
    server_close(&v);
}

static void both_columns_are_told_and_neither_touched(void **state)
{
    static const ost_described both[] = { { "ships", "id", 1 },
                                          { "ships", "master_id", 1 },
                                          { "ships", "captain_id", 1 },
                                          { "ships", "title", 1 },
                                          { "ships", "name", 1 } };
    ost_failure failure;
    server v;
    (void)state;
    server_open(&v, ALONE, boats());
    DESCRIBES(&v, both, OST_FAKE_ALWAYS);
    v.log[0] = '\0';
    FAILS("OST_SCHEMA", ost_create_tables(v.db, &v.error));
    assert_string_equal(v.log, "DESCRIBE\n");
    assert_string_equal(v.error.message,
                        "table ships has both master_id and captain_id, which boat.master_id was "
                        "called before; keep what belongs to it in master_id, and drop the other");
    assert_string_equal(v.error.field, "master_id");
    assert_true(ost_error_failure(&v.error, 1, &failure));
    assert_string_equal(failure.path, "boat.title");
    assert_string_equal(failure.rule, "was");
    server_close(&v);
}

static void a_missing_column_is_told_by_its_name(void **state)
{
    server v;
    (void)state;
    server_open(&v, ALONE, boats());
    describes(&v, boats_before, 2, OST_FAKE_ALWAYS);
    FAILS("OST_SCHEMA", ost_create_tables(v.db, &v.error));
    assert_string_equal(v.error.message, "table ships has no column title for boat.title; add it, "
                                         "or correct the model");
    server_close(&v);
}

/* It fails again and again, although it is said to be there: that ends. */
static void it_does_not_try_for_ever(void **state)
{
    static const ost_described some[] = { { "ships", "id", 1 },
                                          { "ships", "captain_id", 1 },
                                          { "ships", "name", 1 },
                                          { "ships", "ix_ships_name", 2 } };
    ost_fake_counts counts;
    server v;
    (void)state;
    server_open(&v, NULL, ALL_MODELS);
    ost_fake_forget_rules(v.fake);
    describes(&v, NULL, 0, 1);
    for (int i = 0; i < 200; i++) {
        describes(&v, NULL, 0, 1);
        DESCRIBES(&v, some, 1);
    }
    rule(&v, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DDL), .name = "ships",
                           .action = OST_FAKE_REFUSE, .status = OST_CONFLICT,
                           .times = OST_FAKE_ALWAYS));
    FAILS("OST_CONFLICT", ost_create_tables(v.db, &v.error));
    ost_fake_counted(v.fake, &counts);
    assert_true(counts.failures > 1 && counts.failures < 100);
    server_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_added_keys_they_come_with_the_table),
        cmocka_unit_test(keys_follow_once_all_tables_are_there),
        cmocka_unit_test(marks_are_made_once),
        cmocka_unit_test(adopted_models_need_nothing),
        cmocka_unit_test(without_units_each_stands_alone),
        cmocka_unit_test(a_second_run_goes_on_where_the_first_failed),
        cmocka_unit_test(what_another_program_made_counts_as_made),
        cmocka_unit_test(a_lost_answer_is_looked_up),
        cmocka_unit_test(in_a_unit_another_program_may_be_quicker_too),
        cmocka_unit_test(a_missing_schema_is_made_first),
        cmocka_unit_test(tables_are_looked_for_in_their_schema),
        cmocka_unit_test(who_may_not_make_a_schema_is_told),
        cmocka_unit_test(a_schema_that_came_meanwhile_counts),
        cmocka_unit_test(a_database_without_schemas_is_told_at_open),
        cmocka_unit_test(columns_are_renamed_before_anything_is_made),
        cmocka_unit_test(in_a_unit_what_is_there_is_asked_again),
        cmocka_unit_test(a_second_run_renames_the_rest),
        cmocka_unit_test(what_is_gone_is_made),
        cmocka_unit_test(a_column_that_another_program_renamed_counts),
        cmocka_unit_test(a_rename_that_is_refused_is_told),
        cmocka_unit_test(both_columns_are_told_and_neither_touched),
        cmocka_unit_test(a_missing_column_is_told_by_its_name),
        cmocka_unit_test(it_does_not_try_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
