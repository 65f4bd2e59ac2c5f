/* SPDX-License-Identifier: MIT */
/*
 * Nodes as expressions of an aggregation. A condition is computed as a number, 0 for false, 1 for
 * unknown and 2 for true: AND is then the least, OR the largest, NOT what is missing to 2.
 */
#include "mongo/writing.h"

static void expression(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out);
static void logic(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out);

static const char *key_of_item(uint32_t i, char out[16])
{
    (void)ost__print(out, 16, "%u", (unsigned)i);
    return out;
}

/* {$literal: value}, so that a text with a $ is a text, and a number no switch of $project. */
static void value(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out)
{
    bson_t literal;
    ost__mongo_open_document(w, out, key, &literal);
    if (!ost__mongo_value_in(w, &literal, "$literal", n, n->parameter))
        ost__mongo_null_in(w, &literal, "$literal");
    ost__mongo_close_document(w, out, &literal);
}

/* ---- conditions as numbers ---- */

/* {$lte: [side, null]}: it is not there. */
static void absent(ost__mongo_writer *w, const ost_node *side, const char *key, bson_t *out)
{
    bson_t test, sides;
    ost__mongo_open_document(w, out, key, &test);
    ost__mongo_open_array(w, &test, "$lte", &sides);
    expression(w, side, "0", &sides);
    ost__mongo_null_in(w, &sides, "1");
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, out, &test);
}

static void comparison(ost__mongo_writer *w, const ost_node *n, bson_t *out)
{
    static const char *const words[] = {
        [OST_OP_EQ] = "$eq",  [OST_OP_NE] = "$ne", [OST_OP_LT] = "$lt",
        [OST_OP_LE] = "$lte", [OST_OP_GT] = "$gt", [OST_OP_GE] = "$gte",
    };
    bson_t sides;
    ost__mongo_open_array(w, out, words[n->op], &sides);
    expression(w, n->args[0], "0", &sides);
    expression(w, n->args[1], "1", &sides);
    ost__mongo_close_array(w, out, &sides);
}

static void in_list(ost__mongo_writer *w, const ost_node *n, bson_t *out)
{
    bson_t sides, literal;
    ost__mongo_open_array(w, out, "$in", &sides);
    expression(w, n->args[0], "0", &sides);
    ost__mongo_open_document(w, &sides, "1", &literal);
    ost__mongo_list_in(w, &literal, "$literal", n->parameter, false);
    ost__mongo_close_document(w, &sides, &literal);
    ost__mongo_close_array(w, out, &sides);
}

static void text_search(ost__mongo_writer *w, const ost_node *n, bson_t *out)
{
    bson_t match, literal;
    ost__mongo_open_document(w, out, "$regexMatch", &match);
    expression(w, n->args[0], "input", &match);
    ost__mongo_open_document(w, &match, "regex", &literal);
    ost__mongo_pattern_in(w, &literal, "$literal", n);
    ost__mongo_close_document(w, &match, &literal);
    ost__mongo_close_document(w, out, &match);
}

/* What is true or false where all of its arguments are there. */
static void test(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out)
{
    bson_t inner;
    ost__mongo_open_document(w, out, key, &inner);
    switch (n->op) {
    case OST_OP_IN: in_list(w, n, &inner); break;
    case OST_OP_HAS_TEXT:
    case OST_OP_STARTS_WITH:
    case OST_OP_ENDS_WITH: text_search(w, n, &inner); break;
    default: comparison(w, n, &inner); break;
    }
    ost__mongo_close_document(w, out, &inner);
}

/* {$switch: {branches: [an argument is absent → 1, …, the test → 2], default: 0}} */
static void branch(ost__mongo_writer *w, const ost_node *n, const ost_node *side, uint32_t *at,
                   bson_t *branches)
{
    bson_t one;
    ost__mongo_open_item(w, branches, at, &one);
    if (side)
        absent(w, side, "case", &one);
    else
        test(w, n, "case", &one);
    ost__mongo_int_in(w, &one, "then", side ? 1 : 2);
    ost__mongo_close_document(w, branches, &one);
}

static void guarded(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out)
{
    bson_t node, choice, branches;
    uint32_t at = 0;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_document(w, &node, "$switch", &choice);
    ost__mongo_open_array(w, &choice, "branches", &branches);
    for (uint32_t i = 0; i < n->arg_count; i++)
        branch(w, n, n->args[i], &at, &branches);
    branch(w, n, NULL, &at, &branches);
    ost__mongo_close_array(w, &choice, &branches);
    ost__mongo_int_in(w, &choice, "default", 0);
    ost__mongo_close_document(w, &node, &choice);
    ost__mongo_close_document(w, out, &node);
}

static void null_test(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out)
{
    bool is_null = n->op == OST_OP_IS_NULL;
    bson_t node, choice;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$cond", &choice);
    absent(w, n->args[0], "0", &choice);
    ost__mongo_int_in(w, &choice, "1", is_null ? 2 : 0);
    ost__mongo_int_in(w, &choice, "2", is_null ? 0 : 2);
    ost__mongo_close_array(w, &node, &choice);
    ost__mongo_close_document(w, out, &node);
}

static void joined(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out)
{
    bool is_and = n->op == OST_OP_AND;
    char item[16];
    bson_t node, list;
    if (n->arg_count == 0) {
        ost__mongo_int_in(w, out, key, is_and ? 2 : 0);
        return;
    }
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, is_and ? "$min" : "$max", &list);
    for (uint32_t i = 0; i < n->arg_count; i++)
        logic(w, n->args[i], key_of_item(i, item), &list);
    ost__mongo_close_array(w, &node, &list);
    ost__mongo_close_document(w, out, &node);
}

static void negation(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out)
{
    bson_t node, sides;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$subtract", &sides);
    ost__mongo_int_in(w, &sides, "0", 2);
    logic(w, n->args[0], "1", &sides);
    ost__mongo_close_array(w, &node, &sides);
    ost__mongo_close_document(w, out, &node);
}

/* Of a list that is absent it is false. */
static void has_item(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out)
{
    bson_t node, choice;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$cond", &choice);
    ost__mongo_any_item_in(w, n, "0", &choice);
    ost__mongo_int_in(w, &choice, "1", 2);
    ost__mongo_int_in(w, &choice, "2", 0);
    ost__mongo_close_array(w, &node, &choice);
    ost__mongo_close_document(w, out, &node);
}

static void logic(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out)
{
    switch (n->op) {
    case OST_OP_HAS_ITEM: has_item(w, n, key, out); break;
    case OST_OP_AND:
    case OST_OP_OR: joined(w, n, key, out); break;
    case OST_OP_NOT: negation(w, n, key, out); break;
    case OST_OP_IS_NULL:
    case OST_OP_NOT_NULL: null_test(w, n, key, out); break;
    default: guarded(w, n, key, out); break;
    }
}

void ost__mongo_logic(ost__mongo_writer *w, const ost_node *condition, const char *key, bson_t *out)
{
    logic(w, condition, key, out);
}

/* ---- any node ---- */

/* {$arrayElemAt: [[false, null, true], number]} */
static void condition(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out)
{
    bson_t node, sides, literal, three;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$arrayElemAt", &sides);
    ost__mongo_open_document(w, &sides, "0", &literal);
    ost__mongo_open_array(w, &literal, "$literal", &three);
    ost__mongo_bool_in(w, &three, "0", false);
    ost__mongo_null_in(w, &three, "1");
    ost__mongo_bool_in(w, &three, "2", true);
    ost__mongo_close_array(w, &literal, &three);
    ost__mongo_close_document(w, &sides, &literal);
    logic(w, n, "1", &sides);
    ost__mongo_close_array(w, &node, &sides);
    ost__mongo_close_document(w, out, &node);
}

static void expression(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out)
{
    const char *path = ost__mongo_path(w, n);
    if (w->status != OST_OK)
        return;
    if (path)
        ost__mongo_path_in(w, out, key, path);
    else if (n->op == OST_OP_VALUE)
        value(w, n, key, out);
    else if (n->op == OST_OP_SIZE)
        ost__mongo_size_in(w, n->args[0], key, out);
    else if (n->op == OST_OP_MEMBER || ost__mongo_is_aggregate(n))
        ost__mongo_refuse(w, OST_MISUSE, "%s: %s has no one value where it stands; group by it",
                          w->table ? w->table->model : "", n->field ? n->field->name : "a member");
    else
        condition(w, n, key, out);
}

ost_status ost__mongo_expression(ost__mongo_writer *w, const ost_node *node, const char *key,
                                 bson_t *out)
{
    expression(w, node, key, out);
    return w->status;
}
