/* SPDX-License-Identifier: MIT */
/* The ways to a backend, each to an empty database of its own. */
#ifndef CONFORMANCE_WAYS_H
#define CONFORMANCE_WAYS_H

#include "ostler/ostler.h"

typedef struct way {
    const char *name;    /* "sqlite_memory" */
    const char *backend; /* whose quirks hold: "sqlite" */
    /* NULL: the driver is not part of this build. */
    const ost_driver *(*driver)(void);
    /* Makes an empty database. false: `url` says why. */
    bool (*make)(char *url, size_t size);
    void (*drop)(void);
    int64_t instant_unit; /* microseconds in which it keeps instants */
} way;
extern const way way_sqlite_memory, way_sqlite_file, way_fake, way_postgres, way_pgbouncer,
    way_mariadb, way_mongodb;

#endif
