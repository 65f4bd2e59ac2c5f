/* SPDX-License-Identifier: MIT */
/*
 * Results. Every column is fetched as what the server says it is, into a buffer of that width, so
 * that the library converts nothing; whether the value fits its member is decided here.
 */
#include "mysql/types.h"

#include <stdalign.h>
#include <string.h>

#include "base/error.h"
#include "mysql/cells.h"

/* Texts up to here are fetched at once; longer ones in a second step, to where they stay. */
enum { BUFFER_MAX = 4096, BUFFER_MIN = 64, BINARY = 63 };

void ost__my_results_init(ost__my_results *r, const ost__memory *memory)
{
    *r = (ost__my_results){ .memory = memory };
}

void ost__my_results_finish(ost__my_results *r)
{
    ost__free(r->memory, r->binds, r->capacity * sizeof *r->binds);
    ost__free(r->memory, r->columns, r->capacity * sizeof *r->columns);
    ost__free(r->memory, r->scratch, r->scratch_size);
    ost__my_results_init(r, r->memory);
}

static ost_status no_memory(ost_error *error)
{
    return ost__error_set(error, OST_NO_MEMORY, "no memory for the rows of a statement");
}

static ost_status reserve(ost__my_results *r, uint32_t count, ost_error *error)
{
    MYSQL_BIND *binds;
    ost__my_column *columns;
    if (count <= r->capacity)
        return OST_OK;
    binds = ost__alloc(r->memory, count * sizeof *binds);
    columns = ost__alloc(r->memory, count * sizeof *columns);
    if (!binds || !columns) {
        ost__free(r->memory, binds, count * sizeof *binds);
        ost__free(r->memory, columns, count * sizeof *columns);
        return no_memory(error);
    }
    ost__free(r->memory, r->binds, r->capacity * sizeof *r->binds);
    ost__free(r->memory, r->columns, r->capacity * sizeof *r->columns);
    r->binds = binds;
    r->columns = columns;
    r->capacity = count;
    return OST_OK;
}

/* Which kind of cell, and how many bytes of a number. */
static void describe(ost__my_column *c, const MYSQL_FIELD *f)
{
    *c = (ost__my_column){ .kind = OST__CELL_OTHER };
    c->is_unsigned = (f->flags & UNSIGNED_FLAG) != 0;
    c->is_binary = f->charsetnr == BINARY;
    switch (f->type) {
    case MYSQL_TYPE_TINY:
        c->kind = OST__CELL_INTEGER;
        c->width = 1;
        break;
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_YEAR:
        c->kind = OST__CELL_INTEGER;
        c->width = 2;
        break;
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
        c->kind = OST__CELL_INTEGER;
        c->width = 4;
        break;
    case MYSQL_TYPE_LONGLONG:
        c->kind = OST__CELL_INTEGER;
        c->width = 8;
        break;
    case MYSQL_TYPE_FLOAT:
    case MYSQL_TYPE_DOUBLE:
        c->kind = OST__CELL_REAL;
        c->width = f->type == MYSQL_TYPE_FLOAT ? 4 : 8;
        break;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL: c->kind = OST__CELL_DECIMAL; break;
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE: c->kind = OST__CELL_DATE; break;
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP: c->kind = OST__CELL_TIME; break;
    case MYSQL_TYPE_BIT: c->kind = OST__CELL_BITS; break;
    case MYSQL_TYPE_JSON:
        c->kind = OST__CELL_SPAN;
        c->is_binary = false;
        break;
    case MYSQL_TYPE_VARCHAR:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_ENUM:
    case MYSQL_TYPE_SET:
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
    case MYSQL_TYPE_BLOB: c->kind = OST__CELL_SPAN; break;
    default: break;
    }
}

static bool is_span(const ost__my_column *c)
{
    return c->kind == OST__CELL_SPAN || c->kind == OST__CELL_DECIMAL || c->kind == OST__CELL_BITS;
}

static enum enum_field_types type_of(const ost__my_column *c)
{
    switch (c->kind) {
    case OST__CELL_INTEGER:
        return c->width == 1   ? MYSQL_TYPE_TINY
               : c->width == 2 ? MYSQL_TYPE_SHORT
               : c->width == 4 ? MYSQL_TYPE_LONG
                               : MYSQL_TYPE_LONGLONG;
    case OST__CELL_REAL: return c->width == 4 ? MYSQL_TYPE_FLOAT : MYSQL_TYPE_DOUBLE;
    case OST__CELL_TIME: return MYSQL_TYPE_DATETIME;
    case OST__CELL_DATE: return MYSQL_TYPE_DATE;
    default: return c->is_binary ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
    }
}

/* Columns that nobody reads have no buffer: their rows say that they were cut, which is true. */
static void mark_read(ost__my_results *r)
{
    const ost_row_program *p = r->program;
    for (uint32_t i = 0; i < p->step_count; i++)
        r->columns[p->steps[i].column].is_read = true;
}

static size_t buffer_size(const ost__my_column *c, const MYSQL_FIELD *f)
{
    if (!is_span(c) || !c->is_read)
        return 0;
    return f->length < BUFFER_MIN ? BUFFER_MIN : f->length < BUFFER_MAX ? f->length : BUFFER_MAX;
}

static size_t aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

static ost_status take_scratch(ost__my_results *r, const MYSQL_FIELD *fields, ost_error *error)
{
    size_t size = 0;
    uint8_t *scratch;
    for (uint32_t i = 0; i < r->count; i++)
        size += aligned(buffer_size(&r->columns[i], &fields[i]));
    if (size <= r->scratch_size)
        return OST_OK;
    scratch = ost__alloc(r->memory, size);
    if (!scratch)
        return no_memory(error);
    ost__free(r->memory, r->scratch, r->scratch_size);
    r->scratch = scratch;
    r->scratch_size = size;
    return OST_OK;
}

static void bind_columns(ost__my_results *r, const MYSQL_FIELD *fields)
{
    uint8_t *at = r->scratch;
    memset(r->binds, 0, r->count * sizeof *r->binds);
    for (uint32_t i = 0; i < r->count; i++) {
        ost__my_column *c = &r->columns[i];
        MYSQL_BIND *b = &r->binds[i];
        size_t size = buffer_size(c, &fields[i]);
        b->buffer_type = type_of(c);
        b->is_unsigned = (ost__my_bool)c->is_unsigned;
        b->length = &c->length;
        b->is_null = &c->is_null;
        b->error = &c->error;
        c->data = at;
        c->size = (uint32_t)size;
        b->buffer = is_span(c) ? (void *)at : (void *)&c->value;
        b->buffer_length = (unsigned long)(is_span(c) ? size : sizeof c->value);
        if (c->kind == OST__CELL_OTHER)
            b->buffer_length = 0;
        at += aligned(size);
    }
}

static ost_status check_program(const ost_row_program *p, uint32_t columns, ost_error *error)
{
    for (uint32_t i = 0; i < p->step_count; i++)
        if (p->steps[i].column >= columns)
            return ost__error_set(error, OST_MISUSE,
                                  "the statement gives %u columns, but column %u is read",
                                  (unsigned)columns, (unsigned)p->steps[i].column + 1);
    return OST_OK;
}

static ost_status bind_fields(ost__my_results *r, const MYSQL_FIELD *fields, ost_error *error)
{
    OST_TRY(check_program(r->program, r->count, error));
    OST_TRY(reserve(r, r->count, error));
    for (uint32_t i = 0; i < r->count; i++)
        describe(&r->columns[i], &fields[i]);
    mark_read(r);
    OST_TRY(take_scratch(r, fields, error));
    bind_columns(r, fields);
    if (mysql_stmt_bind_result(r->stmt, r->binds))
        return ost__error_set(error, OST_DRIVER_ERROR,
                              "the columns of a statement cannot be bound");
    return OST_OK;
}

ost_status ost__my_results_begin(ost__my_results *r, MYSQL_STMT *stmt,
                                 const ost_row_program *program, ost_error *error)
{
    ost_status status;
    r->stmt = stmt;
    r->program = program;
    r->count = mysql_stmt_field_count(stmt);
    if (r->count == 0)
        return check_program(program, 0, error);
#if OST__MY_HAS_ARRAYS
    /* MariaDB's library shows what it has; Oracle's makes a copy. */
    status = bind_fields(r, mariadb_stmt_fetch_fields(stmt), error);
#else
    {
        MYSQL_RES *meta = mysql_stmt_result_metadata(stmt);
        if (!meta)
            return no_memory(error);
        status = bind_fields(r, mysql_fetch_fields(meta), error);
        mysql_free_result(meta);
    }
#endif
    return status;
}

/* ---- spans ---- */

/* `size` bytes that live as long as the rows; NULL: no memory. */
static inline uint8_t *take_bytes(ost_sink *sink, size_t size)
{
    uint8_t *at = sink->bytes.next;
    if ((size_t)(sink->bytes.end - at) < size)
        return sink->refill_bytes(sink, size, 1);
    sink->bytes.next = at + size;
    return at;
}

/* Copies what was too long for its buffer from the packet. */
static bool fetch_long(ost__my_results *r, uint16_t column, void *to, size_t size)
{
    ost__my_column *c = &r->columns[column];
    unsigned long length = 0;
    ost__my_bool is_null = 0, error = 0;
    MYSQL_BIND b = { .buffer_type = r->binds[column].buffer_type };
    b.buffer = to;
    b.buffer_length = (unsigned long)size;
    b.length = &length;
    b.is_null = &is_null;
    b.error = &error;
    return !mysql_stmt_fetch_column(r->stmt, &b, column, 0) && !is_null && length == c->length;
}

/* A text into the arena, with a NUL behind it, or a blob without. */
static ost_status keep_span(ost__my_results *r, const ost_row_step *step, size_t behind,
                            ost_sink *sink, uint8_t **out)
{
    const ost__my_column *c = &r->columns[step->column];
    size_t size = c->length;
    uint8_t *copy = take_bytes(sink, size + behind > 0 ? size + behind : 1);
    if (!copy)
        return OST_NO_MEMORY;
    if (size <= c->size)
        memcpy(copy, c->data, size);
    else if (!fetch_long(r, step->column, copy, size))
        return OST_RANGE;
    if (behind > 0)
        copy[size] = '\0';
    *out = copy;
    return OST_OK;
}

static ost_status read_text(ost__my_results *r, const ost_row_step *step, ost_sink *sink, void *at)
{
    const ost__my_column *c = &r->columns[step->column];
    uint8_t *copy = NULL;
    if (c->kind != OST__CELL_SPAN || c->is_binary)
        return OST_RANGE;
    OST_TRY(keep_span(r, step, 1, sink, &copy));
    if (!ost__my_is_text(copy, c->length))
        return OST_RANGE;
    *(const char **)at = (const char *)copy;
    return OST_OK;
}

static ost_status read_chars(ost__my_results *r, const ost_row_step *step, void *at)
{
    const ost__my_column *c = &r->columns[step->column];
    if (c->kind != OST__CELL_SPAN || c->is_binary || c->length >= step->size)
        return OST_RANGE;
    if (c->length <= c->size)
        memcpy(at, c->data, c->length);
    else if (!fetch_long(r, step->column, at, c->length))
        return OST_RANGE;
    return ost__my_is_text(at, c->length) ? OST_OK : OST_RANGE;
}

static ost_status read_blob(ost__my_results *r, const ost_row_step *step, ost_sink *sink, void *at)
{
    const ost__my_column *c = &r->columns[step->column];
    uint8_t *copy = NULL;
    if (c->kind != OST__CELL_SPAN || !c->is_binary)
        return OST_RANGE;
    OST_TRY(keep_span(r, step, 0, sink, &copy));
    *(ost_blob *)at = (ost_blob){ .data = copy, .size = c->length };
    return OST_OK;
}

/* ---- rows ---- */

static ost_status read_any(ost__my_results *r, const ost_row_step *step, ost_sink *sink, void *at)
{
    const ost__my_column *c = &r->columns[step->column];
    switch (step->type) {
    case OST_TYPE_TEXT: return read_text(r, step, sink, at);
    case OST_TYPE_CHARS: return read_chars(r, step, at);
    case OST_TYPE_BLOB: return read_blob(r, step, sink, at);
    default:
        /* What is in the buffer alone would be another value. */
        if (is_span(c) && c->length > c->size)
            return OST_RANGE;
        return ost__my_read_cell(step, c, at);
    }
}

/* Names and decimals have forms of their own. */
static inline bool is_plain(const ost_row_step *step)
{
    const ost_field *f = step->origin ? step->origin : step->field;
    return !f->values;
}

/* The usual cells in a few instructions each; whatever else there may be is left to read_any(). */
static inline ost_status read_quickly(ost__my_results *r, const ost_row_step *step,
                                      const ost__my_column *c, ost_sink *sink, void *at)
{
    switch (step->type) {
    case OST_TYPE_INT64:
        if (c->kind != OST__CELL_INTEGER || c->width != 8 || c->is_unsigned || !is_plain(step))
            break;
        *(int64_t *)at = c->value.int64;
        return OST_OK;
    case OST_TYPE_INT32:
        if (c->kind != OST__CELL_INTEGER || c->width != 4 || c->is_unsigned || !is_plain(step))
            break;
        *(int *)at = c->value.int32;
        return OST_OK;
    case OST_TYPE_BOOL:
        if (c->kind != OST__CELL_INTEGER || c->width != 1 || (c->value.int8 & ~1) != 0)
            break;
        *(bool *)at = c->value.int8 == 1;
        return OST_OK;
    case OST_TYPE_DOUBLE:
        if (c->kind != OST__CELL_REAL || c->width != 8)
            break;
        *(double *)at = c->value.real;
        return OST_OK;
    case OST_TYPE_TEXT: return read_text(r, step, sink, at);
    case OST_TYPE_TIME:
        if (c->kind != OST__CELL_TIME)
            break;
        return ost__my_read_time(&c->value.time, at) ? OST_OK : OST_RANGE;
    default: break;
    }
    return read_any(r, step, sink, at);
}

ost_status ost__my_row(ost__my_results *r, ost_sink *sink, uint8_t *row, uint16_t *column)
{
    const ost_row_step *step = r->program->steps, *end = step + r->program->step_count;
    for (; step < end; step++) {
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
            status = read_quickly(r, step, c, sink, at);
        }
        if (status != OST_OK) {
            *column = step->column;
            return status;
        }
    }
    return OST_OK;
}
