/* SPDX-License-Identifier: MIT */
/*
 * One pool of clients for each db and process. Its threads watch the servers; what is connected is
 * a client taken from it, which is destroyed by whoever took it: a client that was given back would
 * keep its sockets open. The pool only counts those it ever made, which is why it may make as many
 * as it can count.
 */
#include "mongo/connection.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

enum {
    /* The threads that watch servers look twice a second whether they are to end. Closing a db does
     * not wait longer for them; one whose server does not answer ends later. */
    ENDING_MS = 700
};

/* It may outlive the db, with a thread that hangs; so it is the client library's memory. */
struct ost__mongo_topology {
    mongoc_client_pool_t *pool;
    pthread_mutex_t mutex; /* never held while the library is called */
    pthread_cond_t changed;
    uint64_t changes;
};

/* ---- the library ---- */

static void drop_log(mongoc_log_level_t level, const char *domain, const char *message,
                     void *context)
{
    (void)level, (void)domain, (void)message, (void)context;
}

/*
 * It would write to the program's output, for each connection even that it has an initiator; who
 * wants to read that sets a handler of its own after ost_open(). It is never cleaned up: the
 * program may use it too, and cannot start it again.
 */
static void start_library(void)
{
    mongoc_init();
    mongoc_log_set_handler(drop_log, NULL);
}

/* ---- the topology ---- */

static void note_change(const mongoc_apm_topology_changed_t *event)
{
    ost__mongo_topology *t = mongoc_apm_topology_changed_get_context(event);
    pthread_mutex_lock(&t->mutex);
    t->changes++;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->mutex);
}

static void topology_free(ost__mongo_topology *t)
{
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->mutex);
    bson_free(t);
}

static ost__mongo_topology *topology_new(const ost_backend *b, ost_error *error)
{
    ost__mongo_topology *t = bson_malloc0(sizeof *t);
    mongoc_apm_callbacks_t *callbacks;
    pthread_condattr_t monotonic;
    bson_error_t why;
    pthread_mutex_init(&t->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&t->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    t->pool = mongoc_client_pool_new_with_error(b->settings.uri, &why);
    if (!t->pool) {
        topology_free(t);
        ost__error_set(error, OST_MISUSE, "the client library refuses the URL's options");
        return NULL;
    }
    mongoc_client_pool_max_size(t->pool, UINT32_MAX);
    mongoc_client_pool_set_error_api(t->pool, MONGOC_ERROR_API_VERSION_2);
    callbacks = mongoc_apm_callbacks_new();
    mongoc_apm_set_topology_changed_cb(callbacks, note_change);
    mongoc_client_pool_set_apm_callbacks(t->pool, callbacks, t);
    mongoc_apm_callbacks_destroy(callbacks);
    return t;
}

/*
 * In the child of a fork nothing of the parent's is touched: its threads are not here, and any of
 * the locks may be held for ever. The first one here makes everything anew.
 */
static void enter_process(ost_backend *b)
{
    long me = (long)getpid();
    for (;;) {
        long owner = atomic_load(&b->owner);
        if (owner == me)
            return;
        if (owner == -me) {
            sched_yield();
            continue;
        }
        if (!atomic_compare_exchange_strong(&b->owner, &owner, -me))
            continue;
        pthread_mutex_init(&b->mutex, NULL);
        atomic_store(&b->topology, NULL);
        b->keys = ost__mongo_keys_new(b);
        atomic_store(&b->owner, me);
        return;
    }
}

mongoc_client_t *ost__mongo_client(ost_backend *b, ost_error *error)
{
    ost__mongo_topology *t;
    mongoc_client_t *client;
    enter_process(b);
    if (!b->keys) {
        ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
        return NULL;
    }
    pthread_mutex_lock(&b->mutex);
    t = atomic_load(&b->topology);
    if (!t) {
        t = topology_new(b, error);
        atomic_store(&b->topology, t);
    }
    pthread_mutex_unlock(&b->mutex);
    if (!t)
        return NULL;
    client = mongoc_client_pool_pop(t->pool);
    if (!client)
        ost__error_set(error, OST_NO_MEMORY, "the client library gives no client");
    return client;
}

uint64_t ost__mongo_topology_changes(const ost_backend *b)
{
    ost__mongo_topology *t = atomic_load(&b->topology);
    uint64_t changes;
    if (!t)
        return 0;
    pthread_mutex_lock(&t->mutex);
    changes = t->changes;
    pthread_mutex_unlock(&t->mutex);
    return changes;
}

void ost__mongo_await_change(ost_backend *b, uint64_t seen, ost_deadline deadline)
{
    ost__mongo_topology *t = atomic_load(&b->topology);
    struct timespec until = ost__mongo_real_time(&b->host, deadline);
    if (!t)
        return;
    pthread_mutex_lock(&t->mutex);
    if (t->changes <= seen)
        pthread_cond_timedwait(&t->changed, &t->mutex, &until);
    pthread_mutex_unlock(&t->mutex);
}

void ost__mongo_wake(ost_backend *b)
{
    ost__mongo_topology *t = atomic_load(&b->topology);
    if (!t)
        return;
    pthread_mutex_lock(&t->mutex);
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->mutex);
}

/* ---- opening and closing ---- */

ost_status ost__mongo_open(const ost_host *host, const ost_options *options, ost_backend **out,
                           ost_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const ost__memory memory = { host->resize, host->context };
    ost__mongo_settings settings;
    ost_backend *b;
    *out = NULL;
    if (host->abi != OST_DRIVER_ABI)
        return ost__error_set(error, OST_MISUSE, "the driver is for another version of Ostler");
    pthread_once(&once, start_library);
    OST_TRY(ost__mongo_settings_read(options, &memory, &settings, error));
    b = ost__alloc_zeroed(&memory, sizeof *b);
    if (!b) {
        ost__mongo_settings_free(&settings);
        return ost__error_set(error, OST_NO_MEMORY, "no memory to open a database");
    }
    b->host = *host;
    b->memory = memory;
    b->settings = settings;
    pthread_mutex_init(&b->mutex, NULL);
    atomic_init(&b->owner, (long)getpid());
    atomic_init(&b->topology, NULL);
    atomic_init(&b->plans, 0);
    b->keys = ost__mongo_keys_new(b);
    if (!b->keys) {
        ost__mongo_shut(b, INT64_MAX);
        return ost__error_set(error, OST_NO_MEMORY, "no memory to open a database");
    }
    *out = b;
    return OST_OK;
}

typedef struct ending {
    ost__mongo_aside job; /* first */
    ost__mongo_topology *topology;
} ending;

/* The sessions of the pool are forgotten, so that the library does not try to tell the servers of
 * their end, for as long as it takes: they end by themselves. */
static void end_topology(ost__mongo_aside *job)
{
    ost__mongo_topology *t = ((ending *)job)->topology;
    mongoc_client_t *client = mongoc_client_pool_pop(t->pool);
    if (client) {
        mongoc_client_reset(client);
        mongoc_client_destroy(client);
    }
    mongoc_client_pool_destroy(t->pool);
    topology_free(t);
}

static void drop_nothing(ost__mongo_aside *job)
{
    (void)job;
}

void ost__mongo_shut(ost_backend *b, ost_deadline deadline)
{
    ost__memory memory;
    ost__mongo_topology *t;
    if (!b)
        return;
    memory = b->memory;
    t = atomic_load(&b->topology);
    if (t && atomic_load(&b->owner) == (long)getpid()) {
        ending *e = bson_malloc0(sizeof *e);
        int64_t soon = b->host.now(b->host.context) + (int64_t)ENDING_MS * 1000000;
        e->job.work = end_topology;
        e->job.drop = drop_nothing;
        e->topology = t;
        if (ost__mongo_do_aside(&e->job, &b->host, soon < deadline ? soon : deadline))
            bson_free(e);
    }
    if (b->keys)
        ost__mongo_keys_free(b, b->keys);
    ost__mongo_settings_free(&b->settings);
    pthread_mutex_destroy(&b->mutex);
    ost__free(&memory, b, sizeof *b);
}
