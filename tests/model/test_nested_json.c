/* SPDX-License-Identifier: MIT */
/* JSON of structs and lists inside records, out and in. */
#include "model/member.h"
#include "model/record_from_json.h"
#include "model/record_json.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>

typedef struct spot {
    double north;
    ost_opt_double east;
} spot;
typedef struct address {
    const char *street, *city;
    char country[3];
    const char *gate_code;
    spot spot;
    spot door;
} address;
typedef struct remark {
    ost_uuid id;
    const char *text;
    ost_opt_int stars;
    ost_time at;
    const char *ip;
    OST_LIST(const char *) tags;
    OST_LIST(struct remark) replies;
} remark;
typedef enum mood { LOW, GOOD } mood;
typedef struct person {
    int64_t id;
    const char *name;
    address home;
    address work;
    spot hideout;
    OST_LIST(const char *) words;
    OST_LIST(int) scores;
    OST_LIST(ost_decimal) sums;
    OST_LIST(mood) moods;
    OST_LIST(ost_blob) blobs;
    OST_LIST(remark) remarks;
    ost_json extra;
    ost_point place;
    int last;
} person;

OST_PART(spot);
OST_PART(address);
OST_PART(remark);
OST_RECORD(person, id);

OST_MODEL(spot, OST_FIELDS(OST_FIELD(spot, north), OST_FIELD(spot, east)));
OST_MODEL(address,
          OST_FIELDS(OST_FIELD(address, street), OST_FIELD(address, city, .column = "town"),
                     OST_FIELD(address, country), OST_FIELD(address, gate_code, .hidden = true),
                     OST_EMBED(address, spot, spot, .flatten = true),
                     OST_EMBED(address, door, spot)));
OST_MODEL(remark, OST_FIELDS(OST_FIELD(remark, id, .generated = OST_UUID_V4),
                             OST_FIELD(remark, text, .required = true),
                             OST_FIELD(remark, stars, .default_value = OST_INT(3)),
                             OST_FIELD(remark, at, .stamp = OST_ON_INSERT),
                             OST_FIELD(remark, ip, .hidden = true), OST_ITEMS(remark, tags),
                             OST_EMBEDS(remark, replies, remark)));
OST_MODEL(person,
          OST_FIELDS(OST_FIELD(person, id, .primary_key = true), OST_FIELD(person, name),
                     OST_EMBED(person, home, address),
                     OST_EMBED(person, work, address, .flatten = true),
                     OST_EMBED(person, hideout, spot, .flatten = true, .hidden = true),
                     OST_ITEMS(person, words), OST_ITEMS(person, scores),
                     OST_ITEMS(person, sums, .precision = 6, .scale = 2),
                     OST_ITEMS(person, moods, .values = OST_NAMES("low", "good")),
                     OST_ITEMS(person, blobs), OST_EMBEDS(person, remarks, remark),
                     OST_FIELD(person, extra), OST_FIELD(person, place), OST_FIELD(person, last)));

static ost__model_set *set;
static ost__arena texts, scratch;
static ost__buffer buffer;
static ost_error error;

static int start(void **state)
{
    (void)state;
    set = open_set(OST_MODELS(&person_model));
    ost__arena_init(&texts, &test_memory, 512);
    ost__arena_init(&scratch, &test_memory, 512);
    ost__buffer_init(&buffer, &test_memory);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ost__buffer_finish(&buffer);
    ost__arena_finish(&texts);
    ost__arena_finish(&scratch);
    ost__model_set_close(set);
    return 0;
}

static ost_status merge(const char *text, const ost_member *only, person *p)
{
    ost__json_reading *d =
        ost__arena_alloc_zeroed(&scratch, sizeof *d, _Alignof(ost__json_reading));
    assert_non_null(d);
    memset(&error, 0, sizeof error);
    d->only = only;
    d->texts = &texts;
    d->rules = (ost__rules){ .scratch = &scratch, .error = &error };
    ost__json_reading_begin(d, ost__model_at(set, 0), text, strlen(text));
    ost__json_next(&d->r);
    return ost__json_reading_finish(d, ost__record_from_json(d, p));
}

static void merged(const char *text, const ost_member *only, person *p)
{
    if (merge(text, only, p) != OST_OK) {
        show_failures(&error);
        fail_msg("%s was refused", text);
    }
}

static const char *written(const person *p)
{
    ost__json_output o = { .error = &error };
    ost__buffer_reset(&buffer);
    ost__json_begin(&o.w, &buffer);
    if (ost__record_to_json(&o, ost__model_at(set, 0), p) != OST_OK) {
        show_failures(&error);
        fail();
    }
    return buffer.data;
}

static void not_written(const person *p, const char *field)
{
    ost__json_output o = { .error = &error };
    ost__buffer_reset(&buffer);
    ost__json_begin(&o.w, &buffer);
    assert_int_equal(ost__record_to_json(&o, ost__model_at(set, 0), p), OST_RANGE);
    assert_string_equal(error.field, field);
    assert_non_null(strstr(error.message, field));
}

#define EMPTY_ADDRESS "{\"country\":\"\",\"spot\":{\"north\":0.0},\"door\":{\"north\":0.0}}"

static void structs_are_objects_however_they_are_stored(void **state)
{
    (void)state;
    person p;
    memset(&p, 0, sizeof p);
    assert_string_equal(written(&p), "{\"id\":0,\"home\":" EMPTY_ADDRESS ",\"work\":" EMPTY_ADDRESS
                                     ",\"hideout\":{},\"place\":{\"type\":\"Point\","
                                     "\"coordinates\":[0.0,0.0]},\"last\":0}");
    p.home.city = "Paris";
    p.home.gate_code = "never";
    p.work.street = "High St";
    p.work.gate_code = "never";
    p.hideout.north = 66.5;
    ost_put(p.work.door.east, 2.5);
    assert_string_equal(
        written(&p),
        "{\"id\":0,\"home\":{\"city\":\"Paris\",\"country\":\"\",\"spot\":{\"north\":0.0},"
        "\"door\":{\"north\":0.0}},\"work\":{\"street\":\"High St\",\"country\":\"\","
        "\"spot\":{\"north\":0.0},\"door\":{\"north\":0.0,\"east\":2.5}},\"hideout\":{},"
        "\"place\":{\"type\":\"Point\",\"coordinates\":[0.0,0.0]},\"last\":0}");
}

static const char *const words[] = { "a\"", "" };
static const int scores[] = { -1, 5 };
static const mood moods[] = { GOOD, LOW };
static const ost_decimal sums[] = { { .low = 150, .scale = 2 } };
static const ost_blob blobs[] = { { "\xff", 1 }, { "", 0 } };

/* Everything but what no text may set. */
static person full(void)
{
    static remark replies[1], remarks[2];
    person p;
    memset(&p, 0, sizeof p);
    memset(replies, 0, sizeof replies);
    memset(remarks, 0, sizeof remarks);
    replies[0].text = "re";
    remarks[0].text = "nice";
    ost_put(remarks[0].stars, 5);
    remarks[0].tags.items = words, remarks[0].tags.count = 2;
    remarks[1].text = "two";
    remarks[1].replies.items = replies, remarks[1].replies.count = 1;
    p.name = "Ada";
    p.home.city = "London";
    memcpy(p.work.country, "GB", 3);
    p.words.items = words, p.words.count = 2;
    p.scores.items = scores, p.scores.count = 2;
    p.sums.items = sums, p.sums.count = 1;
    p.moods.items = moods, p.moods.count = 2;
    p.blobs.items = blobs, p.blobs.count = 2;
    p.remarks.items = remarks, p.remarks.count = 2;
    p.extra.text = "{\"b\":[1,null],\"a\":{}}";
    p.place = (ost_point){ 13.4, -52.5 };
    return p;
}

static void lists_are_lists(void **state)
{
    (void)state;
    person p = full();
    p.work = p.home = (address){ 0 };
    assert_string_equal(
        written(&p),
        "{\"id\":0,\"name\":\"Ada\",\"home\":" EMPTY_ADDRESS ",\"work\":" EMPTY_ADDRESS
        ",\"hideout\":{},\"words\":[\"a\\\"\",\"\"],\"scores\":[-1,5],\"sums\":[\"1.50\"],"
        "\"moods\":[\"good\",\"low\"],\"blobs\":[\"/w==\",\"\"],\"remarks\":["
        "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"text\":\"nice\",\"stars\":5,"
        "\"at\":\"1970-01-01T00:00:00.000000Z\",\"tags\":[\"a\\\"\",\"\"]},"
        "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"text\":\"two\","
        "\"at\":\"1970-01-01T00:00:00.000000Z\",\"replies\":["
        "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"text\":\"re\","
        "\"at\":\"1970-01-01T00:00:00.000000Z\"}]}],\"extra\":{\"b\":[1,null],\"a\":{}},"
        "\"place\":{\"type\":\"Point\",\"coordinates\":[13.4,-52.5]},\"last\":0}");
    /* An empty list is not an absent one. */
    p.words.count = 0;
    p.scores.items = NULL;
    assert_non_null(strstr(written(&p), "\"words\":[],\"sums\""));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    person p = full(), again;
    memset(&again, 0, sizeof again);
    merged(written(&p),
           ost_only(person, id, name, home, work, hideout, words, scores, sums, moods, blobs,
                    remarks, extra, place, last),
           &again);
    /* As it is compared when it is saved: ost_json by its canonical text. */
    p.extra.text = "{\"a\":{},\"b\":[1,null]}";
    const remark *second = &again.remarks.items[1];
    assert_true(second->stars.present && second->stars.value == 3);
    ost_put(((remark *)(uintptr_t)p.remarks.items)[1].stars, 3);
    ost_put(((remark *)(uintptr_t)p.remarks.items[1].replies.items)[0].stars, 3);
    const ost__model *m = ost__model_at(set, 0);
    for (uint32_t i = 0; i < m->table.field_count; i++)
        if (!ost__member_equal(&m->fields[i], &p, &again))
            fail_msg("%s is not the same", m->fields[i].name);
}

static void structs_are_merged_and_lists_replaced(void **state)
{
    (void)state;
    person p = full();
    merged("{\"home\":{\"street\":\"X\",\"spot\":{\"east\":1},\"door\":{\"north\":2}},"
           "\"work\":{\"city\":\"Bath\",\"spot\":{\"north\":-4.5}},\"scores\":[],"
           "\"remarks\":[{\"text\":\"new\",\"tags\":null}],\"words\":null,\"extra\":null}",
           NULL, &p);
    assert_string_equal(p.home.city, "London");
    assert_string_equal(p.home.street, "X");
    assert_true(p.home.spot.east.value == 1 && p.home.door.north == 2);
    assert_string_equal(p.work.city, "Bath");
    assert_string_equal(p.work.country, "GB");
    assert_true(p.work.spot.north == -4.5);
    assert_true(p.scores.items && p.scores.count == 0);
    assert_null(p.words.items);
    assert_null(p.extra.text);
    assert_int_equal(p.remarks.count, 1);
    assert_string_equal(p.remarks.items[0].text, "new");
    assert_int_equal(p.remarks.items[0].stars.value, 3);
    assert_null(p.remarks.items[0].tags.items);
    assert_int_equal(p.moods.count, 2);
}

static void any_json_is_kept_in_one_form(void **state)
{
    (void)state;
    person p = full();
    merged("{\"extra\": [ 1.50, \"\\u0061\", {\"b\":1,\"a\":2} ] }", NULL, &p);
    assert_string_equal(p.extra.text, "[1.5,\"a\",{\"a\":2,\"b\":1}]");
    merged("{\"extra\": \"x\"}", NULL, &p);
    assert_string_equal(p.extra.text, "\"x\"");
    merged("{\"extra\":1e2}", NULL, &p);
    assert_string_equal(p.extra.text, "100");
}

static void expect_failure(const char *text, const ost_member *only, const char *path,
                           const char *rule, const char *message)
{
    person p;
    ost_failure f = { "", "", "" };
    memset(&p, 0, sizeof p);
    ost_status status = merge(text, only, &p);
    if (status != OST_INVALID || error.failure_count != 1 || !ost_error_failure(&error, 0, &f) ||
        strcmp(f.path, path) != 0 || strcmp(f.rule, rule) != 0 || strcmp(f.message, message) != 0) {
        show_failures(&error);
        fail_msg("%s: expected %s (%s): %s", text, path, rule, message);
    }
}

static void failures_have_paths(void **state)
{
    (void)state;
    static const char unknown[] = "is not a member that can be set", text[] = "must be a string";
    static const char object[] = "must be an object", value[] = "must have a value";
    static const char point[] = "must be a GeoJSON point of a longitude and a latitude";
    expect_failure("{\"home\":{\"city\":5}}", NULL, "home.city", "type", text);
    expect_failure("{\"home\":5}", NULL, "home", "type", object);
    expect_failure("{\"home\":null}", NULL, "home", "required", value);
    expect_failure("{\"home\":{\"door\":{\"north\":\"x\"}}}", NULL, "home.door.north", "type",
                   "must be a number");
    expect_failure("{\"home\":{\"spot\":[{}]}}", NULL, "home.spot", "type", object);
    expect_failure("{\"work\":{\"city\":5}}", NULL, "work.city", "type", text);
    expect_failure("{\"work\":[{\"city\":5}]}", NULL, "work", "type", object);
    expect_failure("{\"work\":null}", NULL, "work", "required", value);
    expect_failure("{\"work\":{\"country\":\"GBR\"}}", NULL, "work.country", "max_length",
                   "must be at most 2 bytes");
    expect_failure("{\"work\":{\"spot\":{\"south\":1}}}", NULL, "work.spot.south", "unknown",
                   unknown);
    expect_failure("{\"work\":{\"city\":\"a\"},\"work\":{}}", NULL, "work", "twice",
                   "is given twice");
    expect_failure("{\"work\":{\"spot\":{},\"city\":\"a\",\"spot\":{}}}", NULL, "work.spot",
                   "twice", "is given twice");
    expect_failure("{\"home\":{\"city\":\"a\",\"city\":\"a\"}}", NULL, "home.city", "twice",
                   "is given twice");
    expect_failure("{\"home\":{\"town\":\"a\"}}", NULL, "home.town", "unknown", unknown);
    expect_failure("{\"work.city\":\"a\"}", NULL, "work.city", "unknown", unknown);
    expect_failure("{\"words\":{}}", NULL, "words", "type", "must be a list");
    expect_failure("{\"words\":[\"a\",5]}", NULL, "words[1]", "type", text);
    expect_failure("{\"words\":[\"a\",null]}", NULL, "words[1]", "required", value);
    expect_failure("{\"scores\":[1,2,3e10]}", NULL, "scores[2]", "range",
                   "is outside the range of its type");
    expect_failure("{\"sums\":[\"1.505\"]}", NULL, "sums[0]", "scale",
                   "must have at most 2 digits after the point");
    expect_failure("{\"moods\":[\"good\",\"bad\"]}", NULL, "moods[1]", "values",
                   "must be one of low, good");
    expect_failure("{\"remarks\":[{},{\"text\":5}]}", NULL, "remarks[1].text", "type", text);
    expect_failure("{\"remarks\":[{},7]}", NULL, "remarks[1]", "type", object);
    expect_failure("{\"remarks\":[null]}", NULL, "remarks[0]", "required", value);
    expect_failure("{\"remarks\":[{\"replies\":[{},{\"tags\":[\"a\",{}]}]}]}", NULL,
                   "remarks[0].replies[1].tags[1]", "type", text);
    expect_failure("{\"extra\":{\"a\":1,\"a\":2}}", NULL, "extra", "json",
                   "a name occurs twice in one object");
    expect_failure("{\"place\":[1,2]}", NULL, "place", "type", point);
    expect_failure("{\"place\":{\"type\":\"Point\"}}", NULL, "place", "type", point);
    expect_failure("{\"place\":{\"type\":\"Line\",\"coordinates\":[1,2]}}", NULL, "place", "type",
                   point);
    expect_failure("{\"place\":{\"coordinates\":[1,2,3],\"type\":\"Point\"}}", NULL, "place",
                   "type", point);
    expect_failure("{\"place\":{\"coordinates\":[[1,{}],2],\"type\":\"Point\"}}", NULL, "place",
                   "type", point);
    expect_failure("{\"place\":{\"type\":\"Point\",\"coordinates\":[1,2],\"x\":{\"y\":[]}}}", NULL,
                   "place", "type", point);
    expect_failure("{\"place\":null}", NULL, "place", "required", value);
}

static void all_failures_are_told(void **state)
{
    (void)state;
    person p;
    memset(&p, 0, sizeof p);
    assert_int_equal(
        merge("{\"home\":{\"city\":1,\"spot\":{\"north\":true},\"x\":[{}]},\"scores\":[0.5,\"1\"],"
              "\"place\":{\"type\":\"Point\",\"coordinates\":[1,[2]]},\"remarks\":[{\"text\":[]}],"
              "\"extra\":{\"a\":0,\"a\":0},\"last\":7}",
              NULL, &p),
        OST_INVALID);
    assert_int_equal(error.failure_count, 8);
    static const char *const paths[] = { "home.city", "home.spot.north", "scores[0]",
                                         "scores[1]", "place",           "remarks[0].text" };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_true(has_failure(&error, paths[i], "type"));
    assert_true(has_failure(&error, "home.x", "unknown") && has_failure(&error, "extra", "json"));
    assert_int_equal(p.last, 7);
}

static void fm50_inner_members_are_not_set_unless_listed(void **state)
{
    (void)state;
    static const char unknown[] = "is not a member that can be set";
    person p;
    memset(&p, 0, sizeof p);
    const ost_member *city = ost_only(person, name, home.city, work.spot.north);
    merged("{\"home\":{\"city\":\"a\"},\"work\":{\"spot\":{\"north\":1}}}", city, &p);
    assert_true(p.work.spot.north == 1);
    expect_failure("{\"home\":{\"street\":\"a\"}}", city, "home.street", "unknown", unknown);
    expect_failure("{\"home\":{\"spot\":{\"north\":1}}}", city, "home.spot", "unknown", unknown);
    expect_failure("{\"work\":{\"city\":\"a\"}}", city, "work.city", "unknown", unknown);
    expect_failure("{\"work\":{\"spot\":{\"east\":1}}}", city, "work.spot.east", "unknown",
                   unknown);
    expect_failure("{\"home\":5}", city, "home", "type", "must be an object");
    /* All of it, but what is hidden. */
    const ost_member *whole = ost_only(person, home, work, remarks);
    merged("{\"remarks\":[{\"id\":\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\",\"text\":\"a\","
           "\"at\":\"2024-02-29T12:00:00Z\"}],\"work\":{\"spot\":{\"east\":1}},"
           "\"home\":{\"spot\":{\"east\":1}}}",
           whole, &p);
    assert_int_equal(p.remarks.items[0].id.bytes[0], 0xf8);
    expect_failure("{\"remarks\":[{\"ip\":\"::1\"}]}", whole, "remarks[0].ip", "unknown", unknown);
    expect_failure("{\"home\":{\"gate_code\":\"1\"}}", whole, "home.gate_code", "unknown", unknown);
    expect_failure("{\"work\":{\"gate_code\":\"1\"}}", whole, "work.gate_code", "unknown", unknown);
    expect_failure("{\"name\":\"a\"}", whole, "name", "unknown", unknown);
    merged("{\"home\":{\"gate_code\":\"1\"}}", ost_only(person, home.gate_code), &p);
    assert_string_equal(p.home.gate_code, "1");
    /* Without a list also what the library sets is left to it. */
    expect_failure("{\"remarks\":[{\"at\":\"2024-02-29T12:00:00Z\"}]}", NULL, "remarks[0].at",
                   "unknown", unknown);
    expect_failure("{\"hideout\":{\"north\":1}}", NULL, "hideout.north", "unknown", unknown);
}

/* Also inside an item of a list, which has its place when it is read. */
static void a_text_may_break_off_anywhere(void **state)
{
    (void)state;
    person p = full(), record;
    size_t whole = strlen(written(&p));
    char *text = malloc(whole + 1);
    assert_non_null(text);
    memcpy(text, buffer.data, whole + 1);
    for (size_t size = whole; size-- > 0;) {
        text[size] = '\0';
        memset(&record, 0, sizeof record);
        assert_int_equal(merge(text, NULL, &record), OST_INVALID);
        assert_true(has_failure(&error, "", "json") && error.failure_count == 1);
        ost__arena_clear(&texts);
        ost__arena_clear(&scratch);
    }
    free(text);
}

/* {"remarks":[{"replies":[{"replies":[…]}]}]}, `levels` of them. */
static char *nested_remarks(size_t levels)
{
    static const char first[] = "{\"remarks\":[{", inner[] = "\"replies\":[{";
    char *text = malloc((levels + 1) * 16 + 16), *p = text;
    assert_non_null(text);
    memcpy(p, first, sizeof first - 1);
    p += sizeof first - 1;
    for (size_t i = 0; i < levels; i++, p += sizeof inner - 1)
        memcpy(p, inner, sizeof inner - 1);
    for (size_t i = 0; i <= levels; i++, p += 2)
        memcpy(p, "}]", 2);
    memcpy(p, "}", 2);
    return text;
}

static void fm55_structs_nest_as_deep_as_json_may(void **state)
{
    (void)state;
    person p;
    memset(&p, 0, sizeof p);
    char *text = nested_remarks(13);
    merged(text, NULL, &p);
    free(text);
    assert_non_null(strstr(written(&p), "\"replies\":[{"));
    text = nested_remarks(14);
    expect_failure(text, NULL, "", "json",
                   "brackets are nested deeper than 30 levels, at byte 180");
    free(text);
    text = nested_remarks(100000);
    assert_int_equal(merge(text, NULL, &p), OST_INVALID);
    free(text);
    /* A struct that a program nested deeper is not written. */
    static remark chain[20];
    memset(chain, 0, sizeof chain);
    for (int i = 0; i < 19; i++)
        chain[i].replies.items = &chain[i + 1], chain[i].replies.count = 1;
    p.remarks.items = chain;
    p.remarks.count = 1;
    ost__json_output o = { .error = &error };
    ost__buffer_reset(&buffer);
    ost__json_begin(&o.w, &buffer);
    assert_int_equal(ost__record_to_json(&o, ost__model_at(set, 0), &p), OST_RANGE);
    assert_non_null(strstr(error.message, "nested deeper than 30 levels"));
    p.remarks.count = 0;
    p.extra.text = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";
    assert_non_null(strstr(written(&p), "[1]"));
    p.extra.text = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";
    not_written(&p, "extra");
}

static void a_small_text_makes_no_huge_list(void **state)
{
    (void)state;
    size_t count = ((size_t)64 << 20) / sizeof(remark) + 1;
    char *text = malloc(count * 3 + 32), *p = text;
    assert_non_null(text);
    memcpy(p, "{\"remarks\":[", 12);
    p += 12;
    for (size_t i = 0; i < count; i++, p += 3)
        memcpy(p, "{},", 3);
    memcpy(p - 1, "]}", 3);
    person record;
    memset(&record, 0, sizeof record);
    assert_int_equal(merge(text, NULL, &record), OST_TOO_LARGE);
    assert_non_null(strstr(error.message, "larger than 64 MiB"));
    free(text);
}

static void what_has_no_form_is_refused(void **state)
{
    (void)state;
    static const char *const bad_words[] = { "a", "\xff" }, *const null_words[] = { "a", NULL };
    static const mood bad_moods[] = { GOOD, (mood)7 };
    person p = full();
    p.words.items = bad_words;
    not_written(&p, "words[1]");
    p.words.items = null_words;
    not_written(&p, "words[1]");
    p = full();
    p.moods.items = bad_moods;
    not_written(&p, "moods[1]");
    p = full();
    p.home.city = "\xff";
    not_written(&p, "home.city");
    p = full();
    p.work.city = "\xff";
    not_written(&p, "work.city");
    p = full();
    ((remark *)(uintptr_t)p.remarks.items)[1].tags.items = bad_words;
    ((remark *)(uintptr_t)p.remarks.items)[1].tags.count = 2;
    not_written(&p, "remarks[1].tags[1]");
    p = full();
    p.extra.text = "{\"a\":1}, \"is_admin\": true";
    not_written(&p, "extra");
    p.extra.text = "";
    not_written(&p, "extra");
    p = full();
    p.place.latitude = (double)NAN;
    not_written(&p, "place");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structs_are_objects_however_they_are_stored),
        cmocka_unit_test(lists_are_lists),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(structs_are_merged_and_lists_replaced),
        cmocka_unit_test(any_json_is_kept_in_one_form),
        cmocka_unit_test(failures_have_paths),
        cmocka_unit_test(all_failures_are_told),
        cmocka_unit_test(fm50_inner_members_are_not_set_unless_listed),
        cmocka_unit_test(a_text_may_break_off_anywhere),
        cmocka_unit_test(fm55_structs_nest_as_deep_as_json_may),
        cmocka_unit_test(a_small_text_makes_no_huge_list),
        cmocka_unit_test(what_has_no_form_is_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
