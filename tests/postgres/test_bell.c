/* SPDX-License-Identifier: MIT */
/* The first wait for an answer, which host->wait is spared while the server is quick. */
#include "postgres/things.h"

#ifdef __linux__

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MS = 1000000 };

static struct ost_connection *inside(const things_world *w)
{
    return (struct ost_connection *)w->b.c;
}

static int looks(things_world *w, made *look, int times)
{
    int before = w->b.waits;
    thing out[1];
    size_t count;
    for (int i = 0; i < times; i++) {
        assert_int_equal(run_rows(look, out, 1, &count), OST_OK);
        assert_int_equal(count, 1);
        assert_string_equal(out[0].name, "thing 2");
    }
    return w->b.waits - before;
}

/* Of many calls some may meet a server that was not run for so long. */
static void quick_answers_are_not_polled_for(void **state)
{
    things_world *w = *state;
    made *look;
    fill_things(w, 3);
    look = thing_by_id(w, 2);
    assert_in_range(looks(w, look, 1000), 0, 200);
    assert_true(inside(w)->bell.works);
    discard(look);
}

/* Rings while nobody waits; a clock of the program's own does not tell. */
static void ring(const things_world *w)
{
    const struct itimerspec at_once = { .it_value = { 0, 1 } };
    uint64_t rings = 0;
    assert_true(inside(w)->bell.wound);
    assert_int_equal(timerfd_settime(inside(w)->bell.timer, 0, &at_once, NULL), 0);
    while (rings == 0) {
        struct itimerspec left;
        assert_int_equal(timerfd_gettime(inside(w)->bell.timer, &left), 0);
        rings = left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0;
    }
}

static void a_bell_that_rang_is_wound_again(void **state)
{
    things_world *w = *state;
    made *look;
    fill_things(w, 3);
    look = thing_by_id(w, 2);
    looks(w, look, 1);
    for (int i = 0; i < 20; i++) {
        if (!inside(w)->bell.wound)
            looks(w, look, 1);
        ring(w);
        /* At most the first of these meets the ring. */
        looks(w, look, 3);
    }
    discard(look);
}

static ost_status ask_until(things_world *w, const char *text, int64_t deadline)
{
    made *m = make(&w->b, OST_DO_RAW, NULL);
    size_t accepted;
    m->op.text = text;
    m->op.text_size = strlen(text);
    assert_int_equal(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, deadline, &w->b.error),
                     OST_OK);
    return collect_rows(&w->b, w->b.c, 0, m, NULL, 0, NULL, deadline);
}

static void settle(things_world *w)
{
    w->b.driver->cancel(w->b.backend, w->b.c, inside(w)->batch, INT64_MAX);
    assert_int_equal(w->b.driver->settle(w->b.c, INT64_MAX), OST_OK);
}

static void slow_answers_are_waited_for(void **state)
{
    things_world *w = *state;
    int before = w->b.waits;
    assert_int_equal(ask_until(w, "SELECT pg_sleep(0.2)", INT64_MAX), OST_OK);
    assert_true(w->b.waits > before);
    assert_int_equal(ask_until(w, "SELECT pg_sleep(0.2)", bench_now(&w->b) + (int64_t)20000 * MS),
                     OST_OK);
}

/* On both sides of what the bell needs. */
static void fm05_every_deadline_is_kept(void **state)
{
    static const int ms[] = { 1, 10, 49, 51, 99, 101, 149, 260 };
    things_world *w = *state;
    made *look;
    fill_things(w, 3);
    look = thing_by_id(w, 2);
    for (size_t i = 0; i < sizeof ms / sizeof ms[0]; i++) {
        int64_t start = bench_now(&w->b);
        assert_int_equal(ask_until(w, "SELECT pg_sleep(20)", start + (int64_t)ms[i] * MS),
                         OST_TIMEOUT);
        assert_in_range((bench_now(&w->b) - start) / MS, ms[i], ms[i] + 100);
        settle(w);
        looks(w, look, 1);
    }
    discard(look);
}

static void a_clock_that_goes_its_own_way(void **state)
{
    static const int64_t offsets[] = { 0, (int64_t)-3600000 * MS, (int64_t)7200000 * MS, 0 };
    things_world *w = *state;
    made *look;
    fill_things(w, 3);
    look = thing_by_id(w, 2);
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        w->b.clock_offset = offsets[i];
        assert_int_equal(ask_until(w, "SELECT 1", bench_now(&w->b) + (int64_t)20000 * MS), OST_OK);
        assert_int_equal(
            ask_until(w, "SELECT pg_sleep(0.2)", bench_now(&w->b) + (int64_t)20000 * MS), OST_OK);
        looks(w, look, 2);
    }
    discard(look);
}

static void on_alarm(int number)
{
    (void)number;
}

static void fm16_signals_do_not_put_off_the_deadline(void **state)
{
    const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
    const struct sigaction handler = { .sa_handler = on_alarm };
    struct sigaction before;
    things_world *w = *state;
    int64_t start;
    assert_int_equal(sigaction(SIGALRM, &handler, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    start = bench_now(&w->b);
    assert_int_equal(ask_until(w, "SELECT pg_sleep(20)", start + (int64_t)300 * MS), OST_TIMEOUT);
    assert_in_range((bench_now(&w->b) - start) / MS, 300, 400);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    settle(w);
}

/* ---- descriptors ---- */

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void none_is_left_behind(void **state)
{
    things_world *w = *state;
    struct ost_connection *c = (struct ost_connection *)bench_connect(&w->b);
    int set, timer;
    pid_t child;
    int how;
    assert_int_equal(simple_on(&w->b, (ost_connection *)c, OST_DO_RAW, "SELECT 1"), OST_OK);
    assert_true(c->bell.works);
    set = c->bell.set;
    timer = c->bell.timer;
    child = fork();
    if (child == 0) {
        w->b.driver->abandon((ost_connection *)c);
        _exit(is_open(set) || is_open(timer) || is_open(PQsocket(c->pg)));
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    /* The child has taken nothing from its parent. */
    assert_int_equal(simple_on(&w->b, (ost_connection *)c, OST_DO_RAW, "SELECT 1"), OST_OK);
    w->b.driver->close((ost_connection *)c, INT64_MAX);
    assert_false(is_open(set));
    assert_false(is_open(timer));
}

static void it_goes_without(void **state)
{
    things_world *w = *state;
    struct rlimit before, little;
    made *look;
    int free_one, waits;
    fill_things(w, 3);
    look = thing_by_id(w, 2);
    ost__pg_bell_close(&inside(w)->bell);
    free_one = dup(0);
    assert_true(free_one >= 0);
    close(free_one);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    little = before;
    for (int more = 0; more < 2; more++) {
        little.rlim_cur = (rlim_t)(free_one + more);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &little), 0);
        waits = looks(w, look, 10);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_true(waits >= 10);
        assert_false(inside(w)->bell.works);
        ost__pg_bell_close(&inside(w)->bell);
    }
    looks(w, look, 1);
    assert_true(inside(w)->bell.works);
    discard(look);
}

#define BELL_TEST(f) cmocka_unit_test_setup_teardown(f, things_begin, things_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BELL_TEST(quick_answers_are_not_polled_for),
        BELL_TEST(a_bell_that_rang_is_wound_again),
        BELL_TEST(slow_answers_are_waited_for),
        BELL_TEST(fm05_every_deadline_is_kept),
        BELL_TEST(a_clock_that_goes_its_own_way),
        BELL_TEST(fm16_signals_do_not_put_off_the_deadline),
        BELL_TEST(none_is_left_behind),
        BELL_TEST(it_goes_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    return 0;
}

#endif
