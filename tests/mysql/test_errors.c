/* SPDX-License-Identifier: MIT */
/* What errors mean: by number and text, without a server, and as a server tells them. */
#include "mysql/crates.h"

#include "mysql/connection.h"

/* ---- without a server ---- */

static ost_field fields[] = {
    { .name = "id", .column = "id", .type = OST_TYPE_INT64 },
    { .name = "name", .column = "full name", .type = OST_TYPE_TEXT, .unique = true },
    { .name = "age", .column = "age", .type = OST_TYPE_INT32 },
    { .name = "owner", .column = "owner_id", .type = OST_TYPE_INT64 },
};
static const ost_field *const keys[] = { &fields[0] };
static const ost_field *const by_age[] = { &fields[2] };
static const ost_field *const by_both[] = { &fields[2], &fields[3] };
static const ost_field *const owner[] = { &fields[3] };
static const ost_table_index indexes[] = {
    { .name = "people_age", .fields = by_age, .field_count = 1, .unique = true },
    { .name = "people_both", .fields = by_both, .field_count = 2, .unique = true },
};
static const ost_table_foreign_key references[] = {
    { .name = "people_owner", .fields = owner, .field_count = 1 },
};
static const ost_table people = { .struct_size = sizeof people,
                                  .model = "person",
                                  .name = "people",
                                  .fields = fields,
                                  .field_count = 4,
                                  .keys = keys,
                                  .key_count = 1,
                                  .indexes = indexes,
                                  .index_count = 2,
                                  .foreign_keys = references,
                                  .foreign_key_count = 1 };
static const ost_shape shape = { .struct_size = sizeof shape,
                                 .kind = OST_DO_INSERT,
                                 .table = &people };
static const ost_operation insertion = { .struct_size = sizeof insertion,
                                         .kind = OST_DO_INSERT,
                                         .shape = &shape };

typedef struct expectation {
    int32_t code;
    const char *text;
    ost_status status;
    const char *field, *constraint;
    int retryable;
} expectation;

static const expectation expectations[] = {
    { 1062, "Duplicate entry 'x' for key 'PRIMARY'", OST_CONFLICT, "id", "PRIMARY", 0 },
    { 1062, "Duplicate entry 'x' for key 'people.PRIMARY'", OST_CONFLICT, "id", "PRIMARY", 0 },
    { 1062, "Duplicate entry '1' for key 'people_age'", OST_CONFLICT, "age", "people_age", 0 },
    { 1062, "Duplicate entry '1' for key 'people.people_age'", OST_CONFLICT, "age", "people_age",
      0 },
    { 1062, "Duplicate entry '1-2' for key 'people_both'", OST_CONFLICT, "age", "people_both", 0 },
    { 1062, "Duplicate entry 'a' for key 'people_full name_unique'", OST_CONFLICT, "name",
      "people_full name_unique", 0 },
    { 1062, "Duplicate entry 'a' for key 'full name'", OST_CONFLICT, "name", "full name", 0 },
    /* What is stored may look like the rest of the message. */
    { 1062, "Duplicate entry ' for key 'PRIMARY'' for key 'people_age'", OST_CONFLICT, "age",
      "people_age", 0 },
    { 1062, "Duplicate entry", OST_CONFLICT, "", "", 0 },
    { 1048, "Column 'full name' cannot be null", OST_NOT_NULL, "name", "", 0 },
    { 1364, "Field 'age' doesn't have a default value", OST_NOT_NULL, "age", "", 0 },
    { 1264, "Out of range value for column 'age' at row 1", OST_RANGE, "age", "", 0 },
    { 1406, "Data too long for column 'full name' at row 1", OST_RANGE, "name", "", 0 },
    { 1366,
      "Incorrect integer value: 'for column `age`' for column `d`.`people`.`owner_id` at row 1",
      OST_RANGE, "owner", "", 0 },
    { 1292, "Incorrect datetime value: '0000-00-00' for column `d`.`people`.`age` at row 1",
      OST_RANGE, "age", "", 0 },
    { 1452,
      "Cannot add or update a child row: a foreign key constraint fails (`d`.`people`, CONSTRAINT "
      "`people_owner` FOREIGN KEY (`owner_id`) REFERENCES `people` (`id`))",
      OST_FOREIGN_KEY, "owner", "people_owner", 0 },
    { 1451,
      "Cannot delete or update a parent row: a foreign key constraint fails (`d`.`cats`, "
      "CONSTRAINT `cats_owner` FOREIGN KEY (`owner_id`) REFERENCES `people` (`id`))",
      OST_FOREIGN_KEY, "", "cats_owner", 0 },
    { 4025, "CONSTRAINT `people_age_check` failed for `d`.`people`", OST_CHECK, "age",
      "people_age_check", 0 },
    { 4025, "CONSTRAINT `people.age` failed for `d`.`people`", OST_CHECK, "age", "age", 0 },
    { 3819, "Check constraint 'people_age_check' is violated.", OST_CHECK, "age",
      "people_age_check", 0 },
    { 1292, "Truncated incorrect INTEGER value: 'ostler:min:age'", OST_INVALID, "age", "min", 0 },
    { 1292, "Truncated incorrect INTEGER value: 'ostler:max:full na", OST_INVALID, "name", "max",
      0 },
    { 1292, "Truncated incorrect INTEGER value: 'ostler:range:owner_id'", OST_RANGE, "owner",
      "range", 0 },
    { 1292, "Truncated incorrect INTEGER value: 'ostler:min:a'", OST_INVALID, "", "min", 0 },
    { 1292, "Truncated incorrect DOUBLE value: 'ostler'", OST_RANGE, "", "", 0 },
    { 1292, "Incorrect date value: 'ostler:min:age' for column `d`.`people`.`owner_id` at row 1",
      OST_RANGE, "owner", "", 0 },
    { 1105, "unknown", OST_DRIVER_ERROR, "", "", 0 },
    { 1213, "Deadlock found", OST_DEADLOCK, "", "", 1 },
    { 1020, "Record has changed since last read", OST_SERIALIZATION, "", "", 1 },
    { 1205, "Lock wait timeout exceeded", OST_LOCK_TIMEOUT, "", "", 0 },
    { 1045, "Access denied for user 'u'@'h' (using password: YES)", OST_AUTH, "", "", 0 },
    { 1040, "Too many connections", OST_CONNECTION, "", "", 0 },
    { 1203, "User u already has more than 'max_user_connections'", OST_CONNECTION, "", "", 0 },
    { 1290, "The server is running with --read-only", OST_CONNECTION, "", "", 0 },
    { 1836, "Running in read-only mode", OST_CONNECTION, "", "", 0 },
    { 1146, "Table 'd.people' doesn't exist", OST_SCHEMA, "", "", 0 },
    { 1054, "Unknown column 'x' in 'field list'", OST_SCHEMA, "", "", 0 },
    { 2006, "Server has gone away", OST_CONNECTION, "", "", 0 },
    { 2013, "Lost connection to server during query", OST_CONNECTION, "", "", 0 },
    { 1390, "Prepared statement contains too many placeholders", OST_TOO_LARGE, "", "", 0 },
    { 1064, "You have an error in your SQL syntax", OST_DRIVER_ERROR, "", "", 0 },
};

static void every_error_means_something(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        const expectation *x = &expectations[i];
        ost_error e;
        memset(&e, 0xff, sizeof e);
        ost_driver_mysql()->classify(&insertion, x->code, "HY000", x->text, &e);
        if (e.status != x->status || strcmp(e.field, x->field) != 0 ||
            strcmp(e.constraint, x->constraint) != 0 || e.retryable != x->retryable)
            fail_msg("%d %s: status %d, field '%s', constraint '%s', retryable %d", x->code,
                     x->text, e.status, e.field, e.constraint, e.retryable);
        assert_int_equal(e.native_code, x->code);
        /* Before the handshake the server tells no states; the pool goes by this one. */
        assert_string_equal(e.sql_state, x->code == 1040 ? "08004" : "HY000");
        assert_string_equal(e.model, "person");
        assert_null(strchr(e.message, '\n'));
    }
}

/* However a text is cut, spoilt or missing, nothing is read beyond it. */
static void no_text_is_too_strange(void **state)
{
    static const int32_t codes[] = { 1062, 1048, 1264, 1366, 1451, 1452, 3819, 4025, 1105 };
    (void)state;
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        const char *text = expectations[i].text;
        for (size_t size = 0; size <= strlen(text); size++) {
            char *cut = malloc(size + 1);
            memcpy(cut, text, size);
            cut[size] = '\0';
            for (size_t k = 0; k < sizeof codes / sizeof codes[0]; k++) {
                ost_error e;
                ost_driver_mysql()->classify(&insertion, codes[k], NULL, cut, &e);
                assert_int_not_equal(e.status, OST_OK);
                ost_driver_mysql()->classify(NULL, codes[k], NULL, cut, &e);
                assert_int_not_equal(e.status, OST_OK);
            }
            free(cut);
        }
    }
    ost_driver_mysql()->classify(&insertion, 1062, NULL, NULL, NULL);
}

/* ---- as the server tells them ---- */

static ost_status insert_one(crates_world *w, crate in)
{
    made *m = crate_insert(w, &in, 1);
    crate out[1];
    size_t count;
    ost_status status = run_rows(m, out, 1, &count);
    discard(m);
    return status;
}

static void duplicates_name_key_and_field(void **state)
{
    crates_world *w = *state;
    assert_int_equal(insert_one(w, (crate){ .name = "a secret" }), OST_OK);
    assert_int_equal(insert_one(w, (crate){ .name = "a secret" }), OST_CONFLICT);
    assert_string_equal(w->b.error.model, "crate");
    assert_string_equal(w->b.error.field, "name");
    assert_string_equal(w->b.error.constraint, "crates_name_unique");
    assert_int_equal(w->b.error.native_code, 1062);
    assert_string_equal(w->b.error.sql_state, "23000");
    assert_null(strstr(w->b.error.message, "secret"));
    assert_int_equal(w->b.outcome.connection_lost, 0);
}

static void nulls_and_checks_name_their_field(void **state)
{
    crates_world *w = *state;
    assert_int_equal(insert_one(w, (crate){ .name = NULL }), OST_NOT_NULL);
    assert_string_equal(w->b.error.field, "name");
    assert_int_equal(insert_one(w, (crate){ .name = "a", .n = -13 }), OST_CHECK);
    assert_string_equal(w->b.error.field, "n");
    assert_string_equal(w->b.error.constraint, "crates_n_check");
}

static void references_name_their_field(void **state)
{
    crates_world *w = *state;
    slip in = { .crate_id = 7 };
    made *m = make(&w->b, OST_DO_INSERT, w->slips), *gone = make(&w->b, OST_DO_DELETE, w->crates);
    from_records(m, &in, 1, sizeof in, true);
    m->op.rows = NULL;
    assert_int_equal(run(m), OST_FOREIGN_KEY);
    assert_string_equal(w->b.error.field, "crate_id");
    assert_string_equal(w->b.error.constraint, "slips_crate");
    crates_fill(w, 7);
    assert_int_equal(run(m), OST_OK);
    gone->shape.where = test(gone, OST_OP_EQ, "id", ost_value_int(7));
    assert_int_equal(run(gone), OST_FOREIGN_KEY);
    assert_string_equal(w->b.error.constraint, "slips_crate");
    discard(m);
    discard(gone);
}

static void a_text_that_is_too_long_names_its_field(void **state)
{
    crates_world *w = *state;
    char name[90];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(insert_one(w, (crate){ .name = name }), OST_RANGE);
    assert_string_equal(w->b.error.field, "name");
    assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "0");
}

/* Strict modes still round decimals, with a note. What our own members hold is checked before it
 * is sent; a column that is narrower than its member is not. */
static void fm33_a_value_that_was_rounded_is_refused(void **state)
{
    crates_world *w = *state;
    server_sql(w->url, "ALTER TABLE crates MODIFY price DECIMAL(5,1)");
    assert_int_equal(insert_one(w, (crate){ .name = "a", .price = dec("1.50") }), OST_OK);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(insert_one(w, (crate){ .name = "b", .price = dec("1.55") }), OST_RANGE);
    assert_string_equal(w->b.error.field, "price");
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_string_equal(crates_text(w, "SELECT name FROM crates"), "a");
}

static void tables_that_are_not_there_are_named(void **state)
{
    crates_world *w = *state;
    made *m = crate_select(w);
    crate out[1];
    size_t count;
    server_sql(w->url, "DROP TABLE slips; DROP TABLE crates");
    assert_int_equal(run_rows(m, out, 1, &count), OST_SCHEMA);
    assert_non_null(strstr(w->b.error.message, "crates"));
    discard(m);
}

/* ---- limits ---- */

/* The largest text that goes through, and one byte more. */
static void fm44_what_is_too_large_is_refused_before_it_is_sent(void **state)
{
    crates_world *w = *state;
    size_t most = w->b.caps.max_packet, low = most - 400, high = most + 400;
    char *note = malloc(high + 1);
    assert_int_not_equal(most, 0);
    while (high - low > 1) {
        size_t size = low + (high - low) / 2;
        char name[32];
        snprintf(name, sizeof name, "%zu", size);
        memset(note, 'x', size);
        note[size] = '\0';
        ost_status status = insert_one(w, (crate){ .name = name, .note = note });
        if (status == OST_OK) {
            low = size;
        } else {
            if (status != OST_TOO_LARGE || !w->b.error.nothing_sent)
                fail_msg("%zu of %zu: %s", size, most, w->b.error.message);
            assert_string_equal(w->b.error.model, "crate");
            assert_string_equal(w->b.error.field, "note");
            assert_int_equal(w->b.outcome.connection_lost, 0);
            assert_true(w->b.driver->alive(w->b.c));
            high = size;
        }
    }
    /* No more is kept from the server than a packet's head. */
    assert_in_range(low, most - 200, most);
    assert_int_equal(strtoull(crates_text(w, "SELECT MAX(LENGTH(note)) FROM crates"), NULL, 10),
                     low);
    free(note);
}

static void a_text_of_a_statement_can_be_too_large(void **state)
{
    crates_world *w = *state;
    size_t most = w->b.caps.max_packet;
    char *text = malloc(most + 100);
    memset(text, ' ', most + 99);
    text[most + 99] = '\0';
    memcpy(text, "SELECT 1", 8);
    ost_operation op = {
        .struct_size = sizeof op, .kind = OST_DO_RAW, .text = text, .text_size = most + 99
    };
    size_t accepted;
    assert_int_equal(w->b.driver->submit(w->b.c, &op, 1, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, INT64_MAX), OST_TOO_LARGE);
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_true(w->b.driver->alive(w->b.c));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        cmocka_unit_test(every_error_means_something),
        cmocka_unit_test(no_text_is_too_strange),
        TEST(duplicates_name_key_and_field),
        TEST(nulls_and_checks_name_their_field),
        TEST(references_name_their_field),
        TEST(a_text_that_is_too_long_names_its_field),
        TEST(fm33_a_value_that_was_rounded_is_refused),
        TEST(tables_that_are_not_there_are_named),
        TEST(fm44_what_is_too_large_is_refused_before_it_is_sent),
        TEST(a_text_of_a_statement_can_be_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
