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
 * be NULL. OST_NO_MEMORY: the sink has the reason. */
ost_status ost__mongo_read(const ost_row_step *step, const ost__mongo_column *column,
                           const ost__mongo_element *e, ost_sink *sink, uint8_t *row);
/* sum / count of decimals. *absent: of nothing. */
ost_status ost__mongo_read_average(const ost_row_step *step, const ost__mongo_element *sum,
                                   const ost__mongo_element *count, uint8_t *row, bool *absent);

#endif
