/* SPDX-License-Identifier: MIT */
#ifndef OSTLER_MONGO_CHECK_H
#define OSTLER_MONGO_CHECK_H

#include "mongo/plan.h"

/* Digits that a decimal member may have. The server keeps 34: a value that has more is refused
 * where it is written, and compares as what lies behind all that are stored. */
enum { OST__MONGO_PRECISION = 38 };

/* Refuses a shape that cannot be run; the first reason stays in the writer. */
void ost__mongo_check(ost__mongo_writer *w);
/* Refuses a member that cannot be kept in a document. */
void ost__mongo_check_field(ost__mongo_writer *w, const ost_field *f);

#endif
