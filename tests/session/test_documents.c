/* SPDX-License-Identifier: MIT */
/* Structs and lists inside records: there and back, compared, checked, undone. */
#include "documents.h"

static void everything_comes_back(void **state)
{
    rig *r = *state;
    guest g = documents_full();
    OK(ost_insert(r->s, guest, &g));
    guest *back = ost_get(r->s, guest, g.id);
    assert_non_null(back);
    documents_same(&g, back);
    assert_string_equal(back->extra.text, "{\"a\":\"x\",\"b\":[1,2.5,null]}");
    assert_int_not_equal(back->remarks.items[0].at.microseconds, 0);
    assert_int_equal(back->remarks.items[1].at.microseconds, 1709208000500000);
    static const ost_uuid none;
    assert_memory_not_equal(&back->remarks.items[0].id, &none, sizeof none);
}

static void nothing_comes_back_as_nothing(void **state)
{
    rig *r = *state;
    guest g = { .name = "Nobody" }, empty = { .name = "Empty", .home = { .city = "" } };
    empty.keywords.items = (const char *const[]){ "" };
    empty.scores.items = (const int[]){ 0 };
    empty.remarks.items = (const remark[]){ { .stars = 0 } };
    OK(ost_insert(r->s, guest, &g));
    OK(ost_insert(r->s, guest, &empty));
    const guest *back = ost_get(r->s, guest, g.id);
    assert_non_null(back);
    assert_null(back->keywords.items);
    assert_null(back->remarks.items);
    assert_null(back->home.city);
    assert_null(back->extra.text);
    documents_same(&g, back);
    back = ost_get(r->s, guest, empty.id);
    assert_non_null(back->keywords.items);
    assert_int_equal(back->keywords.count, 0);
    assert_non_null(back->scores.items);
    assert_non_null(back->remarks.items);
    assert_string_equal(back->home.city, "");
}

static void only_what_changed_is_written(void **state)
{
    rig *r = *state;
    guest g = documents_full();
    OK(ost_insert(r->s, guest, &g));
    guest *back = ost_get(r->s, guest, g.id);
    rig_forget(r);
    /* Another pointer to the same words is no change. */
    const char *copies[4];
    for (int i = 0; i < 4; i++)
        copies[i] = back->keywords.items[i];
    back->keywords.items = copies;
    OK(ost_save(r->s, guest, back));
    assert_int_equal(rig_sent(r), 0);
    back->home.floor.value = 4;
    back->scores.items = (const int[]){ 8 };
    back->scores.count = 1;
    OK(ost_save(r->s, guest, back));
    assert_int_equal(rig_count(r, "UPDATE"), 1);
    assert_int_equal(back->scores.items[0], 8);
    ost_session *other = rig_session(r, NULL);
    const guest *again = ost_get(other, guest, g.id);
    assert_int_equal(again->home.floor.value, 4);
    assert_int_equal(again->scores.count, 1);
    assert_int_equal(again->scores.items[0], 8);
    assert_string_equal(again->home.street, g.home.street);
    ost_session_close(other);
}

static void rules_hold_inside(void **state)
{
    rig *r = *state;
    guest g = documents_full();
    const remark bad[] = { { .author = "EVE", .text = " fine " }, { .text = "  " } };
    g.remarks.items = bad;
    g.remarks.count = 2;
    g.home.floor.value = 101;
    g.scores.items = (const int[]){ 1, 1001 };
    g.scores.count = 2;
    FAILS(OST_INVALID, "guest.home.floor", ost_insert(r->s, guest, &g));
    ost_failure f;
    const ost_error *e = ost_session_error(r->s);
    assert_true(ost_error_failure(e, 0, &f));
    assert_string_equal(f.path, "home.floor");
    assert_string_equal(f.rule, "max");
    assert_true(ost_error_failure(e, 1, &f));
    assert_string_equal(f.path, "scores[1]");
    assert_true(ost_error_failure(e, 2, &f));
    assert_string_equal(f.path, "remarks[1].text");
    assert_string_equal(f.rule, "required");
    assert_false(ost_error_failure(e, 3, &f));
    g.home.floor.value = 1;
    g.scores.count = g.remarks.count = 1;
    OK(ost_insert(r->s, guest, &g));
    assert_string_equal(bad[0].text, " fine ");
    const guest *back = ost_get(r->s, guest, g.id);
    assert_string_equal(back->remarks.items[0].text, "fine");
    assert_string_equal(back->remarks.items[0].author, "eve");
}

static void bad_values_are_refused(void **state)
{
    rig *r = *state;
    guest g = { .name = "Bad", .extra = { "{\"a\": 1, \"a\": 2}" } };
    FAILS(OST_RANGE, "guest.extra: is not valid json", ost_insert(r->s, guest, &g));
    g.extra.text = "[1";
    FAILS(OST_RANGE, "guest.extra", ost_insert(r->s, guest, &g));
    g.extra.text = NULL;
    g.spot.latitude = 91;
    FAILS(OST_RANGE, "guest.spot", ost_insert(r->s, guest, &g));
    g.spot.latitude = 0;
    g.keywords.items = (const char *const[]){ "a", NULL };
    g.keywords.count = 2;
    FAILS(OST_INVALID, "guest.keywords[1]", ost_insert(r->s, guest, &g));
    g.keywords.items = (const char *const[]){ "a", "\xff" };
    FAILS(OST_RANGE, "guest.keywords[1]", ost_insert(r->s, guest, &g));
    g.keywords.items = NULL;
    g.moods.items = (const mood[]){ (mood)7 };
    g.moods.count = 1;
    FAILS(OST_RANGE, "guest.moods[0]", ost_insert(r->s, guest, &g));
    g.moods.items = NULL;
    g.sums.items = (const ost_decimal[]){ { .low = 1, .scale = 3 } };
    g.sums.count = 1;
    FAILS(OST_RANGE, "guest.sums[0]", ost_insert(r->s, guest, &g));
}

static ost_status change_and_undo(ost_session *s, const ost_attempt *attempt, void *context)
{
    guest *g = context;
    (void)attempt;
    g->home.city = "Paris";
    g->scores.items = (const int[]){ 9, 9 };
    g->scores.count = 2;
    OST_TRY(ost_save(s, guest, g));
    return ost_undo(s);
}

static void a_rollback_gives_back_what_was_saved(void **state)
{
    rig *r = *state;
    guest g = documents_full();
    OK(ost_insert(r->s, guest, &g));
    guest *back = ost_get(r->s, guest, g.id);
    OK(ost_transaction(r->s, change_and_undo, back, NULL));
    rig_forget(r);
    back->home.city = "Rome";
    OK(ost_save(r->s, guest, back));
    ost_session *other = rig_session(r, NULL);
    const guest *again = ost_get(other, guest, g.id);
    assert_string_equal(again->home.city, "Rome");
    ost_session_close(other);
}

/* One that is the same writes nothing; each part of a document that differs does. */
static void upserts_compare_documents(void **state)
{
    rig *r = *state;
    enum ost_effect effect = OST_EFFECT_NONE;
    guest g = documents_full();
    g.id = 7;
    OK(ost_upsert(r->s, guest, &g, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    const guest *back = ost_get(r->s, guest, 7);
    documents_same(&g, back);
    g = *back;
    OK(ost_upsert(r->s, guest, &g, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    g.home.place.height += 1;
    OK(ost_upsert(r->s, guest, &g, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    g.spot.longitude += 1;
    OK(ost_upsert(r->s, guest, &g, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    g.scores.count--;
    OK(ost_upsert(r->s, guest, &g, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    g.extra.text = NULL;
    OK(ost_upsert(r->s, guest, &g, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    ost_query *q = ost_from(r->s, guest);
    ost_where(q, ost_eq(guest, id, 7));
    OK(ost_update_one(q, ost_set(guest, home.city, "Oslo"), ost_inc(guest, home.floor, 1),
                      ost_push(guest, scores, 1)));
    ost_session *other = rig_session(r, NULL);
    back = ost_get(other, guest, 7);
    assert_non_null(back);
    assert_string_equal(back->home.city, "Oslo");
    assert_int_equal(back->scores.count, g.scores.count + 1);
    assert_null(back->extra.text);
    g = *back;
    OK(ost_upsert(r->s, guest, &g, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    ost_session_close(other);
}

static void many_at_once(void **state)
{
    rig *r = *state;
    enum { COUNT = 300 };
    static guest many[COUNT];
    static int numbers[COUNT * 3];
    for (int i = 0; i < COUNT; i++) {
        many[i] = documents_full();
        for (int k = 0; k < i % 4 * 100 && i * 3 + k < COUNT * 3; k++)
            numbers[i * 3 + k] = k;
        many[i].scores.items = &numbers[i];
        many[i].scores.count = (size_t)i;
    }
    OK(ost_insert_many(r->s, guest, many, COUNT));
    ost_query *q = ost_from(r->s, guest);
    ost_order_by(q, ost_asc(guest, id));
    size_t count;
    const guest *all = ost_all(q, guest, &count);
    assert_non_null(all);
    assert_int_equal(count, COUNT);
    for (int i = 0; i < COUNT; i++)
        documents_same(&many[i], &all[i]);
}

/* Names that mean something to a database, or to a path in it. */
static void json_may_have_any_names(void **state)
{
    static const char *const texts[] = {
        "{\"\":1,\"$set\":{\"$gt\":\"\"},\"$where\":\"x\",\"_id\":3,\"a.b\":[{\"$ref\":null}]}",
        "{\"$literal\":\"$name\"}",
        "[\"$name\",{\"$numberLong\":\"5\"},{\"$oid\":\"x\"},\"%s\",\"?\",\"$1\",\"'; --\"]",
        "\"$name\"",
        "[[[],{}],1e300,0.1,-5,9223372036854775807,12345678901234567890]",
        "false",
    };
    rig *r = *state;
    guest g = { .name = "Any" };
    OK(ost_insert(r->s, guest, &g));
    guest *back = ost_get(r->s, guest, g.id);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        guest one = { .name = "Any", .extra = { texts[i] } };
        OK(ost_insert(r->s, guest, &one));
        back->extra.text = texts[i];
        OK(ost_save(r->s, guest, back));
        ost_session *other = rig_session(r, NULL);
        const guest *read = ost_get(other, guest, one.id);
        assert_non_null(read);
        assert_string_equal(read->extra.text, texts[i]);
        read = ost_get(other, guest, g.id);
        assert_non_null(read);
        assert_string_equal(read->extra.text, texts[i]);
        ost_session_close(other);
    }
    back->extra.text = NULL;
    OK(ost_save(r->s, guest, back));
    ost_session *other = rig_session(r, NULL);
    assert_null(ost_get(other, guest, g.id)->extra.text);
    ost_session_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOCUMENTS_RIG_ALL(everything_comes_back),
        DOCUMENTS_RIG_ALL(nothing_comes_back_as_nothing),
        DOCUMENTS_RIG_ALL(only_what_changed_is_written),
        DOCUMENTS_RIG_ALL(rules_hold_inside),
        DOCUMENTS_RIG_ALL(bad_values_are_refused),
        DOCUMENTS_RIG_ALL(a_rollback_gives_back_what_was_saved),
        DOCUMENTS_LOCAL(upserts_compare_documents),
        DOCUMENTS_ON(upserts_compare_documents, RIG_POSTGRES),
        DOCUMENTS_ON(upserts_compare_documents, RIG_MYSQL),
        DOCUMENTS_RIG_ALL(many_at_once),
        DOCUMENTS_RIG_ALL(json_may_have_any_names),
    };
    return RIG_RUN(tests);
}
