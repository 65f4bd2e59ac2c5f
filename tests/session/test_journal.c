/* SPDX-License-Identifier: MIT */
/* What a rollback takes back from the session's records, and what it leaves. */
#include "rig.h"

static book *load(rig *r, const char *title)
{
    book *b = ost_get(r->s, book, rig_book(r, title, 1900));
    assert_non_null(b);
    return b;
}

static void saved_rolled_back_and_saved_again_is_written_again(void **state)
{
    rig *r = *state;
    book *b = load(r, "Emma");
    OK(ost_begin(r->s, NULL));
    b->title = "Persuasion";
    b->stock = 7;
    OK(ost_save(r->s, book, b));
    OK(ost_rollback(r->s));
    assert_string_equal(rig_title(r, b->id), "Emma");
    assert_string_equal(b->title, "Persuasion");
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_count(r, "UPDATE"), 1);
    assert_string_equal(rig_title(r, b->id), "Persuasion");
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_count(r, "UPDATE"), 1);
}

static void a_commit_keeps_what_was_saved(void **state)
{
    rig *r = *state;
    book *b = load(r, "Emma");
    OK(ost_begin(r->s, NULL));
    b->stock = 7;
    OK(ost_save(r->s, book, b));
    OK(ost_commit(r->s));
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 0);
}

static void a_savepoint_takes_back_only_what_it_did(void **state)
{
    rig *r = *state;
    book *a = load(r, "a"), *b = load(r, "b");
    OK(ost_begin(r->s, NULL));
    a->stock = 5;
    OK(ost_save(r->s, book, a));
    OK(ost_begin(r->s, NULL));
    a->stock = 6;
    b->stock = 6;
    OK(ost_save(r->s, book, a));
    OK(ost_save(r->s, book, b));
    OK(ost_rollback(r->s));
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_count(r, "UPDATE"), 1);
    a->stock = 5;
    OK(ost_save(r->s, book, a));
    assert_int_equal(rig_count(r, "UPDATE"), 1);
    OK(ost_commit(r->s));
    assert_int_equal(((book *)ost_get(r->s, book, a->id))->stock, 5);
    assert_int_equal(((book *)ost_get(r->s, book, b->id))->stock, 6);
}

static void a_kept_savepoint_goes_with_the_unit(void **state)
{
    rig *r = *state;
    book *b = load(r, "b");
    OK(ost_begin(r->s, NULL));
    OK(ost_begin(r->s, NULL));
    b->stock = 6;
    OK(ost_save(r->s, book, b));
    OK(ost_commit(r->s));
    OK(ost_rollback(r->s));
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_count(r, "UPDATE"), 1);
}

static void stamps_are_taken_back(void **state)
{
    rig *r = *state;
    note *n = ost_new(r->s, note);
    n->text = "a";
    OK(ost_insert(r->s, note, n));
    int64_t before = n->changed_at.microseconds;
    rig_advance(r, INT64_C(3000000000));
    OK(ost_begin(r->s, NULL));
    n->text = "b";
    OK(ost_save(r->s, note, n));
    assert_true(n->changed_at.microseconds > before);
    OK(ost_rollback(r->s));
    assert_int_equal(n->changed_at.microseconds, before);
    assert_string_equal(n->text, "b");
    OK(ost_save(r->s, note, n));
    assert_string_equal(((note *)ost_get(r->s, note, n->id))->text, "b");
}

static void a_generated_key_is_taken_back_from_a_new_record(void **state)
{
    rig *r = *state;
    note *n = ost_new(r->s, note), own = { .text = "mine" };
    n->text = "new";
    OK(ost_begin(r->s, NULL));
    OK(ost_insert(r->s, note, n));
    OK(ost_insert(r->s, note, &own));
    assert_true(n->id > 0 && own.id > 0);
    int64_t key = own.id;
    OK(ost_rollback(r->s));
    assert_int_equal(n->id, 0);
    assert_int_equal(n->created_at.microseconds, 0);
    assert_int_equal(own.id, key);
    FAILS(OST_MISUSE, "use ost_insert for a new record", ost_save(r->s, note, n));
    OK(ost_insert(r->s, note, n));
    assert_true(n->id > 0);
    n->text = "newer";
    OK(ost_save(r->s, note, n));
    assert_string_equal(((note *)ost_get(r->s, note, n->id))->text, "newer");
}

/* The unit had written when the record was made, and was undone: that says nothing about a record
 * that was not stored. */
static void a_new_record_of_an_undone_unit_is_as_good_as_any(void **state)
{
    rig *r = *state;
    OK(ost_begin(r->s, NULL));
    rig_book(r, "first", 1);
    book *b = ost_new(r->s, book);
    b->title = "second";
    OK(ost_insert(r->s, book, b));
    OK(ost_rollback(r->s));
    OK(ost_insert(r->s, book, b));
    b->stock = 3;
    OK(ost_save(r->s, book, b));
    assert_int_equal(((book *)ost_get(r->s, book, b->id))->stock, 3);
}

static void what_was_read_after_an_undone_write_is_stale_until_reloaded(void **state)
{
    rig *r = *state;
    size_t count;
    int64_t id = rig_book(r, "Emma", 1815), other = rig_book(r, "Ulysses", 1922);
    OK(ost_begin(r->s, NULL));
    book *early = ost_get(r->s, book, id);
    OK(ost_replace(r->s, book, &(book){ .id = id, .title = "undone" }));
    book *one = ost_get(r->s, book, id);
    ost_query *q = ost_from(r->s, book);
    ost_order_by(q, ost_asc(book, id));
    book *all = ost_all(q, book, &count);
    assert_string_equal(one->title, "undone");
    OK(ost_rollback(r->s));
    rig_forget(r);
    early->stock = one->stock = all[0].stock = all[1].stock = 9;
    FAILS(OST_STALE, "reload it", ost_save(r->s, book, one));
    FAILS(OST_STALE, "reload it", ost_save(r->s, book, &all[0]));
    FAILS(OST_STALE, "reload it", ost_save(r->s, book, &all[1]));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    assert_int_equal(rig_sent(r), 0);
    OK(ost_reload(r->s, book, one));
    assert_string_equal(one->title, "Emma");
    OK(ost_reload(r->s, book, &all[1]));
    all[1].stock = 4;
    OK(ost_save(r->s, book, &all[1]));
    FAILS(OST_STALE, "reload it", ost_save(r->s, book, &all[0]));
    one->stock = 5;
    OK(ost_save(r->s, book, one));
    OK(ost_save(r->s, book, early));
    assert_int_equal(((book *)ost_get(r->s, book, id))->stock, 9);
    assert_int_equal(((book *)ost_get(r->s, book, other))->stock, 4);
}

/* A reload that is itself rolled back leaves the record as stale as it was. */
static void a_reload_that_is_undone_does_not_count(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    OK(ost_begin(r->s, NULL));
    OK(ost_replace(r->s, book, &(book){ .id = id, .title = "undone" }));
    book *b = ost_get(r->s, book, id);
    OK(ost_rollback(r->s));
    OK(ost_begin(r->s, NULL));
    OK(ost_reload(r->s, book, b));
    assert_string_equal(b->title, "Emma");
    OK(ost_rollback(r->s));
    b->stock = 9;
    FAILS(OST_STALE, "reload it", ost_save(r->s, book, b));
    OK(ost_reload(r->s, book, b));
    b->stock = 9;
    OK(ost_save(r->s, book, b));
    const book *found = ost_get(r->s, book, id);
    assert_string_equal(found->title, "Emma");
    assert_int_equal(found->stock, 9);
}

static void a_reload_is_taken_back(void **state)
{
    rig *r = *state;
    book *b = load(r, "Emma");
    OK(ost_begin(r->s, NULL));
    OK(ost_replace(r->s, book, &(book){ .id = b->id, .title = "undone" }));
    OK(ost_reload(r->s, book, b));
    assert_string_equal(b->title, "undone");
    OK(ost_rollback(r->s));
    assert_string_equal(b->title, "Emma");
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 0);
    b->stock = 3;
    OK(ost_save(r->s, book, b));
}

static void entries_of_released_records_are_forgotten(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    book *old = ost_get(r->s, book, id);
    OK(ost_begin(r->s, NULL));
    old->stock = 2;
    OK(ost_save(r->s, book, old));
    ost_mark mark = ost_session_mark(r->s);
    for (int i = 0; i < 50; i++) {
        book *b = ost_get(r->s, book, id);
        b->stock = i + 10;
        OK(ost_save(r->s, book, b));
        book *n = ost_new(r->s, book);
        n->title = "gone";
        OK(ost_insert(r->s, book, n));
    }
    OK(ost_session_release(r->s, mark));
    for (int i = 0; i < 200; i++)
        assert_non_null(ost_text(r->s, "what lies there now must not be written over"));
    const char *text = ost_text(r->s, "untouched");
    OK(ost_rollback(r->s));
    assert_string_equal(text, "untouched");
    rig_forget(r);
    OK(ost_save(r->s, book, old));
    assert_int_equal(rig_count(r, "UPDATE"), 1);
    assert_int_equal(((book *)ost_get(r->s, book, id))->stock, 2);
    assert_int_equal(rig_books(r), 1);
}

static void an_older_record_inserted_since_the_mark_is_taken_back(void **state)
{
    rig *r = *state;
    book *b = ost_new(r->s, book);
    b->title = "Emma";
    ost_mark mark = ost_session_mark(r->s);
    OK(ost_begin(r->s, NULL));
    OK(ost_insert(r->s, book, b));
    OK(ost_session_release(r->s, mark));
    OK(ost_rollback(r->s));
    assert_int_equal(b->id, 0);
    OK(ost_insert(r->s, book, b));
    b->stock = 2;
    OK(ost_save(r->s, book, b));
}

static void a_deleted_record_is_there_again(void **state)
{
    rig *r = *state;
    book *b = load(r, "Emma");
    OK(ost_begin(r->s, NULL));
    OK(ost_delete(r->s, book, b));
    OK(ost_rollback(r->s));
    b->stock = 4;
    OK(ost_save(r->s, book, b));
    assert_int_equal(((book *)ost_get(r->s, book, b->id))->stock, 4);
}

static void a_refused_write_leaves_no_entry(void **state)
{
    rig *r = *state;
    OK(ost_insert(r->s, book, &(book){ .title = "taken", .isbn = "1" }));
    book *b = load(r, "Emma");
    OK(ost_begin(r->s, NULL));
    b->stock = 3;
    OK(ost_save(r->s, book, b));
    OK(ost_begin(r->s, NULL));
    b->isbn = "1";
    FAILS(OST_CONFLICT, "isbn", ost_save(r->s, book, b));
    OK(ost_rollback(r->s));
    b->isbn = "2";
    OK(ost_save(r->s, book, b));
    OK(ost_commit(r->s));
    const book *found = ost_get(r->s, book, b->id);
    assert_string_equal(found->isbn, "2");
    assert_int_equal(found->stock, 3);
}

static void a_sorted_array_is_taken_back_by_key(void **state)
{
    rig *r = *state;
    size_t count;
    rig_book(r, "b", 1);
    rig_book(r, "a", 2);
    book *all = ost_all(ost_from(r->s, book), book, &count);
    OK(ost_begin(r->s, NULL));
    all[0].stock = 5;
    OK(ost_save(r->s, book, &all[0]));
    book swap = all[0];
    all[0] = all[1];
    all[1] = swap;
    all[0].stock = 6;
    OK(ost_save(r->s, book, &all[0]));
    OK(ost_rollback(r->s));
    rig_forget(r);
    OK(ost_save(r->s, book, &all[0]));
    OK(ost_save(r->s, book, &all[1]));
    assert_int_equal(rig_count(r, "UPDATE"), 2);
    assert_int_equal(((book *)ost_get(r->s, book, all[0].id))->stock, 6);
    assert_int_equal(((book *)ost_get(r->s, book, all[1].id))->stock, 5);
}

/* The array was sorted between the save and the rollback: each stamp goes back to its own record.
 */
static void stamps_go_back_to_records_that_were_moved(void **state)
{
    rig *r = *state;
    size_t count;
    note a = { .text = "a" }, b = { .text = "b" };
    OK(ost_insert(r->s, note, &a));
    rig_advance(r, INT64_C(1000000000));
    OK(ost_insert(r->s, note, &b));
    note *all = ost_all(ost_from(r->s, note), note, &count);
    assert_int_equal(count, 2);
    rig_advance(r, INT64_C(1000000000));
    OK(ost_begin(r->s, NULL));
    all[0].text = "changed";
    OK(ost_save(r->s, note, &all[0]));
    note swap = all[0];
    all[0] = all[1];
    all[1] = swap;
    OK(ost_rollback(r->s));
    assert_int_equal(all[0].id, b.id);
    assert_int_equal(all[0].changed_at.microseconds, rig_stored(r, b.changed_at));
    assert_int_equal(all[1].changed_at.microseconds, rig_stored(r, a.changed_at));
    rig_forget(r);
    OK(ost_save(r->s, note, &all[0]));
    assert_int_equal(rig_sent(r), 0);
    OK(ost_save(r->s, note, &all[1]));
    assert_int_equal(rig_sent(r), 1);
}

/* What the program's own buffers held is the record's, also after a rollback. */
static void no_buffer_of_the_program_comes_back(void **state)
{
    rig *r = *state;
    char title[16] = "Emma", code[16] = "new";
    book *b = ost_new(r->s, book);
    assert_non_null(b);
    b->title = title;
    OK(ost_begin(r->s, NULL));
    OK(ost_insert(r->s, book, b));
    strcpy(title, "overwritten");
    OK(ost_rollback(r->s));
    assert_string_equal(b->title, "Emma");
    OK(ost_insert(r->s, book, b));
    b->title = code;
    OK(ost_begin(r->s, NULL));
    OK(ost_reload(r->s, book, b));
    strcpy(code, "overwritten");
    OK(ost_rollback(r->s));
    assert_string_equal(b->title, "new");
    OK(ost_save(r->s, book, b));
    assert_string_equal(rig_title(r, b->id), "new");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(saved_rolled_back_and_saved_again_is_written_again),
        RIG_ALL(a_commit_keeps_what_was_saved),
        RIG_SQL(a_savepoint_takes_back_only_what_it_did),
        RIG_SQL(a_kept_savepoint_goes_with_the_unit),
        RIG_ALL(stamps_are_taken_back),
        RIG_ALL(a_generated_key_is_taken_back_from_a_new_record),
        RIG_ALL(a_new_record_of_an_undone_unit_is_as_good_as_any),
        RIG_ALL(what_was_read_after_an_undone_write_is_stale_until_reloaded),
        RIG_ALL(a_reload_that_is_undone_does_not_count),
        RIG_ALL(a_reload_is_taken_back),
        RIG_ALL(entries_of_released_records_are_forgotten),
        RIG_ALL(an_older_record_inserted_since_the_mark_is_taken_back),
        RIG_ALL(a_deleted_record_is_there_again),
        RIG_SQL(a_refused_write_leaves_no_entry),
        RIG_ALL(a_sorted_array_is_taken_back_by_key),
        RIG_ALL(stamps_go_back_to_records_that_were_moved),
        RIG_ALL(no_buffer_of_the_program_comes_back),
    };
    return RIG_RUN(tests);
}
