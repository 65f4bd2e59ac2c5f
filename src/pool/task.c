/* SPDX-License-Identifier: MIT */
/*
 * What the pool's threads do: connect, close, mend. A connection keeps its place among `max` until
 * it is closed.
 */
#include "pool/inside.h"

#include <string.h>

#include "base/error.h"

enum { MEND_MS = 3000 };

static int64_t now_of(const ost__pool *pool)
{
    const ost_platform *p = pool->setup.platform;
    return p->monotonic(p->context);
}

static void report(const ost__pool *pool, uint16_t kind, const char *text)
{
    if (!atomic_load(&pool->deserted))
        pool->setup.event(pool->setup.context, kind, text);
}

/* ---- the list of all ---- */

static void enlist(ost__pool *pool, ost__lease *lease)
{
    atomic_store(&lease->further, atomic_load(&pool->all));
    atomic_store(&pool->all, lease);
}

static void strike_off(ost__pool *pool, const ost__lease *lease)
{
    _Atomic(ost__lease *) *at = &pool->all;
    while (atomic_load(at) != lease)
        at = &atomic_load(at)->further;
    atomic_store(at, atomic_load(&lease->further));
}

/* ---- closing and mending ---- */

void ost__pool_queue_task(ost__pool *pool, ost__lease *lease, bool mend)
{
    lease->mend = mend;
    lease->next = NULL;
    if (pool->last_task)
        pool->last_task->next = lease;
    else
        pool->tasks = lease;
    pool->last_task = lease;
    pool->ending++;
}

void ost__pool_add_task(ost__pool *pool, ost__lease *lease, bool mend)
{
    ost__pool_queue_task(pool, lease, mend);
    ost__workers_call(pool->workers);
}

static ost__lease *take_task(ost__pool *pool)
{
    ost__lease *lease = pool->tasks;
    if (lease) {
        pool->tasks = lease->next;
        if (!pool->tasks)
            pool->last_task = NULL;
    }
    return lease;
}

static void close_lease(ost__pool *pool, ost__lease *lease)
{
    const ost__pool_setup *s = &pool->setup;
    strike_off(pool, lease);
    pthread_mutex_unlock(&pool->mutex);
    s->driver->close(lease->connection, ost__deadline_in(s->platform, s->connect_timeout_ms));
    report(pool, OST_EVENT_DISCONNECT, "connection closed");
    ost__free(s->memory, lease, sizeof(*lease));
    pthread_mutex_lock(&pool->mutex);
    pool->open--;
}

static bool mend(const ost__pool *pool, const ost__lease *lease)
{
    const ost__pool_setup *s = &pool->setup;
    const ost_driver *d = s->driver;
    ost_connection *c = lease->connection;
    ost_deadline until = ost__deadline_in(s->platform, MEND_MS);
    d->cancel(s->backend, c, lease->batches, until);
    return d->settle(c, until) == OST_OK && d->unit_state(c) != OST_UNIT_LOST &&
           d->reset(c, OST_TOUCHED_UNIT, until) == OST_OK;
}

static void do_task(ost__pool *pool, ost__lease *lease)
{
    bool mended = false;
    if (lease->mend && !pool->closing) {
        pthread_mutex_unlock(&pool->mutex);
        mended = mend(pool, lease);
        lease->used_at = now_of(pool);
        pthread_mutex_lock(&pool->mutex);
    }
    if (mended && !pool->closing)
        ost__pool_put(pool, lease);
    else
        close_lease(pool, lease);
    pool->ending--;
}

/* ---- connecting ---- */

/* Those that serve someone, or will without a new connection. */
static uint32_t serving(const ost__pool *pool)
{
    return pool->open - pool->connecting - pool->ending;
}

bool ost__pool_wants_more(const ost__pool *pool)
{
    return pool->waiting > pool->connecting && pool->open < pool->setup.options.max &&
           !pool->closing;
}

static bool may_connect(const ost__pool *pool, int64_t now)
{
    return !ost__backoff_holds(&pool->backoff) ||
           (pool->connecting == 0 && now >= pool->backoff.until);
}

bool ost__pool_is_hopeless(const ost__pool *pool, int64_t now)
{
    uint32_t served = serving(pool);
    if (may_connect(pool, now) || served == pool->setup.options.max)
        return false;
    return !pool->backoff.full || served == 0;
}

/* Not all at once, although they were made at once: a random part, up to a tenth, is taken away. */
static int64_t lifetime(const ost__pool *pool)
{
    const ost_platform *p = pool->setup.platform;
    int64_t whole = pool->lifetime_ns;
    uint64_t random = 0;
    if (whole == INT64_MAX)
        return whole;
    p->random(p->context, &random, sizeof(random));
    return whole - (int64_t)(random % ((uint64_t)whole / 10 + 1));
}

static ost_status open_lease(const ost__pool *pool, ost__lease **out, ost_error *error)
{
    const ost__pool_setup *s = &pool->setup;
    ost__lease *lease = ost__alloc_zeroed(s->memory, sizeof(*lease));
    if (!lease) {
        ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
        return OST_NO_MEMORY;
    }
    lease->capabilities.struct_size = sizeof(lease->capabilities);
    ost_status status = s->driver->connect(s->backend, s->endpoint,
                                           ost__deadline_in(s->platform, s->connect_timeout_ms),
                                           &lease->connection, &lease->capabilities, error);
    if (status != OST_OK) {
        ost__free(s->memory, lease, sizeof(*lease));
        error->status = (uint16_t)status;
        return status;
    }
    int64_t life = lifetime(pool);
    lease->used_at = now_of(pool);
    lease->expires_at = life == INT64_MAX ? life : lease->used_at + life;
    report(pool, OST_EVENT_CONNECT, "connection opened");
    *out = lease;
    return OST_OK;
}

static void tell(ost__waiter *w, ost_status status, const ost_error *error)
{
    w->failed = status;
    if (w->error)
        memcpy(w->error, error, sizeof(*error));
    pthread_cond_signal(&w->wake);
}

/* The one that came first is told, and the next one has an attempt of its own; when there are no
 * more attempts for now, all are told. */
static void connect_failed(ost__pool *pool, int64_t began, ost_status status,
                           const ost_error *error)
{
    if (status != OST_NO_MEMORY) {
        ost__backoff_failed(&pool->backoff, began, error);
        if (pool->backoff.full && serving(pool) > 0)
            return;
    }
    ost__waiter *w = ost__pool_pop_waiter(pool);
    if (w)
        tell(w, status, error);
    while (ost__backoff_holds(&pool->backoff) && (w = ost__pool_pop_waiter(pool)))
        tell(w, status, error);
}

static void connect_one(ost__pool *pool, int64_t now)
{
    ost__lease *lease = NULL;
    ost_error error = { 0 };
    pool->open++;
    pool->connecting++;
    ost__backoff_begins(&pool->backoff, now);
    if (ost__pool_wants_more(pool) && may_connect(pool, now))
        ost__workers_call(pool->workers);
    pthread_mutex_unlock(&pool->mutex);
    ost_status status = open_lease(pool, &lease, &error);
    pthread_mutex_lock(&pool->mutex);
    pool->connecting--;
    if (status != OST_OK) {
        pool->open--;
        connect_failed(pool, now, status, &error);
        return;
    }
    ost__backoff_succeeded(&pool->backoff);
    enlist(pool, lease);
    if (pool->closing)
        close_lease(pool, lease);
    else
        ost__pool_put(pool, lease);
}

/* ---- for the threads ---- */

bool ost__pool_work(void *context)
{
    ost__pool *pool = context;
    ost__lease *lease = take_task(pool);
    if (lease) {
        do_task(pool, lease);
        return true;
    }
    if (!ost__pool_wants_more(pool))
        return false;
    int64_t now = now_of(pool);
    if (!may_connect(pool, now))
        return false;
    connect_one(pool, now);
    return true;
}

bool ost__pool_next_work(void *context, struct timespec *at)
{
    const ost__pool *pool = context;
    if (!ost__pool_wants_more(pool) || pool->connecting > 0)
        return false;
    *at = ost__pool_real_time(pool, pool->backoff.until);
    return true;
}

void ost__pool_destroy(void *context)
{
    ost__pool *pool = context;
    const ost__pool_setup s = pool->setup;
    while (pool->abandoned) {
        ost__lease *lease = pool->abandoned;
        pool->abandoned = lease->next;
        ost__free(s.memory, lease, sizeof(*lease));
    }
    ost__workers_close(pool->workers);
    ost__process_close(&pool->process);
    pthread_mutex_destroy(&pool->mutex);
    ost__free(s.memory, pool, sizeof(*pool));
    if (s.gone)
        s.gone(s.context);
}
