/* SPDX-License-Identifier: MIT */
/* A fork is noticed, by the page that it wipes and where there is none. */
#include "pool/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void count(void *context)
{
    (*(int *)context)++;
}

static void in_a_child(int (*body)(ost__process *p), ost__process *p)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(body(p));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int grandchild(ost__process *p)
{
    int forks = 0;
    if (ost__process_is(p->page, 2) || ost__process_epoch(p, count, &forks) != 3 || forks != 1)
        return 1;
    return 0;
}

static int child(ost__process *p)
{
    int forks = 0, status = -1;
    if (ost__process_is(p->page, 1))
        return 1;
    for (int i = 0; i < 3; i++)
        if (ost__process_epoch(p, count, &forks) != 2 || forks != 1)
            return 2;
    if (p->wiped && !ost__process_is(p->page, 2))
        return 3;
    pid_t further = fork();
    if (further == 0)
        _exit(grandchild(p));
    if (waitpid(further, &status, 0) != further || status != 0)
        return 4;
    return ost__process_epoch(p, count, &forks) == 2 && forks == 1 ? 0 : 5;
}

static void check(bool wiped)
{
    ost__process p = { 0 };
    int forks = 0;
    assert_true(ost__process_open(&p));
    if (!wiped) {
        p.wiped = false;
        atomic_store(&p.page->epoch, 0);
    }
    assert_int_equal(ost__process_is(p.page, 1), p.wiped);
    assert_int_equal(ost__process_epoch(&p, count, &forks), 1);
    in_a_child(child, &p);
    assert_int_equal(ost__process_epoch(&p, count, &forks), 1);
    assert_int_equal(forks, 0);
    ost__process_close(&p);
    ost__process_close(&p);
}

static void fm14_the_kernel_says_it(void **state)
{
    (void)state;
    check(true);
}

static void fm14_the_number_of_the_process_says_it(void **state)
{
    (void)state;
    check(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm14_the_kernel_says_it),
        cmocka_unit_test(fm14_the_number_of_the_process_says_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
