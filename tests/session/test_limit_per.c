/* SPDX-License-Identifier: MIT */
/* So many rows for each value of a member. */
#include "rig.h"

#include <stdio.h>

static void shelf(rig *r)
{
    static const struct {
        const char *title;
        int year; /* 0: none */
        int stock;
    } books[] = {
        { "a", 1900, 5 }, { "b", 1900, 7 }, { "c", 1900, 6 }, { "d", 0, 1 },
        { "e", 1950, 2 }, { "f", 0, 3 },    { "g", 1950, 2 }, { "h", 0, 2 },
    };
    for (size_t i = 0; i < sizeof books / sizeof books[0]; i++) {
        book b = { .title = books[i].title, .stock = books[i].stock };
        if (books[i].year)
            ost_put(b.year, books[i].year);
        OK(ost_insert(r->s, book, &b));
    }
    rig_forget(r);
}

static ost_query *dearest(rig *r, size_t per)
{
    ost_query *q = ost_from(r->s, book);
    ost_order_by(q, ost_desc(book, stock));
    ost_limit_per(q, ost_col(book, year), per);
    return q;
}

/* The titles in their order. */
static const char *titles(rig *r, ost_query *q)
{
    static char text[40];
    size_t count;
    const book *books = ost_all(q, book, &count);
    if (!books)
        fail_msg("%s", ost_session_error(r->s)->message);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        strcat(text, books[i].title);
    return text;
}

static void the_first_of_each_value(void **state)
{
    rig *r = *state;
    shelf(r);
    /* Equal in stock are ordered by the key, from the largest like the last key given. */
    assert_string_equal(titles(r, dearest(r, 1)), "bfg");
    assert_int_equal(rig_sent(r), 1);
    assert_string_equal(titles(r, dearest(r, 2)), "bcfhge");
    assert_string_equal(titles(r, dearest(r, 100)), "bcafhged");
    assert_string_equal(titles(r, dearest(r, 0)), "");
    assert_string_equal(titles(r, dearest(r, SIZE_MAX)), "bcafhged");
}

static void without_an_order_the_key_decides(void **state)
{
    rig *r = *state;
    shelf(r);
    ost_query *q = ost_from(r->s, book);
    ost_limit_per(q, ost_col(book, year), 1);
    assert_string_equal(titles(r, q), "ade");
}

/* Conditions choose the rows of which the first count; limits cut what is left. */
static void conditions_before_and_limits_behind(void **state)
{
    rig *r = *state;
    int64_t count;
    bool any;
    shelf(r);
    ost_query *q = dearest(r, 2);
    ost_where(q, ost_lt(book, stock, 7));
    assert_string_equal(titles(r, q), "cafhge");
    OK(ost_count_of(q, &count));
    assert_int_equal(count, 6);
    ost_offset(q, 1);
    ost_limit(q, 3);
    assert_string_equal(titles(r, q), "afh");
    OK(ost_count_of(q, &count));
    assert_int_equal(count, 3);
    OK(ost_exists(q, &any));
    assert_true(any);
    q = dearest(r, 0);
    OK(ost_exists(q, &any));
    assert_false(any);
    OK(ost_count_of(q, &count));
    assert_int_equal(count, 0);
}

static void pages_streams_and_parts(void **state)
{
    rig *r = *state;
    ost_page page;
    size_t count;
    shelf(r);
    const book *books = ost_paginate(dearest(r, 1), book, 2, 2, &count, &page);
    assert_non_null(books);
    assert_int_equal(page.total, 3);
    assert_int_equal(count, 1);
    assert_string_equal(books[0].title, "g");
    ost_cursor *c = ost_stream(dearest(r, 1), 1);
    for (int i = 0; i < 3; i++)
        assert_non_null(ost_next(c, book));
    assert_null(ost_next(c, book));
    OK(ost_cursor_close(c));
    assert_string_equal(((book *)ost_first(dearest(r, 1), book))->title, "b");
    ost_query *q = dearest(r, 1);
    ost_select(q, ost_as(book, id, ost_col(book, id)), ost_as(book, title, ost_col(book, title)));
    assert_string_equal(titles(r, q), "bfg");
}

static void its_rows_are_tracked(void **state)
{
    rig *r = *state;
    size_t count;
    shelf(r);
    book *books = ost_all(dearest(r, 1), book, &count);
    assert_int_equal(count, 3);
    books[1].title = "changed";
    OK(ost_save_many(r->s, book, books, count));
    assert_string_equal(rig_title(r, books[1].id), "changed");
}

static void it_stands_where_it_fits(void **state)
{
    static const char sentence[] = "without groups, aggregates, distinct and locks";
    rig *r = *state;
    size_t count;
    ost_value v;
    ost_query *q = dearest(r, 1);
    ost_limit_per(q, ost_col(book, stock), 1);
    NULLS(OST_MISUSE, "ost_limit_per is called twice", ost_all(q, book, &count));
    q = ost_from(r->s, book);
    ost_limit_per(q, ost_lit(1), 1);
    NULLS(OST_MISUSE, "ost_limit_per takes a member; use ost_col", ost_all(q, book, &count));
    q = ost_from(r->s, book);
    ost_limit_per(q, NULL, 1);
    NULLS(OST_MISUSE, "ost_limit_per takes a member", ost_all(q, book, &count));
    q = ost_from(r->s, book);
    ost_limit_per(q, ost_col(loan, note), 1);
    NULLS(OST_MISUSE, "was given to a query over book", ost_all(q, book, &count));
    q = dearest(r, 1);
    ost_group_by(q, ost_col(book, year));
    ost_select(q, ost_as(year_count, year, ost_col(book, year)));
    NULLS(OST_MISUSE, "", ost_all(q, year_count, &count));
    q = ost_from(r->s, book);
    ost_limit_per(q, ost_col(book, year), 1);
    ost_select(q, ost_as(year_count, books, ost_count()));
    NULLS(OST_MISUSE, sentence, ost_all(q, year_count, &count));
    q = ost_from(r->s, book);
    ost_limit_per(q, ost_col(book, year), 1);
    ost_distinct(q);
    ost_select(q, ost_as(year_count, year, ost_col(book, year)));
    NULLS(OST_MISUSE, sentence, ost_all(q, year_count, &count));
    q = dearest(r, 1);
    FAILS(OST_MISUSE, "", ost_value_of(q, ost_count(), &v));
    ost_everything(q);
    FAILS(OST_MISUSE, "conditions, an order and limits only", ost_delete_all(q, NULL));
    OK(ost_begin(r->s, NULL));
    ost_lock(q, OST_LOCK_UPDATE);
    NULLS(OST_MISUSE, sentence, ost_all(q, book, &count));
    OK(ost_rollback(r->s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(the_first_of_each_value),
        RIG_ALL(without_an_order_the_key_decides),
        RIG_ALL(conditions_before_and_limits_behind),
        RIG_ALL(pages_streams_and_parts),
        RIG_ALL(its_rows_are_tracked),
        RIG_ALL(it_stands_where_it_fits),
    };
    return RIG_RUN(tests);
}
