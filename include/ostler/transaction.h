/* SPDX-License-Identifier: MIT */
/**
 * @file transaction.h
 * Transactions: a function that runs inside one, or begin, commit and rollback by hand.
 *
 * ost_transaction() commits if its body returns ::OST_OK and rolls back otherwise. Inside another transaction it
 * is a savepoint. A write that the database refused dooms the innermost savepoint, or the transaction if there is none:
 * later calls return that first error until it is rolled back, whatever the body returns.
 *
 * Rollback also takes back what the library wrote into tracked records: keys, stamps, and the knowledge of what is
 * stored, so that a later ost_save() writes again what was undone.
 *
 * @code
 * #include <ostler/ostler.h>
 *
 * typedef struct account { int64_t id; int64_t cents; } account;
 * OST_RECORD(account, id);
 *
 * static ost_status withdraw(ost_session *s, const ost_attempt *attempt, void *context)
 * {
 *     int64_t cents = *(int64_t *)context;
 *     ost_query *q = ost_from(s, account);
 *     (void)attempt;
 *     ost_where(q, ost_eq(account, id, 1));
 *     ost_where(q, ost_ge(account, cents, cents));
 *     return ost_update_one(q, ost_inc(account, cents, -cents));
 * }
 *
 * ost_status withdraw_ten(ost_session *s)
 * {
 *     int64_t cents = 1000;
 *     return ost_transaction(s, withdraw, &cents, OST_TRANSACTION(.max_attempts = 3));
 * }
 * @endcode
 */
#ifndef OSTLER_TRANSACTION_H
#define OSTLER_TRANSACTION_H

#include "ostler/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Isolation levels. A level that the backend does not have is ::OST_UNSUPPORTED, never weakened. */
enum ost_isolation {
    OST_DEFAULT_ISOLATION, OST_READ_COMMITTED, OST_REPEATABLE_READ, OST_SERIALIZABLE
};
/** How a transaction behaves. Zero is the default everywhere. */
typedef struct ost_transaction_options {
    size_t struct_size;    /**< Filled by OST_TRANSACTION(). */
    uint16_t isolation;    /**< An enum ost_isolation. */
    bool read_only;        /**< Writes are ::OST_MISUSE. */
    bool join;             /**< Inside another transaction: become part of it, without a savepoint; undoing it dooms that one. */
    uint32_t max_attempts; /**< How often the body may run; 0 and 1: once. Only serialization failures and deadlocks are run again. */
    uint32_t timeout_ms;   /**< Deadline of the whole, all attempts together; 0: none of its own. */
} ost_transaction_options;
/** Options of a transaction, with their size. */
#define OST_TRANSACTION(...) \
    (&(const ost_transaction_options){ .struct_size = sizeof(ost_transaction_options), \
                                       __VA_ARGS__ })
/** What a body is told about its run. */
typedef struct ost_attempt {
    uint32_t number; /**< 1 in the first run. */
} ost_attempt;
/** The body of a transaction. Its other effects happen as often as it runs. */
typedef ost_status ost_transaction_body(ost_session *s, const ost_attempt *attempt, void *context);

/**
 * Runs `body` inside a transaction, or inside a savepoint if one is open. Where the database has no savepoints a transaction
 * inside another is ::OST_UNSUPPORTED, unless it joins.
 * @param s The session.
 * @param body Returns ::OST_OK to commit, ost_undo() to roll back without a failure, anything else to roll back.
 * @param context Handed to the body.
 * @param options Borrowed; NULL: defaults. Inside another transaction no isolation, time-out or read_only are allowed, and
 * `max_attempts` above 1 only with `join`, where the attempts are those of the outermost one.
 * @return ::OST_OK after commit or ost_undo(); the error that decided otherwise; ::OST_UNKNOWN_OUTCOME if the
 * answer to the commit was lost and cannot be found out.
 */
OST_API ost_status ost_transaction(ost_session *s, ost_transaction_body *body, void *context,
                                   const ost_transaction_options *options);
/** Returned by a body: roll back, and that is no failure. */
OST_API ost_status ost_undo(ost_session *s);
/** Begins a transaction, or sets a savepoint if one is open. */
OST_API ost_status ost_begin(ost_session *s, const ost_transaction_options *options);
/** Ends the innermost begin and keeps what it did. On failure it is rolled back. */
OST_API ost_status ost_commit(ost_session *s);
/** Ends the innermost begin and undoes what it did. ::OST_MISUSE only if none is open. */
OST_API ost_status ost_rollback(ost_session *s);

/**
 * Called once a transaction has ended. The session has none open then: it may query, and run transactions of its own; what
 * it may not do is as for hooks (call.h), and a failure in here changes neither what the call that ended the transaction
 * returns nor the session's error. Its calls have deadlines of their own.
 */
typedef void ost_callback(ost_session *s, void *context);
/**
 * Calls `function` after the transaction that is open was committed: the outermost one, before the call that commits it
 * returns. Functions are called in the order in which they were registered. What was registered inside a savepoint, or
 * an attempt, that was rolled back is dropped. Outside a transaction it is called at once (by a function that is itself
 * called here: after that one); in a hook of a record, after the write that the hook is for.
 *
 * After ::OST_UNKNOWN_OUTCOME neither these are called nor those of ost_after_rollback(): nobody knows which of them tells
 * the truth. ost_after_unknown_outcome() is for that.
 * @param s The session.
 * @param function Not NULL.
 * @param context Handed to it; stays the program's. It is dropped if the function is not called.
 * @return ::OST_OK; ::OST_NO_MEMORY; the error of a transaction that can only be rolled back.
 */
OST_API ost_status ost_after_commit(ost_session *s, ost_callback *function, void *context);
/**
 * Calls `function` after what it was registered in was rolled back: the transaction, or a savepoint inside (also then once
 * the transaction has ended, however it did), or an attempt that is followed by another. Outside a transaction there is nothing to
 * roll back, and it is not called. When ost_session_close() rolls back, it finds the session closed: every call on it is
 * ::OST_MISUSE.
 */
OST_API ost_status ost_after_rollback(ost_session *s, ost_callback *function, void *context);
/** Calls `function` after the transaction has ended with ::OST_UNKNOWN_OUTCOME: for what must be cleaned up either way. */
OST_API ost_status ost_after_unknown_outcome(ost_session *s, ost_callback *function, void *context);

#ifdef __cplusplus
}
#endif
#endif
