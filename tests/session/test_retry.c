/* SPDX-License-Identifier: MIT */
/* Bodies that run again: what makes them, and what each attempt sees. */
#include "rig.h"

typedef struct work {
    rig *r;
    uint32_t runs, attempts[8];
    book *b, *fresh, *rows;
    int64_t seen_stock;
    bool bad;
} work;

#define ONCE_SERIALIZATION(kind, ...)                                      \
    OST_FAKE_RULE(.kinds = OST_FAKE_KIND(kind), .action = OST_FAKE_REFUSE, \
                  .status = OST_SERIALIZATION, .effects = OST_FAKE_ENDS_UNIT, __VA_ARGS__)

static ost_status add(ost_session *s, const char *title)
{
    return ost_insert(s, book, &(book){ .title = title });
}

static ost_status counts_and_adds(ost_session *s, const ost_attempt *attempt, void *context)
{
    work *w = context;
    if (w->runs < 8)
        w->attempts[w->runs] = attempt->number;
    w->runs++;
    return add(s, "x");
}

static void fm24_a_body_is_told_its_attempt(void **state)
{
    rig *r = *state;
    work w = { .r = r };
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_COMMIT, .times = 2));
    OK(ost_transaction(r->s, counts_and_adds, &w, OST_TRANSACTION(.max_attempts = 5)));
    assert_int_equal(w.runs, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(w.attempts[i], i + 1);
    assert_int_equal(rig_books(r), 1);
    assert_int_equal(rig_events_of(r, OST_EVENT_RETRY), 2);
}

static void fm21_a_failed_write_is_run_again(void **state)
{
    rig *r = *state;
    work w = { .r = r };
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .action = OST_FAKE_REFUSE,
                              .status = OST_DEADLOCK, .effects = OST_FAKE_ENDS_UNIT));
    OK(ost_transaction(r->s, counts_and_adds, &w, OST_TRANSACTION(.max_attempts = 2)));
    assert_int_equal(w.runs, 2);
    assert_int_equal(rig_books(r), 1);
}

static void once_is_the_default(void **state)
{
    rig *r = *state;
    work w = { .r = r };
    for (int i = 0; i < 3; i++) {
        ost_fake_forget_rules(r->fake);
        rig_rule(r, ONCE_SERIALIZATION(OST_DO_COMMIT, .times = OST_FAKE_ALWAYS));
        const ost_transaction_options *options[] = { NULL, OST_TRANSACTION(.max_attempts = 0),
                                                     OST_TRANSACTION(.max_attempts = 1) };
        w.runs = 0;
        FAILS(OST_SERIALIZATION, "script", ost_transaction(r->s, counts_and_adds, &w, options[i]));
        assert_int_equal(ost_session_error(r->s)->retryable, 1);
        assert_int_equal(w.runs, 1);
    }
    w.runs = 0;
    FAILS(OST_SERIALIZATION, "script",
          ost_transaction(r->s, counts_and_adds, &w, OST_TRANSACTION(.max_attempts = 3)));
    assert_int_equal(w.runs, 3);
    ost_fake_forget_rules(r->fake);
    assert_int_equal(rig_books(r), 0);
}

static void other_failures_are_not_run_again(void **state)
{
    rig *r = *state;
    static const uint16_t statuses[] = { OST_CONFLICT, OST_LOCK_TIMEOUT, OST_TIMEOUT,
                                         OST_DRIVER_ERROR };
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        work w = { .r = r };
        rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .action = OST_FAKE_REFUSE,
                                  .status = statuses[i]));
        FAILS((ost_status)statuses[i], "",
              ost_transaction(r->s, counts_and_adds, &w, OST_TRANSACTION(.max_attempts = 3)));
        assert_int_equal(w.runs, 1);
    }
    assert_int_equal(rig_books(r), 0);
}

static ost_status says_serialization_itself(ost_session *s, const ost_attempt *attempt,
                                            void *context)
{
    (void)attempt;
    ((work *)context)->runs++;
    return ost_fail(s, OST_SERIALIZATION, NULL, "the program says so");
}

static void a_body_alone_cannot_make_itself_run_again(void **state)
{
    rig *r = *state;
    work w = { .r = r };
    FAILS(OST_SERIALIZATION, "the program says so",
          ost_transaction(r->s, says_serialization_itself, &w, OST_TRANSACTION(.max_attempts = 3)));
    assert_int_equal(w.runs, 1);
}

/* ---- what an attempt sees ---- */

static ost_status changes_everything(ost_session *s, const ost_attempt *attempt, void *context)
{
    work *w = context;
    rig *r = w->r;
    (void)attempt;
    w->runs++;
    w->bad |= strcmp(w->b->title, "Emma") != 0 || w->b->stock != 1 || w->fresh->id != 0 ||
              strcmp(w->fresh->title, " New ") != 0 || w->rows[0].id > w->rows[1].id ||
              w->rows[0].stock != 1;
    w->b->title = "Persuasion";
    w->b->stock = w->b->stock + 1;
    OST_TRY(ost_save(s, book, w->b));
    OST_TRY(ost_insert(s, book, w->fresh));
    book swap = w->rows[0];
    w->rows[0] = w->rows[1];
    w->rows[1] = swap;
    w->rows[1].stock++;
    OST_TRY(ost_save(s, book, &w->rows[1]));
    book *inside = ost_get(s, book, w->b->id);
    OK(inside ? OST_OK : OST_NOT_FOUND);
    inside->lent = true;
    return ost_save(s, book, inside);
}

static void each_attempt_sees_what_the_first_saw(void **state)
{
    rig *r = *state;
    static const uint16_t kinds[] = { OST_DO_COMMIT, OST_DO_INSERT, OST_DO_UPDATE };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t count;
        work w = { .r = r };
        OK(ost_session_clear(r->s));
        w.b = ost_get(r->s, book, rig_book(r, "Emma", 1815));
        rig_book(r, "a", 1);
        rig_book(r, "b", 2);
        ost_query *q = ost_from(r->s, book);
        ost_where(q, ost_gt(book, id, w.b->id));
        w.rows = ost_all(q, book, &count);
        assert_int_equal(count, 2);
        w.fresh = ost_new(r->s, book);
        w.fresh->title = " New ";
        rig_rule(r, ONCE_SERIALIZATION(kinds[i], .first = kinds[i] == OST_DO_UPDATE ? 2 : 1,
                                       .times = 2));
        OK(ost_transaction(r->s, changes_everything, &w, OST_TRANSACTION(.max_attempts = 4)));
        ost_fake_forget_rules(r->fake);
        assert_int_equal(w.runs, 3);
        assert_false(w.bad);
        const book *found = ost_get(r->s, book, w.b->id);
        assert_string_equal(found->title, "Persuasion");
        assert_int_equal(found->stock, 2);
        assert_true(found->lent);
        assert_int_equal(((book *)ost_get(r->s, book, w.rows[1].id))->stock, 2);
        assert_true(w.fresh->id > 0);
        assert_string_equal(w.fresh->title, "New");
        rig_forget(r);
        OK(ost_save(r->s, book, w.b));
        OK(ost_save(r->s, book, w.fresh));
        OK(ost_save(r->s, book, &w.rows[0]));
        assert_int_equal(rig_sent(r), 0);
    }
}

/* The last attempt fails as well: the records are as before the first. */
static void after_the_last_attempt_records_are_as_before(void **state)
{
    rig *r = *state;
    size_t count;
    work w = { .r = r };
    w.b = ost_get(r->s, book, rig_book(r, "Emma", 1815));
    rig_book(r, "a", 1);
    rig_book(r, "b", 2);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_gt(book, id, w.b->id));
    w.rows = ost_all(q, book, &count);
    w.fresh = ost_new(r->s, book);
    w.fresh->title = " New ";
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_COMMIT, .times = OST_FAKE_ALWAYS));
    FAILS(OST_SERIALIZATION, "script",
          ost_transaction(r->s, changes_everything, &w, OST_TRANSACTION(.max_attempts = 2)));
    assert_int_equal(w.runs, 2);
    assert_false(w.bad);
    assert_string_equal(w.b->title, "Emma");
    assert_int_equal(w.fresh->id, 0);
}

static ost_status releases_what_was_loaded_before(ost_session *s, const ost_attempt *attempt,
                                                  void *context)
{
    ost_mark *mark = context;
    if (attempt->number == 1)
        OST_TRY(ost_session_release(s, *mark));
    return add(s, "x");
}

static void records_released_in_an_attempt_stay_released(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815);
    ost_mark mark = ost_session_mark(r->s);
    for (int i = 0; i < 100; i++)
        assert_non_null(ost_get(r->s, book, id));
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_COMMIT, .times = 1));
    OK(ost_transaction(r->s, releases_what_was_loaded_before, &mark,
                       OST_TRANSACTION(.max_attempts = 2)));
    assert_int_equal(rig_books(r), 2);
}

/* ---- inside savepoints ---- */

static ost_status fails_in_a_savepoint(ost_session *s, const ost_attempt *attempt, void *context)
{
    work *w = context;
    w->bad |= attempt->number != 1; /* a savepoint is never run again by itself */
    return add(s, "inside");
}

static ost_status has_a_savepoint(ost_session *s, const ost_attempt *attempt, void *context)
{
    work *w = context;
    if (w->runs < 8)
        w->attempts[w->runs] = attempt->number;
    w->runs++;
    OST_TRY(add(s, "outside"));
    (void)ost_transaction(s, fails_in_a_savepoint, w, NULL);
    /* Whatever the savepoint returned: the whole transaction is lost. */
    w->bad |= attempt->number == 1 && add(s, "after") != OST_SERIALIZATION;
    return OST_OK;
}

static void fm23_a_serialization_failure_in_a_savepoint_aborts_the_outermost(void **state)
{
    rig *r = *state;
    work w = { .r = r };
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_INSERT, .first = 2));
    OK(ost_transaction(r->s, has_a_savepoint, &w, OST_TRANSACTION(.max_attempts = 2)));
    assert_int_equal(w.runs, 2);
    assert_int_equal(w.attempts[1], 2);
    assert_false(w.bad);
    assert_int_equal(rig_books(r), 2);
    w = (work){ .r = r };
    ost_fake_forget_rules(r->fake);
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_INSERT, .first = 2));
    FAILS(OST_SERIALIZATION, "script", ost_transaction(r->s, has_a_savepoint, &w, NULL));
    assert_int_equal(rig_books(r), 2);
}

static void fm23_also_by_hand_and_three_levels_down(void **state)
{
    rig *r = *state;
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_INSERT, .first = 3));
    for (int i = 0; i < 3; i++)
        OK(ost_begin(r->s, NULL));
    OK(add(r->s, "a"));
    OK(add(r->s, "b"));
    FAILS(OST_SERIALIZATION, "script", add(r->s, "c"));
    OK(ost_rollback(r->s));
    FAILS(OST_SERIALIZATION, "script", add(r->s, "d"));
    OK(ost_rollback(r->s));
    FAILS(OST_SERIALIZATION, "script", ost_commit(r->s));
    FAILS(OST_MISUSE, "without ost_begin", ost_commit(r->s));
    assert_int_equal(rig_books(r), 0);
    OK(add(r->s, "e"));
}

/* The deadline holds for all attempts together. */
static void attempts_share_one_deadline(void **state)
{
    rig *r = *state;
    work w = { .r = r };
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_COMMIT), .action = OST_FAKE_DELAY,
                              .delay_ns = 40000000, .times = OST_FAKE_ALWAYS));
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_COMMIT, .times = OST_FAKE_ALWAYS));
    ost_status status = ost_transaction(r->s, counts_and_adds, &w,
                                        OST_TRANSACTION(.max_attempts = 1000, .timeout_ms = 100));
    ost_fake_forget_rules(r->fake);
    assert_int_equal(status, OST_TIMEOUT);
    assert_true(w.runs >= 2 && w.runs <= 4);
    assert_int_equal(rig_books(r), 0);
}

/* ---- units of the library's own ---- */

static void fm21_what_needs_no_body_is_run_again_too(void **state)
{
    rig *r = *state;
    book many[3] = { { .title = "a" }, { .title = "b" }, { .title = "c" } };
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_INSERT, .times = 2));
    OK(ost_insert_many(r->s, book, many, 3));
    assert_int_equal(rig_books(r), 3);
    assert_int_equal(rig_events_of(r, OST_EVENT_RETRY), 2);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, title, "b"));
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_UPDATE, .times = 1));
    OK(ost_update_one(q, ost_inc(book, stock, 5)));
    assert_int_equal(rig_events_of(r, OST_EVENT_RETRY), 3);
    size_t count;
    book *rows = ost_all(ost_from(r->s, book), book, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rows[i].stock, strcmp(rows[i].title, "b") == 0 ? 5 : 0);
        rows[i].stock = 7;
    }
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_COMMIT, .times = 1));
    OK(ost_save_many(r->s, book, rows, count));
    assert_int_equal(rig_events_of(r, OST_EVENT_RETRY), 4);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(rows[i].stock, 7);
    q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, stock, 7));
    int64_t found;
    OK(ost_count_of(q, &found));
    assert_int_equal(found, 3);
}

static void takes_long(void *context, const ost_fake_moment *moment)
{
    (void)moment;
    rig_advance(context, 40000000);
}

/* Until the call's deadline, not for ever; and never inside the program's own transaction. */
static void fm21_a_unit_of_the_library_is_run_until_the_deadline(void **state)
{
    rig *r = *state;
    book many[2] = { { .title = "a" }, { .title = "b" } };
    ost_session *s = rig_session(r, OST_SESSION(.timeout_ms = 100));
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .action = OST_FAKE_DELAY,
                              .delay_ns = 40000000, .times = OST_FAKE_ALWAYS));
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_INSERT, .times = OST_FAKE_ALWAYS));
    assert_int_equal(ost_insert_many(s, book, many, 2), OST_TIMEOUT);
    assert_int_equal(rig_events_of(r, OST_EVENT_RETRY), 2);
    ost_session_close(s);
    OK(ost_begin(r->s, NULL));
    FAILS(OST_SERIALIZATION, "", ost_insert_many(r->s, book, many, 2));
    OK(ost_rollback(r->s));
    assert_int_equal(rig_events_of(r, OST_EVENT_RETRY), 2);
    ost_fake_forget_rules(r->fake);
    /* The last attempt may also end before the deadline, and leave no time for another. */
    s = rig_session(r, OST_SESSION(.timeout_ms = 100));
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .action = OST_FAKE_CALL,
                              .call = takes_long, .context = r, .times = OST_FAKE_ALWAYS));
    rig_rule(r, ONCE_SERIALIZATION(OST_DO_INSERT, .times = OST_FAKE_ALWAYS));
    assert_int_equal(ost_insert_many(s, book, many, 2), OST_TIMEOUT);
    rig_has(ost_session_error(s)->message, "other transactions", __FILE__, __LINE__);
    ost_session_close(s);
    ost_fake_forget_rules(r->fake);
    assert_int_equal(rig_books(r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_FAKES(fm24_a_body_is_told_its_attempt),
        RIG_FAKES(fm21_a_failed_write_is_run_again),
        RIG_FAKES(once_is_the_default),
        RIG_FAKES(other_failures_are_not_run_again),
        RIG_ALL(a_body_alone_cannot_make_itself_run_again),
        RIG_FAKES(each_attempt_sees_what_the_first_saw),
        RIG_FAKES(after_the_last_attempt_records_are_as_before),
        RIG_FAKES(records_released_in_an_attempt_stay_released),
        RIG_FAKES(fm23_a_serialization_failure_in_a_savepoint_aborts_the_outermost),
        RIG_FAKES(fm23_also_by_hand_and_three_levels_down),
        RIG_FAKES(attempts_share_one_deadline),
        RIG_FAKES(fm21_what_needs_no_body_is_run_again_too),
        RIG_FAKES(fm21_a_unit_of_the_library_is_run_until_the_deadline),
    };
    return RIG_RUN(tests);
}
