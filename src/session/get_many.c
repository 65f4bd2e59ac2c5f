/* SPDX-License-Identifier: MIT */
/* Many records by their keys: one statement, and then the order of the keys. */
#include "session/session.h"

#include <string.h>

#include "base/error.h"
#include "model/convert.h"
#include "model/member.h"
#include "session/hook.h"
#include "session/write.h"

/* The keys that were asked for, as far as they can be any record's; and a record that has one. */
typedef struct wanted {
    const ost__model *model;
    const ost_parameter *list; /* NULL: none can */
    uint8_t *sample, *previous;
    const ost__section *conditions; /* of the default scope; NULL: there are none */
} wanted;

/* The keys as they were given. */
typedef struct key_list {
    const void *keys;
    size_t count;
    uint32_t stride;
    uint16_t type;
} key_list;

/* `key IN (…)` as a statement; its list is what was folded. */
static ost_status assemble(ost_session *s, const ost_expr *condition, wanted *w, ost__statement *st)
{
    const ost__encoder enc = { .models = s->db->models,
                               .root = w->model,
                               .arena = &s->scratch,
                               .error = &s->error,
                               .context = s->context };
    ost__section where = { 0 };
    bool narrows;
    if (w->conditions)
        where = *w->conditions;
    const uint32_t before = where.parameter_count;
    ost_status status = ost__encode_condition(&enc, &where, condition, &narrows);
    if (status != OST_OK)
        return ost__refused(s, w->model, status);
    const ost__parts parts = {
        .kind = OST_DO_SELECT, .model = w->model, .where = &where, .flags = OST__SHAPE_RECORDS
    };
    if (!ost__statement_join(&parts, &s->scratch, st))
        return ost__no_memory(s);
    w->list = st->parameter_count > before ? &st->parameters[before] : NULL;
    return OST_OK;
}

/* Puts the i-th key into the sample; false: no record can have it. */
static bool take_key(const wanted *w, size_t i)
{
    const ost_field *f = w->model->table.keys[0];
    const ost_parameter *p = w->list;
    const uint8_t *at = (const uint8_t *)p->list + i * p->list_stride;
    ost_value v = p->type == OST_TYPE_BOOL
                      ? ost_value_bool(*(const int64_t *)(const void *)at != 0)
                      : ost__scalar_value(p->type, (uint32_t)p->list_stride, at);
    if (f->type == OST_TYPE_CHARS && strlen(v.as.text) >= f->size)
        return false;
    if (ost__value_fit(f, &v) != OST__FIT_OK)
        return false;
    ost__member_store(f, w->sample, &v);
    return true;
}

/* Whether the keys ascend, and the rows stand in their order as they are: the usual case. */
static bool in_order(const wanted *w, const uint8_t *rows, size_t count)
{
    const ost_field *f = w->model->table.keys[0];
    size_t at = 0;
    for (size_t i = 0; at < count && i < w->list->list_count; i++) {
        if (!take_key(w, i) || (i > 0 && ost__member_compare(f, w->previous, w->sample) > 0))
            return false;
        if (ost__member_equal(f, w->sample, rows + at * w->model->width))
            at++;
        ost__member_copy(f, w->previous, w->sample);
    }
    return at == count;
}

/* The row that has the sample's key, among those sorted by key; `count`: there is none. */
static size_t find(const wanted *w, const uint8_t *rows, const uint32_t *sorted, size_t count)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = ost__member_compare(w->model->table.keys[0], w->sample,
                                        rows + sorted[middle] * w->model->width);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return count;
}

/* Moves row order[i] to place i, for all i; `order` is used up. */
static void arrange(uint8_t *rows, size_t size, uint32_t *order, size_t count, uint8_t *spare)
{
    for (size_t i = 0; i < count; i++) {
        size_t to = i;
        if (order[i] == i)
            continue;
        memcpy(spare, rows + i * size, size);
        while (order[to] != i) {
            size_t from = order[to];
            memcpy(rows + to * size, rows + from * size, size);
            order[to] = (uint32_t)to;
            to = from;
        }
        memcpy(rows + to * size, spare, size);
        order[to] = (uint32_t)to;
    }
}

static ost_status put_in_order(ost_session *s, const wanted *w, uint8_t *rows, size_t count)
{
    size_t bytes, placed = 0;
    if (count > UINT32_MAX || !ost__size_mul(count, 3 * sizeof(uint32_t), &bytes))
        return ost__fail(s, OST_TOO_LARGE, "%zu records of %s are too many to be put in order",
                         count, w->model->table.model);
    uint32_t *sorted = ost__arena_alloc(&s->scratch, bytes, _Alignof(uint32_t));
    uint8_t *spare = ost__arena_alloc(&s->scratch, w->model->width, _Alignof(max_align_t));
    if (!sorted || !spare)
        return ost__no_memory(s);
    uint32_t *order = sorted + count, *taken = order + count;
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = i;
    ost__sort_by_key(w->model, w->model->width, rows, sorted, taken, count);
    memset(taken, 0, count * sizeof(*taken));
    for (size_t i = 0; i < w->list->list_count; i++) {
        size_t at = take_key(w, i) ? find(w, rows, sorted, count) : count;
        if (at == count || taken[at])
            continue;
        taken[at] = 1;
        order[placed++] = sorted[at];
    }
    /* What a column with rules of its own takes for the same comes last. */
    for (size_t at = 0; at < count; at++)
        if (!taken[at])
            order[placed++] = sorted[at];
    arrange(rows, w->model->width, order, count, spare);
    return OST_OK;
}

/* ---- the call ---- */

static ost_status check_key(ost_session *s, const ost__model *m)
{
    if (m->table.key_count == 1)
        return OST_OK;
    ost__fail(s, OST_UNSUPPORTED,
              "the key of %s has %u members; ost_get_many takes keys of one, so ask by ost_from "
              "and ost_either",
              m->table.model, m->table.key_count);
    return ost__refused(s, m, OST_UNSUPPORTED);
}

static ost_status assemble_scoped(ost_session *s, const ost_expr *condition, wanted *w,
                                  ost__statement *st)
{
    ost__query *q;
    ost_status status = ost__session_scoped_query(s, w->model, &q);
    if (status == OST_OK) {
        w->conditions = &q->scope_where;
        status = assemble(s, condition, w, st);
    }
    ost__session_drop_query(s, q);
    return status;
}

static ost_status read_many(ost_session *s, wanted *w, const ost_expr *condition, void **rows,
                            size_t *count)
{
    ost__statement st;
    OST_TRY(w->model->source->default_scope ? assemble_scoped(s, condition, w, &st)
                                            : assemble(s, condition, w, &st));
    OST_TRY(ost__select(s, &st, false, rows, count));
    ost_status status = OST_OK;
    if (w->list && !in_order(w, *rows, *count))
        status = put_in_order(s, w, *rows, *count);
    if (status == OST_OK && (s->read_only || *count == 0))
        ost__images_pack(w->model, *rows, *count);
    else if (status == OST_OK && !ost__track(s, w->model, *rows, *count, true, &w->model->all))
        status = ost__no_memory(s);
    if (status != OST_OK)
        return ost__after_sending(s, status);
    return w->model->calls & OST__CALLS_LOAD
               ? ost__run_loaded(s, w->model, *rows, *count, &w->model->all)
               : OST_OK;
}

static ost_status get_many(ost_session *s, const ost_model *m, size_t record_size,
                           const key_list *keys, void **rows, size_t *count)
{
    wanted w = { .model = ost__session_record_model(s, m, record_size, s) };
    if (!w.model)
        return (ost_status)s->error.status;
    OST_TRY(ost__unit_check(s));
    OST_TRY(check_key(s, w.model));
    if (keys->count == 0) {
        *rows = ost__arena_alloc_zeroed(&s->records, w.model->size, _Alignof(max_align_t));
        return *rows ? OST_OK : ost__no_memory(s);
    }
    w.sample = ost__arena_alloc_zeroed(&s->scratch, w.model->size, _Alignof(max_align_t));
    w.previous = ost__arena_alloc_zeroed(&s->scratch, w.model->size, _Alignof(max_align_t));
    if (!w.sample || !w.previous)
        return ost__no_memory(s);
    const ost_field *f = w.model->table.keys[0];
    const ost_expr condition = {
        .op = OST_OP_IN,
        .struct_size = sizeof(condition),
        .model = w.model->source,
        .member = { .path = f->name, .offset = f->offset, .size = f->size, .type = f->type },
        .list = keys->keys,
        .list_count = keys->count,
        .list_stride = keys->stride,
        .list_type = keys->type,
    };
    return read_many(s, &w, &condition, rows, count);
}

void *ost_session_get_many(ost_session *s, const ost_model *m, size_t record_size, const void *keys,
                           size_t count, uint32_t stride, uint16_t type, size_t *found)
{
    void *rows = NULL;
    size_t n = 0;
    if (found)
        *found = 0;
    if (!ost__enter(s))
        return NULL;
    const key_list list = { .keys = keys, .count = count, .stride = stride, .type = type };
    if (ost__leave(s, get_many(s, m, record_size, &list, &rows, &n)) != OST_OK)
        return NULL;
    if (found)
        *found = n;
    return rows;
}
