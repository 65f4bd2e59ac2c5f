/* SPDX-License-Identifier: MIT */
/* Shapes of one table, compiled without any server, and what is written for them as Extended JSON.
 */
#ifndef OSTLER_TESTS_MONGO_PLAN_RIG_H
#define OSTLER_TESTS_MONGO_PLAN_RIG_H

#include "support/shape_builder.h"

#include "mongo/connection.h"

typedef enum colour { RED, GREEN } colour;
/* Members of every kind; the optional ones may be absent. */
typedef struct item {
    int64_t id;
    const char *name; /* never null */
    const char *note;
    signed char i8;
    int year;
    int64_t total;
    uint64_t big;
    float f;
    double wild;
    ost_opt_int age;
    ost_opt_int64 owner;
    bool lent;
    colour colour;
    ost_decimal price;
    ost_decimal huge;
    ost_opt_decimal rate;
    ost_time at;
    ost_blob data;
    ost_blob digest; /* always 4 bytes */
    ost_opt_uuid uuid;
    int limited; /* 0 to 9 */
} item;
OST_RECORD(item, id);
extern const ost_model item_model;

/* Without a server: a backend of the driver that was never opened. A test with one opens the bench
 * itself. */
typedef struct rig {
    bench b;
    ost_backend own; /* where `backend` points to, unless the driver was opened */
    ost_backend *backend;
    ost_table *items;
} rig;

int rig_set_up(void **state);
int rig_tear_down(void **state);
#define RIG_CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

/* A select of the ids, an update, … of the items. */
made *select_ids(rig *r);
/* A member that cannot be absent is told so, as the core tells it. */
const ost_node *col(made *m, const char *name);
/* member op value, with such a member. */
const ost_node *is(made *m, uint16_t op, const char *name, ost_value v);
const ost_node *not_(made *m, const ost_node *n);

/* Compiles; a refusal fails the test. */
ost_plan *plan_of(made *m);
/* The plan's text has `expected` in it, where every ' stands for a ". */
void assert_plan(made *m, const char *expected);
/* Refused before anything is sent, with this in the message. */
void assert_refused(made *m, ost_status status, const char *part);
/* What is written for the operation with its parameters, in canonical Extended JSON: the command's
 * elements, or the pipeline. */
const char *written(made *m);
ost_status write_it(made *m, bson_t *out);
void assert_written(made *m, const char *expected);

#endif
