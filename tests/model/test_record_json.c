/* SPDX-License-Identifier: MIT */
/* JSON of records, to the last character. */
#include "model/record_json.h"
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

typedef struct item {
    int64_t id;
    bool flag;
    int8_t tiny;
    uint32_t natural;
    uint64_t huge;
    float single;
    double real;
    const char *text;
    char code[6];
    ost_blob bytes;
    ost_time at;
    ost_date day;
    ost_uuid uuid;
    ost_object_id oid;
    ost_decimal price;
    int8_t role;
    ost_opt_int grade;
    ost_opt_uint64 opt_huge;
    ost_opt_decimal opt_price;
    const char *secret;
} item;
OST_RECORD(item, id);
OST_MODEL(item, OST_FIELDS(OST_FIELD(item, id, .primary_key = true), OST_FIELD(item, flag),
                           OST_FIELD(item, tiny), OST_FIELD(item, natural), OST_FIELD(item, huge),
                           OST_FIELD(item, single), OST_FIELD(item, real),
                           OST_FIELD(item, text, .column = "body"), OST_FIELD(item, code),
                           OST_FIELD(item, bytes), OST_FIELD(item, at), OST_FIELD(item, day),
                           OST_FIELD(item, uuid), OST_FIELD(item, oid),
                           OST_FIELD(item, price, .precision = 9, .scale = 2),
                           OST_FIELD(item, role, .values = OST_NAMES("user", "admin")),
                           OST_FIELD(item, grade, .values = OST_NAMES("low", "high")),
                           OST_FIELD(item, opt_huge),
                           OST_FIELD(item, opt_price, .precision = 9, .scale = 2),
                           OST_FIELD(item, secret, .hidden = true)));
typedef struct pair {
    int32_t id;
    float single;
} pair;
OST_RECORD(pair, id);
OST_MODEL(pair, OST_FIELDS(OST_FIELD(pair, id, .primary_key = true), OST_FIELD(pair, single)));

static ost__model_set *set;
static ost__buffer buffer;

static int start(void **state)
{
    (void)state;
    set = open_set(OST_MODELS(&item_model, &pair_model));
    ost__buffer_init(&buffer, &test_memory);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ost__buffer_finish(&buffer);
    ost__model_set_close(set);
    return 0;
}

static ost_status write(uint32_t id, const void *record, ost_error *e)
{
    ost__json_output o = { .error = e };
    ost__buffer_reset(&buffer);
    ost__json_begin(&o.w, &buffer);
    return ost__record_to_json(&o, ost__model_at(set, id), record);
}

static item filled(void)
{
    item r;
    memset(&r, 0, sizeof r);
    r.id = -9007199254740993;
    r.flag = true;
    r.tiny = -5;
    r.natural = 4000000000U;
    r.huge = UINT64_MAX;
    r.single = 0.1F;
    r.real = 0.1;
    r.text = "a\"b\\c\n\xc3\xa9";
    memcpy(r.code, "xy", 3);
    r.bytes = (ost_blob){ "\0\xff?", 3 };
    assert_true(ost_time_parse("2024-02-29T12:00:00.5+01:00", &r.at));
    assert_true(ost_date_parse("2024-02-29", &r.day));
    assert_true(ost_uuid_parse("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", &r.uuid));
    assert_true(ost_object_id_parse("65e00c00aabbccddeeff0011", &r.oid));
    r.price = ost_decimal_of(-1050, 2);
    r.role = 1;
    ost_put(r.grade, 0);
    ost_put(r.opt_huge, 7);
    ost_put(r.opt_price, ost_decimal_of(1, 2));
    r.secret = "never";
    return r;
}

static void every_kind_has_its_form(void **state)
{
    (void)state;
    item r = filled();
    assert_int_equal(write(0, &r, NULL), OST_OK);
    assert_string_equal(
        buffer.data, "{\"id\":-9007199254740993,\"flag\":true,\"tiny\":-5,\"natural\":4000000000,"
                     "\"huge\":\"18446744073709551615\",\"single\":0.1,\"real\":0.1,"
                     "\"text\":\"a\\\"b\\\\c\\n\xc3\xa9\",\"code\":\"xy\",\"bytes\":\"AP8/\","
                     "\"at\":\"2024-02-29T11:00:00.500000Z\",\"day\":\"2024-02-29\","
                     "\"uuid\":\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\","
                     "\"oid\":\"65e00c00aabbccddeeff0011\",\"price\":\"-10.50\",\"role\":\"admin\","
                     "\"grade\":\"low\",\"opt_huge\":\"7\",\"opt_price\":\"0.01\"}");
}

static void absent_members_are_left_out(void **state)
{
    (void)state;
    item r = filled();
    r.text = NULL;
    r.bytes = (ost_blob){ NULL, 0 };
    ost_drop(r.grade);
    ost_drop(r.opt_huge);
    ost_drop(r.opt_price);
    assert_int_equal(write(0, &r, NULL), OST_OK);
    assert_null(strstr(buffer.data, "text"));
    assert_null(strstr(buffer.data, "bytes"));
    assert_non_null(strstr(buffer.data, "\"code\":\"xy\",\"at\""));
    assert_non_null(strstr(buffer.data, "\"role\":\"admin\"}"));
    r.bytes = (ost_blob){ "", 0 };
    r.text = "";
    assert_int_equal(write(0, &r, NULL), OST_OK);
    assert_non_null(strstr(buffer.data, "\"text\":\"\",\"code\":\"xy\",\"bytes\":\"\""));
    assert_null(strstr(buffer.data, "never"));
}

static void assert_refused(const item *r, const char *name)
{
    ost_error e;
    assert_int_equal(write(0, r, &e), OST_RANGE);
    assert_int_equal(e.status, OST_RANGE);
    assert_string_equal(e.model, "item");
    assert_string_equal(e.field, name);
    assert_int_equal(write(0, r, NULL), OST_RANGE);
}

static void what_has_no_form_is_refused(void **state)
{
    (void)state;
    item r = filled();
    r.text = "\xff";
    assert_refused(&r, "text");
    r = filled();
    memcpy(r.code, "\xc3", 2);
    assert_refused(&r, "code");
    r = filled();
    r.role = 2;
    assert_refused(&r, "role");
    r.role = -1;
    assert_refused(&r, "role");
    r = filled();
    r.at.microseconds = INT64_MIN;
    assert_refused(&r, "at");
    r = filled();
    r.day.days = INT32_MAX;
    assert_refused(&r, "day");
    r = filled();
    r.price.scale = 40;
    assert_refused(&r, "price");
    /* What is hidden is not even looked at; an array may be full to its last byte. */
    r = filled();
    r.secret = "\xff";
    memcpy(r.code, "abcdef", 6);
    assert_int_equal(write(0, &r, NULL), OST_OK);
    assert_non_null(strstr(buffer.data, "\"code\":\"abcdef\""));
}

static const char *single(float x)
{
    const pair p = { 1, x };
    assert_int_equal(write(1, &p, NULL), OST_OK);
    char *colon = strrchr(buffer.data, ':');
    assert_non_null(colon);
    buffer.data[buffer.size - 1] = '\0';
    return colon + 1;
}

static void fm68_floats_are_short_and_read_back_the_same(void **state)
{
    (void)state;
    assert_string_equal(single(0.0F), "0.0");
    assert_string_equal(single(0.1F), "0.1");
    assert_string_equal(single(-2.5F), "-2.5");
    assert_string_equal(single(16777216.0F), "16777216.0");
    assert_string_equal(single(3.1415927F), "3.1415927");
    assert_string_equal(single(NAN), "null");
    assert_string_equal(single(INFINITY), "null");
    const float edges[] = { FLT_MAX, FLT_MIN, FLT_TRUE_MIN, FLT_EPSILON, 1e-20F, 1e20F, -1e-7F };
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        assert_true(strtof(single(edges[i]), NULL) == edges[i]);
    uint32_t bits = 12345;
    for (int i = 0; i < 100000; i++) {
        float x;
        bits = bits * 1664525U + 1013904223U;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x))
            continue;
        const char *text = single(x);
        if (strtof(text, NULL) != x)
            fail_msg("%a is written as %s", (double)x, text);
        double size = fabs((double)x);
        if (size > 1e-6 && size < 1e6 && strlen(text) > 17)
            fail_msg("%a is written as %s", (double)x, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_its_form),
        cmocka_unit_test(absent_members_are_left_out),
        cmocka_unit_test(what_has_no_form_is_refused),
        cmocka_unit_test(fm68_floats_are_short_and_read_back_the_same),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
