/* SPDX-License-Identifier: MIT */
/* The random programs of test_random_programs.c on PostgreSQL; the same variables steer them. */
#include "random_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PROGRAMS = 4000, FIRST_SEED = 1, THROUGH_A_POOLER = 10 };

static void programs_agree_on_postgres(void **state)
{
    (void)state;
    random_run(&way_postgres, 100 - THROUGH_A_POOLER, PROGRAMS, FIRST_SEED);
}

static void programs_agree_through_pgbouncer(void **state)
{
    (void)state;
    random_run(&way_pgbouncer, THROUGH_A_POOLER, PROGRAMS, FIRST_SEED + PROGRAMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_agree_on_postgres),
        cmocka_unit_test(programs_agree_through_pgbouncer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
