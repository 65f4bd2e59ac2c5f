/* SPDX-License-Identifier: MIT */
/* Converted members: where their columns lie, how they are found, and what cannot be converted. */
#include "support.h"

#include "base/arena.h"
#include "model/conversion.h"
#include "model/convert.h"
#include "model/member.h"

typedef struct pair {
    short a, b;
} pair;
OST_CONVERTS(pair_number, pair);

static ost_status pair_store(ost_call *call, const pair *p, ost_value *out)
{
    (void)call;
    if (p->a == 1)
        *out = ost_val("one");
    else if (p->a == 2)
        *out = ost_val(INT64_C(1) << 40);
    else if (p->a == 3)
        return OST_CANCELLED;
    else if (p->a != 4)
        *out = ost_val(p->a * 1000 + p->b);
    return OST_OK;
}

static ost_status pair_load(ost_call *call, const ost_value *value, pair *p)
{
    assert_null(ost_call_session(call));
    assert_string_equal(ost_call_model(call)->name, "box");
    if (value->as.integer < 0)
        return ost_call_fail(call, NULL, "is below %d", 0);
    *p = (pair){ (short)(value->as.integer / 1000), (short)(value->as.integer % 1000) };
    return OST_OK;
}
OST_CONVERSION(pair_number, OST_TYPE_INT32, pair_store, pair_load);

typedef struct lid {
    char colour;
    pair sides;
} lid;
typedef struct box {
    int64_t id;
    char mark;
    pair first;
    short number;
    pair second;
    lid lid;
    OST_LIST(lid) lids;
    ost_opt_time closed;
} box;
OST_RECORD(box, id);
OST_PART(lid);
OST_MODEL(lid, OST_FIELDS(OST_CONVERTED(lid, sides, pair_number)));

#define ID OST_FIELD(box, id, .primary_key = true)
#define FIRST(...) OST_CONVERTED(box, first, pair_number, __VA_ARGS__)
#define WITH(...) OST_MODELS(MODEL(box, OST_FIELDS(ID, __VA_ARGS__)))
/* A field by hand, with a conversion of which one thing is otherwise. */
#define BY_HAND                            \
    WITH({ .name = "first",                \
           .offset = offsetof(box, first), \
           .size = sizeof(pair),           \
           .converts = &by_hand })
#define WRONG_PAIR(rule, member, value)    \
    do {                                   \
        by_hand = pair_number;             \
        by_hand.member = (value);          \
        wrong("box.first", rule, BY_HAND); \
    } while (0)
static ost_conversion by_hand;

static const ost__model *only(ost__model_set *set)
{
    const ost__model *m = ost__model_at(set, 0);
    assert_non_null(m);
    return m;
}

static void columns_lie_behind_the_struct(void **state)
{
    (void)state;
    ost__model_set *set = open_set(WITH(FIRST(.unique = true), OST_FIELD(box, number),
                                        OST_CONVERTED(box, second, pair_number),
                                        OST_EMBED(box, lid, lid, .flatten = true)));
    const ost__model *m = only(set);
    const ost_field *f = ost__model_field_named(m, "first");
    assert_int_equal(m->size, sizeof(box));
    assert_int_equal(m->converted_count, 3);
    assert_int_equal(f->type, OST_TYPE_INT32);
    assert_int_equal(f->size, 4);
    assert_true(f->offset >= sizeof(box) && f->offset + 4 <= m->width);
    assert_int_equal(m->width % _Alignof(max_align_t), 0);
    assert_int_equal(m->load.row_size, m->width);
    assert_int_equal(m->stride, m->width);
    assert_int_equal(ost__field_place(f), offsetof(box, first));
    assert_int_equal(ost__field_place(ost__model_field_named(m, "lid.sides")),
                     offsetof(box, lid.sides));
    assert_string_equal(ost__model_field_named(m, "lid.sides")->column, "lid_sides");
    assert_ptr_equal(ost__model_field(m, &(const ost_member)OST_AT(box, first)), f);
    assert_ptr_equal(ost__model_field(m, &(const ost_member)OST_AT(box, lid.sides)),
                     ost__model_field_named(m, "lid.sides"));
    assert_ptr_equal(ost__model_field(m, &(const ost_member)OST_AT(box, number)),
                     ost__model_field_named(m, "number"));
    ost_member other = OST_AT(box, first);
    other.type = OST_TYPE_INT32;
    assert_null(ost__model_field(m, &other));
    ost__model_set_close(set);
}

static void a_model_without_them_is_as_wide_as_its_struct(void **state)
{
    (void)state;
    ost__model_set *set = open_set(WITH(OST_FIELD(box, number)));
    assert_int_equal(only(set)->width, sizeof(box));
    assert_int_equal(only(set)->converted_count, 0);
    ost__model_set_close(set);
}

static void pairs_run_there_and_back(void **state)
{
    (void)state;
    const struct {
        pair given;
        ost_status status;
        const char *part;
    } cases[] = {
        { { 7, 5 }, OST_OK, "" },
        { { 1, 0 }, OST_MISUSE, "box.first: its conversion gave a value of another kind" },
        { { 2, 0 }, OST_RANGE, "box.first: is outside the range" },
        { { 3, 0 }, OST_CANCELLED, "the conversion of box.first returned OST_CANCELLED" },
        { { 4, 0 }, OST_INVALID, "box.first: must have a value" },
    };
    ost__model_set *set = open_set(WITH(FIRST(.required = false)));
    const ost__model *m = only(set);
    const ost_field *f = m->converted[0];
    _Alignas(max_align_t) uint8_t image[512];
    ost__arena arena;
    ost_call call;
    assert_true(m->width <= sizeof image);
    ost__arena_init(&arena, &test_memory, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(image, 0, sizeof image);
        memcpy(image + offsetof(box, first), &cases[i].given, sizeof(pair));
        ost__conversion_begin(&call, m, OST_CALL_VALIDATE, &arena, NULL);
        assert_int_equal(ost__conversion_store(&call, f, image), cases[i].status);
        if (cases[i].status != OST_OK) {
            assert_non_null(strstr(call.error.message, cases[i].part));
            continue;
        }
        assert_int_equal(ost__member_value(f, image).as.integer, 7005);
        memset(image + offsetof(box, first), 0, sizeof(pair));
        assert_int_equal(ost__conversion_load(&call, f, image), OST_OK);
        assert_memory_equal(image + offsetof(box, first), &cases[i].given, sizeof(pair));
    }
    const ost_value below = ost_val(-1);
    ost__member_store(f, image, &below);
    ost__conversion_begin(&call, m, OST_CALL_LOAD, &arena, NULL);
    assert_int_equal(ost__conversion_load(&call, f, image), OST_INVALID);
    assert_string_equal(call.error.message, "box.first: is below 0");
    ost__arena_finish(&arena);
    ost__model_set_close(set);
}

static void wrong(const char *path, const char *rule, const ost_model *const *models)
{
    expect_mistake(models, OST_SCHEMA, path, rule);
}

static void what_cannot_be_converted(void **state)
{
    (void)state;
    wrong("box.first", "converts", OST_MODELS(MODEL(box, OST_FIELDS(FIRST(.primary_key = true)))));
    wrong("box.first", "converts", WITH(FIRST(.hidden = true)));
    wrong("box.first", "converts", WITH(FIRST(.version = true)));
    wrong("box.first", "converts", WITH(FIRST(.generated = OST_UUID_V4)));
    wrong("box.first", "converts", WITH(FIRST(.stamp = OST_ON_INSERT)));
    wrong("box.first", "converts", WITH(FIRST(.stored = OST_STORED_UNIX_SECONDS)));
    wrong("box.first", "converts", WITH(FIRST(.flatten = true)));
    wrong("box.first", "hashed", WITH(FIRST(.hashed = true)));
    wrong("box.first", "trim", WITH(FIRST(.trim = true)));
    wrong("box.first", "max_length", WITH(FIRST(.max_length = 3)));
    wrong("box.first", "pattern", WITH(FIRST(.pattern = "x")));
    wrong("box.first", "max", WITH(FIRST(.max = OST_INT(INT64_C(1) << 40))));
    wrong("box.first", "precision", WITH(FIRST(.precision = 3)));
    wrong("box.number", "converts", WITH(OST_FIELD(box, number, .converts = &pair_number)));
    wrong("box.lid", "converts", WITH(OST_EMBED(box, lid, lid)));
    wrong("box.lids", "converts", WITH(OST_EMBEDS(box, lids, lid)));
    wrong("box.first", "field", WITH(FIRST(.unique = true), FIRST(.unique = true)));
}

static void what_is_no_conversion(void **state)
{
    (void)state;
    by_hand = pair_number;
    ost__model_set_close(open_set(BY_HAND));
    WRONG_PAIR("converts", struct_size, 8);
    WRONG_PAIR("converts", store, NULL);
    WRONG_PAIR("converts", load, NULL);
    WRONG_PAIR("converts", size, 5);
    WRONG_PAIR("converts", type, OST_TYPE_NONE);
    WRONG_PAIR("converts", type, OST_TYPE_CHARS);
    WRONG_PAIR("converts", type, OST_TYPE_LIST);
    WRONG_PAIR("converts", type, OST_TYPE_EMBEDDED);
    WRONG_PAIR("converts", type, OST_TYPE_OPTIONAL | OST_TYPE_TEXT);
    WRONG_PAIR("converts", type, 99);
    WRONG_PAIR("precision", type, OST_TYPE_DECIMAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_lie_behind_the_struct),
        cmocka_unit_test(a_model_without_them_is_as_wide_as_its_struct),
        cmocka_unit_test(pairs_run_there_and_back),
        cmocka_unit_test(what_cannot_be_converted),
        cmocka_unit_test(what_is_no_conversion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
