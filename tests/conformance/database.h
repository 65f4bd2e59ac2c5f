/* SPDX-License-Identifier: MIT */
/* What the runner of the suite needs of the database under test. */
#ifndef CONFORMANCE_DATABASE_H
#define CONFORMANCE_DATABASE_H

#include "conformance.h"

/* Makes the database and its tables; false: it was said why. */
bool database_open(const way *by);
void database_close(void);
/* Before and after a case. `alone`: the tables are empty and no transaction is open. */
bool database_begin(bool alone);
void database_end(void);
/* Of the way that is tested. */
const char *by_name(void);

#endif
