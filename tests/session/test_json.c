/* SPDX-License-Identifier: MIT */
/* JSON of records and lists, as the session hands it out: to the last character. */
#include "rig.h"

#include <stdlib.h>

static void a_record(void **state)
{
    rig *r = *state;
    static const uint8_t bytes[] = { 'a', 'b', 0, 0xff };
    book b = { .title = "The \"Emma\"\n\t\\ caf\xc3\xa9",
               .subtitle = "",
               .code = "E-1",
               .year = OST_SOME(1815),
               .stock = 3,
               .lent = true,
               .weight = OST_SOME(0.5),
               .price = ost_decimal_of(1990, 2),
               .cover = { bytes, sizeof bytes },
               .isbn = "978",
               .secret = "hidden" };
    OK(ost_insert(r->s, book, &b));
    assert_string_equal(ost_to_json(r->s, book, ost_get(r->s, book, b.id)),
                        "{\"id\":1,\"title\":\"The \\\"Emma\\\"\\n\\t\\\\ caf\xc3\xa9\","
                        "\"subtitle\":\"\",\"code\":\"E-1\",\"year\":1815,\"stock\":3,"
                        "\"lent\":true,\"weight\":0.5,\"price\":\"19.90\",\"cover\":\"YWIA/w==\","
                        "\"isbn\":\"978\"}");
}

static void absent_members_are_left_out(void **state)
{
    rig *r = *state;
    book b = { .id = 7, .title = "Bare" };
    OK(ost_insert(r->s, book, &b));
    const char *expected =
        "{\"id\":7,\"title\":\"Bare\",\"code\":\"\",\"stock\":0,\"lent\":false,\"price\":\"0.00\"}";
    assert_string_equal(ost_to_json(r->s, book, ost_get(r->s, book, 7)), expected);
    const book *constant = &b;
    b.price = ost_decimal_of(0, 2);
    assert_string_equal(ost_to_json(r->s, book, constant), expected);
}

static void times_and_days(void **state)
{
    rig *r = *state;
    note n = { .id = 1, .created_at = { 1709208000500000 }, .changed_at = { -1 } };
    loan l = { .book = 1, .reader = -2, .due = { 19782 } };
    assert_string_equal(ost_to_json(r->s, note, &n),
                        "{\"id\":1,\"created_at\":\"2024-02-29T12:00:00.500000Z\","
                        "\"changed_at\":\"1969-12-31T23:59:59.999999Z\"}");
    assert_string_equal(ost_to_json(r->s, loan, &l),
                        "{\"book\":1,\"reader\":-2,\"due\":\"2024-02-29\"}");
}

static void lists_and_shapes(void **state)
{
    rig *r = *state;
    size_t count = 9;
    rig_book(r, "Emma", 1815);
    rig_book(r, "Persuasion", 1817);
    ost_query *q = ost_from(r->s, book);
    ost_group_by(q, ost_col(book, year));
    ost_select(q, ost_as(year_count, year, ost_col(book, year)),
               ost_as(year_count, books, ost_count()));
    ost_order_by(q, ost_asc(year_count, year));
    const year_count *rows = ost_all(q, year_count, &count);
    assert_string_equal(ost_list_to_json(r->s, year_count, rows, count),
                        "[{\"year\":1815,\"books\":1},{\"year\":1817,\"books\":1}]");
    assert_string_equal(ost_list_to_json(r->s, year_count, rows, 0), "[]");
    assert_string_equal(ost_list_to_json(r->s, year_count, (year_count *)NULL, 0), "[]");
}

static void json_is_in_the_sessions_memory(void **state)
{
    rig *r = *state;
    loan l = { .book = 1, .reader = 2, .note = "n" };
    ost_mark mark = ost_session_mark(r->s);
    const char *json = ost_to_json(r->s, loan, &l);
    l.note = "other";
    HAS(json, "\"note\":\"n\"");
    long long live = atomic_load(&r->live);
    for (int i = 0; i < 1000; i++) {
        assert_non_null(ost_to_json(r->s, loan, &l));
        OK(ost_session_release(r->s, mark));
        mark = ost_session_mark(r->s);
    }
    assert_true(atomic_load(&r->live) <= live);
}

static void what_has_no_json_says_so(void **state)
{
    rig *r = *state;
    NULLS(OST_MISUSE, "a NULL record of book was given",
          ost_to_json(r->s, book, (const book *)NULL));
    NULLS(OST_MISUSE, "a NULL record of book was given",
          ost_list_to_json(r->s, book, (const book *)NULL, 2));
    book wrong = { .title = "\xff" };
    NULLS(OST_RANGE, "title", ost_to_json(r->s, book, &wrong));
    NULLS(OST_MISUSE, "build all sources", ost_session_to_json(r->s, &book_model, 8, &wrong));
}

static void a_page(void **state)
{
    rig *r = *state;
    size_t count;
    ost_page page;
    for (int i = 0; i < 5; i++) {
        char title[] = { (char)('a' + i), '\0' };
        rig_book(r, title, 1900 + i);
    }
    ost_query *q = ost_from(r->s, book);
    ost_group_by(q, ost_col(book, year));
    ost_select(q, ost_as(year_count, year, ost_col(book, year)),
               ost_as(year_count, books, ost_count()));
    ost_order_by(q, ost_asc(year_count, year));
    const year_count *rows = ost_paginate(q, year_count, 2, 2, &count, &page);
    assert_string_equal(ost_page_to_json(r->s, year_count, rows, count, &page),
                        "{\"items\":[{\"year\":1902,\"books\":1},{\"year\":1903,\"books\":1}],"
                        "\"page\":2,\"limit\":2,\"total\":5,\"pages\":3,\"has_next\":true,"
                        "\"has_previous\":true}");
    page = (ost_page){ .page = 1, .limit = 2 };
    assert_string_equal(ost_page_to_json(r->s, year_count, (year_count *)NULL, 0, &page),
                        "{\"items\":[],\"page\":1,\"limit\":2,\"total\":0,\"pages\":0,"
                        "\"has_next\":false,\"has_previous\":false}");
}

enum { LARGE = 5000 };
typedef struct pipe {
    rig *r;
    char *text;
    size_t size, capacity, portions, fail_at, largest;
    ost_status status;
    bool uses_session;
} pipe;

static ost_status take(void *context, const char *text, size_t size)
{
    pipe *p = context;
    assert_true(size > 0 && p->size + size < p->capacity);
    memcpy(p->text + p->size, text, size);
    p->size += size;
    p->largest = size > p->largest ? size : p->largest;
    if (p->uses_session)
        assert_true(ost_now(p->r->s).microseconds > 0 && ost_text(p->r->s, "mine"));
    return ++p->portions == p->fail_at ? p->status : OST_OK;
}

static pipe pipe_of(rig *r)
{
    pipe p = { .r = r, .capacity = LARGE * 64, .uses_session = true };
    p.text = malloc(p.capacity);
    assert_non_null(p.text);
    return p;
}

static void a_large_list_goes_out_in_portions(void **state)
{
    rig *r = *state;
    loan *loans = malloc(LARGE * sizeof *loans);
    assert_non_null(loans);
    for (int i = 0; i < LARGE; i++)
        loans[i] = (loan){ .book = i, .reader = -i, .due = { i } };
    pipe p = pipe_of(r);
    OK(ost_list_write_json(r->s, loan, loans, LARGE, take, &p));
    const char *whole = ost_list_to_json(r->s, loan, loans, LARGE);
    assert_non_null(whole);
    assert_int_equal(p.size, strlen(whole));
    assert_memory_equal(p.text, whole, p.size);
    assert_true(p.portions > 3 && p.largest < 40000);
    p.size = 0;
    OK(ost_list_write_json(r->s, loan, (loan *)NULL, 0, take, &p));
    assert_true(p.size == 2 && memcmp(p.text, "[]", 2) == 0);
    /* What a sink says ends it. */
    p.size = p.portions = 0;
    p.fail_at = 2, p.status = OST_CANCELLED;
    FAILS(OST_CANCELLED, "the sink of the json of loan returned OST_CANCELLED",
          ost_list_write_json(r->s, loan, loans, LARGE, take, &p));
    assert_int_equal(p.portions, 2);
    loans[LARGE - 1].note = "\xff";
    p.size = p.portions = p.fail_at = 0;
    FAILS(OST_RANGE, "loan.note", ost_list_write_json(r->s, loan, loans, LARGE, take, &p));
    assert_true(p.size < strlen(whole));
    FAILS(OST_MISUSE, "a NULL record", ost_list_write_json(r->s, loan, (loan *)NULL, 1, take, &p));
    FAILS(OST_MISUSE, "needs a sink", ost_list_write_json(r->s, loan, loans, 1, NULL, NULL));
    free(loans);
    free(p.text);
}

static void rows_of_a_query_go_out_as_they_come(void **state)
{
    rig *r = *state;
    pipe p = pipe_of(r);
    rig_book(r, "Emma", 1815);
    rig_book(r, "Persuasion", 1817);
    ost_query *q = ost_from(r->s, book);
    ost_order_by(q, ost_desc(book, year));
    OK(ost_write_json(q, book, take, &p));
    p.text[p.size] = '\0';
    size_t count;
    q = ost_from(r->s, book);
    ost_order_by(q, ost_desc(book, year));
    const book *books = ost_all(q, book, &count);
    assert_string_equal(p.text, ost_list_to_json(r->s, book, books, count));
    p.size = 0;
    q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, year, 1));
    OK(ost_write_json(q, book, take, &p));
    assert_true(p.size == 2 && memcmp(p.text, "[]", 2) == 0);
    /* Mistakes of the query, and of the sink. The cursor is closed in any case. */
    q = ost_from(r->s, book);
    ost_where(q, NULL);
    p.portions = 0;
    assert_int_equal(ost_write_json(q, book, take, &p), OST_MISUSE);
    assert_int_equal(p.portions, 0);
    p.fail_at = 1, p.status = OST_CANCELLED;
    FAILS(OST_CANCELLED, "the sink", ost_write_json(ost_from(r->s, book), book, take, &p));
    assert_int_equal(ost_write_json(NULL, book, take, &p), OST_MISUSE);
    OK(ost_session_clear(r->s));
    free(p.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_record),
        RIG_ALL(absent_members_are_left_out),
        RIG_ALL(times_and_days),
        RIG_ALL(lists_and_shapes),
        RIG_ALL(a_page),
        RIG_ON(a_large_list_goes_out_in_portions, RIG_MEMORY),
        RIG_ALL(rows_of_a_query_go_out_as_they_come),
        RIG_ALL(json_is_in_the_sessions_memory),
        RIG_ALL(what_has_no_json_says_so),
    };
    return RIG_RUN(tests);
}
