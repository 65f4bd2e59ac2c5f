/* SPDX-License-Identifier: MIT */
/* Documents on libpq: jsonb through jansson, arrays in their binary form. */
#include "raw_documents.h"
#include "raw_postgres.h"

#include <stdio.h>

enum { ID, NAME, HOME, TAGS, REMARKS, OID_JSONB = 3802 };

typedef struct raw {
    PGconn *c;
    bool prepared;
    bench_docs docs;
    bench_seen seen;
} raw;

static bool complain(const raw *r, const char *what)
{
    (void)fprintf(stderr, "bench: raw postgres: %s: %s\n", what, PQerrorMessage(r->c));
    return false;
}

static void raw_close(void *state)
{
    raw *r = state;
    PQfinish(r->c);
    free(r);
}

static void *raw_open(const bench_task *task)
{
    raw *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->c = raw_postgres_connect(task->place);
    if (PQstatus(r->c) == CONNECTION_OK)
        return r;
    (void)complain(r, "open");
    raw_close(r);
    return NULL;
}

static const bench_seen *raw_seen(const void *state)
{
    return &((const raw *)state)->seen;
}

static bool run_text(const raw *r, const char *sql)
{
    PGresult *result = PQexec(r->c, sql);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return good || complain(r, sql);
}

/* An array of one dimension: dimensions, flags, type, count, lower bound; size and bytes of each.
 */
static bool read_tags(const char *at, bench_doc *doc)
{
    uint32_t count = get_u32(at) == 1 ? get_u32(at + 12) : 0;
    const char **tags = malloc((count + 1) * sizeof *tags);
    bool good = tags;
    at += 20;
    for (uint32_t i = 0; good && i < count; i++) {
        uint32_t size = get_u32(at);
        good = (tags[i] = raw_copy_text(at + 4, size)) != NULL;
        at += 4 + size;
    }
    doc->tags = tags;
    doc->tag_count = count;
    return good;
}

/* Behind the version that a jsonb begins with. */
static const char *json_at(const PGresult *result, int i, int column, size_t *size)
{
    *size = (size_t)PQgetlength(result, i, column) - 1;
    return PQgetvalue(result, i, column) + 1;
}

static bool read_doc(const PGresult *result, int i, bench_doc *doc)
{
    size_t size;
    *doc = (bench_doc){ .id = (int64_t)get_u64(PQgetvalue(result, i, ID)),
                        .name = copy_text(result, i, NAME) };
    const char *text = json_at(result, i, HOME, &size);
    if (!doc->name || !raw_read_home(text, size, &doc->home))
        return false;
    if (!read_tags(PQgetvalue(result, i, TAGS), doc))
        return false;
    text = json_at(result, i, REMARKS, &size);
    return raw_read_remarks(text, size, doc);
}

static bool select_documents(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    PGresult *result = PQexecParams(r->c, "SELECT id, name, home, tags, remarks FROM docs", 0, NULL,
                                    NULL, NULL, NULL, 1);
    bool good = PQresultStatus(result) == PGRES_TUPLES_OK;
    for (int i = 0; good && i < PQntuples(result); i++) {
        bench_doc *doc = bench_new_doc(&r->docs);
        good = doc && read_doc(result, i, doc);
    }
    PQclear(result);
    return good || complain(r, "read");
}

static void see_documents(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    raw_see_docs(&r->docs, &r->seen);
}

static bool prepare(raw *r)
{
    static const Oid types[] = { OID_JSONB, OID_INT8 };
    PGresult *result = r->prepared
                           ? NULL
                           : PQprepare(r->c, "push",
                                       "UPDATE docs SET remarks = coalesce(remarks, '[]') || $1"
                                       " WHERE id = $2",
                                       2, types);
    r->prepared = r->prepared || PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return r->prepared || complain(r, "prepare");
}

static bool push_one(const raw *r, int64_t id, const bench_remark *remark)
{
    char text[512];
    binds b;
    text[0] = 1; /* The version of jsonb. */
    bind_number(&b, 1, (uint64_t)id, 8);
    b.values[0] = text;
    b.lengths[0] = 1 + (int)raw_write_remark(remark, false, text + 1, sizeof text - 1);
    PGresult *result = PQexecPrepared(r->c, "push", 2, b.values, b.lengths, binary, 1);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK && strcmp(PQcmdTuples(result), "1") == 0;
    PQclear(result);
    return good || complain(r, "push");
}

static bool push(void *state, const bench_task *task)
{
    raw *r = state;
    if (!prepare(r))
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

const bench_side bench_postgres_documents = {
    .name = "raw_malloc", .open = raw_open, .close = raw_close, .seen = raw_seen, .cases = cases
};
