/* SPDX-License-Identifier: MIT */
/*
 * The yardstick on PostgreSQL: what a careful C programmer writes on libpq. Statements are prepared
 * once, parameters and results are binary, bulk rows go by COPY BINARY, texts are malloc'd one by
 * one. `raw_pipeline` differs in sending a batch of gets or updates before it reads the answers.
 */
#include "raw_postgres.h"

#include <stdio.h>
#include <stdlib.h>

#define COLUMNS "id, username, email, age, active, score, created_at, bio"

enum { COPY_BUFFER = 64 << 10 };

typedef struct raw {
    PGconn *c;
    bool pipelines;
    bool prepared[8]; /* By the statements' numbers. */
    size_t effects[BENCH_EFFECTS];
    bench_rows rows;
    bench_groups groups;
    bench_seen seen;
} raw;
enum { INSERT, GET, ALL, FILTER, UPDATE, UPSERT, AGGREGATE };

static bool complain(const raw *r, const char *what)
{
    (void)fprintf(stderr, "bench: raw postgres: %s: %s\n", what, PQerrorMessage(r->c));
    return false;
}

/* ---- connection and statements ---- */

PGconn *raw_postgres_connect(const char *url)
{
    /* As Ostler does to a server on this machine. */
    const char *const names[] = { "dbname", "sslmode", NULL };
    const char *const values[] = { url, "disable", NULL };
    return PQconnectdbParams(names, values, 1);
}

static void raw_close(void *state)
{
    raw *r = state;
    PQfinish(r->c);
    free(r);
}

static raw *raw_open(const char *url, bool pipelines)
{
    raw *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->pipelines = pipelines;
    r->c = raw_postgres_connect(url);
    if (PQstatus(r->c) != CONNECTION_OK) {
        (void)complain(r, "open");
        raw_close(r);
        return NULL;
    }
    return r;
}

static void *open_malloc(const bench_task *task)
{
    return raw_open(task->place, false);
}

static void *open_pipeline(const bench_task *task)
{
    return raw_open(task->place, true);
}

static const bench_seen *raw_seen(const void *state)
{
    return &((const raw *)state)->seen;
}

/* A result with this status is given back; any other is a failure. */
static PGresult *expect(const raw *r, PGresult *result, ExecStatusType status)
{
    if (PQresultStatus(result) == status)
        return result;
    (void)complain(r, PQresStatus(PQresultStatus(result)));
    PQclear(result);
    return NULL;
}

static bool run_text(const raw *r, const char *sql)
{
    PGresult *result = expect(r, PQexec(r->c, sql), PGRES_COMMAND_OK);
    PQclear(result);
    return result;
}

static bool prepare(raw *r, int which)
{
    static const struct {
        const char *name, *sql;
        int count;
        Oid types[FIELDS];
    } statements[] = {
        [INSERT] = { "insert",
                     "INSERT INTO users (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                     FIELDS,
                     { OID_INT8, OID_TEXT, OID_TEXT, OID_INT4, OID_BOOL, OID_FLOAT8, OID_TIME,
                       OID_TEXT } },
        [GET] = { "get", "SELECT " COLUMNS " FROM users WHERE id = $1", 1, { OID_INT8 } },
        [ALL] = { "all", "SELECT " COLUMNS " FROM users", 0, { 0 } },
        [FILTER] = { "filter",
                     "SELECT " COLUMNS " FROM users WHERE age BETWEEN $1 AND $2 AND active"
                     " ORDER BY score DESC, id DESC LIMIT $3",
                     3,
                     { OID_INT4, OID_INT4, OID_INT8 } },
        [UPDATE] = { "update",
                     "UPDATE users SET age = $1 WHERE id = $2",
                     2,
                     { OID_INT4, OID_INT8 } },
        [UPSERT] = { "upsert",
                     "INSERT INTO users (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON"
                     " CONFLICT (id) DO UPDATE SET username = excluded.username,"
                     " email = excluded.email, age = excluded.age, active = excluded.active,"
                     " score = excluded.score, created_at = excluded.created_at,"
                     " bio = excluded.bio WHERE users.username IS DISTINCT FROM excluded.username"
                     " OR users.email IS DISTINCT FROM excluded.email"
                     " OR users.age IS DISTINCT FROM excluded.age"
                     " OR users.active IS DISTINCT FROM excluded.active"
                     " OR users.score IS DISTINCT FROM excluded.score"
                     " OR users.created_at IS DISTINCT FROM excluded.created_at"
                     " OR users.bio IS DISTINCT FROM excluded.bio RETURNING xmax = 0",
                     FIELDS,
                     { OID_INT8, OID_TEXT, OID_TEXT, OID_INT4, OID_BOOL, OID_FLOAT8, OID_TIME,
                       OID_TEXT } },
        [AGGREGATE] = { "aggregate",
                        "SELECT age, count(*), avg(score), max(score) FROM users GROUP BY age",
                        0,
                        { 0 } },
    };
    PGresult *result;
    if (r->prepared[which])
        return true;
    result = expect(r,
                    PQprepare(r->c, statements[which].name, statements[which].sql,
                              statements[which].count, statements[which].types),
                    PGRES_COMMAND_OK);
    PQclear(result);
    r->prepared[which] = result;
    return result;
}

static PGresult *execute(const raw *r, const char *name, int count, const binds *b,
                         ExecStatusType status)
{
    return expect(r,
                  PQexecPrepared(r->c, name, count, count ? b->values : NULL,
                                 count ? b->lengths : NULL, binary, 1),
                  status);
}

/* ---- rows ---- */

static bool append_rows(raw *r, PGresult *result)
{
    bool good = result;
    for (int i = 0; good && i < PQntuples(result); i++) {
        bench_row *row = bench_new_row(&r->rows);
        good = row && read_row(result, i, row);
    }
    PQclear(result);
    return good;
}

/* ---- the cases ---- */

static bool insert_one(void *state, const bench_task *task)
{
    raw *r = state;
    if (!prepare(r, INSERT))
        return false;
    for (size_t i = task->first; i < task->end; i++) {
        binds b;
        if (i % task->batch == 0 && !run_text(r, "BEGIN"))
            return false;
        bind_row(&b, &task->rows[i]);
        PGresult *result = execute(r, "insert", FIELDS, &b, PGRES_COMMAND_OK);
        if (!result)
            return false;
        PQclear(result);
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && !run_text(r, "COMMIT"))
            return false;
    }
    return true;
}

static size_t copy_row(char *out, const bench_row *row)
{
    binds b;
    size_t size = 2;
    bind_row(&b, row);
    put_u16(out, FIELDS);
    for (int i = 0; i < FIELDS; i++) {
        put_u32(out + size, (uint32_t)b.lengths[i]);
        memcpy(out + size + 4, b.values[i], (size_t)b.lengths[i]);
        size += 4 + (size_t)b.lengths[i];
    }
    return size;
}

static bool copy_rows(const raw *r, const bench_row *rows, size_t count)
{
    static char buffer[COPY_BUFFER];
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
    size_t used = sizeof head;
    PGresult *result = expect(
        r, PQexec(r->c, "COPY users (" COLUMNS ") FROM STDIN (FORMAT binary)"), PGRES_COPY_IN);
    if (!result)
        return false;
    PQclear(result);
    memcpy(buffer, head, sizeof head);
    for (size_t i = 0; i < count; i++) {
        used += copy_row(buffer + used, &rows[i]);
        if (used < COPY_BUFFER - 1024)
            continue;
        if (PQputCopyData(r->c, buffer, (int)used) != 1)
            return complain(r, "copy");
        used = 0;
    }
    put_u16(buffer + used, UINT16_MAX);
    if (PQputCopyData(r->c, buffer, (int)used + 2) != 1 || PQputCopyEnd(r->c, NULL) != 1)
        return complain(r, "copy");
    result = expect(r, PQgetResult(r->c), PGRES_COMMAND_OK);
    PQclear(result);
    PQclear(PQgetResult(r->c));
    return result;
}

static bool insert_many(void *state, const bench_task *task)
{
    raw *r = state;
    return run_text(r, "BEGIN") && copy_rows(r, task->rows, task->count) && run_text(r, "COMMIT");
}

static bool get_row(raw *r, int64_t id, bench_row *row)
{
    binds b;
    if (!prepare(r, GET))
        return false;
    bind_number(&b, 0, (uint64_t)id, 8);
    PGresult *result = execute(r, "get", 1, &b, PGRES_TUPLES_OK);
    bool good = result && PQntuples(result) == 1 && read_row(result, 0, row);
    PQclear(result);
    return good;
}

static bool get(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end; i++) {
        bench_row row;
        if (!get_row(r, task->keys[i], &row))
            return complain(r, "get");
        bench_look(&r->seen, &row, task);
        bench_free_texts(&row, 1);
    }
    return true;
}

/* Sends a prepared statement into the pipeline. */
static bool send(const raw *r, const char *name, int count, const binds *b)
{
    return PQsendQueryPrepared(r->c, name, count, b->values, b->lengths, binary, 1) == 1 ||
           complain(r, "send");
}

/* The next answer of the pipeline. */
static PGresult *answer(const raw *r, ExecStatusType status)
{
    PGresult *result = expect(r, PQgetResult(r->c), status);
    if (status != PGRES_PIPELINE_SYNC)
        PQclear(PQgetResult(r->c));
    return result;
}

static bool end_pipeline(const raw *r)
{
    PGresult *result = answer(r, PGRES_PIPELINE_SYNC);
    PQclear(result);
    return result && PQexitPipelineMode(r->c) == 1;
}

static bool get_pipelined(raw *r, const int64_t *keys, size_t count, bench_row *rows)
{
    bool good = PQenterPipelineMode(r->c) == 1;
    for (size_t i = 0; good && i < count; i++) {
        binds b;
        bind_number(&b, 0, (uint64_t)keys[i], 8);
        good = send(r, "get", 1, &b);
    }
    good = good && PQpipelineSync(r->c) == 1;
    for (size_t i = 0; good && i < count; i++) {
        PGresult *result = answer(r, PGRES_TUPLES_OK);
        good = result && PQntuples(result) == 1 && read_row(result, 0, &rows[i]);
        PQclear(result);
    }
    return good && end_pipeline(r);
}

static bool get_many(void *state, const bench_task *task)
{
    raw *r = state;
    bench_row rows[BENCH_MANY];
    if (!prepare(r, GET))
        return false;
    for (size_t i = task->first; i < task->end; i += BENCH_MANY) {
        size_t count = task->end - i < BENCH_MANY ? task->end - i : BENCH_MANY;
        if (r->pipelines && !get_pipelined(r, task->keys + i, count, rows))
            return complain(r, "get many");
        for (size_t k = 0; !r->pipelines && k < count; k++)
            if (!get_row(r, task->keys[i + k], &rows[k]))
                return false;
        for (size_t k = 0; k < count; k++)
            bench_look(&r->seen, &rows[k], task);
        bench_free_texts(rows, count);
    }
    return true;
}

static bool select_all(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    return prepare(r, ALL) && append_rows(r, execute(r, "all", 0, NULL, PGRES_TUPLES_OK));
}

static void see_rows(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    for (size_t i = 0; i < r->rows.count; i++)
        bench_see_row(&r->seen, &r->rows.items[i]);
}

static bool filter_order_limit(void *state, const bench_task *task)
{
    raw *r = state;
    if (!prepare(r, FILTER))
        return false;
    for (size_t i = task->first; i < task->end; i++) {
        binds b;
        r->rows.count = 0;
        bind_number(&b, 0, (uint64_t)task->ages[i], 4);
        bind_number(&b, 1, (uint64_t)(task->ages[i] + BENCH_AGE_SPAN), 4);
        bind_number(&b, 2, BENCH_LIMIT, 8);
        if (!append_rows(r, execute(r, "filter", 3, &b, PGRES_TUPLES_OK)))
            return false;
        for (size_t k = 0; k < r->rows.count; k++)
            bench_look(&r->seen, &r->rows.items[k], task);
        bench_free_texts(r->rows.items, r->rows.count);
    }
    return true;
}

/* The rows to change are at hand before the clock starts, on all sides. */
static bool load_rows(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = 0; i < task->count; i++) {
        bench_row *row = bench_new_row(&r->rows);
        if (!row || !get_row(r, task->keys[i], row))
            return false;
    }
    return prepare(r, UPDATE);
}

static void bind_update(binds *b, bench_row *row)
{
    row->age++;
    bind_number(b, 0, (uint64_t)row->age, 4);
    bind_number(b, 1, (uint64_t)row->id, 8);
}

static bool is_updated(const raw *r, PGresult *result)
{
    bool good = result && strcmp(PQcmdTuples(result), "1") == 0;
    PQclear(result);
    return good || complain(r, "update matched no row");
}

static bool update_row(const raw *r, bench_row *row)
{
    binds b;
    bind_update(&b, row);
    return is_updated(r, execute(r, "update", 2, &b, PGRES_COMMAND_OK));
}

static bool update_one(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end; i++) {
        if (i % task->batch == 0 && !run_text(r, "BEGIN"))
            return false;
        if (!update_row(r, &r->rows.items[i]))
            return false;
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && !run_text(r, "COMMIT"))
            return false;
    }
    return true;
}

static bool send_text(const raw *r, const char *sql)
{
    return PQsendQueryParams(r->c, sql, 0, NULL, NULL, NULL, NULL, 1) == 1 || complain(r, sql);
}

/* The whole transaction in one go. */
static bool update_pipelined(const raw *r, bench_row *rows, size_t count)
{
    bool good = PQenterPipelineMode(r->c) == 1 && send_text(r, "BEGIN");
    PGresult *result;
    for (size_t i = 0; good && i < count; i++) {
        binds b;
        bind_update(&b, &rows[i]);
        good = send(r, "update", 2, &b);
    }
    good = good && send_text(r, "COMMIT") && PQpipelineSync(r->c) == 1;
    for (size_t i = 0; good && i < count + 2; i++) {
        result = answer(r, PGRES_COMMAND_OK);
        good = i == 0 || i == count + 1 ? result != NULL : is_updated(r, result);
        if (i == 0 || i == count + 1)
            PQclear(result);
    }
    return good && end_pipeline(r);
}

static bool save_many(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end; i += BENCH_MANY) {
        size_t count = task->end - i < BENCH_MANY ? task->end - i : BENCH_MANY;
        if (r->pipelines && !update_pipelined(r, r->rows.items + i, count))
            return complain(r, "save many");
        if (r->pipelines)
            continue;
        if (!run_text(r, "BEGIN"))
            return false;
        for (size_t k = 0; k < count; k++)
            if (!update_row(r, &r->rows.items[i + k]))
                return false;
        if (!run_text(r, "COMMIT"))
            return false;
    }
    return true;
}

/* What became of a record: no row if it was there and the same. */
static bool take_effect(raw *r, PGresult *result)
{
    bool good = result;
    if (good && PQntuples(result) == 0)
        r->effects[BENCH_UNCHANGED]++;
    else if (good)
        r->effects[PQgetvalue(result, 0, 0)[0] ? BENCH_INSERTED : BENCH_UPDATED]++;
    PQclear(result);
    return good;
}

/* The whole transaction in one go, or one by one. */
static bool upsert_rows(raw *r, const bench_row *rows, size_t count)
{
    bool good = r->pipelines ? PQenterPipelineMode(r->c) == 1 && send_text(r, "BEGIN")
                             : run_text(r, "BEGIN");
    for (size_t i = 0; good && i < count; i++) {
        binds b;
        bind_row(&b, &rows[i]);
        good = r->pipelines ? send(r, "upsert", FIELDS, &b)
                            : take_effect(r, execute(r, "upsert", FIELDS, &b, PGRES_TUPLES_OK));
    }
    if (!r->pipelines)
        return good && run_text(r, "COMMIT");
    good = good && send_text(r, "COMMIT") && PQpipelineSync(r->c) == 1;
    for (size_t i = 0; good && i < count + 2; i++) {
        bool own = i > 0 && i <= count;
        PGresult *result = answer(r, own ? PGRES_TUPLES_OK : PGRES_COMMAND_OK);
        good = own ? take_effect(r, result) : result != NULL;
        if (!own)
            PQclear(result);
    }
    return good && end_pipeline(r);
}

static bool upsert_many(void *state, const bench_task *task)
{
    raw *r = state;
    if (!prepare(r, UPSERT))
        return false;
    for (size_t i = task->first; i < task->end; i += task->batch) {
        size_t count = task->end - i < task->batch ? task->end - i : task->batch;
        if (!upsert_rows(r, task->rows + i, count))
            return complain(r, "upsert many");
    }
    return true;
}

static bool aggregate(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    if (!prepare(r, AGGREGATE))
        return false;
    PGresult *result = execute(r, "aggregate", 0, NULL, PGRES_TUPLES_OK);
    bool good = result;
    for (int i = 0; good && i < PQntuples(result); i++) {
        bench_group *group = bench_new_group(&r->groups);
        good = group;
        if (group)
            *group = (bench_group){ .age = (int)get_u32(PQgetvalue(result, i, 0)),
                                    .people = (int64_t)get_u64(PQgetvalue(result, i, 1)),
                                    .average = double_of(get_u64(PQgetvalue(result, i, 2))),
                                    .highest = double_of(get_u64(PQgetvalue(result, i, 3))) };
    }
    PQclear(result);
    return good;
}

static void see_groups(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    for (size_t i = 0; i < r->groups.count; i++)
        bench_see_group(&r->seen, &r->groups.items[i]);
}

/* ---- databases ---- */

static bool fill(const char *place, const bench_row *rows, size_t count)
{
    raw *r = raw_open(place, false);
    bool good = r && copy_rows(r, rows, count) && run_text(r, "ANALYZE users");
    if (r)
        raw_close(r);
    return good;
}

static bool see(const char *place, bench_seen *seen)
{
    raw *r = raw_open(place, false);
    bool good =
        r && append_rows(r, expect(r,
                                   PQexecParams(r->c, "SELECT " COLUMNS " FROM users ORDER BY id",
                                                0, NULL, NULL, NULL, NULL, 1),
                                   PGRES_TUPLES_OK));
    *seen = (bench_seen){ 0 };
    for (size_t i = 0; good && i < r->rows.count; i++)
        bench_see_row(seen, &r->rows.items[i]);
    if (r)
        raw_close(r);
    return good;
}

static bool run_sql(const char *place, const char *sql)
{
    raw *r = raw_open(place, false);
    bool good = r && run_text(r, sql);
    if (r)
        raw_close(r);
    return good;
}

static const bench_case cases[] = {
    { "insert_one", NULL, insert_one, NULL },
    { "insert_many", NULL, insert_many, NULL },
    { "get", NULL, get, NULL },
    { "get_many", NULL, get_many, NULL },
    { "select_all", NULL, select_all, see_rows },
    { "filter_order_limit", NULL, filter_order_limit, NULL },
    { "update_one", load_rows, update_one, NULL },
    { "save_many", load_rows, save_many, NULL },
    { "upsert_many", NULL, upsert_many, NULL },
    { "aggregate", NULL, aggregate, see_groups },
    { NULL, NULL, NULL, NULL },
};

static const bench_side raw_malloc = {
    .name = "raw_malloc", .open = open_malloc, .close = raw_close, .seen = raw_seen, .cases = cases
};
static const bench_side raw_pipeline = { .name = "raw_pipeline",
                                         .open = open_pipeline,
                                         .close = raw_close,
                                         .seen = raw_seen,
                                         .cases = cases };

const bench_store bench_postgres = {
    .scheme = "postgresql:",
    .sides = { &raw_malloc, &raw_pipeline },
    .fill = fill,
    .see = see,
    .run_sql = run_sql,
    .documents = &bench_postgres_documents,
};
