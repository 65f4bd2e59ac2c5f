/* SPDX-License-Identifier: MIT */
/* Every mistake in a field that C cannot see is found, and named with its model and member. */
#include "support.h"

#include <math.h>

typedef struct thing {
    int64_t id;
    int32_t number;
    int16_t small;
    int8_t tiny;
    uint32_t natural;
    bool flag;
    float single;
    double real;
    const char *text;
    const char *other;
    char code[8];
    ost_blob bytes;
    ost_time at;
    ost_date day;
    ost_uuid uuid;
    ost_object_id oid;
    ost_decimal price;
    ost_opt_int age;
    ost_opt_int64 maybe_id;
    ost_opt_time seen;
    ost_opt_decimal cost;
    ost_json document;
    ost_point place;
} thing;
typedef struct holder {
    int64_t id;
    thing inner;
} holder;

static ost_status some_check(ost_call *call, const void *value, const void *record)
{
    (void)call;
    (void)value;
    (void)record;
    return OST_OK;
}

static ost_status some_transform(ost_call *call, void *value, const void *record)
{
    (void)call;
    (void)value;
    (void)record;
    return OST_OK;
}

#define ID OST_FIELD(thing, id, .primary_key = true)
/* A model of the key and one more field. */
#define WITH(...) OST_MODELS(MODEL(thing, OST_FIELDS(ID, __VA_ARGS__)))
#define ADOPTED(...) OST_MODELS(MODEL(thing, .adopted = true, OST_FIELDS(ID, __VA_ARGS__)))
#define FIELD(...) WITH(OST_FIELD(thing, __VA_ARGS__))
#define RIGHT(...) right(__VA_ARGS__)
/* expect_mistake() with its models last, where a macro can hold commas. */
#define WRONG(path, rule, ...) wrong(OST_SCHEMA, "thing." path, rule, __VA_ARGS__)
#define UNBUILT(path, ...) wrong(OST_UNSUPPORTED, "thing." path, "unsupported", __VA_ARGS__)

static void wrong(ost_status status, const char *path, const char *rule,
                  const ost_model *const *models)
{
    expect_mistake(models, status, path, rule);
}

static void right(const ost_model *const *models)
{
    ost__model_set_close(open_set(models));
}

static void place_and_size(void **state)
{
    typedef struct stranger {
        int64_t id;
        int number;
    } stranger;
    (void)state;
    WRONG("number", "owner", WITH(OST_FIELD(stranger, number)));
    WRONG("number", "size",
          WITH({ .name = "number", .offset = 8, .size = 2, .type = OST_TYPE_INT32 }));
    WRONG("number", "offset",
          WITH({ .name = "number", .offset = sizeof(thing), .size = 4, .type = OST_TYPE_INT32 }));
    WRONG("number", "offset",
          WITH({ .name = "number", .offset = SIZE_MAX - 3, .size = 4, .type = OST_TYPE_INT32 }));
    WRONG("number", "offset",
          WITH({ .name = "number", .offset = 10, .size = 4, .type = OST_TYPE_INT32 }));
    WRONG("number", "type", WITH({ .name = "number", .offset = 8, .size = 4, .type = 99 }));
    WRONG("number", "type",
          WITH({ .name = "number", .offset = 8, .size = 4, .type = OST_TYPE_NONE }));
    WRONG("text", "type",
          WITH({ .name = "text",
                 .offset = offsetof(thing, text),
                 .size = sizeof(char *),
                 .type = OST_TYPE_TEXT | OST_TYPE_OPTIONAL }));
    WRONG("code", "type",
          WITH({ .name = "code", .offset = offsetof(thing, code), .type = OST_TYPE_CHARS }));
    WRONG("small", "offset",
          WITH(OST_FIELD(thing, number),
               { .name = "small", .offset = 10, .size = 2, .type = OST_TYPE_INT16 }));
}

static void names(void **state)
{
    (void)state;
#define LONG_NAME "a234567890123456789012345678901234567890123456789012345678901234"
    WRONG("number", "name", FIELD(number, .column = ""));
    WRONG("number", "name", FIELD(number, .column = LONG_NAME));
    WRONG("number", "name", FIELD(number, .column = "a\"b"));
    WRONG("number", "name", FIELD(number, .column = "a`b"));
    WRONG("number", "name", FIELD(number, .column = "a\nb"));
    WRONG("number", "name", FIELD(number, .column = "a\x7f"));
    WRONG("number", "name", FIELD(number, .column = "\xff"));
    RIGHT(FIELD(number, .column = &LONG_NAME[1]));
    RIGHT(FIELD(number, .column = "été 'x'"));
    WRONG("number", "column", FIELD(number, .column = "ID"));
    WRONG("text", "column",
          WITH(OST_FIELD(thing, number, .column = "x"), OST_FIELD(thing, text, .column = "x")));
    WRONG("number", "field",
          WITH(OST_FIELD(thing, number), OST_FIELD(thing, number, .column = "n")));
}

static void bounds(void **state)
{
    (void)state;
    const ost_value nan = { .type = OST_TYPE_DOUBLE, .as = { .real = (double)NAN } };
    const ost_value late = { .type = OST_TYPE_TIME, .as = { .time = { INT64_MAX } } };
    const ost_value nothing = { .type = OST_TYPE_NONE };
    WRONG("number", "min", FIELD(number, .min = OST_INT(2), .max = OST_INT(1)));
    WRONG("price", "min",
          FIELD(price, .precision = 5, .scale = 2, .min = OST_UNITS(101, 2), .max = OST_INT(1)));
    WRONG("number", "min", FIELD(number, .min = OST_REAL(0.5)));
    WRONG("number", "max", FIELD(number, .max = OST_TEXT("9")));
    WRONG("number", "max", FIELD(number, .max = &nothing));
    WRONG("tiny", "max", FIELD(tiny, .max = OST_INT(128)));
    WRONG("tiny", "min", FIELD(tiny, .min = OST_INT(-129)));
    WRONG("natural", "min", FIELD(natural, .min = OST_INT(-1)));
    WRONG("real", "max", FIELD(real, .max = &nan));
    WRONG("at", "max", FIELD(at, .max = &late));
    WRONG("text", "min", FIELD(text, .min = OST_INT(1)));
    WRONG("flag", "max", FIELD(flag, .max = OST_INT(1)));
    RIGHT(FIELD(tiny, .min = OST_INT(-128), .max = OST_INT(127)));
    RIGHT(FIELD(real, .min = OST_INT(0), .max = OST_REAL(0.5)));
    RIGHT(FIELD(price, .precision = 5, .scale = 2, .max = OST_UNITS(999999, 3)));
    RIGHT(FIELD(age, .min = OST_INT(1), .max = OST_INT(1)));
}

static void lengths(void **state)
{
    (void)state;
    WRONG("text", "min_length", FIELD(text, .min_length = 3, .max_length = 2));
    WRONG("code", "max_length", FIELD(code, .max_length = 8));
    WRONG("code", "min_length", FIELD(code, .min_length = 8));
    WRONG("number", "max_length", FIELD(number, .max_length = 8));
    WRONG("at", "min_length", FIELD(at, .min_length = 8));
    RIGHT(FIELD(code, .min_length = 7, .max_length = 7));
    RIGHT(FIELD(bytes, .min_length = 3, .max_length = 3));
    WRONG("number", "trim", FIELD(number, .trim = true));
    WRONG("bytes", "lowercase", FIELD(bytes, .lowercase = true));
}

static void defaults(void **state)
{
    (void)state;
    WRONG("number", "default_value", FIELD(number, .default_value = OST_TEXT("1")));
    WRONG("number", "default_value", FIELD(number, .default_value = OST_INT(INT64_C(1) << 31)));
    WRONG("number", "default_value", FIELD(number, .default_value = OST_REAL(1.0)));
    WRONG("number", "default_value", FIELD(number, .default_value = OST_INT(0), .min = OST_INT(1)));
    WRONG("number", "default_value", FIELD(number, .default_value = OST_INT(9), .max = OST_INT(1)));
    WRONG("text", "default_value", FIELD(text, .default_value = OST_TEXT(NULL)));
    WRONG("text", "default_value", FIELD(text, .default_value = OST_TEXT("\xc3")));
    WRONG("text", "default_value", FIELD(text, .default_value = OST_TEXT("abc"), .max_length = 2));
    WRONG("text", "default_value", FIELD(text, .default_value = OST_TEXT("é"), .min_length = 2));
    WRONG("code", "default_value", FIELD(code, .default_value = OST_TEXT("12345678")));
    WRONG("price", "default_value",
          FIELD(price, .precision = 4, .scale = 1, .default_value = OST_UNITS(125, 2)));
    WRONG("price", "default_value",
          FIELD(price, .precision = 4, .scale = 2, .default_value = OST_INT(100)));
    WRONG("number", "default_value",
          FIELD(number, .values = OST_NAMES("a", "b"), .default_value = OST_INT(2)));
    WRONG("text", "default_value",
          FIELD(text, .values = OST_NAMES("a", "b"), .default_value = OST_TEXT("c")));
    WRONG("flag", "default_value", FIELD(flag, .default_value = OST_INT(2)));
    RIGHT(FIELD(flag, .default_value = OST_BOOL(true)));
    RIGHT(FIELD(age, .default_value = OST_INT(18)));
    RIGHT(FIELD(number, .values = OST_NAMES("a", "b"), .default_value = OST_TEXT("b")));
    RIGHT(FIELD(price, .precision = 4, .scale = 2, .default_value = OST_INT(10)));
}

static void values(void **state)
{
    (void)state;
    WRONG("real", "values", FIELD(real, .values = OST_NAMES("a")));
    WRONG("flag", "values", FIELD(flag, .values = OST_NAMES("a")));
    WRONG("number", "values", FIELD(number, .values = (const char *const[]){ NULL }));
    WRONG("number", "values", FIELD(number, .values = OST_NAMES("a", "b", "a")));
    WRONG("number", "name", FIELD(number, .values = OST_NAMES("a", "")));
    WRONG("number", "name", FIELD(number, .values = OST_NAMES(LONG_NAME)));
    RIGHT(FIELD(age, .values = OST_NAMES("young", "old")));
    RIGHT(FIELD(text, .values = OST_NAMES("young", "old"), .unique = true));
}

static void decimals(void **state)
{
    (void)state;
    WRONG("price", "precision", FIELD(price));
    WRONG("price", "precision", FIELD(price, .scale = 2));
    WRONG("cost", "precision", FIELD(cost, .precision = 39));
    WRONG("price", "scale", FIELD(price, .precision = 2, .scale = 3));
    WRONG("real", "precision", FIELD(real, .precision = 2));
    RIGHT(FIELD(price, .precision = 38, .scale = 38));
}

static void generated_and_stamps(void **state)
{
    (void)state;
    WRONG("number", "generated", FIELD(number, .generated = OST_AUTO_INCREMENT));
    WRONG("small", "generated",
          OST_MODELS(MODEL(thing, OST_FIELDS(OST_FIELD(thing, small, .primary_key = true,
                                                       .generated = OST_AUTO_INCREMENT)))));
    WRONG("number", "generated",
          WITH(OST_FIELD(thing, number, .primary_key = true, .generated = OST_AUTO_INCREMENT)));
    WRONG("text", "generated", FIELD(text, .generated = OST_UUID_V4));
    WRONG("oid", "generated", FIELD(oid, .generated = OST_UUID_V7));
    WRONG("uuid", "generated", FIELD(uuid, .generated = OST_NEW_OBJECT_ID));
    WRONG("uuid", "generated", FIELD(uuid, .generated = 9));
    RIGHT(FIELD(uuid, .generated = OST_UUID_V7));
    RIGHT(FIELD(oid, .generated = OST_NEW_OBJECT_ID));
    RIGHT(OST_MODELS(MODEL(thing, OST_FIELDS(OST_FIELD(thing, natural, .primary_key = true,
                                                       .generated = OST_AUTO_INCREMENT)))));
    WRONG("number", "stamp", FIELD(number, .stamp = OST_ON_INSERT));
    WRONG("at", "stamp", FIELD(at, .stamp = 9));
    RIGHT(FIELD(seen, .stamp = OST_ON_UPDATE));
    RIGHT(FIELD(seen, .stamp = OST_ON_DELETE));
    RIGHT(FIELD(day, .stamp = OST_ON_INSERT));
}

static void keys(void **state)
{
    (void)state;
    WRONG("maybe_id", "primary_key", FIELD(maybe_id, .primary_key = true));
    WRONG("bytes", "primary_key", FIELD(bytes, .primary_key = true));
    WRONG("real", "primary_key", FIELD(real, .primary_key = true));
    WRONG("single", "primary_key", FIELD(single, .primary_key = true));
    WRONG("text", "max_length", FIELD(text, .primary_key = true));
    WRONG("text", "max_length", FIELD(text, .unique = true));
    WRONG("bytes", "max_length", FIELD(bytes, .unique = true));
    RIGHT(FIELD(code, .unique = true));
    RIGHT(FIELD(text, .primary_key = true, .max_length = 9));
    RIGHT(ADOPTED(OST_FIELD(thing, text, .unique = true)));
}

static void stored_forms(void **state)
{
    (void)state;
    WRONG("price", "stored", FIELD(price, .precision = 5, .stored = OST_STORED_NUMERIC));
    WRONG("at", "stored", ADOPTED(OST_FIELD(thing, at, .stored = OST_STORED_NUMERIC)));
    WRONG("number", "stored", ADOPTED(OST_FIELD(thing, number, .stored = OST_STORED_UNIX_SECONDS)));
    WRONG("day", "stored", ADOPTED(OST_FIELD(thing, day, .stored = OST_STORED_SECONDS_TEXT)));
    WRONG("at", "stored", ADOPTED(OST_FIELD(thing, at, .stored = 77)));
    WRONG("text", "collation", FIELD(text, .collation = OST_AS_STORED));
    WRONG("number", "collation", ADOPTED(OST_FIELD(thing, number, .collation = OST_AS_STORED)));
    WRONG("text", "collation", ADOPTED(OST_FIELD(thing, text, .collation = 9)));
    RIGHT(ADOPTED(OST_FIELD(thing, at, .stored = OST_STORED_NO_ZONE),
                  OST_FIELD(thing, seen, .stored = OST_STORED_SECONDS_TEXT),
                  OST_FIELD(thing, text, .collation = OST_AS_STORED),
                  OST_FIELD(thing, price, .precision = 5, .stored = OST_STORED_NUMERIC)));
}

static void formats_and_patterns(void **state)
{
    (void)state;
    WRONG("number", "format", FIELD(number, .format = OST_EMAIL));
    WRONG("text", "format", FIELD(text, .format = 99));
    WRONG("text", "default_value",
          FIELD(text, .format = OST_SLUG, .default_value = OST_TEXT("No Slug")));
    RIGHT(FIELD(code, .format = OST_SLUG, .default_value = OST_TEXT("a-b")));
    WRONG("number", "pattern", FIELD(number, .pattern = "a"));
    WRONG("text", "pattern", FIELD(text, .pattern = "a(b"));
    WRONG("text", "pattern", FIELD(text, .pattern = "[\xff]"));
    WRONG("text", "pattern", FIELD(text, .pattern = "a\\C"));
    WRONG("text", "default_value", FIELD(text, .pattern = "a+", .default_value = OST_TEXT("b")));
    RIGHT(FIELD(text, .pattern = "a+", .default_value = OST_TEXT("aa")));
    WRONG("text", "messages", FIELD(text, .messages = &(const ost_messages){ .min = "small" }));
}

static void passwords(void **state)
{
    (void)state;
    RIGHT(FIELD(text, .hashed = true, .min_length = 8, .max_length = 72, .required = true));
    WRONG("number", "hashed", FIELD(number, .hashed = true));
    WRONG("code", "hashed", FIELD(code, .hashed = true));
    WRONG("text", "hashed", FIELD(text, .hashed = true, .unique = true, .max_length = 9));
    WRONG("text", "hashed", FIELD(text, .hashed = true, .default_value = OST_TEXT("secret")));
    WRONG("text", "hashed", FIELD(text, .hashed = true, .values = OST_NAMES("a")));
    WRONG("text", "index",
          OST_MODELS(MODEL(thing,
                           OST_FIELDS(ID, OST_FIELD(thing, text, .hashed = true, .max_length = 9)),
                           OST_INDEXES({ .columns = (const ost_index_column[]){
                                             { .member = { .path = "text",
                                                           .offset = offsetof(thing, text),
                                                           .size = sizeof(char *),
                                                           .type = OST_TYPE_TEXT } },
                                             { .descending = false } } }))));
}

static void immutable_members(void **state)
{
    (void)state;
    RIGHT(FIELD(number, .immutable = true));
    RIGHT(FIELD(at, .immutable = true, .stamp = OST_ON_INSERT));
    WRONG("at", "immutable", FIELD(at, .immutable = true, .stamp = OST_ON_UPDATE));
}

static void functions(void **state)
{
    (void)state;
    RIGHT(FIELD(text, .check = some_check, .transform = some_transform));
    WRONG("at", "check", FIELD(at, .stamp = OST_ON_INSERT, .check = some_check));
    WRONG("at", "transform", FIELD(at, .stamp = OST_ON_UPDATE, .transform = some_transform));
}

static void a_wrong_pattern_says_where(void **state)
{
    (void)state;
    ost_error e;
    ost__model_set *set;
    start_memory();
    assert_int_equal(ost__model_set_open(&test_memory, FIELD(text, .pattern = "ab(cd"), &set, &e),
                     OST_SCHEMA);
    assert_non_null(strstr(e.message, "thing.text"));
    assert_non_null(strstr(e.message, "at offset 5: missing closing parenthesis"));
}

static void documents(void **state)
{
    (void)state;
    const ost_model *part = MODEL(ost_opt_int, OST_FIELDS({ .name = "value" }));
    const ost_model *keyed = MODEL(thing, OST_FIELDS(ID));
    RIGHT(WITH(OST_FIELD(thing, document), OST_FIELD(thing, place)));
    WRONG("document", "unique", FIELD(document, .unique = true));
    WRONG("place", "unique", FIELD(place, .unique = true));
    WRONG("place", "primary_key", FIELD(place, .primary_key = true));
    WRONG("number", "flatten", FIELD(number, .flatten = true));
    WRONG("number", "embeds",
          WITH({ .name = "number", .offset = 8, .size = 4, .type = OST_TYPE_EMBEDDED }));
    WRONG("number", "size",
          WITH({ .name = "number",
                 .offset = 8,
                 .size = 4,
                 .type = OST_TYPE_LIST,
                 .item_type = OST_TYPE_INT32 }));
    WRONG("document", "item_type",
          WITH({ .name = "document",
                 .offset = offsetof(thing, document),
                 .size = 16,
                 .type = OST_TYPE_LIST,
                 .item_type = OST_TYPE_OPTIONAL | OST_TYPE_INT32 }));
    const ost_field held[] = {
        { .name = "id", .primary_key = true, .size = sizeof(int64_t), .type = OST_TYPE_INT64 },
        { .name = "inner",
          .offset = offsetof(holder, inner),
          .size = sizeof(thing),
          .type = OST_TYPE_EMBEDDED,
          .embeds = keyed },
        { .name = NULL }
    };
    expect_mistake(OST_MODELS(MODEL(holder, .fields = held)), OST_SCHEMA, "holder.inner",
                   "primary_key");
    expect_mistake(WITH({ .name = "number",
                          .offset = 8,
                          .size = 8,
                          .type = OST_TYPE_EMBEDDED,
                          .embeds = part }),
                   OST_SCHEMA, "ost_opt_int.value", "type");
}

static void versions(void **state)
{
    (void)state;
    RIGHT(FIELD(number, .version = true));
    RIGHT(FIELD(natural, .version = true, .column = "edition"));
    RIGHT(FIELD(number, .version = true, .hidden = true));
    WRONG("small", "version", FIELD(small, .version = true));
    WRONG("age", "version", FIELD(age, .version = true));
    WRONG("text", "version", FIELD(text, .version = true));
    WRONG("number", "version", FIELD(number, .version = true, .values = OST_NAMES("one", "two")));
    WRONG("number", "version", FIELD(number, .version = true, .unique = true));
    WRONG("number", "version", FIELD(number, .version = true, .min = OST_INT(0)));
    WRONG("number", "version", FIELD(number, .version = true, .default_value = OST_INT(1)));
    WRONG("number", "immutable", FIELD(number, .version = true, .immutable = true));
    WRONG("natural", "version",
          WITH(OST_FIELD(thing, number, .version = true),
               OST_FIELD(thing, natural, .version = true)));
    expect_mistake(OST_MODELS(MODEL(thing, OST_FIELDS(OST_FIELD(thing, id, .primary_key = true,
                                                                .version = true)))),
                   OST_SCHEMA, "thing.id", "version");
}

static void what_is_not_built_yet(void **state)
{
    (void)state;
    UNBUILT("text", FIELD(text, .encrypted = true));
}

static void a_real_mistake_outranks_what_is_not_built(void **state)
{
    (void)state;
    ost_error e;
    ost__model_set *set;
    start_memory();
    assert_int_equal(ost__model_set_open(&test_memory,
                                         WITH(OST_FIELD(thing, text, .encrypted = true),
                                              OST_FIELD(thing, tiny, .max = OST_INT(999))),
                                         &set, &e),
                     OST_SCHEMA);
    assert_int_equal(e.failure_count, 2);
    assert_true(has_failure(&e, "thing.text", "unsupported"));
    assert_true(has_failure(&e, "thing.tiny", "max"));
}

static void five_mistakes_are_five_failures(void **state)
{
    (void)state;
    ost_error e;
    ost__model_set *set;
    start_memory();
    ost_status status = ost__model_set_open(
        &test_memory,
        WITH(OST_FIELD(thing, number, .min = OST_INT(5), .max = OST_INT(1)),
             OST_FIELD(thing, text, .unique = true), OST_FIELD(thing, price),
             OST_FIELD(thing, code, .max_length = 100), OST_FIELD(thing, age, .primary_key = true)),
        &set, &e);
    assert_int_equal(status, OST_SCHEMA);
    assert_int_equal(e.failure_count, 5);
    assert_true(has_failure(&e, "thing.number", "min"));
    assert_true(has_failure(&e, "thing.text", "max_length"));
    assert_true(has_failure(&e, "thing.price", "precision"));
    assert_true(has_failure(&e, "thing.code", "max_length"));
    assert_true(has_failure(&e, "thing.age", "primary_key"));
    assert_string_equal(e.model, "thing");
    assert_string_equal(e.field, "number");
    assert_string_equal(e.message, "5 mistakes in the models; the first: thing.number: .min is "
                                   "above .max: no value would be allowed");
}

static void more_mistakes_than_fit_are_counted(void **state)
{
    (void)state;
    ost_error e;
    ost__model_set *set;
    ost_field fields[200];
    static char names[199][16];
    memset(fields, 0, sizeof fields);
    for (int i = 0; i < 199; i++) {
        snprintf(names[i], sizeof names[i], "m%d", i);
        fields[i] = (ost_field){ .name = names[i], .type = OST_TYPE_JSON };
    }
    start_memory();
    assert_int_equal(
        ost__model_set_open(&test_memory, OST_MODELS(MODEL(thing, .fields = fields)), &set, &e),
        OST_SCHEMA);
    assert_true(e.failures_dropped > 0);
    /* One more: it has no key. All of them lie at offset 0, of no size, and so overlap with
     * nothing. */
    assert_int_equal(e.failure_count + e.failures_dropped, 200);
    assert_non_null(strstr(e.message, "200 mistakes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(place_and_size),
        cmocka_unit_test(names),
        cmocka_unit_test(bounds),
        cmocka_unit_test(lengths),
        cmocka_unit_test(defaults),
        cmocka_unit_test(values),
        cmocka_unit_test(decimals),
        cmocka_unit_test(generated_and_stamps),
        cmocka_unit_test(keys),
        cmocka_unit_test(stored_forms),
        cmocka_unit_test(formats_and_patterns),
        cmocka_unit_test(passwords),
        cmocka_unit_test(immutable_members),
        cmocka_unit_test(functions),
        cmocka_unit_test(a_wrong_pattern_says_where),
        cmocka_unit_test(documents),
        cmocka_unit_test(versions),
        cmocka_unit_test(what_is_not_built_yet),
        cmocka_unit_test(a_real_mistake_outranks_what_is_not_built),
        cmocka_unit_test(five_mistakes_are_five_failures),
        cmocka_unit_test(more_mistakes_than_fit_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
