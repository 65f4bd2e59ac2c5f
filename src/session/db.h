/* SPDX-License-Identifier: MIT */
/* The database as sessions see it. */
#ifndef OSTLER_SESSION_DB_H
#define OSTLER_SESSION_DB_H

#include "base/identity.h"
#include "pool/pool.h"
#include "query/plan.h"

struct ost_db {
    ost__memory memory;
    ost_platform platform; /* completed */
    ost_host host;
    ost_driver driver; /* completed with stubs */
    ost_backend *backend;
    ost__model_set *models;
    ost__plans *plans;
    ost__pool *pool;
    ost__identity *identity;
    char *url; /* a copy */
    size_t url_size;
    uint32_t statement_timeout_ms, slow_query_ms;
    void (*on_event)(const ost_event *event, void *context);
    void *event_context;
    atomic_uint users; /* its sessions, and one until it is closed */
    atomic_bool closed;
};

/* A session uses the db: it stays until the last one is closed. false: it is closed already. */
bool ost__db_retain(ost_db *db);
void ost__db_release(ost_db *db);
void ost__db_event(const ost_db *db, const ost_event *event);
/* Copies what the driver's table has, and fills the rest with slots that refuse. */
ost_status ost__driver_complete(ost_driver *out, const ost_driver *given, ost_error *error);

#endif
