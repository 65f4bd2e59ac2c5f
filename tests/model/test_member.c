/* SPDX-License-Identifier: MIT */
/* Members of records: reading, equality whatever lies in the padding, order, zero. */
#include "model/member.h"
#include "support.h"

#include <float.h>
#include <math.h>

#include "model/convert.h"

typedef struct every {
    int64_t id;
    bool flag;
    signed char i8;
    short i16;
    int i32;
    unsigned char u8;
    unsigned short u16;
    unsigned int u32;
    uint64_t u64;
    float single;
    double real;
    const char *text;
    char code[6];
    ost_blob bytes;
    ost_time at;
    ost_date day;
    ost_uuid uuid;
    ost_object_id oid;
    ost_decimal price;
    ost_opt_bool opt_flag;
    ost_opt_int8 opt_i8;
    ost_opt_int opt_i32;
    ost_opt_int64 opt_i64;
    ost_opt_double opt_real;
    ost_opt_time opt_at;
    ost_opt_uuid opt_uuid;
    ost_opt_decimal opt_price;
} every;
OST_RECORD(every, id);
OST_MODEL(every,
          OST_FIELDS(OST_FIELD(every, id, .primary_key = true), OST_FIELD(every, flag),
                     OST_FIELD(every, i8), OST_FIELD(every, i16), OST_FIELD(every, i32),
                     OST_FIELD(every, u8), OST_FIELD(every, u16), OST_FIELD(every, u32),
                     OST_FIELD(every, u64), OST_FIELD(every, single), OST_FIELD(every, real),
                     OST_FIELD(every, text), OST_FIELD(every, code), OST_FIELD(every, bytes),
                     OST_FIELD(every, at), OST_FIELD(every, day), OST_FIELD(every, uuid),
                     OST_FIELD(every, oid), OST_FIELD(every, price, .precision = 20, .scale = 4),
                     OST_FIELD(every, opt_flag), OST_FIELD(every, opt_i8),
                     OST_FIELD(every, opt_i32), OST_FIELD(every, opt_i64),
                     OST_FIELD(every, opt_real), OST_FIELD(every, opt_at),
                     OST_FIELD(every, opt_uuid),
                     OST_FIELD(every, opt_price, .precision = 20, .scale = 4)));

static ost__model_set *set;
static const ost__model *model;

static int start(void **state)
{
    (void)state;
    set = open_set(OST_MODELS(&every_model));
    model = ost__model_at(set, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ost__model_set_close(set);
    return 0;
}

static const ost_field *field(const char *name)
{
    const ost_field *f = ost__model_field_named(model, name);
    assert_non_null(f);
    return f;
}

/* Everything is set member by member, so that padding keeps `garbage`. */
static void fill(every *r, int garbage)
{
    memset(r, garbage, sizeof *r);
    r->id = 7;
    r->flag = true;
    r->i8 = -8;
    r->i16 = -16;
    r->i32 = -32;
    r->u8 = 208;
    r->u16 = 65000;
    r->u32 = 4000000000U;
    r->u64 = UINT64_MAX;
    r->single = 0.5F;
    r->real = 0.25;
    r->text = "text";
    memcpy(r->code, "ab", 3);
    r->bytes = (ost_blob){ "a\0b", 3 };
    r->at.microseconds = -1;
    r->day.days = -2;
    memset(r->uuid.bytes, 1, 16);
    memset(r->oid.bytes, 2, 12);
    r->price = ost_decimal_of(1050, 2);
    ost_put(r->opt_flag, false);
    ost_put(r->opt_i8, -1);
    ost_put(r->opt_i32, 32);
    ost_put(r->opt_i64, 64);
    ost_put(r->opt_real, 1.5);
    r->opt_at.present = true;
    r->opt_at.value.microseconds = 9;
    r->opt_uuid.present = true;
    memset(r->opt_uuid.value.bytes, 3, 16);
    ost_put(r->opt_price, ost_decimal_of(1, 0));
}

static void assert_members_equal(const every *a, const every *b)
{
    for (uint32_t i = 0; i < model->table.field_count; i++) {
        const ost_field *f = &model->fields[i];
        if (!ost__member_equal(f, a, b) || ost__member_compare(f, a, b) != 0)
            fail_msg("%s differs", f->name);
    }
}

static void padding_does_not_count(void **state)
{
    (void)state;
    every a, b;
    fill(&a, 0xAA);
    fill(&b, 0x55);
    assert_memory_not_equal(&a, &b, sizeof a);
    assert_members_equal(&a, &b);
}

static void absent_optionals_are_equal_whatever_they_hold(void **state)
{
    (void)state;
    every a, b;
    fill(&a, 0xAA);
    fill(&b, 0x55);
    ost_drop(a.opt_i32);
    ost_drop(b.opt_i32);
    ost_drop(a.opt_price);
    ost_drop(b.opt_price);
    ost_drop(a.opt_uuid);
    ost_drop(b.opt_uuid);
    a.opt_i32.value = 1;
    b.opt_i32.value = 2;
    memset(&a.opt_price.value, 0x11, sizeof a.opt_price.value);
    memset(&a.opt_uuid.value, 0x22, sizeof a.opt_uuid.value);
    assert_members_equal(&a, &b);
    a.opt_i32 = (ost_opt_int)OST_SOME(2);
    assert_false(ost__member_equal(field("opt_i32"), &a, &b));
    assert_true(ost__member_compare(field("opt_i32"), &a, &b) > 0);
    assert_true(ost__member_compare(field("opt_i32"), &b, &a) < 0);
}

static void kinds_compare_by_value(void **state)
{
    (void)state;
    every a, b;
    char same[] = "text";
    fill(&a, 0xAA);
    fill(&b, 0xAA);
    a.real = NAN;
    b.real = -NAN;
    a.single = 0.0F;
    b.single = -0.0F;
    a.opt_real.value = NAN;
    b.opt_real.value = NAN;
    b.text = same;
    a.price = ost_decimal_of(105, 1);
    b.price = ost_decimal_of(10500, 3);
    memcpy(a.code, "abc\0xy", 6);
    memcpy(b.code, "abc\0zz", 6);
    a.bytes = (ost_blob){ "", 0 };
    b.bytes = (ost_blob){ "x", 0 };
    assert_members_equal(&a, &b);

    b.real = 1;
    assert_false(ost__member_equal(field("real"), &a, &b));
    assert_int_equal(ost__member_compare(field("real"), &a, &b), 1);
    same[0] = 'T';
    assert_false(ost__member_equal(field("text"), &a, &b));
    assert_true(ost__member_compare(field("text"), &a, &b) > 0);
    b.text = NULL;
    assert_false(ost__member_equal(field("text"), &a, &b));
    assert_true(ost__member_compare(field("text"), &a, &b) > 0);
    a.text = NULL;
    assert_true(ost__member_equal(field("text"), &a, &b));
    b.bytes.data = NULL;
    assert_false(ost__member_equal(field("bytes"), &a, &b));
    b.code[2] = '\0';
    assert_false(ost__member_equal(field("code"), &a, &b));
    assert_true(ost__member_compare(field("code"), &a, &b) > 0);
    b.price.low++;
    assert_false(ost__member_equal(field("price"), &a, &b));
}

static void chars_without_an_end_are_not_run_over(void **state)
{
    (void)state;
    every a, b;
    fill(&a, 'x');
    fill(&b, 'x');
    memset(a.code, 'q', sizeof a.code);
    memset(b.code, 'q', sizeof b.code);
    assert_members_equal(&a, &b);
    assert_int_equal(ost__chars_length(field("code"), &a), 6);
    b.code[5] = 'r';
    assert_false(ost__member_equal(field("code"), &a, &b));
}

static void values_are_read_by_kind(void **state)
{
    (void)state;
    every a;
    fill(&a, 0xAA);
#define VALUE(name) ost__member_value(field(#name), &a)
    assert_true(VALUE(flag).type == OST_TYPE_BOOL && VALUE(flag).as.boolean);
    assert_true(VALUE(i8).type == OST_TYPE_INT64 && VALUE(i8).as.integer == -8);
    assert_true(VALUE(i16).type == OST_TYPE_INT64 && VALUE(i16).as.integer == -16);
    assert_true(VALUE(i32).as.integer == -32);
    assert_true(VALUE(u8).type == OST_TYPE_UINT64 && VALUE(u8).as.natural == 208);
    assert_true(VALUE(u16).as.natural == 65000);
    assert_true(VALUE(u32).as.natural == 4000000000U);
    assert_true(VALUE(u64).as.natural == UINT64_MAX);
    assert_true(VALUE(single).type == OST_TYPE_DOUBLE && VALUE(single).as.real == 0.5);
    assert_true(VALUE(real).as.real == 0.25);
    assert_ptr_equal(VALUE(text).as.text, a.text);
    assert_int_equal(VALUE(code).type, OST_TYPE_TEXT);
    assert_string_equal(VALUE(code).as.text, "ab");
    assert_int_equal(VALUE(bytes).as.blob.size, 3);
    assert_int_equal(VALUE(at).as.time.microseconds, -1);
    assert_int_equal(VALUE(day).as.date.days, -2);
    assert_int_equal(VALUE(uuid).as.uuid.bytes[15], 1);
    assert_int_equal(VALUE(oid).as.object_id.bytes[11], 2);
    assert_int_equal(VALUE(price).as.decimal.low, 1050);
    assert_true(VALUE(opt_flag).type == OST_TYPE_BOOL && !VALUE(opt_flag).as.boolean);
    assert_true(VALUE(opt_i8).as.integer == -1);
    assert_true(VALUE(opt_i64).as.integer == 64);
    assert_int_equal(VALUE(opt_at).as.time.microseconds, 9);
    ost_drop(a.opt_i64);
    a.text = NULL;
    a.bytes.data = NULL;
    assert_int_equal(VALUE(opt_i64).type, OST_TYPE_NONE);
    assert_int_equal(VALUE(text).type, OST_TYPE_NONE);
    assert_int_equal(VALUE(bytes).type, OST_TYPE_NONE);
    assert_true(ost__member_is_null(field("opt_i64"), &a));
    assert_true(ost__member_is_null(field("text"), &a));
    assert_false(ost__member_is_null(field("code"), &a));
    assert_false(ost__member_is_null(field("i32"), &a));
}

static void stored_values_come_back(void **state)
{
    (void)state;
    every a, b;
    fill(&a, 0xAA);
    memset(&b, 0x55, sizeof b);
    for (uint32_t i = 0; i < model->table.field_count; i++) {
        const ost_field *f = &model->fields[i];
        ost_value v = ost__member_value(f, &a);
        assert_int_equal(ost__value_fit(f, &v), OST__FIT_OK);
        ost__member_store(f, &b, &v);
    }
    assert_members_equal(&a, &b);
    const ost_value none = { .type = OST_TYPE_NONE };
    ost__member_store(field("opt_i32"), &b, &none);
    ost__member_store(field("text"), &b, &none);
    assert_false(b.opt_i32.present);
    assert_null(b.text);
    ost__member_copy(field("opt_i32"), &b, &a);
    assert_true(b.opt_i32.present && b.opt_i32.value == 32);
    assert_false(b.opt_i8.value != -1);
}

static void zero_is_what_a_new_key_looks_like(void **state)
{
    (void)state;
    every zero, full;
    memset(&zero, 0, sizeof zero);
    fill(&full, 0xAA);
    for (uint32_t i = 0; i < model->table.field_count; i++) {
        assert_true(ost__member_is_zero(&model->fields[i], &zero));
        assert_false(ost__member_is_zero(&model->fields[i], &full));
    }
    zero.real = -0.0;
    zero.price.scale = 2;
    assert_true(ost__member_is_zero(field("real"), &zero));
    assert_true(ost__member_is_zero(field("price"), &zero));
}

static ost_value whole(int64_t n)
{
    return (ost_value){ .type = OST_TYPE_INT64, .as = { .integer = n } };
}

static ost_value natural(uint64_t n)
{
    return (ost_value){ .type = OST_TYPE_UINT64, .as = { .natural = n } };
}

static ost_value real(double x)
{
    return (ost_value){ .type = OST_TYPE_DOUBLE, .as = { .real = x } };
}

static void numbers_of_different_kinds_compare_exactly(void **state)
{
    (void)state;
    const struct {
        ost_value a, b;
        int order;
    } cases[] = {
        { whole(-1), natural(UINT64_MAX), -1 },
        { whole(5), natural(5), 0 },
        { natural(UINT64_MAX), whole(INT64_MAX), 1 },
        { whole(INT64_MAX), real(9223372036854775808.0), -1 },
        { whole(9007199254740993), real(9007199254740992.0), 1 },
        { natural(UINT64_MAX), real(18446744073709551616.0), -1 },
        { whole(INT64_MIN), real(-9223372036854775808.0), 0 },
        { whole(-1), real(-1.5), 1 },
        { whole(-1), real(-0.5), -1 },
        { whole(0), real(-0.5), 1 },
        { real(2.5), whole(2), 1 },
        { whole(1), real(NAN), -1 },
        { real(NAN), real(NAN), 0 },
        { real(-0.0), real(0.0), 0 },
        { real(INFINITY), natural(UINT64_MAX), 1 },
        { whole(10), { .type = OST_TYPE_DECIMAL, .as = { .decimal = { 0, 1000, 2, 0 } } }, 0 },
        { real(10.5), { .type = OST_TYPE_DECIMAL, .as = { .decimal = { 0, 1000, 2, 0 } } }, 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ost__value_compare(&cases[i].a, &cases[i].b), cases[i].order);
        assert_int_equal(ost__value_compare(&cases[i].b, &cases[i].a), -cases[i].order);
    }
}

static enum ost__fit fit(const char *name, ost_value v)
{
    ost_value before = v;
    enum ost__fit found = ost__value_fit(field(name), &v);
    if (found != OST__FIT_OK)
        assert_memory_equal(&v, &before, sizeof v);
    return found;
}

static void values_fit_or_say_why_not(void **state)
{
    (void)state;
    assert_int_equal(fit("i8", whole(-128)), OST__FIT_OK);
    assert_int_equal(fit("i8", whole(-129)), OST__FIT_RANGE);
    assert_int_equal(fit("i16", natural(32768)), OST__FIT_RANGE);
    assert_int_equal(fit("id", natural(UINT64_C(1) << 63)), OST__FIT_RANGE);
    assert_int_equal(fit("id", whole(INT64_MIN)), OST__FIT_OK);
    assert_int_equal(fit("u64", natural(UINT64_MAX)), OST__FIT_OK);
    assert_int_equal(fit("u32", whole(-1)), OST__FIT_RANGE);
    assert_int_equal(fit("i32", real(1)), OST__FIT_KIND);
    assert_int_equal(fit("flag", whole(1)), OST__FIT_OK);
    assert_int_equal(fit("flag", whole(-1)), OST__FIT_RANGE);
    assert_int_equal(fit("flag", real(1)), OST__FIT_KIND);
    assert_int_equal(fit("real", whole(9007199254740993)), OST__FIT_RANGE);
    assert_int_equal(fit("real", whole(INT64_MAX)), OST__FIT_RANGE);
    assert_int_equal(fit("real", natural(UINT64_MAX)), OST__FIT_RANGE);
    assert_int_equal(fit("real", natural(UINT64_C(1) << 63)), OST__FIT_OK);
    assert_int_equal(fit("real", real(NAN)), OST__FIT_NAN);
    assert_int_equal(fit("real", real(INFINITY)), OST__FIT_OK);
    assert_int_equal(fit("single", real(1e39)), OST__FIT_RANGE);
    assert_int_equal(fit("single", real((double)FLT_MAX)), OST__FIT_OK);
    assert_int_equal(fit("text", whole(1)), OST__FIT_KIND);
    assert_int_equal(fit("at", whole(1)), OST__FIT_KIND);
    ost_value v = real(0.1);
    assert_int_equal(ost__value_fit(field("single"), &v), OST__FIT_OK);
    assert_true(v.as.real == (double)0.1F);
    v = real(-0.0);
    assert_int_equal(ost__value_fit(field("real"), &v), OST__FIT_OK);
    assert_false(signbit(v.as.real) != 0);
    v = whole(3);
    assert_int_equal(ost__value_fit(field("opt_price"), &v), OST__FIT_OK);
    assert_true(v.type == OST_TYPE_DECIMAL && v.as.decimal.low == 30000 && v.as.decimal.scale == 4);
    v = (ost_value){ .type = OST_TYPE_DECIMAL, .as = { .decimal = { 0, 1, 5, 0 } } };
    assert_int_equal(ost__value_fit(field("price"), &v), OST__FIT_SCALE);
    v.as.decimal.scale = 39;
    assert_int_equal(ost__value_fit(field("price"), &v), OST__FIT_SCALE);
    v = natural(UINT64_MAX);
    assert_int_equal(ost__value_fit(field("price"), &v), OST__FIT_PRECISION);
}

static void kinds_have_sizes_and_names(void **state)
{
    (void)state;
    assert_int_equal(ost__type_size(OST_TYPE_INT32), 4);
    assert_int_equal(ost__type_size(OST_TYPE_INT32 | OST_TYPE_OPTIONAL), sizeof(ost_opt_int));
    assert_int_equal(ost__type_size(OST_TYPE_CHARS), 0);
    assert_int_equal(ost__type_size(OST_TYPE_TEXT | OST_TYPE_OPTIONAL), 0);
    assert_int_equal(ost__type_size(99), 0);
    assert_int_equal(ost__optional_value_offset(OST_TYPE_INT64), 0);
    assert_int_equal(ost__optional_value_offset(OST_TYPE_INT64 | OST_TYPE_OPTIONAL),
                     offsetof(ost_opt_int64, value));
    assert_int_equal(ost__optional_value_offset(OST_TYPE_UUID | OST_TYPE_OPTIONAL), 1);
    assert_string_equal(ost__type_name(OST_TYPE_INT64), "int64_t");
    assert_string_equal(ost__type_name(OST_TYPE_TIME | OST_TYPE_OPTIONAL), "ost_opt_time");
    assert_string_equal(ost__type_name(OST_TYPE_CHARS), "char[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padding_does_not_count),
        cmocka_unit_test(absent_optionals_are_equal_whatever_they_hold),
        cmocka_unit_test(kinds_compare_by_value),
        cmocka_unit_test(chars_without_an_end_are_not_run_over),
        cmocka_unit_test(values_are_read_by_kind),
        cmocka_unit_test(stored_values_come_back),
        cmocka_unit_test(zero_is_what_a_new_key_looks_like),
        cmocka_unit_test(numbers_of_different_kinds_compare_exactly),
        cmocka_unit_test(values_fit_or_say_why_not),
        cmocka_unit_test(kinds_have_sizes_and_names),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
