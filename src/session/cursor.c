/* SPDX-License-Identifier: MIT */
/*
 * Cursors. The handle that the program holds is the address of a slot plus its generation in the
 * low bits, as for queries. Each cursor has an arena of its own, which every batch of rows uses
 * anew.
 */
#include "session/cursor.h"

#include <string.h>

#include "base/error.h"
#include "session/hook.h"
#include "session/image.h"

enum { CURSOR_SLOT = 1024 };

typedef struct cursor {
    ost_session *session;
    struct cursor *next; /* of all the session's cursors */
    void *memory;        /* of the slot, unaligned */
    uint16_t generation;
    uint16_t status; /* of the first failure */
    uint16_t lock;   /* an enum ost_lock_mode */
    bool used, open, streaming, done;
    bool calling; /* a hook runs on its record */
    uint64_t sequence;
    uint32_t stream;
    size_t batch;
    ost__statement statement; /* in `keep` */
    const ost__model *model, *result;
    ost__run run;
    ost__arena keep, rows;
    uint8_t *row, *end;
    ost_error *error; /* of the first failure, in `keep` */
} cursor;
OST_STATIC_ASSERT(sizeof(cursor) <= CURSOR_SLOT, "a cursor fits its slot");

enum { SLOT_SIZE = 2 * CURSOR_SLOT };

static cursor *slot_of(const ost_cursor *handle)
{
    return (cursor *)((uintptr_t)handle & ~(uintptr_t)(CURSOR_SLOT - 1));
}

static ost_cursor *handle_of(cursor *c)
{
    return (ost_cursor *)(void *)((char *)c + c->generation);
}

static bool is_open(const cursor *c, const ost_cursor *handle)
{
    return c->used && (uintptr_t)handle - (uintptr_t)c == c->generation;
}

static void fail(cursor *c, const ost_error *error, ost_status status)
{
    if (c->status != OST_OK)
        return;
    c->status = (uint16_t)status;
    c->done = true;
    c->error = ost__arena_alloc(&c->keep, sizeof(*c->error), _Alignof(ost_error));
    if (c->error)
        memcpy(c->error, error, sizeof(*c->error));
}

static cursor *new_cursor(ost_session *s)
{
    cursor *c = (cursor *)s->cursors;
    while (c && c->used)
        c = c->next;
    if (!c) {
        void *memory = ost__alloc_zeroed(&s->db->memory, SLOT_SIZE);
        if (!memory)
            return NULL;
        c = (cursor *)(((uintptr_t)memory + CURSOR_SLOT - 1) & ~(uintptr_t)(CURSOR_SLOT - 1));
        c->memory = memory;
        c->session = s;
        c->next = (cursor *)s->cursors;
        s->cursors = (ost_cursor *)(void *)c;
        ost__arena_init(&c->keep, &s->db->memory, OST__SCRATCH_FIRST);
        ost__arena_init(&c->rows, &s->db->memory, OST__SCRATCH_FIRST);
    }
    c->used = c->open = true;
    c->streaming = c->done = false;
    c->status = OST_OK;
    c->error = NULL;
    c->row = c->end = NULL;
    c->sequence = ++s->sequence;
    c->stream = ++s->next_stream;
    return c;
}

/* What ost_stream() gives for a query without a session, or without memory: a cursor that was never
 * open. */
static _Alignas(CURSOR_SLOT) union {
    cursor cursor;
    char slot[CURSOR_SLOT];
} dead_cursor = { .cursor = { .status = OST_MISUSE } },
  starved_cursor = { .cursor = { .status = OST_NO_MEMORY } };

static ost_status assemble(ost_session *s, cursor *c, const ost__query *q)
{
    const ost__ask ask = { .kind = OST_DO_SELECT };
    ost__statement st;
    OST_TRY(ost__query_assemble(q, &ask, &c->keep, &st, &s->scratch_error));
    c->statement = st;
    c->result = q->result ? q->result : q->model;
    c->model = q->model;
    c->lock = q->lock;
    return OST_OK;
}

ost_cursor *ost_stream(ost_query *handle, size_t batch)
{
    ost__query *q = handle ? ost__query_slot(handle) : NULL;
    if (!q || !q->session || !ost__enter(q->session))
        return handle_of(ost__query_unentered(handle) == OST_NO_MEMORY ? &starved_cursor.cursor
                                                                       : &dead_cursor.cursor);
    ost_session *s = q->session;
    cursor *c = new_cursor(s);
    if (!c) {
        ost__no_memory(s);
        ost__leave(s, OST_NO_MEMORY);
        return handle_of(&starved_cursor.cursor);
    }
    s->open_cursors++;
    c->batch = batch > 0 ? batch : OST__CURSOR_BATCH;
    ost_status status = OST_OK;
    if (!ost__query_is(q, handle)) {
        status = ost__error_set(&s->scratch_error, OST_MISUSE,
                                "a query is streamed after the session was cleared or released");
    } else if (q->status != OST_OK) {
        status = (ost_status)q->status;
        if (q->error)
            memcpy(&s->scratch_error, q->error, sizeof(s->scratch_error));
        else
            status = ost__error_set(&s->scratch_error, OST_NO_MEMORY, "no memory");
    } else {
        /* Parameters point into the query's memory, which lives as long as its handle does; a clear
         * is refused meanwhile. */
        status = assemble(s, c, q);
    }
    if (status != OST_OK) {
        s->scratch_error.nothing_sent = 1;
        fail(c, &s->scratch_error, status);
    }
    ost__leave(s, OST_OK);
    return handle_of(c);
}

/* ---- reading ---- */

static ost_status start(ost_session *s, cursor *c)
{
    OST_TRY(ost__may_lock(s, c->model, c->lock));
    OST_TRY(ost__run_begin(&c->run, s, &c->statement));
    c->run.op.flags |= OST_FLAG_STREAM;
    c->run.op.batch_rows = c->batch > UINT32_MAX ? UINT32_MAX : (uint32_t)c->batch;
    c->run.op.stream = c->stream;
    return OST_OK;
}

static ost_status read_batch(ost_session *s, cursor *c, bool first)
{
    ost__sink sink;
    size_t count;
    ost_status status;
    ost__arena_clear(&c->rows);
    if (!ost__sink_begin(&sink, &c->rows, &s->db->memory, c->run.plan->compiled.rows, c->batch,
                         c->batch))
        return ost__no_memory(s);
    if (first) {
        status = ost__run_go(&c->run, &sink.base);
    } else {
        c->run.outcome = (ost_outcome){ .struct_size = sizeof(ost_outcome) };
        s->scratch_error.status = OST_OK;
        c->streaming = false;
        status = s->db->driver.collect(s->lease->connection, OST_STREAM(c->stream), &sink.base,
                                       &c->run.outcome, s->deadline, &s->scratch_error);
        if (status == OST_OK && c->run.outcome.progress == OST_NOT_RUN)
            status = ost__after_sending(
                s, ost__fail(s, OST_CONNECTION, "the stream of a cursor was ended before its end"));
        else if (status != OST_OK)
            ost__run_failed(&c->run, &sink.base, &s->scratch_error);
    }
    if (status != OST_OK) {
        ost__sink_abandon(&sink);
        return status;
    }
    /* Also where the rows that came are of no use: then the end of the cursor stops the stream. */
    c->streaming = c->run.outcome.progress == OST_MORE;
    c->row = c->end = ost__sink_finish(&sink, &count);
    if (!c->row)
        return ost__after_sending(s, ost__no_memory(s));
    OST_TRY(ost__images_load(s, c->result, c->row, count, &c->run.plan->compiled.loaded, &c->rows));
    ost__images_pack(c->result, c->row, count);
    c->end = c->row + count * c->result->size;
    c->done = !c->streaming;
    return OST_OK;
}

/* The hook on a record that is handed out. false: it refused, and that ends the cursor. */
static bool call_loaded(ost_session *s, cursor *c, void *row)
{
    const ost__compiled *compiled = c->run.plan ? &c->run.plan->compiled : NULL;
    if (!compiled || !compiled->tracks || !(c->result->calls & OST__CALLS_LOAD))
        return true;
    c->calling = true;
    ost_status status = ost__run_loaded(s, c->result, row, 1, &compiled->loaded);
    c->calling = false;
    if (status == OST_OK)
        return true;
    fail(c, &s->error, status);
    c->row = c->end;
    return false;
}

static void *next(ost_session *s, cursor *c, const ost__model *m)
{
    bool first = !c->run.plan;
    ost_status status = OST_OK;
    if (m != c->result) {
        status = ost__fail(s, OST_MISUSE, "a cursor over %s is read as %s", c->result->table.model,
                           m->table.model);
    } else if (c->row == c->end && !c->done) {
        if (first)
            status = start(s, c);
        if (status == OST_OK)
            status = read_batch(s, c, first);
    }
    if (status != OST_OK) {
        fail(c, &s->error, status);
        return NULL;
    }
    if (c->row == c->end)
        return NULL;
    void *row = c->row;
    c->row += c->result->size;
    return call_loaded(s, c, row) ? row : NULL;
}

void *ost_cursor_next(ost_cursor *handle, const ost_model *m, size_t record_size)
{
    cursor *c = handle ? slot_of(handle) : NULL;
    void *row = NULL;
    if (!c || !c->session || !ost__enter(c->session))
        return NULL;
    ost_session *s = c->session;
    if (!is_open(c, handle)) {
        ost__fail(s, OST_MISUSE, "a cursor is read after it was closed, or the session cleared");
    } else if (c->calling) {
        ost__fail(s, OST_MISUSE, "a hook reads the cursor that it runs for");
    } else if (c->status == OST_OK) {
        const ost__model *model = ost__session_model(s, m, record_size);
        if (model)
            row = next(s, c, model);
        else
            fail(c, &s->error, (ost_status)s->error.status);
    }
    ost__leave(s, OST_OK);
    return row;
}

/* ---- closing ---- */

static void retire(cursor *c)
{
    c->used = false;
    c->generation = (uint16_t)((c->generation + 1) % CURSOR_SLOT);
}

static void end_stream(ost_session *s, cursor *c)
{
    bool streaming = c->streaming && s->lease;
    c->streaming = false;
    if (streaming &&
        s->db->driver.stop_stream(s->lease->connection, c->stream, s->deadline) != OST_OK)
        ost__session_unlease(s, false);
}

static void stop(ost_session *s, cursor *c)
{
    if (!c->open)
        return;
    c->open = false;
    s->open_cursors--;
    end_stream(s, c);
    if (c->run.plan)
        ost__run_end(&c->run);
    memset(&c->run, 0, sizeof(c->run));
    ost__session_unlease(s, true);
}

ost_status ost_cursor_close(ost_cursor *handle)
{
    cursor *c = handle ? slot_of(handle) : NULL;
    if (!c || !c->session)
        return c ? (ost_status)c->status : OST_MISUSE;
    if (!ost__enter(c->session))
        return OST_MISUSE;
    ost_session *s = c->session;
    if (!is_open(c, handle))
        return ost__leave(s, ost__fail(s, OST_MISUSE,
                                       "a cursor is closed twice, or after the "
                                       "session was cleared"));
    if (c->calling)
        return ost__leave(s, ost__fail(s, OST_MISUSE, "a hook closes the cursor that it runs for"));
    ost_status status = (ost_status)c->status;
    stop(s, c);
    if (status != OST_OK && c->error)
        memcpy(&s->error, c->error, sizeof(s->error));
    else if (status != OST_OK)
        ost__no_memory(s);
    retire(c);
    ost__arena_clear(&c->rows);
    ost__arena_clear(&c->keep);
    return ost__leave(s, status);
}

OST__HOT void ost__cursors_retire(ost_session *s, uint64_t from_sequence)
{
    for (cursor *c = (cursor *)s->cursors; c; c = c->next)
        if (c->used && !c->open && c->sequence >= from_sequence)
            retire(c);
}

OST__HOT bool ost__cursors_open_since(const ost_session *s, uint64_t from_sequence)
{
    for (const cursor *c = (const cursor *)s->cursors; c; c = c->next)
        if (c->open && c->sequence >= from_sequence)
            return true;
    return false;
}

void ost__cursors_undone(ost_session *s, uint64_t from_sequence)
{
    for (cursor *c = (cursor *)s->cursors; c; c = c->next) {
        if (!c->open || c->sequence < from_sequence)
            continue;
        end_stream(s, c);
        if (c->done && c->row == c->end)
            continue;
        ost__error_set(&s->scratch_error, OST_CANCELLED,
                       "the transaction in which the cursor was opened was rolled back");
        fail(c, &s->scratch_error, OST_CANCELLED);
        c->row = c->end;
    }
}

void ost__cursors_lost(ost_session *s)
{
    for (cursor *c = (cursor *)s->cursors; c; c = c->next) {
        if (!c->open || !c->streaming)
            continue;
        c->streaming = false;
        ost__error_set(&s->scratch_error, OST_CONNECTION, "the connection of a cursor was lost");
        fail(c, &s->scratch_error, OST_CONNECTION);
    }
}

void ost__cursors_finish(ost_session *s)
{
    while (s->cursors) {
        cursor *c = (cursor *)s->cursors;
        s->cursors = (ost_cursor *)(void *)c->next;
        stop(s, c);
        ost__arena_finish(&c->rows);
        ost__arena_finish(&c->keep);
        ost__free(&s->db->memory, c->memory, SLOT_SIZE);
    }
}
