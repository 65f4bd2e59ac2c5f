/* SPDX-License-Identifier: MIT */
/* Documents on the raw sqlite3 API, as raw_sqlite.c does everything else. */
#include "raw_documents.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

enum { ID, NAME, HOME, TAGS, REMARKS };

typedef struct raw {
    sqlite3 *db;
    bench_docs docs;
    bench_seen seen;
} raw;

static bool complain(const raw *r, const char *what)
{
    (void)fprintf(stderr, "bench: raw sqlite: %s: %s\n", what, sqlite3_errmsg(r->db));
    return false;
}

static bool run(const raw *r, const char *sql)
{
    return sqlite3_exec(r->db, sql, NULL, NULL, NULL) == SQLITE_OK || complain(r, sql);
}

static void raw_close(void *state)
{
    raw *r = state;
    if (sqlite3_close(r->db) != SQLITE_OK)
        (void)complain(r, "close");
    free(r);
}

static void *raw_open(const bench_task *task)
{
    raw *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    if (sqlite3_open(task->place, &r->db) == SQLITE_OK &&
        run(r, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON"))
        return r;
    raw_close(r);
    return NULL;
}

static const bench_seen *raw_seen(const void *state)
{
    return &((const raw *)state)->seen;
}

static const char *text_at(sqlite3_stmt *s, int column, size_t *size)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    *size = (size_t)sqlite3_column_bytes(s, column);
    return text ? text : "";
}

static bool read_doc(sqlite3_stmt *s, bench_doc *doc)
{
    size_t size;
    const char *text = text_at(s, NAME, &size);
    *doc = (bench_doc){ .id = sqlite3_column_int64(s, ID), .name = raw_copy_text(text, size) };
    text = text_at(s, HOME, &size);
    if (!raw_read_home(text, size, &doc->home))
        return false;
    text = text_at(s, TAGS, &size);
    if (!raw_read_tags(text, size, doc))
        return false;
    text = text_at(s, REMARKS, &size);
    return raw_read_remarks(text, size, doc) && doc->name;
}

static bool select_documents(void *state, const bench_task *task)
{
    raw *r = state;
    sqlite3_stmt *s;
    int code;
    bool good = true;
    (void)task;
    if (sqlite3_prepare_v2(r->db, "SELECT id, name, home, tags, remarks FROM docs", -1, &s, NULL))
        return complain(r, "prepare");
    while (good && (code = sqlite3_step(s)) == SQLITE_ROW) {
        bench_doc *doc = bench_new_doc(&r->docs);
        good = doc && read_doc(s, doc);
    }
    return sqlite3_finalize(s) == SQLITE_OK && (good || complain(r, "read"));
}

static void see_documents(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    raw_see_docs(&r->docs, &r->seen);
}

static bool push_one(const raw *r, sqlite3_stmt *s, int64_t id, const bench_remark *remark)
{
    char text[512];
    size_t size = raw_write_remark(remark, false, text, sizeof text);
    if (sqlite3_bind_text(s, 1, text, (int)size, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(s, 2, id) != SQLITE_OK || sqlite3_step(s) != SQLITE_DONE ||
        sqlite3_reset(s) != SQLITE_OK)
        return complain(r, "push");
    return sqlite3_changes(r->db) == 1 || complain(r, "push matched no row");
}

static bool push(void *state, const bench_task *task)
{
    raw *r = state;
    sqlite3_stmt *s;
    bool good = true;
    if (sqlite3_prepare_v2(r->db,
                           "UPDATE docs SET remarks = json_insert(coalesce(remarks, '[]'), '$[#]',"
                           " json(?1)) WHERE id = ?2",
                           -1, &s, NULL) != SQLITE_OK)
        return complain(r, "prepare");
    for (size_t i = task->first; good && i < task->end; i++) {
        good = (i % task->batch != 0 || run(r, "BEGIN IMMEDIATE")) &&
               push_one(r, s, task->keys[i], &task->remarks[i]);
        if (good && ((i + 1) % task->batch == 0 || i + 1 == task->end))
            good = run(r, "COMMIT");
    }
    return sqlite3_finalize(s) == SQLITE_OK && good;
}

static const bench_case cases[] = {
    { "select_documents", NULL, select_documents, see_documents },
    { "push", NULL, push, NULL },
    { NULL, NULL, NULL, NULL },
};

const bench_side bench_sqlite_documents = {
    .name = "raw_malloc", .open = raw_open, .close = raw_close, .seen = raw_seen, .cases = cases
};
