/* SPDX-License-Identifier: MIT */
/*
 * One record is found, changed and given back in one step. As it is afterwards, it comes from the
 * update itself. As it was before, only some databases tell; elsewhere it is read and locked first.
 */
#include "session/write.h"

#include "base/error.h"
#include "session/hook.h"

typedef struct work {
    ost_session *session;
    const ost__query *query;
    const ost__section *changes;
    uint16_t flags; /* of the update */
    void *row;
    size_t count;
} work;

/* The update gives the record back. */
static ost_status in_one_step(work *w)
{
    ost_session *s = w->session;
    const ost__model *m = w->query->model;
    const ost__ask ask = {
        .kind = OST_DO_UPDATE, .changes = w->changes, .returns = true, .limited = true, .limit = 1
    };
    ost__statement st;
    ost__run r;
    ost_status status = ost__query_assemble(w->query, &ask, &s->scratch, &st, &s->error);
    if (status != OST_OK)
        return ost__refused(s, m, status);
    status = ost__run_begin(&r, s, &st);
    if (status == OST_OK) {
        r.op.flags |= w->flags;
        status = ost__run_rows(&r, true, &w->row, &w->count);
    }
    ost__run_end(&r);
    if (status != OST_OK)
        return ost__constraint_failed(s, m, status);
    return m->calls & OST__CALLS_LOAD ? ost__run_loaded(s, m, w->row, w->count, &m->all) : OST_OK;
}

/* ---- where the state before must be read ---- */

static ost_status read_locked(work *w)
{
    ost_session *s = w->session;
    const ost__model *m = w->query->model;
    const ost__ask write = { .kind = OST_DO_UPDATE, .changes = w->changes };
    const ost__ask ask = { .kind = OST_DO_SELECT, .limited = true, .limit = 1, .result = m };
    ost__query locked = *w->query;
    ost__statement st;
    /* What no update may be asked, this may not either. */
    ost_status status = ost__query_assemble(w->query, &write, &s->scratch, &st, &s->error);
    locked.lock = OST_LOCK_UPDATE;
    if (status == OST_OK)
        status = ost__query_assemble(&locked, &ask, &s->scratch, &st, &s->error);
    if (status != OST_OK)
        return ost__refused(s, m, status);
    OST_TRY(ost__may_lock(s, m, OST_LOCK_UPDATE));
    return ost__select(s, &st, true, &w->row, &w->count);
}

static ost_status change_row(work *w)
{
    ost_session *s = w->session;
    const ost__model *m = w->query->model;
    ost__section where = { 0 };
    const ost__parts parts = { .kind = OST_DO_UPDATE,
                               .among = OST__WITH_DELETED,
                               .model = m,
                               .changes = w->changes,
                               .where = &where };
    ost__statement st;
    ost__run r;
    OST_TRY(ost__put_equal(s, m, m->table.keys, m->table.key_count, &where));
    if (!ost__statement_join(&parts, &s->scratch, &st))
        return ost__no_memory(s);
    ost_status status = ost__run_begin(&r, s, &st);
    if (status == OST_OK) {
        r.op.records = w->row;
        r.op.record_count = 1;
        r.op.record_stride = m->size;
        status = ost__run_go(&r, NULL);
    }
    ost__run_end(&r);
    return status == OST_OK ? OST_OK : ost__constraint_failed(s, m, status);
}

static ost_status in_two_steps(work *w)
{
    ost_session *s = w->session;
    bool own = s->unit_count == 0;
    if (own)
        OST_TRY(ost__unit_begin(s, NULL));
    ost_status status = read_locked(w);
    if (status == OST_OK && w->count > 0)
        status = change_row(w);
    if (own && status == OST_OK)
        return ost__unit_commit(s);
    if (own)
        ost__unit_rollback(s);
    return status;
}

/* ---- all of it ---- */

static ost_status returns_before(ost_session *s, bool *yes)
{
    OST_TRY(ost__session_lease(s));
    *yes = s->lease->capabilities.abilities >> OST_CAN_RETURN_BEFORE & 1;
    ost__session_unlease(s, true);
    return OST_OK;
}

static ost_status find_and_update(ost_session *s, const ost__query *q, const ost_model *m,
                                  size_t record_size, uint16_t returned,
                                  const ost_expr *const *list, void **row)
{
    ost__section changes = { 0 };
    work w = { .session = s, .query = q, .changes = &changes };
    bool one_step = true;
    OST_TRY(ost__unit_check(s));
    const ost__model *model = ost__session_record_model(s, m, record_size, s);
    if (!model)
        return (ost_status)s->error.status;
    if (model != q->model)
        return ost__fail(s, OST_MISUSE, "a query over %s finds and updates no %s",
                         q->model->table.model, model->table.model);
    if (returned > OST_RETURN_OLD)
        return ost__fail(s, OST_MISUSE,
                         "a record is given back as OST_RETURN_NEW or as "
                         "OST_RETURN_OLD");
    OST_TRY(ost__encode_changes(s, model, list, &changes));
    if (returned == OST_RETURN_OLD) {
        w.flags = OST_FLAG_BEFORE;
        OST_TRY(returns_before(s, &one_step));
    }
    ost_status status = one_step ? in_one_step(&w) : in_two_steps(&w);
    for (uint32_t attempt = 1; ost__unit_repeats(s, &status, attempt); attempt++)
        status = one_step ? in_one_step(&w) : in_two_steps(&w);
    OST_TRY(status);
    *row = w.row;
    return w.count > 0 ? OST_OK : ost__not_found(s, model);
}

void *ost_query_find_and_update(ost_query *handle, const ost_model *m, size_t record_size,
                                uint16_t returned, const ost_expr *const *changes)
{
    ost_session *s;
    void *row = NULL;
    ost__query *q = ost__enter_query(handle, &s);
    if (!q) {
        if (s)
            ost__leave(s, (ost_status)s->error.status);
        return NULL;
    }
    ost_status status = find_and_update(s, q, m, record_size, returned, changes, &row);
    return ost__leave(s, status) == OST_OK ? row : NULL;
}
