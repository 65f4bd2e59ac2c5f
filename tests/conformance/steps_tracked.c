/* SPDX-License-Identifier: MIT */
/* Steps about records that the session tracks: loaded, changed, sorted, saved, loaded anew. */
#include "program.h"

#include <string.h>

enum { LENT_MAX = 8, LENT_SIZE = 64 };

/* Buffers that a changed member points into until it is saved; they are overwritten afterwards. */
typedef struct lent {
    char *buffers[LENT_MAX];
    size_t sizes[LENT_MAX];
    char with[LENT_MAX]; /* what they are overwritten with */
    size_t count;
} lent;

void hold(world *w, size_t table, void *record, const bool *loaded, const ost_value *stored)
{
    size_t fields = w->schemas[table].field_count;
    held *h;
    if (w->held_count == HELD_MAX)
        forget_held(w, rng_below(&w->rng, HELD_MAX));
    h = &w->held[w->held_count++];
    memset(h, 0, sizeof *h);
    h->table = table;
    h->record = record;
    h->whole = !loaded;
    h->depth = w->depth;
    for (size_t i = 0; i < fields; i++)
        h->loaded[i] = !loaded || loaded[i];
    for (size_t d = 0; d <= DEPTH_MAX; d++)
        h->stored[d] = ev_copy(&w->scratch, stored, fields * sizeof *stored);
}

void forget_held(world *w, size_t i)
{
    w->held[i] = w->held[--w->held_count];
}

static ost_value lend(world *w, lent *l, ost_value v)
{
    const bool is_list = v.type == OST_TYPE_LIST;
    const char *text = v.type == OST_TYPE_JSON ? v.as.json.text : v.as.text;
    size_t size = LENT_SIZE;
    char *buffer;
    if ((v.type != OST_TYPE_TEXT && v.type != OST_TYPE_JSON && !is_list) || l->count == LENT_MAX)
        return v;
    if (is_list)
        size = ev_list_of(&v)->count * ev_list_of(&v)->schema->size + 1;
    buffer = ev_take(&w->scratch, size);
    l->buffers[l->count] = buffer;
    l->sizes[l->count] = size - 1;
    l->with[l->count++] = is_list ? '\0' : '#';
    if (is_list) {
        ev_list *list = ev_copy(&w->scratch, ev_list_of(&v), sizeof *list);
        list->items = memcpy(buffer, list->items, size - 1);
        v.as.blob.data = list;
        return v;
    }
    (void)snprintf(buffer, size, "%s", text);
    if (v.type == OST_TYPE_JSON)
        v.as.json.text = buffer;
    else
        v.as.text = buffer;
    return v;
}

static void take_back(const lent *l)
{
    for (size_t i = 0; i < l->count; i++)
        memset(l->buffers[i], l->with[i], l->sizes[i]);
}

/* Changes some members in place, also ones that were not loaded. */
static void change(world *w, held *h, lent *l)
{
    const ev_schema *schema = &w->schemas[h->table];
    size_t changes = rng_below(&w->rng, 4);
    for (size_t n = 0; n < changes; n++) {
        size_t i = rng_below(&w->rng, schema->field_count);
        const ev_field *f = &schema->fields[i];
        ost_value v;
        if (f->key)
            continue;
        v = lend(w, l, random_cell(&w->rng, f, &w->scratch));
        say(w, "      %s := ", f->name);
        if (w->trace)
            ev_print(w->trace, &v);
        say(w, "\n");
        ev_write(f, h->record, &v);
    }
}

/* The members that were loaded and differ from what is stored. */
static bool differing(world *w, const held *h, const ost_value *cells, bool *which)
{
    const ev_schema *schema = &w->schemas[h->table];
    bool any = false;
    memset(which, 0, EV_FIELDS_MAX * sizeof *which);
    for (size_t i = 0; i < schema->field_count; i++) {
        which[i] = h->loaded[i] && !ev_same(&cells[i], &h->stored[w->depth][i]);
        any |= which[i];
    }
    widen_to_documents(schema, which);
    return any;
}

void note_part(const world *w, held *h, const asked *a)
{
    const ev_schema *schema = &w->schemas[h->table];
    size_t deleted = schema->deleted;
    h->whole = a->query.select_count == 0;
    /* Documents are saved as wholes, or not at all. */
    for (size_t i = 0; i < a->query.select_count; i++) {
        size_t field = ev_find_field(schema, a->query.selects[i]->member.path);
        if (field != SIZE_MAX && schema->fields[field].document)
            h->loaded[field] = false;
    }
    h->mixed = a->query.among == EV_WITH_DELETED;
    if (deleted == SIZE_MAX || h->loaded[deleted])
        h->mixed = false;
    else
        h->stored[w->depth][deleted] = ev_null();
}

/* Whether the library must take it for a record that is not deleted. */
static bool was_living(const world *w, const held *h)
{
    return ev_lives(&w->schemas[h->table], h->stored[w->depth]);
}

/* The row that a save or reload of the record meets; SIZE_MAX: none. */
static size_t row_of_held(const world *w, const held *h, const ost_value *cells, bool reload)
{
    const ev_table *t = &w->store.tables[h->table];
    size_t row = ev_find_row(t, cells);
    bool any = was_living(w, h) ? h->mixed : reload;
    if (row == SIZE_MAX || any || ev_lives(t->schema, ev_row(t, row)) == was_living(w, h))
        return row;
    return SIZE_MAX;
}

static void save(world *w, held *h, lent *l)
{
    const ev_schema *schema = &w->schemas[h->table];
    ost_value *cells = ev_cells(schema, h->record, &w->scratch);
    bool which[EV_FIELDS_MAX];
    ev_store probe = ev_store_copy(&w->store);
    size_t row = row_of_held(w, h, cells, false);
    ost_status expected = OST_OK, status;
    bool any = differing(w, h, cells, which);
    if (any)
        expected = row == SIZE_MAX ? OST_STALE : ev_overwrite(&probe, h->table, row, cells, which);
    else if (w->doomed != OST_OK)
        return;
    expected = expect_write(w, h->table, cells, which, expected);
    say(w, "      save %s %s\n", schema->model->name, any ? "" : "unchanged");
    status = ost_session_save(w->session, schema->model, record_size(schema), h->record);
    if (!agree_status(w, expected, status) || status != OST_OK)
        return;
    if (any)
        (void)ev_overwrite(&w->store, h->table, row, cells, which);
    for (size_t i = 0; i < schema->field_count; i++)
        if (which[i])
            h->stored[w->depth][i] = cells[i];
    take_back(l);
    for (size_t i = 0; i < schema->field_count && !w->failed; i++) {
        ost_value now = ev_read(&schema->fields[i], h->record, &w->scratch);
        if (which[i] && !ev_same(&now, &cells[i]))
            disagree(w, "after the save %s points into the program's buffer",
                     schema->fields[i].name);
    }
}

static void shuffle(world *w, char *records, size_t count, size_t size, ost_value *cells,
                    size_t fields)
{
    void *record = ev_take(&w->scratch, size);
    ost_value *row = ev_take_array(&w->scratch, fields, sizeof *row);
    for (size_t i = count; i > 1; i--) {
        size_t j = rng_below(&w->rng, i);
        memcpy(record, records + (i - 1) * size, size);
        memmove(records + (i - 1) * size, records + j * size, size);
        memcpy(records + j * size, record, size);
        memcpy(row, cells + (i - 1) * fields, fields * sizeof *row);
        memmove(cells + (i - 1) * fields, cells + j * fields, fields * sizeof *row);
        memcpy(cells + j * fields, row, fields * sizeof *row);
    }
}

void step_load_and_save(world *w)
{
    asked a;
    ev_rows rows;
    size_t count, size, fields;
    char *records;
    ask_records(w, &a, random_table(w));
    if (rng_chance(&w->rng, 40))
        random_part(w, &a);
    complete_order(w, &a);
    a.own_orders = a.query.order_count;
    say_query(w, "load, change and save", &a);
    (void)ev_select(&w->store, &a.query, &rows);
    size = record_size(a.query.result);
    fields = a.query.result->field_count;
    records = ost_query_all(build_query(w, &a), a.query.result->model, size, &count);
    if (!agree_status(w, w->doomed, last_status(w, records)) || !records)
        return;
    agree_rows(w, &a, &rows, cells_of(w, &rows, records, count), count);
    if (rng_chance(&w->rng, 50)) {
        say(w, "      shuffled\n");
        shuffle(w, records, count, size, rows.cells, fields);
    }
    for (size_t i = 0; i < count && !w->failed; i++) {
        lent l = { .count = 0 };
        if (rng_chance(&w->rng, 50))
            continue;
        hold(w, a.query.table, records + i * size, rows.selected, rows.cells + i * fields);
        note_part(w, &w->held[w->held_count - 1], &a);
        say(w, "    row %zu\n", i);
        change(w, &w->held[w->held_count - 1], &l);
        save(w, &w->held[w->held_count - 1], &l);
        if (w->doomed != OST_OK)
            return;
    }
}

/* ---- many at once ---- */

/* A record that is to be saved among others. */
typedef struct saving {
    held record;
    ost_value *cells;
    bool any, done;
    bool which[EV_FIELDS_MAX];
} saving;

/* Records of which the same members differ are written together, in the order of the first. */
static ost_status save_in_groups(const world *w, saving *all, size_t count, ev_store *store,
                                 bool *refused)
{
    ost_status status = OST_OK;
    for (size_t first = 0; first < count; first++)
        for (size_t i = first; i < count && status == OST_OK; i++) {
            saving *s = &all[i];
            if (s->done || !s->any || memcmp(s->which, all[first].which, sizeof s->which) != 0 ||
                was_living(w, &s->record) != was_living(w, &all[first].record))
                continue;
            s->done = true;
            *refused = !keeps_all(w, s->record.table, s->cells, s->which);
            if (*refused)
                return OST_RANGE;
            status = ev_overwrite(store, s->record.table,
                                  ev_find_row(&store->tables[s->record.table], s->cells), s->cells,
                                  s->which);
        }
    return status;
}

static void save_all(world *w, const asked *a, char *records, const ev_rows *rows, size_t count)
{
    const ev_schema *schema = a->query.result;
    size_t size = record_size(schema);
    saving *all = ev_take_array(&w->scratch, count + 1, sizeof *all);
    ev_store probe = ev_store_copy(&w->store);
    lent l = { .count = 0 };
    ost_status expected, status;
    bool refused = false;
    for (size_t i = 0; i < count; i++) {
        held *h = &all[i].record;
        h->table = a->query.table;
        h->record = records + i * size;
        memcpy(h->loaded, rows->selected, sizeof h->loaded);
        h->stored[w->depth] = rows->cells + i * schema->field_count;
        note_part(w, h, a);
        say(w, "    row %zu\n", i);
        if (rng_chance(&w->rng, 60))
            change(w, h, &l);
        all[i].cells = ev_cells(schema, h->record, &w->scratch);
        all[i].any = differing(w, h, all[i].cells, all[i].which);
    }
    expected = save_in_groups(w, all, count, &probe, &refused);
    for (size_t i = 0; i < count && !w->limits->record_by_record && !refused; i++)
        refused = all[i].any && !keeps_all(w, a->query.table, all[i].cells, all[i].which);
    refused &= w->doomed == OST_OK;
    expected = refused ? OST_RANGE : after_doom(w, expected);
    status = ost_session_save_many(w->session, schema->model, size, records, count);
    if (refused)
        ask_for_doom(w);
    if (agree_status(w, expected, status) && status == OST_OK)
        w->store = probe;
    take_back(&l);
    for (size_t i = 0; i < count && status == OST_OK && !w->failed; i++)
        for (size_t f = 0; f < schema->field_count; f++) {
            ost_value now = ev_read(&schema->fields[f], all[i].record.record, &w->scratch);
            if (all[i].which[f] && !ev_same(&now, &all[i].cells[f]))
                disagree(w, "after the save of many %s points into the program's buffer",
                         schema->fields[f].name);
        }
}

void step_save_many(world *w)
{
    asked a;
    ev_rows rows;
    size_t count, size;
    char *records;
    ask_records(w, &a, random_table(w));
    if (rng_chance(&w->rng, 40))
        random_part(w, &a);
    complete_order(w, &a);
    a.own_orders = a.query.order_count;
    say_query(w, "load, change and save many", &a);
    (void)ev_select(&w->store, &a.query, &rows);
    size = record_size(a.query.result);
    records = ost_query_all(build_query(w, &a), a.query.result->model, size, &count);
    if (!agree_status(w, w->doomed, last_status(w, records)) || !records)
        return;
    agree_rows(w, &a, &rows, cells_of(w, &rows, records, count), count);
    if (rng_chance(&w->rng, 50)) {
        say(w, "      shuffled\n");
        shuffle(w, records, count, size, rows.cells, a.query.result->field_count);
    }
    if (!w->failed)
        save_all(w, &a, records, &rows, count);
}

void step_save_held(world *w)
{
    held *h = &w->held[rng_below(&w->rng, w->held_count)];
    lent l = { .count = 0 };
    if (w->held_count == 0)
        return;
    say(w, "change and save a held %s ", w->schemas[h->table].model->name);
    say_cells(w, &w->schemas[h->table], h->stored[w->depth]);
    say(w, "\n");
    change(w, h, &l);
    save(w, h, &l);
}

void step_reload(world *w)
{
    size_t i = rng_below(&w->rng, w->held_count), row;
    held *h = &w->held[i];
    const ev_schema *schema;
    ost_value *cells;
    ost_status expected, status;
    if (w->held_count == 0 || !h->whole)
        return;
    schema = &w->schemas[h->table];
    cells = ev_cells(schema, h->record, &w->scratch);
    row = row_of_held(w, h, cells, true);
    expected = after_doom(w, row == SIZE_MAX ? OST_NOT_FOUND : OST_OK);
    say(w, "reload a held %s\n", schema->model->name);
    status = ost_session_reload(w->session, schema->model, record_size(schema), h->record);
    if (!agree_status(w, expected, status) || status != OST_OK)
        return;
    h->stored[w->depth] = ev_copy(&w->scratch, ev_row(&w->store.tables[h->table], row),
                                  schema->field_count * sizeof *cells);
    cells = ev_cells(schema, h->record, &w->scratch);
    for (size_t f = 0; f < schema->field_count && !w->failed; f++)
        if (!ev_identical(&cells[f], &h->stored[w->depth][f]))
            disagree(w, "after the reload %s differs", schema->fields[f].name);
}
