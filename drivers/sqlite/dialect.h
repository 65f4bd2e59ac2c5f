/* SPDX-License-Identifier: MIT */
#ifndef OSTLER_SQLITE_DIALECT_H
#define OSTLER_SQLITE_DIALECT_H

#include "sql/dialect.h"

extern const ost__sql_dialect ost__sqlite_dialect;

/* A document after one of the changes inside it. */
void ost__sqlite_change_inside(ost__sql_writer *w, const ost__sql_subject *s, uint32_t index);

#endif
