/* SPDX-License-Identifier: MIT */
/*
 * The same tests on every backend: SQLite in memory and in a file, the scripted fake around it,
 * blocking, in batches and as a pipeline, and real servers. A test is listed once for each mode;
 * its state is a rig. A program runs its tests of the first kind, or those on servers if it was
 * built with RIG_SERVERS.
 */
#ifndef OSTLER_TESTS_SESSION_RIG_H
#define OSTLER_TESTS_SESSION_RIG_H

#include "fake/fake.h"
#include "models.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct rig_mode {
    const char *name;
    bool fake, file, server;
    ost_fake_options options;
} rig_mode;
enum {
    RIG_MEMORY,
    RIG_FILE,
    RIG_BLOCKING,
    RIG_BATCHES,
    RIG_PIPELINE,
    RIG_FAKE_FILE,
    RIG_POSTGRES,
    RIG_MYSQL,
    RIG_MONGODB
};
extern rig_mode rig_modes[];

/* One test in one mode, as an entry of cmocka's table. */
#define RIG_ON(f, mode)                                                 \
    {                                                                   \
#f " (" #mode ")", f, rig_setup, rig_teardown, &rig_modes[mode] \
    }
#define RIG_FAKES(f) RIG_ON(f, RIG_BLOCKING), RIG_ON(f, RIG_BATCHES), RIG_ON(f, RIG_PIPELINE)
/* What speaks of SQLite's own ways, or needs the fake's. */
#define RIG_LOCAL(f) RIG_ON(f, RIG_MEMORY), RIG_ON(f, RIG_FILE), RIG_FAKES(f)
/* What speaks of SQL, or of what MongoDB has not: savepoints, locks on rows. */
#define RIG_SQL_SERVER(f) RIG_ON(f, RIG_POSTGRES), RIG_ON(f, RIG_MYSQL)
#define RIG_SQL(f) RIG_LOCAL(f), RIG_SQL_SERVER(f)
#define RIG_SERVER(f) RIG_SQL_SERVER(f), RIG_ON(f, RIG_MONGODB)
#define RIG_ALL(f) RIG_LOCAL(f), RIG_SERVER(f)
#define RIG_FILES(f) RIG_ON(f, RIG_FILE), RIG_ON(f, RIG_FAKE_FILE)

/* Runs the entries that this program is for. */
#ifdef RIG_SERVERS
#define RIG_RUN(tests) rig_run(#tests, (tests), sizeof(tests) / sizeof *(tests), true)
#else
#define RIG_RUN(tests) rig_run(#tests, (tests), sizeof(tests) / sizeof *(tests), false)
#endif
int rig_run(const char *name, const struct CMUnitTest *tests, size_t count, bool on_servers);

enum { RIG_EVENTS = 256, RIG_TEXT = 400 };
typedef struct rig_event {
    uint16_t kind, status;
    int64_t rows;
    bool slow;
    char model[32];
    char text[RIG_TEXT];
} rig_event;

typedef struct rig {
    const rig_mode *mode;
    ost_fake *fake; /* NULL: SQLite itself */
    ost_db *db;
    ost_session *s;
    ost_error error;
    char folder[128], path[160], url[512];
    /* The platform: it counts what is allocated, fails when asked to, and its clock can be moved.
     */
    ost_platform inner, platform;
    atomic_llong live;
    atomic_long calls, fail_at; /* this allocation fails, and those after it; 0: none */
    atomic_llong ahead, step;   /* nanoseconds: the clock's lead, and what each look at it adds */
    bool real_time;             /* set before rig_open(): a fake does not keep the time itself */
    /* Events since rig_forget(). */
    atomic_bool locked;
    size_t event_count;
    rig_event events[RIG_EVENTS];
} rig;

/* Around each test: opens the database with its tables, and a session. */
int rig_setup(void **state);
/* Closes everything; nothing may be left allocated, and the fake's contract not be broken. */
int rig_teardown(void **state);

/* The steps of rig_setup(), for tests that need something between them. */
void rig_begin(rig *r, const rig_mode *mode);
void rig_open(rig *r, const ost_options *extra);
void rig_close(rig *r);
void rig_end(rig *r);

ost_session *rig_session(rig *r, const ost_session_options *options);
/* Moves the clocks forward. */
void rig_advance(rig *r, int64_t ns);
/* Adds a rule to the fake's script. */
void rig_rule(rig *r, const ost_fake_rule *rule);
/* A name for the schema of a model, which is not there when a test begins. */
const char *rig_schema(rig *r);
/* Runs a script beside the library: of RIG_FILES() by SQLite alone, on a server by its client. */
void rig_raw(rig *r, const char *sql);
/* The same with commands for MongoDB, as documents of Extended JSON. */
void rig_raw_or(rig *r, const char *sql, const char *commands);

void rig_forget(rig *r);
/* Statements sent since rig_forget(), and their texts; "" past the last. */
size_t rig_sent(rig *r);
const char *rig_text(rig *r, size_t index);
/* The event of a statement; NULL past the last. */
const rig_event *rig_statement(rig *r, size_t index);
/* What a statement begins with where SQL says `verb`: SELECT, INSERT, UPDATE, DELETE, CREATE. */
const char *rig_word(const rig *r, const char *verb);
/* How many of the statements start with `verb`, or with its word for it. */
size_t rig_count(rig *r, const char *verb);
size_t rig_events_of(rig *r, uint16_t kind);

/* ---- checks ---- */

/* A time as the database keeps it: MongoDB in milliseconds. */
int64_t rig_stored(const rig *r, ost_time t);

#define OK(call) rig_ok((call), r->s, #call, __FILE__, __LINE__)
void rig_ok(ost_status status, ost_session *s, const char *what, const char *file, int line);
/* The call gives this status, and the session's error says it, with this in its message. */
#define FAILS(wanted, part, call) \
    rig_fails((call), (wanted), (part), r->s, #call, __FILE__, __LINE__)
void rig_fails(ost_status given, ost_status wanted, const char *part, const ost_session *s,
               const char *what, const char *file, int line);
/* The same for calls that give a pointer. */
#define NULLS(wanted, part, call)                                                              \
    rig_fails((call) == NULL ? (ost_status)ost_session_error(r->s)->status : OST_OK, (wanted), \
              (part), r->s, #call, __FILE__, __LINE__)
void rig_has(const char *text, const char *part, const char *file, int line);
#define HAS(text, part) rig_has((text), (part), __FILE__, __LINE__)

/* ---- contents ---- */

/* Stores a book of the program's own and returns its key. */
int64_t rig_book(rig *r, const char *title, int year);
/* What another session finds. */
int64_t rig_books(rig *r);
/* The title that is stored, as another session reads it; "" if there is no such book. */
const char *rig_title(rig *r, int64_t id);

#endif
