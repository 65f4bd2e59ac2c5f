/* SPDX-License-Identifier: MIT */
/* Many records as one unit. */
#include "rig.h"

static void all_are_stored_and_get_their_keys(void **state)
{
    rig *r = *state;
    book many[5];
    for (int i = 0; i < 5; i++)
        many[i] = (book){ .title = " Faust ", .stock = i };
    many[2].id = 500;
    OK(ost_insert_many(r->s, book, many, 5));
    assert_int_equal(rig_books(r), 5);
    for (int i = 0; i < 5; i++) {
        const book *found = ost_get(r->s, book, many[i].id);
        assert_non_null(found);
        assert_int_equal(found->stock, i);
        assert_string_equal(found->title, "Faust");
        assert_string_equal(many[i].title, " Faust ");
    }
    assert_int_equal(many[2].id, 500);
    many[0].stock = 7;
    FAILS(OST_MISUSE, "was not loaded by the session", ost_save(r->s, book, &many[0]));
}

static void none_are_many(void **state)
{
    rig *r = *state;
    rig_forget(r);
    OK(ost_insert_many(r->s, book, (book *)NULL, 0));
    assert_int_equal(rig_sent(r), 0);
    FAILS(OST_MISUSE, "a NULL record of book was given",
          ost_insert_many(r->s, book, (book *)NULL, 2));
}

static void a_conflict_in_the_middle_stores_none(void **state)
{
    rig *r = *state;
    book many[4] = { { .title = "a" },
                     { .title = "b", .isbn = "1" },
                     { .title = "c", .isbn = "1" },
                     { .title = "d" } };
    FAILS(OST_CONFLICT, "record 2: book.isbn", ost_insert_many(r->s, book, many, 4));
    assert_string_equal(ost_session_error(r->s)->field, "isbn");
    assert_int_equal(rig_books(r), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(many[i].id, 0);
    many[2].isbn = "2";
    OK(ost_insert_many(r->s, book, many, 4));
    assert_int_equal(rig_books(r), 4);
}

static void validation_names_the_record_and_sends_nothing(void **state)
{
    rig *r = *state;
    ost_failure f;
    book many[3] = { { .title = "a" }, { .title = "b", .stock = -1 }, { .title = "c" } };
    rig_forget(r);
    FAILS(OST_INVALID, "record 1: ", ost_insert_many(r->s, book, many, 3));
    assert_true(ost_error_failure(ost_session_error(r->s), 0, &f));
    assert_string_equal(f.path, "[1].stock");
    assert_string_equal(f.rule, "min");
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    assert_int_equal(rig_sent(r), 0);
    /* Every failure of every record, at once. */
    many[2].title = "", many[2].stock = -2;
    FAILS(OST_INVALID, "record 1: ", ost_insert_many(r->s, book, many, 3));
    assert_int_equal(ost_session_error(r->s)->failure_count, 3);
    assert_true(ost_error_failure(ost_session_error(r->s), 1, &f));
    assert_string_equal(f.path, "[2].title");
    assert_true(ost_error_failure(ost_session_error(r->s), 2, &f));
    assert_string_equal(f.path, "[2].stock");
    assert_int_equal(rig_sent(r), 0);
}

static void a_failed_many_dooms_the_unit_around_it(void **state)
{
    rig *r = *state;
    book many[2] = { { .title = "a", .isbn = "1" }, { .title = "b", .isbn = "1" } };
    OK(ost_begin(r->s, NULL));
    rig_book(r, "before", 1);
    FAILS(OST_CONFLICT, "record 1: book.isbn", ost_insert_many(r->s, book, many, 2));
    FAILS(OST_CONFLICT, "record 1: book.isbn", ost_insert(r->s, book, &(book){ .title = "x" }));
    FAILS(OST_CONFLICT, "record 1: book.isbn", ost_commit(r->s));
    FAILS(OST_MISUSE, "ost_commit without ost_begin", ost_commit(r->s));
    assert_int_equal(rig_books(r), 0);
}

static void many_inside_a_unit_go_with_it(void **state)
{
    rig *r = *state;
    book many[2] = { { .title = "a" }, { .title = "b" } };
    OK(ost_begin(r->s, NULL));
    OK(ost_insert_many(r->s, book, many, 2));
    OK(ost_rollback(r->s));
    assert_int_equal(rig_books(r), 0);
    /* Structs of the program's own are not touched after the call. */
    assert_true(many[0].id > 0);
}

static void many_under_an_open_cursor(void **state)
{
    rig *r = *state;
    book many[2] = { { .title = "a" }, { .title = "b" } };
    for (int i = 0; i < 5; i++)
        rig_book(r, "old", i);
    ost_cursor *c = ost_stream(ost_from(r->s, book), 1);
    assert_non_null(ost_next(c, book));
    OK(ost_insert_many(r->s, book, many, 2));
    FAILS(OST_MISUSE, "ost_commit without ost_begin", ost_commit(r->s));
    assert_non_null(ost_next(c, book));
    OK(ost_cursor_close(c));
    assert_int_equal(rig_books(r), 7);
}

/* The library wrote the key into a record of the session: rollback takes it back. */
static void a_new_record_among_many_is_taken_back(void **state)
{
    rig *r = *state;
    book *n = ost_new(r->s, book);
    n->title = "Emma";
    OK(ost_begin(r->s, NULL));
    OK(ost_insert_many(r->s, book, n, 1));
    assert_true(n->id > 0);
    OK(ost_rollback(r->s));
    assert_int_equal(n->id, 0);
    OK(ost_insert_many(r->s, book, n, 1));
    n->stock = 4;
    OK(ost_save(r->s, book, n));
    assert_int_equal(((book *)ost_get(r->s, book, n->id))->stock, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(all_are_stored_and_get_their_keys),
        RIG_ALL(none_are_many),
        RIG_ALL(a_conflict_in_the_middle_stores_none),
        RIG_ALL(validation_names_the_record_and_sends_nothing),
        RIG_ALL(a_failed_many_dooms_the_unit_around_it),
        RIG_ALL(many_inside_a_unit_go_with_it),
        RIG_ALL(many_under_an_open_cursor),
        RIG_ALL(a_new_record_among_many_is_taken_back),
    };
    return RIG_RUN(tests);
}
