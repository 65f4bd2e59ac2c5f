/* SPDX-License-Identifier: MIT */
/* Raw SQL through libpq and MariaDB's client, beside the drivers that it judges. */
#ifndef OSTLER_TESTS_SERVER_SQL_H
#define OSTLER_TESTS_SERVER_SQL_H

/* Drops a database if it is there, whoever is connected to it; NULL, or why it cannot. */
const char *server_sql_drop(const char *admin, const char *name);

#endif
