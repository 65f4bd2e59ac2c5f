/* SPDX-License-Identifier: MIT */
/* A driver's table is completed: what it has is kept, what it lacks refuses. */
#include "session/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static ost_status open_nothing(const ost_host *host, const ost_options *options, ost_backend **out,
                               ost_error *error)
{
    (void)host, (void)options, (void)out, (void)error;
    return OST_UNSUPPORTED;
}

static ost_status compile_nothing(ost_backend *b, const ost_capabilities *caps,
                                  const ost_shape *shape, ost_plan **out, ost_error *error)
{
    (void)b, (void)caps, (void)shape, (void)out, (void)error;
    return OST_UNSUPPORTED;
}

static void discard_nothing(ost_backend *b, ost_plan *plan)
{
    (void)b, (void)plan;
}

static ost_status connect_nothing(ost_backend *b, const char *endpoint, ost_deadline deadline,
                                  ost_connection **out, ost_capabilities *caps, ost_error *error)
{
    (void)b, (void)endpoint, (void)deadline, (void)out, (void)caps, (void)error;
    return OST_CONNECTION;
}

static void close_nothing(ost_connection *c, ost_deadline deadline)
{
    (void)c, (void)deadline;
}

static ost_status submit_nothing(ost_connection *c, const ost_operation *ops, size_t n,
                                 size_t *accepted, ost_deadline deadline, ost_error *error)
{
    (void)c, (void)ops, (void)n, (void)accepted, (void)deadline, (void)error;
    return OST_UNSUPPORTED;
}

static ost_status collect_nothing(ost_connection *c, size_t i, ost_sink *sink, ost_outcome *outcome,
                                  ost_deadline deadline, ost_error *error)
{
    (void)c, (void)i, (void)sink, (void)outcome, (void)deadline, (void)error;
    return OST_UNSUPPORTED;
}

static const char *const schemes[] = { "least", NULL };
static const ost_driver least = {
    .struct_size = sizeof(ost_driver),
    .abi = OST_DRIVER_ABI,
    .name = "least",
    .schemes = schemes,
    .open = open_nothing,
    .compile = compile_nothing,
    .discard = discard_nothing,
    .connect = connect_nothing,
    .close = close_nothing,
    .submit = submit_nothing,
    .collect = collect_nothing,
};

static void what_is_there_is_kept(void **state)
{
    ost_driver d;
    (void)state;
    assert_int_equal(ost__driver_complete(&d, &least, NULL), OST_OK);
    assert_string_equal(d.name, "least");
    assert_true(d.open == open_nothing && d.collect == collect_nothing);
}

static void what_is_missing_refuses(void **state)
{
    ost_driver d;
    ost_error error = { 0 };
    ost_commit_token token;
    ost_position position;
    bool yes = false;
    ost_watched watched;
    (void)state;
    assert_int_equal(ost__driver_complete(&d, &least, NULL), OST_OK);
    d.shut(NULL, 0);
    d.abandon(NULL);
    d.cancel(NULL, NULL, 1, 0);
    /* Whatever cannot be made clean is closed. */
    assert_int_equal(d.stop_stream(NULL, 1, 0), OST_CONNECTION);
    assert_int_equal(d.settle(NULL, 0), OST_CONNECTION);
    assert_int_equal(d.reset(NULL, OST_TOUCHED_UNIT, 0), OST_CONNECTION);
    assert_int_equal(d.unit_state(NULL), OST_UNIT_LOST);
    assert_true(d.alive(NULL));
    assert_int_equal(d.role(NULL, &yes, 0), OST_OK);
    assert_true(yes);
    assert_int_equal(d.commit_token(NULL, &token), OST_UNSUPPORTED);
    assert_int_equal(d.resolve(NULL, &token, 0), OST_VERDICT_UNKNOWN);
    assert_int_equal(d.position(NULL, &position, 0), OST_UNSUPPORTED);
    assert_int_equal(d.reached(NULL, &position, &yes, 0), OST_UNSUPPORTED);
    assert_int_equal(d.watch(NULL, NULL, NULL, &watched, 0, &error), OST_UNSUPPORTED);
    assert_non_null(strstr(error.message, "no change streams"));
    assert_int_equal(d.next_event(NULL, 1, NULL, &watched, 0, &error), OST_UNSUPPORTED);
    assert_int_equal(watched.open, 0);
    d.classify(NULL, 7, "", "what happened", &error);
    assert_int_equal(error.status, OST_DRIVER_ERROR);
    assert_int_equal(error.native_code, 7);
    assert_null(d.native(NULL));
    assert_string_equal(d.plan_text(NULL), "");
}

static void what_must_be_there_is_asked_for(void **state)
{
    static const size_t required[] = {
        offsetof(ost_driver, name),    offsetof(ost_driver, schemes), offsetof(ost_driver, open),
        offsetof(ost_driver, compile), offsetof(ost_driver, discard), offsetof(ost_driver, connect),
        offsetof(ost_driver, close),   offsetof(ost_driver, submit),  offsetof(ost_driver, collect),
    };
    ost_driver d;
    ost_error error;
    (void)state;
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        ost_driver lacking = least;
        memset((char *)&lacking + required[i], 0, sizeof(void *));
        assert_int_equal(ost__driver_complete(&d, &lacking, &error), OST_MISUSE);
        assert_non_null(strstr(error.message, "a driver lacks one of"));
    }
    ost_driver other = least;
    other.abi = OST_DRIVER_ABI + 1;
    assert_int_equal(ost__driver_complete(&d, &other, &error), OST_MISUSE);
    assert_non_null(strstr(error.message, "was built for interface 2"));
    /* What an older driver has behind its table is not read. */
    other = least;
    other.struct_size = offsetof(ost_driver, classify);
    other.plan_text = NULL;
    other.native = (void *(*)(ost_connection *))(uintptr_t)1;
    assert_int_equal(ost__driver_complete(&d, &other, &error), OST_OK);
    assert_null(d.native(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_kept),
        cmocka_unit_test(what_is_missing_refuses),
        cmocka_unit_test(what_must_be_there_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
