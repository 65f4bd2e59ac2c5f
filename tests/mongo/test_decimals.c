/* SPDX-License-Identifier: MIT */
/* Decimals there and back, to the bit; sums that lost digits, and averages. */
#include "mongo/wides.h"

#include "base/decimal.h"

static ost_decimal random_decimal(uint64_t *seed, int digits, int32_t scale)
{
    char text[OST_DECIMAL_TEXT_SIZE];
    int n = 0, used = 1 + (int)(wide_random(seed) % (uint64_t)digits);
    if (wide_random(seed) % 2)
        text[n++] = '-';
    for (int i = digits; i > 0; i--) {
        if (i == scale) {
            if (n == 0 || text[n - 1] == '-')
                text[n++] = '0';
            text[n++] = '.';
        }
        if (i <= used || i <= scale)
            text[n++] = (char)('0' + (i <= used ? wide_random(seed) % 10 : 0));
    }
    text[n] = '\0';
    return dec(text);
}

/* The library's own text of a decimal is the judge. */
static void same_number(ost_decimal d, const bson_decimal128_t *b)
{
    char ours[OST_DECIMAL_TEXT_SIZE], theirs[BSON_DECIMAL128_STRING];
    bson_decimal128_t parsed;
    ost_decimal_print(d, ours);
    assert_true(bson_decimal128_from_string(ours, &parsed));
    if (parsed.high == b->high && parsed.low == b->low)
        return;
    bson_decimal128_to_string(b, theirs);
    fail_msg("%s became %s", ours, theirs);
}

static void fm38_decimals_are_exact_to_the_bit(void **state)
{
    enum { COUNT = 300000 };
    uint64_t seed = 88172645463325252u;
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        int digits = 1 + (int)(wide_random(&seed) % 34);
        int32_t scale = (int32_t)(wide_random(&seed) % (uint64_t)(digits + 1));
        ost_decimal d = random_decimal(&seed, digits, scale), back;
        bson_decimal128_t b;
        int32_t rounded;
        assert_true(ost__mongo_decimal_to(d, &b));
        /* There is a zero with a sign that we never write. */
        if (!ost__decimal_is_zero(d))
            same_number(d, &b);
        assert_true(ost__mongo_decimal_from(&b, &back, &rounded));
        assert_memory_equal(&d, &back, sizeof d);
        assert_int_equal(rounded, ost__decimal_digits(d) == 34 ? -d.scale : INT32_MIN);
    }
}

static void fm38_decimals_of_members(void **state)
{
    enum { COUNT = 20000 };
    uint64_t seed = 4101842887655102017u;
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        wide w = wide_blank(i);
        w.price = random_decimal(&seed, 10, 2);
        w.huge = random_decimal(&seed, 34, 10);
        w.o_price = (ost_opt_decimal){ true, random_decimal(&seed, 10, 2) };
        reading_round_trip(&w);
    }
}

static void fm38_digits_that_would_be_lost_are_refused(void **state)
{
    wide w = wide_blank(1);
    (void)state;
    w.price = dec("0.001");
    reading_refuses(&w, OST_RANGE, "price");
    w.price = dec("100000000.00");
    reading_refuses(&w, OST_RANGE, "price");
    w.price = dec("99999999.99");
    w.huge = dec("1000000000000000000000000");
    reading_refuses(&w, OST_RANGE, "huge");
    w.huge = dec("-999999999999999999999999.9999999999");
    reading_round_trip(&w);
    bson_decimal128_t b;
    assert_false(ost__mongo_decimal_to(dec("12345678901234567890123456789012345"), &b));
    assert_false(ost__mongo_decimal_to((ost_decimal){ .low = 1, .scale = 39 }, &b));
    assert_false(ost__mongo_decimal_to((ost_decimal){ .low = 1, .scale = -1 }, &b));
}

static bool parse(const char *text, ost_decimal *out)
{
    bson_decimal128_t b;
    assert_true(bson_decimal128_from_string(text, &b));
    return ost__mongo_decimal_from(&b, out, NULL);
}

static void fm38_decimals_of_others(void **state)
{
    static const struct {
        const char *text, *ours;
    } same[] = {
        { "1E+3", "1000" },
        { "-1.5E+1", "-15" },
        { "0E+6000", "0" },
        { "-0", "0" },
        { "0.00", "0.00" },
        { "1E+37", "10000000000000000000000000000000000000" },
        { "1E-38", "0.00000000000000000000000000000000000001" },
        { "10E-39", "0.00000000000000000000000000000000000001" },
        { "0E-6176", "0.00000000000000000000000000000000000000" },
    };
    static const char *const refused[] = { "NaN",   "Infinity", "-Infinity", "1E+38",
                                           "1E-39", "9E+6144",  "1E-6176" };
    ost_decimal d;
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char text[OST_DECIMAL_TEXT_SIZE];
        assert_true(parse(same[i].text, &d));
        ost_decimal_print(d, text);
        assert_string_equal(text, same[i].ours);
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_false(parse(refused[i], &d));
    /* The other form of a coefficient, and one that has 35 digits. */
    const bson_decimal128_t odd = { .low = 1, .high = UINT64_C(0x6C10000000000000) };
    const bson_decimal128_t large = { .low = UINT64_MAX, .high = UINT64_C(0x3041FFFFFFFFFFFF) };
    assert_false(ost__mongo_decimal_from(&odd, &d, NULL));
    assert_false(ost__mongo_decimal_from(&large, &d, NULL));
}

static ost_status read_sum(const char *member, uint16_t scale, const char *json, wide *out)
{
    ost_status status;
    bson_error_t why;
    bson_t document = BSON_INITIALIZER;
    catcher k;
    reading_only(reading_now, member);
    reading_now->steps[0].origin = NULL;
    reading_now->steps[0].scale = scale;
    reading_now->columns[0] = (ost__mongo_column){ .name = "c0", .is_sum = true };
    if (strstr(json, "c1")) {
        reading_now->columns[0].is_sum = false;
        reading_now->columns[0].count_name = "c1";
    }
    if (!bson_init_from_json(&document, json, -1, &why))
        fail_msg("%s: %s", json, why.message);
    catcher_begin(&k, out, sizeof *out, 1);
    assert_int_equal(reading_read(reading_now, &document, &k, &status), OST_OK);
    catcher_end(&k);
    bson_destroy(&document);
    return status;
}

static void sums_that_lost_digits_are_refused(void **state)
{
    wide w;
    (void)state;
    assert_int_equal(read_sum("i64", 0, "{\"c0\": {\"$numberLong\": \"9223372036854775807\"}}", &w),
                     OST_OK);
    assert_int_equal(
        read_sum("i64", 0, "{\"c0\": {\"$numberDouble\": \"9223372036854775808\"}}", &w),
        OST_RANGE);
    /* Not even one that looks small again. */
    assert_int_equal(read_sum("i64", 0, "{\"c0\": {\"$numberDouble\": \"5\"}}", &w), OST_RANGE);
    assert_int_equal(read_sum("d", 0, "{\"c0\": {\"$numberDouble\": \"5.5\"}}", &w), OST_OK);
    assert_int_equal(
        read_sum("huge", 2, "{\"c0\": {\"$numberDecimal\": \"12345678901234567890123.45\"}}", &w),
        OST_OK);
    assert_int_equal(
        read_sum("huge", 10,
                 "{\"c0\": {\"$numberDecimal\": \"123456789012345678901234.5678901234\"}}", &w),
        OST_OK);
    assert_int_equal(
        read_sum("huge", 11,
                 "{\"c0\": {\"$numberDecimal\": \"123456789012345678901234.5678901234\"}}", &w),
        OST_RANGE);
}

static void averages_are_divided_by_us(void **state)
{
    wide w;
    (void)state;
    assert_int_equal(read_sum("huge", 8,
                              "{\"c0\": {\"$numberDecimal\": \"10.00\"}, \"c1\": {\"$numberInt\": "
                              "\"3\"}}",
                              &w),
                     OST_OK);
    assert_int_equal(ost_decimal_compare(w.huge, dec("3.33333333")), 0);
    assert_int_equal(
        read_sum("huge", 8, "{\"c1\": 4, \"c0\": {\"$numberDecimal\": \"-0.10\"}}", &w), OST_OK);
    assert_int_equal(ost_decimal_compare(w.huge, dec("-0.025")), 0);
    /* Of nothing. */
    assert_int_equal(read_sum("o_price", 8, "{\"c0\": 0, \"c1\": 0}", &w), OST_OK);
    assert_false(w.o_price.present);
    assert_int_equal(read_sum("o_price", 8, "{\"c0\": null, \"c1\": 0}", &w), OST_OK);
    assert_false(w.o_price.present);
    assert_int_equal(read_sum("huge", 8, "{\"c0\": 0, \"c1\": 0}", &w), OST_RANGE);
    assert_int_equal(read_sum("huge", 8, "{\"c0\": 1, \"c1\": -1}", &w), OST_RANGE);
    assert_int_equal(read_sum("huge", 8, "{\"c0\": \"1\", \"c1\": 1}", &w), OST_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, reading_setup, reading_teardown)
        TEST(fm38_decimals_are_exact_to_the_bit),         TEST(fm38_decimals_of_members),
        TEST(fm38_digits_that_would_be_lost_are_refused), TEST(fm38_decimals_of_others),
        TEST(sums_that_lost_digits_are_refused),          TEST(averages_are_divided_by_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
