/* SPDX-License-Identifier: MIT */
/* The binary forms of single values, which types.h puts together. */
#ifndef OSTLER_POSTGRES_WIRE_H
#define OSTLER_POSTGRES_WIRE_H

#include <string.h>

#include "postgres/types.h"

/* The server counts from 2000-01-01. */
#define OST__PG_EPOCH_MICROSECONDS INT64_C(946684800000000)
enum { OST__PG_EPOCH_DAYS = 10957 };

/* A server closes the connection on a message that is larger. */
#define OST__PG_MESSAGE_MAX ((size_t)0x3FFFFFFF)

static inline void ost__pg_put16(void *out, uint16_t n)
{
    uint8_t *p = out;
    p[0] = (uint8_t)(n >> 8);
    p[1] = (uint8_t)n;
}
static inline void ost__pg_put32(void *out, uint32_t n)
{
    uint8_t *p = out;
    p[0] = (uint8_t)(n >> 24);
    p[1] = (uint8_t)(n >> 16);
    p[2] = (uint8_t)(n >> 8);
    p[3] = (uint8_t)n;
}
static inline void ost__pg_put64(void *out, uint64_t n)
{
    uint8_t *p = out;
    p[0] = (uint8_t)(n >> 56);
    p[1] = (uint8_t)(n >> 48);
    p[2] = (uint8_t)(n >> 40);
    p[3] = (uint8_t)(n >> 32);
    p[4] = (uint8_t)(n >> 24);
    p[5] = (uint8_t)(n >> 16);
    p[6] = (uint8_t)(n >> 8);
    p[7] = (uint8_t)n;
}
static inline uint16_t ost__pg_get16(const void *at)
{
    const uint8_t *p = at;
    return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t ost__pg_get32(const void *at)
{
    const uint8_t *p = at;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t ost__pg_get64(const void *at)
{
    const uint8_t *p = at;
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
           (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
           (uint64_t)p[6] << 8 | p[7];
}

static inline uint16_t ost__pg_kind_of(const ost_field *f)
{
    return f->type & (uint16_t)~OST_TYPE_OPTIONAL;
}
static inline bool ost__pg_is_enumeration(const ost_field *f)
{
    uint16_t kind = ost__pg_kind_of(f);
    return f->values && kind >= OST_TYPE_INT8 && kind <= OST_TYPE_UINT64;
}

/* What the binary form of jsonb begins with; its text follows. */
enum { OST__PG_JSONB_VERSION = 1 };

/* A number of at most 38 digits in the server's base of 10,000. */
enum { OST__PG_NUMERIC_MAX = 8 + 2 * 20 };

/* Writes a decimal with all digits of its scale; returns the size. It must be one that
 * ost__decimal_rescale() accepts. */
size_t ost__pg_numeric_put(ost_decimal d, uint8_t out[OST__PG_NUMERIC_MAX]);
/* Reads one, at the scale that it is shown with. false: NaN, an infinity, more than 38 digits, or
 * bytes that are no number. */
bool ost__pg_numeric_get(const uint8_t *bytes, size_t size, ost_decimal *out);

/* One value in binary. Texts and blobs are borrowed, or in `bytes`. */
enum { OST__PG_CELL_SIZE = OST__PG_NUMERIC_MAX };
typedef struct ost__pg_cell {
    const void *data; /* NULL: null */
    size_t size;
    uint8_t *bytes; /* OST__PG_CELL_SIZE of them, the caller's */
} ost__pg_cell;

/* The type of the column of a field, or of a value of kind `type` without a field; 0: it cannot be
 * stored yet. */
Oid ost__pg_type_of(uint16_t type, const ost_field *field);
/* The same for the field's column in this table: what refers to a generated key is of its type. */
Oid ost__pg_column_type(const ost_table *table, const ost_field *field);
/* The list type that items are compared with; 0: there is none. */
Oid ost__pg_list_of(Oid item);
/* The type of a column of lists of this item; 0: there is none. */
Oid ost__pg_array_of(Oid item);
/* The item type of a list; 0: it is none. */
Oid ost__pg_item_of(Oid list);
/*
 * The C value of kind `type` at `at` as a value of the server's type `oid`. `size` is that of a
 * char array. OST_RANGE: it has no such form; OST_UNSUPPORTED: a kind that is not stored yet.
 */
ost_status ost__pg_store(uint16_t type, const void *at, uint32_t size, Oid oid,
                         const ost_field *field, ost__pg_cell *out);
/*
 * The value of a parameter that is no list, for a record (NULL: none), for a parameter of type
 * `oid`. As ost__pg_store().
 */
ost_status ost__pg_store_parameter(const ost_parameter *p, const void *record, Oid oid,
                                   const ost__pg_parameter *as, ost__pg_cell *out);
/* A C value that has no cell: of kind JSON, POINT, EMBEDDED or LIST, or of any kind that goes into
 * a document. */
typedef struct ost__pg_document {
    const void *at; /* NULL: null */
    uint16_t type;  /* without OST_TYPE_OPTIONAL */
} ost__pg_document;
/* Where the document of a parameter is; false: it is none. */
bool ost__pg_document_of(const ost_parameter *p, const void *record, const ost__pg_parameter *as,
                         ost__pg_document *out);
/* Appends one that is not null as a value of the server's type `oid`. */
ost_status ost__pg_document_put(ost__buffer *out, const ost_field *field, Oid oid,
                                const ost__pg_document *document);
/* A value with its length before it, as it stands in lists and in tuples of COPY. */
ost_status ost__pg_put_cell(ost__buffer *out, const ost__pg_cell *cell);
void ost__pg_append32(ost__buffer *out, uint32_t n);
/* Says which member it was. Returns `status`. */
ost_status ost__pg_misfit(const ost_operation *op, const ost_parameter *p, ost_status status,
                          ost_error *e);

/* Reads one cell into its member, whatever both are. OST_RANGE: it does not fit; OST_NO_MEMORY: the
 * sink gave none, or `heap`. */
ost_status ost__pg_load(const PGresult *result, int row, const ost_row_step *s,
                        const ost__memory *heap, ost_sink *sink, void *member);

/* `size` bytes that live as long as the rows; NULL: no memory. */
static inline uint8_t *ost__pg_take_bytes(ost_sink *sink, size_t size)
{
    uint8_t *at = sink->bytes.next;
    if ((size_t)(sink->bytes.end - at) < size)
        return sink->refill_bytes(sink, size, 1);
    sink->bytes.next = at + size;
    return at;
}

#endif
