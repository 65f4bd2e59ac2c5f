/* SPDX-License-Identifier: MIT */
/* What is written for MariaDB and for MySQL, and tables that others made. */
#include "support/servers.h"
#include "support/shape_builder.h"

#include "mysql/connection.h"

typedef struct note {
    int64_t id;
    const char *title; /* indexed: 100 characters */
    const char *body;
    char code[5];
    ost_blob hash; /* unique: 32 bytes */
    ost_decimal exact;
    ost_time at;
    double weight;
} note;
OST_RECORD(note, id);
OST_MODEL(note, .table = "notes",
          OST_FIELDS(OST_FIELD(note, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(note, title, .unique = true, .max_length = 100),
                     OST_FIELD(note, body), OST_FIELD(note, code),
                     OST_FIELD(note, hash, .unique = true, .max_length = 32),
                     OST_FIELD(note, exact, .precision = 38, .scale = 31), OST_FIELD(note, at),
                     OST_FIELD(note, weight)));

/* Made by others. */
typedef struct page {
    int64_t id;
    const char *who;
    const char *tag; /* compared as the column says */
    ost_decimal total;
    ost_time made, changed, ours;
    int kind;
} page;
OST_RECORD(page, id);
OST_MODEL(
    page, .table = "pages", .adopted = true,
    OST_FIELDS(OST_FIELD(page, id, .primary_key = true), OST_FIELD(page, who),
               OST_FIELD(page, tag, .collation = OST_AS_STORED),
               OST_FIELD(page, total, .precision = 10, .scale = 2, .stored = OST_STORED_NUMERIC),
               OST_FIELD(page, made, .stored = OST_STORED_SECONDS_TEXT),
               OST_FIELD(page, changed, .stored = OST_STORED_UNIX_SECONDS), OST_FIELD(page, ours),
               OST_FIELD(page, kind, .values = OST_NAMES("b", "a", "c"))));

static bench b;
static const char *url;
static ost_table *notes, *pages;

static int begin(void **state)
{
    (void)state;
    url = server_database(SERVER_MYSQL, NULL);
    bench_open(&b, ost_driver_mysql(), url);
    notes = bench_table(&b, &note_model);
    pages = bench_table(&b, &page_model);
    server_sql(url, "CREATE TABLE pages (id BIGINT PRIMARY KEY, who VARCHAR(40) CHARACTER SET "
                    "latin1 COLLATE latin1_swedish_ci, tag VARCHAR(40) CHARACTER SET utf8mb4 "
                    "COLLATE utf8mb4_general_ci, total DOUBLE, made VARCHAR(19), changed INT, "
                    "ours DATETIME, kind ENUM('c', 'b', 'a')) ENGINE=InnoDB");
    return 0;
}

static int end(void **state)
{
    (void)state;
    bench_close(&b);
    server_drop(url);
    return 0;
}

/* ---- texts ---- */

/* The statement of a shape for a server; NULL: it is refused. Valid until the next call. */
static const char *written(const ost__my_flavour *f, const made *m)
{
    static char text[4000];
    ost__buffer out, uses;
    const char *found = NULL;
    ost__buffer_init(&out, &b.memory);
    ost__buffer_init(&uses, &b.memory);
    if (ost__sql_statement(&f->dialect, &m->shape, &out, &uses, &b.error) == OST_OK) {
        snprintf(text, sizeof text, "%s", out.data);
        found = text;
    }
    ost__buffer_finish(&out);
    ost__buffer_finish(&uses);
    return found;
}

static const ost__my_flavour *mariadb(void)
{
    return ost__my_flavour_of(true, 101100);
}

static const ost__my_flavour *mysql(void)
{
    return ost__my_flavour_of(false, 80036);
}

static void servers_have_flavours(void **state)
{
    (void)state;
    assert_null(ost__my_flavour_of(true, 100599));
    assert_null(ost__my_flavour_of(false, 50799));
    assert_non_null(ost__my_flavour_of(true, 100600));
    assert_ptr_not_equal(ost__my_flavour_of(true, 100600), mariadb());
    assert_ptr_equal(ost__my_flavour_of(true, 120000), mariadb());
    assert_string_equal(mariadb()->collation, "utf8mb4_nopad_bin");
    assert_string_equal(mysql()->collation, "utf8mb4_0900_bin");
    assert_int_equal(mysql()->dialect.returning, 0);
    assert_true(mariadb()->dialect.returning >> OST_DO_INSERT & 1);
    assert_false(mariadb()->dialect.returning >> OST_DO_UPDATE & 1);
}

static void tables_of_each(void **state)
{
    made *m = make(&b, OST_DO_DDL, notes);
    (void)state;
    m->shape.ddl = OST_DDL_CREATE_TABLE;
    assert_string_equal(
        written(mariadb(), m),
        "CREATE TABLE IF NOT EXISTS `notes` (`id` BIGINT NOT NULL AUTO_INCREMENT, `title` "
        "VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin, `body` LONGTEXT CHARACTER "
        "SET utf8mb4 COLLATE utf8mb4_nopad_bin, `code` VARCHAR(4) CHARACTER SET utf8mb4 COLLATE "
        "utf8mb4_nopad_bin NOT NULL, `hash` VARBINARY(32), `exact` DECIMAL(38,31) NOT NULL, `at` "
        "DATETIME(6) NOT NULL, `weight` DOUBLE NOT NULL, CONSTRAINT `notes_primary_key` PRIMARY "
        "KEY (`id`), CONSTRAINT `notes_title_unique` UNIQUE (`title`), CONSTRAINT "
        "`notes_hash_unique` UNIQUE (`hash`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 "
        "COLLATE=utf8mb4_nopad_bin");
    /* MySQL keeps 30 digits behind the point. */
    assert_null(written(mysql(), m));
    assert_int_equal(b.error.status, OST_UNSUPPORTED);
    assert_non_null(strstr(b.error.message, "exact"));
    discard(m);
}

/* A field of a made-up table, as CREATE TABLE has it; NULL: it is refused. */
static const char *column_of(ost_field f)
{
    static char text[200];
    ost_table t = *notes;
    made *m = make(&b, OST_DO_DDL, &t);
    const char *found, *stop;
    f.name = f.column = "it";
    t.fields = &f;
    t.field_count = 1;
    t.key_count = 0;
    t.index_count = t.foreign_key_count = 0;
    t.auto_key = NULL;
    m->shape.ddl = OST_DDL_CREATE_TABLE;
    found = written(mariadb(), m);
    discard(m);
    if (!found)
        return NULL;
    found = strstr(found, "`it` ") + 5;
    stop = strstr(found, " CHARACTER");
    if (!stop)
        stop = strpbrk(found, ",)");
    if (*stop == ')' && memchr(found, '(', (size_t)(stop - found)))
        stop++;
    snprintf(text, sizeof text, "%.*s", (int)(stop - found), found);
    return text;
}

static void texts_and_blobs_fit_their_columns(void **state)
{
    (void)state;
    assert_string_equal(column_of((ost_field){ .type = OST_TYPE_TEXT }), "LONGTEXT");
    assert_string_equal(column_of((ost_field){ .type = OST_TYPE_TEXT, .max_length = 768 }),
                        "VARCHAR(768)");
    assert_string_equal(column_of((ost_field){ .type = OST_TYPE_TEXT, .max_length = 769 }),
                        "LONGTEXT");
    assert_string_equal(
        column_of((ost_field){ .type = OST_TYPE_TEXT, .max_length = 768, .unique = true }),
        "VARCHAR(768)");
    assert_null(column_of((ost_field){ .type = OST_TYPE_TEXT, .max_length = 769, .unique = true }));
    assert_non_null(strstr(b.error.message, "768 characters"));
    assert_string_equal(column_of((ost_field){ .type = OST_TYPE_CHARS, .size = 8 }), "VARCHAR(7)");
    assert_string_equal(column_of((ost_field){ .type = OST_TYPE_CHARS, .size = 1 }), "VARCHAR(1)");
    assert_string_equal(column_of((ost_field){ .type = OST_TYPE_CHARS, .size = 70000 }),
                        "LONGTEXT");
    assert_string_equal(column_of((ost_field){ .type = OST_TYPE_BLOB }), "LONGBLOB");
    assert_string_equal(
        column_of((ost_field){ .type = OST_TYPE_BLOB, .max_length = 3072, .unique = true }),
        "VARBINARY(3072)");
    assert_null(
        column_of((ost_field){ .type = OST_TYPE_BLOB, .max_length = 3073, .unique = true }));
    assert_string_equal(
        column_of((ost_field){ .type = OST_TYPE_INT32, .values = OST_NAMES("a", "l\xc3\xa4nger") }),
        "VARCHAR(6)");
}

/* All VARCHARs of a row together have 65,535 bytes. */
static void wide_rows_keep_their_texts_outside(void **state)
{
    ost_field fields[40];
    ost_table t = *notes;
    char names[40][8];
    static const ost_field *keys[1];
    (void)state;
    memset(fields, 0, sizeof fields);
    for (int i = 0; i < 40; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        fields[i] = (ost_field){ .name = names[i],
                                 .column = names[i],
                                 .type = OST_TYPE_TEXT,
                                 .max_length = 700,
                                 .unique = i == 3 };
    }
    fields[0] =
        (ost_field){ .name = "id", .column = "id", .type = OST_TYPE_INT64, .primary_key = true };
    keys[0] = &fields[0];
    t.model = t.name = "broad";
    t.fields = fields;
    t.keys = keys;
    t.index_count = t.foreign_key_count = 0;
    t.auto_key = NULL;
    for (int count = 10; count <= 40; count += 30) {
        made *m = make(&b, OST_DO_DDL, &t);
        t.field_count = (uint32_t)count;
        m->shape.ddl = OST_DDL_CREATE_TABLE;
        server_sql(url, "DROP TABLE IF EXISTS broad");
        if (run(m) != OST_OK)
            fail_msg("%s", b.error.message);
        discard(m);
        assert_string_equal(
            server_text(url, "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_NAME = "
                             "'broad' AND TABLE_SCHEMA = DATABASE() AND DATA_TYPE = 'varchar'"),
            count == 10 ? "9" : "1");
    }
}

static void statements_of_each(void **state)
{
    made *m = make(&b, OST_DO_SELECT, notes);
    (void)state;
    column(m, member(m, "id"), table_field(notes, "id"));
    m->op.rows = NULL;
    m->shape.where = test(m, OST_OP_EQ, "title", ost_value_text("x"));
    m->shape.lock_mode = OST_LOCK_SHARE;
    assert_string_equal(written(mariadb(), m),
                        "SELECT `id` FROM `notes` WHERE `title` = ? LOCK IN SHARE MODE");
    assert_string_equal(written(mysql(), m),
                        "SELECT `id` FROM `notes` WHERE `title` = ? FOR SHARE");
    m->shape.lock_mode = OST_LOCK_UPDATE_SKIP;
    assert_string_equal(written(mysql(), m),
                        "SELECT `id` FROM `notes` WHERE `title` = ? FOR UPDATE SKIP LOCKED");
    m->shape.lock_mode = OST_LOCK_NONE;
    m->shape.where = text_test(m, OST_OP_STARTS_WITH, "title", "x");
    assert_string_equal(
        written(mysql(), m),
        "SELECT `id` FROM `notes` WHERE (LOCATE(REPLACE(LOWER(UPPER(REPLACE(?, '\xc4\xb1', "
        "'\xef\xb7\x90') COLLATE utf8mb4_0900_as_cs)) COLLATE utf8mb4_0900_bin, '\xc3\x9f', "
        "'ss'), REPLACE(LOWER(UPPER(REPLACE(`title`, '\xc4\xb1', '\xef\xb7\x90') COLLATE "
        "utf8mb4_0900_as_cs)) COLLATE utf8mb4_0900_bin, '\xc3\x9f', 'ss')) = 1)");
    discard(m);
    m = make(&b, OST_DO_DELETE, notes);
    m->shape.where = test(m, OST_OP_GT, "weight", ost_value_double(1));
    m->columns[0] = member(m, "id");
    m->shape.columns = m->columns;
    m->shape.column_count = 1;
    limit_to(m, 3, -1);
    assert_string_equal(written(mariadb(), m),
                        "DELETE FROM `notes` WHERE `weight` > ? LIMIT ? RETURNING `id`");
    assert_string_equal(written(mysql(), m), "DELETE FROM `notes` WHERE `weight` > ? LIMIT ?");
    discard(m);
}

/* ---- tables of others ---- */

static const char *ids_of(made *m)
{
    static char out[200];
    int64_t ids[20];
    size_t count, size = 0;
    column(m, member(m, "id"), table_field(pages, "id"));
    m->program.row_size = sizeof ids[0];
    if (m->shape.order_count == 0)
        order_by(m, member(m, "id"), false);
    if (run_rows(m, ids, 20, &count) != OST_OK)
        fail_msg("%s: %s", text_of(m), b.error.message);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(out + size, sizeof out - size, i ? " %d" : "%d", (int)ids[i]);
    discard(m);
    return out;
}

static made *from_pages(void)
{
    return make(&b, OST_DO_SELECT, pages);
}

static made *where_text(const char *name, uint16_t op, const char *text)
{
    made *m = from_pages();
    m->shape.where =
        op == OST_OP_EQ ? test(m, op, name, ost_value_text(text)) : text_test(m, op, name, text);
    return m;
}

static void fill_pages(void)
{
    server_sql(url, "SET time_zone = '+00:00'; DELETE FROM pages;"
                    "INSERT INTO pages VALUES "
                    "(1, 'Ada', 'Red', 10.1, '2024-01-01 00:00:00', 1704067200, '2024-01-01', 'a'),"
                    "(2, 'ada', 'red', 10.2, '2024-01-01 00:00:01', 1704067200, '2024-01-01', 'b'),"
                    "(3, '\xc3\x84"
                    "da', 'RED', 0.3, NULL, NULL, NULL, 'c'),"
                    "(4, NULL, NULL, NULL, '2023-12-31 23:59:59', 0, '2024-01-01', NULL)");
}

static void texts_of_others_compare_by_bytes(void **state)
{
    made *m;
    (void)state;
    fill_pages();
    assert_string_equal(ids_of(where_text("who", OST_OP_EQ, "ada")), "2");
    assert_string_equal(ids_of(where_text("who", OST_OP_EQ,
                                          "\xc3\x84"
                                          "da")),
                        "3");
    /* A letter that the column cannot hold. */
    assert_string_equal(ids_of(where_text("who", OST_OP_EQ, "\xf0\x9f\x98\x80")), "");
    assert_string_equal(ids_of(where_text("tag", OST_OP_EQ, "rEd")), "1 2 3");
    assert_string_equal(ids_of(where_text("who", OST_OP_HAS_TEXT,
                                          "\xc3\xa4"
                                          "D")),
                        "3");
    assert_string_equal(ids_of(where_text("who", OST_OP_STARTS_WITH, "AD")), "1 2");
    assert_string_equal(ids_of(where_text("who", OST_OP_ENDS_WITH, "A")), "1 2 3");
    m = from_pages();
    order_by(m, member(m, "who"), false);
    assert_string_equal(ids_of(m), "4 1 2 3");
    m = from_pages();
    order_by(m, member(m, "kind"), true);
    assert_string_equal(ids_of(m), "3 2 1 4");
    m = from_pages();
    m->shape.where = test(m, OST_OP_GE, "kind", ost_value_int(0));
    assert_string_equal(ids_of(m), "2 3");
}

static void lists_of_others(void **state)
{
    enum { ITEMS = 300 };
    const char *texts[ITEMS];
    (void)state;
    fill_pages();
    for (int i = 0; i < ITEMS; i++)
        texts[i] = i == 100 ? "ada" : i == 299 ? "rEd" : "none of them";
    for (int count = 299; count <= ITEMS; count++) {
        made *m = from_pages();
        m->shape.where = in_list(m, "who", OST_TYPE_TEXT, texts, (size_t)count, sizeof *texts);
        assert_string_equal(ids_of(m), "2");
        m = from_pages();
        m->shape.where = in_list(m, "tag", OST_TYPE_TEXT, texts, (size_t)count, sizeof *texts);
        assert_string_equal(ids_of(m), count == ITEMS ? "1 2 3" : "");
    }
}

static void numbers_and_times_of_others(void **state)
{
    made *m;
    (void)state;
    fill_pages();
    m = from_pages();
    m->shape.where = test(m, OST_OP_EQ, "total", ost_value_decimal(dec("10.10")));
    assert_string_equal(ids_of(m), "1");
    m = from_pages();
    m->shape.where = node2(m, OST_OP_EQ, member(m, "made"), member(m, "changed"));
    assert_string_equal(ids_of(m), "1");
    m = from_pages();
    m->shape.where = node2(m, OST_OP_GT, member(m, "made"), member(m, "ours"));
    assert_string_equal(ids_of(m), "2");
    m = from_pages();
    m->shape.where = node2(m, OST_OP_LT, member(m, "changed"), member(m, "ours"));
    assert_string_equal(ids_of(m), "4");
    m = from_pages();
    m->shape.where = test(m, OST_OP_GE, "made", ost_value_time(at("2024-01-01T00:00:00.5Z")));
    assert_string_equal(ids_of(m), "2");
    /* The doubles are not 20.6 exactly; the decimals are. */
    m = from_pages();
    m->shape.having = node2(m, OST_OP_EQ, aggregate(m, OST_OP_SUM, "total", OST_TYPE_DECIMAL, 2),
                            value(m, NULL, ost_value_decimal(dec("20.60"))));
    column(m, aggregate(m, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0), table_field(pages, "id"));
    int64_t n;
    size_t count;
    m->program.row_size = sizeof n;
    assert_int_equal(run_rows(m, &n, 1, &count), OST_OK);
    assert_int_equal(count, 1);
    discard(m);
}

static void records_of_others_go_there_and_back(void **state)
{
    page in, out;
    size_t count;
    made *m = make(&b, OST_DO_INSERT, pages);
    (void)state;
    fill_pages();
    memset(&in, 0, sizeof in);
    in.id = 9;
    in.who = "\xc3\xa9";
    in.tag = "x";
    in.total = dec("-12.34");
    in.made = in.changed = in.ours = at("2038-01-19T03:14:07Z");
    in.kind = 2;
    from_records(m, &in, 1, sizeof in, false);
    if (run(m) != OST_OK)
        fail_msg("%s", b.error.message);
    discard(m);
    m = from_pages();
    memset(&out, 0, sizeof out);
    all_columns(m, sizeof out);
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(9));
    assert_int_equal(run_rows(m, &out, 1, &count), OST_OK);
    assert_int_equal(count, 1);
    assert_string_equal(out.who, in.who);
    assert_memory_equal(&out.total, &in.total, sizeof in.total);
    assert_int_equal(out.made.microseconds, in.made.microseconds);
    assert_int_equal(out.changed.microseconds, in.changed.microseconds);
    assert_int_equal(out.ours.microseconds, in.ours.microseconds);
    assert_int_equal(out.kind, 2);
    discard(m);
    /* A letter that the column cannot hold is refused by the server. */
    in.id = 10;
    in.who = "\xf0\x9f\x98\x80";
    m = make(&b, OST_DO_INSERT, pages);
    from_records(m, &in, 1, sizeof in, false);
    assert_int_equal(run(m), OST_RANGE);
    discard(m);
}

#define HAS(text, part)                                      \
    do {                                                     \
        const char *text_ = (text);                          \
        if (!text_ || !strstr(text_, (part)))                \
            fail_msg("%s", text_ ? text_ : b.error.message); \
    } while (0)

/* MySQL's null of JSON is a value, and its JSON a type; MariaDB's is a text. */
static void members_inside_documents(void **state)
{
    static const ost_field document = { .name = "doc", .column = "doc", .type = OST_TYPE_EMBEDDED };
    ost_field f = { .name = "doc.it's", .column = "it's \"so\"", .inside = &document };
    ost_node inside = { .op = OST_OP_MEMBER, .field = &f };
    made *m = make(&b, OST_DO_SELECT, notes);
    (void)state;
    column(m, member(m, "id"), table_field(notes, "id"));
    f.type = inside.type = OST_TYPE_INT32;
    m->shape.where = node1(m, OST_OP_IS_NULL, &inside);
    HAS(written(mariadb(), m),
        "WHERE CAST(JSON_VALUE(`doc`, '$.\"it''s \\\"so\\\"\"') AS SIGNED) IS NULL");
    HAS(written(mysql(), m),
        "WHERE CAST(JSON_UNQUOTE(CASE WHEN JSON_TYPE(JSON_EXTRACT(`doc`, '$.\"it''s "
        "\\\"so\\\"\"')) <> 'NULL' THEN JSON_EXTRACT(`doc`, '$.\"it''s \\\"so\\\"\"') END) AS "
        "SIGNED) IS NULL");
    f.type = inside.type = OST_TYPE_TEXT;
    f.column = "a";
    HAS(written(mariadb(), m), "(JSON_VALUE(`doc`, '$.\"a\"') COLLATE utf8mb4_nopad_bin) IS NULL");
    HAS(written(mysql(), m), " END) COLLATE utf8mb4_0900_bin) IS NULL");
    f.type = inside.type = OST_TYPE_BOOL;
    HAS(written(mysql(), m), " WHEN 'true' THEN 1 WHEN 'false' THEN 0 END) IS NULL");
    discard(m);
}

static void indexes_inside_are_refused(void **state)
{
    static const ost_field document = { .name = "doc", .column = "doc", .type = OST_TYPE_EMBEDDED };
    static const ost_field f = {
        .name = "doc.a", .column = "a", .type = OST_TYPE_TEXT, .inside = &document
    };
    static const ost_field *const fields[] = { &f };
    static const ost_table_index x = { .name = "i", .fields = fields, .field_count = 1 };
    ost_table t = *notes;
    made *m = make(&b, OST_DO_DDL, &t);
    (void)state;
    t.indexes = &x;
    t.index_count = 1;
    m->shape.ddl = OST_DDL_CREATE_INDEX;
    assert_null(written(mariadb(), m));
    assert_int_equal(b.error.status, OST_UNSUPPORTED);
    assert_string_equal(b.error.message,
                        "note.doc.a: MariaDB has no index on a member inside a document: use "
                        ".flatten");
    discard(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_have_flavours),
        cmocka_unit_test(tables_of_each),
        cmocka_unit_test(members_inside_documents),
        cmocka_unit_test(indexes_inside_are_refused),
        cmocka_unit_test(texts_and_blobs_fit_their_columns),
        cmocka_unit_test(wide_rows_keep_their_texts_outside),
        cmocka_unit_test(statements_of_each),
        cmocka_unit_test(texts_of_others_compare_by_bytes),
        cmocka_unit_test(lists_of_others),
        cmocka_unit_test(numbers_and_times_of_others),
        cmocka_unit_test(records_of_others_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
