/* SPDX-License-Identifier: MIT */
/* The rules of fields: what they change, what they refuse, and how they say so. */
#include "model/rules.h"
#include "support.h"

#include <math.h>

typedef struct user {
    int64_t id;
    const char *name;
    const char *email;
    const char *note;
    char code[5];
    ost_opt_int age;
    ost_opt_int64 visits;
    double score;
    float ratio;
    ost_opt_double mean;
    ost_decimal balance;
    int8_t role;
    const char *colour;
    ost_blob photo;
    ost_time created;
    ost_time updated;
    ost_opt_time seen;
    ost_date born;
    ost_date joined;
    ost_uuid token;
    ost_uuid trace;
    ost_object_id oid;
    bool active;
    uint16_t port;
    ost_opt_int needed;
} user;
OST_RECORD(user, id);
OST_MODEL(user,
          OST_FIELDS(OST_FIELD(user, id, .primary_key = true, .generated = OST_AUTO_INCREMENT,
                               .min = OST_INT(1)),
                     OST_FIELD(user, name, .required = true, .trim = true, .min_length = 2,
                               .max_length = 5,
                               .messages = OST_MESSAGES(.required = "please choose a name")),
                     OST_FIELD(user, email, .not_null = true, .trim = true, .lowercase = true),
                     OST_FIELD(user, note), OST_FIELD(user, code, .lowercase = true, .trim = true),
                     OST_FIELD(user, age, .min = OST_INT(0), .max = OST_INT(150),
                               .default_value = OST_INT(18)),
                     OST_FIELD(user, visits, .default_value = OST_INT(3)),
                     OST_FIELD(user, score, .max = OST_REAL(9.5)), OST_FIELD(user, ratio),
                     OST_FIELD(user, mean),
                     OST_FIELD(user, balance, .precision = 6, .scale = 2, .min = OST_INT(0)),
                     OST_FIELD(user, role, .values = OST_NAMES("user", "admin"),
                               .default_value = OST_TEXT("admin")),
                     OST_FIELD(user, colour, .values = OST_NAMES("red", "blue"),
                               .default_value = OST_TEXT("red")),
                     OST_FIELD(user, photo, .min_length = 2, .max_length = 3),
                     OST_FIELD(user, created, .stamp = OST_ON_INSERT),
                     OST_FIELD(user, updated, .stamp = OST_ON_UPDATE),
                     OST_FIELD(user, seen, .stamp = OST_ON_UPDATE), OST_FIELD(user, born),
                     OST_FIELD(user, joined, .stamp = OST_ON_INSERT),
                     OST_FIELD(user, token, .generated = OST_UUID_V7),
                     OST_FIELD(user, trace, .generated = OST_UUID_V4),
                     OST_FIELD(user, oid, .generated = OST_NEW_OBJECT_ID),
                     OST_FIELD(user, active, .default_value = OST_BOOL(true)),
                     OST_FIELD(user, port), OST_FIELD(user, needed, .required = true)));

static ost__model_set *set;
static const ost__model *model;
static ost__identity *identity;
static ost__arena scratch;
static ost_error error;
static ost__rules rules;

static int start(void **state)
{
    (void)state;
    set = open_set(OST_MODELS(&user_model));
    model = ost__model_at(set, 0);
    identity = ost__identity_open(&test_memory, &test_platform);
    ost__arena_init(&scratch, &test_memory, 1024);
    rules =
        (ost__rules){ .scratch = &scratch, .identity = identity, .now = { -1 }, .error = &error };
    return identity ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    ost__arena_finish(&scratch);
    ost__identity_close(&test_memory, identity);
    ost__model_set_close(set);
    return 0;
}

static user good(void)
{
    user u;
    memset(&u, 0, sizeof u);
    u.name = "Ada";
    u.email = "a@b";
    ost_put(u.needed, 1);
    return u;
}

static const ost_field *field(const char *name)
{
    const ost_field *f = ost__model_field_named(model, name);
    assert_non_null(f);
    return f;
}

/* One failure, of this field and rule, with this message. */
static void assert_refused(ost_status found, ost_status status, const char *name, const char *rule,
                           const char *message)
{
    ost_failure failure;
    char whole[256];
    if (found != status || error.failure_count != 1 || !has_failure(&error, name, rule)) {
        show_failures(&error);
        fail_msg("expected %s: %s (%s)", ost_status_name(status), name, rule);
    }
    assert_true(ost_error_failure(&error, 0, &failure));
    assert_string_equal(failure.message, message);
    snprintf(whole, sizeof whole, "user.%s: %s", name, message);
    assert_string_equal(error.message, whole);
    assert_string_equal(error.model, "user");
    assert_string_equal(error.field, name);
    assert_int_equal(error.status, status);
    assert_int_equal(error.nothing_sent, 1);
}

#define INSERT(change)                                 \
    do {                                               \
        u = good();                                    \
        change;                                        \
        status = ost__rules_insert(model, &u, &rules); \
    } while (0)
#define REFUSED(change, status_, name, rule, message)         \
    do {                                                      \
        INSERT(change);                                       \
        assert_refused(status, status_, name, rule, message); \
    } while (0)
#define ACCEPTED(change)                  \
    do {                                  \
        INSERT(change);                   \
        if (status != OST_OK)             \
            show_failures(&error);        \
        assert_int_equal(status, OST_OK); \
    } while (0)

static void an_insert_fills_what_is_left_out(void **state)
{
    (void)state;
    user u;
    ost_status status;
    ACCEPTED((void)0);
    assert_int_equal(u.id, 0);
    assert_true(u.age.present && u.age.value == 18);
    assert_true(u.visits.present && u.visits.value == 3);
    assert_int_equal(u.created.microseconds, -1);
    assert_int_equal(u.updated.microseconds, -1);
    assert_true(u.seen.present && u.seen.value.microseconds == -1);
    assert_int_equal(u.joined.days, -1);
    assert_int_equal(u.token.bytes[6] >> 4, 7);
    assert_int_equal(u.trace.bytes[6] >> 4, 4);
    assert_true(u.oid.bytes[0] != 0);
    /* Zero in a literal is zero, not the default. */
    assert_false(u.active);
    assert_int_equal(u.role, 0);
    assert_null(u.colour);
}

static void an_insert_keeps_what_is_given(void **state)
{
    (void)state;
    user u;
    ost_status status;
    ACCEPTED((u.id = 5, u.created.microseconds = 7, u.updated.microseconds = 8,
              u.token.bytes[0] = 9, u.oid.bytes[3] = 1, u.age.present = true, u.joined.days = 4));
    assert_int_equal(u.id, 5);
    assert_int_equal(u.created.microseconds, 7);
    assert_int_equal(u.updated.microseconds, 8);
    assert_int_equal(u.token.bytes[0], 9);
    assert_int_equal(u.token.bytes[6], 0);
    assert_int_equal(u.oid.bytes[0], 0);
    assert_int_equal(u.joined.days, 4);
    assert_int_equal(u.age.value, 0);
}

static void a_new_record_has_its_defaults(void **state)
{
    (void)state;
    user u;
    memset(&u, 0, sizeof u);
    ost__rules_defaults(model, &u);
    assert_true(u.active);
    assert_int_equal(u.role, 1);
    assert_string_equal(u.colour, "red");
    assert_true(u.age.present && u.age.value == 18);
    assert_null(u.name);
}

static void texts_are_normalised_before_they_are_checked(void **state)
{
    (void)state;
    user u;
    ost_status status;
    const char name[] = " \t Ada \xe2\x80\x83\n";
    ACCEPTED((u.name = name, u.email = "  ÉMILE@Example.ORG ", memcpy(u.code, " AB ", 5)));
    assert_string_equal(u.name, "Ada");
    assert_string_equal(u.email, "émile@example.org");
    assert_memory_equal(u.code, "ab\0\0", 5);
    assert_string_equal(name, " \t Ada \xe2\x80\x83\n");
    /* What is right already stays where it is. */
    const char *kept = "ada@b";
    ACCEPTED(u.email = kept);
    assert_ptr_equal(u.email, kept);
    REFUSED(u.name = " \n ", OST_INVALID, "name", "required", "please choose a name");
}

static void lower_case_that_outgrows_its_array_is_refused(void **state)
{
    (void)state;
    user u;
    ost_status status;
    /* U+023A has two bytes, its lower case U+2C65 has three. */
    ACCEPTED(memcpy(u.code, "\xc8\xba", 3));
    assert_string_equal(u.code, "\xe2\xb1\xa5");
    REFUSED(memcpy(u.code, "\xc8\xba\xc8\xba", 5), OST_RANGE, "code", "max_length",
            "must be at most 4 bytes");
}

static void broken_rules_are_refused(void **state)
{
    (void)state;
    user u;
    ost_status status;
    REFUSED(u.name = NULL, OST_INVALID, "name", "required", "please choose a name");
    REFUSED(u.name = "", OST_INVALID, "name", "required", "please choose a name");
    REFUSED(u.name = "A", OST_INVALID, "name", "min_length", "must be at least 2 characters");
    REFUSED(u.name = "Adaliz", OST_INVALID, "name", "max_length", "must be at most 5 characters");
    REFUSED(u.name = "é", OST_INVALID, "name", "min_length", "must be at least 2 characters");
    REFUSED(u.email = NULL, OST_INVALID, "email", "required", "must have a value");
    REFUSED(ost_put(u.age, -1), OST_INVALID, "age", "min", "must be at least 0");
    REFUSED(ost_put(u.age, 151), OST_INVALID, "age", "max", "must be at most 150");
    REFUSED(u.score = 9.75, OST_INVALID, "score", "max", "must be at most 9.5");
    REFUSED(u.balance = ost_decimal_of(-1, 2), OST_INVALID, "balance", "min", "must be at least 0");
    REFUSED(u.colour = "green", OST_INVALID, "colour", "values", "must be one of red, blue");
    REFUSED((u.photo = (ost_blob){ "x", 1 }), OST_INVALID, "photo", "min_length",
            "must be at least 2 bytes");
    REFUSED((u.photo = (ost_blob){ "xxxx", 4 }), OST_INVALID, "photo", "max_length",
            "must be at most 3 bytes");
    REFUSED(ost_drop(u.needed), OST_INVALID, "needed", "required", "must not be empty");
    REFUSED(u.id = -1, OST_INVALID, "id", "min", "must be at least 1");
    /* Five characters of two to four bytes. */
    ACCEPTED(u.name = "éé€\xf0\x9f\x98\x80z");
    ACCEPTED(u.email = "");
    ACCEPTED(ost_put(u.age, 150));
    ACCEPTED(u.score = 9.5);
}

static void fm37_what_no_database_may_store_is_a_range_error(void **state)
{
    (void)state;
    user u;
    ost_status status;
    REFUSED(u.note = "\xc3(", OST_RANGE, "note", "utf8", "is not valid utf-8");
    REFUSED(u.note = "\xed\xa0\x80", OST_RANGE, "note", "utf8", "is not valid utf-8");
    REFUSED(memcpy(u.code, "abcde", 5), OST_RANGE, "code", "range", "has no terminating NUL");
    REFUSED(memcpy(u.code, "\xff", 2), OST_RANGE, "code", "utf8", "is not valid utf-8");
    REFUSED(u.score = NAN, OST_RANGE, "score", "nan", "must be a number");
    REFUSED(u.ratio = NAN, OST_RANGE, "ratio", "nan", "must be a number");
    REFUSED(ost_put(u.mean, NAN), OST_RANGE, "mean", "nan", "must be a number");
    REFUSED(u.role = 2, OST_RANGE, "role", "values", "must be one of user, admin");
    REFUSED(u.role = -1, OST_RANGE, "role", "values", "must be one of user, admin");
    REFUSED(u.created.microseconds = INT64_MAX, OST_RANGE, "created", "range",
            "must lie in the years 1 to 9999");
    REFUSED(u.born.days = INT32_MIN, OST_RANGE, "born", "range", "must lie in the years 1 to 9999");
    ACCEPTED(u.mean.value = NAN);
}

static void fm33_decimals_are_never_rounded(void **state)
{
    (void)state;
    user u;
    ost_status status;
    REFUSED(u.balance = ost_decimal_of(1239, 3), OST_RANGE, "balance", "scale",
            "must have at most 2 digits after the point");
    REFUSED(u.balance = ost_decimal_of(1000000, 2), OST_RANGE, "balance", "precision",
            "must have at most 4 digits before the point");
    REFUSED(u.balance = ost_decimal_of(10000, 0), OST_RANGE, "balance", "precision",
            "must have at most 4 digits before the point");
    REFUSED(u.balance.scale = 39, OST_RANGE, "balance", "scale",
            "must have at most 2 digits after the point");
    REFUSED(u.balance.scale = -1, OST_RANGE, "balance", "scale",
            "must have at most 2 digits after the point");
    REFUSED(u.balance.high = INT64_MAX, OST_RANGE, "balance", "precision",
            "must have at most 4 digits before the point");
    ACCEPTED(u.balance = ost_decimal_of(15, 1));
    assert_true(u.balance.low == 150 && u.balance.scale == 2 && u.balance.high == 0);
    ACCEPTED(u.balance = ost_decimal_of(12500, 4));
    assert_true(u.balance.low == 125 && u.balance.scale == 2);
}

static void negative_zero_becomes_zero(void **state)
{
    (void)state;
    user u;
    ost_status status;
    ACCEPTED((u.score = -0.0, u.ratio = -0.0F, u.mean = (ost_opt_double)OST_SOME(-0.0)));
    assert_false(signbit(u.score) != 0);
    assert_false(signbit(u.ratio) != 0);
    assert_true(u.mean.present);
    assert_false(signbit(u.mean.value) != 0);
}

static void every_failure_is_listed(void **state)
{
    (void)state;
    user u;
    ost_status status;
    INSERT((u.name = "", u.role = 9, u.score = NAN, u.colour = "x", ost_put(u.age, 200)));
    assert_int_equal(status, OST_INVALID);
    assert_int_equal(error.failure_count, 5);
    assert_true(has_failure(&error, "name", "required"));
    assert_true(has_failure(&error, "role", "values"));
    assert_true(has_failure(&error, "score", "nan"));
    assert_true(has_failure(&error, "colour", "values"));
    assert_true(has_failure(&error, "age", "max"));
    assert_string_equal(error.message, "user.name: please choose a name (and 4 more)");
    INSERT((u.role = 9, u.score = NAN));
    assert_int_equal(status, OST_RANGE);
    assert_int_equal(error.failure_count, 2);
    rules.error = NULL;
    INSERT(u.role = 9);
    assert_int_equal(status, OST_RANGE);
    rules.error = &error;
}

static void an_update_looks_at_what_changes(void **state)
{
    (void)state;
    user u = good();
    ost__field_set which = { { 0 } };
    u.name = "far too long";
    u.updated.microseconds = 5;
    assert_int_equal(ost__rules_update(model, &u, &which, &rules), OST_OK);
    assert_int_equal(u.updated.microseconds, 5);
    ost__field_set_add(&which, ost__field_index(model, field("email")));
    u.email = " X ";
    assert_int_equal(ost__rules_update(model, &u, &which, &rules), OST_OK);
    assert_string_equal(u.email, "x");
    assert_int_equal(u.updated.microseconds, -1);
    assert_int_equal(u.seen.value.microseconds, -1);
    assert_int_equal(u.created.microseconds, 0);
    assert_true(ost__field_set_has(&which, ost__field_index(model, field("updated"))));
    assert_true(ost__field_set_has(&which, ost__field_index(model, field("seen"))));
    assert_false(ost__field_set_has(&which, ost__field_index(model, field("name"))));
    assert_false(u.age.present);
    ost__field_set_add(&which, ost__field_index(model, field("name")));
    assert_refused(ost__rules_update(model, &u, &which, &rules), OST_INVALID, "name", "max_length",
                   "must be at most 5 characters");
}

static ost_status set_value(const char *name, ost_value v, ost_value *out)
{
    memset(&error, 0, sizeof error);
    *out = v;
    return ost__rules_value(model, field(name), out, &rules);
}

static void a_value_of_an_update_query_is_brought_to_its_field(void **state)
{
    (void)state;
    ost_value v;
    assert_int_equal(set_value("name", ost_val("  Bob "), &v), OST_OK);
    assert_string_equal(v.as.text, "Bob");
    assert_int_equal(set_value("code", ost_val(" AB  "), &v), OST_OK);
    assert_string_equal(v.as.text, "ab");
    assert_int_equal(set_value("balance", ost_val(7), &v), OST_OK);
    assert_true(v.type == OST_TYPE_DECIMAL && v.as.decimal.low == 700 && v.as.decimal.scale == 2);
    assert_int_equal(set_value("score", ost_val(7), &v), OST_OK);
    assert_true(v.type == OST_TYPE_DOUBLE && v.as.real == 7);
    assert_int_equal(set_value("ratio", ost_val(0.1), &v), OST_OK);
    assert_true(v.as.real == (double)0.1F);
    assert_int_equal(set_value("port", ost_val(80), &v), OST_OK);
    assert_true(v.type == OST_TYPE_UINT64 && v.as.natural == 80);
    assert_int_equal(set_value("role", ost_val(1U), &v), OST_OK);
    assert_true(v.type == OST_TYPE_INT64 && v.as.integer == 1);
    assert_int_equal(set_value("active", ost_val(1), &v), OST_OK);
    assert_true(v.type == OST_TYPE_BOOL && v.as.boolean);
    const ost_value none = { .type = OST_TYPE_NONE };
    assert_int_equal(set_value("age", none, &v), OST_OK);
    assert_int_equal(v.type, OST_TYPE_NONE);
    assert_int_equal(set_value("note", none, &v), OST_OK);
}

static void a_value_that_breaks_a_rule_is_refused(void **state)
{
    (void)state;
    const ost_value none = { .type = OST_TYPE_NONE };
    ost_value v;
    assert_refused(set_value("age", ost_val(151), &v), OST_INVALID, "age", "max",
                   "must be at most 150");
    assert_refused(set_value("port", ost_val(65536), &v), OST_RANGE, "port", "range",
                   "is outside the range of its type");
    assert_refused(set_value("code", ost_val("abcde"), &v), OST_RANGE, "code", "max_length",
                   "must be at most 4 bytes");
    assert_refused(set_value("name", none, &v), OST_INVALID, "name", "required",
                   "please choose a name");
    assert_refused(set_value("port", none, &v), OST_INVALID, "port", "required",
                   "must have a value");
    assert_refused(set_value("needed", none, &v), OST_INVALID, "needed", "required",
                   "must not be empty");
    assert_refused(set_value("balance", ost_val(ost_decimal_of(1, 3)), &v), OST_RANGE, "balance",
                   "scale", "must have at most 2 digits after the point");
    assert_int_equal(set_value("port", ost_val("80"), &v), OST_MISUSE);
    assert_string_equal(error.field, "port");
    assert_int_equal(set_value("note", ost_val(1), &v), OST_MISUSE);
    assert_int_equal(set_value("balance", ost_val(0.5), &v), OST_MISUSE);
}

static void a_constraint_of_the_database_has_the_fields_message(void **state)
{
    (void)state;
    assert_string_equal(ost__rules_message(field("name"), "required"), "please choose a name");
    assert_string_equal(ost__rules_message(field("name"), "unique"), "is taken already");
    assert_string_equal(ost__rules_message(field("note"), "required"), "must not be empty");
    assert_string_equal(ost__rules_message(field("note"), "something else"), "is not valid");
}

static void *no_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old;
    (void)old_size;
    (void)new_size;
    return NULL;
}

static void nothing_is_allocated_unless_a_text_changes(void **state)
{
    (void)state;
    user u;
    ost_status status;
    const ost__memory none = { no_resize, NULL };
    ost__arena empty;
    ost__arena_init(&empty, &none, 1024);
    rules.scratch = &empty;
    ACCEPTED(u.colour = "blue");
    INSERT(u.name = " Ada");
    assert_int_equal(status, OST_NO_MEMORY);
    assert_int_equal(error.status, OST_NO_MEMORY);
    assert_string_equal(u.name, " Ada");
    INSERT(u.email = "UPPER");
    assert_int_equal(status, OST_NO_MEMORY);
    ost__arena_finish(&empty);
    rules.scratch = &scratch;
}

static void stamps_before_1970_fall_on_the_right_day(void **state)
{
    (void)state;
    const int64_t day = INT64_C(86400000000);
    const struct {
        int64_t now;
        int32_t days;
    } cases[] = {
        { 0, 0 }, { day - 1, 0 }, { day, 1 }, { -1, -1 }, { -day, -1 }, { -day - 1, -2 }
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        user u = good();
        u.joined.days = 0;
        rules.now.microseconds = cases[i].now;
        assert_int_equal(ost__rules_insert(model, &u, &rules), OST_OK);
        assert_int_equal(u.joined.days, cases[i].days);
    }
    rules.now.microseconds = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_insert_fills_what_is_left_out),
        cmocka_unit_test(an_insert_keeps_what_is_given),
        cmocka_unit_test(a_new_record_has_its_defaults),
        cmocka_unit_test(texts_are_normalised_before_they_are_checked),
        cmocka_unit_test(lower_case_that_outgrows_its_array_is_refused),
        cmocka_unit_test(broken_rules_are_refused),
        cmocka_unit_test(fm37_what_no_database_may_store_is_a_range_error),
        cmocka_unit_test(fm33_decimals_are_never_rounded),
        cmocka_unit_test(negative_zero_becomes_zero),
        cmocka_unit_test(every_failure_is_listed),
        cmocka_unit_test(an_update_looks_at_what_changes),
        cmocka_unit_test(a_value_of_an_update_query_is_brought_to_its_field),
        cmocka_unit_test(a_value_that_breaks_a_rule_is_refused),
        cmocka_unit_test(a_constraint_of_the_database_has_the_fields_message),
        cmocka_unit_test(nothing_is_allocated_unless_a_text_changes),
        cmocka_unit_test(stamps_before_1970_fall_on_the_right_day),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
