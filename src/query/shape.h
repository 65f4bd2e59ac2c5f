/* SPDX-License-Identifier: MIT */
/*
 * Canonical bytes of a whole operation, and the shape that they mean. A shape is made from its
 * bytes alone, so that equal bytes are equal shapes by construction.
 *
 * The form: kind (1), wrap (1), flags (1), ddl or lock (1), model (2, 0xffff: none, of DDL
 * without a table), result's model (2, 0xffff: none),
 * then, each with a count (2) before it: columns (field of the result (2), expression), changes
 * (operator (1), field (2), then of a push its flags (1), of PULL_WHERE and UPDATE_ITEMS a
 * condition on the items, of the latter further changes with their count (2)), where, groups,
 * having, orders (descending (1), expression), and with its flag the partition; of an upsert what
 * shape_upsert.c reads. An index's number stands where the columns' count would, for DDL.
 * Parameters are in this order; limit, offset and the limit of a partition come last.
 */
#ifndef OSTLER_QUERY_SHAPE_H
#define OSTLER_QUERY_SHAPE_H

#include "query/encode.h"

enum ost__shape_flags {
    OST__SHAPE_LIMIT = 1,
    OST__SHAPE_OFFSET = 2,
    OST__SHAPE_DISTINCT = 4,
    OST__SHAPE_RECORDS = 8, /* every field of the model but hidden ones; no columns follow */
    OST__SHAPE_VALUE = 16,  /* one column into an ost__value_cell */
    OST__SHAPE_KEY = 32,    /* an insert that the database generates the key of */
    OST__SHAPE_PARTITION = 64,
    OST__SHAPE_HIDDEN = 128 /* with OST__SHAPE_RECORDS: hidden fields too */
};
/* Parameters of a push behind its items. */
enum ost__push_flags { OST__PUSH_POSITION = 1, OST__PUSH_SLICE = 2 };
enum { OST__SHAPE_HEADER = 8, OST__NO_MODEL = 0xffff };

/* A row of a query for one value. */
typedef struct ost__value_cell {
    bool present;
    ost_value value; /* `type` is not set by the row */
} ost__value_cell;

/* What the bytes were made into. */
typedef struct ost__compiled {
    ost_shape shape;
    const ost_row_program *rows; /* NULL: no rows */
    const ost__model *model;     /* NULL: of DDL without a table */
    const ost__model *result;    /* of the rows; NULL: none, or a value */
    const ost__model *images;    /* of which the rows are images; NULL: of none */
    uint16_t value_type;         /* of OST__SHAPE_VALUE: kind of ost_value */
    ost__field_set loaded; /* of records: the fields that are loaded; meaningful if `tracks` */
    bool tracks;           /* rows are records of the model with their key */
    bool mixed;            /* of `tracks`: living or soft-deleted, and the rows do not say which */
} ost__compiled;

/* Fills the header; the sections follow. */
void ost__shape_header(uint8_t *at, uint16_t kind, uint16_t wrap, uint32_t flags,
                       const ost__model *m, const ost__model *result);
/* Reads bytes[0..size), which must live as long as `out`, into nodes in `arena`. */
ost_status ost__shape_read(const ost__model_set *models, ost__arena *arena, const uint8_t *bytes,
                           size_t size, ost__compiled *out, ost_error *error);

#endif
