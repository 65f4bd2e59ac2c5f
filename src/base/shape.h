/* SPDX-License-Identifier: MIT */
/* What drivers ask of shapes, and what both they and the core call what has no name. */
#ifndef OSTLER_BASE_SHAPE_H
#define OSTLER_BASE_SHAPE_H

#include "ostler/operation.h"

/* Whether the condition names one record by its key: at most one meets it. */
bool ost__shape_is_by_key(const ost_shape *s);

/*
 * The name of a constraint that has none of its own: table, column and what it is, at most 63
 * bytes; a longer one is cut and ends in a hash of the whole.
 */
enum { OST__CONSTRAINT_NAME_SIZE = 64 };
void ost__constraint_name(const char *table, const char *column, const char *what,
                          char out[OST__CONSTRAINT_NAME_SIZE]);

#endif
