/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

/* What the names of a statement mean here: tables of the search path that no other hides. */
#define VISIBLE                                                          \
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN" \
    " ('pg_catalog', 'information_schema', 'pg_toast')"                  \
    " AND pg_catalog.pg_table_is_visible(c.oid)"
#define IN_SCHEMA " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = "

/* Each of them ends where it is missing which tables are meant. */
static const char *const texts[] = {
    "SELECT c.relname::text, a.attname::text, 1::int8 FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
    " AND NOT a.attisdropped",
    " UNION ALL SELECT c.relname::text, x.relname::text, 2::int8 FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_index i ON i.indrelid = c.oid"
    " JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid",
    " UNION ALL SELECT c.relname::text, k.conname::text, 3::int8 FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'",
};

static void put_literal(ost__buffer *out, const char *text)
{
    ost__buffer_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            ost__buffer_char(out, *text);
        ost__buffer_char(out, *text);
    }
    ost__buffer_char(out, '\'');
}

void ost__pg_describe_text(ost__buffer *out, const char *schema)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ost__buffer_text(out, texts[i]);
        ost__buffer_text(out, schema ? IN_SCHEMA : VISIBLE);
        if (schema)
            put_literal(out, schema);
    }
    if (!schema)
        return;
    ost__buffer_text(out, " UNION ALL SELECT nspname::text, nspname::text, 4::int8"
                          " FROM pg_catalog.pg_namespace WHERE nspname = ");
    put_literal(out, schema);
}
