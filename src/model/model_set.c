/* SPDX-License-Identifier: MIT */
#include "model/model.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/check.h"
#include "model/parts.h"
#include "model/pattern.h"

enum { SEGMENT = 64, SEGMENTS = OST__MODELS_MAX / SEGMENT, BUCKETS_MIN = 64, ARENA_FIRST = 16384 };

/* A compiled model in the table of identities. */
typedef struct entry {
    ost__model *model;
    const ost_model *given; /* where the description was seen first */
    struct entry *next;
} entry;

/*
 * Models never move and entries never go, so that readers need no lock: a new entry becomes visible
 * by one store to the head of its bucket, a new number by one store to `count`. Writers hold the
 * mutex.
 */
struct ost__model_set {
    const ost__memory *memory;
    ost__arena arena;
    pthread_mutex_t mutex;
    _Atomic(entry *) *buckets;
    size_t bucket_count; /* a power of two */
    ost__pattern *patterns;
    uint32_t given; /* models of ost_open */
    atomic_uint count;
    ost__model **segments[SEGMENTS];
};

static size_t bucket_of(const ost__model_set *set, const void *identity)
{
    uint64_t x = (uint64_t)(uintptr_t)identity;
    x = (x ^ (x >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(x >> 40) & (set->bucket_count - 1);
}

/* Makes a model findable. */
static bool publish(ost__model_set *set, ost__check *c, ost__model *m, const ost_model *given)
{
    uint32_t id = atomic_load_explicit(&set->count, memory_order_relaxed);
    if (id >= OST__MODELS_MAX) {
        ost__check_fail(c, NULL, "models", "more than %d models and structs inside them",
                        (int)OST__MODELS_MAX);
        return false;
    }
    ost__model ***segment = &set->segments[id / SEGMENT];
    if (!*segment)
        *segment = ost__check_alloc(c, SEGMENT, sizeof **segment, alignof(ost__model *));
    entry *e = ost__check_alloc(c, 1, sizeof *e, alignof(entry));
    if (!*segment || !e)
        return false;
    _Atomic(entry *) *head = &set->buckets[bucket_of(set, m->identity)];
    m->table.id = id;
    (*segment)[id % SEGMENT] = m;
    *e = (entry){ .model = m, .given = given };
    e->next = atomic_load_explicit(head, memory_order_relaxed);
    atomic_store_explicit(&set->count, id + 1, memory_order_release);
    atomic_store_explicit(head, e, memory_order_release);
    return true;
}

/* Parts that were compiled on the way, so that elements of lists can be told by their number. */
static bool publish_parts(ost__model_set *set, ost__check *c)
{
    for (const ost__part *p = c->parts; p; p = p->next)
        if (!publish(set, c, p->model, p->given))
            return false;
    return true;
}

OST__HOT static const ost__model *look_up(ost__model_set *set, const ost_model *given)
{
    const entry *e =
        atomic_load_explicit(&set->buckets[bucket_of(set, given->fields)], memory_order_acquire);
    for (; e; e = e->next)
        if (e->given == given || ost__model_is(e->model, given))
            return e->model;
    return NULL;
}

/* ---- opening ---- */

/* What is known of each model while a set is being opened. */
typedef struct opening {
    ost_model *copies;
    ost__model **models; /* NULL where a model could not be read */
    uint32_t count;
} opening;

/* Where a schema is part of a table's name, what differs without it may be the same. */
static bool same_full_names(const ost_table *a, const char *first, const ost_table *b,
                            const char *second)
{
    char full_first[OST__FULL_NAME_SIZE], full_second[OST__FULL_NAME_SIZE];
    return ost__names_equal(ost__full_name(a, first, full_first),
                            ost__full_name(b, second, full_second));
}

static void check_pair(ost__check *c, const ost__model *a, const ost__model *b)
{
    char full[OST__FULL_NAME_SIZE];
    c->model = b->table.model;
    if (a->identity == b->identity && strcmp(a->table.model, b->table.model) == 0)
        ost__check_fail(c, NULL, "model", "is given twice: remove one from .models");
    else if (strcmp(a->table.model, b->table.model) == 0)
        ost__check_fail(c, NULL, "model",
                        "has the same name as another model: rename one of the structs");
    else if (same_full_names(&a->table, a->table.name, &b->table, b->table.name))
        ost__check_fail(c, NULL, "table",
                        "has the table %s, as has %s: give one of them another .table",
                        ost__full_name(&b->table, b->table.name, full), a->table.model);
}

static void check_index_names(ost__check *c, const ost__model *a, const ost__model *b)
{
    c->model = b->table.model;
    for (uint32_t j = 0; j < b->table.index_count; j++) {
        const char *name = b->table.indexes[j].name;
        uint32_t end = a == b ? j : a->table.index_count;
        for (uint32_t i = 0; i < end; i++)
            if (same_full_names(&a->table, a->table.indexes[i].name, &b->table, name))
                ost__check_fail(c, NULL, "index",
                                "has the index %s, and so has %s: give one of them a .name", name,
                                a == b ? "it once more" : a->table.model);
    }
}

/* Tables and indexes have their names in common. */
static void check_index_tables(ost__check *c, const ost__model *a, const ost__model *b)
{
    c->model = b->table.model;
    for (uint32_t i = 0; i < b->table.index_count; i++)
        if (same_full_names(&a->table, a->table.name, &b->table, b->table.indexes[i].name))
            ost__check_fail(c, NULL, "index",
                            "the index %s has the name of a table: give it another .name",
                            b->table.indexes[i].name);
}

static void check_set(ost__check *c, const opening *o)
{
    for (uint32_t i = 0; i < o->count; i++) {
        const ost__model *b = o->models[i];
        for (uint32_t j = 0; b && j < o->count; j++) {
            const ost__model *a = o->models[j];
            if (a && j < i)
                check_pair(c, a, b);
            if (!a || b->table.adopted)
                continue;
            check_index_tables(c, a, b);
            if (j <= i && !a->table.adopted)
                check_index_names(c, a, b);
        }
    }
}

static void compile_all(ost__check *c, const ost_model *const *models, opening *o)
{
    o->copies = ost__check_alloc(c, o->count, sizeof *o->copies, alignof(ost_model));
    o->models = ost__check_alloc(c, o->count, sizeof(ost__model *), alignof(ost__model *));
    if (!o->copies || !o->models)
        return;
    for (uint32_t i = 0; i < o->count && !c->no_memory; i++)
        if (ost__model_read(c, models[i], i, &o->copies[i]))
            o->models[i] = ost__model_compile(c, models[i], &o->copies[i], false);
    for (uint32_t i = 0; i < o->count && !c->no_memory; i++) {
        if (!o->models[i])
            continue;
        ost__model_compile_relations(c, o->models[i], &o->copies[i], o->models, o->count);
        ost__model_compile_indexes(c, o->models[i], &o->copies[i]);
    }
    if (!c->no_memory)
        check_set(c, o);
}

static ost_status open_models(ost__model_set *set, const ost_model *const *models, ost_error *e)
{
    ost__check c;
    opening o = { .count = 0 };
    ost__check_begin(&c, e, &set->arena, &set->patterns);
    while (models && models[o.count] && o.count <= OST__MODELS_MAX)
        o.count++;
    if (o.count == 0 || o.count > OST__MODELS_MAX) {
        c.model = "models";
        if (o.count == 0)
            ost__check_fail(&c, NULL, "models",
                            "no models were given: add .models = OST_MODELS(&your_model)");
        else
            ost__check_fail(&c, NULL, "models", "more than %d models were given",
                            (int)OST__MODELS_MAX);
        return ost__check_finish(&c);
    }
    compile_all(&c, models, &o);
    OST_TRY(ost__check_finish(&c));
    set->bucket_count = BUCKETS_MIN;
    while (set->bucket_count < (size_t)o.count * 2)
        set->bucket_count *= 2;
    set->buckets =
        ost__check_alloc(&c, set->bucket_count, sizeof *set->buckets, alignof(_Atomic(entry *)));
    if (!set->buckets)
        return ost__check_finish(&c);
    for (size_t i = 0; i < set->bucket_count; i++)
        atomic_init(&set->buckets[i], NULL);
    for (uint32_t i = 0; i < o.count; i++)
        if (!publish(set, &c, o.models[i], models[i]))
            return ost__check_finish(&c);
    set->given = o.count;
    return publish_parts(set, &c) ? OST_OK : ost__check_finish(&c);
}

ost_status ost__model_set_open(const ost__memory *m, const ost_model *const *models,
                               ost__model_set **out, ost_error *e)
{
    *out = NULL;
    ost__model_set *set = ost__alloc_zeroed(m, sizeof *set);
    if (!set)
        return ost__error_set(e, OST_NO_MEMORY, "no memory for the models");
    set->memory = m;
    atomic_init(&set->count, 0);
    ost__arena_init(&set->arena, m, ARENA_FIRST);
    if (pthread_mutex_init(&set->mutex, NULL) != 0) {
        ost__free(m, set, sizeof *set);
        return ost__error_set(e, OST_NO_MEMORY, "no memory for the lock of the models");
    }
    ost_status status = open_models(set, models, e);
    if (status != OST_OK) {
        ost__model_set_close(set);
        return status;
    }
    *out = set;
    return OST_OK;
}

void ost__model_set_close(ost__model_set *set)
{
    if (!set)
        return;
    pthread_mutex_destroy(&set->mutex);
    ost__patterns_close(&set->patterns, NULL);
    ost__arena_finish(&set->arena);
    ost__free(set->memory, set, sizeof *set);
}

void ost__model_set_forked(ost__model_set *set)
{
    if (pthread_mutex_trylock(&set->mutex) == 0) {
        pthread_mutex_unlock(&set->mutex);
        return;
    }
    ost__arena_init(&set->arena, set->memory, ARENA_FIRST);
    pthread_mutex_init(&set->mutex, NULL);
}

/* ---- finding ---- */

static bool has_key(const ost__model *m)
{
    for (uint32_t i = 0; i < m->table.field_count; i++)
        if (m->fields[i].primary_key)
            return true;
    return false;
}

/* Checks and adds a shape of results; under the mutex. */
static const ost__model *add_part(ost__model_set *set, const ost_model *given, ost_error *e)
{
    ost__check c;
    ost_model copy;
    ost__arena_mark mark = ost__arena_mark_now(&set->arena);
    const ost__pattern *patterns = set->patterns;
    uint32_t id = atomic_load_explicit(&set->count, memory_order_relaxed);
    bool had_segment = id < OST__MODELS_MAX && set->segments[id / SEGMENT];
    if (id >= OST__MODELS_MAX) {
        ost__error_set(e, OST_TOO_LARGE, "more than %d shapes of results are in use",
                       (int)OST__MODELS_MAX);
        return NULL;
    }
    ost__check_begin(&c, e, &set->arena, &set->patterns);
    c.find = look_up;
    c.set = set;
    ost__model *m = NULL;
    if (ost__model_read(&c, given, 0, &copy))
        m = ost__model_compile(&c, given, &copy, true);
    if (m && has_key(m)) {
        ost__error_set(e, OST_MISUSE,
                       "model %s was not given to ost_open: add &%s_model to .models", copy.name,
                       copy.name);
        ost__error_about(e, copy.name, NULL);
        m = NULL;
    } else if (ost__check_finish(&c) != OST_OK || (m && !publish(set, &c, m, given))) {
        ost__check_finish(&c);
        m = NULL;
    } else if (m && !publish_parts(set, &c)) {
        /* What was published stays. */
        ost__check_finish(&c);
        return NULL;
    }
    if (!m) {
        if (id < OST__MODELS_MAX && !had_segment)
            set->segments[id / SEGMENT] = NULL;
        ost__patterns_close(&set->patterns, patterns);
        ost__arena_release(&set->arena, mark);
    }
    return m;
}

OST__HOT const ost__model *ost__model_find(ost__model_set *set, const ost_model *m,
                                           size_t record_size, ost_error *e)
{
    if (!m) {
        ost__error_set(e, OST_MISUSE, "no model was given: pass &your_model");
        return NULL;
    }
    const ost__model *found = look_up(set, m);
    if (!found) {
        pthread_mutex_lock(&set->mutex);
        found = look_up(set, m);
        if (!found)
            found = add_part(set, m, e);
        pthread_mutex_unlock(&set->mutex);
    }
    if (found && found->size != record_size) {
        ost__error_set(e, OST_MISUSE,
                       "model %s describes a struct of %zu bytes, but the one given has %zu: "
                       "build all sources with the same header",
                       found->table.model, found->size, record_size);
        ost__error_about(e, found->table.model, NULL);
        return NULL;
    }
    return found;
}

const ost__model *ost__model_at(const ost__model_set *set, uint32_t id)
{
    if (id >= ost__model_count(set))
        return NULL;
    return set->segments[id / SEGMENT][id % SEGMENT];
}

uint32_t ost__model_count(const ost__model_set *set)
{
    return atomic_load_explicit(&set->count, memory_order_acquire);
}

/* Structs and lists have no kind that the macros could tell. */
static bool is_member(const ost_field *f, const ost_member *member)
{
    bool untold = f->type == OST_TYPE_EMBEDDED || f->type == OST_TYPE_LIST || f->converts;
    return ost__field_place_size(f) == member->size &&
           ((f->type == member->type && !f->converts) || (untold && member->type == OST_TYPE_NONE));
}

OST__HOT const ost_field *ost__model_field(const ost__model *m, const ost_member *member)
{
    uint32_t count = m->member_count + m->table.inner_count, low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ost__field_place(&m->fields[m->by_offset[middle]]) < member->offset)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && member->path; low++) {
        const ost_field *f = &m->fields[m->by_offset[low]];
        if (ost__field_place(f) != member->offset)
            return NULL;
        if (f->name == member->path || strcmp(f->name, member->path) == 0)
            return is_member(f, member) ? f : NULL;
    }
    return NULL;
}

const ost_field *ost__model_field_named(const ost__model *m, const char *name)
{
    for (uint32_t i = 0; i < m->table.field_count + m->table.inner_count; i++)
        if (strcmp(m->fields[i].name, name) == 0 && !ost__field_is_item(&m->fields[i]))
            return &m->fields[i];
    return NULL;
}
