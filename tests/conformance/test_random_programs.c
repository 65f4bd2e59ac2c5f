/* SPDX-License-Identifier: MIT */
/*
 * Random programs on the library and on the evaluator. OST_SEED=<n> runs one program with a trace;
 * OST_RANDOM_PROGRAMS=<n> says how many run (10,000).
 */
#include "program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PROGRAMS = 10000, FILE_SHARE = 10, FIRST_SEED = 1 };

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void run(const char *url, const char *shrink_url, uint64_t first, uint64_t count)
{
    world w;
    if (!world_open(&w, url))
        fail_msg("%s", w.failure);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t seed = first + i;
        FILE *trace = getenv("OST_SEED") ? stderr : NULL;
        if (program_run(&w, seed, UINT64_MAX, trace))
            continue;
        fprintf(stderr, "program of OST_SEED=%llu: %s\n", (unsigned long long)seed, w.failure);
        program_shrink(shrink_url, seed, stderr);
        world_close(&w);
        fail_msg("the library and the evaluator disagree; run again with OST_SEED=%llu",
                 (unsigned long long)seed);
    }
    world_close(&w);
}

static void programs_agree_in_memory(void **state)
{
    uint64_t count = number_from("OST_RANDOM_PROGRAMS", PROGRAMS);
    (void)state;
    if (getenv("OST_SEED"))
        run("sqlite::memory:", "sqlite::memory:", number_from("OST_SEED", FIRST_SEED), 1);
    else
        run("sqlite::memory:", "sqlite::memory:", FIRST_SEED, count - count / FILE_SHARE);
}

static void programs_agree_in_a_file(void **state)
{
    uint64_t count = number_from("OST_RANDOM_PROGRAMS", PROGRAMS);
    const char *folder = getenv("TMPDIR");
    char path[512], url[600];
    (void)state;
    (void)snprintf(path, sizeof path, "%s/ostler-random-XXXXXX", folder ? folder : P_tmpdir);
    assert_non_null(mkdtemp(path));
    (void)snprintf(url, sizeof url, "sqlite:%s/programs.db", path);
    if (!getenv("OST_SEED"))
        run(url, "sqlite::memory:", FIRST_SEED + count, count / FILE_SHARE);
    for (size_t i = 0; i < 3; i++) {
        static const char *const ends[] = { "", "-wal", "-shm" };
        (void)snprintf(url, sizeof url, "%s/programs.db%s", path, ends[i]);
        (void)unlink(url);
    }
    (void)rmdir(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_agree_in_memory),
        cmocka_unit_test(programs_agree_in_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
