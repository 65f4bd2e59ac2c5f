/* SPDX-License-Identifier: MIT */
/*
 * The first rows go to a block in the arena, as large as the last run of the same query needed;
 * further ones to growing blocks outside it. At the end they lie one behind the other: one block is
 * left where it is, several are copied once.
 */
#include "session/write.h"

#include <string.h>

enum { FIRST_BLOCK_MAX = 1 << 20, BLOCK_FIRST = 16 << 10, BLOCK_MAX = 4 << 20 };

struct ost__rows_block {
    ost__rows_block *older;
    size_t size, used;
    max_align_t data[];
};

static void close_span(ost__sink *k)
{
    if (k->span)
        ost__arena_trim(k->arena, k->span, k->span_size, (size_t)(k->base.bytes.next - k->span));
    k->span = NULL;
    k->base.bytes = (ost_span){ NULL, NULL };
}

/* What is left of the current chunk, for texts. */
OST__HOT static void open_span(ost__sink *k)
{
    const ost__chunk *c = k->arena->current;
    size_t left = c ? (size_t)(c->end - c->next) : 0;
    if (left == 0)
        return;
    k->span = ost__arena_alloc(k->arena, left, 1);
    k->span_size = left;
    if (k->span)
        k->base.bytes = (ost_span){ k->span, k->span + left };
}

static void *refill_bytes(ost_sink *base, size_t size, size_t align)
{
    ost__sink *k = (ost__sink *)base;
    close_span(k);
    void *p = ost__arena_alloc(k->arena, size, align);
    if (!p)
        base->status = OST_NO_MEMORY;
    else
        open_span(k);
    return p;
}

static void *refill_row(ost_sink *base)
{
    ost__sink *k = (ost__sink *)base;
    size_t size = k->current ? k->current->size * 2 : BLOCK_FIRST, whole;
    if (size > BLOCK_MAX)
        size = BLOCK_MAX;
    if (size < base->row_size)
        size = base->row_size;
    size -= size % base->row_size;
    if (!ost__size_add(size, sizeof(ost__rows_block), &whole)) {
        base->status = OST_TOO_LARGE;
        return NULL;
    }
    ost__rows_block *block = ost__alloc_zeroed(k->memory, whole);
    if (!block) {
        base->status = OST_NO_MEMORY;
        return NULL;
    }
    if (k->current)
        k->current->used = (size_t)(base->rows.next - k->block);
    else
        k->first_used = (size_t)(base->rows.next - k->first);
    block->size = size;
    block->older = k->current;
    k->current = block;
    k->block = (uint8_t *)block->data;
    base->rows.next = k->block + base->row_size;
    base->rows.end = k->block + size;
    return k->block;
}

static void expect(ost_sink *base, size_t rows)
{
    (void)base, (void)rows;
}

static void column_failed(ost_sink *base, uint16_t column, ost_status why)
{
    ost__sink *k = (ost__sink *)base;
    if (k->failed)
        return;
    k->failed = true;
    k->failed_column = column;
    base->status = why;
}

OST__HOT bool ost__sink_begin(ost__sink *k, ost__arena *arena, const ost__memory *memory,
                              const ost_row_program *program, size_t hint, size_t max_rows)
{
    size_t size;
    *k = (ost__sink){
        .base = { .struct_size = sizeof(ost_sink),
                  .row_size = program->row_size,
                  .max_rows = max_rows,
                  .refill_row = refill_row,
                  .refill_bytes = refill_bytes,
                  .expect = expect,
                  .column_failed = column_failed },
        .arena = arena,
        .memory = memory,
        .program = program,
    };
    if (hint == 0)
        hint = 1;
    if (!ost__size_mul(hint, program->row_size, &size) || size > FIRST_BLOCK_MAX)
        size = FIRST_BLOCK_MAX - FIRST_BLOCK_MAX % program->row_size;
    if (size < program->row_size)
        size = program->row_size;
    k->first = ost__arena_alloc_zeroed(arena, size, _Alignof(max_align_t));
    if (!k->first)
        return false;
    k->first_size = size;
    k->block = k->first;
    k->base.rows = (ost_span){ k->first, k->first + size };
    open_span(k);
    return true;
}

static void free_blocks(ost__sink *k)
{
    while (k->current) {
        ost__rows_block *block = k->current;
        k->current = block->older;
        ost__free(k->memory, block, sizeof(*block) + block->size);
    }
}

void ost__sink_abandon(ost__sink *k)
{
    close_span(k);
    free_blocks(k);
}

OST__HOT void *ost__sink_finish(ost__sink *k, size_t *count)
{
    uint8_t *rows = k->first;
    size_t row_size = k->base.row_size, total;
    close_span(k);
    if (!k->current) {
        *count = (size_t)(k->base.rows.next - k->first) / row_size;
        return rows;
    }
    k->current->used = (size_t)(k->base.rows.next - k->block);
    total = k->first_used;
    for (const ost__rows_block *b = k->current; b; b = b->older)
        total += b->used;
    rows = ost__arena_alloc(k->arena, total > 0 ? total : 1, _Alignof(max_align_t));
    if (rows) {
        size_t end = total;
        for (const ost__rows_block *b = k->current; b; b = b->older) {
            end -= b->used;
            memcpy(rows + end, b->data, b->used);
        }
        memcpy(rows, k->first, k->first_used);
    }
    free_blocks(k);
    *count = total / row_size;
    return rows;
}

/* The rows are there: a driver may fill no more than that. */
static void *no_more_rows(ost_sink *base)
{
    base->status = OST_DRIVER_ERROR;
    return NULL;
}

static void *no_bytes(ost_sink *base, size_t size, size_t align)
{
    (void)size, (void)align;
    base->status = OST_UNSUPPORTED;
    return NULL;
}

void ost__sink_over(ost__sink *k, void *records, size_t stride, size_t count,
                    const ost_row_program *program)
{
    *k = (ost__sink){
        .base = { .struct_size = sizeof(ost_sink),
                  .row_size = (uint32_t)stride,
                  .rows = { records, (uint8_t *)records + count * stride },
                  .refill_row = no_more_rows,
                  .refill_bytes = no_bytes,
                  .expect = expect,
                  .column_failed = column_failed },
        .program = program,
    };
}
