/* SPDX-License-Identifier: MIT */
#ifndef OSTLER_MONGO_GROUP_H
#define OSTLER_MONGO_GROUP_H

#include "mongo/plan.h"

/* The stages from $group to having; behind them the writer is after_group. */
void ost__mongo_group_in(ost__mongo_writer *w, bson_t *out, uint32_t *at);
/* Stages that let one document through, or give the one that `fill` writes if there is none. Not
 * $unionWith, which transactions do not know. */
void ost__mongo_default_in(ost__mongo_writer *w, bson_t *out, uint32_t *at,
                           void (*fill)(ost__mongo_writer *w, bson_t *out));

/* ---- what averages share with sums ---- */

/* "a0", "a1", … */
void ost__mongo_numbered(const char *letter, uint32_t i, char out[16]);
/* The column of an aggregate's argument, or "". */
const char *ost__mongo_column_of(const ost_node *aggregate);
/* Whether a stage behind the group looks at the average of decimals. */
bool ost__mongo_needs_average(const ost_shape *s, const ost_node *n);
/* What these stages look at: v<i> in conditions, q<i> in orders. */
void ost__mongo_average_in(ost__mongo_writer *w, uint32_t i, bson_t *out);
/* The condition of a $cond: it is of less than 10^digits, n<i> is not 0. */
void ost__mongo_bounded_in(ost__mongo_writer *w, const char *path, int digits, bson_t *choice);
void ost__mongo_if_any_in(ost__mongo_writer *w, uint32_t i, bson_t *choice);

#endif
