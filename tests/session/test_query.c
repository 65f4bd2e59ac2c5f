/* SPDX-License-Identifier: MIT */
/* Queries as sessions run them: conditions, orders from outside, one row, values, pages, and what
 * would be sent. */
#include "rig.h"

static void some(rig *r)
{
    static const struct {
        const char *title;
        int year, stock;
    } books[] = { { "Emma", 1815, 1 },    { "Persuasion", 1817, 2 }, { "Middlemarch", 1871, 2 },
                  { "Ulysses", 1922, 3 }, { "Orlando", 1928, 3 },    { "Beloved", 1987, 0 } };
    for (size_t i = 0; i < 6; i++)
        OK(ost_insert(r->s, book,
                      &(book){ .title = books[i].title,
                               .year = OST_SOME(books[i].year),
                               .stock = books[i].stock }));
    OK(ost_insert(r->s, book, &(book){ .title = "Beowulf", .stock = 1 }));
    rig_forget(r);
}

/* The first letters of all titles, in the order of the query. */
static const char *letters(rig *r, ost_query *q)
{
    static char text[32];
    size_t count = 99;
    const book *all = ost_all(q, book, &count);
    if (!all) {
        assert_int_equal(count, 0);
        return ost_session_error(r->s)->message;
    }
    for (size_t i = 0; i < count; i++)
        text[i] = all[i].title[0];
    text[count] = '\0';
    return text;
}

static ost_query *by_title(rig *r)
{
    ost_query *q = ost_from(r->s, book);
    ost_order_by(q, ost_asc(book, title));
    return q;
}

static void a_query_may_run_as_often_as_wanted(void **state)
{
    rig *r = *state;
    some(r);
    ost_query *q = by_title(r);
    assert_string_equal(letters(r, q), "BBEMOPU");
    assert_string_equal(letters(r, q), "BBEMOPU");
    ost_where(q, ost_gt(book, year, 1900));
    assert_string_equal(letters(r, q), "BOU");
    ost_limit(q, 2);
    assert_string_equal(letters(r, q), "BO");
    ost_limit(q, 0);
    assert_string_equal(letters(r, q), "");
    assert_non_null(ost_all(q, book, NULL));
}

static void lists_of_conditions_are_built_in_loops(void **state)
{
    rig *r = *state;
    const ost_expr *list[3];
    static const char *const parts[] = { "emma", "ULY", "sion" };
    some(r);
    for (size_t i = 0; i < 3; i++)
        list[i] = ost_keep(r->s, ost_has_text(book, title, parts[i]));
    ost_query *q = by_title(r);
    ost_where(q, ost_either_list(r->s, list, 3));
    assert_string_equal(letters(r, q), "EPU");
    q = by_title(r);
    ost_where(q, ost_both_list(r->s, list, 3));
    assert_string_equal(letters(r, q), "");
    q = by_title(r);
    ost_where(q, ost_both_list(r->s, list, 0));
    assert_string_equal(letters(r, q), "BBEMOPU");
    q = by_title(r);
    ost_where(q, ost_either_list(r->s, list, 0));
    assert_string_equal(letters(r, q), "");
    list[1] = NULL;
    q = by_title(r);
    ost_where(q, ost_either_list(r->s, list, 3));
    HAS(letters(r, q), "a NULL was given where an expression is needed");
    q = by_title(r);
    ost_where(q, ost_either_list(r->s, NULL, 2));
    HAS(letters(r, q), "a NULL was given");
}

/* The first mistake sticks, and what is appended afterwards changes nothing. */
static void the_first_mistake_sticks(void **state)
{
    rig *r = *state;
    int64_t n = -1;
    some(r);
    ost_query *q = by_title(r);
    ost_where(q, ost_eq(loan, reader, 1));
    ost_where(q, NULL);
    ost_order_by(q, NULL);
    assert_false(ost_order_by_name(q, "title", "asc"));
    HAS(letters(r, q), "a condition on loan.reader was given to a query over book");
    FAILS(OST_MISUSE, "loan.reader", ost_count_of(q, &n));
    FAILS(OST_MISUSE, "loan.reader", ost_update(q, NULL, ost_set(book, stock, 1)));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    assert_int_equal(rig_sent(r), 0);
}

static void texts_of_conditions_are_copied(void **state)
{
    rig *r = *state;
    char text[16] = "Emma";
    int64_t ids[] = { 1, 2 };
    some(r);
    ost_query *q = by_title(r);
    ost_where(q, ost_eq(book, title, text));
    strcpy(text, "Ulysses");
    assert_string_equal(letters(r, q), "E");
    q = by_title(r);
    ost_where(q, ost_in(book, id, ids, 2));
    ids[0] = ids[1] = 5;
    assert_string_equal(letters(r, q), "EP");
}

/* ---- orders from outside ---- */

static void an_order_by_name_takes_declared_members_alone(void **state)
{
    rig *r = *state;
    static const char *const wrong[] = { "unknown",     "",          "title; DROP TABLE books",
                                         "title DESC",  "\"title\"", "TITLE",
                                         "books.title", "1",         "secret",
                                         "title\n" };
    static const char *const directions[] = { "DESC", "descending", "", "asc; DROP TABLE books" };
    some(r);
    ost_query *q = ost_from(r->s, book);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(ost_order_by_name(q, wrong[i], "asc"));
    for (size_t i = 0; i < sizeof directions / sizeof *directions; i++)
        assert_false(ost_order_by_name(q, "title", directions[i]));
    assert_false(ost_order_by_name(q, NULL, "asc"));
    assert_null(strstr(ost_render(q), "ORDER BY"));
    assert_true(ost_order_by_name(q, "title", "desc"));
    assert_string_equal(letters(r, q), "UPOMEBB");
    q = ost_from(r->s, book);
    assert_true(ost_order_by_name(q, "stock", "asc"));
    assert_true(ost_order_by_name(q, "title", NULL));
    assert_string_equal(letters(r, q), "BBEMPOU");
    assert_int_equal(rig_books(r), 7);
}

/* ---- one row ---- */

static void first_one_exists_and_count(void **state)
{
    rig *r = *state;
    bool any = false;
    int64_t n = -1;
    some(r);
    assert_string_equal(((book *)ost_first(by_title(r), book))->title, "Beloved");
    ost_query *q = by_title(r);
    ost_where(q, ost_eq(book, stock, 3));
    assert_string_equal(((book *)ost_first(q, book))->title, "Orlando");
    NULLS(OST_RANGE, "more than one book meets the condition", ost_one(q, book));
    assert_string_equal(ost_session_error(r->s)->model, "book");
    OK(ost_exists(q, &any));
    assert_true(any);
    OK(ost_count_of(q, &n));
    assert_int_equal(n, 2);
    ost_where(q, ost_eq(book, title, "Ulysses"));
    assert_string_equal(((book *)ost_one(q, book))->title, "Ulysses");
    ost_where(q, ost_eq(book, year, 1));
    NULLS(OST_NOT_FOUND, "no book was found", ost_one(q, book));
    NULLS(OST_NOT_FOUND, "no book was found", ost_first(q, book));
    OK(ost_exists(q, &any));
    assert_false(any);
    OK(ost_count_of(q, &n));
    assert_int_equal(n, 0);
    q = ost_from(r->s, book);
    ost_limit(q, 5);
    ost_offset(q, 4);
    OK(ost_count_of(q, &n));
    assert_int_equal(n, 3);
    FAILS(OST_MISUSE, "there is no place for the result", ost_count_of(q, NULL));
    FAILS(OST_MISUSE, "there is no place for the result", ost_exists(q, NULL));
}

static void one_value_over_the_rows(void **state)
{
    rig *r = *state;
    ost_value v;
    some(r);
    OK(ost_value_of(ost_from(r->s, book), ost_sum(ost_col(book, stock)), &v));
    assert_int_equal(v.type, OST_TYPE_INT64);
    assert_int_equal(v.as.integer, 12);
    OK(ost_value_of(by_title(r), ost_max(ost_col(book, title)), &v));
    assert_int_equal(v.type, OST_TYPE_TEXT);
    assert_string_equal(v.as.text, "Ulysses");
    OK(ost_value_of(ost_from(r->s, book), ost_count_present(ost_col(book, year)), &v));
    assert_int_equal(v.as.integer, 6);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, stock, 77));
    OK(ost_value_of(q, ost_sum(ost_col(book, stock)), &v));
    assert_int_equal(v.type, OST_TYPE_NONE);
    OK(ost_value_of(q, ost_min(ost_col(book, title)), &v));
    assert_int_equal(v.type, OST_TYPE_NONE);
    FAILS(OST_MISUSE, "needs an aggregate", ost_value_of(q, NULL, &v));
    FAILS(OST_MISUSE, "a place for its value", ost_value_of(q, ost_count(), NULL));
    FAILS(OST_MISUSE, "ost_value_of takes an aggregate", ost_value_of(q, ost_col(book, stock), &v));
    ost_limit(q, 1);
    FAILS(OST_MISUSE, "takes no limit", ost_value_of(q, ost_sum(ost_col(book, stock)), &v));
    q = ost_from(r->s, book);
    ost_offset(q, 1);
    FAILS(OST_MISUSE, "takes no limit", ost_value_of(q, ost_sum(ost_col(book, stock)), &v));
    q = ost_from(r->s, book);
    ost_having(q, ost_cmp_gt(ost_count(), ost_lit(100)));
    FAILS(OST_MISUSE, "ost_having", ost_value_of(q, ost_sum(ost_col(book, stock)), &v));
}

static void a_sum_beyond_its_kind_is_said(void **state)
{
    rig *r = *state;
    ost_value v;
    OK(ost_insert(r->s, book, &(book){ .id = INT64_MAX, .title = "a" }));
    OK(ost_insert(r->s, book, &(book){ .id = 1, .title = "b" }));
    FAILS(OST_RANGE, "", ost_value_of(ost_from(r->s, book), ost_sum(ost_col(book, id)), &v));
    assert_non_null(ost_get(r->s, book, 1));
}

static void groups_fill_a_shape(void **state)
{
    rig *r = *state;
    size_t count = 0;
    some(r);
    ost_query *q = ost_from(r->s, book);
    ost_group_by(q, ost_col(book, year));
    ost_select(q, ost_as(year_count, year, ost_col(book, year)),
               ost_as(year_count, books, ost_count()),
               ost_as(year_count, first, ost_min(ost_col(book, title))));
    ost_order_by(q, ost_asc(year_count, year));
    year_count *rows = ost_all(q, year_count, &count);
    assert_int_equal(count, 7);
    assert_false(rows[0].year.present);
    assert_string_equal(rows[0].first, "Beowulf");
    assert_int_equal(rows[1].year.value, 1815);
    NULLS(OST_MISUSE, "a query over book yields year_count, but is asked for book",
          ost_all(q, book, &count));
    NULLS(OST_MISUSE, "use ost_select to fill another struct",
          ost_all(ost_from(r->s, book), loan, &count));
    NULLS(OST_MISUSE, "it is the shape of a result, and has no records",
          ost_all(ost_from(r->s, year_count), year_count, NULL));
}

/* ---- pages ---- */

static void pages_have_their_totals(void **state)
{
    rig *r = *state;
    size_t count = 0;
    ost_page page = { 0 };
    some(r);
    book *rows = ost_paginate(by_title(r), book, 1, 3, &count, &page);
    assert_string_equal(rows[0].title, "Beloved");
    assert_int_equal(count, 3);
    assert_int_equal(page.page, 1);
    assert_int_equal(page.limit, 3);
    assert_int_equal(page.total, 7);
    assert_int_equal(page.pages, 3);
    assert_true(page.has_next);
    assert_false(page.has_previous);
    /* Rows of a page are tracked like any. */
    rows[0].stock = 9;
    OK(ost_save(r->s, book, &rows[0]));
    rows = ost_paginate(by_title(r), book, 3, 3, &count, &page);
    assert_string_equal(rows[0].title, "Ulysses");
    assert_int_equal(count, 1);
    assert_false(page.has_next);
    assert_true(page.has_previous);
    rows = ost_paginate(by_title(r), book, 4, 3, &count, &page);
    assert_non_null(rows);
    assert_int_equal(count, 0);
    assert_int_equal(page.total, 7);
    assert_int_equal(page.pages, 3);
    assert_false(page.has_next);
    assert_true(page.has_previous);
    ost_query *q = by_title(r);
    ost_where(q, ost_eq(book, stock, 77));
    rows = ost_paginate(q, book, 1, 3, &count, &page);
    assert_non_null(rows);
    assert_int_equal(page.total, 0);
    assert_int_equal(page.pages, 0);
    assert_false(page.has_next || page.has_previous);
    assert_non_null(ost_query_page(by_title(r), OST_OF(book), 1, 7, NULL, NULL, 0));
    FAILS(OST_MISUSE, "without ost_begin", ost_commit(r->s));
}

static void pages_are_read_in_one_transaction(void **state)
{
    rig *r = *state;
    ost_page page;
    some(r);
    assert_non_null(ost_paginate(by_title(r), book, 1, 3, NULL, &page));
    assert_string_equal(rig_text(r, 0), "BEGIN");
    assert_int_equal(rig_sent(r), 4);
    assert_string_equal(rig_text(r, 3), "COMMIT");
    OK(ost_begin(r->s, NULL));
    rig_book(r, "Aeneid", 1);
    rig_forget(r);
    book *rows = ost_paginate(by_title(r), book, 1, 3, NULL, &page);
    assert_string_equal(rows[0].title, "Aeneid");
    assert_int_equal(page.total, 8);
    assert_int_equal(rig_sent(r), 2);
    OK(ost_rollback(r->s));
}

/* A page of another size than this header's. */
static void a_page_is_filled_as_far_as_it_goes(void **state)
{
    rig *r = *state;
    ost_page page;
    some(r);
    memset(&page, 0x55, sizeof page);
    assert_non_null(
        ost_query_page(by_title(r), OST_OF(book), 2, 2, NULL, &page, offsetof(ost_page, total)));
    assert_int_equal(page.page, 2);
    assert_int_equal(page.limit, 2);
    assert_int_equal(page.total, 0x5555555555555555);
}

static void wrong_pages_are_refused(void **state)
{
    rig *r = *state;
    ost_page page;
    size_t count = 9;
    some(r);
    NULLS(OST_MISUSE, "pages count from 1 and hold at least 1 row",
          ost_paginate(by_title(r), book, 0, 3, &count, &page));
    assert_int_equal(count, 0);
    NULLS(OST_MISUSE, "pages count from 1", ost_paginate(by_title(r), book, 1, 0, &count, &page));
    NULLS(OST_MISUSE, "pages count from 1",
          ost_paginate(by_title(r), book, SIZE_MAX, SIZE_MAX / 2, &count, &page));
    ost_query *q = by_title(r);
    ost_limit(q, 2);
    NULLS(OST_MISUSE, "has no limit of its own", ost_paginate(q, book, 1, 3, &count, &page));
    assert_int_equal(rig_count(r, "SELECT"), 0);
    FAILS(OST_MISUSE, "without ost_begin", ost_commit(r->s));
}

/* ---- render ---- */

static void render_shows_the_statement_and_runs_nothing(void **state)
{
    rig *r = *state;
    some(r);
    ost_query *q = by_title(r);
    ost_where(q, ost_eq(book, isbn, "not to be seen"));
    ost_limit(q, 3);
    const char *text = ost_render(q);
    bool is_mongodb = r->mode == &rig_modes[RIG_MONGODB];
    HAS(text, rig_word(r, "SELECT"));
    HAS(text, "books");
    HAS(text, is_mongodb ? "\"sort\"" : "ORDER BY");
    HAS(text, is_mongodb || r->mode == &rig_modes[RIG_POSTGRES] ? "$1" : "?");
    assert_null(strstr(text, "not to be seen"));
    assert_int_equal(rig_sent(r), 0);
    assert_string_equal(letters(r, q), "");
    assert_string_equal(rig_text(r, 0), text);
    q = by_title(r);
    ost_where(q, NULL);
    NULLS(OST_MISUSE, "a NULL condition", ost_render(q));
}

static void what_is_not_built_yet_is_unsupported(void **state)
{
    rig *r = *state;
    ost_query *q = ost_from(r->s, book);
    ost_query_include(q, &loan_model, &(const ost_member){ .path = "x" });
    NULLS(OST_UNSUPPORTED, "relations cannot be included yet", ost_all(q, book, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_query_may_run_as_often_as_wanted),
        RIG_ALL(lists_of_conditions_are_built_in_loops),
        RIG_ALL(the_first_mistake_sticks),
        RIG_ALL(texts_of_conditions_are_copied),
        RIG_ALL(an_order_by_name_takes_declared_members_alone),
        RIG_ALL(first_one_exists_and_count),
        RIG_ALL(one_value_over_the_rows),
        RIG_ALL(a_sum_beyond_its_kind_is_said),
        RIG_ALL(groups_fill_a_shape),
        RIG_ALL(pages_have_their_totals),
        RIG_ALL(pages_are_read_in_one_transaction),
        RIG_ALL(a_page_is_filled_as_far_as_it_goes),
        RIG_ALL(wrong_pages_are_refused),
        RIG_ALL(render_shows_the_statement_and_runs_nothing),
        RIG_ALL(what_is_not_built_yet_is_unsupported),
    };
    return RIG_RUN(tests);
}
