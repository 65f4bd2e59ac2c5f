/* SPDX-License-Identifier: MIT */
/* What expressions yield: the kinds of aggregates, what compares, what fits a member. */
#ifndef OSTLER_QUERY_OPERAND_H
#define OSTLER_QUERY_OPERAND_H

#include "query/fold.h"

bool ost__is_aggregate(uint16_t op);
/* What an aggregate over `arg` yields; false: it cannot be taken. COUNT alone may have no `arg`. */
bool ost__aggregate_type(uint16_t op, const ost__operand *arg, bool wide, ost__operand *out);
/* Whether it is a document, which neither compares nor has an order. */
bool ost__is_unordered(const ost__operand *a);
/* Whether two operands compare. */
bool ost__operands_compare(const ost__operand *a, const ost__operand *b);
/* Whether an operand may be read into a member of this kind. */
bool ost__operand_fits(const ost__operand *from, const ost_field *to);

#endif
