/* SPDX-License-Identifier: MIT */
/* Members with .collation = OST_CASELESS on every path that writes, as keys, in groups and orders.
 * What conditions mean on them is asked by the cases of their kinds. */
#include "conformance.h"

#include <string.h>

#include "suite_models.h"

static int64_t enrol(const char *email)
{
    patron r = { .email = email, .name = email, .badge = { .label = email, .size = 1 } };
    (void)snprintf(r.code, sizeof r.code, "%s", email);
    OK(ost_insert(s, patron, &r));
    return r.id;
}

static int64_t patrons(const ost_expr *those)
{
    int64_t n = -1;
    ost_query *q = ost_from(s, patron);
    ost_where(q, those);
    OK(ost_count_of(q, &n));
    return n;
}

/* Whether all that was written of the patron is found again in capitals, and nothing else is. */
static void is_found(int64_t id, const char *as_written, const char *in_capitals)
{
    const ost_expr *const by[] = {
        ost_keep(s, ost_eq(patron, email, in_capitals)),
        ost_keep(s, ost_eq(patron, name, in_capitals)),
        ost_keep(s, ost_eq(patron, code, in_capitals)),
        ost_keep(s, ost_eq(patron, badge.label, in_capitals)),
    };
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        ost_query *q = ost_from(s, patron);
        ost_where(q, by[i]);
        patron *r = ost_one(q, patron);
        assert_non_null(r);
        assert_int_equal(r->id, id);
        assert_string_equal(r->email, as_written);
        assert_string_equal(r->name, as_written);
        assert_string_equal(r->code, as_written);
        assert_string_equal(r->badge.label, as_written);
    }
}

/* ---- uniqueness ---- */

static void takes(ost_status status, const char *field)
{
    const ost_error *e = ost_session_error(s);
    ost_failure failure;
    assert_string_equal(ost_status_name(status), "OST_CONFLICT");
    assert_string_equal(e->field, field);
    assert_true(ost_error_failure(e, 0, &failure));
    assert_string_equal(failure.path, field);
    assert_string_equal(failure.rule, "unique");
    assert_string_equal(failure.message, strcmp(field, "email") == 0 ? "belongs to another patron"
                                                                     : "is taken already");
}

static void one_spelling_is_enough(void)
{
    static const char *const taken[] = { "ADA",
                                         "ada",
                                         "STRASSE",
                                         "stra\303\237e",
                                         "E\xcc\x81",
                                         "\xc3\x89",
                                         "\xce\xa3\xce\x91\xcf\x82" };
    static const char *const free_ones[] = { "Ad", "Ada 2", "e", "Stra\xc3\x9f", "ssa" };
    enrol("Ada");
    enrol("Stra\303\237e");
    enrol("\xc3\xa9");
    enrol("\xcf\x83\xce\xb1\xcf\x83");
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        takes(ost_insert(s, patron, &(patron){ .email = taken[i] }), "email");
    for (size_t i = 0; i < sizeof free_ones / sizeof free_ones[0]; i++)
        enrol(free_ones[i]);
    OK(ost_insert(s, patron, &(patron){ .code = "x" }));
    OK(ost_insert(s, patron, &(patron){ .code = "y" }));
    assert_int_equal(patrons(ost_is_null(patron, email)), 2);
}

static void an_index_of_several_has_one_spelling(void)
{
    OK(ost_insert(s, patron, &(patron){ .code = "ab", .team = OST_SOME(1) }));
    OK(ost_insert(s, patron, &(patron){ .code = "AB", .team = OST_SOME(2) }));
    OK(ost_insert(s, patron, &(patron){ .code = "AB" }));
    takes(ost_insert(s, patron, &(patron){ .code = "Ab", .team = OST_SOME(1) }), "code");
    assert_string_equal(ost_session_error(s)->constraint, "one_code_in_a_team");
}

static void writes_conflict_wherever_they_are(void)
{
    patron many[2] = { { .email = "c" }, { .email = "ADA" } };
    int64_t bob;
    enrol("Ada");
    bob = enrol("Bob");
    patron *b = ost_get(s, patron, bob);
    takes(ost_insert_many(s, patron, many, 2), "email");
    b->email = "aDA";
    takes(ost_save(s, patron, b), "email");
    takes(ost_replace(s, patron, &(patron){ .id = bob, .email = "aDA", .version = 1 }), "email");
    ost_query *q = ost_from(s, patron);
    ost_where(q, ost_eq(patron, id, bob));
    takes(ost_update(q, NULL, ost_set(patron, email, "ada")), "email");
    OK(ost_reload(s, patron, b));
    assert_string_equal(b->email, "Bob");
    assert_int_equal(patrons(ost_eq(patron, email, "BOB")), 1);
    b->email = "BOB";
    OK(ost_save(s, patron, b));
    assert_string_equal(((patron *)ost_get(s, patron, bob))->email, "BOB");
}

static void one_spelling_among_the_living(void)
{
    tenant first = { .id = 1, .email = "Ada" }, again = { .id = 2, .email = "ADA" };
    OK(ost_insert(s, tenant, &first));
    FAILS("OST_CONFLICT", ost_insert(s, tenant, &again));
    assert_string_equal(ost_session_error(s)->field, "email");
    OK(ost_delete(s, tenant, &first));
    OK(ost_insert(s, tenant, &again));
    FAILS("OST_CONFLICT", ost_restore(s, tenant, &first));
    assert_string_equal(ost_session_error(s)->field, "email");
    OK(ost_delete(s, tenant, &again));
    OK(ost_restore(s, tenant, &first));
    ost_query *q = ost_from(s, tenant);
    ost_where(q, ost_eq(tenant, email, "aDA"));
    assert_int_equal(((tenant *)ost_one(q, tenant))->id, 1);
}

/* ---- writing ---- */

static void every_insert_keeps_it(void)
{
    patron many[40];
    char emails[40][8];
    ost_value v;
    size_t count;
    is_found(enrol("Zo\xc3\xab"), "Zo\xc3\xab", "ZO\xc3\x8b");
    memset(many, 0, sizeof many);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(emails[i], sizeof emails[i], "Nr%d", i);
        many[i].email = many[i].name = many[i].badge.label = emails[i];
        strcpy(many[i].code, emails[i]);
    }
    OK(ost_insert_many(s, patron, many, 40));
    is_found(many[39].id, "Nr39", "nR39");
    patron *tracked = ost_new(s, patron);
    tracked->email = tracked->name = tracked->badge.label = "New";
    strcpy(tracked->code, "New");
    OK(ost_insert(s, patron, tracked));
    is_found(tracked->id, "New", "NEW");
    OK(ost_value_of(ost_from(s, patron), ost_count(), &v));
    assert_int_equal(v.as.integer, 42);
    ost_query *q = ost_from(s, patron);
    ost_where(q, ost_starts_with(patron, email, "nR1"));
    ost_all(q, patron, &count);
    assert_int_equal(count, 11);
}

static void every_save_keeps_it(void)
{
    size_t count;
    int64_t id = enrol("Ada");
    enrol("Other");
    patron *r = ost_get(s, patron, id);
    r->email = r->name = r->badge.label = "Bob";
    strcpy(r->code, "Bob");
    OK(ost_save(s, patron, r));
    is_found(id, "Bob", "BOB");
    assert_int_equal(patrons(ost_eq(patron, email, "ADA")), 0);
    ost_query *q = ost_from(s, patron);
    ost_order_by(q, ost_asc(patron, id));
    patron *all = ost_all(q, patron, &count);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < 2; i++) {
        all[i].name = all[i].badge.label = i == 0 ? "Eve" : "Mallory";
        all[i].email = all[i].name;
        strcpy(all[i].code, all[i].name);
    }
    all[1].team = (ost_opt_int)OST_SOME(4);
    OK(ost_save_many(s, patron, all, 2));
    is_found(all[0].id, "Eve", "EVE");
    is_found(all[1].id, "Mallory", "MALLORY");
    patron whole = { .id = id,
                     .email = "Carol",
                     .name = "Carol",
                     .code = "Carol",
                     .badge = { .label = "Carol" },
                     .version = all[0].version };
    OK(ost_replace(s, patron, &whole));
    is_found(id, "Carol", "CAROL");
    q = ost_from(s, patron);
    ost_where(q, ost_eq(patron, id, id));
    r = ost_one(q, patron);
    r->name = NULL;
    OK(ost_save(s, patron, r));
    assert_int_equal(patrons(ost_eq(patron, name, "carol")), 0);
    assert_int_equal(patrons(ost_eq(patron, email, "carol")), 1);
}

static void every_update_keeps_it(void)
{
    int64_t n = 0, id = enrol("Ada");
    ost_query *q = ost_from(s, patron);
    ost_where(q, ost_eq(patron, email, "ADA"));
    OK(ost_update(q, &n, ost_set(patron, email, "Bob"), ost_set(patron, name, "Bob"),
                  ost_set(patron, code, "Bob"), ost_set(patron, badge.label, "Bob")));
    assert_int_equal(n, 1);
    is_found(id, "Bob", "BOB");
    q = ost_from(s, patron);
    ost_where(q, ost_eq(patron, email, "bob"));
    OK(ost_update_one(q, ost_set_null(patron, name)));
    assert_int_equal(patrons(ost_eq(patron, name, "bob")), 0);
    assert_int_equal(patrons(ost_is_null(patron, name)), 1);
    q = ost_from(s, patron);
    ost_where(q, ost_eq(patron, email, "boB"));
    patron *r = ost_find_and_update(q, patron, OST_RETURN_NEW, ost_set(patron, name, "Eve"));
    assert_non_null(r);
    assert_string_equal(r->name, "Eve");
    assert_int_equal(patrons(ost_eq(patron, name, "EVE")), 1);
}

static void json_and_hooks_keep_it(void)
{
    static const char text[] = "{\"name\": \"Stra\303\237e\", \"code\": \"Abc\","
                               " \"email\": \"A@B\", \"badge\": {\"label\": \"X\"}}";
    patron r = { .id = 0 };
    OK(ost_from_json(s, patron, text, sizeof text - 1, NULL, &r));
    OK(ost_insert(s, patron, &r));
    assert_int_equal(patrons(ost_eq(patron, name, "STRASSE")), 1);
    const char *json = ost_to_json(s, patron, ost_get(s, patron, r.id));
    assert_non_null(strstr(json, "\"name\":\"Stra\303\237e\""));
    assert_null(strstr(json, "strasse"));
    assert_null(strstr(json, "folded"));
    patron *stored = ost_get(s, patron, r.id);
    stored->name = "rename me";
    OK(ost_save(s, patron, stored));
    assert_string_equal(stored->name, "Renamed");
    assert_int_equal(patrons(ost_eq(patron, name, "RENAMED")), 1);
    assert_int_equal(patrons(ost_eq(patron, name, "rename me")), 0);
}

static void what_is_trimmed_is_folded(void)
{
    patron r = { .email = "  Ada " };
    OK(ost_insert(s, patron, &r));
    assert_int_equal(patrons(ost_eq(patron, email, "ADA")), 1);
    takes(ost_insert(s, patron, &(patron){ .email = "ada  " }), "email");
}

/* ---- upserts ---- */

#define BY_MAIL OST_BY(ost_col(patron, email))

static void an_upsert_meets_any_spelling(void)
{
    enum ost_effect effect;
    patron r = { .email = "Ada", .name = "first" };
    OK(ost_upsert(s, patron, &r, OST_UPSERT(BY_MAIL), &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    patron again = { .email = "ADA", .name = "Second" };
    OK(ost_upsert(s, patron, &again, OST_UPSERT(BY_MAIL), &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_int_equal(again.id, r.id);
    patron *stored = ost_get(s, patron, r.id);
    assert_string_equal(stored->email, "ADA");
    assert_int_equal(patrons(ost_eq(patron, name, "SECOND")), 1);
    OK(ost_upsert(s, patron, &again, OST_UPSERT(BY_MAIL), &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    again.email = "ada";
    OK(ost_upsert(s, patron, &again,
                  OST_UPSERT(BY_MAIL, OST_ACTIONS(ost_upsert_keep(patron, email))), &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    OK(ost_reload(s, patron, stored));
    assert_string_equal(stored->email, "ADA");
    again.name = "third";
    OK(ost_upsert(s, patron, &again, OST_UPSERT(BY_MAIL, .keep = true), &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    FAILS("OST_INVALID", ost_upsert(s, patron, &(patron){ .id = 0 }, OST_UPSERT(BY_MAIL), &effect));
}

static void upserts_of_many_meet_any_spelling(void)
{
    enum ost_effect effects[3];
    patron many[3] = { { .email = "Zoe", .name = "z" },
                       { .email = "ADA", .name = "A" },
                       { .email = "bob", .name = "b" } };
    int64_t ada = enrol("Ada");
    OK(ost_upsert_many(s, patron, many, 3, OST_UPSERT(BY_MAIL), effects));
    assert_int_equal(effects[0], OST_EFFECT_INSERTED);
    assert_int_equal(effects[1], OST_EFFECT_UPDATED);
    assert_int_equal(effects[2], OST_EFFECT_INSERTED);
    assert_int_equal(many[1].id, ada);
    assert_int_equal(patrons(ost_eq(patron, email, "ZOE")), 1);
    assert_int_equal(patrons(ost_eq(patron, name, "a")), 1);
    many[2].email = "zOE";
    (void)statements_sent();
    FAILS("OST_CONFLICT", ost_upsert_many(s, patron, many, 3, OST_UPSERT(BY_MAIL), effects));
    assert_int_equal(statements_sent(), 0);
    assert_string_equal(ost_session_error(s)->field, "email");
}

static void an_upsert_of_the_living_meets_any_spelling(void)
{
    enum ost_effect effect;
    const ost_upsert_options *options = OST_UPSERT(OST_BY(ost_col(tenant, email)));
    tenant t = { .id = 1, .email = "Ada", .nights = 1 };
    OK(ost_upsert(s, tenant, &t, options, &effect));
    OK(ost_delete(s, tenant, &t));
    tenant next = { .id = 2, .email = "ADA", .nights = 2 };
    OK(ost_upsert(s, tenant, &next, options, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    next = (tenant){ .id = 3, .email = "ada", .nights = 3 };
    OK(ost_upsert(s, tenant, &next, options, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_int_equal(next.id, 2);
}

static void any_spelling_is_found_or_created(void)
{
    bool created;
    patron given = { .email = " Ada", .name = "one" };
    patron *r = ost_find_or_create(s, patron, &created, &given, ost_col(patron, email));
    assert_non_null(r);
    assert_true(created);
    given = (patron){ .email = "ADA", .name = "two" };
    patron *found_again = ost_find_or_create(s, patron, &created, &given, ost_col(patron, email));
    assert_non_null(found_again);
    assert_false(created);
    assert_int_equal(found_again->id, r->id);
    assert_string_equal(found_again->email, "Ada");
    assert_string_equal(found_again->name, "one");
}

/* ---- orders and groups ---- */

static void spellings(void)
{
    static const char *const names[] = { "b", "A", "B", "a", "\xc3\x89", "C", "e\xcc\x81", "z" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        OK(ost_insert(s, patron,
                      &(patron){ .name = names[i], .team = OST_SOME((int)i), .code = "x" }));
}

static void case_has_no_say_in_orders(void)
{
    static const char *const up[] = { "A", "a", "b", "B", "C", "z", "\xc3\x89", "e\xcc\x81" };
    size_t count;
    ost_page about;
    spellings();
    for (size_t page = 1; page <= 3; page++) {
        ost_query *q = ost_from(s, patron);
        assert_true(ost_order_by_name(q, "name", "asc"));
        patron *rows = ost_paginate(q, patron, page, 3, &count, &about);
        assert_non_null(rows);
        for (size_t i = 0; i < count; i++)
            assert_string_equal(rows[i].name, up[(page - 1) * 3 + i]);
    }
    ost_query *q = ost_from(s, patron);
    ost_order_by(q, ost_desc(patron, name));
    ost_order_by(q, ost_asc(patron, id));
    ost_limit_per(q, ost_col(patron, name), 1);
    patron *rows = ost_all(q, patron, &count);
    assert_int_equal(count, 5);
    assert_string_equal(rows[0].name, "\xc3\x89");
    assert_string_equal(rows[4].name, "A");
}

static void groups_are_given_folded(void)
{
    static const char *const keys[] = { "a", "b", "c", "z", "\xc3\xa9" };
    size_t count;
    ost_value v;
    spellings();
    ost_query *q = ost_from(s, patron);
    ost_group_by(q, ost_col(patron, name));
    ost_select(q, ost_as(tally, name, ost_col(patron, name)), ost_as(tally, count, ost_count()),
               ost_as(tally, first, ost_min(ost_col(patron, name))));
    ost_order_by(q, ost_asc(patron, name));
    tally *rows = ost_all(q, tally, &count);
    assert_non_null(rows);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(rows[i].name, keys[i]);
        assert_string_equal(rows[i].first, keys[i]);
        assert_int_equal(rows[i].count, i == 2 || i == 3 ? 1 : 2);
    }
    q = ost_from(s, patron);
    ost_distinct(q);
    ost_select(q, ost_as(tally, name, ost_col(patron, name)));
    ost_order_by(q, ost_asc(tally, name));
    rows = ost_all(q, tally, &count);
    assert_int_equal(count, 5);
    assert_string_equal(rows[4].name, "\xc3\xa9");
    OK(ost_value_of(ost_from(s, patron), ost_count_distinct(ost_col(patron, name)), &v));
    assert_int_equal(v.as.integer, 5);
    OK(ost_value_of(ost_from(s, patron), ost_max(ost_col(patron, name)), &v));
    assert_string_equal(v.as.text, "\xc3\xa9");
    q = ost_from(s, patron);
    ost_group_by(q, ost_col(patron, code));
    ost_select(q, ost_as(tally, count, ost_count()));
    ost_having(q, ost_cmp_eq(ost_min(ost_col(patron, name)), ost_lit("A")));
    rows = ost_all(q, tally, &count);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].count, 8);
}

static void results_have_what_is_stored(void)
{
    size_t count;
    spellings();
    ost_query *q = ost_from(s, patron);
    ost_select(q, ost_as(tally, name, ost_col(patron, name)));
    ost_order_by(q, ost_asc(tally, name));
    ost_limit(q, 2);
    tally *rows = ost_all(q, tally, &count);
    assert_int_equal(count, 2);
    assert_true(rows[0].name[0] == 'A' || rows[0].name[0] == 'a');
    assert_int_equal(rows[0].name[0] + rows[1].name[0], 'A' + 'a');
}

static void exact_texts_are_not_compared_with_caseless_ones(void)
{
    ost_query *q = ost_from(s, patron);
    enrol("a");
    (void)statements_sent();
    ost_where(q, ost_cmp_eq(ost_col(patron, name), ost_col(patron, title)));
    assert_null(ost_all(q, patron, NULL));
    assert_string_equal(ost_status_name(ost_session_error(s)->status), "OST_MISUSE");
    assert_non_null(strstr(ost_session_error(s)->message, "name"));
    assert_non_null(strstr(ost_session_error(s)->message, "title"));
    assert_int_equal(statements_sent(), 0);
}

static const test_case caseless_group_cases[] = {
    CASE_ALONE(one_spelling_is_enough, "a unique caseless text has one spelling"),
    CASE_ALONE(an_index_of_several_has_one_spelling, "so has one in a unique index of several"),
    CASE_ALONE(writes_conflict_wherever_they_are, "on each path that writes"),
    CASE_ALONE(one_spelling_among_the_living, "unique among the living, whatever the case"),
    CASE(every_insert_keeps_it, "inserts of one and many are found in any case"),
    CASE(every_save_keeps_it, "so are saves, also of many, and replaced records"),
    CASE(every_update_keeps_it, "updates by query, and find-and-update"),
    CASE(json_and_hooks_keep_it, "records from JSON, and what hooks changed"),
    CASE_ALONE(what_is_trimmed_is_folded, "what is compared is what was normalised"),
    CASE_ALONE(an_upsert_meets_any_spelling, "an upsert by a caseless text"),
    CASE_ALONE(upserts_of_many_meet_any_spelling, "upserts of many by one"),
    CASE_ALONE(an_upsert_of_the_living_meets_any_spelling, "an upsert by one among the living"),
    CASE(any_spelling_is_found_or_created, "find-or-create by a caseless text"),
    CASE(case_has_no_say_in_orders, "orders and pages by it"),
    CASE(groups_are_given_folded, "groups, distinct rows, least and greatest are given folded"),
    CASE(results_have_what_is_stored, "other rows are given as they are stored"),
    CASE(exact_texts_are_not_compared_with_caseless_ones,
         "a comparison with an exact member is refused"),
};
GROUP(caseless_group, "Caseless texts");
