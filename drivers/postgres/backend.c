/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

#include <string.h>

#include "base/error.h"

/* Only the number of a transaction that wrote can be asked for without giving it one. */
static const char *const texts[OST__PG_VERB_COUNT] = {
    [OST__PG_COMMIT] = "COMMIT",
    [OST__PG_ROLLBACK] = "ROLLBACK",
    [OST__PG_ASK_TOKEN] = "SELECT txid_current_if_assigned(), pg_backend_pid()",
    [OST__PG_TAKE_TOKEN] = "SELECT txid_current(), pg_backend_pid()",
};

static void begin_text(uint32_t access, uint32_t isolation, char out[80])
{
    static const char *const levels[] = {
        [OST_DEFAULT_ISOLATION] = "",
        [OST_READ_COMMITTED] = " ISOLATION LEVEL READ COMMITTED",
        [OST_REPEATABLE_READ] = " ISOLATION LEVEL REPEATABLE READ",
        [OST_SERIALIZABLE] = " ISOLATION LEVEL SERIALIZABLE",
    };
    /* A writer does not say READ WRITE: a server that only reads must be able to refuse. */
    static const char *const accesses[] = {
        [OST_ACCESS_WRITE] = "",
        [OST_ACCESS_READ_ONLY] = " READ ONLY",
        [OST_ACCESS_DEFERRABLE] = " READ ONLY DEFERRABLE",
    };
    /* Deferring has a meaning in serializable units alone. */
    if (access == OST_ACCESS_DEFERRABLE && isolation == OST_DEFAULT_ISOLATION)
        isolation = OST_SERIALIZABLE;
    ost__print(out, 80, "BEGIN%s%s", levels[isolation], accesses[access]);
}

static ost_status make_verbs(ost_backend *b, ost_error *e)
{
    for (uint32_t i = 0; i < OST__PG_VERB_COUNT; i++) {
        char text[80];
        if (i < OST__PG_COMMIT)
            begin_text(i / 4, i % 4, text);
        b->verbs[i] = ost__pg_plan_of_text(&b->memory, i < OST__PG_COMMIT ? text : texts[i]);
        if (!b->verbs[i])
            return ost__error_set(e, OST_NO_MEMORY, "no memory to open a database");
    }
    return OST_OK;
}

ost_status ost__pg_open(const ost_host *host, const ost_options *options, ost_backend **out,
                        ost_error *error)
{
    const ost__memory memory = { host->resize, host->context };
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
    status = ost__pg_settings_read(&b->memory, options->url, &b->settings, error);
    if (status == OST_OK)
        status = make_verbs(b, error);
    if (status != OST_OK) {
        ost__pg_shut(b, INT64_MAX);
        return status;
    }
    *out = b;
    return OST_OK;
}

void ost__pg_shut(ost_backend *b, ost_deadline deadline)
{
    ost__memory memory;
    (void)deadline;
    if (!b)
        return;
    memory = b->memory;
    for (uint32_t i = 0; i < OST__PG_VERB_COUNT; i++)
        ost__pg_discard(b, b->verbs[i]);
    ost__pg_settings_finish(&memory, &b->settings);
    ost__free(&memory, b, sizeof *b);
}
