/* SPDX-License-Identifier: MIT */
/* Members that are changed, wherever they are: as an expression, and in what errors say. */
#include "sql/writer.h"

#include <stdlib.h>
#include <string.h>

ost_node ost__sql_changed(const ost__sql_writer *w, const ost_field *field)
{
    return (ost_node){ .op = OST_OP_MEMBER,
                       .type = field->type & (uint16_t)~OST_TYPE_OPTIONAL,
                       .precision = field->precision,
                       .scale = field->scale,
                       .source = (uint16_t)w->items,
                       .nullable = true,
                       .parameter = OST_NO_PARAMETER,
                       .field = field };
}

void ost__sql_changed_name(ost__sql_writer *w, const ost_field *field)
{
    const ost_table *t = w->shape->table;
    if (!field->inside && !w->list) {
        for (const char *p = field->column; *p; p++) {
            if (*p == '\'')
                ost__buffer_char(w->out, '\'');
            ost__buffer_char(w->out, *p);
        }
        return;
    }
    ost__buffer_char(w->out, '#');
    ost__buffer_int(w->out, (w->list ? w->list : field) - t->fields);
    if (!w->list)
        return;
    ost__buffer_char(w->out, '.');
    ost__buffer_int(w->out, field - w->list->part->fields);
}

static const ost_field *numbered(const ost_table *t, const char *digits, char **end)
{
    unsigned long n = strtoul(digits, end, 10);
    return *end > digits && n < (unsigned long)t->field_count + t->inner_count ? &t->fields[n]
                                                                               : NULL;
}

const ost_field *ost__sql_field_named(const ost_table *t, const char *name)
{
    const ost_field *f;
    char *end;
    for (uint32_t i = 0; i < t->field_count; i++)
        if (strcmp(t->fields[i].column, name) == 0)
            return &t->fields[i];
    if (*name != '#')
        return NULL;
    f = numbered(t, name + 1, &end);
    if (!f || *end != '.')
        return f;
    return f->part ? numbered(f->part, end + 1, &end) : NULL;
}
