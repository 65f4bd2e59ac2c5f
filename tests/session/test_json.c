/* SPDX-License-Identifier: MIT */
/* JSON of records and lists, as the session hands it out: to the last character. */
#include "rig.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_record),
        RIG_ALL(absent_members_are_left_out),
        RIG_ALL(times_and_days),
        RIG_ALL(lists_and_shapes),
        RIG_ALL(json_is_in_the_sessions_memory),
        RIG_ALL(what_has_no_json_says_so),
    };
    return RIG_RUN(tests);
}
