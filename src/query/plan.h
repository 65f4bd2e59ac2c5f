/* SPDX-License-Identifier: MIT */
/* Compiled operations of a db, by their canonical bytes and the capabilities of the connection;
 * bounded, least recently used first out. */
#ifndef OSTLER_QUERY_PLAN_H
#define OSTLER_QUERY_PLAN_H

#include <stdatomic.h>

#include "base/hash.h"
#include "ostler/driver.h"
#include "query/shape.h"

typedef struct ost__plans ost__plans;
typedef struct ost__plan {
    ost__lru_node node; /* first */
    ost__compiled compiled;
    ost_plan *driver_plan;
    atomic_uint references;
    atomic_uint row_hint; /* rows of the last run */
    uint64_t fingerprint;
    size_t byte_count;
    ost__arena arena; /* holds the bytes, the nodes, the row program */
} ost__plan;

enum { OST__PLANS_MAX = 512 };

ost__plans *ost__plans_open(const ost__memory *memory, const ost_driver *driver,
                            ost_backend *backend, const ost__model_set *models, ost__hash_key key);
void ost__plans_close(ost__plans *plans);
/* In the child of a fork: what another thread was changing meanwhile is forgotten. */
void ost__plans_forked(ost__plans *plans);
/* The plan of bytes[0..size), compiled on first use. Thread-safe. Give it back with
 * ost__plan_release(). */
ost_status ost__plans_get(ost__plans *plans, const ost_capabilities *caps, const uint8_t *bytes,
                          size_t size, ost__plan **out, ost_error *error);
void ost__plan_release(ost__plans *plans, ost__plan *plan);

#endif
