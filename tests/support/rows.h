/* SPDX-License-Identifier: MIT */
/* A small table in a file, for tests of units, streams and faults on SQLite. */
#ifndef OSTLER_TESTS_ROWS_H
#define OSTLER_TESTS_ROWS_H

#include "support/shape_builder.h"

typedef struct row {
    int64_t id;
    const char *name;
    int64_t n;
} row;
OST_RECORD(row, id);

typedef struct rows_world {
    bench b;
    ost_table *rows;
} rows_world;

/* A database of its own for each test. */
int rows_begin(void **state);
int rows_end(void **state);
void rows_open(rows_world *w, const char *url);
/* Rows 1 to `count`, named "row 1" and so on. */
void fill(rows_world *w, int count);
made *insert_of(rows_world *w, row *in, size_t count);
made *select_all(rows_world *w);
/* An operation without a shape on the first connection. */
ost_status simple(rows_world *w, uint16_t kind, const char *text);
enum ost_unit_state state_of(rows_world *w);

#endif
