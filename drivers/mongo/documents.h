/* SPDX-License-Identifier: MIT */
/*
 * Members that are documents: embedded structs, lists, ost_json and ost_point, straight from and
 * into structs. What is inside a struct is stored as it would be in a document of its own, and left
 * out where it is absent; a list is an array, a point is GeoJSON.
 *
 * JSON keeps its values: whole numbers are int32 or int64, others double, or decimal128 where that
 * would round. A null inside it is stored; a null that is all of it could not be told from an
 * absent member, and is refused.
 */
#ifndef OSTLER_MONGO_DOCUMENTS_H
#define OSTLER_MONGO_DOCUMENTS_H

#include "base/document.h"
#include "mongo/types.h"

/* A document in the making. `kind` is that of the value that was refused, if one was. */
typedef struct ost__mongo_document {
    ost__mongo_text *text;
    uint16_t kind;
} ost__mongo_document;

/* Adds the member at `at` under a key; one that is NULL is left out. Statuses as of
 * ost__mongo_store(). */
ost_status ost__mongo_document_put(ost__mongo_document *d, const char *key, size_t key_size,
                                   const ost_field *f, const void *at);
/* The same for the value of a parameter. */
ost_status ost__mongo_document_put_parameter(ost__mongo_document *d, const char *key,
                                             size_t key_size, const ost_parameter *p,
                                             const void *record);

/* An element into the zeroed member at `at`; OST_RANGE: it does not fit. `heap` is for what does
 * not last. */
ost_status ost__mongo_document_read(const ost_field *f, const ost__mongo_element *e, ost_sink *sink,
                                    const ost__memory *heap, void *at);

/* document_json.c. *null: the text is that of null, and nothing was written. */
ost_status ost__mongo_document_put_json(ost__mongo_text *t, const char *key, size_t key_size,
                                        const char *text, bool *null);
/* Into the canonical form. */
ost_status ost__mongo_document_read_json(const ost__mongo_element *e, ost_sink *sink,
                                         const ost__memory *heap, ost_json *out);

#endif
