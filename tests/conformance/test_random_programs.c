/* SPDX-License-Identifier: MIT */
/*
 * Random programs on the library and on the evaluator. OST_SEED=<n> runs one program with a trace;
 * OST_RANDOM_PROGRAMS=<n> says how many run (10,000), OST_FIRST_SEED=<n> from which seed on,
 * OST_RANDOM_WAYS=<names> where, OST_RANDOM_MODEL=<name> about which model in the first place.
 */
#include "random_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PROGRAMS = 10000, IN_MEMORY = 80, IN_A_FILE = 10, FIRST_SEED = 1 };

static void programs_agree_in_memory(void **state)
{
    (void)state;
    random_run(&way_sqlite_memory, IN_MEMORY, PROGRAMS, FIRST_SEED);
}

static void programs_agree_in_a_file(void **state)
{
    (void)state;
    random_run(&way_sqlite_file, IN_A_FILE, PROGRAMS, FIRST_SEED + PROGRAMS);
}

static void programs_agree_through_the_fake(void **state)
{
    (void)state;
    random_run(&way_fake, 100 - IN_MEMORY - IN_A_FILE, PROGRAMS, FIRST_SEED + 2 * PROGRAMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_agree_in_memory),
        cmocka_unit_test(programs_agree_in_a_file),
        cmocka_unit_test(programs_agree_through_the_fake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
