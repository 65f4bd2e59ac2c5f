/* SPDX-License-Identifier: MIT */
/* Members that are changed, wherever they are: the documents around them, as expressions, and in
 * what errors say. */
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

const ost_field *ost__sql_holder_of(const ost_change *c)
{
    const ost_field *f = c->field;
    bool list = c->op == OST_OP_PUSH || c->op >= OST_OP_ADD_TO_SET;
    if (!f->inside && !list)
        return NULL;
    while (f->inside)
        f = f->inside;
    return f;
}

void ost__sql_document_after(ost__sql_writer *w, const ost__sql_subject *s, uint32_t count)
{
    while (count > 0 && s->holder && ost__sql_holder_of(&s->changes[count - 1]) != s->holder)
        count--;
    if (count > 0)
        w->dialect->change_inside(w, s, count - 1);
    else if (s->holder)
        ost__sql_identifier(w, s->holder->column);
    else
        ost__sql_text(w, "e1.value");
}

void ost__sql_begin_items(ost__sql_writer *w, const ost_change *c)
{
    const ost__sql_subject item = { .changes = c->changes, .count = c->change_count };
    w->items++;
    w->list = c->field;
    if (c->op != OST_OP_UPDATE_ITEMS) {
        ost__sql_text(w, "e1.value");
        return;
    }
    ost__sql_clause(w, "CASE WHEN ", c->where);
    ost__sql_text(w, " THEN ");
    ost__sql_document_after(w, &item, item.count);
    ost__sql_text(w, " ELSE e1.value END");
}

void ost__sql_end_items(ost__sql_writer *w, const ost_change *c)
{
    if (c->op == OST_OP_PULL_WHERE) {
        ost__sql_clause(w, " WHERE (", c->where);
        ost__sql_text(w, ") IS NOT TRUE");
    }
    w->items--;
    w->list = NULL;
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
