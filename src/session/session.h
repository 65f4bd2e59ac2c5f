/* SPDX-License-Identifier: MIT */
/* The session's inside. One noun a file: tracking (track.c), the journal (journal.c), units
 * (unit.c), running operations (run.c). */
#ifndef OSTLER_SESSION_SESSION_H
#define OSTLER_SESSION_SESSION_H

#include "base/error.h"
#include "model/rules.h"
#include "ostler/transaction.h"
#include "ostler/watch.h"
#include "query/record_plan.h"
#include "session/call.h"
#include "session/callback.h"
#include "session/db.h"

enum {
    OST__UNITS_MAX = 16,      /* a transaction and the savepoints inside it */
    OST__RECORDS_FIRST = 512, /* first chunk: row, snapshot and texts of one record */
    OST__SCRATCH_FIRST = 4096,
    OST__CURSOR_BATCH = 256,
    OST__END_MS = 1000 /* at most, of a rollback past its transaction's deadline, or of a close */
};

/* Records that were loaded together, or one record from ost_new(). */
typedef struct ost__batch {
    const ost__model *model;
    uint8_t *rows;
    uint8_t *snapshot; /* as stored; NULL: not stored yet */
    uint32_t *order;   /* row i is snapshot order[i]; NULL: snapshot i */
    size_t count;
    uint64_t sequence; /* of creation */
    ost__field_set loaded;
    uint8_t *renewed; /* of each snapshot: read or written whole since; NULL: of none */
    bool after_write; /* loaded inside a unit that had written */
    bool undone;      /* what is stored is not known any more: to be reloaded */
    bool mixed;       /* loaded without what says whether a record is soft-deleted */
} ost__batch;

typedef struct ost__undo {
    struct ost__undo *older;
    ost__batch *batch;
    uint8_t *record, *snapshot;             /* where they are; snapshot NULL with `fresh` */
    uint8_t *saved_record, *saved_snapshot; /* what they were */
    size_t record_size, snapshot_size;
    ost__field_set written; /* members of the record that the library wrote; `whole`: all of them */
    bool whole, fresh, dead; /* fresh: there was no snapshot; dead: the record was released */
    bool renewed;            /* what the batch said of the snapshot */
} ost__undo;

typedef struct ost__journal {
    ost__arena memory;
    ost__undo *newest;
} ost__journal;

typedef struct ost__unit {
    bool sent; /* BEGIN or SAVEPOINT was run */
    bool wrote, read_only;
    bool joined; /* part of the unit around it: neither BEGIN nor SAVEPOINT is its own */
    uint16_t isolation;
    ost_deadline deadline;
    uint64_t sequence;  /* batches from here on were created inside */
    ost__undo *journal; /* newest when it began */
    ost__arena_mark journal_mark;
    char name[16];
} ost__unit;

typedef struct ost__live_mark ost__live_mark;
typedef struct ost__slab {
    struct ost__slab *next;
    size_t size;
} ost__slab;

struct ost_session {
    ost_db *db;
    atomic_bool entered; /* a call runs */
    bool read_only;
    uint32_t epoch; /* of the process that opened it */
    uint32_t timeout_ms;
    int cancel;            /* whether the thread could be cancelled before the call that runs */
    ost__loan *loan;       /* a function of the program's runs inside a call; NULL: none */
    void *context;         /* of such functions */
    int64_t now;           /* monotonic, of the call that runs */
    ost_deadline deadline; /* of the call that runs */
    ost__arena records;    /* what is handed out */
    ost__arena kept;       /* texts of records older than a mark, saved since */
    ost__arena scratch;    /* of one call */
    ost__arena hashes;     /* of passwords, imported; nothing else is in there */
    ost__hashing hashing;
    ost__lease *lease;
    uint32_t unit_count;
    int32_t doomed;            /* the unit that a failure dooms; -1: none */
    bool undo;                 /* ost_undo() was called */
    uint32_t upsert_conflicts; /* of the upsert that runs: see ost__upsert_enter() */
    ost__unit units[OST__UNITS_MAX];
    ost__journal journal;
    ost__query *live_queries, *free_queries, *free_queries_last;
    ost__slab *slabs;
    ost_cursor *cursors;
    ost_watcher *watchers;
    uint32_t open_cursors, open_watchers;
    uint32_t next_stream; /* numbers of both */
    ost__callbacks callbacks;
    ost__live_mark *marks;
    uint64_t sequence;
    ost_error error;         /* of the last failed call */
    ost_error scratch_error; /* a failure that may not surface */
    ost_error doom;          /* the failure that doomed */
};

/* Sequence of the newest mark; 0: none. */
uint64_t ost__newest_mark(const ost_session *s);

/* ---- session.c ---- */

/* Every public call stands between these. false: another thread is inside, or the session was
 * opened before a fork: touch nothing. */
bool ost__enter(ost_session *s);
/* The same for calls that ask nothing of the database: no deadline is taken. */
bool ost__enter_briefly(ost_session *s);
ost_status ost__leave(ost_session *s, ost_status status);
ost_status ost__leave_briefly(ost_session *s, ost_status status);
ost_status ost__fail(ost_session *s, ost_status status, const char *format, ...) OST__PRINTF(3, 4);
ost_status ost__no_memory(ost_session *s);
/* The same failure, after the database had seen the call. */
ost_status ost__after_sending(ost_session *s, ost_status status);
/* The compiled model, or NULL with the error set. */
const ost__model *ost__session_model(ost_session *s, const ost_model *m, size_t record_size);
/* A record's model: also not a part. */
const ost__model *ost__session_record_model(ost_session *s, const ost_model *m, size_t record_size,
                                            const void *record);
ost__query *ost__session_new_query(ost_session *s, const ost__model *m);
/* A query of one call on a model with a default scope, which has run; its failure is the session's
 * error then. Nobody keeps the query: it lies in scratch memory, and ost__session_drop_query() must
 * follow. */
ost_status ost__session_scoped_query(ost_session *s, const ost__model *m, ost__query **out);
void ost__session_drop_query(ost_session *s, ost__query *q);

/* ---- track.c ---- */

/* Images of records become structs, one behind the other, where the first of them lies. */
void ost__images_pack(const ost__model *m, void *images, size_t count);
/* Registers rows in s->records. Of those that are stored images are given: they become the
 * snapshot and then structs. NULL: no memory. */
ost__batch *ost__track(ost_session *s, const ost__model *m, void *rows, size_t count, bool stored,
                       const ost__field_set *loaded);
/* The batch of a record and its index; NULL: it is none of the session's. */
ost__batch *ost__tracked(const ost_session *s, const void *record, size_t *index);
/* The snapshot of row `index`, found by its key if the program sorted the rows. NULL: the error is
 * set. */
uint8_t *ost__snapshot(ost_session *s, ost__batch *b, size_t index);
/* The same where a record may have a new key: it takes the snapshot at its place then. */
uint8_t *ost__snapshot_or_place(ost_session *s, ost__batch *b, size_t index);
/* The order of two rows by some of their members. */
int ost__compare_by(const ost_field *const *fields, uint32_t count, const uint8_t *a,
                    const uint8_t *b);
/* Sorts numbers of rows by members of the rows, stably; `spare` has as much room. */
void ost__sort_by(const ost_field *const *fields, uint32_t field_count, size_t row_size,
                  const uint8_t *rows, uint32_t *list, uint32_t *spare, size_t count);
/* The same by their keys. */
void ost__sort_by_key(const ost__model *m, size_t row_size, const uint8_t *rows, uint32_t *list,
                      uint32_t *spare, size_t count);
/* Where the row of a snapshot is now, which was at `row`; NULL: the program changed its key. */
uint8_t *ost__row_of(const ost__batch *b, uint8_t *row, const uint8_t *snapshot);
/* Whether all of the row's members are known, although its batch was loaded in part or undone. */
bool ost__is_renewed(const ost__batch *b, const uint8_t *snapshot);
/* Room for ost__renew(), which may be called once the row was read or written whole. */
ost_status ost__may_renew(ost_session *s, ost__batch *b);
void ost__renew(ost__batch *b, const uint8_t *snapshot, bool renewed);
/* What is stored of the batch's rows is not known any more: they must be reloaded. */
void ost__distrust(ost__batch *b);
/* Copies the texts and blobs of the fields in `which` that `record` holds into memory that lives as
 * long as the batch. */
ost_status ost__own_texts(ost_session *s, const ost__batch *b, void *record,
                          const ost__field_set *which);
/* The same of an image, the converted members of which are then made of what was copied. */
ost_status ost__own_image(ost_session *s, const ost__batch *b, void *image,
                          const ost__field_set *which);
void ost__each_batch(ost_session *s, uint64_t from_sequence,
                     void (*each)(ost__batch *b, void *context), void *context);

/* ---- journal.c ---- */

/* Remembers record and snapshot before the library writes `written` (NULL: nothing of the record).
 * Outside a unit: nothing. */
ost_status ost__journal_add(ost_session *s, ost__batch *b, uint8_t *record, uint8_t *snapshot,
                            const ost__field_set *written);
/* Remembers every tracked record as it is, for a body that may run again. */
ost_status ost__journal_all(ost_session *s);
void ost__journal_undo(ost_session *s, const ost__unit *unit);
/* It is not known whether the unit happened: what it touched or loaded must be reloaded. */
void ost__journal_distrust(ost_session *s, const ost__unit *unit);
void ost__journal_forget(ost_session *s);
/* Drops what is about records that were released. */
void ost__journal_prune(ost_session *s);

/* ---- unit.c ---- */

ost_status ost__unit_begin(ost_session *s, const ost_transaction_options *options);
/* A transaction or savepoint for what is all or nothing; !*begun: one is open and has no
 * savepoints, so that what fails half-way dooms it. */
ost_status ost__unit_begin_own(ost_session *s, bool *begun);
/* Whether a unit of the library's own that ended so is run again, as often as the deadline allows:
 * another one was faster. Waits a little then. At the deadline the status becomes OST_TIMEOUT. An
 * upsert's first OST_CONFLICT is run again, too. */
bool ost__unit_repeats(ost_session *s, ost_status *status, uint32_t attempt);
/* Ends a transaction of the library's own in which nothing was done; false: something was. */
bool ost__unit_unused(ost_session *s);
ost_status ost__unit_commit(ost_session *s);
void ost__unit_rollback(ost_session *s);
/* If a unit is doomed: its error becomes the session's, and its status is returned. */
ost_status ost__unit_check(ost_session *s);
/* After a failed operation: which unit it dooms. */
void ost__unit_failed(ost_session *s, const ost_operation *op, const ost_outcome *outcome);

/* The session's error dooms the innermost unit, if there is one. */
void ost__unit_doom(ost_session *s);
/* The session's error says more now than when it doomed. */
void ost__unit_retell(ost_session *s);
/* The connection is closed: with it goes what was done in the unit that is open on it. */
void ost__unit_lost(ost_session *s);

/* ---- run.c ---- */

/* A statement's plan and operation. The plan is released by ost__run_end(). */
typedef struct ost__run {
    ost_session *session;
    ost__plan *plan;
    bool pinned; /* the plan stays without a reference of ours */
    ost_operation op;
    ost_outcome outcome;
} ost__run;

/* Nothing is leased or compiled yet; ost__run_end() may follow. What begins a run does this first.
 */
void ost__run_start(ost__run *r, ost_session *s);
/* Leases a connection and compiles; ost__run_end() must follow, also after a failure. */
ost_status ost__run_begin(ost__run *r, ost_session *s, const ost__statement *st);
/* The same for a ready plan, if there is one: *found says whether. */
ost_status ost__run_begin_record(ost__run *r, ost_session *s, const ost__model *m,
                                 enum ost__record_kind kind, const ost__field_set *set,
                                 const ost__record_plan **found);
/* Whether the session and its transaction allow a write. */
ost_status ost__may_write(ost_session *s);
/* Runs it, after the BEGIN and SAVEPOINTs that are owed. */
ost_status ost__run_go(ost__run *r, ost_sink *sink);
/* A later portion of a stream failed: the error becomes the session's. */
void ost__run_failed(ost__run *r, ost_sink *sink, ost_error *error);
void ost__run_end(ost__run *r);
/* One operation without a shape: COMMIT, savepoints. */
ost_status ost__run_control(ost_session *s, uint16_t kind, const ost__unit *unit,
                            ost_outcome *outcome);
/* The session's connection; leased if it has none. */
ost_status ost__session_lease(ost_session *s);
/* Gives the connection back unless a unit or cursor needs it; `usable` false closes it. */
void ost__session_unlease(ost_session *s, bool usable);

/* ---- sink.c ---- */

typedef struct ost__rows_block ost__rows_block;
typedef struct ost__sink {
    ost_sink base; /* first */
    ost__arena *arena;
    const ost__memory *memory;
    uint8_t *block; /* being filled */
    size_t block_size;
    uint8_t *first; /* the block in the arena */
    size_t first_size, first_used;
    ost__rows_block *older, *current; /* further blocks, newest first */
    uint8_t *span;
    size_t span_size;
    const ost_row_program *program;
    uint16_t failed_column;
    bool failed;
} ost__sink;

bool ost__sink_begin(ost__sink *k, ost__arena *arena, const ost__memory *memory,
                     const ost_row_program *program, size_t hint, size_t max_rows);
/* The rows, one behind the other, in the arena; NULL: no memory. Frees everything else. */
void *ost__sink_finish(ost__sink *k, size_t *count);
void ost__sink_abandon(ost__sink *k);

/* ---- read.c ---- */

/* Runs a select; rows are contiguous. *rows is never NULL on OST_OK. `track`: they are given to the
 * program, and records are tracked unless the session is read-only; else they are images still. */
ost_status ost__select(ost_session *s, const ost__statement *st, bool track, void **rows,
                       size_t *count);
/* The same for an operation that was begun, or for a write that gives back records. */
ost_status ost__run_rows(ost__run *r, bool track, void **rows, size_t *count);
ost_status ost__not_found(ost_session *s, const ost__model *m);
ost_status ost__count(ost_session *s, const ost__query *q, int64_t *count);
/* A select of one record; `conditions` must hold too (NULL: there are none). */
ost_status ost__assemble_key(ost_session *s, const ost__model *m, enum ost__among among,
                             const ost__section *conditions, const ost_value *key, size_t count,
                             ost__statement *out);
/* The query of a handle, or NULL with the session's error set. Enters the session. */
ost__query *ost__enter_query(ost_query *handle, ost_session **s);
ost_status ost__query_status(ost_session *s, const ost__query *q);
/* Whether a lock of this mode (enum ost_lock_mode) can be taken now. */
ost_status ost__may_lock(ost_session *s, const ost__model *m, uint16_t mode);
/* Why a handle has no session to enter: there was no memory for a query, else OST_MISUSE. */
ost_status ost__query_unentered(const ost_query *handle);

#endif
