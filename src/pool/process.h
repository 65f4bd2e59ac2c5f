/* SPDX-License-Identifier: MIT */
/*
 * Whether this is still the process in which something was made. A page that the kernel wipes in
 * the child of a fork says so without a system call; where there is no such page, getpid() does.
 */
#ifndef OSTLER_POOL_PROCESS_H
#define OSTLER_POOL_PROCESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In memory that a fork wipes: all zero is an epoch that nothing belongs to, and a mutex that
 * nobody holds. */
typedef struct ost__process_page {
    atomic_uint epoch; /* 0: ost__process_epoch() knows */
    pthread_mutex_t guard;
} ost__process_page;

typedef struct ost__process {
    ost__process_page *page;
    size_t page_size;
    bool wiped;         /* the kernel wipes the page */
    atomic_long pid;    /* whose the epoch is */
    atomic_uint epochs; /* 1 in the process that opened it, one more in each child of a child */
} ost__process;

/* false: no memory. */
bool ost__process_open(ost__process *p);
void ost__process_close(ost__process *p);
/* The epoch of this process. In the child of a fork `forked` is called first, once, whichever
 * thread comes first. */
uint32_t ost__process_epoch(ost__process *p, void (*forked)(void *context), void *context);

/* Whether what was made in `epoch` was made in this process; false may also mean: ask
 * ost__process_epoch(). */
static inline bool ost__process_is(const ost__process_page *page, uint32_t epoch)
{
    return atomic_load_explicit(&page->epoch, memory_order_acquire) == epoch;
}

#endif
