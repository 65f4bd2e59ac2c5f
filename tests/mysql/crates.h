/* SPDX-License-Identifier: MIT */
/* A table on a server, in a fresh database, for tests of the MySQL driver's connections. */
#ifndef OSTLER_TESTS_MYSQL_CRATES_H
#define OSTLER_TESTS_MYSQL_CRATES_H

#include "support/servers.h"
#include "support/shape_builder.h"

typedef struct crate {
    int64_t id;
    const char *name; /* unique */
    int64_t n;        /* 0 to 1000000 */
    ost_opt_int maybe;
    ost_decimal price; /* 10, 2 */
    const char *note;
} crate;
OST_RECORD(crate, id);

/* A crate's slip: refers to it. */
typedef struct slip {
    int64_t id;
    int64_t crate_id;
    int8_t tiny;
} slip;
OST_RECORD(slip, id);

typedef struct crates_world {
    bench b;
    const char *url;
    ost_table *crates, *slips;
    ost_table_foreign_key key; /* of the slips */
} crates_world;

/* A database of its own for each test. */
int crates_begin(void **state);
int crates_end(void **state);
/* On a database that is there; without tables. */
void crates_open(crates_world *w, const char *url);
void crates_close(crates_world *w);
void crates_create(crates_world *w);
/* Crates 1 to `count`, named "crate 1" and so on, with n like the id. */
void crates_fill(crates_world *w, int count);

made *crate_insert(crates_world *w, crate *in, size_t count);
/* All of them, in order of the id. */
made *crate_select(crates_world *w);
/* The one with this id. */
made *crate_get(crates_world *w, int64_t id);
/* n of crate `id` set to `n`. */
made *crate_update(crates_world *w, int64_t id, int64_t n);
ost_status crates_simple(crates_world *w, uint16_t kind, const char *text);
enum ost_unit_state crates_state(crates_world *w);
/* The first column of all rows, joined by '|', read by somebody else. */
const char *crates_text(crates_world *w, const char *sql);
/* The time in `ms` milliseconds. */
ost_deadline crates_in(crates_world *w, int64_t ms);

#endif
