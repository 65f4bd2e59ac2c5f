/* SPDX-License-Identifier: MIT */
/*
 * A pool over a driver that is nothing but connections: they can be counted, killed, refused and
 * held up, and each notices when two threads have it at once. The clock is the machine's or the
 * test's own. Connecting and closing happen on threads of the pool: rig_await_quiet() waits for
 * them.
 */
#ifndef OSTLER_TESTS_POOL_RIG_H
#define OSTLER_TESTS_POOL_RIG_H

#include "pool/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define MS INT64_C(1000000)

struct ost_connection {
    struct rig *rig;
    uint32_t number; /* from 1 */
    atomic_bool dead;
    atomic_bool used;   /* between rig_use() and rig_drop() */
    atomic_bool owes;   /* replies: until it was cancelled and settled */
    uint64_t cancelled; /* the batch */
    enum ost_unit_state unit;
};

typedef struct rig {
    ost_platform platform;
    ost__memory memory;
    ost_driver driver;
    ost__pool *pool;
    atomic_bool own_clock; /* the clock stands still at `time` */
    atomic_llong time;
    atomic_int live;           /* allocations */
    atomic_int fail_memory_in; /* 1: the next allocation fails; 2: the one after it; 0: none */
    atomic_int open, most_open;
    atomic_uint connects, closes, refused;
    atomic_uint events[8]; /* by kind */
    atomic_int failing;    /* so many of the next connects fail */
    atomic_int failure;    /* with this status; 0: OST_CONNECTION */
    const char *sql_state; /* and this */
    atomic_int collisions; /* two threads had one connection */
    pthread_mutex_t gate;  /* connect and cancel go through it */
    atomic_int at_gate;
    atomic_llong connect_deadline;     /* of the last connect */
    atomic_ullong random, random_step; /* what the platform gives next, and what it adds then */
    atomic_uint cancels, settles, resets, abandons;
    atomic_bool will_not_settle; /* replies stay owed */
    atomic_bool gone, deserted;
    atomic_uint forks;
} rig;

void rig_open(rig *r, const ost_pool_options *options);
/* Every connection must be back; nothing may be left over. */
void rig_close(rig *r);
/* What is left to check and to free when the pool is gone. */
void rig_end(rig *r);

int64_t rig_now(rig *r);
/* From here on the clock is the test's own. */
void rig_stop_clock(rig *r);
void rig_advance(rig *r, int64_t ns);

/* A lease with the pool's own time-out. */
ost_status rig_lease(rig *r, ost__lease **out);
/* A lease until `ns` from now at the latest. */
ost_status rig_lease_within(rig *r, int64_t ns, ost__lease **out, ost_error *error);
void rig_return(rig *r, ost__lease *lease);
uint32_t rig_number(const ost__lease *lease);
/* Notes that this thread has the connection, and that it has it no more. */
void rig_use(ost__lease *lease);
void rig_drop(ost__lease *lease);

/* Waits until so many threads wait in the pool's line, or so many connects are held up at the gate.
 */
void rig_await_waiting(rig *r, uint32_t count);
void rig_await_at_gate(rig *r, int count);
/* Waits until the pool's threads have nothing to do. */
void rig_await_quiet(rig *r);

/* How often to do what is the better for being done more often: so many times, or as the
 * environment's OST_POOL_CYCLES says. */
int rig_cycles(int standard);

#define OPTIONS(...) \
    (&(const ost_pool_options){ .struct_size = sizeof(ost_pool_options), __VA_ARGS__ })
void rig_expect_counts(rig *r, uint32_t open, uint32_t idle, uint32_t waiting);

#endif
