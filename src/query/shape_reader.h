/* SPDX-License-Identifier: MIT */
/* A shape while it is read from its bytes; for shape.c and row_program.c. */
#ifndef OSTLER_QUERY_SHAPE_READER_H
#define OSTLER_QUERY_SHAPE_READER_H

#include "query/shape.h"

typedef struct ost__shape_reader {
    const ost__model_set *models;
    ost__arena *arena;
    const uint8_t *at;
    ost__compiled *out;
    ost_error *error;
    ost_status status; /* of the first failure */
    uint32_t parameters;
    uint16_t *column_fields; /* the result's field of each column */
} ost__shape_reader;

ost_status ost__shape_misuse(ost__shape_reader *r, const char *what);
/* Zeroed; NULL: no memory, and the error says so. */
void *ost__shape_room(ost__shape_reader *r, size_t count, size_t size);
ost_node *ost__shape_node(ost__shape_reader *r, uint32_t op, const ost__operand *type);
/* Whether rows stand for groups, or for one of all. */
bool ost__shape_is_grouped(const ost_shape *s);
/* shape_upsert.c: the declared key and what becomes of a record that is there. */
ost_status ost__shape_upsert(ost__shape_reader *r);
/* Chooses the row program, once the sections are read. */
ost_status ost__shape_rows(ost__shape_reader *r, uint32_t flags);

#endif
