/* SPDX-License-Identifier: MIT */
#include "mongo/watching.h"

#include <time.h>

OST_MODEL(note, .table = "notes",
          OST_FIELDS(OST_FIELD(note, id, .primary_key = true), OST_FIELD(note, text),
                     OST_FIELD(note, n), OST_FIELD(note, maybe)));
OST_MODEL(cell, .table = "cells",
          OST_FIELDS(OST_FIELD(cell, row, .primary_key = true),
                     OST_FIELD(cell, line, .primary_key = true), OST_FIELD(cell, text)));

int64_t watched_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void watched_ok(ost_status status, ost_session *s, const char *what, const char *file, int line)
{
    if (status == OST_OK)
        return;
    print_error("%s: %s: %s\n", what, ost_status_name(status), ost_session_error(s)->message);
    _fail(file, line);
}

void watched_says(ost_session *s, ost_status status, const char *part, const char *file, int line)
{
    const ost_error *e = ost_session_error(s);
    if (e->status == status && strstr(e->message, part))
        return;
    print_error("%s, but: %s: %s\n", part, ost_status_name((ost_status)e->status), e->message);
    _fail(file, line);
}

void watching_open(watching *p, const char *url, uint32_t most, uint32_t timeout_ms)
{
    ost_error error;
    const ost_pool_options pool = { .struct_size = sizeof pool, .max = most };
    p->url = url;
    if (ost_open(OST_OPTIONS(.url = url, .drivers = OST_DRIVERS(ost_driver_mongo()),
                             .models = OST_MODELS(&note_model, &cell_model), .pool = &pool,
                             .statement_timeout_ms = timeout_ms),
                 &p->db, &error) ||
        ost_session_open(p->db, NULL, &p->s, &error))
        fail_msg("%s", error.message);
}

void watching_close(watching *p)
{
    ost_session_close(p->s);
    ost_close(p->db);
}

int watched_begin(void **state)
{
    watched *w = calloc(1, sizeof *w);
    ost_error error;
    assert_non_null(w);
    w->url = server_database(SERVER_MONGODB, NULL);
    watching_open(&w->reader, w->url, 2, 10000);
    watching_open(&w->writer, w->url, 2, 10000);
    if (ost_create_tables(w->writer.db, &error))
        fail_msg("%s", error.message);
    *state = w;
    return 0;
}

int watched_end(void **state)
{
    watched *w = *state;
    watching_close(&w->reader);
    watching_close(&w->writer);
    server_drop(w->url);
    free(w);
    return 0;
}

note *watched_next(ost_watcher *w, uint16_t kind)
{
    ost_watch_event event;
    note *n = ost_watch_next(w, note, &event);
    if (event.status != OST_OK || event.kind != kind)
        fail_msg("kind %u instead of %u: %s", event.kind, kind,
                 ost_status_name((ost_status)event.status));
    assert_true(event.token.size > 0);
    assert_true((n != NULL) == (kind != OST_WATCH_INVALIDATED));
    return n;
}

/* Writes that the server has acknowledged are in the stream: a short look finds them. */
void watched_nothing(ost_watcher *w, ost_session *s)
{
    ost_watch_event event;
    assert_null(ost_watch_next(w, note, &event));
    assert_int_equal(event.kind, OST_WATCH_NOTHING);
    assert_int_equal(event.status, OST_TIMEOUT);
    assert_true(event.token.size > 0);
    SAYS(s, OST_TIMEOUT, "no note was changed in time");
}

void watched_insert(ost_session *s, int64_t id, int n)
{
    char text[32];
    (void)snprintf(text, sizeof text, "note %lld", (long long)id);
    OK(ost_insert(s, note, &(note){ .id = id, .text = text, .n = n }), s);
}

void watched_set(ost_session *s, int64_t id, int n)
{
    ost_query *q = ost_from(s, note);
    ost_where(q, ost_eq(note, id, id));
    OK(ost_update_one(q, ost_set(note, n, n)), s);
}

void watched_delete(ost_session *s, int64_t id)
{
    OK(ost_delete(s, note, &(note){ .id = id }), s);
}

void watched_fill(const char *url, int first, int last)
{
    enum { AT_ONCE = 500, EACH = 160 };
    char *text = malloc(AT_ONCE * EACH);
    assert_non_null(text);
    while (first <= last) {
        int size = snprintf(text, EACH, "{\"insert\": \"notes\", \"documents\": [");
        for (int i = 0; i < AT_ONCE - 1 && first <= last; i++, first++)
            size += snprintf(text + size, EACH,
                             "%s{\"_id\": {\"$numberLong\": \"%d\"}, \"text\": \"note %d\", \"n\": "
                             "%d}",
                             i > 0 ? ", " : "", first, first, first);
        (void)snprintf(text + size, EACH, "]}");
        server_sql(url, text);
    }
    free(text);
}

ost_blob watched_keep(ost_blob token)
{
    uint8_t *copy = malloc(token.size);
    assert_non_null(copy);
    assert_true(token.size > 0);
    memcpy(copy, token.data, token.size);
    return (ost_blob){ .data = copy, .size = token.size };
}

void watched_forget(ost_blob token)
{
    free((void *)(uintptr_t)token.data);
}
