/* SPDX-License-Identifier: MIT */
/* Short of memory, failing disks, lengths that lie. */
#include "support/rows.h"

#include <sqlite3.h>

#include "support/failing_vfs.h"

static void every_allocation_may_fail(void **state)
{
    static const char *const names[] = { "row 1", "x" };
    rows_world *w = *state;
    fill(w, 3);
    for (long fail_at = 0; fail_at < 200; fail_at++) {
        const ost_options options = { .struct_size = sizeof options, .url = "sqlite::memory:" };
        ost_backend *b = NULL;
        ost_connection *c = NULL;
        ost_capabilities caps;
        long live = w->b.live;
        ost_status status;
        w->b.allocations = 0;
        w->b.fail_at = fail_at;
        status = w->b.driver->open(&w->b.host, &options, &b, &w->b.error);
        if (status == OST_OK)
            status = w->b.driver->connect(b, NULL, INT64_MAX, &c, &caps, &w->b.error);
        w->b.fail_at = -1;
        if (c)
            w->b.driver->close(c, INT64_MAX);
        if (b)
            w->b.driver->shut(b, INT64_MAX);
        assert_int_equal(w->b.live, live);
        if (status == OST_OK)
            break;
        assert_int_equal(status, OST_NO_MEMORY);
        assert_int_equal(w->b.error.status, OST_NO_MEMORY);
        assert_true(fail_at < 100);
    }
    /* A statement that needs all of it: a list, a folded needle, converted values. */
    for (long fail_at = 0;; fail_at++) {
        made *m = select_all(w);
        const ost_node *needle = text_test(m, OST_OP_HAS_TEXT, "name", "ROW");
        row rows[4];
        size_t count;
        ost_status status;
        m->shape.where = node2(m, OST_OP_AND, needle,
                               in_list(m, "name", OST_TYPE_TEXT, names, 2, sizeof names[0]));
        w->b.allocations = 0;
        w->b.fail_at = fail_at;
        status = run_rows(m, rows, 4, &count);
        w->b.fail_at = -1;
        if (status == OST_OK) {
            assert_int_equal(count, 1);
            assert_true(fail_at > 4);
            discard(m);
            break;
        }
        assert_int_equal(status, OST_NO_MEMORY);
        assert_int_equal(w->b.error.status, OST_NO_MEMORY);
        /* With memory it works again, on the same connection. */
        assert_int_equal(run_rows(m, rows, 4, &count), OST_OK);
        assert_int_equal(count, 1);
        discard(m);
    }
    /* Savepoints need no memory of ours: what is to be undone can be undone. */
    w->b.fail_at = 0;
    w->b.allocations = 0;
    assert_int_equal(simple(w, OST_DO_SAVEPOINT, "s"), OST_OK);
    assert_int_equal(simple(w, OST_DO_ROLLBACK_TO, "s"), OST_OK);
    w->b.fail_at = -1;
}

/* Inserts in one unit while write number `fail_at` fails. What is found afterwards is what was
 * reported. */
static bool fails_once(const failing_vfs *limits, failing_vfs *v, long fail_at)
{
    enum { COUNT = 40 };
    rows_world w;
    row in[COUNT];
    char names[COUNT][400], url_name[32];
    static int number;
    ost_status status;
    bool failed, ended;
    snprintf(url_name, sizeof url_name, "disk%d.db", number++);
    rows_open(&w, bench_url(url_name, ""));
    for (int i = 0; i < COUNT; i++) {
        memset(names[i], 'n', sizeof names[i]);
        names[i][0] = (char)('0' + i / 10);
        names[i][1] = (char)('0' + i % 10);
        names[i][sizeof names[i] - 1] = '\0';
        in[i] = (row){ .name = names[i] };
    }
    made *m = insert_of(&w, in, COUNT);
    sql(&w.b, "PRAGMA cache_size = 3");
    *v = *limits;
    v->fail_at = fail_at;
    v->writes = 0;
    status = begin_on(&w.b, w.b.c, OST_ACCESS_WRITE);
    ended = status != OST_OK;
    if (status == OST_OK) {
        status = run(m);
        ended = w.b.outcome.transaction_ended;
    }
    if (status == OST_OK) {
        status = simple(&w, OST_DO_COMMIT, NULL);
        ended = w.b.outcome.transaction_ended;
    }
    failed = status != OST_OK;
    if (failed) {
        assert_int_equal(ended, sqlite3_get_autocommit(w.b.driver->native(w.b.c)) != 0);
        assert_true(status == OST_CONNECTION || status == OST_DRIVER_ERROR);
        assert_int_equal(w.b.outcome.connection_lost, status == OST_CONNECTION);
        v->fail_at = -1;
        assert_int_equal(simple(&w, OST_DO_ROLLBACK, NULL), OST_OK);
    }
    v->fail_at = -1;
    discard(m);
    bench_close(&w.b);
    rows_open(&w, bench_url(url_name, ""));
    assert_int_equal(sql_int(&w.b, "SELECT count(*) FROM rows"), failed ? 0 : COUNT);
    assert_string_equal(sql_text(&w.b, "PRAGMA integrity_check"), "ok");
    bench_close(&w.b);
    return v->writes > fail_at || failed;
}

static void fm26_failing_writes_leave_all_or_nothing(void **state)
{
    static const failing_vfs kinds[] = {
        { .code = SQLITE_IOERR_WRITE },
        { .code = SQLITE_FULL, .stays = 1 },
        { .code = SQLITE_IOERR_WRITE, .torn = 1, .stays = 1 },
    };
    failing_vfs *v = failing_vfs_install();
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        long fail_at = 0;
        while (fails_once(&kinds[i], v, fail_at) && fail_at < 60)
            fail_at += fail_at < 8 ? 1 : 5;
        assert_true(fail_at > 3);
    }
    failing_vfs_remove();
}

static void fm45_lengths_beyond_int_are_refused(void **state)
{
    rows_world *w = *state;
    ost_operation op = { .struct_size = sizeof op,
                         .kind = OST_DO_RAW,
                         .text = "SELECT 1",
                         .parameter_size = sizeof(ost_parameter) };
    made *m = make(&w->b, OST_DO_SELECT, w->rows);
    const size_t sizes[] = { (size_t)INT32_MAX, (size_t)INT32_MAX + 1, (size_t)UINT32_MAX,
                             (size_t)UINT32_MAX + 1 };
    size_t accepted;
    /* The lengths are lies: nothing of the text may be read. */
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        op.text_size = sizes[i];
        assert_int_equal(w->b.driver->submit(w->b.c, &op, 1, &accepted, INT64_MAX, &w->b.error),
                         OST_OK);
        assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, INT64_MAX),
                         OST_TOO_LARGE);
    }
    column(m, value(m, NULL, ost_value_blob((ost_blob){ .data = "x", .size = 1 })),
           &(const ost_field){ .name = "b", .type = OST_TYPE_BLOB, .size = sizeof(ost_blob) });
    m->op.rows = NULL;
    assert_int_equal(compile(m), OST_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        m->parameters[0].value.as.blob.size = sizes[i];
        assert_int_equal(run(m), OST_TOO_LARGE);
    }
    discard(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, rows_begin, rows_end),
        cmocka_unit_test(fm26_failing_writes_leave_all_or_nothing),
        cmocka_unit_test_setup_teardown(fm45_lengths_beyond_int_are_refused, rows_begin, rows_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
