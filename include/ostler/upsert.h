/* SPDX-License-Identifier: MIT */
/**
 * @file upsert.h
 * What finds and writes in one step: upserts, find-or-create, find-and-update.
 *
 * An upsert stores a record, or changes the one that is there. Which one that is, is said by a declared key: the primary
 * key, a `.unique` member, or the members of a unique index without a condition. That key alone decides; a record that meets
 * another unique key is ::OST_CONFLICT naming that key, and nothing is written. Where the record is there, each member becomes what the
 * struct says, but for those of the keys, those that are set on insert only (OST_ON_INSERT, `.immutable`), and those that
 * an action names. OST_ON_UPDATE stamps are set if anything else changes; nothing is written if nothing does.
 *
 * Programs that run the same upsert at the same time wait for each other: none is lost, and no record is there twice.
 *
 * @code
 * #include <ostler/ostler.h>
 *
 * typedef struct page { int64_t id; const char *path; int64_t visits; ost_time first_seen; } page;
 * OST_RECORD(page, id);
 *
 * ost_status visited(ost_session *s, const char *path)
 * {
 *     enum ost_effect effect;
 *     page p = { .path = path, .visits = 1, .first_seen = ost_now(s) };
 *     return ost_upsert(s, page, &p, OST_UPSERT(OST_BY(ost_col(page, path)),
 *                           OST_ACTIONS(ost_upsert_add(page, visits), ost_upsert_keep(page, first_seen))),
 *                       &effect);
 * }
 * @endcode
 */
#ifndef OSTLER_UPSERT_H
#define OSTLER_UPSERT_H

#include "ostler/query.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What an upsert did. */
enum ost_effect {
    OST_EFFECT_NONE,     /**< Nothing: it was refused. */
    OST_EFFECT_INSERTED, /**< The record is new. */
    OST_EFFECT_UPDATED,  /**< It was there, and is another one now. */
    OST_EFFECT_UNCHANGED /**< It was there, and is as it was: nothing was written. */
};
/** Which state of a record ost_find_and_update() gives back. */
enum ost_returned { OST_RETURN_NEW, OST_RETURN_OLD };

/** How an upsert meets and changes a record. Zero is the default everywhere. */
typedef struct ost_upsert_options {
    size_t struct_size;             /**< Filled by OST_UPSERT(). */
    const ost_expr *const *key;     /**< OST_BY(): members of a declared key; NULL: the primary key. */
    const ost_expr *const *actions; /**< OST_ACTIONS(): what becomes of members of a record that is there; NULL: the default of each. */
    bool keep;                      /**< A member without an action stays as it is: with no action, a record that is there is left alone. */
} ost_upsert_options;
/** Options of an upsert, with their size. */
#define OST_UPSERT(...) \
    (&(const ost_upsert_options){ .struct_size = sizeof(ost_upsert_options), __VA_ARGS__ })

/** @name What the typed macros below call
 * `m` is the model and `record_size` the program's sizeof; a size that differs from the model's is ::OST_MISUSE.
 */
/**@{*/
/**
 * Behind ost_upsert().
 * @param s The session.
 * @param m The model.
 * @param record_size sizeof the program's struct.
 * @param record Written to as ost_insert() does: what the library and the database set.
 * @param options Borrowed; NULL: by the primary key, every member.
 * @param effect Set to an enum ost_effect; may be NULL.
 */
OST_API ost_status ost_session_upsert(ost_session *s, const ost_model *m, size_t record_size,
                                      void *record, const ost_upsert_options *options,
                                      enum ost_effect *effect);
/** Behind ost_upsert_many(): `effects` has room for `count`, or is NULL. */
OST_API ost_status ost_session_upsert_many(ost_session *s, const ost_model *m, size_t record_size,
                                           void *records, size_t count,
                                           const ost_upsert_options *options,
                                           enum ost_effect *effects);
/**
 * Behind ost_find_or_create().
 * @param s The session.
 * @param m The model.
 * @param record_size sizeof the program's struct.
 * @param created Set to whether the record is new; may be NULL.
 * @param record What is stored if there is none; not written to.
 * @param key Members of a declared key, up to a pointer to ::ost_expr_end.
 * @return The record in the session's memory, tracked; NULL: failed.
 */
OST_API void *ost_session_find_or_create(ost_session *s, const ost_model *m, size_t record_size,
                                         bool *created, const void *record,
                                         const ost_expr *const *key);
/**
 * Behind ost_find_and_update().
 * @param q The query.
 * @param m The query's own model.
 * @param record_size sizeof the program's struct.
 * @param returned An enum ost_returned.
 * @param changes As for ost_query_update().
 * @return The record in the session's memory, tracked; NULL: none (::OST_NOT_FOUND) or failed.
 */
OST_API void *ost_query_find_and_update(ost_query *q, const ost_model *m, size_t record_size,
                                        uint16_t returned, const ost_expr *const *changes);
/**@}*/

#ifndef __cplusplus
/** The key of an upsert: OST_BY(ost_col(T, member), …). */
#define OST_BY(...) .key = (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end }
/** The actions of an upsert: OST_ACTIONS(ost_upsert_add(T, member), …). */
#define OST_ACTIONS(...) .actions = (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end }
/** @name What becomes of a member of a record that is there */
/**@{*/
/** It becomes what the struct says. */
#define ost_upsert_set(T, m) OST_UNARY(OST_OP_SET, T, m)
/** It stays as it is. */
#define ost_upsert_keep(T, m) OST_UNARY(OST_OP_KEEP, T, m)
/** What the struct says is added to it. NULL stays NULL, and an absent number adds nothing. Not of a member with a .check or .transform. */
#define ost_upsert_add(T, m) \
    OST_UNARY(OST_OP_INC + OST_ASSERT((OST_ACCEPTS(OST_MEMBER(T##_record_, m)) & \
                                       (OST_K_REAL | OST_K_INT | OST_K_DECIMAL)) != 0, \
                                      "ostler: nothing can be added to " #T "." #m), T, m)
/** It becomes what the struct says if it is NULL. */
#define ost_upsert_fill(T, m) OST_UNARY(OST_OP_FILL, T, m)
/**@}*/
/**
 * Stores a record, or changes the one that has its key. What the library or the database set or kept is written back to it: the
 * primary key, stamps, and members that an action names; a struct of the program's own gets all of that but `const char *`
 * members and blobs. A member of the key that is NULL is ::OST_INVALID, and so is a key that would be generated, or a
 * struct with a time of deletion where the key is unique among the living.
 */
#define ost_upsert(s, T, record, options, effect) \
    ost_session_upsert((s), OST_OF(T), OST_PTR(T, record), (options), (effect))
/**
 * The same for `count` records, all or none, in the order of their keys, so that programs with the same keys wait for each
 * other instead of for nothing. The first mistake of every record is told before anything is sent, with paths such as
 * "[3].title"; so are two records with the same key: ::OST_CONFLICT.
 */
#define ost_upsert_many(s, T, records, count, options, effects) \
    ost_session_upsert_many((s), OST_OF(T), OST_PTR(T, records), (count), (options), (effects))
/**
 * The record that has the same key as a struct; if there is none, the struct is stored first. However many programs do so at the same
 * time, one of them creates it. ost_find_or_create(s, T, &created, &record, ost_col(T, member), …).
 */
#define ost_find_or_create(s, T, created, record, ...) \
    ((T##_record_ *)ost_session_find_or_create((s), OST_OF(T), (created), OST_CPTR(T, record), \
        (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end }))
/**
 * Changes the first record in the query's order that meets its conditions, and gives it back as it is now (OST_RETURN_NEW) or
 * was before (OST_RETURN_OLD). However many programs do so at the same time, none gets a record that does not meet the
 * conditions: ost_find_and_update(q, T, OST_RETURN_NEW, ost_set(T, member, value), …). A record as it was before is tracked as
 * such: ost_reload() it before it is saved, or what is set to the value of before is taken for unchanged.
 */
#define ost_find_and_update(q, T, returned, ...) \
    ((T##_record_ *)ost_query_find_and_update((q), OST_OF(T), (returned), \
        (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end }))
#endif

#ifdef __cplusplus
}
#endif
#endif
