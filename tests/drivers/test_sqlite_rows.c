/* SPDX-License-Identifier: MIT */
#include "support/shape_builder.h"

#include <math.h>
#include <sqlite3.h>

typedef enum mood { CALM, GLAD, WILD } mood;
typedef struct thing {
    int64_t id;
    bool flag;
    signed char i8;
    short i16;
    int i32;
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
    ost_object_id oid;
    ost_decimal price;
    ost_decimal big;
    mood mood;
    ost_opt_int oi;
    ost_opt_bool ob;
    ost_opt_time ot;
    ost_opt_decimal od;
    ost_opt_uint64 ou;
    ost_opt_double odd;
    ost_opt_uuid ouu;
    ost_opt_date oda;
    ost_opt_int8 oi8;
    ost_opt_object_id ooi;
    ost_opt_float of;
} thing;
OST_RECORD(thing, id);
OST_MODEL(thing, .table = "things",
          OST_FIELDS(OST_FIELD(thing, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(thing, flag), OST_FIELD(thing, i8), OST_FIELD(thing, i16),
                     OST_FIELD(thing, i32), OST_FIELD(thing, u8), OST_FIELD(thing, u16),
                     OST_FIELD(thing, u32), OST_FIELD(thing, u64), OST_FIELD(thing, f),
                     OST_FIELD(thing, d), OST_FIELD(thing, text), OST_FIELD(thing, chars),
                     OST_FIELD(thing, blob), OST_FIELD(thing, time), OST_FIELD(thing, date),
                     OST_FIELD(thing, uuid), OST_FIELD(thing, oid),
                     OST_FIELD(thing, price, .precision = 10, .scale = 2),
                     OST_FIELD(thing, big, .precision = 38, .scale = 10),
                     OST_FIELD(thing, mood, .values = OST_NAMES("calm", "glad", "wild")),
                     OST_FIELD(thing, oi), OST_FIELD(thing, ob), OST_FIELD(thing, ot),
                     OST_FIELD(thing, od, .precision = 6, .scale = 3), OST_FIELD(thing, ou),
                     OST_FIELD(thing, odd), OST_FIELD(thing, ouu), OST_FIELD(thing, oda),
                     OST_FIELD(thing, oi8), OST_FIELD(thing, ooi), OST_FIELD(thing, of)));

static thing sample(void)
{
    thing t = { .flag = true,
                .i8 = -128,
                .i16 = -32768,
                .i32 = INT32_MIN,
                .u8 = 255,
                .u16 = 65535,
                .u32 = UINT32_MAX,
                .u64 = INT64_MAX,
                .f = 1.5f,
                .d = 0.1,
                .text = "naïve 'quoted' \"text\" €",
                .chars = "seven77",
                .blob = { "a\0b", 3 },
                .price = dec("-12345678.90"),
                .big = dec("-1234567890123456789012345678.0123456789"),
                .mood = WILD,
                .oi = OST_SOME(7),
                .ob = OST_SOME(false),
                .od = OST_SOME(dec("0.125")),
                .ou = OST_SOME(9),
                .odd = OST_SOME(2.5),
                .oi8 = OST_SOME(-1),
                .of = OST_SOME(0.5f) };
    assert_true(ost_time_parse("1969-12-31T23:59:59.999999Z", &t.time));
    t.ot = (ost_opt_time)OST_SOME(t.time);
    assert_true(ost_date_parse("0001-01-01", &t.date));
    t.oda = (ost_opt_date)OST_SOME(t.date);
    assert_true(ost_uuid_parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", &t.uuid));
    t.ouu = (ost_opt_uuid)OST_SOME(t.uuid);
    memcpy(t.oid.bytes, "twelve bytes", 12);
    t.ooi = (ost_opt_object_id)OST_SOME(t.oid);
    return t;
}

static void assert_same(const thing *a, const thing *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->flag, b->flag);
    assert_int_equal(a->i8, b->i8);
    assert_int_equal(a->i16, b->i16);
    assert_int_equal(a->i32, b->i32);
    assert_int_equal(a->u8, b->u8);
    assert_int_equal(a->u16, b->u16);
    assert_int_equal(a->u32, b->u32);
    assert_true(a->u64 == b->u64);
    assert_true(a->f == b->f && a->d == b->d);
    assert_string_equal(a->text, b->text);
    assert_string_equal(a->chars, b->chars);
    assert_int_equal(a->blob.size, b->blob.size);
    assert_memory_equal(a->blob.data, b->blob.data, b->blob.size);
    assert_int_equal(a->time.microseconds, b->time.microseconds);
    assert_int_equal(a->date.days, b->date.days);
    assert_memory_equal(&a->uuid, &b->uuid, sizeof a->uuid);
    assert_memory_equal(&a->oid, &b->oid, sizeof a->oid);
    assert_memory_equal(&a->price, &b->price, sizeof a->price);
    assert_memory_equal(&a->big, &b->big, sizeof a->big);
    assert_int_equal(a->mood, b->mood);
    assert_true(a->oi.present == b->oi.present && a->oi.value == b->oi.value);
    assert_true(a->ob.present == b->ob.present && a->ob.value == b->ob.value);
    assert_true(a->ot.present && a->ot.value.microseconds == b->ot.value.microseconds);
    assert_true(a->od.present && ost_decimal_compare(a->od.value, b->od.value) == 0);
    assert_true(a->ou.present && a->ou.value == b->ou.value);
    assert_true(a->odd.present && a->odd.value == b->odd.value);
    assert_true(a->oda.present && a->oda.value.days == b->oda.value.days);
    assert_true(a->oi8.present && a->oi8.value == b->oi8.value);
    assert_true(a->of.present && a->of.value == b->of.value);
    assert_memory_equal(&a->ouu.value, &b->ouu.value, sizeof a->uuid);
    assert_memory_equal(&a->ooi.value, &b->ooi.value, sizeof a->oid);
}

typedef struct world {
    bench b;
    ost_table *things;
} world;

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    bench_open(&w->b, ost_driver_sqlite(), "sqlite::memory:");
    w->things = bench_table(&w->b, &thing_model);
    create(&w->b, w->things);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    bench_close(&w->b);
    free(w);
    return 0;
}

static ost_status insert(world *w, thing *t, size_t count, bool auto_key)
{
    made *m = make(&w->b, OST_DO_INSERT, w->things);
    size_t n;
    ost_status status;
    thing *shadow = calloc(count, sizeof *shadow);
    from_records(m, t, count, sizeof *t, auto_key);
    status = run_rows(m, shadow, auto_key ? count : 0, &n);
    for (size_t i = 0; i < n && auto_key; i++)
        t[i].id = shadow[i].id;
    free(shadow);
    discard(m);
    return status;
}

static ost_status load(world *w, thing *out, size_t space, size_t *count)
{
    made *m = make(&w->b, OST_DO_SELECT, w->things);
    ost_status status;
    all_columns(m, sizeof *out);
    order_by(m, member(m, "id"), false);
    status = run_rows(m, out, space, count);
    discard(m);
    return status;
}

static void every_kind_comes_back(void **state)
{
    world *w = *state;
    thing in[3] = { sample(), sample(), sample() }, out[3];
    size_t count;
    in[2].id = 900;
    assert_int_equal(insert(w, in, 2, true), OST_OK);
    assert_int_equal(in[0].id, 1);
    assert_int_equal(in[1].id, 2);
    assert_int_equal(w->b.outcome.matched, 2);
    assert_int_equal(insert(w, in + 2, 1, false), OST_OK);
    assert_int_equal(load(w, out, 3, &count), OST_OK);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_same(&out[i], &in[i]);
}

static void stored_forms_are_those_of_the_table_of_types(void **state)
{
    world *w = *state;
    thing t = sample();
    assert_int_equal(insert(w, &t, 1, true), OST_OK);
    assert_string_equal(sql_text(&w->b, "SELECT typeof(flag)||typeof(u64)||typeof(f)||typeof(text)"
                                        "||typeof(chars)||typeof(blob)||typeof(uuid)||typeof(oid)"
                                        " FROM things"),
                        "integerintegerrealtexttextblobblobblob");
    assert_string_equal(sql_text(&w->b, "SELECT time FROM things"), "1969-12-31 23:59:59.999999");
    assert_string_equal(sql_text(&w->b, "SELECT date FROM things"), "0001-01-01");
    assert_string_equal(sql_text(&w->b, "SELECT price FROM things"), "-1234567890");
    assert_string_equal(sql_text(&w->b, "SELECT typeof(price)||typeof(big) FROM things"),
                        "integertext");
    assert_string_equal(sql_text(&w->b, "SELECT mood FROM things"), "wild");
    assert_string_equal(sql_text(&w->b, "SELECT od FROM things"), "125");
    assert_int_equal(sql_int(&w->b, "SELECT flag FROM things"), 1);
}

static void absent_and_empty_are_two_things(void **state)
{
    world *w = *state;
    thing in[2] = { sample(), sample() }, out[2];
    size_t count;
    in[0].text = NULL;
    in[0].blob = (ost_blob){ .data = NULL };
    in[0].oi.present = in[0].od.present = in[0].ot.present = false;
    in[1].text = "";
    in[1].blob = (ost_blob){ .data = "", .size = 0 };
    in[1].chars[0] = '\0';
    assert_int_equal(insert(w, in, 2, true), OST_OK);
    assert_int_equal(load(w, out, 2, &count), OST_OK);
    assert_null(out[0].text);
    assert_null(out[0].blob.data);
    assert_false(out[0].oi.present || out[0].od.present || out[0].ot.present);
    assert_string_equal(out[1].text, "");
    assert_non_null(out[1].blob.data);
    assert_int_equal(out[1].blob.size, 0);
    assert_string_equal(out[1].chars, "");
}

static void fm37_nan_is_refused_and_minus_zero_is_zero(void **state)
{
    world *w = *state;
    thing in[2] = { sample(), sample() }, out;
    size_t count;
    in[0].d = -0.0;
    in[0].f = -0.0f;
    in[1].d = (double)NAN;
    assert_int_equal(insert(w, in, 2, true), OST_RANGE);
    assert_int_equal(w->b.outcome.failed_record, 1);
    assert_string_equal(w->b.error.model, "thing");
    assert_string_equal(w->b.error.field, "d");
    assert_int_equal(load(w, &out, 1, &count), OST_OK);
    assert_int_equal(count, 1);
    assert_false(signbit(out.d) || signbit(out.f));
    in[0].d = HUGE_VAL;
    assert_int_equal(insert(w, in, 1, true), OST_OK);
    sql(&w->b, "DELETE FROM things WHERE id = 1");
    assert_int_equal(load(w, &out, 1, &count), OST_OK);
    assert_true(isinf(out.d));
}

static void values_without_a_form_are_refused(void **state)
{
    world *w = *state;
    thing t = sample();
    t.u64 = (uint64_t)INT64_MAX + 1;
    assert_int_equal(insert(w, &t, 1, true), OST_RANGE);
    assert_string_equal(w->b.error.field, "u64");
    t = sample();
    t.mood = (mood)3;
    assert_int_equal(insert(w, &t, 1, true), OST_RANGE);
    assert_string_equal(w->b.error.field, "mood");
    t = sample();
    memset(t.chars, 'x', sizeof t.chars);
    assert_int_equal(insert(w, &t, 1, true), OST_RANGE);
    assert_string_equal(w->b.error.field, "chars");
    t = sample();
    t.time.microseconds = INT64_MAX;
    assert_int_equal(insert(w, &t, 1, true), OST_RANGE);
    t = sample();
    t.date.days = INT32_MIN;
    assert_int_equal(insert(w, &t, 1, true), OST_RANGE);
    t = sample();
    t.price = dec("0.001");
    assert_int_equal(insert(w, &t, 1, true), OST_RANGE);
    t.price = dec("123456789.00");
    assert_int_equal(insert(w, &t, 1, true), OST_RANGE);
    assert_string_equal(w->b.error.field, "price");
    assert_int_equal(sql_int(&w->b, "SELECT count(*) FROM things"), 0);
}

/* Cells that no member of ours could have written. */
static const struct {
    const char *column, *cell;
} wrong[] = {
    { "flag", "2" },
    { "flag", "'t'" },
    { "i8", "128" },
    { "i8", "-129" },
    { "i16", "32768" },
    { "i16", "-32769" },
    { "i32", "2147483648" },
    { "i32", "-2147483649" },
    { "u8", "256" },
    { "u8", "-1" },
    { "u16", "65536" },
    { "u16", "-1" },
    { "u32", "4294967296" },
    { "u32", "-1" },
    { "u64", "-1" },
    { "i32", "'abc'" },
    { "i32", "1.5" },
    { "i32", "x'00'" },
    { "f", "1e39" },
    { "f", "'x'" },
    { "d", "9007199254740993" },
    { "d", "x'00'" },
    { "text", "5" },
    { "text", "CAST(x'ff' AS TEXT)" },
    { "text", "CAST(x'610062' AS TEXT)" },
    { "text", "CAST(x'eda080' AS TEXT)" },
    { "chars", "'12345678'" },
    { "chars", "NULL" },
    { "blob", "'text'" },
    { "time", "'yesterday'" },
    { "time", "'2023-02-29 00:00:00'" },
    { "time", "17" },
    { "date", "'2023-02-29'" },
    { "date", "20230228" },
    { "uuid", "x'00'" },
    { "uuid", "zeroblob(17)" },
    { "uuid", "'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'" },
    { "oid", "zeroblob(16)" },
    { "price", "1.5" },
    { "price", "'1.50'" },
    { "price", "10000000000" },
    { "big", "5" },
    { "big", "'1.5'" },
    { "big", "'p12'" },
    { "mood", "'sad'" },
    { "mood", "1" },
    { "mood", "''" },
    { "i64", "NULL" },
    { "oi", "2147483648" },
    { "od", "'x'" },
};

static void fm39_what_others_wrote_is_checked(void **state)
{
    world *w = *state;
    thing t = sample(), out[3];
    size_t count;
    char text[200];
    assert_int_equal(insert(w, &t, 1, true), OST_OK);
    /* The same columns without types, as another client might have made them. */
    sql(&w->b, "CREATE TABLE loose AS SELECT * FROM things; DROP TABLE things;"
               "ALTER TABLE loose RENAME TO things");
    sql(&w->b, "CREATE TABLE bare(id,flag,i8,i16,i32,u8,u16,u32,u64,f,d,text,chars,blob,time,date,"
               "uuid,oid,price,big,mood,oi,ob,ot,od,ou,odd,ouu,oda,oi8,ooi,\"of\");"
               "INSERT INTO bare SELECT * FROM things; DROP TABLE things;"
               "ALTER TABLE bare RENAME TO things");
    sql(&w->b, "INSERT INTO things SELECT 2,flag,i8,i16,i32,u8,u16,u32,u64,f,d,text,chars,blob,"
               "time,date,uuid,oid,price,big,mood,oi,ob,ot,od,ou,odd,ouu,oda,oi8,ooi,\"of\""
               " FROM things; CREATE TABLE kept AS SELECT * FROM things");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *name = strcmp(wrong[i].column, "i64") == 0 ? "id" : wrong[i].column;
        made *m = make(&w->b, OST_DO_SELECT, w->things);
        sql(&w->b, "DELETE FROM things; INSERT INTO things SELECT * FROM kept");
        snprintf(text, sizeof text, "UPDATE things SET %s = %s WHERE id = 1", name, wrong[i].cell);
        sql(&w->b, text);
        all_columns(m, sizeof out[0]);
        if (run_rows(m, out, 3, &count) != OST_RANGE)
            fail_msg("%s = %s was read", name, wrong[i].cell);
        assert_int_equal(m->bad_count, 1);
        assert_string_equal(w->things->fields[m->bad_column].name, name);
        assert_int_equal(m->bad_status, OST_RANGE);
        /* The good row still came, into the space of the dropped one. */
        assert_int_equal(count, 1);
        t.id = 2;
        assert_same(&out[0], &t);
        discard(m);
    }
}

static void fm36_bounds_of_narrow_members(void **state)
{
    world *w = *state;
    thing in[2] = { sample(), sample() }, out[2];
    size_t count;
    in[0].i8 = 127;
    in[0].i16 = 32767;
    in[0].i32 = INT32_MAX;
    in[0].u8 = 0;
    in[0].u16 = 0;
    in[0].u32 = 0;
    in[0].u64 = 0;
    assert_int_equal(insert(w, in, 2, true), OST_OK);
    assert_int_equal(load(w, out, 2, &count), OST_OK);
    assert_same(&out[0], &in[0]);
    assert_same(&out[1], &in[1]);
}

static void fm38_decimals_are_exact(void **state)
{
    static const char *const texts[] = {
        "0",
        "0.0000000001",
        "-0.0000000001",
        "9999999999999999999999999999.9999999999",
        "-9999999999999999999999999999.9999999999",
        "1",
        "-1",
        "9007199254740993.0000000001",
        "123456789012345678.9012345678",
    };
    enum { COUNT = sizeof texts / sizeof texts[0] };
    world *w = *state;
    thing in[COUNT], out[COUNT];
    size_t count;
    made *m = make(&w->b, OST_DO_SELECT, w->things);
    for (size_t i = 0; i < COUNT; i++) {
        in[i] = sample();
        in[i].big = dec(texts[i]);
    }
    assert_int_equal(insert(w, in, COUNT, true), OST_OK);
    all_columns(m, sizeof out[0]);
    order_by(m, member(m, "big"), false);
    assert_int_equal(run_rows(m, out, COUNT, &count), OST_OK);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(out[i].big.scale, 10);
        assert_int_equal(ost_decimal_compare(out[i].big, in[out[i].id - 1].big), 0);
        if (i > 0)
            assert_int_equal(ost_decimal_compare(out[i - 1].big, out[i].big), -1);
    }
    discard(m);
}

static void fm35_text_with_a_nul_is_refused_at_every_position(void **state)
{
    world *w = *state;
    thing t = sample(), out;
    size_t count;
    char text[200];
    assert_int_equal(insert(w, &t, 1, true), OST_OK);
    for (int at_byte = 0; at_byte < 20; at_byte++) {
        static const char *const columns[] = { "text", "time", "date", "mood", "big" };
        for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
            sql(&w->b, "PRAGMA ignore_check_constraints = ON; SAVEPOINT s");
            snprintf(
                text, sizeof text,
                "UPDATE things SET %s = CAST(substr(CAST(%s || '12345678901234567890' AS BLOB),"
                " 1, %d) || x'00' || x'61' AS TEXT)",
                columns[i], columns[i], at_byte);
            sql(&w->b, text);
            assert_int_equal(load(w, &out, 1, &count), OST_RANGE);
            assert_int_equal(count, 0);
            sql(&w->b, "ROLLBACK TO s; RELEASE s");
        }
    }
    /* Blobs are bytes: they hold any. */
    assert_int_equal(load(w, &out, 1, &count), OST_OK);
    assert_int_equal(out.blob.size, 3);
    assert_int_equal(((const char *)out.blob.data)[1], '\0');
}

/* A decimal of random digits that fits precision 38 and scale 10, or precision 10 and scale 2. */
static ost_decimal random_decimal(uint64_t *seed, int digits, int scale)
{
    char text[48];
    int size = 0;
    if ((*seed = *seed * 6364136223846793005u + 1442695040888963407u) >> 63)
        text[size++] = '-';
    digits = 1 + (int)((*seed >> 33) % (uint64_t)digits);
    if (digits <= scale)
        text[size++] = '0';
    for (int i = digits; i > 0; i--) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        if (i == scale || (i < scale && i == digits))
            text[size++] = '.';
        for (int zeros = i == digits && i < scale ? scale - i : 0; zeros > 0; zeros--)
            text[size++] = '0';
        text[size++] = (char)('0' + (*seed >> 33) % 10);
    }
    text[size] = '\0';
    return dec(text);
}

static void fm38_random_decimals_are_bit_exact(void **state)
{
    enum { COUNT = 2000 };
    world *w = *state;
    thing *in = calloc(COUNT, sizeof *in), *out = calloc(COUNT, sizeof *out);
    uint64_t seed = 1;
    size_t count;
    made *m = make(&w->b, OST_DO_SELECT, w->things);
    assert_non_null(in);
    assert_non_null(out);
    for (size_t i = 0; i < COUNT; i++) {
        in[i] = sample();
        in[i].price = random_decimal(&seed, 10, 2);
        in[i].big = random_decimal(&seed, 38, 10);
    }
    assert_int_equal(insert(w, in, COUNT, true), OST_OK);
    all_columns(m, sizeof out[0]);
    order_by(m, member(m, "big"), false);
    assert_int_equal(run_rows(m, out, COUNT, &count), OST_OK);
    assert_int_equal(count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        const thing *was = &in[out[i].id - 1];
        assert_int_equal(ost_decimal_compare(out[i].big, was->big), 0);
        assert_int_equal(ost_decimal_compare(out[i].price, was->price), 0);
        assert_true(i == 0 || ost_decimal_compare(out[i - 1].big, out[i].big) <= 0);
    }
    discard(m);
    free(in);
    free(out);
}

static void fm40_every_year_comes_back(void **state)
{
    static const char *const texts[] = {
        "0001-01-01T00:00:00Z",        "1582-10-10T00:00:00Z", "1900-02-28T23:59:59.000001Z",
        "1970-01-01T00:00:00Z",        "2000-02-29T12:00:00Z", "2038-01-19T03:14:08Z",
        "9999-12-31T23:59:59.999999Z",
    };
    enum { COUNT = sizeof texts / sizeof texts[0] };
    world *w = *state;
    thing in[COUNT], out[COUNT];
    size_t count;
    setenv("TZ", "Pacific/Apia", 1);
    for (size_t i = 0; i < COUNT; i++) {
        in[i] = sample();
        assert_true(ost_time_parse(texts[i], &in[i].time));
    }
    assert_int_equal(insert(w, in, COUNT, true), OST_OK);
    assert_int_equal(load(w, out, COUNT, &count), OST_OK);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(out[i].time.microseconds, in[i].time.microseconds);
    unsetenv("TZ");
}

static void rows_come_in_spans_of_any_size(void **state)
{
    world *w = *state;
    thing in[7], out[7];
    for (size_t i = 0; i < 7; i++)
        in[i] = sample();
    assert_int_equal(insert(w, in, 7, true), OST_OK);
    for (size_t chunk = 1; chunk < 9; chunk++) {
        made *m = make(&w->b, OST_DO_SELECT, w->things);
        size_t count;
        m->row_chunk = chunk;
        all_columns(m, sizeof out[0]);
        assert_int_equal(run_rows(m, out, 7, &count), OST_OK);
        assert_int_equal(count, 7);
        for (size_t i = 0; i < 7; i++)
            assert_same(&out[i], &in[i]);
        discard(m);
    }
}

static void a_sink_that_wants_no_more_stops_the_statement(void **state)
{
    world *w = *state;
    thing in[3] = { sample(), sample(), sample() }, out[3];
    made *m = make(&w->b, OST_DO_SELECT, w->things);
    size_t count;
    assert_int_equal(insert(w, in, 3, true), OST_OK);
    all_columns(m, sizeof out[0]);
    assert_int_equal(run_rows(m, out, 2, &count), OST_CANCELLED);
    assert_int_equal(count, 2);
    /* The statement is clean again. */
    assert_int_equal(run_rows(m, out, 3, &count), OST_OK);
    assert_int_equal(count, 3);
    discard(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stored_forms_are_those_of_the_table_of_types, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(absent_and_empty_are_two_things, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fm37_nan_is_refused_and_minus_zero_is_zero, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(values_without_a_form_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fm39_what_others_wrote_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fm36_bounds_of_narrow_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fm38_decimals_are_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fm35_text_with_a_nul_is_refused_at_every_position, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(fm38_random_decimals_are_bit_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fm40_every_year_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_come_in_spans_of_any_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sink_that_wants_no_more_stops_the_statement, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
