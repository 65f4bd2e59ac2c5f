/* SPDX-License-Identifier: MIT */
/*
 * For tests of what stands below the driver: statements, values and results go to a server through
 * libpq itself. Shapes and memory are a bench's, which has SQLite behind it.
 */
#ifndef POSTGRES_WIRE_RIG_H
#define POSTGRES_WIRE_RIG_H

#include <libpq-fe.h>

#include "postgres/dialect.h"
#include "postgres/types.h"
#include "support/shape_builder.h"

enum { RIG_ROW_MAX = 1024 };

typedef struct rig {
    bench b;
    PGconn *pg;
    const ost__sql_dialect *dialect;
    ost__pg_values values;
    char state[6];     /* of the server's last refusal */
    char message[512]; /* the same */
    const char *text;  /* of the last statement; until the next */
    ost__buffer statement;
} rig;

/* A setup and teardown of a group: a fresh database. */
int rig_begin(void **state);
int rig_end(void **state);
/* A table as our own dialect makes it, with its indexes; dropped first. */
void rig_create(rig *r, const ost_table *t);
/* Runs SQL without parameters; fails the test if the server refuses. */
void rig_sql(rig *r, const char *text);
/* The first cell of the first row, as text; until the next call. */
const char *rig_text(rig *r, const char *text);
/* The statement of the operation. */
const char *rig_statement(rig *r, made *m);
/* Runs it once for each record, or once; rows to `rows` of room `*count`. A refusal of the server
 * is OST_DRIVER_ERROR, and `state` and `message` say which. */
ost_status rig_run(rig *r, made *m, void *rows, size_t *count);
/* The same by COPY. */
ost_status rig_copy(rig *r, made *m);
/* The result of any query, in binary. The caller's. */
PGresult *rig_query(rig *r, const char *text);

/* A sink over memory of its own. */
typedef struct rig_sink {
    ost_sink base;
    uint8_t *rows;
    ost__arena bytes;
    size_t row_chunk; /* rows that a refill gives at most */
    size_t taken_rows, room;
    long refills_left; /* of bytes; negative: any number */
    int failures;
    uint16_t first_column;
    ost_status first_status;
} rig_sink;
void rig_sink_begin(rig_sink *k, const ost__memory *memory, void *rows, size_t row_size,
                    size_t room, size_t row_chunk);
/* Rows delivered. */
size_t rig_sink_end(rig_sink *k);

#endif
