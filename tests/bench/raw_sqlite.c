/* SPDX-License-Identifier: MIT */
/*
 * The yardstick: what a careful C programmer writes on the raw sqlite3 API. Statements are prepared
 * once and kept, binds are SQLITE_STATIC, a batch is one transaction. Texts are malloc'd one by one
 * and freed by whoever used the row; `raw_arena` differs in that alone (texts in growing chunks,
 * given back together), `raw_nomutex` only in the threading mode of the connection.
 */
#include "bench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS "id, username, email, age, active, score, created_at, bio"

enum { TIME_SIZE = 26 };

typedef struct chunk {
    struct chunk *older;
    size_t size;
    size_t used;
    char data[];
} chunk;

typedef struct raw {
    sqlite3 *db;
    bool uses_arena;
    chunk *arena;
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *insert;
    sqlite3_stmt *get;
    sqlite3_stmt *all;
    sqlite3_stmt *filter;
    sqlite3_stmt *update;
    sqlite3_stmt *upsert;
    sqlite3_stmt *aggregate;
    bench_rows rows;
    bench_groups groups;
    bench_seen seen;
} raw;

static bool complain(raw *r, const char *what)
{
    (void)fprintf(stderr, "bench: raw sqlite: %s: %s\n", what, sqlite3_errmsg(r->db));
    return false;
}

/* ---- connection and statements ---- */

static void raw_close(void *state)
{
    raw *r = state;
    sqlite3_stmt *const statements[] = { r->begin,  r->commit, r->insert, r->get,      r->all,
                                         r->filter, r->update, r->upsert, r->aggregate };
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        (void)sqlite3_finalize(statements[i]);
    if (sqlite3_close(r->db) != SQLITE_OK)
        (void)complain(r, "close");
    free(r);
}

static raw *raw_open(const char *file, int flags, bool uses_arena)
{
    raw *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->uses_arena = uses_arena;
    int code = flags ? sqlite3_open_v2(file, &r->db, flags, NULL) : sqlite3_open(file, &r->db);
    if (code != SQLITE_OK || sqlite3_exec(r->db,
                                          "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                                          "PRAGMA foreign_keys = ON",
                                          NULL, NULL, NULL) != SQLITE_OK) {
        (void)complain(r, "open");
        raw_close(r);
        return NULL;
    }
    return r;
}

static void *open_malloc(const bench_task *task)
{
    return raw_open(task->place, 0, false);
}

static void *open_arena(const bench_task *task)
{
    return raw_open(task->place, 0, true);
}

static void *open_nomutex(const bench_task *task)
{
    return raw_open(task->place, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, false);
}

static const bench_seen *raw_seen(const void *state)
{
    return &((const raw *)state)->seen;
}

static bool prepare(raw *r, sqlite3_stmt **slot, const char *sql)
{
    if (*slot)
        return true;
    if (sqlite3_prepare_v3(r->db, sql, -1, SQLITE_PREPARE_PERSISTENT, slot, NULL) != SQLITE_OK)
        return complain(r, sql);
    return true;
}

static bool run(raw *r, sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE) {
        (void)sqlite3_reset(statement);
        return complain(r, sqlite3_sql(statement));
    }
    return sqlite3_reset(statement) == SQLITE_OK;
}

static bool begin(raw *r)
{
    return prepare(r, &r->begin, "BEGIN IMMEDIATE") && run(r, r->begin);
}

static bool commit(raw *r)
{
    return prepare(r, &r->commit, "COMMIT") && run(r, r->commit);
}

/* ---- instants, kept as "YYYY-MM-DD HH:MM:SS.ffffff" ---- */

static unsigned two_digits(const char *text)
{
    return (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
}

/* The column holds only what time_print() wrote, so one separator tells enough. */
static bool time_parse(const char *text, int64_t *out)
{
    if (text[4] != '-')
        return false;
    int64_t year = two_digits(text) * 100 + two_digits(text + 2);
    unsigned month = two_digits(text + 5), day = two_digits(text + 8);
    year -= month <= 2;
    int64_t era = year / 400;
    unsigned of_era = (unsigned)(year - era * 400);
    unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t days =
        era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (int64_t)of_year - 719468;
    int64_t seconds = days * 86400 + two_digits(text + 11) * 3600 + two_digits(text + 14) * 60 +
                      two_digits(text + 17);
    unsigned fraction =
        two_digits(text + 20) * 10000 + two_digits(text + 22) * 100 + two_digits(text + 24);
    *out = seconds * 1000000 + fraction;
    return true;
}

static void put_digits(char *out, int count, unsigned n)
{
    while (count-- > 0) {
        out[count] = (char)('0' + n % 10);
        n /= 10;
    }
}

/* For instants since 1970, which is all that the data holds. */
static void time_print(int64_t us, char *out)
{
    int64_t seconds = us / 1000000, days = seconds / 86400 + 719468;
    unsigned of_day = (unsigned)(seconds % 86400);
    int64_t era = days / 146097;
    unsigned of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * of_year + 2) / 153;
    unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
    unsigned year = year_of_era + (unsigned)era * 400 + (month <= 2);
    memcpy(out, "0000-00-00 00:00:00.000000", TIME_SIZE);
    put_digits(out, 4, year);
    put_digits(out + 5, 2, month);
    put_digits(out + 8, 2, of_year - (153 * shifted + 2) / 5 + 1);
    put_digits(out + 11, 2, of_day / 3600);
    put_digits(out + 14, 2, of_day / 60 % 60);
    put_digits(out + 17, 2, of_day % 60);
    put_digits(out + 20, 6, (unsigned)(us % 1000000));
}

/* ---- rows ---- */

static char *arena_take(raw *r, size_t size)
{
    if (!r->arena || r->arena->size - r->arena->used < size) {
        size_t room = r->arena ? r->arena->size * 2 : 4096;
        while (room < size)
            room *= 2;
        chunk *fresh = malloc(sizeof *fresh + room);
        if (!fresh)
            return NULL;
        *fresh = (chunk){ .older = r->arena, .size = room };
        r->arena = fresh;
    }
    char *out = r->arena->data + r->arena->used;
    r->arena->used += size;
    return out;
}

static void arena_reset(raw *r)
{
    while (r->arena && r->arena->older) {
        chunk *older = r->arena->older;
        free(r->arena);
        r->arena = older;
    }
    if (r->arena)
        r->arena->used = 0;
}

static const char *copy_text(raw *r, sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    if (!text)
        return NULL;
    size_t size = (size_t)sqlite3_column_bytes(statement, column) + 1;
    char *copy = r->uses_arena ? arena_take(r, size) : malloc(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

static bool read_row(raw *r, sqlite3_stmt *statement, bench_row *row)
{
    row->id = sqlite3_column_int64(statement, 0);
    row->username = copy_text(r, statement, 1);
    row->email = copy_text(r, statement, 2);
    row->age = sqlite3_column_int(statement, 3);
    row->active = sqlite3_column_int(statement, 4) != 0;
    row->score = sqlite3_column_double(statement, 5);
    const unsigned char *time = sqlite3_column_text(statement, 6);
    row->bio = copy_text(r, statement, 7);
    return row->username && row->email && row->bio && time &&
           time_parse((const char *)time, &row->created_us);
}

/* A row that is done with: each text by itself, or the whole arena. */
static void forget_rows(raw *r, const bench_row *rows, size_t count)
{
    if (r->uses_arena) {
        arena_reset(r);
        return;
    }
    bench_free_texts(rows, count);
}

static bool bind_row(sqlite3_stmt *statement, const bench_row *row, char *time)
{
    time_print(row->created_us, time);
    return sqlite3_bind_int64(statement, 1, row->id) == SQLITE_OK &&
           sqlite3_bind_text(statement, 2, row->username, -1, SQLITE_STATIC) == SQLITE_OK &&
           sqlite3_bind_text(statement, 3, row->email, -1, SQLITE_STATIC) == SQLITE_OK &&
           sqlite3_bind_int(statement, 4, row->age) == SQLITE_OK &&
           sqlite3_bind_int(statement, 5, row->active) == SQLITE_OK &&
           sqlite3_bind_double(statement, 6, row->score) == SQLITE_OK &&
           sqlite3_bind_text(statement, 7, time, TIME_SIZE, SQLITE_STATIC) == SQLITE_OK &&
           sqlite3_bind_text(statement, 8, row->bio, -1, SQLITE_STATIC) == SQLITE_OK;
}

static bool insert_row(raw *r, const bench_row *row)
{
    char time[TIME_SIZE];
    if (!prepare(r, &r->insert,
                 "INSERT INTO users (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"))
        return false;
    return bind_row(r->insert, row, time) && run(r, r->insert);
}

static bool get_row(raw *r, int64_t id, bench_row *row)
{
    if (!prepare(r, &r->get, "SELECT " COLUMNS " FROM users WHERE id = ?1"))
        return false;
    if (sqlite3_bind_int64(r->get, 1, id) != SQLITE_OK || sqlite3_step(r->get) != SQLITE_ROW)
        return complain(r, "get");
    bool good = read_row(r, r->get, row);
    return sqlite3_reset(r->get) == SQLITE_OK && good;
}

/* ---- the cases ---- */

static bool insert_one(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end; i++) {
        if (i % task->batch == 0 && !begin(r))
            return false;
        if (!insert_row(r, &task->rows[i]))
            return false;
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && !commit(r))
            return false;
    }
    return true;
}

static bool insert_many(void *state, const bench_task *task)
{
    raw *r = state;
    if (!begin(r))
        return false;
    for (size_t i = 0; i < task->count; i++) {
        if (!insert_row(r, &task->rows[i]))
            return false;
    }
    return commit(r);
}

static bool upsert_many(void *state, const bench_task *task)
{
    static const char sql[] = "INSERT INTO users (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
                              " ?8) ON CONFLICT (id) DO UPDATE SET username = excluded.username,"
                              " email = excluded.email, age = excluded.age,"
                              " active = excluded.active, score = excluded.score,"
                              " created_at = excluded.created_at, bio = excluded.bio";
    raw *r = state;
    for (size_t i = task->first; i < task->end; i++) {
        char time[TIME_SIZE];
        if (i % task->batch == 0 && !begin(r))
            return false;
        if (!prepare(r, &r->upsert, sql) || !bind_row(r->upsert, &task->rows[i], time) ||
            !run(r, r->upsert))
            return false;
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && !commit(r))
            return false;
    }
    return true;
}

static bool get(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end; i++) {
        bench_row row;
        if (!get_row(r, task->keys[i], &row))
            return false;
        bench_look(&r->seen, &row, task);
        forget_rows(r, &row, 1);
    }
    return true;
}

/* Appends all rows of a statement to r->rows. */
static bool read_all(raw *r, sqlite3_stmt *statement)
{
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        bench_row *row = bench_new_row(&r->rows);
        if (!row || !read_row(r, statement, row))
            return complain(r, "read");
    }
    (void)sqlite3_reset(statement);
    return code == SQLITE_DONE || complain(r, "read");
}

static bool select_all(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    if (!prepare(r, &r->all, "SELECT " COLUMNS " FROM users"))
        return false;
    return read_all(r, r->all);
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
    if (!prepare(r, &r->filter,
                 "SELECT " COLUMNS " FROM users WHERE age BETWEEN ?1 AND ?2 AND active"
                 " ORDER BY score DESC, id DESC LIMIT ?3"))
        return false;
    for (size_t i = task->first; i < task->end; i++) {
        r->rows.count = 0;
        if (sqlite3_bind_int(r->filter, 1, task->ages[i]) != SQLITE_OK ||
            sqlite3_bind_int(r->filter, 2, task->ages[i] + BENCH_AGE_SPAN) != SQLITE_OK ||
            sqlite3_bind_int(r->filter, 3, BENCH_LIMIT) != SQLITE_OK)
            return complain(r, "bind");
        if (!read_all(r, r->filter))
            return false;
        for (size_t k = 0; k < r->rows.count; k++)
            bench_look(&r->seen, &r->rows.items[k], task);
        forget_rows(r, r->rows.items, r->rows.count);
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
    return true;
}

static bool update_row(raw *r, bench_row *row)
{
    if (!prepare(r, &r->update, "UPDATE users SET age = ?1 WHERE id = ?2"))
        return false;
    row->age++;
    if (sqlite3_bind_int(r->update, 1, row->age) != SQLITE_OK ||
        sqlite3_bind_int64(r->update, 2, row->id) != SQLITE_OK || !run(r, r->update))
        return false;
    return sqlite3_changes(r->db) == 1 || complain(r, "update matched no row");
}

static bool update_one(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end; i++) {
        if (i % task->batch == 0 && !begin(r))
            return false;
        if (!update_row(r, &r->rows.items[i]))
            return false;
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && !commit(r))
            return false;
    }
    return true;
}

static bool aggregate(void *state, const bench_task *task)
{
    raw *r = state;
    int code;
    (void)task;
    if (!prepare(r, &r->aggregate,
                 "SELECT age, count(*), avg(score), max(score) FROM users GROUP BY age"))
        return false;
    while ((code = sqlite3_step(r->aggregate)) == SQLITE_ROW) {
        bench_group *group = bench_new_group(&r->groups);
        if (!group)
            return false;
        group->age = sqlite3_column_int(r->aggregate, 0);
        group->people = sqlite3_column_int64(r->aggregate, 1);
        group->average = sqlite3_column_double(r->aggregate, 2);
        group->highest = sqlite3_column_double(r->aggregate, 3);
    }
    (void)sqlite3_reset(r->aggregate);
    return code == SQLITE_DONE || complain(r, "aggregate");
}

static void see_groups(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    for (size_t i = 0; i < r->groups.count; i++)
        bench_see_group(&r->seen, &r->groups.items[i]);
}

/* ---- files ---- */

static bool fill(const char *file, const bench_row *rows, size_t count)
{
    raw *r = raw_open(file, 0, false);
    if (!r)
        return false;
    bool good = begin(r);
    for (size_t i = 0; good && i < count; i++)
        good = insert_row(r, &rows[i]);
    good = good && commit(r);
    if (good &&
        sqlite3_exec(r->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) != SQLITE_OK)
        good = complain(r, "checkpoint");
    raw_close(r);
    return good;
}

static bool see(const char *file, bench_seen *seen)
{
    raw *r = raw_open(file, 0, true);
    if (!r)
        return false;
    bool good =
        prepare(r, &r->all, "SELECT " COLUMNS " FROM users ORDER BY id") && read_all(r, r->all);
    *seen = (bench_seen){ 0 };
    for (size_t i = 0; good && i < r->rows.count; i++)
        bench_see_row(seen, &r->rows.items[i]);
    raw_close(r);
    return good;
}

static bool run_sql(const char *file, const char *sql)
{
    raw *r = raw_open(file, 0, true);
    bool good = r && sqlite3_exec(r->db, sql, NULL, NULL, NULL) == SQLITE_OK;
    if (r)
        raw_close(r);
    return good;
}

/* Without a round trip there is nothing to gain from asking for many at once. */
static bool save_many(void *state, const bench_task *task)
{
    bench_task some = *task;
    some.batch = BENCH_MANY;
    return update_one(state, &some);
}

static const bench_case cases[] = {
    { "insert_one", NULL, insert_one, NULL },
    { "insert_many", NULL, insert_many, NULL },
    { "upsert_many", NULL, upsert_many, NULL },
    { "get", NULL, get, NULL },
    { "get_many", NULL, get, NULL },
    { "select_all", NULL, select_all, see_rows },
    { "filter_order_limit", NULL, filter_order_limit, NULL },
    { "update_one", load_rows, update_one, NULL },
    { "save_many", load_rows, save_many, NULL },
    { "aggregate", NULL, aggregate, see_groups },
    { NULL, NULL, NULL, NULL },
};

static const bench_side raw_malloc = {
    .name = "raw_malloc",
    .open = open_malloc,
    .close = raw_close,
    .seen = raw_seen,
    .cases = cases,
};
static const bench_side raw_arena = {
    .name = "raw_arena",
    .open = open_arena,
    .close = raw_close,
    .seen = raw_seen,
    .cases = cases,
};
static const bench_side raw_nomutex = {
    .name = "raw_nomutex",
    .open = open_nomutex,
    .close = raw_close,
    .seen = raw_seen,
    .cases = cases,
};

const bench_store bench_sqlite = {
    .sides = { &raw_malloc, &raw_arena, &raw_nomutex },
    .fill = fill,
    .see = see,
    .run_sql = run_sql,
    .documents = &bench_sqlite_documents,
};
