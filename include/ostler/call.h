/* SPDX-License-Identifier: MIT */
/**
 * @file call.h
 * What a hook, a check or a transform is told of what runs, and how it says no.
 *
 * A model may name functions of the program that the library calls: hooks on its records, checks and transforms of its
 * members. Each is handed an ::ost_call: the session, the model, what is done, a context of the program's own, the record as
 * it was loaded. With ost_call_fail() it refuses, as often as there are reasons; the failures are told like those of the
 * library's own rules. A function that returns another status than ::OST_OK or ::OST_INVALID stops the call with that
 * status; it says why with ost_fail(), or the session's error does already because a query of its own failed.
 *
 * While such a function runs, the session is its to use: it may query and write, and run an ost_transaction(). It may not
 * clear or close the session, release a mark from before, begin, commit or roll back by hand: those are ::OST_MISUSE.
 * Functions that cause each other are told ::OST_MISUSE sixteen deep. What they ask the database for counts against the
 * deadline of the call that they run in. Another thread gets ::OST_MISUSE meanwhile, as always.
 *
 * @code
 * #include <ostler/ostler.h>
 * #include <stdio.h>
 *
 * typedef struct item { int64_t id; const char *name; int64_t cents; } item;
 * OST_RECORD(item, id);
 *
 * // For a before_update hook: a price may not double.
 * ost_status check_price(ost_call *call, void *record)
 * {
 *     const item *now = record, *loaded = ost_loaded(call, item);
 *     if (loaded && ost_changed(call, item, cents) && now->cents > 2 * loaded->cents)
 *         return ost_call_fail(call, "cents", "must be at most %lld", (long long)loaded->cents * 2);
 *     return OST_OK;
 * }
 * @endcode
 */
#ifndef OSTLER_CALL_H
#define OSTLER_CALL_H

#include "ostler/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is done when a function of the program's is called. The numbers are frozen. */
enum ost_called {
    OST_CALL_INSERT = 1, /**< ost_insert(), ost_insert_many(). */
    OST_CALL_SAVE,       /**< ost_save(), ost_save_many(): what changed in a tracked record. */
    OST_CALL_REPLACE,    /**< ost_replace(): every member. */
    OST_CALL_DELETE,     /**< ost_delete(). */
    OST_CALL_LOAD,       /**< A record was read. */
    OST_CALL_UPDATE,     /**< An update by query: its values are checked, and there is no record. */
    OST_CALL_UPSERT,     /**< Inserted, or updated if it is there. */
    OST_CALL_VALIDATE,   /**< Checked without being written. */
    OST_CALL_JSON      /**< Written as JSON: its computed members are asked for. */
};

/** The session that the function runs in. It is the function's to use until it returns. */
OST_API ost_session *ost_call_session(const ost_call *call);
/** The model of the record, as the program declared it. */
OST_API const ost_model *ost_call_model(const ost_call *call);
/** What is done: an enum ost_called. */
OST_API uint16_t ost_call_operation(const ost_call *call);
/** The `context` of the session's options; if that is NULL, the one of the database's. */
OST_API void *ost_call_context(const ost_call *call);
/**
 * The record as it was loaded, or last stored by the session: read it, and only while the function runs. Members that
 * were not loaded are zero. NULL: it is new, or a struct that the session did not load, or there is no record.
 */
OST_API const void *ost_call_loaded(const ost_call *call);
/**
 * The path of the member that a check or transform is called for: "email", "comments[2].text". "" in a hook. It is valid
 * while the function runs.
 */
OST_API const char *ost_call_path(const ost_call *call);
/**
 * Whether the call writes a member anew: of a loaded record, whether it differs from what was loaded (what hooks before this
 * one changed is seen); of a record that was not loaded, always; without a record, whether it is the one being checked. A
 * member that the model does not have makes the call fail with ::OST_MISUSE.
 * @param call The call.
 * @param member Borrowed; ost_changed() writes it, so that the compiler checks it.
 */
OST_API bool ost_call_changed(ost_call *call, const ost_member *member);
/**
 * Copies a text into the session's memory, for a hook or transform to put into the record.
 * @param call The call.
 * @param text Borrowed.
 * @param size Its bytes; a NUL is added.
 * @return NULL: no memory, and the call fails with ::OST_NO_MEMORY, whatever the function returns.
 */
OST_API const char *ost_call_text(ost_call *call, const char *text, size_t size);
/**
 * Refuses: adds a failure to those that the call will be refused with. It may be called several times. The rule of the
 * failure is "check", "transform", or for a hook "custom".
 * @param call The call.
 * @param path The member that it is about, or NULL: the one that is being checked, in a hook none.
 * @param format As for printf; one line for a person: "must be later than the start".
 * @return ::OST_INVALID, for the function to return. The call fails also if it does not.
 */
OST_API ost_status ost_call_fail(ost_call *call, const char *path, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#ifndef __cplusplus
/** ost_call_changed() for the member `m` of `T`: ost_changed(call, user, email). */
#define ost_changed(call, T, m) ost_call_changed((call), &(const ost_member)OST_AT(T, m))
/** ost_call_loaded() as a `const T *`. */
#define ost_loaded(call, T) ((const T##_record_ *)ost_call_loaded(call))
#endif

#ifdef __cplusplus
}
#endif
#endif
