/* SPDX-License-Identifier: MIT */
/* What the sources of the fake driver share. */
#ifndef OSTLER_FAKE_INSIDE_H
#define OSTLER_FAKE_INSIDE_H

#include "fake/fake.h"

#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    OST__FAKE_SCHEME_SIZE = 32,
    OST__FAKE_LOG_MAX = 16384,
    OST__FAKE_VIOLATIONS_MAX = 256,
    OST__FAKE_VIOLATION_SIZE = 256
};

/* A rule and how often it was met. */
typedef struct ost__fake_scripted {
    ost_fake_rule rule;
    uint64_t matched, acted;
} ost__fake_scripted;

struct ost_fake {
    ost_driver driver; /* first: open() finds the fake by its table */
    char scheme[OST__FAKE_SCHEME_SIZE];
    const char *schemes[2];
    ost_driver inner; /* zeros if there is none */
    bool has_inner;
    ost_fake_options options;
    ost__memory memory;
    ost_platform platform;
    atomic_int_fast64_t clock;
    atomic_bool clock_is_used;
    atomic_uint_fast64_t abandons; /* not under the lock, which a fork may have left locked */
    pthread_mutex_t lock;          /* for all below */
    ost__fake_scripted *rules;
    size_t rule_count, rule_capacity;
    ost_fake_entry *log;
    size_t log_count, log_capacity;
    char (*violations)[OST__FAKE_VIOLATION_SIZE];
    size_t violation_count, violation_capacity; /* those that are kept */
    uint8_t *verdicts;                          /* by number of the unit: enum ost_verdict */
    size_t unit_count, verdict_capacity;
    uint32_t connection_count; /* ever opened */
    ost_connection *connections;
    ost_fake_counts counts;
};

struct ost_backend {
    ost_fake *fake;
    ost_host host;       /* the core's */
    ost_host inner_host; /* the inner driver's: the same, with connections translated */
    ost__memory memory;
    ost_backend *inner;
    ost_plan *plans; /* compiled and not discarded; under the fake's lock */
};

struct ost_plan {
    ost_plan *next, **link; /* of the backend's; what points to it */
    ost_backend *backend;
    ost_plan *inner;
    size_t size; /* of the whole */
    char text[]; /* without an inner driver */
};

/* Rows that were taken from an inner driver and wait for their sink. */
typedef struct ost__fake_piece {
    struct ost__fake_piece *next;
    size_t size; /* of the whole */
    size_t used; /* of data, by rows */
    _Alignas(max_align_t) uint8_t data[];
} ost__fake_piece;
typedef struct ost__fake_rows {
    ost_sink sink; /* first */
    const ost__memory *memory;
    ost__fake_piece *pieces, *newest; /* of rows, oldest first */
    ost__fake_piece *bytes;
    size_t next_count; /* rows of the next piece */
    /* A column that does not fit: reported by the inner driver, or made up by a rule. */
    bool spoilt;
    uint16_t spoilt_column;
    size_t spoilt_row;
    ost_status why;
} ost__fake_rows;

enum ost__fake_state { OST__FAKE_NEW, OST__FAKE_DECIDED, OST__FAKE_PASSES, OST__FAKE_HELD };
/* What becomes of one operation. */
typedef struct ost__fake_slot {
    struct ost__fake_slot *next; /* the connection's open streams */
    ost_operation op;            /* as the core gave it */
    ost_operation inner_op; /* as the inner driver sees it, until it has delivered everything */
    uint64_t batch;
    size_t index;
    uint16_t state;  /* enum ost__fake_state */
    bool paused;     /* its delay is over */
    bool hinted;     /* the sink was told how many rows will come */
    bool inner_open; /* the inner driver has more rows */
    bool ran_badly;  /* `error` and `outcome` say how, before any rule */
    int64_t delay_ns;
    ost_fake_rule rule; /* action 0: none decided */
    ost__fake_rows rows;
    size_t position; /* rows delivered, or dropped */
    int64_t delivered;
    ost_outcome outcome;
    ost_error error;
    uint8_t *effects; /* copied; outcome.effects points here */
    size_t effects_size;
} ost__fake_slot;

typedef struct ost__fake_batch {
    const ost_operation *ops;
    ost__fake_slot **slots;
    size_t count, next;
    uint64_t digest;
    size_t ran;   /* operations before this index were run by submit */
    bool stopped; /* by a failure: the rest does not run */
    bool erred;   /* an error was reported: the core may leave the rest uncollected */
} ost__fake_batch;

struct ost_connection {
    ost_connection *next; /* all that were ever opened, until the backend is shut */
    ost_backend *backend;
    ost_fake *fake;
    ost_capabilities caps;
    uint32_t number;
    int wake[2]; /* cancel writes, a waiting operation reads: it stands for the socket */
    atomic_bool busy, closed, killed, killed_silently;
    pthread_mutex_t guard; /* for inner and the three numbers, which cancel reads */
    ost_connection *inner;
    uint64_t batch_number, inner_batch, cancelled;
    bool lost, owes, inner_owes, unit_failed;
    bool unit_open;     /* as far as the operations say */
    int64_t last_key;   /* made up for inserts without an inner driver */
    size_t unit_number; /* from 1; 0: outside */
    bool token_known;
    ost__fake_batch batch;
    ost__fake_slot *streams;
};

/* ---- script.c ---- */
void ost__fake_lock(ost_fake *f);
void ost__fake_unlock(ost_fake *f);
/* What the script says about a moment: calls what is to be called, adds up delays, finds what
 * decides. */
typedef struct ost__fake_decision {
    ost_fake_rule rule; /* action 0: none */
    int64_t delay_ns;
} ost__fake_decision;
void ost__fake_decide(ost_fake *f, const ost_fake_moment *moment, ost__fake_decision *out);
/* Fills `e` as the rule says; returns the status. */
ost_status ost__fake_rule_error(ost_fake *f, const ost_fake_rule *rule, const ost_operation *op,
                                ost_error *e);
/* Waits for a delay. `c` may be NULL. OST_OK, OST_TIMEOUT or OST_CANCELLED. */
ost_status ost__fake_pause(ost_backend *b, ost_connection *c, int64_t delay_ns,
                           ost_deadline deadline);
/* Decides and pauses at a point without an operation. */
ost_status ost__fake_at(ost_backend *b, ost_connection *c, uint16_t point, const char *name,
                        ost_deadline deadline, ost_error *e);
/* ---- record.c ---- */
void ost__fake_note(ost_fake *f, const ost_fake_entry *entry);
/* An entry of a point without an operation. */
void ost__fake_note_point(ost_fake *f, const ost_connection *c, uint16_t point, ost_status status,
                          const char *text);
void ost__fake_violate(ost_fake *f, const ost_connection *c, const char *what, const char *about);
/* Units and what became of them. */
size_t ost__fake_unit_begun(ost_fake *f);
void ost__fake_unit_ended(ost_fake *f, size_t unit, enum ost_verdict verdict);
enum ost_verdict ost__fake_unit_verdict(ost_fake *f, size_t unit);
/* Grows an array to hold one item more. */
bool ost__fake_grow(const ost__memory *m, void **items, size_t *capacity, size_t count, size_t size,
                    size_t most);

/* ---- contract.c ---- */
bool ost__fake_enter(ost_connection *c, const char *slot); /* false: it is closed */
void ost__fake_leave(ost_connection *c);
void ost__fake_check_deadline(ost_connection *c, const char *slot, ost_deadline deadline);
void ost__fake_check_submit(ost_connection *c, const ost_operation *ops, size_t n);
void ost__fake_check_collect(ost_connection *c, size_t i, const ost_operation *op,
                             const ost_sink *sink);
uint64_t ost__fake_digest(const ost_operation *ops, size_t n);
const char *ost__fake_name_of(const ost_operation *op);
/* "schema.table", or the table alone. */
void ost__fake_full_name(const ost_table *t, char *out, size_t size);

/* ---- rows.c ---- */
void ost__fake_rows_begin(ost__fake_rows *r, const ost__memory *m, const ost_operation *op);
void ost__fake_rows_finish(ost__fake_rows *r);
/* The row at `index`, or NULL. */
const void *ost__fake_row(ost__fake_rows *r, size_t index);
/* Takes a row from the sink and fills it; false: the sink stopped. */
bool ost__fake_deliver(ost_sink *sink, const ost_row_program *program, const void *row);

/* ---- run.c ---- */
/* Asks the script, runs the operation and holds what came of it. false: it failed. */
bool ost__fake_run_ahead(ost_connection *c, ost__fake_slot *s, ost_deadline deadline);
/* One portion, or all, of what was prepared. */
ost_status ost__fake_serve(ost_connection *c, ost__fake_slot *s, ost_sink *sink,
                           ost_outcome *outcome, ost_deadline deadline, ost_error *e);
enum ost_unit_state ost__fake_unit_state(ost_connection *c);
void ost__fake_lose(ost_connection *c, ost_deadline deadline);
/* Rolls the inner unit back. */
ost_status ost__fake_undo(ost_connection *c, ost_deadline deadline);

/* ---- batch.c ---- */
void ost__fake_drop_batch(ost_connection *c, ost_deadline deadline);
void ost__fake_drop_streams(ost_connection *c, ost_deadline deadline);
ost_status ost__fake_submit(ost_connection *c, const ost_operation *ops, size_t n, size_t *accepted,
                            ost_deadline deadline, ost_error *e);
ost_status ost__fake_collect(ost_connection *c, size_t i, ost_sink *sink, ost_outcome *outcome,
                             ost_deadline deadline, ost_error *e);
ost_status ost__fake_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline);
ost_status ost__fake_settle(ost_connection *c, ost_deadline deadline);
void ost__fake_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline);

/* ---- connection.c ---- */
ost_status ost__fake_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                             ost_connection **out, ost_capabilities *caps, ost_error *e);
void ost__fake_disconnect(ost_connection *c, ost_deadline deadline);
void ost__fake_abandon(ost_connection *c);
/* Frees what is left of the backend's connections; returns how many were open. */
size_t ost__fake_free_connections(ost_backend *b, ost_deadline deadline);
/* Checks at the entry of a slot: closed, killed or lost is OST_CONNECTION. */
ost_status ost__fake_usable(ost_connection *c, ost_deadline deadline, ost_error *e);
ost_status ost__fake_reset(ost_connection *c, uint32_t touched, ost_deadline deadline);
bool ost__fake_alive(ost_connection *c);
ost_status ost__fake_role(ost_connection *c, bool *writable, ost_deadline deadline);
enum ost_unit_state ost__fake_state(ost_connection *c);
ost_status ost__fake_commit_token(ost_connection *c, ost_commit_token *out);
enum ost_verdict ost__fake_resolve(ost_connection *fresh, const ost_commit_token *token,
                                   ost_deadline deadline);
ost_status ost__fake_position(ost_connection *c, ost_position *out, ost_deadline deadline);
ost_status ost__fake_reached(ost_connection *c, const ost_position *p, bool *yes,
                             ost_deadline deadline);
ost_status ost__fake_watch(ost_connection *c, const ost_operation *what, const ost_blob *from,
                           ost_watched *out, ost_deadline deadline, ost_error *e);
ost_status ost__fake_next_event(ost_connection *c, uint32_t stream, ost_sink *sink,
                                ost_watched *out, ost_deadline deadline, ost_error *e);
void *ost__fake_native(ost_connection *c);
/* The URL behind our own scheme. */
const char *ost__fake_inner_url(const ost_fake *f, const char *url);

/* ---- driver.c ---- */
void ost__fake_table(ost_driver *out);

#endif
