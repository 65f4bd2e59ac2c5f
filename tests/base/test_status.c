/* SPDX-License-Identifier: MIT */
#include "ostler/status.h"
#include "base/error.h"
#include "tracker.h"

static void every_status_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(ost_status_name(OST_OK), "OST_OK");
    assert_string_equal(ost_status_name(OST_CONFLICT), "OST_CONFLICT");
    assert_string_equal(ost_status_name(OST_UNKNOWN_OUTCOME), "OST_UNKNOWN_OUTCOME");
    assert_string_equal(ost_status_name(OST_DRIVER_ERROR), "OST_DRIVER_ERROR");
    for (int i = OST_OK; i <= OST_DRIVER_ERROR; i++) {
        const char *name = ost_status_name((ost_status)i);
        assert_memory_equal(name, "OST_", 4);
        assert_string_not_equal(name, "OST_UNKNOWN_STATUS");
        for (int j = OST_OK; j < i; j++)
            assert_string_not_equal(name, ost_status_name((ost_status)j));
    }
}

static void numbers_are_frozen(void **state)
{
    (void)state;
    assert_int_equal(OST_NOT_FOUND, 1);
    assert_int_equal(OST_STALE, 7);
    assert_int_equal(OST_UNKNOWN_OUTCOME, 14);
    assert_int_equal(OST_MISUSE, 21);
    assert_int_equal(OST_DRIVER_ERROR, 23);
}

static void unknown_status_has_a_name_too(void **state)
{
    (void)state;
    assert_string_equal(ost_status_name((ost_status)24), "OST_UNKNOWN_STATUS");
    assert_string_equal(ost_status_name((ost_status)-1), "OST_UNKNOWN_STATUS");
    assert_string_equal(ost_status_name((ost_status)INT32_MAX), "OST_UNKNOWN_STATUS");
}

static void no_failure_leaves_out_untouched(void **state)
{
    (void)state;
    ost_error e;
    ost_failure f = { "p", "r", "m" };
    assert_false(ost_error_failure(NULL, 0, &f));
    ost__error_set(&e, OST_INVALID, "x");
    assert_false(ost_error_failure(&e, 0, &f));
    ost__error_add_failure(&e, "a", "b", "c");
    assert_false(ost_error_failure(&e, 1, &f));
    assert_false(ost_error_failure(&e, SIZE_MAX, &f));
    assert_string_equal(f.path, "p");
    assert_string_equal(f.message, "m");
}

static void damaged_detail_is_not_read_past(void **state)
{
    (void)state;
    ost_error e;
    ost_failure f = { "p", "r", "m" };
    ost__error_set(&e, OST_INVALID, "x");
    memset(e.detail, 'd', sizeof e.detail);
    e.failure_count = 5;
    e.detail_used = sizeof e.detail;
    assert_false(ost_error_failure(&e, 0, &f));
    e.detail_used = UINT16_MAX;
    assert_false(ost_error_failure(&e, 0, &f));
    e.detail_used = 0;
    assert_false(ost_error_failure(&e, 0, &f));
    memcpy(e.detail, "a\0b", 4);
    e.detail_used = 4;
    assert_false(ost_error_failure(&e, 0, &f));
    assert_string_equal(f.path, "p");
}

static void explained(const ost_error *e, const char *expected)
{
    char out[512];
    memset(out, '#', sizeof out);
    assert_int_equal(ost_explain_error(e, out, sizeof out), strlen(expected));
    assert_string_equal(out, expected);
    for (size_t size = 0; size < strlen(expected) + 2 && size < sizeof out; size++) {
        memset(out, '#', sizeof out);
        assert_int_equal(ost_explain_error(e, size > 0 ? out : NULL, size), strlen(expected));
        assert_true(out[size] == '#');
        if (size == 0)
            continue;
        /* As much as there is room for, up to a whole character. */
        size_t length = strlen(out);
        assert_true(length + 1 <= size && length + 4 >= (size < strlen(expected) ? size : length));
        assert_memory_equal(out, expected, length);
        assert_true(((uint8_t)expected[length] & 0xC0) != 0x80);
    }
}

static void failures_are_explained_a_line_each(void **state)
{
    (void)state;
    ost_error e;
    explained(NULL, "");
    ost__error_set(&e, OST_CONNECTION, "the server went away");
    explained(&e, "the server went away");
    ost__error_add_failure(&e, "name", "required", "muß sein €");
    explained(&e, "name: muß sein €");
    ost__error_add_failure(&e, "", "json", "no \xF0\x9F\x8C\x8D here");
    ost__error_add_failure(&e, "comments[2].text", "max_length", "must be at most 5 characters");
    explained(&e, "name: muß sein €\nno \xF0\x9F\x8C\x8D here\n"
                  "comments[2].text: must be at most 5 characters");
    e.failures_dropped = 7;
    explained(&e, "name: muß sein €\nno \xF0\x9F\x8C\x8D here\n"
                  "comments[2].text: must be at most 5 characters\nand 7 more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_name),
        cmocka_unit_test(numbers_are_frozen),
        cmocka_unit_test(unknown_status_has_a_name_too),
        cmocka_unit_test(no_failure_leaves_out_untouched),
        cmocka_unit_test(damaged_detail_is_not_read_past),
        cmocka_unit_test(failures_are_explained_a_line_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
