/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

#include <poll.h>

#include "base/error.h"

/* TLS hands out its records in pieces, of which libpq does not always take the last: what it keeps
 * back makes no socket readable. */
enum { TLS_READS = 3, TLS_PATIENCE_MS = 50, LOOK_EVERY = 16 };

bool ost__pg_late(const ost_connection *c, ost_deadline deadline)
{
    const ost_host *host = &c->backend->host;
    return deadline != INT64_MAX && host->now(host->context) >= deadline;
}

static void take_in(ost_connection *c)
{
    int reads = c->tls ? TLS_READS : 1;
    /* A failure shows in the next result. */
    while (reads-- > 0 && PQconsumeInput(c->pg))
        ;
}

OST__HOT ost_status ost__pg_wait(ost_connection *c, ost_deadline deadline)
{
    const ost_host *host = &c->backend->host;
    ost_deadline until = deadline;
    int events = POLLIN, fd = PQsocket(c->pg), got;
    bool first = c->asked;
    c->asked = false;
    if (PQflush(c->pg) == 1)
        events |= POLLOUT;
    if (first && events == POLLIN && fd >= 0 && ost__pg_bell_serves(c, deadline) &&
        ost__pg_bell_wait(c, fd)) {
        take_in(c);
        return OST_OK;
    }
    if (c->tls) {
        int64_t soon = host->now(host->context) + (int64_t)TLS_PATIENCE_MS * 1000000;
        until = soon < deadline ? soon : deadline;
    }
    if (fd < 0)
        return OST_CONNECTION;
    got = host->wait(host->context, c, fd, events, until);
    if (got < 0)
        return OST_CANCELLED;
    /* What comes without end must not outlast the deadline either. */
    if ((got == 0 || ++c->waits % LOOK_EVERY == 0) && ost__pg_late(c, deadline))
        return OST_TIMEOUT;
    take_in(c);
    return OST_OK;
}

ost_status ost__pg_result(ost_connection *c, ost_deadline deadline, PGresult **out)
{
    *out = NULL;
    while (PQisBusy(c->pg)) {
        ost_status status = ost__pg_wait(c, deadline);
        if (status == OST_CONNECTION)
            break;
        OST_TRY(status);
    }
    *out = PQgetResult(c->pg);
    return OST_OK;
}

static ost_status too_late(ost_status status, ost_error *error)
{
    return ost__error_set(error, status, "%s",
                          status == OST_CANCELLED ? "cancelled while the server was asked"
                                                  : "the server did not answer in time");
}

ost_status ost__pg_ask(ost_connection *c, const char *text, int count, const char *const *values,
                       ost_deadline deadline, PGresult **out, ost_error *error)
{
    ost_status status;
    PGresult *result = NULL, *next;
    if (out)
        *out = NULL;
    if (!PQsendQueryParams(c->pg, text, count, NULL, values, NULL, NULL, 0))
        return ost__pg_failed(c, NULL, NULL, error);
    for (;;) {
        status = ost__pg_result(c, deadline, &next);
        if (status != OST_OK || !next)
            break;
        PQclear(result);
        result = next;
    }
    if (status != OST_OK) {
        /* What is owed would be read as the answer to something else. */
        c->lost = true;
        PQclear(result);
        return too_late(status, error);
    }
    if (!result ||
        (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK))
        status = ost__pg_failed(c, NULL, result, error);
    if (status == OST_OK && out)
        *out = result;
    else
        PQclear(result);
    return status;
}
