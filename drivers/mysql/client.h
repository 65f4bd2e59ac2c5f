/* SPDX-License-Identifier: MIT */
/*
 * The client library: MariaDB Connector/C, or Oracle's libmysqlclient. What differs between them
 * is here, or asks for one of these.
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

static inline int ost__my_socket(MYSQL *mysql)
{
    return mysql_get_socket(mysql);
}
/* What mysql_stmt_field_count() gives. */
static inline unsigned ost__my_column_count(const MYSQL_STMT *stmt)
{
    return stmt->field_count;
}
/* Values that are bound have moved, and are otherwise of the same kinds: the server need not be
 * told of these again. false: it failed. */
static inline int ost__my_move_parameters(MYSQL_STMT *stmt, const MYSQL_BIND *list)
{
    for (unsigned i = 0; i < stmt->param_count; i++)
        stmt->params[i].buffer = list[i].buffer;
    return 1;
}
/* Whether the library has not closed it. */
static inline int ost__my_has_socket(const MYSQL *mysql)
{
    return mysql->net.pvio != NULL;
}
/* How long a call that waits wants to wait at most. */
static inline unsigned ost__my_patience_ms(const MYSQL *mysql)
{
    return mysql_get_timeout_value_ms(mysql);
}

#else

#include <stdbool.h>
#define OST__MY_HAS_WAITING 0
#define OST__MY_HAS_ARRAYS 0
#if MYSQL_VERSION_ID >= 80000
typedef bool ost__my_bool;
#else
typedef my_bool ost__my_bool;
#endif

enum { MYSQL_WAIT_READ = 1, MYSQL_WAIT_WRITE = 2, MYSQL_WAIT_EXCEPT = 4, MYSQL_WAIT_TIMEOUT = 8 };

static inline int ost__my_socket(MYSQL *mysql)
{
    return (int)mysql->net.fd;
}
static inline unsigned ost__my_column_count(MYSQL_STMT *stmt)
{
    return mysql_stmt_field_count(stmt);
}
static inline int ost__my_move_parameters(MYSQL_STMT *stmt, MYSQL_BIND *list)
{
    return !mysql_stmt_bind_param(stmt, list);
}
static inline int ost__my_has_socket(const MYSQL *mysql)
{
    return mysql->net.fd >= 0;
}
static inline unsigned ost__my_patience_ms(const MYSQL *mysql)
{
    (void)mysql;
    return 0;
}

#endif

#endif
