/* SPDX-License-Identifier: MIT */
/**
 * @file raw.h
 * Raw statements: a database's own language, with bound parameters, read into structs.
 *
 * What the query language has no word for is written in the database's. MongoDB takes Extended JSON, canonical or
 * relaxed: a pipeline (an array of stages, run as an aggregate over a model's collection) or a whole command (a
 * document). Other databases refuse raw statements with ::OST_UNSUPPORTED as yet; their texts will be SQL.
 *
 * The text is the program's own, usually a constant. Whatever comes from outside is a parameter: {"$ost": 1} stands
 * where the value of the first one belongs, as a whole value, as often as wanted. Values are put into the statement
 * after it was read, and never become a key, an operator, a path or code; where they could, the statement is refused.
 *
 * Rows are read by the names of the columns that a struct's model has, whatever else a document holds. They are not
 * tracked, and records that the session holds do not learn what a raw statement wrote: ost_reload() them.
 *
 * @code
 * #include <ostler/ostler.h>
 * #include <stdio.h>
 *
 * typedef struct book { int64_t id; const char *author; int year; } book;
 * OST_RECORD(book, id);
 * typedef struct shelf { const char *author; int64_t books; } shelf;
 * OST_PART(shelf);
 *
 * ost_status print_authors(ost_session *s, int since)
 * {
 *     size_t count;
 *     shelf *found = ost_raw_all(s, shelf,
 *         OST_RAW("[ {\"$match\": {\"year\": {\"$gte\": {\"$ost\": 1}}}},"
 *                 "  {\"$sortByCount\": \"$author\"},"
 *                 "  {\"$project\": {\"author\": \"$_id\", \"books\": \"$count\"}} ]",
 *                 .over = &book_model, OST_BIND(ost_bind(since))),
 *         &count);
 *     if (!found)
 *         return (ost_status)ost_session_error(s)->status;
 *     for (size_t i = 0; i < count; i++)
 *         printf("%s  %lld\n", found[i].author, (long long)found[i].books);
 *     return OST_OK;
 * }
 * @endcode
 */
#ifndef OSTLER_RAW_H
#define OSTLER_RAW_H

#include "ostler/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A bound parameter: a value, or a list of values. Written with ost_bind() and ost_bind_list(). */
typedef struct ost_binding {
    ost_value value;   /**< The value, borrowed; unless there is a list. OST_TYPE_NONE is NULL. */
    const void *list;  /**< NULL, or an array; no item may be NULL. */
    size_t list_count; /**< Items of the list. */
    uint32_t stride;   /**< Bytes from one item to the next; not 0: it is a list, also an empty one. */
    uint16_t type;     /**< Kind of the C value, or of an item: an enum ost_type. It tells an int from an int64_t. */
    uint16_t reserved; /**< Zero. */
} ost_binding;

/** A raw statement. Written with OST_RAW(), which fills the sizes. All is borrowed until the call returns. */
typedef struct ost_raw {
    size_t struct_size;          /**< sizeof(ost_raw) of the program. */
    const char *text;            /**< In the database's language; UTF-8, at most 16 MiB. */
    const ost_model *over;       /**< Whose collection a pipeline reads; NULL: that of the rows' model, if it is a record. */
    const ost_binding *bindings; /**< `binding_count` of them, numbered from 1. Each must be used. */
    size_t binding_count;        /**< At most 65535. */
    size_t binding_size;         /**< sizeof(ost_binding) of the program. */
    uintptr_t reserved_;         /**< Zero. */
} ost_raw;

/**
 * Runs a raw statement and reads its rows; see ost_raw_all().
 * @param s The session. In a transaction the statement is part of it, and its failure is one of the transaction; outside,
 * what it wrote before it failed stays written.
 * @param m Model of the rows: a record or a part. A member that a row does not have is absent or NULL, or ::OST_RANGE where
 * it cannot be; so is a value that the member cannot hold. Keys that no member has are ignored.
 * @param record_size sizeof the program's struct.
 * @param raw The statement.
 * @param count Set to the number of rows, 0 on failure; may be NULL.
 * @return The rows in the session's memory, a pointer also for none; NULL on failure. A reply that is no list of rows is one
 * row itself; of MongoDB's findAndModify it is the document in it. ::OST_MISUSE: the text is wrong, or does not go with its
 * parameters, or would write in a read-only session or transaction; nothing was sent. What is not known to read is taken for
 * a write. ::OST_UNSUPPORTED: the database has no raw statements, or this one would end what the library keeps.
 */
OST_API void *ost_session_raw_all(ost_session *s, const ost_model *m, size_t record_size,
                                  const ost_raw *raw, size_t *count);
/**
 * Runs a raw statement without reading rows.
 * @param s The session.
 * @param raw The statement.
 * @param matched Set to how many records it met, inserted or counted, as the database says (MongoDB's `n`); -1: it did not
 * say. May be NULL.
 * @param changed Set to how many of them differ afterwards (MongoDB's `nModified`); -1: it did not say. May be NULL.
 * @return As ost_session_raw_all().
 */
OST_API ost_status ost_raw_run(ost_session *s, const ost_raw *raw, int64_t *matched,
                               int64_t *changed);

#ifndef __cplusplus
/** A parameter of any C value that a member may have. An absent optional and a NULL text are NULL. */
#define ost_bind(x) \
    ((ost_binding){ .value = ost_val(x), \
                    .type = _Generic((x), OST_SCALARS(, char *: OST_TYPE_TEXT)) })
/** A parameter of an array of `count` values, none of them optional. */
#define ost_bind_list(array, count) \
    ((ost_binding){ .list = (array), .list_count = (count), .stride = (uint32_t)sizeof (array)[0], \
                    .type = _Generic((array)[0], OST_SCALARS(, char *: OST_TYPE_TEXT)) })
/** The parameters of OST_RAW(), in the order of their numbers. */
#define OST_BIND(...) \
    .bindings = (const ost_binding[]){ __VA_ARGS__ }, \
    .binding_count = sizeof(const ost_binding[]){ __VA_ARGS__ } / sizeof(ost_binding), \
    .binding_size = sizeof(ost_binding)
/** A raw statement: OST_RAW(text, .over = &model, OST_BIND(…)); only the text must be there. */
#define OST_RAW(...) OST_RAW_(__VA_ARGS__, .reserved_ = 0)
/** Behind OST_RAW(). */
#define OST_RAW_(text_, ...) \
    (&(const ost_raw){ .struct_size = sizeof(ost_raw), .text = (text_), __VA_ARGS__ })
/** The rows of a raw statement as an array of `T`: ost_raw_all(s, T, OST_RAW(…), &count). */
#define ost_raw_all(s, T, raw, count) \
    ((T##_record_ *)ost_session_raw_all((s), OST_OF(T), (raw), (count)))
#endif

#ifdef __cplusplus
}
#endif
#endif
