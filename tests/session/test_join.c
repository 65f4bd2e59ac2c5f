/* SPDX-License-Identifier: MIT */
/* Transactions that become part of the one around them. */
#include "rig.h"

static const ost_transaction_options joining = { .struct_size = sizeof joining, .join = true };

static ost_status add(ost_session *s, const char *title, const char *isbn)
{
    return ost_insert(s, book, &(book){ .title = title, .isbn = isbn });
}

static ost_status adds(ost_session *s, const ost_attempt *attempt, void *context)
{
    (void)attempt;
    return add(s, context, NULL);
}

static ost_status adds_and_fails(ost_session *s, const ost_attempt *attempt, void *context)
{
    OST_TRY(adds(s, attempt, context));
    return ost_fail(s, OST_CHECK, NULL, "the body thought better of it");
}

static ost_status adds_and_undoes(ost_session *s, const ost_attempt *attempt, void *context)
{
    OST_TRY(adds(s, attempt, context));
    return ost_undo(s);
}

static void a_joined_transaction_is_part_of_the_one_around_it(void **state)
{
    rig *r = *state;
    char c[] = "c";
    OK(ost_begin(r->s, &joining)); /* there is none to join: it is one of its own */
    OK(add(r->s, "a", NULL));
    rig_forget(r);
    OK(ost_begin(r->s, &joining));
    OK(add(r->s, "b", NULL));
    OK(ost_commit(r->s));
    OK(ost_transaction(r->s, adds, c, OST_TRANSACTION(.join = true, .max_attempts = 3)));
    assert_int_equal(rig_sent(r), 2);
    OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 3);
    FAILS(OST_MISUSE, "ost_commit without ost_begin", ost_commit(r->s));
}

static void begin_with_a(rig *r)
{
    OK(ost_begin(r->s, NULL));
    OK(add(r->s, "a", NULL));
}

static void a_joined_transaction_cannot_be_undone_alone(void **state)
{
    rig *r = *state;
    char b[] = "b";
    begin_with_a(r);
    OK(ost_begin(r->s, &joining));
    OK(add(r->s, "b", NULL));
    OK(ost_rollback(r->s));
    FAILS(OST_CANCELLED, "had joined", add(r->s, "c", NULL));
    FAILS(OST_CANCELLED, "had joined", ost_begin(r->s, &joining));
    FAILS(OST_CANCELLED, "had joined", ost_commit(r->s));
    assert_int_equal(rig_books(r), 0);
    begin_with_a(r);
    FAILS(OST_CHECK, "thought better", ost_transaction(r->s, adds_and_fails, b, &joining));
    FAILS(OST_CHECK, "thought better", ost_commit(r->s));
    assert_int_equal(rig_books(r), 0);
    begin_with_a(r);
    OK(ost_transaction(r->s, adds_and_undoes, b, &joining));
    FAILS(OST_CANCELLED, "had joined", ost_commit(r->s));
    assert_int_equal(rig_books(r), 0);
}

/* Joined twice over: all of it is undone together. */
static void a_failure_in_a_joined_transaction_dooms_all_of_it(void **state)
{
    rig *r = *state;
    OK(ost_begin(r->s, NULL));
    OK(add(r->s, "a", "taken"));
    OK(ost_begin(r->s, &joining));
    OK(ost_begin(r->s, &joining));
    FAILS(OST_CONFLICT, "book.isbn", add(r->s, "b", "taken"));
    FAILS(OST_CONFLICT, "book.isbn", ost_commit(r->s));
    FAILS(OST_CONFLICT, "book.isbn", ost_commit(r->s));
    FAILS(OST_CONFLICT, "book.isbn", ost_commit(r->s));
    FAILS(OST_MISUSE, "ost_commit without ost_begin", ost_commit(r->s));
    assert_int_equal(rig_books(r), 0);
}

static void a_savepoint_takes_back_what_joined_it(void **state)
{
    rig *r = *state;
    book b = { .title = "gone" };
    begin_with_a(r);
    OK(ost_begin(r->s, NULL));
    OK(ost_begin(r->s, &joining));
    OK(ost_insert(r->s, book, &b));
    OK(ost_rollback(r->s));
    OK(ost_rollback(r->s));
    OK(add(r->s, "kept too", NULL));
    OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 2);
}

static void what_joins_has_no_options_of_its_own(void **state)
{
    rig *r = *state;
    OK(ost_begin(r->s, NULL));
    FAILS(OST_MISUSE, "no isolation",
          ost_begin(r->s, OST_TRANSACTION(.join = true, .isolation = OST_SERIALIZABLE)));
    FAILS(OST_MISUSE, "no isolation",
          ost_begin(r->s, OST_TRANSACTION(.join = true, .timeout_ms = 5)));
    FAILS(OST_MISUSE, "no isolation",
          ost_begin(r->s, OST_TRANSACTION(.join = true, .read_only = true)));
    OK(ost_commit(r->s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_joined_transaction_is_part_of_the_one_around_it),
        RIG_ALL(a_joined_transaction_cannot_be_undone_alone),
        RIG_ALL(a_failure_in_a_joined_transaction_dooms_all_of_it),
        RIG_SQL(a_savepoint_takes_back_what_joined_it),
        RIG_ALL(what_joins_has_no_options_of_its_own),
    };
    return RIG_RUN(tests);
}
