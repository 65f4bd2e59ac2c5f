/* SPDX-License-Identifier: MIT */
/* What the sentences of a validation say, and that no field is passed over. */
#include "model/validate.h"
#include "support.h"

#include "base/utf8.h"

static ost__arena scratch;
static ost_error error;
static ost__rules rules;

static int start(void **state)
{
    (void)state;
    start_memory();
    ost__arena_init(&scratch, &test_memory, 1024);
    rules = (ost__rules){ .scratch = &scratch, .error = &error };
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ost__arena_finish(&scratch);
    return 0;
}

typedef struct limit {
    uint64_t big;
    ost_decimal price;
    ost_time at;
    ost_date day;
    const char *kind;
    const char *text;
} limit;

static void messages_name_their_bounds_and_are_cut_where_they_end(void **state)
{
    (void)state;
#define TEN(x) x x x x x x x x x x
    const ost_value big = { .type = OST_TYPE_UINT64, .as = { .natural = UINT64_MAX } };
    const ost_value at = { .type = OST_TYPE_TIME, .as = { .time = { 0 } } };
    const ost_value day = { .type = OST_TYPE_DATE, .as = { .date = { 1 } } };
    ost__model_set *other = open_set(OST_MODELS(MODEL(
        limit,
        OST_FIELDS(
            OST_FIELD(limit, big, .primary_key = true, .min = &big),
            OST_FIELD(limit, price, .precision = 4, .scale = 2, .max = OST_UNITS(-15, 1)),
            OST_FIELD(limit, at, .max = &at), OST_FIELD(limit, day, .min = &day),
            OST_FIELD(limit, kind,
                      .values = OST_NAMES(TEN("abcde"), TEN("fghij"), TEN("klmno"), TEN("pqrst"))),
            OST_FIELD(limit, text, .required = true)))));
    const limit record = { .at = { 1 }, .kind = "x" };
    limit shadow = record;
    ost_failure failure;
    const char *const messages[] = {
        "must be at least 18446744073709551615", "must be at most -1.5",
        "must be at most 1970-01-01T00:00:00.000000Z", "must be at least 1970-01-02",
        "must be one of " TEN("abcde") ", " TEN("fghij") ", " TEN("klmno") ", …"
    };
    assert_int_equal(ost__rules_insert(ost__model_at(other, 0), &shadow, &rules), OST_INVALID);
    assert_int_equal(error.failure_count, 6);
    for (size_t i = 0; i < 5; i++) {
        assert_true(ost_error_failure(&error, i, &failure));
        assert_string_equal(failure.message, messages[i]);
    }
    assert_non_null(strstr(error.message, " (and 5 more)"));
    ost__model_set_close(other);
}

static void a_long_message_makes_room_for_the_count(void **state)
{
    (void)state;
    ost__model_set *other = open_set(OST_MODELS(MODEL(
        limit, OST_FIELDS(OST_FIELD(limit, text, .required = true,
                                    .messages = OST_MESSAGES(.required = TEN(TEN("\xc3\xa9 ")))),
                          OST_FIELD(limit, kind, .required = true),
                          OST_FIELD(limit, big, .primary_key = true)))));
    limit record = { .big = 1 };
    assert_int_equal(ost__rules_insert(ost__model_at(other, 0), &record, &rules), OST_INVALID);
    size_t size = strlen(error.message);
    assert_true(size > 250 && size < sizeof error.message);
    assert_string_equal(error.message + size - 13, " (and 1 more)");
    assert_true(ost__utf8_valid(error.message, size));
    ost__model_set_close(other);
}

/* Each of many fields is looked at, wherever it stands among the others. */
static void rules_hold_at_every_position(void **state)
{
    (void)state;
    enum { FIELDS = 150 };
    typedef struct wide {
        int16_t n[FIELDS];
    } wide;
    static ost_field fields[FIELDS + 1];
    static char names[FIELDS][16];
    const ost_value most = { .type = OST_TYPE_INT64, .as = { .integer = 5 } };
    for (int i = 0; i < FIELDS; i++) {
        snprintf(names[i], sizeof names[i], "n%d", i);
        fields[i] = (ost_field){ .name = names[i],
                                 .offset = (size_t)i * 2,
                                 .size = 2,
                                 .type = OST_TYPE_INT16,
                                 .max = &most,
                                 .primary_key = i == 0 };
    }
    ost__model_set *wide_set = open_set(OST_MODELS(MODEL(wide, .fields = fields)));
    const ost__model *m = ost__model_at(wide_set, 0);
    for (uint32_t i = 0; i < FIELDS; i++) {
        wide w = { { 0 } };
        ost__field_set which = { { 0 } };
        w.n[i] = 6;
        assert_int_equal(ost__rules_insert(m, &w, &rules), OST_INVALID);
        assert_int_equal(error.failure_count, 1);
        assert_string_equal(error.field, names[i]);
        ost__field_set_add(&which, i);
        memset(&error, 0, sizeof error);
        assert_int_equal(ost__rules_update(m, &w, &which, &rules), OST_INVALID);
        assert_string_equal(error.field, names[i]);
        w.n[i] = 5;
        assert_int_equal(ost__rules_insert(m, &w, &rules), OST_OK);
    }
    ost__model_set_close(wide_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_name_their_bounds_and_are_cut_where_they_end),
        cmocka_unit_test(a_long_message_makes_room_for_the_count),
        cmocka_unit_test(rules_hold_at_every_position),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
