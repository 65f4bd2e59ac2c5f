/* SPDX-License-Identifier: MIT */
/* The kinds of members, each with the values at its edges, and where the models have one. */
#ifndef CONFORMANCE_KINDS_H
#define CONFORMANCE_KINDS_H

#include "models.h"
#include "random.h"

enum { KIND_VALUES_MAX = 32, KIND_PLACES = 2 };

typedef struct kind {
    const char *name;  /* as cases are named: "int8" */
    const char *words; /* as people read it */
    struct {
        const ost_model *model;
        const char *member;
    } places[KIND_PLACES];      /* members of the kind; a NULL model: no more */
    const char *twins[2];       /* two members of the model `twin`, or NULL */
    const char *const *values;  /* as text, from the smallest; ends in NULL */
    bool sums;                  /* sum and avg are asked for */
    const char *const *amounts; /* by which members are incremented, or NULL */
} kind;

extern const kind kinds_of_members[];
extern const size_t kind_count;

/* Instants are given in whole units of so many microseconds, because what a backend would round is
 * no longer what was stored. 1, unless a way says otherwise. */
extern int64_t instant_unit;
ost_time in_units(ost_time t);
/* The values as cells of a member; returns how many. Lives as long as the scratch. */
size_t kind_values(const kind *k, const ev_field *f, ost_value *out, ev_scratch *scratch);
/* One text as a value of a kind. */
ost_value value_of_text(uint16_t type, const char *text, ev_scratch *scratch);

#endif
