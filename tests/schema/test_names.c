/* SPDX-License-Identifier: MIT */
/* Names as long as they may be, and longer than a server keeps. */
#include "schema_rig.h"

#include "fake/fake.h"

#define FIFTY "a_name_that_fifty_bytes_of_letters_make_rather_lon"
typedef struct keeper {
    int64_t id;
    int64_t first, second;
    const struct keeper *other;
} keeper;
OST_RECORD(keeper, id);
typedef struct plain {
    int64_t id;
} plain;
OST_RECORD(plain, id);

/* Two columns that differ in their last byte, the 63rd, alone. */
OST_MODEL(keeper, .table = FIFTY "g_1234567890_",
          OST_FIELDS(OST_FIELD(keeper, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(keeper, first, .column = FIFTY "g_1234567890a", .unique = true),
                     OST_FIELD(keeper, second, .column = FIFTY "g_1234567890b", .unique = true)),
          OST_RELATIONS(OST_BELONGS_TO(keeper, other, keeper, first)),
          OST_INDEXES(OST_INDEX(OST_ASC(keeper, first), OST_ASC(keeper, second)),
                      OST_INDEX(OST_ASC(keeper, second), OST_ASC(keeper, first))));
OST_MODEL(plain, OST_FIELDS(OST_FIELD(plain, id, .primary_key = true)));

static void fm41_names_as_long_as_they_may_be(void **state)
{
    rig *r = *state;
    ost_db *db = rig_open(r, OST_MODELS(&keeper_model));
    ost_session *s;
    OK(ost_create_tables(db, &r->error));
    int made = atomic_load(&r->ddl);
    assert_int_equal(made, 3);
    OK(ost_create_tables(db, &r->error));
    assert_int_equal(atomic_load(&r->ddl), made);
    OK(ost_session_open(db, NULL, &s, NULL));
    OK(ost_insert(s, keeper, &(keeper){ .id = 1, .first = 1, .second = 7 }));
    FAILS("OST_CONFLICT", ost_insert(s, keeper, &(keeper){ .id = 2, .first = 1, .second = 8 }));
    assert_string_equal(ost_session_error(s)->field, "first");
    FAILS("OST_CONFLICT", ost_insert(s, keeper, &(keeper){ .id = 7, .first = 7, .second = 7 }));
    assert_string_equal(ost_session_error(s)->field, "second");
    ost_session_close(s);
    ost_close(db);
}

static ost_status try_fake(rig *r, uint32_t most, const ost_model *const *models)
{
    ost_fake *fake = ost_fake_open(NULL, OST_FAKE_OPTIONS(.max_identifier = most));
    ost_db *db = NULL;
    ost_fake_counts counts;
    assert_non_null(fake);
    ost_status status = ost_open(OST_OPTIONS(.url = "fake:", .models = models,
                                             .drivers = OST_DRIVERS(ost_fake_driver(fake))),
                                 &db, &r->error);
    assert_true((status == OST_OK) == (db != NULL));
    ost_close(db);
    ost_fake_counted(fake, &counts);
    assert_int_equal(counts.connects, counts.closes);
    assert_int_equal(counts.operations, 0);
    ost_fake_close(fake);
    return status;
}

static void fm41_names_that_a_server_would_cut_are_refused(void **state)
{
    rig *r = *state;
    ost_failure f;
    OK(try_fake(r, 63, OST_MODELS(&keeper_model)));
    OK(try_fake(r, 5, OST_MODELS(&plain_model)));
    FAILS("OST_SCHEMA", try_fake(r, 62, OST_MODELS(&plain_model, &keeper_model)));
    /* The table, two columns, two indexes and a foreign key. */
    assert_int_equal(r->error.failure_count, 6);
    assert_string_equal(r->error.model, "keeper");
    assert_int_equal(r->error.nothing_sent, 1);
    assert_non_null(strstr(r->error.message, "6 mistakes in the models; the first: keeper: the "
                                             "name of the table " FIFTY));
    assert_true(ost_error_failure(&r->error, 1, &f));
    assert_string_equal(f.path, "keeper.first");
    assert_string_equal(f.rule, "name");
    assert_true(ost_error_failure(&r->error, 2, &f));
    assert_string_equal(f.path, "keeper.second");
    FAILS("OST_SCHEMA", try_fake(r, 4, OST_MODELS(&plain_model)));
    assert_string_equal(r->error.message,
                        "a mistake in the models: plain: the name of the table plain has 5 bytes, "
                        "and Fake keeps 4: give it a shorter one");
}

/* Of a table made by others only what is read and written counts. */
static void fm41_adopted_tables_have_no_indexes_of_ours(void **state)
{
    rig *r = *state;
    ost_model adopted = keeper_model;
    adopted.adopted = true;
    adopted.relations = NULL;
    FAILS("OST_SCHEMA", try_fake(r, 62, OST_MODELS(&adopted)));
    assert_int_equal(r->error.failure_count, 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(fm41_names_as_long_as_they_may_be),
        CASE(fm41_names_that_a_server_would_cut_are_refused),
        CASE(fm41_adopted_tables_have_no_indexes_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
