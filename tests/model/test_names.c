/* SPDX-License-Identifier: MIT */
/* Schemas of models, and what columns were called before: which names they may have, and what is
 * made of them. */
#include "support.h"

typedef struct note {
    int64_t id;
    const char *title;
} note;
OST_RECORD(note, id);
typedef struct page {
    int64_t id;
    int number;
} page;
OST_RECORD(page, id);

#define NOTE_ID OST_FIELD(note, id, .primary_key = true)
#define PAGE_ID OST_FIELD(page, id, .primary_key = true)
#define NOTE(...) MODEL(note, OST_FIELDS(NOTE_ID), __VA_ARGS__)
#define PAGE(...) MODEL(page, OST_FIELDS(PAGE_ID), __VA_ARGS__)

#define SIXTY "sixty_bytes_of_letters_for_a_name_that_is_too_long_by_three_"

static void a_schema_is_kept(void **state)
{
    (void)state;
    ost__model_set *set = open_set(OST_MODELS(NOTE(.schema = "Audit log"), PAGE(.table = "x")));
    assert_string_equal(ost__model_at(set, 0)->table.schema, "Audit log");
    assert_string_equal(ost__model_at(set, 0)->table.name, "note");
    assert_null(ost__model_at(set, 1)->table.schema);
    ost__model_set_close(set);
}

/* A program that was built before there were schemas has none, whatever lies behind its struct. */
static void older_models_have_none(void **state)
{
    (void)state;
    const ost_model *whole = NOTE(.schema = "audit");
    ost_model older = *whole;
    older.struct_size = offsetof(ost_model, schema);
    ost__model_set *set = open_set(OST_MODELS(&older));
    assert_null(ost__model_at(set, 0)->table.schema);
    ost__model_set_close(set);
}

static void names_of_schemas(void **state)
{
    (void)state;
    expect_mistake(OST_MODELS(NOTE(.schema = "")), OST_SCHEMA, "note", "name");
    expect_mistake(OST_MODELS(NOTE(.schema = SIXTY "1234")), OST_SCHEMA, "note", "name");
    expect_mistake(OST_MODELS(NOTE(.schema = "a\"b")), OST_SCHEMA, "note", "name");
    expect_mistake(OST_MODELS(NOTE(.schema = "a`b")), OST_SCHEMA, "note", "name");
    expect_mistake(OST_MODELS(NOTE(.schema = "a\nb")), OST_SCHEMA, "note", "name");
    expect_mistake(OST_MODELS(NOTE(.schema = "\xff")), OST_SCHEMA, "note", "name");
    expect_mistake(OST_MODELS(NOTE(.schema = "a.b")), OST_SCHEMA, "note", "schema");
    ost__model_set_close(open_set(OST_MODELS(NOTE(.schema = SIXTY "123"))));
}

static void one_table_in_two_schemas(void **state)
{
    (void)state;
    ost__model_set_close(
        open_set(OST_MODELS(NOTE(.table = "t", .schema = "a"), PAGE(.table = "t", .schema = "b"))));
    ost__model_set_close(
        open_set(OST_MODELS(NOTE(.table = "t"), PAGE(.table = "t", .schema = "b"))));
    expect_mistake(OST_MODELS(NOTE(.table = "t", .schema = "a"), PAGE(.table = "T", .schema = "A")),
                   OST_SCHEMA, "page", "table");
    /* Where there are no schemas these would be one. */
    expect_mistake(OST_MODELS(NOTE(.table = "a.t"), PAGE(.table = "t", .schema = "a")), OST_SCHEMA,
                   "page", "table");
}

/* What the relation of another model names. */
OST_MODEL(page, OST_FIELDS(PAGE_ID));

static const ost_index of_note[] = { { OST_COLUMNS(OST_ASC(note, id)), .name = "by_id" },
                                     { .name = NULL } };
static const ost_index of_page[] = { { OST_COLUMNS(OST_ASC(page, id)), .name = "by_id" },
                                     { .name = NULL } };

static void indexes_are_in_the_schema(void **state)
{
    (void)state;
    ost__model_set_close(open_set(
        OST_MODELS(NOTE(.indexes = of_note), PAGE(.indexes = of_page, .schema = "audit"))));
    expect_mistake(OST_MODELS(NOTE(.indexes = of_note, .schema = "audit"),
                              PAGE(.indexes = of_page, .schema = "audit")),
                   OST_SCHEMA, "page", "index");
    expect_mistake(
        OST_MODELS(NOTE(.table = "by_id", .schema = "s"), PAGE(.indexes = of_page, .schema = "s")),
        OST_SCHEMA, "page", "index");
}

static void a_server_may_have_none(void **state)
{
    ost_error e;
    (void)state;
    ost__model_set *set = open_set(OST_MODELS(NOTE(.schema = "audit"), PAGE()));
    assert_int_equal(ost__model_set_refuse_schemas(set, "Old", &e), OST_UNSUPPORTED);
    assert_string_equal(e.message, "note: Old has no tables in schemas: leave .schema out");
    assert_string_equal(e.model, "note");
    assert_int_equal(e.nothing_sent, 1);
    assert_int_equal(ost__model_set_check_names(set, 4, "Short", &e), OST_SCHEMA);
    assert_true(has_failure(&e, "note", "name"));
    assert_int_equal(ost__model_set_check_names(set, 5, "Short", &e), OST_OK);
    ost__model_set_close(set);
    set = open_set(OST_MODELS(NOTE(), PAGE()));
    assert_int_equal(ost__model_set_refuse_schemas(set, "Old", &e), OST_OK);
    ost__model_set_close(set);
}

/* ---- former names ---- */

typedef struct place {
    const char *town;
    int zip;
} place;
OST_PART(place);
OST_MODEL(place, OST_FIELDS(OST_FIELD(place, town, .max_length = 20),
                            OST_FIELD(place, zip, .was = "code")));
typedef struct street {
    const char *name;
} street;
OST_PART(street);
OST_MODEL(street, OST_FIELDS(OST_FIELD(street, name, .max_length = 20)));
typedef OST_LIST(place) place_list;

typedef struct man {
    int64_t id;
    const char *mail;
    int64_t page_id;
    const page *page;
    place home;
    place work;
    street road;
    place_list seen;
    ost_opt_time gone;
} man;
OST_RECORD(man, id);

#define MAN_ID OST_FIELD(man, id, .primary_key = true)
#define MAN(...) MODEL(man, OST_FIELDS(MAN_ID, __VA_ARGS__))
#define MAIL(...) OST_FIELD(man, mail, .max_length = 20, __VA_ARGS__)

static const ost_index man_indexes[] = {
    { OST_COLUMNS(OST_ASC(man, mail), OST_ASC(man, page_id)) },
    { OST_COLUMNS(OST_ASC(man, page_id)) },
    { OST_COLUMNS(OST_ASC(man, mail)), .name = "mine" },
    { OST_COLUMNS(OST_ASC(man, home.town)) },
    { OST_COLUMNS(OST_ASC(man, road.name)), .unique = true, .among_living = true },
    { .name = NULL },
};
static const ost_relation man_relations[] = { OST_BELONGS_TO(man, page, page, page_id),
                                              { .name = NULL } };

static const ost_field *field_of(const ost__model *m, const char *name)
{
    const ost_field *f = ost__model_field_named(m, name);
    assert_non_null(f);
    return f;
}

static void former_names_are_kept(void **state)
{
    (void)state;
    ost__model_set *set = open_set(
        OST_MODELS(MODEL(man,
                         OST_FIELDS(MAN_ID, MAIL(.was = "address", .unique = true),
                                    OST_FIELD(man, page_id, .was = "sheet"),
                                    OST_EMBED(man, home, place, .flatten = true, .was = "lives"),
                                    OST_EMBED(man, work, place, .flatten = true),
                                    OST_EMBED(man, road, street, .was = "way"),
                                    OST_FIELD(man, gone, .stamp = OST_ON_DELETE)),
                         .relations = man_relations, .indexes = man_indexes),
                   &page_model));
    const ost__model *m = ost__model_at(set, 0);
    assert_string_equal(field_of(m, "mail")->was, "address");
    assert_null(field_of(m, "id")->was);
    /* Joined as the present ones are, each part as it was. */
    assert_string_equal(field_of(m, "home.town")->was, "lives_town");
    assert_string_equal(field_of(m, "home.zip")->was, "lives_code");
    assert_string_equal(field_of(m, "work.zip")->was, "work_code");
    assert_null(field_of(m, "work.town")->was);
    const ost_table_index *x = m->table.indexes;
    assert_string_equal(x[0].name, "ix_man_mail_page_id");
    assert_string_equal(x[0].was, "ix_man_address_sheet");
    assert_string_equal(x[1].was, "ix_man_sheet");
    assert_null(x[2].was);
    assert_string_equal(x[3].was, "ix_man_lives_town");
    assert_string_equal(x[4].name, "ux_man_road_name_living");
    assert_string_equal(x[4].was, "ux_man_way_name_living");
    assert_int_equal(m->table.index_count, 6);
    assert_string_equal(x[5].was, "ux_man_address_living");
    assert_string_equal(m->table.foreign_keys[0].name, "fk_man_page_id");
    assert_string_equal(m->table.foreign_keys[0].was, "fk_man_sheet");
    ost__model_set_close(set);
}

static void without_former_names_there_are_none(void **state)
{
    (void)state;
    ost__model_set *set = open_set(
        OST_MODELS(MODEL(man, OST_FIELDS(MAN_ID, MAIL(.unique = true), OST_FIELD(man, page_id)),
                         .relations = man_relations),
                   &page_model));
    assert_null(ost__model_at(set, 0)->table.foreign_keys[0].was);
    ost__model_set_close(set);
}

static void names_that_were_none(void **state)
{
    (void)state;
    expect_mistake(OST_MODELS(MAN(MAIL(.was = ""))), OST_SCHEMA, "man.mail", "name");
    expect_mistake(OST_MODELS(MAN(MAIL(.was = "a\"b"))), OST_SCHEMA, "man.mail", "name");
    expect_mistake(OST_MODELS(MAN(MAIL(.was = SIXTY "1234"))), OST_SCHEMA, "man.mail", "name");
    /* Its own, in whatever case; that of another; one that two had. */
    expect_mistake(OST_MODELS(MAN(MAIL(.was = "mail"))), OST_SCHEMA, "man.mail", "was");
    expect_mistake(OST_MODELS(MAN(MAIL(.column = "Post", .was = "POST"))), OST_SCHEMA, "man.mail",
                   "was");
    expect_mistake(OST_MODELS(MAN(MAIL(.was = "ID"))), OST_SCHEMA, "man.mail", "was");
    expect_mistake(OST_MODELS(MAN(MAIL(.was = "old"), OST_FIELD(man, page_id, .was = "Old"))),
                   OST_SCHEMA, "man.page_id", "was");
    expect_mistake(
        OST_MODELS(MAN(MAIL(.was = "work_town"), OST_EMBED(man, work, place, .flatten = true))),
        OST_SCHEMA, "man.mail", "was");
    expect_mistake(OST_MODELS(MODEL(man, .adopted = true, OST_FIELDS(MAN_ID, MAIL(.was = "old")))),
                   OST_SCHEMA, "man.mail", "was");
    expect_mistake(OST_MODELS(MAN(MAIL(.was = "ostler_living"))), OST_SCHEMA, "man.mail", "was");
}

/* What is inside a document has no column that could be renamed. */
static void members_of_documents_were_what_they_are(void **state)
{
    (void)state;
    expect_mistake(OST_MODELS(MAN(OST_EMBED(man, home, place))), OST_SCHEMA, "man.home", "was");
    expect_mistake(OST_MODELS(MAN(OST_EMBEDS(man, seen, place))), OST_SCHEMA, "man.seen", "was");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_is_kept),
        cmocka_unit_test(older_models_have_none),
        cmocka_unit_test(names_of_schemas),
        cmocka_unit_test(one_table_in_two_schemas),
        cmocka_unit_test(indexes_are_in_the_schema),
        cmocka_unit_test(a_server_may_have_none),
        cmocka_unit_test(former_names_are_kept),
        cmocka_unit_test(without_former_names_there_are_none),
        cmocka_unit_test(names_that_were_none),
        cmocka_unit_test(members_of_documents_were_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
