/* SPDX-License-Identifier: MIT */
/* Numbers into members of every kind, and where optionals keep their value. Kinds are given without
 * OST_TYPE_OPTIONAL. */
#ifndef OSTLER_BASE_SCALAR_H
#define OSTLER_BASE_SCALAR_H

#include <float.h>
#include <limits.h>
#include <math.h>

#include "ostler/operation.h"

/* Where an optional of this kind keeps its value. */
uint32_t ost__value_offset(uint16_t type);

/* What a list of any kind looks like; see OST_LIST(). */
typedef struct ost__list {
    const void *items;
    size_t count;
} ost__list;
static inline ost__list ost__list_at(const void *member)
{
    return *(const ost__list *)member;
}
/* Bytes from one item of a list to the next; 0: no kind that an item can have. */
size_t ost__item_size(const ost_field *list);
/* Such a list as if each item were a record with one member. */
ost_field ost__item_field(const ost_field *list);

/* Everything that 64 bits can hold, with a sign or without. */
typedef struct ost__whole {
    uint64_t magnitude;
    bool negative;
} ost__whole;

static inline ost__whole ost__whole_of(int64_t n)
{
    return (ost__whole){ n < 0 ? (uint64_t)0 - (uint64_t)n : (uint64_t)n, n < 0 };
}
/* Into an integer at `at`; OST_RANGE: it does not fit. */
ost_status ost__store_whole(uint16_t type, ost__whole n, void *at);

/* The name of an enumeration's value; NULL: it has none. */
const char *ost__name_of(const ost_field *f, int64_t value);
/* The value of this name into an integer at `at`; OST_RANGE: there is none, or it does not fit. */
ost_status ost__store_named(const ost_field *f, uint16_t type, const void *name, size_t size,
                            void *at);

/* What an integer of a kind can hold, up to 2^63-1. */
typedef struct ost__bounds {
    int64_t least, most;
} ost__bounds;

static inline ost__bounds ost__bounds_of(uint16_t type)
{
    static const ost__bounds all[] = {
        [OST_TYPE_INT8] = { SCHAR_MIN, SCHAR_MAX },   [OST_TYPE_INT16] = { SHRT_MIN, SHRT_MAX },
        [OST_TYPE_INT32] = { INT_MIN, INT_MAX },      [OST_TYPE_INT64] = { INT64_MIN, INT64_MAX },
        [OST_TYPE_UINT8] = { 0, UCHAR_MAX },          [OST_TYPE_UINT16] = { 0, USHRT_MAX },
        [OST_TYPE_UINT32] = { 0, (int64_t)UINT_MAX }, [OST_TYPE_UINT64] = { 0, INT64_MAX },
    };
    return all[type];
}

/* The same as ost__store_whole() where no value is above 2^63-1. */
static inline ost_status ost__store_int64(uint16_t type, int64_t n, void *at)
{
    ost__bounds b = ost__bounds_of(type);
    if (n < b.least || n > b.most)
        return OST_RANGE;
    switch (type) {
    case OST_TYPE_INT8: *(signed char *)at = (signed char)n; break;
    case OST_TYPE_INT16: *(short *)at = (short)n; break;
    case OST_TYPE_INT32: *(int *)at = (int)n; break;
    case OST_TYPE_UINT8: *(unsigned char *)at = (unsigned char)n; break;
    case OST_TYPE_UINT16: *(unsigned short *)at = (unsigned short)n; break;
    case OST_TYPE_UINT32: *(unsigned *)at = (unsigned)n; break;
    default: *(int64_t *)at = n; break; /* a uint64_t has the same bytes */
    }
    return OST_OK;
}

/* Into a float or a double; OST_RANGE: a finite number that a float cannot hold. */
static inline ost_status ost__store_real(uint16_t type, double x, void *at)
{
    if (type == OST_TYPE_DOUBLE) {
        *(double *)at = x;
        return OST_OK;
    }
    if (isfinite(x) && fabs(x) > (double)FLT_MAX)
        return OST_RANGE;
    *(float *)at = (float)x;
    return OST_OK;
}

#endif
