/* SPDX-License-Identifier: MIT */
/*
 * Watchers. Handles are made as those of cursors. What a watcher has come to is its token; the
 * stream of the server's is but a means, which is opened anew from the token whenever it was lost.
 */
#include "session/image.h"
#include "session/watch.h"

#include <poll.h>
#include <string.h>

#include "base/error.h"

enum {
    WATCH_SLOT = 1024,
    SLOT_SIZE = 2 * WATCH_SLOT,
    TOKEN_MAX = 1 << 20, /* bytes; one holds the key of a record */
    PAUSE_MS = 10,
    PAUSE_MAX_MS = 250
};

typedef struct watcher {
    ost_session *session;
    struct watcher *next; /* of all the session's watchers */
    void *memory;         /* of the slot, unaligned */
    uint16_t generation;
    uint16_t status; /* of what ended it for good */
    bool used;
    bool streaming;   /* the driver has a stream, on the session's connection */
    bool invalidated; /* the stream came to its end */
    uint64_t sequence;
    uint32_t stream, wait_ms;
    ost__statement statement; /* in `keep` */
    const ost__model *model;
    ost__run run; /* of the stream that is open */
    ost__arena keep;
    uint8_t *token;
    size_t token_size, token_capacity;
    ost_error *error; /* of what ended it for good, in `keep` */
} watcher;
OST_STATIC_ASSERT(sizeof(watcher) <= WATCH_SLOT, "a watcher fits its slot");

static watcher *slot_of(const ost_watcher *handle)
{
    return (watcher *)((uintptr_t)handle & ~(uintptr_t)(WATCH_SLOT - 1));
}

static ost_watcher *handle_of(watcher *w)
{
    return (ost_watcher *)(void *)((char *)w + w->generation);
}

static bool is_open(const watcher *w, const ost_watcher *handle)
{
    return w->used && (uintptr_t)handle - (uintptr_t)w == w->generation;
}

static watcher *new_watcher(ost_session *s)
{
    watcher *w = (watcher *)s->watchers;
    while (w && w->used)
        w = w->next;
    if (!w) {
        void *memory = ost__alloc_zeroed(&s->db->memory, SLOT_SIZE);
        if (!memory)
            return NULL;
        size_t pad = ((uintptr_t)0 - (uintptr_t)memory) & (uintptr_t)(WATCH_SLOT - 1);
        w = (watcher *)(void *)((char *)memory + pad);
        w->memory = memory;
        w->session = s;
        w->next = (watcher *)s->watchers;
        s->watchers = (ost_watcher *)(void *)w;
        ost__arena_init(&w->keep, &s->db->memory, OST__SCRATCH_FIRST);
    }
    w->used = true;
    w->streaming = w->invalidated = false;
    w->status = OST_OK;
    w->error = NULL;
    w->token_size = 0;
    w->sequence = ++s->sequence;
    w->stream = ++s->next_stream;
    s->open_watchers++;
    return w;
}

/* ---- tokens ---- */

static ost_status keep_token(ost_session *s, watcher *w, ost_blob token)
{
    if (token.size == 0)
        return OST_OK;
    if (token.size > w->token_capacity) {
        uint8_t *grown = ost__realloc(&s->db->memory, w->token, w->token_capacity, token.size);
        if (!grown)
            return ost__no_memory(s);
        w->token = grown;
        w->token_capacity = token.size;
    }
    memcpy(w->token, token.data, token.size);
    w->token_size = token.size;
    return OST_OK;
}

/* A copy in the session's memory; false: no memory. */
static bool hand_out(ost_session *s, const uint8_t *token, size_t size, ost_blob *out)
{
    uint8_t *copy = size > 0 ? ost__arena_alloc(&s->records, size, 1) : NULL;
    if (size > 0 && !copy)
        return false;
    if (size > 0)
        memcpy(copy, token, size);
    *out = (ost_blob){ .data = copy, .size = size };
    return true;
}

/* ---- the driver's stream ---- */

static void tell(const ost_session *s, const watcher *w, ost_status status, int64_t started,
                 uint32_t round_trips)
{
    ost_db *db = s->db;
    if (!db->on_event)
        return;
    const ost_event event = {
        .struct_size = sizeof(event),
        .kind = OST_EVENT_STATEMENT,
        .status = (uint16_t)status,
        .model = w->model->table.model,
        .text = "(watch)",
        .duration_ns = db->platform.monotonic(db->platform.context) - started,
        .round_trips = round_trips,
    };
    ost__db_event(db, &event);
}

/* The plan and the connection are given back. */
static void end_run(ost_session *s, watcher *w)
{
    w->streaming = false;
    if (w->run.plan)
        ost__run_end(&w->run);
    else
        ost__session_unlease(s, true);
    memset(&w->run, 0, sizeof(w->run));
}

static void stop(ost_session *s, watcher *w)
{
    bool streaming = w->streaming && s->lease;
    w->streaming = false;
    if (streaming &&
        s->db->driver.stop_stream(s->lease->connection, w->stream, s->deadline) != OST_OK)
        ost__session_unlease(s, false);
    end_run(s, w);
}

/* What became of a call for the stream. */
static ost_status judge(ost_session *s, watcher *w, ost_status status, const ost_watched *came,
                        ost_sink *sink)
{
    w->streaming = came->open && !came->connection_lost;
    if (status != OST_OK) {
        w->run.outcome = (ost_outcome){ .struct_size = sizeof(ost_outcome),
                                        .status = (uint16_t)status,
                                        .connection_lost = came->connection_lost };
        if (status == OST_TIMEOUT && w->streaming)
            ost__after_sending(
                s, ost__fail(s, OST_TIMEOUT, "no %s was changed in time", w->model->table.model));
        else
            ost__run_failed(&w->run, sink, &s->scratch_error);
        status = (ost_status)s->error.status;
    }
    if (!w->streaming)
        end_run(s, w);
    return status;
}

static ost_status check_ability(ost_session *s, const ost__model *m)
{
    OST_TRY(ost__session_lease(s));
    const ost_capabilities *caps = &s->lease->capabilities;
    if (caps->abilities >> OST_CAN_WATCH & 1)
        return OST_OK;
    ost__fail(s, OST_UNSUPPORTED, "%s has no streams of changes: %s cannot be watched",
              caps->server_name, m->table.model);
    ost__error_about(&s->error, m->table.model, NULL);
    ost__session_unlease(s, true);
    return OST_UNSUPPORTED;
}

static ost_status open_stream(ost_session *s, watcher *w)
{
    const ost_blob from = { .data = w->token, .size = w->token_size };
    const ost_driver *driver = &s->db->driver;
    ost_watched came = { .struct_size = sizeof(came) };
    /* That of a stream that was lost. */
    end_run(s, w);
    OST_TRY(check_ability(s, w->model));
    ost_status status = ost__run_begin(&w->run, s, &w->statement);
    if (status != OST_OK) {
        end_run(s, w);
        return status;
    }
    w->run.op.stream = w->stream;
    int64_t started = s->db->on_event ? s->db->platform.monotonic(s->db->platform.context) : 0;
    s->scratch_error.status = OST_OK;
    status = driver->watch(s->lease->connection, &w->run.op, from.size > 0 ? &from : NULL, &came,
                           s->deadline, &s->scratch_error);
    tell(s, w, status, started, came.round_trips);
    w->streaming = status == OST_OK;
    if (status == OST_OK && keep_token(s, w, came.token) != OST_OK) {
        stop(s, w);
        return OST_NO_MEMORY;
    }
    return judge(s, w, status, &came, NULL);
}

/* ---- opening ---- */

static ost_status only_conditions(ost_session *s, const ost__query *q)
{
    const char *model = q->model->table.model;
    if (q->orders.items == 0 && q->groups.items == 0 && q->having.items == 0 &&
        q->columns.items == 0 && q->partition.items == 0 && !q->distinct && !q->has_limit &&
        !q->has_offset && q->lock == OST_LOCK_NONE)
        return OST_OK;
    ost__fail(s, OST_MISUSE,
              "a query over %s is watched, which takes conditions alone: no order, limit, group, "
              "selection or lock",
              model);
    ost__error_about(&s->error, model, NULL);
    return OST_MISUSE;
}

static ost_status outside_of_units(ost_session *s)
{
    if (s->unit_count == 0)
        return OST_OK;
    return ost__fail(s, OST_MISUSE,
                     "changes are watched inside a transaction, which sees none of them; commit it "
                     "or roll it back first");
}

static ost_status read_options(ost_session *s, const ost_watch_options *given,
                               ost_watch_options *out)
{
    *out = (ost_watch_options){ 0 };
    if (given && given->struct_size == 0)
        return ost__fail(s, OST_MISUSE,
                         "the options' struct_size is 0; write them with OST_WATCH(…)");
    if (given)
        memcpy(out, given, given->struct_size < sizeof(*out) ? given->struct_size : sizeof(*out));
    if (out->after.size > TOKEN_MAX || (out->after.size > 0 && !out->after.data))
        return ost__fail(s, OST_MISUSE, "what is given as a token of ost_watch_next is none");
    return OST_OK;
}

static ost_status start(ost_session *s, watcher *w, const ost__query *q, const ost_watch_options *o)
{
    const ost__ask ask = {
        .kind = OST_DO_SELECT, .unscoped = true, .fixed = true, .among = OST__WITH_DELETED
    };
    w->model = q->model;
    w->wait_ms = o->wait_ms;
    OST_TRY(keep_token(s, w, o->after));
    ost_status status = ost__query_assemble(q, &ask, &w->keep, &w->statement, &s->error);
    if (status != OST_OK) {
        s->error.nothing_sent = 1;
        return status;
    }
    return open_stream(s, w);
}

/* The slot is free again; its handles are of an earlier generation. */
static void retire(ost_session *s, watcher *w)
{
    w->used = false;
    w->generation = (uint16_t)((w->generation + 1) % WATCH_SLOT);
    s->open_watchers--;
    ost__arena_clear(&w->keep);
}

static ost_status watch(ost_session *s, const ost__query *q, const ost_watch_options *options,
                        watcher **out)
{
    ost_watch_options o;
    OST_TRY(read_options(s, options, &o));
    OST_TRY(only_conditions(s, q));
    OST_TRY(outside_of_units(s));
    watcher *w = new_watcher(s);
    if (!w)
        return ost__no_memory(s);
    ost_status status = start(s, w, q, &o);
    if (status != OST_OK)
        retire(s, w);
    *out = w;
    return status;
}

ost_watcher *ost_watch(ost_query *handle, const ost_watch_options *options)
{
    ost_session *s;
    watcher *w = NULL;
    ost__query *q = ost__enter_query(handle, &s);
    ost_status status = q ? watch(s, q, options, &w) : OST_MISUSE;
    if (s)
        ost__leave(s, status);
    return w && status == OST_OK ? handle_of(w) : NULL;
}

/* ---- reading ---- */

/* A failure after which no call can go on. */
static bool is_final(ost_status status)
{
    switch (status) {
    case OST_TIMEOUT:
    case OST_POOL_TIMEOUT:
    case OST_CONNECTION:
    case OST_AUTH:
    case OST_CANCELLED:
    case OST_RANGE:
    case OST_NO_MEMORY: return false;
    default: return true;
    }
}

/* A failure that may have passed in a moment. */
static bool is_passing(ost_status status)
{
    return status == OST_TIMEOUT || status == OST_POOL_TIMEOUT || status == OST_CONNECTION;
}

static void remember(ost_session *s, watcher *w, ost_status status)
{
    w->status = (uint16_t)status;
    w->error = ost__arena_alloc(&w->keep, sizeof(*w->error), _Alignof(ost_error));
    if (w->error)
        memcpy(w->error, &s->error, sizeof(*w->error));
}

/* The failure that ended it, once more. */
static ost_status retell(ost_session *s, const watcher *w)
{
    if (w->error)
        memcpy(&s->error, w->error, sizeof(s->error));
    else if (w->status != OST_OK)
        ost__fail(s, (ost_status)w->status, "the stream of changes has ended");
    return (ost_status)w->status;
}

/* The record and the token, in the session's memory. */
static ost_status take_record(ost_session *s, const ost__compiled *compiled, ost__sink *sink,
                              const ost_watched *came, ost_watch_event *event, void **row)
{
    size_t count = 0;
    if (came->kind == OST_WATCH_INVALIDATED) {
        ost__sink_abandon(sink);
        return OST_OK;
    }
    *row = ost__sink_finish(sink, &count);
    if (!*row || !hand_out(s, came->token.data, came->token.size, &event->token))
        return ost__no_memory(s);
    if (count == 1)
        return came->known == OST_KNOWN_ALL
                   ? ost__images_load(s, compiled->images, *row, 1, &compiled->loaded, &s->records)
                   : OST_OK;
    return ost__fail(s, OST_DRIVER_ERROR, "%zu rows came back for one change", count);
}

static ost_status read_event(ost_session *s, watcher *w, ost_watch_event *event, void **row)
{
    ost__sink sink;
    ost_watched came = { .struct_size = sizeof(came) };
    ost__arena_mark before = ost__arena_mark_now(&s->records);
    if (!ost__sink_begin(&sink, &s->records, &s->db->memory, w->run.plan->compiled.rows, 1, 1))
        return ost__no_memory(s);
    s->scratch_error.status = OST_OK;
    ost_status status = s->db->driver.next_event(s->lease->connection, w->stream, &sink.base, &came,
                                                 s->deadline, &s->scratch_error),
               taken;
    if (status != OST_OK)
        ost__sink_abandon(&sink);
    taken = status == OST_OK ? take_record(s, &w->run.plan->compiled, &sink, &came, event, row)
                             : OST_OK;
    /* A record that a conversion refuses is gone by, as is one that does not fit. */
    if (taken == OST_OK || taken == OST_RANGE) {
        ost_status kept = keep_token(s, w, came.token);
        taken = kept == OST_OK ? taken : kept;
    }
    if (status != OST_OK || taken != OST_OK || came.kind == OST_WATCH_INVALIDATED) {
        *row = NULL;
        event->token = (ost_blob){ 0 };
        ost__arena_release(&s->records, before);
    }
    event->kind = came.kind;
    event->known = came.known;
    if (taken == OST_OK || taken == OST_RANGE) {
        w->invalidated = came.kind == OST_WATCH_INVALIDATED;
        status = judge(s, w, status, &came, &sink.base);
        return taken == OST_OK ? status : taken;
    }
    /* The change was not delivered: a stream from the token before it delivers it again. */
    w->streaming = came.open;
    stop(s, w);
    return ost__after_sending(s, taken);
}

/* false: it is too late for another attempt. */
static bool pause_before(ost_session *s, int attempt)
{
    const ost_platform *p = &s->db->platform;
    int pause = PAUSE_MS;
    for (int i = 0; i < attempt && pause < PAUSE_MAX_MS; i++)
        pause *= 2;
    int64_t left = s->deadline == INT64_MAX ? INT64_MAX : s->deadline - p->monotonic(p->context);
    if (left / 1000000 <= pause)
        return false;
    (void)poll(NULL, 0, pause);
    s->now = p->monotonic(p->context);
    return true;
}

static ost_status next(ost_session *s, watcher *w, ost_watch_event *event, void **row)
{
    for (int attempt = 0;; attempt++) {
        ost_status status = w->streaming ? OST_OK : open_stream(s, w);
        event->kind = OST_WATCH_NOTHING;
        if (status == OST_OK)
            status = read_event(s, w, event, row);
        bool idle = status == OST_TIMEOUT && w->streaming;
        if (!is_passing(status) || idle || !pause_before(s, attempt)) {
            if (status != OST_OK && status != OST_RANGE)
                event->kind = OST_WATCH_NOTHING;
            return status;
        }
    }
}

static ost_status check_model(ost_session *s, const watcher *w, const ost_model *m,
                              size_t record_size)
{
    const ost__model *model = ost__session_model(s, m, record_size);
    if (!model)
        return (ost_status)s->error.status;
    if (model == w->model)
        return OST_OK;
    return ost__fail(s, OST_MISUSE, "a watcher of %s is read as %s", w->model->table.model,
                     model->table.model);
}

static ost_status read_watcher(ost_session *s, watcher *w, const ost_model *m, size_t record_size,
                               ost_watch_event *event, void **row)
{
    OST_TRY(check_model(s, w, m, record_size));
    OST_TRY(outside_of_units(s));
    OST_TRY(retell(s, w));
    ost_deadline end = s->now + (int64_t)w->wait_ms * 1000000;
    if (w->wait_ms > 0 && end < s->deadline)
        s->deadline = end;
    ost_status status = OST_OK;
    if (w->invalidated)
        event->kind = OST_WATCH_INVALIDATED;
    else
        status = next(s, w, event, row);
    if (is_final(status) && status != OST_OK)
        remember(s, w, status);
    if (event->token.size == 0)
        (void)hand_out(s, w->token, w->token_size, &event->token);
    return status;
}

void *ost_watch_read(ost_watcher *handle, const ost_model *m, size_t record_size,
                     ost_watch_event *event, size_t event_size)
{
    watcher *w = handle ? slot_of(handle) : NULL;
    ost_watch_event e = { .status = OST_MISUSE };
    void *row = NULL;
    if (event)
        memset(event, 0, event_size);
    if (w && ost__enter(w->session)) {
        ost_session *s = w->session;
        ost_status status = OST_MISUSE;
        if (!is_open(w, handle))
            ost__fail(s, OST_MISUSE, "a watcher is read after it was closed");
        else
            status = read_watcher(s, w, m, record_size, &e, &row);
        e.status = (uint16_t)ost__leave(s, status);
    }
    if (event)
        memcpy(event, &e, event_size < sizeof(e) ? event_size : sizeof(e));
    return e.status == OST_OK ? row : NULL;
}

ost_blob ost_watch_token(ost_watcher *handle)
{
    watcher *w = handle ? slot_of(handle) : NULL;
    ost_blob token = { 0 };
    if (!w || !ost__enter_briefly(w->session))
        return token;
    ost_session *s = w->session;
    if (!is_open(w, handle))
        ost__fail(s, OST_MISUSE, "a watcher is asked for its token after it was closed");
    else if (!hand_out(s, w->token, w->token_size, &token))
        ost__no_memory(s);
    ost__leave_briefly(s, OST_OK);
    return token;
}

/* ---- closing ---- */

ost_status ost_watch_close(ost_watcher *handle)
{
    watcher *w = handle ? slot_of(handle) : NULL;
    if (!w || !ost__enter(w->session))
        return OST_MISUSE;
    ost_session *s = w->session;
    if (!is_open(w, handle))
        return ost__leave(s, ost__fail(s, OST_MISUSE, "a watcher is closed twice"));
    ost_deadline end = s->now + (int64_t)OST__END_MS * 1000000;
    s->deadline = s->deadline < end ? s->deadline : end;
    stop(s, w);
    ost_status status = retell(s, w);
    retire(s, w);
    return ost__leave(s, status);
}

OST__HOT bool ost__watches_open_since(const ost_session *s, uint64_t from_sequence)
{
    for (const watcher *w = (const watcher *)s->watchers; w; w = w->next)
        if (w->used && w->sequence >= from_sequence)
            return true;
    return false;
}

bool ost__watches_stream(const ost_session *s)
{
    for (const watcher *w = (const watcher *)s->watchers; w; w = w->next)
        if (w->streaming)
            return true;
    return false;
}

void ost__watches_lost(ost_session *s)
{
    for (watcher *w = (watcher *)s->watchers; w; w = w->next)
        w->streaming = false;
}

void ost__watches_finish(ost_session *s)
{
    while (s->watchers) {
        watcher *w = (watcher *)s->watchers;
        s->watchers = (ost_watcher *)(void *)w->next;
        stop(s, w);
        ost__arena_finish(&w->keep);
        ost__free(&s->db->memory, w->token, w->token_capacity);
        ost__free(&s->db->memory, w->memory, SLOT_SIZE);
    }
}
