/* SPDX-License-Identifier: MIT */
/* Allocation. Every allocation of our code goes through one resize function; memory.c holds the
 * only malloc. */
#ifndef OSTLER_BASE_MEMORY_H
#define OSTLER_BASE_MEMORY_H

#include <stdalign.h>
#include <stddef.h>

#include "ostler/db.h"

/* Runs in every call of the everyday ones. While a server works, the caches of a processor that it
 * shares forget our code; functions that lie side by side come back by fewer pages and lines. */
#if defined(__GNUC__)
#define OST__HOT __attribute__((hot))
#else
#define OST__HOT
#endif

typedef struct ost__memory {
    void *(*resize)(void *context, void *old, size_t old_size, size_t new_size);
    void *context;
} ost__memory;

/* Fills every slot of `out`: from `given` where it has one (it may be NULL or shorter), else the
 * machine's own. */
void ost__platform_complete(ost_platform *out, const ost_platform *given);

/* Not zeroed; NULL: no memory. Size 0 gives a distinct pointer of size 1's kind. Free with the same
 * size. */
void *ost__alloc(const ost__memory *m, size_t size);
void *ost__alloc_zeroed(const ost__memory *m, size_t size);
void *ost__realloc(const ost__memory *m, void *old, size_t old_size, size_t new_size);
void ost__free(const ost__memory *m, void *p, size_t size); /* p may be NULL */

/* false on overflow. */
bool ost__size_add(size_t a, size_t b, size_t *out);
bool ost__size_mul(size_t a, size_t b, size_t *out);
/* `size` in whole units of the strictest alignment; it is no larger than SIZE_MAX - that. */
static inline size_t ost__size_aligned(size_t size)
{
    const size_t align = alignof(max_align_t);
    return (size + align - 1) / align * align;
}

#endif
