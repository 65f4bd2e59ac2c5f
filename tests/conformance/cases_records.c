/* SPDX-License-Identifier: MIT */
/* Records: stored, read, replaced, deleted; what the library sets. */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>

#include "suite_models.h"

static void a_generated_key_comes_back(void)
{
    thing a = { .name = "a" }, b = { .name = "b" };
    OK(ost_insert(s, thing, &a));
    OK(ost_insert(s, thing, &b));
    assert_true(a.id > 0 && b.id > 0 && a.id != b.id);
    assert_string_equal(ost_get(s, thing, a.id)->name, "a");
    assert_string_equal(ost_get(s, thing, b.id)->name, "b");
}

static void a_given_key_is_kept(void)
{
    static const int64_t keys[] = { -5, 1000000007, INT64_MIN, INT64_MAX / 2 };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        thing t = { .id = keys[i], .name = "given" };
        OK(ost_insert(s, thing, &t));
        assert_int_equal(t.id, keys[i]);
        assert_non_null(ost_get(s, thing, keys[i]));
    }
}

static void generated_keys_pass_those_given(void)
{
    thing first = { .name = "a" }, given = { .name = "b" }, next = { .name = "c" };
    OK(ost_insert(s, thing, &first));
    given.id = first.id + 1;
    OK(ost_insert(s, thing, &given));
    if (refused(ost_insert(s, thing, &next), OST_CONFLICT))
        return;
    assert_true(next.id != given.id && next.id != first.id);
}

/* Zero would mean "to be generated". */
static void a_generated_key_is_never_zero(void)
{
    thing given = { .id = -1, .name = "a" }, next = { .name = "b" };
    OK(ost_insert(s, thing, &given));
    OK(ost_insert(s, thing, &next));
    if (next.id == 0)
        found("zero behind -1");
}

static void keys_come_in_input_order(void)
{
    enum { MANY = 5000 };
    thing *many = calloc(MANY, sizeof *many);
    assert_non_null(many);
    for (int i = 0; i < MANY; i++)
        many[i] = (thing){ .name = i % 2 ? "odd" : "even", .i32 = i, .wild = i / 7.0 };
    OK(ost_insert_many(s, thing, many, MANY));
    for (int i = 0; i < MANY; i++) {
        assert_true(many[i].id > 0);
        if (i % 97 == 0 || i == MANY - 1) {
            thing *found = ost_get(s, thing, many[i].id);
            assert_non_null(found);
            assert_int_equal(found->i32, i);
        }
    }
    assert_int_equal(things(ost_ge(thing, i32, 0)), MANY);
    free(many);
}

static void insert_many_of_none_is_nothing(void)
{
    thing none[1] = { { .name = "" } };
    OK(ost_insert_many(s, thing, none, 0));
    assert_int_equal(things(ost_ge(thing, i32, 0)), 0);
}

static void insert_many_takes_keys_of_both_sorts(void)
{
    thing many[4] = {
        { .name = "a" }, { .id = -7, .name = "b" }, { .name = "c" }, { .name = "d" }
    };
    OK(ost_insert_many(s, thing, many, 4));
    assert_int_equal(many[1].id, -7);
    for (size_t i = 0; i < 4; i++) {
        thing *found = ost_get(s, thing, many[i].id);
        assert_non_null(found);
        assert_string_equal(found->name, many[i].name);
    }
}

static void insert_many_is_all_or_none(void)
{
    account many[60];
    memset(many, 0, sizeof many);
    for (int i = 0; i < 60; i++)
        many[i].id = i == 41 ? 7 : i + 1;
    FAILS("OST_CONFLICT", ost_insert_many(s, account, many, 60));
    assert_non_null(strstr(ost_session_error(s)->message, "record 41"));
    int64_t count;
    OK(ost_count_of(ost_from(s, account), &count));
    assert_int_equal(count, 0);
}

static void a_missing_record_is_not_found(void)
{
    assert_null(ost_get(s, thing, 4711));
    assert_int_equal(ost_session_error(s)->status, OST_NOT_FOUND);
    FAILS("OST_NOT_FOUND", ost_replace(s, thing, &(thing){ .id = 4711, .name = "" }));
    FAILS("OST_NOT_FOUND", ost_delete(s, thing, &(thing){ .id = 4711, .name = "" }));
    add_note("the transaction goes on");
}

static void replace_writes_every_member(void)
{
    thing t = { .name = "a", .note = "note", .i32 = 7, .data = { "x", 1 } }, *found;
    OK(ost_insert(s, thing, &t));
    OK(ost_replace(s, thing, &(thing){ .id = t.id, .name = "b", .i64 = 9 }));
    found = ost_get(s, thing, t.id);
    assert_non_null(found);
    assert_string_equal(found->name, "b");
    assert_null(found->note);
    assert_null(found->data.data);
    assert_int_equal(found->i32, 0);
    assert_int_equal(found->i64, 9);
    /* The same once more: it is found, although nothing changes. */
    OK(ost_replace(s, thing, &(thing){ .id = t.id, .name = "b", .i64 = 9 }));
}

static void delete_removes_one(void)
{
    thing a = { .name = "a" }, b = { .name = "b" };
    OK(ost_insert(s, thing, &a));
    OK(ost_insert(s, thing, &b));
    OK(ost_delete(s, thing, &a));
    assert_null(ost_get(s, thing, a.id));
    assert_non_null(ost_get(s, thing, b.id));
    FAILS("OST_NOT_FOUND", ost_delete(s, thing, &a));
}

static void keys_of_two_members(void)
{
    seat given = { .row = 1, .letter = "A", .note = "x" }, *found;
    OK(ost_insert(s, seat, &given));
    OK(ost_insert(s, seat, &(seat){ .row = 1, .letter = "a" }));
    OK(ost_insert(s, seat, &(seat){ .row = 1, .letter = "A " }));
    OK(ost_insert(s, seat, &(seat){ .row = 2, .letter = "A" }));
    found = ost_find(s, seat, ost_eq(seat, row, 1), ost_eq(seat, letter, "A"));
    assert_non_null(found);
    assert_string_equal(found->note, "x");
    found->taken = (ost_opt_int)OST_SOME(5);
    OK(ost_save(s, seat, found));
    OK(ost_delete(s, seat, &(seat){ .row = 1, .letter = "a" }));
    assert_null(ost_session_get(s, OST_OF(seat), (const ost_value[]){ ost_val(1) }, 1));
    assert_int_equal(ost_session_error(s)->status, OST_MISUSE);
    FAILS("OST_CONFLICT", ost_insert(s, seat, &(seat){ .row = 2, .letter = "A" }));
}

/* ---- keys of every kind ---- */

#define CHECK_KEY(T, first, second)                                                    \
    do {                                                                               \
        T a = { .id = first, .note = "a" }, b = { .id = second, .note = "b" }, *found; \
        OK(ost_insert(s, T, &a));                                                      \
        OK(ost_insert(s, T, &b));                                                      \
        found = ost_get(s, T, a.id);                                                   \
        assert_non_null(found);                                                        \
        assert_string_equal(found->note, "a");                                         \
        found->note = "changed";                                                       \
        OK(ost_save(s, T, found));                                                     \
        OK(ost_replace(s, T, &b));                                                     \
        OK(ost_delete(s, T, &b));                                                      \
        assert_null(ost_get(s, T, b.id));                                              \
        found = ost_one(ost_from(s, T), T);                                            \
        assert_non_null(found);                                                        \
        assert_string_equal(found->note, "changed");                                   \
        OK(ost_begin(s, NULL));                                                        \
        FAILS("OST_CONFLICT", ost_insert(s, T, &a));                                   \
        OK(ost_rollback(s));                                                           \
    } while (0)

static void keys_of_every_kind(void)
{
    ost_time at, later;
    ost_date day, next;
    ost_decimal small, large;
    assert_true(ost_time_parse("2024-02-29T12:00:00Z", &at));
    later = (ost_time){ at.microseconds + 2 * instant_unit };
    at.microseconds += instant_unit;
    assert_true(ost_date_of(1, 1, 1, &day));
    assert_true(ost_date_of(9999, 12, 31, &next));
    assert_true(ost_decimal_parse("-9999999999999999.9999", &small));
    assert_true(ost_decimal_parse("9999999999999999.9999", &large));
    CHECK_KEY(by_uuid, { { 1 } }, { { 255 } });
    CHECK_KEY(by_object_id, { { 1 } }, { { 255 } });
    CHECK_KEY(by_text, "key", "Key");
    CHECK_KEY(by_time, at, later);
    CHECK_KEY(by_date, day, next);
    CHECK_KEY(by_decimal, small, large);
    CHECK_KEY(by_natural, 1, 4294967295u);
}

static void keys_that_the_library_makes(void)
{
    by_uuid u[3] = { { .note = "a" }, { .note = "b" }, { .note = "c" } };
    by_object_id o[3] = { { .note = "a" }, { .note = "b" }, { .note = "c" } };
    OK(ost_insert_many(s, by_uuid, u, 3));
    OK(ost_insert_many(s, by_object_id, o, 3));
    for (size_t i = 0; i < 3; i++) {
        by_uuid *x = ost_get(s, by_uuid, u[i].id);
        by_object_id *y = ost_get(s, by_object_id, o[i].id);
        assert_non_null(x);
        assert_non_null(y);
        assert_string_equal(x->note, u[i].note);
        assert_string_equal(y->note, o[i].note);
    }
}

/* ---- many by their keys ---- */

static void get_many_keeps_the_order_of_the_keys(void)
{
    thing many[20];
    int64_t keys[] = { 0, 0, 0, 4711, 0, 0 };
    size_t found = 7;
    thing *rows;
    memset(many, 0, sizeof many);
    for (int i = 0; i < 20; i++)
        many[i] = (thing){ .name = "n", .i32 = i };
    OK(ost_insert_many(s, thing, many, 20));
    keys[0] = many[9].id;
    keys[1] = many[3].id;
    keys[2] = many[17].id;
    keys[3] = many[19].id + 4711;
    keys[4] = many[3].id;
    keys[5] = many[0].id;
    rows = ost_get_many(s, thing, keys, 6, &found);
    assert_non_null(rows);
    assert_int_equal(found, 4);
    assert_int_equal(rows[0].i32, 9);
    assert_int_equal(rows[1].i32, 3);
    assert_int_equal(rows[2].i32, 17);
    assert_int_equal(rows[3].i32, 0);
    assert_non_null(ost_get_many(s, thing, keys, 0, &found));
    assert_int_equal(found, 0);
}

static void get_many_takes_keys_of_every_kind(void)
{
    const char *const texts[] = { "b", "B", "missing", "a" };
    const ost_uuid uuids[] = { { { 9 } }, { { 1 } } };
    size_t found;
    OK(ost_insert(s, by_text, &(by_text){ .id = "a" }));
    OK(ost_insert(s, by_text, &(by_text){ .id = "b" }));
    OK(ost_insert(s, by_text, &(by_text){ .id = "B" }));
    OK(ost_insert(s, by_uuid, &(by_uuid){ .id = uuids[1] }));
    OK(ost_insert(s, by_uuid, &(by_uuid){ .id = uuids[0] }));
    by_text *rows = ost_get_many(s, by_text, texts, 4, &found);
    assert_int_equal(found, 3);
    assert_string_equal(rows[0].id, "b");
    assert_string_equal(rows[1].id, "B");
    assert_string_equal(rows[2].id, "a");
    by_uuid *by = ost_get_many(s, by_uuid, uuids, 2, &found);
    assert_int_equal(found, 2);
    assert_int_equal(by[0].id.bytes[0], 9);
}

static const test_case records_group_cases[] = {
    CASE(a_generated_key_comes_back, "a generated key comes back with the record"),
    CASE(a_given_key_is_kept, "a given key is kept, also a negative one"),
    CASE(generated_keys_pass_those_given, "a generated key never meets one that was given before"),
    CASE_ALONE(a_generated_key_is_never_zero, "a generated key is never zero"),
    CASE(keys_come_in_input_order, "`insert_many` of 5,000 records gives each its key"),
    CASE(insert_many_of_none_is_nothing, "`insert_many` of no records does nothing"),
    CASE(insert_many_takes_keys_of_both_sorts, "`insert_many` takes given and generated keys"),
    CASE_ALONE(insert_many_is_all_or_none,
               "`insert_many` stores all or none, and names the record"),
    CASE(a_missing_record_is_not_found, "a missing record is not found, and dooms nothing"),
    CASE(replace_writes_every_member, "`replace` writes every member"),
    CASE(delete_removes_one, "`delete` removes one record"),
    CASE(keys_of_two_members, "a key may have two members"),
    CASE(keys_of_every_kind, "keys may be UUIDs, ObjectIds, texts, instants, days, decimals, "
                             "natural numbers"),
    CASE(keys_that_the_library_makes, "UUIDs and ObjectIds are made by the library"),
    CASE(get_many_keeps_the_order_of_the_keys, "`get_many` keeps the order of the keys"),
    CASE(get_many_takes_keys_of_every_kind, "`get_many` takes texts and UUIDs"),
};
GROUP(records_group, "Records");
