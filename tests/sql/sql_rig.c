/* SPDX-License-Identifier: MIT */
#include "sql_rig.h"

OST_MODEL(book, .table = "books",
          OST_FIELDS(OST_FIELD(book, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(book, title, .required = true, .unique = true, .max_length = 80),
                     OST_FIELD(book, year),
                     OST_FIELD(book, kind, .values = OST_NAMES("paper", "au'dio")),
                     OST_FIELD(book, lent), OST_FIELD(book, owner, .column = "owner\"id"),
                     OST_FIELD(book, price, .precision = 10, .scale = 2), OST_FIELD(book, code)));

OST_MODEL(pair, OST_FIELDS(OST_FIELD(pair, a, .primary_key = true),
                           OST_FIELD(pair, b, .primary_key = true, .max_length = 9),
                           OST_FIELD(pair, at), OST_FIELD(pair, u)));

int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    bench_open(&w->b, ost_driver_sqlite(), "sqlite::memory:");
    w->books = bench_table(&w->b, &book_model);
    w->m = make(&w->b, OST_DO_SELECT, w->books);
    column(w->m, member(w->m, "id"), table_field(w->books, "id"));
    *state = w;
    return 0;
}

int tear_down(void **state)
{
    world *w = *state;
    bench_close(&w->b);
    free(w);
    return 0;
}

const char *in_dialect(made *m, const ost__sql_dialect *dialect)
{
    ost__buffer out;
    const char *kept;
    ost__buffer_init(&out, &m->b->memory);
    if (ost__sql_statement(dialect, &m->shape, &out, NULL, &m->b->error) != OST_OK)
        fail_msg("%s", m->b->error.message);
    kept = ost__arena_text(&m->b->arena, out.data, out.size);
    ost__buffer_finish(&out);
    return kept;
}

void assert_refused(made *m, const ost__sql_dialect *dialect, ost_status wanted, const char *part)
{
    ost__buffer out;
    ost__buffer_init(&out, &m->b->memory);
    assert_int_equal(ost__sql_statement(dialect, &m->shape, &out, NULL, &m->b->error), wanted);
    ost__buffer_finish(&out);
    if (!strstr(m->b->error.message, part))
        fail_msg("\"%s\" is not in: %s", part, m->b->error.message);
    assert_int_equal(m->b->error.nothing_sent, 1);
}

void assert_text(made *m, const char *expected)
{
    assert_string_equal(in_dialect(m, &ost__sqlite_dialect), expected);
    /* And the database takes it. */
    create(m->b, m->shape.table);
    if (run(m) != OST_OK && m->b->error.status != OST_CONFLICT &&
        m->b->error.status != OST_NOT_NULL)
        fail_msg("%s: %s", expected, m->b->error.message);
    discard(m);
}
