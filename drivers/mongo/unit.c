/* SPDX-License-Identifier: MIT */
/*
 * Units are transactions of the connection's session. The server knows a transaction by the session
 * and a number, not by a socket, which is why its commit can be repeated from anywhere: one that
 * was done already is done again for nothing.
 */
#include "mongo/connection.h"

#include <string.h>

#include "base/error.h"

enum { FIRST_PAUSE_MS = 5, PAUSE_MAX_MS = 250, NS_PER_MS = 1000000 };

/* ---- words ---- */

static ost_status check_level(const ost__mongo_run *r)
{
    if (!r->c->replicated)
        return ost__error_set(r->error, OST_UNSUPPORTED,
                              "the server is not part of a replica set, and so has no "
                              "transactions: start it with --replSet and initiate the set");
    if (r->op->isolation == OST_SERIALIZABLE)
        return ost__error_set(r->error, OST_UNSUPPORTED,
                              "MongoDB has no serializable transactions: use "
                              "OST_REPEATABLE_READ");
    return OST_OK;
}

static void open_unit(ost_connection *c, uint16_t access)
{
    c->in_unit = true;
    c->unit_sent = c->unit_failed = false;
    c->access = access;
    c->txn = 0;
}

static void close_unit(ost_connection *c)
{
    c->in_unit = c->unit_sent = c->unit_failed = false;
    c->txn = 0;
}

/* The server hears of it with the first command. */
ost_status ost__mongo_begin(ost__mongo_run *r)
{
    if (r->c->in_unit)
        return ost__error_set(r->error, OST_MISUSE, "a transaction is open already");
    OST_TRY(check_level(r));
    open_unit(r->c, r->op->access);
    return OST_OK;
}

static ost_status start(ost__mongo_run *r)
{
    ost_connection *c = r->c;
    bson_error_t why;
    for (;;) {
        uint64_t seen = ost__mongo_topology_changes(c->backend);
        memset(&why, 0, sizeof why);
        c->asked = false;
        if (mongoc_client_session_start_transaction(c->session, c->unit_options, &why))
            break;
        if (!ost__mongo_again(c, &why, seen))
            return ost__mongo_failed(r, NULL, &why);
    }
    c->unit_sent = true;
    return OST_OK;
}

static ost_status refuse(ost__mongo_run *r, ost_status status, const char *why)
{
    ost__error_set(r->error, status, "%s", why);
    if (r->error)
        r->error->nothing_sent = 1;
    return status;
}

ost_status ost__mongo_enter(ost__mongo_run *r, bool writes)
{
    const ost_connection *c = r->c;
    if (!c->in_unit)
        return OST_OK;
    if (c->unit_failed)
        return refuse(r, OST_DRIVER_ERROR,
                      "a statement of the transaction failed before: only a rollback may follow");
    if (writes && c->access != OST_ACCESS_WRITE)
        return refuse(r, OST_MISUSE, "a write in a read-only transaction");
    return c->unit_sent ? OST_OK : start(r);
}

/* ---- the end of a unit ---- */

/* Twice as long each time, by a random part of it; shorter if there is news of the servers. */
static void pause_before(ost_connection *c, int attempt)
{
    const ost_host *host = &c->backend->host;
    uint64_t random = 0, most = FIRST_PAUSE_MS;
    ost_deadline until;
    for (int i = 0; i < attempt && most < PAUSE_MAX_MS; i++)
        most *= 2;
    host->random(host->context, &random, sizeof random);
    until = host->now(host->context) + (int64_t)(most / 2 + random % (most / 2 + 1)) * NS_PER_MS;
    ost__mongo_await_change(c->backend, ost__mongo_topology_changes(c->backend),
                            until < c->deadline ? until : c->deadline);
}

static bool may_repeat(const ost_connection *c)
{
    return c->interrupted == OST_OK && !ost__mongo_late(c) && !ost__mongo_cancelled(c);
}

/* What happened is not known: the core asks elsewhere, by the token. */
static ost_status unknown(ost__mongo_run *r, const bson_error_t *why, bool asked)
{
    ost_connection *c = r->c;
    ost_status status = c->interrupted != OST_OK  ? c->interrupted
                        : ost__mongo_cancelled(c) ? OST_CANCELLED
                        : ost__mongo_late(c)      ? OST_TIMEOUT
                                                  : OST_CONNECTION;
    c->lost = true;
    if (!asked && why->domain == MONGOC_ERROR_SERVER_SELECTION)
        return ost__mongo_failed(r, NULL, why);
    ost__error_set(r->error, status, "the commit was not confirmed%s%s",
                   status == OST_CONNECTION ? ": " : " in time",
                   status == OST_CONNECTION ? why->message : "");
    if (r->error)
        r->error->nothing_sent = !asked;
    /* What was asked is not to be undone any more when the connection is closed. */
    if (asked)
        close_unit(c);
    return status;
}

/* There are not as many servers as the URL's w asks for: it was committed, and asking once more, as
 * the library does it, would ask for less. */
static bool never_safe(const bson_error_t *why)
{
    enum { UNKNOWN_CONCERN = 79, UNSATISFIABLE_CONCERN = 100 };
    return why->domain == MONGOC_ERROR_WRITE_CONCERN &&
           (why->code == UNKNOWN_CONCERN || why->code == UNSATISFIABLE_CONCERN);
}

static ost_status commit_sent(ost__mongo_run *r)
{
    ost_connection *c = r->c;
    bool asked = false;
    for (int attempt = 0;; attempt++) {
        bson_t reply;
        bson_error_t why;
        bool open;
        ost_status status;
        memset(&why, 0, sizeof why);
        c->asked = false;
        c->interrupted = OST_OK;
        r->apart = false;
        if (mongoc_client_session_commit_transaction(c->session, &reply, &why)) {
            bson_destroy(&reply);
            close_unit(c);
            return OST_OK;
        }
        asked = asked || c->asked;
        open =
            !never_safe(&why) && (why.domain == MONGOC_ERROR_WRITE_CONCERN ||
                                  ost__mongo_has_label(&reply, "UnknownTransactionCommitResult"));
        status = open ? OST_OK : ost__mongo_failed(r, &reply, &why);
        bson_destroy(&reply);
        if (!open) {
            r->outcome->transaction_ended = 1;
            close_unit(c);
            return status;
        }
        if (!may_repeat(c))
            return unknown(r, &why, asked);
        pause_before(c, attempt);
    }
}

static ost_status undo(ost__mongo_run *r)
{
    ost_connection *c = r->c;
    bson_error_t why;
    bool sent = c->unit_sent, undone = true;
    c->asked = false;
    c->interrupted = OST_OK;
    if (sent)
        (void)mongoc_client_session_abort_transaction(c->session, &why);
    /* There was no server for a moment: the library does not ask again. */
    if (sent && !c->asked && c->interrupted == OST_OK)
        undone = ost__mongo_drop_unit(c);
    if (sent && (!undone || c->interrupted != OST_OK)) {
        /* It is undone when the connection is closed, or by the server in a while. */
        c->lost = true;
        return ost__error_set(r->error, c->interrupted != OST_OK ? c->interrupted : OST_CONNECTION,
                              "the transaction could not be undone in time");
    }
    close_unit(c);
    return OST_OK;
}

ost_status ost__mongo_commit(ost__mongo_run *r)
{
    ost_connection *c = r->c;
    if (!c->in_unit)
        return ost__error_set(r->error, OST_DRIVER_ERROR, "there is no transaction to commit");
    if (c->unit_failed) {
        (void)undo(r);
        r->outcome->transaction_ended = 1;
        return ost__error_set(r->error, OST_DRIVER_ERROR,
                              "a statement of the transaction had failed, so that its commit "
                              "rolled it back");
    }
    if (!c->unit_sent) {
        close_unit(c);
        return OST_OK;
    }
    r->outcome->statements++;
    return commit_sent(r);
}

ost_status ost__mongo_rollback(ost__mongo_run *r)
{
    if (!r->c->in_unit)
        return OST_OK;
    if (r->c->unit_sent)
        r->outcome->statements++;
    return undo(r);
}

/* ---- several commands at once ---- */

/* It could be run again, if there were time. */
static ost_status out_of_time(ost__mongo_run *r)
{
    return ost__error_set(r->error, OST_TIMEOUT,
                          "other transactions changed the same records each time until the "
                          "deadline");
}

ost_status ost__mongo_together(ost__mongo_run *r, ost_status (*work)(ost__mongo_run *r))
{
    ost_connection *c = r->c;
    const ost_outcome fresh = *r->outcome;
    ost_error unwanted, *error = r->error;
    if (c->in_unit) {
        OST_TRY(ost__mongo_enter(r, true));
        return work(r);
    }
    OST_TRY(check_level(r));
    for (int attempt = 0;; attempt++) {
        ost_status status;
        bool committing = false;
        open_unit(c, OST_ACCESS_WRITE);
        status = ost__mongo_enter(r, true);
        if (status == OST_OK)
            status = work(r);
        if (status == OST_OK && r->failed == OST_OK) {
            committing = true;
            status = ost__mongo_commit(r);
            /* It was never the caller's. */
            r->outcome->transaction_ended = 0;
            if (status == OST_OK)
                return OST_OK;
        }
        r->error = &unwanted;
        if (c->in_unit && !c->lost)
            (void)undo(r);
        r->error = error;
        /* What was not to be committed was not done, whatever became of its answers. */
        if (status != OST_OK && !committing && c->lost)
            error->nothing_sent = 1;
        if (status == OST_OK || c->lost || !error->retryable)
            return status;
        if (may_repeat(c))
            pause_before(c, attempt);
        if (!may_repeat(c))
            return status == OST_SERIALIZATION && ost__mongo_late(c) ? out_of_time(r) : status;
        r->outcome->matched = fresh.matched;
        r->outcome->changed = fresh.changed;
        r->outcome->rows = fresh.rows;
        r->outcome->failed_record = fresh.failed_record;
    }
}

/* ---- state ---- */

enum ost_unit_state ost__mongo_unit_state(ost_connection *c)
{
    if (c->lost)
        return OST_UNIT_LOST;
    if (!c->in_unit)
        return OST_UNIT_NONE;
    return c->unit_failed ? OST_UNIT_FAILED : OST_UNIT_OPEN;
}

ost_status ost__mongo_reset(ost_connection *c, uint32_t touched, ost_deadline deadline)
{
    ost_error unwanted;
    ost_outcome outcome = { .struct_size = sizeof outcome };
    ost__mongo_run r = { .c = c, .outcome = &outcome, .error = &unwanted };
    (void)touched;
    OST_TRY(ost__mongo_settle(c, deadline));
    c->deadline = deadline;
    if (c->in_unit)
        OST_TRY(undo(&r));
    return c->lost ? OST_CONNECTION : OST_OK;
}

/* ---- the fate of commits ---- */

ost_status ost__mongo_commit_token(ost_connection *c, ost_commit_token *out)
{
    if (!c->unit_sent || c->txn == 0)
        return OST_UNSUPPORTED;
    memset(out, 0, sizeof *out);
    out->size = sizeof c->lsid + sizeof c->txn;
    memcpy(out->bytes, c->lsid, sizeof c->lsid);
    memcpy(out->bytes + sizeof c->lsid, &c->txn, sizeof c->txn);
    return OST_OK;
}

/* Finds the primary, waits for it, and has a line to it. */
static bool reach_primary(ost_connection *c)
{
    ost_error unwanted;
    ost_outcome outcome = { .struct_size = sizeof outcome };
    ost__mongo_run r = { .c = c, .outcome = &outcome, .error = &unwanted };
    bson_t ping = BSON_INITIALIZER, reply;
    bool reached;
    BSON_APPEND_INT32(&ping, "ping", 1);
    reached = ost__mongo_command(&r, OST__MONGO_PLAIN, OST__MONGO_APART | OST__MONGO_ADMIN, &ping,
                                 &reply) == OST_OK;
    bson_destroy(&reply);
    bson_destroy(&ping);
    return reached && c->lines;
}

/* {commitTransaction: 1} of whichever session. */
static bool end_transaction(ost_connection *c, const char *verb, const uint8_t lsid[16],
                            int64_t txn, bson_t *reply)
{
    int64_t most = ost__mongo_max_time(c);
    bson_t command = BSON_INITIALIZER, inner;
    bool answered;
    BSON_APPEND_INT32(&command, verb, 1);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "lsid", &inner);
    BSON_APPEND_BINARY(&inner, "id", BSON_SUBTYPE_UUID, lsid, 16);
    bson_append_document_end(&command, &inner);
    BSON_APPEND_INT64(&command, "txnNumber", txn);
    BSON_APPEND_BOOL(&command, "autocommit", false);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "writeConcern", &inner);
    BSON_APPEND_UTF8(&inner, "w", "majority");
    if (most > 0)
        BSON_APPEND_INT64(&inner, "wtimeout", most);
    bson_append_document_end(&command, &inner);
    if (most > 0)
        BSON_APPEND_INT64(&command, "maxTimeMS", most);
    BSON_APPEND_UTF8(&command, "$db", "admin");
    answered = ost__mongo_raw(c, &command, reply);
    bson_destroy(&command);
    return answered;
}

bool ost__mongo_drop_unit(ost_connection *c)
{
    bson_t reply;
    bool answered;
    if (!c->unit_sent || c->txn == 0)
        return true;
    if (!reach_primary(c))
        return false;
    answered = end_transaction(c, "abortTransaction", c->lsid, c->txn, &reply);
    bson_destroy(&reply);
    return answered;
}

/* *final: asking again is no use. */
static enum ost_verdict verdict_of(const bson_t *reply, bool *final)
{
    enum { TRANSACTION_TOO_OLD = 225, NO_SUCH_TRANSACTION = 251 };
    bool safe = !bson_has_field(reply, "writeConcernError");
    bson_iter_t at;
    int64_t code = 0;
    if (!bson_iter_init_find(&at, reply, "ok"))
        return OST_VERDICT_UNKNOWN;
    if (bson_iter_as_bool(&at))
        return safe ? OST_VERDICT_COMMITTED : OST_VERDICT_UNKNOWN;
    if (bson_iter_init_find(&at, reply, "code"))
        code = bson_iter_as_int64(&at);
    *final = code == TRANSACTION_TOO_OLD;
    return code == NO_SUCH_TRANSACTION && safe ? OST_VERDICT_ABORTED : OST_VERDICT_UNKNOWN;
}

/* Commits once more: a server that did it says so, and one that has not heard of it does it now. */
enum ost_verdict ost__mongo_resolve(ost_connection *fresh, const ost_commit_token *token,
                                    ost_deadline deadline)
{
    enum ost_verdict verdict = OST_VERDICT_UNKNOWN;
    bool final = false;
    uint8_t lsid[16];
    int64_t txn;
    if (token->size != sizeof lsid + sizeof txn)
        return verdict;
    memcpy(lsid, token->bytes, sizeof lsid);
    memcpy(&txn, token->bytes + sizeof lsid, sizeof txn);
    fresh->deadline = deadline;
    for (int attempt = 0; verdict == OST_VERDICT_UNKNOWN && !final; attempt++) {
        bson_t reply;
        fresh->interrupted = OST_OK;
        if (attempt > 0)
            pause_before(fresh, attempt);
        if (!may_repeat(fresh) || !reach_primary(fresh))
            break;
        if (!end_transaction(fresh, "commitTransaction", lsid, txn, &reply))
            fresh->lost = final = true;
        else
            verdict = verdict_of(&reply, &final);
        bson_destroy(&reply);
    }
    return verdict;
}
