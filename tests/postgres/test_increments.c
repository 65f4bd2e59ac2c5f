/* SPDX-License-Identifier: MIT */
/* Increments keep the range and the bounds of their member, or name the rule that they break. */
#include "postgres/wire_rig.h"

#include <float.h>
#include <math.h>

typedef struct tally {
    int64_t id;
    ost_opt_int8 i8;
    ost_opt_uint8 u8;
    ost_opt_uint u32;
    ost_opt_int64 i64;
    ost_opt_uint64 u64;
    ost_opt_float f;
    ost_opt_double d;
    ost_opt_decimal price;
    ost_opt_decimal vast;
    ost_opt_int level;    /* 0 to 100 */
    ost_opt_double ratio; /* -1.5 to 1.5 */
    ost_opt_decimal cash; /* from 0 */
} tally;
OST_RECORD(tally, id);

#define REAL_BOUND(x) (&(const ost_value){ .type = OST_TYPE_DOUBLE, .as = { .real = (x) } })
OST_MODEL(tally, .table = "tal\"lies",
          OST_FIELDS(OST_FIELD(tally, id, .primary_key = true), OST_FIELD(tally, i8),
                     OST_FIELD(tally, u8, .column = "the 'u8'"), OST_FIELD(tally, u32),
                     OST_FIELD(tally, i64), OST_FIELD(tally, u64), OST_FIELD(tally, f),
                     OST_FIELD(tally, d), OST_FIELD(tally, price, .precision = 6, .scale = 2),
                     OST_FIELD(tally, vast, .precision = 38, .scale = 0),
                     OST_FIELD(tally, level, .min = OST_INT(0), .max = OST_INT(100)),
                     OST_FIELD(tally, ratio, .min = REAL_BOUND(-1.5), .max = REAL_BOUND(1.5)),
                     OST_FIELD(tally, cash, .precision = 10, .scale = 2, .min = OST_INT(0))));

static rig *r;
static ost_table *table;

static int begin(void **state)
{
    int failed = rig_begin(state);
    r = *state;
    table = bench_table(&r->b, &tally_model);
    rig_sql(r, "SET extra_float_digits = 3");
    rig_sql(r, "DROP TABLE IF EXISTS \"tal\"\"lies\"");
    made *m = make(&r->b, OST_DO_DDL, table);
    m->shape.ddl = OST_DDL_CREATE_TABLE;
    rig_sql(r, rig_statement(r, m));
    return failed;
}

static const char *column_of(const char *name)
{
    return table_field(table, name)->column;
}

/* x + amount, from a text that the server reads; "ok: sum", or "ostler:rule:column". */
static const char *sum_of(const char *name, const char *start, ost_value amount)
{
    static char out[200];
    char text[300];
    made *m = make(&r->b, OST_DO_UPDATE, table);
    ost_status status;
    const char *at, *end;
    rig_sql(r, "TRUNCATE \"tal\"\"lies\"");
    snprintf(text, sizeof text, "INSERT INTO \"tal\"\"lies\" (id, \"%s\") VALUES (1, %s)",
             column_of(name), start);
    rig_sql(r, text);
    set_change(m, OST_OP_INC, name, amount);
    status = rig_run(r, m, NULL, NULL);
    if (status == OST_OK) {
        snprintf(text, sizeof text, "SELECT \"%s\" FROM \"tal\"\"lies\"", column_of(name));
        snprintf(out, sizeof out, "%s", rig_text(r, text));
        return out;
    }
    if (status != OST_DRIVER_ERROR)
        return ost_status_name(status);
    if (strcmp(r->state, "22P02") != 0)
        fail_msg("%s from %s: %s\n%s", name, start, r->message, r->text);
    at = strstr(r->message, "\"ostler:");
    end = at ? strchr(at, '\n') : NULL;
    if (!end)
        fail_msg("%s\n%s", r->message, r->text);
    snprintf(out, sizeof out, "%.*s", (int)(end - at - 2), at + 1);
    /* Nothing was changed. */
    snprintf(text, sizeof text, "SELECT \"%s\" IS NOT DISTINCT FROM %s FROM \"tal\"\"lies\"",
             column_of(name), start);
    assert_string_equal(rig_text(r, text), "t");
    return out;
}

static ost_value decimal(const char *text)
{
    return ost_value_decimal(dec(text));
}

static void sums_fit_their_member(void **state)
{
    const struct {
        const char *name, *start;
        ost_value amount;
        const char *sum;
    } cases[] = {
        { "i8", "100", ost_value_int(27), "127" },
        { "i8", "100", ost_value_int(28), "ostler:range:i8" },
        { "i8", "-100", ost_value_int(-28), "-128" },
        { "i8", "-100", ost_value_int(-29), "ostler:range:i8" },
        { "i8", "-100", ost_value_int(INT64_MIN), "ostler:range:i8" },
        { "u8", "250", ost_value_int(5), "255" },
        { "u8", "250", ost_value_int(6), "ostler:range:the 'u8'" },
        { "u8", "3", ost_value_int(-3), "0" },
        { "u8", "3", ost_value_int(-4), "ostler:range:the 'u8'" },
        { "u32", "4294967290", ost_value_int(5), "4294967295" },
        { "u32", "4294967290", ost_value_int(6), "ostler:range:u32" },
        { "i64", "9223372036854775806", ost_value_int(1), "9223372036854775807" },
        { "i64", "9223372036854775806", ost_value_int(2), "ostler:range:i64" },
        { "i64", "-9223372036854775807", ost_value_int(-1), "-9223372036854775808" },
        { "i64", "-9223372036854775807", ost_value_int(-2), "ostler:range:i64" },
        { "i64", "-1", ost_value_int(INT64_MIN), "ostler:range:i64" },
        { "u64", "18446744073709551614", ost_value_int(1), "18446744073709551615" },
        { "u64", "18446744073709551614", ost_value_int(2), "ostler:range:u64" },
        { "u64", "1", ost_value_int(-1), "0" },
        { "u64", "1", ost_value_int(-2), "ostler:range:u64" },
        { "d", "0.1", ost_value_double(0.2), "0.30000000000000004" },
        { "d", "1e308", ost_value_double(7e307), "1.7e+308" },
        { "d", "1e308", ost_value_double(1e308), "ostler:range:d" },
        { "d", "-1e308", ost_value_double(-1e308), "ostler:range:d" },
        { "d", "1.7976931348623157e308", ost_value_double(1e291), "1.7976931348623157e+308" },
        { "d", "1.7976931348623157e308", ost_value_double(1e292), "ostler:range:d" },
        { "d", "'Infinity'", ost_value_double(1), "ostler:range:d" },
        { "d", "5e-324", ost_value_double(5e-324), "1e-323" },
        { "f", "16777216", ost_value_double(1), "16777216" },
        { "f", "3e38", ost_value_double(3e37), NULL },
        { "f", "3.4028234663852886e38", ost_value_double(1e38), "ostler:range:f" },
        { "f", "1.401298464324817e-45", ost_value_double(-1.401298464324817e-45), "0" },
        { "price", "9999.98", decimal("0.01"), "9999.99" },
        { "price", "9999.98", decimal("0.02"), "ostler:range:price" },
        { "price", "-9999.98", decimal("-0.02"), "ostler:range:price" },
        { "price", "1.00", decimal("0.5"), "1.50" },
        { "price", "1.00", decimal("0.50000"), "1.50" },
        { "price", "1.00", decimal("0.001"), "OST_RANGE" },
        { "vast", "99999999999999999999999999999999999998", decimal("1"),
          "99999999999999999999999999999999999999" },
        { "vast", "99999999999999999999999999999999999998", decimal("2"), "ostler:range:vast" },
        { "level", "99", ost_value_int(1), "100" },
        { "level", "99", ost_value_int(2), "ostler:max:level" },
        { "level", "1", ost_value_int(-2), "ostler:min:level" },
        { "level", "1", ost_value_int(2147483647), "ostler:range:level" },
        { "ratio", "1", ost_value_double(0.5), "1.5" },
        { "ratio", "1", ost_value_double(0.5000000000000002), "ostler:max:ratio" },
        { "ratio", "-1", ost_value_double(-0.75), "ostler:min:ratio" },
        { "ratio", "1", ost_value_double(DBL_MAX), "ostler:max:ratio" },
        { "cash", "0.50", decimal("-0.50"), "0.00" },
        { "cash", "0.50", decimal("-0.51"), "ostler:min:cash" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *sum = sum_of(cases[i].name, cases[i].start, cases[i].amount);
        if (cases[i].sum && strcmp(sum, cases[i].sum) != 0)
            fail_msg("%s: %s, case %d: %s", cases[i].name, cases[i].start, (int)i, sum);
    }
}

/* The sum of floats is a float. */
static void floats_stay_floats(void **state)
{
    const double sum = (double)(float)(0.1F + 0.2F);
    char text[60];
    (void)state;
    assert_string_not_equal(sum_of("f", "0.10000000149011612", ost_value_double((double)0.2F)), "");
    snprintf(text, sizeof text, "SELECT f = %.17g FROM \"tal\"\"lies\"", sum);
    assert_string_equal(rig_text(r, text), "t");
}

static void null_stays_null(void **state)
{
    (void)state;
    assert_string_equal(sum_of("i8", "NULL", ost_value_int(1000)), "NULL");
    assert_string_equal(sum_of("d", "NULL", ost_value_double(1)), "NULL");
    assert_string_equal(sum_of("cash", "NULL", decimal("-5")), "NULL");
    assert_string_equal(sum_of("level", "NULL", ost_value_int(-1)), "NULL");
}

/* The failure is not computed before a row breaks the rule, also where the plan is a prepared one.
 */
static void one_row_that_breaks_a_rule_fails_them_all(void **state)
{
    made *m = make(&r->b, OST_DO_UPDATE, table);
    (void)state;
    rig_sql(r, "TRUNCATE \"tal\"\"lies\"");
    rig_sql(r, "INSERT INTO \"tal\"\"lies\" (id, level) VALUES (1, 5), (2, NULL), (3, 100)");
    set_change(m, OST_OP_INC, "level", ost_value_int(1));
    m->shape.where = test(m, OST_OP_LT, "id", ost_value_int(3));
    assert_int_equal(rig_run(r, m, NULL, NULL), OST_OK);
    m = make(&r->b, OST_DO_UPDATE, table);
    set_change(m, OST_OP_INC, "level", ost_value_int(1));
    assert_int_equal(rig_run(r, m, NULL, NULL), OST_DRIVER_ERROR);
    assert_non_null(strstr(r->message, "\"ostler:max:level\""));
    assert_string_equal(rig_text(r, "SELECT sum(level) FROM \"tal\"\"lies\""), "106");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_fit_their_member),
        cmocka_unit_test(floats_stay_floats),
        cmocka_unit_test(null_stays_null),
        cmocka_unit_test(one_row_that_breaks_a_rule_fails_them_all),
    };
    return cmocka_run_group_tests(tests, begin, rig_end);
}
