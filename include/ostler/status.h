/* SPDX-License-Identifier: MIT */
/**
 * @file status.h
 * Statuses and errors.
 *
 * Every call that can fail returns an ::ost_status, or a pointer whose NULL means "none" (::OST_NOT_FOUND)
 * or "failed". What went wrong is data: one flat ::ost_error without pointers, which a program may copy,
 * keep and print. A session keeps the error of its last failed call (ost_session_error()); calls that have
 * no session write to an `ost_error *` given as their last parameter, which may be NULL.
 *
 * Success leaves an older error as it is, and clean-up (rollback, clear, close) never replaces one.
 * Nothing here is thread-local, nothing aborts, nothing prints.
 *
 * @code
 * #include <ostler/ostler.h>
 * #include <stdio.h>
 *
 * void print_failures(const ost_error *error)
 * {
 *     ost_failure failure;
 *     fprintf(stderr, "%s: %s\n", ost_status_name((ost_status)error->status), error->message);
 *     for (size_t i = 0; ost_error_failure(error, i, &failure); i++)
 *         fprintf(stderr, "  %s (%s): %s\n", failure.path, failure.rule, failure.message);
 * }
 * @endcode
 */
#ifndef OSTLER_STATUS_H
#define OSTLER_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Marks a symbol as exported from the library. */
#if defined(__GNUC__)
#define OST_API __attribute__((visibility("default")))
#else
#define OST_API
#endif

/** A compile-time assertion that C and C++ both understand. */
#ifdef __cplusplus
#define OST_STATIC_ASSERT static_assert
extern "C" {
#else
#define OST_STATIC_ASSERT _Static_assert
#endif

/** Number of the binary interface of models and options. It changes only with the major version. */
#define OST_ABI 1
/** Lifts a time-out where 0 means "the default". */
#define OST_NO_TIMEOUT UINT32_MAX

/** What became of a call. The numbers are frozen. */
typedef enum ost_status {
    OST_OK = 0,          /**< Done. */
    OST_NOT_FOUND,       /**< No row met the condition. Not a failure of the transaction. */
    OST_INVALID,         /**< Validation refused the record; the error lists every failure. */
    OST_CONFLICT,        /**< A unique key exists already. */
    OST_FOREIGN_KEY,     /**< A referenced record is missing, or this one is still referenced. */
    OST_NOT_NULL,        /**< The database refused a NULL. */
    OST_CHECK,           /**< A CHECK constraint of the database refused the row. */
    OST_STALE,           /**< The record is not what the program holds: deleted, or of a transaction that was undone; reload it. */
    OST_SERIALIZATION,   /**< The database could not serialise the transaction: run it again. */
    OST_DEADLOCK,        /**< The database chose this transaction as the victim: run it again. */
    OST_LOCK_TIMEOUT,    /**< A lock was not granted in time. */
    OST_TIMEOUT,         /**< The deadline passed. */
    OST_POOL_TIMEOUT,    /**< No connection became free in time. */
    OST_CONNECTION,      /**< The database cannot be reached or opened, or the connection broke. */
    OST_UNKNOWN_OUTCOME, /**< It cannot be known whether the commit happened. */
    OST_AUTH,            /**< The credentials were refused, or do not allow this. */
    OST_SCHEMA,          /**< A model, or a table that does not fit its model. */
    OST_RANGE,           /**< A value does not fit where it should go; nothing was cut or rounded. */
    OST_TOO_LARGE,       /**< A limit on size was exceeded before anything was sent. */
    OST_UNSUPPORTED,     /**< This backend cannot keep the promised meaning, so it refuses. */
    OST_CANCELLED,       /**< Cancelled, or undone on purpose by the program. */
    OST_MISUSE,          /**< The program is wrong; the message says what to do instead. */
    OST_NO_MEMORY,       /**< An allocation failed; nothing changed. */
    OST_DRIVER_ERROR     /**< Anything else that the database reported; see native_code. */
} ost_status;

/** One failed rule of a validation. The strings belong to the ost_error that they were read from. */
typedef struct ost_failure {
    const char *path;    /**< Member, by its path: "email", "home.city". */
    const char *rule;    /**< "required", "unique", "min", "max_length", … */
    const char *message; /**< For a person: "must be at most 30 characters". */
} ost_failure;

/** A failure, whole in itself: no pointers, nothing to free. Written in full on every failure. */
typedef struct ost_error {
    uint16_t status;           /**< An ::ost_status. */
    uint8_t retryable;         /**< 1: the whole transaction may be run again. */
    uint8_t nothing_sent;      /**< 1: it is certain that the call did nothing: the database never saw it, or undid it. */
    int32_t native_code;       /**< The database's own number, such as SQLITE_BUSY_SNAPSHOT; 0: none. */
    char sql_state[6];         /**< "23505", or "". */
    char model[64];            /**< The model that it is about, or "". */
    char field[64];            /**< The member that it is about, or "". */
    char constraint[64];       /**< The constraint or index, as the database names it, or "". */
    char message[256];         /**< One line; holds no secret and no bound value. */
    uint16_t failure_count;    /**< How many failures ost_error_failure() can read. */
    uint16_t failures_dropped; /**< How many more there were than fit. */
    uint16_t detail_used;      /**< Bytes used in `detail`. */
    uint8_t reserved[64];      /**< Zero. */
    char detail[3072];         /**< The failures; read them with ost_error_failure(). */
} ost_error;
OST_STATIC_ASSERT(sizeof(ost_error) <= 4096, "ost_error stays within 4 KiB");

/**
 * Reads the failure at `index`.
 * @param error Borrowed; NULL has no failures.
 * @param index From 0.
 * @param out Filled with strings that live as long as `*error` is neither changed nor moved.
 * @return false past the last failure; `out` is then untouched.
 */
OST_API bool ost_error_failure(const ost_error *error, size_t index, ost_failure *out);

/**
 * Writes all that an error says for a person: its failures, each on a line with its path ("title: must not be empty"), or
 * its message if it has none. No line end behind the last.
 * @param error Borrowed; NULL writes "".
 * @param out Always terminated unless `size` is 0; cut at a whole character.
 * @param size Bytes of `out`.
 * @return The length of the whole text, also where less of it fits.
 */
OST_API size_t ost_explain_error(const ost_error *error, char *out, size_t size);

/**
 * The name of a status, such as "OST_CONFLICT".
 * @param status Any value; an unknown one gives "OST_UNKNOWN_STATUS".
 * @return A constant string.
 */
OST_API const char *ost_status_name(ost_status status);

/** Returns from the calling function with the status of `call` unless that is ::OST_OK. */
#define OST_TRY(call) \
    do { \
        ost_status ost_try_ = (call); \
        if (ost_try_ != OST_OK) \
            return ost_try_; \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
