/* SPDX-License-Identifier: MIT */
/* The driver's state: a backend for each db, connections, cached statements. */
#ifndef OSTLER_MYSQL_CONNECTION_H
#define OSTLER_MYSQL_CONNECTION_H

#include <signal.h>
#include <stdatomic.h>

#include "base/hash.h"
#include "mysql/types.h"
#include "mysql/url.h"

enum { OST__MARK_SIZE = 16 };

struct ost_backend {
    ost_host host;
    ost__memory memory;
    char *url; /* holds the password: wiped when it is freed */
    size_t url_size;
    uint32_t patience_ms;        /* of a client that cannot be left while it waits; 0: any */
    atomic_uint_least64_t plans; /* numbers given so far */
    atomic_bool marks;           /* OST_MARKS_TABLE is there */
};

/* ---- plans ---- */

/* Statements of a plan. Three stand in for one that cannot give back columns, and the last three
 * for an upsert. */
enum ost__my_part {
    OST__MY_WHOLE,
    OST__MY_KEYS,   /* an insert that gives back its keys, where the first need not */
    OST__MY_LOCK,   /* the keys of the records that are met */
    OST__MY_BY_KEY, /* the write on one of them */
    OST__MY_READ,   /* its columns */
    OST__MY_UPSERT_INSERT,
    OST__MY_UPSERT_UPDATE, /* what is there, if it changes */
    OST__MY_UPSERT_READ,   /* the columns of what is there; locks it */
    OST__MY_PARTS
};
typedef struct ost__my_text {
    const char *text; /* NULL: the plan has no such part */
    size_t size;
    const ost__my_parameter *parameters;
    uint32_t parameter_count;
    bool lists; /* among the parameters */
} ost__my_text;

struct ost_plan {
    uint64_t serial; /* never used twice within a backend */
    size_t size;     /* of this allocation */
    const ost__my_flavour *flavour;
    bool emulated; /* by those three */
    bool upserts;  /* in one statement: OST__MY_WHOLE */
    ost__my_text parts[OST__MY_PARTS];
    max_align_t data[];
};

/* ---- calls of the client library ---- */

enum ost__my_call_kind {
    OST__CALL_NONE,
    OST__CALL_CONNECT,
    OST__CALL_QUERY, /* sends a text, reads the head of its answer */
    OST__CALL_STORE, /* reads the rows of a text */
    OST__CALL_PREPARE,
    OST__CALL_EXECUTE,
    OST__CALL_FETCH,
    OST__CALL_FREE,    /* reads what is left of a statement's rows */
    OST__CALL_DISCARD, /* closes a statement */
    OST__CALL_RESET
};
/* One call. While `events` is not 0, it waits for them, and no other may be made. */
typedef struct ost__my_call {
    uint16_t kind; /* an enum ost__my_call_kind */
    int events;    /* of MYSQL_WAIT_READ, … */
    int rc;        /* what it returned: 0 is success */
    ost__my_bool flag;
    MYSQL *connected;
    MYSQL_RES *rows;
    MYSQL_STMT *statement;
    const char *text; /* not copied */
    size_t size;
} ost__my_call;

/* ---- statements ---- */

/* Statements that are cached on a connection, at most. */
enum { OST__MY_STATEMENTS_MAX = 256 };

enum ost__my_way {
    OST__MY_ONE,    /* of one record */
    OST__MY_CURSOR, /* the same; its rows are fetched in portions */
    OST__MY_ARRAY   /* of many */
};
typedef struct ost__my_key {
    uint64_t serial; /* of the plan; 0: none */
    uint64_t lists;
    uint32_t rows; /* of an insert of several; 0: one */
    uint16_t part;
    uint16_t way; /* an enum ost__my_way */
} ost__my_key;

typedef struct ost__my_statement {
    ost__lru_node node; /* first */
    ost__my_key key;
    MYSQL_STMT *handle;
    ost__my_binds binds;
    ost__my_results results;
    struct ost__my_statement *next_open; /* among the streams of a connection */
    ost_operation stream;                /* whose rows are not all read; a copy */
    uint64_t stream_batch;               /* the batch that it came in; 0: no stream */
    size_t stream_index;                 /* its place there */
    bool cached, busy;
    ost__my_binds *more;  /* of an insert of several rows: for each but the first */
    MYSQL_BIND *together; /* all of their values */
    size_t together_size;
    bool bound;    /* the library knows the kinds of the values, */
    bool moved;    /* but not where they are now */
    bool has_rows; /* some may not have been read */
} ost__my_statement;

struct ost_connection {
    ost_backend *backend;
    ost__my_settings settings;
    MYSQL *mysql;
    int socket;           /* once it is connected, while the library has one */
    unsigned long number; /* of the connection, at the server */
    const ost__my_flavour *flavour;
    uint32_t version;  /* 101106 for 10.11.6 */
    size_t max_packet; /* what the server takes */
    uint32_t key_step; /* from one generated key to the next */
    bool arrays;       /* one statement takes many records */
    bool snapshots;    /* a unit can be kept from writing over what it has not seen */
    bool strict;       /* the next one is */
    const ost_operation *ops;
    size_t op_count;
    uint64_t batch;                  /* submits so far */
    atomic_uint_least64_t cancelled; /* the batch that is to stop */
    ost_deadline deadline;
    ost__my_call call;        /* the last one; it may still wait */
    ost__my_statement *owing; /* whose answer is not read to its end */
    ost__buffer text;         /* of the call, where it must outlive the operation */
    bool failed;              /* the rest of the batch does not run */
    bool lost;
    bool tls;
    uint32_t trips;          /* round trips so far */
    uint64_t sent, received; /* bytes that were reported */
    ost__lru statements;
    ost__my_statement *last; /* the cached statement used last */
    ost__my_statement *streams;
    ost__my_statement *orphans; /* that are of no use, and could not be closed yet */
    bool has_mark;              /* the unit has a token */
    uint8_t mark[OST__MARK_SIZE];
    bool effect_unsure; /* the session's variable may still have that of an upsert that failed */
    uint8_t *effects;   /* of the last upsert */
    size_t effects_size;
};

/* One collect. */
typedef struct ost__my_run {
    ost_connection *c;
    const ost_operation *op;
    ost_sink *sink;
    ost_outcome *outcome;
    ost_error *error;
    size_t index;
    uint8_t *spare;    /* a row that was taken and not filled */
    ost_status failed; /* of the first cell that did not fit */
} ost__my_run;

/* backend.c */
ost_status ost__my_open(const ost_host *host, const ost_options *options, ost_backend **out,
                        ost_error *error);
void ost__my_shut(ost_backend *b, ost_deadline deadline);
ost_status ost__my_compile(ost_backend *b, const ost_capabilities *caps, const ost_shape *shape,
                           ost_plan **out, ost_error *error);
void ost__my_discard(ost_backend *b, ost_plan *plan);
const char *ost__my_plan_text(const ost_plan *plan);

/* call.c: OST_OK once the call has come back, whatever it returned (c->call.rc); OST_TIMEOUT or
 * OST_CANCELLED while it still waits, with the error set. */
ost_status ost__my_wait(ost_connection *c, ost_error *error);
ost_status ost__my_connect_call(ost_connection *c, const ost__my_settings *settings,
                                unsigned long flags, ost_error *error);
ost_status ost__my_call_statement(ost_connection *c, enum ost__my_call_kind kind,
                                  MYSQL_STMT *statement, ost_error *error);
ost_status ost__my_prepare_call(ost_connection *c, MYSQL_STMT *statement, const char *text,
                                size_t size, ost_error *error);
ost_status ost__my_execute_call(ost_connection *c, MYSQL_STMT *statement, ost_error *error);
ost_status ost__my_fetch_call(ost_connection *c, MYSQL_STMT *statement, ost_error *error);
ost_status ost__my_reset_call(ost_connection *c, ost_error *error);
/* Reads the rows of a text that ran, and forgets them. */
ost_status ost__my_store_call(ost_connection *c, ost_error *error);
/* Rows of a text that nobody took. */
void ost__my_forget_rows(ost_connection *c);
/* Goes on with a call whose socket was shut, or was never connected. */
void ost__my_give_up(ost_connection *c);
/* Whether an answer is owed. */
static inline bool ost__my_owes(const ost_connection *c)
{
    return c->call.events != 0 || c->owing != NULL;
}

/* On a TLS connection a write to a socket that was closed raises SIGPIPE, where a program may not
 * expect it: no such signal leaves what stands between these two. */
typedef struct ost__my_guard {
    bool on, pending; /* one was pending before */
    sigset_t before;
} ost__my_guard;
void ost__my_block_pipe(ost__my_guard *g);
void ost__my_unblock_pipe(const ost__my_guard *g);
static inline void ost__my_guard_begin(ost__my_guard *g, const ost_connection *c)
{
    g->on = false;
    if (c->settings.tls != OST__MY_TLS_OFF)
        ost__my_block_pipe(g);
}
static inline void ost__my_guard_end(const ost__my_guard *g)
{
    if (g->on)
        ost__my_unblock_pipe(g);
}

/*
 * Runs a text, and reads its rows into *rows (NULL: they are not wanted); mysql_free_result() frees
 * them. Any failure of the server is returned, and `error` says it. The text is not copied: it
 * must be constant, or c->text.
 */
ost_status ost__my_query(ost_connection *c, const ost_operation *op, const char *text, size_t size,
                         MYSQL_RES **rows, ost_error *error);
/* The same, of a constant without rows. */
ost_status ost__my_command(ost_connection *c, const ost_operation *op, const char *text,
                           ost_error *error);

/* connection.c */
ost_status ost__my_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                           ost_connection **out, ost_capabilities *caps, ost_error *error);
void ost__my_close(ost_connection *c, ost_deadline deadline);
void ost__my_abandon(ost_connection *c);
bool ost__my_alive(ost_connection *c);
bool ost__my_cancelled(const ost_connection *c);
/* Runs a text on a connection of its own. */
ost_status ost__my_say(const ost_connection *c, const char *text, ost_deadline deadline);
/* Bytes since the last time. */
void ost__my_count_bytes(ost_connection *c, ost_outcome *o);

/* session.c: makes the server keep our promises, and reads what it can. */
ost_status ost__my_settle_in(ost_connection *c, ost_capabilities *caps, ost_error *error);
/* The settings alone, of a connection that was reset. */
ost_status ost__my_set_session(ost_connection *c, ost_error *error);
ost_status ost__my_role(ost_connection *c, bool *writable, ost_deadline deadline);

/* statement.c */
ost_status ost__my_statement_of(ost_connection *c, const ost_operation *op, enum ost__my_part part,
                                ost__my_statement **out, ost_error *error);
/* The same of the key's way, and for as many rows as it says; serial and lists are filled in. */
ost_status ost__my_statement_for(ost_connection *c, const ost_operation *op, ost__my_key key,
                                 ost__my_statement **out, ost_error *error);
/* OST_TOO_LARGE: the server would take a text of this size for a broken connection. */
ost_status ost__my_check_size(const ost_connection *c, size_t size, ost_error *error);
/* Prepares a text of the program's own, for this run alone. */
ost_status ost__my_statement_once(ost_connection *c, const ost_operation *op, const char *text,
                                  size_t size, ost__my_statement **out, ost_error *error);
/* Binds the values of a record (NULL: none). */
ost_status ost__my_set_values(ost_connection *c, ost__my_statement *s, const ost__my_parameter *p,
                              uint32_t count, const ost_operation *op, const void *record,
                              ost_error *error);
/* Sends what was bound; prepares again, once, where the server has forgotten the statement. */
ost_status ost__my_execute(ost_connection *c, ost__my_statement *s, const ost_operation *op,
                           ost_error *error);
/* Whether the server has forgotten it, so that it did not run; it is not kept, then. */
bool ost__my_forgotten(ost_connection *c, ost__my_statement *s);
/* Reads what is left of its rows; one that is not cached is closed. OST_TIMEOUT, OST_CANCELLED: it
 * is owed. */
ost_status ost__my_release(ost_connection *c, ost__my_statement *s, ost_error *error);
/* Frees all of them. */
void ost__my_statements_finish(ost_connection *c);
ost__my_statement *ost__my_stream_of(const ost_connection *c, size_t index);
void ost__my_stream_open(ost_connection *c, ost__my_statement *s, const ost_operation *op,
                         size_t index);
void ost__my_stream_close(ost_connection *c, ost__my_statement *s);

/* rows.c */
uint8_t *ost__my_take_row(ost__my_run *r);
ost_status ost__my_sink_failed(ost__my_run *r);
ost_status ost__my_drop_row(ost__my_run *r, uint8_t *row, ost_status why, uint16_t column);
/* Reads on until the end, or the sink has enough: *more. */
ost_status ost__my_read_rows(ost__my_run *r, ost__my_statement *s, size_t most, bool *more);
/* The next row of an executed statement: *more false, there is none. */
ost_status ost__my_fetch(ost__my_run *r, ost__my_statement *s, bool *more);
ost_status ost__my_select(ost__my_run *r);
ost_status ost__my_read_on(ost__my_run *r, ost__my_statement *s);
ost_status ost__my_raw(ost__my_run *r, const char *text, size_t size);

/* write.c */
ost_status ost__my_write(ost__my_run *r);
/* `work` in a unit of its own, which nobody sees before it is complete. */
ost_status ost__my_in_own_unit(ost__my_run *r, ost_status (*work)(ost__my_run *r));
/* What is wrong with one record, and would be wrong again. */
bool ost__my_is_of_a_record(ost_status status);
/* One record (NULL: without), by a statement of the plan. */
ost_status ost__my_write_one(ost__my_run *r, ost__my_statement *s, enum ost__my_part part,
                             const void *record);
const void *ost__my_record(const ost_operation *op, size_t i);
/* An update or delete of one record is done: before it, `matched` had been met. */
void ost__my_note_missed(ost__my_run *r, size_t record, int64_t matched);
/* Refuses a write that the server noted to have changed what was sent. */
ost_status ost__my_check_warnings(ost__my_run *r);

/* many.c */
typedef struct ost__my_chunk {
    size_t first, count; /* of the operation's records */
    bool undone;         /* a failure left none of them stored */
} ost__my_chunk;
/* Records from chunk->first on, as many as one statement takes; of none, chunk->count is 0: take
 * them one by one. */
ost_status ost__my_write_chunk(ost__my_run *r, ost__my_chunk *chunk);

/* upsert.c */
ost_status ost__my_upsert(ost__my_run *r);

/* emulate.c */
ost_status ost__my_emulate(ost__my_run *r);

/* unit.c */
ost_status ost__my_begin(ost__my_run *r);
ost_status ost__my_commit(ost__my_run *r);
ost_status ost__my_rollback(ost__my_run *r);
ost_status ost__my_savepoint(ost__my_run *r, const char *prefix);
ost_status ost__my_rollback_to(ost__my_run *r);
bool ost__my_in_unit(const ost_connection *c);
enum ost_unit_state ost__my_unit_state(ost_connection *c);
/* An error may have ended the unit without a word about it: asks. */
void ost__my_look_at_unit(ost_connection *c);
ost_status ost__my_reset(ost_connection *c, uint32_t touched, ost_deadline deadline);

/* mark.c */
void ost__my_mark_choose(ost_connection *c);
ost_status ost__my_mark_write(ost__my_run *r);
ost_status ost__my_marks_create(ost__my_run *r);
ost_status ost__my_marks_sweep(ost__my_run *r);
ost_status ost__my_commit_token(ost_connection *c, ost_commit_token *out);
enum ost_verdict ost__my_resolve(ost_connection *fresh, const ost_commit_token *token,
                                 ost_deadline deadline);

/* settle.c */
ost_status ost__my_settle(ost_connection *c, ost_deadline deadline);
ost_status ost__my_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline);
void ost__my_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline);

/* errors.c */
void ost__my_classify(const ost_operation *op, int32_t native_code, const char sql_state[6],
                      const char *text, ost_error *error);
/* The error of the last call, of `statement` or (NULL) of the connection. Sets `lost` where the
 * connection is of no more use. */
ost_status ost__my_failed(ost_connection *c, MYSQL_STMT *statement, const ost_operation *op,
                          ost_error *error);

/* batch.c */
ost_status ost__my_submit(ost_connection *c, const ost_operation *ops, size_t n, size_t *accepted,
                          ost_deadline deadline, ost_error *error);
ost_status ost__my_collect(ost_connection *c, size_t i, ost_sink *sink, ost_outcome *outcome,
                           ost_deadline deadline, ost_error *error);

#endif
