/* SPDX-License-Identifier: MIT */
/* Upserts: the row that has a key is changed, or there is one more. */
#include "evaluator.h"

#include <string.h>

size_t ev_find_by(const ev_table *t, const ev_unique *key, const ost_value *cells)
{
    for (size_t r = 0; r < t->count; r++) {
        const ost_value *row = ev_row(t, r);
        bool same = !key->living || ev_lives(t->schema, row);
        for (size_t i = 0; same && i < key->count; i++) {
            const ost_value *a = &row[key->fields[i]], *b = &cells[key->fields[i]];
            same = !ev_is_null(a) && !ev_is_null(b) && ev_same(a, b);
        }
        if (same)
            return r;
    }
    return SIZE_MAX;
}

/* What becomes of a member of the row. */
static ost_status act(const ev_field *f, ev_action action, ost_value *cell, const ost_value *given)
{
    switch (action) {
    case EV_SET: *cell = *given; return OST_OK;
    case EV_ADD: return ev_is_null(given) ? OST_OK : ev_increment(f, cell, given);
    case EV_FILL:
        /* A struct inside is there, whatever is in it. */
        if (!f->document && ev_is_null(cell))
            *cell = *given;
        return OST_OK;
    default: return OST_OK;
    }
}

ost_status ev_upsert(ev_store *store, size_t table, const ev_unique *key, const ev_action *actions,
                     const ost_value *cells, size_t *row, enum ost_effect *effect)
{
    ev_table *t = &store->tables[table];
    size_t fields = t->schema->field_count;
    ost_value *after;
    bool which[EV_FIELDS_MAX] = { false };
    *effect = OST_EFFECT_NONE;
    *row = ev_find_by(t, key, cells);
    if (*row == SIZE_MAX) {
        OST_TRY(ev_insert(store, table, cells));
        *row = t->count - 1;
        *effect = OST_EFFECT_INSERTED;
        return OST_OK;
    }
    after = ev_copy(store->scratch, ev_row(t, *row), fields * sizeof *after);
    *effect = OST_EFFECT_UNCHANGED;
    for (size_t i = 0; i < fields; i++) {
        OST_TRY(act(&t->schema->fields[i], actions[i], &after[i], &cells[i]));
        which[i] = true;
        if (!ev_same(&after[i], &ev_row(t, *row)[i]))
            *effect = OST_EFFECT_UPDATED;
    }
    return ev_overwrite(store, table, *row, after, which);
}
