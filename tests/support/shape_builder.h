/* SPDX-License-Identifier: MIT */
/*
 * For tests of drivers: tables, shapes and operations made by hand, and a host that counts, fails
 * and sets the clock on request. Everything lives in the bench until bench_close().
 */
#ifndef OSTLER_TESTS_SHAPE_BUILDER_H
#define OSTLER_TESTS_SHAPE_BUILDER_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "ostler/driver.h"
#include "ostler/ostler.h"

enum { BENCH_PARAMETERS = 64, BENCH_COLUMNS = 64 };

/* A driver on a database, its connections, and memory for shapes. */
typedef struct bench {
    const ost_driver *driver;
    ost_host host;
    ost_platform platform;
    ost__memory memory;
    ost__arena arena;
    ost_backend *backend;
    ost_connection *c; /* the first */
    ost_capabilities caps;
    ost_error error;
    ost_outcome outcome;
    long live;            /* allocations through the host */
    long fail_at;         /* this allocation and all after it fail; negative: none does */
    long allocations;     /* so far */
    int64_t clock_offset; /* added to the clock */
    int waits;            /* calls of wait */
    int cancel_waits;     /* wait says "cancelled" */
    void (*on_wait)(struct bench *b);
    void *context;   /* of on_wait */
    uint32_t serial; /* of tables */
} bench;

void bench_open(bench *b, const ost_driver *driver, const char *url);
/* The same, where it may fail. */
ost_status bench_try(bench *b, const ost_driver *driver, const char *url);
ost_connection *bench_connect(bench *b);
void bench_close(bench *b);
/* A path for a file of this name in a fresh folder, and a URL for it. */
const char *bench_path(const char *name);
const char *bench_url(const char *name, const char *options);
int64_t bench_now(bench *b);

/* A table for a model: its fields with their columns, its keys. */
ost_table *bench_table(bench *b, const ost_model *m);
const ost_field *table_field(const ost_table *t, const char *name);

/* An operation in the making: shape, parameters, row program. */
typedef struct made {
    bench *b;
    ost_shape shape;
    ost_operation op;
    ost_parameter parameters[BENCH_PARAMETERS];
    const ost_node *columns[BENCH_COLUMNS];
    ost_order orders[BENCH_COLUMNS];
    const ost_node *groups[BENCH_COLUMNS];
    ost_change changes[BENCH_COLUMNS];
    ost_row_step steps[BENCH_COLUMNS];
    ost_row_program program;
    size_t rows_max;  /* of the sink */
    size_t row_chunk; /* rows of a span of the sink; 0: many */
    uint16_t bad_column;
    ost_status bad_status;
    int bad_count;
} made;

made *make(bench *b, uint16_t kind, const ost_table *t);
const ost_node *member(made *m, const char *name);
const ost_node *value(made *m, const char *like,
                      ost_value v); /* in the form of a member; NULL: plain */
const ost_node *node2(made *m, uint16_t op, const ost_node *left, const ost_node *right);
const ost_node *node1(made *m, uint16_t op, const ost_node *arg);
const ost_node *node_of(made *m, uint16_t op, const ost_node *const *args, uint32_t count);
/* member op value */
const ost_node *test(made *m, uint16_t op, const char *name, ost_value v);
const ost_node *in_list(made *m, const char *name, uint16_t type, const void *items, size_t count,
                        size_t stride);
const ost_node *text_test(made *m, uint16_t op, const char *name, const char *text);
/* SUM, AVG, … of a member; `type` is what it yields. NULL: of rows. */
const ost_node *aggregate(made *m, uint16_t op, const char *name, uint16_t type, uint16_t scale);
void column(made *m, const ost_node *n, const ost_field *to);
/* Every member, into the model's struct of `size` bytes. */
void all_columns(made *m, size_t size);
void order_by(made *m, const ost_node *n, bool descending);
void group_by(made *m, const ost_node *n);
void limit_to(made *m, int64_t limit, int64_t offset); /* negative: without */
/* Every member from records; an INSERT without the generated key if `auto_key`, which then comes
 * back into the record. */
void from_records(made *m, const void *records, size_t count, size_t stride, bool auto_key);
void set_to(made *m, const char *name, ost_value v);
void set_change(made *m, uint16_t op, const char *name, ost_value v);

/* Compiles; the plan is the bench's until discard(). */
ost_status compile(made *m);
const char *text_of(made *m);
void discard(made *m);
/* Compiles if needed, submits and collects once. Rows go to `rows` of room `*count`; *count becomes
 * how many came. */
ost_status run_on(ost_connection *c, made *m, void *rows, size_t *count);
ost_status run(made *m);
ost_status run_rows(made *m, void *rows, size_t room, size_t *count);
/* One operation without a shape. */
ost_status simple_on(bench *b, ost_connection *c, uint16_t kind, const char *text);
ost_status begin_on(bench *b, ost_connection *c, uint16_t access);
/* Collects operation i of what was submitted. */
ost_status collect_rows(bench *b, ost_connection *c, size_t i, made *m, void *rows, size_t room,
                        size_t *count, int64_t deadline);
/* Runs SQL on SQLite's own handle; fails the test if that fails. */
void sql(bench *b, const char *text);
int64_t sql_int(bench *b, const char *text);
/* The first column of all rows, joined with '|'. */
const char *sql_text(bench *b, const char *text);
/* Reads a decimal, an instant. */
ost_decimal dec(const char *text);
ost_time at(const char *text);
/* Creates the table and its indexes. */
void create(bench *b, const ost_table *t);

#endif
