/* SPDX-License-Identifier: MIT */
#include "conformance.h"

#include <math.h>
#include <string.h>

#include "suite_models.h"

/* ---- constraints ---- */

static void text_is_unique_by_bytes(void)
{
    OK(ost_insert(s, account, &(account){ .id = 1, .email = "ada" }));
    OK(ost_insert(s, account, &(account){ .id = 2, .email = "Ada" }));
    OK(ost_insert(s, account, &(account){ .id = 3, .email = "ada " }));
    FAILS("OST_CONFLICT", ost_insert(s, account, &(account){ .id = 4, .email = "ada" }));
}

static void nulls_never_conflict(void)
{
    OK(ost_insert(s, account, &(account){ .id = 1 }));
    OK(ost_insert(s, account, &(account){ .id = 2, .team = OST_SOME(1) }));
    OK(ost_insert(s, account, &(account){ .id = 3, .team = OST_SOME(1) }));
    OK(ost_insert(s, account, &(account){ .id = 4, .team = OST_SOME(1), .place = OST_SOME(1) }));
    FAILS("OST_CONFLICT",
          ost_insert(s, account, &(account){ .id = 5, .team = OST_SOME(1), .place = OST_SOME(1) }));
}

/* The last error: what it is about, and the failure that it lists. */
static void says(const char *model, const char *field, const char *rule)
{
    const ost_error *e = ost_session_error(s);
    ost_failure failure;
    assert_string_equal(e->model, model);
    assert_string_equal(e->field, field);
    if (!rule)
        return;
    assert_true(ost_error_failure(e, 0, &failure));
    assert_string_equal(failure.path, field);
    assert_string_equal(failure.rule, rule);
}

static void a_taken_value_is_named(void)
{
    OK(ost_insert(s, account, &(account){ .id = 1, .email = "ada", .badge = OST_SOME(7) }));
    OK(ost_begin(s, NULL));
    FAILS("OST_CONFLICT", ost_insert(s, account, &(account){ .id = 2, .email = "ada" }));
    says("account", "email", "unique");
    OK(ost_rollback(s));
    OK(ost_begin(s, NULL));
    FAILS("OST_CONFLICT", ost_insert(s, account, &(account){ .id = 2, .badge = OST_SOME(7) }));
    says("account", "badge", "unique");
    OK(ost_rollback(s));
    OK(ost_insert(s, account, &(account){ .id = 2, .email = "bob" }));
    FAILS("OST_CONFLICT", ost_replace(s, account, &(account){ .id = 2, .email = "ada" }));
    says("account", "email", "unique");
}

static void a_taken_key_is_named(void)
{
    OK(ost_insert(s, account, &(account){ .id = 1 }));
    FAILS("OST_CONFLICT", ost_insert(s, account, &(account){ .id = 1 }));
    says("account", "id", "unique");
}

static void a_taken_key_of_two_members_is_named(void)
{
    OK(ost_insert(s, seat, &(seat){ .row = 1, .letter = "a" }));
    FAILS("OST_CONFLICT", ost_insert(s, seat, &(seat){ .row = 1, .letter = "a" }));
    says("seat", "row", "unique");
}

static void a_taken_index_is_named(void)
{
    account a = { .id = 1, .team = OST_SOME(1), .place = OST_SOME(1) };
    OK(ost_insert(s, account, &a));
    a.id = 2;
    FAILS("OST_CONFLICT", ost_insert(s, account, &a));
    says("account", "team", "unique");
    assert_string_equal(ost_session_error(s)->constraint, "ux_accounts_team_place");
}

static void a_taken_value_of_an_update_is_named(void)
{
    ost_query *q = ost_from(s, account);
    OK(ost_insert(s, account, &(account){ .id = 1, .email = "ada" }));
    OK(ost_insert(s, account, &(account){ .id = 2, .email = "bob" }));
    account *bob = ost_get(s, account, 2);
    OK(ost_begin(s, NULL));
    ost_where(q, ost_eq(account, id, 2));
    FAILS("OST_CONFLICT", ost_update(q, NULL, ost_set(account, email, "ada")));
    says("account", "email", NULL);
    OK(ost_rollback(s));
    OK(ost_begin(s, NULL));
    bob->email = "ada";
    FAILS("OST_CONFLICT", ost_save(s, account, bob));
    says("account", "email", "unique");
    OK(ost_rollback(s));
    assert_string_equal(ost_get(s, account, 2)->email, "bob");
}

static void every_kind_may_be_unique(void)
{
    only a = { .id = 1, .at = OST_SOME(((ost_time){ 1000001 })) };
    only b = { .id = 2, .uuid = OST_SOME(((ost_uuid){ { 1 } })) };
    only c = { .id = 3, .mood = OST_SOME(1) }, d = { .id = 4 };
    OK(ost_decimal_parse("1.000001", &d.rate.value) ? OST_OK : OST_RANGE);
    d.rate.present = true;
    only *const all[] = { &a, &b, &c, &d };
    const char *const fields[] = { "at", "uuid", "mood", "rate" };
    for (size_t i = 0; i < 4; i++) {
        only again = *all[i];
        OK(ost_insert(s, only, all[i]));
        again.id += 10;
        OK(ost_begin(s, NULL));
        FAILS("OST_CONFLICT", ost_insert(s, only, &again));
        says("only", fields[i], "unique");
        OK(ost_rollback(s));
    }
    d.id = 5;
    d.rate.value = ost_decimal_of(1000002, 6);
    OK(ost_insert(s, only, &d));
}

/* ---- references ---- */

/* Where there are no references between tables, nobody minds. */
static bool unchecked(ost_status status)
{
    if (status == OST_OK)
        found("nobody checks");
    return status == OST_OK;
}

static void a_missing_target_is_refused(void)
{
    book lost = { .author_id = OST_SOME(4711), .title = "lost" };
    OK(ost_insert(s, book, &(book){ .title = "of nobody" }));
    ost_status status = ost_insert(s, book, &lost);
    if (unchecked(status))
        return;
    FAILS("OST_FOREIGN_KEY", status);
    says("book", "author_id", NULL);
}

static void a_target_that_is_referred_to_stays(void)
{
    author a = { .name = "a" }, b = { .name = "b" };
    OK(ost_insert(s, author, &a));
    OK(ost_insert(s, author, &b));
    book of_a = { .title = "x" };
    of_a.author_id = (ost_opt_int64){ true, a.id };
    OK(ost_insert(s, book, &of_a));
    OK(ost_delete(s, author, &b));
    ost_status status = ost_delete(s, author, &a);
    if (unchecked(status))
        return;
    FAILS("OST_FOREIGN_KEY", status);
    assert_string_equal(ost_session_error(s)->model, "author");
}

static void a_reference_that_is_changed_is_checked(void)
{
    author a = { .name = "a" };
    book b = { .title = "x" };
    ost_query *q = ost_from(s, book);
    OK(ost_insert(s, author, &a));
    OK(ost_insert(s, book, &b));
    ost_where(q, ost_eq(book, id, b.id));
    OK(ost_update(q, NULL, ost_set(book, author_id, a.id)));
    OK(ost_update(q, NULL, ost_set_null(book, author_id)));
    ost_status status = ost_update(q, NULL, ost_set(book, author_id, a.id + 99));
    if (!unchecked(status))
        FAILS("OST_FOREIGN_KEY", status);
}

static void many_records_name_the_one(void)
{
    book many[30] = { { .id = 0 } };
    many[17].author_id = (ost_opt_int64){ true, 4711 };
    ost_status status = ost_insert_many(s, book, many, 30);
    if (unchecked(status))
        return;
    FAILS("OST_FOREIGN_KEY", status);
    says("book", "author_id", NULL);
}

/* ---- rules of the database alone ---- */

static void rules_of_the_database_are_named(void)
{
    ledger first = { .id = 1, .code = "a", .cents = OST_SOME(5), .account = OST_SOME(7) };
    ledger no_code = { .id = 2, .cents = OST_SOME(5) }, same_key = { .id = 1, .code = "b" };
    ledger below = { .id = 2, .code = "b", .cents = OST_SOME(-1) };
    ledger same_account = { .id = 2, .code = "b", .account = OST_SOME(7) };
    ost_query *q = ost_from(s, ledger);
    OK(make_ledger(s));
    OK(ost_insert(s, ledger, &first));
    FAILS("OST_NOT_NULL", ost_insert(s, ledger, &no_code));
    says("ledger", "code", NULL);
    FAILS("OST_CHECK", ost_insert(s, ledger, &below));
    assert_string_equal(ost_session_error(s)->model, "ledger");
    assert_string_equal(ost_session_error(s)->constraint, "cents_not_negative");
    FAILS("OST_CONFLICT", ost_insert(s, ledger, &same_account));
    says("ledger", "account", NULL);
    FAILS("OST_CONFLICT", ost_insert(s, ledger, &same_key));
    says("ledger", "id", NULL);
    ost_everything(q);
    FAILS("OST_CHECK", ost_update(q, NULL, ost_inc(ledger, cents, -9)));
    FAILS("OST_NOT_NULL", ost_update(q, NULL, ost_set_null(ledger, code)));
    says("ledger", "code", NULL);
    OK(ost_update(q, NULL, ost_inc(ledger, cents, 9)));
}

static void what_cannot_be_stored_is_refused(void)
{
    FAILS("OST_RANGE", ost_insert(s, thing, &(thing){ .name = "\xc3" }));
    says("thing", "name", NULL);
    FAILS("OST_INVALID", ost_insert(s, thing, &(thing){ .name = NULL }));
    says("thing", "name", NULL);
    FAILS("OST_RANGE", ost_insert(s, thing, &(thing){ .name = "", .at = { INT64_MAX } }));
    says("thing", "at", NULL);
    FAILS("OST_RANGE", ost_insert(s, thing, &(thing){ .name = "", .day = { 2932897 } }));
    says("thing", "day", NULL);
    FAILS("OST_RANGE", ost_insert(s, thing, &(thing){ .name = "", .mood = (mood)4 }));
    says("thing", "mood", NULL);
    FAILS("OST_RANGE",
          ost_insert(s, thing, &(thing){ .name = "", .price = ost_decimal_of(INT64_MAX, 2) }));
    says("thing", "price", NULL);
    FAILS("OST_RANGE", ost_insert(s, thing, &(thing){ .name = "", .wild = (double)NAN }));
    says("thing", "wild", NULL);
    assert_int_equal(things(ost_ge(thing, i32, 0)), 0); /* and the transaction goes on */
}

static const test_case constraints_group_cases[] = {
    CASE(text_is_unique_by_bytes, "text is unique by its bytes"),
    CASE(nulls_never_conflict,
         "NULLs never conflict, neither alone nor in a unique index of two members"),
    CASE(a_taken_value_is_named, "a unique value that is taken: model, field and failure"),
    CASE(a_taken_key_is_named, "a key that is taken: model, field and failure"),
    CASE(a_taken_key_of_two_members_is_named, "a key of two members that is taken"),
    CASE(a_taken_index_is_named, "a unique index of two members: its name, and the first member"),
    CASE(a_taken_value_of_an_update_is_named, "a unique value that an update or a save meets"),
    CASE(every_kind_may_be_unique, "instants, UUIDs, decimals and enumerations may be unique"),
    CASE(a_missing_target_is_refused, "a reference to a missing record is refused, with its field"),
    CASE(a_target_that_is_referred_to_stays, "a record that is referred to stays"),
    CASE(a_reference_that_is_changed_is_checked, "a reference that is changed is checked"),
    CASE(many_records_name_the_one, "a reference of one among many records is checked"),
    CASE_ALONE(rules_of_the_database_are_named,
               "rules that the database alone knows: NOT NULL, CHECK, UNIQUE"),
    CASE(what_cannot_be_stored_is_refused, "what no column can hold is refused before it is sent: "
                                           "NaN, broken UTF-8, years beyond 9999"),
};
GROUP(constraints_group, "Constraints");
