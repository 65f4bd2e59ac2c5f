/* SPDX-License-Identifier: MIT */
#include "sql_rig.h"

static void conditions(void **state)
{
    made *m = ((world *)*state)->m;
    const ost_node *args[3], *before, *after;
    args[0] = test(m, OST_OP_EQ, "title", ost_value_text("x"));
    before = test(m, OST_OP_LT, "year", ost_value_int(1900));
    after = test(m, OST_OP_GE, "year", ost_value_int(2000));
    args[1] = node2(m, OST_OP_OR, before, after);
    args[2] = node1(m, OST_OP_NOT, node1(m, OST_OP_IS_NULL, member(m, "owner")));
    m->shape.where = node_of(m, OST_OP_AND, args, 3);
    m->op.rows = NULL;
    assert_text(m, "SELECT \"id\" FROM \"books\" WHERE \"title\" = ?1 AND "
                   "(\"year\" < ?2 OR \"year\" >= ?3) AND NOT (\"owner\"\"id\" IS NULL)");
    m->shape.where = node_of(m, OST_OP_AND, NULL, 0);
    assert_string_equal(text_of(m), "SELECT \"id\" FROM \"books\" WHERE 1");
    discard(m);
    m->shape.where = node_of(m, OST_OP_OR, NULL, 0);
    assert_string_equal(text_of(m), "SELECT \"id\" FROM \"books\" WHERE 0");
    discard(m);
    m->shape.where = node1(m, OST_OP_NOT, node_of(m, OST_OP_OR, args + 1, 1));
    assert_string_equal(text_of(m), "SELECT \"id\" FROM \"books\" WHERE "
                                    "NOT (\"year\" < ?2 OR \"year\" >= ?3)");
    discard(m);
}

static void every_comparison(void **state)
{
    static const char *const words[] = { "=", "<>", "<", "<=", ">", ">=" };
    world *w = *state;
    for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++) {
        made *m = make(&w->b, OST_DO_SELECT, w->books);
        char expected[100];
        column(m, member(m, "id"), table_field(w->books, "id"));
        m->op.rows = NULL;
        m->shape.where = node2(m, op, member(m, "id"), member(m, "year"));
        snprintf(expected, sizeof expected, "SELECT \"id\" FROM \"books\" WHERE \"id\" %s \"year\"",
                 words[op - OST_OP_EQ]);
        assert_text(m, expected);
    }
}

static void orders_limits_and_wraps(void **state)
{
    world *w = *state;
    made *m = w->m;
    m->op.rows = NULL;
    order_by(m, member(m, "year"), true);
    order_by(m, member(m, "id"), false);
    limit_to(m, 10, 20);
    assert_text(m,
                "SELECT \"id\" FROM \"books\" ORDER BY \"year\" DESC, \"id\" LIMIT ?1 OFFSET ?2");
    m->shape.limit_parameter = OST_NO_PARAMETER;
    assert_string_equal(text_of(m), "SELECT \"id\" FROM \"books\" ORDER BY \"year\" DESC, \"id\" "
                                    "LIMIT -1 OFFSET ?2");
    discard(m);
    m->shape.wrap = OST_WRAP_EXISTS;
    assert_string_equal(text_of(m), "SELECT EXISTS(SELECT 1 FROM \"books\" LIMIT -1 OFFSET ?2)");
    discard(m);
    m->shape.wrap = OST_WRAP_COUNT;
    assert_string_equal(text_of(m),
                        "SELECT count(*) FROM (SELECT 1 FROM \"books\" LIMIT -1 OFFSET ?2)");
    discard(m);
    m->shape.offset_parameter = OST_NO_PARAMETER;
    assert_string_equal(text_of(m), "SELECT count(*) FROM \"books\"");
    discard(m);
    m->shape.distinct = true;
    assert_string_equal(text_of(m),
                        "SELECT count(*) FROM (SELECT DISTINCT \"id\" AS c0 FROM \"books\")");
    discard(m);
}

static void groups_and_aggregates(void **state)
{
    world *w = *state;
    made *m = make(&w->b, OST_DO_SELECT, w->books);
    const ost_field *to = table_field(w->books, "id");
    column(m, member(m, "kind"), to);
    column(m, aggregate(m, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0), to);
    column(m, aggregate(m, OST_OP_COUNT, "owner", OST_TYPE_INT64, 0), to);
    column(m, aggregate(m, OST_OP_COUNT_DISTINCT, "title", OST_TYPE_INT64, 0), to);
    column(m, aggregate(m, OST_OP_SUM, "year", OST_TYPE_INT64, 0), to);
    column(m, aggregate(m, OST_OP_AVG, "year", OST_TYPE_DOUBLE, 0), to);
    column(m, aggregate(m, OST_OP_SUM, "price", OST_TYPE_DECIMAL, 2), to);
    column(m, aggregate(m, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8), to);
    column(m, aggregate(m, OST_OP_MIN, "price", OST_TYPE_DECIMAL, 2), to);
    m->op.rows = NULL;
    group_by(m, member(m, "kind"));
    m->shape.having = node2(m, OST_OP_GT, aggregate(m, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0),
                            value(m, NULL, ost_value_int(3)));
    assert_text(m,
                "SELECT \"kind\", count(*), count(\"owner\"\"id\"), count(DISTINCT \"title\"), "
                "ostler_sum(\"year\"), ostler_avg(\"year\"), ostler_decimal_sum(\"price\", 21002), "
                "ostler_decimal_avg(\"price\", 21002, 8), min(\"price\") FROM \"books\" "
                "GROUP BY \"kind\" HAVING count(*) > ?1");
    m->shape.wrap = OST_WRAP_COUNT;
    assert_string_equal(text_of(m), "SELECT count(*) FROM (SELECT 1 FROM \"books\" "
                                    "GROUP BY \"kind\" HAVING count(*) > ?1)");
    discard(m);
    m->shape.group_count = 0;
    m->shape.having = NULL;
    m->shape.columns += 1;
    m->shape.column_count = 1;
    assert_string_equal(text_of(m), "SELECT count(*) FROM (SELECT count(*) AS c0 FROM \"books\")");
    discard(m);
}

static void writes(void **state)
{
    world *w = *state;
    made *m = make(&w->b, OST_DO_INSERT, w->books);
    book record = { .id = 1, .title = "t" };
    from_records(m, &record, 1, sizeof record, true);
    m->op.rows = NULL;
    assert_text(m, "INSERT INTO \"books\" (\"title\", \"year\", \"kind\", \"lent\", "
                   "\"owner\"\"id\", \"price\", \"code\") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    m = make(&w->b, OST_DO_INSERT, w->books);
    assert_text(m, "INSERT INTO \"books\" DEFAULT VALUES");
    m = make(&w->b, OST_DO_INSERT, w->books);
    column(m, member(m, "id"), table_field(w->books, "id"));
    column(m, member(m, "year"), table_field(w->books, "year"));
    m->op.rows = NULL;
    assert_text(m, "INSERT INTO \"books\" DEFAULT VALUES RETURNING \"id\", \"year\"");
    m = make(&w->b, OST_DO_UPDATE, w->books);
    set_to(m, "title", ost_value_text("x"));
    set_change(m, OST_OP_SET_NULL, "owner", ost_value_int(0));
    set_change(m, OST_OP_INC, "year", ost_value_int(1));
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(1));
    assert_text(m, "UPDATE \"books\" SET \"title\" = ?1, \"owner\"\"id\" = NULL, "
                   "\"year\" = ostler_add(\"year\", ?2, 2) WHERE \"id\" = ?3");
    m = make(&w->b, OST_DO_DELETE, w->books);
    assert_text(m, "DELETE FROM \"books\"");
    m = make(&w->b, OST_DO_UPDATE, w->books);
    assert_int_equal(compile(m), OST_MISUSE);
}

static void tables(void **state)
{
    world *w = *state;
    ost_table *pairs = bench_table(&w->b, &pair_model);
    const ost_field *owner[] = { table_field(w->books, "owner") };
    const ost_table_foreign_key key = {
        .name = "book_owner", .fields = owner, .field_count = 1, .target = w->books
    };
    made *m = make(&w->b, OST_DO_DDL, w->books);
    w->books->foreign_keys = &key;
    w->books->foreign_key_count = 1;
    m->shape.ddl = OST_DDL_CREATE_TABLE;
    assert_text(m,
                "CREATE TABLE IF NOT EXISTS \"books\" (\"id\" INTEGER PRIMARY KEY NOT NULL, "
                "\"title\" TEXT NOT NULL, \"year\" INTEGER NOT NULL, \"kind\" TEXT NOT NULL, "
                "\"lent\" INTEGER NOT NULL, \"owner\"\"id\" INTEGER, \"price\" INTEGER NOT NULL, "
                "\"code\" TEXT NOT NULL, CONSTRAINT \"books_title_unique\" UNIQUE (\"title\"), "
                "CONSTRAINT \"books_kind_check\" CHECK (\"kind\" IN ('paper', 'au''dio')), "
                "CONSTRAINT \"books_lent_check\" CHECK (\"lent\" IN (0, 1)), "
                "CONSTRAINT \"book_owner\" FOREIGN KEY (\"owner\"\"id\") REFERENCES \"books\" "
                "(\"id\")) STRICT");
    m = make(&w->b, OST_DO_DDL, pairs);
    m->shape.ddl = OST_DDL_CREATE_TABLE;
    assert_text(m,
                "CREATE TABLE IF NOT EXISTS \"pair\" (\"a\" INTEGER NOT NULL, \"b\" TEXT NOT NULL, "
                "\"at\" TEXT NOT NULL, \"u\" BLOB, CONSTRAINT \"pair_primary_key\" PRIMARY KEY "
                "(\"a\", \"b\")) STRICT");
}

static void indexes(void **state)
{
    world *w = *state;
    const ost_field *fields[] = { table_field(w->books, "title"), table_field(w->books, "year") };
    const bool descending[] = { false, true };
    const ost_value yes = ost_value_bool(true), paper = ost_value_int(PAPER);
    const ost_value price = ost_value_decimal(ost_decimal_of(150, 2));
    const ost_field *constants[] = { table_field(w->books, "lent"), table_field(w->books, "kind"),
                                     table_field(w->books, "price") };
    const ost_value *values[] = { &yes, &paper, &price };
    ost_node nodes[3] = { { 0 } };
    const ost_node *tests[3];
    made *m = make(&w->b, OST_DO_DDL, w->books);
    for (size_t i = 0; i < 3; i++) {
        nodes[i] = (ost_node){ .op = OST_OP_VALUE,
                               .parameter = OST_NO_PARAMETER,
                               .field = constants[i],
                               .constant = values[i] };
        tests[i] = node2(m, OST_OP_EQ, member(m, constants[i]->name), &nodes[i]);
    }
    ost_table_index index = { .name = "by title",
                              .fields = fields,
                              .descending = descending,
                              .field_count = 2,
                              .unique = true,
                              .where = node_of(m, OST_OP_AND, tests, 3) };
    w->books->indexes = &index;
    w->books->index_count = 1;
    m->shape.ddl = OST_DDL_CREATE_INDEX;
    assert_text(m, "CREATE UNIQUE INDEX IF NOT EXISTS \"by title\" ON \"books\" "
                   "(\"title\", \"year\" DESC) WHERE \"lent\" = 1 AND \"kind\" = 'paper' AND "
                   "\"price\" = 150");
    w->books->deleted = table_field(w->books, "owner");
    index.among_living = true;
    assert_text(m, "CREATE UNIQUE INDEX IF NOT EXISTS \"by title\" ON \"books\" "
                   "(\"title\", \"year\" DESC) WHERE \"owner\"\"id\" IS NULL AND (\"lent\" = 1 "
                   "AND \"kind\" = 'paper' AND \"price\" = 150)");
    index.among_living = false;
    /* Nothing of it is left out in silence. */
    index.expire_after_s = 1;
    assert_int_equal(compile(m), OST_UNSUPPORTED);
    assert_non_null(strstr(w->b.error.message, "by title expires"));
    index.expire_after_s = 0;
    index.sparse = true;
    assert_int_equal(compile(m), OST_UNSUPPORTED);
    index.sparse = false;
    index.collation = OST_CASELESS;
    assert_int_equal(compile(m), OST_UNSUPPORTED);
    index.collation = OST_EXACT;
    index.kind = OST_FULL_TEXT;
    assert_int_equal(compile(m), OST_UNSUPPORTED);
    w->books->index_count = 0;
    assert_int_equal(compile(m), OST_MISUSE);
}

static void fm41_words_and_quotes_are_names(void **state)
{
    static const char *const words[] = { "select", "a\"b", "order", "table", "x'y",  "a b", "?1",
                                         "rowid",  "é",    "]",     "--",    "true", "null" };
    world *w = *state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        ost_table *t = bench_table(&w->b, &book_model);
        ost_field *f = (ost_field *)(uintptr_t)t->fields;
        book in = { .title = "t", .kind = AUDIO }, out;
        size_t count;
        made *m = make(&w->b, OST_DO_INSERT, t);
        t->name = words[i];
        f[2].column = words[i];
        create(&w->b, t);
        from_records(m, &in, 1, sizeof in, true);
        assert_int_equal(run_rows(m, &out, 1, &count), OST_OK);
        discard(m);
        m = make(&w->b, OST_DO_SELECT, t);
        m->shape.where = test(m, OST_OP_EQ, "year", ost_value_int(0));
        all_columns(m, sizeof out);
        assert_int_equal(run_rows(m, &out, 1, &count), OST_OK);
        assert_int_equal(count, 1);
        assert_int_equal(out.kind, AUDIO);
        discard(m);
    }
}

static void constraint_names_fit_and_differ(void **state)
{
    char a[OST__CONSTRAINT_NAME_SIZE], b[OST__CONSTRAINT_NAME_SIZE];
    char table[60], column_a[64];
    (void)state;
    memset(table, 't', sizeof table - 1);
    table[sizeof table - 1] = '\0';
    memset(column_a, 'c', sizeof column_a - 1);
    column_a[sizeof column_a - 1] = '\0';
    ost__constraint_name("t", "c", "check", a);
    assert_string_equal(a, "t_c_check");
    ost__constraint_name(table, column_a, "check", a);
    column_a[62] = 'd';
    ost__constraint_name(table, column_a, "check", b);
    assert_int_equal(strlen(a), 63);
    assert_int_equal(strlen(b), 63);
    assert_string_not_equal(a, b);
    /* Exactly as long as it may be stays whole; a letter of several bytes is not cut in two. */
    ost__constraint_name(table + 10, "cccccc", "check", a);
    assert_int_equal(strlen(a), 49 + 1 + 6 + 1 + 5);
    for (size_t i = 0; i + 2 < sizeof table; i += 2)
        memcpy(table + i, "é", 2);
    ost__constraint_name("x", table, "unique", a);
    assert_true(strlen(a) <= 63);
}

static const ost_node *nest(made *m, uint32_t levels, bool left)
{
    const ost_node *n = test(m, OST_OP_EQ, "id", ost_value_int(1));
    const ost_node *leaf = n;
    for (uint32_t i = 1; i < levels; i++)
        n = left ? node2(m, i % 2 ? OST_OP_OR : OST_OP_AND, n, leaf)
                 : node2(m, i % 2 ? OST_OP_OR : OST_OP_AND, leaf, n);
    return n;
}

static void depth_is_bounded(void **state)
{
    world *w = *state;
    create(&w->b, w->books);
    for (int left = 0; left < 2; left++) {
        made *m = make(&w->b, OST_DO_SELECT, w->books);
        column(m, member(m, "id"), table_field(w->books, "id"));
        m->op.rows = NULL;
        m->shape.where = nest(m, OST__SQL_DEPTH - 1, left);
        if (run(m) != OST_OK)
            fail_msg("%s", w->b.error.message);
        discard(m);
        m->shape.where = nest(m, OST__SQL_DEPTH + 1, left);
        assert_int_equal(compile(m), OST_TOO_LARGE);
        assert_non_null(strstr(w->b.error.message, "nested too deep"));
        assert_int_equal(w->b.error.nothing_sent, 1);
    }
}

static void long_chains_are_cut_into_groups(void **state)
{
    static const uint32_t counts[] = { 2, 63, 64, 65, 128, 4095, 4096, 4097, 10000 };
    world *w = *state;
    sql(&w->b, "CREATE TABLE books(id, year); INSERT INTO books VALUES (1, 1)");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (int or = 0; or < 2; or ++) {
            made *m = make(&w->b, OST_DO_SELECT, w->books);
            const ost_node *yes = test(m, OST_OP_EQ, "id", ost_value_int(1));
            const ost_node *no = test(m, OST_OP_EQ, "id", ost_value_int(2));
            const ost_node **args = malloc(counts[i] * sizeof *args);
            book out;
            size_t found;
            for (uint32_t k = 0; k < counts[i]; k++)
                args[k] = or ? no : yes;
            column(m, member(m, "id"), table_field(w->books, "id"));
            /* One that decides, at both ends and in the middle. */
            for (uint32_t at = 0; at < counts[i]; at += (counts[i] - 1 + 1) / 2) {
                args[at] = or ? yes : no;
                m->shape.where = node_of(m, or ? OST_OP_OR : OST_OP_AND, args, counts[i]);
                if (run_rows(m, &out, 1, &found) != OST_OK)
                    fail_msg("%u: %s", (unsigned)counts[i], w->b.error.message);
                assert_int_equal(found, or);
                args[at] = or ? no : yes;
                discard(m);
            }
            free(args);
        }
    }
}

static void malformed_shapes_are_refused(void **state)
{
    world *w = *state;
    made *m = w->m;
    ost_node wrong = { .op = OST_OP_VALUE, .type = OST_TYPE_INT64, .parameter = 7 };
    m->shape.where = node2(m, OST_OP_EQ, member(m, "id"), &wrong);
    assert_int_equal(compile(m), OST_MISUSE);
    wrong = (ost_node){ .op = OST_OP_MATCHES };
    m->shape.where = &wrong;
    assert_int_equal(compile(m), OST_UNSUPPORTED);
    wrong = (ost_node){ .op = OST_OP_EQ };
    assert_int_equal(compile(m), OST_UNSUPPORTED);
    m->shape.where = NULL;
    m->shape.lock_mode = OST_LOCK_UPDATE;
    m->shape.distinct = true;
    assert_int_equal(compile(m), OST_MISUSE);
    m = make(&w->b, OST_DO_SELECT, w->books);
    assert_int_equal(compile(m), OST_MISUSE);
    m = make(&w->b, OST_DO_UPSERT, w->books);
    assert_int_equal(compile(m), OST_MISUSE);
    assert_string_equal(w->b.error.model, "book");
}

/* Nothing but data makes another dialect. */
static void another_dialect(void **state)
{
    world *w = *state;
    made *m = w->m;
    ost__sql_dialect d = ost__sqlite_dialect;
    d.quote = '`';
    d.placeholder = '$';
    d.true_text = "TRUE";
    d.no_limit = NULL;
    d.nulls_first = false;
    d.subselect_name = " AS t";
    m->shape.where = node2(m, OST_OP_AND, node_of(m, OST_OP_AND, NULL, 0),
                           test(m, OST_OP_EQ, "owner", ost_value_int(1)));
    order_by(m, member(m, "owner"), true);
    limit_to(m, -1, 5);
    assert_string_equal(in_dialect(m, &d),
                        "SELECT `id` FROM `books` WHERE TRUE AND `owner\"id` = $1 "
                        "ORDER BY `owner\"id` DESC NULLS LAST OFFSET $2");
    m->shape.wrap = OST_WRAP_COUNT;
    assert_string_equal(in_dialect(m, &d), "SELECT count(*) FROM (SELECT 1 FROM `books` WHERE TRUE "
                                           "AND `owner\"id` = $1 OFFSET $2) AS t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQL_CASE(conditions),
        SQL_CASE(every_comparison),
        SQL_CASE(orders_limits_and_wraps),
        SQL_CASE(groups_and_aggregates),
        SQL_CASE(writes),
        SQL_CASE(tables),
        SQL_CASE(indexes),
        SQL_CASE(fm41_words_and_quotes_are_names),
        SQL_CASE(constraint_names_fit_and_differ),
        SQL_CASE(depth_is_bounded),
        SQL_CASE(long_chains_are_cut_into_groups),
        SQL_CASE(malformed_shapes_are_refused),
        SQL_CASE(another_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
