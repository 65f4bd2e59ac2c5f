/* SPDX-License-Identifier: MIT */
/* Deleting in either way and restoring, of single records and by query. A soft delete is an update
 * that stamps a member: what every update sets is set with it. */
#include "session/write.h"

#include "base/error.h"
#include "model/convert.h"

static ost_status no_soft_deletes(ost_session *s, const ost__model *m)
{
    ost__fail(
        s, OST_MISUSE,
        "%s cannot be restored: it has no member with .stamp = OST_ON_DELETE, so that what is "
        "deleted is gone",
        m->table.model);
    return ost__refused(s, m, OST_MISUSE);
}

/* No record of those has this key. */
static ost_status none(ost_session *s, const ost__model *m, const char *those)
{
    ost__fail(s, OST_NOT_FOUND, "no %s%s has this key", those, m->table.model);
    ost__error_about(&s->error, m->table.model, NULL);
    s->error.nothing_sent = 0;
    return OST_NOT_FOUND;
}

/* ---- single records ---- */

/* Writes a shadow with the stamp, or without it, among those records that it is to be changed
 * among. A record of the session follows with its snapshot; one of the program's own is given what
 * the library set. */
static ost_status write_stamp(ost_session *s, const ost__model *m, void *record, bool deleted,
                              int64_t *matched)
{
    const ost__rules rules = ost__rules_of(s, m, NULL);
    const ost_field *f = m->table.deleted;
    const enum ost__among among = deleted ? OST__LIVING : OST__DELETED;
    const ost_value stamp = deleted ? ost__rules_stamp(f, rules.now) : (ost_value){ 0 };
    ost__field_set which = { { 0 } };
    ost__by_key out;
    size_t index;
    uint8_t *shadow = ost__shadow_of(s, m, record);
    if (!shadow)
        return OST_NO_MEMORY;
    ost__member_store(f, shadow, &stamp);
    ost__field_set_add(&which, ost__field_index(m, f));
    ost_status status = ost__rules_update(m, shadow, &which, &rules);
    if (status != OST_OK)
        return ost__refused(s, m, status);
    ost__batch *b = ost__tracked(s, record, &index);
    if (b && b->model == m && b->snapshot) {
        uint8_t *snapshot = ost__snapshot(s, b, index);
        if (!snapshot)
            return (ost_status)s->error.status;
        OST_TRY(ost__check_version(s, b, snapshot));
        OST_TRY(
            ost__update_tracked(s, b, record, snapshot, shadow, &which, &which, among, matched));
        return *matched == 0 && m->version ? ost__stale(s, m) : OST_OK;
    }
    OST_TRY(ost__run_by_key(s, m, &which, among, OST__ANY_VERSION, shadow, 1, &out));
    *matched = out.matched;
    for (uint32_t i = ost__field_set_next(&which, m, 0); *matched > 0 && i < m->table.field_count;
         i = ost__field_set_next(&which, m, i + 1))
        if (&m->fields[i] != m->version)
            ost__member_copy(&m->fields[i], record, shadow);
    return OST_OK;
}

ost_status ost__soft_delete(ost_session *s, const ost__model *m, void *record)
{
    int64_t matched = 0;
    OST_TRY(write_stamp(s, m, record, true, &matched));
    return matched == 0 ? none(s, m, "living ") : OST_OK;
}

static ost_status restore(ost_session *s, const ost_model *m, size_t record_size, void *record)
{
    int64_t matched = 0;
    const ost__model *model = ost__session_record_model(s, m, record_size, record);
    if (!model)
        return (ost_status)s->error.status;
    OST_TRY(ost__unit_check(s));
    if (!model->table.deleted)
        return no_soft_deletes(s, model);
    OST_TRY(write_stamp(s, model, record, false, &matched));
    return matched == 0 ? none(s, model, "deleted ") : OST_OK;
}

static ost_status purge(ost_session *s, const ost_model *m, size_t record_size, void *record)
{
    const ost__model *model = ost__session_record_model(s, m, record_size, record);
    if (!model)
        return (ost_status)s->error.status;
    return ost__delete_record(s, model, record, ost__erase_record);
}

ost_status ost_session_restore(ost_session *s, const ost_model *m, size_t record_size, void *record)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    return ost__leave(s, restore(s, m, record_size, record));
}

ost_status ost_session_purge(ost_session *s, const ost_model *m, size_t record_size, void *record)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    return ost__leave(s, purge(s, m, record_size, record));
}

/* ---- by query ---- */

static ost_status purge_all(ost_session *s, const ost__query *q, int64_t *count)
{
    return ost__write_all(s, q, &(ost__ask){ .kind = OST_DO_DELETE }, count);
}

/* What is deleted already keeps the time at which it was. */
static ost_status delete_all(ost_session *s, const ost__query *q, int64_t *count)
{
    ost__section changes = { 0 };
    const ost__ask ask = {
        .kind = OST_DO_UPDATE, .changes = &changes, .fixed = true, .among = OST__LIVING
    };
    if (!q->model->table.deleted)
        return purge_all(s, q, count);
    OST_TRY(ost__deletion(s, q->model, true, &changes));
    return ost__write_all(s, q, &ask, count);
}

static ost_status restore_all(ost_session *s, const ost__query *q, int64_t *count)
{
    ost__section changes = { 0 };
    const ost__ask ask = {
        .kind = OST_DO_UPDATE, .changes = &changes, .fixed = true, .among = OST__DELETED
    };
    if (!q->model->table.deleted)
        return no_soft_deletes(s, q->model);
    OST_TRY(ost__deletion(s, q->model, false, &changes));
    return ost__write_all(s, q, &ask, count);
}

typedef ost_status by_query(ost_session *s, const ost__query *q, int64_t *count);

static ost_status run_by_query(ost_query *handle, by_query *run, int64_t *count)
{
    ost_session *s;
    int64_t n = 0;
    ost__query *q = ost__enter_query(handle, &s);
    if (count)
        *count = 0;
    if (!q)
        return s ? ost__leave(s, (ost_status)s->error.status) : ost__query_unentered(handle);
    ost_status status = ost__unit_check(s);
    if (status == OST_OK)
        status = run(s, q, &n);
    if (count && status == OST_OK)
        *count = n;
    return ost__leave(s, status);
}

ost_status ost_delete_all(ost_query *q, int64_t *deleted)
{
    return run_by_query(q, delete_all, deleted);
}

ost_status ost_restore_all(ost_query *q, int64_t *restored)
{
    return run_by_query(q, restore_all, restored);
}

ost_status ost_purge_all(ost_query *q, int64_t *purged)
{
    return run_by_query(q, purge_all, purged);
}
