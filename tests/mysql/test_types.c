/* SPDX-License-Identifier: MIT */
/* Every kind there and back through a real table: its edges, and what it must refuse. */
#include "mysql/wides.h"

#include <float.h>
#include <limits.h>
#include <math.h>

/* Refused before anything is sent, by every way, with the member's name. */
static void refuses(const wide *w, ost_status status, const char *field)
{
    for (enum wides_way way = WIDES_SINGLY; way <= WIDES_ROWS; way++) {
        wide rows[3] = { wides_blank(90), *w, wides_blank(92) };
        assert_int_equal(
            wides_insert(way, way == WIDES_SINGLY ? w : rows, way == WIDES_SINGLY ? 1 : 3), status);
        assert_string_equal(wides_now->b.error.field, field);
        assert_string_equal(wides_now->b.error.model, "wide");
        assert_string_equal(wides_text("SELECT COUNT(*) FROM wides"), "0");
    }
}

static void nothing_is_null(void **state)
{
    wide w = wides_blank(1);
    (void)state;
    w.text = w.brief = NULL;
    w.blob.data = NULL;
    wides_round_trip(&w, 1);
    assert_string_equal(wides_text("SELECT (text IS NULL) + (brief IS NULL) + (`blob` IS NULL) + "
                                   "(o_flag IS NULL) + (o_i8 IS NULL) + (o_u64 IS NULL) + "
                                   "(o_f IS NULL) + (o_d IS NULL) + (o_time IS NULL) + "
                                   "(o_date IS NULL) + (o_uuid IS NULL) + (o_object IS NULL) + "
                                   "(o_price IS NULL) + (o_size IS NULL) FROM wides"),
                        "14");
}

static void columns_are_what_was_promised(void **state)
{
    (void)state;
    assert_string_equal(
        wides_text(
            "SELECT CONCAT(COLUMN_NAME, ' ', COLUMN_TYPE, IF(IS_NULLABLE = 'YES', '', ' !')) "
            "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND "
            "TABLE_NAME = 'wides' AND ORDINAL_POSITION <= 23 ORDER BY ORDINAL_POSITION"),
        "id bigint(20) !|flag tinyint(1) !|i8 tinyint(4) !|i16 smallint(6) !|i32 int(11) !|"
        "i64 bigint(20) !|u8 tinyint(3) unsigned !|u16 smallint(5) unsigned !|"
        "u32 int(10) unsigned !|u64 bigint(20) unsigned !|f double !|d double !|text longtext|"
        "brief varchar(40)|chars varchar(7) !|blob longblob|time datetime(6) !|date date !|"
        "uuid binary(16) !|object binary(12) !|price decimal(10,2) !|huge decimal(38,10) !|"
        "size varchar(11) !");
    assert_string_equal(
        wides_text("SELECT DISTINCT COLLATION_NAME FROM information_schema.COLUMNS WHERE "
                   "TABLE_SCHEMA = DATABASE() AND COLLATION_NAME IS NOT NULL"),
        "utf8mb4_nopad_bin");
    /* The constraints hold for others too. */
    wide w = wides_blank(1);
    assert_int_equal(wides_insert(WIDES_SINGLY, &w, 1), OST_OK);
    assert_non_null(server_refuses(wides_now->url, "UPDATE wides SET flag = 2"));
    assert_non_null(server_refuses(wides_now->url, "UPDATE wides SET size = 'Small'"));
    assert_non_null(server_refuses(wides_now->url, "UPDATE wides SET size = 'small '"));
    assert_null(server_refuses(wides_now->url, "UPDATE wides SET size = 'gr\xc3\xb6\xc3\x9f"
                                               "er'"));
}

static void fm36_every_integer_to_its_edges(void **state)
{
    static const int64_t i64[] = { INT64_MIN, INT64_MIN + 1, 0, INT64_MAX - 1, INT64_MAX };
    static const int i32[] = { INT_MIN, INT_MIN + 1, -1, INT_MAX - 1, INT_MAX };
    static const uint64_t u64[] = { 0, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX };
    wide rows[5];
    (void)state;
    for (int i = 0; i < 5; i++) {
        wide w = wides_blank(i - 2);
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
    assert_string_equal(wides_text("SELECT size FROM wides ORDER BY id"),
                        "small|gr\xc3\xb6\xc3\x9f"
                        "er|tiny \\ 'it'|small|gr\xc3\xb6\xc3\x9f"
                        "er");
    assert_string_equal(wides_text("SELECT u64 FROM wides ORDER BY id DESC LIMIT 1"),
                        "18446744073709551615");
}

static void fm36_a_number_without_a_name(void **state)
{
    wide w = wides_blank(1);
    (void)state;
    w.size = (breadth)3;
    refuses(&w, OST_RANGE, "size");
    w.size = SMALL;
    w.o_size = (ost_opt_int){ true, -1 };
    refuses(&w, OST_RANGE, "o_size");
}

static void fm37_every_class_of_real(void **state)
{
    static const double reals[] = {
        0.0,      1.0,        -1.0,    0.1,  DBL_MAX, -DBL_MAX,           DBL_MIN,
        -DBL_MIN, 5e-324,     -5e-324, 1e22, 1.0 / 3, 9007199254740993.0, 0x1.fffffffffffffp-1023,
        1e308,    123456.789,
    };
    static const float singles[] = {
        0.0F,      1.0F,       -1.0F,       0.1F,  FLT_MAX,     -FLT_MAX,  FLT_MIN, -FLT_MIN,
        0x1p-149F, -0x1p-149F, 16777217.0F, 1e10F, 1.0F / 3.0F, 0x1p-127F, 1e38F,   3.14F,
    };
    static const double refused[] = { NAN, INFINITY, -INFINITY };
    enum { COUNT = sizeof reals / sizeof reals[0] };
    wide rows[COUNT], odd, back[2];
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        rows[i] = wides_blank(i);
        rows[i].d = reals[i];
        rows[i].f = singles[i];
        rows[i].o_d = (ost_opt_double){ true, reals[i] == 0 ? 0 : -reals[i] };
        rows[i].o_f = (ost_opt_float){ true, singles[i] == 0 ? 0 : -singles[i] };
    }
    wides_round_trip(rows, COUNT);
    wides_clear(NULL);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        odd = wides_blank(1);
        odd.d = refused[i];
        refuses(&odd, OST_RANGE, "d");
        odd.d = 0;
        odd.f = (float)refused[i];
        refuses(&odd, OST_RANGE, "f");
        odd.f = 0;
        odd.o_d = (ost_opt_double){ true, refused[i] };
        refuses(&odd, OST_RANGE, "o_d");
    }
    odd = wides_blank(1);
    odd.d = -0.0;
    odd.f = -0.0F;
    for (enum wides_way way = WIDES_SINGLY; way <= WIDES_ROWS; way++) {
        wides_clear(NULL);
        assert_int_equal(wides_insert(way, &odd, 1), OST_OK);
        assert_int_equal(wides_load(back, 2), 1);
        assert_false(signbit(back[0].d) || signbit(back[0].f));
    }
}

static size_t encode(uint32_t c, char *out)
{
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t heads[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = size; i > 1; i--, c >>= 6)
        out[i - 1] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(heads[size] | c);
    return size;
}

static void fm34_text_of_all_planes(void **state)
{
    static char planes[17][0x10000 * 4 + 1];
    static const uint32_t points[] = { 0x41,    0x7F,    0x80,    0x7FF,   0x800,   0xFFFD,
                                       0xFDD0,  0x1F600, 0x20000, 0x3FFFF, 0xE0001, 0xF0000,
                                       0x10FFF, 0xFFFF,  0x1FFFF, 0xEFFFF, 0x10FFFF };
    enum { COUNT = sizeof points / sizeof points[0] };
    wide rows[COUNT];
    char texts[COUNT][24];
    (void)state;
    for (uint32_t c = 1, end = 0; c <= 0x10FFFF; c++) {
        if (c % 0x10000 == 0)
            end = 0;
        if (c < 0xD800 || c > 0xDFFF)
            end += (uint32_t)encode(c, planes[c / 0x10000] + end);
    }
    for (int i = 0; i < COUNT; i++) {
        size_t size = encode(points[i], texts[i]);
        /* Spaces at the end are part of a text. */
        memcpy(texts[i] + size, " end  ", 7);
        rows[i] = wides_blank(i);
        rows[i].brief = texts[i];
        rows[i].text = planes[i];
        encode(points[i], rows[i].chars);
    }
    wides_round_trip(rows, COUNT);
}

static void fm35_blobs_of_any_bytes(void **state)
{
    /* Around the buffer that short ones are fetched into, and beyond the packets of the wire. */
    static const size_t sizes[] = { 0, 1, 63, 64, 65, 255, 4095, 4096, 4097, 70000, 3000000 };
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    wide rows[COUNT];
    char *bytes = malloc(3000000), *letters = malloc(3000001);
    (void)state;
    for (size_t i = 0; i < 3000000; i++) {
        bytes[i] = (char)(i * 31 + i / 251);
        letters[i] = (char)('a' + i % 26);
    }
    for (size_t i = 0; i < COUNT; i++) {
        rows[i] = wides_blank((int64_t)i);
        rows[i].blob = (ost_blob){ .data = bytes, .size = sizes[i] };
        rows[i].text = letters + 3000000 - sizes[i];
        for (size_t k = 0; k < sizeof rows[i].uuid; k++)
            rows[i].uuid.bytes[k] = (uint8_t)(k * 16 + i);
        /* Zeros at the end are bytes like others. */
        memcpy(rows[i].object.bytes, "\xff\x00\x01\x00 \x00", 6);
        rows[i].o_uuid = (ost_opt_uuid){ true, { { 0 } } };
        rows[i].o_object = (ost_opt_object_id){ true, rows[i].object };
    }
    letters[3000000] = '\0';
    wides_round_trip(rows, COUNT);
    free(bytes);
    free(letters);
}

static void fm35_an_array_without_its_nul(void **state)
{
    wide w = wides_blank(1);
    (void)state;
    memset(w.chars, 'x', sizeof w.chars);
    refuses(&w, OST_RANGE, "chars");
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static ost_decimal random_decimal(uint64_t *seed, int digits, int32_t scale)
{
    char text[OST_DECIMAL_TEXT_SIZE];
    int n = 0, used = 1 + (int)(next_random(seed) % (uint64_t)digits);
    if (next_random(seed) % 2)
        text[n++] = '-';
    for (int i = digits; i > 0; i--) {
        if (i == scale) {
            if (n == 0 || text[n - 1] == '-')
                text[n++] = '0';
            text[n++] = '.';
        }
        if (i <= used || i <= scale)
            text[n++] = (char)('0' + (i <= used ? next_random(seed) % 10 : 0));
    }
    text[n] = '\0';
    return dec(text);
}

static void fm38_decimals_are_exact_to_the_bit(void **state)
{
    enum { ROUNDS = 25, EACH = 4000 };
    wide *rows = calloc(EACH, sizeof *rows);
    uint64_t seed = 88172645463325252u;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        wide *back = calloc(EACH + 1, sizeof *back);
        for (int i = 0; i < EACH; i++) {
            rows[i] = wides_blank(i);
            rows[i].huge = random_decimal(&seed, 38, 10);
            rows[i].price = random_decimal(&seed, 10, 2);
            rows[i].o_price = (ost_opt_decimal){ i % 3 != 0, random_decimal(&seed, 10, 2) };
        }
        wides_clear(NULL);
        assert_int_equal(wides_insert(round % 2 ? WIDES_ARRAY : WIDES_ROWS, rows, EACH), OST_OK);
        assert_int_equal(wides_load(back, EACH + 1), EACH);
        for (int i = 0; i < EACH; i++) {
            assert_memory_equal(&rows[i].huge, &back[i].huge, sizeof(ost_decimal));
            assert_memory_equal(&rows[i].price, &back[i].price, sizeof(ost_decimal));
            assert_true(rows[i].o_price.present == back[i].o_price.present);
            if (rows[i].o_price.present)
                assert_memory_equal(&rows[i].o_price.value, &back[i].o_price.value,
                                    sizeof(ost_decimal));
        }
        free(back);
    }
    free(rows);
}

static void fm33_no_decimal_is_rounded(void **state)
{
    static const char *const refused[] = { "100000000.00", "-100000000.00", "1.001", "0.009" };
    wide w = wides_blank(1), rows[3];
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        w.price = dec(refused[i]);
        refuses(&w, OST_RANGE, "price");
    }
    rows[0] = rows[1] = rows[2] = wides_blank(1);
    rows[1].id = 2;
    rows[2].id = 3;
    rows[0].price = dec("99999999.99");
    rows[1].price = dec("-99999999.99");
    rows[2].huge = dec("-9999999999999999999999999999.9999999999");
    wides_round_trip(rows, 3);
}

static void fm33_no_time_without_a_year(void **state)
{
    wide w = wides_blank(1);
    (void)state;
    w.time.microseconds = at("0001-01-01T00:00:00Z").microseconds - 1;
    refuses(&w, OST_RANGE, "time");
    w.time.microseconds = at("9999-12-31T23:59:59.999999Z").microseconds + 1;
    refuses(&w, OST_RANGE, "time");
    w.time.microseconds = INT64_MAX;
    refuses(&w, OST_RANGE, "time");
    w.time.microseconds = 0;
    w.date.days = -719163;
    refuses(&w, OST_RANGE, "date");
    w.date.days = 2932897;
    refuses(&w, OST_RANGE, "date");
}

static void fm40_instants_and_days(void **state)
{
    static const char *const instants[] = {
        "0001-01-01T00:00:00Z",        "9999-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00Z",        "1969-12-31T23:59:59.999999Z",
        "2038-01-19T03:14:08Z",        "2024-02-29T12:34:56.000001Z",
        "1900-02-28T23:59:59.5Z",      "2000-02-29T00:00:00Z",
        "2025-03-30T02:30:00Z", /* a gap in many zones */
        "2025-10-26T02:30:00.123456Z", "1582-10-10T00:00:00Z",
    };
    enum { COUNT = sizeof instants / sizeof instants[0] };
    wide rows[COUNT];
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        rows[i] = wides_blank(i);
        rows[i].time = at(instants[i]);
        rows[i].o_time = (ost_opt_time){ true, rows[i].time };
        rows[i].date.days = (int32_t)(rows[i].time.microseconds / 86400000000);
        if (rows[i].time.microseconds % 86400000000 < 0)
            rows[i].date.days--;
        rows[i].o_date = (ost_opt_date){ true, rows[i].date };
    }
    wides_round_trip(rows, COUNT);
    assert_string_equal(wides_text("SELECT CONCAT(time, ' ', date) FROM wides WHERE id IN (0, 1) "
                                   "ORDER BY id"),
                        "0001-01-01 00:00:00.000000 0001-01-01|"
                        "9999-12-31 23:59:59.999999 9999-12-31");
}

/* The server counts days as we do. */
static void fm40_every_day_is_its_own(void **state)
{
    enum { EACH = 3652 };
    char span[16];
    wide *rows = calloc(EACH, sizeof *rows), *back = calloc(EACH + 1, sizeof *back);
    (void)state;
    for (int32_t from = -719162; from < 2932896; from += EACH * 50) {
        for (int i = 0; i < EACH; i++) {
            rows[i] = wides_blank(i);
            rows[i].date.days = from + i < 2932896 ? from + i : 2932896;
            rows[i].time.microseconds =
                (int64_t)rows[i].date.days * 86400000000 + (int64_t)i * 23654321;
        }
        wides_clear(NULL);
        assert_int_equal(wides_insert(WIDES_ARRAY, rows, EACH), OST_OK);
        assert_int_equal(wides_load(back, EACH + 1), EACH);
        for (int i = 0; i < EACH; i++) {
            assert_int_equal(rows[i].date.days, back[i].date.days);
            assert_int_equal(rows[i].time.microseconds, back[i].time.microseconds);
        }
        snprintf(span, sizeof span, "%d", (int)(rows[EACH - 1].date.days - from));
        assert_string_equal(wides_text("SELECT MAX(TO_DAYS(date)) - MIN(TO_DAYS(date)) FROM wides"),
                            span);
    }
    free(rows);
    free(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(columns_are_what_was_promised, wides_clear),
        cmocka_unit_test_setup(nothing_is_null, wides_clear),
        cmocka_unit_test_setup(fm36_every_integer_to_its_edges, wides_clear),
        cmocka_unit_test_setup(fm36_a_number_without_a_name, wides_clear),
        cmocka_unit_test_setup(fm37_every_class_of_real, wides_clear),
        cmocka_unit_test_setup(fm34_text_of_all_planes, wides_clear),
        cmocka_unit_test_setup(fm35_blobs_of_any_bytes, wides_clear),
        cmocka_unit_test_setup(fm35_an_array_without_its_nul, wides_clear),
        cmocka_unit_test_setup(fm38_decimals_are_exact_to_the_bit, wides_clear),
        cmocka_unit_test_setup(fm33_no_decimal_is_rounded, wides_clear),
        cmocka_unit_test_setup(fm33_no_time_without_a_year, wides_clear),
        cmocka_unit_test_setup(fm40_instants_and_days, wides_clear),
        cmocka_unit_test_setup(fm40_every_day_is_its_own, wides_clear),
    };
    return cmocka_run_group_tests(tests, wides_begin, wides_end);
}
