/* SPDX-License-Identifier: MIT */
#include "evaluator.h"

#include <stdlib.h>
#include <string.h>

static ev_unique *add_unique(ev_schema *schema)
{
    if (schema->unique_count == EV_UNIQUE_MAX)
        abort();
    return &schema->unique[schema->unique_count++];
}

void ev_schema_of(const ost_model *m, ev_schema *out)
{
    ev_unique *key;
    memset(out, 0, sizeof *out);
    out->model = m;
    out->deleted = SIZE_MAX;
    for (const ost_field *f = m->fields; f->name; f++) {
        if (out->field_count == EV_FIELDS_MAX)
            abort();
        if (f->stamp == OST_ON_DELETE)
            out->deleted = out->field_count;
        out->fields[out->field_count++] = ev_field_of(f);
    }
    key = add_unique(out);
    for (size_t i = 0; i < out->field_count; i++)
        if (out->fields[i].key)
            key->fields[key->count++] = i;
    for (size_t i = 0; i < out->field_count; i++)
        if (m->fields[i].unique) {
            ev_unique *one = add_unique(out);
            one->living = out->deleted != SIZE_MAX;
            one->fields[one->count++] = i;
        }
    for (const ost_index *x = m->indexes; x && x->columns; x++) {
        ev_unique *several = x->unique ? add_unique(out) : NULL;
        if (several)
            several->living = x->among_living;
        for (const ost_index_column *c = x->columns; several && c->member.path; c++)
            several->fields[several->count++] = ev_field_named(out, c->member.path);
    }
}

size_t ev_field_named(const ev_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return i;
    fprintf(stderr, "evaluator: %s has no member %s\n", schema->model->name, name);
    abort();
}

ost_value *ev_row(const ev_table *t, size_t row)
{
    return t->cells + row * t->schema->field_count;
}

ev_store ev_store_copy(const ev_store *store)
{
    ev_store copy = *store;
    for (size_t i = 0; i < store->table_count; i++) {
        ev_table *t = &copy.tables[i];
        t->capacity = t->count;
        t->cells =
            ev_copy(store->scratch, t->cells, t->count * t->schema->field_count * sizeof *t->cells);
    }
    return copy;
}

ost_value *ev_cells(const ev_schema *schema, const void *record, ev_scratch *s)
{
    ost_value *cells = ev_take_array(s, schema->field_count, sizeof *cells);
    for (size_t i = 0; i < schema->field_count; i++)
        cells[i] = ev_read(&schema->fields[i], record, s);
    return cells;
}

/* Whether two rows have the same in a unique set of fields; NULLs never conflict. */
static bool conflict(const ev_unique *u, const ost_value *a, const ost_value *b)
{
    for (size_t i = 0; i < u->count; i++) {
        const ost_value *x = &a[u->fields[i]], *y = &b[u->fields[i]];
        if (ev_is_null(x) || ev_is_null(y) || !ev_same(x, y))
            return false;
    }
    return u->count > 0;
}

bool ev_lives(const ev_schema *schema, const ost_value *cells)
{
    return schema->deleted == SIZE_MAX || ev_is_null(&cells[schema->deleted]);
}

size_t ev_find_row(const ev_table *t, const ost_value *cells)
{
    for (size_t i = 0; i < t->count; i++)
        if (conflict(&t->schema->unique[0], ev_row(t, i), cells))
            return i;
    return SIZE_MAX;
}

/* OST_CONFLICT if any two rows of the table have the same where they must not. */
static ost_status check_unique(const ev_table *t)
{
    for (size_t n = 0; n < t->schema->unique_count; n++) {
        const ev_unique *u = &t->schema->unique[n];
        for (size_t i = 0; i < t->count; i++)
            for (size_t j = 0; j < i && (!u->living || ev_lives(t->schema, ev_row(t, i))); j++)
                if ((!u->living || ev_lives(t->schema, ev_row(t, j))) &&
                    conflict(u, ev_row(t, i), ev_row(t, j)))
                    return OST_CONFLICT;
    }
    return OST_OK;
}

ost_status ev_insert(ev_store *store, size_t table, const ost_value *cells)
{
    ev_table *t = &store->tables[table];
    size_t fields = t->schema->field_count;
    if (t->count == t->capacity) {
        ost_value *old = t->cells;
        t->capacity = t->capacity * 2 + 8;
        t->cells = ev_take_array(store->scratch, t->capacity * fields, sizeof *t->cells);
        if (t->count)
            memcpy(t->cells, old, t->count * fields * sizeof *t->cells);
    }
    memcpy(ev_row(t, t->count), cells, fields * sizeof *cells);
    t->count++;
    if (check_unique(t) != OST_OK) {
        t->count--;
        return OST_CONFLICT;
    }
    return OST_OK;
}

ost_status ev_overwrite(ev_store *store, size_t table, size_t row, const ost_value *cells,
                        const bool *which)
{
    ev_table *t = &store->tables[table];
    size_t fields = t->schema->field_count;
    ost_value *now = ev_row(t, row);
    ost_value *before = ev_copy(store->scratch, now, fields * sizeof *now);
    for (size_t i = 0; i < fields; i++)
        if (which[i])
            now[i] = cells[i];
    if (check_unique(t) != OST_OK) {
        memcpy(now, before, fields * sizeof *now);
        return OST_CONFLICT;
    }
    return OST_OK;
}

void ev_delete_row(ev_store *store, size_t table, size_t row)
{
    ev_table *t = &store->tables[table];
    size_t size = t->schema->field_count * sizeof *t->cells;
    t->count--;
    memmove(ev_row(t, row), ev_row(t, row + 1), (t->count - row) * size);
}

ost_status ev_stamp(ev_store *store, size_t table, const bool *rows, ost_value when)
{
    ev_table *t = &store->tables[table];
    ev_store before = ev_store_copy(store);
    for (size_t i = 0; i < t->count; i++)
        if (rows[i])
            ev_row(t, i)[t->schema->deleted] = when;
    if (check_unique(t) == OST_OK)
        return OST_OK;
    *store = before;
    return OST_CONFLICT;
}

/* ---- updates ---- */

static ost_status increment(const ev_field *f, ost_value *cell, const ost_value *by)
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

static ost_status apply(const ev_schema *schema, const ost_expr *change, ost_value *row)
{
    size_t i = ev_field_named(schema, change->member.path);
    switch (change->op) {
    case OST_OP_SET: row[i] = change->value; return ev_fit(&schema->fields[i], &row[i]);
    case OST_OP_SET_NULL: row[i] = ev_null(); return ev_fit(&schema->fields[i], &row[i]);
    case OST_OP_INC: return increment(&schema->fields[i], &row[i], &change->value);
    default: abort();
    }
}

static bool twice(const ost_expr *const *changes)
{
    for (size_t i = 0; changes[i]->op != OST_OP_END; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(changes[i]->member.path, changes[j]->member.path) == 0)
                return true;
    return false;
}

ost_status ev_update(ev_store *store, size_t table, const bool *rows,
                     const ost_expr *const *changes)
{
    ev_table *t = &store->tables[table];
    ev_store before = ev_store_copy(store);
    ost_status status = OST_OK;
    if (twice(changes))
        return OST_MISUSE;
    for (size_t r = 0; r < t->count && status == OST_OK; r++)
        for (size_t c = 0; rows[r] && changes[c]->op != OST_OP_END && status == OST_OK; c++)
            status = apply(t->schema, changes[c], ev_row(t, r));
    if (status == OST_OK)
        status = check_unique(t);
    if (status != OST_OK)
        *store = before;
    return status;
}
