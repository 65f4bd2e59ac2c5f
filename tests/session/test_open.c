/* SPDX-License-Identifier: MIT */
/* Opening a database wrongly: each mistake has a sentence that says what to do. */
#include "rig.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static ost_error error;

/* Opens what must not open. */
static void refused(const ost_options *options, ost_status status, const char *part)
{
    ost_db *db = (ost_db *)&error;
    memset(&error, 0, sizeof error);
    ost_status given = ost_open(options, &db, &error);
    assert_null(db);
    if (given != status || error.status != status || !strstr(error.message, part))
        fail_msg("%s: %s, expected \"%s\"", ost_status_name(given), error.message, part);
    assert_int_equal(ost_open(options, &db, NULL), status);
}

static void a_newcomers_options(void **state)
{
    const ost_driver *const none[] = { NULL };
    const ost_model *const no_model[] = { NULL };
    (void)state;
    refused(NULL, OST_MISUSE, "ost_open needs options; write OST_OPTIONS(…)");
    refused(&(const ost_options){ .url = "sqlite::memory:" }, OST_MISUSE,
            "the options' struct_size is 0; write them with OST_OPTIONS(…)");
    refused(OST_OPTIONS(.drivers = OST_DRIVERS(ost_driver_sqlite()), .models = SESSION_MODELS),
            OST_MISUSE, "the options have no url; use one such as sqlite:file.db");
    refused(OST_OPTIONS(.url = "", .drivers = OST_DRIVERS(ost_driver_sqlite()),
                        .models = SESSION_MODELS),
            OST_MISUSE, "the options have no url");
    refused(OST_OPTIONS(.url = "sqlite::memory:", .models = SESSION_MODELS), OST_MISUSE,
            "the options have no drivers; add .drivers = OST_DRIVERS(ost_driver_sqlite())");
    refused(OST_OPTIONS(.url = "sqlite::memory:", .drivers = none, .models = SESSION_MODELS),
            OST_MISUSE, "the options have no drivers");
    refused(OST_OPTIONS(.url = "sqlite::memory:", .drivers = OST_DRIVERS(ost_driver_sqlite())),
            OST_MISUSE, "the options have no models; add .models = OST_MODELS(");
    refused(OST_OPTIONS(.url = "sqlite::memory:", .drivers = OST_DRIVERS(ost_driver_sqlite()),
                        .models = no_model),
            OST_MISUSE, "the options have no models");
    assert_int_equal(ost_open(OST_OPTIONS(.url = "x"), NULL, &error), OST_MISUSE);
    HAS(error.message, "ost_open needs a place for the database");
}

#define SOUND .drivers = OST_DRIVERS(ost_driver_sqlite()), .models = SESSION_MODELS

static void structs_without_a_size(void **state)
{
    (void)state;
    refused(OST_OPTIONS(.url = "sqlite::memory:", SOUND, .pool = &(ost_pool_options){ .max = 2 }),
            OST_MISUSE, "the pool options' struct_size is 0; set it to sizeof(ost_pool_options)");
    refused(OST_OPTIONS(.url = "sqlite::memory:", SOUND, .platform = &(ost_platform){ 0 }),
            OST_MISUSE, "the platform's struct_size is 0; set it to sizeof(ost_platform)");
}

static void an_unknown_scheme_names_those_that_are_known(void **state)
{
    (void)state;
    refused(OST_OPTIONS(.url = "oracle://scott:tiger@host/db", SOUND), OST_MISUSE,
            "no driver given knows the url oracle://");
    HAS(error.message, "those given know sqlite:");
    assert_null(strstr(error.message, "tiger"));
    refused(OST_OPTIONS(.url = "books.db", SOUND), OST_MISUSE, "those given know sqlite:");
    refused(OST_OPTIONS(.url = "sqlite", SOUND), OST_MISUSE, "those given know sqlite:");
    refused(OST_OPTIONS(.url = "SQLITE3:books.db", SOUND), OST_MISUSE, "sqlite:");
}

static void what_is_not_built_yet_is_unsupported(void **state)
{
    const char *const replicas[] = { "sqlite:other.db", NULL };
    (void)state;
    refused(OST_OPTIONS(.url = "sqlite::memory:", SOUND, .replica_urls = replicas), OST_UNSUPPORTED,
            "replicas are not built yet");
    refused(OST_OPTIONS(.url = "sqlite::memory:", SOUND, .cache = (ost_cache *)&error),
            OST_UNSUPPORTED, "caches are not built yet");
}

static void a_driver_that_does_not_fit(void **state)
{
    (void)state;
    ost_driver other = *ost_driver_sqlite();
    other.abi = 99;
    const ost_driver *const wrong[] = { &other, NULL };
    refused(OST_OPTIONS(.url = "sqlite::memory:", .drivers = wrong, .models = SESSION_MODELS),
            OST_MISUSE, "a driver was built for interface 99, this library has");
    other = *ost_driver_sqlite();
    other.collect = NULL;
    refused(OST_OPTIONS(.url = "sqlite::memory:", .drivers = wrong, .models = SESSION_MODELS),
            OST_MISUSE, "a driver lacks one of");
}

/* ---- files ---- */

static void open_refused(rig *r, const char *path, ost_status status, const char *part)
{
    char url[256];
    snprintf(url, sizeof url, "%ssqlite:%s/%s", r->fake ? "fake:" : "", r->folder, path);
    refused(OST_OPTIONS(.url = url,
                        .drivers =
                            OST_DRIVERS(r->fake ? ost_fake_driver(r->fake) : ost_driver_sqlite()),
                        .models = SESSION_MODELS),
            status, part);
}

static void files_that_cannot_be_opened(void **state)
{
    rig *r = *state;
    char path[256];
    open_refused(r, "missing/books.db", OST_CONNECTION, "missing/books.db");
    HAS(error.message, "no such file or folder");
    open_refused(r, "absent.db?mode=ro", OST_CONNECTION, "absent.db");
    open_refused(r, "absent.db?mode=rw", OST_CONNECTION, "absent.db");
    snprintf(path, sizeof path, "%s/absent.db", r->folder);
    assert_int_equal(access(path, F_OK), -1);
    snprintf(path, sizeof path, "%s/noise.db", r->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 400; i++)
        fputs("this is no database. ", file);
    fclose(file);
    open_refused(r, "noise.db", OST_CONNECTION, "is not a database");
    snprintf(path, sizeof path, "%s/folder.db", r->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    open_refused(r, "folder.db", OST_CONNECTION, "folder.db");
    assert_int_equal(rmdir(path), 0);
}

static void a_file_without_permission(void **state)
{
    rig *r = *state;
    if (geteuid() ==
        0) { /* who may read everything is refused nothing: ask for what even root lacks */
        open_refused(r, "books.db/below.db", OST_CONNECTION, "books.db/below.db");
        return;
    }
    assert_int_equal(chmod(r->path, 0), 0);
    open_refused(r, "books.db", OST_CONNECTION, "permission denied");
}

static void a_read_only_database_says_how_to_write(void **state)
{
    rig *r = *state;
    char url[sizeof r->url + 16];
    int64_t id = rig_book(r, "Emma", 1815);
    snprintf(url, sizeof url, "%s?mode=ro", r->url);
    ost_db *db;
    ost_session *first = r->s;
    assert_int_equal(ost_open(OST_OPTIONS(.url = url,
                                          .drivers = OST_DRIVERS(r->fake ? ost_fake_driver(r->fake)
                                                                         : ost_driver_sqlite()),
                                          .models = SESSION_MODELS),
                              &db, &error),
                     OST_OK);
    assert_int_equal(ost_session_open(db, NULL, &r->s, &error), OST_OK);
    assert_non_null(ost_get(r->s, book, id));
    FAILS(OST_UNSUPPORTED, "leave mode=ro out of the URL to write",
          ost_insert(r->s, book, &(book){ .title = "x" }));
    ost_session_close(r->s);
    ost_close(db);
    r->s = first;
}

static void tables_are_made_once(void **state)
{
    rig *r = *state;
    rig_forget(r);
    assert_int_equal(ost_create_tables(r->db, &error), OST_OK);
    assert_int_equal(rig_count(r, "CREATE"), 0);
    assert_int_equal(ost_create_tables(r->db, NULL), OST_OK);
    assert_int_equal(ost_create_tables(NULL, &error), OST_MISUSE);
    ost_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newcomers_options),
        cmocka_unit_test(structs_without_a_size),
        cmocka_unit_test(an_unknown_scheme_names_those_that_are_known),
        cmocka_unit_test(what_is_not_built_yet_is_unsupported),
        cmocka_unit_test(a_driver_that_does_not_fit),
        RIG_FILES(files_that_cannot_be_opened),
        RIG_FILES(a_file_without_permission),
        RIG_FILES(a_read_only_database_says_how_to_write),
        RIG_ALL(tables_are_made_once),
    };
    return RIG_RUN(tests);
}
