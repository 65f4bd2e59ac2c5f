/* SPDX-License-Identifier: MIT */
/*
 * Members that are stored as JSON: embedded structs, lists, ost_json and ost_point, straight from
 * and into structs.
 *
 * A struct is an object of its members by their stored names; absent ones are left out. Integers,
 * doubles and bools are themselves, enumerations their names, uint64 and decimals (at the member's
 * scale) strings of digits, times "YYYY-MM-DD HH:MM:SS.ffffff" in UTC, dates "YYYY-MM-DD", UUIDs,
 * ObjectIds and blobs in lower-case hexadecimal (UUIDs with hyphens), points GeoJSON. Each value
 * has one form only, so that equal values are equal texts.
 */
#ifndef OSTLER_BASE_DOCUMENT_H
#define OSTLER_BASE_DOCUMENT_H

#include "base/json_writer.h"
#include "ostler/operation.h"

/* Structs and lists within each other, below what JSON may be nested. */
enum { OST__DOCUMENT_DEPTH = 24 };

/* Whether members of this kind are documents. */
static inline bool ost__is_document(const ost_field *f)
{
    return f->type >= OST_TYPE_JSON && f->type <= OST_TYPE_LIST;
}

/* Writes the member at `at`, which is not null. OST_RANGE: it has no such form. */
ost_status ost__document_write(ost__json_writer *w, const ost_field *f, const void *at);
/* The same for a C value of kind `type`, without OST_TYPE_OPTIONAL, in the form of a member `f`. */
ost_status ost__document_write_scalar(ost__json_writer *w, const ost_field *f, uint16_t type,
                                      const void *at);

/* Where texts and items go. NULL: no memory. */
typedef struct ost__document_memory {
    void *(*take)(void *context, size_t size, size_t align);
    void *context;
    const ost__memory *heap; /* for what does not last */
} ost__document_memory;
/* Of a sink: what lives as long as its rows. */
ost__document_memory ost__document_memory_of(ost_sink *sink, const ost__memory *heap);

/*
 * Reads a text into the zeroed member at `at`. Names that the struct does not have are passed over.
 * OST_RANGE: the text is no JSON, or a value does not fit its member, or one is missing that cannot
 * be absent and has no default.
 */
ost_status ost__document_read(const ost_field *f, const char *text, size_t size,
                              const ost__document_memory *memory, void *at);
/*
 * What the zeroed member at `at` is where its document does not have it: its default, or absent.
 * OST_RANGE: it cannot be absent.
 */
ost_status ost__document_missing(const ost_field *f, void *at);
/* Copies all that the member at `at` points to; false: no memory. Texts get a NUL. */
bool ost__document_copy(const ost_field *f, const ost__document_memory *memory, void *at);

#endif
