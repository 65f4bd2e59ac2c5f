/* SPDX-License-Identifier: MIT */
#include "bench.h"

bool bench_work(const bench_case *c, void *state, const bench_task *task)
{
    return c->work(state, task);
}
