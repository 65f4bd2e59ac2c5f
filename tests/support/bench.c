/* SPDX-License-Identifier: MIT */
#include "support/shape_builder.h"

#include <dirent.h>
#include <poll.h>
#include <sqlite3.h>
#include <time.h>
#include <unistd.h>

/* ---- the host ---- */

static void *host_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    bench *b = context;
    void *p;
    if (new_size > 0) {
        long n = b->allocations++;
        if (b->fail_at >= 0 && n >= b->fail_at)
            return NULL;
    }
    p = b->platform.resize(b->platform.context, old, old_size, new_size);
    if (new_size == 0 && old)
        b->live--;
    else if (!old && p)
        b->live++;
    return p;
}

static int64_t host_now(void *context)
{
    bench *b = context;
    return b->platform.monotonic(b->platform.context) + b->clock_offset;
}

static void host_random(void *context, void *out, size_t size)
{
    bench *b = context;
    b->platform.random(b->platform.context, out, size);
}

static int wait_for(int fd, int events, int64_t now, ost_deadline deadline)
{
    struct pollfd p = { .fd = fd, .events = (short)events };
    int64_t left = deadline > now ? (deadline - now + 999999) / 1000000 : 0;
    int timeout = deadline == INT64_MAX || left > 60000 ? 60000 : (int)left;
    return poll(&p, 1, timeout) > 0 ? p.revents : 0;
}

static int host_wait(void *context, ost_connection *c, int fd, int events, ost_deadline deadline)
{
    bench *b = context;
    int64_t now = host_now(context);
    struct timespec pause = { 0, 1000000 };
    (void)c;
    b->waits++;
    if (b->on_wait)
        b->on_wait(b);
    if (b->cancel_waits)
        return -1;
    if (fd >= 0)
        return wait_for(fd, events, now, deadline);
    if (deadline > now && deadline - now < pause.tv_nsec)
        pause.tv_nsec = (long)(deadline - now);
    nanosleep(&pause, NULL);
    return 0;
}

static void host_event(void *context, uint16_t kind, const char *text)
{
    (void)context;
    (void)kind;
    (void)text;
}

int64_t bench_now(bench *b)
{
    return host_now(b);
}

ost_status bench_try(bench *b, const ost_driver *driver, const char *url)
{
    const ost_options options = { .struct_size = sizeof options, .url = url };
    memset(b, 0, sizeof *b);
    b->fail_at = -1;
    b->driver = driver;
    ost__platform_complete(&b->platform, NULL);
    b->host = (ost_host){ .struct_size = sizeof(ost_host),
                          .abi = OST_DRIVER_ABI,
                          .context = b,
                          .resize = host_resize,
                          .now = host_now,
                          .random = host_random,
                          .wait = host_wait,
                          .event = host_event };
    b->memory = (ost__memory){ b->platform.resize, b->platform.context };
    ost__arena_init(&b->arena, &b->memory, 4096);
    OST_TRY(driver->open(&b->host, &options, &b->backend, &b->error));
    return driver->connect(b->backend, NULL, INT64_MAX, &b->c, &b->caps, &b->error);
}

void bench_open(bench *b, const ost_driver *driver, const char *url)
{
    ost_status status = bench_try(b, driver, url);
    if (status != OST_OK)
        fail_msg("%s: %s", url, b->error.message);
}

ost_connection *bench_connect(bench *b)
{
    ost_connection *c = NULL;
    ost_capabilities caps;
    assert_int_equal(b->driver->connect(b->backend, NULL, INT64_MAX, &c, &caps, &b->error), OST_OK);
    return c;
}

void bench_close(bench *b)
{
    if (b->c)
        b->driver->close(b->c, INT64_MAX);
    if (b->backend)
        b->driver->shut(b->backend, INT64_MAX);
    ost__arena_finish(&b->arena);
    b->c = NULL;
    b->backend = NULL;
    assert_int_equal(b->live, 0);
}

static char folder[64];

static void remove_folder(void)
{
    DIR *d = opendir(folder);
    const struct dirent *entry;
    while (d && (entry = readdir(d))) {
        char path[sizeof folder + sizeof entry->d_name];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(folder);
}

const char *bench_path(const char *name)
{
    static char paths[8][128];
    static int next;
    char *path = paths[next++ % 8];
    if (!folder[0]) {
        const char *place = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/ostler-XXXXXX",
                 place && strlen(place) < 40 ? place : "/tmp");
        assert_non_null(mkdtemp(folder));
        atexit(remove_folder);
    }
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *bench_url(const char *name, const char *options)
{
    static char urls[8][192];
    static int next;
    char *url = urls[next++ % 8];
    snprintf(url, sizeof urls[0], "sqlite:%s%s", bench_path(name), options);
    return url;
}

/* ---- SQLite itself ---- */

void sql(bench *b, const char *text)
{
    char *message = NULL;
    if (sqlite3_exec(b->driver->native(b->c), text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", text, message);
}

const char *sql_text(bench *b, const char *text)
{
    ost__buffer out;
    sqlite3_stmt *s = NULL;
    const char *kept;
    int rc;
    if (sqlite3_prepare_v2(b->driver->native(b->c), text, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(b->driver->native(b->c)));
    ost__buffer_init(&out, &b->memory);
    ost__buffer_text(&out, "");
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *cell = (const char *)sqlite3_column_text(s, sqlite3_column_count(s) - 1);
        if (out.size > 0)
            ost__buffer_char(&out, '|');
        ost__buffer_text(&out, cell ? cell : "NULL");
    }
    assert_int_equal(rc, SQLITE_DONE);
    sqlite3_finalize(s);
    kept = ost__arena_text(&b->arena, out.data ? out.data : "", out.size);
    ost__buffer_finish(&out);
    return kept;
}

int64_t sql_int(bench *b, const char *text)
{
    return strtoll(sql_text(b, text), NULL, 10);
}

ost_decimal dec(const char *text)
{
    ost_decimal d;
    assert_true(ost_decimal_parse(text, &d));
    return d;
}

ost_time at(const char *text)
{
    ost_time t;
    assert_true(ost_time_parse(text, &t));
    return t;
}
