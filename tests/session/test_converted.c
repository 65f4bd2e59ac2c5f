/* SPDX-License-Identifier: MIT */
/* Members of the program's own types: there and back on every way, by their stored form. */
#include "converted.h"

#include <stdio.h>

static ware *stored(rig *r, int i)
{
    ware w = converted_ware(i);
    OK(ost_insert(r->s, ware, &w));
    ware *p = ost_get(r->s, ware, w.id);
    assert_non_null(p);
    converted_same(&w, p);
    return p;
}

/* ---- writing and reading ---- */

static void one_comes_back(void **state)
{
    rig *r = *state;
    ware w = converted_ware(4), given = w;
    OK(ost_insert(r->s, ware, &w));
    assert_memory_equal(&w.price, &given.price, sizeof w.price);
    const ware_column *c = converted_column(r, w.id);
    assert_string_equal(c->price, "1004 EUR");
    assert_int_equal(c->tint, 0x010204);
    assert_int_equal(ost_decimal_compare(c->heavy, ost_decimal_of(1504, 3)), 0);
    assert_int_equal(c->from.size, 4);
    assert_memory_equal(c->from.data, "\x0a\0\0\x04", 4);
    assert_int_equal(c->lasts.value, 40);
    assert_string_equal(c->maker, "Ada4 Lovelace");
    ware *p = ost_get(r->s, ware, w.id);
    converted_same(&w, p);
    assert_memory_equal(&p->secret, &given.secret, sizeof given.secret);
    p = ost_find(r->s, ware, ost_eq(ware, id, w.id));
    converted_same(&w, p);
    ost_query *q = ost_from(r->s, ware);
    p = ost_first(q, ware);
    assert_memory_equal(&p->secret, &given.secret, sizeof given.secret);
}

static void absent_ones_come_back(void **state)
{
    rig *r = *state;
    ware w = converted_ware(3);
    w.maker = (person){ NULL, NULL };
    w.code = (money){ 0 };
    OK(ost_insert(r->s, ware, &w));
    const ware_column *c = converted_column(r, w.id);
    assert_false(c->lasts.present);
    assert_null(c->maker);
    ware *p = ost_get(r->s, ware, w.id);
    assert_true(p->lasts.open);
    assert_null(p->maker.first);
    assert_int_equal(p->code.cents, 0);
    assert_non_null(ost_find(r->s, ware, ost_is_null(ware, maker), ost_is_null(ware, code)));
    assert_null(ost_find(r->s, ware, ost_not_null(ware, lasts)));
}

static void many_come_back(void **state)
{
    rig *r = *state;
    enum { MANY = 30 };
    ware many[MANY];
    int64_t keys[MANY];
    size_t count;
    for (int i = 0; i < MANY; i++)
        many[i] = converted_ware(i);
    OK(ost_insert_many(r->s, ware, many, MANY));
    ost_query *q = ost_from(r->s, ware);
    ost_order_by(q, ost_desc(ware, id));
    const ware *all = ost_all(q, ware, &count);
    assert_int_equal(count, MANY);
    for (int i = 0; i < MANY; i++) {
        converted_same(&many[MANY - 1 - i], &all[i]);
        keys[i] = many[i].id;
    }
    all = ost_get_many(r->s, ware, keys, MANY, &count);
    assert_int_equal(count, MANY);
    for (int i = 0; i < MANY; i++)
        converted_same(&many[i], &all[i]);
    ost_cursor *c = ost_stream(ost_from(r->s, ware), 7);
    count = 0;
    for (const ware *w; (w = ost_next(c, ware)); count++)
        converted_same(&many[w->id - many[0].id], w);
    OK(ost_cursor_close(c));
    assert_int_equal(count, MANY);
}

static void rows_of_more_than_a_block_come_back(void **state)
{
    rig *r = *state;
    enum { MANY = 900 };
    static ware many[MANY];
    size_t count;
    for (int i = 0; i < MANY; i++) {
        many[i] = converted_ware(i % 30);
        many[i].code = converted_money(10000 + i, "USD");
    }
    OK(ost_insert_many(r->s, ware, many, MANY));
    ost_session_options readonly = { .struct_size = sizeof readonly, .read_only = true };
    ost_session *s = rig_session(r, &readonly);
    ost_query *q = ost_from(s, ware);
    ost_order_by(q, ost_asc(ware, id));
    const ware *all = ost_all(q, ware, &count);
    assert_int_equal(count, MANY);
    for (int i = 0; i < MANY; i++)
        converted_same(&many[i], &all[i]);
    ost_session_close(s);
}

static void only_what_changed_is_saved(void **state)
{
    rig *r = *state;
    ware *p = stored(r, 5);
    rig_forget(r);
    p->price = converted_money(1005, "EUR");
    memset((char *)&p->price + sizeof(int64_t) + 4, 0x77, sizeof(money) - sizeof(int64_t) - 4);
    char copy[] = "Lovelace";
    p->maker.last = copy;
    OK(ost_save(r->s, ware, p));
    assert_int_equal(rig_sent(r), 0);
    p->price.cents = 2000;
    p->lasts = (span){ .open = true };
    OK(ost_save(r->s, ware, p));
    assert_int_equal(rig_sent(r), 1);
    const ware_column *c = converted_column(r, p->id);
    assert_string_equal(c->price, "2000 EUR");
    assert_false(c->lasts.present);
    rig_forget(r);
    OK(ost_save(r->s, ware, p));
    assert_int_equal(rig_sent(r), 0);
    p->label.ink.red = 99;
    OK(ost_save(r->s, ware, p));
    OK(ost_reload(r->s, ware, p));
    assert_int_equal(p->label.ink.red, 99);
    assert_int_equal(p->price.cents, 2000);
}

static void many_are_saved(void **state)
{
    rig *r = *state;
    size_t count;
    for (int i = 0; i < 5; i++)
        stored(r, i);
    ost_query *q = ost_from(r->s, ware);
    ost_order_by(q, ost_asc(ware, id));
    ware *all = ost_all(q, ware, &count);
    for (size_t i = 0; i < count; i++)
        if (i % 2)
            all[i].tint.red = (uint8_t)(100 + i);
        else
            all[i].price.cents = 3000 + (int64_t)i;
    OK(ost_save_many(r->s, ware, all, count));
    for (size_t i = 0; i < count; i++) {
        const ware *again = ost_get(r->s, ware, all[i].id);
        converted_same(&all[i], again);
    }
}

static void whole_ones_are_replaced(void **state)
{
    rig *r = *state;
    ware *p = stored(r, 6), w = converted_ware(7);
    w.id = p->id;
    OK(ost_replace(r->s, ware, &w));
    ware *q = ost_get(r->s, ware, w.id);
    converted_same(&w, q);
    q->heavy.grams = 1;
    OK(ost_replace(r->s, ware, q));
    assert_int_equal(((ware *)ost_get(r->s, ware, w.id))->heavy.grams, 1);
}

static void part_of_one_is_saved(void **state)
{
    rig *r = *state;
    ware *p = stored(r, 8);
    ost_query *q = ost_from(r->s, ware);
    ost_select(q, ost_as(ware, id, ost_col(ware, id)), ost_as(ware, tint, ost_col(ware, tint)));
    ware *some = ost_first(q, ware);
    assert_non_null(some);
    assert_int_equal(some->tint.blue, 8);
    assert_int_equal(some->price.cents, 0);
    some->tint.blue = 9;
    OK(ost_save(r->s, ware, some));
    assert_string_equal(converted_column(r, p->id)->price, "1008 EUR");
    assert_int_equal(converted_column(r, p->id)->tint, 0x010209);
}

static void upserts_meet_them(void **state)
{
    rig *r = *state;
    enum ost_effect did, effects[3];
    ware *p = stored(r, 9), w = converted_ware(9);
    w.price.cents = 4000;
    OK(ost_upsert(r->s, ware, &w, OST_UPSERT(OST_BY(ost_col(ware, code))), &did));
    assert_int_equal(did, OST_EFFECT_UPDATED);
    assert_int_equal(w.id, p->id);
    assert_string_equal(converted_column(r, p->id)->price, "4000 EUR");
    ware three[3] = { converted_ware(12), converted_ware(9), converted_ware(11) };
    OK(ost_upsert_many(r->s, ware, three, 3, OST_UPSERT(OST_BY(ost_col(ware, code))), effects));
    assert_int_equal(effects[0], OST_EFFECT_INSERTED);
    assert_int_equal(effects[1], OST_EFFECT_UPDATED);
    assert_int_equal(three[1].id, p->id);
    assert_string_equal(converted_column(r, p->id)->price, "1009 EUR");
    bool created;
    ware *found = ost_find_or_create(r->s, ware, &created, &three[0], ost_col(ware, code));
    assert_non_null(found);
    assert_false(created);
    converted_same(&three[0], found);
    ware other = converted_ware(13);
    found = ost_find_or_create(r->s, ware, &created, &other, ost_col(ware, code));
    assert_non_null(found);
    assert_true(created);
    assert_true(converted_same_money(found->price, other.price));
    found->price.cents = 1;
    OK(ost_save(r->s, ware, found));
}

static void queries_change_them(void **state)
{
    rig *r = *state;
    int64_t n;
    ware *p = stored(r, 10);
    const money m = converted_money(77, "GBP");
    const span none = { .open = true }, some = { .minutes = 3 };
    stored(r, 11);
    ost_query *q = ost_from(r->s, ware);
    ost_where(q, ost_eq(ware, id, p->id));
    OK(ost_update(q, &n, ost_set_converted(ware, price, &m), ost_set_converted(ware, lasts, &none),
                  ost_set_converted(ware, label.ink, &(rgb){ 9, 9, 9 })));
    assert_int_equal(n, 1);
    OK(ost_reload(r->s, ware, p));
    assert_true(converted_same_money(p->price, m));
    assert_true(p->lasts.open);
    assert_int_equal(p->label.ink.red, 9);
    ware *now = ost_find_and_update(q, ware, OST_RETURN_NEW, ost_set_converted(ware, lasts, &some));
    assert_non_null(now);
    assert_int_equal(now->lasts.minutes, 3);
    now = ost_find_and_update(q, ware, OST_RETURN_OLD,
                              ost_set_converted(ware, price, &(money){ 78, "GBP" }));
    assert_non_null(now);
    assert_true(converted_same_money(now->price, m));
    assert_string_equal(converted_column(r, p->id)->price, "78 GBP");
    OK(ost_update(q, &n, ost_set_null(ware, code)));
    FAILS(OST_INVALID, "ware.tint",
          ost_update(q, &n, ost_set_converted(ware, tint, (&(rgb){ 255, 255, 255 }))));
    FAILS(OST_INVALID, "must not be 13 cents",
          ost_update(q, &n, ost_set_converted(ware, price, (&(money){ 13, "EUR" }))));
    assert_string_equal(ost_session_error(r->s)->field, "price");
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
}

/* The numbers of the wares that meet a condition, in a text. */
static const char *found(rig *r, const ost_expr *condition)
{
    static char text[200];
    size_t count, size = 0;
    ost_query *q = ost_from(r->s, ware);
    ost_where(q, condition);
    ost_order_by(q, ost_asc(ware, tint));
    const ware *all = ost_all(q, ware, &count);
    if (!all)
        return ost_session_error(r->s)->message;
    text[0] = 0;
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%d ", all[i].tint.blue);
    return text;
}

static void conditions_see_the_stored_form(void **state)
{
    rig *r = *state;
    for (int i = 1; i < 7; i++)
        stored(r, i);
    const money m = converted_money(1003, "EUR"), more[] = { m, { 1005, "EUR" }, { 1, "X" } };
    const rgb four = { 1, 2, 4 }, five = { 1, 2, 5 };
    host hosts[] = { { 10, 0, 0, 2 }, { 10, 0, 0, 6 } };
    assert_string_equal(found(r, ost_eq_converted(ware, price, &m)), "3 ");
    assert_string_equal(found(r, ost_ne_converted(ware, price, &m)), "1 2 4 5 6 ");
    assert_string_equal(found(r, ost_lt_converted(ware, tint, &four)), "1 2 3 ");
    assert_string_equal(found(r, ost_ge_converted(ware, tint, &four)), "4 5 6 ");
    assert_string_equal(found(r, ost_between_converted(ware, tint, &four, &five)), "4 5 ");
    assert_string_equal(found(r, ost_le_converted(ware, heavy, (&(weight){ 1502 }))), "1 2 ");
    assert_string_equal(found(r, ost_gt_converted(ware, lasts, (&(span){ .minutes = 40 }))), "5 ");
    assert_string_equal(found(r, ost_in_converted(ware, price, more, 3)), "3 5 ");
    assert_string_equal(found(r, ost_not_in_converted(ware, price, more, 3)), "1 2 4 6 ");
    assert_string_equal(found(r, ost_in_converted(ware, from, hosts, 2)), "2 6 ");
    assert_string_equal(found(r, ost_in_converted(ware, from, hosts, 0)), "");
    assert_string_equal(found(r, ost_eq_converted(ware, label.ink, (&(rgb){ 2, 5, 6 }))), "2 ");
    assert_string_equal(found(r, ost_cmp_eq(ost_col(ware, price), ost_lit("1004 EUR"))), "4 ");
    assert_string_equal(found(r, ost_is_null(ware, lasts)), "3 6 ");
    const ost_expr *kept;
    {
        money gone = { 1006, "EUR" };
        money list[2] = { { 1001, "EUR" }, { 1002, "EUR" } };
        kept = ost_keep(r->s, ost_either(ost_eq_converted(ware, price, &gone),
                                         ost_in_converted(ware, price, list, 2)));
        gone.cents = list[0].cents = list[1].cents = 0;
    }
    assert_string_equal(found(r, kept), "1 2 6 ");
    rig_forget(r);
    HAS(found(r, ost_eq_converted(ware, lasts, (&(span){ .open = true }))), "ost_is_null");
    HAS(found(r, ost_eq_converted(ware, price, (&(money){ 13, "EUR" }))), "must not be 13 cents");
    HAS(found(r, ost_eq_converted(ware, price, (&(money){ 19, "EUR" }))), "returned OST_TIMEOUT");
    HAS(found(r, ost_cmp_eq(ost_col(ware, price), ost_lit(3))), "of another kind");
    assert_int_equal(rig_sent(r), 0);
}

static void kept_changes_have_values_of_their_own(void **state)
{
    rig *r = *state;
    ware *p = stored(r, 12);
    money m = converted_money(70, "EUR");
    const ost_expr *change = ost_keep(r->s, ost_set_converted(ware, price, &m));
    m.cents = 71;
    ost_query *q = ost_from(r->s, ware);
    ost_where(q, ost_eq(ware, id, p->id));
    OK(ost_query_update(q, NULL, (const ost_expr *const[]){ change, &ost_expr_end }));
    assert_string_equal(converted_column(r, p->id)->price, "70 EUR");
}

static void names_order_by_them(void **state)
{
    rig *r = *state;
    size_t count;
    for (int i = 1; i < 4; i++)
        stored(r, i);
    static const char *const members[] = { "tint", "heavy", "price" };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        ost_query *q = ost_from(r->s, ware);
        assert_true(ost_order_by_name(q, members[i], "desc"));
        const ware *all = ost_all(q, ware, &count);
        OK(all ? OST_OK : (ost_status)ost_session_error(r->s)->status);
        assert_int_equal(count, 3);
        for (int k = 0; k < 3; k++)
            assert_int_equal(all[k].tint.blue, 3 - k);
    }
}

static void results_have_them(void **state)
{
    rig *r = *state;
    size_t count;
    for (int i = 1; i < 5; i++) {
        ware w = converted_ware(i);
        w.price = converted_money(i % 2 ? 5 : 6, "EUR");
        OK(ost_insert(r->s, ware, &w));
    }
    ost_query *q = ost_from(r->s, ware);
    ost_select(q, ost_as(price_count, price, ost_col(ware, price)),
               ost_as(price_count, darkest, ost_min(ost_col(ware, tint))),
               ost_as(price_count, wares, ost_count()));
    ost_group_by(q, ost_col(ware, price));
    ost_order_by(q, ost_asc(ware, price));
    const price_count *all = ost_all(q, price_count, &count);
    assert_non_null(all);
    assert_int_equal(count, 2);
    assert_true(converted_same_money(all[0].price, (money){ 5, "EUR" }));
    assert_true(converted_same_money(all[1].price, (money){ 6, "EUR" }));
    assert_int_equal(all[0].darkest.blue, 1);
    assert_int_equal(all[1].darkest.blue, 2);
    assert_int_equal(all[1].wares, 2);
    ost_value v;
    OK(ost_value_of(ost_from(r->s, ware), ost_max(ost_col(ware, tint)), &v));
    assert_int_equal(v.as.integer, 0x010204);
}

static void raw_statements_have_them(void **state)
{
    rig *r = *state;
    size_t count;
    ware *a = stored(r, 1), *b = stored(r, 2);
    const ware *all = ost_raw_all(r->s, ware, OST_RAW("[{\"$sort\": {\"_id\": 1}}]"), &count);
    assert_non_null(all);
    assert_int_equal(count, 2);
    converted_same(a, &all[0]);
    converted_same(b, &all[1]);
}

/* ---- JSON ---- */

static void json_has_the_stored_form(void **state)
{
    rig *r = *state;
    ware *p = stored(r, 1);
    const char *text = ost_to_json(r->s, ware, p);
    HAS(text, "\"price\":\"1001 EUR\",\"tint\":66049,\"heavy\":\"1.501\"");
    HAS(text, "\"label\":{\"ink\":66822,");
    static const char change[] = "{\"price\":\"3 GBP\",\"lasts\":null,\"label\":{\"ink\":1}}";
    OK(ost_from_json(r->s, ware, change, strlen(change), NULL, p));
    assert_true(converted_same_money(p->price, (money){ 3, "GBP" }));
    assert_true(p->lasts.open);
    assert_int_equal(p->label.ink.blue, 1);
    assert_int_equal(p->tint.blue, 1);
    OK(ost_save(r->s, ware, p));
    assert_string_equal(converted_column(r, p->id)->price, "3 GBP");
    static const char wrong[] = "{\"price\":\"dear\",\"tint\":-1,\"heavy\":1}";
    ost_failure f;
    FAILS(OST_INVALID, "is no sum of money",
          ost_from_json(r->s, ware, wrong, strlen(wrong), NULL, p));
    assert_true(ost_error_failure(ost_session_error(r->s), 1, &f));
    assert_string_equal(f.path, "tint");
    assert_string_equal(f.message, "is no colour");
    assert_int_equal(p->price.cents, 3);
    size_t count;
    static const char list[] = "[{\"price\":\"1 EUR\",\"tint\":5},{\"price\":\"2 EUR\"}]";
    ware *all = ost_list_from_json(r->s, ware, list, strlen(list), NULL, 5, &count);
    assert_non_null(all);
    assert_int_equal(count, 2);
    assert_int_equal(all[0].tint.blue, 5);
    assert_int_equal(all[1].price.cents, 2);
    static const char bad[] = "[{\"price\":\"1 EUR\"},{\"price\":\"2\"}]";
    assert_null(ost_list_from_json(r->s, ware, bad, strlen(bad), NULL, 5, &count));
    assert_true(ost_error_failure(ost_session_error(r->s), 0, &f));
    assert_string_equal(f.path, "[1].price");
    p->price.cents = 13;
    NULLS(OST_INVALID, "must not be 13 cents", ost_to_json(r->s, ware, p));
}

static ost_status collect(void *context, const char *text, size_t size)
{
    char *all = context;
    strncat(all, text, size);
    return OST_OK;
}

static void json_in_portions_has_it_too(void **state)
{
    rig *r = *state;
    char all[2000] = "";
    size_t count;
    stored(r, 1);
    stored(r, 2);
    ost_query *q = ost_from(r->s, ware);
    ost_order_by(q, ost_asc(ware, id));
    OK(ost_write_json(q, ware, collect, all));
    HAS(all, "\"price\":\"1001 EUR\"");
    HAS(all, "\"price\":\"1002 EUR\"");
    ware *list = ost_all(q, ware, &count);
    assert_string_equal(ost_list_to_json(r->s, ware, list, count), all);
}

static void watchers_have_them(void **state)
{
    rig *r = *state;
    ost_watch_event event;
    ost_watcher *w = ost_watch(ost_from(r->s, ware), OST_WATCH(.wait_ms = 500));
    assert_non_null(w);
    assert_null(ost_watch_next(w, ware, &event));
    ost_session *other = rig_session(r, NULL);
    ware p = converted_ware(7);
    assert_int_equal(ost_insert(other, ware, &p), OST_OK);
    const ware *seen = NULL;
    for (int i = 0; !seen && i < 40; i++)
        seen = ost_watch_next(w, ware, &event);
    assert_non_null(seen);
    assert_int_equal(event.known, OST_KNOWN_ALL);
    converted_same(&p, seen);
    assert_int_equal(ost_delete(other, ware, &p), OST_OK);
    ost_session_close(other);
    seen = NULL;
    for (int i = 0; !seen && i < 40; i++)
        seen = ost_watch_next(w, ware, &event);
    assert_non_null(seen);
    assert_int_equal(event.kind, OST_WATCH_DELETED);
    assert_int_equal(seen->id, p.id);
    assert_int_equal(seen->price.cents, 0);
    OK(ost_watch_close(w));
}

/* ---- memory ---- */

/* What members point to is the session's, for as long as it has the record. */
static void what_they_point_to_lasts(void **state)
{
    rig *r = *state;
    ware *p = stored(r, 1);
    ost_mark mark = ost_session_mark(r->s);
    OK(ost_reload(r->s, ware, p));
    OK(ost_session_release(r->s, mark));
    for (int i = 0; i < 50; i++) /* something else lies there */
        assert_non_null(ost_text(r->s, "0123456789012345678901234567890123456789"));
    assert_string_equal(p->maker.first, "Ada1");
    assert_string_equal(p->maker.last, "Lovelace");
    char first[] = "Bea", last[] = "Gray";
    p->maker = (person){ first, last };
    OK(ost_save(r->s, ware, p));
    memset(first, 'x', 3);
    memset(last, 'x', 4);
    p->name = "other";
    OK(ost_save(r->s, ware, p));
    assert_string_equal(p->maker.first, "Bea");
    assert_string_equal(converted_column(r, p->id)->maker, "Bea Gray");
}

/* Replacing writes all members, those that were not loaded as the struct has them. */
static void what_was_loaded_in_part_is_replaced_whole(void **state)
{
    rig *r = *state;
    ware *whole = stored(r, 1);
    ost_query *q = ost_from(r->s, ware);
    ost_select(q, ost_as(ware, id, ost_col(ware, id)), ost_as(ware, name, ost_col(ware, name)));
    ware *p = ost_first(q, ware);
    assert_non_null(p);
    p->price = whole->price;
    p->lasts.open = true;
    p->maker = whole->maker;
    OK(ost_replace(r->s, ware, p));
    const ware_column *c = converted_column(r, p->id);
    assert_string_equal(c->price, "1001 EUR");
    assert_int_equal(c->tint, 0);
    assert_int_equal(c->from.size, 4);
    assert_memory_equal(c->from.data, "\0\0\0\0", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONVERTED_RIG_ALL(one_comes_back),
        CONVERTED_RIG_ALL(what_they_point_to_lasts),
        CONVERTED_RIG_ALL(what_was_loaded_in_part_is_replaced_whole),
        CONVERTED_RIG_ALL(absent_ones_come_back),
        CONVERTED_RIG_ALL(many_come_back),
        CONVERTED_RIG_ALL(rows_of_more_than_a_block_come_back),
        CONVERTED_RIG_ALL(only_what_changed_is_saved),
        CONVERTED_RIG_ALL(many_are_saved),
        CONVERTED_RIG_ALL(whole_ones_are_replaced),
        CONVERTED_RIG_ALL(part_of_one_is_saved),
        CONVERTED_RIG_ALL(upserts_meet_them),
        CONVERTED_RIG_ALL(queries_change_them),
        CONVERTED_RIG_ALL(conditions_see_the_stored_form),
        CONVERTED_RIG_ALL(kept_changes_have_values_of_their_own),
        CONVERTED_RIG_ALL(names_order_by_them),
        CONVERTED_RIG_ALL(results_have_them),
        CONVERTED_ON(raw_statements_have_them, RIG_MONGODB),
        CONVERTED_RIG_ALL(json_has_the_stored_form),
        CONVERTED_RIG_ALL(json_in_portions_has_it_too),
        CONVERTED_ON(watchers_have_them, RIG_MONGODB),
    };
    return RIG_RUN(tests);
}
