/* SPDX-License-Identifier: MIT */
#include "pair.h"

#include <time.h>

static void *run_helper(void *context)
{
    helper *h = context;
    h->status = h->run(h->session, h->context);
    atomic_store(&h->done, true);
    return NULL;
}

void helper_begin(helper *h, ost_session *session,
                  ost_status (*run)(ost_session *on, void *context), void *context)
{
    h->session = session;
    h->run = run;
    h->context = context;
    h->status = OST_CANCELLED;
    atomic_init(&h->done, false);
    if (pthread_create(&h->thread, NULL, run_helper, h) != 0)
        fail_msg("no thread");
}

ost_status helper_end(helper *h)
{
    if (pthread_join(h->thread, NULL) != 0)
        fail_msg("the thread is lost");
    return h->status;
}

int64_t milliseconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool helper_waits(helper *h, int milliseconds)
{
    int64_t end = milliseconds_now() + milliseconds;
    struct timespec pause = { 0, 2000000 };
    while (milliseconds_now() < end && !atomic_load(&h->done))
        nanosleep(&pause, NULL);
    return !atomic_load(&h->done);
}
