/* SPDX-License-Identifier: MIT */
/* What is left after a time-out or a cancel. */
#include "mysql/connection.h"

#include "base/error.h"

enum { STRAY_KILLS = 3 };

/* The call has come back, after nobody waited for it any more: what belongs to it is read too. */
static ost_status finish_text(ost_connection *c, ost_error *error)
{
    ost__my_forget_rows(c);
    if (c->call.kind != OST__CALL_QUERY || c->call.rc != 0)
        return OST_OK;
    c->call.kind = OST__CALL_NONE;
    if (mysql_field_count(c->mysql) == 0)
        return OST_OK;
    return ost__my_store_call(c, error);
}

static ost_status finish_statement(ost_connection *c, ost_error *error)
{
    ost__my_statement *s = c->owing;
    int rc = c->call.rc;
    if (!s)
        return OST_OK;
    switch (c->call.kind) {
    case OST__CALL_EXECUTE: s->has_rows = rc == 0 && ost__my_column_count(s->handle) > 0; break;
    case OST__CALL_FETCH: s->has_rows = rc == 0 || rc == MYSQL_DATA_TRUNCATED; break;
    default: s->has_rows = false; break;
    }
    c->call.kind = OST__CALL_NONE;
    return ost__my_release(c, s, error);
}

/* KILL may come when what it was meant for is done, and would then hit what comes next. */
static ost_status swallow_kills(ost_connection *c, ost_error *error)
{
    if (!ost__my_cancelled(c))
        return OST_OK;
    for (int i = 0; i < STRAY_KILLS; i++) {
        ost_status status = ost__my_command(c, NULL, "DO 0", error);
        if (status == OST_OK || c->lost || ost__my_owes(c))
            return status;
    }
    return OST_CONNECTION;
}

static ost_status settle(ost_connection *c)
{
    ost_error unwanted;
    ost_status status = ost__my_wait(c, &unwanted);
    if (status == OST_OK)
        status = finish_text(c, &unwanted);
    if (status == OST_OK)
        status = finish_statement(c, &unwanted);
    while (status == OST_OK && c->streams)
        ost__my_stream_close(c, c->streams);
    while (status == OST_OK && c->orphans && c->call.events == 0) {
        ost__my_statement *s = c->orphans;
        c->orphans = s->next_open;
        s->next_open = NULL;
        status = ost__my_release(c, s, &unwanted);
    }
    if (status == OST_OK)
        status = swallow_kills(c, &unwanted);
    if (c->lost)
        return OST_CONNECTION;
    return status == OST_OK && !ost__my_owes(c) ? OST_OK : OST_TIMEOUT;
}

ost_status ost__my_settle(ost_connection *c, ost_deadline deadline)
{
    const ost_host *host = &c->backend->host;
    ost__my_guard guard;
    ost_status status;
    c->op_count = 0;
    if (c->lost)
        return OST_CONNECTION;
    /* An answer that came too late is still one that nobody took: it must not be dropped here, as
     * if nothing had been done. */
    if (ost__my_owes(c) && host->now(host->context) >= deadline)
        return OST_TIMEOUT;
    c->deadline = deadline;
    ost__my_guard_begin(&guard, c);
    status = settle(c);
    ost__my_guard_end(&guard);
    return status;
}

ost_status ost__my_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline)
{
    ost__my_statement *s = ost__my_stream_of(c, OST_STREAM(stream));
    ost__my_guard guard;
    ost__my_guard_begin(&guard, c);
    c->deadline = deadline;
    if (s)
        ost__my_stream_close(c, s);
    ost__my_guard_end(&guard);
    return ost__my_owes(c) || c->lost ? OST_CONNECTION : OST_OK;
}

/* On another thread. The flag makes an answer that tells of an interruption a cancel; the server
 * is told on a connection of its own. */
void ost__my_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline)
{
    char text[48];
    (void)b;
    atomic_store_explicit(&c->cancelled, batch, memory_order_release);
    ost__print(text, sizeof text, "KILL QUERY %lu", c->number);
    (void)ost__my_say(c, text, deadline);
}
