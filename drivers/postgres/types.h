/* SPDX-License-Identifier: MIT */
/* Stored forms: what a member is on PostgreSQL's binary wire, both ways. */
#ifndef OSTLER_POSTGRES_TYPES_H
#define OSTLER_POSTGRES_TYPES_H

#include <libpq-fe.h>

#include "base/buffer.h"
#include "ostler/driver.h"
#include "sql/dialect.h"

/* Types of the server, as pg_type.dat numbers them; these never change. */
enum ost__pg_oid {
    OST__PG_BOOL = 16,
    OST__PG_BYTEA = 17,
    OST__PG_NAME = 19,
    OST__PG_INT8 = 20,
    OST__PG_INT2 = 21,
    OST__PG_INT4 = 23,
    OST__PG_TEXT = 25,
    OST__PG_FLOAT4 = 700,
    OST__PG_FLOAT8 = 701,
    OST__PG_UNKNOWN = 705,
    OST__PG_BPCHAR = 1042,
    OST__PG_VARCHAR = 1043,
    OST__PG_DATE = 1082,
    OST__PG_TIMESTAMP = 1114,
    OST__PG_TIMESTAMPTZ = 1184,
    OST__PG_NUMERIC = 1700,
    OST__PG_JSON = 114,
    OST__PG_JSONB = 3802,
    OST__PG_POINT = 600,
    OST__PG_UUID = 2950,
    OST__PG_BOOL_LIST = 1000,
    OST__PG_BYTEA_LIST = 1001,
    OST__PG_INT2_LIST = 1005,
    OST__PG_INT4_LIST = 1007,
    OST__PG_INT8_LIST = 1016,
    OST__PG_TEXT_LIST = 1009,
    OST__PG_VARCHAR_LIST = 1015,
    OST__PG_FLOAT4_LIST = 1021,
    OST__PG_FLOAT8_LIST = 1022,
    OST__PG_DATE_LIST = 1182,
    OST__PG_TIMESTAMP_LIST = 1115,
    OST__PG_TIMESTAMPTZ_LIST = 1185,
    OST__PG_NUMERIC_LIST = 1231,
    OST__PG_UUID_LIST = 2951
};

/* What a parameter of a statement is: one for each parameter of the shape. */
typedef struct ost__pg_parameter {
    Oid oid;                /* for PQprepare(); never 0 */
    uint16_t role;          /* an enum ost__sql_role */
    bool document;          /* it has no cell: see ost__pg_document_of() */
    uint16_t type;          /* kind of the column, or of an item, without OST_TYPE_OPTIONAL; NONE:
                               the statement does not use it */
    uint16_t precision;     /* of a decimal */
    uint16_t scale;         /* of a decimal */
    const ost_field *field; /* decides the stored form; NULL: plain */
} ost__pg_parameter;

/* From what the writer noted; OST_UNSUPPORTED: a kind that is not stored yet. */
ost_status ost__pg_parameters(const ost__sql_use *uses, size_t use_count, ost__pg_parameter *out,
                              uint32_t parameter_count, ost_error *e);

/* The values of all parameters for one run; used again for the next. */
typedef struct ost__pg_values {
    const ost__memory *memory;
    const char **values; /* as PQsendQueryPrepared() wants them; NULL: null */
    int *lengths;
    int *formats;      /* all 1: binary */
    uint8_t *cells;    /* room for a number or an instant for each value */
    uint32_t capacity; /* of the four */
    ost__buffer bytes; /* lists and documents */
} ost__pg_values;

void ost__pg_values_init(ost__pg_values *v, const ost__memory *memory);
void ost__pg_values_finish(ost__pg_values *v);
/*
 * Values of all parameters of `op` for `record` (NULL: none), until the next call. Texts and blobs
 * are borrowed. `p` has op->parameter_count of them. OST_RANGE: a value has no form on this server;
 * OST_NO_MEMORY. The error says that nothing was sent.
 */
ost_status ost__pg_bind(ost__pg_values *v, const ost__pg_parameter *p, const ost_operation *op,
                        const void *record, ost_error *e);
/*
 * Appends a tuple of COPY … (FORMAT binary), without the header of the whole: its columns are the
 * changes of the shape, in order. What a failed call appended has to be taken back by the caller.
 */
ost_status ost__pg_copy_row(ost__buffer *out, const ost_shape *s, const ost__pg_parameter *p,
                            const ost_operation *op, const void *record, ost_error *e);
/*
 * Decodes rows [first, first + count) of a binary result into the sink's structs. A cell that does
 * not fit its member drops its row: sink->column_failed is told, and reading goes on. Anything but
 * OST_OK ends the reading: the sink wants no more (sink->status), or OST_NO_MEMORY. `*column` is
 * the first that failed (UINT16_MAX: none), `*delivered` the rows that were. `heap` is for what
 * reading documents needs for a moment.
 */
ost_status ost__pg_read(const PGresult *r, int first, int count, const ost_row_program *program,
                        const ost__memory *heap, ost_sink *sink, uint16_t *column, int *delivered);

#endif
