/* SPDX-License-Identifier: MIT */
#include "sqlite/connection.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"

static bool same_serial(const ost__lru_node *node, const void *key)
{
    return ((const ost__statement *)node)->serial == *(const uint64_t *)key;
}

static void destroy(ost_connection *c, ost__statement *s)
{
    const ost__memory *memory = &c->backend->memory;
    sqlite3_finalize(s->handle);
    ost__free(memory, s->scratch, (size_t)s->parameter_count * OST__CELL_SIZE);
    ost__free(memory, s, sizeof *s);
}

static const char *skip_blank(const char *text, const char *end)
{
    while (text < end && (*text == ' ' || *text == '\t' || *text == '\r' || *text == '\n' ||
                          *text == '\f' || *text == ';'))
        text++;
    return text;
}

static ost_status prepare(ost_connection *c, const ost_operation *op, const char *text, size_t size,
                          unsigned flags, ost__statement **out, ost_error *error)
{
    const char *tail = NULL;
    ost__statement *s;
    int rc;
    if (size >= INT_MAX)
        return ost__error_set(error, OST_TOO_LARGE, "the statement has more than 2 GiB");
    s = ost__alloc_zeroed(&c->backend->memory, sizeof *s);
    if (!s)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a statement");
    rc = sqlite3_prepare_v3(c->db, text, (int)size, flags, &s->handle, &tail);
    if (rc == SQLITE_OK && !s->handle) {
        destroy(c, s);
        return ost__error_set(error, OST_MISUSE, "the statement is empty");
    }
    if (rc == SQLITE_OK && skip_blank(tail, text + size) < text + size) {
        destroy(c, s);
        return ost__error_set(error, OST_MISUSE,
                              "the text holds more than one statement: run them one by one");
    }
    if (rc != SQLITE_OK) {
        ost_status status = ost__sqlite_failed(c, op, rc, error);
        destroy(c, s);
        return status;
    }
    s->parameter_count = sqlite3_bind_parameter_count(s->handle);
    s->column_count = sqlite3_column_count(s->handle);
    *out = s;
    return OST_OK;
}

ost_status ost__statement_prepare(ost_connection *c, const char *text, size_t size,
                                  ost__statement **out, ost_error *error)
{
    return prepare(c, c->running, text, size, 0, out, error);
}

/* Forgets the oldest statements beyond the bound; those that are running stay. */
static void bound(ost_connection *c)
{
    ost__lru_node *node = c->statements.oldest;
    while (c->statements.count > OST__STATEMENTS_MAX && node) {
        ost__statement *s = (ost__statement *)node;
        node = node->newer;
        if (s->busy)
            continue;
        if (c->last == s)
            c->last = NULL;
        ost__lru_remove(&c->statements, &s->node);
        destroy(c, s);
    }
}

static ost_status find_or_prepare(ost_connection *c, const ost_operation *op, uint64_t serial,
                                  const char *text, size_t size, ost__statement **out,
                                  ost_error *error)
{
    ost__statement *s = c->last;
    bool keep = !(op->flags & OST_FLAG_ONCE);
    if (!s || s->serial != serial) {
        s = (ost__statement *)ost__lru_find(&c->statements, serial, same_serial, &serial);
        if (s)
            c->last = s;
    }
    if (s && !s->busy) {
        s->busy = true;
        *out = s;
        return OST_OK;
    }
    if (s)
        keep = false;
    OST_TRY(prepare(c, op, text, size, keep ? SQLITE_PREPARE_PERSISTENT : 0, &s, error));
    assert(s);
    s->busy = true;
    if (keep) {
        s->serial = serial;
        s->cached = true;
        ost__lru_add(&c->statements, &s->node, s->serial);
        c->last = s;
        bound(c);
    }
    *out = s;
    return OST_OK;
}

ost_status ost__statement_of(ost_connection *c, const ost_operation *op, ost__statement **out,
                             ost_error *error)
{
    const ost_plan *plan = op->plan;
    return find_or_prepare(c, op, plan->serial, plan->text, plan->text_size, out, error);
}

ost_status ost__statement_read(ost_connection *c, const ost_operation *op, ost__statement **out,
                               ost_error *error)
{
    const ost_plan *plan = op->plan;
    return find_or_prepare(c, op, plan->serial + 1, plan->text + plan->text_size + 1,
                           plan->read_size, out, error);
}

void ost__statement_release(ost_connection *c, ost__statement *s)
{
    sqlite3_reset(s->handle);
    s->busy = false;
    if (!s->cached)
        destroy(c, s);
}

void ost__statements_finish(ost_connection *c)
{
    while (c->statements.newest) {
        ost__statement *s = (ost__statement *)c->statements.newest;
        ost__lru_remove(&c->statements, &s->node);
        destroy(c, s);
    }
    c->last = NULL;
}

ost__statement *ost__stream_of(const ost_connection *c, size_t index)
{
    ost__statement *s = c->streams;
    while (s && index != OST_STREAM(s->stream.stream) &&
           (index != s->stream_index || s->stream_batch != c->batch))
        s = s->next_open;
    return s;
}

void ost__stream_open(ost_connection *c, ost__statement *s, const ost_operation *op, size_t index)
{
    if (s->stream_batch != 0)
        return;
    s->stream = *op;
    s->stream_batch = c->batch;
    s->stream_index = index;
    s->next_open = c->streams;
    c->streams = s;
}

void ost__stream_close(ost_connection *c, ost__statement *s)
{
    ost__statement **at = &c->streams;
    while (*at && *at != s)
        at = &(*at)->next_open;
    if (*at)
        *at = s->next_open;
    s->stream_batch = 0;
    s->next_open = NULL;
    ost__statement_release(c, s);
}
