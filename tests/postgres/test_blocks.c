/* SPDX-License-Identifier: MIT */
/* Blocks of rows, sinks that end early, and replies that no honest server sends. */
#include "postgres/wire_rig.h"

#include "postgres/wire.h"

typedef struct row {
    int64_t id;
    const char *text;
    ost_opt_int number;
    ost_blob blob;
} row;

static const ost_field fields[] = {
    { .name = "id", .type = OST_TYPE_INT64, .offset = offsetof(row, id), .size = 8 },
    { .name = "text", .type = OST_TYPE_TEXT, .offset = offsetof(row, text), .size = 8 },
    { .name = "number",
      .type = OST_TYPE_INT32 | OST_TYPE_OPTIONAL,
      .offset = offsetof(row, number),
      .size = sizeof(ost_opt_int) },
    { .name = "blob", .type = OST_TYPE_BLOB, .offset = offsetof(row, blob), .size = 16 },
};

static const ost_row_step steps[] = {
    { .offset = offsetof(row, id),
      .size = 8,
      .type = OST_TYPE_INT64,
      .field = &fields[0],
      .origin = &fields[0] },
    { .offset = offsetof(row, text),
      .size = 8,
      .type = OST_TYPE_TEXT,
      .column = 1,
      .null_rule = OST_NULL_IS_POINTER,
      .field = &fields[1],
      .origin = &fields[1] },
    { .offset = offsetof(row, number),
      .size = sizeof(ost_opt_int),
      .value_offset = offsetof(ost_opt_int, value),
      .type = OST_TYPE_INT32,
      .column = 2,
      .null_rule = OST_NULL_IS_ABSENT,
      .field = &fields[2],
      .origin = &fields[2] },
    { .offset = offsetof(row, blob),
      .size = 16,
      .type = OST_TYPE_BLOB,
      .column = 3,
      .null_rule = OST_NULL_IS_POINTER,
      .field = &fields[3],
      .origin = &fields[3] },
};

static const ost_row_program program = {
    .step_size = sizeof(ost_row_step), .step_count = 4, .row_size = sizeof(row), .steps = steps
};

/* Memory for sinks alone: no server is needed. */
static void *resize(void *context, void *old, size_t old_size, size_t new_size)
{
    (void)context, (void)old_size;
    if (new_size > 0)
        return realloc(old, new_size);
    free(old);
    return NULL;
}
static const ost__memory memory = { .resize = resize };

static PGresult *result_of(const Oid *types, int count, int format)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc columns[4] = { 0 };
    char name[] = "x";
    assert_non_null(result);
    for (int i = 0; i < count; i++)
        columns[i] = (PGresAttDesc){ .name = name, .typid = types[i], .format = format };
    assert_int_equal(PQsetResultAttrs(result, count, columns), 1);
    return result;
}

static const Oid usual[] = { OST__PG_INT8, OST__PG_TEXT, OST__PG_INT4, OST__PG_BYTEA };

/* Row i: id i, text "t<i>", number i or NULL, blob of i % 7 bytes. A bad row has a NULL id. */
static PGresult *rows_of(int count, bool (*bad)(int row))
{
    PGresult *result = result_of(usual, 4, 1);
    for (int i = 0; i < count; i++) {
        char bytes[32];
        ost__pg_put64(bytes, (uint64_t)i);
        assert_true(PQsetvalue(result, i, 0, bad(i) ? NULL : bytes, bad(i) ? -1 : 8));
        int size = snprintf(bytes, sizeof bytes, "t%d", i);
        assert_true(PQsetvalue(result, i, 1, bytes, size));
        ost__pg_put32(bytes, (uint32_t)i);
        assert_true(PQsetvalue(result, i, 2, i % 3 ? bytes : NULL, i % 3 ? 4 : -1));
        memset(bytes, i, sizeof bytes);
        assert_true(PQsetvalue(result, i, 3, bytes, i % 7));
    }
    return result;
}

static bool no_row(int i)
{
    return i < 0;
}
static bool some_rows(int i)
{
    return i % 5 == 3 || i == 64 || (i > 130 && i < 200);
}
static bool every_row(int i)
{
    return i >= 0;
}

static void check_row(const row *x, int i)
{
    char text[32];
    snprintf(text, sizeof text, "t%d", i);
    assert_int_equal(x->id, i);
    assert_string_equal(x->text, text);
    assert_int_equal(x->number.present, i % 3 != 0);
    if (i % 3)
        assert_int_equal(x->number.value, i);
    assert_non_null(x->blob.data);
    assert_int_equal(x->blob.size, i % 7);
    for (size_t j = 0; j < x->blob.size; j++)
        assert_int_equal(((const char *)x->blob.data)[j], (char)i);
}

enum { ROWS = 300 };

static void rows_come_whole_from_sinks_of_every_size(void **state)
{
    static bool (*const bads[])(int) = { no_row, some_rows, every_row };
    static row rows[ROWS];
    (void)state;
    for (size_t b = 0; b < 3; b++) {
        PGresult *result = rows_of(ROWS, bads[b]);
        for (size_t chunk = 1; chunk < ROWS; chunk = chunk * 2 + 1) {
            rig_sink k;
            uint16_t column;
            int delivered, bad = 0;
            size_t at = 0;
            rig_sink_begin(&k, &memory, rows, sizeof *rows, ROWS, chunk);
            assert_int_equal(
                ost__pg_read(result, 0, ROWS, &program, &memory, &k.base, &column, &delivered),
                OST_OK);
            for (int i = 0; i < ROWS; i++) {
                if (!bads[b](i))
                    check_row(&rows[at++], i);
                bad += bads[b](i);
            }
            assert_int_equal(delivered, at);
            assert_int_equal(rig_sink_end(&k), at);
            assert_int_equal(k.failures, bad);
            assert_int_equal(column, bad ? 0 : UINT16_MAX);
            /* What was dropped left no trace. */
            for (; at < ROWS; at++)
                assert_true(rows[at].id == 0 && !rows[at].text && !rows[at].number.present &&
                            !rows[at].blob.data);
            ost__arena_finish(&k.bytes);
        }
        PQclear(result);
    }
}

static void a_part_of_a_result_can_be_read(void **state)
{
    static row rows[ROWS];
    PGresult *result = rows_of(ROWS, no_row);
    rig_sink k;
    uint16_t column;
    int delivered;
    (void)state;
    rig_sink_begin(&k, &memory, rows, sizeof *rows, ROWS, 7);
    assert_int_equal(ost__pg_read(result, 100, 70, &program, &memory, &k.base, &column, &delivered),
                     OST_OK);
    assert_int_equal(delivered, 70);
    for (int i = 0; i < 70; i++)
        check_row(&rows[i], 100 + i);
    /* More than there are. */
    assert_int_equal(
        ost__pg_read(result, 290, INT32_MAX, &program, &memory, &k.base, &column, &delivered),
        OST_OK);
    assert_int_equal(delivered, 10);
    assert_int_equal(ost__pg_read(result, 300, 10, &program, &memory, &k.base, &column, &delivered),
                     OST_OK);
    assert_int_equal(delivered, 0);
    assert_int_equal(rig_sink_end(&k), 80);
    ost__arena_finish(&k.bytes);
    PQclear(result);
}

/* The first failure is that of the first row, also where a later row fails in an earlier column. */
static void failures_come_in_the_order_of_rows(void **state)
{
    row rows[3];
    PGresult *result = rows_of(3, no_row);
    rig_sink k;
    uint16_t column;
    int delivered;
    char few[2] = { 0 };
    (void)state;
    assert_true(PQsetvalue(result, 1, 2, few, 2)); /* an int4 of two bytes */
    assert_true(PQsetvalue(result, 2, 0, few, 2));
    rig_sink_begin(&k, &memory, rows, sizeof *rows, 3, 3);
    assert_int_equal(ost__pg_read(result, 0, 3, &program, &memory, &k.base, &column, &delivered),
                     OST_OK);
    assert_int_equal(delivered, 1);
    assert_int_equal(k.failures, 2);
    assert_int_equal(k.first_column, 2);
    assert_int_equal(column, 2);
    ost__arena_finish(&k.bytes);
    PQclear(result);
}

static void a_sink_may_end_the_reading(void **state)
{
    static row rows[ROWS];
    PGresult *result = rows_of(ROWS, no_row);
    uint16_t column;
    int delivered;
    (void)state;
    for (long bytes = 0; bytes < 12; bytes++) {
        rig_sink k;
        rig_sink_begin(&k, &memory, rows, sizeof *rows, ROWS, 70);
        k.refills_left = bytes;
        assert_int_equal(
            ost__pg_read(result, 0, ROWS, &program, &memory, &k.base, &column, &delivered),
            OST_NO_MEMORY);
        /* The rows of whole blocks, and no half ones. */
        assert_int_equal(rig_sink_end(&k), delivered);
        for (int i = 0; i < delivered; i++)
            check_row(&rows[i], i);
        assert_true(delivered == ROWS || !rows[delivered].text);
        ost__arena_finish(&k.bytes);
    }
    rig_sink k;
    rig_sink_begin(&k, &memory, rows, sizeof *rows, 100, 64);
    k.base.status = OST_CANCELLED;
    assert_int_equal(ost__pg_read(result, 0, ROWS, &program, &memory, &k.base, &column, &delivered),
                     OST_CANCELLED);
    assert_int_equal(delivered, 100);
    ost__arena_finish(&k.bytes);
    PQclear(result);
}

static void fewer_columns_than_wanted_are_misuse(void **state)
{
    row rows[1];
    PGresult *result = result_of(usual, 3, 1);
    rig_sink k;
    uint16_t column;
    int delivered;
    (void)state;
    rig_sink_begin(&k, &memory, rows, sizeof *rows, 1, 1);
    assert_int_equal(ost__pg_read(result, 0, 1, &program, &memory, &k.base, &column, &delivered),
                     OST_MISUSE);
    assert_int_equal(column, 3);
    PQclear(result);
}

/* Nobody asks for results as text, and what they say could be taken for binary. */
static void results_as_text_are_refused(void **state)
{
    row rows[1];
    PGresult *result = result_of(usual, 4, 0);
    rig_sink k;
    uint16_t column;
    int delivered;
    char digits[] = "12345678";
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_true(PQsetvalue(result, 0, i, digits, i == 2 ? 4 : 8));
    rig_sink_begin(&k, &memory, rows, sizeof *rows, 1, 1);
    assert_int_equal(ost__pg_read(result, 0, 1, &program, &memory, &k.base, &column, &delivered),
                     OST_OK);
    assert_int_equal(delivered, 0);
    assert_int_equal(k.first_status, OST_RANGE);
    ost__arena_finish(&k.bytes);
    PQclear(result);
}

static uint32_t seed = 12345;

static uint32_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    return seed ^= seed << 5;
}

/* Whatever was read is a value of its kind. */
static void check_member(const void *at, uint16_t kind)
{
    char text[OST_TIME_TEXT_SIZE];
    switch (kind) {
    case OST_TYPE_BOOL: assert_true(*(const uint8_t *)at <= 1); break;
    case OST_TYPE_CHARS: assert_non_null(memchr(at, '\0', 8)); break;
    case OST_TYPE_TIME: assert_true(ost_time_print(*(const ost_time *)at, text) > 0); break;
    case OST_TYPE_DECIMAL: assert_in_range(((const ost_decimal *)at)->scale, 0, 38); break;
    default: break;
    }
}

/* Any type, any length, any bytes, into every kind: what is read is within the member's range, and
 * nothing is read beyond a cell. */
static void fm54_hostile_replies(void **state)
{
    static const Oid types[] = {
        OST__PG_BOOL,
        OST__PG_BYTEA,
        OST__PG_INT8,
        OST__PG_INT2,
        OST__PG_INT4,
        OST__PG_TEXT,
        OST__PG_FLOAT4,
        OST__PG_FLOAT8,
        OST__PG_BPCHAR,
        OST__PG_VARCHAR,
        OST__PG_DATE,
        OST__PG_TIMESTAMP,
        OST__PG_TIMESTAMPTZ,
        OST__PG_NUMERIC,
        OST__PG_UUID,
        OST__PG_INT8_LIST,
        0,
        99999,
    };
    enum { TYPES = sizeof types / sizeof types[0] };
    static const char *const names[] = { "small", "large", NULL };
    int read = 0;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        const uint16_t kind = (uint16_t)(next() % (OST_TYPE_DECIMAL + 2));
        const Oid fitting = ost__pg_type_of(kind, NULL);
        const Oid type = fitting && next() % 2 ? fitting : types[next() % TYPES];
        const ost_field f = { .name = "x",
                              .type = kind,
                              .size = kind == OST_TYPE_CHARS ? 8 : 32,
                              .stored = (uint16_t)(next() % 5),
                              .precision = (uint16_t)(next() % 39),
                              .scale = (uint16_t)(next() % 10),
                              .values = next() % 8 ? NULL : names };
        const ost_row_step step = { .size = f.size,
                                    .type = kind,
                                    .null_rule = kind == OST_TYPE_TEXT || kind == OST_TYPE_BLOB
                                                     ? OST_NULL_IS_POINTER
                                                     : OST_NULL_IS_RANGE,
                                    .field = &f,
                                    .origin = next() % 2 ? &f : NULL };
        const ost_row_program one = {
            .step_size = sizeof step, .step_count = 1, .row_size = 32, .steps = &step
        };
        static const int sizes[] = { 0, 1, 2, 4, 8, 10, 12, 16, 20, 28 };
        int size = next() % 3 ? sizes[next() % 10] : (int)(next() % 60);
        _Alignas(16) uint8_t row_bytes[32];
        PGresult *result = result_of(&type, 1, 1);
        char bytes[64];
        rig_sink k;
        uint16_t column;
        int delivered;
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = (char)(next() % 4 ? next() : next() % 3);
        assert_true(PQsetvalue(result, 0, 0, bytes, next() % 16 ? size : -1));
        rig_sink_begin(&k, &memory, row_bytes, sizeof row_bytes, 1, 1);
        assert_int_equal(ost__pg_read(result, 0, 1, &one, &memory, &k.base, &column, &delivered),
                         OST_OK);
        assert_int_equal(delivered + k.failures, 1);
        read += delivered;
        if (delivered)
            check_member(row_bytes, kind);
        ost__arena_finish(&k.bytes);
        PQclear(result);
    }
    assert_true(read > 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_whole_from_sinks_of_every_size),
        cmocka_unit_test(a_part_of_a_result_can_be_read),
        cmocka_unit_test(failures_come_in_the_order_of_rows),
        cmocka_unit_test(a_sink_may_end_the_reading),
        cmocka_unit_test(fewer_columns_than_wanted_are_misuse),
        cmocka_unit_test(results_as_text_are_refused),
        cmocka_unit_test(fm54_hostile_replies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
