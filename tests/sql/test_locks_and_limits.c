/* SPDX-License-Identifier: MIT */
/* Locks, limited writes, writes in parts, foreign keys apart. */
#include "sql_rig.h"

/* ---- locks ---- */

static void locks_stand_at_the_end(void **state)
{
    world *w = *state;
    made *m = w->m;
    ost__sql_dialect d = ost__sqlite_dialect;
    d.locks[OST_LOCK_UPDATE] = " FOR UPDATE";
    d.locks[OST_LOCK_SHARE] = " FOR SHARE";
    limit_to(m, 5, -1);
    m->shape.lock_mode = OST_LOCK_UPDATE;
    assert_string_equal(in_dialect(m, &d), "SELECT \"id\" FROM \"books\" LIMIT ?1 FOR UPDATE");
    m->shape.lock_mode = OST_LOCK_SHARE;
    assert_string_equal(in_dialect(m, &d), "SELECT \"id\" FROM \"books\" LIMIT ?1 FOR SHARE");
    m->shape.lock_mode = OST_LOCK_UPDATE_NOWAIT;
    assert_refused(m, &d, OST_UNSUPPORTED, "SQLite has no lock of kind 3 on rows");
    m->shape.lock_mode = OST_LOCK_SHARE + 1;
    assert_refused(m, &d, OST_UNSUPPORTED, "no lock of kind 5");
    /* Where the database is locked as a whole, there is nothing to write. */
    m->shape.lock_mode = OST_LOCK_UPDATE_NOWAIT;
    assert_text(m, "SELECT \"id\" FROM \"books\" LIMIT ?1");
    m->shape.lock_mode = OST_LOCK_UPDATE;
    m->shape.wrap = OST_WRAP_EXISTS;
    assert_refused(m, &d, OST_MISUSE, "only where they are selected as they are");
}

/* ---- limited updates and deletes ---- */

static made *limited_delete(world *w, ost_table *t, const char *order)
{
    made *m = make(&w->b, OST_DO_DELETE, t);
    order_by(m, member(m, order), true);
    limit_to(m, 2, 1);
    return m;
}

static void limited_writes_go_by_keys(void **state)
{
    world *w = *state;
    ost_table *pairs = bench_table(&w->b, &pair_model);
    ost__sql_dialect d = ost__sqlite_dialect;
    made *m = limited_delete(w, w->books, "year");
    m->shape.where = test(m, OST_OP_LT, "year", ost_value_int(1900));
    assert_text(m, "DELETE FROM \"books\" WHERE \"id\" IN (SELECT \"id\" FROM \"books\" "
                   "WHERE \"year\" < ?3 ORDER BY \"year\" DESC LIMIT ?1 OFFSET ?2)");
    m = limited_delete(w, pairs, "a");
    assert_text(m, "DELETE FROM \"pair\" WHERE (\"a\", \"b\") IN (SELECT \"a\", \"b\" FROM "
                   "\"pair\" ORDER BY \"a\" DESC LIMIT ?1 OFFSET ?2)");
    d.derived_keys = true;
    d.subselect_name = " AS t";
    d.locks[OST_LOCK_UPDATE] = " FOR UPDATE";
    assert_string_equal(in_dialect(m, &d),
                        "DELETE FROM \"pair\" WHERE (\"a\", \"b\") IN (SELECT \"a\", \"b\" FROM "
                        "(SELECT \"a\", \"b\" FROM \"pair\" ORDER BY \"a\" DESC LIMIT ?1 OFFSET "
                        "?2) AS t)");
    d.derived_keys = false;
    m->shape.offset_parameter = OST_NO_PARAMETER;
    assert_string_equal(in_dialect(m, &d),
                        "DELETE FROM \"pair\" WHERE (\"a\", \"b\") IN (SELECT \"a\", \"b\" FROM "
                        "\"pair\" ORDER BY \"a\" DESC LIMIT ?1 FOR UPDATE)");
    d.limited_writes = true;
    assert_string_equal(in_dialect(m, &d), "DELETE FROM \"pair\" ORDER BY \"a\" DESC LIMIT ?1");
    /* An order without a limit says nothing. */
    m->shape.limit_parameter = OST_NO_PARAMETER;
    assert_string_equal(in_dialect(m, &d), "DELETE FROM \"pair\"");
    pairs->key_count = 0;
    m->shape.limit_parameter = 0;
    assert_refused(m, &ost__sqlite_dialect, OST_UNSUPPORTED, "pair has no key");
}

static void limited_updates_go_by_keys(void **state)
{
    world *w = *state;
    made *m = make(&w->b, OST_DO_UPDATE, w->books);
    set_to(m, "year", ost_value_int(7));
    limit_to(m, 1, -1);
    assert_text(m, "UPDATE \"books\" SET \"year\" = ?1 WHERE \"id\" IN (SELECT \"id\" FROM "
                   "\"books\" LIMIT ?2)");
}

static void partitions_are_numbered(void **state)
{
    world *w = *state;
    ost_table *pairs = bench_table(&w->b, &pair_model);
    made *m = make(&w->b, OST_DO_SELECT, pairs);
    ost__sql_dialect d = ost__sqlite_dialect;
    column(m, member(m, "b"), table_field(pairs, "b"));
    m->op.rows = NULL;
    m->shape.where = test(m, OST_OP_GT, "a", ost_value_int(1));
    order_by(m, member(m, "u"), true);
    limit_to(m, 3, 9);
    m->shape.partition = member(m, "at");
    m->shape.partition_parameter = 1;
    assert_text(m, "SELECT \"b\" FROM (SELECT \"a\", \"b\", \"at\", \"u\", row_number() OVER "
                   "(PARTITION BY \"at\" ORDER BY \"u\" DESC) AS \"ostler_row\" FROM \"pair\" "
                   "WHERE \"a\" > ?1) WHERE \"ostler_row\" <= ?2 ORDER BY \"u\" DESC LIMIT ?2 "
                   "OFFSET ?3");
    d.subselect_name = " AS t";
    m->shape.wrap = OST_WRAP_COUNT;
    m->shape.order_count = 0;
    m->shape.limit_parameter = m->shape.offset_parameter = OST_NO_PARAMETER;
    assert_string_equal(in_dialect(m, &d),
                        "SELECT count(*) FROM (SELECT \"a\", \"b\", \"at\", \"u\", row_number() "
                        "OVER (PARTITION BY \"at\") AS \"ostler_row\" FROM \"pair\" WHERE \"a\" > "
                        "?1) AS t WHERE \"ostler_row\" <= ?2");
    m->shape.wrap = OST_WRAP_NONE;
    m->shape.lock_mode = OST_LOCK_UPDATE;
    assert_refused(m, &d, OST_MISUSE, "distinct and partitions");
    m->shape.lock_mode = OST_LOCK_NONE;
    m->shape.distinct = true;
    assert_refused(m, &d, OST_MISUSE, "partitions are of rows as they are");
}

/* ---- writes in parts, and foreign keys apart ---- */

static const char *part_of(made *m, enum ost__sql_part part)
{
    ost__buffer out;
    ost__buffer_init(&out, &m->b->memory);
    if (ost__sql_part(&ost__sqlite_dialect, &m->shape, part, &out, NULL, &m->b->error) != OST_OK)
        fail_msg("%s", m->b->error.message);
    const char *kept = ost__arena_text(&m->b->arena, out.data, out.size);
    ost__buffer_finish(&out);
    return kept;
}

static void a_write_is_told_in_parts(void **state)
{
    world *w = *state;
    made *m = make(&w->b, OST_DO_UPDATE, w->books);
    set_to(m, "year", ost_value_int(7));
    limit_to(m, 1, -1);
    column(m, member(m, "title"), table_field(w->books, "title"));
    assert_string_equal(part_of(m, OST__SQL_LOCK), "SELECT \"id\" FROM \"books\" LIMIT ?2");
    assert_string_equal(part_of(m, OST__SQL_BY_KEY),
                        "UPDATE \"books\" SET \"year\" = ?1 WHERE \"id\" = ?3");
    assert_string_equal(part_of(m, OST__SQL_READ),
                        "SELECT \"title\" FROM \"books\" WHERE \"id\" = ?3");
    m = limited_delete(w, w->books, "year");
    assert_string_equal(part_of(m, OST__SQL_BY_KEY), "DELETE FROM \"books\" WHERE \"id\" = ?3");
}

static void foreign_keys_may_stand_apart(void **state)
{
    world *w = *state;
    const ost_field *owner[] = { table_field(w->books, "owner") };
    const ost_table_foreign_key key = {
        .name = "book_owner", .fields = owner, .field_count = 1, .target = w->books
    };
    ost__sql_dialect d = ost__sqlite_dialect;
    made *m = make(&w->b, OST_DO_DDL, w->books);
    d.foreign_keys_apart = true;
    w->books->foreign_keys = &key;
    w->books->foreign_key_count = 1;
    m->shape.ddl = OST_DDL_CREATE_TABLE;
    assert_null(strstr(in_dialect(m, &d), "FOREIGN KEY"));
    m->shape.ddl = OST_DDL_ADD_FOREIGN_KEY;
    assert_string_equal(in_dialect(m, &d),
                        "ALTER TABLE \"books\" ADD CONSTRAINT \"book_owner\" FOREIGN KEY "
                        "(\"owner\"\"id\") REFERENCES \"books\" (\"id\")");
    m->shape.ddl_index = 1;
    assert_refused(m, &d, OST_MISUSE, "book has no foreign key 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQL_CASE(locks_stand_at_the_end),     SQL_CASE(limited_writes_go_by_keys),
        SQL_CASE(limited_updates_go_by_keys), SQL_CASE(partitions_are_numbered),
        SQL_CASE(a_write_is_told_in_parts),   SQL_CASE(foreign_keys_may_stand_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
