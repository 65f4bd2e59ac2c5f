/* SPDX-License-Identifier: MIT */
/*
 * Results into structs, column by column over blocks of rows: what a column needs is decided once
 * a block, and its loop does nothing else.
 */
#include "postgres/wire.h"

#include "base/civil.h"

enum { BLOCK_ROWS = 64 };

typedef struct block {
    const PGresult *result;
    const ost__memory *heap;
    ost_sink *sink;
    int first, end; /* rows of the result */
    uint8_t *rows;
    size_t stride;
    bool binary; /* the result is, as it was asked for */
    bool out_of_memory;
    uint64_t bad;                 /* bit n: row n does not fit */
    uint16_t columns[BLOCK_ROWS]; /* the first that did not, of a bad row */
    uint16_t why[BLOCK_ROWS];
} block;

/* Whatever the cell is. */
static void load_cell(block *b, const ost_row_step *s, int row, uint8_t *member)
{
    ost_status status = ost__pg_load(b->result, row, s, b->heap, b->sink, member);
    int i = row - b->first;
    if (status == OST_OK)
        return;
    if (status == OST_NO_MEMORY)
        b->out_of_memory = true;
    if (b->bad >> i & 1)
        return;
    b->bad |= (uint64_t)1 << i;
    b->columns[i] = s->column;
    b->why[i] = (uint16_t)status;
}

/* Where the value goes, once there is one. */
static inline void *value_of(const ost_row_step *s, uint8_t *member)
{
    if (s->null_rule == OST_NULL_IS_ABSENT)
        *(bool *)member = true;
    return member + s->value_offset;
}

/* ---- the usual pairs of member and column ---- */

static inline bool take_bool(const ost_row_step *s, const char *bytes, uint8_t *member)
{
    uint8_t value = (uint8_t)*bytes;
    if (value > 1)
        return false;
    *(bool *)value_of(s, member) = value;
    return true;
}

static inline bool take_time(const ost_row_step *s, const char *bytes, uint8_t *member)
{
    int64_t n = (int64_t)ost__pg_get64(bytes);
    ost_time t;
    if (n > INT64_MAX - OST__PG_EPOCH_MICROSECONDS)
        return false;
    t.microseconds = n + OST__PG_EPOCH_MICROSECONDS;
    if (!ost__time_in_range(t))
        return false;
    *(ost_time *)value_of(s, member) = t;
    return true;
}

/* Both sides speak UTF-8, so that the server has checked what it sends. */
static inline bool take_text(ost_sink *sink, const ost_row_step *s, const char *bytes, size_t size,
                             uint8_t *member)
{
    uint8_t *copy = ost__pg_take_bytes(sink, size + 1);
    if (!copy)
        return false;
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    *(const char **)value_of(s, member) = (const char *)copy;
    return true;
}

/* The names of an enumeration are texts, whatever the member is. */
static inline bool is_named(const ost_row_step *s)
{
    const ost_field *f = s->origin ? s->origin : s->field;
    return f && f->values;
}

enum way { ANY, BOOLS, INTS, WORDS, TIMES, TEXTS };

static inline enum way way_of(const ost_row_step *s, Oid type)
{
    switch (s->type) {
    case OST_TYPE_BOOL: return type == OST__PG_BOOL ? BOOLS : ANY;
    case OST_TYPE_INT32: return type == OST__PG_INT4 && !is_named(s) ? INTS : ANY;
    case OST_TYPE_INT64: return type == OST__PG_INT8 && !is_named(s) ? WORDS : ANY;
    /* Of an integer and of a real the bytes are the same, in another order. */
    case OST_TYPE_DOUBLE: return type == OST__PG_FLOAT8 ? WORDS : ANY;
    case OST_TYPE_TIME: return type == OST__PG_TIMESTAMPTZ ? TIMES : ANY;
    case OST_TYPE_TEXT: return type == OST__PG_TEXT || type == OST__PG_VARCHAR ? TEXTS : ANY;
    default: return ANY;
    }
}

/* What is null, of another size, or does not fit, is left to load_cell(). */
static inline void read_column(block *b, const ost_row_step *s)
{
    const PGresult *result = b->result;
    enum way way = b->binary ? way_of(s, PQftype(result, s->column)) : ANY;
    uint8_t *at = b->rows + s->offset;
    int row = b->first, size;
    switch (way) {
    case WORDS:
        for (; row < b->end; row++, at += b->stride)
            if (PQgetlength(result, row, s->column) == 8)
                *(uint64_t *)value_of(s, at) = ost__pg_get64(PQgetvalue(result, row, s->column));
            else
                load_cell(b, s, row, at);
        break;
    case INTS:
        for (; row < b->end; row++, at += b->stride)
            if (PQgetlength(result, row, s->column) == 4)
                *(uint32_t *)value_of(s, at) = ost__pg_get32(PQgetvalue(result, row, s->column));
            else
                load_cell(b, s, row, at);
        break;
    case BOOLS:
        for (; row < b->end; row++, at += b->stride)
            if (PQgetlength(result, row, s->column) != 1 ||
                !take_bool(s, PQgetvalue(result, row, s->column), at))
                load_cell(b, s, row, at);
        break;
    case TIMES:
        for (; row < b->end; row++, at += b->stride)
            if (PQgetlength(result, row, s->column) != 8 ||
                !take_time(s, PQgetvalue(result, row, s->column), at))
                load_cell(b, s, row, at);
        break;
    case TEXTS:
        for (; row < b->end; row++, at += b->stride)
            if ((size = PQgetlength(result, row, s->column)) <= 0 ||
                !take_text(b->sink, s, PQgetvalue(result, row, s->column), (size_t)size, at))
                load_cell(b, s, row, at);
        break;
    case ANY:
        for (; row < b->end; row++, at += b->stride)
            load_cell(b, s, row, at);
        break;
    }
}

/* ---- blocks ---- */

/* As many rows as the sink has in one piece, at least one; false: it wants no more. */
static bool take_rows(block *b, int wanted)
{
    ost_sink *sink = b->sink;
    size_t stride = b->stride, count = (size_t)(wanted < BLOCK_ROWS ? wanted : BLOCK_ROWS);
    size_t taken = 0, left;
    uint8_t *row = sink->rows.next;
    if ((size_t)(sink->rows.end - row) < stride) {
        row = sink->refill_row(sink);
        if (!row)
            return false;
        taken = 1;
    }
    left = sink->rows.next == row + taken * stride ? (size_t)(sink->rows.end - row) : stride;
    if (left < count * stride)
        count = left / stride;
    b->rows = row;
    b->end = b->first + (int)count;
    b->bad = 0;
    if (count > taken)
        sink->rows.next = row + count * stride;
    return true;
}

/* Gives back the last `count` rows of the block, zeroed as they came. */
static void give_back(const block *b, int count)
{
    ost_sink *sink = b->sink;
    uint8_t *from = b->rows + (size_t)(b->end - b->first - count) * b->stride;
    memset(from, 0, (size_t)count * b->stride);
    sink->rows.next = from;
}

/* Rows that do not fit are reported in their order, and those behind them move up. */
static int drop_bad(const block *b, uint16_t *column)
{
    int kept = 0, count = b->end - b->first;
    for (int i = 0; i < count; i++) {
        if (b->bad >> i & 1) {
            if (*column == UINT16_MAX)
                *column = b->columns[i];
            b->sink->column_failed(b->sink, b->columns[i], (ost_status)b->why[i]);
            continue;
        }
        if (kept < i)
            memcpy(b->rows + (size_t)kept * b->stride, b->rows + (size_t)i * b->stride, b->stride);
        kept++;
    }
    give_back(b, count - kept);
    return kept;
}

static ost_status sink_failed(const ost_sink *sink)
{
    return sink->status != OST_OK ? (ost_status)sink->status : OST_NO_MEMORY;
}

OST__HOT ost_status ost__pg_read(const PGresult *r, int first, int count,
                                 const ost_row_program *program, const ost__memory *heap,
                                 ost_sink *sink, uint16_t *column, int *delivered)
{
    const ost_row_step *steps = program->steps;
    const ost_row_step *behind = program->step_count > 0 ? steps + program->step_count : steps;
    int end = PQntuples(r);
    block b;
    *column = UINT16_MAX;
    *delivered = 0;
    if (behind > steps && (int)behind[-1].column >= PQnfields(r)) {
        *column = behind[-1].column;
        return OST_MISUSE;
    }
    if (count < end - first)
        end = first + count;
    b.result = r;
    b.heap = heap;
    b.sink = sink;
    b.stride = sink->row_size;
    b.binary = PQbinaryTuples(r);
    b.out_of_memory = false;
    for (b.first = first; b.first < end; b.first = b.end) {
        if (!take_rows(&b, end - b.first))
            return sink_failed(sink);
        for (const ost_row_step *s = steps; s < behind; s++)
            read_column(&b, s);
        if (b.out_of_memory) {
            give_back(&b, b.end - b.first);
            return sink_failed(sink);
        }
        *delivered += b.bad ? drop_bad(&b, column) : b.end - b.first;
    }
    return OST_OK;
}
