/* SPDX-License-Identifier: MIT */
/*
 * Lines to servers, as streams of the library's: sockets of ours, which wait by the host's clock
 * and no longer than the call that runs may take. Where TLS is spoken, the library's stream for it
 * lies on a line, and a second line, without a socket, on top of that.
 *
 * Whatever ends a line is told to the library as a time-out: it then takes the server for well, and
 * leaves everybody else's connections alone. If the server is not, nobody will connect to it again,
 * and that tells.
 */
#include "mongo/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

enum {
    OURS = 0x4f53, /* the type of stream; no number of the library's */
    BUFFER_SIZE = 8192,
    PIECES = 16, /* of a message, written at once */
    /* After a deadline the library may connect once more, to repeat a commit. If that did not work
     * it would take the server for gone, and with it everybody's connections. */
    GRACE_NS = 40000000
};

struct ost__mongo_line {
    mongoc_stream_t stream; /* first */
    ost_connection *c;
    mongoc_stream_t *under; /* TLS; NULL: a socket */
    ost__mongo_line *next;
    int fd;
    bool bottom;      /* messages are looked at further up */
    bool ended;       /* it is of no more use */
    bool asked;       /* what was written has not been answered */
    int64_t patience; /* until then, whatever deadline and cancel say */
    size_t at, end;   /* of what was read ahead */
    uint8_t buffer[BUFFER_SIZE];
};

static const ost_host *host_of(const ost__mongo_line *s)
{
    return &s->c->backend->host;
}

/* ---- waiting ---- */

static bool stop(ost__mongo_line *s, ost_status why)
{
    s->ended = true;
    if (s->c->interrupted == OST_OK)
        s->c->interrupted = why;
    errno = ETIMEDOUT;
    return false;
}

/* A cancel shuts the socket that is waited for, so that nobody need look up now and then. */
static bool begin_wait(ost__mongo_line *s, bool patient)
{
    ost_connection *c = s->c;
    bool cancelled;
    pthread_mutex_lock(&c->guard);
    cancelled = !patient && ost__mongo_cancelled(c);
    if (!cancelled) {
        c->waiting = patient ? -1 : s->fd;
        c->waiting_batch = c->batch;
    }
    pthread_mutex_unlock(&c->guard);
    return !cancelled;
}

static void end_wait(ost__mongo_line *s)
{
    ost_connection *c = s->c;
    pthread_mutex_lock(&c->guard);
    c->waiting = -1;
    pthread_mutex_unlock(&c->guard);
}

static bool await(ost__mongo_line *s, int events)
{
    const ost_host *host = host_of(s);
    ost_connection *c = s->c;
    for (;;) {
        bool patient = s->patience > host->now(host->context);
        ost_deadline until = patient ? s->patience : c->deadline;
        int revents;
        if (!begin_wait(s, patient))
            return stop(s, OST_CANCELLED);
        revents = host->wait(host->context, c, s->fd, events, until);
        end_wait(s);
        if (revents < 0 || (!patient && ost__mongo_cancelled(c)))
            return stop(s, OST_CANCELLED);
        if (revents > 0)
            return true;
        if (host->now(host->context) >= until)
            return stop(s, OST_TIMEOUT);
    }
}

/* ---- reading ---- */

static bool is_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK;
}

/* At least one byte. */
static ssize_t receive(ost__mongo_line *s, void *out, size_t size)
{
    if (s->under)
        return mongoc_stream_read(s->under, out, size, 1, -1);
    for (;;) {
        ssize_t got;
        if (s->asked && !await(s, POLLIN))
            return -1;
        s->asked = false;
        got = recv(s->fd, out, size, 0);
        if (got > 0) {
            s->c->received += (uint64_t)got;
            return got;
        }
        if (got < 0 && is_block(errno)) {
            s->asked = true;
        } else if (got == 0 || errno != EINTR) {
            s->ended = s->c->broke = true;
            return got;
        }
    }
}

static size_t take_buffered(ost__mongo_line *s, uint8_t *out, size_t size)
{
    size_t n = s->end - s->at < size ? s->end - s->at : size;
    memcpy(out, s->buffer + s->at, n);
    s->at += n;
    return n;
}

/* `size` bytes, or as many as there are beyond `least`; -1: it broke. */
static ssize_t read_some(ost__mongo_line *s, uint8_t *out, size_t size, size_t least)
{
    size_t done = take_buffered(s, out, size);
    while (done < size && done < least) {
        size_t want = size - done;
        bool ahead = want < sizeof s->buffer && !s->under;
        ssize_t got =
            ahead ? receive(s, s->buffer, sizeof s->buffer) : receive(s, out + done, want);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        if (ahead) {
            s->at = 0;
            s->end = (size_t)got;
            got = (ssize_t)take_buffered(s, out + done, want);
        }
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static ssize_t line_readv(mongoc_stream_t *stream, mongoc_iovec_t *iov, size_t count, size_t least,
                          int32_t timeout_ms)
{
    ost__mongo_line *s = (ost__mongo_line *)stream;
    size_t done = 0;
    (void)timeout_ms;
    if (least == 0)
        least = 1;
    for (size_t i = 0; i < count && (done < least || s->at < s->end); i++) {
        ssize_t got = read_some(s, (uint8_t *)iov[i].iov_base, iov[i].iov_len,
                                least > done ? least - done : 0);
        if (got < 0)
            return -1;
        done += (size_t)got;
        if ((size_t)got < iov[i].iov_len)
            break;
    }
    return (ssize_t)done;
}

/* ---- writing ---- */

typedef struct rest {
    const mongoc_iovec_t *iov;
    size_t count, skip; /* of the first, what is written already */
} rest;

static int next_pieces(const rest *r, struct iovec *out)
{
    int n = 0;
    for (size_t i = 0; i < r->count && n < PIECES; i++) {
        size_t skip = i == 0 ? r->skip : 0;
        out[n].iov_base = (uint8_t *)r->iov[i].iov_base + skip;
        out[n++].iov_len = r->iov[i].iov_len - skip;
    }
    return n;
}

static void advance(rest *r, size_t written)
{
    while (r->count > 0 && written >= r->iov->iov_len - r->skip) {
        written -= r->iov->iov_len - r->skip;
        r->iov++;
        r->count--;
        r->skip = 0;
    }
    r->skip += written;
}

static ssize_t send_all(ost__mongo_line *s, const mongoc_iovec_t *iov, size_t count)
{
    rest r = { iov, count, 0 };
    size_t done = 0;
    advance(&r, 0);
    while (r.count > 0) {
        struct iovec pieces[PIECES];
        struct msghdr message = { .msg_iov = pieces };
        ssize_t n;
        message.msg_iovlen = (size_t)next_pieces(&r, pieces);
        n = sendmsg(s->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && is_block(errno)) {
            if (!await(s, POLLOUT))
                return -1;
        } else if (n < 0 && errno != EINTR) {
            s->ended = s->c->broke = true;
            return -1;
        } else if (n > 0) {
            s->c->sent += (uint64_t)n;
            done += (size_t)n;
            advance(&r, (size_t)n);
        }
    }
    s->asked = true;
    return (ssize_t)done;
}

/* The last one that was asked is the first in the list. */
static void come_first(ost__mongo_line *s)
{
    ost__mongo_line **at = &s->c->lines;
    if (*at == s)
        return;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    s->next = s->c->lines;
    s->c->lines = s;
}

static ssize_t line_writev(mongoc_stream_t *stream, mongoc_iovec_t *iov, size_t count,
                           int32_t timeout_ms)
{
    ost__mongo_line *s = (ost__mongo_line *)stream;
    ost_connection *c = s->c;
    (void)timeout_ms;
    if (!s->bottom) {
        come_first(s);
        if (ost__mongo_look(iov, count, &c->txn)) {
            c->asked = true;
            c->trips++;
        }
    }
    if (s->fd < 0 && !s->under) {
        s->ended = true;
        errno = EPIPE;
        return -1;
    }
    return s->under ? mongoc_stream_writev(s->under, iov, count, -1) : send_all(s, iov, count);
}

/* ---- the rest of a stream ---- */

static int line_close(mongoc_stream_t *stream)
{
    ost__mongo_line *s = (ost__mongo_line *)stream;
    int fd = s->fd;
    if (s->under)
        return mongoc_stream_close(s->under);
    s->fd = -1;
    return fd >= 0 ? close(fd) : 0;
}

static void line_destroy(mongoc_stream_t *stream)
{
    ost__mongo_line *s = (ost__mongo_line *)stream, **at = &s->c->lines;
    if (s->under)
        mongoc_stream_destroy(s->under);
    else
        line_close(stream);
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at)
        *at = s->next;
    ost__free(&s->c->backend->memory, s, sizeof *s);
}

static int line_flush(mongoc_stream_t *stream)
{
    (void)stream;
    return 0;
}

static int line_setsockopt(mongoc_stream_t *stream, int level, int name, void *value,
                           mongoc_socklen_t size)
{
    ost__mongo_line *s = (ost__mongo_line *)stream;
    return s->under ? mongoc_stream_setsockopt(s->under, level, name, value, size)
                    : setsockopt(s->fd, level, name, value, size);
}

static mongoc_stream_t *line_base(mongoc_stream_t *stream)
{
    return ((ost__mongo_line *)stream)->under;
}

static bool is_quiet(const ost__mongo_line *s)
{
    struct pollfd item = { .fd = s->fd, .events = POLLIN };
    return s->fd >= 0 && poll(&item, 1, 0) == 0;
}

static bool line_closed(mongoc_stream_t *stream)
{
    ost__mongo_line *s = (ost__mongo_line *)stream;
    return s->under ? mongoc_stream_check_closed(s->under) : !is_quiet(s);
}

/* TLS asks for it while it greets: one stream at a time. */
static ssize_t line_poll(mongoc_stream_poll_t *streams, size_t count, int32_t timeout_ms)
{
    ost__mongo_line *s = (ost__mongo_line *)streams[0].stream;
    (void)timeout_ms;
    if (count != 1 || !await(s, streams[0].events))
        return -1;
    streams[0].revents = streams[0].events;
    return 1;
}

static bool line_timed_out(mongoc_stream_t *stream)
{
    ost__mongo_line *s = (ost__mongo_line *)stream;
    return s->under ? mongoc_stream_timed_out(s->under) : s->ended;
}

static bool line_should_retry(mongoc_stream_t *stream)
{
    (void)stream;
    return false;
}

/* ---- connecting ---- */

static ost__mongo_line *line_new(ost_connection *c, int fd, mongoc_stream_t *under)
{
    const ost_host *host = &c->backend->host;
    ost__mongo_line *s = ost__alloc(&c->backend->memory, sizeof *s);
    if (!s)
        return NULL;
    memset(s, 0, offsetof(ost__mongo_line, buffer));
    s->stream = (mongoc_stream_t){
        .type = OURS,
        .destroy = line_destroy,
        .failed = line_destroy,
        .close = line_close,
        .flush = line_flush,
        .writev = line_writev,
        .readv = line_readv,
        .setsockopt = line_setsockopt,
        .get_base_stream = under ? line_base : NULL,
        .check_closed = line_closed,
        .poll = line_poll,
        .timed_out = line_timed_out,
        .should_retry = line_should_retry,
    };
    s->c = c;
    s->fd = fd;
    s->under = under;
    s->patience = c->interrupted != OST_OK || ost__mongo_late(c)
                      ? host->now(host->context) + GRACE_NS
                      : INT64_MIN;
    s->next = c->lines;
    c->lines = s;
    c->broke = false;
    return s;
}

static void prepare(int fd, int family)
{
    const int on = 1;
    if (family == AF_UNIX)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* NULL: errno says why, or it was interrupted. */
static ost__mongo_line *reach(ost_connection *c, int family, const struct sockaddr *address,
                              socklen_t size)
{
    int fd = socket(family, SOCK_STREAM, 0), error = 0;
    socklen_t length = sizeof error;
    ost__mongo_line *s;
    bool begun;
    if (fd < 0)
        return NULL;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 || !(s = line_new(c, fd, NULL))) {
        close(fd);
        errno = ENOMEM;
        return NULL;
    }
    prepare(fd, family);
    if (connect(fd, address, size) == 0)
        return s;
    begun = errno == EINPROGRESS;
    if (begun && !await(s, POLLOUT))
        error = ETIMEDOUT;
    else if (!begun || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (error == 0)
        return s;
    line_destroy(&s->stream);
    errno = error;
    return NULL;
}

static ost__mongo_line *reach_file(ost_connection *c, const char *path)
{
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    memcpy(address.sun_path, path, strlen(path));
    return reach(c, AF_UNIX, (const struct sockaddr *)&address, sizeof address);
}

static ost__mongo_line *reach_host(ost_connection *c, const mongoc_host_list_t *host,
                                   bson_error_t *error)
{
    const ost_host *core = &c->backend->host;
    int64_t least = core->now(core->context) + GRACE_NS;
    struct addrinfo *all =
        ost__mongo_addresses(core, host, c->deadline > least ? c->deadline : least, error);
    ost__mongo_line *s = NULL;
    for (const struct addrinfo *a = all; a && !s; a = a->ai_next)
        s = reach(c, a->ai_family, a->ai_addr, a->ai_addrlen);
    if (all)
        freeaddrinfo(all);
    return s;
}

static void say_why(const mongoc_host_list_t *host, int reason, bson_error_t *error)
{
    char text[96] = "";
    if (error->code != 0)
        return;
    if (strerror_r(reason, text, sizeof text) != 0)
        text[0] = '\0';
    bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT, "%s: %s",
                   host->host_and_port, text);
}

static mongoc_stream_t *secure(ost__mongo_line *bottom, const mongoc_host_list_t *host,
                               bson_error_t *error)
{
    const ost__mongo_settings *settings = &bottom->c->backend->settings;
    bool verify = settings->tls == OST__MONGO_TLS_VERIFY;
    mongoc_ssl_opt_t options = { .pem_file = settings->certificate,
                                 .ca_file = settings->ca,
                                 .weak_cert_validation = !verify,
                                 .allow_invalid_hostname = !verify };
    mongoc_stream_t *tls;
    ost__mongo_line *top;
    bottom->bottom = true;
    tls = mongoc_stream_tls_new_with_hostname(&bottom->stream, host->host, &options, 1);
    if (!tls) {
        line_destroy(&bottom->stream);
        bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT,
                       "TLS could not be set up: look at tls_ca and tls_cert");
        return NULL;
    }
    error->code = 0;
    if (mongoc_stream_tls_handshake_block(tls, host->host, -1, error) &&
        (top = line_new(bottom->c, -1, tls)))
        return &top->stream;
    mongoc_stream_destroy(tls);
    return NULL;
}

mongoc_stream_t *ost__mongo_stream_new(const mongoc_uri_t *uri, const mongoc_host_list_t *host,
                                       void *connection, bson_error_t *error)
{
    ost_connection *c = connection;
    bson_error_t own;
    ost__mongo_line *s;
    int reason;
    (void)uri;
    if (!error)
        error = &own;
    memset(error, 0, sizeof *error);
    s = host->family == AF_UNIX ? reach_file(c, host->host) : reach_host(c, host, error);
    reason = errno;
    if (!s) {
        say_why(host, reason, error);
        return NULL;
    }
    return c->backend->settings.tls != OST__MONGO_TLS_OFF ? secure(s, host, error) : &s->stream;
}

/* ---- all lines of a connection ---- */

void ost__mongo_lines_close(ost_connection *c)
{
    for (ost__mongo_line *s = c->lines; s; s = s->next)
        if (!s->under && s->fd >= 0)
            line_close(&s->stream);
}

bool ost__mongo_lines_quiet(const ost_connection *c)
{
    for (const ost__mongo_line *s = c->lines; s; s = s->next)
        if (!s->under && !is_quiet(s))
            return false;
    return true;
}
