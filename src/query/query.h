/* SPDX-License-Identifier: MIT */
/*
 * Queries: what the program appends is encoded at once, so nothing of its expressions is kept. The
 * handle that the program holds is the address of a slot plus the slot's generation in its low
 * bits: a handle of an earlier generation is recognised after the slot was cleared or used again.
 */
#ifndef OSTLER_QUERY_QUERY_H
#define OSTLER_QUERY_QUERY_H

#include "ostler/query.h"
#include "query/shape.h"

enum { OST__QUERY_SLOT = 1024, OST__QUERY_BYTES = 128, OST__QUERY_PARAMETERS = 4 };

typedef struct ost__query {
    ost_session *session;
    const ost__model *model;  /* NULL: ost_from() failed */
    const ost__model *result; /* of the selection; NULL: records */
    ost__model_set *models;
    ost__arena *arena;
    void *context;           /* of the session */
    ost_error *scratch;      /* the session's, for a failure that is about to stick */
    ost_error *error;        /* the first failure, in the arena; NULL: none, or no memory */
    struct ost__query *next; /* of the session's list */
    uint16_t status;         /* of the first failure */
    uint16_t generation;     /* 0 … OST__QUERY_SLOT - 1 */
    bool live, narrows, everything, distinct, has_limit, has_offset, with_deleted, with_hidden;
    bool totals;            /* an aggregate is selected */
    bool keyed;             /* a condition says what the primary key is: no more than one record */
    bool scoping, unscoped; /* the default scope runs; it does not count */
    uint8_t lock;           /* an enum ost_lock_mode */
    int64_t limit, offset, limit_per;
    uint64_t sequence;     /* of the session, when something was appended last: for marks */
    const uint64_t *clock; /* the session's sequence now */
    ost__section columns, where, groups, having, orders, partition; /* at most one member */
    ost__section scope_where, scope_orders; /* of the model's default scope */
    uint8_t first_bytes[OST__QUERY_BYTES], first_order[32];
    ost_parameter first_parameters[OST__QUERY_PARAMETERS];
} ost__query;
OST_STATIC_ASSERT(sizeof(ost__query) <= OST__QUERY_SLOT, "a query fits its slot");

/* A whole operation in canonical form. */
typedef struct ost__statement {
    uint8_t *bytes;
    uint32_t size;
    ost_parameter *parameters;
    uint32_t parameter_count;
} ost__statement;

/* Which records of a model that soft-deletes are meant; others have none but the living. */
enum ost__among { OST__LIVING, OST__WITH_DELETED, OST__DELETED };

/* What is asked of a query. */
typedef struct ost__ask {
    uint16_t kind, wrap;
    const ost__model *result; /* of the rows; NULL with `value` or a write */
    const ost_expr *value;    /* one value */
    const ost__section *changes;
    bool unscoped;  /* whatever the query says */
    bool returns;   /* a write gives back the records that it met */
    bool fixed;     /* among these, whatever the query says: */
    uint16_t among; /* an enum ost__among */
    bool limited;   /* by `limit` and `offset` here, where the query has none of its own */
    int64_t limit, offset;
} ost__ask;

static inline ost_query *ost__query_handle(ost__query *q)
{
    return (ost_query *)(void *)((char *)q + q->generation);
}
/* The slot of a handle; its generation may be another one. */
static inline ost__query *ost__query_slot(const ost_query *handle)
{
    return (ost__query *)((uintptr_t)handle & ~(uintptr_t)(OST__QUERY_SLOT - 1));
}
static inline bool ost__query_is(const ost__query *q, const ost_query *handle)
{
    return q->live && (uintptr_t)handle - (uintptr_t)q == q->generation;
}

/* Makes a slot a query; the generation is kept. */
void ost__query_begin(ost__query *q, ost_session *session, ost__arena *arena,
                      ost__model_set *models, const ost__model *model, const uint64_t *clock,
                      ost_error *scratch);
/* Runs the default scope of the model, which must have one. */
void ost__query_scope(ost__query *q);
/* Makes the failure in q->scratch stick. */
void ost__query_fail(ost__query *q, ost_status status);
/* The statement in `arena`. On failure *error is set. */
ost_status ost__query_assemble(const ost__query *q, const ost__ask *ask, ost__arena *arena,
                               ost__statement *out, ost_error *error);
/* Header and sections put together; NULL sections are empty. */
typedef struct ost__parts {
    uint16_t kind, wrap, lock;
    uint16_t among; /* an enum ost__among, of what reads, updates or deletes */
    uint32_t flags;
    const ost__model *model, *result;
    const ost__section *columns, *changes, *where, *groups, *having, *orders;
    const ost__section *partition; /* NULL: none */
    const ost__section *upsert;    /* NULL: it is none; else there is no partition */
    const int64_t *limit, *offset, *limit_per;
} ost__parts;
bool ost__statement_join(const ost__parts *parts, ost__arena *arena, ost__statement *out);

#endif
