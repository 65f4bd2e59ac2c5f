/* SPDX-License-Identifier: MIT */
/* Tables, indexes and statements as the server takes them, and what others in its place want. */
#include "postgres/wides.h"

#include <math.h>

static void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static made *ddl(const ost_table *t, uint16_t what)
{
    made *m = make(&wides_rig->b, OST_DO_DDL, t);
    m->shape.ddl = what;
    return m;
}

static void tables_have_the_types_of_the_design(void **state)
{
    static const char *const types[][2] = {
        { "id", "bigint" },
        { "flag", "boolean" },
        { "i8", "smallint" },
        { "i16", "smallint" },
        { "i32", "integer" },
        { "i64", "bigint" },
        { "u8", "smallint" },
        { "u16", "integer" },
        { "u32", "bigint" },
        { "u64", "numeric(20,0)" },
        { "f", "double precision" },
        { "d", "double precision" },
        { "text", "text" },
        { "brief", "character varying(5)" },
        { "chars", "character varying(7)" },
        { "blob", "bytea" },
        { "time", "timestamp with time zone" },
        { "date", "date" },
        { "uuid", "uuid" },
        { "object", "bytea" },
        { "price", "numeric(12,2)" },
        { "huge", "numeric(38,10)" },
        { "size", "text" },
        { "o_price", "numeric(12,2)" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char sql[300];
        snprintf(sql, sizeof sql,
                 "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
                 " WHERE attrelid = 'wides'::regclass AND attname = '%s'",
                 types[i][0]);
        assert_string_equal(rig_text(wides_rig, sql), types[i][1]);
    }
    /* Every text compares by bytes. */
    assert_string_equal(rig_text(wides_rig,
                                 "SELECT string_agg(DISTINCT collname, ' ') FROM pg_attribute a"
                                 " JOIN pg_collation c ON c.oid = attcollation"
                                 " WHERE attrelid = 'wides'::regclass AND attnum > 0"),
                        "C");
    assert_string_equal(rig_text(wides_rig,
                                 "SELECT string_agg(attname, ' ' ORDER BY attnum)"
                                 " FROM pg_attribute WHERE attrelid = 'wides'::regclass"
                                 " AND attnum > 0 AND NOT attnotnull AND attname NOT LIKE 'o_%'"),
                        "text brief blob");
}

/* ---- generated keys ---- */

typedef struct order {
    uint64_t id;
    int number;
} order;
typedef struct line {
    uint64_t id, order_id, natural;
} line;

static const ost_field order_fields[] = {
    { .name = "id",
      .type = OST_TYPE_UINT64,
      .size = 8,
      .primary_key = true,
      .generated = OST_AUTO_INCREMENT },
    { .name = "number", .type = OST_TYPE_INT32, .offset = offsetof(order, number), .size = 4 },
    { .name = NULL },
};
static const ost_model order_model = { .name = "order", .table = "orders", .fields = order_fields };
static const ost_field line_fields[] = {
    { .name = "id",
      .type = OST_TYPE_UINT64,
      .size = 8,
      .primary_key = true,
      .generated = OST_AUTO_INCREMENT },
    { .name = "order_id", .type = OST_TYPE_UINT64, .offset = offsetof(line, order_id), .size = 8 },
    { .name = "natural", .type = OST_TYPE_UINT64, .offset = offsetof(line, natural), .size = 8 },
    { .name = NULL },
};
static const ost_model line_model = { .name = "line", .table = "lines", .fields = line_fields };

/* Keys that the server generates are bigints, and so is what refers to them, also in COPY. */
static void generated_naturals_and_what_refers_to_them(void **state)
{
    rig *r = wides_rig;
    ost_table *orders = bench_table(&r->b, &order_model), *lines = bench_table(&r->b, &line_model);
    const ost_field *fields[] = { table_field(lines, "order_id") };
    const ost_table_foreign_key key = {
        .name = "lines_order", .fields = fields, .field_count = 1, .target = orders
    };
    order o = { .number = 5 };
    line rows[] = { { .id = 7, .order_id = 1, .natural = UINT64_MAX }, { .id = 8, .order_id = 1 } };
    uint64_t wanted[] = { 7, UINT64_MAX };
    size_t count = 1;
    made *m;
    (void)state;
    lines->foreign_keys = &key;
    lines->foreign_key_count = 1;
    rig_sql(r, "DROP TABLE IF EXISTS lines, orders");
    rig_sql(r, rig_statement(r, ddl(orders, OST_DDL_CREATE_TABLE)));
    rig_sql(r, rig_statement(r, ddl(lines, OST_DDL_CREATE_TABLE)));
    rig_sql(r, rig_statement(r, ddl(lines, OST_DDL_ADD_FOREIGN_KEY)));
    m = make(&r->b, OST_DO_INSERT, orders);
    from_records(m, &o, 1, sizeof o, true);
    m->columns[m->shape.column_count++] = member(m, "id");
    if (rig_run(r, m, &o, &count) != OST_OK)
        fail_msg("%s\n%s", r->message, r->text);
    assert_int_equal(o.id, 1);
    m = make(&r->b, OST_DO_INSERT, lines);
    from_records(m, rows, 2, sizeof rows[0], false);
    if (rig_copy(r, m) != OST_OK)
        fail_msg("%s", r->message);
    m = make(&r->b, OST_DO_SELECT, lines);
    m->shape.where = in_list(m, "id", OST_TYPE_UINT64, wanted, 2, sizeof wanted[0]);
    all_columns(m, sizeof rows[0]);
    count = 2;
    if (rig_run(r, m, rows, &count) != OST_OK)
        fail_msg("%s\n%s", r->message, r->text);
    assert_int_equal(count, 1);
    assert_true(rows[0].natural == UINT64_MAX);
    /* Beyond the key's integer there is nothing. */
    rows[0].id = UINT64_MAX;
    m = make(&r->b, OST_DO_INSERT, lines);
    from_records(m, rows, 1, sizeof rows[0], false);
    assert_int_equal(rig_run(r, m, NULL, NULL), OST_RANGE);
    /* Increments of what refers to a key stop at the bigint. */
    m = make(&r->b, OST_DO_UPDATE, lines);
    set_change(m, OST_OP_INC, "order_id", ost_value_int(INT64_MAX));
    assert_int_equal(rig_run(r, m, NULL, NULL), OST_DRIVER_ERROR);
    assert_holds(r->message, "\"ostler:range:order_id\"");
}

/* ---- indexes ---- */

static void constants_of_partial_indexes(void **state)
{
    rig *r = wides_rig;
    const struct {
        const char *name;
        ost_value value;
    } cases[] = {
        { "flag", ost_value_bool(true) },
        { "i8", ost_value_int(-128) },
        { "i64", ost_value_int(INT64_MIN) },
        { "u64", ost_value_uint(UINT64_MAX) },
        { "d", ost_value_double(-0.1) },
        { "d", ost_value_double(INFINITY) },
        { "f", ost_value_double(0.25) },
        { "text", ost_value_text("it's \\ \"x\"") },
        { "chars", ost_value_text("") },
        { "blob", ost_value_blob((ost_blob){ "\0\xFF'", 3 }) },
        { "time", ost_value_time(at("0001-01-01T00:00:00.000001Z")) },
        { "date", ost_value_date((ost_date){ -719162 }) },
        { "uuid", ost_value_uuid((ost_uuid){ { 0xAB } }) },
        { "object", ost_value_object_id((ost_object_id){ { 0xCD } }) },
        { "price", ost_value_decimal(dec("-9999999999.99")) },
        { "size", ost_value_int(TINY) },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int op = 0; op < 2; op++) {
            made *m = ddl(wides_table, OST_DDL_CREATE_INDEX), *q, *u;
            const ost_field *fields[] = { table_field(wides_table, "id") };
            const ost_node constant = { .op = OST_OP_VALUE,
                                        .type = cases[i].value.type,
                                        .parameter = OST_NO_PARAMETER,
                                        .field = table_field(wides_table, cases[i].name),
                                        .constant = &cases[i].value };
            const ost_table_index index = {
                .name = "partial",
                .fields = fields,
                .field_count = 1,
                .where = node2(m, op ? OST_OP_LT : OST_OP_EQ, member(m, cases[i].name), &constant),
            };
            wide row = wides_blank(1), back[2];
            size_t count = 2;
            wides_table->indexes = &index;
            wides_table->index_count = 1;
            rig_sql(r, "TRUNCATE wides");
            rig_sql(r, rig_statement(r, m));
            /* The constant means the same as a parameter of that value. */
            assert_int_equal(wides_insert(&row, 1), OST_OK);
            u = make(&r->b, OST_DO_UPDATE, wides_table);
            set_to(u, cases[i].name, cases[i].value);
            if (rig_run(r, u, NULL, NULL) != OST_OK)
                fail_msg("%s%s", r->message, r->b.error.message);
            q = make(&r->b, OST_DO_SELECT, wides_table);
            q->shape.where = index.where;
            all_columns(q, sizeof back[0]);
            if (rig_run(r, q, back, &count) != OST_OK)
                fail_msg("%s\n%s", r->message, r->text);
            if (count != (op ? 0 : 1))
                fail_msg("case %d: %d rows\n%s", (int)i, (int)count, r->text);
            wides_table->index_count = 0;
            rig_sql(r, "DROP INDEX partial");
        }
}

static void a_constant_that_does_not_fit_is_a_schema_error(void **state)
{
    const ost_value value = ost_value_int(1000000);
    made *m = ddl(wides_table, OST_DDL_CREATE_INDEX);
    const ost_field *fields[] = { table_field(wides_table, "id") };
    const ost_node constant = { .op = OST_OP_VALUE,
                                .parameter = OST_NO_PARAMETER,
                                .field = table_field(wides_table, "i16"),
                                .constant = &value };
    const ost_table_index index = { .name = "partial",
                                    .fields = fields,
                                    .field_count = 1,
                                    .where = node2(m, OST_OP_EQ, member(m, "i16"), &constant) };
    ost__buffer out;
    (void)state;
    wides_table->indexes = &index;
    wides_table->index_count = 1;
    ost__buffer_init(&out, &wides_rig->b.memory);
    assert_int_equal(
        ost__sql_statement(&ost__pg_dialect, &m->shape, &out, NULL, &wides_rig->b.error),
        OST_SCHEMA);
    ost__buffer_finish(&out);
    wides_table->index_count = 0;
}

/* Nullable columns of an index lie as the queries order them, so that it serves them. */
static void indexes_serve_the_order_of_queries(void **state)
{
    rig *r = wides_rig;
    const ost_field *fields[] = { table_field(wides_table, "o_i32") };
    const bool descending[] = { true };
    const ost_table_index index = {
        .name = "by_number", .fields = fields, .descending = descending, .field_count = 1
    };
    made *m = ddl(wides_table, OST_DDL_CREATE_INDEX);
    char explain[2000];
    (void)state;
    wides_table->indexes = &index;
    wides_table->index_count = 1;
    rig_sql(r, rig_statement(r, m));
    wides_table->index_count = 0;
    m = make(&r->b, OST_DO_SELECT, wides_table);
    column(m, member(m, "o_i32"), table_field(wides_table, "o_i32"));
    order_by(m, member(m, "o_i32"), true);
    rig_sql(r, "SET enable_seqscan = off");
    rig_sql(r, "SET enable_sort = off");
    snprintf(explain, sizeof explain, "EXPLAIN %s", rig_statement(r, m));
    assert_holds(rig_text(r, explain), "Index Only Scan using by_number");
    rig_sql(r, "RESET enable_seqscan");
    rig_sql(r, "RESET enable_sort");
}

/* ---- statements ---- */

static void statements_as_they_are_written(void **state)
{
    rig *r = wides_rig;
    made *m = make(&r->b, OST_DO_SELECT, wides_table);
    (void)state;
    column(m, member(m, "id"), table_field(wides_table, "id"));
    m->shape.where = test(m, OST_OP_EQ, "text", ost_value_text("x"));
    order_by(m, member(m, "text"), false);
    order_by(m, member(m, "i8"), true);
    limit_to(m, -1, 5);
    m->shape.lock_mode = OST_LOCK_UPDATE_SKIP;
    assert_string_equal(rig_statement(r, m),
                        "SELECT \"id\" FROM \"wides\" WHERE \"text\" = $1"
                        " ORDER BY \"text\" NULLS FIRST, \"i8\" DESC NULLS LAST OFFSET $2"
                        " FOR UPDATE SKIP LOCKED");
    m->shape.lock_mode = OST_LOCK_UPDATE;
    assert_holds(rig_statement(r, m), "OFFSET $2 FOR UPDATE");
    m->shape.lock_mode = OST_LOCK_UPDATE_NOWAIT;
    assert_holds(rig_statement(r, m), "OFFSET $2 FOR UPDATE NOWAIT");
    m->shape.lock_mode = OST_LOCK_SHARE;
    assert_holds(rig_statement(r, m), "OFFSET $2 FOR SHARE");
    m = make(&r->b, OST_DO_INSERT, wides_table);
    m->columns[m->shape.column_count++] = member(m, "id");
    assert_string_equal(rig_statement(r, m),
                        "INSERT INTO \"wides\" DEFAULT VALUES RETURNING \"id\"");
    m = make(&r->b, OST_DO_DELETE, wides_table);
    m->shape.where = node_of(m, OST_OP_OR, NULL, 0);
    limit_to(m, 3, -1);
    assert_string_equal(
        rig_statement(r, m),
        "DELETE FROM \"wides\" WHERE \"id\" IN (WITH x AS MATERIALIZED (SELECT \"id\""
        " FROM \"wides\" WHERE false LIMIT $1 FOR UPDATE) SELECT \"id\" FROM x)");
    m = make(&r->b, OST_DO_SELECT, wides_table);
    m->shape.wrap = OST_WRAP_COUNT;
    m->shape.distinct = true;
    column(m, member(m, "text"), table_field(wides_table, "text"));
    assert_holds(rig_statement(r, m), "SELECT count(*) FROM (SELECT DISTINCT \"text\"");
    assert_holds(rig_statement(r, m), ") AS x");
}

/*
 * A planner that believes in one row joins it with the subselect in a loop, and would run that
 * again for each of nine: each time it would find other rows than those that were changed before.
 */
static void limited_writes_keep_their_limit(void **state)
{
    rig *r = wides_rig;
    wide rows[9];
    (void)state;
    for (int i = 0; i < 9; i++)
        rows[i] = wides_blank(i);
    wides_clear(NULL);
    assert_int_equal(wides_insert(rows, 1), OST_OK);
    rig_sql(r, "VACUUM ANALYZE wides");
    assert_int_equal(wides_insert(rows + 1, 8), OST_OK);
    made *m = make(&r->b, OST_DO_UPDATE, wides_table);
    set_to(m, "i32", ost_value_int(5));
    order_by(m, member(m, "i8"), true);
    limit_to(m, 2, -1);
    assert_int_equal(rig_run(r, m, NULL, NULL), OST_OK);
    assert_string_equal(rig_text(r, "SELECT count(*) FROM wides WHERE i32 = 5"), "2");
    m = make(&r->b, OST_DO_DELETE, wides_table);
    order_by(m, member(m, "i8"), false);
    limit_to(m, 3, 1);
    assert_int_equal(rig_run(r, m, NULL, NULL), OST_OK);
    assert_string_equal(rig_text(r, "SELECT count(*) FROM wides"), "6");
}

/* What CockroachDB wants otherwise; there is no server here to ask. */
static void cockroach_differs_where_it_must(void **state)
{
    rig *r = wides_rig;
    made *m = make(&r->b, OST_DO_SELECT, wides_table);
    (void)state;
    r->dialect = &ost__cockroach_dialect;
    column(m, member(m, "id"), table_field(wides_table, "id"));
    order_by(m, member(m, "text"), false);
    assert_null(strstr(rig_statement(r, m), "NULLS"));
    assert_null(strstr(rig_statement(r, ddl(wides_table, OST_DDL_CREATE_TABLE)), "COLLATE"));
    assert_holds(rig_statement(r, ddl(wides_table, OST_DDL_CREATE_TABLE)), "\"i32\" int4 NOT NULL");
    m = make(&r->b, OST_DO_SELECT, wides_table);
    column(m, member(m, "id"), table_field(wides_table, "id"));
    m->shape.where = text_test(m, OST_OP_HAS_TEXT, "text", "x");
    assert_null(strstr(rig_statement(r, m), "icu"));
    r->dialect = &ost__pg_dialect;
}

/* Every word that SQL reserves, and what could end a name, as table and column. */
static void fm41_any_name_is_quoted(void **state)
{
    static const char *const names[] = { "select", "table", "user", "order", "a\"b", "a'b",
                                         "a b",    "\"",    "$1",   "a;b",   "A",    "\xC3\xA9" };
    rig *r = wides_rig;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const ost_field fields[] = {
            { .name = "id",
              .type = OST_TYPE_INT64,
              .size = 8,
              .column = names[i],
              .primary_key = true },
            { .name = NULL },
        };
        const ost_model model = { .name = "odd", .table = names[i], .fields = fields };
        ost_table *t = bench_table(&r->b, &model);
        const int64_t in[2] = { 42, 0 };
        int64_t out[2];
        size_t count = 1;
        made *m;
        rig_sql(r, rig_statement(r, ddl(t, OST_DDL_CREATE_TABLE)));
        m = make(&r->b, OST_DO_INSERT, t);
        from_records(m, in, 1, sizeof in, false);
        assert_int_equal(rig_run(r, m, NULL, NULL), OST_OK);
        m = make(&r->b, OST_DO_SELECT, t);
        m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(42));
        all_columns(m, sizeof out);
        assert_int_equal(rig_run(r, m, out, &count), OST_OK);
        assert_int_equal(count, 1);
        assert_int_equal(out[0], 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_have_the_types_of_the_design),
        cmocka_unit_test(generated_naturals_and_what_refers_to_them),
        cmocka_unit_test(constants_of_partial_indexes),
        cmocka_unit_test(a_constant_that_does_not_fit_is_a_schema_error),
        cmocka_unit_test(indexes_serve_the_order_of_queries),
        cmocka_unit_test(statements_as_they_are_written),
        cmocka_unit_test(limited_writes_keep_their_limit),
        cmocka_unit_test(cockroach_differs_where_it_must),
        cmocka_unit_test(fm41_any_name_is_quoted),
    };
    return cmocka_run_group_tests(tests, wides_begin, rig_end);
}
