/* SPDX-License-Identifier: MIT */
/*
 * Threads for what may block: made on demand, at most so many, ending when they were idle for some
 * time. They share the lock of whoever has the work, and know nothing of it.
 */
#ifndef OSTLER_POOL_WORKER_H
#define OSTLER_POOL_WORKER_H

#include <pthread.h>
#include <time.h>

#include "base/memory.h"

typedef struct ost__workers ost__workers;

typedef struct ost__workers_setup {
    const ost__memory *memory;
    pthread_mutex_t *mutex;
    uint32_t max; /* threads */
    uint32_t idle_ms;
    void *context;
    /* With the lock, which it gives up while it works: does one thing that is to be done. false:
     * there is none. */
    bool (*work)(void *context);
    /* With the lock: when there will be work although nobody calls, on the clock of the machine.
     * false: never. */
    bool (*next)(void *context, struct timespec *at);
    /* Without the lock, on the last thread of workers that were left alone. */
    void (*last)(void *context);
} ost__workers_setup;

ost__workers *ost__workers_open(const ost__workers_setup *setup);
/* No thread may be left: after ost__workers_finish(), or in `last`. */
void ost__workers_close(ost__workers *w);
/* With the lock: something is to be done. Where no thread can be had it is done here, and the lock
 * given up meanwhile. */
void ost__workers_call(ost__workers *w);
/* With the lock, given up meanwhile: waits until no thread is at work. NULL: for as long as it
 * takes. false: the time is over. */
bool ost__workers_wait(ost__workers *w, const struct timespec *until);
/* With the lock, given up meanwhile: ends all threads. false: some are at work; they end when they
 * come back, and the last of them calls `last`. */
bool ost__workers_finish(ost__workers *w);
/* In the child of a fork, which has none of the threads. */
void ost__workers_forked(ost__workers *w);

#endif
