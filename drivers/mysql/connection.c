/* SPDX-License-Identifier: MIT */
#include "mysql/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

enum {
    /* Of the library's coroutines. Theirs is 60 KiB, which a resolver's plug-in or a chain of
     * certificates may need alone; pages that are not touched cost nothing. */
    STACK_SIZE = 256 << 10,
    ENDING_STEPS = 100
};

bool ost__my_cancelled(const ost_connection *c)
{
    return c->batch != 0 && atomic_load_explicit(&c->cancelled, memory_order_acquire) == c->batch;
}

/* ---- opening ---- */

#if OST__MY_HAS_WAITING

static void set_client(const ost_connection *c)
{
    const ost__my_settings *s = &c->settings;
    const size_t stack = STACK_SIZE;
    const my_bool no = 0, enforce = s->tls != OST__MY_TLS_OFF,
                  verify = s->tls == OST__MY_TLS_VERIFY;
    mysql_options(c->mysql, MYSQL_OPT_NONBLOCK, &stack);
    mysql_options(c->mysql, MYSQL_OPT_RECONNECT, &no);
    mysql_options(c->mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
    mysql_options(c->mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    /* Whoever plays the server on an open wire must not be able to ask for the password itself. */
    if (s->tls == OST__MY_TLS_OFF && s->host)
        mysql_options(c->mysql, MARIADB_OPT_RESTRICTED_AUTH,
                      "mysql_native_password,client_ed25519,caching_sha2_password,"
                      "sha256_password");
}

static void count_bytes(ost_connection *c, uint64_t *sent, uint64_t *received)
{
    size_t n = 0;
    *sent = mariadb_get_infov(c->mysql, MARIADB_CONNECTION_BYTES_SENT, &n) == 0 ? n : 0;
    n = 0;
    *received = mariadb_get_infov(c->mysql, MARIADB_CONNECTION_BYTES_READ, &n) == 0 ? n : 0;
}

#else

static void set_client(const ost_connection *c)
{
    static const unsigned modes[] = {
        [OST__MY_TLS_OFF] = SSL_MODE_DISABLED,
        [OST__MY_TLS_REQUIRE] = SSL_MODE_REQUIRED,
        [OST__MY_TLS_VERIFY] = SSL_MODE_VERIFY_IDENTITY,
    };
    mysql_options(c->mysql, MYSQL_OPT_SSL_MODE, &modes[c->settings.tls]);
}

static void count_bytes(ost_connection *c, uint64_t *sent, uint64_t *received)
{
    (void)c;
    *sent = *received = 0;
}

#endif

void ost__my_count_bytes(ost_connection *c, ost_outcome *o)
{
    uint64_t sent, received;
    if (c->lost)
        return;
    count_bytes(c, &sent, &received);
    o->bytes_sent = sent - c->sent;
    o->bytes_received = received - c->received;
    c->sent = sent;
    c->received = received;
}

/* The library waits for whole seconds where it does not let itself be continued: in TLS's
 * handshake, and everywhere with Oracle's. */
static unsigned seconds_left(const ost_connection *c)
{
    const ost_host *host = &c->backend->host;
    int64_t left;
    if (c->deadline == INT64_MAX)
        return 0;
    left = (c->deadline - host->now(host->context)) / INT64_C(1000000000) + 1;
    return left < 1 ? 1 : left > 3600 ? 3600 : (unsigned)left;
}

static void set_options(const ost_connection *c)
{
    const ost__my_settings *s = &c->settings;
    const unsigned no = 0, seconds = seconds_left(c),
                   protocol = s->host ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
    mysql_options(c->mysql, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(c->mysql, MYSQL_OPT_LOCAL_INFILE, &no);
    mysql_options(c->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (seconds > 0)
        mysql_options(c->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
#if !OST__MY_HAS_WAITING
    {
        const unsigned patience = (c->backend->patience_ms + 999) / 1000;
        mysql_options(c->mysql, MYSQL_OPT_READ_TIMEOUT, &patience);
        mysql_options(c->mysql, MYSQL_OPT_WRITE_TIMEOUT, &patience);
    }
#endif
    if (s->ca)
        mysql_options(c->mysql, MYSQL_OPT_SSL_CA, s->ca);
    if (s->certificate)
        mysql_options(c->mysql, MYSQL_OPT_SSL_CERT, s->certificate);
    if (s->key)
        mysql_options(c->mysql, MYSQL_OPT_SSL_KEY, s->key);
    set_client(c);
}

/* Says where, in front of why. */
static void name_server(const ost_connection *c, ost_error *error)
{
    const ost__my_settings *s = &c->settings;
    char why[sizeof error->message];
    if (!error)
        return;
    ost__copy_text(why, sizeof why, error->message);
    if (s->host)
        ost__print(error->message, sizeof error->message, "cannot connect to %s port %u: %s",
                   s->host, s->port, why);
    else
        ost__print(error->message, sizeof error->message, "cannot connect to %s: %s",
                   s->socket ? s->socket : "the server's socket", why);
}

static ost_status greet(ost_connection *c, ost_error *error)
{
    ost__my_guard guard;
    ost_status status;
    ost__my_guard_begin(&guard, c);
    status = ost__my_connect_call(c, &c->settings, CLIENT_FOUND_ROWS, error);
    ost__my_guard_end(&guard);
    OST_TRY(status);
    if (!c->call.connected)
        return ost__my_failed(c, NULL, NULL, error);
    c->tls = mysql_get_ssl_cipher(c->mysql) != NULL;
    c->number = mysql_thread_id(c->mysql);
    if (c->settings.tls != OST__MY_TLS_OFF && !c->tls)
        return ost__error_set(error, OST_CONNECTION,
                              "the server speaks no TLS: say tls=off if the way to it is safe");
    /* The library turns it back to blocking, where it would wait in the middle of a TLS record. */
    c->socket = ost__my_socket(c->mysql);
    if (OST__MY_HAS_WAITING &&
        fcntl(c->socket, F_SETFL, fcntl(c->socket, F_GETFL) | O_NONBLOCK) < 0)
        return ost__error_set(error, OST_CONNECTION, "the socket cannot be set up");
    return OST_OK;
}

static ost_status reach(ost_backend *b, const char *endpoint, ost_deadline deadline,
                        ost_connection **out, ost_error *error)
{
    ost_connection *c = ost__alloc_zeroed(&b->memory, sizeof *c);
    ost_status status = OST_NO_MEMORY;
    *out = NULL;
    if (!c) {
        ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
        return OST_NO_MEMORY;
    }
    c->backend = b;
    c->deadline = deadline;
    atomic_init(&c->cancelled, 0);
    ost__buffer_init(&c->text, &b->memory);
    if (ost__lru_init(&c->statements, &b->memory, OST__MY_STATEMENTS_MAX))
        c->mysql = mysql_init(NULL);
    if (c->mysql)
        status =
            ost__my_settings_read(&b->memory, endpoint ? endpoint : b->url, &c->settings, error);
    else
        ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
    if (status == OST_OK) {
        set_options(c);
        status = greet(c, error);
        if (status != OST_OK)
            name_server(c, error);
    }
    if (status == OST_OK)
        *out = c;
    else
        ost__my_close(c, deadline);
    return status;
}

ost_status ost__my_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                           ost_connection **out, ost_capabilities *caps, ost_error *error)
{
    ost_connection *c;
    ost__my_guard guard;
    ost_status status = reach(b, endpoint, deadline, &c, error);
    *out = NULL;
    if (status != OST_OK)
        return status;
    ost__my_guard_begin(&guard, c);
    status = ost__my_settle_in(c, caps, error);
    ost__my_guard_end(&guard);
    if (status != OST_OK) {
        name_server(c, error);
        ost__my_close(c, deadline);
        return status;
    }
    *out = c;
    return OST_OK;
}

ost_status ost__my_say(const ost_connection *c, const char *text, ost_deadline deadline)
{
    ost_connection *other;
    ost_status status = reach(c->backend, c->backend->url, deadline, &other, NULL);
    if (status != OST_OK)
        return status;
    status = ost__my_command(other, NULL, text, NULL);
    ost__my_close(other, deadline);
    return status;
}

/* ---- the end ---- */

/* A call that waits is not left in the middle: what it has allocated would be lost. Its socket
 * being shut, it comes back with an error at once. */
static void end_call(ost_connection *c)
{
#if OST__MY_HAS_WAITING
    ost_error unwanted;
    int fd = ost__my_socket(c->mysql);
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
    c->lost = true;
    c->deadline = 0;
    for (int i = 0; i < ENDING_STEPS && c->call.events != 0; i++) {
        if (ost__my_wait(c, &unwanted) == OST_OK)
            break;
        ost__my_give_up(c);
    }
    ost__my_forget_rows(c);
#else
    (void)c;
#endif
}

void ost__my_close(ost_connection *c, ost_deadline deadline)
{
    const ost__memory *memory;
    ost__my_guard guard;
    if (!c)
        return;
    memory = &c->backend->memory;
    ost__my_guard_begin(&guard, c);
    if (c->mysql && (ost__my_owes(c) || c->lost))
        end_call(c);
    c->deadline = deadline;
    /* Without a connection, statements are closed without a word to the server. */
    if (c->mysql)
        mysql_close(c->mysql);
    ost__my_statements_finish(c);
    ost__free(&c->backend->memory, c->effects, c->effects_size);
    ost__my_guard_end(&guard);
    ost__lru_finish(&c->statements);
    ost__buffer_finish(&c->text);
    ost__my_settings_finish(memory, &c->settings);
    ost__free(memory, c, sizeof *c);
}

/*
 * In the child of a fork the library must not say good-bye: the server would end the parent's
 * session. So only the descriptor goes.
 */
void ost__my_abandon(ost_connection *c)
{
    int fd = ost__my_socket(c->mysql);
    if (fd >= 0)
        close(fd);
}

bool ost__my_alive(ost_connection *c)
{
    struct pollfd item = { .fd = c->socket, .events = POLLIN };
    return !c->lost && !ost__my_owes(c) && ost__my_has_socket(c->mysql) && poll(&item, 1, 0) == 0;
}
