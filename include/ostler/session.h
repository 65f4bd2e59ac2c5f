/* SPDX-License-Identifier: MIT */
/**
 * @file session.h
 * Sessions: one thread's unit of work, and the owner of all memory that it hands out.
 *
 * Records load into the session's memory as one contiguous array of structs, with their texts beside them;
 * nothing is freed one by one. ost_session_clear() gives everything back at once; ost_session_mark() and
 * ost_session_release() give back what a loop's turn loaded. Text in records is replaced, never edited in place.
 *
 * Records that the session loaded, and records from ost_new() once they are inserted, are tracked: ost_save()
 * compares them with what was loaded and writes what differs. A struct of the program's own is never tracked.
 *
 * One thread at a time may use a session; a second one gets ::OST_MISUSE.
 *
 * @code
 * #include <ostler/ostler.h>
 *
 * typedef struct book { int64_t id; const char *title; int year; } book;
 * OST_RECORD(book, id);
 *
 * ost_status correct_year(ost_session *s, int64_t id, int year)
 * {
 *     book *found = ost_get(s, book, id);
 *     if (!found)
 *         return (ost_status)ost_session_error(s)->status;
 *     found->year = year;
 *     return ost_save(s, book, found);
 * }
 * @endcode
 */
#ifndef OSTLER_SESSION_H
#define OSTLER_SESSION_H

#include "ostler/query.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ost_db ost_db; /**< A database; see db.h. */

/** How a session behaves. Zero is the default everywhere. */
typedef struct ost_session_options {
    size_t struct_size;  /**< Filled by OST_SESSION(). */
    uint32_t timeout_ms; /**< Deadline of each call, in milliseconds; 0: the database's, ::OST_NO_TIMEOUT: none. */
    bool read_only;      /**< Writes are ::OST_MISUSE, and nothing loaded is tracked. */
    bool allow_replica;  /**< Reads may come from a replica. */
    void *context;       /**< What ost_call_context() gives to hooks and checks; NULL: the context of ost_options. */
} ost_session_options;
/** Options of a session, with their size. */
#define OST_SESSION(...) \
    (&(const ost_session_options){ .struct_size = sizeof(ost_session_options), __VA_ARGS__ })
/** A point in a session's memory. */
typedef struct ost_mark {
    uint64_t opaque[4]; /**< The session's own. */
} ost_mark;

/**
 * Opens a session. No connection is taken until it is needed.
 * @param db Must stay open longer than the session.
 * @param options Borrowed; NULL: defaults.
 * @param out The session; NULL on failure.
 * @param error May be NULL.
 */
OST_API ost_status ost_session_open(ost_db *db, const ost_session_options *options,
                                    ost_session **out, ost_error *error);
/**
 * Frees everything that the session handed out: records, texts, queries. Refused with ::OST_MISUSE inside a
 * transaction or while a cursor or a watcher is open.
 */
OST_API ost_status ost_session_clear(ost_session *s);
/** Rolls back an open transaction, gives the connection back and frees everything. NULL is ignored. */
OST_API void ost_session_close(ost_session *s);
/** The point up to which memory is in use now, for ost_session_release(). */
OST_API ost_mark ost_session_mark(ost_session *s);
/**
 * Frees what was handed out since the mark. Older records stay valid, also those saved since.
 * @return ::OST_MISUSE if the mark is not this session's, was released before, or a cursor or watcher opened since is open.
 */
OST_API ost_status ost_session_release(ost_session *s, ost_mark mark);
/** The last call that failed. Never NULL; belongs to the session. */
OST_API const ost_error *ost_session_error(const ost_session *s);
/**
 * Says why a body or hook fails.
 * @param s The session.
 * @param status What ost_fail() returns; not ::OST_OK.
 * @param path The member that it is about, or NULL.
 * @param format As for printf; one line.
 */
OST_API ost_status ost_fail(ost_session *s, ost_status status, const char *path,
                            const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;
/** The time by the database's clock function (the machine's, unless the program gave another). */
OST_API ost_time ost_now(ost_session *s);
/** Prints a decimal into the session's memory. NULL: no memory. */
OST_API const char *ost_decimal_text(ost_session *s, ost_decimal d);
/** Prints an instant into the session's memory. NULL: no memory. */
OST_API const char *ost_time_text(ost_session *s, ost_time t);
/** Prints a day into the session's memory. NULL: no memory. */
OST_API const char *ost_date_text(ost_session *s, ost_date d);
/** Copies a text into the session's memory. NULL: no memory, or `text` is NULL. */
OST_API const char *ost_text(ost_session *s, const char *text);

/** @name What the typed macros below call
 * `m` is the model and `record_size` the program's sizeof; a size that differs from the model's is ::OST_MISUSE.
 */
/**@{*/
/** Behind ost_new(). */
OST_API void *ost_session_new(ost_session *s, const ost_model *m, size_t record_size);
/** Behind ost_get(). */
OST_API void *ost_session_get(ost_session *s, const ost_model *m, size_t record_size,
                              const ost_value *key, size_t key_count);
/**
 * Behind ost_get_many().
 * @param s The session.
 * @param m The model.
 * @param record_size sizeof the program's struct.
 * @param keys An array of the key's kind; NULL only if `count` is 0.
 * @param count How many keys.
 * @param stride Bytes from one key to the next.
 * @param type Kind of a key: an enum ost_type.
 * @param found Set to the number of records, 0 on failure; may be NULL.
 * @return As ost_query_all().
 */
OST_API void *ost_session_get_many(ost_session *s, const ost_model *m, size_t record_size,
                                   const void *keys, size_t count, uint32_t stride, uint16_t type,
                                   size_t *found);
/** Behind ost_find(). */
OST_API void *ost_session_find(ost_session *s, const ost_model *m, size_t record_size,
                               const ost_expr *const *conditions);
/** Behind ost_insert(). */
OST_API ost_status ost_session_insert(ost_session *s, const ost_model *m, size_t record_size,
                                      void *record);
/** Behind ost_insert_many(). */
OST_API ost_status ost_session_insert_many(ost_session *s, const ost_model *m, size_t record_size,
                                           void *records, size_t count);
/** Behind ost_save(). */
OST_API ost_status ost_session_save(ost_session *s, const ost_model *m, size_t record_size,
                                    void *record);
/** Behind ost_save_many(). */
OST_API ost_status ost_session_save_many(ost_session *s, const ost_model *m, size_t record_size,
                                         void *records, size_t count);
/** Behind ost_replace(). */
OST_API ost_status ost_session_replace(ost_session *s, const ost_model *m, size_t record_size,
                                       void *record);
/** Behind ost_reload(). */
OST_API ost_status ost_session_reload(ost_session *s, const ost_model *m, size_t record_size,
                                      void *record);
/** Behind ost_delete(). */
OST_API ost_status ost_session_delete(ost_session *s, const ost_model *m, size_t record_size,
                                      void *record);
/** Behind ost_get_with_deleted(). */
OST_API void *ost_session_get_with_deleted(ost_session *s, const ost_model *m, size_t record_size,
                                           const ost_value *key, size_t key_count);
/** Behind ost_restore(). */
OST_API ost_status ost_session_restore(ost_session *s, const ost_model *m, size_t record_size,
                                       void *record);
/** Behind ost_purge(). */
OST_API ost_status ost_session_purge(ost_session *s, const ost_model *m, size_t record_size,
                                     void *record);
/**@}*/

#ifndef __cplusplus
/** A new record in the session's memory, with its defaults; NULL: failed. ost_insert() stores it. */
#define ost_new(s, T) ((T##_record_ *)ost_session_new((s), OST_OF(T)))
/** The record with a key of one member; NULL: none (::OST_NOT_FOUND) or failed. */
#define ost_get(s, T, key) \
    ((T##_record_ *)ost_session_get((s), OST_OF(T), (const ost_value[]){ ost_val(key) }, \
        1 + OST_ASSERT((T##_key_accepts_ & OST_KIND(key)) != 0, "ostler: this is no key of " #T)))
/**
 * The records with the keys in an array of any length, read by one statement: an array in the order of the keys, each record
 * once, those that are not there left out; `found` is set to how many there are. NULL only on failure. A key of several
 * members is ::OST_UNSUPPORTED.
 */
#define ost_get_many(s, T, keys, count, found) \
    ((T##_record_ *)ost_session_get_many((s), OST_OF(T), (keys), \
        (count) + OST_ASSERT((T##_key_accepts_ & OST_KIND((keys)[0])) != 0, \
                             "ostler: these are no keys of " #T), \
        (uint32_t)sizeof (keys)[0], _Generic((keys)[0], OST_SCALARS(, char *: OST_TYPE_TEXT)), \
        (found)))
/** The only record that meets all conditions, such as both members of a composite key; NULL: none, several (::OST_RANGE) or failed. */
#define ost_find(s, T, ...) \
    ((T##_record_ *)ost_session_find((s), OST_OF(T), \
        (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end }))
/**
 * Stores a new record. What the library set is written back to it: keys, stamps, defaults, trimmed and lowered text. A struct of
 * the program's own gets all of that but `const char *` members and blobs, and is not tracked.
 */
#define ost_insert(s, T, ...) ost_session_insert((s), OST_OF(T), OST_PTR(T, __VA_ARGS__))
/** Stores `count` new records, all or none. */
#define ost_insert_many(s, T, records, count) \
    ost_session_insert_many((s), OST_OF(T), OST_PTR(T, records), (count))
/** Writes the members of a tracked record that were changed; none: nothing is sent. ::OST_STALE: it is gone, or has another `.version`. */
#define ost_save(s, T, ...) ost_session_save((s), OST_OF(T), OST_PTR(T, __VA_ARGS__))
/**
 * Writes what was changed in each of `count` tracked records, an array as ost_all() or ost_get_many() gave it: all of them
 * or none, as one transaction (inside another: a savepoint). Records in which the same members changed are sent together, in
 * their order. The first mistake of every record is told before anything is sent, with paths such as "[3].title".
 * ::OST_STALE: one is gone, and nothing was written.
 */
#define ost_save_many(s, T, records, count) \
    ost_session_save_many((s), OST_OF(T), OST_PTR(T, records), (count))
/** Writes every member of a record, by its key; the struct may be the program's own. ::OST_NOT_FOUND: there is none; with a `.version`, ::OST_STALE: none of the version that the struct holds. */
#define ost_replace(s, T, ...) ost_session_replace((s), OST_OF(T), OST_PTR(T, __VA_ARGS__))
/** Reads a tracked record anew, in place. ::OST_NOT_FOUND: it is gone. */
#define ost_reload(s, T, ...) ost_session_reload((s), OST_OF(T), OST_PTR(T, __VA_ARGS__))
/**
 * Deletes a record by its key. ::OST_NOT_FOUND: there is none. A model with a member of `.stamp = OST_ON_DELETE` soft-deletes:
 * that member, and those with `.stamp = OST_ON_UPDATE`, are set in the database and in the record; ::OST_NOT_FOUND then also
 * means that it is deleted already.
 */
#define ost_delete(s, T, ...) ost_session_delete((s), OST_OF(T), OST_PTR(T, __VA_ARGS__))
/** As ost_get(), of a record that may be soft-deleted. */
#define ost_get_with_deleted(s, T, key) \
    ((T##_record_ *)ost_session_get_with_deleted((s), OST_OF(T), \
        (const ost_value[]){ ost_val(key) }, \
        1 + OST_ASSERT((T##_key_accepts_ & OST_KIND(key)) != 0, "ostler: this is no key of " #T)))
/**
 * Brings a soft-deleted record back, by its key: the stamp of the deletion becomes absent, in the database and in the record.
 * ::OST_NOT_FOUND: no deleted record has the key. ::OST_CONFLICT: a living record has the same unique member, which the error
 * names. ::OST_MISUSE: the model does not soft-delete.
 */
#define ost_restore(s, T, ...) ost_session_restore((s), OST_OF(T), OST_PTR(T, __VA_ARGS__))
/** Deletes a record by its key for good, whether it is soft-deleted or not. ::OST_NOT_FOUND: there is none. */
#define ost_purge(s, T, ...) ost_session_purge((s), OST_OF(T), OST_PTR(T, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
