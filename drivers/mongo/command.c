/* SPDX-License-Identifier: MIT */
#include "mongo/connection.h"

#include <string.h>

#include "base/error.h"

enum {
    NS_PER_MS = 1000000,
    /* A change of the topology may have come between an attempt and the wait for it. */
    LOOK_AGAIN_MS = 250,
    /* A statement that brings servers down is not for all of them. */
    CHANCES = 5,
    /* The way back of an answer, which should be that the time is over. */
    WAY_BACK_MS = 50,
    WAY_BACK_PART = 16
};

typedef struct request {
    ost__mongo_run *run;
    enum ost__mongo_command_kind kind;
    unsigned flags;
    const bson_t *command, *options;
    bool in_unit;
    bool harmless; /* it may be asked twice: it only reads, or has a number */
} request;

int64_t ost__mongo_max_time(const ost_connection *c)
{
    const ost_host *host = &c->backend->host;
    int64_t left, back;
    if (c->deadline == INT64_MAX)
        return 0;
    left = (c->deadline - host->now(host->context)) / NS_PER_MS;
    back = left / WAY_BACK_PART < WAY_BACK_MS ? left / WAY_BACK_PART : WAY_BACK_MS;
    left -= back > 1 ? back : 1;
    return left < 1 ? 1 : left > INT32_MAX ? INT32_MAX : left;
}

/* The command's name; "" if it is empty. */
static const char *verb_of(const bson_t *command)
{
    bson_iter_t at;
    return bson_iter_init(&at, command) && bson_iter_next(&at) ? bson_iter_key(&at) : "";
}

/* The server counts the time of a cursor together, also what later portions take: one that is read
 * in portions has none. */
static bool takes_time(const ost__mongo_run *r, const bson_t *command, unsigned flags)
{
    const char *name = verb_of(command);
    if ((flags & OST__MONGO_ENDLESS) || !*name)
        return false;
    if (strcmp(name, "getMore") == 0 || strcmp(name, "killCursors") == 0)
        return false;
    return !(r->op && (r->op->flags & OST_FLAG_STREAM) &&
             (strcmp(name, "find") == 0 || strcmp(name, "aggregate") == 0));
}

/* Others are refused with a read concern, which the library adds wherever the URL gives one. */
static bool takes_concern(const bson_t *command)
{
    static const char *const names[] = { "find", "aggregate", "count", "distinct" };
    const char *name = verb_of(command);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Where the operation's table is, or what it describes. */
static const char *database_of(const request *q)
{
    const ost_operation *op = q->run->op;
    const char *own = q->run->c->backend->settings.database;
    if ((q->flags & OST__MONGO_ADMIN) || !op)
        return q->flags & OST__MONGO_ADMIN ? "admin" : own;
    if (op->kind == OST_DO_DESCRIBE)
        return op->text ? op->text : own;
    return op->shape && op->shape->table && op->shape->table->schema ? op->shape->table->schema
                                                                     : own;
}

static bool call(const request *q, bson_t *reply, bson_error_t *why)
{
    ost_connection *c = q->run->c;
    const char *database = database_of(q);
    const mongoc_read_prefs_t *prefs = NULL;
    switch (q->kind) {
    case OST__MONGO_READS:
        if (!takes_concern(q->command))
            return mongoc_client_command_with_opts(
                c->client, database, q->command,
                mongoc_uri_get_read_prefs_t(c->backend->settings.uri), q->options, reply, why);
        return mongoc_client_read_command_with_opts(c->client, database, q->command, NULL,
                                                    q->options, reply, why);
    case OST__MONGO_WRITES:
        return mongoc_client_write_command_with_opts(c->client, database, q->command, q->options,
                                                     reply, why);
    default:
        if (q->flags & OST__MONGO_ANYWHERE)
            prefs = mongoc_uri_get_read_prefs_t(c->backend->settings.uri);
        return mongoc_client_command_with_opts(c->client, database, q->command, prefs, q->options,
                                               reply, why);
    }
}

/* ---- waiting for a server ---- */

/* false: it is no use, or too late. */
static bool wait_for_server(ost_connection *c, uint64_t seen)
{
    const ost_host *host = &c->backend->host;
    int64_t until = host->now(host->context) + (int64_t)LOOK_AGAIN_MS * NS_PER_MS;
    if (c->interrupted != OST_OK || (!c->patient && !c->greeting) || ost__mongo_late(c) ||
        ost__mongo_cancelled(c))
        return false;
    ost__mongo_await_change(c->backend, seen, until < c->deadline ? until : c->deadline);
    return !ost__mongo_cancelled(c) && !ost__mongo_late(c);
}

/* The library names a reason in brackets for each server that it could not speak to. */
static bool all_are_away(const ost_connection *c, const bson_error_t *why)
{
    const mongoc_host_list_t *h = mongoc_uri_get_hosts(c->backend->settings.uri);
    for (const char *at = why->message; h; h = h->next) {
        at = strchr(at, '[');
        if (!at)
            return false;
        at++;
    }
    return true;
}

bool ost__mongo_again(ost_connection *c, const bson_error_t *why, uint64_t seen)
{
    const ost_host *host = &c->backend->host;
    bool selection = why->domain == MONGOC_ERROR_SERVER_SELECTION;
    if (c->asked || (!selection && why->domain != MONGOC_ERROR_STREAM))
        return false;
    if (c->greeting && host->now(host->context) >= c->doubt && (!selection || all_are_away(c, why)))
        return false;
    /* That nobody could be reached has changed the topology by itself. */
    return wait_for_server(c, selection ? seen : ost__mongo_topology_changes(c->backend));
}

/* Where a server is going another is asked, what was refused, and what does no harm. */
static bool ask_again(const request *q, const bson_t *reply, const bson_error_t *why, uint64_t seen,
                      int *chances)
{
    ost_connection *c = q->run->c;
    bool labelled = q->harmless && ost__mongo_has_label(reply, "RetryableWriteError");
    if (!c->asked)
        return ost__mongo_again(c, why, seen);
    if (q->in_unit || (!labelled && !ost__mongo_is_passing(why, q->harmless)))
        return false;
    if (!ost__mongo_is_passing(why, false) && (*chances)-- == 0)
        return false;
    /* The library knew before we did that the server is of no use. */
    return wait_for_server(c, why->domain == MONGOC_ERROR_STREAM ? 0 : seen);
}

/* ---- answers ---- */

/* Some say no in a corner of a yes. */
static ost_status check_reply(ost__mongo_run *r, const bson_t *reply)
{
    bson_iter_t at, item, index;
    size_t record = 0;
    if (!bson_iter_init_find(&at, reply, "writeErrors") || !BSON_ITER_HOLDS_ARRAY(&at) ||
        !bson_iter_recurse(&at, &item) || !bson_iter_next(&item))
        return OST_OK;
    if (bson_iter_recurse(&item, &index) && bson_iter_find(&index, "index"))
        record = (size_t)bson_iter_as_int64(&index);
    return ost__mongo_write_failed(r, &item, record);
}

static ost_status run(const request *q, bson_t *reply)
{
    ost__mongo_run *r = q->run;
    ost_connection *c = r->c;
    bson_error_t why;
    ost_status status;
    int chances = CHANCES;
    for (;;) {
        uint64_t seen = ost__mongo_topology_changes(c->backend);
        memset(&why, 0, sizeof why);
        c->asked = false;
        if (call(q, reply, &why)) {
            c->interrupted = OST_OK;
            return check_reply(r, reply);
        }
        if (!ask_again(q, reply, &why, seen, &chances))
            break;
        bson_destroy(reply);
    }
    status = check_reply(r, reply);
    return status != OST_OK ? status : ost__mongo_failed(r, reply, &why);
}

/* ---- commands ---- */

/* A cursor must be asked on where it is: so its server is chosen before. */
static ost_status choose_server(ost__mongo_run *r, uint32_t *server)
{
    ost_connection *c = r->c;
    const mongoc_read_prefs_t *prefs = mongoc_uri_get_read_prefs_t(c->backend->settings.uri);
    mongoc_server_description_t *found;
    bson_error_t why;
    for (;;) {
        uint64_t seen = ost__mongo_topology_changes(c->backend);
        c->asked = false;
        found = mongoc_client_select_server(c->client, false, prefs, &why);
        if (found || !ost__mongo_again(c, &why, seen))
            break;
    }
    if (!found)
        return ost__mongo_failed(r, NULL, &why);
    *server = mongoc_server_description_id(found);
    mongoc_server_description_destroy(found);
    return OST_OK;
}

/* Whether each item of the list says `value` under `key`; absent is 0. */
static bool all_say(const bson_t *command, const char *list, const char *key, int64_t value)
{
    bson_iter_t at, item, inner;
    if (!bson_iter_init_find(&at, command, list) || !bson_iter_recurse(&at, &item))
        return false;
    while (bson_iter_next(&item)) {
        int64_t said = 0;
        if (bson_iter_recurse(&item, &inner) && bson_iter_find(&inner, key))
            said = bson_iter_as_int64(&inner);
        if (said != value)
            return false;
    }
    return true;
}

/* The server remembers what became of a write with a number, unless it may meet many records. */
static bool takes_number(const bson_t *command)
{
    const char *name = verb_of(command);
    if (strcmp(name, "update") == 0)
        return all_say(command, "updates", "multi", 0);
    if (strcmp(name, "delete") == 0)
        return all_say(command, "deletes", "limit", 1);
    return strcmp(name, "insert") == 0 || strcmp(name, "findAndModify") == 0;
}

static bool fill_options(const request *q, bool numbered, uint32_t server)
{
    ost_connection *c = q->run->c;
    bson_t *options = &c->options;
    bson_error_t why;
    bson_t concern;
    bool filled = true;
    bson_reinit(options);
    if (q->flags & OST__MONGO_MAJORITY) {
        filled = bson_append_document_begin(options, "writeConcern", -1, &concern) &&
                 bson_append_utf8(&concern, "w", -1, "majority", -1) &&
                 bson_append_document_end(options, &concern);
    }
    if (numbered)
        filled = filled && mongoc_client_session_append(c->single, options, &why);
    else if (!(q->flags & OST__MONGO_APART))
        filled = filled && mongoc_client_session_append(c->session, options, &why);
    if (server != 0)
        filled = filled && bson_append_int64(options, "serverId", -1, (int64_t)server);
    return filled;
}

static bool complete(const request *q, bson_t *command, bool numbered, int64_t most)
{
    ost_connection *c = q->run->c;
    return (most == 0 || bson_append_int64(command, "maxTimeMS", -1, most)) &&
           (!numbered || bson_append_int64(command, "txnNumber", -1, ++c->number));
}

/* What is read in the other session must not be older than what was written in this one. */
static void carry_time(const ost_connection *c)
{
    const bson_t *cluster = mongoc_client_session_get_cluster_time(c->single);
    uint32_t seconds, increment;
    mongoc_client_session_get_operation_time(c->single, &seconds, &increment);
    mongoc_client_session_advance_operation_time(c->session, seconds, increment);
    if (cluster)
        mongoc_client_session_advance_cluster_time(c->session, cluster);
}

ost_status ost__mongo_command_at(ost__mongo_run *r, enum ost__mongo_command_kind kind,
                                 unsigned flags, bson_t *command, uint32_t *server, bson_t *reply)
{
    ost_connection *c = r->c;
    const ost__mongo_settings *s = &c->backend->settings;
    request q = { r, kind, flags, command, &c->options, false, false };
    int64_t most = takes_time(r, command, flags) ? ost__mongo_max_time(c) : 0;
    ost_status status = OST_OK;
    bool numbered;
    bson_init(reply);
    r->apart = flags & OST__MONGO_APART;
    if (!r->apart)
        status = ost__mongo_enter(r, kind == OST__MONGO_WRITES);
    q.in_unit = c->unit_sent && !r->apart;
    numbered = kind == OST__MONGO_WRITES && !q.in_unit && c->replicated && c->single &&
               s->retry_writes && takes_number(command);
    q.harmless = numbered || (kind == OST__MONGO_READS && s->retry_reads);
    if (status == OST_OK && server && *server == 0 && kind == OST__MONGO_READS &&
        s->reads_anywhere && !q.in_unit)
        status = choose_server(r, server);
    if (status == OST_OK && (!fill_options(&q, numbered, server ? *server : 0) ||
                             !complete(&q, command, numbered, most)))
        status = ost__error_set(r->error, OST_TOO_LARGE, "a command is larger than MongoDB takes");
    if (status == OST_OK)
        status = run(&q, reply);
    if (numbered && s->reads_anywhere)
        carry_time(c);
    r->apart = false;
    return status;
}

ost_status ost__mongo_command(ost__mongo_run *r, enum ost__mongo_command_kind kind, unsigned flags,
                              bson_t *command, bson_t *reply)
{
    return ost__mongo_command_at(r, kind, flags, command, NULL, reply);
}
