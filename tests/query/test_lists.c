/* SPDX-License-Identifier: MIT */
/* Lists in conditions, of any length: SQLite takes at most 250,000 parameters here. */
#include "query_rig.h"

#include <stdlib.h>

enum { ROWS = 2000, LIMIT = 250000, MILLION = 1000000 };

static void add_rows(void)
{
    static sample rows[ROWS];
    static char texts[ROWS][8];
    for (int i = 0; i < ROWS; i++) {
        snprintf(texts[i], sizeof texts[i], "k%d", i);
        rows[i] =
            (sample){ .i64 = i, .text = texts[i], .i8 = (signed char)(i % 100), .mood = i % 3 };
        if (i % 2)
            ost_put(rows[i].maybe, i);
    }
    OK(ost_insert_many(session, sample, rows, ROWS));
}

static void *room(size_t count, size_t size)
{
    void *p = calloc(count > 0 ? count : 1, size);
    assert_non_null(p);
    return p;
}

/* How many of the rows are among the even numbers below 2 × count. */
static int64_t evens(size_t count)
{
    return count < ROWS / 2 ? (int64_t)count : ROWS / 2;
}

static void fm43_lists_of_any_length(void **state)
{
    static const size_t counts[] = { 0, 1, LIMIT - 1, LIMIT, LIMIT + 1, MILLION };
    (void)state;
    add_rows();
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        size_t count = counts[k];
        int64_t *list = room(count, sizeof *list);
        /* From the largest, so that what is stored comes last. */
        for (size_t i = 0; i < count; i++)
            list[i] = 2 * (int64_t)(count - 1 - i);
        assert_int_equal(samples(ost_in(sample, i64, list, count)), evens(count));
        assert_int_equal(samples(ost_not_in(sample, i64, list, count)), ROWS - evens(count));
        free(list);
    }
}

/* Where the member is NULL, neither holds; but nothing is in an empty list. */
static void lists_and_members_that_are_null(void **state)
{
    static const int64_t even[] = { 2, 4 };
    (void)state;
    add_rows();
    assert_int_equal(samples(ost_in(sample, maybe, even, 2)), 0);
    assert_int_equal(samples(ost_not_in(sample, maybe, even, 2)), ROWS / 2);
    assert_int_equal(samples(ost_in(sample, maybe, even, 0)), 0);
    assert_int_equal(samples(ost_not_in(sample, maybe, even, 0)), ROWS);
}

static void fm43_lists_of_texts(void **state)
{
    static const size_t counts[] = { 0, 1, LIMIT - 1, LIMIT, LIMIT + 1 };
    (void)state;
    add_rows();
    char(*texts)[12] = room(LIMIT + 1, sizeof *texts);
    const char **list = room(LIMIT + 1, sizeof *list);
    for (size_t i = 0; i <= LIMIT; i++) {
        snprintf(texts[i], sizeof texts[i], "k%zu", 2 * i);
        list[i] = texts[i];
    }
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        assert_int_equal(samples(ost_in(sample, text, list, counts[k])), evens(counts[k]));
    }
    assert_int_equal(samples(ost_not_in(sample, text, list, LIMIT + 1)), ROWS / 2);
    /* A NULL anywhere in it is refused. */
    static const size_t places[] = { 0, 1, LIMIT / 2, LIMIT };
    for (size_t k = 0; k < 4; k++) {
        int64_t n;
        ost_query *q = ost_from(session, sample);
        list[places[k]] = NULL;
        ost_where(q, ost_in(sample, text, list, LIMIT + 1));
        FAILS("OST_MISUSE", ost_count_of(q, &n));
        assert_non_null(strstr(ost_session_error(session)->message, "holds a NULL"));
        list[places[k]] = texts[places[k]];
    }
    free(list);
    free(texts);
}

static void fm43_writes_by_long_lists(void **state)
{
    int64_t n;
    (void)state;
    add_rows();
    int *list = room(LIMIT + 1, sizeof *list);
    for (int i = 0; i <= LIMIT; i++)
        list[i] = 3 * i;
    ost_query *q = ost_from(session, sample);
    ost_where(q, ost_in(sample, i64, list, LIMIT + 1));
    OK(ost_update(q, &n, ost_set(sample, i32, 7)));
    assert_int_equal(n, (ROWS + 2) / 3);
    assert_int_equal(samples(ost_eq(sample, i32, 7)), n);
    OK(ost_delete_all(q, &n));
    assert_int_equal(n, (ROWS + 2) / 3);
    assert_int_equal(samples(ost_ge(sample, i64, 0)), ROWS - n);
    free(list);
}

/* Two of them in one statement, and a kept one whose items are gone. */
static void lists_are_copied(void **state)
{
    int64_t small[] = { 1, 2, 3 }, large[] = { 3, 4, 5 };
    char text[] = "k7";
    const char *texts[] = { text, "k8" };
    (void)state;
    add_rows();
    ost_query *q = ost_from(session, sample);
    ost_where(q, ost_in(sample, i64, small, 3));
    ost_where(q, ost_either(ost_in(sample, i64, large, 3), ost_in(sample, text, texts, 2)));
    const ost_expr *kept = ost_keep(session, ost_in(sample, text, texts, 2));
    memset(small, 0, sizeof small);
    memset(large, 0, sizeof large);
    strcpy(text, "xx");
    int64_t n;
    OK(ost_count_of(q, &n));
    assert_int_equal(n, 1);
    assert_int_equal(samples(kept), 2);
}

/* ---- kinds ---- */

static void items_fold_like_constants(void **state)
{
    static const int64_t beyond[] = { 1, 1000, -1000, 2, INT64_MAX }, nothing[] = { 1000, -1000 };
    static const double fractions[] = { 1.5, 2.0, 2.5 };
    static const bool both[] = { true, false };
    static const int moods[] = { GLAD, SAD, 99 };
    const ost_decimal decimals[] = { ost_decimal_of(100, 2), ost_decimal_of(5, 1) };
    (void)state;
    add_rows();
    assert_int_equal(samples(ost_in(sample, i8, beyond, 5)), 2 * ROWS / 100);
    assert_int_equal(samples(ost_not_in(sample, i8, beyond, 5)), ROWS - 2 * ROWS / 100);
    assert_int_equal(samples(ost_in(sample, i8, nothing, 2)), 0);
    assert_int_equal(samples(ost_not_in(sample, i8, nothing, 2)), ROWS);
    assert_int_equal(samples(ost_not_in(sample, maybe, nothing, 2)), ROWS / 2);
    assert_int_equal(samples(ost_in(sample, exact, fractions, 3)), 0);
    assert_int_equal(samples(ost_in(sample, flag, both, 2)), ROWS);
    assert_int_equal(samples(ost_in(sample, flag, both, 1)), 0);
    assert_int_equal(samples(ost_in(sample, mood, moods, 3)), 2 * ROWS / 3);
    assert_int_equal(samples(ost_in(sample, price, decimals, 2)), 0);
    assert_int_equal(samples(ost_in(sample, price, beyond, 5)), 0);
}

static void every_kind_has_lists(void **state)
{
    static const char bytes[] = "\x00\xff'";
    sample one = {
        .flag = true,
        .u64 = 5,
        .real = 1.5f,
        .exact = 2.5,
        .text = "a",
        .code = "c",
        .data = { bytes, 3 },
        .at = { 1700000000000001 },
        .day = { 5 },
        .uuid = { { 1 } },
        .object = { { 2 } },
        .price = ost_decimal_of(150, 2),
        .whole = ost_decimal_of(7, 0),
        .maybe = OST_SOME(3),
    };
    const uint64_t u64[] = { 4, 5 };
    const float real[] = { 1.5f, 2 };
    const double exact[] = { 2.5, 3 };
    const char *const code[] = { "b", "c" };
    const ost_blob data[] = { { bytes, 2 }, { bytes, 3 } };
    const ost_time at[] = { { 1 }, { 1700000000000001 } };
    const ost_date day[] = { { 4 }, { 5 } };
    const ost_uuid uuid[] = { { { 0 } }, { { 1 } } };
    const ost_object_id object[] = { { { 2 } }, { { 3 } } };
    const ost_decimal price[] = { ost_decimal_of(15, 1), ost_decimal_of(7, 0) };
    const int maybe[] = { 2, 3 };
    (void)state;
    OK(ost_insert(session, sample, &one));
    const ost_expr *const all[] = {
        ost_in(sample, u64, u64, 2),       ost_in(sample, real, real, 2),
        ost_in(sample, exact, exact, 2),   ost_in(sample, code, code, 2),
        ost_in(sample, data, data, 2),     ost_in(sample, at, at, 2),
        ost_in(sample, day, day, 2),       ost_in(sample, uuid, uuid, 2),
        ost_in(sample, object, object, 2), ost_in(sample, price, price, 2),
        ost_in(sample, whole, price, 2),   ost_in(sample, maybe, maybe, 2),
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (samples(all[i]) != 1)
            fail_msg("list %zu does not find it", i);
        assert_int_equal(samples(ost_not(all[i])), 0);
    }
    assert_int_equal(samples(ost_in(sample, data, data, 1)), 0);
}

static void absent_items_are_refused(void **state)
{
    const ost_opt_int some[] = { OST_SOME(1), { .present = false } };
    const ost_blob blobs[] = { { "a", 1 }, { NULL, 0 } };
    int64_t n;
    (void)state;
    ost_query *q = ost_from(session, sample);
    ost_where(q, ost_in(sample, maybe, some, 1));
    OK(ost_count_of(q, &n));
    q = ost_from(session, sample);
    ost_where(q, ost_in(sample, maybe, some, 2));
    FAILS("OST_MISUSE", ost_count_of(q, &n));
    q = ost_from(session, sample);
    ost_where(q, ost_in(sample, data, blobs, 2));
    FAILS("OST_MISUSE", ost_count_of(q, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUERY_CASE(fm43_lists_of_any_length), QUERY_CASE(lists_and_members_that_are_null),
        QUERY_CASE(fm43_lists_of_texts),      QUERY_CASE(fm43_writes_by_long_lists),
        QUERY_CASE(lists_are_copied),         QUERY_CASE(items_fold_like_constants),
        QUERY_CASE(every_kind_has_lists),     QUERY_CASE(absent_items_are_refused),
    };
    return cmocka_run_group_tests(tests, query_open, query_close);
}
