/* SPDX-License-Identifier: MIT */
/* Drives a driver table as the core does, and a tiny driver to put inside the fake. */
#ifndef OSTLER_TESTS_FAKE_RIG_H
#define OSTLER_TESTS_FAKE_RIG_H

#include "fake/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* What is stored. */
typedef struct item {
    int64_t id;
    const char *name;
    ost_blob data;
    ost_opt_int note;
} item;
extern const ost_row_program item_rows;
extern const ost_table item_table;

/* Keeps items in memory. RAW texts: "fail", "spoil", "wait", "lose". */
extern const ost_driver tiny_driver;
enum { TINY_MOST = 64 };
/* Items that connections of the db see outside a unit. */
size_t tiny_committed(void);
void tiny_forget(void);
extern atomic_uint tiny_cancelled;

/* A host that counts what is allocated, and fails when it is asked to. */
typedef struct rig_host {
    ost_host host;
    ost_platform platform;
    atomic_long live;
    atomic_long calls, fail_at; /* this call fails, and those after it; 0: none */
    ost_connection *waited_on;
    void (*before_wait)(void *context); /* NULL: none */
    void *context;
} rig_host;

typedef struct rig {
    rig_host host;
    ost_fake *fake;
    const ost_driver *table;
    ost_backend *backend;
    ost_capabilities caps;
    ost_connection *c;
    ost_shape shapes[OST_DO_ADVISORY_LOCK + 1];
    ost_plan *plans[OST_DO_ADVISORY_LOCK + 1];
    ost_error error;
    ost_outcome outcome; /* of the last collect */
} rig;

/* Opens a db on the fake, and one connection; time is the fake's. */
void rig_open(rig *r, const ost_driver *inner, const ost_fake_options *options);
void rig_open_in_real_time(rig *r, const ost_driver *inner);
ost_status rig_open_db(rig *r, const char *url);
/* Closes everything; nothing may be left allocated, and nothing violated. */
void rig_close(rig *r);
void rig_close_db(rig *r);
/* Drops the violations that a test expects: the first must contain `sentence`. */
void rig_expect_violation(rig *r, size_t count, const char *sentence);

ost_connection *rig_connect(rig *r);
/* An operation of a kind; selects and inserts have shape and plan. */
ost_operation rig_op(rig *r, uint16_t kind);
ost_operation rig_insert(rig *r, const item *items, size_t count);
ost_operation rig_raw(rig *r, const char *text);

/* A sink of a few rows and bytes at a time. */
enum { SINK_ROWS = 40, SINK_BYTES = 4096 };
typedef struct rig_sink {
    ost_sink sink;
    item rows[SINK_ROWS];
    char bytes[SINK_BYTES];
    size_t rows_given, bytes_given;
    int failed_column; /* -1: none */
    size_t expected;
} rig_sink;
void sink_begin(rig_sink *k, size_t max_rows);
size_t sink_count(const rig_sink *k);

/* One operation, submitted and collected. */
ost_status rig_run(rig *r, const ost_operation *op, rig_sink *k);
ost_status rig_do(rig *r, uint16_t kind);
ost_status rig_collect(rig *r, size_t i, rig_sink *k);
size_t rig_submit(rig *r, const ost_operation *ops, size_t n);
/* Items that a select finds now. */
size_t rig_count(rig *r);
/* Deadlines are so far away. */
#define RIG_TIME_NS INT64_C(30000000000)
ost_deadline rig_deadline(const rig *r);

#endif
