/* SPDX-License-Identifier: MIT */
/* The driver's state: a backend for each db, connections, cached statements. */
#ifndef OSTLER_SQLITE_CONNECTION_H
#define OSTLER_SQLITE_CONNECTION_H

#include <stdatomic.h>

#include "base/hash.h"
#include "sqlite/types.h"

enum ost__sqlite_mode { OST__MODE_CREATE, OST__MODE_READ_WRITE, OST__MODE_READ_ONLY };

struct ost_backend {
    ost_host host;
    ost__memory memory;
    char *path; /* as SQLite opens it */
    size_t path_size;
    uint8_t mode;
    bool in_memory;
    const char *synchronous;
    sqlite3 *anchor;             /* keeps a database in memory alive; NULL for files */
    atomic_uint_least64_t plans; /* numbers given so far */
};

struct ost_plan {
    uint64_t serial; /* never used twice within a backend, and neither is the one behind it */
    size_t size;     /* of this allocation */
    size_t text_size;
    size_t read_size; /* of the text behind the first: what an upsert reads of a record that is
                         there; 0: there is none */
    char text[];
};

/* Statements that are cached on a connection, at most. */
enum { OST__STATEMENTS_MAX = 256 };

typedef struct ost__statement {
    ost__lru_node node; /* first */
    uint64_t serial;
    sqlite3_stmt *handle;
    struct ost__statement *next_open; /* among the streams of a connection */
    ost_operation stream;             /* whose rows are not all read; a copy */
    uint64_t stream_batch;            /* the batch that it came in; 0: no stream */
    size_t stream_index;              /* its place there */
    char (*scratch)[OST__CELL_SIZE];  /* texts made of bound values */
    int parameter_count, column_count;
    bool cached, busy;
} ost__statement;

/* Units begin and end with these; each is prepared once. */
enum ost__sqlite_verb {
    OST__VERB_BEGIN,
    OST__VERB_BEGIN_IMMEDIATE,
    OST__VERB_COMMIT,
    OST__VERB_ROLLBACK,
    OST__VERB_COUNT
};

/* What one of our SQL functions refused, and why: its error reaches the outcome this way, not as
 * text. */
typedef struct ost__refusal {
    ost_status status; /* OST_OK: nothing was refused */
    const ost_field *field;
    const char *rule;    /* "min", "max", or NULL */
    const char *message; /* NULL: the usual one */
} ost__refusal;

struct ost_connection {
    ost_backend *backend;
    sqlite3 *db;
    const ost_operation *ops;
    size_t op_count;
    const ost_operation *running;    /* inside collect; SQL functions find their model here */
    uint64_t batch;                  /* submits so far */
    atomic_uint_least64_t cancelled; /* the batch that is to stop */
    ost_deadline deadline;
    ost_status interrupted; /* why a statement was stopped: OST_TIMEOUT, OST_CANCELLED or OST_OK */
    bool failed;            /* the rest of the batch does not run */
    bool lost;
    ost__refusal refusal;
    ost__lru statements;
    ost__statement *last; /* the cached statement used last */
    ost__statement *streams;
    sqlite3_stmt *verbs[OST__VERB_COUNT];
    bool met;         /* the upsert that runs has met a record */
    uint8_t *effects; /* of the last upsert */
    size_t effects_size;
};

/* backend.c */
ost_status ost__sqlite_open(const ost_host *host, const ost_options *options, ost_backend **out,
                            ost_error *error);
void ost__sqlite_shut(ost_backend *b, ost_deadline deadline);
ost_status ost__sqlite_compile(ost_backend *b, const ost_capabilities *caps, const ost_shape *shape,
                               ost_plan **out, ost_error *error);
void ost__sqlite_discard(ost_backend *b, ost_plan *plan);
const char *ost__sqlite_plan_text(const ost_plan *plan);

/* connection.c */
ost_status ost__sqlite_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                               ost_connection **out, ost_capabilities *caps, ost_error *error);
void ost__sqlite_close(ost_connection *c, ost_deadline deadline);
void ost__sqlite_abandon(ost_connection *c);
void ost__sqlite_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline);
/* Whether the running statement must stop; remembers why. */
bool ost__sqlite_interrupted(ost_connection *c);
bool ost__sqlite_cancelled(ost_connection *c);
/* Opens a handle on the backend's database. NULL: e says why. */
sqlite3 *ost__sqlite_handle(const ost_backend *b, ost_error *error);

/* statement.c */
ost_status ost__statement_of(ost_connection *c, const ost_operation *op, ost__statement **out,
                             ost_error *error);
/* The plan's second text. */
ost_status ost__statement_read(ost_connection *c, const ost_operation *op, ost__statement **out,
                               ost_error *error);
ost_status ost__statement_prepare(ost_connection *c, const char *text, size_t size,
                                  ost__statement **out, ost_error *error);
/* Resets it; one that is not cached is freed. */
void ost__statement_release(ost_connection *c, ost__statement *s);
/* Frees every cached statement. */
void ost__statements_finish(ost_connection *c);
/* The open stream that this index of collect means, or NULL. */
ost__statement *ost__stream_of(const ost_connection *c, size_t index);
void ost__stream_open(ost_connection *c, ost__statement *s, const ost_operation *op, size_t index);
void ost__stream_close(ost_connection *c, ost__statement *s);

/* bind.c: for record `record` of the operation (NULL: none). */
ost_status ost__sqlite_bind(ost_connection *c, ost__statement *s, const ost_operation *op,
                            const void *record, ost_error *error);

/* read.c: decodes the statement's current row into `row`. The first cell that does not fit is
 * *column. */
ost_status ost__sqlite_row(const ost_connection *c, sqlite3_stmt *stmt,
                           const ost_row_program *program, ost_sink *sink, uint8_t *row,
                           uint16_t *column);
/* The member that a generated key fills. */
ost_status ost__sqlite_row_id(int64_t id, const ost_row_step *step, uint8_t *row);

/* functions.c, aggregates.c, list.c, documents.c, document_lists.c */
int ost__sqlite_functions(ost_connection *c);
int ost__sqlite_aggregates(ost_connection *c);
int ost__sqlite_lists(ost_connection *c);
int ost__sqlite_documents(ost_connection *c);
int ost__sqlite_document_lists(ost_connection *c);
/* Makes the running statement fail with this. */
void ost__sqlite_refuse(sqlite3_context *context, ost_connection *c, ost_status status,
                        const ost_field *field);
void ost__sqlite_result(sqlite3_context *context, const ost__cell *cell);

/* The type of pointers that lists are bound with. */
extern const char ost__sqlite_list_type[];

/* errors.c */
void ost__sqlite_classify(const ost_operation *op, int32_t native_code, const char sql_state[6],
                          const char *text, ost_error *error);
/* The error of the connection's last call, which returned `rc`. Sets `lost` where the handle is of
 * no more use. */
ost_status ost__sqlite_failed(ost_connection *c, const ost_operation *op, int rc, ost_error *error);

/* batch.c */
ost_status ost__sqlite_submit(ost_connection *c, const ost_operation *ops, size_t n,
                              size_t *accepted, ost_deadline deadline, ost_error *error);
ost_status ost__sqlite_collect(ost_connection *c, size_t i, ost_sink *sink, ost_outcome *outcome,
                               ost_deadline deadline, ost_error *error);
ost_status ost__sqlite_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline);
ost_status ost__sqlite_settle(ost_connection *c, ost_deadline deadline);
enum ost_unit_state ost__sqlite_unit_state(ost_connection *c);
ost_status ost__sqlite_reset(ost_connection *c, uint32_t touched, ost_deadline deadline);

#endif
