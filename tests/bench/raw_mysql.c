/* SPDX-License-Identifier: MIT */
/*
 * The yardstick on MariaDB: what a careful C programmer writes on its connector. Statements are
 * prepared once, values are bound in binary, bulk rows go by array binding, rows are fetched
 * unbuffered into bound buffers, texts are malloc'd one by one.
 */
#include "raw_mysql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS "id, username, email, age, active, score, created_at, bio"

enum { FIELDS = 8, TEXT_SIZE = 256, ARRAY = 5000, URL_SIZE = 512 };
enum { INSERT, GET, ALL, FILTER, UPDATE, UPSERT, AGGREGATE, STATEMENTS };

/* Where the columns of a row are fetched to. */
typedef struct fetched {
    int64_t id;
    int age;
    signed char active;
    double score;
    MYSQL_TIME created;
    int64_t effect;
    char texts[3][TEXT_SIZE];
    unsigned long lengths[3];
    int64_t people;
    double highest;
} fetched;

typedef struct raw {
    MYSQL *c;
    MYSQL_STMT *statements[STATEMENTS];
    fetched in;
    size_t effects[BENCH_EFFECTS];
    bench_rows rows;
    bench_groups groups;
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

/* ---- connection and statements ---- */

static void raw_close(void *state)
{
    raw *r = state;
    for (int i = 0; i < STATEMENTS; i++)
        if (r->statements[i])
            (void)mysql_stmt_close(r->statements[i]);
    if (r->c)
        mysql_close(r->c);
    free(r);
}

/* mysql://user:password@host:port/database, without percent escapes. */
bool raw_mysql_connect(const char *url, MYSQL **c)
{
    static char text[URL_SIZE];
    char *user = text + strlen("mysql://"), *password, *host, *port, *database, *end;
    unsigned mode = 0;
    if (strlen(url) >= sizeof text)
        return false;
    memcpy(text, url, strlen(url) + 1);
    password = strchr(user, ':');
    host = strrchr(text, '@');
    port = host ? strchr(host, ':') : NULL;
    database = port ? strchr(port, '/') : NULL;
    if (!password || !database)
        return false;
    *password++ = *host++ = *port++ = *database++ = '\0';
    end = strchr(database, '?');
    if (end)
        *end = '\0';
    *c = mysql_init(NULL);
    return *c && mysql_options(*c, MYSQL_SET_CHARSET_NAME, "utf8mb4") == 0 &&
           mysql_options(*c, MYSQL_OPT_LOCAL_INFILE, &mode) == 0 &&
           mysql_real_connect(*c, host, user, password, database, (unsigned)strtoul(port, NULL, 10),
                              NULL, CLIENT_FOUND_ROWS) &&
           mysql_query(*c, "SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES'") == 0;
}

static raw *raw_open(const char *url)
{
    raw *r = calloc(1, sizeof *r);
    if (r && raw_mysql_connect(url, &r->c))
        return r;
    if (r) {
        (void)complain(r, "open");
        raw_close(r);
    }
    return NULL;
}

static void *open_task(const bench_task *task)
{
    return raw_open(task->place);
}

static const bench_seen *raw_seen(const void *state)
{
    return &((const raw *)state)->seen;
}

static bool run_text(const raw *r, const char *sql)
{
    return mysql_query(r->c, sql) == 0 || complain(r, sql);
}

static MYSQL_BIND text_into(raw *r, int i)
{
    MYSQL_BIND b = bind_of(MYSQL_TYPE_STRING, r->in.texts[i], TEXT_SIZE);
    b.length = &r->in.lengths[i];
    return b;
}

/* The columns of a row, or of a group, go where r->in says. */
static bool bind_result(raw *r, int which)
{
    fetched *in = &r->in;
    MYSQL_BIND row[FIELDS] = {
        bind_of(MYSQL_TYPE_LONGLONG, &in->id, sizeof in->id),
        text_into(r, 0),
        text_into(r, 1),
        bind_of(MYSQL_TYPE_LONG, &in->age, sizeof in->age),
        bind_of(MYSQL_TYPE_TINY, &in->active, sizeof in->active),
        bind_of(MYSQL_TYPE_DOUBLE, &in->score, sizeof in->score),
        bind_of(MYSQL_TYPE_DATETIME, &in->created, sizeof in->created),
        text_into(r, 2),
    };
    MYSQL_BIND group[] = {
        bind_of(MYSQL_TYPE_LONG, &in->age, sizeof in->age),
        bind_of(MYSQL_TYPE_LONGLONG, &in->people, sizeof in->people),
        bind_of(MYSQL_TYPE_DOUBLE, &in->score, sizeof in->score),
        bind_of(MYSQL_TYPE_DOUBLE, &in->highest, sizeof in->highest),
    };
    if (which == INSERT || which == UPDATE || which == UPSERT)
        return true;
    return mysql_stmt_bind_result(r->statements[which], which == AGGREGATE ? group : row) == 0;
}

static bool prepare(raw *r, int which)
{
    static const char *const texts[] = {
        [INSERT] = "INSERT INTO users (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [GET] = "SELECT " COLUMNS " FROM users WHERE id = ?",
        [ALL] = "SELECT " COLUMNS " FROM users",
        [FILTER] = "SELECT " COLUMNS " FROM users WHERE age BETWEEN ? AND ? AND active"
                   " ORDER BY score DESC, id DESC LIMIT ?",
        [UPDATE] = "UPDATE users SET age = ? WHERE id = ?",
        /* The variable says 2 of a record that differs, 3 of one that does not, 0 of a new one. */
        [UPSERT] = "INSERT INTO users (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE"
                   " KEY UPDATE id = IF(@effect := IF(username <=> VALUES(username) AND"
                   " email <=> VALUES(email) AND age <=> VALUES(age) AND active <=> VALUES(active)"
                   " AND score <=> VALUES(score) AND created_at <=> VALUES(created_at) AND"
                   " bio <=> VALUES(bio), 3, 2), id, id), username = VALUES(username), email = "
                   "VALUES(email),"
                   " age = VALUES(age), active = VALUES(active), score = VALUES(score),"
                   " created_at = VALUES(created_at), bio = VALUES(bio)"
                   " RETURNING CAST(IFNULL(@effect, 0) + 0 * (@effect := 0) AS SIGNED)",
        [AGGREGATE] = "SELECT age, count(*), avg(score), max(score) FROM users GROUP BY age",
    };
    if (r->statements[which])
        return true;
    MYSQL_STMT *s = r->statements[which] = mysql_stmt_init(r->c);
    if (!s)
        return complain(r, "init");
    return (mysql_stmt_prepare(s, texts[which], strlen(texts[which])) == 0 &&
            bind_result(r, which)) ||
           complain_of(s, texts[which]);
}

static bool execute(const raw *r, int which, MYSQL_BIND *binds)
{
    MYSQL_STMT *s = r->statements[which];
    return ((!binds || mysql_stmt_bind_param(s, binds) == 0) && mysql_stmt_execute(s) == 0) ||
           complain_of(s, "execute");
}

/* ---- rows ---- */

static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2), era = y / 400;
    unsigned of_era = (unsigned)(y - era * 400);
    unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (int64_t)of_year - 719468;
}

static int64_t instant_of(const MYSQL_TIME *t)
{
    int64_t seconds = days_of(t->year, t->month, t->day) * 86400 + (int64_t)t->hour * 3600 +
                      (int64_t)t->minute * 60 + t->second;
    return seconds * 1000000 + (int64_t)t->second_part;
}

/* For instants since 1970, which is all that the data holds. */
static MYSQL_TIME time_of(int64_t us)
{
    int64_t seconds = us / 1000000, days = seconds / 86400 + 719468, era = days / 146097;
    unsigned of_day = (unsigned)(seconds % 86400), of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * of_year + 2) / 153;
    unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
    return (MYSQL_TIME){ .year = year_of_era + (unsigned)era * 400 + (month <= 2),
                         .month = month,
                         .day = of_year - (153 * shifted + 2) / 5 + 1,
                         .hour = of_day / 3600,
                         .minute = of_day / 60 % 60,
                         .second = of_day % 60,
                         .second_part = (unsigned long)(us % 1000000),
                         .time_type = MYSQL_TIMESTAMP_DATETIME };
}

static const char *copy_text(const raw *r, int i)
{
    size_t size = r->in.lengths[i];
    char *copy = size < TEXT_SIZE ? malloc(size + 1) : NULL;
    if (copy) {
        memcpy(copy, r->in.texts[i], size);
        copy[size] = '\0';
    }
    return copy;
}

static bool read_row(const raw *r, bench_row *row)
{
    *row = (bench_row){ .id = r->in.id,
                        .username = copy_text(r, 0),
                        .email = copy_text(r, 1),
                        .age = r->in.age,
                        .active = r->in.active,
                        .score = r->in.score,
                        .created_us = instant_of(&r->in.created),
                        .bio = copy_text(r, 2) };
    return row->username && row->email && row->bio;
}

/* ---- the cases ---- */

static bool insert_row(raw *r, const bench_row *row)
{
    MYSQL_TIME created = time_of(row->created_us);
    signed char active = row->active;
    MYSQL_BIND binds[FIELDS] = {
        bind_of(MYSQL_TYPE_LONGLONG, &row->id, sizeof row->id),
        bind_of(MYSQL_TYPE_STRING, row->username, strlen(row->username)),
        bind_of(MYSQL_TYPE_STRING, row->email, strlen(row->email)),
        bind_of(MYSQL_TYPE_LONG, &row->age, sizeof row->age),
        bind_of(MYSQL_TYPE_TINY, &active, sizeof active),
        bind_of(MYSQL_TYPE_DOUBLE, &row->score, sizeof row->score),
        bind_of(MYSQL_TYPE_DATETIME, &created, sizeof created),
        bind_of(MYSQL_TYPE_STRING, row->bio, strlen(row->bio)),
    };
    return prepare(r, INSERT) && execute(r, INSERT, binds);
}

static bool insert_one(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end; i++) {
        if (i % task->batch == 0 && !run_text(r, "BEGIN"))
            return false;
        if (!insert_row(r, &task->rows[i]))
            return false;
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && !run_text(r, "COMMIT"))
            return false;
    }
    return true;
}

/* One column of many rows, as array binding takes it. */
typedef struct columns {
    int64_t ids[ARRAY];
    int ages[ARRAY];
    signed char actives[ARRAY];
    double scores[ARRAY];
    MYSQL_TIME times[ARRAY];
    const MYSQL_TIME *time_pointers[ARRAY];
    const char *texts[3][ARRAY];
    unsigned long lengths[3][ARRAY];
} columns;

static void put_text(columns *c, int column, size_t i, const char *text)
{
    c->texts[column][i] = text;
    c->lengths[column][i] = (unsigned long)strlen(text);
}

static void put_row(columns *c, size_t i, const bench_row *row)
{
    c->ids[i] = row->id;
    c->ages[i] = row->age;
    c->actives[i] = row->active;
    c->scores[i] = row->score;
    c->times[i] = time_of(row->created_us);
    c->time_pointers[i] = &c->times[i];
    put_text(c, 0, i, row->username);
    put_text(c, 1, i, row->email);
    put_text(c, 2, i, row->bio);
}

static MYSQL_BIND text_array(columns *c, int i)
{
    MYSQL_BIND b = bind_of(MYSQL_TYPE_STRING, c->texts[i], 0);
    b.length = c->lengths[i];
    return b;
}

static bool write_array(raw *r, int which, columns *c, unsigned count)
{
    MYSQL_STMT *s = r->statements[which];
    MYSQL_BIND binds[FIELDS] = {
        bind_of(MYSQL_TYPE_LONGLONG, c->ids, 0),
        text_array(c, 0),
        text_array(c, 1),
        bind_of(MYSQL_TYPE_LONG, c->ages, 0),
        bind_of(MYSQL_TYPE_TINY, c->actives, 0),
        bind_of(MYSQL_TYPE_DOUBLE, c->scores, 0),
        bind_of(MYSQL_TYPE_DATETIME, c->time_pointers, 0),
        text_array(c, 2),
    };
    return mysql_stmt_attr_set(s, STMT_ATTR_ARRAY_SIZE, &count) == 0 && execute(r, which, binds);
}

/* What became of each record. */
static bool take_effects(raw *r)
{
    MYSQL_STMT *s = r->statements[UPSERT];
    MYSQL_BIND effect = bind_of(MYSQL_TYPE_LONGLONG, &r->in.effect, sizeof r->in.effect);
    int code;
    /* What comes back is not known before it is executed. */
    if (mysql_stmt_bind_result(s, &effect) != 0)
        return complain_of(s, "effects");
    while ((code = mysql_stmt_fetch(s)) == 0)
        r->effects[r->in.effect == 3   ? BENCH_UNCHANGED
                   : r->in.effect == 2 ? BENCH_UPDATED
                                       : BENCH_INSERTED]++;
    return (mysql_stmt_free_result(s) == 0 && code == MYSQL_NO_DATA) || complain_of(s, "effects");
}

static bool write_rows(raw *r, int which, const bench_row *rows, size_t count)
{
    static columns c;
    if (!prepare(r, which))
        return false;
    for (size_t done = 0; done < count;) {
        unsigned n = 0;
        for (; n < ARRAY && done < count; n++, done++)
            put_row(&c, n, &rows[done]);
        if (!write_array(r, which, &c, n) || (which == UPSERT && !take_effects(r)))
            return false;
    }
    return true;
}

static bool insert_many(void *state, const bench_task *task)
{
    raw *r = state;
    return run_text(r, "BEGIN") && write_rows(r, INSERT, task->rows, task->count) &&
           run_text(r, "COMMIT");
}

static bool upsert_many(void *state, const bench_task *task)
{
    raw *r = state;
    for (size_t i = task->first; i < task->end; i += task->batch) {
        size_t count = task->end - i < task->batch ? task->end - i : task->batch;
        if (!run_text(r, "BEGIN") || !write_rows(r, UPSERT, task->rows + i, count) ||
            !run_text(r, "COMMIT"))
            return false;
    }
    return true;
}

static bool get_row(raw *r, int64_t id, bench_row *row)
{
    MYSQL_BIND key = bind_of(MYSQL_TYPE_LONGLONG, &id, sizeof id);
    if (!prepare(r, GET) || !execute(r, GET, &key))
        return false;
    bool good = mysql_stmt_fetch(r->statements[GET]) == 0 && read_row(r, row);
    return mysql_stmt_free_result(r->statements[GET]) == 0 && good;
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

/* Appends all rows of a statement to r->rows. */
static bool read_all(raw *r, int which)
{
    MYSQL_STMT *s = r->statements[which];
    int code;
    while ((code = mysql_stmt_fetch(s)) == 0) {
        bench_row *row = bench_new_row(&r->rows);
        if (!row || !read_row(r, row))
            return complain_of(s, "read");
    }
    return mysql_stmt_free_result(s) == 0 && code == MYSQL_NO_DATA;
}

static bool select_all(void *state, const bench_task *task)
{
    raw *r = state;
    (void)task;
    return prepare(r, ALL) && execute(r, ALL, NULL) && read_all(r, ALL);
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
        int low = task->ages[i], high = low + BENCH_AGE_SPAN;
        int64_t limit = BENCH_LIMIT;
        MYSQL_BIND binds[] = { bind_of(MYSQL_TYPE_LONG, &low, sizeof low),
                               bind_of(MYSQL_TYPE_LONG, &high, sizeof high),
                               bind_of(MYSQL_TYPE_LONGLONG, &limit, sizeof limit) };
        r->rows.count = 0;
        if (!execute(r, FILTER, binds) || !read_all(r, FILTER))
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

static bool update_row(const raw *r, bench_row *row)
{
    MYSQL_BIND binds[] = { bind_of(MYSQL_TYPE_LONG, &row->age, sizeof row->age),
                           bind_of(MYSQL_TYPE_LONGLONG, &row->id, sizeof row->id) };
    row->age++;
    return execute(r, UPDATE, binds) && (mysql_stmt_affected_rows(r->statements[UPDATE]) == 1 ||
                                         complain(r, "update matched no row"));
}

static bool update_batches(raw *r, const bench_task *task, size_t batch)
{
    for (size_t i = task->first; i < task->end; i++) {
        if (i % batch == 0 && !run_text(r, "BEGIN"))
            return false;
        if (!update_row(r, &r->rows.items[i]))
            return false;
        if (((i + 1) % batch == 0 || i + 1 == task->end) && !run_text(r, "COMMIT"))
            return false;
    }
    return true;
}

static bool update_one(void *state, const bench_task *task)
{
    return update_batches(state, task, task->batch);
}

static bool save_many(void *state, const bench_task *task)
{
    return update_batches(state, task, BENCH_MANY);
}

static bool aggregate(void *state, const bench_task *task)
{
    raw *r = state;
    int code;
    (void)task;
    if (!prepare(r, AGGREGATE) || !execute(r, AGGREGATE, NULL))
        return false;
    while ((code = mysql_stmt_fetch(r->statements[AGGREGATE])) == 0) {
        bench_group *group = bench_new_group(&r->groups);
        if (!group)
            return false;
        *group = (bench_group){ r->in.age, r->in.people, r->in.score, r->in.highest };
    }
    return mysql_stmt_free_result(r->statements[AGGREGATE]) == 0 && code == MYSQL_NO_DATA;
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
    raw *r = raw_open(place);
    bool good =
        r && run_text(r, "BEGIN") && write_rows(r, INSERT, rows, count) && run_text(r, "COMMIT");
    if (r)
        raw_close(r);
    return good;
}

static bool see(const char *place, bench_seen *seen)
{
    raw *r = raw_open(place);
    bool good = r && prepare(r, ALL) && execute(r, ALL, NULL) && read_all(r, ALL);
    *seen = (bench_seen){ 0 };
    /* InnoDB gives them in the order of the key. */
    for (size_t i = 0; good && i < r->rows.count; i++)
        bench_see_row(seen, &r->rows.items[i]);
    if (r)
        raw_close(r);
    return good;
}

static bool run_sql(const char *place, const char *sql)
{
    raw *r = raw_open(place);
    bool good = r && run_text(r, sql);
    if (r)
        raw_close(r);
    return good;
}

static const bench_case cases[] = {
    { "insert_one", NULL, insert_one, NULL },
    { "insert_many", NULL, insert_many, NULL },
    { "get", NULL, get, NULL },
    { "get_many", NULL, get, NULL },
    { "select_all", NULL, select_all, see_rows },
    { "filter_order_limit", NULL, filter_order_limit, NULL },
    { "update_one", load_rows, update_one, NULL },
    { "save_many", load_rows, save_many, NULL },
    { "upsert_many", NULL, upsert_many, NULL },
    { "aggregate", NULL, aggregate, see_groups },
    { NULL, NULL, NULL, NULL },
};

static const bench_side raw_malloc = {
    .name = "raw_malloc", .open = open_task, .close = raw_close, .seen = raw_seen, .cases = cases
};

const bench_store bench_mysql = {
    .scheme = "mysql:",
    .sides = { &raw_malloc },
    .fill = fill,
    .see = see,
    .run_sql = run_sql,
    .documents = &bench_mysql_documents,
};
