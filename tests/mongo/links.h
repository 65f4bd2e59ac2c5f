/* SPDX-License-Identifier: MIT */
/* Connections of the MongoDB driver in a fresh database, and commands as Extended JSON on them. */
#ifndef OSTLER_TESTS_MONGO_LINKS_H
#define OSTLER_TESTS_MONGO_LINKS_H

#include "mongo/connection.h"
#include "support/servers.h"
#include "support/shape_builder.h"

typedef struct thing {
    int64_t id;
    const char *name; /* unique */
    int64_t n;
} thing;
OST_RECORD(thing, id);

typedef struct links_world {
    bench b;
    const char *url;
    ost_table *things;
    char said[2048]; /* the last reply, as relaxed Extended JSON */
} links_world;

/* A database of its own for each test, with an empty collection `things`. */
int links_begin(void **state);
int links_end(void **state);
/* On a database that is there. */
void links_open(links_world *w, const char *url);
void links_close(links_world *w);
ost_deadline links_in(links_world *w, int64_t ms);

/* Runs a command as an operation of a batch of its own would, on the table of things. */
ost_status links_say_on(links_world *w, ost_connection *c, enum ost__mongo_command_kind kind,
                        unsigned flags, const char *json, int64_t ms);
ost_status links_read(links_world *w, const char *json);
ost_status links_write(links_world *w, const char *json);
/* {insert: "things"} of {_id: id, name: name, n: id}. */
ost_status links_insert_on(links_world *w, ost_connection *c, int64_t id, const char *name);
/* n of thing `id` is raised by 1. */
ost_status links_raise_on(links_world *w, ost_connection *c, int64_t id);
/* How many things somebody else sees. */
int64_t links_count(links_world *w);
ost_status links_begin_on(links_world *w, ost_connection *c, uint16_t isolation, uint16_t access);
ost_status links_end_on(links_world *w, ost_connection *c, uint16_t kind, int64_t ms);
/* Ends the test if more than `ms` and the usual lateness went by since `start`. */
void links_in_time(links_world *w, int64_t start, int64_t ms, const char *what);

#endif
