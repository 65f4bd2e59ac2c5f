/* SPDX-License-Identifier: MIT */
/* Records that the session tracks, and members that the library sets. */
#include "conformance.h"

#include <string.h>

#include "suite_models.h"

static thing *loaded(const char *name, int n)
{
    thing t = { .name = name, .i32 = n };
    thing *found;
    OK(ost_insert(s, thing, &t));
    found = ost_get(s, thing, t.id);
    assert_non_null(found);
    return found;
}

static void save_writes_what_was_changed(void)
{
    thing *mine = loaded("a", 1), *theirs;
    ost_session *other = other_session();
    theirs = ost_get(other, thing, mine->id);
    assert_non_null(theirs);
    theirs->note = "theirs";
    assert_string_equal(ost_status_name(ost_save(other, thing, theirs)), "OST_OK");
    mine->i32 = 2;
    OK(ost_save(s, thing, mine));
    OK(ost_reload(s, thing, mine));
    assert_string_equal(mine->note, "theirs");
    assert_int_equal(mine->i32, 2);
}

static void save_of_nothing_sends_nothing(void)
{
    thing *t = loaded("a", 1);
    (void)statements_sent();
    OK(ost_save(s, thing, t));
    assert_int_equal(statements_sent(), 0);
    t->i32 = 2;
    OK(ost_save(s, thing, t));
    assert_true(statements_sent() >= 1);
    t->i32 = 3;
    t->i32 = 2;
    OK(ost_save(s, thing, t));
    assert_int_equal(statements_sent(), 0);
}

static void save_of_what_is_stored_already_matches(void)
{
    thing *t = loaded("a", 1);
    ost_query *q = ost_from(s, thing);
    ost_where(q, ost_eq(thing, id, t->id));
    OK(ost_update(q, NULL, ost_set(thing, i32, 9)));
    t->i32 = 9;
    OK(ost_save(s, thing, t)); /* the row is there, although nothing changes */
}

static void save_of_a_deleted_record_is_stale(void)
{
    thing *t = loaded("a", 1);
    OK(ost_delete(s, thing, &(thing){ .id = t->id, .name = "" }));
    t->i32 = 2;
    FAILS("OST_STALE", ost_save(s, thing, t));
    FAILS("OST_NOT_FOUND", ost_reload(s, thing, t));
    add_note("the transaction goes on");
}

static void save_many_writes_all(void)
{
    enum { MANY = 500 };
    static thing many[MANY];
    size_t count;
    thing *rows;
    ost_query *q = ost_from(s, thing);
    memset(many, 0, sizeof many);
    for (int i = 0; i < MANY; i++)
        many[i] = (thing){ .name = "n", .i32 = i };
    OK(ost_insert_many(s, thing, many, MANY));
    ost_order_by(q, ost_asc(thing, i32));
    rows = ost_all(q, thing, &count);
    assert_int_equal(count, MANY);
    for (int i = 0; i < MANY; i++) {
        if (i % 2)
            rows[i].i64 = i * 3;
        if (i % 3 == 0)
            rows[i].note = "third";
    }
    OK(ost_save_many(s, thing, rows, MANY));
    assert_int_equal(things(ost_eq(thing, note, "third")), 167);
    assert_int_equal(things(ost_cmp_gt(ost_col(thing, i64), ost_col(thing, i32))), 250);
    for (int i = 0; i < MANY; i += 83) {
        thing *found = ost_get(s, thing, rows[i].id);
        assert_int_equal(found->i64, i % 2 ? i * 3 : 0);
    }
}

static void save_many_is_all_or_none(void)
{
    thing many[3] = { { .name = "a" }, { .name = "b" }, { .name = "c" } };
    size_t count;
    ost_query *q = ost_from(s, thing);
    OK(ost_insert_many(s, thing, many, 3));
    ost_order_by(q, ost_asc(thing, name));
    thing *rows = ost_all(q, thing, &count);
    assert_int_equal(count, 3);
    OK(ost_delete(s, thing, &many[1]));
    for (int i = 0; i < 3; i++)
        rows[i].i32 = 7;
    FAILS("OST_STALE", ost_save_many(s, thing, rows, 3));
    assert_int_equal(things(ost_eq(thing, i32, 7)), 0);
}

static void reload_reads_anew(void)
{
    thing *t = loaded("a", 1);
    ost_query *q = ost_from(s, thing);
    ost_everything(q);
    OK(ost_update(q, NULL, ost_set(thing, i32, 9), ost_set(thing, note, "new")));
    t->i32 = 5;
    OK(ost_reload(s, thing, t));
    assert_int_equal(t->i32, 9);
    assert_string_equal(t->note, "new");
}

/* ---- what the library sets ---- */

static void stamps_are_set_on_every_path(void)
{
    stamped *t = ost_new(s, stamped), *found;
    ost_time first, changed;
    ost_query *q = ost_from(s, stamped);
    assert_non_null(t);
    t->label = "a";
    OK(ost_insert(s, stamped, t));
    first = t->created_at;
    changed = t->updated_at.value;
    assert_true(first.microseconds > 0 && t->updated_at.present);
    found = ost_get(s, stamped, t->id);
    assert_true(same_instant(found->created_at, first));
    t->label = "b";
    OK(ost_save(s, stamped, t));
    assert_int_equal(ost_time_compare(t->created_at, first), 0);
    assert_true(ost_time_compare(t->updated_at.value, changed) >= 0);
    changed = t->updated_at.value;
    ost_everything(q);
    OK(ost_update(q, NULL, ost_set(stamped, label, "c")));
    OK(ost_reload(s, stamped, t));
    assert_true(same_instant(t->created_at, first));
    assert_true(t->updated_at.value.microseconds + instant_unit / 2 >= changed.microseconds);
}

static void defaults_stand_in_for_what_is_absent(void)
{
    preset given = { .plain = 0 }, *found, *fresh = ost_new(s, preset);
    OK(ost_insert(s, preset, &given));
    found = ost_get(s, preset, given.id);
    assert_true(found->count.present && found->count.value == 7);
    assert_true(found->flag.present && found->flag.value);
    assert_true(found->price.present);
    assert_int_equal(ost_decimal_compare(found->price.value, ost_decimal_of(150, 2)), 0);
    assert_int_equal(found->plain, 0); /* zero is zero */
    assert_int_equal(fresh->plain, 3);
    OK(ost_insert(s, preset, fresh));
    assert_string_equal(ost_get(s, preset, fresh->id)->word, "none yet");
}

static void names_are_stored_for_enumerations(void)
{
    labelled a = { .colour = "red", .size = OST_SOME(2) }, *found;
    OK(ost_insert(s, labelled, &a));
    OK(ost_insert(s, labelled, &(labelled){ .colour = "blue" }));
    found = ost_get(s, labelled, a.id);
    assert_string_equal(found->colour, "red");
    assert_int_equal(found->size.value, 2);
    FAILS("OST_INVALID", ost_insert(s, labelled, &(labelled){ .colour = "Red" }));
    FAILS("OST_RANGE", ost_insert(s, labelled, &(labelled){ .size = OST_SOME(3) }));
    ost_query *q = ost_from(s, labelled);
    ost_where(q, ost_cmp_eq(ost_col(labelled, size), ost_lit("big")));
    assert_non_null(ost_one(q, labelled));
}

static void a_read_only_session_writes_nothing(void)
{
    ost_session *reader;
    thing t = { .name = "a" };
    OK(ost_insert(s, thing, &t));
    reader = another_session(OST_SESSION(.read_only = true));
    assert_non_null(ost_get(reader, thing, t.id));
    assert_string_equal(ost_status_name(ost_delete(reader, thing, &t)), "OST_MISUSE");
    assert_non_null(ost_get(s, thing, t.id));
}

static const test_case tracked_group_cases[] = {
    CASE_ALONE(save_writes_what_was_changed, "`save` writes the members that were changed alone"),
    CASE(save_of_nothing_sends_nothing, "`save` of nothing sends nothing"),
    CASE(save_of_what_is_stored_already_matches, "`save` finds its record, changed or not"),
    CASE(save_of_a_deleted_record_is_stale, "`save` of a deleted record is stale"),
    CASE(save_many_writes_all, "`save_many` writes what was changed in each"),
    CASE(save_many_is_all_or_none, "`save_many` writes all or none"),
    CASE(reload_reads_anew, "`reload` reads a record anew"),
    CASE(stamps_are_set_on_every_path, "stamps are set by insert, save and update"),
    CASE(defaults_stand_in_for_what_is_absent, "defaults stand in for what is absent"),
    CASE(names_are_stored_for_enumerations, "enumerations are stored by name"),
    CASE_ALONE(a_read_only_session_writes_nothing, "a read-only session writes nothing"),
};
GROUP(tracked_group, "Tracked records and what the library sets");
