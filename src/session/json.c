/* SPDX-License-Identifier: MIT */
#include "ostler/json.h"

#include <string.h>

#include "base/buffer.h"
#include "model/record_json.h"
#include "session/call.h"
#include "session/image.h"
#include "session/session.h"

/* A sink gets about so much at a time. */
enum { PORTION = 32 * 1024 };

static ost_call *make_call(ost__json_output *o, const ost__model *m)
{
    return ost__call_new(o->session, m, OST_CALL_JSON);
}

static void begin_output(ost__json_output *o, ost_session *s, ost__buffer *out)
{
    *o = (ost__json_output){ .error = &s->error, .make_call = make_call, .session = s };
    ost__buffer_init(out, &s->db->memory);
    ost__json_begin(&o->w, out);
}

static ost_status check_records(ost_session *s, const ost__model *m, const void *records,
                                size_t count)
{
    if (!m)
        return (ost_status)s->error.status;
    if (!records && count > 0)
        return ost__fail(s, OST_MISUSE, "a NULL record of %s was given", m->table.model);
    return OST_OK;
}

/* What is converted is written in its stored form. */
static ost_status write_record(ost__json_output *o, const ost__model *m, const void *record)
{
    ost_session *s = o->session;
    if (m->converted_count == 0)
        return ost__record_to_json(o, m, record);
    const ost__arena_mark before = ost__arena_mark_now(&s->scratch);
    const void *image = ost__converted_shadow_of(s, m, record, NULL);
    ost_status status = image ? ost__record_to_json(o, m, image) : (ost_status)s->error.status;
    /* A call that was made meanwhile stays. */
    if (!o->call)
        ost__arena_release(&s->scratch, before);
    return status;
}

static ost_status write_list(ost__json_output *o, const ost__model *m, const void *records,
                             size_t count)
{
    ost__json_open_list(&o->w);
    for (size_t i = 0; i < count; i++)
        OST_TRY(write_record(o, m, (const char *)records + i * m->size));
    ost__json_close_list(&o->w);
    return OST_OK;
}

static ost_status write_page(ost__json_output *o, const ost__model *m, const void *records,
                             size_t count, const ost_page *page)
{
    ost__json_writer *w = &o->w;
    ost__json_open_object(w);
    ost__json_key(w, "items");
    OST_TRY(write_list(o, m, records, count));
    ost__json_key(w, "page");
    ost__json_uint(w, page->page);
    ost__json_key(w, "limit");
    ost__json_uint(w, page->limit);
    ost__json_key(w, "total");
    ost__json_uint(w, page->total);
    ost__json_key(w, "pages");
    ost__json_uint(w, page->pages);
    ost__json_key(w, "has_next");
    ost__json_bool(w, page->has_next);
    ost__json_key(w, "has_previous");
    ost__json_bool(w, page->has_previous);
    ost__json_close_object(w);
    return OST_OK;
}

enum form { RECORD, LIST, PAGE };

static const char *to_json(ost_session *s, const ost_model *m, size_t record_size,
                           const void *records, size_t count, enum form form, const ost_page *page)
{
    ost__buffer out;
    ost__json_output o;
    const char *text = NULL;
    if (!ost__enter(s))
        return NULL;
    const ost__model *model = ost__session_model(s, m, record_size);
    ost_status status = check_records(s, model, records, count);
    begin_output(&o, s, &out);
    if (status == OST_OK) {
        switch (form) {
        case RECORD: status = write_record(&o, model, records); break;
        case LIST: status = write_list(&o, model, records, count); break;
        default: status = write_page(&o, model, records, count, page); break;
        }
    }
    if (status == OST_OK) {
        text = out.failed ? NULL : ost__arena_text(&s->records, out.data, out.size);
        if (!text)
            status = ost__no_memory(s);
    }
    ost__buffer_finish(&out);
    ost__leave(s, status);
    return text;
}

const char *ost_session_to_json(ost_session *s, const ost_model *m, size_t record_size,
                                const void *record)
{
    return to_json(s, m, record_size, record, 1, RECORD, NULL);
}

const char *ost_session_list_to_json(ost_session *s, const ost_model *m, size_t record_size,
                                     const void *records, size_t count)
{
    return to_json(s, m, record_size, records, count, LIST, NULL);
}

const char *ost_session_page_to_json(ost_session *s, const ost_model *m, size_t record_size,
                                     const void *records, size_t count, const ost_page *page,
                                     size_t page_size)
{
    ost_page known = { 0 };
    if (page)
        memcpy(&known, page, page_size < sizeof(known) ? page_size : sizeof(known));
    return to_json(s, m, record_size, records, count, PAGE, &known);
}

/* ---- in portions ---- */

/* What has not been handed over yet. The session is the program's own between two portions. */
typedef struct stream {
    ost_session *s;
    const ost__model *model;
    ost__buffer out;
    ost__json_output o;
    ost_json_sink *sink;
    void *context;
} stream;

static ost_status begin_stream(stream *x, ost_session *s, const ost_model *m, size_t record_size,
                               ost_json_sink *sink, void *context)
{
    *x = (stream){ .s = s, .sink = sink, .context = context };
    begin_output(&x->o, s, &x->out);
    x->model = ost__session_model(s, m, record_size);
    if (!x->model)
        return (ost_status)s->error.status;
    if (!sink)
        return ost__fail(s, OST_MISUSE, "the json of %s needs a sink", x->model->table.model);
    ost__json_open_list(&x->o.w);
    return OST_OK;
}

/* Hands over what there is; the session has been left. */
static ost_status hand_over(stream *x)
{
    ost_status status = x->sink(x->context, x->out.data, x->out.size);
    ost__buffer_reset(&x->out);
    if (status != OST_OK && x->s->error.status != status)
        ost__fail(x->s, status, "the sink of the json of %s returned %s", x->model->table.model,
                  ost_status_name(status));
    return status;
}

/* Writes records until a portion is full; how many. */
static ost_status write_portion(stream *x, const char *records, size_t count, size_t *written)
{
    ost_status status = OST_OK;
    if (!ost__enter(x->s))
        return OST_MISUSE;
    x->o.call = NULL;
    for (*written = 0; status == OST_OK && *written < count && x->out.size < PORTION; ++*written)
        status = write_record(&x->o, x->model, records + *written * x->model->size);
    return ost__leave(x->s, status);
}

static ost_status add_records(stream *x, const char *records, size_t count)
{
    size_t written;
    for (; count > 0; count -= written, records += written * x->model->size) {
        OST_TRY(write_portion(x, records, count, &written));
        if (x->out.size >= PORTION)
            OST_TRY(hand_over(x));
    }
    return OST_OK;
}

static ost_status end_stream(stream *x)
{
    ost__json_close_list(&x->o.w);
    return x->out.failed ? ost__no_memory(x->s) : hand_over(x);
}

ost_status ost_session_list_write_json(ost_session *s, const ost_model *m, size_t record_size,
                                       const void *records, size_t count, ost_json_sink *sink,
                                       void *context)
{
    stream x;
    if (!ost__enter(s))
        return OST_MISUSE;
    ost_status status = begin_stream(&x, s, m, record_size, sink, context);
    if (status == OST_OK)
        status = check_records(s, x.model, records, count);
    ost__leave(s, status);
    if (status == OST_OK)
        status = add_records(&x, records, count);
    if (status == OST_OK)
        status = end_stream(&x);
    ost__buffer_finish(&x.out);
    return status;
}

static ost_status add_rows(stream *x, ost_cursor *rows, const ost_model *m, size_t record_size)
{
    const void *row;
    while ((row = ost_cursor_next(rows, m, record_size)) != NULL)
        OST_TRY(add_records(x, row, 1));
    return OST_OK;
}

ost_status ost_query_write_json(ost_query *handle, const ost_model *m, size_t record_size,
                                ost_json_sink *sink, void *context)
{
    stream x;
    ost__query *q = handle ? ost__query_slot(handle) : NULL;
    if (!q || !q->session || !ost__enter(q->session))
        return ost__query_unentered(handle);
    ost_session *s = q->session;
    ost_status status = begin_stream(&x, s, m, record_size, sink, context);
    ost__leave(s, status);
    if (status == OST_OK) {
        ost_cursor *rows = ost_stream(handle, 0);
        status = add_rows(&x, rows, m, record_size);
        ost_error why = s->error;
        ost_status closed = ost_cursor_close(rows);
        /* A mistake in a record comes before that the rest was not read. */
        if (status == OST_OK)
            status = closed;
        else
            memcpy(&s->error, &why, sizeof(s->error));
    }
    if (status == OST_OK)
        status = end_stream(&x);
    ost__buffer_finish(&x.out);
    return status;
}
