/* SPDX-License-Identifier: MIT */
/* A struct of every kind, its way into a document and back, with a server and without. */
#ifndef OSTLER_TESTS_MONGO_WIDES_H
#define OSTLER_TESTS_MONGO_WIDES_H

#include "mongo/types.h"
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
    const char *text;
    char chars[8];
    ost_blob blob;
    ost_time time;
    ost_date date;
    ost_uuid uuid;
    ost_object_id object;
    ost_decimal price; /* 10, 2 */
    ost_decimal huge;  /* 34, 10 */
    breadth size;      /* "small", "größer", "tiny $it" */
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
    ost_opt_decimal o_price; /* 10, 2 */
    ost_opt_int o_size;      /* the same names */
} wide;
OST_RECORD(wide, id);
extern const ost_model wide_model;

/* Zeros; decimals have their scale, or they would not come back alike. */
wide wide_blank(int64_t id);
/* The first member by which they differ; NULL: none. -0.0 is not 0.0. */
const char *wide_differs(const wide *a, const wide *b);

/* ---- without a server ---- */

/* Memory for what a document is read into. */
typedef struct catcher {
    ost_sink sink; /* first */
    ost__memory memory;
    ost__arena arena;
    uint16_t column; /* that failed last */
    ost_status why;
    size_t failures, expected;
    size_t room; /* bytes for texts; then there is no memory */
} catcher;
void catcher_begin(catcher *k, void *rows, size_t row_size, size_t count);
void catcher_end(catcher *k);

/* A plan and a program for members of a table, in their order; freed with the bench. */
typedef struct reading {
    bench b; /* only its memory is used */
    ost_table *table;
    ost_shape shape;
    ost_plan plan;
    ost_row_program program;
    ost_row_step steps[BENCH_COLUMNS];
    ost__mongo_column columns[BENCH_COLUMNS];
} reading;
/* Every member of the model. */
void reading_begin(reading *r, const ost_model *m);
void reading_end(reading *r);
/* One member alone. */
void reading_only(reading *r, const char *member);
/* The member of the record as a parameter. */
ost_parameter parameter_of(const ost_field *f);
/* The document that the driver makes of a record: members in their order, by name, `_id` for the
 * key. What is refused is returned, with the error in r->b.error. */
ost_status reading_write(reading *r, const wide *in, bson_t *out);
/* Reads a document; OST_OK unless the reader says otherwise. */
ost_status reading_read(reading *r, const bson_t *document, catcher *k, ost_status *failed);

/* One of all members for each test. */
extern reading *reading_now;
int reading_setup(void **state);
int reading_teardown(void **state);
/* There and back: nothing is another. */
void reading_round_trip(const wide *in);
/* Refused, with the member's name. */
void reading_refuses(const wide *in, ost_status status, const char *field);
/* xorshift64 */
uint64_t wide_random(uint64_t *seed);

#endif
