/* SPDX-License-Identifier: MIT */
/**
 * @file driver.h
 * The table that a driver implements. For driver authors.
 *
 * A driver runs batches of operations, not text. One thread at a time owns a connection; only `cancel` comes from
 * another. Deadlines are absolute; a slot returns at its deadline at the latest. A driver takes time, randomness and
 * memory from the host table alone (client libraries may allocate on their own).
 *
 * The core checks `abi`, copies `struct_size` bytes of the table, and fills missing slots with stubs that refuse. A
 * driver never sees a batch that breaks these rules: outside a unit a batch holds at most one writing operation of one
 * record, or starts with OST_DO_BEGIN; a stream is the last of its batch.
 *
 * @code
 * #include <ostler/driver.h>
 *
 * static ost_status nothing(const ost_host *host, const ost_options *options, ost_backend **out, ost_error *error)
 * {
 *     (void)host, (void)options, (void)error;
 *     *out = NULL;
 *     return OST_UNSUPPORTED;
 * }
 *
 * static const char *const schemes[] = { "nothing", NULL };
 * const ost_driver nothing_driver = {
 *     .struct_size = sizeof(ost_driver), .abi = OST_DRIVER_ABI, .name = "nothing", .schemes = schemes, .open = nothing,
 * };
 * @endcode
 */
#ifndef OSTLER_DRIVER_H
#define OSTLER_DRIVER_H

#include "ostler/db.h"
#include "ostler/operation.h"
#include "ostler/transaction.h"
#include "ostler/watch.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Number of the interface between core and drivers. */
#define OST_DRIVER_ABI 1

typedef struct ost_backend ost_backend;       /**< A driver's state for a db. Thread-safe. */
typedef struct ost_connection ost_connection; /**< A driver's connection. */

/** The core's services; nothing else of the core is called. */
typedef struct ost_host {
    uint32_t struct_size; /**< sizeof(ost_host). */
    uint32_t abi;         /**< ::OST_DRIVER_ABI. */
    void *context;        /**< Handed to each function. */
    /** `new_size` 0 frees; NULL: no memory, `old` stays. */
    void *(*resize)(void *context, void *old, size_t old_size, size_t new_size);
    /** Monotonic nanoseconds. */
    int64_t (*now)(void *context);
    /** Unpredictable bytes. */
    void (*random)(void *context, void *out, size_t size);
    /** Waits for `events` of poll() on `fd` (-1: none) until the deadline or a cancel: revents, 0 at the deadline, -1 cancelled. */
    int (*wait)(void *context, ost_connection *c, int fd, int events, ost_deadline deadline);
    /** Reports an event (enum ost_event_kind); `text` holds no secret. */
    void (*event)(void *context, uint16_t kind, const char *text);
} ost_host;

/** Abilities, as bit numbers of ost_capabilities.abilities. */
enum ost_ability {
    OST_CAN_PIPELINE,       /**< Several operations in flight. */
    OST_CAN_SAVEPOINT,      /**< Savepoints. */
    OST_CAN_RETURN,         /**< Writes return rows. */
    OST_CAN_STREAM_BESIDE,  /**< Other statements while a stream is open. */
    OST_CAN_DDL_IN_UNIT,    /**< DDL inside a unit. */
    OST_CAN_SKIP_LOCKED,    /**< SKIP LOCKED. */
    OST_CAN_ARRAY_BIND,     /**< Many records in one statement. */
    OST_CAN_BIND_LIST,      /**< A list as one parameter. */
    OST_CAN_COPY,           /**< A bulk path. */
    OST_CAN_RESOLVE_COMMIT, /**< `resolve` answers. */
    OST_CAN_PREPARE,        /**< Prepared statements. */
    OST_CAN_WATCH,          /**< Change streams; `watch` may still refuse a server that is not set up for them. */
    OST_CAN_NEST_JSON,      /**< JSON aggregates. */
    OST_CAN_ADD_KEYS,       /**< Foreign keys are added to tables that are there. */
    OST_CAN_MARK_COMMITS,   /**< Commits are marked in ::OST_MARKS_TABLE, once it is there. */
    OST_CAN_LOCK_ROWS,      /**< Locks on rows; without, a unit that writes locks the database. */
    OST_CAN_RETURN_BEFORE,  /**< Updates give back rows as they were before. */
    OST_CAN_SCHEMAS         /**< Tables in schemas, which may be emulated by their names. */
};
/** What a connection can, read when it is opened. */
typedef struct ost_capabilities {
    uint32_t struct_size;    /**< sizeof(ost_capabilities). */
    uint32_t server_version; /**< 34001 for 3.40.1. */
    uint64_t abilities;      /**< Bits of enum ost_ability. */
    uint32_t max_parameters; /**< In one statement. */
    uint32_t max_identifier; /**< Bytes. */
    uint32_t isolations;     /**< Bit n: enum ost_isolation n is kept. */
    uint32_t reserved;       /**< Zero. */
    size_t max_packet;       /**< Bytes sent at once; 0: no limit known. */
    size_t max_document;     /**< Bytes of a row; 0: no limit known. */
    char server_name[32];    /**< "SQLite". */
    uint64_t fingerprint;    /**< Equal: compiled plans are the same. */
} ost_capabilities;

/** What names a commit, so that its fate can be asked. */
typedef struct ost_commit_token {
    uint8_t size;      /**< Of `bytes`. */
    uint8_t bytes[63]; /**< The driver's own. */
} ost_commit_token;
/** A point in a server's log. */
typedef struct ost_position {
    uint8_t size;       /**< Of `bytes`. */
    uint8_t bytes[127]; /**< The driver's own. */
} ost_position;
/** What came of a change stream. */
typedef struct ost_watched {
    uint32_t struct_size;    /**< sizeof(ost_watched). */
    uint16_t kind;           /**< An enum ost_watch_kind. */
    uint16_t known;          /**< An enum ost_watch_known: what the row of the sink holds. */
    uint8_t open;            /**< 1: the stream goes on; else it needs no `stop_stream`. */
    uint8_t connection_lost; /**< 1: the connection is dead. */
    uint16_t reserved;       /**< Zero. */
    uint32_t round_trips;    /**< To the server. */
    ost_blob token;          /**< What came up to here was delivered, whatever the status; the driver's until its next call. */
} ost_watched;
/** State of a connection's unit. */
enum ost_unit_state { OST_UNIT_NONE, OST_UNIT_OPEN, OST_UNIT_FAILED, OST_UNIT_LOST };
/** Fate of a commit. */
enum ost_verdict { OST_VERDICT_UNKNOWN, OST_VERDICT_COMMITTED, OST_VERDICT_ABORTED };
/** What a lease may have touched, for `reset`. */
enum ost_touched {
    OST_TOUCHED_UNIT = 1, OST_TOUCHED_SETTINGS = 2, OST_TOUCHED_TEMPORARY = 4,
    OST_TOUCHED_LOCKS = 8, OST_TOUCHED_RAW = 16
};

/** A driver. */
struct ost_driver {
    uint32_t struct_size;       /**< sizeof(ost_driver) of the driver. */
    uint16_t abi;               /**< ::OST_DRIVER_ABI. */
    uint16_t reserved;          /**< Zero. */
    const char *name;           /**< "sqlite" */
    const char *const *schemes; /**< What may stand before the URL's colon; ends in NULL. */
    /** @name For a db, on any thread */
    /**@{*/
    /** No input or output on a network. */
    ost_status (*open)(const ost_host *host, const ost_options *options, ost_backend **out,
                       ost_error *error);
    /** All connections are closed. */
    void (*shut)(ost_backend *b, ost_deadline deadline);
    /** Pure: text, or a template. */
    ost_status (*compile)(ost_backend *b, const ost_capabilities *caps, const ost_shape *shape,
                          ost_plan **out, ost_error *error);
    /** Frees a plan. */
    void (*discard)(ost_backend *b, ost_plan *plan);
    /**@}*/
    /** @name Life of a connection */
    /**@{*/
    /** May block until the deadline. */
    ost_status (*connect)(ost_backend *b, const char *endpoint, ost_deadline deadline,
                          ost_connection **out, ost_capabilities *caps, ost_error *error);
    /** Rolls an open unit back and closes. */
    void (*close)(ost_connection *c, ost_deadline deadline);
    /** After fork, in the child: close descriptors, send nothing, free nothing that another process shares. */
    void (*abandon)(ost_connection *c);
    /**@}*/
    /** @name Work */
    /**@{*/
    /** Queues ops[0..*accepted), at least one. Never waits for replies. The operations stay valid until the last collect. */
    ost_status (*submit)(ost_connection *c, const ost_operation *ops, size_t n, size_t *accepted,
                         ost_deadline deadline, ost_error *error);
    /**
     * Delivers rows and outcome of the i-th operation; called for 0, 1, … in order. After an error
     * the rest report OST_NOT_RUN. A stream that reported OST_MORE goes on with OST_STREAM(its
     * number) and a fresh sink, also after other batches. On ::OST_TIMEOUT or ::OST_CANCELLED
     * replies may be owed: the core calls settle.
     * @return The outcome's status.
     */
    ost_status (*collect)(ost_connection *c, size_t i, ost_sink *sink, ost_outcome *outcome,
                          ost_deadline deadline, ost_error *error);
    /** Ends stream number `stream` early; the connection is clean and the unit still open afterwards, or it must be closed. */
    ost_status (*stop_stream)(ost_connection *c, uint32_t stream, ost_deadline deadline);
    /**
     * After a time-out or cancel: reads what is owed until the deadline, and ends every stream.
     * OST_OK: usable (ask unit_state); OST_TIMEOUT: replies are still owed. The core asks on the
     * session's thread with a deadline that has passed, and then, after `cancel`, on a thread of
     * the pool.
     */
    ost_status (*settle)(ost_connection *c, ost_deadline deadline);
    /** On another thread; hits only that batch (the core counts submits from 1). */
    void (*cancel)(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline);
    /**@}*/
    /** @name State, asked of the client library */
    /**@{*/
    /** No round trip. */
    enum ost_unit_state (*unit_state)(ost_connection *c);
    /** Makes it as new; `touched` is of enum ost_touched. */
    ost_status (*reset)(ost_connection *c, uint32_t touched, ost_deadline deadline);
    /** No round trip. */
    bool (*alive)(ost_connection *c);
    /** Whether it may be written to. */
    ost_status (*role)(ost_connection *c, bool *writable, ost_deadline deadline);
    /**@}*/
    /** @name Lost commits and replicas */
    /**@{*/
    /** Known before COMMIT is submitted, else ::OST_UNSUPPORTED. No round trip. */
    ost_status (*commit_token)(ost_connection *c, ost_commit_token *out);
    /** Asks a fresh connection. */
    enum ost_verdict (*resolve)(ost_connection *fresh, const ost_commit_token *token,
                                ost_deadline deadline);
    /** Where the log is now. */
    ost_status (*position)(ost_connection *c, ost_position *out, ost_deadline deadline);
    /** Whether a replica has come so far. */
    ost_status (*reached)(ost_connection *c, const ost_position *p, bool *yes,
                          ost_deadline deadline);
    /**@}*/
    /** @name Changes */
    /**@{*/
    /**
     * Opens a change stream, outside of units: a plain select of all members, whose `stream` is a
     * number unique among the connection's open streams. Its shape, plan and rows stay valid until
     * the stream ends, its parameters until this returns. `from` is a token (NULL: from now on);
     * one that is none is ::OST_MISUSE. stop_stream ends it.
     */
    ost_status (*watch)(ost_connection *c, const ost_operation *what, const ost_blob *from,
                        ost_watched *out, ost_deadline deadline, ost_error *error);
    /**
     * The next change: at most one row. Goes on by itself where connection or server were lost,
     * while there is time. Nothing is owed afterwards, unless the connection is lost. ::OST_TIMEOUT
     * with `open`: no change came. ::OST_RANGE with `open`: a change was passed over, because its
     * record does not fit.
     */
    ost_status (*next_event)(ost_connection *c, uint32_t stream, ost_sink *sink, ost_watched *out,
                             ost_deadline deadline, ost_error *error);
    /**@}*/
    /** Pure: what an error of the database means. `op` may be NULL. */
    void (*classify)(const ost_operation *op, int32_t native_code, const char sql_state[6],
                     const char *text, ost_error *error);
    /** The client library's own handle. */
    void *(*native)(ost_connection *c);
    /** The statement of a plan, with placeholders; lives as long as the plan. */
    const char *(*plan_text)(const ost_plan *plan);
    /** @name Raw statements */
    /**@{*/
    /**
     * Pure: reads a raw statement (OST_DO_RAW), its text and parameters, before a connection is
     * taken; those are plain, of source OST_FROM_VALUE, OST_IS_NULL or OST_FROM_LIST. The shape has
     * nothing but its kind and, maybe, the table that it is over. A row's steps are found by the
     * columns of their fields. What is submitted is this operation with the plan; `discard` frees
     * it afterwards.
     * @param flags Set to OST_FLAG_WRITES unless it is known to write nothing.
     */
    ost_status (*compile_raw)(ost_backend *b, const ost_operation *op, ost_plan **out,
                              uint16_t *flags, ost_error *error);
    /**@}*/
};

#ifdef __cplusplus
}
#endif
#endif
