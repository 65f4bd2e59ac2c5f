/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

/* What the names of a statement mean here: tables of the search path that no other hides. */
#define VISIBLE                                                                            \
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace" \
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
#define IS_TABLE \
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_catalog.pg_table_is_visible(c.oid)"

const char ost__pg_describe_text[] =
    "SELECT c.relname::text, a.attname::text, 1::int8" VISIBLE
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
    " AND NOT a.attisdropped" IS_TABLE
    " UNION ALL SELECT c.relname::text, x.relname::text, 2::int8" VISIBLE
    " JOIN pg_catalog.pg_index i ON i.indrelid = c.oid"
    " JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid" IS_TABLE
    " UNION ALL SELECT c.relname::text, k.conname::text, 3::int8" VISIBLE
    " JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'" IS_TABLE;
