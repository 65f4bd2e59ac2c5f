/* SPDX-License-Identifier: MIT */
/* Results into structs: what does not fit, columns of tables made by others, blocks of rows. */
#include "postgres/wire_rig.h"

#include <float.h>
#include <math.h>

#include "postgres/wire.h"

static rig *r;

static int begin(void **state)
{
    int failed = rig_begin(state);
    r = *state;
    return failed;
}

/* One member at the start of a struct. */
typedef union cell {
    bool boolean;
    signed char i8;
    short i16;
    int i32;
    int64_t i64;
    unsigned char u8;
    unsigned short u16;
    unsigned u32;
    uint64_t u64;
    float f;
    double d;
    const char *text;
    char chars[8];
    ost_blob blob;
    ost_time time;
    ost_date date;
    ost_uuid uuid;
    ost_object_id object;
    ost_decimal decimal;
} cell;

static ost_field field_of(uint16_t type, uint16_t stored, uint16_t precision, uint16_t scale)
{
    return (ost_field){ .name = "x",
                        .column = "x",
                        .type = type,
                        .size = type == OST_TYPE_CHARS ? 8 : sizeof(cell),
                        .stored = stored,
                        .precision = precision,
                        .scale = scale };
}

static ost_row_step step_of(const ost_field *f)
{
    bool pointer = f->type == OST_TYPE_TEXT || f->type == OST_TYPE_BLOB;
    return (ost_row_step){ .size = f->size,
                           .type = f->type,
                           .null_rule = pointer ? OST_NULL_IS_POINTER : OST_NULL_IS_RANGE,
                           .column_type = f->type,
                           .precision = f->precision,
                           .scale = f->scale,
                           .field = f,
                           .origin = f };
}

static rig_sink sink;

/* The first row of a result as a member. Texts live until the next. */
static ost_status read_first(const PGresult *result, const ost_field *f, cell *out)
{
    const ost_row_step step = step_of(f);
    const ost_row_program program = {
        .step_size = sizeof step, .step_count = 1, .row_size = sizeof *out, .steps = &step
    };
    uint16_t column;
    int delivered;
    if (sink.bytes.memory)
        ost__arena_finish(&sink.bytes);
    rig_sink_begin(&sink, &r->b.memory, out, sizeof *out, 1, 1);
    assert_int_equal(ost__pg_read(result, 0, 1, &program, NULL, &sink.base, &column, &delivered),
                     OST_OK);
    assert_int_equal(delivered + sink.failures, 1);
    assert_int_equal(column, sink.failures ? 0 : UINT16_MAX);
    assert_int_equal(rig_sink_end(&sink), delivered);
    return sink.failures ? sink.first_status : OST_OK;
}

static ost_status read_sql(const char *expression, const ost_field *f, cell *out)
{
    char sql[200];
    PGresult *result;
    ost_status status;
    snprintf(sql, sizeof sql, "SELECT %s", expression);
    result = rig_query(r, sql);
    status = read_first(result, f, out);
    PQclear(result);
    return status;
}

/* ---- narrowing ---- */

static int64_t signed_of(const cell *c, uint16_t type)
{
    switch (type) {
    case OST_TYPE_INT8: return c->i8;
    case OST_TYPE_INT16: return c->i16;
    case OST_TYPE_INT32: return c->i32;
    case OST_TYPE_UINT8: return c->u8;
    case OST_TYPE_UINT16: return c->u16;
    case OST_TYPE_UINT32: return c->u32;
    default: return c->i64;
    }
}

/* Every integer kind from every integer column: one below the least, the least, the most, and one
 * above. */
static void fm36_narrowing_is_checked(void **state)
{
    static const struct {
        uint16_t type;
        const char *edges[4];
    } kinds[] = {
        { OST_TYPE_INT8, { "-129", "-128", "127", "128" } },
        { OST_TYPE_INT16, { "-32769", "-32768", "32767", "32768" } },
        { OST_TYPE_INT32, { "-2147483649", "-2147483648", "2147483647", "2147483648" } },
        { OST_TYPE_INT64,
          { "-9223372036854775809", "-9223372036854775808", "9223372036854775807",
            "9223372036854775808" } },
        { OST_TYPE_UINT8, { "-1", "0", "255", "256" } },
        { OST_TYPE_UINT16, { "-1", "0", "65535", "65536" } },
        { OST_TYPE_UINT32, { "-1", "0", "4294967295", "4294967296" } },
        { OST_TYPE_UINT64, { "-1", "0", "18446744073709551615", "18446744073709551616" } },
        { OST_TYPE_BOOL, { "-1", "0", "1", "2" } },
    };
    static const struct {
        const char *name;
        double least, most;
    } columns[] = {
        { "smallint", -32768, 32767 },
        { "integer", -2147483648.0, 2147483647 },
        { "bigint", -9223372036854774000.0, 9223372036854774000.0 },
        { "numeric", -1e30, 1e30 },
        { "float8", -9007199254740992.0, 9007199254740992.0 },
        { "real", -16777216, 16777216 },
    };
    int checked = 0;
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (size_t e = 0; e < 4; e++)
            for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
                const ost_field f = field_of(kinds[k].type, 0, 0, 0);
                const char *edge = kinds[k].edges[e];
                double x = strtod(edge, NULL);
                char sql[80];
                cell out;
                ost_status status;
                if (x < columns[c].least || x > columns[c].most ||
                    (kinds[k].type == OST_TYPE_BOOL && c > 2))
                    continue;
                snprintf(sql, sizeof sql, "(%s)::%s", edge, columns[c].name);
                status = read_sql(sql, &f, &out);
                if (status != (e == 0 || e == 3 ? OST_RANGE : OST_OK))
                    fail_msg("%s as kind %d: status %d", sql, kinds[k].type, (int)status);
                checked++;
                if (status != OST_OK)
                    continue;
                if (kinds[k].type == OST_TYPE_BOOL)
                    assert_int_equal(out.boolean, e == 2);
                else if (kinds[k].type == OST_TYPE_UINT64)
                    assert_true(out.u64 == strtoull(edge, NULL, 10));
                else
                    assert_true(signed_of(&out, kinds[k].type) == strtoll(edge, NULL, 10));
            }
    assert_true(checked > 120);
}

/* ---- what a column of another type becomes ---- */

typedef struct read_case {
    const char *sql;
    uint16_t type, stored, precision, scale;
    ost_status status;
    const char *text; /* what was read */
} read_case;

static void print_cell(char out[100], const cell *c, uint16_t type)
{
    switch (type) {
    case OST_TYPE_BOOL: snprintf(out, 100, "%d", c->boolean); break;
    case OST_TYPE_INT32: snprintf(out, 100, "%d", c->i32); break;
    case OST_TYPE_INT64: snprintf(out, 100, "%lld", (long long)c->i64); break;
    case OST_TYPE_FLOAT: snprintf(out, 100, "%.9g", (double)c->f); break;
    case OST_TYPE_DOUBLE: snprintf(out, 100, "%.17g", c->d); break;
    case OST_TYPE_TEXT: snprintf(out, 100, "%s", c->text); break;
    case OST_TYPE_CHARS: snprintf(out, 100, "%s", c->chars); break;
    case OST_TYPE_BLOB: snprintf(out, 100, "%zu bytes", c->blob.size); break;
    case OST_TYPE_TIME: ost_time_print(c->time, out); break;
    case OST_TYPE_DATE: ost_date_print(c->date, out); break;
    case OST_TYPE_UUID: ost_uuid_print(c->uuid, out); break;
    case OST_TYPE_OBJECT_ID: ost_object_id_print(c->object, out); break;
    default: ost_decimal_print(c->decimal, out); break;
    }
}

static void check_reads(const read_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const read_case *c = &cases[i];
        const ost_field f = field_of(c->type, c->stored, c->precision, c->scale);
        char text[100];
        cell out;
        ost_status status = read_sql(c->sql, &f, &out);
        if (status != c->status)
            fail_msg("%s as kind %d: status %d", c->sql, c->type, (int)status);
        if (status != OST_OK)
            continue;
        print_cell(text, &out, c->type);
        if (strcmp(text, c->text) != 0)
            fail_msg("%s as kind %d: %s", c->sql, c->type, text);
    }
}

static void columns_made_by_others_are_read_by_their_type(void **state)
{
    static const read_case cases[] = {
        { "'ab'::char(6)", OST_TYPE_TEXT, 0, 0, 0, OST_OK, "ab" },
        { "'a b '::char(6)", OST_TYPE_CHARS, 0, 0, 0, OST_OK, "a b" },
        { "''::char(6)", OST_TYPE_TEXT, 0, 0, 0, OST_OK, "" },
        { "'ab '::varchar(6)", OST_TYPE_TEXT, 0, 0, 0, OST_OK, "ab " },
        { "'ab '::varchar(6)", OST_TYPE_CHARS, 0, 0, 0, OST_OK, "ab " },
        { "'pg_class'::name", OST_TYPE_TEXT, 0, 0, 0, OST_OK, "pg_class" },
        { "'1234567'", OST_TYPE_CHARS, 0, 0, 0, OST_OK, "1234567" },
        { "'12345678'", OST_TYPE_CHARS, 0, 0, 0, OST_RANGE, NULL },
        { "0.1::real", OST_TYPE_FLOAT, 0, 0, 0, OST_OK, "0.100000001" },
        { "0.5::real", OST_TYPE_DOUBLE, 0, 0, 0, OST_OK, "0.5" },
        { "1e300::float8", OST_TYPE_FLOAT, 0, 0, 0, OST_RANGE, NULL },
        { "'Infinity'::float8", OST_TYPE_FLOAT, 0, 0, 0, OST_OK, "inf" },
        { "12.25::numeric", OST_TYPE_DOUBLE, 0, 0, 0, OST_OK, "12.25" },
        { "9007199254740992::bigint", OST_TYPE_DOUBLE, 0, 0, 0, OST_OK, "9007199254740992" },
        { "9007199254740993::bigint", OST_TYPE_DOUBLE, 0, 0, 0, OST_RANGE, NULL },
        { "7.0::numeric", OST_TYPE_INT32, 0, 0, 0, OST_OK, "7" },
        { "7.5::numeric", OST_TYPE_INT32, 0, 0, 0, OST_RANGE, NULL },
        { "7.0::float8", OST_TYPE_INT32, 0, 0, 0, OST_OK, "7" },
        { "7.5::float8", OST_TYPE_INT32, 0, 0, 0, OST_RANGE, NULL },
        { "'NaN'::float8", OST_TYPE_INT64, 0, 0, 0, OST_RANGE, NULL },
        { "5::smallint", OST_TYPE_DECIMAL, 0, 10, 2, OST_OK, "5.00" },
        { "0.1::float8", OST_TYPE_DECIMAL, OST_STORED_NUMERIC, 10, 2, OST_OK, "0.10" },
        { "0.001::float8", OST_TYPE_DECIMAL, OST_STORED_NUMERIC, 10, 2, OST_RANGE, NULL },
        { "1.230::numeric", OST_TYPE_DECIMAL, 0, 10, 2, OST_OK, "1.23" },
        { "1.234::numeric", OST_TYPE_DECIMAL, 0, 10, 2, OST_RANGE, NULL },
        { "1e9::numeric", OST_TYPE_DECIMAL, 0, 10, 2, OST_RANGE, NULL },
        { "'NaN'::numeric", OST_TYPE_DECIMAL, 0, 10, 2, OST_RANGE, NULL },
        { "'Infinity'::float8", OST_TYPE_DECIMAL, 0, 10, 2, OST_RANGE, NULL },
        { "'2024-02-29 12:00:00.5'::timestamp", OST_TYPE_TIME, OST_STORED_NO_ZONE, 0, 0, OST_OK,
          "2024-02-29T12:00:00.500000Z" },
        { "'2024-02-29 12:00:00+01'::timestamptz", OST_TYPE_TIME, OST_STORED_NO_ZONE, 0, 0, OST_OK,
          "2024-02-29T11:00:00.000000Z" },
        { "'2024-02-29 12:00:00'::text", OST_TYPE_TIME, OST_STORED_SECONDS_TEXT, 0, 0, OST_OK,
          "2024-02-29T12:00:00.000000Z" },
        { "'2024-02-30 12:00:00'::text", OST_TYPE_TIME, OST_STORED_SECONDS_TEXT, 0, 0, OST_RANGE,
          NULL },
        { "'2024-02-29 12:00:00'::text", OST_TYPE_TIME, 0, 0, 0, OST_RANGE, NULL },
        { "1709208000::bigint", OST_TYPE_TIME, OST_STORED_UNIX_SECONDS, 0, 0, OST_OK,
          "2024-02-29T12:00:00.000000Z" },
        { "(-1)::int", OST_TYPE_TIME, OST_STORED_UNIX_SECONDS, 0, 0, OST_OK,
          "1969-12-31T23:59:59.000000Z" },
        { "9223372036854775807::bigint", OST_TYPE_TIME, OST_STORED_UNIX_SECONDS, 0, 0, OST_RANGE,
          NULL },
        { "1709208000::bigint", OST_TYPE_TIME, 0, 0, 0, OST_RANGE, NULL },
        { "'infinity'::timestamp", OST_TYPE_TIME, 0, 0, 0, OST_RANGE, NULL },
        { "'infinity'::timestamptz", OST_TYPE_TIME, 0, 0, 0, OST_RANGE, NULL },
        { "'-infinity'::date", OST_TYPE_DATE, 0, 0, 0, OST_RANGE, NULL },
        { "1::smallint", OST_TYPE_BOOL, 0, 0, 0, OST_OK, "1" },
    };
    (void)state;
    check_reads(cases, sizeof cases / sizeof cases[0]);
}

/* Each kind from a column of each type: it is read, or refused, and never garbage. */
static void fm39_wrong_types_are_refused(void **state)
{
    static const uint16_t kinds[] = {
        OST_TYPE_BOOL, OST_TYPE_INT32, OST_TYPE_INT64,     OST_TYPE_DOUBLE,
        OST_TYPE_TEXT, OST_TYPE_CHARS, OST_TYPE_BLOB,      OST_TYPE_TIME,
        OST_TYPE_DATE, OST_TYPE_UUID,  OST_TYPE_OBJECT_ID, OST_TYPE_DECIMAL,
    };
    /* A bit for each kind that can read it. */
    static const struct {
        const char *sql;
        unsigned kinds;
    } columns[] = {
        { "true", 1 << 0 },
        { "1::smallint", 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 11 },
        { "1::int", 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 11 },
        { "1::bigint", 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 11 },
        { "1::float8", 1 << 1 | 1 << 2 | 1 << 3 | 1 << 11 },
        { "1::real", 1 << 1 | 1 << 2 | 1 << 3 | 1 << 11 },
        { "1::numeric", 1 << 1 | 1 << 2 | 1 << 3 | 1 << 11 },
        { "'1'::text", 1 << 4 | 1 << 5 },
        { "'2024-01-01'::date", 1 << 8 },
        { "'2024-01-01'::timestamp", 1 << 7 },
        { "'2024-01-01'::timestamptz", 1 << 7 },
        { "'12:00:00'::time", 0 },
        { "'1 day'::interval", 0 },
        { "'x'::bytea", 1 << 6 },
        { "'123456789012'::bytea", 1 << 6 | 1 << 10 },
        { "'1234567890123456'::bytea", 1 << 6 },
        { "'00000000-0000-0000-0000-000000000001'::uuid", 1 << 9 },
        { "'{}'::json", 0 },
        { "'{}'::jsonb", 0 },
        { "'1.2.3.4'::inet", 0 },
        { "ARRAY[1]", 0 },
        { "1::oid", 0 },
        { "ROW(1, 2)", 0 },
        { "B'1'", 0 },
        { "1::money", 0 },
    };
    (void)state;
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++)
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            const ost_field f = field_of(kinds[k], 0, kinds[k] == OST_TYPE_DECIMAL ? 10 : 0, 2);
            cell out;
            ost_status status = read_sql(columns[c].sql, &f, &out);
            if (status != (columns[c].kinds >> k & 1 ? OST_OK : OST_RANGE))
                fail_msg("%s as kind %d: status %d", columns[c].sql, kinds[k], (int)status);
        }
}

static void null_needs_a_place(void **state)
{
    static const char *const types[] = { "bigint",      "int",  "bool", "float8",
                                         "timestamptz", "uuid", "date", "numeric" };
    static const uint16_t kinds[] = { OST_TYPE_INT64,  OST_TYPE_INT32,  OST_TYPE_BOOL,
                                      OST_TYPE_DOUBLE, OST_TYPE_TIME,   OST_TYPE_UUID,
                                      OST_TYPE_DATE,   OST_TYPE_DECIMAL };
    cell out;
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const ost_field f = field_of(kinds[i], 0, 0, 0);
        char sql[40];
        snprintf(sql, sizeof sql, "NULL::%s", types[i]);
        assert_int_equal(read_sql(sql, &f, &out), OST_RANGE);
    }
    const ost_field text = field_of(OST_TYPE_TEXT, 0, 0, 0),
                    blob = field_of(OST_TYPE_BLOB, 0, 0, 0);
    assert_int_equal(read_sql("NULL::text", &text, &out), OST_OK);
    assert_null(out.text);
    assert_int_equal(read_sql("''::text", &text, &out), OST_OK);
    assert_string_equal(out.text, "");
    assert_int_equal(read_sql("NULL::bytea", &blob, &out), OST_OK);
    assert_null(out.blob.data);
    assert_int_equal(read_sql("''::bytea", &blob, &out), OST_OK);
    assert_non_null(out.blob.data);
    assert_int_equal(out.blob.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm36_narrowing_is_checked),
        cmocka_unit_test(columns_made_by_others_are_read_by_their_type),
        cmocka_unit_test(fm39_wrong_types_are_refused),
        cmocka_unit_test(null_needs_a_place),
    };
    return cmocka_run_group_tests(tests, begin, rig_end);
}
