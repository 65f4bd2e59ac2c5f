/* SPDX-License-Identifier: MIT */
/* Upserts, and finding a record and writing it in one step. */
#include "conformance.h"

#include <string.h>

#include "suite_models.h"

#define BY_EMAIL OST_UPSERT(OST_BY(ost_col(account, email)))

static enum ost_effect put(account *a, const ost_upsert_options *options)
{
    enum ost_effect effect = OST_EFFECT_NONE;
    OK(ost_upsert(s, account, a, options, &effect));
    return effect;
}

/* As another query reads it. */
static account account_of(const char *email)
{
    const account *found = ost_find(s, account, ost_eq(account, email, email));
    assert_non_null(found);
    account copy = *found;
    copy.email = email;
    return copy;
}

static int64_t accounts(void)
{
    int64_t n = -1;
    OK(ost_count_of(ost_from(s, account), &n));
    return n;
}

/* ---- one ---- */

static void an_upsert_inserts_updates_or_changes_nothing(void)
{
    account a = { .id = 1, .email = "ada", .cents = 5, .balance = ost_decimal_of(15, 1) };
    assert_int_equal(put(&a, BY_EMAIL), OST_EFFECT_INSERTED);
    a.cents = 6;
    a.badge = (ost_opt_int)OST_SOME(7);
    assert_int_equal(put(&a, BY_EMAIL), OST_EFFECT_UPDATED);
    assert_int_equal(put(&a, BY_EMAIL), OST_EFFECT_UNCHANGED);
    a.badge.present = false;
    assert_int_equal(put(&a, BY_EMAIL), OST_EFFECT_UPDATED);
    assert_int_equal(put(&a, BY_EMAIL), OST_EFFECT_UNCHANGED);
    const account now = account_of("ada");
    assert_int_equal(accounts(), 1);
    assert_int_equal(now.cents, 6);
    assert_false(now.badge.present);
    assert_int_equal(ost_decimal_compare(now.balance, a.balance), 0);
}

static void every_kind_is_compared_with_what_is_stored(void)
{
    enum ost_effect effect;
    maybe none = { .id = 7 };
    thing t = { .id = 7,
                .flag = true,
                .i8 = -128,
                .i16 = -1,
                .i32 = 2147483647,
                .i64 = INT64_MIN,
                .u8 = 255,
                .u64 = INT64_MAX,
                .f = 0.1f,
                .amount = 0.25,
                .wild = 1e300,
                .name = "n\xc3\xa4me ",
                .code = "abc",
                .data = { .data = "\0\xff", .size = 2 },
                .at = in_units((ost_time){ 1709208000000000 }),
                .day = { 19782 },
                .uuid = { { 1, 2, 3 } },
                .object = { { 9 } },
                .price = ost_decimal_of(-12345, 2),
                .huge = ost_decimal_of(1, 6),
                .mood = MOOD_HAPPY };
    OK(ost_upsert(s, thing, &t, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    OK(ost_upsert(s, thing, &t, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    t.data.size = 1;
    OK(ost_upsert(s, thing, &t, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    OK(ost_upsert(s, maybe, &none, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    OK(ost_upsert(s, maybe, &none, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    none.flag = (ost_opt_bool)OST_SOME(false);
    OK(ost_upsert(s, maybe, &none, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
}

static void an_upsert_gives_the_key_back(void)
{
    enum ost_effect effect;
    stamped first = { .label = "a" };
    OK(ost_insert(s, stamped, &first));
    stamped again = { .id = first.id, .label = "b" };
    OK(ost_upsert(s, stamped, &again, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_true(same_instant(again.created_at, first.created_at));
    assert_true(again.updated_at.present);
    seat taken = { .row = 1, .letter = "A", .note = "x" };
    OK(ost_upsert(s, seat, &taken, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    taken.note = NULL;
    OK(ost_upsert(s, seat, &taken, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    const seat *found = ost_find(s, seat, ost_eq(seat, row, 1));
    assert_non_null(found);
    assert_null(found->note);
}

static void actions_are_of_each_member(void)
{
    account a = { .id = 1, .email = "ada", .cents = 5, .balance = ost_decimal_of(150, 2) };
    const ost_upsert_options *options =
        OST_UPSERT(OST_BY(ost_col(account, email)),
                   OST_ACTIONS(ost_upsert_add(account, cents), ost_upsert_add(account, balance),
                               ost_upsert_fill(account, badge), ost_upsert_keep(account, place)));
    assert_int_equal(put(&a, options), OST_EFFECT_INSERTED);
    a = (account){ .id = 1,
                   .email = "ada",
                   .cents = 2,
                   .badge = OST_SOME(3),
                   .team = OST_SOME(8),
                   .place = OST_SOME(9),
                   .balance = ost_decimal_of(25, 2) };
    assert_int_equal(put(&a, options), OST_EFFECT_UPDATED);
    assert_int_equal(a.cents, 7);
    assert_int_equal(a.badge.value, 3);
    assert_false(a.place.present);
    account now = account_of("ada");
    assert_int_equal(now.cents, 7);
    assert_int_equal(now.team.value, 8);
    assert_false(now.place.present);
    assert_int_equal(ost_decimal_compare(now.balance, ost_decimal_of(175, 2)), 0);
    a = (account){ .id = 1, .email = "ada", .badge = OST_SOME(4), .team = OST_SOME(8) };
    assert_int_equal(put(&a, options), OST_EFFECT_UNCHANGED);
    assert_int_equal(a.cents, 7);
    assert_int_equal(a.badge.value, 3);
}

static void nothing_is_added_to_null(void)
{
    enum ost_effect effect;
    maybe m = { .id = 1 };
    const ost_upsert_options *options =
        OST_UPSERT(OST_ACTIONS(ost_upsert_add(maybe, i32), ost_upsert_add(maybe, i64)));
    m.i32 = two;
    OK(ost_upsert(s, maybe, &m, options, &effect));
    m.i64 = (ost_opt_int64)OST_SOME(5);
    OK(ost_upsert(s, maybe, &m, options, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_int_equal(m.i32.value, 4);
    assert_false(m.i64.present);
    m.i32.present = false;
    m.i64 = (ost_opt_int64)OST_SOME(5);
    OK(ost_upsert(s, maybe, &m, options, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    assert_int_equal(m.i32.value, 4);
}

static void a_sum_that_does_not_fit_is_range(void)
{
    thing t = { .id = 1, .i8 = 100, .name = "a" };
    const ost_upsert_options *options = OST_UPSERT(OST_ACTIONS(ost_upsert_add(thing, i8)));
    OK(ost_upsert(s, thing, &t, options, NULL));
    t.i8 = 27;
    OK(ost_upsert(s, thing, &t, options, NULL));
    assert_int_equal(t.i8, 127);
    t.i8 = 1;
    FAILS("OST_RANGE", ost_upsert(s, thing, &t, options, NULL));
    assert_string_equal(ost_session_error(s)->field, "i8");
    assert_int_equal(things(ost_eq(thing, i8, 127)), 1);
}

static void the_declared_key_alone_arbitrates(void)
{
    enum ost_effect effect = OST_EFFECT_UPDATED;
    account a = { .id = 1, .email = "ada", .badge = OST_SOME(1), .cents = 1 };
    account b = { .id = 2, .email = "bob", .badge = OST_SOME(2), .cents = 2 };
    assert_int_equal(put(&a, BY_EMAIL), OST_EFFECT_INSERTED);
    assert_int_equal(put(&b, BY_EMAIL), OST_EFFECT_INSERTED);
    account c = { .id = 3, .email = "eve", .badge = OST_SOME(2), .cents = 3 };
    FAILS("OST_CONFLICT", ost_upsert(s, account, &c, BY_EMAIL, &effect));
    assert_string_equal(ost_session_error(s)->field, "badge");
    assert_int_equal(effect, OST_EFFECT_NONE);
    a.badge.value = 2;
    FAILS("OST_CONFLICT", ost_upsert(s, account, &a, BY_EMAIL, &effect));
    assert_string_equal(ost_session_error(s)->field, "badge");
    c = (account){ .id = 2, .email = "eve" };
    FAILS("OST_CONFLICT", ost_upsert(s, account, &c, BY_EMAIL, &effect));
    assert_string_equal(ost_session_error(s)->field, "id");
    assert_int_equal(accounts(), 2);
    assert_int_equal(account_of("bob").cents, 2);
    assert_int_equal(account_of("ada").badge.value, 1);
}

static void an_index_of_several_members_is_a_key(void)
{
    account a = { .id = 1, .email = "a", .team = OST_SOME(1), .place = OST_SOME(2) };
    const ost_upsert_options *options =
        OST_UPSERT(OST_BY(ost_col(account, place), ost_col(account, team)));
    assert_int_equal(put(&a, options), OST_EFFECT_INSERTED);
    a.email = "b";
    a.id = 9;
    assert_int_equal(put(&a, options), OST_EFFECT_UPDATED);
    assert_int_equal(a.id, 1);
    assert_int_equal(account_of("b").id, 1);
    a.team.present = false;
    FAILS("OST_INVALID", ost_upsert(s, account, &a, options, NULL));
    assert_int_equal(accounts(), 1);
}

static void an_upsert_meets_the_living(void)
{
    enum ost_effect effect;
    const ost_upsert_options *options = OST_UPSERT(OST_BY(ost_col(guest, email)));
    guest g = { .id = 1, .email = "ada", .nights = OST_SOME(1) };
    OK(ost_upsert(s, guest, &g, options, &effect));
    OK(ost_delete(s, guest, &g));
    g = (guest){ .id = 2, .email = "ada", .nights = OST_SOME(2) };
    OK(ost_upsert(s, guest, &g, options, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    g = (guest){ .id = 3, .email = "ada", .nights = OST_SOME(3) };
    OK(ost_upsert(s, guest, &g, options, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_int_equal(g.id, 2);
    const guest *old = ost_get_with_deleted(s, guest, 1);
    assert_non_null(old);
    assert_int_equal(old->nights.value, 1);
}

static void documents_are_upserted_whole(void)
{
    static const char *const words[] = { "one", "$two", "" };
    static const int numbers[] = { 3, -1 };
    static ost_decimal amounts[] = { { 0 } };
    static line lines[1];
    enum ost_effect effect;
    folio f = { .id = 4, .title = "$title", .cover = { .town = "Bern" }, .place = { 1.5, 2.5 } };
    amounts[0] = ost_decimal_of(1999, 3);
    lines[0] = (line){ .word = "w", .at = { .town = "Rome" } };
    f.words.items = words, f.words.count = 3;
    f.numbers.items = numbers, f.numbers.count = 2;
    f.amounts.items = amounts, f.amounts.count = 1;
    f.lines.items = lines, f.lines.count = 1;
    OK(ost_upsert(s, folio, &f, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    OK(ost_upsert(s, folio, &f, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    lines[0].at.town = "$Rome.x";
    f.numbers.count = 1;
    OK(ost_upsert(s, folio, &f, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    const folio *found = ost_get(s, folio, 4);
    assert_non_null(found);
    assert_string_equal(found->title, "$title");
    assert_int_equal(found->words.count, 3);
    assert_string_equal(found->words.items[1], "$two");
    assert_int_equal(found->numbers.count, 1);
    assert_string_equal(found->lines.items[0].at.town, "$Rome.x");
}

/* ---- many ---- */

enum { MANY = 60 };
static account many[MANY];
static char emails[MANY][8];

/* In no order. */
static void fill(void)
{
    for (int i = 0; i < MANY; i++) {
        int n = i * 7 % MANY;
        snprintf(emails[i], sizeof emails[i], "e%d", n);
        many[i] = (account){ .id = n + 1, .email = emails[i], .cents = n };
    }
}

static void upserts_of_many_have_an_outcome_each(void)
{
    enum ost_effect effects[MANY];
    fill();
    OK(ost_insert_many(s, account, many, MANY / 2));
    for (int i = 0; i < 10; i++)
        many[i].cents += 1000;
    OK(ost_upsert_many(s, account, many, MANY, BY_EMAIL, effects));
    for (int i = 0; i < MANY; i++)
        assert_int_equal(effects[i], i < 10         ? OST_EFFECT_UPDATED
                                     : i < MANY / 2 ? OST_EFFECT_UNCHANGED
                                                    : OST_EFFECT_INSERTED);
    assert_int_equal(accounts(), MANY);
    for (int i = 0; i < MANY; i += 9)
        assert_int_equal(account_of(many[i].email).cents, many[i].cents);
    /* Those that are there keep their keys. */
    for (int i = 0; i < MANY; i++)
        many[i].id += 1000, many[i].cents = 1;
    OK(ost_upsert_many(
        s, account, many, MANY,
        OST_UPSERT(OST_BY(ost_col(account, email)), OST_ACTIONS(ost_upsert_add(account, cents))),
        effects));
    for (int i = 0; i < MANY; i++) {
        int n = i * 7 % MANY;
        assert_int_equal(effects[i], OST_EFFECT_UPDATED);
        assert_int_equal(many[i].id, n + 1);
        assert_int_equal(many[i].cents, n + (i < 10 ? 1001 : 1));
    }
}

static void keys_of_two_members_work_for_many(void)
{
    enum { SEATS = 130 };
    static seat seats[SEATS];
    enum ost_effect effects[SEATS];
    for (int i = 0; i < SEATS; i++)
        seats[i] = (seat){ .row = i / 10, .letter = { (char)('A' + i % 10) }, .note = "n" };
    OK(ost_insert_many(s, seat, seats, SEATS / 2));
    for (int i = 0; i < SEATS; i += 2)
        seats[i].note = NULL;
    OK(ost_upsert_many(s, seat, seats, SEATS, NULL, effects));
    for (int i = 0; i < SEATS; i++)
        assert_int_equal(effects[i], i >= SEATS / 2 ? OST_EFFECT_INSERTED
                                     : i % 2        ? OST_EFFECT_UNCHANGED
                                                    : OST_EFFECT_UPDATED);
    OK(ost_upsert_many(s, seat, seats, SEATS, OST_UPSERT(.keep = true), effects));
    for (int i = 0; i < SEATS; i++)
        assert_int_equal(effects[i], OST_EFFECT_UNCHANGED);
    ost_query *q = ost_from(s, seat);
    int64_t n = -1;
    ost_where(q, ost_is_null(seat, note));
    OK(ost_count_of(q, &n));
    assert_int_equal(n, SEATS / 2);
}

static void upserts_of_many_are_all_or_none(void)
{
    enum ost_effect effects[MANY];
    account taken = { .id = 500, .email = "taken", .badge = OST_SOME(1) };
    fill();
    OK(ost_insert(s, account, &taken));
    many[MANY / 2].badge = one;
    FAILS("OST_CONFLICT", ost_upsert_many(s, account, many, MANY, BY_EMAIL, effects));
    assert_string_equal(ost_session_error(s)->field, "badge");
    assert_int_equal(accounts(), 1);
    many[MANY / 2] = many[3];
    (void)statements_sent();
    FAILS("OST_CONFLICT", ost_upsert_many(s, account, many, MANY, BY_EMAIL, effects));
    assert_int_equal(statements_sent(), 0); /* the same key twice is found before */
    for (int i = 0; i < MANY; i++)
        assert_int_equal(effects[i], OST_EFFECT_NONE);
}

/* ---- finding and writing in one step ---- */

static void find_or_create_creates_once(void)
{
    bool created = false;
    const stamped given = { .id = 3, .label = "a" };
    const stamped *first = ost_find_or_create(s, stamped, &created, &given, ost_col(stamped, id));
    assert_non_null(first);
    assert_true(created);
    assert_string_equal(first->label, "a");
    assert_true(first->created_at.microseconds > 0);
    const stamped other = { .id = 3, .label = "b" };
    const stamped *second = ost_find_or_create(s, stamped, &created, &other, ost_col(stamped, id));
    assert_non_null(second);
    assert_false(created);
    assert_string_equal(second->label, "a");
    account a = { .id = 1, .email = "ada", .badge = OST_SOME(1) };
    const account *found = ost_find_or_create(s, account, &created, &a, ost_col(account, email));
    assert_non_null(found);
    assert_true(created);
    a.id = 2;
    found = ost_find_or_create(s, account, &created, &a, ost_col(account, email));
    assert_non_null(found);
    assert_false(created);
    assert_int_equal(found->id, 1);
}

static void find_or_create_tells_other_keys(void)
{
    bool created = true;
    account a = { .id = 1, .email = "ada", .badge = OST_SOME(1) };
    OK(ost_insert(s, account, &a));
    a = (account){ .id = 2, .email = "bob", .badge = OST_SOME(1) };
    assert_null(ost_find_or_create(s, account, &created, &a, ost_col(account, email)));
    assert_int_equal(ost_session_error(s)->status, OST_CONFLICT);
    assert_string_equal(ost_session_error(s)->field, "badge");
    assert_false(created);
    assert_int_equal(accounts(), 1);
}

static ost_query *by_number(void)
{
    ost_query *q = ost_from(s, thing);
    ost_where(q, ost_eq(thing, flag, false));
    ost_order_by(q, ost_desc(thing, i32));
    return q;
}

static void find_and_update_gives_back(uint16_t which)
{
    for (int i = 1; i <= 3; i++)
        add_thing((thing){ .i32 = i, .i64 = 10 });
    for (int i = 3; i >= 1; i--) {
        const thing *t = ost_find_and_update(by_number(), thing, which, ost_set(thing, flag, true),
                                             ost_inc(thing, i64, i));
        if (!t)
            fail_msg("%s", ost_session_error(s)->message);
        assert_int_equal(t->i32, i);
        assert_int_equal(t->flag, which == OST_RETURN_NEW);
        assert_int_equal(t->i64, which == OST_RETURN_NEW ? 10 + i : 10);
        assert_int_equal(things(ost_eq(thing, i64, 10 + i)), 1);
        assert_int_equal(things(ost_eq(thing, flag, true)), 4 - i);
    }
    assert_null(ost_find_and_update(by_number(), thing, which, ost_set(thing, flag, true)));
    assert_int_equal(ost_session_error(s)->status, OST_NOT_FOUND);
}

static void find_and_update_gives_the_new_record_back(void)
{
    find_and_update_gives_back(OST_RETURN_NEW);
}

static void find_and_update_gives_the_old_record_back(void)
{
    find_and_update_gives_back(OST_RETURN_OLD);
}

static void what_was_found_and_updated_is_tracked(void)
{
    for (uint16_t which = OST_RETURN_NEW; which <= OST_RETURN_OLD; which++) {
        add_thing((thing){ .i32 = 5 });
        thing *t = ost_find_and_update(by_number(), thing, which, ost_set(thing, flag, true));
        assert_non_null(t);
        t->note = "mine";
        OK(ost_save(s, thing, t));
        OK(ost_reload(s, thing, t));
        assert_string_equal(t->note, "mine");
        assert_true(t->flag);
    }
}

static void an_increment_that_is_given_back_fits(void)
{
    thing t = { .id = 1, .i8 = 127, .i64 = INT64_MAX, .name = "a" };
    OK(ost_insert(s, thing, &t));
    for (uint16_t which = OST_RETURN_NEW; which <= OST_RETURN_OLD; which++) {
        assert_null(ost_find_and_update(by_number(), thing, which, ost_inc(thing, i64, 1)));
        assert_int_equal(ost_session_error(s)->status, OST_RANGE);
        assert_null(ost_find_and_update(by_number(), thing, which, ost_inc(thing, i8, 1)));
        assert_int_equal(ost_session_error(s)->status, OST_RANGE);
    }
    assert_int_equal(things(ost_eq(thing, i64, INT64_MAX)), 1);
}

static const test_case upserts_group_cases[] = {
    CASE(an_upsert_inserts_updates_or_changes_nothing,
         "an upsert inserts, updates, or changes nothing, and says which"),
    CASE(every_kind_is_compared_with_what_is_stored,
         "what is stored already is no change, of any kind"),
    CASE(an_upsert_gives_the_key_back, "the record gets what it does not know back"),
    CASE(actions_are_of_each_member, "a member is set, kept, added to, or filled where it is NULL"),
    CASE(nothing_is_added_to_null, "adding to NULL leaves NULL, adding NULL changes nothing"),
    CASE_ALONE(a_sum_that_does_not_fit_is_range, "a sum that does not fit is `OST_RANGE`"),
    CASE_ALONE(the_declared_key_alone_arbitrates,
               "the declared key alone arbitrates; another one is `OST_CONFLICT` and named"),
    CASE_ALONE(an_index_of_several_members_is_a_key, "members that are unique together are a key"),
    CASE(an_upsert_meets_the_living, "a deleted record is not met"),
    CASE(documents_are_upserted_whole, "structs and lists inside are set whole"),
    CASE(upserts_of_many_have_an_outcome_each, "many upserts have an outcome each"),
    CASE(keys_of_two_members_work_for_many, "also by keys of two members"),
    CASE_ALONE(upserts_of_many_are_all_or_none, "of many upserts all are done, or none"),
    CASE(find_or_create_creates_once, "find-or-create creates once, and finds from then on"),
    CASE_ALONE(find_or_create_tells_other_keys, "it is `OST_CONFLICT` where another key is taken"),
    CASE(find_and_update_gives_the_new_record_back,
         "find-and-update gives the first of the order back as it is now"),
    CASE(find_and_update_gives_the_old_record_back, "or as it was before"),
    CASE_ALONE(an_increment_that_is_given_back_fits,
               "an increment that does not fit is `OST_RANGE` there too"),
    CASE(what_was_found_and_updated_is_tracked, "what was given back is tracked"),
};
GROUP(upserts_group, "Upserts, find-or-create, find-and-update");
