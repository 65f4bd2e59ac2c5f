/* SPDX-License-Identifier: MIT */
#include "db_rig.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "session/db.h"

OST_MODEL(item,
          OST_FIELDS(OST_FIELD(item, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(item, name, .max_length = 40), OST_FIELD(item, n)));

static void *resize(void *context, void *old, size_t old_size, size_t new_size)
{
    db_rig *r = context;
    void *p = r->inner.resize(r->inner.context, old, old_size, new_size);
    if (p || new_size == 0)
        atomic_fetch_add(&r->live, (long long)new_size - (long long)old_size);
    return p;
}

static int64_t monotonic(void *context)
{
    db_rig *r = context;
    return r->inner.monotonic(r->inner.context);
}

static int64_t realtime(void *context)
{
    db_rig *r = context;
    return r->inner.realtime(r->inner.context);
}

static void random_bytes(void *context, void *out, size_t size)
{
    db_rig *r = context;
    r->inner.random(r->inner.context, out, size);
}

void db_rig_begin(db_rig *r, enum db_rig_place place, enum db_rig_time time,
                  const ost_fake_options *options)
{
    const char *folders = getenv("TMPDIR");
    memset(r, 0, sizeof *r);
    strcpy(r->url, "fake:sqlite::memory:");
    if (place == DB_FILE) {
        snprintf(r->folder, sizeof r->folder, "%s/ostler-pool-XXXXXX",
                 folders && strlen(folders) < 80 ? folders : P_tmpdir);
        assert_non_null(mkdtemp(r->folder));
        snprintf(r->url, sizeof r->url, "fake:sqlite:%s/items.db?synchronous=off", r->folder);
    }
    r->fake = ost_fake_open(ost_driver_sqlite(), options);
    assert_non_null(r->fake);
    ost__platform_complete(&r->inner, NULL);
    if (time == DB_TIME_OF_FAKE)
        ost_fake_platform(r->fake, &r->inner);
    r->platform = (ost_platform){ .struct_size = sizeof r->platform,
                                  .context = r,
                                  .resize = resize,
                                  .monotonic = monotonic,
                                  .realtime = realtime,
                                  .random = random_bytes };
}

ost_status db_rig_try(db_rig *r, const ost_options *extra)
{
    ost_options o = { .struct_size = sizeof o };
    if (extra)
        o = *extra;
    o.url = r->url;
    o.drivers = OST_DRIVERS(ost_fake_driver(r->fake));
    o.models = OST_MODELS(&item_model);
    o.platform = &r->platform;
    return ost_open(&o, &r->db, &r->error);
}

void db_rig_open(db_rig *r, enum db_rig_place place, enum db_rig_time time,
                 const ost_fake_options *options, const ost_options *extra)
{
    db_rig_begin(r, place, time, options);
    if (db_rig_try(r, extra) != OST_OK || ost_create_tables(r->db, &r->error) != OST_OK)
        fail_msg("%s", r->error.message);
}

static void remove_folder(const db_rig *r)
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

void db_rig_end(db_rig *r)
{
    char violation[256] = "";
    ost_fake_counts counts;
    ost_fake_violation_at(r->fake, 0, violation);
    ost_fake_counted(r->fake, &counts);
    ost_fake_close(r->fake);
    if (r->folder[0])
        remove_folder(r);
    assert_string_equal(violation, "");
    assert_int_equal(counts.connects, counts.closes);
    assert_int_equal(counts.compiles, counts.discards);
    assert_int_equal(counts.opens, counts.shuts);
    assert_int_equal(atomic_load(&r->live), 0);
}

void db_rig_close(db_rig *r)
{
    ost_close(r->db);
    db_rig_end(r);
}

ost_session *db_rig_session(db_rig *r, uint32_t timeout_ms)
{
    ost_session *s = NULL;
    if (ost_session_open(r->db, OST_SESSION(.timeout_ms = timeout_ms), &s, &r->error) != OST_OK)
        fail_msg("%s", r->error.message);
    return s;
}

void db_rig_rule(db_rig *r, const ost_fake_rule *rule)
{
    assert_int_equal(ost_fake_add(r->fake, rule), OST_OK);
}

ost_status db_rig_add(ost_session *s, const char *name)
{
    return ost_insert(s, item, &(item){ .name = name });
}

int64_t db_rig_items(db_rig *r)
{
    int64_t count = -1;
    ost_session *s = db_rig_session(r, 0);
    if (ost_count_of(ost_from(s, item), &count) != OST_OK)
        fail_msg("%s", ost_session_error(s)->message);
    ost_session_close(s);
    return count;
}

ost_fake_counts db_rig_counts(db_rig *r)
{
    ost_fake_counts counts;
    while (ost__pool_count(r->db->pool).busy > 0)
        sched_yield();
    ost_fake_counted(r->fake, &counts);
    return counts;
}

int64_t db_rig_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
