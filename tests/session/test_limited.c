/* SPDX-License-Identifier: MIT */
/* Updates and deletes of the first records in an order. */
#include "rig.h"

#include <stdio.h>

/* Five books; three of 1817. */
static void five(rig *r)
{
    rig_book(r, "Ulysses", 1922);
    rig_book(r, "Persuasion", 1817);
    rig_book(r, "Northanger Abbey", 1817);
    rig_book(r, "Emma", 1815);
    rig_book(r, "Sanditon", 1817);
    rig_forget(r);
}

static ost_query *by_year(rig *r, size_t limit)
{
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_ge(book, year, 1800));
    ost_order_by(q, ost_asc(book, year));
    ost_limit(q, limit);
    return q;
}

/* The titles with this stock, in the order of their keys, with commas. */
static const char *with_stock(rig *r, int stock)
{
    static char titles[200];
    size_t count;
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, stock, stock));
    ost_order_by(q, ost_asc(book, id));
    const book *found = ost_all(q, book, &count);
    assert_non_null(found);
    titles[0] = '\0';
    for (size_t i = 0; i < count; i++)
        snprintf(titles + strlen(titles), sizeof titles - strlen(titles), "%s%s", i > 0 ? ", " : "",
                 found[i].title);
    return titles;
}

static void the_first_in_the_order_are_updated(void **state)
{
    rig *r = *state;
    int64_t matched = -1;
    five(r);
    OK(ost_update(by_year(r, 2), &matched, ost_set(book, stock, 7)));
    assert_int_equal(matched, 2);
    assert_int_equal(rig_sent(r), 1);
    /* Records of one year are ordered by their key. */
    assert_string_equal(with_stock(r, 7), "Persuasion, Emma");
    ost_query *q = by_year(r, 2);
    ost_offset(q, 1);
    OK(ost_update(q, &matched, ost_inc(book, stock, 2), ost_set(book, year, 1700)));
    assert_int_equal(matched, 2);
    assert_string_equal(with_stock(r, 9), "Persuasion");
    assert_string_equal(with_stock(r, 3), "Northanger Abbey");
    q = ost_from(r->s, book);
    ost_where(q, ost_ge(book, year, 1800));
    ost_order_by(q, ost_desc(book, year));
    ost_limit(q, 1);
    OK(ost_update_one(q, ost_set(book, stock, 5)));
    assert_string_equal(with_stock(r, 5), "Ulysses");
}

static void an_offset_alone_skips(void **state)
{
    rig *r = *state;
    int64_t deleted = -1;
    five(r);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_ge(book, year, 1));
    ost_order_by(q, ost_desc(book, title));
    ost_offset(q, 2);
    OK(ost_delete_all(q, &deleted));
    assert_int_equal(deleted, 3);
    assert_string_equal(with_stock(r, 1), "Ulysses, Sanditon");
    OK(ost_delete_all(q, &deleted));
    assert_int_equal(deleted, 0);
}

static void the_first_in_the_order_are_deleted(void **state)
{
    rig *r = *state;
    int64_t deleted = -1;
    five(r);
    OK(ost_delete_all(by_year(r, 0), &deleted));
    assert_int_equal(deleted, 0);
    OK(ost_delete_all(by_year(r, 3), &deleted));
    assert_int_equal(deleted, 3);
    assert_string_equal(with_stock(r, 1), "Ulysses, Sanditon");
    OK(ost_delete_all(by_year(r, SIZE_MAX), &deleted));
    assert_int_equal(deleted, 2);
}

/* Without an order the key is the order. */
static void a_limit_alone_goes_by_the_key(void **state)
{
    rig *r = *state;
    five(r);
    ost_query *q = ost_from(r->s, book);
    ost_everything(q);
    ost_limit(q, 2);
    OK(ost_delete_all(q, NULL));
    assert_string_equal(with_stock(r, 1), "Northanger Abbey, Emma, Sanditon");
}

static void a_limit_is_no_condition(void **state)
{
    rig *r = *state;
    five(r);
    ost_query *q = ost_from(r->s, book);
    ost_order_by(q, ost_asc(book, year));
    ost_limit(q, 1);
    FAILS(OST_MISUSE, "call ost_everything", ost_delete_all(q, NULL));
    FAILS(OST_MISUSE, "call ost_everything", ost_update(q, NULL, ost_set(book, stock, 0)));
    FAILS(OST_MISUSE, "call ost_everything", ost_update_one(q, ost_set(book, stock, 0)));
    assert_int_equal(rig_sent(r), 0);
    ost_everything(q);
    OK(ost_delete_all(q, NULL));
    assert_int_equal(rig_books(r), 4);
}

/* Two queries that differ in an order that says nothing are one statement. */
static void an_order_without_a_limit_is_not_used(void **state)
{
    rig *r = *state;
    char first[RIG_TEXT];
    five(r);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_lt(book, year, 1816));
    OK(ost_update(q, NULL, ost_set(book, stock, 8)));
    snprintf(first, sizeof first, "%s", rig_text(r, 0));
    rig_forget(r);
    ost_order_by(q, ost_asc(book, title));
    ost_order_by(q, ost_desc_of(ost_lit(1)));
    OK(ost_update(q, NULL, ost_set(book, stock, 9)));
    assert_string_equal(rig_text(r, 0), first);
    assert_string_equal(with_stock(r, 9), "Emma");
}

static void a_composite_key_names_the_records(void **state)
{
    rig *r = *state;
    int64_t matched = -1;
    for (int64_t i = 0; i < 6; i++)
        OK(ost_insert(r->s, loan,
                      &(loan){ .book = i / 2, .reader = 10 - i, .due = { (int32_t)(i % 3) } }));
    ost_query *q = ost_from(r->s, loan);
    ost_where(q, ost_ge(loan, book, 0));
    ost_order_by(q, ost_desc(loan, due));
    ost_limit(q, 3);
    ost_offset(q, 1);
    OK(ost_update(q, &matched, ost_set(loan, note, "late")));
    assert_int_equal(matched, 3);
    /* By due, then by the whole key, all from the largest. */
    static const int64_t readers[] = { 9, 8, 6 };
    size_t count;
    q = ost_from(r->s, loan);
    ost_where(q, ost_eq(loan, note, "late"));
    ost_order_by(q, ost_desc(loan, reader));
    const loan *found = ost_all(q, loan, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(found[i].reader, readers[i]);
    ost_limit(q, 1);
    OK(ost_delete_all(q, &matched));
    assert_int_equal(matched, 1);
    assert_null(ost_find(r->s, loan, ost_eq(loan, reader, 9)));
}

/* What a write fails at undoes all of it, limit or not. */
static void a_limited_update_is_all_or_nothing(void **state)
{
    rig *r = *state;
    five(r);
    OK(ost_update(by_year(r, 1), NULL, ost_set(book, isbn, "1")));
    FAILS(OST_CONFLICT, "isbn", ost_update(by_year(r, 3), NULL, ost_set(book, isbn, "2")));
    ost_query *q = ost_from(r->s, book);
    int64_t count;
    ost_where(q, ost_not_null(book, isbn));
    OK(ost_count_of(q, &count));
    assert_int_equal(count, 1);
}

/* Lists, texts and decimals among the conditions keep their places beside the limit. */
static void conditions_and_limits_keep_apart(void **state)
{
    rig *r = *state;
    int64_t matched;
    static const char *const titles[] = { "Emma", "Sanditon", "Ulysses" };
    five(r);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_in(book, title, titles, 3));
    ost_where(q, ost_eq(book, price, ost_decimal_of(0, 0)));
    ost_where(q, ost_has_text(book, title, "n"));
    ost_order_by(q, ost_desc(book, title));
    ost_limit(q, 2);
    OK(ost_update(q, &matched, ost_set(book, title, "Fragment"), ost_set(book, stock, 6)));
    assert_int_equal(matched, 1);
    assert_string_equal(with_stock(r, 6), "Fragment");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(the_first_in_the_order_are_updated),
        RIG_ALL(an_offset_alone_skips),
        RIG_ALL(the_first_in_the_order_are_deleted),
        RIG_ALL(a_limit_alone_goes_by_the_key),
        RIG_ALL(a_limit_is_no_condition),
        RIG_ALL(an_order_without_a_limit_is_not_used),
        RIG_ALL(a_composite_key_names_the_records),
        RIG_ALL(a_limited_update_is_all_or_nothing),
        RIG_ALL(conditions_and_limits_keep_apart),
    };
    return RIG_RUN(tests);
}
