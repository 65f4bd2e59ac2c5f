/* SPDX-License-Identifier: MIT */
/* Records from JSON: every kind, every way to be wrong, and what is not for the text to set. */
#include "model/record_from_json.h"
#include "model/record_json.h"
#include "support.h"
#include "model/member.h"

#include <stdlib.h>

#include "base/arena.h"

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
    const char *name;
    const char *secret;
    bool is_admin;
    ost_time made;
    ost_uuid token;
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
                           OST_FIELD(item, name, .required = true,
                                     .messages = OST_MESSAGES(.required = "please choose a name")),
                           OST_FIELD(item, secret, .hidden = true), OST_FIELD(item, is_admin),
                           OST_FIELD(item, made, .stamp = OST_ON_INSERT),
                           OST_FIELD(item, token, .generated = OST_UUID_V4)));

static ost__model_set *set;
static ost__arena texts, scratch;
static ost_error error;

static int start(void **state)
{
    (void)state;
    set = open_set(OST_MODELS(&item_model));
    ost__arena_init(&texts, &test_memory, 512);
    ost__arena_init(&scratch, &test_memory, 512);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ost__arena_finish(&texts);
    ost__arena_finish(&scratch);
    ost__model_set_close(set);
    return 0;
}

static ost_status merge(const char *text, const ost_member *only, item *record)
{
    ost__json_reading *d =
        ost__arena_alloc_zeroed(&scratch, sizeof *d, _Alignof(ost__json_reading));
    assert_non_null(d);
    memset(&error, 0, sizeof error);
    d->only = only;
    d->texts = &texts;
    d->rules = (ost__rules){ .scratch = &scratch, .error = &error };
    /* Exactly as many bytes as there are: a byte read behind them is found. */
    size_t size = strlen(text);
    char *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy + 1, text, size);
    ost__json_reading_begin(d, ost__model_at(set, 0), copy + 1, size);
    ost__json_next(&d->r);
    ost_status status = ost__json_reading_finish(d, ost__record_from_json(d, record));
    free(copy);
    if (status != OST_OK)
        assert_int_equal(error.status, status);
    return status;
}

static void expect_failure(const char *text, const char *path, const char *rule,
                           const char *message)
{
    item r;
    ost_failure f = { "", "", "" };
    memset(&r, 0, sizeof r);
    ost_status status = merge(text, NULL, &r);
    if (status != OST_INVALID || error.failure_count != 1 || !ost_error_failure(&error, 0, &f) ||
        strcmp(f.path, path) != 0 || strcmp(f.rule, rule) != 0 || strcmp(f.message, message) != 0) {
        show_failures(&error);
        fail_msg("%s: expected %s (%s): %s", text, path, rule, message);
    }
}

static void every_kind_is_read(void **state)
{
    (void)state;
    item r;
    char printed[64];
    memset(&r, 0, sizeof r);
    ost_put(r.opt_huge, 5);
    r.id = 77;
    assert_int_equal(
        merge("{\"flag\":true,\"tiny\":-128,\"natural\":4294967295,"
              "\"huge\":\"18446744073709551615\",\"single\":0.1,\"real\":-1.5e-3,"
              "\"text\":\"a\\\"\\u00e9\\ud83c\\udf0d\",\"code\":\"ab\\n\\u00e9\","
              "\"bytes\":\"AP8\\/\",\"at\":\"2024-02-29T12:00:00.5+01:00\",\"day\":\"2024-02-29\","
              "\"uuid\":\"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6\","
              "\"oid\":\"65e00c00aabbccddeeff0011\",\"price\":\"-10.50\",\"role\":\"admin\","
              "\"grade\":\"low\",\"opt_huge\":null,\"opt_price\":0.01,\"name\":\"x\"}",
              NULL, &r),
        OST_OK);
    assert_true(r.id == 77 && r.flag && r.tiny == -128 && r.natural == UINT32_MAX);
    assert_true(r.huge == UINT64_MAX && r.single == 0.1F && r.real == -1.5e-3);
    assert_string_equal(r.text, "a\"é\xF0\x9F\x8C\x8D");
    assert_string_equal(r.code, "ab\né");
    assert_int_equal(r.bytes.size, 3);
    assert_memory_equal(r.bytes.data, "\0\xff?", 3);
    ost_time_print(r.at, printed);
    assert_string_equal(printed, "2024-02-29T11:00:00.500000Z");
    ost_date_print(r.day, printed);
    assert_string_equal(printed, "2024-02-29");
    ost_uuid_print(r.uuid, printed);
    assert_string_equal(printed, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    ost_object_id_print(r.oid, printed);
    assert_string_equal(printed, "65e00c00aabbccddeeff0011");
    ost_decimal_print(r.price, printed);
    assert_string_equal(printed, "-10.50");
    assert_int_equal(r.role, 1);
    assert_true(r.grade.present && r.grade.value == 0);
    assert_false(r.opt_huge.present);
    assert_true(r.opt_price.present);
    ost_decimal_print(r.opt_price.value, printed);
    assert_string_equal(printed, "0.01");
}

static void fm37_numbers_are_exact(void **state)
{
    (void)state;
    item r;
    char printed[64];
    memset(&r, 0, sizeof r);
    const ost_member *const id = ost_only(item, id);
    assert_int_equal(merge("{\"id\":9007199254740993}", id, &r), OST_OK);
    assert_true(r.id == 9007199254740993);
    assert_int_equal(merge("{\"id\":-9223372036854775808}", id, &r), OST_OK);
    assert_true(r.id == INT64_MIN);
    assert_int_equal(merge("{\"tiny\":1e2,\"natural\":5.0,\"huge\":12}", NULL, &r), OST_OK);
    assert_true(r.tiny == 100 && r.natural == 5 && r.huge == 12);
    assert_int_equal(merge("{\"price\":1234567.89,\"opt_price\":1.5e1}", NULL, &r), OST_OK);
    ost_decimal_print(r.price, printed);
    assert_string_equal(printed, "1234567.89");
    ost_decimal_print(r.opt_price.value, printed);
    assert_string_equal(printed, "15.00");
    /* What a double cannot hold is not rounded on its way. */
    assert_int_equal(merge("{\"price\":\"0.10\"}", NULL, &r), OST_OK);
    ost_decimal_print(r.price, printed);
    assert_string_equal(printed, "0.10");
}

static void what_is_absent_stays_and_null_makes_absent(void **state)
{
    (void)state;
    item r;
    memset(&r, 0, sizeof r);
    r.text = "kept";
    r.name = "also";
    r.bytes = (ost_blob){ "b", 1 };
    ost_put(r.grade, 1);
    assert_int_equal(merge("{}", NULL, &r), OST_OK);
    assert_string_equal(r.text, "kept");
    assert_true(r.grade.present);
    assert_int_equal(merge("{\"text\":null,\"grade\":null,\"bytes\":null}", NULL, &r), OST_OK);
    assert_null(r.text);
    assert_null(r.bytes.data);
    assert_false(r.grade.present);
    assert_string_equal(r.name, "also");
    assert_int_equal(merge("{\"text\":\"\",\"bytes\":\"\"}", NULL, &r), OST_OK);
    assert_string_equal(r.text, "");
    assert_non_null(r.bytes.data);
    assert_int_equal(r.bytes.size, 0);
    expect_failure("{\"flag\":null}", "flag", "required", "must have a value");
    expect_failure("{\"code\":null}", "code", "required", "must have a value");
    expect_failure("{\"name\":null}", "name", "required", "please choose a name");
}

static void what_does_not_fit_is_a_failure(void **state)
{
    (void)state;
    static const char whole[] = "must be a whole number",
                      out[] = "is outside the range of its type";
    static const char instant[] = "must be an instant such as 2024-02-29T12:00:00+01:00";
    expect_failure("{\"flag\":1}", "flag", "type", "must be true or false");
    expect_failure("{\"flag\":\"true\"}", "flag", "type", "must be true or false");
    expect_failure("{\"tiny\":1.5}", "tiny", "type", whole);
    expect_failure("{\"tiny\":1e-1}", "tiny", "type", whole);
    expect_failure("{\"tiny\":\"1\"}", "tiny", "type", whole);
    expect_failure("{\"tiny\":true}", "tiny", "type", whole);
    expect_failure("{\"tiny\":[1]}", "tiny", "type", whole);
    expect_failure("{\"tiny\":{\"$ne\":null}}", "tiny", "type", whole);
    expect_failure("{\"tiny\":128}", "tiny", "range", out);
    expect_failure("{\"tiny\":1e30}", "tiny", "range", out);
    expect_failure("{\"natural\":-1}", "natural", "range", out);
    expect_failure("{\"huge\":\"18446744073709551616\"}", "huge", "range", out);
    expect_failure("{\"huge\":\"-1\"}", "huge", "type", whole);
    expect_failure("{\"huge\":\"\"}", "huge", "type", whole);
    expect_failure("{\"huge\":\"1e3\"}", "huge", "type", whole);
    expect_failure("{\"single\":1e39}", "single", "range", out);
    expect_failure("{\"real\":1e309}", "real", "range", out);
    expect_failure("{\"real\":\"NaN\"}", "real", "type", "must be a number");
    expect_failure("{\"text\":5}", "text", "type", "must be a string");
    expect_failure("{\"text\":{\"$gt\":\"\"}}", "text", "type", "must be a string");
    expect_failure("{\"code\":\"abcdef\"}", "code", "max_length", "must be at most 5 bytes");
    expect_failure("{\"bytes\":\"AP8\"}", "bytes", "type", "must be a string in base64");
    expect_failure("{\"at\":\"2024-02-29T12:00:00\"}", "at", "type", instant);
    expect_failure("{\"at\":\"2023-02-29T12:00:00Z\"}", "at", "type", instant);
    expect_failure("{\"at\":1709208000}", "at", "type", instant);
    expect_failure("{\"day\":\"2024-02-30\"}", "day", "type", "must be a day such as 2024-02-29");
    expect_failure("{\"uuid\":\"x\"}", "uuid", "type", "must be a uuid, in a string");
    expect_failure("{\"oid\":\"65e00c00aabbccddeeff00\"}", "oid", "type",
                   "must be a string of 24 hexadecimal digits");
    expect_failure("{\"price\":\"1,5\"}", "price", "type", "must be a number, or a string of one");
    expect_failure("{\"price\":0.001}", "price", "scale",
                   "must have at most 2 digits after the point");
    expect_failure("{\"price\":\"12345678.00\"}", "price", "precision",
                   "must have at most 7 digits before the point");
    expect_failure("{\"price\":1e99}", "price", "range", out);
    expect_failure("{\"role\":\"root\"}", "role", "values", "must be one of user, admin");
    expect_failure("{\"role\":1}", "role", "values", "must be one of user, admin");
    expect_failure("{\"text\":\"a\",\"text\":\"b\"}", "text", "twice", "is given twice");
    expect_failure("{\"te\\u0078t\":\"a\",\"text\":\"b\"}", "text", "twice", "is given twice");
}

static void fm50_what_is_not_listed_is_not_set(void **state)
{
    (void)state;
    static const char unknown[] = "is not a member that can be set";
    static const char payload[] = "{\"name\":\"eve\",\"is_admin\":true,\"secret\":\"s\",\"id\":1,"
                                  "\"made\":\"2024-02-29T12:00:00Z\",\"role\":\"admin\"}";
    item r;
    memset(&r, 0, sizeof r);
    assert_int_equal(merge(payload, ost_only(item, name, text), &r), OST_INVALID);
    assert_int_equal(error.failure_count, 5);
    static const char *const paths[] = { "is_admin", "secret", "id", "made", "role" };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_true(has_failure(&error, paths[i], "unknown"));
    assert_string_equal(error.field, "is_admin");
    assert_string_equal(error.message, "item.is_admin: is not a member that can be set "
                                       "(and 4 more)");
    /* Without a list: nothing that is hidden, a key, or the library's to set. */
    expect_failure("{\"id\":1}", "id", "unknown", unknown);
    expect_failure("{\"secret\":\"s\"}", "secret", "unknown", unknown);
    expect_failure("{\"made\":\"2024-02-29T12:00:00Z\"}", "made", "unknown", unknown);
    expect_failure("{\"token\":\"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6\"}", "token", "unknown",
                   unknown);
    /* The names are those of the members, not of what is stored. */
    expect_failure("{\"body\":\"x\"}", "body", "unknown", unknown);
    expect_failure("{\"Name\":\"x\"}", "Name", "unknown", unknown);
    expect_failure("{\"\":[{}]}", "", "unknown", unknown);
    expect_failure("{\"a\\nb\\u001b[1m\":0}", "a b [1m", "unknown", unknown);
    assert_int_equal(merge("{\"secret\":\"s\",\"id\":5}", ost_only(item, secret, id), &r), OST_OK);
    assert_string_equal(r.secret, "s");
    assert_int_equal(merge("{\"name\":\"x\"}", ost_only(item, secret, id), &r), OST_INVALID);
}

static void long_names_are_shown_in_part(void **state)
{
    (void)state;
    char text[400], name[64];
    memset(text, 'x', sizeof text);
    memcpy(text, "{\"", 2);
    memcpy(text + 390, "\":1}", 5);
    memset(name, 'x', 63);
    name[63] = '\0';
    expect_failure(text, name, "unknown", "is not a member that can be set");
}

static void all_failures_are_told(void **state)
{
    (void)state;
    item r;
    memset(&r, 0, sizeof r);
    assert_int_equal(merge("{\"flag\":0,\"nope\":{\"a\":[1,{}]},\"tiny\":[[1],2],\"name\":null,"
                           "\"text\":\"fine\",\"real\":\"x\"}",
                           NULL, &r),
                     OST_INVALID);
    assert_int_equal(error.failure_count, 5);
    assert_true(has_failure(&error, "flag", "type") && has_failure(&error, "nope", "unknown") &&
                has_failure(&error, "tiny", "type") && has_failure(&error, "name", "required") &&
                has_failure(&error, "real", "type"));
    assert_true(error.nothing_sent == 1);
}

static void text_that_is_no_json_says_where(void **state)
{
    (void)state;
    expect_failure("", "", "json", "the text ends too early, at byte 0");
    expect_failure("[]", "", "json", "an object is expected, at byte 0");
    expect_failure(" 5", "", "json", "an object is expected, at byte 1");
    expect_failure("{\"flag\":tru}", "", "json", "a word must be true, false or null, at byte 11");
    expect_failure("{\"flag\":0,\"nope\":[1,", "", "json", "the text ends too early, at byte 20");
    expect_failure("{\"flag\":true} x", "", "json", "nothing may follow the value, at byte 14");
    expect_failure("{\"text\":\"a\\u0000\"}", "", "json", "U+0000 is not allowed, at byte 10");
    expect_failure("{\"text\":\"\\ud800\"}", "", "json", "a surrogate stands alone, at byte 9");
    item r;
    memset(&r, 0, sizeof r);
    assert_int_equal(merge("{\"flag\":", NULL, &r), OST_INVALID);
    assert_string_equal(error.message,
                        "the json of item cannot be read: the text ends too early, at byte 8");
}

static void fm55_deep_values_are_refused(void **state)
{
    (void)state;
    enum { SIZE = 200000 };
    char *text = malloc(SIZE + 1);
    assert_non_null(text);
    memset(text, '[', SIZE);
    text[SIZE] = '\0';
    memcpy(text, "{\"x\":", 5);
    expect_failure(text, "", "json", "brackets are nested deeper than 30 levels, at byte 34");
    free(text);
}

static void failures_have_an_end(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    char *text = malloc(MANY * 6 + 3), *p = text;
    assert_non_null(text);
    *p++ = '{';
    for (int i = 0; i < MANY; i++, p += 6)
        memcpy(p, "\"x\":0,", 6);
    memcpy(p - 1, "}", 2);
    item r;
    memset(&r, 0, sizeof r);
    assert_int_equal(merge(text, NULL, &r), OST_INVALID);
    assert_int_equal(error.failure_count + error.failures_dropped, OST__JSON_FAILURES_MAX);
    assert_non_null(strstr(error.message, "(and 999 more)"));
    free(text);
}

/* What is written reads back as the same, and is written the same. */
static void what_is_written_is_read(void **state)
{
    (void)state;
    item r, again;
    ost__buffer first, second;
    ost__json_output o = { .error = &error };
    memset(&r, 0, sizeof r);
    memset(&again, 0, sizeof again);
    r.flag = true;
    r.tiny = -7;
    r.huge = UINT64_MAX;
    r.single = 16777216.0F;
    r.real = 1e-300;
    r.text = "\t\"\\ \xF0\x9F\x8C\x8D";
    r.name = "";
    r.bytes = (ost_blob){ "\0\1\2\3", 4 };
    assert_true(ost_time_parse("0001-01-01T00:00:00Z", &r.at));
    assert_true(ost_date_parse("9999-12-31", &r.day));
    r.price = ost_decimal_of(-1, 2);
    ost_put(r.opt_price, ost_decimal_of(999999999, 2));
    ost__buffer_init(&first, &test_memory);
    ost__buffer_init(&second, &test_memory);
    ost__json_begin(&o.w, &first);
    const ost__model *m = ost__model_at(set, 0);
    assert_int_equal(ost__record_to_json(&o, m, &r), OST_OK);
    assert_int_equal(merge(first.data,
                           ost_only(item, id, flag, tiny, natural, huge, single, real, text, code,
                                    bytes, at, day, uuid, oid, price, role, grade, opt_huge,
                                    opt_price, name, secret, is_admin, made, token),
                           &again),
                     OST_OK);
    ost__json_begin(&o.w, &second);
    assert_int_equal(ost__record_to_json(&o, m, &again), OST_OK);
    assert_string_equal(first.data, second.data);
    for (uint32_t i = 0; i < m->table.field_count; i++)
        assert_true(ost__member_equal(&m->fields[i], &r, &again));
    ost__buffer_finish(&first);
    ost__buffer_finish(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read),
        cmocka_unit_test(fm37_numbers_are_exact),
        cmocka_unit_test(what_is_absent_stays_and_null_makes_absent),
        cmocka_unit_test(what_does_not_fit_is_a_failure),
        cmocka_unit_test(fm50_what_is_not_listed_is_not_set),
        cmocka_unit_test(long_names_are_shown_in_part),
        cmocka_unit_test(all_failures_are_told),
        cmocka_unit_test(text_that_is_no_json_says_where),
        cmocka_unit_test(fm55_deep_values_are_refused),
        cmocka_unit_test(failures_have_an_end),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
