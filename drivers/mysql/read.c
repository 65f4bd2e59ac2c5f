/* SPDX-License-Identifier: MIT */
/* Rows: every cell is taken as what the server says it is, and fits its member or does not. */
#include <limits.h>
#include <string.h>

#include "base/document.h"
#include "base/utf8.h"
#include "mysql/cells.h"

#if OST__MY_FROM_WIRE

/*
 * Behind the last byte of the row: of the packet's buffer, or of a row that a cursor fetched ahead,
 * which the library puts behind a head of its own. The library trusts the lengths within a row.
 */
static const uint8_t *end_of_row(const ost__my_results *r, const uint8_t *row)
{
    const NET *net = &r->stmt->mysql->net;
    const MYSQL_ROWS *head = (const MYSQL_ROWS *)(const void *)row - 1;
    if (row >= net->buff && row < net->buff_end)
        return net->buff_end;
    return (const uint8_t *)head->data == row ? row + head->length : row;
}

/* Reads the length in front of a cell; false: the cell goes beyond the end. */
static bool read_length(const uint8_t **at, const uint8_t *end, unsigned long *out)
{
    const uint8_t *p = *at;
    size_t left = (size_t)(end - p), bytes;
    uint64_t length = 0;
    if (left == 0)
        return false;
    bytes = *p < 251 ? 0 : *p == 252 ? 2 : *p == 253 ? 3 : 8;
    if (*p == 251 || *p == 255 || left < 1 + bytes)
        return false;
    if (bytes == 0)
        length = *p;
    for (size_t i = bytes; i > 0; i--)
        length = length << 8 | p[i];
    *at = p + 1 + bytes;
    *out = (unsigned long)length;
    return length <= (uint64_t)(left - 1 - bytes);
}

void ost__my_note_cell(ost__my_results *r, uint32_t column, unsigned char **row)
{
    ost__my_column *c = &r->columns[column];
    const uint8_t *at;
    if (column == 0) {
        r->known = 0;
        r->end = NULL;
        r->whole = UINT32_MAX;
    }
    if (column >= r->count)
        return;
    c->is_null = !row;
    if (!row)
        return;
    at = *row;
    if (!r->end) {
        /* In front of the first cell are a byte, and a bit for each column and two. */
        r->end = end_of_row(r, at - 1 - (r->count + 9) / 8);
        r->known = r->count - 1;
    }
    c->length = c->width;
    if (c->width > 0 ? c->width <= (size_t)(r->end - at) : read_length(&at, r->end, &c->length)) {
        c->data = at;
        *row += at + c->length - *row;
    } else {
        r->whole = column < r->whole ? column : r->whole;
        *row += r->end - *row;
    }
}

#endif

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
static inline bool copy_span(const ost__my_results *r, const ost__my_column *c, void *to)
{
#if OST__MY_FROM_WIRE
    (void)r;
    memcpy(to, c->data, c->length);
    return true;
#else
    return ost__my_copy_span(r, (uint16_t)(c - r->columns), to);
#endif
}

static inline ost_status read_text(const ost__my_results *r, const ost__my_column *c,
                                   ost_sink *sink, void *at)
{
    size_t size = c->length;
    uint8_t *copy = take_bytes(sink, size + 1);
    if (!copy)
        return OST_NO_MEMORY;
    if (!copy_span(r, c, copy) || !ost__utf8_valid((const char *)copy, size))
        return OST_RANGE;
    copy[size] = '\0';
    *(const char **)at = (const char *)copy;
    return OST_OK;
}

static ost_status read_chars(const ost__my_results *r, const ost_row_step *step,
                             const ost__my_column *c, void *at)
{
    if (c->kind != OST__CELL_SPAN || c->is_binary || c->length >= step->size ||
        !copy_span(r, c, at))
        return OST_RANGE;
    return ost__utf8_valid(at, c->length) ? OST_OK : OST_RANGE;
}

static ost_status read_blob(const ost__my_results *r, const ost__my_column *c, ost_sink *sink,
                            void *at)
{
    uint8_t *copy;
    if (c->kind != OST__CELL_SPAN || !c->is_binary)
        return OST_RANGE;
    copy = take_bytes(sink, c->length > 0 ? c->length : 1);
    if (!copy)
        return OST_NO_MEMORY;
    if (!copy_span(r, c, copy))
        return OST_RANGE;
    *(ost_blob *)at = (ost_blob){ .data = copy, .size = c->length };
    return OST_OK;
}

static ost_status read_document(const ost__my_results *r, const ost_row_step *step,
                                const ost__my_column *c, ost_sink *sink, void *at)
{
    const ost__document_memory memory = ost__document_memory_of(sink, r->memory);
    if (c->kind != OST__CELL_SPAN || c->is_binary)
        return OST_RANGE;
#if !OST__MY_FROM_WIRE
    if (c->length > c->size) {
        size_t size = c->length;
        char *whole = ost__alloc(r->memory, size);
        ost_status status = whole ? OST_RANGE : OST_NO_MEMORY;
        if (whole && copy_span(r, c, whole))
            status = ost__document_read(step->field, whole, size, &memory, at);
        ost__free(r->memory, whole, size);
        return status;
    }
#endif
    return ost__document_read(step->field, (const char *)c->data, c->length, &memory, at);
}

static ost_status read_any(const ost__my_results *r, const ost_row_step *step,
                           const ost__my_column *c, ost_sink *sink, void *at)
{
    switch (step->type) {
    case OST_TYPE_TEXT: return OST_RANGE;
    case OST_TYPE_CHARS: return read_chars(r, step, c, at);
    case OST_TYPE_BLOB: return read_blob(r, c, sink, at);
    case OST_TYPE_JSON:
    case OST_TYPE_EMBEDDED:
    case OST_TYPE_LIST: return read_document(r, step, c, sink, at);
    case OST_TYPE_POINT:
        if (c->kind == OST__CELL_SPAN && !c->is_binary)
            return read_document(r, step, c, sink, at);
        return ost__my_read_cell(step, c, at);
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
    case OST__WAY_TEXT: return read_text(r, c, sink, at);
    case OST__WAY_TIME: return ost__my_read_time(c, at) ? OST_OK : OST_RANGE;
    default: return read_any(r, step, c, sink, at);
    }
}

ost_status ost__my_row(ost__my_results *r, ost_sink *sink, uint8_t *row, uint16_t *column)
{
    const ost_row_step *step = r->program->steps, *end = step + r->program->step_count;
    const ost__my_path *way = r->ways;
    if (r->whole != UINT32_MAX) {
        *column = (uint16_t)r->whole;
        return OST_RANGE;
    }
    for (; step < end; step++, way++) {
        const ost__my_column *c = way->column;
        uint8_t *at = row + step->offset;
        ost_status status;
        if (c->is_null) {
            if (step->null_rule != OST_NULL_IS_RANGE)
                continue;
            *column = step->column;
            return OST_RANGE;
        }
        if (step->null_rule == OST_NULL_IS_ABSENT) {
            *(bool *)at = true;
            at += step->value_offset;
        }
        status = read_cell(r, step, way->way, c, sink, at);
        if (status != OST_OK) {
            *column = step->column;
            return status;
        }
    }
    return OST_OK;
}
