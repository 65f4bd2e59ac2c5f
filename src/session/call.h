/* SPDX-License-Identifier: MIT */
/*
 * Lending the session to a function of the program's in the middle of a call: it may use the
 * session as if no call ran, save for what would pull the ground from under the one that does.
 */
#ifndef OSTLER_SESSION_CALL_H
#define OSTLER_SESSION_CALL_H

#include <pthread.h>

#include "base/arena.h"
#include "model/call.h"

enum { OST__LOANS_MAX = 16 };

/* Lies in the frame of the call that lends. */
typedef struct ost__loan {
    struct ost__loan *outer; /* the call itself runs in such a function */
    uint32_t depth;
    pthread_t thread;
    int cancel;              /* what the lending call found */
    ost_deadline deadline;   /* no call of the function's has a later one */
    ost_deadline own;        /* of the lending call */
    ost__arena_mark scratch; /* what lies below is the lending call's */
    uint64_t sequence;       /* marks up to here are from before */
    uint16_t status;         /* of the session's error before */
} ost__loan;

/* `deadline`: of the function. The session may be used until ost__take_back(). Deeper than
 * OST__LOANS_MAX: OST_MISUSE. */
ost_status ost__lend(ost_session *s, ost__loan *loan, ost_deadline deadline);
/* Whether the function left an error of its own. */
bool ost__take_back(ost_session *s, ost__loan *loan);
bool ost__loan_is_mine(const ost__loan *loan);
/* What may not be done in such a function. */
ost_status ost__loan_refuse(ost_session *s, const char *what);

/* The call of the functions of a model, in scratch memory; NULL: no memory, and the error says so.
 */
ost_call *ost__call_new(ost_session *s, const ost__model *m, enum ost_called operation);
/* The call's error becomes the session's. */
ost_status ost__call_failed(ost_session *s, const ost_call *call, ost_status status);

#endif
