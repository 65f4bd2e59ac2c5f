/* SPDX-License-Identifier: MIT */
/* A table of every kind, and its way to the server and back. */
#ifndef POSTGRES_WIDES_H
#define POSTGRES_WIDES_H

#include "postgres/wire_rig.h"

typedef enum breadth { SMALL, LARGE, TINY } breadth;

typedef struct wide {
    int64_t id;
    bool flag;
    signed char i8;
    short i16;
    int i32;
    int64_t i64;
    unsigned char u8;
    unsigned short u16;
    unsigned int u32;
    uint64_t u64;
    float f;
    double d;
    const char *text;
    const char *brief; /* varchar */
    char chars[8];
    ost_blob blob;
    ost_time time;
    ost_date date;
    ost_uuid uuid;
    ost_object_id object;
    ost_decimal price;
    ost_decimal huge;
    breadth size;
    ost_opt_bool o_flag;
    ost_opt_int8 o_i8;
    ost_opt_int16 o_i16;
    ost_opt_int o_i32;
    ost_opt_int64 o_i64;
    ost_opt_uint8 o_u8;
    ost_opt_uint16 o_u16;
    ost_opt_uint o_u32;
    ost_opt_uint64 o_u64;
    ost_opt_float o_f;
    ost_opt_double o_d;
    ost_opt_time o_time;
    ost_opt_date o_date;
    ost_opt_uuid o_uuid;
    ost_opt_object_id o_object;
    ost_opt_decimal o_price;
    ost_opt_int o_size;
} wide;
OST_RECORD(wide, id);

enum { WIDES_MAX = 64 };

/* The rig of the running group and its table. */
extern rig *wides_rig;
extern ost_table *wides_table;

int wides_begin(void **state);
int wides_clear(void **state);
/* A row of zeros; decimals have their scale, or they would not come back alike. */
wide wides_blank(int64_t id);
ost_status wides_insert(const wide *rows, size_t count);
ost_status wides_copy(const wide *rows, size_t count);
/* All rows by id; their texts live until the next call. */
size_t wides_load(wide *rows, size_t count);
/* There by parameters and by COPY, and back: nothing is another. */
void wides_round_trip(const wide *rows, size_t count);

#endif
