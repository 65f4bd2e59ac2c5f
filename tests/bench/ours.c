/* SPDX-License-Identifier: MIT */
/*
 * Ostler's side, through its public interface alone. Sessions and queries are as a program writes
 * them: tracked records (nothing is read-only), the session cleared after each get, a mark and a
 * release around each query, which is built anew each time.
 */
#include "ours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OST_MODEL(user, .table = "users",
          OST_FIELDS(OST_FIELD(user, id, .primary_key = true),
                     OST_FIELD(user, username, .not_null = true),
                     OST_FIELD(user, email, .not_null = true), OST_FIELD(user, age),
                     OST_FIELD(user, active), OST_FIELD(user, score), OST_FIELD(user, created_at),
                     OST_FIELD(user, bio, .not_null = true)),
          OST_INDEXES(OST_INDEX(OST_ASC(user, score))));
OST_MODEL(age_group, OST_FIELDS(OST_FIELD(age_group, age), OST_FIELD(age_group, people),
                                OST_FIELD(age_group, average), OST_FIELD(age_group, highest)));

static bool complain(const char *what, const ost_error *error)
{
    (void)fprintf(stderr, "bench: ostler: %s: %s: %s\n", what,
                  ost_status_name((ost_status)error->status), error->message);
    return false;
}

bool ours_failed(const ours *o, const char *what)
{
    return complain(what, ost_session_error(o->session));
}

/* ---- opening ---- */

static void *counting_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    counter *c = context;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    if (new_size > old_size) {
        atomic_fetch_add(&c->calls, 1);
        atomic_fetch_add(&c->bytes, new_size - old_size);
    }
    return realloc(old, new_size);
}

static bool open_database(const char *place, const ost_platform *platform, ost_db **db)
{
    char url[1024];
    ost_error error;
    bool server = strstr(place, "://");
    int size = snprintf(url, sizeof url, server ? "%s" : "sqlite:%s?synchronous=normal", place);
    if (size < 0 || (size_t)size >= sizeof url)
        return false;
    const ost_driver *const drivers[] = {
#ifdef TEST_POSTGRES
        ost_driver_postgres(),
#endif
#ifdef TEST_MYSQL
        ost_driver_mysql(),
#endif
#ifdef TEST_MONGO
        ost_driver_mongo(),
#endif
        ost_driver_sqlite(), NULL
    };
    ost_status status =
        ost_open(OST_OPTIONS(.url = url, .drivers = drivers,
                             .models = OST_MODELS(&user_model, &doc_model), .platform = platform),
                 db, &error);
    return status == OST_OK || complain("open", &error);
}

bool bench_make_tables(const char *place)
{
    ost_db *db;
    ost_error error;
    if (!open_database(place, NULL, &db))
        return false;
    bool good = ost_create_tables(db, &error) == OST_OK || complain("create tables", &error);
    ost_close(db);
    return good;
}

void ours_close(void *state)
{
    ours *o = state;
    ost_session_close(o->session);
    ost_close(o->db);
    free(o->loaded);
    free(o->effects);
    free(o->rows);
    free(o);
}

/* The program's own structs are ready before the clock starts, as on the raw side. */
static bool take_rows(ours *o, const bench_task *task)
{
    o->rows = calloc(task->count + 1, sizeof *o->rows);
    o->effects = calloc(task->count + 1, sizeof *o->effects);
    for (size_t i = 0; o->rows && i < task->count; i++) {
        const bench_row *from = &task->rows[i];
        o->rows[i] = (user){ .id = from->id,
                             .username = from->username,
                             .email = from->email,
                             .age = from->age,
                             .active = from->active,
                             .score = from->score,
                             .created_at = { from->created_us },
                             .bio = from->bio };
    }
    return o->rows && o->effects;
}

void *ours_open(const bench_task *task)
{
    ours *o = calloc(1, sizeof *o);
    ost_error error;
    if (!o)
        return NULL;
    ost_platform platform = { .struct_size = sizeof platform,
                              .context = &o->counter,
                              .resize = counting_resize };
    if (!open_database(task->place, task->counts_allocations ? &platform : NULL, &o->db) ||
        (task->rows && !take_rows(o, task))) {
        ours_close(o);
        return NULL;
    }
    if (ost_session_open(o->db, NULL, &o->session, &error) != OST_OK) {
        (void)complain("session", &error);
        ours_close(o);
        return NULL;
    }
    return o;
}

const bench_seen *ours_seen(const void *state)
{
    return &((const ours *)state)->seen;
}

bench_allocations ours_allocations(const void *state)
{
    const ours *o = state;
    return (bench_allocations){ atomic_load(&o->counter.calls), atomic_load(&o->counter.bytes) };
}

/* ---- the cases ---- */

static void see_user(bench_seen *seen, const user *u)
{
    bench_row row = { .id = u->id,
                      .username = u->username,
                      .email = u->email,
                      .age = u->age,
                      .active = u->active,
                      .score = u->score,
                      .created_us = u->created_at.microseconds,
                      .bio = u->bio };
    bench_see_row(seen, &row);
}

static void look(ours *o, const user *u, const bench_task *task)
{
    if (task->deep)
        see_user(&o->seen, u);
    else
        bench_glance(&o->seen, u->id, u->age, u->bio);
}

static bool insert_one(void *state, const bench_task *task)
{
    ours *o = state;
    for (size_t i = task->first; i < task->end; i++) {
        if (i % task->batch == 0 && ost_begin(o->session, NULL) != OST_OK)
            return ours_failed(o, "begin");
        if (ost_insert(o->session, user, &o->rows[i]) != OST_OK)
            return ours_failed(o, "insert");
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && ost_commit(o->session) != OST_OK)
            return ours_failed(o, "commit");
    }
    return true;
}

static bool insert_many(void *state, const bench_task *task)
{
    ours *o = state;
    return ost_insert_many(o->session, user, o->rows, task->count) == OST_OK ||
           ours_failed(o, "insert many");
}

static bool upsert_many(void *state, const bench_task *task)
{
    ours *o = state;
    for (size_t i = task->first; i < task->end; i += task->batch) {
        size_t count = task->end - i < task->batch ? task->end - i : task->batch;
        if (ost_upsert_many(o->session, user, o->rows + i, count, NULL, o->effects + i) != OST_OK)
            return ours_failed(o, "upsert many");
    }
    return true;
}

static bool get(void *state, const bench_task *task)
{
    ours *o = state;
    for (size_t i = task->first; i < task->end; i++) {
        const user *u = ost_get(o->session, user, task->keys[i]);
        if (!u)
            return ours_failed(o, "get");
        look(o, u, task);
        if (ost_session_clear(o->session) != OST_OK)
            return ours_failed(o, "clear");
    }
    return true;
}

#ifdef ost_get_many
static bool get_many(void *state, const bench_task *task)
{
    ours *o = state;
    for (size_t i = task->first; i < task->end; i += BENCH_MANY) {
        size_t wanted = task->end - i < BENCH_MANY ? task->end - i : BENCH_MANY, count;
        const user *users = ost_get_many(o->session, user, task->keys + i, wanted, &count);
        if (!users)
            return ours_failed(o, "get many");
        for (size_t k = 0; k < count; k++)
            look(o, &users[k], task);
        if (ost_session_clear(o->session) != OST_OK)
            return ours_failed(o, "clear");
    }
    return true;
}

#endif

static bool select_all(void *state, const bench_task *task)
{
    ours *o = state;
    (void)task;
    o->all = ost_all(ost_from(o->session, user), user, &o->all_count);
    return o->all || ours_failed(o, "select all");
}

static void see_all(void *state, const bench_task *task)
{
    ours *o = state;
    (void)task;
    for (size_t i = 0; i < o->all_count; i++)
        see_user(&o->seen, &o->all[i]);
}

static bool filter_order_limit(void *state, const bench_task *task)
{
    ours *o = state;
    for (size_t i = task->first; i < task->end; i++) {
        ost_mark mark = ost_session_mark(o->session);
        int low = task->ages[i];
        size_t count;
        ost_query *q = ost_from(o->session, user);
        ost_where(q, ost_between(user, age, low, low + BENCH_AGE_SPAN));
        ost_where(q, ost_eq(user, active, true));
        ost_order_by(q, ost_desc(user, score));
        ost_limit(q, BENCH_LIMIT);
        const user *users = ost_all(q, user, &count);
        if (!users)
            return ours_failed(o, "filter");
        for (size_t k = 0; k < count; k++)
            look(o, &users[k], task);
        if (ost_session_release(o->session, mark) != OST_OK)
            return ours_failed(o, "release");
    }
    return true;
}

/* The records to change are tracked before the clock starts; measured is ost_save() of one changed
 * member. */
static bool load_records(void *state, const bench_task *task)
{
    ours *o = state;
    o->loaded = calloc(task->count + 1, sizeof *o->loaded);
    for (size_t i = 0; o->loaded && i < task->count; i++) {
        o->loaded[i] = ost_get(o->session, user, task->keys[i]);
        if (!o->loaded[i])
            return ours_failed(o, "get");
    }
    return o->loaded != NULL;
}

static bool update_one(void *state, const bench_task *task)
{
    ours *o = state;
    for (size_t i = task->first; i < task->end; i++) {
        if (i % task->batch == 0 && ost_begin(o->session, NULL) != OST_OK)
            return ours_failed(o, "begin");
        o->loaded[i]->age++;
        if (ost_save(o->session, user, o->loaded[i]) != OST_OK)
            return ours_failed(o, "save");
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && ost_commit(o->session) != OST_OK)
            return ours_failed(o, "commit");
    }
    return true;
}

#ifdef ost_get_many
static bool load_array(void *state, const bench_task *task)
{
    ours *o = state;
    size_t count;
    o->array = ost_get_many(o->session, user, task->keys, task->count, &count);
    return (o->array && count == task->count) || ours_failed(o, "get many");
}

static bool save_batches(ours *o, const bench_task *task, size_t batch)
{
    for (size_t i = task->first; i < task->end; i += batch) {
        size_t count = task->end - i < batch ? task->end - i : batch;
        for (size_t k = 0; k < count; k++)
            o->array[i + k].age++;
        if (ost_save_many(o->session, user, o->array + i, count) != OST_OK)
            return ours_failed(o, "save many");
    }
    return true;
}

static bool save_many(void *state, const bench_task *task)
{
    return save_batches(state, task, BENCH_MANY);
}

static bool update_many(void *state, const bench_task *task)
{
    return save_batches(state, task, task->batch);
}

#endif

static bool aggregate(void *state, const bench_task *task)
{
    ours *o = state;
    (void)task;
    ost_query *q = ost_from(o->session, user);
    ost_group_by(q, ost_col(user, age));
    ost_select(q, ost_as(age_group, age, ost_col(user, age)),
               ost_as(age_group, people, ost_count()),
               ost_as(age_group, average, ost_avg(ost_col(user, score))),
               ost_as(age_group, highest, ost_max(ost_col(user, score))));
    o->groups = ost_all(q, age_group, &o->group_count);
    return o->groups || ours_failed(o, "aggregate");
}

static void see_groups(void *state, const bench_task *task)
{
    ours *o = state;
    (void)task;
    for (size_t i = 0; i < o->group_count; i++) {
        const age_group *from = &o->groups[i];
        bench_group group = { from->age, from->people, from->average.value, from->highest.value };
        bench_see_group(&o->seen, &group);
    }
}

static const bench_case cases[] = {
    { "insert_one", NULL, insert_one, NULL },
    { "insert_many", NULL, insert_many, NULL },
    { "upsert_many", NULL, upsert_many, NULL },
    { "get", NULL, get, NULL },
#ifdef ost_get_many
    { "get_many", NULL, get_many, NULL },
    { "save_many", load_array, save_many, NULL },
    { "update_many", load_array, update_many, NULL },
#endif
    { "select_all", NULL, select_all, see_all },
    { "filter_order_limit", NULL, filter_order_limit, NULL },
    { "update_one", load_records, update_one, NULL },
    { "aggregate", NULL, aggregate, see_groups },
    { NULL, NULL, NULL, NULL },
};

const bench_side bench_ours = {
    .name = "ours",
    .open = ours_open,
    .close = ours_close,
    .seen = ours_seen,
    .allocations = ours_allocations,
    .cases = cases,
};
