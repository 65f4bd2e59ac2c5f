/* SPDX-License-Identifier: MIT */
/* The database as sessions see it. */
#ifndef OSTLER_SESSION_DB_H
#define OSTLER_SESSION_DB_H

#include <pthread.h>

#include "base/identity.h"
#include "model/password.h"
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
    const ost__process_page *process; /* of the pool */
    ost_password_options passwords;   /* complete */
    uint32_t connect_timeout_ms, statement_timeout_ms, slow_query_ms;
    void (*_Atomic on_event)(const ost_event *event, void *context);
    void *event_context;
    pthread_rwlock_t hearing; /* read: on_event runs */
    atomic_uint users;        /* its sessions, and one until it is closed */
    atomic_bool closed;
};

/* A session uses the db: it stays until the last one is closed. false: it is closed already. */
bool ost__db_retain(ost_db *db);
void ost__db_release(ost_db *db);
/* The epoch of this process; in the child of a fork the db begins anew first. */
uint32_t ost__db_epoch(ost_db *db);
void ost__db_event(ost_db *db, const ost_event *event);
/* Copies what the driver's table has, and fills the rest with slots that refuse. */
ost_status ost__driver_complete(ost_driver *out, const ost_driver *given, ost_error *error);

#endif
