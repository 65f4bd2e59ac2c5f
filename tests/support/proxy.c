/* SPDX-License-Identifier: MIT */
#include "support/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINKS_MAX = 128, BUFFER = 65536, UP = 0, DOWN = 1 };

/* One direction: what was read and is not passed on yet. */
typedef struct stream {
    uint8_t *buffer;
    size_t from, to;
    bool ended;
} stream;
typedef struct connection {
    int fds[2]; /* the client's, the server's; -1: free */
    stream streams[2];
} connection;

struct proxy {
    char host[64], port_text[8], url[512];
    int listener, port, wake[2];
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t were_cut;
    proxy_faults faults;
    int64_t passed[2], turns, connections;
    int last; /* the direction that moved last */
    bool closing, cutting, refusing;
    connection links[LINKS_MAX];
};

/* ---- links ---- */

static void end_link(const proxy *p, connection *l)
{
    const struct linger hard = { .l_onoff = 1, .l_linger = 0 };
    for (int side = 0; side < 2; side++) {
        if (l->fds[side] < 0)
            continue;
        if (p->faults.reset)
            (void)setsockopt(l->fds[side], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        (void)close(l->fds[side]);
        l->fds[side] = -1;
    }
    for (int way = 0; way < 2; way++) {
        free(l->streams[way].buffer);
        l->streams[way] = (stream){ 0 };
    }
}

static int reach(const proxy *p)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    int fd = -1;
    if (getaddrinfo(p->host, p->port_text, &hints, &found) != 0)
        return -1;
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            (void)close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static void prepare_socket(int fd)
{
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void add_link(proxy *p)
{
    int client = accept(p->listener, NULL, NULL);
    int server = client >= 0 && !p->refusing ? reach(p) : -1;
    connection *l = p->links;
    while (l < p->links + LINKS_MAX && l->fds[0] >= 0)
        l++;
    if (client < 0)
        return;
    if (server < 0 || l == p->links + LINKS_MAX) {
        (void)close(client);
        if (server >= 0)
            (void)close(server);
        return;
    }
    prepare_socket(client);
    prepare_socket(server);
    *l = (connection){ .fds = { client, server } };
    l->streams[UP].buffer = malloc(BUFFER);
    l->streams[DOWN].buffer = malloc(BUFFER);
    p->connections++;
}

/* ---- passing on ---- */

static int64_t bound_of(const proxy *p, int way)
{
    if (way == UP)
        return p->faults.cut_up;
    return p->faults.cut_down < p->faults.hold_down ? p->faults.cut_down : p->faults.hold_down;
}

static bool is_cut(const proxy *p)
{
    return p->passed[UP] >= p->faults.cut_up || p->passed[DOWN] >= p->faults.cut_down;
}

/* Turns one byte into another if it is among these, and the other way round. */
static void spoil(const proxy *p, int way, const stream *s, size_t size)
{
    int64_t at = p->faults.flip_down - p->passed[way];
    if (way == DOWN && at >= 0 && at < (int64_t)size)
        s->buffer[s->from + (size_t)at] ^= p->faults.flip ? p->faults.flip : 0xff;
}

/* false: the link is over. */
static bool read_side(connection *l, int way)
{
    stream *s = &l->streams[way];
    ssize_t n;
    if (s->from < s->to || s->ended)
        return true;
    n = recv(l->fds[way == UP ? 0 : 1], s->buffer, BUFFER, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    s->from = 0;
    s->to = (size_t)n;
    s->ended = n == 0;
    if (s->ended)
        (void)shutdown(l->fds[way == UP ? 1 : 0], SHUT_WR);
    return true;
}

static bool write_side(proxy *p, connection *l, int way)
{
    stream *s = &l->streams[way];
    size_t size = s->to - s->from;
    int64_t left = bound_of(p, way) - p->passed[way];
    ssize_t n;
    if (p->faults.slice > 0 && size > p->faults.slice)
        size = p->faults.slice;
    if ((int64_t)size > left)
        size = (size_t)left;
    if (size == 0)
        return true;
    spoil(p, way, s, size);
    n = send(l->fds[way == UP ? 1 : 0], s->buffer + s->from, size, MSG_NOSIGNAL);
    if (n < (ssize_t)size) {
        /* What did not pass is as it was, or it would be spoilt back the next time. */
        int64_t at = p->faults.flip_down - p->passed[way];
        if (at >= (n < 0 ? 0 : n))
            spoil(p, way, s, size);
    }
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    size = (size_t)n;
    s->from += size;
    p->passed[way] += (int64_t)size;
    p->turns += way == UP && p->last != UP;
    p->last = way;
    return true;
}

static void serve(proxy *p, connection *l, const struct pollfd *client, const struct pollfd *server)
{
    bool good = true;
    if (client->revents & (POLLIN | POLLHUP | POLLERR))
        good = read_side(l, UP);
    if (good && server->revents & (POLLIN | POLLHUP | POLLERR))
        good = read_side(l, DOWN);
    good = good && write_side(p, l, UP) && write_side(p, l, DOWN);
    if (!good ||
        (l->streams[UP].ended && l->streams[DOWN].ended &&
         l->streams[UP].from == l->streams[UP].to && l->streams[DOWN].from == l->streams[DOWN].to))
        end_link(p, l);
}

static short interest(const proxy *p, const connection *l, int side)
{
    int in = side == 0 ? UP : DOWN, out = side == 0 ? DOWN : UP;
    const stream *from = &l->streams[in], *to = &l->streams[out];
    short events = 0;
    if (from->from == from->to && !from->ended)
        events |= POLLIN;
    if (to->from < to->to && p->passed[out] < bound_of(p, out))
        events |= POLLOUT;
    return events;
}

static void cut_all(proxy *p)
{
    for (int i = 0; i < LINKS_MAX; i++)
        if (p->links[i].fds[0] >= 0)
            end_link(p, &p->links[i]);
}

static void *run(void *context)
{
    proxy *p = context;
    struct pollfd fds[2 + 2 * LINKS_MAX];
    char woken[64];
    pthread_mutex_lock(&p->mutex);
    while (!p->closing) {
        fds[0] = (struct pollfd){ .fd = p->listener, .events = POLLIN };
        fds[1] = (struct pollfd){ .fd = p->wake[0], .events = POLLIN };
        for (int i = 0; i < LINKS_MAX; i++)
            for (int side = 0; side < 2; side++) {
                const connection *l = &p->links[i];
                short events = l->fds[0] < 0 ? 0 : interest(p, l, side);
                /* A side from which nothing is wanted must not wake by its end alone. */
                fds[2 + 2 * i + side] =
                    (struct pollfd){ .fd = events ? l->fds[side] : -1, .events = events };
            }
        pthread_mutex_unlock(&p->mutex);
        (void)poll(fds, 2 + 2 * LINKS_MAX, -1);
        pthread_mutex_lock(&p->mutex);
        if (fds[1].revents)
            (void)!read(p->wake[0], woken, sizeof woken);
        for (int i = 0; i < LINKS_MAX; i++)
            if (p->links[i].fds[0] >= 0)
                serve(p, &p->links[i], &fds[2 + 2 * i], &fds[3 + 2 * i]);
        if (p->cutting || is_cut(p))
            cut_all(p);
        if (is_cut(p))
            p->faults = PROXY_HONEST;
        if (p->cutting)
            pthread_cond_broadcast(&p->were_cut);
        p->cutting = false;
        if (fds[0].revents)
            add_link(p);
    }
    cut_all(p);
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

/* ---- for tests ---- */

static void wake(proxy *p)
{
    (void)!write(p->wake[1], "", 1);
}

proxy *proxy_open(const char *host, int port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    proxy *p = calloc(1, sizeof *p);
    assert_non_null(p);
    (void)snprintf(p->host, sizeof p->host, "%s", host);
    (void)snprintf(p->port_text, sizeof p->port_text, "%d", port);
    for (int i = 0; i < LINKS_MAX; i++)
        p->links[i].fds[0] = p->links[i].fds[1] = -1;
    p->faults = PROXY_HONEST;
    p->last = DOWN;
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(p->listener, 64), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&at, &size), 0);
    p->port = ntohs(at.sin_port);
    assert_int_equal(pipe(p->wake), 0);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->were_cut, NULL);
    assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
    return p;
}

/* Where the host of a URL begins, and where what follows its port. */
static const char *host_of(const char *url, const char **behind)
{
    const char *authority = strstr(url, "://");
    assert_non_null(authority);
    authority += 3;
    *behind = authority + strcspn(authority, "/?");
    for (const char *c = authority; c < *behind; c++)
        if (*c == '@')
            authority = c + 1;
    return authority;
}

proxy *proxy_to(const char *url)
{
    const char *behind, *host = host_of(url, &behind),
                        *colon = memchr(host, ':', (size_t)(behind - host));
    char name[64];
    assert_non_null(colon);
    assert_true((size_t)(colon - host) < sizeof name);
    memcpy(name, host, (size_t)(colon - host));
    name[colon - host] = '\0';
    return proxy_open(name, (int)strtol(colon + 1, NULL, 10));
}

void proxy_close(proxy *p)
{
    pthread_mutex_lock(&p->mutex);
    p->closing = true;
    pthread_mutex_unlock(&p->mutex);
    wake(p);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->were_cut);
    pthread_mutex_destroy(&p->mutex);
    (void)close(p->listener);
    (void)close(p->wake[0]);
    (void)close(p->wake[1]);
    free(p);
}

int proxy_port(const proxy *p)
{
    return p->port;
}

const char *proxy_url(proxy *p, const char *url)
{
    const char *behind, *host = host_of(url, &behind);
    (void)snprintf(p->url, sizeof p->url, "%.*s127.0.0.1:%d%s", (int)(host - url), url, p->port,
                   behind);
    return p->url;
}

void proxy_set(proxy *p, const proxy_faults *faults)
{
    pthread_mutex_lock(&p->mutex);
    p->faults = *faults;
    p->passed[UP] = p->passed[DOWN] = p->turns = 0;
    p->last = DOWN;
    pthread_mutex_unlock(&p->mutex);
    wake(p);
}

static int64_t look(proxy *p, const int64_t *at)
{
    pthread_mutex_lock(&p->mutex);
    int64_t n = *at;
    pthread_mutex_unlock(&p->mutex);
    return n;
}

int64_t proxy_up(proxy *p)
{
    return look(p, &p->passed[UP]);
}

int64_t proxy_down(proxy *p)
{
    return look(p, &p->passed[DOWN]);
}

int64_t proxy_turns(proxy *p)
{
    return look(p, &p->turns);
}

int64_t proxy_connections(proxy *p)
{
    return look(p, &p->connections);
}

void proxy_refuse(proxy *p, bool refuse)
{
    pthread_mutex_lock(&p->mutex);
    p->refusing = refuse;
    pthread_mutex_unlock(&p->mutex);
}

void proxy_cut(proxy *p)
{
    pthread_mutex_lock(&p->mutex);
    p->cutting = true;
    wake(p);
    while (p->cutting)
        pthread_cond_wait(&p->were_cut, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
}
