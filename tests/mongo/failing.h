/* SPDX-License-Identifier: MIT */
/* Commands that the server fails, for the clients of this program alone. */
#ifndef OSTLER_TESTS_MONGO_FAILING_H
#define OSTLER_TESTS_MONGO_FAILING_H

#include "mongo/connection.h"

/* An option for URLs: the name by which the server knows the clients that it may fail. */
const char *failing_option(void);
/* The next `times` (0: all) of the command fail in this way: "errorCode": …, "closeConnection":
 * true and the like. */
void failing(const char *url, const char *command, int times, const char *how);
/* The command fails in this way, but for its first `turns`. */
void failing_after(const char *url, const char *command, int turns, const char *how);
/* No command fails any more. */
void failing_ends(const char *url);

#endif
