/* SPDX-License-Identifier: MIT */
#include "postgres/dialect.h"

#include "base/scalar.h"
#include "postgres/wire.h"
#include "postgres/writing.h"

/* What varchar(n) takes at most. */
enum { VARCHAR_MAX = 10485760 };

/* As a column's type is written; its texts compare by bytes. */
typedef struct spelling {
    const char *int2, *int4, *int8, *collation;
    bool points;
} spelling;

static void texts(ost__sql_writer *w, size_t length, const spelling *s)
{
    if (length == 0 || length > VARCHAR_MAX) {
        ost__sql_text(w, "text");
    } else {
        ost__sql_text(w, "varchar(");
        ost__buffer_uint(w->out, length);
        ost__sql_text(w, ")");
    }
    ost__sql_text(w, s->collation);
}

/* A char array holds one byte less than its size. */
static size_t length_of(const ost_field *f)
{
    size_t most = f->size > 2 ? f->size - 1 : 1;
    if (ost__pg_kind_of(f) != OST_TYPE_CHARS)
        return f->max_length;
    return f->max_length > 0 && f->max_length < most ? f->max_length : most;
}

static void decimals(ost__sql_writer *w, unsigned precision, unsigned scale)
{
    ost__sql_text(w, "numeric(");
    ost__buffer_uint(w->out, precision);
    if (scale > 0) {
        ost__sql_text(w, ",");
        ost__buffer_uint(w->out, scale);
    }
    ost__sql_text(w, ")");
}

/* Digits of the largest uint64_t. */
enum { NATURAL_DIGITS = 20 };

static bool spell(ost__sql_writer *w, const ost_field *f, const spelling *s);

/* A column of lists takes items of any length, which the library checks. */
static bool spell_list(ost__sql_writer *w, const ost_field *f, const spelling *s)
{
    spelling without = *s;
    ost_field item = ost__item_field(f);
    without.collation = "";
    item.max_length = 0;
    if (!spell(w, &item, &without))
        return false;
    ost__sql_text(w, "[]");
    if (ost__pg_column_type(w->shape->table, &item) == OST__PG_TEXT)
        ost__sql_text(w, s->collation);
    return true;
}

static bool spell(ost__sql_writer *w, const ost_field *f, const spelling *s)
{
    if (ost__pg_kind_of(f) == OST_TYPE_LIST && !f->part)
        return spell_list(w, f, s);
    switch (ost__pg_column_type(w->shape->table, f)) {
    case OST__PG_BOOL: ost__sql_text(w, "boolean"); return true;
    case OST__PG_INT2: ost__sql_text(w, s->int2); return true;
    case OST__PG_INT4: ost__sql_text(w, s->int4); return true;
    case OST__PG_INT8: ost__sql_text(w, s->int8); return true;
    case OST__PG_FLOAT8: ost__sql_text(w, "double precision"); return true;
    case OST__PG_TEXT: texts(w, ost__pg_is_enumeration(f) ? 0 : length_of(f), s); return true;
    case OST__PG_BYTEA: ost__sql_text(w, "bytea"); return true;
    case OST__PG_TIMESTAMP: ost__sql_text(w, "timestamp"); return true;
    case OST__PG_TIMESTAMPTZ: ost__sql_text(w, "timestamptz"); return true;
    case OST__PG_DATE: ost__sql_text(w, "date"); return true;
    case OST__PG_UUID: ost__sql_text(w, "uuid"); return true;
    case OST__PG_JSONB: ost__sql_text(w, "jsonb"); return true;
    case OST__PG_POINT:
        if (!s->points)
            return false;
        ost__sql_text(w, "point");
        return true;
    case OST__PG_NUMERIC:
        if (ost__pg_kind_of(f) == OST_TYPE_DECIMAL)
            decimals(w, f->precision, f->scale);
        else
            decimals(w, NATURAL_DIGITS, 0);
        return true;
    default: return false;
    }
}

static bool column_type(ost__sql_writer *w, const ost_field *f)
{
    static const spelling usual = { "smallint", "integer", "bigint", " COLLATE \"C\"", true };
    return spell(w, f, &usual);
}

/* Its integer is one of 64 bits, and its texts compare by bytes without being told. */
static bool cockroach_column_type(ost__sql_writer *w, const ost_field *f)
{
    static const spelling its = { "int2", "int4", "int8", "", false };
    return spell(w, f, &its);
}

/* A column that is grouped by must be written as it is in GROUP BY, with its collation. */
static void column(ost__sql_writer *w, const ost_node *node)
{
    if (w->shape->group_count > 0)
        ost__sql_exact(w, node);
    else
        ost__sql_expression(w, node);
}

/* A row that was inserted was never locked; one that was met has been, by this statement. */
static const char inserted[] = "xmax = 0";

static void write_upsert(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    ost__sql_insert_values(w);
    ost__sql_conflict_target(w);
    ost__sql_text(w, " DO UPDATE SET ");
    ost__sql_upsert_changes(w);
    ost__sql_text(w, " WHERE ");
    ost__sql_upsert_differs(w);
    ost__sql_text(w, " RETURNING ");
    ost__sql_columns(w, s->columns, s->column_count);
    ost__sql_text(w, s->column_count > 0 ? ", " : "");
    ost__sql_text(w, inserted);
}

/*
 * The last column says whether the record was inserted. One that was met and is as it is to be
 * gives back nothing by itself, and is read beside. It may be newer than what the statement sees:
 * then nothing comes at all, and the core asks again.
 */
static void upsert(ost__sql_writer *w)
{
    if (w->shape->column_count == 0) {
        write_upsert(w);
        return;
    }
    ost__sql_text(w, "WITH ostler_new AS (");
    write_upsert(w);
    ost__sql_text(w, ") SELECT * FROM ostler_new UNION ALL ");
    ost__sql_upsert_read(w, "NULL::boolean");
    ost__sql_text(w, " AND NOT EXISTS (SELECT FROM ostler_new)");
}

#define WRITES (1 << OST_DO_INSERT | 1 << OST_DO_UPDATE | 1 << OST_DO_DELETE)

/* What all have in common. */
#define COMMON                                                                                  \
    .quote = '"', .placeholder = '$', .foreign_keys_apart = true, .if_not_exists = true,        \
    .partial_indexes = true, .renames = OST__SQL_RENAMES_INDEX, .inside_indexes = true,         \
    .keys_in_with = true, .returning = WRITES, .default_row = " DEFAULT VALUES",                \
    .true_text = "true", .false_text = "false", .subselect_name = " AS x",                      \
    .generated = " GENERATED BY DEFAULT AS IDENTITY",                                           \
    .create_schema = "CREATE SCHEMA IF NOT EXISTS ", .table_suffix = "",                        \
    .operand = ost__pg_operand, .comparison = ost__pg_comparison, .list = ost__pg_list,         \
    .aggregate = ost__pg_aggregate, .increment = ost__pg_increment, .literal = ost__pg_literal, \
    .column = column, .inside = ost__pg_inside, .items = ost__pg_items,                         \
    .has_item = ost__pg_has_item, .size = ost__pg_size, .change_inside = ost__pg_change_inside, \
    .new_value = "excluded.", .new_value_end = "", .is_distinct = " IS DISTINCT FROM ",         \
    .compared_point = "::text",                                                                 \
    .locks = {                                                                                  \
        [OST_LOCK_UPDATE] = " FOR UPDATE",                                                      \
        [OST_LOCK_UPDATE_SKIP] = " FOR UPDATE SKIP LOCKED",                                     \
        [OST_LOCK_UPDATE_NOWAIT] = " FOR UPDATE NOWAIT",                                        \
        [OST_LOCK_SHARE] = " FOR SHARE",                                                        \
    }

const ost__sql_dialect ost__pg_dialect = {
    .name = "PostgreSQL",
    .exact_collation = " COLLATE \"C\"",
    .column_type = column_type,
    .text_search = ost__pg_text_search,
    .upsert = upsert,
    COMMON,
};

const ost__sql_dialect ost__pg_ascii_dialect = {
    .name = "PostgreSQL",
    .exact_collation = " COLLATE \"C\"",
    .column_type = column_type,
    .text_search = ost__pg_ascii_search,
    .upsert = upsert,
    COMMON,
};

const ost__sql_dialect ost__cockroach_dialect = {
    .name = "CockroachDB",
    .nulls_first = true,
    .exact_collation = "",
    .column_type = cockroach_column_type,
    .text_search = ost__pg_ascii_search,
    COMMON,
};
