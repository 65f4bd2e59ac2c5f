/* SPDX-License-Identifier: MIT */
/* Soft deletes: who sees what, restoring, deleting for good, and what is unique among the living.
 */
#include "rig.h"

static int next_card;

/* Stores a patron of the program's own and returns its key. */
static int64_t add(rig *r, const char *email)
{
    patron p = { .email = email, .card = ++next_card };
    OK(ost_insert(r->s, patron, &p));
    return p.id;
}

static void soft_delete(rig *r, int64_t id)
{
    OK(ost_delete(r->s, patron, &(patron){ .id = id }));
}

static patron *any(rig *r, int64_t id)
{
    patron *p = ost_get_with_deleted(r->s, patron, id);
    assert_non_null(p);
    return p;
}

static int64_t count(rig *r, bool with_deleted)
{
    int64_t n = -1;
    ost_query *q = ost_from(r->s, patron);
    if (with_deleted)
        ost_with_deleted(q);
    OK(ost_count_of(q, &n));
    return n;
}

static ost_query *with_email(rig *r, const char *email)
{
    ost_query *q = ost_from(r->s, patron);
    ost_where(q, ost_eq(patron, email, email));
    return q;
}

/* ---- who sees what ---- */

static void a_deleted_record_is_stamped_and_keeps_its_row(void **state)
{
    rig *r = *state;
    int64_t id = add(r, "ada");
    patron *p = ost_get(r->s, patron, id);
    int64_t changed = p->changed_at.microseconds;
    rig_advance(r, INT64_C(5000000000));
    OK(ost_delete(r->s, patron, p));
    assert_true(p->deleted_at.present);
    assert_true(p->deleted_at.value.microseconds >= changed + 5000000);
    assert_int_equal(p->changed_at.microseconds, p->deleted_at.value.microseconds);
    patron *stored = any(r, id);
    assert_string_equal(stored->email, "ada");
    assert_true(stored->deleted_at.present);
    assert_int_equal(stored->deleted_at.value.microseconds, rig_stored(r, p->deleted_at.value));
    assert_int_equal(stored->changed_at.microseconds, rig_stored(r, p->changed_at));
}

static void every_way_of_reading_sees_the_living_alone(void **state)
{
    rig *r = *state;
    int64_t ids[] = { add(r, "ada"), add(r, "bob"), add(r, "cyd") };
    int64_t n = -1;
    size_t rows;
    bool exists = true;
    ost_page page;
    ost_value v;
    soft_delete(r, ids[1]);
    NULLS(OST_NOT_FOUND, "no patron was found", ost_get(r->s, patron, ids[1]));
    NULLS(OST_NOT_FOUND, "no patron", ost_find(r->s, patron, ost_eq(patron, email, "bob")));
    NULLS(OST_NOT_FOUND, "no patron", ost_first(with_email(r, "bob"), patron));
    NULLS(OST_NOT_FOUND, "no patron", ost_one(with_email(r, "bob"), patron));
    patron *many = ost_get_many(r->s, patron, ids, 3, &rows);
    assert_non_null(many);
    assert_int_equal(rows, 2);
    assert_string_equal(many[1].email, "cyd");
    assert_non_null(ost_all(ost_from(r->s, patron), patron, &rows));
    assert_int_equal(rows, 2);
    assert_int_equal(count(r, false), 2);
    OK(ost_exists(with_email(r, "bob"), &exists));
    assert_false(exists);
    OK(ost_value_of(ost_from(r->s, patron), ost_max(ost_col(patron, card)), &v));
    assert_int_equal(v.as.integer, next_card);
    OK(ost_value_of(ost_from(r->s, patron), ost_count(), &v));
    assert_int_equal(v.as.integer, 2);
    assert_non_null(ost_paginate(ost_from(r->s, patron), patron, 1, 10, &rows, &page));
    assert_int_equal(page.total, 2);
    ost_cursor *c = ost_stream(ost_from(r->s, patron), 0);
    for (n = 0; ost_next(c, patron);)
        n++;
    OK(ost_cursor_close(c));
    assert_int_equal(n, 2);
}

static void with_deleted_sees_all(void **state)
{
    rig *r = *state;
    int64_t gone = add(r, "bob");
    size_t rows;
    add(r, "ada");
    soft_delete(r, gone);
    assert_int_equal(count(r, true), 2);
    ost_query *q = ost_from(r->s, patron);
    ost_with_deleted(q);
    ost_order_by(q, ost_asc(patron, email));
    patron *all = ost_all(q, patron, &rows);
    assert_int_equal(rows, 2);
    assert_false(all[0].deleted_at.present);
    assert_true(all[1].deleted_at.present);
    q = ost_from(r->s, patron);
    ost_with_deleted(q);
    ost_where(q, ost_not_null(patron, deleted_at));
    assert_string_equal(((patron *)ost_one(q, patron))->email, "bob");
    NULLS(OST_NOT_FOUND, "no patron was found", ost_get_with_deleted(r->s, patron, 12345678));
}

/* Other models have no way to be deleted but for good. */
static void models_without_the_stamp_are_as_before(void **state)
{
    rig *r = *state;
    int64_t id = rig_book(r, "Emma", 1815), n = 0;
    book *b = ost_get_with_deleted(r->s, book, id);
    assert_non_null(b);
    ost_query *q = ost_from(r->s, book);
    ost_with_deleted(q);
    OK(ost_count_of(q, &n));
    assert_int_equal(n, 1);
    FAILS(OST_MISUSE, "book cannot be restored", ost_restore(r->s, book, b));
    ost_everything(q);
    FAILS(OST_MISUSE, "book cannot be restored", ost_restore_all(q, &n));
    OK(ost_purge(r->s, book, b));
    FAILS(OST_NOT_FOUND, "no book has this key", ost_purge(r->s, book, b));
    rig_book(r, "Persuasion", 1817);
    OK(ost_purge_all(q, &n));
    assert_int_equal(n, 1);
    assert_int_equal(rig_books(r), 0);
}

static void a_composite_key_and_a_day(void **state)
{
    rig *r = *state;
    permit one = { .patron = 1, .kind = "read", .note = "a" };
    permit two = { .patron = 1, .kind = "write" };
    OK(ost_insert(r->s, permit, &one));
    OK(ost_insert(r->s, permit, &two));
    OK(ost_delete(r->s, permit, &one));
    assert_true(one.ended.present);
    assert_int_equal(one.ended.value.days, ost_now(r->s).microseconds / INT64_C(86400000000));
    NULLS(OST_NOT_FOUND, "no permit",
          ost_find(r->s, permit, ost_eq(permit, patron, 1), ost_eq(permit, kind, "read")));
    ost_query *q = ost_from(r->s, permit);
    ost_with_deleted(q);
    ost_where(q, ost_eq(permit, kind, "read"));
    permit *gone = ost_one(q, permit);
    assert_non_null(gone);
    assert_true(gone->ended.present);
    gone->note = "b";
    OK(ost_save(r->s, permit, gone));
    OK(ost_restore(r->s, permit, &one));
    assert_false(one.ended.present);
    permit *p = ost_find(r->s, permit, ost_eq(permit, patron, 1), ost_eq(permit, kind, "read"));
    assert_non_null(p);
    assert_string_equal(p->note, "b");
}

/* ---- deleting ---- */

static void deleting_a_deleted_record_changes_nothing(void **state)
{
    rig *r = *state;
    int64_t id = add(r, "ada"), n = -1;
    patron *p = ost_get(r->s, patron, id);
    OK(ost_delete(r->s, patron, p));
    int64_t when = any(r, id)->deleted_at.value.microseconds;
    rig_advance(r, INT64_C(5000000000));
    FAILS(OST_NOT_FOUND, "no living patron has this key", ost_delete(r->s, patron, p));
    FAILS(OST_NOT_FOUND, "no living patron has this key",
          ost_delete(r->s, patron, &(patron){ .id = id }));
    FAILS(OST_NOT_FOUND, "no living patron has this key",
          ost_delete(r->s, patron, &(patron){ .id = 12345678 }));
    ost_query *q = with_email(r, "ada");
    ost_with_deleted(q);
    OK(ost_delete_all(q, &n));
    assert_int_equal(n, 0);
    assert_int_equal(any(r, id)->deleted_at.value.microseconds, when);
}

static void a_delete_by_query_stamps_what_it_meets(void **state)
{
    rig *r = *state;
    int64_t ada = add(r, "ada"), n = -1;
    add(r, "bob");
    add(r, "cyd");
    rig_advance(r, INT64_C(5000000000));
    OK(ost_delete_all(with_email(r, "ada"), &n));
    assert_int_equal(n, 1);
    patron *p = any(r, ada);
    assert_true(p->deleted_at.present);
    assert_int_equal(p->changed_at.microseconds, p->deleted_at.value.microseconds);
    ost_query *q = ost_from(r->s, patron);
    FAILS(OST_MISUSE, "without a condition", ost_delete_all(q, &n));
    FAILS(OST_MISUSE, "without a condition", ost_restore_all(q, &n));
    FAILS(OST_MISUSE, "without a condition", ost_purge_all(q, &n));
    assert_int_equal(n, 0);
    ost_order_by(q, ost_desc(patron, email));
    ost_everything(q);
    ost_limit(q, 1);
    OK(ost_delete_all(q, &n));
    assert_int_equal(n, 1);
    assert_int_equal(count(r, false), 1);
    assert_non_null(ost_first(with_email(r, "bob"), patron));
    assert_int_equal(count(r, true), 3);
}

static void updates_by_query_meet_the_living_alone(void **state)
{
    rig *r = *state;
    int64_t gone = add(r, "bob"), n = -1;
    add(r, "ada");
    soft_delete(r, gone);
    ost_query *q = ost_from(r->s, patron);
    ost_everything(q);
    OK(ost_update(q, &n, ost_inc(patron, visits, 1)));
    assert_int_equal(n, 1);
    assert_int_equal(any(r, gone)->visits, 0);
    FAILS(OST_NOT_FOUND, "no patron meets the condition",
          ost_update_one(with_email(r, "bob"), ost_set(patron, visits, 7)));
    ost_with_deleted(q);
    OK(ost_update(q, &n, ost_inc(patron, visits, 1)));
    assert_int_equal(n, 2);
    assert_int_equal(any(r, gone)->visits, 1);
}

/* ---- restoring ---- */

static void a_restored_record_is_as_it_was(void **state)
{
    rig *r = *state;
    int64_t id = add(r, "ada"), n = -1;
    patron *p = ost_get(r->s, patron, id);
    p->visits = 4;
    OK(ost_save(r->s, patron, p));
    OK(ost_delete(r->s, patron, p));
    rig_advance(r, INT64_C(5000000000));
    OK(ost_restore(r->s, patron, p));
    assert_false(p->deleted_at.present);
    patron *again = ost_get(r->s, patron, id);
    assert_non_null(again);
    assert_int_equal(again->visits, 4);
    assert_false(again->deleted_at.present);
    assert_int_equal(again->changed_at.microseconds, rig_stored(r, p->changed_at));
    p->visits = 5;
    OK(ost_save(r->s, patron, p));
    FAILS(OST_NOT_FOUND, "no deleted patron has this key", ost_restore(r->s, patron, p));
    OK(ost_delete(r->s, patron, &(patron){ .id = id }));
    add(r, "bob");
    ost_query *q = ost_from(r->s, patron);
    ost_everything(q);
    OK(ost_restore_all(q, &n));
    assert_int_equal(n, 1);
    assert_int_equal(ost_get(r->s, patron, id)->visits, 5);
    OK(ost_restore_all(with_email(r, "ada"), &n));
    assert_int_equal(n, 0);
}

static void purging_leaves_nothing(void **state)
{
    rig *r = *state;
    int64_t ada = add(r, "ada"), bob = add(r, "bob"), n = -1;
    add(r, "cyd");
    OK(ost_purge(r->s, patron, &(patron){ .id = ada }));
    soft_delete(r, bob);
    ost_query *q = with_email(r, "bob");
    OK(ost_purge_all(q, &n));
    assert_int_equal(n, 0);
    OK(ost_purge(r->s, patron, &(patron){ .id = bob }));
    NULLS(OST_NOT_FOUND, "no patron", ost_get_with_deleted(r->s, patron, bob));
    FAILS(OST_NOT_FOUND, "no patron has this key", ost_purge(r->s, patron, &(patron){ .id = bob }));
    int64_t dan = add(r, "dan");
    soft_delete(r, dan);
    q = ost_from(r->s, patron);
    ost_with_deleted(q);
    ost_where(q, ost_le(patron, deleted_at, ost_now(r->s)));
    OK(ost_purge_all(q, &n));
    assert_int_equal(n, 1);
    assert_int_equal(count(r, true), 1);
    assert_int_equal(count(r, false), 1);
}

/* ---- unique among the living ---- */

/* The mistake of many a tutorial: e-mail unique, users soft-deleted, and nobody may come back. */
static void tutorial_a_deleted_email_can_sign_up_again(void **state)
{
    rig *r = *state;
    int64_t first = add(r, "ada@example.org");
    FAILS(OST_CONFLICT, "patron.email",
          ost_insert(r->s, patron, &(patron){ .email = "ada@example.org", .card = ++next_card }));
    assert_string_equal(ost_session_error(r->s)->field, "email");
    soft_delete(r, first);
    int64_t second = add(r, "ada@example.org");
    assert_true(second != first);
    soft_delete(r, second);
    int64_t third = add(r, "ada@example.org");
    assert_int_equal(ost_find(r->s, patron, ost_eq(patron, email, "ada@example.org"))->id, third);
    FAILS(OST_CONFLICT, "patron.email",
          ost_insert(r->s, patron, &(patron){ .email = "ada@example.org", .card = ++next_card }));
    assert_int_equal(count(r, true), 3);
}

static void a_conflict_among_the_living_names_its_key(void **state)
{
    rig *r = *state;
    ost_failure f;
    patron p = { .email = "ada", .nick = "a", .card = ++next_card };
    p.shelf = (ost_opt_int)OST_SOME(1), p.box = (ost_opt_int)OST_SOME(2);
    OK(ost_insert(r->s, patron, &p));
    patron twin = { .email = "ada", .card = ++next_card };
    FAILS(OST_CONFLICT, "patron.email", ost_insert(r->s, patron, &twin));
    assert_string_equal(ost_session_error(r->s)->model, "patron");
    assert_true(ost_error_failure(ost_session_error(r->s), 0, &f));
    assert_string_equal(f.path, "email");
    assert_string_equal(f.rule, "unique");
    assert_string_equal(f.message, "this address is taken");
    twin = (patron){ .email = "eva", .nick = "a", .card = ++next_card };
    FAILS(OST_CONFLICT, "patron.nick", ost_insert(r->s, patron, &twin));
    twin = (patron){ .email = "eva", .card = ++next_card, .shelf = p.shelf, .box = p.box };
    FAILS(OST_CONFLICT, "patron.shelf", ost_insert(r->s, patron, &twin));
    HAS(ost_session_error(r->s)->constraint, "ux_patrons_shelf_box_living");
    twin = (patron){ .email = "eva", .card = p.card };
    FAILS(OST_CONFLICT, "patron.card", ost_insert(r->s, patron, &twin));
    soft_delete(r, p.id);
    /* The card was not said to be unique among the living alone. */
    FAILS(OST_CONFLICT, "patron.card", ost_insert(r->s, patron, &twin));
    twin = (patron){ .email = "ada", .nick = "a", .card = ++next_card };
    twin.shelf = p.shelf, twin.box = p.box;
    OK(ost_insert(r->s, patron, &twin));
}

static void a_restore_that_meets_a_living_record_is_a_conflict(void **state)
{
    rig *r = *state;
    int64_t n = -1, first = add(r, "ada"), second;
    soft_delete(r, first);
    second = add(r, "ada");
    patron *p = any(r, first);
    FAILS(OST_CONFLICT, "patron.email", ost_restore(r->s, patron, p));
    assert_string_equal(ost_session_error(r->s)->field, "email");
    assert_true(p->deleted_at.present);
    FAILS(OST_CONFLICT, "patron.email", ost_restore_all(with_email(r, "ada"), &n));
    assert_int_equal(n, 0);
    assert_int_equal(count(r, false), 1);
    soft_delete(r, second);
    /* Both of them, and they would meet each other. */
    FAILS(OST_CONFLICT, "patron.email", ost_restore_all(with_email(r, "ada"), &n));
    assert_int_equal(count(r, false), 0);
    OK(ost_restore(r->s, patron, p));
    FAILS(OST_CONFLICT, "patron.email", ost_restore(r->s, patron, &(patron){ .id = second }));
    assert_int_equal(count(r, false), 1);
}

static void what_is_absent_never_conflicts(void **state)
{
    rig *r = *state;
    patron p = { .email = "ada", .card = ++next_card, .shelf = OST_SOME(1) };
    OK(ost_insert(r->s, patron, &p));
    p = (patron){ .email = "bob", .card = ++next_card, .shelf = OST_SOME(1) };
    OK(ost_insert(r->s, patron, &p));
    assert_int_equal(count(r, false), 2);
}

/* ---- records that are held ---- */

static void a_record_that_another_deleted_is_stale(void **state)
{
    rig *r = *state;
    int64_t id = add(r, "ada"), other = add(r, "bob");
    size_t rows;
    ost_query *q = ost_from(r->s, patron);
    ost_order_by(q, ost_asc(patron, email));
    patron *p = ost_all(q, patron, &rows);
    assert_int_equal(rows, 2);
    soft_delete(r, id);
    p[0].visits = p[1].visits = 1;
    FAILS(OST_STALE, "was deleted or restored", ost_save(r->s, patron, &p[0]));
    FAILS(OST_STALE, "was deleted or restored", ost_save_many(r->s, patron, p, 2));
    FAILS(OST_NOT_FOUND, "no patron has this key", ost_replace(r->s, patron, &p[0]));
    FAILS(OST_NOT_FOUND, "no patron has this key", ost_reload(r->s, patron, &p[0]));
    patron own = { .id = id, .email = "own", .card = 77 };
    FAILS(OST_NOT_FOUND, "no patron has this key", ost_replace(r->s, patron, &own));
    assert_string_equal(any(r, id)->email, "ada");
    assert_int_equal(any(r, id)->visits, 0);
    assert_int_equal(any(r, other)->visits, 0);
    OK(ost_save(r->s, patron, &p[1]));
}

static void a_record_that_was_loaded_deleted_is_saved_as_one(void **state)
{
    rig *r = *state;
    int64_t id = add(r, "ada"), other = add(r, "bob");
    size_t rows;
    soft_delete(r, id);
    ost_query *q = ost_from(r->s, patron);
    ost_with_deleted(q);
    ost_order_by(q, ost_asc(patron, email));
    patron *p = ost_all(q, patron, &rows);
    assert_int_equal(rows, 2);
    p[0].email = "anonymous", p[1].visits = 1;
    OK(ost_save_many(r->s, patron, p, 2));
    assert_string_equal(any(r, id)->email, "anonymous");
    assert_true(any(r, id)->deleted_at.present);
    assert_int_equal(ost_get(r->s, patron, other)->visits, 1);
    p[0].visits = 2;
    OK(ost_save(r->s, patron, &p[0]));
    OK(ost_reload(r->s, patron, &p[0]));
    assert_int_equal(p[0].visits, 2);
    OK(ost_restore(r->s, patron, &(patron){ .id = id }));
    p[0].visits = 3;
    FAILS(OST_STALE, "was deleted or restored", ost_save(r->s, patron, &p[0]));
    OK(ost_reload(r->s, patron, &p[0]));
    assert_false(p[0].deleted_at.present);
    p[0].visits = 3;
    OK(ost_save(r->s, patron, &p[0]));
    assert_int_equal(any(r, id)->visits, 3);
}

static void the_stamp_is_a_member_like_any_other(void **state)
{
    rig *r = *state;
    int64_t id = add(r, "ada");
    patron *p = ost_get(r->s, patron, id);
    ost_put(p->deleted_at, (ost_time){ INT64_C(1700000000000000) });
    OK(ost_save(r->s, patron, p));
    NULLS(OST_NOT_FOUND, "no patron", ost_get(r->s, patron, id));
    p->deleted_at = (ost_opt_time){ 0 };
    OK(ost_save(r->s, patron, p));
    assert_non_null(ost_get(r->s, patron, id));
    patron old = { .email = "bob", .card = ++next_card };
    ost_put(old.deleted_at, (ost_time){ INT64_C(1600000000000000) });
    OK(ost_insert(r->s, patron, &old));
    assert_int_equal(any(r, old.id)->deleted_at.value.microseconds, INT64_C(1600000000000000));
    assert_int_equal(count(r, false), 1);
}

static void changes_that_were_not_saved_stay(void **state)
{
    rig *r = *state;
    int64_t id = add(r, "ada");
    patron *p = ost_get(r->s, patron, id);
    p->visits = 9;
    OK(ost_delete(r->s, patron, p));
    assert_int_equal(p->visits, 9);
    assert_int_equal(any(r, id)->visits, 0);
    OK(ost_restore(r->s, patron, p));
    OK(ost_save(r->s, patron, p));
    assert_int_equal(any(r, id)->visits, 9);
}

/* ---- transactions ---- */

static void a_rollback_takes_back_deletes_and_restores(void **state)
{
    rig *r = *state;
    int64_t ada = add(r, "ada"), bob = add(r, "bob");
    soft_delete(r, bob);
    patron *a = ost_get(r->s, patron, ada), *b = any(r, bob);
    ost_time changed = a->changed_at;
    ost_opt_time gone = b->deleted_at;
    rig_advance(r, INT64_C(5000000000));
    OK(ost_begin(r->s, NULL));
    OK(ost_delete(r->s, patron, a));
    OK(ost_restore(r->s, patron, b));
    assert_true(a->deleted_at.present);
    assert_false(b->deleted_at.present);
    OK(ost_rollback(r->s));
    assert_false(a->deleted_at.present);
    assert_int_equal(a->changed_at.microseconds, changed.microseconds);
    assert_true(b->deleted_at.present);
    assert_int_equal(b->deleted_at.value.microseconds, gone.value.microseconds);
    assert_int_equal(count(r, false), 1);
    a->visits = 1;
    OK(ost_save(r->s, patron, a));
    b->visits = 2;
    OK(ost_save(r->s, patron, b));
    assert_int_equal(any(r, ada)->visits, 1);
    assert_int_equal(any(r, bob)->visits, 2);
}

static void a_savepoint_takes_back_what_was_deleted_inside(void **state)
{
    rig *r = *state;
    patron *p = ost_get(r->s, patron, add(r, "ada"));
    OK(ost_begin(r->s, NULL));
    p->visits = 1;
    OK(ost_save(r->s, patron, p));
    OK(ost_begin(r->s, NULL));
    OK(ost_delete(r->s, patron, p));
    OK(ost_rollback(r->s));
    assert_false(p->deleted_at.present);
    p->visits = 2;
    OK(ost_save(r->s, patron, p));
    OK(ost_commit(r->s));
    assert_int_equal(ost_get(r->s, patron, p->id)->visits, 2);
}

/* What was refused leaves the record as it was. */
static void a_refused_restore_leaves_the_record(void **state)
{
    rig *r = *state;
    int64_t first = add(r, "ada");
    patron *p = ost_get(r->s, patron, first);
    OK(ost_delete(r->s, patron, p));
    ost_opt_time gone = p->deleted_at;
    add(r, "ada");
    OK(ost_begin(r->s, NULL));
    FAILS(OST_CONFLICT, "patron.email", ost_restore(r->s, patron, p));
    FAILS(OST_CONFLICT, "patron.email", ost_commit(r->s));
    assert_true(p->deleted_at.present);
    assert_int_equal(p->deleted_at.value.microseconds, gone.value.microseconds);
    p->visits = 1;
    OK(ost_save(r->s, patron, p));
}

static void wrong_uses_are_refused(void **state)
{
    rig *r = *state;
    ost_session *reader = rig_session(r, OST_SESSION(.read_only = true));
    patron p = { .id = add(r, "ada") };
    FAILS(OST_MISUSE, "", ost_restore(r->s, patron, (patron *)NULL));
    FAILS(OST_MISUSE, "", ost_purge(r->s, patron, (patron *)NULL));
    assert_int_equal(ost_delete(reader, patron, &p), OST_MISUSE);
    assert_int_equal(ost_restore(reader, patron, &p), OST_MISUSE);
    assert_int_equal(ost_purge(reader, patron, &p), OST_MISUSE);
    ost_session_close(reader);
    assert_int_equal(ost_delete_all(NULL, NULL), OST_MISUSE);
    assert_int_equal(ost_restore_all(NULL, NULL), OST_MISUSE);
    assert_int_equal(ost_purge_all(NULL, NULL), OST_MISUSE);
    ost_with_deleted(NULL);
    ost_query *q = ost_from(r->s, patron);
    OK(ost_session_clear(r->s));
    ost_with_deleted(q);
    FAILS(OST_MISUSE, "used after the session was cleared", ost_purge_all(q, NULL));
    assert_int_equal(count(r, false), 1);
}

/* ---- statements ---- */

static void the_same_statements_are_compiled_once(void **state)
{
    rig *r = *state;
    int64_t ids[] = { add(r, "ada"), add(r, "bob") };
    rig_forget(r);
    for (size_t i = 0; i < 2; i++) {
        OK(ost_delete(r->s, patron, &(patron){ .id = ids[i] }));
        OK(ost_restore(r->s, patron, &(patron){ .id = ids[i] }));
        assert_non_null(ost_get(r->s, patron, ids[i]));
    }
    assert_int_equal(rig_sent(r), 6);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(rig_text(r, i), rig_text(r, i + 3));
    HAS(rig_text(r, 0), "\"gone\" IS NULL");
    HAS(rig_text(r, 1), "\"gone\" IS NOT NULL");
    HAS(rig_text(r, 2), "\"gone\" IS NULL");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_ALL(a_deleted_record_is_stamped_and_keeps_its_row),
        RIG_ALL(every_way_of_reading_sees_the_living_alone),
        RIG_ALL(with_deleted_sees_all),
        RIG_ALL(models_without_the_stamp_are_as_before),
        RIG_ALL(a_composite_key_and_a_day),
        RIG_ALL(deleting_a_deleted_record_changes_nothing),
        RIG_ALL(a_delete_by_query_stamps_what_it_meets),
        RIG_ALL(updates_by_query_meet_the_living_alone),
        RIG_ALL(a_restored_record_is_as_it_was),
        RIG_ALL(purging_leaves_nothing),
        RIG_ALL(tutorial_a_deleted_email_can_sign_up_again),
        RIG_ALL(a_conflict_among_the_living_names_its_key),
        RIG_ALL(a_restore_that_meets_a_living_record_is_a_conflict),
        RIG_ALL(what_is_absent_never_conflicts),
        RIG_ALL(a_record_that_another_deleted_is_stale),
        RIG_ALL(a_record_that_was_loaded_deleted_is_saved_as_one),
        RIG_ALL(the_stamp_is_a_member_like_any_other),
        RIG_ALL(changes_that_were_not_saved_stay),
        RIG_ALL(a_rollback_takes_back_deletes_and_restores),
        RIG_SQL(a_savepoint_takes_back_what_was_deleted_inside),
        RIG_ALL(a_refused_restore_leaves_the_record),
        RIG_ALL(wrong_uses_are_refused),
        RIG_LOCAL(the_same_statements_are_compiled_once),
    };
    return RIG_RUN(tests);
}
