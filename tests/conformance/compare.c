/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <stdlib.h>
#include <string.h>

static bool is_zero(const void *p, size_t size)
{
    const unsigned char *bytes = p;
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

ost_value *cells_of(world *w, const ev_rows *expected, const void *records, size_t count)
{
    const ev_schema *schema = expected->schema;
    size_t size = record_size(schema);
    ost_value *cells = ev_take_array(&w->scratch, count * schema->field_count + 1, sizeof *cells);
    for (size_t r = 0; r < count; r++) {
        const char *record = (const char *)records + r * size;
        for (size_t i = 0; i < schema->field_count; i++) {
            const ev_field *f = &schema->fields[i];
            if (expected->selected[i])
                cells[r * schema->field_count + i] = ev_read(f, record, &w->scratch);
            else if (!is_zero(record + f->offset, f->size))
                disagree(w, "%s was not selected, but is filled", f->name);
        }
    }
    return cells;
}

/* The first selected field that differs; SIZE_MAX: none. */
static size_t differing_field(const ev_rows *rows, const ost_value *a, const ost_value *b)
{
    for (size_t i = 0; i < rows->schema->field_count; i++)
        if (rows->selected[i] && !ev_identical(&a[i], &b[i]))
            return i;
    return SIZE_MAX;
}

static void print_row(world *w, const char *whose, const ev_rows *rows, const ost_value *cells,
                      size_t row)
{
    say(w, "      %s, row %zu: ", whose, row);
    say_cells(w, rows->schema, cells + row * rows->schema->field_count);
    say(w, "\n");
}

/* The rows that differ in their places. */
static void print_rows(world *w, const ev_rows *expected, const ost_value *actual, size_t count)
{
    size_t most = count > expected->count ? count : expected->count;
    size_t fields = expected->schema->field_count;
    for (size_t i = 0; w->trace && i < most; i++) {
        if (i < count && i < expected->count &&
            differing_field(expected, &expected->cells[i * fields], &actual[i * fields]) ==
                SIZE_MAX)
            continue;
        if (i < expected->count)
            print_row(w, "expected", expected, expected->cells, i);
        if (i < count)
            print_row(w, "library", expected, actual, i);
    }
}

static bool agree_in_order(world *w, const ev_rows *expected, const ost_value *actual)
{
    size_t fields = expected->schema->field_count;
    for (size_t r = 0; r < expected->count; r++) {
        size_t i = differing_field(expected, &expected->cells[r * fields], &actual[r * fields]);
        if (i != SIZE_MAX) {
            disagree(w, "row %zu: %s differs", r, expected->schema->fields[i].name);
            return false;
        }
    }
    return true;
}

/* Every row once, in whatever order. */
static bool agree_as_set(world *w, const ev_rows *expected, const ost_value *actual)
{
    size_t fields = expected->schema->field_count;
    bool *used = ev_take_array(&w->scratch, expected->count + 1, sizeof *used);
    for (size_t r = 0; r < expected->count; r++) {
        size_t e = 0;
        while (e < expected->count &&
               (used[e] || differing_field(expected, &expected->cells[e * fields],
                                           &actual[r * fields]) != SIZE_MAX))
            e++;
        if (e == expected->count) {
            disagree(w, "row %zu is none of those expected", r);
            return false;
        }
        used[e] = true;
    }
    return true;
}

void agree_rows(world *w, const asked *a, const ev_rows *expected, const ost_value *actual,
                size_t count)
{
    bool agree = count == expected->count;
    if (w->failed)
        return;
    if (!agree)
        disagree(w, "%zu rows instead of %zu", count, expected->count);
    else if (a->ordered)
        agree = agree_in_order(w, expected, actual);
    else
        agree = agree_as_set(w, expected, actual);
    if (!agree)
        print_rows(w, expected, actual, count);
}

void agree_tables(world *w)
{
    for (size_t t = 0; t < MODEL_COUNT && !w->failed; t++) {
        asked a;
        ev_rows rows;
        size_t count = 0;
        ost_query *q;
        void *records;
        if (!w->touched[t])
            continue;
        memset(&a, 0, sizeof a);
        a.query.table = t;
        a.query.among = EV_WITH_DELETED;
        a.query.result = &w->schemas[t];
        complete_order(w, &a);
        a.own_orders = a.query.order_count;
        (void)ev_select(&w->store, &a.query, &rows);
        q = build_query(w, &a);
        records = ost_query_all(q, w->schemas[t].model, record_size(&w->schemas[t]), &count);
        say(w, "the whole of %s\n", w->schemas[t].model->name);
        if (agree_status(w, OST_OK, last_status(w, records)) && records)
            agree_rows(w, &a, &rows, cells_of(w, &rows, records, count), count);
    }
}
