/* SPDX-License-Identifier: MIT */
#include "clock.h"

/* 2026-03-01T09:00:00Z, in microseconds since 1970. */
static int64_t now = INT64_C(1772355600000000);

static int64_t read_clock(void *context)
{
    (void)context;
    return now;
}

const ost_platform clock_platform = { .struct_size = sizeof(ost_platform), .realtime = read_clock };

void clock_advance(int minutes)
{
    now += minutes * INT64_C(60000000);
}
