/* SPDX-License-Identifier: MIT */
/* What errors mean: a pure function of the server's words, so no server is needed. */
#include "postgres/things.h"

static ost_table *table(void)
{
    static const ost_field fields[] = {
        { .name = "id", .column = "id", .type = OST_TYPE_INT64 },
        { .name = "email", .column = "e_mail", .type = OST_TYPE_TEXT, .unique = true },
        { .name = "age", .column = "age", .type = OST_TYPE_INT32 },
        { .name = "city", .column = "city_id", .type = OST_TYPE_INT64 },
    };
    static const ost_field *const keys[] = { &fields[0] },
                                  *const both[] = { &fields[2], &fields[1] },
                                  *const city[] = { &fields[3] };
    static const ost_table_index indexes[] = {
        { .name = "by_age", .fields = both, .field_count = 2, .unique = true }
    };
    static const ost_table_foreign_key foreign[] = {
        { .name = "people_city_id_cities", .fields = city, .field_count = 1 }
    };
    static ost_table t = { .struct_size = sizeof t,
                           .model = "person",
                           .name = "people",
                           .fields = fields,
                           .field_count = 4,
                           .keys = keys,
                           .key_count = 1,
                           .indexes = indexes,
                           .index_count = 1,
                           .foreign_keys = foreign,
                           .foreign_key_count = 1 };
    return &t;
}

static const ost_operation *operation(void)
{
    static ost_shape shape = { .struct_size = sizeof shape, .kind = OST_DO_INSERT };
    static ost_operation op = { .struct_size = sizeof op, .kind = OST_DO_INSERT, .shape = &shape };
    shape.table = table();
    return &op;
}

static void each_class_has_its_status(void **state)
{
    static const struct {
        char state[6];
        ost_status status;
        int retryable;
    } cases[] = {
        { "23505", OST_CONFLICT, 0 },      { "23502", OST_NOT_NULL, 0 },
        { "23503", OST_FOREIGN_KEY, 0 },   { "23001", OST_FOREIGN_KEY, 0 },
        { "23514", OST_CHECK, 0 },         { "23P01", OST_CONFLICT, 0 },
        { "23000", OST_CHECK, 0 },         { "22001", OST_RANGE, 0 },
        { "22003", OST_RANGE, 0 },         { "22008", OST_RANGE, 0 },
        { "22021", OST_RANGE, 0 },         { "22P02", OST_RANGE, 0 },
        { "22P05", OST_RANGE, 0 },         { "22012", OST_RANGE, 0 },
        { "40001", OST_SERIALIZATION, 1 }, { "40P01", OST_DEADLOCK, 1 },
        { "55P03", OST_LOCK_TIMEOUT, 0 },  { "57014", OST_TIMEOUT, 0 },
        { "28P01", OST_AUTH, 0 },          { "28000", OST_AUTH, 0 },
        { "53300", OST_CONNECTION, 0 },    { "57P01", OST_CONNECTION, 0 },
        { "57P02", OST_CONNECTION, 0 },    { "57P03", OST_CONNECTION, 0 },
        { "57P05", OST_CONNECTION, 0 },    { "25P03", OST_CONNECTION, 0 },
        { "08006", OST_CONNECTION, 0 },    { "25006", OST_CONNECTION, 0 },
        { "3D000", OST_CONNECTION, 0 },    { "42P01", OST_SCHEMA, 0 },
        { "42703", OST_SCHEMA, 0 },        { "42804", OST_SCHEMA, 0 },
        { "42601", OST_DRIVER_ERROR, 0 },  { "42501", OST_AUTH, 0 },
        { "53100", OST_DRIVER_ERROR, 0 },  { "54001", OST_TOO_LARGE, 0 },
        { "25P02", OST_DRIVER_ERROR, 0 },  { "XX000", OST_DRIVER_ERROR, 0 },
        { "", OST_DRIVER_ERROR, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ost_error e;
        memset(&e, 0xff, sizeof e);
        ost_driver_postgres()->classify(NULL, 7, cases[i].state, "the server's words", &e);
        if (e.status != cases[i].status)
            fail_msg("%s is %s", cases[i].state, ost_status_name((ost_status)e.status));
        assert_int_equal(e.retryable, cases[i].retryable);
        assert_string_equal(e.sql_state, cases[i].state);
        assert_int_equal(e.native_code, 7);
        assert_true(strlen(e.message) > 10);
        assert_null(strchr(e.message, '\n'));
        assert_false(e.message[0] >= 'A' && e.message[0] <= 'Z');
        ost_driver_postgres()->classify(operation(), 0, cases[i].state, "the server's words", NULL);
    }
}

static void a_constraint_names_its_field(void **state)
{
    static const struct {
        const char *state, *constraint, *column, *table, *field, *message;
    } cases[] = {
        { "23505", "people_e_mail_unique", NULL, "people", "email",
          "person.email: a record with the same value exists already" },
        { "23505", "people_primary_key", NULL, "people", "id",
          "person.id: a record with the same key exists already" },
        { "23505", "by_age", NULL, "people", "age",
          "person.age: a record with the same value exists already" },
        { "23505", "people_e_mail_key", NULL, "people", "email",
          "person.email: a record with the same value exists already" },
        { "23505", "people_pkey", NULL, "people", "id",
          "person.id: a record with the same key exists already" },
        { "23514", "people_age_check", NULL, "people", "age",
          "person.age: the value breaks a check of the database" },
        { "23502", NULL, "age", "people", "age",
          "person.age: the database refused a null: give it a value" },
        { "23503", "people_city_id_cities", NULL, "people", "city",
          "person.city: the record refers to one that does not exist, or is still referred to" },
        /* Somebody else's table refers to this one. */
        { "23503", "pets_owner_people", NULL, "pets", "",
          "person: the record refers to one that does not exist, or is still referred to" },
        { "23505", "unheard_of", NULL, "people", "",
          "person: a record with the same value exists already" },
        { "22003", NULL, NULL, NULL, "", "person: the number does not fit" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ost__pg_report r = { .state = cases[i].state,
                                   .message = "Key (e_mail)=(canary) exists",
                                   .constraint = cases[i].constraint,
                                   .column = cases[i].column,
                                   .table = cases[i].table };
        ost_error e;
        ost__pg_explain(operation(), &r, &e);
        assert_string_equal(e.model, "person");
        assert_string_equal(e.field, cases[i].field);
        assert_string_equal(e.message, cases[i].message);
        assert_string_equal(e.constraint, cases[i].constraint ? cases[i].constraint : "");
    }
}

/* Without the protocol's fields the names are in the text. */
static void names_are_read_from_the_text_too(void **state)
{
    ost_error e;
    (void)state;
    ost_driver_postgres()->classify(
        operation(), 0, "23505",
        "duplicate key value violates unique constraint \"people_e_mail_unique\"", &e);
    assert_string_equal(e.field, "email");
    assert_string_equal(e.constraint, "people_e_mail_unique");
    ost_driver_postgres()->classify(
        operation(), 0, "23502",
        "null value in column \"age\" of relation \"people\" violates not-null constraint", &e);
    assert_string_equal(e.field, "age");
}

/* The dialect makes the server fail on purpose where a sum passes a bound. */
static void bounds_of_sums_are_rules_of_their_fields(void **state)
{
    static const struct {
        const char *text;
        ost_status status;
        const char *field, *constraint, *message;
    } cases[] = {
        { "invalid input syntax for type bigint: \"ostler:max:age\"", OST_INVALID, "age", "max",
          "person.age: the sum is above the largest value allowed" },
        { "invalid input syntax for type bigint: \"ostler:min:age\"", OST_INVALID, "age", "min",
          "person.age: the sum is below the smallest value allowed" },
        { "invalid input syntax for type bigint: \"ostler:range:age\"", OST_RANGE, "age", "",
          "person.age: the result does not fit" },
        { "invalid input syntax for type bigint: \"ostler:range:city_id\"", OST_RANGE, "city", "",
          "person.city: the result does not fit" },
        { "invalid input syntax for type bigint: \"ostler:range\"", OST_RANGE, "", "",
          "person: the result does not fit" },
        { "invalid input syntax for type bigint: \"canary\"", OST_RANGE, "", "",
          "person: the value has a form that its column does not know" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ost_error e;
        ost_driver_postgres()->classify(operation(), 0, "22P02", cases[i].text, &e);
        assert_int_equal(e.status, cases[i].status);
        assert_string_equal(e.field, cases[i].field);
        assert_string_equal(e.constraint, cases[i].constraint);
        assert_string_equal(e.message, cases[i].message);
    }
}

/* What is said of a failed connect is cut to a line, without what libpq writes around it. */
static void words_of_a_refused_connection_are_one_line(void **state)
{
    static const struct {
        const char *words;
        ost_status status;
        const char *state, *message;
    } cases[] = {
        { "connection to server at \"h\" (127.0.0.1), port 1 failed: FATAL:  28P01: password"
          " authentication failed for user \"u\"\nLOCATION:  auth_failed, auth.c:323\n",
          OST_AUTH, "28P01", "password authentication failed for user \"u\"" },
        { "connection to server at \"h\", port 1 failed: FATAL:  53300: sorry, too many clients"
          " already\n",
          OST_CONNECTION, "53300", "sorry, too many clients already" },
        { "connection to server at \"h\", port 1 failed: FATAL:  42000: odd\n", OST_CONNECTION,
          "42000", "odd" },
        { "connection to server at \"h\" (127.0.0.1), port 1 failed: Connection refused\n\tIs the"
          " server running on that host and accepting TCP/IP connections?\n",
          OST_CONNECTION, "",
          "connection to server at \"h\" (127.0.0.1), port 1 failed: Connection refused Is the"
          " server running on that host and accepting TCP/IP connections?" },
        { "", OST_CONNECTION, "", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ost_error e;
        assert_int_equal(ost__pg_connect_failed(cases[i].words, &e), cases[i].status);
        assert_int_equal(e.status, cases[i].status);
        assert_string_equal(e.sql_state, cases[i].state);
        assert_string_equal(e.message, cases[i].message);
    }
}

static void a_copy_names_its_record_in_any_language(void **state)
{
    static const struct {
        const char *context, *table;
        size_t line;
    } cases[] = {
        { "COPY books, line 7", "books", 7 },
        { "COPY books, line 7, column year: \"12\"", "books", 7 },
        { "COPY books2, line 70, column c3", "books2", 70 },
        { "COPY books, Zeile 12, Spalte year: »5«", "books", 12 },
        { "COPY books, \xe8\xa1\x8c 9, \xe5\x88\x97 3", "books", 9 },
        { "books\xe3\x81\xae"
          "COPY, \xe8\xa1\x8c 31",
          "books", 31 },
        { "PL/pgSQL function books_check() line 3 at RAISE\nCOPY books, line 4", "books", 4 },
        { "SQL function \"f\" statement 1\nCOPY line 1, line 5", "line 1", 5 },
        { "PL/pgSQL function f() line 3 at RAISE", "books", 0 },
        { "COPY books", "books", 0 },
        { "COPY books\nline 3", "books", 0 },
        { "", "books", 0 },
        { NULL, "books", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(ost__pg_copy_line(cases[i].context, cases[i].table), cases[i].line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_class_has_its_status),
        cmocka_unit_test(a_constraint_names_its_field),
        cmocka_unit_test(names_are_read_from_the_text_too),
        cmocka_unit_test(bounds_of_sums_are_rules_of_their_fields),
        cmocka_unit_test(a_copy_names_its_record_in_any_language),
        cmocka_unit_test(words_of_a_refused_connection_are_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
