/* SPDX-License-Identifier: MIT */
#include "ostler/status.h"

#include <string.h>

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
