/* SPDX-License-Identifier: MIT */
#include "mysql/numbers.h"

#include <float.h>
#include <limits.h>
#include <string.h>

#include "base/decimal.h"
#include "mysql/types.h"

static bool is_integer(const ost_node *n)
{
    return n->type >= OST_TYPE_INT8 && n->type <= OST_TYPE_UINT64 &&
           !(n->field && n->field->values);
}

static bool is_real(const ost_node *n)
{
    return n->type == OST_TYPE_FLOAT || n->type == OST_TYPE_DOUBLE;
}

/* ---- comparisons ---- */

/*
 * The double that `real` is, as a decimal. It is a whole number of at most 85 bits, in two parts
 * that the server turns into decimals without rounding.
 */
static void whole(ost__sql_writer *w, const ost_node *real)
{
    ost__sql_text(w, "(CAST(FLOOR(");
    ost__sql_expression(w, real);
    ost__sql_text(w, " / 4294967296e0) AS DECIMAL(30)) * 4294967296 + CAST(");
    ost__sql_expression(w, real);
    ost__sql_text(w, " - FLOOR(");
    ost__sql_expression(w, real);
    ost__sql_text(w, " / 4294967296e0) * 4294967296e0 AS DECIMAL(30)))");
}

/*
 * As doubles, unless they are equal as doubles: rounding keeps the order, so that only then it may
 * hide a difference, and then the double is a whole number.
 */
bool ost__my_exact_comparison(ost__sql_writer *w, const ost_node *node)
{
    static const char *const words[] = { " = ", " <> ", " < ", " <= ", " > ", " >= " };
    static const uint8_t mirrored[] = { 0, 1, 4, 5, 2, 3 };
    const ost_node *n = node->args[0], *x = node->args[1];
    unsigned word = (unsigned)(node->op - OST_OP_EQ);
    if (is_real(n) && is_integer(x)) {
        n = node->args[1];
        x = node->args[0];
        word = mirrored[word];
    } else if (!is_integer(n) || !is_real(x)) {
        return false;
    }
    ost__sql_text(w, "(CASE WHEN ");
    ost__sql_expression(w, n);
    ost__sql_text(w, " + 0e0 = ");
    ost__sql_expression(w, x);
    ost__sql_text(w, " THEN ");
    ost__sql_expression(w, n);
    ost__sql_text(w, words[word]);
    whole(w, x);
    ost__sql_text(w, " ELSE ");
    ost__sql_expression(w, n);
    ost__sql_text(w, " + 0e0");
    ost__sql_text(w, words[word]);
    ost__sql_expression(w, x);
    ost__sql_text(w, " END)");
    return true;
}

static void decimal_type(ost__sql_writer *w, unsigned precision, unsigned scale)
{
    ost__sql_text(w, " AS DECIMAL(");
    ost__buffer_uint(w->out, precision);
    ost__sql_text(w, ", ");
    ost__buffer_uint(w->out, scale);
    ost__sql_text(w, "))");
}

void ost__my_as_decimal(ost__sql_writer *w, const ost_node *node)
{
    const ost_field *f = node->op == OST_OP_MEMBER ? node->field : NULL;
    if (!f || node->type != OST_TYPE_DECIMAL || f->stored != OST_STORED_NUMERIC) {
        ost__sql_expression(w, node);
        return;
    }
    ost__sql_text(w, "CAST(");
    ost__sql_expression(w, node);
    decimal_type(w, f->precision, f->scale);
}

/* ---- aggregates ---- */

static void of(ost__sql_writer *w, const char *function, const ost_node *arg)
{
    ost__sql_text(w, function);
    ost__sql_text(w, "(");
    ost__my_as_decimal(w, arg);
    ost__sql_text(w, ")");
}

/* `factor` times one unit of the last place at `scale`. */
static void unit(ost__sql_writer *w, char factor, unsigned scale)
{
    if (scale > 0)
        ost__sql_text(w, "0.");
    for (unsigned i = 1; i < scale; i++)
        ost__buffer_char(w->out, '0');
    ost__buffer_char(w->out, factor);
}

/* COUNT(arg) units. */
static void divisor(ost__sql_writer *w, const ost_node *arg, unsigned scale)
{
    of(w, "COUNT", arg);
    ost__sql_text(w, " * ");
    unit(w, '1', scale);
}

static void remainder_of(ost__sql_writer *w, const ost_node *arg, unsigned scale)
{
    ost__sql_text(w, "MOD(");
    of(w, "SUM", arg);
    ost__sql_text(w, ", ");
    divisor(w, arg, scale);
    ost__sql_text(w, ")");
}

/* Cut off behind `scale`: what is divided can be divided without a rest. */
static void cut_average(ost__sql_writer *w, const ost_node *arg, unsigned scale)
{
    ost__sql_text(w, "(");
    of(w, "SUM", arg);
    ost__sql_text(w, " - ");
    remainder_of(w, arg, scale);
    ost__sql_text(w, ") / ");
    of(w, "COUNT", arg);
}

/*
 * sum / count, half to even, where the server would round half up, at a scale of its own: the
 * average cut off, and one unit more where the rest is above the half, or is the half and the last
 * digit is odd.
 */
static void decimal_average(ost__sql_writer *w, const ost_node *node)
{
    const ost_node *arg = node->args[0];
    enum { PRECISION = 65 };
    ost__sql_text(w, "CAST(");
    cut_average(w, arg, node->scale);
    ost__sql_text(w, " + CASE WHEN 2 * ABS(");
    remainder_of(w, arg, node->scale);
    ost__sql_text(w, ") > ");
    divisor(w, arg, node->scale);
    ost__sql_text(w, " OR (2 * ABS(");
    remainder_of(w, arg, node->scale);
    ost__sql_text(w, ") = ");
    divisor(w, arg, node->scale);
    ost__sql_text(w, " AND MOD(");
    cut_average(w, arg, node->scale);
    ost__sql_text(w, ", ");
    unit(w, '2', node->scale);
    ost__sql_text(w, ") <> 0) THEN SIGN(");
    of(w, "SUM", arg);
    ost__sql_text(w, ") * ");
    unit(w, '1', node->scale);
    ost__sql_text(w, " ELSE 0 END");
    decimal_type(w, PRECISION, node->scale);
}

static void average(ost__sql_writer *w, const ost_node *node)
{
    const ost_node *arg = node->args[0];
    if (node->type == OST_TYPE_DECIMAL) {
        decimal_average(w, node);
    } else if (is_integer(arg)) {
        ost__sql_text(w, "((");
        of(w, "SUM", arg);
        ost__sql_text(w, " + 0e0) / ");
        of(w, "COUNT", arg);
        ost__sql_text(w, ")");
    } else {
        of(w, "AVG", arg);
    }
}

void ost__my_aggregate(ost__sql_writer *w, const ost_node *node)
{
    switch (node->op) {
    case OST_OP_COUNT:
        if (node->arg_count == 0) {
            ost__sql_text(w, "COUNT(*)");
            return;
        }
        ost__sql_text(w, "COUNT(");
        break;
    case OST_OP_COUNT_DISTINCT: ost__sql_text(w, "COUNT(DISTINCT "); break;
    case OST_OP_MIN: ost__sql_text(w, "MIN("); break;
    case OST_OP_MAX: ost__sql_text(w, "MAX("); break;
    case OST_OP_SUM: of(w, "SUM", node->args[0]); return;
    default: average(w, node); return;
    }
    ost__sql_exact(w, node->args[0]);
    ost__sql_text(w, ")");
}

/* ---- increments ---- */

/* The sum, in a kind in which it cannot overflow. */
/* A member as it is before the change, which an upsert names by its table. */
static void changed(ost__sql_writer *w, const ost_node *member)
{
    if (w->shape->kind == OST_DO_UPSERT)
        ost__sql_stored(w, member->field);
    else
        ost__sql_expression(w, member);
}

static void sum(ost__sql_writer *w, const ost_change *change)
{
    const ost_field *f = change->field;
    const ost_node member = ost__sql_changed(w, f);
    uint16_t kind = ost__my_kind_of(f);
    ost__sql_text(w, "(");
    if (kind == OST_TYPE_FLOAT || kind == OST_TYPE_DOUBLE) {
        changed(w, &member);
    } else {
        ost__sql_text(w, "CAST(");
        changed(w, &member);
        decimal_type(w, kind == OST_TYPE_DECIMAL ? f->precision : 20,
                     kind == OST_TYPE_DECIMAL ? f->scale : 0);
    }
    ost__sql_text(w, " + ");
    ost__sql_amount(w, change);
    ost__sql_text(w, ")");
}

/* What would be stored: the sum of floats is rounded to one. */
static void stored_sum(ost__sql_writer *w, const ost_change *change)
{
    bool rounded = ost__my_kind_of(change->field) == OST_TYPE_FLOAT;
    ost__sql_text(w, rounded ? "CAST(" : "");
    sum(w, change);
    ost__sql_text(w, rounded ? " AS FLOAT)" : "");
}

/* An error with the rule and the column in its text: nothing else stops an update midway. */
static void refusal(ost__sql_writer *w, const ost_change *change, const char *rule)
{
    ost__sql_text(w, " THEN CAST('" OST__MY_REFUSAL);
    ost__sql_text(w, rule);
    ost__sql_text(w, ":");
    ost__sql_changed_name(w, change->field);
    ost__sql_text(w, "' AS SIGNED)");
}

static void number(ost__sql_writer *w, const ost_value *v)
{
    char text[OST_DECIMAL_TEXT_SIZE];
    switch (v->type) {
    case OST_TYPE_INT64: ost__buffer_int(w->out, v->as.integer); break;
    case OST_TYPE_UINT64: ost__buffer_uint(w->out, v->as.natural); break;
    case OST_TYPE_DECIMAL:
        ost__buffer_bytes(w->out, text, ost_decimal_print(v->as.decimal, text));
        break;
    case OST_TYPE_DOUBLE: {
        char digits[32];
        size_t size = ost__print_double(v->as.real, digits);
        ost__buffer_bytes(w->out, digits, size);
        /* Without an exponent it would be a decimal. */
        if (!memchr(digits, 'e', size))
            ost__sql_text(w, "e0");
        break;
    }
    default:
        ost__sql_refuse(w, OST_UNSUPPORTED, "a bound of kind %u cannot be kept by MySQL",
                        (unsigned)v->type);
        break;
    }
}

static void bound(ost__sql_writer *w, const ost_change *change, const char *word,
                  const ost_value *v, const char *rule)
{
    if (!v)
        return;
    ost__sql_text(w, " WHEN ");
    stored_sum(w, change);
    ost__sql_text(w, word);
    number(w, v);
    refusal(w, change, rule);
}

/* A literal as a bound. */
static void limit(ost__sql_writer *w, const ost_change *change, const char *word, const char *most)
{
    ost__sql_text(w, " WHEN ");
    sum(w, change);
    ost__sql_text(w, word);
    ost__sql_text(w, most);
    refusal(w, change, "range");
}

static void integer_limits(ost__sql_writer *w, const ost_change *change)
{
    static const struct {
        int64_t least;
        uint64_t most;
    } ranges[] = {
        [OST_TYPE_INT8] = { SCHAR_MIN, SCHAR_MAX },    [OST_TYPE_INT16] = { SHRT_MIN, SHRT_MAX },
        [OST_TYPE_INT32] = { INT_MIN, INT_MAX },       [OST_TYPE_INT64] = { INT64_MIN, INT64_MAX },
        [OST_TYPE_UINT8] = { 0, UCHAR_MAX },           [OST_TYPE_UINT16] = { 0, USHRT_MAX },
        [OST_TYPE_UINT32] = { 0, (uint64_t)UINT_MAX }, [OST_TYPE_UINT64] = { 0, UINT64_MAX },
    };
    uint16_t kind = ost__my_kind_of(change->field);
    char text[32];
    text[ost__print_int(ranges[kind].least, text)] = '\0';
    limit(w, change, " < ", text);
    text[ost__print_uint(ranges[kind].most, text)] = '\0';
    limit(w, change, " > ", text);
}

static void decimal_limits(ost__sql_writer *w, const ost_change *change)
{
    const ost_field *f = change->field;
    char text[OST_DECIMAL_TEXT_SIZE];
    size_t n = 0;
    text[n++] = '-';
    for (unsigned i = 0; i < f->precision && n + 2 < sizeof text; i++) {
        if (i + f->scale == f->precision)
            text[n++] = '.';
        text[n++] = '9';
    }
    text[n] = '\0';
    limit(w, change, " < ", text);
    limit(w, change, " > ", text + 1);
}

void ost__my_increment(ost__sql_writer *w, const ost_change *change)
{
    const ost_field *f = change->field;
    uint16_t kind = ost__my_kind_of(f);
    bool real = kind == OST_TYPE_FLOAT || kind == OST_TYPE_DOUBLE;
    bool whole_number = kind >= OST_TYPE_INT8 && kind <= OST_TYPE_UINT64 && !f->values;
    if (!real && !whole_number && kind != OST_TYPE_DECIMAL) {
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s.%s: only numbers can be added to",
                        w->shape->table->model, f->name);
        return;
    }
    ost__sql_text(w, "CASE");
    if (whole_number)
        integer_limits(w, change);
    else if (kind == OST_TYPE_DECIMAL)
        decimal_limits(w, change);
    else if (kind == OST_TYPE_FLOAT) {
        limit(w, change, " < ", "-3.4028234663852886e38");
        limit(w, change, " > ", "3.4028234663852886e38");
    }
    bound(w, change, " < ", f->min, "min");
    bound(w, change, " > ", f->max, "max");
    /* A CASE needs a WHEN. */
    if (kind == OST_TYPE_DOUBLE && !f->min && !f->max)
        ost__sql_text(w, " WHEN FALSE THEN 0e0");
    ost__sql_text(w, " ELSE ");
    stored_sum(w, change);
    ost__sql_text(w, " END");
}
