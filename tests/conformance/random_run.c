/* SPDX-License-Identifier: MIT */
#include "random_run.h"

#include "kinds.h"
#include "program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { PROGRESS = 5000, URL_SIZE = 1024 };

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static bool is_wanted(const way *by)
{
    const char *names = getenv("OST_RANDOM_WAYS");
    size_t size = strlen(by->name);
    if (!names || !*names)
        return true;
    for (const char *at = names; (at = strstr(at, by->name)) != NULL; at += size)
        if ((at == names || at[-1] == ',') && (at[size] == ',' || at[size] == '\0'))
            return true;
    return false;
}

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run_all(const way *by, const char *url, uint64_t first, uint64_t count)
{
    const limits *of = limits_of(by->backend);
    instant_unit = by->instant_unit;
    double begun = seconds_now();
    FILE *trace = getenv("OST_SEED") ? stderr : NULL;
    world w;
    if (!world_open(&w, url, by->driver(), of))
        fail_msg("%s", w.failure);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t seed = first + i;
        if (i > 0 && i % PROGRESS == 0)
            fprintf(stderr, "%s: %llu of %llu programs, no difference, %.0f s\n", by->name,
                    (unsigned long long)i, (unsigned long long)count, seconds_now() - begun);
        if (program_run(&w, seed, UINT64_MAX, trace))
            continue;
        fprintf(stderr, "%s: program of OST_SEED=%llu: %s\n", by->name, (unsigned long long)seed,
                w.failure);
        world_close(&w);
        program_shrink(url, by->driver(), of, seed, stderr);
        fail_msg("%s and the evaluator disagree; run again with OST_SEED=%llu OST_RANDOM_WAYS=%s",
                 by->name, (unsigned long long)seed, by->name);
    }
    world_close(&w);
}

void random_run(const way *by, unsigned share, uint64_t programs, uint64_t first_seed)
{
    char url[URL_SIZE];
    uint64_t count = number_from("OST_RANDOM_PROGRAMS", programs) * share / 100;
    if (!is_wanted(by))
        return;
    if (!by->driver())
        fail_msg("%s: the driver is not part of this build", by->name);
    if (!by->make(url, sizeof url))
        fail_msg("%s: no database: %s", by->name, url);
    if (getenv("OST_SEED"))
        run_all(by, url, number_from("OST_SEED", first_seed), 1);
    else
        run_all(by, url, number_from("OST_FIRST_SEED", first_seed), count);
    by->drop();
}
