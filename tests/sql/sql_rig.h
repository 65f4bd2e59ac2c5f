/* SPDX-License-Identifier: MIT */
/* What the tests of statements share: two tables, and texts in SQLite's dialect and in others. */
#ifndef OSTLER_TESTS_SQL_RIG_H
#define OSTLER_TESTS_SQL_RIG_H

#include "support/shape_builder.h"

#include "sql/dialect.h"
#include "sqlite/dialect.h"

typedef enum kind { PAPER, AUDIO } kind;
typedef struct book {
    int64_t id;
    const char *title;
    int year;
    kind kind;
    bool lent;
    ost_opt_int64 owner;
    ost_decimal price;
    char code[5];
} book;
OST_RECORD(book, id);
typedef struct pair {
    int32_t a;
    const char *b;
    ost_time at;
    ost_opt_uuid u;
} pair;
OST_RECORD(pair, a);

typedef struct world {
    bench b;
    ost_table *books;
    made *m; /* a SELECT of the ids */
} world;

/* Around each test; its state is a world. */
int set_up(void **state);
int tear_down(void **state);
#define SQL_CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* The text of a shape in another dialect. */
const char *in_dialect(made *m, const ost__sql_dialect *dialect);
/* It is refused with this in the message, before anything is sent. */
void assert_refused(made *m, const ost__sql_dialect *dialect, ost_status wanted, const char *part);
/* The text in SQLite's dialect, which the database takes. */
void assert_text(made *m, const char *expected);

#endif
