/* SPDX-License-Identifier: MIT */
/* A bump allocator over chunks. Chunks can be found by an address inside them, and each carries a
 * vector of "owners" (the session's batches of records) in the order of their addresses. */
#ifndef OSTLER_BASE_ARENA_H
#define OSTLER_BASE_ARENA_H

#include "base/memory.h"

typedef struct ost__chunk {
    struct ost__chunk *older; /* NULL: the first */
    uint8_t *next, *end;      /* free space */
    size_t size;              /* of the allocation */
    void **owners;            /* by ascending address */
    uint32_t owner_count, owner_capacity;
} ost__chunk;

typedef struct ost__arena {
    const ost__memory *memory;
    ost__chunk *current; /* newest; NULL: empty */
    ost__chunk *spare;   /* for what comes next; NULL: none */
    ost__chunk **sorted; /* by address */
    uint32_t chunk_count, sorted_capacity;
    size_t first_size; /* of the first chunk */
    bool poison;       /* freed memory is overwritten */
} ost__arena;

typedef struct ost__arena_mark {
    uint32_t chunk_count;
    uint32_t owner_count;
    uint8_t *next;
} ost__arena_mark;

enum { OST__CHUNK_MAX = 1 << 20 };

void ost__arena_init(ost__arena *a, const ost__memory *memory, size_t first_size);
/* Not zeroed; NULL: no memory. `align` is a power of two up to alignof(max_align_t). */
void *ost__arena_alloc(ost__arena *a, size_t size, size_t align);
void *ost__arena_alloc_zeroed(ost__arena *a, size_t size, size_t align);
/* Makes sure that `size` bytes can be taken from the current chunk without a new one. */
bool ost__arena_reserve(ost__arena *a, size_t size);
/* Copies `size` bytes and adds a NUL. */
char *ost__arena_text(ost__arena *a, const char *text, size_t size);
/* Gives back the end of the newest allocation, or nothing if something was allocated since. */
void ost__arena_trim(ost__arena *a, void *p, size_t old_size, size_t new_size);
/* The chunk that holds `p`, or NULL. */
ost__chunk *ost__arena_chunk_of(const ost__arena *a, const void *p);
/* Adds an owner to the chunk; owners must be added in the order of their addresses. */
bool ost__chunk_add_owner(ost__arena *a, ost__chunk *c, void *owner);
ost__arena_mark ost__arena_mark_now(const ost__arena *a);
/* Frees everything allocated since the mark. One chunk of moderate size stays at hand. */
void ost__arena_release(ost__arena *a, ost__arena_mark mark);
/* Frees everything, but keeps the first chunk for what comes, and one of moderate size. */
void ost__arena_clear(ost__arena *a);
void ost__arena_finish(ost__arena *a);

#endif
