/* SPDX-License-Identifier: MIT */
/* Single records: new, insert, get, find, save, replace, reload, delete. */
#include "rig.h"

static void a_new_record_has_its_defaults(void **state)
{
    rig *r = *state;
    note *n = ost_new(r->s, note);
    assert_non_null(n);
    assert_int_equal(n->id, 0);
    assert_null(n->text);
    assert_true(n->stars.present && n->stars.value == 3);
    assert_int_equal(n->created_at.microseconds, 0);
    assert_int_equal(rig_sent(r), 0);
}

static void an_inserted_new_record_is_tracked(void **state)
{
    rig *r = *state;
    note *n = ost_new(r->s, note);
    n->text = "first";
    OK(ost_insert(r->s, note, n));
    assert_true(n->id > 0);
    assert_true(n->created_at.microseconds > 0);
    assert_int_equal(n->changed_at.microseconds, n->created_at.microseconds);
    int64_t created = n->created_at.microseconds;
    rig_advance(r, INT64_C(5000000000));
    n->text = "second";
    OK(ost_save(r->s, note, n));
    assert_true(n->changed_at.microseconds >= created + 5000000);
    assert_int_equal(n->created_at.microseconds, created);
    note *again = ost_get(r->s, note, n->id);
    assert_ptr_not_equal(again, n);
    assert_string_equal(again->text, "second");
    assert_int_equal(again->changed_at.microseconds, rig_stored(r, n->changed_at));
}

static void an_own_struct_gets_key_and_stamps_but_is_not_tracked(void **state)
{
    rig *r = *state;
    note own = { .text = "mine" };
    OK(ost_insert(r->s, note, &own));
    assert_true(own.id > 0);
    assert_true(own.stars.present && own.stars.value == 3);
    assert_true(own.created_at.microseconds > 0);
    own.text = "changed";
    FAILS(OST_MISUSE,
          "this note was not loaded by the session; use ost_insert for a new record, "
          "or ost_replace to write a whole one",
          ost_save(r->s, note, &own));
    assert_string_equal(ost_session_error(r->s)->model, "note");
    FAILS(OST_MISUSE, "was not loaded by the session; use ost_get to load it",
          ost_reload(r->s, note, &own));
    assert_string_equal(((note *)ost_get(r->s, note, own.id))->text, "mine");
}

static void a_given_key_is_stored_as_given(void **state)
{
    rig *r = *state;
    book b = { .id = 77, .title = "Emma", .price = ost_decimal_of(1990, 2) };
    OK(ost_insert(r->s, book, &b));
    book *found = ost_get(r->s, book, 77);
    assert_non_null(found);
    assert_string_equal(found->title, "Emma");
    assert_int_equal(ost_decimal_compare(found->price, b.price), 0);
    b.title = "Emma again";
    FAILS(OST_CONFLICT, "book.id", ost_insert(r->s, book, &b));
}

static void every_kind_comes_back(void **state)
{
    rig *r = *state;
    static const uint8_t bytes[] = { 0, 1, 255 };
    book b = { .title = " Ulysses ",
               .subtitle = "",
               .code = "U-1",
               .year = OST_SOME(1922),
               .stock = 3,
               .lent = true,
               .weight = OST_SOME(0.25),
               .price = ost_decimal_of(-1050, 2),
               .cover = { bytes, sizeof bytes },
               .isbn = "978-1",
               .secret = "s" };
    OK(ost_insert(r->s, book, &b));
    const book *found = ost_get(r->s, book, b.id);
    assert_string_equal(found->title, "Ulysses");
    assert_string_equal(found->subtitle, "");
    assert_string_equal(found->code, "U-1");
    assert_true(found->year.present && found->year.value == 1922);
    assert_int_equal(found->stock, 3);
    assert_true(found->lent);
    assert_true(found->weight.present && found->weight.value == 0.25);
    assert_int_equal(ost_decimal_compare(found->price, ost_decimal_of(-105, 1)), 0);
    assert_int_equal(found->cover.size, 3);
    assert_memory_equal(found->cover.data, bytes, 3);
    assert_string_equal(found->isbn, "978-1");
    book bare = { .title = "Bare" };
    OK(ost_insert(r->s, book, &bare));
    found = ost_get(r->s, book, bare.id);
    assert_null(found->subtitle);
    assert_null(found->cover.data);
    assert_false(found->year.present);
    assert_false(found->weight.present);
    assert_string_equal(found->code, "");
}

static void get_says_why_there_is_none(void **state)
{
    rig *r = *state;
    NULLS(OST_NOT_FOUND, "no book was found", ost_get(r->s, book, 12345));
    assert_string_equal(ost_session_error(r->s)->model, "book");
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 0);
    NULLS(OST_NOT_FOUND, "no book", ost_get(r->s, book, UINT64_MAX));
}

static void a_composite_key_is_found_by_both_members(void **state)
{
    rig *r = *state;
    for (int reader = 1; reader <= 3; reader++)
        OK(ost_insert(r->s, loan, &(loan){ .book = 1, .reader = reader, .note = "x" }));
    loan *found = ost_find(r->s, loan, ost_eq(loan, book, 1), ost_eq(loan, reader, 2));
    assert_non_null(found);
    assert_int_equal(found->reader, 2);
    found->note = "returned";
    OK(ost_save(r->s, loan, found));
    const ost_value key[] = { ost_val(1), ost_val(2) };
    const loan *again = ost_session_get(r->s, OST_OF(loan), key, 2);
    assert_string_equal(again->note, "returned");
    const loan *other = ost_find(r->s, loan, ost_eq(loan, book, 1), ost_eq(loan, reader, 3));
    assert_string_equal(other->note, "x");
    NULLS(OST_NOT_FOUND, "no loan", ost_find(r->s, loan, ost_eq(loan, reader, 9)));
    NULLS(OST_RANGE, "more than one loan meets the condition",
          ost_find(r->s, loan, ost_eq(loan, book, 1)));
    OK(ost_delete(r->s, loan, found));
    NULLS(OST_NOT_FOUND, "no loan",
          ost_find(r->s, loan, ost_eq(loan, book, 1), ost_eq(loan, reader, 2)));
}

static void half_a_composite_key_is_misuse(void **state)
{
    rig *r = *state;
    const ost_value half[] = { ost_val(1), ost_val(2), ost_val(3) };
    OK(ost_insert(r->s, loan, &(loan){ .book = 1, .reader = 1 }));
    rig_forget(r);
    NULLS(OST_MISUSE, "the key of loan has 2 members, 1 were given; use ost_find",
          ost_session_get(r->s, OST_OF(loan), half, 1));
    NULLS(OST_MISUSE, "the key of loan has 2 members, 3 were given",
          ost_session_get(r->s, OST_OF(loan), half, 3));
    NULLS(OST_MISUSE, "2 members, 1 were given", ost_get(r->s, loan, 1));
    NULLS(OST_MISUSE, "NULL", ost_session_get(r->s, OST_OF(loan), NULL, 2));
    assert_int_equal(rig_sent(r), 0);
    const ost_value kinds[] = { ost_val(1), ost_val("two") };
    NULLS(OST_MISUSE, "loan.reader: is compared with a value of another kind",
          ost_session_get(r->s, OST_OF(loan), kinds, 2));
    NULLS(OST_MISUSE, "loan.reader: a NULL",
          ost_session_get(r->s, OST_OF(loan), (const ost_value[]){ ost_val(1), { 0 } }, 2));
}

static void find_needs_a_condition_and_no_null(void **state)
{
    rig *r = *state;
    rig_book(r, "Emma", 1815);
    rig_forget(r);
    NULLS(OST_MISUSE, "a NULL condition", ost_find(r->s, book, NULL));
    NULLS(OST_MISUSE, "a NULL condition", ost_find(r->s, book, ost_eq(book, id, 1), NULL));
    NULLS(OST_MISUSE, "a NULL condition", ost_find(r->s, book, NULL, ost_eq(book, id, 1)));
    NULLS(OST_MISUSE, "a NULL condition", ost_session_find(r->s, OST_OF(book), NULL));
    const ost_expr *const nothing[] = { &ost_expr_end };
    NULLS(OST_MISUSE, "a NULL condition", ost_session_find(r->s, OST_OF(book), nothing));
    assert_int_equal(rig_sent(r), 0);
}

static void find_takes_no_list_without_end(void **state)
{
    rig *r = *state;
    enum { MANY = 60002 };
    static const ost_expr *list[MANY];
    const ost_expr *one = ost_keep(r->s, ost_eq(book, id, 1));
    for (size_t i = 0; i < MANY; i++)
        list[i] = one;
    rig_forget(r);
    NULLS(OST_MISUSE, "NULL", ost_session_find(r->s, OST_OF(book), list));
    assert_int_equal(rig_sent(r), 0);
}

static void replace_writes_every_member_of_an_own_struct(void **state)
{
    rig *r = *state;
    book b = { .title = "Emma", .subtitle = "a novel", .year = OST_SOME(1815), .stock = 4 };
    OK(ost_insert(r->s, book, &b));
    OK(ost_replace(r->s, book, &(book){ .id = b.id, .title = "  Persuasion " }));
    const book *found = ost_get(r->s, book, b.id);
    assert_string_equal(found->title, "Persuasion");
    assert_null(found->subtitle);
    assert_false(found->year.present);
    assert_int_equal(found->stock, 0);
    FAILS(OST_NOT_FOUND, "no book has this key",
          ost_replace(r->s, book, &(book){ .id = 999, .title = "Nobody" }));
    FAILS(OST_INVALID, "title", ost_replace(r->s, book, &(book){ .id = b.id }));
}

static void replace_of_a_tracked_record_is_what_is_stored(void **state)
{
    rig *r = *state;
    book *b = ost_get(r->s, book, rig_book(r, "Emma", 1815));
    b->title = "Persuasion";
    OK(ost_replace(r->s, book, b));
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 0);
    assert_string_equal(rig_title(r, b->id), "Persuasion");
}

static void reload_reads_in_place(void **state)
{
    rig *r = *state;
    book *b = ost_get(r->s, book, rig_book(r, "Emma", 1815));
    OK(ost_replace(r->s, book, &(book){ .id = b->id, .title = "Persuasion", .stock = 9 }));
    b->title = "a draft";
    b->stock = 1;
    OK(ost_reload(r->s, book, b));
    assert_string_equal(b->title, "Persuasion");
    assert_int_equal(b->stock, 9);
    assert_false(b->year.present);
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 0);
    b->stock = 8;
    OK(ost_save(r->s, book, b));
    assert_int_equal(((book *)ost_get(r->s, book, b->id))->stock, 8);
}

static void what_is_gone_says_so(void **state)
{
    rig *r = *state;
    book *b = ost_get(r->s, book, rig_book(r, "Emma", 1815));
    OK(ost_delete(r->s, book, b));
    FAILS(OST_NOT_FOUND, "no book has this key", ost_delete(r->s, book, b));
    FAILS(OST_NOT_FOUND, "no book has this key", ost_reload(r->s, book, b));
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 0);
    b->stock = 5;
    FAILS(OST_STALE, "this book is not stored any more", ost_save(r->s, book, b));
    FAILS(OST_STALE, "not stored any more", ost_save(r->s, book, b));
    assert_int_equal(rig_books(r), 0);
}

static void delete_takes_any_struct_with_the_key(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    rig_book(r, "Persuasion", 1817);
    OK(ost_delete(r->s, book, &(book){ .id = id }));
    assert_int_equal(rig_books(r), 1);
    assert_string_equal(rig_title(r, id), "");
}

static void validation_lists_every_failure_and_sends_nothing(void **state)
{
    rig *r = *state;
    ost_failure f;
    book b = { .title = "  ", .stock = -1 };
    rig_forget(r);
    FAILS(OST_INVALID, "", ost_insert(r->s, book, &b));
    const ost_error *e = ost_session_error(r->s);
    assert_int_equal(e->failure_count, 2);
    assert_true(ost_error_failure(e, 0, &f));
    assert_string_equal(f.path, "title");
    assert_string_equal(f.rule, "required");
    assert_true(ost_error_failure(e, 1, &f));
    assert_string_equal(f.path, "stock");
    assert_string_equal(f.rule, "min");
    assert_string_equal(e->model, "book");
    assert_int_equal(e->nothing_sent, 1);
    assert_string_equal(b.title, "  ");
    assert_int_equal(rig_sent(r), 0);
}

static void a_conflict_has_the_form_of_a_failure(void **state)
{
    rig *r = *state;
    ost_failure f;
    OK(ost_insert(r->s, book, &(book){ .title = "Emma", .isbn = "978-1" }));
    book *twin = ost_new(r->s, book);
    twin->title = " Twin ";
    twin->isbn = "978-1";
    FAILS(OST_CONFLICT, "book.isbn", ost_insert(r->s, book, twin));
    const ost_error *e = ost_session_error(r->s);
    assert_string_equal(e->field, "isbn");
    assert_true(ost_error_failure(e, 0, &f));
    assert_string_equal(f.path, "isbn");
    assert_string_equal(f.rule, "unique");
    assert_string_equal(twin->title, " Twin ");
    assert_int_equal(twin->id, 0);
    twin->isbn = "978-2";
    OK(ost_insert(r->s, book, twin));
    assert_string_equal(twin->title, "Twin");
    OK(ost_insert(r->s, book, &(book){ .title = "No number" }));
    OK(ost_insert(r->s, book, &(book){ .title = "No number" }));
}

static void null_records_and_shapes_are_refused(void **state)
{
    rig *r = *state;
    FAILS(OST_MISUSE, "a NULL record of book was given", ost_insert(r->s, book, (book *)NULL));
    FAILS(OST_MISUSE, "a NULL record", ost_save(r->s, book, (book *)NULL));
    FAILS(OST_MISUSE, "a NULL record", ost_replace(r->s, book, (book *)NULL));
    FAILS(OST_MISUSE, "a NULL record", ost_reload(r->s, book, (book *)NULL));
    FAILS(OST_MISUSE, "a NULL record", ost_delete(r->s, book, (book *)NULL));
    year_count shape = { .books = 1 };
    FAILS(OST_MISUSE, "year_count has no key: it is the shape of a result",
          ost_insert(r->s, year_count, &shape));
    NULLS(OST_MISUSE, "year_count has no key", ost_new(r->s, year_count));
    FAILS(OST_MISUSE, "no model was given", ost_session_insert(r->s, NULL, 8, &shape));
}

static void a_struct_of_another_size_is_misuse(void **state)
{
    rig *r = *state;
    char bytes[sizeof(book) + 8] = { 0 };
    const ost_value key = ost_val(1);
    NULLS(OST_MISUSE, "build all sources with the same header",
          ost_session_new(r->s, &book_model, sizeof(book) + 8));
    NULLS(OST_MISUSE, "model book describes a struct of",
          ost_session_get(r->s, &book_model, sizeof(book) - 8, &key, 1));
    FAILS(OST_MISUSE, "build all sources", ost_session_insert(r->s, &book_model, 8, bytes));
    FAILS(OST_MISUSE, "build all sources", ost_session_save(r->s, &book_model, 8, bytes));
    FAILS(OST_MISUSE, "build all sources", ost_session_replace(r->s, &book_model, 8, bytes));
    FAILS(OST_MISUSE, "build all sources", ost_session_reload(r->s, &book_model, 8, bytes));
    FAILS(OST_MISUSE, "build all sources", ost_session_delete(r->s, &book_model, 8, bytes));
    FAILS(OST_MISUSE, "build all sources", ost_session_insert_many(r->s, &book_model, 8, bytes, 2));
    NULLS(OST_MISUSE, "build all sources",
          ost_query_all(ost_session_from(r->s, &book_model, 8), &book_model, 8, NULL));
    NULLS(OST_MISUSE, "build all sources",
          ost_query_all(ost_from(r->s, book), &book_model, 8, NULL));
    assert_string_equal(ost_session_error(r->s)->model, "book");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_new_record_has_its_defaults),
        RIG_ALL(an_inserted_new_record_is_tracked),
        RIG_ALL(an_own_struct_gets_key_and_stamps_but_is_not_tracked),
        RIG_ALL(a_given_key_is_stored_as_given),
        RIG_ALL(every_kind_comes_back),
        RIG_ALL(get_says_why_there_is_none),
        RIG_ALL(a_composite_key_is_found_by_both_members),
        RIG_ALL(half_a_composite_key_is_misuse),
        RIG_ALL(find_needs_a_condition_and_no_null),
        RIG_ALL(find_takes_no_list_without_end),
        RIG_ALL(replace_writes_every_member_of_an_own_struct),
        RIG_ALL(replace_of_a_tracked_record_is_what_is_stored),
        RIG_ALL(reload_reads_in_place),
        RIG_ALL(what_is_gone_says_so),
        RIG_ALL(delete_takes_any_struct_with_the_key),
        RIG_ALL(validation_lists_every_failure_and_sends_nothing),
        RIG_ALL(a_conflict_has_the_form_of_a_failure),
        RIG_ALL(null_records_and_shapes_are_refused),
        RIG_ALL(a_struct_of_another_size_is_misuse),
    };
    return RIG_RUN(tests);
}
