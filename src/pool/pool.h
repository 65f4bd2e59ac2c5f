/* SPDX-License-Identifier: MIT */
/*
 * A bounded pool of connections. Waiters are served in their order; a wait ends at an absolute
 * deadline; a connection that is given back goes straight to the first waiter.
 */
#ifndef OSTLER_POOL_POOL_H
#define OSTLER_POOL_POOL_H

#include <stdatomic.h>

#include "base/memory.h"
#include "ostler/driver.h"

typedef struct ost__pool ost__pool;
typedef struct ost__lease {
    ost_connection *connection;
    ost_capabilities capabilities;
    uint64_t batches;                     /* submits so far */
    int64_t opened_at, used_at, taken_at; /* monotonic nanoseconds */
    struct ost__lease *next;              /* of the idle ones */
} ost__lease;

typedef struct ost__pool_setup {
    const ost__memory *memory;
    const ost_platform *platform; /* completed; outlives the pool */
    const ost_driver *driver;
    ost_backend *backend;
    const char *endpoint;     /* outlives the pool */
    ost_pool_options options; /* completed: no zero where the default is another */
    uint32_t connect_timeout_ms;
    void (*event)(void *context, uint16_t kind, const char *text);
    void *event_context;
} ost__pool_setup;

typedef struct ost__pool_counts {
    uint32_t open, idle, waiting, leased;
} ost__pool_counts;

void ost__pool_options_complete(ost_pool_options *out, const ost_pool_options *given);
ost__pool *ost__pool_open(const ost__pool_setup *setup);
/* Every lease must have been given back. */
void ost__pool_close(ost__pool *pool);
/* `now` is the platform's monotonic time, known to the caller. OST_POOL_TIMEOUT: none became free
 * until the deadline or the pool's own; or why no connection could be made. */
ost_status ost__pool_lease(ost__pool *pool, int64_t now, ost_deadline deadline, ost__lease **out,
                           ost_error *error);
/* `usable` false: the connection is closed. */
void ost__pool_return(ost__pool *pool, ost__lease *lease, int64_t now, bool usable);
ost__pool_counts ost__pool_count(ost__pool *pool);

/* A deadline `timeout_ms` from now; OST_NO_TIMEOUT: none. */
ost_deadline ost__deadline_in(const ost_platform *platform, uint32_t timeout_ms);

#endif
