/* SPDX-License-Identifier: MIT */
#include "conformance.h"

#include "support/servers.h"

static const char *made;

static bool make(enum server sort, char *url, size_t size)
{
    if (!server_given(sort)) {
        (void)snprintf(url, size, "the environment names no server; see tests/services");
        return false;
    }
    made = server_database(sort, NULL);
    (void)snprintf(url, size, "%s", made);
    return true;
}

static bool make_postgres(char *url, size_t size)
{
    return make(SERVER_POSTGRES, url, size);
}

static bool make_pgbouncer(char *url, size_t size)
{
    return make(SERVER_PGBOUNCER, url, size);
}

static bool make_mariadb(char *url, size_t size)
{
    return make(SERVER_MYSQL, url, size);
}

static bool make_mongodb(char *url, size_t size)
{
    return make(SERVER_MONGODB, url, size);
}

static void drop(void)
{
    server_drop(made);
}

#ifdef TEST_POSTGRES
#define POSTGRES ost_driver_postgres
#else
#define POSTGRES no_driver
#endif
#ifdef TEST_MYSQL
#define MYSQL ost_driver_mysql
#else
#define MYSQL no_driver
#endif
#ifdef TEST_MONGO
#define MONGO ost_driver_mongo
#else
#define MONGO no_driver
#endif

#if !defined(TEST_POSTGRES) || !defined(TEST_MYSQL) || !defined(TEST_MONGO)
static const ost_driver *no_driver(void)
{
    return NULL;
}
#endif

const way way_postgres = { "postgres", "postgres", POSTGRES, make_postgres, drop, 1 };
const way way_pgbouncer = { "pgbouncer", "postgres", POSTGRES, make_pgbouncer, drop, 1 };
const way way_mariadb = { "mariadb", "mariadb", MYSQL, make_mariadb, drop, 1 };
const way way_mongodb = { "mongodb", "mongodb", MONGO, make_mongodb, drop, 1000 };
