/* SPDX-License-Identifier: MIT */
/* Records from JSON in a session: merged, saved, or refused without a trace. */
#include "rig.h"

#include <stdlib.h>

#define MERGE(T, text, only, record) ost_from_json(r->s, T, text, strlen(text), only, record)

static void a_loaded_record_is_patched_and_saved(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    book *b = ost_get(r->s, book, id);
    assert_non_null(b);
    char text[] = "{\"title\":\"Persuasion\",\"year\":null,\"price\":\"19.90\"}";
    OK(MERGE(book, text, ost_only(book, title, year, price, stock), b));
    memset(text, 'x', sizeof text - 1);
    assert_string_equal(b->title, "Persuasion");
    assert_false(b->year.present);
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_count(r, "UPDATE"), 1);
    OK(ost_session_clear(r->s));
    b = ost_get(r->s, book, id);
    assert_non_null(b);
    assert_string_equal(b->title, "Persuasion");
    assert_false(b->year.present);
    assert_int_equal(ost_decimal_compare(b->price, ost_decimal_of(1990, 2)), 0);
}

static void what_is_the_same_is_not_written(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    book *b = ost_get(r->s, book, id);
    assert_non_null(b);
    OK(MERGE(book, "{\"title\":\"Emma\",\"year\":1815.0}", NULL, b));
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 0);
}

static void a_new_record_is_filled_and_inserted(void **state)
{
    rig *r = *state;
    note *n = ost_new(r->s, note);
    assert_non_null(n);
    OK(MERGE(note, "{\"text\":\"from \\u00e9\"}", ost_only(note, text, stars), n));
    OK(ost_insert(r->s, note, n));
    assert_true(n->id != 0 && n->stars.present && n->stars.value == 3);
    note own = { .text = "x" };
    OK(MERGE(note, "{\"stars\":5}", NULL, &own));
    assert_string_equal(own.text, "x");
    assert_true(own.stars.value == 5);
    OK(ost_insert(r->s, note, &own));
    /* A rule is the write's to check. */
    OK(MERGE(note, "{\"stars\":-1}", NULL, n));
    FAILS(OST_INVALID, "note.stars: must be at least 0", ost_save(r->s, note, n));
}

static void fm50_a_request_sets_what_is_listed_and_no_more(void **state)
{
    rig *r = *state;
    static const char payload[] = "{\"title\":\"Emma\",\"stock\":999,\"id\":5,\"secret\":\"s\"}";
    book b = { .id = 1, .title = "Old", .stock = 2, .secret = "mine" };
    const book before = b;
    FAILS(OST_INVALID, "book.stock: is not a member that can be set (and 2 more)",
          MERGE(book, payload, ost_only(book, title), &b));
    assert_memory_equal(&b, &before, sizeof b);
    const ost_error *e = ost_session_error(r->s);
    assert_int_equal(e->failure_count, 3);
    assert_string_equal(e->model, "book");
    assert_string_equal(e->field, "stock");
    assert_int_equal(e->nothing_sent, 1);
    FAILS(OST_INVALID, "book.id", MERGE(book, payload, NULL, &b));
    assert_int_equal(ost_session_error(r->s)->failure_count, 2);
    assert_memory_equal(&b, &before, sizeof b);
    char why[256];
    size_t size = ost_explain_error(ost_session_error(r->s), why, sizeof why);
    assert_string_equal(why, "id: is not a member that can be set\n"
                             "secret: is not a member that can be set");
    assert_int_equal(size, strlen(why));
}

/* As many failures as come, the record stays, and no memory is kept for what was read in vain. */
static void what_fails_leaves_nothing(void **state)
{
    rig *r = *state;
    book b = { .title = "Old" };
    const book before = b;
    char text[600];
    memset(text, 'x', sizeof text);
    memcpy(text, "{\"title\":\"", 10);
    memcpy(text + sizeof text - 13, "\",\"lent\":1}", 12);
    FAILS(OST_INVALID, "book.lent: must be true or false", MERGE(book, text, NULL, &b));
    long long live = atomic_load(&r->live);
    for (int i = 0; i < 2000; i++)
        FAILS(OST_INVALID, "book.lent", MERGE(book, text, NULL, &b));
    assert_true(atomic_load(&r->live) <= live);
    assert_memory_equal(&b, &before, sizeof b);
    FAILS(OST_INVALID, "the json of book cannot be read: a colon is expected, at byte 9",
          MERGE(book, "{\"title\" 5}", NULL, &b));
    assert_memory_equal(&b, &before, sizeof b);
}

static void a_failure_dooms_no_transaction(void **state)
{
    rig *r = *state;
    book b = { .title = "Emma" };
    OK(ost_begin(r->s, NULL));
    OK(ost_insert(r->s, book, &b));
    FAILS(OST_INVALID, "book.lent", MERGE(book, "{\"lent\":1}", NULL, &b));
    OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 1);
}

static void a_list_becomes_records(void **state)
{
    rig *r = *state;
    size_t count = 9;
    static const char text[] = "[{\"text\":\"a\"}, {\"text\":\"b\",\"stars\":1},{}]";
    note *notes = ost_list_from_json(r->s, note, text, strlen(text), NULL, 3, &count);
    assert_non_null(notes);
    assert_int_equal(count, 3);
    assert_string_equal(notes[0].text, "a");
    assert_true(notes[0].stars.value == 3 && notes[1].stars.value == 1);
    assert_null(notes[2].text);
    OK(ost_insert_many(r->s, note, notes, count));
    assert_true(notes[2].id != 0);
    assert_non_null(ost_list_from_json(r->s, note, "[]", 2, NULL, 0, &count));
    assert_int_equal(count, 0);
}

static void a_list_names_the_records_that_fail(void **state)
{
    rig *r = *state;
    size_t count = 9;
    static const char text[] = "[{\"text\":\"a\"},{\"text\":5},7,{\"stars\":\"x\",\"id\":1}]";
    NULLS(OST_INVALID, "note.[1].text: must be a string (and 3 more)",
          ost_list_from_json(r->s, note, text, strlen(text), ost_only(note, text, stars), 10,
                             &count));
    assert_int_equal(count, 0);
    char why[256];
    ost_explain_error(ost_session_error(r->s), why, sizeof why);
    assert_string_equal(why, "[1].text: must be a string\n[2]: must be an object\n"
                             "[3].stars: must be a whole number\n"
                             "[3].id: is not a member that can be set");
    NULLS(OST_TOO_LARGE, "the json of note has 4 records, more than 3",
          ost_list_from_json(r->s, note, text, strlen(text), NULL, 3, &count));
    NULLS(OST_INVALID, "a list is expected, at byte 0",
          ost_list_from_json(r->s, note, "{}", 2, NULL, 3, &count));
    NULLS(OST_INVALID, "a comma or ] is expected, at byte 4",
          ost_list_from_json(r->s, note, "[{} {}]", 7, NULL, 3, &count));
    NULLS(OST_INVALID, "the text ends too early, at byte 4",
          ost_list_from_json(r->s, note, "[{},", 4, NULL, 3, &count));
    NULLS(OST_INVALID, "nothing may follow the value, at byte 4",
          ost_list_from_json(r->s, note, "[{}]]", 5, NULL, 3, NULL));
}

/* The record in which the text breaks off has its place too. */
static void a_list_may_break_off_anywhere(void **state)
{
    rig *r = *state;
    static const char text[] = "[{\"text\":\"a\",\"stars\":5},{\"text\":\"b\"}]";
    for (size_t size = 0; size < sizeof text - 1; size++) {
        char *copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy + 1, text, size);
        NULLS(OST_INVALID, "the text ends too early",
              ost_list_from_json(r->s, note, copy + 1, size, NULL, 10, NULL));
        free(copy);
    }
}

static void misuse_says_so(void **state)
{
    rig *r = *state;
    note n = { .id = 1 };
    FAILS(OST_MISUSE, "a NULL text", ost_from_json(r->s, note, NULL, 0, NULL, &n));
    FAILS(OST_MISUSE, "a NULL record of note", MERGE(note, "{}", NULL, (note *)NULL));
    FAILS(OST_MISUSE, "note has no member title", MERGE(note, "{}", ost_only(book, title), &n));
    FAILS(OST_MISUSE, "build all sources",
          ost_session_from_json(r->s, &note_model, 8, "{}", 2, NULL, &n));
    FAILS(OST_TOO_LARGE, "larger than 64 MiB",
          ost_from_json(r->s, note, "{}", ((size_t)64 << 20) + 1, NULL, &n));
    NULLS(OST_MISUSE, "a NULL text", ost_list_from_json(r->s, note, NULL, 0, NULL, 1, NULL));
}

static void fm65_no_memory_is_a_status(void **state)
{
    rig *r = *state;
    book b = { .title = "Old" };
    const book before = b;
    char text[20000];
    memset(text, 'x', sizeof text);
    memcpy(text, "{\"title\":\"", 10);
    memcpy(text + sizeof text - 3, "\"}", 3);
    bool failed = true;
    for (long n = 1; failed; n++) {
        atomic_store(&r->calls, 0);
        atomic_store(&r->fail_at, n);
        ost_status status = MERGE(book, text, NULL, &b);
        atomic_store(&r->fail_at, 0);
        failed = status != OST_OK;
        assert_true(!failed || status == OST_NO_MEMORY);
        if (failed)
            assert_memory_equal(&b, &before, sizeof b);
        assert_true(n > 1 || failed);
    }
    assert_int_equal(strlen(b.title), sizeof text - 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_loaded_record_is_patched_and_saved),
        RIG_ALL(what_is_the_same_is_not_written),
        RIG_ALL(a_new_record_is_filled_and_inserted),
        RIG_ON(fm50_a_request_sets_what_is_listed_and_no_more, RIG_MEMORY),
        RIG_ON(what_fails_leaves_nothing, RIG_MEMORY),
        RIG_ALL(a_failure_dooms_no_transaction),
        RIG_ALL(a_list_becomes_records),
        RIG_ON(a_list_names_the_records_that_fail, RIG_MEMORY),
        RIG_ON(a_list_may_break_off_anywhere, RIG_MEMORY),
        RIG_ON(misuse_says_so, RIG_MEMORY),
        RIG_ON(fm65_no_memory_is_a_status, RIG_MEMORY),
    };
    return RIG_RUN(tests);
}
