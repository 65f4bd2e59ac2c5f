/* SPDX-License-Identifier: MIT */
/* Members inside documents, in the type that a column of their kind has; items of lists, which are
 * arrays of the server's or jsonb. */
#include "postgres/writing.h"

#include <string.h>

#include "postgres/wire.h"

bool ost__pg_is_array(const ost__sql_writer *w, const ost_field *list)
{
    const ost_table *t = w->shape->table;
    return !list->part && list >= t->fields && list < t->fields + t->field_count;
}

/* The document, and the way from there; `last` stands before the last step. */
static void path(ost__sql_writer *w, const ost_node *member, const char *last)
{
    const ost_field *steps[OST__SQL_STEPS];
    uint32_t count = ost__sql_path(member, steps);
    ost__sql_document(w, member);
    for (uint32_t i = 0; i < count; i++) {
        ost__sql_text(w, i + 1 < count ? " -> " : last);
        ost__sql_text_literal(w, steps[i]->column, strlen(steps[i]->column));
    }
}

void ost__pg_json_of(ost__sql_writer *w, const ost_node *member)
{
    const ost_field *f = member->field;
    if (member->source == 0 && !f->inside) {
        ost__sql_identifier(w, f->column);
        return;
    }
    ost__sql_text(w, "NULLIF(");
    path(w, member, " -> ");
    ost__sql_text(w, ", 'null')");
}

/* As text; an item is a document without a step to go. */
static void text_of(ost__sql_writer *w, const ost_node *member)
{
    ost__sql_text(w, "(");
    path(w, member, " ->> ");
    if (ost__sql_is_item(member->field))
        ost__sql_text(w, " #>> '{}'");
    ost__sql_text(w, ")");
}

/* What stands before and behind the text. NULL behind: a text. */
typedef struct conversion {
    const char *before, *behind;
} conversion;

static conversion conversion_of(const ost_field *f)
{
    if (ost__pg_is_enumeration(f))
        return (conversion){ "", NULL };
    switch (ost__pg_kind_of(f)) {
    case OST_TYPE_BOOL: return (conversion){ "", "::bool" };
    case OST_TYPE_INT8:
    case OST_TYPE_INT16:
    case OST_TYPE_UINT8: return (conversion){ "", "::int2" };
    case OST_TYPE_INT32:
    case OST_TYPE_UINT16: return (conversion){ "", "::int4" };
    case OST_TYPE_INT64:
    case OST_TYPE_UINT32: return (conversion){ "", "::int8" };
    case OST_TYPE_UINT64:
    case OST_TYPE_DECIMAL: return (conversion){ "", "::numeric" };
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return (conversion){ "", "::float8" };
    case OST_TYPE_TIME: return (conversion){ "", "::timestamp AT TIME ZONE 'UTC'" };
    case OST_TYPE_DATE: return (conversion){ "", "::date" };
    case OST_TYPE_UUID: return (conversion){ "", "::uuid" };
    case OST_TYPE_BLOB:
    case OST_TYPE_OBJECT_ID: return (conversion){ "decode(", ", 'hex')" };
    default: return (conversion){ "", NULL };
    }
}

/* An index may hold what depends on nothing but the row: a text is not turned into a time so. */
static bool refuses(ost__sql_writer *w, const ost_field *f)
{
    uint16_t kind = ost__pg_kind_of(f);
    if (w->shape->kind != OST_DO_DDL || (kind != OST_TYPE_TIME && kind != OST_TYPE_DATE))
        return false;
    ost__sql_refuse(w, OST_UNSUPPORTED,
                    "%s.%s: %s has no index on a time or date inside a document: use .flatten",
                    w->shape->table->model, f->name, w->dialect->name);
    return true;
}

void ost__pg_inside(ost__sql_writer *w, const ost_node *node)
{
    const ost_field *f = node->field;
    uint16_t kind = ost__pg_kind_of(f);
    conversion c;
    if (refuses(w, f))
        return;
    if (kind >= OST_TYPE_JSON) {
        ost__pg_json_of(w, node);
        return;
    }
    if (ost__sql_is_item(f) && ost__pg_is_array(w, f->inside)) {
        ost__sql_document(w, node);
        return;
    }
    c = conversion_of(f);
    ost__sql_text(w, "(");
    ost__sql_text(w, c.before);
    text_of(w, node);
    ost__sql_text(w, c.behind ? c.behind : w->dialect->exact_collation);
    ost__sql_text(w, ")");
}

/* ---- lists ---- */

static bool in_column(const ost__sql_writer *w, const ost_node *list)
{
    return list->source == 0 && ost__pg_is_array(w, list->field);
}

/* What others wrote may be no list. */
static void json_list(ost__sql_writer *w, const ost_node *list)
{
    ost__sql_text(w, "CASE WHEN jsonb_typeof(");
    ost__pg_json_of(w, list);
    ost__sql_text(w, ") = 'array' THEN ");
    ost__pg_json_of(w, list);
    ost__sql_text(w, " END");
}

void ost__pg_items(ost__sql_writer *w, const ost_node *list)
{
    if (in_column(w, list)) {
        ost__sql_text(w, "(SELECT unnest(");
        ost__sql_identifier(w, list->field->column);
        ost__sql_text(w, ") AS value)");
        return;
    }
    ost__sql_text(w, "jsonb_array_elements(");
    json_list(w, list);
    ost__sql_text(w, ")");
}

/* That an array has a value, in the words that an index serves. */
bool ost__pg_has_item(ost__sql_writer *w, const ost_node *node)
{
    const ost_node *list = node->args[0], *condition = node->args[1];
    if (!in_column(w, list) || w->shape->table->adopted || condition->op != OST_OP_EQ ||
        condition->args[0]->op != OST_OP_MEMBER || condition->args[1]->op != OST_OP_VALUE)
        return false;
    ost__sql_text(w, "(");
    ost__sql_identifier(w, list->field->column);
    ost__sql_text(w, " IS NOT NULL AND ");
    ost__sql_identifier(w, list->field->column);
    ost__sql_text(w, " @> ARRAY[");
    ost__sql_expression(w, condition->args[1]);
    ost__sql_text(w, "])");
    return true;
}

void ost__pg_size(ost__sql_writer *w, const ost_node *list)
{
    ost__sql_text(w, in_column(w, list) ? "cardinality(" : "jsonb_array_length(");
    if (in_column(w, list))
        ost__sql_identifier(w, list->field->column);
    else
        json_list(w, list);
    ost__sql_text(w, ")::int8");
}
