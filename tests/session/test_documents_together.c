/* SPDX-License-Identifier: MIT */
/*
 * Changes of lists mean the same alone and beside others of one update, which may be written in
 * another way; conditions on items that compare more than a member with a value.
 */
#include "documents.h"

#include <stdio.h>

static const char *const words[] = { "a", "b", "a", "c" };
static const int scores[] = { 3, -7, 0, 3 };
enum { FULL, EMPTY, ABSENT, STATES };

/* The same guest three times: with lists, with empty ones, with none. */
static void three(rig *r)
{
    static remark remarks[3];
    for (int i = 0; i < 3; i++) {
        remarks[i] = (remark){ .author = i ? "bob" : "eve",
                               .text = i == 1 ? "bob" : "t",
                               .stars = i,
                               .at = { 1709208000000000 } };
        remarks[i].id.bytes[0] = 1;
        remarks[i].tags.items = words, remarks[i].tags.count = (size_t)i;
    }
    for (int i = 0; i < STATES; i++) {
        guest g = { .id = i + 1, .name = "g", .home.floor = OST_SOME(3) };
        if (i != ABSENT) {
            g.keywords.items = words, g.keywords.count = i == FULL ? 4 : 0;
            g.scores.items = scores, g.scores.count = i == FULL ? 4 : 0;
            g.remarks.items = remarks, g.remarks.count = i == FULL ? 3 : 0;
        }
        OK(ost_insert(r->s, guest, &g));
    }
}

/* What their lists are: "a b | 3 -7 | eve:t:0[] bob:bob:1[a]", and - for an absent one. */
static void describe(const guest *g, char *out, size_t size)
{
    size_t at = 0;
#define SAY(...) at += (size_t)snprintf(out + at, size - at, __VA_ARGS__)
    SAY("%s", g->keywords.items ? "" : "-");
    for (size_t i = 0; i < g->keywords.count; i++)
        SAY("%s%s", i ? " " : "", g->keywords.items[i]);
    SAY("|%s", g->scores.items ? "" : "-");
    for (size_t i = 0; i < g->scores.count; i++)
        SAY("%s%d", i ? " " : "", g->scores.items[i]);
    SAY("|%s", g->remarks.items ? "" : "-");
    for (size_t i = 0; i < g->remarks.count; i++) {
        const remark *x = &g->remarks.items[i];
        SAY("%s%s:%s:%d[", i ? " " : "", x->author ? x->author : "-", x->text, x->stars);
        for (size_t k = 0; k < x->tags.count; k++)
            SAY("%s", x->tags.items[k]);
        SAY("]");
    }
#undef SAY
}

static void looks(rig *r, int state, const char *wanted)
{
    char found[256];
    ost_query *q = ost_from(r->s, guest);
    ost_where(q, ost_eq(guest, id, state + 1));
    const guest *g = ost_first(q, guest);
    if (!g)
        fail_msg("%s", ost_session_error(r->s)->message);
    describe(g, found, sizeof found);
    assert_string_equal(found, wanted);
}

#define ALL "a b a c|3 -7 0 3|eve:t:0[] bob:bob:1[a] bob:t:2[ab]"
#define NONE "||"
#define NULLS_ALL "-|-|-"

static ost_query *everyone(rig *r)
{
    ost_query *q = ost_from(r->s, guest);
    ost_everything(q);
    return q;
}

static void back_again(rig *r)
{
    int64_t matched;
    OK(ost_delete_all(everyone(r), &matched));
    three(r);
}

enum { CHANGES = 3 };

static void changed(rig *r, const char *const *wanted, const ost_expr *const *changes)
{
    int64_t matched;
    back_again(r);
    ost_status status = ost_query_update(everyone(r), &matched, changes);
    if (status != OST_OK)
        fail_msg("%s", ost_session_error(r->s)->message);
    assert_int_equal(matched, STATES);
    for (int i = 0; i < STATES; i++)
        looks(r, i, wanted[i]);
}

/* The changes alone; then with a sum, which is of a member that may be absent. */
static void change(rig *r, const char *const *wanted, const ost_expr *const *changes)
{
    const ost_expr *more[CHANGES + 2] = { ost_inc(guest, home.floor, 2) };
    size_t count = 0;
    do
        more[count + 1] = changes[count];
    while (changes[count++] != &ost_expr_end && count <= CHANGES);
    changed(r, wanted, changes);
    changed(r, wanted, more);
}

#define CHANGE(full, empty, absent, ...)                      \
    change(r, ((const char *const[]){ full, empty, absent }), \
           (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end })

static void pushes(void **state)
{
    rig *r = *state;
    const int two[] = { 8, 9 };
    CHANGE("a b a c|3 -7 0 3 5|eve:t:0[] bob:bob:1[a] bob:t:2[ab]", "|5|", "-|5|-",
           ost_push(guest, scores, 5));
    CHANGE("a b a c|8 9 3 -7 0 3|eve:t:0[] bob:bob:1[a] bob:t:2[ab]", "|8 9|", "-|8 9|-",
           ost_push_at(ost_push_many(guest, scores, two, 2), 0));
    CHANGE("a b a c|3 -7 8 9 0 3|eve:t:0[] bob:bob:1[a] bob:t:2[ab]", "|8 9|", "-|8 9|-",
           ost_push_at(ost_push_many(guest, scores, two, 2), 2));
    CHANGE("a b a c|3 -7 0 3 8 9|eve:t:0[] bob:bob:1[a] bob:t:2[ab]", "|8 9|", "-|8 9|-",
           ost_push_at(ost_push_many(guest, scores, two, 2), INT64_MAX));
    CHANGE("a b a c|3 8|eve:t:0[] bob:bob:1[a] bob:t:2[ab]", "|8 9|", "-|8 9|-",
           ost_keep_first(ost_push_at(ost_push_many(guest, scores, two, 2), 1), 2));
    CHANGE("a b a c|0 3 8 9|eve:t:0[] bob:bob:1[a] bob:t:2[ab]", "|8 9|", "-|8 9|-",
           ost_keep_last(ost_push_many(guest, scores, two, 2), 4));
    CHANGE("a b a c||eve:t:0[] bob:bob:1[a] bob:t:2[ab]", "||", "-||-",
           ost_keep_first(ost_push(guest, scores, 1), 0));
    CHANGE("a b a c|3 -7 0 3 1|eve:t:0[] bob:bob:1[a] bob:t:2[ab]", "|1|", "-|1|-",
           ost_keep_first(ost_push(guest, scores, 1), INT64_MAX));
    CHANGE("a b a c|3 -7 0 3|eve:t:0[] bob:bob:1[a] bob:t:2[ab]", "||", "-||-",
           ost_push_many(guest, scores, two, 0));
    CHANGE("a b a c x|3 -7 0 3|bob:t:2[ab] -:new:0[]", "x||-:new:0[]", "x|-|-:new:0[]",
           ost_push(guest, keywords, "x"),
           ost_keep_last(ost_push_part(guest, remarks, remark, &(remark){ .text = "new" }), 2));
    CHANGE("$$REMOVE $a|3 -7 0 3|eve:t:0[] bob:bob:1[a] bob:t:2[ab]", "$$REMOVE $a||",
           "$$REMOVE $a|-|-",
           ost_keep_first(ost_push_at(ost_push_many(guest, keywords,
                                                    ((const char *const[]){ "$$REMOVE", "$a" }), 2),
                                      0),
                          2));
}

static void sets_and_pulls(void **state)
{
    rig *r = *state;
    CHANGE(ALL, "a|0|", "a|0|-", ost_add_to_set(guest, keywords, "a"),
           ost_add_to_set(guest, scores, 0));
    CHANGE("a b a c $b|3 -7 0 3|eve:t:0[] bob:bob:1[a] bob:t:2[ab]", "$b||", "$b|-|-",
           ost_add_to_set(guest, keywords, "$b"));
    CHANGE("b c|-7 0|eve:t:0[] bob:bob:1[a] bob:t:2[ab]", NONE, NULLS_ALL,
           ost_pull(guest, keywords, "a"), ost_pull(guest, scores, 3));
    CHANGE(ALL, NONE, NULLS_ALL, ost_pull(guest, keywords, "x"),
           ost_pull(guest, scores, 123456789012));
    CHANGE("a b a c|3 -7 0 3|eve:t:0[]", NONE, NULLS_ALL,
           ost_pull_where(guest, remarks, remark, ost_eq(remark, author, "bob")));
    CHANGE("a b a c|3 -7 0 3|bob:t:2[ab]", NONE, NULLS_ALL,
           ost_pull_where(guest, remarks, remark,
                          ost_either(ost_eq(remark, author, "eve"), ost_eq(remark, stars, 1))));
    CHANGE("a b a c|3 -7 0 3|", NONE, NULLS_ALL,
           ost_pull_where(guest, remarks, remark, ost_not_null(remark, text)));
}

/* Of a member with another, and of how many there are. */
static void conditions_of_more(void **state)
{
    rig *r = *state;
    const ost_expr *same = ost_cmp_eq(ost_col(remark, author), ost_col(remark, text));
    const ost_expr *tagged = ost_cmp_ge(ost_size(remark, tags), ost_lit(1));
    CHANGE("a b a c|3 -7 0 3|eve:t:0[] bob:t:2[ab]", NONE, NULLS_ALL,
           ost_pull_where(guest, remarks, remark, same));
    CHANGE("a b a c|3 -7 0 3|eve:t:0[]", NONE, NULLS_ALL,
           ost_pull_where(guest, remarks, remark, tagged));
    CHANGE("a b a c|3 -7 0 3|eve:t:0[] bob:bob:1[a]", NONE, NULLS_ALL,
           ost_pull_where(guest, remarks, remark, ost_has_item(remark, tags, "b")));
    CHANGE("a b a c|3 -7 0 3|bob:t:2[ab]", NONE, NULLS_ALL,
           ost_pull_where(guest, remarks, remark, ost_not(ost_has_item(remark, tags, "b"))));
}

static void items_are_changed(void **state)
{
    rig *r = *state;
    CHANGE("a b a c|3 -7 0 3|eve:t:0[] -:up:11[a] -:up:12[ab]", NONE, NULLS_ALL,
           ost_update_items(guest, remarks, remark, ost_ge(remark, stars, 1),
                            ost_inc(remark, stars, 10), ost_set(remark, text, "up"),
                            ost_set_null(remark, author)));
    CHANGE("a b a c|3 -7 0 3|$x:$$REMOVE:0[] bob:bob:1[a] bob:t:2[ab]", NONE, NULLS_ALL,
           ost_update_items(guest, remarks, remark, ost_eq(remark, author, "eve"),
                            ost_set(remark, text, "$$REMOVE"), ost_set(remark, author, "$x")));
    CHANGE("a b a c|3 -7 0 3|eve:t:0[] bob:bob:5[a] bob:t:2[ab]", NONE, NULLS_ALL,
           ost_update_items(guest, remarks, remark,
                            ost_cmp_eq(ost_col(remark, author), ost_col(remark, text)),
                            ost_set(remark, stars, 5)));
}

static void ids(rig *r, const ost_expr *condition, const char *wanted)
{
    char found[64] = "";
    size_t count, at = 0;
    ost_query *q = ost_from(r->s, guest);
    ost_where(q, condition);
    ost_order_by(q, ost_asc(guest, id));
    const guest *all = ost_all(q, guest, &count);
    if (!all)
        fail_msg("%s", ost_session_error(r->s)->message);
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(found + at, sizeof found - at, "%s%d", i ? " " : "", (int)all[i].id);
    assert_string_equal(found, wanted);
}

static void lists_are_asked(void **state)
{
    rig *r = *state;
    const ost_expr *same = ost_cmp_eq(ost_col(remark, author), ost_col(remark, text));
    const ost_expr *size = ost_cmp_eq(ost_size(remark, tags), ost_lit(2));
    three(r);
    ids(r, ost_has_part(guest, remarks, remark, same), "1");
    ids(r, ost_not(ost_has_part(guest, remarks, remark, same)), "2 3");
    ids(r, ost_has_part(guest, remarks, remark, same, ost_ge(remark, stars, 2)), "");
    ids(r, ost_has_part(guest, remarks, remark, size), "1");
    ids(r, ost_has_part(guest, remarks, remark, size, same), "");
    ids(r, ost_either(ost_has_part(guest, remarks, remark, size), ost_is_null(guest, remarks)),
        "1 3");
    ids(r,
        ost_both(ost_has_part(guest, remarks, remark, size), ost_has_item(guest, scores, 0),
                 ost_has_item(guest, scores, 3)),
        "1");
    ids(r,
        ost_has_part(guest, remarks, remark, ost_not(ost_has_item(remark, tags, "a")),
                     ost_eq(remark, author, "eve")),
        "1");
    ids(r,
        ost_has_part(guest, remarks, remark, ost_not(ost_eq(remark, author, "bob")),
                     ost_has_text(remark, text, "T")),
        "1");
    ids(r, ost_has_part(guest, remarks, remark, ost_is_null(remark, tags)), "");
    ids(r, ost_is_null(guest, keywords), "3");
    ids(r, ost_not_null(guest, keywords), "1 2");
    ids(r, ost_cmp_eq(ost_size(guest, keywords), ost_size(guest, scores)), "1 2");
    ids(r, ost_cmp_gt(ost_size(guest, keywords), ost_size(guest, remarks)), "1");
    ids(r, ost_not(ost_cmp_gt(ost_size(guest, keywords), ost_size(guest, remarks))), "2");
}

/* A null inside is no null of the whole. */
static void json_is_absent_or_not(void **state)
{
    static const char *const texts[] = { "[null]", "[]", "{}", "{\"a\":null}", "0", "false", NULL };
    rig *r = *state;
    for (int i = 0; i < 7; i++) {
        guest g = { .id = i + 1, .name = "g", .extra = { texts[i] } };
        OK(ost_insert(r->s, guest, &g));
    }
    ids(r, ost_is_null(guest, extra), "7");
    ids(r, ost_not_null(guest, extra), "1 2 3 4 5 6");
    ids(r,
        ost_both(ost_not_null(guest, extra), ost_not(ost_is_null(guest, extra)),
                 ost_gt(guest, id, 4)),
        "5 6");
    ids(r, ost_either(ost_is_null(guest, extra), ost_eq(guest, id, 1)), "1 7");
}

typedef struct sizes {
    int64_t id;
    ost_opt_int64 words, remarks;
} sizes;
OST_PART(sizes);
OST_MODEL(sizes,
          OST_FIELDS(OST_FIELD(sizes, id), OST_FIELD(sizes, words), OST_FIELD(sizes, remarks)));

static void sizes_are_values(void **state)
{
    rig *r = *state;
    size_t count;
    three(r);
    ost_query *q = ost_from(r->s, guest);
    ost_select(q, ost_as(sizes, id, ost_col(guest, id)),
               ost_as(sizes, words, ost_size(guest, keywords)),
               ost_as(sizes, remarks, ost_size(guest, remarks)));
    ost_order_by(q, ost_desc(sizes, words));
    const sizes *all = ost_all(q, sizes, &count);
    if (!all)
        fail_msg("%s", ost_session_error(r->s)->message);
    assert_int_equal(count, 3);
    assert_int_equal(all[0].id, 1);
    assert_int_equal(all[0].words.value, 4);
    assert_int_equal(all[0].remarks.value, 3);
    assert_int_equal(all[1].id, 2);
    assert_true(all[1].words.present && all[1].words.value == 0);
    assert_int_equal(all[2].id, 3);
    assert_false(all[2].words.present);
    ost_value v;
    OK(ost_value_of(ost_from(r->s, guest), ost_sum(ost_size(guest, keywords)), &v));
    assert_int_equal(v.as.integer, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOCUMENTS_RIG_ALL(pushes),
        DOCUMENTS_RIG_ALL(sets_and_pulls),
        DOCUMENTS_RIG_ALL(conditions_of_more),
        DOCUMENTS_RIG_ALL(items_are_changed),
        DOCUMENTS_RIG_ALL(lists_are_asked),
        DOCUMENTS_RIG_ALL(json_is_absent_or_not),
        DOCUMENTS_RIG_ALL(sizes_are_values),
    };
    return RIG_RUN(tests);
}
