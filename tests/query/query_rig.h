/* SPDX-License-Identifier: MIT */
/* What the tests of queries share: a model with a member of each kind, a database in memory. */
#ifndef OSTLER_TESTS_QUERY_RIG_H
#define OSTLER_TESTS_QUERY_RIG_H

#include "ostler/ostler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OK(call) assert_string_equal(ost_status_name(call), "OST_OK")
#define FAILS(name, call) assert_string_equal(ost_status_name(call), name)

enum mood { CALM, GLAD, SAD };
typedef struct sample {
    int64_t id;
    bool flag;
    signed char i8;
    short i16;
    int i32;
    int64_t i64;
    unsigned char u8;
    unsigned short u16;
    unsigned u32;
    uint64_t u64;
    float real;
    double exact;
    const char *text;
    char code[8];
    ost_blob data;
    ost_time at;
    ost_date day;
    ost_uuid uuid;
    ost_object_id object;
    ost_decimal price; /* 6 digits, 2 of them after the point */
    ost_decimal whole; /* 38 digits */
    int mood;
    ost_opt_int maybe;
    const char *hidden;
} sample;
OST_RECORD(sample, id);
typedef struct other {
    int64_t id;
    const char *text;
} other;
OST_RECORD(other, id);
typedef struct tally {
    int i32;
    const char *text;
    int64_t count;
    ost_opt_int64 sum;
    ost_opt_double average;
} tally;
OST_PART(tally);
typedef struct second_tally {
    int64_t count;
} second_tally;
OST_PART(second_tally);

/* cmocka's setup and teardown of a group: one database and session for all its tests. */
extern ost_db *database;
extern ost_session *session;
int query_open(void **state);
int query_close(void **state);
/* Of each test: what it wrote is undone, and its memory given back. */
int query_begin(void **state);
int query_undo(void **state);
#define QUERY_CASE(name) cmocka_unit_test_setup_teardown(name, query_begin, query_undo)

/* Adds a sample of zeros with this text. */
int64_t add_sample(const char *text);
/* How many samples meet a condition. */
int64_t samples(const ost_expr *condition);
/* The field of a member of sample. */
const ost_field *field_of(const char *name);

/* Whether a comparison holds of two values in this order: negative, zero or positive. */
bool query_holds(uint16_t op, int order);
extern const uint16_t query_comparisons[];
enum { COMPARISONS = 6 };

#endif
