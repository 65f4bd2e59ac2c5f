/* SPDX-License-Identifier: MIT */
/* Rows: every cell is taken as what the server says it is, and fits its member or does not. */
#include <limits.h>
#include <string.h>

#include "base/utf8.h"
#include "mysql/cells.h"

/* `size` bytes that live as long as the rows; NULL: no memory. */
static inline uint8_t *take_bytes(ost_sink *sink, size_t size)
{
    uint8_t *at = sink->bytes.next;
    if ((size_t)(sink->bytes.end - at) < size)
        return sink->refill_bytes(sink, size, 1);
    sink->bytes.next = at + size;
    return at;
}

/* All of a text or bytes. */
static inline bool copy_span(const ost__my_results *r, uint16_t column, void *to)
{
#if OST__MY_FROM_WIRE
    memcpy(to, r->columns[column].data, r->columns[column].length);
    return true;
#else
    return ost__my_copy_span(r, column, to);
#endif
}

static inline ost_status read_text(const ost__my_results *r, const ost_row_step *step,
                                   const ost__my_column *c, ost_sink *sink, void *at)
{
    size_t size = c->length;
    uint8_t *copy = take_bytes(sink, size + 1);
    if (!copy)
        return OST_NO_MEMORY;
    if (!copy_span(r, step->column, copy) || !ost__utf8_valid((const char *)copy, size))
        return OST_RANGE;
    copy[size] = '\0';
    *(const char **)at = (const char *)copy;
    return OST_OK;
}

static ost_status read_chars(const ost__my_results *r, const ost_row_step *step,
                             const ost__my_column *c, void *at)
{
    if (c->kind != OST__CELL_SPAN || c->is_binary || c->length >= step->size ||
        !copy_span(r, step->column, at))
        return OST_RANGE;
    return ost__utf8_valid(at, c->length) ? OST_OK : OST_RANGE;
}

static ost_status read_blob(const ost__my_results *r, const ost_row_step *step,
                            const ost__my_column *c, ost_sink *sink, void *at)
{
    uint8_t *copy;
    if (c->kind != OST__CELL_SPAN || !c->is_binary)
        return OST_RANGE;
    copy = take_bytes(sink, c->length > 0 ? c->length : 1);
    if (!copy)
        return OST_NO_MEMORY;
    if (!copy_span(r, step->column, copy))
        return OST_RANGE;
    *(ost_blob *)at = (ost_blob){ .data = copy, .size = c->length };
    return OST_OK;
}

static ost_status read_any(const ost__my_results *r, const ost_row_step *step,
                           const ost__my_column *c, ost_sink *sink, void *at)
{
    switch (step->type) {
    case OST_TYPE_TEXT: return OST_RANGE;
    case OST_TYPE_CHARS: return read_chars(r, step, c, at);
    case OST_TYPE_BLOB: return read_blob(r, step, c, sink, at);
    default:
#if !OST__MY_FROM_WIRE
        /* What is in the buffer alone would be another value. */
        if (c->width == 0 && c->length > c->size && c->size > 0)
            return OST_RANGE;
#endif
        return ost__my_read_cell(step, c, at);
    }
}

static inline ost_status read_cell(const ost__my_results *r, const ost_row_step *step,
                                   enum ost__cell_way way, const ost__my_column *c, ost_sink *sink,
                                   void *at)
{
    uint64_t bits;
    switch (way) {
    case OST__WAY_DOUBLE:
    case OST__WAY_INT64:
        bits = ost__my_bits_of(c);
        memcpy(at, &bits, sizeof bits);
        return OST_OK;
    case OST__WAY_INT32:
        bits = ost__my_bits_of(c);
        *(int *)at = bits <= INT_MAX ? (int)bits : -(int)(UINT32_MAX - bits) - 1;
        return OST_OK;
    case OST__WAY_BOOL: *(bool *)at = c->data[0] == 1; return c->data[0] <= 1 ? OST_OK : OST_RANGE;
    case OST__WAY_TEXT: return read_text(r, step, c, sink, at);
    case OST__WAY_TIME: return ost__my_read_time(c, at) ? OST_OK : OST_RANGE;
    default: return read_any(r, step, c, sink, at);
    }
}

ost_status ost__my_row(ost__my_results *r, ost_sink *sink, uint8_t *row, uint16_t *column)
{
    const ost_row_step *step = r->program->steps, *end = step + r->program->step_count;
    const uint8_t *way = r->ways;
    if (r->noted && r->whole < r->count) {
        *column = (uint16_t)r->whole;
        return OST_RANGE;
    }
    for (; step < end; step++, way++) {
        const ost__my_column *c = &r->columns[step->column];
        uint8_t *at = row + step->offset;
        ost_status status;
        if (c->is_null) {
            status = step->null_rule == OST_NULL_IS_RANGE ? OST_RANGE : OST_OK;
        } else {
            if (step->null_rule == OST_NULL_IS_ABSENT) {
                *(bool *)at = true;
                at += step->value_offset;
            }
            status = read_cell(r, step, (enum ost__cell_way) * way, c, sink, at);
        }
        if (status != OST_OK) {
            *column = step->column;
            return status;
        }
    }
    return OST_OK;
}
