/* SPDX-License-Identifier: MIT */
#include "base/scalar.h"

#include "base/memory.h"
#include "tracker.h"

typedef struct kind_row {
    uint16_t type;
    uint8_t size;
    int64_t least;
    uint64_t most;
} kind_row;

static const kind_row integers[] = {
    { OST_TYPE_INT8, 1, INT8_MIN, INT8_MAX },    { OST_TYPE_INT16, 2, INT16_MIN, INT16_MAX },
    { OST_TYPE_INT32, 4, INT32_MIN, INT32_MAX }, { OST_TYPE_INT64, 8, INT64_MIN, INT64_MAX },
    { OST_TYPE_UINT8, 1, 0, UINT8_MAX },         { OST_TYPE_UINT16, 2, 0, UINT16_MAX },
    { OST_TYPE_UINT32, 4, 0, UINT32_MAX },       { OST_TYPE_UINT64, 8, 0, UINT64_MAX },
};
enum { INTEGERS = sizeof integers / sizeof integers[0], UNTOUCHED = 0x55 };

typedef union slot {
    uint8_t bytes[16];
    int64_t alignment;
} slot;

static slot fresh(void)
{
    slot s;
    memset(&s, UNTOUCHED, sizeof s);
    return s;
}

/* `n` modulo 2^64 in the first bytes, as this machine writes it, and nothing after them. */
static void holds(const slot *s, uint8_t size, uint64_t n)
{
    slot expected = fresh();
    switch (size) {
    case 1: expected.bytes[0] = (uint8_t)n; break;
    case 2: memcpy(&expected, &(uint16_t){ (uint16_t)n }, 2); break;
    case 4: memcpy(&expected, &(uint32_t){ (uint32_t)n }, 4); break;
    default: memcpy(&expected, &n, 8); break;
    }
    assert_memory_equal(s, &expected, sizeof expected);
}

static void whole_numbers_fit_or_are_refused(void **state)
{
    (void)state;
    const slot empty = fresh();
    for (size_t i = 0; i < INTEGERS; i++) {
        const kind_row *k = &integers[i];
        slot at = fresh();
        assert_int_equal(ost__store_whole(k->type, ost__whole_of(k->least), &at), OST_OK);
        holds(&at, k->size, (uint64_t)k->least);
        at = fresh();
        assert_int_equal(ost__store_whole(k->type, (ost__whole){ k->most, false }, &at), OST_OK);
        holds(&at, k->size, k->most);
        at = fresh();
        uint64_t below = (uint64_t)0 - (uint64_t)k->least + 1;
        assert_int_equal(ost__store_whole(k->type, (ost__whole){ below, true }, &at), OST_RANGE);
        if (k->most < UINT64_MAX)
            assert_int_equal(ost__store_whole(k->type, (ost__whole){ k->most + 1, false }, &at),
                             OST_RANGE);
        assert_memory_equal(&at, &empty, sizeof at);
    }
}

static void int64_fits_or_is_refused(void **state)
{
    (void)state;
    const slot empty = fresh();
    for (size_t i = 0; i < INTEGERS; i++) {
        const kind_row *k = &integers[i];
        int64_t most = k->most > INT64_MAX ? INT64_MAX : (int64_t)k->most;
        slot at = fresh();
        assert_int_equal(ost__store_int64(k->type, k->least, &at), OST_OK);
        holds(&at, k->size, (uint64_t)k->least);
        at = fresh();
        assert_int_equal(ost__store_int64(k->type, most, &at), OST_OK);
        holds(&at, k->size, (uint64_t)most);
        at = fresh();
        if (k->least > INT64_MIN)
            assert_int_equal(ost__store_int64(k->type, k->least - 1, &at), OST_RANGE);
        if (most < INT64_MAX)
            assert_int_equal(ost__store_int64(k->type, most + 1, &at), OST_RANGE);
        assert_memory_equal(&at, &empty, sizeof at);
    }
}

static void reals_fit_or_are_refused(void **state)
{
    (void)state;
    double d = 0;
    float f = 0;
    assert_int_equal(ost__store_real(OST_TYPE_DOUBLE, DBL_MAX, &d), OST_OK);
    assert_true(d == DBL_MAX);
    assert_int_equal(ost__store_real(OST_TYPE_FLOAT, (double)FLT_MAX, &f), OST_OK);
    assert_true(f == FLT_MAX);
    assert_int_equal(ost__store_real(OST_TYPE_FLOAT, DBL_MAX, &f), OST_RANGE);
    assert_int_equal(ost__store_real(OST_TYPE_FLOAT, -DBL_MAX, &f), OST_RANGE);
    assert_true(f == FLT_MAX);
    assert_int_equal(ost__store_real(OST_TYPE_FLOAT, (double)INFINITY, &f), OST_OK);
    assert_true(isinf(f));
    assert_int_equal(ost__store_real(OST_TYPE_FLOAT, (double)NAN, &f), OST_OK);
    assert_true(isnan(f));
}

static void optionals_keep_their_value_there(void **state)
{
    (void)state;
    ost_opt_int16 small = { .present = true, .value = 7 };
    ost_opt_time instant = { .present = true, .value = { 12345 } };
    ost_opt_bool flag = { .present = true, .value = true };
    assert_ptr_equal((uint8_t *)&small + ost__value_offset(OST_TYPE_INT16), &small.value);
    assert_ptr_equal((uint8_t *)&instant + ost__value_offset(OST_TYPE_TIME), &instant.value);
    assert_ptr_equal((uint8_t *)&flag + ost__value_offset(OST_TYPE_BOOL), &flag.value);
    assert_int_equal(ost__value_offset(OST_TYPE_TEXT), 0);
}

static void values_have_names(void **state)
{
    (void)state;
    const ost_field f = { .values = (const char *const[]){ "low", "lower", NULL } };
    int64_t value = 77;
    assert_string_equal(ost__name_of(&f, 0), "low");
    assert_string_equal(ost__name_of(&f, 1), "lower");
    assert_null(ost__name_of(&f, 2));
    assert_null(ost__name_of(&f, INT64_MAX));
    assert_null(ost__name_of(&f, -1));
    assert_int_equal(ost__store_named(&f, OST_TYPE_INT64, "lower", 5, &value), OST_OK);
    assert_int_equal(value, 1);
    assert_int_equal(ost__store_named(&f, OST_TYPE_INT64, "lower", 3, &value), OST_OK);
    assert_int_equal(value, 0);
    value = 77;
    assert_int_equal(ost__store_named(&f, OST_TYPE_INT64, "lo", 2, &value), OST_RANGE);
    assert_int_equal(ost__store_named(&f, OST_TYPE_INT64, "lowest", 6, &value), OST_RANGE);
    assert_int_equal(ost__store_named(&f, OST_TYPE_INT64, "", 0, &value), OST_RANGE);
    assert_int_equal(value, 77);
}

static void sizes_are_rounded_up(void **state)
{
    (void)state;
    const size_t align = _Alignof(max_align_t);
    assert_int_equal(ost__size_aligned(0), 0);
    assert_int_equal(ost__size_aligned(1), align);
    assert_int_equal(ost__size_aligned(align), align);
    assert_int_equal(ost__size_aligned(align + 1), 2 * align);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_fit_or_are_refused),
        cmocka_unit_test(int64_fits_or_is_refused),
        cmocka_unit_test(reals_fit_or_are_refused),
        cmocka_unit_test(optionals_keep_their_value_there),
        cmocka_unit_test(values_have_names),
        cmocka_unit_test(sizes_are_rounded_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
