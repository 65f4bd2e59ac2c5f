/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "model/record_json.h"
#include "query/expr.h"
#include "session/cursor.h"
#include "session/watch.h"

enum { QUERIES_IN_SLAB = 4 };

/* In the child of a fork the parent's sessions are good for nothing but to be closed. */
static bool is_of_this_process(ost_session *s)
{
    if (ost__db_epoch(s->db) == s->epoch)
        return true;
    ost__fail(s, OST_MISUSE, "the session was opened before a fork: open one in the child");
    ost__leave_briefly(s, OST_MISUSE);
    return false;
}

static inline bool enter(ost_session *s)
{
    if (!s || atomic_exchange_explicit(&s->entered, true, memory_order_acquire))
        return false;
    if (s->loan && !ost__loan_is_mine(s->loan)) {
        ost__leave_briefly(s, OST_MISUSE);
        return false;
    }
    return ost__process_is(s->db->process, s->epoch) || is_of_this_process(s);
}

bool ost__enter_briefly(ost_session *s)
{
    return enter(s);
}

ost_status ost__leave_briefly(ost_session *s, ost_status status)
{
    atomic_store_explicit(&s->entered, false, memory_order_release);
    return status;
}

OST__HOT bool ost__enter(ost_session *s)
{
    if (!enter(s))
        return false;
    /* A thread that ended in here would take the connection along. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &s->cancel);
    s->now = s->db->platform.monotonic(s->db->platform.context);
    s->deadline =
        s->timeout_ms == OST_NO_TIMEOUT ? INT64_MAX : s->now + (int64_t)s->timeout_ms * 1000000;
    if (s->unit_count > 0 && s->units[0].deadline < s->deadline)
        s->deadline = s->units[0].deadline;
    if (s->loan && s->loan->deadline < s->deadline)
        s->deadline = s->loan->deadline;
    return true;
}

OST__HOT ost_status ost__leave(ost_session *s, ost_status status)
{
    if (s->callbacks.due)
        ost__callbacks_run(s);
    if (s->scratch.current && s->loan)
        ost__arena_release(&s->scratch, s->loan->scratch);
    else if (s->scratch.current)
        ost__arena_clear(&s->scratch);
    int cancel = s->cancel;
    ost__leave_briefly(s, status);
    pthread_setcancelstate(cancel, NULL);
    return status;
}

ost_status ost__fail(ost_session *s, ost_status status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    ost__error_set_list(&s->error, status, format, list);
    va_end(list);
    s->error.nothing_sent = 1;
    return status;
}

ost_status ost__no_memory(ost_session *s)
{
    return ost__fail(s, OST_NO_MEMORY, "no memory");
}

ost_status ost__after_sending(ost_session *s, ost_status status)
{
    s->error.nothing_sent = 0;
    return status;
}

OST__HOT const ost__model *ost__session_model(ost_session *s, const ost_model *m,
                                              size_t record_size)
{
    const ost__model *found = ost__model_find(s->db->models, m, record_size, &s->error);
    return found;
}

OST__HOT const ost__model *ost__session_record_model(ost_session *s, const ost_model *m,
                                                     size_t record_size, const void *record)
{
    const ost__model *found = ost__session_model(s, m, record_size);
    if (!found)
        return NULL;
    if (found->is_part) {
        ost__fail(s, OST_MISUSE, "%s has no key: it is the shape of a result, not a record",
                  found->table.model);
        return NULL;
    }
    if (!record) {
        ost__fail(s, OST_MISUSE, "a NULL record of %s was given", found->table.model);
        ost__error_about(&s->error, found->table.model, NULL);
        return NULL;
    }
    return found;
}

/* ---- opening and closing ---- */

ost_status ost_session_open(ost_db *db, const ost_session_options *options, ost_session **out,
                            ost_error *error)
{
    ost_session_options o = { 0 };
    if (out)
        *out = NULL;
    if (!db || !out)
        return ost__error_set(
            error, OST_MISUSE,
            "ost_session_open needs an open database and a place for the session");
    if (options && options->struct_size == 0)
        return ost__error_set(error, OST_MISUSE,
                              "the options' struct_size is 0; write them with OST_SESSION(…)");
    if (options)
        memcpy(&o, options, options->struct_size < sizeof(o) ? options->struct_size : sizeof(o));
    if (!ost__db_retain(db))
        return ost__error_set(error, OST_MISUSE, "ost_session_open on a database that is closed");
    ost_session *s = ost__alloc_zeroed(&db->memory, sizeof(*s));
    if (!s) {
        ost__db_release(db);
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a session");
    }
    s->db = db;
    s->epoch = ost__db_epoch(db);
    s->read_only = o.read_only;
    s->timeout_ms = o.timeout_ms > 0 ? o.timeout_ms : db->statement_timeout_ms;
    s->doomed = -1;
    s->context = o.context ? o.context : db->event_context;
    atomic_init(&s->entered, false);
    ost__arena_init(&s->records, &db->memory, OST__RECORDS_FIRST);
    ost__arena_init(&s->kept, &db->memory, OST__RECORDS_FIRST);
    ost__arena_init(&s->scratch, &db->memory, OST__SCRATCH_FIRST);
    ost__arena_init(&s->hashes, &db->memory, OST__RECORDS_FIRST);
    s->hashing = (ost__hashing){ .options = &db->passwords,
                                 .platform = &db->platform,
                                 .imported = &s->hashes,
                                 .deadline = &s->deadline };
    ost__arena_init(&s->journal.memory, &db->memory, OST__SCRATCH_FIRST);
#ifndef NDEBUG
    s->records.poison = s->kept.poison = true;
#endif
    *out = s;
    return OST_OK;
}

/* Every query handle given out so far becomes one of an earlier generation. */
/* The slot is free again; the next handle to it is another one. */
static void retire_query(ost_session *s, ost__query *q)
{
    q->live = false;
    q->generation = (uint16_t)((q->generation + 1) % OST__QUERY_SLOT);
    q->next = NULL;
    if (s->free_queries_last)
        s->free_queries_last->next = q;
    else
        s->free_queries = q;
    s->free_queries_last = q;
}

OST__HOT static void retire_queries(ost_session *s, uint64_t from_sequence)
{
    ost__query **at = &s->live_queries;
    while (*at) {
        ost__query *q = *at;
        if (q->sequence < from_sequence) {
            at = &q->next;
            continue;
        }
        *at = q->next;
        retire_query(s, q);
    }
}

OST__HOT ost_status ost_session_clear(ost_session *s)
{
    if (!ost__enter_briefly(s))
        return OST_MISUSE;
    if (s->loan)
        return ost__leave_briefly(s, ost__loan_refuse(s, "ost_session_clear"));
    if (s->unit_count > 0)
        return ost__leave_briefly(
            s,
            ost__fail(s, OST_MISUSE,
                      "ost_session_clear inside a transaction; commit it or roll it back first"));
    if (s->open_cursors > 0)
        return ost__leave_briefly(
            s,
            ost__fail(s, OST_MISUSE, "ost_session_clear while a cursor is open; close it first"));
    if (s->open_watchers > 0)
        return ost__leave_briefly(
            s, ost__fail(s, OST_MISUSE,
                         "ost_session_clear while a watcher is open; close it first, or release a "
                         "mark"));
    retire_queries(s, 0);
    ost__cursors_retire(s, 0);
    ost__arena_clear(&s->records);
    ost__arena_clear(&s->kept);
    ost__arena_clear(&s->hashes);
    s->marks = NULL;
    return ost__leave_briefly(s, OST_OK);
}

/* In the child of a fork nothing is sent for the parent's sessions: the pool let go of their
 * connections. */
static bool enter_to_close(ost_session *s)
{
    if (ost__enter(s)) {
        ost_deadline end = s->now + (int64_t)OST__END_MS * 1000000;
        s->deadline = s->deadline < end ? s->deadline : end;
        return true;
    }
    if (ost__db_epoch(s->db) == s->epoch || atomic_exchange(&s->entered, true))
        return false;
    s->lease = NULL;
    s->unit_count = 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &s->cancel);
    return true;
}

void ost_session_close(ost_session *s)
{
    if (!s || !enter_to_close(s))
        return;
    if (s->loan) {
        ost__leave(s, ost__loan_refuse(s, "ost_session_close"));
        return;
    }
    ost_db *db = s->db;
    int cancel = s->cancel;
    ost__cursors_finish(s);
    ost__watches_finish(s);
    while (s->unit_count > 0)
        ost__unit_rollback(s);
    ost__callbacks_finish(s);
    ost__session_unlease(s, true);
    ost__arena_finish(&s->records);
    ost__arena_finish(&s->kept);
    ost__arena_finish(&s->scratch);
    ost__arena_finish(&s->hashes);
    ost__arena_finish(&s->journal.memory);
    while (s->slabs) {
        ost__slab *slab = s->slabs;
        s->slabs = slab->next;
        ost__free(&db->memory, slab, slab->size);
    }
    ost__free(&db->memory, s, sizeof(*s));
    ost__db_release(db);
    pthread_setcancelstate(cancel, NULL);
}

/* ---- marks ---- */

/* Marks that were not released yet, newest first; each lies in front of the memory that it marks.
 */
struct ost__live_mark {
    struct ost__live_mark *older;
    uint64_t sequence;
};

typedef struct mark {
    const ost_session *session;
    uint64_t sequence;
    ost__arena_mark memory;
} mark;
OST_STATIC_ASSERT(sizeof(mark) <= sizeof(ost_mark), "a mark fits");

OST__HOT uint64_t ost__newest_mark(const ost_session *s)
{
    return s->marks ? s->marks->sequence : 0;
}

OST__HOT ost_mark ost_session_mark(ost_session *s)
{
    ost_mark out = { { 0 } };
    if (!ost__enter_briefly(s))
        return out;
    ost__arena_mark memory = ost__arena_mark_now(&s->records);
    ost__live_mark *live = ost__arena_alloc(&s->records, sizeof(*live), _Alignof(ost__live_mark));
    if (live) {
        *live = (ost__live_mark){ .older = s->marks, .sequence = ++s->sequence };
        s->marks = live;
        const mark m = { .session = s, .sequence = live->sequence, .memory = memory };
        memcpy(&out, &m, sizeof(m));
    } else {
        ost__no_memory(s);
    }
    ost__leave_briefly(s, OST_OK);
    return out;
}

OST__HOT ost_status ost_session_release(ost_session *s, ost_mark given)
{
    mark m;
    if (!ost__enter_briefly(s))
        return OST_MISUSE;
    memcpy(&m, &given, sizeof(m));
    ost__live_mark *live = s->marks;
    while (live && live->sequence != m.sequence)
        live = live->older;
    if (m.session != s || !live)
        return ost__leave_briefly(
            s, ost__fail(s, OST_MISUSE,
                         "the mark is none of this session's, or was released or "
                         "cleared before"));
    if (s->loan && m.sequence <= s->loan->sequence)
        return ost__leave_briefly(s,
                                  ost__loan_refuse(s, "ost_session_release of a mark from before"));
    if (ost__cursors_open_since(s, m.sequence))
        return ost__leave_briefly(
            s, ost__fail(s, OST_MISUSE, "a cursor opened since the mark is still open"));
    if (ost__watches_open_since(s, m.sequence))
        return ost__leave_briefly(
            s, ost__fail(s, OST_MISUSE, "a watcher opened since the mark is still open"));
    retire_queries(s, m.sequence);
    ost__cursors_retire(s, m.sequence);
    s->marks = live->older;
    ost__arena_release(&s->records, m.memory);
    ost__journal_prune(s);
    return ost__leave_briefly(s, OST_OK);
}

/* ---- queries ---- */

static bool add_slab(ost_session *s)
{
    size_t size = sizeof(ost__slab) + (QUERIES_IN_SLAB + 1) * OST__QUERY_SLOT;
    ost__slab *slab = ost__alloc_zeroed(&s->db->memory, size);
    if (!slab)
        return false;
    slab->size = size;
    slab->next = s->slabs;
    s->slabs = slab;
    uintptr_t at = (uintptr_t)(slab + 1);
    at = (at + OST__QUERY_SLOT - 1) & ~(uintptr_t)(OST__QUERY_SLOT - 1);
    for (int i = 0; i < QUERIES_IN_SLAB; i++) {
        ost__query *q = (ost__query *)(at + (uintptr_t)i * OST__QUERY_SLOT);
        q->session = s;
        q->next = s->free_queries;
        if (!s->free_queries)
            s->free_queries_last = q;
        s->free_queries = q;
    }
    return true;
}

/* Never NULL to the program: without memory for a slot there is one to fall back on. */
OST__HOT ost__query *ost__session_new_query(ost_session *s, const ost__model *m)
{
    if (!s->free_queries && !add_slab(s))
        return NULL;
    ost__query *q = s->free_queries;
    s->free_queries = q->next;
    if (!s->free_queries)
        s->free_queries_last = NULL;
    ost__query_begin(q, s, &s->records, s->db->models, m, &s->sequence, &s->scratch_error);
    q->context = s->context;
    q->next = s->live_queries;
    s->live_queries = q;
    return q;
}

ost_status ost__session_scoped_query(ost_session *s, const ost__model *m, ost__query **out)
{
    ost__query *q = ost__session_new_query(s, m);
    *out = q;
    if (!q)
        return ost__no_memory(s);
    q->arena = &s->scratch;
    ost__query_scope(q);
    return ost__query_status(s, q);
}

void ost__session_drop_query(ost_session *s, ost__query *q)
{
    ost__query **at = &s->live_queries;
    if (!q)
        return;
    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
    retire_query(s, q);
}

/* What ost_from() gives when there is no session or another thread inside, or no memory: a query
 * that was never live. */
static _Alignas(OST__QUERY_SLOT) union {
    ost__query query;
    char slot[OST__QUERY_SLOT];
} dead_query, starved_query = { .query = { .status = OST_NO_MEMORY } };

OST__HOT ost_query *ost_session_from(ost_session *s, const ost_model *m, size_t record_size)
{
    if (!ost__enter_briefly(s))
        return ost__query_handle(&dead_query.query);
    const ost__model *model = ost__model_find(s->db->models, m, record_size, &s->scratch_error);
    bool part = model && model->is_part;
    ost__query *q = ost__session_new_query(s, part ? NULL : model);
    if (q && part)
        ost__error_set(&s->scratch_error, OST_MISUSE,
                       "%s has no key: it is the shape of a result, and has no records",
                       model->table.model);
    if (q && (!model || part))
        ost__query_fail(q, OST_MISUSE);
    else if (q && model->source->default_scope)
        ost__query_scope(q);
    if (!q)
        ost__no_memory(s);
    ost__leave_briefly(s, OST_OK);
    return ost__query_handle(q ? q : &starved_query.query);
}

/* ---- errors and small things ---- */

static const ost_error no_session = {
    .status = OST_MISUSE,
    .nothing_sent = 1,
    .message = "there is no session: open one with ost_session_open, and check its status",
};

const ost_error *ost_session_error(const ost_session *s)
{
    return s ? &s->error : &no_session;
}

ost_status ost_fail(ost_session *s, ost_status status, const char *path, const char *format, ...)
{
    va_list list;
    if (!s)
        return OST_MISUSE;
    if (status == OST_OK)
        return ost__fail(s, OST_MISUSE, "ost_fail was given OST_OK");
    va_start(list, format);
    ost__error_set_list(&s->error, status, format, list);
    va_end(list);
    if (path) {
        ost__error_about(&s->error, NULL, path);
        ost__error_add_failure(&s->error, path, "custom", s->error.message);
    }
    return status;
}

ost_time ost_now(ost_session *s)
{
    if (!s)
        return (ost_time){ 0 };
    const ost_platform *p = &s->db->platform;
    return (ost_time){ p->realtime(p->context) };
}

static const char *hand_out(ost_session *s, const char *text, size_t size)
{
    if (!ost__enter_briefly(s))
        return NULL;
    const char *copy = ost__arena_text(&s->records, text, size);
    if (!copy)
        ost__no_memory(s);
    ost__leave_briefly(s, OST_OK);
    return copy;
}

const char *ost_decimal_text(ost_session *s, ost_decimal d)
{
    char text[OST_DECIMAL_TEXT_SIZE];
    return hand_out(s, text, ost_decimal_print(d, text));
}

const char *ost_time_text(ost_session *s, ost_time t)
{
    char text[OST_TIME_TEXT_SIZE];
    return hand_out(s, text, ost_time_print(t, text));
}

const char *ost_date_text(ost_session *s, ost_date d)
{
    char text[OST_DATE_TEXT_SIZE];
    return hand_out(s, text, ost_date_print(d, text));
}

const char *ost_text(ost_session *s, const char *text)
{
    return text ? hand_out(s, text, strlen(text)) : NULL;
}

const ost_expr *ost_keep(ost_session *s, const ost_expr *e)
{
    if (!ost__enter_briefly(s))
        return ost__expr_copy(NULL, NULL);
    const ost_expr *copy = ost__expr_copy(&s->records, e);
    ost__leave_briefly(s, OST_OK);
    return copy;
}

static const ost_expr *keep_list(ost_session *s, uint16_t op, const ost_expr *const *list,
                                 size_t count)
{
    if (!ost__enter_briefly(s))
        return ost__expr_copy(NULL, NULL);
    const ost_expr *copy = ost__expr_copy_list(&s->records, op, list, count);
    ost__leave_briefly(s, OST_OK);
    return copy;
}

const ost_expr *ost_either_list(ost_session *s, const ost_expr *const *list, size_t count)
{
    return keep_list(s, OST_OP_OR, list, count);
}

const ost_expr *ost_both_list(ost_session *s, const ost_expr *const *list, size_t count)
{
    return keep_list(s, OST_OP_AND, list, count);
}
