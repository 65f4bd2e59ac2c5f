/* SPDX-License-Identifier: MIT */
#include "query/plan.h"

#include <pthread.h>
#include <string.h>

#include "base/error.h"

enum { PLAN_ARENA_FIRST = 2048 };

struct ost__plans {
    const ost__memory *memory;
    const ost_driver *driver;
    ost_backend *backend;
    const ost__model_set *models;
    ost__hash_key key;
    pthread_mutex_t mutex;
    ost__lru cache;
};

typedef struct plan_key {
    const uint8_t *bytes;
    size_t size;
    uint64_t fingerprint;
} plan_key;

ost__plans *ost__plans_open(const ost__memory *memory, const ost_driver *driver,
                            ost_backend *backend, const ost__model_set *models, ost__hash_key key)
{
    ost__plans *p = ost__alloc_zeroed(memory, sizeof(*p));
    if (!p)
        return NULL;
    p->memory = memory;
    p->driver = driver;
    p->backend = backend;
    p->models = models;
    p->key = key;
    if (!ost__lru_init(&p->cache, memory, OST__PLANS_MAX)) {
        ost__free(memory, p, sizeof(*p));
        return NULL;
    }
    pthread_mutex_init(&p->mutex, NULL);
    return p;
}

static void discard(ost__plans *plans, ost__plan *plan)
{
    if (plan->driver_plan)
        plans->driver->discard(plans->backend, plan->driver_plan);
    ost__arena_finish(&plan->arena);
    ost__free(plans->memory, plan, sizeof(*plan));
}

void ost__plan_release(ost__plans *plans, ost__plan *plan)
{
    if (plan && atomic_fetch_sub_explicit(&plan->references, 1, memory_order_acq_rel) == 1)
        discard(plans, plan);
}

void ost__plans_close(ost__plans *plans)
{
    if (!plans)
        return;
    while (plans->cache.newest) {
        ost__plan *plan = (ost__plan *)plans->cache.newest;
        ost__lru_remove(&plans->cache, &plan->node);
        ost__plan_release(plans, plan);
    }
    ost__lru_finish(&plans->cache);
    pthread_mutex_destroy(&plans->mutex);
    ost__free(plans->memory, plans, sizeof(*plans));
}

static bool same_plan(const ost__lru_node *node, const void *wanted)
{
    const ost__plan *plan = (const ost__plan *)node;
    const plan_key *key = wanted;
    return plan->byte_count == key->size && plan->fingerprint == key->fingerprint &&
           memcmp(plan->compiled.shape.bytes, key->bytes, key->size) == 0;
}

static ost_status compile(ost__plans *plans, const ost_capabilities *caps, const plan_key *key,
                          uint64_t hash, ost__plan **out, ost_error *error)
{
    ost_status status = OST_NO_MEMORY;
    ost__plan *plan = ost__alloc_zeroed(plans->memory, sizeof(*plan));
    if (!plan)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a query");
    ost__arena_init(&plan->arena, plans->memory, PLAN_ARENA_FIRST);
    atomic_init(&plan->references, 1);
    atomic_init(&plan->row_hint, 1);
    plan->fingerprint = key->fingerprint;
    plan->byte_count = key->size;
    uint8_t *bytes = ost__arena_alloc(&plan->arena, key->size, 1);
    if (!bytes) {
        ost__error_set(error, OST_NO_MEMORY, "no memory for a query");
        goto cleanup;
    }
    memcpy(bytes, key->bytes, key->size);
    status = ost__shape_read(plans->models, &plan->arena, bytes, key->size, &plan->compiled, error);
    if (status != OST_OK)
        goto cleanup;
    plan->compiled.shape.hash = hash;
    status = plans->driver->compile(plans->backend, caps, &plan->compiled.shape,
                                    &plan->driver_plan, error);
    if (status != OST_OK)
        goto cleanup;
    *out = plan;
    return OST_OK;
cleanup:
    discard(plans, plan);
    return status;
}

/* Adds a fresh plan, unless another thread was quicker; drops the oldest beyond the bound. */
static ost__plan *publish(ost__plans *plans, ost__plan *plan, const plan_key *key, uint64_t hash)
{
    ost__plan *dropped = NULL, *kept = plan;
    pthread_mutex_lock(&plans->mutex);
    ost__lru_node *there = ost__lru_find(&plans->cache, hash, same_plan, key);
    if (there) {
        dropped = plan;
        kept = (ost__plan *)there;
    } else {
        ost__lru_add(&plans->cache, &plan->node, hash);
        if (plans->cache.count > OST__PLANS_MAX) {
            dropped = (ost__plan *)plans->cache.oldest;
            ost__lru_remove(&plans->cache, &dropped->node);
        }
    }
    atomic_fetch_add_explicit(&kept->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&plans->mutex);
    ost__plan_release(plans, dropped);
    return kept;
}

ost_status ost__plans_get(ost__plans *plans, const ost_capabilities *caps, const uint8_t *bytes,
                          size_t size, ost__plan **out, ost_error *error)
{
    const plan_key key = { .bytes = bytes, .size = size, .fingerprint = caps->fingerprint };
    uint64_t hash = ost__hash(&plans->key, bytes, size) ^ caps->fingerprint;
    ost__plan *plan;
    pthread_mutex_lock(&plans->mutex);
    plan = (ost__plan *)ost__lru_find(&plans->cache, hash, same_plan, &key);
    if (plan)
        atomic_fetch_add_explicit(&plan->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&plans->mutex);
    if (plan) {
        *out = plan;
        return OST_OK;
    }
    OST_TRY(compile(plans, caps, &key, hash, &plan, error));
    *out = publish(plans, plan, &key, hash);
    return OST_OK;
}
