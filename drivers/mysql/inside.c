/* SPDX-License-Identifier: MIT */
/*
 * Members inside documents, in the type that a column of their kind has. MariaDB keeps JSON as text
 * and gives NULL for JSON's null; MySQL has a type of its own, in which null is a value.
 */
#include "mysql/inside.h"

#include <string.h>

#include "mysql/types.h"

/* A name in a path: JSON's quotes, in the literal of a text. */
static void step(ost__sql_writer *w, const char *name)
{
    ost__sql_text(w, ".\"");
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            ost__buffer_char(w->out, '\\');
        if (*name == '\'')
            ost__buffer_char(w->out, '\'');
        ost__buffer_char(w->out, *name);
    }
    ost__sql_text(w, "\"");
}

void ost__my_steps(ost__sql_writer *w, const ost_node *member)
{
    const ost_field *steps[OST__SQL_STEPS];
    uint32_t count = ost__sql_path(member, steps);
    ost__sql_text(w, ", '$");
    for (uint32_t i = 0; i < count; i++)
        step(w, steps[i]->column);
    ost__sql_text(w, "'");
}

static void extract(ost__sql_writer *w, const ost_node *member, const char *function)
{
    ost__sql_text(w, function);
    ost__sql_document(w, member);
    ost__my_steps(w, member);
    ost__sql_text(w, ")");
}

void ost__my_json_of(ost__sql_writer *w, const ost_node *member)
{
    if (member->source == 0 && !member->field->inside) {
        ost__sql_identifier(w, member->field->column);
    } else if (ost__my_flavour_in(w)->mariadb) {
        ost__sql_text(w, "NULLIF(");
        extract(w, member, "JSON_EXTRACT(");
        ost__sql_text(w, ", 'null')");
    } else {
        ost__sql_text(w, "CASE WHEN JSON_TYPE(");
        extract(w, member, "JSON_EXTRACT(");
        ost__sql_text(w, ") <> 'NULL' THEN ");
        extract(w, member, "JSON_EXTRACT(");
        ost__sql_text(w, " END");
    }
}

static void text_of(ost__sql_writer *w, const ost_node *member)
{
    if (ost__my_flavour_in(w)->mariadb) {
        extract(w, member, "JSON_VALUE(");
        return;
    }
    ost__sql_text(w, "JSON_UNQUOTE(");
    ost__my_json_of(w, member);
    ost__sql_text(w, ")");
}

/* "CAST(", the text, and this. */
static void cast(ost__sql_writer *w, const ost_node *member, const char *as)
{
    ost__sql_text(w, "CAST(");
    text_of(w, member);
    ost__sql_text(w, as);
}

/* Without a length MariaDB gives back the memory that the next row is put into, so that a group has
 * bytes of the one behind it; COALESCE copies. */
static void bytes(ost__sql_writer *w, const ost_node *member, const char *type, unsigned size)
{
    ost__sql_text(w, size > 0 ? "CAST(UNHEX(REPLACE(" : "COALESCE(CAST(UNHEX(REPLACE(");
    text_of(w, member);
    ost__sql_text(w, ", '-', '')) AS ");
    ost__sql_text(w, type);
    if (size > 0) {
        ost__sql_text(w, "(");
        ost__buffer_uint(w->out, size);
        ost__sql_text(w, ")");
    }
    ost__sql_text(w, size > 0 ? ")" : "))");
}

static void boolean(ost__sql_writer *w, const ost_node *member)
{
    if (ost__my_flavour_in(w)->mariadb) {
        cast(w, member, " AS SIGNED)");
        return;
    }
    ost__sql_text(w, "(CASE ");
    text_of(w, member);
    ost__sql_text(w, " WHEN 'true' THEN 1 WHEN 'false' THEN 0 END)");
}

static void decimal(ost__sql_writer *w, const ost_node *member)
{
    cast(w, member, " AS DECIMAL(");
    ost__buffer_uint(w->out, member->field->precision);
    ost__sql_text(w, ",");
    ost__buffer_uint(w->out, member->field->scale);
    ost__sql_text(w, "))");
}

static void exact_text(ost__sql_writer *w, const ost_node *member)
{
    ost__sql_text(w, "(");
    text_of(w, member);
    ost__sql_text(w, " COLLATE ");
    ost__sql_text(w, ost__my_flavour_in(w)->collation);
    ost__sql_text(w, ")");
}

void ost__my_inside(ost__sql_writer *w, const ost_node *node)
{
    const ost_field *f = node->field;
    if (ost__my_is_enumeration(f)) {
        exact_text(w, node);
        return;
    }
    switch (ost__my_kind_of(f)) {
    case OST_TYPE_BOOL: boolean(w, node); break;
    case OST_TYPE_INT8:
    case OST_TYPE_INT16:
    case OST_TYPE_INT32:
    case OST_TYPE_INT64:
    case OST_TYPE_UINT8:
    case OST_TYPE_UINT16:
    case OST_TYPE_UINT32: cast(w, node, " AS SIGNED)"); break;
    case OST_TYPE_UINT64: cast(w, node, " AS UNSIGNED)"); break;
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: cast(w, node, " AS DOUBLE)"); break;
    case OST_TYPE_DECIMAL: decimal(w, node); break;
    case OST_TYPE_TIME: cast(w, node, " AS DATETIME(6))"); break;
    case OST_TYPE_DATE: cast(w, node, " AS DATE)"); break;
    case OST_TYPE_UUID: bytes(w, node, "BINARY", sizeof(ost_uuid)); break;
    case OST_TYPE_OBJECT_ID: bytes(w, node, "BINARY", sizeof(ost_object_id)); break;
    case OST_TYPE_BLOB: bytes(w, node, "BINARY", 0); break;
    case OST_TYPE_JSON:
    case OST_TYPE_POINT:
    case OST_TYPE_EMBEDDED:
    case OST_TYPE_LIST: ost__my_json_of(w, node); break;
    default: exact_text(w, node); break;
    }
}

/* ---- lists ---- */

void ost__my_table(ost__sql_writer *w, void (*list)(ost__sql_writer *w, const void *context),
                   const void *context)
{
    ost__sql_text(w, "JSON_TABLE(");
    list(w, context);
    ost__sql_text(w, ", '$[*]' COLUMNS (o FOR ORDINALITY, value JSON PATH '$'))");
}

static void list_of(ost__sql_writer *w, const void *context)
{
    ost__my_json_of(w, context);
}

void ost__my_items(ost__sql_writer *w, const ost_node *list)
{
    ost__my_table(w, list_of, list);
}

/* What others wrote may be no list. */
void ost__my_size(ost__sql_writer *w, const ost_node *list)
{
    ost__sql_text(w, "CASE WHEN JSON_TYPE(");
    ost__my_json_of(w, list);
    ost__sql_text(w, ") = 'ARRAY' THEN JSON_LENGTH(");
    ost__my_json_of(w, list);
    ost__sql_text(w, ") END");
}
