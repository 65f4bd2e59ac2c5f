/* SPDX-License-Identifier: MIT */
/*
 * A database on the pool: SQLite behind the scripted fake, in memory or in a file, with one table.
 * Time is the machine's, unless a test asks for the fake's.
 */
#ifndef OSTLER_TESTS_DB_RIG_H
#define OSTLER_TESTS_DB_RIG_H

#include "fake/fake.h"
#include "ostler/ostler.h"
#include "pool/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#undef MS
#define MS INT64_C(1000000)

typedef struct item {
    int64_t id;
    const char *name;
    int64_t n;
} item;
OST_RECORD(item, id);

typedef struct db_rig {
    ost_fake *fake;
    ost_db *db;
    ost_error error;
    char folder[128], url[200];
    ost_platform inner, platform; /* it counts what is allocated */
    atomic_llong live;
} db_rig;

enum db_rig_place { DB_MEMORY, DB_FILE };
enum db_rig_time { DB_REAL_TIME, DB_TIME_OF_FAKE };

/* The steps of db_rig_open(): the fake is there for rules before the database is opened. */
void db_rig_begin(db_rig *r, enum db_rig_place place, enum db_rig_time time,
                  const ost_fake_options *options);
ost_status db_rig_try(db_rig *r, const ost_options *extra);
/* Both, and the table. `extra` may be NULL. */
void db_rig_open(db_rig *r, enum db_rig_place place, enum db_rig_time time,
                 const ost_fake_options *options, const ost_options *extra);
/* Closes the database; everything must be gone then. */
void db_rig_close(db_rig *r);
/* What is left to check and to free after ost_close(). */
void db_rig_end(db_rig *r);

ost_session *db_rig_session(db_rig *r, uint32_t timeout_ms);
void db_rig_rule(db_rig *r, const ost_fake_rule *rule);
ost_status db_rig_add(ost_session *s, const char *name);
/* How many items another session finds. */
int64_t db_rig_items(db_rig *r);
/* Once the pool's threads have nothing to do. */
ost_fake_counts db_rig_counts(db_rig *r);
int64_t db_rig_now(void);

#endif
