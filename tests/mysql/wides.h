/* SPDX-License-Identifier: MIT */
/* A table of every kind on a server, and its way there and back. */
#ifndef OSTLER_TESTS_MYSQL_WIDES_H
#define OSTLER_TESTS_MYSQL_WIDES_H

#include "support/servers.h"
#include "support/shape_builder.h"

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
    const char *text;  /* without a limit */
    const char *brief; /* 40 characters */
    char chars[8];
    ost_blob blob;
    ost_time time;
    ost_date date;
    ost_uuid uuid;
    ost_object_id object;
    ost_decimal price; /* 10, 2 */
    ost_decimal huge;  /* 38, 10 */
    breadth size;      /* "small", "größer", "tiny \ 'it'" */
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

typedef struct wides_world {
    bench b;
    const char *url;
    ost_table *wides;
} wides_world;

/* A database of its own for each group; the rows are forgotten before each test. */
int wides_begin(void **state);
int wides_clear(void **state);
int wides_end(void **state);
extern wides_world *wides_now;

/* A row of zeros; decimals have their scale, or they would not come back alike. */
wide wides_blank(int64_t id);
/* One by one, as an array, as rows of VALUES. */
enum wides_way { WIDES_SINGLY, WIDES_ARRAY, WIDES_ROWS };
ost_status wides_insert(enum wides_way way, const wide *rows, size_t count);
/* All rows by id; their texts live until the next call. */
size_t wides_load(wide *rows, size_t room);
/* There by every way and back: nothing is another. */
void wides_round_trip(const wide *rows, size_t count);
/* The first column of all rows, joined by '|', read by somebody else. */
const char *wides_text(const char *sql);
/* How many rows meet the condition; drops it. */
int64_t wides_count(made *m, const ost_node *where);
made *wides_select(void);

#endif
