/* SPDX-License-Identifier: MIT */
#include "sql/writer.h"

/* Databases bound the depth of an expression, and a chain of ANDs is as deep as it is long: longer
 * ones are cut into groups. */
enum { CHAIN_MAX = 64 };

static void expression(ost__sql_writer *w, const ost_node *node, bool nested);

bool ost__sql_is_aggregate(const ost_node *node)
{
    return node->op >= OST_OP_COUNT && node->op <= OST_OP_MAX;
}

static bool is_joined(const ost_node *node)
{
    return (node->op == OST_OP_AND || node->op == OST_OP_OR) && node->arg_count > 1;
}

/* How deep AND, OR and NOT go below `node`, as far as that can be written. */
static uint32_t depth_of(const ost_node *node, uint32_t left)
{
    uint32_t deepest = 0;
    if (left == 0 || (node->op != OST_OP_AND && node->op != OST_OP_OR && node->op != OST_OP_NOT))
        return 0;
    for (uint32_t i = 0; i < node->arg_count; i++) {
        uint32_t depth = depth_of(node->args[i], left - 1);
        if (depth > deepest)
            deepest = depth;
    }
    return deepest + 1;
}

/* Parsers keep what stands left of a parenthesis on a small stack, so the deepest argument goes
 * first. */
static uint32_t deepest_of(const ost_node *node)
{
    uint32_t deepest = 0, at = 0;
    for (uint32_t i = 0; i < node->arg_count; i++) {
        uint32_t depth = depth_of(node->args[i], OST__SQL_DEPTH);
        if (depth > deepest) {
            deepest = depth;
            at = i;
        }
    }
    return deepest > 8 ? at : 0;
}

/* Arguments [from, from + count) of `node`, where argument 0 and `first` have changed places. */
static void chain(ost__sql_writer *w, const ost_node *node, uint32_t first, uint32_t from,
                  uint32_t count)
{
    const char *word = node->op == OST_OP_AND ? " AND " : " OR ";
    uint32_t part = 1;
    while (part < (count + CHAIN_MAX - 1) / CHAIN_MAX)
        part *= CHAIN_MAX;
    for (uint32_t done = 0; done < count; done += part) {
        uint32_t at = from + done;
        if (done > 0)
            ost__sql_text(w, word);
        if (part > 1 && count - done > 1) {
            ost__sql_text(w, "(");
            chain(w, node, first, at, count - done < part ? count - done : part);
            ost__sql_text(w, ")");
        } else {
            at = at == 0 ? first : at == first ? 0 : at;
            expression(w, node->args[at], true);
        }
    }
}

static void joined(ost__sql_writer *w, const ost_node *node, bool nested)
{
    if (node->arg_count == 0) {
        ost__sql_text(w, node->op == OST_OP_AND ? w->dialect->true_text : w->dialect->false_text);
        return;
    }
    if (node->arg_count == 1) {
        expression(w, node->args[0], nested);
        return;
    }
    if (nested)
        ost__sql_text(w, "(");
    chain(w, node, deepest_of(node), 0, node->arg_count);
    if (nested)
        ost__sql_text(w, ")");
}

/* A value within an operator: conditions are put in parentheses. */
static void inner(ost__sql_writer *w, const ost_node *node)
{
    bool bare = node->op == OST_OP_MEMBER || node->op == OST_OP_SIZE || node->op == OST_OP_VALUE ||
                ost__sql_is_aggregate(node) || is_joined(node);
    if (!bare)
        ost__sql_text(w, "(");
    expression(w, node, true);
    if (!bare)
        ost__sql_text(w, ")");
}

static bool is_foreign_text(const ost__sql_writer *w, const ost_field *f)
{
    uint16_t type = f->type & (uint16_t)~OST_TYPE_OPTIONAL;
    return w->shape->table->adopted && f->collation == OST_EXACT &&
           (type == OST_TYPE_TEXT || type == OST_TYPE_CHARS || f->values);
}

static bool needs_collation(const ost__sql_writer *w, const ost_node *node)
{
    return node->op == OST_OP_MEMBER && node->field && is_foreign_text(w, node->field);
}

void ost__sql_before_exact(ost__sql_writer *w, const ost_field *field)
{
    if (w->dialect->exact_function && is_foreign_text(w, field))
        ost__sql_text(w, w->dialect->exact_function);
}

void ost__sql_after_exact(ost__sql_writer *w, const ost_field *field)
{
    if (is_foreign_text(w, field))
        ost__sql_text(w, w->dialect->exact_collation);
}

static void before_collation(ost__sql_writer *w, const ost_node *node)
{
    if (w->dialect->exact_function && needs_collation(w, node))
        ost__sql_text(w, w->dialect->exact_function);
}

/* Whoever reads the statement sees which texts compare by rules that are not ours. */
static void collation(ost__sql_writer *w, const ost_node *node)
{
    if (needs_collation(w, node))
        ost__sql_text(w, w->dialect->exact_collation);
    else if (node->op == OST_OP_MEMBER && node->field && node->field->collation == OST_AS_STORED)
        ost__sql_text(w, " /* as stored */");
}

void ost__sql_exact(ost__sql_writer *w, const ost_node *node)
{
    before_collation(w, node);
    inner(w, node);
    collation(w, node);
}

static void operand(ost__sql_writer *w, const ost_node *node, const ost_node *other)
{
    before_collation(w, node);
    if (w->dialect->operand)
        w->dialect->operand(w, node, other);
    else
        inner(w, node);
    collation(w, node);
}

static void comparison(ost__sql_writer *w, const ost_node *node)
{
    static const char *const words[] = { " = ", " <> ", " < ", " <= ", " > ", " >= " };
    if (w->dialect->comparison && w->dialect->comparison(w, node))
        return;
    operand(w, node->args[0], node->args[1]);
    ost__sql_text(w, words[node->op - OST_OP_EQ]);
    operand(w, node->args[1], node->args[0]);
}

static void value(ost__sql_writer *w, const ost_node *node)
{
    if (node->constant)
        w->dialect->literal(w, node->field, node->constant);
    else
        ost__sql_bind(w, node->parameter, OST__SQL_VALUE, node);
}

/* How many arguments the operator must have at least; -1: it cannot be written. */
static int arity(const ost_node *node)
{
    switch (node->op) {
    case OST_OP_MEMBER: return node->field ? 0 : -1;
    case OST_OP_VALUE:
    case OST_OP_AND:
    case OST_OP_OR:
    case OST_OP_COUNT: return 0;
    case OST_OP_EQ:
    case OST_OP_NE:
    case OST_OP_LT:
    case OST_OP_LE:
    case OST_OP_GT:
    case OST_OP_HAS_ITEM:
    case OST_OP_GE: return 2;
    case OST_OP_SIZE:
    case OST_OP_IN:
    case OST_OP_HAS_TEXT:
    case OST_OP_STARTS_WITH:
    case OST_OP_ENDS_WITH:
    case OST_OP_IS_NULL:
    case OST_OP_NOT_NULL:
    case OST_OP_NOT:
    case OST_OP_COUNT_DISTINCT:
    case OST_OP_SUM:
    case OST_OP_AVG:
    case OST_OP_MIN:
    case OST_OP_MAX: return 1;
    default: return -1;
    }
}

/* Two that follow each other are left out: each costs two places on a parser's small stack. */
static void negation(ost__sql_writer *w, const ost_node *node, bool nested)
{
    const ost_node *arg = node->args[0];
    if (arg->op == OST_OP_NOT && arg->arg_count > 0) {
        expression(w, arg->args[0], nested);
        return;
    }
    ost__sql_text(w, "NOT (");
    expression(w, arg, false);
    ost__sql_text(w, ")");
}

bool ost__sql_is_item(const ost_field *f)
{
    return f->inside && f->inside->type == OST_TYPE_LIST;
}

void ost__sql_document(ost__sql_writer *w, const ost_node *member)
{
    const ost_field *f = member->field;
    if (member->source > 0) {
        ost__sql_text(w, "e");
        ost__buffer_uint(w->out, member->source);
        ost__sql_text(w, ".value");
        return;
    }
    while (f->inside)
        f = f->inside;
    ost__sql_identifier(w, f->column);
}

uint32_t ost__sql_path(const ost_node *member, const ost_field *steps[OST__SQL_STEPS])
{
    const ost_field *field = member->field;
    uint32_t count = 0;
    /* An item is its own document, and a struct in a list has no column. */
    if (member->source > 0 && ost__sql_is_item(field))
        return 0;
    for (; field->inside && count < OST__SQL_STEPS; field = field->inside)
        steps[count++] = field;
    if (member->source > 0 && count < OST__SQL_STEPS)
        steps[count++] = field;
    for (uint32_t i = 0; i < count / 2; i++) {
        field = steps[i];
        steps[i] = steps[count - 1 - i];
        steps[count - 1 - i] = field;
    }
    return count;
}

/* A name within a literal: what would end the literal is doubled. */
static void step(ost__sql_writer *w, const char *name)
{
    for (; *name; name++) {
        if (*name == '\'')
            ost__buffer_char(w->out, '\'');
        ost__buffer_char(w->out, *name);
    }
}

void ost__sql_steps(ost__sql_writer *w, const ost_node *member, const char *before,
                    const char *behind)
{
    const ost_field *steps[OST__SQL_STEPS];
    uint32_t count = ost__sql_path(member, steps);
    for (uint32_t i = 0; i < count; i++) {
        ost__sql_text(w, before);
        step(w, steps[i]->column);
        ost__sql_text(w, behind);
    }
}

static void member(ost__sql_writer *w, const ost_node *node)
{
    bool alike = w->having && w->dialect->having_columns;
    if (!node->field->inside && node->source == 0) {
        ost__sql_identifier(w, node->field->column);
    } else if (w->dialect->inside) {
        ost__sql_text(w, alike ? "MIN(" : "");
        w->dialect->inside(w, node);
        ost__sql_text(w, alike ? ")" : "");
    } else {
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s has no members inside documents yet",
                        w->dialect->name);
    }
}

static void aggregate(ost__sql_writer *w, const ost_node *node)
{
    bool having = w->having;
    w->having = false;
    w->dialect->aggregate(w, node);
    w->having = having;
}

/* EXISTS says of an absent list, too, that there is none. */
static void has_item(ost__sql_writer *w, const ost_node *node)
{
    if (!w->dialect->items || node->args[0]->op != OST_OP_MEMBER) {
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s has no conditions on items of lists yet",
                        w->dialect->name);
        return;
    }
    if (w->dialect->has_item && w->dialect->has_item(w, node))
        return;
    ost__sql_text(w, "EXISTS (SELECT 1 FROM ");
    w->items++;
    w->dialect->items(w, node->args[0]);
    ost__sql_text(w, " AS e");
    ost__buffer_uint(w->out, w->items);
    ost__sql_text(w, " WHERE ");
    expression(w, node->args[1], false);
    w->items--;
    ost__sql_text(w, ")");
}

static void size_of(ost__sql_writer *w, const ost_node *node)
{
    if (w->dialect->size)
        w->dialect->size(w, node->args[0]);
    else
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s has no sizes of lists yet", w->dialect->name);
}

static void write_node(ost__sql_writer *w, const ost_node *node, bool nested)
{
    switch (node->op) {
    case OST_OP_MEMBER: member(w, node); break;
    case OST_OP_VALUE: value(w, node); break;
    case OST_OP_HAS_ITEM: has_item(w, node); break;
    case OST_OP_SIZE: size_of(w, node); break;
    case OST_OP_IN:
        ost__sql_exact(w, node->args[0]);
        w->dialect->list(w, node);
        break;
    case OST_OP_HAS_TEXT:
    case OST_OP_STARTS_WITH:
    case OST_OP_ENDS_WITH: w->dialect->text_search(w, node); break;
    case OST_OP_IS_NULL:
    case OST_OP_NOT_NULL:
        inner(w, node->args[0]);
        ost__sql_text(w, node->op == OST_OP_IS_NULL ? " IS NULL" : " IS NOT NULL");
        break;
    case OST_OP_AND:
    case OST_OP_OR: joined(w, node, nested); break;
    case OST_OP_NOT: negation(w, node, nested); break;
    case OST_OP_COUNT:
    case OST_OP_COUNT_DISTINCT:
    case OST_OP_SUM:
    case OST_OP_AVG:
    case OST_OP_MIN:
    case OST_OP_MAX: aggregate(w, node); break;
    default: comparison(w, node); break;
    }
}

static void expression(ost__sql_writer *w, const ost_node *node, bool nested)
{
    int least = arity(node);
    if (w->status != OST_OK)
        return;
    if (least < 0 || node->arg_count < (uint32_t)least) {
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s has no words for operator %u with %u arguments",
                        w->dialect->name, (unsigned)node->op, (unsigned)node->arg_count);
        return;
    }
    if (w->depth >= OST__SQL_DEPTH) {
        ost__sql_refuse(w, OST_TOO_LARGE,
                        "conditions are nested too deep: at most %d levels are possible",
                        OST__SQL_DEPTH);
        return;
    }
    w->depth++;
    write_node(w, node, nested);
    w->depth--;
}

void ost__sql_expression(ost__sql_writer *w, const ost_node *node)
{
    inner(w, node);
}

void ost__sql_column(ost__sql_writer *w, const ost_node *node)
{
    if (w->dialect->column)
        w->dialect->column(w, node);
    else
        inner(w, node);
}

void ost__sql_columns(ost__sql_writer *w, const ost_node *const *nodes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            ost__sql_text(w, ", ");
        ost__sql_column(w, nodes[i]);
    }
}

void ost__sql_clause(ost__sql_writer *w, const char *keyword, const ost_node *condition)
{
    if (!condition)
        return;
    ost__sql_text(w, keyword);
    expression(w, condition, false);
}
