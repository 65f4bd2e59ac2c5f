/* SPDX-License-Identifier: MIT */
/*
 * The client library: MariaDB Connector/C, or Oracle's libmysqlclient. What differs between them
 * is here.
 */
#ifndef OSTLER_MYSQL_CLIENT_H
#define OSTLER_MYSQL_CLIENT_H

#include <mysql.h>

#if defined(MARIADB_PACKAGE_VERSION) || defined(MARIADB_BASE_VERSION)
/* Calls that can be left while they wait, so that deadlines hold to the millisecond; and arrays of
 * records in one statement. */
#define OST__MY_HAS_WAITING 1
#define OST__MY_HAS_ARRAYS 1
typedef my_bool ost__my_bool;
#else
#include <stdbool.h>
#define OST__MY_HAS_WAITING 0
#define OST__MY_HAS_ARRAYS 0
#if MYSQL_VERSION_ID >= 80000
typedef bool ost__my_bool;
#else
typedef my_bool ost__my_bool;
#endif
#endif

#endif
