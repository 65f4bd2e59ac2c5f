/* SPDX-License-Identifier: MIT */
/* Saving many records as one unit. */
#include "rig.h"

enum { BOOKS = 6 };

/* Six books, loaded in the order of their keys. */
static book *loaded(rig *r)
{
    book many[BOOKS];
    size_t count;
    for (int i = 0; i < BOOKS; i++)
        many[i] = (book){ .title = "A title", .stock = i };
    OK(ost_insert_many(r->s, book, many, BOOKS));
    ost_query *q = ost_from(r->s, book);
    ost_order_by(q, ost_asc(book, id));
    book *books = ost_all(q, book, &count);
    assert_int_equal(count, BOOKS);
    rig_forget(r);
    return books;
}

/* What is stored of a book, as another session reads it. */
static int stock_of(rig *r, int64_t id)
{
    ost_session *s = rig_session(r, NULL);
    const book *b = ost_get(s, book, id);
    int stock = b ? b->stock : -1;
    ost_session_close(s);
    return stock;
}

static void like_changes_are_one_operation(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    for (int i = 0; i < BOOKS; i++)
        books[i].stock = 100 + i;
    OK(ost_save_many(r->s, book, books, BOOKS));
    assert_int_equal(rig_sent(r), 3);
    assert_int_equal(rig_count(r, "BEGIN"), 1);
    assert_int_equal(rig_count(r, "UPDATE"), 1);
    assert_int_equal(rig_count(r, "COMMIT"), 1);
    for (int i = 0; i < BOOKS; i++)
        assert_int_equal(stock_of(r, books[i].id), 100 + i);
    rig_forget(r);
    OK(ost_save_many(r->s, book, books, BOOKS));
    assert_int_equal(rig_sent(r), 0);
}

static void each_set_of_members_is_an_operation_of_its_own(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    books[0].stock = 50;
    books[1].title = " Trimmed ";
    books[2].stock = 52;
    books[4].title = "Four", books[4].stock = 54;
    books[5].title = "Five";
    OK(ost_save_many(r->s, book, books, BOOKS));
    assert_int_equal(rig_count(r, "UPDATE"), 3);
    /* In the order of their first records. */
    HAS(rig_text(r, 1), "stock");
    assert_null(strstr(rig_text(r, 1), "title"));
    HAS(rig_text(r, 2), "title");
    assert_null(strstr(rig_text(r, 2), "stock"));
    HAS(rig_text(r, 3), "title");
    HAS(rig_text(r, 3), "stock");
    assert_string_equal(books[1].title, "Trimmed");
    assert_string_equal(rig_title(r, books[1].id), "Trimmed");
    assert_string_equal(rig_title(r, books[4].id), "Four");
    assert_string_equal(rig_title(r, books[5].id), "Five");
    static const int stocks[] = { 50, 1, 52, 3, 54, 5 };
    for (int i = 0; i < BOOKS; i++)
        assert_int_equal(stock_of(r, books[i].id), stocks[i]);
}

static void one_change_needs_no_transaction(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    books[3].stock = 7;
    OK(ost_save_many(r->s, book, books, BOOKS));
    assert_int_equal(rig_sent(r), 1);
    assert_int_equal(stock_of(r, books[3].id), 7);
}

static void none_is_sent_for_nothing(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    OK(ost_save_many(r->s, book, books, BOOKS));
    OK(ost_save_many(r->s, book, (book *)NULL, 0));
    assert_int_equal(rig_sent(r), 0);
    FAILS(OST_MISUSE, "a NULL record of book was given",
          ost_save_many(r->s, book, (book *)NULL, 2));
    FAILS(OST_TOO_LARGE, "are too many", ost_save_many(r->s, book, books, SIZE_MAX / 2));
}

static void a_sorted_array_and_a_part_of_one_are_saved(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    for (int i = 0; i < BOOKS / 2; i++) {
        book other = books[i];
        books[i] = books[BOOKS - 1 - i];
        books[BOOKS - 1 - i] = other;
    }
    for (int i = 0; i < BOOKS; i++)
        books[i].stock = 10 * i;
    OK(ost_save_many(r->s, book, books + 2, 3));
    for (int i = 0; i < BOOKS; i++)
        assert_int_equal(stock_of(r, books[i].id), i >= 2 && i < 5 ? 10 * i : BOOKS - 1 - i);
}

static void what_was_not_loaded_is_misuse(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    book own[2] = { { .id = books[0].id, .title = "x" }, { .id = books[1].id, .title = "y" } };
    FAILS(OST_MISUSE, "record 0: this book was not loaded by the session",
          ost_save_many(r->s, book, own, 2));
    books[0].stock = 9;
    FAILS(OST_MISUSE, "record 6: this book was not loaded",
          ost_save_many(r->s, book, books, BOOKS + 1));
    assert_int_equal(rig_sent(r), 0);
    books[2].id = 31000;
    FAILS(OST_MISUSE, "record 2: book: the key of a loaded record was changed",
          ost_save_many(r->s, book, books, BOOKS));
    assert_int_equal(rig_sent(r), 0);
}

static void validation_tells_every_record_and_sends_nothing(void **state)
{
    rig *r = *state;
    ost_failure f;
    book *books = loaded(r);
    books[0].stock = 8;
    books[1].stock = -1;
    books[4].stock = 1001, books[4].title = " ";
    FAILS(OST_INVALID, "record 1: ", ost_save_many(r->s, book, books, BOOKS));
    const ost_error *e = ost_session_error(r->s);
    assert_int_equal(e->failure_count, 3);
    assert_true(ost_error_failure(e, 0, &f));
    assert_string_equal(f.path, "[1].stock");
    assert_true(ost_error_failure(e, 1, &f));
    assert_string_equal(f.path, "[4].title");
    assert_int_equal(e->nothing_sent, 1);
    assert_int_equal(rig_sent(r), 0);
    books[1].stock = 1;
    books[4].stock = 4, books[4].title = "A title";
    OK(ost_save_many(r->s, book, books, BOOKS));
    assert_int_equal(stock_of(r, books[0].id), 8);
}

static void a_record_that_is_gone_undoes_all(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    ost_session *other = rig_session(r, NULL);
    assert_int_equal(ost_delete(other, book, &(book){ .id = books[2].id }), OST_OK);
    ost_session_close(other);
    for (int i = 0; i < BOOKS; i++)
        books[i].stock = 100 + i;
    books[0].title = "Apart";
    FAILS(OST_STALE, "this book is not stored any more", ost_save_many(r->s, book, books, BOOKS));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 0);
    assert_string_equal(ost_session_error(r->s)->model, "book");
    assert_int_equal(stock_of(r, books[0].id), 0);
    assert_int_equal(stock_of(r, books[5].id), 5);
    /* The changes are still to be saved. */
    OK(ost_save_many(r->s, book, books, 2));
    OK(ost_save_many(r->s, book, books + 3, 3));
    assert_int_equal(stock_of(r, books[0].id), 100);
    assert_int_equal(stock_of(r, books[5].id), 105);
    FAILS(OST_STALE, "record 0: this book is not stored any more",
          ost_save_many(r->s, book, books + 2, 1));
}

/* Where the driver says which record it was, so does the error. */
static void a_record_that_is_gone_is_named(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    ost_session *other = rig_session(r, NULL);
    assert_int_equal(ost_delete(other, book, &(book){ .id = books[3].id }), OST_OK);
    ost_session_close(other);
    books[0].title = "Apart";
    for (int i = 1; i < BOOKS; i++)
        books[i].stock = 100 + i;
    FAILS(OST_STALE, "record 3: this book is not stored any more",
          ost_save_many(r->s, book, books, BOOKS));
}

static void a_conflict_undoes_all_and_is_named(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    for (int i = 0; i < BOOKS; i++)
        books[i].isbn = i < 4 ? (const char *[]){ "a", "b", "c", "d" }[i] : "e";
    books[0].stock = 77;
    FAILS(OST_CONFLICT, "isbn", ost_save_many(r->s, book, books, BOOKS));
    HAS(ost_session_error(r->s)->message, "record 5: ");
    assert_int_equal(stock_of(r, books[0].id), 0);
    books[5].isbn = "f";
    OK(ost_save_many(r->s, book, books, BOOKS));
    assert_int_equal(stock_of(r, books[0].id), 77);
    FAILS(OST_MISUSE, "ost_commit without ost_begin", ost_commit(r->s));
}

/* ---- inside a transaction ---- */

static void inside_a_transaction_it_is_a_savepoint(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    ost_session *other;
    OK(ost_begin(r->s, NULL));
    books[0].stock = 10, books[1].stock = 11;
    OK(ost_save_many(r->s, book, books, BOOKS));
    assert_int_equal(rig_count(r, "SAVEPOINT"), 1);
    assert_int_equal(rig_count(r, "RELEASE"), 1);
    OK(ost_rollback(r->s));
    assert_int_equal(stock_of(r, books[0].id), 0);
    /* What was undone is written again. */
    OK(ost_save_many(r->s, book, books, BOOKS));
    assert_int_equal(stock_of(r, books[0].id), 10);
    assert_int_equal(stock_of(r, books[1].id), 11);
    other = rig_session(r, NULL);
    assert_int_equal(ost_delete(other, book, &(book){ .id = books[4].id }), OST_OK);
    ost_session_close(other);
    /* One that is gone undoes the savepoint, and dooms nothing. */
    OK(ost_begin(r->s, NULL));
    rig_book(r, "beside", 1);
    books[1].stock = 12, books[4].title = "Gone";
    FAILS(OST_STALE, "record 4: ", ost_save_many(r->s, book, books, BOOKS));
    OK(ost_save(r->s, book, &books[1]));
    OK(ost_commit(r->s));
    assert_int_equal(stock_of(r, books[1].id), 12);
    assert_int_equal(rig_books(r), BOOKS);
}

/* Nothing of what was written before a failure can be undone alone. */
static void without_savepoints_a_failure_dooms_the_transaction(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    OK(ost_begin(r->s, NULL));
    books[0].stock = 10, books[1].stock = 11;
    OK(ost_save_many(r->s, book, books, BOOKS));
    OK(ost_rollback(r->s));
    assert_int_equal(stock_of(r, books[0].id), 0);
    OK(ost_begin(r->s, NULL));
    OK(ost_save_many(r->s, book, books, BOOKS));
    OK(ost_commit(r->s));
    assert_int_equal(stock_of(r, books[1].id), 11);
    ost_session *other = rig_session(r, NULL);
    OK(ost_delete(other, book, &(book){ .id = books[4].id }));
    ost_session_close(other);
    OK(ost_begin(r->s, NULL));
    rig_book(r, "beside", 1);
    books[1].stock = 12, books[4].title = "Gone";
    FAILS(OST_STALE, "record 4: ", ost_save_many(r->s, book, books, BOOKS));
    FAILS(OST_STALE, "record 4: ", ost_save(r->s, book, &books[1]));
    FAILS(OST_STALE, "record 4: ", ost_commit(r->s));
    assert_int_equal(stock_of(r, books[1].id), 11);
    assert_int_equal(rig_books(r), BOOKS - 1);
    OK(ost_save(r->s, book, &books[1]));
    assert_int_equal(stock_of(r, books[1].id), 12);
}

static void a_conflict_dooms_the_unit_around_it(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    OK(ost_begin(r->s, NULL));
    books[0].isbn = books[1].isbn = "same";
    FAILS(OST_CONFLICT, "record 1: book.isbn", ost_save_many(r->s, book, books, BOOKS));
    FAILS(OST_CONFLICT, "record 1: book.isbn", ost_save_many(r->s, book, books, BOOKS));
    FAILS(OST_CONFLICT, "record 1: book.isbn", ost_commit(r->s));
    OK(ost_begin(r->s, NULL));
    /* Alone it has no savepoint, and dooms alike. */
    OK(ost_save_many(r->s, book, books, 1));
    FAILS(OST_CONFLICT, "record 0: book.isbn", ost_save_many(r->s, book, books + 1, 1));
    FAILS(OST_CONFLICT, "record 0: book.isbn", ost_commit(r->s));
}

static void fm27_a_rollback_takes_back_stamps(void **state)
{
    rig *r = *state;
    size_t count;
    note many[3] = { { .text = "a" }, { .text = "b" }, { .text = "c" } };
    OK(ost_insert_many(r->s, note, many, 3));
    ost_query *q = ost_from(r->s, note);
    ost_order_by(q, ost_asc(note, id));
    note *notes = ost_all(q, note, &count);
    const ost_time before = notes[0].changed_at;
    rig_advance(r, 5000000000);
    OK(ost_begin(r->s, NULL));
    notes[0].text = "A", notes[2].text = "C";
    OK(ost_save_many(r->s, note, notes, count));
    assert_int_equal(ost_time_compare(before, notes[0].changed_at), -1);
    assert_int_equal(ost_time_compare(before, notes[1].changed_at), 0);
    OK(ost_rollback(r->s));
    assert_int_equal(ost_time_compare(before, notes[0].changed_at), 0);
    assert_string_equal(notes[0].text, "A");
    OK(ost_save_many(r->s, note, notes, count));
    assert_string_equal(((note *)ost_get(r->s, note, notes[2].id))->text, "C");
}

static void what_was_undone_must_be_reloaded(void **state)
{
    rig *r = *state;
    size_t count;
    int64_t id = loaded(r)->id;
    OK(ost_begin(r->s, NULL));
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, id, id));
    OK(ost_update(q, NULL, ost_set(book, stock, 99)));
    book *books = ost_all(ost_from(r->s, book), book, &count);
    OK(ost_rollback(r->s));
    books[1].stock = 3;
    FAILS(OST_STALE, "record 0: this book was loaded or written in a transaction that was rolled",
          ost_save_many(r->s, book, books, count));
    for (size_t i = 0; i < count; i++)
        OK(ost_reload(r->s, book, &books[i]));
    books[1].stock = 3;
    OK(ost_save_many(r->s, book, books, count));
}

static void composite_keys_and_many_records(void **state)
{
    rig *r = *state;
    enum { MANY = 500 };
    static loan many[MANY];
    size_t count;
    for (int64_t i = 0; i < MANY; i++)
        many[i] = (loan){ .book = i / 7, .reader = i, .note = "x" };
    OK(ost_insert_many(r->s, loan, many, MANY));
    loan *loans = ost_all(ost_from(r->s, loan), loan, &count);
    for (size_t i = 0; i < count; i++)
        loans[i].due.days = (int32_t)loans[i].reader;
    OK(ost_save_many(r->s, loan, loans, count));
    loans = ost_all(ost_from(r->s, loan), loan, &count);
    assert_int_equal(count, MANY);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(loans[i].due.days, (int32_t)loans[i].reader);
}

/* ---- failures of the connection ---- */

static void a_lost_commit_distrusts_them(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    books[0].stock = 10, books[1].stock = 11;
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_COMMIT), .action = OST_FAKE_LOSE_ANSWER,
                              .effects = OST_FAKE_LOSES_CONNECTION));
    FAILS(OST_UNKNOWN_OUTCOME, "COMMIT", ost_save_many(r->s, book, books, 2));
    books[0].stock = 12;
    FAILS(OST_STALE, "record 0: ", ost_save_many(r->s, book, books, 2));
}

static void a_lost_update_leaves_all_to_be_saved(void **state)
{
    rig *r = *state;
    book *books = loaded(r);
    books[0].stock = 10, books[1].stock = 11;
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_UPDATE), .action = OST_FAKE_LOSE_ANSWER,
                              .effects = OST_FAKE_LOSES_CONNECTION));
    FAILS(OST_CONNECTION, "", ost_save_many(r->s, book, books, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(like_changes_are_one_operation),
        RIG_ALL(each_set_of_members_is_an_operation_of_its_own),
        RIG_ALL(one_change_needs_no_transaction),
        RIG_ALL(none_is_sent_for_nothing),
        RIG_ALL(a_sorted_array_and_a_part_of_one_are_saved),
        RIG_ALL(what_was_not_loaded_is_misuse),
        RIG_ALL(validation_tells_every_record_and_sends_nothing),
        RIG_ALL(a_record_that_is_gone_undoes_all),
        RIG_LOCAL(a_record_that_is_gone_is_named),
        RIG_ALL(a_conflict_undoes_all_and_is_named),
        RIG_SQL(inside_a_transaction_it_is_a_savepoint),
        RIG_ON(without_savepoints_a_failure_dooms_the_transaction, RIG_MONGODB),
        RIG_ALL(a_conflict_dooms_the_unit_around_it),
        RIG_ALL(fm27_a_rollback_takes_back_stamps),
        RIG_ALL(what_was_undone_must_be_reloaded),
        RIG_ALL(composite_keys_and_many_records),
        RIG_FAKES(a_lost_commit_distrusts_them),
        RIG_FAKES(a_lost_update_leaves_all_to_be_saved),
    };
    return RIG_RUN(tests);
}
