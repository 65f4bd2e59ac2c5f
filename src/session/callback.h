/* SPDX-License-Identifier: MIT */
/*
 * Callbacks at the end of a transaction. They wait in the session, in the order in which they were
 * registered; those that are due run when the call that ended the transaction leaves the session.
 */
#ifndef OSTLER_SESSION_CALLBACK_H
#define OSTLER_SESSION_CALLBACK_H

#include "ostler/transaction.h"

typedef struct ost__callback ost__callback;
typedef struct ost__callbacks {
    ost__callback *waiting, *last_waiting;
    ost__callback *due, *last_due;
    bool running;
} ost__callbacks;

/* How a transaction ended. */
enum ost__ending { OST__COMMITTED, OST__UNDONE, OST__UNKNOWN };

/* The innermost unit, which has this number, ended. */
void ost__callbacks_unit_ended(ost_session *s, uint32_t unit, enum ost__ending how);
/* Runs what is due. The session's error stays as it is. */
void ost__callbacks_run(ost_session *s);
/* The session closes: what is due runs, and finds it closed; the rest is dropped. */
void ost__callbacks_finish(ost_session *s);

#endif
