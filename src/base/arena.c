/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#endif

#ifdef WITH_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

enum {
    ALIGN_MAX = alignof(max_align_t),
    HEADER_SIZE = (sizeof(ost__chunk) + ALIGN_MAX - 1) / ALIGN_MAX * ALIGN_MAX,
    SORTED_FIRST = 8,
    OWNERS_FIRST = 8,
    SPARE_MAX = 64 << 10,
    POISON = 0xDB,
};

/* Free space of a chunk is unaddressable under the sanitizer, so that a stale pointer is caught. */
static void hide(const void *p, size_t size)
{
#ifdef WITH_SANITIZER
    __asan_poison_memory_region(p, size);
#else
    (void)p;
    (void)size;
#endif
}

static void show(const void *p, size_t size)
{
#ifdef WITH_SANITIZER
    __asan_unpoison_memory_region(p, size);
#else
    (void)p;
    (void)size;
#endif
}

static uint8_t *first_byte(ost__chunk *c)
{
    return (uint8_t *)c + HEADER_SIZE;
}

/* Gives the bytes from `p` to the end of what is used back to the chunk. */
static void take_back(const ost__arena *a, ost__chunk *c, uint8_t *p)
{
    size_t size = (size_t)(c->next - p);
    if (a->poison && size > 0) {
        /* Alignment gaps in between were never shown. */
        show(p, size);
        memset(p, POISON, size);
    }
    hide(p, (size_t)(c->end - p));
    c->next = p;
}

/* How many chunks lie at or below the address. */
static uint32_t sorted_rank(const ost__arena *a, const void *p)
{
    uint32_t low = 0, high = a->chunk_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if ((uintptr_t)a->sorted[middle] <= (uintptr_t)p)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool chunk_holds(const ost__chunk *c, const void *p)
{
    return (uintptr_t)p - (uintptr_t)c < c->size;
}

static bool grow_sorted(ost__arena *a)
{
    if (a->chunk_count < a->sorted_capacity)
        return true;
    if (a->sorted_capacity > UINT32_MAX / 2)
        return false;
    uint32_t capacity = a->sorted_capacity ? a->sorted_capacity * 2 : SORTED_FIRST;
    size_t old_size = a->sorted_capacity * sizeof *a->sorted;
    size_t size;
    if (!ost__size_mul(capacity, sizeof *a->sorted, &size))
        return false;
    ost__chunk **sorted = ost__realloc(a->memory, a->sorted, old_size, size);
    if (sorted == NULL)
        return false;
    a->sorted = sorted;
    a->sorted_capacity = capacity;
    return true;
}

static ost__chunk *new_chunk(const ost__arena *a, size_t size)
{
    ost__chunk *c = ost__alloc(a->memory, size);
    if (c == NULL)
        return NULL;
    *c = (ost__chunk){ .size = size };
    c->next = first_byte(c);
    c->end = (uint8_t *)c + size;
    hide(c->next, (size_t)(c->end - c->next));
    return c;
}

static void free_chunk(const ost__arena *a, ost__chunk *c)
{
    if (c == NULL)
        return;
    show(c, c->size);
    ost__free(a->memory, c->owners, c->owner_capacity * sizeof *c->owners);
    ost__free(a->memory, c, c->size);
}

OST__HOT static bool add_chunk(ost__arena *a, size_t wanted)
{
    size_t size = a->first_size, needed;
    if (a->current != NULL)
        size = a->current->size < OST__CHUNK_MAX / 2 ? a->current->size * 2 : OST__CHUNK_MAX;
    if (!ost__size_add(wanted, HEADER_SIZE + ALIGN_MAX, &needed) || !grow_sorted(a))
        return false;
    if (size < needed)
        size = needed;
    ost__chunk *c = a->spare;
    if (c != NULL && c->size >= needed)
        a->spare = NULL;
    else
        c = new_chunk(a, size);
    if (c == NULL)
        return false;
    c->older = a->current;
    uint32_t rank = sorted_rank(a, c);
    memmove(a->sorted + rank + 1, a->sorted + rank, (a->chunk_count - rank) * sizeof *a->sorted);
    a->sorted[rank] = c;
    a->chunk_count++;
    a->current = c;
    return true;
}

/* The largest that was dropped is kept: a loop that comes back to the same place again and again
 * then finds room for all of a round in one chunk, which is not made anew. */
OST__HOT static void drop_newest(ost__arena *a)
{
    ost__chunk *c = a->current, *unwanted = c;
    uint32_t rank = sorted_rank(a, c);
    memmove(a->sorted + rank - 1, a->sorted + rank, (a->chunk_count - rank) * sizeof *a->sorted);
    a->chunk_count--;
    a->current = c->older;
    take_back(a, c, first_byte(c));
    c->owner_count = 0;
    if (c->size <= SPARE_MAX && (a->spare == NULL || c->size > a->spare->size)) {
        unwanted = a->spare;
        a->spare = c;
    }
    free_chunk(a, unwanted);
}

void ost__arena_init(ost__arena *a, const ost__memory *memory, size_t first_size)
{
    *a = (ost__arena){ .memory = memory, .first_size = first_size };
}

static void *take(ost__chunk *c, size_t size, size_t align)
{
    size_t gap = (size_t)(0 - (uintptr_t)c->next) & (align - 1);
    size_t space = (size_t)(c->end - c->next);
    if (gap > space || size > space - gap)
        return NULL;
    uint8_t *p = c->next + gap;
    c->next = p + size;
    show(p, size);
    return p;
}

/* Apart, so that the path that is taken millions of times saves no registers. */
OST__HOT __attribute__((noinline)) static void *take_from_new_chunk(ost__arena *a, size_t size,
                                                                    size_t align)
{
    return add_chunk(a, size) ? take(a->current, size, align) : NULL;
}

OST__HOT void *ost__arena_alloc(ost__arena *a, size_t size, size_t align)
{
    size += size == 0;
    if (a->current != NULL) {
        void *p = take(a->current, size, align);
        if (p != NULL)
            return p;
    }
    return take_from_new_chunk(a, size, align);
}

OST__HOT void *ost__arena_alloc_zeroed(ost__arena *a, size_t size, size_t align)
{
    void *p = ost__arena_alloc(a, size, align);
    if (p != NULL)
        memset(p, 0, size);
    return p;
}

bool ost__arena_reserve(ost__arena *a, size_t size)
{
    size_t needed;
    if (!ost__size_add(size, ALIGN_MAX, &needed))
        return false;
    if (a->current != NULL && (size_t)(a->current->end - a->current->next) >= needed)
        return true;
    return add_chunk(a, size);
}

char *ost__arena_text(ost__arena *a, const char *text, size_t size)
{
    if (size == SIZE_MAX)
        return NULL;
    char *copy = ost__arena_alloc(a, size + 1, 1);
    if (copy == NULL)
        return NULL;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

OST__HOT void ost__arena_trim(ost__arena *a, void *p, size_t old_size, size_t new_size)
{
    ost__chunk *c = a->current;
    uint8_t *start = p;
    if (old_size == 0)
        old_size = 1;
    if (c == NULL || new_size >= old_size || !chunk_holds(c, p) || start + old_size != c->next)
        return;
    take_back(a, c, start + new_size);
}

OST__HOT ost__chunk *ost__arena_chunk_of(const ost__arena *a, const void *p)
{
    if (a->current == NULL)
        return NULL;
    if (chunk_holds(a->current, p))
        return a->current;
    uint32_t rank = sorted_rank(a, p);
    if (rank == 0 || !chunk_holds(a->sorted[rank - 1], p))
        return NULL;
    return a->sorted[rank - 1];
}

OST__HOT bool ost__chunk_add_owner(ost__arena *a, ost__chunk *c, void *owner)
{
    if (c->owner_count == c->owner_capacity) {
        if (c->owner_capacity > UINT32_MAX / 2)
            return false;
        uint32_t capacity = c->owner_capacity ? c->owner_capacity * 2 : OWNERS_FIRST;
        size_t old_size = c->owner_capacity * sizeof *c->owners;
        size_t size;
        if (!ost__size_mul(capacity, sizeof *c->owners, &size))
            return false;
        void **owners = ost__realloc(a->memory, c->owners, old_size, size);
        if (owners == NULL)
            return false;
        c->owners = owners;
        c->owner_capacity = capacity;
    }
    c->owners[c->owner_count++] = owner;
    return true;
}

OST__HOT ost__arena_mark ost__arena_mark_now(const ost__arena *a)
{
    ost__arena_mark mark = { .chunk_count = a->chunk_count };
    if (a->current != NULL) {
        mark.owner_count = a->current->owner_count;
        mark.next = a->current->next;
    }
    return mark;
}

OST__HOT void ost__arena_release(ost__arena *a, ost__arena_mark mark)
{
    while (a->chunk_count > mark.chunk_count)
        drop_newest(a);
    ost__chunk *c = a->current;
    if (c == NULL || a->chunk_count < mark.chunk_count || mark.next >= c->next)
        return;
    take_back(a, c, mark.next);
    if (c->owner_count > mark.owner_count)
        c->owner_count = mark.owner_count;
}

OST__HOT void ost__arena_clear(ost__arena *a)
{
    while (a->chunk_count > 1)
        drop_newest(a);
    if (a->current != NULL && a->current->next != first_byte(a->current)) {
        take_back(a, a->current, first_byte(a->current));
        a->current->owner_count = 0;
    }
}

void ost__arena_finish(ost__arena *a)
{
    while (a->current != NULL)
        drop_newest(a);
    free_chunk(a, a->spare);
    a->spare = NULL;
    ost__free(a->memory, a->sorted, a->sorted_capacity * sizeof *a->sorted);
    a->sorted = NULL;
    a->sorted_capacity = 0;
}
