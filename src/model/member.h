/* SPDX-License-Identifier: MIT */
/* Members of records, by kind. */
#ifndef OSTLER_MODEL_MEMBER_H
#define OSTLER_MODEL_MEMBER_H

#include <string.h>

#include "model/model.h"

/* Where an optional keeps its value: offset of `value` in the ost_opt_* of this kind; 0 for kinds
 * that are not optional. `type` with OST_TYPE_OPTIONAL. */
uint32_t ost__optional_value_offset(uint16_t type);
/* sizeof the C type of a kind (with or without OST_TYPE_OPTIONAL); 0 for CHARS and kinds without
 * one. */
uint32_t ost__type_size(uint16_t type);
const char *ost__type_name(uint16_t type); /* "int64_t", "ost_opt_time" */

static inline void *ost__member_at(const ost_field *f, const void *record)
{
    return (char *)(uintptr_t)record + f->offset;
}
/* Absent optional, or NULL text, blob, json. */
bool ost__member_is_null(const ost_field *f, const void *record);
/* As an ost_value (text and blobs borrowed; CHARS as TEXT); OST_TYPE_NONE if null. */
ost_value ost__member_value(const ost_field *f, const void *record);
/* A bare C value of kind `type` at `p` as an ost_value; for list items. */
ost_value ost__scalar_value(uint16_t type, uint32_t size, const void *p);
/*
 * Equal by kind, never by padding: absent optionals are equal; texts and blobs by content; NaN
 * equals NaN; -0.0 equals 0.0; decimals by value.
 */
bool ost__member_equal(const ost_field *f, const void *a, const void *b);
/* The same bytes are the same value; so is much else, as ost__member_equal() knows. */
static inline bool ost__same_bytes(const void *a, const void *b, size_t size)
{
    switch (size) {
    case 1: return memcmp(a, b, 1) == 0;
    case 4: return memcmp(a, b, 4) == 0;
    case 8: return memcmp(a, b, 8) == 0;
    default: return memcmp(a, b, size) == 0;
    }
}
/* A total order that agrees with equality; for keys. */
int ost__member_compare(const ost_field *f, const void *a, const void *b);
/* Copies the member's bytes from one record to another. */
void ost__member_copy(const ost_field *f, void *to, const void *from);
/* Zero, or absent, or NULL: what a key that is to be generated looks like. */
bool ost__member_is_zero(const ost_field *f, const void *record);
/* Orders two values of the same kind like the database does; used for bounds. */
int ost__value_compare(const ost_value *a, const ost_value *b);

#endif
