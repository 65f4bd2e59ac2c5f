/* SPDX-License-Identifier: MIT */
/* The random programs of test_random_programs.c on MongoDB; the same variables steer them. */
#include "random_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PROGRAMS = 3000, FIRST_SEED = 1 };

static void programs_agree_on_mongodb(void **state)
{
    (void)state;
    random_run(&way_mongodb, 100, PROGRAMS, FIRST_SEED);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(programs_agree_on_mongodb) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
