/* SPDX-License-Identifier: MIT */
#include "ostler/status.h"

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

static const char *const names[] = {
    [OST_OK] = "OST_OK",
    [OST_NOT_FOUND] = "OST_NOT_FOUND",
    [OST_INVALID] = "OST_INVALID",
    [OST_CONFLICT] = "OST_CONFLICT",
    [OST_FOREIGN_KEY] = "OST_FOREIGN_KEY",
    [OST_NOT_NULL] = "OST_NOT_NULL",
    [OST_CHECK] = "OST_CHECK",
    [OST_STALE] = "OST_STALE",
    [OST_SERIALIZATION] = "OST_SERIALIZATION",
    [OST_DEADLOCK] = "OST_DEADLOCK",
    [OST_LOCK_TIMEOUT] = "OST_LOCK_TIMEOUT",
    [OST_TIMEOUT] = "OST_TIMEOUT",
    [OST_POOL_TIMEOUT] = "OST_POOL_TIMEOUT",
    [OST_CONNECTION] = "OST_CONNECTION",
    [OST_UNKNOWN_OUTCOME] = "OST_UNKNOWN_OUTCOME",
    [OST_AUTH] = "OST_AUTH",
    [OST_SCHEMA] = "OST_SCHEMA",
    [OST_RANGE] = "OST_RANGE",
    [OST_TOO_LARGE] = "OST_TOO_LARGE",
    [OST_UNSUPPORTED] = "OST_UNSUPPORTED",
    [OST_CANCELLED] = "OST_CANCELLED",
    [OST_MISUSE] = "OST_MISUSE",
    [OST_NO_MEMORY] = "OST_NO_MEMORY",
    [OST_DRIVER_ERROR] = "OST_DRIVER_ERROR",
};

const char *ost_status_name(ost_status status)
{
    size_t index = (size_t)status;
    return index < sizeof names / sizeof names[0] ? names[index] : "OST_UNKNOWN_STATUS";
}

/* The text at *at, after which *at is moved; NULL if it does not end within `used` bytes. */
static const char *next_text(const ost_error *error, size_t used, size_t *at)
{
    const char *text = error->detail + *at;
    const char *end = *at < used ? memchr(text, '\0', used - *at) : NULL;
    if (end == NULL)
        return NULL;
    *at += (size_t)(end - text) + 1;
    return text;
}

bool ost_error_failure(const ost_error *error, size_t index, ost_failure *out)
{
    if (error == NULL || index >= error->failure_count)
        return false;
    size_t used = error->detail_used, at = 0;
    if (used > sizeof error->detail)
        return false;
    ost_failure failure = { NULL, NULL, NULL };
    for (size_t i = 0; i <= index; i++) {
        failure.path = next_text(error, used, &at);
        failure.rule = next_text(error, used, &at);
        failure.message = next_text(error, used, &at);
        if (failure.message == NULL || failure.rule == NULL || failure.path == NULL)
            return false;
    }
    *out = failure;
    return true;
}

/* The part of a text for which there is room. */
typedef struct explanation {
    char *out;
    size_t size, length;
} explanation;

static void add(explanation *x, const char *text)
{
    size_t size = strlen(text);
    if (x->length < x->size) {
        size_t room = x->size - x->length;
        memcpy(x->out + x->length, text, size < room ? size : room);
    }
    x->length += size;
}

size_t ost_explain_error(const ost_error *error, char *out, size_t size)
{
    explanation x = { .out = out, .size = size };
    ost_failure f;
    char more[40];
    for (size_t i = 0; ost_error_failure(error, i, &f); i++) {
        add(&x, i > 0 ? "\n" : "");
        add(&x, f.path);
        add(&x, *f.path ? ": " : "");
        add(&x, f.message);
    }
    if (error && error->failures_dropped > 0) {
        ost__print(more, sizeof more, "\nand %u more", (unsigned)error->failures_dropped);
        add(&x, more);
    }
    if (error && x.length == 0)
        add(&x, error->message);
    if (x.length < size)
        out[x.length] = '\0';
    else if (size > 0)
        out[ost__utf8_cut(out, size - 1)] = '\0';
    return x.length;
}
