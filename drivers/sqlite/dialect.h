/* SPDX-License-Identifier: MIT */
#ifndef OSTLER_SQLITE_DIALECT_H
#define OSTLER_SQLITE_DIALECT_H

#include "sql/dialect.h"

extern const ost__sql_dialect ost__sqlite_dialect;

#endif
