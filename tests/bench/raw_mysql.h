/* SPDX-License-Identifier: MIT */
/* What raw C's sources on MariaDB share. */
#ifndef OSTLER_BENCH_RAW_MYSQL_H
#define OSTLER_BENCH_RAW_MYSQL_H

#include "bench.h"

#include <mysql.h>

/* mysql://user:password@host:port/database, without percent escapes. *c is to be closed also if it
 * fails. */
bool raw_mysql_connect(const char *url, MYSQL **c);

static inline MYSQL_BIND bind_of(enum enum_field_types type, const void *at, size_t size)
{
    return (MYSQL_BIND){ .buffer_type = type,
                         .buffer = (void *)(uintptr_t)at,
                         .buffer_length = (unsigned long)size };
}

#endif
