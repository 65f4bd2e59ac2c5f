/* SPDX-License-Identifier: MIT */
/* Every kind there and back through a real table: its edges, and what it must refuse. */
#include "postgres/wides.h"

#include <float.h>
#include <limits.h>
#include <math.h>

/* ---- round trips ---- */

static void nothing_is_null(void **state)
{
    wide w = wides_blank(1);
    (void)state;
    w.text = w.brief = NULL;
    w.blob.data = NULL;
    wides_round_trip(&w, 1);
    assert_string_equal(rig_text(wides_rig,
                                 "SELECT num_nulls(text, brief, blob, o_flag, o_i8, o_i16,"
                                 " o_i32, o_i64, o_u8, o_u16, o_u32, o_u64, o_f, o_d, o_time,"
                                 " o_date, o_uuid, o_object, o_price, o_size) FROM wides"),
                        "20");
}

static void fm36_every_integer_to_its_edges(void **state)
{
    wide rows[5];
    (void)state;
    for (int i = 0; i < 5; i++) {
        static const int64_t i64[] = { INT64_MIN, INT64_MIN + 1, 0, INT64_MAX - 1, INT64_MAX };
        static const int i32[] = { INT_MIN, INT_MIN + 1, -1, INT_MAX - 1, INT_MAX };
        static const uint64_t u64[] = { 0, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX - 1,
                                        UINT64_MAX };
        wide w = wides_blank(i);
        w.flag = i % 2;
        w.i8 = (signed char)(i < 2 ? SCHAR_MIN + i : SCHAR_MAX - 4 + i);
        w.i16 = (short)(i < 2 ? SHRT_MIN + i : SHRT_MAX - 4 + i);
        w.i32 = i32[i];
        w.i64 = i64[i];
        w.u8 = (unsigned char)(i < 2 ? i : UCHAR_MAX - 4 + i);
        w.u16 = (unsigned short)(i < 2 ? i : USHRT_MAX - 4 + i);
        w.u32 = i < 2 ? (unsigned)i : UINT_MAX - 4 + (unsigned)i;
        w.u64 = u64[i];
        w.o_flag = (ost_opt_bool){ true, i % 2 == 0 };
        w.o_i8 = (ost_opt_int8){ true, w.i8 };
        w.o_i16 = (ost_opt_int16){ true, w.i16 };
        w.o_i32 = (ost_opt_int){ true, w.i32 };
        w.o_i64 = (ost_opt_int64){ true, w.i64 };
        w.o_u8 = (ost_opt_uint8){ true, w.u8 };
        w.o_u16 = (ost_opt_uint16){ true, w.u16 };
        w.o_u32 = (ost_opt_uint){ true, w.u32 };
        w.o_u64 = (ost_opt_uint64){ true, w.u64 };
        w.size = (breadth)(i % 3);
        w.o_size = (ost_opt_int){ true, (i + 1) % 3 };
        rows[i] = w;
    }
    wides_round_trip(rows, 5);
    assert_string_equal(rig_text(wides_rig, "SELECT string_agg(size, ' ' ORDER BY id) FROM wides"),
                        "small large tiny small large");
}

static void fm37_every_class_of_real(void **state)
{
    static const double reals[] = {
        0.0,
        1.0,
        -1.0,
        0.1,
        DBL_MAX,
        -DBL_MAX,
        DBL_MIN,
        -DBL_MIN,
        5e-324,
        -5e-324,
        INFINITY,
        -INFINITY,
        9007199254740993.0,
        1e22,
        1.0 / 3,
        1e308,
        0x1p-1022,
        0x1.fffffffffffffp-1023,
        123456.789,
    };
    static const float singles[] = {
        0.0F,        1.0F,      -1.0F,      0.1F,      FLT_MAX,   -FLT_MAX,    FLT_MIN,
        -FLT_MIN,    0x1p-149F, -0x1p-149F, INFINITY,  -INFINITY, 16777217.0F, 1e10F,
        1.0F / 3.0F, 1e38F,     0x1p-126F,  0x1p-127F, 3.14F,
    };
    enum { COUNT = sizeof reals / sizeof reals[0] };
    wide rows[COUNT], odd = wides_blank(1), back[2];
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        rows[i] = wides_blank(i);
        rows[i].d = reals[i];
        rows[i].f = singles[i];
        rows[i].o_d = (ost_opt_double){ true, -reals[i] == 0 ? 0 : -reals[i] };
        rows[i].o_f = (ost_opt_float){ true, -singles[i] == 0 ? 0 : -singles[i] };
    }
    wides_round_trip(rows, COUNT);
    wides_clear(NULL);
    odd.d = -0.0;
    odd.f = -0.0F;
    assert_int_equal(wides_insert(&odd, 1), OST_OK);
    assert_int_equal(wides_load(back, 2), 1);
    assert_false(signbit(back[0].d) || signbit(back[0].f));
    /* NaN is no number that can be compared, so it is not stored. */
    odd.id = 2;
    odd.d = NAN;
    assert_int_equal(wides_insert(&odd, 1), OST_RANGE);
    assert_int_equal(wides_copy(&odd, 1), OST_RANGE);
    assert_string_equal(wides_rig->b.error.field, "d");
    assert_int_equal(wides_rig->b.error.nothing_sent, 1);
    odd.d = 0;
    odd.f = NAN;
    assert_int_equal(wides_insert(&odd, 1), OST_RANGE);
    /* One that others stored is read as it is. */
    rig_sql(wides_rig, "UPDATE wides SET d = 'NaN', o_f = 'NaN'");
    assert_int_equal(wides_load(back, 2), 1);
    assert_true(isnan(back[0].d) && back[0].o_f.present && isnan(back[0].o_f.value));
}

static void fm34_text_of_all_planes(void **state)
{
    static char every[0x110000 * 4 + 1];
    static const uint32_t planes[] = { 0x41,    0x7F,    0x80,    0x7FF,   0x800,   0xFFFD,  0xFDD0,
                                       0x1F600, 0x20000, 0x3FFFF, 0xE0001, 0xF0000, 0x10FFFF };
    wide rows[sizeof planes / sizeof planes[0]];
    char texts[sizeof planes / sizeof planes[0]][24];
    size_t end = 0;
    (void)state;
    for (uint32_t c = 1; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        if (c < 0x80) {
            every[end++] = (char)c;
        } else if (c < 0x800) {
            every[end++] = (char)(0xC0 | c >> 6);
        } else if (c < 0x10000) {
            every[end++] = (char)(0xE0 | c >> 12);
            every[end++] = (char)(0x80 | (c >> 6 & 0x3F));
        } else {
            every[end++] = (char)(0xF0 | c >> 18);
            every[end++] = (char)(0x80 | (c >> 12 & 0x3F));
            every[end++] = (char)(0x80 | (c >> 6 & 0x3F));
        }
        if (c >= 0x80)
            every[end++] = (char)(0x80 | (c & 0x3F));
    }
    every[end] = '\0';
    rows[0] = wides_blank(0);
    rows[0].text = every;
    wides_round_trip(rows, 1);
    for (size_t i = 0; i < sizeof planes / sizeof planes[0]; i++) {
        uint32_t c = planes[i];
        size_t n = 0;
        for (int j = 0; j < 5; j++) {
            if (c < 0x80) {
                texts[i][n++] = (char)c;
                continue;
            }
            if (c >= 0x10000) {
                texts[i][n++] = (char)(0xF0 | c >> 18);
                texts[i][n++] = (char)(0x80 | (c >> 12 & 0x3F));
            } else if (c >= 0x800) {
                texts[i][n++] = (char)(0xE0 | c >> 12);
            }
            texts[i][n++] = c >= 0x800 ? (char)(0x80 | (c >> 6 & 0x3F)) : (char)(0xC0 | c >> 6);
            texts[i][n++] = (char)(0x80 | (c & 0x3F));
        }
        texts[i][n] = '\0';
        rows[i] = wides_blank((int64_t)i);
        rows[i].brief = rows[i].text = texts[i]; /* five characters fill the varchar */
        if (n < sizeof rows[i].chars)
            memcpy(rows[i].chars, texts[i], n + 1);
    }
    wides_round_trip(rows, sizeof planes / sizeof planes[0]);
}

static void texts_keep_their_spaces_and_quotes(void **state)
{
    static const char *const texts[] = { "",   " ",     "a ",   " a",   "'", "\"",  "\\",
                                         "$1", "\\x41", "NULL", "\t\n", "%", "-- ;" };
    enum { COUNT = sizeof texts / sizeof texts[0] };
    wide rows[COUNT];
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        rows[i] = wides_blank((int64_t)i);
        rows[i].text = texts[i];
        rows[i].brief = texts[i];
        memcpy(rows[i].chars, texts[i], strlen(texts[i]) + 1);
    }
    wides_round_trip(rows, COUNT);
}

/* A char array that is not closed has no text; C texts end at a NUL, so that none is cut. */
static void fm35_text_without_end_is_refused(void **state)
{
    wide w = wides_blank(1);
    (void)state;
    memset(w.chars, 'x', sizeof w.chars);
    assert_int_equal(wides_insert(&w, 1), OST_RANGE);
    assert_string_equal(wides_rig->b.error.field, "chars");
    assert_int_equal(wides_copy(&w, 1), OST_RANGE);
    w.chars[7] = '\0';
    wides_round_trip(&w, 1);
}

static void fm35_blobs_keep_every_byte(void **state)
{
    static uint8_t large[100000];
    uint8_t all[256];
    wide rows[4] = { wides_blank(0), wides_blank(1), wides_blank(2), wides_blank(3) };
    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * 7);
    rows[1].blob = (ost_blob){ all, sizeof all };
    rows[2].blob = (ost_blob){ "\0", 1 };
    rows[3].blob = (ost_blob){ large, sizeof large };
    memcpy(rows[1].uuid.bytes, all + 240, 16);
    memcpy(rows[2].object.bytes, all + 244, 12);
    rows[3].o_uuid.present = rows[3].o_object.present = true;
    memset(rows[3].o_uuid.value.bytes, 0xFF, 16);
    wides_round_trip(rows, 4);
}

static void fm40_times_of_all_years_in_any_zone(void **state)
{
    static const char *const zones[] = { "UTC", "America/New_York", "Asia/Kathmandu",
                                         "Pacific/Apia", "Australia/Lord_Howe" };
    static const char *const times[] = {
        "0001-01-01T00:00:00Z",        "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00Z",        "1999-12-31T23:59:59.999999Z", "2000-01-01T00:00:00Z",
        "2000-02-29T12:00:00.000001Z", "2024-03-10T06:59:59.999999Z", "2024-03-10T07:00:00Z",
        "2024-11-03T05:30:00Z",        "2024-11-03T06:30:00Z",        "2038-01-19T03:14:08Z",
        "1582-10-10T00:00:00Z",        "1883-11-18T17:00:00Z",        "0004-02-29T23:59:59Z",
    };
    enum { COUNT = sizeof times / sizeof times[0] };
    wide rows[COUNT];
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        rows[i] = wides_blank((int64_t)i);
        rows[i].time = at(times[i]);
        rows[i].o_time = (ost_opt_time){ true, at(times[i]) };
        rows[i].date.days = (int32_t)((rows[i].time.microseconds -
                                       (rows[i].time.microseconds < 0 ? 86399999999 : 0)) /
                                      86400000000);
        rows[i].o_date = (ost_opt_date){ true, rows[i].date };
    }
    for (size_t z = 0; z < sizeof zones / sizeof zones[0]; z++) {
        char text[80];
        snprintf(text, sizeof text, "SET TimeZone = '%s'", zones[z]);
        rig_sql(wides_rig, text);
        wides_round_trip(rows, COUNT);
        /* The server means the same instants. */
        assert_string_equal(rig_text(wides_rig, "SELECT string_agg(to_char(time AT TIME ZONE 'UTC',"
                                                " 'YYYY-MM-DD HH24:MI:SS.US'), '|' ORDER BY id)"
                                                " FROM wides WHERE id IN (0, 1, 7)"),
                            "0001-01-01 00:00:00.000000|9999-12-31 23:59:59.999999|"
                            "2024-03-10 06:59:59.999999");
        assert_string_equal(
            rig_text(wides_rig, "SELECT min(date)::text || '|' || max(date) FROM wides"),
            "0001-01-01|9999-12-31");
    }
    rig_sql(wides_rig, "SET TimeZone = 'UTC'");
}

static void fm40_times_beyond_the_years_are_refused(void **state)
{
    static const char *const stored[] = { "infinity", "-infinity", "0001-12-31 23:59:59 BC",
                                          "10000-01-01 00:00:00" };
    wide w = wides_blank(1), back[2];
    (void)state;
    w.time = at("0001-01-01T00:00:00Z");
    w.time.microseconds--;
    assert_int_equal(wides_insert(&w, 1), OST_RANGE);
    w.time = at("9999-12-31T23:59:59.999999Z");
    w.time.microseconds++;
    assert_int_equal(wides_copy(&w, 1), OST_RANGE);
    w.time.microseconds = INT64_MIN;
    assert_int_equal(wides_insert(&w, 1), OST_RANGE);
    w.time.microseconds = 0;
    w.date.days = INT32_MAX;
    assert_int_equal(wides_insert(&w, 1), OST_RANGE);
    w.date.days = 0;
    assert_int_equal(wides_insert(&w, 1), OST_OK);
    for (size_t i = 0; i < 8; i++) {
        made *m = make(&wides_rig->b, OST_DO_SELECT, wides_table);
        char text[100];
        size_t count = 2;
        snprintf(text, sizeof text, "UPDATE wides SET time = '%s', date = '%s'",
                 i < 4 ? stored[i] : "2000-01-01", i < 4 ? "2000-01-01" : stored[i - 4]);
        rig_sql(wides_rig, text);
        all_columns(m, sizeof w);
        assert_int_equal(rig_run(wides_rig, m, back, &count), OST_RANGE);
        assert_int_equal(count, 0);
        assert_string_equal(wides_table->fields[m->bad_column].name, i < 4 ? "time" : "date");
    }
}

/* ---- decimals and names ---- */

static void fm33_decimals_are_never_rounded(void **state)
{
    static const struct {
        const char *price;
        ost_status status;
    } cases[] = {
        { "0.00", OST_OK },
        { "-0.01", OST_OK },
        { "9999999999.99", OST_OK },
        { "-9999999999.99", OST_OK },
        { "1.5", OST_OK },
        { "7", OST_OK },
        { "1.230", OST_OK },
        { "1.239", OST_RANGE },
        { "10000000000.00", OST_RANGE },
        { "0.001", OST_RANGE },
        { "-10000000000", OST_RANGE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wide w = wides_blank((int64_t)i), back[WIDES_MAX];
        w.price = dec(cases[i].price);
        wides_clear(NULL);
        assert_int_equal(wides_insert(&w, 1), cases[i].status);
        if (cases[i].status != OST_OK) {
            assert_string_equal(wides_rig->b.error.field, "price");
            assert_int_equal(wides_copy(&w, 1), OST_RANGE);
            continue;
        }
        assert_int_equal(wides_load(back, WIDES_MAX), 1);
        assert_int_equal(ost_decimal_compare(back[0].price, w.price), 0);
        assert_int_equal(back[0].price.scale, 2);
    }
    wide w = wides_blank(1);
    w.huge = dec("9999999999999999999999999999.9999999999");
    w.o_price = (ost_opt_decimal){ true, dec("-0.01") };
    wides_round_trip(&w, 1);
    w.huge.scale = 99;
    assert_int_equal(wides_insert(&w, 1), OST_RANGE);
}

static void names_that_are_none_are_refused(void **state)
{
    wide w = wides_blank(1), back[2];
    made *m = make(&wides_rig->b, OST_DO_SELECT, wides_table);
    size_t count = 2;
    (void)state;
    w.size = (breadth)3;
    assert_int_equal(wides_insert(&w, 1), OST_RANGE);
    w.size = (breadth)-1;
    assert_int_equal(wides_insert(&w, 1), OST_RANGE);
    w.size = TINY;
    assert_int_equal(wides_insert(&w, 1), OST_OK);
    rig_sql(wides_rig, "ALTER TABLE wides DROP CONSTRAINT wides_size_check");
    rig_sql(wides_rig, "UPDATE wides SET size = 'tin'");
    all_columns(m, sizeof w);
    assert_int_equal(rig_run(wides_rig, m, back, &count), OST_RANGE);
    assert_string_equal(wides_table->fields[m->bad_column].name, "size");
    wides_clear(NULL);
    rig_sql(wides_rig, "ALTER TABLE wides ADD CONSTRAINT wides_size_check"
                       " CHECK (size IN ('small', 'large', 'tiny'))");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_null, wides_clear),
        cmocka_unit_test_setup(fm36_every_integer_to_its_edges, wides_clear),
        cmocka_unit_test_setup(fm37_every_class_of_real, wides_clear),
        cmocka_unit_test_setup(fm34_text_of_all_planes, wides_clear),
        cmocka_unit_test_setup(texts_keep_their_spaces_and_quotes, wides_clear),
        cmocka_unit_test_setup(fm35_text_without_end_is_refused, wides_clear),
        cmocka_unit_test_setup(fm35_blobs_keep_every_byte, wides_clear),
        cmocka_unit_test_setup(fm40_times_of_all_years_in_any_zone, wides_clear),
        cmocka_unit_test_setup(fm40_times_beyond_the_years_are_refused, wides_clear),
        cmocka_unit_test_setup(fm33_decimals_are_never_rounded, wides_clear),
        cmocka_unit_test_setup(names_that_are_none_are_refused, wides_clear),
    };
    return cmocka_run_group_tests(tests, wides_begin, rig_end);
}
