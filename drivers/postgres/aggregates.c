/* SPDX-License-Identifier: MIT */
/* Sums and averages are exact where the evaluator's are; smallest and largest exist for every kind.
 */
#include "postgres/writing.h"

#include "postgres/wire.h"

static bool is_integer(uint16_t type)
{
    return type >= OST_TYPE_INT8 && type <= OST_TYPE_UINT64;
}

/* What is added: reals of tables made by others may be of half the width. */
static void addend(ost__sql_writer *w, const ost_node *arg)
{
    ost__pg_exact_decimal(w, arg);
    if ((arg->type == OST_TYPE_FLOAT || arg->type == OST_TYPE_DOUBLE) && w->shape->table->adopted)
        ost__sql_text(w, "::float8");
}

static void call(ost__sql_writer *w, const char *function, const ost_node *arg)
{
    ost__sql_text(w, function);
    ost__sql_text(w, "(");
    addend(w, arg);
    ost__sql_text(w, ")");
}

static void power_of_ten(ost__sql_writer *w, unsigned zeros)
{
    ost__sql_text(w, "1");
    for (unsigned i = 0; i < zeros; i++)
        ost__sql_text(w, "0");
}

/* sum * 10^scale */
static void units(ost__sql_writer *w, const ost_node *node)
{
    call(w, "sum", node->args[0]);
    ost__sql_text(w, " * ");
    power_of_ten(w, node->scale);
}

/* div or mod of the units by their count. */
static void divided(ost__sql_writer *w, const ost_node *node, const char *function)
{
    ost__sql_text(w, function);
    ost__sql_text(w, "(");
    units(w, node);
    ost__sql_text(w, ", ");
    call(w, "count", node->args[0]);
    ost__sql_text(w, ")");
}

/*
 * sum / count at the node's scale, half to even: with the quotient q and the rest r of the units,
 * one more (in size) where 2 |r| + q mod 2 > count. The server's own division rounds half away from
 * zero, and to a scale of its choice.
 */
static void average(ost__sql_writer *w, const ost_node *node)
{
    ost__sql_text(w, "((");
    divided(w, node, "div");
    ost__sql_text(w, " + CASE WHEN 2 * abs(");
    divided(w, node, "mod");
    ost__sql_text(w, ") + mod(abs(");
    divided(w, node, "div");
    ost__sql_text(w, "), 2) > ");
    call(w, "count", node->args[0]);
    ost__sql_text(w, " THEN sign(");
    call(w, "sum", node->args[0]);
    ost__sql_text(w, ") ELSE 0 END) * 1e-");
    ost__buffer_uint(w->out, node->scale);
    ost__sql_text(w, ")");
}

/* More than 38 digits are out of range wherever they stand. Digits that a table made by others has
 * beyond its member's would be rounded by this, so there they are left to who reads them. */
static void limit_digits(ost__sql_writer *w, const ost_node *node)
{
    if (w->shape->table->adopted)
        return;
    ost__sql_text(w, "::numeric(38,");
    ost__buffer_uint(w->out, node->scale);
    ost__sql_text(w, ")");
}

static void arithmetic(ost__sql_writer *w, const ost_node *node)
{
    const ost_node *arg = node->args[0];
    if (node->op == OST_OP_SUM) {
        call(w, "sum", arg);
        if (arg->type == OST_TYPE_DECIMAL)
            limit_digits(w, node);
    } else if (node->type == OST_TYPE_DECIMAL) {
        average(w, node);
        limit_digits(w, node);
    } else if (is_integer(arg->type)) {
        ost__sql_text(w, "(");
        call(w, "sum", arg);
        ost__sql_text(w, "::float8 / ");
        call(w, "count", arg);
        ost__sql_text(w, ")");
    } else {
        call(w, "avg", arg);
    }
}

/* Kinds for which the server has no min and max: over a form of the same order, and back. */
static void extreme(ost__sql_writer *w, const ost_node *node)
{
    bool least = node->op == OST_OP_MIN;
    const char *function = least ? "min(" : "max(", *behind = ")";
    switch (node->args[0]->type) {
    case OST_TYPE_BOOL: function = least ? "bool_and(" : "bool_or("; break;
    case OST_TYPE_UUID: behind = "::text COLLATE \"C\")::uuid"; break;
    case OST_TYPE_BLOB:
    case OST_TYPE_OBJECT_ID:
        function = least ? "decode(min(encode(" : "decode(max(encode(";
        behind = ", 'hex') COLLATE \"C\"), 'hex')";
        break;
    default: break;
    }
    ost__sql_text(w, function);
    ost__sql_exact(w, node->args[0]);
    ost__sql_text(w, behind);
}

void ost__pg_aggregate(ost__sql_writer *w, const ost_node *node)
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
    case OST_OP_MIN:
    case OST_OP_MAX: extreme(w, node); return;
    default: arithmetic(w, node); return;
    }
    ost__sql_exact(w, node->args[0]);
    ost__sql_text(w, ")");
}
