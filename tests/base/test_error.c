/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "tracker.h"

#include <inttypes.h>

static bool is_zero(const void *p, size_t size)
{
    const uint8_t *bytes = p;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void set_replaces_everything(void **state)
{
    (void)state;
    ost_error e;
    memset(&e, 0xAA, sizeof e);
    assert_int_equal(ost__error_set(&e, OST_RANGE, "%s.%s holds %d", "user", "age", 300),
                     OST_RANGE);
    assert_int_equal(e.status, OST_RANGE);
    assert_string_equal(e.message, "user.age holds 300");
    assert_int_equal(e.retryable, 0);
    assert_int_equal(e.failure_count, 0);
    assert_true(is_zero(e.model, sizeof e.model));
    assert_true(is_zero(e.reserved, sizeof e.reserved));
    assert_true(is_zero(e.detail, sizeof e.detail));
    ost__error_about(&e, "user", "age");
    ost__error_about(&e, NULL, "size");
    assert_string_equal(e.model, "user");
    assert_string_equal(e.field, "size");
    ost__error_about(&e, "pet", NULL);
    assert_string_equal(e.model, "pet");
    assert_string_equal(e.field, "size");
    ost__error_constraint(&e, "pet_name_key");
    ost__error_constraint(&e, NULL);
    assert_string_equal(e.constraint, "pet_name_key");
}

static void null_error_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(ost__error_set(NULL, OST_STALE, "%s", "x"), OST_STALE);
    ost__error_about(NULL, "a", "b");
    ost__error_constraint(NULL, "c");
    ost__error_add_failure(NULL, "a", "b", "c");
}

/* Wrapping an error is the common case of an argument that lies in what is replaced. */
static void arguments_may_be_in_the_error(void **state)
{
    (void)state;
    ost_error e;
    ost__error_set(&e, OST_CONFLICT, "inner");
    ost__error_about(&e, "user", NULL);
    ost__error_set(&e, OST_DRIVER_ERROR, "%s: %s", e.model, e.message);
    assert_string_equal(e.message, "user: inner");
}

static void message_is_one_line_and_whole_characters(void **state)
{
    (void)state;
    ost_error e;
    char text[400] = "";
    ost__error_set(&e, OST_MISUSE, "a\nb\r\tc\x7f%s", "\n");
    assert_string_equal(e.message, "a b  c  ");
    for (size_t lead = 0; lead < 4; lead++) {
        memset(text, 'x', lead);
        for (size_t i = lead; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xF0\x9F\x8C\x8D", 5);
        ost__error_set(&e, OST_MISUSE, "%s", text);
        size_t length = strlen(e.message);
        assert_int_equal((length - lead) % 4, 0);
        assert_true(length > sizeof e.message - 5);
        assert_memory_equal(e.message, text, length);
    }
}

static void print_cuts_at_whole_characters(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(ost__print(out, sizeof out, "%s", "abcdef"), 6);
    assert_int_equal(ost__print(out, sizeof out, "%s", "abcdefg"), 7);
    assert_int_equal(ost__print(out, sizeof out, "%s", "abcdefgh"), 7);
    assert_string_equal(out, "abcdefg");
    assert_int_equal(ost__print(out, sizeof out, "abcdef%s", "é"), 6);
    assert_string_equal(out, "abcdef");
    assert_int_equal(ost__print(out, 1, "%d", 5), 0);
    assert_string_equal(out, "");
    memset(out, 'z', sizeof out);
    assert_int_equal(ost__print(out, 0, "%d", 5), 0);
    assert_int_equal(out[0], 'z');
    char wide[100];
    ost__print(wide, sizeof wide, "%.*s|%zu|%lld|%" PRIu64 "|%c|%x|%03d|%%", 2, "abc", (size_t)7,
               -8LL, UINT64_MAX, 'q', 255U, 5);
    assert_string_equal(wide, "ab|7|-8|18446744073709551615|q|ff|005|%");
}

static void copy_cuts_at_whole_characters(void **state)
{
    (void)state;
    char out[5] = "????";
    ost__copy_text(out, sizeof out, "abcd");
    assert_string_equal(out, "abcd");
    ost__copy_text(out, sizeof out, "abcé");
    assert_string_equal(out, "abc");
    ost__copy_text(out, sizeof out, "");
    assert_string_equal(out, "");
    ost__copy_text(out, 0, "abcd");
    assert_string_equal(out, "");
    ost__copy_text(out, 1, "é");
    assert_string_equal(out, "");
}

static void failures_are_kept_in_order(void **state)
{
    (void)state;
    ost_error e, copy;
    ost_failure f;
    ost__error_set(&e, OST_INVALID, "2 fields are not valid");
    ost__error_add_failure(&e, "email", "required", "must be given");
    ost__error_add_failure(&e, "home.city", "max_length", "must be at most 30 characters");
    ost__error_add_failure(&e, NULL, "check", NULL);
    assert_int_equal(e.failure_count, 3);
    memcpy(&copy, &e, sizeof e);
    memset(&e, 0, sizeof e);
    assert_true(ost_error_failure(&copy, 1, &f));
    assert_string_equal(f.path, "home.city");
    assert_string_equal(f.rule, "max_length");
    assert_string_equal(f.message, "must be at most 30 characters");
    assert_true(ost_error_failure(&copy, 2, &f));
    assert_string_equal(f.path, "");
    assert_string_equal(f.rule, "check");
    assert_string_equal(f.message, "");
    assert_false(ost_error_failure(&copy, 3, &f));
}

static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    ost_error e;
    ost_failure f;
    char big[sizeof e.detail];
    ost__error_set(&e, OST_INVALID, "many");
    memset(big, 'm', sizeof big);
    big[sizeof big - 1] = '\0';
    ost__error_add_failure(&e, "a", "b", big);
    assert_int_equal(e.failure_count, 0);
    assert_int_equal(e.failures_dropped, 1);
    /* Exactly full: three texts with their NULs. */
    big[sizeof big - 1 - 4] = '\0';
    ost__error_add_failure(&e, "a", "b", big);
    assert_int_equal(e.failure_count, 1);
    assert_int_equal(e.detail_used, sizeof e.detail);
    assert_true(ost_error_failure(&e, 0, &f));
    assert_string_equal(f.message, big);
    for (int i = 0; i < 70000; i++)
        ost__error_add_failure(&e, "", "", "");
    assert_int_equal(e.failure_count, 1);
    assert_int_equal(e.failures_dropped, UINT16_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_replaces_everything),
        cmocka_unit_test(null_error_is_accepted),
        cmocka_unit_test(arguments_may_be_in_the_error),
        cmocka_unit_test(message_is_one_line_and_whole_characters),
        cmocka_unit_test(print_cuts_at_whole_characters),
        cmocka_unit_test(copy_cuts_at_whole_characters),
        cmocka_unit_test(failures_are_kept_in_order),
        cmocka_unit_test(what_does_not_fit_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
