/* SPDX-License-Identifier: MIT */
/* From shapes to documents: what is decided once for a shape, and what is written for each
 * operation. Nothing here talks to a server. */
#ifndef OSTLER_MONGO_PLAN_H
#define OSTLER_MONGO_PLAN_H

#include <bson/bson.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "ostler/driver.h"

/* The collection that the driver keeps for itself. */
#define OST__MONGO_COUNTERS "ostler_counters"

/* How a select runs. */
enum ost__mongo_way {
    OST__MONGO_FIND,     /* members of single documents */
    OST__MONGO_AGGREGATE /* a pipeline */
};

/* A column of a result: where rows carry it, and what it is made of. */
typedef struct ost__mongo_column {
    const char *name; /* key in the document of a row: the member's own in a find, else c0, c1, … */
    const ost_node *node;
    /* An average of decimals is computed by us: the sum stands under `name`, the count under this.
     */
    const char *count_name;
    bool is_sum; /* of integers: a double is one that left int64 */
} ost__mongo_column;

struct ost_plan {
    bson_t projection, sort; /* of a find; may be empty */
    uint64_t serial;
    const ost_shape *shape;
    const char *key; /* the stored name of the only member of the primary key: "_id"; NULL: it
                        has several, or none */
    ost__mongo_column *columns;       /* shape->column_count of them */
    const char *text;                 /* Extended JSON with $1, $2 for parameters */
    struct ost__mongo_layout *layout; /* of a pipeline; writing.h */
    ost__memory memory;
    void *allocation; /* that the plan lies in */
    ost__arena arena; /* of all that the plan points to */
    enum ost__mongo_way way;
    bool nothing; /* limited to no rows by a constant, or a condition that is false */
    struct ost__mongo_statement *raw; /* of a raw statement, which has no shape to speak of */
};

/* compile.c */
ost_status ost__mongo_compile(ost_backend *b, const ost_capabilities *caps, const ost_shape *shape,
                              ost_plan **out, ost_error *error);
void ost__mongo_discard(ost_backend *b, ost_plan *plan);
const char *ost__mongo_plan_text(const ost_plan *plan);
/* A plan of nothing yet; NULL: no memory. */
ost_plan *ost__mongo_plan_new(ost_backend *b, const ost_shape *shape);
/* statement.c: raw statements. */
ost_status ost__mongo_compile_raw(ost_backend *b, const ost_operation *op, ost_plan **out,
                                  uint16_t *flags, ost_error *error);
void ost__mongo_statement_free(struct ost__mongo_statement *s);

/* names.c: "_id" for the only member of a primary key, the path of one that is inside a document,
 * else the column; whether it can be a key of a document at all is checked at compile. */
const char *ost__mongo_name(const ost_table *t, const ost_field *f);

/*
 * A writer of documents for one operation: the shape's nodes with the parameters of `op`, those
 * from records with `record`. With op NULL parameters are written as "$1", "$2" (for plan_text).
 */
typedef struct ost__mongo_writer {
    const ost_plan *plan;
    const ost_table *table;
    const ost_operation *op;
    const void *record;
    bool after_group;    /* members and aggregates are looked for among the group's keys and sums */
    bool after_distinct; /* all that is looked for is among the columns */
    uint16_t item;       /* a match is written of items of so many lists within each other */
    ost_status status;   /* the first thing that went wrong */
    ost_error *error;
    bool broken;    /* documents can no longer be ended */
    size_t written; /* bytes of values so far */
} ost__mongo_writer;

/* filter.c: `where` as the plainest match, appended to `out` (an empty document matches all). */
ost_status ost__mongo_filter(ost__mongo_writer *w, const ost_node *where, bson_t *out);
/* expression.c: a node as an expression of an aggregation, under `key` of `out`. A condition gives
 * true, false or null. */
ost_status ost__mongo_expression(ost__mongo_writer *w, const ost_node *node, const char *key,
                                 bson_t *out);
/* text.c: a regular expression that finds `needle` ignoring case, as our own folding sees it. op is
 * OST_OP_HAS_TEXT, OST_OP_STARTS_WITH or OST_OP_ENDS_WITH. false: no memory. */
bool ost__mongo_pattern(uint16_t op, const char *needle, size_t size, ost__buffer *out);
/* The same of texts that are folded already: as they are. */
bool ost__mongo_exact_pattern(uint16_t op, const char *needle, size_t size, ost__buffer *out);
/* pipeline.c: the stages of a select, from $match to the last $project, as elements "0", "1", … */
ost_status ost__mongo_pipeline(ost__mongo_writer *w, bson_t *out);
/* find.c: the elements of a find command behind its name: filter, projection, sort, skip, limit.
 * *nothing: the limit is zero. */
ost_status ost__mongo_find(ost__mongo_writer *w, bson_t *out, bool *nothing);
/* What a server's message has in it where an expression of ours has failed: this, a rule ("range",
 * "min" or "max"), a colon, and the column of the member, up to a quote. */
#define OST__MONGO_RAISED "ostler:"
/* change.c: the changes of an update as operators ({$set:…}) or, where the value from before
 * decides, as a pipeline: *is_pipeline says which. `out` is the document or the array. */
ost_status ost__mongo_changes(ost__mongo_writer *w, bson_t *out, bool *is_pipeline);
/* The value of an INT64 parameter of the shape. */
int64_t ost__mongo_count_of(const ost__mongo_writer *w, uint32_t parameter);

/* ---- values (types.c, put.c, read.c) ---- */

static inline uint16_t ost__mongo_kind_of(const ost_field *f)
{
    return f->type & (uint16_t)~OST_TYPE_OPTIONAL;
}
static inline const ost_parameter *ost__mongo_parameter_of(const ost_operation *op, uint32_t number)
{
    const char *list = (const char *)op->parameters;
    return (const ost_parameter *)(const void *)(list + (size_t)number * op->parameter_size);
}

/*
 * Appends the value of parameter `p` (of `record`, if it is taken from records) in the stored form
 * of its field under `key`. *absent: it is NULL, nothing was appended. OST_RANGE, OST_VALIDATION,
 * OST_UNSUPPORTED: it has no such form (NaN, a uint64 above 2^63-1, a decimal that would be
 * rounded, U+0000 in a text); `error` names the field.
 */
ost_status ost__mongo_put(bson_t *out, const char *key, int key_size, const ost_parameter *p,
                          const void *record, bool *absent, ost_error *error);
/* The same, where the value is only compared with: what no member can hold has a place in the order
 * all the same (infinities, a uint64 above 2^63-1, a time that rounds beyond the year 9999). */
ost_status ost__mongo_put_operand(bson_t *out, const char *key, int key_size,
                                  const ost_parameter *p, const void *record, bool *absent,
                                  ost_error *error);
/* One item of a list parameter, to be compared with. */
ost_status ost__mongo_put_item(bson_t *out, const char *key, int key_size, const ost_parameter *p,
                               size_t item, ost_error *error);
/* A constant of DDL. */
ost_status ost__mongo_put_constant(bson_t *out, const char *key, const ost_value *value,
                                   const ost_field *field, ost_error *error);
/* From documents to rows: types.h. */

#endif
