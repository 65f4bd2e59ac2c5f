/* SPDX-License-Identifier: MIT */
/* One cell of a result, and how it becomes a member. */
#ifndef OSTLER_MYSQL_CELLS_H
#define OSTLER_MYSQL_CELLS_H

#include "mysql/types.h"

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

/* A column, and its cell of the row that was fetched last. */
struct ost__my_column {
    uint8_t kind;  /* an enum ost__cell_kind */
    uint8_t width; /* bytes of a number */
    bool is_unsigned, is_binary;
    bool is_read; /* the program has a step for it */
    ost__my_bool is_null, error;
    uint32_t size;        /* of the buffer behind `data` */
    unsigned long length; /* of the whole text or blob, which the buffer may be too short for */
    const uint8_t *data;  /* texts, blobs, decimals and bits */
    union {
        int8_t int8;
        uint8_t uint8;
        int16_t int16;
        uint16_t uint16;
        int32_t int32;
        uint32_t uint32;
        int64_t int64;
        uint64_t uint64;
        float real32;
        double real;
        MYSQL_TIME time;
    } value;
};

/* Valid UTF-8 without a NUL. */
bool ost__my_is_text(const void *text, size_t size);
/* false: there is no such instant, or not in the years 1 to 9999. */
bool ost__my_read_time(const MYSQL_TIME *t, ost_time *out);
/* Any cell that is whole in its buffer, into a member that is neither a text nor a blob; not NULL.
 * OST_RANGE: it does not fit. */
ost_status ost__my_read_cell(const ost_row_step *step, const ost__my_column *c, void *at);

#endif
