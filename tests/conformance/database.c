/* SPDX-License-Identifier: MIT */
#include "database.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "suite_models.h"
#include "support/servers.h"

enum { OTHERS_MAX = 4, URL_SIZE = 1024, STATEMENT_SIZE = 4096 };

ost_session *s;
world *w;
ost_db *db;
const test_case *current;
const ost_opt_int null = { .present = false }, one = OST_SOME(1), two = OST_SOME(2);

static const way *tested;
static world the_world;
static char url[URL_SIZE];
static ost_session *others[OTHERS_MAX];
static bool dirty; /* a case wrote outside of the transaction that is undone */

/* ---- events ---- */

static atomic_uint statements, ddl;
static pthread_mutex_t statement_lock = PTHREAD_MUTEX_INITIALIZER;
static char statement[STATEMENT_SIZE], statement_out[STATEMENT_SIZE];

static void on_event(const ost_event *event, void *context)
{
    static const char *const words[] = { "CREATE", "ALTER", "DROP", "{ \"create" };
    (void)context;
    if (event->kind != OST_EVENT_STATEMENT)
        return;
    atomic_fetch_add(&statements, 1);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(event->text, words[i], strlen(words[i])) == 0)
            atomic_fetch_add(&ddl, 1);
    pthread_mutex_lock(&statement_lock);
    (void)snprintf(statement, sizeof statement, "%s", event->text);
    pthread_mutex_unlock(&statement_lock);
}

unsigned statements_sent(void)
{
    return atomic_exchange(&statements, 0);
}

unsigned ddl_sent(void)
{
    return atomic_exchange(&ddl, 0);
}

const char *last_statement(void)
{
    pthread_mutex_lock(&statement_lock);
    memcpy(statement_out, statement, sizeof statement);
    pthread_mutex_unlock(&statement_lock);
    return statement_out;
}

/* ---- the database ---- */

bool on_backend(const char *backend)
{
    return strcmp(tested->backend, backend) == 0 || strcmp(tested->name, backend) == 0;
}

const char *by_name(void)
{
    return tested->name;
}

ost_status open_again(const ost_model *const *models, ost_db **out, ost_error *error)
{
    return ost_open(OST_OPTIONS(.url = url, .drivers = OST_DRIVERS(tested->driver()),
                                .models = models, .on_event = on_event,
                                .statement_timeout_ms = 60000),
                    out, error);
}

const char *schema_beside(void)
{
    return on_backend("sqlite") ? "audit" : server_beside(url);
}

bool database_open(const way *by)
{
    ost_error error;
    tested = by;
    instant_unit = by->instant_unit;
    w = &the_world;
    if (!by->driver()) {
        fprintf(stderr, "%s: the driver is not part of this build\n", by->name);
        return false;
    }
    if (!by->make(url, sizeof url)) {
        fprintf(stderr, "%s: no database: %s\n", by->name, url);
        return false;
    }
    world_prepare(w);
    if (open_again(suite_models, &db, &error) == OST_OK && ost_create_tables(db, &error) == OST_OK)
        return true;
    fprintf(stderr, "%s: %s\n", by->name, error.message);
    database_close();
    return false;
}

void database_close(void)
{
    ost_close(db);
    db = NULL;
    ev_scratch_finish(&w->scratch);
    tested->drop();
}

/* ---- beside the models ---- */

ost_status run_raw_or(ost_session *on, const char *text, const char *commands)
{
    if (!on_backend("mongodb"))
        return run_raw(on, text);
    server_sql(url, commands);
    return OST_OK;
}

ost_status make_ledger(ost_session *on)
{
    if (on_backend("mongodb")) {
        server_sql(url, ledger_commands);
        return OST_OK;
    }
    for (const char *const *text = ledger_statements; *text; text++)
        OST_TRY(run_raw(on, *text));
    return OST_OK;
}

/* ---- around a case ---- */

static ost_status empty_tables(void)
{
    OST_TRY(ost_begin(s, NULL));
    for (size_t i = SUITE_MODEL_COUNT; i > 0; i--) {
        const ost_model *m = suite_models[i - 1];
        ost_query *q = ost_session_from(s, m, m->size);
        if (m->adopted)
            continue;
        ost_everything(q);
        ost_with_deleted(q);
        ost_unscoped(q);
        OST_TRY(ost_purge_all(q, NULL));
    }
    return ost_commit(s);
}

bool database_begin(bool alone)
{
    /* Cases begin transactions, which inside another are savepoints. */
    alone = alone || on_backend("mongodb");
    world_empty(w);
    if (ost_session_open(db, NULL, &s, NULL) != OST_OK)
        return false;
    w->session = s;
    if ((dirty || alone) && empty_tables() != OST_OK) {
        fprintf(stderr, "the tables cannot be emptied: %s\n", ost_session_error(s)->message);
        return false;
    }
    dirty = alone;
    if (!alone && ost_begin(s, NULL) != OST_OK) {
        fprintf(stderr, "no transaction: %s\n", ost_session_error(s)->message);
        return false;
    }
    (void)statements_sent();
    (void)ddl_sent();
    return true;
}

void database_end(void)
{
    for (size_t i = 0; i < OTHERS_MAX; i++) {
        ost_session_close(others[i]);
        others[i] = NULL;
    }
    ost_session_close(s);
    s = NULL;
}

ost_session *another_session(const ost_session_options *options)
{
    for (size_t i = 0; i < OTHERS_MAX; i++)
        if (!others[i]) {
            OK(ost_session_open(db, options, &others[i], NULL));
            return others[i];
        }
    fail_msg("a case opens too many sessions");
    return NULL;
}

ost_session *other_session(void)
{
    return another_session(NULL);
}

/* ---- short words ---- */

bool refused_here(void)
{
    ost_status status = (ost_status)ost_session_error(s)->status;
    return (status == OST_UNSUPPORTED || status == OST_TOO_LARGE) && refused(status, status);
}

bool same_instant(ost_time a, ost_time b)
{
    int64_t difference = a.microseconds - b.microseconds;
    return 2 * (difference < 0 ? -difference : difference) <= instant_unit;
}

const char *said(ost_status status)
{
    if (status != OST_OK && s)
        fprintf(stderr, "    %s\n", ost_session_error(s)->message);
    return ost_status_name(status);
}

void add_maybe(ost_opt_int n)
{
    OK(ost_insert(s, maybe, &(maybe){ .i32 = n }));
}

int64_t add_thing(thing t)
{
    if (!t.name)
        t.name = "";
    OK(ost_insert(s, thing, &t));
    return t.id;
}

void add_note(const char *note)
{
    add_thing((thing){ .note = note });
}

int64_t maybes(const ost_expr *e)
{
    int64_t count = -1;
    ost_query *q = ost_from(s, maybe);
    ost_where(q, e);
    if (ost_count_of(q, &count) != OST_OK)
        fail_msg("%s", ost_session_error(s)->message);
    return count;
}

int64_t things(const ost_expr *e)
{
    int64_t count = -1;
    ost_query *q = ost_from(s, thing);
    ost_where(q, e);
    if (ost_count_of(q, &count) != OST_OK)
        fail_msg("%s", ost_session_error(s)->message);
    return count;
}
