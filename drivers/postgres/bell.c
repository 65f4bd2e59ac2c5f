/* SPDX-License-Identifier: MIT */
/*
 * The first wait for an answer. poll() with a time-out sets up a timer of the kernel and takes it
 * down again, which is one part in fifty of a small statement. Here one timer serves all waits of
 * some milliseconds, and a wait of its own has no end: whoever still waits when the timer rings
 * goes on in host->wait, which knows the deadline.
 *
 * The set of descriptors tells only what is new since it was last asked. That is enough for the
 * first wait, because the answer to a statement comes behind it. Further ones are not made here:
 * libpq may have left in the socket what it had no room for.
 *
 * libpq's own recv() with a time-out of the socket would save another call of the kernel. But it
 * begins anew after every signal, with all of its time, so that a program with a timer of its own
 * would wait for a silent server without end.
 */
#include "postgres/connection.h"

#ifdef __linux__

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { RING_NS = 50000000, NS_PER_S = 1000000000 };

static bool add(const ost__pg_bell *b, int fd)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.fd = fd };
    return epoll_ctl(b->set, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool make(ost__pg_bell *b, int fd)
{
    b->set = epoll_create1(EPOLL_CLOEXEC);
    b->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    b->made = true;
    b->works = b->set >= 0 && b->timer >= 0 && add(b, fd) && add(b, b->timer);
    return b->works;
}

static bool wind(ost__pg_bell *b, int64_t now)
{
    const struct itimerspec once = { .it_value = { RING_NS / NS_PER_S, RING_NS % NS_PER_S } };
    b->wound = timerfd_settime(b->timer, 0, &once, NULL) == 0;
    b->wound_at = now;
    return b->wound;
}

/* A timer that rings soon, or did while nobody waited, is wound again. */
static bool is_wound(const ost__pg_bell *b, int64_t now)
{
    return b->wound && now >= b->wound_at && now - b->wound_at < RING_NS / 2;
}

OST__HOT bool ost__pg_bell_serves(const ost_connection *c, ost_deadline deadline)
{
    if (c->tls || (c->bell.made && !c->bell.works))
        return false;
    return deadline == INT64_MAX || (c->used_at > 0 && deadline - c->used_at >= 2 * RING_NS);
}

OST__HOT bool ost__pg_bell_wait(ost_connection *c, int fd)
{
    ost__pg_bell *b = &c->bell;
    struct epoll_event events[2];
    bool readable = false;
    int count;
    if (!b->made && !make(b, fd))
        return false;
    if (!is_wound(b, c->used_at) && !wind(b, c->used_at))
        return false;
    do
        count = epoll_wait(b->set, events, 2, -1);
    while (count < 0 && errno == EINTR);
    for (int i = 0; i < count; i++) {
        readable |= events[i].data.fd == fd;
        b->wound &= events[i].data.fd != b->timer;
    }
    return readable;
}

void ost__pg_bell_close(ost__pg_bell *b)
{
    if (!b->made)
        return;
    if (b->set >= 0)
        close(b->set);
    if (b->timer >= 0)
        close(b->timer);
    *b = (ost__pg_bell){ .made = false };
}

#else

bool ost__pg_bell_serves(const ost_connection *c, ost_deadline deadline)
{
    (void)c;
    (void)deadline;
    return false;
}

bool ost__pg_bell_wait(ost_connection *c, int fd)
{
    (void)c;
    (void)fd;
    return false;
}

void ost__pg_bell_close(ost__pg_bell *b)
{
    (void)b;
}

#endif
