/* SPDX-License-Identifier: MIT */
#include "base/civil.h"
#include "tracker.h"

#include <stdio.h>
#include <time.h>

#define SECOND INT64_C(1000000)

static int month_length(int year, int month)
{
    if (month == 2)
        return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Walks the calendar day by day, as a person would turn its pages. */
static void every_day_from_year_1_to_9999(void **state)
{
    (void)state;
    int32_t days = -719162;
    char expected[64], text[OST_DATE_TEXT_SIZE], stored[OST__DATE_STORED_SIZE];
    for (int year = 1; year <= 9999; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= month_length(year, month); day++, days++) {
                ost_date d = { 0 }, back = { 0 };
                assert_true(ost_date_of(year, month, day, &d));
                assert_int_equal(d.days, days);
                if (day != 1 && day < 28)
                    continue;
                snprintf(expected, sizeof expected, "%04d-%02d-%02d", year, month, day);
                assert_int_equal(ost_date_print(d, text), OST__DATE_STORED_SIZE);
                assert_string_equal(text, expected);
                ost__date_to_stored(d, stored);
                assert_memory_equal(stored, expected, sizeof stored);
                assert_true(ost_date_parse(expected, &back));
                assert_int_equal(back.days, days);
            }
            ost_date d;
            assert_false(ost_date_of(year, month, month_length(year, month) + 1, &d));
        }
    }
    assert_int_equal(days, 2932897);
}

static void days_outside_the_range(void **state)
{
    (void)state;
    ost_date d = { 77 };
    assert_false(ost_date_of(0, 12, 31, &d));
    assert_false(ost_date_of(10000, 1, 1, &d));
    assert_false(ost_date_of(-1, 1, 1, &d));
    assert_false(ost_date_of(2024, 0, 1, &d));
    assert_false(ost_date_of(2024, 13, 1, &d));
    assert_false(ost_date_of(2024, 1, 0, &d));
    assert_false(ost_date_of(2024, 1, -1, &d));
    assert_false(ost_date_of(2023, 2, 29, &d));
    assert_int_equal(d.days, 77);
    assert_true(ost__date_in_range((ost_date){ -719162 }));
    assert_false(ost__date_in_range((ost_date){ -719163 }));
    assert_true(ost__date_in_range((ost_date){ 2932896 }));
    assert_false(ost__date_in_range((ost_date){ 2932897 }));
    char text[OST_DATE_TEXT_SIZE];
    ost_date_print((ost_date){ 2932897 }, text);
    assert_string_equal(text, "+10000-01-01");
    ost_date_print((ost_date){ -719163 }, text);
    assert_string_equal(text, "0000-12-31");
    ost_date_print((ost_date){ -719163 - 366 }, text);
    assert_string_equal(text, "-0001-12-31");
    assert_true(ost_date_print((ost_date){ INT32_MIN }, text) < sizeof text);
    assert_string_equal(text, "-5877641-06-23");
    ost_date_print((ost_date){ INT32_MAX }, text);
    assert_string_equal(text, "+5881580-07-11");
}

static void texts_that_are_no_day(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",           "2024-02-30",  "2024-2-03",  "2024/02/03", "2024-02-03 ",   " 2024-02-03",
        "0000-01-01", "2024-02-0x",  "2024-02-",   "2024-13-01", "2024-00-10",    "2024-01-00",
        "+024-01-01", "20240-01-01", "-999-01-01", "2024-02-3",  "2024-02-\2611",
    };
    ost_date d = { 77 };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(ost_date_parse(texts[i], &d));
    assert_false(ost_date_parse(NULL, &d));
    assert_false(ost__date_from_stored("2024-02-03", 9, &d));
    assert_int_equal(d.days, 77);
}

static void fm40_instants_agree_with_the_c_library(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int i = 0; i < 200000; i++) {
        const int64_t span = INT64_C(253402300800) + INT64_C(62135596800);
        int64_t seconds = (int64_t)(tracker_random(&seed) % (uint64_t)span) - 62135596800;
        int32_t micro = (int32_t)(tracker_random(&seed) % 1000000);
        ost_time t = { seconds * SECOND + micro }, back = { 0 };
        time_t clock = (time_t)seconds;
        struct tm tm;
        char expected[128], text[OST_TIME_TEXT_SIZE], stored[OST__TIME_STORED_SIZE];
        gmtime_r(&clock, &tm);
        snprintf(expected, sizeof expected, "%04d-%02d-%02d %02d:%02d:%02d.%06d", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, micro);
        ost__time_to_stored(t, stored);
        assert_memory_equal(stored, expected, sizeof stored);
        assert_true(ost__time_from_stored(stored, sizeof stored, &back));
        assert_true(back.microseconds == t.microseconds);
        ost__time_to_seconds(t, stored);
        assert_memory_equal(stored, expected, OST__TIME_SECONDS_SIZE);
        assert_int_equal(ost_time_print(t, text), 27);
        assert_memory_equal(text, expected, 10);
        assert_memory_equal(text + 11, expected + 11, 15);
        assert_true(text[10] == 'T' && text[26] == 'Z');
        back.microseconds = 0;
        assert_true(ost_time_parse(text, &back));
        assert_true(back.microseconds == t.microseconds);
    }
}

static void check_time(const char *rfc3339, const char *expected)
{
    ost_time t = { 77 };
    char text[OST_TIME_TEXT_SIZE];
    bool parsed = ost_time_parse(rfc3339, &t);
    assert_int_equal(parsed, expected != NULL);
    if (expected == NULL) {
        assert_true(t.microseconds == 77);
        return;
    }
    ost_time_print(t, text);
    assert_string_equal(text, expected);
}

static void zones_and_fractions(void **state)
{
    (void)state;
    check_time("2024-02-29T12:00:00.5+01:00", "2024-02-29T11:00:00.500000Z");
    check_time("2024-02-29T23:30:00-00:45", "2024-03-01T00:15:00.000000Z");
    check_time("1969-12-31t23:59:59.999999z", "1969-12-31T23:59:59.999999Z");
    check_time("2024-01-01 00:00:00+23:59", "2023-12-31T00:01:00.000000Z");
    check_time("2024-01-01T00:00:00-00:00", "2024-01-01T00:00:00.000000Z");
    check_time("2024-01-01T00:00:00.120000000Z", "2024-01-01T00:00:00.120000Z");
    check_time("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z");
    check_time("0001-01-01T00:00:00+00:01", NULL);
    check_time("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z");
    check_time("9999-12-31T23:59:59-00:01", NULL);
    check_time("0001-01-01T05:00:00+05:00", "0001-01-01T00:00:00.000000Z");
}

static void texts_that_are_no_instant(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2024-02-29",
        "2024-02-29T12:00:00",
        "2024-02-29T12:00Z",
        "2024-02-29T12:00+00:00",
        "2024-02-29T12:00:00.Z",
        "2024-02-29T12:00:00,5Z",
        "2024-02-29T12:00:00.1234567Z",
        "2024-02-29T24:00:00Z",
        "2024-02-29T23:60:00Z",
        "2024-02-29T23:59:60Z",
        "2023-02-29T12:00:00Z",
        "2024-02-29T12:00:00+0100",
        "2024-02-29T12:00:00+01",
        "2024-02-29T12:00:00+24:00",
        "2024-02-29T12:00:00+01:60",
        "2024-02-29T12:00:00+1:000",
        "2024-02-29T12:00:00ZZ",
        "2024-02-29T12:00:00Z ",
        "2024-02-29X12:00:00Z",
        "2024-02-29T1x:00:00Z",
        "2024-02-29T12-00-00Z",
        "2024-02-29T12:00:00.000000000000000000000000000000000000000000000000Z",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_time(texts[i], NULL);
    check_time(NULL, NULL);
}

static void stored_forms_of_others(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t micro; /* since noon of 2024-02-29; -1: it is none */
    } rows[] = {
        { "2024-02-29 12:00", 0 },
        { "2024-02-29T12:00", 0 },
        { "2024-02-29T12:00Z", 0 },
        { "2024-02-29 12:00:07", 7000000 },
        { "2024-02-29 12:00:07Z", 7000000 },
        { "2024-02-29 12:00:07.5", 7500000 },
        { "2024-02-29T12:00:07.123456Z", 7123456 },
        { "2024-02-29T12:00:07.123456", 7123456 },
        { "2024-02-29 12:00:07.12345", 7123450 },
        { "2024-02-29 12:00:07.1234567", -1 },
        { "2024-02-29", -1 },
        { "2024-02-29 12", -1 },
        { "2024-02-29 12:0", -1 },
        { "2024-02-29 12:00:", -1 },
        { "2024-02-29 12:00:0", -1 },
        { "2024-02-29 12:00:07.", -1 },
        { "2024-02-29 12:00:07+01:00", -1 },
        { "2024-02-30 12:00:07", -1 },
        { "2024-02-29 12:00:07.12345x", -1 },
        { "2024-02-29 25:00:07.123456", -1 },
        { "2024-02-29_12:00:07.123456", -1 },
        { "2024-02-29 12:00:07 123456", -1 },
        { "1709208000", -1 },
    };
    const int64_t noon = INT64_C(1709208000) * SECOND;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ost_time t = { 77 };
        bool read = ost__time_from_stored(rows[i].text, strlen(rows[i].text), &t);
        assert_int_equal(read, rows[i].micro >= 0);
        assert_true(t.microseconds == (read ? noon + rows[i].micro : 77));
    }
}

static void range_and_order(void **state)
{
    (void)state;
    const int64_t first = INT64_C(-62135596800) * SECOND, end = INT64_C(253402300800) * SECOND;
    assert_true(ost__time_in_range((ost_time){ first }));
    assert_false(ost__time_in_range((ost_time){ first - 1 }));
    assert_true(ost__time_in_range((ost_time){ end - 1 }));
    assert_false(ost__time_in_range((ost_time){ end }));
    assert_int_equal(ost_time_compare((ost_time){ INT64_MIN }, (ost_time){ INT64_MAX }), -1);
    assert_int_equal(ost_time_compare((ost_time){ 1 }, (ost_time){ 0 }), 1);
    assert_int_equal(ost_time_compare((ost_time){ -1 }, (ost_time){ -1 }), 0);
    char text[OST_TIME_TEXT_SIZE];
    assert_true(ost_time_print((ost_time){ INT64_MIN }, text) < sizeof text);
    assert_string_equal(text, "-290308-12-21T19:59:05.224192Z");
    ost_time_print((ost_time){ INT64_MAX }, text);
    assert_string_equal(text, "+294247-01-10T04:00:54.775807Z");
}

static void check_rounded(int64_t micro, int64_t expected)
{
    assert_true(ost__time_round_seconds((ost_time){ micro }).microseconds == expected);
}

static void rounds_half_up(void **state)
{
    (void)state;
    check_rounded(0, 0);
    check_rounded(499999, 0);
    check_rounded(500000, SECOND);
    check_rounded(999999, SECOND);
    check_rounded(-1, 0);
    check_rounded(-500000, 0);
    check_rounded(-500001, -SECOND);
    check_rounded(-SECOND, -SECOND);
    check_rounded(INT64_MIN, INT64_MIN);
    check_rounded(INT64_MAX, INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_from_year_1_to_9999),
        cmocka_unit_test(days_outside_the_range),
        cmocka_unit_test(texts_that_are_no_day),
        cmocka_unit_test(fm40_instants_agree_with_the_c_library),
        cmocka_unit_test(zones_and_fractions),
        cmocka_unit_test(texts_that_are_no_instant),
        cmocka_unit_test(stored_forms_of_others),
        cmocka_unit_test(range_and_order),
        cmocka_unit_test(rounds_half_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
