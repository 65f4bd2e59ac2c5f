/* SPDX-License-Identifier: MIT */
/* The random programs of test_random_programs.c on MariaDB; the same variables steer them. */
#include "random_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PROGRAMS = 4000, FIRST_SEED = 1 };

static void programs_agree_on_mariadb(void **state)
{
    (void)state;
    random_run(&way_mariadb, 100, PROGRAMS, FIRST_SEED);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(programs_agree_on_mariadb) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
