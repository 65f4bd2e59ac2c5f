/* SPDX-License-Identifier: MIT */
/* The driver's state: a backend for each db, connections, their statements, streams and batches. */
#ifndef OSTLER_POSTGRES_CONNECTION_H
#define OSTLER_POSTGRES_CONNECTION_H

#include <stdatomic.h>

#include "base/hash.h"
#include "postgres/types.h"

/* ---- backends and plans ---- */

enum {
    OST__PG_SETTINGS_MAX = 24,
    OST__PG_NAME_SIZE = 37, /* "ost_", 32 digits, NUL */
    OST__PG_STATEMENTS_MAX = 256,
    OST__PG_PACKET_MAX = 0x3fffff00 /* of a message: the server takes no more */
};

/* What libpq is told, for PQconnectStartParams(). */
typedef struct ost__pg_settings {
    char *storage; /* owns the texts */
    size_t storage_size;
    const char *names[OST__PG_SETTINGS_MAX + 1];
    const char *values[OST__PG_SETTINGS_MAX + 1];
    uint32_t count;
} ost__pg_settings;

/* Which statement it is, by its content: equal on every connection of every program. */
typedef struct ost__pg_key {
    uint64_t high, low;
} ost__pg_key;

struct ost_plan {
    ost__pg_key key;
    size_t size; /* of this allocation */
    const ost__pg_parameter *parameters;
    const Oid *types;
    uint32_t parameter_count;
    const char *text;
    const char *copy; /* COPY … FROM STDIN for the same records; NULL: it cannot take them */
    const char *keys; /* what COPY needs to know first: keys, if they are to be made */
    char name[OST__PG_NAME_SIZE];
    max_align_t data[];
};

/* Statements that the driver runs by itself, compiled once. */
enum ost__pg_verb {
    OST__PG_BEGIN, /* twelve: by access and isolation */
    OST__PG_COMMIT = OST__PG_BEGIN + 12,
    OST__PG_ROLLBACK,
    OST__PG_ASK_TOKEN,  /* the unit's number, if it has one */
    OST__PG_TAKE_TOKEN, /* the same; it gets one */
    OST__PG_VERB_COUNT
};

struct ost_backend {
    ost_host host;
    ost__memory memory;
    ost__pg_settings settings;
    ost_plan *verbs[OST__PG_VERB_COUNT];
};

/* ---- connections ---- */

/* What is prepared on a connection. */
enum ost__pg_prepared { OST__PG_UNPREPARED, OST__PG_SENT, OST__PG_READY };
typedef struct ost__pg_statement {
    ost__lru_node node; /* first */
    ost__pg_key key;
    struct ost__pg_statement *next; /* among those to be forgotten */
    uint64_t batch;                 /* that used it last */
    uint8_t state;                  /* an enum ost__pg_prepared */
    char name[OST__PG_NAME_SIZE];
} ost__pg_statement;

/* A command that is sent, and whose reply is then read. */
enum ost__pg_step_kind {
    OST__PG_CHORE,   /* a text whose failure is none: it has a sync of its own */
    OST__PG_PREPARE, /* the plan's statement */
    OST__PG_RUN,     /* the operation: once for each record */
    OST__PG_ASIDE,   /* a text that the operation needs before */
    OST__PG_DECLARE, /* a cursor over the operation's plan */
    OST__PG_TOKEN,
    OST__PG_SYNC
};
/* How a plan is run. */
enum ost__pg_how {
    OST__PG_BY_NAME,
    OST__PG_AT_ONCE, /* parsed for this run alone */
    OST__PG_UNNAMED  /* prepared just before, without a name */
};
typedef struct ost__pg_step {
    uint8_t kind, how;
    bool once;                    /* not for each record: it is the driver's own statement */
    bool portions;                /* libpq is still to be asked for its rows in portions */
    size_t op;                    /* of the batch */
    size_t runs, sent, read;      /* commands in all, sent, and answered */
    const ost_plan *plan;         /* NULL: `text` */
    ost__pg_statement *statement; /* of the plan; NULL: without a name */
    size_t text;                  /* where it begins in the connection's `texts` */
} ost__pg_step;

/* A cursor on the server. */
typedef struct ost__pg_stream {
    struct ost__pg_stream *next;
    ost_operation op; /* a copy */
    size_t index;     /* its place in the batch that opens it */
    bool opening;     /* its first portion was not read yet */
    uint32_t serial;  /* names the cursor */
    bool held;        /* it outlives units */
    bool alone;       /* it keeps a unit of the driver's own open */
    bool ended;       /* the server has no more rows */
    PGresult *rows;   /* fetched and not delivered */
    int next_row, row_count;
    int asked; /* rows of a portion */
} ost__pg_stream;

enum ost__pg_mode { OST__PG_IDLE, OST__PG_PLAIN, OST__PG_PIPELINE, OST__PG_COPYING };

/* A statement that could not be sent, and why. */
typedef struct ost__pg_refusal {
    size_t op, record;
    ost_error error;
} ost__pg_refusal;

/* What names the unit's commit. */
typedef struct ost__pg_token {
    bool wanted, known;
    uint64_t number;
    int32_t process;
} ost__pg_token;

/* What tells the server to stop. */
#ifdef LIBPQ_HAS_ASYNC_CANCEL
typedef PGcancelConn ost__pg_stop;
#else
typedef PGcancel ost__pg_stop;
#endif

/* What rings if an answer does not come soon. */
typedef struct ost__pg_bell {
    bool made, works, wound;
    int set, timer;   /* descriptors */
    int64_t wound_at; /* as the connection's `used_at` */
} ost__pg_bell;

struct ost_connection {
    ost_backend *backend;
    PGconn *pg;
    ost__pg_stop *stop; /* made at connect: making one later would need the session's thread */
    bool pooled;        /* statements may run on another connection than the last one's */
    bool tls, lost;
    bool has_fates; /* the server can be asked what became of a commit */
    uint32_t version;
    uint32_t waits;  /* so far */
    int64_t used_at; /* when a batch was submitted, if that had to be known */
    bool asked;      /* a batch was sent, and nothing of its answer was waited for */
    ost__pg_bell bell;

    /* The batch. */
    const ost_operation *ops;
    size_t op_count;
    uint64_t batch;
    atomic_uint_least64_t active; /* the batch that is on its way; 0: none */
    atomic_uint_least64_t cancelled;
    atomic_bool cancelling;
    uint8_t mode; /* an enum ost__pg_mode */
    bool failed;  /* the rest of the batch does not run */
    bool rerun;   /* it was sent a second time */
    bool began;   /* it began outside a unit */
    bool begins;  /* its first operation opens a unit */
    bool halted;  /* nothing more is sent, save the last sync */
    bool full;    /* enough is on its way */
    bool refused; /* `refusal` says what */
    ost__pg_step *steps;
    size_t step_count, step_capacity;
    size_t send_step, read_step;
    size_t in_flight, queued;
    uint32_t trips;
    bool feeding;      /* COPY waits for records */
    bool cursors_left; /* some could not be closed when they should have been */
    ost__pg_values values;
    ost__lru statements;
    ost__pg_statement *forgotten;
    uint32_t forgotten_count;
    uint32_t serial;
    ost__pg_stream *streams;
    ost__pg_token token;
    ost__buffer texts, copy;
    ost__pg_refusal refusal;
    uint8_t *effects; /* of the last upsert */
    size_t effects_size;
};

/* url.c */
ost_status ost__pg_settings_read(const ost__memory *m, const char *url, ost__pg_settings *out,
                                 ost_error *error);
void ost__pg_settings_finish(const ost__memory *m, ost__pg_settings *s);

/* backend.c */
ost_status ost__pg_open(const ost_host *host, const ost_options *options, ost_backend **out,
                        ost_error *error);
void ost__pg_shut(ost_backend *b, ost_deadline deadline);

/* plan.c */
ost_status ost__pg_compile(ost_backend *b, const ost_capabilities *caps, const ost_shape *shape,
                           ost_plan **out, ost_error *error);
void ost__pg_discard(ost_backend *b, ost_plan *plan);
const char *ost__pg_plan_text(const ost_plan *plan);
/* A statement without parameters. NULL: no memory. */
ost_plan *ost__pg_plan_of_text(const ost__memory *m, const char *text);
/* Which dialect a connection of this kind speaks, and back. */
enum ost__pg_flavour { OST__PG_WITH_ICU, OST__PG_ASCII, OST__PG_COCKROACH };
uint64_t ost__pg_fingerprint(enum ost__pg_flavour flavour, bool pooled);
enum ost__pg_flavour ost__pg_flavour_of(uint64_t fingerprint);

/* connection.c */
ost_status ost__pg_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                           ost_connection **out, ost_capabilities *caps, ost_error *error);
void ost__pg_close(ost_connection *c, ost_deadline deadline);
void ost__pg_abandon(ost_connection *c);
void ost__pg_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline);
bool ost__pg_alive(ost_connection *c);
ost_status ost__pg_role(ost_connection *c, bool *writable, ost_deadline deadline);
/* What the server said when it was connected to, from its words. */
ost_status ost__pg_connect_failed(const char *words, ost_error *error);

/* wait.c */
/* Waits until something can be read, or written that is queued, and takes it in. OST_TIMEOUT,
 * OST_CANCELLED. */
ost_status ost__pg_wait(ost_connection *c, ost_deadline deadline);
/* The next result of what was sent; NULL: there is none. */
ost_status ost__pg_result(ost_connection *c, ost_deadline deadline, PGresult **out);
/* Runs one statement outside of batches. Values are texts; NULL out: its rows are of no interest.
 */
ost_status ost__pg_ask(ost_connection *c, const char *text, int count, const char *const *values,
                       ost_deadline deadline, PGresult **out, ost_error *error);
bool ost__pg_late(const ost_connection *c, ost_deadline deadline);

/* bell.c */
/* Whether a wait for the first of an answer may be made here. */
bool ost__pg_bell_serves(const ost_connection *c, ost_deadline deadline);
/* Waits until something can be read, 50 ms at most. false: nothing, or not here. */
bool ost__pg_bell_wait(ost_connection *c, int fd);
void ost__pg_bell_close(ost__pg_bell *b);

/* stop.c */
ost__pg_stop *ost__pg_stop_new(PGconn *pg);
void ost__pg_stop_free(ost__pg_stop *stop);
void ost__pg_stop_now(ost_connection *c, ost_deadline deadline);

/* statement.c */
bool ost__pg_statements_init(ost_connection *c);
void ost__pg_statements_finish(ost_connection *c);
/* The plan's statement on this connection, made if there is none; NULL: run it without a name. */
ost__pg_statement *ost__pg_statement_of(ost_connection *c, const ost_plan *plan);
/* It is not on the server (`gone`), or must go from there before it is prepared again. */
void ost__pg_statement_forget(ost_connection *c, ost__pg_statement *s, bool gone);
void ost__pg_statements_lost(ost_connection *c);
/* Frees those whose end was sent. */
void ost__pg_statements_closed(ost_connection *c);

/* batch.c */
ost_status ost__pg_submit(ost_connection *c, const ost_operation *ops, size_t n, size_t *accepted,
                          ost_deadline deadline, ost_error *error);
/* Makes the steps of the batch, and sends them a second time. */
ost_status ost__pg_start_again(ost_connection *c, ost_error *error);
/* Adds a step that runs `plan` for operation `op`. */
bool ost__pg_add_plan(ost_connection *c, size_t op, const ost_plan *plan, bool once);
void ost__pg_clear_steps(ost_connection *c);
bool ost__pg_add_text(ost_connection *c, uint8_t kind, size_t op, const char *text, size_t size);
ost__pg_step *ost__pg_add_step(ost_connection *c, uint8_t kind, size_t op);

/* send.c */
/* Sends what the window and the socket take. */
void ost__pg_send(ost_connection *c);
/* Enters pipeline mode if the steps need it, and sends. */
void ost__pg_begin_sending(ost_connection *c);
/* Nothing more goes out, save the last sync. */
void ost__pg_halt(ost_connection *c);
/* The reply to the next command that was sent. `step` is NULL once there is none left. */
typedef struct ost__pg_reply {
    ost__pg_step *step;
    size_t record;
    PGresult *result; /* the caller's; NULL: the connection broke */
    uint8_t status;   /* of the result, an ExecStatusType */
    bool answered;    /* a failure that came behind a success */
} ost__pg_reply;
ost_status ost__pg_advance(ost_connection *c, ost_deadline deadline, ost__pg_reply *out);
/* The step whose reply is the next, or that is to be sent; NULL: none is left. */
static inline ost__pg_step *ost__pg_next_step(ost_connection *c)
{
    for (; c->read_step < c->step_count; c->read_step++) {
        ost__pg_step *s = &c->steps[c->read_step];
        if (s->read < s->sent || c->read_step >= c->send_step)
            return s;
    }
    return NULL;
}
/* Reads and drops what is owed. */
ost_status ost__pg_drain(ost_connection *c, ost_deadline deadline);
/* Every reply was read. */
void ost__pg_end_batch(ost_connection *c);

/* collect.c */
/* One collect. */
typedef struct ost__pg_run {
    ost_connection *c;
    const ost_operation *op;
    ost_sink *sink;
    ost_outcome *outcome;
    ost_error *error;
    ost_deadline deadline;
    size_t index;
    ost_status misfit;        /* of the first cell that did not fit */
    bool owes;                /* the deadline passed, or it was cancelled */
    bool gone;                /* prepared statements were deallocated */
    ost__pg_statement *stale; /* its plan is not valid any more */
    ost__pg_stream *stream;   /* whose portion is read */
    PGresult **keys;          /* where the result goes, instead of the sink */
} ost__pg_run;
ost_status ost__pg_collect(ost_connection *c, size_t i, ost_sink *sink, ost_outcome *outcome,
                           ost_deadline deadline, ost_error *error);
/* Runs the steps of operations up to this one. */
ost_status ost__pg_run_steps(ost__pg_run *r);
/* Rows [first, first + count) of a result, to the sink. */
ost_status ost__pg_deliver(ost__pg_run *r, const PGresult *result, int first, int count);

/* copy.c */
enum { OST__PG_COPY_MIN = 8 };
static inline bool ost__pg_copies(const ost_operation *op)
{
    return op->kind == OST_DO_INSERT && op->record_count >= OST__PG_COPY_MIN && op->plan &&
           op->plan->copy;
}
/* Asks for the keys of the first records. */
bool ost__pg_copy_ask(ost_connection *c, size_t first);
ost_status ost__pg_copy(ost__pg_run *r);
/* Ends a COPY that is under way, without what it brought. */
ost_status ost__pg_copy_stop(ost_connection *c, ost_deadline deadline);

/* stream.c */
bool ost__pg_stream_open(ost_connection *c, size_t index);
ost__pg_stream *ost__pg_stream_at(const ost_connection *c, size_t index);
/* The next portion. */
ost_status ost__pg_stream_read(ost__pg_run *r, ost__pg_stream *s);
/* Takes what was fetched for it. */
void ost__pg_stream_fill(ost__pg_stream *s, PGresult *rows);
/* Closes the cursor, as far as that is possible now, and forgets the stream. */
ost_status ost__pg_stream_end(ost_connection *c, ost__pg_stream *s, ost_deadline deadline);
/* Forgets it without a word to the server. */
void ost__pg_stream_drop(ost_connection *c, ost__pg_stream *s);
/* The unit ended, and with it the streams that were opened inside. */
void ost__pg_streams_ended(ost_connection *c);
ost_status ost__pg_streams_stop(ost_connection *c, ost_deadline deadline);
ost_status ost__pg_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline);
/* Whether a stream keeps a unit of the driver's own open. */
bool ost__pg_streams_alone(const ost_connection *c);

/* unit.c */
/* The text of the operation, as steps. false: no memory. */
bool ost__pg_add_control(ost_connection *c, size_t op);
/* What was answered to COMMIT and the like. */
ost_status ost__pg_unit_ended(ost__pg_run *r, const PGresult *result);
void ost__pg_token_read(ost_connection *c, const PGresult *result);
enum ost_unit_state ost__pg_unit_state(ost_connection *c);
ost_status ost__pg_settle(ost_connection *c, ost_deadline deadline);
ost_status ost__pg_reset(ost_connection *c, uint32_t touched, ost_deadline deadline);
ost_status ost__pg_commit_token(ost_connection *c, ost_commit_token *out);
enum ost_verdict ost__pg_resolve(ost_connection *fresh, const ost_commit_token *token,
                                 ost_deadline deadline);

/* describe.c */
/* A query for rows of ost_described; `schema` NULL: what the names of a statement mean. */
void ost__pg_describe_text(ost__buffer *out, const char *schema);

/* errors.c */
/* What the server said of a failure. Each may be NULL. */
typedef struct ost__pg_report {
    const char *state, *message, *constraint, *column, *table, *schema;
} ost__pg_report;
ost_status ost__pg_explain(const ost_operation *op, const ost__pg_report *report, ost_error *error);
void ost__pg_classify(const ost_operation *op, int32_t native_code, const char sql_state[6],
                      const char *text, ost_error *error);
/* The failure in a result (NULL: the connection broke); sets `lost` where the connection is of no
 * more use. */
ost_status ost__pg_failed(ost_connection *c, const ost_operation *op, const PGresult *result,
                          ost_error *error);
/* "COPY books, line 7", in whatever language: which record a COPY into the table failed at, from 1.
 * 0: the context (which may be NULL) does not say. */
size_t ost__pg_copy_line(const char *context, const char *table);
/* Whether the result failed with this SQLSTATE. */
bool ost__pg_is_state(const PGresult *result, const char *state);
/* One line of what libpq said, without what comes before and after. */
void ost__pg_one_line(const char *words, char *out, size_t size);

#endif
