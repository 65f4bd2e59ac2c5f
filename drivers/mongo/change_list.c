/* SPDX-License-Identifier: MIT */
/* Lists after a change: by the server's operators, or as expressions that mean the same, where
 * another change of the update is an expression. */
#include "mongo/changes.h"

/* ---- operators ---- */

/* Numbers beyond these mean the same as they. */
static int32_t number_of(const ost__mongo_writer *w, uint32_t parameter)
{
    int64_t n = ost__mongo_count_of(w, parameter);
    return n > INT32_MAX ? INT32_MAX : n < -INT32_MAX ? -INT32_MAX : (int32_t)n;
}

static void number(ost__mongo_writer *w, uint32_t parameter, const char *key, bson_t *out)
{
    if (w->op)
        ost__mongo_int_in(w, out, key, number_of(w, parameter));
    else
        ost__mongo_count_in(w, out, key, parameter);
}

/* {path: {$each: [items], $position: n, $slice: n}} */
void ost__mongo_push_in(ost__mongo_writer *w, const ost_change *c, const char *path, bson_t *out)
{
    bson_t push;
    ost__mongo_open_document(w, out, path, &push);
    (void)ost__mongo_stored_in(w, &push, "$each", c->parameter);
    if (c->op == OST_OP_PUSH && c->position_parameter != OST_NO_PARAMETER)
        number(w, c->position_parameter, "$position", &push);
    if (c->op == OST_OP_PUSH && c->slice_parameter != OST_NO_PARAMETER)
        number(w, c->slice_parameter, "$slice", &push);
    ost__mongo_close_document(w, out, &push);
}

/* {path: {the condition on an item}} */
void ost__mongo_pull_in(ost__mongo_writer *w, const ost_change *c, const char *path, bson_t *out)
{
    bson_t match;
    ost__mongo_open_document(w, out, path, &match);
    ost__mongo_item_filter(w, c->where, &match);
    ost__mongo_close_document(w, out, &match);
}

/* ---- expressions ---- */

/* {$literal: [items]} */
static void items(ost__mongo_writer *w, const ost_change *c, const char *key, bson_t *out)
{
    bson_t literal;
    ost__mongo_open_document(w, out, key, &literal);
    (void)ost__mongo_stored_in(w, &literal, "$literal", c->parameter);
    ost__mongo_close_document(w, out, &literal);
}

/* {$ifNull: ["$path", []]} */
static void before(ost__mongo_writer *w, const char *path, const char *key, bson_t *out)
{
    bson_t node, sides, none;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$ifNull", &sides);
    ost__mongo_path_in(w, &sides, "0", path);
    ost__mongo_open_array(w, &sides, "1", &none);
    ost__mongo_close_array(w, &sides, &none);
    ost__mongo_close_array(w, &node, &sides);
    ost__mongo_close_document(w, out, &node);
}

/* {$slice: [the list, n]}, or behind the first n of them. */
static void part_before(ost__mongo_writer *w, const ost_change *c, const char *path, bool behind,
                        const char *key, bson_t *out)
{
    bson_t node, sides;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$slice", &sides);
    before(w, path, "0", &sides);
    number(w, c->position_parameter, "1", &sides);
    if (behind)
        ost__mongo_int_in(w, &sides, "2", INT32_MAX);
    ost__mongo_close_array(w, &node, &sides);
    ost__mongo_close_document(w, out, &node);
}

/* {$concatArrays: [the list, items]}, or with the items in front or between. */
static void joined(ost__mongo_writer *w, const ost_change *c, const char *path, const char *key,
                   bson_t *out)
{
    bool placed = c->position_parameter != OST_NO_PARAMETER;
    bool front = placed && w->op && number_of(w, c->position_parameter) == 0;
    bson_t node, parts;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$concatArrays", &parts);
    if (!placed)
        before(w, path, "0", &parts);
    else if (!front)
        part_before(w, c, path, false, "0", &parts);
    items(w, c, "1", &parts);
    if (front)
        before(w, path, "2", &parts);
    else if (placed)
        part_before(w, c, path, true, "2", &parts);
    ost__mongo_close_array(w, &node, &parts);
    ost__mongo_close_document(w, out, &node);
}

static void push(ost__mongo_writer *w, const ost_change *c, const char *path, const char *key,
                 bson_t *out)
{
    bson_t node, sides;
    if (c->slice_parameter == OST_NO_PARAMETER) {
        joined(w, c, path, key, out);
        return;
    }
    if (w->op && number_of(w, c->slice_parameter) == 0) {
        ost__mongo_open_array(w, out, key, &node);
        ost__mongo_close_array(w, out, &node);
        return;
    }
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$slice", &sides);
    joined(w, c, path, "0", &sides);
    number(w, c->slice_parameter, "1", &sides);
    ost__mongo_close_array(w, &node, &sides);
    ost__mongo_close_document(w, out, &node);
}

/* {$in: ["$$item", list]} */
static void is_in(ost__mongo_writer *w, const char *item, const char *list, const char *key,
                  bson_t *out)
{
    bson_t node, sides;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$in", &sides);
    ost__mongo_path_in(w, &sides, "0", item);
    ost__mongo_path_in(w, &sides, "1", list);
    ost__mongo_close_array(w, &node, &sides);
    ost__mongo_close_document(w, out, &node);
}

/* {$reduce: {input: items, initialValue: the list, in: it has this one ? it : it with this one}} */
static void add_to_set(ost__mongo_writer *w, const ost_change *c, const char *path, const char *key,
                       bson_t *out)
{
    bson_t node, reduce, in, choice, joined, parts, one;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_document(w, &node, "$reduce", &reduce);
    items(w, c, "input", &reduce);
    before(w, path, "initialValue", &reduce);
    ost__mongo_open_document(w, &reduce, "in", &in);
    ost__mongo_open_array(w, &in, "$cond", &choice);
    is_in(w, "$this", "$value", "0", &choice);
    ost__mongo_path_in(w, &choice, "1", "$value");
    ost__mongo_open_document(w, &choice, "2", &joined);
    ost__mongo_open_array(w, &joined, "$concatArrays", &parts);
    ost__mongo_path_in(w, &parts, "0", "$value");
    ost__mongo_open_array(w, &parts, "1", &one);
    ost__mongo_path_in(w, &one, "0", "$this");
    ost__mongo_close_array(w, &parts, &one);
    ost__mongo_close_array(w, &joined, &parts);
    ost__mongo_close_document(w, &choice, &joined);
    ost__mongo_close_array(w, &in, &choice);
    ost__mongo_close_document(w, &reduce, &in);
    ost__mongo_close_document(w, &node, &reduce);
    ost__mongo_close_document(w, out, &node);
}

/* What is left out: an item that is among those of the change, or one that meets its condition. */
static void left_out(ost__mongo_writer *w, const ost_change *c, const char *key, bson_t *out)
{
    bson_t node, sides;
    if (c->op == OST_OP_PULL_WHERE) {
        ost__mongo_is_true_in(w, c->where, key, out);
        return;
    }
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$in", &sides);
    ost__mongo_path_in(w, &sides, "0", "$e1");
    items(w, c, "1", &sides);
    ost__mongo_close_array(w, &node, &sides);
    ost__mongo_close_document(w, out, &node);
}

static void filtered(ost__mongo_writer *w, const ost_change *c, const char *path, const char *key,
                     bson_t *out)
{
    bson_t node, filter, test, sides;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_document(w, &node, "$filter", &filter);
    ost__mongo_path_in(w, &filter, "input", path);
    ost__mongo_text_in(w, &filter, "as", "e1");
    ost__mongo_open_document(w, &filter, "cond", &test);
    ost__mongo_open_array(w, &test, "$not", &sides);
    left_out(w, c, "0", &sides);
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, &filter, &test);
    ost__mongo_close_document(w, &node, &filter);
    ost__mongo_close_document(w, out, &node);
}

/* {$map: {input: "$path", as: "e1", in: {$cond: [the condition, the item changed, "$$e1"]}}} */
static void mapped(ost__mongo_writer *w, const ost_change *c, const char *path, const char *key,
                   bson_t *out)
{
    bson_t node, map, in, choice;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_document(w, &node, "$map", &map);
    ost__mongo_path_in(w, &map, "input", path);
    ost__mongo_text_in(w, &map, "as", "e1");
    ost__mongo_open_document(w, &map, "in", &in);
    ost__mongo_open_array(w, &in, "$cond", &choice);
    ost__mongo_is_true_in(w, c->where, "0", &choice);
    ost__mongo_item_change_in(w, c, "1", &choice);
    ost__mongo_path_in(w, &choice, "2", "$e1");
    ost__mongo_close_array(w, &in, &choice);
    ost__mongo_close_document(w, &map, &in);
    ost__mongo_close_document(w, &node, &map);
    ost__mongo_close_document(w, out, &node);
}

/* {$cond: [it is an array, the list with fewer or other items, "$path"]} */
static void of_those_there(ost__mongo_writer *w, const ost_change *c, const char *path, bson_t *out)
{
    bson_t node, choice;
    ost__mongo_open_document(w, out, path, &node);
    ost__mongo_open_array(w, &node, "$cond", &choice);
    ost__mongo_is_list_in(w, path, "0", &choice);
    if (c->op == OST_OP_UPDATE_ITEMS)
        mapped(w, c, path, "1", &choice);
    else
        filtered(w, c, path, "1", &choice);
    ost__mongo_path_in(w, &choice, "2", path);
    ost__mongo_close_array(w, &node, &choice);
    ost__mongo_close_document(w, out, &node);
}

void ost__mongo_list_change_in(ost__mongo_writer *w, const ost_change *c, const char *path,
                               bson_t *out)
{
    switch (c->op) {
    case OST_OP_PUSH: push(w, c, path, path, out); break;
    case OST_OP_ADD_TO_SET: add_to_set(w, c, path, path, out); break;
    default: of_those_there(w, c, path, out); break;
    }
}
