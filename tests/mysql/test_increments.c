/* SPDX-License-Identifier: MIT */
/* What is added to members keeps their ranges and bounds, or nothing changes. */
#include "mysql/wides.h"

#include <float.h>
#include <limits.h>
#include <math.h>

typedef struct gauge {
    int64_t id;
    signed char i8;
    short i16;
    int i32;
    int64_t i64;
    unsigned char u8;
    unsigned short u16;
    unsigned int u32;
    uint64_t u64;
    float f;
    double d;
    ost_decimal price; /* 6, 2 */
    ost_decimal huge;  /* 38, 10 */
    int bounded;       /* -5 to 10 */
    double level;      /* 0.5 to 2 */
    float share;       /* to 0.1, as a double: what is stored counts */
    ost_decimal fee;   /* 0.10 to 9.995 */
    uint64_t high;     /* 3 to 18446744073709551610 */
    ost_opt_int maybe; /* 0 to 3 */
    int odd;           /* its column is called "it's" */
} gauge;
OST_RECORD(gauge, id);

static const ost_value low_fee = { .type = OST_TYPE_DECIMAL, .as.decimal = { 0, 10, 2, 0 } };
static const ost_value high_fee = { .type = OST_TYPE_DECIMAL, .as.decimal = { 0, 9995, 3, 0 } };
static const ost_value most = { .type = OST_TYPE_UINT64, .as.natural = UINT64_MAX - 5 };
static const ost_value half = { .type = OST_TYPE_DOUBLE, .as.real = 0.5 };
static const ost_value two = { .type = OST_TYPE_DOUBLE, .as.real = 2 };
static const ost_value tenth = { .type = OST_TYPE_DOUBLE, .as.real = 0.1 };

OST_MODEL(gauge, .table = "gauges",
          OST_FIELDS(OST_FIELD(gauge, id, .primary_key = true), OST_FIELD(gauge, i8),
                     OST_FIELD(gauge, i16), OST_FIELD(gauge, i32), OST_FIELD(gauge, i64),
                     OST_FIELD(gauge, u8), OST_FIELD(gauge, u16), OST_FIELD(gauge, u32),
                     OST_FIELD(gauge, u64), OST_FIELD(gauge, f), OST_FIELD(gauge, d),
                     OST_FIELD(gauge, price, .precision = 6, .scale = 2),
                     OST_FIELD(gauge, huge, .precision = 38, .scale = 10),
                     OST_FIELD(gauge, bounded, .min = OST_INT(-5), .max = OST_INT(10)),
                     OST_FIELD(gauge, level, .min = &half, .max = &two),
                     OST_FIELD(gauge, share, .max = &tenth),
                     OST_FIELD(gauge, fee, .precision = 6, .scale = 2, .min = &low_fee,
                               .max = &high_fee),
                     OST_FIELD(gauge, high, .min = OST_INT(3), .max = &most),
                     OST_FIELD(gauge, maybe, .min = OST_INT(0), .max = OST_INT(3)),
                     OST_FIELD(gauge, odd, .column = "it's", .max = OST_INT(1))));

static bench b;
static const char *url;
static ost_table *gauges;

static int begin(void **state)
{
    (void)state;
    url = server_database(SERVER_MYSQL, NULL);
    bench_open(&b, ost_driver_mysql(), url);
    gauges = bench_table(&b, &gauge_model);
    create(&b, gauges);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bench_close(&b);
    server_drop(url);
    return 0;
}

static gauge zero(void)
{
    gauge g;
    memset(&g, 0, sizeof g);
    g.id = 1;
    g.price.scale = g.fee.scale = 2;
    g.huge.scale = 10;
    return g;
}

static void store(const gauge *g)
{
    made *m = make(&b, OST_DO_INSERT, gauges);
    server_sql(url, "DELETE FROM gauges");
    from_records(m, g, 1, sizeof *g, false);
    if (run(m) != OST_OK)
        fail_msg("%s", b.error.message);
    discard(m);
}

static gauge load(void)
{
    made *m = make(&b, OST_DO_SELECT, gauges);
    gauge g;
    size_t count;
    memset(&g, 0, sizeof g);
    all_columns(m, sizeof g);
    if (run_rows(m, &g, 1, &count) != OST_OK)
        fail_msg("%s", b.error.message);
    assert_int_equal(count, 1);
    discard(m);
    return g;
}

static ost_status add(const char *name, ost_value amount)
{
    made *m = make(&b, OST_DO_UPDATE, gauges);
    ost_status status;
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(1));
    set_change(m, OST_OP_INC, name, amount);
    status = run(m);
    if (status == OST_OK)
        assert_int_equal(b.outcome.matched, 1);
    discard(m);
    return status;
}

static void refuses(ost_status status, const char *rule, const char *name, ost_value amount)
{
    gauge before = load(), after;
    ost_status got = add(name, amount);
    if (got != status)
        fail_msg("%s %s: %d: %s", name, rule, (int)got, b.error.message);
    assert_string_equal(b.error.field, name);
    assert_string_equal(b.error.model, "gauge");
    if (rule)
        assert_string_equal(b.error.constraint, rule);
    after = load();
    assert_memory_equal(&before, &after, sizeof before);
}

static void integers_keep_their_ranges(void **state)
{
    static const struct {
        const char *name;
        int64_t least;
        uint64_t most;
    } ranges[] = {
        { "i8", SCHAR_MIN, SCHAR_MAX },  { "i16", SHRT_MIN, SHRT_MAX }, { "i32", INT_MIN, INT_MAX },
        { "i64", INT64_MIN, INT64_MAX }, { "u8", 0, UCHAR_MAX },        { "u16", 0, USHRT_MAX },
        { "u32", 0, UINT_MAX },          { "u64", 0, UINT64_MAX },
    };
    gauge g = zero();
    (void)state;
    store(&g);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const char *name = ranges[i].name;
        ost_value top = ranges[i].most > INT64_MAX ? ost_value_uint(ranges[i].most)
                                                   : ost_value_int((int64_t)ranges[i].most);
        assert_int_equal(add(name, top), OST_OK);
        refuses(OST_RANGE, "range", name, ost_value_int(1));
        assert_int_equal(add(name, ost_value_int(-1)), OST_OK);
        assert_int_equal(add(name, ost_value_int(1)), OST_OK);
        server_sql(url, "UPDATE gauges SET i8 = 0, i16 = 0, i32 = 0, i64 = 0, u8 = 0, u16 = 0, "
                        "u32 = 0, u64 = 0");
        if (ranges[i].least < 0) {
            assert_int_equal(add(name, ost_value_int(ranges[i].least)), OST_OK);
            refuses(OST_RANGE, "range", name, ost_value_int(-1));
            assert_int_equal(add(name, ost_value_int(1)), OST_OK);
        } else {
            refuses(OST_RANGE, "range", name, ost_value_int(-1));
        }
    }
}

static void reals_keep_their_ranges(void **state)
{
    gauge g = zero();
    (void)state;
    g.d = DBL_MAX;
    g.f = FLT_MAX;
    store(&g);
    assert_int_equal(add("d", ost_value_double(DBL_MAX)), OST_RANGE);
    assert_true(load().d == DBL_MAX);
    refuses(OST_RANGE, "range", "f", ost_value_double((double)FLT_MAX));
    assert_int_equal(add("d", ost_value_double(-DBL_MAX)), OST_OK);
    assert_int_equal(add("f", ost_value_double(-(double)FLT_MAX)), OST_OK);
    assert_true(load().d == 0 && !signbit(load().d));
    assert_true(load().f == 0 && !signbit(load().f));
    assert_int_equal(add("f", ost_value_double((double)0.1F)), OST_OK);
    assert_int_equal(add("f", ost_value_double((double)0.2F)), OST_OK);
    assert_true(load().f == (float)((double)0.1F + (double)0.2F));
    assert_int_equal(add("d", ost_value_double(0.1)), OST_OK);
    assert_int_equal(add("d", ost_value_double(0.2)), OST_OK);
    assert_true(load().d == 0.1 + 0.2);
    assert_int_equal(add("d", ost_value_double(NAN)), OST_RANGE);
    assert_string_equal(b.error.field, "d");
}

static void decimals_are_exact(void **state)
{
    gauge g = zero();
    (void)state;
    g.price = dec("9999.98");
    g.huge = dec("9999999999999999999999999999.9999999998");
    store(&g);
    assert_int_equal(add("price", ost_value_decimal(dec("0.01"))), OST_OK);
    refuses(OST_RANGE, "range", "price", ost_value_decimal(dec("0.01")));
    assert_int_equal(add("huge", ost_value_decimal(dec("0.0000000001"))), OST_OK);
    refuses(OST_RANGE, "range", "huge", ost_value_decimal(dec("0.0000000001")));
    assert_int_equal(
        add("huge", ost_value_decimal(dec("-9999999999999999999999999999.0000000000"))), OST_OK);
    assert_int_equal(ost_decimal_compare(load().huge, dec("0.9999999999")), 0);
    assert_int_equal(add("price", ost_value_decimal(dec("-9999.99"))), OST_OK);
    assert_int_equal(add("price", ost_value_decimal(dec("-9999.99"))), OST_OK);
    refuses(OST_RANGE, "range", "price", ost_value_decimal(dec("-0.01")));
    assert_int_equal(ost_decimal_compare(load().price, dec("-9999.99")), 0);
}

static void sums_keep_the_bounds(void **state)
{
    gauge g = zero();
    (void)state;
    g.bounded = 9;
    g.level = 1;
    g.fee = dec("9.98");
    g.high = UINT64_MAX - 6;
    g.maybe = (ost_opt_int)OST_SOME(3);
    store(&g);
    assert_int_equal(add("bounded", ost_value_int(1)), OST_OK);
    refuses(OST_INVALID, "max", "bounded", ost_value_int(1));
    assert_int_equal(add("bounded", ost_value_int(-15)), OST_OK);
    refuses(OST_INVALID, "min", "bounded", ost_value_int(-1));
    refuses(OST_RANGE, "range", "bounded", ost_value_int(INT_MIN));
    assert_int_equal(add("level", ost_value_double(1)), OST_OK);
    refuses(OST_INVALID, "max", "level", ost_value_double(1e-9));
    assert_int_equal(add("level", ost_value_double(-1.5)), OST_OK);
    refuses(OST_INVALID, "min", "level", ost_value_double(-1e-9));
    assert_int_equal(add("fee", ost_value_decimal(dec("0.01"))), OST_OK);
    refuses(OST_INVALID, "max", "fee", ost_value_decimal(dec("0.01")));
    assert_int_equal(add("fee", ost_value_decimal(dec("-9.89"))), OST_OK);
    refuses(OST_INVALID, "min", "fee", ost_value_decimal(dec("-0.01")));
    assert_int_equal(add("high", ost_value_int(1)), OST_OK);
    refuses(OST_INVALID, "max", "high", ost_value_int(1));
    refuses(OST_RANGE, "range", "high", ost_value_int(10));
    refuses(OST_INVALID, "max", "maybe", ost_value_int(1));
    assert_int_equal(add("odd", ost_value_int(1)), OST_OK);
    refuses(OST_INVALID, "max", "odd", ost_value_int(1));
}

/* 0.1 as a float is above 0.1. */
static void what_is_stored_is_what_is_bounded(void **state)
{
    gauge g = zero();
    (void)state;
    store(&g);
    refuses(OST_INVALID, "max", "share", ost_value_double((double)0.1F));
    assert_int_equal(add("share", ost_value_double((double)0.09F)), OST_OK);
}

static void null_stays_null(void **state)
{
    gauge g = zero();
    (void)state;
    store(&g);
    assert_int_equal(add("maybe", ost_value_int(100)), OST_OK);
    assert_false(load().maybe.present);
}

/* Nothing is half done: the second of three records is beyond its bound. */
static void one_that_fails_stops_all(void **state)
{
    made *m;
    gauge rows[3] = { zero(), zero(), zero() };
    (void)state;
    server_sql(url, "DELETE FROM gauges");
    for (int i = 0; i < 3; i++) {
        rows[i].id = i + 1;
        rows[i].bounded = i == 1 ? 10 : 0;
        rows[i].level = 1;
        m = make(&b, OST_DO_INSERT, gauges);
        from_records(m, &rows[i], 1, sizeof rows[i], false);
        assert_int_equal(run(m), OST_OK);
        discard(m);
    }
    m = make(&b, OST_DO_UPDATE, gauges);
    set_change(m, OST_OP_INC, "bounded", ost_value_int(1));
    set_change(m, OST_OP_INC, "i8", ost_value_int(1));
    assert_int_equal(run(m), OST_INVALID);
    discard(m);
    assert_string_equal(server_text(url, "SELECT CONCAT(bounded, ' ', i8) FROM gauges ORDER BY id"),
                        "0 0|10 0|0 0");
    m = make(&b, OST_DO_UPDATE, gauges);
    m->shape.where = test(m, OST_OP_NE, "id", ost_value_int(2));
    set_change(m, OST_OP_INC, "bounded", ost_value_int(1));
    set_change(m, OST_OP_INC, "i8", ost_value_int(-1));
    assert_int_equal(run(m), OST_OK);
    discard(m);
    assert_string_equal(server_text(url, "SELECT CONCAT(bounded, ' ', i8) FROM gauges ORDER BY id"),
                        "1 -1|10 0|1 -1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_keep_their_ranges),
        cmocka_unit_test(reals_keep_their_ranges),
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(sums_keep_the_bounds),
        cmocka_unit_test(what_is_stored_is_what_is_bounded),
        cmocka_unit_test(null_stays_null),
        cmocka_unit_test(one_that_fails_stops_all),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
