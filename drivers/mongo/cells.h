/* SPDX-License-Identifier: MIT */
/* One element into one member. */
#ifndef OSTLER_MONGO_CELLS_H
#define OSTLER_MONGO_CELLS_H

#include <string.h>

#include "mongo/types.h"

/* Numbers of BSON are little-endian, whatever the machine is. */
static inline uint32_t ost__mongo_get32(const uint8_t *at)
{
    uint32_t n;
    memcpy(&n, at, sizeof n);
    return BSON_UINT32_FROM_LE(n);
}
static inline uint64_t ost__mongo_get64(const uint8_t *at)
{
    uint64_t n;
    memcpy(&n, at, sizeof n);
    return BSON_UINT64_FROM_LE(n);
}
static inline int32_t ost__mongo_get_int32(const uint8_t *at)
{
    uint32_t bits = ost__mongo_get32(at);
    int32_t n;
    memcpy(&n, &bits, sizeof n);
    return n;
}
static inline int64_t ost__mongo_get_int64(const uint8_t *at)
{
    uint64_t bits = ost__mongo_get64(at);
    int64_t n;
    memcpy(&n, &bits, sizeof n);
    return n;
}

/* ---- elements ---- */

/* Whether the length of a value of this kind is that of all of it, with itself. */
static inline bool ost__mongo_counts_itself(uint8_t type)
{
    return type == BSON_TYPE_DOCUMENT || type == BSON_TYPE_ARRAY || type == BSON_TYPE_CODEWSCOPE;
}

/* Two texts behind each other; 0: they do not end. */
static inline size_t ost__mongo_size_of_regex(const uint8_t *at, size_t left)
{
    const uint8_t *first = memchr(at, '\0', left), *second;
    if (!first)
        return 0;
    second = memchr(first + 1, '\0', left - (size_t)(first + 1 - at));
    return second ? (size_t)(second + 1 - at) : 0;
}

/* Bytes of the value of this kind at `at`. *broken: there is none, or it goes beyond the end. */
static inline size_t ost__mongo_size_of_value(uint8_t type, const uint8_t *at, size_t left,
                                              bool *broken)
{
    size_t size = 0;
    switch (type) {
    case BSON_TYPE_BOOL: size = 1; break;
    case BSON_TYPE_INT32: size = 4; break;
    case BSON_TYPE_DOUBLE:
    case BSON_TYPE_DATE_TIME:
    case BSON_TYPE_TIMESTAMP:
    case BSON_TYPE_INT64: size = 8; break;
    case BSON_TYPE_OID: size = 12; break;
    case BSON_TYPE_DECIMAL128: size = 16; break;
    case BSON_TYPE_NULL:
    case BSON_TYPE_UNDEFINED:
    case BSON_TYPE_MINKEY:
    case BSON_TYPE_MAXKEY: return 0;
    case BSON_TYPE_REGEX: size = ost__mongo_size_of_regex(at, left); break;
    case BSON_TYPE_UTF8:
    case BSON_TYPE_CODE:
    case BSON_TYPE_SYMBOL:
    case BSON_TYPE_BINARY:
    case BSON_TYPE_DBPOINTER:
    case BSON_TYPE_DOCUMENT:
    case BSON_TYPE_ARRAY:
    case BSON_TYPE_CODEWSCOPE:
        if (left < 4)
            break;
        size = ost__mongo_get32(at);
        if (!ost__mongo_counts_itself(type))
            size += type == BSON_TYPE_BINARY ? 5 : type == BSON_TYPE_DBPOINTER ? 16 : 4;
        *broken = size < 5;
        break;
    default: break;
    }
    *broken = *broken || size == 0 || size > left;
    return size;
}

/* The next element; false: there is none, or *broken. */
static inline bool ost__mongo_next_element(ost__mongo_elements *e, ost__mongo_element *out,
                                           bool *broken)
{
    const uint8_t *at = e->at, *nul;
    if (at == e->end)
        return false;
    out->type = *at++;
    nul = memchr(at, '\0', (size_t)(e->end - at));
    if (!nul) {
        *broken = true;
        return false;
    }
    out->key = (const char *)at;
    out->key_size = (size_t)(nul - at);
    out->data = nul + 1;
    out->size = (uint32_t)ost__mongo_size_of_value(out->type, out->data,
                                                   (size_t)(e->end - out->data), broken);
    e->at = out->data + out->size;
    return !*broken;
}

/* ---- cells ---- */

/* `size` bytes that live as long as the rows; NULL: no memory. */
static inline uint8_t *ost__mongo_take_bytes(ost_sink *sink, size_t size)
{
    uint8_t *at = sink->bytes.next;
    if ((size_t)(sink->bytes.end - at) < size)
        return sink->refill_bytes(sink, size, 1);
    sink->bytes.next = at + size;
    return at;
}

bool ost__mongo_read_time(const ost__mongo_element *e, ost_time *out);
/* Whatever the element is: it fits the member of the step in `row`, or is OST_RANGE. `column` may
 * be NULL. OST_NO_MEMORY: the sink has the reason. OST_UNSUPPORTED: the member is a document, see
 * documents.h. */
ost_status ost__mongo_read(const ost_row_step *step, const ost__mongo_column *column,
                           const ost__mongo_element *e, ost_sink *sink, uint8_t *row);
/* sum / count of decimals. *absent: of nothing. */
ost_status ost__mongo_read_average(const ost_row_step *step, const ost__mongo_element *sum,
                                   const ost__mongo_element *count, uint8_t *row, bool *absent);

#endif
