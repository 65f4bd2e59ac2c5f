/* SPDX-License-Identifier: MIT */
#include "evaluator.h"

#include <string.h>

const ev_list *ev_list_of(const ost_value *v)
{
    return v->as.blob.data;
}

static ost_value value_of(const ev_field *f, const ost_value *cells, size_t count,
                          const void *items, ev_scratch *s)
{
    ev_list *list = ev_take(s, sizeof *list);
    ost_value v = ev_null();
    *list = (ev_list){ .schema = f->items, .count = count, .cells = cells, .items = items };
    v.type = OST_TYPE_LIST;
    v.as.blob.data = list;
    return v;
}

ost_value ev_list_value(const ev_field *f, const ost_value *cells, size_t count, ev_scratch *s)
{
    const ev_schema *schema = f->items;
    size_t fields = schema->field_count;
    char *items = ev_take_array(s, count + 1, schema->size);
    for (size_t i = 0; i < count * fields; i++)
        ev_write(&schema->fields[i % fields], items + i / fields * schema->size, &cells[i]);
    return value_of(f, ev_copy(s, cells, count * fields * sizeof *cells), count, items, s);
}

ost_value ev_read_list(const ev_field *f, const void *items, size_t count, ev_scratch *s)
{
    const ev_schema *schema = f->items;
    size_t fields = schema->field_count;
    ost_value *cells = ev_take_array(s, count * fields + 1, sizeof *cells);
    for (size_t i = 0; i < count * fields; i++)
        cells[i] = ev_read(&schema->fields[i % fields],
                           (const char *)items + i / fields * schema->size, s);
    return value_of(f, cells, count, items, s);
}

bool ev_lists_same(const ost_value *a, const ost_value *b,
                   bool (*same)(const ost_value *a, const ost_value *b))
{
    const ev_list *x = ev_list_of(a), *y = ev_list_of(b);
    if (x->count != y->count)
        return false;
    for (size_t i = 0; i < x->count * x->schema->field_count; i++)
        if (!same(&x->cells[i], &y->cells[i]))
            return false;
    return true;
}

void ev_print_list(FILE *out, const ost_value *v)
{
    const ev_list *list = ev_list_of(v);
    size_t fields = list->schema->field_count;
    fputs("[", out);
    for (size_t i = 0; i < list->count; i++) {
        fputs(i ? ", " : "", out);
        if (list->schema->model)
            ev_print_row(out, list->schema, list->cells + i * fields);
        else
            ev_print(out, &list->cells[i]);
    }
    fputs("]", out);
}
