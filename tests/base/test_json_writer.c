/* SPDX-License-Identifier: MIT */
#include "base/json_writer.h"
#include "tracker.h"

#include <math.h>

typedef struct page {
    tracker t;
    ost__buffer buffer;
    ost__json_writer w;
} page;

static void begin(page *p)
{
    tracker_begin(&p->t);
    ost__buffer_init(&p->buffer, &p->t.memory);
    ost__json_begin(&p->w, &p->buffer);
}

static void end(page *p, const char *expected)
{
    assert_false(p->buffer.failed);
    assert_string_equal(p->buffer.data, expected);
    ost__buffer_finish(&p->buffer);
    assert_int_equal(p->t.live, 0);
}

static void text(page *p, const char *value)
{
    ost__json_text(&p->w, value, strlen(value));
}

static void commas_are_where_they_belong(void **state)
{
    (void)state;
    page p;
    begin(&p);
    ost__json_open_object(&p.w);
    ost__json_key(&p.w, "empty");
    ost__json_open_object(&p.w);
    ost__json_close_object(&p.w);
    ost__json_key(&p.w, "list");
    ost__json_open_list(&p.w);
    ost__json_open_list(&p.w);
    ost__json_close_list(&p.w);
    ost__json_int(&p.w, -1);
    ost__json_open_object(&p.w);
    ost__json_key(&p.w, "a");
    ost__json_bool(&p.w, true);
    ost__json_key(&p.w, "b");
    ost__json_bool(&p.w, false);
    ost__json_close_object(&p.w);
    ost__json_null(&p.w);
    ost__json_close_list(&p.w);
    ost__json_key(&p.w, "n");
    ost__json_uint(&p.w, UINT64_MAX);
    ost__json_close_object(&p.w);
    end(&p,
        "{\"empty\":{},\"list\":[[],-1,{\"a\":true,\"b\":false},null],\"n\":18446744073709551615}");
}

static void each_level_begins_anew(void **state)
{
    (void)state;
    page p;
    begin(&p);
    ost__json_open_list(&p.w);
    for (int i = 0; i < 2; i++) {
        ost__json_open_list(&p.w);
        ost__json_int(&p.w, i);
        ost__json_int(&p.w, i);
        ost__json_close_list(&p.w);
    }
    ost__json_close_list(&p.w);
    end(&p, "[[0,0],[1,1]]");
}

static void a_single_value_stands_alone(void **state)
{
    (void)state;
    page p;
    begin(&p);
    text(&p, "");
    end(&p, "\"\"");
}

static void texts_are_escaped(void **state)
{
    (void)state;
    page p;
    begin(&p);
    ost__json_open_object(&p.w);
    ost__json_key(&p.w, "a\"b\\");
    text(&p, "\b\f\n\r\t\x01\x1F\x7F/ \"q\" \\ größe \xF0\x9F\x8C\x8D");
    ost__json_key(&p.w, "nul");
    ost__json_text(&p.w, "a\0b", 3);
    ost__json_close_object(&p.w);
    end(&p, "{\"a\\\"b\\\\\":\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7F/ \\\"q\\\" \\\\ größe "
            "\xF0\x9F\x8C\x8D\","
            "\"nul\":\"a\\u0000b\"}");
}

static void fm37_numbers_that_json_has_not_are_null(void **state)
{
    (void)state;
    page p;
    begin(&p);
    ost__json_open_list(&p.w);
    ost__json_double(&p.w, 0.1);
    ost__json_double(&p.w, -5.0);
    ost__json_double(&p.w, 1e300);
    ost__json_double(&p.w, (double)NAN);
    ost__json_double(&p.w, (double)INFINITY);
    ost__json_double(&p.w, -(double)INFINITY);
    ost__json_int(&p.w, INT64_MIN);
    ost__json_close_list(&p.w);
    end(&p, "[0.1,-5.0,1e+300,null,null,null,-9223372036854775808]");
}

/* The vectors of RFC 4648, section 10, and all digits of the alphabet. */
static void base64_vectors(void **state)
{
    (void)state;
    static const char *const words[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
    page p;
    begin(&p);
    ost__json_open_list(&p.w);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        ost__json_base64(&p.w, words[i], strlen(words[i]));
    ost__json_base64(&p.w, "\0\x10\x83\xFB\xF0\xFF", 6);
    ost__json_base64(&p.w, NULL, 0);
    ost__json_close_list(&p.w);
    end(&p, "[\"\",\"Zg==\",\"Zm8=\",\"Zm9v\",\"Zm9vYg==\",\"Zm9vYmE=\",\"Zm9vYmFy\",\"ABCD+/D/"
            "\",\"\"]");
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    page p;
    char expected[2 * OST__JSON_DEPTH + 16];
    begin(&p);
    for (int i = 0; i < OST__JSON_DEPTH; i++)
        ost__json_open_list(&p.w);
    ost__json_int(&p.w, 1);
    ost__json_int(&p.w, 2);
    for (int i = 0; i < OST__JSON_DEPTH; i++)
        ost__json_close_list(&p.w);
    memset(expected, '[', OST__JSON_DEPTH);
    memcpy(expected + OST__JSON_DEPTH, "1,2", 3);
    memset(expected + OST__JSON_DEPTH + 3, ']', OST__JSON_DEPTH);
    expected[2 * OST__JSON_DEPTH + 3] = '\0';
    end(&p, expected);

    begin(&p);
    for (int i = 0; i < 100; i++)
        ost__json_open_object(&p.w);
    for (int i = 0; i < 200; i++)
        ost__json_close_object(&p.w);
    assert_true(p.buffer.failed);
    ost__buffer_finish(&p.buffer);
    assert_int_equal(p.t.live, 0);
}

static void fm65_no_memory_sticks(void **state)
{
    (void)state;
    page p;
    begin(&p);
    p.t.fail_at = 2;
    p.t.fail_on = true;
    ost__json_open_list(&p.w);
    for (int i = 0; i < 100; i++)
        text(&p, "a text");
    ost__json_close_list(&p.w);
    assert_true(p.buffer.failed);
    ost__buffer_finish(&p.buffer);
    assert_int_equal(p.t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_are_where_they_belong),
        cmocka_unit_test(each_level_begins_anew),
        cmocka_unit_test(a_single_value_stands_alone),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(fm37_numbers_that_json_has_not_are_null),
        cmocka_unit_test(base64_vectors),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(fm65_no_memory_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
