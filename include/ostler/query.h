/* SPDX-License-Identifier: MIT */
/**
 * @file query.h
 * Queries: built in a session by appending, run as often as wanted.
 *
 * ost_from() never returns NULL, and appending never fails visibly: the first mistake sticks to the query and
 * surfaces when it runs, so that a program checks once. Conditions given by several ost_where() must all hold.
 *
 * A query lives until ost_session_clear(), ost_session_release() of an earlier mark, or ost_session_close().
 * Used later, it is ::OST_MISUSE. Results are one contiguous array of structs in the session's memory.
 *
 * @code
 * #include <ostler/ostler.h>
 * #include <stdio.h>
 *
 * typedef struct book { int64_t id; const char *title; int year; } book;
 * OST_RECORD(book, id);
 *
 * ost_status print_old(ost_session *s)
 * {
 *     size_t count;
 *     ost_query *q = ost_from(s, book);
 *     ost_where(q, ost_lt(book, year, 1980));
 *     ost_order_by(q, ost_asc(book, title));
 *     ost_limit(q, 20);
 *     book *books = ost_all(q, book, &count);
 *     if (!books)
 *         return (ost_status)ost_session_error(s)->status;
 *     for (size_t i = 0; i < count; i++)
 *         printf("%d  %s\n", books[i].year, books[i].title);
 *     return OST_OK;
 * }
 * @endcode
 */
#ifndef OSTLER_QUERY_H
#define OSTLER_QUERY_H

#include "ostler/expr.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ost_cursor ost_cursor; /**< An open stream of rows; see ost_stream(). */

/**
 * Locks that a query takes on the rows that it reads, held until the transaction ends; see ost_lock(). A database
 * without locks on rows (SQLite) has locked itself as a whole when a transaction that writes began: there every row is
 * locked already.
 */
enum ost_lock_mode {
    OST_LOCK_NONE,          /**< None. */
    OST_LOCK_UPDATE,        /**< Nobody else may change or lock the rows; waits for whoever has locked them. */
    OST_LOCK_UPDATE_SKIP,   /**< The same, but leaves out rows that others have locked. ::OST_UNSUPPORTED where that is unknown. */
    OST_LOCK_UPDATE_NOWAIT, /**< The same, but fails with ::OST_LOCK_TIMEOUT if others have locked a row. */
    OST_LOCK_SHARE          /**< Nobody else may change the rows; others may lock them alike. */
};

/** A page of a result. */
typedef struct ost_page {
    size_t page;       /**< This page, from 1. */
    size_t limit;      /**< Rows on a full page. */
    size_t total;      /**< Rows on all pages. */
    size_t pages;      /**< How many pages there are. */
    bool has_next;     /**< A page follows. */
    bool has_previous; /**< A page precedes. */
} ost_page;

/** A query over the records of a model; see ost_from(). */
OST_API ost_query *ost_session_from(ost_session *s, const ost_model *m, size_t record_size);
/** Loads a relation with the results. Relations are not built yet: the query fails with ::OST_UNSUPPORTED. */
OST_API ost_query *ost_query_include(ost_query *q, const ost_model *m, const ost_member *relation);
/** Adds a condition; all conditions must hold. NULL is ::OST_MISUSE: nothing is widened by accident. */
OST_API void ost_where(ost_query *q, const ost_expr *condition);
/** Adds a key of the order: ost_asc(), ost_desc(), ost_asc_of(), ost_desc_of(). */
OST_API void ost_order_by(ost_query *q, const ost_expr *key);
/**
 * Adds a key of the order that came from outside the program.
 * @param q The query.
 * @param member Must be the name of a declared member that is not hidden.
 * @param direction "asc" or "desc"; NULL is "asc".
 * @return false if either is anything else; the query is then unchanged and stays usable.
 */
OST_API bool ost_order_by_name(ost_query *q, const char *member, const char *direction);
/** Groups rows by an expression, usually ost_col(). */
OST_API void ost_group_by(ost_query *q, const ost_expr *e);
/** Adds a condition on groups. */
OST_API void ost_having(ost_query *q, const ost_expr *condition);
/**
 * At most `limit` rows. 0 is none. An update or delete meets the first rows in the query's order, which the key makes
 * total; a limit is no condition, so that ost_everything() is still needed without one.
 */
OST_API void ost_limit(ost_query *q, size_t limit);
/** Skips `offset` rows. */
OST_API void ost_offset(ost_query *q, size_t offset);
/**
 * At most `limit` rows for each value of a member, the first in the query's order, which the key makes total: the three
 * newest posts of each author. Rows in which the member is null count as one value. ost_limit() and ost_offset() apply to what
 * is left.
 * @param q The query: of rows as they are stored, without groups, aggregates, ost_distinct() and ost_lock(); no update or delete.
 * @param member What ost_col() makes.
 * @param limit 0 is none.
 */
OST_API void ost_limit_per(ost_query *q, const ost_expr *member, size_t limit);
/**
 * Locks the rows that the query reads, until the transaction ends. MySQL also locks rows that it looked at on its way: let
 * the conditions name a key or an index.
 * @param q The query: rows as they are stored, without groups, aggregates, ost_distinct(), count and pages. It runs inside
 * a transaction that is not read-only, else it is ::OST_MISUSE.
 * @param mode An enum ost_lock_mode. ::OST_UNSUPPORTED, before anything is sent, where the database does not have it.
 */
OST_API void ost_lock(ost_query *q, uint16_t mode);
/** Leaves out rows that equal an earlier one in everything selected. */
OST_API void ost_distinct(ost_query *q);
/** Says that an update or delete without a condition is meant. */
OST_API void ost_everything(ost_query *q);
/**
 * The query sees soft-deleted records as well; without it a query over a model with a member of `.stamp = OST_ON_DELETE`
 * sees the living alone, whatever it asks: rows, counts, aggregates, updates. Nothing changes for other models.
 */
OST_API void ost_with_deleted(ost_query *q);
/**
 * The query's records have their `.hidden` members; without it those are left as zero, NULL or absent. In a query that selects
 * into another struct, naming such a member is enough.
 */
OST_API void ost_with_hidden(ost_query *q);
/**
 * The query goes around its model's default scope, wherever in the query this is said. Soft-deleted records stay unseen: that is
 * ost_with_deleted().
 */
OST_API void ost_unscoped(ost_query *q);
/** What to select, as a list of ost_as() that ends in a pointer to ::ost_expr_end; see ost_select(). */
OST_API void ost_query_select(ost_query *q, const ost_expr *const *list);

/**
 * Runs the query; see ost_all().
 * @param q The query.
 * @param m Model of the result: the query's own, or the shape that was selected.
 * @param record_size sizeof the program's struct.
 * @param count Set to the number of rows, 0 on failure; may be NULL.
 * @return The rows in the session's memory, a pointer also for none; NULL on failure.
 */
OST_API void *ost_query_all(ost_query *q, const ost_model *m, size_t record_size, size_t *count);
/** The first row in the query's order, completed by the key; NULL: none (::OST_NOT_FOUND) or failed. */
OST_API void *ost_query_first(ost_query *q, const ost_model *m, size_t record_size);
/** The only row; NULL: none (::OST_NOT_FOUND), more than one (::OST_RANGE), or failed. */
OST_API void *ost_query_one(ost_query *q, const ost_model *m, size_t record_size);
/** How many rows the query has, with its limit and offset. */
OST_API ost_status ost_count_of(ost_query *q, int64_t *count);
/** Whether the query has any row. */
OST_API ost_status ost_exists(ost_query *q, bool *exists);
/**
 * One value over the query's rows, such as ost_sum(); no shape needed.
 * @param q The query, without limit, offset and ost_having(); its order and selection are not used.
 * @param e An aggregate.
 * @param out The value; a text lives in the session's memory. OST_TYPE_NONE is NULL.
 */
OST_API ost_status ost_value_of(ost_query *q, const ost_expr *e, ost_value *out);
/**
 * Changes every record that meets the conditions; see ost_update(). With ost_limit() or ost_offset() only those within
 * them, in the query's order; without, the order is not used.
 * @param q The query.
 * @param matched Set to the number of records met; may be NULL.
 * @param changes What ost_set(), ost_set_null() and ost_inc() make, up to a pointer to ::ost_expr_end.
 */
OST_API ost_status ost_query_update(ost_query *q, int64_t *matched, const ost_expr *const *changes);
/** Changes the record that meets the conditions; none: ::OST_NOT_FOUND; more than one: ::OST_RANGE, and nothing is changed. */
OST_API ost_status ost_query_update_one(ost_query *q, const ost_expr *const *changes);
/**
 * Deletes every record that meets the conditions, within the query's limits as ost_query_update(). `deleted` may be NULL. A
 * model with a member of `.stamp = OST_ON_DELETE` soft-deletes: the living that meet them are stamped, with the stamps that
 * every update sets; what is deleted already keeps its time, also with ost_with_deleted().
 */
OST_API ost_status ost_delete_all(ost_query *q, int64_t *deleted);
/**
 * Brings back every soft-deleted record that meets the conditions; the living are not looked at. `restored` may be NULL.
 * ::OST_CONFLICT, and nothing is restored: a living record has the same unique member. ::OST_MISUSE: the model does not
 * soft-delete.
 */
OST_API ost_status ost_restore_all(ost_query *q, int64_t *restored);
/**
 * Deletes every record that meets the conditions for good: of a model that soft-deletes the living ones, with
 * ost_with_deleted() the deleted ones too. `purged` may be NULL.
 */
OST_API ost_status ost_purge_all(ost_query *q, int64_t *purged);
/**
 * One page and the total, read in one transaction, in a total order.
 * @param q The query, without limit and offset of its own.
 * @param m Model of the result.
 * @param record_size sizeof the program's struct.
 * @param page From 1.
 * @param limit Rows on a page, at least 1.
 * @param count Rows on this page.
 * @param out Filled; may be NULL.
 * @param page_size sizeof the program's ost_page.
 * @return As ost_query_all().
 */
OST_API void *ost_query_page(ost_query *q, const ost_model *m, size_t record_size, size_t page,
                             size_t limit, size_t *count, ost_page *out, size_t page_size);
/**
 * The statement that the query would run, with placeholders; nothing is run.
 * @return In the session's memory; NULL if the query is wrong or unsupported.
 */
OST_API const char *ost_render(ost_query *q);

/**
 * Streams the rows. Each row is valid until the next batch is read, and is not tracked: ost_get() it to save it.
 * @param q The query.
 * @param batch Rows that are held at a time; 0: the default.
 * @return Never NULL; mistakes surface in ost_cursor_close().
 */
OST_API ost_cursor *ost_stream(ost_query *q, size_t batch);
/** The next row; NULL: the end, or a failure that ost_cursor_close() reports. */
OST_API void *ost_cursor_next(ost_cursor *c, const ost_model *m, size_t record_size);
/** Ends the stream and says whether the end was the end. Must be called. */
OST_API ost_status ost_cursor_close(ost_cursor *c);

#ifndef __cplusplus
/** Model and size of a struct. */
#define OST_OF(T) &T##_model, sizeof(T##_record_)
/** A pointer to a `T`; another struct's does not compile. */
#define OST_PTR(T, ...) _Generic((__VA_ARGS__), T##_record_ *: (__VA_ARGS__))
/** A pointer to a `T` or `const T`. */
#define OST_CPTR(T, ...) \
    _Generic((__VA_ARGS__), T##_record_ *: (__VA_ARGS__), const T##_record_ *: (__VA_ARGS__))
/** A query over the records of `T`. Never NULL. */
#define ost_from(s, T) ost_session_from((s), OST_OF(T))
/** Loads a relation with the results. */
#define ost_include(q, T, relation_) \
    ost_query_include((q), &T##_model, &(const ost_member)OST_AT(T, relation_))
/** Selects into a result's struct: ost_select(q, ost_as(shape, member, expression), …). */
#define ost_select(q, ...) \
    ost_query_select((q), (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end })
/** All rows as an array of `T`. */
#define ost_all(q, T, count) ((T##_record_ *)ost_query_all((q), OST_OF(T), (count)))
/** The first row as a `T`. */
#define ost_first(q, T) ((T##_record_ *)ost_query_first((q), OST_OF(T)))
/** The only row as a `T`. */
#define ost_one(q, T) ((T##_record_ *)ost_query_one((q), OST_OF(T)))
/** The next row of a cursor as a `T`. */
#define ost_next(c, T) ((T##_record_ *)ost_cursor_next((c), OST_OF(T)))
/** One page as an array of `T`. */
#define ost_paginate(q, T, page, limit, count, out) \
    ((T##_record_ *)ost_query_page((q), OST_OF(T), (page), (limit), (count), (out), sizeof *(out)))
/** Changes every record that meets the conditions: ost_update(q, &matched, ost_set(…), ost_inc(…), …). */
#define ost_update(q, matched, ...) \
    ost_query_update((q), (matched), (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end })
/** Changes the one record that meets the conditions. */
#define ost_update_one(q, ...) \
    ost_query_update_one((q), (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end })
#endif

#ifdef __cplusplus
}
#endif
#endif
