/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

enum { PARAMETERS_MAX = 65535, IDENTIFIER_MAX = 63, OLDEST = 120000 };

/* ---- connecting ---- */

/* Notices are no errors, and may hold values. */
static void drop_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static ost_status poll_until_open(ost_connection *c, ost_deadline deadline, ost_error *error)
{
    const ost_host *host = &c->backend->host;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        int events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        int got = host->wait(host->context, c, PQsocket(c->pg), events, deadline);
        if (got < 0)
            return ost__error_set(error, OST_CANCELLED, "cancelled while connecting");
        if (got == 0 && ost__pg_late(c, deadline))
            return ost__error_set(error, OST_TIMEOUT, "the server at %s did not answer in time",
                                  PQhost(c->pg));
        /* A wait without an event asks again, which libpq would take for one. */
        if (got != 0)
            state = PQconnectPoll(c->pg);
    }
    if (state == PGRES_POLLING_OK)
        return OST_OK;
    return ost__pg_connect_failed(PQerrorMessage(c->pg), error);
}

static ost_status start(ost_connection *c, const ost__pg_settings *settings, ost_deadline deadline,
                        ost_error *error)
{
    c->pg = PQconnectStartParams(settings->names, settings->values, 0);
    if (!c->pg)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
    PQsetNoticeReceiver(c->pg, drop_notice, NULL);
    if (PQstatus(c->pg) == CONNECTION_BAD)
        return ost__pg_connect_failed(PQerrorMessage(c->pg), error);
    /* Only so does libpq tell the code of a refusal. */
    PQsetErrorVerbosity(c->pg, PQERRORS_VERBOSE);
    OST_TRY(poll_until_open(c, deadline, error));
    PQsetErrorVerbosity(c->pg, PQERRORS_DEFAULT);
    if (PQsetnonblocking(c->pg, 1) != 0 || !(c->stop = ost__pg_stop_new(c->pg)))
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
    c->tls = PQsslInUse(c->pg);
    return OST_OK;
}

/* ---- what it can ---- */

static ost_status check_encoding(const ost_connection *c, ost_error *error)
{
    static const char *const names[] = { "client_encoding", "server_encoding" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = PQparameterStatus(c->pg, names[i]);
        if (!value || strcmp(value, "UTF8") != 0)
            return ost__error_set(error, OST_UNSUPPORTED,
                                  "the database's %s is %s, but texts are kept as UTF8: create "
                                  "the database with ENCODING 'UTF8'",
                                  names[i], value ? value : "not told");
    }
    return OST_OK;
}

/* One round trip tells what no parameter does. */
static ost_status look_around(ost_connection *c, ost_deadline deadline,
                              enum ost__pg_flavour *flavour, ost_error *error)
{
    static const char question[] =
        "SELECT pg_backend_pid(), version(), EXISTS (SELECT 1 FROM pg_catalog.pg_collation"
        " WHERE collname = 'und-x-icu')";
    PGresult *r;
    OST_TRY(ost__pg_ask(c, question, 0, NULL, deadline, &r, error));
    c->pooled = strtol(PQgetvalue(r, 0, 0), NULL, 10) != PQbackendPID(c->pg);
    if (strncmp(PQgetvalue(r, 0, 1), "CockroachDB", 11) == 0)
        *flavour = OST__PG_COCKROACH;
    else
        *flavour = PQgetvalue(r, 0, 2)[0] == 't' ? OST__PG_WITH_ICU : OST__PG_ASCII;
    PQclear(r);
    return OST_OK;
}

static void capabilities(const ost_connection *c, enum ost__pg_flavour flavour,
                         ost_capabilities *caps)
{
    static const uint8_t abilities[] = {
        OST_CAN_PIPELINE,    OST_CAN_SAVEPOINT, OST_CAN_RETURN,    OST_CAN_DDL_IN_UNIT,
        OST_CAN_SKIP_LOCKED, OST_CAN_BIND_LIST, OST_CAN_NEST_JSON, OST_CAN_ADD_KEYS,
        OST_CAN_LOCK_ROWS,   OST_CAN_SCHEMAS,
    };
    *caps = (ost_capabilities){
        .struct_size = sizeof *caps,
        .server_version = c->version,
        .max_parameters = PARAMETERS_MAX,
        .max_identifier = IDENTIFIER_MAX,
        .isolations = 1u << OST_DEFAULT_ISOLATION | 1u << OST_READ_COMMITTED |
                      1u << OST_REPEATABLE_READ | 1u << OST_SERIALIZABLE,
        .max_packet = OST__PG_PACKET_MAX,
        .max_document = OST__PG_PACKET_MAX,
        .fingerprint = ost__pg_fingerprint(flavour, c->pooled),
    };
    for (size_t i = 0; i < sizeof abilities; i++)
        caps->abilities |= UINT64_C(1) << abilities[i];
    if (!c->pooled)
        caps->abilities |= UINT64_C(1) << OST_CAN_PREPARE | UINT64_C(1) << OST_CAN_STREAM_BESIDE;
    if (flavour != OST__PG_COCKROACH)
        caps->abilities |= UINT64_C(1) << OST_CAN_COPY | UINT64_C(1) << OST_CAN_RESOLVE_COMMIT;
    ost__copy_text(caps->server_name, sizeof caps->server_name,
                   flavour == OST__PG_COCKROACH ? "CockroachDB" : "PostgreSQL");
}

static ost_status get_ready(ost_connection *c, ost_deadline deadline, ost_capabilities *caps,
                            ost_error *error)
{
    enum ost__pg_flavour flavour;
    int version = PQserverVersion(c->pg);
    if (version < OLDEST)
        return ost__error_set(error, OST_UNSUPPORTED,
                              "the server is PostgreSQL %d, but 12 is the oldest that is known",
                              version / 10000);
    c->version = (uint32_t)version;
    OST_TRY(check_encoding(c, error));
    OST_TRY(look_around(c, deadline, &flavour, error));
    c->has_fates = flavour != OST__PG_COCKROACH;
    capabilities(c, flavour, caps);
    return OST_OK;
}

static ost_connection *new_connection(ost_backend *b)
{
    ost_connection *c = ost__alloc_zeroed(&b->memory, sizeof *c);
    if (!c)
        return NULL;
    c->backend = b;
    atomic_init(&c->active, 0);
    atomic_init(&c->cancelled, 0);
    atomic_init(&c->cancelling, false);
    ost__buffer_init(&c->texts, &b->memory);
    ost__buffer_init(&c->copy, &b->memory);
    ost__pg_values_init(&c->values, &b->memory);
    if (ost__pg_statements_init(c))
        return c;
    ost__pg_close(c, 0);
    return NULL;
}

ost_status ost__pg_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                           ost_connection **out, ost_capabilities *caps, ost_error *error)
{
    ost__pg_settings own = { .storage = NULL };
    ost_connection *c;
    ost_status status;
    *out = NULL;
    c = new_connection(b);
    if (!c)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
    status = endpoint ? ost__pg_settings_read(&b->memory, endpoint, &own, error) : OST_OK;
    if (status == OST_OK)
        status = start(c, endpoint ? &own : &b->settings, deadline, error);
    ost__pg_settings_finish(&b->memory, &own);
    if (status == OST_OK)
        status = get_ready(c, deadline, caps, error);
    if (status == OST_OK) {
        *out = c;
        return OST_OK;
    }
    if (error)
        error->nothing_sent = 1;
    ost__pg_close(c, deadline);
    return status;
}

/* ---- the end ---- */

/* An open unit is rolled back by the server. PQfinish() says goodbye, but waits for nothing. */
void ost__pg_close(ost_connection *c, ost_deadline deadline)
{
    const ost__memory *memory;
    (void)deadline;
    if (!c)
        return;
    memory = &c->backend->memory;
    while (c->streams)
        ost__pg_stream_drop(c, c->streams);
    ost__pg_stop_free(c->stop);
    ost__pg_bell_close(&c->bell);
    PQfinish(c->pg);
    ost__pg_statements_finish(c);
    ost__pg_values_finish(&c->values);
    ost__free(&c->backend->memory, c->effects, c->effects_size);
    ost__buffer_finish(&c->copy);
    ost__buffer_finish(&c->texts);
    ost__free(memory, c->steps, c->step_capacity * sizeof *c->steps);
    ost__free(memory, c, sizeof *c);
}

/* In the child of a fork, PQfinish() would end the parent's session, and TLS would say goodbye in
 * its name. So the handle stays behind. */
void ost__pg_abandon(ost_connection *c)
{
    int fd = PQsocket(c->pg);
    ost__pg_bell_close(&c->bell);
    if (fd >= 0)
        close(fd);
}

/* ---- state ---- */

/*
 * Nothing is owed, so whatever can be read is bad news: the end, or a message before it. In a loop
 * of small statements looking would cost a tenth of all time; what happened since the last one is
 * not looked at there, as it could just as well happen a moment later.
 */
OST__HOT bool ost__pg_alive(ost_connection *c)
{
    enum { MOMENT_NS = 1000000 };
    const ost_host *host = &c->backend->host;
    struct pollfd p = { .fd = PQsocket(c->pg), .events = POLLIN };
    if (c->lost || c->mode != OST__PG_IDLE || PQstatus(c->pg) != CONNECTION_OK || p.fd < 0)
        return false;
    if (c->used_at != 0 && host->now(host->context) - c->used_at < MOMENT_NS)
        return true;
    return poll(&p, 1, 0) == 0;
}

ost_status ost__pg_role(ost_connection *c, bool *writable, ost_deadline deadline)
{
    const char *standby = PQparameterStatus(c->pg, "in_hot_standby");
    const char *read_only = PQparameterStatus(c->pg, "default_transaction_read_only");
    PGresult *r;
    if (standby && read_only && !c->pooled) {
        *writable = strcmp(standby, "off") == 0 && strcmp(read_only, "off") == 0;
        return OST_OK;
    }
    OST_TRY(ost__pg_ask(c,
                        "SELECT NOT pg_is_in_recovery() AND"
                        " current_setting('default_transaction_read_only') = 'off'",
                        0, NULL, deadline, &r, NULL));
    *writable = PQgetvalue(r, 0, 0)[0] == 't';
    PQclear(r);
    return OST_OK;
}

/*
 * A batch that ended meanwhile must not be followed by another while the server is told to stop:
 * submit waits for `cancelling` to be over.
 */
void ost__pg_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline)
{
    (void)b;
    atomic_store(&c->cancelling, true);
    if (atomic_load(&c->active) == batch) {
        atomic_store(&c->cancelled, batch);
        ost__pg_stop_now(c, deadline);
    }
    atomic_store(&c->cancelling, false);
}
