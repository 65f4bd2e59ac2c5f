/* SPDX-License-Identifier: MIT */
/* A second thread with a session of its own, for cases in which one waits for the other. */
#ifndef CONFORMANCE_PAIR_H
#define CONFORMANCE_PAIR_H

#include "conformance.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct helper {
    pthread_t thread;
    ost_session *session;
    ost_status (*run)(ost_session *on, void *context);
    void *context;
    ost_status status;
    atomic_bool done;
} helper;

/* Runs a function on a thread of its own. */
void helper_begin(helper *h, ost_session *session,
                  ost_status (*run)(ost_session *on, void *context), void *context);
/* Waits until it returns; its status. */
ost_status helper_end(helper *h);
/* Whether it has not returned within that time. */
bool helper_waits(helper *h, int milliseconds);
int64_t milliseconds_now(void);

#endif
