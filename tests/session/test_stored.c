/* SPDX-License-Identifier: MIT */
/* Stored values that do not fit their members: said with the member's name, never bent. */
#include "rig.h"

#include <stdio.h>

/* A table as others make it: without rules, so that any row can lie in it. */
static void gauges(rig *r, const char *rows, const char *documents)
{
    char commands[800];
    rig_raw_or(r,
               r->mode->server
                   ? "CREATE TABLE gauges (id INTEGER PRIMARY KEY, level bigint, maybe bigint,"
                     " unit varchar(20))"
                   : "CREATE TABLE gauges (id INTEGER PRIMARY KEY, level, maybe, unit)",
               "{\"create\": \"gauges\"}");
    snprintf(commands, sizeof commands, "{\"insert\": \"gauges\", \"documents\": [%s]}", documents);
    rig_raw_or(r, rows, commands);
}

static ost_status load(rig *r, int64_t id, const gauge **out)
{
    *out = ost_get(r->s, gauge, id);
    return *out ? OST_OK : (ost_status)ost_session_error(r->s)->status;
}

static void expect_range(rig *r, int64_t id, const char *field)
{
    const gauge *g;
    char name[64];
    snprintf(name, sizeof name, "gauge.%s", field);
    FAILS(OST_RANGE, name, load(r, id, &g));
    assert_string_equal(ost_session_error(r->s)->model, "gauge");
    assert_string_equal(ost_session_error(r->s)->field, field);
}

static void fm39_a_null_where_none_can_be_is_range(void **state)
{
    rig *r = *state;
    const gauge *g;
    gauges(r,
           "INSERT INTO gauges VALUES (1, NULL, NULL, 'C'), (2, 5, NULL, 'C'),"
           " (3, 5, 7, NULL)",
           "{\"_id\": 1, \"unit\": \"C\"}, {\"_id\": 2, \"level\": 5, \"unit\": \"C\"}"
           ", {\"_id\": 3, \"level\": 5, \"maybe\": 7}");
    expect_range(r, 1, "level");
    OK(load(r, 2, &g));
    assert_int_equal(g->level, 5);
    assert_false(g->maybe.present);
    expect_range(r, 3, "unit");
}

static void fm36_a_number_beyond_its_member_is_range(void **state)
{
    rig *r = *state;
    const gauge *g;
    gauges(r,
           "INSERT INTO gauges VALUES (1, 300, NULL, 'C'), (2, 127, 127, 'C'),"
           " (3, -128, -128, ''), (4, 128, 0, 'C'), (5, -129, 0, 'C'), (6, 0, 300, 'C'),"
           " (7, 9223372036854775807, 0, 'C')",
           "{\"_id\": 1, \"level\": 300, \"unit\": \"C\"}"
           ", {\"_id\": 2, \"level\": 127, \"maybe\": 127, \"unit\": \"C\"}"
           ", {\"_id\": 3, \"level\": -128, \"maybe\": -128, \"unit\": \"\"}"
           ", {\"_id\": 4, \"level\": 128, \"maybe\": 0, \"unit\": \"C\"}"
           ", {\"_id\": 5, \"level\": -129, \"maybe\": 0, \"unit\": \"C\"}"
           ", {\"_id\": 6, \"level\": 0, \"maybe\": 300, \"unit\": \"C\"}"
           ", {\"_id\": 7, \"level\": {\"$numberLong\": \"9223372036854775807\"}, \"maybe\": 0, "
           "\"unit\": \"C\"}");
    expect_range(r, 1, "level");
    OK(load(r, 2, &g));
    assert_true(g->level == 127 && g->maybe.present && g->maybe.value == 127);
    OK(load(r, 3, &g));
    assert_true(g->level == -128 && g->maybe.value == -128);
    expect_range(r, 4, "level");
    expect_range(r, 5, "level");
    expect_range(r, 6, "maybe");
    expect_range(r, 7, "level");
}

static void fm39_a_value_of_another_kind_is_range(void **state)
{
    rig *r = *state;
    gauges(r,
           "INSERT INTO gauges VALUES (1, 'many', 0, 'C'), (2, 1.5, 0, 'C'),"
           " (3, x'01', 0, 'C'), (4, 1, 'x', 'C'), (5, 1, 0, 'Celsius'), (6, 1, 0, x'00')",
           "{\"_id\": 1, \"level\": \"many\", \"maybe\": 0, \"unit\": \"C\"},"
           "{\"_id\": 2, \"level\": 1.5, \"maybe\": 0, \"unit\": \"C\"},"
           "{\"_id\": 3, \"level\": {\"$oid\": \"000000000000000000000001\"}, \"unit\": \"C\"},"
           "{\"_id\": 4, \"level\": 1, \"maybe\": \"x\", \"unit\": \"C\"},"
           "{\"_id\": 5, \"level\": 1, \"maybe\": 0, \"unit\": \"Celsius\"},"
           "{\"_id\": 6, \"level\": 1, \"maybe\": 0, \"unit\": 0}");
    expect_range(r, 1, "level");
    expect_range(r, 2, "level");
    expect_range(r, 3, "level");
    expect_range(r, 4, "maybe");
    expect_range(r, 5, "unit");
    expect_range(r, 6, "unit");
}

/* One row among many: nothing is handed out, and the unit goes on. */
static void one_bad_row_spoils_the_array_and_not_the_unit(void **state)
{
    rig *r = *state;
    size_t count = 9;
    gauges(r, "INSERT INTO gauges VALUES (1, 1, 1, 'a'), (2, 300, 1, 'b'), (3, 3, 3, 'c')",
           "{\"_id\": 1, \"level\": 1, \"maybe\": 1, \"unit\": \"a\"}"
           ", {\"_id\": 2, \"level\": 300, \"maybe\": 1, \"unit\": \"b\"}"
           ", {\"_id\": 3, \"level\": 3, \"maybe\": 3, \"unit\": \"c\"}");
    OK(ost_begin(r->s, NULL));
    rig_book(r, "kept", 1);
    NULLS(OST_RANGE, "gauge.level: a stored value does not fit the member",
          ost_all(ost_from(r->s, gauge), gauge, &count));
    assert_int_equal(count, 0);
    rig_book(r, "kept too", 2);
    OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 2);
    ost_query *q = ost_from(r->s, gauge);
    ost_where(q, ost_ne(gauge, id, 2));
    assert_non_null(ost_all(q, gauge, &count));
    assert_int_equal(count, 2);
    ost_cursor *c = ost_stream(ost_from(r->s, gauge), 1);
    assert_non_null(ost_next(c, gauge));
    assert_null(ost_next(c, gauge));
    FAILS(OST_RANGE, "gauge.level", ost_cursor_close(c));
}

typedef struct level_sum {
    int64_t sum;
} level_sum;
OST_PART(level_sum);
OST_MODEL(level_sum, OST_FIELDS(OST_FIELD(level_sum, sum)));

static void a_result_that_does_not_fit_names_its_own_struct(void **state)
{
    rig *r = *state;
    gauges(r, "INSERT INTO gauges VALUES (1, 1, NULL, 'C')",
           "{\"_id\": 1, \"level\": 1, \"unit\": \"C\"}");
    ost_query *q = ost_from(r->s, gauge);
    ost_group_by(q, ost_col(gauge, unit));
    ost_select(q, ost_as(level_sum, sum, ost_sum(ost_col(gauge, maybe))));
    NULLS(OST_RANGE, "level_sum.sum: what was selected does not fit the member; it is NULL",
          ost_all(q, level_sum, NULL));
    assert_string_equal(ost_session_error(r->s)->model, "level_sum");
}

static void fm36_a_reload_that_does_not_fit_leaves_the_record(void **state)
{
    rig *r = *state;
    gauges(r, "INSERT INTO gauges VALUES (1, 1, 1, 'a')",
           "{\"_id\": 1, \"level\": 1, \"maybe\": 1, \"unit\": \"a\"}");
    gauge *g = ost_get(r->s, gauge, 1);
    rig_raw_or(r, "UPDATE gauges SET level = 300",
               "{\"update\": \"gauges\", \"updates\":"
               " [{\"q\": {}, \"u\": {\"$set\": {\"level\": 300}}}]}");
    g->level = 9;
    FAILS(OST_RANGE, "gauge.level", ost_reload(r->s, gauge, g));
    assert_int_equal(g->level, 9);
    rig_raw_or(r, "UPDATE gauges SET level = 4",
               "{\"update\": \"gauges\", \"updates\":"
               " [{\"q\": {}, \"u\": {\"$set\": {\"level\": 4}}}]}");
    OK(ost_reload(r->s, gauge, g));
    assert_int_equal(g->level, 4);
}

/* The database's own rules, in the form of validation. */
static void a_null_that_the_table_refuses_is_a_failure_of_its_member(void **state)
{
    rig *r = *state;
    ost_failure f;
    rig_raw_or(
        r,
        "CREATE TABLE gauges (id INTEGER PRIMARY KEY, level smallint CHECK (level < 50),"
        " maybe smallint NOT NULL, unit varchar(3))",
        "{\"create\": \"gauges\", \"validator\": {\"$jsonSchema\": {\"required\": [\"maybe\"],"
        " \"properties\": {\"level\": {\"maximum\": 49}}}}}");
    FAILS(OST_NOT_NULL, "gauge.maybe", ost_insert(r->s, gauge, &(gauge){ .id = 1, .level = 1 }));
    assert_true(ost_error_failure(ost_session_error(r->s), 0, &f));
    assert_string_equal(f.path, "maybe");
    assert_string_equal(f.rule, "required");
    FAILS(OST_CHECK, "gauge",
          ost_insert(r->s, gauge, &(gauge){ .id = 1, .level = 60, .maybe = OST_SOME(1) }));
    OK(ost_insert(r->s, gauge, &(gauge){ .id = 1, .level = 10, .maybe = OST_SOME(1) }));
}

/* Somebody else changed the row meanwhile: what this session did not change stays theirs. */
static void another_program_writes_beside(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    book *b = ost_get(r->s, book, id);
    rig_raw_or(r, "UPDATE books SET subtitle = 'theirs', stock = 44",
               "{\"update\": \"books\", \"updates\": [{\"q\": {},"
               " \"u\": {\"$set\": {\"subtitle\": \"theirs\", \"stock\": 44}}}]}");
    b->title = "ours";
    OK(ost_save(r->s, book, b));
    const book *found = ost_get(r->s, book, id);
    assert_string_equal(found->subtitle, "theirs");
    assert_int_equal(found->stock, 44);
    assert_string_equal(found->title, "ours");
    rig_raw_or(r, "DELETE FROM books",
               "{\"delete\": \"books\", \"deletes\": [{\"q\": {}, \"limit\": 0}]}");
    b->title = "gone";
    FAILS(OST_STALE, "not stored any more", ost_save(r->s, book, b));
}

static void a_missing_table_says_what_to_do(void **state)
{
    rig *r = *state;
    NULLS(OST_SCHEMA, "gauges", ost_get(r->s, gauge, 1));
    HAS(ost_session_error(r->s)->message, "run ost_create_tables");
    assert_string_equal(ost_session_error(r->s)->model, "gauge");
}

/* What was refused is known: a damaged file is no lost answer. */
static void a_write_into_a_damaged_file_says_so(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    rig_raw(r, "PRAGMA writable_schema = on; "
               "UPDATE sqlite_schema SET rootpage = 99999 WHERE type = 'table' AND name = 'books'; "
               "PRAGMA schema_version = 4711");
    FAILS(OST_CONNECTION, "damaged", ost_insert(r->s, book, &(book){ .title = "Persuasion" }));
    NULLS(OST_CONNECTION, "damaged", ost_get(r->s, book, id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_FILES(fm39_a_null_where_none_can_be_is_range),
        RIG_SERVER(fm39_a_null_where_none_can_be_is_range),
        RIG_FILES(a_write_into_a_damaged_file_says_so),
        RIG_FILES(fm36_a_number_beyond_its_member_is_range),
        RIG_SERVER(fm36_a_number_beyond_its_member_is_range),
        RIG_FILES(fm39_a_value_of_another_kind_is_range),
        RIG_ON(fm39_a_value_of_another_kind_is_range, RIG_MONGODB),
        RIG_FILES(one_bad_row_spoils_the_array_and_not_the_unit),
        RIG_SERVER(one_bad_row_spoils_the_array_and_not_the_unit),
        RIG_FILES(a_result_that_does_not_fit_names_its_own_struct),
        RIG_SERVER(a_result_that_does_not_fit_names_its_own_struct),
        RIG_FILES(fm36_a_reload_that_does_not_fit_leaves_the_record),
        RIG_SERVER(fm36_a_reload_that_does_not_fit_leaves_the_record),
        RIG_FILES(a_null_that_the_table_refuses_is_a_failure_of_its_member),
        RIG_SERVER(a_null_that_the_table_refuses_is_a_failure_of_its_member),
        RIG_FILES(another_program_writes_beside),
        RIG_SERVER(another_program_writes_beside),
        RIG_SQL(a_missing_table_says_what_to_do),
    };
    return RIG_RUN(tests);
}
