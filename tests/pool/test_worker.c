/* SPDX-License-Identifier: MIT */
/* Threads on demand: as many as are needed, never more than allowed, none in the end. */
#include "pool/worker.h"

#include <dirent.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

typedef struct crew {
    ost_platform platform;
    ost__memory memory;
    pthread_mutex_t mutex, gate;
    ost__workers *workers;
    int to_do, done, at_gate, most_at_gate; /* with the lock */
    bool expects;                           /* the next piece of work comes by itself */
    struct timespec next;
    int with_signals; /* threads that could be interrupted by one */
    atomic_bool last;
} crew;

static bool work(void *context)
{
    crew *c = context;
    sigset_t blocked;
    if (c->to_do == 0)
        return false;
    c->to_do--;
    c->at_gate++;
    if (c->at_gate > c->most_at_gate)
        c->most_at_gate = c->at_gate;
    pthread_mutex_unlock(&c->mutex);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    pthread_mutex_lock(&c->gate);
    pthread_mutex_unlock(&c->gate);
    pthread_mutex_lock(&c->mutex);
    c->with_signals += !sigismember(&blocked, SIGALRM);
    c->at_gate--;
    c->done++;
    return true;
}

static bool next(void *context, struct timespec *at)
{
    const crew *c = context;
    *at = c->next;
    return c->expects;
}

static void last(void *context)
{
    crew *c = context;
    ost__workers_close(c->workers);
    atomic_store(&c->last, true);
}

static void begin(crew *c, uint32_t max, uint32_t idle_ms)
{
    memset(c, 0, sizeof *c);
    ost__platform_complete(&c->platform, NULL);
    c->memory = (ost__memory){ c->platform.resize, c->platform.context };
    pthread_mutex_init(&c->mutex, NULL);
    pthread_mutex_init(&c->gate, NULL);
    const ost__workers_setup setup = { .memory = &c->memory,
                                       .mutex = &c->mutex,
                                       .max = max,
                                       .idle_ms = idle_ms,
                                       .context = c,
                                       .work = work,
                                       .next = next,
                                       .last = last };
    c->workers = ost__workers_open(&setup);
    assert_non_null(c->workers);
}

static void give(crew *c, int count)
{
    pthread_mutex_lock(&c->mutex);
    for (int i = 0; i < count; i++) {
        c->to_do++;
        ost__workers_call(c->workers);
    }
    pthread_mutex_unlock(&c->mutex);
}

static int read_with_lock(crew *c, const int *value)
{
    pthread_mutex_lock(&c->mutex);
    int read = *value;
    pthread_mutex_unlock(&c->mutex);
    return read;
}

static void await(crew *c, const int *value, int wanted)
{
    while (read_with_lock(c, value) != wanted)
        sched_yield();
}

static bool finish(crew *c, const struct timespec *until)
{
    pthread_mutex_lock(&c->mutex);
    bool done = ost__workers_wait(c->workers, until);
    assert_int_equal(ost__workers_finish(c->workers), done);
    pthread_mutex_unlock(&c->mutex);
    return done;
}

static void end(crew *c)
{
    assert_true(finish(c, NULL));
    ost__workers_close(c->workers);
    pthread_mutex_destroy(&c->mutex);
    pthread_mutex_destroy(&c->gate);
}

static void one_is_made_where_one_is_enough(void **state)
{
    crew c;
    (void)state;
    begin(&c, 4, 60000);
    for (int i = 1; i <= 100; i++) {
        give(&c, 1);
        await(&c, &c.done, i);
    }
    end(&c);
    assert_int_equal(c.most_at_gate, 1);
    assert_int_equal(c.with_signals, 0);
}

/* One that hangs holds nobody up, until there are as many as allowed; then the rest waits. */
static void never_more_than_allowed(void **state)
{
    crew c;
    (void)state;
    begin(&c, 3, 60000);
    pthread_mutex_lock(&c.gate);
    for (int i = 1; i <= 3; i++) {
        give(&c, 1);
        await(&c, &c.at_gate, i);
    }
    give(&c, 7);
    pthread_mutex_unlock(&c.gate);
    await(&c, &c.done, 10);
    end(&c);
    assert_int_equal(c.most_at_gate, 3);
}

static int threads_of_this_process(void)
{
    int count = 0;
    DIR *d = opendir("/proc/self/task");
    assert_non_null(d);
    while (readdir(d))
        count++;
    closedir(d);
    return count;
}

/* Those that were idle for long enough are gone, and others come when there is work again. */
static void idle_ones_end(void **state)
{
    crew c;
    (void)state;
    begin(&c, 2, 1);
    int before = threads_of_this_process();
    for (int round = 1; round <= 20; round++) {
        give(&c, 2);
        await(&c, &c.done, 2 * round);
        while (threads_of_this_process() > before)
            sched_yield();
    }
    end(&c);
}

static void work_that_comes_by_itself_is_done(void **state)
{
    crew c;
    (void)state;
    begin(&c, 1, 60000);
    give(&c, 1);
    await(&c, &c.done, 1);
    pthread_mutex_lock(&c.mutex);
    clock_gettime(CLOCK_MONOTONIC, &c.next);
    c.next.tv_sec += 1;
    c.expects = true;
    ost__workers_call(c.workers); /* so that it hears of it */
    pthread_mutex_unlock(&c.mutex);
    pthread_mutex_lock(&c.mutex);
    c.to_do = 1;
    pthread_mutex_unlock(&c.mutex);
    await(&c, &c.done, 2);
    pthread_mutex_lock(&c.mutex);
    c.expects = false;
    pthread_mutex_unlock(&c.mutex);
    end(&c);
}

static void what_is_left_is_done_before_the_end(void **state)
{
    crew c;
    (void)state;
    for (int round = 0; round < 50; round++) {
        begin(&c, 2, 60000);
        give(&c, 20);
        end(&c);
        assert_int_equal(c.done, 20);
    }
}

static void fm05_one_that_hangs_is_left_alone(void **state)
{
    crew c;
    struct timespec now;
    (void)state;
    begin(&c, 2, 60000);
    pthread_mutex_lock(&c.gate);
    give(&c, 2);
    await(&c, &c.at_gate, 2);
    clock_gettime(CLOCK_MONOTONIC, &now);
    assert_false(finish(&c, &now));
    assert_false(atomic_load(&c.last));
    pthread_mutex_unlock(&c.gate);
    while (!atomic_load(&c.last))
        sched_yield();
    assert_int_equal(c.done, 2);
    pthread_mutex_destroy(&c.mutex);
    pthread_mutex_destroy(&c.gate);
}

/* In a process of its own, for it may make no more threads afterwards. */
static int child_without_threads(void)
{
    crew c;
    const struct rlimit none = { 0, 0 };
    begin(&c, 2, 60000);
    if (geteuid() == 0 && setuid(65534) != 0)
        return 2;
    if (setrlimit(RLIMIT_NPROC, &none) != 0)
        return 3;
    give(&c, 5);
    if (c.done != 5 || c.with_signals != 5)
        return 4;
    bool finished = finish(&c, NULL);
    ost__workers_close(c.workers);
    return finished ? 0 : 5;
}

static void without_threads_the_work_is_done_all_the_same(void **state)
{
    int status = -1;
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(child_without_threads());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_threads_the_work_is_done_all_the_same),
        cmocka_unit_test(one_is_made_where_one_is_enough),
        cmocka_unit_test(never_more_than_allowed),
        cmocka_unit_test(idle_ones_end),
        cmocka_unit_test(work_that_comes_by_itself_is_done),
        cmocka_unit_test(what_is_left_is_done_before_the_end),
        cmocka_unit_test(fm05_one_that_hangs_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
