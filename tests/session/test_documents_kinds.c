/* SPDX-License-Identifier: MIT */
/* Every kind of scalar inside a struct and as the item of a list, at its limits. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "documents.h"

typedef struct inner {
    bool flag;
    signed char i8;
    short i16;
    int i32;
    int64_t i64;
    unsigned char u8;
    unsigned short u16;
    unsigned u32;
    uint64_t u64;
    float f;
    double d;
    const char *text;
    char chars[8];
    ost_blob blob;
    ost_time time;
    ost_date date;
    ost_uuid uuid;
    ost_object_id object;
    ost_decimal price;
    mood mood;
    ost_opt_int64 maybe;
} inner;

typedef struct shelf {
    int64_t id;
    inner one;
    OST_LIST(inner) some;
    OST_LIST(bool) flags;
    OST_LIST(signed char) i8s;
    OST_LIST(short) i16s;
    OST_LIST(int) i32s;
    OST_LIST(int64_t) i64s;
    OST_LIST(unsigned char) u8s;
    OST_LIST(unsigned short) u16s;
    OST_LIST(unsigned) u32s;
    OST_LIST(uint64_t) u64s;
    OST_LIST(float) fs;
    OST_LIST(double) ds;
    OST_LIST(const char *) texts;
    OST_LIST(ost_blob) blobs;
    OST_LIST(ost_time) times;
    OST_LIST(ost_date) dates;
    OST_LIST(ost_uuid) uuids;
    OST_LIST(ost_object_id) objects;
    OST_LIST(ost_decimal) prices;
    OST_LIST(mood) moods;
    ost_json any;
    ost_point spot;
} shelf;

OST_PART(inner);
OST_RECORD(shelf, id);
OST_MODEL(inner,
          OST_FIELDS(OST_FIELD(inner, flag), OST_FIELD(inner, i8), OST_FIELD(inner, i16),
                     OST_FIELD(inner, i32), OST_FIELD(inner, i64), OST_FIELD(inner, u8),
                     OST_FIELD(inner, u16), OST_FIELD(inner, u32), OST_FIELD(inner, u64),
                     OST_FIELD(inner, f), OST_FIELD(inner, d), OST_FIELD(inner, text),
                     OST_FIELD(inner, chars), OST_FIELD(inner, blob), OST_FIELD(inner, time),
                     OST_FIELD(inner, date), OST_FIELD(inner, uuid), OST_FIELD(inner, object),
                     OST_FIELD(inner, price, .precision = 34, .scale = 4),
                     OST_FIELD(inner, mood, .values = OST_NAMES("low", "good")),
                     OST_FIELD(inner, maybe)));
OST_MODEL(shelf,
          OST_FIELDS(OST_FIELD(shelf, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_EMBED(shelf, one, inner), OST_EMBEDS(shelf, some, inner),
                     OST_ITEMS(shelf, flags), OST_ITEMS(shelf, i8s), OST_ITEMS(shelf, i16s),
                     OST_ITEMS(shelf, i32s), OST_ITEMS(shelf, i64s), OST_ITEMS(shelf, u8s),
                     OST_ITEMS(shelf, u16s), OST_ITEMS(shelf, u32s), OST_ITEMS(shelf, u64s),
                     OST_ITEMS(shelf, fs), OST_ITEMS(shelf, ds), OST_ITEMS(shelf, texts),
                     OST_ITEMS(shelf, blobs), OST_ITEMS(shelf, times), OST_ITEMS(shelf, dates),
                     OST_ITEMS(shelf, uuids), OST_ITEMS(shelf, objects),
                     OST_ITEMS(shelf, prices, .precision = 34, .scale = 4),
                     OST_ITEMS(shelf, moods, .values = OST_NAMES("low", "good")),
                     OST_FIELD(shelf, any), OST_FIELD(shelf, spot)));

static int setup(void **state)
{
    static rig the;
    rig_begin(&the, *state);
    rig_open(&the, &(const ost_options){ .struct_size = sizeof(ost_options),
                                         .models = OST_MODELS(&shelf_model) });
    *state = &the;
    return 0;
}

#define KINDS_ON(f, mode)                                           \
    {                                                               \
#f " (" #mode ")", f, setup, rig_teardown, &rig_modes[mode] \
    }
#define KINDS_RIG_ALL(f)                                                                \
    KINDS_ON(f, RIG_MEMORY), KINDS_ON(f, RIG_FILE), KINDS_ON(f, RIG_BLOCKING),          \
        KINDS_ON(f, RIG_BATCHES), KINDS_ON(f, RIG_PIPELINE), KINDS_ON(f, RIG_POSTGRES), \
        KINDS_ON(f, RIG_MYSQL), KINDS_ON(f, RIG_MONGODB)

/* ---- values ---- */

static const char long_text[] = "\x01\x1f\"\\/\x7f \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \t\r\n";
static const uint8_t bytes[] = { 0, 0x80, 0xff, '"', '\\' };

static const bool flags[] = { true, false, true };
static const signed char i8s[] = { SCHAR_MIN, 0, SCHAR_MAX };
static const short i16s[] = { SHRT_MIN, 0, SHRT_MAX };
static const int i32s[] = { INT_MIN, 0, INT_MAX };
static const int64_t i64s[] = { INT64_MIN, -1, 0, (INT64_C(1) << 53) + 1, INT64_MAX };
static const unsigned char u8s[] = { 0, UCHAR_MAX };
static const unsigned short u16s[] = { 0, USHRT_MAX };
static const unsigned u32s[] = { 0, UINT_MAX };
static const uint64_t u64s[] = { 0, INT64_MAX };
static const float fs[] = { -FLT_MAX, FLT_MIN, 0.1F, 0 };
static const double ds[] = { -DBL_MAX, DBL_MIN, 5e-324, 0.1, 1e22, 0, 123456789012345680.0 };
static const char *const texts[] = { long_text, "", "NULL", "null", "{}", "a,b", "'" };
static const ost_time times[] = { { INT64_C(-62135596800000000) },
                                  { 0 },
                                  { INT64_C(253402300799999000) } };
static const ost_date dates[] = { { -719162 }, { 0 }, { 2932896 } };
static const ost_uuid uuids[] = { { { 0 } }, { { 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 } } };
static const ost_object_id objects[] = { { { 0 } }, { { 0xfe, 0xdc, 0xba, 9, 8 } } };
static const mood moods[] = { MOOD_GOOD, MOOD_LOW, MOOD_GOOD };

static inner inner_of(size_t i)
{
    static const ost_decimal prices[] = { { .low = 1, .scale = 4 },
                                          { .low = 99990000, .scale = 4 } };
    return (inner){ .flag = flags[i],
                    .i8 = i8s[i * 2],
                    .i16 = i16s[i * 2],
                    .i32 = i32s[i * 2],
                    .i64 = i64s[i * 4],
                    .u8 = u8s[i],
                    .u16 = u16s[i],
                    .u32 = u32s[i],
                    .u64 = u64s[i],
                    .f = fs[i],
                    .d = ds[i],
                    .text = texts[i],
                    .chars = "1234567",
                    .blob = { bytes, i * sizeof bytes },
                    .time = times[i * 2],
                    .date = dates[i * 2],
                    .uuid = uuids[i],
                    .object = objects[i],
                    .price = prices[i],
                    .mood = moods[i],
                    .maybe = { i > 0, i64s[i] } };
}

#define FILL(list, values) \
    (s.list.items = (values), s.list.count = sizeof(values) / sizeof *(values))

static shelf full(void)
{
    static inner some[2];
    static ost_blob blobs[2];
    static ost_decimal prices[3];
    shelf s = { .one = inner_of(1),
                .any = { "{\"z\": [1e2, 0.10, -0.0, 9007199254740993, 1.5e300], \"\": {\"a\": "
                         "\"\\u00e9\\n\"}, \"t\": [true, false, null]}" },
                .spot = { -180, 90 } };
    some[0] = inner_of(0), some[1] = inner_of(1);
    blobs[0] = (ost_blob){ bytes, sizeof bytes }, blobs[1] = (ost_blob){ "", 0 };
    assert_true(ost_decimal_parse("999999999999999999999999999999.9999", &prices[0]));
    assert_true(ost_decimal_parse("-0.0001", &prices[1]));
    assert_true(ost_decimal_parse("0.0000", &prices[2]));
    FILL(some, some);
    FILL(flags, flags);
    FILL(i8s, i8s);
    FILL(i16s, i16s);
    FILL(i32s, i32s);
    FILL(i64s, i64s);
    FILL(u8s, u8s);
    FILL(u16s, u16s);
    FILL(u32s, u32s);
    FILL(u64s, u64s);
    FILL(fs, fs);
    FILL(ds, ds);
    FILL(texts, texts);
    FILL(blobs, blobs);
    FILL(times, times);
    FILL(dates, dates);
    FILL(uuids, uuids);
    FILL(objects, objects);
    FILL(prices, prices);
    FILL(moods, moods);
    return s;
}

/* ---- comparing ---- */

#define SAME(member) assert_memory_equal(&a->member, &b->member, sizeof a->member)
#define SAME_ITEMS(list)                                                \
    do {                                                                \
        assert_int_equal(!a->list.items, !b->list.items);               \
        assert_int_equal(a->list.count, b->list.count);                 \
        if (a->list.count > 0)                                          \
            assert_memory_equal(a->list.items, b->list.items,           \
                                a->list.count * sizeof *a->list.items); \
    } while (0)

static void same_blob(ost_blob a, ost_blob b)
{
    assert_int_equal(!a.data, !b.data);
    assert_int_equal(a.size, b.size);
    if (a.size > 0)
        assert_memory_equal(a.data, b.data, a.size);
}

static void same_inner(const inner *a, const inner *b)
{
    SAME(flag);
    SAME(i8);
    SAME(i16);
    SAME(i32);
    SAME(i64);
    SAME(u8);
    SAME(u16);
    SAME(u32);
    SAME(u64);
    SAME(f);
    SAME(d);
    assert_string_equal(a->text, b->text);
    assert_string_equal(a->chars, b->chars);
    same_blob(a->blob, b->blob);
    SAME(time);
    SAME(date);
    SAME(uuid);
    SAME(object);
    assert_int_equal(ost_decimal_compare(a->price, b->price), 0);
    assert_int_equal(a->mood, b->mood);
    assert_int_equal(a->maybe.present, b->maybe.present);
    assert_int_equal(a->maybe.value, a->maybe.present ? b->maybe.value : a->maybe.value);
}

static void same(const shelf *a, const shelf *b)
{
    same_inner(&a->one, &b->one);
    assert_int_equal(a->some.count, b->some.count);
    for (size_t i = 0; i < a->some.count; i++)
        same_inner(&a->some.items[i], &b->some.items[i]);
    SAME_ITEMS(flags);
    SAME_ITEMS(i8s);
    SAME_ITEMS(i16s);
    SAME_ITEMS(i32s);
    SAME_ITEMS(i64s);
    SAME_ITEMS(u8s);
    SAME_ITEMS(u16s);
    SAME_ITEMS(u32s);
    SAME_ITEMS(u64s);
    SAME_ITEMS(fs);
    SAME_ITEMS(ds);
    SAME_ITEMS(times);
    SAME_ITEMS(dates);
    SAME_ITEMS(uuids);
    SAME_ITEMS(objects);
    SAME_ITEMS(moods);
    assert_int_equal(a->texts.count, b->texts.count);
    for (size_t i = 0; i < a->texts.count; i++)
        assert_string_equal(a->texts.items[i], b->texts.items[i]);
    assert_int_equal(a->blobs.count, b->blobs.count);
    for (size_t i = 0; i < a->blobs.count; i++)
        same_blob(a->blobs.items[i], b->blobs.items[i]);
    assert_int_equal(a->prices.count, b->prices.count);
    for (size_t i = 0; i < a->prices.count; i++)
        assert_int_equal(ost_decimal_compare(a->prices.items[i], b->prices.items[i]), 0);
    SAME(spot);
}

static const char canonical[] =
    "{\"\":{\"a\":\"\xc3\xa9\\n\"},\"t\":[true,false,null],\"z\":[100,0.1,0,9007199254740993,"
    "1.5e300]}";

/* ---- tests ---- */

static void one_by_one_and_many_at_once(void **state)
{
    rig *r = *state;
    enum { COUNT = 20 };
    shelf s = full(), many[COUNT];
    OK(ost_insert(r->s, shelf, &s));
    const shelf *back = ost_get(r->s, shelf, s.id);
    assert_non_null(back);
    same(&s, back);
    assert_string_equal(back->any.text, canonical);
    for (int i = 0; i < COUNT; i++) {
        many[i] = full();
        many[i].i32s.count = (size_t)i % 4;
        many[i].texts.count = (size_t)i % 3;
        many[i].any.text = i % 2 ? NULL : many[i].any.text;
    }
    OK(ost_insert_many(r->s, shelf, many, COUNT));
    for (int i = 0; i < COUNT; i++) {
        back = ost_get(r->s, shelf, many[i].id);
        assert_non_null(back);
        same(&many[i], back);
        assert_int_equal(!back->any.text, i % 2);
    }
}

static void saved_one_by_one_and_many_at_once(void **state)
{
    rig *r = *state;
    enum { COUNT = 12 };
    shelf many[COUNT];
    for (int i = 0; i < COUNT; i++)
        many[i] = (shelf){ .one = { .text = "" } };
    for (int i = 0; i < COUNT; i++)
        many[i].one.chars[0] = 'a';
    OK(ost_insert_many(r->s, shelf, many, COUNT));
    size_t count;
    shelf *all = ost_all(ost_from(r->s, shelf), shelf, &count);
    assert_int_equal(count, COUNT);
    for (size_t i = 0; i < count; i++) {
        int64_t id = all[i].id;
        all[i] = full();
        all[i].id = id;
    }
    OK(ost_save(r->s, shelf, &all[0]));
    OK(ost_save_many(r->s, shelf, all, count));
    ost_session *other = rig_session(r, NULL);
    shelf wanted = full();
    ost_cursor *c = ost_stream(ost_from(other, shelf), 5);
    const shelf *back;
    for (count = 0; (back = ost_next(c, shelf)) != NULL; count++) {
        same(&wanted, back);
        assert_string_equal(back->any.text, canonical);
    }
    assert_int_equal(ost_cursor_close(c), OST_OK);
    assert_int_equal(count, COUNT);
    ost_session_close(other);
}

static void large_ones(void **state)
{
    rig *r = *state;
    enum { ITEMS = 20000, BYTES = 300000 };
    static int64_t items[ITEMS];
    static char text[BYTES + 1];
    static const char *const both[] = { text, text };
    shelf s = full();
    for (int i = 0; i < ITEMS; i++)
        items[i] = i * INT64_C(1000000007);
    memset(text, '"', BYTES);
    s.i64s.items = items, s.i64s.count = ITEMS;
    s.texts.items = both, s.texts.count = 2;
    s.one.text = text;
    OK(ost_insert(r->s, shelf, &s));
    const shelf *back = ost_get(r->s, shelf, s.id);
    assert_non_null(back);
    same(&s, back);
}

static void what_cannot_be_stored_is_refused(void **state)
{
    rig *r = *state;
    shelf s = full();
    s.one.d = NAN;
    FAILS(OST_RANGE, "shelf.one.d", ost_insert(r->s, shelf, &s));
    s = full();
    s.ds.items = (const double[]){ 1, NAN }, s.ds.count = 2;
    FAILS(OST_RANGE, "shelf.ds[1]", ost_insert(r->s, shelf, &s));
    s = full();
    s.times.items = (const ost_time[]){ { INT64_MAX } }, s.times.count = 1;
    FAILS(OST_RANGE, "shelf.times[0]", ost_insert(r->s, shelf, &s));
    s = full();
    s.blobs.items = (const ost_blob[]){ { NULL, 0 } }, s.blobs.count = 1;
    FAILS(OST_INVALID, "shelf.blobs[0]", ost_insert(r->s, shelf, &s));
    s = full();
    memset(s.one.chars, 'x', sizeof s.one.chars);
    FAILS(OST_RANGE, "shelf.one.chars", ost_insert(r->s, shelf, &s));
    size_t count;
    assert_non_null(ost_all(ost_from(r->s, shelf), shelf, &count));
    assert_int_equal(count, 0);
}

/* ---- what others wrote ---- */

typedef struct foreign_case {
    const char *set;    /* what SQL says */
    const char *column; /* the member that does not fit; NULL: it is read */
} foreign_case;

static void read_foreign(rig *r, const foreign_case *cases, size_t count)
{
    shelf s = full();
    char sql[600];
    OK(ost_insert(r->s, shelf, &s));
    for (size_t i = 0; i < count; i++) {
        ost_session *other = rig_session(r, NULL);
        snprintf(sql, sizeof sql, "UPDATE shelf SET %s", cases[i].set);
        rig_raw(r, sql);
        const shelf *back = ost_get(other, shelf, s.id);
        const ost_error *e = ost_session_error(other);
        if (!cases[i].column && !back)
            fail_msg("%s: %s", cases[i].set, e->message);
        if (cases[i].column && (back || e->status != OST_RANGE))
            fail_msg("%s: was read (%s)", cases[i].set, e->message);
        if (cases[i].column && strcmp(e->field, cases[i].column) != 0)
            fail_msg("%s: %s", cases[i].set, e->message);
        ost_session_close(other);
    }
}

static void postgres_reads_what_others_wrote(void **state)
{
    static const foreign_case cases[] = {
        { "i32s = '{}'", NULL },
        { "i32s = '{1,NULL}'", "i32s" },
        { "i32s = '{{1,2},{3,4}}'", "i32s" },
        { "i32s = '[5:6]={1,2}'", NULL },
        { "i8s = '{128}'", "i8s" },
        { "i8s = NULL", NULL },
        { "u16s = '{-1}'", "u16s" },
        { "u16s = NULL, u64s = '{18446744073709551615}'", NULL },
        { "moods = '{good,bad}'", "moods" },
        { "moods = '{good}', prices = '{1.5}'", NULL },
        { "ds = '{NaN}'", NULL },
        { "times = '{infinity}'", "times" },
        { "times = '{}', objects = '{abc}'", "objects" },
        { "objects = '{}', spot = '(NaN,0)'", "spot" },
        { "spot = '(1,2)', one = '[]'", "one" },
        { "one = '{}'", "one" },
    };
    read_foreign(*state, cases, sizeof cases / sizeof *cases);
}

static void mariadb_reads_what_others_wrote(void **state)
{
    static const foreign_case cases[] = {
        { "i32s = '[]'", NULL },
        { "i32s = ' [ 1 , -2 ] '", NULL },
        { "i32s = '[1,null]'", "i32s" },
        { "i32s = '[1,1.5]'", "i32s" },
        { "i32s = '[[1]]'", "i32s" },
        { "i32s = '{\"a\":1}'", "i32s" },
        { "i32s = NULL, i8s = '[128]'", "i8s" },
        { "i8s = NULL, moods = '[\"good\",\"bad\"]'", "moods" },
        { "moods = NULL, one = '{}'", "one" },
        { "one = '{\"flag\":1}'", "one" },
        { "one = '[]'", "one" },
        { "one = JSON_INSERT(some, '$[0].more', '[]')", "one" },
        { "one = JSON_EXTRACT(JSON_INSERT(some, '$[0].more', '[]'), '$[0]')", NULL },
        { "spot = POINT(1, 2)", NULL },
        { "spot = ST_GeomFromText('POINT(1 2)', 3857)", NULL },
    };
    read_foreign(*state, cases, sizeof cases / sizeof *cases);
}

static void mariadb_takes_columns_of_other_types(void **state)
{
    rig *r = *state;
    enum { COUNT = 10 };
    shelf s = full(), many[COUNT];
    rig_raw(r,
            "ALTER TABLE shelf MODIFY i32s TEXT, MODIFY texts VARCHAR(5000) CHARACTER SET utf8mb4,"
            " MODIFY spot GEOMETRY NOT NULL");
    OK(ost_insert(r->s, shelf, &s));
    for (int i = 0; i < COUNT; i++) {
        many[i] = s;
        many[i].id = 0;
    }
    OK(ost_insert_many(r->s, shelf, many, COUNT));
    const shelf *back = ost_get(r->s, shelf, many[COUNT - 1].id);
    assert_non_null(back);
    same(&s, back);
    static const foreign_case cases[] = {
        { "spot = ST_GeomFromText('LINESTRING(1 2,3 4)')", "spot" },
        { "spot = ST_GeomFromText('POINT(3 4)')", NULL },
        { "i32s = ''", "i32s" },
        { "i32s = '[1'", "i32s" },
    };
    read_foreign(r, cases, sizeof cases / sizeof *cases);
}

/* Columns of other types than ours, of which the values are the same. */
static void postgres_takes_columns_of_other_types(void **state)
{
    rig *r = *state;
    enum { COUNT = 10 };
    shelf s = full(), many[COUNT];
    rig_raw(r,
            "ALTER TABLE shelf ALTER i32s TYPE bigint[], ALTER u8s TYPE numeric[],"
            " ALTER texts TYPE varchar(300)[], ALTER \"any\" TYPE json, ALTER \"some\" TYPE json,"
            " ALTER fs TYPE real[]");
    s.fs.count = 0;
    OK(ost_insert(r->s, shelf, &s));
    for (int i = 0; i < COUNT; i++) {
        many[i] = s;
        many[i].id = 0;
    }
    OK(ost_insert_many(r->s, shelf, many, COUNT));
    const shelf *back = ost_get(r->s, shelf, many[COUNT - 1].id);
    assert_non_null(back);
    same(&s, back);
    assert_string_equal(back->any.text, canonical);
    rig_raw(r, "ALTER TABLE shelf ALTER i32s TYPE jsonb USING to_jsonb(i32s)");
    ost_session *other = rig_session(r, NULL);
    back = ost_get(other, shelf, s.id);
    assert_non_null(back);
    same(&s, back);
    ost_session_close(other);
}

/* Numbers of jsonb have no exponents: what is far out comes back as digits. */
static void postgres_keeps_large_numbers_of_json(void **state)
{
    rig *r = *state;
    shelf s = full();
    s.any.text = "[1e400, -1.25e-400, 1e-7]";
    OK(ost_insert(r->s, shelf, &s));
    const shelf *back = ost_get(r->s, shelf, s.id);
    assert_string_equal(back->any.text, "[1e400,-1.25e-400,0.0000001]");
    s.any.text = "[1e200000]";
    s.id = 0;
    FAILS(OST_RANGE, "", ost_insert(r->s, shelf, &s));
    s.any.text = "[1e-20000]";
    FAILS(OST_RANGE, "", ost_insert(r->s, shelf, &s));
}

/* Whatever is asked for and not there, what is written is all or nothing, and what is read too. */
static void fm65_no_memory_is_a_status(void **state)
{
    rig *r = *state;
    enum { COUNT = 9 };
    shelf s = full(), many[COUNT];
    bool failed = true;
    for (int i = 0; i < COUNT; i++)
        many[i] = full();
    OK(ost_insert(r->s, shelf, &s));
    for (long n = 1; failed; n += 1 + n / 8) {
        ost_session *other = rig_session(r, NULL);
        atomic_store(&r->calls, 0);
        atomic_store(&r->fail_at, n);
        const shelf *back = ost_get(other, shelf, s.id);
        ost_status status = back ? ost_insert_many(other, shelf, many, COUNT) : OST_NO_MEMORY;
        failed = atomic_load(&r->calls) >= n;
        atomic_store(&r->fail_at, 0);
        if (back)
            same(&s, back);
        else
            assert_int_equal(ost_session_error(other)->status, OST_NO_MEMORY);
        if (status != OST_OK)
            assert_true(failed);
        ost_session_close(other);
        for (int i = 0; i < COUNT; i++)
            many[i].id = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KINDS_RIG_ALL(one_by_one_and_many_at_once),
        KINDS_RIG_ALL(saved_one_by_one_and_many_at_once),
        KINDS_RIG_ALL(large_ones),
        KINDS_RIG_ALL(what_cannot_be_stored_is_refused),
        KINDS_RIG_ALL(fm65_no_memory_is_a_status),
        KINDS_ON(mariadb_reads_what_others_wrote, RIG_MYSQL),
        KINDS_ON(mariadb_takes_columns_of_other_types, RIG_MYSQL),
        KINDS_ON(postgres_reads_what_others_wrote, RIG_POSTGRES),
        KINDS_ON(postgres_takes_columns_of_other_types, RIG_POSTGRES),
        KINDS_ON(postgres_keeps_large_numbers_of_json, RIG_POSTGRES),
    };
    return RIG_RUN(tests);
}
