/* SPDX-License-Identifier: MIT */
#include "base/json_value.h"
#include "tracker.h"

#include <pthread.h>

static ost_status check(const char *text, ost__json_reader *r)
{
    tracker t;
    tracker_begin(&t);
    ost_status status = ost__json_check(&t.memory, text, strlen(text), r);
    assert_int_equal(t.live, 0);
    return status;
}

static void names_that_occur_twice_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } texts[] = {
        { "{\"a\":1,\"a\":1}", 7 },
        { "{\"a\":1,\"b\":2,\"\\u0061\":1}", 13 },
        { "[{\"x\":{\"a\":1,\"b\":{},\"a\":2}}]", 20 },
        { "{\"a\":{\"a\":[{\"a\":1}]},\"\":0,\"\":0}", 26 },
        { "{\"b\":1,\"a\":1,\"b\":2,\"b\":3,\"a\":2}", 13 },
    };
    ost__json_reader r;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(check(texts[i].text, &r), OST_INVALID);
        assert_string_equal(r.error, "a name occurs twice in one object");
        assert_int_equal(r.error_at, texts[i].at);
    }
    assert_int_equal(check("{\"a\":{\"a\":{\"a\":1}},\"A\":[{\"a\":1},{\"a\":1}]}", &r), OST_OK);
    assert_int_equal(check("1", &r), OST_OK);
    assert_int_equal(check("{\"a\":1", &r), OST_INVALID);
    assert_int_equal(r.error_at, 6);
}

static void expect_canonical(const char *text, const char *expected)
{
    tracker t;
    ost__buffer out;
    ost__json_reader r;
    tracker_begin(&t);
    ost__buffer_init(&out, &t.memory);
    assert_int_equal(ost__json_canonical(&t.memory, text, strlen(text), &out, &r), OST_OK);
    assert_string_equal(out.data, expected);
    ost__buffer_finish(&out);
    assert_int_equal(t.live, 0);
}

static void members_are_in_order(void **state)
{
    (void)state;
    expect_canonical(" 1.50 ", "1.5");
    expect_canonical("[ ]", "[]");
    expect_canonical("{ }", "{}");
    expect_canonical("{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}");
    expect_canonical("{\"b\":1,\"ab\":2,\"a\":3,\"\":4,\"\\u0062a\":[5,{\"z\":1,\"y\":{}}]}",
                     "{\"\":4,\"a\":3,\"ab\":2,\"b\":1,\"ba\":[5,{\"y\":{},\"z\":1}]}");
    /* Lists keep their order; objects in lists, in objects out of order, find their own names. */
    expect_canonical("{\"c\":[{\"b\":[{\"d\":1,\"c\":2},[]],\"a\":0},{\"y\":1,\"x\":[{}]},3],\"b\":"
                     "{},\"a\":[{\"q\":1"
                     ",\"p\":2}]}",
                     "{\"a\":[{\"p\":2,\"q\":1}],\"b\":{},\"c\":[{\"a\":0,\"b\":[{\"c\":2,\"d\":1},"
                     "[]]},{\"x\":[{}],"
                     "\"y\":1},3]}");
    expect_canonical("[\"\\u00e9\\/\\u000A\\\"\\u001f\",true,false,null,1e2,\"\"]",
                     "[\"é/\\n\\\"\\u001f\",true,false,null,100,\"\"]");
    /* By the bytes of UTF-8, not by UTF-16. */
    expect_canonical("{\"\\ud83c\\udf0d\":1,\"\\ufffd\":2}",
                     "{\"\xEF\xBF\xBD\":2,\"\xF0\x9F\x8C\x8D\":1}");
}

static void equal_values_are_equal(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } pairs[] = {
        { "{\"a\":1,\"b\":[1,2]}", " {\"b\":[1.0,2e0],\"a\":1}", true },
        { "\"\\u0061\"", "\"a\"", true },
        { "[1,2]", "[2,1]", false },
        { "{\"a\":null}", "{}", false },
        { "1", "\"1\"", false },
        { "9007199254740993", "9007199254740992", false },
        { "0.1", "0.10000000000000000000000000000001", false },
        { "true", "false", false },
    };
    tracker t;
    tracker_begin(&t);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const char *a = pairs[i].a, *b = pairs[i].b;
        bool equal = !pairs[i].equal;
        assert_int_equal(ost__json_equal(&t.memory, a, strlen(a), b, strlen(b), &equal), OST_OK);
        assert_int_equal(equal, pairs[i].equal);
    }
    bool equal = true;
    assert_int_equal(ost__json_equal(&t.memory, "{", 1, "{", 1, &equal), OST_INVALID);
    assert_int_equal(ost__json_equal(&t.memory, "1", 1, "x", 1, &equal), OST_INVALID);
    assert_int_equal(t.live, 0);
}

/* Objects of random names, written in two orders, have one canonical form: that of the smallest. */
static void put_names(ost__buffer *out, const uint32_t *names, size_t count, bool backwards)
{
    char name[32];
    ost__buffer_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        uint32_t n = names[backwards ? count - 1 - i : i];
        ost__buffer_text(out, i ? ",\"" : "\"");
        ost__buffer_bytes(out, name, ost__print_uint(n, name));
        ost__buffer_text(out, "\":");
        ost__buffer_uint(out, n);
    }
    ost__buffer_char(out, '}');
}

static void many_names_are_sorted(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static uint32_t names[COUNT];
    tracker t;
    ost__buffer a, b, x, y;
    ost__json_reader r;
    uint64_t seed = 123456789;
    tracker_begin(&t);
    ost__buffer_init(&a, &t.memory);
    ost__buffer_init(&b, &t.memory);
    ost__buffer_init(&x, &t.memory);
    ost__buffer_init(&y, &t.memory);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t j = (uint32_t)(tracker_random(&seed) % (i + 1));
        names[i] = names[j];
        names[j] = i;
    }
    put_names(&a, names, COUNT, false);
    put_names(&b, names, COUNT, true);
    assert_int_equal(ost__json_canonical(&t.memory, a.data, a.size, &x, &r), OST_OK);
    assert_int_equal(ost__json_canonical(&t.memory, b.data, b.size, &y, &r), OST_OK);
    assert_string_equal(x.data, y.data);
    assert_int_equal(x.size, a.size);
    ost__json_read(&r, x.data, x.size);
    const char *before = "";
    size_t before_size = 0, count = 0;
    while (ost__json_next(&r) != OST__JSON_END) {
        if (r.kind != OST__JSON_KEY)
            continue;
        assert_true(count == 0 || ost__json_compare(before, before_size, r.text, r.size) < 0);
        before = r.text;
        before_size = r.size;
        count++;
    }
    assert_int_equal(count, COUNT);
    ost__buffer_finish(&a);
    ost__buffer_finish(&b);
    ost__buffer_finish(&x);
    ost__buffer_finish(&y);
    assert_int_equal(t.live, 0);
}

static void fm65_no_memory_is_a_status(void **state)
{
    (void)state;
    static const char text[] = "[{\"b\":\"\\u0061\",\"a\":{\"c\":1}},{\"x\":\"\\n\"}]";
    tracker t;
    for (size_t n = 1;; n++) {
        ost__buffer out;
        ost__json_reader r;
        bool equal;
        tracker_begin(&t);
        t.fail_at = n;
        ost__buffer_init(&out, &t.memory);
        ost_status status = ost__json_canonical(&t.memory, text, sizeof text - 1, &out, &r);
        ost__buffer_finish(&out);
        assert_int_equal(t.live, 0);
        bool reached = t.calls >= n;
        assert_int_equal(status, reached ? OST_NO_MEMORY : OST_OK);
        tracker_begin(&t);
        t.fail_at = n;
        status = ost__json_equal(&t.memory, text, sizeof text - 1, text, sizeof text - 1, &equal);
        assert_int_equal(t.live, 0);
        if (t.calls < n)
            break;
        assert_int_equal(status, OST_NO_MEMORY);
    }
}

enum { BRACKETS = 1000000, SMALL_STACK = 64 * 1024 };

static void *resize(void *context, void *old, size_t old_size, size_t new_size)
{
    (void)context, (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, new_size);
}

typedef struct deep {
    const char *text;
    ost_status checked, written;
} deep;

static void *read_deep(void *context)
{
    deep *d = context;
    const ost__memory memory = { .resize = resize };
    ost__buffer out;
    ost__json_reader r;
    d->checked = ost__json_check(&memory, d->text, BRACKETS, &r);
    ost__buffer_init(&out, &memory);
    d->written = ost__json_canonical(&memory, d->text, BRACKETS, &out, &r);
    ost__buffer_finish(&out);
    return NULL;
}

static void on_a_small_stack(deep *d)
{
    pthread_attr_t attributes;
    pthread_t thread;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, read_deep, d), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

static void fm55_a_million_brackets_on_a_small_stack(void **state)
{
    (void)state;
    char *text = malloc(BRACKETS);
    deep d = { .text = text };
    assert_non_null(text);
    for (size_t i = 0; i < BRACKETS; i++)
        text[i] = "{\"\":"[i % 4];
    on_a_small_stack(&d);
    assert_int_equal(d.checked, OST_INVALID);
    assert_int_equal(d.written, OST_INVALID);
    /* A list of as many objects as there is room for. */
    for (size_t i = 0; i < BRACKETS; i++)
        text[i] = "{}, "[i % 4];
    text[0] = '[';
    text[1] = ' ';
    text[2] = ' ';
    text[BRACKETS - 2] = ' ';
    text[BRACKETS - 1] = ']';
    on_a_small_stack(&d);
    assert_int_equal(d.checked, OST_OK);
    assert_int_equal(d.written, OST_OK);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_occur_twice_are_refused),
        cmocka_unit_test(members_are_in_order),
        cmocka_unit_test(equal_values_are_equal),
        cmocka_unit_test(many_names_are_sorted),
        cmocka_unit_test(fm65_no_memory_is_a_status),
        cmocka_unit_test(fm55_a_million_brackets_on_a_small_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
