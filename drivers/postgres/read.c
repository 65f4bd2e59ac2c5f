/* SPDX-License-Identifier: MIT */
/*
 * Results into structs, column by column over blocks of rows: what a column needs is decided once
 * a block, and its loop does nothing else.
 */
#include "postgres/wire.h"

#include "base/civil.h"

enum { BLOCK_ROWS = 64 };

typedef struct block {
    ost__pg_column column; /* the one that is read */
    int first;             /* row of the result */
    int count;
    uint8_t *rows;
    size_t stride;
    bool out_of_memory;
    uint64_t bad;                 /* bit n: row n does not fit */
    uint16_t columns[BLOCK_ROWS]; /* the first that did not, of a bad row */
    uint16_t why[BLOCK_ROWS];
} block;

static void fail(block *b, int row, ost_status why)
{
    if (why == OST_NO_MEMORY)
        b->out_of_memory = true;
    if (b->bad >> row & 1)
        return;
    b->bad |= (uint64_t)1 << row;
    b->columns[row] = b->column.step->column;
    b->why[row] = (uint16_t)why;
}

static inline uint8_t *member_of(const block *b, int row)
{
    return b->rows + (size_t)row * b->stride + b->column.step->offset;
}

/* Where the value goes, once there is one. */
static inline uint8_t *value_of(const block *b, int row)
{
    uint8_t *at = member_of(b, row);
    if (b->column.step->null_rule == OST_NULL_IS_ABSENT)
        *(bool *)at = true;
    return at + b->column.step->value_offset;
}

static void set_null(block *b, int row)
{
    uint8_t *at = member_of(b, row);
    switch (b->column.step->null_rule) {
    case OST_NULL_IS_ABSENT: *(bool *)at = false; break;
    case OST_NULL_IS_POINTER:
        if (b->column.step->type == OST_TYPE_BLOB)
            *(ost_blob *)at = (ost_blob){ NULL, 0 };
        else
            *(const char **)at = NULL;
        break;
    default: fail(b, row, OST_RANGE); break;
    }
}

static inline int length_of(const block *b, int row)
{
    return PQgetlength(b->column.result, b->first + row, b->column.number);
}

static inline const uint8_t *bytes_of(const block *b, int row)
{
    return (const uint8_t *)PQgetvalue(b->column.result, b->first + row, b->column.number);
}

static void load_cell(block *b, int row)
{
    int size = length_of(b, row);
    ost_status status;
    if (size <= 0 && PQgetisnull(b->column.result, b->first + row, b->column.number)) {
        set_null(b, row);
        return;
    }
    status = size < 0 ? OST_RANGE
                      : ost__pg_load(&b->column, bytes_of(b, row), (size_t)size, value_of(b, row));
    if (status != OST_OK)
        fail(b, row, status);
}

/* ---- the usual pairs of member and column ---- */

/* The bytes of a cell of that size; NULL: it was another, or null, and has been dealt with. */
static inline const uint8_t *fixed(block *b, int row, int size)
{
    if (length_of(b, row) == size)
        return bytes_of(b, row);
    load_cell(b, row);
    return NULL;
}

static void read_word(block *b)
{
    for (int i = 0; i < b->count; i++) {
        const uint8_t *bytes = fixed(b, i, 8);
        if (bytes)
            *(uint64_t *)(void *)value_of(b, i) = ost__pg_get64(bytes);
    }
}

static void read_int32(block *b)
{
    for (int i = 0; i < b->count; i++) {
        const uint8_t *bytes = fixed(b, i, 4);
        if (bytes)
            *(int *)(void *)value_of(b, i) = (int)(int32_t)ost__pg_get32(bytes);
    }
}

static void read_bool(block *b)
{
    for (int i = 0; i < b->count; i++) {
        const uint8_t *bytes = fixed(b, i, 1);
        if (!bytes)
            continue;
        if (*bytes <= 1)
            *(bool *)value_of(b, i) = *bytes;
        else
            fail(b, i, OST_RANGE);
    }
}

static void read_time(block *b)
{
    for (int i = 0; i < b->count; i++) {
        const uint8_t *bytes = fixed(b, i, 8);
        ost_time t;
        int64_t n;
        if (!bytes)
            continue;
        n = (int64_t)ost__pg_get64(bytes);
        t.microseconds =
            n > INT64_MAX - OST__PG_EPOCH_MICROSECONDS ? INT64_MAX : n + OST__PG_EPOCH_MICROSECONDS;
        if (ost__time_in_range(t))
            *(ost_time *)(void *)value_of(b, i) = t;
        else
            fail(b, i, OST_RANGE);
    }
}

/* Both sides speak UTF-8, so that the server has checked what it sends. */
static void read_text(block *b)
{
    ost_sink *sink = b->column.sink;
    for (int i = 0; i < b->count; i++) {
        int size = length_of(b, i);
        uint8_t *copy;
        if (size <= 0) {
            load_cell(b, i);
            continue;
        }
        copy = ost__pg_take_bytes(sink, (size_t)size + 1);
        if (!copy) {
            fail(b, i, OST_NO_MEMORY);
            return;
        }
        memcpy(copy, bytes_of(b, i), (size_t)size);
        copy[size] = '\0';
        *(const char **)(void *)value_of(b, i) = (const char *)copy;
    }
}

static void read_any(block *b)
{
    for (int i = 0; i < b->count && !b->out_of_memory; i++)
        load_cell(b, i);
}

static void read_column(block *b)
{
    const ost_row_step *s = b->column.step;
    const ost_field *f = s->origin ? s->origin : s->field;
    Oid type = b->column.type;
    bool named = f && f->values;
    /* Of an integer and of a real the bytes are the same, in another order. */
    bool word = (type == OST__PG_INT8 && s->type == OST_TYPE_INT64 && !named) ||
                (type == OST__PG_FLOAT8 && s->type == OST_TYPE_DOUBLE);
    if (PQfformat(b->column.result, b->column.number) != 1) {
        b->column.type = 0; /* text, which nobody asked for: no reader takes it */
        read_any(b);
    } else if (word) {
        read_word(b);
    } else if (type == OST__PG_INT4 && s->type == OST_TYPE_INT32 && !named) {
        read_int32(b);
    } else if (type == OST__PG_BOOL && s->type == OST_TYPE_BOOL) {
        read_bool(b);
    } else if (type == OST__PG_TIMESTAMPTZ && s->type == OST_TYPE_TIME) {
        read_time(b);
    } else if ((type == OST__PG_TEXT || type == OST__PG_VARCHAR) && s->type == OST_TYPE_TEXT) {
        read_text(b);
    } else {
        read_any(b);
    }
}

/* ---- blocks ---- */

/* As many rows as the sink has in one piece, at least one; false: it wants no more. */
static bool take_rows(block *b, int wanted)
{
    ost_sink *sink = b->column.sink;
    size_t left = (size_t)(sink->rows.end - sink->rows.next) / b->stride, most;
    uint8_t *row = sink->rows.next;
    size_t taken = 0;
    if (left == 0) {
        row = sink->refill_row(sink);
        if (!row)
            return false;
        taken = 1;
        left = sink->rows.next == row + b->stride
                   ? (size_t)(sink->rows.end - sink->rows.next) / b->stride + 1
                   : 1;
    }
    most = wanted < BLOCK_ROWS ? (size_t)wanted : BLOCK_ROWS;
    if (left > most)
        left = most;
    b->rows = row;
    b->count = (int)left;
    b->bad = 0;
    if (left > taken)
        sink->rows.next += (left - taken) * b->stride;
    return true;
}

/* Gives back the last `count` rows of the block, zeroed as they came. */
static void give_back(const block *b, int count)
{
    ost_sink *sink = b->column.sink;
    uint8_t *from = b->rows + (size_t)(b->count - count) * b->stride;
    memset(from, 0, (size_t)count * b->stride);
    sink->rows.next = from;
}

/* Rows that do not fit are reported in their order, and those behind them move up. */
static int drop_bad(const block *b, uint16_t *column)
{
    int kept = 0;
    for (int i = 0; i < b->count; i++) {
        if (b->bad >> i & 1) {
            if (*column == UINT16_MAX)
                *column = b->columns[i];
            b->column.sink->column_failed(b->column.sink, b->columns[i], (ost_status)b->why[i]);
            continue;
        }
        if (kept < i)
            memcpy(b->rows + (size_t)kept * b->stride, b->rows + (size_t)i * b->stride, b->stride);
        kept++;
    }
    give_back(b, b->count - kept);
    return kept;
}

static ost_status sink_failed(const ost_sink *sink)
{
    return sink->status != OST_OK ? (ost_status)sink->status : OST_NO_MEMORY;
}

static void read_block(block *b, const ost_row_program *program)
{
    for (uint32_t i = 0; i < program->step_count && !b->out_of_memory; i++) {
        b->column.step = &program->steps[i];
        b->column.number = b->column.step->column;
        b->column.type = PQftype(b->column.result, b->column.number);
        read_column(b);
    }
}

ost_status ost__pg_read(const PGresult *r, int first, int count, const ost_row_program *program,
                        ost_sink *sink, uint16_t *column, int *delivered)
{
    block b;
    int end = PQntuples(r), columns = PQnfields(r);
    *column = UINT16_MAX;
    *delivered = 0;
    b.column = (ost__pg_column){ .result = r, .sink = sink };
    b.stride = sink->row_size;
    b.out_of_memory = false;
    if (program->step_count > 0 && (int)program->steps[program->step_count - 1].column >= columns) {
        *column = program->steps[program->step_count - 1].column;
        return OST_MISUSE;
    }
    if (count < end - first)
        end = first + count;
    for (; first < end; first += b.count) {
        if (!take_rows(&b, end - first))
            return sink_failed(sink);
        b.first = first;
        read_block(&b, program);
        if (b.out_of_memory) {
            give_back(&b, b.count);
            return sink_failed(sink);
        }
        *delivered += b.bad ? drop_bad(&b, column) : b.count;
    }
    return OST_OK;
}
