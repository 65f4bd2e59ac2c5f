/* SPDX-License-Identifier: MIT */
/* Many records by their keys. */
#include "rig.h"

enum { BOOKS = 40 };

/* The keys of books, in the order of their years. */
static void stored(rig *r, int64_t ids[BOOKS])
{
    book many[BOOKS];
    for (int i = 0; i < BOOKS; i++)
        many[i] = (book){ .title = "A title", .year = OST_SOME(1900 + i), .stock = i };
    OK(ost_insert_many(r->s, book, many, BOOKS));
    for (int i = 0; i < BOOKS; i++)
        ids[i] = many[i].id;
    rig_forget(r);
}

static void they_come_in_the_order_of_the_keys(void **state)
{
    /* Each is without a factor that BOOKS has: the keys come in ever another order. */
    static const size_t steps[] = { 1, 3, 7, 9, 11, 13, 17, 39 };
    rig *r = *state;
    int64_t ids[BOOKS], keys[BOOKS];
    size_t found = 7;
    stored(r, ids);
    for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
        size_t step = steps[k];
        for (size_t i = 0; i < BOOKS; i++)
            keys[i] = ids[i * step % BOOKS];
        const book *books = ost_get_many(r->s, book, keys, BOOKS, &found);
        assert_non_null(books);
        assert_int_equal(found, BOOKS);
        for (size_t i = 0; i < BOOKS; i++) {
            assert_int_equal(books[i].id, keys[i]);
            assert_int_equal(books[i].stock, (int)(i * step % BOOKS));
            assert_string_equal(books[i].title, "A title");
        }
    }
    rig_forget(r);
    assert_non_null(ost_get_many(r->s, book, keys, BOOKS, &found));
    assert_int_equal(rig_sent(r), 1);
}

static void each_comes_once_and_missing_ones_do_not(void **state)
{
    rig *r = *state;
    int64_t ids[BOOKS];
    size_t found = 7;
    stored(r, ids);
    const int64_t keys[] = { ids[7], -1, ids[3], ids[7], ids[9], 1 << 30, ids[3], INT64_MAX };
    const int64_t expected[] = { ids[7], ids[3], ids[9] };
    const book *books = ost_get_many(r->s, book, keys, 8, &found);
    assert_int_equal(found, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(books[i].id, expected[i]);
    /* Twice the first, and a later one between: the second of it does not count. */
    const int64_t again[] = { ids[1], ids[2], ids[1] };
    books = ost_get_many(r->s, book, again, 3, &found);
    assert_int_equal(found, 2);
    assert_int_equal(books[0].id, ids[1]);
    assert_int_equal(books[1].id, ids[2]);
    /* Nothing is found: that is no failure. */
    books = ost_get_many(r->s, book, ((const int64_t[]){ -5, -6 }), 2, &found);
    assert_non_null(books);
    assert_int_equal(found, 0);
    assert_non_null(ost_get_many(r->s, book, keys, 8, NULL));
}

static void none_are_asked_for_without_a_statement(void **state)
{
    rig *r = *state;
    size_t found = 7;
    assert_non_null(ost_get_many(r->s, book, (const int64_t *)NULL, 0, &found));
    assert_int_equal(found, 0);
    assert_int_equal(rig_sent(r), 0);
}

static void keys_may_be_of_other_widths(void **state)
{
    rig *r = *state;
    int64_t ids[BOOKS];
    size_t found;
    stored(r, ids);
    const short narrow[] = { (short)ids[5], (short)ids[4] };
    const book *books = ost_get_many(r->s, book, narrow, 2, &found);
    assert_int_equal(found, 2);
    assert_int_equal(books[0].stock, 5);
    const uint64_t wide[] = { UINT64_MAX, (uint64_t)ids[6], UINT64_C(1) << 63 };
    books = ost_get_many(r->s, book, wide, 3, &found);
    assert_int_equal(found, 1);
    assert_int_equal(books[0].stock, 6);
    /* None of these can be a key. */
    assert_non_null(ost_get_many(r->s, book, wide, 1, &found));
    assert_int_equal(found, 0);
    const ost_opt_int64 maybe[] = { { true, ids[2] }, { false, 0 } };
    books = ost_get_many(r->s, book, maybe, 1, &found);
    assert_int_equal(found, 1);
    assert_int_equal(books[0].stock, 2);
    found = 7;
    NULLS(OST_MISUSE, "book.id: a list of a condition holds a NULL",
          ost_get_many(r->s, book, maybe, 2, &found));
    assert_int_equal(found, 0);
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    NULLS(OST_MISUSE, "the list of a condition is NULL",
          ost_get_many(r->s, book, (const int64_t *)NULL, 2, &found));
}

static void a_composite_key_is_refused(void **state)
{
    rig *r = *state;
    size_t found = 7;
    const int64_t keys[] = { 1, 2 };
    NULLS(OST_UNSUPPORTED, "the key of loan has 2 members",
          ost_get_many(r->s, loan, keys, 2, &found));
    assert_int_equal(found, 0);
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    assert_string_equal(ost_session_error(r->s)->model, "loan");
    assert_int_equal(rig_sent(r), 0);
}

static void they_are_tracked_row_by_row(void **state)
{
    rig *r = *state;
    int64_t ids[BOOKS];
    size_t found;
    stored(r, ids);
    const int64_t keys[] = { ids[9], ids[2], ids[5] };
    book *books = ost_get_many(r->s, book, keys, 3, &found);
    rig_forget(r);
    for (size_t i = 0; i < 3; i++)
        OK(ost_save(r->s, book, &books[i]));
    assert_int_equal(rig_sent(r), 0);
    books[1].title = "Another";
    OK(ost_save(r->s, book, &books[1]));
    assert_int_equal(rig_sent(r), 1);
    assert_string_equal(rig_title(r, ids[2]), "Another");
    ost_session *reader = rig_session(r, OST_SESSION(.read_only = true));
    books = ost_get_many(reader, book, keys, 3, &found);
    assert_int_equal(found, 3);
    books[0].stock = 1;
    assert_int_equal(ost_save(reader, book, &books[0]), OST_MISUSE);
    ost_session_close(reader);
}

static void in_a_doomed_unit_it_tells_why(void **state)
{
    rig *r = *state;
    size_t found = 7;
    const int64_t keys[] = { 1 };
    OK(ost_begin(r->s, NULL));
    OK(ost_insert(r->s, book, &(book){ .title = "a", .isbn = "1" }));
    FAILS(OST_CONFLICT, "isbn", ost_insert(r->s, book, &(book){ .title = "b", .isbn = "1" }));
    NULLS(OST_CONFLICT, "isbn", ost_get_many(r->s, book, keys, 1, &found));
    NULLS(OST_CONFLICT, "isbn", ost_get_many(r->s, book, keys, 0, &found));
    OK(ost_rollback(r->s));
}

/* Longer than the parameters of any statement, and most of it not there. */
static void fm43_any_length_works(void **state)
{
    rig *r = *state;
    enum { MANY = 70000 };
    static int64_t keys[MANY];
    int64_t ids[BOOKS];
    size_t found;
    stored(r, ids);
    for (int64_t i = 0; i < MANY; i++)
        keys[i] = ids[BOOKS - 1] + 1000 - i;
    const book *books = ost_get_many(r->s, book, keys, MANY, &found);
    if (!books)
        fail_msg("%s", ost_session_error(r->s)->message);
    assert_int_equal(found, BOOKS);
    for (size_t i = 0; i < BOOKS; i++)
        assert_int_equal(books[i].id, ids[BOOKS - 1 - i]);
}

static void another_struct_is_misuse(void **state)
{
    rig *r = *state;
    size_t found = 7;
    const int64_t key = 1;
    NULLS(OST_MISUSE, "book",
          ost_session_get_many(r->s, &book_model, 8, &key, 1, sizeof key, OST_TYPE_INT64, &found));
    assert_int_equal(found, 0);
    NULLS(OST_MISUSE, "kind that cannot be compared",
          ost_session_get_many(r->s, OST_OF(book), &key, 1, 4, OST_TYPE_INT64, &found));
    NULLS(OST_MISUSE, "of another kind",
          ost_session_get_many(r->s, OST_OF(book), &(const char *){ "x" }, 1, sizeof(char *),
                               OST_TYPE_TEXT, &found));
    assert_null(ost_session_get_many(NULL, OST_OF(book), &key, 1, 8, OST_TYPE_INT64, &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(they_come_in_the_order_of_the_keys),
        RIG_ALL(each_comes_once_and_missing_ones_do_not),
        RIG_ALL(none_are_asked_for_without_a_statement),
        RIG_ALL(keys_may_be_of_other_widths),
        RIG_ALL(a_composite_key_is_refused),
        RIG_ALL(they_are_tracked_row_by_row),
        RIG_ALL(in_a_doomed_unit_it_tells_why),
        RIG_ALL(fm43_any_length_works),
        RIG_ALL(another_struct_is_misuse),
    };
    return RIG_RUN(tests);
}
