/* SPDX-License-Identifier: MIT */
/* Reading by pages, and what is one row by its nature: counts, existence, aggregates. */
#include "rig.h"

static void a_page_says_where_it_is(void **state)
{
    static const struct {
        size_t page, count, pages;
        bool next, previous;
    } expected[] = { { 1, 2, 3, true, false },
                     { 2, 2, 3, true, true },
                     { 3, 1, 3, false, true },
                     { 4, 0, 3, false, true } };
    rig *r = *state;
    for (int i = 0; i < 5; i++)
        rig_book(r, "Emma", 1815 + i);
    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
        ost_page page;
        size_t count = 9;
        ost_query *q = ost_from(r->s, book);
        ost_order_by(q, ost_desc(book, year));
        book *rows = ost_paginate(q, book, expected[i].page, 2, &count, &page);
        assert_non_null(rows);
        assert_int_equal(count, expected[i].count);
        if (count > 0)
            assert_int_equal(rows[0].year.value, 1819 - 2 * (int)i);
        assert_int_equal(page.page, expected[i].page);
        assert_int_equal(page.limit, 2);
        assert_int_equal(page.total, 5);
        assert_int_equal(page.pages, expected[i].pages);
        assert_int_equal(page.has_next, expected[i].next);
        assert_int_equal(page.has_previous, expected[i].previous);
    }
}

static void pages_that_cannot_be_are_misuse(void **state)
{
    rig *r = *state;
    ost_page page;
    size_t count = 9;
    ost_query *limited = ost_from(r->s, book);
    ost_limit(limited, 3);
    rig_forget(r);
    NULLS(OST_MISUSE, "pages count from 1",
          ost_paginate(ost_from(r->s, book), book, 0, 2, &count, &page));
    assert_int_equal(count, 0);
    NULLS(OST_MISUSE, "at least 1 row",
          ost_paginate(ost_from(r->s, book), book, 1, 0, &count, &page));
    NULLS(OST_MISUSE, "pages count from 1",
          ost_paginate(ost_from(r->s, book), book, SIZE_MAX, SIZE_MAX / 2, &count, &page));
    NULLS(OST_MISUSE, "no limit of its own", ost_paginate(limited, book, 1, 2, &count, &page));
    assert_int_equal(rig_sent(r), 0);
}

static void what_is_one_row_by_its_nature_is_checked(void **state)
{
    static const int64_t two[] = { 1, 2 };
    const ost_fake_rule *const rules[] = {
        OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_ANSWER,
                      .times = OST_FAKE_ALWAYS),
        OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_ANSWER,
                      .times = OST_FAKE_ALWAYS, OST_FAKE_RECORDS(two)),
    };
    static const char *const said[] = { "0 rows came back", "2 rows came back" };
    rig *r = *state;
    rig_book(r, "Emma", 1815);
    for (size_t i = 0; i < 2; i++) {
        ost_page page;
        size_t rows = 9;
        int64_t count = 7;
        bool any = true;
        rig_rule(r, rules[i]);
        FAILS(OST_DRIVER_ERROR, said[i], ost_count_of(ost_from(r->s, book), &count));
        assert_int_equal(count, 7);
        FAILS(OST_DRIVER_ERROR, said[i], ost_exists(ost_from(r->s, book), &any));
        assert_true(any);
        NULLS(OST_DRIVER_ERROR, said[i],
              ost_paginate(ost_from(r->s, book), book, 1, 2, &rows, &page));
        assert_int_equal(rows, 0);
        ost_fake_forget_rules(r->fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_page_says_where_it_is),
        RIG_ALL(pages_that_cannot_be_are_misuse),
        RIG_FAKES(what_is_one_row_by_its_nature_is_checked),
    };
    return RIG_RUN(tests);
}
