/* SPDX-License-Identifier: MIT */
#include "session/db.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/error.h"
#include "base/url.h"

enum {
    CONNECT_TIMEOUT_MS = 10000,
    STATEMENT_TIMEOUT_MS = 30000,
    DRIVERS_MAX = 64,
    REDACTED_SIZE = 200,
    OPEN_SLACK_NS = 50000000,
    NS_PER_MS = 1000000,
    WAIT_MAX_MS = 60000
};

void ost__db_event(ost_db *db, const ost_event *event)
{
    if (!db->on_event)
        return;
    pthread_rwlock_rdlock(&db->hearing);
    void (*hear)(const ost_event *, void *) = db->on_event;
    if (hear)
        hear(event, db->event_context);
    pthread_rwlock_unlock(&db->hearing);
}

/* ---- the host table: what a driver gets from the core ---- */

static void *host_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    const ost_db *db = context;
    return db->memory.resize(db->memory.context, old, old_size, new_size);
}

OST__HOT static int64_t host_now(void *context)
{
    const ost_db *db = context;
    return db->platform.monotonic(db->platform.context);
}

static void host_random(void *context, void *out, size_t size)
{
    const ost_db *db = context;
    db->platform.random(db->platform.context, out, size);
}

/* What was waited in real time has passed, whatever a clock of the program's own says. */
static int host_wait(void *context, ost_connection *c, int fd, int events, ost_deadline deadline)
{
    struct pollfd item = { .fd = fd, .events = (short)events };
    (void)c;
    for (;;) {
        int64_t left = deadline == INT64_MAX ? INT64_MAX : deadline - host_now(context);
        if (left <= 0)
            return 0;
        int64_t left_ms = (left - 1) / NS_PER_MS + 1;
        bool at_once = left_ms <= WAIT_MAX_MS;
        int ready = poll(&item, fd < 0 ? 0 : 1, at_once ? (int)left_ms : WAIT_MAX_MS);
        if (ready > 0)
            return item.revents;
        if (ready == 0 && at_once)
            return 0;
        if (ready < 0 && errno != EINTR)
            return POLLERR;
    }
}

static void host_event(void *context, uint16_t kind, const char *text)
{
    ost_event event = {
        .struct_size = sizeof(event), .kind = kind, .model = "", .text = text, .rows = -1
    };
    ost__db_event(context, &event);
}

/* ---- the end, and the child of a fork ---- */

/* The pool is gone, or was never there. If one of its threads hung this is done by that thread. */
static void finish(void *context)
{
    ost_db *db = context;
    const ost__memory memory = db->memory;
    ost__plans_close(db->plans);
    if (db->backend)
        db->driver.shut(db->backend, ost__deadline_in(&db->platform, db->connect_timeout_ms));
    if (db->models)
        ost__model_set_close(db->models);
    if (db->identity)
        ost__identity_close(&db->memory, db->identity);
    ost__free(&memory, db->url, db->url_size);
    pthread_rwlock_destroy(&db->hearing);
    ost__free(&memory, db, sizeof(*db));
}

/* ost_close() returns while a thread still hangs: what listens to events may be gone by the time
 * that it comes back. If it is listening just now, it ends first. */
static void deserted(void *context)
{
    ost_db *db = context;
    atomic_store(&db->on_event, 0);
    pthread_rwlock_wrlock(&db->hearing);
    pthread_rwlock_unlock(&db->hearing);
}

/* Another thread of the parent may have held any of the locks. */
static void forked(void *context)
{
    ost_db *db = context;
    pthread_rwlock_init(&db->hearing, NULL);
    ost__plans_forked(db->plans);
    ost__model_set_forked(db->models);
    ost__identity_forked(db->identity);
}

/* ---- opening ---- */

static ost_status read_options(const ost_options *given, ost_options *out, ost_error *error)
{
    memset(out, 0, sizeof(*out));
    if (!given)
        return ost__error_set(error, OST_MISUSE, "ost_open needs options; write OST_OPTIONS(…)");
    if (given->struct_size == 0)
        return ost__error_set(error, OST_MISUSE,
                              "the options' struct_size is 0; write them with OST_OPTIONS(…)");
    memcpy(out, given, given->struct_size < sizeof(*out) ? given->struct_size : sizeof(*out));
    if (!out->url || out->url[0] == '\0')
        return ost__error_set(error, OST_MISUSE,
                              "the options have no url; use one such as sqlite:file.db");
    if (!out->drivers || !out->drivers[0])
        return ost__error_set(error, OST_MISUSE,
                              "the options have no drivers; add .drivers = "
                              "OST_DRIVERS(ost_driver_sqlite())");
    if (!out->models || !out->models[0])
        return ost__error_set(error, OST_MISUSE,
                              "the options have no models; add .models = OST_MODELS(&…_model)");
    if (out->pool && out->pool->struct_size == 0)
        return ost__error_set(
            error, OST_MISUSE,
            "the pool options' struct_size is 0; set it to sizeof(ost_pool_options)");
    if (out->platform && out->platform->struct_size == 0)
        return ost__error_set(error, OST_MISUSE,
                              "the platform's struct_size is 0; set it to sizeof(ost_platform)");
    if (out->replica_urls && out->replica_urls[0])
        return ost__error_set(error, OST_UNSUPPORTED, "replicas are not built yet");
    if (out->cache)
        return ost__error_set(error, OST_UNSUPPORTED, "caches are not built yet");
    return OST_OK;
}

static ost_status choose_driver(const ost_options *options, ost_driver *out, ost_error *error)
{
    char known[REDACTED_SIZE] = "", redacted[REDACTED_SIZE];
    for (size_t i = 0; i < DRIVERS_MAX && options->drivers[i]; i++) {
        ost_driver driver;
        OST_TRY(ost__driver_complete(&driver, options->drivers[i], error));
        for (size_t k = 0; driver.schemes[k]; k++) {
            size_t used = strlen(known);
            if (ost__url_has_scheme(options->url, driver.schemes[k])) {
                *out = driver;
                return OST_OK;
            }
            ost__print(known + used, sizeof(known) - used, "%s%s:", used > 0 ? ", " : "",
                       driver.schemes[k]);
        }
    }
    ost__url_redact(options->url, redacted, sizeof(redacted));
    return ost__error_set(error, OST_MISUSE,
                          "no driver given knows the url %s; a url begins with its scheme, and "
                          "those given know %s",
                          redacted, known);
}

static ost_status open_parts(ost_db *db, const ost_options *o, ost_error *error)
{
    ost__hash_key key;
    ost__pool_setup setup = { .memory = &db->memory,
                              .platform = &db->platform,
                              .driver = &db->driver,
                              .connect_timeout_ms = db->connect_timeout_ms,
                              .context = db,
                              .event = host_event,
                              .forked = forked,
                              .deserted = deserted,
                              .gone = finish };
    OST_TRY(choose_driver(o, &db->driver, error));
    OST_TRY(ost__model_set_open(&db->memory, o->models, &db->models, error));
    db->url_size = strlen(o->url) + 1;
    db->url = ost__alloc(&db->memory, db->url_size);
    db->identity = ost__identity_open(&db->memory, &db->platform);
    if (!db->url || !db->identity)
        return ost__error_set(error, OST_NO_MEMORY, "no memory to open a database");
    memcpy(db->url, o->url, db->url_size);
    OST_TRY(db->driver.open(&db->host, o, &db->backend, error));
    host_random(db, &key, sizeof(key));
    db->plans = ost__plans_open(&db->memory, &db->driver, db->backend, db->models, key);
    setup.backend = db->backend;
    setup.endpoint = db->url;
    ost__pool_options_complete(&setup.options, o->pool);
    db->pool = db->plans ? ost__pool_open(&setup) : NULL;
    if (!db->pool)
        return ost__error_set(error, OST_NO_MEMORY, "no memory to open a database");
    db->process = ost__pool_process(db->pool);
    return OST_OK;
}

static void destroy(ost_db *db, ost_deadline deadline)
{
    if (db->pool)
        ost__pool_close(db->pool, deadline);
    else
        finish(db);
}

static ost_deadline connect_deadline(const ost_db *db)
{
    return ost__deadline_in(&db->platform, db->connect_timeout_ms);
}

/* What the models need that only a connection can tell. */
static ost_status check_models(ost_db *db, ost_deadline deadline, ost_error *error)
{
    ost__lease *lease;
    int64_t now = host_now(db);
    OST_TRY(ost__pool_lease(db->pool, now, deadline, &lease, error));
    const ost_capabilities *caps = &lease->capabilities;
    ost_status status =
        ost__model_set_check_names(db->models, caps->max_identifier, caps->server_name, error);
    if (status == OST_OK && !(caps->abilities >> OST_CAN_SCHEMAS & 1))
        status = ost__model_set_refuse_schemas(db->models, caps->server_name, error);
    ost__pool_return(db->pool, lease, now, true);
    return status;
}

ost_status ost_open(const ost_options *options, ost_db **out, ost_error *error)
{
    ost_options o;
    ost_platform platform;
    ost_error unwanted;
    if (!error)
        error = &unwanted;
    if (!out)
        return ost__error_set(error, OST_MISUSE, "ost_open needs a place for the database");
    *out = NULL;
    OST_TRY(read_options(options, &o, error));
    ost__platform_complete(&platform, o.platform);
    const ost__memory memory = { .resize = platform.resize, .context = platform.context };
    ost_db *db = ost__alloc_zeroed(&memory, sizeof(*db));
    if (!db)
        return ost__error_set(error, OST_NO_MEMORY, "no memory to open a database");
    db->memory = memory;
    db->platform = platform;
    db->host = (ost_host){ .struct_size = sizeof(ost_host),
                           .abi = OST_DRIVER_ABI,
                           .context = db,
                           .resize = host_resize,
                           .now = host_now,
                           .random = host_random,
                           .wait = host_wait,
                           .event = host_event };
    pthread_rwlock_init(&db->hearing, NULL);
    db->on_event = o.on_event;
    db->event_context = o.context;
    db->slow_query_ms = o.slow_query_ms;
    db->connect_timeout_ms = o.connect_timeout_ms > 0 ? o.connect_timeout_ms : CONNECT_TIMEOUT_MS;
    db->statement_timeout_ms =
        o.statement_timeout_ms > 0 ? o.statement_timeout_ms : STATEMENT_TIMEOUT_MS;
    atomic_init(&db->users, 1);
    atomic_init(&db->closed, false);
    ost_status status = ost__password_options(o.passwords, &db->passwords, error);
    if (status == OST_OK)
        status = open_parts(db, &o, error);
    ost_deadline deadline = connect_deadline(db);
    /* The driver, which says why, has the same time from a moment later. */
    if (deadline < INT64_MAX - OPEN_SLACK_NS)
        deadline += OPEN_SLACK_NS;
    if (status == OST_OK)
        status = ost__pool_start(db->pool, deadline, error);
    if (status == OST_OK)
        status = check_models(db, deadline, error);
    if (status != OST_OK) {
        destroy(db, deadline);
        return status;
    }
    *out = db;
    return OST_OK;
}

void ost__db_release(ost_db *db)
{
    if (atomic_fetch_sub_explicit(&db->users, 1, memory_order_acq_rel) == 1)
        destroy(db, connect_deadline(db));
}

uint32_t ost__db_epoch(ost_db *db)
{
    return ost__pool_epoch(db->pool);
}

bool ost__db_retain(ost_db *db)
{
    if (atomic_load_explicit(&db->closed, memory_order_acquire))
        return false;
    atomic_fetch_add_explicit(&db->users, 1, memory_order_relaxed);
    return true;
}

void ost_close(ost_db *db)
{
    if (db && !atomic_exchange(&db->closed, true))
        ost__db_release(db);
}
