/* SPDX-License-Identifier: MIT */
/* Finding a record and writing it in one step: find-or-create, find-and-update. */
#include "rig.h"

/* ---- find or create ---- */

static void it_is_created_once_and_found_from_then_on(void **state)
{
    rig *r = *state;
    bool created = false;
    const site given = { .path = " /a ", .visits = 3, .owner = "ada" };
    site *first = ost_find_or_create(r->s, site, &created, &given, ost_col(site, path));
    assert_non_null(first);
    assert_true(created);
    assert_true(first->id > 0);
    assert_string_equal(first->path, "/a");
    assert_string_equal(first->owner, "ada");
    assert_true(first->first_seen.microseconds > 0);
    rig_forget(r);
    /* What is wrong with the rest of the struct is no matter where the record is there. */
    const site other = { .path = "/a", .visits = -5, .owner = "bob" };
    site *second = ost_find_or_create(r->s, site, &created, &other, ost_col(site, path));
    assert_non_null(second);
    assert_false(created);
    assert_int_equal(second->id, first->id);
    assert_int_equal(second->visits, 3);
    assert_int_equal(rig_sent(r), 1);
    assert_non_null(ost_find_or_create(r->s, site, NULL, &other, ost_col(site, path)));
}

static void what_was_created_is_tracked(void **state)
{
    rig *r = *state;
    bool created;
    site *s =
        ost_find_or_create(r->s, site, &created, (&(site){ .path = "/a" }), ost_col(site, path));
    assert_non_null(s);
    rig_forget(r);
    OK(ost_save(r->s, site, s));
    assert_int_equal(rig_sent(r), 0);
    s->visits = 12;
    OK(ost_save(r->s, site, s));
    s = ost_find_or_create(r->s, site, &created, (&(site){ .path = "/a" }), ost_col(site, path));
    assert_false(created);
    assert_int_equal(s->visits, 12);
    s->visits = 13;
    OK(ost_save(r->s, site, s));
}

static void another_program_may_be_faster(void **state)
{
    rig *r = *state;
    bool created = true;
    site theirs = { .path = "/a", .owner = "them" };
    /* The record is looked for, and is not there; then somebody else creates it. */
    if (!r->fake)
        return;
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_ANSWER));
    OK(ost_insert(r->s, site, &theirs));
    site *s = ost_find_or_create(r->s, site, &created, (&(site){ .path = "/a", .owner = "us" }),
                                 ost_col(site, path));
    assert_non_null(s);
    assert_false(created);
    assert_int_equal(s->id, theirs.id);
    assert_string_equal(s->owner, "them");
}

static void what_cannot_be_created_says_why(void **state)
{
    rig *r = *state;
    bool created = true;
    site taken = { .path = "/taken", .alias = "x", .place = 1 };
    OK(ost_insert(r->s, site, &taken));
    NULLS(OST_CONFLICT, "alias",
          ost_find_or_create(r->s, site, &created, (&(site){ .path = "/a", .alias = "x" }),
                             ost_col(site, path)));
    assert_false(created);
    NULLS(OST_INVALID, "visits",
          ost_find_or_create(r->s, site, &created, (&(site){ .path = "/a", .visits = -1 }),
                             ost_col(site, path)));
    NULLS(OST_INVALID, "path",
          ost_find_or_create(r->s, site, &created, (&(site){ .path = " " }), ost_col(site, path)));
    NULLS(
        OST_INVALID, "is null",
        ost_find_or_create(r->s, site, &created, (&(site){ .path = "/a" }), ost_col(site, alias)));
    NULLS(OST_INVALID, "is not given",
          ost_find_or_create(r->s, site, &created, (&(site){ .path = "/a" }), ost_col(site, id)));
    NULLS(
        OST_MISUSE, "is no declared key",
        ost_find_or_create(r->s, site, &created, (&(site){ .path = "/a" }), ost_col(site, owner)));
}

static void in_a_transaction_it_is_undone_with_it(void **state)
{
    rig *r = *state;
    bool created = false;
    OK(ost_begin(r->s, NULL));
    site *s =
        ost_find_or_create(r->s, site, &created, (&(site){ .path = "/a" }), ost_col(site, path));
    assert_non_null(s);
    assert_true(created);
    OK(ost_rollback(r->s));
    FAILS(OST_STALE, "reload it", (s->visits = 1, ost_save(r->s, site, s)));
    s = ost_find_or_create(r->s, site, &created, (&(site){ .path = "/a" }), ost_col(site, path));
    assert_non_null(s);
    assert_true(created);
}

/* ---- find and update ---- */

static ost_query *waiting(rig *r)
{
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, lent, false));
    ost_order_by(q, ost_desc(book, stock));
    return q;
}

static void three_books(rig *r)
{
    book many[] = { { .title = "One", .stock = 10 },
                    { .title = "Two", .stock = 30 },
                    { .title = "Three", .stock = 20 } };
    OK(ost_insert_many(r->s, book, many, 3));
}

static void the_first_in_the_order_is_changed_and_given_back(void **state)
{
    rig *r = *state;
    three_books(r);
    book *b = ost_find_and_update(waiting(r), book, OST_RETURN_NEW, ost_set(book, lent, true),
                                  ost_inc(book, stock, -1));
    assert_non_null(b);
    assert_string_equal(b->title, "Two");
    assert_true(b->lent);
    assert_int_equal(b->stock, 29);
    b = ost_find_and_update(waiting(r), book, OST_RETURN_OLD, ost_set(book, lent, true),
                            ost_inc(book, stock, -1));
    assert_non_null(b);
    assert_string_equal(b->title, "Three");
    assert_false(b->lent);
    assert_int_equal(b->stock, 20);
    b = ost_find_and_update(waiting(r), book, OST_RETURN_NEW, ost_set(book, lent, true));
    assert_string_equal(b->title, "One");
    NULLS(OST_NOT_FOUND, "no book",
          ost_find_and_update(waiting(r), book, OST_RETURN_NEW, ost_set(book, lent, true)));
    NULLS(OST_NOT_FOUND, "no book",
          ost_find_and_update(waiting(r), book, OST_RETURN_OLD, ost_set(book, lent, true)));
}

static void what_is_given_back_is_tracked(void **state)
{
    rig *r = *state;
    three_books(r);
    book *b = ost_find_and_update(waiting(r), book, OST_RETURN_NEW, ost_set(book, stock, 5));
    assert_non_null(b);
    rig_forget(r);
    OK(ost_save(r->s, book, b));
    assert_int_equal(rig_sent(r), 0);
    b->title = "Renamed";
    OK(ost_save(r->s, book, b));
    assert_string_equal(rig_title(r, b->id), "Renamed");
    /* Of an old state only what the program changed is written. */
    b = ost_find_and_update(waiting(r), book, OST_RETURN_OLD, ost_set(book, subtitle, "set"));
    assert_non_null(b);
    assert_null(b->subtitle);
    b->title = "Again";
    OK(ost_save(r->s, book, b));
    OK(ost_reload(r->s, book, b));
    assert_string_equal(b->title, "Again");
    assert_string_equal(b->subtitle, "set");
}

static void the_rules_of_updates_hold(void **state)
{
    rig *r = *state;
    three_books(r);
    ost_query *q = ost_from(r->s, book);
    NULLS(OST_MISUSE, "without a condition",
          ost_find_and_update(q, book, OST_RETURN_NEW, ost_set(book, lent, true)));
    NULLS(OST_MISUSE, "without a condition",
          ost_find_and_update(q, book, OST_RETURN_OLD, ost_set(book, lent, true)));
    ost_everything(q);
    assert_non_null(ost_find_and_update(q, book, OST_RETURN_NEW, ost_set(book, lent, true)));
    assert_non_null(ost_find_and_update(q, book, OST_RETURN_OLD, ost_set(book, lent, true)));
    for (uint16_t which = OST_RETURN_NEW; which <= OST_RETURN_OLD; which++) {
        NULLS(OST_INVALID, "title",
              ost_find_and_update(waiting(r), book, which, ost_set(book, title, "")));
        NULLS(OST_INVALID, "stock",
              ost_find_and_update(waiting(r), book, which, ost_inc(book, stock, 2000)));
        NULLS(OST_MISUSE, "key does not change",
              ost_find_and_update(waiting(r), book, which, ost_set(book, id, 7)));
    }
    NULLS(OST_MISUSE, "finds and updates no note",
          ost_find_and_update(waiting(r), note, OST_RETURN_NEW, ost_set(book, lent, true)));
    NULLS(OST_MISUSE, "OST_RETURN_OLD",
          ost_find_and_update(waiting(r), book, 2, ost_set(book, lent, true)));
    q = waiting(r);
    ost_limit(q, 0);
    NULLS(OST_NOT_FOUND, "no book",
          ost_find_and_update(q, book, OST_RETURN_NEW, ost_set(book, lent, true)));
}

static void a_skip_is_kept(void **state)
{
    rig *r = *state;
    three_books(r);
    for (uint16_t which = OST_RETURN_NEW; which <= OST_RETURN_OLD; which++) {
        ost_query *q = waiting(r);
        ost_offset(q, 1);
        book *b = ost_find_and_update(q, book, which, ost_inc(book, stock, -1));
        assert_non_null(b);
        assert_string_equal(b->title, "Three");
        assert_int_equal(b->stock, 19);
    }
}

static void in_a_transaction_the_change_is_undone_with_it(void **state)
{
    rig *r = *state;
    three_books(r);
    for (uint16_t which = OST_RETURN_NEW; which <= OST_RETURN_OLD; which++) {
        OK(ost_begin(r->s, NULL));
        book *b = ost_find_and_update(waiting(r), book, which, ost_set(book, lent, true));
        assert_non_null(b);
        assert_string_equal(b->title, "Two");
        OK(ost_rollback(r->s));
    }
    int64_t left = 0;
    OK(ost_count_of(waiting(r), &left));
    assert_int_equal(left, 3);
}

#define ON(f) RIG_ALL(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(it_is_created_once_and_found_from_then_on),
        ON(what_was_created_is_tracked),
        ON(another_program_may_be_faster),
        ON(what_cannot_be_created_says_why),
        ON(in_a_transaction_it_is_undone_with_it),
        ON(the_first_in_the_order_is_changed_and_given_back),
        ON(what_is_given_back_is_tracked),
        ON(the_rules_of_updates_hold),
        ON(a_skip_is_kept),
        ON(in_a_transaction_the_change_is_undone_with_it),
    };
    return RIG_RUN(tests);
}
