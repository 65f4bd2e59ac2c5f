/* SPDX-License-Identifier: MIT */
/* Bringing values to the kind of a field, and writing them into members. */
#ifndef OSTLER_MODEL_CONVERT_H
#define OSTLER_MODEL_CONVERT_H

#include "model/model.h"

/* Why a value does not fit a field. */
enum ost__fit {
    OST__FIT_OK,
    OST__FIT_KIND,      /* a text for a number, a fraction for an integer, … */
    OST__FIT_RANGE,     /* outside what the type holds */
    OST__FIT_NAN,       /* not a number */
    OST__FIT_SCALE,     /* more digits after the point than the field keeps */
    OST__FIT_PRECISION, /* more digits than the field keeps */
    OST__FIT_VALUES     /* an enumeration has no such name or number */
};

static inline uint16_t ost__base_type(uint16_t type)
{
    return type & (uint16_t)~OST_TYPE_OPTIONAL;
}
static inline bool ost__type_is_optional(uint16_t type)
{
    return (type & OST_TYPE_OPTIONAL) != 0;
}
/* The next four ignore OST_TYPE_OPTIONAL. */
static inline bool ost__type_is_integer(uint16_t type)
{
    uint16_t base = ost__base_type(type);
    return base >= OST_TYPE_INT8 && base <= OST_TYPE_UINT64;
}
static inline bool ost__type_is_unsigned(uint16_t type)
{
    uint16_t base = ost__base_type(type);
    return base >= OST_TYPE_UINT8 && base <= OST_TYPE_UINT64;
}
static inline bool ost__type_is_real(uint16_t type)
{
    uint16_t base = ost__base_type(type);
    return base == OST_TYPE_FLOAT || base == OST_TYPE_DOUBLE;
}
static inline bool ost__type_is_text(uint16_t type)
{
    uint16_t base = ost__base_type(type);
    return base == OST_TYPE_TEXT || base == OST_TYPE_CHARS;
}
/* Whether a NULL may be stored in the field's column. */
bool ost__field_nullable(const ost_field *f);
/* alignof the C type of a kind; 1 for kinds without one. */
uint32_t ost__type_align(uint16_t type);
/* The kind of ost_value that holds a member of this kind: INT64 for short, TEXT for char[N], … */
uint16_t ost__value_type(uint16_t type);
/*
 * Brings `v` to the kind of ost_value that holds the field: integers into doubles and into decimals
 * at the field's scale, names of an enumeration into their numbers, doubles to the nearest float,
 * -0.0 to 0.0. NULL fits everything. On failure `v` is untouched. Texts are not looked into.
 */
enum ost__fit ost__value_fit(const ost_field *f, ost_value *v);
/* Writes a value that fits; OST_TYPE_NONE makes the member absent or NULL. Text and blobs stay
 * borrowed. */
void ost__member_store(const ost_field *f, void *record, const ost_value *v);
/* Bytes of a char[N] before its NUL; N if there is none. */
size_t ost__chars_length(const ost_field *f, const void *record);

#endif
