/* SPDX-License-Identifier: MIT */
/* What counts as a change of a loaded record, and which records are tracked at all. */
#include "rig.h"

#include <stdlib.h>

static book *three_books(rig *r)
{
    size_t count = 0;
    rig_book(r, "Middlemarch", 1871);
    rig_book(r, "Emma", 1815);
    rig_book(r, "Ulysses", 1922);
    ost_query *q = ost_from(r->s, book);
    ost_order_by(q, ost_asc(book, id));
    book *all = ost_all(q, book, &count);
    assert_non_null(all);
    assert_int_equal(count, 3);
    rig_forget(r);
    return all;
}

static int by_title(const void *a, const void *b)
{
    return strcmp(((const book *)a)->title, ((const book *)b)->title);
}

static void a_sorted_array_is_saved(void **state)
{
    rig *r = *state;
    book *all = three_books(r);
    int64_t emma = all[1].id;
    qsort(all, 3, sizeof *all, by_title);
    for (size_t i = 0; i < 3; i++)
        OK(ost_save(r->s, book, &all[i]));
    assert_int_equal(rig_sent(r), 0);
    all[0].title = "Emma, again";
    all[2].stock = 9;
    for (size_t i = 0; i < 3; i++)
        OK(ost_save(r->s, book, &all[i]));
    assert_int_equal(rig_count(r, "UPDATE"), 2);
    assert_int_equal(rig_sent(r), 2);
    assert_string_equal(rig_title(r, emma), "Emma, again");
    /* Back again, and once more changed. */
    book swap = all[0];
    all[0] = all[2];
    all[2] = swap;
    rig_forget(r);
    OK(ost_save(r->s, book, &all[0]));
    OK(ost_save(r->s, book, &all[2]));
    assert_int_equal(rig_sent(r), 0);
    all[2].stock = 4;
    OK(ost_save(r->s, book, &all[2]));
    assert_int_equal(((book *)ost_get(r->s, book, emma))->stock, 4);
}

static void a_sorted_array_is_reloaded_and_deleted(void **state)
{
    rig *r = *state;
    book *all = three_books(r);
    int64_t emma = all[1].id;
    qsort(all, 3, sizeof *all, by_title);
    all[0].title = "draft";
    OK(ost_reload(r->s, book, &all[0]));
    assert_int_equal(all[0].id, emma);
    assert_string_equal(all[0].title, "Emma");
    all[0].stock = 6;
    OK(ost_save(r->s, book, &all[0]));
    OK(ost_delete(r->s, book, &all[1]));
    assert_int_equal(rig_books(r), 2);
    assert_int_equal(((book *)ost_get(r->s, book, emma))->stock, 6);
}

static void a_record_copied_over_another_is_misuse(void **state)
{
    rig *r = *state;
    book *all = three_books(r);
    all[1] = all[0];
    all[1].stock = 7;
    FAILS(OST_MISUSE,
          "book: the key of a loaded record was changed, or a record was copied over "
          "another",
          ost_save(r->s, book, &all[1]));
    assert_string_equal(ost_session_error(r->s)->field, "id");
    all[0].stock = 8;
    OK(ost_save(r->s, book, &all[0]));
    OK(ost_save(r->s, book, &all[2]));
    assert_int_equal(((book *)ost_get(r->s, book, all[0].id))->stock, 8);
    assert_int_equal(rig_count(r, "UPDATE"), 1);
}

static void a_changed_key_is_misuse(void **state)
{
    rig *r = *state;
    book *b = ost_get(r->s, book, rig_book(r, "Emma", 1815));
    int64_t id = b->id;
    b->id = id + 1;
    rig_forget(r);
    FAILS(OST_MISUSE, "the key of a loaded record was changed", ost_save(r->s, book, b));
    FAILS(OST_MISUSE, "delete and insert instead", ost_replace(r->s, book, b));
    FAILS(OST_MISUSE, "the key of a loaded record", ost_reload(r->s, book, b));
    assert_int_equal(rig_sent(r), 0);
    b->id = id;
    b->stock = 2;
    OK(ost_save(r->s, book, b));
    OK(ost_insert(r->s, loan, &(loan){ .book = 1, .reader = 1 }));
    loan *l = ost_find(r->s, loan, ost_eq(loan, book, 1));
    l->reader = 2;
    FAILS(OST_MISUSE, "loan: the key of a loaded record was changed", ost_save(r->s, loan, l));
}

static void what_was_not_loaded_is_misuse(void **state)
{
    rig *r = *state;
    book *all = three_books(r);
    book copy = all[0];
    copy.stock = 5;
    FAILS(OST_MISUSE, "was not loaded by the session", ost_save(r->s, book, &copy));
    book *fresh = ost_new(r->s, book);
    fresh->title = "New";
    FAILS(OST_MISUSE, "use ost_insert for a new record", ost_save(r->s, book, fresh));
    ost_session *other = rig_session(r, NULL);
    book *theirs = ost_get(other, book, all[0].id);
    FAILS(OST_MISUSE, "was not loaded by the session", ost_save(r->s, book, theirs));
    ost_session_close(other);
    FAILS(OST_MISUSE, "this note was not loaded",
          ost_session_save(r->s, OST_OF(note), (void *)&all[1]));
    void *inside = (char *)&all[0] + sizeof(int64_t);
    FAILS(OST_MISUSE, "was not loaded", ost_session_save(r->s, OST_OF(book), inside));
    FAILS(OST_MISUSE, "was not loaded", ost_save(r->s, book, &all[3]));
    FAILS(OST_MISUSE, "the record is a book, not a note",
          ost_session_insert(r->s, OST_OF(note), (void *)&all[1]));
    assert_int_equal(rig_count(r, "UPDATE"), 0);
}

static void text_in_a_reused_buffer_is_seen_by_content(void **state)
{
    rig *r = *state;
    book *all = three_books(r);
    char buffer[32];
    for (size_t i = 0; i < 3; i++) {
        strcpy(buffer, i == 0 ? "one" : i == 1 ? "two" : "three");
        all[i].title = buffer;
        OK(ost_save(r->s, book, &all[i]));
    }
    strcpy(buffer, "scratch");
    assert_int_equal(rig_count(r, "UPDATE"), 3);
    assert_string_equal(all[0].title, "one");
    assert_string_equal(all[2].title, "three");
    assert_ptr_not_equal(all[0].title, buffer);
    assert_string_equal(rig_title(r, all[1].id), "two");
    /* The same content elsewhere is no change, and once saved it is the session's text again. */
    strcpy(buffer, "one");
    all[0].title = buffer;
    rig_forget(r);
    OK(ost_save(r->s, book, &all[0]));
    assert_int_equal(rig_sent(r), 0);
    assert_ptr_not_equal(all[0].title, buffer);
    strcpy(buffer, "another");
    assert_string_equal(all[0].title, "one");
    all[0].title = buffer;
    OK(ost_save(r->s, book, &all[0]));
    assert_int_equal(rig_sent(r), 1);
    assert_string_equal(rig_title(r, all[0].id), "another");
}

static void a_blob_in_a_reused_buffer_is_seen_by_content(void **state)
{
    rig *r = *state;
    uint8_t bytes[4] = { 1, 2, 3, 4 };
    book b = { .title = "Atlas", .cover = { bytes, 4 } };
    OK(ost_insert(r->s, book, &b));
    book *found = ost_get(r->s, book, b.id);
    found->cover.data = bytes;
    rig_forget(r);
    OK(ost_save(r->s, book, found));
    assert_int_equal(rig_sent(r), 0);
    assert_ptr_not_equal(found->cover.data, bytes);
    bytes[3] = 9;
    found->cover.data = bytes;
    OK(ost_save(r->s, book, found));
    assert_int_equal(rig_sent(r), 1);
    bytes[3] = 0;
    assert_int_equal(((const uint8_t *)found->cover.data)[3], 9);
    found->cover = (ost_blob){ bytes, 0 };
    OK(ost_save(r->s, book, found));
    found->cover = (ost_blob){ NULL, 0 };
    OK(ost_save(r->s, book, found));
    assert_int_equal(rig_sent(r), 3);
    assert_null(((book *)ost_get(r->s, book, b.id))->cover.data);
}

/* Bytes that mean nothing: padding, values of absent optionals, what stands behind the end of a
 * char array. */
static void bytes_that_mean_nothing_are_no_change(void **state)
{
    rig *r = *state;
    book stored = { .title = "Bare", .code = "ab" };
    OK(ost_insert(r->s, book, &stored));
    book *b = ost_get(r->s, book, stored.id);
    assert_false(b->year.present || b->weight.present);
    book other;
    memset(&other, 0xa5, sizeof other);
    other.id = b->id;
    other.title = "Bare";
    other.subtitle = NULL;
    memcpy(other.code, "ab\0zzzz", 8);
    other.year.present = other.weight.present = false;
    other.stock = 0;
    other.lent = false;
    other.price = ost_decimal_of(0, 0);
    other.cover = (ost_blob){ NULL, 77 };
    other.isbn = other.secret = NULL;
    memcpy(b, &other, sizeof other);
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 0);
    ost_put(b->year, 0);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 1);
    assert_true(((book *)ost_get(r->s, book, b->id))->year.present);
}

static void saved_twice_is_sent_once(void **state)
{
    rig *r = *state;
    book *b = three_books(r);
    b->stock = 5;
    OK(ost_save(r->s, book, b));
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 1);
    b->stock = 1;
    b->stock = 5;
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 1);
}

static void only_members_that_differ_are_written(void **state)
{
    rig *r = *state;
    book *b = three_books(r);
    OK(ost_replace(r->s, book, &(book){ .id = b->id, .title = "Theirs", .subtitle = "x" }));
    rig_forget(r);
    b->stock = 5;
    OK(ost_save(r->s, book, b));
    HAS(rig_text(r, 0), "stock");
    assert_null(strstr(rig_text(r, 0), "title"));
    const book *found = ost_get(r->s, book, b->id);
    assert_string_equal(found->title, "Theirs");
    assert_string_equal(found->subtitle, "x");
    assert_int_equal(found->stock, 5);
}

static void a_refused_save_leaves_record_and_snapshot(void **state)
{
    rig *r = *state;
    book *b = three_books(r);
    b->stock = 5000;
    b->title = " Trim me ";
    FAILS(OST_INVALID, "stock", ost_save(r->s, book, b));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    assert_string_equal(b->title, " Trim me ");
    assert_int_equal(rig_sent(r), 0);
    b->stock = 6;
    OK(ost_save(r->s, book, b));
    assert_string_equal(b->title, "Trim me");
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 0);
}

static book *partly(rig *r, size_t *count)
{
    ost_query *q = ost_from(r->s, book);
    ost_select(q, ost_as(book, id, ost_col(book, id)), ost_as(book, title, ost_col(book, title)),
               ost_as(book, stock, ost_col(book, stock)));
    ost_order_by(q, ost_asc(book, id));
    book *some = ost_all(q, book, count);
    assert_non_null(some);
    rig_forget(r);
    return some;
}

static void fm29_a_partial_selection_writes_what_it_loaded_alone(void **state)
{
    rig *r = *state;
    size_t count;
    int64_t id = three_books(r)->id;
    book *some = partly(r, &count);
    assert_int_equal(count, 3);
    assert_false(some[0].year.present);
    OK(ost_save(r->s, book, &some[0]));
    assert_int_equal(rig_sent(r), 0);
    ost_put(some[0].year, 2000);
    some[0].subtitle = "not loaded";
    OK(ost_save(r->s, book, &some[0]));
    assert_int_equal(rig_sent(r), 0);
    some[0].stock = 12;
    OK(ost_save(r->s, book, &some[0]));
    assert_int_equal(rig_sent(r), 1);
    const book *found = ost_get(r->s, book, id);
    assert_int_equal(found->stock, 12);
    assert_true(found->year.present && found->year.value == 1871);
    assert_null(found->subtitle);
}

/* A required member that was not loaded is not validated. */
static void what_was_not_loaded_is_not_validated(void **state)
{
    rig *r = *state;
    int64_t id = three_books(r)->id;
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, id, id));
    ost_select(q, ost_as(book, id, ost_col(book, id)), ost_as(book, stock, ost_col(book, stock)));
    book *b = ost_one(q, book);
    assert_non_null(b);
    assert_null(b->title);
    b->stock = 3;
    OK(ost_save(r->s, book, b));
    assert_string_equal(rig_title(r, id), "Middlemarch");
}

static void a_reload_loads_every_member(void **state)
{
    rig *r = *state;
    size_t count;
    three_books(r);
    book *some = partly(r, &count);
    OK(ost_reload(r->s, book, &some[1]));
    assert_true(some[1].year.present && some[1].year.value == 1815);
    ost_put(some[1].year, 1816);
    rig_forget(r);
    OK(ost_save(r->s, book, &some[1]));
    assert_int_equal(rig_sent(r), 1);
    assert_int_equal(((book *)ost_get(r->s, book, some[1].id))->year.value, 1816);
    /* The others are as they were. */
    ost_put(some[0].year, 1);
    rig_forget(r);
    OK(ost_save(r->s, book, &some[0]));
    assert_int_equal(rig_sent(r), 0);
}

/* A text that only the reload has read is not left in the program's buffer either. */
static void what_was_reloaded_is_compared_by_content(void **state)
{
    rig *r = *state;
    char buffer[64];
    size_t count;
    three_books(r);
    ost_query *q = ost_from(r->s, book);
    ost_select(q, ost_as(book, id, ost_col(book, id)), ost_as(book, stock, ost_col(book, stock)));
    book *some = ost_all(q, book, &count);
    assert_non_null(some);
    OK(ost_reload(r->s, book, &some[0]));
    assert_true(strlen(some[0].title) < sizeof buffer);
    strcpy(buffer, some[0].title);
    some[0].title = buffer;
    rig_forget(r);
    OK(ost_save(r->s, book, &some[0]));
    assert_int_equal(rig_sent(r), 0);
    assert_ptr_not_equal(some[0].title, buffer);
}

static void a_selection_without_its_key_is_not_tracked(void **state)
{
    rig *r = *state;
    three_books(r);
    ost_query *q = ost_from(r->s, book);
    ost_select(q, ost_as(book, title, ost_col(book, title)));
    book *b = ost_first(q, book);
    assert_non_null(b);
    b->title = "x";
    FAILS(OST_MISUSE, "was not loaded", ost_save(r->s, book, b));
    q = ost_from(r->s, book);
    ost_distinct(q);
    ost_select(q, ost_as(book, id, ost_col(book, id)), ost_as(book, title, ost_col(book, title)));
    b = ost_first(q, book);
    assert_non_null(b);
    FAILS(OST_MISUSE, "was not loaded", ost_save(r->s, book, b));
    /* A member filled from another one is no loaded member. */
    q = ost_from(r->s, book);
    ost_select(q, ost_as(book, id, ost_col(book, id)), ost_as(book, isbn, ost_col(book, subtitle)));
    b = ost_first(q, book);
    assert_non_null(b);
    FAILS(OST_MISUSE, "was not loaded", ost_save(r->s, book, b));
}

static void many_rows_are_one_array_and_all_tracked(void **state)
{
    rig *r = *state;
    enum { MANY = 3000 };
    static book many[MANY];
    size_t count = 0;
    for (size_t i = 0; i < MANY; i++)
        many[i] = (book){ .title = "A title of some length, so that texts need several chunks",
                          .stock = (int)(i % 1000) };
    OK(ost_insert_many(r->s, book, many, MANY));
    book *all = ost_all(ost_from(r->s, book), book, &count);
    assert_int_equal(count, MANY);
    rig_forget(r);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(all[i].id, many[i].id);
        assert_int_equal(all[i].stock, (int)(i % 1000));
        OK(ost_save(r->s, book, &all[i]));
    }
    assert_int_equal(rig_sent(r), 0);
    all[MANY - 1].stock = 1;
    all[1].stock = 2;
    OK(ost_save(r->s, book, &all[MANY - 1]));
    OK(ost_save(r->s, book, &all[1]));
    assert_int_equal(rig_sent(r), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_sorted_array_is_saved),
        RIG_ALL(a_sorted_array_is_reloaded_and_deleted),
        RIG_ALL(a_record_copied_over_another_is_misuse),
        RIG_ALL(a_changed_key_is_misuse),
        RIG_ALL(what_was_not_loaded_is_misuse),
        RIG_ALL(text_in_a_reused_buffer_is_seen_by_content),
        RIG_ALL(a_blob_in_a_reused_buffer_is_seen_by_content),
        RIG_ALL(bytes_that_mean_nothing_are_no_change),
        RIG_ALL(saved_twice_is_sent_once),
        RIG_ALL(only_members_that_differ_are_written),
        RIG_ALL(a_refused_save_leaves_record_and_snapshot),
        RIG_ALL(fm29_a_partial_selection_writes_what_it_loaded_alone),
        RIG_ALL(what_was_not_loaded_is_not_validated),
        RIG_ALL(a_reload_loads_every_member),
        RIG_ALL(what_was_reloaded_is_compared_by_content),
        RIG_ALL(a_selection_without_its_key_is_not_tracked),
        RIG_ALL(many_rows_are_one_array_and_all_tracked),
    };
    return RIG_RUN(tests);
}
