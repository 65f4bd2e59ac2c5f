/* SPDX-License-Identifier: MIT */
#include "pool_rig.h"

#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"

/* The pool hands the backend on without looking inside. */
static ost_backend *backend_of(rig *r)
{
    return (ost_backend *)(void *)r;
}

static void *rig_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    rig *r = context;
    (void)old_size;
    if (new_size == 0) {
        atomic_fetch_sub(&r->live, old != NULL);
        free(old);
        return NULL;
    }
    if (atomic_load(&r->fail_memory_in) > 0 && atomic_fetch_sub(&r->fail_memory_in, 1) == 1)
        return NULL;
    void *p = realloc(old, new_size);
    atomic_fetch_add(&r->live, p && !old);
    return p;
}

static int64_t machine_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t rig_monotonic(void *context)
{
    rig *r = context;
    return atomic_load(&r->own_clock) ? (int64_t)atomic_load(&r->time) : machine_now();
}

static void rig_random(void *context, void *out, size_t size)
{
    rig *r = context;
    unsigned long long value = atomic_fetch_add(&r->random, atomic_load(&r->random_step));
    memset(out, 0, size);
    memcpy(out, &value, size < sizeof value ? size : sizeof value);
}

/* Held up for as long as a test holds the gate: no deadline helps. */
static void pass_gate(rig *r)
{
    atomic_fetch_add(&r->at_gate, 1);
    pthread_mutex_lock(&r->gate);
    pthread_mutex_unlock(&r->gate);
    atomic_fetch_sub(&r->at_gate, 1);
}

static ost_status refuse(rig *r, ost_error *error)
{
    int status = atomic_load(&r->failure);
    atomic_fetch_add(&r->refused, 1);
    ost__error_set(error, status ? (ost_status)status : OST_CONNECTION, "the rig refuses");
    if (r->sql_state)
        ost__copy_text(error->sql_state, sizeof error->sql_state, r->sql_state);
    return (ost_status)error->status;
}

static ost_status rig_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                              ost_connection **out, ost_capabilities *caps, ost_error *error)
{
    rig *r = (rig *)(void *)b;
    assert_string_equal(endpoint, "rig:");
    atomic_store(&r->connect_deadline, deadline);
    pass_gate(r);
    if (atomic_load(&r->failing) > 0 && atomic_fetch_sub(&r->failing, 1) > 0)
        return refuse(r, error);
    ost_connection *c = ost__alloc_zeroed(&r->memory, sizeof(*c));
    if (!c)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
    c->rig = r;
    c->number = atomic_fetch_add(&r->connects, 1) + 1;
    caps->fingerprint = c->number;
    int open = atomic_fetch_add(&r->open, 1) + 1, most = atomic_load(&r->most_open);
    while (open > most && !atomic_compare_exchange_weak(&r->most_open, &most, open))
        ;
    *out = c;
    return OST_OK;
}

static void rig_disconnect(ost_connection *c, ost_deadline deadline)
{
    rig *r = c->rig;
    (void)deadline;
    atomic_fetch_sub(&r->open, 1);
    atomic_fetch_add(&r->closes, 1);
    if (atomic_load(&c->used))
        atomic_fetch_add(&r->collisions, 1);
    ost__free(&r->memory, c, sizeof(*c));
}

static bool rig_alive(ost_connection *c)
{
    return !atomic_load(&c->dead);
}

static void rig_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline)
{
    rig *r = c->rig;
    assert_ptr_equal(b, backend_of(r));
    assert_true(deadline > rig_now(r));
    pass_gate(r);
    c->cancelled = batch;
    atomic_fetch_add(&r->cancels, 1);
}

static ost_status rig_settle(ost_connection *c, ost_deadline deadline)
{
    rig *r = c->rig;
    atomic_fetch_add(&r->settles, 1);
    if (atomic_load(&c->owes) &&
        (c->cancelled == 0 || deadline <= rig_now(r) || atomic_load(&r->will_not_settle)))
        return OST_TIMEOUT;
    atomic_store(&c->owes, false);
    return OST_OK;
}

static enum ost_unit_state rig_unit_state(ost_connection *c)
{
    return c->unit;
}

static ost_status rig_reset(ost_connection *c, uint32_t touched, ost_deadline deadline)
{
    (void)deadline;
    assert_true(touched & OST_TOUCHED_UNIT);
    assert_false(atomic_load(&c->owes));
    atomic_fetch_add(&c->rig->resets, 1);
    c->unit = OST_UNIT_NONE;
    return OST_OK;
}

/* In the child of a fork: only counts, for the connection is the parent's. */
static void rig_abandon(ost_connection *c)
{
    atomic_fetch_add(&c->rig->abandons, 1);
    atomic_fetch_sub(&c->rig->open, 1);
}

static void rig_forked(void *context)
{
    rig *r = context;
    atomic_fetch_add(&r->forks, 1);
}

static void rig_deserted(void *context)
{
    rig *r = context;
    atomic_store(&r->deserted, true);
}

static void rig_gone(void *context)
{
    rig *r = context;
    atomic_store(&r->gone, true);
}

static void rig_event(void *context, uint16_t kind, const char *text)
{
    rig *r = context;
    assert_non_null(text);
    assert_false(atomic_load(&r->deserted));
    atomic_fetch_add(&r->events[kind & 7], 1);
}

void rig_open(rig *r, const ost_pool_options *options)
{
    memset(r, 0, sizeof(*r));
    r->platform = (ost_platform){ .struct_size = sizeof(r->platform),
                                  .context = r,
                                  .resize = rig_resize,
                                  .monotonic = rig_monotonic,
                                  .random = rig_random };
    r->memory = (ost__memory){ .resize = rig_resize, .context = r };
    r->driver = (ost_driver){ .struct_size = sizeof(r->driver),
                              .abi = OST_DRIVER_ABI,
                              .name = "rig",
                              .connect = rig_connect,
                              .close = rig_disconnect,
                              .abandon = rig_abandon,
                              .settle = rig_settle,
                              .cancel = rig_cancel,
                              .unit_state = rig_unit_state,
                              .reset = rig_reset,
                              .alive = rig_alive };
    pthread_mutex_init(&r->gate, NULL);
    ost__pool_setup setup = { .memory = &r->memory,
                              .platform = &r->platform,
                              .driver = &r->driver,
                              .backend = backend_of(r),
                              .endpoint = "rig:",
                              .connect_timeout_ms = 10000,
                              .context = r,
                              .event = rig_event,
                              .forked = rig_forked,
                              .deserted = rig_deserted,
                              .gone = rig_gone };
    ost__pool_options_complete(&setup.options, options);
    r->pool = ost__pool_open(&setup);
    assert_non_null(r->pool);
}

void rig_close(rig *r)
{
    rig_await_quiet(r);
    const ost__pool_counts counts = ost__pool_count(r->pool);
    assert_int_equal(counts.leased, 0);
    assert_int_equal(counts.waiting, 0);
    assert_int_equal(counts.open, counts.idle);
    assert_int_equal(counts.open, atomic_load(&r->open));
    ost__pool_close(r->pool, INT64_MAX);
    assert_false(atomic_load(&r->deserted));
    rig_end(r);
}

void rig_end(rig *r)
{
    assert_true(atomic_load(&r->gone));
    pthread_mutex_destroy(&r->gate);
    assert_int_equal(atomic_load(&r->open), 0);
    assert_int_equal(atomic_load(&r->connects), atomic_load(&r->closes));
    if (!atomic_load(&r->deserted)) {
        assert_int_equal(atomic_load(&r->events[OST_EVENT_CONNECT]), atomic_load(&r->connects));
        assert_int_equal(atomic_load(&r->events[OST_EVENT_DISCONNECT]), atomic_load(&r->closes));
    }
    assert_int_equal(atomic_load(&r->collisions), 0);
    assert_int_equal(atomic_load(&r->live), 0);
}

int64_t rig_now(rig *r)
{
    return rig_monotonic(r);
}

void rig_stop_clock(rig *r)
{
    atomic_store(&r->time, machine_now());
    atomic_store(&r->own_clock, true);
}

void rig_advance(rig *r, int64_t ns)
{
    atomic_fetch_add(&r->time, ns);
}

ost_status rig_lease(rig *r, ost__lease **out)
{
    ost_error error;
    return ost__pool_lease(r->pool, rig_now(r), INT64_MAX, out, &error);
}

ost_status rig_lease_within(rig *r, int64_t ns, ost__lease **out, ost_error *error)
{
    int64_t now = rig_now(r);
    return ost__pool_lease(r->pool, now, now + ns, out, error);
}

void rig_return(rig *r, ost__lease *lease)
{
    ost__pool_return(r->pool, lease, rig_now(r), true);
}

uint32_t rig_number(const ost__lease *lease)
{
    return lease->connection->number;
}

void rig_use(ost__lease *lease)
{
    ost_connection *c = lease->connection;
    if (atomic_exchange(&c->used, true))
        atomic_fetch_add(&c->rig->collisions, 1);
}

void rig_drop(ost__lease *lease)
{
    ost_connection *c = lease->connection;
    if (!atomic_exchange(&c->used, false))
        atomic_fetch_add(&c->rig->collisions, 1);
}

void rig_await_waiting(rig *r, uint32_t count)
{
    while (ost__pool_count(r->pool).waiting != count)
        sched_yield();
}

void rig_await_at_gate(rig *r, int count)
{
    while (atomic_load(&r->at_gate) != count)
        sched_yield();
}

int rig_cycles(int standard)
{
    const char *wanted = getenv("OST_POOL_CYCLES");
    long cycles = wanted ? strtol(wanted, NULL, 10) : 0;
    return cycles > 0 && cycles <= INT_MAX ? (int)cycles : standard;
}

void rig_await_quiet(rig *r)
{
    while (ost__pool_count(r->pool).busy > 0)
        sched_yield();
}

void rig_expect_counts(rig *r, uint32_t open, uint32_t idle, uint32_t waiting)
{
    rig_await_quiet(r);
    const ost__pool_counts counts = ost__pool_count(r->pool);
    assert_int_equal(counts.open, open);
    assert_int_equal(counts.idle, idle);
    assert_int_equal(counts.waiting, waiting);
    assert_int_equal(counts.leased, open - idle);
}
