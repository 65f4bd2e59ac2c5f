/* SPDX-License-Identifier: MIT */
/* The binary form of values on PostgreSQL's wire, as raw C writes and reads it. */
#ifndef OSTLER_BENCH_RAW_POSTGRES_H
#define OSTLER_BENCH_RAW_POSTGRES_H

#include "bench.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 8 };
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_FLOAT8 = 701,
    OID_TIME = 1184
};
/* PostgreSQL counts microseconds from the year 2000. */
#define EPOCH_US INT64_C(946684800000000)

/* ---- binary values ---- */

static inline void put_u16(char *out, uint16_t n)
{
    out[0] = (char)(n >> 8);
    out[1] = (char)n;
}

static inline void put_u32(char *out, uint32_t n)
{
    put_u16(out, (uint16_t)(n >> 16));
    put_u16(out + 2, (uint16_t)n);
}

static inline void put_u64(char *out, uint64_t n)
{
    put_u32(out, (uint32_t)(n >> 32));
    put_u32(out + 4, (uint32_t)n);
}

static inline uint32_t get_u32(const char *at)
{
    uint32_t n;
    memcpy(&n, at, sizeof n);
    return __builtin_bswap32(n);
}

static inline uint64_t get_u64(const char *at)
{
    uint64_t n;
    memcpy(&n, at, sizeof n);
    return __builtin_bswap64(n);
}

static inline uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The parameters of one statement, in the form that libpq takes. */
typedef struct binds {
    const char *values[FIELDS];
    int lengths[FIELDS];
    char numbers[FIELDS][8];
} binds;
static const int binary[FIELDS] = { 1, 1, 1, 1, 1, 1, 1, 1 };

static inline void bind_number(binds *b, int i, uint64_t n, int size)
{
    if (size == 8)
        put_u64(b->numbers[i], n);
    else if (size == 4)
        put_u32(b->numbers[i], (uint32_t)n);
    else
        b->numbers[i][0] = (char)n;
    b->values[i] = b->numbers[i];
    b->lengths[i] = size;
}

static inline void bind_text(binds *b, int i, const char *text)
{
    b->values[i] = text;
    b->lengths[i] = (int)strlen(text);
}

static inline void bind_row(binds *b, const bench_row *row)
{
    bind_number(b, 0, (uint64_t)row->id, 8);
    bind_text(b, 1, row->username);
    bind_text(b, 2, row->email);
    bind_number(b, 3, (uint64_t)row->age, 4);
    bind_number(b, 4, row->active, 1);
    bind_number(b, 5, bits_of(row->score), 8);
    bind_number(b, 6, (uint64_t)(row->created_us - EPOCH_US), 8);
    bind_text(b, 7, row->bio);
}

/* ---- results ---- */

PGconn *raw_postgres_connect(const char *url);

static inline const char *copy_text(const PGresult *result, int i, int column)
{
    size_t size = (size_t)PQgetlength(result, i, column);
    char *copy = malloc(size + 1);
    if (copy)
        memcpy(copy, PQgetvalue(result, i, column), size + 1);
    return copy;
}

static inline bool read_row(const PGresult *result, int i, bench_row *row)
{
    row->id = (int64_t)get_u64(PQgetvalue(result, i, 0));
    row->username = copy_text(result, i, 1);
    row->email = copy_text(result, i, 2);
    row->age = (int)get_u32(PQgetvalue(result, i, 3));
    row->active = PQgetvalue(result, i, 4)[0];
    row->score = double_of(get_u64(PQgetvalue(result, i, 5)));
    row->created_us = (int64_t)get_u64(PQgetvalue(result, i, 6)) + EPOCH_US;
    row->bio = copy_text(result, i, 7);
    return row->username && row->email && row->bio;
}

#endif
