/* SPDX-License-Identifier: MIT */
/* What the sources of the pool share: the line of those who wait (pool.c) and what the pool's
 * threads do (task.c). */
#ifndef OSTLER_POOL_INSIDE_H
#define OSTLER_POOL_INSIDE_H

#include "pool/backoff.h"
#include "pool/pool.h"
#include "pool/worker.h"

typedef struct ost__waiter {
    struct ost__waiter *next;
    pthread_cond_t wake;
    ost__lease *handed; /* a connection, straight from who gave it back or made it */
    ost_status failed;  /* or why none could be made; *error says it */
    ost_error *error;   /* may be NULL */
} ost__waiter;

struct ost__pool {
    ost__pool_setup setup;
    int64_t idle_ns, lifetime_ns, leak_ns; /* INT64_MAX: never */
    ost__process process;
    pthread_mutex_t mutex;
    ost__workers *workers;
    ost__lease *idle; /* the one used last first */
    ost__lease *tasks, *last_task;
    ost__waiter *first, *last;
    atomic_uint open; /* connections, and connects under way */
    uint32_t idle_count, connecting;
    uint32_t ending; /* are closed or mended, or wait for that */
    atomic_uint waiting;
    ost__backoff backoff;
    bool closing;
    atomic_bool deserted;
    /* All connections, for the child of a fork, which walks here without the lock: another thread
     * may have held it. There they come to be `abandoned`. */
    _Atomic(ost__lease *) all;
    ost__lease *abandoned;
    /*
     * One idle connection outside the list and its lock: taken and put by a single exchange, so
     * that a thread that has the pool to itself never takes the lock. Whoever waits counts himself
     * in `waiting` before he looks here for the last time, and whoever puts one here looks at
     * `waiting` afterwards: one of the two sees the other.
     */
    _Atomic(ost__lease *) warm;
};

/* ---- pool.c; all with the lock ---- */

/* Takes the waiter that came first out of the line. */
ost__waiter *ost__pool_pop_waiter(ost__pool *pool);
/* To the first waiter, or to the idle ones. */
void ost__pool_put(ost__pool *pool, ost__lease *lease);
struct timespec ost__pool_real_time(const ost__pool *pool, ost_deadline deadline);

/* ---- task.c; all with the lock, except where said ---- */

/* Gives a connection to the threads: to be mended, or closed. */
void ost__pool_queue_task(ost__pool *pool, ost__lease *lease, bool mend);
/* The same, and calls one of them. */
void ost__pool_add_task(ost__pool *pool, ost__lease *lease, bool mend);
/* Another connection is wanted, now or when the server was left alone for long enough. */
bool ost__pool_wants_more(const ost__pool *pool);
/* There is no hope for who comes now: the last attempts failed, and it is too early for another. */
bool ost__pool_is_hopeless(const ost__pool *pool, int64_t now);
/* For ost__workers_setup. `last` is without the lock. */
bool ost__pool_work(void *pool);
bool ost__pool_next_work(void *pool, struct timespec *at);
void ost__pool_destroy(void *pool);

#endif
