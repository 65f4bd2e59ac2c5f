/* SPDX-License-Identifier: MIT */
/**
 * @file fake.h
 * A driver for tests: it wraps another driver, or none, and follows a script.
 *
 * An ost_fake is a script and a record of what happened. Its driver table is given to ost_open()
 * like any other; the URL `fake:sqlite::memory:` opens `sqlite::memory:` with the inner driver.
 * Rules say which operations fail, when, and how: before they ran, after they ran with their answer
 * lost, after some rows, late, or with a dead connection. Rules may also answer an operation with
 * rows of their own, so that no database is needed at all.
 *
 * The fake also keeps watch over the core: what breaks the contract of driver.h is recorded as a
 * violation, which the test reads at its end. Nothing aborts.
 *
 * All functions are thread-safe. A fake must outlive the databases that were opened with it.
 *
 * @code
 * ost_fake *fake = ost_fake_open(ost_driver_sqlite(), NULL);
 * ost_fake_add(fake, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_COMMIT),
 *                                  .action = OST_FAKE_LOSE_ANSWER,
 *                                  .effects = OST_FAKE_LOSES_CONNECTION));
 * ost_open(OST_OPTIONS(.url = "fake:sqlite::memory:",
 *                      .drivers = OST_DRIVERS(ost_fake_driver(fake)),
 *                      .models = OST_MODELS(&book_model)), &db, &error);
 * // … the first commit is done, and its answer never comes.
 * assert_int_equal(ost_fake_violation_count(fake), 0);
 * @endcode
 */
#ifndef OSTLER_FAKE_H
#define OSTLER_FAKE_H

#include "ostler/driver.h"

/** A script and a record of what happened. */
typedef struct ost_fake ost_fake;

/** When operations run. */
enum ost_fake_execution {
    OST_FAKE_LAZY, /**< When they are collected, as on a blocking driver. */
    OST_FAKE_EAGER /**< When they are submitted, as on a pipeline: results wait for collect. */
};
/** How a fake behaves. Zero is the default everywhere. */
typedef struct ost_fake_options {
    size_t struct_size;        /**< Filled by OST_FAKE_OPTIONS(). */
    const char *scheme;        /**< Of its URLs, at most 31 bytes; copied; default "fake". */
    uint16_t execution;        /**< An enum ost_fake_execution. */
    bool fails_units;          /**< As PostgreSQL: after a failure a unit accepts only rollback. */
    bool resolves_commits;     /**< It gives commit tokens, and knows each unit's fate. */
    bool owes_until_cancel;    /**< As over a network: what timed out is not settled before a cancel
                                  came. */
    uint32_t accepts;          /**< Most operations of one submit; 0: all; 1: it cannot pipeline. */
    uint32_t max_parameters;   /**< Instead of the inner driver's; 0: as the inner driver says. */
    uint32_t max_identifier;   /**< Alike. */
    uint64_t add_abilities;    /**< Bits of enum ost_ability. */
    uint64_t remove_abilities; /**< The same. */
} ost_fake_options;
/** Options with their size. */
#define OST_FAKE_OPTIONS(...) \
    (&(const ost_fake_options){ .struct_size = sizeof(ost_fake_options), __VA_ARGS__ })

/**
 * Makes a fake.
 * @param inner Runs what the script lets pass; its table is copied. NULL: every operation succeeds
 * and does nothing.
 * @param options Borrowed; NULL: defaults.
 * @return NULL: no memory, options that make no sense, or an inner table that lacks what every
 * driver needs.
 */
ost_fake *ost_fake_open(const ost_driver *inner, const ost_fake_options *options);
/** Every db opened with it must be closed before. NULL is ignored. */
void ost_fake_close(ost_fake *f);
/** Its table, for OST_DRIVERS(); lives as long as the fake. */
const ost_driver *ost_fake_driver(ost_fake *f);

/* ---- the script ---- */

/** Where a rule acts. */
enum ost_fake_point {
    OST_FAKE_AT_OPERATION,   /**< An operation runs. */
    OST_FAKE_AT_SUBMIT,      /**< A batch is submitted; the rule looks at its first operation. */
    OST_FAKE_AT_OPEN,        /**< A db is opened; `name` is the inner URL. */
    OST_FAKE_AT_COMPILE,     /**< A shape is compiled; `kinds` and `name` look at it. */
    OST_FAKE_AT_CONNECT,     /**< A connection is opened; `name` is the inner endpoint. */
    OST_FAKE_AT_RESET,       /**< A connection is made as new. */
    OST_FAKE_AT_SETTLE,      /**< A connection is drained. */
    OST_FAKE_AT_STOP_STREAM, /**< A stream is ended early. */
    OST_FAKE_AT_ALIVE,       /**< It is asked whether a connection is alive. */
    OST_FAKE_AT_ROLE,        /**< It is asked whether it may be written to. */
    OST_FAKE_AT_RESOLVE,     /**< It is asked what became of a commit; a failure is "unknown". */
    OST_FAKE_AT_CLOSE,       /**< A connection is closed; only delays and calls. */
    OST_FAKE_AT_CANCEL       /**< A batch is cancelled; only delays and calls. */
};
/** What a rule does. */
enum ost_fake_action {
    OST_FAKE_REFUSE = 1,  /**< Fails before it ran. The only failure at other points. */
    OST_FAKE_LOSE_ANSWER, /**< Runs, then reports a failure without rows. */
    OST_FAKE_CUT,         /**< Runs, delivers the first `rows` rows, then fails. */
    OST_FAKE_SPOIL,       /**< Runs; `column` of row `rows` (from 0) does not fit its member. */
    OST_FAKE_ANSWER,      /**< Does not run: delivers `records`, reports what the rule says. */
    OST_FAKE_DELAY,       /**< Waits, at the longest until the deadline; later rules still act. */
    OST_FAKE_CALL         /**< Calls `call`; later rules still act. */
};
/** What else comes with a failure, as bits. */
enum ost_fake_effects {
    OST_FAKE_LOSES_CONNECTION = 1, /**< It is dead; what was not committed is undone. */
    OST_FAKE_ENDS_UNIT = 2,        /**< The database rolled the whole unit back. */
    OST_FAKE_FAILS_UNIT = 4,       /**< The unit accepts nothing but a rollback. */
    OST_FAKE_NOTHING_SENT = 8,     /**< The error says that the database never saw it. */
    OST_FAKE_RETRYABLE = 16        /**< The error says so; deadlocks and such say it anyway. */
};
/** For ost_fake_rule's `times` and `delay_ns`: without end. */
#define OST_FAKE_ALWAYS UINT32_MAX
#define OST_FAKE_FOREVER INT64_MAX
/** The bit of an enum ost_operation_kind. */
#define OST_FAKE_KIND(kind) (1U << (kind))

/** What a rule's function is told. Its pointers are valid during the call. */
typedef struct ost_fake_moment {
    uint16_t point;      /**< An enum ost_fake_point. */
    uint16_t kind;       /**< An enum ost_operation_kind, where there is an operation or a shape. */
    uint32_t connection; /**< From 1, in the order in which they were opened; 0: none yet. */
    uint64_t batch;      /**< From 1; 0: none. */
    size_t index;        /**< Of the operation in its batch. */
    const ost_operation *op; /**< NULL at points without one. */
    const ost_shape *shape;  /**< NULL for operations without one. */
    const char *name;        /**< Table, text, URL or endpoint; "" if there is none. */
    ost_connection *handle;  /**< The connection, as the core knows it; NULL: none yet. */
} ost_fake_moment;

/**
 * A rule. Rules look at each moment in the order in which they were added; the first that decides
 * (anything but a delay or a call) ends the search. Strings and records are borrowed until
 * ost_fake_forget_rules() or ost_fake_close().
 */
typedef struct ost_fake_rule {
    size_t struct_size; /**< Filled by OST_FAKE_RULE(). */
    uint16_t point;     /**< An enum ost_fake_point. */
    uint16_t action;    /**< An enum ost_fake_action. */
    uint32_t kinds;     /**< Bits of OST_FAKE_KIND(); 0: all. */
    const char *name;   /**< Table (or "schema.table"), model, text, URL or endpoint; NULL: all. */
    uint32_t first;     /**< Acts from the first-th match on; 0 is 1. */
    uint32_t times;     /**< Acts so often; 0 is 1; ::OST_FAKE_ALWAYS. */
    uint16_t effects;   /**< Of enum ost_fake_effects. */
    /**
     * An ::ost_status. 0: what the inner driver makes of the native code or state, if there is one;
     * ::OST_CONNECTION where the connection is lost; ::OST_RANGE of OST_FAKE_SPOIL; or
     * ::OST_DRIVER_ERROR.
     */
    uint16_t status;
    int32_t native_code;    /**< Of the error. */
    const char *sql_state;  /**< Of the error; NULL: none. */
    const char *message;    /**< Of the error; NULL: one that says it was the script. */
    const char *model;      /**< Of the error; NULL: the operation's. */
    const char *field;      /**< Of the error; NULL: none. */
    const char *constraint; /**< Of the error; NULL: none. */
    size_t failed_record;   /**< From 1: which record failed; 0: not one. */
    int64_t delay_ns; /**< Of OST_FAKE_DELAY; ::OST_FAKE_FOREVER: until the deadline or a cancel. */
    uint64_t rows;    /**< Of OST_FAKE_CUT and OST_FAKE_SPOIL. */
    uint16_t column;  /**< Of OST_FAKE_SPOIL. */
    uint16_t effect;  /**< Of OST_FAKE_ANSWER: an enum ost_effect. */
    const void *records;  /**< Of OST_FAKE_ANSWER: structs as the row program describes them. */
    size_t record_count;  /**< How many. */
    size_t record_stride; /**< Bytes from one to the next; 0: the row program's size. */
    int64_t matched;      /**< Of OST_FAKE_ANSWER. */
    int64_t changed;      /**< Of OST_FAKE_ANSWER. */
    /** Of OST_FAKE_CALL. May use the fake and other sessions than the one that it interrupts. */
    void (*call)(void *context, const ost_fake_moment *moment);
    void *context; /**< Handed to `call`. */
} ost_fake_rule;
/** A rule with its size. */
#define OST_FAKE_RULE(...) \
    (&(const ost_fake_rule){ .struct_size = sizeof(ost_fake_rule), __VA_ARGS__ })
/** Records of a rule: an array. */
#define OST_FAKE_RECORDS(array)                                           \
    .records = (array), .record_count = sizeof(array) / sizeof(*(array)), \
    .record_stride = sizeof(*(array))

/** Adds a rule. ::OST_MISUSE: it makes no sense; ::OST_NO_MEMORY. */
ost_status ost_fake_add(ost_fake *f, const ost_fake_rule *rule);
/** Forgets all rules. */
void ost_fake_forget_rules(ost_fake *f);

/** How connections die. */
enum ost_fake_death {
    OST_FAKE_DIES_LOUDLY,  /**< `alive` notices it. */
    OST_FAKE_DIES_SILENTLY /**< Only the next operation does. */
};
/** Kills every open connection, as a restart does; `death` is an enum ost_fake_death. */
void ost_fake_kill(ost_fake *f, uint16_t death);

/* ---- time ---- */

/**
 * Gives a platform whose clocks are the fake's own: they stand still, save for delays and
 * ost_fake_advance(). From then on delays take no time. Everything else in it is the library's.
 */
void ost_fake_platform(ost_fake *f, ost_platform *out);
/** Moves the clocks forward. */
void ost_fake_advance(ost_fake *f, int64_t ns);

/* ---- what happened ---- */

/** One line of the log: an operation, or one of the other points. */
typedef struct ost_fake_entry {
    uint16_t point;      /**< An enum ost_fake_point. */
    uint16_t kind;       /**< An enum ost_operation_kind, where there is an operation. */
    uint16_t status;     /**< An ::ost_status. */
    uint16_t progress;   /**< Of an operation: an enum ost_progress. */
    uint32_t connection; /**< From 1; 0: none. */
    uint32_t flags;      /**< Of an operation: enum ost_operation_flags. */
    uint64_t batch;      /**< From 1; 0: none. */
    size_t index;        /**< Of an operation in its batch; of a submit: how many were accepted. */
    size_t records;      /**< Of an operation: record_count. */
    int64_t rows;        /**< Rows delivered, all portions together. */
    int64_t matched;     /**< Of an operation. */
    char table[128];     /**< Stored name of its table, behind its schema and a point, or "". */
    char text[256];      /**< Text of plan or operation, with placeholders; an endpoint; or "". */
} ost_fake_entry;
/** How many lines there are; the log ends after 16384. */
size_t ost_fake_log_count(ost_fake *f);
/** Copies line `index`, from 0; false: there is none. */
bool ost_fake_log_at(ost_fake *f, size_t index, ost_fake_entry *out);
/** Forgets the log; counts and violations stay. */
void ost_fake_forget_log(ost_fake *f);
/** The name of an operation's kind, "BEGIN"; "?" for none. */
const char *ost_fake_kind_name(uint16_t kind);

/** Counts since ost_fake_open(). */
typedef struct ost_fake_counts {
    uint64_t opens, shuts;       /**< Databases. */
    uint64_t connects, closes;   /**< Connections that were opened and closed. */
    uint64_t abandons;           /**< Connections that were left behind by a fork. */
    uint64_t open_connections;   /**< Now. */
    uint64_t compiles, discards; /**< Plans. */
    uint64_t submits;            /**< Batches that were accepted. */
    uint64_t operations;         /**< Operations that were collected and had run or failed. */
    uint64_t not_run;            /**< Operations that were collected and had not run. */
    uint64_t failures;           /**< Operations that failed. */
    uint64_t rows;               /**< Rows delivered. */
    uint64_t streams;            /**< Streams that did not end with their first portion. */
    uint64_t resets;             /**< Connections that were made as new. */
    uint64_t settles;            /**< Calls of `settle`, whatever came of them. */
    uint64_t cancels;            /**< Calls of `cancel`, whether they hit or not. */
    uint64_t acts;               /**< How often a rule acted. */
    uint64_t log_dropped;        /**< Lines that the log had no room for. */
    uint64_t violations;         /**< Breaches of the contract. */
} ost_fake_counts;
/** Copies the counts. */
void ost_fake_counted(ost_fake *f, ost_fake_counts *out);
/** Breaches of the contract; 0 is what a test wants. */
size_t ost_fake_violation_count(ost_fake *f);
/** Copies the sentence of violation `index`, from 0, of the first 256; false: there is none. */
bool ost_fake_violation_at(ost_fake *f, size_t index, char out[256]);
/** Forgets the violations, which a test may expect. */
void ost_fake_forget_violations(ost_fake *f);

#endif
