/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <string.h>

#include "base/error.h"
#include "model/member.h"
#include "query/expr.h"
#include "session/hook.h"
#include "session/image.h"
#include "session/write.h"

enum { KEY_FEW = 4 };

ost_status ost__query_status(ost_session *s, const ost__query *q)
{
    if (q->status == OST_OK)
        return OST_OK;
    if (q->error)
        memcpy(&s->error, q->error, sizeof(s->error));
    else
        ost__no_memory(s);
    s->error.nothing_sent = 1;
    return (ost_status)s->error.status;
}

ost_status ost__query_unentered(const ost_query *handle)
{
    const ost__query *q = handle ? ost__query_slot(handle) : NULL;
    return q && !q->session && q->status != OST_OK ? (ost_status)q->status : OST_MISUSE;
}

OST__HOT ost__query *ost__enter_query(ost_query *handle, ost_session **s)
{
    ost__query *q = handle ? ost__query_slot(handle) : NULL;
    *s = NULL;
    if (!q || !q->session || !ost__enter(q->session))
        return NULL;
    *s = q->session;
    if (!ost__query_is(q, handle)) {
        ost__fail(*s, OST_MISUSE,
                  "a query is used after the session was cleared or released; build it anew");
        return NULL;
    }
    return ost__query_status(*s, q) == OST_OK ? q : NULL;
}

OST__HOT ost_status ost__may_lock(ost_session *s, const ost__model *m, uint16_t mode)
{
    ost_status status = OST_OK;
    if (mode == OST_LOCK_NONE)
        return OST_OK;
    if (s->unit_count == 0 || s->read_only || s->units[0].read_only) {
        ost__fail(s, OST_MISUSE,
                  "a query over %s locks rows, which is possible only inside a transaction that "
                  "is not read-only: a lock lasts as long as its transaction",
                  m->table.model);
        return ost__refused(s, m, OST_MISUSE);
    }
    OST_TRY(ost__unit_check(s));
    OST_TRY(ost__session_lease(s));
    const ost_capabilities *caps = &s->lease->capabilities;
    if (mode == OST_LOCK_UPDATE_SKIP && !(caps->abilities >> OST_CAN_SKIP_LOCKED & 1))
        status = ost__fail(s, OST_UNSUPPORTED,
                           "a query over %s skips locked rows, which %s cannot; use "
                           "OST_LOCK_UPDATE",
                           m->table.model, caps->server_name);
    ost__session_unlease(s, true);
    return status == OST_OK ? OST_OK : ost__refused(s, m, status);
}

/* ---- running selects ---- */

OST__HOT ost_status ost__run_rows(ost__run *r, bool track, void **rows, size_t *count)
{
    ost_session *s = r->session;
    ost__plan *plan = r->plan;
    const ost__compiled *c = &plan->compiled;
    ost__sink sink;
    ost__arena_mark before = ost__arena_mark_now(&s->records);
    if (!ost__sink_begin(&sink, &s->records, &s->db->memory, c->rows,
                         atomic_load_explicit(&plan->row_hint, memory_order_relaxed), 0))
        return ost__no_memory(s);
    ost_status status = ost__run_go(r, &sink.base);
    if (status != OST_OK) {
        ost__sink_abandon(&sink);
        ost__arena_release(&s->records, before);
        return status;
    }
    *rows = ost__sink_finish(&sink, count);
    if (!*rows) {
        ost__arena_release(&s->records, before);
        return ost__after_sending(s, ost__no_memory(s));
    }
    if (c->images && c->images->converted_count > 0) {
        status = ost__images_load(s, c->images, *rows, *count, &c->loaded, &s->records);
        if (status != OST_OK && (r->op.flags & OST_FLAG_WRITES))
            ost__unit_doom(s);
        if (status != OST_OK) {
            ost__arena_release(&s->records, before);
            return status;
        }
    }
    if (*count != atomic_load_explicit(&plan->row_hint, memory_order_relaxed))
        atomic_store_explicit(&plan->row_hint, (unsigned)(*count < UINT32_MAX ? *count : 1),
                              memory_order_relaxed);
    if (!track)
        return OST_OK;
    if (!c->tracks || *count == 0 || s->read_only) {
        if (c->images)
            ost__images_pack(c->images, *rows, *count);
        return OST_OK;
    }
    ost__batch *b = ost__track(s, c->model, *rows, *count, true, &c->loaded);
    if (!b) {
        ost__arena_release(&s->records, before);
        return ost__after_sending(s, ost__no_memory(s));
    }
    b->mixed = c->mixed;
    return OST_OK;
}

OST__HOT ost_status ost__select(ost_session *s, const ost__statement *st, bool track, void **rows,
                                size_t *count)
{
    ost__run r;
    const ost__model *calls = NULL;
    ost__field_set loaded;
    ost_status status = ost__run_begin(&r, s, st);
    if (status == OST_OK)
        status = ost__run_rows(&r, track, rows, count);
    if (status == OST_OK && track && r.plan->compiled.tracks &&
        (r.plan->compiled.model->calls & OST__CALLS_LOAD)) {
        calls = r.plan->compiled.model;
        loaded = r.plan->compiled.loaded;
    }
    ost__run_end(&r);
    return calls ? ost__run_loaded(s, calls, *rows, *count, &loaded) : status;
}

/* ---- by key ---- */

ost_status ost__assemble_key(ost_session *s, const ost__model *m, enum ost__among among,
                             const ost__section *conditions, const ost_value *key, size_t count,
                             ost__statement *out)
{
    const ost__encoder enc = { .models = s->db->models,
                               .root = m,
                               .arena = &s->scratch,
                               .error = &s->error,
                               .context = s->context };
    ost__section where = { 0 };
    if (conditions)
        where = *conditions;
    OST_TRY(ost__encode_key(&enc, &where, key, count));
    const ost__parts parts = {
        .kind = OST_DO_SELECT,
        .model = m,
        .where = &where,
        .among = (uint16_t)among,
        .flags = OST__SHAPE_RECORDS,
    };
    return ost__statement_join(&parts, &s->scratch, out) ? OST_OK : ost__no_memory(s);
}

ost_status ost__not_found(ost_session *s, const ost__model *m)
{
    ost__fail(s, OST_NOT_FOUND, "no %s was found", m->table.model);
    ost__error_about(&s->error, m->table.model, NULL);
    s->error.nothing_sent = 0;
    return OST_NOT_FOUND;
}

/* The common way to the plan of a get; it is kept, so that the next time it is ready. */
static ost_status begin_get(ost__run *r, ost_session *s, const ost__model *m, enum ost__among among,
                            const ost_value *key, size_t key_count)
{
    ost__statement st;
    OST_TRY(ost__assemble_key(s, m, among, NULL, key, key_count, &st));
    OST_TRY(ost__run_begin(r, s, &st));
    if (among == OST__LIVING)
        ost__record_plan_keep(s->db->plans, m, OST__RECORD_GET, NULL, r->plan, &st);
    return OST_OK;
}

/* The same within the default scope of the model, which may differ from call to call. */
static ost_status begin_scoped(ost__run *r, ost_session *s, const ost__model *m,
                               enum ost__among among, const ost_value *key, size_t key_count)
{
    ost__query *q;
    ost__statement st;
    ost_status status = ost__session_scoped_query(s, m, &q);
    if (status == OST_OK)
        status = ost__assemble_key(s, m, among, &q->scope_where, key, key_count, &st);
    ost__session_drop_query(s, q);
    return status == OST_OK ? ost__run_begin(r, s, &st) : status;
}

/* Puts the key's values into a copy of a ready plan's parameters. OST_UNSUPPORTED: the plan is for
 * values of other kinds. */
static ost_status fill_key(ost_session *s, const ost__model *m, const ost__record_plan *ready,
                           const ost_value *key, ost_parameter *parameters)
{
    for (uint32_t i = 0; i < ready->parameter_count; i++) {
        const ost_field *f = m->table.keys[i];
        parameters[i] = ready->parameters[i];
        parameters[i].value = key[i];
        /* The usual key holds every value of its kind. */
        if (f->type == OST_TYPE_INT64 && !f->values && key[i].type == OST_TYPE_INT64)
            continue;
        const ost__operand type = ost__operand_of_field(f);
        uint16_t op = OST_OP_EQ;
        enum ost__folded folded = ost__fold(&type, &op, &parameters[i].value);
        if (folded == OST__FOLD_NEVER)
            return OST_NOT_FOUND;
        if (folded != OST__FOLD_VALUE || parameters[i].value.type != parameters[i].type)
            return OST_UNSUPPORTED;
    }
    (void)s;
    return OST_OK;
}

static ost_status begin_key(ost__run *r, ost_session *s, const ost__model *m, enum ost__among among,
                            const ost_value *key, size_t key_count, ost_parameter parameters[])
{
    const ost__record_plan *ready;
    if (among != OST__LIVING || m->source->default_scope) {
        ost__run_start(r, s);
        return m->source->default_scope ? begin_scoped(r, s, m, among, key, key_count)
                                        : begin_get(r, s, m, among, key, key_count);
    }
    OST_TRY(ost__run_begin_record(r, s, m, OST__RECORD_GET, NULL, &ready));
    if (ready) {
        ost_status status = fill_key(s, m, ready, key, parameters);
        r->op.parameters = parameters;
        if (status != OST_UNSUPPORTED)
            return status;
    }
    return begin_get(r, s, m, among, key, key_count);
}

OST__HOT static ost_status get(ost_session *s, const ost_model *m, size_t record_size,
                               enum ost__among among, const ost_value *key, size_t key_count,
                               void **row)
{
    ost_parameter few[KEY_FEW], *parameters = few;
    ost__run r;
    size_t count = 0;
    const ost__model *model = ost__session_record_model(s, m, record_size, key);
    if (!model)
        return (ost_status)s->error.status;
    if (key_count != model->table.key_count)
        return ost__fail(s, OST_MISUSE,
                         "the key of %s has %u members, %zu were given; use ost_find",
                         model->table.model, model->table.key_count, key_count);
    if (key_count > KEY_FEW)
        parameters =
            ost__arena_alloc(&s->scratch, key_count * sizeof(*parameters), _Alignof(ost_parameter));
    if (!parameters)
        return ost__no_memory(s);
    ost_status status = begin_key(&r, s, model, among, key, key_count, parameters);
    r.op.flags |= OST_FLAG_SINGLE;
    if (status == OST_OK)
        status = ost__run_rows(&r, true, row, &count);
    else if (status == OST_NOT_FOUND)
        status = OST_OK;
    ost__run_end(&r);
    OST_TRY(status);
    if (count == 0)
        return ost__not_found(s, model);
    return model->calls & OST__CALLS_LOAD ? ost__run_loaded(s, model, *row, 1, &model->all)
                                          : OST_OK;
}

OST__HOT void *ost_session_get(ost_session *s, const ost_model *m, size_t record_size,
                               const ost_value *key, size_t key_count)
{
    void *row = NULL;
    if (!ost__enter(s))
        return NULL;
    ost_status status = get(s, m, record_size, OST__LIVING, key, key_count, &row);
    return ost__leave(s, status) == OST_OK ? row : NULL;
}

void *ost_session_get_with_deleted(ost_session *s, const ost_model *m, size_t record_size,
                                   const ost_value *key, size_t key_count)
{
    void *row = NULL;
    if (!ost__enter(s))
        return NULL;
    ost_status status = get(s, m, record_size, OST__WITH_DELETED, key, key_count, &row);
    return ost__leave(s, status) == OST_OK ? row : NULL;
}

/* ---- queries ---- */

OST__HOT static ost_status select_query(ost_session *s, const ost__query *q, const ost__ask *ask,
                                        void **rows, size_t *count)
{
    ost__statement st;
    OST_TRY(ost__may_lock(s, q->model, q->lock));
    ost_status status = ost__query_assemble(q, ask, &s->scratch, &st, &s->error);
    if (status != OST_OK) {
        s->error.nothing_sent = 1;
        return status;
    }
    return ost__select(s, &st, true, rows, count);
}

static ost_status ask_rows(ost_session *s, const ost__query *q, const ost_model *m,
                           size_t record_size, ost__ask *ask, void **rows, size_t *count)
{
    ask->kind = OST_DO_SELECT;
    ask->result = ost__session_model(s, m, record_size);
    if (!ask->result)
        return (ost_status)s->error.status;
    return select_query(s, q, ask, rows, count);
}

OST__HOT void *ost_query_all(ost_query *handle, const ost_model *m, size_t record_size,
                             size_t *count)
{
    ost_session *s;
    ost__ask ask = { 0 };
    void *rows = NULL;
    size_t n = 0;
    ost__query *q = ost__enter_query(handle, &s);
    ost_status status = q ? ask_rows(s, q, m, record_size, &ask, &rows, &n) : OST_MISUSE;
    if (count)
        *count = status == OST_OK ? n : 0;
    if (s)
        ost__leave(s, status);
    return status == OST_OK ? rows : NULL;
}

static ost_status only_row(ost_session *s, const ost__model *m, size_t count)
{
    if (count == 0)
        return ost__not_found(s, m);
    if (count == 1)
        return OST_OK;
    ost__fail(s, OST_RANGE, "more than one %s meets the condition", m->table.model);
    ost__error_about(&s->error, m->table.model, NULL);
    s->error.nothing_sent = 0;
    return OST_RANGE;
}

static void *limited_row(ost_query *handle, const ost_model *m, size_t record_size, int64_t limit)
{
    ost_session *s;
    ost__ask ask = { .limited = true, .limit = limit };
    void *rows = NULL;
    size_t count = 0;
    ost__query *q = ost__enter_query(handle, &s);
    ost_status status = q ? ask_rows(s, q, m, record_size, &ask, &rows, &count) : OST_MISUSE;
    if (status == OST_OK)
        status = only_row(s, ask.result, limit == 1 && count > 0 ? 1 : count);
    if (s)
        ost__leave(s, status);
    return status == OST_OK ? rows : NULL;
}

void *ost_query_first(ost_query *handle, const ost_model *m, size_t record_size)
{
    return limited_row(handle, m, record_size, 1);
}

void *ost_query_one(ost_query *handle, const ost_model *m, size_t record_size)
{
    return limited_row(handle, m, record_size, 2);
}

void *ost_session_find(ost_session *s, const ost_model *m, size_t record_size,
                       const ost_expr *const *conditions)
{
    ost_query *q = ost_session_from(s, m, record_size);
    size_t count = ost__expr_arg_count(conditions);
    if (count == 0 || count == SIZE_MAX)
        ost_where(q, NULL);
    for (size_t i = 0; i < count && count != SIZE_MAX; i++)
        ost_where(q, conditions[i]);
    return ost_query_one(q, m, record_size);
}

/* A count, an existence or an aggregate is one row, whatever a driver says. */
static ost_status single_row(ost_session *s, const void *rows, size_t count)
{
    if (rows && count == 1)
        return OST_OK;
    ost__fail(s, OST_DRIVER_ERROR, "%zu rows came back where one was asked for", count);
    return OST_DRIVER_ERROR;
}

ost_status ost__count(ost_session *s, const ost__query *q, int64_t *count)
{
    const ost__ask ask = { .kind = OST_DO_SELECT, .wrap = OST_WRAP_COUNT };
    void *rows = NULL;
    size_t n = 0;
    OST_TRY(select_query(s, q, &ask, &rows, &n));
    OST_TRY(single_row(s, rows, n));
    memcpy(count, rows, sizeof(*count));
    return OST_OK;
}

static ost_status wrapped(ost_query *handle, uint16_t wrap, void *out, size_t size)
{
    ost_session *s;
    const ost__ask ask = { .kind = OST_DO_SELECT, .wrap = wrap };
    void *rows = NULL;
    size_t count = 0;
    ost__query *q = ost__enter_query(handle, &s);
    if (!q)
        return s ? ost__leave(s, (ost_status)s->error.status) : ost__query_unentered(handle);
    if (!out)
        return ost__leave(s, ost__fail(s, OST_MISUSE, "there is no place for the result"));
    ost_status status = select_query(s, q, &ask, &rows, &count);
    if (status == OST_OK)
        status = single_row(s, rows, count);
    if (status == OST_OK)
        memcpy(out, rows, size);
    return ost__leave(s, status);
}

ost_status ost_count_of(ost_query *q, int64_t *count)
{
    return wrapped(q, OST_WRAP_COUNT, count, sizeof(*count));
}

ost_status ost_exists(ost_query *q, bool *exists)
{
    return wrapped(q, OST_WRAP_EXISTS, exists, sizeof(*exists));
}

static ost_status value_of(ost_session *s, const ost__query *q, const ost_expr *e, ost_value *out)
{
    const ost__ask ask = { .kind = OST_DO_SELECT, .value = e };
    ost__statement st;
    ost__run r;
    void *rows = NULL;
    size_t count = 0;
    if (!e || !out)
        return ost__fail(s, OST_MISUSE,
                         "ost_value_of needs an aggregate and a place for its value");
    ost_status status = ost__query_assemble(q, &ask, &s->scratch, &st, &s->error);
    if (status != OST_OK) {
        s->error.nothing_sent = 1;
        return status;
    }
    status = ost__run_begin(&r, s, &st);
    if (status == OST_OK)
        status = ost__run_rows(&r, false, &rows, &count);
    if (status == OST_OK)
        status = single_row(s, rows, count);
    if (status == OST_OK) {
        const ost__value_cell *cell = rows;
        uint16_t type = r.plan->compiled.value_type;
        *out = cell->value;
        bool pointer = type == OST_TYPE_TEXT || type == OST_TYPE_BLOB;
        bool present = pointer ? cell->value.as.text != NULL : cell->present;
        out->type = present ? type : (uint16_t)OST_TYPE_NONE;
    }
    ost__run_end(&r);
    return status;
}

ost_status ost_value_of(ost_query *handle, const ost_expr *e, ost_value *out)
{
    ost_session *s;
    ost__query *q = ost__enter_query(handle, &s);
    if (!q)
        return s ? ost__leave(s, (ost_status)s->error.status) : ost__query_unentered(handle);
    return ost__leave(s, value_of(s, q, e, out));
}

/* ---- pages ---- */

static void fill_page(ost_page *out, size_t page_size, size_t page, size_t limit, size_t total)
{
    ost_page p = {
        .page = page, .limit = limit, .total = total, .pages = total / limit + (total % limit > 0)
    };
    p.has_next = page < p.pages;
    p.has_previous = page > 1 && total > 0;
    if (out)
        memcpy(out, &p, page_size < sizeof(p) ? page_size : sizeof(p));
}

static ost_status read_page(ost_session *s, const ost__query *q, const ost_model *m,
                            size_t record_size, size_t page, size_t limit, size_t *count,
                            int64_t *total, void **rows)
{
    ost__ask ask = { .limited = true };
    size_t offset;
    if (page == 0 || limit == 0 || limit > INT64_MAX || !ost__size_mul(page - 1, limit, &offset) ||
        offset > INT64_MAX)
        return ost__fail(s, OST_MISUSE, "pages count from 1 and hold at least 1 row");
    if (q->has_limit || q->has_offset)
        return ost__fail(s, OST_MISUSE,
                         "a query that is read by pages has no limit of its own; leave out "
                         "ost_limit and ost_offset");
    OST_TRY(ost__count(s, q, total));
    ask.limit = (int64_t)limit;
    ask.offset = (int64_t)offset;
    return ask_rows(s, q, m, record_size, &ask, rows, count);
}

void *ost_query_page(ost_query *handle, const ost_model *m, size_t record_size, size_t page,
                     size_t limit, size_t *count, ost_page *out, size_t page_size)
{
    ost_session *s;
    void *rows = NULL;
    size_t n = 0;
    int64_t total = 0;
    ost__query *q = ost__enter_query(handle, &s);
    if (count)
        *count = 0;
    if (!s)
        return NULL;
    ost_status status = q ? OST_OK : OST_MISUSE;
    bool own_unit = s->unit_count == 0;
    if (q && own_unit)
        status = ost__unit_begin(s, OST_TRANSACTION(.read_only = true));
    if (status == OST_OK) {
        status = read_page(s, q, m, record_size, page, limit, &n, &total, &rows);
        if (own_unit && status == OST_OK)
            status = ost__unit_commit(s);
        else if (own_unit)
            ost__unit_rollback(s);
    }
    if (status == OST_OK) {
        fill_page(out, page_size, page, limit, (size_t)total);
        if (count)
            *count = n;
    }
    ost__leave(s, status);
    return status == OST_OK ? rows : NULL;
}

const char *ost_render(ost_query *handle)
{
    ost_session *s;
    ost__statement st;
    ost__run r;
    ost__query *q = ost__enter_query(handle, &s);
    const ost__ask ask = { .kind = OST_DO_SELECT };
    const char *text = NULL;
    if (!q) {
        if (s)
            ost__leave(s, OST_MISUSE);
        return NULL;
    }
    ost_status status = ost__query_assemble(q, &ask, &s->scratch, &st, &s->error);
    if (status == OST_OK) {
        status = ost__run_begin(&r, s, &st);
        if (status == OST_OK) {
            const char *plan = s->db->driver.plan_text(r.plan->driver_plan);
            text = ost__arena_text(&s->records, plan, strlen(plan));
            if (!text)
                status = ost__no_memory(s);
        }
        ost__run_end(&r);
    }
    ost__leave(s, status);
    return text;
}
