/* SPDX-License-Identifier: MIT */
#include "mongo/connection.h"

#include <string.h>
#include <sys/socket.h>

#include "base/error.h"

enum {
    LEAST_WIRE = 13, /* 5.0 */
    LEAST_VERSION = 50000,
    DOUBT_MS = 700,   /* servers are looked at again as soon as that */
    ENDING_MS = 1000, /* for undoing what a connection leaves behind */
    NS_PER_MS = 1000000,
    IDENTIFIER_MAX = 120, /* of a collection, together with the database below 255 */
    STANDARD_MESSAGE = 48000000,
    STANDARD_DOCUMENT = 16777216
};

bool ost__mongo_cancelled(const ost_connection *c)
{
    return c->batch != 0 && atomic_load_explicit(&c->cancelled, memory_order_acquire) == c->batch;
}

bool ost__mongo_late(const ost_connection *c)
{
    const ost_host *host = &c->backend->host;
    return c->deadline != INT64_MAX && host->now(host->context) >= c->deadline;
}

/* ---- asking the server about itself ---- */

static ost_status ask(ost_connection *c, const char *what, unsigned flags, bson_t *reply,
                      ost_error *error)
{
    ost_outcome outcome = { .struct_size = sizeof outcome };
    ost__mongo_run r = { .c = c, .outcome = &outcome, .error = error };
    bson_t command = BSON_INITIALIZER;
    ost_status status;
    BSON_APPEND_INT32(&command, what, 1);
    c->interrupted = OST_OK;
    status = ost__mongo_command(&r, OST__MONGO_PLAIN, OST__MONGO_APART | OST__MONGO_ADMIN | flags,
                                &command, reply);
    bson_destroy(&command);
    return status;
}

static int64_t number_in(const bson_t *reply, const char *key, int64_t otherwise)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, reply, key) && BSON_ITER_HOLDS_NUMBER(&at)
               ? bson_iter_as_int64(&at)
               : otherwise;
}

static bool is_true(const bson_t *reply, const char *key)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, reply, key) && bson_iter_as_bool(&at);
}

/* "6.0.5" as 60005. */
static uint32_t version_in(const bson_t *reply)
{
    uint32_t parts[3] = { 0, 0, 0 };
    bson_iter_t at, item;
    if (bson_iter_init_find(&at, reply, "versionArray") && BSON_ITER_HOLDS_ARRAY(&at) &&
        bson_iter_recurse(&at, &item))
        for (int i = 0; i < 3 && bson_iter_next(&item); i++)
            parts[i] = (uint32_t)bson_iter_as_int64(&item) % 1000;
    return parts[0] * 10000 + parts[1] * 100 + parts[2];
}

static ost_status greet(ost_connection *c, uint32_t *version, ost_error *error)
{
    bson_t reply;
    ost_status status = ask(c, "hello", OST__MONGO_ANYWHERE, &reply, error);
    bson_iter_t at;
    if (status == OST_OK) {
        c->wire_version = (uint32_t)number_in(&reply, "maxWireVersion", 0);
        c->max_document = (size_t)number_in(&reply, "maxBsonObjectSize", STANDARD_DOCUMENT);
        c->max_message = (size_t)number_in(&reply, "maxMessageSizeBytes", STANDARD_MESSAGE);
        /* A router of shards says "isdbgrid". */
        c->replicated =
            bson_has_field(&reply, "setName") || bson_iter_init_find(&at, &reply, "msg");
    }
    bson_destroy(&reply);
    OST_TRY(status);
    status = ask(c, "buildInfo", OST__MONGO_ANYWHERE, &reply, error);
    if (status == OST_OK)
        *version = version_in(&reply);
    bson_destroy(&reply);
    OST_TRY(status);
    if (c->wire_version >= LEAST_WIRE && *version >= LEAST_VERSION)
        return OST_OK;
    return ost__error_set(error, OST_UNSUPPORTED,
                          "the server is MongoDB %u.%u, but it must be 5.0 at least",
                          *version / 10000, *version / 100 % 100);
}

/* ---- sessions ---- */

static void keep_name(const mongoc_client_session_t *session, uint8_t out[16])
{
    const bson_t *lsid = mongoc_client_session_get_lsid(session);
    const uint8_t *bytes = NULL;
    uint32_t size = 0;
    bson_iter_t at;
    if (bson_iter_init_find(&at, lsid, "id") && BSON_ITER_HOLDS_BINARY(&at)) {
        bson_iter_binary(&at, NULL, &size, &bytes);
        if (size == 16)
            memcpy(out, bytes, size);
    }
}

static mongoc_transaction_opt_t *unit_options(const ost_connection *c)
{
    const mongoc_write_concern_t *given = mongoc_uri_get_write_concern(c->backend->settings.uri);
    mongoc_transaction_opt_t *options = mongoc_transaction_opts_new();
    mongoc_read_concern_t *reading = mongoc_read_concern_new();
    mongoc_write_concern_t *majority = mongoc_write_concern_new();
    mongoc_read_prefs_t *primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
    mongoc_read_concern_set_level(reading, MONGOC_READ_CONCERN_LEVEL_SNAPSHOT);
    mongoc_write_concern_set_w(majority, MONGOC_WRITE_CONCERN_W_MAJORITY);
    mongoc_transaction_opts_set_read_concern(options, reading);
    mongoc_transaction_opts_set_write_concern(
        options, given && !mongoc_write_concern_is_default(given) ? given : majority);
    mongoc_transaction_opts_set_read_prefs(options, primary);
    mongoc_read_prefs_destroy(primary);
    mongoc_write_concern_destroy(majority);
    mongoc_read_concern_destroy(reading);
    return options;
}

/* What is read elsewhere than at the primary must not be older than what was written before. */
static mongoc_client_session_t *session_new(const ost_connection *c, bson_error_t *why)
{
    mongoc_session_opt_t *options = mongoc_session_opts_new();
    mongoc_client_session_t *session;
    mongoc_session_opts_set_causal_consistency(options, c->backend->settings.reads_anywhere);
    session = mongoc_client_start_session(c->client, options, why);
    mongoc_session_opts_destroy(options);
    return session;
}

/*
 * Numbers of writes rise within a session, together with those of transactions, which the library
 * counts. So ours have a session of their own. It may have been used before: no number of the
 * library's is as large as the first.
 */
static ost_status start_sessions(ost_connection *c, ost_error *error)
{
    const ost_host *host = &c->backend->host;
    uint32_t random;
    bson_error_t why;
    c->session = session_new(c, &why);
    c->single = c->session ? session_new(c, &why) : NULL;
    if (!c->single)
        return ost__error_set(error, OST_CONNECTION, "the server gives no session: %s",
                              why.message);
    host->random(host->context, &random, sizeof random);
    c->number = ((int64_t)1 << 40) + random;
    keep_name(c->session, c->lsid);
    keep_name(c->single, c->single_lsid);
    c->unit_options = unit_options(c);
    return OST_OK;
}

/* ---- opening ---- */

static ost_connection *connection_new(ost_backend *b, ost_deadline deadline)
{
    ost_connection *c = ost__alloc_zeroed(&b->memory, sizeof *c);
    if (!c)
        return NULL;
    c->backend = b;
    c->deadline = deadline;
    c->waiting = -1;
    c->max_message = STANDARD_MESSAGE;
    atomic_init(&c->cancelled, 0);
    pthread_mutex_init(&c->guard, NULL);
    bson_init(&c->command);
    bson_init(&c->options);
    return c;
}

static uint64_t bit(enum ost_ability ability)
{
    return UINT64_C(1) << ability;
}

static void capabilities(const ost_connection *c, uint32_t version, ost_capabilities *caps)
{
    *caps = (ost_capabilities){
        .struct_size = sizeof *caps,
        .server_version = version,
        .abilities = bit(OST_CAN_RETURN) | bit(OST_CAN_RETURN_BEFORE) | bit(OST_CAN_STREAM_BESIDE) |
                     bit(OST_CAN_ARRAY_BIND) | bit(OST_CAN_BIND_LIST) | bit(OST_CAN_WATCH) |
                     bit(OST_CAN_SCHEMAS),
        .max_identifier = IDENTIFIER_MAX,
        .isolations = 1u << OST_DEFAULT_ISOLATION,
        .max_packet = c->max_message,
        .max_document = c->max_document,
        /* Commands of a major version are the same. */
        .fingerprint = UINT64_C(0x4d6f6e676f000000) | version / 10000,
    };
    if (c->replicated) {
        caps->abilities |= bit(OST_CAN_RESOLVE_COMMIT);
        caps->isolations |= 1u << OST_READ_COMMITTED | 1u << OST_REPEATABLE_READ;
    }
    ost__copy_text(caps->server_name, sizeof caps->server_name, "MongoDB");
}

/* Says where, in front of why. */
static void name_server(const ost_connection *c, ost_error *error)
{
    const mongoc_host_list_t *host = mongoc_uri_get_hosts(c->backend->settings.uri);
    char why[sizeof error->message];
    if (!error || !host)
        return;
    ost__copy_text(why, sizeof why, error->message);
    ost__print(error->message, sizeof error->message, "cannot connect to %s%s: %s",
               host->host_and_port, host->next ? " and others" : "", why);
}

ost_status ost__mongo_reach(ost_backend *b, ost_deadline deadline, ost_connection **out,
                            ost_capabilities *caps, ost_error *error)
{
    ost_connection *c = connection_new(b, deadline);
    uint32_t version = 0;
    ost_status status = OST_OK;
    *out = NULL;
    if (!c)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
    c->client = ost__mongo_client(b, error);
    if (!c->client) {
        ost__mongo_close(c, deadline);
        return OST_NO_MEMORY;
    }
    mongoc_client_set_stream_initiator(c->client, ost__mongo_stream_new, c);
    c->database = mongoc_client_get_database(c->client, b->settings.database);
    c->greeting = true;
    c->doubt = b->host.now(b->host.context) + (int64_t)DOUBT_MS * NS_PER_MS;
    status = greet(c, &version, error);
    if (status == OST_OK)
        status = start_sessions(c, error);
    if (status != OST_OK) {
        name_server(c, error);
        ost__mongo_close(c, deadline);
        return status;
    }
    c->greeting = false;
    c->patient = true;
    if (caps)
        capabilities(c, version, caps);
    *out = c;
    return OST_OK;
}

ost_status ost__mongo_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                              ost_connection **out, ost_capabilities *caps, ost_error *error)
{
    (void)endpoint;
    return ost__mongo_reach(b, deadline, out, caps, error);
}

/* ---- the end ---- */

/* The server does not undo a transaction because a socket was closed. */
static void undo_unit(ost_connection *c, ost_deadline deadline)
{
    const ost_host *host = &c->backend->host;
    ost_deadline soon = host->now(host->context) + (int64_t)ENDING_MS * NS_PER_MS;
    c->deadline = soon < deadline ? soon : deadline;
    c->interrupted = OST_OK;
    /* The library looks for the server of a connection that broke, but half a second later. */
    c->patient = true;
    (void)ost__mongo_drop_unit(c);
}

void ost__mongo_close(ost_connection *c, ost_deadline deadline)
{
    const ost__memory *memory;
    if (!c)
        return;
    memory = &c->backend->memory;
    if (c->client && c->in_unit && c->unit_sent)
        undo_unit(c, deadline);
    /* Whatever is still said from here on is nobody's to wait for. */
    ost__mongo_lines_close(c);
    c->deadline = INT64_MIN;
    while (c->streams)
        ost__mongo_stream_free(c, c->streams);
    while (c->watches)
        ost__mongo_watch_free(c, c->watches);
    bson_destroy(c->last_token);
    /* The sessions are not to be used again: one has numbers that the library does not know of, and
     * in the other it would undo what is open, on a socket that is closed. */
    if (c->client)
        mongoc_client_reset(c->client);
    if (c->single)
        mongoc_client_session_destroy(c->single);
    if (c->session)
        mongoc_client_session_destroy(c->session);
    if (c->unit_options)
        mongoc_transaction_opts_destroy(c->unit_options);
    if (c->database)
        mongoc_database_destroy(c->database);
    if (c->client)
        mongoc_client_destroy(c->client);
    ost__mongo_merged_forget(c);
    ost__free(memory, c->effects, c->effects_size);
    bson_destroy(&c->command);
    bson_destroy(&c->options);
    pthread_mutex_destroy(&c->guard);
    ost__free(memory, c, sizeof *c);
}

/* In the child of a fork the client stays as it is: any of its locks may be held for ever. */
void ost__mongo_abandon(ost_connection *c)
{
    ost__mongo_lines_close(c);
}

bool ost__mongo_alive(ost_connection *c)
{
    return !c->lost && ost__mongo_lines_quiet(c);
}

ost_status ost__mongo_role(ost_connection *c, bool *writable, ost_deadline deadline)
{
    bson_t reply;
    ost_status status;
    c->deadline = deadline;
    status = ask(c, "hello", OST__MONGO_ANYWHERE, &reply, NULL);
    if (status == OST_OK)
        *writable = is_true(&reply, "isWritablePrimary");
    bson_destroy(&reply);
    return status;
}

void *ost__mongo_native(ost_connection *c)
{
    return c->client;
}

/* ---- cancelling ---- */

static ost_status kill_sessions(ost_connection *other, const ost_connection *c)
{
    const uint8_t *const names[] = { c->lsid, c->single_lsid };
    ost_error unwanted;
    ost_outcome outcome = { .struct_size = sizeof outcome };
    ost__mongo_run r = { .c = other, .outcome = &outcome, .error = &unwanted };
    bson_t command = BSON_INITIALIZER, list, item, reply;
    ost_status status;
    BSON_APPEND_ARRAY_BEGIN(&command, "killSessions", &list);
    for (int i = 0; i < 2; i++) {
        BSON_APPEND_DOCUMENT_BEGIN(&list, i ? "1" : "0", &item);
        BSON_APPEND_BINARY(&item, "id", BSON_SUBTYPE_UUID, names[i], 16);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(&command, &list);
    status = ost__mongo_command(&r, OST__MONGO_PLAIN, OST__MONGO_APART | OST__MONGO_ADMIN, &command,
                                &reply);
    bson_destroy(&reply);
    bson_destroy(&command);
    return status;
}

/*
 * On another thread. Shutting the socket ends the wait for the answer, and the connection with it;
 * what the server still does in the session is ended from another one.
 */
void ost__mongo_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline)
{
    ost_connection *other;
    ost_error unwanted;
    bool hit;
    pthread_mutex_lock(&c->guard);
    atomic_store_explicit(&c->cancelled, batch, memory_order_release);
    hit = c->waiting >= 0 && c->waiting_batch == batch;
    if (hit)
        shutdown(c->waiting, SHUT_RDWR);
    pthread_mutex_unlock(&c->guard);
    ost__mongo_wake(b);
    if (!hit || ost__mongo_reach(b, deadline, &other, NULL, &unwanted) != OST_OK)
        return;
    (void)kill_sessions(other, c);
    ost__mongo_close(other, deadline);
}
