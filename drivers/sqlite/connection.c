/* SPDX-License-Identifier: MIT */
#include "sqlite/connection.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

enum {
    PROGRESS_STEPS = 1000, /* instructions of SQLite's machine between two looks at the clock */
    BUSY_WAIT_MAX_MS = 20,
    IDENTIFIER_MAX = 255 /* SQLite itself has no limit */
};

/* ---- opening a handle ---- */

/* Where a file may not be made, SQLite tries to open it for reading, so ENOENT is all that is left.
 */
static const char *reason(const ost_backend *b, sqlite3 *db, int rc)
{
    switch (db ? sqlite3_system_errno(db) : 0) {
    case ENOENT:
        return b->mode == OST__MODE_CREATE
                   ? "there is no such file or folder, and it cannot be made: make its folder, and "
                     "let this program write there"
                   : "there is no such file or folder";
    case ENOTDIR: return "a part of the path is no folder";
    case EISDIR: return "it is a folder";
    case EACCES: return "permission denied";
    case EROFS: return "the file system is read-only";
    default: return sqlite3_errstr(rc);
    }
}

static ost_status refuse_read_only(const ost_backend *b, ost_error *e)
{
    return ost__error_set(e, OST_CONNECTION,
                          "the database '%s' can only be read: mend its permissions, or say "
                          "mode=ro in the URL",
                          b->path);
}

static ost_status open_failed(const ost_backend *b, sqlite3 *db, int rc, ost_error *e)
{
    ost_status status = rc == SQLITE_NOMEM ? OST_NO_MEMORY : OST_CONNECTION;
    if (b->in_memory)
        ost__error_set(e, status, "cannot open a database in memory: %s", sqlite3_errstr(rc));
    else if ((rc & 0xff) == SQLITE_NOTADB)
        ost__error_set(e, status, "the file '%s' is not a database", b->path);
    else if ((rc & 0xff) == SQLITE_READONLY && b->mode != OST__MODE_READ_ONLY)
        refuse_read_only(b, e);
    else if ((rc & 0xff) == SQLITE_READONLY)
        ost__error_set(e, status,
                       "cannot read the database '%s': it is in WAL mode, so its folder must be "
                       "writable even for reading",
                       b->path);
    else
        ost__error_set(e, status, "cannot open the database '%s': %s", b->path, reason(b, db, rc));
    if (e)
        e->native_code = rc;
    return status;
}

sqlite3 *ost__sqlite_handle(const ost_backend *b, ost_error *e)
{
    static const int modes[] = {
        [OST__MODE_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
        [OST__MODE_READ_WRITE] = SQLITE_OPEN_READWRITE,
        [OST__MODE_READ_ONLY] = SQLITE_OPEN_READONLY,
    };
    /* A lease is one thread at a time, so SQLite's own mutex would only cost. */
    int flags = modes[b->mode] | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    sqlite3 *db = NULL;
    int rc = b->in_memory ? sqlite3_open_v2(b->path, &db, flags | SQLITE_OPEN_URI, "memdb")
                          : sqlite3_open_v2(b->path, &db, flags, NULL);
    if (rc == SQLITE_OK)
        return db;
    open_failed(b, db, rc, e);
    sqlite3_close(db);
    return NULL;
}

/* ---- waiting and stopping ---- */

static bool is_cancelled(ost_connection *c)
{
    return atomic_load_explicit(&c->cancelled, memory_order_acquire) == c->batch && c->batch != 0;
}

bool ost__sqlite_cancelled(ost_connection *c)
{
    if (is_cancelled(c))
        c->interrupted = OST_CANCELLED;
    return c->interrupted != OST_OK;
}

bool ost__sqlite_interrupted(ost_connection *c)
{
    const ost_host *host = &c->backend->host;
    if (is_cancelled(c))
        c->interrupted = OST_CANCELLED;
    else if (c->deadline != INT64_MAX && host->now(host->context) >= c->deadline)
        c->interrupted = OST_TIMEOUT;
    return c->interrupted != OST_OK;
}

static int on_progress(void *context)
{
    return ost__sqlite_interrupted(context);
}

/* Another connection holds a lock. SQLite's own busy handler sleeps and knows no deadline. */
static int on_busy(void *context, int tries)
{
    ost_connection *c = context;
    const ost_host *host = &c->backend->host;
    int64_t now = host->now(host->context);
    int64_t pause = (int64_t)(tries < BUSY_WAIT_MAX_MS ? tries + 1 : BUSY_WAIT_MAX_MS) * 1000000;
    if (now >= c->deadline)
        return 0;
    if (c->deadline - now < pause)
        pause = c->deadline - now;
    if (host->wait(host->context, c, -1, 0, now + pause) < 0 || is_cancelled(c)) {
        c->interrupted = OST_CANCELLED;
        return 0;
    }
    return 1;
}

void ost__sqlite_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline)
{
    (void)b;
    (void)deadline;
    atomic_store_explicit(&c->cancelled, batch, memory_order_release);
}

/* ---- life ---- */

static int configure(ost_connection *c)
{
    static const struct {
        int option, value;
    } settings[] = {
        { SQLITE_DBCONFIG_ENABLE_FKEY, 1 }, { SQLITE_DBCONFIG_DQS_DML, 0 },
        { SQLITE_DBCONFIG_DQS_DDL, 0 },     { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
        { SQLITE_DBCONFIG_DEFENSIVE, 1 },
    };
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof settings / sizeof settings[0]; i++)
        rc = sqlite3_db_config(c->db, settings[i].option, settings[i].value, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_handler(c->db, on_busy, c);
    sqlite3_progress_handler(c->db, PROGRESS_STEPS, on_progress, c);
    if (rc == SQLITE_OK)
        rc = ost__sqlite_functions(c);
    if (rc == SQLITE_OK)
        rc = ost__sqlite_aggregates(c);
    if (rc == SQLITE_OK)
        rc = ost__sqlite_lists(c);
    if (rc == SQLITE_OK)
        rc = ost__sqlite_documents(c);
    if (rc == SQLITE_OK)
        rc = ost__sqlite_document_lists(c);
    return rc;
}

/*
 * Where two programs open a new file at once, SQLite refuses one of them without asking the busy
 * handler: turning to WAL takes a lock that it does not wait for. The wait is ours, and ends at the
 * deadline like any other.
 */
static int run_patiently(ost_connection *c, const char *text)
{
    int rc, tries = 0;
    do
        rc = sqlite3_exec(c->db, text, NULL, NULL, NULL);
    while ((rc & 0xff) == SQLITE_BUSY && on_busy(c, tries++));
    return rc;
}

/* The first statement reads the file: what is no database shows here. */
static int first_statements(ost_connection *c)
{
    const ost_backend *b = c->backend;
    int rc = run_patiently(c, b->synchronous);
    if (rc == SQLITE_OK && b->mode != OST__MODE_READ_ONLY && !b->in_memory)
        rc = run_patiently(c, "PRAGMA journal_mode=WAL");
    if (rc == SQLITE_OK)
        rc = run_patiently(c, "PRAGMA schema_version");
    return rc;
}

static void capabilities(const ost_connection *c, ost_capabilities *caps)
{
    int parameters = sqlite3_limit(c->db, SQLITE_LIMIT_VARIABLE_NUMBER, -1);
    int length = sqlite3_limit(c->db, SQLITE_LIMIT_LENGTH, -1);
    *caps = (ost_capabilities){
        .struct_size = sizeof *caps,
        .server_version = (uint32_t)(sqlite3_libversion_number() / 1000000 * 10000 +
                                     sqlite3_libversion_number() % 1000000 / 1000 * 100 +
                                     sqlite3_libversion_number() % 1000),
        .abilities = UINT64_C(1) << OST_CAN_SAVEPOINT | UINT64_C(1) << OST_CAN_RETURN |
                     UINT64_C(1) << OST_CAN_STREAM_BESIDE | UINT64_C(1) << OST_CAN_DDL_IN_UNIT |
                     UINT64_C(1) << OST_CAN_BIND_LIST | UINT64_C(1) << OST_CAN_PREPARE |
                     UINT64_C(1) << OST_CAN_SCHEMAS,
        .max_parameters = (uint32_t)parameters,
        .max_identifier = IDENTIFIER_MAX,
        /* Every unit reads one snapshot and only one writes at a time: stronger than any level that
           can be asked for. */
        .isolations = 1u << OST_DEFAULT_ISOLATION | 1u << OST_READ_COMMITTED |
                      1u << OST_REPEATABLE_READ | 1u << OST_SERIALIZABLE,
        .max_packet = (size_t)length,
        .max_document = (size_t)length,
        .server_name = "SQLite",
        .fingerprint = UINT64_C(0x53514c6974650001),
    };
}

ost_status ost__sqlite_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                               ost_connection **out, ost_capabilities *caps, ost_error *error)
{
    ost_status status = OST_CONNECTION;
    ost_connection *c = ost__alloc_zeroed(&b->memory, sizeof *c);
    int rc;
    (void)endpoint;
    *out = NULL;
    if (!c)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
    c->backend = b;
    c->deadline = deadline;
    atomic_init(&c->cancelled, 0);
    if (!ost__lru_init(&c->statements, &b->memory, OST__STATEMENTS_MAX)) {
        status = ost__error_set(error, OST_NO_MEMORY, "no memory for a connection");
        goto cleanup;
    }
    c->db = ost__sqlite_handle(b, error);
    if (!c->db)
        goto cleanup;
    rc = configure(c);
    if (rc == SQLITE_OK)
        rc = first_statements(c);
    if (rc != SQLITE_OK) {
        status = c->interrupted != OST_OK ? ost__sqlite_failed(c, NULL, rc, error)
                                          : open_failed(b, c->db, rc, error);
        goto cleanup;
    }
    if (b->mode != OST__MODE_READ_ONLY && sqlite3_db_readonly(c->db, "main") == 1) {
        status = refuse_read_only(b, error);
        goto cleanup;
    }
    capabilities(c, caps);
    *out = c;
    return OST_OK;
cleanup:
    ost__sqlite_close(c, deadline);
    return status;
}

void ost__sqlite_close(ost_connection *c, ost_deadline deadline)
{
    const ost__memory *memory;
    if (!c)
        return;
    memory = &c->backend->memory;
    c->deadline = deadline;
    while (c->streams)
        ost__stream_close(c, c->streams);
    ost__statements_finish(c);
    for (int i = 0; i < OST__VERB_COUNT; i++)
        sqlite3_finalize(c->verbs[i]);
    /* An open unit is rolled back by this. */
    sqlite3_close_v2(c->db);
    ost__lru_finish(&c->statements);
    ost__free(memory, c->effects, c->effects_size);
    ost__free(memory, c, sizeof *c);
}

/*
 * In the child of a fork SQLite's handle must not be touched: closing it would drop the parent's
 * locks, and might remove its log. So the handle stays behind, and with it the connection that its
 * callbacks know.
 */
void ost__sqlite_abandon(ost_connection *c)
{
    (void)c;
}
