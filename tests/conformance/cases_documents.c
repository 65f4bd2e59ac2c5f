/* SPDX-License-Identifier: MIT */
/* Structs and lists inside records: stored, asked for, changed. */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>

#include "suite_models.h"

/* The records that meet a condition, by their titles: "a c". */
static void titles(const ost_expr *which, const char *wanted)
{
    char text[128] = "";
    size_t count, at = 0;
    ost_query *q = ost_from(s, folio);
    if (which)
        ost_where(q, which);
    ost_order_by(q, ost_asc(folio, title));
    const folio *all = ost_all(q, folio, &count);
    if (!all)
        fail_msg("%s", ost_session_error(s)->message);
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? " " : "", all[i].title);
    assert_string_equal(text, wanted);
}

static const char *const words[] = { "one", "two", "three", "two", "" };
static const int numbers[] = { 3, -1, 2147483647, 3 };

static spot spot_of(const char *town, int n)
{
    return (spot){ .town = town,
                   .floor = { .present = n >= 0, .value = n },
                   .fee = ost_decimal_of(n * 105 + 100, 2),
                   .height = n + 0.25,
                   .seen = { 1709208000000000 + n * INT64_C(1000000) },
                   .mark = { .present = n > 0, .value = { { (uint8_t)n } } } };
}

/* Four folios: "d" has nothing that may be absent. */
static void four(void)
{
    static ost_decimal amounts[3];
    static line lines[3];
    const char *const towns[] = { "London", "Paris", "london", NULL };
    for (int i = 0; i < 3; i++) {
        amounts[i] = ost_decimal_of(1000 * (i + 1) - 1, 3);
        lines[i] = (line){ .word = words[i], .count = i, .at = spot_of(i ? "Rome" : NULL, i) };
        lines[i].tags.items = words, lines[i].tags.count = (size_t)i;
    }
    for (int i = 0; i < 4; i++) {
        const char *const names[] = { "a", "b", "c", "d" };
        folio f = { .title = names[i],
                    .cover = spot_of(towns[i], i == 3 ? -1 : i),
                    .back = spot_of("Bern", 2 - i) };
        if (i < 3) {
            f.words.items = words, f.words.count = (size_t)i + 2;
            f.numbers.items = numbers, f.numbers.count = (size_t)i + 1;
            f.amounts.items = amounts, f.amounts.count = (size_t)i + 1;
            f.lines.items = lines, f.lines.count = (size_t)i + 1;
            f.extra.text = i ? "{\"b\":[1,2.50,true,null],\"a\":{\"x\":\"\\u00e9\"}}" : "12e1";
        }
        f.place = (ost_point){ 10.5 * i, -3.25 * i };
        OK(ost_insert(s, folio, &f));
    }
}

static const folio *called(const char *title)
{
    ost_query *q = ost_from(s, folio);
    ost_where(q, ost_eq(folio, title, title));
    const folio *f = ost_first(q, folio);
    assert_non_null(f);
    return f;
}

static ost_query *of(const char *title)
{
    ost_query *q = ost_from(s, folio);
    ost_where(q, ost_eq(folio, title, title));
    return q;
}

static void same_spot(const spot *a, const spot *b)
{
    if (a->town && b->town)
        assert_string_equal(a->town, b->town);
    else
        assert_true(!a->town && !b->town);
    assert_int_equal(a->floor.present, b->floor.present);
    assert_int_equal(a->floor.present ? a->floor.value : 0, b->floor.present ? b->floor.value : 0);
    assert_int_equal(ost_decimal_compare(a->fee, b->fee), 0);
    assert_true(a->height == b->height);
    assert_true(same_instant(a->seen, b->seen));
    assert_int_equal(a->mark.present, b->mark.present);
}

static void a_struct_inside_comes_back(void)
{
    four();
    spot wanted = spot_of("Paris", 1);
    const folio *b = called("b"), *d = called("d");
    same_spot(&b->cover, &wanted);
    wanted = spot_of("Bern", 1);
    same_spot(&b->back, &wanted);
    wanted = spot_of(NULL, -1);
    same_spot(&d->cover, &wanted);
}

static void lists_come_back(void)
{
    four();
    const folio *c = called("c"), *d = called("d");
    assert_int_equal(c->words.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(c->words.items[i], words[i]);
    assert_int_equal(c->numbers.count, 3);
    assert_memory_equal(c->numbers.items, numbers, 3 * sizeof *numbers);
    assert_int_equal(c->amounts.count, 3);
    assert_int_equal(ost_decimal_compare(c->amounts.items[2], ost_decimal_of(2999, 3)), 0);
    assert_int_equal(c->lines.count, 3);
    assert_string_equal(c->lines.items[2].word, "three");
    assert_int_equal(c->lines.items[2].tags.count, 2);
    assert_string_equal(c->lines.items[2].tags.items[1], "two");
    spot wanted = spot_of("Rome", 2);
    same_spot(&c->lines.items[2].at, &wanted);
    assert_null(d->words.items);
    assert_null(d->lines.items);
}

static void an_empty_list_is_not_an_absent_one(void)
{
    folio f = { .title = "e" };
    f.words.items = words;
    f.numbers.items = numbers;
    f.lines.items = (const line[]){ { .word = NULL } };
    OK(ost_insert(s, folio, &f));
    const folio *e = called("e");
    assert_true(e->words.items && e->words.count == 0);
    assert_true(e->numbers.items && e->numbers.count == 0);
    assert_true(e->lines.items && e->lines.count == 0);
    assert_null(e->amounts.items);
    titles(ost_is_null(folio, words), "");
    titles(ost_is_null(folio, amounts), "e");
}

static void json_comes_back_as_a_value(void)
{
    four();
    assert_string_equal(called("b")->extra.text,
                        "{\"a\":{\"x\":\"\xc3\xa9\"},\"b\":[1,2.5,true,null]}");
    assert_string_equal(called("a")->extra.text, "120");
    assert_null(called("d")->extra.text);
    folio f = { .title = "x", .extra = { "{\"a\":1,\"a\":2}" } };
    FAILS("OST_RANGE", ost_insert(s, folio, &f));
    f.extra.text = "[\"\\u0000\"]";
    FAILS("OST_RANGE", ost_insert(s, folio, &f));
}

static void points_come_back(void)
{
    four();
    const folio *c = called("c");
    assert_true(c->place.longitude == 21 && c->place.latitude == -6.5);
    folio f = { .title = "x", .place = { 181, 0 } };
    FAILS("OST_RANGE", ost_insert(s, folio, &f));
}

static void only_changed_documents_are_written(void)
{
    four();
    folio *b = ost_get(s, folio, called("b")->id);
    (void)statements_sent();
    OK(ost_save(s, folio, b));
    assert_int_equal(statements_sent(), 0);
    b->cover.town = "Oslo";
    b->words.items = words + 1;
    b->words.count = 1;
    OK(ost_save(s, folio, b));
    const folio *again = called("b");
    assert_string_equal(again->cover.town, "Oslo");
    assert_int_equal(again->words.count, 1);
    assert_string_equal(again->words.items[0], "two");
    assert_int_equal(again->lines.count, 2);
}

static void members_inside_compare_like_columns(void)
{
    four();
    titles(ost_eq(folio, cover.town, "London"), "a");
    titles(ost_ne(folio, cover.town, "London"), "b c");
    titles(ost_not(ost_eq(folio, cover.town, "London")), "b c");
    titles(ost_gt(folio, cover.town, "P"), "b c");
    titles(ost_is_null(folio, cover.town), "d");
    titles(ost_has_text(folio, cover.town, "LON"), "a c");
    titles(ost_ge(folio, cover.floor, 1), "b c");
    titles(ost_not_null(folio, cover.floor), "a b c");
    titles(ost_le(folio, cover.fee, ost_decimal_of(205, 2)), "a b d");
    titles(ost_eq(folio, cover.fee, ost_decimal_of(1, 0)), "a");
    titles(ost_lt(folio, cover.height, 1.25), "a d");
    titles(ost_gt(folio, cover.seen, ((ost_time){ 1709208000000000 })), "b c");
    titles(ost_eq(folio, cover.mark, ((ost_uuid){ { 2 } })), "c");
    titles(ost_eq(folio, back.floor, 1), "b");
}

static void members_inside_in_lists(void)
{
    const char *const towns[] = { "Paris", "london", "?" };
    const int64_t floors[] = { 2, 99999999999, 0 };
    const ost_decimal fees[] = { { .low = 1, .scale = 0 }, { .low = 31, .scale = 1 } };
    four();
    titles(ost_in(folio, cover.town, towns, 3), "b c");
    titles(ost_not_in(folio, cover.town, towns, 3), "a");
    titles(ost_in(folio, cover.floor, floors, 3), "a c");
    titles(ost_in(folio, cover.fee, fees, 2), "a c");
}

static void members_inside_order(void)
{
    size_t count;
    four();
    ost_query *q = ost_from(s, folio);
    ost_order_by(q, ost_desc(folio, cover.floor));
    ost_limit(q, 2);
    const folio *all = ost_all(q, folio, &count);
    assert_non_null(all);
    assert_int_equal(count, 2);
    assert_string_equal(all[0].title, "c");
    assert_string_equal(all[1].title, "b");
    q = ost_from(s, folio);
    ost_order_by(q, ost_asc(folio, cover.town));
    all = ost_all(q, folio, &count);
    assert_non_null(all);
    assert_string_equal(all[0].title, "d");
    assert_string_equal(all[1].title, "a");
    assert_string_equal(all[3].title, "c");
}

static void members_inside_aggregate(void)
{
    ost_value v;
    four();
    OK(ost_value_of(ost_from(s, folio), ost_sum(ost_col(folio, cover.floor)), &v));
    assert_int_equal(v.as.integer, 3);
    OK(ost_value_of(ost_from(s, folio), ost_max(ost_col(folio, cover.fee)), &v));
    assert_int_equal(ost_decimal_compare(v.as.decimal, ost_decimal_of(310, 2)), 0);
    OK(ost_value_of(ost_from(s, folio), ost_sum(ost_col(folio, cover.fee)), &v));
    assert_int_equal(ost_decimal_compare(v.as.decimal, ost_decimal_of(610, 2)), 0);
    OK(ost_value_of(ost_from(s, folio), ost_avg(ost_col(folio, cover.height)), &v));
    assert_true(v.as.real == 0.75);
    OK(ost_value_of(ost_from(s, folio), ost_count_distinct(ost_col(folio, cover.town)), &v));
    assert_int_equal(v.as.integer, 3);
}

/* What crates with these prices are grouped to, from the largest price. */
static void price_groups(const ost_decimal *prices, size_t count, ost_query *q, const char *wanted)
{
    char text[128] = "";
    size_t found, at = 0;
    for (size_t i = 0; i < count; i++) {
        const char *const names[] = { "a", "b", "c", "d" };
        crate c = { .title = names[i] };
        if (i > 0)
            ost_put(c.home.price, prices[i]);
        OK(ost_insert(s, crate, &c));
    }
    ost_group_by(q, ost_col(crate, home.price));
    ost_order_by(q, ost_desc_of(ost_col(crate, home.price)));
    ost_select(q, ost_as(facts, whole, ost_count_distinct(ost_col(crate, title))));
    const facts *all = ost_all(q, facts, &found);
    if (!all)
        fail_msg("%s", ost_session_error(s)->message);
    for (size_t i = 0; i < found; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%d ", (int)all[i].whole.value);
    assert_string_equal(text, wanted);
}

static const ost_decimal prices[] = {
    { 0 }, { .low = 100, .scale = 2 }, { .low = 100, .scale = 2 }, { .low = 50, .scale = 2 }
};

static void absent_members_are_a_group(void)
{
    price_groups(prices, 4, ost_from(s, crate), "2 1 1 ");
}

static void groups_are_chosen_by_members_inside(void)
{
    ost_query *q = ost_from(s, crate);
    ost_having(q, ost_cmp_gt(ost_col(crate, home.price), ost_lit(ost_decimal_of(75, 2))));
    price_groups(prices, 4, q, "2 ");
}

static void bytes_inside_are_groups(void)
{
    const char *const bytes[] = { "'); DROP", "\0", "'); DROP", "\0\xff", "A" };
    const size_t sizes[] = { 8, 1, 8, 2, 1 };
    size_t found;
    for (size_t i = 0; i < 5; i++) {
        const ost_blob data = { bytes[i], sizes[i] };
        OK(ost_insert(s, chest, &((chest){ .in = { .data = data, .name = "" } })));
    }
    ost_query *q = ost_from(s, chest);
    ost_group_by(q, ost_col(chest, in.data));
    ost_select(q, ost_as(facts, data, ost_col(chest, in.data)),
               ost_as(facts, whole, ost_count_distinct(ost_col(chest, id))));
    const facts *all = ost_all(q, facts, &found);
    if (!all)
        fail_msg("%s", ost_session_error(s)->message);
    assert_int_equal(found, 4);
    for (size_t i = 0; i < found; i++) {
        size_t k = all[i].whole.value == 2 ? 0 : all[i].data.size == 2 ? 3 : 5;
        if (k < 5) {
            assert_int_equal(all[i].data.size, sizes[k]);
            assert_memory_equal(all[i].data.data, bytes[k], sizes[k]);
        }
    }
}

static void json_inside_is_selected(void)
{
    static const char *const texts[] = { "true", "\"10\"", "\"caf\xc3\xa9\"", "1", "[null]", NULL };
    size_t count;
    for (size_t i = 0; i < 6; i++)
        OK(ost_insert(s, chest, &((chest){ .in = { .json = { texts[i] }, .name = "" } })));
    ost_query *q = ost_from(s, chest);
    ost_order_by(q, ost_asc(chest, id));
    ost_select(q, ost_as(bundle, extra, ost_col(chest, in.json)));
    const bundle *all = ost_all(q, bundle, &count);
    if (!all)
        fail_msg("%s", ost_session_error(s)->message);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(all[i].extra.text, texts[i]);
    assert_null(all[5].extra.text);
}

static void large_numbers_inside_are_themselves(void)
{
    ost_value v;
    chest c = { .in = { .u64 = UINT64_MAX, .name = "" } };
    if (refused(ost_insert(s, chest, &c), OST_RANGE))
        return;
    OK(ost_value_of(ost_from(s, chest), ost_max(ost_col(chest, in.u64)), &v));
    assert_true(v.as.natural == UINT64_MAX);
}

static void a_list_has_an_item(void)
{
    four();
    titles(ost_has_item(folio, words, "three"), "b c");
    titles(ost_not(ost_has_item(folio, words, "three")), "a d");
    titles(ost_has_item(folio, words, "Three"), "");
    titles(ost_has_item(folio, numbers, 2147483647), "c");
    titles(ost_has_item(folio, numbers, 99999999999), "");
    titles(ost_has_item(folio, amounts, ost_decimal_of(1999, 3)), "b c");
}

static void a_list_has_a_struct(void)
{
    four();
    titles(ost_has_part(folio, lines, line, ost_eq(line, word, "two")), "b c");
    titles(ost_has_part(folio, lines, line, ost_eq(line, word, "two"), ost_eq(line, count, 0)), "");
    titles(ost_not(ost_has_part(folio, lines, line, ost_ge(line, count, 1))), "a d");
    titles(ost_has_part(folio, lines, line, ost_eq(line, at.town, "Rome"),
                        ost_gt(line, at.fee, ost_decimal_of(3, 0))),
           "c");
    titles(ost_has_part(folio, lines, line, ost_is_null(line, at.town)), "a b c");
    titles(ost_has_part(folio, lines, line, ost_has_item(line, tags, "two")), "c");
}

/* Pulling and adding leave it absent. */
static void what_is_absent_inside_stays_so(void)
{
    ost_value v;
    crate c = { .title = "a" };
    OK(ost_insert(s, crate, &c));
    ost_query *q = ost_from(s, crate);
    ost_everything(q);
    OK(ost_update_one(q, ost_pull(crate, home.steps, 1), ost_inc(crate, home.floor, 1)));
    const crate *now = ost_first(ost_from(s, crate), crate);
    assert_true(now && !now->home.steps.items && !now->home.floor.present);
    OK(ost_value_of(ost_from(s, crate), ost_max(ost_size(crate, home.steps)), &v));
    assert_int_equal(v.type, OST_TYPE_NONE);
}

/* As many records as are wanted, those with the longest list first. */
static void writes_are_limited_in_order_of_sizes(void)
{
    int64_t matched;
    four();
    ost_query *q = ost_from(s, folio);
    ost_order_by(q, ost_desc_of(ost_size(folio, lines)));
    ost_order_by(q, ost_asc_of(ost_size(folio, words)));
    ost_limit(q, 2);
    ost_everything(q);
    OK(ost_update(q, &matched, ost_set(folio, back.town, "Ulm")));
    assert_int_equal(matched, 2);
    titles(ost_eq(folio, back.town, "Ulm"), "b c");
    /* One alone, which is given back. */
    q = ost_from(s, folio);
    ost_order_by(q, ost_desc_of(ost_size(folio, lines)));
    ost_order_by(q, ost_desc_of(ost_size(folio, words)));
    ost_everything(q);
    const folio *changed =
        ost_find_and_update(q, folio, OST_RETURN_NEW, ost_set(folio, back.town, "Bonn"));
    assert_non_null(changed);
    assert_string_equal(changed->title, "c");
    titles(ost_eq(folio, back.town, "Bonn"), "c");
}

static void a_list_has_a_size(void)
{
    four();
    titles(ost_cmp_eq(ost_size(folio, words), ost_lit(3)), "b");
    titles(ost_cmp_gt(ost_size(folio, lines), ost_lit(1)), "b c");
    titles(ost_not(ost_cmp_gt(ost_size(folio, lines), ost_lit(1))), "a");
}

static void members_inside_are_changed(void)
{
    four();
    OK(ost_update_one(of("b"), ost_set(folio, cover.town, "Z\"\\"), ost_inc(folio, cover.floor, 4),
                      ost_inc(folio, cover.fee, ost_decimal_of(-5, 2)),
                      ost_set_null(folio, cover.mark), ost_set(folio, back.town, "Ulm"),
                      ost_set(folio, title, "b2")));
    const folio *b = called("b2");
    assert_string_equal(b->cover.town, "Z\"\\");
    assert_int_equal(b->cover.floor.value, 5);
    assert_int_equal(ost_decimal_compare(b->cover.fee, ost_decimal_of(200, 2)), 0);
    assert_false(b->cover.mark.present);
    assert_true(b->cover.height == 1.25);
    assert_string_equal(b->back.town, "Ulm");
    OK(ost_update_one(of("d"), ost_inc(folio, cover.floor, 1)));
    assert_false(called("d")->cover.floor.present);
}

static void documents_are_replaced(void)
{
    const spot oslo = spot_of("Oslo", 7);
    four();
    OK(ost_update_one(of("c"), ost_set_part(folio, cover, spot, &oslo),
                      ost_set_list(folio, numbers, numbers + 1, 1), ost_set_null(folio, lines),
                      ost_set(folio, extra, ((ost_json){ "[ 1 ]" }))));
    const folio *c = called("c");
    same_spot(&c->cover, &oslo);
    assert_int_equal(c->numbers.count, 1);
    assert_int_equal(c->numbers.items[0], -1);
    assert_null(c->lines.items);
    assert_string_equal(c->extra.text, "[1]");
}

static void items_are_pushed(void)
{
    four();
    OK(ost_update_one(
        of("b"), ost_push(folio, words, "four"),
        ost_push_at(ost_push_many(folio, numbers, numbers, 2), 1),
        ost_push(folio, amounts, ost_decimal_of(5, 0)),
        ost_keep_last(ost_push_part(folio, lines, line, &(line){ .word = "new" }), 2)));
    const folio *b = called("b");
    assert_int_equal(b->words.count, 4);
    assert_string_equal(b->words.items[3], "four");
    assert_int_equal(b->numbers.count, 4);
    assert_memory_equal(b->numbers.items, ((const int[]){ 3, 3, -1, -1 }), 4 * sizeof(int));
    assert_int_equal(ost_decimal_compare(b->amounts.items[2], ost_decimal_of(5, 0)), 0);
    assert_int_equal(b->lines.count, 2);
    assert_string_equal(b->lines.items[0].word, "two");
    assert_string_equal(b->lines.items[1].word, "new");
    OK(ost_update_one(of("d"), ost_push(folio, words, "first"),
                      ost_keep_first(ost_push_many(folio, numbers, numbers, 3), 2)));
    const folio *d = called("d");
    assert_int_equal(d->words.count, 1);
    assert_int_equal(d->numbers.count, 2);
}

static void items_are_pulled_and_kept_once(void)
{
    four();
    OK(ost_update_one(of("c"), ost_pull(folio, words, "two"), ost_add_to_set(folio, numbers, -1)));
    const folio *c = called("c");
    assert_int_equal(c->words.count, 2);
    assert_string_equal(c->words.items[1], "three");
    assert_int_equal(c->numbers.count, 3);
    OK(ost_update_one(of("c"), ost_add_to_set(folio, numbers, 8), ost_add_to_set(folio, words, "x"),
                      ost_pull_where(folio, lines, line, ost_ge(line, count, 1))));
    c = called("c");
    assert_int_equal(c->numbers.count, 4);
    assert_int_equal(c->words.count, 3);
    assert_int_equal(c->lines.count, 1);
    OK(ost_update_one(of("d"), ost_pull(folio, words, "x"),
                      ost_pull_where(folio, lines, line, ost_ge(line, count, 1)),
                      ost_add_to_set(folio, numbers, 1)));
    const folio *d = called("d");
    assert_null(d->words.items);
    assert_null(d->lines.items);
    assert_int_equal(d->numbers.count, 1);
}

/* Programs in other languages may give the name. */
static void names_are_pulled(void)
{
    static const int moods[] = { MOOD_ANGRY, MOOD_CALM, MOOD_ANGRY };
    chest c = { .in = { .name = "" } };
    c.moods.items = moods, c.moods.count = 3;
    OK(ost_insert(s, chest, &c));
    const char *const names[] = { "none", "angry" };
    const size_t left[] = { 3, 1 };
    for (size_t i = 0; i < 2; i++) {
        ost_expr pull = { .op = OST_OP_PULL,
                          .struct_size = sizeof pull,
                          .model = &chest_model,
                          .member = OST_AT(chest, moods),
                          .value = ost_value_text(names[i]) };
        const ost_expr *const changes[] = { &pull, &ost_expr_end };
        ost_query *q = ost_from(s, chest);
        ost_everything(q);
        OK(ost_query_update_one(q, changes));
        const chest *now = ost_first(ost_from(s, chest), chest);
        assert_int_equal(now->moods.count, left[i]);
        assert_int_equal(now->moods.items[left[i] / 3], MOOD_CALM);
    }
}

static void items_are_changed_by_a_condition(void)
{
    int64_t matched;
    four();
    ost_query *q = ost_from(s, folio);
    ost_everything(q);
    OK(ost_update(q, &matched,
                  ost_update_items(folio, lines, line, ost_ge(line, count, 1),
                                   ost_inc(line, count, 10), ost_set(line, word, "up"),
                                   ost_set_null(line, at.floor))));
    assert_int_equal(matched, 4);
    const folio *c = called("c");
    assert_int_equal(c->lines.items[0].count, 0);
    assert_string_equal(c->lines.items[0].word, "one");
    assert_int_equal(c->lines.items[2].count, 12);
    assert_string_equal(c->lines.items[2].word, "up");
    assert_false(c->lines.items[2].at.floor.present);
    assert_string_equal(c->lines.items[2].at.town, "Rome");
    assert_int_equal(c->lines.items[2].tags.count, 2);
    assert_null(called("d")->lines.items);
}

static void a_member_and_its_document_are_not_changed_at_once(void)
{
    const spot oslo = spot_of("Oslo", 7);
    four();
    FAILS("OST_MISUSE", ost_update_one(of("c"), ost_set_part(folio, cover, spot, &oslo),
                                       ost_set(folio, cover.town, "x")));
    FAILS("OST_MISUSE", ost_update_one(of("c"), ost_inc(folio, cover.floor, 1),
                                       ost_set_part(folio, cover, spot, &oslo)));
}

static const test_case documents_group_cases[] = {
    CASE(a_struct_inside_comes_back,
         "structs inside records come back, as documents and as columns"),
    CASE(lists_come_back, "lists of values and of structs come back, one inside the other"),
    CASE(an_empty_list_is_not_an_absent_one, "an empty list is not an absent one"),
    CASE(json_comes_back_as_a_value, "JSON comes back as the same value in one form"),
    CASE(points_come_back, "points come back"),
    CASE(only_changed_documents_are_written, "documents are written if their content changed"),
    CASE(members_inside_compare_like_columns, "members inside documents compare like columns"),
    CASE(members_inside_in_lists, "lists of values choose by members inside documents"),
    CASE(members_inside_order, "members inside documents order records"),
    CASE(members_inside_aggregate, "members inside documents are summed up exactly"),
    CASE(absent_members_are_a_group, "records without a member inside are a group"),
    CASE(groups_are_chosen_by_members_inside, "groups are chosen by members inside documents"),
    CASE(bytes_inside_are_groups, "bytes inside documents are groups"),
    CASE(json_inside_is_selected, "JSON inside a struct is selected as it is"),
    CASE(large_numbers_inside_are_themselves, "a uint64 above 2^63-1 inside a struct is itself"),
    CASE(a_list_has_an_item, "a list is asked for an item"),
    CASE(a_list_has_a_struct, "a list is asked for a struct that meets conditions"),
    CASE(a_list_has_a_size, "a list is asked for its size"),
    CASE(what_is_absent_inside_stays_so,
         "a list or number that is absent is not pulled from, nor added to"),
    CASE(writes_are_limited_in_order_of_sizes, "a write is limited in the order of sizes of lists"),
    CASE(members_inside_are_changed, "an update changes members inside documents"),
    CASE(documents_are_replaced, "an update replaces whole documents"),
    CASE(items_are_pushed, "an update pushes items, at a position, and keeps so many"),
    CASE(items_are_pulled_and_kept_once,
         "an update pulls items, and adds those that are not there"),
    CASE(names_are_pulled, "an update pulls items of an enumeration by its name"),
    CASE(items_are_changed_by_a_condition, "an update changes the items that meet a condition"),
    CASE(a_member_and_its_document_are_not_changed_at_once,
         "a member and its document are not changed by one update"),
};
GROUP(documents_group, "Documents");
