/* SPDX-License-Identifier: MIT */
/* Updates: what becomes of each row. */
#include "evaluator.h"

#include <stdlib.h>
#include <string.h>

typedef struct changing {
    const ev_store *store;
    const ev_schema *schema; /* of the record, or of the items of a list */
    ev_scratch *scratch;
} changing;

ost_status ev_increment(const ev_field *f, ost_value *cell, const ost_value *by)
{
    ev_number a, b, sum;
    ost_value out = ev_null();
    if (ev_is_null(cell))
        return OST_OK;
    if (cell->type == OST_TYPE_DOUBLE) {
        ev_field real = *f;
        out = *by;
        real.type = OST_TYPE_DOUBLE;
        (void)ev_fit(&real, &out);
        out = ev_real(cell->as.real + out.as.real);
    } else {
        a = ev_exact(cell);
        b = ev_exact(by);
        sum = ev_number_add(&a, &b);
        out.type = OST_TYPE_DECIMAL;
        if (!ev_number_to_decimal(&sum, 38, sum.scale, &out.as.decimal))
            return OST_RANGE;
    }
    *cell = out;
    return ev_fit(f, cell);
}

/* ---- lists ---- */

/* The values of a change: an array of the program's, or one constant. */
static ost_status given_items(const changing *c, const ev_field *f, const ost_expr *e,
                              ost_value *out)
{
    static const char none;
    ost_value item = e->value;
    if (e->list || e->op == OST_OP_SET || ev_is_null(&item)) {
        *out = ev_read_list(f, e->list ? e->list : &none, e->list_count, c->scratch);
        return OST_OK;
    }
    OST_TRY(ev_fit(&f->items->fields[0], &item));
    *out = ev_list_value(f, &item, 1, c->scratch);
    return OST_OK;
}

/* A list under construction. */
typedef struct draft {
    ost_value *cells;
    size_t count, fields;
} draft;

static draft new_draft(const changing *c, const ev_field *f, size_t most)
{
    size_t fields = f->items->field_count;
    return (draft){ ev_take_array(c->scratch, most * fields + 1, sizeof(ost_value)), 0, fields };
}

static void add(draft *d, const ev_list *from, size_t first, size_t count)
{
    if (count == 0)
        return;
    memcpy(d->cells + d->count * d->fields, from->cells + first * d->fields,
           count * d->fields * sizeof *d->cells);
    d->count += count;
}

/* The new items stand at the position; then the first or the last ones are kept. */
static ost_value pushed(const changing *c, const ev_field *f, const ost_value *cell,
                        const ost_value *new, const ost_expr *e)
{
    const ev_list empty = { .schema = f->items };
    const ev_list *before = ev_is_null(cell) ? &empty : ev_list_of(cell), *more = ev_list_of(new);
    size_t at = before->count, first = 0, keep;
    draft d = new_draft(c, f, before->count + more->count);
    for (const ost_expr *x = e; x->op != OST_OP_PUSH; x = x->args[0])
        if (x->op == OST_OP_AT && x->args[1]->value.as.integer < (int64_t)at)
            at = (size_t)x->args[1]->value.as.integer;
    add(&d, before, 0, at);
    add(&d, more, 0, more->count);
    add(&d, before, at, before->count - at);
    keep = d.count;
    for (const ost_expr *x = e; x->op != OST_OP_PUSH; x = x->args[0]) {
        int64_t n = x->args[1]->value.as.integer;
        uint64_t most = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
        if (x->op != OST_OP_SLICE || most >= d.count)
            continue;
        keep = (size_t)most;
        first = n < 0 ? d.count - keep : 0;
    }
    return ev_list_value(f, d.cells + first * d.fields, keep, c->scratch);
}

static bool has(const ev_field *f, const ost_value *cell, const ost_value *item)
{
    const ev_list *list = ev_list_of(cell);
    for (size_t i = 0; !ev_is_null(cell) && i < list->count; i++)
        if (ev_equals(&f->items->fields[0], &list->cells[i], item))
            return true;
    return false;
}

/* Without the items that equal a value, or that meet a condition. */
static ost_value pulled(const changing *c, const ev_field *f, const ost_value *cell,
                        const ost_expr *e)
{
    const ev_list *list = ev_list_of(cell);
    draft d = new_draft(c, f, list->count);
    for (size_t i = 0; i < list->count; i++) {
        const ost_value *item = list->cells + i * d.fields;
        bool drop = e->op == OST_OP_PULL ? ev_equals(&f->items->fields[0], item, &e->value)
                                         : ev_item_meets(c->store, f->items, item, e->args[0]);
        if (!drop)
            add(&d, list, i, 1);
    }
    return ev_list_value(f, d.cells, d.count, c->scratch);
}

static ost_status apply(const changing *c, const ost_expr *e, ost_value *row);

static ost_status update_items(const changing *c, const ev_field *f, ost_value *cell,
                               const ost_expr *e)
{
    const ev_list *list = ev_list_of(cell);
    const changing inner = { c->store, f->items, c->scratch };
    draft d = new_draft(c, f, list->count);
    for (size_t i = 0; i < list->count; i++) {
        ost_value *item = d.cells + i * d.fields;
        add(&d, list, i, 1);
        if (!ev_item_meets(c->store, f->items, item, e->args[0]))
            continue;
        for (size_t n = 1; e->args[n]->op != OST_OP_END; n++)
            OST_TRY(apply(&inner, e->args[n], item));
    }
    *cell = ev_list_value(f, d.cells, d.count, c->scratch);
    return OST_OK;
}

/* A change that stands on a list. */
static ost_status apply_to_list(const changing *c, const ev_field *f, ost_value *cell,
                                const ost_expr *e)
{
    const ost_expr *inner = e;
    ost_value items;
    while (inner->op == OST_OP_AT || inner->op == OST_OP_SLICE)
        inner = inner->args[0];
    switch (inner->op) {
    case OST_OP_SET: return given_items(c, f, inner, cell);
    case OST_OP_SET_NULL: *cell = ev_null(); return OST_OK;
    case OST_OP_PUSH:
        OST_TRY(given_items(c, f, inner, &items));
        *cell = pushed(c, f, cell, &items, e);
        return OST_OK;
    case OST_OP_ADD_TO_SET: {
        const ost_expr push = { .op = OST_OP_PUSH };
        OST_TRY(given_items(c, f, inner, &items));
        if (ev_is_null(cell) || !has(f, cell, &ev_list_of(&items)->cells[0]))
            *cell = pushed(c, f, cell, &items, &push);
        return OST_OK;
    }
    case OST_OP_PULL:
    case OST_OP_PULL_WHERE:
        if (!ev_is_null(cell))
            *cell = pulled(c, f, cell, inner);
        return OST_OK;
    case OST_OP_UPDATE_ITEMS: return ev_is_null(cell) ? OST_OK : update_items(c, f, cell, inner);
    default: abort();
    }
}

/* ---- rows ---- */

static const char *path_of(const ost_expr *e)
{
    while (e->op == OST_OP_AT || e->op == OST_OP_SLICE)
        e = e->args[0];
    return e->member.path;
}

/* A struct inside is replaced as a whole. */
static ost_status set_part(const changing *c, const ost_expr *e, ost_value *row)
{
    for (size_t i = 0; i < c->schema->field_count; i++) {
        ev_field f = c->schema->fields[i];
        if (!ev_is_inside(f.name, e->member.path))
            continue;
        f.offset -= e->member.offset;
        row[i] = ev_read(&f, e->list, c->scratch);
    }
    return OST_OK;
}

static ost_status apply(const changing *c, const ost_expr *e, ost_value *row)
{
    size_t i = ev_find_field(c->schema, path_of(e));
    const ev_field *f = i == SIZE_MAX ? NULL : &c->schema->fields[i];
    if (!f)
        return set_part(c, e, row);
    if (f->type == OST_TYPE_LIST)
        return apply_to_list(c, f, &row[i], e);
    switch (e->op) {
    case OST_OP_SET: row[i] = e->value; return ev_fit(f, &row[i]);
    case OST_OP_SET_NULL: row[i] = ev_null(); return ev_fit(f, &row[i]);
    case OST_OP_INC: return ev_increment(f, &row[i], &e->value);
    default: abort();
    }
}

/* Whether a member is changed twice, or with a document around it. */
static bool twice(const ost_expr *const *changes)
{
    for (size_t i = 0; changes[i]->op != OST_OP_END; i++) {
        const char *path = path_of(changes[i]);
        if (changes[i]->op == OST_OP_UPDATE_ITEMS && twice(changes[i]->args + 1))
            return true;
        for (size_t j = 0; j < i; j++)
            if (ev_is_inside(path, path_of(changes[j])) || ev_is_inside(path_of(changes[j]), path))
                return true;
    }
    return false;
}

ost_status ev_update(ev_store *store, size_t table, const bool *rows,
                     const ost_expr *const *changes)
{
    ev_table *t = &store->tables[table];
    ev_store before = ev_store_copy(store);
    const changing c = { store, t->schema, store->scratch };
    ost_status status = OST_OK;
    if (twice(changes))
        return OST_MISUSE;
    for (size_t r = 0; r < t->count && status == OST_OK; r++)
        for (size_t i = 0; rows[r] && changes[i]->op != OST_OP_END && status == OST_OK; i++)
            status = apply(&c, changes[i], ev_row(t, r));
    if (status == OST_OK)
        status = ev_check_unique(t, store->scratch);
    if (status != OST_OK)
        *store = before;
    return status;
}
