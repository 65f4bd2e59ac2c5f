/* SPDX-License-Identifier: MIT */
#ifndef OSTLER_MONGO_GROUP_H
#define OSTLER_MONGO_GROUP_H

#include "mongo/plan.h"

/* A word and a number. */
enum { OST__MONGO_NUMBERED = 24 };

/* The stages from $group to having; behind them the writer is after_group. */
void ost__mongo_group_in(ost__mongo_writer *w, bson_t *out, uint32_t *at);
/* Stages that let one document through, or give the one that `fill` writes if there is none. Not
 * $unionWith, which transactions do not know. */
void ost__mongo_default_in(ost__mongo_writer *w, bson_t *out, uint32_t *at,
                           void (*fill)(ost__mongo_writer *w, bson_t *out));

/* a<i> in a $group, and what else it needs. */
void ost__mongo_accumulator_in(ost__mongo_writer *w, uint32_t i, bson_t *out);

/* ---- counts of different values ---- */

/* Whether the groups are made in two stages, which are these. */
bool ost__mongo_is_nested(const ost__mongo_writer *w);
void ost__mongo_nested_in(ost__mongo_writer *w, uint32_t *at, bson_t *out);
/* Else stages in front of $group that number the rows of each value, and how many are the first. */
void ost__mongo_numbers_in(ost__mongo_writer *w, uint32_t *at, bson_t *out);
void ost__mongo_firsts_in(ost__mongo_writer *w, uint32_t i, const char *key, bson_t *out);

/* ---- what averages share with sums ---- */

/* "a0", "a1", … */
void ost__mongo_numbered(const char *letter, uint32_t i, char out[OST__MONGO_NUMBERED]);
/* The column of an aggregate's argument, or "". */
const char *ost__mongo_column_of(const ost_node *aggregate);
/* Whether a stage behind the group looks at the average of decimals. */
bool ost__mongo_needs_average(const ost_shape *s, const ost_node *n);
/* What these stages look at: v<i> in conditions, q<i> in orders. */
void ost__mongo_average_in(ost__mongo_writer *w, uint32_t i, bson_t *out);
/* The condition of a $cond: it is of less than 10^digits. */
void ost__mongo_bounded_in(ost__mongo_writer *w, const char *path, int digits, bson_t *choice);

/* {key: {$cond: [n<i> is not 0, …, null]}}: what is in between goes to `choice`, under "1". */
typedef struct ost__mongo_if_any {
    bson_t node, choice;
} ost__mongo_if_any;
void ost__mongo_open_if_any(ost__mongo_writer *w, uint32_t i, bson_t *out, const char *key,
                            ost__mongo_if_any *x);
void ost__mongo_close_if_any(ost__mongo_writer *w, bson_t *out, ost__mongo_if_any *x);

#endif
