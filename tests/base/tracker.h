/* SPDX-License-Identifier: MIT */
/* An allocator that counts, checks every size that it is told, and fails when it is asked to. */
#ifndef OSTLER_TESTS_BASE_TRACKER_H
#define OSTLER_TESTS_BASE_TRACKER_H

#include "base/memory.h"

#include <stdalign.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { TRACKER_HEADER = alignof(max_align_t) };

typedef struct tracker {
    ost__memory memory;
    size_t live;    /* blocks */
    size_t calls;   /* allocations and resizes so far */
    size_t fail_at; /* this call fails (the first is 1), and those after it if fail_on; 0: none */
    bool fail_on;
} tracker;

static inline void *tracker_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    tracker *t = context;
    uint8_t *block = NULL;
    size_t known;
    if (old != NULL) {
        block = (uint8_t *)old - TRACKER_HEADER;
        memcpy(&known, block, sizeof known);
        assert_int_equal(known, old_size);
    } else {
        assert_int_equal(old_size, 0);
        assert_true(new_size > 0);
    }
    if (new_size == 0) {
        t->live--;
        free(block);
        return NULL;
    }
    t->calls++;
    if (t->fail_at > 0 && (t->calls == t->fail_at || (t->fail_on && t->calls > t->fail_at)))
        return NULL;
    block = realloc(block, new_size + TRACKER_HEADER);
    assert_non_null(block);
    memcpy(block, &new_size, sizeof new_size);
    t->live += old == NULL;
    return block + TRACKER_HEADER;
}

static inline void tracker_begin(tracker *t)
{
    *t = (tracker){ .memory = { tracker_resize, t } };
}

/* A small generator with a seed, so that a failure can be had again. */
static inline uint64_t tracker_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
