/* SPDX-License-Identifier: MIT */
/*
 * From the program's expressions to canonical bytes and parameters, in one walk that checks members
 * against models, kinds against each other, and folds constants. The bytes hold everything that a
 * shape is made of (shape.h reads them), so that two queries with equal bytes are the same query
 * but for their values.
 *
 * The form of an expression: its operator (1 byte), then
 *   MEMBER              model (2), field (2)
 *   VALUE *             kind (1), model and field that decide its form (2 + 2, 0xffff: none),
 *                       precision (1), scale (1); a boolean in the shape itself, which takes no
 *                       parameter, has an enum ost__shape_bool for its precision
 *   EQ … GE             two expressions
 *   IN *                expression, kind (1)
 *   text operators *    expression
 *   IS_NULL, NOT_NULL, NOT   expression
 *   AND, OR             count (2), expressions
 *   COUNT               0 or 1 (1), expression if 1
 *   SUM                 1 if into a decimal (1), expression
 *   other aggregates    expression
 *   AS                  model (2), field (2): a member of the result
 *   HAS_ITEM            a member that is a list, a condition on its items
 *   SIZE                a member that is a list
 *   ELEMENT             source (1), model (2), field (2): a member of an item, or the item itself
 * Those with a star take one parameter.
 */
#ifndef OSTLER_QUERY_ENCODE_H
#define OSTLER_QUERY_ENCODE_H

#include "query/operand.h"
#include "query/section.h"

/* An operator of the canonical form alone. */
enum { OST__OP_ELEMENT = 0xe0 };
enum ost__shape_bool { OST__BOOL_BOUND, OST__BOOL_FALSE, OST__BOOL_TRUE };

typedef struct ost__encoder {
    ost__model_set *models;
    const ost__model *root; /* the query's own model */
    ost__arena *arena;      /* for bytes, parameters and copies of texts and lists */
    ost_error *error;
    void *context;             /* of conversions */
    bool aggregates;           /* they may stand here */
    bool results;              /* members of a result may stand here */
    uint32_t source;           /* lists around this place */
    const ost__model *element; /* of the items of the innermost; NULL: none, or scalars */
} ost__encoder;

/* A condition. *narrows is set unless it may hold for every record alike. On failure the error is
 * set. */
ost_status ost__encode_condition(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                                 bool *narrows);
/* An expression that has a value. */
ost_status ost__encode_operand(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                               ost__operand *type);
/* An expression and the member that it fills: field (2), expression. */
ost_status ost__encode_column(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                              const ost__model **result);
/* A key of an order: 1 if descending (1), expression. */
ost_status ost__encode_order(const ost__encoder *enc, ost__section *out, const ost_expr *e);
/* Members that equal the values given, as a condition of `count` comparisons; for keys.
 * OST_NOT_FOUND: they never can. */
ost_status ost__encode_key(const ost__encoder *enc, ost__section *out, const ost_value *values,
                           size_t count);

/* The item of a list of scalars, which `enc` looks at. */
ost_status ost__encode_item(const ost__encoder *enc, ost__section *out, const ost_field *item);
/* An encoder for what stands on the items of a list of structs. */
ost_status ost__encode_elements(const ost__encoder *enc, const ost_field *list, ost__encoder *out);

#endif
