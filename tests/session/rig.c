/* SPDX-License-Identifier: MIT */
#include "rig.h"

#include "base/memory.h"
#if defined(TEST_POSTGRES) || defined(TEST_MYSQL) || defined(TEST_MONGO)
#define TEST_SERVERS
#include "support/servers.h"
#endif

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

rig_mode rig_modes[] = {
    [RIG_MEMORY] = { .name = "sqlite in memory" },
    [RIG_FILE] = { .name = "sqlite in a file", .file = true },
    [RIG_BLOCKING] = { .name = "fake, blocking",
                       .fake = true,
                       .options = { .struct_size = sizeof(ost_fake_options), .accepts = 1 } },
    [RIG_BATCHES] = { .name = "fake, batches",
                      .fake = true,
                      .options = { .struct_size = sizeof(ost_fake_options) } },
    [RIG_PIPELINE] = { .name = "fake, pipeline",
                       .fake = true,
                       .options = { .struct_size = sizeof(ost_fake_options),
                                    .execution = OST_FAKE_EAGER,
                                    .fails_units = true } },
    [RIG_FAKE_FILE] = { .name = "fake, file",
                        .fake = true,
                        .file = true,
                        .options = { .struct_size = sizeof(ost_fake_options),
                                     .execution = OST_FAKE_EAGER } },
    [RIG_POSTGRES] = { .name = "postgres", .server = true },
    [RIG_MYSQL] = { .name = "mysql", .server = true },
    [RIG_MONGODB] = { .name = "mongodb", .server = true },
};

/* ---- the platform ---- */

static void *resize(void *context, void *old, size_t old_size, size_t new_size)
{
    rig *r = context;
    if (new_size > 0) {
        long call = atomic_fetch_add(&r->calls, 1) + 1, fail_at = atomic_load(&r->fail_at);
        if (fail_at > 0 && call >= fail_at)
            return NULL;
    }
    void *p = r->inner.resize(r->inner.context, old, old_size, new_size);
    if (p || new_size == 0)
        atomic_fetch_add(&r->live, (long long)new_size - (long long)old_size);
    return p;
}

static int64_t monotonic(void *context)
{
    rig *r = context;
    long long step = atomic_load(&r->step);
    if (step > 0)
        rig_advance(r, step);
    return r->inner.monotonic(r->inner.context) + atomic_load(&r->ahead);
}

static int64_t realtime(void *context)
{
    rig *r = context;
    return r->inner.realtime(r->inner.context) + atomic_load(&r->ahead) / 1000;
}

static void random_bytes(void *context, void *out, size_t size)
{
    rig *r = context;
    r->inner.random(r->inner.context, out, size);
}

void rig_advance(rig *r, int64_t ns)
{
    if (r->fake && !r->real_time)
        ost_fake_advance(r->fake, ns);
    else
        atomic_fetch_add(&r->ahead, ns);
}

/* ---- events ---- */

static void lock(rig *r)
{
    while (atomic_exchange(&r->locked, true))
        continue;
}

static void unlock(rig *r)
{
    atomic_store(&r->locked, false);
}

static void hear(const ost_event *event, void *context)
{
    rig *r = context;
    lock(r);
    if (r->event_count < RIG_EVENTS) {
        rig_event *e = &r->events[r->event_count++];
        e->kind = event->kind;
        e->status = event->status;
        e->rows = event->rows;
        e->slow = event->slow;
        snprintf(e->model, sizeof e->model, "%s", event->model);
        snprintf(e->text, sizeof e->text, "%s", event->text);
    }
    unlock(r);
}

void rig_forget(rig *r)
{
    lock(r);
    r->event_count = 0;
    unlock(r);
}

const rig_event *rig_statement(rig *r, size_t index)
{
    const rig_event *found = NULL;
    lock(r);
    for (size_t i = 0; i < r->event_count && !found; i++)
        if (r->events[i].kind == OST_EVENT_STATEMENT && index-- == 0)
            found = &r->events[i];
    unlock(r);
    return found;
}

size_t rig_sent(rig *r)
{
    return rig_events_of(r, OST_EVENT_STATEMENT);
}

const char *rig_text(rig *r, size_t index)
{
    const rig_event *e = rig_statement(r, index);
    return e ? e->text : "";
}

static bool is_mongodb(const rig *r)
{
    return r->mode == &rig_modes[RIG_MONGODB];
}

const char *rig_word(const rig *r, const char *verb)
{
    static const char *const words[][2] = {
        { "SELECT", "{ \"find\"" },   { "INSERT", "{ \"insert\"" }, { "UPDATE", "{ \"update\"" },
        { "DELETE", "{ \"delete\"" }, { "CREATE", "{ \"create" },
    };
    for (size_t i = 0; is_mongodb(r) && i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], verb) == 0)
            return words[i][1];
    return verb;
}

size_t rig_count(rig *r, const char *verb)
{
    size_t count = 0;
    const rig_event *e;
    const char *word = rig_word(r, verb);
    for (size_t i = 0; (e = rig_statement(r, i)); i++)
        count += strncmp(e->text, word, strlen(word)) == 0;
    return count;
}

size_t rig_events_of(rig *r, uint16_t kind)
{
    size_t count = 0;
    lock(r);
    for (size_t i = 0; i < r->event_count; i++)
        count += r->events[i].kind == kind;
    unlock(r);
    return count;
}

/* ---- opening and closing ---- */

static void make_folder(rig *r)
{
    const char *place = getenv("TMPDIR");
    snprintf(r->folder, sizeof r->folder, "%s/ostler-session-XXXXXX",
             place && strlen(place) < 80 ? place : P_tmpdir);
    assert_non_null(mkdtemp(r->folder));
    snprintf(r->path, sizeof r->path, "%s/books.db", r->folder);
}

static void remove_folder(rig *r)
{
    DIR *d = opendir(r->folder);
    const struct dirent *entry;
    while (d && (entry = readdir(d))) {
        char path[sizeof r->folder + sizeof entry->d_name];
        snprintf(path, sizeof path, "%s/%s", r->folder, entry->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(r->folder);
}

#ifdef TEST_SERVERS

/* PostgreSQL takes a fifth of a second to make a database, and none to empty one. */
static const char *empty_postgres(void)
{
    static const char *url;
    char text[300];
    if (!url) {
        url = server_database(SERVER_POSTGRES, NULL);
        return url;
    }
    (void)snprintf(text, sizeof text, "DROP SCHEMA IF EXISTS \"%s\" CASCADE", server_beside(url));
    server_sql(url, text);
    server_sql(url, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE"
                    " datname = current_database() AND pid <> pg_backend_pid();"
                    " DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    return url;
}

static void make_database(rig *r)
{
    const char *url;
    if (r->mode == &rig_modes[RIG_POSTGRES])
        url = empty_postgres();
    else
        url = server_database(is_mongodb(r) ? SERVER_MONGODB : SERVER_MYSQL, NULL);
    snprintf(r->url, sizeof r->url, "%s", url);
}

static void drop_database(const rig *r)
{
    if (r->mode == &rig_modes[RIG_MYSQL] || is_mongodb(r))
        server_drop(r->url);
}

#else

static void make_database(rig *r)
{
    r->url[0] = '\0';
}

static void drop_database(const rig *r)
{
    (void)r;
}

#endif

void rig_begin(rig *r, const rig_mode *mode)
{
    memset(r, 0, sizeof *r);
    r->mode = mode;
    if (mode->file)
        make_folder(r);
    if (mode->server)
        make_database(r);
    else
        snprintf(r->url, sizeof r->url, "%ssqlite:%s", mode->fake ? "fake:" : "",
                 mode->file ? r->path : ":memory:");
    ost__platform_complete(&r->inner, NULL);
    if (mode->fake) {
        r->fake = ost_fake_open(ost_driver_sqlite(), &mode->options);
        assert_non_null(r->fake);
    }
}

void rig_open(rig *r, const ost_options *extra)
{
    ost_options o = { .struct_size = sizeof o };
    if (extra)
        o = *extra;
    if (r->fake && !r->real_time)
        ost_fake_platform(r->fake, &r->inner);
    r->platform = (ost_platform){ .struct_size = sizeof r->platform,
                                  .context = r,
                                  .resize = resize,
                                  .monotonic = monotonic,
                                  .realtime = realtime,
                                  .random = random_bytes };
    o.url = r->url;
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
        r->fake ? ost_fake_driver(r->fake) : ost_driver_sqlite(), NULL
    };
    o.drivers = drivers;
    if (!o.models)
        o.models = SESSION_MODELS;
    o.platform = &r->platform;
    if (!o.on_event) {
        o.on_event = hear;
        o.context = r;
    }
    ost_status status = ost_open(&o, &r->db, &r->error);
    if (status == OST_OK)
        status = ost_create_tables(r->db, &r->error);
    if (status == OST_OK)
        status = ost_session_open(r->db, NULL, &r->s, &r->error);
    if (status != OST_OK)
        fail_msg("%s: %s", ost_status_name(status), r->error.message);
    rig_forget(r);
}

void rig_close(rig *r)
{
    ost_session_close(r->s);
    ost_close(r->db);
    r->s = NULL;
    r->db = NULL;
}

void rig_end(rig *r)
{
    char violation[256] = "";
    ost_fake_counts counts = { 0 };
    if (r->fake) {
        ost_fake_violation_at(r->fake, 0, violation);
        ost_fake_counted(r->fake, &counts);
        ost_fake_close(r->fake);
    }
    if (r->mode->file)
        remove_folder(r);
    drop_database(r);
    assert_string_equal(violation, "");
    assert_int_equal(counts.connects, counts.closes);
    assert_int_equal(counts.compiles, counts.discards);
    assert_int_equal(atomic_load(&r->live), 0);
}

static rig the_rig;

static bool is_for_us(const struct CMUnitTest *test, bool on_servers)
{
    bool postgres = test->initial_state == &rig_modes[RIG_POSTGRES];
    bool mysql = test->initial_state == &rig_modes[RIG_MYSQL];
    bool mongodb = test->initial_state == &rig_modes[RIG_MONGODB];
    if (!on_servers)
        return !postgres && !mysql && !mongodb;
#ifndef TEST_POSTGRES
    postgres = false;
#endif
#ifndef TEST_MYSQL
    mysql = false;
#endif
#ifndef TEST_MONGO
    mongodb = false;
#endif
    return postgres || mysql || mongodb;
}

int rig_run(const char *name, const struct CMUnitTest *tests, size_t count, bool on_servers)
{
    struct CMUnitTest *ours = calloc(count, sizeof *ours);
    size_t kept = 0;
    assert_non_null(ours);
    for (size_t i = 0; i < count; i++)
        if (is_for_us(&tests[i], on_servers))
            ours[kept++] = tests[i];
    if (kept == 0) {
        fprintf(stderr, "%s: there is no test for this program\n", name);
        free(ours);
        return 1;
    }
    int failed = _cmocka_run_group_tests(name, ours, kept, NULL, NULL);
    free(ours);
    return failed;
}

int rig_setup(void **state)
{
    session_hook = NULL;
    rig_begin(&the_rig, *state);
    rig_open(&the_rig, NULL);
    *state = &the_rig;
    return 0;
}

int rig_teardown(void **state)
{
    rig *r = *state;
    rig_close(r);
    rig_end(r);
    return 0;
}

ost_session *rig_session(rig *r, const ost_session_options *options)
{
    ost_session *s = NULL;
    ost_status status = ost_session_open(r->db, options, &s, &r->error);
    if (status != OST_OK)
        fail_msg("%s: %s", ost_status_name(status), r->error.message);
    return s;
}

void rig_rule(rig *r, const ost_fake_rule *rule)
{
    assert_non_null(r->fake);
    assert_int_equal(ost_fake_add(r->fake, rule), OST_OK);
}

const char *rig_schema(rig *r)
{
#ifdef TEST_SERVERS
    if (r->mode->server)
        return server_beside(r->url);
#endif
    (void)r;
    return "audit";
}

void rig_raw(rig *r, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;
#ifdef TEST_SERVERS
    if (r->mode->server) {
        server_sql(r->url, sql);
        return;
    }
#endif
    assert_true(r->mode->file);
    assert_int_equal(sqlite3_open(r->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void rig_raw_or(rig *r, const char *sql, const char *commands)
{
    rig_raw(r, is_mongodb(r) ? commands : sql);
}

/* ---- checks ---- */

void rig_ok(ost_status status, ost_session *s, const char *what, const char *file, int line)
{
    if (status == OST_OK)
        return;
    print_error("%s: %s: %s\n", what, ost_status_name(status), ost_session_error(s)->message);
    _fail(file, line);
}

void rig_fails(ost_status given, ost_status wanted, const char *part, const ost_session *s,
               const char *what, const char *file, int line)
{
    const ost_error *e = ost_session_error(s);
    if (given == wanted && e->status == wanted && strstr(e->message, part))
        return;
    print_error("%s\n  gave %s\n  the error is %s: %s\n  expected %s with \"%s\"\n", what,
                ost_status_name(given), ost_status_name((ost_status)e->status), e->message,
                ost_status_name(wanted), part);
    _fail(file, line);
}

void rig_has(const char *text, const char *part, const char *file, int line)
{
    if (text && strstr(text, part))
        return;
    print_error("\"%s\" is not in: %s\n", part, text ? text : "(NULL)");
    _fail(file, line);
}

/* ---- contents ---- */

int64_t rig_stored(const rig *r, ost_time t)
{
    return is_mongodb(r) ? (t.microseconds + 500) / 1000 * 1000 : t.microseconds;
}

int64_t rig_book(rig *r, const char *title, int year)
{
    book b = { .title = title, .year = OST_SOME(year), .stock = 1, .price = ost_decimal_of(0, 2) };
    OK(ost_insert(r->s, book, &b));
    assert_true(b.id > 0);
    return b.id;
}

int64_t rig_books(rig *r)
{
    int64_t count = -1;
    ost_session *s = rig_session(r, NULL);
    ost_status status = ost_count_of(ost_from(s, book), &count);
    if (status != OST_OK)
        fail_msg("%s", ost_session_error(s)->message);
    ost_session_close(s);
    return count;
}

const char *rig_title(rig *r, int64_t id)
{
    static char title[128];
    ost_session *s = rig_session(r, NULL);
    const book *b = ost_get(s, book, id);
    snprintf(title, sizeof title, "%s", b ? b->title : "");
    ost_session_close(s);
    return title;
}
