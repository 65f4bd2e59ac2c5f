/* SPDX-License-Identifier: MIT */
/* Lost connections, lost answers, passed deadlines, and clean-up that fails: what is said, and what
 * can go on. */
#include "rig.h"

#include <sched.h>

#include "session/session.h"

static ost_status add(ost_session *s, const char *title)
{
    return ost_insert(s, book, &(book){ .title = title });
}

/* Once the threads of the pool have closed what was to be closed. */
static ost_fake_counts counted(rig *r)
{
    ost_fake_counts counts;
    while (ost__pool_count(r->db->pool).busy > 0)
        sched_yield();
    ost_fake_counted(r->fake, &counts);
    return counts;
}

#define LOSES(kind, how, ...)                                    \
    OST_FAKE_RULE(.kinds = OST_FAKE_KIND(kind), .action = (how), \
                  .effects = OST_FAKE_LOSES_CONNECTION, __VA_ARGS__)
#define NEVER_ANSWERS(kind, ...)                                          \
    OST_FAKE_RULE(.kinds = OST_FAKE_KIND(kind), .action = OST_FAKE_DELAY, \
                  .delay_ns = OST_FAKE_FOREVER, __VA_ARGS__)

/* ---- connections ---- */

static void fm01_a_connection_lost_in_a_unit_dooms_it(void **state)
{
    rig *r = *state;
    static const uint16_t kinds[] = { OST_DO_INSERT, OST_DO_SELECT, OST_DO_SAVEPOINT };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        book *b = ost_get(r->s, book, rig_book(r, "Emma", 1815));
        OK(ost_begin(r->s, NULL));
        b->stock = 8;
        OK(ost_save(r->s, book, b));
        OK(ost_begin(r->s, NULL));
        rig_rule(r, LOSES(kinds[i], OST_FAKE_REFUSE, .message = "the server went away"));
        uint64_t closed = counted(r).closes;
        if (kinds[i] == OST_DO_SELECT)
            NULLS(OST_CONNECTION, "the server went away", ost_get(r->s, book, b->id));
        else
            FAILS(OST_CONNECTION, "the server went away", add(r->s, "x"));
        assert_int_equal(counted(r).closes, closed + 1);
        FAILS(OST_CONNECTION, "the server went away", add(r->s, "y"));
        OK(ost_rollback(r->s));
        FAILS(OST_CONNECTION, "the server went away", add(r->s, "y"));
        NULLS(OST_CONNECTION, "the server went away", ost_get(r->s, book, b->id));
        FAILS(OST_CONNECTION, "the server went away", ost_commit(r->s));
        assert_int_equal(ost_session_error(r->s)->retryable, 0);
        /* Usable again, over another connection; what was undone is written again. */
        OK(ost_save(r->s, book, b));
        assert_int_equal(((book *)ost_get(r->s, book, b->id))->stock, 8);
        assert_int_equal(rig_books(r), (int64_t)i + 1);
    }
}

typedef struct work {
    uint32_t runs;
} work;

static ost_status adds_once(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt;
    ((work *)context)->runs++;
    return add(s, "x");
}

static void fm01_a_lost_connection_runs_no_body_again(void **state)
{
    rig *r = *state;
    work w = { 0 };
    rig_rule(r, LOSES(OST_DO_INSERT, OST_FAKE_LOSE_ANSWER, .times = 1));
    FAILS(OST_CONNECTION, "",
          ost_transaction(r->s, adds_once, &w, OST_TRANSACTION(.max_attempts = 3)));
    assert_int_equal(w.runs, 1);
    assert_int_equal(rig_books(r), 0);
}

/* A restart of the server: what the pool holds is dead, and it notices. */
static void fm04_a_dead_idle_connection_is_replaced(void **state)
{
    rig *r = *state;
    ost_fake_kill(r->fake, OST_FAKE_DIES_LOUDLY);
    OK(add(r->s, "x"));
    assert_int_equal(rig_books(r), 1);
}

static void a_read_whose_connection_was_lost_is_just_that(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    rig_rule(r, LOSES(OST_DO_SELECT, OST_FAKE_REFUSE, .times = 1));
    NULLS(OST_CONNECTION, "", ost_get(r->s, book, id));
    assert_non_null(ost_get(r->s, book, id));
}

/* ---- lost answers ---- */

static void fm31_a_single_write_without_its_answer_is_unknown(void **state)
{
    rig *r = *state;
    book *b = ost_get(r->s, book, rig_book(r, "Emma", 1815));
    book own = { .title = "new" };
    rig_rule(r, LOSES(OST_DO_INSERT, OST_FAKE_LOSE_ANSWER, .times = 1));
    FAILS(OST_UNKNOWN_OUTCOME, "the answer to a write was lost: it may have happened or not",
          ost_insert(r->s, book, &own));
    assert_string_equal(ost_session_error(r->s)->model, "book");
    assert_int_equal(ost_session_error(r->s)->retryable, 0);
    assert_int_equal(own.id, 0);
    assert_int_equal(rig_books(r), 2);
    rig_rule(r, LOSES(OST_DO_UPDATE, OST_FAKE_LOSE_ANSWER, .times = 1));
    b->stock = 9;
    FAILS(OST_UNKNOWN_OUTCOME, "may have happened", ost_save(r->s, book, b));
    OK(ost_reload(r->s, book, b));
    assert_int_equal(b->stock, 9);
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_DELETE), .action = OST_FAKE_REFUSE,
                              .effects = OST_FAKE_LOSES_CONNECTION | OST_FAKE_NOTHING_SENT));
    FAILS(OST_CONNECTION, "", ost_delete(r->s, book, b));
    assert_int_equal(rig_books(r), 2);
}

static ost_status saves_and_inserts(ost_session *s, const ost_attempt *attempt, void *context)
{
    book *const *books = context;
    (void)attempt;
    books[0]->stock++;
    OST_TRY(ost_save(s, book, books[0]));
    return ost_insert(s, book, books[1]);
}

static void fm02_a_lost_commit_is_unknown_and_never_run_again(void **state)
{
    rig *r = *state;
    work w = { 0 };
    book *b = ost_get(r->s, book, rig_book(r, "Emma", 1815)), *fresh = ost_new(r->s, book);
    book *books[] = { b, fresh };
    fresh->title = "fresh";
    rig_rule(r, LOSES(OST_DO_COMMIT, OST_FAKE_LOSE_ANSWER, .times = 2));
    FAILS(OST_UNKNOWN_OUTCOME, "the answer to COMMIT was lost",
          ost_transaction(r->s, adds_once, &w, OST_TRANSACTION(.max_attempts = 5)));
    assert_int_equal(w.runs, 1);
    FAILS(OST_UNKNOWN_OUTCOME, "reload what it touched",
          ost_transaction(r->s, saves_and_inserts, books, NULL));
    assert_int_equal(ost_session_error(r->s)->retryable, 0);
    /* What is stored is not known: it must be reloaded first. */
    b->lent = true;
    FAILS(OST_STALE, "reload it", ost_save(r->s, book, b));
    OK(ost_reload(r->s, book, b));
    assert_int_equal(b->stock, 2);
    b->lent = true;
    OK(ost_save(r->s, book, b));
    fresh->stock = 3;
    FAILS(OST_STALE, "reload it", ost_save(r->s, book, fresh));
    OK(ost_reload(r->s, book, fresh));
    assert_int_equal(rig_books(r), 3);
}

/* Also a driver may know that nobody knows: its sentence stays, and nobody is asked. */
static void fm02_a_driver_says_that_a_commit_is_unknown(void **state)
{
    rig *r = *state;
    book *b = ost_get(r->s, book, rig_book(r, "Emma", 1815));
    OK(ost_begin(r->s, NULL));
    b->stock = 7;
    OK(ost_save(r->s, book, b));
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_COMMIT), .action = OST_FAKE_REFUSE,
                              .status = OST_UNKNOWN_OUTCOME, .times = 1));
    FAILS(OST_UNKNOWN_OUTCOME, "script", ost_commit(r->s));
    b->stock = 8;
    FAILS(OST_STALE, "reload it", ost_save(r->s, book, b));
    OK(ost_reload(r->s, book, b));
    FAILS(OST_MISUSE, "without ost_begin", ost_commit(r->s));
}

/* A row that was reloaded before is as unknown as the others of its array. */
static void fm02_a_reloaded_row_is_distrusted_too(void **state)
{
    rig *r = *state;
    size_t count;
    rig_book(r, "Emma", 1815);
    rig_book(r, "Ulysses", 1922);
    ost_query *q = ost_from(r->s, book);
    ost_select(q, ost_as(book, id, ost_col(book, id)), ost_as(book, stock, ost_col(book, stock)));
    book *some = ost_all(q, book, &count);
    OK(ost_reload(r->s, book, &some[0]));
    OK(ost_begin(r->s, NULL));
    some[0].title = "in doubt";
    OK(ost_save(r->s, book, &some[0]));
    rig_rule(r, LOSES(OST_DO_COMMIT, OST_FAKE_REFUSE, .times = 1));
    FAILS(OST_UNKNOWN_OUTCOME, "COMMIT", ost_commit(r->s));
    some[0].stock = 5;
    FAILS(OST_STALE, "reload it", ost_save(r->s, book, &some[0]));
    OK(ost_reload(r->s, book, &some[0]));
    assert_string_equal(some[0].title, "Emma");
    some[0].stock = 5;
    OK(ost_save(r->s, book, &some[0]));
}

static void fm02_a_commit_that_timed_out_is_unknown_unless_it_cannot_have_happened(void **state)
{
    rig *r = *state;
    work w = { 0 };
    rig_rule(r, NEVER_ANSWERS(OST_DO_COMMIT, .times = 1));
    ost_status status = ost_transaction(r->s, adds_once, &w, OST_TRANSACTION(.max_attempts = 5));
    int64_t stored = rig_books(r);
    assert_int_equal(w.runs, 1);
    assert_true(status == OST_UNKNOWN_OUTCOME || (status == OST_TIMEOUT && stored == 0));
    if (r->mode->options.execution == OST_FAKE_EAGER)
        assert_int_equal(status, OST_UNKNOWN_OUTCOME);
    OK(add(r->s, "later"));
}

/* The same on a connection that can be asked. */
static void fm02_a_token_resolves_a_lost_commit(void **state)
{
    const rig_mode mode = { .name = "resolving",
                            .fake = true,
                            .options = { .struct_size = sizeof(ost_fake_options),
                                         .resolves_commits = true } };
    static rig local;
    rig *r = &local;
    work w = { 0 };
    (void)state;
    rig_begin(r, &mode);
    rig_open(r, NULL);
    rig_rule(r, LOSES(OST_DO_COMMIT, OST_FAKE_LOSE_ANSWER, .times = 1));
    OK(ost_transaction(r->s, adds_once, &w, OST_TRANSACTION(.max_attempts = 5)));
    rig_rule(r, LOSES(OST_DO_COMMIT, OST_FAKE_REFUSE, .times = 1));
    FAILS(OST_CONNECTION, "",
          ost_transaction(r->s, adds_once, &w, OST_TRANSACTION(.max_attempts = 5)));
    assert_int_equal(w.runs, 2);
    assert_int_equal(rig_books(r), 1);
    rig_rule(r, LOSES(OST_DO_COMMIT, OST_FAKE_LOSE_ANSWER, .times = 1));
    rig_rule(r, OST_FAKE_RULE(.point = OST_FAKE_AT_RESOLVE, .action = OST_FAKE_REFUSE));
    FAILS(OST_UNKNOWN_OUTCOME, "COMMIT", ost_transaction(r->s, adds_once, &w, NULL));
    ost_fake_forget_rules(r->fake);
    /* A first write that was not even sent has not asked for the token: the next one does. */
    OK(ost_begin(r->s, NULL));
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .action = OST_FAKE_REFUSE,
                              .effects = OST_FAKE_NOTHING_SENT, .times = 1));
    assert_int_not_equal(add(r->s, "refused"), OST_OK);
    OK(add(r->s, "sent"));
    rig_rule(r, LOSES(OST_DO_COMMIT, OST_FAKE_LOSE_ANSWER, .times = 1));
    OK(ost_commit(r->s));
    rig_close(r);
    rig_end(r);
}

/* A unit that only read has nothing to be unsure of. */
static void a_lost_commit_of_reads_is_a_lost_connection(void **state)
{
    rig *r = *state;
    OK(ost_begin(r->s, NULL));
    NULLS(OST_NOT_FOUND, "", ost_get(r->s, book, 1));
    rig_rule(r, LOSES(OST_DO_COMMIT, OST_FAKE_LOSE_ANSWER, .times = 1));
    FAILS(OST_CONNECTION, "", ost_commit(r->s));
    OK(add(r->s, "x"));
}

/* ---- deadlines ---- */

static void a_statement_has_its_deadline(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    rig_rule(r, NEVER_ANSWERS(OST_DO_SELECT, .times = 1));
    int64_t before = r->platform.monotonic(r);
    NULLS(OST_TIMEOUT, "deadline", ost_get(r->s, book, id));
    int64_t waited = r->platform.monotonic(r) - before;
    assert_true(waited >= INT64_C(29000000000) && waited <= INT64_C(31500000000));
    assert_non_null(ost_get(r->s, book, id));
    assert_int_equal(counted(r).settles, 1);
}

static void a_write_that_timed_out_dooms_its_unit(void **state)
{
    rig *r = *state;
    OK(ost_begin(r->s, OST_TRANSACTION(.timeout_ms = 500)));
    OK(add(r->s, "x"));
    rig_rule(r, NEVER_ANSWERS(OST_DO_INSERT, .times = 1));
    int64_t before = r->platform.monotonic(r);
    FAILS(OST_TIMEOUT, "deadline", add(r->s, "y"));
    assert_true(r->platform.monotonic(r) - before < INT64_C(1600000000));
    FAILS(OST_TIMEOUT, "deadline", add(r->s, "z"));
    FAILS(OST_TIMEOUT, "deadline", ost_commit(r->s));
    assert_int_equal(rig_books(r), 0);
    OK(add(r->s, "later"));
}

/* A read that failed dooms only where the database failed the unit with it. */
static void a_failed_read_leaves_a_unit_that_still_stands(void **state)
{
    rig *r = *state;
    bool fails = r->mode->options.fails_units;
    static const uint16_t actions[] = { OST_FAKE_REFUSE, OST_FAKE_DELAY };
    int64_t kept = 0, id = rig_book(r, "Emma", 1815);
    for (size_t i = 0; i < 2; i++) {
        ost_status failure = actions[i] == OST_FAKE_DELAY ? OST_TIMEOUT : OST_DRIVER_ERROR;
        OK(ost_begin(r->s, NULL));
        OK(add(r->s, "x"));
        rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = actions[i],
                                  .delay_ns = OST_FAKE_FOREVER));
        NULLS(failure, "", ost_get(r->s, book, id));
        assert_int_equal(add(r->s, "y"), fails ? failure : OST_OK);
        assert_int_equal(ost_commit(r->s), fails ? failure : OST_OK);
        kept += fails ? 0 : 2;
        assert_int_equal(rig_books(r), 1 + kept);
    }
}

/* A connection that cannot be drained is never used again. */
static void a_connection_that_owes_replies_is_closed(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    uint64_t closed = counted(r).closes;
    rig_rule(r, NEVER_ANSWERS(OST_DO_SELECT, .times = 1));
    rig_rule(r, OST_FAKE_RULE(.point = OST_FAKE_AT_SETTLE, .action = OST_FAKE_REFUSE));
    NULLS(OST_TIMEOUT, "", ost_get(r->s, book, id));
    assert_int_equal(counted(r).closes, closed + 1);
    assert_non_null(ost_get(r->s, book, id));
}

/* ---- clean-up ---- */

static void a_failed_rollback_does_not_hide_the_first_error(void **state)
{
    rig *r = *state;
    OK(ost_insert(r->s, book, &(book){ .title = "first", .isbn = "1" }));
    uint64_t closed = counted(r).closes;
    OK(ost_begin(r->s, NULL));
    FAILS(OST_CONFLICT, "isbn", ost_insert(r->s, book, &(book){ .title = "x", .isbn = "1" }));
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_ROLLBACK), .action = OST_FAKE_REFUSE,
                              .message = "no rollback today"));
    OK(ost_rollback(r->s));
    assert_int_equal(ost_session_error(r->s)->status, OST_CONFLICT);
    assert_int_equal(ost_session_error(r->s)->failure_count, 1);
    assert_int_equal(counted(r).closes, closed + 1);
    OK(add(r->s, "later"));
    assert_int_equal(rig_books(r), 2);
}

/* The savepoint could not be undone alone, so all of the unit is: nothing may follow in it by
 * itself. */
static void a_failed_rollback_to_a_savepoint_dooms_the_unit(void **state)
{
    rig *r = *state;
    OK(ost_begin(r->s, NULL));
    OK(add(r->s, "outside"));
    OK(ost_begin(r->s, NULL));
    OK(add(r->s, "inside"));
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_ROLLBACK_TO), .action = OST_FAKE_REFUSE,
                              .message = "no rollback today"));
    OK(ost_rollback(r->s));
    FAILS(OST_DRIVER_ERROR, "no rollback today", add(r->s, "after"));
    FAILS(OST_DRIVER_ERROR, "no rollback today", ost_commit(r->s));
    assert_int_equal(rig_books(r), 0);
    OK(add(r->s, "later"));
}

static void a_failed_begin_or_savepoint_says_so(void **state)
{
    rig *r = *state;
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_BEGIN), .action = OST_FAKE_REFUSE,
                              .status = OST_LOCK_TIMEOUT, .message = "locked"));
    OK(ost_begin(r->s, NULL));
    FAILS(OST_LOCK_TIMEOUT, "locked", add(r->s, "x"));
    FAILS(OST_LOCK_TIMEOUT, "locked", ost_commit(r->s));
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SAVEPOINT), .action = OST_FAKE_REFUSE,
                              .message = "no savepoint today"));
    OK(ost_begin(r->s, NULL));
    OK(add(r->s, "kept"));
    OK(ost_begin(r->s, NULL));
    FAILS(OST_DRIVER_ERROR, "no savepoint today", add(r->s, "x"));
    OK(ost_rollback(r->s));
    if (!r->mode->options.fails_units)
        OK(add(r->s, "kept too"));
    ost_status status = ost_commit(r->s);
    assert_int_equal(status, r->mode->options.fails_units ? OST_DRIVER_ERROR : OST_OK);
    assert_int_equal(rig_books(r), r->mode->options.fails_units ? 0 : 2);
}

static void a_connection_that_cannot_be_made_says_so(void **state)
{
    rig *r = *state;
    ost_fake_kill(r->fake, OST_FAKE_DIES_LOUDLY);
    rig_rule(r, OST_FAKE_RULE(.point = OST_FAKE_AT_CONNECT, .action = OST_FAKE_REFUSE,
                              .status = OST_CONNECTION, .message = "nobody listens"));
    FAILS(OST_CONNECTION, "nobody listens", add(r->s, "x"));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    OK(add(r->s, "x"));
}

/* A connection that was lost stays out of the pool; none that lives is leaked. */
static void nothing_is_leaked_from_the_pool(void **state)
{
    rig *r = *state;
    for (int i = 0; i < 20; i++) {
        rig_rule(r, LOSES(i % 2 ? OST_DO_INSERT : OST_DO_COMMIT, OST_FAKE_LOSE_ANSWER, .times = 1));
        work w = { 0 };
        assert_int_not_equal(ost_transaction(r->s, adds_once, &w, NULL), OST_OK);
        ost_fake_counts counts = counted(r);
        ost__pool_counts pool = ost__pool_count(r->db->pool);
        assert_int_equal(pool.leased, 0);
        assert_int_equal(pool.open, pool.idle);
        assert_int_equal(pool.open, counts.open_connections);
        ost_fake_forget_rules(r->fake);
    }
    OK(add(r->s, "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_FAKES(fm01_a_connection_lost_in_a_unit_dooms_it),
        RIG_FAKES(fm01_a_lost_connection_runs_no_body_again),
        RIG_FAKES(fm04_a_dead_idle_connection_is_replaced),
        RIG_FAKES(a_read_whose_connection_was_lost_is_just_that),
        RIG_FAKES(fm31_a_single_write_without_its_answer_is_unknown),
        RIG_FAKES(fm02_a_lost_commit_is_unknown_and_never_run_again),
        RIG_FAKES(fm02_a_driver_says_that_a_commit_is_unknown),
        RIG_FAKES(fm02_a_reloaded_row_is_distrusted_too),
        RIG_FAKES(fm02_a_commit_that_timed_out_is_unknown_unless_it_cannot_have_happened),
        cmocka_unit_test(fm02_a_token_resolves_a_lost_commit),
        RIG_FAKES(a_lost_commit_of_reads_is_a_lost_connection),
        RIG_FAKES(a_statement_has_its_deadline),
        RIG_FAKES(a_write_that_timed_out_dooms_its_unit),
        RIG_FAKES(a_failed_read_leaves_a_unit_that_still_stands),
        RIG_FAKES(a_connection_that_owes_replies_is_closed),
        RIG_FAKES(a_failed_rollback_does_not_hide_the_first_error),
        RIG_FAKES(a_failed_rollback_to_a_savepoint_dooms_the_unit),
        RIG_FAKES(a_failed_begin_or_savepoint_says_so),
        RIG_FAKES(a_connection_that_cannot_be_made_says_so),
        RIG_FAKES(nothing_is_leaked_from_the_pool),
    };
    return RIG_RUN(tests);
}
