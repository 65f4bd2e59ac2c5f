/* SPDX-License-Identifier: MIT */
/*
 * Conditions as the plainest match that means the same. Negation is pushed down to the comparisons,
 * because $not and $ne of the server hold for what is absent; all that is written is true or not
 * true, and unknown is not true.
 */
#include "mongo/writing.h"

#include <string.h>

#include "base/decimal.h"
#include "mongo/types.h"

enum { KEYS_MAX = 32 };

static void condition(ost__mongo_writer *w, const ost_node *n, bool negated, bson_t *out);

/* ---- what is known without any document ---- */

static bool is_comparison(const ost_node *n)
{
    return n->op >= OST_OP_EQ && n->op <= OST_OP_GE;
}

static bool is_value(const ost_node *n)
{
    return n->op == OST_OP_VALUE;
}

static uint16_t opposite(uint16_t op)
{
    switch (op) {
    case OST_OP_EQ: return OST_OP_NE;
    case OST_OP_NE: return OST_OP_EQ;
    case OST_OP_LT: return OST_OP_GE;
    case OST_OP_LE: return OST_OP_GT;
    case OST_OP_GT: return OST_OP_LE;
    default: return OST_OP_LT;
    }
}

/* The operator of a comparison or null test that holds exactly where the node is true, or false. */
static uint16_t operator_of(const ost_node *n, bool negated)
{
    if (!negated)
        return n->op;
    if (n->op == OST_OP_IS_NULL || n->op == OST_OP_NOT_NULL)
        return n->op == OST_OP_IS_NULL ? OST_OP_NOT_NULL : OST_OP_IS_NULL;
    return opposite(n->op);
}

static bool is_of_itself(const ost_node *n)
{
    return is_comparison(n) && !is_value(n->args[0]) && ost__mongo_same(n->args[0], n->args[1]);
}

/* Some item meets the condition, or none does: it is never unknown. */
static enum ost__mongo_truth truth_of_items(const ost_node *n, bool negated)
{
    if (ost__mongo_truth_of(n->args[1], false) != OST__MONGO_NEVER)
        return OST__MONGO_VARIES;
    return negated ? OST__MONGO_ALWAYS : OST__MONGO_NEVER;
}

static enum ost__mongo_truth truth_of_leaf(const ost_node *n, bool negated)
{
    uint16_t op;
    if (n->op == OST_OP_HAS_ITEM)
        return truth_of_items(n, negated);
    if (is_of_itself(n)) {
        op = operator_of(n, negated);
        if (op == OST_OP_NE || op == OST_OP_LT || op == OST_OP_GT)
            return OST__MONGO_NEVER;
        return n->args[0]->nullable ? OST__MONGO_VARIES : OST__MONGO_ALWAYS;
    }
    if ((n->op == OST_OP_IS_NULL || n->op == OST_OP_NOT_NULL) && !n->args[0]->nullable)
        return operator_of(n, negated) == OST_OP_NOT_NULL ? OST__MONGO_ALWAYS : OST__MONGO_NEVER;
    return OST__MONGO_VARIES;
}

enum ost__mongo_truth ost__mongo_truth_of(const ost_node *n, bool negated)
{
    enum ost__mongo_truth all, one;
    bool is_and;
    if (n->op == OST_OP_NOT)
        return ost__mongo_truth_of(n->args[0], !negated);
    if (n->op != OST_OP_AND && n->op != OST_OP_OR)
        return truth_of_leaf(n, negated);
    is_and = (n->op == OST_OP_AND) != negated;
    all = is_and ? OST__MONGO_ALWAYS : OST__MONGO_NEVER;
    for (uint32_t i = 0; i < n->arg_count; i++) {
        one = ost__mongo_truth_of(n->args[i], negated);
        if (one == (is_and ? OST__MONGO_NEVER : OST__MONGO_ALWAYS))
            return one;
        if (one == OST__MONGO_VARIES)
            all = OST__MONGO_VARIES;
    }
    return all;
}

static bool is_of_item(const ost_node *n)
{
    return n->arg_count > 0 && n->args[0]->op == OST_OP_MEMBER &&
           ost__mongo_is_item(n->args[0]->field);
}

bool ost__mongo_needs_expression(const ost_node *n)
{
    bool member = n->arg_count > 0 && n->args[0]->op == OST_OP_MEMBER;
    switch (n->op) {
    case OST_OP_AND:
    case OST_OP_OR:
    case OST_OP_NOT:
        for (uint32_t i = 0; i < n->arg_count; i++)
            if (ost__mongo_needs_expression(n->args[i]))
                return true;
        return false;
    case OST_OP_HAS_ITEM:
        /* Items that are values are compared, and nothing else. */
        if (is_of_item(n->args[1]))
            return !member || !is_comparison(n->args[1]) || !is_value(n->args[1]->args[1]);
        return !member || ost__mongo_needs_expression(n->args[1]);
    default:
        return !member || is_of_item(n) ||
               (is_comparison(n) && !is_value(n->args[1]) && !is_of_itself(n));
    }
}

/* ---- one member or aggregate ---- */

/* {path: {$in: []}}: what is compared with NULL is unknown. */
static void unknown(ost__mongo_writer *w, const char *path, bson_t *out)
{
    bson_t test, none;
    ost__mongo_open_document(w, out, path, &test);
    ost__mongo_open_array(w, &test, "$in", &none);
    ost__mongo_close_array(w, &test, &none);
    ost__mongo_close_document(w, out, &test);
}

/* {path: {$nin: [value, null]}}, or {$ne: value} where it cannot be absent. */
static void unequal(ost__mongo_writer *w, const ost_node *n, bson_t *test)
{
    const ost_node *value = n->args[1];
    bson_t list;
    if (!n->args[0]->nullable) {
        (void)ost__mongo_value_in(w, test, "$ne", value, value->parameter);
        return;
    }
    ost__mongo_open_array(w, test, "$nin", &list);
    (void)ost__mongo_value_in(w, &list, "0", value, value->parameter);
    ost__mongo_null_in(w, &list, "1");
    ost__mongo_close_array(w, test, &list);
}

/* NULL can come from a record only: the core refuses it as a constant. */
static bool is_null(const ost__mongo_writer *w, const ost_node *value)
{
    const ost_parameter *p;
    ost__mongo_value stored = { .type = BSON_TYPE_EOD };
    if (!w->op || value->constant || value->parameter >= w->op->parameter_count)
        return false;
    p = ost__mongo_parameter_of(w->op, value->parameter);
    if (p->source == OST_FROM_VALUE)
        return p->value.type == OST_TYPE_NONE;
    return ost__mongo_store_parameter(p, w->record, true, &stored) == OST_OK &&
           stored.type == BSON_TYPE_EOD;
}

/*
 * A decimal of more digits than the server knows, which equals nothing that is stored: *floor is
 * what the server knows just below it. false: the server knows it as it is.
 */
static bool is_between(const ost__mongo_writer *w, const ost_node *value, bson_decimal128_t *floor)
{
    const ost_parameter *p;
    ost_decimal d, below;
    bool exact;
    if (!w->op || value->constant || value->parameter >= w->op->parameter_count)
        return false;
    p = ost__mongo_parameter_of(w->op, value->parameter);
    if (p->source != OST_FROM_VALUE || p->value.type != OST_TYPE_DECIMAL ||
        (p->field && ost__mongo_kind_of(p->field) != OST_TYPE_DECIMAL))
        return false;
    d = p->value.as.decimal;
    if (ost__mongo_decimal_to(d, floor))
        return false;
    for (int32_t scale = d.scale - 1; scale >= 0; scale--)
        if (ost__decimal_floor(d, scale, &below, &exact) && ost__mongo_decimal_to(below, floor))
            return true;
    (void)bson_decimal128_from_string(d.high < 0 ? "-Infinity" : "Infinity", floor);
    return true;
}

static void against_between(ost__mongo_writer *w, uint16_t op, const bson_decimal128_t *floor,
                            const char *path, bson_t *out)
{
    bson_t test;
    if (op == OST_OP_EQ) {
        unknown(w, path, out);
        return;
    }
    if (op == OST_OP_NE) {
        ost__mongo_is_present_in(w, path, out);
        return;
    }
    ost__mongo_open_document(w, out, path, &test);
    ost__mongo_appended(
        w, bson_append_decimal128(&test, op == OST_OP_LT || op == OST_OP_LE ? "$lte" : "$gt", -1,
                                  floor));
    ost__mongo_close_document(w, out, &test);
}

static void against_value(ost__mongo_writer *w, const ost_node *n, bool negated, const char *path,
                          bson_t *out)
{
    static const char *const words[] = {
        [OST_OP_LT] = "$lt",
        [OST_OP_LE] = "$lte",
        [OST_OP_GT] = "$gt",
        [OST_OP_GE] = "$gte",
    };
    const ost_node *value = n->args[1];
    uint16_t op = operator_of(n, negated);
    bson_decimal128_t floor;
    bson_t test;
    if (is_between(w, value, &floor)) {
        against_between(w, op, &floor, path, out);
        return;
    }
    if (op == OST_OP_EQ) {
        /* No value of ours is a document, array or regular expression, so that it stands for
         * itself. */
        if (!ost__mongo_value_in(w, out, path, value, value->parameter))
            unknown(w, path, out);
        return;
    }
    if (is_null(w, value)) {
        unknown(w, path, out);
        return;
    }
    ost__mongo_open_document(w, out, path, &test);
    if (op == OST_OP_NE)
        unequal(w, n, &test);
    else
        (void)ost__mongo_value_in(w, &test, words[op], value, value->parameter);
    ost__mongo_close_document(w, out, &test);
}

static void in_list(ost__mongo_writer *w, const ost_node *n, bool negated, const char *path,
                    bson_t *out)
{
    bson_t test;
    ost__mongo_open_document(w, out, path, &test);
    ost__mongo_list_in(w, &test, negated ? "$nin" : "$in", n->parameter,
                       negated && n->args[0]->nullable);
    ost__mongo_close_document(w, out, &test);
}

static void text_search(ost__mongo_writer *w, const ost_node *n, bool negated, const char *path,
                        bson_t *out)
{
    bson_t test, inverse;
    ost__mongo_open_document(w, out, path, &test);
    if (negated) {
        ost__mongo_open_document(w, &test, "$not", &inverse);
        ost__mongo_pattern_in(w, &inverse, "$regex", n);
        ost__mongo_close_document(w, &test, &inverse);
        ost__mongo_null_in(w, &test, "$ne");
    } else {
        ost__mongo_pattern_in(w, &test, "$regex", n);
    }
    ost__mongo_close_document(w, out, &test);
}

static void null_test(ost__mongo_writer *w, const ost_node *n, bool negated, const char *path,
                      bson_t *out)
{
    ost__mongo_null_test_in(w, n->args[0]->type, operator_of(n, negated) == OST_OP_IS_NULL, path,
                            out);
}

/* ---- items of lists ---- */

/* {operator: value} of the item itself. */
static void item_value(ost__mongo_writer *w, const ost_node *n, bson_t *out)
{
    static const char *const words[] = {
        [OST_OP_EQ] = "$eq",  [OST_OP_NE] = "$ne", [OST_OP_LT] = "$lt",
        [OST_OP_LE] = "$lte", [OST_OP_GT] = "$gt", [OST_OP_GE] = "$gte",
    };
    bson_decimal128_t floor;
    bson_t none;
    if (n->op != OST_OP_EQ || (!is_between(w, n->args[1], &floor) && !is_null(w, n->args[1]))) {
        (void)ost__mongo_value_in(w, out, words[n->op], n->args[1], n->args[1]->parameter);
        return;
    }
    ost__mongo_open_array(w, out, "$in", &none);
    ost__mongo_close_array(w, out, &none);
}

void ost__mongo_item_filter(ost__mongo_writer *w, const ost_node *n, bson_t *out)
{
    w->item++;
    if (is_of_item(n))
        item_value(w, n, out);
    else
        (void)ost__mongo_filter(w, n, out);
    w->item--;
}

static void has_item(ost__mongo_writer *w, const ost_node *n, bool negated, const char *path,
                     bson_t *out)
{
    bson_t test, inverse, match;
    ost__mongo_open_document(w, out, path, &test);
    if (negated)
        ost__mongo_open_document(w, &test, "$not", &inverse);
    ost__mongo_open_document(w, negated ? &inverse : &test, "$elemMatch", &match);
    ost__mongo_item_filter(w, n->args[1], &match);
    ost__mongo_close_document(w, negated ? &inverse : &test, &match);
    if (negated)
        ost__mongo_close_document(w, &test, &inverse);
    ost__mongo_close_document(w, out, &test);
}

/* {$expr: {$eq: [the condition as a number, 2]}}: where no match says it. */
static void computed(ost__mongo_writer *w, const ost_node *n, bool negated, bson_t *out)
{
    const ost_node *const args[] = { n };
    const ost_node inverse = {
        .op = OST_OP_NOT, .type = OST_TYPE_BOOL, .args = args, .arg_count = 1
    };
    ost__mongo_is_true_in(w, negated ? &inverse : n, "$expr", out);
}

/* ---- two of them ---- */

static void present_side(ost__mongo_writer *w, const ost_node *side, uint32_t *at, bson_t *list)
{
    const char *path = ost__mongo_path(w, side->op == OST_OP_SIZE ? side->args[0] : side);
    char key[16];
    if (!path || !side->nullable)
        return;
    (void)ost__print(key, sizeof key, "%u", (unsigned)(*at)++);
    ost__mongo_present_in(w, list, key, path);
}

/* {$expr: {$and: [a is there, b is there, {$lt: [a, b]}]}} */
static void against_other(ost__mongo_writer *w, const ost_node *n, bool negated, bson_t *out)
{
    static const char *const words[] = {
        [OST_OP_EQ] = "$eq",  [OST_OP_NE] = "$ne", [OST_OP_LT] = "$lt",
        [OST_OP_LE] = "$lte", [OST_OP_GT] = "$gt", [OST_OP_GE] = "$gte",
    };
    bson_t expression, all, test, sides;
    uint32_t at = 0;
    ost__mongo_open_document(w, out, "$expr", &expression);
    ost__mongo_open_array(w, &expression, "$and", &all);
    present_side(w, n->args[0], &at, &all);
    present_side(w, n->args[1], &at, &all);
    ost__mongo_open_item(w, &all, &at, &test);
    ost__mongo_open_array(w, &test, words[operator_of(n, negated)], &sides);
    (void)ost__mongo_expression(w, n->args[0], "0", &sides);
    (void)ost__mongo_expression(w, n->args[1], "1", &sides);
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, &all, &test);
    ost__mongo_close_array(w, &expression, &all);
    ost__mongo_close_document(w, out, &expression);
}

/* ---- AND and OR ---- */

static bool is_joined(const ost_node *n)
{
    return n->op == OST_OP_AND || n->op == OST_OP_OR;
}

static const ost_node *without_not(const ost_node *n, bool *negated)
{
    while (n->op == OST_OP_NOT) {
        n = n->args[0];
        *negated = !*negated;
    }
    return n;
}

/* Under which key a condition is written. */
static const char *key_of(const ost__mongo_writer *w, const ost_node *n)
{
    const char *path;
    bool json = n->arg_count > 0 && n->args[0]->type == OST_TYPE_JSON;
    if (is_joined(n) || json)
        return "$or";
    path = ost__mongo_path(w, n->args[0]);
    if (n->op == OST_OP_HAS_ITEM && ost__mongo_needs_expression(n))
        path = NULL;
    return path && (!is_comparison(n) || is_value(n->args[1]) || is_of_itself(n)) ? path : "$expr";
}

/* The parts of an AND, also of those within it. */
typedef struct parts {
    ost__mongo_writer *w;
    const char *keys[KEYS_MAX];
    uint32_t count;
    bool mixed;  /* no two have the same key */
    bson_t *out; /* second round: where they are written */
    bool as_list;
    uint32_t at;
} parts;

static void note_key(parts *p, const ost_node *n)
{
    const char *key = key_of(p->w, n);
    if (p->count >= KEYS_MAX)
        p->mixed = false;
    for (uint32_t i = 0; p->mixed && i < p->count; i++)
        p->mixed = strcmp(p->keys[i], key) != 0;
    if (p->mixed)
        p->keys[p->count] = key;
    p->count++;
}

static void write_part(parts *p, const ost_node *n, bool negated)
{
    bson_t item;
    if (!p->as_list) {
        condition(p->w, n, negated, p->out);
        return;
    }
    ost__mongo_open_item(p->w, p->out, &p->at, &item);
    condition(p->w, n, negated, &item);
    ost__mongo_close_document(p->w, p->out, &item);
}

static void each_part(parts *p, const ost_node *n, bool negated)
{
    for (uint32_t i = 0; i < n->arg_count; i++) {
        bool flipped = negated;
        const ost_node *part = without_not(n->args[i], &flipped);
        if (ost__mongo_truth_of(part, flipped) == OST__MONGO_ALWAYS)
            continue;
        if (is_joined(part) && (part->op == OST_OP_AND) != flipped)
            each_part(p, part, flipped);
        else if (!p->out)
            note_key(p, part);
        else
            write_part(p, part, flipped);
    }
}

/* Several keys of one document where they differ, else $and. */
static void all_of(ost__mongo_writer *w, const ost_node *n, bool negated, bson_t *out)
{
    parts p = { .w = w, .mixed = true };
    bson_t list;
    each_part(&p, n, negated);
    if (p.mixed) {
        p.out = out;
        each_part(&p, n, negated);
        return;
    }
    p.as_list = true;
    ost__mongo_open_array(w, out, "$and", &list);
    p.out = &list;
    each_part(&p, n, negated);
    ost__mongo_close_array(w, out, &list);
}

/* How many parts of an OR can be true, and one of them. */
static uint32_t possible(const ost_node *n, bool negated, const ost_node **one)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (ost__mongo_truth_of(n->args[i], negated) != OST__MONGO_NEVER) {
            *one = n->args[i];
            count++;
        }
    return count;
}

static void any_of(ost__mongo_writer *w, const ost_node *n, bool negated, bson_t *out)
{
    const ost_node *only = NULL;
    bson_t list, item;
    uint32_t at = 0;
    if (possible(n, negated, &only) == 1) {
        condition(w, only, negated, out);
        return;
    }
    ost__mongo_open_array(w, out, "$or", &list);
    for (uint32_t i = 0; i < n->arg_count; i++) {
        if (ost__mongo_truth_of(n->args[i], negated) == OST__MONGO_NEVER)
            continue;
        ost__mongo_open_item(w, &list, &at, &item);
        condition(w, n->args[i], negated, &item);
        ost__mongo_close_document(w, &list, &item);
    }
    ost__mongo_close_array(w, out, &list);
}

static void leaf(ost__mongo_writer *w, const ost_node *n, bool negated, bson_t *out)
{
    const char *path = ost__mongo_path(w, n->args[0]);
    if (is_comparison(n)) {
        if (is_of_itself(n) && path)
            ost__mongo_is_present_in(w, path, out);
        else if (path && is_value(n->args[1]))
            against_value(w, n, negated, path, out);
        else
            against_other(w, n, negated, out);
        return;
    }
    if (!path) {
        ost__mongo_refuse(w, OST_UNSUPPORTED,
                          "%s: MongoDB is asked for a condition on something that is no member",
                          w->table ? w->table->model : "");
        return;
    }
    switch (n->op) {
    case OST_OP_IN: in_list(w, n, negated, path, out); break;
    case OST_OP_HAS_ITEM:
        if (ost__mongo_needs_expression(n))
            computed(w, n, negated, out);
        else
            has_item(w, n, negated, path, out);
        break;
    case OST_OP_IS_NULL:
    case OST_OP_NOT_NULL: null_test(w, n, negated, path, out); break;
    default: text_search(w, n, negated, path, out); break;
    }
}

/* One that varies, as keys of `out`. */
static void condition(ost__mongo_writer *w, const ost_node *n, bool negated, bson_t *out)
{
    n = without_not(n, &negated);
    if (w->status != OST_OK)
        return;
    if (!is_joined(n))
        leaf(w, n, negated, out);
    else if ((n->op == OST_OP_AND) != negated)
        all_of(w, n, negated, out);
    else
        any_of(w, n, negated, out);
}

ost_status ost__mongo_filter(ost__mongo_writer *w, const ost_node *where, bson_t *out)
{
    switch (where ? ost__mongo_truth_of(where, false) : OST__MONGO_ALWAYS) {
    case OST__MONGO_ALWAYS: break;
    case OST__MONGO_NEVER:
        /* Empty bounds of an index that is always there; behind a group, a scan of what is left. */
        unknown(w, "_id", out);
        break;
    default: condition(w, where, false, out); break;
    }
    return w->status;
}
