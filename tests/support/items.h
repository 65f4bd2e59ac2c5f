/* SPDX-License-Identifier: MIT */
/* A table of items of every kind and a table of sales that another program made, for tests of
 * queries on SQLite. */
#ifndef OSTLER_TESTS_ITEMS_H
#define OSTLER_TESTS_ITEMS_H

#include "support/shape_builder.h"

typedef enum girth { SMALL, LARGE, TINY } girth;
typedef struct item {
    int64_t id;
    const char *name;
    int count;
    uint64_t big;
    double weight;
    girth size;
    bool sold;
    ost_decimal price;  /* 10, 2 */
    ost_decimal tax;    /* 12, 4 */
    ost_decimal exact;  /* 38, 6 */
    ost_decimal exact2; /* 30, 6 */
    ost_time made;
    ost_date day;
    ost_uuid uuid;
    ost_opt_int maybe;
} item;
OST_RECORD(item, id);

/* A table that another program made. */
typedef struct sale {
    int64_t id;
    const char *who;
    const char *tag; /* compared as the column says */
    ost_decimal total;
    ost_decimal paid; /* ours would be units; this is a number as well */
    ost_time at;
    ost_time shipped;
    ost_time ours;
} sale;
OST_RECORD(sale, id);

/* What an aggregate or a wrapped query gives. */
typedef struct result {
    ost_opt_int64 n;
    ost_opt_decimal d;
    ost_opt_double x;
    const char *text;
    bool yes;
} result;
extern const ost_field result_n, result_d, result_x, result_text, result_yes;

typedef struct items_world {
    bench b;
    ost_table *items, *sales;
} items_world;

/* Both tables in a database in memory. */
int items_begin(void **state);
int items_end(void **state);
void add(items_world *w, item *in, size_t count);
made *from_items(items_world *w);
/* The ids of the rows, in order of id unless it has an order: "1 3 7". Valid until the next call.
 */
const char *ids_of(made *m);
/* The only row of the query. */
result one_result(made *m);

#endif
