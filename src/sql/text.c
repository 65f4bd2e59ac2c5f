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

static void quoted(ost__sql_writer *w, const char *text, size_t size, char quote)
{
    const char *end = text + size;
    ost__buffer_char(w->out, quote);
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
    ost__buffer_char(w->out, quote);
}

void ost__sql_identifier(ost__sql_writer *w, const char *name)
{
    quoted(w, name, strlen(name), w->dialect->quote);
}

void ost__sql_text_literal(ost__sql_writer *w, const char *text, size_t size)
{
    quoted(w, text, size, '\'');
}

void ost__sql_placeholder(ost__sql_writer *w, uint32_t parameter)
{
    if (parameter >= w->shape->parameter_count) {
        ost__sql_refuse(w, OST_MISUSE, "the shape uses parameter %u of %u", (unsigned)parameter,
                        (unsigned)w->shape->parameter_count);
        return;
    }
    ost__buffer_char(w->out, w->dialect->placeholder);
    ost__buffer_uint(w->out, (uint64_t)parameter + 1);
}

void ost__sql_constraint_name(const char *table, const char *column, const char *what,
                              char out[OST__SQL_NAME_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    const char *const parts[] = { table, column, what };
    char whole[3 * OST__SQL_NAME_SIZE];
    uint32_t hash = 2166136261u;
    size_t size, end;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (const char *p = parts[i]; *p; p++)
            hash = (hash ^ (uint8_t)*p) * 16777619u;
    size = ost__print(whole, sizeof whole, "%s_%s_%s", table, column, what);
    ost__copy_text(out, OST__SQL_NAME_SIZE, whole);
    if (size < OST__SQL_NAME_SIZE)
        return;
    ost__copy_text(out, OST__SQL_NAME_SIZE - 9, whole);
    end = strlen(out);
    out[end++] = '_';
    for (int shift = 28; shift >= 0; shift -= 4)
        out[end++] = digits[(hash >> shift) & 15];
    out[end] = '\0';
}

ost_status ost__sql_statement(const ost__sql_dialect *dialect, const ost_shape *shape,
                              ost__buffer *out, ost_error *error)
{
    ost__sql_writer w = { .dialect = dialect, .shape = shape, .out = out, .error = error };
    if (!shape->table) {
        ost__sql_refuse(&w, OST_MISUSE, "the shape names no table");
        return w.status;
    }
    switch (shape->kind) {
    case OST_DO_SELECT: ost__sql_select(&w); break;
    case OST_DO_INSERT: ost__sql_insert(&w); break;
    case OST_DO_UPDATE: ost__sql_update(&w); break;
    case OST_DO_DELETE: ost__sql_delete(&w); break;
    case OST_DO_DDL:
        if (shape->ddl == OST_DDL_CREATE_TABLE)
            ost__sql_create_table(&w);
        else if (shape->ddl == OST_DDL_CREATE_INDEX)
            ost__sql_create_index(&w);
        else
            ost__sql_refuse(&w, OST_MISUSE, "the shape says no DDL");
        break;
    default:
        ost__sql_refuse(&w, OST_UNSUPPORTED, "%s cannot run operations of kind %u yet",
                        dialect->name, (unsigned)shape->kind);
        break;
    }
    if (w.status == OST_OK && out->failed)
        ost__sql_refuse(&w, OST_NO_MEMORY, "no memory for a statement");
    return w.status;
}
