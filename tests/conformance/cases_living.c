/* SPDX-License-Identifier: MIT */
/* Soft deletes: of guests, whose e-mail, badge and bed are unique among the living. Default scopes:
 * of posters. */
#include "conformance.h"

#include <string.h>

#include "suite_models.h"

static void check_in(int64_t id, const char *email)
{
    OK(ost_insert(s, guest, &(guest){ .id = id, .email = email }));
}

static void check_out(int64_t id)
{
    OK(ost_delete(s, guest, &(guest){ .id = id }));
}

static ost_query *all_guests(void)
{
    ost_query *q = ost_from(s, guest);
    ost_with_deleted(q);
    return q;
}

static int64_t count_of(ost_query *q)
{
    int64_t n = -1;
    OK(ost_count_of(q, &n));
    return n;
}

/* The last error is a conflict about this member. */
static void is_conflict_of(const char *field)
{
    assert_int_equal(ost_session_error(s)->status, OST_CONFLICT);
    assert_string_equal(ost_session_error(s)->model, "guest");
    assert_string_equal(ost_session_error(s)->field, field);
}

/* ---- who sees what ---- */

static void queries_see_the_living_alone(void)
{
    const int64_t ids[] = { 1, 2 };
    size_t count;
    bool exists = true;
    ost_value v;
    check_in(1, "ada");
    check_in(2, "bob");
    check_out(2);
    assert_null(ost_get(s, guest, 2));
    assert_null(ost_find(s, guest, ost_eq(guest, email, "bob")));
    assert_non_null(ost_get_many(s, guest, ids, 2, &count));
    assert_int_equal(count, 1);
    guest *all = ost_all(ost_from(s, guest), guest, &count);
    assert_int_equal(count, 1);
    assert_string_equal(all[0].email, "ada");
    assert_int_equal(count_of(ost_from(s, guest)), 1);
    ost_query *q = ost_from(s, guest);
    ost_where(q, ost_either(ost_eq(guest, email, "bob"), ost_not_null(guest, deleted_at)));
    OK(ost_exists(q, &exists));
    assert_false(exists);
    OK(ost_value_of(ost_from(s, guest), ost_max(ost_col(guest, id)), &v));
    assert_int_equal(v.as.integer, 1);
}

static void with_deleted_sees_all_of_them(void)
{
    check_in(1, "ada");
    check_in(2, "bob");
    check_out(2);
    assert_int_equal(count_of(all_guests()), 2);
    guest *g = ost_get_with_deleted(s, guest, 2);
    assert_non_null(g);
    assert_true(g->deleted_at.present);
    assert_string_equal(g->email, "bob");
    ost_query *q = all_guests();
    ost_where(q, ost_not_null(guest, deleted_at));
    assert_int_equal(((guest *)ost_one(q, guest))->id, 2);
}

static void updates_meet_the_living_alone(void)
{
    int64_t n = -1;
    check_in(1, "ada");
    check_in(2, "bob");
    check_out(2);
    ost_query *q = ost_from(s, guest);
    ost_everything(q);
    OK(ost_update(q, &n, ost_set(guest, nights, 3)));
    assert_int_equal(n, 1);
    assert_false(((guest *)ost_get_with_deleted(s, guest, 2))->nights.present);
    ost_with_deleted(q);
    OK(ost_update(q, &n, ost_set(guest, nights, 4)));
    assert_int_equal(n, 2);
}

/* ---- deleting and restoring ---- */

static void deleting_twice_keeps_the_first_time(void)
{
    int64_t n = -1;
    check_in(1, "ada");
    check_out(1);
    guest *g = ost_get_with_deleted(s, guest, 1);
    ost_time when = g->deleted_at.value;
    FAILS("OST_NOT_FOUND", ost_delete(s, guest, g));
    ost_query *q = all_guests();
    ost_everything(q);
    OK(ost_delete_all(q, &n));
    assert_int_equal(n, 0);
    OK(ost_reload(s, guest, g));
    assert_int_equal(g->deleted_at.value.microseconds, when.microseconds);
}

static void a_delete_by_query_is_soft(void)
{
    int64_t n = -1;
    check_in(1, "ada");
    check_in(2, "bob");
    ost_query *q = ost_from(s, guest);
    ost_where(q, ost_eq(guest, email, "ada"));
    OK(ost_delete_all(q, &n));
    assert_int_equal(n, 1);
    assert_int_equal(count_of(ost_from(s, guest)), 1);
    assert_int_equal(count_of(all_guests()), 2);
    OK(ost_restore_all(q, &n));
    assert_int_equal(n, 1);
    assert_int_equal(count_of(ost_from(s, guest)), 2);
}

static void a_deleted_record_is_restored(void)
{
    check_in(1, "ada");
    guest *g = ost_get(s, guest, 1);
    OK(ost_delete(s, guest, g));
    assert_true(g->deleted_at.present);
    assert_null(ost_get(s, guest, 1));
    OK(ost_restore(s, guest, g));
    assert_false(g->deleted_at.present);
    assert_non_null(ost_get(s, guest, 1));
    FAILS("OST_NOT_FOUND", ost_restore(s, guest, g));
}

static void a_purge_is_for_good(void)
{
    int64_t n = -1;
    check_in(1, "ada");
    check_in(2, "bob");
    check_in(3, "cyd");
    check_out(2);
    OK(ost_purge(s, guest, &(guest){ .id = 2 }));
    OK(ost_purge(s, guest, &(guest){ .id = 1 }));
    FAILS("OST_NOT_FOUND", ost_purge(s, guest, &(guest){ .id = 1 }));
    check_out(3);
    ost_query *q = ost_from(s, guest);
    ost_everything(q);
    OK(ost_purge_all(q, &n));
    assert_int_equal(n, 0);
    ost_with_deleted(q);
    OK(ost_purge_all(q, &n));
    assert_int_equal(n, 1);
    assert_int_equal(count_of(all_guests()), 0);
}

static void a_record_deleted_by_another_is_stale(void)
{
    check_in(1, "ada");
    guest *g = ost_get(s, guest, 1);
    check_out(1);
    g->note = "late";
    FAILS("OST_STALE", ost_save(s, guest, g));
    FAILS("OST_NOT_FOUND", ost_replace(s, guest, g));
    FAILS("OST_NOT_FOUND", ost_reload(s, guest, g));
    g = ost_get_with_deleted(s, guest, 1);
    assert_null(g->note);
    g->note = "still saved as what it is";
    OK(ost_save(s, guest, g));
}

static void a_rollback_takes_a_soft_delete_back(void)
{
    check_in(1, "ada");
    check_in(2, "bob");
    check_out(2);
    guest *ada = ost_get(s, guest, 1), *bob = ost_get_with_deleted(s, guest, 2);
    OK(ost_begin(s, NULL));
    OK(ost_delete(s, guest, ada));
    OK(ost_restore(s, guest, bob));
    OK(ost_rollback(s));
    assert_false(ada->deleted_at.present);
    assert_true(bob->deleted_at.present);
    ada->note = "here";
    OK(ost_save(s, guest, ada));
    bob->note = "gone";
    OK(ost_save(s, guest, bob));
    assert_int_equal(count_of(ost_from(s, guest)), 1);
}

/* ---- unique among the living ---- */

static void tutorial_a_deleted_email_signs_up_again(void)
{
    check_in(1, "ada@example.org");
    check_out(1);
    check_in(2, "ada@example.org");
    check_out(2);
    check_in(3, "ada@example.org");
    FAILS("OST_CONFLICT", ost_insert(s, guest, &(guest){ .id = 4, .email = "ada@example.org" }));
    is_conflict_of("email");
}

static void a_restore_meets_the_living(void)
{
    check_in(1, "ada");
    check_out(1);
    check_in(2, "ada");
    guest *g = ost_get_with_deleted(s, guest, 1);
    FAILS("OST_CONFLICT", ost_restore(s, guest, g));
    is_conflict_of("email");
    assert_true(g->deleted_at.present);
}

static void a_restore_by_query_meets_itself(void)
{
    check_in(1, "ada");
    check_out(1);
    check_in(2, "ada");
    check_out(2);
    ost_query *q = ost_from(s, guest);
    ost_everything(q);
    FAILS("OST_CONFLICT", ost_restore_all(q, NULL));
    is_conflict_of("email");
}

static void an_index_is_unique_among_the_living_if_it_says_so(void)
{
    guest g = { .id = 1, .room = OST_SOME(1), .bed = OST_SOME(2), .card = OST_SOME(3) };
    OK(ost_insert(s, guest, &g));
    OK(ost_begin(s, NULL));
    FAILS("OST_CONFLICT", ost_insert(s, guest, &(guest){ .id = 2, .room = g.room, .bed = g.bed }));
    is_conflict_of("room");
    assert_string_equal(ost_session_error(s)->constraint, "ux_guests_room_bed_living");
    OK(ost_rollback(s));
    check_out(1);
    OK(ost_insert(s, guest, &(guest){ .id = 2, .room = g.room, .bed = g.bed }));
    /* The card is for one guest and no other after him. */
    FAILS("OST_CONFLICT", ost_insert(s, guest, &(guest){ .id = 3, .card = g.card }));
    is_conflict_of("card");
}

static void nulls_never_conflict_among_the_living(void)
{
    check_in(1, NULL);
    check_in(2, NULL);
    OK(ost_insert(s, guest, &(guest){ .id = 3, .room = OST_SOME(1) }));
    OK(ost_insert(s, guest, &(guest){ .id = 4, .room = OST_SOME(1) }));
    assert_int_equal(count_of(ost_from(s, guest)), 4);
}

static const test_case living_group_cases[] = {
    CASE(queries_see_the_living_alone, "rows, counts and aggregates are of the living"),
    CASE(with_deleted_sees_all_of_them, "`ost_with_deleted` sees the deleted too"),
    CASE(updates_meet_the_living_alone, "an update by query changes the living"),
    CASE(deleting_twice_keeps_the_first_time, "what is deleted keeps the time at which it was"),
    CASE(a_delete_by_query_is_soft, "a delete by query stamps, and is restored by query"),
    CASE(a_deleted_record_is_restored, "a deleted record is restored"),
    CASE(a_purge_is_for_good, "a purge is for good"),
    CASE(a_record_deleted_by_another_is_stale, "a record that was deleted meanwhile is stale"),
    CASE(a_rollback_takes_a_soft_delete_back, "a rollback takes back deletes and restores"),
    CASE(tutorial_a_deleted_email_signs_up_again, "a deleted user's e-mail signs up again"),
    CASE(a_restore_meets_the_living, "a restore that meets a living record is a conflict"),
    CASE(a_restore_by_query_meets_itself, "so is one of two that would meet each other"),
    CASE(an_index_is_unique_among_the_living_if_it_says_so,
         "an index is unique among the living if it says so"),
    CASE(nulls_never_conflict_among_the_living, "NULLs never conflict among the living"),
};
GROUP(living_group, "Soft deletes");

/* ---- default scopes ---- */

static void put_up(int64_t id, bool shown, int rank)
{
    OK(ost_insert(s, poster, &(poster){ .id = id, .shown = shown, .rank = rank }));
}

static void put_up_four(void)
{
    put_up(1, true, 1);
    put_up(2, false, 9);
    put_up(3, true, 5);
    put_up(4, true, 3);
}

static void a_scope_is_of_every_query(void)
{
    const int64_t ids[] = { 2, 3 };
    size_t count;
    put_up_four();
    poster *p = ost_all(ost_from(s, poster), poster, &count);
    assert_int_equal(count, 3);
    assert_int_equal(p[0].id, 3);
    assert_int_equal(p[2].id, 1);
    assert_int_equal(count_of(ost_from(s, poster)), 3);
    assert_null(ost_get(s, poster, 2));
    assert_non_null(ost_get(s, poster, 3));
    assert_null(ost_find(s, poster, ost_eq(poster, rank, 9)));
    assert_non_null(ost_get_many(s, poster, ids, 2, &count));
    assert_int_equal(count, 1);
}

static void unscoped_sees_beyond(void)
{
    put_up_four();
    ost_query *q = ost_from(s, poster);
    ost_unscoped(q);
    assert_int_equal(count_of(q), 4);
    ost_order_by(q, ost_desc(poster, rank));
    assert_int_equal(((poster *)ost_first(q, poster))->id, 2);
}

static void writes_by_query_stay_within(void)
{
    int64_t n = -1;
    put_up_four();
    ost_query *q = ost_from(s, poster);
    FAILS("OST_MISUSE", ost_delete_all(q, &n));
    ost_everything(q);
    OK(ost_update(q, &n, ost_inc(poster, rank, 1)));
    assert_int_equal(n, 3);
    ost_limit(q, 1);
    OK(ost_delete_all(q, &n));
    assert_int_equal(n, 1);
    assert_null(ost_get(s, poster, 3));
    q = ost_from(s, poster);
    ost_unscoped(q);
    assert_int_equal(count_of(q), 3);
}

static void an_own_order_goes_before(void)
{
    size_t count;
    put_up_four();
    put_up(5, true, 1);
    ost_query *q = ost_from(s, poster);
    ost_order_by(q, ost_asc(poster, rank));
    ost_order_by(q, ost_desc(poster, id));
    poster *p = ost_all(q, poster, &count);
    assert_int_equal(count, 4);
    assert_int_equal(p[0].id, 5);
    assert_int_equal(p[1].id, 1);
    assert_int_equal(p[3].id, 3);
}

static const test_case scopes_group_cases[] = {
    CASE(a_scope_is_of_every_query, "a default scope is of every query, and of gets"),
    CASE(unscoped_sees_beyond, "`ost_unscoped` goes around it"),
    CASE(writes_by_query_stay_within, "updates and deletes by query stay within it"),
    CASE(an_own_order_goes_before, "an order of the query's own goes before the scope's"),
};
GROUP(scopes_group, "Default scopes");
