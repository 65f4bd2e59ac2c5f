/* SPDX-License-Identifier: MIT */
/*
 * Asking the server to stop, over a connection of its own. libpq 17 does that without blocking, and
 * through TLS where the connection has it. Before, PQcancel() blocks until the server has answered
 * or TCP gives up, and says in the clear which process is to stop, and the key to that.
 */
#include "postgres/connection.h"

#include <poll.h>

#ifdef LIBPQ_HAS_ASYNC_CANCEL

ost__pg_stop *ost__pg_stop_new(PGconn *pg)
{
    ost__pg_stop *stop = PQcancelCreate(pg);
    if (stop && PQcancelStatus(stop) == CONNECTION_BAD) {
        PQcancelFinish(stop);
        return NULL;
    }
    return stop;
}

void ost__pg_stop_free(ost__pg_stop *stop)
{
    if (stop)
        PQcancelFinish(stop);
}

void ost__pg_stop_now(ost_connection *c, ost_deadline deadline)
{
    const ost_host *host = &c->backend->host;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    bool started = PQcancelStart(c->stop);
    while (started && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        int events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        int got = host->wait(host->context, c, PQcancelSocket(c->stop), events, deadline);
        if (got < 0 || (got == 0 && ost__pg_late(c, deadline)))
            break;
        if (got != 0)
            state = PQcancelPoll(c->stop);
    }
    PQcancelReset(c->stop);
}

#else

ost__pg_stop *ost__pg_stop_new(PGconn *pg)
{
    return PQgetCancel(pg);
}

void ost__pg_stop_free(ost__pg_stop *stop)
{
    PQfreeCancel(stop);
}

void ost__pg_stop_now(ost_connection *c, ost_deadline deadline)
{
    char words[256];
    (void)deadline;
    (void)PQcancel(c->stop, words, sizeof words);
}

#endif
