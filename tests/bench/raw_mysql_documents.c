/* SPDX-License-Identifier: MIT */
/* Documents on MariaDB's connector: JSON is a text, through jansson. */
#include "raw_documents.h"
#include "raw_mysql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID, NAME, HOME, TAGS, REMARKS, COLUMNS, ROOM = 4096 };

typedef struct raw {
    MYSQL *c;
    MYSQL_STMT *push;
    int64_t id;
    char texts[COLUMNS][ROOM];
    unsigned long sizes[COLUMNS];
    bench_docs docs;
    bench_seen seen;
} raw;

static bool complain(const raw *r, const char *what)
{
    (void)fprintf(stderr, "bench: raw mysql: %s: %s\n", what, mysql_error(r->c));
    return false;
}

static bool complain_of(MYSQL_STMT *s, const char *what)
{
    (void)fprintf(stderr, "bench: raw mysql: %s: %s\n", what, mysql_stmt_error(s));
    return false;
}

static void raw_close(void *state)
{
    raw *r = state;
    if (r->push)
        (void)mysql_stmt_close(r->push);
    if (r->c)
        mysql_close(r->c);
    free(r);
}

static void *raw_open(const bench_task *task)
{
    raw *r = calloc(1, sizeof *r);
    if (!r || raw_mysql_connect(task->place, &r->c))
        return r;
    (void)complain(r, "open");
    raw_close(r);
    return NULL;
}

static const bench_seen *raw_seen(const void *state)
{
    return &((const raw *)state)->seen;
}

static MYSQL_STMT *prepare(const raw *r, const char *sql)
{
    MYSQL_STMT *s = mysql_stmt_init(r->c);
    if (s && mysql_stmt_prepare(s, sql, strlen(sql)) == 0)
        return s;
    (void)complain(r, sql);
    return NULL;
}

static bool bind_columns(raw *r, MYSQL_STMT *s)
{
    MYSQL_BIND binds[COLUMNS] = { bind_of(MYSQL_TYPE_LONGLONG, &r->id, sizeof r->id) };
    for (int i = NAME; i < COLUMNS; i++) {
        binds[i] = bind_of(MYSQL_TYPE_STRING, r->texts[i], ROOM);
        binds[i].length = &r->sizes[i];
    }
    return mysql_stmt_bind_result(s, binds) == 0;
}

static bool read_doc(const raw *r, bench_doc *doc)
{
    *doc = (bench_doc){ .id = r->id, .name = raw_copy_text(r->texts[NAME], r->sizes[NAME]) };
    return doc->name && raw_read_home(r->texts[HOME], r->sizes[HOME], &doc->home) &&
           raw_read_tags(r->texts[TAGS], r->sizes[TAGS], doc) &&
           raw_read_remarks(r->texts[REMARKS], r->sizes[REMARKS], doc);
}

static bool select_documents(void *state, const bench_task *task)
{
    raw *r = state;
    int code = 0;
    (void)task;
    MYSQL_STMT *s = prepare(r, "SELECT id, name, home, tags, remarks FROM docs");
    bool good = s && mysql_stmt_execute(s) == 0 && bind_columns(r, s);
    while (good && (code = mysql_stmt_fetch(s)) == 0) {
        bench_doc *doc = bench_new_doc(&r->docs);
        good = doc && read_doc(r, doc);
    }
    if (s && (!good || code != MYSQL_NO_DATA))
        good = complain_of(s, "read");
    if (s)
        (void)mysql_stmt_close(s);
    return good;
}

static void see_documents(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    raw_see_docs(&r->docs, &r->seen);
}

static bool push_one(const raw *r, int64_t id, const bench_remark *remark)
{
    char text[512];
    size_t size = raw_write_remark(remark, true, text, sizeof text);
    MYSQL_BIND binds[] = { bind_of(MYSQL_TYPE_STRING, text, size),
                           bind_of(MYSQL_TYPE_LONGLONG, &id, sizeof id) };
    return (mysql_stmt_bind_param(r->push, binds) == 0 && mysql_stmt_execute(r->push) == 0 &&
            mysql_stmt_affected_rows(r->push) == 1) ||
           complain_of(r->push, "push");
}

static bool run_text(const raw *r, const char *sql)
{
    return mysql_query(r->c, sql) == 0 || complain(r, sql);
}

static bool push(void *state, const bench_task *task)
{
    raw *r = state;
    if (!r->push)
        r->push = prepare(r, "UPDATE docs SET remarks = JSON_MERGE_PRESERVE(COALESCE(remarks,"
                             " '[]'), ?) WHERE id = ?");
    if (!r->push)
        return false;
    for (size_t i = task->first; i < task->end; i++) {
        if (i % task->batch == 0 && !run_text(r, "BEGIN"))
            return false;
        if (!push_one(r, task->keys[i], &task->remarks[i]))
            return false;
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && !run_text(r, "COMMIT"))
            return false;
    }
    return true;
}

static const bench_case cases[] = {
    { "select_documents", NULL, select_documents, see_documents },
    { "push", NULL, push, NULL },
    { NULL, NULL, NULL, NULL },
};

const bench_side bench_mysql_documents = {
    .name = "raw_malloc", .open = raw_open, .close = raw_close, .seen = raw_seen, .cases = cases
};
