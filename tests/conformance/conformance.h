/* SPDX-License-Identifier: MIT */
/*
 * One suite for every backend. A case asks for one capability, with the same rows in the same order
 * as the answer; what a backend cannot do, or does in another way, is a row in quirks.c with its
 * reason. A case that comes out otherwise than the row says fails, also if it comes out better.
 */
#ifndef CONFORMANCE_CONFORMANCE_H
#define CONFORMANCE_CONFORMANCE_H

#include "kinds.h"
#include "program.h"
#include "raw.h"
#include "ways.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define OK(call) assert_string_equal(said(call), "OST_OK")
#define FAILS(name, call) assert_string_equal(ost_status_name(call), name)

/* ---- cases ---- */

typedef enum outcome { YES, EMULATED, REFUSED } outcome;

enum { INSIDE, ALONE };

typedef struct test_case {
    const char *name;     /* as the quirks call it */
    const char *sentence; /* what is asked for */
    void (*run)(void);
    int where;        /* INSIDE a transaction that is undone, or ALONE on empty tables */
    const kind *kind; /* NULL: of none */
} test_case;

typedef struct group {
    const char *title;
    const test_case *cases;
    size_t count;
} group;

#define CASE(function, sentence)                    \
    {                                               \
#function, sentence, function, INSIDE, NULL \
    }
#define CASE_ALONE(function, sentence)             \
    {                                              \
#function, sentence, function, ALONE, NULL \
    }
#define GROUP(name, title) \
    const group name = { title, name##_cases, sizeof name##_cases / sizeof name##_cases[0] }

extern const group across_group, logic_group, text_group, lists_group, numbers_group,
    aggregates_group, order_group, queries_group, records_group, tracked_group, updates_group,
    documents_group, constraints_group, living_group, scopes_group, transactions_group,
    isolation_group, locks_group, tables_group, letters_group, hooks_group, versions_group,
    upserts_group, converted_group, caseless_group;
/* Cases that are made, one for each kind and capability. */
extern const size_t kind_capability_count;
group kind_group(size_t capability);

/* ---- the program ---- */

/* Runs every case; the exit status. Where OST_CONFORMANCE_RESULTS names a file, results are added
 * to it. */
int conformance_run(const way *by);

/* ---- what a backend does otherwise ---- */

typedef struct quirk {
    const char *backend; /* or one way to it */
    const char *name;    /* of a case; a kind and ".*" for all of its cases */
    outcome outcome;
    const char *detail; /* what the case found, word by word; NULL: nothing */
    const char *reason;
} quirk;
extern const quirk quirks[];
extern const size_t quirk_count;

/* ---- what cases use ---- */

extern ost_session *s; /* the session of the case that runs */
extern world *w;       /* the evaluator beside it; its tables are empty when a case begins */
extern ost_db *db;
extern const test_case *current;
extern const ost_opt_int null, one, two;

/* The status' name; of a failure, the session's message goes to stderr. */
const char *said(ost_status status);
/* Another session on the same database; closed when the case ends. */
ost_session *other_session(void);
/* The same with options; up to four in all. */
ost_session *another_session(const ost_session_options *options);
/* The backend does it in another way. */
void emulated(void);
/*
 * Whether the call was refused before anything was sent: notes it, and the case has nothing more to
 * ask. Any other failure fails the case.
 */
bool refused(ost_status status, ost_status refusal);
/* The same of the last call that gave a pointer or a value, refused because the backend knows no
 * way that keeps the meaning. */
bool refused_here(void);
/* Whether both are the same as the backend keeps them. */
bool same_instant(ost_time a, ost_time b);
/* What is worth a row: compared with the quirk's detail. */
void found(const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 1, 2)))
#endif
    ;
bool on_backend(const char *backend);
/* What the database is opened with. */
ost_status open_again(const ost_model *const *models, ost_db **out, ost_error *error);
/* A name for a schema that nobody else has. */
const char *schema_beside(void);
/* Statements that were sent since the last call; DDL among them. */
unsigned statements_sent(void), ddl_sent(void);
/* The text of the last statement that was sent. */
const char *last_statement(void);

void add_maybe(ost_opt_int n);
/* Gives the thing a name if it has none; returns its key. */
int64_t add_thing(thing t);
void add_note(const char *note);
/* How many records meet a condition. */
int64_t maybes(const ost_expr *condition);
int64_t things(const ost_expr *condition);

#endif
