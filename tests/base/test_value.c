/* SPDX-License-Identifier: MIT */
#include "ostler/value.h"
#include "tracker.h"

#include <math.h>

static void numbers_take_the_widest_kind(void **state)
{
    (void)state;
    ost_value v = ost_val((signed char)-5);
    assert_int_equal(v.type, OST_TYPE_INT64);
    assert_true(v.as.integer == -5);
    assert_int_equal(v.reserved[0] | v.reserved[1] | v.reserved[2], 0);
    v = ost_val(INT64_MIN);
    assert_true(v.type == OST_TYPE_INT64 && v.as.integer == INT64_MIN);
    v = ost_val((unsigned char)200);
    assert_true(v.type == OST_TYPE_UINT64 && v.as.natural == 200);
    v = ost_val(UINT64_MAX);
    assert_true(v.type == OST_TYPE_UINT64 && v.as.natural == UINT64_MAX);
    v = ost_val(1.5F);
    assert_true(v.type == OST_TYPE_DOUBLE && fabs(v.as.real - 1.5) <= 0);
    v = ost_val((bool)true);
    assert_true(v.type == OST_TYPE_BOOL && v.as.boolean);
}

static void null_pointers_are_no_value(void **state)
{
    (void)state;
    char text[] = "ada";
    ost_value v = ost_val(text);
    assert_int_equal(v.type, OST_TYPE_TEXT);
    assert_ptr_equal(v.as.text, text);
    assert_int_equal(ost_value_text(NULL).type, OST_TYPE_NONE);
    assert_int_equal(ost_value_blob((ost_blob){ NULL, 5 }).type, OST_TYPE_NONE);
    assert_int_equal(ost_value_json((ost_json){ NULL }).type, OST_TYPE_NONE);
    v = ost_val(((ost_blob){ text, 0 }));
    assert_int_equal(v.type, OST_TYPE_BLOB);
    assert_ptr_equal(v.as.blob.data, text);
    assert_int_equal(v.as.blob.size, 0);
    v = ost_val((ost_json){ text });
    assert_int_equal(v.type, OST_TYPE_JSON);
    assert_ptr_equal(v.as.json.text, text);
}

static void structs_are_carried_whole(void **state)
{
    (void)state;
    ost_uuid uuid;
    ost_object_id id;
    memset(&uuid, 0x11, sizeof uuid);
    memset(&id, 0x22, sizeof id);
    ost_value v = ost_val(uuid);
    assert_int_equal(v.type, OST_TYPE_UUID);
    assert_memory_equal(&v.as.uuid, &uuid, sizeof uuid);
    v = ost_val(id);
    assert_int_equal(v.type, OST_TYPE_OBJECT_ID);
    assert_memory_equal(&v.as.object_id, &id, sizeof id);
    v = ost_val((ost_time){ -7 });
    assert_true(v.type == OST_TYPE_TIME && v.as.time.microseconds == -7);
    v = ost_val((ost_date){ 19 });
    assert_true(v.type == OST_TYPE_DATE && v.as.date.days == 19);
    v = ost_val(ost_decimal_of(-1050, 2));
    assert_true(v.type == OST_TYPE_DECIMAL && v.as.decimal.scale == 2);
    assert_int_equal(ost_decimal_compare(v.as.decimal, ost_decimal_of(-105, 1)), 0);
    v = ost_val(((ost_point){ 13.4, 52.5 }));
    assert_int_equal(v.type, OST_TYPE_POINT);
    assert_true(v.as.point.longitude < v.as.point.latitude);
}

#define ABSENT_AND_PRESENT(opt, x, kind)                      \
    do {                                                      \
        opt value = { 0 };                                    \
        ost_put(value, x);                                    \
        assert_int_equal(ost_val(value).type, kind);          \
        ost_drop(value);                                      \
        assert_int_equal(ost_val(value).type, OST_TYPE_NONE); \
    } while (0)

static void absent_optionals_are_no_value(void **state)
{
    (void)state;
    ABSENT_AND_PRESENT(ost_opt_bool, true, OST_TYPE_BOOL);
    ABSENT_AND_PRESENT(ost_opt_int8, 1, OST_TYPE_INT64);
    ABSENT_AND_PRESENT(ost_opt_int16, 1, OST_TYPE_INT64);
    ABSENT_AND_PRESENT(ost_opt_int, 1, OST_TYPE_INT64);
    ABSENT_AND_PRESENT(ost_opt_int64, 1, OST_TYPE_INT64);
    ABSENT_AND_PRESENT(ost_opt_uint8, 1, OST_TYPE_UINT64);
    ABSENT_AND_PRESENT(ost_opt_uint16, 1, OST_TYPE_UINT64);
    ABSENT_AND_PRESENT(ost_opt_uint, 1, OST_TYPE_UINT64);
    ABSENT_AND_PRESENT(ost_opt_uint64, 1, OST_TYPE_UINT64);
    ABSENT_AND_PRESENT(ost_opt_float, 1.0F, OST_TYPE_DOUBLE);
    ABSENT_AND_PRESENT(ost_opt_double, 1.0, OST_TYPE_DOUBLE);
    ABSENT_AND_PRESENT(ost_opt_time, (ost_time){ 1 }, OST_TYPE_TIME);
    ABSENT_AND_PRESENT(ost_opt_date, (ost_date){ 1 }, OST_TYPE_DATE);
    ABSENT_AND_PRESENT(ost_opt_uuid, (ost_uuid){ { 1 } }, OST_TYPE_UUID);
    ABSENT_AND_PRESENT(ost_opt_object_id, (ost_object_id){ { 1 } }, OST_TYPE_OBJECT_ID);
    ABSENT_AND_PRESENT(ost_opt_decimal, ost_decimal_of(1, 0), OST_TYPE_DECIMAL);
    ost_opt_int8 small = OST_SOME(-128);
    assert_true(ost_val(small).as.integer == -128);
    ost_opt_uint64 large = OST_SOME(UINT64_MAX);
    assert_true(ost_val(large).as.natural == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_take_the_widest_kind),
        cmocka_unit_test(null_pointers_are_no_value),
        cmocka_unit_test(structs_are_carried_whole),
        cmocka_unit_test(absent_optionals_are_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
