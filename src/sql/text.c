/* SPDX-License-Identifier: MIT */
#include "sql/writer.h"

#include <string.h>

void ost__sql_refuse(ost__sql_writer *w, ost_status status, const char *format, ...)
{
    va_list list;
    if (w->status != OST_OK)
        return;
    va_start(list, format);
    w->status = ost__error_set_list(w->error, status, format, list);
    va_end(list);
    if (w->shape->table)
        ost__error_about(w->error, w->shape->table->model, NULL);
    if (w->error)
        w->error->nothing_sent = 1;
}

void ost__sql_text(ost__sql_writer *w, const char *text)
{
    ost__buffer_text(w->out, text);
}

/* What stands between quotes. */
static void put_quoted(ost__sql_writer *w, const char *text, size_t size, char quote)
{
    const char *end = text + size;
    while (text < end) {
        const char *stop = memchr(text, quote, (size_t)(end - text));
        size_t part = (size_t)((stop ? stop : end) - text);
        ost__buffer_bytes(w->out, text, part);
        if (!stop)
            break;
        ost__buffer_char(w->out, quote);
        ost__buffer_char(w->out, quote);
        text = stop + 1;
    }
}

static void quoted(ost__sql_writer *w, const char *text, size_t size, char quote)
{
    ost__buffer_char(w->out, quote);
    put_quoted(w, text, size, quote);
    ost__buffer_char(w->out, quote);
}

void ost__sql_identifier(ost__sql_writer *w, const char *name)
{
    quoted(w, name, strlen(name), w->dialect->quote);
}

/* A name with its schema: two identifiers, or one. */
static void in_schema(ost__sql_writer *w, const ost_table *t, const char *name)
{
    if (w->dialect->create_schema) {
        ost__sql_identifier(w, t->schema);
        ost__sql_text(w, ".");
        ost__sql_identifier(w, name);
        return;
    }
    ost__buffer_char(w->out, w->dialect->quote);
    put_quoted(w, t->schema, strlen(t->schema), w->dialect->quote);
    ost__buffer_char(w->out, '.');
    put_quoted(w, name, strlen(name), w->dialect->quote);
    ost__buffer_char(w->out, w->dialect->quote);
}

void ost__sql_table(ost__sql_writer *w, const ost_table *t)
{
    if (t->schema)
        in_schema(w, t, t->name);
    else
        ost__sql_identifier(w, t->name);
}

void ost__sql_index(ost__sql_writer *w, const ost_table *t, const char *name)
{
    if (t->schema && !w->dialect->create_schema)
        in_schema(w, t, name);
    else
        ost__sql_identifier(w, name);
}

void ost__sql_text_literal(ost__sql_writer *w, const char *text, size_t size)
{
    quoted(w, text, size, '\'');
}

static void placeholder(ost__sql_writer *w, const ost__sql_use *use)
{
    ost__sql_use noted = *use;
    noted.at = w->out->size;
    noted.type &= (uint16_t)~OST_TYPE_OPTIONAL;
    ost__buffer_char(w->out, w->dialect->placeholder);
    if (!w->dialect->unnumbered)
        ost__buffer_uint(w->out, (uint64_t)use->parameter + 1);
    if (w->uses)
        ost__buffer_bytes(w->uses, &noted, sizeof noted);
}

static bool is_parameter(ost__sql_writer *w, uint32_t parameter)
{
    if (parameter < w->shape->parameter_count)
        return true;
    ost__sql_refuse(w, OST_MISUSE, "the shape uses parameter %u of %u", (unsigned)parameter,
                    (unsigned)w->shape->parameter_count);
    return false;
}

void ost__sql_bind(ost__sql_writer *w, uint32_t parameter, enum ost__sql_role role,
                   const ost_node *node)
{
    const ost__sql_use use = { .parameter = parameter,
                               .role = (uint16_t)role,
                               .type = node->type,
                               .precision = node->precision,
                               .scale = node->scale,
                               .field = node->field };
    if (is_parameter(w, parameter))
        placeholder(w, &use);
}

void ost__sql_bind_field(ost__sql_writer *w, uint32_t parameter, enum ost__sql_role role,
                         const ost_field *field)
{
    const ost__sql_use use = { .parameter = parameter,
                               .role = (uint16_t)role,
                               .type = field->type,
                               .precision = field->precision,
                               .scale = field->scale,
                               .field = field };
    if (is_parameter(w, parameter))
        placeholder(w, &use);
}

void ost__sql_bind_count(ost__sql_writer *w, uint32_t parameter)
{
    const ost__sql_use use = { .parameter = parameter,
                               .role = OST__SQL_COUNT,
                               .type = OST_TYPE_INT64 };
    if (is_parameter(w, parameter))
        placeholder(w, &use);
}

/* The key of one record, whose values come behind the shape's own parameters. */
void ost__sql_key_condition(ost__sql_writer *w)
{
    const ost_table *t = w->shape->table;
    for (uint32_t i = 0; i < t->key_count; i++) {
        const ost_field *f = t->keys[i];
        const ost__sql_use use = { .parameter = w->shape->parameter_count + i,
                                   .role = OST__SQL_VALUE,
                                   .type = f->type,
                                   .precision = f->precision,
                                   .scale = f->scale,
                                   .field = f };
        ost__sql_text(w, i == 0 ? " WHERE " : " AND ");
        ost__sql_identifier(w, f->column);
        ost__sql_text(w, " = ");
        placeholder(w, &use);
    }
}

static ost_status finish(ost__sql_writer *w)
{
    if (w->status == OST_OK && (w->out->failed || (w->uses && w->uses->failed)))
        ost__sql_refuse(w, OST_NO_MEMORY, "no memory for a statement");
    return w->status;
}

static void upsert(ost__sql_writer *w)
{
    if (w->shape->arbiter_count == 0)
        ost__sql_refuse(w, OST_MISUSE, "the upsert of %s has no key", w->shape->table->model);
    else if (!w->dialect->upsert)
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s has no upsert", w->dialect->name);
    else
        w->dialect->upsert(w);
}

ost_status ost__sql_statement(const ost__sql_dialect *dialect, const ost_shape *shape,
                              ost__buffer *out, ost__buffer *uses, ost_error *error)
{
    ost__sql_writer w = {
        .dialect = dialect, .shape = shape, .out = out, .uses = uses, .error = error
    };
    if (!shape->table) {
        ost__sql_refuse(&w, OST_MISUSE, "the shape names no table");
        return w.status;
    }
    switch (shape->kind) {
    case OST_DO_SELECT: ost__sql_select(&w); break;
    case OST_DO_INSERT: ost__sql_insert(&w); break;
    case OST_DO_UPDATE: ost__sql_update(&w, false); break;
    case OST_DO_DELETE: ost__sql_delete(&w, false); break;
    case OST_DO_DDL: ost__sql_ddl(&w); break;
    case OST_DO_UPSERT: upsert(&w); break;
    default:
        ost__sql_refuse(&w, OST_UNSUPPORTED, "%s cannot run operations of kind %u yet",
                        dialect->name, (unsigned)shape->kind);
        break;
    }
    return finish(&w);
}

ost_status ost__sql_part(const ost__sql_dialect *dialect, const ost_shape *shape,
                         enum ost__sql_part part, ost__buffer *out, ost__buffer *uses,
                         ost_error *error)
{
    ost__sql_writer w = {
        .dialect = dialect, .shape = shape, .out = out, .uses = uses, .error = error
    };
    bool writes = shape->kind == OST_DO_UPDATE || shape->kind == OST_DO_DELETE;
    if (!shape->table || !writes || shape->table->key_count == 0) {
        ost__sql_refuse(&w, OST_MISUSE,
                        "only updates and deletes of a table with a key have parts");
        return w.status;
    }
    switch (part) {
    case OST__SQL_LOCK: ost__sql_locked_keys(&w); break;
    case OST__SQL_BY_KEY:
        if (shape->kind == OST_DO_UPDATE)
            ost__sql_update(&w, true);
        else
            ost__sql_delete(&w, true);
        break;
    default: ost__sql_read_by_key(&w); break;
    }
    return finish(&w);
}

ost_status ost__sql_upsert_part(const ost__sql_dialect *dialect, const ost_shape *shape,
                                enum ost__sql_upsert_part part, ost__buffer *out, ost__buffer *uses,
                                ost_error *error)
{
    ost__sql_writer w = { .dialect = dialect,
                          .shape = shape,
                          .out = out,
                          .uses = uses,
                          .error = error,
                          .no_new_values = true };
    switch (part) {
    case OST__SQL_UPSERT_INSERT: ost__sql_insert_values(&w); break;
    case OST__SQL_UPSERT_UPDATE:
        ost__sql_text(&w, "UPDATE ");
        ost__sql_table(&w, shape->table);
        ost__sql_text(&w, " SET ");
        ost__sql_upsert_changes(&w);
        ost__sql_clause(&w, " WHERE ", shape->where);
        ost__sql_text(&w, " AND (");
        ost__sql_upsert_differs(&w);
        ost__sql_text(&w, ")");
        break;
    default:
        ost__sql_upsert_read(&w, shape->column_count > 0 ? NULL : "1");
        if (part == OST__SQL_UPSERT_LOCK)
            ost__sql_lock(&w, OST_LOCK_UPDATE);
        break;
    }
    return finish(&w);
}
