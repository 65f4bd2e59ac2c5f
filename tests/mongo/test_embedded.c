/* SPDX-License-Identifier: MIT */
/* Structs, lists, JSON and points inside documents, without a server. */
#include "mongo/documents.h"
#include "mongo/wides.h"

#include <math.h>

typedef enum mood { LOW, GOOD } mood;
typedef struct spot {
    double height;
    ost_decimal fee; /* 8, 2 */
    ost_opt_int floor;
    const char *note;
    int steps; /* 3, where it is not there */
} spot;
typedef struct stop {
    const char *name;
    char code[4];
    ost_time at;
    mood mood;
    spot spot;
    OST_LIST(const char *) tags;
} stop;
typedef struct trip {
    int64_t id;
    stop start;
    OST_LIST(stop) stops;
    OST_LIST(int) counts;
    OST_LIST(uint64_t) large;
    OST_LIST(mood) moods;
    OST_LIST(ost_uuid) marks;
    ost_json extra;
    ost_point place;
} trip;
OST_PART(spot);
OST_PART(stop);
OST_RECORD(trip, id);
OST_MODEL(spot,
          OST_FIELDS(OST_FIELD(spot, height), OST_FIELD(spot, fee, .precision = 8, .scale = 2),
                     OST_FIELD(spot, floor), OST_FIELD(spot, note),
                     OST_FIELD(spot, steps, .default_value = OST_INT(3))));
OST_MODEL(stop,
          OST_FIELDS(OST_FIELD(stop, name, .column = "title"), OST_FIELD(stop, code),
                     OST_FIELD(stop, at), OST_FIELD(stop, mood, .values = OST_NAMES("low", "good")),
                     OST_EMBED(stop, spot, spot), OST_ITEMS(stop, tags)));
OST_MODEL(trip,
          OST_FIELDS(OST_FIELD(trip, id, .primary_key = true), OST_EMBED(trip, start, stop),
                     OST_EMBEDS(trip, stops, stop), OST_ITEMS(trip, counts), OST_ITEMS(trip, large),
                     OST_ITEMS(trip, moods, .values = OST_NAMES("low", "good")),
                     OST_ITEMS(trip, marks), OST_FIELD(trip, extra), OST_FIELD(trip, place)));

/* ---- the rig ---- */

static reading now;

static void embed(ost_table *holder, const char *member, const ost_model *m)
{
    ost_table *part = bench_table(&now.b, m);
    ost_field *f = (ost_field *)(uintptr_t)table_field(holder, member);
    part->record_size = m->size;
    part->key_count = 0;
    f->part = part;
    if (m == &stop_model)
        embed(part, "spot", &spot_model);
}

static int set_up(void **state)
{
    (void)state;
    reading_begin(&now, &trip_model);
    now.plan.memory = now.b.memory;
    embed(now.table, "start", &stop_model);
    embed(now.table, "stops", &stop_model);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    reading_end(&now);
    return 0;
}

static ost_status put(const trip *t, const char *member, bson_t *out)
{
    const ost_parameter p = parameter_of(table_field(now.table, member));
    bool absent;
    bson_reinit(out);
    ost_status status = ost__mongo_put(out, member, -1, &p, t, &absent, &now.b.error);
    if (status == OST_OK)
        assert_int_equal(absent, bson_empty(out));
    return status;
}

/* Every ' of what is expected stands for a ". */
static void becomes(const trip *t, const char *member, const char *expected)
{
    bson_t out = BSON_INITIALIZER;
    char wanted[2048];
    char *text;
    assert_int_equal(put(t, member, &out), OST_OK);
    assert_true(strlen(expected) < sizeof wanted);
    strcpy(wanted, expected);
    for (char *c = wanted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    text = bson_as_canonical_extended_json(&out, NULL);
    assert_string_equal(text, wanted);
    bson_free(text);
    bson_destroy(&out);
}

static void refused(const trip *t, const char *member, ost_status status, const char *part)
{
    bson_t out = BSON_INITIALIZER;
    assert_int_equal(put(t, member, &out), status);
    assert_string_equal(now.b.error.field, member);
    assert_int_equal(now.b.error.nothing_sent, 1);
    if (!strstr(now.b.error.message, part))
        fail_msg("%s", now.b.error.message);
    bson_destroy(&out);
}

static catcher caught; /* by get(), until let_go() */

static ost_status get_bson(const bson_t *document, const char *member, size_t room, trip *out)
{
    ost_status failed;
    catcher_begin(&caught, out, sizeof *out, 1);
    caught.room = room;
    reading_only(&now, member);
    ost_status status = reading_read(&now, document, &caught, &failed);
    return status != OST_OK ? status : failed;
}

static void let_go(void)
{
    catcher_end(&caught);
}

/* As Extended JSON, with ' for ". */
static ost_status get(const char *document, const char *member, trip *out)
{
    char text[4096];
    bson_t parsed;
    bson_error_t why;
    assert_true(strlen(document) < sizeof text);
    strcpy(text, document);
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    if (!bson_init_from_json(&parsed, text, -1, &why))
        fail_msg("%s", why.message);
    ost_status status = get_bson(&parsed, member, SIZE_MAX, out);
    bson_destroy(&parsed);
    return status;
}

static trip full(void)
{
    static const char *const tags[] = { "a", "", "\xc3\xa9" };
    static stop stops[2];
    trip t = { .start = { .name = "Rome",
                          .code = "FCO",
                          .at = { 1709208000123000 },
                          .mood = GOOD,
                          .spot = { .height = 1.5,
                                    .fee = { .low = 995, .scale = 2 },
                                    .floor = OST_SOME(2),
                                    .steps = 9 } },
               .place = { 12.5, -0.0 } };
    t.start.tags.items = tags, t.start.tags.count = 3;
    stops[0] = t.start;
    stops[1] = (stop){ .code = "" };
    t.stops.items = stops, t.stops.count = 2;
    return t;
}

#define ROME                                                                                       \
    "{ 'title' : 'Rome', 'code' : 'FCO', 'at' : { '$date' : { '$numberLong' : '1709208000123' } }" \
    ", 'mood' : 'good', 'spot' : { 'height' : { '$numberDouble' : '1.5' }, 'fee' : { "             \
    "'$numberDecimal' : '9.95' }, 'floor' : { '$numberInt' : '2' }, 'steps' : { '$numberInt' : "   \
    "'9' } }, 'tags' : [ 'a', '', '\xc3\xa9' ] }"
#define NOWHERE                                                                            \
    "{ 'code' : '', 'at' : { '$date' : { '$numberLong' : '0' } }, 'mood' : 'low', 'spot' " \
    ": { 'height' : { '$numberDouble' : '0.0' }, 'fee' : { '$numberDecimal' : '0.00' }, "  \
    "'steps' : { '$numberInt' : '0' } } }"

/* ---- structs and lists ---- */

static void structs_are_documents(void **state)
{
    trip t = full();
    (void)state;
    becomes(&t, "start", "{ 'start' : " ROME " }");
    becomes(&t, "stops", "{ 'stops' : [ " ROME ", " NOWHERE " ] }");
    t.stops.count = 0;
    becomes(&t, "stops", "{ 'stops' : [  ] }");
    t.stops.items = NULL;
    becomes(&t, "stops", "{ }");
    becomes(&t, "place",
            "{ 'place' : { 'type' : 'Point', 'coordinates' : [ { '$numberDouble' : '12.5' }, { "
            "'$numberDouble' : '0.0' } ] } }");
}

static void items_are_of_their_own_kind(void **state)
{
    trip t = { .id = 1 };
    (void)state;
    t.counts.items = (const int[]){ 1, -2 }, t.counts.count = 2;
    t.large.items = (const uint64_t[]){ INT64_MAX }, t.large.count = 1;
    t.moods.items = (const mood[]){ GOOD, LOW }, t.moods.count = 2;
    t.marks.items = (const ost_uuid[]){ { { 0 } } }, t.marks.count = 1;
    becomes(&t, "counts", "{ 'counts' : [ { '$numberInt' : '1' }, { '$numberInt' : '-2' } ] }");
    becomes(&t, "large", "{ 'large' : [ { '$numberLong' : '9223372036854775807' } ] }");
    becomes(&t, "moods", "{ 'moods' : [ 'good', 'low' ] }");
    becomes(&t, "marks",
            "{ 'marks' : [ { '$binary' : { 'base64' : 'AAAAAAAAAAAAAAAAAAAAAA==', 'subType' : '04'"
            " } } ] }");
    t.large.items = (const uint64_t[]){ (uint64_t)INT64_MAX + 1 };
    refused(&t, "large", OST_RANGE, "trip.large: MongoDB keeps no number above 2^63-1");
}

static void what_does_not_fit_inside_names_the_member(void **state)
{
    trip t = full();
    (void)state;
    t.start.spot.height = NAN;
    refused(&t, "start", OST_RANGE, "trip.start: NaN");
    t = full();
    t.start.spot.fee.scale = 3;
    refused(&t, "start", OST_RANGE, "trip.start: it has more digits");
    t = full();
    t.start.tags.items = (const char *const[]){ "a", NULL };
    t.start.tags.count = 2;
    refused(&t, "start", OST_RANGE, "trip.start");
}

static void everything_comes_back(void **state)
{
    trip t = full(), back;
    bson_t document = BSON_INITIALIZER;
    (void)state;
    assert_int_equal(put(&t, "stops", &document), OST_OK);
    assert_int_equal(get_bson(&document, "stops", SIZE_MAX, &back), OST_OK);
    assert_int_equal(back.stops.count, 2);
    const stop *first = &back.stops.items[0], *second = &back.stops.items[1];
    assert_string_equal(first->name, "Rome");
    assert_string_equal(first->code, "FCO");
    assert_int_equal(first->at.microseconds, 1709208000123000);
    assert_int_equal(first->mood, GOOD);
    assert_true(first->spot.height == 1.5);
    assert_int_equal(ost_decimal_compare(first->spot.fee, t.start.spot.fee), 0);
    assert_true(first->spot.floor.present);
    assert_int_equal(first->spot.floor.value, 2);
    assert_null(first->spot.note);
    assert_int_equal(first->spot.steps, 9);
    assert_int_equal(first->tags.count, 3);
    assert_string_equal(first->tags.items[1], "");
    assert_string_equal(first->tags.items[2], "\xc3\xa9");
    assert_null(second->name);
    assert_null(second->tags.items);
    assert_false(second->spot.floor.present);
    let_go();
    t.stops.count = 0;
    assert_int_equal(put(&t, "stops", &document), OST_OK);
    assert_int_equal(get_bson(&document, "stops", SIZE_MAX, &back), OST_OK);
    assert_non_null(back.stops.items);
    assert_int_equal(back.stops.count, 0);
    let_go();
    bson_destroy(&document);
}

/* In any order, with more than the struct has, of other kinds of numbers, null or not there. */
static void documents_of_others(void **state)
{
    trip back;
    (void)state;
    assert_int_equal(get("{'start':{'more':{'x':[1]},'spot':{'fee':7,'note':null,'height':2},'mood'"
                         ":'good','at':{'$date':{'$numberLong':'5'}},'code':'X','tags':[]}}",
                         "start", &back),
                     OST_OK);
    assert_string_equal(back.start.code, "X");
    assert_true(back.start.spot.height == 2.0);
    assert_int_equal(back.start.spot.fee.low, 700);
    assert_int_equal(back.start.spot.steps, 3);
    assert_null(back.start.spot.note);
    assert_null(back.start.name);
    assert_non_null(back.start.tags.items);
    let_go();
    assert_int_equal(get("{'place':{'coordinates':[1,{'$numberDecimal':'2.5'}],'type':'Point'}}",
                         "place", &back),
                     OST_OK);
    assert_true(back.place.longitude == 1.0 && back.place.latitude == 2.5);
    let_go();
}

static void what_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *member, *document;
    } wrong[] = {
        { "start", "{'start':[]}" },
        { "start", "{'start':'x'}" },
        { "start", "{'start':{'code':'X','at':{'$date':{'$numberLong':'5'}},'mood':'good'}}" },
        { "start", "{'start':{'code':'LONG'}}" },
        { "start", "{'start':{'code':'X','code':'Y'}}" },
        { "start", "{'start':{'mood':'odd'}}" },
        { "start", "{'start':{'spot':1}}" },
        { "start", "{'start':{'spot':{'fee':1.234}}}" },
        { "stops", "{'stops':{}}" },
        { "stops", "{'stops':[null]}" },
        { "stops", "{'stops':[1]}" },
        { "stops", "{'stops':[{}]}" },
        { "counts", "{'counts':[1,null]}" },
        { "counts", "{'counts':[2147483648]}" },
        { "counts", "{'counts':['1']}" },
        { "moods", "{'moods':['odd']}" },
        { "large", "{'large':[-1]}" },
        { "place", "{'place':{'type':'Point'}}" },
        { "place", "{'place':{'coordinates':[1,2]}}" },
        { "place", "{'place':{'type':'Line','coordinates':[1,2]}}" },
        { "place", "{'place':{'type':'Point','coordinates':[1]}}" },
        { "place", "{'place':{'type':'Point','coordinates':[1,2,3]}}" },
        { "place", "{'place':{'type':'Point','coordinates':[1,'2']}}" },
        { "place", "{'place':{'type':'Point','coordinates':[1,{'$numberDouble':'NaN'}]}}" },
        { "place", "{'place':[1,2]}" },
    };
    trip back;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (get(wrong[i].document, wrong[i].member, &back) != OST_RANGE)
            fail_msg("%s", wrong[i].document);
        assert_int_equal(caught.why, OST_RANGE);
        let_go();
    }
}

/* ---- JSON ---- */

static void json_keeps_its_values(void **state)
{
    static const struct {
        const char *text, *stored;
    } all[] = {
        { "true", "true" },
        { "\"\"", "''" },
        { "\"a\\u00e9\\n\"", "'a\xc3\xa9\\n'" },
        { "[]", "[  ]" },
        { "{}", "{  }" },
        { "0", "{ '$numberInt' : '0' }" },
        { "-2147483648", "{ '$numberInt' : '-2147483648' }" },
        { "2147483648", "{ '$numberLong' : '2147483648' }" },
        { "9223372036854775807", "{ '$numberLong' : '9223372036854775807' }" },
        { "9223372036854775808", "{ '$numberDecimal' : '9223372036854775808' }" },
        { "0.1", "{ '$numberDouble' : '0.10000000000000000555' }" },
        { "1e30", "{ '$numberDouble' : '1.0000000000000000199e+30' }" },
        { "0.12345678901234567890123", "{ '$numberDecimal' : '0.12345678901234567890123' }" },
        { "1e400", "{ '$numberDecimal' : '1E+400' }" },
        { "{\"a\":[1,{\"b\":null},\"x\"],\"c\":{\"d\":false}}",
          "{ 'a' : [ { '$numberInt' : '1' }, { 'b' : null }, 'x' ], 'c' : { 'd' : false } }" },
        { "{\"\":1,\"$x\":2,\"a.b\":3,\"q\\\"\":[[]]}",
          "{ '' : { '$numberInt' : '1' }, '$x' : { '$numberInt' : '2' }, 'a.b' : { '$numberInt' : "
          "'3' }, 'q\\'' : [ [  ] ] }" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        trip t = { .extra = { all[i].text } }, back;
        char expected[256];
        bson_t document = BSON_INITIALIZER;
        snprintf(expected, sizeof expected, "{ 'extra' : %s }", all[i].stored);
        becomes(&t, "extra", expected);
        assert_int_equal(put(&t, "extra", &document), OST_OK);
        assert_int_equal(get_bson(&document, "extra", SIZE_MAX, &back), OST_OK);
        if (strcmp(all[i].text, "\"a\\u00e9\\n\"") != 0)
            assert_string_equal(back.extra.text, all[i].text);
        let_go();
        bson_destroy(&document);
    }
}

static void json_that_cannot_be_kept(void **state)
{
    static const char *const wrong[] = { "null",
                                         "1e7000",
                                         "1234567890123456789012345678901234567",
                                         "0.1234567890123456789012345678901234567",
                                         "[1",
                                         "" };
    trip t = { .id = 1 };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        t.extra.text = wrong[i];
        refused(&t, "extra", OST_RANGE, "trip.extra: MongoDB reads a JSON null as absent");
    }
    t.extra.text = NULL;
    becomes(&t, "extra", "{ }");
}

static void json_of_others(void **state)
{
    static const struct {
        const char *document, *text; /* NULL: refused */
    } all[] = {
        { "{'extra':{'b':1,'a':{'d':2,'c':3}}}", "{\"a\":{\"c\":3,\"d\":2},\"b\":1}" },
        { "{'extra':{'a':1,'ab':2,'b':3}}", "{\"a\":1,\"ab\":2,\"b\":3}" },
        { "{'extra':{'$numberDouble':'-0.0'}}", "0" },
        { "{'extra':{'$numberDouble':'3.0'}}", "3" },
        { "{'extra':{'$numberDecimal':'2.50'}}", "2.5" },
        { "{'extra':[{'$undefined':true}]}", "[null]" },
        { "{'extra':{'a':1,'a':2}}", NULL },
        { "{'extra':{'$numberDouble':'NaN'}}", NULL },
        { "{'extra':{'$numberDouble':'-Infinity'}}", NULL },
        { "{'extra':{'$numberDecimal':'Infinity'}}", NULL },
        { "{'extra':{'$date':{'$numberLong':'5'}}}", NULL },
        { "{'extra':{'a':{'$oid':'000000000000000000000000'}}}", NULL },
    };
    trip back;
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        ost_status status = get(all[i].document, "extra", &back);
        if (status != (all[i].text ? OST_OK : OST_RANGE))
            fail_msg("%s: %s", all[i].document, ost_status_name(status));
        if (all[i].text)
            assert_string_equal(back.extra.text, all[i].text);
        let_go();
    }
}

static void json_is_not_nested_without_end(void **state)
{
    char text[128];
    trip t = { .extra = { text } }, back;
    bson_t document = BSON_INITIALIZER, deeper = BSON_INITIALIZER;
    (void)state;
    memset(text, '[', 30), memset(text + 30, ']', 30), text[60] = '\0';
    assert_int_equal(put(&t, "extra", &document), OST_OK);
    assert_int_equal(get_bson(&document, "extra", SIZE_MAX, &back), OST_OK);
    assert_string_equal(back.extra.text, text);
    let_go();
    for (int i = 0; i < 200; i++) {
        bson_t outer = BSON_INITIALIZER;
        bson_append_array(&outer, i == 199 ? "extra" : "0", -1, &deeper);
        bson_destroy(&deeper);
        bson_copy_to(&outer, &deeper);
        bson_destroy(&outer);
    }
    assert_int_equal(get_bson(&deeper, "extra", SIZE_MAX, &back), OST_RANGE);
    let_go();
    bson_destroy(&deeper);
    bson_destroy(&document);
}

/* ---- damage ---- */

/* Each byte replaced by some others: it is read, refused or no document; nothing beyond it is
 * touched. */
static void damage_is_told(void **state)
{
    static const uint8_t bytes[] = { 0x00, 0x01, 0x03, 0x04, 0x10, 0x7f, 0xff };
    static const char *const members[] = { "stops", "start", "extra", "place" };
    trip t = full(), back;
    (void)state;
    t.extra.text = "{\"a\":[1,2.5,\"x\",null],\"b\":{\"c\":1e400}}";
    for (size_t m = 0; m < sizeof members / sizeof members[0]; m++) {
        bson_t good = BSON_INITIALIZER;
        assert_int_equal(put(&t, members[m], &good), OST_OK);
        for (uint32_t i = 4; i < good.len; i++)
            for (size_t k = 0; k < sizeof bytes; k++) {
                uint8_t *data = malloc(good.len);
                bson_t bad;
                assert_non_null(data);
                memcpy(data, bson_get_data(&good), good.len);
                data[i] = bytes[k];
                if (bson_init_static(&bad, data, good.len)) {
                    ost_status status = get_bson(&bad, members[m], SIZE_MAX, &back);
                    if (status != OST_OK && status != OST_RANGE && status != OST_DRIVER_ERROR)
                        fail_msg("%s: byte %u: %s", members[m], i, ost_status_name(status));
                    let_go();
                }
                free(data);
            }
        bson_destroy(&good);
    }
}

static void no_memory_is_told(void **state)
{
    static const char *const members[] = { "stops", "extra" };
    trip t = full(), back;
    (void)state;
    t.extra.text = "{\"a\":[1,2.5,\"x\",null]}";
    for (size_t m = 0; m < sizeof members / sizeof members[0]; m++) {
        bson_t good = BSON_INITIALIZER;
        size_t room = 0;
        assert_int_equal(put(&t, members[m], &good), OST_OK);
        for (;; room++) {
            ost_status status = get_bson(&good, members[m], room, &back);
            let_go();
            if (status == OST_OK)
                break;
            assert_int_equal(status, OST_NO_MEMORY);
        }
        assert_true(room > 10);
        bson_destroy(&good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structs_are_documents),
        cmocka_unit_test(items_are_of_their_own_kind),
        cmocka_unit_test(what_does_not_fit_inside_names_the_member),
        cmocka_unit_test(everything_comes_back),
        cmocka_unit_test(documents_of_others),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(json_keeps_its_values),
        cmocka_unit_test(json_that_cannot_be_kept),
        cmocka_unit_test(json_of_others),
        cmocka_unit_test(json_is_not_nested_without_end),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
