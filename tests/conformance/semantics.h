/* SPDX-License-Identifier: MIT */
/* What the cases of test_semantics*.c share: a database in memory, and a transaction around each
 * case. */
#ifndef CONFORMANCE_SEMANTICS_H
#define CONFORMANCE_SEMANTICS_H

#include "models.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define OK(call) assert_string_equal(ost_status_name(call), "OST_OK")
#define FAILS(name, call) assert_string_equal(ost_status_name(call), name)
#define SEMANTICS_CASE(name) cmocka_unit_test_setup_teardown(name, semantics_begin, semantics_undo)

extern ost_session *s;
extern const ost_opt_int null, one, two;

int semantics_open(void **state);
int semantics_close(void **state);
int semantics_begin(void **state);
int semantics_undo(void **state);

void add_maybe(ost_opt_int n);
/* Gives the thing a name if it has none; returns its key. */
int64_t add_thing(thing t);
void add_note(const char *note);
/* How many records meet a condition. */
int64_t maybes(const ost_expr *condition);
int64_t things(const ost_expr *condition);

#endif
