/* SPDX-License-Identifier: MIT */
#include "support/rows.h"

OST_MODEL(row, .table = "rows",
          OST_FIELDS(OST_FIELD(row, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(row, name, .unique = true), OST_FIELD(row, n)));

void rows_open(rows_world *w, const char *url)
{
    bench_open(&w->b, ost_driver_sqlite(), url);
    w->rows = bench_table(&w->b, &row_model);
    create(&w->b, w->rows);
}

int rows_begin(void **state)
{
    static int number;
    rows_world *w = calloc(1, sizeof *w);
    char name[32];
    snprintf(name, sizeof name, "unit%d.db", number++);
    rows_open(w, bench_url(name, "?synchronous=off"));
    *state = w;
    return 0;
}

int rows_end(void **state)
{
    rows_world *w = *state;
    bench_close(&w->b);
    free(w);
    return 0;
}

void fill(rows_world *w, int count)
{
    char text[200];
    snprintf(text, sizeof text,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO rows SELECT i, 'row ' || i, i FROM n",
             count);
    sql(&w->b, text);
}

made *insert_of(rows_world *w, row *in, size_t count)
{
    made *m = make(&w->b, OST_DO_INSERT, w->rows);
    from_records(m, in, count, sizeof *in, true);
    m->op.rows = NULL;
    return m;
}

made *select_all(rows_world *w)
{
    made *m = make(&w->b, OST_DO_SELECT, w->rows);
    all_columns(m, sizeof(row));
    order_by(m, member(m, "id"), false);
    return m;
}

ost_status simple(rows_world *w, uint16_t kind, const char *text)
{
    return simple_on(&w->b, w->b.c, kind, text);
}

enum ost_unit_state state_of(rows_world *w)
{
    return w->b.driver->unit_state(w->b.c);
}
