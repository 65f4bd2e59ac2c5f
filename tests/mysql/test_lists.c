/* SPDX-License-Identifier: MIT */
/* Lists of any length, of every kind, on both sides of every way that they are written. */
#include "mysql/wides.h"

#include "mysql/connection.h"

enum { ROWS = 20 };

/* Rows 1 to 20, each with values of its own in every member; the last has NULLs. */
static void fill(void)
{
    static char texts[ROWS][16];
    wide rows[ROWS];
    for (int i = 0; i < ROWS; i++) {
        wide *w = &rows[i];
        *w = wides_blank(i + 1);
        snprintf(texts[i], sizeof texts[i], "t\"\\%d", i + 1);
        w->i64 = i + 1;
        w->u64 = UINT64_MAX - (uint64_t)i;
        w->d = (i + 1) / 8.0;
        w->text = w->brief = texts[i];
        w->blob = (ost_blob){ texts[i], strlen(texts[i]) };
        w->time.microseconds = (i + 1) * INT64_C(1000001);
        w->date.days = i + 1;
        w->uuid.bytes[15] = (uint8_t)(i + 1);
        w->huge = ost_decimal_of(i + 1, 10);
        w->o_i64 = (ost_opt_int64){ i < ROWS - 1, i + 1 };
        w->size = (breadth)(i % 3);
    }
    assert_int_equal(wides_insert(WIDES_ARRAY, rows, ROWS), OST_OK);
}

static void refill(void)
{
    wides_clear(NULL);
    fill();
}

/* How many rows are in the list, and how many are in `not`. */
static void expect(const char *name, uint16_t type, const void *items, size_t count, size_t stride,
                   int in, int out)
{
    made *m = wides_select();
    int64_t n = wides_count(m, in_list(m, name, type, items, count, stride));
    if (n != in)
        fail_msg("%s in %zu items: %lld rows instead of %d", name, count, (long long)n, in);
    m = wides_select();
    n = wides_count(m, node1(m, OST_OP_NOT, in_list(m, name, type, items, count, stride)));
    if (n != out)
        fail_msg("%s not in %zu items: %lld rows instead of %d", name, count, (long long)n, out);
}

static const size_t lengths[] = { 1,  2,  3,   4,   5,   8,   9,   16,  17,   31,    32,
                                  33, 64, 127, 128, 129, 255, 256, 257, 1000, 65535, 65536 };

/* The last of the list alone is there, behind whatever it is padded with. */
static void fm43_integers_at_every_edge(void **state)
{
    int64_t *items = malloc(65536 * sizeof *items);
    (void)state;
    refill();
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t n = lengths[i];
        for (size_t k = 0; k < n; k++)
            items[k] = (int64_t)k * 7 + 1000;
        items[n - 1] = 7;
        expect("i64", OST_TYPE_INT64, items, n, sizeof *items, 1, ROWS - 1);
        expect("o_i64", OST_TYPE_INT64, items, n, sizeof *items, 1, ROWS - 2);
        items[n - 1] = -7;
        expect("i64", OST_TYPE_INT64, items, n, sizeof *items, 0, ROWS);
        items[0] = INT64_MIN;
        items[n / 2] = INT64_MAX;
        items[n - 1] = 1;
        expect("i64", OST_TYPE_INT64, items, n, sizeof *items, 1, ROWS - 1);
    }
    free(items);
}

static void fm43_every_kind_at_its_edges(void **state)
{
    static const size_t counts[] = { 2, 256, 257, 3000 };
    enum { MOST = 3000 };
    uint64_t *naturals = calloc(MOST, sizeof *naturals);
    double *reals = calloc(MOST, sizeof *reals);
    char(*texts)[24] = calloc(MOST, sizeof *texts);
    const char **pointers = calloc(MOST, sizeof *pointers);
    ost_blob *blobs = calloc(MOST, sizeof *blobs);
    ost_time *times = calloc(MOST, sizeof *times);
    ost_date *dates = calloc(MOST, sizeof *dates);
    ost_uuid *uuids = calloc(MOST, sizeof *uuids);
    ost_decimal *decimals = calloc(MOST, sizeof *decimals);
    int64_t *names = calloc(MOST, sizeof *names);
    (void)state;
    refill();
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        size_t n = counts[c];
        for (size_t i = 0; i < n; i++) {
            /* The first and the last are there. */
            int there = i == 0 ? 3 : i == n - 1 ? 5 : 0;
            snprintf(texts[i], sizeof texts[i], there ? "t\"\\%d" : "none %d",
                     there ? there : (int)i);
            pointers[i] = texts[i];
            blobs[i] = (ost_blob){ texts[i], strlen(texts[i]) };
            naturals[i] = there ? UINT64_MAX - (uint64_t)there : i;
            reals[i] = there ? there / 8.0 : -1.0 / (double)i;
            times[i].microseconds = there ? there * INT64_C(1000001) : -(int64_t)i;
            dates[i].days = there ? there : -(int32_t)i;
            memset(&uuids[i], 0, sizeof uuids[i]);
            uuids[i].bytes[there ? 15 : 3] = (uint8_t)(there ? there : 9);
            decimals[i] = ost_decimal_of(there ? there : -(int64_t)i, 10);
            names[i] = i % 2;
        }
        expect("u64", OST_TYPE_UINT64, naturals, n, sizeof *naturals, 2, ROWS - 2);
        expect("d", OST_TYPE_DOUBLE, reals, n, sizeof *reals, 2, ROWS - 2);
        expect("text", OST_TYPE_TEXT, pointers, n, sizeof *pointers, 2, ROWS - 2);
        expect("brief", OST_TYPE_TEXT, pointers, n, sizeof *pointers, 2, ROWS - 2);
        expect("blob", OST_TYPE_BLOB, blobs, n, sizeof *blobs, 2, ROWS - 2);
        expect("time", OST_TYPE_TIME, times, n, sizeof *times, 2, ROWS - 2);
        expect("date", OST_TYPE_DATE, dates, n, sizeof *dates, 2, ROWS - 2);
        expect("uuid", OST_TYPE_UUID, uuids, n, sizeof *uuids, 2, ROWS - 2);
        expect("huge", OST_TYPE_DECIMAL, decimals, n, sizeof *decimals, 2, ROWS - 2);
        expect("size", OST_TYPE_INT64, names, n, sizeof *names, 14, 6);
    }
    free(naturals), free(reals), free(texts), free(pointers), free(blobs);
    free(times), free(dates), free(uuids), free(decimals), free(names);
}

/* As wide as a table column, wider, and compared by digests; with every letter that JSON escapes.
 */
static void fm43_texts_of_every_width(void **state)
{
    static const size_t widths[] = { 1, 16, 17, 64, 65, 255, 256, 5000 };
    static const char odd[] = "\x01\x1f\"\\/\b\t\n\r\x7f\xc3\xa9\xf0\x9f\x98\x80\xe2\x80\xa8'%_";
    enum { ITEMS = 300 };
    (void)state;
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        size_t width = widths[i];
        char *texts = calloc(ITEMS, width + 32), *there = calloc(1, width + 64);
        const char *pointers[ITEMS];
        ost_blob blobs[ITEMS];
        wide rows[2] = { wides_blank(1), wides_blank(2) };
        memset(there, 'x', width);
        if (width > 16)
            memcpy(there + 2, odd, sizeof odd - 1);
        for (int k = 0; k < ITEMS; k++) {
            char *text = texts + (size_t)k * (width + 32);
            memset(text, 'x', width);
            snprintf(text + width - (width > 8 ? 8 : 1), 12, "%d", k);
            pointers[k] = k == 200 ? there : text;
            blobs[k] = (ost_blob){ pointers[k], strlen(pointers[k]) };
        }
        rows[0].text = there;
        rows[0].blob = (ost_blob){ there, strlen(there) };
        rows[1].text = "X";
        rows[1].blob = (ost_blob){ "X", 1 };
        wides_clear(NULL);
        assert_int_equal(wides_insert(WIDES_ARRAY, rows, 2), OST_OK);
        expect("text", OST_TYPE_TEXT, pointers, ITEMS, sizeof *pointers, 1, 1);
        expect("text", OST_TYPE_TEXT, pointers, 250, sizeof *pointers, 1, 1);
        expect("blob", OST_TYPE_BLOB, blobs, ITEMS, sizeof *blobs, 1, 1);
        pointers[200] = pointers[201];
        blobs[200] = blobs[201];
        expect("text", OST_TYPE_TEXT, pointers, ITEMS, sizeof *pointers, 0, 2);
        expect("blob", OST_TYPE_BLOB, blobs, ITEMS, sizeof *blobs, 0, 2);
        free(texts);
        free(there);
    }
}

/* Beyond what a table in memory holds of them. */
static void fm43_many_texts(void **state)
{
    enum { ITEMS = 40000 };
    char(*texts)[32] = calloc(ITEMS, sizeof *texts);
    const char **pointers = calloc(ITEMS, sizeof *pointers);
    (void)state;
    refill();
    for (int i = 0; i < ITEMS; i++) {
        snprintf(texts[i], sizeof texts[i], "a text of some length %d", i);
        pointers[i] = texts[i];
    }
    memcpy(texts[ITEMS - 1], "t\"\\9", 5);
    expect("text", OST_TYPE_TEXT, pointers, ITEMS, sizeof *pointers, 1, ROWS - 1);
    expect("brief", OST_TYPE_TEXT, pointers, ITEMS, sizeof *pointers, 1, ROWS - 1);
    free(texts);
    free(pointers);
}

static void fm43_a_million_integers(void **state)
{
    enum { ITEMS = 1000000 };
    server_instance *s = server_private(SERVER_MYSQL, "--set max_allowed_packet=64M");
    wides_world *kept = wides_now, large = { .url = server_url(s, NULL) };
    int64_t *items = malloc(ITEMS * sizeof *items);
    (void)state;
    bench_open(&large.b, ost_driver_mysql(), large.url);
    large.wides = bench_table(&large.b, &wide_model);
    create(&large.b, large.wides);
    wides_now = &large;
    fill();
    for (int64_t i = 0; i < ITEMS; i++)
        items[i] = i * 3 + 3;
    expect("i64", OST_TYPE_INT64, items, ITEMS, sizeof *items, 6, 14);
    bench_close(&large.b);
    wides_now = kept;
    server_end(s);
    free(items);
}

static void fm44_a_list_beyond_the_packet_is_not_sent(void **state)
{
    enum { ITEMS = 1000000 };
    int64_t *items = malloc(ITEMS * sizeof *items);
    made *m = wides_select();
    int64_t id;
    size_t count;
    (void)state;
    refill();
    for (int64_t i = 0; i < ITEMS; i++)
        items[i] = i + INT64_C(1000000000000000000);
    column(m, member(m, "id"), table_field(m->shape.table, "id"));
    m->program.row_size = sizeof id;
    m->shape.where = in_list(m, "i64", OST_TYPE_INT64, items, ITEMS, sizeof *items);
    assert_int_equal(run_rows(m, &id, 1, &count), OST_TOO_LARGE);
    assert_int_equal(wides_now->b.error.nothing_sent, 1);
    assert_string_equal(wides_now->b.error.field, "i64");
    discard(m);
    expect("i64", OST_TYPE_INT64, (const int64_t[]){ 1, 2 }, 2, sizeof(int64_t), 2, ROWS - 2);
    free(items);
}

/* Several in one statement, short and long, among other values. */
static void several_lists(void **state)
{
    int64_t ids[300];
    const char *texts[3] = { "t\"\\3", "t\"\\4", "t\"\\100" };
    made *m;
    const ost_node *conditions[4];
    (void)state;
    refill();
    for (int i = 0; i < 300; i++)
        ids[i] = i + 2;
    m = wides_select();
    conditions[0] = in_list(m, "i64", OST_TYPE_INT64, ids, 300, sizeof *ids);
    conditions[1] = test(m, OST_OP_LT, "id", ost_value_int(4));
    conditions[2] = in_list(m, "text", OST_TYPE_TEXT, texts, 3, sizeof *texts);
    conditions[3] = in_list(m, "o_i64", OST_TYPE_INT64, ids, 5, sizeof *ids);
    assert_int_equal(wides_count(m, node_of(m, OST_OP_AND, conditions, 4)), 1);
    m = wides_select();
    conditions[0] = in_list(m, "i64", OST_TYPE_INT64, ids, 1, sizeof *ids);
    conditions[1] = test(m, OST_OP_LT, "id", ost_value_int(4));
    conditions[2] = in_list(m, "text", OST_TYPE_TEXT, texts, 1, sizeof *texts);
    conditions[3] = in_list(m, "o_i64", OST_TYPE_INT64, ids, 1, sizeof *ids);
    assert_int_equal(wides_count(m, node_of(m, OST_OP_OR, conditions, 4)), 3);
}

/* In what is written, as well as in what is read. */
static void lists_of_writes(void **state)
{
    int64_t ids[400];
    (void)state;
    refill();
    for (int i = 0; i < 400; i++)
        ids[i] = i + 15;
    for (int length = 2; length <= 400; length *= 200) {
        made *m = make(&wides_now->b, OST_DO_UPDATE, wides_now->wides);
        m->shape.where = in_list(m, "i64", OST_TYPE_INT64, ids, (size_t)length, sizeof *ids);
        set_to(m, "i32", ost_value_int(length));
        assert_int_equal(run(m), OST_OK);
        assert_int_equal(wides_now->b.outcome.matched, length == 2 ? 2 : 6);
        discard(m);
    }
    made *m = make(&wides_now->b, OST_DO_DELETE, wides_now->wides);
    m->shape.where = in_list(m, "i64", OST_TYPE_INT64, ids, 400, sizeof *ids);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(wides_now->b.outcome.matched, 6);
    discard(m);
}

static void memory_may_end_anywhere(void **state)
{
    enum { ITEMS = 300 };
    bench *b = &wides_now->b;
    const char *texts[ITEMS];
    bool done = false;
    (void)state;
    refill();
    for (int i = 0; i < ITEMS; i++)
        texts[i] = i == 7 ? "t\"\\7" : "a text that is not there";
    for (long n = 0; !done; n++) {
        made *m = wides_select();
        wide rows[2];
        size_t count = 0;
        ost_status status;
        all_columns(m, sizeof rows[0]);
        /* Another statement each time, which nothing is kept for yet. */
        m->shape.where =
            node2(m, OST_OP_AND, in_list(m, "text", OST_TYPE_TEXT, texts, ITEMS, sizeof *texts),
                  test(m, n % 2 ? OST_OP_GT : OST_OP_GE, "id", ost_value_int(0)));
        assert_int_equal(compile(m), OST_OK);
        b->fail_at = b->allocations + n;
        status = run_rows(m, rows, 2, &count);
        b->fail_at = -1;
        done = status == OST_OK;
        if (done)
            assert_int_equal(count, 1);
        else
            assert_int_equal(status, OST_NO_MEMORY);
        discard(m);
        assert_true(n < 1000);
    }
    expect("i64", OST_TYPE_INT64, (const int64_t[]){ 1, 2 }, 2, sizeof(int64_t), 2, ROWS - 2);
}

/* ---- what statements are cached by ---- */

static uint64_t key_of(uint16_t type, const ost_field *f, const void *items, size_t count,
                       size_t stride)
{
    const ost_parameter list = { .source = OST_FROM_LIST,
                                 .type = type,
                                 .field = f,
                                 .list = items,
                                 .list_count = count,
                                 .list_stride = stride };
    const ost_operation op = { .parameters = &list,
                               .parameter_count = 1,
                               .parameter_size = sizeof list };
    const ost__my_parameter use = { .role = OST__SQL_LIST, .type = type, .field = f };
    uint64_t key = 0;
    assert_true(ost__my_list_key(&use, 1, &op, &key));
    return key;
}

static void few_statements_serve_all_lengths(void **state)
{
    static int64_t items[1000];
    static const char *texts[1000];
    const ost_field *f = table_field(wides_now->wides, "i64");
    const ost_field *t = table_field(wides_now->wides, "text");
    uint64_t last = UINT64_MAX;
    int different = 0;
    (void)state;
    for (size_t n = 1; n <= 1000; n++) {
        uint64_t key = key_of(OST_TYPE_INT64, f, items, n, sizeof *items);
        different += key != last;
        last = key;
    }
    assert_int_equal(different, 10);
    for (size_t i = 0; i < 1000; i++)
        texts[i] = "short";
    last = key_of(OST_TYPE_TEXT, t, texts, 1000, sizeof *texts);
    assert_true(last != key_of(OST_TYPE_INT64, f, items, 1000, sizeof *items));
    texts[999] = "a text that is too long for that";
    assert_true(last != key_of(OST_TYPE_TEXT, t, texts, 1000, sizeof *texts));
}

static void a_key_has_room_for_sixteen(void **state)
{
    static const int64_t items[1] = { 1 };
    const ost_parameter list = { .source = OST_FROM_LIST,
                                 .type = OST_TYPE_INT64,
                                 .list = items,
                                 .list_count = 1,
                                 .list_stride = sizeof *items };
    const ost_operation op = { .parameters = &list,
                               .parameter_count = 1,
                               .parameter_size = sizeof list };
    ost__my_parameter uses[17];
    uint64_t key;
    (void)state;
    for (int i = 0; i < 17; i++)
        uses[i] = (ost__my_parameter){ .role = OST__SQL_LIST, .type = OST_TYPE_INT64 };
    assert_true(ost__my_list_key(uses, 16, &op, &key));
    assert_false(ost__my_list_key(uses, 17, &op, &key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm43_integers_at_every_edge),
        cmocka_unit_test(fm43_every_kind_at_its_edges),
        cmocka_unit_test(fm43_texts_of_every_width),
        cmocka_unit_test(fm43_many_texts),
        cmocka_unit_test(fm43_a_million_integers),
        cmocka_unit_test(fm44_a_list_beyond_the_packet_is_not_sent),
        cmocka_unit_test(several_lists),
        cmocka_unit_test(lists_of_writes),
        cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(few_statements_serve_all_lengths),
        cmocka_unit_test(a_key_has_room_for_sixteen),
    };
    return cmocka_run_group_tests(tests, wides_begin, wides_end);
}
