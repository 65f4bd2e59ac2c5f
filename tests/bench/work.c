/* SPDX-License-Identifier: MIT */
#include "bench.h"

bool bench_work(const bench_case *c, void *state, const bench_task *task)
{
    /* Not the last call, which would leave this function before the work begins. */
    volatile bool good = c->work(state, task);
    return good;
}
