/* SPDX-License-Identifier: MIT */
#ifndef OSTLER_SQLITE_DIALECT_H
#define OSTLER_SQLITE_DIALECT_H

#include "sql/dialect.h"

extern const ost__sql_dialect ost__sqlite_dialect;

/* The value of a column after the changes inside its document. */
void ost__sqlite_document(ost__sql_writer *w, const ost_field *holder);

#endif
