/* SPDX-License-Identifier: MIT */
/*
 * When to try again what failed. The first failures cost nothing; after some in a row there is one
 * attempt a second, and refused credentials are shown ever more rarely. Until then whoever asks
 * gets the last error.
 */
#ifndef OSTLER_POOL_BACKOFF_H
#define OSTLER_POOL_BACKOFF_H

#include "ostler/status.h"

typedef struct ost__backoff {
    uint32_t failures; /* in a row */
    uint32_t refusals; /* of credentials, in a row */
    int64_t until;     /* no attempt begins before; 0: it may begin at once, and others beside it */
    bool full;         /* the server said that it has too many connections */
    ost_error error;   /* of the last failure */
} ost__backoff;

/* Attempts are held back. */
static inline bool ost__backoff_holds(const ost__backoff *b)
{
    return b->until > 0;
}
void ost__backoff_begins(ost__backoff *b, int64_t now);
/* `began` is when the attempt did. */
void ost__backoff_failed(ost__backoff *b, int64_t began, const ost_error *error);
void ost__backoff_succeeded(ost__backoff *b);

#endif
