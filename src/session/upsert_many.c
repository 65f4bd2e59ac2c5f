/* SPDX-License-Identifier: MIT */
/*
 * Many upserts as one unit, in the order of their keys: two programs that meet the same records
 * take their locks in the same order, so that one waits for the other, and not each for the other.
 */
#include "session/upsert.h"

#include <string.h>

#include "base/error.h"
#include "session/hook.h"

typedef struct work {
    ost_session *session;
    ost__upsert upsert;
    size_t count;
    uint8_t *records;
    uint8_t *shadows;                /* in the order of their keys, once they are sorted */
    uint32_t *order, *spare;         /* shadow i is record order[i] */
    enum ost_effect *done, *effects; /* of shadows; the program's, of records */
    bool tracked;                    /* they are records of the session */
    ost_call *call;
    size_t shadows_size, order_size, done_size;
} work;

/* Every record is checked before anything is sent; a failure's path names the record. */
static ost_status prepare(work *w)
{
    ost_session *s = w->session;
    const ost__model *m = w->upsert.model;
    ost__rules rules = ost__rules_of(s, m, w->call);
    ost_error *all = NULL;
    ost__fill_shadows(m, w->shadows, w->records, w->count);
    for (size_t i = 0; i < w->count; i++) {
        OST_TRY(ost__stored_of(s, m, w->records + i * m->size, &rules.stored));
        if (w->call)
            ost__call_aim(w->call, NULL, NULL);
        ost_status status = ost__upsert_prepare(s, &w->upsert, &rules, w->shadows + i * m->stride);
        if (status != OST_OK)
            OST_TRY(ost__add_failures(s, m, i, status, &all));
    }
    return ost__tell_failures(s, m, all);
}

/* ---- order ---- */

static const uint8_t *shadow_of(const work *w, size_t i)
{
    return w->shadows + w->order[i] * w->upsert.model->stride;
}

static int compare(const work *w, const uint8_t *a, const uint8_t *b)
{
    return ost__compare_by(w->upsert.arbiters, w->upsert.arbiter_count, a, b);
}

static ost_status same_key(const work *w, uint32_t first, uint32_t second)
{
    ost_session *s = w->session;
    const ost__model *m = w->upsert.model;
    const ost_field *f = w->upsert.arbiters[0];
    char path[128];
    ost__fail(s, OST_CONFLICT, "records %u and %u of %s have the same key: give each once", first,
              second, m->table.model);
    ost__error_about(&s->error, m->table.model, f->name);
    ost__print(path, sizeof(path), "[%u].%s", second, f->name);
    ost__error_add_failure(&s->error, path, "unique", "another record has the same key");
    return OST_CONFLICT;
}

static ost_status find_twins(const work *w)
{
    for (size_t i = 0; i + 1 < w->count; i++)
        if (compare(w, shadow_of(w, i), shadow_of(w, i + 1)) == 0)
            return same_key(w, w->order[i], w->order[i + 1]);
    return OST_OK;
}

static bool is_sorted(const work *w)
{
    size_t size = w->upsert.model->stride;
    for (size_t i = 0; i + 1 < w->count; i++)
        if (compare(w, w->shadows + i * size, w->shadows + (i + 1) * size) >= 0)
            return false;
    return true;
}

static ost_status sort(work *w)
{
    const ost__upsert *u = &w->upsert;
    const ost__memory *memory = &w->session->db->memory;
    size_t size = u->model->stride;
    for (size_t i = 0; i < w->count; i++)
        w->order[i] = (uint32_t)i;
    if (is_sorted(w))
        return OST_OK;
    ost__sort_by(u->arbiters, u->arbiter_count, size, w->shadows, w->order, w->spare, w->count);
    OST_TRY(find_twins(w));
    uint8_t *sorted = ost__alloc(memory, w->shadows_size);
    if (!sorted)
        return ost__no_memory(w->session);
    for (size_t i = 0; i < w->count; i++)
        memcpy(sorted + i * size, shadow_of(w, i), size);
    ost__free(memory, w->shadows, w->shadows_size);
    w->shadows = sorted;
    return OST_OK;
}

/* ---- sending ---- */

/* Shadows that agree, one run after the other. */
static ost_status send_runs(work *w)
{
    const ost__model *m = w->upsert.model;
    size_t start = 0;
    while (start < w->count) {
        const uint8_t *first = w->shadows + start * m->stride;
        size_t end = start + 1;
        while (end < w->count && ost__upsert_agree(&w->upsert, first, w->shadows + end * m->stride))
            end++;
        ost__upserted out = { .arena = &w->session->scratch, .effects = w->done + start };
        ost_status status =
            ost__upsert_run(w->session, &w->upsert, false, first, end - start, &out);
        if (status != OST_OK && out.failed < end - start)
            ost__name_record(w->session, w->order[start + out.failed]);
        if (status != OST_OK && start > 0)
            ost__doom_earlier(w->session);
        OST_TRY(status);
        for (size_t i = start; out.rows && i < end; i++)
            ost__upsert_take_row(&w->upsert, w->shadows + i * m->stride,
                                 out.rows + (i - start) * m->width);
        start = end;
    }
    return OST_OK;
}

/* Records of the session: each as if it were alone, for it is tracked from then on. */
static ost_status send_tracked(work *w)
{
    size_t size = w->upsert.model->size, stride = w->upsert.model->stride;
    for (size_t i = 0; i < w->count; i++) {
        uint8_t *record = w->records + w->order[i] * size;
        ost__insertion in;
        ost_status status = ost__insertion_of(w->session, w->upsert.model, record, &in);
        if (status == OST_OK)
            status = ost__upsert_shadow(w->session, &w->upsert, &in, record,
                                        w->shadows + i * stride, &w->done[i]);
        if (status == OST_OK)
            continue;
        ost__name_record(w->session, w->order[i]);
        if (i > 0)
            ost__doom_earlier(w->session);
        return status;
    }
    return OST_OK;
}

static ost_status run_after(work *w)
{
    size_t size = w->upsert.model->size, stride = w->upsert.model->stride;
    for (size_t i = 0; i < w->count; i++) {
        uint8_t *shadow = w->shadows + i * stride;
        ost__call_aim(w->call, NULL, NULL);
        ost_status status = ost__run_upserted(w->session, w->call, w->done[i], shadow);
        if (status != OST_OK) {
            ost__name_record(w->session, w->order[i]);
            return status;
        }
        if (w->tracked)
            memcpy(w->records + w->order[i] * size, shadow, size);
    }
    return OST_OK;
}

static void write_back(const work *w)
{
    size_t size = w->upsert.model->size, stride = w->upsert.model->stride;
    for (size_t i = 0; i < w->count; i++) {
        if (!w->tracked)
            ost__upsert_write_back(&w->upsert, w->records + w->order[i] * size,
                                   w->shadows + i * stride);
        if (w->effects)
            w->effects[w->order[i]] = w->done[i];
    }
}

/* ---- in two steps ---- */

static ost_status prepare_all(ost_session *s, const ost__model *m, void *context)
{
    work *w = context;
    OST_TRY(ost__call_for(s, m, OST__CALLS_WRITE, OST_CALL_UPSERT, &w->call));
    OST_TRY(prepare(w));
    return sort(w);
}

static ost_status send_all(ost_session *s, const ost__model *m, void *context)
{
    work *w = context;
    (void)s;
    OST_TRY(w->tracked ? send_tracked(w) : send_runs(w));
    return m->calls & OST__CALLS_WRITTEN ? run_after(w) : OST_OK;
}

static ost_status upsert_all(work *w)
{
    static const ost__steps steps = { prepare_all, send_all, OST__ALWAYS_WHOLE };
    size_t index;
    w->tracked = ost__tracked(w->session, w->records, &index);
    if (!w->tracked)
        ost__upsert_leave_out_texts(&w->upsert);
    OST_TRY(ost__run_steps(w->session, w->upsert.model, &steps, w));
    write_back(w);
    return OST_OK;
}

static ost_status upsert_many(ost_session *s, const ost__model *m, void *records, size_t count,
                              const ost_upsert_options *options, enum ost_effect *effects)
{
    const ost__memory *memory = &s->db->memory;
    work w = { .session = s, .count = count, .records = records, .effects = effects };
    OST_TRY(ost__unit_check(s));
    OST_TRY(ost__upsert_read(s, m, options, &w.upsert));
    if (count == 0)
        return OST_OK;
    if (!ost__size_mul(count, m->stride, &w.shadows_size) ||
        !ost__size_mul(count, 2 * sizeof(*w.order), &w.order_size) || count > INT32_MAX)
        return ost__fail(s, OST_TOO_LARGE, "%zu records of %s are too many", count, m->table.model);
    w.done_size = count * sizeof(*w.done);
    w.shadows = ost__alloc(memory, w.shadows_size);
    w.order = ost__alloc(memory, w.order_size);
    w.done = ost__alloc_zeroed(memory, w.done_size);
    w.spare = w.order ? w.order + count : NULL;
    ost_status status = w.shadows && w.order && w.done ? upsert_all(&w) : ost__no_memory(s);
    ost__free(memory, w.done, w.done_size);
    ost__free(memory, w.order, w.order_size);
    ost__free(memory, w.shadows, w.shadows_size);
    return status;
}

ost_status ost_session_upsert_many(ost_session *s, const ost_model *m, size_t record_size,
                                   void *records, size_t count, const ost_upsert_options *options,
                                   enum ost_effect *effects)
{
    for (size_t i = 0; effects && i < count; i++)
        effects[i] = OST_EFFECT_NONE;
    if (!ost__enter(s))
        return OST_MISUSE;
    const ost__model *model = ost__session_record_model(s, m, record_size, count > 0 ? records : s);
    if (!model)
        return ost__leave(s, (ost_status)s->error.status);
    uint32_t outer = ost__upsert_enter(s);
    ost_status status = upsert_many(s, model, records, count, options, effects);
    s->upsert_conflicts = outer;
    return ost__leave(s, status);
}
