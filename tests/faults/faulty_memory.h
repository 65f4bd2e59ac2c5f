/* SPDX-License-Identifier: MIT */
/*
 * A platform whose memory fails on request: one allocation, or from one on. It counts what is
 * allocated and checks each size that it is told. Its clock stands still and its randomness
 * repeats, so that a round is the same each time.
 */
#ifndef OSTLER_TESTS_FAULTY_MEMORY_H
#define OSTLER_TESTS_FAULTY_MEMORY_H

#include "ostler/ostler.h"

typedef struct faulty {
    ost_platform platform;
    size_t live;    /* blocks */
    size_t calls;   /* allocations and resizes so far */
    size_t fail_at; /* this call fails (the first is 1), and those after it if `onwards`; 0: none */
    bool onwards;
    size_t injected;   /* calls that failed */
    size_t mismatches; /* sizes that were not those of the block */
    uint64_t random;
} faulty;

/* `f` must stay where it is for as long as the platform is used. */
void faulty_begin(faulty *f, size_t fail_at, bool onwards);
/* From here on nothing fails. */
void faulty_disarm(faulty *f);

#endif
