/* SPDX-License-Identifier: MIT */
/* One cell of a result, and how it becomes a member. */
#ifndef OSTLER_MYSQL_CELLS_H
#define OSTLER_MYSQL_CELLS_H

#include <string.h>

#include "mysql/types.h"

/*
 * MariaDB's library hands out the bytes of the wire, so that nothing is copied or converted on the
 * way; Oracle's fills buffers of ours.
 */
#define OST__MY_FROM_WIRE OST__MY_HAS_ARRAYS

enum ost__cell_kind {
    OST__CELL_OTHER, /* nothing that a member could be */
    OST__CELL_INTEGER,
    OST__CELL_REAL,
    OST__CELL_DECIMAL, /* text */
    OST__CELL_BITS,    /* bytes of a number, the highest first */
    OST__CELL_TIME,
    OST__CELL_DATE,
    OST__CELL_SPAN /* text, or bytes if it is binary */
};

/* How a step takes its cell: the usual ones in a few instructions each. */
enum ost__cell_way {
    OST__WAY_ANY,
    OST__WAY_INT64,
    OST__WAY_INT32,
    OST__WAY_BOOL,
    OST__WAY_DOUBLE,
    OST__WAY_TEXT,
    OST__WAY_TIME
};

/* A column, and its cell of the row that was fetched last. */
struct ost__my_column {
    uint8_t kind;  /* an enum ost__cell_kind */
    uint8_t width; /* bytes of a number; 0: the length is told for each cell */
    bool is_unsigned, is_binary;
    ost__my_bool is_null;
    uint64_t key;         /* what the server says of it, in short; 0: nothing yet */
    unsigned long length; /* of the whole value */
    const uint8_t *data;  /* where it is until the next row */
#if !OST__MY_FROM_WIRE
    bool is_read; /* the program has a step for it */
    ost__my_bool error;
    uint32_t size; /* of the buffer, which may be too short for a text or blob */
    MYSQL_TIME time;
    uint8_t number[8];
#endif
};

/* A number as its bits. */
static inline uint64_t ost__my_bits_of(const ost__my_column *c)
{
    const uint8_t *p = c->data;
#if OST__MY_FROM_WIRE
    /* The lowest byte first. */
    switch (c->width) {
    case 1: return p[0];
    case 2: return (uint64_t)(p[0] | p[1] << 8);
    case 4: return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
    default:
        return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
               (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
               (uint64_t)p[7] << 56;
    }
#else
    uint64_t bits = 0;
    uint32_t four;
    uint16_t two;
    switch (c->width) {
    case 1: return p[0];
    case 2: memcpy(&two, p, sizeof two); return two;
    case 4: memcpy(&four, p, sizeof four); return four;
    default: memcpy(&bits, p, sizeof bits); return bits;
    }
#endif
}

/* false: there is no such instant, or not in the years 1 to 9999. */
bool ost__my_read_time(const ost__my_column *c, ost_time *out);
bool ost__my_read_date(const ost__my_column *c, ost_date *out);
/* Any cell that is whole at its place, into a member that is neither a text nor a blob; not NULL.
 * OST_RANGE: it does not fit. */
ost_status ost__my_read_cell(const ost_row_step *step, const ost__my_column *c, void *at);

struct ost__my_path {
    const ost__my_column *column;
    const ost_field *field; /* whose form the column has */
    uint16_t type;          /* of the step */
    uint16_t way;           /* an enum ost__cell_way */
};
/* The way of a step, by what its column is and what its member is. */
enum ost__cell_way ost__my_way_of(const ost_row_step *step, const ost__my_column *c);
#if OST__MY_FROM_WIRE
/* read.c: notes where a cell is, and moves *row behind it; NULL: it is NULL. */
void ost__my_note_cell(ost__my_results *r, uint32_t column, unsigned char **row);
#endif
#if !OST__MY_FROM_WIRE
/* fetch.c: copies all of a text or bytes, of which the buffer may hold a part. */
bool ost__my_copy_span(const ost__my_results *r, uint16_t column, void *to);
#endif

#endif
