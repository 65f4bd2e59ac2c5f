/* SPDX-License-Identifier: MIT */
/* The fake around SQLite, under the core: nothing of what the core does may differ, and nothing
 * break the contract. */
#include "fake/fake.h"

#include "ostler/ostler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

typedef struct book {
    int64_t id;
    const char *title;
    ost_opt_int year;
} book;
OST_RECORD(book, id);
OST_MODEL(book, .table = "books",
          OST_FIELDS(OST_FIELD(book, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(book, title, .required = true, .max_length = 200),
                     OST_FIELD(book, year)));

typedef struct shelf {
    ost_fake *fake;
    ost_db *db;
    ost_session *s;
    ost_platform platform;
    ost_error error;
} shelf;

static void open_shelf(shelf *h, const ost_fake_options *options)
{
    *h = (shelf){ .fake = ost_fake_open(ost_driver_sqlite(), options) };
    assert_non_null(h->fake);
    ost_fake_platform(h->fake, &h->platform);
    ost_status status = ost_open(
        OST_OPTIONS(.url = "fake:sqlite::memory:", .drivers = OST_DRIVERS(ost_fake_driver(h->fake)),
                    .models = OST_MODELS(&book_model), .platform = &h->platform),
        &h->db, &h->error);
    if (status == OST_OK)
        status = ost_create_tables(h->db, &h->error);
    if (status == OST_OK)
        status = ost_session_open(h->db, NULL, &h->s, &h->error);
    if (status != OST_OK)
        fail_msg("%s", h->error.message);
}

static void close_shelf(shelf *h)
{
    char text[256] = "";
    ost_fake_counts counts;
    ost_session_close(h->s);
    ost_close(h->db);
    ost_fake_violation_at(h->fake, 0, text);
    assert_string_equal(text, "");
    ost_fake_counted(h->fake, &counts);
    assert_int_equal(counts.connects, counts.closes);
    assert_int_equal(counts.compiles, counts.discards);
    ost_fake_close(h->fake);
}

static int64_t stored(shelf *h)
{
    int64_t count = -1;
    assert_int_equal(ost_count_of(ost_from(h->s, book), &count), OST_OK);
    return count;
}

static ost_status two_and_a_savepoint(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt, (void)context;
    OST_TRY(ost_insert(s, book, &(book){ .title = "Ulysses" }));
    OST_TRY(ost_begin(s, NULL));
    OST_TRY(ost_insert(s, book, &(book){ .title = "a draft" }));
    OST_TRY(ost_rollback(s));
    return ost_insert(s, book, &(book){ .title = "Emma", .year = OST_SOME(1815) });
}

static void a_round_of_everything(const ost_fake_options *options)
{
    shelf h;
    size_t count = 0, streamed = 0;
    open_shelf(&h, options);
    book many[5];
    for (size_t i = 0; i < 5; i++)
        many[i] = (book){ .title = "Faust", .year = OST_SOME(1800 + (int)i) };
    assert_int_equal(ost_insert_many(h.s, book, many, 5), OST_OK);
    assert_int_equal(ost_transaction(h.s, two_and_a_savepoint, NULL, NULL), OST_OK);
    assert_int_equal(stored(&h), 7);

    ost_query *q = ost_from(h.s, book);
    ost_where(q, ost_eq(book, title, "Emma"));
    book *emma = ost_one(q, book);
    assert_non_null(emma);
    emma->title = "Persuasion";
    ost_put(emma->year, 1817);
    assert_int_equal(ost_save(h.s, book, emma), OST_OK);
    book *again = ost_get(h.s, book, emma->id);
    assert_non_null(again);
    assert_string_equal(again->title, "Persuasion");

    ost_cursor *c = ost_stream(ost_from(h.s, book), 2);
    while (ost_next(c, book)) {
        if (streamed++ == 2)
            assert_non_null(ost_get(h.s, book, emma->id));
    }
    assert_int_equal(ost_cursor_close(c), OST_OK);
    assert_int_equal(streamed, 7);
    c = ost_stream(ost_from(h.s, book), 2);
    assert_non_null(ost_next(c, book));
    assert_int_equal(ost_cursor_close(c), OST_OK);

    assert_int_equal(ost_delete(h.s, book, emma), OST_OK);
    book *all = ost_all(ost_from(h.s, book), book, &count);
    assert_non_null(all);
    assert_int_equal(count, 6);
    assert_string_equal(all[0].title, "Faust");
    assert_int_equal(all[4].year.value, 1804);
    assert_null(ost_get(h.s, book, 1000));
    assert_int_equal(ost_session_error(h.s)->status, OST_NOT_FOUND);
    close_shelf(&h);
}

static void blocking(void **state)
{
    (void)state;
    a_round_of_everything(OST_FAKE_OPTIONS(.accepts = 1));
}

static void batches(void **state)
{
    (void)state;
    a_round_of_everything(NULL);
}

static void pipeline(void **state)
{
    (void)state;
    a_round_of_everything(OST_FAKE_OPTIONS(.execution = OST_FAKE_EAGER, .fails_units = true,
                                           .resolves_commits = true));
}

static void without_returned_rows(void **state)
{
    (void)state;
    a_round_of_everything(OST_FAKE_OPTIONS(.remove_abilities = 1U << OST_CAN_RETURN));
}

/* ---- faults that the core must report truly ---- */

static ost_status one_more(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt;
    ++*(int *)context;
    return ost_insert(s, book, &(book){ .title = "Emma" });
}

static ost_status transaction_with(const ost_fake_options *options, const ost_fake_rule *rule,
                                   int *runs, int64_t *count)
{
    shelf h;
    open_shelf(&h, options);
    assert_int_equal(ost_fake_add(h.fake, rule), OST_OK);
    *runs = 0;
    ost_status status = ost_transaction(h.s, one_more, runs, OST_TRANSACTION(.max_attempts = 3));
    *count = stored(&h);
    close_shelf(&h);
    return status;
}

static void fm02_a_lost_commit_is_unknown_or_resolved(void **state)
{
    (void)state;
    static const struct {
        uint16_t action;
        bool resolves;
        ost_status status;
        int64_t count;
    } cases[] = {
        { OST_FAKE_LOSE_ANSWER, false, OST_UNKNOWN_OUTCOME, 1 },
        { OST_FAKE_REFUSE, false, OST_UNKNOWN_OUTCOME, 0 },
        { OST_FAKE_LOSE_ANSWER, true, OST_OK, 1 },
        { OST_FAKE_REFUSE, true, OST_CONNECTION, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int runs;
        int64_t count;
        ost_status status = transaction_with(
            OST_FAKE_OPTIONS(.resolves_commits = cases[i].resolves),
            OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_COMMIT), .action = cases[i].action,
                          .effects = OST_FAKE_LOSES_CONNECTION),
            &runs, &count);
        assert_int_equal(status, cases[i].status);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(runs, 1);
    }
}

static void a_deadlock_is_run_again(void **state)
{
    (void)state;
    int runs;
    int64_t count;
    ost_status status = transaction_with(
        NULL,
        OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .action = OST_FAKE_REFUSE,
                      .status = OST_DEADLOCK, .effects = OST_FAKE_ENDS_UNIT),
        &runs, &count);
    assert_int_equal(status, OST_OK);
    assert_int_equal(runs, 2);
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocking),
        cmocka_unit_test(batches),
        cmocka_unit_test(pipeline),
        cmocka_unit_test(without_returned_rows),
        cmocka_unit_test(fm02_a_lost_commit_is_unknown_or_resolved),
        cmocka_unit_test(a_deadlock_is_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
