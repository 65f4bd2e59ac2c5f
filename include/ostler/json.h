/* SPDX-License-Identifier: MIT */
/**
 * @file json.h
 * JSON of records, in and out.
 *
 * Members keep their names; absent members are left out, hidden ones never appear. Decimals and 64-bit unsigned
 * integers are strings, times RFC 3339, days "YYYY-MM-DD", blobs base64, enumerations their names. Numbers never depend
 * on a locale. Embedded structs are objects, also those that are stored as columns, lists are lists, an ::ost_json is what
 * it holds, an ::ost_point is a GeoJSON point. Members that OST_COMPUTED() names are asked for and follow the others.
 *
 * What comes in is merged into a record: a member that the text does not name stays as it is, null makes absent, and is a
 * failure where a member cannot be absent. Only members of a list may be set, for a text from outside could name any:
 * with ost_only(), a role or a balance is not for a request to choose. Members that may not be set, or that do not exist,
 * are failures, not ignored. An embedded struct is merged member by member; a list is replaced whole, each struct in it starting
 * from its defaults. Listing an embedded struct or a list allows all in it but hidden members; listing home.city allows
 * no more of home. All failures are found at once, by their paths, and the record is untouched unless everything
 * fits. Rules such as `.max_length` are checked when the record is written.
 *
 * The text is JSON as RFC 8259 has it: UTF-8, at most 30 levels deep and 64 MiB large, without U+0000, no name twice in
 * an object. Integers are exact: 1e3 and 5.0 are whole numbers, 1.5 is none.
 *
 * @code
 * #include <ostler/ostler.h>
 * #include <stdio.h>
 * #include <string.h>
 *
 * typedef struct book { int64_t id; const char *title; bool lent; } book;
 * OST_RECORD(book, id);
 *
 * // "PATCH /books/7" with a body such as {"title": "Emma"}; {"lent": true} is refused.
 * int patch_book(ost_session *s, int64_t id, const char *body)
 * {
 *     char why[1024];
 *     book *found = ost_get(s, book, id);
 *     if (found && ost_from_json(s, book, body, strlen(body), ost_only(book, title), found) == OST_OK &&
 *         ost_save(s, book, found) == OST_OK)
 *         return puts(ost_to_json(s, book, found));
 *     ost_explain_error(ost_session_error(s), why, sizeof why);
 *     return puts(why);
 * }
 * @endcode
 */
#ifndef OSTLER_JSON_H
#define OSTLER_JSON_H

#include "ostler/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** JSON of one record, in the session's memory; NULL: failed. */
OST_API const char *ost_session_to_json(ost_session *s, const ost_model *m, size_t record_size,
                                        const void *record);
/** JSON of an array of records, in the session's memory; NULL: failed. */
OST_API const char *ost_session_list_to_json(ost_session *s, const ost_model *m, size_t record_size,
                                             const void *records, size_t count);
/**
 * JSON of a page, in the session's memory: {"items":[…],"page":1,"limit":20,"total":45,"pages":3,"has_next":true,
 * "has_previous":false}. NULL: failed.
 * @param s The session.
 * @param m The model.
 * @param record_size sizeof the program's struct.
 * @param records The records on the page, as ost_paginate() gave them.
 * @param count How many.
 * @param page Borrowed.
 * @param page_size sizeof the program's ost_page.
 */
OST_API const char *ost_session_page_to_json(ost_session *s, const ost_model *m, size_t record_size,
                                             const void *records, size_t count,
                                             const ost_page *page, size_t page_size);
/**
 * Takes a portion of a text that is too large to be held as a whole: a socket, a file.
 * @param context What was given with it.
 * @param text Borrowed until it returns; no NUL.
 * @param size At least 1.
 * @return Anything but ::OST_OK ends the writing with that status.
 */
typedef ost_status ost_json_sink(void *context, const char *text, size_t size);
/** JSON of an array of records, in portions of some 32 KiB. While the sink runs the session is the program's to use. */
OST_API ost_status ost_session_list_write_json(ost_session *s, const ost_model *m,
                                               size_t record_size, const void *records,
                                               size_t count, ost_json_sink *sink, void *context);
/**
 * Runs a query and writes the JSON list of its rows in portions, without holding them all: as ost_stream(), the rows are not
 * tracked. If it fails half-way the list has no end.
 */
OST_API ost_status ost_query_write_json(ost_query *q, const ost_model *m, size_t record_size,
                                        ost_json_sink *sink, void *context);
/**
 * Merges a JSON object into a record. Texts, blobs and lists that it brings lie in the session's memory.
 * @param s The session.
 * @param m The model.
 * @param record_size sizeof the program's struct.
 * @param text The object; borrowed until the call returns, needs no NUL.
 * @param size Bytes of it.
 * @param only The members that may be set, up to one with a NULL path, as ost_only() writes it. NULL: all but hidden
 *             members, the key, and what the library sets (generated ids, stamps, versions); for texts that are trusted.
 * @param record A struct of the session's or of the program's own.
 * @return ::OST_INVALID with every failure by its path ("title", "comments[2].text"; rules "unknown", "twice", "type",
 *         "required", "range", …), or with one of rule "json" and no path if the text is not JSON; ::OST_TOO_LARGE;
 *         ::OST_MISUSE also for a list that names a member which the model does not have. The record is then untouched.
 */
OST_API ost_status ost_session_from_json(ost_session *s, const ost_model *m, size_t record_size,
                                         const char *text, size_t size, const ost_member *only,
                                         void *record);
/**
 * Makes records of a JSON list of objects: one array in the session's memory, each with its defaults, not tracked, as
 * ost_insert_many() takes it.
 * @param s The session.
 * @param m The model.
 * @param record_size sizeof the program's struct.
 * @param text The list; borrowed until the call returns.
 * @param size Bytes of it.
 * @param only As for ost_session_from_json().
 * @param most More records are ::OST_TOO_LARGE.
 * @param count Set to how many there are, 0 on failure; may be NULL.
 * @return NULL only on failure; paths of failures name the record: "[3].title".
 */
OST_API void *ost_session_list_from_json(ost_session *s, const ost_model *m, size_t record_size,
                                         const char *text, size_t size, const ost_member *only,
                                         size_t most, size_t *count);

#ifndef __cplusplus
/** JSON of a `T`. */
#define ost_to_json(s, T, ...) ost_session_to_json((s), OST_OF(T), OST_CPTR(T, __VA_ARGS__))
/** JSON of an array of `T`. */
#define ost_list_to_json(s, T, records, count) \
    ost_session_list_to_json((s), OST_OF(T), OST_CPTR(T, records), (count))
/** JSON of a page of `T`; see ost_session_page_to_json(). */
#define ost_page_to_json(s, T, records, count, page) \
    ost_session_page_to_json((s), OST_OF(T), OST_CPTR(T, records), (count), (page), \
                             sizeof(ost_page))
/** JSON of an array of `T` into a sink; see ost_session_list_write_json(). */
#define ost_list_write_json(s, T, records, count, sink, context) \
    ost_session_list_write_json((s), OST_OF(T), OST_CPTR(T, records), (count), (sink), (context))
/** JSON of all rows of a query into a sink; see ost_query_write_json(). */
#define ost_write_json(q, T, sink, context) \
    ost_query_write_json((q), OST_OF(T), (sink), (context))
/** Merges a JSON object into the `T` that `record` (the last argument) points to; see ost_session_from_json(). */
#define ost_from_json(s, T, text, size, only, ...) \
    ost_session_from_json((s), OST_OF(T), (text), (size), (only), OST_PTR(T, __VA_ARGS__))
/** An array of new `T` from a JSON list of at most `most` objects; see ost_session_list_from_json(). */
#define ost_list_from_json(s, T, text, size, only, most, count) \
    ((T##_record_ *)ost_session_list_from_json((s), OST_OF(T), (text), (size), (only), (most), \
                                               (count)))
/** Members that may be set: ost_only(user, name, email), up to 32. It lives until the end of its block. */
#define ost_only(...) \
    ((const ost_member[]){ OST_ONLY_PICK(__VA_ARGS__, \
        OST_ONLY_32, OST_ONLY_31, OST_ONLY_30, OST_ONLY_29, OST_ONLY_28, OST_ONLY_27, \
        OST_ONLY_26, OST_ONLY_25, OST_ONLY_24, OST_ONLY_23, OST_ONLY_22, OST_ONLY_21, \
        OST_ONLY_20, OST_ONLY_19, OST_ONLY_18, OST_ONLY_17, OST_ONLY_16, OST_ONLY_15, \
        OST_ONLY_14, OST_ONLY_13, OST_ONLY_12, OST_ONLY_11, OST_ONLY_10, OST_ONLY_9, \
        OST_ONLY_8, OST_ONLY_7, OST_ONLY_6, OST_ONLY_5, OST_ONLY_4, OST_ONLY_3, OST_ONLY_2, \
        OST_ONLY_1, 0)(__VA_ARGS__) \
        { .path = NULL } })
/** @cond behind ost_only() */
#define OST_ONLY_PICK(T, \
        m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, \
        m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, pick, ...) \
    pick
#define OST_ONLY_1(T, m) OST_AT(T, m),
#define OST_ONLY_2(T, m, ...) OST_AT(T, m), OST_ONLY_1(T, __VA_ARGS__)
#define OST_ONLY_3(T, m, ...) OST_AT(T, m), OST_ONLY_2(T, __VA_ARGS__)
#define OST_ONLY_4(T, m, ...) OST_AT(T, m), OST_ONLY_3(T, __VA_ARGS__)
#define OST_ONLY_5(T, m, ...) OST_AT(T, m), OST_ONLY_4(T, __VA_ARGS__)
#define OST_ONLY_6(T, m, ...) OST_AT(T, m), OST_ONLY_5(T, __VA_ARGS__)
#define OST_ONLY_7(T, m, ...) OST_AT(T, m), OST_ONLY_6(T, __VA_ARGS__)
#define OST_ONLY_8(T, m, ...) OST_AT(T, m), OST_ONLY_7(T, __VA_ARGS__)
#define OST_ONLY_9(T, m, ...) OST_AT(T, m), OST_ONLY_8(T, __VA_ARGS__)
#define OST_ONLY_10(T, m, ...) OST_AT(T, m), OST_ONLY_9(T, __VA_ARGS__)
#define OST_ONLY_11(T, m, ...) OST_AT(T, m), OST_ONLY_10(T, __VA_ARGS__)
#define OST_ONLY_12(T, m, ...) OST_AT(T, m), OST_ONLY_11(T, __VA_ARGS__)
#define OST_ONLY_13(T, m, ...) OST_AT(T, m), OST_ONLY_12(T, __VA_ARGS__)
#define OST_ONLY_14(T, m, ...) OST_AT(T, m), OST_ONLY_13(T, __VA_ARGS__)
#define OST_ONLY_15(T, m, ...) OST_AT(T, m), OST_ONLY_14(T, __VA_ARGS__)
#define OST_ONLY_16(T, m, ...) OST_AT(T, m), OST_ONLY_15(T, __VA_ARGS__)
#define OST_ONLY_17(T, m, ...) OST_AT(T, m), OST_ONLY_16(T, __VA_ARGS__)
#define OST_ONLY_18(T, m, ...) OST_AT(T, m), OST_ONLY_17(T, __VA_ARGS__)
#define OST_ONLY_19(T, m, ...) OST_AT(T, m), OST_ONLY_18(T, __VA_ARGS__)
#define OST_ONLY_20(T, m, ...) OST_AT(T, m), OST_ONLY_19(T, __VA_ARGS__)
#define OST_ONLY_21(T, m, ...) OST_AT(T, m), OST_ONLY_20(T, __VA_ARGS__)
#define OST_ONLY_22(T, m, ...) OST_AT(T, m), OST_ONLY_21(T, __VA_ARGS__)
#define OST_ONLY_23(T, m, ...) OST_AT(T, m), OST_ONLY_22(T, __VA_ARGS__)
#define OST_ONLY_24(T, m, ...) OST_AT(T, m), OST_ONLY_23(T, __VA_ARGS__)
#define OST_ONLY_25(T, m, ...) OST_AT(T, m), OST_ONLY_24(T, __VA_ARGS__)
#define OST_ONLY_26(T, m, ...) OST_AT(T, m), OST_ONLY_25(T, __VA_ARGS__)
#define OST_ONLY_27(T, m, ...) OST_AT(T, m), OST_ONLY_26(T, __VA_ARGS__)
#define OST_ONLY_28(T, m, ...) OST_AT(T, m), OST_ONLY_27(T, __VA_ARGS__)
#define OST_ONLY_29(T, m, ...) OST_AT(T, m), OST_ONLY_28(T, __VA_ARGS__)
#define OST_ONLY_30(T, m, ...) OST_AT(T, m), OST_ONLY_29(T, __VA_ARGS__)
#define OST_ONLY_31(T, m, ...) OST_AT(T, m), OST_ONLY_30(T, __VA_ARGS__)
#define OST_ONLY_32(T, m, ...) OST_AT(T, m), OST_ONLY_31(T, __VA_ARGS__)
/** @endcond */
#endif

#ifdef __cplusplus
}
#endif
#endif
