/* SPDX-License-Identifier: MIT */
/* What the tests of schemas share: a file of their own, SQLite itself beside Ostler, counts of what
 * was sent. */
#ifndef OSTLER_TESTS_SCHEMA_RIG_H
#define OSTLER_TESTS_SCHEMA_RIG_H

#include "ostler/ostler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sqlite3.h>

#define OK(call) assert_string_equal(ost_status_name(call), "OST_OK")
#define FAILS(name, call) assert_string_equal(ost_status_name(call), name)

typedef struct rig {
    char folder[40], path[64], url[96];
    ost_error error;
    /* Statements that were run through Ostler. */
    atomic_int ddl, begins, statements;
    char last_ddl[1024];
} rig;

/* cmocka's setup and teardown of each test: *state is the rig, with a folder for its file. */
int rig_set_up(void **state);
int rig_tear_down(void **state);
/* Opens the file; `options` are put behind its URL. */
ost_status rig_try_open(rig *r, const ost_model *const *models, const char *options, ost_db **out);
ost_db *rig_open(rig *r, const ost_model *const *models);
void rig_forget_counts(rig *r);

/* Runs statements on the file by SQLite itself. */
void rig_execute(const rig *r, const char *sql);
/* The result of a statement as text, a row a line, columns with '|' between them; to be freed. */
char *rig_ask(const rig *r, const char *sql);
void rig_expect(const rig *r, const char *sql, const char *expected);
/* How a statement fails; SQLITE_OK if it does not. */
int rig_result_of(const rig *r, const char *sql);

#endif
