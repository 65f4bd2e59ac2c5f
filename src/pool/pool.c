/* SPDX-License-Identifier: MIT */
#include "pool/pool.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

typedef struct waiter {
    struct waiter *next;
    pthread_cond_t wake;
    ost__lease *handed; /* a connection, straight from who gave it back */
    bool may_connect;   /* or the right to make one */
} waiter;

struct ost__pool {
    ost__pool_setup setup;
    pthread_mutex_t mutex;
    ost__lease *idle; /* the one used last first */
    waiter *first, *last;
    atomic_uint open; /* connections and connects under way */
    uint32_t idle_count;
    atomic_uint waiting;
    /*
     * One idle connection outside the list and its lock: taken and put by a single exchange, so
     * that a thread that has the pool to itself never takes the lock. Whoever waits counts himself
     * in `waiting` before he looks here for the last time, and whoever puts one here looks at
     * `waiting` afterwards: one of the two sees the other.
     */
    _Atomic(ost__lease *) warm;
};

enum { NS_PER_MS = 1000000 };

ost_deadline ost__deadline_in(const ost_platform *platform, uint32_t timeout_ms)
{
    if (timeout_ms == OST_NO_TIMEOUT)
        return INT64_MAX;
    return platform->monotonic(platform->context) + (int64_t)timeout_ms * NS_PER_MS;
}

static uint32_t or_default(uint32_t given, uint32_t standard)
{
    return given > 0 ? given : standard;
}

void ost__pool_options_complete(ost_pool_options *out, const ost_pool_options *given)
{
    memset(out, 0, sizeof(*out));
    if (given)
        memcpy(out, given, given->struct_size < sizeof(*out) ? given->struct_size : sizeof(*out));
    out->struct_size = sizeof(*out);
    out->max = or_default(out->max, 8);
    out->max_waiters = or_default(out->max_waiters, 1024);
    out->acquire_timeout_ms = or_default(out->acquire_timeout_ms, 5000);
    out->idle_timeout_ms = or_default(out->idle_timeout_ms, 600000);
    out->max_lifetime_ms = or_default(out->max_lifetime_ms, 1800000);
    if (out->min > out->max)
        out->min = out->max;
}

ost__pool *ost__pool_open(const ost__pool_setup *setup)
{
    ost__pool *pool = ost__alloc_zeroed(setup->memory, sizeof(*pool));
    if (!pool)
        return NULL;
    pool->setup = *setup;
    atomic_init(&pool->waiting, 0);
    atomic_init(&pool->warm, NULL);
    pthread_mutex_init(&pool->mutex, NULL);
    return pool;
}

static ost__lease *take_warm(ost__pool *pool)
{
    return atomic_exchange(&pool->warm, NULL);
}

static void close_lease(ost__pool *pool, ost__lease *lease)
{
    const ost__pool_setup *s = &pool->setup;
    s->driver->close(lease->connection, ost__deadline_in(s->platform, s->connect_timeout_ms));
    s->event(s->event_context, OST_EVENT_DISCONNECT, "connection closed");
    ost__free(s->memory, lease, sizeof(*lease));
}

void ost__pool_close(ost__pool *pool)
{
    if (!pool)
        return;
    ost__lease *warm = take_warm(pool);
    if (warm)
        close_lease(pool, warm);
    while (pool->idle) {
        ost__lease *lease = pool->idle;
        pool->idle = lease->next;
        close_lease(pool, lease);
    }
    pthread_mutex_destroy(&pool->mutex);
    ost__free(pool->setup.memory, pool, sizeof(*pool));
}

static ost_status open_lease(ost__pool *pool, ost_deadline deadline, ost__lease **out,
                             ost_error *error)
{
    const ost__pool_setup *s = &pool->setup;
    ost_deadline own = ost__deadline_in(s->platform, s->connect_timeout_ms);
    ost__lease *lease = ost__alloc_zeroed(s->memory, sizeof(*lease));
    if (!lease) {
        ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
        return OST_NO_MEMORY;
    }
    lease->capabilities.struct_size = sizeof(lease->capabilities);
    ost_status status = s->driver->connect(s->backend, s->endpoint, own < deadline ? own : deadline,
                                           &lease->connection, &lease->capabilities, error);
    if (status != OST_OK) {
        ost__free(s->memory, lease, sizeof(*lease));
        return status;
    }
    lease->opened_at = lease->used_at = s->platform->monotonic(s->platform->context);
    s->event(s->event_context, OST_EVENT_CONNECT, "connection opened");
    *out = lease;
    return OST_OK;
}

/* With the lock: takes the waiter that came first out of the queue. */
static waiter *pop_waiter(ost__pool *pool)
{
    waiter *w = pool->first;
    if (w) {
        pool->first = w->next;
        if (!pool->first)
            pool->last = NULL;
        pool->waiting--;
    }
    return w;
}

static void remove_waiter(ost__pool *pool, waiter *gone)
{
    waiter *before = NULL;
    for (waiter *w = pool->first; w; before = w, w = w->next) {
        if (w != gone)
            continue;
        if (before)
            before->next = w->next;
        else
            pool->first = w->next;
        if (pool->last == w)
            pool->last = before;
        pool->waiting--;
        return;
    }
}

/* With the lock: a place became free; the first waiter may make a connection of its own. */
static void free_place(ost__pool *pool)
{
    waiter *w = pop_waiter(pool);
    if (w) {
        w->may_connect = true;
        pthread_cond_signal(&w->wake);
    } else {
        pool->open--;
    }
}

/* With the lock: the first waiter gets the connection; false: nobody waits. */
static bool hand_over(ost__pool *pool, ost__lease *lease)
{
    waiter *w = pop_waiter(pool);
    if (w) {
        w->handed = lease;
        pthread_cond_signal(&w->wake);
    }
    return w;
}

static struct timespec real_time_of(const ost__pool *pool, ost_deadline deadline)
{
    const ost_platform *p = pool->setup.platform;
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t left = deadline - p->monotonic(p->context);
    if (left < 0)
        left = 0;
    int64_t ns = at.tv_nsec + left % 1000000000;
    at.tv_sec += (time_t)(left / 1000000000 + ns / 1000000000);
    at.tv_nsec = (long)(ns % 1000000000);
    return at;
}

/* With the lock: waits for a hand-over; false: the deadline passed and nothing was handed. */
static bool wait_in_line(ost__pool *pool, waiter *w, ost_deadline deadline)
{
    struct timespec until = real_time_of(pool, deadline);
    while (!w->handed && !w->may_connect) {
        int failed = deadline == INT64_MAX ? pthread_cond_wait(&w->wake, &pool->mutex)
                                           : pthread_cond_timedwait(&w->wake, &pool->mutex, &until);
        if (failed && !w->handed && !w->may_connect) {
            remove_waiter(pool, w);
            return false;
        }
    }
    return true;
}

static ost_status take_turn(ost__pool *pool, waiter *w, ost_deadline deadline, ost_error *error)
{
    pthread_condattr_t monotonic;
    if (pool->waiting >= pool->setup.options.max_waiters)
        return ost__error_set(error, OST_POOL_TIMEOUT,
                              "%u threads wait for one of %u connections already", pool->waiting,
                              pool->setup.options.max);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pool->last)
        pool->last->next = w;
    else
        pool->first = w;
    pool->last = w;
    pool->waiting++;
    ost__lease *warm = take_warm(pool);
    if (warm)
        hand_over(pool, warm);
    bool served = wait_in_line(pool, w, deadline);
    pthread_cond_destroy(&w->wake);
    if (served)
        return OST_OK;
    return ost__error_set(error, OST_POOL_TIMEOUT,
                          "no connection became free in time: %u are open, %u threads wait; close "
                          "sessions sooner or raise the pool's max",
                          pool->open, pool->waiting);
}

/* `stale` others are about to be closed. */
static bool too_old(const ost__pool *pool, const ost__lease *lease, int64_t now, uint32_t stale)
{
    const ost_pool_options *o = &pool->setup.options;
    bool idle = now - lease->used_at > (int64_t)o->idle_timeout_ms * NS_PER_MS;
    return now - lease->opened_at > (int64_t)o->max_lifetime_ms * NS_PER_MS ||
           (idle && pool->open > o->min + stale);
}

static bool is_fit(const ost__pool *pool, const ost__lease *lease, int64_t now, uint32_t stale)
{
    return !too_old(pool, lease, now, stale) && pool->setup.driver->alive(lease->connection);
}

/* With the lock: an idle connection that is fit to use; those that are not are put on *stale, and
 * keep their places. */
static ost__lease *take_idle(ost__pool *pool, int64_t now, ost__lease **stale)
{
    for (uint32_t count = *stale ? 1 : 0;; count++) {
        ost__lease *lease = pool->idle;
        if (lease) {
            pool->idle = lease->next;
            pool->idle_count--;
        } else if (!(lease = take_warm(pool))) {
            return NULL;
        }
        if (is_fit(pool, lease, now, count))
            return lease;
        lease->next = *stale;
        *stale = lease;
    }
}

/* Only what is closed frees its place, so that there are never more than `max`. `kept` places stay
 * with the caller. */
static void close_stale(ost__pool *pool, ost__lease *stale, uint32_t kept)
{
    uint32_t places = 0;
    for (; stale; places++) {
        ost__lease *next = stale->next;
        close_lease(pool, stale);
        stale = next;
    }
    if (places <= kept)
        return;
    pthread_mutex_lock(&pool->mutex);
    for (; places > kept; places--)
        free_place(pool);
    pthread_mutex_unlock(&pool->mutex);
}

static ost_status connect_in_place(ost__pool *pool, ost_deadline deadline, ost__lease **out,
                                   ost_error *error)
{
    ost_status status = open_lease(pool, deadline, out, error);
    if (status != OST_OK) {
        pthread_mutex_lock(&pool->mutex);
        free_place(pool);
        pthread_mutex_unlock(&pool->mutex);
    }
    return status;
}

ost_status ost__pool_lease(ost__pool *pool, int64_t now, ost_deadline deadline, ost__lease **out,
                           ost_error *error)
{
    uint32_t timeout_ms = pool->setup.options.acquire_timeout_ms;
    ost_deadline own =
        timeout_ms == OST_NO_TIMEOUT ? INT64_MAX : now + (int64_t)timeout_ms * NS_PER_MS;
    ost_status status = OST_OK;
    ost__lease *lease = NULL, *stale = NULL;
    waiter w = { 0 };
    if (pool->waiting == 0 && (lease = take_warm(pool))) {
        lease->next = NULL;
        if (is_fit(pool, lease, now, 0)) {
            lease->taken_at = now;
            *out = lease;
            return OST_OK;
        }
        stale = lease;
        lease = NULL;
    }
    pthread_mutex_lock(&pool->mutex);
    if (!pool->first)
        lease = take_idle(pool, now, &stale);
    if (!lease && stale) {
        w.may_connect = true;
    } else if (!lease && !pool->first && pool->open < pool->setup.options.max) {
        pool->open++;
        w.may_connect = true;
    } else if (!lease) {
        status = take_turn(pool, &w, own < deadline ? own : deadline, error);
        lease = w.handed;
    }
    pthread_mutex_unlock(&pool->mutex);
    if (stale)
        close_stale(pool, stale, w.may_connect);
    if (status != OST_OK)
        return status;
    if (!lease)
        OST_TRY(connect_in_place(pool, deadline, &lease, error));
    lease->next = NULL;
    lease->taken_at = now;
    *out = lease;
    return OST_OK;
}

/* Puts the connection where it is found first. What was there before, or what a waiter needs, must
 * be put elsewhere. */
static ost__lease *put_warm(ost__pool *pool, ost__lease *lease)
{
    if (pool->waiting > 0)
        return lease;
    lease = atomic_exchange(&pool->warm, lease);
    return lease || pool->waiting == 0 ? lease : take_warm(pool);
}

static void report_leak(const ost__pool *pool, const ost__lease *lease, int64_t now)
{
    const ost__pool_setup *s = &pool->setup;
    int64_t limit = (int64_t)s->options.leak_warning_ms * NS_PER_MS;
    if (limit > 0 && now - lease->taken_at > limit)
        s->event(s->event_context, OST_EVENT_LEAK,
                 "a session held its connection longer than leak_warning_ms");
}

void ost__pool_return(ost__pool *pool, ost__lease *lease, int64_t now, bool usable)
{
    report_leak(pool, lease, now);
    lease->used_at = now;
    if (!usable)
        close_lease(pool, lease);
    else if (!(lease = put_warm(pool, lease)))
        return;
    pthread_mutex_lock(&pool->mutex);
    if (!usable) {
        free_place(pool);
    } else if (!hand_over(pool, lease)) {
        lease->next = pool->idle;
        pool->idle = lease;
        pool->idle_count++;
    }
    pthread_mutex_unlock(&pool->mutex);
}

ost__pool_counts ost__pool_count(ost__pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    ost__pool_counts counts = { .open = pool->open,
                                .idle = pool->idle_count + (pool->warm ? 1 : 0),
                                .waiting = pool->waiting };
    counts.leased = counts.open - counts.idle;
    pthread_mutex_unlock(&pool->mutex);
    return counts;
}
