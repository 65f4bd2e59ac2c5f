/* SPDX-License-Identifier: MIT */
/* A part of a query in canonical form: bytes that hold its shape, and the parameters that they
 * refer to in their order. */
#ifndef OSTLER_QUERY_SECTION_H
#define OSTLER_QUERY_SECTION_H

#include "base/arena.h"
#include "ostler/operation.h"

typedef struct ost__section {
    uint8_t *bytes;
    uint32_t size, capacity;
    uint32_t items; /* conditions, keys, columns, changes */
    uint32_t parameter_count, parameter_capacity;
    ost_parameter *parameters;
} ost__section;

/* Room for `size` more bytes, counted as used; NULL: no memory. */
uint8_t *ost__section_take(ost__arena *arena, ost__section *s, uint32_t size);
/* A further parameter, zeroed; NULL: no memory. */
ost_parameter *ost__section_parameter(ost__arena *arena, ost__section *s);

/* What is in `a`, and behind it what is in `b`, which stay as they are. false: no memory. */
bool ost__section_join(ost__arena *arena, const ost__section *a, const ost__section *b,
                       ost__section *out);

static inline void ost__put_u16(uint8_t *at, uint32_t n)
{
    at[0] = (uint8_t)n;
    at[1] = (uint8_t)(n >> 8);
}
static inline uint32_t ost__get_u16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

#endif
