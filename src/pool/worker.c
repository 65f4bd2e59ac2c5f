/* SPDX-License-Identifier: MIT */
#include "pool/worker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum worker_state { NO_THREAD, AT_WORK, RESTING, ENDED };

typedef struct worker {
    ost__workers *all;
    pthread_t thread;
    pthread_cond_t wake;
    enum worker_state state;
    struct worker *next; /* of those that rest, the one that rests for the shortest time first */
} worker;

struct ost__workers {
    ost__workers_setup setup;
    pthread_cond_t fewer; /* are at work, or there */
    uint32_t count;       /* threads that have not ended */
    uint32_t at_work;
    bool finishing, alone;
    bool without; /* the work is done by a thread from outside, for there is none of ours */
    worker *resting;
    worker workers[];
};

static size_t size_of(uint32_t max)
{
    return sizeof(ost__workers) + (size_t)max * sizeof(worker);
}

static void init_condition(pthread_cond_t *c)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(c, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

ost__workers *ost__workers_open(const ost__workers_setup *setup)
{
    ost__workers *w = ost__alloc_zeroed(setup->memory, size_of(setup->max));
    if (!w)
        return NULL;
    w->setup = *setup;
    init_condition(&w->fewer);
    return w;
}

void ost__workers_close(ost__workers *w)
{
    if (!w)
        return;
    pthread_cond_destroy(&w->fewer);
    ost__free(w->setup.memory, w, size_of(w->setup.max));
}

/* ---- a thread ---- */

static void stop_resting(ost__workers *w, const worker *me)
{
    worker **at = &w->resting;
    while (*at != me)
        at = &(*at)->next;
    *at = me->next;
}

/* false: it was idle for so long that it may end. */
static bool rest(ost__workers *w, worker *me)
{
    struct timespec end, at;
    clock_gettime(CLOCK_MONOTONIC, &end);
    long ns = end.tv_nsec + (long)(w->setup.idle_ms % 1000) * 1000000;
    end.tv_sec += (time_t)(w->setup.idle_ms / 1000) + ns / 1000000000;
    end.tv_nsec = ns % 1000000000;
    bool expects = w->setup.next(w->setup.context, &at);
    me->state = RESTING;
    me->next = w->resting;
    w->resting = me;
    w->at_work--;
    pthread_cond_signal(&w->fewer);
    int rc = 0;
    while (me->state == RESTING && rc == 0)
        rc = pthread_cond_timedwait(&me->wake, w->setup.mutex, expects ? &at : &end);
    if (me->state != RESTING)
        return true;
    stop_resting(w, me);
    me->state = AT_WORK;
    w->at_work++;
    return expects;
}

static void *run(void *context)
{
    worker *me = context;
    ost__workers *w = me->all;
    pthread_mutex_t *mutex = w->setup.mutex;
    pthread_mutex_lock(mutex);
    do
        while (w->setup.work(w->setup.context))
            continue;
    while (!w->finishing && rest(w, me));
    me->state = ENDED;
    w->count--;
    w->at_work--;
    bool last = w->alone && w->count == 0;
    pthread_cond_signal(&w->fewer);
    pthread_mutex_unlock(mutex);
    if (last)
        w->setup.last(w->setup.context);
    return NULL;
}

static void forget(worker *me)
{
    pthread_join(me->thread, NULL);
    pthread_cond_destroy(&me->wake);
    me->state = NO_THREAD;
}

/* Signals are for the program's own threads. */
static bool start(ost__workers *w)
{
    sigset_t all, before;
    worker *me = w->workers;
    while (me->state != NO_THREAD && me->state != ENDED)
        me++;
    if (me->state == ENDED)
        forget(me);
    me->all = w;
    init_condition(&me->wake);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&me->thread, NULL, run, me);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        pthread_cond_destroy(&me->wake);
        return false;
    }
    me->state = AT_WORK;
    w->count++;
    w->at_work++;
    return true;
}

/* ---- from outside ---- */

static void wake(ost__workers *w, worker *me)
{
    w->resting = me->next;
    me->state = AT_WORK;
    w->at_work++;
    pthread_cond_signal(&me->wake);
}

void ost__workers_call(ost__workers *w)
{
    if (w->resting) {
        wake(w, w->resting);
    } else if (w->count < w->setup.max && !start(w) && w->count == 0 && !w->without) {
        w->without = true;
        while (w->setup.work(w->setup.context))
            continue;
        w->without = false;
    }
}

bool ost__workers_wait(ost__workers *w, const struct timespec *until)
{
    int rc = 0;
    while (w->at_work > 0 && rc == 0)
        rc = until ? pthread_cond_timedwait(&w->fewer, w->setup.mutex, until)
                   : pthread_cond_wait(&w->fewer, w->setup.mutex);
    return w->at_work == 0;
}

bool ost__workers_finish(ost__workers *w)
{
    uint32_t hang = w->at_work;
    w->finishing = true;
    while (w->resting)
        wake(w, w->resting);
    while (w->count > hang)
        pthread_cond_wait(&w->fewer, w->setup.mutex);
    for (uint32_t i = 0; i < w->setup.max; i++)
        if (w->workers[i].state == ENDED)
            forget(&w->workers[i]);
        else if (w->workers[i].state != NO_THREAD)
            pthread_detach(w->workers[i].thread);
    w->alone = w->count > 0;
    return !w->alone;
}

void ost__workers_forked(ost__workers *w)
{
    memset(w->workers, 0, (size_t)w->setup.max * sizeof(worker));
    init_condition(&w->fewer);
    w->count = w->at_work = 0;
    w->without = false;
    w->resting = NULL;
}
