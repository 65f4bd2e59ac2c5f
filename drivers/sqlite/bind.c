/* SPDX-License-Identifier: MIT */
#include "sqlite/connection.h"

#include <string.h>

#include "base/document.h"
#include "base/error.h"
#include "base/scalar.h"

const char ost__sqlite_list_type[] = "ostler_list";

/* Texts that a value was turned into live in the statement until it is bound again. */
static char *scratch(const ost_connection *c, ost__statement *s, int index)
{
    size_t size = (size_t)s->parameter_count * OST__CELL_SIZE;
    if (!s->scratch)
        s->scratch = ost__alloc(&c->backend->memory, size);
    return s->scratch ? s->scratch[index - 1] : NULL;
}

static int bind_cell(const ost_connection *c, ost__statement *s, int index, const ost__cell *cell)
{
    const void *data = cell->as.span.data;
    char *kept;
    switch (cell->kind) {
    case SQLITE_INTEGER: return sqlite3_bind_int64(s->handle, index, cell->as.integer);
    case SQLITE_FLOAT: return sqlite3_bind_double(s->handle, index, cell->as.real);
    case SQLITE_TEXT:
        if (cell->inside) {
            kept = scratch(c, s, index);
            if (!kept)
                return SQLITE_NOMEM;
            data = memcpy(kept, cell->bytes, cell->as.span.size);
        }
        return sqlite3_bind_text64(s->handle, index, data, cell->as.span.size, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case SQLITE_BLOB:
        /* A length of 0 with no address would be NULL. */
        return sqlite3_bind_blob64(s->handle, index, data, cell->as.span.size, SQLITE_STATIC);
    default: return sqlite3_bind_null(s->handle, index);
    }
}

static ost_status misfit(const ost_operation *op, const ost_parameter *p, ost_status status,
                         ost_error *error)
{
    const char *model = op->shape && op->shape->table ? op->shape->table->model : "";
    const char *name = p->field ? p->field->name : "";
    if (status == OST_UNSUPPORTED)
        ost__error_set(error, status, "%s.%s: SQLite cannot store members of this kind yet", model,
                       name);
    else
        ost__error_set(error, status, "%s.%s: the value does not fit its column on SQLite", model,
                       name);
    ost__error_about(error, model, name);
    if (error)
        error->nothing_sent = 1;
    return status;
}

/* Where a member's C value is; NULL: an absent optional, or no record. */
static const void *member_value(const ost_parameter *p, const void *record, uint16_t *type)
{
    const char *at;
    if (!record)
        return NULL;
    at = (const char *)record + p->offset;
    if (!(p->type & OST_TYPE_OPTIONAL))
        return at;
    *type = p->type & (uint16_t)~OST_TYPE_OPTIONAL;
    return *(const bool *)at ? at + ost__value_offset(*type) : NULL;
}

/* What a parameter is written to; NULL: it is compared, or adds something. */
static const ost_change *written(const ost_change *changes, uint32_t count, uint32_t parameter)
{
    for (uint32_t i = 0; i < count; i++) {
        const ost_change *c = &changes[i];
        if (c->parameter == parameter)
            return c->op == OST_OP_INC ? NULL : c;
        c = c->change_count > 0 ? written(c->changes, c->change_count, parameter) : NULL;
        if (c)
            return c;
    }
    return NULL;
}

static const ost_change *change_of(const ost_operation *op, int index)
{
    const ost_shape *s = op->shape;
    return s ? written(s->changes, s->change_count, (uint32_t)index - 1) : NULL;
}

/* Whether it goes into a document: a member inside one, or of the structs in a list. */
static bool goes_inside(const ost_operation *op, const ost_change *c)
{
    const ost_table *t = op->shape->table;
    bool column = c->field >= t->fields && c->field < t->fields + t->field_count;
    return !column;
}

/*
 * The usual members of records in a few instructions each, without the detour of a cell. false:
 * there is more to it (an optional, a name of an enumeration, a form of its own, NaN), which
 * bind_value() knows.
 */
static inline bool bind_quickly(sqlite3_stmt *handle, int index, const ost_parameter *p,
                                const void *record, int *rc)
{
    const char *at, *text;
    double real;
    if (p->source != OST_FROM_RECORD || !record)
        return false;
    at = (const char *)record + p->offset;
    switch (p->type) {
    case OST_TYPE_BOOL: *rc = sqlite3_bind_int64(handle, index, *(const bool *)at); return true;
    case OST_TYPE_INT32:
    case OST_TYPE_INT64:
        /* Only here does the field decide: looking at each would cost a line of the cache for each.
         */
        if (!p->field || p->field->values)
            return false;
        *rc = sqlite3_bind_int64(
            handle, index, p->type == OST_TYPE_INT32 ? *(const int *)at : *(const int64_t *)at);
        return true;
    case OST_TYPE_DOUBLE:
        real = *(const double *)at;
        if (!(real < 0 || real > 0))
            return false;
        *rc = sqlite3_bind_double(handle, index, real);
        return true;
    case OST_TYPE_TEXT:
        text = *(const char *const *)at;
        if (!text)
            return false;
        *rc = sqlite3_bind_text64(handle, index, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8);
        return true;
    default: return false;
    }
}

/* SQLite keeps a copy: the next parameter may be a document too. */
static ost_status bind_document(const ost_connection *c, const ost__statement *s, int index,
                                const ost_operation *op, const ost_parameter *p, uint16_t type,
                                const void *at, int *rc, ost_error *error)
{
    ost__buffer out;
    ost__json_writer w;
    ost_status status;
    ost__buffer_init(&out, &c->backend->memory);
    ost__json_begin(&w, &out);
    w.signed_only = true; /* where the member is asked for, it is an INTEGER */
    status = type >= OST_TYPE_EMBEDDED ? ost__document_write(&w, p->field, at)
                                       : ost__document_write_scalar(&w, p->field, type, at);
    if (status == OST_OK && out.failed)
        status = OST_NO_MEMORY;
    if (status == OST_OK)
        *rc = sqlite3_bind_text64(s->handle, index, out.data, out.size, SQLITE_TRANSIENT,
                                  SQLITE_UTF8);
    ost__buffer_finish(&out);
    if (status == OST_NO_MEMORY)
        return ost__error_set(error, status, "no memory for a document");
    return status == OST_OK ? OST_OK : misfit(op, p, status, error);
}

static bool document_is_null(const ost_parameter *p, const void *at)
{
    return (p->type == OST_TYPE_LIST && !ost__list_at(at).items) ||
           (p->type == OST_TYPE_JSON && !((const ost_json *)at)->text);
}

static ost_status bind_value(const ost_connection *c, ost__statement *s, int index,
                             const ost_operation *op, const ost_parameter *p, const void *record,
                             int *rc, ost_error *error)
{
    bool inside = op->shape && op->shape->kind == OST_DO_UPDATE && op->shape->table &&
                  op->shape->table->inner_count > 0;
    const ost_change *change = inside ? change_of(op, index) : NULL;
    const void *at = &p->value.as;
    uint16_t type = p->value.type;
    ost__cell cell;
    ost_status status;
    if (p->source == OST_FROM_RECORD) {
        type = p->type;
        at = member_value(p, record, &type);
    }
    if (p->source == OST_FROM_MEMBER) {
        type = p->type;
        at = p->list;
    }
    if (!at || (type >= OST_TYPE_JSON && type <= OST_TYPE_LIST && document_is_null(p, at)))
        type = OST_TYPE_NONE;
    if (p->field && type != OST_TYPE_NONE &&
        ((type >= OST_TYPE_JSON && type <= OST_TYPE_LIST) || (change && goes_inside(op, change))))
        return bind_document(c, s, index, op, p, type, at, rc, error);
    status = ost__store(type, at, p->size, p->field, &cell);
    if (status == OST_RANGE && !change_of(op, index))
        status = ost__store_compared(type, at, p->size, p->field, &cell);
    if (status != OST_OK)
        return misfit(op, p, status, error);
    *rc = bind_cell(c, s, index, &cell);
    return OST_OK;
}

static ost_status bind_parameter(const ost_connection *c, ost__statement *s, int index,
                                 const ost_operation *op, const ost_parameter *p,
                                 const void *record, int *rc, ost_error *error)
{
    switch (p->source) {
    case OST_IS_NULL: *rc = sqlite3_bind_null(s->handle, index); return OST_OK;
    case OST_FROM_LIST:
        *rc = sqlite3_bind_pointer(s->handle, index, (void *)(uintptr_t)p, ost__sqlite_list_type,
                                   NULL);
        return OST_OK;
    default: return bind_value(c, s, index, op, p, record, rc, error);
    }
}

ost_status ost__sqlite_bind(ost_connection *c, ost__statement *s, const ost_operation *op,
                            const void *record, ost_error *error)
{
    const char *at = (const char *)op->parameters;
    if (s->parameter_count < 0 || op->parameter_count < (uint32_t)s->parameter_count)
        return ost__error_set(error, OST_MISUSE,
                              "the statement has %d parameters, but %u are given",
                              s->parameter_count, (unsigned)op->parameter_count);
    for (int index = 1; index <= s->parameter_count; index++, at += op->parameter_size) {
        const ost_parameter *p = (const ost_parameter *)(const void *)at;
        int rc = SQLITE_OK;
        if (!bind_quickly(s->handle, index, p, record, &rc))
            OST_TRY(bind_parameter(c, s, index, op, p, record, &rc, error));
        if (rc != SQLITE_OK)
            return ost__sqlite_failed(c, op, rc, error);
    }
    return OST_OK;
}
