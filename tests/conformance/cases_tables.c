/* SPDX-License-Identifier: MIT */
/* Tables: made once, left alone, and made by others. */
#include "conformance.h"

#include <string.h>

#include "suite_models.h"

/* Whether another ost_db on the same URL has tables of its own; notes it as a refusal. */
static bool is_apart(void)
{
    ost_error error;
    ost_db *again;
    ost_session *on = NULL;
    int64_t count;
    ost_status status;
    OK(open_again(suite_models, &again, &error));
    OK(ost_session_open(again, NULL, &on, &error));
    status = ost_count_of(ost_from(on, thing), &count);
    ost_session_close(on);
    ost_close(again);
    return refused(status, OST_SCHEMA);
}

static void tables_are_made_once(void)
{
    ost_error error;
    ost_db *again;
    (void)ddl_sent();
    OK(ost_create_tables(db, &error));
    assert_int_equal(ddl_sent(), 0);
    if (is_apart())
        return;
    OK(open_again(suite_models, &again, &error));
    OK(ost_create_tables(again, &error));
    ost_close(again);
    assert_int_equal(ddl_sent(), 0);
}

/* ---- a model that grows ---- */

typedef struct first_form {
    int64_t id;
    const char *name;
} first_form;
OST_RECORD(first_form, id);
OST_MODEL(first_form, .table = "growing",
          OST_FIELDS(OST_FIELD(first_form, id, .primary_key = true),
                     OST_FIELD(first_form, name, .max_length = 20)));

typedef struct indexed_form {
    int64_t id;
    const char *name;
} indexed_form;
OST_RECORD(indexed_form, id);
OST_MODEL(indexed_form, .table = "growing",
          OST_FIELDS(OST_FIELD(indexed_form, id, .primary_key = true),
                     OST_FIELD(indexed_form, name, .max_length = 20)),
          OST_INDEXES(OST_INDEX(OST_ASC(indexed_form, name))));

typedef struct wider_form {
    int64_t id;
    const char *name;
    int more;
} wider_form;
OST_RECORD(wider_form, id);
OST_MODEL(wider_form, .table = "growing",
          OST_FIELDS(OST_FIELD(wider_form, id, .primary_key = true),
                     OST_FIELD(wider_form, name, .max_length = 20), OST_FIELD(wider_form, more)));

static ost_status create(const ost_model *model, ost_error *error)
{
    ost_db *other;
    ost_status status = open_again(OST_MODELS(model), &other, error);
    if (status == OST_OK)
        status = ost_create_tables(other, error);
    ost_close(other);
    return status;
}

static void what_is_missing_is_made(void)
{
    ost_error error;
    if (is_apart())
        return;
    OK(run_raw_or(s, "DROP TABLE IF EXISTS growing", "{\"drop\": \"growing\"}"));
    (void)ddl_sent();
    OK(create(&first_form_model, &error));
    assert_int_equal(ddl_sent(), 1);
    OK(create(&indexed_form_model, &error));
    assert_int_equal(ddl_sent(), 1);
    OK(create(&indexed_form_model, &error));
    assert_int_equal(ddl_sent(), 0);
}

static void a_missing_column_is_told(void)
{
    ost_error error;
    ost_failure failure;
    if (is_apart())
        return;
    OK(run_raw_or(s, "DROP TABLE IF EXISTS growing", "{\"drop\": \"growing\"}"));
    OK(create(&first_form_model, &error));
    (void)ddl_sent();
    FAILS("OST_SCHEMA", create(&wider_form_model, &error));
    assert_int_equal(ddl_sent(), 0);
    assert_non_null(strstr(error.message, "growing"));
    assert_true(ost_error_failure(&error, 0, &failure));
    assert_non_null(strstr(failure.path, "more"));
}

static void a_table_that_is_not_there_is_told(void)
{
    ost_error error;
    ost_db *other;
    ost_session *on = NULL;
    int64_t count;
    OK(run_raw_or(s, "DROP TABLE IF EXISTS growing", "{\"drop\": \"growing\"}"));
    OK(open_again(OST_MODELS(&first_form_model), &other, &error));
    OK(ost_session_open(other, NULL, &on, &error));
    ost_status status = ost_count_of(ost_from(on, first_form), &count);
    if (status == OST_OK) {
        assert_int_equal(count, 0);
        found("it is empty");
    } else {
        FAILS("OST_SCHEMA", status);
        FAILS("OST_SCHEMA", ost_insert(on, first_form, &(first_form){ .id = 1 }));
    }
    ost_session_close(on);
    ost_close(other);
}

/* ---- other names ---- */

typedef struct renamed_form {
    int64_t id;
    const char *title;
} renamed_form;
OST_RECORD(renamed_form, id);
OST_MODEL(renamed_form, .table = "growing",
          OST_FIELDS(OST_FIELD(renamed_form, id, .primary_key = true),
                     OST_FIELD(renamed_form, title, .max_length = 20, .was = "name")),
          OST_INDEXES(OST_INDEX(OST_ASC(renamed_form, title))));

static void a_column_is_renamed(void)
{
    ost_error error;
    ost_db *other;
    ost_session *on = NULL;
    if (is_apart())
        return;
    OK(run_raw_or(s, "DROP TABLE IF EXISTS growing", "{\"drop\": \"growing\"}"));
    OK(create(&indexed_form_model, &error));
    OK(open_again(OST_MODELS(&indexed_form_model), &other, &error));
    OK(ost_session_open(other, NULL, &on, &error));
    OK(ost_insert(on, indexed_form, &(indexed_form){ .id = 1, .name = "kept" }));
    ost_session_close(on);
    ost_close(other);
    OK(create(&renamed_form_model, &error));
    (void)ddl_sent();
    OK(create(&renamed_form_model, &error));
    assert_int_equal(ddl_sent(), 0);
    OK(open_again(OST_MODELS(&renamed_form_model), &other, &error));
    OK(ost_session_open(other, NULL, &on, &error));
    ost_query *q = ost_from(on, renamed_form);
    ost_where(q, ost_eq(renamed_form, title, "kept"));
    assert_int_equal(ost_one(q, renamed_form)->id, 1);
    ost_session_close(on);
    ost_close(other);
}

/* ---- schemas ---- */

typedef struct filed {
    int64_t id;
    const char *code;
    int64_t form_id;
    const first_form *form;
} filed;
OST_RECORD(filed, id);
OST_MODEL(filed, .table = "growing",
          OST_FIELDS(OST_FIELD(filed, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(filed, code, .unique = true, .max_length = 20),
                     OST_FIELD(filed, form_id)),
          OST_RELATIONS(OST_BELONGS_TO(filed, form, first_form, form_id)),
          OST_INDEXES(OST_INDEX(OST_DESC(filed, form_id))));

static void use_both(ost_session *on)
{
    filed many[12] = { { .id = 0 } };
    char codes[12][4];
    int64_t count;
    OK(ost_insert(on, first_form, &(first_form){ .id = 1, .name = "a" }));
    for (int i = 0; i < 12; i++) {
        (void)snprintf(codes[i], sizeof codes[i], "%d", i);
        many[i] = (filed){ .code = codes[i], .form_id = 1 };
    }
    OK(ost_insert_many(on, filed, many, 12));
    assert_int_equal(many[11].id, many[0].id + 11);
    FAILS("OST_CONFLICT", ost_insert(on, filed, &(filed){ .code = "3", .form_id = 1 }));
    assert_string_equal(ost_session_error(on)->field, "code");
    OK(ost_delete(on, filed, &many[5]));
    OK(ost_count_of(ost_from(on, filed), &count));
    assert_int_equal(count, 11);
    OK(ost_count_of(ost_from(on, first_form), &count));
    assert_int_equal(count, 1);
}

static void tables_are_in_schemas(void)
{
    ost_model in_schema = filed_model;
    ost_error error;
    ost_db *other;
    ost_session *on = NULL;
    in_schema.schema = schema_beside();
    OK(run_raw_or(s, "DROP TABLE IF EXISTS growing", "{\"drop\": \"growing\"}"));
    OK(open_again(OST_MODELS(&in_schema, &first_form_model), &other, &error));
    if (on_backend("sqlite"))
        emulated();
    OK(ost_create_tables(other, &error));
    (void)ddl_sent();
    OK(ost_create_tables(other, &error));
    assert_int_equal(ddl_sent(), 0);
    OK(ost_session_open(other, NULL, &on, &error));
    use_both(on);
    ost_session_close(on);
    ost_close(other);
}

/* ---- tables of others ---- */

static void tables_of_others_are_left_alone(void)
{
    ost_error error;
    OK(run_raw_or(s, "DROP TABLE IF EXISTS ledger_of_others", "{\"drop\": \"ledger_of_others\"}"));
    (void)ddl_sent();
    OK(ost_create_tables(db, &error));
    assert_int_equal(ddl_sent(), 0);
    ost_status status = ost_insert(s, ledger, &(ledger){ .id = 1 });
    if (status == OST_OK)
        found("the first record makes it");
    else
        FAILS("OST_SCHEMA", status);
}

static void tables_of_others_are_used(void)
{
    size_t count;
    int64_t matched;
    ledger many[3] = { { .id = 1, .code = "b", .cents = OST_SOME(5) },
                       { .id = 2, .code = "B" },
                       { .id = 3, .code = "a", .account = OST_SOME(7) } };
    OK(make_ledger(s));
    OK(run_raw_or(s, "INSERT INTO ledger_of_others (number, code, cents) VALUES (9, 'theirs', 11)",
                  "{\"insert\": \"ledger_of_others\", \"documents\":"
                  " [{\"_id\": 9, \"code\": \"theirs\", \"cents\": 11}]}"));
    OK(ost_insert_many(s, ledger, many, 3));
    ost_query *q = ost_from(s, ledger);
    ost_order_by(q, ost_asc(ledger, code));
    ledger *rows = ost_all(q, ledger, &count);
    assert_int_equal(count, 4);
    assert_string_equal(rows[0].code, "B"); /* by bytes, whatever the column says */
    assert_string_equal(rows[1].code, "a");
    assert_string_equal(rows[3].code, "theirs");
    assert_int_equal(rows[3].cents.value, 11);
    rows[3].account = (ost_opt_int64)OST_SOME(1);
    OK(ost_save(s, ledger, &rows[3]));
    q = ost_from(s, ledger);
    ost_where(q, ost_eq(ledger, code, "b"));
    OK(ost_update(q, &matched, ost_inc(ledger, cents, 1)));
    assert_int_equal(matched, 1);
    assert_int_equal(ost_get(s, ledger, 1)->cents.value, 6);
}

/* ---- names ---- */

static void fm41_names_are_always_quoted(void)
{
    odd a = { .group = 1, .order = "x" }, *found;
    int64_t matched;
    OK(ost_insert(s, odd, &a));
    OK(ost_insert(s, odd, &(odd){ .group = 1, .order = "y", .blank = OST_SOME(3) }));
    ost_query *q = ost_from(s, odd);
    ost_where(q, ost_eq(odd, order, "y"));
    ost_order_by(q, ost_desc(odd, group));
    found = ost_first(q, odd);
    assert_non_null(found);
    assert_int_equal(found->blank.value, 3);
    found->blank = (ost_opt_int)OST_SOME(4);
    OK(ost_save(s, odd, found));
    OK(ost_update(q, &matched, ost_inc(odd, blank, 1)));
    assert_int_equal(matched, 1);
    OK(ost_reload(s, odd, found));
    assert_int_equal(found->blank.value, 5);
    OK(ost_delete(s, odd, found));
    FAILS("OST_CONFLICT", ost_insert(s, odd, &(odd){ .group = 1, .order = "x" }));
    assert_string_equal(ost_session_error(s)->field, "group");
}

static void fm46_hostile_texts_are_values(void)
{
    static const char *const texts[] = {
        "'; DROP TABLE things; --",
        "\" OR \"\"=\"",
        "\\'; DELETE FROM things; #",
        "${1}",
        "$1",
        "?",
        ":x",
        "%s%n",
        "`",
        "\x1a",
        "/* */",
        "0x41",
        "NULL",
        "\xe2\x80\xae",
        "\\",
        "''",
        "\xef\xbc\x87 OR 1=1",
        "';\n--",
        "admin'--",
        "1; SELECT pg_sleep(9)",
    };
    size_t count = sizeof texts / sizeof texts[0];
    for (size_t i = 0; i < count; i++) {
        int64_t id = add_thing((thing){ .name = texts[i], .note = texts[i] });
        thing *found = ost_get(s, thing, id);
        assert_string_equal(found->note, texts[i]);
        assert_int_equal(things(ost_eq(thing, note, texts[i])), 1);
        assert_int_equal(things(ost_in(thing, note, &texts[i], 1)), 1);
        assert_true(things(ost_has_text(thing, note, texts[i])) >= 1);
    }
    assert_int_equal(things(ost_not_null(thing, note)), count);
}

static const test_case tables_group_cases[] = {
    CASE_ALONE(tables_are_made_once, "tables, indexes and references are made once"),
    CASE_ALONE(what_is_missing_is_made, "what is missing is made: a table, then an index"),
    CASE_ALONE(a_missing_column_is_told, "a column that is missing is told, not added"),
    CASE_ALONE(a_table_that_is_not_there_is_told, "a table that is not there is told"),
    CASE_ALONE(a_column_is_renamed, "a column that was called otherwise is renamed, once"),
    CASE_ALONE(tables_are_in_schemas, "a table is in a schema, beside one of its name elsewhere"),
    CASE_ALONE(tables_of_others_are_left_alone, "tables of others are never made or changed"),
    CASE_ALONE(tables_of_others_are_used, "tables of others are read and written; bytes decide"),
    CASE(fm41_names_are_always_quoted, "names that are words of the language are quoted"),
    CASE(fm46_hostile_texts_are_values, "hostile texts are values and nothing else"),
};
GROUP(tables_group, "Tables and names");
