/* SPDX-License-Identifier: MIT */
/* Tables that others made: other widths, other kinds, other scales; what fits is read, and nothing
 * else. */
#include "mysql/wides.h"

#include <limits.h>
#include <math.h>

#include "mysql/cells.h"

/* One column, read as one member. */
typedef struct cell {
    union {
        bool flag;
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
        const char *text;
        char chars[8];
        ost_blob blob;
        ost_time time;
        ost_date date;
        ost_uuid uuid;
        ost_object_id object;
        ost_decimal decimal;
    } as;
} cell;

static const char *const names[] = { "low", "high", "mid", NULL };

/* Reads the value that an expression of the server's has, as a member like `f`. */
static ost_status read_as(const char *expression, ost_field f, cell *out)
{
    bench *b = &wides_now->b;
    char text[600];
    made *m = make(b, OST_DO_RAW, wides_now->wides);
    size_t count = 0, accepted;
    ost_status status;
    snprintf(text, sizeof text, "SELECT %s", expression);
    memset(out, 0x5a, sizeof *out);
    f.name = "it";
    f.offset = 0;
    if (f.size == 0)
        f.size = sizeof *out;
    m->steps[0] = (ost_row_step){ .size = f.size,
                                  .type = f.type,
                                  .null_rule = OST_NULL_IS_RANGE,
                                  .column_type = f.type,
                                  .precision = f.precision,
                                  .scale = f.scale,
                                  .field = &f,
                                  .origin = &f };
    m->program = (ost_row_program){ .struct_size = sizeof m->program,
                                    .step_size = sizeof m->steps[0],
                                    .step_count = 1,
                                    .row_size = sizeof *out,
                                    .steps = m->steps };
    m->op.rows = &m->program;
    m->op.shape = NULL;
    m->op.text = text;
    m->op.text_size = strlen(text);
    assert_int_equal(b->driver->submit(b->c, &m->op, 1, &accepted, INT64_MAX, &b->error), OST_OK);
    status = collect_rows(b, b->c, 0, m, out, 1, &count, INT64_MAX);
    if (status == OST_OK)
        assert_int_equal(count, 1);
    return status;
}

static ost_status read_type(const char *expression, uint16_t type, cell *out)
{
    return read_as(expression, (ost_field){ .type = type }, out);
}

static void reads(const char *expression, uint16_t type, const void *value, size_t size)
{
    cell c;
    ost_status status = read_type(expression, type, &c);
    if (status != OST_OK)
        fail_msg("%s as %u: %d: %s", expression, (unsigned)type, (int)status,
                 wides_now->b.error.message);
    if (memcmp(&c, value, size) != 0)
        fail_msg("%s as %u: another value", expression, (unsigned)type);
}

static void misfits(const char *expression, uint16_t type)
{
    cell c;
    ost_status status = read_type(expression, type, &c);
    if (status != OST_RANGE)
        fail_msg("%s as %u: %d", expression, (unsigned)type, (int)status);
}

/* Every width at the server, signed and not, into every width of a member. */
static void fm36_every_narrowing_is_checked(void **state)
{
    static const struct {
        uint16_t type;
        const char *below, *least, *most, *above;
    } members[] = {
        { OST_TYPE_INT8, "-129", "-128", "127", "128" },
        { OST_TYPE_INT16, "-32769", "-32768", "32767", "32768" },
        { OST_TYPE_INT32, "-2147483649", "-2147483648", "2147483647", "2147483648" },
        { OST_TYPE_INT64, "-9223372036854775809", "-9223372036854775808", "9223372036854775807",
          "9223372036854775808" },
        { OST_TYPE_UINT8, "-1", "0", "255", "256" },
        { OST_TYPE_UINT16, "-1", "0", "65535", "65536" },
        { OST_TYPE_UINT32, "-1", "0", "4294967295", "4294967296" },
        { OST_TYPE_UINT64, "-1", "0", "18446744073709551615", "18446744073709551616" },
    };
    static const char *const columns[] = { "TINYINT",
                                           "TINYINT UNSIGNED",
                                           "SMALLINT",
                                           "SMALLINT UNSIGNED",
                                           "MEDIUMINT",
                                           "MEDIUMINT UNSIGNED",
                                           "INT",
                                           "INT UNSIGNED",
                                           "BIGINT",
                                           "BIGINT UNSIGNED",
                                           "BIGINT ZEROFILL",
                                           "DECIMAL(30, 4)",
                                           "DECIMAL(20, 0)" };
    (void)state;
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        char table[100];
        snprintf(table, sizeof table, "CREATE OR REPLACE TABLE others (n %s)", columns[c]);
        server_sql(wides_now->url, table);
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            const char *const texts[] = { members[i].below, members[i].least, members[i].most,
                                          members[i].above };
            for (int k = 0; k < 4; k++) {
                char sql[200];
                cell out;
                ost_status status;
                bool inside = k == 1 || k == 2;
                server_sql(wides_now->url, "DELETE FROM others");
                snprintf(sql, sizeof sql,
                         "SET sql_mode = 'STRICT_ALL_TABLES'; INSERT INTO others VALUES (%s)",
                         texts[k]);
                if (server_refuses(wides_now->url, sql))
                    continue; /* the column cannot hold it */
                status = read_type("n FROM others", members[i].type, &out);
                if (status != (inside ? OST_OK : OST_RANGE))
                    fail_msg("%s in %s as %u: %d", texts[k], columns[c], (unsigned)members[i].type,
                             (int)status);
            }
        }
    }
}

static void integers_of_other_kinds(void **state)
{
    (void)state;
    reads("CAST(3 AS DOUBLE)", OST_TYPE_INT32, &(int){ 3 }, sizeof(int));
    reads("CAST(-9007199254740992 AS DOUBLE)", OST_TYPE_INT64, &(int64_t){ -9007199254740992 }, 8);
    misfits("CAST(9007199254740994 AS DOUBLE)", OST_TYPE_INT64);
    misfits("CAST(3.5 AS DOUBLE)", OST_TYPE_INT32);
    reads("CAST(7 AS DECIMAL(10, 3))", OST_TYPE_INT8, &(signed char){ 7 }, 1);
    misfits("CAST(7.001 AS DECIMAL(10, 3))", OST_TYPE_INT8);
    misfits("'7'", OST_TYPE_INT32);
    misfits("x'07'", OST_TYPE_INT32);
    misfits("DATE'2024-01-01'", OST_TYPE_INT64);
    misfits("NULL", OST_TYPE_INT64);
}

static void bits_and_years(void **state)
{
    (void)state;
    server_sql(wides_now->url, "DROP TABLE IF EXISTS others");
    server_sql(wides_now->url, "CREATE TABLE others (one BIT(1), many BIT(64), y YEAR, flag "
                               "TINYINT(1)); INSERT INTO others VALUES (b'1', "
                               "0xFFFFFFFFFFFFFFFE, 2155, 2)");
    reads("one FROM others", OST_TYPE_BOOL, &(bool){ true }, sizeof(bool));
    reads("one FROM others", OST_TYPE_INT8, &(signed char){ 1 }, 1);
    reads("many FROM others", OST_TYPE_UINT64, &(uint64_t){ UINT64_MAX - 1 }, 8);
    misfits("many FROM others", OST_TYPE_INT64);
    misfits("many FROM others", OST_TYPE_BOOL);
    misfits("many FROM others", OST_TYPE_TEXT);
    reads("y FROM others", OST_TYPE_INT16, &(short){ 2155 }, sizeof(short));
    misfits("y FROM others", OST_TYPE_DATE);
    misfits("flag FROM others", OST_TYPE_BOOL);
    reads("flag FROM others", OST_TYPE_UINT8, &(unsigned char){ 2 }, 1);
}

static void reals_of_other_kinds(void **state)
{
    (void)state;
    server_sql(wides_now->url, "DROP TABLE IF EXISTS others");
    server_sql(wides_now->url, "CREATE TABLE others (f FLOAT, d DOUBLE, x DECIMAL(10, 2)); "
                               "INSERT INTO others VALUES (0.1, 3.5e38, 12.34)");
    reads("f FROM others", OST_TYPE_FLOAT, &(float){ 0.1F }, sizeof(float));
    reads("f FROM others", OST_TYPE_DOUBLE, &(double){ (double)0.1F }, sizeof(double));
    misfits("d FROM others", OST_TYPE_FLOAT);
    reads("x FROM others", OST_TYPE_DOUBLE, &(double){ 12.34 }, sizeof(double));
    reads("9007199254740992", OST_TYPE_DOUBLE, &(double){ 9007199254740992.0 }, sizeof(double));
    misfits("9007199254740993", OST_TYPE_DOUBLE);
    misfits("'1.5'", OST_TYPE_DOUBLE);
}

static void is_decimal(const cell *c, const char *text)
{
    ost_decimal d = dec(text);
    assert_memory_equal(&c->as.decimal, &d, sizeof d);
}

static void decimals_of_other_scales(void **state)
{
    ost_field f = { .type = OST_TYPE_DECIMAL, .precision = 6, .scale = 2 };
    cell c;
    (void)state;
    assert_int_equal(read_as("CAST(1.5 AS DECIMAL(20, 10))", f, &c), OST_OK);
    is_decimal(&c, "1.50");
    assert_int_equal(read_as("CAST(1.505 AS DECIMAL(20, 10))", f, &c), OST_RANGE);
    assert_int_equal(read_as("CAST(10000 AS DECIMAL(20, 10))", f, &c), OST_RANGE);
    assert_int_equal(read_as("7", f, &c), OST_OK);
    is_decimal(&c, "7.00");
    assert_int_equal(read_as("CAST(-0.1 AS DOUBLE)", f, &c), OST_OK);
    is_decimal(&c, "-0.10");
    assert_int_equal(read_as("CAST(0.001 AS DOUBLE)", f, &c), OST_RANGE);
    assert_int_equal(read_as("'1.5'", f, &c), OST_RANGE);
    f.stored = OST_STORED_NUMERIC;
    assert_int_equal(read_as("'1.5'", f, &c), OST_OK);
    assert_int_equal(read_as("'1.5 '", f, &c), OST_RANGE);
    f.precision = 38;
    assert_int_equal(read_as("CAST(1e40 AS DECIMAL(65, 0))", f, &c), OST_RANGE);
}

static void fm33_zero_dates_are_no_dates(void **state)
{
    (void)state;
    server_sql(wides_now->url,
               "SET sql_mode = '', time_zone = '+00:00'; DROP TABLE IF EXISTS others; CREATE TABLE "
               "others (d DATE, t "
               "DATETIME(6), s TIMESTAMP NULL); INSERT INTO others VALUES ('0000-00-00', "
               "'0000-00-00 00:00:00', '0000-00-00 00:00:00'), ('2024-00-10', '2024-01-00 "
               "00:00:00', '2024-01-02 03:04:05'), ('0000-01-01', '0000-01-01 00:00:00', NULL)");
    for (int i = 0; i < 3; i++) {
        char text[100];
        snprintf(text, sizeof text, "d FROM others LIMIT 1 OFFSET %d", i);
        misfits(text, OST_TYPE_DATE);
        snprintf(text, sizeof text, "t FROM others LIMIT 1 OFFSET %d", i);
        misfits(text, OST_TYPE_TIME);
    }
    misfits("s FROM others LIMIT 1", OST_TYPE_TIME);
    misfits("s FROM others LIMIT 1 OFFSET 2", OST_TYPE_TIME);
    ost_time t = at("2024-01-02T03:04:05Z");
    reads("s FROM others LIMIT 1 OFFSET 1", OST_TYPE_TIME, &t, sizeof t);
}

static void fm40_times_in_other_forms(void **state)
{
    ost_field text = { .type = OST_TYPE_TIME, .stored = OST_STORED_SECONDS_TEXT };
    ost_field unix_seconds = { .type = OST_TYPE_TIME, .stored = OST_STORED_UNIX_SECONDS };
    cell c;
    (void)state;
    assert_int_equal(read_as("'2024-02-29 12:00:01'", text, &c), OST_OK);
    assert_int_equal(c.as.time.microseconds, at("2024-02-29T12:00:01Z").microseconds);
    assert_int_equal(read_as("'2023-02-29 12:00:01'", text, &c), OST_RANGE);
    assert_int_equal(read_as("-1", unix_seconds, &c), OST_OK);
    assert_int_equal(c.as.time.microseconds, -1000000);
    assert_int_equal(read_as("253402300799", unix_seconds, &c), OST_OK);
    assert_int_equal(read_as("253402300800", unix_seconds, &c), OST_RANGE);
    assert_int_equal(read_as("9223372036854775807", unix_seconds, &c), OST_RANGE);
    misfits("1", OST_TYPE_TIME);
    misfits("'2024-02-29 12:00:01'", OST_TYPE_TIME);
    misfits("TIME'10:00:00'", OST_TYPE_TIME);
    misfits("DATE'2024-01-01'", OST_TYPE_TIME);
    misfits("TIMESTAMP'2024-01-01 00:00:00'", OST_TYPE_DATE);
}

static void fm39_texts_and_bytes_are_not_confused(void **state)
{
    ost_field chars = { .type = OST_TYPE_CHARS, .size = 8 };
    ost_uuid uuid;
    cell c;
    (void)state;
    server_sql(wides_now->url,
               "DROP TABLE IF EXISTS others; CREATE TABLE others (l VARCHAR(10) CHARACTER SET "
               "latin1, c CHAR(10), e ENUM('mid', 'low'), j JSON, v VARBINARY(16), u UUID, s "
               "SET('a', 'b')); INSERT INTO others VALUES (CONVERT(x'e9' USING latin1), 'pad', "
               "'low', '[1]', 'abc', '00112233-4455-6677-8899-aabbccddeeff', 'a,b')");
    assert_int_equal(read_type("l FROM others", OST_TYPE_TEXT, &c), OST_OK);
    assert_string_equal(c.as.text, "\xc3\xa9");
    assert_int_equal(read_type("c FROM others", OST_TYPE_TEXT, &c), OST_OK);
    assert_string_equal(c.as.text, "pad");
    assert_int_equal(read_type("e FROM others", OST_TYPE_TEXT, &c), OST_OK);
    assert_string_equal(c.as.text, "low");
    assert_int_equal(
        read_as("e FROM others", (ost_field){ .type = OST_TYPE_INT32, .values = names }, &c),
        OST_OK);
    assert_int_equal(c.as.i32, 0);
    assert_int_equal(read_as("'Low'", (ost_field){ .type = OST_TYPE_INT32, .values = names }, &c),
                     OST_RANGE);
    assert_int_equal(read_as("0", (ost_field){ .type = OST_TYPE_INT32, .values = names }, &c),
                     OST_RANGE);
    assert_int_equal(read_type("j FROM others", OST_TYPE_TEXT, &c), OST_OK);
    assert_string_equal(c.as.text, "[1]");
    assert_int_equal(read_type("s FROM others", OST_TYPE_TEXT, &c), OST_OK);
    assert_string_equal(c.as.text, "a,b");
    misfits("v FROM others", OST_TYPE_TEXT);
    misfits("c FROM others", OST_TYPE_BLOB);
    misfits("1", OST_TYPE_TEXT);
    misfits("1", OST_TYPE_BLOB);
    assert_true(ost_uuid_parse("00112233-4455-6677-8899-aabbccddeeff", &uuid));
    reads("u FROM others", OST_TYPE_UUID, &uuid, sizeof uuid);
    reads("x'00112233445566778899aabbccddeeff'", OST_TYPE_UUID, &uuid, sizeof uuid);
    misfits("x'00112233445566778899aabbccddee'", OST_TYPE_UUID);
    misfits("'0011223344556677'", OST_TYPE_UUID);
    misfits("x'00'", OST_TYPE_OBJECT_ID);
    assert_int_equal(read_as("'1234567'", chars, &c), OST_OK);
    assert_string_equal(c.as.chars, "1234567");
    assert_int_equal(read_as("'12345678'", chars, &c), OST_RANGE);
}

/* The server takes it, C would end there: what others stored is no text of ours. */
static void fm35_a_nul_in_a_text_is_refused_at_every_position(void **state)
{
    const ost_field chars = { .type = OST_TYPE_CHARS, .size = 8 };
    cell c;
    (void)state;
    for (int at = 0; at <= 5; at++) {
        char text[100];
        snprintf(text, sizeof text,
                 "CONCAT(LEFT('small', %d), CHAR(0 USING utf8mb4), SUBSTR('small', %d))", at,
                 at + 1);
        misfits(text, OST_TYPE_TEXT);
        assert_int_equal(read_as(text, chars, &c), OST_RANGE);
        /* Bytes may be any. */
        snprintf(text, sizeof text, "CONCAT(REPEAT(x'61', %d), x'00', REPEAT(x'62', %d))", at,
                 5 - at);
        assert_int_equal(read_type(text, OST_TYPE_BLOB, &c), OST_OK);
        assert_int_equal(c.as.blob.size, 6);
        assert_int_equal(((const char *)c.as.blob.data)[at], 0);
    }
}

/* Beyond what is fetched at once. */
static void long_values_are_whole(void **state)
{
    static const int sizes[] = { 4095, 4096, 4097, 100000 };
    cell c;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char text[100];
        snprintf(text, sizeof text, "CONCAT(REPEAT('x', %d), 'y')", sizes[i] - 1);
        assert_int_equal(read_type(text, OST_TYPE_TEXT, &c), OST_OK);
        assert_int_equal(strlen(c.as.text), sizes[i]);
        assert_int_equal(c.as.text[sizes[i] - 1], 'y');
        snprintf(text, sizeof text, "CONCAT(REPEAT(x'00', %d), x'01')", sizes[i] - 1);
        assert_int_equal(read_type(text, OST_TYPE_BLOB, &c), OST_OK);
        assert_int_equal(c.as.blob.size, sizes[i]);
        assert_int_equal(((const char *)c.as.blob.data)[sizes[i] - 1], 1);
        snprintf(text, sizeof text, "REPEAT('x', %d)", sizes[i]);
        misfits(text, OST_TYPE_UUID);
    }
}

/* ---- what no server sends ---- */

static ost_status cell_of(uint16_t type, const ost__my_column *c)
{
    static const ost_field f = { .name = "it" };
    const ost_row_step step = { .type = type, .size = 8, .field = &f };
    cell out;
    return ost__my_read_cell(&step, c, &out);
}

static void fm54_odd_lengths_are_refused(void **state)
{
    static const uint16_t types[] = { OST_TYPE_BOOL,    OST_TYPE_INT8,     OST_TYPE_INT64,
                                      OST_TYPE_UINT64,  OST_TYPE_FLOAT,    OST_TYPE_DOUBLE,
                                      OST_TYPE_TIME,    OST_TYPE_DATE,     OST_TYPE_UUID,
                                      OST_TYPE_DECIMAL, OST_TYPE_OBJECT_ID };
    enum { MOST = 64 };
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        for (int kind = OST__CELL_OTHER; kind <= OST__CELL_SPAN; kind++) {
            for (unsigned long length = 0; length <= MOST; length++) {
                bool number = kind == OST__CELL_INTEGER || kind == OST__CELL_REAL;
                uint8_t width =
                    (uint8_t)(kind == OST__CELL_REAL ? 4 << length % 2 : 1 << length % 4);
                /* Not one byte more than it says, so that a sanitizer sees a step beyond. */
                uint8_t *bytes = malloc(number ? width : length + 1);
                ost__my_column c = { .kind = (uint8_t)kind,
                                     .width = number ? width : 0,
                                     .is_unsigned = length % 2,
                                     .is_binary = length % 3 == 0,
                                     .length = length,
                                     .data = bytes };
                ost_status status;
                memset(bytes, length % 5 ? '9' : 0xff, number ? width : length + 1);
                status = cell_of(types[i], &c);
                assert_true(status == OST_OK || status == OST_RANGE);
                if (kind == OST__CELL_OTHER)
                    assert_int_equal(status, OST_RANGE);
                free(bytes);
            }
        }
    }
}

/* Year, month, day, hour, minute, second, four bytes of a fraction. */
static void fm54_odd_times_are_refused(void **state)
{
    static const uint8_t odd[][11] = {
        { 0, 0, 1, 1 },
        { 0x10, 0x27, 1, 1 },
        { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
        { 0xe8, 7, 0, 1 },
        { 0xe8, 7, 13, 1 },
        { 0xe8, 7, 2, 30 },
        { 0xe7, 7, 2, 29 },
        { 0x6c, 7, 2, 29 },
        { 0xe8, 7, 1, 0 },
        { 0xe8, 7, 1, 1, 24 },
        { 0xe8, 7, 1, 1, 0, 60 },
        { 0xe8, 7, 1, 1, 0, 0, 60 },
        { 0xe8, 7, 1, 1, 0, 0, 0, 0x40, 0x42, 0x0f, 0 },
        { 0xe8, 7, 1, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
    };
    static const uint8_t good[11] = { 0xe8, 7, 2, 29, 23, 59, 59, 0x3f, 0x42, 0x0f, 0 };
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        ost__my_column c = { .kind = OST__CELL_TIME, .data = odd[i], .length = 11 };
        assert_int_equal(cell_of(OST_TYPE_TIME, &c), OST_RANGE);
        c.kind = OST__CELL_DATE;
        assert_int_equal(cell_of(OST_TYPE_DATE, &c), OST_RANGE);
    }
    for (unsigned long length = 0; length <= 11; length++) {
        ost__my_column c = { .kind = OST__CELL_TIME, .data = good, .length = length };
        assert_int_equal(cell_of(OST_TYPE_TIME, &c),
                         length == 4 || length == 7 || length == 11 ? OST_OK : OST_RANGE);
        c.kind = OST__CELL_DATE;
        assert_int_equal(cell_of(OST_TYPE_DATE, &c), length == 4 ? OST_OK : OST_RANGE);
    }
}

/* What the library does with a row, once it has it. */
static ost_status take_row(MYSQL_STMT *stmt, ost__my_results *r, uint8_t *row, char out[24],
                           uint16_t *column)
{
    unsigned char *at = row + 1 + (3 + 9) / 8;
    for (unsigned i = 0; i < 3; i++)
        stmt->result_callback(stmt->user_data, i, &at);
    memset(out, 0, 24);
    return ost__my_row(r, NULL, (uint8_t *)out, column);
}

/* Each byte of a row as every length that there may be. */
static void fm54_lengths_beyond_the_row(void **state)
{
    static const char text[] = "SELECT 'abc', 7, 'def'";
    static const ost_field fields[3] = { { .name = "a" }, { .name = "n" }, { .name = "b" } };
    bench *b = &wides_now->b;
    MYSQL_STMT *stmt = mysql_stmt_init(b->driver->native(b->c));
    ost_row_step steps[3];
    const ost_row_program program = { .steps = steps, .step_count = 3 };
    ost__my_results r;
    ost_error error;
    uint8_t *row, kept[64];
    char out[24];
    uint16_t column = 9;
    size_t size;
    (void)state;
    for (uint16_t i = 0; i < 3; i++)
        steps[i] = (ost_row_step){ .column = i,
                                   .offset = i * 8u,
                                   .size = 8,
                                   .type = i == 1 ? OST_TYPE_INT64 : OST_TYPE_CHARS,
                                   .field = &fields[i] };
    ost__my_results_init(&r, &b->memory);
    assert_int_equal(mysql_stmt_prepare(stmt, text, sizeof text - 1), 0);
    assert_int_equal(mysql_stmt_execute(stmt), 0);
    assert_int_equal(ost__my_results_begin(&r, stmt, &program, &error), OST_OK);
    assert_int_equal(mysql_stmt_fetch(stmt), 0);
    row = stmt->mysql->net.buff + (r.columns[0].data - 3 - stmt->mysql->net.buff);
    size = (size_t)(r.columns[2].data + 3 - row);
    assert_true(size < sizeof kept);
    memcpy(kept, row, size);
    assert_int_equal(take_row(stmt, &r, row, out, &column), OST_OK);
    assert_string_equal(out, "abc");
    assert_string_equal(out + 16, "def");
    for (size_t at = 1 + (3 + 9) / 8; at < size; at++) {
        for (int byte = 0; byte < 256; byte++) {
            ost_status status;
            memcpy(row, kept, size);
            row[at] = (uint8_t)byte;
            status = take_row(stmt, &r, row, out, &column);
            assert_true(status == OST_OK || status == OST_RANGE);
        }
    }
    /* Eight bytes of a length. */
    memset(row + 2, 0xfe, 9);
    assert_int_equal(take_row(stmt, &r, row, out, &column), OST_RANGE);
    assert_int_equal(column, 0);
    memcpy(row, kept, size);
    ost__my_results_finish(&r);
    mysql_stmt_free_result(stmt);
    mysql_stmt_close(stmt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm36_every_narrowing_is_checked),
        cmocka_unit_test(fm35_a_nul_in_a_text_is_refused_at_every_position),
        cmocka_unit_test(integers_of_other_kinds),
        cmocka_unit_test(bits_and_years),
        cmocka_unit_test(reals_of_other_kinds),
        cmocka_unit_test(decimals_of_other_scales),
        cmocka_unit_test(fm33_zero_dates_are_no_dates),
        cmocka_unit_test(fm40_times_in_other_forms),
        cmocka_unit_test(fm39_texts_and_bytes_are_not_confused),
        cmocka_unit_test(long_values_are_whole),
        cmocka_unit_test(fm54_odd_lengths_are_refused),
        cmocka_unit_test(fm54_odd_times_are_refused),
        cmocka_unit_test(fm54_lengths_beyond_the_row),
    };
    return cmocka_run_group_tests(tests, wides_begin, wides_end);
}
