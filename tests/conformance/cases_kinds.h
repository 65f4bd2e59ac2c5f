/* SPDX-License-Identifier: MIT */
/* What the cases about kinds share: a member of the kind, its values, and questions about them. */
#ifndef CONFORMANCE_CASES_KINDS_H
#define CONFORMANCE_CASES_KINDS_H

#include "conformance.h"

typedef struct place {
    size_t table;
    const ev_schema *schema;
    size_t field;
    ost_value values[KIND_VALUES_MAX];
    size_t count;
} place;

/* The i-th member of the current kind; false: there is none. */
bool place_at(place *p, size_t i);
const ev_field *member_of(const place *p);
/* Stores the kind's values, on both sides; false: the backend refuses one. */
bool store_values(const place *p);
void begin_query(const place *p, asked *a);
void add_where(asked *a, const ost_expr *e);
void add_order(asked *a, const ost_expr *key);
/* The evaluator gets to know a record that is stored. */
void know_record(const place *p, const void *record);
/* Decimals of zero, and texts, that a zeroed record must have. */
void fit_zeros(const place *p, void *record);
/* Asks both sides. */
void ask(asked *a);
void ask_where(const place *p, const ost_expr *e);
/* The whole table. */
void agree_all(const place *p);
/* The record in a row of the evaluator's. */
const ost_expr *with_key(const place *p, size_t row);

/* cases_kinds_values.c */
void kind_aggregates(void);
void kind_groups(void);
void kind_updates(void);
void kind_increments(void);

#endif
