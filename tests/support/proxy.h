/* SPDX-License-Identifier: MIT */
/*
 * A relay between a client and a server, which loses, holds back, cuts up and spoils what passes.
 * It runs in a thread of its own. Counts are of all connections together, from proxy_faults() on.
 */
#ifndef OSTLER_TESTS_PROXY_H
#define OSTLER_TESTS_PROXY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct proxy proxy;

/* What happens to what passes. A zeroed struct with PROXY_NEVER where a count stands: nothing. */
#define PROXY_NEVER INT64_MAX
typedef struct proxy_faults {
    int64_t cut_up;    /* once so many bytes went to the server every connection ends, and the relay
                          is honest from then on */
    int64_t cut_down;  /* the same for bytes to the client */
    int64_t hold_down; /* nothing more goes to the client after so many bytes, but nothing ends */
    int64_t flip_down; /* this byte to the client, from 0, arrives as another */
    uint8_t flip;      /* what it is xored with; 0: 0xff */
    uint32_t slice;    /* at most so many bytes are passed on at once; 0: any number */
    bool reset;        /* a cut is a reset instead of an end */
} proxy_faults;
#define PROXY_HONEST                           \
    ((proxy_faults){ .cut_up = PROXY_NEVER,    \
                     .cut_down = PROXY_NEVER,  \
                     .hold_down = PROXY_NEVER, \
                     .flip_down = PROXY_NEVER })

/* Listens on a free port of the loopback and relays to `host`:`port`. Fails the test if it cannot.
 */
proxy *proxy_open(const char *host, int port);
/* The same for the server that a URL names. */
proxy *proxy_to(const char *url);
void proxy_close(proxy *p);
int proxy_port(const proxy *p);
/* `url` with the proxy in the place of the server; lives as long as the proxy. */
const char *proxy_url(proxy *p, const char *url);

/* From now on; counts start at 0. */
void proxy_set(proxy *p, const proxy_faults *faults);
/* Bytes passed on to the server and to the client since then. */
int64_t proxy_up(proxy *p);
int64_t proxy_down(proxy *p);
/* How often the side that sends to the server changed since then: request after answer. */
int64_t proxy_turns(proxy *p);
/* Whether new connections end at once. */
void proxy_refuse(proxy *p, bool refuse);
/* Ends every connection that is open; they have ended when it returns. */
void proxy_cut(proxy *p);
/* Connections so far. */
int64_t proxy_connections(proxy *p);

#endif
