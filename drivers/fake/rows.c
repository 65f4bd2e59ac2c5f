/* SPDX-License-Identifier: MIT */
/* Rows held back, and rows copied into a sink. */
#include "fake/inside.h"

#include <string.h>

#include "base/document.h"

enum { FIRST_ROWS = 16, MOST_ROWS = 4096, BYTES_PIECE = 8192 };

static ost__fake_rows *holder(ost_sink *k)
{
    return (ost__fake_rows *)(void *)k;
}

static ost__fake_piece *new_piece(ost__fake_rows *r, size_t size)
{
    size_t whole;
    ost__fake_piece *p = NULL;
    if (ost__size_add(size, sizeof *p, &whole))
        p = ost__alloc_zeroed(r->memory, whole);
    if (!p) {
        r->sink.status = OST_NO_MEMORY;
        return NULL;
    }
    p->size = whole;
    return p;
}

/* The inner driver may have taken rows by moving `next`: only here it shows how many. */
static void close_piece(ost__fake_rows *r)
{
    if (r->newest)
        r->newest->used = (size_t)(r->sink.rows.next - r->newest->data);
}

static void *hold_row(ost_sink *k)
{
    ost__fake_rows *r = holder(k);
    size_t size;
    close_piece(r);
    if (!ost__size_mul(r->next_count, k->row_size, &size)) {
        k->status = OST_NO_MEMORY;
        return NULL;
    }
    ost__fake_piece *p = new_piece(r, size);
    if (!p)
        return NULL;
    if (r->newest)
        r->newest->next = p;
    else
        r->pieces = p;
    r->newest = p;
    k->rows.next = p->data + k->row_size;
    k->rows.end = p->data + size;
    if (r->next_count < MOST_ROWS)
        r->next_count *= 2;
    return p->data;
}

static void *hold_bytes(ost_sink *k, size_t size, size_t align)
{
    ost__fake_rows *r = holder(k);
    size_t wanted;
    if (!ost__size_add(size, align, &wanted)) {
        k->status = OST_NO_MEMORY;
        return NULL;
    }
    ost__fake_piece *p = new_piece(r, wanted > BYTES_PIECE ? wanted : BYTES_PIECE);
    if (!p)
        return NULL;
    p->next = r->bytes;
    r->bytes = p;
    k->bytes.next = p->data + size;
    k->bytes.end = p->data + (p->size - sizeof *p);
    return p->data;
}

static void hold_hint(ost_sink *k, size_t rows)
{
    ost__fake_rows *r = holder(k);
    if (rows > r->next_count && rows <= MOST_ROWS)
        r->next_count = rows;
}

static void hold_failure(ost_sink *k, uint16_t column, ost_status why)
{
    ost__fake_rows *r = holder(k);
    if (r->spoilt)
        return;
    close_piece(r);
    size_t rows = 0;
    for (const ost__fake_piece *p = r->pieces; p; p = p->next)
        rows += p->used / k->row_size;
    r->spoilt = true;
    r->spoilt_row = rows > 0 ? rows - 1 : 0;
    r->spoilt_column = column;
    r->why = why;
    k->status = why;
}

void ost__fake_rows_begin(ost__fake_rows *r, const ost__memory *m, const ost_operation *op)
{
    *r = (ost__fake_rows){
        .sink = {
            .struct_size = sizeof r->sink,
            .row_size = op->rows ? op->rows->row_size : 1,
            .refill_row = hold_row,
            .refill_bytes = hold_bytes,
            .expect = hold_hint,
            .column_failed = hold_failure,
        },
        .memory = m,
        .next_count = FIRST_ROWS,
    };
}

static void free_pieces(const ost__memory *m, ost__fake_piece *p)
{
    while (p) {
        ost__fake_piece *next = p->next;
        ost__free(m, p, p->size);
        p = next;
    }
}

void ost__fake_rows_finish(ost__fake_rows *r)
{
    if (!r->memory)
        return;
    free_pieces(r->memory, r->pieces);
    free_pieces(r->memory, r->bytes);
    *r = (ost__fake_rows){ .memory = NULL };
}

const void *ost__fake_row(ost__fake_rows *r, size_t index)
{
    close_piece(r);
    for (const ost__fake_piece *p = r->pieces; p; p = p->next) {
        size_t rows = p->used / r->sink.row_size;
        if (index < rows)
            return p->data + index * r->sink.row_size;
        index -= rows;
    }
    return NULL;
}

/* ---- into a sink ---- */

static void *take_row(ost_sink *k)
{
    if ((size_t)(k->rows.end - k->rows.next) < k->row_size)
        return k->refill_row(k);
    void *row = k->rows.next;
    k->rows.next += k->row_size;
    return row;
}

static bool copy_member(ost_sink *k, const ost_row_step *s, const uint8_t *from, uint8_t *to)
{
    const ost__document_memory memory = ost__document_memory_of(k, NULL);
    const ost_field scalar = { .type = s->type };
    bool nested = s->type == OST_TYPE_EMBEDDED || s->type == OST_TYPE_LIST;
    memcpy(to + s->offset, from + s->offset, s->size);
    return ost__document_copy(nested ? s->field : &scalar, &memory,
                              to + s->offset + s->value_offset);
}

bool ost__fake_deliver(ost_sink *sink, const ost_row_program *program, const void *row)
{
    uint8_t *to = take_row(sink);
    if (!to)
        return false;
    for (uint32_t i = 0; i < program->step_count; i++) {
        if (copy_member(sink, &program->steps[i], row, to))
            continue;
        if (sink->status == OST_OK)
            sink->status = OST_NO_MEMORY;
        return false;
    }
    return true;
}
