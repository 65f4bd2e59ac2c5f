/* SPDX-License-Identifier: MIT */
/* Collections in a fresh database, for tests of what the MongoDB driver stores and reads. */
#ifndef OSTLER_TESTS_MONGO_CRATES_H
#define OSTLER_TESTS_MONGO_CRATES_H

#include "base/error.h"
#include "mongo/connection.h"
#include "support/servers.h"
#include "support/shape_builder.h"

typedef struct crate {
    int64_t id;       /* generated */
    const char *name; /* unique */
    int64_t n;        /* 0 to 1000000 */
    ost_opt_int maybe;
    ost_decimal price; /* 10, 2 */
    const char *note;
} crate;
OST_RECORD(crate, id);

/* A seat in a hall: its key has two members. */
typedef struct seat {
    int64_t row;
    const char *letter;
    const char *guest;
} seat;
OST_RECORD(seat, row, letter);

/* A label, of which there can be but few. */
typedef struct label {
    int8_t id; /* generated */
    int64_t n;
} label;
OST_RECORD(label, id);

/* A row of one value, as counts and tests for existence are. */
typedef union crates_one {
    int64_t number;
    bool yes;
    unsigned char bytes[16];
} crates_one;

typedef struct crates_world {
    bench b;
    const char *url;
    ost_table *crates, *seats, *labels;
} crates_world;

/* A database of its own for each test, with its collections. */
int crates_begin(void **state);
int crates_end(void **state);
/* On a database that is there, without collections. */
void crates_open(crates_world *w, const char *url);
void crates_close(crates_world *w);
/* Crates 1 to `count`, named "crate 1" and so on, with n like the id, stored by somebody else. */
void crates_fill(crates_world *w, int count);

/* With generated keys. */
made *crate_insert(crates_world *w, crate *in, size_t count);
/* With the keys that they have. */
made *crate_insert_given(crates_world *w, const crate *in, size_t count);
/* All of them, in order of the id. */
made *crate_select(crates_world *w);
/* The one with this id. */
made *crate_get(crates_world *w, int64_t id);
/* n of crate `id` set to `n`. */
made *crate_update(crates_world *w, int64_t id, int64_t n);
/* n of each of the records, by its id. */
made *crate_save(crates_world *w, const crate *in, size_t count);
/* `count` crates named "<prefix> 0" and so on; free them with crates_free(). */
crate *crates_named(size_t count, const char *prefix);
void crates_free(crate *in, size_t count);
ost_status crates_simple(crates_world *w, uint16_t kind);
enum ost_unit_state crates_state(crates_world *w);
/* The time in `ms` milliseconds. */
ost_deadline crates_in(crates_world *w, int64_t ms);

/* What somebody else reads: {"_id": …} of every document of a collection that meets the filter, as
 * Extended JSON, by _id. */
const char *crates_text(crates_world *w, const char *collection, const char *filter,
                        const char *projection);
/* How many there are. */
int64_t crates_count(crates_world *w, const char *collection, const char *filter);
/* Commands as somebody else gives them. */
void crates_do(crates_world *w, const char *format, ...) OST__PRINTF(2, 3);

#endif
