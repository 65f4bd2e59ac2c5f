/* SPDX-License-Identifier: MIT */
#include "model/check.h"

#include <stdarg.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"

void ost__check_begin(ost__check *c, ost_error *e, ost__arena *arena,
                      struct ost__pattern **patterns)
{
    memset(c, 0, sizeof *c);
    c->error = e;
    c->arena = arena;
    c->patterns = patterns;
    c->model = "";
}

/* Names come from the program and may hold anything; a message is one line of text. */
static void copy_printable(char *out, size_t size, const char *name)
{
    ost__copy_text(out, size, name);
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}

void ost__check_fail(ost__check *c, const char *field, const char *rule, const char *format, ...)
{
    char model[OST__NAME_MAX + 1], name[OST__NAME_MAX + 1] = "", message[256];
    char path[2 * sizeof model];
    va_list list;
    va_start(list, format);
    ost_error sentence;
    ost__error_set_list(&sentence, OST_SCHEMA, format, list);
    va_end(list);
    copy_printable(message, sizeof message, sentence.message);
    copy_printable(model, sizeof model, c->model);
    if (field)
        copy_printable(name, sizeof name, field);
    ost__print(path, sizeof path, field ? "%s.%s" : "%s%s", model, name);
    /* Only a mistake replaces an older error: success leaves it. */
    if (c->mistakes == 0)
        ost__error_set(c->error, OST_SCHEMA, "%s", "");
    ost__error_add_failure(c->error, path, rule, message);
    if (c->mistakes == 0) {
        memcpy(c->first_model, model, sizeof model);
        memcpy(c->first_field, name, sizeof name);
        ost__print(c->first_message, sizeof c->first_message, "%s: %s", path, message);
    }
    c->mistakes++;
}

void ost__check_unsupported(ost__check *c, const char *field, const char *what)
{
    c->unsupported++;
    ost__check_fail(c, field, "unsupported", "%s is not built yet: leave it out", what);
}

ost_status ost__check_finish(ost__check *c)
{
    if (c->no_memory)
        return ost__error_set(c->error, OST_NO_MEMORY, "no memory for the models");
    if (c->mistakes == 0)
        return OST_OK;
    ost_status status = c->unsupported == c->mistakes ? OST_UNSUPPORTED : OST_SCHEMA;
    ost_error *e = c->error;
    if (!e)
        return status;
    e->status = (uint16_t)status;
    e->nothing_sent = 1;
    if (c->mistakes == 1)
        ost__print(e->message, sizeof e->message, "a mistake in the models: %s", c->first_message);
    else
        ost__print(e->message, sizeof e->message, "%u mistakes in the models; the first: %s",
                   (unsigned)c->mistakes, c->first_message);
    ost__error_about(e, c->first_model, c->first_field);
    return status;
}

bool ost__check_name(ost__check *c, const char *field, const char *what, const char *name)
{
    size_t size = strlen(name);
    if (size == 0) {
        ost__check_fail(c, field, "name", "the name of the %s is empty: give it one", what);
        return false;
    }
    if (size > OST__NAME_MAX) {
        ost__check_fail(c, field, "name",
                        "the name of the %s has %zu bytes: at most %d are allowed", what, size,
                        (int)OST__NAME_MAX);
        return false;
    }
    bool bad = !ost__utf8_valid(name, size);
    for (const char *p = name; *p; p++)
        bad = bad || (unsigned char)*p < 0x20 || *p == 0x7f || *p == '"' || *p == '`';
    if (bad)
        ost__check_fail(c, field, "name",
                        "the name of the %s holds a control character, a quote or bytes that are "
                        "not utf-8: choose a plain one",
                        what);
    return !bad;
}

const char *ost__full_name(const ost_table *t, const char *name, char out[OST__FULL_NAME_SIZE])
{
    if (!t->schema)
        return name;
    ost__print(out, OST__FULL_NAME_SIZE, "%s.%s", t->schema, name);
    return out;
}

void *ost__check_alloc(ost__check *c, size_t count, size_t size, size_t align)
{
    size_t bytes;
    void *p = NULL;
    if (ost__size_mul(count ? count : 1, size, &bytes))
        p = ost__arena_alloc_zeroed(c->arena, bytes, align);
    if (!p)
        c->no_memory = true;
    return p;
}

static unsigned char ascii_lower(char x)
{
    return (unsigned char)(x >= 'A' && x <= 'Z' ? x + ('a' - 'A') : x);
}

bool ost__names_equal(const char *a, const char *b)
{
    while (*a && ascii_lower(*a) == ascii_lower(*b)) {
        a++;
        b++;
    }
    return ascii_lower(*a) == ascii_lower(*b);
}

/* The stored names on the way to the field, of now or as the column was called before. */
static void put_path(ost__buffer *b, const ost_field *f, bool former)
{
    const ost_field *top = f;
    const char *path = f->path ? f->path : f->column;
    while (top->inside)
        top = top->inside;
    if (former && top->was) {
        ost__buffer_text(b, top->was);
        path += strlen(top->column);
    }
    for (; *path; path++)
        ost__buffer_char(b, f->path && *path == '.' ? '_' : *path);
}

static bool was_another(const ost_field *f)
{
    while (f->inside)
        f = f->inside;
    return f->was;
}

static const char *compose(ost__check *c, const char *prefix, const char *table,
                           const ost_field *const *fields, uint32_t count, const char *last,
                           bool former)
{
    ost__buffer b;
    ost__buffer_init(&b, c->arena->memory);
    ost__buffer_text(&b, prefix);
    ost__buffer_char(&b, '_');
    ost__buffer_text(&b, table);
    for (uint32_t i = 0; i < count; i++) {
        ost__buffer_char(&b, '_');
        put_path(&b, fields[i], former);
    }
    if (last) {
        ost__buffer_char(&b, '_');
        ost__buffer_text(&b, last);
    }
    const char *name = NULL;
    if (!b.failed && b.size <= OST__NAME_MAX) {
        name = ost__arena_text(c->arena, b.data, b.size);
    } else if (!b.failed) {
        /* The key is constant, because the name must be the same in every run. */
        const ost__hash_key key = { 0, 0 };
        uint64_t hash = ost__hash(&key, b.data, b.size);
        char text[OST__NAME_MAX + 1];
        size_t kept = ost__utf8_cut(b.data, OST__NAME_MAX - 9);
        memcpy(text, b.data, kept);
        size_t size = kept + ost__print(text + kept, sizeof text - kept, "_%08x", (unsigned)hash);
        name = ost__arena_text(c->arena, text, size);
    }
    ost__buffer_finish(&b);
    if (!name)
        c->no_memory = true;
    return name;
}

const char *ost__check_compose_former(ost__check *c, const char *prefix, const char *table,
                                      const ost_field *const *fields, uint32_t count,
                                      const char *last)
{
    for (uint32_t i = 0; i < count; i++)
        if (was_another(fields[i]))
            return compose(c, prefix, table, fields, count, last, true);
    return NULL;
}

const char *ost__check_compose(ost__check *c, const char *prefix, const char *table,
                               const ost_field *const *fields, uint32_t count, const char *last)
{
    return compose(c, prefix, table, fields, count, last, false);
}
