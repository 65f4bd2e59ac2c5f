/* SPDX-License-Identifier: MIT */
#include "pool/backoff.h"

#include <string.h>

enum { FREE_FAILURES = 2, REFUSALS_MAX_S = 30 };
static const int64_t second = 1000000000;

void ost__backoff_begins(ost__backoff *b, int64_t now)
{
    if (b->until > 0)
        b->until = now + second;
}

/* Of SQLSTATE: PostgreSQL's own, and "the server rejected the connection". */
static bool says_full(const ost_error *error)
{
    static const char *const states[] = { "53300", "08004" };
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (strcmp(error->sql_state, states[i]) == 0)
            return true;
    return false;
}

/* A server may lock an account after some wrong passwords. */
static int64_t pause_of(uint32_t refusals)
{
    int64_t pause = 1;
    for (uint32_t i = 1; i < refusals && pause < REFUSALS_MAX_S; i++)
        pause *= 2;
    return (pause < REFUSALS_MAX_S ? pause : REFUSALS_MAX_S) * second;
}

static uint32_t one_more(uint32_t count)
{
    return count < UINT32_MAX ? count + 1 : count;
}

void ost__backoff_failed(ost__backoff *b, int64_t began, const ost_error *error)
{
    int64_t pause = 0;
    b->failures = one_more(b->failures);
    b->refusals = error->status == OST_AUTH ? one_more(b->refusals) : 0;
    memcpy(&b->error, error, sizeof(b->error));
    b->full = says_full(error);
    if (b->refusals > 0)
        pause = pause_of(b->refusals);
    else if (b->full || b->failures > FREE_FAILURES)
        pause = second;
    if (pause > 0 && b->until < began + pause)
        b->until = began + pause;
}

void ost__backoff_succeeded(ost__backoff *b)
{
    b->failures = b->refusals = 0;
    b->until = 0;
    b->full = false;
}
