/* SPDX-License-Identifier: MIT */
/**
 * @file json.h
 * JSON of records, for output.
 *
 * Members keep their names; absent members are left out, hidden ones never appear. Decimals and 64-bit unsigned
 * integers are strings, times RFC 3339, days "YYYY-MM-DD", blobs base64. Numbers never depend on a locale.
 *
 * @code
 * #include <ostler/ostler.h>
 * #include <stdio.h>
 *
 * typedef struct book { int64_t id; const char *title; } book;
 * OST_RECORD(book, id);
 *
 * void print_book(ost_session *s, const book *b)
 * {
 *     const char *json = ost_to_json(s, book, b);
 *     puts(json ? json : ost_session_error(s)->message);
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

#ifndef __cplusplus
/** JSON of a `T`. */
#define ost_to_json(s, T, ...) ost_session_to_json((s), OST_OF(T), OST_CPTR(T, __VA_ARGS__))
/** JSON of an array of `T`. */
#define ost_list_to_json(s, T, records, count) \
    ost_session_list_to_json((s), OST_OF(T), OST_CPTR(T, records), (count))
#endif

#ifdef __cplusplus
}
#endif
#endif
