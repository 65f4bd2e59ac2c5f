/* SPDX-License-Identifier: MIT */
/*
 * A round through the library, step by step: from ost_open() to ost_close(). Each step is one call,
 * or one query that is built and run, and may be taken again after it failed. What a step did is
 * asserted inside it.
 */
#ifndef OSTLER_TESTS_MEMORY_ROUND_H
#define OSTLER_TESTS_MEMORY_ROUND_H

#include "faulty_memory.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <stdio.h>
#include <cmocka.h>

typedef struct writer {
    int64_t id;
    const char *name;
    ost_opt_int born;
    ost_time changed_at;
} writer;
OST_RECORD(writer, id);
typedef struct work {
    int64_t id;
    int64_t writer_id;
    const writer *by;
    const char *title;
    ost_decimal price;
    ost_blob cover;
    int year;
} work;
OST_RECORD(work, id);
typedef struct label {
    ost_uuid id;
    char code[16];
    int weight;
} label;
OST_RECORD(label, id);
/* Soft deletes, and a default scope. */
typedef struct pass {
    int64_t id;
    const char *holder;
    bool open;
    ost_opt_time ended_at;
} pass;
OST_RECORD(pass, id);
typedef struct per_year {
    int year;
    int64_t works;
    ost_opt_decimal sum;
} per_year;
OST_PART(per_year);

enum { LABELS = 40 };

typedef struct round {
    faulty memory;
    const char *url;
    ost_db *db;
    ost_session *s;
    ost_error error;
    writer own, *ada;
    work works[6], *book;
    label labels[LABELS];
} round;

typedef struct step {
    const char *name;
    ost_status (*run)(round *r);
} step;
extern const step round_steps[];
extern const size_t round_step_count;
/* The steps from here on have a session. */
enum { FIRST_STEP_WITH_SESSION = 3 };

/* What a NULL means: the session's error, which must then be one. */
ost_status round_failure(const round *r);
/* Steps of memory_many.c. */
ost_status round_get_many(round *r);
ost_status round_save_many(round *r);
ost_status round_save_many_in_unit(round *r);
ost_status round_locked(round *r);
ost_status round_limited(round *r);
/* Steps of memory_living.c. */
ost_status round_insert_pass(round *r);
ost_status round_end_pass(round *r);
ost_status round_scoped(round *r);
ost_status round_restore_pass(round *r);
ost_status round_end_all(round *r);
ost_status round_restore_all(round *r);
ost_status round_purge_pass(round *r);
/* Steps of memory_units.c. */
ost_status round_unit(round *r);
ost_status round_unit_forgiving(round *r);
ost_status round_transaction(round *r);
ost_status round_many_in_unit(round *r);

#endif
