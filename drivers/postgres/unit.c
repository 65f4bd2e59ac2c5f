/* SPDX-License-Identifier: MIT */
/* Units: their words, their state, and what became of their commits. */
#include "postgres/connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* ---- words ---- */

static bool add_savepoint(ost_connection *c, size_t i, uint8_t kind, const char *verb)
{
    const ost_operation *op = &c->ops[i];
    ost__buffer text;
    bool added;
    ost__buffer_init(&text, &c->backend->memory);
    ost__buffer_text(&text, verb);
    ost__buffer_char(&text, '"');
    for (size_t k = 0; k < op->text_size; k++) {
        if (op->text[k] == '"')
            ost__buffer_char(&text, '"');
        ost__buffer_char(&text, op->text[k]);
    }
    ost__buffer_char(&text, '"');
    added = !text.failed && ost__pg_add_text(c, kind, i, text.data, text.size);
    ost__buffer_finish(&text);
    return added;
}

/*
 * Inside a unit, two programs that make the same tables must not ask at once what is missing: the
 * second would make again what the first is about to commit.
 */
static bool add_describe(ost_connection *c, size_t i)
{
    static const char lock[] = "SELECT pg_advisory_xact_lock(8029741053214)";
    bool inside = !c->began || c->begins, added;
    ost__buffer text;
    if (inside && !ost__pg_add_text(c, OST__PG_ASIDE, i, lock, sizeof lock - 1))
        return false;
    ost__buffer_init(&text, &c->backend->memory);
    ost__pg_describe_text(&text, c->ops[i].text);
    added = !text.failed && ost__pg_add_text(c, OST__PG_RUN, i, text.data, text.size);
    ost__buffer_finish(&text);
    return added;
}

bool ost__pg_add_control(ost_connection *c, size_t i)
{
    const ost_operation *op = &c->ops[i];
    ost_plan *const *verbs = c->backend->verbs;
    switch (op->kind) {
    case OST_DO_BEGIN:
        c->token = (ost__pg_token){ .wanted = false };
        return ost__pg_add_plan(c, i, verbs[OST__PG_BEGIN + op->access % 3 * 4 + op->isolation % 4],
                                true);
    case OST_DO_COMMIT: return ost__pg_add_plan(c, i, verbs[OST__PG_COMMIT], true);
    case OST_DO_ROLLBACK: return ost__pg_add_plan(c, i, verbs[OST__PG_ROLLBACK], true);
    case OST_DO_SAVEPOINT: return add_savepoint(c, i, OST__PG_RUN, "SAVEPOINT ");
    case OST_DO_RELEASE: return add_savepoint(c, i, OST__PG_RUN, "RELEASE ");
    case OST_DO_ROLLBACK_TO:
        return add_savepoint(c, i, OST__PG_ASIDE, "ROLLBACK TO ") &&
               add_savepoint(c, i, OST__PG_RUN, "RELEASE ");
    default: return add_describe(c, i);
    }
}

ost_status ost__pg_unit_ended(ost__pg_run *r, const PGresult *result)
{
    const char *tag = PQcmdStatus((PGresult *)(uintptr_t)result);
    ost__pg_streams_ended(r->c);
    if (r->op->kind != OST_DO_COMMIT || strcmp(tag, "ROLLBACK") != 0)
        return OST_OK;
    /* The server calls this a success. */
    r->outcome->transaction_ended = 1;
    ost__error_set(r->error, OST_DRIVER_ERROR,
                   "a statement of the transaction had failed, so that its commit rolled it back");
    if (r->error)
        ost__copy_text(r->error->sql_state, sizeof r->error->sql_state, "25P02");
    return OST_DRIVER_ERROR;
}

/* ---- state ---- */

enum ost_unit_state ost__pg_unit_state(ost_connection *c)
{
    if (c->lost || PQstatus(c->pg) != CONNECTION_OK)
        return OST_UNIT_LOST;
    if (c->streams && ost__pg_streams_alone(c))
        return OST_UNIT_NONE;
    switch (PQtransactionStatus(c->pg)) {
    case PQTRANS_IDLE: return OST_UNIT_NONE;
    case PQTRANS_INERROR: return OST_UNIT_FAILED;
    case PQTRANS_UNKNOWN: return OST_UNIT_LOST;
    default: return OST_UNIT_OPEN;
    }
}

ost_status ost__pg_settle(ost_connection *c, ost_deadline deadline)
{
    if (c->lost)
        return OST_CONNECTION;
    if ((c->mode != OST__PG_IDLE || c->streams) && ost__pg_late(c, deadline))
        return OST_TIMEOUT;
    if (c->mode != OST__PG_IDLE && ost__pg_drain(c, deadline) != OST_OK)
        return OST_TIMEOUT;
    c->op_count = 0;
    if (!c->lost && c->streams && ost__pg_streams_stop(c, deadline) != OST_OK)
        return c->lost ? OST_CONNECTION : OST_TIMEOUT;
    return c->lost ? OST_CONNECTION : OST_OK;
}

ost_status ost__pg_reset(ost_connection *c, uint32_t touched, ost_deadline deadline)
{
    const uint32_t of_session =
        OST_TOUCHED_SETTINGS | OST_TOUCHED_TEMPORARY | OST_TOUCHED_LOCKS | OST_TOUCHED_RAW;
    OST_TRY(ost__pg_settle(c, deadline));
    if (PQtransactionStatus(c->pg) != PQTRANS_IDLE)
        OST_TRY(ost__pg_ask(c, "ROLLBACK", 0, NULL, deadline, NULL, NULL));
    /* Behind a pooler the session is not this connection's to clean. */
    if (!(touched & of_session) || c->pooled)
        return OST_OK;
    ost__pg_statements_lost(c);
    return ost__pg_ask(c, "DISCARD ALL", 0, NULL, deadline, NULL, NULL);
}

/* ---- the fate of commits ---- */

static uint64_t load_number(const char *bytes, int size)
{
    uint64_t n = 0;
    for (int i = 0; i < size; i++)
        n = n << 8 | (uint8_t)bytes[i];
    return n;
}

void ost__pg_token_read(ost_connection *c, const PGresult *result)
{
    ost__pg_token *t = &c->token;
    if (PQntuples(result) != 1 || PQnfields(result) != 2 || PQgetisnull(result, 0, 0) ||
        PQgetlength(result, 0, 0) != 8 || PQgetlength(result, 0, 1) != 4)
        return;
    t->number = load_number(PQgetvalue(result, 0, 0), 8);
    t->process = (int32_t)load_number(PQgetvalue(result, 0, 1), 4);
    t->known = true;
}

ost_status ost__pg_commit_token(ost_connection *c, ost_commit_token *out)
{
    const ost__pg_token *t = &c->token;
    if (!t->known)
        return OST_UNSUPPORTED;
    memset(out, 0, sizeof *out);
    out->size = sizeof t->number + sizeof t->process;
    memcpy(out->bytes, &t->number, sizeof t->number);
    memcpy(out->bytes + sizeof t->number, &t->process, sizeof t->process);
    return OST_OK;
}

enum fate { FATE_UNKNOWN, FATE_COMMITTED, FATE_ABORTED, FATE_OPEN };

static enum fate ask_fate(ost_connection *c, const char *number, ost_deadline deadline)
{
    static const struct {
        const char *word;
        enum fate fate;
    } words[] = { { "committed", FATE_COMMITTED },
                  { "aborted", FATE_ABORTED },
                  { "in progress", FATE_OPEN } };
    const char *const values[] = { number };
    enum fate fate = FATE_UNKNOWN;
    PGresult *r;
    if (ost__pg_ask(c, "SELECT txid_status($1::int8)", 1, values, deadline, &r, NULL) != OST_OK)
        return FATE_UNKNOWN;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(PQgetvalue(r, 0, 0), words[i].word) == 0)
            fate = words[i].fate;
    PQclear(r);
    return fate;
}

/* Only if the process still runs that unit: its number may have gone to somebody else. */
static void terminate(ost_connection *c, const char *number, int32_t process, ost_deadline deadline)
{
    char digits[32];
    const char *const values[] = { digits, number };
    digits[ost__print_int(process, digits)] = '\0';
    (void)ost__pg_ask(c,
                      "SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
                      " WHERE pid = $1::int4 AND backend_xid::text::int8 = $2::int8 % 4294967296",
                      2, values, deadline, NULL, NULL);
}

/*
 * A unit whose COMMIT was lost on its way is open until the server notices that its client is gone.
 * It is given a moment, and then it is ended: whichever way, its fate is then known.
 */
enum ost_verdict ost__pg_resolve(ost_connection *fresh, const ost_commit_token *token,
                                 ost_deadline deadline)
{
    enum { PATIENCE = 20, PAUSE_MS = 25 };
    const ost_host *host = &fresh->backend->host;
    uint64_t n;
    int32_t process;
    char number[32];
    if (token->size != sizeof n + sizeof process)
        return OST_VERDICT_UNKNOWN;
    memcpy(&n, token->bytes, sizeof n);
    memcpy(&process, token->bytes + sizeof n, sizeof process);
    number[ost__print_uint(n, number)] = '\0';
    for (int asked = 0;; asked++) {
        enum fate fate = ask_fate(fresh, number, deadline);
        int64_t until = host->now(host->context) + (int64_t)PAUSE_MS * 1000000;
        if (fate != FATE_OPEN)
            return fate == FATE_COMMITTED ? OST_VERDICT_COMMITTED
                   : fate == FATE_ABORTED ? OST_VERDICT_ABORTED
                                          : OST_VERDICT_UNKNOWN;
        if (asked == PATIENCE)
            terminate(fresh, number, process, deadline);
        if (host->wait(host->context, fresh, -1, 0, until < deadline ? until : deadline) < 0 ||
            ost__pg_late(fresh, deadline))
            return OST_VERDICT_UNKNOWN;
    }
}
