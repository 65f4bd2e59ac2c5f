/* SPDX-License-Identifier: MIT */
/*
 * The record with a key, created if there is none. It is looked for first, because mostly it is
 * there. What creates it is an upsert that leaves alone what it meets: the creator who comes second
 * gets the record of the first, without a failure that somebody would have to survive.
 */
#include "session/upsert.h"

#include <string.h>

#include "base/error.h"
#include "model/member.h"
#include "session/hook.h"
#include "session/image.h"

/* The key's members alone are normalised and checked: the rest matters only if there is no record.
 */
static ost_status normalise_key(ost_session *s, const ost__upsert *u, void *shadow)
{
    ost_call *call;
    ost__field_set which = { { 0 } };
    OST_TRY(ost__call_of_functions(s, u->model, OST_CALL_UPSERT, &call));
    const ost__rules rules = ost__rules_of(s, u->model, call);
    for (uint32_t i = 0; i < u->arbiter_count; i++)
        ost__field_set_add(&which, ost__field_index(u->model, ost__member_of(u->arbiters[i])));
    for (uint32_t i = 0; i < u->arbiter_count; i++)
        OST_TRY(ost__image_convert_field(s, u->model, ost__member_of(u->arbiters[i]), shadow));
    OST_TRY(ost__upsert_check_key(s, u, shadow));
    ost_status status = ost__rules_some(u->model, shadow, &which, &rules);
    return status == OST_OK ? OST_OK : ost__rules_refused(s, u->model, &rules, status);
}

/* As values: only writes take them from records. */
static void take_values(const ost__upsert *u, const void *shadow, ost__section *where)
{
    for (uint32_t i = 0; i < u->arbiter_count; i++) {
        ost_parameter *p = &where->parameters[i];
        p->source = OST_FROM_VALUE;
        p->value = ost__member_value(u->arbiters[i], shadow);
        p->type = p->value.type;
    }
}

static ost_status find(ost_session *s, const ost__upsert *u, const void *record, void **row,
                       size_t *count)
{
    const ost__model *m = u->model;
    ost__section where = { 0 };
    ost__statement st;
    bool living = u->index != OST__NO_INDEX && m->table.indexes[u->index].among_living;
    const ost__parts parts = { .kind = OST_DO_SELECT,
                               .among = living ? OST__LIVING : OST__WITH_DELETED,
                               .model = m,
                               .where = &where,
                               .flags = OST__SHAPE_RECORDS };
    void *shadow = ost__shadow_of(s, m, record);
    if (!shadow)
        return OST_NO_MEMORY;
    OST_TRY(normalise_key(s, u, shadow));
    OST_TRY(ost__put_equal(s, m, u->arbiters, u->arbiter_count, &where));
    take_values(u, shadow, &where);
    if (!ost__statement_join(&parts, &s->scratch, &st))
        return ost__no_memory(s);
    return ost__select(s, &st, true, row, count);
}

/* Creating it, in two steps. */
typedef struct creation {
    const ost__upsert *of;
    const void *record;
    uint8_t *shadow;
    void *row;
    enum ost_effect effect;
    ost_call *call;
} creation;

static ost_status prepare_creation(ost_session *s, const ost__model *m, void *context)
{
    creation *x = context;
    OST_TRY(ost__call_for(s, m, OST__CALLS_WRITE, OST_CALL_UPSERT, &x->call));
    const ost__rules rules = ost__rules_of(s, m, x->call);
    x->shadow = ost__shadow_of(s, m, x->record);
    return x->shadow ? ost__upsert_prepare(s, x->of, &rules, x->shadow) : OST_NO_MEMORY;
}

static ost_status run_creation(ost_session *s, const ost__model *m, void *context)
{
    creation *x = context;
    ost__upserted out = { .arena = &s->records, .effects = &x->effect };
    ost__arena_mark before = ost__arena_mark_now(&s->records);
    ost_status status = ost__upsert_run(s, x->of, true, x->shadow, 1, &out);
    for (uint32_t attempt = 1; ost__unit_repeats(s, &status, attempt); attempt++)
        status = ost__upsert_run(s, x->of, true, x->shadow, 1, &out);
    x->row = (void *)(uintptr_t)out.rows;
    if (status == OST_OK && !ost__track(s, m, x->row, 1, true, &m->all))
        status = ost__after_sending(s, ost__no_memory(s));
    if (status != OST_OK) {
        ost__arena_release(&s->records, before);
        return status;
    }
    if (m->calls & OST__CALLS_WRITTEN)
        OST_TRY(ost__run_upserted(s, x->call, x->effect, x->row));
    return m->calls & OST__CALLS_LOAD ? ost__run_loaded(s, m, x->row, 1, &m->all) : OST_OK;
}

static ost_status create(ost_session *s, const ost__upsert *u, const void *record, void **row,
                         bool *created)
{
    static const ost__steps steps = { prepare_creation, run_creation, OST__CALLS_WRITTEN };
    const ost__model *m = u->model;
    creation x = { .of = u, .record = record };
    if (m->calls & OST__CALLS_WRITE) {
        OST_TRY(ost__run_steps(s, m, &steps, &x));
    } else {
        OST_TRY(prepare_creation(s, m, &x));
        OST_TRY(run_creation(s, m, &x));
    }
    *row = x.row;
    *created = x.effect == OST_EFFECT_INSERTED;
    return OST_OK;
}

static ost_status find_or_create(ost_session *s, const ost_model *m, size_t record_size,
                                 const void *record, const ost_expr *const *key, void **row,
                                 bool *created)
{
    ost__upsert u = { .index = OST__NO_INDEX };
    size_t count = 0;
    u.model = ost__session_record_model(s, m, record_size, record);
    if (!u.model)
        return (ost_status)s->error.status;
    OST_TRY(ost__unit_check(s));
    OST_TRY(ost__upsert_key(s, key, &u));
    OST_TRY(find(s, &u, record, row, &count));
    return count > 0 ? OST_OK : create(s, &u, record, row, created);
}

void *ost_session_find_or_create(ost_session *s, const ost_model *m, size_t record_size,
                                 bool *created, const void *record, const ost_expr *const *key)
{
    void *row = NULL;
    bool made = false;
    if (created)
        *created = false;
    if (!ost__enter(s))
        return NULL;
    ost_status status = find_or_create(s, m, record_size, record, key, &row, &made);
    if (ost__leave(s, status) != OST_OK)
        return NULL;
    if (created)
        *created = made;
    return row;
}
