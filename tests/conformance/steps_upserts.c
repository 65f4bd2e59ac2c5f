/* SPDX-License-Identifier: MIT */
/* Steps that store a record, or change or find the one that has its key. */
#include "program.h"

#include <string.h>

enum { BATCH_MAX = 6 };

/* How records are met, and what becomes of those that are there. */
typedef struct plan {
    size_t table;
    const ev_schema *schema;
    const ev_unique *key;
    ev_action actions[EV_FIELDS_MAX];
    ost_upsert_options options;
    bool adds;
} plan;

static bool is_in_key(const ev_unique *key, size_t field)
{
    for (size_t i = 0; i < key->count; i++)
        if (key->fields[i] == field)
            return true;
    return false;
}

/* What every action for the member is about: a struct inside stands for all its members. */
static const char *subject_of(const ev_field *f)
{
    return f->document ? f->document : f->name;
}

static const ost_expr *make_action(world *w, const plan *p, uint16_t op, size_t field)
{
    const ev_field *f = &p->schema->fields[field];
    return f->document ? make_part(w, op, p->schema, f->document)
                       : make_unary(w, op, p->schema, field);
}

static ev_action random_action(world *w, const plan *p, size_t field)
{
    if (can_increment(p->schema, field) && !p->schema->fields[field].document &&
        rng_chance(&w->rng, 60))
        return EV_ADD;
    return (ev_action[]){ EV_SET, EV_KEEP, EV_FILL }[rng_below(&w->rng, 3)];
}

static void random_actions(world *w, plan *p)
{
    static const uint16_t operators[] = { OST_OP_SET, OST_OP_KEEP, OST_OP_INC, OST_OP_FILL };
    static const char *const words[] = { "set", "keep", "add", "fill" };
    const ost_expr *list[CHANGES_MAX];
    bool seen[EV_FIELDS_MAX] = { false };
    size_t count = 0, wanted = rng_below(&w->rng, CHANGES_MAX);
    for (size_t tries = 0; count < wanted && tries < 9; tries++) {
        size_t field = rng_below(&w->rng, p->schema->field_count);
        const ev_field *f = &p->schema->fields[field];
        ev_action action = random_action(w, p, field);
        if (seen[field] || f->key || f->deletion || is_in_key(p->key, field))
            continue;
        list[count++] = make_action(w, p, operators[action], field);
        say(w, "      %s %s\n", words[action], subject_of(f));
        p->adds |= action == EV_ADD;
        for (size_t i = 0; i < p->schema->field_count; i++)
            if (strcmp(subject_of(&p->schema->fields[i]), subject_of(f)) == 0) {
                seen[i] = true;
                p->actions[i] = action;
            }
    }
    p->options.actions = count > 0 || rng_chance(&w->rng, 30) ? make_list(w, list, count) : NULL;
}

static const ost_expr *const *key_list(world *w, const plan *p)
{
    const ost_expr *members[EV_KEYS_MAX];
    size_t count = p->key->count, first = rng_below(&w->rng, count);
    for (size_t i = 0; i < count; i++)
        members[i] = make_member(w, p->schema, p->key->fields[(first + i) % count]);
    return make_list(w, members, count);
}

static void random_plan(world *w, plan *p, const char *what)
{
    memset(p, 0, sizeof *p);
    p->table = random_table(w);
    p->schema = &w->schemas[p->table];
    p->key = &p->schema->unique[rng_below(&w->rng, p->schema->unique_count)];
    p->options.struct_size = sizeof p->options;
    p->options.keep = rng_chance(&w->rng, 20);
    if (p->key != &p->schema->unique[0] || rng_chance(&w->rng, 40))
        p->options.key = key_list(w, p);
    say(w, "%s %s by", what, p->schema->model->name);
    for (size_t i = 0; i < p->key->count; i++)
        say(w, " %s", p->schema->fields[p->key->fields[i]].name);
    say(w, "%s\n", p->options.keep ? ", keeping" : "");
}

/* What the options say of members without an action. */
static void plan_actions(world *w, plan *p)
{
    for (size_t i = 0; i < p->schema->field_count; i++) {
        const ev_field *f = &p->schema->fields[i];
        bool kept = f->key || f->deletion || is_in_key(p->key, i) || p->options.keep;
        p->actions[i] = kept ? EV_KEEP : EV_SET;
    }
    random_actions(w, p);
}

/* A stored cell as a record may have it: what a list was read from may be another by now. */
static ost_value fresh(world *w, const ev_field *f, ost_value v)
{
    if (f->type != OST_TYPE_LIST || ev_is_null(&v))
        return v;
    const ev_list *list = ev_list_of(&v);
    size_t fields = list->schema->field_count;
    ost_value *cells = ev_take_array(&w->scratch, list->count * fields + 1, sizeof *cells);
    for (size_t i = 0; i < list->count * fields; i++)
        cells[i] = fresh(w, &list->schema->fields[i % fields], list->cells[i]);
    return ev_list_value(f, cells, list->count, &w->scratch);
}

/* A record with the key of a row, or of none; now and then the whole row. */
static void *record_to_meet(world *w, const plan *p, void *record)
{
    const ev_table *t = &w->store.tables[p->table];
    size_t at = rng_below(&w->rng, t->count);
    bool near = t->count > 0 && rng_chance(&w->rng, 70), like = near && rng_chance(&w->rng, 30);
    const ost_value *row = near ? ev_row(t, at) : NULL;
    memcpy(record, new_record(w, p->schema), record_size(p->schema));
    for (size_t i = 0; near && i < p->schema->field_count; i++)
        if (like || is_in_key(p->key, i) || rng_chance(&w->rng, 10)) {
            ost_value v = fresh(w, &p->schema->fields[i], row[i]);
            ev_write(&p->schema->fields[i], record, &v);
        }
    if (like && rng_chance(&w->rng, 50)) {
        size_t i = rng_below(&w->rng, p->schema->field_count);
        ost_value v = random_cell(&w->rng, &p->schema->fields[i], &w->scratch);
        if (!p->schema->fields[i].key)
            ev_write(&p->schema->fields[i], record, &v);
    }
    return record;
}

/* Whether the record says by what it is met; among the living only one that lives is met. */
static bool has_key(const plan *p, const ost_value *cells)
{
    if (p->key->living && !ev_lives(p->schema, cells))
        return false;
    for (size_t i = 0; i < p->key->count; i++) {
        const ev_field *f = &p->schema->fields[p->key->fields[i]];
        const ost_value *v = &cells[p->key->fields[i]];
        if (ev_is_null(v) || (f->generated && v->as.integer == 0))
            return false;
    }
    return true;
}

/* What the evaluator does with a copy, and OST_RANGE where a sum has more digits than are kept. */
static ost_status probe_upsert(const world *w, const plan *p, ev_store *probe,
                               const ost_value *cells, size_t *row, enum ost_effect *effect)
{
    bool sums[EV_FIELDS_MAX];
    OST_TRY(ev_upsert(probe, p->table, p->key, p->actions, cells, row, effect));
    for (size_t i = 0; i < p->schema->field_count; i++)
        sums[i] = p->actions[i] == EV_ADD;
    return keeps_all(w, p->table, ev_row(&probe->tables[p->table], *row), sums) ? OST_OK
                                                                                : OST_RANGE;
}

/* Whether a sum and a unique member may both fail: which comes first is nobody's business. */
static bool may_fail_twice(const world *w, const plan *p, const ost_value *cells)
{
    ev_store probe = ev_store_copy(&w->store);
    plan without = *p;
    size_t row;
    enum ost_effect effect;
    for (size_t i = 0; i < EV_FIELDS_MAX; i++)
        if (without.actions[i] == EV_ADD)
            without.actions[i] = EV_KEEP;
    return p->adds &&
           ev_upsert(&probe, p->table, p->key, without.actions, cells, &row, &effect) != OST_OK;
}

/* An effect of a record with documents that were changed inside may be another. */
static bool is_effect(const world *w, const plan *p, enum ost_effect expected,
                      enum ost_effect actual)
{
    bool documents = false;
    for (size_t i = 0; i < p->schema->field_count; i++) {
        const ev_field *f = &p->schema->fields[i];
        documents |= p->actions[i] == EV_SET && (f->document || f->type == OST_TYPE_LIST);
    }
    return expected == actual || (w->limits->ordered_documents && documents &&
                                  expected == OST_EFFECT_UNCHANGED && actual == OST_EFFECT_UPDATED);
}

static const char *effect_name(enum ost_effect effect)
{
    static const char *const names[] = { "none", "inserted", "updated", "unchanged" };
    return names[effect];
}

/* The row that was met gave its key to the cells, or a new one was made. */
static void take_any_key(world *w, const plan *p, const void *record, ost_value *cells,
                         bool inserted)
{
    size_t key = p->schema->unique[0].fields[0];
    if (inserted && cells[key].as.integer != 0)
        take_key(w, p->table, record, cells);
}

/* The record has what is stored; a struct of the program's own keeps its texts and lists. */
static void agree_written_back(world *w, const plan *p, const void *record, size_t row, bool own)
{
    const ost_value *stored = ev_row(&w->store.tables[p->table], row);
    for (size_t i = 0; i < p->schema->field_count && !w->failed; i++) {
        const ev_field *f = &p->schema->fields[i];
        ost_value now = ev_read(f, record, &w->scratch);
        bool points = f->type == OST_TYPE_TEXT || f->type == OST_TYPE_BLOB ||
                      f->type == OST_TYPE_JSON || f->type == OST_TYPE_LIST;
        if (!(own && points) && !ev_same(&now, &stored[i]))
            disagree(w, "after the upsert the record's %s is not what is stored", f->name);
    }
}

void step_upsert(world *w)
{
    plan p;
    random_plan(w, &p, "upsert");
    plan_actions(w, &p);
    const ev_schema *schema = p.schema;
    size_t size = record_size(schema), row;
    bool own = rng_chance(&w->rng, 65);
    void *record =
        own ? ev_take(&w->scratch, size) : ost_session_new(w->session, schema->model, size);
    enum ost_effect effect, done = OST_EFFECT_NONE;
    ev_store probe = ev_store_copy(&w->store);
    ost_value *cells;
    ost_status expected, status;
    bool given;
    if (!record)
        return;
    record_to_meet(w, &p, record);
    cells = new_cells(w, p.table, record, free_key(w, p.table));
    given = ev_cells(schema, record, &w->scratch)[schema->unique[0].fields[0]].as.integer != 0;
    say(w, "    %s ", own ? "own" : "new");
    say_cells(w, schema, ev_cells(schema, record, &w->scratch));
    say(w, "\n");
    if (may_fail_twice(w, &p, cells))
        return;
    if (has_key(&p, ev_cells(schema, record, &w->scratch)))
        expected = expect_write(w, p.table, cells, NULL,
                                probe_upsert(w, &p, &probe, cells, &row, &effect));
    else
        expected = after_doom(w, OST_INVALID);
    status = ost_session_upsert(
        w->session, schema->model, size, record,
        !p.options.key && !p.options.actions && !p.options.keep ? NULL : &p.options, &done);
    if (!agree_status(w, expected, status) || status != OST_OK)
        return;
    if (!is_effect(w, &p, effect, done))
        disagree(w, "the upsert is %s instead of %s", effect_name(done), effect_name(effect));
    if (!given)
        take_any_key(w, &p, record, cells, effect == OST_EFFECT_INSERTED);
    (void)ev_upsert(&w->store, p.table, p.key, p.actions, cells, &row, &effect);
    agree_written_back(w, &p, record, row, own);
    if (own || w->failed)
        return;
    hold(w, p.table, record, NULL, ev_row(&w->store.tables[p.table], row));
    w->held[w->held_count - 1].made = key_is_generated(schema) && !given;
}

/* ---- many ---- */

typedef struct batch {
    char *records;
    ost_value *cells[BATCH_MAX];
    size_t order[BATCH_MAX]; /* by their keys */
    enum ost_effect effects[BATCH_MAX], done[BATCH_MAX];
    size_t rows[BATCH_MAX];
    size_t count;
    bool keyless, twins;
} batch;

static int compare_keys(const plan *p, const ost_value *a, const ost_value *b)
{
    int order = 0;
    for (size_t i = 0; i < p->key->count && order == 0; i++)
        order = ev_compare(&a[p->key->fields[i]], &b[p->key->fields[i]]);
    return order;
}

/* Either all keys are generated or none, as in other batches. */
static void new_batch(world *w, const plan *p, batch *b)
{
    size_t size = record_size(p->schema);
    bool given = rng_chance(&w->rng, 15) || p->key == &p->schema->unique[0];
    int64_t key = free_key(w, p->table);
    memset(b, 0, sizeof *b);
    b->count = rng_below(&w->rng, BATCH_MAX + 1);
    b->records = ev_take_array(&w->scratch, b->count + 1, size);
    for (size_t i = 0; i < b->count; i++) {
        char *record = b->records + i * size;
        record_to_meet(w, p, record);
        if (key_is_generated(p->schema) && !given)
            set_key(p->schema, record, 0);
        else if (key_is_generated(p->schema) && rng_chance(&w->rng, 60))
            set_key(p->schema, record, random_given_key(&w->rng));
        b->keyless |= !has_key(p, ev_cells(p->schema, record, &w->scratch));
        b->cells[i] = new_cells(w, p->table, record, key + (int64_t)i);
        say(w, "      ");
        say_cells(w, p->schema, ev_cells(p->schema, record, &w->scratch));
        say(w, "\n");
    }
}

static void sort_batch(const plan *p, batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        size_t at = i;
        for (; at > 0 && compare_keys(p, b->cells[b->order[at - 1]], b->cells[i]) > 0; at--)
            b->order[at] = b->order[at - 1];
        b->order[at] = i;
        b->twins |= at > 0 && compare_keys(p, b->cells[b->order[at - 1]], b->cells[i]) == 0;
    }
}

/* One after the other, in the order of their keys. *refused: for what cannot be kept. */
static ost_status probe_batch(const world *w, const plan *p, batch *b, ev_store *probe,
                              bool *refused)
{
    ost_status expected = OST_OK;
    for (size_t n = 0; n < b->count; n++) {
        size_t i = b->order[n];
        bool kept = keeps_all(w, p->table, b->cells[i], NULL);
        if (!kept && (expected == OST_OK || !w->limits->record_by_record)) {
            *refused = true;
            return OST_RANGE;
        }
        if (expected == OST_OK)
            expected = probe_upsert(w, p, probe, b->cells[i], &b->rows[i], &b->effects[i]);
    }
    return expected;
}

static bool some_may_fail_twice(const world *w, const plan *p, const batch *b)
{
    bool range = false, conflict = false;
    ev_store probe = ev_store_copy(&w->store);
    for (size_t n = 0; p->adds && n < b->count; n++) {
        size_t row;
        enum ost_effect effect;
        const ost_value *cells = b->cells[b->order[n]];
        ost_status status = ev_upsert(&probe, p->table, p->key, p->actions, cells, &row, &effect);
        range |= status == OST_RANGE;
        conflict |= status == OST_CONFLICT || may_fail_twice(w, p, cells);
    }
    return range && conflict;
}

static void agree_batch(world *w, const plan *p, batch *b)
{
    size_t size = record_size(p->schema);
    for (size_t n = 0; n < b->count && !w->failed; n++) {
        size_t i = b->order[n];
        char *record = b->records + i * size;
        if (!is_effect(w, p, b->effects[i], b->done[i]))
            disagree(w, "the upsert of record %zu is %s instead of %s", i, effect_name(b->done[i]),
                     effect_name(b->effects[i]));
        if (key_is_generated(p->schema) && b->effects[i] == OST_EFFECT_INSERTED &&
            ev_find_row(&w->store.tables[p->table], ev_cells(p->schema, record, &w->scratch)) ==
                SIZE_MAX)
            take_any_key(w, p, record, b->cells[i], true);
        (void)ev_upsert(&w->store, p->table, p->key, p->actions, b->cells[i], &b->rows[i],
                        &b->effects[i]);
        agree_written_back(w, p, record, b->rows[i], true);
    }
}

void step_upsert_many(world *w)
{
    plan p;
    batch b;
    bool refused = false;
    ev_store probe = ev_store_copy(&w->store);
    ost_status expected, status;
    random_plan(w, &p, "upsert many");
    plan_actions(w, &p);
    new_batch(w, &p, &b);
    if (!b.keyless)
        sort_batch(&p, &b);
    if (!b.keyless && some_may_fail_twice(w, &p, &b))
        return;
    if (b.keyless || b.twins) {
        expected = b.keyless ? OST_INVALID : OST_CONFLICT;
        expected = w->doomed != OST_OK ? w->doomed : expected;
    } else {
        expected = probe_batch(w, &p, &b, &probe, &refused);
        refused &= w->doomed == OST_OK;
        expected = refused ? OST_RANGE : after_doom(w, expected);
    }
    status = ost_session_upsert_many(w->session, p.schema->model, record_size(p.schema), b.records,
                                     b.count, &p.options, b.done);
    if (refused)
        ask_for_doom(w);
    if (agree_status(w, expected, status) && status == OST_OK)
        agree_batch(w, &p, &b);
}

/* ---- find or create ---- */

void step_find_or_create(world *w)
{
    plan p;
    ost_value *cells, *given;
    void *record, *found, *before;
    bool created = true;
    size_t row, size;
    ost_status expected, status;
    random_plan(w, &p, "find or create");
    size = record_size(p.schema);
    record = record_to_meet(w, &p, ev_take(&w->scratch, size));
    before = ev_copy(&w->scratch, record, size);
    given = ev_cells(p.schema, record, &w->scratch);
    cells = new_cells(w, p.table, record, free_key(w, p.table));
    say(w, "    ");
    say_cells(w, p.schema, given);
    say(w, "\n");
    row = ev_find_by(&w->store.tables[p.table], p.key, given);
    if (!has_key(&p, given)) {
        expected = after_doom(w, OST_INVALID);
    } else if (row != SIZE_MAX) {
        expected = after_doom(w, OST_OK);
    } else {
        ev_store probe = ev_store_copy(&w->store);
        expected = expect_write(w, p.table, cells, NULL, ev_insert(&probe, p.table, cells));
    }
    found = ost_session_find_or_create(w->session, p.schema->model, size, &created, record,
                                       key_list(w, &p));
    status = last_status(w, found);
    if (memcmp(before, record, size) != 0)
        disagree(w, "the record that was given was written to");
    if (!agree_status(w, expected, status) || status != OST_OK)
        return;
    if (created != (row == SIZE_MAX))
        disagree(w, "the record was %screated", created ? "" : "not ");
    if (row == SIZE_MAX) {
        if (given[p.schema->unique[0].fields[0]].as.integer == 0)
            take_key(w, p.table, found, cells);
        (void)ev_insert(&w->store, p.table, cells);
        row = w->store.tables[p.table].count - 1;
    }
    agree_record(w, p.table, found, row);
    hold(w, p.table, found, NULL, ev_row(&w->store.tables[p.table], row));
}
