/* SPDX-License-Identifier: MIT */
/*
 * Ready plans for what is done to single records: get, insert, update of a set of members, delete.
 * Their parameters are known from the model alone, so that the everyday calls neither encode nor
 * hash anything. Found without a lock; each stays until the db is closed, and there are at most
 * OST__RECORD_PLANS_MAX of a kind for a model: further ones take the common way.
 */
#ifndef OSTLER_QUERY_RECORD_PLAN_H
#define OSTLER_QUERY_RECORD_PLAN_H

#include "query/plan.h"
#include "query/query.h"

enum ost__record_kind {
    OST__RECORD_GET,
    OST__RECORD_INSERT,
    OST__RECORD_INSERT_KEY,
    OST__RECORD_UPDATE,
    OST__RECORD_UPDATE_DELETED, /* of a record that is soft-deleted */
    OST__RECORD_UPDATE_ANY,     /* of one that is or is not */
    OST__RECORD_DELETE,
    OST__RECORD_DELETE_VERSION,
    OST__RECORD_KINDS
};
enum { OST__RECORD_PLANS_MAX = 32 };

typedef struct ost__record_plan {
    struct ost__record_plan *next;
    ost__plan *plan;
    const ost_parameter *parameters;
    uint32_t parameter_count;
    uint64_t fingerprint;
    ost__field_set set; /* of an update: the members that it writes */
} ost__record_plan;

/* NULL: there is none yet. `set` may be NULL for kinds without one. */
const ost__record_plan *ost__record_plan_find(const ost__plans *plans, const ost__model *m,
                                              enum ost__record_kind kind, const ost__field_set *set,
                                              uint64_t fingerprint);
/* Keeps a plan (with a reference of its own) and a copy of its parameters. Without memory nothing
 * is kept, and nothing is lost. */
void ost__record_plan_keep(ost__plans *plans, const ost__model *m, enum ost__record_kind kind,
                           const ost__field_set *set, ost__plan *plan, const ost__statement *st);

#endif
