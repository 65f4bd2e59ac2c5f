/* SPDX-License-Identifier: MIT */
/*
 * COUNT(DISTINCT …). A set within a group would have to fit in one document. Where nothing else is
 * asked for that would lose by it, groups of the argument are grouped again; else the first row of
 * each value in its group is told by a number.
 */
#include "mongo/group.h"
#include "mongo/writing.h"

static const ost_node *aggregate(const ost__mongo_writer *w, uint32_t i)
{
    return w->plan->layout->aggregates[i].node;
}

/* The argument of all, if it is one and the same; NULL: there is none, or several. */
static const ost_node *only_argument(const ost__mongo_writer *w)
{
    const ost_node *found = NULL;
    for (uint32_t i = 0; i < w->plan->layout->aggregate_count; i++) {
        const ost_node *n = aggregate(w, i);
        if (n->op != OST_OP_COUNT_DISTINCT)
            continue;
        if (found && !ost__mongo_same(found, n->args[0]))
            return NULL;
        found = n->args[0];
    }
    return found;
}

/* What is computed of parts as it is of the whole: not sums, which leave 64 bits on the way, and
 * not averages. */
static bool is_made_of_parts(const ost_node *n)
{
    return n->op == OST_OP_COUNT || n->op == OST_OP_COUNT_DISTINCT || n->op == OST_OP_MIN ||
           n->op == OST_OP_MAX;
}

bool ost__mongo_is_nested(const ost__mongo_writer *w)
{
    if (!only_argument(w))
        return false;
    for (uint32_t i = 0; i < w->plan->layout->aggregate_count; i++)
        if (!is_made_of_parts(aggregate(w, i)))
            return false;
    return true;
}

/* ---- groups of groups ---- */

/* {k0: …, k1: …, d: the argument} */
static void value_in_group(ost__mongo_writer *w, const ost_node *arg, const char *key, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    char name[OST__MONGO_NUMBERED];
    bson_t all;
    ost__mongo_open_document(w, out, key, &all);
    for (uint32_t i = 0; i < s->group_count; i++) {
        ost__mongo_numbered("k", i, name);
        ost__mongo_key_in(w, &all, name, s->groups[i]);
    }
    ost__mongo_key_in(w, &all, "d", arg);
    ost__mongo_close_document(w, out, &all);
}

static void inner_group(ost__mongo_writer *w, uint32_t *at, bson_t *out)
{
    bson_t stage, body;
    ost__mongo_open_item(w, out, at, &stage);
    ost__mongo_open_document(w, &stage, "$group", &body);
    value_in_group(w, only_argument(w), "_id", &body);
    for (uint32_t i = 0; i < w->plan->layout->aggregate_count; i++)
        if (aggregate(w, i)->op != OST_OP_COUNT_DISTINCT)
            ost__mongo_accumulator_in(w, i, &body);
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, out, &stage);
}

/* A stage that hands on what there is. MongoDB 6.0 runs groups that follow each other at once, and
 * a third one, as counts and distinct rows are, finds nothing of the second. */
static void between(ost__mongo_writer *w, uint32_t *at, bson_t *out)
{
    bson_t stage, body;
    char name[OST__MONGO_NUMBERED];
    ost__mongo_open_item(w, out, at, &stage);
    ost__mongo_open_document(w, &stage, "$project", &body);
    ost__mongo_int_in(w, &body, "_id", 1);
    for (uint32_t i = 0; i < w->plan->layout->aggregate_count; i++) {
        ost__mongo_numbered("a", i, name);
        if (aggregate(w, i)->op != OST_OP_COUNT_DISTINCT)
            ost__mongo_int_in(w, &body, name, 1);
    }
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, out, &stage);
}

static void outer_keys(ost__mongo_writer *w, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    char name[OST__MONGO_NUMBERED], path[OST__MONGO_NUMBERED];
    bson_t several;
    if (s->group_count == 0) {
        ost__mongo_null_in(w, out, "_id");
        return;
    }
    if (s->group_count == 1) {
        ost__mongo_path_in(w, out, "_id", "_id.k0");
        return;
    }
    ost__mongo_open_document(w, out, "_id", &several);
    for (uint32_t i = 0; i < s->group_count; i++) {
        ost__mongo_numbered("k", i, name);
        ost__mongo_numbered("_id.k", i, path);
        ost__mongo_path_in(w, &several, name, path);
    }
    ost__mongo_close_document(w, out, &several);
}

/* {$sum: {$cond: [all that `test` writes, 1, 0]}} */
static void counted(ost__mongo_writer *w, const char *key, bson_t *out,
                    void (*test)(ost__mongo_writer *w, uint32_t i, bson_t *choice), uint32_t i)
{
    bson_t node, sum, choice;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_document(w, &node, "$sum", &sum);
    ost__mongo_open_array(w, &sum, "$cond", &choice);
    test(w, i, &choice);
    ost__mongo_int_in(w, &choice, "1", 1);
    ost__mongo_int_in(w, &choice, "2", 0);
    ost__mongo_close_array(w, &sum, &choice);
    ost__mongo_close_document(w, &node, &sum);
    ost__mongo_close_document(w, out, &node);
}

static void is_there(ost__mongo_writer *w, uint32_t i, bson_t *choice)
{
    (void)i;
    ost__mongo_present_in(w, choice, "0", "_id.d");
}

static void outer_group(ost__mongo_writer *w, uint32_t *at, bson_t *out)
{
    bson_t stage, body, node;
    char name[OST__MONGO_NUMBERED];
    ost__mongo_open_item(w, out, at, &stage);
    ost__mongo_open_document(w, &stage, "$group", &body);
    outer_keys(w, &body);
    for (uint32_t i = 0; i < w->plan->layout->aggregate_count; i++) {
        const ost_node *n = aggregate(w, i);
        ost__mongo_numbered("a", i, name);
        if (n->op == OST_OP_COUNT_DISTINCT) {
            counted(w, name, &body, is_there, i);
            continue;
        }
        ost__mongo_open_document(w, &body, name, &node);
        ost__mongo_path_in(w, &node,
                           n->op == OST_OP_MIN   ? "$min"
                           : n->op == OST_OP_MAX ? "$max"
                                                 : "$sum",
                           name);
        ost__mongo_close_document(w, &body, &node);
    }
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, out, &stage);
}

void ost__mongo_nested_in(ost__mongo_writer *w, uint32_t *at, bson_t *out)
{
    inner_group(w, at, out);
    between(w, at, out);
    outer_group(w, at, out);
}

/* ---- numbered rows ---- */

#define NUMBER "ostler_number"

static void number_values(ost__mongo_writer *w, uint32_t i, uint32_t *at, bson_t *out)
{
    char name[OST__MONGO_NUMBERED];
    bson_t stage, body, inner, row, none;
    ost__mongo_numbered(NUMBER, i, name);
    ost__mongo_open_item(w, out, at, &stage);
    ost__mongo_open_document(w, &stage, "$setWindowFields", &body);
    value_in_group(w, aggregate(w, i)->args[0], "partitionBy", &body);
    ost__mongo_open_document(w, &body, "sortBy", &inner);
    ost__mongo_int_in(w, &inner, "_id", 1);
    ost__mongo_close_document(w, &body, &inner);
    ost__mongo_open_document(w, &body, "output", &inner);
    ost__mongo_open_document(w, &inner, name, &row);
    ost__mongo_open_document(w, &row, "$documentNumber", &none);
    ost__mongo_close_document(w, &row, &none);
    ost__mongo_close_document(w, &inner, &row);
    ost__mongo_close_document(w, &body, &inner);
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, out, &stage);
}

void ost__mongo_numbers_in(ost__mongo_writer *w, uint32_t *at, bson_t *out)
{
    for (uint32_t i = 0; i < w->plan->layout->aggregate_count; i++)
        if (aggregate(w, i)->op == OST_OP_COUNT_DISTINCT)
            number_values(w, i, at, out);
}

/* {$and: [it is the first, it is there]} */
static void is_first(ost__mongo_writer *w, uint32_t i, bson_t *choice)
{
    const ost_node *arg = aggregate(w, i)->args[0];
    char name[OST__MONGO_NUMBERED];
    bson_t test, all, first, sides;
    ost__mongo_numbered(NUMBER, i, name);
    ost__mongo_open_document(w, choice, "0", &test);
    ost__mongo_open_array(w, &test, "$and", &all);
    ost__mongo_open_document(w, &all, "0", &first);
    ost__mongo_open_array(w, &first, "$eq", &sides);
    ost__mongo_path_in(w, &sides, "0", name);
    ost__mongo_int_in(w, &sides, "1", 1);
    ost__mongo_close_array(w, &first, &sides);
    ost__mongo_close_document(w, &all, &first);
    ost__mongo_open_document(w, &all, "1", &first);
    ost__mongo_open_array(w, &first, "$gt", &sides);
    (void)ost__mongo_expression(w, arg, "0", &sides);
    ost__mongo_null_in(w, &sides, "1");
    ost__mongo_close_array(w, &first, &sides);
    ost__mongo_close_document(w, &all, &first);
    ost__mongo_close_array(w, &test, &all);
    ost__mongo_close_document(w, choice, &test);
}

void ost__mongo_firsts_in(ost__mongo_writer *w, uint32_t i, const char *key, bson_t *out)
{
    counted(w, key, out, is_first, i);
}
