/* SPDX-License-Identifier: MIT */
/* Members of the program's own types: by what they are stored as, on every way. */
#include "conformance.h"

#include <string.h>

#include "suite_models.h"

static wrapped wrapped_of(int64_t id)
{
    wrapped p = { .id = id,
                  .worth = { 100 + id, "EUR" },
                  .paper = { 1, 2, (uint8_t)id },
                  .heavy = { 1500 + (int)id },
                  .mark = { { 0, (uint8_t)id, 0xff } },
                  .term = { .open = id % 2 == 0, .days = id % 2 ? 10 * (int)id : 0 },
                  .code = { 500 + id, "USD" } };
    return p;
}

static void same(const wrapped *a, const wrapped *b)
{
    assert_non_null(b);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->worth.cents, b->worth.cents);
    assert_string_equal(a->worth.currency, b->worth.currency);
    assert_memory_equal(&a->paper, &b->paper, sizeof a->paper);
    assert_int_equal(a->heavy.grams, b->heavy.grams);
    assert_memory_equal(&a->mark, &b->mark, sizeof a->mark);
    assert_int_equal(a->term.open, b->term.open);
    assert_int_equal(a->term.days, b->term.days);
    assert_int_equal(a->code.cents, b->code.cents);
}

static wrapped *add(int64_t id)
{
    wrapped p = wrapped_of(id);
    OK(ost_insert(s, wrapped, &p));
    return ost_get(s, wrapped, id);
}

#define COLUMN(m) ost_as(wrapped_stored, m, ost_col(wrapped, m))

static const wrapped_stored *stored(int64_t id)
{
    ost_query *q = ost_from(s, wrapped);
    ost_where(q, ost_eq(wrapped, id, id));
    ost_select(q, COLUMN(worth), COLUMN(paper), COLUMN(heavy), COLUMN(mark), COLUMN(term));
    const wrapped_stored *row = ost_first(q, wrapped_stored);
    assert_non_null(row);
    return row;
}

/* The numbers of the parcels that meet a condition, as digits. */
static int64_t those(const ost_expr *which)
{
    size_t count;
    int64_t digits = 0;
    ost_query *q = ost_from(s, wrapped);
    ost_where(q, which);
    ost_order_by(q, ost_asc(wrapped, heavy));
    const wrapped *all = ost_all(q, wrapped, &count);
    assert_non_null(all);
    for (size_t i = 0; i < count; i++)
        digits = 10 * digits + all[i].id;
    return digits;
}

static void they_are_columns_of_the_stored_kind(void)
{
    wrapped p = wrapped_of(3);
    same(&p, add(3));
    const wrapped_stored *row = stored(3);
    assert_string_equal(row->worth, "103 EUR");
    assert_int_equal(row->paper.value, 0x010203);
    assert_int_equal(ost_decimal_compare(row->heavy.value, ost_decimal_of(1503, 3)), 0);
    assert_int_equal(row->mark.size, 3);
    assert_memory_equal(row->mark.data, "\0\x03\xff", 3);
    assert_int_equal(row->term.value, 30);
}

static void what_is_stored_as_absent_is_null(void)
{
    wrapped p = wrapped_of(2);
    p.worth.cents = 0;
    OK(ost_insert(s, wrapped, &p));
    assert_null(stored(2)->worth);
    assert_false(stored(2)->term.present);
    const wrapped *q = ost_get(s, wrapped, 2);
    assert_int_equal(q->worth.cents, 0);
    assert_true(q->term.open);
    assert_int_equal(those(ost_both(ost_is_null(wrapped, worth), ost_is_null(wrapped, term))), 2);
}

static void many_are_written_and_read(void)
{
    enum { MANY = 40 };
    wrapped many[MANY];
    int64_t ids[MANY];
    size_t count;
    for (int i = 0; i < MANY; i++)
        many[i] = wrapped_of(i + 1), ids[i] = MANY - i;
    OK(ost_insert_many(s, wrapped, many, MANY));
    wrapped *all = ost_get_many(s, wrapped, ids, MANY, &count);
    assert_int_equal(count, MANY);
    for (int i = 0; i < MANY; i++) {
        same(&many[MANY - 1 - i], &all[i]);
        all[i].worth.cents++;
    }
    OK(ost_save_many(s, wrapped, all, MANY));
    ost_query *q = ost_from(s, wrapped);
    ost_order_by(q, ost_asc(wrapped, id));
    ost_cursor *c = ost_stream(q, 7);
    for (int i = 0; i < MANY; i++) {
        many[i].worth.cents++;
        same(&many[i], ost_next(c, wrapped));
    }
    OK(ost_cursor_close(c));
}

static void they_are_compared_by_the_stored_form(void)
{
    for (int64_t id = 1; id < 7; id++)
        add(id);
    const sum three = { 103, "EUR" };
    const shade four = { 1, 2, 4 }, five = { 1, 2, 5 };
    const mark marks[] = { { { 0, 2, 0xff } }, { { 0, 6, 0xff } }, { { 0 } } };
    assert_int_equal(those(ost_eq_converted(wrapped, worth, &three)), 3);
    assert_int_equal(those(ost_ne_converted(wrapped, worth, &three)), 12456);
    assert_int_equal(those(ost_lt_converted(wrapped, worth, &three)), 12);
    assert_int_equal(those(ost_between_converted(wrapped, paper, &four, &five)), 45);
    assert_int_equal(those(ost_ge_converted(wrapped, heavy, &(mass){ 1505 })), 56);
    assert_int_equal(those(ost_in_converted(wrapped, mark, marks, 3)), 26);
    assert_int_equal(those(ost_not_in_converted(wrapped, mark, marks, 3)), 1345);
    assert_int_equal(those(ost_gt_converted(wrapped, term, &(term){ .days = 10 })), 35);
    assert_int_equal(those(ost_cmp_eq(ost_col(wrapped, worth), ost_lit("104 EUR"))), 4);
}

static void they_are_ordered_and_grouped_by_it(void)
{
    size_t count;
    for (int64_t id = 1; id < 5; id++)
        add(id);
    ost_query *q = ost_from(s, wrapped);
    ost_order_by(q, ost_desc(wrapped, term));
    ost_order_by(q, ost_desc(wrapped, paper));
    const wrapped *all = ost_all(q, wrapped, &count);
    assert_int_equal(count, 4);
    assert_int_equal(all[0].id, 3);
    assert_int_equal(all[1].id, 1);
    assert_int_equal(all[2].id, 4);
    q = ost_from(s, wrapped);
    ost_select(q, COLUMN(term), ost_as(wrapped_stored, paper, ost_max(ost_col(wrapped, paper))));
    ost_group_by(q, ost_col(wrapped, term));
    ost_order_by(q, ost_asc(wrapped, term));
    const wrapped_stored *groups = ost_all(q, wrapped_stored, &count);
    assert_non_null(groups);
    assert_int_equal(count, 3);
    assert_false(groups[0].term.present);
    assert_int_equal(groups[0].paper.value, 0x010204);
}

static void what_differs_in_it_is_saved(void)
{
    wrapped *p = add(5);
    statements_sent();
    OK(ost_save(s, wrapped, p));
    assert_int_equal(statements_sent(), 0);
    p->term.days = 51;
    p->paper.red = 9;
    OK(ost_save(s, wrapped, p));
    assert_int_equal(stored(5)->term.value, 51);
    assert_int_equal(stored(5)->paper.value, 0x090205);
    p->worth.cents = 1;
    OK(ost_replace(s, wrapped, p));
    assert_string_equal(stored(5)->worth, "001 EUR");
    p->worth.cents = 2;
    OK(ost_reload(s, wrapped, p));
    assert_int_equal(p->worth.cents, 1);
}

static void updates_set_them(void)
{
    int64_t n = 0;
    add(1);
    add(2);
    ost_query *q = ost_from(s, wrapped);
    ost_where(q, ost_eq_converted(wrapped, code, &(sum){ 501, "USD" }));
    OK(ost_update(q, &n, ost_set_converted(wrapped, worth, &(sum){ 7, "GBP" }),
                  ost_set_converted(wrapped, term, &(term){ .open = true })));
    assert_int_equal(n, 1);
    assert_string_equal(stored(1)->worth, "007 GBP");
    assert_false(stored(1)->term.present);
    wrapped *now = ost_find_and_update(q, wrapped, OST_RETURN_NEW,
                                       ost_set_converted(wrapped, heavy, &(mass){ 9 }));
    if (!now && refused_here())
        return;
    assert_non_null(now);
    assert_int_equal(now->heavy.grams, 9);
    assert_int_equal(now->worth.cents, 7);
}

static void upserts_know_them(void)
{
    enum ost_effect effect, effects[2];
    bool created = false;
    wrapped p = wrapped_of(1);
    const ost_upsert_options *by_code = OST_UPSERT(OST_BY(ost_col(wrapped, code)));
    OK(ost_upsert(s, wrapped, &p, by_code, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    OK(ost_upsert(s, wrapped, &p, by_code, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    wrapped pair[2] = { wrapped_of(2), wrapped_of(1) };
    pair[1].paper.red = 77;
    OK(ost_upsert_many(s, wrapped, pair, 2, by_code, effects));
    assert_int_equal(effects[0], OST_EFFECT_INSERTED);
    assert_int_equal(effects[1], OST_EFFECT_UPDATED);
    assert_int_equal(stored(1)->paper.value, 0x4d0201);
    wrapped *found = ost_find_or_create(s, wrapped, &created, &pair[0], ost_col(wrapped, code));
    assert_false(created);
    same(&pair[0], found);
}

static void rules_are_about_the_stored_form(void)
{
    wrapped p = wrapped_of(1), q = wrapped_of(2);
    p.paper = (shade){ 0xff, 0xff, 0xff };
    FAILS("OST_INVALID", ost_insert(s, wrapped, &p));
    assert_string_equal(ost_session_error(s)->field, "paper");
    p = wrapped_of(1);
    p.worth.cents = -1;
    FAILS("OST_INVALID", ost_insert(s, wrapped, &p));
    assert_string_equal(ost_session_error(s)->field, "worth");
    assert_int_equal(ost_session_error(s)->nothing_sent, 1);
    p = wrapped_of(1);
    OK(ost_insert(s, wrapped, &p));
    q.code = p.code;
    FAILS("OST_CONFLICT", ost_insert(s, wrapped, &q));
    assert_string_equal(ost_session_error(s)->field, "code");
}

static void what_cannot_be_loaded_is_range(void)
{
    size_t count = 7;
    for (int64_t id = 1; id < 4; id++)
        add(id);
    const ost_expr spoil = { .op = OST_OP_SET,
                             .struct_size = sizeof(spoil),
                             .model = &wrapped_model,
                             .member = OST_AT(wrapped, worth),
                             .value = ost_val("dear") };
    ost_query *q = ost_from(s, wrapped);
    ost_where(q, ost_eq(wrapped, id, 2));
    OK(ost_update(q, NULL, &spoil));
    assert_null(ost_all(ost_from(s, wrapped), wrapped, &count));
    assert_int_equal(count, 0);
    assert_int_equal(ost_session_error(s)->status, OST_RANGE);
    assert_string_equal(ost_session_error(s)->model, "wrapped");
    assert_string_equal(ost_session_error(s)->field, "worth");
    assert_non_null(ost_get(s, wrapped, 3));
}

static void json_has_the_stored_form(void)
{
    static const char change[] = "{\"worth\":\"055 CHF\",\"heavy\":\"0.250\",\"term\":null}";
    wrapped *p = add(1);
    const char *text = ost_to_json(s, wrapped, p);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"worth\":\"101 EUR\",\"paper\":66049,\"heavy\":\"1.501\""));
    OK(ost_from_json(s, wrapped, change, strlen(change), NULL, p));
    OK(ost_save(s, wrapped, p));
    p = ost_get(s, wrapped, 1);
    assert_int_equal(p->worth.cents, 55);
    assert_int_equal(p->heavy.grams, 250);
    assert_true(p->term.open);
}

static const test_case converted_group_cases[] = {
    CASE(they_are_columns_of_the_stored_kind, "members of own types are columns of another kind"),
    CASE(what_is_stored_as_absent_is_null, "what is stored as absent is NULL"),
    CASE(many_are_written_and_read, "many are written, read and saved"),
    CASE(they_are_compared_by_the_stored_form, "conditions compare by the stored form"),
    CASE(they_are_ordered_and_grouped_by_it, "so do orders and groups"),
    CASE(what_differs_in_it_is_saved, "saving writes what differs in it"),
    CASE(updates_set_them, "updates by query and find-and-update set them"),
    CASE(upserts_know_them, "upserts and find-or-create know them"),
    CASE_ALONE(rules_are_about_the_stored_form, "the field's rules are about the stored form"),
    CASE_ALONE(what_cannot_be_loaded_is_range, "what a conversion refuses to load is `OST_RANGE`"),
    CASE(json_has_the_stored_form, "JSON has the stored form"),
};
GROUP(converted_group, "Conversions");
