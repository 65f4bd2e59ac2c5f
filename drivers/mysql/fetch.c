/* SPDX-License-Identifier: MIT */
/* How cells come out of the client library. */
#include <string.h>

#include "base/error.h"
#include "mysql/cells.h"

enum { BINARY = 63 };

void ost__my_results_init(ost__my_results *r, const ost__memory *memory)
{
    *r = (ost__my_results){ .memory = memory };
}

static ost_status no_memory(ost_error *error)
{
    return ost__error_set(error, OST_NO_MEMORY, "no memory for the rows of a statement");
}

/* Which kind of cell, and how many bytes of a number. Mostly it is what it was the last time: then
 * false. */
static bool describe(ost__my_column *c, const MYSQL_FIELD *f)
{
    uint64_t key = (uint64_t)f->type << 34 | (uint64_t)f->charsetnr << 2 | 1;
    if (f->flags & UNSIGNED_FLAG)
        key |= 2;
    if (c->key == key)
        return false;
    memset(c, 0, sizeof *c);
    c->key = key;
    c->kind = OST__CELL_OTHER;
    c->is_unsigned = (key & 2) != 0;
    c->is_binary =
        f->type == MYSQL_TYPE_GEOMETRY || (f->charsetnr == BINARY && f->type != MYSQL_TYPE_JSON);
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
    case MYSQL_TYPE_DATE: c->kind = OST__CELL_DATE; break;
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP: c->kind = OST__CELL_TIME; break;
    case MYSQL_TYPE_BIT: c->kind = OST__CELL_BITS; break;
    case MYSQL_TYPE_JSON:
    case MYSQL_TYPE_VARCHAR:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_ENUM:
    case MYSQL_TYPE_SET:
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
    case MYSQL_TYPE_GEOMETRY:
    case MYSQL_TYPE_BLOB: c->kind = OST__CELL_SPAN; break;
    default: break;
    }
    c->length = c->width;
    return true;
}

static ost_status no_column(const ost__my_results *r, uint16_t column, ost_error *error)
{
    return ost__error_set(error, OST_MISUSE,
                          "the statement gives %u columns, but column %u is read",
                          (unsigned)r->count, (unsigned)column + 1);
}

static ost_status reserve(ost__my_results *r, ost_error *error)
{
    MYSQL_BIND *binds;
    ost__my_column *columns;
    if (r->count <= r->capacity)
        return OST_OK;
    binds = ost__alloc_zeroed(r->memory, r->count * sizeof *binds);
    columns = ost__alloc_zeroed(r->memory, r->count * sizeof *columns);
    if (!binds || !columns) {
        ost__free(r->memory, binds, r->count * sizeof *binds);
        ost__free(r->memory, columns, r->count * sizeof *columns);
        r->count = 0;
        return no_memory(error);
    }
    ost__free(r->memory, r->binds, r->capacity * sizeof *r->binds);
    ost__free(r->memory, r->columns, r->capacity * sizeof *r->columns);
    r->binds = binds;
    r->columns = columns;
    r->capacity = r->count;
    return OST_OK;
}

static ost_status reserve_ways(ost__my_results *r, size_t count, ost_error *error)
{
    ost__my_path *ways = ost__alloc_zeroed(r->memory, count * sizeof *ways);
    if (!ways)
        return no_memory(error);
    ost__free(r->memory, r->ways, r->way_count * sizeof *r->ways);
    r->ways = ways;
    r->way_count = count;
    return OST_OK;
}

/* Once for all rows; those of the last time hold for the same steps and columns. */
static ost_status choose_ways(ost__my_results *r, bool changed, ost_error *error)
{
    const ost_row_program *p = r->program;
    if (p->step_count > r->way_count)
        OST_TRY(reserve_ways(r, p->step_count, error));
    for (uint32_t i = 0; i < p->step_count; i++) {
        const ost_row_step *step = &p->steps[i];
        const ost_field *field = step->origin ? step->origin : step->field;
        const ost__my_column *c;
        ost__my_path *w = &r->ways[i];
        if (step->column >= r->count)
            return no_column(r, step->column, error);
        c = &r->columns[step->column];
        if (!changed && w->column == c && w->type == step->type && w->field == field)
            continue;
        *w = (ost__my_path){ .column = c,
                             .field = field,
                             .type = step->type,
                             .way = (uint16_t)ost__my_way_of(step, c) };
    }
    return OST_OK;
}

void ost__my_results_finish(ost__my_results *r)
{
    ost__free(r->memory, r->binds, r->capacity * sizeof *r->binds);
    ost__free(r->memory, r->columns, r->capacity * sizeof *r->columns);
    ost__free(r->memory, r->scratch, r->scratch_size);
    ost__free(r->memory, r->ways, r->way_count * sizeof *r->ways);
    ost__my_results_init(r, r->memory);
}

#if OST__MY_FROM_WIRE

/* ---- from the wire ---- */

/* The library calls it for each cell of a row, and wants to be told where the next one is. Most
 * cells are short, and of columns that are known. */
static void note_cell(void *context, unsigned column, unsigned char **row)
{
    ost__my_results *r = context;
    ost__my_column *c = &r->columns[column];
    const uint8_t *at;
    size_t left;
    if (column - 1 >= r->known) {
        ost__my_note_cell(r, column, row);
        return;
    }
    c->is_null = !row;
    if (!row)
        return;
    at = *row;
    left = (size_t)(r->end - at);
    if (c->width > 0 && c->width <= left) {
        c->data = at;
        *row += c->width;
    } else if (c->width == 0 && left > 0 && *at < 251 && *at < left) {
        c->length = *at;
        c->data = at + 1;
        *row += 1 + *at;
    } else {
        ost__my_note_cell(r, column, row);
    }
}

/* Attributes take what they are set to by address, a function too. */
static bool set_callback(MYSQL_STMT *stmt, void *context)
{
    const ps_result_callback callback = note_cell;
    void *address = NULL;
    _Static_assert(sizeof address == sizeof callback, "a function's address fits a pointer");
    memcpy(&address, &callback, sizeof address);
    return !mysql_stmt_attr_set(stmt, STMT_ATTR_CB_RESULT, address) &&
           !mysql_stmt_attr_set(stmt, STMT_ATTR_CB_USER_DATA, context);
}

/* The server sends names once; the library copies those that it has at each execution, eight for a
 * column. Nobody reads them here. */
static void drop_names(MYSQL_FIELD *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        MYSQL_FIELD *f = &fields[i];
        f->catalog = f->db = f->table = f->org_table = f->name = f->org_name = f->def = NULL;
    }
}

/* What a procedure gives has no place in the library yet where it would note its cells. */
static bool give_places(ost__my_results *r)
{
    for (uint32_t i = 0; i < r->count; i++)
        r->binds[i] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_NULL, .flags = MADB_BIND_DUMMY };
    return !mysql_stmt_bind_result(r->stmt, r->binds);
}

ost_status ost__my_results_begin(ost__my_results *r, MYSQL_STMT *stmt,
                                 const ost_row_program *program, ost_error *error)
{
    MYSQL_FIELD *fields = stmt->fields;
    bool changed = false;
    r->stmt = stmt;
    r->program = program;
    r->count = fields ? stmt->field_count : 0;
    r->known = 0;
    r->whole = UINT32_MAX;
    OST_TRY(reserve(r, error));
    if (r->count > 0 && fields->name)
        drop_names(fields, r->count);
    for (uint32_t i = 0; i < r->count; i++)
        changed = describe(&r->columns[i], &fields[i]) || changed;
    OST_TRY(choose_ways(r, changed, error));
    if (r->count > 0 && !stmt->bind && !give_places(r))
        return no_memory(error);
    if ((stmt->result_callback == note_cell && stmt->user_data == r) || set_callback(stmt, r))
        return OST_OK;
    return ost__error_set(error, OST_DRIVER_ERROR, "the columns of a statement cannot be read");
}

#else

/* ---- by buffers ---- */

/* Texts up to here are fetched at once; longer ones in a second step, to where they stay. */
enum { BUFFER_MAX = 4096, BUFFER_MIN = 64 };

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

static size_t buffer_size(const ost__my_column *c, const MYSQL_FIELD *f)
{
    if (!is_span(c) || !c->is_read)
        return 0;
    return f->length < BUFFER_MIN ? BUFFER_MIN : f->length < BUFFER_MAX ? f->length : BUFFER_MAX;
}

static ost_status take_scratch(ost__my_results *r, const MYSQL_FIELD *fields, ost_error *error)
{
    size_t size = 0;
    uint8_t *scratch;
    for (uint32_t i = 0; i < r->count; i++)
        size += ost__size_aligned(buffer_size(&r->columns[i], &fields[i]));
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

/* Columns that nobody reads have no buffer: their rows say that they were cut, which is true. */
static void bind_columns(ost__my_results *r, const MYSQL_FIELD *fields)
{
    uint8_t *at = r->scratch;
    memset(r->binds, 0, r->count * sizeof *r->binds);
    for (uint32_t i = 0; i < r->count; i++) {
        ost__my_column *c = &r->columns[i];
        MYSQL_BIND *b = &r->binds[i];
        bool time = c->kind == OST__CELL_TIME || c->kind == OST__CELL_DATE;
        c->size = (uint32_t)buffer_size(c, &fields[i]);
        c->data = time ? (uint8_t *)&c->time : c->width > 0 ? c->number : at;
        b->buffer_type = type_of(c);
        b->is_unsigned = (ost__my_bool)c->is_unsigned;
        b->length = &c->length;
        b->is_null = &c->is_null;
        b->error = &c->error;
        b->buffer = (void *)(uintptr_t)c->data;
        b->buffer_length = time ? sizeof c->time : c->width > 0 ? c->width : c->size;
        at += ost__size_aligned(c->size);
    }
}

static ost_status bind_fields(ost__my_results *r, const MYSQL_FIELD *fields, ost_error *error)
{
    const ost_row_program *p = r->program;
    bool changed = false;
    for (uint32_t i = 0; i < r->count; i++) {
        changed = describe(&r->columns[i], &fields[i]) || changed;
        r->columns[i].is_read = false;
    }
    OST_TRY(choose_ways(r, changed, error));
    for (uint32_t i = 0; i < p->step_count; i++)
        r->columns[p->steps[i].column].is_read = true;
    OST_TRY(take_scratch(r, fields, error));
    bind_columns(r, fields);
    if (mysql_stmt_bind_result(r->stmt, r->binds))
        return ost__error_set(error, OST_DRIVER_ERROR, "the columns of a statement cannot be read");
    return OST_OK;
}

ost_status ost__my_results_begin(ost__my_results *r, MYSQL_STMT *stmt,
                                 const ost_row_program *program, ost_error *error)
{
    ost_status status;
    MYSQL_RES *meta;
    r->stmt = stmt;
    r->program = program;
    r->count = mysql_stmt_field_count(stmt);
    r->whole = UINT32_MAX; /* the library checks its packets */
    OST_TRY(reserve(r, error));
    if (r->count == 0)
        return program->step_count > 0 ? no_column(r, program->steps[0].column, error) : OST_OK;
    meta = mysql_stmt_result_metadata(stmt);
    if (!meta)
        return no_memory(error);
    status = bind_fields(r, mysql_fetch_fields(meta), error);
    mysql_free_result(meta);
    return status;
}

bool ost__my_copy_span(const ost__my_results *r, uint16_t column, void *to)
{
    const ost__my_column *c = &r->columns[column];
    unsigned long length = 0;
    ost__my_bool is_null = 0, error = 0;
    MYSQL_BIND b = { .buffer_type = r->binds[column].buffer_type };
    if (c->length <= c->size) {
        memcpy(to, c->data, c->length);
        return true;
    }
    b.buffer = to;
    b.buffer_length = c->length;
    b.length = &length;
    b.is_null = &is_null;
    b.error = &error;
    return !mysql_stmt_fetch_column(r->stmt, &b, column, 0) && !is_null && length == c->length;
}

#endif
