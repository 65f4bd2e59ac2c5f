/* SPDX-License-Identifier: MIT */
/* Updates and deletes by query. */
#include "rig.h"

static void three(rig *r)
{
    rig_book(r, "Emma", 1815);
    rig_book(r, "Persuasion", 1817);
    rig_book(r, "Ulysses", 1922);
    rig_forget(r);
}

static int64_t where_stock(rig *r, int stock)
{
    int64_t count = -1;
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, stock, stock));
    OK(ost_count_of(q, &count));
    return count;
}

static ost_query *before(rig *r, int year)
{
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_lt(book, year, year));
    return q;
}

static void set_null_and_increment(void **state)
{
    rig *r = *state;
    int64_t matched = -1;
    three(r);
    OK(ost_update(before(r, 1900), &matched, ost_set(book, title, "  old "),
                  ost_set(book, price, ost_decimal_of(5, 0)), ost_inc(book, stock, 4),
                  ost_set_null(book, subtitle)));
    assert_int_equal(matched, 2);
    assert_int_equal(rig_sent(r), 1);
    assert_int_equal(where_stock(r, 5), 2);
    OK(ost_update(before(r, 1900), NULL, ost_inc(book, stock, -5), ost_inc(book, year, 1),
                  ost_inc(book, weight, 0.5)));
    const book *b = ost_find(r->s, book, ost_eq(book, year, 1816));
    assert_string_equal(b->title, "old");
    assert_int_equal(b->stock, 0);
    assert_false(b->weight.present);
    assert_int_equal(ost_decimal_compare(b->price, ost_decimal_of(5, 0)), 0);
    OK(ost_update(before(r, 1900), &matched, ost_set(book, year, (ost_opt_int){ 0 })));
    assert_int_equal(matched, 2);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_is_null(book, year));
    OK(ost_update(q, &matched, ost_inc(book, year, 1)));
    assert_int_equal(matched, 2);
    OK(ost_delete_all(q, &matched));
    assert_int_equal(matched, 2);
    assert_int_equal(rig_books(r), 1);
    OK(ost_delete_all(q, &matched));
    assert_int_equal(matched, 0);
}

static void without_a_condition_is_misuse(void **state)
{
    rig *r = *state;
    int64_t matched = -1;
    three(r);
    FAILS(OST_MISUSE,
          "a query over book: an update or delete without a condition; call "
          "ost_everything if all records are meant",
          ost_update(ost_from(r->s, book), &matched, ost_set(book, stock, 0)));
    assert_int_equal(matched, 0);
    FAILS(OST_MISUSE, "call ost_everything", ost_delete_all(ost_from(r->s, book), &matched));
    FAILS(OST_MISUSE, "call ost_everything",
          ost_update_one(ost_from(r->s, book), ost_set(book, stock, 0)));
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_both_list(r->s, NULL, 0));
    FAILS(OST_MISUSE, "call ost_everything", ost_delete_all(q, NULL));
    q = ost_from(r->s, book);
    ost_where(q, ost_either(ost_both_list(r->s, NULL, 0), ost_eq(book, id, 1)));
    FAILS(OST_MISUSE, "call ost_everything", ost_delete_all(q, NULL));
    /* True for every record in other ways: not of an or of nothing, and constants alone. */
    q = ost_from(r->s, book);
    ost_where(q, ost_not(ost_either_list(r->s, NULL, 0)));
    FAILS(OST_MISUSE, "call ost_everything", ost_delete_all(q, NULL));
    q = ost_from(r->s, book);
    ost_where(q, ost_not(ost_cmp_eq(ost_lit(1), ost_lit(2))));
    FAILS(OST_MISUSE, "call ost_everything", ost_delete_all(q, NULL));
    q = ost_from(r->s, book);
    ost_where(q, ost_not_in(book, id, (const int64_t[]){ 1 }, 0));
    FAILS(OST_MISUSE, "call ost_everything", ost_delete_all(q, NULL));
    assert_int_equal(rig_sent(r), 0);
    q = ost_from(r->s, book);
    ost_everything(q);
    OK(ost_update(q, &matched, ost_set(book, stock, 9)));
    assert_int_equal(matched, 3);
    OK(ost_delete_all(q, &matched));
    assert_int_equal(matched, 3);
    assert_int_equal(rig_books(r), 0);
}

static void an_or_of_nothing_touches_nothing(void **state)
{
    rig *r = *state;
    int64_t deleted = -1;
    three(r);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_either_list(r->s, NULL, 0));
    OK(ost_delete_all(q, &deleted));
    assert_int_equal(deleted, 0);
    const int64_t none[1] = { 0 };
    q = ost_from(r->s, book);
    ost_where(q, ost_in(book, id, none, 0));
    OK(ost_delete_all(q, &deleted));
    assert_int_equal(deleted, 0);
    assert_int_equal(rig_books(r), 3);
}

static void a_null_condition_widens_nothing(void **state)
{
    rig *r = *state;
    const char *missing = NULL;
    three(r);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, stock, 1));
    ost_where(q, NULL);
    FAILS(OST_MISUSE, "a NULL condition; leave it out, or use ost_everything",
          ost_delete_all(q, NULL));
    q = ost_from(r->s, book);
    ost_where(q, ost_both(ost_eq(book, stock, 1), NULL));
    FAILS(OST_MISUSE, "a list of conditions holds a NULL, or has no end", ost_delete_all(q, NULL));
    q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, title, missing));
    FAILS(OST_MISUSE, "book.title: a NULL or absent value in a condition; use ost_is_null",
          ost_delete_all(q, NULL));
    q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, year, (ost_opt_int){ 0 }));
    FAILS(OST_MISUSE, "book.year: a NULL or absent value", ost_delete_all(q, NULL));
    const char *const titles[] = { "Emma", NULL };
    q = ost_from(r->s, book);
    ost_where(q, ost_in(book, title, titles, 2));
    FAILS(OST_MISUSE, "book.title: a list of a condition holds a NULL", ost_delete_all(q, NULL));
    q = ost_from(r->s, book);
    ost_where(q, ost_not(NULL));
    FAILS(OST_MISUSE, "", ost_delete_all(q, NULL));
    q = ost_from(r->s, book);
    ost_where(q, ost_keep(r->s, NULL));
    FAILS(OST_MISUSE, "a NULL was given", ost_delete_all(q, NULL));
    assert_int_equal(rig_sent(r), 0);
    assert_int_equal(rig_books(r), 3);
}

static void a_list_without_end_is_misuse(void **state)
{
    rig *r = *state;
    enum { MANY = 60002 };
    static const ost_expr *list[MANY];
    three(r);
    const ost_expr *one = ost_keep(r->s, ost_eq(book, id, 1));
    for (size_t i = 0; i < MANY; i++)
        list[i] = one;
    ost_query *q = ost_from(r->s, book);
    ost_where(q, OST_EXPR(.op = OST_OP_AND, .args = list));
    FAILS(OST_MISUSE, "has no end", ost_delete_all(q, NULL));
    const ost_expr *change = ost_keep(r->s, ost_set(book, stock, 1));
    for (size_t i = 0; i < MANY; i++)
        list[i] = change;
    FAILS(OST_MISUSE, "", ost_query_update(before(r, 2000), NULL, list));
    for (size_t i = 0; i < MANY; i++)
        list[i] = ost_keep(r->s, ost_as(book, id, ost_col(book, id)));
    q = ost_from(r->s, book);
    ost_query_select(q, list);
    NULLS(OST_MISUSE, "ost_select was given a NULL, or nothing", ost_all(q, book, NULL));
    assert_int_equal(rig_sent(r), 0);
}

static void a_condition_on_another_model_names_both(void **state)
{
    rig *r = *state;
    three(r);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(loan, reader, 1));
    FAILS(OST_MISUSE, "a condition on loan.reader was given to a query over book",
          ost_delete_all(q, NULL));
    q = ost_from(r->s, book);
    ost_order_by(q, ost_asc(note, stars));
    NULLS(OST_MISUSE, "note.stars was given to a query over book", ost_all(q, book, NULL));
    FAILS(OST_MISUSE, "book.(change): a change of another model's member",
          ost_update(before(r, 1900), NULL, ost_set(loan, note, "x")));
    assert_int_equal(rig_sent(r), 0);
}

static void wrong_changes_are_refused(void **state)
{
    rig *r = *state;
    three(r);
    FAILS(OST_MISUSE, "book.stock: is changed twice in one update",
          ost_update(before(r, 1900), NULL, ost_set(book, stock, 1), ost_inc(book, stock, 1)));
    FAILS(OST_MISUSE, "book.id: a key does not change",
          ost_update(before(r, 1900), NULL, ost_set(book, id, 1)));
    FAILS(OST_MISUSE, "book.id: a key does not change",
          ost_update(before(r, 1900), NULL, ost_inc(book, id, 1)));
    FAILS(OST_MISUSE, "an update was given a NULL, or no change",
          ost_update(before(r, 1900), NULL, ost_set(book, stock, 1), NULL));
    FAILS(OST_MISUSE, "an update was given a NULL, or no change",
          ost_query_update(before(r, 1900), NULL, NULL));
    FAILS(OST_MISUSE, "a change is one of ost_set, ost_set_null, ost_inc",
          ost_update(before(r, 1900), NULL, ost_eq(book, stock, 1)));
    FAILS(OST_INVALID, "stock", ost_update(before(r, 1900), NULL, ost_set(book, stock, 1001)));
    FAILS(OST_INVALID, "title", ost_update(before(r, 1900), NULL, ost_set(book, title, " ")));
    FAILS(OST_INVALID, "title", ost_update(before(r, 1900), NULL, ost_set_null(book, title)));
    FAILS(OST_RANGE, "stock",
          ost_update(before(r, 1900), NULL, ost_set(book, stock, INT64_C(5000000000))));
    FAILS(OST_RANGE, "price",
          ost_update(before(r, 1900), NULL, ost_inc(book, price, ost_decimal_of(1, 3))));
    ost_query *q = before(r, 1900);
    ost_distinct(q);
    FAILS(OST_MISUSE, "an update or delete takes conditions, an order and limits only",
          ost_update(q, NULL, ost_set(book, stock, 1)));
    assert_int_equal(rig_sent(r), 0);
    assert_int_equal(where_stock(r, 1), 3);
}

static void an_increment_out_of_range_changes_nothing(void **state)
{
    rig *r = *state;
    three(r);
    FAILS(OST_RANGE, "stock",
          ost_update(before(r, 1900), NULL, ost_inc(book, stock, INT64_C(2147483647))));
    assert_int_equal(where_stock(r, 1), 3);
    ost_failure failure;
    FAILS(OST_INVALID, "smallest", ost_update(before(r, 1900), NULL, ost_inc(book, stock, -2)));
    assert_true(ost_error_failure(ost_session_error(r->s), 0, &failure));
    assert_string_equal(failure.path, "stock");
    assert_string_equal(failure.rule, "min");
    assert_false(ost_error_failure(ost_session_error(r->s), 1, &failure));
}

static void stamps_hold_for_updates_by_query(void **state)
{
    rig *r = *state;
    note n = { .text = "a" };
    OK(ost_insert(r->s, note, &n));
    rig_advance(r, INT64_C(7000000000));
    ost_query *q = ost_from(r->s, note);
    ost_where(q, ost_eq(note, id, n.id));
    OK(ost_update(q, NULL, ost_set(note, text, "b")));
    const note *found = ost_get(r->s, note, n.id);
    assert_true(found->changed_at.microseconds >= rig_stored(r, n.changed_at) + 7000000);
    assert_int_equal(found->created_at.microseconds, rig_stored(r, n.created_at));
}

static void update_one_changes_one_or_none(void **state)
{
    rig *r = *state;
    three(r);
    OK(ost_update_one(before(r, 1816), ost_set(book, stock, 7)));
    assert_int_equal(where_stock(r, 7), 1);
    FAILS(OST_NOT_FOUND, "no book meets the condition",
          ost_update_one(before(r, 1000), ost_set(book, stock, 8)));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 0);
    FAILS(OST_RANGE, "more than one book meets the condition; none was changed",
          ost_update_one(before(r, 1900), ost_set(book, stock, 8)));
    assert_string_equal(ost_session_error(r->s)->model, "book");
    assert_int_equal(where_stock(r, 8), 0);
    FAILS(OST_MISUSE, "ost_commit without ost_begin", ost_commit(r->s));
}

static void update_one_inside_a_unit_dooms_nothing(void **state)
{
    rig *r = *state;
    three(r);
    OK(ost_begin(r->s, NULL));
    OK(ost_update_one(before(r, 1816), ost_set(book, stock, 7)));
    FAILS(OST_RANGE, "more than one", ost_update_one(before(r, 1900), ost_set(book, stock, 8)));
    FAILS(OST_NOT_FOUND, "no book", ost_update_one(before(r, 100), ost_set(book, stock, 8)));
    rig_book(r, "after", 2000);
    OK(ost_commit(r->s));
    assert_int_equal(where_stock(r, 7), 1);
    assert_int_equal(where_stock(r, 8), 0);
    assert_int_equal(rig_books(r), 4);
}

static ost_query *of_book(rig *r, int64_t id)
{
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, id, id));
    return q;
}

/* A key meets one record at most: nothing is set up for a second one. */
static void update_one_by_key_is_one_statement(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    OK(ost_begin(r->s, NULL));
    OK(ost_update_one(of_book(r, id), ost_set(book, stock, 1)));
    rig_forget(r);
    OK(ost_update_one(of_book(r, id), ost_set(book, stock, 7)));
    assert_int_equal(rig_sent(r), 1);
    assert_int_equal(rig_count(r, "UPDATE"), 1);
    ost_query *q = of_book(r, id);
    ost_where(q, ost_eq(book, stock, 1));
    FAILS(OST_NOT_FOUND, "no book meets the condition", ost_update_one(q, ost_set(book, stock, 8)));
    FAILS(OST_NOT_FOUND, "no book", ost_update_one(of_book(r, id + 1), ost_set(book, stock, 8)));
    assert_int_equal(rig_sent(r), 3);
    OK(ost_commit(r->s));
    assert_int_equal(where_stock(r, 7), 1);
    assert_int_equal(where_stock(r, 8), 0);
}

static void a_write_by_key_that_fails_dooms(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    OK(ost_insert(r->s, book, &(book){ .title = "taken", .isbn = "1" }));
    OK(ost_begin(r->s, NULL));
    FAILS(OST_CONFLICT, "book.isbn", ost_update_one(of_book(r, id), ost_set(book, isbn, "1")));
    FAILS(OST_CONFLICT, "book.isbn", ost_commit(r->s));
    assert_int_equal(rig_books(r), 2);
}

/* What only looks like a key may meet many. */
static void update_one_by_less_than_a_key_is_watched(void **state)
{
    rig *r = *state;
    three(r);
    OK(ost_begin(r->s, NULL));
    for (int i = 0; i < 3; i++) {
        ost_query *q = ost_from(r->s, book);
        if (i == 0)
            ost_where(q, ost_ge(book, id, 1));
        else if (i == 1)
            ost_where(q, ost_either(ost_eq(book, id, 1), ost_ne(book, id, 1)));
        else
            ost_where(q, ost_eq(book, lent, false));
        FAILS(OST_RANGE, "more than one", ost_update_one(q, ost_set(book, stock, 8)));
    }
    OK(ost_commit(r->s));
    assert_int_equal(where_stock(r, 8), 0);
}

/* What the database refuses dooms the unit, also where the library had a savepoint of its own. */
static void a_write_that_fails_in_update_one_dooms(void **state)
{
    rig *r = *state;
    three(r);
    OK(ost_insert(r->s, book, &(book){ .title = "taken", .isbn = "1" }));
    OK(ost_begin(r->s, NULL));
    rig_book(r, "inside", 2000);
    FAILS(OST_CONFLICT, "book.isbn", ost_update_one(before(r, 1816), ost_set(book, isbn, "1")));
    FAILS(OST_CONFLICT, "book.isbn", ost_insert(r->s, book, &(book){ .title = "x" }));
    FAILS(OST_CONFLICT, "book.isbn", ost_commit(r->s));
    assert_int_equal(rig_books(r), 4);
}

static void update_one_under_an_open_cursor(void **state)
{
    rig *r = *state;
    three(r);
    ost_cursor *c = ost_stream(ost_from(r->s, book), 1);
    assert_non_null(ost_next(c, book));
    OK(ost_update_one(before(r, 1816), ost_set(book, stock, 7)));
    assert_non_null(ost_next(c, book));
    OK(ost_cursor_close(c));
    FAILS(OST_MISUSE, "ost_commit without ost_begin", ost_commit(r->s));
    assert_int_equal(where_stock(r, 7), 1);
}

static void tracked_records_do_not_know_of_updates_by_query(void **state)
{
    rig *r = *state;
    three(r);
    book *b = ost_find(r->s, book, ost_eq(book, year, 1815));
    OK(ost_update(before(r, 1900), NULL, ost_set(book, stock, 50)));
    b->title = "Emma II";
    OK(ost_save(r->s, book, b));
    const book *found = ost_get(r->s, book, b->id);
    assert_int_equal(found->stock, 50);
    assert_string_equal(found->title, "Emma II");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(set_null_and_increment),
        RIG_ALL(without_a_condition_is_misuse),
        RIG_ALL(an_or_of_nothing_touches_nothing),
        RIG_ALL(a_null_condition_widens_nothing),
        RIG_ALL(a_list_without_end_is_misuse),
        RIG_ALL(a_condition_on_another_model_names_both),
        RIG_ALL(wrong_changes_are_refused),
        RIG_ALL(an_increment_out_of_range_changes_nothing),
        RIG_ALL(stamps_hold_for_updates_by_query),
        RIG_ALL(update_one_changes_one_or_none),
        RIG_ALL(update_one_inside_a_unit_dooms_nothing),
        RIG_ALL(update_one_by_key_is_one_statement),
        RIG_ALL(a_write_by_key_that_fails_dooms),
        RIG_ALL(update_one_by_less_than_a_key_is_watched),
        RIG_ALL(a_write_that_fails_in_update_one_dooms),
        RIG_ALL(update_one_under_an_open_cursor),
        RIG_ALL(tracked_records_do_not_know_of_updates_by_query),
    };
    return RIG_RUN(tests);
}
