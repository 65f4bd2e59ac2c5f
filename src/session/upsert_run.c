/* SPDX-License-Identifier: MIT */
/* Running upserts: one record, or shadows side by side. */
#include "session/upsert.h"

#include <string.h>

#include "base/error.h"
#include "model/conversion.h"
#include "model/member.h"
#include "model/nested.h"
#include "session/hook.h"
#include "session/image.h"

/* ---- what is given back ---- */

/* What has no place in a struct of the program's own. */
static bool needs_memory(const ost_field *f)
{
    return ost__field_points(f) && f->type != OST_TYPE_EMBEDDED && !f->converts;
}

void ost__upsert_take_row(const ost__upsert *u, void *shadow, const void *row)
{
    const ost__model *m = u->model;
    for (uint32_t i = ost__field_set_next(&u->given_back, m, 0); i < m->table.field_count;
         i = ost__field_set_next(&u->given_back, m, i + 1))
        ost__image_copy(&m->fields[i], shadow, row);
}

void ost__upsert_write_back(const ost__upsert *u, void *record, void *shadow)
{
    const ost__model *m = u->model;
    ost__insert_write_back(m, record, shadow);
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        if (i % 64 == 0 && (u->given_back.words[i / 64] | m->update_sets.words[i / 64]) == 0) {
            i += 63;
            continue;
        }
        if (!ost__field_set_has(&u->given_back, i) && !ost__field_set_has(&m->update_sets, i))
            continue;
        if (f->type == OST_TYPE_EMBEDDED)
            ost__nested_write_back(f, ost__member_at(f, record), ost__member_at(f, shadow));
        else if (f->converts || !ost__field_points(f))
            ost__struct_copy(f, record, shadow);
    }
}

/* ---- running ---- */

static uint16_t effect_of(const ost_outcome *o, size_t i)
{
    return o->effects ? o->effects[i] : o->effect;
}

/* Rows came for those that were met, side by side; now each has the place of its record. */
static void spread_rows(uint8_t *rows, size_t size, const ost_outcome *o, size_t count, size_t came)
{
    for (size_t i = count; i-- > 0 && came <= i;) {
        if (effect_of(o, i) == OST_EFFECT_NONE)
            memset(rows + i * size, 0, size);
        else
            memcpy(rows + i * size, rows + --came * size, size);
    }
}

static ost_status bad_driver(ost_session *s, const ost__model *m)
{
    ost__fail(s, OST_DRIVER_ERROR, "an upsert of %s gave back too few rows", m->table.model);
    return ost__after_sending(s, OST_DRIVER_ERROR);
}

static ost_status run(ost__run *r, const ost__upsert *u, size_t count, ost__upserted *out)
{
    ost_session *s = r->session;
    size_t size = u->model->width, came = 0, none = 0;
    ost__sink sink;
    bool rows = r->op.rows != NULL;
    out->rows = NULL;
    if (rows && !ost__sink_begin(&sink, out->arena, &s->db->memory, r->op.rows, count, 0))
        return ost__no_memory(s);
    ost_status status = ost__run_go(r, rows ? &sink.base : NULL);
    if (status != OST_OK && rows)
        ost__sink_abandon(&sink);
    out->failed = r->outcome.failed_record;
    OST_TRY(status);
    uint8_t *found = rows ? ost__sink_finish(&sink, &came) : NULL;
    if (rows && !found)
        return ost__after_sending(s, ost__no_memory(s));
    if (rows && ost__images_load(s, u->model, found, came, &r->plan->compiled.loaded,
                                 &s->records) != OST_OK) {
        ost__unit_doom(s);
        return (ost_status)s->error.status;
    }
    for (size_t i = 0; i < count; i++) {
        out->effects[i] = (enum ost_effect)effect_of(&r->outcome, i);
        none += out->effects[i] == OST_EFFECT_NONE;
    }
    if (!rows)
        return OST_OK;
    if (came + none != count)
        return bad_driver(s, u->model);
    if (none > 0) {
        uint8_t *all = ost__arena_alloc(out->arena, count * size, _Alignof(max_align_t));
        if (!all)
            return ost__after_sending(s, ost__no_memory(s));
        memcpy(all, found, came * size);
        spread_rows(all, size, &r->outcome, count, came);
        found = all;
    }
    out->rows = found;
    return OST_OK;
}

static ost_status run_once(ost_session *s, const ost__upsert *u, const ost__statement *st,
                           const uint8_t *shadows, size_t count, ost__upserted *out)
{
    ost__run r;
    ost_status status = ost__run_begin(&r, s, st);
    out->failed = SIZE_MAX;
    if (status == OST_OK) {
        r.op.records = shadows;
        r.op.record_count = count;
        r.op.record_stride = u->model->stride;
        r.op.flags |= OST_FLAG_ORDERED;
        status = run(&r, u, count, out);
    }
    ost__run_end(&r);
    s->upsert_conflicts += status == OST_CONFLICT;
    return status == OST_OK ? OST_OK : ost__constraint_failed(s, u->model, status);
}

static ost_status out_of_time(ost_session *s, const ost__model *m)
{
    ost__fail(s, OST_TIMEOUT, "others wrote the same %s each time until the deadline",
              m->table.model);
    return ost__after_sending(s, OST_TIMEOUT);
}

/* Those that somebody else was faster with are run again, by themselves. */
static ost_status run_rest(ost_session *s, const ost__upsert *u, const ost__statement *st,
                           const uint8_t *shadows, size_t count, ost__upserted *out)
{
    const ost_platform *p = &s->db->platform;
    size_t size = u->model->width, stride = u->model->stride;
    for (size_t i = 0; i < count; i++) {
        while (out->effects[i] == OST_EFFECT_NONE) {
            ost__upserted one = { .arena = out->arena, .effects = &out->effects[i] };
            if (p->monotonic(p->context) >= s->deadline)
                return out_of_time(s, u->model);
            ost_status status = run_once(s, u, st, shadows + i * stride, 1, &one);
            if (status != OST_OK)
                out->failed = i;
            OST_TRY(status);
            if (one.rows && out->rows && out->effects[i] != OST_EFFECT_NONE)
                memcpy((uint8_t *)(uintptr_t)out->rows + i * size, one.rows, size);
        }
    }
    return OST_OK;
}

ost_status ost__upsert_run(ost_session *s, const ost__upsert *u, bool whole, const uint8_t *shadows,
                           size_t count, ost__upserted *out)
{
    ost__statement st;
    OST_TRY(ost__upsert_assemble(s, u, shadows, whole, &st));
    OST_TRY(run_once(s, u, &st, shadows, count, out));
    return run_rest(s, u, &st, shadows, count, out);
}

/* ---- one record ---- */

void ost__upsert_leave_out_texts(ost__upsert *u)
{
    const ost__model *m = u->model;
    for (uint32_t i = 0; i < m->table.field_count; i++)
        if (needs_memory(&m->fields[i]))
            u->given_back.words[i >> 6] &= ~((uint64_t)1 << (i & 63));
}

static ost_status run_shadow(ost_session *s, const ost__upsert *u, uint8_t *shadow,
                             enum ost_effect *effect)
{
    ost__upserted out = { .arena = &s->scratch, .effects = effect };
    for (uint32_t attempt = 1;; attempt++) {
        ost_status status = ost__upsert_run(s, u, false, shadow, 1, &out);
        if (ost__unit_repeats(s, &status, attempt))
            continue;
        if (status == OST_OK && out.rows)
            ost__upsert_take_row(u, shadow, out.rows);
        return status;
    }
}

ost_status ost__upsert_shadow(ost_session *s, const ost__upsert *u, ost__insertion *in,
                              void *record, uint8_t *shadow, enum ost_effect *effect)
{
    if (!in->batch)
        return run_shadow(s, u, shadow, effect);
    OST_TRY(ost__insertion_begin(s, in, record, shadow));
    ost_status status = run_shadow(s, u, shadow, effect);
    if (status == OST_OK && ost__own_image(s, in->batch, shadow, &u->given_back) != OST_OK)
        status = ost__after_sending(s, (ost_status)s->error.status);
    if (status == OST_OK)
        ost__insertion_end(in, record, shadow);
    else
        s->journal.newest = in->undo;
    return status;
}

/* An upsert of one record, in two steps. */
typedef struct upsertion {
    ost__upsert of;
    void *record;
    ost__insertion in;
    uint8_t *shadow;
    enum ost_effect effect;
    ost_call *call;
} upsertion;

static ost_status prepare_upsert(ost_session *s, const ost__model *m, void *context)
{
    upsertion *x = context;
    OST_TRY(ost__insertion_of(s, m, x->record, &x->in));
    OST_TRY(ost__call_for(s, m, OST__CALLS_WRITE, OST_CALL_UPSERT, &x->call));
    ost__rules rules = ost__rules_of(s, m, x->call);
    OST_TRY(ost__stored_of(s, m, x->record, &rules.stored));
    if (!x->in.batch)
        ost__upsert_leave_out_texts(&x->of);
    x->shadow = ost__shadow_of(s, m, x->record);
    return x->shadow ? ost__upsert_prepare(s, &x->of, &rules, x->shadow) : OST_NO_MEMORY;
}

static ost_status run_upsert(ost_session *s, const ost__model *m, void *context)
{
    upsertion *x = context;
    OST_TRY(ost__upsert_shadow(s, &x->of, &x->in, x->record, x->shadow, &x->effect));
    if (!(m->calls & OST__CALLS_WRITTEN))
        return OST_OK;
    OST_TRY(ost__run_upserted(s, x->call, x->effect, x->shadow));
    if (x->in.batch)
        memcpy(x->record, x->shadow, m->size);
    return OST_OK;
}

static ost_status upsert(ost_session *s, const ost_model *m, size_t record_size, void *record,
                         const ost_upsert_options *options, enum ost_effect *effect)
{
    static const ost__steps steps = { prepare_upsert, run_upsert, OST__CALLS_WRITTEN };
    upsertion x = { .record = record };
    const ost__model *model = ost__session_record_model(s, m, record_size, record);
    if (!model)
        return (ost_status)s->error.status;
    OST_TRY(ost__unit_check(s));
    OST_TRY(ost__upsert_read(s, model, options, &x.of));
    if (model->calls & OST__CALLS_WRITE) {
        OST_TRY(ost__run_steps(s, model, &steps, &x));
    } else {
        OST_TRY(prepare_upsert(s, model, &x));
        OST_TRY(run_upsert(s, model, &x));
    }
    if (!x.in.batch)
        ost__upsert_write_back(&x.of, record, x.shadow);
    *effect = x.effect;
    return OST_OK;
}

ost_status ost_session_upsert(ost_session *s, const ost_model *m, size_t record_size, void *record,
                              const ost_upsert_options *options, enum ost_effect *effect)
{
    enum ost_effect did = OST_EFFECT_NONE;
    if (effect)
        *effect = did;
    if (!ost__enter(s))
        return OST_MISUSE;
    uint32_t outer = ost__upsert_enter(s);
    ost_status status = upsert(s, m, record_size, record, options, &did);
    s->upsert_conflicts = outer;
    ost__leave(s, status);
    if (effect && status == OST_OK)
        *effect = did;
    return status;
}
