/* SPDX-License-Identifier: MIT */
#include "mongo/connection.h"

#include <signal.h>
#include <time.h>

enum { SECOND_NS = 1000000000 };

struct timespec ost__mongo_real_time(const ost_host *host, ost_deadline deadline)
{
    struct timespec at;
    int64_t left = deadline - host->now(host->context), ns;
    clock_gettime(CLOCK_MONOTONIC, &at);
    if (left < 0)
        left = 0;
    ns = at.tv_nsec + left % SECOND_NS;
    at.tv_sec += (time_t)(left / SECOND_NS + ns / SECOND_NS);
    at.tv_nsec = (long)(ns % SECOND_NS);
    return at;
}

static void finish(ost__mongo_aside *job)
{
    pthread_cond_destroy(&job->ended);
    pthread_mutex_destroy(&job->mutex);
}

static void *run(void *context)
{
    ost__mongo_aside *job = context;
    bool left;
    job->work(job);
    pthread_mutex_lock(&job->mutex);
    job->done = true;
    left = job->left;
    pthread_cond_signal(&job->ended);
    pthread_mutex_unlock(&job->mutex);
    if (left) {
        finish(job);
        job->drop(job);
        bson_free(job);
    }
    return NULL;
}

/* Signals are for the program's own threads. */
static bool start(ost__mongo_aside *job, pthread_t *thread)
{
    sigset_t all, before;
    int rc;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(thread, NULL, run, job);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

bool ost__mongo_do_aside(ost__mongo_aside *job, const ost_host *host, ost_deadline deadline)
{
    struct timespec until = ost__mongo_real_time(host, deadline);
    pthread_condattr_t monotonic;
    pthread_t thread;
    bool done;
    int rc = 0;
    pthread_mutex_init(&job->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&job->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!start(job, &thread)) {
        job->work(job);
        finish(job);
        return true;
    }
    pthread_mutex_lock(&job->mutex);
    while (!job->done && rc == 0)
        rc = deadline == INT64_MAX ? pthread_cond_wait(&job->ended, &job->mutex)
                                   : pthread_cond_timedwait(&job->ended, &job->mutex, &until);
    done = job->done;
    job->left = !done;
    if (!done)
        pthread_detach(thread);
    pthread_mutex_unlock(&job->mutex);
    if (done) {
        pthread_join(thread, NULL);
        finish(job);
    }
    return done;
}
