/* SPDX-License-Identifier: MIT */
#include "sqlite/connection.h"

#include <string.h>

#include "base/error.h"
#include "base/url.h"
#include "sqlite/dialect.h"

/* ---- the URL ---- */

static ost_status choose(const char *option, const char *value, const char *const *names,
                         uint32_t *out, ost_error *e)
{
    for (uint32_t i = 0; names[i]; i++) {
        if (strcmp(value, names[i]) == 0) {
            *out = i;
            return OST_OK;
        }
    }
    return ost__error_set(e, OST_MISUSE, "the URL says %s=%.32s, but it can be %s, %s or %s",
                          option, value, names[0], names[1], names[2]);
}

static ost_status read_options(ost_backend *b, const ost__url *url, ost_error *e)
{
    static const char *const modes[] = { "rwc", "rw", "ro", NULL };
    static const char *const levels[] = { "full", "normal", "off", NULL };
    static const char *const pragmas[] = { "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL",
                                           "PRAGMA synchronous=OFF" };
    uint32_t choice = 0;
    b->synchronous = pragmas[0];
    for (uint32_t i = 0; i < url->option_count; i++) {
        const char *name = url->options[i].name, *value = url->options[i].value;
        if (strcmp(name, "mode") == 0) {
            OST_TRY(choose(name, value, modes, &choice, e));
            b->mode = (uint8_t)choice;
        } else if (strcmp(name, "synchronous") == 0) {
            OST_TRY(choose(name, value, levels, &choice, e));
            b->synchronous = pragmas[choice];
        } else {
            return ost__error_set(e, OST_MISUSE,
                                  "the URL has option %.32s, but sqlite: takes only mode and "
                                  "synchronous",
                                  name);
        }
    }
    return OST_OK;
}

/* SQLite takes some names for URIs or databases of other kinds; a path in front makes them names of
 * files. */
static ost_status set_path(ost_backend *b, const char *prefix, const char *path, ost_error *e)
{
    size_t head = strlen(prefix), tail = strlen(path);
    if (!ost__size_add(head, tail, &b->path_size) ||
        !ost__size_add(b->path_size, 1, &b->path_size) ||
        !(b->path = ost__alloc(&b->memory, b->path_size)))
        return ost__error_set(e, OST_NO_MEMORY, "no memory to open a database");
    memcpy(b->path, prefix, head);
    memcpy(b->path + head, path, tail + 1);
    return OST_OK;
}

/* A name that nobody else in this process has: the address tells apart what a scripted source of
 * randomness would not. */
static ost_status name_memory(ost_backend *b, ost_error *e)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16 + sizeof b];
    char name[2 * sizeof bytes + 1];
    b->host.random(b->host.context, bytes, 16);
    memcpy(bytes + 16, &b, sizeof b);
    for (size_t i = 0; i < sizeof bytes; i++) {
        name[2 * i] = digits[bytes[i] >> 4];
        name[2 * i + 1] = digits[bytes[i] & 15];
    }
    name[2 * sizeof bytes] = '\0';
    OST_TRY(set_path(b, "file:/ostler-", name, e));
    b->anchor = ost__sqlite_handle(b, e);
    return b->anchor ? OST_OK : OST_CONNECTION;
}

static ost_status read_url(ost_backend *b, const ost__url *url, ost_error *e)
{
    bool special;
    if (url->host && url->host[0])
        return ost__error_set(e, OST_MISUSE,
                              "the URL names a host, but sqlite: takes a path: sqlite:books.db");
    if (url->path[0] == '\0')
        return ost__error_set(e, OST_MISUSE,
                              "the URL names no file: write sqlite:books.db or sqlite::memory:");
    if (strcmp(url->path, ":memory") == 0 || strcmp(url->path, "memory:") == 0)
        return ost__error_set(e, OST_MISUSE,
                              "the URL names a file '%s': for a database in memory write "
                              "sqlite::memory:",
                              url->path);
    OST_TRY(read_options(b, url, e));
    b->in_memory = strcmp(url->path, ":memory:") == 0;
    if (b->in_memory && b->mode == OST__MODE_READ_ONLY)
        return ost__error_set(e, OST_MISUSE,
                              "a database in memory starts empty, so mode=ro makes no sense");
    if (b->in_memory)
        return name_memory(b, e);
    special = url->path[0] == ':' || strncmp(url->path, "file:", 5) == 0;
    return set_path(b, special ? "./" : "", url->path, e);
}

ost_status ost__sqlite_open(const ost_host *host, const ost_options *options, ost_backend **out,
                            ost_error *error)
{
    const ost__memory memory = { host->resize, host->context };
    ost__url url = { .storage = NULL };
    ost_status status;
    ost_backend *b;
    *out = NULL;
    if (host->abi != OST_DRIVER_ABI)
        return ost__error_set(error, OST_MISUSE, "the driver is for another version of Ostler");
    b = ost__alloc_zeroed(&memory, sizeof *b);
    if (!b)
        return ost__error_set(error, OST_NO_MEMORY, "no memory to open a database");
    b->host = *host;
    b->memory = memory;
    atomic_init(&b->plans, 0);
    status = ost__url_parse(&memory, options->url, &url, error);
    if (status == OST_OK)
        status = read_url(b, &url, error);
    ost__url_finish(&memory, &url);
    if (status != OST_OK) {
        ost__sqlite_shut(b, INT64_MAX);
        return status;
    }
    *out = b;
    return OST_OK;
}

void ost__sqlite_shut(ost_backend *b, ost_deadline deadline)
{
    ost__memory memory;
    (void)deadline;
    if (!b)
        return;
    memory = b->memory;
    sqlite3_close(b->anchor);
    ost__free(&memory, b->path, b->path_size);
    ost__free(&memory, b, sizeof *b);
}

/* ---- plans ---- */

/* The second text is for upserts that give back columns. */
static ost_status write_texts(const ost_shape *shape, ost__buffer *text, ost__buffer *read,
                              ost_error *error)
{
    OST_TRY(ost__sql_statement(&ost__sqlite_dialect, shape, text, NULL, error));
    if (shape->kind != OST_DO_UPSERT || shape->column_count == 0)
        return OST_OK;
    return ost__sql_upsert_part(&ost__sqlite_dialect, shape, OST__SQL_UPSERT_READ, read, NULL,
                                error);
}

static ost_plan *join(ost_backend *b, const ost__buffer *text, const ost__buffer *read)
{
    ost_plan *plan;
    size_t size;
    if (!ost__size_add(sizeof *plan, text->size, &size) || !ost__size_add(size, 2, &size) ||
        !ost__size_add(size, read->size, &size) || !(plan = ost__alloc_zeroed(&b->memory, size)))
        return NULL;
    plan->serial = atomic_fetch_add(&b->plans, 2) + 1;
    plan->size = size;
    plan->text_size = text->size;
    plan->read_size = read->size;
    memcpy(plan->text, text->data, text->size);
    if (read->size > 0)
        memcpy(plan->text + text->size + 1, read->data, read->size);
    return plan;
}

ost_status ost__sqlite_compile(ost_backend *b, const ost_capabilities *caps, const ost_shape *shape,
                               ost_plan **out, ost_error *error)
{
    ost__buffer text, read;
    ost_status status;
    (void)caps;
    *out = NULL;
    ost__buffer_init(&text, &b->memory);
    ost__buffer_init(&read, &b->memory);
    status = write_texts(shape, &text, &read, error);
    if (status == OST_OK && !(*out = join(b, &text, &read)))
        status = ost__error_set(error, OST_NO_MEMORY, "no memory for a statement");
    ost__buffer_finish(&read);
    ost__buffer_finish(&text);
    return status;
}

void ost__sqlite_discard(ost_backend *b, ost_plan *plan)
{
    if (plan)
        ost__free(&b->memory, plan, plan->size);
}

const char *ost__sqlite_plan_text(const ost_plan *plan)
{
    return plan->text;
}
