/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <string.h>

enum { BATCH_MAX = 12 };

static size_t key_of(const ev_schema *schema)
{
    return schema->unique[0].fields[0];
}

bool key_is_generated(const ev_schema *schema)
{
    return schema->fields[key_of(schema)].generated;
}

/* Fills every member of a zeroed record. */
static void fill_record(world *w, const ev_schema *schema, void *record)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        ost_value v = random_cell(&w->rng, &schema->fields[i], &w->scratch);
        ev_write(&schema->fields[i], record, &v);
    }
}

void *new_record(world *w, const ev_schema *schema)
{
    void *record = ev_take(&w->scratch, record_size(schema));
    fill_record(w, schema, record);
    return record;
}

void set_key(const ev_schema *schema, void *record, int64_t key)
{
    ost_value v = ev_int(key);
    ev_write(&schema->fields[key_of(schema)], record, &v);
}

int64_t free_key(const world *w, size_t table)
{
    const ev_table *t = &w->store.tables[table];
    int64_t key = 1000;
    for (size_t i = 0; i < t->count; i++)
        if (ev_row(t, i)[key_of(t->schema)].as.integer >= key)
            key = ev_row(t, i)[key_of(t->schema)].as.integer + 1;
    return key;
}

ost_value *new_cells(world *w, size_t table, const void *record, int64_t key)
{
    const ev_schema *schema = &w->schemas[table];
    ost_value *cells = ev_cells(schema, record, &w->scratch);
    ost_value *own = &cells[key_of(schema)];
    if (key_is_generated(schema) && own->as.integer == 0)
        *own = ev_int(key);
    return cells;
}

void take_key(world *w, size_t table, const void *record, ost_value *cells)
{
    const ev_schema *schema = &w->schemas[table];
    size_t key = key_of(schema);
    if (!key_is_generated(schema))
        return;
    cells[key] = ev_read(&schema->fields[key], record, &w->scratch);
    if (cells[key].as.integer == 0)
        disagree(w, "no key was written back");
    else if (ev_find_row(&w->store.tables[table], cells) != SIZE_MAX)
        disagree(w, "the key %lld exists already", (long long)cells[key].as.integer);
}

static ost_status expect_insert(world *w, size_t table, const ost_value *cells)
{
    ev_store probe = ev_store_copy(&w->store);
    return expect_write(w, table, cells, NULL, ev_insert(&probe, table, cells));
}

void step_insert(world *w)
{
    size_t table = random_table(w);
    const ev_schema *schema = &w->schemas[table];
    void *record = new_record(w, schema);
    void *before = ev_copy(&w->scratch, record, record_size(schema));
    ost_value *cells = new_cells(w, table, record, free_key(w, table));
    ost_status expected = expect_insert(w, table, cells), status;
    say(w, "insert %s ", schema->model->name);
    say_cells(w, schema, ev_cells(schema, record, &w->scratch));
    say(w, "\n");
    status = ost_session_insert(w->session, schema->model, record_size(schema), record);
    if (!agree_status(w, expected, status))
        return;
    if (status != OST_OK) {
        if (memcmp(before, record, record_size(schema)) != 0)
            disagree(w, "a refused insert changed the record");
        return;
    }
    take_key(w, table, record, cells);
    (void)ev_insert(&w->store, table, cells);
}

void step_insert_new(world *w)
{
    size_t table = random_table(w);
    const ev_schema *schema = &w->schemas[table];
    void *record = ost_session_new(w->session, schema->model, record_size(schema));
    ost_value *cells;
    ost_status status;
    bool given;
    if (!agree_status(w, OST_OK, last_status(w, record)) || !record)
        return;
    fill_record(w, schema, record);
    given = ev_cells(schema, record, &w->scratch)[key_of(schema)].as.integer != 0;
    cells = new_cells(w, table, record, free_key(w, table));
    say(w, "insert a new %s ", schema->model->name);
    say_cells(w, schema, ev_cells(schema, record, &w->scratch));
    say(w, "\n");
    status = ost_session_insert(w->session, schema->model, record_size(schema), record);
    if (!agree_status(w, expect_insert(w, table, cells), status) || status != OST_OK)
        return;
    take_key(w, table, record, cells);
    (void)ev_insert(&w->store, table, cells);
    hold(w, table, record, NULL, cells);
    w->held[w->held_count - 1].made = key_is_generated(&w->schemas[table]) && !given;
}

static void fill_batch_record(world *w, size_t table, void *record, bool given)
{
    const ev_schema *schema = &w->schemas[table];
    memset(record, 0, record_size(schema));
    fill_record(w, schema, record);
    if (key_is_generated(schema))
        set_key(schema, record, given ? random_given_key(&w->rng) : 0);
}

typedef struct batch {
    char *records;
    ost_value *cells[BATCH_MAX];
    size_t count;
    ost_status expected;
    bool refused; /* for what the backend cannot keep */
} batch;

/* The first failure of a batch: of the records in their order, or of what is found in all of them
 * before the first is sent. */
static void note_failure(const world *w, batch *b, ost_status status, bool kept)
{
    if (!kept && (b->expected == OST_OK || !w->limits->record_by_record)) {
        b->expected = OST_RANGE;
        b->refused = true;
    } else if (b->expected == OST_OK) {
        b->expected = status;
    }
}

/*
 * Either all keys are generated or none: what the database makes of a mixture depends on the order.
 * `peaceful`: a record that conflicts is made again.
 */
static void new_batch(world *w, size_t table, size_t count, bool peaceful, batch *b)
{
    const ev_schema *schema = &w->schemas[table];
    size_t size = record_size(schema);
    bool given = rng_chance(&w->rng, 15);
    int64_t key = free_key(w, table);
    ev_store probe = ev_store_copy(&w->store);
    b->records = ev_take_array(&w->scratch, count + 1, size);
    b->count = 0;
    b->expected = OST_OK;
    b->refused = false;
    while (b->count < count) {
        char *record = b->records + b->count * size;
        ost_status status = OST_CONFLICT;
        bool kept = false;
        for (int tries = 0; (status != OST_OK || !kept) && tries < (peaceful ? 20 : 1); tries++) {
            fill_batch_record(w, table, record, given);
            b->cells[b->count] = new_cells(w, table, record, key + (int64_t)b->count);
            kept = keeps_all(w, table, b->cells[b->count], NULL);
            status = kept || !peaceful ? ev_insert(&probe, table, b->cells[b->count]) : OST_RANGE;
        }
        if (peaceful && (status != OST_OK || !kept))
            break;
        note_failure(w, b, status, kept);
        b->count++;
    }
}

static void insert_batch(world *w, size_t table, batch *b)
{
    const ev_schema *schema = &w->schemas[table];
    size_t size = record_size(schema);
    bool refused = b->refused && w->doomed == OST_OK;
    ost_status expected = refused ? OST_RANGE : after_doom(w, b->expected), status;
    say(w, "insert %zu %s\n", b->count, schema->model->name);
    for (size_t i = 0; i < b->count; i++) {
        say(w, "      ");
        say_cells(w, schema, b->cells[i]);
        say(w, "\n");
    }
    status = ost_session_insert_many(w->session, schema->model, size, b->records, b->count);
    if (refused)
        ask_for_doom(w);
    if (!agree_status(w, expected, status) || status != OST_OK)
        return;
    for (size_t i = 0; i < b->count && !w->failed; i++) {
        take_key(w, table, b->records + i * size, b->cells[i]);
        (void)ev_insert(&w->store, table, b->cells[i]);
    }
}

void step_insert_many(world *w)
{
    size_t table = random_table(w), count = rng_below(&w->rng, BATCH_MAX);
    batch b;
    new_batch(w, table, count, false, &b);
    if (b.count > 0 || w->doomed == OST_OK)
        insert_batch(w, table, &b);
}

void step_fill(world *w)
{
    size_t table = random_table(w), count = BATCH_MAX / 2 + rng_below(&w->rng, BATCH_MAX / 2);
    batch b;
    new_batch(w, table, count, true, &b);
    insert_batch(w, table, &b);
}

/* ---- reading ---- */

/* The key of a row, or of none. */
static void random_key_values(world *w, size_t table, ost_value *key)
{
    const ev_table *t = &w->store.tables[table];
    const ev_unique *u = &t->schema->unique[0];
    size_t row = rng_below(&w->rng, t->count);
    for (size_t i = 0; i < u->count; i++) {
        const ev_field *f = &t->schema->fields[u->fields[i]];
        key[i] = t->count > 0 && rng_chance(&w->rng, 75) ? ev_row(t, row)[u->fields[i]]
                                                         : random_present(&w->rng, f);
        if (f->generated && key[i].as.integer == 0)
            key[i] = ev_int(999);
    }
}

static size_t row_with_key(world *w, size_t table, const ost_value *key)
{
    const ev_schema *schema = &w->schemas[table];
    ost_value *cells = ev_take_array(&w->scratch, schema->field_count, sizeof *cells);
    for (size_t i = 0; i < schema->unique[0].count; i++)
        cells[schema->unique[0].fields[i]] = key[i];
    return ev_find_row(&w->store.tables[table], cells);
}

void agree_record(world *w, size_t table, const void *record, size_t row)
{
    asked a;
    ev_rows expected;
    memset(&a, 0, sizeof a);
    memset(&expected, 0, sizeof expected);
    a.ordered = true;
    expected.schema = &w->schemas[table];
    expected.count = 1;
    expected.cells = ev_row(&w->store.tables[table], row);
    for (size_t i = 0; i < expected.schema->field_count; i++)
        expected.selected[i] = true;
    agree_rows(w, &a, &expected, cells_of(w, &expected, record, 1), 1);
}

void step_get(world *w)
{
    size_t table = random_table(w), row;
    const ev_schema *schema = &w->schemas[table];
    ost_value key[EV_KEYS_MAX];
    ost_status expected;
    bool with_deleted = rng_chance(&w->rng, 25);
    void *record;
    random_key_values(w, table, key);
    row = row_with_key(w, table, key);
    say(w, "get %s%s ", schema->model->name, with_deleted ? " with deleted" : "");
    for (size_t i = 0; w->trace && i < schema->unique[0].count; i++)
        ev_print(w->trace, &key[i]);
    say(w, "\n");
    expected =
        row != SIZE_MAX && (with_deleted || ev_lives(schema, ev_row(&w->store.tables[table], row)))
            ? OST_OK
            : OST_NOT_FOUND;
    if (w->doomed != OST_OK)
        expected = w->doomed;
    record = (with_deleted ? ost_session_get_with_deleted : ost_session_get)(
        w->session, schema->model, record_size(schema), key, schema->unique[0].count);
    if (!agree_status(w, expected, last_status(w, record)) || !record)
        return;
    agree_record(w, table, record, row);
    hold(w, table, record, NULL, ev_row(&w->store.tables[table], row));
}

/* Each row once, in the order in which the keys name it first. */
static size_t expect_many(world *w, size_t table, const int64_t *keys, size_t count,
                          ost_value *cells)
{
    const ev_table *t = &w->store.tables[table];
    size_t fields = t->schema->field_count, found = 0;
    bool *taken = ev_take_array(&w->scratch, t->count + 1, sizeof *taken);
    for (size_t i = 0; i < count; i++) {
        const ost_value key = ev_int(keys[i]);
        size_t row = row_with_key(w, table, &key);
        if (row == SIZE_MAX || taken[row] || !ev_lives(t->schema, ev_row(t, row)))
            continue;
        taken[row] = true;
        memcpy(cells + found++ * fields, ev_row(t, row), fields * sizeof *cells);
    }
    return found;
}

void step_get_many(world *w)
{
    size_t table = random_table(w), count = rng_below(&w->rng, BATCH_MAX), found = 77;
    const ev_schema *schema = &w->schemas[table];
    bool composite = schema->unique[0].count > 1;
    int64_t keys[BATCH_MAX];
    asked a = { .ordered = true };
    ev_rows expected = { .schema = schema };
    void *records;
    say(w, "get many %s", schema->model->name);
    for (size_t i = 0; i < count; i++) {
        ost_value key[EV_KEYS_MAX];
        random_key_values(w, table, key);
        keys[i] = composite ? 1 : key[0].as.integer;
        say(w, " %lld", (long long)keys[i]);
    }
    say(w, "\n");
    expected.cells =
        ev_take_array(&w->scratch, (BATCH_MAX + 1) * schema->field_count, sizeof *expected.cells);
    expected.count = composite ? 0 : expect_many(w, table, keys, count, expected.cells);
    for (size_t i = 0; i < schema->field_count; i++)
        expected.selected[i] = true;
    records = ost_session_get_many(w->session, schema->model, record_size(schema), keys, count,
                                   sizeof keys[0], OST_TYPE_INT64, &found);
    if (!agree_status(w,
                      w->doomed != OST_OK ? w->doomed
                      : composite         ? OST_UNSUPPORTED
                                          : OST_OK,
                      last_status(w, records)) ||
        !records)
        return;
    agree_rows(w, &a, &expected, cells_of(w, &expected, records, found), found);
    for (size_t i = 0; i < found && w->held_count < HELD_MAX; i++)
        if (rng_chance(&w->rng, 30))
            hold(w, table, (char *)records + i * record_size(schema), NULL,
                 expected.cells + i * schema->field_count);
}

void step_find(world *w)
{
    asked a;
    ev_rows rows;
    ost_status expected;
    const ev_schema *schema;
    void *record;
    ask_records(w, &a, random_table(w));
    a.query.among = EV_LIVING;
    schema = &w->schemas[a.query.table];
    if (rng_chance(&w->rng, 60)) {
        ost_value key[EV_KEYS_MAX];
        random_key_values(w, a.query.table, key);
        a.query.where_count = schema->unique[0].count;
        for (size_t i = 0; i < schema->unique[0].count; i++)
            a.where[i] = a.query.where[i] =
                make_compare(w, OST_OP_EQ, schema, schema->unique[0].fields[i], key[i]);
    }
    if (a.query.where_count == 0)
        return;
    say_query(w, "find", &a);
    (void)ev_select(&w->store, &a.query, &rows);
    expected = rows.count == 0 ? OST_NOT_FOUND : rows.count > 1 ? OST_RANGE : OST_OK;
    if (w->doomed != OST_OK)
        expected = w->doomed;
    record = ost_session_find(w->session, schema->model, record_size(schema),
                              make_list(w, a.where, a.query.where_count));
    if (!agree_status(w, expected, last_status(w, record)) || !record)
        return;
    agree_rows(w, &a, &rows, cells_of(w, &rows, record, 1), 1);
    hold(w, a.query.table, record, NULL, rows.cells);
}

/* ---- replacing ---- */

void *record_with_key(world *w, size_t table)
{
    const ev_schema *schema = &w->schemas[table];
    void *record = new_record(w, schema);
    ost_value key[EV_KEYS_MAX];
    random_key_values(w, table, key);
    for (size_t i = 0; i < schema->unique[0].count; i++)
        ev_write(&schema->fields[schema->unique[0].fields[i]], record, &key[i]);
    return record;
}

void step_replace(world *w)
{
    size_t table = random_table(w), row;
    const ev_schema *schema = &w->schemas[table];
    void *record = record_with_key(w, table);
    ost_value *cells = ev_cells(schema, record, &w->scratch);
    bool all[EV_FIELDS_MAX];
    ev_store probe = ev_store_copy(&w->store);
    ost_status expected = OST_NOT_FOUND, status;
    for (size_t i = 0; i < EV_FIELDS_MAX; i++)
        all[i] = true;
    row = ev_find_row(&w->store.tables[table], cells);
    if (row != SIZE_MAX && ev_lives(schema, ev_row(&w->store.tables[table], row)))
        expected = ev_overwrite(&probe, table, row, cells, all);
    expected = expect_write(w, table, cells, NULL, expected);
    say(w, "replace %s ", schema->model->name);
    say_cells(w, schema, cells);
    say(w, "\n");
    status = ost_session_replace(w->session, schema->model, record_size(schema), record);
    if (agree_status(w, expected, status) && status == OST_OK)
        (void)ev_overwrite(&w->store, table, row, cells, all);
}
