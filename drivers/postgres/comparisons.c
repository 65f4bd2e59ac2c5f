/* SPDX-License-Identifier: MIT */
/* Comparisons that mean what the evaluator of the tests says, across kinds and stored forms. */
#include "postgres/writing.h"

#include "postgres/wire.h"

static bool is_value(const ost_node *node)
{
    return node->op == OST_OP_VALUE;
}

static bool is_real(const ost_node *node)
{
    return node->type == OST_TYPE_FLOAT || node->type == OST_TYPE_DOUBLE;
}

/* An integer that a double may not hold. */
static bool is_wide(const ost_node *node)
{
    return (node->type == OST_TYPE_INT64 || node->type == OST_TYPE_UINT64) &&
           !(node->field && node->field->values);
}

static uint16_t stored_of(const ost_node *node)
{
    return node->field ? node->field->stored : (uint16_t)OST_STORED_OURS;
}

/* ---- times of several forms ---- */

static void instant(ost__sql_writer *w, const ost_node *node)
{
    switch (stored_of(node)) {
    case OST_STORED_NO_ZONE:
        ost__sql_text(w, "(");
        ost__sql_expression(w, node);
        ost__sql_text(w, " AT TIME ZONE 'UTC')");
        break;
    case OST_STORED_SECONDS_TEXT:
        ost__sql_text(w, "(");
        ost__sql_expression(w, node);
        ost__sql_text(w, "::timestamp AT TIME ZONE 'UTC')");
        break;
    case OST_STORED_UNIX_SECONDS:
        ost__sql_text(w, "to_timestamp(");
        ost__sql_expression(w, node);
        ost__sql_text(w, ")");
        break;
    default: ost__sql_expression(w, node); break;
    }
}

void ost__pg_exact_decimal(ost__sql_writer *w, const ost_node *node)
{
    ost__sql_expression(w, node);
    if (node->type == OST_TYPE_DECIMAL && stored_of(node) == OST_STORED_NUMERIC)
        ost__sql_text(w, "::text::numeric");
}

void ost__pg_operand(ost__sql_writer *w, const ost_node *node, const ost_node *other)
{
    bool forms_differ = stored_of(node) != stored_of(other);
    /* A constant has the form of the member already. */
    if (is_value(node) || is_value(other) || !forms_differ)
        ost__sql_expression(w, node);
    else if (node->type == OST_TYPE_TIME)
        instant(w, node);
    else
        ost__pg_exact_decimal(w, node);
}

/* ---- integers against reals ---- */

/*
 * The server would compare both as doubles, where integers beyond 2^53 become equal to their
 * neighbours. Where the doubles differ, they are in the order of the numbers. Where they do not,
 * the real is an integer of at most 2^64, which is made of two halves, because a cast keeps 15
 * digits.
 */
static void exact_real(ost__sql_writer *w, const ost_node *real)
{
    ost__sql_text(w, "(trunc(");
    ost__sql_expression(w, real);
    ost__sql_text(w, " / 4294967296)::numeric * 4294967296 + (");
    ost__sql_expression(w, real);
    ost__sql_text(w, " - trunc(");
    ost__sql_expression(w, real);
    ost__sql_text(w, " / 4294967296) * 4294967296)::numeric)");
}

bool ost__pg_comparison(ost__sql_writer *w, const ost_node *node)
{
    static const char *const words[] = { " = ", " <> ", " < ", " <= ", " > ", " >= " };
    static const uint8_t turned[] = { 0, 1, 4, 5, 2, 3 };
    const ost_node *a = node->args[0], *b = node->args[1];
    unsigned word = (unsigned)node->op - OST_OP_EQ;
    if (is_value(a) || is_value(b))
        return false;
    if (is_real(a) && is_wide(b)) {
        const ost_node *swap = a;
        a = b;
        b = swap;
        word = turned[word];
    }
    if (!is_wide(a) || !is_real(b))
        return false;
    ost__sql_text(w, "CASE WHEN ");
    ost__sql_expression(w, a);
    ost__sql_text(w, "::float8 <> ");
    ost__sql_expression(w, b);
    ost__sql_text(w, " THEN ");
    ost__sql_expression(w, a);
    ost__sql_text(w, "::float8");
    ost__sql_text(w, words[word]);
    ost__sql_expression(w, b);
    ost__sql_text(w, " WHEN ");
    ost__sql_expression(w, a);
    ost__sql_text(w, "::float8 = ");
    ost__sql_expression(w, b);
    ost__sql_text(w, " THEN ");
    ost__sql_expression(w, a);
    ost__sql_text(w, "::numeric");
    ost__sql_text(w, words[word]);
    exact_real(w, b);
    ost__sql_text(w, " END");
    return true;
}

void ost__pg_list(ost__sql_writer *w, const ost_node *node)
{
    ost__sql_text(w, " = ANY(");
    ost__sql_bind(w, node->parameter, OST__SQL_LIST, node->args[0]);
    ost__sql_text(w, ")");
}
