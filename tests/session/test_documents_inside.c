/* SPDX-License-Identifier: MIT */
/* Conditions, orders, groups and aggregates over members inside documents, and over lists. */
#include "documents.h"

#include <stdio.h>

#include <sqlite3.h>

/* Guests by their ids, as a text: "1 3 4". */
static void ids(rig *r, const ost_expr *condition, const char *wanted)
{
    char found[256] = "";
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

static const char *const towns[] = { "London", "Paris", NULL, "london", "Rome " };

/* Five guests; the third has nothing in its documents that may be absent. */
static void five(rig *r)
{
    static const char *const words[] = { "a", "b", "c", "d", "b" };
    static const int scores[] = { 10, 20, 30, 20, 10 };
    static ost_decimal sums[5];
    static remark remarks[5];
    for (int i = 0; i < 5; i++) {
        guest g = { .id = i + 1, .name = "g" };
        bool bare = i == 2;
        sums[i] = ost_decimal_of(1000 - i, 2);
        remarks[i] = (remark){ .author = i % 2 ? "bob" : "eve", .text = "t", .stars = i };
        remarks[i].tags.items = words, remarks[i].tags.count = (size_t)i;
        g.home.city = towns[i];
        memcpy(g.home.country, i % 2 ? "GB" : "FR", 3);
        if (!bare)
            g.home.floor.present = true, g.home.floor.value = 10 - i;
        g.home.place.height = i + 0.5;
        g.home.place.fee = ost_decimal_of(950 + i * 50, 2);
        g.home.place.seen.microseconds = 1709208000000000 + i * 1000000;
        if (!bare) {
            g.home.place.mark.present = true;
            g.home.place.mark.value = (ost_uuid){ { (uint8_t)i } };
            g.keywords.items = words + i, g.keywords.count = (size_t)(5 - i);
            g.scores.items = scores, g.scores.count = (size_t)i;
            g.sums.items = sums, g.sums.count = (size_t)i + 1;
            g.remarks.items = remarks, g.remarks.count = (size_t)i;
        }
        g.seat.height = -i;
        OK(ost_insert(r->s, guest, &g));
    }
}

static void members_compare(void **state)
{
    rig *r = *state;
    five(r);
    ids(r, ost_eq(guest, home.city, "London"), "1");
    ids(r, ost_ne(guest, home.city, "London"), "2 4 5");
    ids(r, ost_not(ost_eq(guest, home.city, "London")), "2 4 5");
    ids(r, ost_is_null(guest, home.city), "3");
    ids(r, ost_not_null(guest, home.floor), "1 2 4 5");
    ids(r, ost_ge(guest, home.floor, 7), "1 2 4");
    ids(r, ost_eq(guest, home.country, "GB"), "2 4");
    ids(r, ost_gt(guest, home.place.height, 2), "3 4 5");
    ids(r, ost_le(guest, home.place.fee, ost_decimal_of(1000, 2)), "1 2");
    ids(r, ost_eq(guest, home.place.fee, ost_decimal_of(10, 0)), "2");
    ids(r, ost_lt(guest, home.place.seen, ((ost_time){ 1709208001000000 })), "1");
    ids(r, ost_eq(guest, home.place.mark, ((ost_uuid){ { 3 } })), "4");
    ids(r, ost_lt(guest, seat.height, -2.5), "4 5");
    ids(r, ost_has_text(guest, home.city, "LON"), "1 4");
    const char *const list[] = { "Paris", "Rome", "Rome " };
    ids(r, ost_in(guest, home.city, list, 3), "2 5");
    ids(r, ost_not_in(guest, home.city, list, 3), "1 4");
    const ost_decimal fees[] = { { .low = 105, .scale = 1 }, { .low = 1, .scale = 0 } };
    ids(r, ost_in(guest, home.place.fee, fees, 2), "3");
}

static void items_are_found(void **state)
{
    rig *r = *state;
    five(r);
    ids(r, ost_has_item(guest, keywords, "c"), "1 2");
    ids(r, ost_has_item(guest, keywords, "b"), "1 2 4 5");
    ids(r, ost_not(ost_has_item(guest, keywords, "c")), "3 4 5");
    ids(r, ost_has_item(guest, scores, 20), "4 5");
    ids(r, ost_has_item(guest, scores, 99999999999), "");
    ids(r, ost_has_item(guest, sums, ost_decimal_of(998, 2)), "4 5");
    ids(r, ost_has_item(guest, sums, ost_decimal_of(10, 0)), "1 2 4 5");
    ids(r, ost_has_part(guest, remarks, remark, ost_eq(remark, author, "bob")), "4 5");
    ids(r,
        ost_has_part(guest, remarks, remark, ost_eq(remark, author, "bob"),
                     ost_ge(remark, stars, 2)),
        "5");
    ids(r, ost_not(ost_has_part(guest, remarks, remark, ost_ge(remark, stars, 0))), "1 3");
    ids(r, ost_has_part(guest, remarks, remark, ost_has_item(remark, tags, "b")), "4 5");
    ids(r,
        ost_has_part(guest, remarks, remark,
                     ost_either(ost_eq(remark, stars, 1), ost_eq(remark, text, "x"))),
        "4 5");
    ids(r, ost_cmp_ge(ost_size(guest, keywords), ost_lit(4)), "1 2");
    ids(r, ost_cmp_eq(ost_size(guest, scores), ost_lit(0)), "1");
    ids(r, ost_is_null(guest, keywords), "3");
}

typedef struct town_stats {
    const char *town;
    int64_t guests;
    ost_opt_decimal fees, dearest;
    ost_opt_double height;
    ost_opt_int64 floors;
} town_stats;
OST_PART(town_stats);
OST_MODEL(town_stats, OST_FIELDS(OST_FIELD(town_stats, town), OST_FIELD(town_stats, guests),
                                 OST_FIELD(town_stats, fees), OST_FIELD(town_stats, dearest),
                                 OST_FIELD(town_stats, height), OST_FIELD(town_stats, floors)));

static void they_order_and_group(void **state)
{
    rig *r = *state;
    five(r);
    size_t count;
    ost_query *q = ost_from(r->s, guest);
    ost_order_by(q, ost_desc(guest, home.city));
    ost_limit(q, 3);
    const guest *all = ost_all(q, guest, &count);
    assert_non_null(all);
    assert_int_equal(count, 3);
    assert_int_equal(all[0].id, 4);
    assert_int_equal(all[1].id, 5);
    assert_int_equal(all[2].id, 2);
    q = ost_from(r->s, guest);
    ost_group_by(q, ost_col(guest, home.country));
    ost_select(q, ost_as(town_stats, town, ost_col(guest, home.country)),
               ost_as(town_stats, guests, ost_count()),
               ost_as(town_stats, fees, ost_sum(ost_col(guest, home.place.fee))),
               ost_as(town_stats, dearest, ost_max(ost_col(guest, home.place.fee))),
               ost_as(town_stats, height, ost_avg(ost_col(guest, home.place.height))),
               ost_as(town_stats, floors, ost_count_distinct(ost_col(guest, home.floor))));
    ost_order_by(q, ost_asc(town_stats, town));
    const town_stats *stats = ost_all(q, town_stats, &count);
    if (!stats)
        fail_msg("%s", ost_session_error(r->s)->message);
    assert_int_equal(count, 2);
    assert_string_equal(stats[0].town, "FR");
    assert_int_equal(stats[0].guests, 3);
    assert_int_equal(ost_decimal_compare(stats[0].fees.value, ost_decimal_of(3150, 2)), 0);
    assert_int_equal(ost_decimal_compare(stats[0].dearest.value, ost_decimal_of(1150, 2)), 0);
    assert_true(stats[0].height.value == 2.5);
    assert_int_equal(stats[0].floors.value, 2);
}

typedef struct whole {
    int64_t id;
    place seat_of_home;
    ost_opt_time seen;
    ost_opt_uuid mark;
    OST_LIST(const char *) words;
} whole;
OST_PART(whole);
OST_MODEL(whole,
          OST_FIELDS(OST_FIELD(whole, id), OST_EMBED(whole, seat_of_home, place),
                     OST_FIELD(whole, seen), OST_FIELD(whole, mark), OST_ITEMS(whole, words)));

static void they_are_selected(void **state)
{
    rig *r = *state;
    five(r);
    size_t count;
    ost_query *q = ost_from(r->s, guest);
    ost_select(q, ost_as(whole, id, ost_col(guest, id)),
               ost_as(whole, seen, ost_col(guest, home.place.seen)),
               ost_as(whole, mark, ost_col(guest, home.place.mark)),
               ost_as(whole, words, ost_col(guest, keywords)),
               ost_as(whole, seat_of_home, ost_col(guest, home.place)));
    ost_order_by(q, ost_asc(whole, id));
    const whole *all = ost_all(q, whole, &count);
    if (!all)
        fail_msg("%s", ost_session_error(r->s)->message);
    assert_int_equal(count, 5);
    assert_int_equal(all[1].seen.value.microseconds, 1709208001000000);
    assert_int_equal(all[1].mark.value.bytes[0], 1);
    assert_false(all[2].mark.present);
    assert_int_equal(all[1].words.count, 4);
    assert_string_equal(all[1].words.items[3], "b");
    assert_null(all[2].words.items);
    assert_true(all[4].seat_of_home.height == 4.5);
}

typedef struct tenant {
    int64_t id;
    address home;
} tenant;
OST_RECORD(tenant, id);
OST_MODEL(tenant,
          OST_FIELDS(OST_FIELD(tenant, id, .primary_key = true), OST_EMBED(tenant, home, address)),
          OST_INDEXES(OST_INDEX(OST_ASC(tenant, home.city), OST_DESC(tenant, id))));

/* Whether this SQLite takes json_extract in the schema of a database that is not trusted. */
static bool takes_json_in_indexes(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    int rc =
        sqlite3_exec(db, "CREATE TABLE t (a TEXT); CREATE INDEX i ON t (json_extract(a, '$.b'))",
                     NULL, NULL, NULL);
    sqlite3_close(db);
    return rc == SQLITE_OK;
}

static void an_index_inside_is_made_or_refused(void **state)
{
    (void)state;
    ost_error e;
    ost_db *db;
    assert_int_equal(
        ost_open(OST_OPTIONS(.url = "sqlite::memory:", .models = OST_MODELS(&tenant_model),
                             .drivers = OST_DRIVERS(ost_driver_sqlite())),
                 &db, &e),
        OST_OK);
    ost_status status = ost_create_tables(db, &e);
    if (!takes_json_in_indexes()) {
        assert_int_equal(status, OST_UNSUPPORTED);
        rig_has(e.message, "use .flatten", __FILE__, __LINE__);
    } else {
        assert_int_equal(status, OST_OK);
    }
    ost_close(db);
}

/* The same as ids() without a look at the documents, which do not fit their members. */
static void keys(rig *r, const ost_expr *condition, const char *wanted)
{
    char found[256] = "";
    size_t count, at = 0;
    ost_query *q = ost_from(r->s, guest);
    ost_where(q, condition);
    ost_select(q, ost_as(town_stats, guests, ost_col(guest, id)));
    ost_order_by(q, ost_asc(guest, id));
    const town_stats *all = ost_all(q, town_stats, &count);
    if (!all)
        fail_msg("%s", ost_session_error(r->s)->message);
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(found + at, sizeof found - at, "%s%d", i ? " " : "",
                               (int)all[i].guests);
    assert_string_equal(found, wanted);
}

/* What others wrote: null members are absent ones, and what is no list has no items. */
static void what_others_wrote(void **state)
{
    static const char documents[] =
        "UPDATE guest SET home = '{\"town\":null,\"place\":null,\"floor\":null,\"more\":1}', "
        "remarks = '[{\"author\":null,\"text\":\"x\",\"tags\":null,\"stars\":3},"
        "{\"author\":\"z\",\"tags\":{}}]' WHERE id = 1";
    rig *r = *state;
    five(r);
    rig_raw(r, documents);
    keys(r, ost_is_null(guest, home.city), "1 3");
    keys(r, ost_not_null(guest, home.floor), "2 4 5");
    keys(r, ost_is_null(guest, home.place.fee), "1");
    keys(r, ost_is_null(guest, home.place), "1");
    keys(r, ost_has_part(guest, remarks, remark, ost_is_null(remark, author)), "1");
    keys(r, ost_has_part(guest, remarks, remark, ost_has_item(remark, tags, "a")), "4 5");
    keys(r, ost_not(ost_has_part(guest, remarks, remark, ost_has_item(remark, tags, "a"))),
         "1 2 3");
    int64_t matched;
    ost_query *q = ost_from(r->s, guest);
    ost_where(q, ost_eq(guest, id, 1));
    OK(ost_update(q, &matched, ost_inc(guest, home.floor, 1), ost_set(guest, home.city, "new"),
                  ost_update_items(guest, remarks, remark, ost_is_null(remark, author),
                                   ost_inc(remark, stars, 1))));
    assert_int_equal(matched, 1);
    keys(r, ost_eq(guest, home.city, "new"), "1");
    keys(r, ost_is_null(guest, home.floor), "1 3");
    keys(r, ost_has_part(guest, remarks, remark, ost_eq(remark, stars, 4)), "1");
}

static void what_cannot_be_asked_is_refused(void **state)
{
    rig *r = *state;
    ost_query *q = ost_from(r->s, guest);
    size_t count;
    ost_where(q, ost_has_part(guest, remarks, remark, ost_eq(guest, name, "x")));
    NULLS(OST_MISUSE, "condition on guest.name was given to a query over items of remark",
          ost_all(q, guest, &count));
    q = ost_from(r->s, guest);
    ost_where(q, ost_eq(remark, author, "x"));
    NULLS(OST_MISUSE, "remark.author", ost_all(q, guest, &count));
    q = ost_from(r->s, guest);
    ost_where(q, ost_eq(guest, keywords.count, 1));
    NULLS(OST_MISUSE, "guest.keywords.count is inside a list: use ost_size",
          ost_all(q, guest, &count));
    q = ost_from(r->s, guest);
    ost_where(q, ost_eq(guest, home.floor.value, 1));
    NULLS(OST_MISUSE, "guest.home.floor.value is inside one value: name home.floor itself",
          ost_all(q, guest, &count));
    q = ost_from(r->s, guest);
    ost_order_by(q, ost_asc(guest, keywords));
    NULLS(OST_MISUSE, "keywords", ost_all(q, guest, &count));
    q = ost_from(r->s, guest);
    ost_group_by(q, ost_col(guest, extra));
    NULLS(OST_MISUSE, "a document", ost_all(q, guest, &count));
    q = ost_from(r->s, guest);
    ost_limit_per(q, ost_col(guest, keywords), 1);
    NULLS(OST_MISUSE, "a document", ost_all(q, guest, &count));
    q = ost_from(r->s, guest);
    ost_distinct(q);
    NULLS(OST_MISUSE, "ost_distinct over documents", ost_all(q, guest, &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOCUMENTS_RIG_ALL(members_compare),
        DOCUMENTS_RIG_ALL(items_are_found),
        DOCUMENTS_RIG_ALL(they_order_and_group),
        DOCUMENTS_RIG_ALL(they_are_selected),
        cmocka_unit_test(an_index_inside_is_made_or_refused),
        DOCUMENTS_ON(what_others_wrote, RIG_FILE),
        DOCUMENTS_ON(what_others_wrote, RIG_POSTGRES),
        DOCUMENTS_ON(what_others_wrote, RIG_MYSQL),
        DOCUMENTS_RIG_ALL(what_cannot_be_asked_is_refused),
    };
    return RIG_RUN(tests);
}
