/* SPDX-License-Identifier: MIT */
/* Changes inside documents by one statement: members at any depth, and lists. */
#include "documents.h"

static int64_t one(rig *r)
{
    guest g = documents_full();
    OK(ost_insert(r->s, guest, &g));
    return g.id;
}

static ost_query *which(rig *r, int64_t id)
{
    ost_query *q = ost_from(r->s, guest);
    ost_where(q, ost_eq(guest, id, id));
    return q;
}

static const guest *now(rig *r, int64_t id)
{
    ost_query *q = which(r, id);
    const guest *g = ost_first(q, guest);
    if (!g)
        fail_msg("%s", ost_session_error(r->s)->message);
    return g;
}

static void members(void **state)
{
    rig *r = *state;
    int64_t id = one(r);
    OK(ost_update_one(
        which(r, id), ost_set(guest, home.city, "Par\"is"), ost_set_null(guest, home.street),
        ost_inc(guest, home.floor, 2), ost_inc(guest, home.place.height, 0.25),
        ost_inc(guest, home.place.fee, ost_decimal_of(-1, 2)), ost_set(guest, home.country, "FR"),
        ost_set(guest, home.place.seen, ((ost_time){ 1709208000456000 })),
        ost_set(guest, home.place.mark, ((ost_uuid){ { 9 } })), ost_set(guest, seat.height, 7.5),
        ost_set(guest, name, "Grace")));
    const guest *g = now(r, id);
    assert_string_equal(g->home.city, "Par\"is");
    assert_null(g->home.street);
    assert_int_equal(g->home.floor.value, 5);
    assert_true(g->home.place.height == 1.75);
    assert_int_equal(ost_decimal_compare(g->home.place.fee, ost_decimal_of(994, 2)), 0);
    assert_string_equal(g->home.country, "FR");
    assert_int_equal(g->home.place.seen.microseconds, 1709208000456000);
    assert_int_equal(g->home.place.mark.value.bytes[0], 9);
    assert_true(g->seat.height == 7.5);
    assert_string_equal(g->name, "Grace");
    assert_int_equal(g->remarks.count, 2);
    OK(ost_update_one(which(r, id), ost_set_null(guest, home.floor)));
    OK(ost_update_one(which(r, id), ost_inc(guest, home.floor, 1)));
    assert_false(now(r, id)->home.floor.present);
}

static void whole_documents(void **state)
{
    rig *r = *state;
    int64_t id = one(r);
    const int scores[] = { 4, 5 };
    const remark remarks[] = { { .author = "ZOE", .text = " new " } };
    OK(ost_update_one(which(r, id),
                      ost_set_part(guest, home, address, &(address){ .city = "Oslo" }),
                      ost_set_list(guest, scores, scores, 2),
                      ost_set_list(guest, remarks, remarks, 1), ost_set_null(guest, keywords),
                      ost_set(guest, extra, ((ost_json){ "{\"z\": 1, \"a\": [ ]}" })),
                      ost_set(guest, spot, ((ost_point){ 1, 2 }))));
    const guest *g = now(r, id);
    assert_string_equal(g->home.city, "Oslo");
    assert_null(g->home.street);
    assert_false(g->home.floor.present);
    assert_int_equal(g->scores.count, 2);
    assert_int_equal(g->scores.items[1], 5);
    assert_int_equal(g->remarks.count, 1);
    assert_string_equal(g->remarks.items[0].author, "zoe");
    assert_string_equal(g->remarks.items[0].text, "new");
    assert_int_not_equal(g->remarks.items[0].at.microseconds, 0);
    assert_null(g->keywords.items);
    assert_string_equal(g->extra.text, "{\"a\":[],\"z\":1}");
    assert_true(g->spot.longitude == 1 && g->spot.latitude == 2);
}

static void numbers(const guest *g, size_t count, const int *wanted)
{
    assert_int_equal(g->scores.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(g->scores.items[i], wanted[i]);
}

static void pushes(void **state)
{
    rig *r = *state;
    int64_t id = one(r); /* 3 -7 0 */
    const int two[] = { 8, 9 };
    OK(ost_update_one(which(r, id), ost_push(guest, scores, 5), ost_push(guest, keywords, " x "),
                      ost_push(guest, sums, ost_decimal_of(5, 0)),
                      ost_push_part(guest, remarks, remark, &(remark){ .text = "third" })));
    const guest *g = now(r, id);
    numbers(g, 4, (const int[]){ 3, -7, 0, 5 });
    assert_int_equal(g->keywords.count, 5);
    assert_string_equal(g->keywords.items[4], "x");
    assert_int_equal(ost_decimal_compare(g->sums.items[3], ost_decimal_of(500, 2)), 0);
    assert_int_equal(g->remarks.count, 3);
    assert_string_equal(g->remarks.items[2].text, "third");
    assert_int_not_equal(g->remarks.items[2].at.microseconds, 0);
    OK(ost_update_one(which(r, id), ost_push_at(ost_push_many(guest, scores, two, 2), 1)));
    numbers(now(r, id), 6, (const int[]){ 3, 8, 9, -7, 0, 5 });
    OK(ost_update_one(which(r, id), ost_keep_last(ost_push(guest, scores, 1), 3)));
    numbers(now(r, id), 3, (const int[]){ 0, 5, 1 });
    OK(ost_update_one(which(r, id), ost_keep_first(ost_push_at(ost_push(guest, scores, 2), 0), 2)));
    numbers(now(r, id), 2, (const int[]){ 2, 0 });
    OK(ost_update_one(which(r, id), ost_push_at(ost_push(guest, scores, 3), 99)));
    numbers(now(r, id), 3, (const int[]){ 2, 0, 3 });
    OK(ost_update_one(which(r, id), ost_set_null(guest, scores)));
    OK(ost_update_one(which(r, id), ost_push(guest, scores, 1)));
    numbers(now(r, id), 1, (const int[]){ 1 });
}

static void sets_and_pulls(void **state)
{
    rig *r = *state;
    int64_t id = one(r); /* 3 -7 0 */
    OK(ost_update_one(which(r, id), ost_add_to_set(guest, scores, -7),
                      ost_add_to_set(guest, keywords, "new"),
                      ost_pull(guest, sums, ost_decimal_of(105, 1))));
    const guest *g = now(r, id);
    numbers(g, 3, (const int[]){ 3, -7, 0 });
    assert_int_equal(g->keywords.count, 5);
    assert_int_equal(g->sums.count, 2);
    OK(ost_update_one(which(r, id), ost_pull(guest, scores, -7), ost_pull(guest, keywords, "one")));
    g = now(r, id);
    numbers(g, 2, (const int[]){ 3, 0 });
    assert_int_equal(g->keywords.count, 4);
    OK(ost_update_one(which(r, id), ost_pull(guest, scores, 123456789012)));
    numbers(now(r, id), 2, (const int[]){ 3, 0 });
    OK(ost_update_one(which(r, id), ost_set_null(guest, scores), ost_set_null(guest, remarks)));
    OK(ost_update_one(which(r, id), ost_pull(guest, scores, 3),
                      ost_pull_where(guest, remarks, remark, ost_eq(remark, stars, 1))));
    assert_null(now(r, id)->scores.items);
    assert_null(now(r, id)->remarks.items);
    OK(ost_update_one(which(r, id), ost_add_to_set(guest, scores, 3)));
    numbers(now(r, id), 1, (const int[]){ 3 });
}

static void items_by_condition(void **state)
{
    rig *r = *state;
    int64_t id = one(r);
    OK(ost_update_one(which(r, id),
                      ost_push_part(guest, remarks, remark, &(remark){ .text = "c", .stars = 2 })));
    OK(ost_update_one(which(r, id),
                      ost_update_items(guest, remarks, remark, ost_gt(remark, stars, 0),
                                       ost_inc(remark, stars, 10), ost_set(remark, text, " up "),
                                       ost_set_null(remark, author))));
    const guest *g = now(r, id);
    assert_int_equal(g->remarks.count, 3);
    assert_int_equal(g->remarks.items[0].stars, 15);
    assert_string_equal(g->remarks.items[0].text, "up");
    assert_null(g->remarks.items[0].author);
    assert_int_equal(g->remarks.items[0].tags.count, 3);
    assert_int_equal(g->remarks.items[1].stars, -1);
    assert_string_equal(g->remarks.items[1].text, "worse");
    assert_int_equal(g->remarks.items[2].stars, 12);
    OK(ost_update_one(which(r, id), ost_pull_where(guest, remarks, remark,
                                                   ost_either(ost_eq(remark, stars, 12),
                                                              ost_has_item(remark, tags, "one")))));
    g = now(r, id);
    assert_int_equal(g->remarks.count, 1);
    assert_string_equal(g->remarks.items[0].text, "worse");
}

static void rules_hold_for_changes(void **state)
{
    rig *r = *state;
    int64_t id = one(r);
    FAILS(OST_INVALID, "guest.home.floor",
          ost_update_one(which(r, id), ost_set(guest, home.floor, 101)));
    FAILS(OST_INVALID, "guest.remarks[0].text",
          ost_update_one(which(r, id),
                         ost_push_part(guest, remarks, remark, &(remark){ .text = " " })));
    FAILS(
        OST_INVALID, "at most 20",
        ost_update_one(which(r, id), ost_push(guest, keywords, "a text of more than 20 letters")));
    FAILS(OST_INVALID, "remark.text",
          ost_update_one(which(r, id),
                         ost_update_items(guest, remarks, remark, ost_eq(remark, stars, 5),
                                          ost_set(remark, text, ""))));
    FAILS(OST_MISUSE, "changed twice",
          ost_update_one(which(r, id), ost_set(guest, home.city, "a"),
                         ost_set_part(guest, home, address, &(address){ .city = "b" })));
    FAILS(OST_MISUSE, "changed twice",
          ost_update_one(which(r, id), ost_push(guest, scores, 1), ost_pull(guest, scores, 2)));
    FAILS(OST_MISUSE, "only a push",
          ost_update_one(which(r, id), ost_push_at(ost_pull(guest, scores, 1), 1)));
    FAILS(OST_MISUSE, "below 0",
          ost_update_one(which(r, id), ost_push_at(ost_push(guest, scores, 1), -1)));
    FAILS(OST_RANGE, "json",
          ost_update_one(which(r, id), ost_set(guest, extra, ((ost_json){ "{" }))));
    guest same = documents_full();
    documents_same(&same, now(r, id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOCUMENTS_RIG_ALL(members),
        DOCUMENTS_RIG_ALL(whole_documents),
        DOCUMENTS_RIG_ALL(pushes),
        DOCUMENTS_RIG_ALL(sets_and_pulls),
        DOCUMENTS_RIG_ALL(items_by_condition),
        DOCUMENTS_RIG_ALL(rules_hold_for_changes),
    };
    return RIG_RUN(tests);
}
