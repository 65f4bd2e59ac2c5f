/* SPDX-License-Identifier: MIT */
#include "base/json_reader.h"
#include "tracker.h"

#include <pthread.h>

/* What is read, a line a token; the error last. */
static const char *trace(const char *text, size_t size, ost__buffer *out)
{
    static const char *const names[] = { "!",  "end", "{",  "}",    "[",     "]",
                                         "k ", "s ",  "n ", "true", "false", "null" };
    ost__json_reader r;
    uint8_t kind;
    ost__buffer_reset(out);
    ost__json_read(&r, text, size);
    do {
        kind = ost__json_next(&r);
        ost__buffer_text(out, names[kind]);
        if (kind == OST__JSON_KEY || kind == OST__JSON_STRING) {
            char decoded[256];
            assert_true(r.decoded_size <= r.size && r.size < sizeof decoded);
            assert_true(r.escaped || r.decoded_size == r.size);
            ost__json_decode(&r, decoded);
            assert_true(ost__json_is(&r, decoded, r.decoded_size));
            assert_false(ost__json_is(&r, decoded, r.decoded_size + 1));
            size_t before = out->size;
            ost__json_append(&r, out);
            assert_int_equal(out->size, before + r.decoded_size);
            assert_memory_equal(out->data + before, decoded, r.decoded_size);
        } else if (kind == OST__JSON_NUMBER) {
            ost__buffer_bytes(out, r.text, r.size);
        } else if (kind == OST__JSON_ERROR) {
            ost__buffer_text(out, r.error);
            ost__buffer_text(out, " @");
            ost__buffer_uint(out, r.error_at);
        } else if (kind != OST__JSON_END) {
            assert_memory_equal(r.text, names[kind], r.size);
        }
        ost__buffer_char(out, '\n');
    } while (kind != OST__JSON_END && kind != OST__JSON_ERROR);
    assert_int_equal(ost__json_next(&r), kind);
    return out->data;
}

static void expect(const char *text, size_t size, const char *expected)
{
    tracker t;
    ost__buffer out;
    tracker_begin(&t);
    ost__buffer_init(&out, &t.memory);
    /* A copy of exactly this size: a byte read behind it is found. */
    char *copy = malloc(size + 1);
    assert_non_null(copy);
    memmove(copy + 1, text, size);
    assert_string_equal(trace(copy + 1, size, &out), expected);
    free(copy);
    ost__buffer_finish(&out);
}

static void expect_text(const char *text, const char *expected)
{
    expect(text, strlen(text), expected);
}

static void every_kind_of_token(void **state)
{
    (void)state;
    expect_text(" { \"a\" : [ ] , \"b\":{},\"\":\"\",\t\"n\"\r:\n-1.5e+3,\"t\":[true,false,null]} ",
                "{\nk a\n[\n]\nk b\n{\n}\nk \ns \nk n\nn -1.5e+3\nk t\n[\ntrue\nfalse\nnull\n]\n}\n"
                "end\n");
    expect_text("1", "n 1\nend\n");
    expect_text("\"x\"", "s x\nend\n");
    expect_text(" null ", "null\nend\n");
    expect_text("[[],[[]],{}]", "[\n[\n]\n[\n[\n]\n]\n{\n}\n]\nend\n");
    expect_text("[0,-0,10,0.1,1e1,1E-1,1.25E+007]",
                "[\nn 0\nn -0\nn 10\nn 0.1\nn 1e1\nn 1E-1\nn 1.25E+007\n]\nend\n");
}

static void strings_are_decoded(void **state)
{
    (void)state;
    expect_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "s \"\\/\b\f\n\r\t\nend\n");
    expect_text("\"a\\u00e9b\\u20AC\\uD83C\\udf0d.\"", "s aéb€\xF0\x9F\x8C\x8D.\nend\n");
    expect_text("{\"\\u0061\":\"größe \xF0\x9F\x8C\x8D\\n\"}",
                "{\nk a\ns größe \xF0\x9F\x8C\x8D\n\n}\nend\n");
    expect_text("\"\\uFFFF\\uFFFE\\u007f\x7F\"", "s \xEF\xBF\xBF\xEF\xBF\xBE\x7F\x7F\nend\n");
    expect_text("\"\xEF\xBB\xBF twelve bytes and more\"",
                "s \xEF\xBB\xBF twelve bytes and more\nend\n");
}

typedef struct mistake {
    const char *text, *error;
} mistake;

static const mistake mistakes[] = {
    { "", "!the text ends too early @0\n" },
    { "  ", "!the text ends too early @2\n" },
    { "\xEF\xBB\xBF[]", "!a value is expected @0\n" },
    { "?", "!a value is expected @0\n" },
    { "\f1", "!a value is expected @0\n" },
    { "'a'", "!a value is expected @0\n" },
    { "NaN", "!a value is expected @0\n" },
    { "+1", "!a value is expected @0\n" },
    { ".5", "!a value is expected @0\n" },
    { "01", "!a number has no zeros in front @1\n" },
    { "-01", "!a number has no zeros in front @2\n" },
    { "-a", "!a digit is expected @1\n" },
    { "-", "!the text ends too early @1\n" },
    { "1.a", "!a digit is expected @2\n" },
    { "1.", "!the text ends too early @2\n" },
    { "1ex", "!a digit is expected @2\n" },
    { "1e+x", "!a digit is expected @3\n" },
    { "1e", "!the text ends too early @2\n" },
    { "1e-", "!the text ends too early @3\n" },
    { "1e1234567890", "!an exponent has more than nine digits @2\n" },
    { "tru", "!the text ends too early @3\n" },
    { "trua", "!a word must be true, false or null @3\n" },
    { "nul1", "!a word must be true, false or null @3\n" },
    { "False", "!a value is expected @0\n" },
    { "1 2", "n 1\n!nothing may follow the value @2\n" },
    { "truex", "true\n!nothing may follow the value @4\n" },
    { "[1 2]", "[\nn 1\n!a comma or ] is expected @3\n" },
    { "[1}", "[\nn 1\n!a comma or ] is expected @2\n" },
    { "[1,]", "[\nn 1\n!a value is expected @3\n" },
    { "[,1]", "[\n!a value is expected @1\n" },
    { "[1", "[\nn 1\n!the text ends too early @2\n" },
    { "[", "[\n!the text ends too early @1\n" },
    { "]", "!a value is expected @0\n" },
    { "[]]", "[\n]\n!nothing may follow the value @2\n" },
    { "{", "{\n!the text ends too early @1\n" },
    { "{a:1}", "{\n!a name in quotes is expected @1\n" },
    { "{1:1}", "{\n!a name in quotes is expected @1\n" },
    { "{]", "{\n!a name in quotes is expected @1\n" },
    { "{\"a\"}", "{\n!a colon is expected @4\n" },
    { "{\"a\"", "{\n!the text ends too early @4\n" },
    { "{\"a\":}", "{\nk a\n!a value is expected @5\n" },
    { "{\"a\":1,}", "{\nk a\nn 1\n!a name in quotes is expected @7\n" },
    { "{\"a\":1 \"b\":2}", "{\nk a\nn 1\n!a comma or } is expected @7\n" },
    { "{\"a\":1]", "{\nk a\nn 1\n!a comma or } is expected @6\n" },
    { "[1]/**/", "[\nn 1\n]\n!nothing may follow the value @3\n" },
    { "\"", "!the text ends too early @1\n" },
    { "\"abcdefghij", "!the text ends too early @11\n" },
    { "\"a\nb\"", "!a control character in a string must be escaped @2\n" },
    { "\"12345678\x1f\"", "!a control character in a string must be escaped @9\n" },
    { "\"a\\x\"", "!an escape is unknown @3\n" },
    { "\"\\", "!the text ends too early @2\n" },
    { "\"\\u12g4\"", "!\\u is followed by four hexadecimal digits @5\n" },
    { "\"\\u12", "!the text ends too early @5\n" },
    { "\"\\u0000\"", "!U+0000 is not allowed @1\n" },
    { "{\"a\\u0000\":1}", "{\n!U+0000 is not allowed @3\n" },
    { "\"\\uD800\"", "!a surrogate stands alone @1\n" },
    { "\"\\uDC00\"", "!a surrogate stands alone @1\n" },
    { "\"\\uD800x\"", "!a surrogate stands alone @1\n" },
    { "\"\\uD800\\n\"", "!a surrogate stands alone @1\n" },
    { "\"\\uD800\\u0041\"", "!a surrogate stands alone @1\n" },
    { "\"\\uD800\\uD800\"", "!a surrogate stands alone @1\n" },
    { "\"\\uD800\\u12x4\"", "!\\u is followed by four hexadecimal digits @11\n" },
    { "\"\\uD800", "!the text ends too early @7\n" },
    { "\"\\uD800\\", "!the text ends too early @8\n" },
    { "\"ab\x80\"", "!a string is not valid utf-8 @3\n" },
    { "\"\xC0\xAF\"", "!a string is not valid utf-8 @1\n" },
    { "\"é\xED\xA0\x80\"", "!a string is not valid utf-8 @3\n" },
    { "\"\xF4\x90\x80\x80\"", "!a string is not valid utf-8 @1\n" },
    { "\"\xE2\x82\"", "!a string is not valid utf-8 @1\n" },
    { "\"\xE2\\u0082\xAC\"", "!a string is not valid utf-8 @1\n" },
    { "{\"\xFF\":1}", "{\n!a string is not valid utf-8 @2\n" },
};

static void every_mistake_at_its_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++)
        expect_text(mistakes[i].text, mistakes[i].error);
    expect("\"a\0b\"", 5, "!a control character in a string must be escaped @2\n");
    expect("[1,\0]", 5, "[\nn 1\n!a value is expected @3\n");
    expect("1\0", 2, "n 1\n!nothing may follow the value @1\n");
}

static const char SAMPLE[] =
    "{\"name\": \"größe\\u00e9\\n\\uD83C\\uDF0D\", \"list\":[1, -2.5e+3 ,0.25,true,false , "
    "null,[],{}],"
    "\n\"inner\":{\"a\":{\"b\":\"a longer text of more than eight bytes\"}}}";

/* Where and why reading ends. */
static uint8_t last_token(const char *text, size_t size, size_t *at, const char **why)
{
    ost__json_reader r;
    uint8_t kind;
    ost__json_read(&r, text, size);
    do
        kind = ost__json_next(&r);
    while (kind != OST__JSON_END && kind != OST__JSON_ERROR);
    *at = r.error_at;
    *why = r.error;
    return kind;
}

static void a_text_that_is_cut_says_so(void **state)
{
    (void)state;
    size_t at;
    const char *why;
    assert_int_equal(last_token(SAMPLE, sizeof SAMPLE - 1, &at, &why), OST__JSON_END);
    for (size_t size = 0; size < sizeof SAMPLE - 1; size++) {
        char *copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy + 1, SAMPLE, size);
        assert_int_equal(last_token(copy + 1, size, &at, &why), OST__JSON_ERROR);
        assert_string_equal(why, "the text ends too early");
        assert_int_equal(at, size);
        free(copy);
    }
}

static void a_byte_that_cannot_be_is_found_where_it_is(void **state)
{
    (void)state;
    char copy[sizeof SAMPLE];
    size_t at;
    const char *why;
    size_t pair = (size_t)(strstr(SAMPLE, "\\uD83C") - SAMPLE);
    for (size_t i = 0; i < sizeof SAMPLE - 1; i++) {
        memcpy(copy, SAMPLE, sizeof SAMPLE);
        copy[i] = '\x01';
        assert_int_equal(last_token(copy, sizeof SAMPLE - 1, &at, &why), OST__JSON_ERROR);
        /* What should be the second half of a pair: the first stands alone. */
        bool half = i == pair + 6 || i == pair + 7;
        assert_int_equal(at, half ? pair : i);
    }
}

static void a_value_is_skipped(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":{\"b\":[1,{\"c\":2}]},\"d\":[[[]]],\"e\":1,\"f\":[3}";
    ost__json_reader r;
    ost__json_read(&r, text, sizeof text - 1);
    ost__json_next(&r);
    ost__json_next(&r);
    assert_true(ost__json_skip(&r));
    assert_int_equal(r.depth, 1);
    assert_int_equal(r.at - text, 22);
    ost__json_next(&r);
    ost__json_next(&r);
    assert_int_equal(r.kind, OST__JSON_OPEN_LIST);
    const char *start = r.text;
    assert_true(ost__json_skip(&r));
    assert_int_equal(r.at - start, 6);
    ost__json_next(&r);
    assert_true(ost__json_skip(&r));
    assert_int_equal(r.kind, OST__JSON_NUMBER);
    assert_true(ost__json_skip(&r));
    assert_int_equal(ost__json_next(&r), OST__JSON_KEY);
    assert_true(ost__json_is(&r, "f", 1));
    assert_false(ost__json_skip(&r));
    assert_string_equal(r.error, "a comma or ] is expected");
    assert_int_equal(r.error_at, strlen(text) - 1);
    assert_false(ost__json_skip(&r));
}

static void what_a_caller_refuses_stays_refused(void **state)
{
    (void)state;
    ost__json_reader r;
    ost__json_read(&r, "[1,2]", 5);
    ost__json_next(&r);
    ost__json_next(&r);
    assert_int_equal(ost__json_refuse(&r, "no such number"), OST__JSON_ERROR);
    assert_int_equal(ost__json_next(&r), OST__JSON_ERROR);
    assert_string_equal(r.error, "no such number");
    assert_int_equal(r.error_at, 1);
}

static int compare(const char *a, const char *b)
{
    int there = ost__json_compare(a, strlen(a), b, strlen(b));
    assert_int_equal(ost__json_compare(b, strlen(b), a, strlen(a)), -there);
    return there;
}

static void strings_compare_by_what_they_stand_for(void **state)
{
    (void)state;
    assert_int_equal(compare("", ""), 0);
    assert_int_equal(compare("", "a"), -1);
    assert_int_equal(compare("a", "ab"), -1);
    assert_int_equal(compare("b", "ab"), 1);
    assert_int_equal(compare("a\\u0062c", "abc"), 0);
    assert_int_equal(compare("a\\u0062c", "\\u0061b\\u0063"), 0);
    assert_int_equal(compare("a\\u0062", "abc"), -1);
    assert_int_equal(compare("\\u00e9", "é"), 0);
    assert_int_equal(compare("\\n", "\\u000a"), 0);
    assert_int_equal(compare("\\ud83c\\udf0d", "\xF0\x9F\x8C\x8D"), 0);
    /* By bytes, where UTF-16 would have it the other way. */
    assert_int_equal(compare("\\ufffd", "\\ud83c\\udf0d"), -1);
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    char text[2 * OST__JSON_DEPTH + 2];
    size_t at;
    const char *why;
    memset(text, '[', OST__JSON_DEPTH);
    memset(text + OST__JSON_DEPTH, ']', OST__JSON_DEPTH);
    assert_int_equal(last_token(text, 2 * OST__JSON_DEPTH, &at, &why), OST__JSON_END);
    memset(text, '[', OST__JSON_DEPTH + 1);
    memset(text + OST__JSON_DEPTH + 1, ']', OST__JSON_DEPTH + 1);
    assert_int_equal(last_token(text, sizeof text, &at, &why), OST__JSON_ERROR);
    assert_string_equal(why, "brackets are nested deeper than 30 levels");
    assert_int_equal(at, OST__JSON_DEPTH);
}

static void size_has_a_limit(void **state)
{
    (void)state;
    size_t at;
    const char *why;
    assert_int_equal(last_token("[]", (size_t)OST__JSON_SIZE_MAX + 1, &at, &why), OST__JSON_ERROR);
    assert_string_equal(why, "the text is larger than 64 MiB");
}

enum { MANY = 1000000, SMALL_STACK = 64 * 1024 };

typedef struct deep {
    char *text;
    size_t size, at;
    uint8_t kind, flat;
    bool skipped;
} deep;

static void *read_deep(void *context)
{
    deep *d = context;
    const char *why;
    ost__json_reader r;
    d->kind = last_token(d->text, d->size, &d->at, &why);
    ost__json_read(&r, d->text, d->size);
    ost__json_next(&r);
    d->skipped = ost__json_skip(&r);
    /* As many brackets, side by side. */
    d->text[0] = '[';
    for (size_t i = 1; i + 2 < d->size; i += 3)
        memcpy(d->text + i, i == 1 ? " []" : ",[]", 3);
    memset(d->text + d->size - 3, ' ', 2);
    d->text[d->size - 1] = ']';
    d->flat = last_token(d->text, d->size, &d->at, &why);
    return NULL;
}

static void fm55_a_million_brackets_on_a_small_stack(void **state)
{
    (void)state;
    pthread_attr_t attributes;
    pthread_t thread;
    deep d = { .text = malloc(MANY), .size = MANY };
    assert_non_null(d.text);
    memset(d.text, '[', MANY);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, read_deep, &d), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    assert_int_equal(d.kind, OST__JSON_ERROR);
    assert_false(d.skipped);
    assert_int_equal(d.flat, OST__JSON_END);
    free(d.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_token),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(every_mistake_at_its_byte),
        cmocka_unit_test(a_text_that_is_cut_says_so),
        cmocka_unit_test(a_byte_that_cannot_be_is_found_where_it_is),
        cmocka_unit_test(a_value_is_skipped),
        cmocka_unit_test(what_a_caller_refuses_stays_refused),
        cmocka_unit_test(strings_compare_by_what_they_stand_for),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(size_has_a_limit),
        cmocka_unit_test(fm55_a_million_brackets_on_a_small_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
