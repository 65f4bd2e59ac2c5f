/* SPDX-License-Identifier: MIT */
#include "schema_rig.h"

#include <unistd.h>

int rig_set_up(void **state)
{
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    strcpy(r->folder, "ostler-schema-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    snprintf(r->path, sizeof r->path, "%s/schema.db", r->folder);
    snprintf(r->url, sizeof r->url, "sqlite:%s?synchronous=off", r->path);
    *state = r;
    return 0;
}

int rig_tear_down(void **state)
{
    rig *r = *state;
    static const char *const tails[] = { "", "-wal", "-shm" };
    char name[80];
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", r->path, tails[i]);
        unlink(name);
    }
    int left = rmdir(r->folder);
    free(r);
    return left;
}

static void count_event(const ost_event *event, void *context)
{
    rig *r = context;
    if (event->kind != OST_EVENT_STATEMENT)
        return;
    atomic_fetch_add(&r->statements, 1);
    if (strncmp(event->text, "BEGIN", 5) == 0)
        atomic_fetch_add(&r->begins, 1);
    if (strncmp(event->text, "CREATE", 6) != 0 && strncmp(event->text, "ALTER", 5) != 0 &&
        strncmp(event->text, "DROP", 4) != 0)
        return;
    if (atomic_fetch_add(&r->ddl, 1) == 0)
        snprintf(r->last_ddl, sizeof r->last_ddl, "%s", event->text);
}

ost_status rig_try_open(rig *r, const ost_model *const *models, const char *options, ost_db **out)
{
    char url[160];
    snprintf(url, sizeof url, "%s%s", r->url, options);
    return ost_open(OST_OPTIONS(.url = url, .drivers = OST_DRIVERS(ost_driver_sqlite()),
                                .models = models, .on_event = count_event, .context = r,
                                .statement_timeout_ms = 60000),
                    out, &r->error);
}

ost_db *rig_open(rig *r, const ost_model *const *models)
{
    ost_db *db;
    if (rig_try_open(r, models, "", &db) != OST_OK)
        fail_msg("%s", r->error.message);
    return db;
}

void rig_forget_counts(rig *r)
{
    atomic_store(&r->ddl, 0);
    atomic_store(&r->begins, 0);
    atomic_store(&r->statements, 0);
}

/* ---- SQLite itself ---- */

static sqlite3 *open_file(const rig *r)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(r->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(db, 10000), SQLITE_OK);
    return db;
}

int rig_result_of(const rig *r, const char *sql)
{
    sqlite3 *db = open_file(r);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return rc;
}

void rig_execute(const rig *r, const char *sql)
{
    assert_int_equal(rig_result_of(r, sql), SQLITE_OK);
}

char *rig_ask(const rig *r, const char *sql)
{
    sqlite3 *db = open_file(r);
    sqlite3_stmt *stmt;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    while (sqlite3_step(stmt) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            const unsigned char *cell = sqlite3_column_text(stmt, i);
            fprintf(out, "%s%s", cell ? (const char *)cell : "(null)",
                    i + 1 < sqlite3_column_count(stmt) ? "|" : "\n");
        }
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(fclose(out), 0);
    return text;
}

void rig_expect(const rig *r, const char *sql, const char *expected)
{
    char *found = rig_ask(r, sql);
    assert_string_equal(found, expected);
    free(found);
}
