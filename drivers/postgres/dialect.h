/* SPDX-License-Identifier: MIT */
/* SQL as PostgreSQL speaks it, and servers that speak almost the same. */
#ifndef OSTLER_POSTGRES_DIALECT_H
#define OSTLER_POSTGRES_DIALECT_H

#include "sql/dialect.h"

extern const ost__sql_dialect ost__pg_dialect;
/* A server without ICU's collations: text is searched without regard to the case of ASCII alone. */
extern const ost__sql_dialect ost__pg_ascii_dialect;
/* CockroachDB. Not tested: there was no server to try it on. */
extern const ost__sql_dialect ost__cockroach_dialect;

#endif
