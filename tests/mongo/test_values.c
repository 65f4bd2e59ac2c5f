/* SPDX-License-Identifier: MIT */
/* Every kind into a document and back, without a server: edges, and what is refused. */
#include "mongo/wides.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <time.h>

/* The kind of the element that a member becomes. */
static bson_type_t type_of(const wide *in, const char *key)
{
    bson_t document = BSON_INITIALIZER;
    bson_iter_t i;
    bson_type_t type = BSON_TYPE_EOD;
    assert_int_equal(reading_write(reading_now, in, &document), OST_OK);
    if (bson_iter_init_find(&i, &document, key))
        type = bson_iter_type(&i);
    bson_destroy(&document);
    return type;
}

static void kinds_become_what_was_promised(void **state)
{
    static const struct {
        const char *key;
        bson_type_t type;
    } kinds[] = {
        { "_id", BSON_TYPE_INT64 },       { "flag", BSON_TYPE_BOOL },
        { "i8", BSON_TYPE_INT32 },        { "i16", BSON_TYPE_INT32 },
        { "i32", BSON_TYPE_INT32 },       { "i64", BSON_TYPE_INT64 },
        { "u8", BSON_TYPE_INT32 },        { "u16", BSON_TYPE_INT32 },
        { "u32", BSON_TYPE_INT64 },       { "u64", BSON_TYPE_INT64 },
        { "f", BSON_TYPE_DOUBLE },        { "d", BSON_TYPE_DOUBLE },
        { "text", BSON_TYPE_UTF8 },       { "chars", BSON_TYPE_UTF8 },
        { "blob", BSON_TYPE_BINARY },     { "time", BSON_TYPE_DATE_TIME },
        { "date", BSON_TYPE_DATE_TIME },  { "uuid", BSON_TYPE_BINARY },
        { "object", BSON_TYPE_OID },      { "price", BSON_TYPE_DECIMAL128 },
        { "huge", BSON_TYPE_DECIMAL128 }, { "size", BSON_TYPE_UTF8 },
        { "o_flag", BSON_TYPE_EOD },      { "o_i8", BSON_TYPE_EOD },
        { "o_u64", BSON_TYPE_EOD },       { "o_d", BSON_TYPE_EOD },
        { "o_time", BSON_TYPE_EOD },      { "o_uuid", BSON_TYPE_EOD },
        { "o_price", BSON_TYPE_EOD },     { "o_size", BSON_TYPE_EOD },
    };
    wide w = wide_blank(1);
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (type_of(&w, kinds[i].key) != kinds[i].type)
            fail_msg("%s is of another kind", kinds[i].key);
    w.text = NULL;
    w.blob.data = NULL;
    assert_int_equal(type_of(&w, "text"), BSON_TYPE_EOD);
    assert_int_equal(type_of(&w, "blob"), BSON_TYPE_EOD);
    reading_round_trip(&w);
}

static void binaries_have_their_subtypes(void **state)
{
    wide w = wide_blank(1);
    bson_t document = BSON_INITIALIZER;
    bson_iter_t i;
    bson_subtype_t subtype;
    uint32_t size;
    const uint8_t *data;
    (void)state;
    w.blob = (ost_blob){ "\0\1", 2 };
    assert_int_equal(reading_write(reading_now, &w, &document), OST_OK);
    assert_true(bson_iter_init_find(&i, &document, "uuid"));
    bson_iter_binary(&i, &subtype, &size, &data);
    assert_int_equal(subtype, BSON_SUBTYPE_UUID);
    assert_int_equal(size, 16);
    assert_true(bson_iter_init_find(&i, &document, "blob"));
    bson_iter_binary(&i, &subtype, &size, &data);
    assert_int_equal(subtype, BSON_SUBTYPE_BINARY);
    assert_int_equal(size, 2);
    assert_memory_equal(data, "\0\1", 2);
    bson_destroy(&document);
}

static void fm36_every_integer_to_its_edges(void **state)
{
    static const int64_t i64[] = { INT64_MIN, INT64_MIN + 1, 0, INT64_MAX - 1, INT64_MAX };
    static const int i32[] = { INT_MIN, INT_MIN + 1, -1, INT_MAX - 1, INT_MAX };
    (void)state;
    for (int i = 0; i < 5; i++) {
        wide w = wide_blank(i - 2);
        w.flag = i % 2;
        w.i8 = (signed char)(i < 2 ? SCHAR_MIN + i : SCHAR_MAX - 4 + i);
        w.i16 = (short)(i < 2 ? SHRT_MIN + i : SHRT_MAX - 4 + i);
        w.i32 = i32[i];
        w.i64 = i64[i];
        w.u8 = (unsigned char)(i < 2 ? i : UCHAR_MAX - 4 + i);
        w.u16 = (unsigned short)(i < 2 ? i : USHRT_MAX - 4 + i);
        w.u32 = i < 2 ? (unsigned)i : UINT_MAX - 4 + (unsigned)i;
        w.u64 = i64[i] < 0 ? 0 : (uint64_t)i64[i];
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
        reading_round_trip(&w);
    }
}

static void fm36_what_has_no_place_is_refused(void **state)
{
    wide w = wide_blank(1);
    (void)state;
    w.u64 = UINT64_C(1) << 63;
    reading_refuses(&w, OST_RANGE, "u64");
    w.u64 = 0;
    w.o_u64 = (ost_opt_uint64){ true, UINT64_MAX };
    reading_refuses(&w, OST_RANGE, "o_u64");
    w.o_u64.present = false;
    w.size = (breadth)3;
    reading_refuses(&w, OST_RANGE, "size");
    w.size = SMALL;
    w.o_size = (ost_opt_int){ true, -1 };
    reading_refuses(&w, OST_RANGE, "o_size");
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
    static const double refused[] = { (double)NAN, (double)INFINITY, -(double)INFINITY };
    wide w;
    (void)state;
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        w = wide_blank(1);
        w.d = reals[i];
        w.f = singles[i];
        w.o_d = (ost_opt_double){ true, reals[i] == 0 ? 0 : -reals[i] };
        w.o_f = (ost_opt_float){ true, singles[i] == 0 ? 0 : -singles[i] };
        reading_round_trip(&w);
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        w = wide_blank(1);
        w.d = refused[i];
        reading_refuses(&w, OST_RANGE, "d");
        w.d = 0;
        w.f = (float)refused[i];
        reading_refuses(&w, OST_RANGE, "f");
        w.f = 0;
        w.o_d = (ost_opt_double){ true, refused[i] };
        reading_refuses(&w, OST_RANGE, "o_d");
    }
}

static void no_zero_is_negative(void **state)
{
    bson_t document = BSON_INITIALIZER;
    bson_iter_t i;
    wide w = wide_blank(1);
    (void)state;
    w.d = -0.0;
    w.f = -0.0F;
    assert_int_equal(reading_write(reading_now, &w, &document), OST_OK);
    assert_true(bson_iter_init_find(&i, &document, "d"));
    assert_false(signbit(bson_iter_double(&i)));
    assert_true(bson_iter_init_find(&i, &document, "f"));
    assert_false(signbit(bson_iter_double(&i)));
    bson_destroy(&document);
}

static void fm35_texts_and_bytes(void **state)
{
    static char bytes[70000];
    static const size_t sizes[] = { 0, 1, 7, 8, 63, 64, 255, 256, 65535, 65536, 70000 };
    wide w = wide_blank(1);
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 31 + i / 251);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        w.blob = (ost_blob){ bytes, sizes[i] };
        w.text = sizes[i] % 2 ? "caf\xc3\xa9 \xf0\x9f\x98\x80  " : "$ne";
        memcpy(w.chars, "1234567", 8);
        w.chars[sizes[i] % 8] = '\0';
        memcpy(w.object.bytes, "\xff\x00\x01\x00 \x00", 6);
        memset(w.uuid.bytes, (int)i, 16);
        w.o_uuid = (ost_opt_uuid){ true, w.uuid };
        w.o_object = (ost_opt_object_id){ true, w.object };
        reading_round_trip(&w);
    }
}

/* A char array that has no end would be cut; a text of C has none inside. */
static void fm35_an_array_without_its_nul(void **state)
{
    wide w = wide_blank(1);
    (void)state;
    memset(w.chars, 'x', sizeof w.chars);
    reading_refuses(&w, OST_RANGE, "chars");
}

static void larger_than_any_document(void **state)
{
    size_t size = OST__MONGO_DOCUMENT_MAX + 1;
    char *bytes = calloc(1, size + 1);
    wide w = wide_blank(1);
    (void)state;
    w.blob = (ost_blob){ bytes, size };
    reading_refuses(&w, OST_TOO_LARGE, "blob");
    memset(bytes, 'x', size);
    w.blob = (ost_blob){ "", 0 };
    w.text = bytes;
    reading_refuses(&w, OST_TOO_LARGE, "text");
    free(bytes);
}

static int64_t stored_ms(ost_time t)
{
    wide w = wide_blank(1);
    bson_t document = BSON_INITIALIZER;
    bson_iter_t i;
    int64_t ms;
    w.time = t;
    assert_int_equal(reading_write(reading_now, &w, &document), OST_OK);
    assert_true(bson_iter_init_find(&i, &document, "time"));
    ms = bson_iter_date_time(&i);
    bson_destroy(&document);
    return ms;
}

static void fm40_times_are_rounded_half_up(void **state)
{
    static const struct {
        int64_t microseconds, ms;
    } times[] = {
        { 0, 0 },
        { 499, 0 },
        { 500, 1 },
        { 999, 1 },
        { 1000, 1 },
        { 1499, 1 },
        { 1500, 2 },
        { -1, 0 },
        { -499, 0 },
        { -500, 0 },
        { -501, -1 },
        { -1000, -1 },
        { -1499, -1 },
        { -1500, -1 },
        { -1501, -2 },
        { 86399999499, 86399999 },
        { 86399999500, 86400000 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        assert_int_equal(stored_ms((ost_time){ times[i].microseconds }), times[i].ms);
}

/* A condition and a write must agree, or nothing is found again. */
static void fm40_what_is_compared_is_rounded_alike(void **state)
{
    const ost_field *f = table_field(reading_now->table, "time");
    uint64_t seed = 1234567891011u;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        ost_time t = { (int64_t)(wide_random(&seed) % 4000000000000000u) - 2000000000000000 };
        ost_parameter p = {
            .source = OST_FROM_VALUE, .type = OST_TYPE_TIME, .field = f, .value = ost_value_time(t)
        };
        bson_t document = BSON_INITIALIZER;
        bson_iter_t at;
        bool absent;
        assert_int_equal(
            ost__mongo_put_operand(&document, "t", 1, &p, NULL, &absent, &reading_now->b.error),
            OST_OK);
        assert_true(bson_iter_init_find(&at, &document, "t"));
        assert_int_equal(bson_iter_date_time(&at), stored_ms(t));
        bson_destroy(&document);
    }
}

static void fm40_years_have_an_end(void **state)
{
    wide w = wide_blank(1);
    (void)state;
    w.time = at("0001-01-01T00:00:00Z");
    w.date = (ost_date){ -719162 };
    w.o_time = (ost_opt_time){ true, at("9999-12-31T23:59:59.999Z") };
    w.o_date = (ost_opt_date){ true, { 2932896 } };
    reading_round_trip(&w);
    w.o_time.value = at("9999-12-31T23:59:59.9995Z");
    reading_refuses(&w, OST_RANGE, "o_time");
    w.o_time.present = false;
    w.o_date.value.days++;
    reading_refuses(&w, OST_RANGE, "o_date");
    w.o_date.present = false;
    w.date.days--;
    reading_refuses(&w, OST_RANGE, "date");
    w.date.days = 0;
    w.time.microseconds--;
    reading_refuses(&w, OST_RANGE, "time");
    w.time.microseconds = INT64_MAX;
    reading_refuses(&w, OST_RANGE, "time");
}

static void fm40_no_zone_matters(void **state)
{
    static const char *const zones[] = { "UTC", "America/New_York", "Asia/Kathmandu",
                                         "Pacific/Chatham" };
    wide w = wide_blank(1);
    (void)state;
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        setenv("TZ", zones[i], 1);
        tzset();
        w.time = at("2024-03-10T02:30:00.001-05:00");
        w.date = (ost_date){ 19000 };
        reading_round_trip(&w);
        assert_int_equal(stored_ms(w.time), 1710055800001);
    }
    unsetenv("TZ");
    tzset();
}

static bson_type_t operand(const char *member, ost_value v, ost_status status)
{
    ost_parameter p = { .source = OST_FROM_VALUE,
                        .type = v.type,
                        .field = member ? table_field(reading_now->table, member) : NULL,
                        .value = v };
    bson_t document = BSON_INITIALIZER;
    bson_iter_t i;
    bson_type_t type = BSON_TYPE_EOD;
    bool absent;
    assert_int_equal(
        ost__mongo_put_operand(&document, "x", 1, &p, NULL, &absent, &reading_now->b.error),
        status);
    if (bson_iter_init_find(&i, &document, "x"))
        type = bson_iter_type(&i);
    assert_int_equal(absent, type == BSON_TYPE_EOD);
    bson_destroy(&document);
    return type;
}

static void what_no_member_holds_has_a_place_all_the_same(void **state)
{
    (void)state;
    assert_int_equal(operand("d", ost_value_double((double)INFINITY), OST_OK), BSON_TYPE_DOUBLE);
    assert_int_equal(operand("u64", ost_value_uint(UINT64_MAX), OST_OK), BSON_TYPE_DECIMAL128);
    assert_int_equal(operand("time", ost_value_time(at("9999-12-31T23:59:59.9999Z")), OST_OK),
                     BSON_TYPE_DATE_TIME);
    assert_int_equal(operand("i32", ost_value_int(INT64_MAX), OST_OK), BSON_TYPE_INT64);
    assert_int_equal(operand("d", ost_value_double((double)NAN), OST_RANGE), BSON_TYPE_EOD);
    assert_int_equal(operand(NULL, ost_value_int(5), OST_OK), BSON_TYPE_INT64);
    assert_int_equal(operand("text", ost_value_text(NULL), OST_OK), BSON_TYPE_EOD);
    assert_int_equal(operand("size", ost_value_int(1), OST_OK), BSON_TYPE_UTF8);
    assert_int_equal(operand("size", ost_value_text("small"), OST_OK), BSON_TYPE_UTF8);
    assert_int_equal(operand("price", ost_value_int(5), OST_OK), BSON_TYPE_DECIMAL128);
}

static void items_of_lists(void **state)
{
    static const int64_t bools[] = { 1, 0 };
    static const char *const texts[] = { "a", "$gt" };
    ost_parameter p = { .source = OST_FROM_LIST, .field = table_field(reading_now->table, "flag") };
    bson_t document = BSON_INITIALIZER;
    bson_iter_t i;
    (void)state;
    p.type = OST_TYPE_BOOL;
    p.list = bools;
    p.list_count = 2;
    p.list_stride = sizeof bools[0];
    assert_int_equal(ost__mongo_put_item(&document, "0", 1, &p, 0, &reading_now->b.error), OST_OK);
    assert_int_equal(ost__mongo_put_item(&document, "1", 1, &p, 1, &reading_now->b.error), OST_OK);
    assert_int_equal(ost__mongo_put_item(&document, "2", 1, &p, 2, &reading_now->b.error),
                     OST_MISUSE);
    p.field = table_field(reading_now->table, "text");
    p.type = OST_TYPE_TEXT;
    p.list = texts;
    p.list_stride = sizeof texts[0];
    assert_int_equal(ost__mongo_put_item(&document, "2", 1, &p, 1, &reading_now->b.error), OST_OK);
    assert_true(bson_iter_init_find(&i, &document, "0"));
    assert_true(BSON_ITER_HOLDS_BOOL(&i) && bson_iter_bool(&i));
    assert_true(bson_iter_init_find(&i, &document, "1"));
    assert_true(BSON_ITER_HOLDS_BOOL(&i) && !bson_iter_bool(&i));
    assert_true(bson_iter_init_find(&i, &document, "2"));
    assert_string_equal(bson_iter_utf8(&i, NULL), "$gt");
    bson_destroy(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, reading_setup, reading_teardown)
        TEST(kinds_become_what_was_promised),
        TEST(binaries_have_their_subtypes),
        TEST(fm36_every_integer_to_its_edges),
        TEST(fm36_what_has_no_place_is_refused),
        TEST(fm37_every_class_of_real),
        TEST(no_zero_is_negative),
        TEST(fm35_texts_and_bytes),
        TEST(fm35_an_array_without_its_nul),
        TEST(larger_than_any_document),
        TEST(fm40_times_are_rounded_half_up),
        TEST(fm40_what_is_compared_is_rounded_alike),
        TEST(fm40_years_have_an_end),
        TEST(fm40_no_zone_matters),
        TEST(what_no_member_holds_has_a_place_all_the_same),
        TEST(items_of_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
