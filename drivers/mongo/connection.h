/* SPDX-License-Identifier: MIT */
/* The driver's state: a backend for each db with one client pool, connections that are clients of
 * it, units that are sessions of the server. */
#ifndef OSTLER_MONGO_CONNECTION_H
#define OSTLER_MONGO_CONNECTION_H

#include <stdatomic.h>

#include <mongoc/mongoc.h>
#include <pthread.h>

#include "base/memory.h"
#include "mongo/plan.h"
#include "mongo/url.h"

typedef struct ost__mongo_keys ost__mongo_keys;
typedef struct ost__mongo_topology ost__mongo_topology; /* a pool of clients, with its monitors */
typedef struct ost__mongo_line ost__mongo_line;         /* a connected stream */
typedef struct ost__mongo_watch ost__mongo_watch;       /* a change stream; watch.h */

/* As many tables, by their ids, have their collections made outside of transactions. */
enum { OST__MONGO_MADE_MAX = 1024 };

/* The server's code for a collection that is there already. */
enum { OST__MONGO_NAMESPACE_EXISTS = 48 };

struct ost_backend {
    ost_host host;
    ost__memory memory;
    ost__mongo_settings settings;
    atomic_long owner;     /* the process that the rest belongs to; a child begins anew */
    pthread_mutex_t mutex; /* guards the making of `topology` */
    _Atomic(ost__mongo_topology *) topology; /* made by the first connect */
    ost__mongo_keys *keys;                   /* keys that the counters allotted to this process */
    atomic_uint_least64_t plans;             /* numbers given so far */
    atomic_uint_least64_t made[OST__MONGO_MADE_MAX / 64]; /* a bit for each table that was met */
};

/* A cursor of the server whose rows are collected in portions. */
typedef struct ost__mongo_stream {
    struct ost__mongo_stream *next;
    ost_operation op; /* a copy; its parameters are not looked at again */
    uint64_t batch;
    size_t index;           /* its place there; later OST_STREAM(op.stream) */
    const char *collection; /* of the cursor */
    int64_t cursor;         /* 0: the server has no more */
    uint32_t server;
    bson_t *reply; /* the portion that is being delivered, which the library aligns widely */
    bool has_reply;
    uint32_t at, end; /* where in its array the next document begins; where the array ends */
    bool unread;      /* there is one */
    struct ost__mongo_stream *rest; /* what is read behind it: of a further part of a list */
} ost__mongo_stream;

struct ost_connection {
    ost_backend *backend;
    mongoc_client_t *client;
    mongoc_database_t *database;
    mongoc_client_session_t *session; /* of every command but those that allot keys and define */
    mongoc_client_session_t *single;  /* of writes outside units, which carry numbers of ours */
    uint32_t wire_version;
    size_t max_document, max_message; /* bytes that the server takes */
    mongoc_transaction_opt_t *unit_options;
    bool replicated;  /* transactions are possible */
    bool in_unit;     /* BEGIN came; the server hears of it with the first command */
    bool unit_sent;   /* it did */
    bool unit_failed; /* the server has ended it; ROLLBACK is still to come */
    uint16_t access;  /* of the unit: an enum ost_access */
    bool lost;
    uint8_t lsid[16], single_lsid[16]; /* the sessions' names at the server */
    int64_t number;                    /* of the last write in `single` */
    int64_t txn; /* number of the unit's transaction there; 0: not known yet */
    const ost_operation *ops;
    size_t op_count;
    uint64_t batch;          /* submits so far */
    bool failed;             /* the rest of the batch does not run */
    size_t done;             /* operations of the batch that a bulk has run already */
    ost_deadline deadline;   /* of the call that runs; lines obey it */
    bool patient;            /* a server that is away is waited for until the deadline */
    bool greeting;           /* it connects: that much, unless all servers are known to be away */
    int64_t doubt;           /* while it connects: until then what is known may be old */
    ost_status interrupted;  /* what a line ended: OST_TIMEOUT, OST_CANCELLED or OST_OK */
    bool asked;              /* a command was sent since this was last false */
    bool broke;              /* the other side ended a line, and none was begun since */
    uint64_t sent, received; /* bytes, ever */
    uint32_t trips;          /* commands sent, ever */
    ost__mongo_line *lines;  /* those that are open, the one used last first */
    ost__mongo_stream *streams;
    ost__mongo_watch *watches;
    bson_t *last_token;              /* of the change stream that ended last; may be NULL */
    atomic_uint_least64_t cancelled; /* the batch that is to stop */
    pthread_mutex_t guard;           /* of what follows, up to the blank line */
    int waiting;                     /* the descriptor that is waited for, or -1 */
    uint64_t waiting_batch;          /* by which batch */

    struct ost__mongo_merged
        *merged;      /* what a bulk of updates did to the operations before `done` */
    uint8_t *effects; /* of the records of the last upsert */
    size_t effects_size;
    bson_t command, options; /* scratch, reused */
};

/* One collect. */
typedef struct ost__mongo_run {
    ost_connection *c;
    const ost_operation *op;
    ost_sink *sink;
    ost_outcome *outcome;
    ost_error *error;
    size_t index;
    ost_status failed; /* the first row that did not fit */
    bool apart;        /* the command that runs is not part of the unit */
} ost__mongo_run;

/* backend.c */
ost_status ost__mongo_open(const ost_host *host, const ost_options *options, ost_backend **out,
                           ost_error *error);
void ost__mongo_shut(ost_backend *b, ost_deadline deadline);
/* A client of this process' pool, to be destroyed by its user. NULL: error says why. */
mongoc_client_t *ost__mongo_client(ost_backend *b, ost_error *error);
/* How often the topology changed so far. */
uint64_t ost__mongo_topology_changes(const ost_backend *b);
/* Waits until that is more than `seen`, the deadline, or a call of ost__mongo_wake(). */
void ost__mongo_await_change(ost_backend *b, uint64_t seen, ost_deadline deadline);
void ost__mongo_wake(ost_backend *b);

/* aside.c: work that may hang, on a thread of its own. The job begins with this and is allocated by
 * bson_malloc0(), because it may outlive its db. */
typedef struct ost__mongo_aside {
    void (*work)(struct ost__mongo_aside *job);
    void (*drop)(struct ost__mongo_aside *job); /* frees what it holds, but not the job */
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool done, left;
} ost__mongo_aside;
/* true: the work is done, and the job is the caller's to free with bson_free(). false: it was not
 * done by the deadline, and the thread will drop and free it. */
bool ost__mongo_do_aside(ost__mongo_aside *job, const ost_host *host, ost_deadline deadline);
/* `deadline` for pthread_cond_timedwait() on the monotonic clock. */
struct timespec ost__mongo_real_time(const ost_host *host, ost_deadline deadline);

/* connection.c */
ost_status ost__mongo_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                              ost_connection **out, ost_capabilities *caps, ost_error *error);
ost_status ost__mongo_reach(ost_backend *b, ost_deadline deadline, ost_connection **out,
                            ost_capabilities *caps, ost_error *error);
void ost__mongo_close(ost_connection *c, ost_deadline deadline);
void ost__mongo_abandon(ost_connection *c);
bool ost__mongo_alive(ost_connection *c);
ost_status ost__mongo_role(ost_connection *c, bool *writable, ost_deadline deadline);
void *ost__mongo_native(ost_connection *c);
void ost__mongo_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline);
bool ost__mongo_cancelled(const ost_connection *c);
/* Whether the deadline of the call that runs has passed. */
bool ost__mongo_late(const ost_connection *c);

/* stream.c: the client's initiator, with the connection as its context. What it makes gives up at
 * c->deadline, and once c->cancelled says so. */
mongoc_stream_t *ost__mongo_stream_new(const mongoc_uri_t *uri, const mongoc_host_list_t *host,
                                       void *connection, bson_error_t *error);
void ost__mongo_lines_close(ost_connection *c);       /* the descriptors alone */
bool ost__mongo_lines_quiet(const ost_connection *c); /* none is closed or says what nobody asked */
/* addresses.c: the addresses of a host, by name or number, by the deadline. NULL: error says why.
 * freeaddrinfo() frees them. */
struct addrinfo *ost__mongo_addresses(const ost_host *host, const mongoc_host_list_t *where,
                                      ost_deadline deadline, bson_error_t *error);
/* raw.c: sends a command on the line used last, as it is, and reads the answer: beside the library,
 * whose sessions cannot speak for another's. false: there is no answer. */
bool ost__mongo_raw(ost_connection *c, const bson_t *command, bson_t *reply);
/* The number of the transaction that a message of the library's belongs to, and whether it is a
 * command of ours (not of the handshake). */
bool ost__mongo_look(const mongoc_iovec_t *iov, size_t count, int64_t *txn);

/* command.c: runs a command in the database of the operation's table. `options` get the session,
 * maxTimeMS is added to the command, the time is c->deadline. Waits for a server while there is
 * none. `kind` says what is done when the answer is lost. The reply is the caller's to destroy,
 * whatever came back. A reply that says no becomes `error`, also write errors and write concern
 * errors in it. */
enum ost__mongo_command_kind {
    OST__MONGO_READS,  /* asked again, of a server that may have come instead */
    OST__MONGO_WRITES, /* the same outside a unit, with its number: never done twice */
    OST__MONGO_PLAIN   /* asked once, unless it was refused or never sent */
};
enum {
    OST__MONGO_APART = 1,    /* outside the session and its unit: keys, definitions */
    OST__MONGO_ADMIN = 2,    /* on the database "admin" */
    OST__MONGO_ANYWHERE = 4, /* on a server that the URL prefers for reading */
    OST__MONGO_ENDLESS = 8,  /* no maxTimeMS: the command does not take it */
    OST__MONGO_MAJORITY = 16 /* acknowledged by most servers, whatever the URL says */
};
ost_status ost__mongo_command(ost__mongo_run *r, enum ost__mongo_command_kind kind, unsigned flags,
                              bson_t *command, bson_t *reply);
/* The same, to that server alone (a cursor lives there); 0: the primary, or, of a command that
 * reads, the one that the URL prefers, and then *server becomes that one, unless it is the primary.
 */
ost_status ost__mongo_command_at(ost__mongo_run *r, enum ost__mongo_command_kind kind,
                                 unsigned flags, bson_t *command, uint32_t *server, bson_t *reply);
/* After a call of the library failed before anything was asked: waits until there may be a server.
 * false: it is no use, or too late. `seen`: changes before the call. */
bool ost__mongo_again(ost_connection *c, const bson_error_t *why, uint64_t seen);
/* Milliseconds that a command may take on the server, at least 1; 0: no end. */
int64_t ost__mongo_max_time(const ost_connection *c);

/* errors.c */
void ost__mongo_classify(const ost_operation *op, int32_t native_code, const char sql_state[6],
                         const char *text, ost_error *error);
/* What the library and the server said of a command that failed (`reply` may be NULL), into
 * r->error and the outcome; sets c->lost, unit_failed. */
ost_status ost__mongo_failed(ost__mongo_run *r, const bson_t *reply, const bson_error_t *why);
/* One entry of writeErrors; record `i` of the operation. */
ost_status ost__mongo_write_failed(ost__mongo_run *r, const bson_iter_t *entry, size_t i);
bool ost__mongo_has_label(const bson_t *reply, const char *label);
/* Whether what failed outside a unit may be asked again, maybe of another server. `harmless`: it
 * may be done twice, or will not be. */
bool ost__mongo_is_passing(const bson_error_t *why, bool harmless);

/* unit.c */
ost_status ost__mongo_begin(ost__mongo_run *r);
ost_status ost__mongo_commit(ost__mongo_run *r);
ost_status ost__mongo_rollback(ost__mongo_run *r);
/* Undoes the open unit behind the library's back, which would do so but once, or not at all. */
bool ost__mongo_drop_unit(ost_connection *c);
enum ost_unit_state ost__mongo_unit_state(ost_connection *c);
ost_status ost__mongo_reset(ost_connection *c, uint32_t touched, ost_deadline deadline);
ost_status ost__mongo_commit_token(ost_connection *c, ost_commit_token *out);
enum ost_verdict ost__mongo_resolve(ost_connection *fresh, const ost_commit_token *token,
                                    ost_deadline deadline);
/* Before a command that belongs to the unit: starts the transaction of the session if BEGIN came
 * and nothing else yet; refuses writes in a unit that reads. */
ost_status ost__mongo_enter(ost__mongo_run *r, bool writes);
/* Runs `work` in a transaction: in the unit if one is open, else in one of its own, again while the
 * server says that it may be and the deadline is not there. Before each run the outcome's counts
 * are as at the start; `work` must deliver rows only as its last step. */
ost_status ost__mongo_together(ost__mongo_run *r, ost_status (*work)(ost__mongo_run *r));

/* batch.c */
ost_status ost__mongo_submit(ost_connection *c, const ost_operation *ops, size_t n,
                             size_t *accepted, ost_deadline deadline, ost_error *error);
ost_status ost__mongo_collect(ost_connection *c, size_t i, ost_sink *sink, ost_outcome *outcome,
                              ost_deadline deadline, ost_error *error);
ost_status ost__mongo_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline);
ost_status ost__mongo_settle(ost_connection *c, ost_deadline deadline);
void ost__mongo_streams_end(ost_connection *c, ost_deadline deadline);

/* select.c */
ost_status ost__mongo_select(ost__mongo_run *r);
ost_status ost__mongo_read_on(ost__mongo_run *r, ost__mongo_stream *s);
void ost__mongo_stream_free(ost_connection *c, ost__mongo_stream *s);
/* Tells the server that nobody reads on; failing is no failure. */
void ost__mongo_stream_kill(ost__mongo_run *r, ost__mongo_stream *s);

/* Of select.c for other replies with a cursor. `s` is on the stack, with its reply; op.plan and
 * op.rows say how the documents are read. */
ost_status ost__mongo_stream_take(ost__mongo_run *r, ost__mongo_stream *s);
/* Delivers the first portion, or all. */
ost_status ost__mongo_stream_first(ost__mongo_run *r, ost__mongo_stream *s);
void ost__mongo_stream_forget(ost__mongo_stream *s);
ost_status ost__mongo_too_many_columns(ost__mongo_run *r, ost_status status);

/* statement.c */
ost_status ost__mongo_statement_run(ost__mongo_run *r);

/* watch.c */
ost_status ost__mongo_watch_open(ost_connection *c, const ost_operation *what, const ost_blob *from,
                                 ost_watched *out, ost_deadline deadline, ost_error *error);
ost_status ost__mongo_next_event(ost_connection *c, uint32_t stream, ost_sink *sink,
                                 ost_watched *out, ost_deadline deadline, ost_error *error);
void ost__mongo_watch_free(ost_connection *c, ost__mongo_watch *w);
/* The same, after the server was told that nobody reads on. */
void ost__mongo_watch_kill(ost_connection *c, ost__mongo_watch *w);
/* false: there is no such change stream. */
bool ost__mongo_watch_stop(ost_connection *c, uint32_t stream);

/* insert.c, update.c, limited.c, upsert.c */
ost_status ost__mongo_insert(ost__mongo_run *r);
/* Before the first record of a table in this process is stored: its collection is made outside of
 * the transaction that stores it, if that has not begun. */
ost_status ost__mongo_make_collection(ost__mongo_run *r);
/* Before records are stored: no key that is allotted later is one that they bring with them. */
ost_status ost__mongo_give_keys(ost__mongo_run *r);
ost_status ost__mongo_upsert(ost__mongo_run *r);
ost_status ost__mongo_update(ost__mongo_run *r);
ost_status ost__mongo_delete(ost__mongo_run *r);
/* Ordered or limited: keys first, then by keys, together. */
ost_status ost__mongo_write_limited(ost__mongo_run *r);
/* Writes that give back columns: record by record, together. */
ost_status ost__mongo_write_returning(ost__mongo_run *r);
/* Forgets what a bulk of updates did; at the start of a batch, and before the connection goes. */
void ost__mongo_merged_forget(ost_connection *c);

/* keys.c: `count` keys in a row for the table's auto_key. */
ost_status ost__mongo_keys_take(ost__mongo_run *r, size_t count, int64_t *first);
/* Before records with keys of the program's own are inserted, of which `most` is the largest: no
 * key that is allotted later is one of them. */
ost_status ost__mongo_keys_given(ost__mongo_run *r, int64_t most);
/* A key that was allotted is there already, stored by somebody who does not ask the counter: the
 * next ones are behind all that are there. */
void ost__mongo_keys_doubt(ost__mongo_run *r);
ost__mongo_keys *ost__mongo_keys_new(ost_backend *b);
void ost__mongo_keys_free(ost_backend *b, ost__mongo_keys *keys);

/* define.c, describe.c */
ost_status ost__mongo_define(ost__mongo_run *r);
ost_status ost__mongo_describe(ost__mongo_run *r);

#endif
