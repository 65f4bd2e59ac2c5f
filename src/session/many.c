/* SPDX-License-Identifier: MIT */
/* Many records as one unit: prepared as shadows, inserted in runs, and written back only once all
 * are stored. */
#include "session/hook.h"
#include "session/write.h"

#include <string.h>

#include "base/error.h"

ost_status ost__add_failures(ost_session *s, const ost__model *m, size_t index, ost_status status,
                             ost_error **all)
{
    ost_failure f;
    if (status != OST_INVALID && status != OST_RANGE) {
        if (m->calls)
            ost__name_record(s, index);
        return status;
    }
    if (!*all) {
        *all = ost__arena_alloc_zeroed(&s->scratch, sizeof(**all), _Alignof(ost_error));
        if (!*all)
            return ost__no_memory(s);
        ost__error_set(*all, status, "record %zu: %s", index, s->error.message);
        ost__error_about(*all, m->table.model, s->error.field);
    }
    for (size_t i = 0; ost_error_failure(&s->error, i, &f); i++) {
        char path[128];
        ost__print(path, sizeof(path), "[%zu].%s", index, f.path);
        ost__error_add_failure(*all, path, f.rule, f.message);
    }
    return OST_OK;
}

ost_status ost__tell_failures(ost_session *s, const ost__model *m, const ost_error *all)
{
    if (!all)
        return OST_OK;
    memcpy(&s->error, all, sizeof(s->error));
    return ost__refused(s, m, (ost_status)all->status);
}

/* Every record is checked before anything is sent; a failure's path names the record. */
static ost_status prepare(ost_session *s, const ost__model *m, uint8_t *shadows,
                          const uint8_t *records, size_t count, ost_call *call)
{
    ost__rules rules = ost__rules_of(s, m, call);
    ost_error *all = NULL;
    for (size_t i = 0; i < count; i++) {
        OST_TRY(ost__stored_of(s, m, records + i * m->size, &rules.stored));
        if (call)
            ost__call_aim(call, NULL, NULL);
        ost_status status = ost__prepare_insert(s, m, shadows + i * m->stride, &rules);
        if (status != OST_OK)
            OST_TRY(ost__add_failures(s, m, i, status, &all));
    }
    return ost__tell_failures(s, m, all);
}

void ost__doom_earlier(ost_session *s)
{
    const ost_operation op = { .struct_size = sizeof(op),
                               .kind = OST_DO_INSERT,
                               .flags = OST_FLAG_WRITES };
    const ost_outcome o = { .struct_size = sizeof(o), .status = s->error.status };
    s->error.nothing_sent = 0;
    ost__unit_failed(s, &op, &o);
}

void ost__name_record(ost_session *s, size_t index)
{
    char message[sizeof(s->error.message)];
    ost__print(message, sizeof(message), "record %zu: %s", index, s->error.message);
    ost__copy_text(s->error.message, sizeof(s->error.message), message);
    ost__unit_retell(s);
}

/* Records of the session: each is inserted as if it were alone, for it is tracked from then on. */
static ost_status insert_tracked(ost_session *s, const ost__model *m, uint8_t *shadows,
                                 uint8_t *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ost__insertion in;
        ost_status status = ost__insertion_of(s, m, records + i * m->size, &in);
        if (status == OST_OK)
            status = ost__insert_shadow(s, m, &in, records + i * m->size, shadows + i * m->stride);
        if (status == OST_OK)
            continue;
        ost__name_record(s, i);
        if (i > 0)
            ost__doom_earlier(s);
        return status;
    }
    return OST_OK;
}

static ost_status insert_runs(ost_session *s, const ost__model *m, uint8_t *shadows, size_t count)
{
    size_t start = 0;
    while (start < count) {
        bool given = ost__key_is_given(m, shadows + start * m->stride);
        size_t end = start + 1, failed = SIZE_MAX;
        while (end < count && ost__key_is_given(m, shadows + end * m->stride) == given)
            end++;
        ost_status status =
            ost__insert_run(s, m, given, shadows + start * m->stride, end - start, &failed);
        if (status != OST_OK && failed != SIZE_MAX)
            ost__name_record(s, start + failed);
        if (status != OST_OK && start > 0)
            ost__doom_earlier(s);
        OST_TRY(status);
        start = end;
    }
    return OST_OK;
}

static ost_status run_after(ost_session *s, const ost__model *m, uint8_t *shadows, size_t count,
                            ost_call *call)
{
    for (size_t i = 0; call && i < count; i++) {
        ost__call_aim(call, NULL, NULL);
        ost_status status = ost__run_after(s, call, shadows + i * m->stride);
        if (status != OST_OK) {
            ost__name_record(s, i);
            return status;
        }
    }
    return OST_OK;
}

typedef struct insertion {
    uint8_t *records, *shadows;
    size_t count;
    bool tracked;
    ost_call *call;
} insertion;

static ost_status prepare_all(ost_session *s, const ost__model *m, void *context)
{
    insertion *in = context;
    size_t index;
    const ost__batch *b = ost__tracked(s, in->records, &index);
    in->tracked = b;
    ost__fill_shadows(m, in->shadows, in->records, in->count);
    OST_TRY(ost__call_for(s, m, OST__CALLS_WRITE, OST_CALL_INSERT, &in->call));
    return prepare(s, m, in->shadows, in->records, in->count, in->call);
}

static ost_status store_all(ost_session *s, const ost__model *m, void *context)
{
    const insertion *in = context;
    OST_TRY(in->tracked ? insert_tracked(s, m, in->shadows, in->records, in->count)
                        : insert_runs(s, m, in->shadows, in->count));
    OST_TRY(run_after(s, m, in->shadows, in->count, in->call));
    for (size_t i = 0; in->tracked && in->call && i < in->count; i++)
        memcpy(in->records + i * m->size, in->shadows + i * m->stride, m->size);
    return OST_OK;
}

static ost_status insert_many(ost_session *s, const ost_model *m, size_t record_size, void *records,
                              size_t count)
{
    static const ost__steps steps = { prepare_all, store_all, OST__ALWAYS_WHOLE };
    size_t size;
    const ost__model *model = ost__session_record_model(s, m, record_size, count > 0 ? records : s);
    if (!model)
        return (ost_status)s->error.status;
    OST_TRY(ost__unit_check(s));
    if (count == 0)
        return OST_OK;
    if (!ost__size_mul(count, model->stride, &size))
        return ost__fail(s, OST_TOO_LARGE, "%zu records of %s are too many", count,
                         model->table.model);
    uint8_t *shadows = ost__alloc(&s->db->memory, size);
    if (!shadows)
        return ost__no_memory(s);
    insertion in = { .records = records, .shadows = shadows, .count = count };
    ost_status status = ost__run_steps(s, model, &steps, &in);
    for (size_t i = 0; i < count && status == OST_OK && !in.tracked; i++)
        ost__insert_write_back(model, in.records + i * model->size, shadows + i * model->stride);
    ost__free(&s->db->memory, shadows, size);
    return status;
}

ost_status ost_session_insert_many(ost_session *s, const ost_model *m, size_t record_size,
                                   void *records, size_t count)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    return ost__leave(s, insert_many(s, m, record_size, records, count));
}
