/* SPDX-License-Identifier: MIT */
/* Tuples of COPY in binary: a count of values, then each with its length before it. */
#include "postgres/wire.h"

#include "base/error.h"

/* Room for a whole tuple but for its texts, so that most are appended at once. */
enum { BLOCK = 512 };

typedef struct block {
    ost__buffer *out;
    size_t size;
    uint8_t bytes[BLOCK];
} block;

static void flush(block *b)
{
    ost__buffer_bytes(b->out, b->bytes, b->size);
    b->size = 0;
}

/* The length, and room for `size` bytes behind it: at most OST__PG_CELL_SIZE. */
static uint8_t *reserve(block *b, uint32_t size)
{
    uint8_t *at;
    if (b->size + 4 + size > BLOCK)
        flush(b);
    at = b->bytes + b->size;
    ost__pg_put32(at, size);
    b->size += 4 + size;
    return at + 4;
}

static ost_status append(block *b, const void *data, size_t size)
{
    if (size > OST__PG_MESSAGE_MAX)
        return OST_TOO_LARGE;
    if (size <= BLOCK / 2) {
        if (b->size + 4 + size > BLOCK)
            flush(b);
        ost__pg_put32(b->bytes + b->size, (uint32_t)size);
        memcpy(b->bytes + b->size + 4, data, size);
        b->size += 4 + size;
        return OST_OK;
    }
    if (b->size + 4 > BLOCK)
        flush(b);
    ost__pg_put32(b->bytes + b->size, (uint32_t)size);
    b->size += 4;
    flush(b);
    ost__buffer_bytes(b->out, data, size);
    return OST_OK;
}

static void append_null(block *b)
{
    if (b->size + 4 > BLOCK)
        flush(b);
    ost__pg_put32(b->bytes + b->size, UINT32_MAX);
    b->size += 4;
}

/* The usual members; false: append_value() knows. */
static inline bool append_quickly(block *b, const ost_parameter *p, Oid oid, const void *record,
                                  ost_status *status)
{
    const char *at, *text;
    uint64_t bits;
    double real;
    if (p->source != OST_FROM_RECORD || !record)
        return false;
    at = (const char *)record + p->offset;
    switch (p->type) {
    case OST_TYPE_BOOL:
        if (oid != OST__PG_BOOL)
            return false;
        *reserve(b, 1) = *(const bool *)at;
        return true;
    case OST_TYPE_INT32:
        if (oid != OST__PG_INT4)
            return false;
        ost__pg_put32(reserve(b, 4), (uint32_t) * (const int *)at);
        return true;
    case OST_TYPE_INT64:
        if (oid != OST__PG_INT8)
            return false;
        ost__pg_put64(reserve(b, 8), (uint64_t) * (const int64_t *)at);
        return true;
    case OST_TYPE_DOUBLE:
        real = *(const double *)at;
        if (oid != OST__PG_FLOAT8 || !(real < 0 || real > 0))
            return false;
        memcpy(&bits, &real, sizeof bits);
        ost__pg_put64(reserve(b, 8), bits);
        return true;
    case OST_TYPE_TEXT:
        text = *(const char *const *)at;
        if (oid != OST__PG_TEXT || !text)
            return false;
        *status = append(b, text, strlen(text));
        return true;
    default: return false;
    }
}

/* Its length is known once it is there. */
static ost_status append_document(block *b, const ost_field *f, Oid oid, const ost__pg_document *d)
{
    ost__buffer *out = b->out;
    size_t start;
    if (!d->at) {
        append_null(b);
        return OST_OK;
    }
    flush(b);
    start = out->size;
    ost__pg_append32(out, 0);
    OST_TRY(ost__pg_document_put(out, f, oid, d));
    if (out->size - start > OST__PG_MESSAGE_MAX)
        return OST_TOO_LARGE;
    ost__pg_put32(out->data + start, (uint32_t)(out->size - start - 4));
    return OST_OK;
}

static ost_status append_value(block *b, const ost_parameter *p, Oid oid,
                               const ost__pg_parameter *as, const void *record)
{
    uint8_t bytes[OST__PG_CELL_SIZE];
    ost__pg_cell cell = { .bytes = bytes };
    ost__pg_document document;
    if (as->document && ost__pg_document_of(p, record, as, &document))
        return append_document(b, as->field, oid, &document);
    OST_TRY(ost__pg_store_parameter(p, record, oid, as, &cell));
    if (cell.data)
        return append(b, cell.data, cell.size);
    append_null(b);
    return OST_OK;
}

/* COPY takes a value for its column's type only, where a parameter would be cast. */
static Oid column_type(const ost_shape *s, const ost_change *c, const ost__pg_parameter *as)
{
    return as->oid == OST__PG_NUMERIC && ost__pg_kind_of(c->field) == OST_TYPE_UINT64
               ? ost__pg_column_type(s->table, c->field)
               : as->oid;
}

ost_status ost__pg_copy_row(ost__buffer *out, const ost_shape *s, const ost__pg_parameter *p,
                            const ost_operation *op, const void *record, ost_error *e)
{
    size_t start = out->size;
    block b; /* not cleared: a row costs less than that would */
    b.out = out;
    if (s->change_count > INT16_MAX)
        return ost__error_set(e, OST_TOO_LARGE, "a row has %u columns", (unsigned)s->change_count);
    ost__pg_put16(b.bytes, (uint16_t)s->change_count);
    b.size = 2;
    for (uint32_t i = 0; i < s->change_count; i++) {
        const ost_change *c = &s->changes[i];
        const ost_parameter *given;
        ost_status status = OST_OK;
        Oid oid;
        if (c->op == OST_OP_SET_NULL) {
            append_null(&b);
            continue;
        }
        if (c->op != OST_OP_SET || c->parameter >= op->parameter_count)
            return ost__error_set(e, OST_MISUSE, "a change of an insert has no value");
        given = (const ost_parameter *)(const void *)((const char *)op->parameters +
                                                      (size_t)c->parameter * op->parameter_size);
        oid = column_type(s, c, &p[c->parameter]);
        if (!append_quickly(&b, given, oid, record, &status))
            status = append_value(&b, given, oid, &p[c->parameter], record);
        if (out->size - start > OST__PG_MESSAGE_MAX - 4096)
            status = OST_TOO_LARGE;
        if (status != OST_OK)
            return ost__pg_misfit(op, given, status, e);
    }
    flush(&b);
    if (out->failed)
        return ost__pg_misfit(op, op->parameters, OST_NO_MEMORY, e);
    return OST_OK;
}
