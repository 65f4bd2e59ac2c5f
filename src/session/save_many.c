/* SPDX-License-Identifier: MIT */
/*
 * Saving many tracked records as one unit. Records of which the same members changed are one
 * operation, so that a driver can send them together. What can fail in memory is done before
 * anything is sent; records and snapshots follow once the database took everything.
 */
#include "session/hook.h"
#include "session/write.h"

#include <string.h>

#include "base/error.h"

/* Records of which the same members changed, all of them living or all deleted. */
typedef struct group {
    struct group *next; /* in the order of their first records */
    ost__field_set changed;
    enum ost__among among;
    size_t start, count, filled;
} group;

/* A record that changed. */
typedef struct item {
    ost__batch *batch;
    uint8_t *record, *snapshot;
    group *group;
    size_t index;       /* among the records given */
    size_t at;          /* of its shadow */
    const void *loaded; /* with hooks: what was stored before */
} item;

typedef struct work {
    ost_session *session;
    const ost__model *model;
    uint8_t *records;         /* those given */
    size_t given, count;      /* how many; of changed records */
    item *items, *sorted;     /* sorted: by groups; NULL: there is one group */
    uint8_t *shadows, *moved; /* alike */
    group *first, *last;
    ost_call *call; /* NULL: the model has no hooks */
    bool alone;     /* no transaction is open around it */
} work;

static bool is_for(const group *g, const ost__field_set *changed, enum ost__among among)
{
    return g->among == among &&
           memcmp(g->changed.words, changed->words, sizeof(changed->words)) == 0;
}

static group *group_of(work *w, const ost__field_set *changed, enum ost__among among)
{
    group *g = w->last;
    if (g && is_for(g, changed, among))
        return g;
    for (g = w->first; g; g = g->next)
        if (is_for(g, changed, among))
            return g;
    g = ost__arena_alloc_zeroed(&w->session->scratch, sizeof(*g), _Alignof(group));
    if (!g)
        return NULL;
    g->changed = *changed;
    g->among = among;
    if (w->last)
        w->last->next = g;
    else
        w->first = g;
    w->last = g;
    return g;
}

/* Hooks and rules on the shadow. */
static ost_status prepare(work *w, item *it, uint8_t *shadow, ost__field_set *changed,
                          ost__rules *rules)
{
    if (w->call) {
        it->loaded = ost__image_of(w->session, w->model, it->snapshot);
        if (!it->loaded)
            return OST_NO_MEMORY;
        ost__call_aim(w->call, it->loaded, ost__known_of(it->batch, it->snapshot));
    }
    rules->stored = it->snapshot;
    return ost__prepare_update(w->session, w->model, it->batch, it->snapshot, shadow, changed,
                               rules);
}

/* Adds a record, if it changed, with its shadow. */
static ost_status add(work *w, uint8_t *record, size_t index, ost__rules *rules,
                      ost_error **failures)
{
    const ost__model *m = w->model;
    item *it = &w->items[w->count];
    uint8_t *shadow = w->shadows + w->count * m->stride;
    ost__field_set changed;
    bool any;
    ost_status status =
        ost__find_changes(w->session, m, record, &it->batch, &it->snapshot, &changed, &any);
    if (status != OST_OK) {
        ost__name_record(w->session, index);
        return status;
    }
    if (!any)
        return OST_OK;
    ost__fill_shadow(m, shadow, record);
    status = prepare(w, it, shadow, &changed, rules);
    if (status != OST_OK)
        return ost__add_failures(w->session, m, index, status, failures);
    if (ost__field_set_next(&changed, m, 0) == m->table.field_count)
        return OST_OK;
    it->record = record;
    it->index = index;
    it->group = group_of(w, &changed, ost__among_of(it->batch, it->snapshot));
    if (!it->group)
        return ost__no_memory(w->session);
    it->group->count++;
    it->at = w->count++;
    return OST_OK;
}

static ost_status collect(work *w)
{
    ost__rules rules = ost__rules_of(w->session, w->model, w->call);
    ost_error *failures = NULL;
    for (size_t i = 0; i < w->given; i++)
        OST_TRY(add(w, w->records + i * w->model->size, i, &rules, &failures));
    return ost__tell_failures(w->session, w->model, failures);
}

/* Puts what belongs to one group side by side. */
static ost_status sort(work *w)
{
    const ost__memory *memory = &w->session->db->memory;
    size_t start = 0, size = w->model->stride;
    for (group *g = w->first; g; g = g->next) {
        g->start = start;
        start += g->count;
    }
    if (w->first == w->last)
        return OST_OK;
    w->sorted = ost__alloc(memory, w->count * sizeof(item));
    w->moved = ost__alloc(memory, w->count * size);
    if (!w->sorted || !w->moved)
        return ost__no_memory(w->session);
    for (size_t i = 0; i < w->count; i++) {
        group *g = w->items[i].group;
        size_t at = w->items[i].at = g->start + g->filled++;
        w->sorted[at] = w->items[i];
        memcpy(w->moved + at * size, w->shadows + i * size, size);
    }
    return OST_OK;
}

static const item *items_of(const work *w)
{
    return w->sorted ? w->sorted : w->items;
}

static uint8_t *shadow_at(const work *w, size_t i)
{
    return (w->sorted ? w->moved : w->shadows) + i * w->model->stride;
}

static ost_status send_group(work *w, const group *g)
{
    ost_session *s = w->session;
    ost__by_key out;
    ost_status status = ost__run_by_key(s, w->model, &g->changed, g->among, OST__SAME_VERSION,
                                        shadow_at(w, g->start), g->count, &out);
    if (status == OST_OK && out.matched < (int64_t)g->count)
        status = ost__stale(s, w->model);
    if (status == OST_OK)
        return OST_OK;
    if (g->count == 1)
        out.failed_record = 0;
    if (out.failed_record < g->count)
        ost__name_record(s, items_of(w)[g->start + out.failed_record].index);
    return status;
}

/* The hooks after the write, in the order of the records. */
static ost_status run_after(work *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const item *it = &w->items[i];
        ost__call_aim(w->call, it->loaded, ost__known_of(it->batch, it->snapshot));
        ost_status status = ost__run_after(w->session, w->call, shadow_at(w, it->at));
        if (status != OST_OK) {
            ost__name_record(w->session, it->index);
            return status;
        }
        memcpy(it->record, shadow_at(w, it->at), w->model->size);
    }
    return OST_OK;
}

static ost_status send(work *w)
{
    ost_session *s = w->session;
    const item *items = items_of(w);
    for (size_t i = 0; i < w->count; i++) {
        OST_TRY(ost__own_image(s, items[i].batch, shadow_at(w, i), &items[i].group->changed));
        const ost__field_set written =
            w->call ? ost__written_of(w->model, items[i].record, shadow_at(w, i))
                    : w->model->update_sets;
        OST_TRY(ost__journal_add(s, items[i].batch, items[i].record, items[i].snapshot, &written));
    }
    for (const group *g = w->first; g; g = g->next)
        OST_TRY(send_group(w, g));
    for (size_t i = 0; i < w->count; i++)
        ost__follow(w->model, items[i].record, items[i].snapshot, shadow_at(w, i),
                    &items[i].group->changed);
    return w->call ? run_after(w) : OST_OK;
}

/* One record is all or nothing by itself. */
static ost_status send_one(work *w)
{
    ost__undo *before = w->session->journal.newest;
    ost_status status = send(w);
    if (status != OST_OK)
        w->session->journal.newest = before;
    return status;
}

/* In a transaction or savepoint of its own. Only what the database refused dooms what is around. */
static ost_status send_all(work *w)
{
    ost_session *s = w->session;
    bool own;
    OST_TRY(ost__unit_begin_own(s, &own));
    ost_status status = send(w);
    if (status == OST_OK)
        return own ? ost__unit_commit(s) : OST_OK;
    bool refused = s->doomed >= 0;
    if (own)
        ost__unit_rollback(s);
    if (refused || !own)
        ost__unit_doom(s);
    return status;
}

static void forget(work *w)
{
    const ost__memory *memory = &w->session->db->memory;
    ost__free(memory, w->moved, w->count * w->model->stride);
    ost__free(memory, w->sorted, w->count * sizeof(item));
    w->moved = NULL;
    w->sorted = NULL;
    w->first = w->last = NULL;
    w->count = 0;
}

static ost_status prepare_all(ost_session *s, const ost__model *m, void *context)
{
    work *w = context;
    forget(w);
    OST_TRY(ost__call_for(s, m, OST__CALLS_WRITE, OST_CALL_SAVE, &w->call));
    OST_TRY(collect(w));
    return sort(w);
}

static ost_status send_in_unit(ost_session *s, const ost__model *m, void *context)
{
    (void)s, (void)m;
    work *w = context;
    if (w->count == 0)
        return OST_OK;
    return w->alone ? send(w) : send_all(w);
}

static ost_status save_all(work *w)
{
    static const ost__steps steps = { prepare_all, send_in_unit, OST__ALWAYS_WHOLE };
    ost_session *s = w->session;
    if (w->model->calls & OST__CALLS_WRITE)
        return ost__run_steps(s, w->model, &steps, w);
    OST_TRY(prepare_all(s, w->model, w));
    if (w->count == 0)
        return OST_OK;
    if (w->count == 1)
        return send_one(w);
    for (uint32_t attempt = 1;; attempt++) {
        ost_status status = send_all(w);
        if (!ost__unit_repeats(s, &status, attempt))
            return status;
    }
}

static ost_status save_many(ost_session *s, const ost_model *m, size_t record_size, void *records,
                            size_t count)
{
    size_t size, item_size;
    const ost__model *model = ost__session_record_model(s, m, record_size, count > 0 ? records : s);
    if (!model)
        return (ost_status)s->error.status;
    OST_TRY(ost__unit_check(s));
    if (count == 0)
        return OST_OK;
    if (!ost__size_mul(count, model->stride, &size) ||
        !ost__size_mul(count, sizeof(item), &item_size) || count > INT64_MAX)
        return ost__fail(s, OST_TOO_LARGE, "%zu records of %s are too many", count,
                         model->table.model);
    work w = { .session = s,
               .model = model,
               .records = records,
               .given = count,
               .alone = s->unit_count == 0 };
    w.items = ost__alloc(&s->db->memory, item_size);
    w.shadows = ost__alloc(&s->db->memory, size);
    ost_status status = w.items && w.shadows ? save_all(&w) : ost__no_memory(s);
    forget(&w);
    ost__free(&s->db->memory, w.shadows, size);
    ost__free(&s->db->memory, w.items, item_size);
    return status;
}

ost_status ost_session_save_many(ost_session *s, const ost_model *m, size_t record_size,
                                 void *records, size_t count)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    return ost__leave(s, save_many(s, m, record_size, records, count));
}
