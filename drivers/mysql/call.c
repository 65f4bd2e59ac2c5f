/* SPDX-License-Identifier: MIT */
/*
 * Every call of the client library that may wait for the network is made here. With MariaDB's
 * client it is a coroutine: it comes back with what it waits for, and is continued once that is
 * there. A deadline leaves it where it is; settle goes on with it, or close ends it. Oracle's
 * client has no such calls for prepared statements; there the time-outs of its socket are all
 * there is, in whole seconds.
 */
#include "mysql/connection.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

#if OST__MY_HAS_WAITING

static int start(ost_connection *c, const ost__my_settings *s, unsigned long flags)
{
    ost__my_call *k = &c->call;
    if (s) /* it connects */
        return mysql_real_connect_start(&k->connected, c->mysql, s->host, s->user, s->password,
                                        s->database, s->port, s->socket, flags);
    switch (k->kind) {
    case OST__CALL_QUERY: return mysql_real_query_start(&k->rc, c->mysql, k->text, k->size);
    case OST__CALL_STORE: return mysql_store_result_start(&k->rows, c->mysql);
    case OST__CALL_PREPARE: return mysql_stmt_prepare_start(&k->rc, k->statement, k->text, k->size);
    case OST__CALL_FREE: return mysql_stmt_free_result_start(&k->flag, k->statement);
    case OST__CALL_DISCARD: return mysql_stmt_close_start(&k->flag, k->statement);
    default: return mysql_reset_connection_start(&k->rc, c->mysql);
    }
}

static int go_on(ost_connection *c, int events)
{
    ost__my_call *k = &c->call;
    switch (k->kind) {
    case OST__CALL_CONNECT: return mysql_real_connect_cont(&k->connected, c->mysql, events);
    case OST__CALL_QUERY: return mysql_real_query_cont(&k->rc, c->mysql, events);
    case OST__CALL_STORE: return mysql_store_result_cont(&k->rows, c->mysql, events);
    case OST__CALL_PREPARE: return mysql_stmt_prepare_cont(&k->rc, k->statement, events);
    case OST__CALL_EXECUTE: return mysql_stmt_execute_cont(&k->rc, k->statement, events);
    case OST__CALL_FETCH: return mysql_stmt_fetch_cont(&k->rc, k->statement, events);
    case OST__CALL_FREE: return mysql_stmt_free_result_cont(&k->flag, k->statement, events);
    case OST__CALL_DISCARD: return mysql_stmt_close_cont(&k->flag, k->statement, events);
    default: return mysql_reset_connection_cont(&k->rc, c->mysql, events);
    }
}

#else

static int start(ost_connection *c, const ost__my_settings *s, unsigned long flags)
{
    ost__my_call *k = &c->call;
    switch (k->kind) {
    case OST__CALL_CONNECT:
        k->connected = mysql_real_connect(c->mysql, s->host, s->user, s->password, s->database,
                                          s->port, s->socket, flags);
        break;
    case OST__CALL_QUERY: k->rc = mysql_real_query(c->mysql, k->text, k->size); break;
    case OST__CALL_STORE: k->rows = mysql_store_result(c->mysql); break;
    case OST__CALL_PREPARE: k->rc = mysql_stmt_prepare(k->statement, k->text, k->size); break;
    case OST__CALL_FREE: k->flag = mysql_stmt_free_result(k->statement); break;
    case OST__CALL_DISCARD: k->flag = mysql_stmt_close(k->statement); break;
    default: k->rc = mysql_reset_connection(c->mysql); break;
    }
    return 0;
}

static int go_on(ost_connection *c, int events)
{
    (void)c;
    (void)events;
    return 0;
}

#endif

/* ---- signals ---- */

void ost__my_block_pipe(ost__my_guard *g)
{
    sigset_t pipe, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    g->pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    g->on = pthread_sigmask(SIG_BLOCK, &pipe, &g->before) == 0;
}

void ost__my_unblock_pipe(const ost__my_guard *g)
{
    const struct timespec now = { 0, 0 };
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (!g->pending)
        (void)sigtimedwait(&pipe, NULL, &now);
    pthread_sigmask(SIG_SETMASK, &g->before, NULL);
}

/* ---- waiting ---- */

static short polled(int events)
{
    int out = 0;
    if (events & MYSQL_WAIT_READ)
        out |= POLLIN;
    if (events & MYSQL_WAIT_WRITE)
        out |= POLLOUT;
    if (events & MYSQL_WAIT_EXCEPT)
        out |= POLLPRI;
    return (short)out;
}

/* What the library is told. An error of the socket is something to read: the library finds it. */
static int occurred(int events, int revents)
{
    int out = 0;
    if (revents & (POLLERR | POLLHUP | POLLNVAL))
        return events & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE | MYSQL_WAIT_EXCEPT);
    if (revents & POLLIN)
        out |= MYSQL_WAIT_READ;
    if (revents & POLLOUT)
        out |= MYSQL_WAIT_WRITE;
    if (revents & POLLPRI)
        out |= MYSQL_WAIT_EXCEPT;
    return out & events;
}

/* While a call waits, the library has a socket: the one that it connected, or tries another. */
static int socket_of(const ost_connection *c)
{
    return c->call.kind == OST__CALL_CONNECT ? ost__my_socket(c->mysql) : c->socket;
}

/* A call is only continued when its socket is ready, so that the library never looks at what an
 * older system call left in errno, maybe on another thread. */
static int ready_now(ost_connection *c, int events)
{
    struct pollfd item = { .fd = socket_of(c), .events = polled(events) };
    return poll(&item, 1, 0) > 0 ? occurred(events, item.revents) : 0;
}

/* OST_OK with what happened in *got, or why the wait ended. */
static ost_status wait_for(ost_connection *c, int events, int *got)
{
    const ost_host *host = &c->backend->host;
    ost_deadline deadline = c->deadline, own = INT64_MAX;
    if (events & MYSQL_WAIT_TIMEOUT)
        own = host->now(host->context) + (int64_t)ost__my_patience_ms(c->mysql) * INT64_C(1000000);
    for (;;) {
        int revents = host->wait(host->context, c, socket_of(c), polled(events),
                                 own < deadline ? own : deadline);
        int64_t now;
        *got = revents > 0 ? occurred(events, revents) : ready_now(c, events);
        if (*got != 0)
            return OST_OK;
        if (revents < 0)
            return OST_CANCELLED;
        now = host->now(host->context);
        if (now >= own) {
            *got = MYSQL_WAIT_TIMEOUT;
            return OST_OK;
        }
        if (now >= deadline)
            return OST_TIMEOUT;
    }
}

ost_status ost__my_wait(ost_connection *c, ost_error *error)
{
    ost__my_call *k = &c->call;
    while (k->events != 0) {
        int got;
        ost_status status = wait_for(c, k->events, &got);
        if (status == OST_TIMEOUT)
            return ost__error_set(error, status, "the deadline passed before the server answered");
        if (status != OST_OK)
            return ost__error_set(error, status, "the statement was cancelled");
        k->events = go_on(c, got);
    }
    return OST_OK;
}

static ost_status still_owed(ost_error *error)
{
    return ost__error_set(error, OST_TIMEOUT, "an earlier answer of the server is still owed");
}

static ost_status make(ost_connection *c, ost__my_call call, const ost__my_settings *settings,
                       unsigned long flags, ost_error *error)
{
    if (c->call.events != 0)
        return still_owed(error);
    c->call = call;
    c->call.events = start(c, settings, flags);
    return c->call.events == 0 ? OST_OK : ost__my_wait(c, error);
}

/* ---- calls ---- */

ost_status ost__my_connect_call(ost_connection *c, const ost__my_settings *settings,
                                unsigned long flags, ost_error *error)
{
    const ost__my_call call = { .kind = OST__CALL_CONNECT };
    c->trips++;
    return make(c, call, settings, flags, error);
}

ost_status ost__my_call_statement(ost_connection *c, enum ost__my_call_kind kind,
                                  MYSQL_STMT *statement, ost_error *error)
{
    const ost__my_call call = { .kind = (uint16_t)kind, .statement = statement };
    return make(c, call, NULL, 0, error);
}

ost_status ost__my_execute_call(ost_connection *c, MYSQL_STMT *statement, ost_error *error)
{
    ost__my_call *k = &c->call;
    if (k->events != 0)
        return still_owed(error);
    c->trips++;
    k->kind = OST__CALL_EXECUTE;
    k->statement = statement;
#if OST__MY_HAS_WAITING
    k->events = mysql_stmt_execute_start(&k->rc, statement);
#else
    k->rc = mysql_stmt_execute(statement);
#endif
    return k->events == 0 ? OST_OK : ost__my_wait(c, error);
}

ost_status ost__my_prepare_call(ost_connection *c, MYSQL_STMT *statement, const char *text,
                                size_t size, ost_error *error)
{
    const ost__my_call call = {
        .kind = OST__CALL_PREPARE, .statement = statement, .text = text, .size = size
    };
    c->trips++;
    return make(c, call, NULL, 0, error);
}

/* Once for each row: what a call needs, and no more. */
ost_status ost__my_fetch_call(ost_connection *c, MYSQL_STMT *statement, ost_error *error)
{
    ost__my_call *k = &c->call;
    k->kind = OST__CALL_FETCH;
    k->statement = statement;
#if OST__MY_HAS_WAITING
    k->events = mysql_stmt_fetch_start(&k->rc, statement);
#else
    k->rc = mysql_stmt_fetch(statement);
#endif
    return k->events == 0 ? OST_OK : ost__my_wait(c, error);
}

ost_status ost__my_reset_call(ost_connection *c, ost_error *error)
{
    const ost__my_call call = { .kind = OST__CALL_RESET };
    c->trips++;
    return make(c, call, NULL, 0, error);
}

ost_status ost__my_query(ost_connection *c, const ost_operation *op, const char *text, size_t size,
                         MYSQL_RES **rows, ost_error *error)
{
    const ost__my_call query = { .kind = OST__CALL_QUERY, .text = text, .size = size };
    const ost__my_call store = { .kind = OST__CALL_STORE };
    if (rows)
        *rows = NULL;
    c->trips++;
    OST_TRY(make(c, query, NULL, 0, error));
    if (c->call.rc != 0)
        return ost__my_failed(c, NULL, op, error);
    if (mysql_field_count(c->mysql) == 0)
        return OST_OK;
    OST_TRY(make(c, store, NULL, 0, error));
    if (!c->call.rows)
        return ost__my_failed(c, NULL, op, error);
    if (rows) {
        *rows = c->call.rows;
        c->call.kind = OST__CALL_NONE;
    } else {
        ost__my_forget_rows(c);
    }
    return OST_OK;
}

ost_status ost__my_store_call(ost_connection *c, ost_error *error)
{
    const ost__my_call store = { .kind = OST__CALL_STORE };
    OST_TRY(make(c, store, NULL, 0, error));
    ost__my_forget_rows(c);
    return OST_OK;
}

void ost__my_forget_rows(ost_connection *c)
{
    ost__my_call *k = &c->call;
    if (k->kind != OST__CALL_STORE || k->events != 0)
        return;
    mysql_free_result(k->rows);
    k->kind = OST__CALL_NONE;
}

void ost__my_give_up(ost_connection *c)
{
    ost__my_call *k = &c->call;
    int got = k->events & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE | MYSQL_WAIT_EXCEPT);
    if (k->kind == OST__CALL_CONNECT)
        got |= MYSQL_WAIT_TIMEOUT;
    k->events = go_on(c, got);
}

ost_status ost__my_command(ost_connection *c, const ost_operation *op, const char *text,
                           ost_error *error)
{
    return ost__my_query(c, op, text, strlen(text), NULL, error);
}
