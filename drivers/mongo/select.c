/* SPDX-License-Identifier: MIT */
/*
 * Reading: find or aggregate, and further portions by getMore. A reply ends at 16 MiB, whatever was
 * asked for; what is left is asked for again. What a list makes too long for a command is asked for
 * in parts, each with a cursor of its own, which are read as one.
 */
#include "mongo/connection.h"

#include <string.h>

#include "base/error.h"
#include "mongo/cells.h"
#include "mongo/lists.h"

/* Larger portions were not faster, and wait for the first row longer. */
enum { PORTION = 16384 };

static size_t portion_of(const ost__mongo_run *r)
{
    size_t most = r->sink && r->sink->max_rows > 0 ? r->sink->max_rows : 0;
    if (most == 0 && (r->op->flags & OST_FLAG_STREAM))
        most = r->op->batch_rows;
    return most;
}

static int32_t batch_size(size_t most)
{
    return most > 0 && most < PORTION ? (int32_t)most : PORTION;
}

/* ---- cursors ---- */

void ost__mongo_stream_forget(ost__mongo_stream *s)
{
    if (s->has_reply)
        bson_destroy(s->reply);
    s->has_reply = s->unread = false;
}

void ost__mongo_stream_free(ost_connection *c, ost__mongo_stream *s)
{
    ost__mongo_stream **at = &c->streams;
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at)
        *at = s->next;
    while (s) {
        ost__mongo_stream *rest = s->rest;
        ost__mongo_stream_forget(s);
        bson_free(s->reply);
        ost__free(&c->backend->memory, s, sizeof *s);
        s = rest;
    }
}

/* Turns to the next part; the reply before it has been read. false: there is none. */
static bool turn(ost_connection *c, ost__mongo_stream *s)
{
    ost__mongo_stream *next = s->rest;
    bson_t *read = s->reply;
    if (!next)
        return false;
    ost__mongo_stream_forget(s);
    s->cursor = next->cursor;
    s->server = next->server;
    s->reply = next->reply;
    s->has_reply = next->has_reply;
    s->at = next->at;
    s->end = next->end;
    s->unread = next->unread;
    s->rest = next->rest;
    next->reply = read;
    next->has_reply = false;
    next->rest = NULL;
    ost__mongo_stream_free(c, next);
    return true;
}

static void kill_cursor(ost__mongo_run *r, ost__mongo_stream *s)
{
    ost__mongo_run quiet = *r;
    ost_outcome outcome = *r->outcome;
    ost_error unwanted;
    bson_t command = BSON_INITIALIZER, list, reply;
    uint32_t server = s->server;
    /* Too late, nobody waits for the answer, and the server forgets it in a while. */
    if (s->cursor == 0 || r->c->lost || ost__mongo_late(r->c) || ost__mongo_cancelled(r->c))
        return;
    quiet.outcome = &outcome;
    quiet.error = &unwanted;
    BSON_APPEND_UTF8(&command, "killCursors", s->collection);
    BSON_APPEND_ARRAY_BEGIN(&command, "cursors", &list);
    BSON_APPEND_INT64(&list, "0", s->cursor);
    bson_append_array_end(&command, &list);
    s->cursor = 0;
    (void)ost__mongo_command_at(&quiet, OST__MONGO_PLAIN, 0, &command, &server, &reply);
    bson_destroy(&reply);
    bson_destroy(&command);
}

void ost__mongo_stream_kill(ost__mongo_run *r, ost__mongo_stream *s)
{
    for (; s; s = s->rest)
        kill_cursor(r, s);
}

static ost_status no_reply(ost__mongo_run *r)
{
    r->c->lost = true;
    return ost__error_set(r->error, OST_DRIVER_ERROR,
                          "the server sent a reply that is none: the connection is closed");
}

/* Finds the documents of the reply, and the cursor that has more. */
ost_status ost__mongo_stream_take(ost__mongo_run *r, ost__mongo_stream *s)
{
    const uint8_t *data = bson_get_data(s->reply);
    ost__mongo_elements list, cursor;
    ost__mongo_element e;
    bool broken = false, found = false, numbered = false;
    s->has_reply = true;
    s->unread = false;
    if (!ost__mongo_elements_of(data, s->reply->len, &list))
        return no_reply(r);
    while (ost__mongo_element_next(&list, &e, &broken) && !found)
        found = e.type == BSON_TYPE_DOCUMENT && strcmp(e.key, "cursor") == 0 &&
                ost__mongo_elements_of(e.data, e.size, &cursor);
    while (found && ost__mongo_element_next(&cursor, &e, &broken)) {
        if (e.type == BSON_TYPE_INT64 && strcmp(e.key, "id") == 0) {
            s->cursor = ost__mongo_get_int64(e.data);
            numbered = true;
        } else if (e.type == BSON_TYPE_ARRAY &&
                   (strcmp(e.key, "firstBatch") == 0 || strcmp(e.key, "nextBatch") == 0) &&
                   ost__mongo_elements_of(e.data, e.size, &list)) {
            s->at = (uint32_t)(list.at - data);
            s->end = (uint32_t)(list.end - data);
            s->unread = s->at < s->end;
        }
    }
    return found && numbered && !broken ? OST_OK : no_reply(r);
}

static ost_status fetch_more(ost__mongo_run *r, ost__mongo_stream *s, size_t most)
{
    bson_t *command = &r->c->command;
    ost_status status;
    ost__mongo_stream_forget(s);
    bson_reinit(command);
    BSON_APPEND_INT64(command, "getMore", s->cursor);
    BSON_APPEND_UTF8(command, "collection", s->collection);
    BSON_APPEND_INT32(command, "batchSize", batch_size(most));
    r->outcome->statements++;
    status = ost__mongo_command_at(r, OST__MONGO_PLAIN, 0, command, &s->server, s->reply);
    s->has_reply = true;
    return status == OST_OK ? ost__mongo_stream_take(r, s) : status;
}

/* ---- rows ---- */

static size_t count_documents(const ost__mongo_stream *s)
{
    const uint8_t *data = bson_get_data(s->reply);
    ost__mongo_elements list = { .at = data + s->at, .end = data + s->end };
    ost__mongo_element e;
    bool broken;
    size_t n = 0;
    while (ost__mongo_element_next(&list, &e, &broken))
        n++;
    return n;
}

/* Delivers what is left of the reply, up to `most` rows in all. */
static ost_status deliver(ost__mongo_stream *s, ost__mongo_reader *reader, size_t most)
{
    const uint8_t *data = bson_get_data(s->reply);
    ost__mongo_elements list = { .at = data + s->at, .end = data + s->end };
    ost__mongo_element e;
    ost_status status = OST_OK;
    while (status == OST_OK && (most == 0 || reader->rows < most) &&
           ost__mongo_element_next(&list, &e, &reader->broken)) {
        reader->broken = e.type != BSON_TYPE_DOCUMENT;
        if (!reader->broken)
            status = ost__mongo_reader_row(reader, e.data, e.size);
        if (reader->broken)
            break;
    }
    s->at = (uint32_t)(list.at - data);
    s->unread = s->at < s->end;
    return reader->broken ? OST_DRIVER_ERROR : status;
}

static ost_status read_rows(ost__mongo_run *r, ost__mongo_stream *s, ost__mongo_reader *reader,
                            size_t most)
{
    while (most == 0 || reader->rows < most) {
        ost_status status = OST_OK;
        if (s->unread)
            status = deliver(s, reader, most);
        if (reader->broken)
            return no_reply(r);
        if (status != OST_OK)
            return ost__mongo_sink_failed(r->sink, r->error);
        if (s->unread)
            continue;
        if (s->cursor == 0) {
            if (!turn(r->c, s))
                break;
            continue;
        }
        if (most == 0 || reader->rows < most)
            OST_TRY(fetch_more(r, s, most));
    }
    return OST_OK;
}

/* Nobody asks for rows: those that came are dropped. */
static bool is_wanted(const ost__mongo_run *r)
{
    return r->sink && r->op->rows;
}

ost_status ost__mongo_too_many_columns(ost__mongo_run *r, ost_status status)
{
    const ost_table *t = r->op->shape ? r->op->shape->table : NULL;
    return ost__error_set(r->error, status, "%s: more columns than a row may have",
                          t ? t->model : "a row");
}

/* Delivers a portion, or all. */
static ost_status read_portion(ost__mongo_run *r, ost__mongo_stream *s)
{
    ost__mongo_reader reader;
    ost_status status;
    if (!is_wanted(r))
        return OST_OK;
    status = ost__mongo_reader_begin(&reader, r->op->plan, r->op->rows, r->sink);
    if (status != OST_OK)
        return ost__mongo_too_many_columns(r, status);
    if (s->unread && s->cursor == 0 && !s->rest && r->sink->expect)
        r->sink->expect(r->sink, count_documents(s));
    status = read_rows(r, s, &reader, portion_of(r));
    r->outcome->rows += (int64_t)reader.rows;
    if (r->failed == OST_OK)
        r->failed = reader.failed;
    return status;
}

static bool is_read_out(const ost__mongo_run *r, const ost__mongo_stream *s)
{
    return !is_wanted(r) || (!s->unread && s->cursor == 0 && !s->rest);
}

ost_status ost__mongo_read_on(ost__mongo_run *r, ost__mongo_stream *s)
{
    ost_status status = read_portion(r, s);
    if (status == OST_OK && !is_read_out(r, s)) {
        r->outcome->progress = OST_MORE;
        s->index = OST_STREAM(r->op->stream);
        s->batch = 0;
        return OST_OK;
    }
    ost__mongo_stream_kill(r, s);
    ost__mongo_stream_free(r->c, s);
    return status;
}

/* ---- selects ---- */

static ost_status write_find(ost__mongo_run *r, ost__mongo_writer *w, bson_t *out, bool *nothing)
{
    const ost_shape *shape = r->op->shape;
    bool single = (r->op->flags & OST_FLAG_SINGLE) != 0;
    BSON_APPEND_UTF8(out, "find", w->table->name);
    OST_TRY(ost__mongo_find(w, out, nothing));
    if (!bson_empty(&w->plan->sort))
        BSON_APPEND_BOOL(out, "allowDiskUse", true);
    if (single && shape->limit_parameter == OST_NO_PARAMETER)
        BSON_APPEND_INT64(out, "limit", 1);
    if (single)
        BSON_APPEND_BOOL(out, "singleBatch", true);
    else
        BSON_APPEND_INT32(out, "batchSize", batch_size(portion_of(r)));
    return OST_OK;
}

static ost_status write_aggregate(ost__mongo_run *r, ost__mongo_writer *w, bson_t *out)
{
    bson_t stages, cursor;
    ost_status status;
    BSON_APPEND_UTF8(out, "aggregate", w->table->name);
    BSON_APPEND_ARRAY_BEGIN(out, "pipeline", &stages);
    status = ost__mongo_pipeline(w, &stages);
    bson_append_array_end(out, &stages);
    OST_TRY(status);
    /* Before 6.0 what does not fit into 100 MB is refused unless it is said. */
    BSON_APPEND_BOOL(out, "allowDiskUse", true);
    BSON_APPEND_DOCUMENT_BEGIN(out, "cursor", &cursor);
    BSON_APPEND_INT32(&cursor, "batchSize", batch_size(portion_of(r)));
    bson_append_document_end(out, &cursor);
    return OST_OK;
}

static ost_status write_select(ost__mongo_run *r, bson_t *out, bool *nothing)
{
    const ost_operation *op = r->op;
    ost__mongo_writer w = { .plan = op->plan,
                            .table = op->shape->table,
                            .op = op,
                            .record = op->record_count > 0 ? op->records : NULL,
                            .error = r->error };
    ost_status status;
    bson_reinit(out);
    *nothing = false;
    status = op->plan->way == OST__MONGO_FIND ? write_find(r, &w, out, nothing)
                                              : write_aggregate(r, &w, out);
    if (status != OST_OK && r->error)
        r->error->nothing_sent = 1;
    return status;
}

/* What is left is read later: the cursor, and the reply, whose memory changes hands. */
static ost_status keep_stream(ost__mongo_run *r, ost__mongo_stream *s)
{
    ost_connection *c = r->c;
    ost__mongo_stream *kept = ost__alloc(&c->backend->memory, sizeof *kept);
    if (!kept)
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for a stream");
    *kept = *s;
    kept->reply = bson_new();
    bson_steal(kept->reply, s->reply);
    s->has_reply = false;
    s->rest = NULL;
    kept->index = OST_STREAM(r->op->stream);
    kept->batch = 0;
    kept->next = c->streams;
    c->streams = kept;
    r->outcome->progress = OST_MORE;
    return OST_OK;
}

/* The first portion has come. The cursor lives on where there is more, or is killed. */
ost_status ost__mongo_stream_first(ost__mongo_run *r, ost__mongo_stream *s)
{
    ost_status status = read_portion(r, s);
    if (status == OST_OK && !is_read_out(r, s) && (r->op->flags & OST_FLAG_STREAM))
        status = keep_stream(r, s);
    if (status == OST_OK && r->outcome->progress == OST_MORE)
        return OST_OK;
    ost__mongo_stream_kill(r, s);
    return status;
}

static ost_status ask(ost__mongo_run *r, ost__mongo_stream *s)
{
    ost_connection *c = r->c;
    ost_status status;
    r->outcome->statements++;
    status = ost__mongo_command_at(r, c->in_unit ? OST__MONGO_PLAIN : OST__MONGO_READS, 0,
                                   &c->command, &s->server, s->reply);
    s->has_reply = true;
    return status == OST_OK ? ost__mongo_stream_take(r, s) : status;
}

/* ---- in parts ---- */

static ost_status ask_part(ost__mongo_run *r, const ost_operation *op, ost__mongo_stream **out)
{
    ost_connection *c = r->c;
    ost__mongo_run part = *r;
    ost__mongo_stream *s;
    bool nothing;
    ost_status status;
    part.op = op;
    OST_TRY(write_select(&part, &c->command, &nothing));
    s = ost__alloc_zeroed(&c->backend->memory, sizeof *s);
    if (!s)
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for a stream");
    s->op = *r->op;
    s->collection = r->op->shape->table->name;
    s->reply = bson_new();
    *out = s;
    status = ask(&part, s);
    return status;
}

/* One row of what the parts say: how many there are, or whether there is one. */
static ost_status add_up(ost__mongo_run *r, ost__mongo_stream *s)
{
    const char *name = r->op->plan->columns[0].name;
    bson_t cursor, rows, row;
    bson_iter_t top, at;
    int64_t count = 0;
    char path[64];
    (void)ost__print(path, sizeof path, "cursor.firstBatch.0.%s", name);
    for (const ost__mongo_stream *part = s; part; part = part->rest) {
        if (!bson_iter_init(&top, part->reply) || !bson_iter_find_descendant(&top, path, &at))
            return no_reply(r);
        count += bson_iter_as_int64(&at);
    }
    if (s->rest)
        ost__mongo_stream_free(r->c, s->rest);
    s->rest = NULL;
    ost__mongo_stream_forget(s);
    bson_init(s->reply);
    BSON_APPEND_DOCUMENT_BEGIN(s->reply, "cursor", &cursor);
    BSON_APPEND_INT64(&cursor, "id", 0);
    BSON_APPEND_ARRAY_BEGIN(&cursor, "firstBatch", &rows);
    BSON_APPEND_DOCUMENT_BEGIN(&rows, "0", &row);
    if (r->op->shape->wrap == OST_WRAP_COUNT)
        BSON_APPEND_INT64(&row, name, count);
    else
        BSON_APPEND_BOOL(&row, name, count > 0);
    bson_append_document_end(&rows, &row);
    bson_append_array_end(&cursor, &rows);
    bson_append_document_end(s->reply, &cursor);
    return ost__mongo_stream_take(r, s);
}

/* `r->error` says why it cannot be asked in one. */
static ost_status select_parts(ost__mongo_run *r)
{
    bool single = (r->op->flags & OST_FLAG_SINGLE) != 0, found = false;
    ost__mongo_stream *first = NULL, **end = &first;
    ost__mongo_parts parts;
    ost_status status = ost__mongo_parts_begin(&parts, r);
    while (status == OST_OK && !(single && found) && ost__mongo_parts_next(&parts)) {
        status = ask_part(r, &parts.op, end);
        if (*end) {
            found = (*end)->unread;
            end = &(*end)->rest;
        }
    }
    ost__mongo_parts_end(&parts);
    if (!first)
        return status;
    if (status == OST_OK && r->op->shape->wrap != OST_WRAP_NONE)
        status = add_up(r, first);
    if (status == OST_OK)
        status = ost__mongo_stream_first(r, first);
    else
        ost__mongo_stream_kill(r, first);
    ost__mongo_stream_free(r->c, first);
    return status;
}

ost_status ost__mongo_select(ost__mongo_run *r)
{
    ost_connection *c = r->c;
    bson_t reply;
    ost__mongo_stream s = { .op = *r->op, .reply = &reply };
    bool nothing;
    ost_status status;
    if (!r->op->plan)
        return ost__error_set(r->error, OST_MISUSE, "the operation was not compiled");
    s.collection = r->op->shape->table->name;
    status = write_select(r, &c->command, &nothing);
    if (status == OST_TOO_LARGE)
        return select_parts(r);
    if (status != OST_OK || nothing || r->op->plan->nothing)
        return status;
    status = ask(r, &s);
    if (status == OST_OK)
        status = ost__mongo_stream_first(r, &s);
    ost__mongo_stream_forget(&s);
    return status;
}
