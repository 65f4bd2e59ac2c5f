/* SPDX-License-Identifier: MIT */
#include "evaluator.h"

#include <stdlib.h>
#include <string.h>

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
static bool conflict(const ev_schema *schema, const ev_unique *u, const ost_value *a,
                     const ost_value *b, ev_scratch *scratch)
{
    for (size_t i = 0; i < u->count; i++) {
        const ev_field *f = &schema->fields[u->fields[i]];
        const ost_value x = ev_compared(f, &a[u->fields[i]], scratch);
        const ost_value y = ev_compared(f, &b[u->fields[i]], scratch);
        if (ev_is_null(&x) || ev_is_null(&y) || !ev_same(&x, &y))
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
        if (conflict(t->schema, &t->schema->unique[0], ev_row(t, i), cells,
                     NULL)) /* keys are exact */
            return i;
    return SIZE_MAX;
}

ost_status ev_check_unique(const ev_table *t, ev_scratch *scratch)
{
    for (size_t n = 0; n < t->schema->unique_count; n++) {
        const ev_unique *u = &t->schema->unique[n];
        for (size_t i = 0; i < t->count; i++)
            for (size_t j = 0; j < i && (!u->living || ev_lives(t->schema, ev_row(t, i))); j++)
                if ((!u->living || ev_lives(t->schema, ev_row(t, j))) &&
                    conflict(t->schema, u, ev_row(t, i), ev_row(t, j), scratch))
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
    if (ev_check_unique(t, store->scratch) != OST_OK) {
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
    if (ev_check_unique(t, store->scratch) != OST_OK) {
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
    if (ev_check_unique(t, store->scratch) == OST_OK)
        return OST_OK;
    *store = before;
    return OST_CONFLICT;
}
