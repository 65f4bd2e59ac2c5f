/* SPDX-License-Identifier: MIT */
/* Tables made by others: columns of other widths and forms take what is written, or refuse it. */
#include "postgres/wire_rig.h"

typedef struct foreign {
    int id;
    int64_t wide;        /* an integer */
    short narrow;        /* a bigint */
    uint64_t natural;    /* a bigint */
    int whole;           /* a numeric */
    double real;         /* a real */
    const char *fixed;   /* a char(6) */
    char brief[8];       /* a text */
    ost_time local;      /* a timestamp */
    ost_time seconds;    /* a text */
    ost_time unix_time;  /* an integer */
    ost_decimal paid;    /* a double precision */
    ost_opt_int64 maybe; /* a smallint */
} foreign;

static const ost_field fields[] = {
    { .name = "id", .type = OST_TYPE_INT32, .size = 4, .primary_key = true },
    { .name = "wide", .type = OST_TYPE_INT64, .offset = offsetof(foreign, wide), .size = 8 },
    { .name = "narrow", .type = OST_TYPE_INT16, .offset = offsetof(foreign, narrow), .size = 2 },
    { .name = "natural", .type = OST_TYPE_UINT64, .offset = offsetof(foreign, natural), .size = 8 },
    { .name = "whole", .type = OST_TYPE_INT32, .offset = offsetof(foreign, whole), .size = 4 },
    { .name = "real", .type = OST_TYPE_DOUBLE, .offset = offsetof(foreign, real), .size = 8 },
    { .name = "fixed", .type = OST_TYPE_TEXT, .offset = offsetof(foreign, fixed), .size = 8 },
    { .name = "brief", .type = OST_TYPE_CHARS, .offset = offsetof(foreign, brief), .size = 8 },
    { .name = "local",
      .type = OST_TYPE_TIME,
      .offset = offsetof(foreign, local),
      .size = 8,
      .stored = OST_STORED_NO_ZONE },
    { .name = "seconds",
      .type = OST_TYPE_TIME,
      .offset = offsetof(foreign, seconds),
      .size = 8,
      .stored = OST_STORED_SECONDS_TEXT },
    { .name = "unix_time",
      .type = OST_TYPE_TIME,
      .offset = offsetof(foreign, unix_time),
      .size = 8,
      .stored = OST_STORED_UNIX_SECONDS },
    { .name = "paid",
      .type = OST_TYPE_DECIMAL,
      .offset = offsetof(foreign, paid),
      .size = sizeof(ost_decimal),
      .precision = 12,
      .scale = 2,
      .stored = OST_STORED_NUMERIC },
    { .name = "maybe",
      .type = OST_TYPE_INT64 | OST_TYPE_OPTIONAL,
      .offset = offsetof(foreign, maybe),
      .size = sizeof(ost_opt_int64) },
    { .name = NULL },
};
static const ost_model model = {
    .name = "foreign", .table = "foreigns", .adopted = true, .fields = fields
};

static rig *r;
static ost_table *table;

static int begin(void **state)
{
    int failed = rig_begin(state);
    r = *state;
    table = bench_table(&r->b, &model);
    rig_sql(r, "CREATE TABLE foreigns (id int PRIMARY KEY, wide integer, narrow bigint,"
               " \"natural\" bigint, whole numeric, \"real\" real, fixed char(6), brief text,"
               " local timestamp, seconds text, unix_time integer, paid float8, maybe smallint)");
    /* Instants without a zone are UTC, whatever the session thinks. */
    rig_sql(r, "SET TimeZone = 'America/New_York'");
    return failed;
}

static int clear(void **state)
{
    (void)state;
    rig_sql(r, "TRUNCATE foreigns");
    return 0;
}

static foreign sample(void)
{
    return (foreign){ .id = 1,
                      .wide = -2147483648,
                      .narrow = 32767,
                      .natural = INT64_MAX,
                      .whole = -7,
                      .real = 0.5,
                      .fixed = "ab",
                      .brief = "cd ",
                      .local = at("2024-03-10T07:30:00.000001Z"),
                      .seconds = at("2024-03-10T02:30:00Z"),
                      .unix_time = at("1969-12-31T23:59:59Z"),
                      .paid = dec("1234567890.10"),
                      .maybe = { true, -32768 } };
}

static ost_status insert(const foreign *row)
{
    made *m = make(&r->b, OST_DO_INSERT, table);
    from_records(m, row, 1, sizeof *row, false);
    return rig_run(r, m, NULL, NULL);
}

static void what_fits_is_written_and_read(void **state)
{
    const foreign row = sample();
    foreign back = { 0 };
    size_t count = 1;
    made *m = make(&r->b, OST_DO_SELECT, table);
    (void)state;
    if (insert(&row) != OST_OK)
        fail_msg("%s", r->message);
    all_columns(m, sizeof back);
    if (rig_run(r, m, &back, &count) != OST_OK)
        fail_msg("column %d", (int)m->bad_column);
    assert_int_equal(back.wide, row.wide);
    assert_int_equal(back.narrow, row.narrow);
    assert_true(back.natural == row.natural);
    assert_int_equal(back.whole, row.whole);
    assert_true(back.real == row.real);
    assert_string_equal(back.fixed, "ab");
    assert_string_equal(back.brief, "cd ");
    assert_int_equal(back.local.microseconds, row.local.microseconds);
    assert_int_equal(back.seconds.microseconds, row.seconds.microseconds);
    assert_int_equal(back.unix_time.microseconds, row.unix_time.microseconds);
    assert_int_equal(ost_decimal_compare(back.paid, row.paid), 0);
    assert_true(back.maybe.present && back.maybe.value == -32768);
    assert_string_equal(rig_text(r, "SELECT local || ' ' || seconds || ' ' || unix_time || ' ' ||"
                                    " paid FROM foreigns"),
                        "2024-03-10 07:30:00.000001 2024-03-10 02:30:00 -1 1234567890.1");
}

static void every_member_is_found_by_its_value(void **state)
{
    const foreign row = sample();
    const struct {
        const char *name;
        ost_value value;
    } cases[] = {
        { "wide", ost_value_int(row.wide) },        { "narrow", ost_value_int(row.narrow) },
        { "natural", ost_value_uint(row.natural) }, { "whole", ost_value_int(row.whole) },
        { "real", ost_value_double(row.real) },     { "fixed", ost_value_text("ab") },
        { "brief", ost_value_text("cd ") },         { "local", ost_value_time(row.local) },
        { "seconds", ost_value_time(row.seconds) }, { "unix_time", ost_value_time(row.unix_time) },
        { "paid", ost_value_decimal(row.paid) },    { "maybe", ost_value_int(-32768) },
    };
    (void)state;
    assert_int_equal(insert(&row), OST_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int way = 0; way < 3; way++) {
            foreign back = { 0 };
            size_t count = 1;
            made *m = make(&r->b, OST_DO_SELECT, table);
            if (way < 2)
                m->shape.where =
                    test(m, way ? OST_OP_GE : OST_OP_EQ, cases[i].name, cases[i].value);
            else if (cases[i].value.type == OST_TYPE_INT64)
                m->shape.where = in_list(m, cases[i].name, OST_TYPE_INT64,
                                         &cases[i].value.as.integer, 1, sizeof(int64_t));
            all_columns(m, sizeof back);
            if (rig_run(r, m, &back, &count) != OST_OK)
                fail_msg("%s: %s\n%s", cases[i].name, r->message, r->text);
            if (count != 1)
                fail_msg("%s was not found, way %d\n%s", cases[i].name, way, r->text);
        }
}

/* The server refuses what its column cannot hold; what no column of ours holds is not sent. */
static void fm36_what_does_not_fit_is_refused(void **state)
{
    foreign row = sample();
    (void)state;
    row.wide = 2147483648;
    assert_int_equal(insert(&row), OST_DRIVER_ERROR);
    assert_string_equal(r->state, "22003");
    row = sample();
    row.natural = UINT64_MAX;
    assert_int_equal(insert(&row), OST_DRIVER_ERROR);
    assert_string_equal(r->state, "22003");
    row = sample();
    row.real = 1e300;
    assert_int_equal(insert(&row), OST_DRIVER_ERROR);
    assert_string_equal(r->state, "22003");
    row = sample();
    row.maybe.value = 32768;
    assert_int_equal(insert(&row), OST_DRIVER_ERROR);
    assert_string_equal(r->state, "22003");
    row = sample();
    row.fixed = "1234567";
    assert_int_equal(insert(&row), OST_DRIVER_ERROR);
    assert_string_equal(r->state, "22001");
    row = sample();
    row.unix_time = at("2100-01-01T00:00:00Z");
    assert_int_equal(insert(&row), OST_DRIVER_ERROR);
    assert_string_equal(r->state, "22003");
    assert_string_equal(rig_text(r, "SELECT count(*) FROM foreigns"), "0");
}

static void times_to_the_second_are_rounded(void **state)
{
    foreign row = sample();
    (void)state;
    row.seconds = at("2024-03-10T02:30:00.5Z");
    row.unix_time = at("1970-01-01T00:00:01.499999Z");
    assert_int_equal(insert(&row), OST_OK);
    assert_string_equal(rig_text(r, "SELECT seconds || ' ' || unix_time FROM foreigns"),
                        "2024-03-10 02:30:01 1");
}

static void increments_use_the_column_as_it_is(void **state)
{
    const foreign row = sample();
    made *m = make(&r->b, OST_DO_UPDATE, table);
    (void)state;
    assert_int_equal(insert(&row), OST_OK);
    set_change(m, OST_OP_INC, "paid", ost_value_decimal(dec("0.20")));
    set_change(m, OST_OP_INC, "whole", ost_value_int(10));
    set_change(m, OST_OP_INC, "natural", ost_value_int(-7));
    set_change(m, OST_OP_INC, "real", ost_value_double(0.25));
    if (rig_run(r, m, NULL, NULL) != OST_OK)
        fail_msg("%s\n%s", r->message, r->text);
    assert_string_equal(
        rig_text(r, "SELECT paid || ' ' || whole || ' ' || \"natural\" || ' ' || \"real\""
                    " FROM foreigns"),
        "1234567890.3 3 9223372036854775800 0.75");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_fits_is_written_and_read, clear),
        cmocka_unit_test_setup(every_member_is_found_by_its_value, clear),
        cmocka_unit_test_setup(fm36_what_does_not_fit_is_refused, clear),
        cmocka_unit_test_setup(times_to_the_second_are_rounded, clear),
        cmocka_unit_test_setup(increments_use_the_column_as_it_is, clear),
    };
    return cmocka_run_group_tests(tests, begin, rig_end);
}
