/* SPDX-License-Identifier: MIT */
/*
 * What a connection is set to, and what the server says that it is set to: a proxy in between, or
 * a server that knows better, must not change what our statements mean.
 */
#include "mysql/connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/*
 * Every value is refused that does not fit. x / 0 stays NULL, so ERROR_FOR_DIVISION_BY_ZERO is not
 * among them; texts of ours double quotes and know no other escape; a key of zero is a key.
 */
#define MODES                                                                      \
    "STRICT_ALL_TABLES", "STRICT_TRANS_TABLES", "NO_ZERO_DATE", "NO_ZERO_IN_DATE", \
        "NO_ENGINE_SUBSTITUTION", "NO_BACKSLASH_ESCAPES", "NO_AUTO_VALUE_ON_ZERO"
static const char *const modes[] = { MODES, NULL };

/* What is asked, in this order. */
enum answer {
    IS_MODE,
    IS_ZONE,
    IS_CLIENT,
    IS_CONNECTION,
    IS_RESULTS,
    IS_COLLATION,
    IS_AUTOCOMMIT,
    IS_KEYS_CHECKED,
    IS_PACKET,
    IS_STEP,
    IS_DATABASE,
    IS_MARKED,
    ANSWERS
};
static const char question[] =
    "SELECT @@SESSION.sql_mode, @@SESSION.time_zone, @@character_set_client, "
    "@@character_set_connection, @@character_set_results, @@collation_connection, "
    "@@SESSION.autocommit, @@SESSION.foreign_key_checks, @@max_allowed_packet, "
    "@@SESSION.auto_increment_increment, DATABASE(), EXISTS (SELECT 1 FROM "
    "information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME "
    "= '" OST_MARKS_TABLE "')";

ost_status ost__my_set_session(ost_connection *c, ost_error *error)
{
    ost__buffer *b = &c->text;
    ost__buffer_reset(b);
    ost__buffer_text(b, "SET NAMES utf8mb4 COLLATE ");
    ost__buffer_text(b, c->flavour->collation);
    ost__buffer_text(b, ", SESSION time_zone = '+00:00', SESSION sql_mode = '");
    for (size_t i = 0; modes[i]; i++) {
        if (i > 0)
            ost__buffer_char(b, ',');
        ost__buffer_text(b, modes[i]);
    }
    ost__buffer_text(
        b,
        "', SESSION autocommit = 1, SESSION foreign_key_checks = 1, SESSION "
        "unique_checks = 1, SESSION sql_auto_is_null = 0, SESSION "
        "sql_safe_updates = 0, SESSION sql_select_limit = 18446744073709551615, " OST__MY_SETTINGS);
    if (b->failed)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
    return ost__my_query(c, NULL, b->data, b->size, NULL, error);
}

/* Whether a list with commas holds the word. */
static bool holds(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, word, size) == 0 && (p[size] == ',' || p[size] == '\0'))
            return true;
    return false;
}

static ost_status refuse(ost_error *error, const char *setting)
{
    return ost__error_set(error, OST_CONNECTION,
                          "the server does not keep to the %s that it was set to: let no proxy or "
                          "init_connect change it",
                          setting);
}

static ost_status verify(const ost_connection *c, MYSQL_ROW row, ost_error *error)
{
    const struct {
        enum answer answer;
        const char *wanted, *name;
    } settings[] = {
        { IS_ZONE, "+00:00", "time_zone" },
        { IS_CLIENT, "utf8mb4", "character_set_client" },
        { IS_CONNECTION, "utf8mb4", "character_set_connection" },
        { IS_RESULTS, "utf8mb4", "character_set_results" },
        { IS_COLLATION, c->flavour->collation, "collation_connection" },
        { IS_AUTOCOMMIT, "1", "autocommit" },
        { IS_KEYS_CHECKED, "1", "foreign_key_checks" },
    };
    for (int i = 0; i < ANSWERS; i++)
        if (!row[i] && i != IS_DATABASE)
            return refuse(error, "session");
    for (size_t i = 0; modes[i]; i++)
        if (!holds(row[IS_MODE], modes[i]))
            return refuse(error, "sql_mode");
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (strcmp(row[settings[i].answer], settings[i].wanted) != 0)
            return refuse(error, settings[i].name);
    if (!row[IS_DATABASE])
        return ost__error_set(error, OST_CONNECTION, "the server chose no database");
    return OST_OK;
}

static ost_status ask(ost_connection *c, ost_error *error)
{
    MYSQL_RES *rows;
    MYSQL_ROW row;
    const char *marked;
    ost_status status;
    OST_TRY(ost__my_query(c, NULL, question, sizeof question - 1, &rows, error));
    row = mysql_num_fields(rows) == ANSWERS ? mysql_fetch_row(rows) : NULL;
    status = row ? verify(c, row, error) : refuse(error, "session");
    if (row && status == OST_OK) {
        c->max_packet = (size_t)strtoull(row[IS_PACKET], NULL, 10);
        /* A packet of just that size is too large already. */
        c->max_packet -= c->max_packet > 0;
        c->key_step = (uint32_t)strtoul(row[IS_STEP], NULL, 10);
        marked = row[IS_MARKED];
        if (marked && marked[0] == '1')
            atomic_store(&c->backend->marks, true);
    }
    mysql_free_result(rows);
    return status;
}

/* ---- what the server can ---- */

/* "10.11.6-MariaDB-…", "8.0.36", and "5.5.5-10.6.1-MariaDB" of a MariaDB that hides. */
static uint32_t version_of(const char *text, bool mariadb)
{
    uint32_t parts[3] = { 0, 0, 0 };
    if (mariadb && strncmp(text, "5.5.5-", 6) == 0)
        text += 6;
    for (int i = 0; i < 3; i++) {
        while (*text >= '0' && *text <= '9' && parts[i] < 1000)
            parts[i] = parts[i] * 10 + (uint32_t)(*text++ - '0');
        if (*text != '.')
            break;
        text++;
    }
    return parts[0] * 10000 + parts[1] * 100 + parts[2];
}

/*
 * InnoDB alone lets a unit that repeats its reads write over what others changed meanwhile. MariaDB
 * can be told to refuse that, since these versions of each series.
 */
static bool refuses_lost_updates(const ost_connection *c)
{
    static const uint32_t since[] = { 100618, 101108, 110006, 110105, 110204, 110402 };
    if (!c->flavour->mariadb)
        return false;
    for (size_t i = 0; i < sizeof since / sizeof since[0]; i++)
        if (c->version / 100 == since[i] / 100)
            return c->version >= since[i];
    return c->version >= 110500;
}

static ost_status recognise(ost_connection *c, ost_error *error)
{
    const char *text = mysql_get_server_info(c->mysql);
    bool mariadb = text && strstr(text, "MariaDB");
    c->version = text ? version_of(text, mariadb) : 0;
    c->flavour = ost__my_flavour_of(mariadb, c->version);
    if (c->flavour)
        return OST_OK;
    return ost__error_set(error, OST_UNSUPPORTED,
                          "the server is %s %u.%u, but it must be MariaDB 10.6 or MySQL 8.0 at "
                          "least",
                          mariadb ? "MariaDB" : "MySQL", c->version / 10000,
                          c->version / 100 % 100);
}

#if OST__MY_HAS_ARRAYS
static bool takes_arrays(const ost_connection *c)
{
    /* Of the server's capabilities beyond MySQL's, the third. */
    enum { BULK = 1 << 2 };
    unsigned long more = 0;
    return c->flavour->mariadb &&
           mariadb_get_infov(c->mysql, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &more) ==
               0 &&
           (more & BULK);
}
#else
static bool takes_arrays(const ost_connection *c)
{
    (void)c;
    return false;
}
#endif

static uint64_t bit(enum ost_ability ability)
{
    return UINT64_C(1) << ability;
}

static void capabilities(ost_connection *c, ost_capabilities *caps)
{
    const ost__my_flavour *f = c->flavour;
    enum { PARAMETERS_MAX = 65535, IDENTIFIER_MAX = 64 };
    c->arrays = takes_arrays(c);
    c->snapshots = refuses_lost_updates(c);
    *caps = (ost_capabilities){
        .struct_size = sizeof *caps,
        .server_version = c->version,
        .abilities = bit(OST_CAN_SAVEPOINT) | bit(OST_CAN_RETURN) | bit(OST_CAN_STREAM_BESIDE) |
                     bit(OST_CAN_SKIP_LOCKED) | bit(OST_CAN_BIND_LIST) |
                     bit(OST_CAN_RESOLVE_COMMIT) | bit(OST_CAN_PREPARE) | bit(OST_CAN_ADD_KEYS) |
                     bit(OST_CAN_MARK_COMMITS) | bit(OST_CAN_LOCK_ROWS) | bit(OST_CAN_SCHEMAS),
        .max_parameters = PARAMETERS_MAX,
        .max_identifier = IDENTIFIER_MAX,
        .isolations = 1u << OST_DEFAULT_ISOLATION | 1u << OST_READ_COMMITTED |
                      (c->snapshots ? 1u << OST_REPEATABLE_READ : 0) | 1u << OST_SERIALIZABLE,
        .max_packet = c->max_packet,
        .max_document = c->max_packet,
        /* Plans are written for a flavour. */
        .fingerprint =
            UINT64_C(0x4d7953514c000000) | (uint64_t)f->mariadb << 20 | (uint64_t)f->least_version,
    };
    if (c->arrays)
        caps->abilities |= bit(OST_CAN_ARRAY_BIND);
    ost__copy_text(caps->server_name, sizeof caps->server_name, f->mariadb ? "MariaDB" : "MySQL");
}

ost_status ost__my_settle_in(ost_connection *c, ost_capabilities *caps, ost_error *error)
{
    OST_TRY(recognise(c, error));
    OST_TRY(ost__my_set_session(c, error));
    OST_TRY(ask(c, error));
    capabilities(c, caps);
    return OST_OK;
}

ost_status ost__my_role(ost_connection *c, bool *writable, ost_deadline deadline)
{
    static const char text[] = "SELECT @@GLOBAL.read_only";
    MYSQL_RES *rows;
    MYSQL_ROW row;
    ost__my_guard guard;
    ost_status status;
    ost__my_guard_begin(&guard, c);
    c->deadline = deadline;
    status = ost__my_query(c, NULL, text, sizeof text - 1, &rows, NULL);
    ost__my_guard_end(&guard);
    OST_TRY(status);
    row = mysql_fetch_row(rows);
    *writable = row && row[0] && strcmp(row[0], "0") == 0;
    mysql_free_result(rows);
    return OST_OK;
}
