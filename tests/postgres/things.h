/* SPDX-License-Identifier: MIT */
/* A small table in a database of its own on a real server, for tests of the driver's work. */
#ifndef OSTLER_TESTS_POSTGRES_THINGS_H
#define OSTLER_TESTS_POSTGRES_THINGS_H

#include "postgres/connection.h"
#include "support/servers.h"
#include "support/shape_builder.h"

typedef struct thing {
    int64_t id;
    const char *name; /* unique */
    int64_t n;
    ost_time at;
} thing;
OST_RECORD(thing, id);

typedef struct things_world {
    bench b;
    ost_table *things;
    const char *url;
} things_world;

/* A database of its own for each test, with the table in it. */
int things_begin(void **state);
/* The same through PgBouncer. */
int things_begin_pooled(void **state);
int things_end(void **state);
/* Connects to a database in which the table is made. */
void things_open(things_world *w, const char *url);

/* Things 1 to `count`, named "thing 1" and so on, with n = id. */
void fill_things(things_world *w, int count);
/* An insert whose key comes back into the records. */
made *insert_things(things_world *w, thing *in, size_t count);
/* An update of every member by key, from the records. */
made *update_things(things_world *w, thing *in, size_t count);
made *all_things(things_world *w);
made *thing_by_id(things_world *w, int64_t id);

/* Operations without a shape on the first connection. */
ost_status control(things_world *w, uint16_t kind, const char *text);
ost_status begin_unit(things_world *w);
enum ost_unit_state unit_of(things_world *w);
/* Submits and collects; the rows of the last go to `rows`. */
ost_status run_batch(things_world *w, ost_operation *ops, size_t n, made *last, void *rows,
                     size_t *count);
/* Round trips of all operations of the last run_batch(). */
extern uint32_t batch_trips;
/* Runs the operation on memory: keys go back into the records. */
ost_status run_insert(things_world *w, made *m, thing *in, size_t count);

/* On a connection beside the driver's. */
int64_t count_of(const things_world *w, const char *condition);

#endif
