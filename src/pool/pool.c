/* SPDX-License-Identifier: MIT */
#include "pool/pool.h"

#include <string.h>
#include <time.h>

#include "base/error.h"
#include "pool/inside.h"

/* A thread is made anew in less time than a connection; while one is there, every call of the
 * kernel for a descriptor costs more. */
enum { NS_PER_MS = 1000000, THREADS_MAX = 64, THREAD_IDLE_MS = 250, STEP_NS = 1000000000 };

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

/* ---- life ---- */

static int64_t span(uint32_t ms)
{
    return ms == 0 || ms == OST_NO_TIMEOUT ? INT64_MAX : (int64_t)ms * NS_PER_MS;
}

ost__pool *ost__pool_open(const ost__pool_setup *setup)
{
    const ost_pool_options *o = &setup->options;
    ost__pool *pool = ost__alloc_zeroed(setup->memory, sizeof(*pool));
    if (!pool)
        return NULL;
    pool->setup = *setup;
    pool->idle_ns = span(o->idle_timeout_ms);
    pool->lifetime_ns = span(o->max_lifetime_ms);
    pool->leak_ns = span(o->leak_warning_ms);
    const ost__workers_setup workers = {
        .memory = setup->memory,
        .mutex = &pool->mutex,
        .max = o->max < THREADS_MAX ? o->max : THREADS_MAX,
        .idle_ms = THREAD_IDLE_MS,
        .context = pool,
        .work = ost__pool_work,
        .next = ost__pool_next_work,
        .last = ost__pool_destroy,
    };
    pool->workers = ost__workers_open(&workers);
    if (!pool->workers || !ost__process_open(&pool->process)) {
        ost__workers_close(pool->workers);
        ost__free(setup->memory, pool, sizeof(*pool));
        return NULL;
    }
    pthread_mutex_init(&pool->mutex, NULL);
    return pool;
}

static ost__lease *take_warm(ost__pool *pool)
{
    return atomic_exchange(&pool->warm, NULL);
}

static ost__lease *take_first_idle(ost__pool *pool)
{
    ost__lease *lease = pool->idle;
    if (lease) {
        pool->idle = lease->next;
        pool->idle_count--;
    }
    return lease ? lease : take_warm(pool);
}

/* With the lock: waits until all tasks are done. One thread does them one after the other, because
 * a database in a file is tidied up by the connection that is closed last and alone; another one
 * helps when it does not get on. */
static void finish_tasks(ost__pool *pool, ost_deadline deadline)
{
    const ost_platform *p = pool->setup.platform;
    struct timespec until;
    int64_t now = 0;
    if (pool->tasks && ost__workers_wait(pool->workers, &(struct timespec){ 0 }))
        ost__workers_call(pool->workers);
    while (pool->tasks && (now = p->monotonic(p->context)) < deadline) {
        int64_t quarter = (deadline - now) / 4;
        until = ost__pool_real_time(pool, now + (quarter < STEP_NS ? quarter : STEP_NS));
        if (ost__workers_wait(pool->workers, &until))
            return;
        if (pool->tasks)
            ost__workers_call(pool->workers);
    }
    until = ost__pool_real_time(pool, deadline);
    ost__workers_wait(pool->workers, deadline == INT64_MAX ? NULL : &until);
}

void ost__pool_close(ost__pool *pool, ost_deadline deadline)
{
    int cancel;
    if (!pool)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    ost__pool_epoch(pool);
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    ost__lease *lease;
    while ((lease = take_first_idle(pool)))
        ost__pool_queue_task(pool, lease, false);
    finish_tasks(pool, deadline);
    bool done = ost__workers_finish(pool->workers);
    if (!done) {
        atomic_store(&pool->deserted, true);
        if (pool->setup.deserted)
            pool->setup.deserted(pool->setup.context);
    }
    pthread_mutex_unlock(&pool->mutex);
    if (done)
        ost__pool_destroy(pool);
    pthread_setcancelstate(cancel, NULL);
}

/* ---- the child of a fork ---- */

const ost__process_page *ost__pool_process(const ost__pool *pool)
{
    return pool->process.page;
}

/* Only what can be read without the lock is used; the rest is made anew. The leases stay, because
 * sessions of before the fork point to them. */
static void forked(void *context)
{
    ost__pool *pool = context;
    ost__lease *lease = atomic_load(&pool->all), *further;
    for (; lease; lease = further) {
        further = atomic_load(&lease->further);
        pool->setup.driver->abandon(lease->connection);
        lease->next = pool->abandoned;
        pool->abandoned = lease;
    }
    pthread_mutex_init(&pool->mutex, NULL);
    ost__workers_forked(pool->workers);
    atomic_store(&pool->all, NULL);
    atomic_store(&pool->warm, NULL);
    atomic_store(&pool->open, 0);
    atomic_store(&pool->waiting, 0);
    pool->idle = pool->tasks = pool->last_task = NULL;
    pool->first = pool->last = NULL;
    pool->idle_count = pool->connecting = pool->ending = 0;
    ost__backoff_succeeded(&pool->backoff);
    if (pool->setup.forked)
        pool->setup.forked(pool->setup.context);
}

uint32_t ost__pool_epoch(ost__pool *pool)
{
    return ost__process_epoch(&pool->process, forked, pool);
}

/* ---- the line ---- */

ost__waiter *ost__pool_pop_waiter(ost__pool *pool)
{
    ost__waiter *w = pool->first;
    if (w) {
        pool->first = w->next;
        if (!pool->first)
            pool->last = NULL;
        pool->waiting--;
    }
    return w;
}

static void remove_waiter(ost__pool *pool, const ost__waiter *gone)
{
    ost__waiter *before = NULL, *w = pool->first;
    for (; w != gone; w = w->next)
        before = w;
    if (before)
        before->next = w->next;
    else
        pool->first = w->next;
    if (pool->last == w)
        pool->last = before;
    pool->waiting--;
}

void ost__pool_put(ost__pool *pool, ost__lease *lease)
{
    ost__waiter *w = ost__pool_pop_waiter(pool);
    if (w) {
        w->handed = lease;
        pthread_cond_signal(&w->wake);
        return;
    }
    lease->next = pool->idle;
    pool->idle = lease;
    pool->idle_count++;
}

struct timespec ost__pool_real_time(const ost__pool *pool, ost_deadline deadline)
{
    const ost_platform *p = pool->setup.platform;
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t left = deadline == INT64_MAX ? 0 : deadline - p->monotonic(p->context);
    if (left < 0)
        left = 0;
    int64_t ns = at.tv_nsec + left % 1000000000;
    at.tv_sec += (time_t)(left / 1000000000 + ns / 1000000000);
    at.tv_nsec = (long)(ns % 1000000000);
    return at;
}

static void enter_line(ost__pool *pool, ost__waiter *w)
{
    pthread_condattr_t monotonic;
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
}

/* false: the deadline passed, and nothing was handed. */
static bool wait_in_line(ost__pool *pool, ost__waiter *w, ost_deadline deadline)
{
    struct timespec until = ost__pool_real_time(pool, deadline);
    int rc = 0;
    while (!w->handed && !w->failed && rc == 0)
        rc = deadline == INT64_MAX ? pthread_cond_wait(&w->wake, &pool->mutex)
                                   : pthread_cond_timedwait(&w->wake, &pool->mutex, &until);
    if (w->handed || w->failed)
        return true;
    remove_waiter(pool, w);
    return false;
}

static ost_status too_late(const ost__pool *pool, ost_error *error)
{
    if (pool->open == pool->connecting && pool->open > 0)
        return ost__error_set(
            error, OST_TIMEOUT,
            "no connection could be made in time: the server, or whoever resolves "
            "its name, does not answer");
    if (ost__backoff_holds(&pool->backoff))
        return ost__error_set(error, OST_POOL_TIMEOUT,
                              "none of %u connections became free in time, and no other could be "
                              "made: %s",
                              pool->open, pool->backoff.error.message);
    return ost__error_set(error, OST_POOL_TIMEOUT,
                          "no connection became free in time: %u are open, %u threads wait; close "
                          "sessions sooner or raise the pool's max",
                          pool->open, pool->waiting);
}

/* Whoever has a place to connect in, or waits for one that is being made, is not counted. */
static bool is_too_long(const ost__pool *pool)
{
    const ost_pool_options *o = &pool->setup.options;
    uint32_t soon = pool->connecting + (o->max - pool->open);
    return pool->waiting >= soon && pool->waiting - soon >= o->max_waiters;
}

static ost_status take_turn(ost__pool *pool, int64_t now, ost_deadline deadline, ost__lease **out,
                            ost_error *error)
{
    ost__waiter w = { .error = error };
    if (ost__pool_is_hopeless(pool, now)) {
        if (error)
            memcpy(error, &pool->backoff.error, sizeof(*error));
        return (ost_status)pool->backoff.error.status;
    }
    if (is_too_long(pool))
        return ost__error_set(error, OST_POOL_TIMEOUT,
                              "%u threads wait for one of %u connections already", pool->waiting,
                              pool->setup.options.max);
    enter_line(pool, &w);
    ost__lease *warm = take_warm(pool);
    if (warm)
        ost__pool_put(pool, warm);
    if (ost__pool_wants_more(pool))
        ost__workers_call(pool->workers);
    bool served = wait_in_line(pool, &w, deadline);
    pthread_cond_destroy(&w.wake);
    *out = w.handed;
    return served ? w.failed : too_late(pool, error);
}

/* ---- leasing ---- */

/* Young and used not long ago: both are known without the lock. */
static bool is_fresh(const ost__pool *pool, const ost__lease *lease, int64_t now)
{
    return now <= lease->expires_at && now - lease->used_at <= pool->idle_ns;
}

/* With the lock. Being idle closes none below `min`. */
static bool is_fit(const ost__pool *pool, const ost__lease *lease, int64_t now)
{
    if (now > lease->expires_at)
        return false;
    if (now - lease->used_at > pool->idle_ns && pool->open - pool->ending > pool->setup.options.min)
        return false;
    return pool->setup.driver->alive(lease->connection);
}

/* With the lock: an idle connection that is fit to use; those that are not are closed. */
static ost__lease *take_idle(ost__pool *pool, int64_t now)
{
    ost__lease *lease;
    while ((lease = take_first_idle(pool)) && !is_fit(pool, lease, now))
        ost__pool_add_task(pool, lease, false);
    return lease;
}

/* Waiting must not end in the middle: a cancelled thread would take its connection along. */
static ost_status lease_slowly(ost__pool *pool, ost__lease *doubtful, int64_t now,
                               ost_deadline deadline, ost__lease **out, ost_error *error)
{
    int cancel;
    ost_status status = OST_OK;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&pool->mutex);
    if (doubtful && is_fit(pool, doubtful, now))
        ost__pool_put(pool, doubtful);
    else if (doubtful)
        ost__pool_add_task(pool, doubtful, false);
    *out = pool->first ? NULL : take_idle(pool, now);
    if (!*out)
        status = take_turn(pool, now, deadline, out, error);
    pthread_mutex_unlock(&pool->mutex);
    if (*out)
        (*out)->taken_at = pool->setup.platform->monotonic(pool->setup.platform->context);
    pthread_setcancelstate(cancel, NULL);
    return status;
}

OST__HOT ost_status ost__pool_lease(ost__pool *pool, int64_t now, ost_deadline deadline,
                                    ost__lease **out, ost_error *error)
{
    ost__lease *lease = NULL;
    if (ost__process_is(pool->process.page, 0))
        ost__pool_epoch(pool);
    if (pool->waiting == 0 && (lease = take_warm(pool)) && is_fresh(pool, lease, now)) {
        if (pool->setup.driver->alive(lease->connection)) {
            lease->taken_at = now;
            *out = lease;
            return OST_OK;
        }
        lease->expires_at = INT64_MIN;
    }
    uint32_t timeout_ms = pool->setup.options.acquire_timeout_ms;
    ost_deadline own =
        timeout_ms == OST_NO_TIMEOUT ? INT64_MAX : now + (int64_t)timeout_ms * NS_PER_MS;
    return lease_slowly(pool, lease, now, own < deadline ? own : deadline, out, error);
}

ost_status ost__pool_start(ost__pool *pool, ost_deadline deadline, ost_error *error)
{
    const ost_platform *p = pool->setup.platform;
    ost__lease *lease = NULL;
    int64_t now = p->monotonic(p->context);
    ost_status status = lease_slowly(pool, NULL, now, deadline, &lease, error);
    if (lease)
        ost__pool_return(pool, lease, now, true);
    return status;
}

/* ---- giving back ---- */

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
    if (now - lease->taken_at > pool->leak_ns)
        pool->setup.event(pool->setup.context, OST_EVENT_LEAK,
                          "a session held its connection longer than leak_warning_ms");
}

OST__HOT void ost__pool_return(ost__pool *pool, ost__lease *lease, int64_t now, bool usable)
{
    report_leak(pool, lease, now);
    lease->used_at = now;
    if (usable && !(lease = put_warm(pool, lease)))
        return;
    pthread_mutex_lock(&pool->mutex);
    if (usable)
        ost__pool_put(pool, lease);
    else
        ost__pool_add_task(pool, lease, false);
    pthread_mutex_unlock(&pool->mutex);
}

void ost__pool_recover(ost__pool *pool, ost__lease *lease, int64_t now)
{
    report_leak(pool, lease, now);
    pthread_mutex_lock(&pool->mutex);
    ost__pool_add_task(pool, lease, true);
    pthread_mutex_unlock(&pool->mutex);
}

ost__pool_counts ost__pool_count(ost__pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    ost__pool_counts counts = { .open = pool->open,
                                .idle = pool->idle_count + (pool->warm ? 1 : 0),
                                .waiting = pool->waiting,
                                .busy = pool->connecting + pool->ending };
    counts.leased = counts.open - counts.idle - counts.busy;
    pthread_mutex_unlock(&pool->mutex);
    return counts;
}
