/* SPDX-License-Identifier: MIT */
/* Changes of lists as SQL functions over JSON texts: push, add to a set, pull. Items are taken over
 * as they stand. An absent list is an empty one that nothing can be pulled from. */
#include "sqlite/connection.h"

#include <string.h>

#include "base/buffer.h"
#include "base/json_value.h"

/* Items as they stand in a text. */
typedef struct span {
    const char *text;
    size_t size;
} span;
typedef struct spans {
    const ost__memory *memory;
    span *items;
    size_t count, capacity;
    bool failed;
} spans;

static void add_span(spans *s, span item)
{
    if (s->count == s->capacity) {
        size_t more = s->capacity ? s->capacity * 2 : 16;
        span *items =
            ost__realloc(s->memory, s->items, s->capacity * sizeof *items, more * sizeof *items);
        if (!items) {
            s->failed = true;
            return;
        }
        s->items = items;
        s->capacity = more;
    }
    s->items[s->count++] = item;
}

static void finish(spans *s)
{
    if (s->items)
        ost__free(s->memory, s->items, s->capacity * sizeof *s->items);
}

/* The items of a list; false: the text is none. */
static bool split(spans *s, const char *text, size_t size)
{
    ost__json_reader r;
    ost__json_read(&r, text, size);
    if (ost__json_next(&r) != OST__JSON_OPEN_LIST)
        return false;
    while (ost__json_next(&r) != OST__JSON_CLOSE_LIST) {
        if (r.kind == OST__JSON_ERROR || r.kind == OST__JSON_END)
            return false;
        const char *start = r.text - (r.kind == OST__JSON_STRING);
        if (!ost__json_skip(&r))
            return false;
        add_span(s, (span){ start, (size_t)(r.at - start) });
    }
    return ost__json_next(&r) == OST__JSON_END;
}

static bool equal(const spans *s, span a, span b)
{
    bool same = false;
    if (a.size == b.size && memcmp(a.text, b.text, a.size) == 0)
        return true;
    return ost__json_equal(s->memory, a.text, a.size, b.text, b.size, &same) == OST_OK && same;
}

static bool has(const spans *s, span item)
{
    for (size_t i = 0; i < s->count; i++)
        if (equal(s, s->items[i], item))
            return true;
    return false;
}

/* Two lists of which a third is made. */
typedef struct joining {
    spans old, given, made;
} joining;

static bool begin(joining *j, sqlite3_context *context, sqlite3_value **argv)
{
    ost_connection *c = sqlite3_user_data(context);
    const char *old = (const char *)sqlite3_value_text(argv[0]);
    const char *given = (const char *)sqlite3_value_text(argv[1]);
    *j = (joining){ .old = { .memory = &c->backend->memory },
                    .given = { .memory = &c->backend->memory },
                    .made = { .memory = &c->backend->memory } };
    if ((!old || split(&j->old, old, (size_t)sqlite3_value_bytes(argv[0]))) && given &&
        split(&j->given, given, (size_t)sqlite3_value_bytes(argv[1])))
        return true;
    ost__sqlite_refuse(context, c, OST_RANGE, NULL);
    return false;
}

static void give(joining *j, sqlite3_context *context, size_t from, size_t to)
{
    ost__buffer out;
    ost__buffer_init(&out, j->made.memory);
    ost__buffer_char(&out, '[');
    for (size_t i = from; i < to; i++) {
        if (i > from)
            ost__buffer_char(&out, ',');
        ost__buffer_bytes(&out, j->made.items[i].text, j->made.items[i].size);
    }
    ost__buffer_char(&out, ']');
    if (out.failed || j->old.failed || j->given.failed || j->made.failed)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_text64(context, out.data, out.size, SQLITE_TRANSIENT, SQLITE_UTF8);
    ost__buffer_finish(&out);
}

static void end(joining *j)
{
    finish(&j->old);
    finish(&j->given);
    finish(&j->made);
}

/* ostler_push(list, items, position or NULL, how many stay or NULL) */
static void push(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    joining j;
    (void)argc;
    if (begin(&j, context, argv)) {
        size_t at = j.old.count, from = 0, to = j.old.count + j.given.count;
        int64_t position = sqlite3_value_int64(argv[2]), keep = sqlite3_value_int64(argv[3]);
        if (sqlite3_value_type(argv[2]) != SQLITE_NULL && (uint64_t)position < at)
            at = (size_t)position;
        for (size_t i = 0; i < at; i++)
            add_span(&j.made, j.old.items[i]);
        for (size_t i = 0; i < j.given.count; i++)
            add_span(&j.made, j.given.items[i]);
        for (size_t i = at; i < j.old.count; i++)
            add_span(&j.made, j.old.items[i]);
        if (sqlite3_value_type(argv[3]) != SQLITE_NULL) {
            uint64_t most = keep < 0 ? (uint64_t)0 - (uint64_t)keep : (uint64_t)keep;
            if (keep < 0 && most < to)
                from = to - (size_t)most;
            else if (keep >= 0 && most < to)
                to = (size_t)most;
        }
        give(&j, context, from, to);
    }
    end(&j);
}

/* ostler_add_to_set(list, items) */
static void add_to_set(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    joining j;
    (void)argc;
    if (begin(&j, context, argv)) {
        for (size_t i = 0; i < j.old.count; i++)
            add_span(&j.made, j.old.items[i]);
        for (size_t i = 0; i < j.given.count; i++)
            if (!has(&j.made, j.given.items[i]))
                add_span(&j.made, j.given.items[i]);
        give(&j, context, 0, j.made.count);
    }
    end(&j);
}

/* ostler_pull(list, items): NULL of NULL. */
static void pull(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    joining j;
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    if (begin(&j, context, argv)) {
        for (size_t i = 0; i < j.old.count; i++)
            if (!has(&j.given, j.old.items[i]))
                add_span(&j.made, j.old.items[i]);
        give(&j, context, 0, j.made.count);
    }
    end(&j);
}

int ost__sqlite_document_lists(ost_connection *c)
{
    enum { PURE = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS };
    static const struct {
        const char *name;
        int argc;
        void (*call)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        { "ostler_push", 4, push },
        { "ostler_add_to_set", 2, add_to_set },
        { "ostler_pull", 2, pull },
    };
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof functions / sizeof functions[0]; i++)
        rc = sqlite3_create_function_v2(c->db, functions[i].name, functions[i].argc, PURE, c,
                                        functions[i].call, NULL, NULL, NULL);
    return rc;
}
