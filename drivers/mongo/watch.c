/* SPDX-License-Identifier: MIT */
/*
 * A portion is asked for where it is needed, and waited for on the server. Whatever happens to the
 * cursor, a new one goes on from the token: nothing that was delivered comes again, and nothing
 * that was not is left out. Of a portion that was read but not delivered the token is not taken.
 */
#include "mongo/watch.h"

#include <string.h>

#include "base/error.h"
#include "mongo/cells.h"

enum {
    PORTION = 1000,
    NS_PER_MS = 1000000,
    /* The way back of an answer. */
    WAY_BACK_LEAST_MS = 5,
    WAY_BACK_MS = 50,
    WAY_BACK_PART = 16,
    LONGEST_MS = 10000, /* on the server, before it is asked again */
    FIRST_PAUSE_MS = 5,
    PAUSE_MAX_MS = 250,
    CURSOR_NOT_FOUND = 43
};

/* ---- life ---- */

static ost__mongo_watch *find(const ost_connection *c, uint32_t stream)
{
    ost__mongo_watch *w = c->watches;
    while (w && w->op.stream != stream)
        w = w->next;
    return w;
}

static void forget_reply(ost__mongo_watch *w)
{
    if (w->has_reply)
        bson_destroy(w->reply);
    w->has_reply = w->unread = false;
    w->token_size = 0;
}

void ost__mongo_watch_free(ost_connection *c, ost__mongo_watch *w)
{
    ost__mongo_watch **at = &c->watches;
    while (*at && *at != w)
        at = &(*at)->next;
    if (*at)
        *at = w->next;
    forget_reply(w);
    bson_free(w->reply);
    bson_destroy(w->stages);
    bson_destroy(w->token);
    ost__free(&c->backend->memory, w, sizeof *w);
}

void ost__mongo_watch_kill(ost_connection *c, ost__mongo_watch *w)
{
    ost_error unwanted;
    ost_outcome outcome = { .struct_size = sizeof outcome };
    ost__mongo_run r = { .c = c, .op = &w->op, .outcome = &outcome, .error = &unwanted };
    ost__mongo_stream cursor = { .op = w->op,
                                 .collection = w->op.shape->table->name,
                                 .cursor = w->cursor };
    if (!c->lost)
        ost__mongo_stream_kill(&r, &cursor);
    ost__mongo_watch_free(c, w);
}

bool ost__mongo_watch_stop(ost_connection *c, uint32_t stream)
{
    ost__mongo_watch *w = find(c, stream);
    if (w)
        ost__mongo_watch_kill(c, w);
    return w;
}

static ost__mongo_watch *watch_new(ost_connection *c, const ost_operation *op)
{
    ost__mongo_watch *w = ost__alloc_zeroed(&c->backend->memory, sizeof *w);
    if (!w)
        return NULL;
    w->op = *op;
    w->stages = bson_new();
    w->token = bson_new();
    w->reply = bson_new();
    w->next = c->watches;
    c->watches = w;
    return w;
}

/* ---- portions ---- */

static ost_status no_reply(ost__mongo_run *r)
{
    r->c->lost = true;
    return ost__error_set(r->error, OST_DRIVER_ERROR,
                          "the server sent a reply that is none: the connection is closed");
}

/* Finds the events of the reply, and the token behind them. */
static ost_status take_reply(ost__mongo_run *r, ost__mongo_watch *w)
{
    const uint8_t *data = bson_get_data(w->reply);
    ost__mongo_elements list, cursor;
    ost__mongo_element e;
    bool broken = false, found = false, numbered = false;
    if (!ost__mongo_elements_of(data, w->reply->len, &list))
        return no_reply(r);
    while (!found && ost__mongo_element_next(&list, &e, &broken))
        found = e.type == BSON_TYPE_DOCUMENT && strcmp(e.key, "cursor") == 0 &&
                ost__mongo_elements_of(e.data, e.size, &cursor);
    while (found && ost__mongo_element_next(&cursor, &e, &broken)) {
        if (e.type == BSON_TYPE_INT64 && strcmp(e.key, "id") == 0) {
            w->cursor = ost__mongo_get_int64(e.data);
            numbered = true;
        } else if (e.type == BSON_TYPE_DOCUMENT && strcmp(e.key, "postBatchResumeToken") == 0) {
            w->token_at = (uint32_t)(e.data - data);
            w->token_size = e.size;
        } else if (e.type == BSON_TYPE_ARRAY &&
                   (strcmp(e.key, "firstBatch") == 0 || strcmp(e.key, "nextBatch") == 0) &&
                   ost__mongo_elements_of(e.data, e.size, &list)) {
            w->at = (uint32_t)(list.at - data);
            w->end = (uint32_t)(list.end - data);
            w->unread = w->at < w->end;
        }
    }
    return found && numbered && !broken ? OST_OK : no_reply(r);
}

static void keep_token(ost__mongo_watch *w, const uint8_t *data, uint32_t size)
{
    bson_t token;
    if (!bson_init_static(&token, data, size))
        return;
    bson_reinit(w->token);
    (void)bson_concat(w->token, &token);
}

/* What was delivered of the portion was all of it. */
static void end_portion(ost__mongo_watch *w)
{
    if (w->has_reply && !w->unread && w->token_size > 0)
        keep_token(w, bson_get_data(w->reply) + w->token_at, w->token_size);
    forget_reply(w);
}

static ost_status ask(ost__mongo_run *r, ost__mongo_watch *w, unsigned flags)
{
    uint32_t server = 0;
    ost_status status;
    r->c->interrupted = OST_OK;
    status = ost__mongo_command_at(r, OST__MONGO_PLAIN, flags, &r->c->command, &server, w->reply);
    w->has_reply = true;
    return status == OST_OK ? take_reply(r, w) : status;
}

/* The token of a stream that was invalidated is taken by startAfter alone. */
static void write_opening(const ost__mongo_watch *w, bson_t *out)
{
    bson_t pipeline, first, words, cursor, concern;
    bson_reinit(out);
    BSON_APPEND_UTF8(out, "aggregate", w->op.shape->table->name);
    BSON_APPEND_ARRAY_BEGIN(out, "pipeline", &pipeline);
    BSON_APPEND_DOCUMENT_BEGIN(&pipeline, "0", &first);
    BSON_APPEND_DOCUMENT_BEGIN(&first, "$changeStream", &words);
    BSON_APPEND_UTF8(&words, "fullDocument", "updateLookup");
    if (!bson_empty(w->token))
        BSON_APPEND_DOCUMENT(&words, "startAfter", w->token);
    bson_append_document_end(&first, &words);
    bson_append_document_end(&pipeline, &first);
    (void)bson_concat(&pipeline, w->stages);
    bson_append_array_end(out, &pipeline);
    BSON_APPEND_DOCUMENT_BEGIN(out, "cursor", &cursor);
    BSON_APPEND_INT32(&cursor, "batchSize", PORTION);
    bson_append_document_end(out, &cursor);
    BSON_APPEND_DOCUMENT_BEGIN(out, "readConcern", &concern);
    BSON_APPEND_UTF8(&concern, "level", "majority");
    bson_append_document_end(out, &concern);
}

static ost_status open_cursor(ost__mongo_run *r, ost__mongo_watch *w)
{
    const ost_host *host = &r->c->backend->host;
    int64_t start = host->now(host->context);
    ost_status status;
    end_portion(w);
    w->cursor = 0;
    write_opening(w, &r->c->command);
    status = ask(r, w, 0);
    w->trip = host->now(host->context) - start;
    return status;
}

static ost_status fetch_more(ost__mongo_run *r, ost__mongo_watch *w, int64_t wait_ms)
{
    bson_t *command = &r->c->command;
    end_portion(w);
    bson_reinit(command);
    BSON_APPEND_INT64(command, "getMore", w->cursor);
    BSON_APPEND_UTF8(command, "collection", w->op.shape->table->name);
    BSON_APPEND_INT32(command, "batchSize", PORTION);
    BSON_APPEND_INT64(command, "maxTimeMS",
                      wait_ms < 1            ? 1
                      : wait_ms > LONGEST_MS ? LONGEST_MS
                                             : wait_ms);
    return ask(r, w, OST__MONGO_ENDLESS);
}

/* ---- going on ---- */

/* Whether a new cursor may do better. */
static bool is_passing(const ost__mongo_run *r, const ost__mongo_watch *w, ost_status status)
{
    const ost_connection *c = r->c;
    if (status == OST_OK || c->interrupted != OST_OK || ost__mongo_cancelled(c) ||
        ost__mongo_late(c))
        return false;
    return status == OST_CONNECTION || r->error->native_code == CURSOR_NOT_FOUND ||
           (w->has_reply && ost__mongo_has_label(w->reply, "ResumableChangeStreamError"));
}

/* Twice as long each time; shorter if there is news of the servers. */
static void pause_before(ost_connection *c, int attempt)
{
    const ost_host *host = &c->backend->host;
    int64_t pause = attempt > 0 ? FIRST_PAUSE_MS : 0;
    ost_deadline until;
    for (int i = 1; i < attempt && pause < PAUSE_MAX_MS; i++)
        pause *= 2;
    until = host->now(host->context) + pause * NS_PER_MS;
    if (pause > 0)
        ost__mongo_await_change(c->backend, ost__mongo_topology_changes(c->backend),
                                until < c->deadline ? until : c->deadline);
}

/* Opens a cursor, and another one until it is too late. The library has closed the socket that
 * broke: no answer is owed on it. */
static ost_status open_at_last(ost__mongo_run *r, ost__mongo_watch *w, int *attempt)
{
    for (;;) {
        ost_status status;
        pause_before(r->c, (*attempt)++);
        status = open_cursor(r, w);
        if (!is_passing(r, w, status))
            return status;
        r->c->lost = false;
    }
}

/* ---- slots ---- */

static void begin_call(ost_connection *c, ost_deadline deadline)
{
    c->deadline = deadline;
    c->interrupted = OST_OK;
    c->asked = false;
}

/* What the core is told beside the status. A stream that cannot go on is forgotten. */
static ost_status end_call(ost__mongo_run *r, ost__mongo_watch *w, bool open, uint32_t trips,
                           ost_status status, ost_watched *out)
{
    ost_connection *c = r->c;
    out->round_trips = c->trips - trips;
    out->connection_lost = c->lost;
    out->open = open && !c->lost;
    if (!bson_empty(w->token))
        out->token = (ost_blob){ .data = bson_get_data(w->token), .size = w->token->len };
    if (!out->open) {
        /* Its token is told: it stays until the next call. */
        bson_destroy(c->last_token);
        c->last_token = w->token;
        w->token = NULL;
        ost__mongo_watch_kill(c, w);
    }
    return status;
}

static ost_status check(const ost_connection *c, const ost_operation *what, const ost_blob *from,
                        ost_error *error)
{
    const char *model = what->shape->table->model;
    if (!c->replicated)
        return ost__error_set(
            error, OST_UNSUPPORTED,
            "%s cannot be watched: the server is not part of a replica set; start "
            "it with --replSet and initiate the set",
            model);
    if (!what->plan || what->plan->way != OST__MONGO_FIND || c->in_unit)
        return ost__error_set(error, OST_MISUSE,
                              "%s: a plain select outside of transactions can be watched", model);
    if (from && !ost__mongo_is_token(from))
        return ost__error_set(error, OST_MISUSE,
                              "%s: what is given as a token of a stream of changes is none", model);
    return OST_OK;
}

/* What the server has no word for but an assertion. */
static ost_status no_token(ost__mongo_run *r)
{
    int32_t code = r->error->native_code;
    ost__error_set(
        r->error, OST_MISUSE,
        "%s: what is given as a token of a stream of changes is none: the server refused "
        "it with error %d",
        r->op->shape->table->model, (int)code);
    r->error->native_code = code;
    return OST_MISUSE;
}

ost_status ost__mongo_watch_open(ost_connection *c, const ost_operation *what, const ost_blob *from,
                                 ost_watched *out, ost_deadline deadline, ost_error *error)
{
    ost_error own;
    ost_outcome outcome = { .struct_size = sizeof outcome };
    ost__mongo_run r = { .c = c, .outcome = &outcome, .error = error ? error : &own };
    uint32_t trips = c->trips;
    int attempt = 0;
    ost__mongo_watch *w;
    ost_status status;
    *out = (ost_watched){ .struct_size = sizeof *out };
    begin_call(c, deadline);
    r.error->native_code = 0;
    status = check(c, what, from, r.error);
    w = status == OST_OK ? watch_new(c, what) : NULL;
    if (!w) {
        r.error->nothing_sent = 1;
        return status != OST_OK ? status
                                : ost__error_set(r.error, OST_NO_MEMORY, "no memory for a stream");
    }
    r.op = &w->op;
    if (from)
        keep_token(w, from->data, (uint32_t)from->size);
    status = ost__mongo_watch_stages(&w->op, w->stages, r.error);
    if (status == OST_OK)
        status = open_at_last(&r, w, &attempt);
    if (status == OST_DRIVER_ERROR && from && !c->lost && r.error->native_code != 0)
        status = no_token(&r);
    if (status == OST_OK && !w->unread)
        end_portion(w);
    return end_call(&r, w, status == OST_OK, trips, status, out);
}

/* One event of the portion. *told: it is the core's to know of; others are passed over. */
static ost_status deliver(ost__mongo_run *r, ost__mongo_watch *w, ost_watched *out, bool *told)
{
    const uint8_t *data = bson_get_data(w->reply);
    ost__mongo_elements list = { .at = data + w->at, .end = data + w->end };
    ost__mongo_element e;
    ost__mongo_event event;
    bool broken = false;
    ost_status status = OST_OK;
    *told = false;
    if (!ost__mongo_element_next(&list, &e, &broken) || e.type != BSON_TYPE_DOCUMENT ||
        !ost__mongo_event_of(e.data, e.size, &event))
        return no_reply(r);
    *told = event.kind != OST_WATCH_NOTHING;
    if (*told && event.kind != OST_WATCH_INVALIDATED)
        status = ost__mongo_event_read(r, &event, &out->known);
    /* Without memory, or for a driver's fault, it was not delivered. */
    if (status != OST_OK && status != OST_RANGE)
        return status;
    out->kind = *told ? event.kind : (uint16_t)OST_WATCH_NOTHING;
    w->at = (uint32_t)(list.at - data);
    w->unread = w->at < w->end;
    keep_token(w, event.token, event.token_size);
    return status;
}

/* Until when the server may wait: then there is time for its answer. */
static ost_deadline end_of_waiting(const ost_connection *c, const ost__mongo_watch *w, int64_t now)
{
    int64_t left, back, most = (int64_t)WAY_BACK_MS * NS_PER_MS;
    if (c->deadline == INT64_MAX)
        return INT64_MAX;
    left = c->deadline - now;
    back = left / WAY_BACK_PART;
    back = back > most ? most : back;
    back = back < 2 * w->trip ? 2 * w->trip : back;
    back = back < WAY_BACK_LEAST_MS * NS_PER_MS ? WAY_BACK_LEAST_MS * NS_PER_MS : back;
    return c->deadline - (back < left / 2 ? back : left / 2);
}

/* A portion, or the wait for one. *attempt counts the cursors that were opened. */
static ost_status ask_more(ost__mongo_run *r, ost__mongo_watch *w, int64_t wait_ms, int *attempt)
{
    ost_status status;
    if (w->cursor == 0)
        return open_at_last(r, w, attempt);
    status = fetch_more(r, w, wait_ms);
    if (status == OST_OK)
        return OST_OK;
    /* With its failure the cursor is gone. */
    w->cursor = 0;
    if (!is_passing(r, w, status))
        return status;
    r->c->lost = false;
    forget_reply(w);
    return OST_OK;
}

static ost_status next(ost__mongo_run *r, ost__mongo_watch *w, ost_watched *out)
{
    const ost_host *host = &r->c->backend->host;
    int64_t now = host->now(host->context), end = end_of_waiting(r->c, w, now);
    bool told = false, asked = ost__mongo_late(r->c);
    int attempt = 0;
    while (!told) {
        if (w->unread) {
            OST_TRY(deliver(r, w, out, &told));
            continue;
        }
        if (asked && now >= end)
            break;
        OST_TRY(ask_more(r, w, end == INT64_MAX ? LONGEST_MS : (end - now) / NS_PER_MS, &attempt));
        asked = true;
        now = host->now(host->context);
    }
    if (told)
        return OST_OK;
    end_portion(w);
    return ost__error_set(r->error, OST_TIMEOUT, "%s: no change came in time",
                          w->op.shape->table->model);
}

/* Whether the stream is there afterwards, if the connection is. */
static bool goes_on(ost_status status, uint16_t kind)
{
    switch (status) {
    case OST_OK: return kind != OST_WATCH_INVALIDATED;
    case OST_TIMEOUT:
    case OST_CANCELLED:
    case OST_CONNECTION:
    case OST_RANGE:
    case OST_NO_MEMORY: return true;
    default: return false;
    }
}

ost_status ost__mongo_next_event(ost_connection *c, uint32_t stream, ost_sink *sink,
                                 ost_watched *out, ost_deadline deadline, ost_error *error)
{
    ost_error own;
    ost_outcome outcome = { .struct_size = sizeof outcome };
    ost__mongo_watch *w = find(c, stream);
    ost__mongo_run r = { .c = c, .sink = sink, .outcome = &outcome, .error = error ? error : &own };
    uint32_t trips = c->trips;
    ost_status status;
    *out = (ost_watched){ .struct_size = sizeof *out };
    if (!w)
        return ost__error_set(r.error, OST_CONNECTION, "the stream of changes was ended before");
    begin_call(c, deadline);
    r.op = &w->op;
    r.error->native_code = 0;
    status = next(&r, w, out);
    return end_call(&r, w, goes_on(status, out->kind), trips, status, out);
}
