/* SPDX-License-Identifier: MIT */
/* Decimals in the server's binary form, both ways, against the server's own texts. */
#include "postgres/wire_rig.h"

#include "base/decimal.h"
#include "postgres/wire.h"

static uint64_t seed = UINT64_C(0x9E3779B97F4A7C15);

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

static ost_decimal random_decimal(void)
{
    char text[48];
    size_t size = 0;
    unsigned digits = 1 + (unsigned)(next() % 38), scale = (unsigned)(next() % 39);
    if (scale > digits)
        digits = scale;
    if (next() & 1)
        text[size++] = '-';
    for (unsigned i = digits; i > 0; i--) {
        /* Runs of zeros, where the groups of four could go wrong. */
        text[size++] = (char)('0' + (next() % 3 == 0 ? next() % 10 : 0));
        if (i - 1 == scale && scale > 0)
            text[size++] = '.';
    }
    if (scale == digits) {
        size_t at = text[0] == '-' ? 1 : 0;
        memmove(text + at + 2, text + at, size - at);
        text[at] = '0';
        text[at + 1] = '.';
        size += 2;
    }
    text[size] = '\0';
    return dec(text);
}

static bool identical(ost_decimal a, ost_decimal b)
{
    return a.high == b.high && a.low == b.low && a.scale == b.scale;
}

/* SELECT x, x::text of a list of decimals, compared with what was sent. */
static void check_list(rig *r, const ost_decimal *items, size_t count)
{
    const ost_parameter list = { .source = OST_FROM_LIST,
                                 .type = OST_TYPE_DECIMAL,
                                 .list = items,
                                 .list_count = count,
                                 .list_stride = sizeof *items };
    const ost__pg_parameter p = { .oid = OST__PG_NUMERIC_LIST,
                                  .role = OST__SQL_LIST,
                                  .type = OST_TYPE_DECIMAL };
    const ost_operation op = { .parameters = &list,
                               .parameter_count = 1,
                               .parameter_size = sizeof list };
    PGresult *result;
    assert_int_equal(ost__pg_bind(&r->values, &p, &op, NULL, &r->b.error), OST_OK);
    result = PQexecParams(r->pg, "SELECT x, x::text FROM unnest($1) x", 1, &p.oid, r->values.values,
                          r->values.lengths, r->values.formats, 1);
    assert_int_equal(PQntuples(result), count);
    for (int i = 0; i < (int)count; i++) {
        char text[OST_DECIMAL_TEXT_SIZE];
        ost_decimal back;
        ost_decimal_print(items[i], text);
        assert_string_equal(PQgetvalue(result, i, 1), text);
        assert_true(ost__pg_numeric_get((const uint8_t *)PQgetvalue(result, i, 0),
                                        (size_t)PQgetlength(result, i, 0), &back));
        if (!identical(back, items[i]))
            fail_msg("%s came back as another", text);
    }
    PQclear(result);
}

static void fm38_random_decimals_are_bit_exact(void **state)
{
    enum { LISTS = 200, ITEMS = 1000 };
    static ost_decimal items[ITEMS];
    for (int i = 0; i < LISTS; i++) {
        for (int j = 0; j < ITEMS; j++)
            items[j] = random_decimal();
        check_list(*state, items, ITEMS);
    }
}

static void fm38_edges_are_bit_exact(void **state)
{
    static const char *const texts[] = {
        "0",
        "0.0",
        "-0.00",
        "1",
        "-1",
        "9",
        "10",
        "9999",
        "10000",
        "10001",
        "99990000",
        "100000000",
        "0.1",
        "0.0001",
        "0.001",
        "0.00001",
        "0.1000",
        "1000.0001",
        "12345.6",
        "0.0000001",
        "-0.0009",
        "-10000.0",
        "1.5000",
        "99999999999999999999999999999999999999",
        "-99999999999999999999999999999999999999",
        "0.00000000000000000000000000000000000001",
        "-0.99999999999999999999999999999999999999",
        "1234567890123456789.0123456789012345678",
        "9999999999999999999999999999999999999.9",
        "99999999999999999999999999999999999.999",
        "10000000000000000000000000000000000000",
        "170141183460469231731687303715884105.72",
    };
    ost_decimal items[sizeof texts / sizeof texts[0]];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        items[i] = dec(texts[i]);
    check_list(*state, items, sizeof texts / sizeof texts[0]);
}

/* What the server computes has digits of its own choice. */
static void what_has_no_decimal_is_refused(void **state)
{
    static const struct {
        const char *sql, *decimal;
    } cases[] = {
        { "'NaN'::numeric", NULL },
        { "'Infinity'::numeric", NULL },
        { "'-Infinity'::numeric", NULL },
        { "10::numeric ^ 38", NULL },
        { "-(10::numeric ^ 38)", NULL },
        { "10::numeric ^ 38 - 1", "99999999999999999999999999999999999999" },
        { "1e-39::numeric", NULL },
        { "1e100::numeric", NULL },
        { "1e37::numeric", "10000000000000000000000000000000000000" },
        { "1.5::numeric(60, 50)", "1.5" },
        { "12345678901234567890.5::numeric(60, 30)", "12345678901234567890.500000000000000000" },
        { "1e37::numeric(60, 10)", "10000000000000000000000000000000000000" },
        { "0::numeric(60, 50)", "0" },
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char sql[100], text[OST_DECIMAL_TEXT_SIZE];
        PGresult *result;
        ost_decimal d;
        bool got;
        snprintf(sql, sizeof sql, "SELECT %s", cases[i].sql);
        result = rig_query(r, sql);
        got = ost__pg_numeric_get((const uint8_t *)PQgetvalue(result, 0, 0),
                                  (size_t)PQgetlength(result, 0, 0), &d);
        if (got) {
            ost_decimal_print(d, text);
            /* Zeros that are only shown may be fewer than the server shows. */
            if (!cases[i].decimal || ost_decimal_compare(d, dec(cases[i].decimal)) != 0)
                fail_msg("%s was read as %s", cases[i].sql, text);
        } else if (cases[i].decimal) {
            fail_msg("%s was refused", cases[i].sql);
        }
        PQclear(result);
    }
}

/* Whatever the bytes are, a decimal that is read is one, and is written as the same number. */
static void fm54_hostile_bytes_are_refused_or_numbers(void **state)
{
    int numbers = 0;
    (void)state;
    for (int i = 0; i < 300000; i++) {
        size_t groups = (size_t)(next() % 14), size = 8 + 2 * groups;
        uint8_t *bytes = malloc(size), again[OST__PG_NUMERIC_MAX];
        ost_decimal d, back;
        assert_non_null(bytes);
        for (size_t j = 0; j < size; j++)
            bytes[j] = (uint8_t)next();
        ost__pg_put16(bytes, (uint16_t)groups);
        if (i % 4 != 0) {
            ost__pg_put16(bytes + 2, (uint16_t)(int16_t)((int)(next() % 24) - 12));
            ost__pg_put16(bytes + 4, next() % 2 ? 0x4000 : 0);
            ost__pg_put16(bytes + 6, (uint16_t)(next() % 50));
            for (size_t j = 8; j < size; j += 2)
                ost__pg_put16(bytes + j, (uint16_t)(next() % 10001));
        }
        if (ost__pg_numeric_get(bytes, size - next() % 2 * (i % 5 == 0), &d)) {
            numbers++;
            assert_true(ost__decimal_rescale(d, d.scale, &back));
            size = ost__pg_numeric_put(d, again);
            assert_true(size <= sizeof again);
            assert_true(ost__pg_numeric_get(again, size, &back));
            assert_true(identical(d, back));
        }
        free(bytes);
    }
    assert_true(numbers > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm38_random_decimals_are_bit_exact),
        cmocka_unit_test(fm38_edges_are_bit_exact),
        cmocka_unit_test(what_has_no_decimal_is_refused),
        cmocka_unit_test(fm54_hostile_bytes_are_refused_or_numbers),
    };
    return cmocka_run_group_tests(tests, rig_begin, rig_end);
}
