/* SPDX-License-Identifier: MIT */
/*
 * Every kind of scalar inside a document means what it means in a column: the same struct is a
 * member twice, as a document and as columns of its own, and deeper inside once more. All must
 * always agree.
 */
#ifndef OSTLER_TESTS_SESSION_TWINS_H
#define OSTLER_TESTS_SESSION_TWINS_H

#include "documents.h"

typedef struct kinds {
    bool flag;
    signed char i8;
    short i16;
    int i32;
    int64_t i64;
    unsigned char u8;
    unsigned short u16;
    unsigned u32;
    uint64_t u64;
    float f;
    double d;
    const char *text;
    char chars[8];
    ost_blob blob;
    ost_time time;
    ost_date date;
    ost_uuid uuid;
    ost_object_id object;
    ost_decimal price;
    mood mood;
    ost_opt_bool o_flag;
    ost_opt_int o_i32;
    ost_opt_int64 o_i64;
    ost_opt_uint64 o_u64;
    ost_opt_double o_d;
    ost_opt_time o_time;
    ost_opt_date o_date;
    ost_opt_uuid o_uuid;
    ost_opt_object_id o_object;
    ost_opt_decimal o_price;
} kinds;
typedef struct deep {
    int level;
    kinds within;
} deep;
typedef struct twin {
    int64_t id;
    kinds inside;
    kinds apart;
    deep down;
} twin;

/* What is asked of a member: a key, the numbers of an aggregate. */
typedef struct found {
    int64_t rows;
    ost_opt_int64 present, different, whole;
    ost_opt_double average, real;
    ost_opt_decimal total, mean;
    ost_opt_bool flag, o_flag;
    ost_opt_int8 i8;
    ost_opt_int16 i16;
    ost_opt_int i32, o_i32;
    ost_opt_int64 i64, o_i64;
    ost_opt_uint8 u8;
    ost_opt_uint16 u16;
    ost_opt_uint u32;
    ost_opt_uint64 u64, o_u64;
    ost_opt_float f;
    ost_opt_double d, o_d;
    const char *text, *chars;
    ost_blob blob;
    ost_opt_time time, o_time;
    ost_opt_date date, o_date;
    ost_opt_uuid uuid, o_uuid;
    ost_opt_object_id object, o_object;
    ost_opt_decimal price, o_price;
    ost_opt_int mood;
} found;

OST_PART(kinds);
OST_PART(deep);
OST_RECORD(twin, id);
OST_PART(found);

int twins_setup(void **state);

#define TWINS_ON(f, mode)                                                 \
    {                                                                     \
#f " (" #mode ")", f, twins_setup, rig_teardown, &rig_modes[mode] \
    }
/* Not on MongoDB, which has no order of blobs: its own programs compare the other kinds. */
#define TWINS_RIG_ALL(f)                                                           \
    TWINS_ON(f, RIG_MEMORY), TWINS_ON(f, RIG_PIPELINE), TWINS_ON(f, RIG_POSTGRES), \
        TWINS_ON(f, RIG_MYSQL)

enum { TWINS = 9, TWINS_SUBJECTS = 30 };

/* What the records hold: some are equal, and every third has nothing that may be absent. */
extern kinds twins_values[TWINS];

/* A member of each kind, in the three places and in a result. */
typedef struct subject {
    const char *name;
    ost_member inside, apart, down, into;
    ost_value values[TWINS];
    size_t offset;
} subject;

extern subject twins_subjects[TWINS_SUBJECTS];

/* Fills the two above and inserts the records: ids from 1. */
void twins_insert(rig *r);
bool is_number(const subject *s);
bool is_decimal(const subject *s);
bool is_text(const subject *s);
/* Fails the test with the session's error. */
void why(rig *r, const char *what, const char *name);
/* The ids of those that meet a condition (or NULL), or in an order (or NULL). */
void ids(rig *r, const ost_expr *condition, const ost_expr *order, const char *what,
         const subject *s, char out[TWINS + 1]);
void agree(const subject *s, const char *what, int number, const char *a, const char *b);
/* An operator over a member, and a value (or NULL). */
ost_expr on(uint16_t op, const ost_member *member, const ost_value *value);

#endif
