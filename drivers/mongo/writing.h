/* SPDX-License-Identifier: MIT */
/* What the parts of the compiler share: refusals, documents within documents, places. */
#ifndef OSTLER_MONGO_WRITING_H
#define OSTLER_MONGO_WRITING_H

#include "base/error.h"
#include "mongo/plan.h"

enum {
    OST__MONGO_DEPTH = 72,            /* nodes within nodes, at most, as in SQL */
    OST__MONGO_SORT_KEYS = 32,        /* that the server takes */
    OST__MONGO_PATTERN_BYTES = 32764, /* of a regular expression */
    OST__MONGO_DIGITS = 34            /* of a decimal128 */
};

/* What a member, aggregate or column is called in the documents behind a stage. */
typedef struct ost__mongo_place {
    const ost_node *node;
    const char *path;  /* in conditions; in expressions with a $ in front */
    const char *order; /* where it is ordered by, or tells rows apart */
} ost__mongo_place;

/* A member of the items of a list, where expressions have an item as a variable. */
typedef struct ost__mongo_item_place {
    const ost_field *field;
    uint16_t source;
    const char *path; /* "$e1.town", which is $$e1.town behind another $ */
} ost__mongo_item_place;

/* The places behind $group, or behind the $group of distinct rows. */
struct ost__mongo_layout {
    ost__mongo_place *groups;     /* _id, or _id.k0, _id.k1, … */
    ost__mongo_place *aggregates; /* different ones: a0, a1, … */
    ost__mongo_place *distinct;   /* _id.c0, _id.c1, …: one for each column */
    ost__mongo_item_place *items;
    uint32_t group_count, aggregate_count, distinct_count, item_count;
    bool grouped;     /* by something, or all rows are one group */
    bool has_default; /* all rows are one group, which is there even if no row is */
};

static inline bool ost__mongo_is_aggregate(const ost_node *n)
{
    return n->op >= OST_OP_COUNT && n->op <= OST_OP_MAX;
}
static inline bool ost__mongo_is_integer(uint16_t type)
{
    return type >= OST_TYPE_INT8 && type <= OST_TYPE_UINT64;
}
static inline bool ost__mongo_is_real(uint16_t type)
{
    return type == OST_TYPE_FLOAT || type == OST_TYPE_DOUBLE;
}
/* Its result is divided by us, where nothing on the server looks at it. */
static inline bool ost__mongo_is_quotient(const ost_node *n)
{
    return n->op == OST_OP_AVG && n->type == OST_TYPE_DECIMAL;
}
bool ost__mongo_same(const ost_node *a, const ost_node *b);

/* Keeps the first refusal. */
void ost__mongo_refuse(ost__mongo_writer *w, ost_status status, const char *format, ...)
    OST__PRINTF(3, 4);
/* The result of an append of the library: false is a document that would be too long. */
void ost__mongo_appended(ost__mongo_writer *w, bool ok);

/* Documents and arrays within documents. */
void ost__mongo_open_document(ost__mongo_writer *w, bson_t *out, const char *key, bson_t *inner);
void ost__mongo_close_document(ost__mongo_writer *w, bson_t *out, bson_t *inner);
void ost__mongo_open_array(ost__mongo_writer *w, bson_t *out, const char *key, bson_t *inner);
void ost__mongo_close_array(ost__mongo_writer *w, bson_t *out, bson_t *inner);
/* A document as item `*at` of an array, which is counted. */
void ost__mongo_open_item(ost__mongo_writer *w, bson_t *out, uint32_t *at, bson_t *inner);

void ost__mongo_text_in(ost__mongo_writer *w, bson_t *out, const char *key, const char *text);
void ost__mongo_int_in(ost__mongo_writer *w, bson_t *out, const char *key, int32_t n);
void ost__mongo_null_in(ost__mongo_writer *w, bson_t *out, const char *key);
void ost__mongo_bool_in(ost__mongo_writer *w, bson_t *out, const char *key, bool b);
/* "$path" */
void ost__mongo_path_in(ost__mongo_writer *w, bson_t *out, const char *key, const char *path);
/* The decimal 10^exponent. */
void ost__mongo_power_in(ost__mongo_writer *w, bson_t *out, const char *key, int exponent);
/* A parameter in the form in which it is compared; false: it is NULL, nothing was written. */
bool ost__mongo_value_in(ost__mongo_writer *w, bson_t *out, const char *key, const ost_node *node,
                         uint32_t parameter);
/* The same in the form in which it is stored. */
bool ost__mongo_stored_in(ost__mongo_writer *w, bson_t *out, const char *key, uint32_t parameter);
/* The items of a list as an array; with `and_null`, null behind them. */
void ost__mongo_list_in(ost__mongo_writer *w, bson_t *out, const char *key, uint32_t parameter,
                        bool and_null);
/* The regular expression of a text condition. */
void ost__mongo_pattern_in(ost__mongo_writer *w, bson_t *out, const char *key,
                           const ost_node *node);
/* An expression that fails for the document, and says so with OST__MONGO_RAISED, the rule and the
 * column of the member. `path` is a number that depends on the document. */
void ost__mongo_raise_in(ost__mongo_writer *w, bson_t *out, const char *key, const char *rule,
                         const char *name, const char *path);
/* The name of a member that it takes: its path in the record, or its column. */
static inline const char *ost__mongo_told(const ost_field *f)
{
    return f->inside && f->path ? f->path : f->column;
}
/* The variable of an expression that has a sum, as a path, and whether it is exact: taking either
 * part from it leaves the other. */
#define OST__MONGO_SUM "$ostler_sum"
void ost__mongo_is_exact_in(ost__mongo_writer *w, const char *a, const char *b, const char *key,
                            bson_t *out);
/* The value of a limit or offset; its number for plan_text. */
void ost__mongo_count_in(ost__mongo_writer *w, bson_t *out, const char *key, uint32_t parameter);

/* Where a member or aggregate is; NULL: nowhere, it is a value or a condition. */
const char *ost__mongo_path(const ost__mongo_writer *w, const ost_node *node);
/* The same, where it is ordered by. */
const char *ost__mongo_order_path(const ost__mongo_writer *w, const ost_node *node);
/* {$gt: ["$path", null]}: it is there. */
void ost__mongo_present_in(ost__mongo_writer *w, bson_t *out, const char *key, const char *path);
/* "$path", or where it may be missing {$ifNull: ["$path", null]}. */
void ost__mongo_key_in(ost__mongo_writer *w, bson_t *out, const char *key, const ost_node *node);

/* What is known of a condition (or its negation) without any document. */
enum ost__mongo_truth { OST__MONGO_VARIES, OST__MONGO_ALWAYS, OST__MONGO_NEVER };
enum ost__mongo_truth ost__mongo_truth_of(const ost_node *where, bool negated);

/* ---- items of lists (items.c) ---- */

/* Whether the field stands for the items of a list of scalars. */
bool ost__mongo_is_item(const ost_field *f);
/* Fills `items` of the layout. false: no memory. */
bool ost__mongo_items_of(const ost_shape *s, ost__arena *arena, struct ost__mongo_layout *out);
const char *ost__mongo_item_path(const ost__mongo_writer *w, const ost_field *f, uint16_t source);
/* The variable of an item: "e1". */
void ost__mongo_item_name(uint32_t source, char out[16]);
void ost__mongo_is_list_in(ost__mongo_writer *w, const char *path, const char *key, bson_t *out);
/* A condition as true or false: what is unknown is not true. */
void ost__mongo_is_true_in(ost__mongo_writer *w, const ost_node *condition, const char *key,
                           bson_t *out);
/* OST_OP_HAS_ITEM as true or false, and the value of OST_OP_SIZE. */
void ost__mongo_any_item_in(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out);
void ost__mongo_size_in(ost__mongo_writer *w, const ost_node *list, const char *key, bson_t *out);
/* expression.c: 0 for false, 1 for unknown, 2 for true. */
void ost__mongo_logic(ost__mongo_writer *w, const ost_node *condition, const char *key,
                      bson_t *out);
/* filter_null.c: {path: {$ne: null}}; whether a member of a kind is absent, or is not. */
void ost__mongo_is_present_in(ost__mongo_writer *w, const char *path, bson_t *out);
void ost__mongo_null_test_in(ost__mongo_writer *w, uint16_t type, bool absent, const char *path,
                             bson_t *out);
/* filter.c: whether the condition is no plain match, but one of an expression, which can stand
 * beside members of the document alone. */
bool ost__mongo_needs_expression(const ost_node *n);
/* A condition on the items of a list in the document, of which one is matched: as
 * ost__mongo_filter(). */
void ost__mongo_item_filter(ost__mongo_writer *w, const ost_node *condition, bson_t *out);

/* ---- columns ---- */

/* Sum and count of the average that is column i, under its names; with `word`, as {word: "$sum"}.
 */
void ost__mongo_dividend_in(ost__mongo_writer *w, uint32_t i, const char *word, bson_t *out);
/* Column i of a pipeline, with what else is needed to read it. */
void ost__mongo_column_in(ost__mongo_writer *w, uint32_t i, bson_t *out);
/* {a: 1, b: -1} of the shape's orders, as far as they are members. */
void ost__mongo_sort_in(ost__mongo_writer *w, bson_t *out);
/* Whether that takes fields which a stage computes first. */
bool ost__mongo_orders_are_computed(const ost__mongo_writer *w);
/* The stages that find the documents of a shape and sort them; the number of the next one. */
uint32_t ost__mongo_sorted_in(ost__mongo_writer *w, bson_t *out);
/* Its members, aggregates and columns get their places. false: no memory. */
bool ost__mongo_layout_of(const ost_shape *s, ost__arena *arena, struct ost__mongo_layout *out);

#endif
