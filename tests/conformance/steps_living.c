/* SPDX-License-Identifier: MIT */
/* Steps that delete, softly or for good, and restore: records and what meets a condition. */
#include "program.h"

#include <string.h>

static ost_value time_now(const world *w)
{
    ost_value v = ev_null();
    v.type = OST_TYPE_TIME;
    v.as.time.microseconds = w->now;
    return v;
}

/* ---- records ---- */

/* A record that a step is about: of the program's own, or one that is held. */
typedef struct subject {
    size_t table, row; /* SIZE_MAX: no row has its key */
    void *record;
    held *held; /* NULL: the program's own */
} subject;

static subject random_subject(world *w, const char *what)
{
    subject s = { .table = random_table(w) };
    const ev_schema *schema;
    ost_value *cells;
    s.record = record_with_key(w, s.table);
    if (w->held_count > 0 && rng_chance(&w->rng, 30)) {
        s.held = &w->held[rng_below(&w->rng, w->held_count)];
        s.table = s.held->table;
        s.record = s.held->record;
    }
    schema = &w->schemas[s.table];
    cells = ev_cells(schema, s.record, &w->scratch);
    s.row = ev_find_row(&w->store.tables[s.table], cells);
    say(w, "%s %s%s ", what, s.held ? "a held " : "", schema->model->name);
    for (size_t i = 0; w->trace && i < schema->unique[0].count; i++)
        ev_print(w->trace, &cells[schema->unique[0].fields[i]]);
    say(w, "\n");
    return s;
}

static bool lives(const world *w, const subject *s)
{
    return ev_lives(&w->schemas[s->table], ev_row(&w->store.tables[s->table], s->row));
}

static bool *only_row(world *w, const subject *s)
{
    bool *rows = ev_take_array(&w->scratch, w->store.tables[s->table].count + 1, sizeof *rows);
    rows[s->row] = true;
    return rows;
}

/* After a success: the row and the record say when it was deleted, or that it was not. */
static void follow(world *w, const subject *s, ost_value when)
{
    const ev_schema *schema = &w->schemas[s->table];
    ost_value now = ev_read(&schema->fields[schema->deleted], s->record, &w->scratch);
    (void)ev_stamp(&w->store, s->table, only_row(w, s), when);
    if (s->held)
        s->held->stored[w->depth][schema->deleted] = when;
    if (!ev_identical(&now, &when))
        disagree(w, "the record does not say when it was deleted");
}

void step_delete(world *w)
{
    const subject s = random_subject(w, "delete");
    const ev_schema *schema = &w->schemas[s.table];
    ost_status expected = s.row == SIZE_MAX || !lives(w, &s) ? OST_NOT_FOUND : OST_OK, status;
    status = ost_session_delete(w->session, schema->model, record_size(schema), s.record);
    if (!agree_status(w, after_doom(w, expected), status) || status != OST_OK)
        return;
    if (deletes_softly(w, s.table))
        follow(w, &s, time_now(w));
    else
        ev_delete_row(&w->store, s.table, s.row);
}

void step_purge(world *w)
{
    const subject s = random_subject(w, "purge");
    const ev_schema *schema = &w->schemas[s.table];
    ost_status expected = s.row == SIZE_MAX ? OST_NOT_FOUND : OST_OK, status;
    status = ost_session_purge(w->session, schema->model, record_size(schema), s.record);
    if (agree_status(w, after_doom(w, expected), status) && status == OST_OK)
        ev_delete_row(&w->store, s.table, s.row);
}

void step_restore(world *w)
{
    const subject s = random_subject(w, "restore");
    const ev_schema *schema = &w->schemas[s.table];
    ev_store probe = ev_store_copy(&w->store);
    ost_status expected = OST_NOT_FOUND, status;
    if (!deletes_softly(w, s.table))
        expected = OST_MISUSE;
    else if (s.row != SIZE_MAX && !lives(w, &s))
        expected = ev_stamp(&probe, s.table, only_row(w, &s), ev_null());
    status = ost_session_restore(w->session, schema->model, record_size(schema), s.record);
    if (agree_status(w, after_doom(w, expected), status) && status == OST_OK)
        follow(w, &s, ev_null());
}

/* ---- by query ---- */

static void agree_count(world *w, const char *what, int64_t reported, size_t matched)
{
    if (reported != (int64_t)matched)
        disagree(w, "%s is %lld instead of %zu", what, (long long)reported, matched);
}

static void delete_rows(world *w, size_t table, const bool *rows)
{
    for (size_t i = w->store.tables[table].count; i > 0; i--)
        if (rows[i - 1])
            ev_delete_row(&w->store, table, i - 1);
}

void step_delete_all(world *w)
{
    asked a;
    ost_query *q = ask_for_write(w, &a, random_table(w));
    size_t matched;
    int64_t deleted = -1;
    bool *rows;
    ost_status status;
    say_query(w, "delete all", &a);
    if (deletes_softly(w, a.query.table))
        a.query.among = EV_LIVING; /* whatever it says */
    rows = mark_rows(w, &a, &matched);
    status = ost_delete_all(q, &deleted);
    if (!agree_status(w, after_doom(w, OST_OK), status) || status != OST_OK)
        return;
    if (deletes_softly(w, a.query.table))
        (void)ev_stamp(&w->store, a.query.table, rows, time_now(w));
    else
        delete_rows(w, a.query.table, rows);
    agree_count(w, "deleted", deleted, matched);
}

void step_purge_all(world *w)
{
    asked a;
    ost_query *q = ask_for_write(w, &a, random_table(w));
    size_t matched;
    int64_t purged = -1;
    bool *rows = mark_rows(w, &a, &matched);
    ost_status status;
    say_query(w, "purge all", &a);
    status = ost_purge_all(q, &purged);
    if (!agree_status(w, after_doom(w, OST_OK), status) || status != OST_OK)
        return;
    delete_rows(w, a.query.table, rows);
    agree_count(w, "purged", purged, matched);
}

void step_restore_all(world *w)
{
    asked a;
    ost_query *q = ask_for_write(w, &a, random_table(w));
    ev_store probe = ev_store_copy(&w->store);
    ost_status expected = OST_MISUSE, status;
    size_t matched = 0;
    int64_t restored = -1;
    if (deletes_softly(w, a.query.table)) {
        a.query.among = EV_DELETED; /* whatever it says */
        expected = ev_stamp(&probe, a.query.table, mark_rows(w, &a, &matched), ev_null());
    }
    say_query(w, "restore all", &a);
    status = ost_restore_all(q, &restored);
    if (!agree_status(w, after_doom(w, expected), status) || status != OST_OK)
        return;
    w->store = probe;
    agree_count(w, "restored", restored, matched);
}
