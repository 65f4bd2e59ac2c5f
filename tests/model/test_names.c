/* SPDX-License-Identifier: MIT */
/* Schemas of models: which names they may have, and what tables in them are called. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_is_kept),          cmocka_unit_test(older_models_have_none),
        cmocka_unit_test(names_of_schemas),          cmocka_unit_test(one_table_in_two_schemas),
        cmocka_unit_test(indexes_are_in_the_schema), cmocka_unit_test(a_server_may_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
