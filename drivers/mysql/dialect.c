/* SPDX-License-Identifier: MIT */
#include "mysql/dialect.h"

#include <string.h>

#include "base/utf8.h"
#include "mysql/inside.h"
#include "mysql/numbers.h"
#include "mysql/types.h"
#include "sql/writer.h"

static const ost__my_flavour *flavour(const ost__sql_writer *w)
{
    return (const ost__my_flavour *)(const void *)w->dialect;
}

/* ---- columns ---- */

/*
 * InnoDB keeps keys of 3,072 bytes, which are 768 characters. The server counts all VARCHARs of a
 * table against 65,535 bytes, but long texts that are not in the row against nothing.
 */
enum { KEY_BYTES = 3072, CHARACTER_BYTES = 4, ROW_BYTES = 60000 };
enum { CHARACTERS_MAX = KEY_BYTES / CHARACTER_BYTES };

static bool is_text(const ost_field *f)
{
    uint16_t kind = ost__my_kind_of(f);
    return kind == OST_TYPE_TEXT || kind == OST_TYPE_CHARS || ost__my_is_enumeration(f);
}

static bool is_indexed(const ost_table *t, const ost_field *f)
{
    if (f->unique || f->primary_key)
        return true;
    for (uint32_t i = 0; i < t->key_count; i++)
        if (t->keys[i] == f)
            return true;
    for (uint32_t i = 0; i < t->index_count; i++)
        for (uint32_t k = 0; k < t->indexes[i].field_count; k++)
            if (t->indexes[i].fields[k] == f)
                return true;
    for (uint32_t i = 0; i < t->foreign_key_count; i++)
        for (uint32_t k = 0; k < t->foreign_keys[i].field_count; k++)
            if (t->foreign_keys[i].fields[k] == f)
                return true;
    return false;
}

/* Characters of the longest text that the member may hold; 0: no limit. */
static size_t longest_text(const ost_field *f)
{
    size_t most = f->max_length;
    if (ost__my_kind_of(f) == OST_TYPE_CHARS && (most == 0 || most >= f->size))
        most = f->size > 1 ? f->size - 1 : 1;
    if (!f->values)
        return most;
    most = 1;
    for (const char *const *v = f->values; *v; v++) {
        size_t length = ost__utf8_length(*v, strlen(*v));
        if (length > most)
            most = length;
    }
    return most;
}

/* Whether VARCHARs for all texts that have a limit would make the row too long. */
static bool is_wide(const ost_table *t)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < t->field_count; i++) {
        const ost_field *f = &t->fields[i];
        size_t most = is_text(f) ? longest_text(f) : 0;
        bytes += most <= CHARACTERS_MAX ? most * CHARACTER_BYTES + 2 : 12;
        if (ost__my_kind_of(f) == OST_TYPE_BLOB && is_indexed(t, f))
            bytes += f->max_length < KEY_BYTES ? f->max_length : KEY_BYTES;
    }
    return bytes > ROW_BYTES;
}

static void sized(ost__sql_writer *w, const char *type, size_t size)
{
    ost__sql_text(w, type);
    ost__sql_text(w, "(");
    ost__buffer_uint(w->out, size);
    ost__sql_text(w, ")");
}

static void too_long_for_key(ost__sql_writer *w, const ost_field *f, int most, const char *what)
{
    ost__sql_refuse(w, OST_UNSUPPORTED,
                    "%s.%s: MySQL keeps at most %d %s in an index: lower .max_length, or leave the "
                    "index out",
                    w->shape->table->model, f->name, most, what);
}

static void text_type(ost__sql_writer *w, const ost_field *f)
{
    const ost_table *t = w->shape->table;
    size_t most = longest_text(f);
    bool indexed = is_indexed(t, f);
    if (indexed && (most == 0 || most > CHARACTERS_MAX)) {
        bool folded = f->collation == OST_CASELESS;
        too_long_for_key(w, f, folded ? CHARACTERS_MAX / OST__CASELESS_GROWTH : CHARACTERS_MAX,
                         folded ? "characters of a caseless text" : "characters");
        return;
    }
    if (most > 0 && most <= CHARACTERS_MAX && (indexed || f->values || !is_wide(t)))
        sized(w, "VARCHAR", most);
    else
        ost__sql_text(w, "LONGTEXT");
    ost__sql_text(w, " CHARACTER SET utf8mb4 COLLATE ");
    ost__sql_text(w, flavour(w)->collation);
}

static void blob_type(ost__sql_writer *w, const ost_field *f)
{
    if (!is_indexed(w->shape->table, f))
        ost__sql_text(w, "LONGBLOB");
    else if (f->max_length == 0 || f->max_length > KEY_BYTES)
        too_long_for_key(w, f, KEY_BYTES, "bytes");
    else
        sized(w, "VARBINARY", f->max_length);
}

static void decimal_type(ost__sql_writer *w, const ost_field *f)
{
    if (f->scale > flavour(w)->scale_max) {
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s.%s: %s keeps at most %u digits after the point",
                        w->shape->table->model, f->name, w->dialect->name,
                        (unsigned)flavour(w)->scale_max);
        return;
    }
    ost__sql_text(w, "DECIMAL(");
    ost__buffer_uint(w->out, f->precision);
    ost__sql_text(w, ",");
    ost__buffer_uint(w->out, f->scale);
    ost__sql_text(w, ")");
}

static bool column_type(ost__sql_writer *w, const ost_field *field)
{
    static const char *const types[] = {
        [OST_TYPE_BOOL] = "BOOLEAN",
        [OST_TYPE_INT8] = "TINYINT",
        [OST_TYPE_INT16] = "SMALLINT",
        [OST_TYPE_INT32] = "INT",
        [OST_TYPE_INT64] = "BIGINT",
        [OST_TYPE_UINT8] = "TINYINT UNSIGNED",
        [OST_TYPE_UINT16] = "SMALLINT UNSIGNED",
        [OST_TYPE_UINT32] = "INT UNSIGNED",
        [OST_TYPE_UINT64] = "BIGINT UNSIGNED",
        [OST_TYPE_FLOAT] = "DOUBLE",
        [OST_TYPE_DOUBLE] = "DOUBLE",
        [OST_TYPE_TIME] = "DATETIME(6)",
        [OST_TYPE_DATE] = "DATE",
        [OST_TYPE_UUID] = "BINARY(16)",
        [OST_TYPE_OBJECT_ID] = "BINARY(12)",
        [OST_TYPE_JSON] = "JSON",
        [OST_TYPE_EMBEDDED] = "JSON",
        [OST_TYPE_LIST] = "JSON",
    };
    uint16_t kind = ost__my_kind_of(field);
    if (is_text(field)) {
        text_type(w, field);
        return true;
    }
    if (kind == OST_TYPE_BLOB) {
        blob_type(w, field);
        return true;
    }
    if (kind == OST_TYPE_DECIMAL) {
        decimal_type(w, field);
        return true;
    }
    if (kind == OST_TYPE_POINT) {
        ost__sql_text(w, flavour(w)->mariadb ? "POINT REF_SYSTEM_ID=4326" : "POINT SRID 4326");
        return true;
    }
    if (kind >= sizeof types / sizeof types[0] || !types[kind])
        return false;
    ost__sql_text(w, types[kind]);
    return true;
}

/* ---- comparisons ---- */

static uint16_t time_form(const ost_node *node)
{
    uint16_t stored = node->field ? node->field->stored : (uint16_t)OST_STORED_OURS;
    return stored == OST_STORED_NO_ZONE ? (uint16_t)OST_STORED_OURS : stored;
}

static void time_operand(ost__sql_writer *w, const ost_node *node, const ost_node *other)
{
    uint16_t form = time_form(node);
    if (form == time_form(other) || form == OST_STORED_OURS) {
        ost__sql_expression(w, node);
        return;
    }
    ost__sql_text(w, form == OST_STORED_UNIX_SECONDS ? "TIMESTAMPADD(SECOND, " : "CAST(");
    ost__sql_expression(w, node);
    ost__sql_text(w, form == OST_STORED_UNIX_SECONDS ? ", TIMESTAMP'1970-01-01 00:00:00')"
                                                     : " AS DATETIME(6))");
}

static void operand(ost__sql_writer *w, const ost_node *node, const ost_node *other)
{
    if (node->type == OST_TYPE_TIME && other->type == OST_TYPE_TIME)
        time_operand(w, node, other);
    else if (other->op == OST_OP_VALUE)
        ost__sql_expression(w, node);
    else
        ost__my_as_decimal(w, node);
}

/* How long what stands left is, goes along with a list of texts: long ones are compared by their
 * digests. */
static void list(ost__sql_writer *w, const ost_node *node)
{
    ost_node item = *node->args[0];
    if (item.type == OST_TYPE_BLOB || item.type == OST_TYPE_TEXT || item.type == OST_TYPE_CHARS ||
        (item.field && item.field->values)) {
        size_t start = w->out->size, size;
        ost__sql_exact(w, node->args[0]);
        size = w->out->size - start;
        if (!w->out->failed)
            w->out->size = start;
        item.scale = (uint16_t)size;
    }
    ost__sql_text(w, " IN (");
    ost__sql_bind(w, node->parameter, OST__SQL_LIST, &item);
    ost__sql_text(w, ")");
}

/* ---- text without regard to case ---- */

/* Letters without a partner of their own kind are mended: the dotless i, whose capital is that of
 * i, is hidden behind a code point that is no character; sharp s folds to two letters. */
#define DOTLESS_I "\xc4\xb1"
#define HIDDEN "\xef\xb7\x90"
#define SHARP_S "\xc3\x9f"

static void before_fold(ost__sql_writer *w)
{
    ost__sql_text(w, "REPLACE(LOWER(UPPER(REPLACE(");
}

static void after_fold(ost__sql_writer *w)
{
    ost__sql_text(w, ", '" DOTLESS_I "', '" HIDDEN "') COLLATE ");
    ost__sql_text(w, flavour(w)->fold_collation);
    ost__sql_text(w, ")) COLLATE ");
    ost__sql_text(w, flavour(w)->collation);
    ost__sql_text(w, ", '" SHARP_S "', 'ss')");
}

static void folded_member(ost__sql_writer *w, const ost_node *node)
{
    bool others = w->shape->table->adopted;
    if (ost__sql_is_folded(node->args[0])) {
        ost__sql_expression(w, node->args[0]);
        return;
    }
    before_fold(w);
    if (others)
        ost__sql_text(w, "CONVERT(");
    ost__sql_expression(w, node->args[0]);
    if (others) {
        ost__sql_text(w, " USING utf8mb4) COLLATE ");
        ost__sql_text(w, flavour(w)->collation);
    }
    after_fold(w);
}

static void folded_needle(ost__sql_writer *w, const ost_node *node)
{
    bool folded = ost__sql_is_folded(node->args[0]);
    if (!folded)
        before_fold(w);
    ost__sql_bind(w, node->parameter, OST__SQL_NEEDLE, node->args[0]);
    if (!folded)
        after_fold(w);
}

/* Both sides are folded by the server, so that they agree on letters that it does not know. */
static void text_search(ost__sql_writer *w, const ost_node *node)
{
    bool ends = node->op == OST_OP_ENDS_WITH;
    ost__sql_text(w, ends ? "(RIGHT(" : "(LOCATE(");
    if (ends) {
        folded_member(w, node);
        ost__sql_text(w, ", CHAR_LENGTH(");
        folded_needle(w, node);
        ost__sql_text(w, ")) = ");
        folded_needle(w, node);
    } else {
        folded_needle(w, node);
        ost__sql_text(w, ", ");
        folded_member(w, node);
        ost__sql_text(w, node->op == OST_OP_HAS_TEXT ? ") > 0" : ") = 1");
    }
    ost__sql_text(w, ")");
}

/* ---- constants ---- */

static void bytes_literal(ost__sql_writer *w, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    ost__sql_text(w, "x'");
    for (size_t i = 0; i < size; i++) {
        ost__buffer_char(w->out, digits[bytes[i] >> 4]);
        ost__buffer_char(w->out, digits[bytes[i] & 15]);
    }
    ost__sql_text(w, "'");
}

static void time_literal(ost__sql_writer *w, const ost_value *value)
{
    char text[OST_TIME_TEXT_SIZE];
    size_t size;
    ost__sql_text(w, value->type == OST_TYPE_DATE ? "DATE" : "TIMESTAMP");
    if (value->type == OST_TYPE_DATE) {
        size = ost_date_print(value->as.date, text);
    } else {
        /* "2024-02-29T11:00:00.500000Z" without its letters. */
        size = ost_time_print(value->as.time, text);
        text[10] = ' ';
        size -= size > 0;
    }
    ost__sql_text_literal(w, text, size);
}

static void literal(ost__sql_writer *w, const ost_field *field, const ost_value *value)
{
    ost__my_cell cell = { .inside = false };
    const void *data;
    if (ost__my_store_value(value, field, &cell) != OST_OK) {
        ost__sql_refuse(w, OST_SCHEMA, "%s.%s: the constant does not fit the member",
                        w->shape->table->model, field ? field->name : "");
        return;
    }
    data = cell.inside ? cell.bytes : cell.as.span.data;
    switch (cell.form) {
    case OST__MY_INTEGER: ost__buffer_int(w->out, cell.as.integer); break;
    case OST__MY_NATURAL: ost__buffer_uint(w->out, cell.as.natural); break;
    case OST__MY_REAL: ost__buffer_double(w->out, cell.as.real); break;
    case OST__MY_DECIMAL: ost__buffer_bytes(w->out, data, cell.as.span.size); break;
    case OST__MY_TEXT: ost__sql_text_literal(w, data, cell.as.span.size); break;
    case OST__MY_BYTES: bytes_literal(w, data, cell.as.span.size); break;
    case OST__MY_TIME:
    case OST__MY_DATE: time_literal(w, value); break;
    default: ost__sql_text(w, "NULL"); break;
    }
}

/* ---- upserts ---- */

/* Any unique key may have met the record: where it was another one, the statement fails, and
 * errors.c reads back why. */
static void met_by_key(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    for (uint32_t i = 0; i < s->arbiter_count; i++) {
        ost__sql_text(w, i > 0 ? " AND " : "");
        ost__sql_stored(w, s->arbiters[i]);
        ost__sql_text(w, " <=> ");
        ost__sql_text(w, w->dialect->new_value);
        ost__sql_identifier(w, s->arbiters[i]->column);
        ost__sql_text(w, w->dialect->new_value_end);
    }
    ost__sql_clause(w, " AND (", s->arbiter_where);
    ost__sql_text(w, s->arbiter_where ? ")" : "");
}

/*
 * The first change changes nothing: it is where the statement fails, and where a variable of the
 * session learns what will become of the record, while all members are still what they were. The
 * last column is that: an enum ost_effect, or 0 where the record is new; who reads it makes it
 * ready for the next one.
 */
static void upsert(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    ost__sql_insert_values(w);
    ost__sql_text(w, " ON DUPLICATE KEY UPDATE ");
    ost__sql_identifier(w, s->arbiters[0]->column);
    ost__sql_text(w, " = IF(IF(");
    met_by_key(w);
    ost__sql_text(w, ", " OST__MY_EFFECT " := IF(");
    ost__sql_upsert_differs(w);
    ost__sql_text(w, ", 2, 3), CAST('" OST__MY_REFUSAL OST__MY_OTHER_KEY ":' AS SIGNED)) > 0, ");
    ost__sql_stored(w, s->arbiters[0]);
    ost__sql_text(w, ", ");
    ost__sql_stored(w, s->arbiters[0]);
    ost__sql_text(w, ")");
    for (uint32_t i = 0; i < s->update_count; i++) {
        const ost_change *u = &s->updates[i];
        bool follows = u->flags & OST_CHANGE_FOLLOWS;
        ost__sql_text(w, ", ");
        ost__sql_identifier(w, u->field->column);
        ost__sql_text(w, follows ? " = IF(" OST__MY_EFFECT " = 2, " : " = ");
        ost__sql_upsert_value(w, u);
        if (follows) {
            ost__sql_text(w, ", ");
            ost__sql_stored(w, u->field);
            ost__sql_text(w, ")");
        }
    }
    ost__sql_text(w, " RETURNING ");
    ost__sql_columns(w, s->columns, s->column_count);
    ost__sql_text(w, s->column_count > 0 ? ", " : "");
    ost__sql_text(w,
                  "CAST(IFNULL(" OST__MY_EFFECT ", 0) + 0 * (" OST__MY_EFFECT " := 0) AS SIGNED)");
}

/* ---- the dialects ---- */

#define COMMON                                                                                     \
    .quote = '`', .placeholder = '?', .unnumbered = true, .nulls_first = true,                     \
    .check_bools = true, .foreign_keys_apart = true, .limited_writes = true, .derived_keys = true, \
    .renames = OST__SQL_RENAMES_IN_TABLE, .having_columns = true, .null_decimals = true,           \
    .default_row = " () VALUES ()", .true_text = "1", .false_text = "0",                           \
    .no_limit = "18446744073709551615", .subselect_name = " AS ostler_rows",                       \
    .exact_function = "CONVERT(", .generated = " AUTO_INCREMENT",                                  \
    .create_schema = "CREATE DATABASE IF NOT EXISTS ", .column_type = column_type,                 \
    .operand = operand, .comparison = ost__my_exact_comparison, .list = list,                      \
    .text_search = text_search, .aggregate = ost__my_aggregate, .increment = ost__my_increment,    \
    .literal = literal, .inside = ost__my_inside, .items = ost__my_items, .size = ost__my_size,    \
    .change_inside = ost__my_change_inside

#define LIVING " TINYINT GENERATED ALWAYS AS (IF("

#define MARIADB                                                                     \
    COMMON, .name = "MariaDB", .if_not_exists = true,                               \
            .living = { LIVING, " IS NULL, 1, NULL)) STORED INVISIBLE" },           \
            .returning = 1 << OST_DO_INSERT | 1 << OST_DO_DELETE, .upsert = upsert, \
            .new_value = "VALUES(", .new_value_end = ")",                           \
            .exact_collation = " USING utf8mb4) COLLATE utf8mb4_nopad_bin",         \
            .locks = { [OST_LOCK_UPDATE] = " FOR UPDATE",                           \
                       [OST_LOCK_UPDATE_SKIP] = " FOR UPDATE SKIP LOCKED",          \
                       [OST_LOCK_UPDATE_NOWAIT] = " FOR UPDATE NOWAIT",             \
                       [OST_LOCK_SHARE] = " LOCK IN SHARE MODE" },                  \
            .table_suffix = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin"

/* The newest first. MariaDB's letters are those of Unicode 14, before 10.10 of 5.2. */
static const ost__my_flavour flavours[] = {
    { .dialect = { MARIADB },
      .mariadb = true,
      .least_version = 101001,
      .collation = "utf8mb4_nopad_bin",
      .fold_collation = "utf8mb4_uca1400_as_cs",
      .scale_max = 38 },
    { .dialect = { MARIADB },
      .mariadb = true,
      .least_version = 100600,
      .collation = "utf8mb4_nopad_bin",
      .fold_collation = "utf8mb4_unicode_520_ci",
      .scale_max = 38 },
    /* Written from its documentation; there was no such server to try it on. */
    { .dialect = { COMMON, .name = "MySQL", .living = { LIVING, " IS NULL, 1, NULL)) STORED" },
                   .exact_collation = " USING utf8mb4) COLLATE utf8mb4_0900_bin",
                   .locks = { [OST_LOCK_UPDATE] = " FOR UPDATE",
                              [OST_LOCK_UPDATE_SKIP] = " FOR UPDATE SKIP LOCKED",
                              [OST_LOCK_UPDATE_NOWAIT] = " FOR UPDATE NOWAIT",
                              [OST_LOCK_SHARE] = " FOR SHARE" },
                   .table_suffix =
                       " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin" },
      .mariadb = false,
      .least_version = 80017,
      .collation = "utf8mb4_0900_bin",
      .fold_collation = "utf8mb4_0900_as_cs",
      .scale_max = 30 },
};

const ost__my_flavour *ost__my_flavour_of(bool mariadb, uint32_t version)
{
    for (size_t i = 0; i < sizeof flavours / sizeof flavours[0]; i++)
        if (flavours[i].mariadb == mariadb && version >= flavours[i].least_version)
            return &flavours[i];
    return NULL;
}
