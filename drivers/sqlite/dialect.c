/* SPDX-License-Identifier: MIT */
#include "sqlite/dialect.h"

#include "sql/writer.h"
#include "sqlite/types.h"

static const char *type_of(const ost_field *field)
{
    switch (ost__kind_of(field)) {
    case OST_TYPE_BOOL:
    case OST_TYPE_INT8:
    case OST_TYPE_INT16:
    case OST_TYPE_INT32:
    case OST_TYPE_INT64:
    case OST_TYPE_UINT8:
    case OST_TYPE_UINT16:
    case OST_TYPE_UINT32:
    case OST_TYPE_UINT64: return ost__is_enumeration(field) ? "TEXT" : "INTEGER";
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return "REAL";
    case OST_TYPE_TEXT:
    case OST_TYPE_CHARS:
    case OST_TYPE_TIME:
    case OST_TYPE_DATE:
    case OST_TYPE_JSON:
    case OST_TYPE_POINT:
    case OST_TYPE_EMBEDDED:
    case OST_TYPE_LIST: return "TEXT";
    case OST_TYPE_BLOB:
    case OST_TYPE_UUID:
    case OST_TYPE_OBJECT_ID: return "BLOB";
    case OST_TYPE_DECIMAL: return ost__form_of(field).kind == OST__FORM_UNITS ? "INTEGER" : "TEXT";
    default: return NULL;
    }
}

static bool column_type(ost__sql_writer *w, const ost_field *field)
{
    const char *type = type_of(field);
    if (type)
        ost__sql_text(w, type);
    return type;
}

static void path(ost__sql_writer *w, const ost_node *member)
{
    ost__sql_text(w, ", '$");
    ost__sql_steps(w, member, ".\"", "\"");
    ost__sql_text(w, "'");
}

static void list_function(ost__sql_writer *w, const char *function, const ost_node *list)
{
    ost__sql_text(w, function);
    ost__sql_document(w, list);
    if (list->field->inside || list->source > 0)
        path(w, list);
    ost__sql_text(w, ")");
}

static void items(ost__sql_writer *w, const ost_node *list)
{
    list_function(w, "json_each(", list);
}

/* A null inside a document is as long as an empty list to SQLite. */
static void size(ost__sql_writer *w, const ost_node *list)
{
    bool inside = list->field->inside || list->source > 0;
    if (inside) {
        list_function(w, "CASE json_type(", list);
        ost__sql_text(w, " WHEN 'array' THEN ");
    }
    list_function(w, "json_array_length(", list);
    ost__sql_text(w, inside ? " END" : "");
}

/* A member inside a document, in the form that a column of its kind has. Where that is the form
 * that JSON has, SQLite's own function does, which an index may have too. */
static void inside(ost__sql_writer *w, const ost_node *node)
{
    const ost_field *f = node->field;
    uint16_t kind = ost__kind_of(f);
    bool bytes = kind == OST_TYPE_BLOB || kind == OST_TYPE_UUID || kind == OST_TYPE_OBJECT_ID;
    bool natural = kind == OST_TYPE_UINT64 && !f->values;
    bool json = kind == OST_TYPE_JSON && !ost__sql_is_item(f);
    if (w->shape->kind == OST_DO_DDL && (bytes || kind == OST_TYPE_DECIMAL)) {
        ost__sql_refuse(w, OST_UNSUPPORTED,
                        "%s.%s: SQLite has no index on a member of this kind inside a document, "
                        "which other programs could not keep: use .flatten",
                        w->shape->table->model, f->name);
        return;
    }
    if (bytes)
        ost__sql_text(w, "ostler_bytes(");
    else if (kind == OST_TYPE_DECIMAL)
        ost__sql_text(w, "ostler_number(");
    else if (natural)
        ost__sql_text(w, "CAST(");
    else if (json)
        ost__sql_text(w, "ostler_json(");
    if (ost__sql_is_item(f)) {
        ost__sql_document(w, node);
    } else {
        ost__sql_text(w, "json_extract(");
        ost__sql_document(w, node);
        path(w, node);
        if (json)
            path(w, node);
        ost__sql_text(w, ")");
    }
    if (kind == OST_TYPE_DECIMAL) {
        ost__sql_text(w, ", ");
        ost__buffer_int(w->out, ost__form_code(ost__form_of(f)));
    }
    if (bytes || json || kind == OST_TYPE_DECIMAL)
        ost__sql_text(w, ")");
    else if (natural)
        ost__sql_text(w, " AS INTEGER)");
}

/* In which form the value of an expression is. */
static ost__form form_of(const ost_node *node)
{
    ost__form plain = { .kind = OST__FORM_PLAIN };
    if (node->field)
        return ost__form_of(node->field);
    if (node->type == OST_TYPE_DECIMAL)
        plain.kind = OST__FORM_CANONICAL;
    return plain;
}

static void converted(ost__sql_writer *w, const char *function, const ost_node *node)
{
    ost__sql_text(w, function);
    ost__sql_text(w, "(");
    ost__sql_expression(w, node);
    ost__sql_text(w, ", ");
    ost__buffer_int(w->out, ost__form_code(form_of(node)));
    ost__sql_text(w, ")");
}

/* Whether cells of two decimal forms compare like the numbers in them. */
static bool decimals_agree(ost__form a, ost__form b)
{
    bool number_a = a.kind == OST__FORM_NUMBER || a.kind == OST__FORM_PLAIN;
    bool number_b = b.kind == OST__FORM_NUMBER || b.kind == OST__FORM_PLAIN;
    if (number_a && number_b)
        return true;
    if (a.kind != b.kind)
        return false;
    return a.kind == OST__FORM_CANONICAL ||
           (a.scale == b.scale && (a.kind == OST__FORM_UNITS || a.precision == b.precision));
}

static void operand(ost__sql_writer *w, const ost_node *node, const ost_node *other)
{
    ost__form own = form_of(node), its = form_of(other);
    bool decimals = node->type == OST_TYPE_DECIMAL || other->type == OST_TYPE_DECIMAL;
    bool times = node->type == OST_TYPE_TIME && other->type == OST_TYPE_TIME;
    if (decimals && own.kind != OST__FORM_CANONICAL && !decimals_agree(own, its))
        converted(w, "ostler_decimal", node);
    else if (times && own.kind != OST__FORM_PLAIN && own.kind != its.kind)
        converted(w, "ostler_time", node);
    else
        ost__sql_expression(w, node);
}

static void list(ost__sql_writer *w, const ost_node *node)
{
    ost__sql_text(w, " IN (SELECT value FROM ostler_list(");
    ost__sql_bind(w, node->parameter, OST__SQL_LIST, node->args[0]);
    ost__sql_text(w, "))");
}

static void needle(ost__sql_writer *w, const ost_node *node)
{
    ost__sql_bind(w, node->parameter, OST__SQL_NEEDLE, node->args[0]);
}

/* Of texts that are folded already. */
static void folded_search(ost__sql_writer *w, const ost_node *node)
{
    bool ends = node->op == OST_OP_ENDS_WITH;
    ost__sql_text(w, ends ? "(substr(" : "(instr(");
    ost__sql_expression(w, node->args[0]);
    ost__sql_text(w, ", ");
    if (ends) {
        ost__sql_text(w, "length(");
        ost__sql_expression(w, node->args[0]);
        ost__sql_text(w, ") - length(");
        needle(w, node);
        ost__sql_text(w, ") + 1) = ");
    }
    needle(w, node);
    ost__sql_text(w, ends ? ")" : node->op == OST_OP_HAS_TEXT ? ") > 0)" : ") = 1)");
}

static void text_search(ost__sql_writer *w, const ost_node *node)
{
    if (ost__sql_is_folded(node->args[0])) {
        folded_search(w, node);
        return;
    }
    ost__sql_text(w, node->op == OST_OP_HAS_TEXT      ? "ostler_has_text("
                     : node->op == OST_OP_STARTS_WITH ? "ostler_starts_with("
                                                      : "ostler_ends_with(");
    ost__sql_expression(w, node->args[0]);
    ost__sql_text(w, ", ");
    needle(w, node);
    ost__sql_text(w, ")");
}

static bool is_integer(uint16_t type)
{
    return type >= OST_TYPE_INT8 && type <= OST_TYPE_UINT64;
}

/* SUM and AVG of integers and decimals are exact; SQLite's own slide into REAL. */
static void arithmetic(ost__sql_writer *w, const ost_node *node)
{
    const ost_node *arg = node->args[0];
    bool average = node->op == OST_OP_AVG;
    if (node->type == OST_TYPE_DECIMAL) {
        ost__sql_text(w, average ? "ostler_decimal_avg(" : "ostler_decimal_sum(");
        ost__sql_expression(w, arg);
        ost__sql_text(w, ", ");
        ost__buffer_int(w->out, ost__form_code(form_of(arg)));
        if (average) {
            ost__sql_text(w, ", ");
            ost__buffer_uint(w->out, node->scale);
        }
    } else if (is_integer(arg->type)) {
        ost__sql_text(w, average ? "ostler_avg(" : "ostler_sum(");
        ost__sql_expression(w, arg);
    } else {
        ost__sql_text(w, average ? "avg(" : "sum(");
        ost__sql_expression(w, arg);
    }
    ost__sql_text(w, ")");
}

static void aggregate(ost__sql_writer *w, const ost_node *node)
{
    switch (node->op) {
    case OST_OP_COUNT:
        if (node->arg_count == 0) {
            ost__sql_text(w, "count(*)");
            return;
        }
        ost__sql_text(w, "count(");
        break;
    case OST_OP_COUNT_DISTINCT: ost__sql_text(w, "count(DISTINCT "); break;
    case OST_OP_MIN: ost__sql_text(w, "min("); break;
    case OST_OP_MAX: ost__sql_text(w, "max("); break;
    default: arithmetic(w, node); return;
    }
    ost__sql_exact(w, node->args[0]);
    ost__sql_text(w, ")");
}

/* The function finds the field by its number, so that it can check ranges and bounds and name what
 * it refuses. */
static void increment(ost__sql_writer *w, const ost_change *change)
{
    ost__sql_text(w, "ostler_add(");
    ost__sql_stored(w, change->field);
    ost__sql_text(w, ", ");
    ost__sql_amount(w, change);
    ost__sql_text(w, ", ");
    ost__buffer_int(w->out, (int64_t)(change->field - w->shape->table->fields));
    ost__sql_text(w, ")");
}

/* The function tells that a record was met, whether it changes or not. */
static void upsert(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    ost__sql_insert_values(w);
    ost__sql_conflict_target(w);
    ost__sql_text(w, " DO UPDATE SET ");
    ost__sql_upsert_changes(w);
    ost__sql_text(w, " WHERE ostler_met(");
    ost__sql_upsert_differs(w);
    ost__sql_text(w, ")");
    if (s->column_count == 0)
        return;
    ost__sql_text(w, " RETURNING ");
    ost__sql_columns(w, s->columns, s->column_count);
}

static void blob_literal(ost__sql_writer *w, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    ost__sql_text(w, "X'");
    for (size_t i = 0; i < size; i++) {
        ost__buffer_char(w->out, digits[bytes[i] >> 4]);
        ost__buffer_char(w->out, digits[bytes[i] & 15]);
    }
    ost__sql_text(w, "'");
}

static void literal(ost__sql_writer *w, const ost_field *field, const ost_value *value)
{
    ost__cell cell;
    if (ost__store_value(value, field, &cell) != OST_OK) {
        ost__sql_refuse(w, OST_SCHEMA, "%s.%s: the constant of an index does not fit the member",
                        w->shape->table->model, field ? field->name : "");
        return;
    }
    switch (cell.kind) {
    case SQLITE_INTEGER: ost__buffer_int(w->out, cell.as.integer); break;
    case SQLITE_FLOAT: ost__buffer_double(w->out, cell.as.real); break;
    case SQLITE_TEXT: ost__sql_text_literal(w, cell.as.span.data, cell.as.span.size); break;
    case SQLITE_BLOB: blob_literal(w, cell.as.span.data, cell.as.span.size); break;
    default: ost__sql_text(w, "NULL"); break;
    }
}

const ost__sql_dialect ost__sqlite_dialect = {
    .name = "SQLite",
    .quote = '"',
    .placeholder = '?',
    .nulls_first = true,
    .key_is_row_id = true,
    .check_bools = true,
    .if_not_exists = true,
    .partial_indexes = true,
    .inside_indexes = true,
    .returning = 1 << OST_DO_INSERT | 1 << OST_DO_UPDATE | 1 << OST_DO_DELETE,
    .default_row = " DEFAULT VALUES",
    .true_text = "1",
    .false_text = "0",
    .no_limit = "-1",
    .subselect_name = "",
    .exact_collation = " COLLATE BINARY",
    .row_key = "INTEGER PRIMARY KEY",
    .table_suffix = " STRICT",
    .new_value = "excluded.",
    .new_value_end = "",
    .is_distinct = " IS NOT ",
    .column_type = column_type,
    .operand = operand,
    .list = list,
    .text_search = text_search,
    .aggregate = aggregate,
    .increment = increment,
    .literal = literal,
    .inside = inside,
    .upsert = upsert,
    .items = items,
    .size = size,
    .change_inside = ost__sqlite_change_inside,
};
