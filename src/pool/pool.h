/* SPDX-License-Identifier: MIT */
/*
 * A bounded pool of connections. Waiters are served in their order; a wait ends at an absolute
 * deadline; a connection that is given back goes straight to the first waiter. Connecting, closing
 * and mending happen on threads of the pool, for client libraries may hang there.
 */
#ifndef OSTLER_POOL_POOL_H
#define OSTLER_POOL_POOL_H

#include "base/memory.h"
#include "ostler/driver.h"
#include "pool/process.h"

typedef struct ost__pool ost__pool;
typedef struct ost__lease {
    ost_connection *connection;
    ost_capabilities capabilities;
    uint64_t batches;                      /* submits so far */
    int64_t expires_at, used_at, taken_at; /* monotonic nanoseconds */
    struct ost__lease *next;               /* of the idle ones, or of those that wait for a task */
    _Atomic(struct ost__lease *) further;  /* of all the pool's */
    bool mend;                             /* as a task: recover it; else: close it */
} ost__lease;

typedef struct ost__pool_setup {
    const ost__memory *memory;    /* outlives the pool */
    const ost_platform *platform; /* completed; outlives the pool */
    const ost_driver *driver;
    ost_backend *backend;
    const char *endpoint;     /* outlives the pool */
    ost_pool_options options; /* completed: no zero where the default is another */
    uint32_t connect_timeout_ms;
    void *context; /* of the functions below */
    void (*event)(void *context, uint16_t kind, const char *text);
    /* In the child of a fork, once, when the pool has become empty there. May be NULL. */
    void (*forked)(void *context);
    /* ost__pool_close() could not wait any longer: from here on nothing is reported. May be NULL.
     */
    void (*deserted)(void *context);
    /* The pool is gone. After it was deserted: on one of its threads. May be NULL. */
    void (*gone)(void *context);
} ost__pool_setup;

typedef struct ost__pool_counts {
    uint32_t open, idle, waiting, leased;
    uint32_t busy; /* those that are connected, closed or mended at this moment */
} ost__pool_counts;

void ost__pool_options_complete(ost_pool_options *out, const ost_pool_options *given);
ost__pool *ost__pool_open(const ost__pool_setup *setup);
/* Every lease must have been given back. Waits for the pool's threads until the deadline at the
 * latest; if one of them hangs, the last one that comes back frees everything. */
void ost__pool_close(ost__pool *pool, ost_deadline deadline);
/* `now` is the platform's monotonic time, known to the caller. OST_POOL_TIMEOUT: none became free
 * until the deadline or the pool's own; OST_TIMEOUT: connecting took longer; or why no connection
 * could be made. */
ost_status ost__pool_lease(ost__pool *pool, int64_t now, ost_deadline deadline, ost__lease **out,
                           ost_error *error);
/* Makes the first connection, and keeps it. The deadline is the only one. */
ost_status ost__pool_start(ost__pool *pool, ost_deadline deadline, ost_error *error);
/* `usable` false: the connection is closed. */
void ost__pool_return(ost__pool *pool, ost__lease *lease, int64_t now, bool usable);
/* The connection owes replies: its batch is cancelled, and what is owed is read. It is closed if
 * that takes long. */
void ost__pool_recover(ost__pool *pool, ost__lease *lease, int64_t now);
ost__pool_counts ost__pool_count(ost__pool *pool);

/* Where ost__process_is() looks. */
const ost__process_page *ost__pool_process(const ost__pool *pool);
/* The epoch of this process; in the child of a fork the pool is emptied first. */
uint32_t ost__pool_epoch(ost__pool *pool);

/* A deadline `timeout_ms` from now; OST_NO_TIMEOUT: none. */
ost_deadline ost__deadline_in(const ost_platform *platform, uint32_t timeout_ms);

#endif
