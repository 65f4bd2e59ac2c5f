/* SPDX-License-Identifier: MIT */
/* Columns of documents: one by one, as arrays, as rows of VALUES; and as others see them. */
#include "mysql/wides.h"

#include "base/scalar.h"
#include "mysql/connection.h"

typedef struct pocket {
    int depth;
    const char *label;
} pocket;
typedef struct bag {
    int id;
    pocket front;
    OST_LIST(pocket) pockets;
    OST_LIST(const char *) texts;
    OST_LIST(uint64_t) naturals;
    OST_LIST(int) sizes;
    ost_json any;
    ost_point spot;
} bag;
OST_PART(pocket);
OST_RECORD(bag, id);
OST_MODEL(pocket, OST_FIELDS(OST_FIELD(pocket, depth), OST_FIELD(pocket, label)));
OST_MODEL(bag, OST_FIELDS(OST_FIELD(bag, id, .primary_key = true), OST_EMBED(bag, front, pocket),
                          OST_EMBEDS(bag, pockets, pocket, .not_null = true),
                          OST_ITEMS(bag, texts, .max_length = 9), OST_ITEMS(bag, naturals),
                          OST_ITEMS(bag, sizes, .values = OST_NAMES("small", "large")),
                          OST_FIELD(bag, any), OST_FIELD(bag, spot)));

enum { BAGS = 12 };

static ost_table *bags;

static int begin(void **state)
{
    int failed = wides_begin(state);
    bags = bench_table(&wides_now->b, &bag_model);
    create(&wides_now->b, bags);
    return failed;
}

static void each_has_the_column_of_its_kind(void **state)
{
    (void)state;
    assert_string_equal(
        wides_text("SELECT CONCAT(column_name, ' ', column_type, IF(is_nullable = 'NO', ' NOT "
                   "NULL', ''), IF(collation_name IS NULL, '', CONCAT(' ', collation_name)))"
                   " FROM information_schema.columns WHERE table_name = 'bag' AND table_schema ="
                   " DATABASE() ORDER BY ordinal_position"),
        "id int(11) NOT NULL|front longtext NOT NULL utf8mb4_bin|pockets longtext NOT NULL "
        "utf8mb4_bin|texts longtext utf8mb4_bin|naturals longtext utf8mb4_bin|sizes longtext "
        "utf8mb4_bin|any longtext utf8mb4_bin|spot point NOT NULL");
}

/* ---- three ways ---- */

/* Row i has i of everything, so that no two values in a row are of one length. */
static void fill(bag rows[BAGS])
{
    static const char *const texts[BAGS] = { "a", "\"b\"", "c\\", "d", "e", "f" };
    static const uint64_t naturals[BAGS] = { UINT64_MAX };
    static const int sizes[BAGS] = { 1 };
    static const pocket pockets[BAGS] = { { .depth = 1, .label = "\xc3\xa9" } };
    for (int i = 0; i < BAGS; i++) {
        bag b = { .id = i, .front = { .depth = -i }, .spot = { 1.5 - i, -i } };
        b.pockets.items = pockets, b.pockets.count = (size_t)i;
        b.texts.items = i % 5 ? texts : NULL, b.texts.count = i % 5 ? (size_t)i : 0;
        b.naturals.items = naturals, b.naturals.count = (size_t)(BAGS - i);
        b.sizes.items = i % 3 ? NULL : sizes, b.sizes.count = i % 3 ? 0 : (size_t)i;
        b.any.text = i % 2 ? "[1.5]" : NULL;
        for (size_t k = 0; k < b.texts.count; k++)
            if (!texts[k])
                b.texts.count = k;
        rows[i] = b;
    }
}

static ost_status insert(enum wides_way way, const bag *rows, size_t count)
{
    bench *b = &wides_now->b;
    made *m = make(b, OST_DO_INSERT, bags);
    bool arrays = b->c->arrays;
    ost_status status = OST_OK;
    if (way == WIDES_SINGLY) {
        for (size_t i = 0; i < count && status == OST_OK; i++) {
            from_records(m, &rows[i], 1, sizeof rows[i], false);
            status = run(m);
            discard(m);
            m = make(b, OST_DO_INSERT, bags);
        }
        return status;
    }
    b->c->arrays = way == WIDES_ARRAY;
    from_records(m, rows, count, sizeof *rows, false);
    assert_int_equal(begin_on(b, b->c, OST_ACCESS_WRITE), OST_OK);
    status = run(m);
    assert_int_equal(simple_on(b, b->c, status == OST_OK ? OST_DO_COMMIT : OST_DO_ROLLBACK, NULL),
                     OST_OK);
    b->c->arrays = arrays;
    discard(m);
    return status;
}

static void same(const bag *a, const bag *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->front.depth, b->front.depth);
    assert_ptr_equal(a->front.label, b->front.label);
    assert_int_equal(a->pockets.count, b->pockets.count);
    for (size_t i = 0; i < a->pockets.count; i++)
        assert_int_equal(a->pockets.items[i].depth, b->pockets.items[i].depth);
    assert_int_equal(!a->texts.items, !b->texts.items);
    assert_int_equal(a->texts.count, b->texts.count);
    for (size_t i = 0; i < a->texts.count; i++)
        assert_string_equal(a->texts.items[i], b->texts.items[i]);
    assert_int_equal(a->naturals.count, b->naturals.count);
    assert_memory_equal(a->naturals.items, b->naturals.items, a->naturals.count * 8);
    assert_int_equal(!a->sizes.items, !b->sizes.items);
    assert_int_equal(a->sizes.count, b->sizes.count);
    assert_int_equal(!a->any.text, !b->any.text);
    assert_memory_equal(&a->spot, &b->spot, sizeof a->spot);
}

static void every_way_leads_there_and_back(void **state)
{
    bag rows[BAGS], back[BAGS + 1];
    (void)state;
    fill(rows);
    for (enum wides_way way = WIDES_SINGLY; way <= WIDES_ROWS; way++) {
        made *m = make(&wides_now->b, OST_DO_SELECT, bags);
        size_t count = 0;
        server_sql(wides_now->url, "DELETE FROM bag");
        if (insert(way, rows, BAGS) != OST_OK)
            fail_msg("way %d: %s", (int)way, wides_now->b.error.message);
        memset(back, 0, sizeof back);
        all_columns(m, sizeof *back);
        order_by(m, member(m, "id"), false);
        if (run_rows(m, back, BAGS + 1, &count) != OST_OK)
            fail_msg("way %d: %s", (int)way, wides_now->b.error.message);
        assert_int_equal(count, BAGS);
        for (int i = 0; i < BAGS; i++)
            same(&rows[i], &back[i]);
        discard(m);
    }
    assert_string_equal(wides_text("SELECT CONCAT_WS(' ', front, pockets, texts, naturals, sizes,"
                                   " any, ST_X(spot), ST_Y(spot), ST_SRID(spot))"
                                   " FROM bag WHERE id IN (2, 3) ORDER BY id"),
                        "{\"depth\":-2} [{\"depth\":1,\"label\":\"\xc3\xa9\"},{\"depth\":0}]"
                        " [\"a\",\"\\\"b\\\"\"]"
                        " [\"18446744073709551615\",\"0\",\"0\",\"0\",\"0\",\"0\",\"0\",\"0\","
                        "\"0\",\"0\"] -0.5 -2 4326|"
                        "{\"depth\":-3} [{\"depth\":1,\"label\":\"\xc3\xa9\"},{\"depth\":0},"
                        "{\"depth\":0}] [\"a\",\"\\\"b\\\"\",\"c\\\\\"]"
                        " [\"18446744073709551615\",\"0\",\"0\",\"0\",\"0\",\"0\",\"0\",\"0\","
                        "\"0\"] [\"large\",\"small\",\"small\"] [1.5] -1.5 -3 4326");
}

/* The one that does not fit is named, and nothing of the others is written. */
static void a_bad_one_among_many(void **state)
{
    static const char *const bad[] = { "\xff" };
    bag rows[BAGS];
    (void)state;
    for (enum wides_way way = WIDES_ARRAY; way <= WIDES_ROWS; way++) {
        server_sql(wides_now->url, "DELETE FROM bag");
        fill(rows);
        rows[7].texts.items = bad, rows[7].texts.count = 1;
        assert_int_equal(insert(way, rows, BAGS), OST_RANGE);
        assert_string_equal(wides_text("SELECT count(*) FROM bag"), "0");
    }
}

/* A packet takes less than one record, or than all of them. */
static void documents_that_are_too_large_for_a_packet(void **state)
{
    enum { SIZE = 3 << 20 };
    char *text = malloc(SIZE + 1);
    const char *const texts[] = { text, text, text, text, text, text };
    bag rows[BAGS];
    size_t kept = wides_now->b.c->max_packet;
    (void)state;
    assert_non_null(text);
    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    fill(rows);
    for (int i = 0; i < BAGS; i++)
        rows[i].texts.items = texts, rows[i].texts.count = (size_t)(i % 3);
    for (enum wides_way way = WIDES_ARRAY; way <= WIDES_ROWS; way++) {
        server_sql(wides_now->url, "DELETE FROM bag");
        if (insert(way, rows, BAGS) != OST_OK)
            fail_msg("way %d: %s", (int)way, wides_now->b.error.message);
        assert_string_equal(wides_text("SELECT SUM(JSON_LENGTH(texts)) FROM bag"), "12");
    }
    server_sql(wides_now->url, "DELETE FROM bag");
    wides_now->b.c->max_packet = 4 << 20;
    assert_int_equal(insert(WIDES_ARRAY, rows, BAGS), OST_TOO_LARGE);
    assert_string_equal(wides_now->b.error.field, "texts");
    assert_string_equal(wides_text("SELECT count(*) FROM bag"), "0");
    wides_now->b.c->max_packet = kept;
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_the_column_of_its_kind),
        cmocka_unit_test(every_way_leads_there_and_back),
        cmocka_unit_test(a_bad_one_among_many),
        cmocka_unit_test(documents_that_are_too_large_for_a_packet),
    };
    return cmocka_run_group_tests(tests, begin, wides_end);
}
