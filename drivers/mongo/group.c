/* SPDX-License-Identifier: MIT */
/*
 * Groups and what is computed over them. The server's own sums lose what we must not: a sum of
 * nothing is 0 there, of integers beyond 64 bits a double, and of decimals it keeps 34 digits.
 */
#include "mongo/group.h"

#include "mongo/writing.h"

/* Sums of decimals of up to this many digits keep all of them over 10^10 rows. Longer ones are
 * summed in two parts, of which the lower has so many digits. */
enum { SAFE_DIGITS = 24, LOW_DIGITS = 19 };

/* ---- what a sum needs beside itself ---- */

static bool is_sum(const ost_node *n)
{
    return n->op == OST_OP_SUM || ost__mongo_is_quotient(n);
}

static const ost_node *argument_of(const ost_node *n)
{
    return n->arg_count > 0 ? n->args[0] : NULL;
}

/* An average of 64-bit integers: one of the server's engines adds them as doubles. So they are
 * added as decimals, and the sum is divided as a double, as the other engine does. */
static bool is_average_of_longs(const ost_node *n)
{
    return n->op == OST_OP_AVG &&
           (n->args[0]->type == OST_TYPE_INT64 || n->args[0]->type == OST_TYPE_UINT64);
}

static bool needs_count(const ost_node *n)
{
    const ost_node *arg = argument_of(n);
    return ost__mongo_is_quotient(n) || is_average_of_longs(n) ||
           (n->op == OST_OP_SUM && arg && arg->nullable);
}

/* Whether 34 digits may be too few on the way. */
static bool needs_parts(const ost_node *n)
{
    const ost_node *arg = argument_of(n);
    return is_sum(n) && arg && arg->type == OST_TYPE_DECIMAL &&
           (arg->precision == 0 || arg->precision > SAFE_DIGITS);
}

/* ---- $group ---- */

static void keys(ost__mongo_writer *w, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    char name[OST__MONGO_NUMBERED];
    bson_t several;
    if (s->group_count == 0) {
        ost__mongo_null_in(w, out, "_id");
        return;
    }
    if (s->group_count == 1) {
        ost__mongo_key_in(w, out, "_id", s->groups[0]);
        return;
    }
    ost__mongo_open_document(w, out, "_id", &several);
    for (uint32_t i = 0; i < s->group_count; i++) {
        ost__mongo_numbered("k", i, name);
        ost__mongo_key_in(w, &several, name, s->groups[i]);
    }
    ost__mongo_close_document(w, out, &several);
}

/* {$sum: 1}, or where the argument may be absent {$sum: {$cond: [it is there, 1, 0]}} */
static void count_of(ost__mongo_writer *w, const ost_node *arg, const char *key, bson_t *out)
{
    bson_t sum, counted, choice, test, sides;
    ost__mongo_open_document(w, out, key, &sum);
    if (!arg || !arg->nullable) {
        ost__mongo_int_in(w, &sum, "$sum", 1);
    } else {
        ost__mongo_open_document(w, &sum, "$sum", &counted);
        ost__mongo_open_array(w, &counted, "$cond", &choice);
        ost__mongo_open_document(w, &choice, "0", &test);
        ost__mongo_open_array(w, &test, "$gt", &sides);
        (void)ost__mongo_expression(w, arg, "0", &sides);
        ost__mongo_null_in(w, &sides, "1");
        ost__mongo_close_array(w, &test, &sides);
        ost__mongo_close_document(w, &choice, &test);
        ost__mongo_int_in(w, &choice, "1", 1);
        ost__mongo_int_in(w, &choice, "2", 0);
        ost__mongo_close_array(w, &counted, &choice);
        ost__mongo_close_document(w, &sum, &counted);
    }
    ost__mongo_close_document(w, out, &sum);
}

/* {word: argument}, or {word: {around: argument}} */
static void accumulated(ost__mongo_writer *w, const char *word, const char *around,
                        const ost_node *arg, const char *key, bson_t *out)
{
    bson_t node, inner;
    ost__mongo_open_document(w, out, key, &node);
    if (around) {
        ost__mongo_open_document(w, &node, word, &inner);
        (void)ost__mongo_expression(w, arg, around, &inner);
        ost__mongo_close_document(w, &node, &inner);
    } else {
        (void)ost__mongo_expression(w, arg, word, &node);
    }
    ost__mongo_close_document(w, out, &node);
}

/* Whether the server has it as a decimal. */
static bool is_decimal(const ost_node *n)
{
    return n->type == OST_TYPE_DECIMAL && (!n->field || n->field->stored == OST_STORED_OURS);
}

/* {$trunc: [argument, places]} */
static void upper_part(ost__mongo_writer *w, const ost_node *arg, const char *key, bson_t *out)
{
    bson_t node, sides;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$trunc", &sides);
    (void)ost__mongo_expression(w, arg, "0", &sides);
    ost__mongo_int_in(w, &sides, "1", (int32_t)arg->scale - LOW_DIGITS);
    ost__mongo_close_array(w, &node, &sides);
    ost__mongo_close_document(w, out, &node);
}

/* The sums of the upper digits and of the rest, each of which is exact. */
static void parts(ost__mongo_writer *w, uint32_t i, bson_t *out)
{
    const ost_node *arg = argument_of(w->plan->layout->aggregates[i].node);
    char name[OST__MONGO_NUMBERED];
    bson_t node, rest, sides;
    ost__mongo_numbered("h", i, name);
    ost__mongo_open_document(w, out, name, &node);
    upper_part(w, arg, "$sum", &node);
    ost__mongo_close_document(w, out, &node);
    ost__mongo_numbered("l", i, name);
    ost__mongo_open_document(w, out, name, &node);
    ost__mongo_open_document(w, &node, "$sum", &rest);
    ost__mongo_open_array(w, &rest, "$subtract", &sides);
    (void)ost__mongo_expression(w, arg, "0", &sides);
    upper_part(w, arg, "1", &sides);
    ost__mongo_close_array(w, &rest, &sides);
    ost__mongo_close_document(w, &node, &rest);
    ost__mongo_close_document(w, out, &node);
}

void ost__mongo_accumulator_in(ost__mongo_writer *w, uint32_t i, bson_t *out)
{
    const ost_node *n = w->plan->layout->aggregates[i].node;
    const ost_node *arg = argument_of(n);
    bool longs = is_average_of_longs(n);
    bool wide = longs || (arg && is_sum(n) && n->type == OST_TYPE_DECIMAL && !is_decimal(arg));
    char name[OST__MONGO_NUMBERED];
    ost__mongo_numbered("a", i, name);
    switch (n->op) {
    case OST_OP_COUNT: count_of(w, arg, name, out); break;
    case OST_OP_COUNT_DISTINCT: ost__mongo_firsts_in(w, i, name, out); break;
    case OST_OP_MIN: accumulated(w, "$min", NULL, arg, name, out); break;
    case OST_OP_MAX: accumulated(w, "$max", NULL, arg, name, out); break;
    default:
        if (!needs_parts(n))
            accumulated(w, is_sum(n) || longs ? "$sum" : "$avg", wide ? "$toDecimal" : NULL, arg,
                        name, out);
        break;
    }
    if (needs_count(n)) {
        ost__mongo_numbered("n", i, name);
        count_of(w, arg, name, out);
    }
    if (needs_parts(n))
        parts(w, i, out);
}

static void group(ost__mongo_writer *w, uint32_t *at, bson_t *out)
{
    bson_t stage, body;
    if (ost__mongo_is_nested(w)) {
        ost__mongo_nested_in(w, at, out);
        return;
    }
    ost__mongo_numbers_in(w, at, out);
    ost__mongo_open_item(w, out, at, &stage);
    ost__mongo_open_document(w, &stage, "$group", &body);
    keys(w, &body);
    for (uint32_t i = 0; i < w->plan->layout->aggregate_count; i++)
        ost__mongo_accumulator_in(w, i, &body);
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, out, &stage);
}

/* ---- what is done with the sums ---- */

static bool is_finished(const ost_shape *s, const ost_node *n)
{
    return !(n->op == OST_OP_SUM && needs_count(n)) && !ost__mongo_needs_average(s, n) &&
           !is_average_of_longs(n);
}

/* {$let: {vars: {ostler_sum: {$add: ["$h", "$l"]}}, in: it, if it is exact}} */
static void joined_parts(ost__mongo_writer *w, uint32_t i, const char *key, bson_t *out)
{
    const ost_node *n = w->plan->layout->aggregates[i].node;
    char high[OST__MONGO_NUMBERED], low[OST__MONGO_NUMBERED];
    bson_t node, let, vars, add, sides, choice;
    ost__mongo_numbered("h", i, high);
    ost__mongo_numbered("l", i, low);
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_document(w, &node, "$let", &let);
    ost__mongo_open_document(w, &let, "vars", &vars);
    ost__mongo_open_document(w, &vars, "ostler_sum", &add);
    ost__mongo_open_array(w, &add, "$add", &sides);
    ost__mongo_path_in(w, &sides, "0", high);
    ost__mongo_path_in(w, &sides, "1", low);
    ost__mongo_close_array(w, &add, &sides);
    ost__mongo_close_document(w, &vars, &add);
    ost__mongo_close_document(w, &let, &vars);
    ost__mongo_open_document(w, &let, "in", &add);
    ost__mongo_open_array(w, &add, "$cond", &choice);
    ost__mongo_is_exact_in(w, high, low, "0", &choice);
    ost__mongo_path_in(w, &choice, "1", OST__MONGO_SUM);
    ost__mongo_raise_in(w, &choice, "2", "range", ost__mongo_column_of(n), OST__MONGO_SUM);
    ost__mongo_close_array(w, &add, &choice);
    ost__mongo_close_document(w, &let, &add);
    ost__mongo_close_document(w, &node, &let);
    ost__mongo_close_document(w, out, &node);
}

/* A stage of its own: what is computed from the sums comes in the next. */
static void join_parts(ost__mongo_writer *w, uint32_t *at, bson_t *out)
{
    const struct ost__mongo_layout *l = w->plan->layout;
    char name[OST__MONGO_NUMBERED];
    bool any = false;
    bson_t stage, body;
    for (uint32_t i = 0; i < l->aggregate_count; i++)
        any = any || needs_parts(l->aggregates[i].node);
    if (!any)
        return;
    ost__mongo_open_item(w, out, at, &stage);
    ost__mongo_open_document(w, &stage, "$set", &body);
    for (uint32_t i = 0; i < l->aggregate_count; i++) {
        ost__mongo_numbered("a", i, name);
        if (needs_parts(l->aggregates[i].node))
            joined_parts(w, i, name, &body);
    }
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, out, &stage);
}

/* "$a", or null where nothing was added. */
static void sum(ost__mongo_writer *w, uint32_t i, const char *key, bson_t *out)
{
    char name[OST__MONGO_NUMBERED];
    ost__mongo_if_any x;
    ost__mongo_numbered("a", i, name);
    if (!needs_count(w->plan->layout->aggregates[i].node)) {
        ost__mongo_path_in(w, out, key, name);
        return;
    }
    ost__mongo_open_if_any(w, i, out, key, &x);
    ost__mongo_path_in(w, &x.choice, "1", name);
    ost__mongo_close_if_any(w, out, &x);
}

/* {$cond: [there was one, {$divide: [{$toDouble: "$a"}, "$n"]}, null]} */
static void average_of_longs(ost__mongo_writer *w, uint32_t i, bson_t *out)
{
    char name[OST__MONGO_NUMBERED], count[OST__MONGO_NUMBERED];
    ost__mongo_if_any x;
    bson_t quotient, sides, sum;
    ost__mongo_numbered("a", i, name);
    ost__mongo_numbered("n", i, count);
    ost__mongo_open_if_any(w, i, out, name, &x);
    ost__mongo_open_document(w, &x.choice, "1", &quotient);
    ost__mongo_open_array(w, &quotient, "$divide", &sides);
    ost__mongo_open_document(w, &sides, "0", &sum);
    ost__mongo_path_in(w, &sum, "$toDouble", name);
    ost__mongo_close_document(w, &sides, &sum);
    ost__mongo_path_in(w, &sides, "1", count);
    ost__mongo_close_array(w, &quotient, &sides);
    ost__mongo_close_document(w, &x.choice, &quotient);
    ost__mongo_close_if_any(w, out, &x);
}

static void finish_one(ost__mongo_writer *w, uint32_t i, bson_t *out)
{
    const ost_node *n = w->plan->layout->aggregates[i].node;
    char name[OST__MONGO_NUMBERED];
    ost__mongo_numbered("a", i, name);
    if (n->op == OST_OP_SUM)
        sum(w, i, name, out);
    else if (is_average_of_longs(n))
        average_of_longs(w, i, out);
    else
        ost__mongo_path_in(w, out, name, name);
    if (!ost__mongo_is_quotient(n))
        return;
    ost__mongo_numbered("n", i, name);
    ost__mongo_path_in(w, out, name, name);
    ost__mongo_average_in(w, i, out);
}

static void finish(ost__mongo_writer *w, uint32_t *at, bson_t *out)
{
    const struct ost__mongo_layout *l = w->plan->layout;
    bool finished = true;
    bson_t stage, body;
    for (uint32_t i = 0; i < l->aggregate_count; i++)
        finished = finished && is_finished(w->plan->shape, l->aggregates[i].node);
    if (finished)
        return;
    ost__mongo_open_item(w, out, at, &stage);
    ost__mongo_open_document(w, &stage, "$project", &body);
    for (uint32_t i = 0; i < l->aggregate_count; i++)
        finish_one(w, i, &body);
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, out, &stage);
}

/* ---- the group of nothing ---- */

static void defaults(ost__mongo_writer *w, bson_t *out)
{
    const struct ost__mongo_layout *l = w->plan->layout;
    char name[OST__MONGO_NUMBERED];
    ost__mongo_null_in(w, out, "_id");
    for (uint32_t i = 0; i < l->aggregate_count; i++) {
        const ost_node *n = l->aggregates[i].node;
        ost__mongo_numbered("a", i, name);
        if (n->op == OST_OP_COUNT || n->op == OST_OP_COUNT_DISTINCT)
            ost__mongo_int_in(w, out, name, 0);
        else
            ost__mongo_null_in(w, out, name);
        if (!ost__mongo_is_quotient(n))
            continue;
        ost__mongo_numbered("n", i, name);
        ost__mongo_int_in(w, out, name, 0);
        ost__mongo_numbered("v", i, name);
        ost__mongo_null_in(w, out, name);
        ost__mongo_numbered("q", i, name);
        ost__mongo_null_in(w, out, name);
    }
}

void ost__mongo_default_in(ost__mongo_writer *w, bson_t *out, uint32_t *at,
                           void (*fill)(ost__mongo_writer *w, bson_t *out))
{
    bson_t stage, body, rows, item, limit, root, choice, first, sides, literal, document;
    ost__mongo_open_item(w, out, at, &stage);
    ost__mongo_open_document(w, &stage, "$facet", &body);
    ost__mongo_open_array(w, &body, "r", &rows);
    ost__mongo_open_document(w, &rows, "0", &limit);
    ost__mongo_int_in(w, &limit, "$limit", 1);
    ost__mongo_close_document(w, &rows, &limit);
    ost__mongo_close_array(w, &body, &rows);
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, out, &stage);
    ost__mongo_open_item(w, out, at, &item);
    ost__mongo_open_document(w, &item, "$replaceRoot", &root);
    ost__mongo_open_document(w, &root, "newRoot", &choice);
    ost__mongo_open_array(w, &choice, "$ifNull", &sides);
    ost__mongo_open_document(w, &sides, "0", &first);
    ost__mongo_path_in(w, &first, "$first", "r");
    ost__mongo_close_document(w, &sides, &first);
    ost__mongo_open_document(w, &sides, "1", &literal);
    ost__mongo_open_document(w, &literal, "$literal", &document);
    fill(w, &document);
    ost__mongo_close_document(w, &literal, &document);
    ost__mongo_close_document(w, &sides, &literal);
    ost__mongo_close_array(w, &choice, &sides);
    ost__mongo_close_document(w, &root, &choice);
    ost__mongo_close_document(w, &item, &root);
    ost__mongo_close_document(w, out, &item);
}

void ost__mongo_dividend_in(ost__mongo_writer *w, uint32_t i, const char *word, bson_t *out)
{
    static const char *const letters[] = { "a", "n" };
    const struct ost__mongo_layout *l = w->plan->layout;
    const ost__mongo_column *c = &w->plan->columns[i];
    const char *const keys[] = { c->name, c->count_name };
    uint32_t a = 0;
    char name[OST__MONGO_NUMBERED];
    bson_t inner;
    while (a < l->aggregate_count &&
           !ost__mongo_same(l->aggregates[a].node, w->plan->shape->columns[i]))
        a++;
    for (size_t k = 0; k < 2 && a < l->aggregate_count && keys[k]; k++) {
        ost__mongo_numbered(letters[k], a, name);
        if (!word) {
            ost__mongo_path_in(w, out, keys[k], name);
            continue;
        }
        ost__mongo_open_document(w, out, keys[k], &inner);
        ost__mongo_path_in(w, &inner, word, name);
        ost__mongo_close_document(w, out, &inner);
    }
}

void ost__mongo_column_in(ost__mongo_writer *w, uint32_t i, bson_t *out)
{
    const ost__mongo_column *c = &w->plan->columns[i];
    if (c->count_name && w->after_distinct) {
        ost__mongo_int_in(w, out, c->name, 1);
        ost__mongo_int_in(w, out, c->count_name, 1);
    } else if (c->count_name) {
        ost__mongo_dividend_in(w, i, NULL, out);
    } else {
        (void)ost__mongo_expression(w, c->node, c->name, out);
    }
}

void ost__mongo_group_in(ost__mongo_writer *w, bson_t *out, uint32_t *at)
{
    const ost_shape *s = w->plan->shape;
    bson_t stage, body;
    group(w, at, out);
    join_parts(w, at, out);
    finish(w, at, out);
    if (w->plan->layout->has_default)
        ost__mongo_default_in(w, out, at, defaults);
    w->after_group = true;
    if (!s->having || ost__mongo_truth_of(s->having, false) == OST__MONGO_ALWAYS)
        return;
    ost__mongo_open_item(w, out, at, &stage);
    ost__mongo_open_document(w, &stage, "$match", &body);
    (void)ost__mongo_filter(w, s->having, &body);
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, out, &stage);
}
