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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_name),
        cmocka_unit_test(numbers_are_frozen),
        cmocka_unit_test(unknown_status_has_a_name_too),
        cmocka_unit_test(no_failure_leaves_out_untouched),
        cmocka_unit_test(damaged_detail_is_not_read_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
