/* SPDX-License-Identifier: MIT */
#include "support/shape_builder.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct thing {
    int64_t id;
    const char *name;
} thing;
OST_RECORD(thing, id);
OST_MODEL(thing,
          OST_FIELDS(OST_FIELD(thing, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(thing, name)));

static void assert_fails(const char *url, ost_status status, const char *part)
{
    bench b;
    ost_status got = bench_try(&b, ost_driver_sqlite(), url);
    if (got != status || b.error.status != status || !strstr(b.error.message, part))
        fail_msg("%s gave %d: %s", url, (int)got, b.error.message);
    assert_null(strchr(b.error.message, '\n'));
    bench_close(&b);
}

static void a_file_is_made_and_kept(void **state)
{
    bench b;
    (void)state;
    bench_open(&b, ost_driver_sqlite(), bench_url("kept.db", ""));
    create(&b, bench_table(&b, &thing_model));
    sql(&b, "INSERT INTO thing VALUES (1, 'one')");
    bench_close(&b);
    bench_open(&b, ost_driver_sqlite(), bench_url("kept.db", "?mode=rw"));
    assert_string_equal(sql_text(&b, "SELECT name FROM thing"), "one");
    bench_close(&b);
}

static void settings_are_made_for_every_connection(void **state)
{
    bench b;
    (void)state;
    bench_open(&b, ost_driver_sqlite(), bench_url("settings.db", ""));
    assert_string_equal(sql_text(&b, "PRAGMA journal_mode"), "wal");
    assert_int_equal(sql_int(&b, "PRAGMA foreign_keys"), 1);
    assert_int_equal(sql_int(&b, "PRAGMA synchronous"), 2);
    assert_int_equal(sql_int(&b, "PRAGMA trusted_schema"), 0);
    assert_string_equal(b.caps.server_name, "SQLite");
    assert_int_equal(b.caps.server_version, sqlite3_libversion_number() / 1000000 * 10000 +
                                                sqlite3_libversion_number() / 1000 % 1000 * 100 +
                                                sqlite3_libversion_number() % 1000);
    for (unsigned level = OST_DEFAULT_ISOLATION; level <= OST_SERIALIZABLE; level++)
        assert_true(b.caps.isolations >> level & 1);
    assert_true(b.caps.abilities >> OST_CAN_BIND_LIST & 1);
    assert_false(b.caps.abilities >> OST_CAN_PIPELINE & 1);
    bench_close(&b);
    bench_open(&b, ost_driver_sqlite(), bench_url("settings.db", "?synchronous=normal&mode=rw"));
    assert_int_equal(sql_int(&b, "PRAGMA synchronous"), 1);
    bench_close(&b);
    bench_open(&b, ost_driver_sqlite(), bench_url("settings.db", "?synchronous=off"));
    assert_int_equal(sql_int(&b, "PRAGMA synchronous"), 0);
    bench_close(&b);
}

static void wrong_urls_say_what_to_do(void **state)
{
    (void)state;
    assert_fails("sqlite:", OST_MISUSE, "names no file");
    assert_fails("sqlite:x.db?busy_timeout=5", OST_MISUSE, "busy_timeout");
    assert_fails("sqlite:x.db?mode=maybe", OST_MISUSE, "mode=maybe");
    assert_fails("sqlite:x.db?synchronous=1", OST_MISUSE, "full, normal or off");
    assert_fails("sqlite://host/x.db", OST_MISUSE, "host");
    assert_fails("sqlite::memory:?mode=ro", OST_MISUSE, "starts empty");
    assert_fails("sqlite::memory", OST_MISUSE, "write sqlite::memory:");
    assert_fails("sqlite:memory:", OST_MISUSE, "write sqlite::memory:");
    assert_int_equal(access(":memory", F_OK), -1);
    assert_fails("sqlite:x%00.db", OST_MISUSE, "");
    assert_int_equal(access("x.db", F_OK), -1);
}

static void files_that_cannot_be_opened_are_named(void **state)
{
    char url[200], path[160];
    FILE *f;
    (void)state;
    snprintf(path, sizeof path, "%s/none/x.db", bench_path(""));
    snprintf(url, sizeof url, "sqlite:%s", path);
    assert_fails(url, OST_CONNECTION, path);
    assert_fails(url, OST_CONNECTION, "make its folder");
    assert_fails(bench_url("absent.db", "?mode=rw"), OST_CONNECTION, "absent.db");
    assert_fails(bench_url("absent.db", "?mode=ro"), OST_CONNECTION, "no such file");
    assert_int_equal(access(bench_path("absent.db"), F_OK), -1);
    assert_fails(bench_url("", ""), OST_CONNECTION, "folder");
    f = fopen(bench_path("letter.txt"), "w");
    for (int i = 0; i < 200; i++)
        fputs("Dear database, this is not for you.\n", f);
    fclose(f);
    assert_fails(bench_url("letter.txt", ""), OST_CONNECTION, "is not a database");
    assert_fails(bench_url("letter.txt", "?mode=ro"), OST_CONNECTION, "letter.txt");
}

static void names_are_never_taken_for_uris(void **state)
{
    static const char *const names[] = { "file:odd?mode=memory", ":odd", "a b%c#d.db", "ü.db" };
    static const char *const urls[] = { "sqlite:file:odd%3fmode=memory", "sqlite::odd",
                                        "sqlite:a%20b%25c%23d.db", "sqlite:ü.db" };
    bench b;
    char before[512];
    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(bench_path("")), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bench_open(&b, ost_driver_sqlite(), urls[i]);
        if (access(names[i], F_OK) != 0)
            fail_msg("%s made no file %s", urls[i], names[i]);
        bench_close(&b);
        assert_int_equal(unlink(names[i]), 0);
    }
    assert_int_equal(chdir(before), 0);
}

static void read_only_is_read_only(void **state)
{
    bench b;
    bool writable = true;
    thing in = { .name = "x" };
    made *m;
    ost_table *t;
    (void)state;
    bench_open(&b, ost_driver_sqlite(), bench_url("ro.db", ""));
    create(&b, bench_table(&b, &thing_model));
    assert_int_equal(b.driver->role(b.c, &writable, INT64_MAX), OST_OK);
    assert_true(writable);
    bench_close(&b);
    bench_open(&b, ost_driver_sqlite(), bench_url("ro.db", "?mode=ro"));
    assert_int_equal(b.driver->role(b.c, &writable, INT64_MAX), OST_OK);
    assert_false(writable);
    t = bench_table(&b, &thing_model);
    assert_int_equal(sql_int(&b, "SELECT count(*) FROM thing"), 0);
    m = make(&b, OST_DO_INSERT, t);
    from_records(m, &in, 1, sizeof in, false);
    assert_int_equal(run(m), OST_UNSUPPORTED);
    assert_non_null(strstr(b.error.message, "opened read only"));
    discard(m);
    bench_close(&b);
}

static void text_in_utf16_is_read_as_well(void **state)
{
    bench b;
    sqlite3 *db;
    thing out[3];
    size_t count;
    made *m;
    (void)state;
    assert_int_equal(sqlite3_open(bench_path("wide.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA encoding = 'UTF-16le';"
                                  "CREATE TABLE thing(id INTEGER PRIMARY KEY, name TEXT);"
                                  "INSERT INTO thing VALUES (1, 'naïve €'), (2, ''), (3, NULL)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    bench_open(&b, ost_driver_sqlite(), bench_url("wide.db", ""));
    m = make(&b, OST_DO_SELECT, bench_table(&b, &thing_model));
    all_columns(m, sizeof out[0]);
    order_by(m, member(m, "id"), false);
    assert_int_equal(run_rows(m, out, 3, &count), OST_OK);
    assert_string_equal(out[0].name, "naïve €");
    assert_string_equal(out[1].name, "");
    assert_null(out[2].name);
    discard(m);
    bench_close(&b);
}

static void memory_is_shared_by_a_dbs_connections_alone(void **state)
{
    bench a, b;
    ost_connection *second;
    (void)state;
    bench_open(&a, ost_driver_sqlite(), "sqlite::memory:");
    bench_open(&b, ost_driver_sqlite(), "sqlite::memory:");
    create(&a, bench_table(&a, &thing_model));
    second = bench_connect(&a);
    assert_int_equal(simple_on(&a, second, OST_DO_RAW, "INSERT INTO thing VALUES (1, 'x')"),
                     OST_OK);
    assert_int_equal(sql_int(&a, "SELECT count(*) FROM thing"), 1);
    assert_int_equal(sql_int(&b, "SELECT count(*) FROM sqlite_schema"), 0);
    /* It outlives every connection of the pool. */
    a.driver->close(second, INT64_MAX);
    a.driver->close(a.c, INT64_MAX);
    a.c = bench_connect(&a);
    assert_int_equal(sql_int(&a, "SELECT count(*) FROM thing"), 1);
    bench_close(&b);
    bench_close(&a);
}

static void zeros(void *context, void *out, size_t size)
{
    (void)context;
    memset(out, 0, size);
}

static void the_same_randomness_is_not_the_same_memory(void **state)
{
    const ost_options options = { .struct_size = sizeof options, .url = "sqlite::memory:" };
    bench a;
    ost_backend *b[2];
    ost_connection *c[2];
    ost_capabilities caps;
    (void)state;
    bench_open(&a, ost_driver_sqlite(), "sqlite::memory:");
    a.host.random = zeros;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(a.driver->open(&a.host, &options, &b[i], &a.error), OST_OK);
        assert_int_equal(a.driver->connect(b[i], NULL, INT64_MAX, &c[i], &caps, &a.error), OST_OK);
        assert_int_equal(simple_on(&a, c[i], OST_DO_RAW, "CREATE TABLE t(a)"), OST_OK);
    }
    for (int i = 0; i < 2; i++) {
        a.driver->close(c[i], INT64_MAX);
        a.driver->shut(b[i], INT64_MAX);
    }
    bench_close(&a);
}

static void connecting_ends_at_the_deadline(void **state)
{
    bench a, b;
    ost_connection *c = NULL;
    ost_capabilities caps;
    int64_t before;
    (void)state;
    /* A rollback journal held exclusively: the change to WAL has to wait for it. */
    sqlite3 *db;
    assert_int_equal(sqlite3_open(bench_path("busy.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(a); BEGIN EXCLUSIVE", NULL, NULL, NULL),
                     SQLITE_OK);
    const ost_options options = { .struct_size = sizeof options, .url = bench_url("busy.db", "") };
    bench_open(&a, ost_driver_sqlite(), "sqlite::memory:");
    assert_int_equal(a.driver->open(&a.host, &options, &b.backend, &a.error), OST_OK);
    before = bench_now(&a);
    assert_int_equal(a.driver->connect(b.backend, NULL, before + 30000000, &c, &caps, &a.error),
                     OST_CONNECTION);
    assert_null(c);
    assert_true(bench_now(&a) - before >= 30000000);
    assert_true(bench_now(&a) - before < 3000000000);
    assert_non_null(strstr(a.error.message, "busy.db"));
    sqlite3_close(db);
    a.driver->shut(b.backend, INT64_MAX);
    bench_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_made_and_kept),
        cmocka_unit_test(settings_are_made_for_every_connection),
        cmocka_unit_test(wrong_urls_say_what_to_do),
        cmocka_unit_test(files_that_cannot_be_opened_are_named),
        cmocka_unit_test(names_are_never_taken_for_uris),
        cmocka_unit_test(read_only_is_read_only),
        cmocka_unit_test(text_in_utf16_is_read_as_well),
        cmocka_unit_test(memory_is_shared_by_a_dbs_connections_alone),
        cmocka_unit_test(the_same_randomness_is_not_the_same_memory),
        cmocka_unit_test(connecting_ends_at_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
