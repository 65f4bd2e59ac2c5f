/* SPDX-License-Identifier: MIT */
/*
 * Folding constants against what they are compared with, before a driver sees them: a fraction
 * against an integer member, or a value out of its range, becomes false, true or the neighbouring
 * bound.
 */
#ifndef OSTLER_QUERY_FOLD_H
#define OSTLER_QUERY_FOLD_H

#include "model/model.h"

/* Kinds that compare with each other. */
enum ost__class {
    OST__CLASS_NONE,
    OST__CLASS_BOOL,
    OST__CLASS_INT,
    OST__CLASS_REAL,
    OST__CLASS_DECIMAL,
    OST__CLASS_TEXT,
    OST__CLASS_ENUM,
    OST__CLASS_TIME,
    OST__CLASS_DATE,
    OST__CLASS_UUID,
    OST__CLASS_OBJECT_ID,
    OST__CLASS_BLOB
};

/* What an expression yields. */
typedef struct ost__operand {
    uint16_t type; /* without OST_TYPE_OPTIONAL */
    uint16_t precision, scale;
    bool nullable, aggregate;
    const ost_field *field; /* the member that decides its stored form, or NULL */
} ost__operand;

enum ost__folded {
    OST__FOLD_VALUE,  /* compare with *v, of the canonical kind, by *op */
    OST__FOLD_NEVER,  /* false for present values, unknown for NULL */
    OST__FOLD_ALWAYS, /* true for present values, unknown for NULL */
    OST__FOLD_NULL,   /* the constant is NULL */
    OST__FOLD_MISFIT, /* a constant of the wrong kind */
    OST__FOLD_BAD, /* one without a place: NaN, no UTF-8, a number without a name where it orders */
};

enum ost__class ost__class_of(uint16_t type, const ost_field *field);
/* The kind of ost_value that carries values of this operand: BOOL, INT64, UINT64, DOUBLE, TEXT. */
uint16_t ost__canonical_type(uint16_t type, const ost_field *field);
ost__operand ost__operand_of_field(const ost_field *field);
/* `op` is a comparison OST_OP_EQ…OST_OP_GE and may change (m < 1.5 is m <= 1). */
enum ost__folded ost__fold(const ost__operand *with, uint16_t *op, ost_value *v);

#endif
