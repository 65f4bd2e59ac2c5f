/* SPDX-License-Identifier: MIT */
#include "query/record_plan.h"

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
    _Atomic(ost__record_plan *) *records; /* OST__RECORD_KINDS lists for each model */
    uint32_t model_count;
};

typedef struct plan_key {
    const uint8_t *bytes;
    size_t size;
    uint64_t fingerprint;
} plan_key;

static size_t records_size(const ost__plans *p)
{
    return (size_t)p->model_count * OST__RECORD_KINDS * sizeof(*p->records);
}

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
    p->model_count = ost__model_count(models);
    p->records = ost__alloc_zeroed(memory, records_size(p));
    if (!p->records || !ost__lru_init(&p->cache, memory, OST__PLANS_MAX)) {
        ost__free(memory, p->records, records_size(p));
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

OST__HOT void ost__plan_release(ost__plans *plans, ost__plan *plan)
{
    if (plan && atomic_fetch_sub_explicit(&plan->references, 1, memory_order_acq_rel) == 1)
        discard(plans, plan);
}

static size_t record_plan_size(uint32_t parameter_count)
{
    return sizeof(ost__record_plan) + parameter_count * sizeof(ost_parameter);
}

static void free_record_plans(ost__plans *plans)
{
    for (size_t i = 0; i < (size_t)plans->model_count * OST__RECORD_KINDS; i++) {
        ost__record_plan *r = atomic_load_explicit(&plans->records[i], memory_order_acquire);
        while (r) {
            ost__record_plan *next = r->next;
            ost__plan_release(plans, r->plan);
            ost__free(plans->memory, r, record_plan_size(r->parameter_count));
            r = next;
        }
    }
    ost__free(plans->memory, plans->records, records_size(plans));
}

void ost__plans_close(ost__plans *plans)
{
    if (!plans)
        return;
    free_record_plans(plans);
    while (plans->cache.newest) {
        ost__plan *plan = (ost__plan *)plans->cache.newest;
        ost__lru_remove(&plans->cache, &plan->node);
        ost__plan_release(plans, plan);
    }
    ost__lru_finish(&plans->cache);
    pthread_mutex_destroy(&plans->mutex);
    ost__free(plans->memory, plans, sizeof(*plans));
}

void ost__plans_forked(ost__plans *plans)
{
    ost__lru *cache = &plans->cache;
    if (pthread_mutex_trylock(&plans->mutex) == 0) {
        pthread_mutex_unlock(&plans->mutex);
        return;
    }
    memset(cache->slots, 0, ((size_t)cache->mask + 1) * sizeof(*cache->slots));
    cache->newest = cache->oldest = NULL;
    cache->count = 0;
    pthread_mutex_init(&plans->mutex, NULL);
}

OST__HOT static bool same_plan(const ost__lru_node *node, const void *wanted)
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
    status = plans->driver->compile(plans->backend, caps, &plan->compiled.shape, &plan->driver_plan,
                                    error);
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

OST__HOT ost_status ost__plans_get(ost__plans *plans, const ost_capabilities *caps,
                                   const uint8_t *bytes, size_t size, ost__plan **out,
                                   ost_error *error)
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

/* ---- plans of records ---- */

static bool same_set(const ost__model *m, const ost__field_set *a, const ost__field_set *b)
{
    for (uint32_t i = 0; i * 64 < m->table.field_count; i++)
        if (a->words[i] != b->words[i])
            return false;
    return true;
}

static _Atomic(ost__record_plan *) *list_of(const ost__plans *plans, const ost__model *m,
                                            enum ost__record_kind kind)
{
    if (m->table.id >= plans->model_count || kind >= OST__RECORD_KINDS)
        return NULL;
    return &plans->records[(size_t)m->table.id * OST__RECORD_KINDS + kind];
}

OST__HOT const ost__record_plan *ost__record_plan_find(const ost__plans *plans, const ost__model *m,
                                                       enum ost__record_kind kind,
                                                       const ost__field_set *set,
                                                       uint64_t fingerprint)
{
    _Atomic(ost__record_plan *) *list = list_of(plans, m, kind);
    const ost__record_plan *r = list ? atomic_load_explicit(list, memory_order_acquire) : NULL;
    while (r && (r->fingerprint != fingerprint || (set && !same_set(m, &r->set, set))))
        r = r->next;
    return r;
}

/* Adds under the lock, so that the bound holds and no set is there twice; readers see whole entries
 * alone. */
static bool add_record_plan(ost__plans *plans, const ost__model *m, enum ost__record_kind kind,
                            const ost__field_set *set, ost__record_plan *r)
{
    _Atomic(ost__record_plan *) *list = list_of(plans, m, kind);
    uint32_t count = 0;
    pthread_mutex_lock(&plans->mutex);
    r->next = atomic_load_explicit(list, memory_order_relaxed);
    for (const ost__record_plan *at = r->next; at; at = at->next)
        count++;
    bool fits = count < OST__RECORD_PLANS_MAX &&
                !ost__record_plan_find(plans, m, kind, set, r->fingerprint);
    if (fits)
        atomic_store_explicit(list, r, memory_order_release);
    pthread_mutex_unlock(&plans->mutex);
    return fits;
}

void ost__record_plan_keep(ost__plans *plans, const ost__model *m, enum ost__record_kind kind,
                           const ost__field_set *set, ost__plan *plan, const ost__statement *st)
{
    size_t size = record_plan_size(st->parameter_count);
    ost__record_plan *r = list_of(plans, m, kind) ? ost__alloc_zeroed(plans->memory, size) : NULL;
    if (!r)
        return;
    ost_parameter *parameters = (ost_parameter *)(void *)(r + 1);
    memcpy(parameters, st->parameters, st->parameter_count * sizeof(*parameters));
    r->parameters = parameters;
    r->parameter_count = st->parameter_count;
    r->plan = plan;
    r->fingerprint = plan->fingerprint;
    if (set)
        r->set = *set;
    atomic_fetch_add_explicit(&plan->references, 1, memory_order_relaxed);
    if (add_record_plan(plans, m, kind, set, r))
        return;
    ost__plan_release(plans, plan);
    ost__free(plans->memory, r, size);
}
