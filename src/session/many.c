/* SPDX-License-Identifier: MIT */
/* Many records as one unit: prepared as shadows, inserted in runs, and written back only once all
 * are stored. */
#include "session/write.h"

#include <string.h>

#include "base/error.h"

ost_status ost__add_failures(ost_session *s, const ost__model *m, size_t index, ost_status status,
                             ost_error **all)
{
    ost_failure f;
    if (status != OST_INVALID && status != OST_RANGE)
        return ost__refused(s, m, status);
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

/* Every record is checked before anything is sent; a failure's path names the record. Those of the
 * session are prepared one by one afterwards. */
static ost_status prepare(ost_session *s, const ost__model *m, uint8_t *shadows,
                          const uint8_t *records, size_t count, bool tracked)
{
    ost__rules rules = ost__rules_of(s, m, NULL);
    ost_error *all = NULL;
    rules.checks_only = tracked;
    for (size_t i = 0; i < count; i++) {
        if (tracked)
            rules.stored = ost__stored_of(s, m, records + i * m->size);
        ost_status status = ost__rules_insert(m, shadows + i * m->size, &rules);
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
static ost_status insert_tracked(ost_session *s, const ost__model *m, uint8_t *records,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ost_status status = ost__insert_record(s, m, records + i * m->size);
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
        bool given = ost__key_is_given(m, shadows + start * m->size);
        size_t end = start + 1, failed = SIZE_MAX;
        while (end < count && ost__key_is_given(m, shadows + end * m->size) == given)
            end++;
        ost_status status =
            ost__insert_run(s, m, given, shadows + start * m->size, end - start, &failed);
        if (status != OST_OK && failed != SIZE_MAX)
            ost__name_record(s, start + failed);
        if (status != OST_OK && start > 0)
            ost__doom_earlier(s);
        OST_TRY(status);
        start = end;
    }
    return OST_OK;
}

static ost_status store(ost_session *s, const ost__model *m, uint8_t *shadows, uint8_t *records,
                        size_t count)
{
    size_t index;
    bool own_unit = s->unit_count == 0, tracked = ost__tracked(s, records, &index);
    memcpy(shadows, records, count * m->size);
    OST_TRY(prepare(s, m, shadows, records, count, tracked));
    if (own_unit)
        OST_TRY(ost__unit_begin(s, NULL));
    ost_status status =
        tracked ? insert_tracked(s, m, records, count) : insert_runs(s, m, shadows, count);
    if (own_unit && status == OST_OK)
        status = ost__unit_commit(s);
    else if (own_unit)
        ost__unit_rollback(s);
    OST_TRY(status);
    for (size_t i = 0; i < count && !tracked; i++)
        ost__insert_write_back(m, records + i * m->size, shadows + i * m->size);
    return OST_OK;
}

static ost_status insert_many(ost_session *s, const ost_model *m, size_t record_size, void *records,
                              size_t count)
{
    size_t size;
    const ost__model *model = ost__session_record_model(s, m, record_size, count > 0 ? records : s);
    if (!model)
        return (ost_status)s->error.status;
    OST_TRY(ost__unit_check(s));
    if (count == 0)
        return OST_OK;
    if (!ost__size_mul(count, model->size, &size))
        return ost__fail(s, OST_TOO_LARGE, "%zu records of %s are too many", count,
                         model->table.model);
    uint8_t *shadows = ost__alloc(&s->db->memory, size);
    if (!shadows)
        return ost__no_memory(s);
    ost_status status = store(s, model, shadows, records, count);
    for (uint32_t attempt = 1; ost__unit_repeats(s, &status, attempt); attempt++)
        status = store(s, model, shadows, records, count);
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
