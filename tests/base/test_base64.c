/* SPDX-License-Identifier: MIT */
#include "base/base64.h"
#include "base/json_writer.h"
#include "tracker.h"

/* The vectors of RFC 4648, section 10. */
static void vectors(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "", "" },
        { "Zg==", "f" },
        { "Zm8=", "fo" },
        { "Zm9v", "foo" },
        { "Zm9vYg==", "foob" },
        { "Zm9vYmE=", "fooba" },
        { "Zm9vYmFy", "foobar" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char out[16];
        size_t size = 99;
        assert_true(ost__base64_decode(pairs[i][0], strlen(pairs[i][0]), out, &size));
        assert_int_equal(size, strlen(pairs[i][1]));
        assert_memory_equal(out, pairs[i][1], size);
    }
}

static void what_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "Z",     "Zg",     "Zg=",      "Zm9",   "=",        "====",
                                         "Z===",  "Zh==",   "Zm9=",     "Zm 8=", "Zg==Zg==", "Zm-_",
                                         "Zm\n=", "Zm8=\n", "Zm8=Zm8=", "=Zm8" };
    char out[16];
    size_t size;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (ost__base64_decode(texts[i], strlen(texts[i]), out, &size))
            fail_msg("%s was read", texts[i]);
}

/* Also in place. */
static void what_is_written_is_read(void **state)
{
    (void)state;
    uint64_t seed = 2463534242;
    tracker t;
    ost__buffer b;
    ost__json_writer w;
    tracker_begin(&t);
    ost__buffer_init(&b, &t.memory);
    for (size_t n = 0; n < 2000; n++) {
        uint8_t bytes[40];
        size_t count = n % 40, size;
        for (size_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)(tracker_random(&seed) >> 24);
        ost__buffer_reset(&b);
        ost__json_begin(&w, &b);
        ost__json_base64(&w, bytes, count);
        assert_true(ost__base64_decode(b.data + 1, b.size - 2, b.data, &size));
        assert_int_equal(size, count);
        assert_memory_equal(b.data, bytes, count);
    }
    ost__buffer_finish(&b);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
